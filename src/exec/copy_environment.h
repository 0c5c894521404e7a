/* copy_environment.h - what a connection brings to its copy statements, and what they leave there: the streams that
 * `stdin` and `stdout` mean, whether files may be used, the counts of the last run. Lives in the session; used in the
 * thread that runs the statement. */
#ifndef SSQL_EXEC_COPY_ENVIRONMENT_H
#define SSQL_EXEC_COPY_ENVIRONMENT_H

#include "base/buffer.h"
#include "base/byte_stream.h"
#include "base/cancellation.h"

enum { COPY_STREAM_NAME_SIZE = 256 };

/* As ssql.h describes them. */
typedef int copy_read_function(void *context, char *bytes, size_t capacity, size_t *size);
typedef int copy_write_function(void *context, const char *bytes, size_t size);

/* Files of the user, which this room does not touch itself: src/volume/plain_file.h, handed in by the api. Handles are
 * its own. */
struct copy_files {
    bool (*open)(const char *path, struct cancellation *cancellation, void **file, struct ssql_error *error);
    struct byte_source (*source)(void *file);
    uint64_t (*size)(void *file); /* 0: not known */
    bool (*can_rewind)(void *file);
    bool (*rewind)(void *file, struct ssql_error *error);
    bool (*is_at)(void *file, const char *path); /* whether the path names this file */
    void (*close)(void *file);

    bool (*create)(const char *path, struct cancellation *cancellation, void **file, struct ssql_error *error);
    struct byte_sink (*sink)(void *file);
    bool (*finish)(void *file, struct ssql_error *error); /* puts it in its place; the handle is gone */
    void (*abandon)(void *file);                          /* likewise, but leaves the path as it was */
};

struct copy_environment {
    copy_read_function *read; /* NULL: stdin is refused */
    void *read_context;
    char input_name[COPY_STREAM_NAME_SIZE];
    copy_write_function *write; /* NULL: stdout is refused */
    void *write_context;
    char output_name[COPY_STREAM_NAME_SIZE];
    const struct copy_files *files;   /* NULL: none may be used */
    char failure[ERROR_MESSAGE_SIZE]; /* what a function above said before it failed; empty: nothing */

    /* of the run that is going, or of the last */
    int64_t rows, rejected, ignored, bytes;
    struct buffer created_table; /* text of the `create table` that it ran, terminated; or empty */

    /* Commits what the statement did so far and goes on in a new transaction (batch_rows); NULL within `begin`. */
    bool (*commit)(void *context, struct ssql_error *error);
    void *commit_context;
};

/* A run starts: nothing is counted yet. */
static inline void copy_environment_begin(struct copy_environment *copy)
{
    copy->rows = copy->rejected = copy->ignored = copy->bytes = 0;
    buffer_reset(&copy->created_table);
}

#endif
