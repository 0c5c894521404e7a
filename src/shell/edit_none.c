/* Without a library: the terminal's own line editing, line by line; no history, no completion. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/display_width.h"
#include "shell/edit.h"
#include "shell/interrupt.h"
#include "shell/text_buffer.h"

static struct edit_hooks hooks;
static char *prepared;

void edit_start(const struct edit_hooks *given)
{
    hooks = *given;
}

static void print_next_prompt(const char *prompt)
{
    size_t width = display_width(prompt, strlen(prompt));

    printf("%*s", width > 5 ? (int)width : 5, "...> ");
}

/* What another program has edited is shown, and counts as typed. */
static enum edit_result take_prepared(const char *prompt, char **text)
{
    printf("%s%s%s", prompt, prepared, *prepared == '\0' || prepared[strlen(prepared) - 1] != '\n' ? "\n" : "");
    fflush(stdout);
    *text = prepared;
    prepared = NULL;
    return EDIT_TEXT;
}

enum edit_result edit_read(const char *prompt, char **text)
{
    struct text_buffer gathered = {0};
    char *line = NULL;
    size_t capacity = 0;
    enum edit_result result = EDIT_TEXT;

    *text = NULL;
    if (prepared != NULL)
        return take_prepared(prompt, text);
    for (;;) {
        if (gathered.size == 0)
            fputs(prompt, stdout);
        else
            print_next_prompt(prompt);
        fflush(stdout);
        clearerr(stdin);
        ssize_t size = getline(&line, &capacity, stdin);
        if (size < 0 && errno == EINTR && interrupt_take()) {
            putchar('\n');
            result = gathered.size == 0 ? EDIT_EMPTY_BREAK : EDIT_DROPPED;
            break;
        }
        if (size < 0) {
            result = gathered.size == 0 ? EDIT_END : EDIT_TEXT;
            break;
        }
        text_add(&gathered, line, (size_t)size);
        if (hooks.is_complete(hooks.owner, gathered.data, gathered.size))
            break;
    }
    free(line);
    if (result == EDIT_TEXT || result == EDIT_DROPPED)
        *text = must_copy(text_string(&gathered), gathered.size);
    text_clear(&gathered);
    return result;
}

void edit_prepare(const char *text)
{
    free(prepared);
    prepared = must_copy(text, strlen(text));
}

void edit_remember(const char *text)
{
    (void)text;
}

void edit_stop(void)
{
    free(prepared);
    prepared = NULL;
}

const char *edit_library(void)
{
    return "none";
}

const char *edit_licence(void)
{
    return "MIT";
}
