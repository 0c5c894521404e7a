/* history.h - what transactions read and appended, and whether some serial order explains it (the idea of Elle:
 * Kingsbury and Alvaro, VLDB 2020). Every value is appended once, to one list; a list read shows the order in which its
 * values were appended, so that who came before whom can be told from what was read: who appended a value      -> who
 * appended the next one who appended a value      -> who read a list that ends with it who read a list           -> who
 * appended the value after its end a thread's transaction    -> its next one A circle means that no serial order
 * exists. */
#ifndef SSQL_ISOLATION_HISTORY_H
#define SSQL_ISOLATION_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OPERATIONS_MOST = 6, LIST_MOST = 512 };

/* A list as it was read, or one value appended. */
struct operation {
    bool is_append;
    uint32_t list;
    uint32_t value;       /* appended */
    uint32_t count;       /* read */
    const uint32_t *read; /* owned by whoever made the history */
};

struct history_transaction {
    uint32_t thread;
    bool is_committed;
    uint32_t count;
    struct operation operations[OPERATIONS_MOST];
};

/* NULL when the history is serialisable, else what is wrong with it (a static text); `culprit` is a transaction of it.
 * Transactions of one thread stand in their order. `values` is one more than the greatest value. */
const char *history_check(const struct history_transaction *transactions, size_t count, uint32_t lists, uint32_t values,
                          size_t *culprit);

#endif
