/* The weather "crash" must notice a database that loses or invents rows. ssql does neither, so an engine stands in
 * whose "database" is a number in a file: each statement adds one to it, and recovery may forget or make up some. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "parts.h"
#include "shell/test_database.h"

struct number {
    char *path;
    uint64_t value, snapshot;
    bool in_transaction;
};

/* One call of the engine fails, in whichever process; all count together. */
static struct {
    atomic_int calls, failing; /* the latter: which; 0: none */
} * shared;

static int recovery_error; /* added to the number whenever a database that was not closed is opened */
static bool follower_lies;

static bool fails(struct text_buffer *complaint)
{
    if (shared == NULL || atomic_fetch_add(&shared->calls, 1) + 1 != atomic_load(&shared->failing))
        return false;
    text_add_string(complaint, "it fails on purpose");
    return true;
}

static bool load(const char *path, uint64_t *value, bool *was_closed)
{
    char mark = ' ';
    FILE *file = fopen(path, "rb");

    if (file == NULL)
        return false;
    bool done = fread(value, sizeof *value, 1, file) == 1 && fread(&mark, 1, 1, file) == 1;
    *was_closed = mark == 'c';
    fclose(file);
    return done;
}

static void store(const struct number *number, char mark)
{
    char aside[512];

    if (strcmp(number->path, ":memory:") == 0)
        return;
    snprintf(aside, sizeof aside, "%s.new", number->path);
    FILE *file = fopen(aside, "wb");
    if (file == NULL || fwrite(&number->value, sizeof number->value, 1, file) != 1 || fwrite(&mark, 1, 1, file) != 1 ||
        fclose(file) != 0 || rename(aside, number->path) != 0)
        _exit(9);
}

static bool is_there(struct text_buffer *complaint)
{
    (void)complaint;
    return true;
}

static bool knows_option(const char *name, const char *value, struct text_buffer *complaint)
{
    (void)value;
    if (strcmp(name, "known") == 0)
        return true;
    text_add_string(complaint, "unknown");
    return false;
}

static bool open_number(const struct test_settings *settings, void **database, struct text_buffer *complaint)
{
    struct number *number = must_allocate(sizeof *number);
    bool was_closed = true;

    if (fails(complaint)) {
        free(number);
        *database = NULL;
        return false;
    }
    number->path = must_copy(settings->path, strlen(settings->path));
    if (load(settings->path, &number->value, &was_closed) && !was_closed && !settings->is_readonly)
        number->value += (uint64_t)(int64_t)recovery_error;
    if (settings->is_readonly && follower_lies)
        number->value++;
    *database = number;
    return true;
}

static void disconnect(void *database)
{
    struct number *number = database;

    if (number->in_transaction)
        number->value = number->snapshot;
    number->in_transaction = false;
}

static bool close_number(void *database, struct text_buffer *complaint)
{
    struct number *number = database;
    bool failing = fails(complaint);

    disconnect(number);
    store(number, 'c');
    free(number->path);
    free(number);
    return !failing;
}

/* "begin", "commit", "get"; anything else adds one. */
static void run_statement(void *database, const struct test_request *request, struct test_answer *answer)
{
    struct number *number = database;
    bool is_begin = request->size == 5 && memcmp(request->text, "begin", 5) == 0;
    bool is_commit = request->size == 6 && memcmp(request->text, "commit", 6) == 0;
    bool is_query = request->size == 3 && memcmp(request->text, "get", 3) == 0;
    struct text_buffer complaint = {0};

    if (fails(&complaint))
        _exit(9);
    if (is_query) {
        const char *name = "n";
        char text[24];
        struct test_cell cell = {.kind = CELL_INT, .text = text};
        cell.size = (size_t)snprintf(text, sizeof text, "%d", (int)number->value);
        answer->is_query = true;
        answer_columns(answer, &name, 1);
        (void)answer_row(answer, &cell, 1);
        answer_rows_end(answer);
    } else {
        if (is_begin)
            number->snapshot = number->value;
        if (is_begin || is_commit)
            number->in_transaction = is_begin;
        else
            number->value++;
        if (!number->in_transaction)
            store(number, 'o');
        answer_ok(answer);
    }
    answer->in_transaction = number->in_transaction;
}

static bool checkpoint(void *database, struct text_buffer *complaint)
{
    (void)database;
    return !fails(complaint);
}

static bool digest(void *database, uint64_t *value, struct text_buffer *complaint)
{
    struct number *number = database;

    if (fails(complaint))
        return false;
    *value = number->in_transaction ? number->snapshot : number->value;
    return true;
}

static const struct test_engine number_engine = {
    .name = "number",
    .is_there = is_there,
    .knows_option = knows_option,
    .open = open_number,
    .close = close_number,
    .disconnect = disconnect,
    .run = run_statement,
    .checkpoint = checkpoint,
    .digest = digest,
};

/* ---- tests ---- */

struct fixture {
    char directory[64];
    struct test_database *database;
    struct text_buffer complaint;
    struct text_buffer lines; /* of the last answer */
};

static void begin(struct fixture *fixture, const struct test_weather *weather)
{
    *fixture = (struct fixture){.directory = "/tmp/ssql-parts-XXXXXX"};
    assert_non_null(mkdtemp(fixture->directory));
    fixture->database = test_database_create(&number_engine, weather, fixture->directory, -1);
}

static bool run_by(struct fixture *fixture, const char *text, unsigned connection)
{
    static const struct variables none;
    const struct test_request request = {
        .connection = connection, .text = text, .size = strlen(text), .variables = &none};
    struct test_answer answer = {0};
    bool done = test_database_run(fixture->database, &request, &answer, &fixture->complaint);

    text_reset(&fixture->lines);
    text_add_string(&fixture->lines, text_string(&answer.lines));
    answer_clear(&answer);
    return done;
}

static bool run(struct fixture *fixture, const char *text)
{
    return run_by(fixture, text, 0);
}

static void end(struct fixture *fixture)
{
    char command[128];

    test_database_destroy(fixture->database);
    text_clear(&fixture->complaint);
    text_clear(&fixture->lines);
    snprintf(command, sizeof command, "rm -r %s", fixture->directory);
    assert_int_equal(system(command), 0);
}

/* Whether so many statements go well; the weather kills in about every third. The moment decides whether a fault can be
 * noticed: a lost commit looks like one that the kill prevented, unless the kill came too early for it anyway. Where
 * one must be noticed there are enough kills for a machine of any speed; the first that is ends them. */
enum { NOTICED_AT_MOST = 3000 };

static bool run_many(struct fixture *fixture, int count)
{
    bool done = true;

    for (int i = 0; i < count && done; i++)
        done = run(fixture, "add");
    return done;
}

static const struct test_weather crashing = {.is_crashing = true, .seed = 42};

static void an_engine_that_loses_nothing_passes(void **state)
{
    struct fixture fixture;

    (void)state;
    recovery_error = 0;
    begin(&fixture, &crashing);
    assert_true(run_many(&fixture, 60));
    assert_true(run(&fixture, "get"));
    assert_string_equal(text_string(&fixture.lines), "n\n60\n");
    assert_true(test_database_close(fixture.database, &fixture.complaint));
    end(&fixture);
}

static void a_lost_commit_is_noticed(void **state)
{
    struct fixture fixture;

    (void)state;
    recovery_error = -1;
    begin(&fixture, &crashing);
    assert_false(run_many(&fixture, NOTICED_AT_MOST));
    assert_non_null(strstr(text_string(&fixture.complaint), "neither what was committed before"));
    end(&fixture);
    recovery_error = 0;
}

static void an_invented_commit_is_noticed(void **state)
{
    struct fixture fixture;

    (void)state;
    recovery_error = 2;
    begin(&fixture, &crashing);
    assert_false(run_many(&fixture, NOTICED_AT_MOST));
    end(&fixture);
    recovery_error = 0;
}

static void a_transaction_is_whole_or_not_at_all(void **state)
{
    struct fixture fixture;

    (void)state;
    recovery_error = 0;
    begin(&fixture, &crashing);
    for (int i = 0; i < 15; i++) {
        assert_true(run(&fixture, "begin"));
        assert_true(run_many(&fixture, 3));
        assert_true(run(&fixture, "commit"));
    }
    assert_true(run(&fixture, "get"));
    assert_string_equal(text_string(&fixture.lines), "n\n45\n");
    end(&fixture);
}

/* Crashes would have to run its statements again: too many, or those of several connections. */
static void a_transaction_that_cannot_be_repeated_is_left_in_peace(void **state)
{
    struct fixture fixture;

    (void)state;
    recovery_error = 0;
    begin(&fixture, &crashing);
    assert_true(run(&fixture, "begin"));
    assert_true(run_many(&fixture, 120));
    assert_true(run(&fixture, "commit"));
    assert_true(run(&fixture, "begin"));
    for (unsigned i = 0; i < 30; i++)
        assert_true(run_by(&fixture, "add", i % 2));
    assert_true(run_by(&fixture, "commit", 1));
    assert_true(run(&fixture, "get"));
    assert_string_equal(text_string(&fixture.lines), "n\n150\n");
    end(&fixture);
}

static void what_is_lost_between_statements_is_noticed(void **state)
{
    static const char wanted[] = "after kill -9 and recovery the database does not hold what was acknowledged";
    struct test_weather weather = {.is_crashing = true, .is_small = true};
    bool is_noticed = false;
    struct fixture fixture;

    (void)state;
    recovery_error = 0;
    begin(&fixture, &crashing);
    assert_true(run(&fixture, "add"));
    recovery_error = -1;
    assert_false(test_database_crash(fixture.database, &fixture.complaint));
    assert_string_equal(text_string(&fixture.complaint), wanted);
    end(&fixture);
    /* Or while rows go to files: which statement is the one that the seed lets a crash follow so is not ours to say. */
    for (weather.seed = 1; weather.seed < 100 && !is_noticed; weather.seed++) {
        begin(&fixture, &weather);
        recovery_error = 0;
        assert_true(run_many(&fixture, 2));
        recovery_error = -1;
        (void)run(&fixture, "add");
        is_noticed = strstr(text_string(&fixture.complaint), wanted) != NULL;
        end(&fixture);
    }
    assert_true(is_noticed);
    recovery_error = 0;
}

static void the_directive_crash_loses_what_is_open_and_nothing_else(void **state)
{
    static const struct test_weather fair;
    struct fixture fixture;

    (void)state;
    recovery_error = 0;
    begin(&fixture, &fair);
    assert_true(run(&fixture, "add"));
    assert_true(run(&fixture, "begin"));
    assert_true(run(&fixture, "add"));
    assert_true(test_database_crash(fixture.database, &fixture.complaint));
    assert_true(run(&fixture, "get"));
    assert_string_equal(text_string(&fixture.lines), "n\n1\n");
    end(&fixture);
}

static void a_follower_that_answers_otherwise_is_noticed(void **state)
{
    static const struct test_weather followed = {.is_followed = true};
    struct fixture fixture;

    (void)state;
    begin(&fixture, &followed);
    assert_true(run(&fixture, "add"));
    assert_true(run(&fixture, "get"));
    end(&fixture);
    follower_lies = true;
    begin(&fixture, &followed);
    assert_true(run(&fixture, "add"));
    assert_false(run(&fixture, "get"));
    assert_non_null(strstr(text_string(&fixture.complaint), "a follower"));
    end(&fixture);
    follower_lies = false;
}

/* Statements and directives until something fails; returns whether nothing did. */
static bool work(struct fixture *fixture)
{
    static const char *const statements[] = {"add", "get", "begin", "add", "commit", "add", "get"};
    struct test_database *database = fixture->database;
    bool done = true;

    for (size_t i = 0; i < sizeof statements / sizeof statements[0] && done; i++)
        done = run(fixture, statements[i]);
    return done && test_database_crash(database, &fixture->complaint) && run(fixture, "get") &&
           test_database_close(database, &fixture->complaint) && run(fixture, "add") && run(fixture, "get") &&
           test_database_fresh(database, &fixture->complaint) && run(fixture, "add");
}

/* Whatever fails, and whoever dies: that is told, and nothing hangs. A failure in a process that is killed for another
 * reason is none. */
static void assert_failures_told(const struct test_weather *weather)
{
    bool is_reached = true;
    int told = 0;

    recovery_error = 0;
    for (int n = 1; is_reached; n++) {
        struct fixture fixture;
        atomic_store(&shared->calls, 0);
        atomic_store(&shared->failing, n);
        begin(&fixture, weather);
        bool done = work(&fixture);
        assert_int_equal(done, fixture.complaint.size == 0);
        told += !done;
        is_reached = atomic_load(&shared->calls) >= n;
        (void)test_database_close(fixture.database, &fixture.complaint); /* nothing to be relied on any more */
        end(&fixture);
    }
    assert_true(told > 8);
}

static void a_call_of_the_engine_that_fails_is_told_in_any_weather(void **state)
{
    static const struct test_weather weathers[] = {
        {.is_small = true},
        {.is_reopening = true, .is_followed = true},
        {.is_crashing = true, .is_small = true, .seed = 3},
        {.is_crashing = true, .is_reopening = true, .seed = 4},
    };

    (void)state;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    for (size_t i = 0; i < sizeof weathers / sizeof weathers[0]; i++)
        assert_failures_told(&weathers[i]);
    munmap(shared, sizeof *shared);
    shared = NULL;
}

static void no_database_is_destroyed_without_harm(void **state)
{
    (void)state;
    test_database_destroy(NULL);
}

static void an_option_that_the_engine_does_not_know_is_refused(void **state)
{
    static const struct test_weather fair;
    struct fixture fixture;

    (void)state;
    begin(&fixture, &fair);
    assert_true(test_database_set_option(fixture.database, "known=", 5, "1", &fixture.complaint));
    assert_false(test_database_set_option(fixture.database, "other=", 5, "1", &fixture.complaint));
    assert_string_equal(text_string(&fixture.complaint), "unknown");
    end(&fixture);
}

int run_weather_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_engine_that_loses_nothing_passes),
        cmocka_unit_test(a_lost_commit_is_noticed),
        cmocka_unit_test(an_invented_commit_is_noticed),
        cmocka_unit_test(a_transaction_is_whole_or_not_at_all),
        cmocka_unit_test(a_transaction_that_cannot_be_repeated_is_left_in_peace),
        cmocka_unit_test(what_is_lost_between_statements_is_noticed),
        cmocka_unit_test(the_directive_crash_loses_what_is_open_and_nothing_else),
        cmocka_unit_test(a_follower_that_answers_otherwise_is_noticed),
        cmocka_unit_test(a_call_of_the_engine_that_fails_is_told_in_any_weather),
        cmocka_unit_test(no_database_is_destroyed_without_harm),
        cmocka_unit_test(an_option_that_the_engine_does_not_know_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
