/* compaction_world.h - a table whose rows, and those that open transactions must go on seeing, are kept beside it, for
 * tests of compactions: whatever they do, what is seen stays the same. Included once in a program. */
#ifndef SSQL_TESTS_UNIT_STORAGE_COMPACTION_WORLD_H
#define SSQL_TESTS_UNIT_STORAGE_COMPACTION_WORLD_H

#include <stdio.h>
#include <stdlib.h>

#include "storage/compaction_internal.h"
#include "storage/scan.h"
#include "volume/volume_faulty.h"
#include "volume/volume_memory.h"

enum { KEYS = 400, SNAPSHOTS = 5, ABSENT = -1 };

/* A transaction left open, and what it must go on seeing. */
struct picture {
    struct transaction *transaction;
    int64_t values[KEYS];
};

struct world {
    uint64_t random;
    struct volume *volume; /* the engine's */
    struct engine *engine;
    uint32_t table_id;
    bool has_string_key;
    struct transaction *writer;
    int64_t values[KEYS]; /* ABSENT, or the row's number */
    struct picture pictures[SNAPSHOTS];
    uint32_t picture_count;
};

static inline uint64_t next_random(struct world *world, uint64_t below)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return (world->random >> 11) % below;
}

static inline void must(bool done, const struct ssql_error *error)
{
    if (!done)
        fail_msg("%s", error->message);
}

/* Columns: id int, name string (one of them the key), number int, text string. */
static inline void make_table(struct world *world)
{
    struct table_layout *layout = calloc(1, sizeof *layout);
    struct ssql_error error = {0};

    assert_non_null(layout);
    layout->column_count = 4;
    layout->types[0] = layout->types[2] = SSQL_TYPE_INT;
    layout->types[1] = layout->types[3] = SSQL_TYPE_STRING;
    layout->key_count = 1;
    layout->key_columns[0] = world->has_string_key ? 1 : 0;
    must(transaction_begin(world->writer, TRANSACTION_WRITE, COMMIT_DURABLE, &error), &error);
    must(transaction_create_table(world->writer, layout, &world->table_id, &error), &error);
    must(transaction_commit(world->writer, &error), &error);
    free(layout);
}

static inline void open_world(struct world *world, uint64_t seed, uint32_t level0_files, size_t sstable_bytes)
{
    struct engine_options options;
    struct volume *memory;
    struct ssql_error error = {0};

    memset(world, 0, sizeof *world);
    world->random = seed * 0x9E3779B97F4A7C15u + 11;
    world->has_string_key = seed % 2 == 0;
    for (int i = 0; i < KEYS; i++)
        world->values[i] = ABSENT;
    engine_options_init(&options);
    options.background = false;
    options.sync = SYNC_OFF;
    options.memory_limit_bytes = (size_t)1 << 20;
    options.block_rows = 16;
    options.level0_files = level0_files;
    options.sstable_bytes = sstable_bytes;
    must(volume_memory_create(&memory, &error), &error);
    must(volume_faulty_create(memory, &world->volume, &error), &error);
    must(engine_open(world->volume, &options, &world->engine, &error), &error);
    must(transaction_create(world->engine, &world->writer, &error), &error);
    make_table(world);
}

static inline void close_world(struct world *world)
{
    struct ssql_error error = {0};

    for (uint32_t i = 0; i < world->picture_count; i++)
        transaction_destroy(world->pictures[i].transaction);
    transaction_destroy(world->writer);
    must(engine_close(world->engine, &error), &error);
}

static inline struct slice key_name(int key, char name[48])
{
    snprintf(name, 48, "name-with-a-long-prefix-%04d", key);
    return slice_of(name);
}

static inline void encode_key(const struct world *world, int key, struct buffer *buffer)
{
    char name[48];
    struct value value = world->has_string_key ? value_string(key_name(key, name)) : value_int(key);

    key_encode(buffer, &value, 1);
}

static inline void put_row(struct world *world, struct table *table, int key, int64_t number)
{
    struct ssql_error error = {0};
    char name[48], text[64];
    struct value values[4] = {value_int(key), value_string(key_name(key, name)), value_int(number), {0}};

    snprintf(text, sizeof text, "text %lld", (long long)number);
    values[3] = number % 5 == 0 ? value_null(SSQL_TYPE_STRING) : value_string(slice_of(text));
    must(transaction_put(world->writer, table, values, &error), &error);
    world->values[key] = number;
}

static inline void delete_row(struct world *world, struct table *table, int key)
{
    struct buffer buffer = {0};
    struct ssql_error error = {0};

    encode_key(world, key, &buffer);
    must(transaction_delete(world->writer, table, buffer_slice(&buffer), &error), &error);
    buffer_clear(&buffer);
    world->values[key] = ABSENT;
}

/* One transaction; sometimes one so large that it is spilled to files. */
static inline void write_some(struct world *world)
{
    uint32_t count = next_random(world, 12) == 0 ? 4000 : 1 + (uint32_t)next_random(world, 60);
    struct ssql_error error = {0};

    must(transaction_begin(world->writer, TRANSACTION_WRITE, COMMIT_DURABLE, &error), &error);
    struct table *table = transaction_table(world->writer, world->table_id);
    assert_non_null(table);
    for (uint32_t i = 0; i < count; i++) {
        int key = (int)next_random(world, KEYS);
        if (next_random(world, 3) == 0)
            delete_row(world, table, key);
        else
            put_row(world, table, key, (int64_t)next_random(world, 1000000));
    }
    must(transaction_commit(world->writer, &error), &error);
}

static inline void take_picture(struct world *world)
{
    struct ssql_error error = {0};

    if (world->picture_count == SNAPSHOTS) {
        uint32_t i = (uint32_t)next_random(world, SNAPSHOTS);
        transaction_destroy(world->pictures[i].transaction);
        world->pictures[i] = world->pictures[--world->picture_count];
    }
    struct picture *picture = &world->pictures[world->picture_count++];
    must(transaction_create(world->engine, &picture->transaction, &error), &error);
    must(transaction_begin(picture->transaction, TRANSACTION_READ, COMMIT_DURABLE, &error), &error);
    memcpy(picture->values, world->values, sizeof picture->values);
}

static inline void check_row(const struct batch *batch, uint32_t row, int key, int64_t number)
{
    char text[64];
    struct value found_text = vector_value(&batch->columns[2], row);

    assert_int_equal(vector_value(&batch->columns[0], row).integer, key);
    assert_int_equal(vector_value(&batch->columns[1], row).integer, number);
    assert_int_equal(found_text.is_null, number % 5 == 0);
    snprintf(text, sizeof text, "text %lld", (long long)number);
    if (!found_text.is_null)
        assert_true(slice_equal(found_text.string, slice_of(text)));
}

static inline void check_picture(const struct world *world, struct transaction *transaction, const int64_t values[KEYS])
{
    static const uint16_t columns[] = {0, 2, 3};
    const struct scan_request request = {.columns = columns, .column_count = 3, .in_key_order = true};
    struct table *table = transaction_table(transaction, world->table_id);
    struct ssql_error error = {0};
    struct scan *scan;
    struct batch batch;
    int key = 0;

    assert_non_null(table);
    must(scan_open(transaction, table, &request, &scan, &error), &error);
    for (;;) {
        must(scan_next(scan, &batch, &error), &error);
        if (batch.row_count == 0)
            break;
        for (uint32_t i = 0; i < batch.selected_count; i++) {
            while (key < KEYS && values[key] == ABSENT)
                key++;
            assert_true(key < KEYS);
            check_row(&batch, batch_row(&batch, i), key, values[key]);
            key++;
        }
    }
    while (key < KEYS)
        assert_int_equal(values[key++], ABSENT);
    scan_close(scan);
}

static inline void check_all(struct world *world)
{
    struct ssql_error error = {0};

    must(transaction_begin(world->writer, TRANSACTION_READ, COMMIT_DURABLE, &error), &error);
    check_picture(world, world->writer, world->values);
    transaction_rollback(world->writer);
    for (uint32_t i = 0; i < world->picture_count; i++)
        check_picture(world, world->pictures[i].transaction, world->pictures[i].values);
}

/* The table, whatever transaction looks at it; it lives as long as the engine. */
static inline struct table *find_table(struct world *world)
{
    struct ssql_error error = {0};

    must(transaction_begin(world->writer, TRANSACTION_READ, COMMIT_DURABLE, &error), &error);
    struct table *table = transaction_table(world->writer, world->table_id);
    transaction_rollback(world->writer);
    return table;
}

/* Files of every level are open, and of levels below 0 disjoint and in order; no key is in two of them. */
static inline void check_levels(struct world *world)
{
    struct table_version *version = table_acquire_version(find_table(world));
    struct ssql_error error = {0};

    for (uint32_t level = 0; level < LEVELS; level++) {
        for (uint32_t i = 0; i < version->file_count[level]; i++) {
            struct table_file *file = version->files[level][i];
            must(sstable_verify(file->sstable, &error), &error);
            assert_false(file->is_compacting);
            if (level > 0 && i > 0)
                assert_true(slice_compare(file_last_key(version->files[level][i - 1]), file_first_key(file)) < 0);
        }
    }
    table_version_release(version);
}

static inline void compact_once(struct world *world, enum compaction_purpose purpose)
{
    struct compaction *compaction;
    struct ssql_error error = {0};

    must(compaction_pick(find_table(world), purpose, &compaction, &error), &error);
    if (compaction != NULL)
        must(compaction_run(compaction, &error), &error);
}

#endif
