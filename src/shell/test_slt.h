/* test_slt.h - a sqllogictest file, taken apart (https://www.sqlite.org/sqllogictest): records with blank lines
 * between. statement ok | statement error | statement count N      query TYPES [SORTMODE [LABEL]] SQL … SQL …
 *                                                           ----
 *                                                           a value a line, or "30 values hashing to MD5"
 *   hash-threshold N      halt      skipif ENGINE, onlyif ENGINE before a record      # comment
 * What other runners have added is refused by name. */
#ifndef SHELL_TEST_SLT_H
#define SHELL_TEST_SLT_H

#include <stdint.h>

#include "shell/text_buffer.h"

enum slt_kind { SLT_OK, SLT_ERROR, SLT_COUNT, SLT_QUERY, SLT_THRESHOLD, SLT_HALT };
enum slt_sort { SLT_NOSORT, SLT_ROWSORT, SLT_VALUESORT };

struct slt_record {
    enum slt_kind kind;
    size_t line;
    bool is_left_out;  /* by skipif or onlyif */
    size_t begin, end; /* the statement's bytes */
    uint64_t number;   /* SLT_COUNT, SLT_THRESHOLD */
    char *types;       /* SLT_QUERY: T, I or R per column; owned */
    enum slt_sort sort;
    char *label;                         /* "": none; owned */
    size_t expected_begin, expected_end; /* whole lines below "----", or where they would stand */
    bool has_expected;                   /* there is a "----" */
};

struct slt_file {
    const char *path;               /* borrowed */
    const struct text_buffer *text; /* borrowed */
    struct slt_record *records;
    size_t record_count;
};

/* `engine` is what skipif and onlyif mean. On failure writes one line to `complaint` and returns false; either way
 * slt_file_clear frees what there is. */
bool slt_file_parse(struct slt_file *file, const char *engine, struct text_buffer *complaint);
void slt_file_clear(struct slt_file *file);

#endif
