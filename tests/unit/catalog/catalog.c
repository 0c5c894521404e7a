/* Schemas in the storage: what a transaction sees of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/catalog.h"
#include "catalog/catalog_format.h"
#include "support/engine_fixture.h"

#define NAMED(text)                                                                                                    \
    {                                                                                                                  \
        .data = (const uint8_t *)(text), .size = sizeof(text) - 1                                                      \
    }

static const struct column_schema COLUMNS[] = {
    {.name = NAMED("Id"), .type = SSQL_TYPE_INT},
    {.name = NAMED("name"), .type = SSQL_TYPE_STRING, .is_not_null = true, .default_text = NAMED("'x'")},
    {.name = NAMED("score"), .type = SSQL_TYPE_FLOAT},
};
static const uint16_t KEY[] = {2, 0};

static struct volume *volume;
static struct engine *engine;
static struct catalog *catalog;
static struct catalog_view *view;

static void open_catalog(void)
{
    struct engine_options options = fixture_options(false);

    engine = fixture_open(volume, &options);
    assert_true(catalog_create(engine, &catalog, NULL));
    assert_true(catalog_view_create(catalog, &view, NULL));
}

static int make_catalog(void **state)
{
    (void)state;
    volume = fixture_volume();
    open_catalog();
    return 0;
}

static int drop_catalog(void **state)
{
    (void)state;
    catalog_view_destroy(view);
    catalog_destroy(catalog);
    fixture_close(engine);
    return 0;
}

static struct table_definition definition_of(const char *name, uint32_t key_count)
{
    return (struct table_definition){
        .name = slice_of(name), .column_count = 3, .columns = COLUMNS, .key_count = key_count, .key_columns = KEY};
}

static void create(struct transaction *transaction, const char *name, uint32_t key_count)
{
    struct table_definition definition = definition_of(name, key_count);

    transaction_mark(transaction);
    assert_true(catalog_create_table(view, transaction, &definition, NULL));
}

static void create_committed(const char *name, uint32_t key_count)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    create(transaction, name, key_count);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

static const struct table_schema *find(struct catalog_view *from, struct transaction *transaction, const char *name)
{
    struct schema *schema = NULL;

    assert_true(catalog_view_schema(from, transaction, &schema, NULL));
    return schema_find_table(schema, slice_of(name));
}

static bool is_there(const char *name)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
    bool is_found = find(view, transaction, name) != NULL;

    fixture_rollback(transaction);
    return is_found;
}

static void a_new_database_has_no_tables(void **state)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
    struct schema *schema;

    (void)state;
    assert_true(catalog_view_schema(view, transaction, &schema, NULL));
    assert_int_equal(schema_table_count(schema), 0);
    fixture_rollback(transaction);
}

static void check_table(const struct table_schema *table)
{
    assert_non_null(table);
    assert_true(table->id >= FIRST_USER_TABLE);
    assert_true(slice_equal(table->name, slice_of("Users")));
    assert_int_equal(table->column_count, 3);
    assert_int_equal(table->visible_count, 3);
    assert_int_equal(table->key_count, 2);
    assert_int_equal(table->key_columns[0], 2);
    assert_int_equal(table->key_columns[1], 0);
    assert_true(slice_equal(table->columns[0].name, slice_of("Id")));
    assert_true(table->columns[0].is_key && table->columns[0].is_not_null);
    assert_int_equal(table->columns[1].type, SSQL_TYPE_STRING);
    assert_true(table->columns[1].is_not_null && !table->columns[1].is_key);
    assert_true(slice_equal(table->columns[1].default_text, slice_of("'x'")));
    assert_int_equal(table->columns[2].default_text.size, 0);
    assert_false(table->has_hidden_key);
}

static void a_table_reads_back_as_it_was_made(void **state)
{
    struct catalog_view *other;

    (void)state;
    create_committed("Users", 2);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
    check_table(find(view, transaction, "uSERS"));
    assert_true(catalog_view_create(catalog, &other, NULL));
    check_table(find(other, transaction, "users"));
    catalog_view_destroy(other);
    fixture_rollback(transaction);
}

static void a_table_without_key_gets_a_hidden_one(void **state)
{
    (void)state;
    create_committed("notes", 0);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
    const struct table_schema *table = find(view, transaction, "notes");
    assert_true(table->has_hidden_key);
    assert_int_equal(table->column_count, 4);
    assert_int_equal(table->visible_count, 3);
    assert_int_equal(table->key_columns[0], 3);
    assert_true(table->columns[3].is_hidden);
    assert_int_equal(table_schema_find_column(table, table->columns[3].name), -1);
    fixture_rollback(transaction);
}

static void a_name_is_taken_whatever_its_case(void **state)
{
    struct table_definition definition = definition_of("USERS", 1);
    struct ssql_error error;

    (void)state;
    create_committed("users", 1);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    transaction_mark(transaction);
    assert_false(catalog_create_table(view, transaction, &definition, &error));
    assert_int_equal(error.code, SSQL_TABLE_EXISTS);
    assert_string_equal(error.message, "table \"USERS\" already exists");
    fixture_rollback(transaction);
    catalog_view_forget(view);
}

static void own_changes_are_seen_before_the_commit_by_nobody_else(void **state)
{
    struct catalog_view *other;

    (void)state;
    assert_true(catalog_view_create(catalog, &other, NULL));
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    create(transaction, "fresh", 1);
    assert_non_null(find(view, transaction, "fresh"));
    struct transaction *elsewhere = fixture_begin(engine, TRANSACTION_READ);
    assert_null(find(other, elsewhere, "fresh"));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_null(find(other, elsewhere, "fresh"));
    fixture_rollback(elsewhere);
    elsewhere = fixture_begin(engine, TRANSACTION_READ);
    assert_non_null(find(other, elsewhere, "fresh"));
    fixture_rollback(elsewhere);
    catalog_view_destroy(other);
}

static void an_old_snapshot_does_not_spoil_later_ones(void **state)
{
    struct catalog_view *other;

    (void)state;
    create_committed("first", 1);
    assert_true(catalog_view_create(catalog, &other, NULL));
    struct transaction *old = fixture_begin(engine, TRANSACTION_READ);
    create_committed("second", 1);
    assert_null(find(other, old, "second"));
    assert_non_null(find(other, old, "first"));
    fixture_rollback(old);
    struct transaction *later = fixture_begin(engine, TRANSACTION_READ);
    assert_non_null(find(other, later, "second"));
    fixture_rollback(later);
    catalog_view_destroy(other);
}

static void a_rollback_takes_schema_changes_back(void **state)
{
    (void)state;
    create_committed("kept", 1);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    create(transaction, "gone", 1);
    transaction_mark(transaction);
    assert_true(catalog_drop_table(view, transaction, find(view, transaction, "kept"), NULL));
    assert_null(find(view, transaction, "kept"));
    fixture_rollback(transaction);
    catalog_view_forget(view);
    assert_true(is_there("kept"));
    assert_false(is_there("gone"));
}

static void an_undone_statement_keeps_the_changes_before_it(void **state)
{
    (void)state;
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    create(transaction, "before", 1);
    uint64_t mark = transaction_mark(transaction);
    create(transaction, "undone", 1);
    transaction_undo_to(transaction, mark);
    catalog_view_forget(view);
    transaction_mark(transaction);
    assert_null(find(view, transaction, "undone"));
    assert_non_null(find(view, transaction, "before"));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(is_there("before"));
    assert_false(is_there("undone"));
}

static void a_dropped_table_makes_room_for_another(void **state)
{
    (void)state;
    create_committed("users", 1);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    const struct table_schema *table = find(view, transaction, "users");
    uint32_t id = table->id;
    transaction_mark(transaction);
    assert_true(catalog_drop_table(view, transaction, table, NULL));
    create(transaction, "Users", 2);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    transaction = fixture_begin(engine, TRANSACTION_READ);
    table = find(view, transaction, "users");
    assert_int_not_equal(table->id, id);
    check_table(table);
    fixture_rollback(transaction);
}

static void a_table_that_is_gone_is_not_dropped_again(void **state)
{
    struct ssql_error error = {0};

    (void)state;
    create_committed("users", 1);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    const struct table_schema old = {.id = find(view, transaction, "users")->id, .name = slice_of("users")};
    transaction_mark(transaction);
    assert_true(catalog_drop_table(view, transaction, find(view, transaction, "users"), NULL));
    assert_false(catalog_drop_table(view, transaction, &old, &error));
    assert_int_equal(error.code, SSQL_UNKNOWN_TABLE);
    create(transaction, "users", 1); /* another one of that name */
    error_clear(&error);
    assert_false(catalog_drop_table(view, transaction, &old, &error));
    assert_string_equal(error.message, "unknown table \"users\"");
    fixture_rollback(transaction);
    catalog_view_forget(view);
}

static void only_one_of_two_creators_wins(void **state)
{
    struct table_definition definition = definition_of("users", 1);
    struct catalog_view *other;

    (void)state;
    create_committed("first", 1);
    assert_true(catalog_view_create(catalog, &other, NULL));
    struct transaction *one = fixture_begin(engine, TRANSACTION_WRITE);
    struct transaction *two = fixture_begin(engine, TRANSACTION_WRITE);
    create(one, "users", 1);
    transaction_mark(two);
    assert_true(catalog_create_table(other, two, &definition, NULL));
    assert_int_equal(fixture_commit(one), SSQL_OK);
    assert_int_equal(fixture_commit(two), SSQL_CONFLICT);
    catalog_view_forget(other);
    catalog_view_destroy(other);
}

static void the_same_schema_is_the_same_version(void **state)
{
    struct schema *schema;

    (void)state;
    create_committed("users", 1);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
    assert_true(catalog_view_schema(view, transaction, &schema, NULL));
    uint64_t version = schema_version(schema);
    fixture_rollback(transaction);
    transaction = fixture_begin(engine, TRANSACTION_READ);
    assert_true(catalog_view_schema(view, transaction, &schema, NULL));
    assert_int_equal(schema_version(schema), version);
    fixture_rollback(transaction);
    create_committed("others", 1);
    transaction = fixture_begin(engine, TRANSACTION_READ);
    assert_true(catalog_view_schema(view, transaction, &schema, NULL));
    assert_int_not_equal(schema_version(schema), version);
    fixture_rollback(transaction);
}

static void tables_are_there_after_a_crash(void **state)
{
    struct volume *after = NULL;

    (void)state;
    create_committed("Users", 2);
    assert_true(volume_memory_crash(volume, 0, &after, NULL));
    drop_catalog(NULL);
    volume = after;
    open_catalog();
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
    check_table(find(view, transaction, "users"));
    fixture_rollback(transaction);
}

static void many_tables_are_in_order(void **state)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct catalog_view *other;
    struct schema *schema;

    (void)state;
    for (int i = 0; i < 200; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", (i * 7) % 200);
        create(transaction, name, (uint32_t)i % 3);
    }
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(catalog_view_create(catalog, &other, NULL));
    transaction = fixture_begin(engine, TRANSACTION_READ);
    assert_true(catalog_view_schema(other, transaction, &schema, NULL));
    assert_int_equal(schema_table_count(schema), 200);
    for (uint32_t i = 1; i < 200; i++)
        assert_true(slice_compare(schema_table(schema, i - 1)->name, schema_table(schema, i)->name) < 0);
    fixture_rollback(transaction);
    catalog_view_destroy(other);
}

/* Puts a row into a system table as only damage could. */
static void put_row(uint32_t table_id, const struct value *row)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    transaction_mark(transaction);
    assert_true(transaction_put(transaction, transaction_table(transaction, table_id), row, NULL));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

static enum ssql_code code_of_reading(void)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);
    struct ssql_error error;
    struct schema *schema;

    error_clear(&error);
    (void)!catalog_view_schema(view, transaction, &schema, &error);
    fixture_rollback(transaction);
    return error.code;
}

static void rows_that_fit_no_table_are_damage(void **state)
{
    struct value column[COLUMNS_COLUMNS] = {
        value_int(999),    value_int(0), value_string(slice_of("a")), value_int(SSQL_TYPE_INT),
        value_bool(false), value_int(0), value_null(SSQL_TYPE_STRING)};

    (void)state;
    create_committed("users", 1);
    put_row(SYSTEM_TABLE_COLUMNS, column);
    /* The columns alone were touched: their table is read again with the next change. */
    struct value table[TABLES_COLUMNS] = {value_string(slice_of("x")),
                                          value_int(CATALOG_VERSION),
                                          value_int(77),
                                          value_string(slice_of("x")),
                                          value_int(2),
                                          value_bool(false)};
    put_row(SYSTEM_TABLE_TABLES, table);
    assert_int_equal(code_of_reading(), SSQL_CORRUPT);
}

static void a_newer_catalog_is_refused(void **state)
{
    struct value table[TABLES_COLUMNS] = {value_string(slice_of("x")),
                                          value_int(CATALOG_VERSION + 1),
                                          value_int(77),
                                          value_string(slice_of("x")),
                                          value_int(2),
                                          value_bool(false)};

    (void)state;
    create_committed("users", 1);
    put_row(SYSTEM_TABLE_TABLES, table);
    assert_int_equal(code_of_reading(), SSQL_CANNOT_OPEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_database_has_no_tables, make_catalog, drop_catalog),
        cmocka_unit_test_setup_teardown(a_table_reads_back_as_it_was_made, make_catalog, drop_catalog),
        cmocka_unit_test_setup_teardown(a_table_without_key_gets_a_hidden_one, make_catalog, drop_catalog),
        cmocka_unit_test_setup_teardown(a_name_is_taken_whatever_its_case, make_catalog, drop_catalog),
        cmocka_unit_test_setup_teardown(own_changes_are_seen_before_the_commit_by_nobody_else, make_catalog,
                                        drop_catalog),
        cmocka_unit_test_setup_teardown(an_old_snapshot_does_not_spoil_later_ones, make_catalog, drop_catalog),
        cmocka_unit_test_setup_teardown(a_rollback_takes_schema_changes_back, make_catalog, drop_catalog),
        cmocka_unit_test_setup_teardown(an_undone_statement_keeps_the_changes_before_it, make_catalog, drop_catalog),
        cmocka_unit_test_setup_teardown(a_dropped_table_makes_room_for_another, make_catalog, drop_catalog),
        cmocka_unit_test_setup_teardown(a_table_that_is_gone_is_not_dropped_again, make_catalog, drop_catalog),
        cmocka_unit_test_setup_teardown(only_one_of_two_creators_wins, make_catalog, drop_catalog),
        cmocka_unit_test_setup_teardown(the_same_schema_is_the_same_version, make_catalog, drop_catalog),
        cmocka_unit_test_setup_teardown(tables_are_there_after_a_crash, make_catalog, drop_catalog),
        cmocka_unit_test_setup_teardown(many_tables_are_in_order, make_catalog, drop_catalog),
        cmocka_unit_test_setup_teardown(rows_that_fit_no_table_are_damage, make_catalog, drop_catalog),
        cmocka_unit_test_setup_teardown(a_newer_catalog_is_refused, make_catalog, drop_catalog),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
