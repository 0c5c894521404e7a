/* test_render.h - what a statement did, as the lines of a golden file (docs/testing.md, "What is expected"). */
#ifndef SHELL_TEST_RENDER_H
#define SHELL_TEST_RENDER_H

#include <ssql.h>

#include "shell/text_buffer.h"
#include "shell/variables.h"

enum { TEST_ROWS_SHOWN = 200 }; /* a longer result is its number of rows and a hash */

struct test_answer {
    struct text_buffer lines; /* each ended by a newline, without "--> " */
    bool is_error;
};

/* Runs one statement and puts its lines into `answer`; `sorted`: rows in the order of their bytes. */
void test_run_statement(ssql_conn *connection, const char *text, size_t size, const struct variables *variables,
                        bool sorted, struct test_answer *answer);

#endif
