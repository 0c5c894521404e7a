#include "plan/binder.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* ---- values (...), (...) ---- */

static bool check_widths(struct binder *binder, const struct row_list *rows, uint32_t width)
{
    for (uint32_t i = 1; i < rows->count; i++) {
        uint32_t count = rows->items[i].values.count;
        if (count != width)
            return error_set(binder->error, SSQL_VALUE_COUNT, rows->items[i].span,
                             "row %u has %u value%s, but the first has %u", i + 1, count, count == 1 ? "" : "s", width);
    }
    return true;
}

/* One type per column, the same in all rows. */
static bool type_value_columns(struct binder *binder, const struct row_list *rows, struct bound_expr **items,
                               struct column_schema *columns, uint32_t width)
{
    for (uint32_t c = 0; c < width; c++) {
        enum ssql_type type = SSQL_TYPE_NULL;
        for (uint32_t r = 0; r < rows->count; r++) {
            enum ssql_type so_far = type;
            struct bound_expr *item = items[(size_t)r * width + c];
            if (!common_type(so_far, item->type, &type))
                return error_set(binder->error, SSQL_TYPE_MISMATCH, item->span,
                                 "column %u of values is %s, but the value is %s", c + 1, type_name(so_far),
                                 type_name(item->type));
        }
        for (uint32_t r = 0; type != SSQL_TYPE_NULL && r < rows->count; r++)
            if (!coerce(binder, &items[(size_t)r * width + c], type))
                return error_set(binder->error, SSQL_TYPE_MISMATCH, rows->items[r].span, "column %u of values is %s",
                                 c + 1, type_name(type));
        columns[c].type = type;
    }
    return true;
}

static bool name_value_columns(struct binder *binder, struct column_schema *columns, uint32_t width)
{
    for (uint32_t c = 0; c < width; c++) {
        char name[32];
        snprintf(name, sizeof name, "column%u", c + 1);
        columns[c].name = arena_copy(binder->arena, slice_of(name));
        if (columns[c].name.data == NULL)
            return false;
    }
    return true;
}

/* The rows are a source like a table, whose columns are called column1, column2, … */
static bool bind_values(struct binder *binder, const struct query *query, struct bound_query *bound)
{
    const struct row_list *rows = &query->rows;
    uint32_t width = rows->items[0].values.count;
    struct table_schema *table = arena_alloc(binder->arena, sizeof *table);
    struct column_schema *columns = arena_alloc_array(binder->arena, width, sizeof *columns);
    struct bound_expr **items = arena_alloc_array(binder->arena, (size_t)width * rows->count, sizeof *items);

    if (table == NULL || columns == NULL || items == NULL)
        return false;
    if (!check_widths(binder, rows, width))
        return false;
    binder->clause = CLAUSE_VALUES;
    for (uint32_t r = 0; r < rows->count; r++)
        for (uint32_t c = 0; c < width; c++)
            if ((items[(size_t)r * width + c] = bind_expr(binder, rows->items[r].values.items[c])) == NULL)
                return false;
    if (!type_value_columns(binder, rows, items, columns, width) || !name_value_columns(binder, columns, width))
        return false;
    *table = (struct table_schema){
        .name = slice_of("values"), .column_count = width, .visible_count = width, .columns = columns};
    bound->source = SOURCE_VALUES;
    bound->table = table;
    bound->row_count = rows->count;
    bound->row_items = items;
    return true;
}

/* ---- the select list ---- */

static bool add_item(struct binder *binder, struct bound_query *bound, struct bound_expr *expr, struct slice name)
{
    struct slice copy = arena_copy(binder->arena, name);

    if (expr == NULL || copy.data == NULL)
        return false;
    bound->items[bound->item_count] = expr;
    bound->item_names[bound->item_count++] = copy;
    return true;
}

/* A plain column keeps the name with which it was created, however it is written here. */
static bool add_expr(struct binder *binder, struct bound_query *bound, const struct select_item *item)
{
    struct bound_expr *expr = bind_expr(binder, item->expr);
    bool is_column =
        expr != NULL && expr->kind == BOUND_COLUMN && item->expr->kind == EXPR_COLUMN && item->alias.text.size == 0;

    return add_item(binder, bound, expr, is_column ? binder->table->columns[expr->column].name : item->title);
}

static bool add_all_columns(struct binder *binder, struct bound_query *bound, struct ssql_span span)
{
    for (uint32_t i = 0; i < binder->table->visible_count; i++) {
        const struct column_schema *column = &binder->table->columns[i];
        struct bound_expr *expr = bound_make_column(binder->arena, i, column->type, !column->is_not_null, span);
        if (!add_item(binder, bound, expr, column->name))
            return false;
    }
    return true;
}

/* `*`, or `t.*` */
static bool add_star(struct binder *binder, struct bound_query *bound, const struct select_item *item)
{
    return bind_qualifier(binder, &item->table) && add_all_columns(binder, bound, item->span);
}

static bool alloc_items(struct binder *binder, struct bound_query *bound, size_t most)
{
    bound->items = arena_alloc_array(binder->arena, most, sizeof *bound->items);
    bound->item_names = arena_alloc_array(binder->arena, most, sizeof *bound->item_names);
    return bound->items != NULL && bound->item_names != NULL;
}

static bool bind_items(struct binder *binder, const struct select *select, struct bound_query *bound)
{
    size_t most = 0;

    for (uint32_t i = 0; i < select->item_count; i++) {
        bool is_star = select->items[i].kind != SELECT_ITEM_EXPR;
        if (is_star && binder->table == NULL)
            return error_set(binder->error, SSQL_SYNTAX, select->items[i].span,
                             "* means all columns of a table, but there is no from");
        most += is_star ? binder->table->visible_count : 1;
        if (most > RESULT_COLUMNS_MOST)
            return error_set(binder->error, SSQL_TOO_LARGE, select->items[i].span, "a result has at most %d columns",
                             RESULT_COLUMNS_MOST);
    }
    if (!alloc_items(binder, bound, most))
        return false;
    binder->clause = CLAUSE_SELECT;
    binder->aggregates = &bound->aggregates;
    for (uint32_t i = 0; i < select->item_count; i++) {
        const struct select_item *item = &select->items[i];
        if (!(item->kind == SELECT_ITEM_EXPR ? add_expr(binder, bound, item) : add_star(binder, bound, item)))
            return false;
    }
    return true;
}

/* ---- output names and numbers ---- */

static bool is_plain_name(const struct expr *expr)
{
    return expr->kind == EXPR_COLUMN && expr->column.table.text.size == 0;
}

static bool is_number(const struct expr *expr)
{
    return expr->kind == EXPR_LITERAL && expr->literal.type == SSQL_TYPE_INT;
}

/* Item of the output name; two different items of that name are an error. *output is NO_OUTPUT when there is none. */
static bool find_output(struct binder *binder, const struct bound_query *bound, const struct name *name,
                        uint32_t *output)
{
    *output = NO_OUTPUT;
    for (uint32_t i = 0; i < bound->item_count; i++) {
        if (!name_equal(bound->item_names[i], name->text))
            continue;
        if (*output != NO_OUTPUT && !bound_equal(bound->items[*output], bound->items[i]))
            return error_set(binder->error, SSQL_AMBIGUOUS, name->span, "several output columns are called \"%.*s\"",
                             SLICE_PRINT(name->text));
        if (*output == NO_OUTPUT)
            *output = i;
    }
    return true;
}

static bool number_output(struct binder *binder, const struct bound_query *bound, const struct expr *expr,
                          uint32_t *output)
{
    int64_t number = expr->literal.integer;

    if (number < 1 || number > bound->item_count)
        return error_set(binder->error, SSQL_UNKNOWN_COLUMN, expr->span,
                         "there is no column %" PRId64 ": the select list has %u", number, bound->item_count);
    *output = (uint32_t)(number - 1);
    return true;
}

/* ---- group by ---- */

static void note_aggregate(void *context, uint32_t column)
{
    bool *found = context;

    *found = *found || column >= AGGREGATE_COLUMN_BASE;
}

static struct bound_expr *item_as_key(struct binder *binder, const struct bound_query *bound, uint32_t output,
                                      struct ssql_span span)
{
    bool has_aggregate = false;

    bound_visit_columns(bound->items[output], note_aggregate, &has_aggregate);
    if (has_aggregate) {
        error_set(binder->error, SSQL_BAD_GROUPING, span, "an aggregate cannot stand in group by");
        return NULL;
    }
    return bound->items[output];
}

static struct bound_expr *bind_key(struct binder *binder, const struct bound_query *bound, const struct expr *expr)
{
    uint32_t output = NO_OUTPUT;
    bool is_column = is_plain_name(expr) && binder->table != NULL &&
                     table_schema_find_column(binder->table, expr->column.column.text) >= 0;

    if (is_number(expr)) {
        if (!number_output(binder, bound, expr, &output))
            return NULL;
    } else if (is_plain_name(expr) && !is_column) {
        if (!find_output(binder, bound, &expr->column.column, &output))
            return NULL;
    }
    if (output != NO_OUTPUT)
        return item_as_key(binder, bound, output, expr->span);
    return bind_expr(binder, expr);
}

static bool bind_group_by(struct binder *binder, const struct select *select, struct bound_query *bound)
{
    const struct expr_list *written = &select->group_by;

    if (written->count > GROUP_KEYS_MOST)
        return error_set(binder->error, SSQL_TOO_LARGE, written->items[GROUP_KEYS_MOST]->span,
                         "group by takes at most %d expressions", GROUP_KEYS_MOST);
    bound->keys = arena_alloc_array(binder->arena, written->count, sizeof *bound->keys);
    if (bound->keys == NULL)
        return false;
    binder->clause = CLAUSE_GROUP_BY;
    binder->aggregates = NULL;
    for (uint32_t i = 0; i < written->count; i++) {
        struct bound_expr *key = bind_key(binder, bound, written->items[i]);
        if (key == NULL)
            return false;
        if (!bound_is_constant(key)) /* all rows agree on a constant */
            bound->keys[bound->key_count++] = key;
    }
    return true;
}

/* ---- order by, limit ---- */

static bool bind_order_item(struct binder *binder, struct bound_query *bound, const struct order_item *written)
{
    struct bound_order *order = &bound->order[bound->order_count];
    const struct expr *expr = written->expr;

    *order = (struct bound_order){.output = NO_OUTPUT, .is_descending = written->is_descending};
    /* Nulls are smaller than everything. */
    order->nulls_last = written->nulls == NULLS_LAST || (written->nulls == NULLS_DEFAULT && written->is_descending);
    if (is_number(expr)) {
        if (!number_output(binder, bound, expr, &order->output))
            return false;
    } else if (is_plain_name(expr) && !find_output(binder, bound, &expr->column.column, &order->output)) {
        return false;
    }
    if (order->output == NO_OUTPUT) {
        order->expr = bind_expr(binder, expr);
        if (order->expr == NULL)
            return false;
        for (uint32_t i = 0; i < bound->item_count && order->output == NO_OUTPUT; i++)
            if (bound_equal(bound->items[i], order->expr))
                order->output = i;
    }
    if (order->output == NO_OUTPUT && bound->is_distinct) {
        error_set(binder->error, SSQL_BAD_GROUPING, expr->span,
                  "with distinct, order by can only use what the select list has");
        return false;
    }
    const struct bound_expr *sorted = order->output == NO_OUTPUT ? order->expr : bound->items[order->output];
    if (!bound_is_constant(sorted)) /* a constant orders nothing */
        bound->order_count++;
    return true;
}

static bool bind_order_by(struct binder *binder, const struct query *query, struct bound_query *bound)
{
    if (query->order_by_count > SORT_KEYS_MOST)
        return error_set(binder->error, SSQL_TOO_LARGE, query->order_by[SORT_KEYS_MOST].span,
                         "order by takes at most %d expressions", SORT_KEYS_MOST);
    bound->order = arena_alloc_array(binder->arena, query->order_by_count, sizeof *bound->order);
    if (bound->order == NULL)
        return false;
    binder->clause = CLAUSE_ORDER_BY;
    for (uint32_t i = 0; i < query->order_by_count; i++)
        if (!bind_order_item(binder, bound, &query->order_by[i]))
            return false;
    return true;
}

/* An int without columns; *bound stays NULL where nothing was written, or null. */
static bool bind_limit(struct binder *binder, const struct expr *expr, const char *what, struct bound_expr **bound)
{
    if (expr == NULL)
        return true;
    struct bound_expr *limit = bind_expr(binder, expr);
    if (limit == NULL)
        return false;
    if (!coerce(binder, &limit, SSQL_TYPE_INT))
        return error_set(binder->error, SSQL_TYPE_MISMATCH, limit->span, "%s must be int, but this is %s", what,
                         type_name(limit->type));
    if (limit == NULL)
        return false;
    if (limit->kind == BOUND_CONSTANT && !limit->constant.is_null && limit->constant.integer < 0) {
        error_set(binder->error, SSQL_OUT_OF_RANGE, limit->span, "%s must not be negative", what);
        if (strcmp(what, "limit") == 0)
            error_hint(binder->error, "without \"limit\" all rows come");
        return false;
    }
    if (!bound_is_null(limit))
        *bound = limit;
    return true;
}

static bool bind_limits(struct binder *binder, const struct query *query, struct bound_query *bound)
{
    binder->clause = CLAUSE_LIMIT;
    binder->aggregates = NULL;
    binder_enter(binder, NULL, slice_make(NULL, 0));
    return bind_limit(binder, query->limit, "limit", &bound->limit) &&
           bind_limit(binder, query->offset, "offset", &bound->offset);
}

/* ---- grouping: from columns of the source to keys and aggregates ---- */

struct regrouping {
    struct binder *binder;
    const struct bound_query *bound;
    const struct table_schema *table;
    bool is_refused;
};

static void refuse_ungrouped(const struct regrouping *regrouping, const struct bound_expr *expr)
{
    struct slice name = regrouping->table->columns[expr->column].name;
    struct ssql_error *error = regrouping->binder->error;

    error_set(error, SSQL_BAD_GROUPING, expr->span, "column \"%.*s\" must appear in group by or in an aggregate",
              SLICE_PRINT(name));
    if (regrouping->bound->key_count > 0)
        error_hint(error, "a group has several values of it: group by it too, or take one, as in min(%.*s)",
                   SLICE_PRINT(name));
    else if (regrouping->bound->aggregates.count == 0)
        error_hint(error, "having chooses among groups, and makes all rows one; where chooses among rows");
    else
        error_hint(error, "an aggregate makes all rows one; \"group by %.*s\" makes one of each value",
                   SLICE_PRINT(name));
}

/* A whole key is its column of the groups, an aggregate its own; any other column of the source has no single value. */
static struct bound_expr *regroup(void *context, struct bound_expr *expr)
{
    struct regrouping *regrouping = context;
    const struct bound_query *bound = regrouping->bound;
    struct arena *arena = regrouping->binder->arena;

    for (uint32_t i = 0; i < bound->key_count; i++)
        if (bound_equal(bound->keys[i], expr))
            return bound_make_column(arena, i, expr->type, expr->can_be_null, expr->span);
    if (expr->kind != BOUND_COLUMN)
        return NULL;
    if (expr->column >= AGGREGATE_COLUMN_BASE)
        return bound_make_column(arena, bound->key_count + expr->column - AGGREGATE_COLUMN_BASE, expr->type,
                                 expr->can_be_null, expr->span);
    if (!regrouping->is_refused)
        refuse_ungrouped(regrouping, expr);
    regrouping->is_refused = true;
    return expr;
}

static bool regroup_all(struct binder *binder, struct bound_query *bound)
{
    struct regrouping regrouping = {.binder = binder, .bound = bound, .table = bound->table};
    struct bound_rewrite rewrite = {.arena = binder->arena, .context = &regrouping, .replace = regroup};

    for (uint32_t i = 0; i < bound->item_count && !regrouping.is_refused; i++)
        bound->items[i] = bound_rewrite(&rewrite, bound->items[i]);
    if (bound->having != NULL && !regrouping.is_refused)
        bound->having = bound_rewrite(&rewrite, bound->having);
    for (uint32_t i = 0; i < bound->order_count && !regrouping.is_refused; i++)
        if (bound->order[i].expr != NULL)
            bound->order[i].expr = bound_rewrite(&rewrite, bound->order[i].expr);
    return !regrouping.is_refused && !arena_failed(binder->arena);
}

/* ---- select ---- */

static bool bind_from(struct binder *binder, const struct select *select, struct bound_query *bound)
{
    const struct table_reference *from = select->from;

    binder_enter(binder, NULL, slice_make(NULL, 0));
    if (from == NULL)
        return true;
    bound->table = bind_table(binder, &from->table);
    if (bound->table == NULL)
        return false;
    bound->source = SOURCE_TABLE;
    binder_enter(binder, bound->table, from->alias.text.size > 0 ? from->alias.text : bound->table->name);
    return true;
}

static bool bind_select(struct binder *binder, const struct query *query, struct bound_query *bound)
{
    const struct select *select = &query->select;

    binder->select = select;
    bound->is_distinct = select->is_distinct;
    if (!bind_from(binder, select, bound))
        return false;
    /* The select list first, as people read it; where sees no aggregates. */
    if (!bind_items(binder, select, bound))
        return false;
    binder->aggregates = NULL;
    binder->clause = CLAUSE_WHERE;
    if (select->where != NULL && (bound->where = bind_condition(binder, select->where)) == NULL)
        return false;
    if (!bind_group_by(binder, select, bound))
        return false;
    binder->aggregates = &bound->aggregates;
    binder->outputs = select;
    binder->clause = CLAUSE_HAVING;
    if (select->having != NULL && (bound->having = bind_condition(binder, select->having)) == NULL)
        return false;
    if (!bind_order_by(binder, query, bound))
        return false;
    binder->outputs = NULL;
    binder->select = NULL;
    bound->is_grouped = bound->aggregates.count > 0 || select->group_by.count > 0 || select->having != NULL;
    /* Grouped by constants only: one group, but none where there is no row. */
    if (bound->is_grouped && select->group_by.count > 0 && bound->key_count == 0) {
        bound->keys[0] = bound_make_constant(binder->arena, value_bool(true), NO_SPAN);
        bound->key_count = 1;
    }
    return !bound->is_grouped || regroup_all(binder, bound);
}

static bool bind_values_query(struct binder *binder, const struct query *query, struct bound_query *bound)
{
    binder_enter(binder, NULL, slice_make(NULL, 0));
    if (!bind_values(binder, query, bound))
        return false;
    binder_enter(binder, bound->table, bound->table->name);
    return alloc_items(binder, bound, bound->table->visible_count) && add_all_columns(binder, bound, NO_SPAN) &&
           bind_order_by(binder, query, bound);
}

struct bound_query *bind_query(struct binder *binder, const struct query *query)
{
    struct bound_query *bound = arena_alloc(binder->arena, sizeof *bound);

    if (bound == NULL)
        return NULL;
    bool is_bound =
        query->kind == QUERY_SELECT ? bind_select(binder, query, bound) : bind_values_query(binder, query, bound);
    return is_bound && bind_limits(binder, query, bound) ? bound : NULL;
}
