/* What a salvage has left of the catalog is made to agree with the tables that storage has: rows that fit stay, names
 * that are lost are made up and told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "catalog/catalog_repair.h"
#include "catalog/system_rows.h"
#include "catalog/system_tables.h"

static struct engine *engine;
static struct transaction *transaction; /* of the damage */
static struct ssql_error error;
static char told[1024]; /* "16: text\n" for each loss */

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
    fixture_close(engine);
    return 0;
}

/* A table of three ints with the key (b, a), as good_rows has it; ids count from FIRST_USER_TABLE. */
static uint32_t store(const struct table_layout *layout)
{
    static const struct table_layout three_ints = {.column_count = COLUMNS,
                                                   .key_count = 2,
                                                   .types = {SSQL_TYPE_INT, SSQL_TYPE_INT, SSQL_TYPE_INT},
                                                   .key_columns = {1, 0}};
    uint32_t id;

    assert_true(transaction_create_table(transaction, layout == NULL ? &three_ints : layout, &id, &error));
    return id;
}

static void put_rows(const struct rows *rows)
{
    put(transaction, SYSTEM_TABLE_TABLES, rows->table);
    for (uint32_t i = 0; i < rows->column_count; i++)
        put(transaction, SYSTEM_TABLE_COLUMNS, rows->columns[i]);
}

static void note(void *context, uint32_t table_id, const char *text)
{
    size_t used = strlen(told);

    (void)context;
    snprintf(told + used, sizeof told - used, "%u: %s\n", table_id, text);
}

/* Commits the damage, repairs it, and reads what is there then. A second repair has nothing to do. */
static struct schema *repair(const char *expected)
{
    struct schema *schema;

    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    told[0] = '\0';
    assert_true(catalog_repair(engine, note, NULL, &error));
    assert_string_equal(told, expected);
    transaction = fixture_begin(engine, TRANSACTION_READ);
    assert_true(system_tables_read(transaction, &schema, &error));
    fixture_rollback(transaction);
    told[0] = '\0';
    assert_true(catalog_repair(engine, note, NULL, &error));
    assert_string_equal(told, "");
    return schema;
}

static void assert_column(const struct table_schema *table, uint32_t position, const char *name)
{
    if (!slice_equal(table->columns[position].name, slice_of(name)))
        fail_msg("column %u is \"%.*s\"", position, SLICE_PRINT(table->columns[position].name));
}

static void what_is_right_stays_as_it_is(void **state)
{
    struct rows rows = good_rows();

    (void)state;
    store(NULL);
    rows.columns[2][COLUMNS_DEFAULT] = value_string(slice_of("7"));
    rows.columns[2][COLUMNS_NOT_NULL] = value_bool(true);
    put_rows(&rows);
    struct schema *schema = repair("");
    const struct table_schema *table = schema_find_table(schema, slice_of("t"));
    assert_non_null(table);
    assert_int_equal(table->id, ID);
    assert_true(slice_equal(table->columns[2].default_text, slice_of("7")));
    assert_true(table->columns[2].is_not_null);
    schema_release(schema);
}

static void tables_without_a_catalog_get_names(void **state)
{
    (void)state;
    store(NULL);
    store(NULL);
    struct schema *schema = repair("16: the table's name is lost: it is called \"salvaged_16\"\n"
                                   "16: what 3 of its 3 columns were called is lost, and their defaults\n"
                                   "17: the table's name is lost: it is called \"salvaged_17\"\n"
                                   "17: what 3 of its 3 columns were called is lost, and their defaults\n");
    const struct table_schema *table = schema_find_table(schema, slice_of("salvaged_17"));
    assert_non_null(table);
    assert_column(table, 0, "c1");
    assert_column(table, 2, "c3");
    assert_int_equal(table->key_count, 2);
    assert_int_equal(table->key_columns[0], 1);
    assert_true(table->columns[0].is_key && table->columns[0].is_not_null);
    assert_false(table->columns[2].is_key || table->columns[2].is_not_null);
    schema_release(schema);
}

static void a_name_that_is_made_up_is_nobody_elses(void **state)
{
    struct rows rows = good_rows();

    (void)state;
    store(NULL);
    store(NULL);
    rows.table[TABLES_KEY] = rows.table[TABLES_NAME] = value_string(slice_of("salvaged_17"));
    rows.columns[0][COLUMNS_NAME] = value_string(slice_of("C2"));
    rows.columns[1][COLUMNS_NAME] = value_null(SSQL_TYPE_STRING);
    put_rows(&rows);
    struct schema *schema = repair("16: what 1 of its 3 columns were called is lost, and their defaults\n"
                                   "17: the table's name is lost: it is called \"salvaged_17_2\"\n"
                                   "17: what 3 of its 3 columns were called is lost, and their defaults\n");
    const struct table_schema *table = schema_find_table(schema, slice_of("salvaged_17"));
    assert_non_null(table);
    assert_int_equal(table->id, ID);
    assert_column(table, 0, "C2");
    assert_column(table, 1, "c2_2");
    assert_column(table, 2, "c");
    assert_non_null(schema_find_table(schema, slice_of("salvaged_17_2")));
    schema_release(schema);
}

static void a_column_that_does_not_fit_is_not_believed(void **state)
{
    static const int places[] = {COLUMNS_NAME, COLUMNS_TYPE, COLUMNS_TYPE, COLUMNS_NOT_NULL};
    const struct value spoiled[] = {value_string(slice_of("\xFF")), value_null(SSQL_TYPE_INT),
                                    value_int(SSQL_TYPE_STRING), value_null(SSQL_TYPE_BOOL)};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct rows rows = good_rows();
        if (i > 0) {
            tear_down(NULL);
            set_up(NULL);
        }
        store(NULL);
        rows.columns[2][places[i]] = spoiled[i];
        rows.columns[2][COLUMNS_DEFAULT] = value_string(slice_of("7"));
        put_rows(&rows);
        struct schema *schema = repair("16: what 1 of its 3 columns were called is lost, and their defaults\n");
        const struct table_schema *table = schema_find_table(schema, slice_of("t"));
        assert_column(table, 1, "b");
        assert_column(table, 2, "c3");
        assert_int_equal(table->columns[2].type, SSQL_TYPE_INT);
        assert_int_equal(table->columns[2].default_text.size, 0);
        schema_release(schema);
    }
}

static void a_table_whose_rows_are_lost_is_told_and_forgotten(void **state)
{
    struct rows rows = good_rows();

    (void)state;
    store(NULL);
    rows.table[TABLES_ID] = value_int(99);
    put_rows(&rows);
    rows.table[TABLES_KEY] = value_string(slice_of("u"));
    rows.table[TABLES_ID] = value_null(SSQL_TYPE_INT); /* nobody's */
    put(transaction, SYSTEM_TABLE_TABLES, rows.table);
    struct schema *schema = repair("0: the table \"t\" is lost, with all its rows\n"
                                   "16: the table's name is lost: it is called \"salvaged_16\"\n");
    assert_int_equal(schema_table_count(schema), 1);
    assert_null(schema_find_table(schema, slice_of("t")));
    schema_release(schema);
}

static void a_table_whose_name_is_none_gets_one(void **state)
{
    static char long_name[NAME_SIZE_MOST + 2];
    memset(long_name, 'n', NAME_SIZE_MOST + 1);
    const struct value names[] = {value_null(SSQL_TYPE_STRING), value_string(slice_of("")),
                                  value_string(slice_of(long_name))};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct rows rows = good_rows();
        if (i > 0) {
            tear_down(NULL);
            set_up(NULL);
        }
        store(NULL);
        rows.table[TABLES_NAME] = names[i];
        put_rows(&rows);
        struct schema *schema = repair("16: the table's name is lost: it is called \"salvaged_16\"\n");
        assert_int_equal(schema_table_count(schema), 1);
        assert_column(schema_table(schema, 0), 0, "a");
        schema_release(schema);
    }
}

/* A row number is hidden where the catalog says so and storage can have it. */
static void a_hidden_key_is_believed_where_it_can_be(void **state)
{
    const struct value hidden[] = {value_bool(true), value_bool(false), value_null(SSQL_TYPE_BOOL)};
    static const struct {
        struct table_layout layout;
        bool can_be;
    } cases[] = {
        {{.column_count = 3, .key_count = 1, .types = {1, 1, 1}, .key_columns = {2}}, true},
        {{.column_count = 3, .key_count = 1, .types = {1, 1, 1}, .key_columns = {1}}, false},
        {{.column_count = 3, .key_count = 2, .types = {1, 1, 1}, .key_columns = {2, 1}}, false},
        {{.column_count = 3, .key_count = 1, .types = {1, 1, 2}, .key_columns = {2}}, false},
        {{.column_count = 1, .key_count = 1, .types = {1}, .key_columns = {0}}, false},
    };

    (void)state;
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int says = 0; says < 3; says++) {
            struct rows rows = good_rows();
            struct schema *schema;
            tear_down(NULL);
            set_up(NULL);
            store(&cases[i].layout);
            rows.table[TABLES_HAS_HIDDEN_KEY] = hidden[says];
            put(transaction, SYSTEM_TABLE_TABLES, rows.table);
            assert_int_equal(fixture_commit(transaction), SSQL_OK);
            assert_true(catalog_repair(engine, note, NULL, &error));
            transaction = fixture_begin(engine, TRANSACTION_READ);
            assert_true(system_tables_read(transaction, &schema, &error));
            fixture_rollback(transaction);
            const struct table_schema *table = schema_find_table(schema, slice_of("t"));
            assert_int_equal(table->has_hidden_key, cases[i].can_be && says == 0);
            assert_int_equal(table->key_count, cases[i].layout.key_count);
            schema_release(schema);
        }
    }
}

static void columns_of_tables_that_are_gone_go(void **state)
{
    struct rows rows = good_rows();

    (void)state;
    store(NULL);
    put_rows(&rows);
    for (int i = 0; i < 100; i++) {
        rows.columns[0][COLUMNS_TABLE_ID] = value_int(ID + 1);
        rows.columns[0][COLUMNS_POSITION] = value_int(i);
        put(transaction, SYSTEM_TABLE_COLUMNS, rows.columns[0]);
    }
    struct schema *schema = repair(""); /* nothing of what there is was lost */
    assert_int_equal(schema_table_count(schema), 1);
    schema_release(schema);
}

static void system_tables_of_other_columns_are_not_repaired(void **state)
{
    (void)state;
    for (uint32_t id = SYSTEM_TABLE_TABLES; id <= SYSTEM_TABLE_COLUMNS; id++) {
        struct table_layout layout = layout_of(id);
        if (id > SYSTEM_TABLE_TABLES) {
            tear_down(NULL);
            set_up(NULL);
        }
        layout.column_count--;
        assert_true(transaction_create_table_as(transaction, id, &layout, &error));
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
        assert_false(catalog_repair(engine, note, NULL, &error));
        assert_int_equal(error.code, SSQL_CORRUPT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(what_is_right_stays_as_it_is),
        TEST(tables_without_a_catalog_get_names),
        TEST(a_name_that_is_made_up_is_nobody_elses),
        TEST(a_column_that_does_not_fit_is_not_believed),
        TEST(a_table_whose_rows_are_lost_is_told_and_forgotten),
        TEST(a_table_whose_name_is_none_gets_one),
        TEST(a_hidden_key_is_believed_where_it_can_be),
        TEST(columns_of_tables_that_are_gone_go),
        TEST(system_tables_of_other_columns_are_not_repaired),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
