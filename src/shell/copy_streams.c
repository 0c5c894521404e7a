#include "shell/copy_streams.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shell/interrupt.h"

static int read_input(void *context, char *bytes, size_t capacity, size_t *size)
{
    struct session *session = context;
    ssize_t got;

    if (session->input_is_script) {
        ssql_copy_fail(session->connection,
                       "standard input holds the statements, not rows: give the statements with -c or -f");
        return 1;
    }
    got = interrupt_read(STDIN_FILENO, bytes, capacity);
    if (got < 0) {
        char message[200];
        snprintf(message, sizeof message, "cannot read standard input: %s", strerror(errno));
        ssql_copy_fail(session->connection, message);
        return 1;
    }
    *size = (size_t)got;
    return 0;
}

/* Past may_write: what the library hands out here is durable, and the connection is busy. */
static int write_results(void *context, const char *bytes, size_t size)
{
    struct session *session = context;
    struct output *output = session_results(session);
    bool (*may_write)(void *owner) = output->may_write;

    output->may_write = NULL;
    output_add(output, bytes, size);
    output->may_write = may_write;
    if (output->error == 0)
        return 0;
    char message[200];
    snprintf(message, sizeof message, "cannot write the results: %s", output_error_text(output->error));
    ssql_copy_fail(session->connection, message);
    session->write_failure_is_told = true; /* by the statement, which fails */
    return 1;
}

void copy_streams_connect(struct session *session)
{
    ssql_set_copy_input(session->connection, read_input, session, NULL);
    ssql_set_copy_output(session->connection, write_results, session, NULL);
}
