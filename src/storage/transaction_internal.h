/* transaction_internal.h - a transaction's state, and what its files ask of one another. */
#ifndef SSQL_STORAGE_TRANSACTION_INTERNAL_H
#define SSQL_STORAGE_TRANSACTION_INTERNAL_H

#include "storage/engine_internal.h"
#include "storage/transaction.h"
#include "storage/write_set.h"

/* What is known of the highest key that the write set holds of a table: keys above it need not be looked for. */
enum highest_key {
    HIGHEST_NONE,    /* no key of the table is there */
    HIGHEST_KNOWN,   /* it is keys[highest_offset .. + highest_size) of the write set */
    HIGHEST_UNKNOWN, /* a write was undone */
};

/* What a transaction holds of one table. */
struct participant {
    struct table *table;           /* retained */
    struct table_version *version; /* pinned at the first read; NULL before */
    bool is_created, is_dropped;   /* by this transaction */
    bool reads_whole;              /* so many keys were read that the whole table counts as read */
    bool needs_check;              /* at commit: somebody else wrote to the table since the snapshot */
    uint32_t write_count;          /* in the write set */
    enum highest_key highest;
    bool is_ordered; /* with HIGHEST_KNOWN: each key came above the one before */
    uint32_t highest_size;
    size_t highest_offset;
    struct memtable *memtable; /* those of the first `memtable_through` writes that are this table's, or NULL */
    uint32_t memtable_through;
    struct table_version
        *spilled; /* level 0: spilled files, newest first; NULL: none. Their base sequence is 1 + generation */
    uint64_t *spilled_through; /* per file, the highest private sequence it may hold */
};

/* A creation or drop, in order. */
struct catalog_write {
    uint32_t participant;
    bool is_drop;
    uint64_t sequence; /* private */
};

/* A key or range that was read. */
struct noted_read {
    uint32_t participant;
    uint32_t low_size, high_size;
    size_t low_offset, high_offset; /* in read_keys; NO_BOUND: open */
    bool is_key, low_exclusive, high_exclusive;
};
#define NO_BOUND SIZE_MAX

struct transaction {
    struct engine *engine;
    struct snapshot_slot slot;
    bool is_open;
    enum transaction_kind kind;
    enum commit_wait wait;
    uint64_t snapshot;
    uint64_t mark; /* private sequence; scans see own writes up to it */

    struct participant *participants;
    uint32_t participant_count, participant_capacity;
    uint32_t last_participant; /* index of the one used last */

    struct write_set writes;
    size_t memtable_bytes; /* of the participants' memtables */
    size_t counted_bytes;  /* of it and the write set, in engine->write_set_bytes */
    bool is_spilled;       /* then the commit is a change of the manifest and no log record */
    uint32_t generation;   /* number of spills so far: a file of a later one hides those of earlier ones */
    struct catalog_write *catalog_writes;
    uint32_t catalog_count, catalog_capacity;

    struct noted_read *reads;
    size_t read_count, read_capacity;
    struct buffer read_keys;
};

/* ---- transaction.c ---- */

/* The transaction's part in a table that transaction_table has returned. Valid until the next table is touched. */
struct participant *transaction_participant(struct transaction *transaction, const struct table *table);
/* The pinned version. */
struct table_version *participant_version(struct participant *participant);
/* Ends the transaction: lets go of everything but memory. Spilled files that did not become part of a table are
 * deleted. */
void transaction_end(struct transaction *transaction);

/* ---- transaction_read.c ---- */

MUST_CHECK bool transaction_note_key(struct transaction *transaction, struct participant *participant, struct slice key,
                                     struct ssql_error *error);
struct slice transaction_read_bound(const struct transaction *transaction, size_t offset, uint32_t size);

/* ---- transaction_spill.c ---- */

/* Brings the participant's memtable up to the newest write. */
MUST_CHECK bool participant_fill_memtable(struct transaction *transaction, struct participant *participant,
                                          struct ssql_error *error);
/* Spills when the write set has grown too large. Before a write. */
MUST_CHECK bool transaction_spill_if_large(struct transaction *transaction, struct ssql_error *error);
/* Spills everything, as one generation where no statement's mark lies between. */
MUST_CHECK bool transaction_spill(struct transaction *transaction, struct ssql_error *error);
/* Drops the spilled files whose writes all came after the mark. */
void participant_undo_spilled(struct participant *participant, uint64_t mark);

/* ---- transaction_merge.c ---- */

/* Merges spilled runs that are alike, and, beyond that, the newest ones until there are at most `runs_most` from either
 * side of the mark. When it fails, the runs are what they were, or some of them merged. */
MUST_CHECK bool participant_merge_spilled(struct participant *participant, uint64_t mark, uint32_t runs_most,
                                          struct ssql_error *error);

/* ---- transaction_validate.c ---- */

/* SSQL_CONFLICT when something read or written was changed since the snapshot. Under commit_mutex. */
MUST_CHECK bool transaction_validate(struct transaction *transaction, struct ssql_error *error);

#endif
