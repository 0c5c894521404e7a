/* Memory that cannot be had while a file, a log or a manifest is written or read: the n-th allocation fails, or all
 * from there on, n = 0, 1, 2 … until none does. The call says so, leaves nothing behind, and gives everything back (the
 * address sanitizer looks); with memory the same call goes well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/column_encoder.h"
#include "storage/failing_process.h"
#include "storage/filter.h"
#include "storage/manifest.h"
#include "storage/memory_work.h"
#include "storage/wal.h"
#include "support/sstable_fixture.h"

static void fail_each_allocation(const struct work *work)
{
    fail_each_allocation_of(work, 1, 2);
}

static struct sstable_fixture fixture, copy;

/* ---- files ---- */

static void clear_fixture(void)
{
    sstable_fixture_clear(&fixture);
}

static void make_fixture(enum sstable_shape shape)
{
    sstable_fixture_init(&fixture, shape);
}

static void make_written_fixture(enum sstable_shape shape)
{
    make_fixture(shape);
    assert_true(sstable_fixture_write(&fixture, NULL));
}

static bool has_file(struct volume *volume, uint64_t size)
{
    struct object *object;

    if (object_open(volume, FIXTURE_SSTABLE_NAME, size, &object, NULL) != VOLUME_OK)
        return false;
    object_close(object);
    return true;
}

/* As many bytes as there are in a good one. */
static uint64_t good_size;

static void assert_file(const struct sstable_fixture *written)
{
    struct sstable *sstable;

    assert_int_equal(written->info.size, good_size);
    assert_int_equal(written->info.row_count, FIXTURE_SSTABLE_ROWS);
    assert_true(sstable_open(written->volume, written->cache, written->format, &written->info, &sstable, NULL));
    assert_true(sstable_verify(sstable, NULL));
    sstable_close(sstable);
}

static void prepare_mixed(void)
{
    make_fixture(SSTABLE_MIXED);
}

static void prepare_spaced_key(void)
{
    make_fixture(SSTABLE_SPACED_KEY);
}

static void prepare_int_key(void)
{
    make_fixture(SSTABLE_INT_KEY);
}

static bool write_rows(struct ssql_error *error)
{
    return sstable_fixture_write(&fixture, error);
}

static void verify_written(bool is_done)
{
    if (is_done)
        assert_file(&fixture);
    else
        assert_false(has_file(fixture.volume, good_size));
    sstable_fixture_clear(&fixture);
}

static void note_good_size(enum sstable_shape shape)
{
    make_written_fixture(shape);
    good_size = fixture.info.size;
    clear_fixture();
}

static void a_file_is_written_row_by_row_or_not_at_all(void **state)
{
    (void)state;
    note_good_size(SSTABLE_MIXED);
    fail_each_allocation(&(struct work){prepare_mixed, write_rows, verify_written});
    note_good_size(SSTABLE_INT_KEY);
    fail_each_allocation(&(struct work){prepare_int_key, write_rows, verify_written});
    note_good_size(SSTABLE_SPACED_KEY);
    fail_each_allocation(&(struct work){prepare_spaced_key, write_rows, verify_written});
}

/* The rows of `fixture`'s blocks, as columns. Opened, with nothing missing, before memory fails. */
static struct {
    struct sstable *sstable;
    struct block blocks[4];
    struct column_buffer buffers[4][FIXTURE_SSTABLE_COLUMNS_MOST];
    struct vector vectors[4][FIXTURE_SSTABLE_COLUMNS_MOST];
    uint64_t sequences[4][BATCH_CAPACITY];
    uint8_t tombstones[4][BATCH_CAPACITY];
} columns;

static void open_columns(enum sstable_shape shape)
{
    make_written_fixture(shape);
    good_size = fixture.info.size;
    assert_true(sstable_open(fixture.volume, fixture.cache, fixture.format, &fixture.info, &columns.sstable, NULL));
    for (uint32_t i = 0; i < sstable_block_count(columns.sstable); i++) {
        assert_true(sstable_read_block(columns.sstable, i, &columns.blocks[i], NULL, NULL));
        for (uint32_t j = 0; j < fixture.format->layout.column_count; j++)
            assert_true(
                block_decode_column(&columns.blocks[i], j, &columns.buffers[i][j], &columns.vectors[i][j], NULL));
        block_decode_sequences(&columns.blocks[i], columns.sequences[i]);
        block_decode_tombstones(&columns.blocks[i], columns.tombstones[i]);
    }
}

static void close_columns(void)
{
    for (uint32_t i = 0; i < sstable_block_count(columns.sstable); i++) {
        for (uint32_t j = 0; j < fixture.format->layout.column_count; j++)
            column_buffer_clear(&columns.buffers[i][j]);
        block_release(&columns.blocks[i]);
    }
    sstable_close(columns.sstable);
    clear_fixture();
}

static void prepare_copy(void)
{
    sstable_fixture_init(&copy, fixture.shape);
}

static bool write_columns(struct ssql_error *error)
{
    const struct sstable_writer_options options = {.block_rows = 24,
                                                   .block_bytes = 1 << 16,
                                                   .filter_bits = 10,
                                                   .expected_rows = FIXTURE_SSTABLE_ROWS,
                                                   .compress = true};
    struct sstable_writer *writer;
    bool is_added = true;

    if (!sstable_writer_create(copy.volume, FIXTURE_SSTABLE_NAME, copy.format, &options, &writer, error))
        return false;
    for (uint32_t i = 0; i < sstable_block_count(columns.sstable); i++) {
        const struct sstable_rows rows = {.columns = columns.vectors[i],
                                          .sequences = columns.sequences[i],
                                          .tombstones = columns.tombstones[i],
                                          .row_count = columns.blocks[i].row_count};
        /* A failure is kept: every later call, and the last one, reports it again. */
        bool is_good = sstable_writer_add_block(writer, &rows, error);
        assert_true(is_added || !is_good);
        is_added = is_good;
    }
    bool is_finished = sstable_writer_finish(writer, &copy.info, error);
    assert_true(is_added || !is_finished);
    return is_finished;
}

static void verify_copy(bool is_done)
{
    if (is_done)
        assert_file(&copy);
    else
        assert_false(has_file(copy.volume, good_size));
    sstable_fixture_clear(&copy);
}

static void a_file_is_written_from_columns_or_not_at_all(void **state)
{
    (void)state;
    for (enum sstable_shape shape = SSTABLE_MIXED; shape < SSTABLE_SHAPES; shape++) {
        open_columns(shape);
        fail_each_allocation(&(struct work){prepare_copy, write_columns, verify_copy});
        close_columns();
    }
}

/* ---- a block ---- */

/* One bool column of a full block: nulls, bits and tombstones are parts that have to find room one by one. */
static bool has_tombstones, has_nulls;
static uint32_t column_count;

static bool encode_block(struct ssql_error *error)
{
    static uint8_t booleans[BATCH_CAPACITY], marks[BATCH_CAPACITY];
    static uint64_t sequences[BATCH_CAPACITY];
    struct column_input input = {.type = SSQL_TYPE_BOOL, .booleans = booleans};
    struct column_summary summary;
    struct block_encoder *encoder;
    struct slice stored;
    uint32_t unpacked_size;

    for (uint32_t i = 0; i < BATCH_CAPACITY; i++) {
        booleans[i] = i % 2 == 0;
        marks[i] = i % 3 == 0;
        sequences[i] = 5 + i % 2;
    }
    if (!block_encoder_create(column_count, true, &encoder, error))
        return false;
    if (has_nulls)
        input.nulls = input.skipped = marks;
    block_encoder_begin(encoder, BATCH_CAPACITY);
    block_encoder_add_sequences(encoder, has_tombstones ? sequences : NULL);
    block_encoder_add_tombstones(encoder, has_tombstones ? marks : NULL);
    for (uint32_t i = 0; i < column_count; i++)
        block_encoder_add_column(encoder, i, &input, &summary);
    bool is_done = block_encoder_finish(encoder, 1, 0, &stored, &unpacked_size, error);
    block_encoder_destroy(encoder);
    return is_done;
}

static void a_block_is_put_together_or_memory_is_missing(void **state)
{
    (void)state;
    column_count = 1;
    for (int i = 0; i < 4; i++) {
        has_tombstones = i % 2 == 1;
        has_nulls = i >= 2;
        fail_each_allocation(&(struct work){.run = encode_block});
    }
}

/* Whatever of the head fills the buffer, so that each part is once the one that finds no room. */
static void a_block_of_many_columns_is_put_together_or_memory_is_missing(void **state)
{
    (void)state;
    has_tombstones = has_nulls = true;
    for (column_count = 2; column_count < 24; column_count++)
        fail_each_allocation(&(struct work){.run = encode_block});
}

/* ---- the cache ---- */

/* Without memory for more buckets, the cache has longer chains, and loses nothing. */
static bool fill_cache(struct ssql_error *error)
{
    enum { BLOCKS = 3000 };
    struct block_cache *cache;
    bool is_done;

    if (!block_cache_create(64 << 20, &cache, error))
        return false;
    is_done = true;
    for (uint64_t i = 0; i < BLOCKS && is_done; i++) {
        uint8_t *bytes = __real_malloc(1);
        assert_non_null(bytes);
        struct cached_block *block = block_cache_insert(cache, 1, i, bytes, 1);
        is_done = block != NULL || error_no_memory(error);
        cached_block_release(block);
    }
    for (uint64_t i = 0; i < BLOCKS && is_done; i++) {
        struct cached_block *block = block_cache_find(cache, 1, i);
        assert_non_null(block);
        cached_block_release(block);
    }
    block_cache_destroy(cache);
    block_cache_destroy(NULL);
    return is_done;
}

static void a_cache_holds_what_it_took(void **state)
{
    unsigned lost = 0;

    (void)state;
    for (long n = 0; n < 2500; n++) {
        memory_start_failing(n, false);
        lost += !fill_cache(NULL);
        memory_stop_failing();
        n += n > 50 ? 37 : 0;
    }
    assert_true(lost > 0);
}

/* Each block finds memory, and more buckets never do. */
static void a_cache_without_memory_for_buckets_finds_every_block(void **state)
{
    enum { BLOCKS = 3000 };
    struct block_cache *cache;
    unsigned failures = 0;

    (void)state;
    assert_true(block_cache_create(64 << 20, &cache, NULL));
    for (uint64_t i = 0; i < BLOCKS; i++) {
        uint8_t *bytes = __real_malloc(1);
        assert_non_null(bytes);
        memory_start_failing(1, true);
        struct cached_block *block = block_cache_insert(cache, 1, i, bytes, 1);
        failures += memory_has_failed();
        memory_stop_failing();
        assert_non_null(block);
        cached_block_release(block);
    }
    assert_true(failures > 1000);
    for (uint64_t i = 0; i < BLOCKS; i++) {
        struct cached_block *block = block_cache_find(cache, 1, i);
        assert_non_null(block);
        cached_block_release(block);
    }
    block_cache_destroy(cache);
}

/* ---- reading a file ---- */

static bool open_and_verify(struct ssql_error *error)
{
    struct sstable *sstable;

    if (!sstable_open(fixture.volume, fixture.cache, fixture.format, &fixture.info, &sstable, error))
        return false;
    bool is_good = sstable_hold_filter(sstable, error) && sstable_verify(sstable, error);
    sstable_close(sstable);
    return is_good;
}

static bool count_fault(void *context, uint32_t block, const struct ssql_error *fault)
{
    (void)block;
    assert_int_equal(fault->code, SSQL_NO_MEMORY);
    ++*(uint32_t *)context;
    return true;
}

/* Reports everything that it could not do, and goes on. */
static bool verify_each(struct ssql_error *error)
{
    struct sstable *sstable;
    uint32_t count = 0;

    if (!sstable_open(fixture.volume, fixture.cache, fixture.format, &fixture.info, &sstable, error))
        return false;
    bool goes_on = sstable_verify_each(sstable, count_fault, &count);
    sstable_close(sstable);
    assert_true(goes_on);
    if (count > 0)
        error_no_memory(error);
    return count == 0;
}

static bool read_column(const struct block *block, uint32_t column, struct ssql_error *error)
{
    static const uint16_t few[] = {1, 5, 9}, range[] = {3, 4, 5, 6, 7};
    struct column_buffer buffers[4] = {0};
    struct vector vector;
    struct value value;

    bool is_good = block_decode_column(block, column, &buffers[0], &vector, error) &&
                   block_gather_column(block, column, few, 3, &buffers[1], &vector, error) &&
                   block_gather_column(block, column, range, 5, &buffers[2], &vector, error) &&
                   block_value(block, column, 2, &buffers[3], &value, error);
    for (size_t i = 0; i < 4; i++)
        column_buffer_clear(&buffers[i]);
    return is_good;
}

static bool read_block(struct sstable *sstable, uint32_t number, struct ssql_error *error)
{
    struct block_keys keys = {0};
    struct block block;
    uint32_t row;
    bool equal, is_good = true;

    if (!sstable_read_block(sstable, number, &block, NULL, error))
        return false;
    for (uint32_t i = 0; i < fixture.format->layout.column_count && is_good; i++)
        is_good = read_column(&block, i, error);
    struct slice key = sstable_block_last_key(sstable, number);
    is_good = is_good && block_decode_keys(&block, &keys, error) && block_seek(&block, key, &row, &equal, error) &&
              block_seek(&block, slice_make(key.data, key.size - 1), &row, &equal, error);
    block_keys_clear(&keys);
    block_release(&block);
    return is_good;
}

static bool open_and_read(struct ssql_error *error)
{
    struct sstable *sstable;
    bool may, is_good = true;

    if (!sstable_open(fixture.volume, fixture.cache, fixture.format, &fixture.info, &sstable, error))
        return false;
    for (uint32_t i = 0; i < sstable_block_count(sstable) && is_good; i++)
        is_good = read_block(sstable, i, error);
    is_good = is_good && sstable_may_contain(sstable, slice_of("8 bytes."), 1, &may, error);
    sstable_close(sstable);
    return is_good;
}

static void a_file_is_read_or_memory_is_missing(void **state)
{
    (void)state;
    for (enum sstable_shape shape = SSTABLE_MIXED; shape < SSTABLE_SHAPES; shape++) {
        make_written_fixture(shape);
        fail_each_allocation(&(struct work){.run = open_and_verify});
        fail_each_allocation(&(struct work){.run = verify_each});
        fail_each_allocation(&(struct work){.run = open_and_read});
        assert_true(open_and_verify(NULL));
        clear_fixture();
    }
}

static bool copy_info(struct ssql_error *error)
{
    struct sstable_info info;

    if (!sstable_info_copy(&info, &fixture.info, error)) {
        assert_null(info.first_key.data);
        return false;
    }
    assert_true(slice_equal(buffer_slice(&info.last_key), buffer_slice(&fixture.info.last_key)));
    sstable_info_clear(&info);
    return true;
}

static void what_is_known_of_a_file_is_copied_or_not(void **state)
{
    (void)state;
    make_written_fixture(SSTABLE_MIXED);
    fail_each_allocation(&(struct work){.run = copy_info});
    clear_fixture();
}

/* ---- filters ---- */

static void the_largest_filter_is_refused_when_it_is_too_large_for_the_machine(void **state)
{
    struct filter_builder builder;
    struct ssql_error error = {0};

    (void)state;
    memory_start_failing(0, true);
    bool is_made = filter_builder_init(&builder, UINT64_MAX, 10, &error);
    memory_stop_failing();
    assert_false(is_made);
    assert_int_equal(error.code, SSQL_NO_MEMORY);
    /* Its lines have 32 bits for their number, with room to divide them. */
    assert_true(process_fault.mapped > UINT64_C(4) << 30 && process_fault.mapped < UINT64_C(5) << 30);
}

/* ---- manifests ---- */

static struct volume *place;
static struct buffer manifest_bytes;

/* Too large for a register, so that it goes by way of an object; one table, two files. */
static void encode_manifest(void)
{
    enum { RUNS = 40000 };
    const struct manifest_header header = {.epoch = 4, .next_table_id = 18};
    struct wal_run *runs = calloc(RUNS, sizeof *runs);

    assert_non_null(runs);
    manifest_begin(&manifest_bytes, &header, runs, RUNS, 1);
    manifest_add_table(&manifest_bytes, 16, 0, 0, (struct written_bytes){0}, &fixture.format->layout, 2);
    for (uint8_t level = 0; level < 2; level++)
        manifest_add_file(&manifest_bytes, level, &fixture.info);
    manifest_seal(&manifest_bytes);
    assert_true(!manifest_bytes.failed && manifest_bytes.size > REGISTER_LARGEST);
    free(runs);
}

static void prepare_place(void)
{
    assert_true(volume_memory_create(&place, NULL));
}

static bool store_manifest(struct ssql_error *error)
{
    uint64_t version = 0;
    bool used_object;

    return manifest_store(place, buffer_slice(&manifest_bytes), "tables/manifest-4-1", &version, &used_object, error) ==
           VOLUME_OK;
}

static bool load_manifest(struct ssql_error *error)
{
    struct manifest *manifest;

    if (!manifest_load(place, &manifest, error)) {
        assert_null(manifest);
        return false;
    }
    assert_true(manifest->version == 0 || manifest->tables[0].file_count == 2);
    manifest_destroy(manifest);
    return true;
}

static void verify_stored(bool is_done)
{
    struct manifest *manifest;

    assert_true(manifest_load(place, &manifest, NULL));
    assert_int_equal(manifest->version != 0, is_done);
    manifest_destroy(manifest);
    volume_close(place);
}

static void a_manifest_is_stored_or_not_and_loaded_or_not(void **state)
{
    (void)state;
    make_written_fixture(SSTABLE_MIXED);
    encode_manifest();
    fail_each_allocation(&(struct work){prepare_place, store_manifest, verify_stored});
    prepare_place();
    struct ssql_error error = {0};
    memory_start_failing(0, true);
    assert_false(load_manifest(&error)); /* there is none, which cannot be said without memory */
    memory_stop_failing();
    assert_int_equal(error.code, SSQL_NO_MEMORY);
    assert_true(load_manifest(NULL));
    assert_true(store_manifest(NULL));
    fail_each_allocation(&(struct work){.run = load_manifest});
    volume_close(place);
    buffer_clear(&manifest_bytes);
    clear_fixture();
}

/* ---- the log ---- */

enum { LOG_RECORDS = 240, LOG_SEGMENT = 4096 };

static struct wal_recovery nothing_found;
static uint64_t logged; /* last sequence that was durable */

/* Many segments, of which the first are retired; then a run after it. */
static bool write_log(struct ssql_error *error)
{
    static const uint8_t payload[300];
    const struct wal_options options = {.epoch = 1, .segment_size = LOG_SEGMENT};
    const struct slice part = slice_make(payload, sizeof payload);
    struct wal_run run;
    struct wal *wal;
    uint64_t position = 0;

    logged = 0;
    if (!wal_open(place, &options, &nothing_found, &wal, error))
        return false;
    bool is_done = wal_begin(wal, error);
    for (uint64_t sequence = 1; sequence <= LOG_RECORDS && is_done; sequence++) {
        is_done = wal_append(wal, &part, 1, sequence, 1, &position, error);
        is_done = is_done && (sequence % 60 != 0 || wal_sync_to(wal, position, error));
        logged = is_done && sequence % 60 == 0 ? sequence : logged;
    }
    is_done = is_done && wal_runs(wal, 60, &run, 1) == 1 && wal_retire_before(wal, 60, error) && wal_finish(wal, error);
    wal_destroy(wal);
    return is_done;
}

static uint64_t read_last;

static bool note_record(void *context, const struct wal_record *record, struct ssql_error *error)
{
    (void)context;
    (void)error;
    read_last = record->first_sequence;
    return true;
}

static bool has_log(uint64_t number)
{
    struct log_reader *reader;
    char name[32];

    snprintf(name, sizeof name, "wal/1-%llu", (unsigned long long)number);
    if (log_open_reader(place, name, &reader, NULL) != VOLUME_OK)
        return false;
    log_close_reader(reader);
    return true;
}

static uint64_t first_segment(void)
{
    uint64_t number = 1;

    while (number < 100 && !has_log(number))
        number++;
    return number;
}

static bool read_log(struct ssql_error *error)
{
    const struct wal_run run = {.epoch = 1, .first_segment = first_segment()};
    struct wal_recovery found;

    read_last = 0;
    bool is_read = wal_recover(place, &run, 1, false, note_record, NULL, &found, error);
    wal_recovery_clear(&found);
    return is_read;
}

static void verify_log(bool is_done)
{
    if (has_log(first_segment())) {
        assert_true(read_log(NULL) || !is_done);
        assert_true(read_last >= logged);
        assert_true(!is_done || read_last == LOG_RECORDS);
    } else {
        assert_false(is_done);
    }
    volume_close(place);
}

static bool copy_log(struct ssql_error *error)
{
    struct wal_segment segments[3] = {{.epoch = 1, .number = 1}, {.epoch = 1, .number = 2}, {.epoch = 1, .number = 3}};
    const struct wal_recovery found = {.segments = segments, .segment_count = 3, .next_segment = 4};
    const struct wal_options options = {.epoch = 2, .segment_size = LOG_SEGMENT};
    struct wal *wal;

    if (!wal_open(place, &options, &found, &wal, error)) {
        assert_null(wal);
        return false;
    }
    assert_true(wal_has_file(wal, "wal/1-3"));
    wal_destroy(wal);
    return true;
}

static void a_log_is_written_as_far_as_memory_goes_and_read_or_not(void **state)
{
    (void)state;
    fail_each_allocation(&(struct work){prepare_place, write_log, verify_log});
    prepare_place();
    assert_true(write_log(NULL));
    fail_each_allocation(&(struct work){.run = read_log});
    fail_each_allocation(&(struct work){.run = copy_log});
    volume_close(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_written_row_by_row_or_not_at_all),
        cmocka_unit_test(a_file_is_written_from_columns_or_not_at_all),
        cmocka_unit_test(a_block_is_put_together_or_memory_is_missing),
        cmocka_unit_test(a_block_of_many_columns_is_put_together_or_memory_is_missing),
        cmocka_unit_test(a_cache_holds_what_it_took),
        cmocka_unit_test(a_cache_without_memory_for_buckets_finds_every_block),
        cmocka_unit_test(a_file_is_read_or_memory_is_missing),
        cmocka_unit_test(what_is_known_of_a_file_is_copied_or_not),
        cmocka_unit_test(a_manifest_is_stored_or_not_and_loaded_or_not),
        cmocka_unit_test(a_log_is_written_as_far_as_memory_goes_and_read_or_not),
        cmocka_unit_test(the_largest_filter_is_refused_when_it_is_too_large_for_the_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
