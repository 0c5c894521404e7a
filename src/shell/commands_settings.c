#include "shell/commands.h"

#include <inttypes.h>
#include <string.h>

#include "shell/measure.h"
#include "shell/timeout.h"

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
        return command_fail(line, "letters, digits and _, no digit first; or a number, for ?",
                            "a parameter cannot be called ", line->arguments[0]);
    return true;
}

static void show_option(struct session *session, const char *name)
{
    const struct variable *chosen = variables_find(&session->chosen_options, name);

    if (chosen == NULL)
        session_note(session, "%s", name);
    else
        session_note(session, "%s = %s", name, chosen->literal);
}

/* Without a name, all of them. */
static bool show_options(struct command_line *line)
{
    const char *wanted = line->count == 0 ? NULL : line->arguments[0];
    bool is_found = wanted == NULL;

    for (int i = 0; ssql_option_name(i) != NULL; i++) {
        if (wanted != NULL && strcmp(ssql_option_name(i), wanted) != 0)
            continue;
        is_found = true;
        show_option(line->session, ssql_option_name(i));
    }
    if (!is_found)
        return command_fail_unknown(line, "unknown option ", wanted, ssql_option_name, ".set lists them");
    return true;
}

bool command_set(struct command_line *line)
{
    struct session *session = line->session;

    if (line->count < 2)
        return show_options(line);
    if (session->is_safe)
        return command_fail(line, NULL, ".set is not allowed with --safe", "");
    if (!session_set_option(session, line->arguments[0], line->arguments[1]))
        return command_fail(line, ssql_options_errhint(session->options), ssql_options_errmsg(session->options), "");
    if (session->is_interactive)
        session_note(session, "holds for the next .open");
    return true;
}

bool command_stats(struct command_line *line)
{
    struct session *session = line->session;
    struct text_buffer text = {0};

    if (line->count == 0 || strcmp(line->arguments[0], "now") != 0)
        return command_switch(line, &session->counts, "stats");
    measure_add_numbers(&text, NULL, session->db);
    return session_show(session, &text);
}

bool command_explain(struct command_line *line)
{
    return command_switch(line, &line->session->explains, "explain");
}

bool command_progress(struct command_line *line)
{
    struct session *session = line->session;

    if (!command_switch(line, &session->progress.is_on, "progress"))
        return false;
    if (session->progress.is_on && !progress_is_possible()) {
        session->progress.is_on = false;
        return command_fail(line, NULL, "standard error is no terminal on which progress could be shown", "");
    }
    session_watch_progress(session);
    return true;
}

bool command_timeout(struct command_line *line)
{
    struct session *session = line->session;

    if (line->count == 0) {
        if (session->timeout > 0)
            session_note(session, "timeout: %g s", session->timeout);
        else
            session_note(session, "timeout: none");
        return true;
    }
    if (!timeout_read(line->arguments[0], &session->timeout))
        return command_fail(line, "0 waits for ever", "a number of seconds, not ", line->arguments[0]);
    return true;
}

bool command_safe(struct command_line *line)
{
    struct session *session = line->session;
    bool is_safe = session->is_safe;

    if (!command_switch(line, &is_safe, "safe"))
        return false;
    if (session->is_safe && !is_safe)
        return command_fail(line, NULL, "safe mode cannot be left", "");
    if (is_safe)
        session_make_safe(session);
    return true;
}

static void add_setting(struct text_buffer *to, const char *name, const char *value)
{
    text_format(to, "%-10s %s\n", name, value);
}

static void add_text_setting(struct text_buffer *to, const char *name, const char *value)
{
    text_format(to, value == NULL ? "%-10s the mode's\n" : "%-10s \"%s\"\n", name, value);
}

static const char *on_or_off(bool value)
{
    return value ? "on" : "off";
}

static void add_widths(struct text_buffer *to, const struct render_settings *settings)
{
    text_format(to, "%-10s", "width");
    for (int i = 0; i < settings->width_count; i++)
        text_format(to, " %d", settings->widths[i]);
    text_add_string(to, settings->width_count == 0 ? " by the rows\n" : "\n");
}

bool command_show(struct command_line *line)
{
    const struct session *session = line->session;
    const struct render_settings *render = &session->render;
    const char *pager = pager_command(&session->pager);
    struct text_buffer text = {0};

    add_setting(&text, "database", session->path);
    add_setting(&text, "mode", render->type->name);
    add_setting(&text, "header", on_or_off(render->header));
    add_text_setting(&text, "null", render->null_text);
    add_text_setting(&text, "separator", render->separator);
    add_widths(&text, render);
    if (render->rows == 0)
        add_setting(&text, "rows", "all");
    else
        text_format(&text, "%-10s %" PRId64 "\n", "rows", render->rows);
    add_setting(&text, "pager", pager == NULL ? "never" : pager);
    add_setting(&text, "color", on_or_off(session->colours_results));
    add_setting(&text, "output",
                session->other.path != NULL      ? session->other.path
                : session->other.program != NULL ? "a program"
                                                 : "standard output");
    add_setting(&text, "timer", on_or_off(session->times));
    add_setting(&text, "stats", on_or_off(session->counts));
    add_setting(&text, "explain", on_or_off(session->explains));
    add_setting(&text, "progress", on_or_off(session->progress.is_on));
    add_setting(&text, "echo", on_or_off(session->echoes));
    add_setting(&text, "bail", on_or_off(session->stops_at_error));
    add_setting(&text, "safe", on_or_off(session->is_safe));
    if (session->timeout > 0)
        text_format(&text, "%-10s %g s\n", "timeout", session->timeout);
    else
        add_setting(&text, "timeout", "none");
    return session_show(line->session, &text);
}
