/* Calls of the library other than statements whose memory runs out, out of an arena or not: the n-th allocation fails,
 * or all from there on, n = 0, 1, 2 … until none does. The call says so, or does what it does. */
#include <stdbool.h>

#include "api/failing_arena.h"
#include "api/fixture.h"

/* The schema is another one at each call, so that it is read. */
static void change_schema(ssql_conn *conn)
{
    static bool is_made;

    must_exec(conn, is_made ? "drop table if exists made" : "create table if not exists made { a int }");
    is_made = !is_made;
}

typedef int call(ssql_conn *conn);

static int list_tables(ssql_conn *conn)
{
    ssql_tables *tables = NULL;
    int code = ssql_tables_new(conn, &tables);

    assert_int_equal(tables != NULL, code == SSQL_OK);
    ssql_tables_free(tables);
    return code;
}

static int compact_table(ssql_conn *conn)
{
    return ssql_compact_table(conn, "users");
}

static int compact_unknown_table(ssql_conn *conn)
{
    int code = ssql_compact_table(conn, "loosers");

    return code == SSQL_UNKNOWN_TABLE ? SSQL_OK : code;
}

static int take_word(void *context, int kind, const char *word, const char *detail)
{
    (void)kind;
    (void)detail;
    *(bool *)context = *(bool *)context || strcmp(word, "users") == 0;
    return 0;
}

static int complete_word(ssql_conn *conn)
{
    static const char text[] = "select * from us";
    bool is_found = false;
    size_t begin;
    int code = ssql_complete_at(conn, text, sizeof text - 1, sizeof text - 1, &begin, take_word, &is_found);

    assert_true(is_found || code != SSQL_OK);
    return code;
}

static int make_splitter(ssql_conn *conn)
{
    ssql_splitter *splitter;
    int code = ssql_splitter_new(&splitter);

    (void)conn;
    ssql_splitter_free(splitter);
    return code;
}

static void fail_each_allocation(ssql_conn *conn, ssql_conn *other, call *made)
{
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        bool has_failed = true;
        for (long n = 0; has_failed; n++) {
            change_schema(other);
            memory_start_failing(n, for_ever == 1);
            int code = made(conn);
            has_failed = memory_has_failed();
            memory_stop_failing();
            assert_true(code == SSQL_OK || (has_failed && code == SSQL_NO_MEMORY));
        }
        assert_int_equal(made(conn), SSQL_OK);
    }
}

static void calls_do_what_they_do_or_memory_is_missing(void **state)
{
    static call *const calls[] = {list_tables, compact_unknown_table, complete_word, make_splitter, compact_table};
    struct fixture fixture;
    ssql_conn *other;

    (void)state;
    fixture_open_alone(&fixture);
    assert_int_equal(ssql_connect(fixture.db, &other), SSQL_OK);
    must_exec(fixture.conn, "create table users { id int primary, name string not null };"
                            "insert into users values (1, 'one'), (2, 'two')");
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        fail_each_allocation(fixture.conn, other, calls[i]);
    assert_int_equal(query_int(fixture.conn, "select count(*) from users"), 2);
    ssql_disconnect(other);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(calls_do_what_they_do_or_memory_is_missing)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
