/* Changes of the manifest as a whole: what each writes, in which order, through the register or by way of an object,
 * and what becomes of the engine when a change fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/key_codec.h"
#include "storage/engine_internal.h"
#include "support/engine_fixture.h"

static uint64_t commit_sequence(const struct engine *engine)
{
    return atomic_load(&engine->committed);
}

static struct manifest *load(struct volume *volume)
{
    struct manifest *manifest;
    struct ssql_error error;

    if (!manifest_load(volume, &manifest, &error))
        fail_msg("%s", error.message);
    return manifest;
}

static void flush(struct engine *engine)
{
    struct ssql_error error;

    if (!engine_flush(engine, &error))
        fail_msg("%s", error.message);
}

static void compact(struct engine *engine)
{
    struct ssql_error error;

    if (!engine_compact(engine, &error))
        fail_msg("%s", error.message);
}

/* ---- what is written when ---- */

static void the_manifest_is_written_for_the_first_commit_and_not_for_the_second(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &options);
    struct ssql_error error;

    assert_int_equal(engine->manifest_version, 0);
    uint32_t table_id = fixture_create_table(engine);
    uint64_t version = engine->manifest_version;
    assert_true(version > 0);
    assert_true(atomic_load(&engine->epoch_is_claimed) && atomic_load(&engine->run_is_named));
    for (int64_t key = 0; key < 5; key++)
        assert_int_equal(fixture_put_one(engine, table_id, key, key), SSQL_OK);
    assert_true(engine_claim_epoch(engine, &error));
    assert_int_equal(engine->manifest_version, version);
    flush(engine);
    assert_int_equal(engine->manifest_version, version + 1);
    struct manifest *manifest = load(volume);
    assert_int_equal(manifest->version, version + 1);
    assert_int_equal(manifest->header.last_sequence, commit_sequence(engine));
    assert_int_equal(engine->manifest_last_sequence, commit_sequence(engine));
    assert_int_equal(manifest->header.catalog_sequence, 1);
    assert_int_equal(engine->manifest_catalog_sequence, 1);
    assert_int_equal(manifest->tables[0].created_sequence, 1);
    assert_int_equal(manifest->tables[0].flushed_sequence, commit_sequence(engine));
    assert_int_equal(manifest->tables[0].file_count, 1);
    assert_true(manifest->header.bytes_logged > 0);
    assert_int_equal(manifest->header.next_table_id, table_id + 1);
    assert_int_equal(manifest->run_count, 1);
    manifest_destroy(manifest);
    fixture_close(engine);
}

/* A table that was just created is in the manifest, so its record must be durable by then. */
static void a_creation_is_durable_before_the_manifest_has_it(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume();
    struct ssql_error error;

    options.sync = SYNC_OFF;
    struct engine *engine = fixture_open(volume, &options);
    fixture_create_table(engine);
    uint32_t second = fixture_create_table(engine);
    assert_true(wal_durable_position(engine->wal) < engine->catalog_position);
    assert_true(engine_apply_edits(engine, NULL, 0, &error));
    assert_true(wal_durable_position(engine->wal) >= engine->catalog_position);
    struct manifest *manifest = load(volume);
    assert_int_equal(manifest->table_count, 2);
    assert_int_equal(manifest->tables[1].id, second);
    assert_int_equal(manifest->header.catalog_sequence, 2);
    manifest_destroy(manifest);
    fixture_close(engine);
}

static void bytes_written_are_counted_for_ever(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume(), *copy;
    struct engine *engine = fixture_open(volume, &options);
    uint32_t table_id = fixture_create_table(engine);
    struct table_statistics table;
    struct engine_statistics all;
    struct ssql_error error;
    uint64_t flushed = 0, compacted = 0;

    for (int round = 0; round < 3; round++) {
        struct table_statistics before;
        assert_true(engine_table_statistics(engine, table_id, &before, &error));
        assert_int_equal(fixture_put_one(engine, table_id, round % 2, round), SSQL_OK);
        flush(engine);
        assert_true(engine_table_statistics(engine, table_id, &table, &error));
        flushed += table.file_bytes[0];
        compact(engine);
        assert_true(engine_table_statistics(engine, table_id, &table, &error));
        compacted += round == 0 ? table.written.compacted : table.file_bytes[1];
        assert_int_equal(table.written.flushed, flushed);
        assert_int_equal(table.written.compacted, compacted);
        engine_read_statistics(engine, &all);
        assert_int_equal(all.written.flushed, flushed);
        assert_int_equal(all.written.compacted, compacted);
    }
    assert_true(compacted > 0);
    fixture_rollback(fixture_begin(engine, TRANSACTION_READ));
    assert_true(volume_memory_crash(volume, 0, &copy, &error));
    struct engine *after = fixture_open(copy, &options);
    assert_true(engine_table_statistics(after, table_id, &table, &error));
    assert_int_equal(table.written.flushed, flushed);
    assert_int_equal(table.written.compacted, compacted);
    engine_read_statistics(after, &all);
    assert_int_equal(all.written.flushed, flushed);
    assert_int_equal(all.written.compacted, compacted);
    fixture_close(after);
    fixture_close(engine);
}

/* Level 0 is listed newest first, the others by key; the manifest has them in that order too. */
static void files_stand_in_the_order_of_their_level(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume();
    struct ssql_error error;

    options.sstable_bytes = 4096;
    options.block_rows = 4;
    options.level0_files = 20;
    struct engine *engine = fixture_open(volume, &options);
    uint32_t table_id = fixture_create_table(engine);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    for (int64_t key = 0; key < 4000; key++)
        fixture_put(transaction, table_id, key, key * 7919);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    compact(engine);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fixture_put_one(engine, table_id, 5 - i, 1), SSQL_OK);
        assert_int_equal(fixture_put_one(engine, table_id, 490, 1), SSQL_OK);
        flush(engine);
    }
    const struct table_version *version = engine->tables[0]->current;
    assert_int_equal(version->file_count[0], 3);
    uint32_t lowest = LEVELS - 1;
    while (version->file_count[lowest] == 0)
        lowest--;
    assert_true(version->file_count[lowest] > 3);
    for (uint32_t i = 1; i < version->file_count[0]; i++)
        assert_true(table_file_highest(version->files[0][i - 1]) > table_file_highest(version->files[0][i]));
    for (uint32_t i = 1; i < version->file_count[lowest]; i++)
        assert_true(slice_compare(buffer_slice(&version->files[lowest][i - 1]->info.last_key),
                                  buffer_slice(&version->files[lowest][i]->info.first_key)) < 0);
    struct manifest *manifest = load(volume);
    uint32_t at = 0;
    for (uint32_t level = 0; level < LEVELS; level++)
        for (uint32_t i = 0; i < version->file_count[level]; i++, at++) {
            assert_int_equal(manifest->tables[0].files[at].level, level);
            assert_string_equal(manifest->tables[0].files[at].info.name, version->files[level][i]->info.name);
        }
    assert_int_equal(manifest->tables[0].file_count, at);
    manifest_destroy(manifest);
    assert_true(engine_apply_edits(engine, NULL, 0, &error));
    fixture_close(engine);
}

/* ---- spilled commits: tables come and go through the manifest ---- */

static void fill_beyond_memory(struct transaction *transaction, uint32_t table_id, int64_t number)
{
    for (int64_t key = 0; key < 6000; key++)
        fixture_put(transaction, table_id, key, number + key);
}

/* The table with the lower number is committed last. */
static void spilled_creations_and_drops_are_entered_in_order(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(true);
    struct volume *volume = fixture_volume(), *copy;
    struct engine *engine = fixture_open(volume, &options);
    struct table_layout layout = fixture_layout();
    struct ssql_error error;
    uint32_t old = fixture_create_table(engine), lower, higher, gone;

    assert_int_equal(fixture_put_one(engine, old, 1, 1), SSQL_OK);
    flush(engine);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    assert_true(transaction_create_table(transaction, &layout, &lower, &error));
    assert_true(transaction_create_table(transaction, &layout, &gone, &error));
    fill_beyond_memory(transaction, lower, 10);
    fixture_put(transaction, gone, 1, 1);
    assert_true(transaction_drop_table(transaction, gone, &error));
    assert_true(transaction_drop_table(transaction, old, &error));
    higher = fixture_create_table(engine);
    assert_true(lower < higher);
    assert_int_equal(fixture_put_one(engine, higher, 3, 4), SSQL_OK);
    uint64_t before = commit_sequence(engine);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    uint64_t sequence = commit_sequence(engine);
    assert_true(sequence > before);
    assert_int_equal(atomic_load(&engine->durable), sequence);
    assert_int_equal(engine_last_commit(engine, lower), sequence);
    assert_int_equal(engine->catalog_sequence, sequence);
    assert_int_equal(engine->manifest_catalog_sequence, sequence);
    assert_int_equal(engine->manifest_last_sequence, sequence);
    struct manifest *manifest = load(volume);
    assert_int_equal(manifest->table_count, 2);
    assert_int_equal(manifest->tables[0].id, lower);
    assert_int_equal(manifest->tables[0].created_sequence, sequence);
    assert_int_equal(manifest->tables[1].id, higher);
    assert_int_equal(manifest->header.catalog_sequence, sequence);
    assert_int_equal(manifest->header.last_sequence, sequence);
    manifest_destroy(manifest);
    assert_true(volume_memory_crash(volume, 0, &copy, &error));
    struct engine *engines[] = {engine, fixture_open(copy, &options)};
    for (int i = 0; i < 2; i++) {
        transaction = fixture_begin(engines[i], TRANSACTION_READ);
        assert_null(transaction_table(transaction, old));
        assert_null(transaction_table(transaction, gone));
        fixture_rollback(transaction);
        assert_int_equal(fixture_count(engines[i], lower), 6000);
        assert_int_equal(fixture_get_one(engines[i], lower, 77), 87);
        assert_int_equal(fixture_get_one(engines[i], higher, 3), 4);
        fixture_close(engines[i]);
    }
}

/* ---- by way of an object ---- */

static bool count_manifest(void *context, const char *name, uint64_t size)
{
    (void)size;
    *(int *)context += strncmp(name, "tables/manifest-", 16) == 0;
    return true;
}

static int manifest_count(struct volume *volume)
{
    struct ssql_error error;
    int count = 0;

    assert_int_equal(volume_list(volume, count_manifest, &count, &error), VOLUME_OK);
    return count;
}

enum { WIDE_ROWS = 50, WIDE_SIZE = 15000 };

static void write_wide_row(struct engine *engine, uint32_t table_id, int number, bool is_delete)
{
    static char text[WIDE_SIZE];
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct table *table = transaction_table(transaction, table_id);
    struct value value = value_string(slice_make(text, sizeof text));
    struct buffer key = {0};
    struct ssql_error error;

    uint64_t random = (uint64_t)number;
    for (size_t i = 0; i < sizeof text; i++) /* which no encoding makes smaller */
        text[i] = (char)(1 + fixture_random(&random) % 127);
    key_encode(&key, &value, 1);
    assert_true(is_delete ? transaction_delete(transaction, table, buffer_slice(&key), &error)
                          : transaction_put(transaction, table, &value, &error));
    buffer_clear(&key);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

/* So many files with so long keys that the manifest does not fit into the register. */
static struct engine *open_wide(struct volume *volume, uint32_t *table_id)
{
    struct engine_options options = fixture_options(false);
    struct table_layout layout = {.column_count = 1, .key_count = 1, .types = {SSQL_TYPE_STRING}, .key_columns = {0}};
    struct ssql_error error;

    options.sstable_bytes = 4096;
    options.block_rows = 1;
    struct engine *engine = fixture_open(volume, &options);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    assert_true(transaction_create_table(transaction, &layout, table_id, &error));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    for (int i = 0; i < WIDE_ROWS; i++)
        write_wide_row(engine, *table_id, i, false);
    flush(engine);
    return engine;
}

static void a_large_manifest_stands_in_one_object_at_a_time(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume(), *copy;
    struct ssql_error error;
    uint32_t table_id;
    struct engine *engine = open_wide(volume, &table_id);

    assert_int_equal(manifest_count(volume), 1);
    struct manifest *manifest = load(volume);
    assert_string_equal(manifest->object, engine->manifest_object);
    assert_int_equal(manifest->tables[0].file_count, WIDE_ROWS);
    manifest_destroy(manifest);
    assert_true(engine_apply_edits(engine, NULL, 0, &error));
    assert_int_equal(manifest_count(volume), 1);
    assert_true(volume_memory_crash(volume, 0, &copy, &error));
    struct engine *after = fixture_open(copy, &options);
    assert_int_equal(manifest_count(copy), 1);
    assert_true(engine_apply_edits(after, NULL, 0, &error));
    assert_int_equal(manifest_count(copy), 1);
    assert_int_equal(fixture_count(after, table_id), WIDE_ROWS);
    for (int i = 0; i < WIDE_ROWS; i++)
        write_wide_row(after, table_id, i, true);
    compact(after);
    assert_int_equal(manifest_count(copy), 0); /* it fits into the register again */
    assert_string_equal(after->manifest_object, "");
    fixture_close(after);
    fixture_close(engine);
}

/* Each step of a change by way of an object fails: the object of what did not happen goes. */
static void an_object_of_a_change_that_failed_goes(void **state)
{
    (void)state;
    static const enum volume_status statuses[] = {VOLUME_UNAVAILABLE, VOLUME_NO_SPACE};
    struct volume *volume;
    struct ssql_error error;
    uint32_t table_id;

    assert_true(volume_faulty_create(fixture_volume(), &volume, &error));
    struct engine *engine = open_wide(volume, &table_id);
    for (int kind = 0; kind < 2; kind++) {
        bool is_done = false;
        int failures = 0;
        for (uint64_t at = 1; !is_done; at++) {
            volume_faulty_set(volume, &(struct fault_plan){.fail_at = at, .status = statuses[kind]});
            error = (struct ssql_error){0};
            is_done = engine_apply_edits(engine, NULL, 0, &error);
            uint64_t operations = volume_faulty_count(volume);
            volume_faulty_set(volume, &(struct fault_plan){0});
            if (!is_done) {
                failures++;
                assert_int_not_equal(error.code, SSQL_OK);
                assert_int_equal(manifest_count(volume), 1);
            } else if (operations >= at) {
                assert_int_equal(manifest_count(volume), 2); /* the old one could not be deleted, which is no failure */
                break;
            }
        }
        assert_true(failures >= 3);
        engine_delete_orphans(engine);
        assert_int_equal(manifest_count(volume), 1);
        assert_int_equal(fixture_count(engine, table_id), WIDE_ROWS);
    }
    fixture_close(engine);
}

/* ---- failures for good ---- */

static void another_writer_ends_this_one(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &options);
    uint32_t table_id = fixture_create_table(engine);
    struct buffer bytes = {0};
    struct ssql_error error = {0};
    uint64_t version;

    assert_int_equal(fixture_put_one(engine, table_id, 1, 2), SSQL_OK);
    assert_int_equal(register_read(volume, "manifest", &bytes, &version, &error), VOLUME_OK);
    assert_int_equal(register_swap(volume, "manifest", &version, buffer_slice(&bytes), &error), VOLUME_OK);
    buffer_clear(&bytes);
    assert_false(engine_flush(engine, &error));
    assert_int_equal(error.code, SSQL_LOCKED);
    assert_non_null(strstr(error.message, "another process has taken over the database"));
    assert_true(atomic_load(&engine->has_failed));
    assert_int_equal(fixture_get_one(engine, table_id, 1), 2);
    (void)!engine_close(engine, &error);
}

static void an_unknown_outcome_ends_the_writing(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);

    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct volume *volume;
        struct ssql_error error = {0};
        assert_true(volume_faulty_create(fixture_volume(), &volume, &error));
        struct engine *engine = fixture_open(volume, &options);
        uint32_t table_id = fixture_create_table(engine);
        assert_int_equal(fixture_put_one(engine, table_id, 1, 2), SSQL_OK);
        volume_faulty_set(volume, &(struct fault_plan){.fail_at = 1, .status = VOLUME_UNKNOWN, .seed = seed});
        assert_false(engine_apply_edits(engine, NULL, 0, &error));
        volume_faulty_set(volume, &(struct fault_plan){0});
        assert_int_equal(error.code, SSQL_UNKNOWN_OUTCOME);
        assert_true(atomic_load(&engine->has_failed));
        struct ssql_error again = {0};
        assert_false(engine_apply_edits(engine, NULL, 0, &again));
        assert_int_equal(again.code, SSQL_UNKNOWN_OUTCOME);
        assert_int_equal(fixture_get_one(engine, table_id, 1), 2);
        (void)!engine_close(engine, &error);
    }
}

/* Segments that cannot be deleted are no failure of the change that made them free. */
static void a_segment_that_stays_is_no_failure(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume;
    struct ssql_error error;

    options.wal_segment_bytes = 4096;
    assert_true(volume_faulty_create(fixture_volume(), &volume, &error));
    struct engine *engine = fixture_open(volume, &options);
    uint32_t table_id = fixture_create_table(engine);
    for (int64_t key = 0; key < 300; key++)
        assert_int_equal(fixture_put_one(engine, table_id, key, key), SSQL_OK);
    assert_true(wal_segments(engine->wal, NULL, 0) > 5);
    volume_faulty_set(volume, &(struct fault_plan){0});
    flush(engine);
    uint64_t operations = volume_faulty_count(volume);
    assert_true(wal_segments(engine->wal, NULL, 0) == 1);
    for (int64_t key = 0; key < 300; key++)
        assert_int_equal(fixture_put_one(engine, table_id, key, key), SSQL_OK);
    volume_faulty_set(volume, &(struct fault_plan){.fail_at = operations, .status = VOLUME_UNAVAILABLE});
    flush(engine);
    volume_faulty_set(volume, &(struct fault_plan){0});
    assert_int_equal(fixture_count(engine, table_id), 300);
    fixture_close(engine);
}

/* A database that is closed when nothing of its log is needed has none any more. */
static void a_clean_close_leaves_a_log_only_where_it_is_needed(void **state)
{
    (void)state;
    for (int is_flushed = 0; is_flushed < 2; is_flushed++) {
        struct engine_options options = fixture_options(false);
        struct volume *volume = fixture_volume(), *copy;
        struct engine *engine = fixture_open(volume, &options);
        uint32_t table_id = fixture_create_table(engine);
        struct ssql_error error;
        assert_int_equal(fixture_put_one(engine, table_id, 1, 2), SSQL_OK);
        if (is_flushed)
            flush(engine);
        assert_true(engine->log_is_needed);
        assert_true(volume_memory_crash(volume, UINT64_MAX, &copy, &error));
        fixture_close(engine);
        engine = fixture_open(copy, &options);
        assert_int_equal(fixture_get_one(engine, table_id, 1), 2);
        fixture_close(engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_manifest_is_written_for_the_first_commit_and_not_for_the_second),
        cmocka_unit_test(a_creation_is_durable_before_the_manifest_has_it),
        cmocka_unit_test(bytes_written_are_counted_for_ever),
        cmocka_unit_test(files_stand_in_the_order_of_their_level),
        cmocka_unit_test(spilled_creations_and_drops_are_entered_in_order),
        cmocka_unit_test(a_large_manifest_stands_in_one_object_at_a_time),
        cmocka_unit_test(an_object_of_a_change_that_failed_goes),
        cmocka_unit_test(another_writer_ends_this_one),
        cmocka_unit_test(an_unknown_outcome_ends_the_writing),
        cmocka_unit_test(a_segment_that_stays_is_no_failure),
        cmocka_unit_test(a_clean_close_leaves_a_log_only_where_it_is_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
