/* Large tables are read by several threads: the answers are those of one thread, byte by byte, in the same order. The
 * tables are small and the morsels tiny. Run under the thread sanitizer too. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "api/fixture.h"

enum { ROWS = 6000, ROWS_A_STATEMENT = 500 };

static void open_with_morsels(struct fixture *fixture, const char *threads, const char *memory_limit,
                              const char *morsel_rows)
{
    static const char *const values[][2] = {{"memtable_size", "64KiB"}, {"block_rows", "16"}, {"level0_files", "2"}};
    ssql_options *options;

    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_int_equal(ssql_options_set(options, values[i][0], values[i][1]), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "threads", threads), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "background", "off"), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "memory_limit", memory_limit), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "morsel_rows", morsel_rows), SSQL_OK);
    assert_int_equal(ssql_open_with(":memory:", options, &fixture->db), SSQL_OK);
    assert_int_equal(ssql_connect(fixture->db, &fixture->conn), SSQL_OK);
    ssql_options_free(options);
}

static void open_with(struct fixture *fixture, const char *threads, const char *memory_limit)
{
    open_with_morsels(fixture, threads, memory_limit, "64");
}

/* Numbers without a pattern, the same in each database. */
static unsigned next_number(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Keys first, first + step …: in several files, in the memtable, overlapping. */
static void insert_rows(ssql_conn *conn, const char *verb, int first, int step, int count, unsigned seed)
{
    char *text = malloc(ROWS_A_STATEMENT * 80 + 100);

    assert_non_null(text);
    for (int done = 0; done < count;) {
        size_t size = (size_t)sprintf(text, "%s into t values ", verb);
        for (int i = 0; i < ROWS_A_STATEMENT && done < count; i++, done++) {
            unsigned number = next_number(&seed);
            size += (size_t)sprintf(text + size, "%s(%d, %u, 'kind%u', %u.%u, ", i > 0 ? ", " : "", first + done * step,
                                    number % 1000, number % 7, number % 977, number % 89);
            size += (size_t)sprintf(text + size, number % 11 == 0 ? "null)" : "'text of %u')", number % 3000);
        }
        must_exec(conn, text);
    }
    free(text);
}

static void fill(ssql_conn *conn)
{
    must_exec(conn, "create table t { id int primary, amount int, kind string, score float, note string }");
    insert_rows(conn, "insert", 0, 2, ROWS / 2, 1);
    insert_rows(conn, "insert", 1, 2, ROWS / 2, 2);
    insert_rows(conn, "upsert", 0, 5, ROWS / 10, 3);
    must_exec(conn, "delete from t where id % 17 == 3");
}

struct answer {
    char *text;
    size_t size, capacity;
};

static void add_text(struct answer *answer, const char *format, ...)
{
    va_list arguments;

    if (answer->capacity - answer->size < 1000) {
        answer->capacity = 2 * answer->capacity + 1000;
        answer->text = realloc(answer->text, answer->capacity);
        assert_non_null(answer->text);
    }
    va_start(arguments, format);
    answer->size += (size_t)vsnprintf(answer->text + answer->size, 1000, format, arguments);
    va_end(arguments);
}

/* Floats to the last bit. */
static void add_column(struct answer *answer, ssql_stmt *stmt, int i)
{
    if (ssql_column_is_null(stmt, i))
        add_text(answer, "null|");
    else if (ssql_column_type(stmt, i) == SSQL_TYPE_INT)
        add_text(answer, "%lld|", (long long)ssql_column_int(stmt, i));
    else if (ssql_column_type(stmt, i) == SSQL_TYPE_FLOAT)
        add_text(answer, "%a|", ssql_column_float(stmt, i));
    else
        add_text(answer, "%.900s|", ssql_column_string(stmt, i, NULL));
}

/* Everything that a query answers; of one that fails the failure alone, for how many rows it shows before is nowhere
 * promised. The text is freed by the caller. */
static char *answer_to(ssql_conn *conn, const char *query)
{
    ssql_stmt *stmt = must_prepare(conn, query);
    struct answer answer = {0};
    int code;

    while ((code = ssql_step(stmt)) == SSQL_ROW) {
        for (int i = 0; i < ssql_column_count(stmt); i++)
            add_column(&answer, stmt, i);
        add_text(&answer, "\n");
    }
    if (code != SSQL_DONE) {
        answer.size = 0;
        add_text(&answer, "error %d: %s", code, ssql_errmsg(conn));
    }
    add_text(&answer, "\n");
    ssql_finalize(stmt);
    return answer.text;
}

static const char *const queries[] = {
    "select id, amount from t where amount > 900",
    "select * from t where kind == 'kind3' and note is not null and amount < 400",
    "select id, note from t where note is null",
    "select id from t where amount >= 0",
    "select id from t where amount < 0",
    "select id, score from t where id > 1000 and id <= 3000 and amount < 100",
    "select id from t where amount < 200 limit 7",
    "select id from t where amount < 200 limit 300 offset 200",
    "select id, amount from t where amount < 100 order by id desc",
    "select id from t where amount < 50 order by id desc limit 100",
    "select id, kind from t where amount > 800 order by amount, id",
    "select id from t order by amount > 500, id limit 10",
    "select id from t order by note is null desc, score > 40, id desc limit 10",
    "select distinct kind from t where amount > 500",
    "select count(*) from t",
    "select count(*), count(note), sum(amount), min(amount), max(amount), avg(amount) from t where kind > 'kind2'",
    "select sum(score), avg(score), min(score), max(score) from t",
    "select sum(case when id < 3000 then 1e308 else score end) from t",
    "select kind, sum(case when id < 3000 then 1e308 else score end) from t group by kind",
    "select kind, count(*), sum(score), avg(score), max(amount) from t group by kind",
    "select amount % 100, kind, count(*), sum(score) from t group by amount % 100, kind",
    "select note, count(*), sum(score) from t group by note",
    "select id, sum(score) from t group by id",
    "select kind, count(distinct amount), group_concat(note), min(note) from t group by kind",
    "select kind, sum(amount) from t where id < 40 or id > 5900 group by kind having sum(amount) > 1000",
    "select count(*), sum(score) from t where amount > 10000",
    "select kind, count(*) from t where amount > 10000 group by kind",
    "select 1000 / (id - 2501) from t where amount > 100",
    "select id from t where 1000 / (id - 2501) > 10",
    "select id from t where 1000 / (id - 2501) > 10 limit 20",
    "select sum(1000 / (id - 2501)) from t",
    "select kind, sum(1000 / (id - 5001)) from t group by kind",
    "select sum(9223372036854775807 - id) from t",
};

static void assert_same_answer(ssql_conn *one, ssql_conn *other, const char *query)
{
    char *expected = answer_to(one, query), *answer = answer_to(other, query);
    size_t same = 0;

    while (expected[same] != '\0' && expected[same] == answer[same])
        same++;
    if (strcmp(expected, answer) != 0)
        fail_msg("%s: from byte %zu on\n%.200s\ninstead of\n%.200s", query, same, answer + same, expected + same);
    free(expected);
    free(answer);
}

static void assert_same_answers(ssql_conn *one, ssql_conn *other)
{
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++)
        assert_same_answer(one, other, queries[i]);
}

static void answers_do_not_depend_on_the_number_of_threads(void **state)
{
    static const char *const thread_counts[] = {"2", "3", "8"};
    struct fixture one, other;

    (void)state;
    open_with(&one, "1", "64MiB");
    fill(one.conn);
    for (size_t i = 0; i < sizeof thread_counts / sizeof thread_counts[0]; i++) {
        open_with(&other, thread_counts[i], "64MiB");
        fill(other.conn);
        assert_same_answers(one.conn, other.conn);
        fixture_close(&other);
    }
    fixture_close(&one);
}

static void answers_are_the_same_in_little_memory(void **state)
{
    struct fixture one, other;

    (void)state;
    open_with(&one, "1", "1MiB");
    open_with(&other, "4", "1MiB");
    fill(one.conn);
    fill(other.conn);
    assert_same_answers(one.conn, other.conn);
    fixture_close(&one);
    fixture_close(&other);
}

/* More groups than threads are worth it for, in the first morsel or a later one: the caller's thread reads on. And more
 * rows of a morsel than a batch holds. */
static void morsels_may_have_many_groups_or_rows(void **state)
{
    static const char *const many_groups[] = {
        "select id, note from t where amount < 240",
        "select id, count(*) from t group by id having id % 100 == 0 order by id",
        "select case when id < 5000 then 0 else id end as g, count(*) from t group by g having g % 100 == 0 order by g",
        "select concat(cast(id as string), note) as g, sum(score) from t group by g having min(id) % 500 == 0 order by "
        "g",
    };
    struct fixture one, other;

    (void)state;
    open_with_morsels(&one, "1", "64MiB", "5500");
    fill(one.conn);
    insert_rows(one.conn, "insert", 10000, 1, 6000, 9);
    for (int i = 0; i < 2; i++) {
        open_with_morsels(&other, "2", i == 0 ? "64MiB" : "1MiB", "5500");
        fill(other.conn);
        insert_rows(other.conn, "insert", 10000, 1, 6000, 9);
        for (size_t k = 0; k < sizeof many_groups / sizeof many_groups[0]; k++)
            assert_same_answer(one.conn, other.conn, many_groups[k]);
        fixture_close(&other);
    }
    fixture_close(&one);
}

/* What the threads have read is counted, whatever they found. */
static void an_analysis_counts_what_all_threads_read(void **state)
{
    struct fixture fixture;

    (void)state;
    open_with(&fixture, "4", "64MiB");
    fill(fixture.conn);
    int64_t rows = query_int(fixture.conn, "select count(*) from t where amount < 100");
    char line[100], *answer = answer_to(fixture.conn, "explain analyze select id from t where amount < 100");
    snprintf(line, sizeof line, "total: %lld rows, ", (long long)rows);
    assert_non_null(strstr(answer, line));
    assert_null(strstr(answer, " 0 blocks read"));
    free(answer);
    fixture_close(&fixture);
}

/* Rows of the transaction itself are read by all threads, in whatever state its writes are. */
static void own_writes_are_seen_by_all_threads(void **state)
{
    static const char *const changes[] = {
        "update t set amount = amount + 1 where id % 3 == 0",
        "delete from t where amount > 950",
        "insert into t select id + 100000, amount, kind, score, note from t where amount < 300",
        "update t set id = id + 1000000 where amount > 900",
    };
    struct fixture one, other;

    (void)state;
    open_with(&one, "1", "4MiB");
    open_with(&other, "4", "4MiB");
    fill(one.conn);
    fill(other.conn);
    must_exec(one.conn, "begin");
    must_exec(other.conn, "begin");
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        must_exec(one.conn, changes[i]);
        must_exec(other.conn, changes[i]);
        assert_same_answers(one.conn, other.conn);
    }
    must_exec(one.conn, "commit");
    must_exec(other.conn, "commit");
    assert_same_answers(one.conn, other.conn);
    fixture_close(&one);
    fixture_close(&other);
}

static void a_prepared_query_runs_again_with_other_parameters(void **state)
{
    struct fixture fixture;
    ssql_stmt *stmt;

    (void)state;
    open_with(&fixture, "3", "64MiB");
    fill(fixture.conn);
    stmt = must_prepare(fixture.conn, "select count(*), sum(amount) from t where amount < ?");
    for (int limit = 0; limit <= 1000; limit += 250) {
        char text[100];
        sprintf(text, "select sum(amount) from t where amount < %d", limit);
        int64_t expected = limit == 0 ? 0 : query_int(fixture.conn, text);
        assert_int_equal(ssql_bind_int(stmt, 1, limit), SSQL_OK);
        assert_int_equal(ssql_step(stmt), SSQL_ROW);
        assert_int_equal(ssql_column_int(stmt, 1), expected);
        ssql_reset(stmt);
    }
    ssql_finalize(stmt);
    fixture_close(&fixture);
}

/* A query that is dropped between two rows leaves nothing behind; another one may be open at the same time. */
static void queries_are_dropped_and_nested(void **state)
{
    struct fixture fixture;
    ssql_stmt *outer, *inner;

    (void)state;
    open_with(&fixture, "3", "64MiB");
    fill(fixture.conn);
    outer = must_prepare(fixture.conn, "select id from t where amount < 200");
    inner = must_prepare(fixture.conn, "select id, note from t where amount > 800");
    for (int i = 0; i < 600; i++) {
        assert_int_equal(ssql_step(outer), SSQL_ROW);
        assert_int_equal(ssql_step(inner), SSQL_ROW);
        if (i % 100 == 99)
            ssql_reset(inner);
    }
    ssql_finalize(outer);
    ssql_finalize(inner);
    fixture_close(&fixture);
}

/* Its threads end before what they read goes; the statement can still be finalized. The table is dropped under it. */
static void a_connection_goes_while_its_query_is_half_read(void **state)
{
    struct fixture fixture;
    ssql_conn *other;
    ssql_stmt *query;

    (void)state;
    open_with(&fixture, "4", "64MiB");
    fill(fixture.conn);
    assert_int_equal(ssql_connect(fixture.db, &other), SSQL_OK);
    query = must_prepare(fixture.conn, "select id, note from t where amount < 200");
    assert_int_equal(ssql_step(query), SSQL_ROW);
    must_exec(other, "drop table t");
    for (int i = 0; i < 100; i++)
        assert_int_equal(ssql_step(query), SSQL_ROW);
    assert_int_equal(ssql_close(fixture.db), SSQL_OK);
    ssql_disconnect(other);
    ssql_disconnect(fixture.conn);
    ssql_finalize(query);
}

static int go_on(void *context, const char *what, int64_t done, int64_t total)
{
    (void)context;
    (void)what;
    (void)done;
    (void)total;
    return 0;
}

/* Threads read ahead for one query while the connection is told other things, and runs others. */
static void progress_may_be_set_between_the_rows_of_a_query(void **state)
{
    struct fixture fixture;
    ssql_stmt *query;

    (void)state;
    open_with(&fixture, "4", "64MiB");
    fill(fixture.conn);
    ssql_set_progress(fixture.conn, go_on, NULL);
    query = must_prepare(fixture.conn, "select id from t where amount < 200");
    for (int i = 0; i < 600; i++) {
        assert_int_equal(ssql_step(query), SSQL_ROW);
        ssql_set_progress(fixture.conn, i % 2 == 0 ? NULL : go_on, NULL);
        assert_int_equal(query_int(fixture.conn, "select count(*) from t where id == 2"), 1);
    }
    ssql_finalize(query);
    fixture_close(&fixture);
}

/* ---- transactions ---- */

/* What the threads have read is what the commit is checked against. */
static void a_row_that_came_under_a_read_makes_a_conflict(void **state)
{
    struct fixture fixture;
    ssql_conn *other;

    (void)state;
    open_with(&fixture, "4", "64MiB");
    fill(fixture.conn);
    assert_int_equal(ssql_connect(fixture.db, &other), SSQL_OK);
    for (int is_inside = 0; is_inside < 2; is_inside++) {
        must_exec(fixture.conn, "begin");
        query_int(fixture.conn, "select count(*) from t where id < 4000 and amount >= 0");
        must_exec(fixture.conn, "insert into t (id, amount) values (-1, 1)");
        must_exec(other, is_inside ? "insert into t (id, amount) values (-2, 5)"
                                   : "insert into t (id, amount) values (9000000, 5)");
        assert_int_equal(exec(fixture.conn, "commit"), is_inside ? SSQL_CONFLICT : SSQL_OK);
        must_exec(fixture.conn, "delete from t where id < 0 or id == 9000000");
    }
    ssql_disconnect(other);
    fixture_close(&fixture);
}

/* ---- many connections, one pool ---- */

struct reader {
    pthread_t thread;
    ssql_db *db;
    int failures;
};

static void *sum_all(void *argument)
{
    struct reader *reader = argument;
    ssql_conn *conn = NULL;
    static const char text[] = "select sum(amount), count(*) from t where kind > 'kind1'";

    reader->failures += ssql_connect(reader->db, &conn) != SSQL_OK;
    for (int i = 0; i < 20 && reader->failures == 0; i++) {
        ssql_stmt *stmt = NULL;
        reader->failures += ssql_prepare(conn, text, strlen(text), &stmt, NULL) != SSQL_OK;
        reader->failures += ssql_step(stmt) != SSQL_ROW || ssql_column_int(stmt, 0) <= 0;
        ssql_finalize(stmt);
    }
    ssql_disconnect(conn);
    return NULL;
}

/* The writer keeps the sum; every reader sees whole transactions. */
static void readers_share_the_threads_beside_a_writer(void **state)
{
    enum { READERS = 4 };
    struct reader readers[READERS];
    struct fixture fixture;

    (void)state;
    open_with(&fixture, "3", "64MiB");
    fill(fixture.conn);
    for (int i = 0; i < READERS; i++) {
        readers[i] = (struct reader){.db = fixture.db};
        assert_int_equal(pthread_create(&readers[i].thread, NULL, sum_all, &readers[i]), 0);
    }
    for (int i = 0; i < 30; i++)
        insert_rows(fixture.conn, "upsert", i, 13, 40, (unsigned)i);
    for (int i = 0; i < READERS; i++) {
        pthread_join(readers[i].thread, NULL);
        assert_int_equal(readers[i].failures, 0);
    }
    fixture_close(&fixture);
}

/* ---- interrupts ---- */

struct interrupter {
    ssql_conn *conn;
    atomic_bool is_over;
};

static void *interrupt_until_over(void *argument)
{
    struct interrupter *interrupter = argument;

    while (!atomic_load(&interrupter->is_over)) {
        ssql_interrupt(interrupter->conn);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return NULL;
}

/* Each row compares strings that are long in the making: some seconds, if nobody interrupted. */
static void an_interrupt_reaches_all_threads(void **state)
{
    static const char *const slow[] = {
        "select count(*) from t where replace(repeat(note, 1000), 'x', 'yy') == 'z'",
        "select id from t where replace(repeat(note, 1000), 'x', 'yy') == 'z'",
    };
    struct fixture fixture;
    struct interrupter interrupter;
    pthread_t thread;

    (void)state;
    open_with(&fixture, "4", "64MiB");
    fill(fixture.conn);
    for (size_t i = 0; i < sizeof slow / sizeof slow[0]; i++) {
        interrupter.conn = fixture.conn;
        atomic_init(&interrupter.is_over, false);
        assert_int_equal(pthread_create(&thread, NULL, interrupt_until_over, &interrupter), 0);
        int code = exec(fixture.conn, slow[i]);
        atomic_store(&interrupter.is_over, true);
        pthread_join(thread, NULL);
        assert_int_equal(code, SSQL_INTERRUPTED);
    }
    assert_int_equal(query_int(fixture.conn, "select count(*) from t where amount >= 0"),
                     query_int(fixture.conn, "select count(*) from t"));
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_do_not_depend_on_the_number_of_threads),
        cmocka_unit_test(answers_are_the_same_in_little_memory),
        cmocka_unit_test(morsels_may_have_many_groups_or_rows),
        cmocka_unit_test(an_analysis_counts_what_all_threads_read),
        cmocka_unit_test(own_writes_are_seen_by_all_threads),
        cmocka_unit_test(a_prepared_query_runs_again_with_other_parameters),
        cmocka_unit_test(queries_are_dropped_and_nested),
        cmocka_unit_test(a_connection_goes_while_its_query_is_half_read),
        cmocka_unit_test(progress_may_be_set_between_the_rows_of_a_query),
        cmocka_unit_test(a_row_that_came_under_a_read_makes_a_conflict),
        cmocka_unit_test(readers_share_the_threads_beside_a_writer),
        cmocka_unit_test(an_interrupt_reaches_all_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
