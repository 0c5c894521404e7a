/* The n-th allocation fails, n = 0, 1, 2, …, once and then for ever, until none is left to fail: whoever reads a text
 * says that memory ran out, and reads it the next time. The linker leads malloc and its kin, and what takes from an
 * arena, here (--wrap). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "api/failing_arena.h"
#include "parser/completion.h"
#include "parser/completion_scope.h"
#include "parser/parser.h"
#include "parser/statement_shape.h"
#include "parser/token_kind.h"

/* Reads a text, which with memory enough ends well; *arena is empty. */
typedef bool reading(const char *text, struct arena *arena, struct ssql_error *error);

static void fail_each_allocation(reading *read, const char *text, bool for_ever)
{
    bool has_failed;
    long n = 0;

    do {
        struct ssql_error error = {0};
        struct arena arena;
        arena_init(&arena);
        memory_start_failing(n++, for_ever);
        bool is_done = read(text, &arena, &error);
        has_failed = memory_has_failed();
        memory_stop_failing();
        if (is_done == has_failed)
            fail_msg("%s: allocation %ld, %s", text, n, is_done ? "nobody noticed" : error.message);
        if (!is_done)
            assert_int_equal(error.code, SSQL_NO_MEMORY);
        arena_clear(&arena);
    } while (has_failed);
    assert_true(n > 1);
}

static void fail_in_each(reading *read, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fail_each_allocation(read, texts[i], false);
        fail_each_allocation(read, texts[i], true);
    }
}

static bool parse(const char *text, struct arena *arena, struct ssql_error *error)
{
    struct parser *parser = NULL;
    struct statement *statement = NULL;
    size_t consumed;

    bool is_parsed = parser_create(&parser, error) &&
                     parse_statement(parser, text, strlen(text), arena, &statement, &consumed, error);
    parser_destroy(parser);
    assert_true(is_parsed == (statement != NULL));
    return is_parsed;
}

static void statements_give_up_cleanly(void **state)
{
    static const char *const texts[] = {
        "select a, 'b''c', `d``e`, \"f\", \"g\\n\", \"h\"\"i\" from t where a == -1 and not \"b\" < 2.5 or ? is null",
        "select distinct a as x, t.*, *, count(*), count(distinct a), cast(a as int), case a when 1 then 2 else 3 "
        "end,\n"
        " a -- comment\n + 1, case when a then b end from t as u where :x == :x group by a, \"b\" having a > 1\n"
        " order by \"a\" desc nulls last, 2 limit 1 offset 2",
        "select \"a\" in (1, 2, 3, 4, 5), \"a\" not between 1 and 2, \"a\" like 'x' escape '!', \"a\" is not true,\n"
        " \"a\" is distinct from \"b\", - - a, + a, !a, (\"a\") == 1",
        "values (1, 2), (3, 4), (?3, $y), (5, 6), (7, 8)",
        "insert into t (a, b, c, d, e) values (1, 2, 3, 4, 5) on conflict (a) do nothing",
        "insert into t values 1, 'a', null, true, 5",
        "insert into t select a from u",
        "insert into t default values",
        "upsert into t values (1)",
        "update t set a = 1, b = default, c = 3, d = 4, e = 5 where a == 1",
        "update t set 1, 'a'",
        "delete from t where a == 1",
        "create table if not exists t (a int primary key, b varchar(20) not null default 'x', c double precision "
        "null,\n"
        " d bool, e int)",
        "create table t { a int null, b int primary, c int not null }",
        "create table t { a int, b int, primary key (a, b) }",
        "drop table if exists t",
        "describe t",
        "show tables",
        "explain analyze select 1",
        "select (((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("
        "(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("
        "1))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))"
        ")))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))"
        ")",
        "begin",
        "copy t (a, b) from stdin (format csv, header true, skip 1, primary 'a', create true)",
        "copy (select 1) to 'file' (format csv)",
        "backup to 'place' (incremental true)",
    };

    (void)state;
    fail_in_each(parse, texts, sizeof texts / sizeof *texts);
}

static bool refuse(const char *text, struct arena *arena, struct ssql_error *error)
{
    return !parse(text, arena, error) && error->code == SSQL_SYNTAX;
}

static void mistakes_are_told_or_memory_is_out(void **state)
{
    static const char *const texts[] = {
        "select a frm t",
        "select ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1 + ) from t",
        "select f((((((((((((((((((((((((((((((((((((((((case when a in (1, 2) then (select 'it''s' wher 1",
    };

    (void)state;
    fail_in_each(refuse, texts, sizeof texts / sizeof *texts);
}

static bool read_expression(const char *text, struct arena *arena, struct ssql_error *error)
{
    struct parser *parser = NULL;
    struct expr *expr = NULL;

    bool is_parsed = parser_create(&parser, error) && parse_expression(parser, text, strlen(text), arena, &expr, error);
    parser_destroy(parser);
    return is_parsed;
}

static void expressions_give_up_cleanly(void **state)
{
    static const char *const texts[] = {"1 + length('it''s') * -2"};

    (void)state;
    fail_in_each(read_expression, texts, sizeof texts / sizeof *texts);
}

static bool complete(const char *text, struct arena *arena, struct ssql_error *error)
{
    struct completion completion;
    struct completion_scope scope;
    size_t at = strcspn(text, "|");

    /* The `|` itself is a token that fits nowhere. */
    if (!completion_find(text, strlen(text), at, arena, &completion, error))
        return false;
    return completion_scope_find(&completion, arena, &scope) || error_no_memory(error);
}

static void completions_give_up_cleanly(void **state)
{
    static const char *const texts[] = {
        "selct a, b, c, d, e form t, u, v, w, x where |",
        "select a from t order by |, (select b from u)",
        "insert into t (a, b, |) values (1, 2)",
        "create table t { a int, b int, c int, d int, e int, primary key (|",
        "select t.| from t as u",
        "select `a| from t",
        "select 'it''s', ?, :x, \"\\n\", `a``b`, |, 'it''s'",
        "|",
    };

    (void)state;
    fail_in_each(complete, texts, sizeof texts / sizeof *texts);
}

static int pass_token(void *context, int kind, size_t begin, size_t end)
{
    (void)kind;
    assert_true(begin == *(size_t *)context || begin > *(size_t *)context);
    *(size_t *)context = end;
    return 0;
}

static bool visit(const char *text, struct arena *arena, struct ssql_error *error)
{
    size_t at = 0;

    (void)arena;
    return tokens_visit(text, strlen(text), pass_token, &at, error);
}

static void colours_give_up_cleanly(void **state)
{
    static const char *const texts[] = {"select a, 'b' /* c */ from t; insert into t values (1, 'it''s"};

    (void)state;
    fail_in_each(visit, texts, sizeof texts / sizeof *texts);
}

static bool read_shape(const char *text, struct arena *arena, struct ssql_error *error)
{
    struct statement_shape shape = {.has_rows = false};

    (void)arena;
    bool is_read = statement_shape_read(&shape, text, strlen(text), 0, 0);
    statement_shape_clear(&shape);
    return is_read || error_no_memory(error);
}

static void shapes_give_up_cleanly(void **state)
{
    static const char *const texts[] = {"insert into t values ('it''s', 2.5)", "select a from t where b = 'it''s'"};

    (void)state;
    fail_in_each(read_shape, texts, sizeof texts / sizeof *texts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_told_or_memory_is_out),
        cmocka_unit_test(statements_give_up_cleanly),
        cmocka_unit_test(expressions_give_up_cleanly),
        cmocka_unit_test(completions_give_up_cleanly),
        cmocka_unit_test(colours_give_up_cleanly),
        cmocka_unit_test(shapes_give_up_cleanly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
