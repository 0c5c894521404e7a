/* The catalog's check finds tables that only the catalog, or only storage, knows of, and those that differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "catalog/catalog_check.h"
#include "catalog/system_tables.h"
#include "support/engine_fixture.h"

static uint32_t reported_id;
static int reported_count;

static bool note(void *context, uint32_t table_id, const char *text)
{
    (void)context;
    assert_non_null(text);
    reported_id = table_id;
    reported_count++;
    return true;
}

/* Checks, and gives the number of contradictions. */
static int check(struct engine *engine)
{
    struct schema *schema;

    reported_count = 0;
    assert_true(catalog_check_read(engine, &schema, NULL));
    assert_true(catalog_check_tables(engine, schema, note, NULL, NULL));
    schema_release(schema);
    return reported_count;
}

/* The rows of a table of one int column, named by the catalog as being of `type`. */
static void describe(struct engine *engine, uint32_t id, enum ssql_type type)
{
    static const uint16_t keys[] = {0};
    struct column_schema column = {.name = slice_of("id"), .type = type, .is_not_null = true, .is_key = true};
    struct table_schema table = {.id = id,
                                 .name = slice_of("t"),
                                 .column_count = 1,
                                 .visible_count = 1,
                                 .columns = &column,
                                 .key_count = 1,
                                 .key_columns = keys};
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    assert_true(system_tables_add(transaction, &table, NULL));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

static uint32_t store(struct engine *engine)
{
    const struct table_layout layout = {.column_count = 1, .key_count = 1, .types = {SSQL_TYPE_INT}};
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    uint32_t id;

    assert_true(transaction_create_table(transaction, &layout, &id, NULL));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    return id;
}

static struct engine *open_new(void)
{
    struct engine_options options = fixture_options(false);

    return fixture_open(fixture_volume(), &options);
}

static void tables_that_agree_are_no_finding(void **state)
{
    (void)state;
    struct engine *engine = open_new();

    assert_int_equal(check(engine), 0);
    describe(engine, store(engine), SSQL_TYPE_INT);
    assert_int_equal(check(engine), 0);
    fixture_close(engine);
}

static void a_table_that_storage_lacks_is_found(void **state)
{
    (void)state;
    struct engine *engine = open_new();

    describe(engine, 99, SSQL_TYPE_INT);
    assert_int_equal(check(engine), 1);
    assert_int_equal(reported_id, 99);
    fixture_close(engine);
}

static void a_table_that_the_catalog_lacks_is_found(void **state)
{
    (void)state;
    struct engine *engine = open_new();
    uint32_t id = store(engine);

    assert_int_equal(check(engine), 1);
    assert_int_equal(reported_id, id);
    fixture_close(engine);
}

static void a_column_of_another_type_is_found(void **state)
{
    (void)state;
    struct engine *engine = open_new();
    uint32_t id = store(engine);

    describe(engine, id, SSQL_TYPE_STRING);
    assert_int_equal(check(engine), 1);
    assert_int_equal(reported_id, id);
    fixture_close(engine);
}

/* The catalog describes a table of two ints with the key (b); storage has the layouts of below. */
static void describe_two(struct engine *engine, uint32_t id)
{
    static const uint16_t keys[] = {1};
    struct column_schema columns[2] = {{.name = slice_of("a"), .type = SSQL_TYPE_INT},
                                       {.name = slice_of("b"), .type = SSQL_TYPE_INT, .is_key = true}};
    const struct table_schema table = {.id = id,
                                       .name = slice_of("t"),
                                       .column_count = 2,
                                       .visible_count = 2,
                                       .columns = columns,
                                       .key_count = 1,
                                       .key_columns = keys};
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    assert_true(system_tables_add(transaction, &table, NULL));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

static void a_table_of_another_shape_is_found(void **state)
{
    static const struct table_layout layouts[] = {
        {.column_count = 3, .key_count = 1, .types = {1, 1, 1}, .key_columns = {1}},
        {.column_count = 2, .key_count = 2, .types = {1, 1}, .key_columns = {1, 0}},
        {.column_count = 2, .key_count = 1, .types = {1, 1}, .key_columns = {0}},
        {.column_count = 2, .key_count = 1, .types = {1, 1}, .key_columns = {1}},
    };

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct engine *engine = open_new();
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        uint32_t id;
        assert_true(transaction_create_table(transaction, &layouts[i], &id, NULL));
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
        describe_two(engine, id);
        assert_int_equal(check(engine), i < 3);
        assert_true(i == 3 || reported_id == id);
        fixture_close(engine);
    }
}

static bool stop(void *context, uint32_t table_id, const char *text)
{
    note(context, table_id, text);
    return false;
}

static void a_report_may_be_the_last(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct engine *engine = open_new();
        struct ssql_error error = {0};
        struct schema *schema;
        if (i == 0) {
            describe(engine, 99, SSQL_TYPE_INT);
        } else {
            store(engine);
            store(engine);
        }
        reported_count = 0;
        assert_true(catalog_check_read(engine, &schema, NULL));
        assert_false(catalog_check_tables(engine, schema, stop, NULL, &error));
        assert_int_equal(reported_count, 1);
        assert_int_equal(error.code, SSQL_OK);
        schema_release(schema);
        fixture_close(engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_that_agree_are_no_finding),
        cmocka_unit_test(a_table_that_storage_lacks_is_found),
        cmocka_unit_test(a_table_that_the_catalog_lacks_is_found),
        cmocka_unit_test(a_column_of_another_type_is_found),
        cmocka_unit_test(a_table_of_another_shape_is_found),
        cmocka_unit_test(a_report_may_be_the_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
