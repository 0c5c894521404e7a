/* write_set.h - what a transaction has written so far, in memory: the log record that it will become, its keys, an
 * index over them for reading back, and, once a scan wants order, a memtable per table.
 *
 * Every write has a private sequence: spilled_through + its index + 1. Undoing walks back from the newest. A write set
 * that has grown too large is spilled to files by write_set_spill.c and begins anew; the files and what is created or
 * dropped stay with the transaction. Memory is kept from transaction to transaction. One thread. */
#ifndef SSQL_STORAGE_WRITE_SET_H
#define SSQL_STORAGE_WRITE_SET_H

#include "storage/memtable.h"
#include "storage/transaction_record.h"

enum { NO_WRITE = 0 }; /* write numbers count from 1 */

struct pending_write {
    uint32_t participant; /* index of the table in the transaction */
    uint32_t hash;
    uint32_t next; /* number of the next older write in the same bucket, or NO_WRITE */
    uint32_t key_size;
    size_t key_offset;    /* in `keys` */
    size_t record_offset; /* where the record ended before this write */
    size_t row_offset;    /* in `record`; 0: a deletion, creation or drop */
    uint32_t row_size;
    bool is_key; /* false: a creation or a drop */
};

struct write_set {
    struct buffer record;  /* the payload so far; empty while nothing is written */
    uint32_t record_table; /* id that the record's last RECORD_TABLE names; 0: none, or not known */
    struct buffer keys;
    struct pending_write *writes;
    uint32_t count, capacity;
    uint32_t *buckets; /* newest write of each, or NO_WRITE; a power of two of them */
    uint32_t bucket_count;
    uint32_t indexed_count;   /* the first so many writes are in the buckets; the others when one is looked for */
    bool has_rewrites;        /* some key may be written twice: the record takes a sequence for each write */
    uint64_t spilled_through; /* private sequence of the last write that is no longer here */
};

/* Forgets everything; keeps a moderate amount of memory. */
void write_set_reset(struct write_set *set);
void write_set_clear(struct write_set *set);

/* Private sequence of the newest write. */
static inline uint64_t write_set_sequence(const struct write_set *set)
{
    return set->spilled_through + set->count;
}

/* Appends the key of a row to `keys` without writing it yet; write_set_add_* takes it over, write_set_drop_key gives it
 * back. */
MUST_CHECK bool write_set_encode_key(struct write_set *set, const struct row_format *format, const struct value *values,
                                     struct slice *key, struct ssql_error *error);
void write_set_drop_key(struct write_set *set, struct slice key);

/* Number of the newest write of a key, NO_WRITE when there is none. */
uint32_t write_set_find(struct write_set *set, uint32_t participant, struct slice key, uint32_t hash);
uint32_t write_set_hash(uint32_t participant, struct slice key);

static inline const struct pending_write *write_set_at(const struct write_set *set, uint32_t number)
{
    return &set->writes[number - 1];
}
struct slice write_set_key(const struct write_set *set, const struct pending_write *write);
/* data NULL: deleted. Until the next write. */
struct slice write_set_row(const struct write_set *set, const struct pending_write *write);

/* `key` is the one that write_set_encode_key has just returned. On failure the set is as before, the key given back. */
MUST_CHECK bool write_set_add_put(struct write_set *set, uint32_t participant, uint32_t table_id,
                                  const struct row_format *format, const struct value *values, struct slice key,
                                  uint32_t hash, bool is_rewrite, struct ssql_error *error);
/* Copies the key. */
MUST_CHECK bool write_set_add_delete(struct write_set *set, uint32_t participant, uint32_t table_id, struct slice key,
                                     uint32_t hash, bool is_rewrite, struct ssql_error *error);
MUST_CHECK bool write_set_add_create(struct write_set *set, uint32_t participant, uint32_t table_id,
                                     const struct table_layout *layout, struct ssql_error *error);
MUST_CHECK bool write_set_add_drop(struct write_set *set, uint32_t participant, uint32_t table_id,
                                   struct ssql_error *error);

/* Takes back the newest write. */
void write_set_undo_last(struct write_set *set);

/* Everything is in files now: begins anew after the last private sequence. */
void write_set_forget_spilled(struct write_set *set);

/* Sequences that the record needs. */
static inline uint32_t write_set_sequence_count(const struct write_set *set)
{
    return set->has_rewrites && set->count > 1 ? set->count : 1;
}

/* Bytes taken, roughly. */
size_t write_set_bytes(const struct write_set *set);

#endif
