#include "shell/commands.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool command_header(struct command_line *line)
{
    return command_switch(line, &line->session->render.header, "header");
}

static const char *mode_name(int i)
{
    const struct render_type *type = render_mode(i);

    return type == NULL ? NULL : type->name;
}

static void set_text(char **text, const char *value)
{
    free(*text);
    *text = value == NULL ? NULL : must_copy(value, strlen(value));
}

/* One option of .mode, from argument *i on; moved behind it. */
static bool read_mode_option(struct command_line *line, int *i)
{
    struct render_settings *settings = &line->session->render;
    const char *option = line->arguments[*i], *value = line->arguments[*i + 1];
    char **text = strcmp(option, "--null") == 0        ? &settings->null_text
                  : strcmp(option, "--separator") == 0 ? &settings->separator
                                                       : NULL;

    if (strcmp(option, "--header") == 0 || strcmp(option, "--no-header") == 0) {
        settings->header = option[2] == 'h';
        return true;
    }
    if (text == NULL && (*option == '-' || settings->type != &render_insert))
        return command_fail(line,
                            "options are --header, --no-header, --null TEXT, --separator TEXT; insert takes a name",
                            "unexpected ", option);
    if (text != NULL && value == NULL)
        return command_fail(line, NULL, "a text is missing after ", option);
    if (text == NULL && (*option == '\0' || settings->insert_table != NULL))
        return command_fail(line, NULL, "insert takes the name of one table", "");
    if (text == NULL)
        set_text(&settings->insert_table, option);
    else {
        set_text(text, value);
        (*i)++;
    }
    return true;
}

bool command_mode(struct command_line *line)
{
    struct session *session = line->session;

    if (line->count == 0) {
        session_note(session, "mode: %s", session->render.type->name);
        return true;
    }
    const struct render_type *type = render_mode_find(line->arguments[0]);
    if (type == NULL)
        return command_fail_unknown(line, "unknown mode ", line->arguments[0], mode_name, ".help mode lists them");
    const struct render_type *before = session->render.type;
    session->render.type = type;
    set_text(&session->render.insert_table, NULL);
    for (int i = 1; i < line->count; i++) {
        if (!read_mode_option(line, &i)) {
            session->render.type = before;
            return false;
        }
    }
    return true;
}

bool command_null(struct command_line *line)
{
    set_text(&line->session->render.null_text, line->count > 0 ? line->arguments[0] : NULL);
    return true;
}

bool command_separator(struct command_line *line)
{
    set_text(&line->session->render.separator, line->count > 0 ? line->arguments[0] : NULL);
    return true;
}

/* Sends results elsewhere: "" back to standard output, |COMMAND to a program, else to a file. */
static bool redirect(struct command_line *line, const char *target, bool for_one_statement)
{
    struct session *session = line->session;

    if (*target != '\0' && !command_is_safe(line))
        return false;
    if (*target == '|' && target[1 + strspn(target + 1, " \t")] == '\0')
        return command_fail(line, NULL, "a program is missing after |", "");
    session_flush(session);
    session->other_is_for_one_statement = false;
    if (!output_close(&session->other, true))
        return command_fail(line, NULL, "cannot write the results: ", output_error_text(errno));
    if (*target == '\0')
        return true;
    bool done = *target == '|' ? output_open_program(&session->other, target + 1)
                               : output_open_file(&session->other, target, false);
    if (!done) {
        struct text_buffer reason = {0};
        text_format(&reason, "%s: %s", target, strerror(errno));
        command_fail(line, NULL, "cannot write to ", reason.data);
        text_clear(&reason);
        return false;
    }
    session->other_is_for_one_statement = for_one_statement;
    return true;
}

static const char *target_of(struct command_line *line)
{
    return line->count == 0 ? "" : *line->rest == '|' ? line->rest : line->arguments[0];
}

bool command_output(struct command_line *line)
{
    return redirect(line, target_of(line), false);
}

bool command_once(struct command_line *line)
{
    return redirect(line, target_of(line), true);
}

bool command_print(struct command_line *line)
{
    struct output *output = session_results(line->session);

    output_add_string(output, line->rest);
    output_add_char(output, '\n');
    session_flush(line->session);
    return true;
}

/* ---- on a terminal ---- */

bool command_width(struct command_line *line)
{
    struct render_settings *settings = &line->session->render;
    int widths[WIDTHS_MOST];

    for (int i = 0; i < line->count; i++) {
        long width;
        if (i == WIDTHS_MOST)
            return command_fail(line, NULL, "too many widths", "");
        if (!command_number(line, i, -WIDTH_MOST, WIDTH_MOST, &width))
            return false;
        widths[i] = (int)width;
    }
    memcpy(settings->widths, widths, (size_t)line->count * sizeof *widths);
    settings->width_count = line->count;
    return true;
}

bool command_rows(struct command_line *line)
{
    int64_t *rows = &line->session->render.rows;
    long most;

    if (line->count == 0) {
        if (*rows == 0)
            session_note(line->session, "rows: all");
        else
            session_note(line->session, "rows: %" PRId64, *rows);
        return true;
    }
    if (strcmp(line->arguments[0], "all") == 0) {
        *rows = 0;
        return true;
    }
    if (!command_number(line, 0, 2, ROWS_MOST, &most))
        return false;
    *rows = most;
    return true;
}

bool command_pager(struct command_line *line)
{
    struct pager_settings *settings = &line->session->pager;

    if (line->count == 0) {
        const char *command = pager_command(settings);
        session_note(line->session, "pager: %s", command == NULL ? "never" : command);
        return true;
    }
    const char *word = line->count == 1 ? line->arguments[0] : line->rest;
    bool is_default = strcmp(word, "auto") == 0 || strcmp(word, "on") == 0;
    settings->is_off = strcmp(word, "never") == 0 || strcmp(word, "off") == 0;
    settings->has_failed = false;
    if (!is_default && !settings->is_off && !command_is_safe(line))
        return false;
    set_text(&settings->command, is_default || settings->is_off ? NULL : word);
    return true;
}

bool command_color(struct command_line *line)
{
    struct session *session = line->session;
    const char *when = line->arguments[0];

    if (line->count == 0) {
        session_note(session, "color: %s", session->colours_results ? "on" : "off");
        return true;
    }
    if (strcmp(when, "auto") == 0)
        session_choose_colours(session, COLOR_AUTO);
    else if (strcmp(when, "always") == 0 || strcmp(when, "on") == 0)
        session_choose_colours(session, COLOR_ALWAYS);
    else if (strcmp(when, "never") == 0 || strcmp(when, "off") == 0)
        session_choose_colours(session, COLOR_NEVER);
    else
        return command_fail(line, NULL, "auto, always or never, not ", when);
    return true;
}
