/* engine.h - what the benchmark asks of a database, and one adaptor per engine that does it. All engines hold the same
 * table, events(id int primary, user string, kind string, amount int, ok bool), and must give the same answers.
 * Key-value engines store a packed row (row_pack) under an 8-byte big-endian key and loop over rows themselves. */
#ifndef BENCH_ENGINE_H
#define BENCH_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { USER_SIZE_MOST = 200, KIND_COUNT = 8, PACKED_SIZE_MOST = 256 };

struct event {
    int64_t id;
    char user[USER_SIZE_MOST + 1];
    size_t user_size;
    uint32_t kind; /* of kind_names */
    int64_t amount;
    bool amount_is_null;
    bool ok;
};

extern const char *const kind_names[KIND_COUNT];

enum durability {
    DURABILITY_LAZY, /* survives a killed process; a power cut may lose the last moments (sqlite: synchronous=normal) */
    DURABILITY_FULL, /* survives a power cut */
};

struct settings {
    const char *directory;
    enum durability durability;
    size_t memory_bytes;  /* cache and buffers together */
    bool keep_runs;       /* what is flushed stays as it is until `compact`, and a memtable takes a quarter of the memory */
    unsigned threads;     /* of one query; 0: one */
};

struct answer { /* of any query: compared between engines */
    uint64_t rows;
    int64_t sum;
};

struct database; /* each adaptor's own */
struct session;  /* one thread's connection */

/* A NULL function: the engine cannot do it, and the workload is left out. All return false after printing what went wrong. */
struct engine {
    const char *name;
    const char *(*version)(void);
    bool (*open)(const struct settings *settings, struct database **database);
    bool (*close)(struct database *database);
    bool (*session_open)(struct database *database, struct session **session);
    void (*session_close)(struct session *session);
    bool (*begin)(struct session *session);
    bool (*commit)(struct session *session);
    bool (*insert)(struct session *session, const struct event *event);
    bool (*update)(struct session *session, int64_t id, int64_t amount);
    bool (*erase)(struct session *session, int64_t id);
    bool (*get)(struct session *session, int64_t id, bool *found, struct event *event);
    bool (*range)(struct session *session, int64_t low, uint32_t count, struct answer *answer);
    bool (*filter)(struct session *session, struct answer *answer);      /* kind == "click" && amount > 900000: ids */
    bool (*group_kind)(struct session *session, struct answer *answer);  /* count and sum(amount) by kind */
    bool (*group_user)(struct session *session, struct answer *answer);  /* the same by user */
    bool (*top)(struct session *session, struct answer *answer);         /* order by amount, id limit 10 */
    bool (*sort)(struct session *session, struct answer *answer);        /* order by amount, id: all rows handed out */
    bool (*group_many)(struct session *session, int64_t groups, struct answer *answer); /* the same by id % groups */
    bool (*compact)(struct database *database);                          /* all settled: flushed, merged */
    bool (*flush)(struct database *database);                            /* what is in memory becomes one more run */
    bool (*count_runs)(struct database *database, uint64_t *count);      /* files that may overlap each other */
    bool shares_writes; /* takes writes of two sessions at a time without one of them failing */
    bool by_request;    /* only when it is named in --engines */
};

extern const struct engine engine_ssql, engine_sqlite, engine_sqlite_large_wal, engine_rocksdb, engine_leveldb, engine_lmdb;

/* Every grouping and sorting answer is folded in this way, so that order and content count. */
static inline int64_t answer_mix(int64_t sum, int64_t item)
{
    return (int64_t)((uint64_t)sum * 1000003u + (uint64_t)item);
}

size_t row_pack(const struct event *event, uint8_t *bytes);
bool row_unpack(const uint8_t *bytes, size_t size, struct event *event);
void key_pack(int64_t id, uint8_t key[8]);
int64_t key_unpack(const uint8_t key[8]);

#endif
