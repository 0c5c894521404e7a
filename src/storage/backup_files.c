/* The files of a backup: those of the database, linked or copied, and new ones for what only memtables hold. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "storage/backup_internal.h"
#include "storage/sstable_internal.h"

static struct progress *progress_of(const struct backup *backup)
{
    return backup->cancellation == NULL ? NULL : backup->cancellation->progress;
}

/* Reports and asks whether to go on, after `size` more bytes. */
static bool count_bytes(struct backup *backup, uint64_t size, struct ssql_error *error)
{
    struct progress *progress = progress_of(backup);

    if (progress != NULL)
        progress->done += (int64_t)size;
    return cancellation_check(backup->cancellation, error);
}

/* ---- the list ---- */

static struct manifest_file *reserve_file(struct backup_table *table, struct ssql_error *error)
{
    if (table->file_count == table->file_capacity) {
        uint32_t capacity = table->file_capacity == 0 ? 8 : table->file_capacity * 2;
        struct manifest_file *files = realloc(table->files, capacity * sizeof *files);
        if (files == NULL) {
            error_no_memory(error);
            return NULL;
        }
        table->files = files;
        table->file_capacity = capacity;
    }
    struct manifest_file *file = &table->files[table->file_count];
    *file = (struct manifest_file){0};
    return file;
}

static void count_file(struct backup *backup, struct backup_table *table, uint64_t *kind)
{
    backup->result->byte_count += table->files[table->file_count].info.size;
    backup->result->file_count++;
    (*kind)++;
    table->file_count++;
}

/* ---- a file that the database has ---- */

static const struct sstable_info *find_before(const struct backup *backup, const char *name)
{
    const struct manifest *before = backup->before;

    for (uint32_t i = 0; i < before->table_count; i++)
        for (uint32_t j = 0; j < before->tables[i].file_count; j++)
            if (strcmp(before->tables[i].files[j].info.name, name) == 0)
                return &before->tables[i].files[j].info;
    return NULL;
}

/* Opens a file of the backup, and compares its end, which has checksums of what is before it, with the original's.
 * Fails when memory or descriptors have run out, which says nothing of the file. */
static bool compare_file(struct backup *backup, const struct table_file *file, const struct sstable_info *there,
                         bool *is_same, struct ssql_error *error)
{
    const struct sstable_info *info = &file->info;
    uint8_t ours[SSTABLE_FOOTER_SIZE], theirs[SSTABLE_FOOTER_SIZE];
    struct sstable *sstable;
    struct ssql_error fault;

    *is_same = false;
    if (there->size != info->size || there->base_sequence != info->base_sequence ||
        !slice_equal(buffer_slice(&there->first_key), buffer_slice(&info->first_key)) ||
        !slice_equal(buffer_slice(&there->last_key), buffer_slice(&info->last_key)))
        return true;
    if (!sstable_open(backup->to, backup->cache, file->sstable->format, info, &sstable, &fault)) {
        if (fault.code != SSQL_NO_MEMORY && fault.code != SSQL_TOO_MANY_OPEN)
            return true;
        return error_set(error, fault.code, NO_SPAN, "%s", fault.message);
    }
    sstable_footer_store(&file->sstable->footer, 0, 0, ours);
    sstable_footer_store(&sstable->footer, 0, 0, theirs);
    *is_same = memcmp(ours, theirs, sizeof ours) == 0;
    sstable_close(sstable);
    return true;
}

/* Whether the backup has the file already. One of the same name that is another file cannot be there in a backup of
 * this database, unless the database was copied by hand and both have gone on since. */
static bool look_in_backup(struct backup *backup, const struct table_file *file, bool *is_there,
                           struct ssql_error *error)
{
    const struct sstable_info *there = find_before(backup, file->info.name);
    bool is_same = true;

    *is_there = there != NULL;
    if (there != NULL && !compare_file(backup, file, there, &is_same, error))
        return false;
    if (is_same)
        return true;
    error_set(error, SSQL_CANNOT_OPEN, NO_SPAN, "\"%s/%s\" is damaged, or not of this database",
              volume_path(backup->to), file->info.name);
    return error_hint(error, "make a new backup in another place");
}

static bool copy_bytes(struct backup *backup, const struct table_file *file, struct object_writer *writer,
                       struct ssql_error *error)
{
    for (uint64_t offset = 0; offset < file->info.size;) {
        uint64_t left = file->info.size - offset;
        size_t size = left < BACKUP_PIECE_SIZE ? (size_t)left : BACKUP_PIECE_SIZE;
        struct object_range range = {.offset = offset, .data = backup->piece, .size = size};
        if (object_read(file->sstable->object, &range, 1, error) != VOLUME_OK ||
            object_append(writer, slice_make(backup->piece, size), error) != VOLUME_OK ||
            !count_bytes(backup, size, error))
            return false;
        offset += size;
    }
    return true;
}

/* What was written is read again and checked: damage is not copied, and what the copy has suffered is seen. */
static bool check_copy(struct backup *backup, const struct table_file *file, struct ssql_error *error)
{
    struct sstable *sstable;

    if (!sstable_open(backup->to, backup->cache, file->sstable->format, &file->info, &sstable, error))
        return false;
    bool is_good = sstable_verify(sstable, error);
    sstable_close(sstable);
    return is_good;
}

static bool copy_file(struct backup *backup, const struct table_file *file, struct ssql_error *error)
{
    struct object_writer *writer;

    if (object_create(backup->to, file->info.name, file->info.size, &writer, error) != VOLUME_OK)
        return false;
    if (!copy_bytes(backup, file, writer, error)) {
        object_abandon(writer);
        return false;
    }
    return object_finish(writer, error) == VOLUME_OK && check_copy(backup, file, error);
}

static bool add_file(struct backup *backup, struct backup_table *table, uint32_t level, const struct table_file *file,
                     struct ssql_error *error)
{
    struct backup_result *result = backup->result;
    struct manifest_file *entry = reserve_file(table, error);
    bool is_there = false, is_linked = false;

    if (entry == NULL || !look_in_backup(backup, file, &is_there, error))
        return false;
    if (!is_there && !backup->options->must_copy &&
        object_link(backup->engine->volume, file->info.name, file->info.size, backup->to, &is_linked, error) !=
            VOLUME_OK)
        return false;
    if (!is_there && !is_linked && !copy_file(backup, file, error))
        return false;
    if ((is_there || is_linked) && !count_bytes(backup, file->info.size, error))
        return false;
    entry->level = (uint8_t)level;
    if (!sstable_info_copy(&entry->info, &file->info, error))
        return false;
    count_file(backup, table,
               is_there    ? &result->kept_count
               : is_linked ? &result->linked_count
                           : &result->copied_count);
    return true;
}

/* ---- what only a memtable holds ---- */

struct memtable_output {
    struct backup *backup;
    struct backup_table *table;
    uint64_t expected_rows;
    struct sstable_writer *writer; /* NULL: the next row begins a file */
};

static bool begin_output(struct memtable_output *output, struct ssql_error *error)
{
    struct backup *backup = output->backup;
    struct sstable_writer_options options = engine_writer_options(backup->engine, output->expected_rows);
    char name[SSTABLE_NAME_SIZE];

    /* A name that the database itself never gives. */
    snprintf(name, sizeof name, "tables/%" PRIu32 "/sst-backup-%" PRIu64 "-%" PRIu64, output->table->table->id,
             backup->header.epoch, backup->header.next_file_number++);
    return sstable_writer_create(backup->to, name, output->table->table->format, &options, &output->writer, error);
}

static bool end_output(struct memtable_output *output, struct ssql_error *error)
{
    struct manifest_file *entry = reserve_file(output->table, error);
    struct sstable_writer *writer = output->writer;

    output->writer = NULL;
    if (entry == NULL) {
        sstable_writer_abandon(writer);
        return false;
    }
    if (!sstable_writer_finish(writer, &entry->info, error)) {
        sstable_info_clear(&entry->info);
        return false;
    }
    count_file(output->backup, output->table, &output->backup->result->written_count);
    return true;
}

enum { ROWS_BETWEEN_CHECKS = 4096 };

/* Of each key the version that the moment sees; tombstones too, for the files below may hold the key. */
static bool write_rows(struct memtable_output *output, const struct memtable *memtable, struct ssql_error *error)
{
    struct backup *backup = output->backup;
    struct memtable_iterator iterator;
    uint64_t count = 0;

    memtable_iterator_init(&iterator, memtable, backup->result->sequence, false);
    memtable_iterator_seek(&iterator, (struct slice){0});
    for (; iterator.is_valid; memtable_iterator_next(&iterator)) {
        const struct memtable_version *row = &iterator.current;
        if (output->writer != NULL && sstable_writer_size(output->writer) >= backup->engine->options.sstable_bytes &&
            !end_output(output, error))
            return false;
        if (output->writer == NULL && !begin_output(output, error))
            return false;
        if (!sstable_writer_add(output->writer, row->key, row->row, row->sequence, error))
            return false;
        if (++count % ROWS_BETWEEN_CHECKS == 0 && !count_bytes(backup, 0, error))
            return false;
    }
    return output->writer == NULL || end_output(output, error);
}

static bool write_memtable(struct backup *backup, struct backup_table *table, const struct memtable *memtable,
                           struct ssql_error *error)
{
    struct memtable_output output = {
        .backup = backup, .table = table, .expected_rows = memtable_version_count(memtable)};
    bool is_written = write_rows(&output, memtable, error);

    sstable_writer_abandon(output.writer);
    return is_written;
}

/* ---- a table ---- */

static uint64_t highest_of(const struct sstable_info *info)
{
    return info->base_sequence != 0 ? info->base_sequence : info->highest_sequence;
}

static int compare_newest_first(const void *left, const void *right)
{
    uint64_t a = highest_of(&((const struct manifest_file *)left)->info);
    uint64_t b = highest_of(&((const struct manifest_file *)right)->info);

    return (a < b) - (a > b);
}

bool backup_table_files(struct backup *backup, struct backup_table *table, struct ssql_error *error)
{
    const struct table_version *version = table->version;

    for (uint32_t i = 0; i < version->memtable_count; i++)
        if (!write_memtable(backup, table, version->memtables[i], error))
            return false;
    for (uint32_t i = 0; i < version->file_count[0]; i++)
        if (!add_file(backup, table, 0, version->files[0][i], error))
            return false;
    if (table->file_count > 1)
        qsort(table->files, table->file_count, sizeof *table->files, compare_newest_first);
    for (uint32_t level = 1; level < LEVELS; level++)
        for (uint32_t i = 0; i < version->file_count[level]; i++)
            if (!add_file(backup, table, level, version->files[level][i], error))
                return false;
    return true;
}
