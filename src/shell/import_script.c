#include "shell/import_script.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "shell/interrupt.h"
#include "shell/run_statement.h"
#include "shell/statement_text.h"

struct script {
    struct transfer *transfer;
    struct compressed_input *input;
    int64_t *rows;
};

static ssize_t read_input(void *context, char *bytes, size_t capacity)
{
    struct script *script = context;
    size_t size;

    if (interrupt_is_pending()) {
        errno = EINTR;
        return -1;
    }
    if (compressed_input_read(script->input, bytes, capacity, &size))
        return (ssize_t)size;
    errno = interrupt_is_pending() ? EINTR : EIO;
    return -1;
}

static bool report_at(struct script *script, const struct source *source, const char *message, const char *hint)
{
    struct error_report report = {.message = message, .hint = hint, .line = 1, .column = 1, .length = 1};

    session_report(script->transfer->session, &report, source);
    return false;
}

/* The import is one transaction: the script's own begin and commit, as a dump has them, are passed over. */
static bool run_one(struct script *script, const struct source *source)
{
    struct session *session = script->transfer->session;
    struct word word;
    size_t at = 0;
    const char *text = source->text + source->begin;

    bool has_word = next_word(text, source->size, &at, &word);
    assert(has_word);
    if (word_is(&word, "begin") || word_is(&word, "commit"))
        return true;
    if (word_is(&word, "rollback"))
        return report_at(script, source, "an import cannot be rolled back by its own file", "");
    if (!run_statement(session, source))
        return false;
    if (word_is(&word, "insert") || word_is(&word, "upsert"))
        *script->rows += ssql_changes(session->connection);
    return true;
}

static bool report_failure(struct script *script)
{
    return transfer_fail(script->transfer, ssql_code_sqlstate(SSQL_IO), NULL, "%s: %s", script->input->name,
                         script->input->fault);
}

bool import_script_run(struct transfer *transfer, struct compressed_input *input, int64_t *rows)
{
    struct script script = {.transfer = transfer, .input = input, .rows = rows};
    struct reader reader;
    bool done = true, is_over = false;

    if (!reader_init_function(&reader, read_input, &script, input->name))
        return transfer_fail(transfer, ssql_code_sqlstate(SSQL_NO_MEMORY), NULL, "out of memory");
    while (done && !is_over) {
        struct source source;
        switch (reader_next(&reader, &source)) {
        case READER_STATEMENT: done = run_one(&script, &source); break;
        case READER_COMMAND:
            done = report_at(&script, &source, "a dot command does not belong into a file of inserts",
                             "run a script with ssql DB -f FILE");
            break;
        case READER_UNFINISHED:
            done = report_at(&script, &source, "the file ends within a statement", "it may be cut short");
            break;
        case READER_TOO_LONG: done = report_at(&script, &source, "the statement is longer than 256 MiB", ""); break;
        case READER_INTERRUPTED: done = transfer_fail_import_interrupted(script.transfer); break;
        case READER_FAILED: done = report_failure(&script); break;
        case READER_END: is_over = true; break;
        }
    }
    reader_clear(&reader);
    return done;
}
