/* Which name a mistyped one is taken for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/nearest.h"

static const char *const names[] = {"name", "section", "priority", "id", "Version", "x"};
enum { NAME_COUNT = sizeof names / sizeof names[0] };

static const char *nearest_of(const char *wrong)
{
    struct nearest nearest = nearest_start(slice_of(wrong));

    for (size_t i = 0; i < NAME_COUNT; i++)
        nearest_consider(&nearest, slice_of(names[i]));
    return nearest.best.data == NULL ? "" : (const char *)nearest.best.data;
}

static void slips_of_the_hand_are_recognised(void **state)
{
    (void)state;
    assert_string_equal(nearest_of("naem"), "name");
    assert_string_equal(nearest_of("nam"), "name");
    assert_string_equal(nearest_of("names"), "name");
    assert_string_equal(nearest_of("priortiy"), "priority");
    assert_string_equal(nearest_of("VERSON"), "Version");
    assert_string_equal(nearest_of("ID"), "id");
    assert_string_equal(nearest_of("sectoins"), "section");
}

static void other_words_are_not(void **state)
{
    (void)state;
    assert_string_equal(nearest_of("banana"), "");
    assert_string_equal(nearest_of("nmea"), "");
    assert_string_equal(nearest_of("y"), "");
    assert_string_equal(nearest_of(""), "");
}

static void the_nearer_one_wins(void **state)
{
    struct nearest nearest = nearest_start(slice_of("columns"));

    (void)state;
    nearest_consider(&nearest, slice_of("colunn"));
    nearest_consider(&nearest, slice_of("column"));
    nearest_consider(&nearest, slice_of("columna"));
    assert_true(slice_equal(nearest.best, slice_of("column")));
}

static struct nearest nearest_among(const char *wrong, const char *first, const char *second, const char *third)
{
    struct nearest nearest = nearest_start(slice_of(wrong));

    nearest_consider(&nearest, slice_of(first));
    nearest_consider(&nearest, slice_of(second));
    nearest_consider(&nearest, slice_of(third));
    return nearest;
}

static void of_names_equally_near_two_are_kept(void **state)
{
    struct nearest nearest = nearest_among("tota", "total", "totam", "totas");
    struct ssql_error error;

    (void)state;
    assert_true(slice_equal(nearest.best, slice_of("total")));
    assert_true(slice_equal(nearest.second, slice_of("totam")));
    error_set(&error, SSQL_UNKNOWN_COLUMN, NO_SPAN, "unknown");
    assert_true(nearest_hint(&nearest, &error));
    assert_string_equal(error.hint, "did you mean \"total\" or \"totam\"?");
    nearest = nearest_among("tota", "total", "total", "tota");
    assert_null(nearest.second.data);
}

static void a_better_one_drops_the_tie(void **state)
{
    struct nearest nearest = nearest_among("columns", "colunn", "colmnu", "column");

    (void)state;
    assert_true(slice_equal(nearest.best, slice_of("column")));
    assert_null(nearest.second.data);
}

static void the_first_letter_decides(void **state)
{
    struct nearest nearest = nearest_among("dsc", "asc", "desc", "bsc");

    (void)state;
    assert_true(slice_equal(nearest.best, slice_of("desc")));
    assert_null(nearest.second.data);
}

static void beginnings_are_near_but_farther_than_slips(void **state)
{
    struct nearest nearest = nearest_among("desc", "describe", "description", "x");

    (void)state;
    assert_true(slice_equal(nearest.best, slice_of("describe")));
    nearest = nearest_among("desc", "describe", "dec", "x");
    assert_true(slice_equal(nearest.best, slice_of("dec")));
    nearest = nearest_among("de", "describe", "describes", "x");
    assert_null(nearest.best.data);
}

static void nothing_near_is_no_hint(void **state)
{
    struct nearest nearest = nearest_among("name", "name", "banana", "x");
    struct ssql_error error;

    (void)state;
    error_set(&error, SSQL_UNKNOWN_COLUMN, NO_SPAN, "unknown");
    assert_false(nearest_hint(&nearest, &error));
    assert_string_equal(error.hint, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slips_of_the_hand_are_recognised),
        cmocka_unit_test(other_words_are_not),
        cmocka_unit_test(the_nearer_one_wins),
        cmocka_unit_test(of_names_equally_near_two_are_kept),
        cmocka_unit_test(a_better_one_drops_the_tie),
        cmocka_unit_test(the_first_letter_decides),
        cmocka_unit_test(beginnings_are_near_but_farther_than_slips),
        cmocka_unit_test(nothing_near_is_no_hint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
