/* Changes of the manifest: the one place where tables' files, the log's runs and the epoch become durable. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "storage/engine_internal.h"

enum { SPARE_MEMTABLES = 16 }; /* that may be frozen while a manifest is being written */

/* An edit on its way: what can fail is done before the manifest is swapped. */
struct prepared_edit {
    const struct table_edit *edit;
    struct written_bytes written;  /* to the added files */
    struct table_file **added;     /* retained; in the edit's order */
    struct table_version *planned; /* the files of the version to come; its memtables are filled in at the end */
    uint32_t memtable_room;
};

static const struct table_file *find_file(struct table_file *const *files, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(files[i]->info.name, name) == 0)
            return files[i];
    }
    return NULL;
}

static bool is_moved(const struct table_edit *edit, const char *name)
{
    for (uint32_t i = 0; i < edit->added_count; i++) {
        if (strcmp(edit->added[i].name, name) == 0)
            return true;
    }
    return false;
}

/* Opens the added files; one that only moves keeps its reader. */
static bool open_added(struct prepared_edit *prepared, struct ssql_error *error)
{
    const struct table_edit *edit = prepared->edit;

    prepared->added = calloc(edit->added_count + (size_t)1, sizeof *prepared->added);
    if (prepared->added == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < edit->added_count; i++) {
        struct table_file *moved =
            (struct table_file *)find_file(edit->removed, edit->removed_count, edit->added[i].name);
        if (moved != NULL) {
            table_file_retain(moved);
            prepared->added[i] = moved;
        } else if (!table_file_open(edit->table, &edit->added[i], &prepared->added[i], error)) {
            return false;
        }
    }
    return true;
}

static int compare_keys(const void *left, const void *right)
{
    const struct table_file *a = *(struct table_file *const *)left, *b = *(struct table_file *const *)right;

    return slice_compare(buffer_slice(&a->info.first_key), buffer_slice(&b->info.first_key));
}

/* Files of one sequence are parts of one run. */
static int compare_newest_first(const void *left, const void *right)
{
    uint64_t a = table_file_highest(*(struct table_file *const *)left);
    uint64_t b = table_file_highest(*(struct table_file *const *)right);

    return a == b ? compare_keys(left, right) : (a < b) - (a > b);
}

/* Files of one level after the edit, appended to `version`. */
static void plan_level(const struct prepared_edit *prepared, const struct table_version *current, uint32_t level,
                       struct table_version *version)
{
    const struct table_edit *edit = prepared->edit;

    for (uint32_t i = 0; i < current->file_count[level]; i++) {
        struct table_file *file = current->files[level][i];
        if (find_file(edit->removed, edit->removed_count, file->info.name) == NULL)
            table_version_add_file(version, level, file);
    }
    for (uint32_t i = 0; i < edit->added_count; i++) {
        if (edit->added_levels[i] == level)
            table_version_add_file(version, level, prepared->added[i]);
    }
    if (version->file_count[level] > 1)
        qsort(version->files[level], version->file_count[level], sizeof(struct table_file *),
              level == 0 ? compare_newest_first : compare_keys);
}

static uint32_t count_files(const struct table_version *version)
{
    uint32_t count = 0;

    for (uint32_t level = 0; level < LEVELS; level++)
        count += version->file_count[level];
    return count;
}

/* Under manifest_mutex, so that the current files stay what they are until the change is done. */
static bool plan_version(struct prepared_edit *prepared, struct ssql_error *error)
{
    struct table_version *current = table_acquire_version(prepared->edit->table);

    prepared->memtable_room = current->memtable_count + SPARE_MEMTABLES;
    prepared->planned =
        table_version_allocate(prepared->memtable_room, count_files(current) + prepared->edit->added_count);
    for (uint32_t level = 0; level < LEVELS && prepared->planned != NULL; level++)
        plan_level(prepared, current, level, prepared->planned);
    table_version_release(current);
    if (prepared->planned != NULL)
        return true;
    return error_no_memory(error);
}

static void clear_prepared(struct prepared_edit *prepared, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; prepared[i].added != NULL && j < prepared[i].edit->added_count; j++) {
            if (prepared[i].added[j] != NULL)
                table_file_release(prepared[i].added[j]);
        }
        free(prepared[i].added);
        table_version_release(prepared[i].planned);
    }
    free(prepared);
}

/* What comes without a file in whose place it would be, comes from memory. */
static struct written_bytes count_written(const struct table_edit *edit)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < edit->added_count; i++) {
        if (find_file(edit->removed, edit->removed_count, edit->added[i].name) == NULL)
            bytes += edit->added[i].size;
    }
    return edit->removed_count == 0 ? (struct written_bytes){.flushed = bytes}
                                    : (struct written_bytes){.compacted = bytes};
}

static struct written_bytes add_written(struct written_bytes left, struct written_bytes right)
{
    return (struct written_bytes){.flushed = left.flushed + right.flushed,
                                  .compacted = left.compacted + right.compacted};
}

/* ---- the manifest's bytes ---- */

/* What one manifest is made of, collected before it is written. */
struct manifest_picture {
    struct table **tables; /* retained; ids ascending */
    uint32_t table_count;
    struct manifest_header header;
    uint64_t catalog_position;
    uint64_t retire_below; /* no record below this sequence is needed any more */
    struct wal_run *runs;
    uint32_t run_count;
};

static const struct prepared_edit *find_edit(const struct prepared_edit *prepared, uint32_t count,
                                             const struct table *table)
{
    for (uint32_t i = 0; i < count; i++) {
        if (prepared[i].edit->table == table)
            return &prepared[i];
    }
    return NULL;
}

static int compare_ids(const void *left, const void *right)
{
    uint32_t a = (*(struct table *const *)left)->id, b = (*(struct table *const *)right)->id;

    return (a > b) - (a < b);
}

static bool is_among(struct table *const *tables, uint32_t count, const struct table *table)
{
    for (uint32_t i = 0; i < count; i++) {
        if (tables[i] == table)
            return true;
    }
    return false;
}

static bool collect_tables(struct engine *engine, const struct manifest_change *change,
                           struct manifest_picture *picture, struct ssql_error *error)
{
    pthread_mutex_lock(&engine->tables_mutex);
    picture->tables = calloc(engine->table_count + (size_t)change->created_count + 1, sizeof *picture->tables);
    for (uint32_t i = 0; i < engine->table_count && picture->tables != NULL; i++) {
        struct table *table = engine->tables[i];
        if (atomic_load(&table->dropped_sequence) == UINT64_MAX &&
            !is_among(change->dropped, change->dropped_count, table))
            picture->tables[picture->table_count++] = table;
    }
    for (uint32_t i = 0; i < change->created_count && picture->tables != NULL; i++)
        picture->tables[picture->table_count++] = change->created[i];
    for (uint32_t i = 0; i < picture->table_count; i++)
        table_retain(picture->tables[i]);
    picture->header.catalog_sequence =
        change->catalog_sequence != 0 ? change->catalog_sequence : engine->catalog_sequence;
    picture->catalog_position = engine->catalog_position;
    pthread_mutex_unlock(&engine->tables_mutex);
    if (picture->tables == NULL)
        return error_no_memory(error);
    qsort(picture->tables, picture->table_count, sizeof *picture->tables, compare_ids);
    return true;
}

/* Lowest sequence that is only in a table's memtables, `flushed` not counted; UINT64_MAX when there is none. */
static uint64_t lowest_in_memory(struct table *table, const struct memtable *flushed)
{
    struct table_version *version = table_acquire_version(table);
    uint64_t lowest = UINT64_MAX;

    for (uint32_t i = 0; i < version->memtable_count; i++) {
        uint64_t sequence = memtable_lowest_sequence(version->memtables[i]);
        if (version->memtables[i] != flushed && sequence < lowest)
            lowest = sequence;
    }
    table_version_release(version);
    return lowest;
}

static void find_retirement(const struct prepared_edit *prepared, uint32_t edit_count, struct manifest_picture *picture,
                            uint64_t committed)
{
    picture->retire_below = committed + 1;
    for (uint32_t i = 0; i < picture->table_count; i++) {
        const struct prepared_edit *edit = find_edit(prepared, edit_count, picture->tables[i]);
        uint64_t lowest = lowest_in_memory(picture->tables[i], edit == NULL ? NULL : edit->edit->flushed);
        if (lowest < picture->retire_below)
            picture->retire_below = lowest;
    }
}

static bool collect_runs(struct engine *engine, struct manifest_picture *picture, struct ssql_error *error)
{
    if (engine->wal == NULL) {
        picture->runs = malloc((engine->old_run_count + (size_t)1) * sizeof *picture->runs);
        if (picture->runs == NULL)
            return error_no_memory(error);
        assert(engine->old_run_count > 0); /* it is replayed, and flushed in between */
        memcpy(picture->runs, engine->old_runs, engine->old_run_count * sizeof *picture->runs);
        picture->run_count = engine->old_run_count;
        return true;
    }
    if (engine->log_is_finished && picture->retire_below > atomic_load(&engine->committed))
        return true;
    size_t capacity = wal_runs(engine->wal, picture->retire_below, NULL, 0);
    picture->runs = malloc((capacity + 1) * sizeof *picture->runs);
    if (picture->runs == NULL)
        return error_no_memory(error);
    size_t count = wal_runs(engine->wal, picture->retire_below, picture->runs, capacity);
    assert(count <= capacity); /* only changes of the manifest add one */
    picture->run_count = (uint32_t)count;
    return true;
}

static uint64_t highest_of(uint64_t left, uint64_t right)
{
    return left > right ? left : right;
}

static bool take_picture(struct engine *engine, const struct manifest_change *change,
                         const struct prepared_edit *prepared, struct manifest_picture *picture,
                         struct ssql_error *error)
{
    /* Read first: what is committed later is above it, and is kept in the log by that. */
    uint64_t committed = atomic_load(&engine->committed);
    struct manifest_header *header = &picture->header;

    if (!collect_tables(engine, change, picture, error))
        return false;
    find_retirement(prepared, change->edit_count, picture, committed);
    if (!collect_runs(engine, picture, error))
        return false;
    memcpy(header->database_id, engine->database_id, sizeof header->database_id);
    header->epoch = engine->epoch;
    header->next_file_number = atomic_load(&engine->next_file_number);
    header->next_table_id = atomic_load(&engine->next_table_id);
    header->last_sequence = highest_of(engine->manifest_last_sequence, header->catalog_sequence);
    header->last_sequence = highest_of(header->last_sequence, change->last_sequence);
    header->bytes_logged = engine_bytes_logged(engine);
    header->written = (struct written_bytes){.flushed = atomic_load(&engine->bytes_flushed),
                                             .compacted = atomic_load(&engine->bytes_compacted)};
    for (uint32_t i = 0; i < change->edit_count; i++) {
        header->written = add_written(header->written, prepared[i].written);
        if (change->edits[i].flushed != NULL)
            header->last_sequence = highest_of(header->last_sequence, change->edits[i].flushed_sequence);
    }
    return true;
}

static void encode_table(struct buffer *bytes, struct table *table, const struct prepared_edit *edit)
{
    struct table_version *current = table_acquire_version(table);
    const struct table_version *version = edit == NULL ? current : edit->planned;
    struct written_bytes written = table_written(table);
    uint64_t flushed_sequence = table->flushed_sequence;

    if (edit != NULL)
        written = add_written(written, edit->written);
    if (edit != NULL && edit->edit->flushed != NULL)
        flushed_sequence = highest_of(flushed_sequence, edit->edit->flushed_sequence);
    manifest_add_table(bytes, table->id, atomic_load(&table->created_sequence), flushed_sequence, written,
                       &table->format->layout, count_files(version));
    for (uint32_t level = 0; level < LEVELS; level++) {
        for (uint32_t i = 0; i < version->file_count[level]; i++)
            manifest_add_file(bytes, (uint8_t)level, &version->files[level][i]->info);
    }
    table_version_release(current);
}

static bool encode(const struct manifest_picture *picture, const struct prepared_edit *prepared, uint32_t edit_count,
                   struct buffer *bytes, struct ssql_error *error)
{
    manifest_begin(bytes, &picture->header, picture->runs, picture->run_count, picture->table_count);
    for (uint32_t i = 0; i < picture->table_count; i++)
        encode_table(bytes, picture->tables[i], find_edit(prepared, edit_count, picture->tables[i]));
    manifest_seal(bytes);
    if (!bytes->failed)
        return true;
    return error_no_memory(error);
}

static void clear_picture(struct manifest_picture *picture)
{
    engine_release_tables(picture->tables, picture->table_count);
    free(picture->runs);
}

/* ---- the change ---- */

static void delete_ignoring(struct engine *engine, const char *name)
{
    struct ssql_error ignored;

    enum volume_status status = object_delete(engine->volume, name, &ignored);
    (void)status; /* what stays is met again by the clean-up after a crash */
}

/* Swaps the register. An outcome that is not known, or another writer, ends this engine's writing for good. */
static bool swap(struct engine *engine, struct slice bytes, struct ssql_error *error)
{
    char object[VOLUME_NAME_SIZE];
    bool used_object = false;
    struct ssql_error cause = {0};

    snprintf(object, sizeof object, "tables/manifest-%llu-%llu", (unsigned long long)engine->epoch,
             (unsigned long long)atomic_fetch_add(&engine->next_file_number, 1));
    enum volume_status status =
        manifest_store(engine->volume, bytes, object, &engine->manifest_version, &used_object, &cause);
    if (status == VOLUME_OK) {
        if (engine->manifest_object[0] != '\0')
            delete_ignoring(engine, engine->manifest_object);
        snprintf(engine->manifest_object, sizeof engine->manifest_object, "%s", used_object ? object : "");
        return true;
    }
    if (status == VOLUME_UNKNOWN)
        return engine_fail(engine, SSQL_UNKNOWN_OUTCOME, "the manifest could not be written for certain", &cause,
                           error);
    if (status == VOLUME_CONFLICT || status == VOLUME_FENCED)
        return engine_fail(engine, SSQL_LOCKED, "another process has taken over the database", &cause, error);
    if (used_object)
        delete_ignoring(engine, object);
    if (error != NULL)
        *error = cause;
    return false;
}

/* Memtables of the current version but the flushed one. */
static void fill_memtables(struct prepared_edit *prepared, const struct table_version *current)
{
    for (uint32_t i = 0; i < current->memtable_count; i++) {
        if (current->memtables[i] == prepared->edit->flushed)
            continue;
        table_version_add_memtable(prepared->planned, current->memtables[i]);
    }
}

/* Makes room for memtables that were frozen while the manifest was being written, in case they are unusually many. */
static bool grow_planned(struct prepared_edit *prepared, const struct table_version *current)
{
    struct table_version *planned = prepared->planned;

    if (current->memtable_count <= prepared->memtable_room)
        return true;
    prepared->planned = table_version_allocate(current->memtable_count, count_files(planned));
    for (uint32_t level = 0; level < LEVELS && prepared->planned != NULL; level++)
        for (uint32_t i = 0; i < planned->file_count[level]; i++)
            table_version_add_file(prepared->planned, level, planned->files[level][i]);
    table_version_release(planned);
    return prepared->planned != NULL;
}

/* Makes the edit visible. `is_named`: the manifest that was just written has the table. When memory has run out, the
 * table stays as it was: its sources hold the same rows, and the caller sees to it that none of them is deleted. */
static bool install(struct prepared_edit *prepared, bool is_named)
{
    const struct table_edit *edit = prepared->edit;
    struct table *table = edit->table;

    pthread_mutex_lock(&table->mutex);
    if (!grow_planned(prepared, table->current)) {
        pthread_mutex_unlock(&table->mutex);
        return false;
    }
    fill_memtables(prepared, table->current);
    struct table_version *old = table_install_version(table, prepared->planned);
    pthread_mutex_unlock(&table->mutex);
    prepared->planned = NULL;

    for (uint32_t i = 0; i < edit->removed_count; i++) {
        if (!is_moved(edit, edit->removed[i]->info.name))
            atomic_store(&edit->removed[i]->obsolete, true);
    }
    /* A table that was dropped may have been let go of already: its new files go with this version. While a manifest
     * names them they must stay; then engine_collect_dropped comes to them after a later one. */
    for (uint32_t i = 0; !is_named && i < edit->added_count; i++)
        atomic_store(&prepared->added[i]->obsolete, true);
    if (edit->flushed != NULL)
        table->flushed_sequence = highest_of(table->flushed_sequence, edit->flushed_sequence);
    atomic_fetch_add(&table->bytes_flushed, prepared->written.flushed);
    atomic_fetch_add(&table->bytes_compacted, prepared->written.compacted);
    table_version_release(old);
    return true;
}

/* Creations and drops of a commit without a WAL record. */
static void enter_catalog_change(struct engine *engine, const struct manifest_change *change)
{
    if (change->catalog_sequence == 0)
        return;
    pthread_mutex_lock(&engine->tables_mutex);
    for (uint32_t i = 0; i < change->created_count; i++)
        engine_enter_table(engine, change->created[i]);
    for (uint32_t i = 0; i < change->dropped_count; i++) {
        atomic_store(&change->dropped[i]->dropped_sequence, change->catalog_sequence);
        engine->dropped_count++;
    }
    engine->catalog_sequence = change->catalog_sequence;
    pthread_mutex_unlock(&engine->tables_mutex);
}

/* A manifest without our run. */
static bool swap_first(struct engine *engine, struct ssql_error *error)
{
    struct manifest_change nothing = {0};
    struct manifest_picture picture = {0};
    struct buffer bytes = {0};
    bool is_done = take_picture(engine, &nothing, NULL, &picture, error) && encode(&picture, NULL, 0, &bytes, error) &&
                   swap(engine, buffer_slice(&bytes), error);

    clear_picture(&picture);
    buffer_clear(&bytes);
    return is_done;
}

/* Our run's first segment is there before the manifest names the run: so recovery can tell that it was lost. Nor is
 * there a log without a manifest, which would look like a database whose manifest was lost. */
static bool begin_run(struct engine *engine, struct ssql_error *error)
{
    if (engine->wal == NULL || atomic_load(&engine->run_is_named))
        return true;
    return (engine->manifest_version != 0 || swap_first(engine, error)) && wal_begin(engine->wal, error);
}

static bool change_locked(struct engine *engine, const struct manifest_change *change, struct prepared_edit *prepared,
                          struct ssql_error *error)
{
    struct manifest_picture picture = {0};
    struct buffer bytes = {0};
    bool is_done = engine_check_writable(engine, error) && begin_run(engine, error);

    for (uint32_t i = 0; is_done && i < change->edit_count; i++)
        is_done = plan_version(&prepared[i], error);
    is_done = is_done && take_picture(engine, change, prepared, &picture, error) &&
              encode(&picture, prepared, change->edit_count, &bytes, error) &&
              (engine->wal == NULL || wal_sync_to(engine->wal, picture.catalog_position, error)) &&
              swap(engine, buffer_slice(&bytes), error);
    bool is_installed = true;
    if (is_done) {
        engine->manifest_last_sequence = picture.header.last_sequence;
        engine->manifest_catalog_sequence = picture.header.catalog_sequence;
        atomic_store(&engine->bytes_flushed, picture.header.written.flushed);
        atomic_store(&engine->bytes_compacted, picture.header.written.compacted);
        engine->log_is_needed = picture.run_count > 0;
        for (uint32_t i = 0; i < change->edit_count; i++)
            is_installed &=
                install(&prepared[i], is_among(picture.tables, picture.table_count, change->edits[i].table));
        enter_catalog_change(engine, change);
        atomic_store(&engine->epoch_is_claimed, true);
        if (engine->wal != NULL)
            atomic_store(&engine->run_is_named, true);
    }
    uint64_t retire_below = picture.retire_below;
    clear_picture(&picture);
    buffer_clear(&bytes);
    struct ssql_error ignored;
    if (is_done && engine->wal != NULL) {
        bool is_retired = wal_retire_before(engine->wal, retire_below, &ignored);
        (void)is_retired; /* segments that nobody needs stay until the next clean-up */
    }
    if (is_installed)
        return is_done;
    error_no_memory(&ignored);
    return engine_fail(engine, SSQL_UNKNOWN_OUTCOME, "the manifest has changed, but memory has not", &ignored, error);
}

bool engine_change_manifest(struct engine *engine, const struct manifest_change *change, struct ssql_error *error)
{
    struct prepared_edit *prepared = calloc(change->edit_count + (size_t)1, sizeof *prepared);
    bool is_done = true;

    if (prepared == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < change->edit_count; i++)
        prepared[i] = (struct prepared_edit){.edit = &change->edits[i], .written = count_written(&change->edits[i])};
    for (uint32_t i = 0; is_done && i < change->edit_count; i++)
        is_done = open_added(&prepared[i], error);
    if (is_done) {
        pthread_mutex_lock(&engine->manifest_mutex);
        is_done = change_locked(engine, change, prepared, error);
        pthread_mutex_unlock(&engine->manifest_mutex);
    }
    clear_prepared(prepared, change->edit_count);
    return is_done;
}

bool engine_apply_edits(struct engine *engine, const struct table_edit *edits, uint32_t edit_count,
                        struct ssql_error *error)
{
    return engine_change_manifest(engine, &(struct manifest_change){.edits = edits, .edit_count = edit_count}, error);
}

bool engine_claim_epoch(struct engine *engine, struct ssql_error *error)
{
    if (atomic_load(&engine->epoch_is_claimed) && (engine->wal == NULL || atomic_load(&engine->run_is_named)))
        return true;
    return engine_change_manifest(engine, &(struct manifest_change){0}, error);
}
