/* What base does where the system refuses memory or a thread, and with errors that nobody wants to know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "api/failing_memory.h"
#include "base/arena.h"
#include "base/cancellation.h"
#include "base/error.h"
#include "base/key_codec.h"
#include "base/pages.h"
#include "base/type.h"
#include "base/worker_pool.h"

static bool no_maps, no_threads;

void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument);

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return no_maps ? MAP_FAILED : __real_mmap(at, size, protection, flags, fd, offset);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
{
    return no_threads ? EAGAIN : __real_pthread_create(thread, attributes, start, argument);
}

static void pages_of_every_size_may_be_refused(void **state)
{
    static const size_t sizes[] = {0, 100, 64 << 10, PAGES_HUGE, 3 * (size_t)PAGES_HUGE + 1};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t *pages = pages_alloc(sizes[i]);
        assert_non_null(pages);
        if (sizes[i] > 0) {
            assert_int_equal(pages[0] | pages[sizes[i] - 1], 0);
            pages[sizes[i] - 1] = 1;
        }
        pages_free(pages, sizes[i]);
        pages_free(NULL, sizes[i]);
        no_maps = true;
        memory_start_failing(0, true);
        pages = pages_alloc(sizes[i]);
        memory_stop_failing();
        no_maps = false;
        assert_null(pages);
    }
}

static void take_all(void *context, uint32_t worker)
{
    ++*(unsigned *)context;
    assert_int_equal(worker, 0);
}

static void work_without_helpers_is_done_by_the_caller(void **state)
{
    struct worker_pool *pool;
    struct ssql_error error;
    unsigned calls = 0;

    (void)state;
    memory_start_failing(0, true);
    assert_false(worker_pool_create(4, &pool, &error));
    memory_stop_failing();
    assert_int_equal(error.code, SSQL_NO_MEMORY);
    assert_true(worker_pool_create(4, &pool, &error));
    no_threads = true;
    worker_pool_run(pool, 4, take_all, &calls);
    no_threads = false;
    assert_int_equal(calls, 1);
    worker_pool_destroy(pool);
    worker_pool_destroy(NULL);
}

static void a_job_that_is_offered_twice_waits_once(void **state)
{
    struct worker_pool *pool;
    struct worker_job job;
    unsigned calls = 0;

    (void)state;
    assert_true(worker_pool_create(3, &pool, NULL));
    no_threads = true;
    worker_job_init(&job, 3, take_all, &calls);
    worker_job_offer(pool, &job);
    worker_job_offer(pool, &job);
    worker_job_finish(pool, &job);
    worker_job_clear(&job);
    no_threads = false;
    assert_int_equal(calls, 0);
    worker_pool_destroy(pool);
}

static void a_key_that_finds_no_memory_is_not_decoded(void **state)
{
    static const enum ssql_type types[] = {SSQL_TYPE_STRING, SSQL_TYPE_BOOL};
    const struct value parts[] = {value_string(slice_make("a\0b", 3)), value_bool(true)};
    struct value back[2];
    struct buffer key = {0}, scratch = {0};

    (void)state;
    key_encode(&key, parts, 2);
    memory_start_failing(0, true);
    assert_false(key_decode(buffer_slice(&key), types, 2, back, &scratch));
    memory_stop_failing();
    buffer_clear(&scratch);
    assert_true(key_decode(buffer_slice(&key), types, 2, back, &scratch));
    assert_int_equal(value_compare(&parts[0], &back[0]), 0);
    assert_true(back[1].boolean);
    key.data[key.size - 1] = 2; /* no bool */
    assert_false(key_decode(buffer_slice(&key), types, 2, back, &scratch));
    assert_false(key_decode(slice_make(key.data, key.size - 1), types, 2, back, &scratch));
    assert_true(key_decode(slice_make(key.data, 0), types, 0, back, &scratch));
    buffer_clear(&key);
    buffer_clear(&scratch);
}

static void an_arena_without_memory_says_so_until_it_is_reset(void **state)
{
    struct arena arena;
    struct buffer buffer = {0};

    (void)state;
    arena_init(&arena);
    memory_start_failing(0, true);
    assert_null(arena_alloc(&arena, 1 << 20));
    assert_null(arena_alloc_array(&arena, SIZE_MAX / 2, 8));
    buffer_printf(&buffer, "%d", 1);
    memory_stop_failing();
    assert_true(arena_failed(&arena));
    assert_true(buffer.failed);
    assert_int_equal(buffer.size, 0);
    arena_reset(&arena);
    assert_non_null(arena_alloc(&arena, (size_t)64 << 20)); /* larger than an arena keeps */
    arena_reset(&arena);
    assert_false(arena_failed(&arena));
    arena_clear(&arena);
    buffer_clear(&buffer);
}

static void an_error_may_be_unwanted(void **state)
{
    (void)state;
    error_clear(NULL);
    assert_false(error_set(NULL, SSQL_IO, NO_SPAN, "text"));
    assert_false(error_hint(NULL, "hint"));
    assert_false(error_no_memory(NULL));
}

static void a_message_without_characters_is_cut_to_nothing(void **state)
{
    struct ssql_error error;
    char bytes[2 * ERROR_MESSAGE_SIZE];

    (void)state;
    memset(bytes, 0x80, sizeof bytes - 1);
    bytes[sizeof bytes - 1] = '\0';
    error_set(&error, SSQL_IO, NO_SPAN, "%s", bytes);
    assert_string_equal(error.message, "...");
}

static void every_code_has_a_state_and_every_type_a_name(void **state)
{
    (void)state;
    for (int code = SSQL_OK; code <= SSQL_NOT_ALLOWED; code++)
        assert_int_equal(strlen(error_sqlstate((enum ssql_code)code)), 5);
    assert_string_equal(error_sqlstate(SSQL_OK), "00000");
    assert_string_equal(error_sqlstate(SSQL_NOT_ALLOWED), "42501");
    assert_string_equal(type_name(SSQL_TYPE_NULL), "null");
    assert_string_equal(type_name(SSQL_TYPE_STRING), "string");
}

static int refuse(void *context, const char *what, int64_t done, int64_t total)
{
    (void)what;
    (void)done;
    (void)total;
    ++*(int *)context;
    return 1;
}

/* Who once says that a statement shall end is not asked again. */
static void a_refusal_lasts(void **state)
{
    int asked = 0;
    struct progress progress = {.report = refuse, .context = &asked};
    struct cancellation cancellation = {.progress = &progress};
    struct cancellation inner = {.outer = &cancellation};
    struct ssql_error error = {0};

    (void)state;
    progress_begin(NULL, "nothing", 0);
    progress_start(&progress);
    assert_true(cancellation_check(&cancellation, &error)); /* too early to ask */
    progress.next_report_ns = 0;
    assert_false(cancellation_check(&cancellation, &error));
    assert_int_equal(error.code, SSQL_INTERRUPTED);
    progress.next_report_ns = 0;
    assert_false(cancellation_check(&cancellation, NULL));
    assert_int_equal(asked, 1);
    assert_true(cancellation_check(NULL, &error));
    assert_true(cancellation_check(&inner, &error));
    atomic_store(&cancellation.requested, 1);
    assert_false(cancellation_check(&inner, &error));
    cancellation_count(&inner, 3);
    cancellation_count(&cancellation, 4);
    cancellation_count(NULL, 5);
    assert_int_equal(atomic_load(&cancellation.counted), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_of_every_size_may_be_refused),
        cmocka_unit_test(work_without_helpers_is_done_by_the_caller),
        cmocka_unit_test(a_job_that_is_offered_twice_waits_once),
        cmocka_unit_test(a_key_that_finds_no_memory_is_not_decoded),
        cmocka_unit_test(an_arena_without_memory_says_so_until_it_is_reset),
        cmocka_unit_test(an_error_may_be_unwanted),
        cmocka_unit_test(a_message_without_characters_is_cut_to_nothing),
        cmocka_unit_test(every_code_has_a_state_and_every_type_a_name),
        cmocka_unit_test(a_refusal_lasts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
