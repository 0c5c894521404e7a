/* What can follow at a place, at the edges: texts that are hardly statements, and places that look like others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "parser/completion.h"
#include "parser/completion_scope.h"

static void find(const char *text, size_t size, size_t at, struct arena *arena, struct completion *out)
{
    struct ssql_error error = {0};

    arena_init(arena);
    if (!completion_find(text, size, at, arena, out, &error))
        fail_msg("%s", error.message);
}

static bool has_word(const struct completion *completion, const char *word)
{
    for (size_t i = 0; i < completion->word_count; i++)
        if (strcmp(completion->words[i], word) == 0)
            return true;
    return false;
}

/* The scope at the `|` of the text, and what is expected there. */
static struct completion_scope scope_at(const char *text, struct arena *arena, struct completion *completion)
{
    struct completion_scope scope;
    size_t at = strcspn(text, "|");
    struct buffer whole = {0};

    buffer_append(&whole, text, at);
    buffer_append_text(&whole, text + at + 1);
    buffer_append_byte(&whole, '\0');
    find((const char *)whole.data, whole.size - 1, at, arena, completion);
    assert_true(completion_scope_find(completion, arena, &scope));
    buffer_clear(&whole);
    return scope;
}

static void expect_place(const char *text, enum name_place place, uint32_t table_count)
{
    struct completion completion;
    struct arena arena;
    struct completion_scope scope = scope_at(text, &arena, &completion);

    if (scope.place != place || scope.table_count != table_count)
        fail_msg("%s: place %d, %u tables", text, scope.place, scope.table_count);
    arena_clear(&arena);
}

static void places_are_told_by_what_stands_before_them(void **state)
{
    (void)state;
    expect_place("|", PLACE_KEYWORD, 0);
    expect_place("explain analyze update |", PLACE_TABLE, 0);
    expect_place("explain update t set |", PLACE_TARGET_COLUMN, 1);
    expect_place("update t set a = |", PLACE_EXPRESSION, 1);
    expect_place("insert into t values (|", PLACE_CONSTANT, 1);
    expect_place("insert into t values (1, (|", PLACE_CONSTANT, 1);
    expect_place("insert into t (|", PLACE_TARGET_COLUMN, 1);
    expect_place("insert into t values (1) on conflict (|", PLACE_TARGET_COLUMN, 1);
    expect_place("select a from t limit (|", PLACE_CONSTANT, 1);
    expect_place("select (| from t", PLACE_EXPRESSION, 1);
    expect_place("select a from (|", PLACE_EXPRESSION, 0);
    expect_place("select a from t, |", PLACE_TABLE, 1);
    expect_place("select a from t |", PLACE_NEW_NAME, 1);
    expect_place("select a as |", PLACE_NEW_NAME, 0);
    expect_place("select cast(a as |", PLACE_TYPE, 0);
    expect_place("select cast(|", PLACE_EXPRESSION, 0);
    expect_place("drop table |", PLACE_TABLE, 0);
    expect_place("create table x (|", PLACE_NEW_NAME, 0);
    expect_place("create table x (a |", PLACE_TYPE, 0);
    expect_place("create table x (a int, primary key (|", PLACE_DEFINED_COLUMN, 0);
    expect_place("create table x (a int references |", PLACE_TABLE, 0);
    expect_place(".|", PLACE_KEYWORD, 0);
    expect_place("t.|", PLACE_EXPRESSION, 0);
    expect_place("begin |", PLACE_KEYWORD, 0);
}

static void a_word_of_the_language_is_an_alias_only_after_as(void **state)
{
    struct completion completion;
    struct arena arena;
    struct completion_scope scope = scope_at("select | from t key", &arena, &completion);

    (void)state;
    assert_int_equal(scope.table_count, 1);
    assert_int_equal(scope.tables[0].alias.size, 0);
    arena_clear(&arena);
    scope = scope_at("select | from t as key, u v", &arena, &completion);
    assert_int_equal(scope.table_count, 2);
    assert_true(slice_equal(scope.tables[0].alias, slice_of("key")));
    assert_true(slice_equal(scope.tables[1].alias, slice_of("v")));
    arena_clear(&arena);
}

static void more_wrong_tokens_than_one_may_pass_over_leave_no_answer(void **state)
{
    struct completion completion;
    struct arena arena;
    struct buffer text = {0};

    (void)state;
    buffer_append_text(&text, "select ");
    for (int i = 0; i < COMPLETION_REPAIRS_MOST; i++)
        buffer_append_text(&text, ") ");
    find((const char *)text.data, text.size, text.size, &arena, &completion);
    assert_true(completion.is_known);
    assert_true(has_word(&completion, "case"));
    arena_clear(&arena);
    buffer_append_text(&text, ") ");
    find((const char *)text.data, text.size, text.size, &arena, &completion);
    assert_false(completion.is_known);
    assert_int_equal(completion.word_count, 0);
    arena_clear(&arena);
    buffer_clear(&text);
}

static void a_nul_byte_counts_as_a_blank(void **state)
{
    static const char text[] = "select a \0from t ";
    struct completion completion;
    struct arena arena;

    (void)state;
    find(text, sizeof text - 1, sizeof text - 1, &arena, &completion);
    assert_true(completion.is_known);
    assert_true(has_word(&completion, "where"));
    arena_clear(&arena);
}

static void a_statement_that_is_too_long_is_not_read(void **state)
{
    size_t size = COMPLETION_SIZE_LIMIT + 1;
    char *text = malloc(size);
    struct completion completion;
    struct arena arena;

    (void)state;
    assert_non_null(text);
    memset(text, ' ', size);
    find(text, size, 10, &arena, &completion);
    assert_true(completion.is_closed);
    assert_false(completion.is_known);
    arena_clear(&arena);
    find(text, size - 1, 10, &arena, &completion);
    assert_false(completion.is_closed);
    assert_true(has_word(&completion, "select"));
    arena_clear(&arena);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_told_by_what_stands_before_them),
        cmocka_unit_test(a_word_of_the_language_is_an_alias_only_after_as),
        cmocka_unit_test(more_wrong_tokens_than_one_may_pass_over_leave_no_answer),
        cmocka_unit_test(a_nul_byte_counts_as_a_blank),
        cmocka_unit_test(a_statement_that_is_too_long_is_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
