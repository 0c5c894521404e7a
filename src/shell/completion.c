#include "shell/completion.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "shell/dot_commands.h"
#include "shell/help.h"

/* ---- the list ---- */

static void forget_words(struct completion *completion)
{
    for (size_t i = 0; i < completion->words.count; i++) {
        free(completion->words.items[i].text);
        free(completion->words.items[i].detail);
    }
    free(completion->words.items);
    free(completion->kinds);
    completion->words = (struct edit_words){0};
    completion->kinds = NULL;
}

void completion_clear(struct completion *completion)
{
    forget_words(completion);
    word_uses_clear(&completion->uses);
}

static void add_word(struct completion *completion, int kind, const char *text, const char *detail)
{
    struct edit_words *words = &completion->words;

    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->items[i].text, text) == 0)
            return;
    words->items = must_reallocate(words->items, (words->count + 1) * sizeof *words->items);
    completion->kinds = must_reallocate(completion->kinds, (words->count + 1) * sizeof *completion->kinds);
    words->items[words->count] = (struct edit_word){must_copy(text, strlen(text)), must_copy(detail, strlen(detail))};
    completion->kinds[words->count++] = kind;
}

/* ---- statements ---- */

static int note_word(void *context, int kind, const char *word, const char *detail)
{
    add_word(context, kind, word, detail);
    return 0;
}

/* Where a word is from, in what is said of it: " of films". */
static const char *origin_of(const struct edit_word *word)
{
    const char *origin = strstr(word->detail, " of ");

    return origin == NULL ? "" : origin;
}

/* Words of one kind, columns of one table: the library gives them in a row. */
static bool is_same_group(const struct completion *completion, size_t left, size_t right)
{
    const struct edit_word *words = completion->words.items;

    return completion->kinds[left] == completion->kinds[right] &&
           strcmp(origin_of(&words[left]), origin_of(&words[right])) == 0;
}

/* Within a group, the words that were used most come first; else the order stays. */
static void rank_words(struct completion *completion)
{
    struct edit_words *words = &completion->words;
    size_t *uses = must_allocate((words->count + 1) * sizeof *uses), first = 0;

    for (size_t i = 0; i < words->count; i++)
        uses[i] = word_uses_count(&completion->uses, words->items[i].text);
    for (size_t i = 1; i < words->count; i++) {
        struct edit_word word = words->items[i];
        size_t count = uses[i], at = i;
        if (!is_same_group(completion, i - 1, i))
            first = i;
        for (; at > first && uses[at - 1] < count; at--) {
            words->items[at] = words->items[at - 1];
            uses[at] = uses[at - 1];
        }
        words->items[at] = word;
        uses[at] = count;
    }
    free(uses);
}

static void complete_statement(struct completion *completion, const char *text, size_t size, size_t at)
{
    size_t begin;

    /* what cannot be read cannot be offered: the statement itself will say why */
    if (ssql_complete_at(completion->session->connection, text, size, at, &begin, note_word, completion) != SSQL_OK)
        return;
    completion->words.begin = begin;
    rank_words(completion);
}

/* ---- dot commands ---- */

/* The word of a dot command that is being typed. */
struct typed_word {
    struct completion *completion;
    char *text;
};

static void offer(const struct typed_word *typed, const char *word, const char *detail)
{
    if (strncasecmp(word, typed->text, strlen(typed->text)) == 0)
        add_word(typed->completion, 0, word, detail);
}

/* Names in the folder that the typed path leads to. */
static void offer_files(const struct typed_word *typed)
{
    const char *slash = strrchr(typed->text, '/');
    size_t folder_size = slash == NULL ? 0 : (size_t)(slash - typed->text) + 1;
    char *folder = must_copy(typed->text, folder_size);
    DIR *directory = opendir(folder_size == 0 ? "." : folder);

    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        struct text_buffer path = {0};
        struct stat status;
        if (entry->d_name[0] == '.' && typed->text[folder_size] != '.')
            continue;
        text_format(&path, "%s%s", folder, entry->d_name);
        if (stat(path.data, &status) == 0 && S_ISDIR(status.st_mode))
            text_add_char(&path, '/');
        if (strncmp(path.data, typed->text, strlen(typed->text)) == 0)
            add_word(typed->completion, 0, path.data, "");
        text_clear(&path);
    }
    if (directory != NULL)
        closedir(directory);
    free(folder);
}

static void offer_commands(const struct typed_word *typed)
{
    const struct dot_command *command;
    const char *alias, *name;

    for (int i = 0; (command = dot_command_at(i)) != NULL; i++)
        offer(typed, command->name, command->description);
    for (int i = 0; *typed->text == '\\' && (alias = dot_command_alias(i, &name)) != NULL; i++)
        offer(typed, alias, name);
}

static void offer_tables(const struct typed_word *typed)
{
    ssql_tables *tables;

    if (ssql_tables_new(typed->completion->session->connection, &tables) != SSQL_OK)
        return;
    for (int i = 0; i < ssql_tables_count(tables); i++)
        offer(typed, ssql_tables_name(tables, i), "");
    ssql_tables_free(tables);
}

/* The words of a list, which has blanks between them. */
static void offer_words(const struct typed_word *typed, const char *list)
{
    for (size_t size; *list != '\0'; list += size + (list[size] == ' ')) {
        size = strcspn(list, " ");
        char *word = must_copy(list, size);
        offer(typed, word, "");
        free(word);
    }
}

/* What an argument of that kind can be (command_line.h). */
static void offer_arguments(const struct typed_word *typed, const char *kind)
{
    if (strcmp(kind, "file") == 0) {
        offer_files(typed);
    } else if (*kind == '=') {
        offer_words(typed, kind + 1);
    } else if (strcmp(kind, "switch") == 0) {
        offer(typed, "on", "");
        offer(typed, "off", "");
    } else if (strcmp(kind, "mode") == 0) {
        for (int i = 0; render_mode(i) != NULL; i++)
            offer(typed, render_mode(i)->name, render_mode(i)->description);
    } else if (strcmp(kind, "option") == 0) {
        for (int i = 0; ssql_option_name(i) != NULL; i++)
            offer(typed, ssql_option_name(i), "");
    } else if (strcmp(kind, "command") == 0) {
        offer_commands(typed);
        offer(typed, "mode", "the modes");
        offer(typed, "keys", "keys of the prompt");
        for (const struct help_topic *topic = help_topics; topic->name != NULL; topic++)
            offer(typed, topic->name, "");
    } else if (strcmp(kind, "table") == 0) {
        offer_tables(typed);
    }
}

static void complete_command(struct completion *completion, const char *text, size_t at)
{
    size_t name_begin = strspn(text, " \t\n"), name_size = strcspn(text + name_begin, " \t\n"), begin = at;

    while (begin > name_begin && strchr(" \t\n", text[begin - 1]) == NULL)
        begin--;
    completion->words.begin = begin;
    if (at < name_begin)
        return;
    struct typed_word typed = {completion, must_copy(text + begin, at - begin)};
    if (begin == name_begin) {
        offer_commands(&typed);
    } else {
        char *name = must_copy(text + name_begin, name_size);
        offer_arguments(&typed, dot_command_argument(name));
        free(name);
    }
    free(typed.text);
}

/* ---- files in statements ---- */

/* Where a statement stands, token by token. */
struct statement_place {
    const char *text;
    bool is_begun, names_files; /* copy, backup */
    bool wants_file;            /* the token was from, to or rejects */
    size_t file;                /* offset of a name whose quote is still open; 0: none */
};

static bool token_is(const struct statement_place *place, size_t begin, size_t end, const char *word)
{
    return end - begin == strlen(word) && strncasecmp(place->text + begin, word, end - begin) == 0;
}

static int note_token(void *context, int kind, size_t begin, size_t end)
{
    struct statement_place *place = context;
    bool wanted_file = place->wants_file;

    if (kind == SSQL_TOKEN_COMMENT)
        return 0;
    place->wants_file = false;
    if (token_is(place, begin, end, ";")) {
        place->is_begun = place->names_files = false;
        return 0;
    }
    if (kind == SSQL_TOKEN_OPEN && wanted_file && strchr("'\"", place->text[begin]) != NULL)
        place->file = begin + 1;
    if (!place->is_begun)
        place->names_files = token_is(place, begin, end, "copy") || token_is(place, begin, end, "backup");
    place->is_begun = true;
    place->wants_file =
        place->names_files && (token_is(place, begin, end, "from") || token_is(place, begin, end, "to") ||
                               token_is(place, begin, end, "rejects"));
    return 0;
}

/* A name that its quotes cannot hold as it is would be another one. */
static void drop_odd_names(struct completion *completion, char quote)
{
    struct edit_words *words = &completion->words;
    size_t kept = 0;

    for (size_t i = 0; i < words->count; i++) {
        struct edit_word word = words->items[i];
        if (strchr(word.text, quote) == NULL && strchr(word.text, '\\') == NULL) {
            words->items[kept++] = word;
        } else {
            free(word.text);
            free(word.detail);
        }
    }
    words->count = kept;
}

/* The names of files, where a copy statement wants one; false: it does not. */
static bool complete_file(struct completion *completion, const char *text, size_t at)
{
    struct statement_place place = {.text = text};

    if (completion->session->is_safe || ssql_tokenize(text, at, note_token, &place) != SSQL_OK || place.file == 0)
        return false;
    struct typed_word typed = {completion, must_copy(text + place.file, at - place.file)};
    completion->words.begin = place.file;
    completion->words.closing = text[place.file - 1];
    offer_files(&typed);
    drop_odd_names(completion, text[place.file - 1]);
    free(typed.text);
    return true;
}

const struct edit_words *completion_find_words(struct completion *completion, const char *text, size_t size, size_t at)
{
    size_t first = strspn(text, " \t\n");

    forget_words(completion);
    completion->words.begin = at;
    if (text[first] == '.' || text[first] == '\\')
        complete_command(completion, text, at);
    else if (!complete_file(completion, text, at))
        complete_statement(completion, text, size, at);
    return &completion->words;
}
