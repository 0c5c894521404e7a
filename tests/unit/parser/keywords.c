/* The table of words and the grammar agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "parser/keyword.h"
#include "support/parsing.h"

static void words_are_sorted_and_found(void **state)
{
    struct keyword_table table;

    (void)state;
    keyword_table_init(&table);
    for (size_t i = 0; i < keyword_count; i++) {
        char padded[32] = {0};
        memcpy(padded, keywords[i].text, strlen(keywords[i].text));
        assert_true(i == 0 || strcmp(keywords[i - 1].text, keywords[i].text) < 0);
        assert_ptr_equal(keyword_find(slice_of(padded)), &keywords[i]);
        assert_ptr_equal(keyword_table_find(&table, padded, strlen(padded)), &keywords[i]);
        padded[0] = (char)(padded[0] - 'a' + 'A');
        assert_ptr_equal(keyword_table_find(&table, padded, strlen(padded)), &keywords[i]);
        padded[strlen(padded)] = 's';
        const struct keyword *longer = keyword_table_find(&table, padded, strlen(padded));
        assert_true(longer == NULL || strlen(longer->text) == strlen(padded));
        assert_ptr_equal(keyword_find(slice_of(padded)), longer);
    }
    assert_null(keyword_find(slice_of("usr")));
    assert_null(keyword_find(slice_of("")));
}

static void exactly_the_unreserved_words_are_names(void **state)
{
    struct parsing *parsing = *state;

    for (size_t i = 0; i < keyword_count; i++) {
        char text[100];
        struct statement *statement;
        size_t consumed;
        snprintf(text, sizeof text, "delete from %s", keywords[i].text);
        bool parsed = parse_statement(parsing->parser, text, strlen(text), &parsing->arena, &statement, &consumed,
                                      &parsing->error);
        if (parsed == keywords[i].is_reserved)
            fail_msg("%s is %s", keywords[i].text, parsed ? "a name" : "no name");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_sorted_and_found),
        cmocka_unit_test(exactly_the_unreserved_words_are_names),
    };

    return cmocka_run_group_tests(tests, parsing_setup, parsing_teardown);
}
