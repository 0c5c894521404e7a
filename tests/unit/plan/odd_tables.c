/* Tables with defaults that are damaged, and with more columns than a hint can name. */
#include "fixture.h"

static const struct {
    const char *default_text; /* of an int */
    enum ssql_code code;
    const char *message, *hint;
} DAMAGES[] = {
    {"1 +", SSQL_CORRUPT, "the stored default of column \"x\" cannot be read", ""},
    {"?", SSQL_CORRUPT, "the stored default of column \"x\" cannot be read", ""},
    {"1, 2", SSQL_CORRUPT, "the stored default of column \"x\" cannot be read", ""},
    {"'text'", SSQL_TYPE_MISMATCH, "column \"x\" is int, but the value is string", ""},
    {"not 1", SSQL_TYPE_MISMATCH, "a condition must be bool, but this is int",
     "compare it with something, as in a == 1"},
    {"nothing", SSQL_UNKNOWN_COLUMN, "unknown column \"nothing\": no column can stand here",
     "a default is the same for all rows; a string needs quotes: 'nothing'"},
    {"nothing + 1", SSQL_UNKNOWN_COLUMN, "unknown column \"nothing\": no column can stand here",
     "a default is the same for all rows; a string needs quotes: 'nothing'"},
    {"count(*)", SSQL_BAD_GROUPING, "the aggregate count cannot stand in a default", ""},
    {"length(1)", SSQL_UNKNOWN_FUNCTION, "length does not take (int)",
     "it is length(string); cast(... as string) converts"},
};

enum { DAMAGE_COUNT = sizeof DAMAGES / sizeof *DAMAGES, WIDE_COLUMNS = 30, NAME_SIZE = 20 };

static int make_odd_schema(void **state)
{
    static const uint16_t key[] = {0};
    static struct table_schema tables[DAMAGE_COUNT + 1];
    static struct column_schema damaged[DAMAGE_COUNT][2], wide[WIDE_COLUMNS];
    static char names[DAMAGE_COUNT + WIDE_COLUMNS][NAME_SIZE];

    (void)state;
    for (int i = 0; i < DAMAGE_COUNT; i++) {
        sprintf(names[i], "damaged%d", i);
        damaged[i][0] = USERS_COLUMNS[0];
        damaged[i][1] = (struct column_schema){
            .name = NAMED("x"), .type = SSQL_TYPE_INT, .default_text = slice_of(DAMAGES[i].default_text)};
        tables[i] = (struct table_schema){.id = 20 + (uint32_t)i,
                                          .name = slice_of(names[i]),
                                          .column_count = 2,
                                          .visible_count = 2,
                                          .columns = damaged[i],
                                          .key_count = 1,
                                          .key_columns = key};
    }
    for (int i = 0; i < WIDE_COLUMNS; i++) {
        char *name = names[DAMAGE_COUNT + i];
        sprintf(name, "measure%02d", i);
        wide[i] = (struct column_schema){
            .name = slice_of(name), .type = SSQL_TYPE_INT, .is_key = i == 0, .is_not_null = i == 0};
    }
    tables[DAMAGE_COUNT] = (struct table_schema){.id = 19,
                                                 .name = NAMED("wide"),
                                                 .column_count = WIDE_COLUMNS,
                                                 .visible_count = WIDE_COLUMNS,
                                                 .columns = wide,
                                                 .key_count = 1,
                                                 .key_columns = key};
    return schema_create(tables, DAMAGE_COUNT + 1, &schema, NULL) && parser_create(&parser, NULL) ? 0 : -1;
}

/* Nothing of the statement is at fault: no place is told. */
static void a_damaged_default_is_an_error_where_it_is_wanted(void **state)
{
    char text[100];

    (void)state;
    for (int i = 0; i < DAMAGE_COUNT; i++) {
        sprintf(text, "insert into damaged%d (id) values (1)", i);
        expect_error(text, DAMAGES[i].code, "", DAMAGES[i].message, DAMAGES[i].hint);
        sprintf(text, "insert into damaged%d default values", i);
        expect_error(text, DAMAGES[i].code, "", DAMAGES[i].message, DAMAGES[i].hint);
        sprintf(text, "update damaged%d set x = default", i);
        expect_error(text, DAMAGES[i].code, "", DAMAGES[i].message, DAMAGES[i].hint);
        sprintf(text, "insert into damaged%d (id) select 1", i);
        expect_error(text, DAMAGES[i].code, "", DAMAGES[i].message, DAMAGES[i].hint);
        sprintf(text, "copy damaged%d from stdin", i);
        expect_error(text, DAMAGES[i].code, "", DAMAGES[i].message, DAMAGES[i].hint);
    }
}

static void a_damaged_default_is_in_the_way_of_nothing_else(void **state)
{
    (void)state;
    expect_plan("insert into damaged0 values (1, 2)", "insert into damaged0\n  values (1 row)");
    expect_plan("select x from damaged0", "scan damaged0 (all rows; columns x)");
}

static void a_hint_names_no_more_columns_than_fit(void **state)
{
    (void)state;
    expect_error("select nothing from wide", SSQL_UNKNOWN_COLUMN, "nothing", "unknown column \"nothing\" in wide",
                 "\"describe wide\" lists its columns");
    expect_error("select 1 from wide where measure01 == nothing", SSQL_UNKNOWN_COLUMN, "nothing",
                 "unknown column \"nothing\" in wide", "a string needs quotes: 'nothing'");
    expect_error("insert into wide values (1)", SSQL_VALUE_COUNT, "(1)", "1 value, but 30 columns of wide are wanted",
                 "\"describe wide\" lists its columns");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_damaged_default_is_an_error_where_it_is_wanted),
        cmocka_unit_test(a_damaged_default_is_in_the_way_of_nothing_else),
        cmocka_unit_test(a_hint_names_no_more_columns_than_fit),
    };

    return cmocka_run_group_tests(tests, make_odd_schema, drop_schema);
}
