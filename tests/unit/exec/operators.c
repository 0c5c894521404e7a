/* Operators over a real engine on the memory volume: plans built by hand, answers counted by hand; with a tiny work
 * budget everything that can spill does, and gives the same answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "exec/execution.h"
#include "plan_builder.h"
#include "volume/volume_memory.h"

enum { ROWS = 20000, GROUPS = 3000, TINY_BUDGET = 64 << 10 };

static struct engine *engine;
static struct transaction *transaction;
static struct table_schema items; /* id int key, grp int, name string, price float */
static const enum ssql_type ITEM_TYPES[] = {SSQL_TYPE_INT, SSQL_TYPE_INT, SSQL_TYPE_STRING, SSQL_TYPE_FLOAT};
static struct value parameters[4];
static struct ssql_error error;
static uint64_t changes;

/* ---- the database ---- */

static int open_engine(void **state)
{
    struct volume *volume;
    struct engine_options options;
    static struct column_schema columns[4];
    static const uint16_t key[] = {0};
    static const char *const NAMES[] = {"id", "grp", "name", "price"};
    struct table_layout layout = {.column_count = 4, .key_count = 1};

    (void)state;
    engine_options_init(&options);
    options.background = false;
    if (!volume_memory_create(&volume, NULL) || !engine_open(volume, &options, &engine, &error) ||
        !transaction_create(engine, &transaction, &error) ||
        !transaction_begin(transaction, TRANSACTION_WRITE, COMMIT_DURABLE, &error))
        return -1;
    for (uint32_t i = 0; i < 4; i++) {
        layout.types[i] = (uint8_t)ITEM_TYPES[i];
        columns[i] = (struct column_schema){.name = slice_of(NAMES[i]), .type = ITEM_TYPES[i]};
    }
    columns[0].is_key = columns[0].is_not_null = true;
    columns[2].is_not_null = true;
    items = (struct table_schema){.name = slice_of("items"),
                                  .column_count = 4,
                                  .visible_count = 4,
                                  .columns = columns,
                                  .key_count = 1,
                                  .key_columns = key};
    return transaction_create_table(transaction, &layout, &items.id, &error) ? 0 : -1;
}

static int close_engine(void **state)
{
    (void)state;
    transaction_destroy(transaction);
    engine_close(engine, NULL);
    arena_clear(&build_arena);
    return 0;
}

/* ---- running ---- */

/* Runs a plan to its end and gives its rows as text, "1,2;3,4;". False: it failed, see `error`. */
static bool run(struct plan_node *root, struct buffer *text)
{
    struct plan plan = {.root = root};
    struct execution *execution;
    struct execution_context context = {.engine = engine, .transaction = transaction, .parameters = parameters};
    struct batch batch;
    uint64_t mark = transaction_mark(transaction);
    bool is_done;

    buffer_reset(text);
    assert_true(execution_create(&plan, NULL, &execution, NULL));
    is_done = execution_start(execution, &context, &error);
    while (is_done && (is_done = execution_next(execution, &batch, &error)) && batch.row_count > 0) {
        assert_true(batch.selected_count > 0);
        for (uint32_t i = 0; i < batch.selected_count; i++) {
            for (uint32_t column = 0; column < batch.column_count; column++) {
                struct value value = vector_value(&batch.columns[column], batch_row(&batch, i));
                if (column > 0)
                    buffer_append_byte(text, ',');
                value_append_text(text, &value);
            }
            buffer_append_byte(text, ';');
        }
    }
    changes = execution_changes(execution);
    execution_destroy(execution);
    buffer_append_byte(text, 0);
    if (!is_done)
        transaction_undo_to(transaction, mark);
    transaction_mark(transaction);
    assert_int_equal(atomic_load(&engine_work_budget(engine)->used_bytes), 0);
    return is_done;
}

static void expect(struct plan_node *root, const char *expected)
{
    struct buffer text = {0};

    if (!run(root, &text))
        fail_msg("%s", error.message);
    assert_string_equal((char *)text.data, expected);
    buffer_clear(&text);
}

static void expect_failure(struct plan_node *root, enum ssql_code code, const char *message)
{
    struct buffer text = {0};

    assert_false(run(root, &text));
    assert_string_equal(error.message, message);
    assert_int_equal(error.code, code);
    buffer_clear(&text);
}

/* ---- plans ---- */

static struct plan_node *values_node(uint32_t rows, uint32_t columns, const enum ssql_type *types,
                                     struct bound_expr *const *list)
{
    struct plan_node *node = build_node(PLAN_VALUES, NULL, columns, types);

    node->values.row_count = rows;
    node->values.items = build_list(rows * columns, list);
    return node;
}

static struct plan_node *insert_node(struct plan_node *child, enum insert_mode mode)
{
    struct plan_node *node = build_node(PLAN_INSERT, child, 0, NULL);

    node->insert.table = &items;
    node->insert.mode = mode;
    return node;
}

static struct plan_node *item_values(int64_t id, int64_t group, const char *name)
{
    return values_node(1, 4, ITEM_TYPES,
                       BUILD_LIST(build_int(id), build_int(group),
                                  name == NULL ? build_constant(value_null(SSQL_TYPE_STRING)) : build_text(name),
                                  build_constant(value_float(0.5))));
}

static const uint16_t ALL_COLUMNS[] = {0, 1, 2, 3};

static struct plan_node *scan_node(struct bound_expr *filter)
{
    struct plan_node *node = build_node(PLAN_SCAN, NULL, 4, ITEM_TYPES);

    node->scan.table = &items;
    node->scan.columns = ALL_COLUMNS;
    node->scan.filter_column_count = filter == NULL ? 0 : 4;
    node->scan.filter = filter;
    node->scan.in_key_order = true;
    return node;
}

static struct bound_expr *id_column(void)
{
    return build_column(0, SSQL_TYPE_INT);
}

static struct bound_expr *compare_id(enum scalar_function comparison, int64_t id)
{
    return build_binary(comparison, SSQL_TYPE_BOOL, id_column(), build_int(id));
}

static struct plan_node *project_node(struct plan_node *child, uint32_t count, const enum ssql_type *types,
                                      struct bound_expr *const *list)
{
    struct plan_node *node = build_node(PLAN_PROJECT, child, count, types);

    node->project.items = build_list(count, list);
    return node;
}

static struct plan_node *limit_node(struct plan_node *child, int64_t limit, int64_t offset)
{
    struct plan_node *node = build_node(PLAN_LIMIT, child, child->column_count, child->column_types);

    node->limit.limit = build_int(limit);
    node->limit.offset = build_int(offset);
    return node;
}

static struct plan_node *aggregate_node(struct plan_node *child, struct bound_expr *key, uint32_t count,
                                        const struct bound_aggregate *aggregates)
{
    enum ssql_type types[8];
    uint32_t key_count = key != NULL;

    if (key != NULL)
        types[0] = key->type;
    for (uint32_t i = 0; i < count; i++)
        types[key_count + i] = aggregates[i].type;
    struct plan_node *node = build_node(PLAN_AGGREGATE, child, key_count + count, types);
    node->aggregate.key_count = key_count;
    node->aggregate.keys = build_list(key_count, &key);
    node->aggregate.aggregate_count = count;
    node->aggregate.aggregates = aggregates;
    return node;
}

static struct plan_node *sort_node(struct plan_node *child, uint32_t count, const struct sort_key *keys,
                                   int64_t row_limit)
{
    struct plan_node *node = build_node(PLAN_SORT, child, child->column_count, child->column_types);

    node->sort.key_count = count;
    node->sort.keys = keys;
    node->sort.row_limit = row_limit < 0 ? NULL : build_int(row_limit);
    return node;
}

/* id = 0..ROWS-1 in a scattered order, grp = id % GROUPS (null for 7), name = "n<id % 100>", price = id / 4. */
static void fill_items(void)
{
    struct table *table = transaction_table(transaction, items.id);

    for (uint32_t i = 0; i < ROWS; i++) {
        int64_t id = (int64_t)i * 7919 % ROWS;
        char name[16];
        snprintf(name, sizeof name, "n%d", (int)(id % 100));
        struct value row[] = {value_int(id), id % GROUPS == 7 ? value_null(SSQL_TYPE_INT) : value_int(id % GROUPS),
                              value_string(slice_of(name)), value_float((double)id / 4)};
        assert_true(transaction_put(transaction, table, row, &error));
    }
    transaction_mark(transaction);
}

static int open_filled(void **state)
{
    if (open_engine(state) != 0)
        return -1;
    fill_items();
    return 0;
}

static int open_filled_tiny(void **state)
{
    if (open_filled(state) != 0)
        return -1;
    engine_work_budget(engine)->limit_bytes = TINY_BUDGET;
    return 0;
}

/* ---- reading ---- */

static void values_give_their_rows(void **state)
{
    static const enum ssql_type TYPES[] = {SSQL_TYPE_INT, SSQL_TYPE_STRING};

    (void)state;
    parameters[0] = value_int(9);
    expect(values_node(
               2, 2, TYPES,
               BUILD_LIST(build_int(1), build_text("a"),
                          build_binary(FUNCTION_ADD, SSQL_TYPE_INT, build_parameter(0, SSQL_TYPE_INT), build_int(1)),
                          build_constant(value_null(SSQL_TYPE_STRING)))),
           "1,a;10,null;");
}

static void limit_and_offset_cut_rows(void **state)
{
    (void)state;
    struct plan_node *ids = project_node(scan_node(NULL), 1, ITEM_TYPES, BUILD_LIST(id_column()));
    expect(limit_node(ids, 3, 1500), "1500;1501;1502;");
    expect(limit_node(ids, 0, 0), "");
    expect(limit_node(ids, 5, ROWS - 1), "19999;");
    expect_failure(limit_node(ids, -1, 0), SSQL_OUT_OF_RANGE, "limit must not be negative");
}

static void a_filter_that_fails_on_a_visible_row_fails_the_statement(void **state)
{
    struct bound_expr *division = build_binary(FUNCTION_DIVIDE, SSQL_TYPE_INT, build_int(100), id_column());
    struct bound_expr *large = build_binary(FUNCTION_GREATER, SSQL_TYPE_BOOL, division, build_int(40));

    (void)state;
    expect_failure(scan_node(large), SSQL_DIVISION_BY_ZERO, "division by zero");
    struct bound_expr *guarded =
        build_expr(BOUND_AND, SSQL_TYPE_BOOL, 2, BUILD_LIST(compare_id(FUNCTION_NOT_EQUAL, 0), large));
    expect(project_node(scan_node(guarded), 1, ITEM_TYPES, BUILD_LIST(id_column())), "1;2;");
}

static void key_ranges_bound_a_scan(void **state)
{
    struct plan_node *scan = scan_node(NULL);
    struct bound_expr *low = build_parameter(0, SSQL_TYPE_INT), *high = build_int(12);

    (void)state;
    scan->scan.low = (struct key_bound){1, build_list(1, &low), true};
    scan->scan.high = (struct key_bound){1, build_list(1, &high), false};
    struct plan_node *ids = project_node(scan, 1, ITEM_TYPES, BUILD_LIST(id_column()));
    parameters[0] = value_int(9);
    expect(ids, "10;11;12;");
    parameters[0] = value_int(12);
    expect(ids, "");
    parameters[0] = value_null(SSQL_TYPE_INT);
    expect(ids, "");
}

static struct plan_node *lookup_node(struct bound_expr *key)
{
    struct plan_node *node = build_node(PLAN_LOOKUP, NULL, 4, ITEM_TYPES);

    node->scan.table = &items;
    node->scan.columns = ALL_COLUMNS;
    node->scan.low = (struct key_bound){1, build_list(1, &key), false};
    return node;
}

static void a_lookup_finds_one_row_or_none(void **state)
{
    (void)state;
    expect(lookup_node(build_int(5)), "5,5,n5,1.25;");
    expect(lookup_node(build_int(-5)), "");
    expect(lookup_node(build_constant(value_null(SSQL_TYPE_INT))), "");
}

/* ---- aggregates, distinct, sort: in memory and spilled alike ---- */

static const struct sort_key BY_FIRST[] = {{0, false, false}};

static void groups_are_counted_and_summed(void **state)
{
    struct bound_aggregate aggregates[] = {
        {.function = AGGREGATE_COUNT_ROWS, .type = SSQL_TYPE_INT},
        {.function = AGGREGATE_SUM, .type = SSQL_TYPE_INT, .argument = id_column()},
        {.function = AGGREGATE_MIN, .type = SSQL_TYPE_STRING, .argument = build_column(2, SSQL_TYPE_STRING)},
        {.function = AGGREGATE_AVG, .type = SSQL_TYPE_FLOAT, .argument = build_column(3, SSQL_TYPE_FLOAT)}};
    struct plan_node *groups = aggregate_node(scan_node(NULL), build_column(1, SSQL_TYPE_INT), 4, aggregates);
    struct plan_node *sorted = sort_node(groups, 1, BY_FIRST, -1);
    struct buffer expected = {0};
    struct buffer text = {0};

    (void)state;
    for (int group = -1; group < GROUPS; group++) {
        int first = group < 0 ? 7 : group, count = 0;
        int64_t sum = 0;
        if (group == 7)
            continue;
        for (int id = first; id < ROWS; id += GROUPS) {
            count++;
            sum += id;
        }
        if (group < 0)
            buffer_append_text(&expected, "null");
        else
            buffer_printf(&expected, "%d", group);
        buffer_printf(&expected, ",%d,%lld,n%d,", count, (long long)sum, first % 100);
        struct value average = value_float((double)sum / 4 / count);
        value_append_text(&expected, &average);
        buffer_append_byte(&expected, ';');
    }
    buffer_append_byte(&expected, 0);
    if (!run(sorted, &text))
        fail_msg("%s", error.message);
    assert_string_equal((char *)text.data, (char *)expected.data);
    buffer_clear(&expected);
    buffer_clear(&text);
}

static void groups_by_string_are_counted(void **state)
{
    struct bound_aggregate aggregates[] = {{.function = AGGREGATE_COUNT_ROWS, .type = SSQL_TYPE_INT},
                                           {.function = AGGREGATE_COUNT,
                                            .type = SSQL_TYPE_INT,
                                            .is_distinct = true,
                                            .argument = build_column(1, SSQL_TYPE_INT)},
                                           {.function = AGGREGATE_MAX, .type = SSQL_TYPE_INT, .argument = id_column()}};
    struct plan_node *groups = aggregate_node(scan_node(NULL), build_column(2, SSQL_TYPE_STRING), 3, aggregates);

    (void)state;
    /* n0: ids 0, 100, …: 200 of them, 30 groups modulo 3000. n7: group 7 is null. */
    expect(limit_node(sort_node(groups, 1, BY_FIRST, -1), 2, 0), "n0,200,30,19900;n1,200,30,19901;");
    struct bound_expr *seventh =
        build_binary(FUNCTION_EQUAL, SSQL_TYPE_BOOL, build_column(2, SSQL_TYPE_STRING), build_text("n7"));
    expect(aggregate_node(scan_node(seventh), build_column(2, SSQL_TYPE_STRING), 3, aggregates), "n7,200,29,19907;");
}

static void aggregates_without_keys_give_one_row(void **state)
{
    struct bound_aggregate aggregates[] = {
        {.function = AGGREGATE_COUNT_ROWS, .type = SSQL_TYPE_INT},
        {.function = AGGREGATE_SUM, .type = SSQL_TYPE_INT, .argument = build_column(1, SSQL_TYPE_INT)},
        {.function = AGGREGATE_COUNT, .type = SSQL_TYPE_INT, .is_distinct = true, .argument = id_column()},
        {.function = AGGREGATE_SUM,
         .type = SSQL_TYPE_INT,
         .is_distinct = true,
         .argument = build_column(1, SSQL_TYPE_INT)}};

    (void)state;
    int64_t sum = 0;
    for (int id = 0; id < ROWS; id++)
        sum += id % GROUPS == 7 ? 0 : id % GROUPS;
    char expected[100];
    snprintf(expected, sizeof expected, "20000,%lld,20000,%d;", (long long)sum, GROUPS * (GROUPS - 1) / 2 - 7);
    expect(aggregate_node(scan_node(NULL), NULL, 4, aggregates), expected);
    expect(aggregate_node(scan_node(compare_id(FUNCTION_LESS, 0)), NULL, 4, aggregates), "0,null,0,null;");
}

static void distinct_rows_come_once(void **state)
{
    struct plan_node *groups = project_node(scan_node(NULL), 1, ITEM_TYPES, BUILD_LIST(build_column(1, SSQL_TYPE_INT)));
    struct plan_node *distinct = build_node(PLAN_DISTINCT, groups, 1, ITEM_TYPES);
    struct bound_aggregate count[] = {{.function = AGGREGATE_COUNT_ROWS, .type = SSQL_TYPE_INT},
                                      {.function = AGGREGATE_SUM, .type = SSQL_TYPE_INT, .argument = id_column()}};
    char expected[64];

    (void)state;
    snprintf(expected, sizeof expected, "%d,%d;", GROUPS, GROUPS * (GROUPS - 1) / 2 - 7);
    expect(aggregate_node(distinct, NULL, 2, count), expected);
}

static void sorting_orders_every_row(void **state)
{
    static const struct sort_key KEYS[] = {{2, true, false}, {0, false, false}};
    struct plan_node *sorted = sort_node(scan_node(NULL), 2, KEYS, -1);
    struct plan_node *ids = project_node(sorted, 1, ITEM_TYPES, BUILD_LIST(id_column()));
    struct buffer expected = {0}, text = {0};

    (void)state;
    /* Names descending: n99, n98, …, n90, n9, n89, …; ids ascending within. */
    for (int tens = 9; tens >= 1; tens--) {
        for (int ones = 9; ones >= -1; ones--) {
            int name = ones < 0 ? tens : tens * 10 + ones;
            for (int id = name; id < ROWS; id += 100)
                buffer_printf(&expected, "%d;", id);
        }
    }
    for (int id = 0; id < ROWS; id += 100)
        buffer_printf(&expected, "%d;", id);
    buffer_append_byte(&expected, 0);
    if (!run(ids, &text))
        fail_msg("%s", error.message);
    assert_string_equal((char *)text.data, (char *)expected.data);
    buffer_clear(&expected);
    buffer_clear(&text);
}

static void sorting_with_a_row_limit_keeps_the_first(void **state)
{
    static const struct sort_key DOWN[] = {{3, true, false}};
    static const struct sort_key NULLS[] = {{1, false, false}, {0, true, false}};
    static const struct sort_key NULLS_LAST[] = {{1, true, true}, {0, false, false}};
    static const struct sort_key NAMES_UP[] = {{2, false, false}, {0, false, false}};
    static const struct sort_key NAMES_DOWN[] = {{2, true, true}, {0, true, false}};
    static const enum ssql_type TWO[] = {SSQL_TYPE_INT, SSQL_TYPE_INT};
    struct bound_expr *list[] = {id_column(), build_column(1, SSQL_TYPE_INT)};

    (void)state;
    expect(project_node(sort_node(scan_node(NULL), 1, DOWN, 3), 1, ITEM_TYPES, list), "19999;19998;19997;");
    expect(project_node(sort_node(scan_node(NULL), 2, NULLS, 2), 2, TWO, list), "18007,null;15007,null;");
    expect(project_node(sort_node(scan_node(NULL), 2, NULLS_LAST, 2), 2, TWO, list), "2999,2999;5999,2999;");
    expect(project_node(sort_node(scan_node(NULL), 1, DOWN, 0), 1, ITEM_TYPES, list), "");
    expect(project_node(sort_node(scan_node(NULL), 2, NAMES_UP, 3), 1, ITEM_TYPES, list), "0;100;200;");
    expect(project_node(sort_node(scan_node(NULL), 2, NAMES_DOWN, 3), 1, ITEM_TYPES, list), "19999;19899;19799;");
    /* More nulls than rows wanted: no first key to compare with. Fewer: the rest comes after them. */
    expect(project_node(sort_node(scan_node(NULL), 2, NULLS, 3), 1, ITEM_TYPES, list), "18007;15007;12007;");
    expect(project_node(limit_node(sort_node(scan_node(NULL), 2, NULLS, 9), 3, 6), 2, TWO, list),
           "7,null;18000,0;15000,0;");
}

static void sums_beyond_an_int_fail_and_float_sums_do_not(void **state)
{
    static const enum ssql_type INT[] = {SSQL_TYPE_INT};
    struct plan_node *values = values_node(3, 1, INT, BUILD_LIST(build_int(INT64_MAX), build_int(5), build_int(-5)));
    struct bound_aggregate sum[] = {{.function = AGGREGATE_SUM, .type = SSQL_TYPE_INT, .argument = id_column()}};
    struct bound_aggregate average[] = {{.function = AGGREGATE_AVG, .type = SSQL_TYPE_FLOAT, .argument = id_column()}};

    (void)state;
    expect(aggregate_node(values, NULL, 1, sum), "9223372036854775807;");
    values->values.row_count = 2;
    expect_failure(aggregate_node(values, NULL, 1, sum), SSQL_OUT_OF_RANGE, "the sum does not fit in an int");
    expect(aggregate_node(values, NULL, 1, average), "4.611686018427388e+18;");
}

static void group_concat_joins_with_its_separator(void **state)
{
    static const enum ssql_type STRING[] = {SSQL_TYPE_STRING};
    struct plan_node *values = values_node(
        4, 1, STRING,
        BUILD_LIST(build_text("a"), build_constant(value_null(SSQL_TYPE_STRING)), build_text("b"), build_text("a")));
    struct bound_expr *argument = build_column(0, SSQL_TYPE_STRING);
    struct bound_aggregate plain[] = {
        {.function = AGGREGATE_GROUP_CONCAT, .type = SSQL_TYPE_STRING, .argument = argument}};
    struct bound_aggregate distinct[] = {{.function = AGGREGATE_GROUP_CONCAT,
                                          .type = SSQL_TYPE_STRING,
                                          .is_distinct = true,
                                          .argument = argument,
                                          .separator = build_text("+")}};

    (void)state;
    expect(aggregate_node(values, NULL, 1, plain), "a,b,a;");
    expect(aggregate_node(values, NULL, 1, distinct), "a+b;");
}

static void long_strings_are_refused_before_they_are_made(void **state)
{
    static const enum ssql_type STRING[] = {SSQL_TYPE_STRING};
    struct bound_expr *repeat =
        build_binary(FUNCTION_REPEAT, SSQL_TYPE_STRING, build_text("x"), build_int(1000000000000));

    (void)state;
    expect_failure(values_node(1, 1, STRING, &repeat), SSQL_TOO_LARGE,
                   "a string of 1000000000000 bytes is beyond the limit of 67108864");
    /* 20,000 strings of 100 kB pass in pieces. */
    struct bound_expr *wide =
        build_binary(FUNCTION_REPEAT, SSQL_TYPE_STRING, build_column(2, SSQL_TYPE_STRING), build_int(50000));
    struct plan_node *wides = project_node(limit_node(scan_node(NULL), 1000, 0), 1, STRING, &wide);
    struct bound_aggregate sum[] = {
        {.function = AGGREGATE_SUM,
         .type = SSQL_TYPE_INT,
         .argument = build_unary(FUNCTION_LENGTH, SSQL_TYPE_INT, build_column(0, SSQL_TYPE_STRING))}};
    expect(aggregate_node(wides, NULL, 1, sum), "145000000;");
}

/* ---- writing ---- */

static void inserted_rows_are_there_and_counted(void **state)
{
    (void)state;
    expect(insert_node(item_values(2, 20, "b"), INSERT_NEW), "");
    expect(insert_node(item_values(1, 10, "a"), INSERT_NEW), "");
    assert_int_equal(changes, 1);
    expect(scan_node(NULL), "1,10,a,0.5;2,20,b,0.5;");
}

static void a_duplicate_key_names_table_column_and_key(void **state)
{
    struct plan_node *values = values_node(
        2, 4, ITEM_TYPES,
        BUILD_LIST(build_int(3), build_int(1), build_text("x"), build_constant(value_null(SSQL_TYPE_FLOAT)),
                   build_int(3), build_int(2), build_text("y"), build_constant(value_null(SSQL_TYPE_FLOAT))));

    (void)state;
    static const struct ssql_span SPANS[] = {{10, 20}, {22, 30}};
    struct plan_node *insert = insert_node(values, INSERT_NEW);
    insert->insert.row_spans = SPANS;
    expect_failure(insert, SSQL_DUPLICATE_KEY, "table \"items\" already has a row with key id = 3");
    assert_int_equal(error.span.begin, 22);
    expect(scan_node(NULL), "");
    expect(insert_node(values, INSERT_OR_NOTHING), "");
    assert_int_equal(changes, 1);
    expect(scan_node(NULL), "3,1,x,null;");
    expect(insert_node(values, INSERT_OR_REPLACE), "");
    assert_int_equal(changes, 2);
    expect(scan_node(NULL), "3,2,y,null;");
}

static void a_null_in_a_not_null_column_is_refused(void **state)
{
    (void)state;
    expect_failure(insert_node(item_values(1, 1, NULL), INSERT_NEW), SSQL_NOT_NULL,
                   "column \"name\" of table \"items\" must not be null");
}

static struct plan_node *update_node(struct plan_node *child, bool changes_key)
{
    static const int32_t NEW_VALUES[] = {4, 1, 2, 3};
    static const uint16_t OLD_KEY[] = {0};
    struct plan_node *node = build_node(PLAN_UPDATE, child, 0, NULL);

    node->update.table = &items;
    node->update.changes_key = changes_key;
    node->update.new_values = NEW_VALUES;
    node->update.old_key = OLD_KEY;
    return node;
}

/* Scanned columns, then the new id. */
static struct plan_node *with_new_id(struct bound_expr *new_id)
{
    static const enum ssql_type TYPES[] = {SSQL_TYPE_INT, SSQL_TYPE_INT, SSQL_TYPE_STRING, SSQL_TYPE_FLOAT,
                                           SSQL_TYPE_INT};

    return project_node(scan_node(NULL), 5, TYPES,
                        BUILD_LIST(id_column(), build_column(1, SSQL_TYPE_INT), build_column(2, SSQL_TYPE_STRING),
                                   build_column(3, SSQL_TYPE_FLOAT), new_id));
}

static void keys_can_move_over_each_other(void **state)
{
    struct bound_expr *next_id = build_binary(FUNCTION_ADD, SSQL_TYPE_INT, id_column(), build_int(1));
    struct bound_aggregate ends[] = {{.function = AGGREGATE_COUNT_ROWS, .type = SSQL_TYPE_INT},
                                     {.function = AGGREGATE_MIN, .type = SSQL_TYPE_INT, .argument = id_column()},
                                     {.function = AGGREGATE_MAX, .type = SSQL_TYPE_INT, .argument = id_column()}};

    (void)state;
    expect(update_node(with_new_id(next_id), true), "");
    assert_int_equal(changes, ROWS);
    expect(aggregate_node(scan_node(NULL), NULL, 3, ends), "20000,1,20000;");
    struct bound_expr *half = build_binary(FUNCTION_DIVIDE, SSQL_TYPE_INT, id_column(), build_int(2));
    expect_failure(update_node(with_new_id(half), true), SSQL_DUPLICATE_KEY,
                   "table \"items\" already has a row with key id = 1");
    expect(aggregate_node(scan_node(NULL), NULL, 3, ends), "20000,1,20000;");
}

static void updates_and_deletes_change_the_rows_they_find(void **state)
{
    static const uint16_t KEY[] = {0};
    static const enum ssql_type TYPES[] = {SSQL_TYPE_INT, SSQL_TYPE_INT, SSQL_TYPE_STRING, SSQL_TYPE_FLOAT,
                                           SSQL_TYPE_INT};
    struct plan_node *changed = project_node(
        scan_node(compare_id(FUNCTION_LESS, 3)), 5, TYPES,
        BUILD_LIST(id_column(), build_int(-1), build_text("new"), build_column(3, SSQL_TYPE_FLOAT), id_column()));
    struct plan_node *removed = build_node(PLAN_DELETE, scan_node(compare_id(FUNCTION_GREATER, 3)), 0, NULL);

    (void)state;
    removed->remove.table = &items;
    removed->remove.key = KEY;
    expect(update_node(changed, false), "");
    assert_int_equal(changes, 3);
    expect(removed, "");
    assert_int_equal(changes, ROWS - 4);
    expect(scan_node(NULL), "0,-1,new,0.0;1,-1,new,0.25;2,-1,new,0.5;3,3,n3,0.75;");
}

static void an_insert_from_its_own_table_sees_the_state_before_it(void **state)
{
    struct bound_expr *moved = build_binary(FUNCTION_ADD, SSQL_TYPE_INT, id_column(), build_int(ROWS));
    struct plan_node *copies =
        project_node(scan_node(NULL), 4, ITEM_TYPES,
                     BUILD_LIST(moved, build_column(1, SSQL_TYPE_INT), build_column(2, SSQL_TYPE_STRING),
                                build_column(3, SSQL_TYPE_FLOAT)));

    (void)state;
    expect(insert_node(copies, INSERT_NEW), "");
    assert_int_equal(changes, ROWS);
    expect_failure(insert_node(copies, INSERT_NEW), SSQL_DUPLICATE_KEY,
                   "table \"items\" already has a row with key id = 20000");
}

#define EMPTY(test)  cmocka_unit_test_setup_teardown(test, open_engine, close_engine)
#define FILLED(test) cmocka_unit_test_setup_teardown(test, open_filled, close_engine)
#define TINY(test)                                                                                                     \
    {                                                                                                                  \
#test " with a tiny budget", test, open_filled_tiny, close_engine, NULL                                        \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        EMPTY(values_give_their_rows),
        FILLED(limit_and_offset_cut_rows),
        FILLED(a_filter_that_fails_on_a_visible_row_fails_the_statement),
        FILLED(key_ranges_bound_a_scan),
        FILLED(a_lookup_finds_one_row_or_none),
        FILLED(groups_are_counted_and_summed),
        TINY(groups_are_counted_and_summed),
        FILLED(groups_by_string_are_counted),
        TINY(groups_by_string_are_counted),
        FILLED(aggregates_without_keys_give_one_row),
        TINY(aggregates_without_keys_give_one_row),
        FILLED(distinct_rows_come_once),
        TINY(distinct_rows_come_once),
        FILLED(sorting_orders_every_row),
        TINY(sorting_orders_every_row),
        FILLED(sorting_with_a_row_limit_keeps_the_first),
        TINY(sorting_with_a_row_limit_keeps_the_first),
        EMPTY(sums_beyond_an_int_fail_and_float_sums_do_not),
        EMPTY(group_concat_joins_with_its_separator),
        FILLED(long_strings_are_refused_before_they_are_made),
        EMPTY(inserted_rows_are_there_and_counted),
        EMPTY(a_duplicate_key_names_table_column_and_key),
        EMPTY(a_null_in_a_not_null_column_is_refused),
        FILLED(keys_can_move_over_each_other),
        TINY(keys_can_move_over_each_other),
        FILLED(updates_and_deletes_change_the_rows_they_find),
        FILLED(an_insert_from_its_own_table_sees_the_state_before_it),
    };
    return cmocka_run_group_tests_name("operators", tests, NULL, NULL);
}
