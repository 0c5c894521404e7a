/* Options of copy, and the columns that it takes and gives. */
#include "fixture.h"

static void a_value_of_an_option_that_does_not_fit_is_refused(void **state)
{
    static const char delimiter[] = "option delimiter is one ASCII character, other than a quote, a line end or NUL";
    static const char null[] = "the text of a null can be \\N, but else hold neither the delimiter nor a quote, a "
                               "backslash or a line end";
    static const char primary[] = "option primary is a column's name, or several with commas between";
    static const struct {
        const char *text, *place, *message, *hint;
    } cases[] = {
        {"copy users to stdout (delimiter 1)", "1", delimiter, ""},
        {"copy users to stdout (delimiter null)", "null", delimiter, ""},
        {"copy users from stdin (delimiter ';;')", "';;'", delimiter, ""},
        {"copy users from stdin (delimiter '\"')", "'\"'", delimiter, ""},
        {"copy users to stdout (null ',')", "','", null, ""},
        {"copy users to stdout (null '\"')", "'\"'", null, ""},
        {"copy users to stdout (header 1)", "1", "option header is true or false", ""},
        {"copy users from stdin (load 1)", "1", "option load is true or false", ""},
        {"copy made from stdin (create 1)", "1", "option create is true or false", ""},
        {"copy users from stdin (skip 'x')", "'x'", "option skip is a number, 0 or more", ""},
        {"copy users from stdin (skip -1)", "-1", "option skip is a number, 0 or more", ""},
        {"copy users from stdin (rejects '')", "''", "option rejects is the path of a file", ""},
        {"copy users from stdin (rejects '-')", "'-'", "option rejects is the path of a file", ""},
        {"copy made from stdin (create true, primary ', ')", "', '", primary, ""},
        {"copy made from stdin (create true, primary 'a,')", "'a,'", primary, ""},
        {"copy users from stdin (format csw)", "csw", "option format is csv, tsv, json, jsonl or insert",
         "did you mean \"csv\"?"},
        {"copy users from stdin (on_conflict ignor)", "ignor", "option on_conflict is fail, ignore or replace",
         "did you mean \"ignore\"?"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_error(cases[i].text, SSQL_BAD_OPTION, cases[i].place, cases[i].message, cases[i].hint);
}

static void an_option_has_its_direction_and_formats(void **state)
{
    (void)state;
    expect_error("copy users to stdout (skip 1)", SSQL_BAD_OPTION, "skip", "option skip is for copy ... from only", "");
    expect_error("copy users to stdout (heade false)", SSQL_BAD_OPTION, "heade", "unknown option \"heade\" of copy",
                 "did you mean \"header\"?");
    expect_error("copy users from stdin (nothing 1)", SSQL_BAD_OPTION, "nothing", "unknown option \"nothing\" of copy",
                 "");
    expect_error("copy users to stdout (header true, header false)", SSQL_BAD_OPTION, "header",
                 "option header is given twice", "");
    expect_error("copy users to stdout (header true, format json)", SSQL_BAD_OPTION, "header",
                 "format json has no option header", "");
    expect_error("copy users from stdin (format jsonl, header true)", SSQL_BAD_OPTION, "header",
                 "format jsonl has no option header", "");
    expect_error("copy users from stdin (format json, skip 1)", SSQL_BAD_OPTION, "skip",
                 "format json has no option skip", "");
    expect_error("copy users from stdin (format insert)", SSQL_BAD_OPTION, "stdin",
                 "insert statements are not read by copy", "run the file as a script");
    expect_plan("copy users from 'x.csv' (format jsonl, skip 1)", "copy users from \"x.csv\" (format jsonl)");
}

static void a_path_tells_the_format(void **state)
{
    (void)state;
    expect_plan("copy users from 'a.tsv'", "copy users from \"a.tsv\" (format tsv)");
    expect_plan("copy users from '-'", "copy users from stdin (format csv)");
    expect_plan("copy notes to 'a.jsonl'",
                "copy to \"a.jsonl\" (format jsonl)\n  scan notes (all rows; columns text, stars)");
    expect_error("copy users to ''", SSQL_BAD_OPTION, "''", "the path of a file is empty", "");
}

static void rows_come_out_in_the_order_of_the_key(void **state)
{
    (void)state;
    expect_plan("copy pairs (c, a) to stdout", "copy to stdout (format csv)\n"
                                               "  project c, a\n"
                                               "    scan Pairs (all rows; columns a, c; in key order)");
    expect_error("copy users (id, ID) to stdout", SSQL_COLUMN_EXISTS, "ID", "column \"ID\" is named twice", "");
}

static void a_table_is_made_with_the_columns_of_the_file(void **state)
{
    static const char hint[] = "a list names them when the file does not: header false";
    static const char message[] = "the columns of a table that is made are those of the file";
    char text[300] = "copy ", name[NAME_SIZE_MOST + 2];

    (void)state;
    expect_plan("copy made (a, b) from stdin (create true, header false)", "copy made from stdin (format csv)");
    expect_error("copy made (a, b) from stdin (create true)", SSQL_BAD_OPTION, "a", message, hint);
    expect_error("copy made (a, b) from stdin (create true, format jsonl)", SSQL_BAD_OPTION, "a", message, hint);
    expect_error("copy made (a, b, A) from stdin (create true, header false)", SSQL_COLUMN_EXISTS, "A",
                 "column \"A\" is named twice", "");
    expect_error("copy users from stdin (create true)", SSQL_TABLE_EXISTS, "users", "table \"users\" already exists",
                 "leave out the option create to load into it");
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    strcat(strcat(text, name), " from stdin (create true)");
    expect_error(text, SSQL_TOO_LARGE, name, "the name of a table has at most 128 bytes, this one 129", "");
}

static void a_table_that_is_not_made_is_there(void **state)
{
    (void)state;
    expect_error("copy made from stdin (create false)", SSQL_UNKNOWN_TABLE, "made", "unknown table \"made\"",
                 "the option create true makes it");
    expect_error("copy usres from stdin", SSQL_UNKNOWN_TABLE, "usres", "unknown table \"usres\"",
                 "did you mean \"users\"?");
    expect_error("copy users from stdin (primary 'id')", SSQL_BAD_OPTION, "primary",
                 "option primary is for a table that is made", "add the option create true");
}

static void names_of_inserts_are_told_from_words(void **state)
{
    struct plan *plan = plan_text("copy users to stdout (format insert)");
    const struct copy_plan *copy = plan->root->copy;

    (void)state;
    assert_true(slice_equal(copy->insert_table, slice_of("users")));
    assert_true(copy->is_reserved(slice_of("select")));
    assert_false(copy->is_reserved(slice_of("begin")));
    assert_false(copy->is_reserved(slice_of("users")));
    plan_destroy(plan);
    plan = plan_text("copy (select 1) to stdout (format insert)");
    assert_true(slice_equal(plan->root->copy->insert_table, slice_of("result")));
    plan_destroy(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_of_an_option_that_does_not_fit_is_refused),
        cmocka_unit_test(an_option_has_its_direction_and_formats),
        cmocka_unit_test(a_path_tells_the_format),
        cmocka_unit_test(rows_come_out_in_the_order_of_the_key),
        cmocka_unit_test(a_table_is_made_with_the_columns_of_the_file),
        cmocka_unit_test(a_table_that_is_not_made_is_there),
        cmocka_unit_test(names_of_inserts_are_told_from_words),
    };

    return cmocka_run_group_tests(tests, make_schema, drop_schema);
}
