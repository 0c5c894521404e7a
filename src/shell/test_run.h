/* test_run.h - runs one golden file against databases of its own. Meant to run in a process of its own. */
#ifndef SHELL_TEST_RUN_H
#define SHELL_TEST_RUN_H

#include "shell/text_buffer.h"

enum test_update {
    UPDATE_NOTHING,
    UPDATE_ALL, /* rewrite expectations that differ */
    UPDATE_NEW, /* write expectations where there are none */
};

struct test_options {
    enum test_update update;
    bool with_small;  /* tiny memtables, blocks and files */
    bool with_reopen; /* the database is closed and opened between statements */
    bool coloured;
    const char *filter;    /* a glob on names of cases, or NULL */
    const char *directory; /* for the databases of this file; exists, empty */
    const char *weather;   /* "--with small " …, for the command that repeats a failure */
};

struct test_counts {
    unsigned passed, failed, skipped; /* cases */
};

/* Appends what is to be told to `report`. Returns false when the file could not be run at all. */
bool test_run_file(const char *path, const struct test_options *options, struct test_counts *counts,
                   struct text_buffer *report);

#endif
