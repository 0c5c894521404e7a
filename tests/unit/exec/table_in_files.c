/* Plans over a table in small files, in a transaction that spills what it writes, while each operation of the volume
 * fails once: the plan says so, what it wrote is taken back, and it runs the next time. And what no plan may do: write
 * in a transaction that reads, find a table that is not there. */
#include "spilling_plans.h"

static int open_files(void **state)
{
    (void)state;
    open_engine_with(true);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    transaction = fixture_begin(engine, TRANSACTION_WRITE);
    return 0;
}

static struct plan_node *remove_node(void)
{
    static const uint16_t KEY[] = {0};
    struct plan_node *node = build_node(PLAN_DELETE, scan_node(), 0, NULL);

    node->remove.table = &table;
    node->remove.key = KEY;
    return node;
}

/* update … set text = upper(text), or the texts of many bytes that make a transaction spill */
static struct plan_node *update_texts_node(uint32_t repeats)
{
    static const enum ssql_type COLUMNS[] = {SSQL_TYPE_INT, SSQL_TYPE_INT, SSQL_TYPE_STRING};
    static const int32_t NEW_VALUES[] = {0, 1, 2};
    static const uint16_t OLD_KEY[] = {0};
    struct plan_node *child = build_node(PLAN_PROJECT, scan_node(), 3, COLUMNS);
    struct plan_node *node = build_node(PLAN_UPDATE, child, 0, NULL);

    child->project.items =
        build_list(3, BUILD_LIST(build_column(0, SSQL_TYPE_INT), build_column(1, SSQL_TYPE_INT),
                                 build_binary(FUNCTION_REPEAT, SSQL_TYPE_STRING, build_column(2, SSQL_TYPE_STRING),
                                              build_int(repeats))));
    node->update.table = &table;
    node->update.new_values = NEW_VALUES;
    node->update.old_key = OLD_KEY;
    return node;
}

/* insert … values (1000, 1, 'new') */
static struct plan_node *insert_node(void)
{
    static const enum ssql_type COLUMNS[] = {SSQL_TYPE_INT, SSQL_TYPE_INT, SSQL_TYPE_STRING};
    struct plan_node *values = build_node(PLAN_VALUES, NULL, 3, COLUMNS);
    struct plan_node *node = build_node(PLAN_INSERT, values, 0, NULL);

    values->values.row_count = 1;
    values->values.items = build_list(3, BUILD_LIST(build_int(1000), build_int(1), build_text("new")));
    node->insert.table = &table;
    return node;
}

static struct plan_node *lookup_node(int64_t key)
{
    struct plan_node *node = build_node(PLAN_LOOKUP, NULL, 3, TYPES);

    node->scan.table = &table;
    node->scan.columns = SCANNED;
    node->scan.low = (struct key_bound){1, build_list(1, BUILD_LIST(build_int(key))), false};
    return node;
}

static void reads_and_writes_survive_any_failed_operation(void **state)
{
    (void)state;
    fail_every_operation(lookup_node(17), 1);
    fail_every_operation(scan_node(), KEPT_ROWS);
    fail_every_operation(insert_node(), 1);
    fail_every_operation(remove_node(), KEPT_ROWS);
    fail_every_operation(update_texts_node(100), KEPT_ROWS);
}

static void fail_with(struct plan_node *root, enum ssql_code code, const char *message)
{
    struct ssql_error error = {0};
    uint64_t row_count;

    assert_false(run_plan(root, &row_count, &error));
    assert_int_equal(error.code, code);
    assert_string_equal(error.message, message);
    assert_int_equal(row_count, 0);
}

static void a_transaction_that_reads_writes_nothing(void **state)
{
    static const char message[] = "a read-only transaction cannot write";

    (void)state;
    fixture_rollback(transaction);
    transaction = fixture_begin(engine, TRANSACTION_READ);
    fail_with(remove_node(), SSQL_READ_ONLY, message);
    fail_with(update_texts_node(1), SSQL_READ_ONLY, message);
    fail_with(update_node(), SSQL_READ_ONLY, message);
    fail_with(insert_node(), SSQL_READ_ONLY, message);
}

static void a_table_that_is_not_there_is_not_found(void **state)
{
    struct table_schema missing = table;
    struct plan_node *nodes[] = {scan_node(), lookup_node(1), remove_node(), update_texts_node(1)};

    (void)state;
    missing.id += 1000;
    nodes[0]->scan.table = nodes[1]->scan.table = nodes[2]->remove.table = nodes[3]->update.table = &missing;
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++)
        fail_with(nodes[i], SSQL_UNKNOWN_TABLE, "table \"t\" does not exist");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_files, close_engine)
        TEST(reads_and_writes_survive_any_failed_operation),
        TEST(a_transaction_that_reads_writes_nothing),
        TEST(a_table_that_is_not_there_is_not_found),
    };

    return cmocka_run_group_tests_name("table in files", tests, NULL, NULL);
}
