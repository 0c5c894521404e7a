/* Statements that differ only in their literals share a plan, and nobody can tell: every script here is run with
 * sharing and without; outcomes, errors with their places, and tables must be the same. */
#include "api/fixture.h"

enum { OUTCOME_SIZE = 1 << 16 };

struct outcome {
    char text[OUTCOME_SIZE];
    size_t size;
};

static void note(struct outcome *outcome, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note(struct outcome *outcome, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(outcome->text + outcome->size, OUTCOME_SIZE - outcome->size, format, arguments);
    va_end(arguments);
    assert_in_range(size, 0, OUTCOME_SIZE - outcome->size - 1);
    outcome->size += (size_t)size;
}

static void note_row(struct outcome *outcome, ssql_stmt *stmt)
{
    for (int i = 0; i < ssql_column_count(stmt); i++) {
        size_t length;
        const char *text = ssql_column_is_null(stmt, i) ? "null" : ssql_column_string(stmt, i, &length);
        note(outcome, "%s:%d=%s ", ssql_column_name(stmt, i), ssql_column_type(stmt, i), text == NULL ? "?" : text);
    }
    note(outcome, "\n");
}

static void note_error(struct outcome *outcome, ssql_conn *conn)
{
    int64_t line, column, length;

    ssql_errpos(conn, &line, &column, &length);
    note(outcome, "%s %s (%s) %d:%d+%d\n", ssql_sqlstate(conn), ssql_errmsg(conn), ssql_errhint(conn), (int)line,
         (int)column, (int)length);
}

static void note_steps(struct outcome *outcome, ssql_conn *conn, ssql_stmt *stmt)
{
    int code = ssql_step(stmt);

    for (; code == SSQL_ROW; code = ssql_step(stmt))
        note_row(outcome, stmt);
    if (code != SSQL_DONE)
        note_error(outcome, conn);
    note(outcome, "kind %d parameters %d columns %d changes %d state %d\n", ssql_statement_kind(stmt),
         ssql_parameter_count(stmt), ssql_column_count(stmt), (int)ssql_changes(conn), ssql_in_transaction(conn));
}

static void run(struct outcome *outcome, ssql_conn *conn, const char *text)
{
    ssql_stmt *stmt = NULL;

    note(outcome, "%s\n", text);
    if (ssql_prepare(conn, text, strlen(text), &stmt, NULL) != SSQL_OK) {
        note_error(outcome, conn);
        return;
    }
    note_steps(outcome, conn, stmt);
    ssql_finalize(stmt);
}

static void run_all(struct outcome *outcome, const char *sharing, const char *const *script)
{
    ssql_options *options;
    struct fixture fixture;

    outcome->size = 0;
    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "plan_sharing", sharing), SSQL_OK);
    assert_int_equal(ssql_open_with(":memory:", options, &fixture.db), SSQL_OK);
    assert_int_equal(ssql_connect(fixture.db, &fixture.conn), SSQL_OK);
    ssql_options_free(options);
    run(outcome, fixture.conn, "create table t { id int primary, name string, score float, ok bool not null }");
    run(outcome, fixture.conn, "create table log { line string, size int default 7 }");
    for (; *script != NULL; script++)
        run(outcome, fixture.conn, *script);
    run(outcome, fixture.conn, "select * from t order by id");
    run(outcome, fixture.conn, "select line, size from log order by line, size");
    fixture_close(&fixture);
}

static void assert_nobody_can_tell(const char *const *script)
{
    static struct outcome later, always, off;

    run_all(&later, "later", script);
    run_all(&always, "always", script);
    run_all(&off, "off", script);
    assert_string_equal(later.text, off.text);
    assert_string_equal(always.text, off.text);
}

/* ---- inserts ---- */

static void literals_of_all_kinds_are_read_as_the_grammar_reads_them(void **state)
{
    static const char *const script[] = {
        "insert into t values (1, 'ann', 1.5, true)",
        "insert into t values (2, 'b''ob', -2, false)",
        "insert into t values (-3, '', 0.1, TRUE)",
        "insert into t values (4, null, Null, False)",
        "insert into t values (9223372036854775807, 'häß € 🎉', 1e300, true)",
        "insert into t values (-9223372036854775808, 'x', -1.25E-7, true)",
        "insert into t values (9223372036854775808, 'x', 1, true)",
        "insert into t values (123456789012345678, '''', 12345678901234567890.5, true)",
        "insert into t values (1234567890123456789, 'it''s ''it''', 5., true)",
        "insert into t values (5, \"escaped \\n\\u{41}\", .5, true)",
        "insert into t values (+6, 'plus', +1.5, true)",
        "insert into t values (- 7, 'minus', - 1.5, true)",
        "insert into t values (--8\n 8, 'comment', 1, true)",
        "insert into t values (010, 'zero', 1e5, true)",
        "insert into t values (11, 'e', 1e999, true)",
        "insert into t values (12, 'a long string with more than eight bytes, and more than sixteen', 0, true)",
        "insert into t values (13, 'eight by', -0.0, true)",
        "insert\tinto t values(14,'x',1,true)",
        "insert\tinto t values(15,'x',1,true)",
        "insert into t values(1 6,'x',1,true)",
        "insert into t values(1e,'x',1,true)",
        "insert into t values(17,'x,1,true)",
        "insert into t values(truely,'x',1,true)",
        "insert into t values(18, default, 1, true)",
        "insert into t values (19, 'a' || 'b', 1 + 1, true)",
        "insert into t values (2147483648, 'x', 2147483648, not false)",
        NULL,
    };

    (void)state;
    assert_nobody_can_tell(script);
}

static void wrong_types_and_widths_fail_at_their_place(void **state)
{
    static const char *const script[] = {
        "insert into t values (1, 'a', 1, true)",
        "insert into t values (2, 'b', 1, true)",
        "insert into t values ('3', 'c', 1, true)",
        "insert into t values (4.5, 'c', 1, true)",
        "insert into t values (5, 6, 1, true)",
        "insert into t values (6, 'c', 1, 1)",
        "insert into t values (7, 'c', 1)",
        "insert into t values (8, 'c', 1, true, 2)",
        "insert into t values (9, 'c', 1, true), (10, 'c', 1)",
        "insert into t values (11, 'c', 1, true), (12, 'd', 2, false)",
        "insert into t values (13, 'c', 1, true), (14, true, 2, false)",
        "insert into t values (15, 'c', 1, true), (16, 'd', 2, null)",
        "insert into t values (null, 'c', 1, true)",
        "insert into t values (17, 'c', 1, true),",
        "insert into t values (18, 'c', 1, true) (19, 'c', 1, true)",
        "insert into t values (20, 'c', 1, true), ()",
        "insert into t values (21, 'c', 1, true))",
        "insert into t values ()",
        "insert into u values (1, 'a', 1, true)",
        "insert into u values (2, 'a', 1, true)",
        "insert into t values values (1)",
        "insert into values values (1)",
        "insert into values values (2)",
        NULL,
    };

    (void)state;
    assert_nobody_can_tell(script);
}

static void a_failing_row_among_alike_statements_has_its_own_place(void **state)
{
    static const char *const script[] = {
        "insert into t values (1, 'a', 1, true)",
        "insert into t values (2, 'b', 1, true)",
        "insert into t\n  values (1000001, 'b', 1, true)",
        "insert into t\n  values (1000002, 'much longer than before', 1, true), (1000001, 'c', 1, true)",
        "insert into t\n  values (2, 'x', 1, true)",
        "insert into t values (123456, 'b', 1, null)",
        "insert into t values (2, 'again', 1, true)",
        "insert into t values (3, 'c', 1, true), (4, 'd', 1, true), (   3, 'e', 1, false)",
        "insert into t values (3, 'c', 1, true), (4, 'd', 1, true), (5, 'e', 1, false)",
        "begin",
        "insert into t values (6, 'f', 1, true)",
        "insert into t values (6, 'f', 1, true)",
        "insert into t values (7, 'g', 1, true), (5, 'h', 1, true)",
        "insert into t values (8, 'i', 1, true)",
        "commit",
        NULL,
    };

    (void)state;
    assert_nobody_can_tell(script);
}

static void heads_and_tails_are_part_of_the_shape(void **state)
{
    static const char *const script[] = {
        "insert into t (id, ok) values (1, true)",
        "insert into t (id, ok) values (2, false), (3, true)",
        "insert into t (ok, id) values (true, 4)",
        "insert into t (ok, id) values (false, 5)",
        "insert into t (id, ok) values (1, true) on conflict do nothing",
        "insert into t (id, ok) values (6, true) on conflict do nothing",
        "insert into t (id, ok) values (6, true) on conflict (id) do nothing",
        "insert into t (id, ok) values (1, true)",
        "upsert into t values (1, 'new', 2, false)",
        "upsert into t values (7, 'seven', 2, false)",
        "upsert into t values (7, 'eight', 2, false)",
        "insert into t (id, id) values (1, 2)",
        "insert into t (id, id) values (1, 3)",
        "insert into t (id) values (8)",
        "insert into t (id) values (9)",
        "insert into t values 10, 'bare', 1, true",
        "insert into t values 11, 'bare', 1, true",
        "insert into log values ('a', 1)",
        "insert into log values ('b', 2), ('c', 3)",
        "insert into log (line) values ('d')",
        "insert into log (line) values ('e'), ('f'), ('g')",
        "insert into t values 12, \"quoted\", -1.5, true",
        "insert into t values 13, \"häß\", -1.5, false on conflict do nothing",
        "insert into t values 13, \"häß\", -1.5, false on conflict do nothing",
        "insert into t values 14, \"a\\nb\", -1.5, true",
        "insert into t values 15, \"a\"\"b\", -1.5, true",
        "insert into t values 16, \"open, -1.5, true",
        "insert into t values 17, 'x', 1,",
        "insert into t values 17, 'x', 1, trueon conflict do nothing",
        "insert into `t` (`id`, \"ok\") values (18, true)",
        "insert into `t` (`id`, \"ok\") values (19, true)",
        "insert into \"t\" values (20, \"name\", 1, true), (21, \"\", 1, true)",
        "insert into \"t\" values (22, \"name\", 1, true), (23, \"id\", 1, true)",
        "insert into t (id, ok) values (12, true) returning id",
        "insert into t (id, ok) values (13, true) returning id",
        "insert into log (line) values 'h'",
        "insert into log (line) values'i'",
        "insert into log (line) valuesnull",
        "insert into log (size) values 1",
        "insert into log (size) values 2",
        "insert into log (size) values3",
        "insert into log (size) values_4",
        NULL,
    };

    (void)state;
    assert_nobody_can_tell(script);
}

static void the_schema_may_change_between(void **state)
{
    static const char *const script[] = {
        "insert into log values ('a', 1)",
        "insert into log values ('b', 2)",
        "drop table log",
        "insert into log values ('c', 3)",
        "create table log { line string, size float }",
        "insert into log values ('d', 4)",
        "insert into log values ('e', 5)",
        "begin",
        "drop table log",
        "insert into log values ('f', 6)",
        "create table log { line string, size bool }",
        "insert into log values ('g', 7)",
        "insert into log values ('h', true)",
        "insert into log values ('i', false)",
        "select line from log where size = true",
        "rollback",
        "insert into log values ('j', 8)",
        "insert into log values ('k', true)",
        "insert into log values ('l', 9)",
        NULL,
    };

    (void)state;
    assert_nobody_can_tell(script);
}

/* ---- updates, deletes, queries by key ---- */

static void literals_in_conditions_are_shared_and_others_are_not(void **state)
{
    static const char *const script[] = {
        "insert into t values (1, 'a', 1, true), (2, 'b', 2, true), (3, 'c', 3, false), (4, null, null, true)",
        "update t set name = 'x' where id = 1",
        "update t set name = 'y', score = 5 where id = 2",
        "update t set name = 'z', score = 6.5 where id = 3",
        "update t set name = 'z', score = -6 where id = 3",
        "update t set id = 5 where id = 5",
        "update t set id = 3 where id = 3",
        "update t set id = 7 where id = 3",
        "update t set id = 1 where id = 2",
        "update t set id = 1 where id = 7",
        "update t set score = 10 / 2, name = 'q' where id = 1",
        "update t set score = 10 / 0, name = 'q' where id = 1",
        "update t set score = 1 where id = 1 and name = 'x'",
        "update t set score = 1 where id = 1 and name = 'q'",
        "update t set name = 5 where id = 1",
        "update t set name = 'long long long', score = 10 / (id - 1) where id = 1",
        "update t set name = 's', score = 10 / (id - 1) where id = 1",
        "update t set name = 't' where id = 'one'",
        "update t set name = 't' where id = 1.5",
        "update t set ok = null where id = 1",
        "update t set ok = null where id = 2",
        "select * from t where id = 1",
        "select * from t where id = 2",
        "select * from t where id = 1.0",
        "select * from t where id == 2",
        "select * from t where 2 = id",
        "update t set name = \"dq\" where id = 4",
        "update t set name = \"dq2\" where id = 4",
        "update t set name = \"id\" where `id` = 4 and \"name\" == \"dq2\"",
        "update t set name = \"id\" where \"id\" = 4 and \"name\" == \"id\"",
        "select \"name\" from t where \"id\" == 4",
        "select `name` from t where \"id\" == 3",
        "select \"name\" from t where id = \"x\"",
        "select id = 1, 5 from t where id = 1",
        "select id = 2, 5 from t where id = 2",
        "select id = 2, 6 from t where id = 1",
        "select 10 / (id - 1) from t where id = 2",
        "select 10 / (id - 1) from t where id = 1",
        "select id, name from t where name = 'x'",
        "select id, name from t where name = 'y'",
        "select id from t where id = 1 or id = 2",
        "select id from t where id = 1 limit 1",
        "select id from t where id = 1 limit 0",
        "select id from t where id = 1 order by 1",
        "select name from t where id = 1 and score = 5 + 1",
        "select name from t where id = -1",
        "select name from t where id = -2",
        "select 1",
        "select 2",
        "select 'a' = 'b'",
        "select count(*) from t where id = 1",
        "select count(*) from t where id = 9",
        "select name from t where id = 1 group by name having name = 'x'",
        "select case when id = 1 then 'one' else 'other' end from t where id = 2",
        "select case when id = 2 then 'one' else 'other' end from t where id = 1",
        "delete from t where id = 1",
        "delete from t where id = 99",
        "delete from t where name = 'y'",
        "delete from t where name = 'nobody'",
        "delete from t where id = 7 and 10 / (score - 1) = 5",
        "delete from t where id = 1 and 10 / (score - 1) = 5",
        NULL,
    };

    (void)state;
    assert_nobody_can_tell(script);
}

/* ---- statements that live together ---- */

static void statements_of_one_shape_live_side_by_side(void **state)
{
    ssql_conn *conn = ((struct fixture *)*state)->conn;
    ssql_stmt *stmts[4];

    for (int i = 0; i < 4; i++) {
        char text[80];
        snprintf(text, sizeof text, "insert into users values (%d, 'user %d', true, 1)", 10 + i, 10 + i);
        stmts[i] = must_prepare(conn, text);
        memset(text, 'x', sizeof text); /* the statement has a copy */
    }
    for (int i = 3; i >= 0; i--)
        assert_int_equal(ssql_step(stmts[i]), SSQL_DONE);
    assert_int_equal(query_int(conn, "select count(*) from users where name == concat('user ', cast(id as string))"),
                     4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(ssql_step(stmts[i]), SSQL_DUPLICATE_KEY);
    must_exec(conn, "delete from users where id >= 10");
    for (int i = 0; i < 4; i++) {
        assert_int_equal(ssql_step(stmts[i]), SSQL_DONE);
        ssql_finalize(stmts[i]);
    }
    assert_int_equal(query_int(conn, "select count(*) from users where name == concat('user ', cast(id as string))"),
                     4);
}

static void a_query_between_its_rows_keeps_its_plan(void **state)
{
    ssql_conn *conn = ((struct fixture *)*state)->conn;

    for (int i = 0; i < 3; i++) {
        ssql_stmt *first = must_prepare(conn, "select id, name from users where id == 1");
        assert_int_equal(ssql_step(first), SSQL_ROW);
        assert_int_equal(query_int(conn, "select id, name from users where id == 2"), 2);
        assert_int_equal(ssql_column_int(first, 0), 1);
        assert_string_equal(ssql_column_name(first, 1), "name");
        assert_int_equal(ssql_step(first), SSQL_DONE);
        ssql_finalize(first);
    }
}

static void a_table_dropped_by_another_connection_is_missed_when_preparing(void **state)
{
    struct fixture *fixture = *state;
    ssql_conn *other;
    ssql_stmt *stmt;

    assert_int_equal(ssql_connect(fixture->db, &other), SSQL_OK);
    must_exec(fixture->conn, "insert into users (id) values (10)");
    must_exec(fixture->conn, "insert into users (id) values (11)");
    must_exec(fixture->conn, "insert into users (id) values (12)");
    must_exec(other, "drop table users");
    const char *text = "insert into users (id) values (13)";
    assert_int_equal(ssql_prepare(fixture->conn, text, strlen(text), &stmt, NULL), SSQL_UNKNOWN_TABLE);
    must_exec(other, "create table users { id string primary }");
    assert_int_equal(ssql_prepare(fixture->conn, text, strlen(text), &stmt, NULL), SSQL_TYPE_MISMATCH);
    must_exec(fixture->conn, "insert into users (id) values ('14')");
    ssql_disconnect(other);
}

static void a_schema_change_between_prepare_and_step_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    ssql_conn *other;

    assert_int_equal(ssql_connect(fixture->db, &other), SSQL_OK);
    must_exec(fixture->conn, "insert into users (id) values (10)");
    must_exec(fixture->conn, "insert into users (id) values (11)");
    ssql_stmt *stmt = must_prepare(fixture->conn, "insert into users (id) values (12)");
    must_exec(other, "drop table users; create table users { id float primary, more int default 5 }");
    assert_int_equal(ssql_step(stmt), SSQL_DONE);
    ssql_finalize(stmt);
    assert_int_equal(query_int(fixture->conn, "select more from users where id == 12"), 5);
    ssql_disconnect(other);
}

static void a_conflict_is_tried_again_with_the_same_literals(void **state)
{
    struct fixture *fixture = *state;
    ssql_conn *other;

    assert_int_equal(ssql_connect(fixture->db, &other), SSQL_OK);
    must_exec(fixture->conn, "insert into users (id) values (20)");
    must_exec(fixture->conn, "insert into users (id) values (21)");
    must_exec(fixture->conn, "begin");
    must_exec(fixture->conn, "insert into users (id, name) values (22, 'mine')");
    must_exec(other, "insert into users (id, name) values (22, 'theirs')");
    must_exec(fixture->conn, "insert into users (id) values (23)");
    assert_int_equal(exec(fixture->conn, "commit"), SSQL_CONFLICT);
    must_exec(fixture->conn, "insert into users (id) values (24)");
    assert_int_equal(query_int(fixture->conn, "select count(*) from users where id >= 20"), 4);
    assert_int_equal(query_int(fixture->conn, "select count(*) from users where id == 22 and name == 'theirs'"), 1);
    ssql_disconnect(other);
}

static void a_text_of_many_statements_is_run_one_by_one(void **state)
{
    ssql_conn *conn = ((struct fixture *)*state)->conn;

    assert_int_equal(exec(conn, "insert into users (id) values (10); insert into users (id) values (11);\n"
                                "insert into users (id) values (12);insert into users (id) values (13);\n"
                                "insert into users (id) values (11);insert into users (id) values (14)"),
                     SSQL_DUPLICATE_KEY);
    int64_t line, column, length;
    assert_true(ssql_errpos(conn, &line, &column, &length));
    assert_int_equal(line, 3);
    assert_int_equal(column, 31);
    assert_int_equal(length, 4);
    assert_int_equal(query_int(conn, "select count(*) from users where id >= 10"), 4);
}

static void more_shapes_than_are_kept_do_no_harm(void **state)
{
    ssql_conn *conn = ((struct fixture *)*state)->conn;

    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 40; i++) {
            char text[120];
            snprintf(text, sizeof text, "insert into%*susers (id) values (%d)", 1 + i % 20, "", 1000 + round * 40 + i);
            must_exec(conn, text);
            snprintf(text, sizeof text, "update users set score = %d where id = %d and %d < 100", round, 1000 + i, i);
            must_exec(conn, text);
        }
    }
    assert_int_equal(query_int(conn, "select count(*) from users where id >= 1000"), 160);
    assert_int_equal(query_int(conn, "select count(*) from users where id >= 1000 and score == 3"), 40);
}

/* Which type a literal has that is compared with nothing of a type, only the statement's own text tells. */
static void literals_of_no_type_are_not_shared(void **state)
{
    static const char *const script[] = {
        "insert into t values (1, 'ann', 1.5, true), (2, 'bob', 2, false)",
        "delete from t where null = 5",
        "delete from t where null = 'five'",
        "update t set name = 'x' where null = 5 and id = 1",
        "select name from t where id = 1 and null = 5",
        "select name from t where id = 2 and null = 'x'",
        NULL,
    };

    (void)state;
    assert_nobody_can_tell(script);
}

/* Long ones and wide ones are planned each by itself. */
static void very_long_and_very_wide_statements_are_as_others(void **state)
{
    enum { LENGTH = 16500, WIDTH = 1010 };
    static char spaced[LENGTH + 100], wide[WIDTH * 3 + 100];
    const char *const script[] = {"insert into t values (1, 'ann', 1.5, true)", spaced, spaced, wide, wide, NULL};
    size_t size = 0;

    (void)state;
    snprintf(spaced, sizeof spaced, "update t set name = 'x'%*swhere id = 1", LENGTH, "");
    size += (size_t)sprintf(wide, "insert into t values (0");
    for (int i = 1; i < WIDTH; i++)
        size += (size_t)sprintf(wide + size, ", 1");
    sprintf(wide + size, ")");
    assert_nobody_can_tell(script);
}

/* ---- many rows ---- */

static void a_long_insert_is_whole_or_not_at_all(void **state)
{
    enum { ROWS = 5000 };
    ssql_conn *conn = ((struct fixture *)*state)->conn;
    char *text = malloc(ROWS * 40);
    size_t size = 0;

    assert_non_null(text);
    size += (size_t)sprintf(text, "insert into users values ");
    for (int i = 0; i < ROWS; i++)
        size += (size_t)sprintf(text + size, "%s(%d, '%s', %s, %d)", i == 0 ? "" : ",\n", 100 + i,
                                i % 10 == 0 ? "o''o" : "name", i % 3 == 0 ? "null" : "true", i);
    assert_int_equal(ssql_exec(conn, text, size), SSQL_OK);
    assert_int_equal(ssql_changes(conn), ROWS);
    assert_int_equal(query_int(conn, "select count(*) from users where name == 'o''o'"), ROWS / 10);
    assert_int_equal(query_int(conn, "select count(*) from users where active is null"), (ROWS + 2) / 3);
    must_exec(conn, "delete from users where id >= 100 and id != 4000");
    assert_int_equal(ssql_exec(conn, text, size), SSQL_DUPLICATE_KEY);
    int64_t line;
    assert_true(ssql_errpos(conn, &line, NULL, NULL));
    assert_int_equal(line, 3901);
    assert_int_equal(query_int(conn, "select count(*) from users where id >= 100"), 1);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_of_all_kinds_are_read_as_the_grammar_reads_them),
        cmocka_unit_test(wrong_types_and_widths_fail_at_their_place),
        cmocka_unit_test(a_failing_row_among_alike_statements_has_its_own_place),
        cmocka_unit_test(heads_and_tails_are_part_of_the_shape),
        cmocka_unit_test(the_schema_may_change_between),
        cmocka_unit_test(literals_in_conditions_are_shared_and_others_are_not),
        TEST_WITH_USERS(statements_of_one_shape_live_side_by_side),
        TEST_WITH_USERS(a_query_between_its_rows_keeps_its_plan),
        TEST_WITH_USERS(a_table_dropped_by_another_connection_is_missed_when_preparing),
        TEST_WITH_USERS(a_schema_change_between_prepare_and_step_is_noticed),
        TEST_WITH_USERS(a_conflict_is_tried_again_with_the_same_literals),
        TEST_WITH_USERS(a_text_of_many_statements_is_run_one_by_one),
        TEST_WITH_USERS(more_shapes_than_are_kept_do_no_harm),
        cmocka_unit_test(literals_of_no_type_are_not_shared),
        cmocka_unit_test(very_long_and_very_wide_statements_are_as_others),
        TEST_WITH_USERS(a_long_insert_is_whole_or_not_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
