/* operator_scan.h - what the operator right above a scan may ask of it, when it wants to read a large table by several
 * threads itself (parallel_aggregate.h). */
#ifndef SSQL_EXEC_OPERATOR_SCAN_H
#define SSQL_EXEC_OPERATOR_SCAN_H

#include "exec/operator.h"
#include "exec/scan_reader.h"

/* NULL when it is not a scan. From then on it is divided into morsels at each open, if its table is large. Before the
 * first open. */
struct operator* scan_operator_divide(struct operator* child);

/* ---- while it is open ---- */

/* The operator above wants no more than so many rows. Harmless when `child` is no scan; before the first next. */
void scan_operator_expect(struct operator* child, uint64_t row_count);

/* NULL: it is read as a whole, by operator_next. */
const struct scan_morsels *scan_operator_morsels(const struct operator* scan);
const struct scan_request *scan_operator_request(const struct operator* scan);

/* operator_next then gives the rows of the morsels [begin, end), read by this thread. */
void scan_operator_read_only(struct operator* scan, uint32_t begin, uint32_t end);

/* Counts what other readers have read in its place. */
void scan_operator_count(struct operator* scan, const struct scan_reader *reader);

#endif
