/* scan_internal.h - the state of a scan, and its paths:
 *   scan.c           opens sources, chooses a driver
 *   scan_ordered.c   driver: walks all sources in key order; chunks that overlap nothing go direct, others are merged
 *   scan_validate.c  driver: filters each source by itself, then validates the survivors against newer sources
 *   scan_direct.c    one chunk as a batch
 *   scan_merged.c    rows of several chunks as a batch */
#ifndef SSQL_STORAGE_SCAN_INTERNAL_H
#define SSQL_STORAGE_SCAN_INTERNAL_H

#include "storage/scan_source.h"

/* A column of a merged batch. */
struct merged_column {
    void *items;
    uint8_t *nulls;
};

/* The rows of a merged batch: which row of which source's chunk. */
struct merged_rows {
    uint32_t count;
    uint16_t source[BATCH_CAPACITY];
    uint16_t row[BATCH_CAPACITY];
    /* The same by source, for gathering: rows ascending, each with its place in the batch. */
    uint32_t *group_start; /* source_count + 1 */
    uint16_t group_row[BATCH_CAPACITY];
    uint16_t group_place[BATCH_CAPACITY];
    struct merged_column *columns;
    struct scan_source **active; /* of the merge: sources with rows, and their next heads */
    uint64_t *heads;
};

struct scan {
    struct scan_request request;
    const struct row_format *format;
    struct key_range range;
    uint64_t snapshot;
    struct memtable *own_memtable; /* retained: the write set may spill meanwhile */
    struct table_file **own_files;
    uint32_t own_file_count;
    struct scan_source *sources; /* newest first, as far as order tells */
    uint32_t source_count;
    uint32_t source_made;     /* those from source_count on hold memory of scans before */
    uint32_t source_capacity; /* also of `newer`, less one */
    bool is_validating;
    uint32_t rows_expected;    /* without a filter: many a reader wants the first rows only; 0: all */
    struct scan_source *begun; /* of whose chunk only the first rows were handed out, unmerged */
    uint32_t current;          /* validating: the source being read */
    uint16_t *newer;           /* validating: sources that may hide rows of the chunk */
    uint32_t newer_count;
    struct scan_source probe; /* validating: walks a newer source */
    uint16_t selection[BATCH_CAPACITY];
    struct vector *vectors;
    struct merged_rows *merged; /* made when first needed */
    struct scan_statistics statistics;
    uint64_t told_rows; /* of them: whoever waits knows about */
};

/* scan_open without a transaction: `version` stays pinned until scan_close or scan_rest. */
MUST_CHECK bool scan_open_version(const struct table_version *version, const struct own_writes *own,
                                  const struct row_format *format, uint64_t snapshot,
                                  const struct scan_request *request, struct scan **scan, struct ssql_error *error);

/* scan_morsels_create without a transaction. `forced_rows`: of a morsel; 0: as many as are good. */
struct scan_morsels;
MUST_CHECK bool scan_morsels_create_version(const struct table_version *version, const struct own_writes *own,
                                            const struct row_format *format, uint64_t snapshot,
                                            const struct scan_request *request, uint64_t forced_rows,
                                            struct scan_morsels **morsels, struct ssql_error *error);

/* Tells how far the scan is. False when it is to be given up. */
MUST_CHECK bool scan_check(struct scan *scan, struct ssql_error *error);

/* The drivers: fill the batch with at least one selected row, or leave row_count 0 at the end. */
MUST_CHECK bool scan_next_ordered(struct scan *scan, struct batch *batch, struct ssql_error *error);
MUST_CHECK bool scan_next_validated(struct scan *scan, struct batch *batch, struct ssql_error *error);

/* Makes a batch of the chunk's rows from place `from` to `end` of source->rows. row_count is 0 when no row survives.
 * Rows that one of the sources scan->newer hides are left out. */
MUST_CHECK bool scan_emit_chunk(struct scan *scan, struct scan_source *source, uint32_t from, uint32_t end,
                                struct batch *batch, struct ssql_error *error);
/* Makes a batch of scan->merged. */
MUST_CHECK bool scan_emit_merged(struct scan *scan, struct batch *batch, struct ssql_error *error);

/* Merges the loaded chunks into scan->merged until one of them ends or the batch is full. */
MUST_CHECK bool scan_merge_chunks(struct scan *scan, struct ssql_error *error);
void scan_merged_destroy(struct scan *scan);

/* Keeps of the `count` survivors those that no newer source hides; they are in scan->selection. */
MUST_CHECK bool scan_drop_hidden(struct scan *scan, struct scan_source *source, const uint16_t *survivors,
                                 uint32_t *count, struct ssql_error *error);

/* Runs the filter; a batch without survivors gets row_count 0. */
MUST_CHECK bool scan_filter_batch(struct scan *scan, struct batch *batch, struct ssql_error *error);

/* A batch of `row_count` rows without columns filled yet; selection NULL: all. */
void scan_begin_batch(struct scan *scan, struct batch *batch, uint32_t row_count, const uint16_t *selection,
                      uint32_t selected_count);

#endif
