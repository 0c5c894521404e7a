/* Salvage of logs that are read record by record: cut off, closed, unreadable, with changes of no table, and longer
 * than the manifest says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "storage/manifest.h"
#include "storage/transaction_record.h"
#include "storage/wal.h"
#include "support/salvage_fixture.h"

#define SEGMENT "wal/1-1"

enum { ROWS = 5 };

/* A table and rows, a commit each, in one segment; no manifest that can be read. */
static struct volume *make_headless(void)
{
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &options);

    assert_int_equal(fixture_create_table(engine), FIRST_TABLE);
    for (int64_t i = 0; i < ROWS; i++)
        assert_int_equal(fixture_put_one(engine, FIRST_TABLE, i, i), SSQL_OK);
    struct volume *copy = copy_of(volume);
    fixture_close(engine);
    assert_true(volume_memory_damage(copy, "manifest", 30, 1));
    return copy;
}

static bool note_size(void *context, const char *name, uint64_t size)
{
    if (strcmp(name, SEGMENT) == 0)
        *(uint64_t *)context = size;
    return true;
}

static void a_record_that_was_cut_off_is_not_taken(void **state)
{
    struct volume *volume = make_headless();
    uint64_t size = 0;

    (void)state;
    salvage(volume);
    assert_int_equal(salvaged.row_count, ROWS);
    assert_int_equal(volume_list(volume, note_size, &size, NULL), VOLUME_OK);
    assert_true(size > 100);
    assert_true(volume_memory_truncate(volume, SEGMENT, size - 20));
    salvage(volume);
    assert_int_equal(salvaged.row_count, ROWS - 1);
    assert_said("5 commits"); /* the table's is one */
    volume_close(volume);
}

/* A log that cannot be read is a loss, and who hears of it may end it. */
static void a_segment_that_cannot_be_read_is_lost(void **state)
{
    struct volume *volume, *to;
    struct ssql_error error = {0};
    unsigned lost_count = 0;
    bool is_hit = true;

    (void)state;
    assert_true(volume_faulty_create(make_headless(), &volume, NULL));
    for (uint64_t n = 1; is_hit; n++) {
        const struct fault_plan plan = {.fail_at = n, .status = VOLUME_UNAVAILABLE};
        volume_faulty_set(volume, &plan);
        to = fixture_volume();
        bool is_done = try_salvage(volume, to, 0, &error);
        is_hit = volume_faulty_count(volume) >= n;
        volume_close(to);
        if (!is_done || strstr(salvaged.texts, SEGMENT ": ") == NULL)
            continue;
        lost_count++;
        for (unsigned stop_at = salvaged.findings; stop_at > 0; stop_at--) {
            volume_faulty_set(volume, &plan);
            to = fixture_volume();
            assert_false(try_salvage(volume, to, stop_at, &error));
            assert_int_equal(error.code, SSQL_INTERRUPTED);
            volume_close(to);
        }
    }
    assert_int_equal(lost_count, 2); /* opened, read */
    volume_close(volume);
}

static void append(struct wal *wal, struct buffer *record, uint64_t sequence)
{
    const struct slice part = buffer_slice(record);
    uint64_t position;

    assert_false(record->failed);
    assert_true(wal_append(wal, &part, 1, sequence, 1, &position, NULL));
    buffer_clear(record);
}

/* Its end is a record, too, but of nothing; what is no transaction's record is told of, and who hears of it may end it.
 */
static void a_log_that_was_closed_gives_its_commits_and_what_is_strange_is_told(void **state)
{
    const struct wal_options options = {.epoch = 1, .segment_size = 4096};
    const struct table_layout layout = fixture_layout();
    struct volume *volume = fixture_volume();
    struct buffer record = {0};
    struct wal *wal;

    (void)state;
    assert_true(wal_open(volume, &options, NULL, &wal, NULL));
    assert_true(wal_begin(wal, NULL));
    transaction_record_begin(&record);
    transaction_record_create(&record, FIRST_TABLE, &layout);
    append(wal, &record, 1);
    buffer_append_text(&record, "no record of a transaction");
    append(wal, &record, 2);
    assert_true(wal_finish(wal, NULL));
    wal_destroy(wal);
    stop_everywhere(volume);
    salvage(volume);
    assert_said("2 commits are taken from the log");
    assert_said("1 changes of the log fit no table that is known");
    volume_close(volume);
}

/* Where the manifest knows the end of a run, what lies beyond it was never part of the database. */
static void segments_behind_the_end_of_a_run_are_left_alone(void **state)
{
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume();
    uint64_t all = 0;

    (void)state;
    options.wal_segment_bytes = 4096;
    struct engine *engine = fixture_open(volume, &options);
    assert_int_equal(fixture_create_table(engine), FIRST_TABLE);
    for (int64_t i = 0; i < 100; i++)
        assert_int_equal(fixture_put_one(engine, FIRST_TABLE, i, i), SSQL_OK);
    struct volume *copy = copy_of(volume);
    fixture_close(engine);
    assert_true(volume_memory_damage(copy, SEGMENT, 1500, 1));
    for (int has_end = 0; has_end < 2; has_end++) {
        struct manifest *manifest;
        struct buffer bytes = {0};
        bool used_object;
        assert_true(manifest_load(copy, &manifest, NULL));
        assert_int_equal(manifest->run_count, 1);
        manifest->runs[0].has_end = has_end == 1;
        manifest->runs[0].end_segment = 2;
        manifest->runs[0].end_sequence = 1000;
        fixture_encode_manifest(manifest, &bytes);
        assert_int_equal(
            manifest_store(copy, buffer_slice(&bytes), "tables/manifest-9-9", &manifest->version, &used_object, NULL),
            VOLUME_OK);
        buffer_clear(&bytes);
        manifest_destroy(manifest);
        salvage(copy);
        assert_said("are kept; any row may be older than its last version");
        if (has_end == 0)
            all = salvaged.row_count;
    }
    assert_true(all > 50 && salvaged.row_count > 20 && salvaged.row_count < all);
    volume_close(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_that_was_cut_off_is_not_taken),
        cmocka_unit_test(a_segment_that_cannot_be_read_is_lost),
        cmocka_unit_test(a_log_that_was_closed_gives_its_commits_and_what_is_strange_is_told),
        cmocka_unit_test(segments_behind_the_end_of_a_run_are_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
