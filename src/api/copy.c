/* What a connection's copy statements and its progress are told, and what they tell. */
#include <stdio.h>
#include <string.h>

#include "api/api_internal.h"

/* Copies a text into text[size]; one that is cut ends with a whole character. */
static void copy_cut(char *text, size_t size, const char *from)
{
    size_t length = strlen(from);

    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)from[length] & 0xC0) == 0x80)
            length--;
    }
    memcpy(text, from, length);
    text[length] = '\0';
}

void ssql_set_copy_input(ssql_conn *conn, ssql_copy_read *read, void *context, const char *name)
{
    struct copy_environment *copy = &conn->session->copy;

    copy->read = read;
    copy->read_context = context;
    copy_cut(copy->input_name, sizeof copy->input_name, name == NULL ? "stdin" : name);
}

void ssql_set_copy_output(ssql_conn *conn, ssql_copy_write *write, void *context, const char *name)
{
    struct copy_environment *copy = &conn->session->copy;

    copy->write = write;
    copy->write_context = context;
    copy_cut(copy->output_name, sizeof copy->output_name, name == NULL ? "stdout" : name);
}

void ssql_copy_fail(ssql_conn *conn, const char *message)
{
    copy_cut(conn->session->copy.failure, sizeof conn->session->copy.failure, message);
}

int ssql_copy_stat(const ssql_conn *conn, const char *name, int64_t *value)
{
    const struct copy_environment *copy = &conn->session->copy;

    *value = 0;
    if (strcmp(name, "rows") == 0)
        *value = copy->rows;
    else if (strcmp(name, "rejected") == 0)
        *value = copy->rejected;
    else if (strcmp(name, "ignored") == 0)
        *value = copy->ignored;
    else if (strcmp(name, "bytes") == 0)
        *value = copy->bytes;
    else
        return SSQL_BAD_OPTION;
    return SSQL_OK;
}

const char *ssql_copy_created_table(const ssql_conn *conn)
{
    const struct buffer *text = &conn->session->copy.created_table;

    return text->size == 0 ? "" : (const char *)text->data;
}

void ssql_set_progress(ssql_conn *conn, ssql_progress_report *report, void *context)
{
    struct session *session = conn->session;

    session->progress.report = report;
    session->progress.context = context;
    session->progress.counted = &session->cancellation.counted;
    session->cancellation.progress = report == NULL ? NULL : &session->progress;
}
