#include "shell/command_line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool command_fail(struct command_line *line, const char *hint, const char *what, const char *about)
{
    struct text_buffer message = {0};

    text_format(&message, "%s%s", what, about);
    struct error_report report = {
        .message = message.data, .hint = hint, .line = 1, .column = 1, .length = (int64_t)line->source->size};
    session_report(line->session, &report, line->source);
    text_clear(&message);
    return false;
}

bool command_fail_unknown(struct command_line *line, const char *what, const char *typed, suggestion_name *names,
                          const char *otherwise)
{
    struct text_buffer hint = {0};

    if (!suggestion_hint(&hint, typed, names, "\""))
        text_add_string(&hint, otherwise);
    command_fail(line, text_string(&hint), what, typed);
    text_clear(&hint);
    return false;
}

bool command_switch(struct command_line *line, bool *value, const char *name)
{
    const char *word = line->arguments[0];

    if (line->count == 0) {
        session_note(line->session, "%s: %s", name, *value ? "on" : "off");
        return true;
    }
    if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0)
        return command_fail(line, NULL, "on or off, not ", word);
    *value = word[1] == 'n';
    return true;
}

bool command_is_safe(struct command_line *line)
{
    if (!line->session->is_safe)
        return true;
    return command_fail(line, "it would touch files or start programs", line->name, " is not allowed with --safe");
}

int command_unknown_option(const char *option, suggestion_name *names, const char *usage)
{
    const char *nearest = suggestion_find(option, names);

    error_print("unknown option ", option);
    if (nearest != NULL)
        fprintf(stderr, "hint: did you mean %s?\n", nearest);
    else
        fprintf(stderr, "hint: %s\n", usage);
    return STATUS_NO_START;
}

void command_report(const char *reason, const char *hint, int code)
{
    fprintf(stderr, "error: %s [%s]\n", *reason != '\0' ? reason : ssql_code_text(code), ssql_code_sqlstate(code));
    if (*hint != '\0')
        fprintf(stderr, "hint: %s\n", hint);
}

void command_report_options(const ssql_options *options, int code)
{
    if (options == NULL)
        command_report("", "", code);
    else
        command_report(ssql_options_errmsg(options), ssql_options_errhint(options), code);
}

/* The commands whose argument is a text of its own, which may end with a ; */
static bool takes_text(const struct dot_command *command, const char *rest)
{
    static const char *const names[] = {".backup",    ".cd",     ".export", ".import", ".null",   ".once",
                                        ".open",      ".output", ".pager",  ".print",  ".prompt", ".read",
                                        ".separator", ".shell",  ".var",    "\\copy"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(command->name, names[i]) == 0)
            return true;
    return strcmp(command->name, ".mode") == 0 && strstr(rest, "--") != NULL; /* --separator TEXT */
}

void command_drop_semicolon(const struct dot_command *command, char *rest)
{
    size_t size = strlen(rest);

    while (size > 0 && !takes_text(command, rest) && strchr("; \t", rest[size - 1]) != NULL)
        rest[--size] = '\0';
}

bool command_number(struct command_line *line, int i, long least, long most, long *value)
{
    const char *word = line->arguments[i];
    struct text_buffer message = {0};
    char *end;

    errno = 0;
    long number = strtol(word, &end, 10);
    if (end != word && *end == '\0' && errno == 0 && number >= least && number <= most) {
        *value = number;
        return true;
    }
    text_format(&message, "a number from %ld to %ld, not ", least, most);
    command_fail(line, NULL, text_string(&message), word);
    text_clear(&message);
    return false;
}
