#include "plan/plan_text.h"

static void append_slice(struct buffer *buffer, struct slice slice)
{
    buffer_append(buffer, slice.data, slice.size);
}

static void append_names(struct buffer *buffer, const struct slice *names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_append_text(buffer, ", ");
        append_slice(buffer, names[i]);
    }
}

static void append_exprs(struct buffer *buffer, struct bound_expr *const *items, uint32_t count,
                         const struct slice *names)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_append_text(buffer, ", ");
        bound_expr_append_text(buffer, items[i], names);
    }
}

/* ---- scan, lookup ---- */

static bool is_fixed(const struct plan_node *node, uint32_t part)
{
    return part < node->scan.low.count && part < node->scan.high.count &&
           node->scan.low.parts[part] == node->scan.high.parts[part];
}

static void append_key_part(struct buffer *buffer, const struct plan_node *node, uint32_t part, const char *operator,
                            const struct bound_expr * value, const char **separator)
{
    const struct table_schema *table = node->scan.table;

    buffer_append_text(buffer, *separator);
    append_slice(buffer, table->columns[table->key_columns[part]].name);
    buffer_printf(buffer, " %s ", operator);
    bound_expr_append_text(buffer, value, NULL); /* has no columns */
    *separator = ", ";
}

static void append_key(struct buffer *buffer, const struct plan_node *node, const char **separator)
{
    const struct key_bound *low = &node->scan.low, *high = &node->scan.high;
    uint32_t fixed = 0;

    for (; is_fixed(node, fixed); fixed++)
        append_key_part(buffer, node, fixed, "==", low->parts[fixed], separator);
    if (low->count > fixed)
        append_key_part(buffer, node, fixed, low->is_exclusive ? ">" : ">=", low->parts[fixed], separator);
    if (high->count > fixed)
        append_key_part(buffer, node, fixed, high->is_exclusive ? "<" : "<=", high->parts[fixed], separator);
}

/* A `key …; filter …; columns …` list in parentheses. */
static void append_access(struct buffer *buffer, const struct plan_node *node)
{
    const char *separator = "key ";

    append_slice(buffer, node->scan.table->name);
    buffer_append_text(buffer, " (");
    append_key(buffer, node, &separator);
    if (separator[0] == 'k')
        buffer_append_text(buffer, "all rows");
    if (node->scan.filter != NULL) {
        buffer_append_text(buffer, "; filter ");
        bound_expr_append_text(buffer, node->scan.filter, node->column_names);
    }
    if (node->column_count > 0) {
        buffer_append_text(buffer, "; columns ");
        append_names(buffer, node->column_names, node->column_count);
    }
    if (node->scan.in_key_order)
        buffer_append_text(buffer, node->scan.is_descending ? "; in key order, descending" : "; in key order");
    buffer_append_byte(buffer, ')');
}

/* ---- other nodes ---- */

static void append_aggregate(struct buffer *buffer, const struct plan_node *node)
{
    uint32_t key_count = node->aggregate.key_count;

    buffer_append_text(buffer, "aggregate");
    if (node->aggregate.aggregate_count > 0)
        buffer_append_byte(buffer, ' ');
    append_names(buffer, node->column_names + key_count, node->aggregate.aggregate_count);
    if (key_count > 0) {
        buffer_append_text(buffer, " by ");
        append_names(buffer, node->column_names, key_count);
    }
}

static void append_sort(struct buffer *buffer, const struct plan_node *node)
{
    buffer_append_text(buffer, "sort by ");
    for (uint32_t i = 0; i < node->sort.key_count; i++) {
        const struct sort_key *key = &node->sort.keys[i];
        if (i > 0)
            buffer_append_text(buffer, ", ");
        append_slice(buffer, node->column_names[key->column]);
        buffer_append_text(buffer, key->is_descending ? " desc" : "");
        if (key->nulls_last != key->is_descending)
            buffer_append_text(buffer, key->nulls_last ? " nulls last" : " nulls first");
    }
    if (node->sort.row_limit != NULL) {
        buffer_append_text(buffer, " (first ");
        bound_expr_append_text(buffer, node->sort.row_limit, NULL);
        buffer_append_byte(buffer, ')');
    }
}

static void append_limit(struct buffer *buffer, const struct plan_node *node)
{
    if (node->limit.limit != NULL) {
        buffer_append_text(buffer, "limit ");
        bound_expr_append_text(buffer, node->limit.limit, NULL);
    }
    if (node->limit.offset != NULL) {
        buffer_append_text(buffer, node->limit.limit != NULL ? " offset " : "offset ");
        bound_expr_append_text(buffer, node->limit.offset, NULL);
    }
}

static void append_insert(struct buffer *buffer, const struct plan_node *node)
{
    buffer_append_text(buffer, node->insert.mode == INSERT_OR_REPLACE ? "upsert into " : "insert into ");
    append_slice(buffer, node->insert.table->name);
    if (node->insert.mode == INSERT_OR_NOTHING)
        buffer_append_text(buffer, " (on conflict do nothing)");
}

/* Columns that get another value, as the projection below says. */
static void append_update(struct buffer *buffer, const struct plan_node *node)
{
    const struct table_schema *table = node->update.table;
    const struct plan_node *project = node->child;
    const char *separator = " set ";

    buffer_append_text(buffer, "update ");
    append_slice(buffer, table->name);
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct bound_expr *value = project->project.items[node->update.new_values[i]];
        if (value->kind == BOUND_COLUMN &&
            slice_equal(project->child->column_names[value->column], table->columns[i].name))
            continue;
        buffer_append_text(buffer, separator);
        append_slice(buffer, table->columns[i].name);
        buffer_append_text(buffer, " = ");
        bound_expr_append_text(buffer, value, project->child->column_names);
        separator = ", ";
    }
    if (node->update.changes_key)
        buffer_append_text(buffer, " (moves rows)");
}

static void append_values(struct buffer *buffer, const struct plan_node *node)
{
    if (node->values.row_count == 0)
        buffer_append_text(buffer, "no rows");
    else
        buffer_printf(buffer, "values (%u row%s)", node->values.row_count, node->values.row_count == 1 ? "" : "s");
}

static void append_copy(struct buffer *buffer, const struct plan_node *node)
{
    const struct copy_plan *copy = node->copy;
    bool is_from = node->kind == PLAN_COPY_FROM;
    struct value path = value_string(slice_of(copy->path == NULL ? "" : copy->path));

    buffer_append_text(buffer, "copy ");
    if (is_from) {
        append_slice(buffer, copy->table_name);
        buffer_append_byte(buffer, ' ');
    }
    buffer_append_text(buffer, is_from ? "from " : "to ");
    if (copy->path == NULL)
        buffer_append_text(buffer, is_from ? "stdin" : "stdout");
    else
        value_append_literal(buffer, &path);
    buffer_printf(buffer, " (format %s)", record_format_name(copy->format));
}

static void append_line(struct buffer *buffer, const struct plan_node *node)
{
    switch (node->kind) {
    case PLAN_VALUES: append_values(buffer, node); break;
    case PLAN_SCAN:
        buffer_append_text(buffer, "scan ");
        append_access(buffer, node);
        break;
    case PLAN_LOOKUP:
        buffer_append_text(buffer, "lookup ");
        append_access(buffer, node);
        break;
    case PLAN_FILTER:
        buffer_append_text(buffer, "filter ");
        bound_expr_append_text(buffer, node->filter.condition, node->child->column_names);
        break;
    case PLAN_PROJECT:
        buffer_append_text(buffer, "project ");
        append_exprs(buffer, node->project.items, node->column_count, node->child->column_names);
        break;
    case PLAN_AGGREGATE: append_aggregate(buffer, node); break;
    case PLAN_DISTINCT: buffer_append_text(buffer, "distinct"); break;
    case PLAN_SORT: append_sort(buffer, node); break;
    case PLAN_LIMIT: append_limit(buffer, node); break;
    case PLAN_INSERT: append_insert(buffer, node); break;
    case PLAN_UPDATE: append_update(buffer, node); break;
    case PLAN_DELETE:
        buffer_append_text(buffer, "delete from ");
        append_slice(buffer, node->remove.table->name);
        break;
    case PLAN_COPY_FROM:
    case PLAN_COPY_TO: append_copy(buffer, node); break;
    case PLAN_BACKUP: buffer_append_text(buffer, "backup"); break;
    case PLAN_CREATE_TABLE:
        buffer_append_text(buffer, "create table ");
        append_slice(buffer, node->create_table.definition.name);
        break;
    case PLAN_DROP_TABLE:
        buffer_append_text(buffer, "drop table ");
        append_slice(buffer, node->drop_table.table->name);
        break;
    case PLAN_ANALYZE: buffer_append_text(buffer, "analyze"); break;
    case PLAN_BEGIN: buffer_append_text(buffer, "begin"); break;
    case PLAN_COMMIT: buffer_append_text(buffer, "commit"); break;
    case PLAN_ROLLBACK: buffer_append_text(buffer, "rollback"); break;
    case PLAN_NOTHING: buffer_append_text(buffer, "nothing"); break;
    }
}

void plan_node_append_line(struct buffer *buffer, const struct plan_node *node, uint32_t level)
{
    for (uint32_t i = 0; i < level; i++)
        buffer_append_text(buffer, "  ");
    append_line(buffer, node);
}

void plan_node_append_text(struct buffer *buffer, const struct plan_node *node, uint32_t level)
{
    for (; node != NULL; level++) {
        plan_node_append_line(buffer, node, level);
        buffer_append_byte(buffer, '\n');
        node = plan_node_tells_child(node) ? node->child->child : node->child;
    }
}

void plan_append_text(struct buffer *buffer, const struct plan *plan)
{
    plan_node_append_text(buffer, plan->root, 0);
}
