#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/key_codec.h"
#include "storage/manifest.h"
#include "storage/scan.h"
#include "support/engine_fixture.h"

static void assert_done(bool is_done, const struct ssql_error *error)
{
    if (!is_done)
        fail_msg("failed with %d: %s", (int)error->code, error->message);
}

struct table_layout fixture_layout(void)
{
    return (struct table_layout){.column_count = FIXTURE_COLUMNS,
                                 .key_count = 1,
                                 .types = {SSQL_TYPE_INT, SSQL_TYPE_INT, SSQL_TYPE_STRING},
                                 .key_columns = {0}};
}

void fixture_row(int64_t key, int64_t number, char text[FIXTURE_TEXT_SIZE], struct value values[FIXTURE_COLUMNS])
{
    int length = snprintf(text, FIXTURE_TEXT_SIZE, "text of %lld", (long long)number);

    values[0] = value_int(key);
    values[1] = number % 7 == 0 ? value_null(SSQL_TYPE_INT) : value_int(number);
    values[2] = value_string(slice_make(text, (size_t)length));
}

/* The number that a row was made from; fails when its columns do not agree. */
static int64_t number_of_row(const struct value *number, const struct value *text)
{
    char copy[FIXTURE_TEXT_SIZE] = "";
    long long parsed = -1;

    assert_false(text->is_null);
    assert_true(text->string.size < sizeof copy);
    memcpy(copy, text->string.data, text->string.size);
    assert_int_equal(sscanf(copy, "text of %lld", &parsed), 1);
    if (parsed % 7 == 0)
        assert_true(number->is_null);
    else
        assert_true(!number->is_null && number->integer == parsed);
    return parsed;
}

struct engine_options fixture_options(bool is_tiny)
{
    struct engine_options options;

    engine_options_init(&options);
    options.background = false;
    if (is_tiny) {
        options.memory_limit_bytes = 1 << 20;
        options.memtable_bytes = 8 << 10;
        options.block_rows = 8;
        options.sstable_bytes = 4 << 10;
        options.level0_files = 2;
        options.wal_segment_bytes = 16 << 10;
    }
    return options;
}

struct volume *fixture_volume(void)
{
    struct volume *volume;
    struct ssql_error error;

    assert_done(volume_memory_create(&volume, &error), &error);
    return volume;
}

struct engine *fixture_open(struct volume *volume, const struct engine_options *options)
{
    struct engine *engine;
    struct ssql_error error;

    assert_done(engine_open(volume, options, &engine, &error), &error);
    return engine;
}

void fixture_close(struct engine *engine)
{
    struct ssql_error error;

    assert_done(engine_close(engine, &error), &error);
}

struct transaction *fixture_begin(struct engine *engine, enum transaction_kind kind)
{
    struct transaction *transaction;
    struct ssql_error error;

    assert_done(transaction_create(engine, &transaction, &error), &error);
    assert_done(transaction_begin(transaction, kind, COMMIT_DURABLE, &error), &error);
    return transaction;
}

enum ssql_code fixture_commit(struct transaction *transaction)
{
    struct ssql_error error = {0};
    bool is_done = transaction_commit(transaction, &error);

    transaction_destroy(transaction);
    return is_done ? SSQL_OK : error.code;
}

void fixture_rollback(struct transaction *transaction)
{
    transaction_destroy(transaction);
}

uint32_t fixture_create_table(struct engine *engine)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct table_layout layout = fixture_layout();
    struct ssql_error error;
    uint32_t table_id;

    assert_done(transaction_create_table(transaction, &layout, &table_id, &error), &error);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    return table_id;
}

static struct table *find(struct transaction *transaction, uint32_t table_id)
{
    struct table *table = transaction_table(transaction, table_id);

    assert_non_null(table);
    return table;
}

enum write_outcome fixture_insert(struct transaction *transaction, uint32_t table_id, int64_t key, int64_t number)
{
    struct value values[FIXTURE_COLUMNS];
    char text[FIXTURE_TEXT_SIZE];
    struct ssql_error error;

    fixture_row(key, number, text, values);
    enum write_outcome outcome = transaction_insert(transaction, find(transaction, table_id), values, &error);
    assert_done(outcome != WRITE_FAILED, &error);
    return outcome;
}

void fixture_put(struct transaction *transaction, uint32_t table_id, int64_t key, int64_t number)
{
    struct value values[FIXTURE_COLUMNS];
    char text[FIXTURE_TEXT_SIZE];
    struct ssql_error error;

    fixture_row(key, number, text, values);
    assert_done(transaction_put(transaction, find(transaction, table_id), values, &error), &error);
}

void fixture_delete(struct transaction *transaction, uint32_t table_id, int64_t key)
{
    uint8_t bytes[INT_KEY_SIZE];
    struct ssql_error error;

    key_encode_int(key, bytes);
    assert_done(transaction_delete(transaction, find(transaction, table_id), slice_make(bytes, sizeof bytes), &error),
                &error);
}

int64_t fixture_get(struct transaction *transaction, uint32_t table_id, int64_t key)
{
    static const uint16_t columns[] = {1, 2};
    struct value values[2];
    uint8_t bytes[INT_KEY_SIZE];
    struct row_pin *pin;
    struct ssql_error error;
    int64_t number = -1;
    bool found;

    key_encode_int(key, bytes);
    assert_done(row_pin_create(&pin, &error), &error);
    assert_done(transaction_get(transaction, find(transaction, table_id), slice_make(bytes, sizeof bytes), columns, 2,
                                pin, values, &found, &error),
                &error);
    if (found)
        number = number_of_row(&values[0], &values[1]);
    row_pin_destroy(pin);
    return number;
}

enum ssql_code fixture_put_one(struct engine *engine, uint32_t table_id, int64_t key, int64_t number)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    fixture_put(transaction, table_id, key, number);
    return fixture_commit(transaction);
}

int64_t fixture_get_one(struct engine *engine, uint32_t table_id, int64_t key)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
    int64_t number = fixture_get(transaction, table_id, key);

    fixture_rollback(transaction);
    return number;
}

size_t fixture_scan(struct transaction *transaction, uint32_t table_id, int64_t low, int64_t high,
                    struct fixture_pair *pairs, size_t capacity)
{
    static const uint16_t columns[] = {0, 1, 2};
    uint8_t low_key[INT_KEY_SIZE], high_key[INT_KEY_SIZE];
    struct scan_request request = {.columns = columns, .column_count = 3, .in_key_order = true};
    struct batch batch;
    struct scan *scan;
    struct ssql_error error;
    size_t count = 0;

    key_encode_int(low, low_key);
    key_encode_int(high, high_key);
    request.low = slice_make(low_key, sizeof low_key);
    request.high = slice_make(high_key, sizeof high_key);
    assert_done(scan_open(transaction, find(transaction, table_id), &request, &scan, &error), &error);
    for (;;) {
        assert_done(scan_next(scan, &batch, &error), &error);
        if (batch.row_count == 0)
            break;
        for (uint32_t i = 0; i < batch.selected_count; i++) {
            uint32_t row = batch_row(&batch, i);
            struct value key = vector_value(&batch.columns[0], row), number = vector_value(&batch.columns[1], row);
            struct value text = vector_value(&batch.columns[2], row);
            assert_true(count < capacity);
            pairs[count++] = (struct fixture_pair){key.integer, number_of_row(&number, &text)};
        }
    }
    scan_close(scan);
    return count;
}

size_t fixture_count(struct engine *engine, uint32_t table_id)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
    struct scan_request request = {.in_key_order = false};
    struct batch batch;
    struct scan *scan;
    struct ssql_error error;
    size_t count = 0;

    assert_done(scan_open(transaction, find(transaction, table_id), &request, &scan, &error), &error);
    for (;;) {
        assert_done(scan_next(scan, &batch, &error), &error);
        if (batch.row_count == 0)
            break;
        count += batch.selected_count;
    }
    scan_close(scan);
    fixture_rollback(transaction);
    return count;
}

uint64_t fixture_random(uint64_t *state)
{
    *state += 0x9E3779B97F4A7C15u;
    uint64_t mixed = *state;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
}

uint64_t fixture_seed(void)
{
    const char *given = getenv("SSQL_TEST_SEED");
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed =
        given != NULL ? strtoull(given, NULL, 10) : (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    print_message("SSQL_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

unsigned fixture_rounds(unsigned usual)
{
    const char *factor = getenv("SSQL_TEST_LONG");

    return factor == NULL ? usual : usual * (unsigned)strtoul(factor, NULL, 10);
}

static bool count_table_object(void *context, const char *name, uint64_t size)
{
    (void)size;
    *(uint32_t *)context += strncmp(name, "tables/", 7) == 0;
    return true;
}

uint32_t fixture_table_objects(struct volume *volume)
{
    uint32_t count = 0;
    struct ssql_error error;

    assert_int_equal(volume_list(volume, count_table_object, &count, &error), VOLUME_OK);
    return count;
}

void fixture_encode_manifest(const struct manifest *manifest, struct buffer *bytes)
{
    manifest_begin(bytes, &manifest->header, manifest->runs, manifest->run_count, manifest->table_count);
    for (uint32_t i = 0; i < manifest->table_count; i++) {
        const struct manifest_table *table = &manifest->tables[i];
        manifest_add_table(bytes, table->id, table->created_sequence, table->flushed_sequence, table->written,
                           table->layout, table->file_count);
        for (uint32_t j = 0; j < table->file_count; j++)
            manifest_add_file(bytes, table->files[j].level, &table->files[j].info);
    }
    manifest_seal(bytes);
    assert_false(bytes->failed);
}
