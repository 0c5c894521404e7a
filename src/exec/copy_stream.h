/* copy_stream.h - where a copy statement's bytes come from and where they go: a file, or a function of the program
 * (copy_environment.h). One thread. */
#ifndef SSQL_EXEC_COPY_STREAM_H
#define SSQL_EXEC_COPY_STREAM_H

#include "exec/execution.h"
#include "storage/engine.h"

/* What opening or writing a file has failed with stands where the statement names it; returns false. */
bool copy_blame(struct ssql_span span, struct ssql_error *error);

/* Zeroed memory is a closed one. */
struct copy_input {
    struct copy_environment *environment;
    struct engine *engine;
    struct cancellation *cancellation; /* looked at, and told how many bytes were read, with every read */
    const char *name;                  /* for errors */
    void *file;                        /* of environment->files; NULL: the stream */
    uint64_t size;                     /* 0: not known */
    /* A stream that is read twice is put aside while it is read for the first time. */
    struct spill_file *aside;
    uint64_t position; /* in it, of the second reading */
    bool is_kept, is_second;
};

/* `path` NULL: the stream. `is_twice`: copy_input_rewind will be called. Fails with SSQL_NOT_ALLOWED, SSQL_MISUSE (no
 * stream), or as opening does. Close it in any case. */
MUST_CHECK bool copy_input_open(struct copy_input *input, const struct execution_context *context, const char *path,
                                bool is_twice, struct ssql_error *error);
/* Counts into environment->bytes. */
struct byte_source copy_input_source(struct copy_input *input);
MUST_CHECK bool copy_input_rewind(struct copy_input *input, struct ssql_error *error);
/* Whether a path names the file that is read. */
bool copy_input_is_at(const struct copy_input *input, const char *path);
void copy_input_close(struct copy_input *input);

struct copy_output {
    struct copy_environment *environment;
    const char *name;
    void *file;      /* NULL: the stream */
    bool has_failed; /* bytes were not taken */
};

MUST_CHECK bool copy_output_open(struct copy_output *output, const struct execution_context *context, const char *path,
                                 struct ssql_error *error);
struct byte_sink copy_output_sink(struct copy_output *output);
/* Puts a file in its place. */
MUST_CHECK bool copy_output_finish(struct copy_output *output, struct ssql_error *error);
/* Forgets what was written, unless it is finished. */
void copy_output_close(struct copy_output *output);

#endif
