#include "storage/manifest.h"

#include <stdio.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "storage/table_layout.h"

static const char register_name[] = "manifest";

static uint64_t checksum_of(struct slice body, uint32_t kind)
{
    return XXH3_64bits_withSeed(body.data, body.size, kind);
}

/* ---- writing ---- */

static void append_bytes(struct buffer *bytes, struct slice slice)
{
    buffer_append_u32le(bytes, (uint32_t)slice.size);
    buffer_append(bytes, slice.data, slice.size);
}

static void append_header(struct buffer *bytes, uint32_t kind)
{
    buffer_append(bytes, MANIFEST_MAGIC, MANIFEST_MAGIC_SIZE);
    buffer_append_u32le(bytes, MANIFEST_VERSION);
    buffer_append_u32le(bytes, kind);
    buffer_append_u64le(bytes, 0);
}

static void store_checksum(struct buffer *bytes, uint32_t kind)
{
    if (bytes->failed)
        return;
    store_u64le(bytes->data + MANIFEST_CHECKSUM_OFFSET,
                checksum_of(slice_make(bytes->data + MANIFEST_HEADER_SIZE, bytes->size - MANIFEST_HEADER_SIZE), kind));
}

static void append_run(struct buffer *bytes, const struct wal_run *run)
{
    buffer_append_u64le(bytes, run->epoch);
    buffer_append_u64le(bytes, run->first_segment);
    buffer_append_byte(bytes, run->has_end);
    buffer_append_u64le(bytes, run->has_end ? run->end_segment : 0);
    buffer_append_u64le(bytes, run->has_end ? run->end_offset : 0);
    buffer_append_u64le(bytes, run->has_end ? run->end_sequence : 0);
}

static void append_written(struct buffer *bytes, struct written_bytes written)
{
    buffer_append_u64le(bytes, written.flushed);
    buffer_append_u64le(bytes, written.compacted);
}

void manifest_begin(struct buffer *bytes, const struct manifest_header *header, const struct wal_run *runs,
                    uint32_t run_count, uint32_t table_count)
{
    append_header(bytes, MANIFEST_WHOLE);
    buffer_append(bytes, header->database_id, MANIFEST_ID_SIZE);
    buffer_append_u64le(bytes, header->epoch);
    buffer_append_u64le(bytes, header->next_file_number);
    buffer_append_u32le(bytes, header->next_table_id);
    buffer_append_u64le(bytes, header->last_sequence);
    buffer_append_u64le(bytes, header->catalog_sequence);
    buffer_append_u64le(bytes, header->bytes_logged);
    append_written(bytes, header->written);
    buffer_append_u32le(bytes, run_count);
    for (uint32_t i = 0; i < run_count; i++)
        append_run(bytes, &runs[i]);
    buffer_append_u32le(bytes, table_count);
}

void manifest_add_table(struct buffer *bytes, uint32_t id, uint64_t created_sequence, uint64_t flushed_sequence,
                        struct written_bytes written, const struct table_layout *layout, uint32_t file_count)
{
    buffer_append_u32le(bytes, id);
    buffer_append_u64le(bytes, created_sequence);
    buffer_append_u64le(bytes, flushed_sequence);
    append_written(bytes, written);
    buffer_append_u32le(bytes, layout->column_count);
    buffer_append(bytes, layout->types, layout->column_count);
    buffer_append_u32le(bytes, layout->key_count);
    for (uint32_t i = 0; i < layout->key_count; i++) {
        uint8_t number[2];
        store_u16le(number, layout->key_columns[i]);
        buffer_append(bytes, number, sizeof number);
    }
    buffer_append_u32le(bytes, file_count);
}

void manifest_add_file(struct buffer *bytes, uint8_t level, const struct sstable_info *info)
{
    buffer_append_byte(bytes, level);
    append_bytes(bytes, slice_of(info->name));
    buffer_append_u64le(bytes, info->size);
    buffer_append_u64le(bytes, info->row_count);
    buffer_append_u64le(bytes, info->tombstone_count);
    buffer_append_u64le(bytes, info->lowest_sequence);
    buffer_append_u64le(bytes, info->highest_sequence);
    buffer_append_u64le(bytes, info->base_sequence);
    append_bytes(bytes, buffer_slice(&info->first_key));
    append_bytes(bytes, buffer_slice(&info->last_key));
}

void manifest_seal(struct buffer *bytes)
{
    store_checksum(bytes, MANIFEST_WHOLE);
}

static enum volume_status write_object(struct volume *volume, const char *name, struct slice bytes,
                                       struct ssql_error *error)
{
    struct object_writer *writer;
    enum volume_status status = object_create(volume, name, bytes.size, &writer, error);

    if (status != VOLUME_OK)
        return status;
    status = object_append(writer, bytes, error);
    if (status != VOLUME_OK) {
        object_abandon(writer);
        return status;
    }
    return object_finish(writer, error);
}

/* An object of which nothing is known is named by nobody, so that its outcome is that of a change that did not happen.
 */
static enum volume_status known_outcome(enum volume_status status, struct ssql_error *error)
{
    if (status != VOLUME_UNKNOWN)
        return status;
    if (error != NULL)
        error->code = SSQL_IO;
    return VOLUME_UNAVAILABLE;
}

enum volume_status manifest_store(struct volume *volume, struct slice bytes, const char *object_name, uint64_t *version,
                                  bool *used_object, struct ssql_error *error)
{
    *used_object = bytes.size > REGISTER_LARGEST;
    if (!*used_object)
        return register_swap(volume, register_name, version, bytes, error);

    struct buffer reference = {0};
    append_header(&reference, MANIFEST_REFERENCE);
    buffer_append_u64le(&reference, bytes.size);
    append_bytes(&reference, slice_of(object_name));
    store_checksum(&reference, MANIFEST_REFERENCE);
    if (reference.failed) {
        buffer_clear(&reference);
        error_no_memory(error);
        return VOLUME_UNAVAILABLE;
    }
    enum volume_status status = known_outcome(write_object(volume, object_name, bytes, error), error);
    if (status == VOLUME_OK)
        status = register_swap(volume, register_name, version, buffer_slice(&reference), error);
    buffer_clear(&reference);
    return status;
}

/* ---- reading ---- */

/* Bytes still to be read; a read past their end sets `failed` and yields zeroes. */
struct cursor {
    const uint8_t *next, *end;
    bool failed;
};

static const uint8_t *take(struct cursor *cursor, size_t size)
{
    if (cursor->failed || (size_t)(cursor->end - cursor->next) < size) {
        cursor->failed = true;
        return NULL;
    }
    const uint8_t *bytes = cursor->next;
    cursor->next += size;
    return bytes;
}

static uint8_t take_u8(struct cursor *cursor)
{
    const uint8_t *bytes = take(cursor, 1);
    return bytes == NULL ? 0 : *bytes;
}

static uint16_t take_u16(struct cursor *cursor)
{
    const uint8_t *bytes = take(cursor, 2);
    return bytes == NULL ? 0 : load_u16le(bytes);
}

static uint32_t take_u32(struct cursor *cursor)
{
    const uint8_t *bytes = take(cursor, 4);
    return bytes == NULL ? 0 : load_u32le(bytes);
}

static uint64_t take_u64(struct cursor *cursor)
{
    const uint8_t *bytes = take(cursor, 8);
    return bytes == NULL ? 0 : load_u64le(bytes);
}

static struct written_bytes take_written(struct cursor *cursor)
{
    struct written_bytes written = {.flushed = take_u64(cursor)};

    written.compacted = take_u64(cursor);
    return written;
}

static struct slice take_bytes(struct cursor *cursor)
{
    uint32_t size = take_u32(cursor);
    const uint8_t *bytes = take(cursor, size);

    return slice_make(bytes, bytes == NULL ? 0 : size);
}

/* A count of things that take at least `least_size` bytes each: never more than the bytes can hold. */
static uint32_t take_count(struct cursor *cursor, size_t least_size)
{
    uint32_t count = take_u32(cursor);

    if (count > (size_t)(cursor->end - cursor->next) / least_size) {
        cursor->failed = true;
        return 0;
    }
    return count;
}

static bool take_name(struct cursor *cursor, char name[VOLUME_NAME_SIZE])
{
    struct slice text = take_bytes(cursor);

    if (text.size == 0 || text.size >= VOLUME_NAME_SIZE)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool is_allowed =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' || c == '/';
        if (!is_allowed)
            return false;
    }
    memcpy(name, text.data, text.size);
    name[text.size] = '\0';
    return true;
}

static bool damaged(const char *name, const struct cursor *cursor, const uint8_t *start, struct ssql_error *error)
{
    return error_set(error, SSQL_CORRUPT, NO_SPAN, "\"%s\" is damaged at offset %zu", name,
                     (size_t)(cursor->next - start));
}

/* Header and checksum of a manifest; stores its kind. */
static bool check_header(struct slice bytes, const char *name, uint32_t *kind, struct ssql_error *error)
{
    if (bytes.size < MANIFEST_HEADER_SIZE || memcmp(bytes.data, MANIFEST_MAGIC, MANIFEST_MAGIC_SIZE) != 0)
        return error_set(error, SSQL_CANNOT_OPEN, NO_SPAN, "\"%s\" is not an ssql database", name);
    uint32_t version = load_u32le(bytes.data + MANIFEST_VERSION_OFFSET);
    if (version > MANIFEST_VERSION)
        return error_set(error, SSQL_CANNOT_OPEN, NO_SPAN,
                         "\"%s\" was written by a newer ssql (format %u; this one reads up to %d)", name, version,
                         MANIFEST_VERSION);
    *kind = load_u32le(bytes.data + MANIFEST_KIND_OFFSET);
    struct slice body = slice_make(bytes.data + MANIFEST_HEADER_SIZE, bytes.size - MANIFEST_HEADER_SIZE);
    if (version == 0 || (*kind != MANIFEST_WHOLE && *kind != MANIFEST_REFERENCE) ||
        checksum_of(body, *kind) != load_u64le(bytes.data + MANIFEST_CHECKSUM_OFFSET))
        return error_set(error, SSQL_CORRUPT, NO_SPAN, "\"%s\" is damaged: its checksum is wrong", name);
    return true;
}

static bool take_layout(struct cursor *cursor, struct table_layout *layout)
{
    layout->column_count = take_u32(cursor);
    if (layout->column_count == 0 || layout->column_count > COLUMNS_MOST)
        return false;
    const uint8_t *types = take(cursor, layout->column_count);
    if (types == NULL)
        return false;
    memcpy(layout->types, types, layout->column_count);
    layout->key_count = take_u32(cursor);
    if (layout->key_count == 0 || layout->key_count > KEY_COLUMNS_MOST)
        return false;
    for (uint32_t i = 0; i < layout->key_count; i++)
        layout->key_columns[i] = take_u16(cursor);
    return !cursor->failed && table_layout_is_valid(layout);
}

static bool take_key(struct cursor *cursor, struct buffer *key)
{
    struct slice bytes = take_bytes(cursor);

    if (cursor->failed || bytes.size > KEY_SIZE_MOST)
        return false;
    buffer_append(key, bytes.data, bytes.size);
    return true;
}

/* What a later reader relies on: order within a level, and counts that agree. `before` is the file before it or NULL.
 */
static bool file_is_plausible(const struct manifest_file *file, const struct manifest_file *before)
{
    const struct sstable_info *info = &file->info;

    if (file->level >= LEVELS || info->row_count == 0 || info->tombstone_count > info->row_count ||
        info->lowest_sequence > info->highest_sequence ||
        slice_compare(buffer_slice(&info->first_key), buffer_slice(&info->last_key)) > 0)
        return false;
    if (before == NULL || before->level < file->level)
        return true;
    if (before->level > file->level)
        return false;
    return file->level == 0 || slice_compare(buffer_slice(&before->info.last_key), buffer_slice(&info->first_key)) < 0;
}

static bool take_file(struct cursor *cursor, struct manifest_file *file, const struct manifest_file *before)
{
    struct sstable_info *info = &file->info;

    file->level = take_u8(cursor);
    if (!take_name(cursor, info->name))
        return false;
    info->size = take_u64(cursor);
    info->row_count = take_u64(cursor);
    info->tombstone_count = take_u64(cursor);
    info->lowest_sequence = take_u64(cursor);
    info->highest_sequence = take_u64(cursor);
    info->base_sequence = take_u64(cursor);
    return take_key(cursor, &info->first_key) && take_key(cursor, &info->last_key) && file_is_plausible(file, before);
}

/* False with *no_memory set, or because the bytes are damaged. */
static bool take_table(struct cursor *cursor, struct manifest_table *table, bool *no_memory)
{
    enum { LEAST_FILE_SIZE = 1 + 4 + 6 * 8 + 2 * 4 };

    table->id = take_u32(cursor);
    table->created_sequence = take_u64(cursor);
    table->flushed_sequence = take_u64(cursor);
    table->written = take_written(cursor);
    table->layout = calloc(1, sizeof *table->layout);
    if (table->layout == NULL) {
        *no_memory = true;
        return false;
    }
    if (!take_layout(cursor, table->layout))
        return false;
    uint32_t count = take_count(cursor, LEAST_FILE_SIZE);
    table->files = calloc(count + (size_t)1, sizeof *table->files);
    if (table->files == NULL) {
        *no_memory = true;
        return false;
    }
    table->file_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct manifest_file *file = &table->files[i];
        bool is_good = take_file(cursor, file, i == 0 ? NULL : file - 1);
        /* A key without memory looks implausible, and is no damage. */
        *no_memory = file->info.first_key.failed || file->info.last_key.failed;
        if (!is_good || *no_memory)
            return false;
    }
    return !cursor->failed;
}

static void take_run(struct cursor *cursor, struct wal_run *run)
{
    run->epoch = take_u64(cursor);
    run->first_segment = take_u64(cursor);
    uint8_t has_end = take_u8(cursor);
    if (has_end > 1)
        cursor->failed = true;
    run->has_end = has_end == 1;
    run->end_segment = take_u64(cursor);
    run->end_offset = take_u64(cursor);
    run->end_sequence = take_u64(cursor);
}

static void take_manifest_header(struct cursor *cursor, struct manifest_header *header)
{
    const uint8_t *id = take(cursor, MANIFEST_ID_SIZE);

    if (id != NULL)
        memcpy(header->database_id, id, MANIFEST_ID_SIZE);
    header->epoch = take_u64(cursor);
    header->next_file_number = take_u64(cursor);
    header->next_table_id = take_u32(cursor);
    header->last_sequence = take_u64(cursor);
    header->catalog_sequence = take_u64(cursor);
    header->bytes_logged = take_u64(cursor);
    header->written = take_written(cursor);
}

static bool take_body(struct cursor *cursor, struct manifest *manifest, bool *no_memory)
{
    enum { RUN_SIZE = 5 * 8 + 1, LEAST_TABLE_SIZE = 4 + 4 * 8 + 3 * 4 };

    take_manifest_header(cursor, &manifest->header);
    manifest->run_count = take_count(cursor, RUN_SIZE);
    manifest->runs = calloc(manifest->run_count + (size_t)1, sizeof *manifest->runs);
    if (manifest->runs == NULL) {
        *no_memory = true;
        return false;
    }
    for (uint32_t i = 0; i < manifest->run_count; i++)
        take_run(cursor, &manifest->runs[i]);
    uint32_t count = take_count(cursor, LEAST_TABLE_SIZE);
    manifest->tables = calloc(count + (size_t)1, sizeof *manifest->tables);
    if (manifest->tables == NULL) {
        *no_memory = true;
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct manifest_table *table = &manifest->tables[i];
        manifest->table_count = i + 1;
        if (!take_table(cursor, table, no_memory))
            return false;
        if (table->id >= manifest->header.next_table_id || table->id == 0 || (i > 0 && table->id <= table[-1].id))
            return false;
    }
    return !cursor->failed && cursor->next == cursor->end;
}

bool manifest_decode(struct slice bytes, const char *name, struct manifest **out, struct ssql_error *error)
{
    struct cursor cursor = {.next = bytes.data + MANIFEST_HEADER_SIZE, .end = bytes.data + bytes.size};
    bool no_memory = false;
    uint32_t kind = 0;

    *out = NULL;
    if (!check_header(bytes, name, &kind, error))
        return false;
    if (kind != MANIFEST_WHOLE)
        return error_set(error, SSQL_CORRUPT, NO_SPAN, "\"%s\" refers to another where it should stand itself", name);
    struct manifest *manifest = calloc(1, sizeof *manifest);
    if (manifest == NULL)
        return error_no_memory(error);
    if (!take_body(&cursor, manifest, &no_memory)) {
        manifest_destroy(manifest);
        return no_memory ? error_no_memory(error) : damaged(name, &cursor, bytes.data, error);
    }
    *out = manifest;
    return true;
}

/* Follows a reference: replaces the register's bytes by the object's. */
static bool read_referenced(struct volume *volume, struct buffer *bytes, const char *path, char *object,
                            struct ssql_error *error)
{
    struct cursor cursor = {.next = bytes->data + MANIFEST_HEADER_SIZE, .end = bytes->data + bytes->size};
    uint64_t size = take_u64(&cursor);
    struct object *handle;

    if (!take_name(&cursor, object) || cursor.next != cursor.end || size > SIZE_MAX / 2)
        return damaged(path, &cursor, bytes->data, error);
    enum volume_status status = object_open(volume, object, size, &handle, error);
    if (status == VOLUME_NOT_FOUND)
        return error_set(error, SSQL_CORRUPT, NO_SPAN, "\"%s/%s\" is missing, but \"%s\" names it", volume_path(volume),
                         object, path);
    if (status != VOLUME_OK)
        return false;
    buffer_reset(bytes);
    uint8_t *to = buffer_reserve(bytes, size);
    struct object_range range = {.data = to, .size = size};
    bool is_read = to == NULL ? error_no_memory(error) : object_read(handle, &range, 1, error) == VOLUME_OK;
    if (is_read)
        bytes->size = size;
    object_close(handle);
    return is_read;
}

static bool read_bytes(struct volume *volume, struct buffer *bytes, const char *path, uint64_t *version, char *object,
                       struct ssql_error *error)
{
    uint32_t kind = 0;

    if (register_read(volume, register_name, bytes, version, error) != VOLUME_OK)
        return false;
    if (*version == 0)
        return true;
    if (!check_header(buffer_slice(bytes), path, &kind, error))
        return false;
    return kind == MANIFEST_WHOLE || read_referenced(volume, bytes, path, object, error);
}

bool manifest_load(struct volume *volume, struct manifest **out, struct ssql_error *error)
{
    struct buffer bytes = {0};
    char object[VOLUME_NAME_SIZE] = "";
    char path[4096];
    uint64_t version;

    *out = NULL;
    snprintf(path, sizeof path, "%s/%s", volume_path(volume), register_name);
    if (!read_bytes(volume, &bytes, path, &version, object, error)) {
        buffer_clear(&bytes);
        return false;
    }
    if (version == 0) {
        *out = calloc(1, sizeof **out);
        if (*out == NULL)
            error_no_memory(error);
    } else if (manifest_decode(buffer_slice(&bytes), object[0] != '\0' ? object : path, out, error)) {
        (*out)->version = version;
        memcpy((*out)->object, object, sizeof object);
    }
    buffer_clear(&bytes);
    return *out != NULL;
}

bool manifest_names(const struct manifest *manifest, const char *name)
{
    if (strcmp(manifest->object, name) == 0)
        return true;
    for (uint32_t i = 0; i < manifest->table_count; i++)
        for (uint32_t j = 0; j < manifest->tables[i].file_count; j++)
            if (strcmp(manifest->tables[i].files[j].info.name, name) == 0)
                return true;
    return false;
}

void manifest_destroy(struct manifest *manifest)
{
    if (manifest == NULL)
        return;
    for (uint32_t i = 0; i < manifest->table_count; i++) {
        struct manifest_table *table = &manifest->tables[i];
        for (uint32_t j = 0; j < table->file_count; j++)
            sstable_info_clear(&table->files[j].info);
        free(table->files);
        free(table->layout);
    }
    free(manifest->tables);
    free(manifest->runs);
    free(manifest);
}
