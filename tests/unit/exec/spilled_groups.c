/* Groups that memory has no room for, at the corners of what a part may be; and an execution that is run again for more
 * rows than before. The budget is tiny: sixteen groups are kept whatever it says. */
#include "spilling_plans.h"

#include "exec/profile.h"

enum { GROUPS_KEPT = 16 };

/* values (0), (1), … (15), then `count` times (99) */
static struct plan_node *values_node(uint32_t count)
{
    struct plan_node *node = build_node(PLAN_VALUES, NULL, 1, TYPES);

    node->values.row_count = GROUPS_KEPT + count;
    node->values.items = arena_alloc_array(&build_arena, GROUPS_KEPT + count, sizeof(struct bound_expr *));
    for (uint32_t i = 0; i < GROUPS_KEPT + count; i++)
        node->values.items[i] = build_int(i < GROUPS_KEPT ? i : 99);
    return node;
}

/* select a, count(*) from … group by a */
static struct plan_node *count_node(struct plan_node *child)
{
    static const struct bound_aggregate count = {.function = AGGREGATE_COUNT_ROWS, .type = SSQL_TYPE_INT};
    struct plan_node *node = build_node(PLAN_AGGREGATE, child, 2, TYPES);

    node->aggregate.key_count = 1;
    node->aggregate.keys = build_list(1, BUILD_LIST(build_column(0, SSQL_TYPE_INT)));
    node->aggregate.aggregate_count = 1;
    node->aggregate.aggregates = &count;
    return node;
}

/* Of the last group: its key is the greatest. */
static int64_t count_of_last(struct plan_node *root)
{
    struct plan plan = {.root = root};
    struct cancellation cancellation = {0};
    struct execution_context context = {.engine = engine, .transaction = transaction, .cancellation = &cancellation};
    struct execution *execution;
    struct batch batch;
    int64_t count = -1;

    assert_true(execution_create(&plan, NULL, &execution, NULL) && execution_start(execution, &context, NULL));
    while (assert_true(execution_next(execution, &batch, NULL)), batch.row_count > 0) {
        assert_int_equal(batch.columns[0].integers[batch.row_count - 1], batch.row_count == 1 ? 99 : GROUPS_KEPT - 1);
        count = batch.columns[1].integers[batch.row_count - 1];
    }
    execution_destroy(execution);
    return count;
}

static void a_part_may_end_with_a_batch(void **state)
{
    static const uint32_t counts[] = {1,
                                      BATCH_CAPACITY - 1,
                                      BATCH_CAPACITY,
                                      BATCH_CAPACITY + 1,
                                      2 * BATCH_CAPACITY - 1,
                                      2 * BATCH_CAPACITY,
                                      2 * BATCH_CAPACITY + 1};

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        assert_int_equal(count_of_last(count_node(values_node(counts[i]))), counts[i]);
}

/* The text of an analysis of the plan. */
static void analyze(struct plan_node *root, struct buffer *text)
{
    static const struct slice NAMES[] = {{(const uint8_t *)"a", 1}, {(const uint8_t *)"b", 1}};
    struct plan_node *analysis = build_node(PLAN_ANALYZE, root, 1, &TYPES[2]);
    struct plan plan = {.root = analysis};
    struct cancellation cancellation = {0};
    struct execution_context context = {.engine = engine, .transaction = transaction, .cancellation = &cancellation};
    struct execution *execution;
    struct batch batch;

    for (struct plan_node *node = root; node != NULL; node = node->child)
        node->column_names = NAMES;
    buffer_reset(text);
    assert_true(execution_create(&plan, NULL, &execution, NULL) && execution_start(execution, &context, NULL));
    while (assert_true(execution_next(execution, &batch, NULL)), batch.row_count > 0)
        for (uint32_t i = 0; i < batch.selected_count; i++) {
            struct slice line = vector_value(&batch.columns[0], i).string;
            buffer_append(text, line.data, line.size);
        }
    buffer_append_byte(text, 0);
    execution_destroy(execution);
}

static void what_was_spilled_is_told_in_fitting_units(void **state)
{
    struct buffer text = {0};

    (void)state;
    analyze(count_node(values_node(1)), &text); /* the record's size, a byte, an int */
    assert_non_null(strstr((char *)text.data, " ms, 13 bytes spilled"));
    analyze(count_node(values_node(1000)), &text);
    assert_non_null(strstr((char *)text.data, " ms, 12.7 KiB spilled"));
    analyze(count_node(values_node(90000)), &text);
    assert_non_null(strstr((char *)text.data, " ms, 1.1 MiB spilled"));
    analyze(count_node(values_node(0)), &text);
    assert_null(strstr((char *)text.data, "spilled"));
    buffer_clear(&text);
}

static void times_have_three_digits(void **state)
{
    static const struct {
        uint64_t time_ns;
        const char *text;
    } cases[] = {{1234, "0.001 ms"},    {999400, "0.999 ms"},  {1234567, "1.23 ms"},
                 {12345678, "12.3 ms"}, {123456789, "123 ms"}, {1234567891, "1235 ms"}};
    struct buffer text = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buffer_reset(&text);
        profile_append_time(&text, cases[i].time_ns);
        buffer_append_byte(&text, 0);
        assert_string_equal((char *)text.data, cases[i].text);
    }
    buffer_clear(&text);
}

/* Five groups, then all: the room for what goes out grows. */
static void an_execution_runs_again_for_more_groups(void **state)
{
    struct plan_node *scan = scan_node();
    struct plan plan = {.root = count_node(scan)};
    struct value most;
    struct cancellation cancellation = {0};
    struct execution_context context = {
        .engine = engine, .transaction = transaction, .parameters = &most, .cancellation = &cancellation};
    struct execution *execution;
    struct batch batch;

    (void)state;
    scan->scan.filter =
        build_binary(FUNCTION_LESS, SSQL_TYPE_BOOL, build_column(0, SSQL_TYPE_INT), build_parameter(0, SSQL_TYPE_INT));
    assert_true(execution_create(&plan, NULL, &execution, NULL));
    for (int64_t rows = 5; rows <= ROWS; rows += ROWS - 5) {
        most = value_int(rows);
        int64_t count = 0;
        assert_true(execution_start(execution, &context, NULL));
        while (assert_true(execution_next(execution, &batch, NULL)), batch.row_count > 0)
            for (uint32_t i = 0; i < batch.selected_count; i++)
                count += batch.columns[1].integers[i];
        assert_int_equal(count, rows);
        execution_finish(execution);
    }
    execution_destroy(execution);
}

/* distinct nullif(text, …): rows put aside may be null. */
static void distinct_nulls_may_be_put_aside(void **state)
{
    struct plan_node *project = build_node(PLAN_PROJECT, scan_node(), 1, &TYPES[2]);
    struct bound_expr *text = build_column(2, SSQL_TYPE_STRING), *number = build_column(1, SSQL_TYPE_INT);
    struct bound_expr *is_last =
        build_binary(FUNCTION_LESS, SSQL_TYPE_BOOL, number, build_int(7 * 30)); /* the others are null */
    struct ssql_error error = {0};
    uint64_t row_count;

    (void)state;
    project->project.items =
        build_list(1, BUILD_LIST(build_expr(BOUND_CASE, SSQL_TYPE_STRING, 2, BUILD_LIST(is_last, text))));
    assert_true(run_plan(build_node(PLAN_DISTINCT, project, 1, &TYPES[2]), &row_count, &error));
    assert_int_equal(row_count, 28 + 1); /* numbers 15, 22, … 204, and null */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TINY(a_part_may_end_with_a_batch),         TINY(what_was_spilled_is_told_in_fitting_units),
        cmocka_unit_test(times_have_three_digits), TINY(an_execution_runs_again_for_more_groups),
        TINY(distinct_nulls_may_be_put_aside),
    };

    return cmocka_run_group_tests_name("spilled groups", tests, NULL, NULL);
}
