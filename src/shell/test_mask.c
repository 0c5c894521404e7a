#include "shell/test_mask.h"

#include <stdlib.h>
#include <string.h>

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

static void mask_line(const struct mask *mask, const char *at, struct text_buffer *masked)
{
    regmatch_t match;
    int flags = 0; /* `^` matches at the line's begin alone */

    while (regexec(&mask->pattern, at, 1, &match, flags) == 0) {
        text_add(masked, at, (size_t)match.rm_so);
        text_add_string(masked, mask->text);
        at += match.rm_eo;
        if (match.rm_eo == match.rm_so) {
            if (*at == '\0')
                return;
            text_add_char(masked, *at++);
        }
        if (*at == '\0')
            return;
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
