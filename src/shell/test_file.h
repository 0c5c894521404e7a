/* test_file.h - a golden test file, taken apart: a legal script whose comments say what must come out.
 *   --@ directive          before a statement or at the top
 *   statement;
 *   --> expected line      under its statement
 * In a Markdown file only the blocks that begin with ```ssql count. */
#ifndef SHELL_TEST_FILE_H
#define SHELL_TEST_FILE_H

#include <stdint.h>

#include "shell/text_buffer.h"

enum test_step_kind {
    STEP_STATEMENT,
    STEP_CASE,       /* test: NAME */
    STEP_FRESH,      /* a new, empty database */
    STEP_REOPEN,     /* close it and open it again */
    STEP_CRASH,      /* kill the process that holds it, and recover */
    STEP_SORT,       /* rows of the next statement in any order */
    STEP_REPEAT,     /* repeat N: the next statement runs so often, and gives the same answer each time */
    STEP_MASK,       /* mask /REGEX/ TEXT: from here on matches become the text */
    STEP_SKIP,       /* skip: WHY: the rest of the case (the file, before the first case) is left out */
    STEP_CONNECTION, /* connection N: the following statements run there */
    STEP_VARIABLE,   /* var NAME=LITERAL: a typed parameter :NAME */
    STEP_OPTION,     /* with NAME=VALUE: a database option, from the next fresh, reopen or crash on */
};

struct test_step {
    enum test_step_kind kind;
    size_t line;                         /* from 1 */
    size_t begin, end;                   /* STEP_STATEMENT: its bytes */
    size_t expected_begin, expected_end; /* whole lines of "-->"; equal, and behind the statement's line: none */
    bool has_expected;
    char *argument;   /* of a directive, trimmed and found to be well-formed; owned */
    uint64_t number;  /* of connection and repeat */
    size_t name_size; /* of var and with: the argument's bytes before the = */
};

struct test_file {
    const char *path; /* borrowed */
    struct text_buffer text;
    struct test_step *steps;
    size_t step_count;
};

/* Takes the text in `file` apart; the path tells its kind. On failure writes one line to `complaint`
 * ("FILE:LINE: error: …") and returns false. Either way test_file_clear frees it. */
bool test_file_parse(struct test_file *file, struct text_buffer *complaint);
void test_file_clear(struct test_file *file);

#endif
