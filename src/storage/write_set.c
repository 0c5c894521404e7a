#include "storage/write_set.h"

#include <assert.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    FIRST_CAPACITY = 16,
    FIRST_BUCKETS = 32,
    KEPT_BYTES = 1 << 20, /* of each buffer, from transaction to transaction */
    KEPT_WRITES = 1 << 14,
};

static void reset_buffer(struct buffer *buffer)
{
    if (buffer->capacity > KEPT_BYTES)
        buffer_clear(buffer);
    else
        buffer_reset(buffer);
}

static void free_writes(struct write_set *set)
{
    free(set->writes);
    free(set->buckets);
    set->writes = NULL;
    set->buckets = NULL;
    set->capacity = set->bucket_count = 0;
}

/* The buckets are cleared one by one when few are used. */
static void clear_buckets(struct write_set *set)
{
    if (set->indexed_count == 0)
        return;
    if (set->indexed_count * 8 >= set->bucket_count) {
        memset(set->buckets, 0, set->bucket_count * sizeof *set->buckets);
        return;
    }
    for (uint32_t i = 0; i < set->indexed_count; i++)
        set->buckets[set->writes[i].hash & (set->bucket_count - 1)] = NO_WRITE;
}

static void forget_writes(struct write_set *set)
{
    set->count = set->indexed_count = 0;
    set->record_table = 0;
}

void write_set_reset(struct write_set *set)
{
    if (set->capacity > KEPT_WRITES)
        free_writes(set);
    else
        clear_buckets(set);
    forget_writes(set);
    reset_buffer(&set->record);
    reset_buffer(&set->keys);
    set->has_rewrites = false;
    set->spilled_through = 0;
}

void write_set_clear(struct write_set *set)
{
    buffer_clear(&set->record);
    buffer_clear(&set->keys);
    free(set->writes);
    free(set->buckets);
    *set = (struct write_set){0};
}

void write_set_forget_spilled(struct write_set *set)
{
    set->spilled_through = write_set_sequence(set);
    clear_buckets(set);
    forget_writes(set);
    buffer_reset(&set->record); /* as much is going to come again */
    buffer_reset(&set->keys);
}

/* ---- keys ---- */

bool write_set_encode_key(struct write_set *set, const struct row_format *format, const struct value *values,
                          struct slice *key, struct ssql_error *error)
{
    size_t before = set->keys.size;

    /* Also an empty key has an address: NULL stands for an open bound elsewhere. */
    if (buffer_reserve(&set->keys, 1) == NULL) {
        set->keys.failed = false;
        return error_no_memory(error);
    }
    if (!row_encode_key(format, values, &set->keys, error)) {
        set->keys.size = before;
        set->keys.failed = false;
        return false;
    }
    *key = slice_make(set->keys.data + before, set->keys.size - before);
    return true;
}

void write_set_drop_key(struct write_set *set, struct slice key)
{
    assert(set->keys.size >= key.size);
    set->keys.size -= key.size;
}

uint32_t write_set_hash(uint32_t participant, struct slice key)
{
    return (uint32_t)XXH3_64bits_withSeed(key.data, key.size, participant);
}

struct slice write_set_key(const struct write_set *set, const struct pending_write *write)
{
    return slice_make(set->keys.data + write->key_offset, write->key_size);
}

struct slice write_set_row(const struct write_set *set, const struct pending_write *write)
{
    if (write->row_offset == 0)
        return (struct slice){0};
    return slice_make(set->record.data + write->row_offset, write->row_size);
}

/* Puts the writes since the last look into their buckets. A load in the order of keys never comes here. */
static void index_writes(struct write_set *set)
{
    for (; set->indexed_count < set->count; set->indexed_count++) {
        struct pending_write *write = &set->writes[set->indexed_count];
        uint32_t *bucket = &set->buckets[write->hash & (set->bucket_count - 1)];
        if (!write->is_key)
            continue;
        write->next = *bucket;
        *bucket = set->indexed_count + 1;
    }
}

uint32_t write_set_find(struct write_set *set, uint32_t participant, struct slice key, uint32_t hash)
{
    assert(set->count > 0);
    index_writes(set);
    uint32_t number = set->buckets[hash & (set->bucket_count - 1)];

    while (number != NO_WRITE) {
        const struct pending_write *write = write_set_at(set, number);
        if (write->hash == hash && write->participant == participant &&
            slice_equal(write_set_key(set, write), key))
            return number;
        number = write->next;
    }
    return NO_WRITE;
}

/* ---- adding ---- */

static bool grow_buckets(struct write_set *set)
{
    uint32_t count = set->bucket_count == 0 ? FIRST_BUCKETS : set->bucket_count * 2;
    uint32_t *buckets = calloc(count, sizeof *buckets);

    if (buckets == NULL)
        return false;
    free(set->buckets);
    set->buckets = buckets;
    set->bucket_count = count;
    set->indexed_count = 0;
    return true;
}

/* Room for one more write. */
static bool reserve(struct write_set *set, struct ssql_error *error)
{
    if (set->count == set->capacity) {
        uint32_t capacity = set->capacity == 0 ? FIRST_CAPACITY : set->capacity * 2;
        struct pending_write *writes = realloc(set->writes, capacity * sizeof *writes);
        if (writes == NULL)
            return error_no_memory(error);
        set->writes = writes;
        set->capacity = capacity;
    }
    if (set->count >= set->bucket_count && !grow_buckets(set))
        return error_no_memory(error);
    return true;
}

/* What every operation begins with: the record's version and table. Returns the record's size before it. */
static size_t begin(struct write_set *set, uint32_t table_id)
{
    size_t before = set->record.size;

    if (before == 0)
        transaction_record_begin(&set->record);
    if (table_id != 0 && set->record_table != table_id)
        transaction_record_table(&set->record, table_id);
    return before;
}

static bool give_up(struct write_set *set, size_t record_size, struct slice key)
{
    set->record.size = record_size;
    set->record.failed = false;
    set->record_table = 0;
    if (key.size > 0)
        write_set_drop_key(set, key);
    return false;
}

static void push(struct write_set *set, struct pending_write write)
{
    set->writes[set->count++] = write;
}

bool write_set_add_put(struct write_set *set, uint32_t participant, uint32_t table_id, const struct row_format *format,
                       const struct value *values, struct slice key, uint32_t hash, bool is_rewrite,
                       struct ssql_error *error)
{
    size_t before = begin(set, table_id), row_offset;

    if (!reserve(set, error) || !transaction_record_put(&set->record, format, values, &row_offset, error))
        return give_up(set, before, key);
    set->record_table = table_id;
    set->has_rewrites = set->has_rewrites || is_rewrite;
    push(set, (struct pending_write){.participant = participant,
                                     .hash = hash,
                                     .key_offset = set->keys.size - key.size,
                                     .key_size = (uint32_t)key.size,
                                     .record_offset = before,
                                     .row_offset = row_offset,
                                     .row_size = (uint32_t)(set->record.size - row_offset),
                                     .is_key = true});
    return true;
}

bool write_set_add_delete(struct write_set *set, uint32_t participant, uint32_t table_id, struct slice key,
                          uint32_t hash, bool is_rewrite, struct ssql_error *error)
{
    size_t before = begin(set, table_id), key_offset = set->keys.size;

    transaction_record_delete(&set->record, key);
    buffer_append(&set->keys, key.data, key.size);
    if (set->record.failed || set->keys.failed || !reserve(set, error)) {
        set->keys.size = key_offset;
        set->keys.failed = false;
        give_up(set, before, (struct slice){0});
        return error_no_memory(error);
    }
    set->record_table = table_id;
    set->has_rewrites = set->has_rewrites || is_rewrite;
    push(set, (struct pending_write){.participant = participant,
                                     .hash = hash,
                                     .key_offset = key_offset,
                                     .key_size = (uint32_t)key.size,
                                     .record_offset = before,
                                     .is_key = true});
    return true;
}

/* A creation or drop, which the caller has appended to the record. */
static bool push_catalog_write(struct write_set *set, uint32_t participant, size_t before, struct ssql_error *error)
{
    if (set->record.failed || !reserve(set, error)) {
        give_up(set, before, (struct slice){0});
        return error_no_memory(error);
    }
    push(set,
         (struct pending_write){.participant = participant, .key_offset = set->keys.size, .record_offset = before});
    return true;
}

bool write_set_add_create(struct write_set *set, uint32_t participant, uint32_t table_id,
                          const struct table_layout *layout, struct ssql_error *error)
{
    size_t before = begin(set, 0);

    transaction_record_create(&set->record, table_id, layout);
    return push_catalog_write(set, participant, before, error);
}

bool write_set_add_drop(struct write_set *set, uint32_t participant, uint32_t table_id, struct ssql_error *error)
{
    size_t before = begin(set, 0);

    transaction_record_drop(&set->record, table_id);
    return push_catalog_write(set, participant, before, error);
}

void write_set_undo_last(struct write_set *set)
{
    assert(set->count > 0);
    const struct pending_write *write = &set->writes[--set->count];

    if (set->indexed_count > set->count) {
        set->indexed_count = set->count;
        if (write->is_key)
            set->buckets[write->hash & (set->bucket_count - 1)] = write->next;
    }
    set->record.size = write->record_offset;
    set->record_table = 0;
    set->keys.size = write->key_offset;
}

size_t write_set_bytes(const struct write_set *set)
{
    return set->record.size + set->keys.size + set->count * (sizeof(struct pending_write) + sizeof(uint32_t));
}
