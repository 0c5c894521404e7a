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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slips_of_the_hand_are_recognised),
        cmocka_unit_test(other_words_are_not),
        cmocka_unit_test(the_nearer_one_wins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
