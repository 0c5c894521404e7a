#include "storage/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "storage/check_internal.h"
#include "storage/engine_internal.h"
#include "storage/sstable_internal.h"
#include "storage/transaction.h"

enum {
    ATTEMPTS_BESIDE_WRITER = 20,
    CACHE_SIZE = 1 << 20,
};

/* ---- reporting ---- */

bool check_find(struct check *check, enum check_kind kind, const char *file, int64_t offset, uint32_t table_id,
                const char *text)
{
    struct check_finding finding = {.kind = kind, .offset = offset, .table_id = table_id, .progress = check->progress};

    snprintf(finding.file, sizeof finding.file, "%s", file);
    snprintf(finding.text, sizeof finding.text, "%s", text);
    check->progress->damage_count += kind == CHECK_DAMAGE;
    check->progress->notice_count += kind == CHECK_NOTICE;
    if (check->report(check->context, &finding))
        return true;
    return error_set(check->error, SSQL_INTERRUPTED, NO_SPAN, "the check was interrupted");
}

/* The reason in a message of the shape `file … is damaged[ at offset N]: reason`; another message as a whole. */
static const char *find_reason(const char *message, int64_t *offset)
{
    static const char mark[] = " is damaged", at[] = " at offset ";
    const char *next = strstr(message, mark);

    *offset = -1;
    if (next == NULL)
        return message;
    next += sizeof mark - 1;
    if (strncmp(next, at, sizeof at - 1) == 0) {
        char *end;
        *offset = (int64_t)strtoull(next + sizeof at - 1, &end, 10);
        next = end;
    }
    if (strncmp(next, ": ", 2) == 0)
        return next + 2;
    return *next == '\0' ? "what stands here makes no sense" : message;
}

bool check_find_fault(struct check *check, const char *file, uint32_t table_id, const char *place,
                      const struct ssql_error *fault)
{
    char text[ERROR_MESSAGE_SIZE + 64], where[32] = "";
    int64_t offset;

    if (fault->code == SSQL_NO_MEMORY || fault->code == SSQL_TOO_MANY_OPEN) {
        *check->error = *fault;
        return false;
    }
    const char *reason = find_reason(fault->message, &offset);
    if (offset >= 0)
        snprintf(where, sizeof where, "%sat offset %" PRId64, *place == '\0' ? "" : " ", offset);
    snprintf(text, sizeof text, "%s%s%s%s", place, where, *place == '\0' && *where == '\0' ? "" : ": ", reason);
    return check_find(check, CHECK_DAMAGE, file, offset, table_id, text);
}

/* ---- beside a writer ---- */

bool check_manifest_changed(struct check *check)
{
    struct manifest *newest = NULL;
    struct ssql_error ignored;
    bool is_other = manifest_load(check->volume, &newest, &ignored) && newest->version != check->manifest->version;

    manifest_destroy(newest);
    return is_other;
}

/* Whether a writer has done without the file since the manifest was read. */
static bool was_replaced(struct check *check, const char *name)
{
    struct manifest *newest = NULL;
    struct ssql_error ignored;
    bool is_gone = manifest_load(check->volume, &newest, &ignored) && newest->version != check->manifest->version &&
                   !manifest_names(newest, name);

    manifest_destroy(newest);
    return is_gone;
}

static bool was_checked(const struct check *check, const char *name)
{
    for (size_t i = 0; i < check->checked.size; i += strlen((const char *)check->checked.data + i) + 1)
        if (strcmp((const char *)check->checked.data + i, name) == 0)
            return true;
    return false;
}

static bool note_checked(struct check *check, const char *name)
{
    buffer_append(&check->checked, name, strlen(name) + 1);
    if (!check->checked.failed)
        return true;
    return error_no_memory(check->error);
}

/* ---- one file of a table ---- */

struct file_check {
    struct check *check;
    const struct manifest_file *file;
    uint32_t table_id;
};

static bool report_block(void *context, uint32_t block, const struct ssql_error *fault)
{
    struct file_check *state = context;
    char place[32] = "";

    if (block != SSTABLE_NO_BLOCK)
        snprintf(place, sizeof place, "block %" PRIu32, block);
    return check_find_fault(state->check, state->file->info.name, state->table_id, place, fault);
}

static bool find_in_file(struct file_check *state, const char *text)
{
    return check_find(state->check, CHECK_DAMAGE, state->file->info.name, -1, state->table_id, text);
}

static uint64_t highest_sequence(const struct sstable_info *info)
{
    return info->base_sequence != 0 ? info->base_sequence : info->highest_sequence;
}

/* What the manifest says of the file against the file itself. */
static bool compare_info(struct file_check *state, const struct sstable *sstable)
{
    const struct sstable_info *info = &state->file->info;
    uint32_t last = sstable_block_count(sstable) - 1;

    if (!slice_equal(buffer_slice(&info->first_key), sstable_block_first_key(sstable, 0)) ||
        !slice_equal(buffer_slice(&info->last_key), sstable_block_last_key(sstable, last)))
        return find_in_file(state, "its first or last key is not what the manifest says");
    if (info->lowest_sequence != sstable->footer.lowest_sequence ||
        info->highest_sequence != sstable->footer.highest_sequence)
        return find_in_file(state, "its sequence numbers are not what the manifest says");
    return true;
}

/* Reads a number and steps over it. */
static bool take_number(const char **text, uint64_t *number)
{
    char *end;

    if (**text < '0' || **text > '9')
        return false;
    *number = strtoull(*text, &end, 10);
    *text = end;
    return true;
}

bool check_name_numbers(const char *name, uint64_t *epoch, uint64_t *number)
{
    const char *leaf = strrchr(name, '/');

    leaf = leaf == NULL ? name : leaf + 1;
    while (*leaf != '\0' && (*leaf < '0' || *leaf > '9'))
        leaf++;
    return take_number(&leaf, epoch) && *leaf++ == '-' && take_number(&leaf, number) && (*leaf == '\0' || *leaf == '.');
}

/* The entry in the manifest by itself: name, sequences, place in level 0. */
static bool check_entry(struct file_check *state, const struct manifest_file *before)
{
    const struct manifest_header *header = &state->check->manifest->header;
    const struct sstable_info *info = &state->file->info;
    char prefix[32];
    uint64_t epoch, number;

    snprintf(prefix, sizeof prefix, "tables/%" PRIu32 "/sst-", state->table_id);
    if (strncmp(info->name, prefix, strlen(prefix)) != 0 || !check_name_numbers(info->name, &epoch, &number))
        return find_in_file(state, "the manifest gives the table a file with the name of another's");
    if (epoch > header->epoch || number >= header->next_file_number)
        return find_in_file(state, "its name has a number that the manifest has not given yet");
    if (highest_sequence(info) > header->last_sequence)
        return find_in_file(state, "it holds later commits than the manifest knows of");
    if (before != NULL && before->level == 0 && state->file->level == 0 &&
        highest_sequence(&before->info) < highest_sequence(info))
        return find_in_file(state, "it is newer than the file before it in level 0");
    return true;
}

static bool check_file(struct check *check, const struct manifest_table *table, uint32_t index,
                       const struct row_format *format)
{
    struct file_check state = {.check = check, .file = &table->files[index], .table_id = table->id};
    const struct sstable_info *info = &state.file->info;
    struct sstable *sstable;
    struct ssql_error fault;

    if (!sstable_open(check->volume, check->cache, format, info, &sstable, &fault)) {
        if (was_replaced(check, info->name)) {
            check->is_behind = true;
            return true;
        }
        return note_checked(check, info->name) && check_find_fault(check, info->name, table->id, "", &fault);
    }
    bool goes_on = note_checked(check, info->name) && check_entry(&state, index == 0 ? NULL : state.file - 1) &&
                   compare_info(&state, sstable) && sstable_verify_each(sstable, report_block, &state);
    sstable_close(sstable);
    if (!goes_on)
        return false;
    check->progress->file_count++;
    check->progress->byte_count += info->size;
    return check_find(check, CHECK_PROGRESS, info->name, -1, table->id, "");
}

/* Each file was written once, by a flush or a compaction. */
static bool check_written(struct check *check, const struct manifest_table *table)
{
    struct written_bytes all = check->manifest->header.written;
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < table->file_count; i++)
        bytes += table->files[i].info.size;
    if (bytes > table->written.flushed + table->written.compacted)
        return check_find(check, CHECK_DAMAGE, MANIFEST_NAME, -1, table->id,
                          "the table's files have more bytes than were ever written");
    if (table->written.flushed > all.flushed || table->written.compacted > all.compacted)
        return check_find(check, CHECK_DAMAGE, MANIFEST_NAME, -1, table->id,
                          "more bytes were written to the table than to all tables");
    return true;
}

static bool check_table(struct check *check, const struct manifest_table *table)
{
    struct row_format *format;
    bool goes_on = check_written(check, table);

    if (!row_format_create(table->layout, &format, check->error))
        return false;
    for (uint32_t i = 0; i < table->file_count && goes_on; i++)
        goes_on = was_checked(check, table->files[i].info.name) || check_file(check, table, i, format);
    row_format_destroy(format);
    return goes_on;
}

/* ---- the manifest ---- */

/* Whether the register holds a reference to an object that cannot be had. */
static bool refers_to_object(struct check *check)
{
    struct buffer bytes = {0};
    struct ssql_error ignored;
    uint64_t version;
    bool refers = register_read(check->volume, MANIFEST_NAME, &bytes, &version, &ignored) == VOLUME_OK &&
                  bytes.size >= MANIFEST_HEADER_SIZE && memcmp(bytes.data, MANIFEST_MAGIC, MANIFEST_MAGIC_SIZE) == 0 &&
                  bytes.data[MANIFEST_KIND_OFFSET] == MANIFEST_REFERENCE;

    buffer_clear(&bytes);
    return refers;
}

bool check_load_manifest(struct check *check, bool *is_there)
{
    struct ssql_error fault;

    manifest_destroy(check->manifest);
    check->manifest = NULL;
    *is_there = manifest_load(check->volume, &check->manifest, &fault);
    if (*is_there)
        return true;
    if (fault.code == SSQL_CANNOT_OPEN && !refers_to_object(check)) {
        *check->error = fault;
        return false;
    }
    return check_find_fault(check, MANIFEST_NAME, 0, "", &fault);
}

static bool compare_runs(struct check *check)
{
    const struct manifest *manifest = check->manifest;

    for (uint32_t i = 0; i < manifest->run_count; i++) {
        const struct wal_run *run = &manifest->runs[i];
        bool follows =
            i == 0 || (run[-1].has_end && run[-1].epoch < run->epoch && run[-1].end_segment < run->first_segment);
        bool makes_sense =
            run->epoch <= manifest->header.epoch && (!run->has_end || run->end_segment >= run->first_segment);
        if (!follows || !makes_sense)
            return check_find(check, CHECK_DAMAGE, MANIFEST_NAME, -1, 0, "the runs of the log contradict each other");
    }
    return true;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* No file belongs to two tables, or twice to one. */
static bool compare_file_names(struct check *check)
{
    const struct manifest *manifest = check->manifest;
    size_t count = 0, next = 0;
    bool goes_on = true;

    for (uint32_t i = 0; i < manifest->table_count; i++)
        count += manifest->tables[i].file_count;
    const char **names = malloc((count + 1) * sizeof *names);
    if (names == NULL)
        return error_no_memory(check->error);
    for (uint32_t i = 0; i < manifest->table_count; i++)
        for (uint32_t j = 0; j < manifest->tables[i].file_count; j++)
            names[next++] = manifest->tables[i].files[j].info.name;
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count && goes_on; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            goes_on = check_find(check, CHECK_DAMAGE, names[i], -1, 0, "the manifest names it twice");
    free(names);
    return goes_on;
}

static void count_manifest(struct check *check)
{
    struct check_progress *progress = check->progress;
    const struct manifest *manifest = check->manifest;

    progress->table_count = 0;
    progress->byte_total = progress->byte_count;
    for (uint32_t i = 0; i < manifest->table_count; i++) {
        const struct manifest_table *table = &manifest->tables[i];
        progress->table_count += table->id >= FIRST_USER_TABLE;
        for (uint32_t j = 0; j < table->file_count; j++)
            if (!was_checked(check, table->files[j].info.name))
                progress->byte_total += table->files[j].info.size;
    }
}

/* ---- all of it ---- */

/* What one manifest names. What comes after something damaged is checked all the same. */
static bool check_named(struct check *check)
{
    count_manifest(check);
    if (!compare_runs(check) || !compare_file_names(check))
        return false;
    for (uint32_t i = 0; i < check->manifest->table_count; i++)
        if (!check_table(check, &check->manifest->tables[i]))
            return false;
    return check->is_behind || check_log(check); /* the log is read with the last manifest only */
}

static bool check_all(struct check *check)
{
    bool is_there;

    for (int attempt = 0; attempt < ATTEMPTS_BESIDE_WRITER; attempt++) {
        if (!check_load_manifest(check, &is_there))
            return false;
        if (!is_there)
            return true;
        check->is_behind = false;
        if (check->manifest->version != 0 && !check_named(check))
            return false;
        if (!check->is_behind)
            return check_stray_files(check);
    }
    return error_set(check->error, SSQL_IO, NO_SPAN, "the database changed %d times while it was being checked",
                     ATTEMPTS_BESIDE_WRITER);
}

bool volume_check(struct volume *volume, check_report *report, void *context, struct check_progress *progress,
                  struct ssql_error *error)
{
    struct ssql_error own = {0};
    struct check check = {.volume = volume, .report = report, .context = context, .progress = progress, .error = &own};

    *progress = (struct check_progress){.file_count = 1};
    if (!block_cache_create(CACHE_SIZE, &check.cache, error))
        return false;
    bool is_done = check_all(&check);
    manifest_destroy(check.manifest);
    wal_recovery_clear(&check.log);
    buffer_clear(&check.checked);
    block_cache_destroy(check.cache);
    if (!is_done && error != NULL)
        *error = own;
    return is_done;
}

bool engine_table_ids(struct engine *engine, struct buffer *ids, struct ssql_error *error)
{
    uint32_t count;
    struct table **tables = engine_copy_tables(engine, &count);

    if (tables == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < count; i++)
        if (tables[i]->id >= FIRST_USER_TABLE && atomic_load(&tables[i]->dropped_sequence) == UINT64_MAX)
            buffer_append(ids, &tables[i]->id, sizeof tables[i]->id);
    engine_release_tables(tables, count);
    if (!ids->failed)
        return true;
    return error_no_memory(error);
}
