/* The n-th allocation of a run fails, n = 0, 1, 2, …, until nothing fails any more: each time the plan fails with
 * SSQL_NO_MEMORY, gives all its memory and budget back (the address sanitizer looks), and runs the next time. With a
 * tiny budget the ways over spill files are walked too. The linker leads malloc and its kin here (--wrap). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "exec/execution.h"
#include "plan_builder.h"
#include "support/engine_fixture.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static long allocations_left = -1; /* negative: none fails */

static bool fails(void)
{
    if (allocations_left < 0)
        return false;
    return allocations_left-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

enum { ROWS = 400, TINY_BUDGET = 4 << 10 };

static struct volume *volume;
static struct engine *engine;
static struct transaction *transaction;
static struct table_schema table;
static struct column_schema columns[FIXTURE_COLUMNS];

static int open_engine(void **state)
{
    static const uint16_t key[] = {0};
    struct engine_options options = fixture_options(false);

    (void)state;
    assert_true(volume_faulty_create(fixture_volume(), &volume, NULL));
    engine = fixture_open(volume, &options);
    struct table_layout layout = fixture_layout();
    for (uint32_t i = 0; i < FIXTURE_COLUMNS; i++)
        columns[i] = (struct column_schema){.name = slice_of("column"), .type = layout.types[i]};
    table = (struct table_schema){.id = fixture_create_table(engine),
                                  .name = slice_of("t"),
                                  .columns = columns,
                                  .column_count = FIXTURE_COLUMNS,
                                  .visible_count = FIXTURE_COLUMNS,
                                  .key_count = 1,
                                  .key_columns = key};
    transaction = fixture_begin(engine, TRANSACTION_WRITE);
    for (int64_t i = 0; i < ROWS; i++)
        fixture_put(transaction, table.id, i, i % 37 * 7 + 1); /* the fixture makes a multiple of 7 a null */
    transaction_mark(transaction);
    return 0;
}

static int open_tiny_engine(void **state)
{
    open_engine(state);
    engine_work_budget(engine)->limit_bytes = TINY_BUDGET;
    return 0;
}

static int close_engine(void **state)
{
    (void)state;
    fixture_rollback(transaction);
    fixture_close(engine);
    arena_clear(&build_arena);
    return 0;
}

/* Runs the plan to its end; false with an error. Its writes are taken back. */
static bool run(struct plan_node *root, uint64_t *row_count, struct ssql_error *error)
{
    struct plan plan = {.root = root};
    struct execution_context context = {.engine = engine, .transaction = transaction};
    struct execution *execution = NULL;
    struct batch batch;
    uint64_t mark = transaction_mark(transaction);

    *row_count = 0;
    bool is_done = execution_create(&plan, NULL, &execution, error) && execution_start(execution, &context, error);
    while (is_done && (is_done = execution_next(execution, &batch, error)) && batch.row_count > 0)
        *row_count += batch.selected_count;
    if (execution != NULL)
        *row_count += execution_changes(execution);
    execution_destroy(execution);
    allocations_left = -1;
    transaction_undo_to(transaction, mark);
    return is_done;
}

/* Every operation of the volume fails once: what spills, and reads back what it spilled, says so. */
static void fail_every_operation(struct plan_node *root, uint64_t expected_rows)
{
    struct ssql_error error = {0};
    uint64_t row_count, operations = 1;

    for (uint64_t n = 1; n <= operations; n++) {
        volume_faulty_set(volume, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        bool is_done = run(root, &row_count, &error);
        operations = volume_faulty_count(volume);
        volume_faulty_set(volume, &(struct fault_plan){.fail_at = 0});
        assert_true(is_done ? operations < n : error.code == SSQL_IO);
        assert_int_equal(atomic_load(&engine_work_budget(engine)->used_bytes), 0);
        if (!is_done)
            assert_true(run(root, &row_count, &error));
        assert_int_equal(row_count, expected_rows);
        operations = is_done ? 0 : n + 1;
    }
}

static void fail_every_allocation(struct plan_node *root, uint64_t expected_rows)
{
    struct ssql_error error = {0};
    uint64_t row_count;
    bool is_done = false;
    long n = 0;

    for (; !is_done; n++) {
        assert_true(n < 20000);
        allocations_left = n;
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

static const enum ssql_type TYPES[] = {SSQL_TYPE_INT, SSQL_TYPE_INT, SSQL_TYPE_STRING, SSQL_TYPE_STRING};
static const uint16_t SCANNED[] = {0, 1, 2};

static struct plan_node *scan_node(void)
{
    struct plan_node *node = build_node(PLAN_SCAN, NULL, 3, TYPES);
    struct bound_expr *number = build_column(1, SSQL_TYPE_INT);
    struct bound_expr *sum = build_binary(FUNCTION_ADD, SSQL_TYPE_INT, number, build_int(1));

    node->scan.table = &table;
    node->scan.columns = SCANNED;
    node->scan.filter_column_count = 3;
    node->scan.filter = build_binary(FUNCTION_GREATER, SSQL_TYPE_BOOL, sum, build_int(10));
    return node;
}

/* select key, number, upper(text), case … end */
static struct plan_node *project_node(void)
{
    struct plan_node *node = build_node(PLAN_PROJECT, scan_node(), 4, TYPES);
    struct bound_expr *text = build_column(2, SSQL_TYPE_STRING), *number = build_column(1, SSQL_TYPE_INT);
    struct bound_expr *upper = build_unary(FUNCTION_UPPER, SSQL_TYPE_STRING, text);
    struct bound_expr *is_like = build_binary(FUNCTION_LIKE, SSQL_TYPE_BOOL, text, build_text("%1%"));
    struct bound_expr *is_in =
        build_expr(BOUND_IN, SSQL_TYPE_BOOL, 3, BUILD_LIST(number, build_int(10), build_int(20)));
    struct bound_expr *both = build_expr(BOUND_OR, SSQL_TYPE_BOOL, 2, BUILD_LIST(is_like, is_in));

    node->project.items =
        build_list(4, BUILD_LIST(build_column(0, SSQL_TYPE_INT), number, upper,
                                 build_expr(BOUND_CASE, SSQL_TYPE_STRING, 3, BUILD_LIST(both, upper, text))));
    return node;
}

static struct plan_node *sort_node(struct plan_node *child)
{
    static const struct sort_key KEYS[] = {{1, true, false}, {0, false, false}};
    struct plan_node *node = build_node(PLAN_SORT, child, child->column_count, child->column_types);

    node->sort.key_count = 2;
    node->sort.keys = KEYS;
    return node;
}

enum { KEPT_ROWS = ROWS - 22, KEPT_GROUPS = 35 }; /* number is 1 or 8 for keys 0, 1, 37, 38, … */

static void a_sorted_query_survives_any_failed_allocation(void **state)
{
    (void)state;
    fail_every_allocation(sort_node(project_node()), KEPT_ROWS);
}

static void an_aggregate_survives_any_failed_allocation(void **state)
{
    static const enum ssql_type OUTPUT[] = {SSQL_TYPE_STRING, SSQL_TYPE_INT, SSQL_TYPE_STRING, SSQL_TYPE_INT};
    struct plan_node *node = build_node(PLAN_AGGREGATE, project_node(), 4, OUTPUT);
    struct bound_expr *key = build_column(2, SSQL_TYPE_STRING);
    struct bound_aggregate aggregates[] = {
        {.function = AGGREGATE_SUM, .type = SSQL_TYPE_INT, .argument = build_column(0, SSQL_TYPE_INT)},
        {.function = AGGREGATE_GROUP_CONCAT, .type = SSQL_TYPE_STRING, .argument = build_column(3, SSQL_TYPE_STRING)},
        {.function = AGGREGATE_COUNT,
         .type = SSQL_TYPE_INT,
         .is_distinct = true,
         .argument = build_column(0, SSQL_TYPE_INT)}};

    (void)state;
    node->aggregate.key_count = 1;
    node->aggregate.keys = &key;
    node->aggregate.aggregate_count = 3;
    node->aggregate.aggregates = aggregates;
    fail_every_allocation(node, KEPT_GROUPS);
}

static void a_distinct_survives_any_failed_allocation(void **state)
{
    (void)state;
    fail_every_allocation(build_node(PLAN_DISTINCT, project_node(), 4, TYPES), KEPT_ROWS);
}

static void an_update_of_keys_survives_any_failed_allocation(void **state)
{
    static const int32_t NEW_VALUES[] = {3, 1, 2};
    static const uint16_t OLD_KEY[] = {0};
    struct plan_node *child =
        build_node(PLAN_PROJECT, scan_node(), 4,
                   (enum ssql_type[]){SSQL_TYPE_INT, SSQL_TYPE_INT, SSQL_TYPE_STRING, SSQL_TYPE_INT});
    struct plan_node *node = build_node(PLAN_UPDATE, child, 0, NULL);
    struct bound_expr *key = build_column(0, SSQL_TYPE_INT);

    (void)state;
    child->project.items =
        build_list(4, BUILD_LIST(key, build_column(1, SSQL_TYPE_INT), build_column(2, SSQL_TYPE_STRING),
                                 build_binary(FUNCTION_ADD, SSQL_TYPE_INT, key, build_int(ROWS))));
    node->update.table = &table;
    node->update.changes_key = true;
    node->update.new_values = NEW_VALUES;
    node->update.old_key = OLD_KEY;
    fail_every_allocation(node, KEPT_ROWS);
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
        allocations_left = round < 3 ? -1 : 0; /* from the fourth run on the first allocation fails */
        assert_true(execution_start(execution, &context, NULL));
        assert_true(execution_next(execution, &batch, NULL));
        assert_int_equal(batch.selected_count, 1);
        assert_int_equal(batch.columns[0].integers[0], (17 + round) * 7 + 2);
        assert_true(execution_next(execution, &batch, NULL));
        assert_int_equal(batch.row_count, 0);
        execution_finish(execution);
    }
    allocations_left = -1;
    execution_destroy(execution);
}

#define ROOMY(test) cmocka_unit_test_setup_teardown(test, open_engine, close_engine)
#define TINY(test)                                                                                                     \
    {                                                                                                                  \
#test " with a tiny budget", test, open_tiny_engine, close_engine, NULL                                        \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOMY(a_sorted_query_survives_any_failed_allocation),
        TINY(a_sorted_query_survives_any_failed_allocation),
        ROOMY(an_aggregate_survives_any_failed_allocation),
        TINY(an_aggregate_survives_any_failed_allocation),
        ROOMY(a_distinct_survives_any_failed_allocation),
        TINY(a_distinct_survives_any_failed_allocation),
        ROOMY(an_update_of_keys_survives_any_failed_allocation),
        TINY(an_update_of_keys_survives_any_failed_allocation),
        ROOMY(a_warm_lookup_allocates_nothing),
    };
    return cmocka_run_group_tests_name("allocation failure", tests, NULL, NULL);
}
