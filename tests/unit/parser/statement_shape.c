/* Statements without their literals: which differ in nothing else, and which are not for a glance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "parser/statement_shape.h"

static void append_shape(const struct statement_shape *shape, const char *rest, size_t rest_size, struct buffer *dump)
{
    statement_shape_append_text(shape, dump);
    for (size_t i = 0; i < shape->rows.count; i++) {
        buffer_append_text(dump, i == 0 ? " <- " : i % shape->rows.width == 0 ? "/" : "|");
        value_append_literal(dump, &shape->rows.values[i]);
    }
    buffer_append_text(dump, " @");
    buffer_append(dump, rest, rest_size);
}

/* The text that stands for all statements of the shape, the literals and, behind @, what of the text is left; "-" when
 * the statement has no shape that is known. The text has no zero byte behind it. */
static void expect_shape(const char *bytes, const char *expected)
{
    struct statement_shape shape = {.has_rows = false};
    struct buffer dump = {0};
    size_t size = strlen(bytes);
    char *text = malloc(size + (size == 0));

    assert_non_null(text);
    memcpy(text, bytes, size);
    size_t begin = statement_shape_begin(text, size);
    if (statement_shape_read(&shape, text, size, begin, 0))
        append_shape(&shape, text + shape.consumed, size - shape.consumed, &dump);
    else
        buffer_append_byte(&dump, '-');
    buffer_append_byte(&dump, '\0');
    if (strcmp((const char *)dump.data, expected) != 0)
        fail_msg("%s: %s, not %s", bytes, (const char *)dump.data, expected);
    buffer_clear(&dump);
    statement_shape_clear(&shape);
    free(text);
}

static void inserts_differ_in_what_stands_around_their_rows(void **state)
{
    (void)state;
    expect_shape("insert into t values (1, 'a'); x", "insert into t values (?, ?)  <- 1|\"a\" @ x");
    expect_shape(" \n upsert into `a b`(x, \"y\") VALUES(1, 2),(3, 4) on conflict do nothing",
                 "upsert into `a b`(x, \"y\") VALUES (?, ?) on conflict do nothing <- 1|2/3|4 @");
    expect_shape("insert into t values 1, 'a'", "insert into t values (?, ?)  <- 1|\"a\" @");
    expect_shape("insert into t1 values (1)", "insert into t1 values (?)  <- 1 @");
    expect_shape("insert into t values (1) on conflict (a) do nothing",
                 "insert into t values (?) on conflict (a) do nothing <- 1 @");
    expect_shape("insert into t values (1)) x", "-");
    expect_shape("insert into t values (1) 'x'", "-");
    expect_shape("insert into t values1 (1)", "-");
    expect_shape("insert into t values", "-");
    expect_shape("insert into t values (a)", "-");
    expect_shape("insert into t", "-");
    expect_shape("insert into t select 1", "-");
    expect_shape("insert into `t values (1)", "-");
    expect_shape("insert into \"t\\n\" values (1)", "-");
    expect_shape("insert into t -- no\n values (1)", "-");
    expect_shape("insert /* no */ into t values (1)", "-");
    expect_shape("insert into t; values (1)", "-");
}

static void a_known_head_is_not_looked_for(void **state)
{
    static const char text[] = "insert into t values (1), (2)";
    struct statement_shape shape = {.has_rows = false};
    size_t head_size = strlen("insert into t values");

    (void)state;
    assert_true(statement_shape_read(&shape, text, strlen(text), 0, head_size));
    assert_int_equal(shape.head.size, head_size);
    assert_int_equal(shape.rows.row_count, 2);
    assert_int_equal(shape.consumed, strlen(text));
    statement_shape_clear(&shape);
}

static void a_literal_that_is_a_whole_side_is_taken_out(void **state)
{
    (void)state;
    expect_shape("select a from t where b = 1", "select a from t where b = ? <- 1 @");
    expect_shape("select a from t where b == 'x' and c == -2;x",
                 "select a from t where b == ? and c == ? <- \"x\"|-2 @x");
    expect_shape("update t set a = 1, b = \"x\" where c = 2.5 limit 3",
                 "update t set a = ?, b = ? where c = ? limit 3 <- 1|\"x\"|2.5 @");
    expect_shape("DELETE from t where `a` = 1 ;", "DELETE from t where `a` = ?  <- 1 @");
    expect_shape("delete from t where\ta\n=\v1\f\r", "delete from t where\ta\n=\v?\f\r <- 1 @");
}

static void literals_elsewhere_are_part_of_the_shape(void **state)
{
    (void)state;
    expect_shape("select 5 from t where b = 1 or c = 2", "select 5 from t where b = 1 or c = ? <- 2 @");
    expect_shape("select 5, \"x\" from t where b = 1 and c > 2", "select 5, \"x\" from t where b = ? and c > 2 <- 1 @");
    expect_shape("select a from t where b = 1 and c = 2 + 3", "select a from t where b = ? and c = 2 + 3 <- 1 @");
    expect_shape("select a from t where b = 1 and c <= 2", "select a from t where b = ? and c <= 2 <- 1 @");
    expect_shape("select a from t where b = 1 and c != 2 and d >= 3",
                 "select a from t where b = ? and c != 2 and d >= 3 <- 1 @");
    expect_shape("select a from t where b = 1 and c = - 2", "select a from t where b = ? and c = - 2 <- 1 @");
    expect_shape("select a from t where b = 1 and c = -d", "select a from t where b = ? and c = -d <- 1 @");
    expect_shape("select a from t where b = 1 and c = d / 2 - 1",
                 "select a from t where b = ? and c = d / 2 - 1 <- 1 @");
    expect_shape("select a from t where b = 1 and c > 0 group by c having c = 1",
                 "select a from t where b = ? and c > 0 group by c having c = 1 <- 1 @");
    expect_shape("select a = 1 from t", "-");
    expect_shape("select 1", "-");
    expect_shape("select a from t", "-");
}

static void what_a_glance_cannot_tell_has_no_shape(void **state)
{
    (void)state;
    expect_shape("", "-");
    expect_shape("values (1)", "-");
    expect_shape("select a from t where b = 1x", "-");
    expect_shape("select a from t where b = 'open", "-");
    expect_shape("select a from t where `b = 1", "-");
    expect_shape("select a from t where \"b = 1", "-");
    expect_shape("select a from t where b = \"a\\n\"", "-");
    expect_shape("select a from t where b = ? and c = 1", "-");
    expect_shape("select a from t where b = 1 -- no", "-");
    expect_shape("select a from t where b = 1 /* no */", "-");
    expect_shape("select a from t where b = 1 /", "-");
    expect_shape("select a from t where \xC3\xA9 = 1", "-");
    expect_shape("select a from t where b = 1e", "-");
    expect_shape("selects a from t where b = 1", "-");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inserts_differ_in_what_stands_around_their_rows),
        cmocka_unit_test(a_known_head_is_not_looked_for),
        cmocka_unit_test(a_literal_that_is_a_whole_side_is_taken_out),
        cmocka_unit_test(literals_elsewhere_are_part_of_the_shape),
        cmocka_unit_test(what_a_glance_cannot_tell_has_no_shape),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
