#include "shell/interactive.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shell/completion.h"
#include "shell/edit.h"
#include "shell/history.h"
#include "shell/interrupt.h"

/* What is typed is complete when a `;` ends it, when it is a dot command, or blank. */
static bool is_complete(void *owner, const char *text, size_t size)
{
    size_t begin = 0;

    (void)owner;
    while (begin < size && strchr(" \t\n", text[begin]) != NULL)
        begin++;
    if (begin < size && (text[begin] == '.' || text[begin] == '\\'))
        return true;
    return ssql_complete(text, size) != 0;
}

static const char *prompt_of(const struct session *session)
{
    switch (ssql_in_transaction(session->connection)) {
    case 0: return "ssql> ";
    case 1: return "ssql*> ";
    default: return "ssql!> ";
    }
}

static void greet(struct session *session)
{
    struct stat status;

    session_note(session, "ssql %s; .help tells what there is", ssql_version());
    if (strcmp(session->path, ":memory:") == 0)
        session_note(session, "in memory: nothing is kept (.open DB opens a database)");
    else if (stat(session->path, &status) != 0)
        session_note(session, "new database: %s is made at the first write", session->path);
}

/* Runs what was typed: perhaps several statements. */
static bool run_text(struct session *session, const char *text)
{
    struct reader reader;

    if (!reader_init_text(&reader, text, strlen(text), NULL)) {
        session_report_text(session, NULL, NULL, "out of memory");
        return false;
    }
    bool done = session_run_reader(session, &reader);
    reader_clear(&reader);
    return done;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

bool interactive_run(struct session *session)
{
    struct completion completion = {.session = session};
    struct edit_hooks hooks = {is_complete, completion_word, &completion};
    struct history history;
    bool done = true;

    greet(session);
    edit_start(&hooks);
    history_open(&history);
    while (!session->is_leaving) {
        char *text;
        const char *prompt = prompt_of(session);
        interrupt_take();
        switch (edit_read(prompt, strlen(prompt) == 6 ? " ...> " : "  ...> ", &text)) {
        case EDIT_TEXT:
            if (!is_blank(text)) {
                history_add(&history, text);
                done = run_text(session, text);
            }
            free(text);
            break;
        case EDIT_END:
            session->is_leaving = true;
            if (!session->is_quiet)
                session_note(session, "%s", "");
            break;
        case EDIT_EMPTY_BREAK: session_note(session, "Ctrl-D or .quit leaves"); break;
        case EDIT_DROPPED: break;
        }
    }
    history_close(&history);
    edit_stop();
    completion_clear(&completion);
    /* Errors at the prompt were seen by whoever typed; they are no failure of the run. */
    if (!session->has_chosen_status && session->status == STATUS_FAILED)
        session->status = STATUS_DONE;
    return done;
}
