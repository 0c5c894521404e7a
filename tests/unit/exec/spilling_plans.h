/* spilling_plans.h - a table of 400 rows in an open transaction, its plans built by hand, and one way to run them; with
 * a tiny budget whatever can spill does. Included once in a program. */
#ifndef SSQL_TESTS_SPILLING_PLANS_H
#define SSQL_TESTS_SPILLING_PLANS_H

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

enum { ROWS = 400, TINY_BUDGET = 4 << 10 };

static struct volume *volume;
static struct engine *engine;
static struct transaction *transaction;
static struct table_schema table;
static struct column_schema columns[FIXTURE_COLUMNS];

static inline int open_engine_with(bool is_tiny)
{
    static const uint16_t key[] = {0};
    struct engine_options options = fixture_options(is_tiny);

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

static inline int open_engine(void **state)
{
    (void)state;
    return open_engine_with(false);
}

static inline int open_tiny_engine(void **state)
{
    open_engine(state);
    engine_work_budget(engine)->limit_bytes = TINY_BUDGET;
    return 0;
}

static inline int close_engine(void **state)
{
    (void)state;
    fixture_rollback(transaction);
    fixture_close(engine);
    arena_clear(&build_arena);
    return 0;
}

/* Runs the plan to its end; false with an error. The caller takes its writes back. */
static inline bool run_plan(struct plan_node *root, uint64_t *row_count, struct ssql_error *error)
{
    struct plan plan = {.root = root};
    struct cancellation cancellation = {0};
    struct execution_context context = {.engine = engine, .transaction = transaction, .cancellation = &cancellation};
    struct execution *execution = NULL;
    struct batch batch;

    *row_count = 0;
    bool is_done = execution_create(&plan, NULL, &execution, error) && execution_start(execution, &context, error);
    while (is_done && (is_done = execution_next(execution, &batch, error)) && batch.row_count > 0)
        *row_count += batch.selected_count;
    if (execution != NULL)
        *row_count += execution_changes(execution);
    execution_destroy(execution);
    return is_done;
}

/* Every operation of the volume fails once: what spills, and reads back what it spilled, says so. */
static inline void fail_every_operation(struct plan_node *root, uint64_t expected_rows)
{
    bool is_done = false;

    for (uint64_t n = 1; !is_done; n++) {
        struct ssql_error error = {0};
        uint64_t row_count, mark = transaction_mark(transaction);
        volume_faulty_set(volume, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        is_done = run_plan(root, &row_count, &error);
        uint64_t operations = volume_faulty_count(volume);
        volume_faulty_set(volume, &(struct fault_plan){.fail_at = 0});
        transaction_undo_to(transaction, mark);
        assert_true(is_done ? operations < n : error.code == SSQL_IO);
        assert_int_equal(atomic_load(&engine_work_budget(engine)->used_bytes), 0);
        if (is_done)
            assert_int_equal(row_count, expected_rows);
    }
}

/* ---- plans ---- */

static const enum ssql_type TYPES[] = {SSQL_TYPE_INT, SSQL_TYPE_INT, SSQL_TYPE_STRING, SSQL_TYPE_STRING};
static const uint16_t SCANNED[] = {0, 1, 2};

static inline struct plan_node *scan_node(void)
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
static inline struct plan_node *project_node(void)
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

static inline struct plan_node *sort_node(struct plan_node *child)
{
    static const struct sort_key KEYS[] = {{1, true, false}, {0, false, false}};
    struct plan_node *node = build_node(PLAN_SORT, child, child->column_count, child->column_types);

    node->sort.key_count = 2;
    node->sort.keys = KEYS;
    return node;
}

enum { KEPT_ROWS = ROWS - 22, KEPT_GROUPS = 35 }; /* number is 1 or 8 for keys 0, 1, 37, 38, … */

/* select upper(text), sum(key), count(distinct key), group_concat(distinct …) … group by 1 */
static inline struct plan_node *aggregate_node(void)
{
    static const enum ssql_type OUTPUT[] = {SSQL_TYPE_STRING, SSQL_TYPE_INT, SSQL_TYPE_INT, SSQL_TYPE_STRING};
    struct plan_node *node = build_node(PLAN_AGGREGATE, project_node(), 4, OUTPUT);
    struct bound_aggregate *aggregates = arena_alloc_array(&build_arena, 3, sizeof *aggregates);

    aggregates[0] = (struct bound_aggregate){
        .function = AGGREGATE_SUM, .type = SSQL_TYPE_INT, .argument = build_column(0, SSQL_TYPE_INT)};
    aggregates[1] = (struct bound_aggregate){.function = AGGREGATE_COUNT,
                                             .type = SSQL_TYPE_INT,
                                             .is_distinct = true,
                                             .argument = build_column(0, SSQL_TYPE_INT)};
    aggregates[2] = (struct bound_aggregate){.function = AGGREGATE_GROUP_CONCAT,
                                             .type = SSQL_TYPE_STRING,
                                             .is_distinct = true,
                                             .argument = build_column(3, SSQL_TYPE_STRING)};
    node->aggregate.key_count = 1;
    node->aggregate.keys = build_list(1, BUILD_LIST(build_column(2, SSQL_TYPE_STRING)));
    node->aggregate.aggregate_count = 3;
    node->aggregate.aggregates = aggregates;
    return node;
}

static inline struct plan_node *distinct_node(void)
{
    return build_node(PLAN_DISTINCT, project_node(), 4, TYPES);
}

/* update … set key = key + 400 */
static inline struct plan_node *update_node(void)
{
    static const int32_t NEW_VALUES[] = {3, 1, 2};
    static const uint16_t OLD_KEY[] = {0};
    struct plan_node *child =
        build_node(PLAN_PROJECT, scan_node(), 4,
                   (enum ssql_type[]){SSQL_TYPE_INT, SSQL_TYPE_INT, SSQL_TYPE_STRING, SSQL_TYPE_INT});
    struct plan_node *node = build_node(PLAN_UPDATE, child, 0, NULL);
    struct bound_expr *key = build_column(0, SSQL_TYPE_INT);

    child->project.items =
        build_list(4, BUILD_LIST(key, build_column(1, SSQL_TYPE_INT), build_column(2, SSQL_TYPE_STRING),
                                 build_binary(FUNCTION_ADD, SSQL_TYPE_INT, key, build_int(ROWS))));
    node->update.table = &table;
    node->update.changes_key = true;
    node->update.new_values = NEW_VALUES;
    node->update.old_key = OLD_KEY;
    return node;
}

#define ROOMY(test) cmocka_unit_test_setup_teardown(test, open_engine, close_engine)
#define TINY(test)                                                                                                     \
    {                                                                                                                  \
#test " with a tiny budget", test, open_tiny_engine, close_engine, NULL                                        \
    }

#endif
