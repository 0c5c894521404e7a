#include <assert.h>
#include <stdlib.h>

#include "storage/engine_internal.h"
#include "storage/scan_range.h"
#include "storage/transaction.h"

/* ---- files ---- */

bool table_file_open(struct table *table, const struct sstable_info *info, struct table_file **out,
                     struct ssql_error *error)
{
    struct table_file *file = calloc(1, sizeof *file);

    *out = NULL;
    if (file == NULL)
        return error_no_memory(error);
    file->engine = table->engine;
    atomic_init(&file->references, 1);
    atomic_init(&file->obsolete, false);
    if (!sstable_info_copy(&file->info, info, error))
        goto failed;
    if (!sstable_open(table->engine->volume, table->engine->cache, table->format, info, &file->sstable, error))
        goto failed;
    *out = file;
    return true;
failed:
    sstable_info_clear(&file->info);
    free(file);
    return false;
}

void table_file_retain(struct table_file *file)
{
    atomic_fetch_add_explicit(&file->references, 1, memory_order_relaxed);
}

/* After a change of unknown outcome nothing is deleted: the manifest might still name it. An object that cannot be
 * deleted is met again by the clean-up of the next open after a crash. */
static void delete_object(struct table_file *file)
{
    struct ssql_error ignored;

    assert(!file->engine->is_read_only);
    if (!atomic_load(&file->engine->has_failed))
        (void)!object_delete(file->engine->volume, file->info.name, &ignored);
}

void table_file_release(struct table_file *file)
{
    if (atomic_fetch_sub_explicit(&file->references, 1, memory_order_acq_rel) != 1)
        return;
    sstable_close(file->sstable);
    if (atomic_load(&file->obsolete))
        delete_object(file);
    sstable_info_clear(&file->info);
    free(file);
}

uint64_t table_file_highest(const struct table_file *file)
{
    return file->info.base_sequence != 0 ? file->info.base_sequence : file->info.highest_sequence;
}

/* ---- versions ---- */

struct table_version *table_version_allocate(uint32_t memtable_capacity, uint32_t file_capacity)
{
    size_t pointers = memtable_capacity + 2 * (size_t)file_capacity;
    struct table_version *version =
        calloc(1, sizeof *version + pointers * sizeof(void *) + file_capacity * sizeof *version->runs);

    if (version == NULL)
        return NULL;
    atomic_init(&version->references, 1);
    version->memtables = (struct memtable **)(version + 1);
    version->files[0] = (struct table_file **)(version->memtables + memtable_capacity);
    version->run_files = version->files[0] + file_capacity;
    version->runs = (struct file_run *)(version->run_files + file_capacity);
    return version;
}

void table_version_add_memtable(struct table_version *version, struct memtable *memtable)
{
    memtable_retain(memtable);
    version->memtables[version->memtable_count++] = memtable;
}

static void widen_key_range(struct table_version *version, const struct table_file *file)
{
    struct slice first = buffer_slice(&file->info.first_key), last = buffer_slice(&file->info.last_key);

    if (version->first_key.data == NULL || slice_compare(first, version->first_key) < 0)
        version->first_key = first;
    if (version->last_key.data == NULL || slice_compare(last, version->last_key) > 0)
        version->last_key = last;
}

void table_version_find_key_range(struct table_version *version)
{
    version->first_key = version->last_key = slice_make(NULL, 0);
    for (uint32_t level = 0; level < LEVELS; level++)
        for (uint32_t i = 0; i < version->file_count[level]; i++)
            widen_key_range(version, version->files[level][i]);
}

void table_version_find_runs(struct table_version *version)
{
    uint32_t count = version->file_count[0];

    version->run_count = 0;
    for (uint32_t begin = 0; begin < count; begin += version->runs[version->run_count++].count) {
        struct file_run *run = &version->runs[version->run_count];
        run->files = version->run_files + begin;
        run->count = files_run_length(version->files[0] + begin, count - begin);
        memcpy(run->files, version->files[0] + begin, run->count * sizeof(struct table_file *));
        files_sort(run->files, run->count);
    }
}

void table_version_add_file(struct table_version *version, uint32_t level, struct table_file *file)
{
    uint32_t total = 0;

    for (uint32_t i = 0; i < LEVELS; i++) {
        assert(i <= level || version->file_count[i] == 0);
        total += version->file_count[i];
    }
    if (version->file_count[level] == 0)
        version->files[level] = version->files[0] + total;
    table_file_retain(file);
    version->files[level][version->file_count[level]++] = file;
    widen_key_range(version, file);
}

void table_version_release(struct table_version *version)
{
    if (version == NULL || atomic_fetch_sub_explicit(&version->references, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < version->memtable_count; i++)
        memtable_release(version->memtables[i]);
    for (uint32_t level = 0; level < LEVELS; level++) {
        for (uint32_t i = 0; i < version->file_count[level]; i++)
            table_file_release(version->files[level][i]);
    }
    free(version);
}

struct table_version *table_acquire_version(struct table *table)
{
    pthread_mutex_lock(&table->mutex);
    struct table_version *version = table->current;
    atomic_fetch_add_explicit(&version->references, 1, memory_order_relaxed);
    pthread_mutex_unlock(&table->mutex);
    return version;
}

struct table_version *table_install_version(struct table *table, struct table_version *version)
{
    struct table_version *old = table->current;

    table_version_find_runs(version);
    table->current = version;
    atomic_store_explicit(&table->level0_count, version->run_count, memory_order_relaxed);
    return old;
}

/* ---- tables ---- */

bool table_create(struct engine *engine, uint32_t id, const struct table_layout *layout, uint64_t created_sequence,
                  struct table **out, struct ssql_error *error)
{
    struct table *table = calloc(1, sizeof *table);

    *out = NULL;
    if (table == NULL)
        return error_no_memory(error);
    table->engine = engine;
    table->id = id;
    atomic_init(&table->references, 1);
    atomic_init(&table->last_commit, 0);
    atomic_init(&table->created_sequence, created_sequence);
    atomic_init(&table->dropped_sequence, UINT64_MAX);
    atomic_init(&table->next_row_number, 1);
    table->current = table_version_allocate(0, 0);
    if (table->current == NULL) {
        free(table);
        return error_no_memory(error);
    }
    if (!row_format_create(layout, &table->format, error)) {
        table_version_release(table->current);
        free(table);
        return false;
    }
    pthread_mutex_init(&table->mutex, NULL);
    *out = table;
    return true;
}

void table_retain(struct table *table)
{
    atomic_fetch_add_explicit(&table->references, 1, memory_order_relaxed);
}

void table_release(struct table *table)
{
    if (atomic_fetch_sub_explicit(&table->references, 1, memory_order_acq_rel) != 1)
        return;
    table_version_release(table->current);
    pthread_mutex_destroy(&table->mutex);
    row_format_destroy(table->format);
    free(table);
}

bool table_make_active(struct table *table, struct ssql_error *error)
{
    struct memtable *memtable;

    if (table->active != NULL)
        return true;
    if (!memtable_create(table->format, &memtable, error))
        return false;
    memtable_expect(memtable, table->expected_keys);
    pthread_mutex_lock(&table->mutex);
    const struct table_version *old = table->current;
    uint32_t file_count = 0;
    for (uint32_t level = 0; level < LEVELS; level++)
        file_count += old->file_count[level];
    struct table_version *version = table_version_allocate(old->memtable_count + 1, file_count);
    struct table_version *replaced = NULL;
    if (version != NULL) {
        table_version_add_memtable(version, memtable);
        for (uint32_t i = 0; i < old->memtable_count; i++)
            table_version_add_memtable(version, old->memtables[i]);
        for (uint32_t level = 0; level < LEVELS; level++) {
            for (uint32_t i = 0; i < old->file_count[level]; i++)
                table_version_add_file(version, level, old->files[level][i]);
        }
        replaced = table_install_version(table, version);
        table->active = memtable;
        table->active_bytes = 0;
    }
    pthread_mutex_unlock(&table->mutex);
    table_version_release(replaced);
    memtable_release(memtable);
    if (version == NULL)
        return error_no_memory(error);
    return true;
}

const struct row_format *table_row_format(const struct table *table)
{
    return table->format;
}

uint64_t table_last_commit(const struct table *table)
{
    return atomic_load_explicit(&table->last_commit, memory_order_acquire);
}

/* ---- the list of tables ---- */

/* First index whose table has an id >= `id`. */
static uint32_t find_index(const struct engine *engine, uint32_t id)
{
    uint32_t low = 0, high = engine->table_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (engine->tables[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct table *engine_find_table(struct engine *engine, uint32_t id)
{
    uint32_t index = find_index(engine, id);

    return index < engine->table_count && engine->tables[index]->id == id ? engine->tables[index] : NULL;
}

bool engine_reserve_tables(struct engine *engine, uint32_t count, struct ssql_error *error)
{
    uint32_t needed = engine->table_count + count;

    if (needed <= engine->table_capacity)
        return true;
    uint32_t capacity = needed * 2;
    struct table **tables = realloc(engine->tables, capacity * sizeof *tables);
    if (tables == NULL)
        return error_no_memory(error);
    engine->tables = tables;
    engine->table_capacity = capacity;
    return true;
}

void engine_enter_table(struct engine *engine, struct table *table)
{
    uint32_t index = find_index(engine, table->id);

    assert(engine->table_count < engine->table_capacity);
    memmove(engine->tables + index + 1, engine->tables + index, (engine->table_count - index) * sizeof table);
    engine->tables[index] = table;
    engine->table_count++;
    table_retain(table);
}

struct table **engine_copy_tables(struct engine *engine, uint32_t *count)
{
    pthread_mutex_lock(&engine->tables_mutex);
    struct table **tables = malloc((engine->table_count + (size_t)1) * sizeof *tables);
    *count = tables == NULL ? 0 : engine->table_count;
    for (uint32_t i = 0; i < *count; i++) {
        tables[i] = engine->tables[i];
        table_retain(tables[i]);
    }
    pthread_mutex_unlock(&engine->tables_mutex);
    return tables;
}

void engine_release_tables(struct table **tables, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        table_release(tables[i]);
    free(tables);
}

/* ---- dropped tables ---- */

static void mark_files_obsolete(struct table *table)
{
    struct table_version *version = table_acquire_version(table);

    for (uint32_t level = 0; level < LEVELS; level++) {
        for (uint32_t i = 0; i < version->file_count[level]; i++)
            atomic_store(&version->files[level][i]->obsolete, true);
    }
    table_version_release(version);
}

/* Takes one table off the list that was dropped at or before `oldest`; NULL when there is none. */
static struct table *take_dropped(struct engine *engine, uint64_t oldest)
{
    struct table *taken = NULL;

    pthread_mutex_lock(&engine->tables_mutex);
    for (uint32_t i = 0; i < engine->table_count && engine->dropped_count > 0 && taken == NULL; i++) {
        uint64_t dropped_sequence = atomic_load(&engine->tables[i]->dropped_sequence);
        if (dropped_sequence > oldest)
            continue;
        taken = engine->tables[i];
        engine->table_count--;
        engine->dropped_count--;
        memmove(engine->tables + i, engine->tables + i + 1, (engine->table_count - i) * sizeof taken);
    }
    pthread_mutex_unlock(&engine->tables_mutex);
    return taken;
}

/* Whether the manifest does without everything dropped up to `sequence`; writes a new one if it has to. */
static bool manifest_is_past(struct engine *engine, uint64_t sequence)
{
    struct ssql_error ignored;

    pthread_mutex_lock(&engine->manifest_mutex);
    bool is_past = engine->manifest_catalog_sequence >= sequence;
    pthread_mutex_unlock(&engine->manifest_mutex);
    return is_past || engine_change_manifest(engine, &(struct manifest_change){0}, &ignored);
}

/* Lets go of what no snapshot needs, of the tables dropped at or before `through`. */
static void release_dropped(struct engine *engine, uint64_t through)
{
    struct table *table;
    uint64_t oldest = engine_oldest_snapshot(engine);
    if (oldest > through)
        oldest = through;
    while ((table = take_dropped(engine, oldest)) != NULL) {
        mark_files_obsolete(table);
        table_release(table);
    }
}

void engine_collect_dropped(struct engine *engine)
{
    pthread_mutex_lock(&engine->tables_mutex);
    bool has_dropped = engine->dropped_count > 0;
    uint64_t catalog_sequence = engine->catalog_sequence;
    pthread_mutex_unlock(&engine->tables_mutex);
    if (!has_dropped)
        return;
    if (manifest_is_past(engine, catalog_sequence))
        release_dropped(engine, catalog_sequence);
    pthread_mutex_lock(&engine->tables_mutex);
    uint32_t waiting = engine->dropped_count;
    pthread_mutex_unlock(&engine->tables_mutex);
    pthread_mutex_lock(&engine->background_mutex);
    engine->dropped_waiting = waiting;
    pthread_mutex_unlock(&engine->background_mutex);
}
