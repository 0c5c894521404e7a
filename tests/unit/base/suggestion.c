/* The shell's measure of near names is the library's: both give the same answer to every slip of the hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/nearest.h"

/* The shell is no part of the library: its two files are compiled here. */
#include "shell/suggestion.c"
#include "shell/text_buffer.c"

static const char *const names[] = {"--csv",  "--json",  "--jsonl", "--mode",   ".tables",  ".timer", ".timeout",
                                    "select", "selects", "asc",     "desc",     "describe", "a",      "id",
                                    "is",     "in",      "Version", "orderkey", "orderby",  "total",  "totals"};
enum { NAME_COUNT = sizeof names / sizeof names[0], TYPED_SIZE = 32 };

static const char *name_at(int i)
{
    return i < NAME_COUNT ? names[i] : NULL;
}

static const char *text_of(struct slice slice)
{
    return slice.data == NULL ? "(none)" : (const char *)slice.data;
}

static void compare(const char *typed)
{
    struct nearest nearest = nearest_start(slice_of(typed));
    struct suggestion found = suggestion_find_all(typed, name_at);

    for (int i = 0; i < NAME_COUNT; i++)
        nearest_consider(&nearest, slice_of(names[i]));
    assert_string_equal(found.best == NULL ? "(none)" : found.best, text_of(nearest.best));
    assert_string_equal(found.second == NULL ? "(none)" : found.second, text_of(nearest.second));
}

static void compare_slips(const char *name)
{
    size_t size = strlen(name);
    char typed[TYPED_SIZE];

    for (size_t i = 0; i < size; i++) {
        snprintf(typed, sizeof typed, "%.*s%s", (int)i, name, name + i + 1);
        compare(typed);
        snprintf(typed, sizeof typed, "%.*sX%s", (int)i, name, name + i);
        compare(typed);
        snprintf(typed, sizeof typed, "%.*sq%s", (int)i, name, name + i + 1);
        compare(typed);
        snprintf(typed, sizeof typed, "%.*s", (int)i + 1, name);
        compare(typed);
        if (i + 1 < size) {
            snprintf(typed, sizeof typed, "%.*s%c%c%s", (int)i, name, name[i + 1], name[i], name + i + 2);
            compare(typed);
        }
    }
}

static void both_measures_agree(void **state)
{
    (void)state;
    for (int i = 0; i < NAME_COUNT; i++)
        compare_slips(names[i]);
    compare("");
    compare("something quite different from all of them, and longer than a name would be");
}

static void two_names_equally_near_are_both_told(void **state)
{
    struct text_buffer hint = {0};

    (void)state;
    assert_true(suggestion_hint(&hint, "ix", name_at, "\""));
    assert_string_equal(text_string(&hint), "did you mean \"id\" or \"is\"?");
    text_clear(&hint);
    assert_true(suggestion_hint(&hint, "-csv", name_at, ""));
    assert_string_equal(text_string(&hint), "did you mean --csv?");
    text_clear(&hint);
    assert_false(suggestion_hint(&hint, "banana", name_at, ""));
    assert_false(suggestion_hint(&hint, "--csv", name_at, ""));
    text_clear(&hint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_measures_agree),
        cmocka_unit_test(two_names_equally_near_are_both_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
