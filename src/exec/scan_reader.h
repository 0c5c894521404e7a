/* scan_reader.h - one thread's reading of a PLAN_SCAN: the filter compiled, and the scan that it goes through.
 *
 * Life: create once, in an environment whose thread uses it; then open and close scans, one after the other; clear. A
 * closed scan's memory serves the next. */
#ifndef SSQL_EXEC_SCAN_READER_H
#define SSQL_EXEC_SCAN_READER_H

#include "exec/expression_filter.h"
#include "plan/plan.h"
#include "storage/scan_morsels.h"

struct scan_reader {
    struct expression_filter *filter; /* NULL: none */
    struct cancellation *cancellation;
    struct scan *scan;                 /* NULL: none is open, and next is at the end */
    struct scan *spare;                /* memory of the scan before, or NULL */
    struct scan_statistics statistics; /* of the scans that were closed */
    uint64_t selected_rows;            /* handed out */
};

MUST_CHECK bool scan_reader_create(struct scan_reader *reader, struct expression_environment *environment,
                                   const struct plan_node *node, struct ssql_error *error);
/* Forgets what was counted. */
void scan_reader_start(struct scan_reader *reader, struct cancellation *cancellation);

/* The same request for all readers, but for the filter, which is the reader's own. */
MUST_CHECK bool scan_reader_open(struct scan_reader *reader, struct transaction *transaction, struct table *table,
                                 const struct scan_request *request, struct ssql_error *error);
MUST_CHECK bool scan_reader_open_morsels(struct scan_reader *reader, const struct scan_morsels *morsels, uint32_t begin,
                                         uint32_t end, const struct scan_request *request, struct ssql_error *error);
/* As scan_next, with the whole filter applied, also what can fail. */
MUST_CHECK bool scan_reader_next(struct scan_reader *reader, struct batch *batch, struct ssql_error *error);
void scan_reader_close(struct scan_reader *reader);
/* Frees what it keeps from scan to scan; it may go on. */
void scan_reader_clear(struct scan_reader *reader);

void scan_statistics_add(struct scan_statistics *sum, const struct scan_statistics *added);

#endif
