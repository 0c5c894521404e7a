#include "storage/sstable_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/pages.h"
#include "storage/key_filter.h"
#include "storage/sstable_internal.h"

enum { TAIL_SIZE = 64 << 10 /* bytes that are read at once, in the hope that the whole index is among them */ };

bool sstable_damaged(const struct sstable *sstable, uint64_t offset, const char *what, struct ssql_error *error)
{
    return error_set(error, SSQL_CORRUPT, NO_SPAN, "file \"%s\" is damaged at offset %" PRIu64 ": %s", sstable->name,
                     offset, what);
}

static bool read_bytes(struct sstable *sstable, uint64_t offset, uint8_t *bytes, size_t size, struct ssql_error *error)
{
    struct object_range range = {.offset = offset, .data = bytes, .size = size};

    return object_read(sstable->object, &range, 1, error) == VOLUME_OK;
}

static bool check_bytes(const struct sstable *sstable, uint64_t offset, struct slice bytes, uint64_t checksum,
                        const char *what, struct ssql_error *error)
{
    char message[80];

    if (sstable_checksum(bytes, sstable->identity, offset) == checksum)
        return true;
    snprintf(message, sizeof message, "the checksum of the %s is wrong", what);
    return sstable_damaged(sstable, offset, message, error);
}

bool sstable_read_checked(struct sstable *sstable, uint64_t offset, uint8_t *bytes, size_t size, uint64_t checksum,
                          const char *what, struct ssql_error *error)
{
    return read_bytes(sstable, offset, bytes, size, error) &&
           check_bytes(sstable, offset, slice_make(bytes, size), checksum, what, error);
}

/* ---- opening ---- */

static bool check_header(const struct sstable *sstable, const uint8_t *header, struct ssql_error *error)
{
    uint8_t expected[SSTABLE_HEADER_SIZE];

    sstable_header_store(expected);
    if (memcmp(header, expected, 8) == 0 && load_u32le(header + 8) > SSTABLE_VERSION)
        return error_set(error, SSQL_CANNOT_OPEN, NO_SPAN,
                         "file \"%s\" has format %" PRIu32 ", newer than this program knows (%d)", sstable->name,
                         load_u32le(header + 8), SSTABLE_VERSION);
    if (memcmp(header, expected, sizeof expected) != 0)
        return sstable_damaged(sstable, 0, "its header is no sstable's", error);
    return true;
}

/* The footer's own fields: whether the parts follow each other and end where the footer begins. */
static bool check_footer(const struct sstable *sstable, const struct sstable_info *info, uint64_t place,
                         struct ssql_error *error)
{
    const struct sstable_footer *footer = &sstable->footer;

    bool parts_follow = footer->filter_offset >= SSTABLE_HEADER_SIZE && footer->filter_offset <= place &&
                        footer->filter_size <= place - footer->filter_offset &&
                        footer->index_offset == footer->filter_offset + footer->filter_size &&
                        footer->index_size == place - footer->index_offset;
    bool filter_fits = key_filter_is_sound(footer->filter_kind, footer->filter_probes, footer->filter_size);
    if (!parts_follow || !filter_fits || footer->block_count == 0 ||
        footer->index_size / INDEX_BLOCK_SIZE < footer->block_count)
        return sstable_damaged(sstable, place, "its footer makes no sense", error);
    if (footer->row_count != info->row_count || footer->tombstone_count != info->tombstone_count)
        return sstable_damaged(sstable, place, "it has not as many rows as the manifest says", error);
    return true;
}

static bool load_footer(struct sstable *sstable, const struct sstable_info *info, const uint8_t *footer,
                        struct ssql_error *error)
{
    uint64_t place = info->size - SSTABLE_FOOTER_SIZE;

    enum footer_state state = sstable_footer_load(&sstable->footer, sstable->identity, place, footer);
    if (state == FOOTER_GOOD)
        return check_footer(sstable, info, place, error);
    if (state == FOOTER_DAMAGED)
        return sstable_damaged(sstable, place, "the checksum of the footer is wrong", error);
    return error_set(error, SSQL_CANNOT_OPEN, NO_SPAN, "file \"%s\" has a format newer than this program knows",
                     sstable->name);
}

/* Header, footer and index: one read for a small index, two for a large one. */
static bool load_tail(struct sstable *sstable, const struct sstable_info *info, struct ssql_error *error)
{
    uint8_t header[SSTABLE_HEADER_SIZE];
    uint8_t *index = NULL;

    if (info->size < SSTABLE_HEADER_SIZE + SSTABLE_FOOTER_SIZE)
        return sstable_damaged(sstable, 0, "it is too short for an sstable", error);
    size_t tail_size = info->size < TAIL_SIZE ? (size_t)info->size : TAIL_SIZE;
    uint64_t tail_offset = info->size - tail_size;
    uint8_t *tail = malloc(tail_size);
    if (tail == NULL)
        return error_no_memory(error);
    struct object_range ranges[] = {{0, header, sizeof header}, {tail_offset, tail, tail_size}};
    bool loaded = object_read(sstable->object, ranges, 2, error) == VOLUME_OK && check_header(sstable, header, error) &&
                  load_footer(sstable, info, tail + tail_size - SSTABLE_FOOTER_SIZE, error);
    if (!loaded)
        goto done;
    const struct sstable_footer *footer = &sstable->footer;
    loaded = false;
    index = malloc(footer->index_size);
    if (index == NULL) {
        error_no_memory(error);
        goto done;
    }
    if (footer->index_offset >= tail_offset)
        memcpy(index, tail + (footer->index_offset - tail_offset), footer->index_size);
    else if (!read_bytes(sstable, footer->index_offset, index, footer->index_size, error))
        goto done;
    if (!check_bytes(sstable, footer->index_offset, slice_make(index, footer->index_size), footer->index_checksum,
                     "index", error))
        goto done;
    loaded = sstable_load_index(sstable, index, error);
    index = NULL; /* the sstable's now */
done:
    free(index);
    free(tail);
    return loaded;
}

/* A bitmap counts from the first key: its numbers are those from there to the last. */
static bool check_bitmap(struct sstable *sstable, uint64_t size, struct ssql_error *error)
{
    const struct sstable_footer *footer = &sstable->footer;

    if (footer->filter_kind != FILTER_KEY_BITMAP)
        return true;
    if (!sstable->format->key_is_int)
        return sstable_damaged(sstable, size - SSTABLE_FOOTER_SIZE, "its footer makes no sense", error);
    sstable->first_key_head = load_u64be(sstable_block_first_key(sstable, 0).data);
    if (key_filter_covers(footer->filter_size, sstable->first_key_head,
                          load_u64be(sstable_block_last_key(sstable, footer->block_count - 1).data)))
        return true;
    return sstable_damaged(sstable, footer->filter_offset, "its filter ends before its last key", error);
}

/* The manifest names it, so its absence is damage. */
static bool open_object(struct sstable *sstable, struct volume *volume, uint64_t size, struct ssql_error *error)
{
    switch (object_open(volume, sstable->name, size, &sstable->object, error)) {
    case VOLUME_OK: return true;
    case VOLUME_NOT_FOUND:
        return error_set(error, SSQL_CORRUPT, NO_SPAN, "\"%s/%s\" is missing, but the manifest names it",
                         volume_path(volume), sstable->name);
    default: return false;
    }
}

bool sstable_open(struct volume *volume, struct block_cache *cache, const struct row_format *format,
                  const struct sstable_info *info, struct sstable **sstable, struct ssql_error *error)
{
    struct sstable *opened = calloc(1, sizeof *opened);

    *sstable = NULL;
    if (opened == NULL)
        return error_no_memory(error);
    pthread_mutex_init(&opened->filter_mutex, NULL);
    opened->cache = cache;
    opened->cache_file = block_cache_new_file(cache);
    opened->format = format;
    opened->base_sequence = info->base_sequence;
    memcpy(opened->name, info->name, sizeof opened->name);
    opened->name[sizeof opened->name - 1] = 0;
    opened->identity = sstable_identity(opened->name);
    if (!open_object(opened, volume, info->size, error) || !load_tail(opened, info, error) ||
        !check_bitmap(opened, info->size, error)) {
        sstable_close(opened);
        return false;
    }
    opened->index_bytes =
        opened->footer.index_size +
        (size_t)(opened->footer.block_count + 1) * (sizeof *opened->row_offsets + sizeof *opened->last_key_heads);
    block_cache_force(cache, opened->index_bytes);
    *sstable = opened;
    return true;
}

void sstable_close(struct sstable *sstable)
{
    if (sstable == NULL)
        return;
    block_cache_forget_file(sstable->cache, sstable->cache_file);
    sstable_free_filter(sstable);
    block_cache_release(sstable->cache, sstable->index_bytes);
    pthread_mutex_destroy(&sstable->filter_mutex);
    object_close(sstable->object);
    free(sstable->index);
    free(sstable->zone_offsets);
    free(sstable->row_offsets);
    free(sstable->last_key_heads);
    free(sstable);
}

/* ---- what the index says ---- */

const struct row_format *sstable_row_format(const struct sstable *sstable)
{
    return sstable->format;
}

uint32_t sstable_block_count(const struct sstable *sstable)
{
    return sstable->footer.block_count;
}

uint64_t sstable_row_offset(const struct sstable *sstable, uint32_t block)
{
    return sstable->row_offsets[block];
}

struct slice sstable_block_first_key(const struct sstable *sstable, uint32_t block)
{
    struct index_entry entry;

    sstable_index_entry(sstable, block, &entry);
    return entry.first_key;
}

struct slice sstable_block_last_key(const struct sstable *sstable, uint32_t block)
{
    struct index_entry entry;

    sstable_index_entry(sstable, block, &entry);
    return entry.last_key;
}

/* ---- the filter ---- */

/* Under filter_mutex; the filter's bytes are reserved. */
static bool read_filter(struct sstable *sstable, struct ssql_error *error)
{
    const struct sstable_footer *footer = &sstable->footer;
    uint8_t *filter = pages_alloc(footer->filter_size);

    if (filter == NULL)
        return error_no_memory(error);
    if (!sstable_read_checked(sstable, footer->filter_offset, filter, footer->filter_size, footer->filter_checksum,
                              "filter", error)) {
        pages_free(filter, footer->filter_size);
        return false;
    }
    atomic_store_explicit(&sstable->filter, filter, memory_order_release);
    return true;
}

/* Without `must`, a filter that the cache has no room for is not read, which is no failure. */
static bool load_filter(struct sstable *sstable, bool must, struct ssql_error *error)
{
    size_t size = sstable->footer.filter_size;
    bool loaded = true;

    pthread_mutex_lock(&sstable->filter_mutex);
    if (atomic_load_explicit(&sstable->filter, memory_order_relaxed) == NULL) {
        bool has_room = block_cache_reserve(sstable->cache, size);
        if (!has_room && must)
            block_cache_force(sstable->cache, size);
        if (has_room || must) {
            loaded = read_filter(sstable, error);
            if (!loaded)
                block_cache_release(sstable->cache, size);
        }
    }
    pthread_mutex_unlock(&sstable->filter_mutex);
    return loaded;
}

bool sstable_hold_filter(struct sstable *sstable, struct ssql_error *error)
{
    return sstable->footer.filter_kind == FILTER_NONE || load_filter(sstable, true, error);
}

void sstable_free_filter(struct sstable *sstable)
{
    uint8_t *filter = atomic_load_explicit(&sstable->filter, memory_order_relaxed);

    if (filter == NULL)
        return;
    pages_free(filter, sstable->footer.filter_size);
    block_cache_release(sstable->cache, sstable->footer.filter_size);
}

void sstable_prefetch_filter(const struct sstable *sstable, struct slice key, uint64_t key_hash)
{
    const uint8_t *filter = atomic_load_explicit(&sstable->filter, memory_order_acquire);

    if (filter != NULL)
        key_filter_prefetch(&(struct key_filter){.bytes = slice_make(filter, sstable->footer.filter_size),
                                                 .kind = sstable->footer.filter_kind},
                            sstable->first_key_head, key, key_hash);
}

bool sstable_may_contain(struct sstable *sstable, struct slice key, uint64_t key_hash, bool *may,
                         struct ssql_error *error)
{
    const struct sstable_footer *footer = &sstable->footer;

    *may = true;
    if (footer->filter_kind == FILTER_NONE)
        return true;
    const uint8_t *filter = atomic_load_explicit(&sstable->filter, memory_order_acquire);
    if (filter == NULL) {
        if (!load_filter(sstable, false, error))
            return false;
        filter = atomic_load_explicit(&sstable->filter, memory_order_acquire);
        if (filter == NULL)
            return true;
    }
    const struct key_filter whole = {
        .bytes = slice_make(filter, footer->filter_size), .kind = footer->filter_kind, .probes = footer->filter_probes};
    *may = key_filter_may_contain(&whole, sstable->first_key_head, key, key_hash);
    block_cache_count_filter(sstable->cache, !*may);
    return true;
}
