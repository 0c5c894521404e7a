/* Where statements end in a text, and the words for completion. */
#include "api/fixture.h"

static int complete(const char *text)
{
    return ssql_complete(text, strlen(text));
}

static void a_text_is_complete_when_a_semicolon_ends_it(void **state)
{
    (void)state;
    assert_true(complete(""));
    assert_true(complete("  -- nothing\n"));
    assert_true(complete("select 1;"));
    assert_true(complete("select 1; -- done"));
    assert_false(complete("select 1"));
    assert_false(complete("select ';"));
    assert_false(complete("select 1; select"));
    assert_false(complete("/* ; "));
}

/* Feeds the text byte by byte; returns where the first statement ends, or 0. */
static size_t split(ssql_splitter *splitter, const char *text)
{
    size_t end = 0;

    for (size_t length = 1; length <= strlen(text); length++)
        if (ssql_splitter_find(splitter, text, length, &end))
            return end;
    return 0;
}

static void a_splitter_finds_the_end_in_a_text_that_grows(void **state)
{
    ssql_splitter *splitter = NULL;
    size_t end = 0;

    (void)state;
    assert_int_equal(ssql_splitter_new(&splitter), SSQL_OK);
    assert_int_equal(split(splitter, "select ';' /* ; /* ; */ */ -- ;\n, \"a;\"; rest"), 39);
    ssql_splitter_reset(splitter);
    assert_int_equal(ssql_splitter_find(splitter, "  select 1", 10, &end), 0);
    assert_int_equal(end, 10);
    assert_int_equal(ssql_splitter_begin(splitter), 2);
    assert_int_equal(ssql_splitter_find(splitter, "  select 1;", 11, &end), 1);
    assert_int_equal(end, 11);
    ssql_splitter_free(splitter);
}

static void a_splitter_knows_what_is_open(void **state)
{
    static const struct {
        const char *text;
        int state;
    } cases[] = {
        {"", SSQL_TEXT_BLANK},
        {"  -- x\n ", SSQL_TEXT_BLANK},
        {"select ", SSQL_TEXT_STATEMENT},
        {"select 'a", SSQL_TEXT_IN_STRING},
        {"select \"a", SSQL_TEXT_IN_STRING},
        {"select `a", SSQL_TEXT_IN_NAME},
        {"select /* a ", SSQL_TEXT_IN_COMMENT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ssql_splitter *splitter = NULL;
        size_t end;

        assert_int_equal(ssql_splitter_new(&splitter), SSQL_OK);
        assert_int_equal(ssql_splitter_find(splitter, cases[i].text, strlen(cases[i].text), &end), 0);
        assert_int_equal(ssql_splitter_state(splitter), cases[i].state);
        ssql_splitter_free(splitter);
    }
}

static int has_word(const char *(*word)(int), const char *wanted)
{
    for (int i = 0; word(i) != NULL; i++)
        if (strcmp(word(i), wanted) == 0)
            return 1;
    return 0;
}

static void keywords_and_functions_are_listed(void **state)
{
    (void)state;
    assert_true(has_word(ssql_keyword, "select"));
    assert_true(has_word(ssql_keyword, "upsert"));
    assert_false(has_word(ssql_keyword, "users"));
    assert_true(has_word(ssql_function_name, "length"));
    assert_true(has_word(ssql_function_name, "count"));
    assert_null(ssql_keyword(-1));
    assert_null(ssql_function_name(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_complete_when_a_semicolon_ends_it),
        cmocka_unit_test(a_splitter_finds_the_end_in_a_text_that_grows),
        cmocka_unit_test(a_splitter_knows_what_is_open),
        cmocka_unit_test(keywords_and_functions_are_listed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
