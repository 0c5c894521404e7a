/* Opening for reading while somebody writes: between any two operations of the reader the writer may replace files and
 * segments. The reader sees one state, no older than when it began; a failure that does not come again is forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storage/engine_internal.h"
#include "support/engine_fixture.h"
#include "volume/volume_directory.h"

enum { KEYS = 12, OPERATIONS_MOST = 2000 };

struct scene {
    char path[128];
    struct engine_options options;
    struct engine *writer;
    struct volume *reader; /* faulty, over the directory */
    uint32_t table_id;
    int64_t generation;                      /* what every key holds now */
    int operations, strike_at, strike_every; /* the writer acts before the reader's operations of these numbers */
    void (*strike)(struct scene *scene);
};

static struct volume *directory_volume(const struct scene *scene, bool is_read_only)
{
    struct volume_directory_options options = {.read_only = is_read_only};
    struct volume *volume;
    struct ssql_error error;

    if (!volume_directory_open(scene->path, &options, &volume, &error))
        fail_msg("%s", error.message);
    return volume;
}

/* One commit that gives all keys a new number. */
static void write_generation(struct scene *scene)
{
    struct transaction *transaction = fixture_begin(scene->writer, TRANSACTION_WRITE);

    scene->generation++;
    for (int64_t key = 0; key < KEYS; key++)
        fixture_put(transaction, scene->table_id, key, scene->generation);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

static void flush(struct scene *scene)
{
    struct ssql_error error;

    if (!engine_flush(scene->writer, &error))
        fail_msg("%s", error.message);
}

/* New files, and a compaction that removes the old ones. */
static void replace_files(struct scene *scene)
{
    struct ssql_error error;

    write_generation(scene);
    flush(scene);
    if (!engine_compact(scene->writer, &error))
        fail_msg("%s", error.message);
}

/* Several segments of the log come, and all but the last go. */
static void replace_segments(struct scene *scene)
{
    for (int i = 0; i < 8; i++)
        write_generation(scene);
    flush(scene);
}

/* Segments come; the manifest stays. */
static void add_segments(struct scene *scene)
{
    for (int i = 0; i < 8; i++)
        write_generation(scene);
}

static void drop_and_create(struct scene *scene)
{
    struct transaction *transaction = fixture_begin(scene->writer, TRANSACTION_WRITE);
    struct table_layout layout = fixture_layout();
    struct ssql_error error;
    uint32_t other;

    assert_true(transaction_create_table(transaction, &layout, &other, &error));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    transaction = fixture_begin(scene->writer, TRANSACTION_WRITE);
    assert_true(transaction_drop_table(transaction, other, &error));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    replace_segments(scene);
}

static void before_operation(void *context)
{
    struct scene *scene = context;

    scene->operations++;
    if (scene->operations == scene->strike_at ||
        (scene->strike_every != 0 && scene->operations % scene->strike_every == 0))
        scene->strike(scene);
}

static void set_up_scene(struct scene *scene, bool has_files)
{
    const char *parent = getenv("TMPDIR");

    *scene = (struct scene){.options = fixture_options(false)};
    scene->options.wal_segment_bytes = 4096;
    scene->options.sync = SYNC_OFF;
    snprintf(scene->path, sizeof scene->path, "%s/ssql_beside_XXXXXX", parent != NULL ? parent : "/tmp");
    assert_non_null(mkdtemp(scene->path));
    assert_int_equal(rmdir(scene->path), 0);
    scene->writer = fixture_open(directory_volume(scene, false), &scene->options);
    scene->table_id = fixture_create_table(scene->writer);
    write_generation(scene);
    if (has_files)
        replace_files(scene);
    for (int i = 0; i < 10; i++)
        write_generation(scene);
}

static void open_reader_volume(struct scene *scene)
{
    struct ssql_error error;

    assert_true(volume_faulty_create(directory_volume(scene, true), &scene->reader, &error));
    scene->operations = 0;
    volume_faulty_set(scene->reader, &(struct fault_plan){.before = before_operation, .context = scene});
}

static void tear_down_scene(struct scene *scene)
{
    char command[256];

    fixture_close(scene->writer);
    snprintf(command, sizeof command, "rm -rf '%s'", scene->path);
    assert_int_equal(system(command), 0);
}

/* One generation, all of it, from `oldest` on; nothing is left of an attempt that did not count. */
static void assert_one_state(struct engine *reader, const struct scene *scene, int64_t oldest)
{
    struct transaction *transaction = fixture_begin(reader, TRANSACTION_READ);
    struct fixture_pair pairs[KEYS];
    size_t bytes = 0;

    assert_int_equal(fixture_scan(transaction, scene->table_id, 0, KEYS, pairs, KEYS), KEYS);
    for (int i = 0; i < KEYS; i++)
        assert_int_equal(pairs[i].number, pairs[0].number);
    assert_true(pairs[0].number >= oldest && pairs[0].number <= scene->generation);
    fixture_rollback(transaction);
    for (uint32_t i = 0; i < reader->table_count; i++)
        if (reader->tables[i]->active != NULL)
            bytes += memtable_memory_bytes(reader->tables[i]->active);
    assert_int_equal(atomic_load(&reader->active_bytes), bytes);
    uint32_t dropped_count = 0;
    for (uint32_t i = 0; i < reader->table_count; i++)
        dropped_count += atomic_load(&reader->tables[i]->dropped_sequence) != UINT64_MAX;
    assert_int_equal(reader->dropped_count, dropped_count);
}

/* The writer strikes before each operation in turn, once. */
static void strike_everywhere(void (*strike)(struct scene *scene), bool has_files)
{
    for (int at = 1, operations = at; at <= operations; at++) {
        struct scene scene;
        set_up_scene(&scene, has_files);
        int64_t oldest = scene.generation;
        scene.strike = strike;
        scene.strike_at = at;
        open_reader_volume(&scene);
        struct engine *reader = fixture_open(scene.reader, &scene.options);
        operations = scene.operations;
        scene.strike_at = 0;
        assert_true(operations < OPERATIONS_MOST);
        assert_one_state(reader, &scene, oldest);
        fixture_close(reader);
        tear_down_scene(&scene);
    }
}

static void files_may_be_replaced_at_any_moment(void **state)
{
    (void)state;
    strike_everywhere(replace_files, true);
}

static void segments_may_be_replaced_at_any_moment(void **state)
{
    (void)state;
    strike_everywhere(replace_segments, true);
}

static void a_log_without_files_may_go_at_any_moment(void **state)
{
    (void)state;
    strike_everywhere(replace_segments, false);
}

static void segments_may_be_added_at_any_moment(void **state)
{
    (void)state;
    strike_everywhere(add_segments, false);
}

static void tables_may_come_and_go_at_any_moment(void **state)
{
    (void)state;
    strike_everywhere(drop_and_create, true);
}

static void replace_both(struct scene *scene)
{
    replace_segments(scene);
    replace_files(scene);
}

/* Each attempt reads everything, and then finds that the log has gone on from somewhere else. */
static void a_writer_that_never_rests_is_told_of(void **state)
{
    (void)state;
    struct scene scene;
    struct engine *reader;
    struct ssql_error error = {0};

    set_up_scene(&scene, true);
    replace_both(&scene);
    open_reader_volume(&scene);
    fixture_close(fixture_open(scene.reader, &scene.options));
    scene.strike_every = scene.operations;
    scene.strike = replace_both;
    open_reader_volume(&scene);
    assert_false(engine_open(scene.reader, &scene.options, &reader, &error));
    assert_int_equal(error.code, SSQL_IO);
    assert_string_equal(error.message, "the database changed 20 times while it was being opened");
    assert_int_equal(scene.operations, 20 * scene.strike_every);
    tear_down_scene(&scene);
}

/* An error of the volume that does not come again. */
static void a_failure_beside_a_writer_must_come_again_to_be_believed(void **state)
{
    (void)state;
    struct scene scene;
    struct engine *reader;
    struct ssql_error error;

    set_up_scene(&scene, true);
    open_reader_volume(&scene);
    reader = fixture_open(scene.reader, &scene.options);
    int operations = scene.operations, failures = 0;
    fixture_close(reader);
    for (int at = 1; at <= operations; at++) {
        open_reader_volume(&scene);
        volume_faulty_set(scene.reader, &(struct fault_plan){.fail_at = (uint64_t)at, .status = VOLUME_UNAVAILABLE});
        if (!engine_open(scene.reader, &scene.options, &reader, &error)) {
            failures++;
            continue;
        }
        assert_one_state(reader, &scene, scene.generation);
        fixture_close(reader);
    }
    assert_int_equal(failures, 1); /* the manifest itself: nothing is known without it */
    tear_down_scene(&scene);
}

static void move_log(const struct scene *scene, const char *from, const char *to)
{
    char command[600];

    snprintf(command, sizeof command, "mkdir -p '%s/%s' && mv '%s/%s'/* '%s/%s/'", scene->path, to, scene->path, from,
             scene->path, to);
    assert_int_equal(system(command), 0);
}

static void a_log_that_stays_missing_is_damage_after_five_attempts(void **state)
{
    (void)state;
    struct scene scene;
    struct engine *reader;
    struct ssql_error error = {0};

    set_up_scene(&scene, false);
    move_log(&scene, "wal", "kept");
    open_reader_volume(&scene);
    assert_false(engine_open(scene.reader, &scene.options, &reader, &error));
    assert_int_equal(error.code, SSQL_CORRUPT);
    /* Each attempt: the manifest, the first segment, the manifest again. */
    assert_int_equal(scene.operations, 5 * 3);
    move_log(&scene, "kept", "wal");
    tear_down_scene(&scene);
}

/* ---- another writer ---- */

static void close_and_open(struct scene *scene)
{
    fixture_close(scene->writer);
    scene->writer = fixture_open(directory_volume(scene, false), &scene->options);
    write_generation(scene);
}

static void another_writer_may_come_at_any_moment(void **state)
{
    (void)state;
    strike_everywhere(close_and_open, false);
}

/* Nothing of the log is needed, and the manifest has no run. */
static void close_with_everything_flushed(struct scene *scene)
{
    flush(scene);
    fixture_close(scene->writer);
    scene->writer = fixture_open(directory_volume(scene, false), &scene->options);
}

static void a_writer_may_leave_no_log_at_any_moment(void **state)
{
    (void)state;
    strike_everywhere(close_with_everything_flushed, false);
}

static void a_log_may_begin_at_any_moment(void **state)
{
    (void)state;
    for (int at = 1, operations = at; at <= operations; at++) {
        struct scene scene;
        set_up_scene(&scene, false);
        close_with_everything_flushed(&scene);
        int64_t oldest = scene.generation;
        scene.strike = write_generation;
        scene.strike_at = at;
        open_reader_volume(&scene);
        struct engine *reader = fixture_open(scene.reader, &scene.options);
        operations = scene.operations;
        assert_one_state(reader, &scene, oldest);
        fixture_close(reader);
        tear_down_scene(&scene);
    }
}

/* A manifest whose checksum is right and whose run has no segment at all. */
static struct volume *plain;
static struct buffer said;

static void say_it_again(struct scene *scene)
{
    struct buffer before = {0};
    uint64_t version;

    (void)scene;
    assert_int_equal(register_read(plain, "manifest", &before, &version, NULL), VOLUME_OK);
    assert_int_equal(register_swap(plain, "manifest", &version, buffer_slice(&said), NULL), VOLUME_OK);
    buffer_clear(&before);
}

static void set_said(const struct manifest *manifest, struct scene *scene)
{
    buffer_reset(&said);
    fixture_encode_manifest(manifest, &said);
    say_it_again(scene);
}

static void a_run_without_segments_reaches_nothing(void **state)
{
    struct wal_run empty = {.epoch = 1, .first_segment = 5, .has_end = true, .end_segment = 4};
    struct scene scene;
    struct manifest *manifest;

    (void)state;
    set_up_scene(&scene, true);
    fixture_close(scene.writer);
    plain = directory_volume(&scene, false);
    assert_true(manifest_load(plain, &manifest, NULL));
    struct wal_run *runs = manifest->runs;
    uint32_t run_count = manifest->run_count;
    manifest->runs = &empty;
    manifest->run_count = 1;
    set_said(manifest, &scene);
    scene.strike = say_it_again;
    scene.strike_at = 0;
    open_reader_volume(&scene);
    fixture_close(fixture_open(scene.reader, &scene.options));
    int operations = scene.operations;
    scene.strike_at = operations; /* the manifest, for the second time */
    open_reader_volume(&scene);
    struct engine *reader = fixture_open(scene.reader, &scene.options);
    assert_true(scene.operations > operations); /* it was read again */
    assert_one_state(reader, &scene, 1);
    fixture_close(reader);
    manifest->runs = runs;
    manifest->run_count = run_count;
    set_said(manifest, &scene);
    manifest_destroy(manifest);
    buffer_clear(&said);
    volume_close(plain);
    scene.writer = fixture_open(directory_volume(&scene, false), &scene.options);
    tear_down_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_may_be_replaced_at_any_moment),
        cmocka_unit_test(segments_may_be_replaced_at_any_moment),
        cmocka_unit_test(a_log_without_files_may_go_at_any_moment),
        cmocka_unit_test(segments_may_be_added_at_any_moment),
        cmocka_unit_test(tables_may_come_and_go_at_any_moment),
        cmocka_unit_test(a_writer_that_never_rests_is_told_of),
        cmocka_unit_test(a_failure_beside_a_writer_must_come_again_to_be_believed),
        cmocka_unit_test(a_log_that_stays_missing_is_damage_after_five_attempts),
        cmocka_unit_test(another_writer_may_come_at_any_moment),
        cmocka_unit_test(a_writer_may_leave_no_log_at_any_moment),
        cmocka_unit_test(a_log_may_begin_at_any_moment),
        cmocka_unit_test(a_run_without_segments_reaches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
