#include "shell/word_uses.h"

#include <ssql.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shell/text_buffer.h"

/* The word as it is counted. The caller frees it. */
static char *normal_form(const char *word, size_t size)
{
    if (size >= 2 && (*word == '`' || *word == '"'))
        word++, size -= 2;
    else if (size >= 1 && word[size - 1] == '(')
        size--;
    char *copy = must_copy(word, size);
    for (char *byte = copy; *byte != '\0'; byte++)
        if (*byte >= 'A' && *byte <= 'Z')
            *byte = (char)(*byte + ('a' - 'A'));
    return copy;
}

/* The slot of the word, or the free one where it belongs. */
static struct word_use *find_slot(const struct word_uses *uses, const char *word)
{
    uint64_t hash = 14695981039346656037u;

    for (const char *byte = word; *byte != '\0'; byte++)
        hash = (hash ^ (unsigned char)*byte) * 1099511628211u;
    size_t slot = (size_t)hash & (uses->capacity - 1);
    while (uses->slots[slot].word != NULL && strcmp(uses->slots[slot].word, word) != 0)
        slot = (slot + 1) & (uses->capacity - 1);
    return &uses->slots[slot];
}

static void grow(struct word_uses *uses)
{
    struct word_uses grown = {.capacity = uses->capacity == 0 ? 256 : uses->capacity * 2, .count = uses->count};

    grown.slots = must_allocate(grown.capacity * sizeof *grown.slots);
    memset(grown.slots, 0, grown.capacity * sizeof *grown.slots);
    for (size_t i = 0; i < uses->capacity; i++)
        if (uses->slots[i].word != NULL)
            *find_slot(&grown, uses->slots[i].word) = uses->slots[i];
    free(uses->slots);
    *uses = grown;
}

static void add_word(struct word_uses *uses, const char *word, size_t size)
{
    char *form = normal_form(word, size);

    if (uses->count * 2 >= uses->capacity)
        grow(uses);
    struct word_use *slot = find_slot(uses, form);
    slot->count++;
    if (slot->word != NULL) {
        free(form);
        return;
    }
    slot->word = form;
    uses->count++;
}

struct counting {
    struct word_uses *uses;
    const char *text;
};

static int count_token(void *context, int kind, size_t begin, size_t end)
{
    struct counting *counting = context;

    if (kind == SSQL_TOKEN_KEYWORD || kind == SSQL_TOKEN_NAME)
        add_word(counting->uses, counting->text + begin, end - begin);
    return 0;
}

void word_uses_add(struct word_uses *uses, const char *text)
{
    struct counting counting = {uses, text};

    if (*text != '.' && *text != '\\')
        (void)ssql_tokenize(text, strlen(text), count_token, &counting); /* without memory nothing is counted */
}

size_t word_uses_count(const struct word_uses *uses, const char *word)
{
    if (uses->capacity == 0)
        return 0;
    char *form = normal_form(word, strlen(word));
    size_t count = find_slot(uses, form)->count;
    free(form);
    return count;
}

void word_uses_clear(struct word_uses *uses)
{
    for (size_t i = 0; i < uses->capacity; i++)
        free(uses->slots[i].word);
    free(uses->slots);
    *uses = (struct word_uses){0};
}
