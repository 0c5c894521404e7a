/* Random operations against a sorted array: whatever flushes, compactions, spills, undos and reopens come between, the
 * engine and the array agree. SSQL_TEST_SEED repeats a run, SSQL_TEST_LONG multiplies the steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "support/engine_fixture.h"

enum { TABLES = 3, KEYS = 400, SNAPSHOTS = 4 };

/* Number per key, -1: absent; a table that does not exist has the id 0. */
struct picture {
    uint32_t ids[TABLES];
    int64_t numbers[TABLES][KEYS];
};

struct model {
    struct volume *volume;
    struct engine *engine;
    struct engine_options options;
    uint64_t random;
    struct picture now;
    struct transaction *snapshots[SNAPSHOTS]; /* open readers, or NULL */
    struct picture snapshot_pictures[SNAPSHOTS];
    int64_t next_number;
};

static uint64_t below(struct model *model, uint64_t limit)
{
    return fixture_random(&model->random) % limit;
}

static void clear_table(struct picture *picture, int table)
{
    for (int key = 0; key < KEYS; key++)
        picture->numbers[table][key] = -1;
}

/* ---- comparing ---- */

static void assert_range(struct transaction *transaction, const struct picture *picture, int table, int64_t low,
                         int64_t high)
{
    struct fixture_pair pairs[KEYS];
    size_t count = fixture_scan(transaction, picture->ids[table], low, high, pairs, KEYS), at = 0;

    for (int64_t key = low < 0 ? 0 : low; key <= high && key < KEYS; key++) {
        if (picture->numbers[table][key] == -1)
            continue;
        assert_true(at < count);
        assert_int_equal(pairs[at].key, key);
        assert_int_equal(pairs[at].number, picture->numbers[table][key]);
        at++;
    }
    assert_int_equal(at, count);
}

static void assert_picture(struct transaction *transaction, const struct picture *picture)
{
    for (int table = 0; table < TABLES; table++) {
        if (picture->ids[table] != 0)
            assert_range(transaction, picture, table, 0, KEYS);
    }
}

static void check_now(struct model *model)
{
    struct transaction *transaction = fixture_begin(model->engine, TRANSACTION_READ);

    assert_picture(transaction, &model->now);
    for (int table = 0; table < TABLES; table++) {
        if (model->now.ids[table] == 0)
            continue;
        for (int i = 0; i < 20; i++) {
            int64_t key = (int64_t)below(model, KEYS);
            assert_int_equal(fixture_get(transaction, model->now.ids[table], key), model->now.numbers[table][key]);
        }
    }
    fixture_rollback(transaction);
}

/* ---- one transaction ---- */

static void write_once(struct model *model, struct transaction *transaction, struct picture *picture)
{
    int table = (int)below(model, TABLES);
    int64_t key = (int64_t)below(model, KEYS), number = model->next_number++;
    struct table_layout layout = fixture_layout();
    struct ssql_error error;

    if (picture->ids[table] == 0) {
        assert_true(transaction_create_table(transaction, &layout, &picture->ids[table], &error));
        clear_table(picture, table);
    }
    int64_t *slot = &picture->numbers[table][key];
    switch (below(model, 40)) {
    case 0:
        if (below(model, 20) == 0) {
            assert_true(transaction_drop_table(transaction, picture->ids[table], &error));
            picture->ids[table] = 0;
        }
        break;
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
        fixture_delete(transaction, picture->ids[table], key);
        *slot = -1;
        break;
    case 11:
    case 12:
    case 13:
    case 14:
    case 15:
    case 16:
    case 17:
    case 18:
    case 19:
    case 20:
        assert_int_equal(fixture_insert(transaction, picture->ids[table], key, number),
                         *slot == -1 ? WRITE_DONE : WRITE_DUPLICATE);
        if (*slot == -1)
            *slot = number;
        break;
    default: fixture_put(transaction, picture->ids[table], key, number); *slot = number;
    }
}

/* Some writes as one statement, which may be undone. */
static void run_statement(struct model *model, struct transaction *transaction, struct picture *picture)
{
    static struct picture before;
    uint64_t mark = transaction_mark(transaction);
    uint64_t writes = below(model, 10) == 0 ? below(model, 1500) : below(model, 12);

    before = *picture;
    for (uint64_t i = 0; i < writes; i++)
        write_once(model, transaction, picture);
    int table = (int)below(model, TABLES);
    if (below(model, 4) == 0 && before.ids[table] != 0 && picture->ids[table] == before.ids[table]) {
        int64_t low = (int64_t)below(model, KEYS);
        assert_range(transaction, &before, table, low, low + (int64_t)below(model, KEYS));
    }
    if (below(model, 4) == 0) {
        transaction_undo_to(transaction, mark);
        *picture = before;
    }
}

static void run_transaction(struct model *model)
{
    static struct picture picture;
    struct transaction *transaction = fixture_begin(model->engine, TRANSACTION_WRITE);
    uint64_t statements = 1 + below(model, 4);

    picture = model->now;
    for (uint64_t i = 0; i < statements; i++)
        run_statement(model, transaction, &picture);
    if (below(model, 4) == 0) {
        transaction_mark(transaction);
        assert_picture(transaction, &picture);
    }
    if (below(model, 5) == 0) {
        fixture_rollback(transaction);
        return;
    }
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    model->now = picture;
}

/* ---- everything else ---- */

static void close_snapshot(struct model *model, int i)
{
    if (model->snapshots[i] == NULL)
        return;
    assert_picture(model->snapshots[i], &model->snapshot_pictures[i]);
    fixture_rollback(model->snapshots[i]);
    model->snapshots[i] = NULL;
}

static void open_snapshot(struct model *model, int i)
{
    close_snapshot(model, i);
    model->snapshots[i] = fixture_begin(model->engine, TRANSACTION_READ);
    model->snapshot_pictures[i] = model->now;
}

/* A power cut, or a killed process: what was not synced is lost, or a part of it, or nothing. */
static void reopen(struct model *model)
{
    struct volume *after;
    struct ssql_error error;
    uint64_t lost = below(model, 3) == 0 ? UINT64_MAX : below(model, 1000);

    for (int i = 0; i < SNAPSHOTS; i++)
        close_snapshot(model, i);
    assert_true(volume_memory_crash(model->volume, lost, &after, &error));
    fixture_close(model->engine);
    model->volume = after;
    model->engine = fixture_open(after, &model->options);
}

static void step(struct model *model)
{
    struct ssql_error error = {0};

    switch (below(model, 24)) {
    case 0:
        if (!engine_flush(model->engine, &error))
            fail_msg("%s", error.message);
        break;
    case 1:
        if (below(model, 4) == 0 && !engine_compact(model->engine, &error))
            fail_msg("%s", error.message);
        break;
    case 2:
        if (below(model, 4) == 0)
            reopen(model);
        break;
    case 3: open_snapshot(model, (int)below(model, SNAPSHOTS)); break;
    case 4: close_snapshot(model, (int)below(model, SNAPSHOTS)); break;
    case 5: check_now(model); break;
    default: run_transaction(model);
    }
}

static void run_model(bool is_tiny, bool has_threads, unsigned steps)
{
    struct model *model = calloc(1, sizeof *model);
    struct ssql_error error;

    assert_non_null(model);
    model->random = fixture_seed();
    model->options = fixture_options(is_tiny);
    model->options.background = has_threads;
    model->volume = fixture_volume();
    model->engine = fixture_open(model->volume, &model->options);
    for (unsigned i = 0; i < steps; i++)
        step(model);
    check_now(model);
    assert_true(engine_compact(model->engine, &error));
    check_now(model);
    reopen(model);
    check_now(model);
    fixture_close(model->engine);
    free(model);
}

static void with_default_options_engine_and_array_agree(void **state)
{
    (void)state;
    run_model(false, false, fixture_rounds(300));
}

static void with_everything_tiny_engine_and_array_agree(void **state)
{
    (void)state;
    run_model(true, false, fixture_rounds(400));
}

static void with_background_threads_engine_and_array_agree(void **state)
{
    (void)state;
    run_model(true, true, fixture_rounds(300));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_default_options_engine_and_array_agree),
        cmocka_unit_test(with_everything_tiny_engine_and_array_agree),
        cmocka_unit_test(with_background_threads_engine_and_array_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
