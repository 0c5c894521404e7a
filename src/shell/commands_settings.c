#include "shell/commands.h"

#include <string.h>

bool command_timer(struct command_line *line)
{
    return command_switch(line, &line->session->times, "timer");
}

bool command_echo(struct command_line *line)
{
    return command_switch(line, &line->session->echoes, "echo");
}

bool command_bail(struct command_line *line)
{
    return command_switch(line, &line->session->stops_at_error, "bail");
}

bool command_var(struct command_line *line)
{
    struct session *session = line->session;
    struct variables *variables = &session->variables;

    if (line->count == 0) {
        for (size_t i = 0; i < variables->count; i++)
            session_note(session, "%s = %s", variables->list[i].name, variables->list[i].literal);
        return true;
    }
    const char *value = line->rest + strcspn(line->rest, " \t");
    value += strspn(value, " \t");
    if (line->count == 1) {
        const struct variable *variable = variables_find(variables, line->arguments[0]);
        if (variable == NULL)
            return command_fail(line, NULL, "no such variable: ", line->arguments[0]);
        session_note(session, "%s = %s", variable->name, variable->literal);
        return true;
    }
    if (!variables_set(variables, line->arguments[0], strlen(line->arguments[0]), value))
        return command_fail(line, NULL, "a variable needs a name", "");
    return true;
}

bool command_set(struct command_line *line)
{
    struct session *session = line->session;

    if (line->count == 0) {
        for (int i = 0; ssql_option_name(i) != NULL; i++)
            session_note(session, "%s", ssql_option_name(i));
        return true;
    }
    if (line->count == 1)
        return command_fail(line, ".set NAME VALUE, then .open DB", "a value is missing for ", line->arguments[0]);
    if (ssql_options_set(session->options, line->arguments[0], line->arguments[1]) != SSQL_OK)
        return command_fail(line, ssql_options_errhint(session->options), ssql_options_errmsg(session->options), "");
    if (session->is_interactive)
        session_note(session, "holds for the next .open");
    return true;
}
