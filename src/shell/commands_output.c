#include "shell/commands.h"

#include <errno.h>
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
    if (line->count > 1 && type != &render_insert)
        return command_fail(line, "only the mode insert takes a name", "unexpected ", line->arguments[1]);
    session->render.type = type;
    set_text(&session->render.insert_table, line->count > 1 ? line->arguments[1] : NULL);
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
