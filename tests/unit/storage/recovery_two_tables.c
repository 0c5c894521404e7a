/* Recovery under a small budget, when the files of one table hold later commits than those of another: what is flushed
 * while the log is replayed is marked by the record that was reached, and nothing behind it is passed over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/engine_fixture.h"

enum { ROWS = 3000 };

/* As a killed process leaves the volume: all that was written is there. The engine goes on and is closed. */
static struct volume *kill_engine(struct engine *engine, struct volume *volume)
{
    struct volume *after = NULL;
    struct ssql_error error;

    assert_true(volume_memory_crash(volume, UINT64_MAX, &after, &error));
    fixture_close(engine);
    return after;
}

static void rows_of_a_table_that_lags_behind_survive_a_flush_in_recovery(void **state)
{
    (void)state;
    struct engine_options small = fixture_options(true), large = fixture_options(false);
    struct volume *volume = fixture_volume();
    struct engine_statistics statistics;
    struct engine *engine;

    large.memory_limit_bytes = 8 << 20;
    engine = fixture_open(volume, &large);
    uint32_t slow = fixture_create_table(engine), fast = fixture_create_table(engine);
    for (int64_t i = 0; i < ROWS; i++)
        assert_int_equal(fixture_put_one(engine, slow, i, i), SSQL_OK);
    for (int64_t i = 0; i < ROWS * 6; i++)
        assert_int_equal(fixture_put_one(engine, fast, i, i), SSQL_OK);
    engine_read_statistics(engine, &statistics);
    assert_true(statistics.flushes > 0); /* of the larger one */
    for (int reopened = 0; reopened < 3; reopened++) {
        volume = kill_engine(engine, volume);
        engine = fixture_open(volume, &small);
        assert_int_equal(fixture_count(engine, slow), ROWS);
        assert_int_equal(fixture_count(engine, fast), ROWS * 6);
    }
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_a_table_that_lags_behind_survive_a_flush_in_recovery),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
