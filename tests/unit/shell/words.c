/* Names that somebody may have meant, words that are counted, and words as Tab lists them. */
#include "fixture.h"

#include "shell/edit.h"
#include "shell/suggestion.h"
#include "shell/word_list.h"
#include "shell/word_uses.h"

/* ---- suggestions ---- */

static const char *const names[] = {
    "tables",
    "tablet",
    "timer",
    "timeout",
    "tables",
    "x",
    "a name that is longer than any name that is compared, which is more than 64 bytes"};
enum { NAME_COUNT = sizeof names / sizeof names[0] };

static const char *name_at(int i)
{
    return i < NAME_COUNT ? names[i] : NULL;
}

static void check_hint(const char *typed, const char *expected)
{
    struct text_buffer hint = {0};

    assert_int_equal(suggestion_hint(&hint, typed, name_at, "\""), *expected != '\0');
    must_be(&hint, expected);
}

static void the_nearest_names_are_suggested(void **state)
{
    (void)state;
    check_hint("tabels", "did you mean \"tables\"?");
    check_hint("TABLEZ", "did you mean \"tables\" or \"tablet\"?");
    check_hint("timeuot", "did you mean \"timeout\"?");
    check_hint("imer", "did you mean \"timer\"?");
    check_hint("timers", "did you mean \"timer\"?");
    check_hint("tim", "did you mean \"timer\"?"); /* its beginning; the shortest */
    check_hint("timeo", "did you mean \"timer\"?");
}

static void what_is_not_near_is_not_suggested(void **state)
{
    (void)state;
    check_hint("nothing", "");
    check_hint("", "");
    check_hint("y", "");
    check_hint("ti", "");
    check_hint("timerz and so on", "");
    check_hint("a name that is longer than any name that is compared, which is more than 64 byte", "");
    assert_null(suggestion_find("x", name_at)); /* the name itself is no other */
}

/* ---- words that were used ---- */

static void words_are_counted_without_case_and_quotes(void **state)
{
    struct word_uses uses = {0};

    (void)state;
    assert_int_equal(word_uses_count(&uses, "a"), 0);
    word_uses_add(&uses, "select Alpha, `alpha`, upper(beta) from \"t\"");
    assert_int_equal(word_uses_count(&uses, "ALPHA"), 2);
    assert_int_equal(word_uses_count(&uses, "`alpha`"), 2);
    assert_int_equal(word_uses_count(&uses, "upper("), 1);
    assert_int_equal(word_uses_count(&uses, "\"beta\""), 1);
    assert_int_equal(word_uses_count(&uses, "[\\]^_z{"), 0);
    assert_int_equal(word_uses_count(&uses, ""), 0);
    assert_int_equal(word_uses_count(&uses, "`"), 0);
    word_uses_clear(&uses);
}

static void words_of_dot_commands_are_not_counted(void **state)
{
    struct word_uses uses = {0};

    (void)state;
    word_uses_add(&uses, ".mode alpha");
    word_uses_add(&uses, "\\d alpha");
    assert_int_equal(word_uses_count(&uses, "alpha"), 0);
    word_uses_clear(&uses);
}

static void any_number_of_words_is_counted(void **state)
{
    struct word_uses uses = {0};
    struct text_buffer text = {0};

    (void)state;
    for (int i = 0; i < 1000; i++) {
        text_reset(&text);
        text_format(&text, "name%d name%d", i, i / 2);
        word_uses_add(&uses, text.data);
    }
    assert_int_equal(uses.count, 1000);
    assert_int_equal(word_uses_count(&uses, "name7"), 3);
    assert_int_equal(word_uses_count(&uses, "name700"), 1);
    word_uses_clear(&uses);
    text_clear(&text);
}

/* ---- lists ---- */

static struct edit_word items[100];

/* Words with details; `details` NULL: without. */
static struct edit_words words_of(const char *const *texts, const char *const *details, size_t count)
{
    for (size_t i = 0; i < count; i++)
        items[i] =
            (struct edit_word){(char *)(uintptr_t)texts[i], (char *)(uintptr_t)(details == NULL ? "" : details[i])};
    return (struct edit_words){.items = items, .count = count};
}

static void check_shared(const char *first, const char *second, size_t expected)
{
    const char *texts[] = {first, second};
    struct edit_words words = words_of(texts, NULL, 2);

    assert_int_equal(word_list_shared(&words), expected);
}

static void what_words_share_is_whole_characters_without_case(void **state)
{
    (void)state;
    check_shared("alpha", "ALbum", 2);
    check_shared("al", "alpha", 2);
    check_shared("alpha", "al", 2);
    check_shared("a", "b", 0);
    check_shared("a[", "aZ", 1);
    check_shared("a\xC3\xA9", "a\xC3\xA8", 1);
    check_shared("\xC3\xA9", "\xC3\xA8", 0);
}

static void check_list(const struct edit_words *words, unsigned rows, unsigned columns, bool is_coloured,
                       const char *expected)
{
    struct text_buffer list = {0};

    word_list_write(&list, words, rows, columns, is_coloured);
    must_be(&list, expected);
}

static void words_alone_stand_in_columns(void **state)
{
    static const char *const texts[] = {"a", "bb", "c", "d", "e"};
    struct edit_words words = words_of(texts, NULL, 5);

    (void)state;
    check_list(&words, 24, 80, false, "a   bb  c   d   e\r\n");
    check_list(&words, 24, 8, false, "a   d\r\nbb  e\r\nc\r\n");
    check_list(&words, 24, 1, false, "a\r\nb\r\nc\r\nd\r\ne\r\n");
    check_list(&words, 5, 4, false, "a\r\n… 4 \r\n");
    check_list(&words, 6, 4, false, "a\r\nbb\r\n… 3 \r\n");
    check_list(&words, 2, 10, false, "a   bb\r\n… 3 more\r\n");
}

static void words_with_details_have_a_line_each(void **state)
{
    static const char *const texts[] = {"a", "日本", "c"};
    static const char *const details[] = {"of t", "", "what is said"};
    struct edit_words words = words_of(texts, details, 3);

    (void)state;
    check_list(&words, 24, 80, false, "a     of t\r\n日本\r\nc     what is said\r\n");
    check_list(&words, 24, 80, true, "a     \033[2mof t\033[0m\r\n日本\r\nc     \033[2mwhat is said\033[0m\r\n");
    check_list(&words, 24, 10, false, "a     of t\r\n日本\r\nc     what\r\n");
    check_list(&words, 24, 6, false, "a\r\n日本\r\nc\r\n");
    check_list(&words, 24, 3, false, "a\r\n日\r\nc\r\n");
    check_list(&words, 5, 80, false, "a     of t\r\n… 2 more\r\n");
}

static void no_list_has_more_rows_than_somebody_reads(void **state)
{
    const char *texts[100];
    struct text_buffer list = {0};

    (void)state;
    for (size_t i = 0; i < 100; i++)
        texts[i] = "word";
    struct edit_words words = words_of(texts, NULL, 100);
    word_list_write(&list, &words, 200, 6, false);
    size_t rows = 0;
    for (size_t i = 0; i < list.size; i++)
        rows += list.data[i] == '\n';
    assert_int_equal(rows, 30);
    assert_non_null(strstr(list.data, "… 71 m"));
    text_clear(&list);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_names_are_suggested),
        cmocka_unit_test(what_is_not_near_is_not_suggested),
        cmocka_unit_test(words_are_counted_without_case_and_quotes),
        cmocka_unit_test(words_of_dot_commands_are_not_counted),
        cmocka_unit_test(any_number_of_words_is_counted),
        cmocka_unit_test(what_words_share_is_whole_characters_without_case),
        cmocka_unit_test(words_alone_stand_in_columns),
        cmocka_unit_test(words_with_details_have_a_line_each),
        cmocka_unit_test(no_list_has_more_rows_than_somebody_reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
