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

static void append_filter(struct buffer *buffer, const struct plan_node *node)
{
    bound_expr_append_text(buffer, node->filter.condition, node->child->column_names);
}

static void append_project(struct buffer *buffer, const struct plan_node *node)
{
    append_exprs(buffer, node->project.items, node->column_count, node->child->column_names);
}

static void append_delete(struct buffer *buffer, const struct plan_node *node)
{
    append_slice(buffer, node->remove.table->name);
}

static void append_create_table(struct buffer *buffer, const struct plan_node *node)
{
    append_slice(buffer, node->create_table.definition.name);
}

static void append_drop_table(struct buffer *buffer, const struct plan_node *node)
{
    append_slice(buffer, node->drop_table.table->name);
}

/* A line begins with words, behind which stands what a node has to say of itself. */
static const struct {
    const char *words;
    void (*append)(struct buffer *buffer, const struct plan_node *node);
} LINES[] = {
    [PLAN_VALUES] = {"", append_values},
    [PLAN_SCAN] = {"scan ", append_access},
    [PLAN_LOOKUP] = {"lookup ", append_access},
    [PLAN_FILTER] = {"filter ", append_filter},
    [PLAN_PROJECT] = {"project ", append_project},
    [PLAN_AGGREGATE] = {"aggregate", append_aggregate},
    [PLAN_DISTINCT] = {"distinct", NULL},
    [PLAN_SORT] = {"sort by ", append_sort},
    [PLAN_LIMIT] = {"", append_limit},
    [PLAN_INSERT] = {"", append_insert},
    [PLAN_UPDATE] = {"update ", append_update},
    [PLAN_DELETE] = {"delete from ", append_delete},
    [PLAN_COPY_FROM] = {"copy ", append_copy},
    [PLAN_COPY_TO] = {"copy ", append_copy},
    [PLAN_BACKUP] = {"backup", NULL},
    [PLAN_CREATE_TABLE] = {"create table ", append_create_table},
    [PLAN_DROP_TABLE] = {"drop table ", append_drop_table},
    [PLAN_ANALYZE] = {"analyze", NULL},
    [PLAN_BEGIN] = {"begin", NULL},
    [PLAN_COMMIT] = {"commit", NULL},
    [PLAN_ROLLBACK] = {"rollback", NULL},
    [PLAN_NOTHING] = {"nothing", NULL},
};

void plan_node_append_line(struct buffer *buffer, const struct plan_node *node, uint32_t level)
{
    for (uint32_t i = 0; i < level; i++)
        buffer_append_text(buffer, "  ");
    buffer_append_text(buffer, LINES[node->kind].words);
    if (LINES[node->kind].append != NULL)
        LINES[node->kind].append(buffer, node);
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
