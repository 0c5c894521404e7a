#include "shell/test_mask.h"

#include <stdlib.h>
#include <string.h>

#include "shell/test_text.h"

bool mask_init(struct mask *mask, const char *argument, struct text_buffer *complaint)
{
    const char *end = argument[0] == '/' ? strrchr(argument + 1, '/') : NULL;
    char reason[128];

    if (end == NULL || end == argument + 1) {
        text_add_string(complaint, "mask wants /REGEX/ TEXT");
        return false;
    }
    char *pattern = must_copy(argument + 1, (size_t)(end - argument) - 1);
    int failure = regcomp(&mask->pattern, pattern, REG_EXTENDED);
    if (failure != 0) {
        regerror(failure, &mask->pattern, reason, sizeof reason);
        text_format(complaint, "/%s/ is no regular expression: %s", pattern, reason);
    }
    free(pattern);
    if (failure != 0)
        return false;
    end += 1 + strspn(end + 1, " \t");
    mask->text = must_copy(end, strlen(end));
    return true;
}

void mask_clear(struct mask *mask)
{
    regfree(&mask->pattern);
    free(mask->text);
}

/* Adds the character at `at`, and returns what follows it. */
static const char *pass_character(const char *at, struct text_buffer *masked)
{
    size_t size = text_character_size(at, strlen(at));

    size = size == 0 ? 1 : size;
    text_add(masked, at, size);
    return at + size;
}

static void mask_line(const struct mask *mask, const char *at, struct text_buffer *masked)
{
    regmatch_t match;
    int flags = 0;                /* `^` matches at the line's begin alone */
    bool is_behind_match = false; /* an empty match right there would be one too many */

    while (regexec(&mask->pattern, at, 1, &match, flags) == 0) {
        bool is_empty = match.rm_so == match.rm_eo;
        text_add(masked, at, (size_t)match.rm_so);
        at += match.rm_eo;
        if (!is_behind_match || match.rm_eo > 0)
            text_add_string(masked, mask->text);
        if (is_empty && *at == '\0')
            return;
        if (is_empty)
            at = pass_character(at, masked);
        is_behind_match = !is_empty;
        flags = REG_NOTBOL;
    }
    text_add_string(masked, at);
}

void mask_apply(const struct mask *mask, struct text_buffer *lines)
{
    struct text_buffer masked = {0};

    for (char *at = lines->data, *end = at + lines->size; at != NULL && at < end;) {
        size_t size = strcspn(at, "\n");
        bool has_newline = at[size] == '\n';
        at[size] = '\0';
        mask_line(mask, at, &masked);
        if (has_newline)
            text_add_char(&masked, '\n');
        at += size + has_newline;
    }
    text_clear(lines);
    *lines = masked;
}
