/* parallel_scan.h - morsels of a filtered scan read by several threads at a time, and their rows handed out in the
 * order of the morsels, as one thread would. Threads read some morsels ahead of the one whose rows are being taken,
 * also while the caller works with those; the caller reads, too, when the rows that it needs are not there yet.
 *
 * Life: create once; start; take until the end, or until nobody wants more; stop, which ends all reading and gives
 * memory back; start again …; destroy. The caller's thread only. Between start and stop the transaction changes
 * nothing. */
#ifndef SSQL_EXEC_PARALLEL_SCAN_H
#define SSQL_EXEC_PARALLEL_SCAN_H

#include "exec/execution.h"
#include "exec/scan_reader.h"

struct parallel_scan;

MUST_CHECK bool parallel_scan_create(const struct plan_node *node, struct parallel_scan **scan,
                                     struct ssql_error *error);
void parallel_scan_destroy(struct parallel_scan *scan); /* accepts NULL */

/* The morsels [begin, end). They and the request stay until stop, which comes also when this fails. */
MUST_CHECK bool parallel_scan_start(struct parallel_scan *scan, const struct execution_context *context,
                                    const struct scan_morsels *morsels, const struct scan_request *request,
                                    uint32_t begin, uint32_t end, struct ssql_error *error);

enum parallel_take {
    TAKE_ROWS,   /* in the batch, valid until the next call */
    TAKE_REREAD, /* *morsel could not be kept: none of its rows was handed out, read it by yourself */
    TAKE_END,
    TAKE_FAILED, /* in the morsel whose turn it is, after its rows before the failure */
};
MUST_CHECK enum parallel_take parallel_scan_take(struct parallel_scan *scan, struct batch *batch, uint32_t *morsel,
                                                 struct ssql_error *error);

/* What was read goes into *sum, if that is not NULL. Harmless when it was not started. */
void parallel_scan_stop(struct parallel_scan *scan, struct scan_statistics *sum);

#endif
