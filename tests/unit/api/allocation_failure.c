/* Every allocation of the library fails once, then again all from there on: each call answers with SSQL_NO_MEMORY,
 * nothing is half done, nothing leaks (the address sanitizer looks), and when memory is back the work goes on. Where a
 * commit is already on its way to the log the answer is SSQL_UNKNOWN_OUTCOME, and the database takes no more writes.
 * What goes on in files, backups among it, is in allocation_files.c. */
#include <stdbool.h>

#include "api/failing_memory.h"
#include "api/fixture.h"

/* ---- what is run: statements over a table, by which every result can be told ---- */

static int open_database(struct fixture *fixture, const char *plan_sharing)
{
    ssql_options *options = NULL;
    int code;

    *fixture = (struct fixture){.db = NULL};
    if ((code = ssql_options_new(&options)) != SSQL_OK)
        return code;
    /* Nearly everything happens in this thread, and so at the same allocation in each run; queries have a helper. */
    if (ssql_options_set(options, "background", "off") != SSQL_OK ||
        ssql_options_set(options, "threads", "2") != SSQL_OK ||
        ssql_options_set(options, "morsel_rows", "1") != SSQL_OK ||
        ssql_options_set(options, "plan_sharing", plan_sharing) != SSQL_OK)
        fail_msg("%s", ssql_options_errmsg(options));
    code = ssql_open_with(":memory:", options, &fixture->db);
    ssql_options_free(options);
    return code != SSQL_OK ? code : ssql_connect(fixture->db, &fixture->conn);
}

/* Steps to the end; the sum of the first column's ints goes to *sum. */
static int run_query(ssql_conn *conn, const char *text, int64_t parameter, int64_t *sum)
{
    ssql_stmt *stmt = NULL;
    int code = ssql_prepare(conn, text, strlen(text), &stmt, NULL);

    *sum = 0;
    if (code == SSQL_OK && ssql_parameter_count(stmt) > 0)
        code = ssql_bind_int(stmt, 1, parameter);
    if (code == SSQL_OK) {
        while ((code = ssql_step(stmt)) == SSQL_ROW) {
            *sum += ssql_column_int(stmt, 0);
            if (ssql_column_text(stmt, 0, NULL) == NULL && ssql_errcode(conn) != SSQL_OK)
                break;
        }
        code = code == SSQL_DONE ? SSQL_OK : ssql_errcode(conn);
    }
    ssql_finalize(stmt);
    return code;
}

/* A file in memory for copy, which allocates nothing itself. */
struct page {
    char bytes[4096];
    size_t size, position;
};

static int read_page(void *context, char *bytes, size_t capacity, size_t *size)
{
    struct page *page = context;
    size_t left = page->size - page->position;

    *size = left < capacity ? left : capacity;
    memcpy(bytes, page->bytes + page->position, *size);
    page->position += *size;
    return 0;
}

static int write_page(void *context, const char *bytes, size_t size)
{
    struct page *page = context;

    assert_true(page->size + size <= sizeof page->bytes);
    memcpy(page->bytes + page->size, bytes, size);
    page->size += size;
    return 0;
}

/* Out, and in again as another table; some of the records are rejected. */
static int copy_rows(ssql_conn *conn)
{
    static const char *const formats[] = {"csv", "jsonl"};
    int code = SSQL_OK;

    for (size_t i = 0; code == SSQL_OK && i < sizeof formats / sizeof formats[0]; i++) {
        struct page page = {.size = 0};
        char text[200];
        ssql_set_copy_output(conn, write_page, &page, NULL);
        ssql_set_copy_input(conn, read_page, &page, NULL);
        snprintf(text, sizeof text,
                 "copy t to stdout (format %s); copy c%zu from stdin (format %s, create true, primary 'id');"
                 "copy (select null as id, name from t) to stdout (format insert); explain analyze select * from c%zu",
                 formats[i], i, formats[i], i);
        code = exec(conn, text);
        page = (struct page){.size = 17};
        memcpy(page.bytes, "id,name\nx,y\n99,z\n", 17);
        if (code == SSQL_OK)
            code = exec(conn, "begin; copy t from stdin (max_rejects 1, on_conflict replace); rollback");
    }
    return code;
}

static int pass_word(void *context, int kind, const char *word, const char *detail)
{
    (void)context;
    return kind == 0 || word == NULL || detail == NULL;
}

static int pass_token(void *context, int kind, size_t begin, size_t end)
{
    (void)context;
    return kind == 0 || begin >= end;
}

/* What a prompt asks for: words for a place, with a mistake before it, and tokens. */
static int offer_words(ssql_conn *conn)
{
    static const char text[] = "selct t.n from t where `a b` == 'x' -- c";
    size_t begin;
    int code = ssql_complete_at(conn, text, sizeof text - 1, 9, &begin, pass_word, NULL);

    if (code == SSQL_OK)
        code = ssql_complete_at(conn, "update t set ", 13, 13, &begin, pass_word, NULL);
    return code != SSQL_OK ? code : ssql_tokenize(text, sizeof text - 1, pass_token, NULL);
}

static int list_tables(ssql_conn *conn)
{
    ssql_tables *tables = NULL;
    int code = ssql_tables_new(conn, &tables);

    ssql_tables_free(tables);
    return code;
}

/* All kinds of work; the first failure ends it. */
static int scenario(struct fixture *fixture, const char *plan_sharing)
{
    static const char *const texts[] = {
        "create table t { id int primary, name string not null, amount float }",
        "insert into t values (1, 'one', 1.5), (2, 'two', null), (3, 'three', 3)",
        "begin; update t set name = concat(name, '!'), amount = coalesce(amount, 0) + 1 where id < 3;"
        "create table if not exists u { a string, b int default 7 }; insert into u (a) select name from t; commit",
        "upsert into t values (3, 'drei', 3.5), (4, 'vier', null); delete from t where id == 2",
        "update t set id = id + 10",
        "begin; delete from t; rollback",
    };
    static const char *const queries[] = {
        "select id from t where name like '%e%' || id == ? order by name desc, id limit 5",
        "select count(*) as n, name from t where id > ? group by name having n > 0 order by n",
        "select distinct b from u where a != 'x' && b > ?",
        "select id, name from t where amount > 1 || name like '%e%' || id < ?",
        "select id % 2, count(*), sum(amount), max(amount) from t where id < ? * 1000 group by id % 2",
        "select sum(amount), avg(id), min(amount) from t where id > ? - 1000",
        "select id from t where id == ?",
    };
    int64_t sum;
    int code = open_database(fixture, plan_sharing);

    for (size_t i = 0; code == SSQL_OK && i < sizeof texts / sizeof texts[0]; i++)
        code = exec(fixture->conn, texts[i]);
    for (size_t i = 0; code == SSQL_OK && i < sizeof queries / sizeof queries[0]; i++)
        code = run_query(fixture->conn, queries[i], 5, &sum);
    if (code == SSQL_OK)
        code = ssql_checkpoint(fixture->conn);
    if (code == SSQL_OK)
        code = run_query(fixture->conn, queries[0], 11, &sum);
    if (code == SSQL_OK)
        code = copy_rows(fixture->conn);
    if (code == SSQL_OK)
        code = offer_words(fixture->conn);
    return code != SSQL_OK ? code : list_tables(fixture->conn);
}

/* After a failure: the database answers, and holds the state after some of the statements, none of them by half. */
static void check_state(ssql_conn *conn, bool log_failed)
{
    if (ssql_in_transaction(conn) != 0)
        must_exec(conn, "rollback");
    if (exec(conn, "select * from t") == SSQL_UNKNOWN_TABLE)
        return;
    int64_t rows = query_int(conn, "select count(*) from t");
    int64_t sum = query_int(conn, "select coalesce(sum(id), 0) from t");
    bool is_known =
        (rows == 0 && sum == 0) || (rows == 3 && (sum == 6 || sum == 8 || sum == 38)) || (rows == 4 && sum == 10);
    if (!is_known)
        fail_msg("%d rows with sum %d", (int)rows, (int)sum);
    if (log_failed) {
        assert_int_equal(exec(conn, "delete from t"), SSQL_UNKNOWN_OUTCOME);
        assert_int_equal(query_int(conn, "select count(*) from t"), rows);
        return;
    }
    must_exec(conn, "upsert into t values (99, 'later', 0)");
    assert_int_equal(query_int(conn, "select count(*) from t where id == 99"), 1);
}

static void fail_each_allocation(bool for_ever, const char *plan_sharing)
{
    bool has_failed = true;

    for (long n = 0; has_failed; n++) {
        struct fixture fixture;
        memory_start_failing(n, for_ever);
        int code = scenario(&fixture, plan_sharing);
        has_failed = memory_has_failed();
        memory_stop_failing();
        if (code != SSQL_OK && code != SSQL_NO_MEMORY && code != SSQL_UNKNOWN_OUTCOME)
            fail_msg("allocation %ld: %s: %s", n, ssql_code_text(code),
                     fixture.conn == NULL ? "" : ssql_errmsg(fixture.conn));
        if (code == SSQL_OK && for_ever && has_failed)
            fail_msg("allocation %ld failed, and nobody said so", n);
        if (fixture.conn != NULL)
            check_state(fixture.conn, code == SSQL_UNKNOWN_OUTCOME);
        ssql_disconnect(fixture.conn);
        ssql_close(fixture.db);
    }
}

static void an_allocation_that_fails_once_is_an_error_and_no_more(void **state)
{
    (void)state;
    fail_each_allocation(false, "later");
    fail_each_allocation(false, "always");
}

static void memory_that_stays_away_is_an_error_until_it_is_back(void **state)
{
    (void)state;
    fail_each_allocation(true, "later");
    fail_each_allocation(true, "always");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_allocation_that_fails_once_is_an_error_and_no_more),
        cmocka_unit_test(memory_that_stays_away_is_an_error_until_it_is_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
