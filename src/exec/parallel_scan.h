/* parallel_scan.h - morsels of a filtered scan read by several threads at a time, and their rows handed out in the
 * order of the morsels, as one thread would. It works in waves: while the caller is inside parallel_scan_read, threads
 * read some morsels into memory; between calls nothing runs.
 *
 * Life: create once; start; then read a wave, take its rows, and so on; stop gives memory back; destroy. The caller's
 * thread only, but for the threads that a wave has. */
#ifndef SSQL_EXEC_PARALLEL_SCAN_H
#define SSQL_EXEC_PARALLEL_SCAN_H

#include "exec/execution.h"
#include "exec/scan_reader.h"

struct parallel_scan;

MUST_CHECK bool parallel_scan_create(const struct plan_node *node, struct parallel_scan **scan,
                                     struct ssql_error *error);
void parallel_scan_destroy(struct parallel_scan *scan); /* accepts NULL */

void parallel_scan_start(struct parallel_scan *scan, const struct execution_context *context);
void parallel_scan_stop(struct parallel_scan *scan);

/* Reads some of the morsels [begin, end); *next is the first that is left. What goes wrong in a morsel is told when its
 * turn comes. */
MUST_CHECK bool parallel_scan_read(struct parallel_scan *scan, const struct scan_morsels *morsels,
                                   const struct scan_request *request, uint32_t begin, uint32_t end, uint32_t *next,
                                   struct ssql_error *error);

enum parallel_take {
    TAKE_ROWS,   /* in the batch, valid until the next call */
    TAKE_REREAD, /* *morsel had more rows than there was memory for: none of them was handed out, read it by yourself */
    TAKE_END,    /* of the wave */
    TAKE_FAILED,
};
MUST_CHECK enum parallel_take parallel_scan_take(struct parallel_scan *scan, struct batch *batch, uint32_t *morsel,
                                                 struct ssql_error *error);

/* What its threads have read so far. */
void parallel_scan_statistics(const struct parallel_scan *scan, struct scan_statistics *sum);

#endif
