/* When memtables are frozen, to the byte and the segment; and what a flush leaves behind when it is done, when it
 * fails, and when the table is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "storage/engine_internal.h"
#include "support/engine_fixture.h"

enum { FILES_MOST = 1024, TABLES = 40 };

static struct table *table_of(struct engine *engine, uint32_t table_id)
{
    pthread_mutex_lock(&engine->tables_mutex);
    struct table *table = engine_find_table(engine, table_id);
    pthread_mutex_unlock(&engine->tables_mutex);
    assert_non_null(table);
    return table;
}

static void put_rows(struct engine *engine, uint32_t table_id, int64_t count)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    for (int64_t i = 0; i < count; i++)
        fixture_put(transaction, table_id, i, i);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

static struct table *make_table(struct engine *engine, int64_t rows)
{
    uint32_t table_id = fixture_create_table(engine);

    put_rows(engine, table_id, rows);
    return table_of(engine, table_id);
}

static void freeze(struct engine *engine, struct table *table)
{
    struct ssql_error error;

    pthread_mutex_lock(&engine->commit_mutex);
    assert_true(engine_freeze_table(engine, table, &error));
    pthread_mutex_unlock(&engine->commit_mutex);
}

static void freeze_due(struct engine *engine)
{
    pthread_mutex_lock(&engine->commit_mutex);
    engine_freeze_due(engine);
    pthread_mutex_unlock(&engine->commit_mutex);
}

/* As if the table's memtable had grown, or not yet, when it was counted last. */
static void set_counted(struct table *table, size_t bytes)
{
    atomic_fetch_add(&table->engine->active_bytes, bytes - table->active_bytes);
    table->active_bytes = bytes;
}

static uint32_t frozen_count(const struct engine *engine)
{
    uint32_t count = 0;

    for (const struct frozen_memtable *frozen = engine->frozen_first; frozen != NULL; frozen = frozen->next)
        count++;
    return count;
}

static void what_is_frozen_is_counted_to_the_last_byte(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(fixture_volume(), &options);
    struct table *table = make_table(engine, 20), *other = make_table(engine, 5);
    size_t bytes = memtable_memory_bytes(table->active);

    assert_int_equal(table->active_bytes, bytes);
    set_counted(table, bytes - 100);
    freeze(engine, table);
    assert_null(table->active);
    assert_int_equal(table->active_bytes, 0);
    assert_int_equal(table->expected_keys, 20); /* of the next one */
    assert_int_equal(engine->frozen_first->bytes, bytes);
    assert_int_equal(atomic_load(&engine->frozen_bytes), bytes);
    assert_int_equal(atomic_load(&engine->active_bytes), other->active_bytes);
    fixture_close(engine);
}

static void beyond_half_of_the_budget_the_largest_is_frozen(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(fixture_volume(), &options);
    struct table *tables[] = {make_table(engine, 10), make_table(engine, 200), make_table(engine, 20)};
    size_t active = atomic_load(&engine->active_bytes);

    engine->memtable_budget_bytes = 2 * active;
    freeze_due(engine);
    assert_int_equal(frozen_count(engine), 0);
    engine->memtable_budget_bytes = 2 * (active - 1);
    freeze_due(engine);
    assert_int_equal(frozen_count(engine), 1);
    assert_ptr_equal(engine->frozen_first->table, tables[1]);

    /* Of those that are alike, the first. */
    set_counted(tables[0], 5000);
    set_counted(tables[2], 5000);
    engine->memtable_budget_bytes = 2 * 8000;
    freeze_due(engine);
    assert_int_equal(frozen_count(engine), 2);
    assert_ptr_equal(engine->frozen_last->table, tables[0]);
    fixture_close(engine);
}

/* Three quarters of the half stay; one byte more does not. */
static void memtables_are_frozen_until_enough_is_free(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct engine_options options = fixture_options(false);
        struct engine *engine = fixture_open(fixture_volume(), &options);
        struct table *large = make_table(engine, 200), *small = make_table(engine, 10);
        assert_true(large->active_bytes > 4000);
        set_counted(small, 3000 + more);
        engine->memtable_budget_bytes = 2 * 4000;
        freeze_due(engine);
        assert_null(large->active);
        assert_true((small->active == NULL) == (more == 1));
        fixture_close(engine);
    }
}

/* A log of so many segments; each table's memtable has the rows of one commit. */
struct long_log {
    struct engine *engine;
    struct table *tables[TABLES];
    struct wal_segment segments[TABLES];
    size_t segment_count;
    uint64_t bytes;
};

static void make_log(struct long_log *log, size_t segments)
{
    struct engine_options options = fixture_options(false);

    options.wal_segment_bytes = 4096;
    *log = (struct long_log){.engine = fixture_open(fixture_volume(), &options)};
    log->engine->next_log_check = UINT64_MAX;
    for (uint32_t i = 0; i < TABLES; i++)
        log->tables[i] = table_of(log->engine, fixture_create_table(log->engine));
    for (uint32_t i = 0; i < TABLES; i++) {
        log->segment_count = wal_segments(log->engine->wal, log->segments, TABLES);
        if (log->segment_count == segments)
            break;
        put_rows(log->engine, log->tables[i]->id, 60);
    }
    assert_int_equal(log->segment_count, segments);
    for (size_t i = 0; i < segments; i++)
        log->bytes += log->segments[i].size;
}

/* Only for the log's sake: as if the memtables took no memory. */
static void limit_log(struct long_log *log)
{
    struct engine *engine = log->engine;
    size_t active = atomic_exchange(&engine->active_bytes, 0);

    freeze_due(engine);
    atomic_fetch_add(&engine->active_bytes, active);
}

static uint32_t count_active(const struct long_log *log)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < TABLES; i++)
        count += log->tables[i]->active != NULL;
    return count;
}

/* Frozen is what holds the first `half` segments back, and nothing else. */
static void expect_half(struct long_log *log, size_t half)
{
    uint64_t through = log->segments[half - 1].last_sequence;
    bool is_old[TABLES], has_last = false;
    uint32_t old_count = 0, before = count_active(log);

    for (uint32_t i = 0; i < TABLES; i++) {
        struct memtable *active = log->tables[i]->active;
        is_old[i] = active != NULL && memtable_lowest_sequence(active) <= through;
        has_last |= is_old[i] && memtable_lowest_sequence(active) == through;
        old_count += is_old[i];
    }
    assert_true(has_last && old_count < before);
    log->engine->next_log_check = 0;
    limit_log(log);
    assert_int_equal(frozen_count(log->engine), old_count);
    for (uint32_t i = 0; i < TABLES; i++)
        assert_false(is_old[i] && log->tables[i]->active != NULL);
    assert_int_equal(log->engine->next_log_check,
                     wal_appended_position(log->engine->wal) + log->engine->memtable_budget_bytes / 8);
}

static void a_log_of_many_segments_is_shortened_by_half(void **state)
{
    (void)state;
    static const struct {
        size_t segments, half;
    } cases[] = {{8, 4}, {11, 5}, {16, 8}, {20, 8}};
    struct long_log log;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_log(&log, cases[i].segments);
        expect_half(&log, cases[i].half);
        fixture_close(log.engine);
    }
    make_log(&log, 7);
    log.engine->next_log_check = 0;
    limit_log(&log);
    assert_int_equal(frozen_count(log.engine), 0);
    fixture_close(log.engine);
}

static void a_log_larger_than_the_memtables_is_shortened(void **state)
{
    (void)state;
    struct long_log log;

    make_log(&log, 6);
    assert_int_equal(log.bytes % 2, 0);
    log.engine->memtable_budget_bytes = log.bytes / 2;
    log.engine->next_log_check = 0;
    limit_log(&log);
    assert_int_equal(frozen_count(log.engine), 0);
    log.engine->memtable_budget_bytes--;
    expect_half(&log, 3);
    fixture_close(log.engine);
}

static void the_log_is_looked_at_when_it_has_grown_enough(void **state)
{
    (void)state;
    struct long_log log;

    make_log(&log, 9);
    uint64_t position = wal_appended_position(log.engine->wal);
    log.engine->next_log_check = position + 1;
    limit_log(&log);
    assert_int_equal(frozen_count(log.engine), 0);
    assert_int_equal(log.engine->next_log_check, position + 1);
    log.engine->next_log_check = position;
    limit_log(&log);
    assert_true(frozen_count(log.engine) > 0);
    fixture_close(log.engine);
}

/* ---- the flush itself ---- */

static void set_wanted(struct engine *engine, bool is_wanted)
{
    for (int i = 0; i < COMPACT_PURPOSES; i++)
        engine->compactors[i].is_wanted = is_wanted;
}

static void note_running(void *context)
{
    struct engine *engine = *(struct engine **)context;

    assert_true(engine->flush_is_running);
}

static void a_flush_tells_what_it_does_and_did(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *faulty;
    struct ssql_error error = {0};

    assert_true(volume_faulty_create(fixture_volume(), &faulty, &error));
    struct engine *engine = fixture_open(faulty, &options);
    struct table *tables[] = {make_table(engine, 10), make_table(engine, 20)};
    freeze(engine, tables[0]);
    freeze(engine, tables[1]);
    uint64_t attempts = engine->flush_attempts, flushes = atomic_load(&engine->flushes);

    volume_faulty_set(faulty, &(struct fault_plan){.fail_at = 1, .status = VOLUME_NO_SPACE});
    engine->flush_is_urgent = true;
    set_wanted(engine, false);
    assert_false(engine_flush_frozen(engine, &error));
    assert_int_not_equal(error.code, SSQL_OK);
    assert_int_equal(engine->flush_error.code, error.code);
    assert_int_equal(engine->flush_attempts, attempts + 1);
    assert_false(engine->flush_is_urgent || engine->flush_is_running);
    for (int i = 0; i < COMPACT_PURPOSES; i++)
        assert_false(engine->compactors[i].is_wanted);
    assert_int_equal(frozen_count(engine), 2);

    volume_faulty_set(faulty, &(struct fault_plan){.before = note_running, .context = &engine});
    engine->flush_is_urgent = true;
    assert_true(engine_flush_frozen(engine, &error));
    volume_faulty_set(faulty, &(struct fault_plan){0});
    assert_int_equal(engine->flush_error.code, SSQL_OK);
    assert_int_equal(engine->flush_attempts, attempts + 2);
    assert_int_equal(atomic_load(&engine->flushes), flushes + 2);
    assert_false(engine->flush_is_urgent || engine->flush_is_running);
    for (int i = 0; i < COMPACT_PURPOSES; i++)
        assert_true(engine->compactors[i].is_wanted);
    assert_true(engine->frozen_first == NULL && engine->frozen_last == NULL);
    assert_int_equal(atomic_load(&engine->frozen_bytes), 0);
    fixture_close(engine);
}

/* Two tables of several files each; every operation of the volume fails once. */
static void a_flush_that_fails_anywhere_leaves_nothing_and_loses_nothing(void **state)
{
    (void)state;
    bool is_done = false;

    for (uint64_t at = 1; !is_done; at++) {
        struct engine_options options = fixture_options(false);
        struct volume *faulty;
        struct ssql_error error = {0};
        options.sync = SYNC_OFF;
        assert_true(volume_faulty_create(fixture_volume(), &faulty, &error));
        struct engine *engine = fixture_open(faulty, &options);
        struct table *tables[] = {make_table(engine, 4), make_table(engine, 5)};
        engine->options.sstable_bytes = 1;
        freeze(engine, tables[0]);
        freeze(engine, tables[1]);
        volume_faulty_set(faulty, &(struct fault_plan){.fail_at = at, .status = VOLUME_NO_SPACE});
        is_done = engine_flush_frozen(engine, &error);
        volume_faulty_set(faulty, &(struct fault_plan){0});
        if (is_done) {
            assert_true(at > 20);
            assert_int_equal(tables[0]->current->file_count[0], 4);
            assert_int_equal(tables[1]->current->file_count[0], 5);
        } else if (engine_check_writable(engine, NULL)) {
            assert_int_equal(error.code, SSQL_DISK_FULL);
            assert_int_equal(fixture_table_objects(faulty), 0);
            assert_int_equal(frozen_count(engine), 2);
            assert_true(engine_flush_frozen(engine, &error));
        }
        assert_int_equal(fixture_count(engine, tables[0]->id), 4);
        assert_int_equal(fixture_count(engine, tables[1]->id), 5);
        (void)engine_close(engine, &error);
    }
}

/* The threads' work is left undone until the test does it. */
static void drop_table(struct engine *engine, uint32_t table_id)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct ssql_error error;

    assert_true(transaction_drop_table(transaction, table_id, &error));
    engine->has_threads = true;
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    engine->has_threads = false;
}

static void the_memtable_of_a_dropped_table_is_forgotten(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &options);
    struct table *table = make_table(engine, 10);
    struct ssql_error error;

    freeze(engine, table);
    drop_table(engine, table->id);
    uint64_t version = engine->manifest_version;
    assert_true(engine_flush_frozen(engine, &error));
    assert_int_equal(engine->manifest_version, version);
    assert_int_equal(fixture_table_objects(volume), 0);
    assert_int_equal(frozen_count(engine), 0);
    fixture_close(engine);
}

/* A commit that found no memory behind the first table leaves such a one. */
static void a_memtable_without_rows_makes_no_file(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &options);
    struct table *table = table_of(engine, fixture_create_table(engine));

    pthread_mutex_lock(&engine->commit_mutex);
    assert_true(table_make_active(table, NULL));
    pthread_mutex_unlock(&engine->commit_mutex);
    assert_true(engine_flush(engine, NULL));
    assert_non_null(table->active);
    assert_int_equal(frozen_count(engine), 0);
    assert_int_equal(fixture_table_objects(volume), 0);
    fixture_close(engine);
}

static void a_memtable_is_cut_into_a_thousand_files_at_most(void **state)
{
    (void)state;
    for (int64_t rows = FILES_MOST; rows <= FILES_MOST + 1; rows++) {
        struct engine_options options = fixture_options(false);
        struct engine *engine = fixture_open(fixture_volume(), &options);
        struct table *table = make_table(engine, rows);
        struct ssql_error error = {0};
        engine->options.sstable_bytes = 1;
        freeze(engine, table);
        if (rows > FILES_MOST) {
            assert_false(engine_flush_frozen(engine, &error));
            assert_int_equal(error.code, SSQL_TOO_LARGE);
            engine->options.sstable_bytes = 1 << 20;
            assert_true(engine_flush_frozen(engine, &error));
        } else {
            assert_true(engine_flush_frozen(engine, &error));
            assert_int_equal(table->current->file_count[0], FILES_MOST);
        }
        assert_int_equal(fixture_count(engine, table->id), rows);
        (void)engine_close(engine, &error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_frozen_is_counted_to_the_last_byte),
        cmocka_unit_test(beyond_half_of_the_budget_the_largest_is_frozen),
        cmocka_unit_test(memtables_are_frozen_until_enough_is_free),
        cmocka_unit_test(a_log_of_many_segments_is_shortened_by_half),
        cmocka_unit_test(a_log_larger_than_the_memtables_is_shortened),
        cmocka_unit_test(the_log_is_looked_at_when_it_has_grown_enough),
        cmocka_unit_test(a_flush_tells_what_it_does_and_did),
        cmocka_unit_test(a_flush_that_fails_anywhere_leaves_nothing_and_loses_nothing),
        cmocka_unit_test(the_memtable_of_a_dropped_table_is_forgotten),
        cmocka_unit_test(a_memtable_without_rows_makes_no_file),
        cmocka_unit_test(a_memtable_is_cut_into_a_thousand_files_at_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
