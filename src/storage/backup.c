#include "storage/backup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "storage/backup_internal.h"
#include "volume/volume_directory.h"

enum { CACHE_SIZE = 1 << 20 };

/* ---- the place ---- */

/* What is there, and whether a backup may be made of it. */
static bool look_at_place(struct backup *backup, struct ssql_error *error)
{
    const char *path = volume_path(backup->to);

    if (!manifest_load(backup->to, &backup->before, error) || !backup_mark_load(backup->to, &backup->mark, error))
        return false;
    const struct manifest *before = backup->before;
    if (before->version == 0)
        return true;
    if (!backup->options->is_incremental) {
        error_set(error, SSQL_CANNOT_OPEN, NO_SPAN, "there is a database in \"%s\" already", path);
        return error_hint(error, "give a path that is new or empty; an incremental backup renews one that is there");
    }
    if (backup->mark.version == 0) {
        error_set(error, SSQL_CANNOT_OPEN, NO_SPAN, "the database in \"%s\" is no backup", path);
        return error_hint(error, "give the path of a backup, or one that is new or empty");
    }
    if (memcmp(backup->mark.source_id, backup->engine->database_id, MANIFEST_ID_SIZE) != 0) {
        error_set(error, SSQL_CANNOT_OPEN, NO_SPAN, "\"%s\" is a backup of another database", path);
        return error_hint(error, "give the path of a backup of this one, or one that is new or empty");
    }
    if (backup_mark_covers(&backup->mark, &before->header))
        return true;
    error_set(error, SSQL_CANNOT_OPEN, NO_SPAN, "the backup in \"%s\" was opened and written to since it was made",
              path);
    return error_hint(error, "make a new backup in another place");
}

struct cleaning {
    const struct manifest *manifest;
    struct buffer names; /* each terminated */
};

static bool note_unnamed(void *context, const char *name, uint64_t size)
{
    struct cleaning *cleaning = context;

    (void)size;
    if (!manifest_names(cleaning->manifest, name))
        buffer_append(&cleaning->names, name, strlen(name) + 1);
    return !cleaning->names.failed;
}

/* Deletes objects that a manifest does not name, and logs: a backup has none. */
static bool delete_unnamed(struct backup *backup, const struct manifest *manifest, struct ssql_error *error)
{
    struct cleaning cleaning = {.manifest = manifest};
    bool is_done = volume_list(backup->to, note_unnamed, &cleaning, error) == VOLUME_OK;

    if (cleaning.names.failed)
        is_done = error_no_memory(error);
    for (size_t i = 0; is_done && i < cleaning.names.size; i += strlen((const char *)cleaning.names.data + i) + 1)
        is_done = object_delete(backup->to, (const char *)cleaning.names.data + i, error) == VOLUME_OK;
    buffer_clear(&cleaning.names);
    return is_done;
}

/* Before anything is written, the place says what it is going to be. */
static bool mark_place(struct backup *backup, struct ssql_error *error)
{
    struct backup_mark *mark = &backup->mark;
    const struct manifest_header *before = &backup->before->header;

    memcpy(mark->source_id, backup->engine->database_id, MANIFEST_ID_SIZE);
    memcpy(mark->current.database_id, before->database_id, MANIFEST_ID_SIZE);
    mark->current.epoch = before->epoch;
    mark->next = (struct backup_state){0};
    backup->is_begun = true;
    return backup_mark_store(backup->to, mark, error) && delete_unnamed(backup, backup->before, error);
}

/* ---- the moment ---- */

static int compare_ids(const void *left, const void *right)
{
    uint32_t a = ((const struct backup_table *)left)->table->id, b = ((const struct backup_table *)right)->table->id;

    return (a > b) - (a < b);
}

/* Under commit_mutex and tables_mutex. */
static void pin_tables(struct backup *backup)
{
    struct engine *engine = backup->engine;

    for (uint32_t i = 0; i < engine->table_count; i++) {
        struct table *table = engine->tables[i];
        if (atomic_load(&table->dropped_sequence) != UINT64_MAX)
            continue;
        table_retain(table);
        backup->tables[backup->table_count++] = (struct backup_table){
            .table = table,
            .version = table_acquire_version(table),
            .created_sequence = atomic_load(&table->created_sequence),
        };
    }
    qsort(backup->tables, backup->table_count, sizeof *backup->tables, compare_ids);
}

/* Takes the moment: with the commit lock, the versions of all tables show the same commits. No snapshot is held: files
 * never change, and memtables keep every version that was put into them. */
static bool take_moment(struct backup *backup, struct ssql_error *error)
{
    struct engine *engine = backup->engine;
    struct manifest_header *header = &backup->header;

    pthread_mutex_lock(&engine->commit_mutex);
    backup->result->sequence = atomic_load(&engine->committed);
    pthread_mutex_lock(&engine->tables_mutex);
    backup->tables = calloc(engine->table_count + (size_t)1, sizeof *backup->tables);
    if (backup->tables != NULL)
        pin_tables(backup);
    header->catalog_sequence = engine->catalog_sequence;
    pthread_mutex_unlock(&engine->tables_mutex);
    pthread_mutex_unlock(&engine->commit_mutex);

    /* An epoch that is not claimed yet is in no name. */
    header->epoch = atomic_load(&engine->epoch_is_claimed) ? engine->epoch : engine->epoch - 1;
    header->next_file_number = atomic_load(&engine->next_file_number);
    header->next_table_id = atomic_load(&engine->next_table_id);
    header->last_sequence = backup->result->sequence;
    if (header->next_file_number < backup->before->header.next_file_number)
        header->next_file_number = backup->before->header.next_file_number;
    if (getentropy(header->database_id, MANIFEST_ID_SIZE) != 0)
        return error_set(error, SSQL_IO, NO_SPAN, "the system gives no random bytes");
    if (backup->tables != NULL)
        return true;
    return error_no_memory(error);
}

static void begin_progress(struct backup *backup)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < backup->table_count; i++)
        for (uint32_t level = 0; level < LEVELS; level++)
            for (uint32_t j = 0; j < backup->tables[i].version->file_count[level]; j++)
                bytes += backup->tables[i].version->files[level][j]->info.size;
    if (backup->cancellation != NULL)
        progress_begin(backup->cancellation->progress, "backing up", (int64_t)bytes);
}

/* ---- the end ---- */

/* A backup is a new database: what was written to it is what it has. */
static struct written_bytes written_to(const struct backup_table *table)
{
    struct written_bytes written = {0};

    for (uint32_t i = 0; i < table->file_count; i++)
        written.flushed += table->files[i].info.size;
    return written;
}

static bool encode_manifest(struct backup *backup, struct buffer *bytes, struct ssql_error *error)
{
    backup->header.written = (struct written_bytes){.flushed = backup->result->byte_count};
    manifest_begin(bytes, &backup->header, NULL, 0, backup->table_count);
    for (uint32_t i = 0; i < backup->table_count; i++) {
        const struct backup_table *table = &backup->tables[i];
        manifest_add_table(bytes, table->table->id, table->created_sequence, backup->header.last_sequence,
                           written_to(table), &table->table->format->layout, table->file_count);
        for (uint32_t j = 0; j < table->file_count; j++)
            manifest_add_file(bytes, table->files[j].level, &table->files[j].info);
    }
    manifest_seal(bytes);
    if (!bytes->failed)
        return true;
    return error_no_memory(error);
}

/* The one step by which the backup becomes one. */
static bool store_manifest(struct backup *backup, struct slice bytes, const char *object, struct ssql_error *error)
{
    struct ssql_error cause = {0};
    bool used_object;
    enum volume_status status =
        manifest_store(backup->to, bytes, object, &backup->before->version, &used_object, &cause);

    if (status == VOLUME_OK)
        return true;
    backup->is_in_doubt = status == VOLUME_UNKNOWN;
    if (error != NULL)
        *error = cause;
    if (backup->is_in_doubt) {
        error_set(error, SSQL_UNKNOWN_OUTCOME, NO_SPAN, "the backup may or may not be finished: %s", cause.message);
        error_hint(error, "check the backup, or make it again");
    }
    return false;
}

/* The mark forgets the backup before. While it does not, both are known, and nothing is wrong. */
static void confirm(struct backup *backup)
{
    struct ssql_error ignored;

    backup->mark.current = backup->mark.next;
    backup->mark.next = (struct backup_state){0};
    if (!backup_mark_store(backup->to, &backup->mark, &ignored))
        error_clear(&ignored);
}

static bool publish(struct backup *backup, struct ssql_error *error)
{
    struct manifest_header *header = &backup->header;
    struct buffer bytes = {0};
    struct manifest *after = NULL;
    struct ssql_error ignored;
    char object[VOLUME_NAME_SIZE];

    snprintf(object, sizeof object, "tables/manifest-backup-%" PRIu64 "-%" PRIu64, header->epoch,
             header->next_file_number++);
    memcpy(backup->mark.next.database_id, header->database_id, MANIFEST_ID_SIZE);
    backup->mark.next.epoch = header->epoch;
    bool is_done = encode_manifest(backup, &bytes, error) && backup_mark_store(backup->to, &backup->mark, error) &&
                   store_manifest(backup, buffer_slice(&bytes), object, error);
    buffer_clear(&bytes);
    if (is_done)
        confirm(backup);
    /* What only the backup before needed costs space and nothing else. */
    if (is_done && backup->options->is_incremental && manifest_load(backup->to, &after, &ignored) &&
        !delete_unnamed(backup, after, &ignored))
        error_clear(&ignored);
    manifest_destroy(after);
    return is_done;
}

/* ---- all of it ---- */

static bool make_backup(struct backup *backup, struct ssql_error *error)
{
    if (!look_at_place(backup, error) || !mark_place(backup, error) || !take_moment(backup, error))
        return false;
    begin_progress(backup);
    for (uint32_t i = 0; i < backup->table_count; i++)
        if (!backup_table_files(backup, &backup->tables[i], error))
            return false;
    /* A crash of the database must not forget what its backup knows. */
    return engine_sync(backup->engine, error) && publish(backup, error);
}

static void clear_backup(struct backup *backup)
{
    for (uint32_t i = 0; i < backup->table_count; i++) {
        struct backup_table *table = &backup->tables[i];
        for (uint32_t j = 0; j < table->file_count; j++)
            sstable_info_clear(&table->files[j].info);
        free(table->files);
        table_version_release(table->version);
        table_release(table->table);
    }
    free(backup->tables);
    free(backup->piece);
    manifest_destroy(backup->before);
    block_cache_destroy(backup->cache);
}

/* After a failure: what was written for nothing goes. */
static void give_up(struct backup *backup)
{
    struct ssql_error ignored;

    if (!backup->is_begun || backup->is_in_doubt)
        return;
    if (!delete_unnamed(backup, backup->before, &ignored))
        error_clear(&ignored); /* the next backup meets it again */
}

bool engine_backup_to(struct engine *engine, struct volume *to, const struct backup_options *options,
                      struct cancellation *cancellation, struct backup_result *result, struct ssql_error *error)
{
    struct backup backup = {
        .engine = engine, .to = to, .options = options, .cancellation = cancellation, .result = result};

    *result = (struct backup_result){0};
    backup.piece = malloc(BACKUP_PIECE_SIZE);
    if (backup.piece == NULL)
        return error_no_memory(error);
    bool is_done = block_cache_create(CACHE_SIZE, &backup.cache, error) && make_backup(&backup, error);
    if (!is_done)
        give_up(&backup);
    clear_backup(&backup);
    return is_done;
}

bool engine_backup(struct engine *engine, const char *path, const struct backup_options *options,
                   struct cancellation *cancellation, struct backup_result *result, struct ssql_error *error)
{
    const struct volume_directory_options how = {.takes_unfinished = true};
    struct volume *to;

    *result = (struct backup_result){0};
    if (!volume_directory_open(path, &how, &to, error))
        return false;
    bool is_done = engine_backup_to(engine, to, options, cancellation, result, error);
    if (!is_done)
        volume_directory_discard(to);
    volume_close(to);
    return is_done;
}
