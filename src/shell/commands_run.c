#include "shell/commands.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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
    return command_is_safe(line) && script_run_file(line->session, line->arguments[0], line->source);
}

bool command_cd(struct command_line *line)
{
    const char *folder = line->count > 0 ? line->arguments[0] : getenv("HOME");

    if (!command_is_safe(line))
        return false;
    if (folder == NULL || (line->count == 0 && *folder == '\0'))
        return command_fail(line, ".cd FOLDER", "there is no home folder", "");
    if (chdir(folder) == 0)
        return true;
    struct text_buffer reason = {0};
    text_format(&reason, "%s: %s", folder, strerror(errno));
    command_fail(line, NULL, "cannot go to ", reason.data);
    text_clear(&reason);
    return false;
}

/* By Ctrl-C, which reaches the program only; a shell tells of it by a status. */
static bool is_interrupted(int status)
{
    return (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) ||
           (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGINT);
}

bool command_shell(struct command_line *line)
{
    struct session *session = line->session;
    struct text_buffer outcome = {0};

    if (!command_is_safe(line))
        return false;
    session_flush(session);
    if (!session_sync(session))
        return false;
    int status = system(line->rest);
    if (status == 0)
        return true;
    if (is_interrupted(status) && !session->is_interactive) {
        session->status = STATUS_INTERRUPTED;
        session->is_leaving = true;
        return false;
    }
    if (status < 0)
        text_add_string(&outcome, strerror(errno));
    else if (WIFEXITED(status))
        text_format(&outcome, "it ended with status %d", WEXITSTATUS(status));
    else
        text_format(&outcome, "it was ended by signal %d", WTERMSIG(status));
    command_fail(line, NULL, "the program failed: ", outcome.data);
    text_clear(&outcome);
    return false;
}
