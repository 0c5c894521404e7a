#include "shell/interactive.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shell/completion.h"
#include "shell/edit.h"
#include "shell/external_editor.h"
#include "shell/interrupt.h"
#include "shell/prompt.h"

struct interactive {
    struct session *session;
    struct completion completion;
    struct history history;
    size_t counted;  /* entries of the history whose words are counted */
    char *last_text; /* that was no dot command */
};

static bool is_command(const char *text)
{
    text += strspn(text, " \t\n");
    return *text == '.' || *text == '\\';
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* ---- what the editor asks ---- */

/* What is typed is complete when a `;` ends it, when it is a dot command, or blank. */
static bool is_complete(void *owner, const char *text, size_t size)
{
    (void)owner;
    return is_command(text) || ssql_complete(text, size) != 0;
}

static const struct edit_words *complete(void *owner, const char *text, size_t size, size_t at)
{
    struct interactive *interactive = owner;

    for (; interactive->counted < interactive->history.count; interactive->counted++)
        word_uses_add(&interactive->completion.uses, interactive->history.entries[interactive->counted].text);
    return completion_find_words(&interactive->completion, text, size, at);
}

static char *edit_elsewhere(void *owner, const char *text)
{
    struct interactive *interactive = owner;
    struct text_buffer message = {0};
    char *edited = NULL;

    if (interactive->session->is_safe)
        text_add_string(&message, "programs are not started in a safe session");
    else
        edited = external_editor_run(text, &message);
    if (edited == NULL)
        session_report_text(interactive->session, NULL, NULL, "%s", text_string(&message));
    text_clear(&message);
    return edited;
}

/* ---- for dot commands ---- */

const struct history *interactive_history(const struct interactive *interactive)
{
    return &interactive->history;
}

const char *interactive_last_text(const struct interactive *interactive)
{
    return interactive->last_text;
}

void interactive_propose(struct interactive *interactive, const char *text)
{
    (void)interactive;
    edit_prepare(text);
}

bool interactive_run_text(struct session *session, const char *text)
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

/* ---- the prompt ---- */

static void greet(struct session *session, const struct history *history)
{
    struct stat status;

    session_note(session, "ssql %s; .help tells what there is", ssql_version());
    if (strcmp(session->path, ":memory:") == 0)
        session_note(session, "in memory: nothing is kept (.open DB opens a database)");
    else if (stat(session->path, &status) != 0)
        session_note(session, "new database: %s is made at the first write", session->path);
    if (history->trouble != NULL)
        session_note(session, "%s", history->trouble);
}

static bool take_text(struct interactive *interactive, const char *text)
{
    if (is_blank(text))
        return true;
    history_add(&interactive->history, text);
    if (!is_command(text)) {
        free(interactive->last_text);
        interactive->last_text = must_copy(text, strlen(text));
    }
    return interactive_run_text(interactive->session, text);
}

/* One round; false when what was typed failed. */
static bool read_and_run(struct interactive *interactive)
{
    struct session *session = interactive->session;
    char *prompt = prompt_make(session), *text;
    bool done = true;

    interrupt_take();
    switch (edit_read(prompt, &text)) {
    case EDIT_TEXT: done = take_text(interactive, text); break;
    case EDIT_END:
        session->is_leaving = true;
        if (!session->is_quiet)
            session_note(session, "%s", "");
        break;
    case EDIT_EMPTY_BREAK: session_note(session, "Ctrl-D or .quit leaves"); break;
    case EDIT_DROPPED: history_add(&interactive->history, text); break;
    }
    free(text);
    free(prompt);
    return done;
}

static void leave_at_once(struct session *session)
{
    session->is_leaving = true;
    session->status = STATUS_INTERRUPTED;
    session->has_chosen_status = true;
}

bool interactive_run(struct session *session)
{
    struct interactive interactive = {.session = session, .completion = {.session = session}};
    struct edit_hooks hooks = {is_complete, complete, edit_elsewhere, &interactive, session->colours_results};
    bool done = true;

    edit_start(&hooks);
    history_open(&interactive.history);
    greet(session, &interactive.history);
    session->interactive = &interactive;
    while (!session->is_leaving) {
        done = read_and_run(&interactive);
        if (interrupt_is_urgent())
            leave_at_once(session);
    }
    session->interactive = NULL;
    history_close(&interactive.history);
    edit_stop();
    completion_clear(&interactive.completion);
    free(interactive.last_text);
    /* Errors at the prompt were seen by whoever typed; they are no failure of the run. */
    if (!session->has_chosen_status && session->status == STATUS_FAILED)
        session->status = STATUS_DONE;
    return done;
}
