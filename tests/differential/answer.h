/* answer.h - what a statement gave: rows as texts, a count, or a failure. */
#ifndef DIFFERENTIAL_ANSWER_H
#define DIFFERENTIAL_ANSWER_H

#include <sqlite3.h>
#include <ssql.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "statement.h"

struct answer {
    char **rows;
    size_t count, capacity;
    int64_t changes;
    bool failed;
    char state[8]; /* of SSQL's failure */
    char message[256];
};

/* Ends the program: something that no test is about went wrong. */
_Noreturn void give_up(const char *what);

/* Both fill an answer that is zero; answer_clear frees it. */
void answer_of_ssql(ssql_conn *connection, const char *text, struct answer *answer);
void answer_of_sqlite(sqlite3 *db, const char *text, struct answer *answer);
void answer_clear(struct answer *answer);

/* Brings rows that have no order into one. */
void answer_sort(struct answer *answer);

/* Rows must be sorted where they have no order. */
bool answers_agree(const struct answer *left, const struct answer *right, enum statement_shape shape);

void answer_print(const char *who, const struct answer *answer, const struct answer *other);

#endif
