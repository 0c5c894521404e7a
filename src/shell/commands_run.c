#include "shell/commands.h"

#include "shell/script.h"

bool command_exit(struct command_line *line)
{
    struct session *session = line->session;
    long status = 0;

    if (line->count > 0) {
        if (!command_number(line, 0, 0, 255, &status))
            return false;
        session->status = (int)status;
        session->has_chosen_status = true;
    }
    session->is_leaving = true;
    return true;
}

bool command_read(struct command_line *line)
{
    return script_run_file(line->session, line->arguments[0], line->source);
}
