/* What each form of statement becomes: its canonical text, and an equal tree when that is parsed again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "support/parsing.h"

static void original_forms_parse(void **state)
{
    expect_text(state, "create table users { id int primary, name string, active bool, };",
                "create table users (id int, name string, active bool, primary key (id))");
    expect_text(state, "delete table users;", "drop table users");
    expect_text(state, "insert into users values 1, \"bob\", true;", "insert into users values (1, 'bob', true)");
    expect_text(state, "select name from users where id == 1;", "select name from users where id == 1");
    expect_text(state, "update users set 1, \"al\", false where id == 1;",
                "update users set 1, 'al', false where id == 1");
    expect_text(state, "delete from users where name != \"al\" && active == true || id == 7;",
                "delete from users where name != 'al' and active == true or id == 7");
}

static void queries_parse(void **state)
{
    expect_text(state, "select 1", "select 1");
    expect_text(state, "SELECT ALL a AS x, b y, t.*, * FROM t AS u", "select a as x, b as y, t.*, * from t as u");
    expect_text(state, "select distinct a from t group by a, b having count(*)>1",
                "select distinct a from t group by a, b having count(*) > 1");
    expect_text(state, "select a from t order by a desc, 2 asc nulls first, c nulls last limit 1+1 offset ?",
                "select a from t order by a desc, 2 nulls first, c nulls last limit 1 + 1 offset ?1");
    expect_text(state, "select a from t offset 3", "select a from t offset 3");
    expect_text(state, "values (1, 'a'), (2, null) order by 1 limit 1",
                "values (1, 'a'), (2, null) order by 1 limit 1");
}

static void inserts_parse(void **state)
{
    expect_text(state, "insert into t values (1, default), (-2, 'x')", "insert into t values (1, default), (-2, 'x')");
    expect_text(state, "insert into t values -1, +2.5, null, false, ?, 'it''s'",
                "insert into t values (-1, 2.5, null, false, ?1, 'it''s')");
    expect_text(state, "insert into t (a, \"b\") values (1+1, upper('x'))",
                "insert into t (a, b) values (1 + 1, upper('x'))");
    expect_text(state, "insert into t default values", "insert into t default values");
    expect_text(state, "insert into t (a) select b from u where c order by 1",
                "insert into t (a) select b from u where c order by 1");
    expect_text(state, "insert into t values (1) on conflict do nothing",
                "insert into t values (1) on conflict do nothing");
    expect_text(state, "insert into t select * from u on conflict (a, b) do nothing",
                "insert into t select * from u on conflict (a, b) do nothing");
    expect_text(state, "upsert into t values (1)", "upsert into t values (1)");
}

static void updates_and_deletes_parse(void **state)
{
    expect_text(state, "update t set a = a + 1, \"b\" = default", "update t set a = a + 1, b = default");
    expect_text(state, "update t set \"only a string\"", "update t set 'only a string'");
    expect_text(state, "update t set - -1, 2 where a", "update t set - -1, 2 where a");
    expect_text(state, "delete from t", "delete from t");
}

static void schema_statements_parse(void **state)
{
    expect_text(state,
                "create table if not exists t (a integer not null default -1, b varchar(20) null, c double precision, "
                "d boolean default (1 == 1), e text primary key)",
                "create table if not exists t (a int not null default -1, b string, c float, "
                "d bool default (1 == 1), e string, primary key (e))");
    expect_text(state, "create table t (primary key (b, a), a bigint, b char(3),)",
                "create table t (a int, b string, primary key (b, a))");
    expect_text(state, "create table t { a smallint default 1 null, b real default upper('x') not null }",
                "create table t (a int default 1, b float not null default upper('x'))");
    expect_text(state, "drop table if exists t", "drop table if exists t");
    expect_text(state, "delete table if exists t", "drop table if exists t");
    expect_text(state, "drop table if", "drop table `if`");
}

static void other_statements_parse(void **state)
{
    expect_text(state, "begin", "begin");
    expect_text(state, "begin transaction", "begin");
    expect_text(state, "commit work", "commit");
    expect_text(state, "rollback transaction", "rollback");
    expect_text(state, "show tables", "show tables");
    expect_text(state, "describe \"my table\"", "describe `my table`");
    expect_text(state, "explain select a from t", "explain select a from t");
    expect_text(state, "explain update t set a = 1", "explain update t set a = 1");
    expect_text(state, "explain analyze delete from t", "explain analyze delete from t");
}

static void words_that_are_not_needed_are_names(void **state)
{
    const char *const words[] = {"key",    "name",  "type", "value",  "count", "date",      "tables",
                                 "begin",  "first", "last", "index",  "view",  "add",       "column",
                                 "filter", "to",    "work", "if",     "show",  "desc",      "asc",
                                 "nulls",  "no",    "do",   "upsert", "by",    "savepoint", "action"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, "create table %s (%s int primary, b int)", words[i], words[i]);
        assert_int_equal(parse(state, text)->create_table->table.text.size, strlen(words[i]));
        snprintf(text, sizeof text, "select %s, %s.%s, %s + 1 as %s from %s where %s == 1 order by %s", words[i],
                 words[i], words[i], words[i], words[i], words[i], words[i], words[i]);
        assert_int_equal(parse(state, text)->query->select.item_count, 3);
        snprintf(text, sizeof text, "insert into %s (%s) values (1)", words[i], words[i]);
        assert_int_equal(parse(state, text)->insert->columns.count, 1);
        snprintf(text, sizeof text, "update %s set %s = 1", words[i], words[i]);
        assert_int_equal(parse(state, text)->update->assignment_count, 1);
    }
}

static void keywords_are_read_in_any_case(void **state)
{
    expect_text(state, "SeLeCt A fRoM T wHeRe TRUE oR NuLl", "select A from T where true or null");
}

static void titles_keep_what_stands_in_quotes(void **state)
{
    static const char *const items[] = {"'\x01\x0E\x1F' || 'b'", "'a\n--\tb' || /* c */ 'd'", "a  / b\n- c",
                                        "\"\\\"  /* \" || -- x\n `y`"};
    static const char *const titles[] = {"'\x01\x0E\x1F' || 'b'", "'a\n--\tb' || 'd'", "a / b - c",
                                         "\"\\\"  /* \" || `y`"};

    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        char text[100];
        snprintf(text, sizeof text, "select %s", items[i]);
        struct slice title = parse(state, text)->query->select.items[0].title;
        if (!slice_equal(title, slice_of(titles[i])))
            fail_msg("%s: %.*s", items[i], SLICE_PRINT(title));
    }
}

static void titles_are_alias_column_or_source(void **state)
{
    const struct statement *statement =
        parse(state, "select a, t.B, a  +\n /* one */ 1, count( * ) n, 'x  y'  ||\t\"p -- q\", - -1, \"c\" from t");
    const char *const titles[] = {"a", "B", "a + 1", "n", "'x  y' || \"p -- q\"", "- -1", "c"};

    assert_int_equal(statement->query->select.item_count, 7);
    for (uint32_t i = 0; i < 7; i++) {
        struct slice title = statement->query->select.items[i].title;
        assert_int_equal(title.size, strlen(titles[i]));
        assert_memory_equal(title.data, titles[i], title.size);
    }
}

static void spans_cover_what_was_written(void **state)
{
    const char *text = "  ;; select a.b + f(c) as x from \"t\" ; select 2";
    const struct statement *statement = parse(state, text);
    const struct select *select = &statement->query->select;

    assert_true(slice_equal(span_text(text, statement->span), slice_of("select a.b + f(c) as x from \"t\"")));
    assert_true(slice_equal(span_text(text, select->items[0].span), slice_of("a.b + f(c) as x")));
    assert_true(slice_equal(span_text(text, select->items[0].expr->span), slice_of("a.b + f(c)")));
    assert_true(slice_equal(span_text(text, select->items[0].expr->binary.operator_span), slice_of("+")));
    assert_true(slice_equal(span_text(text, select->items[0].expr->binary.left->column.table.span), slice_of("a")));
    assert_true(slice_equal(span_text(text, select->from->table.span), slice_of("\"t\"")));
    assert_true(slice_equal(select->from->table.text, slice_of("t")));
}

static void parameters_are_numbered_and_named(void **state)
{
    const struct statement *statement = parse(state, "select ?, :a, ?5, $A, ?, ?2, :b");

    assert_int_equal(statement->parameter_count, 7);
    const uint32_t indexes[] = {1, 2, 5, 2, 6, 2, 7};
    for (uint32_t i = 0; i < 7; i++)
        assert_int_equal(statement->query->select.items[i].expr->parameter.index, indexes[i]);
    assert_true(slice_equal(statement->parameter_names[1], slice_of("a")));
    assert_int_equal(statement->parameter_names[4].size, 0);
    assert_true(slice_equal(statement->parameter_names[6], slice_of("b")));
}

static void statements_of_a_text_are_taken_one_by_one(void **state)
{
    struct parsing *parsing = *state;
    const char *text = "begin; ; select ';' /* ; */ -- ;\n; commit";

    assert_int_equal(parse(state, text)->kind, STATEMENT_BEGIN);
    text += parsing->consumed;
    assert_int_equal(parse(state, text)->kind, STATEMENT_QUERY);
    text += parsing->consumed;
    assert_int_equal(parse(state, text)->kind, STATEMENT_COMMIT);
    text += parsing->consumed;
    assert_null(parse(state, text));
    assert_null(parse(state, " ;; -- nothing\n /* at all */ "));
    assert_null(parse(state, ""));
}

static void copies_keep_their_options_for_later(void **state)
{
    expect_text(state, "copy t from 'x.csv'", "copy t from \"x.csv\"");
    expect_text(state, "COPY t ( a, b ) FROM stdin ( Format csv, header false, null '', skip -1 )",
                "copy t (a, b) from stdin (Format 'csv', header false, null '', skip -1)");
    expect_text(state, "copy t to stdout", "copy t to stdout");
    expect_text(state, "copy (values (1)) to \"y\" (format insert)", "copy (values (1)) to \"y\" (format 'insert')");
    expect_text(state, "backup to 'a/b' (incremental true)", "backup to \"a/b\" (incremental true)");
    expect_text(state, "backup to \"a\"", "backup to \"a\"");
    expect_text(state, "select `:a`, `a:`, `0a`, `z{`, `[`, `A9`, `\xC3\xA9`, `\xF0\x9F\x98\x80` from t",
                "select `:a`, `a:`, `0a`, `z{`, `[`, A9, \xC3\xA9, \xF0\x9F\x98\x80 from t");
    expect_text(state, "explain copy copy to `stdout`", "explain copy `copy` to stdout");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(original_forms_parse),
        cmocka_unit_test(queries_parse),
        cmocka_unit_test(inserts_parse),
        cmocka_unit_test(updates_and_deletes_parse),
        cmocka_unit_test(schema_statements_parse),
        cmocka_unit_test(other_statements_parse),
        cmocka_unit_test(copies_keep_their_options_for_later),
        cmocka_unit_test(words_that_are_not_needed_are_names),
        cmocka_unit_test(keywords_are_read_in_any_case),
        cmocka_unit_test(titles_keep_what_stands_in_quotes),
        cmocka_unit_test(titles_are_alias_column_or_source),
        cmocka_unit_test(spans_cover_what_was_written),
        cmocka_unit_test(parameters_are_numbered_and_named),
        cmocka_unit_test(statements_of_a_text_are_taken_one_by_one),
    };

    return cmocka_run_group_tests(tests, parsing_setup, parsing_teardown);
}
