/* sql_text.h - the statements of the SQL engines: one text for both, since ssql takes the standard spellings too. */
#ifndef BENCH_SQL_TEXT_H
#define BENCH_SQL_TEXT_H

enum sql_statement {
    BEGIN,
    COMMIT,
    INSERT,
    UPDATE,
    DELETE,
    GET,
    RANGE,
    FILTER,
    GROUP_KIND,
    GROUP_USER,
    TOP,
    SORT,
    GROUP_MANY,
    STATEMENTS
};

extern const char *const sql_texts[STATEMENTS];

#endif
