/* Volumes in memory, and the faulty one round them: no allocation can fail unseen, and every operation that is told to
 * fail leaves the state before it, or, where the outcome is unknown, that before or behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "api/failing_memory.h"
#include "volume/volume_faulty.h"
#include "volume/volume_memory.h"

static struct volume *memory; /* inside `faulty` */
static struct volume *faulty;
static struct ssql_error error;

static bool open_both(void)
{
    memory = faulty = NULL;
    if (!volume_memory_create(&memory, &error))
        return false;
    volume_memory_keep_deleted(memory);
    return volume_faulty_create(memory, &faulty, &error);
}

static void close_both(void)
{
    volume_close(faulty == NULL ? memory : faulty);
}

static int set_up(void **state)
{
    (void)state;
    error_clear(&error);
    return open_both() ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    close_both();
    return 0;
}

/* ---- work of every kind ---- */

static enum volume_status write_object(const char *name, const char *text)
{
    struct object_writer *writer;
    enum volume_status status = object_create(faulty, name, 0, &writer, &error);

    if (status != VOLUME_OK)
        return status;
    status = object_append(writer, slice_of(text), &error);
    if (status == VOLUME_OK)
        return object_finish(writer, &error);
    object_abandon(writer);
    return status;
}

static enum volume_status read_object(const char *name, size_t size)
{
    uint8_t bytes[16];
    const struct object_range range = {0, bytes, size};
    struct object *object;
    enum volume_status status = object_open(faulty, name, size, &object, &error);

    if (status == VOLUME_OK)
        status = object_read(object, &range, 1, &error);
    object_close(object);
    return status;
}

static enum volume_status write_log(const char *name, const char *recycle)
{
    struct volume_log *log;
    enum volume_status status = log_create(faulty, name, 100, recycle, &log, &error);

    if (status == VOLUME_OK)
        status = log_append(log, slice_of("some bytes"), &error);
    if (status == VOLUME_OK)
        status = log_sync(log, &error);
    log_close(log);
    return status;
}

static enum volume_status read_log(const char *name)
{
    struct log_reader *reader;
    uint8_t bytes[4];
    size_t got;
    enum volume_status status = log_open_reader(faulty, name, &reader, &error);

    if (status == VOLUME_OK)
        status = log_read(reader, 0, bytes, sizeof bytes, &got, &error);
    log_close_reader(reader);
    return status;
}

static enum volume_status swap(const char *text)
{
    struct buffer value = {0};
    uint64_t version;
    enum volume_status status = register_read(faulty, "manifest", &value, &version, &error);

    buffer_clear(&value);
    return status != VOLUME_OK ? status : register_swap(faulty, "manifest", &version, slice_of(text), &error);
}

static enum volume_status use_scratch(void)
{
    struct scratch *scratch;
    uint8_t bytes[4];
    enum volume_status status = scratch_create(faulty, &scratch, &error);

    if (status == VOLUME_OK)
        status = scratch_append(scratch, slice_of("spilled"), &error);
    if (status == VOLUME_OK)
        status = scratch_read(scratch, 3, bytes, sizeof bytes, &error);
    scratch_close(scratch);
    return status;
}

static bool stop_at_first(void *context, const char *name, uint64_t size)
{
    (void)context;
    (void)name;
    (void)size;
    return false;
}

static enum volume_status link_and_list(void)
{
    bool is_linked;
    enum volume_status status = object_link(memory, "tables/1/a", 5, faulty, &is_linked, &error);

    if (status == VOLUME_OK)
        status = object_link(faulty, "tables/1/a", 5, faulty, &is_linked, &error);
    return status != VOLUME_OK ? status : volume_list(faulty, stop_at_first, NULL, &error);
}

static enum volume_status work(void)
{
    enum volume_status status;

    if ((status = swap("first")) != VOLUME_OK || (status = write_object("tables/1/a", "hello")) != VOLUME_OK ||
        (status = write_object("tables/1/b", "")) != VOLUME_OK ||
        (status = read_object("tables/1/a", 5)) != VOLUME_OK || (status = write_log("wal/1-1", NULL)) != VOLUME_OK ||
        (status = read_log("wal/1-1")) != VOLUME_OK ||
        (status = log_seal(faulty, "wal/1-1", 10, &error)) != VOLUME_OK ||
        (status = write_log("wal/1-2", "wal/1-1")) != VOLUME_OK || (status = use_scratch()) != VOLUME_OK ||
        (status = swap("second")) != VOLUME_OK || (status = link_and_list()) != VOLUME_OK ||
        (status = object_delete(faulty, "tables/1/a", &error)) != VOLUME_OK)
        return status;
    return log_delete(faulty, "wal/1-2", &error);
}

/* ---- what is stored, as one number ---- */

static bool add_to_state(void *context, const char *name, uint64_t size)
{
    uint64_t *state = context;
    uint64_t one = size + 1;

    for (; *name != '\0'; name++)
        one = one * 1099511628211u ^ (uint8_t)*name;
    *state += one * one; /* in whatever order they are shown */
    return true;
}

static uint64_t stored_state(void)
{
    struct buffer value = {0};
    uint64_t state = 0, version;

    assert_int_equal(volume_list(memory, add_to_state, &state, &error), VOLUME_OK);
    assert_int_equal(register_read(memory, "manifest", &value, &version, &error), VOLUME_OK);
    buffer_clear(&value);
    return state * 31 + version;
}

/* ---- sweeps ---- */

enum { OPERATIONS_MOST = 100 };

static uint64_t states[OPERATIONS_MOST]; /* before each operation, and at the end */
static unsigned state_count;

static void note_state(void *context)
{
    (void)context;
    assert_true(state_count < OPERATIONS_MOST);
    states[state_count++] = stored_state();
}

static void note_all_states(void)
{
    const struct fault_plan plan = {.before = note_state};

    assert_true(open_both());
    state_count = 0;
    volume_faulty_set(faulty, &plan);
    assert_int_equal(work(), VOLUME_OK);
    assert_int_equal(volume_faulty_count(faulty), state_count);
    note_state(NULL);
    close_both();
}

static void every_operation_fails_as_told(void **state)
{
    static const struct fault_plan plans[] = {
        {.status = VOLUME_UNAVAILABLE},
        {.status = VOLUME_NO_SPACE},
        {.status = VOLUME_CORRUPT},
        {.status = VOLUME_FENCED},
        {.status = VOLUME_UNKNOWN, .seed = 1},
        {.status = VOLUME_UNKNOWN, .seed = 2},
        {.status = VOLUME_UNKNOWN, .seed = 3},
        {.status = VOLUME_UNKNOWN, .seed = 4},
    };
    unsigned unknown_and_done = 0, unknown_and_not = 0;

    (void)state;
    note_all_states();
    for (unsigned number = 1; number < state_count; number++) {
        for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
            struct fault_plan plan = plans[i];
            plan.fail_at = number;
            assert_true(open_both());
            volume_faulty_set(faulty, &plan);
            assert_int_equal(work(), plan.status);
            assert_int_equal(volume_faulty_count(faulty), number);
            assert_non_null(strstr(error.message, "a fault was planned here"));
            uint64_t after = stored_state();
            if (plan.status != VOLUME_UNKNOWN)
                assert_int_equal(after, states[number - 1]);
            else
                assert_true(after == states[number - 1] || after == states[number]);
            if (plan.status == VOLUME_UNKNOWN && states[number] != states[number - 1])
                ++*(after == states[number] ? &unknown_and_done : &unknown_and_not);
            close_both();
        }
    }
    assert_true(unknown_and_done > 10 && unknown_and_not > 10);
}

static bool run_with_crash(void)
{
    struct volume *after = NULL;
    struct volume_log *log;

    if (!open_both() || work() != VOLUME_OK || write_log("wal/1-3", NULL) != VOLUME_OK ||
        log_create(memory, "wal/1-4", 0, "wal/1-3", &log, &error) != VOLUME_OK)
        return false;
    enum volume_status status = log_append(log, slice_of("new"), &error); /* behind it its blocks show the old bytes */
    log_close(log);
    if (status != VOLUME_OK || !volume_memory_crash(memory, 5, &after, &error))
        return false;
    volume_close(after);
    if (!volume_memory_crash(memory, UINT64_MAX, &after, &error))
        return false;
    volume_close(after);
    return true;
}

static void every_allocation_that_fails_is_told(void **state)
{
    bool is_done = false;

    (void)state;
    for (long after = 0; !is_done; after++) {
        error_clear(&error);
        memory_start_failing(after, false);
        is_done = run_with_crash();
        memory_stop_failing();
        if (!is_done) {
            assert_true(memory_has_failed());
            assert_int_equal(error.code, SSQL_NO_MEMORY);
        } else if (memory_has_failed()) {
            is_done = false; /* an object that could not be trimmed stays as large as it was */
            assert_int_equal(error.code, SSQL_OK);
        }
        close_both();
    }
}

static void what_could_not_be_appended_leaves_log_and_scratch_as_they_were(void **state)
{
    static uint8_t big[1 << 16];
    struct volume_log *log;
    struct scratch *scratch;
    uint8_t byte;

    (void)state;
    assert_int_equal(log_create(memory, "wal/1-1", 0, NULL, &log, &error), VOLUME_OK);
    assert_int_equal(scratch_create(memory, &scratch, &error), VOLUME_OK);
    assert_int_equal(log_append(log, slice_of("abc"), &error), VOLUME_OK);
    assert_int_equal(scratch_append(scratch, slice_of("abc"), &error), VOLUME_OK);
    memory_start_failing(0, true);
    assert_int_equal(log_append(log, slice_make(big, sizeof big), &error), VOLUME_UNAVAILABLE);
    assert_int_equal(scratch_append(scratch, slice_make(big, sizeof big), &error), VOLUME_UNAVAILABLE);
    memory_stop_failing();
    assert_int_equal(error.code, SSQL_NO_MEMORY);
    assert_int_equal(log_size(log), 3);
    assert_int_equal(scratch_size(scratch), 3);
    assert_int_equal(log_append(log, slice_of("d"), &error), VOLUME_OK);
    assert_int_equal(log_size(log), 4);
    assert_int_equal(scratch_read(scratch, 3, &byte, 0, &error), VOLUME_OK);
    assert_int_equal(scratch_read(scratch, 4, &byte, 0, &error), VOLUME_UNAVAILABLE);
    scratch_close(scratch);
    log_close(log);
}

static void a_writer_without_memory_makes_no_object(void **state)
{
    static uint8_t big[1 << 16];
    struct object_writer *writer;
    struct object *object;

    (void)state;
    assert_int_equal(object_create(memory, "tables/1/a", 0, &writer, &error), VOLUME_OK);
    memory_start_failing(0, true);
    assert_int_equal(object_append(writer, slice_make(big, sizeof big), &error), VOLUME_UNAVAILABLE);
    memory_stop_failing();
    assert_int_equal(object_finish(writer, &error), VOLUME_UNAVAILABLE);
    assert_int_equal(error.code, SSQL_NO_MEMORY);
    assert_int_equal(object_open(memory, "tables/1/a", sizeof big, &object, &error), VOLUME_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_fails_as_told),
        cmocka_unit_test(every_allocation_that_fails_is_told),
        cmocka_unit_test_setup_teardown(what_could_not_be_appended_leaves_log_and_scratch_as_they_were, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_writer_without_memory_makes_no_object, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
