/* test_engine.h - what executes the statements of tests: ssql, or SQLite for statements that both understand. A
 * database with its connections lives in one process (test_host.h); nothing here is shared between threads. */
#ifndef SHELL_TEST_ENGINE_H
#define SHELL_TEST_ENGINE_H

#include "shell/test_answer.h"
#include "shell/variables.h"

enum { CONNECTIONS_MOST = 10 };

/* How to open a database. */
struct test_settings {
    const char *path;               /* or ":memory:" */
    const char *directory;          /* for files that statements name by a relative path; the process works there */
    bool is_small;                  /* tiny memtables, blocks and files */
    bool is_readonly;               /* beside a writer */
    const struct variables *chosen; /* options by name, which come last */
};

struct test_request {
    unsigned connection; /* from 0, below CONNECTIONS_MOST; made when it is first used */
    const char *text;
    size_t size;
    const struct variables *variables;

    /* Takes out of an answer's lines what differs from run to run, before two are compared; NULL: nothing does. */
    void (*mask)(const void *context, struct text_buffer *lines);
    const void *mask_context;
};

struct test_engine {
    const char *name; /* as --engine, skipif and onlyif call it */

    /* Whether it can be used here, and knows an option with this value; says why not. */
    bool (*is_there)(struct text_buffer *complaint);
    bool (*knows_option)(const char *name, const char *value, struct text_buffer *complaint);

    /* False with one sentence in `complaint`, and no database then. */
    bool (*open)(const struct test_settings *settings, void **database, struct text_buffer *complaint);
    /* Disconnects too. The database is gone whatever it returns. */
    bool (*close)(void *database, struct text_buffer *complaint);
    /* Ends all connections: what their transactions did is lost. */
    void (*disconnect)(void *database);
    /* Runs one statement; whatever happens is an answer. */
    void (*run)(void *database, const struct test_request *request, struct test_answer *answer);
    /* Writes rows to files, where later statements read and merge them. */
    bool (*checkpoint)(void *database, struct text_buffer *complaint);
    /* A hash of all that is committed: tables, columns, rows. */
    bool (*digest)(void *database, uint64_t *digest, struct text_buffer *complaint);
};

extern const struct test_engine ssql_test_engine, sqlite_test_engine;

#endif
