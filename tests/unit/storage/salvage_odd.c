/* Salvage of what is odd: blocks that a fault has written under right checksums, files cut off anywhere, names that are
 * none, files that cannot be read, callbacks that have heard enough. What it makes is always a healthy database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/manifest.h"
#include "storage/manifest_format.h"
#include "storage/salvage.h"
#include "storage/wal_format.h"
#include "support/salvage_fixture.h"
#include "support/sstable_fixture.h"

/* ---- one file ---- */

static struct sstable_fixture fixture;

/* Each of some bytes by several changes, the checksums right again. */
static void change_bytes(const uint8_t *original, uint64_t begin, uint64_t end)
{
    uint8_t *changed = malloc(fixture.info.size);

    assert_non_null(changed);
    for (uint64_t i = begin; i < end; i++) {
        const uint8_t others[] = {0, (uint8_t)(original[i] + 1), (uint8_t)(original[i] - 1), original[i] ^ 0x80, 255};
        for (size_t j = 0; j < sizeof others; j++) {
            memcpy(changed, original, fixture.info.size);
            changed[i] = others[j];
            sstable_fixture_mend(&fixture, original, changed);
            sstable_fixture_replace(&fixture, changed);
            salvage(fixture.volume);
            assert_true(salvaged.row_count <= FIXTURE_SSTABLE_ROWS);
        }
    }
    free(changed);
}

/* The first block's head and the first bytes of its parts, the index's head, the footer. */
static void change_every_field(enum sstable_shape shape)
{
    sstable_fixture_init(&fixture, shape);
    assert_true(sstable_fixture_write(&fixture, NULL));
    uint8_t *original = sstable_fixture_bytes(&fixture);
    uint64_t place = fixture.info.size - SSTABLE_FOOTER_SIZE, index = load_u64le(original + place + 16);
    uint64_t head = BLOCK_HEADER_SIZE + (uint64_t)fixture.format->layout.column_count * BLOCK_COLUMN_SIZE;

    change_bytes(original, SSTABLE_HEADER_SIZE + 8, SSTABLE_HEADER_SIZE + head + 40);
    change_bytes(original, index, index + 16);
    change_bytes(original, place + 8, place + 64);
    free(original);
    sstable_fixture_clear(&fixture);
}

static void blocks_that_a_fault_wrote_are_lost_and_no_more(void **state)
{
    (void)state;
    change_every_field(SSTABLE_MIXED);
    change_every_field(SSTABLE_SPARSE_KEY);
    change_every_field(SSTABLE_REPEATED_KEY);
}

/* The streams of its strings are not what the block says. */
static void a_block_whose_streams_are_damaged_is_lost(void **state)
{
    (void)state;
    sstable_fixture_init(&fixture, SSTABLE_MIXED);
    assert_true(sstable_fixture_write(&fixture, NULL));
    uint8_t *original = sstable_fixture_bytes(&fixture);
    uint64_t stream = SSTABLE_HEADER_SIZE + load_u32le(original + SSTABLE_HEADER_SIZE + 20);
    change_bytes(original, stream, stream + 24);
    salvage(fixture.volume);
    assert_true(salvaged.losses > 0);
    free(original);
    sstable_fixture_clear(&fixture);
}

static void a_file_cut_off_anywhere_gives_the_blocks_before(void **state)
{
    (void)state;
    sstable_fixture_init(&fixture, SSTABLE_INT_KEY);
    assert_true(sstable_fixture_write(&fixture, NULL));
    uint8_t *original = sstable_fixture_bytes(&fixture);
    for (uint64_t size = 0; size < fixture.info.size; size++) {
        struct volume *volume = fixture_volume();
        put_object(volume, FIXTURE_SSTABLE_NAME, slice_make(original, size));
        salvage(volume);
        assert_said("no file of the table says what its columns are");
        assert_int_equal(salvaged.row_count, 0);
        volume_close(volume);
    }
    free(original);
    sstable_fixture_clear(&fixture);
}

/* Beside a whole one, which tells the columns: nothing is in it, and nothing tells what was. */
static void a_file_of_which_little_is_left_is_told(void **state)
{
    (void)state;
    for (uint64_t size = 1; size < SSTABLE_HEADER_SIZE + SSTABLE_FOOTER_SIZE; size += 16) {
        sstable_fixture_init(&fixture, SSTABLE_INT_KEY);
        assert_true(sstable_fixture_write(&fixture, NULL));
        uint8_t *original = sstable_fixture_bytes(&fixture);
        put_object(fixture.volume, FIXTURE_SSTABLE_NAME "9", slice_make(original, size));
        salvage(fixture.volume);
        assert_said("its end is damaged: how many rows it had is not known");
        assert_int_equal(salvaged.row_count, FIXTURE_SSTABLE_ROWS);
        free(original);
        sstable_fixture_clear(&fixture);
    }
}

/* Its fields pass the checks, and its first stream would begin behind the file's last bytes. */
static void a_block_that_would_end_behind_its_file_is_none(void **state)
{
    (void)state;
    sstable_fixture_init(&fixture, SSTABLE_MIXED);
    assert_true(sstable_fixture_write(&fixture, NULL));
    uint8_t *bytes = sstable_fixture_bytes(&fixture);
    store_u32le(bytes + SSTABLE_HEADER_SIZE + 20, (uint32_t)(fixture.info.size - SSTABLE_HEADER_SIZE - 2));
    sstable_fixture_replace(&fixture, bytes);
    salvage(fixture.volume);
    assert_said("are lost: rows from the file's first before key");
    assert_true(salvaged.row_count < FIXTURE_SSTABLE_ROWS);
    free(bytes);
    sstable_fixture_clear(&fixture);
}

static void store_checksum(uint8_t *to, const uint8_t *bytes, uint64_t offset, size_t size)
{
    store_u64le(to, sstable_checksum(slice_make(bytes + offset, size), sstable_identity(FIXTURE_SSTABLE_NAME), offset));
}

static void an_index_of_a_few_bytes_tells_no_columns(void **state)
{
    (void)state;
    for (uint64_t size = 0; size < 12; size++) {
        sstable_fixture_init(&fixture, SSTABLE_INT_KEY);
        assert_true(sstable_fixture_write(&fixture, NULL));
        uint8_t *bytes = sstable_fixture_bytes(&fixture), *footer = bytes + fixture.info.size - SSTABLE_FOOTER_SIZE;
        store_u64le(footer + 24, size);
        store_checksum(footer + 32, bytes, load_u64le(footer + 16), size);
        store_checksum(footer + FOOTER_CHECKSUM_OFFSET, bytes, fixture.info.size - SSTABLE_FOOTER_SIZE,
                       FOOTER_CHECKSUM_OFFSET);
        sstable_fixture_replace(&fixture, bytes);
        salvage(fixture.volume);
        assert_said("no file of the table says what its columns are");
        free(bytes);
        sstable_fixture_clear(&fixture);
    }
}

/* Up to the end of the data, which the footer tells. */
static void a_gap_at_the_end_is_told_or_ends_it(void **state)
{
    (void)state;
    sstable_fixture_init(&fixture, SSTABLE_INT_KEY);
    assert_true(sstable_fixture_write(&fixture, NULL));
    uint8_t *bytes = sstable_fixture_bytes(&fixture);
    uint64_t data_end = load_u64le(bytes + fixture.info.size - SSTABLE_FOOTER_SIZE + 40);
    assert_true(volume_memory_damage(fixture.volume, FIXTURE_SSTABLE_NAME, data_end - 1, 1));
    stop_everywhere(fixture.volume);
    salvage(fixture.volume);
    assert_said("to its last");
    free(bytes);
    sstable_fixture_clear(&fixture);
}

/* ---- names ---- */

/* What has no name of a file or a segment is passed over in silence; what has one and holds nothing is lost. */
static void names_that_are_none_are_passed_over(void **state)
{
    static const char *const objects[] = {
        "tables/0/sst-1-1",    "tables/99999999999/sst-1-1", "tables/16/index-1-1", "tables/16/sst-",
        "tables/16/sst-5",     "tables/16/sst-5-",           "tables/16/sst-5-x",   "tables/16/sst-5-1x",
        "tables/manifest-1-1", "other/16/sst-1-1",           "tables/-1/sst-1-1",   "tables/16/sst-five"};
    static const char *const logs[] = {"wal/-1-1", "wal/one",   "wal/1",    "wal/1_1",
                                       "wal/1-",   "wal/1-one", "wal/1-1x", "other/1-1"};
    struct volume *volume = fixture_volume();

    (void)state;
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
        put_object(volume, objects[i], slice_of("anything"));
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++)
        put_log(volume, logs[i], slice_of("anything"));
    for (int i = 0; i < 150; i++) {
        char name[VOLUME_NAME_SIZE];
        snprintf(name, sizeof name, "tables/16/left-over-%d", i);
        put_object(volume, name, slice_of("anything"));
    }
    salvage(volume);
    assert_int_equal(salvaged.losses, 1); /* the manifest */
    put_object(volume, "tables/16/sst-extra-5-1", slice_of("anything"));
    put_log(volume, "wal/4-7", slice_of("anything"));
    salvage(volume);
    assert_int_equal(salvaged.losses, 2);
    assert_said("tables/16/sst-extra-5-1: no file of the table");
    volume_close(volume);
}

static void where_there_is_nothing_or_something_else_nothing_is_made(void **state)
{
    struct volume *volume = fixture_volume(), *to = fixture_volume();
    struct ssql_error error = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_false(try_salvage(volume, to, 0, &error));
        assert_int_equal(error.code, SSQL_CANNOT_OPEN);
        if (i == 0)
            put_object(volume, "other/thing", slice_of("anything"));
    }
    put_log(volume, "wal/1-1", slice_of("anything"));
    salvage(volume);
    assert_int_equal(salvaged.losses, 1);
    volume_close(volume);
    volume_close(to);
}

/* ---- a database ---- */

static struct volume *database; /* closed as by a kill */

/* Keys are long, so that they are cut where they are told. */
static const struct table_layout long_layout = {
    .column_count = 2, .key_count = 2, .types = {SSQL_TYPE_INT, SSQL_TYPE_STRING}, .key_columns = {0, 1}};

static void fill_long_table(struct engine *engine, uint32_t table_id)
{
    static char text[120];
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    memset(text, 'l', sizeof text);
    for (int64_t i = 0; i < 40; i++) {
        struct value values[2] = {value_int(i), value_string(slice_make(text, sizeof text))};
        assert_true(transaction_put(transaction, transaction_table(transaction, table_id), values, NULL));
    }
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

static int make_odd_database(void **state)
{
    struct engine_options options = fixture_options(true);
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &options);
    struct transaction *transaction;
    uint32_t table_id;

    (void)state;
    assert_int_equal(fixture_create_table(engine), FIRST_TABLE);
    assert_int_equal(fixture_create_table(engine), SECOND_TABLE);
    write_some(engine, 0);
    transaction = fixture_begin(engine, TRANSACTION_WRITE);
    assert_true(transaction_create_table(transaction, &long_layout, &table_id, NULL));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    fill_long_table(engine, table_id);
    transaction =
        fixture_begin(engine, TRANSACTION_WRITE); /* too large for memory: files with a sequence of their own */
    for (int64_t i = 0; i < 1500; i++)
        fixture_put(transaction, FIRST_TABLE, 1000 + i, i);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(engine_flush(engine, NULL));
    for (int64_t i = 0; i < 12; i++)
        assert_int_equal(fixture_put_one(engine, SECOND_TABLE, i, 50000 + i), SSQL_OK);
    transaction = fixture_begin(engine, TRANSACTION_WRITE);
    fixture_delete(transaction, SECOND_TABLE, 1);
    assert_true(transaction_drop_table(transaction, FIRST_TABLE, NULL));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    database = copy_of(volume);
    fixture_close(engine);
    return 0;
}

static int drop_odd_database(void **state)
{
    (void)state;
    volume_close(database);
    return 0;
}

struct names {
    char names[256][VOLUME_NAME_SIZE];
    uint64_t sizes[256];
    size_t count;
};

static bool note_name(void *context, const char *name, uint64_t size)
{
    struct names *names = context;

    assert_true(names->count < 256);
    snprintf(names->names[names->count], VOLUME_NAME_SIZE, "%s", name);
    names->sizes[names->count++] = size;
    return true;
}

/* Damages one byte of each file whose name begins so, behind so many eighths of it; how many there were. */
static unsigned damage_all(struct volume *volume, const char *prefix, uint64_t part)
{
    static struct names names;
    unsigned count = 0;

    names.count = 0;
    assert_int_equal(volume_list(volume, note_name, &names, NULL), VOLUME_OK);
    for (size_t i = 0; i < names.count; i++)
        if (strncmp(names.names[i], prefix, strlen(prefix)) == 0)
            count += volume_memory_damage(volume, names.names[i], names.sizes[i] / 8 * part, 1);
    return count;
}

static void whoever_has_heard_enough_ends_it(void **state)
{
    (void)state;
    stop_everywhere(database);
    for (int i = 0; i < 5; i++) {
        struct volume *volume = copy_of(database);
        if (i == 1 || i == 2)
            assert_true(damage_all(volume, "tables/", 2) > 1);
        if (i == 2 || i == 3)
            assert_true(volume_memory_damage(volume, "manifest", 30, 1));
        if (i == 4)
            assert_true(volume_memory_damage(volume, "wal/1-1", 200, 1) || damage_all(volume, "wal/", 2) > 0);
        stop_everywhere(volume);
        volume_close(volume);
    }
}

static void gaps_are_told_by_keys_cut_to_what_fits(void **state)
{
    struct volume *volume = copy_of(database);

    (void)state;
    assert_true(damage_all(volume, "tables/18/", 1) > 0);
    salvage(volume);
    assert_said("are lost: rows");
    assert_said("…");
    volume_close(volume);
}

static void a_manifest_of_a_newer_format_is_as_good_as_none(void **state)
{
    struct volume *volume = copy_of(database);
    struct buffer bytes = {0};
    uint64_t version;

    (void)state;
    assert_int_equal(register_read(volume, "manifest", &bytes, &version, NULL), VOLUME_OK);
    store_u32le(bytes.data + MANIFEST_VERSION_OFFSET, MANIFEST_VERSION + 1);
    assert_int_equal(register_swap(volume, "manifest", &version, buffer_slice(&bytes), NULL), VOLUME_OK);
    buffer_clear(&bytes);
    salvage(volume);
    assert_said("newer");
    assert_true(salvaged.row_count > 0);
    volume_close(volume);
}

/* A manifest, and of all that it names nothing. */
static void a_manifest_alone_gives_empty_tables(void **state)
{
    static struct names names;
    struct volume *volume = copy_of(database);

    (void)state;
    names.count = 0;
    assert_int_equal(volume_list(volume, note_name, &names, NULL), VOLUME_OK);
    for (size_t i = 0; i < names.count; i++)
        if (strncmp(names.names[i], "wal/", 4) == 0)
            assert_int_equal(log_delete(volume, names.names[i], NULL), VOLUME_OK);
        else
            assert_int_equal(object_delete(volume, names.names[i], NULL), VOLUME_OK);
    salvage(volume);
    assert_said("the file is missing");
    assert_int_equal(salvaged.row_count, 0);
    volume_close(volume);
}

/* What cannot be read is lost, and told; what says nothing of the data ends it. */
static void every_read_fails_in_turn(void **state)
{
    static const enum volume_status statuses[] = {VOLUME_UNAVAILABLE, VOLUME_CORRUPT};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct volume *inner = copy_of(database), *volume;
        bool is_hit = true;
        if (i >= 2)
            assert_true(volume_memory_damage(inner, "manifest", 30, 1));
        assert_true(volume_faulty_create(inner, &volume, NULL));
        for (uint64_t n = 1; is_hit; n++) {
            struct volume *to = fixture_volume();
            struct ssql_error error = {0};
            volume_faulty_set(volume, &(struct fault_plan){.fail_at = n, .status = statuses[i % 2]});
            bool is_done = try_salvage(volume, to, 0, &error);
            is_hit = volume_faulty_count(volume) >= n;
            if (is_done)
                assert_healthy(to);
            else
                assert_true(error.code == SSQL_IO || error.code == SSQL_CORRUPT);
            assert_true(!is_hit || !is_done || salvaged.losses > 0);
            volume_close(to);
        }
        volume_close(volume);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_that_a_fault_wrote_are_lost_and_no_more),
        cmocka_unit_test(a_block_whose_streams_are_damaged_is_lost),
        cmocka_unit_test(a_file_cut_off_anywhere_gives_the_blocks_before),
        cmocka_unit_test(a_file_of_which_little_is_left_is_told),
        cmocka_unit_test(a_block_that_would_end_behind_its_file_is_none),
        cmocka_unit_test(an_index_of_a_few_bytes_tells_no_columns),
        cmocka_unit_test(a_gap_at_the_end_is_told_or_ends_it),
        cmocka_unit_test(names_that_are_none_are_passed_over),
        cmocka_unit_test(where_there_is_nothing_or_something_else_nothing_is_made),
        cmocka_unit_test(whoever_has_heard_enough_ends_it),
        cmocka_unit_test(gaps_are_told_by_keys_cut_to_what_fits),
        cmocka_unit_test(a_manifest_of_a_newer_format_is_as_good_as_none),
        cmocka_unit_test(a_manifest_alone_gives_empty_tables),
        cmocka_unit_test(every_read_fails_in_turn),
    };

    return cmocka_run_group_tests(tests, make_odd_database, drop_odd_database);
}
