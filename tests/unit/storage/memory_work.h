/* memory_work.h - one piece of work done again and again, with one allocation after another failing. Included once in a
 * program (failing_memory.h). */
#ifndef SSQL_TESTS_UNIT_STORAGE_MEMORY_WORK_H
#define SSQL_TESTS_UNIT_STORAGE_MEMORY_WORK_H

#include "api/failing_memory.h"
#include "base/error.h"

struct work {
    void (*prepare)(void); /* NULL: nothing to prepare */
    bool (*run)(struct ssql_error *error);
    void (*verify)(bool is_done); /* NULL: nothing to verify */
};

/* The work succeeds, or says that memory ran out. Whether an allocation has failed. */
static bool run_with_less_memory(const struct work *work, long n, bool for_ever, struct ssql_error *error)
{
    if (work->prepare != NULL)
        work->prepare();
    memory_start_failing(n, for_ever);
    bool is_done = work->run(error);
    bool has_failed = memory_has_failed();
    memory_stop_failing();
    assert_true(is_done || has_failed);
    if (!is_done && error != NULL && error->code != SSQL_NO_MEMORY && error->code != SSQL_UNKNOWN_OUTCOME)
        fail_msg("allocation %ld: %d: %s", n, (int)error->code, error->message);
    if (work->verify != NULL)
        work->verify(is_done);
    return has_failed;
}

/* Each allocation fails, once and from there on, and once in every `stride` where nobody asks for the error. There are
 * more than `least` of them. */
static void fail_each_allocation_of(const struct work *work, long stride, long least)
{
    bool has_failed = true;
    long n;

    for (n = 0; has_failed; n++) {
        struct ssql_error error = {0}, other = {0};
        has_failed = run_with_less_memory(work, n, false, &error);
        has_failed = run_with_less_memory(work, n, true, &other) || has_failed;
        if (n % stride == 0)
            has_failed = run_with_less_memory(work, n, false, NULL) || has_failed;
    }
    assert_true(n > least);
}

#endif
