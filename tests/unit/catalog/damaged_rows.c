/* Rows of the system tables that contradict themselves or each other: reading says what is wrong, and believes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "catalog/system_rows.h"
#include "catalog/system_tables.h"

static struct engine *engine;
static struct transaction *transaction;
static struct ssql_error error;

static int set_up(void **state)
{
    struct engine_options options = fixture_options(false);

    (void)state;
    error_clear(&error);
    engine = fixture_open(fixture_volume(), &options);
    transaction = fixture_begin(engine, TRANSACTION_WRITE);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_rollback(transaction);
    fixture_close(engine);
    return 0;
}

static void put_rows(const struct rows *rows)
{
    put(transaction, SYSTEM_TABLE_TABLES, rows->table);
    for (uint32_t i = 0; i < rows->column_count; i++)
        put(transaction, SYSTEM_TABLE_COLUMNS, rows->columns[i]);
}

/* In a transaction of its own, which is rolled back. */
static void assert_refused(const struct rows *rows, enum ssql_code code, const char *part)
{
    struct schema *schema = (struct schema *)1;

    fixture_rollback(transaction);
    transaction = fixture_begin(engine, TRANSACTION_WRITE);
    put_rows(rows);
    error_clear(&error);
    assert_false(system_tables_read(transaction, &schema, &error));
    assert_null(schema);
    assert_int_equal(error.code, code);
    if (strstr(error.message, part) == NULL)
        fail_msg("\"%s\" instead of \"%s\"", error.message, part);
}

static void good_rows_are_read(void **state)
{
    struct rows rows = good_rows();
    struct schema *schema;

    (void)state;
    put_rows(&rows);
    assert_true(system_tables_read(transaction, &schema, &error));
    assert_int_equal(schema_table_count(schema), 1);
    const struct table_schema *table = schema_table(schema, 0);
    assert_int_equal(table->column_count, COLUMNS);
    assert_int_equal(table->key_count, 2);
    assert_int_equal(table->key_columns[0], 1);
    assert_int_equal(table->key_columns[1], 0);
    schema_release(schema);
}

static void a_null_where_none_may_be_is_damage(void **state)
{
    (void)state;
    for (int i = TABLES_VERSION; i < TABLES_COLUMNS; i++) {
        struct rows rows = good_rows();
        rows.table[i] = value_null((enum ssql_type)layout_of(SYSTEM_TABLE_TABLES).types[i]);
        assert_refused(&rows, SSQL_CORRUPT, "a table's row has a null");
    }
    static const int places[] = {COLUMNS_TYPE, COLUMNS_NOT_NULL};
    for (int i = 0; i < 2; i++) {
        struct rows rows = good_rows();
        rows.columns[1][places[i]] = value_null((enum ssql_type)layout_of(SYSTEM_TABLE_COLUMNS).types[places[i]]);
        assert_refused(&rows, SSQL_CORRUPT, "a column's row has a null");
    }
}

static void a_newer_version_is_not_guessed_at(void **state)
{
    struct rows rows = good_rows();

    (void)state;
    rows.table[TABLES_VERSION] = value_int(CATALOG_VERSION + 1);
    assert_refused(&rows, SSQL_CANNOT_OPEN, "newer ssql (version 2");
}

static void names_that_are_none_are_damage(void **state)
{
    static char long_name[NAME_SIZE_MOST + 2];
    memset(long_name, 'n', NAME_SIZE_MOST + 1);
    const struct value names[] = {value_string(slice_of("")), value_string(slice_of(long_name)),
                                  value_string(slice_of("\xC3("))};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct rows rows = good_rows();
        rows.table[TABLES_KEY] = rows.table[TABLES_NAME] = names[i];
        assert_refused(&rows, SSQL_CORRUPT, "a table's name is none");
        rows = good_rows();
        rows.columns[2][COLUMNS_NAME] = names[i];
        assert_refused(&rows, SSQL_CORRUPT, "a column's name is none");
    }
    struct rows rows = good_rows();
    rows.columns[2][COLUMNS_NAME] = value_null(SSQL_TYPE_STRING);
    assert_refused(&rows, SSQL_CORRUPT, "a column's name is none");
    rows = good_rows();
    rows.table[TABLES_KEY] = value_string(slice_of("u"));
    assert_refused(&rows, SSQL_CORRUPT, "a table's name is none");
}

static void numbers_out_of_their_range_are_damage(void **state)
{
    static const int64_t ids[] = {FIRST_USER_TABLE - 1, (int64_t)UINT32_MAX + 1};
    static const int64_t counts[] = {0, COLUMNS_MOST + 1};
    static const int64_t types[] = {SSQL_TYPE_NULL, SSQL_TYPE_FLOAT + 1};
    static const int64_t places[] = {-1, KEY_COLUMNS_MOST};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct rows rows = good_rows();
        rows.table[TABLES_ID] = value_int(ids[i]);
        assert_refused(&rows, SSQL_CORRUPT, "a table's id is out of range");
        rows = good_rows();
        rows.table[TABLES_COLUMN_COUNT] = value_int(counts[i]);
        assert_refused(&rows, SSQL_CORRUPT, "a table's number of columns is out of range");
        rows = good_rows();
        rows.columns[1][COLUMNS_TYPE] = value_int(types[i]);
        assert_refused(&rows, SSQL_CORRUPT, "a column's type is unknown");
        rows = good_rows();
        rows.columns[1][COLUMNS_KEY_PLACE] = value_int(places[i]);
        assert_refused(&rows, SSQL_CORRUPT, "a key column's place is out of range");
    }
}

static void columns_fit_their_tables(void **state)
{
    struct rows rows = good_rows();

    (void)state;
    rows.columns[0][COLUMNS_TABLE_ID] = value_int(ID + 1); /* it comes behind the others */
    assert_refused(&rows, SSQL_CORRUPT, "columns and tables do not fit");
    rows = good_rows();
    rows.columns[2][COLUMNS_POSITION] = value_int(3);
    assert_refused(&rows, SSQL_CORRUPT, "columns and tables do not fit");
    rows = good_rows();
    rows.table[TABLES_COLUMN_COUNT] = value_int(2); /* one column too many */
    assert_refused(&rows, SSQL_CORRUPT, "columns and tables do not fit");
    rows = good_rows();
    rows.columns[2][COLUMNS_TABLE_ID] = value_int(ID + 1);
    rows.table[TABLES_COLUMN_COUNT] = value_int(2); /* a column of a table that does not exist */
    assert_refused(&rows, SSQL_CORRUPT, "columns and tables do not fit");
    rows = good_rows();
    rows.column_count = 2;
    assert_refused(&rows, SSQL_CORRUPT, "columns of a table are missing");
    rows = good_rows();
    rows.column_count = 0;
    assert_refused(&rows, SSQL_CORRUPT, "a system table is missing");
}

static void a_second_table_without_columns_is_damage(void **state)
{
    struct rows rows = good_rows();
    struct schema *schema;

    (void)state;
    put_rows(&rows);
    rows.table[TABLES_KEY] = rows.table[TABLES_NAME] = value_string(slice_of("u"));
    rows.table[TABLES_ID] = value_int(ID + 1);
    put(transaction, SYSTEM_TABLE_TABLES, rows.table);
    assert_false(system_tables_read(transaction, &schema, &error));
    assert_string_equal(error.message, "the catalog is damaged: columns of a table are missing");
}

static void a_key_names_each_of_its_columns_once(void **state)
{
    struct rows rows = good_rows();

    (void)state;
    rows.columns[0][COLUMNS_KEY_PLACE] = rows.columns[1][COLUMNS_KEY_PLACE] = value_null(SSQL_TYPE_INT);
    assert_refused(&rows, SSQL_CORRUPT, "a table's key is none");
    rows = good_rows();
    rows.columns[1][COLUMNS_KEY_PLACE] = value_int(1); /* which is column 0's */
    assert_refused(&rows, SSQL_CORRUPT, "a place in a key is taken twice");
    rows = good_rows();
    rows.columns[1][COLUMNS_KEY_PLACE] = value_int(2); /* the first place is nobody's */
    assert_refused(&rows, SSQL_CORRUPT, "a table's key is none");
}

static void a_key_has_not_more_columns_than_places(void **state)
{
    struct schema *schema;
    struct rows rows = good_rows();
    char name[16];

    (void)state;
    rows.table[TABLES_COLUMN_COUNT] = value_int(KEY_COLUMNS_MOST + 1);
    put(transaction, SYSTEM_TABLE_TABLES, rows.table);
    for (int i = 0; i <= KEY_COLUMNS_MOST; i++) {
        struct value *column = rows.columns[0];
        snprintf(name, sizeof name, "c%d", i);
        column[COLUMNS_POSITION] = value_int(i);
        column[COLUMNS_NAME] = value_string(slice_of(name));
        column[COLUMNS_KEY_PLACE] = value_int(i % KEY_COLUMNS_MOST);
        put(transaction, SYSTEM_TABLE_COLUMNS, column);
    }
    assert_false(system_tables_read(transaction, &schema, &error));
    assert_string_equal(error.message, "the catalog is damaged: a place in a key is taken twice");
}

/* A hidden key is the last column, the only one in the key, and an int. */
static void a_hidden_key_is_as_it_is_made(void **state)
{
    struct rows hidden = good_rows();
    struct schema *schema;

    (void)state;
    hidden.table[TABLES_HAS_HIDDEN_KEY] = value_bool(true);
    hidden.columns[0][COLUMNS_KEY_PLACE] = hidden.columns[1][COLUMNS_KEY_PLACE] = value_null(SSQL_TYPE_INT);
    hidden.columns[2][COLUMNS_KEY_PLACE] = value_int(0);
    put_rows(&hidden);
    assert_true(system_tables_read(transaction, &schema, &error));
    assert_int_equal(schema_table(schema, 0)->visible_count, 2);
    schema_release(schema);

    struct rows rows = good_rows();
    rows.table[TABLES_HAS_HIDDEN_KEY] = value_bool(true); /* two columns in the key */
    assert_refused(&rows, SSQL_CORRUPT, "a table's key is none");
    rows = hidden;
    rows.columns[2][COLUMNS_KEY_PLACE] = value_null(SSQL_TYPE_INT);
    rows.columns[1][COLUMNS_KEY_PLACE] = value_int(0); /* not the last */
    assert_refused(&rows, SSQL_CORRUPT, "a table's key is none");
    rows = hidden;
    rows.columns[2][COLUMNS_TYPE] = value_int(SSQL_TYPE_STRING);
    assert_refused(&rows, SSQL_CORRUPT, "a table's key is none");
    rows = hidden;
    rows.column_count = 1; /* nothing but the hidden one */
    rows.table[TABLES_COLUMN_COUNT] = value_int(1);
    rows.columns[0][COLUMNS_KEY_PLACE] = value_int(0);
    assert_refused(&rows, SSQL_CORRUPT, "a table's key is none");
}

static void system_tables_have_the_columns_that_they_should(void **state)
{
    static const struct table_schema any = {.id = ID, .name = {.data = (const uint8_t *)"t", .size = 1}};

    (void)state;
    for (int i = 0; i < 8; i++) {
        uint32_t id = i < 4 ? SYSTEM_TABLE_TABLES : SYSTEM_TABLE_COLUMNS;
        struct table_layout layout = layout_of(id);
        struct schema *schema;
        struct table *table;
        layout.column_count -= i % 4 == 0;
        layout.key_count += i % 4 == 1;
        layout.key_columns[1] = i % 4 == 1 ? TABLES_NAME : layout.key_columns[1];
        layout.types[4] = i % 4 == 2 ? SSQL_TYPE_FLOAT : layout.types[4];
        layout.key_columns[0] = i % 4 == 3 ? TABLES_NAME : layout.key_columns[0];
        if (id == SYSTEM_TABLE_COLUMNS && i % 4 == 1)
            layout.key_columns[2] = COLUMNS_NAME;
        if (id == SYSTEM_TABLE_COLUMNS)
            layout.key_columns[1] = COLUMNS_POSITION;
        fixture_rollback(transaction);
        transaction = fixture_begin(engine, TRANSACTION_WRITE);
        assert_true(transaction_create_table_as(transaction, id, &layout, &error));
        system_table(transaction, SYSTEM_TABLE_TABLES); /* the other one is as it should be */
        error_clear(&error);
        assert_false(system_tables_find(transaction, id, &table, &error));
        assert_string_equal(error.message, "the catalog is damaged: a system table has other columns than it should");
        assert_false(system_tables_read(transaction, &schema, &error));
        assert_int_equal(error.code, SSQL_CORRUPT);
        assert_false(system_tables_add(transaction, &any, &error));
        assert_int_equal(error.code, SSQL_CORRUPT);
        assert_false(system_tables_remove(transaction, &any, &error));
        assert_int_equal(error.code, SSQL_CORRUPT);
    }
}

static void stray_columns_are_not_taken_over(void **state)
{
    struct rows rows = good_rows();
    const uint16_t keys[] = {0};
    struct column_schema columns[2] = {{.name = slice_of("a"), .type = SSQL_TYPE_INT, .is_key = true},
                                       {.name = slice_of("b"), .type = SSQL_TYPE_INT}};
    const struct table_schema table = {.id = ID,
                                       .name = slice_of("t"),
                                       .column_count = 2,
                                       .visible_count = 2,
                                       .columns = columns,
                                       .key_count = 1,
                                       .key_columns = keys};

    (void)state;
    put(transaction, SYSTEM_TABLE_COLUMNS, rows.columns[1]);
    assert_false(system_tables_add(transaction, &table, &error));
    assert_string_equal(error.message, "the catalog is damaged: columns of a table that does not exist");
}

static void what_is_not_there_is_not_removed(void **state)
{
    static const struct table_schema any = {.id = ID, .name = {.data = (const uint8_t *)"t", .size = 1}};

    (void)state;
    assert_false(system_tables_remove(transaction, &any, &error));
    assert_string_equal(error.message, "the catalog is damaged: a system table is missing");
    system_table(transaction, SYSTEM_TABLE_TABLES);
    assert_false(system_tables_remove(transaction, &any, &error));
    assert_string_equal(error.message, "the catalog is damaged: a system table is missing");
}

static void columns_without_any_table_are_damage(void **state)
{
    struct rows rows = good_rows();
    struct schema *schema;

    (void)state;
    system_table(transaction, SYSTEM_TABLE_TABLES);
    put(transaction, SYSTEM_TABLE_COLUMNS, rows.columns[0]);
    assert_false(system_tables_read(transaction, &schema, &error));
    assert_string_equal(error.message, "the catalog is damaged: columns and tables do not fit");
}

static void a_reader_adds_nothing(void **state)
{
    static const struct table_schema any = {.id = ID, .name = {.data = (const uint8_t *)"t", .size = 1}};

    (void)state;
    system_table(transaction, SYSTEM_TABLE_TABLES);
    system_table(transaction, SYSTEM_TABLE_COLUMNS);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    transaction = fixture_begin(engine, TRANSACTION_READ);
    assert_false(system_tables_add(transaction, &any, &error));
    assert_int_equal(error.code, SSQL_READ_ONLY);
}

static void a_name_is_there_once(void **state)
{
    struct rows rows = good_rows();
    const struct table_schema same = {.id = ID + 1, .name = slice_of("T")};

    (void)state;
    put_rows(&rows);
    assert_false(system_tables_add(transaction, &same, &error));
    assert_int_equal(error.code, SSQL_TABLE_EXISTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(good_rows_are_read),
        TEST(a_null_where_none_may_be_is_damage),
        TEST(a_newer_version_is_not_guessed_at),
        TEST(names_that_are_none_are_damage),
        TEST(numbers_out_of_their_range_are_damage),
        TEST(columns_fit_their_tables),
        TEST(a_second_table_without_columns_is_damage),
        TEST(a_key_names_each_of_its_columns_once),
        TEST(a_key_has_not_more_columns_than_places),
        TEST(a_hidden_key_is_as_it_is_made),
        TEST(system_tables_have_the_columns_that_they_should),
        TEST(stray_columns_are_not_taken_over),
        TEST(what_is_not_there_is_not_removed),
        TEST(columns_without_any_table_are_damage),
        TEST(a_reader_adds_nothing),
        TEST(a_name_is_there_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
