/* What recovery makes of a log: records that are made here, right ones and wrong ones, over a manifest that is made
 * here too. Table 16 has an int key, table 17 a string key; the manifest has them since sequence 10, and all of table
 * 16 up to sequence 20 in files (of which there are none). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/key_codec.h"
#include "storage/engine_internal.h"
#include "storage/transaction_record.h"
#include "support/engine_fixture.h"

enum { INT_TABLE = 16, STRING_TABLE = 17, NEW_TABLE = 40, CATALOG_SEQUENCE = 10, FLUSHED_SEQUENCE = 20 };

struct database {
    struct volume *volume;
    struct wal *wal;
    struct manifest_header header;
    uint64_t version;
    struct buffer record;
    uint64_t record_offset; /* of the record appended last, in its segment */
};

static const struct manifest_header usual_header = {.database_id = "abcdefghijklmno",
                                                    .epoch = 1,
                                                    .next_file_number = 77,
                                                    .next_table_id = 18,
                                                    .last_sequence = FLUSHED_SEQUENCE,
                                                    .catalog_sequence = CATALOG_SEQUENCE,
                                                    .bytes_logged = 5000,
                                                    .written = {.flushed = 600, .compacted = 70}};

static struct table_layout string_layout(void)
{
    return (struct table_layout){
        .column_count = 2, .key_count = 1, .types = {SSQL_TYPE_STRING, SSQL_TYPE_BOOL}, .key_columns = {0}};
}

static void store_manifest(struct database *database)
{
    struct table_layout ints = fixture_layout(), strings = string_layout();
    struct wal_run runs[4];
    struct buffer bytes = {0};
    struct ssql_error error;
    bool used_object;
    size_t run_count = wal_runs(database->wal, 0, runs, 4);

    manifest_begin(&bytes, &database->header, runs, (uint32_t)run_count, 2);
    manifest_add_table(&bytes, INT_TABLE, 9, FLUSHED_SEQUENCE, (struct written_bytes){400, 50}, &ints, 0);
    manifest_add_table(&bytes, STRING_TABLE, CATALOG_SEQUENCE, 0, (struct written_bytes){200, 20}, &strings, 0);
    manifest_seal(&bytes);
    assert_int_equal(manifest_store(database->volume, buffer_slice(&bytes), "tables/manifest-1-1", &database->version,
                                    &used_object, &error),
                     VOLUME_OK);
    buffer_clear(&bytes);
}

static void make(struct database *database)
{
    struct wal_options options = {.epoch = 1};
    struct ssql_error error;

    *database = (struct database){.volume = fixture_volume(), .header = usual_header};
    assert_true(wal_open(database->volume, &options, NULL, &database->wal, &error));
    assert_true(wal_begin(database->wal, &error));
    store_manifest(database);
    transaction_record_begin(&database->record);
}

/* Appends the record that was put together, and begins the next. */
static void append(struct database *database, uint64_t sequence, uint32_t sequence_count)
{
    struct slice part = buffer_slice(&database->record);
    struct ssql_error error;
    uint64_t position;

    database->record_offset = wal_appended_position(database->wal);
    assert_true(wal_append(database->wal, &part, 1, sequence, sequence_count, &position, &error));
    assert_true(wal_sync_to(database->wal, position, &error));
    buffer_reset(&database->record);
    transaction_record_begin(&database->record);
}

static void put_int(struct database *database, int64_t key, int64_t number)
{
    struct table_layout layout = fixture_layout();
    struct row_format *format;
    struct value values[FIXTURE_COLUMNS];
    char text[FIXTURE_TEXT_SIZE];
    struct ssql_error error;
    size_t offset;

    assert_true(row_format_create(&layout, &format, &error));
    fixture_row(key, number, text, values);
    transaction_record_table(&database->record, INT_TABLE);
    assert_true(transaction_record_put(&database->record, format, values, &offset, &error));
    row_format_destroy(format);
}

static void delete_key(struct database *database, uint32_t table_id, struct slice key)
{
    transaction_record_table(&database->record, table_id);
    transaction_record_delete(&database->record, key);
}

static void delete_int(struct database *database, int64_t key)
{
    uint8_t bytes[INT_KEY_SIZE];

    key_encode_int(key, bytes);
    delete_key(database, INT_TABLE, slice_make(bytes, sizeof bytes));
}

/* The process ends, with or without closing its log. */
static void end_writer(struct database *database, bool is_clean)
{
    struct ssql_error error;

    if (is_clean) {
        assert_true(wal_finish(database->wal, &error));
        store_manifest(database);
    }
    wal_destroy(database->wal);
    database->wal = NULL;
    buffer_clear(&database->record);
}

static struct engine *open_right(struct database *database)
{
    struct engine_options options = fixture_options(false);

    if (database->wal != NULL)
        end_writer(database, false);
    return fixture_open(database->volume, &options);
}

/* Opening fails, naming the last record and what is wrong with it. */
static void is_refused(struct database *database, const char *what)
{
    struct engine_options options = fixture_options(false);
    struct engine *engine;
    struct ssql_error error = {0};
    char place[80];

    snprintf(place, sizeof place,
             "\"wal/1-1\" is damaged at offset %llu: ", (unsigned long long)database->record_offset);
    end_writer(database, false);
    assert_false(engine_open(database->volume, &options, &engine, &error));
    assert_int_equal(error.code, SSQL_CORRUPT);
    if (strstr(error.message, place) == NULL || strstr(error.message, what) == NULL)
        fail_msg("\"%s\" does not say \"%s%s\"", error.message, place, what);
}

/* ---- what a record may not say ---- */

static void a_write_to_an_unknown_table_is_damage_unless_it_may_be_dropped(void **state)
{
    (void)state;
    struct database database;

    make(&database);
    delete_key(&database, 99, slice_of("x"));
    append(&database, CATALOG_SEQUENCE + 1, 1);
    is_refused(&database, "it writes to a table that does not exist");
    make(&database); /* the manifest, which has no such table, is as new */
    delete_key(&database, 99, slice_of("x"));
    append(&database, CATALOG_SEQUENCE, 1);
    fixture_close(open_right(&database));
}

static void a_row_or_key_that_does_not_fit_its_table_is_damage(void **state)
{
    (void)state;
    struct database database;
    char large[KEY_SIZE_MOST + 1];

    memset(large, 'k', sizeof large);
    make(&database);
    put_int(&database, 1, 5);
    database.record.data[database.record.size - 1 - strlen("text of 5")] ^= 0xff; /* where its text ends */
    append(&database, 21, 1);
    is_refused(&database, "a row does not fit its table");
    make(&database);
    delete_key(&database, INT_TABLE, slice_make("1234567", 7));
    append(&database, 21, 1);
    is_refused(&database, "a key does not fit its table");
    make(&database);
    delete_key(&database, STRING_TABLE, slice_make(large, sizeof large));
    append(&database, 21, 1);
    is_refused(&database, "a key does not fit its table");
    make(&database);
    delete_key(&database, STRING_TABLE, slice_make(large, KEY_SIZE_MOST));
    delete_key(&database, STRING_TABLE, slice_make(large, 7));
    append(&database, 21, 1);
    fixture_close(open_right(&database));
    make(&database); /* what is in files already is not looked at */
    delete_key(&database, INT_TABLE, slice_make("1234567", 7));
    append(&database, FLUSHED_SEQUENCE, 1);
    fixture_close(open_right(&database));
}

static void creations_and_drops_must_make_sense(void **state)
{
    (void)state;
    struct table_layout layout = fixture_layout();
    struct database database;

    make(&database);
    transaction_record_create(&database.record, INT_TABLE, &layout);
    append(&database, 21, 1);
    is_refused(&database, "it creates a table that exists");
    make(&database);
    transaction_record_drop(&database.record, 99);
    append(&database, 21, 1);
    is_refused(&database, "it drops a table that does not exist");
    make(&database);
    transaction_record_drop(&database.record, INT_TABLE);
    append(&database, 21, 1);
    transaction_record_drop(&database.record, INT_TABLE);
    append(&database, 22, 1);
    is_refused(&database, "it drops a table that does not exist");
    make(&database); /* the manifest has seen these */
    transaction_record_create(&database.record, INT_TABLE, &layout);
    append(&database, CATALOG_SEQUENCE - 1, 1);
    transaction_record_drop(&database.record, 99);
    append(&database, CATALOG_SEQUENCE, 1);
    fixture_close(open_right(&database));
    make(&database);
    transaction_record_create(&database.record, STRING_TABLE, &layout);
    append(&database, CATALOG_SEQUENCE, 1);
    fixture_close(open_right(&database));
}

static void a_record_that_cannot_be_read_is_damage(void **state)
{
    (void)state;
    struct database database;

    make(&database);
    database.record.data[0]++;
    append(&database, 21, 1);
    is_refused(&database, "its record is of an unknown kind");
    make(&database);
    put_int(&database, 1, 5);
    database.record.size--;
    append(&database, 21, 1);
    is_refused(&database, "an operation runs past its end");
    make(&database); /* more operations than sequences */
    delete_int(&database, 1);
    delete_int(&database, 2);
    delete_int(&database, 3);
    append(&database, 21, 2);
    is_refused(&database, "an operation runs past its end");
    make(&database);
    delete_int(&database, 1);
    delete_int(&database, 2);
    append(&database, 21, 2);
    fixture_close(open_right(&database));
}

/* ---- what comes back ---- */

static void operations_of_one_record_take_its_sequences_in_order(void **state)
{
    (void)state;
    struct database database;

    make(&database);
    put_int(&database, 1, 5);
    put_int(&database, 1, 6);
    delete_int(&database, 2);
    put_int(&database, 2, 8);
    append(&database, 21, 4);
    put_int(&database, 3, 9);
    put_int(&database, 4, 10);
    append(&database, 25, 1);
    struct engine *engine = open_right(&database);
    assert_int_equal(fixture_get_one(engine, INT_TABLE, 1), 6);
    assert_int_equal(fixture_get_one(engine, INT_TABLE, 2), 8);
    assert_int_equal(fixture_get_one(engine, INT_TABLE, 3), 9);
    assert_int_equal(fixture_get_one(engine, INT_TABLE, 4), 10);
    assert_int_equal(atomic_load(&engine->committed), 25);
    assert_int_equal(atomic_load(&engine->durable), 25);
    assert_int_equal(engine_last_commit(engine, INT_TABLE), 25);
    assert_int_equal(engine_last_commit(engine, STRING_TABLE), 0);
    fixture_close(engine);
}

static void what_files_hold_is_not_taken_from_the_log_again(void **state)
{
    (void)state;
    struct database database;

    make(&database);
    put_int(&database, 1, 5);
    append(&database, FLUSHED_SEQUENCE, 1);
    put_int(&database, 2, 6);
    append(&database, FLUSHED_SEQUENCE + 1, 1);
    struct engine *engine = open_right(&database);
    assert_int_equal(fixture_get_one(engine, INT_TABLE, 1), -1);
    assert_int_equal(fixture_get_one(engine, INT_TABLE, 2), 6);
    fixture_close(engine);
}

/* Spilled commits stand in the manifest alone. */
static void the_manifest_may_be_ahead_of_the_log(void **state)
{
    (void)state;
    struct database database;

    make(&database);
    database.header.last_sequence = 50;
    store_manifest(&database);
    put_int(&database, 1, 5);
    append(&database, 30, 1);
    struct engine *engine = open_right(&database);
    assert_int_equal(atomic_load(&engine->committed), 50);
    assert_int_equal(atomic_load(&engine->durable), 50);
    assert_int_equal(fixture_get_one(engine, INT_TABLE, 1), 5);
    fixture_close(engine);
}

static void created_and_dropped_tables_are_so_after_a_crash(void **state)
{
    (void)state;
    struct table_layout layout = fixture_layout();
    struct database database;

    make(&database);
    transaction_record_create(&database.record, NEW_TABLE, &layout);
    append(&database, 21, 1);
    transaction_record_create(&database.record, NEW_TABLE - 10, &layout);
    append(&database, 22, 1);
    transaction_record_drop(&database.record, INT_TABLE);
    append(&database, 23, 1);
    struct engine *engine = open_right(&database);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
    assert_null(transaction_table(transaction, INT_TABLE));
    assert_non_null(transaction_table(transaction, STRING_TABLE));
    assert_non_null(transaction_table(transaction, NEW_TABLE));
    assert_non_null(transaction_table(transaction, NEW_TABLE - 10));
    fixture_rollback(transaction);
    assert_int_equal(engine->catalog_sequence, 23);
    assert_int_equal(engine->dropped_count, 1);
    assert_int_equal(fixture_create_table(engine), NEW_TABLE + 1);
    fixture_close(engine);
}

static void the_next_table_has_a_number_of_its_own(void **state)
{
    (void)state;
    struct table_layout layout = fixture_layout();
    struct database database;

    make(&database);
    transaction_record_create(&database.record, usual_header.next_table_id, &layout);
    append(&database, 21, 1);
    struct engine *engine = open_right(&database);
    assert_int_equal(fixture_create_table(engine), usual_header.next_table_id + 1);
    fixture_close(engine);
}

static void the_first_table_of_a_user_has_the_number_after_those_of_the_system(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(fixture_volume(), &options);

    assert_int_equal(fixture_create_table(engine), FIRST_USER_TABLE);
    fixture_close(engine);
}

/* What recovery put into memory is counted, or the budget of memory would be passed unnoticed. */
static void replayed_rows_are_counted_as_memory(void **state)
{
    (void)state;
    struct database database;

    make(&database);
    put_int(&database, 1, 5);
    append(&database, 21, 1);
    delete_key(&database, STRING_TABLE, slice_of("k"));
    put_int(&database, 2, 6);
    append(&database, 22, 1);
    delete_key(&database, STRING_TABLE, slice_of("l"));
    append(&database, 23, 1);
    struct engine *engine = open_right(&database);
    size_t bytes = 0;
    for (uint32_t i = 0; i < engine->table_count; i++) {
        if (engine->tables[i]->active == NULL)
            continue;
        assert_int_equal(engine->tables[i]->active_bytes, memtable_memory_bytes(engine->tables[i]->active));
        bytes += engine->tables[i]->active_bytes;
    }
    assert_true(bytes > 0);
    assert_int_equal(atomic_load(&engine->active_bytes), bytes);
    fixture_close(engine);
}

/* ---- what the next manifest says ---- */

static void what_the_manifest_said_is_in_the_next_one(void **state)
{
    (void)state;
    struct database database;
    struct volume *copy;
    struct manifest *manifest;
    struct ssql_error error;

    make(&database);
    put_int(&database, 1, 5);
    append(&database, 21, 1);
    struct engine *engine = open_right(&database);
    assert_int_equal(engine->logged_before, usual_header.bytes_logged);
    assert_int_equal(engine->manifest_last_sequence, usual_header.last_sequence);
    assert_int_equal(engine->manifest_catalog_sequence, usual_header.catalog_sequence);
    assert_int_equal(fixture_put_one(engine, INT_TABLE, 2, 6), SSQL_OK);
    assert_true(engine_flush(engine, &error));
    assert_true(volume_memory_crash(database.volume, UINT64_MAX, &copy, &error));
    assert_true(manifest_load(copy, &manifest, &error));
    assert_memory_equal(manifest->header.database_id, usual_header.database_id, MANIFEST_ID_SIZE);
    assert_int_equal(manifest->header.epoch, 2);
    assert_true(manifest->header.next_file_number > usual_header.next_file_number);
    assert_int_equal(manifest->header.next_table_id, 18);
    assert_int_equal(manifest->header.last_sequence, 22);
    assert_int_equal(manifest->header.catalog_sequence, CATALOG_SEQUENCE);
    assert_true(manifest->header.bytes_logged > usual_header.bytes_logged);
    assert_int_equal(manifest->table_count, 2);
    uint64_t written = manifest->tables[0].written.flushed - 400;
    assert_true(written > 0);
    assert_int_equal(manifest->tables[0].written.compacted, 50);
    assert_int_equal(manifest->tables[0].flushed_sequence, 22);
    assert_int_equal(manifest->tables[0].created_sequence, 9);
    assert_int_equal(manifest->tables[1].created_sequence, CATALOG_SEQUENCE);
    assert_int_equal(manifest->tables[1].flushed_sequence, 0);
    assert_int_equal(manifest->header.written.flushed, 600 + written);
    assert_int_equal(manifest->header.written.compacted, 70);
    manifest_destroy(manifest);
    volume_close(copy);
    fixture_close(engine);
}

/* A database that was closed cleanly, and of which the log is needed: its runs stay in the manifest until it is not. */
static void old_runs_stay_named_until_they_are_not_needed(void **state)
{
    (void)state;
    for (int is_clean = 0; is_clean < 2; is_clean++) {
        struct database database;
        struct volume *copy;
        struct manifest *manifest;
        struct engine_options options = fixture_options(false);
        struct ssql_error error;

        make(&database);
        put_int(&database, 1, 5);
        append(&database, 21, 1);
        end_writer(&database, is_clean);
        struct engine *engine = open_right(&database);
        assert_int_equal(fixture_put_one(engine, INT_TABLE, 2, 6), SSQL_OK);
        assert_true(volume_memory_crash(database.volume, 0, &copy, &error));
        assert_true(manifest_load(copy, &manifest, &error));
        assert_int_equal(manifest->run_count, 2);
        assert_int_equal(manifest->runs[0].epoch, 1);
        assert_true(manifest->runs[0].has_end);
        assert_int_equal(manifest->runs[0].end_sequence, 21);
        assert_int_equal(manifest->runs[1].epoch, 2);
        assert_int_equal(manifest->runs[1].first_segment, 2);
        assert_false(manifest->runs[1].has_end);
        manifest_destroy(manifest);
        struct engine *after = fixture_open(copy, &options);
        assert_int_equal(fixture_get_one(after, INT_TABLE, 1), 5);
        assert_int_equal(fixture_get_one(after, INT_TABLE, 2), 6);
        fixture_close(after);
        fixture_close(engine);
    }
}

/* ---- names that a crash left ---- */

static bool count_name(void *context, const char *name, uint64_t size)
{
    (void)size;
    (void)name;
    ++*(int *)context;
    return true;
}

static int count_names(struct volume *volume)
{
    struct ssql_error error;
    int count = 0;

    assert_int_equal(volume_list(volume, count_name, &count, &error), VOLUME_OK);
    return count;
}

static void make_object(struct volume *volume, const char *name)
{
    struct object_writer *writer;
    struct ssql_error error;

    assert_int_equal(object_create(volume, name, 1, &writer, &error), VOLUME_OK);
    assert_int_equal(object_append(writer, slice_of("x"), &error), VOLUME_OK);
    assert_int_equal(object_finish(writer, &error), VOLUME_OK);
}

/* Nothing is looked for after a clean close: what nobody names is found after a crash only. */
static void a_crash_is_cleaned_up_after_and_a_clean_close_is_not(void **state)
{
    (void)state;
    for (int is_clean = 0; is_clean < 2; is_clean++) {
        struct database database;

        make(&database);
        put_int(&database, 1, 5);
        append(&database, 21, 1);
        end_writer(&database, is_clean);
        make_object(database.volume, "tables/16/sst-1-1");
        make_object(database.volume, "tables/manifest-1-9");
        make_object(database.volume, "other/1");
        int before = count_names(database.volume);
        struct engine *engine = open_right(&database);
        assert_int_equal(count_names(database.volume), is_clean ? before : before - 2);
        fixture_close(engine);
    }
}

/* A process that ended between the first segment of its run and the manifest: its names are not used again. */
static void a_segment_that_no_manifest_names_costs_an_epoch(void **state)
{
    (void)state;
    struct database database;
    struct wal_options options = {.epoch = 2};
    struct wal_recovery found = {.next_segment = 2};
    struct wal *wal;
    struct manifest *manifest;
    struct volume *copy;
    struct ssql_error error;

    make(&database);
    put_int(&database, 1, 5);
    append(&database, 21, 1);
    end_writer(&database, true);
    for (options.epoch = 2; options.epoch <= 3; options.epoch++) {
        assert_true(wal_open(database.volume, &options, &found, &wal, &error));
        assert_true(wal_begin(wal, &error));
        wal_destroy(wal);
    }
    make_object(database.volume, "tables/16/sst-2-1");
    struct engine *engine = open_right(&database);
    assert_int_equal(engine->epoch, 4);
    assert_int_equal(count_names(database.volume), 1); /* wal/1-1 */
    assert_int_equal(fixture_put_one(engine, INT_TABLE, 2, 6), SSQL_OK);
    assert_true(volume_memory_crash(database.volume, 0, &copy, &error));
    assert_true(manifest_load(copy, &manifest, &error));
    assert_int_equal(manifest->header.epoch, 4);
    assert_int_equal(manifest->runs[1].epoch, 4);
    manifest_destroy(manifest);
    volume_close(copy);
    assert_int_equal(fixture_get_one(engine, INT_TABLE, 1), 5);
    fixture_close(engine);
}

/* Without a manifest nothing is known to be an orphan. With one that has seen neither a log nor a commit, everything
 * is. */
static void what_is_an_orphan_is_said_by_the_manifest(void **state)
{
    (void)state;
    for (uint64_t last_sequence = 0; last_sequence < 2; last_sequence++) {
        struct engine_options options = fixture_options(false);
        struct manifest_header header = usual_header;
        struct volume *volume = fixture_volume();
        struct buffer bytes = {0};
        struct ssql_error error;
        uint64_t version = 0;
        bool used_object;

        make_object(volume, "tables/16/sst-1-1");
        struct engine *engine = fixture_open(volume, &options);
        assert_int_equal(count_names(volume), 1);
        fixture_close(engine);
        volume = fixture_volume();
        make_object(volume, "tables/16/sst-1-1");
        header.last_sequence = last_sequence;
        header.catalog_sequence = 0;
        manifest_begin(&bytes, &header, NULL, 0, 0);
        manifest_seal(&bytes);
        assert_int_equal(
            manifest_store(volume, buffer_slice(&bytes), "tables/manifest-1-1", &version, &used_object, &error),
            VOLUME_OK);
        buffer_clear(&bytes);
        engine = fixture_open(volume, &options);
        assert_int_equal(count_names(volume), last_sequence == 0 ? 0 : 1);
        fixture_close(engine);
    }
}

/* ---- more than memory holds ---- */

/* The log is made durable and flushed bit by bit, under a manifest that still names it. */
static void a_log_beyond_the_budget_is_flushed_while_it_is_read(void **state)
{
    (void)state;
    enum { RECORDS = 40, ROWS = 50 };
    struct database database;
    struct engine_options options = fixture_options(false);
    struct volume *copy;
    struct manifest *manifest;
    struct ssql_error error;

    make(&database);
    delete_key(&database, STRING_TABLE, slice_of("a key that was never there"));
    append(&database, 21, 1);
    for (int record = 0; record < RECORDS; record++) {
        for (int row = 0; row < ROWS; row++)
            put_int(&database, record * ROWS + row, record + 1);
        append(&database, (uint64_t)(2000 + record), 1);
    }
    end_writer(&database, false);
    options.memory_limit_bytes = 64 << 10;
    struct engine *engine = fixture_open(database.volume, &options);
    assert_true(engine->manifest_version > database.version);
    assert_int_equal(fixture_count(engine, INT_TABLE), RECORDS * ROWS);
    assert_true(volume_memory_crash(database.volume, 0, &copy, &error));
    assert_true(manifest_load(copy, &manifest, &error));
    assert_int_equal(manifest->run_count, 1);
    assert_int_equal(manifest->runs[0].epoch, 1);
    assert_int_equal(manifest->runs[0].first_segment, 1);
    assert_true(manifest->tables[0].flushed_sequence > 2000);
    assert_true(manifest->tables[0].flushed_sequence <= (uint64_t)(2000 + RECORDS - 1));
    assert_true(manifest->header.last_sequence >= manifest->tables[0].flushed_sequence);
    manifest_destroy(manifest);
    struct engine *after = fixture_open(copy, &options);
    assert_int_equal(fixture_count(after, INT_TABLE), RECORDS * ROWS);
    for (int record = 0; record < RECORDS; record++)
        assert_int_equal(fixture_get_one(after, INT_TABLE, record * ROWS), record + 1);
    fixture_close(after);
    fixture_close(engine);
}

static void the_last_commit_of_a_table_is_that_of_its_newest_file(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume(), *copy;
    struct engine *engine = fixture_open(volume, &options);
    struct ssql_error error;
    uint32_t first = fixture_create_table(engine), second = fixture_create_table(engine);

    for (int64_t round = 0; round < 3; round++) {
        assert_int_equal(fixture_put_one(engine, first, round, 1), SSQL_OK);
        assert_true(engine_flush(engine, &error));
    }
    uint64_t last = atomic_load(&engine->committed);
    assert_int_equal(fixture_put_one(engine, second, 1, 1), SSQL_OK);
    assert_true(engine_flush(engine, &error));
    assert_true(volume_memory_crash(volume, 0, &copy, &error));
    struct engine *after = fixture_open(copy, &options);
    assert_int_equal(engine_last_commit(after, first), last);
    assert_int_equal(engine_last_commit(after, second), last + 1);
    fixture_close(after);
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_to_an_unknown_table_is_damage_unless_it_may_be_dropped),
        cmocka_unit_test(a_row_or_key_that_does_not_fit_its_table_is_damage),
        cmocka_unit_test(creations_and_drops_must_make_sense),
        cmocka_unit_test(a_record_that_cannot_be_read_is_damage),
        cmocka_unit_test(operations_of_one_record_take_its_sequences_in_order),
        cmocka_unit_test(what_files_hold_is_not_taken_from_the_log_again),
        cmocka_unit_test(the_manifest_may_be_ahead_of_the_log),
        cmocka_unit_test(created_and_dropped_tables_are_so_after_a_crash),
        cmocka_unit_test(the_next_table_has_a_number_of_its_own),
        cmocka_unit_test(the_first_table_of_a_user_has_the_number_after_those_of_the_system),
        cmocka_unit_test(replayed_rows_are_counted_as_memory),
        cmocka_unit_test(what_the_manifest_said_is_in_the_next_one),
        cmocka_unit_test(old_runs_stay_named_until_they_are_not_needed),
        cmocka_unit_test(a_crash_is_cleaned_up_after_and_a_clean_close_is_not),
        cmocka_unit_test(a_segment_that_no_manifest_names_costs_an_epoch),
        cmocka_unit_test(what_is_an_orphan_is_said_by_the_manifest),
        cmocka_unit_test(a_log_beyond_the_budget_is_flushed_while_it_is_read),
        cmocka_unit_test(the_last_commit_of_a_table_is_that_of_its_newest_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
