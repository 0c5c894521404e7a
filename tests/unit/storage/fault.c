/* Faults: every operation of the volume fails in turn. Each failure is a clear error, nothing acknowledged is lost, and
 * work goes on once the cause is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "support/engine_fixture.h"

enum { KEYS = 200, TABLE = 1 };

/* What was acknowledged, and what may or may not have happened. */
struct history {
    bool is_created;
    int64_t certain[KEYS];  /* number, or -1 */
    int64_t possible[KEYS]; /* of a commit whose outcome is not known; else as certain */
    bool possibly_created;
};

static void clear_history(struct history *history)
{
    *history = (struct history){0};
    for (int i = 0; i < KEYS; i++)
        history->certain[i] = history->possible[i] = -1;
}

static void assert_clear(const struct ssql_error *error)
{
    assert_int_not_equal(error->code, SSQL_OK);
    assert_int_not_equal(error->code, SSQL_INTERNAL);
    assert_true(strlen(error->message) > 5);
}

/* Commits; the outcome goes into the history. */
static bool finish(struct transaction *transaction, struct history *history, const struct history *wanted)
{
    struct ssql_error error = {0};
    bool is_done = transaction_commit(transaction, &error);

    transaction_destroy(transaction);
    if (is_done) {
        *history = *wanted;
        return true;
    }
    assert_clear(&error);
    if (error.code == SSQL_UNKNOWN_OUTCOME) {
        memcpy(history->possible, wanted->certain, sizeof history->possible);
        history->possibly_created = wanted->is_created;
    }
    return false;
}

static struct transaction *try_begin(struct engine *engine)
{
    struct transaction *transaction;
    struct ssql_error error = {0};

    assert_true(transaction_create(engine, &transaction, &error));
    if (transaction_begin(transaction, TRANSACTION_WRITE, COMMIT_DURABLE, &error))
        return transaction;
    assert_clear(&error);
    transaction_destroy(transaction);
    return NULL;
}

static bool create(struct engine *engine, struct history *history)
{
    struct table_layout layout = fixture_layout();
    struct history wanted = *history;
    struct ssql_error error = {0};
    struct transaction *transaction = try_begin(engine);

    if (transaction == NULL)
        return false;
    wanted.is_created = wanted.possibly_created = true;
    if (!transaction_create_table_as(transaction, TABLE, &layout, &error)) {
        assert_clear(&error);
        transaction_destroy(transaction);
        return false;
    }
    return finish(transaction, history, &wanted);
}

/* Puts some keys in one transaction; `count` decides whether it stays in memory. */
static bool put_some(struct engine *engine, struct history *history, int from, int count, int64_t add)
{
    struct history wanted = *history;
    struct transaction *transaction = try_begin(engine);

    if (transaction == NULL)
        return false;
    struct table *table = transaction_table(transaction, TABLE);
    assert_non_null(table);
    for (int i = 0; i < count; i++) {
        struct value values[FIXTURE_COLUMNS];
        char text[FIXTURE_TEXT_SIZE];
        struct ssql_error error = {0};
        int key = (from + i) % KEYS;
        fixture_row(key, key + add + i, text, values);
        if (!transaction_put(transaction, table, values, &error)) {
            assert_clear(&error);
            transaction_destroy(transaction);
            return false;
        }
        wanted.certain[key] = wanted.possible[key] = key + add + i;
    }
    return finish(transaction, history, &wanted);
}

static void try_flush(struct engine *engine, bool also_compact)
{
    struct ssql_error error = {0};

    if (!(also_compact ? engine_compact(engine, &error) : engine_flush(engine, &error)))
        assert_clear(&error);
}

/* The work during which something fails. */
static void work(struct engine *engine, struct history *history)
{
    if (!history->is_created && !create(engine, history))
        return;
    for (int round = 0; round < 3; round++) {
        put_some(engine, history, round * 10, 20, round * 1000);
        try_flush(engine, false);
        put_some(engine, history, round * 30, 40, round * 1000 + 1);
        try_flush(engine, round > 0);
    }
    put_some(engine, history, 0, 3000, 50000); /* larger than memory */
    put_some(engine, history, 5, 10, 90000);
}

/* Rows are as acknowledged, or all as the commit in doubt would have left them. */
static void assert_history(struct engine *engine, const struct history *history)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
    bool fits_certain = true, fits_possible = true;

    if (transaction_table(transaction, TABLE) == NULL) {
        assert_false(history->is_created);
        fixture_rollback(transaction);
        return;
    }
    assert_true(history->is_created || history->possibly_created);
    for (int64_t key = 0; key < KEYS; key++) {
        int64_t number = fixture_get(transaction, TABLE, key);
        fits_certain = fits_certain && number == history->certain[key];
        fits_possible = fits_possible && number == history->possible[key];
    }
    assert_true(fits_certain || fits_possible);
    fixture_rollback(transaction);
}

static void take_as_certain(struct engine *engine, struct history *history)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);

    history->is_created = transaction_table(transaction, TABLE) != NULL;
    for (int64_t key = 0; key < KEYS && history->is_created; key++)
        history->certain[key] = history->possible[key] = fixture_get(transaction, TABLE, key);
    fixture_rollback(transaction);
}

/* One run in which the n-th operation fails; returns whether any did. */
static bool run_with_fault(const struct engine_options *options, uint64_t fail_at, bool keep_failing,
                           enum volume_status status)
{
    struct volume *volume, *after;
    struct history history;
    struct engine *engine;
    struct ssql_error error = {0};
    struct fault_plan plan = {.fail_at = fail_at, .keep_failing = keep_failing, .status = status, .seed = fail_at};

    clear_history(&history);
    assert_true(volume_faulty_create(fixture_volume(), &volume, &error));
    volume_faulty_set(volume, &plan);
    struct volume *inner = volume_faulty_inner(volume);
    if (!engine_open(volume, options, &engine, &error)) {
        assert_clear(&error);
        return true;
    }
    work(engine, &history);
    bool has_failed = volume_faulty_count(volume) >= fail_at;

    /* A power cut now, then a good disk. */
    assert_true(volume_memory_crash(inner, 0, &after, &error));
    struct engine *next = fixture_open(after, options);
    assert_history(next, &history);
    fixture_close(next);

    /* Or the cause goes away, and the same process goes on or opens again. */
    volume_faulty_set(volume, &(struct fault_plan){0});
    struct transaction *probe = try_begin(engine);
    if (probe != NULL) {
        transaction_destroy(probe);
        take_as_certain(engine, &history);
        assert_true(history.is_created || create(engine, &history));
        assert_true(put_some(engine, &history, 0, KEYS, 70000));
        assert_history(engine, &history);
        assert_true(engine_flush(engine, &error));
    }
    assert_true(volume_memory_crash(inner, UINT64_MAX, &after, &error));
    if (!engine_close(engine, &error))
        assert_clear(&error);
    next = fixture_open(after, options);
    assert_history(next, &history);
    take_as_certain(next, &history);
    assert_true(history.is_created || create(next, &history));
    assert_true(put_some(next, &history, 3, KEYS, 80000));
    assert_history(next, &history);
    fixture_close(next);
    return has_failed;
}

static void fail_each_operation(bool keep_failing, enum volume_status status)
{
    struct engine_options options = fixture_options(true);
    uint64_t stride = 1 + 12 / fixture_rounds(1);

    options.memory_limit_bytes = 256 << 10;
    for (uint64_t n = 1; run_with_fault(&options, n, keep_failing, status); n += n < 40 ? 1 : stride)
        ;
}

static void each_operation_may_fail_once(void **state)
{
    (void)state;
    fail_each_operation(false, VOLUME_UNAVAILABLE);
}

static void each_operation_may_fail_for_ever(void **state)
{
    (void)state;
    fail_each_operation(true, VOLUME_UNAVAILABLE);
}

static void each_operation_may_have_an_unknown_outcome(void **state)
{
    (void)state;
    fail_each_operation(false, VOLUME_UNKNOWN);
}

static void each_operation_may_find_the_disk_full(void **state)
{
    (void)state;
    fail_each_operation(true, VOLUME_NO_SPACE);
}

static void a_full_disk_stops_writers_with_a_clear_error_until_there_is_space(void **state)
{
    (void)state;
    for (int background = 0; background < 2; background++) {
        struct engine_options options = fixture_options(true);
        struct volume *volume;
        struct history history;
        struct ssql_error error = {0};
        unsigned failures = 0;

        options.background = background;
        clear_history(&history);
        assert_true(volume_faulty_create(fixture_volume(), &volume, &error));
        struct engine *engine = fixture_open(volume, &options);
        assert_true(create(engine, &history));
        volume_faulty_set(volume, &(struct fault_plan){.capacity = 300 << 10});
        for (int i = 0; i < 400 && failures < 5; i++)
            failures += !put_some(engine, &history, i, 100, i * 1000);
        assert_int_equal(failures, 5);
        struct transaction *reader = fixture_begin(engine, TRANSACTION_READ);
        for (int64_t key = 0; key < KEYS; key++)
            assert_int_equal(fixture_get(reader, TABLE, key), history.certain[key]);
        fixture_rollback(reader);

        volume_faulty_set(volume, &(struct fault_plan){0});
        struct transaction *probe = try_begin(engine);
        if (probe != NULL) { /* else the log itself was hit while it was being written, and needs to be opened again */
            transaction_destroy(probe);
            assert_true(put_some(engine, &history, 0, 100, 7));
            if (!engine_flush(engine, &error))
                fail_msg("%s", error.message);
            assert_history(engine, &history);
        }
        struct volume *after;
        assert_true(volume_memory_crash(volume_faulty_inner(volume), 0, &after, &error));
        if (!engine_close(engine, &error))
            assert_int_equal(error.code, SSQL_UNKNOWN_OUTCOME);
        engine = fixture_open(after, &options);
        assert_history(engine, &history);
        fixture_close(engine);
    }
}

static void after_an_unknown_outcome_the_engine_refuses_writes_and_still_reads(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(false);
    struct volume *volume;
    struct history history;
    struct ssql_error error = {0};

    clear_history(&history);
    assert_true(volume_faulty_create(fixture_volume(), &volume, &error));
    struct engine *engine = fixture_open(volume, &options);
    assert_true(create(engine, &history));
    assert_true(put_some(engine, &history, 0, 10, 0));
    volume_faulty_set(volume, &(struct fault_plan){.fail_at = 1, .status = VOLUME_UNKNOWN});
    struct history before = history;
    assert_false(put_some(engine, &history, 0, 10, 100));
    volume_faulty_set(volume, &(struct fault_plan){0});

    struct transaction *transaction;
    assert_true(transaction_create(engine, &transaction, &error));
    assert_false(transaction_begin(transaction, TRANSACTION_WRITE, COMMIT_DURABLE, &error));
    assert_int_equal(error.code, SSQL_UNKNOWN_OUTCOME);
    transaction_destroy(transaction);
    for (int64_t key = 0; key < 10; key++)
        assert_int_equal(fixture_get_one(engine, TABLE, key), before.certain[key]);
    assert_false(engine_flush(engine, &error));
    assert_false(engine_close(engine, &error));
    assert_int_equal(error.code, SSQL_UNKNOWN_OUTCOME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_operation_may_fail_once),
        cmocka_unit_test(each_operation_may_fail_for_ever),
        cmocka_unit_test(each_operation_may_have_an_unknown_outcome),
        cmocka_unit_test(each_operation_may_find_the_disk_full),
        cmocka_unit_test(a_full_disk_stops_writers_with_a_clear_error_until_there_is_space),
        cmocka_unit_test(after_an_unknown_outcome_the_engine_refuses_writes_and_still_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
