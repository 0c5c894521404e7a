#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic_raise.h"
#include "storage/engine_internal.h"
#include "storage/transaction.h"

enum {
    MEMTABLE_SHARE = 4, /* of the memory limit: a quarter for memtables, … */
    WORK_SHARE = 4,     /* a quarter for the executor, … */
    CACHE_EIGHTHS = 3,  /* three eighths for blocks, indexes and filters; the rest is for what is counted nowhere: the
                           buffers of flushes and compactions, and what the allocator loses between blocks */
    FILTER_BITS = 10,   /* per key: 1 % false positives */
    FILTER_BITS_LEAST = 3,
    FILTER_SHARE = 2, /* of the cache: what the filters of all rows may take */
    BLOCK_BYTES = 256 << 10,
    CLOSE_FLUSH_BYTES = 64 << 10, /* of log, above which a close flushes, so that the next open has little to read */
    CLOSE_FLUSH_SEGMENTS = 4,
};

void engine_options_init(struct engine_options *options)
{
    *options = (struct engine_options){
        .memory_limit_bytes = (size_t)256 << 20,
        .block_rows = BATCH_CAPACITY,
        .block_bytes = BLOCK_BYTES,
        .sstable_bytes = (size_t)64 << 20,
        .level0_files = 4,
        .wal_segment_bytes = WAL_SEGMENT_LARGEST,
        .sync = SYNC_FULL,
        .compress = true,
        .background = true,
    };
}

/* ---- life ---- */

static void init_locks(struct engine *engine)
{
    pthread_condattr_t monotonic;

    pthread_mutex_init(&engine->commit_mutex, NULL);
    pthread_mutex_init(&engine->manifest_mutex, NULL);
    pthread_mutex_init(&engine->tables_mutex, NULL);
    pthread_mutex_init(&engine->flush_mutex, NULL);
    for (uint32_t i = 0; i < COMPACT_PURPOSES; i++) {
        engine->compactors[i] = (struct compactor){.engine = engine, .purpose = (enum compaction_purpose)i};
        pthread_mutex_init(&engine->compactors[i].mutex, NULL);
    }
    pthread_mutex_init(&engine->background_mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&engine->flush_wanted, &monotonic);
    pthread_cond_init(&engine->compaction_wanted, &monotonic);
    pthread_cond_init(&engine->progress, &monotonic);
    pthread_condattr_destroy(&monotonic);
    snapshot_registry_init(&engine->snapshots);
}

static void destroy_locks(struct engine *engine)
{
    snapshot_registry_clear(&engine->snapshots);
    pthread_cond_destroy(&engine->progress);
    pthread_cond_destroy(&engine->compaction_wanted);
    pthread_cond_destroy(&engine->flush_wanted);
    pthread_mutex_destroy(&engine->background_mutex);
    for (uint32_t i = 0; i < COMPACT_PURPOSES; i++)
        pthread_mutex_destroy(&engine->compactors[i].mutex);
    pthread_mutex_destroy(&engine->flush_mutex);
    pthread_mutex_destroy(&engine->tables_mutex);
    pthread_mutex_destroy(&engine->manifest_mutex);
    pthread_mutex_destroy(&engine->commit_mutex);
}

/* Frees everything but the volume's contents; what is in the log stays there. */
static void engine_destroy(struct engine *engine)
{
    engine_clear_frozen(engine);
    for (uint32_t i = 0; i < engine->table_count; i++)
        table_release(engine->tables[i]);
    free(engine->tables);
    free(engine->old_runs);
    wal_destroy(engine->wal);
    worker_pool_destroy(engine->workers);
    block_cache_destroy(engine->cache);
    destroy_locks(engine);
    volume_close(engine->volume);
    free(engine);
}

static size_t at_least(size_t value, size_t least)
{
    return value < least ? least : value;
}

static uint32_t processor_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    if (count < 1)
        return 1;
    return count < ENGINE_THREADS_MOST ? (uint32_t)count : ENGINE_THREADS_MOST;
}

static void settle_options(struct engine *engine, const struct engine_options *options)
{
    struct engine_options *settled = &engine->options;

    *settled = *options;
    engine->memtable_budget_bytes = at_least(settled->memory_limit_bytes / MEMTABLE_SHARE, 64 << 10);
    if (settled->memtable_bytes == 0)
        settled->memtable_bytes = engine->memtable_budget_bytes / 4;
    if (settled->block_rows == 0 || settled->block_rows > BATCH_CAPACITY)
        settled->block_rows = BATCH_CAPACITY;
    if (settled->block_bytes == 0)
        settled->block_bytes = BLOCK_BYTES;
    settled->sstable_bytes = at_least(settled->sstable_bytes, 4096);
    if (settled->level0_files == 0)
        settled->level0_files = 1;
    if (settled->threads == 0)
        settled->threads = processor_count();
    engine->work_budget.limit_bytes = settled->memory_limit_bytes / WORK_SHARE;
    engine->is_read_only = !volume_is_writable(engine->volume);
}

bool engine_open(struct volume *volume, const struct engine_options *options, struct engine **out,
                 struct ssql_error *error)
{
    struct engine *engine = calloc(1, sizeof *engine);

    *out = NULL;
    if (engine == NULL) {
        volume_close(volume);
        return error_no_memory(error);
    }
    engine->volume = volume;
    init_locks(engine);
    settle_options(engine, options);
    if (!worker_pool_create(engine->options.threads, &engine->workers, error) ||
        !block_cache_create(engine->options.memory_limit_bytes / 8 * CACHE_EIGHTHS, &engine->cache, error) ||
        !engine_recover(engine, error) ||
        (engine->options.background && !engine->is_read_only && !engine_start_background(engine, error))) {
        engine_destroy(engine);
        return false;
    }
    if (engine->has_threads)
        engine_wake_background(engine);
    *out = engine;
    return true;
}

/* Whether the next open would have so much log to read that flushing now is the better deal. */
static bool log_is_long(struct engine *engine)
{
    struct wal_segment segments[CLOSE_FLUSH_SEGMENTS];
    size_t count = wal_segments(engine->wal, segments, CLOSE_FLUSH_SEGMENTS);
    uint64_t bytes = 0;

    if (count >= CLOSE_FLUSH_SEGMENTS)
        return true;
    for (size_t i = 0; i < count; i++)
        bytes += segments[i].size;
    return bytes > CLOSE_FLUSH_BYTES;
}

/* What the log holds is safe without any of this; it makes the next open quick and its evidence exact. */
static bool finish_writing(struct engine *engine, struct ssql_error *error)
{
    struct ssql_error flush_error = {0};

    if (atomic_load(&engine->has_failed) || wal_failed(engine->wal, NULL))
        return engine_check_writable(engine, error);
    engine_collect_dropped(engine);
    bool is_flushed = !log_is_long(engine) || engine_flush(engine, &flush_error);
    if (!atomic_load(&engine->run_is_named)) {
        if (!is_flushed && error != NULL)
            *error = flush_error;
        return is_flushed;
    }
    if (!wal_finish(engine->wal, error))
        return false;
    engine->log_is_finished = true;
    if (!engine_change_manifest(engine, &(struct manifest_change){0}, error))
        return false;
    if (!is_flushed && error != NULL)
        *error = flush_error;
    return is_flushed;
}

bool engine_close(struct engine *engine, struct ssql_error *error)
{
    if (engine == NULL)
        return true;
    engine_stop_background(engine);
    bool is_done = engine->is_read_only || finish_writing(engine, error);
    /* The manifest named our run, and does so no longer: then that last change of it went well. */
    if (engine->log_is_finished && !engine->log_is_needed) {
        wal_destroy(engine->wal);
        engine->wal = NULL;
        engine_delete_orphans(engine);
    }
    engine_destroy(engine);
    return is_done;
}

/* ---- failure ---- */

bool engine_fail(struct engine *engine, enum ssql_code code, const char *what, const struct ssql_error *cause,
                 struct ssql_error *error)
{
    pthread_mutex_lock(&engine->background_mutex);
    if (!atomic_load(&engine->has_failed)) {
        error_set(&engine->failure, code, NO_SPAN, "%s: %s", what, cause->message);
        error_hint(&engine->failure, "close and open the database again");
        atomic_store(&engine->has_failed, true);
    }
    if (error != NULL)
        *error = engine->failure;
    pthread_cond_broadcast(&engine->progress);
    pthread_mutex_unlock(&engine->background_mutex);
    return false;
}

bool engine_check_writable(struct engine *engine, struct ssql_error *error)
{
    if (engine->is_read_only)
        return error_set(error, SSQL_READ_ONLY, NO_SPAN, "the database is open for reading only");
    if (atomic_load(&engine->has_failed)) {
        pthread_mutex_lock(&engine->background_mutex);
        if (error != NULL)
            *error = engine->failure;
        pthread_mutex_unlock(&engine->background_mutex);
        return false;
    }
    return engine->wal == NULL || !wal_failed(engine->wal, error);
}

bool engine_is_read_only(const struct engine *engine)
{
    return engine->is_read_only;
}

bool engine_is_closing(const struct engine *engine)
{
    return atomic_load_explicit(&engine->is_closing, memory_order_relaxed);
}

/* ---- durability ---- */

void engine_publish_durable(struct engine *engine, uint64_t sequence)
{
    atomic_raise_unsigned(&engine->durable, sequence);
}

const atomic_uint_least64_t *engine_newest(const struct engine *engine, bool is_deferred)
{
    return engine->options.sync == SYNC_FULL && !is_deferred ? &engine->durable : &engine->committed;
}

bool engine_sync(struct engine *engine, struct ssql_error *error)
{
    if (engine->wal == NULL || atomic_load(&engine->durable) >= atomic_load(&engine->committed))
        return true;
    pthread_mutex_lock(&engine->commit_mutex);
    uint64_t sequence = atomic_load(&engine->committed);
    uint64_t position = wal_appended_position(engine->wal);
    pthread_mutex_unlock(&engine->commit_mutex);
    if (!wal_sync_to(engine->wal, position, error))
        return false;
    engine_publish_durable(engine, sequence);
    return true;
}

uint64_t engine_oldest_snapshot(struct engine *engine)
{
    return snapshot_oldest(&engine->snapshots, atomic_load(engine_newest(engine, false)));
}

/* ---- flush and compaction, asked for ---- */

bool engine_flush(struct engine *engine, struct ssql_error *error)
{
    if (!engine_check_writable(engine, error))
        return false;
    pthread_mutex_lock(&engine->commit_mutex);
    bool is_frozen = engine_freeze_all(engine, error);
    pthread_mutex_unlock(&engine->commit_mutex);
    return is_frozen && engine_flush_frozen(engine, error);
}

bool engine_compact(struct engine *engine, struct ssql_error *error)
{
    return engine_flush(engine, error) && engine_compact_due(engine, true, error);
}

/* ---- small answers ---- */

struct memory_budget *engine_work_budget(struct engine *engine)
{
    return &engine->work_budget;
}

struct worker_pool *engine_workers(struct engine *engine)
{
    return engine->workers;
}

struct volume *engine_volume(struct engine *engine)
{
    return engine->volume;
}

const struct engine_options *engine_get_options(const struct engine *engine)
{
    return &engine->options;
}

void engine_new_file_name(struct engine *engine, uint32_t table_id, char name[SSTABLE_NAME_SIZE])
{
    assert(atomic_load(&engine->epoch_is_claimed));
    snprintf(name, SSTABLE_NAME_SIZE, "tables/%u/sst-%llu-%llu", table_id, (unsigned long long)engine->epoch,
             (unsigned long long)atomic_fetch_add(&engine->next_file_number, 1));
}

struct sstable_writer_options engine_writer_options(const struct engine *engine, uint64_t expected_rows)
{
    return (struct sstable_writer_options){.block_rows = engine->options.block_rows,
                                           .block_bytes = engine->options.block_bytes,
                                           .filter_bits = FILTER_BITS,
                                           .expected_rows = expected_rows,
                                           .compress = engine->options.compress};
}

static uint64_t count_file_rows(const struct table_version *version)
{
    uint64_t rows = 0;

    for (uint32_t level = 0; level < LEVELS; level++)
        for (uint32_t i = 0; i < version->file_count[level]; i++)
            rows += version->files[level][i]->info.row_count;
    return rows;
}

uint32_t engine_deep_filter_bits(struct engine *engine)
{
    struct block_cache_statistics cache;
    uint64_t rows = 1;
    uint32_t count;
    struct table **tables = engine_copy_tables(engine, &count);

    for (uint32_t i = 0; i < count; i++) {
        struct table_version *version = table_acquire_version(tables[i]);
        rows += count_file_rows(version);
        table_version_release(version);
    }
    engine_release_tables(tables, count);
    block_cache_read_statistics(engine->cache, &cache);
    uint64_t bits = 8 * (uint64_t)cache.capacity_bytes / FILTER_SHARE / rows;
    if (bits > FILTER_BITS)
        return FILTER_BITS;
    return bits < FILTER_BITS_LEAST ? FILTER_BITS_LEAST : (uint32_t)bits;
}

/* ---- statistics ---- */

uint64_t engine_bytes_logged(struct engine *engine)
{
    return engine->logged_before + (engine->wal == NULL ? 0 : wal_appended_position(engine->wal));
}

static uint64_t count_memtables(struct engine *engine)
{
    uint64_t count = 0;

    pthread_mutex_lock(&engine->tables_mutex);
    for (uint32_t i = 0; i < engine->table_count; i++) {
        struct table_version *version = table_acquire_version(engine->tables[i]);
        for (uint32_t j = 0; j < version->memtable_count; j++)
            count += memtable_version_count(version->memtables[j]) > 0;
        table_version_release(version);
    }
    pthread_mutex_unlock(&engine->tables_mutex);
    return count;
}

void engine_read_statistics(struct engine *engine, struct engine_statistics *statistics)
{
    struct block_cache_statistics cache;

    *statistics = (struct engine_statistics){
        .last_sequence = atomic_load(&engine->committed),
        .durable_sequence = atomic_load(&engine->durable),
        .memtable_bytes = atomic_load(&engine->active_bytes) + atomic_load(&engine->frozen_bytes),
        .work_bytes = atomic_load(&engine->work_budget.used_bytes),
        .flushes = atomic_load(&engine->flushes),
        .compactions = atomic_load(&engine->compactions),
        .written = {.flushed = atomic_load(&engine->bytes_flushed),
                    .compacted = atomic_load(&engine->bytes_compacted)},
        .bytes_logged = engine_bytes_logged(engine),
        .bytes_spilled = atomic_load(&engine->bytes_spilled),
        .stalls_us = atomic_load(&engine->stalls_us),
    };
    if (engine->wal != NULL) {
        struct wal_statistics wal;
        wal_read_statistics(engine->wal, &wal);
        statistics->wal_bytes = wal.bytes;
        statistics->wal_segments = wal_segments(engine->wal, NULL, 0);
        statistics->wal_syncs = wal.sync_count;
    }
    block_cache_read_statistics(engine->cache, &cache);
    statistics->cache_bytes = cache.used_bytes;
    statistics->cache_hits = cache.hits;
    statistics->cache_misses = cache.misses;
    statistics->filter_hits = cache.filter_hits;
    statistics->filter_misses = cache.filter_misses;
    statistics->memtables = count_memtables(engine);
    statistics->bytes_read = cache.bytes_inserted;
}

static void count_version(const struct table_version *version, struct table_statistics *statistics)
{
    uint64_t hidden = 0;

    for (uint32_t i = 0; i < version->memtable_count; i++)
        statistics->memtable_rows += memtable_version_count(version->memtables[i]);
    statistics->row_estimate = statistics->memtable_rows;
    for (uint32_t level = 0; level < LEVELS; level++) {
        statistics->file_count[level] = version->file_count[level];
        for (uint32_t i = 0; i < version->file_count[level]; i++) {
            const struct sstable_info *info = &version->files[level][i]->info;
            statistics->file_bytes[level] += info->size;
            statistics->file_rows[level] += info->row_count;
            statistics->row_estimate += info->row_count;
            hidden += 2 * info->tombstone_count; /* itself and what it hides */
            if (level == 0 && info->size > statistics->bottom_bytes)
                statistics->bottom_bytes = info->size;
        }
        if (level > 0 && version->file_count[level] > 0)
            statistics->bottom_bytes = statistics->file_bytes[level];
    }
    statistics->row_estimate -= hidden < statistics->row_estimate ? hidden : statistics->row_estimate;
}

bool engine_table_statistics(struct engine *engine, uint32_t table_id, struct table_statistics *statistics,
                             struct ssql_error *error)
{
    *statistics = (struct table_statistics){.table_id = table_id};
    pthread_mutex_lock(&engine->tables_mutex);
    struct table *table = engine_find_table(engine, table_id);
    if (table != NULL && atomic_load(&table->dropped_sequence) != UINT64_MAX)
        table = NULL;
    struct table_version *version = table == NULL ? NULL : table_acquire_version(table);
    const struct written_bytes written = table == NULL ? (struct written_bytes){0} : table_written(table);
    pthread_mutex_unlock(&engine->tables_mutex);
    if (version == NULL)
        return error_set(error, SSQL_UNKNOWN_TABLE, NO_SPAN, "there is no table with the number %u", table_id);
    count_version(version, statistics);
    statistics->written = written;
    table_version_release(version);
    return true;
}

uint64_t engine_last_commit(struct engine *engine, uint32_t table_id)
{
    pthread_mutex_lock(&engine->tables_mutex);
    struct table *table = engine_find_table(engine, table_id);
    uint64_t sequence = table == NULL ? 0 : atomic_load(&table->last_commit);
    pthread_mutex_unlock(&engine->tables_mutex);
    return sequence;
}
