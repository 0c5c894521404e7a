/* The catalog while memory runs out or the volume fails: every failure is told, and what is there afterwards agrees
 * with storage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "api/failing_memory.h"
#include "catalog/catalog_check.h"
#include "catalog/catalog_repair.h"
#include "catalog/system_rows.h"

static struct ssql_error error;

/* ---- work ---- */

static bool create(struct catalog_view *view, struct transaction *transaction, const char *name)
{
    static const uint8_t long_text[80000]; /* more than an arena has to spare */
    static const struct column_schema columns[] = {
        {.name = {.data = (const uint8_t *)"a", .size = 1}, .type = SSQL_TYPE_INT},
        {.name = {.data = (const uint8_t *)"b", .size = 1},
         .type = SSQL_TYPE_STRING,
         .default_text = {.data = long_text, .size = sizeof long_text}},
    };
    static const uint16_t keys[] = {0};
    const struct table_definition definition = {.name = slice_of(name),
                                                .column_count = 2,
                                                .columns = columns,
                                                .key_count = strcmp(name, "keyed") == 0,
                                                .key_columns = keys};

    transaction_mark(transaction);
    return catalog_create_table(view, transaction, &definition, &error);
}

static bool begin(struct engine *engine, struct transaction **transaction)
{
    *transaction = NULL;
    return transaction_create(engine, transaction, &error) &&
           transaction_begin(*transaction, TRANSACTION_WRITE, COMMIT_DURABLE, &error);
}

static bool drop(struct catalog_view *view, struct transaction *transaction, const char *name)
{
    struct schema *schema;

    if (!catalog_view_schema(view, transaction, &schema, &error))
        return false;
    const struct table_schema table = {.id = schema_find_table(schema, slice_of(name))->id, .name = slice_of(name)};
    catalog_view_forget(view); /* so that dropping reads again */
    return catalog_drop_table(view, transaction, &table, &error);
}

/* Makes two tables, then drops one and makes another, and undoes a part of that. */
static bool change_schema(struct engine *engine, struct catalog_view *view)
{
    struct transaction *transaction;
    struct schema *schema;
    bool is_done = begin(engine, &transaction) && create(view, transaction, "keyed") &&
                   create(view, transaction, "free") && transaction_commit(transaction, &error);

    transaction_destroy(transaction);
    catalog_view_forget(view);
    if (!is_done)
        return false;
    is_done = begin(engine, &transaction) && drop(view, transaction, "keyed");
    if (is_done) {
        uint64_t mark = transaction_mark(transaction);
        is_done = create(view, transaction, "undone");
        transaction_undo_to(transaction, mark);
        catalog_view_forget(view);
        transaction_mark(transaction);
    }
    is_done = is_done && create(view, transaction, "third") &&
              catalog_view_schema(view, transaction, &schema, &error) && transaction_commit(transaction, &error);
    transaction_destroy(transaction);
    catalog_view_forget(view);
    return is_done;
}

static bool use_catalog(struct engine *engine)
{
    struct catalog *catalog = NULL;
    struct catalog_view *view = NULL;
    bool is_done = catalog_create(engine, &catalog, &error) && catalog_view_create(catalog, &view, &error) &&
                   change_schema(engine, view);

    catalog_view_destroy(view);
    catalog_destroy(catalog);
    return is_done;
}

static unsigned contradictions, losses;

static bool count_contradiction(void *context, uint32_t table_id, const char *text)
{
    (void)context;
    (void)table_id;
    (void)text;
    contradictions++;
    return true;
}

static void count_loss(void *context, uint32_t table_id, const char *text)
{
    (void)context;
    (void)table_id;
    (void)text;
    losses++;
}

static bool check(struct engine *engine)
{
    struct schema *schema;

    contradictions = 0;
    if (!catalog_check_read(engine, &schema, &error))
        return false;
    bool is_done = catalog_check_tables(engine, schema, count_contradiction, NULL, &error);
    schema_release(schema);
    return is_done;
}

/* ---- memory ---- */

/* The statement that found no memory is gone whole: what is there agrees with itself. */
static void every_allocation_of_a_schema_change_fails(void **state)
{
    bool has_failed = true;

    (void)state;
    for (long after = 0; has_failed; after++) {
        struct engine_options options = fixture_options(false);
        struct engine *engine = fixture_open(fixture_volume(), &options);
        error_clear(&error);
        memory_start_failing(after, false);
        bool is_done = use_catalog(engine) && check(engine);
        memory_stop_failing();
        has_failed = memory_has_failed();
        if (!is_done) {
            assert_true(has_failed);
            assert_true(error.code == SSQL_NO_MEMORY || error.code == SSQL_UNKNOWN_OUTCOME);
        }
        if (!is_done && error.code == SSQL_UNKNOWN_OUTCOME) {
            assert_false(catalog_repair(engine, count_loss, NULL, &error));
            engine_close(engine, NULL); /* it takes nothing more until it is opened again */
            continue;
        }
        assert_true(check(engine));
        assert_int_equal(contradictions, 0);
        if (!is_done && !engine_is_read_only(engine)) {
            struct transaction *transaction;
            assert_true(begin(engine, &transaction));
            fixture_rollback(transaction);
        }
        engine_close(engine, NULL);
    }
}

static void every_allocation_of_a_check_fails(void **state)
{
    bool is_done = false;

    (void)state;
    for (long after = 0; !is_done; after++) {
        struct engine_options options = fixture_options(false);
        struct engine *engine = fixture_open(fixture_volume(), &options);
        struct schema *schema = NULL;
        error_clear(&error);
        memory_start_failing(after, false);
        is_done = catalog_check_read(engine, &schema, &error);
        memory_stop_failing();
        assert_true(is_done || error.code == SSQL_NO_MEMORY);
        if (!is_done) {
            fixture_close(engine);
            engine = fixture_open(fixture_volume(), &options);
            assert_true(schema == NULL && catalog_check_read(engine, &schema, &error));
        }
        fixture_close(engine);
        engine = fixture_open(fixture_volume(), &options);
        memory_start_failing(after, false);
        bool is_checked = catalog_check_tables(engine, schema, count_contradiction, NULL, &error);
        memory_stop_failing();
        assert_true(is_checked || error.code == SSQL_NO_MEMORY);
        is_done = is_done && is_checked;
        schema_release(schema);
        fixture_close(engine);
    }
}

enum { STORED_TABLES = 9, MANY_COLUMNS = 120 };

/* Tables in storage that the catalog does not know, the last one a large one. */
static void store_tables(struct transaction *transaction)
{
    struct table_layout layout = {.column_count = 2, .key_count = 1, .key_columns = {0}};
    uint32_t id;

    memset(layout.types, SSQL_TYPE_INT, sizeof layout.types);
    for (int i = 1; i <= STORED_TABLES; i++) {
        layout.column_count = i < STORED_TABLES ? 2 : MANY_COLUMNS;
        assert_true(transaction_create_table(transaction, &layout, &id, NULL));
    }
}

/* Those, and rows of a table that storage does not have. */
static struct engine *open_damaged(struct volume *volume)
{
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(volume, &options);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct rows rows = good_rows();

    store_tables(transaction);
    rows.table[TABLES_ID] = value_int(99);
    rows.columns[0][COLUMNS_TABLE_ID] = value_int(99);
    rows.columns[0][COLUMNS_DEFAULT] = value_string(slice_of("a default of some length"));
    put(transaction, SYSTEM_TABLE_TABLES, rows.table);
    put(transaction, SYSTEM_TABLE_COLUMNS, rows.columns[0]);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    return engine;
}

static void every_allocation_of_a_repair_fails(void **state)
{
    bool is_done = false;

    (void)state;
    for (long after = 0; !is_done; after++) {
        struct engine *engine = open_damaged(fixture_volume());
        error_clear(&error);
        losses = 0;
        memory_start_failing(after, false);
        is_done = catalog_repair(engine, count_loss, NULL, &error);
        memory_stop_failing();
        if (!is_done)
            assert_true(error.code == SSQL_NO_MEMORY || error.code == SSQL_UNKNOWN_OUTCOME);
        if (!is_done && error.code == SSQL_NO_MEMORY && !engine_is_read_only(engine)) {
            losses = 0;
            assert_true(catalog_repair(engine, count_loss, NULL, &error));
            assert_int_equal(losses, 2 * STORED_TABLES + 1);
            assert_true(check(engine));
            assert_int_equal(contradictions, 0);
        }
        engine_close(engine, NULL);
    }
    assert_int_equal(losses, 2 * STORED_TABLES + 1);
}

static void every_allocation_of_a_repair_without_any_rows_fails(void **state)
{
    bool is_done = false;

    (void)state;
    for (long after = 0; !is_done; after++) {
        struct engine_options options = fixture_options(false);
        struct engine *engine = fixture_open(fixture_volume(), &options);
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        uint32_t id;
        const struct table_layout layout = {
            .column_count = 1, .key_count = 1, .types = {SSQL_TYPE_INT}, .key_columns = {0}};
        assert_true(transaction_create_table(transaction, &layout, &id, NULL));
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
        error_clear(&error);
        losses = 0;
        memory_start_failing(after, false);
        is_done = catalog_repair(engine, count_loss, NULL, &error);
        memory_stop_failing();
        assert_true(is_done || error.code == SSQL_NO_MEMORY || error.code == SSQL_UNKNOWN_OUTCOME);
        engine_close(engine, NULL);
    }
    assert_int_equal(losses, 2);
}

/* ---- the volume ---- */

/* A database whose catalog lies in files, opened anew, so that nothing of it is in memory. */
static struct engine *open_cold(struct volume **faulty, bool is_damaged)
{
    struct engine_options options = fixture_options(false);
    struct volume *memory = fixture_volume(), *after;
    struct engine *engine = is_damaged ? open_damaged(memory) : fixture_open(memory, &options);

    assert_true(is_damaged || use_catalog(engine));
    assert_true(engine_flush(engine, &error));
    assert_true(volume_memory_crash(memory, 0, &after, &error));
    fixture_close(engine);
    assert_true(volume_faulty_create(after, faulty, &error));
    return fixture_open(*faulty, &options);
}

static bool read_catalog(struct engine *engine)
{
    struct catalog *catalog = NULL;
    struct catalog_view *view = NULL;
    struct transaction *transaction = NULL;
    struct schema *schema;
    bool is_done = catalog_create(engine, &catalog, &error) && catalog_view_create(catalog, &view, &error) &&
                   begin(engine, &transaction) && catalog_view_schema(view, transaction, &schema, &error);

    if (is_done)
        assert_int_equal(schema_table_count(schema), 2);
    transaction_destroy(transaction);
    catalog_view_destroy(view);
    catalog_destroy(catalog);
    return is_done;
}

static bool repair(struct engine *engine)
{
    return catalog_repair(engine, count_loss, NULL, &error);
}

static bool change_again(struct engine *engine)
{
    struct catalog *catalog = NULL;
    struct catalog_view *view = NULL;
    struct transaction *transaction = NULL;
    bool is_done = catalog_create(engine, &catalog, &error) && catalog_view_create(catalog, &view, &error) &&
                   begin(engine, &transaction) && drop(view, transaction, "third") &&
                   create(view, transaction, "keyed") && transaction_commit(transaction, &error);

    transaction_destroy(transaction);
    catalog_view_forget(view);
    catalog_view_destroy(view);
    catalog_destroy(catalog);
    return is_done;
}

static void every_call_of_the_volume_fails(void **state)
{
    static const struct {
        bool (*work)(struct engine *engine);
        bool is_damaged;
    } cases[] = {{read_catalog, false}, {check, false}, {change_again, false}, {repair, true}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool is_done = false;
        unsigned failures = 0;
        for (uint64_t number = 1; !is_done; number++) {
            const struct fault_plan plan = {.fail_at = number, .status = VOLUME_UNAVAILABLE}, none = {0};
            struct volume *faulty;
            struct engine *engine = open_cold(&faulty, cases[i].is_damaged);
            error_clear(&error);
            volume_faulty_set(faulty, &plan);
            is_done = cases[i].work(engine);
            failures += !is_done;
            assert_int_equal(error.code != SSQL_OK, !is_done);
            volume_faulty_set(faulty, &none);
            if (i < 2) {
                error_clear(&error);
                assert_true(cases[i].work(engine)); /* nothing was broken by reading */
            }
            engine_close(engine, NULL);
        }
        assert_true(failures > 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_of_a_schema_change_fails),
        cmocka_unit_test(every_allocation_of_a_check_fails),
        cmocka_unit_test(every_allocation_of_a_repair_fails),
        cmocka_unit_test(every_allocation_of_a_repair_without_any_rows_fails),
        cmocka_unit_test(every_call_of_the_volume_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
