/* test_answer.h - what a statement did, in the words of a golden file (docs/golden-tests.md, "What is expected") or in
 * those of sqllogictest. Engines hand their rows to it cell by cell; it knows none of them. */
#ifndef SHELL_TEST_ANSWER_H
#define SHELL_TEST_ANSWER_H

#include <stdint.h>

#include "shell/text_buffer.h"

enum {
    TEST_ROWS_SHOWN = 200,            /* a longer result is its number of rows and a hash */
    TEST_ANSWER_BYTES_MOST = 1 << 28, /* of rows that have to be kept: to be sorted, and in sqllogictest */
};

enum test_cell_kind { CELL_NULL, CELL_INT, CELL_FLOAT, CELL_BOOL, CELL_STRING };

struct test_cell {
    enum test_cell_kind kind;
    const char *text; /* of anything but a null, as the engine writes it */
    size_t size;
};

enum answer_style {
    ANSWER_GOLDEN, /* names of columns, then a line a row */
    ANSWER_VALUES, /* a value a line, written as the letters of `types` say */
};

struct test_answer {
    enum answer_style style;
    bool sorted;       /* golden: rows in the order of their bytes */
    const char *types; /* values: T, I or R per column; borrowed */

    struct text_buffer lines; /* each ended by a newline, without "--> " */
    bool is_error;
    bool is_query;       /* it returned rows, or could have, and changes nothing */
    bool in_transaction; /* some connection is, afterwards */
    uint64_t column_count;
    uint64_t change_count; /* of insert, upsert, update, delete */

    /* inner: rows on their way */
    char **rows;
    size_t row_count, kept_count, kept_capacity, kept_bytes;
    void *hash;
};

/* For an answer whose first three members are set, in this order: columns; row for each row; rows_end. */
void answer_columns(struct test_answer *answer, const char *const *names, int count);
/* False when the answer has become too large; it is an error then, and the rows are at their end. */
bool answer_row(struct test_answer *answer, const struct test_cell *cells, int count);
void answer_rows_end(struct test_answer *answer);

void answer_changes(struct test_answer *answer, uint64_t count);
void answer_ok(struct test_answer *answer);
/* line 0: no place. Empty sqlstate, hint: none. */
void answer_error(struct test_answer *answer, int64_t line, int64_t column, const char *message, const char *sqlstate,
                  const char *hint);

void answer_clear(struct test_answer *answer);

#endif
