/* profile.h - what `explain analyze` counts of each operator. An operator has a profile only while it is analysed: else
 * counting costs one comparison per batch. */
#ifndef SSQL_EXEC_PROFILE_H
#define SSQL_EXEC_PROFILE_H

#include "storage/scan.h"
#include "storage/transaction.h"

struct operator_profile {
    uint64_t rows;               /* handed out; of a write: changed */
    uint64_t time_ns;            /* in open, next and close, those of the child included */
    struct scan_statistics scan; /* of a scan that was closed */
    struct lookup_statistics lookup;
};

struct operator;

/* The line of the operator and those below it, each with its counts and ended by a newline. */
void profile_append_text(struct buffer *buffer, const struct operator* operator, uint32_t level);

/* `12.3 ms`: three digits that count. */
void profile_append_time(struct buffer *buffer, uint64_t time_ns);

#endif
