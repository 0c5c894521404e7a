/* scan.h - reads many rows of a table, a batch at a time: the visible version of each key of a range, without what the
 * filter refuses. Blocks that zone maps rule out are not read; columns are decoded late, for surviving rows only; where
 * a block overlaps nothing newer it goes through as vectors, dictionary codes and all. */
#ifndef SSQL_STORAGE_SCAN_H
#define SSQL_STORAGE_SCAN_H

#include "base/batch.h"
#include "base/zone.h"
#include "storage/transaction.h"

/* "column <operator> constant" holds for every wanted row. Used to leave out blocks, never to refuse rows: the filter
 * does. */
struct zone_predicate {
    uint16_t column;
    enum zone_operator operator;
    struct value constant; /* of the column's type, not null (unused for the IS operators) */
};

/* Narrows batch->selection and selected_count (the selection array it sets is the filter's own and lives until its next
 * call). Only the filter columns of the batch are filled. The scan may show it rows that turn out not to be visible; a
 * filter that fails (division by zero) fails the scan only when such a row is visible, so the filter does not fail on a
 * row: it leaves the row selected, and whoever evaluates the filter again above the scan meets the failure. It fails
 * only for what is no row's fault (memory). */
struct scan_filter {
    void *context;
    bool (*apply)(void *context, struct batch *batch, struct ssql_error *error);
};

struct scan_request {
    const uint16_t *columns;          /* table columns in the order in which the batch has them */
    uint32_t column_count;            /* 0: only the number of rows is wanted */
    uint32_t filter_column_count;     /* the first so many are what the filter reads */
    const struct scan_filter *filter; /* NULL: every row */
    struct slice low, high;           /* encoded keys; data NULL: open */
    bool low_exclusive, high_exclusive;
    const struct zone_predicate *zones;
    uint32_t zone_count;
    bool in_key_order;                 /* else rows may come in any order */
    bool descending;                   /* with in_key_order: highest key first */
    struct cancellation *cancellation; /* may be NULL */
    struct scan *spare; /* NULL, or from scan_rest, of the same columns of the same table: its memory is used; it is
                         * gone afterwards, also when opening fails */
};

struct scan;

struct scan_statistics {
    uint64_t blocks_read, blocks_cached, blocks_skipped; /* skipped: by zone maps or key range */
    uint64_t rows_read, rows_skipped;
};

/* Everything the request points to stays until scan_close. The range is recorded as read (write transactions). */
MUST_CHECK bool scan_open(struct transaction *transaction, struct table *table, const struct scan_request *request,
                          struct scan **scan, struct ssql_error *error);
/* Before the first scan_next, of a scan without a filter: its reader will probably want no more than so many rows. They
 * come by themselves, without a block being decoded for a few of its rows. */
void scan_expect_rows(struct scan *scan, uint64_t count);
/* The batch's columns and selection are the scan's and live until the next call; row_count == 0 is the end. */
MUST_CHECK bool scan_next(struct scan *scan, struct batch *batch, struct ssql_error *error);
void scan_read_statistics(const struct scan *scan, struct scan_statistics *statistics);
void scan_close(struct scan *scan); /* accepts NULL */
/* Ends it, too, but keeps its memory, if that is little, for another scan's `spare`; NULL: it was too much. */
struct scan *scan_rest(struct scan *scan);

#endif
