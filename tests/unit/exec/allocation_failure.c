/* The n-th allocation of a run fails, n = 0, 1, 2, …, until nothing fails any more: each time the plan fails with
 * SSQL_NO_MEMORY, gives all its memory and budget back (the address sanitizer looks), and runs the next time. With a
 * tiny budget the ways over spill files are walked too. The linker leads malloc and its kin here (--wrap). */
#include "spilling_plans.h"

#include "api/failing_memory.h"

/* Runs the plan, and takes its writes back when nothing fails any more. */
static bool run(struct plan_node *root, uint64_t *row_count, struct ssql_error *error)
{
    uint64_t mark = transaction_mark(transaction);
    bool is_done = run_plan(root, row_count, error);

    memory_stop_failing();
    transaction_undo_to(transaction, mark);
    return is_done;
}

static void fail_every_allocation(struct plan_node *root, uint64_t expected_rows)
{
    struct ssql_error error = {0};
    uint64_t row_count;
    bool is_done = false;
    long n = 0;

    for (; !is_done; n++) {
        assert_true(n < 20000);
        memory_start_failing(n, false);
        is_done = run(root, &row_count, &error);
        if (!is_done && error.code != SSQL_NO_MEMORY)
            fail_msg("allocation %ld: %s", n, error.message);
        assert_int_equal(atomic_load(&engine_work_budget(engine)->used_bytes), 0);
        if (!is_done)
            assert_true(run(root, &row_count, &error));
        assert_int_equal(row_count, expected_rows);
    }
    assert_true(n > 5);
    fail_every_operation(root, expected_rows);
}

static void a_sorted_query_survives_any_failed_allocation(void **state)
{
    (void)state;
    fail_every_allocation(sort_node(project_node()), KEPT_ROWS);
}

static void an_aggregate_survives_any_failed_allocation(void **state)
{
    (void)state;
    fail_every_allocation(aggregate_node(), KEPT_GROUPS);
}

/* The first row's key is null, or the last group's: group by nullif(number, …). */
static void groups_of_nulls_survive_any_failed_allocation(void **state)
{
    static const enum ssql_type OUTPUT[] = {SSQL_TYPE_INT};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct plan_node *node = build_node(PLAN_AGGREGATE, scan_node(), 1, OUTPUT);
        struct bound_expr *number = build_column(1, SSQL_TYPE_INT);
        node->aggregate.key_count = 1;
        node->aggregate.keys = build_list(
            1, BUILD_LIST(build_binary(FUNCTION_NULLIF, SSQL_TYPE_INT, number, build_int(i == 0 ? 15 : 36 * 7 + 1))));
        fail_every_allocation(node, KEPT_GROUPS);
    }
}

/* select count(*) of no rows: the one group is made when they have ended */
static void an_aggregate_of_nothing_survives_any_failed_allocation(void **state)
{
    static const struct bound_aggregate count = {.function = AGGREGATE_COUNT_ROWS, .type = SSQL_TYPE_INT};
    struct plan_node *scan = scan_node();
    struct plan_node *node = build_node(PLAN_AGGREGATE, scan, 1, TYPES);

    (void)state;
    scan->scan.filter = build_binary(FUNCTION_LESS, SSQL_TYPE_BOOL, build_column(0, SSQL_TYPE_INT), build_int(0));
    node->aggregate.aggregate_count = 1;
    node->aggregate.aggregates = &count;
    fail_every_allocation(node, 1);
}

static void a_distinct_survives_any_failed_allocation(void **state)
{
    (void)state;
    fail_every_allocation(distinct_node(), KEPT_ROWS);
}

static void an_update_of_keys_survives_any_failed_allocation(void **state)
{
    (void)state;
    fail_every_allocation(update_node(), KEPT_ROWS);
}

/* explain analyze of a sorted scan: a line for each operator, and the total. */
static void an_analysis_survives_any_failed_allocation(void **state)
{
    static const enum ssql_type TEXT[] = {SSQL_TYPE_STRING};
    static const struct slice NAMES[] = {
        {(const uint8_t *)"a", 1}, {(const uint8_t *)"b", 1}, {(const uint8_t *)"c", 1}, {(const uint8_t *)"d", 1}};
    struct plan_node *sort = sort_node(scan_node());

    (void)state;
    for (struct plan_node *node = sort; node != NULL; node = node->child)
        node->column_names = NAMES;
    fail_every_allocation(build_node(PLAN_ANALYZE, sort, 1, TEXT), 3);
}

static void a_warm_lookup_allocates_nothing(void **state)
{
    struct plan_node *lookup = build_node(PLAN_LOOKUP, NULL, 3, TYPES);
    struct plan_node *project =
        build_node(PLAN_PROJECT, lookup, 2, (enum ssql_type[]){SSQL_TYPE_INT, SSQL_TYPE_STRING});
    struct bound_expr *key = build_parameter(0, SSQL_TYPE_INT);
    struct plan plan = {.root = project};
    struct value parameter = value_int(17);
    struct execution_context context = {.engine = engine, .transaction = transaction, .parameters = &parameter};
    struct execution *execution;
    struct batch batch;

    (void)state;
    lookup->scan.table = &table;
    lookup->scan.columns = SCANNED;
    lookup->scan.low = (struct key_bound){1, &key, false};
    project->project.items =
        BUILD_LIST(build_binary(FUNCTION_ADD, SSQL_TYPE_INT, build_column(1, SSQL_TYPE_INT), build_int(1)),
                   build_unary(FUNCTION_UPPER, SSQL_TYPE_STRING, build_column(2, SSQL_TYPE_STRING)));
    assert_true(execution_create(&plan, NULL, &execution, NULL));
    for (int round = 0; round < 10; round++) {
        parameter.integer = 17 + round;
        if (round == 3) /* from then on every allocation fails */
            memory_start_failing(0, true);
        assert_true(execution_start(execution, &context, NULL));
        assert_true(execution_next(execution, &batch, NULL));
        assert_int_equal(batch.selected_count, 1);
        assert_int_equal(batch.columns[0].integers[0], (17 + round) * 7 + 2);
        assert_true(execution_next(execution, &batch, NULL));
        assert_int_equal(batch.row_count, 0);
        execution_finish(execution);
    }
    memory_stop_failing();
    execution_destroy(execution);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOMY(a_sorted_query_survives_any_failed_allocation),
        TINY(a_sorted_query_survives_any_failed_allocation),
        ROOMY(an_aggregate_survives_any_failed_allocation),
        TINY(an_aggregate_survives_any_failed_allocation),
        ROOMY(groups_of_nulls_survive_any_failed_allocation),
        TINY(groups_of_nulls_survive_any_failed_allocation),
        ROOMY(an_aggregate_of_nothing_survives_any_failed_allocation),
        ROOMY(a_distinct_survives_any_failed_allocation),
        TINY(a_distinct_survives_any_failed_allocation),
        ROOMY(an_update_of_keys_survives_any_failed_allocation),
        TINY(an_update_of_keys_survives_any_failed_allocation),
        ROOMY(an_analysis_survives_any_failed_allocation),
        TINY(an_analysis_survives_any_failed_allocation),
        ROOMY(a_warm_lookup_allocates_nothing),
    };
    return cmocka_run_group_tests_name("allocation failure", tests, NULL, NULL);
}
