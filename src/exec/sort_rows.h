/* sort_rows.h - records in the order of their keys, which are compared as bytes: collected in memory, written as sorted
 * runs to spill files beyond the work budget, and merged when read. Records with equal keys come out in the order in
 * which they went in. (External merge sort: Knuth, volume 3, 5.4.) One thread at a time. */
#ifndef SSQL_EXEC_SORT_ROWS_H
#define SSQL_EXEC_SORT_ROWS_H

#include "base/arena.h"
#include "exec/operator_memory.h"
#include "exec/spill_rows.h"

enum {
    MERGE_RUNS_MOST = 32, /* runs merged at a time: each has a buffer */
    SORT_SEQUENCE_SIZE = 8,
};

struct sort_entry {
    uint64_t head; /* first bytes of the key, big-endian */
    const uint8_t *record;
};

struct sort_rows {
    struct engine *engine;
    struct operator_memory memory;
    uint64_t row_limit;   /* only the first so many are wanted */
    uint64_t sequence;    /* records added */
    struct arena records; /* u32 key size, u32 payload size, key, payload */
    struct sort_entry *entries;
    uint32_t entry_count, entry_capacity;
    uint64_t cutoff_count; /* how often a cutoff was learnt: row_limit records are known to be <= its key */
    struct buffer cutoff;  /* a key */
    struct buffer cutoff_payload;
    struct spill_file **runs;
    uint32_t run_count;
    struct buffer record; /* scratch */
    /* reading */
    uint64_t next_entry; /* records handed out */
    struct sort_merge *merge;
};

void sort_rows_init(struct sort_rows *sort, struct engine *engine, struct memory_budget *budget, uint64_t row_limit);
void sort_rows_clear(struct sort_rows *sort);

/* Copies both. */
MUST_CHECK bool sort_rows_add(struct sort_rows *sort, struct slice key, struct slice payload, struct ssql_error *error);

/* With a row limit: the payload of a row after which nothing is wanted, learnt on the way; it may change with each add,
 * as cutoff_count tells. Rows that surely come after it need not be added. data NULL: none yet. */
struct slice sort_rows_cutoff(const struct sort_rows *sort);

/* After the last add. */
MUST_CHECK bool sort_rows_finish(struct sort_rows *sort, struct ssql_error *error);

/* The next payload in order, valid until the following call (until sort_rows_clear while `sort_rows_is_in_memory`);
 * data NULL at the end. */
MUST_CHECK bool sort_rows_next(struct sort_rows *sort, struct slice *payload, struct ssql_error *error);
bool sort_rows_is_in_memory(const struct sort_rows *sort);

/* Sorts by head, then the rest of the key. */
void sort_entries(struct sort_entry *entries, uint32_t count);
struct slice sort_record_key(const uint8_t *record);

#endif
