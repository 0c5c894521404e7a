/* table_model.h - random tables for tests of the read path: the same versions of rows are spread over memtables and
 * sstables of every kind, and kept in a plain array that answers what a snapshot sees. The engine is a zeroed struct
 * with a volume (a faulty one over memory) and a cache: enough for files and versions. */
#ifndef TESTS_SUPPORT_TABLE_MODEL_H
#define TESTS_SUPPORT_TABLE_MODEL_H

#include "storage/engine_internal.h"
#include "volume/volume_faulty.h"

enum { MODEL_KEYS = 600, MODEL_COLUMNS = 6 };

/* Columns: id int, kind string (few), amount int or null, ok bool, price float, note string (many). */
enum { COLUMN_ID, COLUMN_KIND, COLUMN_AMOUNT, COLUMN_OK, COLUMN_PRICE, COLUMN_NOTE };

enum model_key { MODEL_INT_KEY, MODEL_STRING_KEY, MODEL_COMPOSITE_KEY };

struct model_version {
    uint32_t key;      /* number of the key: keys are in the order of their numbers */
    uint64_t sequence; /* own writes: counted from 1 on their own */
    bool is_own, is_tombstone;
    uint32_t payload; /* what the row's values are made of */
};

struct model_options {
    uint64_t seed;
    enum model_key key_kind;
    uint32_t block_rows;
    bool has_levels, has_level0, has_memtables, has_spilled, has_own;
    bool is_disjoint;   /* each source has keys of its own */
    size_t cache_bytes; /* 0: room for everything */
    bool has_twins;     /* a file of level 0 stands there twice: the same versions in two sources */
};

struct model {
    struct model_options options;
    uint64_t random;
    struct engine engine;
    struct table *table;
    struct table_version *version;
    struct own_writes own;
    struct memtable *own_memtable;
    struct table_file *own_file;
    uint64_t last_sequence, file_number;
    struct model_version *versions;
    uint32_t version_count, version_capacity;
};

uint64_t model_random(struct model *model, uint64_t below);
void model_init(struct model *model, const struct model_options *options);
void model_clear(struct model *model);
/* The volume, which is a faulty one, does as it is told; blocks that were read before are read again. */
void model_set_faults(struct model *model, const struct fault_plan *plan);
/* Files of all levels, and of the own writes; at most `capacity`. */
uint32_t model_files(const struct model *model, struct table_file **files, uint32_t capacity);

/* The version of a key that a snapshot and the own writes show, tombstones too, or NULL. */
const struct model_version *model_find(const struct model *model, uint32_t key, uint64_t snapshot);
/* The same for all keys. */
void model_find_all(const struct model *model, uint64_t snapshot, const struct model_version *found[MODEL_KEYS]);
/* Column of a version's row; strings live until the next call but one. */
struct value model_value(const struct model *model, const struct model_version *version, uint32_t column);
void model_encode_key(const struct model *model, uint32_t key, struct buffer *buffer);

#endif
