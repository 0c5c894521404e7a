#include "plan/binder.h"

/* ---- defaults: each column's is bound once, whatever number of rows wants it ---- */

struct default_list {
    const struct table_schema *table;
    struct bound_expr **items; /* per visible column; NULL: not wanted yet */
};

static struct bound_expr *default_of(struct binder *binder, struct default_list *defaults, uint32_t column)
{
    if (defaults->items[column] == NULL)
        defaults->items[column] = bind_stored_default(binder, &defaults->table->columns[column]);
    return defaults->items[column];
}

static bool defaults_init(struct binder *binder, struct default_list *defaults, const struct table_schema *table)
{
    defaults->table = table;
    defaults->items = arena_alloc_array(binder->arena, table->visible_count, sizeof *defaults->items);
    return defaults->items != NULL;
}

/* A value that is written for a column, or its default. */
static struct bound_expr *bind_value(struct binder *binder, struct default_list *defaults, uint32_t column,
                                     const struct expr *expr)
{
    if (expr->kind == EXPR_DEFAULT)
        return default_of(binder, defaults, column);
    return bind_column_value(binder, expr, &defaults->table->columns[column]);
}

/* ---- insert ---- */

enum { NOT_NAMED = -1 };

/* Which of the values belongs to a column: places[column], or NOT_NAMED. */
struct target {
    int32_t *places;
    uint32_t count; /* values wanted */
};

static bool bind_target(struct binder *binder, const struct insert *insert, const struct table_schema *table,
                        struct target *target)
{
    target->places = arena_alloc_array(binder->arena, table->visible_count, sizeof *target->places);
    if (target->places == NULL)
        return false;
    target->count = insert->has_columns ? insert->columns.count : table->visible_count;
    for (uint32_t i = 0; i < table->visible_count; i++)
        target->places[i] = insert->has_columns ? NOT_NAMED : (int32_t)i;
    for (uint32_t i = 0; insert->has_columns && i < insert->columns.count; i++) {
        const struct name *name = &insert->columns.items[i];
        int column = bind_column_name(binder, table, name);
        if (column < 0)
            return false;
        if (target->places[column] != NOT_NAMED)
            return error_set(binder->error, SSQL_COLUMN_EXISTS, name->span, "column \"%.*s\" is named twice",
                             SLICE_PRINT(name->text));
        target->places[column] = (int32_t)i;
    }
    return true;
}

static bool check_counts(struct binder *binder, const struct row_list *rows, const struct table_schema *table,
                         uint32_t wanted)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        uint32_t count = rows->items[i].values.count;
        const char *plural = count == 1 ? "" : "s";
        if (count == wanted)
            continue;
        if (rows->count == 1)
            error_set(binder->error, SSQL_VALUE_COUNT, rows->items[i].span,
                      "%u value%s, but %u column%s of %.*s %s wanted", count, plural, wanted, wanted == 1 ? "" : "s",
                      SLICE_PRINT(table->name), wanted == 1 ? "is" : "are");
        else
            error_set(binder->error, SSQL_VALUE_COUNT, rows->items[i].span,
                      "row %u has %u value%s, but %u column%s of %.*s %s wanted", i + 1, count, plural, wanted,
                      wanted == 1 ? "" : "s", SLICE_PRINT(table->name), wanted == 1 ? "is" : "are");
        if (wanted == table->visible_count)
            binder_hint_columns(binder, table, "");
        return false;
    }
    return true;
}

static bool bind_insert_rows(struct binder *binder, const struct row_list *rows, const struct target *target,
                             struct bound_insert *bound)
{
    uint32_t width = bound->table->visible_count;
    struct default_list defaults;

    bound->items = arena_alloc_array(binder->arena, (size_t)rows->count * width, sizeof *bound->items);
    bound->row_spans = arena_alloc_array(binder->arena, rows->count, sizeof *bound->row_spans);
    if (bound->items == NULL || bound->row_spans == NULL || !defaults_init(binder, &defaults, bound->table))
        return false;
    if (!check_counts(binder, rows, bound->table, target->count))
        return false;
    for (uint32_t r = 0; r < rows->count; r++) {
        struct bound_expr **row = bound->items + (size_t)r * width;
        bound->row_spans[r] = rows->items[r].span;
        for (uint32_t c = 0; c < width; c++) {
            row[c] = target->places[c] == NOT_NAMED
                         ? default_of(binder, &defaults, c)
                         : bind_value(binder, &defaults, c, rows->items[r].values.items[target->places[c]]);
            if (row[c] == NULL)
                return false;
        }
    }
    bound->row_count = rows->count;
    return true;
}

/* Rows that do not stand in the statement are blamed at one place. */
static bool blame_rows_at(struct binder *binder, struct bound_insert *bound, struct ssql_span span)
{
    bound->row_spans = arena_alloc(binder->arena, sizeof *bound->row_spans);
    if (bound->row_spans != NULL)
        *bound->row_spans = span;
    return bound->row_spans != NULL;
}

static bool bind_default_row(struct binder *binder, struct bound_insert *bound)
{
    uint32_t width = bound->table->visible_count;

    bound->items = arena_alloc_array(binder->arena, width, sizeof *bound->items);
    if (bound->items == NULL)
        return false;
    for (uint32_t c = 0; c < width; c++)
        if ((bound->items[c] = bind_stored_default(binder, &bound->table->columns[c])) == NULL)
            return false;
    bound->row_count = 1;
    return true;
}

/* The query's columns get the types of the table's where they stand, in its select list. */
static bool type_query(struct binder *binder, struct bound_insert *bound, const struct column_schema *column,
                       uint32_t item)
{
    struct bound_expr **expr = &bound->query->items[item];

    if (coerce(binder, expr, column->type))
        return *expr != NULL;
    return error_set(binder->error, SSQL_TYPE_MISMATCH, (*expr)->span, "column \"%.*s\" is %s, but the query gives %s",
                     SLICE_PRINT(column->name), type_name(column->type), type_name((*expr)->type));
}

static bool bind_insert_query(struct binder *binder, const struct insert *insert, const struct target *target,
                              struct bound_insert *bound)
{
    uint32_t width = bound->table->visible_count;

    bound->query = bind_query(binder, insert->query);
    bound->projection = arena_alloc_array(binder->arena, width, sizeof *bound->projection);
    if (bound->query == NULL || bound->projection == NULL)
        return false;
    if (bound->query->item_count != target->count)
        return error_set(binder->error, SSQL_VALUE_COUNT, insert->query->span,
                         "the query gives %u column%s, but %u of %.*s %s wanted", bound->query->item_count,
                         bound->query->item_count == 1 ? "" : "s", target->count, SLICE_PRINT(bound->table->name),
                         target->count == 1 ? "is" : "are");
    for (uint32_t c = 0; c < width; c++) {
        const struct column_schema *column = &bound->table->columns[c];
        if (target->places[c] == NOT_NAMED) {
            bound->projection[c] = bind_stored_default(binder, column);
        } else {
            if (!type_query(binder, bound, column, (uint32_t)target->places[c]))
                return false;
            const struct bound_expr *item = bound->query->items[target->places[c]];
            bound->projection[c] = bound_make_column(binder->arena, (uint32_t)target->places[c], column->type,
                                                     item->can_be_null, item->span);
        }
        if (bound->projection[c] == NULL)
            return false;
    }
    return true;
}

/* `on conflict (a, b)` must name the primary key: there are no other unique columns. */
static bool check_conflict_columns(struct binder *binder, const struct insert *insert, const struct table_schema *table)
{
    uint32_t named = 0;

    for (uint32_t i = 0; i < insert->conflict_columns.count; i++) {
        int column = bind_column_name(binder, table, &insert->conflict_columns.items[i]);
        if (column < 0)
            return false;
        named += table->columns[column].is_key ? 1 : 0;
    }
    if (insert->conflict_columns.count == 0 || (named == insert->conflict_columns.count && named == table->key_count))
        return true;
    return error_set(binder->error, SSQL_NOT_SUPPORTED, insert->conflict_span,
                     "a conflict in other columns than the primary key is not supported yet");
}

struct bound_insert *bind_insert(struct binder *binder, const struct insert *insert)
{
    struct bound_insert *bound = arena_alloc(binder->arena, sizeof *bound);
    struct target target;
    bool is_bound;

    if (bound == NULL || (bound->table = bind_table(binder, &insert->table)) == NULL)
        return NULL;
    bound->mode = insert->is_upsert ? INSERT_OR_REPLACE : insert->is_conflict_ignored ? INSERT_OR_NOTHING : INSERT_NEW;
    binder->clause = CLAUSE_VALUES;
    if (!bind_target(binder, insert, bound->table, &target) || !check_conflict_columns(binder, insert, bound->table))
        return NULL;
    if (insert->source == INSERT_ROWS)
        is_bound = bind_insert_rows(binder, &insert->rows, &target, bound);
    else if (insert->source == INSERT_QUERY)
        is_bound =
            bind_insert_query(binder, insert, &target, bound) && blame_rows_at(binder, bound, insert->query->span);
    else
        is_bound = bind_default_row(binder, bound) && blame_rows_at(binder, bound, insert->table.span);
    return is_bound ? bound : NULL;
}

/* ---- update, delete ---- */

static bool bind_positional(struct binder *binder, const struct update *update, struct bound_update *bound,
                            struct default_list *defaults)
{
    const struct table_schema *table = bound->table;

    if (update->values.count != table->visible_count) {
        error_set(binder->error, SSQL_VALUE_COUNT, update->set_span, "%u value%s, but %.*s has %u column%s",
                  update->values.count, update->values.count == 1 ? "" : "s", SLICE_PRINT(table->name),
                  table->visible_count, table->visible_count == 1 ? "" : "s");
        binder_hint_columns(binder, table, "");
        return false;
    }
    for (uint32_t i = 0; i < table->visible_count; i++)
        if ((bound->new_values[i] = bind_value(binder, defaults, i, update->values.items[i])) == NULL)
            return false;
    return true;
}

static bool bind_assignments(struct binder *binder, const struct update *update, struct bound_update *bound,
                             struct default_list *defaults)
{
    for (uint32_t i = 0; i < update->assignment_count; i++) {
        const struct assignment *assignment = &update->assignments[i];
        int column = bind_column_name(binder, bound->table, &assignment->column);
        if (column < 0)
            return false;
        if (bound->new_values[column] != NULL)
            return error_set(binder->error, SSQL_COLUMN_EXISTS, assignment->column.span, "column \"%.*s\" is set twice",
                             SLICE_PRINT(assignment->column.text));
        bound->new_values[column] = bind_value(binder, defaults, (uint32_t)column, assignment->value);
        if (bound->new_values[column] == NULL)
            return false;
    }
    return true;
}

struct bound_update *bind_update(struct binder *binder, const struct update *update)
{
    struct bound_update *bound = arena_alloc(binder->arena, sizeof *bound);
    struct default_list defaults;

    if (bound == NULL || (bound->table = bind_table(binder, &update->table)) == NULL)
        return NULL;
    bound->new_values = arena_alloc_array(binder->arena, bound->table->column_count, sizeof *bound->new_values);
    if (bound->new_values == NULL || !defaults_init(binder, &defaults, bound->table))
        return NULL;
    binder_enter(binder, bound->table, bound->table->name);
    binder->clause = CLAUSE_SET;
    if (update->is_positional ? !bind_positional(binder, update, bound, &defaults)
                              : !bind_assignments(binder, update, bound, &defaults))
        return NULL;
    binder->clause = CLAUSE_WHERE;
    if (update->where != NULL && (bound->where = bind_condition(binder, update->where)) == NULL)
        return NULL;
    return bound;
}

struct bound_delete *bind_delete(struct binder *binder, const struct delete *delete)
{
    struct bound_delete *bound = arena_alloc(binder->arena, sizeof *bound);

    if (bound == NULL || (bound->table = bind_table(binder, &delete->table)) == NULL)
        return NULL;
    binder_enter(binder, bound->table, bound->table->name);
    binder->clause = CLAUSE_WHERE;
    if (delete->where != NULL && (bound->where = bind_condition(binder, delete->where)) == NULL)
        return NULL;
    return bound;
}
