/* memtable.h - the newest writes of one table, kept in memory in key order: a B+tree of 64 keys a node with key heads,
 * in an arena; each key has a chain of versions, newest first. (Design: B+tree with optimistic version checks, Leis et
 * al., "Optimistic Lock Coupling", 2019.) It takes writes until it is frozen; from then on it is read beside the
 * sstables and flushed to one. Also serves as a transaction's private write set, with the statement counter as
 * sequence. Threads: one writer at a time; readers need no lock, even beside the writer. A reader that goes beside the
 * writer sees every version whose put returned before the reader began. */
#ifndef SSQL_STORAGE_MEMTABLE_H
#define SSQL_STORAGE_MEMTABLE_H

#include "storage/row_format.h"

struct memtable;

/* One version of a row; everything points into the memtable and lives as long as it. */
struct memtable_version {
    struct slice key;
    struct slice row; /* data NULL: a tombstone */
    uint64_t sequence;
};

/* Starts with one reference. Arena chunks come from and go back to a process-wide pool (bounded), so that their pages
 * are touched once. */
MUST_CHECK bool memtable_create(const struct row_format *format, struct memtable **memtable, struct ssql_error *error);
void memtable_retain(struct memtable *memtable);
void memtable_release(struct memtable *memtable); /* accepts NULL */

/* Adds one version; `key` and `row` are copied; row.data NULL adds a tombstone. `sequence` is not less than the
 * key's newest; of two versions with one sequence the later put is the newer. Fails with SSQL_NO_MEMORY, leaving the
 * memtable as it was. */
MUST_CHECK bool memtable_put(struct memtable *memtable, struct slice key, struct slice row, uint64_t sequence,
                             struct ssql_error *error);

/* Takes back the newest version of a key, which has exactly this sequence. Only where no other thread reads (write
 * sets). The sequence limits below stay as they were: they still bound what is left. */
void memtable_undo(struct memtable *memtable, struct slice key, uint64_t sequence);

/* Newest version of the key with sequence <= `snapshot`; false when there is none. */
bool memtable_get(const struct memtable *memtable, struct slice key, uint64_t snapshot,
                  struct memtable_version *version);

/* Before the first write: about so many keys are expected. A filter has room for them from its beginning: growing it,
 * key after key from the tree, takes milliseconds in which nobody commits. */
void memtable_expect(struct memtable *memtable, uint64_t key_count);

/* False: no snapshot that was taken before the call sees a version of the key, whose filter_hash (filter.h) is
 * `key_hash`. Far cheaper than a search, where the memtable is large; and cheaper still for a key above all others. */
bool memtable_may_contain(const struct memtable *memtable, struct slice key, uint64_t key_hash);
/* Begins to fetch what memtable_may_contain will look at. */
void memtable_prefetch(const struct memtable *memtable, struct slice key, uint64_t key_hash);

/* Sequence of the key's newest version, 0 when it has none. */
uint64_t memtable_newest_sequence(const struct memtable *memtable, struct slice key);

/* Whether any version of a key in [low, high] (bounds as in scan.h; data NULL: open) has a sequence > `snapshot`. */
bool memtable_range_changed(const struct memtable *memtable, struct slice low, bool low_exclusive, struct slice high,
                            bool high_exclusive, uint64_t snapshot);

size_t memtable_memory_bytes(const struct memtable *memtable); /* what it takes from the allocator */
uint64_t memtable_version_count(const struct memtable *memtable);
uint64_t memtable_lowest_sequence(const struct memtable *memtable);  /* UINT64_MAX when empty */
uint64_t memtable_highest_sequence(const struct memtable *memtable); /* 0 when empty */

/* Walks keys in order, beside the writer: keys put after the walk began may or may not be met. The memtable is kept
 * alive by the caller. Entries are fetched a node at a time, so that a step costs a few instructions. */
enum { MEMTABLE_NODE_KEYS = 64 };
struct memtable_iterator {
    const struct memtable *memtable;
    uint64_t snapshot;
    bool all_versions; /* flush: each version of each key, newest first; else the newest visible, tombstones included */
    struct memtable_version current; /* while memtable_iterator_valid */
    bool is_valid;
    /* private */
    const void *records[MEMTABLE_NODE_KEYS];
    uint32_t record_count;
    uint32_t record_index;
    const void *older;     /* next older version, with all_versions */
    const void *next_leaf; /* where the walk goes on after `records` */
};
void memtable_iterator_init(struct memtable_iterator *iterator, const struct memtable *memtable, uint64_t snapshot,
                            bool all_versions);
/* First key >= `key` (data NULL: the first of all). */
void memtable_iterator_seek(struct memtable_iterator *iterator, struct slice key);
void memtable_iterator_next(struct memtable_iterator *iterator);

/* Last key of all, borrowed; data NULL when empty. For row numbers and reverse walks. */
struct slice memtable_last_key(const struct memtable *memtable);

/* Some keys, about evenly spread over all, ascending (beside a writer, nearly so); returns how many. They live as long
 * as the memtable. For dividing a scan: it costs as much as looking at some hundred nodes. */
enum { MEMTABLE_SAMPLES_MOST = 512 };
uint32_t memtable_sample_keys(const struct memtable *memtable, struct slice keys[MEMTABLE_SAMPLES_MOST]);

/* Sees to it that the pool has a large chunk whose pages are there: touching that many for the first time takes
 * milliseconds where the system itself is a guest, and a put that does it holds up every other commit. For whoever is
 * about to put many rows, while he holds no lock. Does nothing when there is no memory. */
void memtable_pool_prepare(void);
/* Gives back the pool's chunks that nobody uses. */
void memtable_pool_trim(void);

#endif
