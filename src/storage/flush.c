/* From active memtables to files: freezing, the queue, and the flush itself. */
#include <assert.h>
#include <stdlib.h>

#include "storage/engine_internal.h"
#include "storage/flush_output.h"

enum {
    FLUSH_BATCH = 32,      /* memtables that share one change of the manifest */
    LOG_SEGMENTS_MOST = 8, /* live ones, before the oldest is made free */
};

/* ---- freezing ---- */

void engine_count_active(struct engine *engine, struct table *table)
{
    size_t bytes = memtable_memory_bytes(table->active);

    atomic_fetch_add_explicit(&engine->active_bytes, bytes - table->active_bytes, memory_order_relaxed);
    table->active_bytes = bytes;
}

static void enqueue(struct engine *engine, struct frozen_memtable *frozen)
{
    pthread_mutex_lock(&engine->background_mutex);
    if (engine->frozen_last == NULL)
        engine->frozen_first = frozen;
    else
        engine->frozen_last->next = frozen;
    engine->frozen_last = frozen;
    atomic_fetch_add(&engine->frozen_bytes, frozen->bytes);
    pthread_cond_signal(&engine->flush_wanted);
    pthread_mutex_unlock(&engine->background_mutex);
}

bool engine_freeze_table(struct engine *engine, struct table *table, struct ssql_error *error)
{
    assert(table->active != NULL);
    if (memtable_version_count(table->active) == 0)
        return true;
    struct frozen_memtable *frozen = calloc(1, sizeof *frozen);
    if (frozen == NULL)
        return error_no_memory(error);
    engine_count_active(engine, table);
    frozen->table = table;
    frozen->memtable = table->active;
    frozen->bytes = table->active_bytes;
    /* While the log is replayed, `committed` may be ahead: other tables' files hold later commits. */
    frozen->through_sequence = engine->wal == NULL ? engine->replayed_through : atomic_load(&engine->committed);
    frozen->log_position = engine->wal == NULL ? 0 : wal_appended_position(engine->wal);
    table_retain(table);
    memtable_retain(frozen->memtable);
    table->active = NULL;
    table->active_bytes = 0;
    table->expected_keys = memtable_version_count(frozen->memtable);
    atomic_fetch_sub_explicit(&engine->active_bytes, frozen->bytes, memory_order_relaxed);
    enqueue(engine, frozen);
    return true;
}

/* Borrowed; tables leave the list only when dropped, and then still live while their memtables are queued. */
static struct table *largest_active(struct engine *engine)
{
    struct table *largest = NULL;

    pthread_mutex_lock(&engine->tables_mutex);
    for (uint32_t i = 0; i < engine->table_count; i++) {
        struct table *table = engine->tables[i];
        if (table->active != NULL && (largest == NULL || table->active_bytes > largest->active_bytes))
            largest = table;
    }
    if (largest != NULL)
        table_retain(largest);
    pthread_mutex_unlock(&engine->tables_mutex);
    return largest;
}

/* Freezes the largest until a good part of the budget is free again: with many small tables, many of them at a time. */
static void freeze_largest(struct engine *engine, struct ssql_error *error)
{
    size_t high = engine->memtable_budget_bytes / 2, low = high / 4 * 3;

    if (atomic_load_explicit(&engine->active_bytes, memory_order_relaxed) <= high)
        return;
    while (atomic_load_explicit(&engine->active_bytes, memory_order_relaxed) > low) {
        struct table *table = largest_active(engine);
        if (table == NULL)
            return;
        bool is_frozen = engine_freeze_table(engine, table, error) && table->active == NULL;
        table_release(table);
        if (!is_frozen)
            return;
    }
}

/* Freezes every memtable that holds the log's oldest segment back. */
static bool freeze_oldest(struct engine *engine, uint64_t through_sequence, struct ssql_error *error)
{
    uint32_t count;
    struct table **tables = engine_copy_tables(engine, &count);
    bool is_done = true;

    if (tables == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < count && is_done; i++) {
        struct memtable *active = tables[i]->active;
        if (active != NULL && memtable_lowest_sequence(active) <= through_sequence)
            is_done = engine_freeze_table(engine, tables[i], error);
    }
    engine_release_tables(tables, count);
    return is_done;
}

static bool limit_log(struct engine *engine, struct ssql_error *error)
{
    struct wal_segment segments[LOG_SEGMENTS_MOST * 2];
    uint64_t position = wal_appended_position(engine->wal), bytes = 0;

    if (position < engine->next_log_check)
        return true;
    engine->next_log_check = position + engine->memtable_budget_bytes / 8;
    size_t count = wal_segments(engine->wal, segments, LOG_SEGMENTS_MOST * 2);
    for (size_t i = 0; i < count && i < LOG_SEGMENTS_MOST * 2; i++)
        bytes += segments[i].size;
    if (count < LOG_SEGMENTS_MOST && bytes <= 2 * (uint64_t)engine->memtable_budget_bytes)
        return true;
    /* Half of the segments: the flush of a small memtable for each single one would be the dearer way. */
    size_t half = (count < LOG_SEGMENTS_MOST * 2 ? count : LOG_SEGMENTS_MOST * 2) / 2;
    return half == 0 || freeze_oldest(engine, segments[half - 1].last_sequence, error);
}

void engine_freeze_due(struct engine *engine)
{
    struct ssql_error ignored;

    freeze_largest(engine, &ignored);
    if (!limit_log(engine, &ignored))
        engine->next_log_check = 0; /* out of memory: the next commit tries again */
}

bool engine_freeze_all(struct engine *engine, struct ssql_error *error)
{
    return freeze_oldest(engine, UINT64_MAX, error);
}

void engine_clear_frozen(struct engine *engine)
{
    while (engine->frozen_first != NULL) {
        struct frozen_memtable *frozen = engine->frozen_first;
        engine->frozen_first = frozen->next;
        memtable_release(frozen->memtable);
        table_release(frozen->table);
        free(frozen);
    }
    engine->frozen_last = NULL;
    atomic_store(&engine->frozen_bytes, 0);
}

/* ---- writing ---- */

/* Writes a memtable, without the versions that no snapshot can see. */
static bool write_memtable(const struct frozen_memtable *frozen, struct flush_output *output, struct ssql_error *error)
{
    uint64_t oldest = engine_oldest_snapshot(frozen->table->engine);
    struct memtable_iterator iterator;
    struct slice last_key = {0};
    uint64_t last_sequence = 0;

    memtable_iterator_init(&iterator, frozen->memtable, UINT64_MAX, true);
    memtable_iterator_seek(&iterator, (struct slice){0});
    for (; iterator.is_valid; memtable_iterator_next(&iterator)) {
        const struct memtable_version *current = &iterator.current;
        bool is_same_key = last_key.data != NULL && slice_equal(current->key, last_key);
        bool is_hidden = is_same_key && last_sequence <= oldest;

        last_key = current->key;
        last_sequence = current->sequence;
        if (!is_hidden && !flush_output_add(output, current->key, current->row, current->sequence, !is_same_key, error))
            return false;
    }
    return flush_output_finish(output, error);
}

/* Up to FLUSH_BATCH memtables from the queue's front, each of another table. They stay in the queue. */
static uint32_t peek_batch(struct engine *engine, struct frozen_memtable **batch)
{
    uint32_t count = 0;

    pthread_mutex_lock(&engine->background_mutex);
    for (struct frozen_memtable *frozen = engine->frozen_first; frozen != NULL && count < FLUSH_BATCH;
         frozen = frozen->next) {
        for (uint32_t i = 0; i < count; i++) {
            if (batch[i]->table == frozen->table)
                goto done;
        }
        batch[count++] = frozen;
    }
done:
    pthread_mutex_unlock(&engine->background_mutex);
    return count;
}

static void dequeue(struct engine *engine, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        pthread_mutex_lock(&engine->background_mutex);
        struct frozen_memtable *frozen = engine->frozen_first;
        engine->frozen_first = frozen->next;
        if (engine->frozen_first == NULL)
            engine->frozen_last = NULL;
        atomic_fetch_sub(&engine->frozen_bytes, frozen->bytes);
        pthread_mutex_unlock(&engine->background_mutex);
        memtable_release(frozen->memtable);
        table_release(frozen->table);
        free(frozen);
    }
}

static bool is_dropped(const struct table *table)
{
    return atomic_load(&table->dropped_sequence) != UINT64_MAX;
}

/* Enters what was written; the outputs are given up when that fails. */
static bool apply_batch(struct engine *engine, struct frozen_memtable *const *batch, struct flush_output *outputs,
                        uint32_t count, struct ssql_error *error)
{
    static const uint8_t level_zero[1024];
    struct table_edit edits[FLUSH_BATCH];
    uint32_t edit_count = 0;
    uint64_t position = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (batch[i]->log_position > position)
            position = batch[i]->log_position;
        if (is_dropped(batch[i]->table) && outputs[i].info_count == 0)
            continue;
        if (outputs[i].info_count > sizeof level_zero)
            return error_set(error, SSQL_TOO_LARGE, NO_SPAN, "a memtable was cut into more than %zu files",
                             sizeof level_zero);
        edits[edit_count++] = (struct table_edit){.table = batch[i]->table,
                                                  .added = outputs[i].infos,
                                                  .added_levels = level_zero,
                                                  .added_count = outputs[i].info_count,
                                                  .flushed = batch[i]->memtable,
                                                  .flushed_sequence = batch[i]->through_sequence};
    }
    if (engine->wal != NULL && !wal_sync_to(engine->wal, position, error))
        return false;
    return edit_count == 0 || engine_apply_edits(engine, edits, edit_count, error);
}

static bool flush_batch(struct engine *engine, struct frozen_memtable *const *batch, uint32_t count,
                        struct ssql_error *error)
{
    struct flush_output outputs[FLUSH_BATCH];
    bool is_done = true;

    for (uint32_t i = 0; i < count; i++)
        flush_output_init(&outputs[i], batch[i]->table, memtable_version_count(batch[i]->memtable));
    for (uint32_t i = 0; i < count && is_done; i++)
        is_done = is_dropped(batch[i]->table) || write_memtable(batch[i], &outputs[i], error);
    is_done = is_done && apply_batch(engine, batch, outputs, count, error);
    for (uint32_t i = 0; i < count; i++) {
        if (is_done)
            flush_output_clear(&outputs[i]);
        else
            flush_output_abandon(&outputs[i]);
    }
    if (is_done)
        atomic_fetch_add(&engine->flushes, count);
    return is_done;
}

static bool flush_queue(struct engine *engine, struct ssql_error *error)
{
    struct frozen_memtable *batch[FLUSH_BATCH];
    uint32_t count;

    while ((count = peek_batch(engine, batch)) > 0) {
        if (!engine_check_writable(engine, error) || !engine_claim_epoch(engine, error) ||
            !flush_batch(engine, batch, count, error))
            return false;
        dequeue(engine, count);
        pthread_mutex_lock(&engine->background_mutex);
        pthread_cond_broadcast(&engine->progress);
        pthread_mutex_unlock(&engine->background_mutex);
    }
    return true;
}

bool engine_flush_frozen(struct engine *engine, struct ssql_error *error)
{
    struct ssql_error own = {0};

    pthread_mutex_lock(&engine->flush_mutex);
    pthread_mutex_lock(&engine->background_mutex);
    engine->flush_is_running = true;
    pthread_mutex_unlock(&engine->background_mutex);
    bool is_done = flush_queue(engine, &own);
    pthread_mutex_lock(&engine->background_mutex);
    engine->flush_is_running = false;
    engine->flush_is_urgent = false;
    engine->flush_attempts++;
    engine->flush_error = own;
    if (is_done) {
        error_clear(&engine->flush_error);
        engine_want_compaction(engine);
    }
    pthread_cond_broadcast(&engine->progress);
    pthread_mutex_unlock(&engine->background_mutex);
    pthread_mutex_unlock(&engine->flush_mutex);
    if (!is_done && error != NULL)
        *error = own;
    return is_done;
}
