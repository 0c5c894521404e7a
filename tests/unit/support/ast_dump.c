#include "support/ast_dump.h"

#include <inttypes.h>

static void dump_text(struct buffer *buffer, struct slice text)
{
    buffer_printf(buffer, " %zu:", text.size);
    buffer_append(buffer, text.data, text.size);
}

static void dump_list(struct buffer *buffer, const char *what, struct expr_list list)
{
    buffer_printf(buffer, " [%s", what);
    for (uint32_t i = 0; i < list.count; i++)
        ast_dump_expr(buffer, list.items[i]);
    buffer_append_byte(buffer, ']');
}

static void dump_names(struct buffer *buffer, const char *what, struct name_list names)
{
    buffer_printf(buffer, " [%s", what);
    for (uint32_t i = 0; i < names.count; i++)
        dump_text(buffer, names.items[i].text);
    buffer_append_byte(buffer, ']');
}

static void dump_rows(struct buffer *buffer, struct row_list rows)
{
    for (uint32_t i = 0; i < rows.count; i++)
        dump_list(buffer, "row", rows.items[i].values);
}

static void dump_literal(struct buffer *buffer, const struct value *value)
{
    if (value->is_null) {
        buffer_append_text(buffer, "null");
        return;
    }
    switch (value->type) {
    case SSQL_TYPE_NULL: break;
    case SSQL_TYPE_INT: buffer_printf(buffer, "int %" PRId64, value->integer); break;
    case SSQL_TYPE_FLOAT: buffer_printf(buffer, "float %a", value->real); break;
    case SSQL_TYPE_BOOL: buffer_printf(buffer, "bool %d", value->boolean); break;
    case SSQL_TYPE_STRING:
        buffer_append_text(buffer, "string");
        dump_text(buffer, value->string);
        break;
    }
}

void ast_dump_expr(struct buffer *buffer, const struct expr *expr)
{
    if (expr == NULL) {
        buffer_append_text(buffer, " -");
        return;
    }
    buffer_append_text(buffer, " (");
    switch (expr->kind) {
    case EXPR_LITERAL: dump_literal(buffer, &expr->literal); break;
    case EXPR_COLUMN:
        buffer_append_text(buffer, "column");
        dump_text(buffer, expr->column.table.text);
        dump_text(buffer, expr->column.column.text);
        break;
    case EXPR_PARAMETER:
        buffer_printf(buffer, "parameter %u", expr->parameter.index);
        dump_text(buffer, expr->parameter.name);
        break;
    case EXPR_DEFAULT: buffer_append_text(buffer, "default"); break;
    case EXPR_UNARY:
        buffer_printf(buffer, "unary %d", (int)expr->unary.operator);
        ast_dump_expr(buffer, expr->unary.operand);
        break;
    case EXPR_BINARY:
        buffer_printf(buffer, "binary %d", (int)expr->binary.operator);
        ast_dump_expr(buffer, expr->binary.left);
        ast_dump_expr(buffer, expr->binary.right);
        break;
    case EXPR_BETWEEN:
        buffer_printf(buffer, "between %d", expr->between.is_negated);
        ast_dump_expr(buffer, expr->between.operand);
        ast_dump_expr(buffer, expr->between.low);
        ast_dump_expr(buffer, expr->between.high);
        break;
    case EXPR_IN:
        buffer_printf(buffer, "in %d", expr->in.is_negated);
        ast_dump_expr(buffer, expr->in.operand);
        dump_list(buffer, "items", expr->in.items);
        break;
    case EXPR_LIKE:
        buffer_printf(buffer, "like %d", expr->like.is_negated);
        ast_dump_expr(buffer, expr->like.operand);
        ast_dump_expr(buffer, expr->like.pattern);
        ast_dump_expr(buffer, expr->like.escape);
        break;
    case EXPR_IS:
        buffer_printf(buffer, "is %d %d", expr->is.is_negated, (int)expr->is.test);
        ast_dump_expr(buffer, expr->is.operand);
        break;
    case EXPR_CASE:
        buffer_append_text(buffer, "case");
        ast_dump_expr(buffer, expr->case_when.operand);
        for (uint32_t i = 0; i < expr->case_when.branch_count; i++) {
            ast_dump_expr(buffer, expr->case_when.branches[i].when);
            ast_dump_expr(buffer, expr->case_when.branches[i].then);
        }
        buffer_append_text(buffer, " else");
        ast_dump_expr(buffer, expr->case_when.otherwise);
        break;
    case EXPR_CAST:
        buffer_printf(buffer, "cast %d", (int)expr->cast.type.type);
        ast_dump_expr(buffer, expr->cast.operand);
        break;
    case EXPR_FUNCTION:
        buffer_printf(buffer, "function %d %d", expr->function.is_star, expr->function.is_distinct);
        dump_text(buffer, expr->function.name.text);
        dump_list(buffer, "arguments", expr->function.arguments);
        break;
    }
    buffer_append_byte(buffer, ')');
}

static void dump_select(struct buffer *buffer, const struct select *select)
{
    buffer_printf(buffer, "select %d", select->is_distinct);
    for (uint32_t i = 0; i < select->item_count; i++) {
        const struct select_item *item = &select->items[i];
        buffer_printf(buffer, " item %d", (int)item->kind);
        ast_dump_expr(buffer, item->expr);
        dump_text(buffer, item->alias.text);
        dump_text(buffer, item->table.text);
    }
    if (select->from != NULL) {
        buffer_append_text(buffer, " from");
        dump_text(buffer, select->from->table.text);
        dump_text(buffer, select->from->alias.text);
    }
    ast_dump_expr(buffer, select->where);
    dump_list(buffer, "group", select->group_by);
    ast_dump_expr(buffer, select->having);
}

static void dump_query(struct buffer *buffer, const struct query *query)
{
    switch (query->kind) {
    case QUERY_SELECT: dump_select(buffer, &query->select); break;
    case QUERY_VALUES: dump_rows(buffer, query->rows); break;
    }
    for (uint32_t i = 0; i < query->order_by_count; i++) {
        const struct order_item *item = &query->order_by[i];
        buffer_printf(buffer, " order %d %d", item->is_descending, (int)item->nulls);
        ast_dump_expr(buffer, item->expr);
    }
    ast_dump_expr(buffer, query->limit);
    ast_dump_expr(buffer, query->offset);
}

static void dump_insert(struct buffer *buffer, const struct insert *insert)
{
    buffer_printf(buffer, "insert %d %d %d %d", insert->is_upsert, insert->has_columns, (int)insert->source,
                  insert->is_conflict_ignored);
    dump_text(buffer, insert->table.text);
    dump_names(buffer, "columns", insert->columns);
    dump_rows(buffer, insert->rows);
    if (insert->query != NULL)
        dump_query(buffer, insert->query);
    dump_names(buffer, "conflict", insert->conflict_columns);
}

static void dump_update(struct buffer *buffer, const struct update *update)
{
    buffer_printf(buffer, "update %d", update->is_positional);
    dump_text(buffer, update->table.text);
    dump_list(buffer, "values", update->values);
    for (uint32_t i = 0; i < update->assignment_count; i++) {
        dump_text(buffer, update->assignments[i].column.text);
        ast_dump_expr(buffer, update->assignments[i].value);
    }
    ast_dump_expr(buffer, update->where);
}

static void dump_copy(struct buffer *buffer, const struct copy *copy)
{
    buffer_printf(buffer, "copy %d %d", copy->is_from, copy->place.is_stream);
    dump_text(buffer, copy->table.text);
    dump_names(buffer, "columns", copy->columns);
    if (copy->query != NULL)
        dump_query(buffer, copy->query);
    dump_text(buffer, copy->place.path);
    for (uint32_t i = 0; i < copy->option_count; i++) {
        dump_text(buffer, copy->options[i].name.text);
        ast_dump_expr(buffer, copy->options[i].value);
    }
}

static void dump_backup(struct buffer *buffer, const struct backup *backup)
{
    buffer_append_text(buffer, "backup");
    dump_text(buffer, backup->path);
    for (uint32_t i = 0; i < backup->option_count; i++) {
        dump_text(buffer, backup->options[i].name.text);
        ast_dump_expr(buffer, backup->options[i].value);
    }
}

static void dump_create_table(struct buffer *buffer, const struct create_table *table)
{
    buffer_printf(buffer, "create table %d", table->if_not_exists);
    dump_text(buffer, table->table.text);
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct column_definition *column = &table->columns[i];
        dump_text(buffer, column->name.text);
        buffer_printf(buffer, " %d %d", (int)column->type.type, column->is_not_null);
        ast_dump_expr(buffer, column->default_value);
    }
    dump_names(buffer, "key", table->primary_key);
}

void ast_dump(struct buffer *buffer, const struct statement *statement)
{
    buffer_printf(buffer, "%d ", (int)statement->kind);
    switch (statement->kind) {
    case STATEMENT_QUERY: dump_query(buffer, statement->query); break;
    case STATEMENT_INSERT: dump_insert(buffer, statement->insert); break;
    case STATEMENT_UPDATE: dump_update(buffer, statement->update); break;
    case STATEMENT_DELETE:
        dump_text(buffer, statement->delete->table.text);
        ast_dump_expr(buffer, statement->delete->where);
        break;
    case STATEMENT_COPY: dump_copy(buffer, statement->copy); break;
    case STATEMENT_BACKUP: dump_backup(buffer, statement->backup); break;
    case STATEMENT_CREATE_TABLE: dump_create_table(buffer, statement->create_table); break;
    case STATEMENT_DROP_TABLE:
        buffer_printf(buffer, "%d", statement->drop_table->if_exists);
        dump_text(buffer, statement->drop_table->table.text);
        break;
    case STATEMENT_BEGIN:
    case STATEMENT_COMMIT:
    case STATEMENT_ROLLBACK:
    case STATEMENT_SHOW_TABLES: break;
    case STATEMENT_DESCRIBE: dump_text(buffer, statement->describe->table.text); break;
    case STATEMENT_EXPLAIN:
        buffer_append_text(buffer, statement->is_analyze ? "analyze " : "");
        ast_dump(buffer, statement->explained);
        break;
    }
}
