/* Records of the log whose checksums are right and whose operations make no sense: the database is not opened, a check
 * says where, and a salvage keeps everything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/check.h"
#include "storage/engine_internal.h"
#include "storage/salvage.h"
#include "storage/transaction_record.h"
#include "support/engine_fixture.h"

enum { INT_TABLE = 16, PAIR_TABLE = 17, DROPPED_TABLE = 18, NO_TABLE = 99 };

static const struct table_layout pair_layout = {
    .column_count = 2, .key_count = 2, .types = {SSQL_TYPE_STRING, SSQL_TYPE_INT}, .key_columns = {0, 1}};

/* ---- a database with one more record ---- */

static void create_pair_table(struct engine *engine)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    uint32_t table_id;

    assert_true(transaction_create_table(transaction, &pair_layout, &table_id, NULL));
    assert_int_equal(table_id, PAIR_TABLE);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

/* Two tables, one that is dropped and that the manifest knows nothing of any more, and rows. */
static struct engine *make_engine(struct volume *volume)
{
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(volume, &options);

    assert_int_equal(fixture_create_table(engine), INT_TABLE);
    create_pair_table(engine);
    assert_int_equal(fixture_create_table(engine), DROPPED_TABLE);
    assert_int_equal(fixture_put_one(engine, DROPPED_TABLE, 1, 1), SSQL_OK);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    assert_true(transaction_drop_table(transaction, DROPPED_TABLE, NULL));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    for (int64_t i = 0; i < 20; i++)
        assert_int_equal(fixture_put_one(engine, INT_TABLE, i, i), SSQL_OK);
    return engine;
}

/* What a killed process leaves whose last commits are `records`, of `counts` sequences each. */
static struct volume *database_with(const struct buffer *records, const uint32_t *counts, uint32_t count)
{
    struct volume *volume = fixture_volume(), *after;
    struct engine *engine = make_engine(volume);
    uint64_t sequence = atomic_load(&engine->committed) + 1, position;

    for (uint32_t i = 0; i < count; i++) {
        struct slice payload = buffer_slice(&records[i]);
        assert_false(records[i].failed);
        assert_true(wal_append(engine->wal, &payload, 1, sequence, counts[i], &position, NULL));
        sequence += counts[i];
    }
    assert_true(wal_flush(engine->wal, NULL));
    assert_true(volume_memory_crash(volume, UINT64_MAX, &after, NULL));
    fixture_close(engine);
    return after;
}

/* ---- what is said of it ---- */

static struct {
    unsigned count;
    char text[ERROR_MESSAGE_SIZE + 64], file[VOLUME_NAME_SIZE];
} damage, loss;

static bool note_damage(void *context, const struct check_finding *finding)
{
    (void)context;
    if (finding->kind == CHECK_DAMAGE) {
        damage.count++;
        snprintf(damage.text, sizeof damage.text, "%s", finding->text);
        snprintf(damage.file, sizeof damage.file, "%s", finding->file);
    }
    return true;
}

static bool note_loss(void *context, const struct salvage_finding *finding)
{
    (void)context;
    if (finding->kind == SALVAGE_LOST) {
        loss.count++;
        snprintf(loss.text, sizeof loss.text, "%s", finding->text);
    }
    return true;
}

static void run_check(struct volume *volume)
{
    struct check_progress progress;
    struct ssql_error error;

    memset(&damage, 0, sizeof damage);
    assert_true(volume_check(volume, note_damage, NULL, &progress, &error));
    assert_int_equal(progress.damage_count, damage.count);
}

/* All rows of the first table are there. */
static void assert_rows(struct volume *volume)
{
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(volume, &options);

    assert_int_equal(fixture_count(engine, INT_TABLE), 20);
    assert_true(engine_flush(engine, NULL));
    fixture_close(engine);
}

/* A salvage keeps the rows, and loses `lost` things. Takes over the volume. */
static void salvage(struct volume *volume, unsigned lost)
{
    struct volume *to = fixture_volume();
    struct salvage_progress progress;
    struct ssql_error error = {0};

    memset(&loss, 0, sizeof loss);
    if (!volume_salvage(volume, to, note_loss, NULL, &progress, &error))
        fail_msg("%s", error.message);
    assert_int_equal(loss.count, lost);
    run_check(to);
    assert_int_equal(damage.count, 0);
    assert_rows(to);
    volume_close(volume);
}

/* The record is refused by an opening and by a check, with the same words; a salvage leaves it out. */
static void expect_refused(struct buffer *record, uint32_t count, enum ssql_code code, const char *text)
{
    struct engine_options options = fixture_options(false);
    struct volume *volume = database_with(record, &count, 1), *copy;
    struct ssql_error error = {0};
    struct engine *engine;

    assert_true(volume_memory_crash(volume, UINT64_MAX, &copy, NULL));
    assert_false(engine_open(copy, &options, &engine, &error));
    assert_int_equal(error.code, code);
    if (strstr(error.message, text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.message, text);
    run_check(volume);
    assert_int_equal(damage.count, 1);
    assert_non_null(strstr(damage.text, text));
    if (code == SSQL_CORRUPT)
        assert_true(strncmp(damage.file, "wal/", 4) == 0);
    salvage(volume, 1);
    assert_non_null(strstr(loss.text, "fit no table"));
    buffer_clear(record);
}

/* ---- records ---- */

static struct buffer begin(uint32_t table_id)
{
    struct buffer record = {0};

    transaction_record_begin(&record);
    if (table_id != 0)
        transaction_record_table(&record, table_id);
    return record;
}

static void append_put(struct buffer *record, struct slice row)
{
    buffer_append_byte(record, RECORD_PUT);
    buffer_append_u32le(record, (uint32_t)row.size);
    buffer_append(record, row.data, row.size);
}

/* A row of the fixture's table whose number is its key. */
static void append_row(struct buffer *record, int64_t key)
{
    struct table_layout layout = fixture_layout();
    struct value values[FIXTURE_COLUMNS];
    char text[FIXTURE_TEXT_SIZE];
    struct row_format *format;
    size_t offset;

    assert_true(row_format_create(&layout, &format, NULL));
    fixture_row(key, key, text, values);
    assert_true(transaction_record_put(record, format, values, &offset, NULL));
    row_format_destroy(format);
}

static void a_record_of_an_unknown_version_is_refused(void **state)
{
    struct buffer record = {0};

    (void)state;
    buffer_append_byte(&record, TRANSACTION_RECORD_VERSION + 1);
    expect_refused(&record, 1, SSQL_CORRUPT, "its record is of an unknown kind");
}

static void operations_past_the_end_are_refused(void **state)
{
    (void)state;
    struct buffer record = begin(INT_TABLE);
    buffer_append_byte(&record, 200);
    expect_refused(&record, 1, SSQL_CORRUPT, "an operation runs past its end");
    record = begin(INT_TABLE);
    for (int64_t key = 0; key < 3; key++)
        append_row(&record, key);
    expect_refused(&record, 2, SSQL_CORRUPT, "an operation runs past its end");
}

static void a_write_to_no_table_is_refused(void **state)
{
    (void)state;
    struct buffer record = begin(NO_TABLE);
    append_row(&record, 1);
    expect_refused(&record, 1, SSQL_CORRUPT, "it writes to a table that does not exist");
}

static void keys_that_are_none_are_refused(void **state)
{
    static const uint8_t large[KEY_SIZE_MOST + 1];
    static const uint8_t open_string[] = {'a', 'b', 0};

    (void)state;
    struct buffer record = begin(INT_TABLE);
    transaction_record_delete(&record, slice_of("short"));
    expect_refused(&record, 1, SSQL_CORRUPT, "a key does not fit its table");
    record = begin(PAIR_TABLE);
    transaction_record_delete(&record, slice_make(large, sizeof large));
    expect_refused(&record, 1, SSQL_CORRUPT, "a key does not fit its table");
    record = begin(PAIR_TABLE);
    transaction_record_delete(&record, slice_make(open_string, sizeof open_string));
    expect_refused(&record, 1, SSQL_CORRUPT, "a key does not fit its table");
}

static void rows_that_are_none_are_refused(void **state)
{
    static char text[KEY_SIZE_MOST + 1];
    struct row_format *format;
    struct value values[2] = {value_string(slice_make(text, sizeof text)), value_int(1)};
    size_t offset;

    (void)state;
    struct buffer record = begin(INT_TABLE);
    append_put(&record, slice_of("no row at all"));
    expect_refused(&record, 1, SSQL_CORRUPT, "a row does not fit its table");
    memset(text, 'k', sizeof text);
    assert_true(row_format_create(&pair_layout, &format, NULL));
    record = begin(PAIR_TABLE);
    assert_true(transaction_record_put(&record, format, values, &offset, NULL));
    row_format_destroy(format);
    expect_refused(&record, 1, SSQL_TOO_LARGE, "the key takes");
}

static void creations_and_drops_that_contradict_the_tables_are_refused(void **state)
{
    struct table_layout layout = fixture_layout();

    (void)state;
    struct buffer record = begin(0);
    transaction_record_drop(&record, NO_TABLE);
    struct engine_options options = fixture_options(false);
    struct volume *volume = database_with(&record, &(uint32_t){1}, 1), *copy;
    struct ssql_error error = {0};
    struct engine *engine;
    assert_true(volume_memory_crash(volume, UINT64_MAX, &copy, NULL));
    assert_false(engine_open(copy, &options, &engine, &error));
    assert_non_null(strstr(error.message, "it drops a table that does not exist"));
    run_check(volume);
    assert_non_null(strstr(damage.text, "it drops a table that does not exist"));
    salvage(volume, 0); /* it is gone */
    buffer_clear(&record);

    record = begin(0);
    transaction_record_create(&record, INT_TABLE, &layout);
    volume = database_with(&record, &(uint32_t){1}, 1);
    assert_true(volume_memory_crash(volume, UINT64_MAX, &copy, NULL));
    assert_false(engine_open(copy, &options, &engine, &error));
    assert_non_null(strstr(error.message, "it creates a table that exists"));
    run_check(volume);
    assert_non_null(strstr(damage.text, "it creates a table that exists"));
    salvage(volume, 0); /* it is there */
    buffer_clear(&record);
}

static void a_table_is_dropped_only_once(void **state)
{
    struct engine_options options = fixture_options(false);
    struct buffer records[2] = {begin(0), begin(0)};
    struct ssql_error error = {0};
    struct engine *engine;

    (void)state;
    for (int i = 0; i < 2; i++)
        transaction_record_drop(&records[i], PAIR_TABLE);
    struct volume *volume = database_with(records, (uint32_t[]){1, 1}, 2);
    run_check(volume);
    assert_int_equal(damage.count, 1);
    assert_non_null(strstr(damage.text, "it drops a table that does not exist"));
    assert_false(engine_open(volume, &options, &engine, &error));
    assert_non_null(strstr(error.message, "it drops a table that does not exist"));
    for (int i = 0; i < 2; i++)
        buffer_clear(&records[i]);
}

/* Rows may be written to a table that was dropped before in the log: nobody sees them. */
static void writes_to_a_dropped_table_are_passed_over_by_a_salvage(void **state)
{
    struct buffer records[2] = {begin(0), begin(PAIR_TABLE)};

    (void)state;
    transaction_record_drop(&records[0], PAIR_TABLE);
    transaction_record_delete(&records[1], slice_of("any"));
    salvage(database_with(records, (uint32_t[]){1, 1}, 2), 0);
    for (int i = 0; i < 2; i++)
        buffer_clear(&records[i]);
}

/* An opening does not mind; a check does. */
static void fewer_operations_than_sequences_are_found(void **state)
{
    (void)state;
    struct buffer record = begin(INT_TABLE);
    for (int64_t key = 0; key < 2; key++)
        append_row(&record, key);
    struct volume *volume = database_with(&record, &(uint32_t){3}, 1);
    run_check(volume);
    assert_int_equal(damage.count, 1);
    assert_non_null(strstr(damage.text, "it has fewer operations than sequence numbers"));
    assert_rows(volume);
    buffer_clear(&record);
}

/* As many tables as the lists of a check and of a salvage hold at first, and more; the last is there and gone. */
static void many_tables_that_only_the_log_has_are_found(void **state)
{
    enum { TABLES = 70 };
    struct table_layout layout = fixture_layout();

    (void)state;
    struct buffer record = begin(0);
    for (uint32_t i = 0; i < TABLES; i++) {
        transaction_record_create(&record, 200 + i, &layout);
        transaction_record_table(&record, 200 + i);
        append_row(&record, i);
    }
    transaction_record_drop(&record, 200);
    struct volume *volume = database_with(&record, &(uint32_t){2 * TABLES + 1}, 1), *to = fixture_volume();
    struct check_progress progress;
    struct salvage_progress saved;
    struct ssql_error error;
    assert_true(volume_check(volume, note_damage, NULL, &progress, &error));
    assert_int_equal(progress.damage_count, 0);
    assert_int_equal(progress.table_count, 2 + TABLES - 1);
    assert_true(volume_salvage(volume, to, note_loss, NULL, &saved, &error));
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(to, &options);
    for (uint32_t i = 1; i < TABLES; i++)
        assert_int_equal(fixture_get_one(engine, 200 + i, i), i);
    fixture_close(engine);
    volume_close(volume);
    buffer_clear(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_of_an_unknown_version_is_refused),
        cmocka_unit_test(operations_past_the_end_are_refused),
        cmocka_unit_test(a_write_to_no_table_is_refused),
        cmocka_unit_test(keys_that_are_none_are_refused),
        cmocka_unit_test(rows_that_are_none_are_refused),
        cmocka_unit_test(creations_and_drops_that_contradict_the_tables_are_refused),
        cmocka_unit_test(a_table_is_dropped_only_once),
        cmocka_unit_test(writes_to_a_dropped_table_are_passed_over_by_a_salvage),
        cmocka_unit_test(fewer_operations_than_sequences_are_found),
        cmocka_unit_test(many_tables_that_only_the_log_has_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
