#include "shell/prompt.h"

#include <string.h>

#include "shell/display_width.h"

static const char usual_prompt[] = "ssql%t> ";

char prompt_check(const char *pattern)
{
    for (const char *at = pattern; (at = strchr(at, '%')) != NULL; at += 2) {
        if (at[1] == '\0')
            return ' ';
        if (strchr("dt%", at[1]) == NULL)
            return at[1];
    }
    return '\0';
}

static void add_database(struct text_buffer *to, const char *path)
{
    const char *end = path + strlen(path);

    while (end > path && end[-1] == '/')
        end--;
    const char *begin = end;
    while (begin > path && begin[-1] != '/')
        begin--;
    display_escape(to, begin, (size_t)(end - begin));
}

char *prompt_make(const struct session *session)
{
    static const char *const states[] = {"", "*", "!"};
    struct text_buffer prompt = {0}, shown = {0};

    for (const char *at = session->prompt == NULL ? usual_prompt : session->prompt; *at != '\0'; at++) {
        if (*at != '%') {
            text_add_char(&prompt, *at);
            continue;
        }
        switch (*++at) {
        case 'd': add_database(&prompt, session->path); break;
        case 't': text_add_string(&prompt, states[ssql_in_transaction(session->connection)]); break;
        default: text_add_char(&prompt, '%');
        }
    }
    display_escape(&shown, text_string(&prompt), prompt.size);
    text_clear(&prompt);
    char *made = must_copy(text_string(&shown), shown.size);
    text_clear(&shown);
    return made;
}
