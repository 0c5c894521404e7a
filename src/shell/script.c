#include "shell/script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The path as seen from the folder of the script that is being read. */
static char *resolve(const struct session *session, const char *path, bool is_nested)
{
    const char *outer = is_nested && session->reading != NULL ? session->reading->name : NULL;
    const char *slash = outer == NULL ? NULL : strrchr(outer, '/');
    struct text_buffer resolved = {0};

    if (slash != NULL && *path != '/')
        text_add(&resolved, outer, (size_t)(slash - outer) + 1);
    text_add_string(&resolved, path);
    return resolved.data;
}

static bool run(struct session *session, struct reader *reader)
{
    bool done = session_run_reader(session, reader);

    reader_clear(reader);
    return done;
}

static void report_memory(struct session *session)
{
    session_report_text(session, NULL, NULL, "out of memory");
}

bool script_run_file(struct session *session, const char *path, const struct source *source)
{
    bool is_input = strcmp(path, "-") == 0, done = false;
    char *resolved = resolve(session, path, source != NULL);
    int file = is_input ? STDIN_FILENO : reader_open_file(resolved);
    struct reader reader;

    if (session->reading_depth >= SCRIPT_DEPTH_MOST) {
        session_report_text(session, source, NULL, "scripts read each other more than %d deep", SCRIPT_DEPTH_MOST);
    } else if (file < 0) {
        session_report_text(session, source, NULL, "cannot read %s: %s", resolved, strerror(errno));
        if (source == NULL)
            session->status = STATUS_NO_START;
    } else if (!reader_init_stream(&reader, file, is_input ? NULL : resolved)) {
        report_memory(session);
    } else {
        bool was_script = session->input_is_script;
        session->input_is_script = was_script || is_input;
        session->reading_depth++;
        done = run(session, &reader);
        session->reading_depth--;
        session->input_is_script = was_script;
    }
    if (file >= 0 && !is_input)
        close(file);
    free(resolved);
    return done;
}

bool script_run_text(struct session *session, const char *text)
{
    struct reader reader;

    if (!reader_init_text(&reader, text, strlen(text), NULL)) {
        report_memory(session);
        return false;
    }
    return run(session, &reader);
}
