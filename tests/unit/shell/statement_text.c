/* Words of statements, names and literals as they are written; what --safe lets through. */
#include "fixture.h"

#include "shell/safe_mode.h"
#include "shell/statement_text.h"

/* The words of a text with a bar between them. */
static void check_words(const char *text, const char *expected)
{
    struct text_buffer words = {0};
    struct word word;
    size_t at = 0;

    while (next_word(text, strlen(text), &at, &word)) {
        text_add_string(&words, words.size > 0 ? "|" : "");
        text_add(&words, word.text, word.size);
    }
    must_be(&words, expected);
}

static void words_are_found_between_blanks_and_comments(void **state)
{
    (void)state;
    check_words("", "");
    check_words("select a1,_b from größe", "select|a1|,|_b|from|größe");
    check_words("\t\n\r\f\vA Z z 0 9a", "A|Z|z|0|9a");
    check_words("a-- b\nc -- d", "a|c");
    check_words("a/* b /* c */ / * */d/* e", "a|d");
    check_words("a - -b / *c -", "a|-|-|b|/|*|c|-");
    check_words("a /", "a|/");
    check_words("{[^~|}", "{|[|^|~|||}");
}

static void quoted_words_go_to_their_closing_quote(void **state)
{
    (void)state;
    check_words("'it''s' b", "'it''s'|b");
    check_words("'a\\' b", "'a\\'|b");
    check_words("\"a\\\" b\" c", "\"a\\\" b\"|c");
    check_words("`a``b` 'c", "`a``b`|'c");
    check_words("\"a\\", "\"a\\");
    check_words("''", "''");
}

static void a_word_knows_whether_it_can_be_a_name(void **state)
{
    struct word word;
    size_t at = 0;

    (void)state;
    assert_true(next_word("From", 4, &at, &word));
    assert_true(word.is_name && !word.is_quoted && word_is(&word, "from") && !word_is(&word, "fro"));
    at = 0;
    assert_true(next_word("'from'", 6, &at, &word));
    assert_true(!word.is_name && word.is_quoted && !word_is(&word, "'from'"));
    at = 0;
    assert_true(next_word("7", 1, &at, &word));
    assert_false(word.is_name);
}

static void check_name(const char *name, const char *expected)
{
    struct text_buffer text = {0};

    add_name(&text, name);
    must_be(&text, expected);
}

static void names_are_quoted_when_they_need_it(void **state)
{
    (void)state;
    check_name("a_1", "a_1");
    check_name("", "``");
    check_name("1a", "`1a`");
    check_name("a b", "`a b`");
    check_name("a`b", "`a``b`");
    check_name("Select", "`Select`");
    check_name("größe", "`größe`");
}

static void check_literal(const char *text, const char *expected)
{
    struct text_buffer literal = {0};

    add_string_literal(&literal, text, strlen(text));
    must_be(&literal, expected);
}

static void strings_have_escapes_when_they_need_them(void **state)
{
    (void)state;
    check_literal("it's", "'it''s'");
    check_literal("é", "'é'");
    check_literal("\"\\\n\t\r\x01\x7F", "\"\\\"\\\\\\n\\t\\r\\u{1}\\u{7f}\"");
    check_literal("it's\n", "\"it's\\n\"");
    check_literal("é\n\xE2\x80\xAE", "\"é\\n\\u{202e}\"");
}

static void the_table_that_a_query_reads(void **state)
{
    struct text_buffer name = {0};

    (void)state;
    assert_true(add_table_read(&name, "select 'from b' from `a b` where", 31));
    must_be(&name, "`a b`");
    assert_false(add_table_read(&name, "select 1", 8));
    assert_false(add_table_read(&name, "select a from", 13));
    assert_false(add_table_read(&name, "select a from (select", 21));
    assert_true(add_table_read(&name, "from a", 6));
    must_be(&name, "a");
}

/* `expected` "": it is allowed. */
static void check_safe(const char *text, const char *expected)
{
    const char *why = "", *hint;

    assert_int_equal(safe_mode_allows(text, strlen(text), &why, &hint), *expected == '\0');
    assert_string_equal(why, expected);
}

static void safe_mode_lets_pass_what_destroys_nothing(void **state)
{
    (void)state;
    check_safe("", "");
    check_safe("explain", "");
    check_safe("explain analyze", "");
    check_safe("select drop from t", "");
    check_safe("alter table t add a int", "");
    check_safe("update t set a = 1 where b", "");
    check_safe("delete from t where a", "");
    check_safe("delete from t where", "");
    check_safe("copy t from stdin", "");
    check_safe("copy (select a from b) to stdout", "");
    check_safe("copy t (a) to stdout (format csv)", "");
}

static void safe_mode_refuses_what_destroys(void **state)
{
    (void)state;
    check_safe("explain analyze drop table t", "drop is not allowed with --safe");
    check_safe("alter table t drop column a", "drop is not allowed with --safe");
    check_safe("truncate t", "truncate is not allowed with --safe");
    check_safe("update t set a = (1 where) \"where\" ) 'where'", "update without where is not allowed with --safe");
    check_safe("backup to 'b'", "backup is not allowed with --safe: it writes files");
    check_safe("delete table t", "delete table is not allowed with --safe");
    check_safe("delete", "delete without where is not allowed with --safe");
    check_safe("delete from t )", "delete without where is not allowed with --safe");
}

static void safe_mode_refuses_files_in_copies(void **state)
{
    static const char refused[] = "copy with a file is not allowed with --safe";

    (void)state;
    check_safe("copy t to 'f'", refused);
    check_safe("copy t from \"f\"", refused);
    check_safe("copy t", refused);
    check_safe("copy t from", refused);
    check_safe("copy ) '(' t from stdin to 'f'", refused);
    check_safe("copy (t from stdin", refused);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_found_between_blanks_and_comments),
        cmocka_unit_test(quoted_words_go_to_their_closing_quote),
        cmocka_unit_test(a_word_knows_whether_it_can_be_a_name),
        cmocka_unit_test(names_are_quoted_when_they_need_it),
        cmocka_unit_test(strings_have_escapes_when_they_need_them),
        cmocka_unit_test(the_table_that_a_query_reads),
        cmocka_unit_test(safe_mode_lets_pass_what_destroys_nothing),
        cmocka_unit_test(safe_mode_refuses_what_destroys),
        cmocka_unit_test(safe_mode_refuses_files_in_copies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
