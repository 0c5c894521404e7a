#include "parser/ast_text.h"

#include "parser/foreign_word.h"
#include "parser/keyword.h"

/* How tightly an expression binds, as in the grammar; loosest first. */
enum precedence {
    PRECEDENCE_OR = 1,
    PRECEDENCE_AND,
    PRECEDENCE_NOT,
    PRECEDENCE_EQUALITY,
    PRECEDENCE_RELATION,
    PRECEDENCE_SUM,
    PRECEDENCE_PRODUCT,
    PRECEDENCE_SIGN,
    PRECEDENCE_PRIMARY,
};

static const struct {
    const char *text;
    enum precedence precedence;
} binary_operators[] = {
    [BINARY_OR] = {" or ", PRECEDENCE_OR},
    [BINARY_AND] = {" and ", PRECEDENCE_AND},
    [BINARY_EQUAL] = {" == ", PRECEDENCE_EQUALITY},
    [BINARY_NOT_EQUAL] = {" != ", PRECEDENCE_EQUALITY},
    [BINARY_LESS] = {" < ", PRECEDENCE_RELATION},
    [BINARY_LESS_EQUAL] = {" <= ", PRECEDENCE_RELATION},
    [BINARY_GREATER] = {" > ", PRECEDENCE_RELATION},
    [BINARY_GREATER_EQUAL] = {" >= ", PRECEDENCE_RELATION},
    [BINARY_DISTINCT] = {" is distinct from ", PRECEDENCE_EQUALITY},
    [BINARY_NOT_DISTINCT] = {" is not distinct from ", PRECEDENCE_EQUALITY},
    [BINARY_ADD] = {" + ", PRECEDENCE_SUM},
    [BINARY_SUBTRACT] = {" - ", PRECEDENCE_SUM},
    [BINARY_MULTIPLY] = {" * ", PRECEDENCE_PRODUCT},
    [BINARY_DIVIDE] = {" / ", PRECEDENCE_PRODUCT},
    [BINARY_REMAINDER] = {" % ", PRECEDENCE_PRODUCT},
};

/* `not x` and `!x` are one operator, always written as the former. */
static enum precedence expr_precedence(const struct expr *expr)
{
    switch (expr->kind) {
    case EXPR_UNARY: return expr->unary.operator== UNARY_NOT ? PRECEDENCE_NOT : PRECEDENCE_SIGN;
    case EXPR_BINARY: return binary_operators[expr->binary.operator].precedence;
    case EXPR_BETWEEN:
    case EXPR_IN:
    case EXPR_LIKE:
    case EXPR_IS: return PRECEDENCE_EQUALITY;
    case EXPR_LITERAL:
    case EXPR_COLUMN:
    case EXPR_PARAMETER:
    case EXPR_DEFAULT:
    case EXPR_CASE:
    case EXPR_CAST:
    case EXPR_FUNCTION:;
    }
    return PRECEDENCE_PRIMARY;
}

/* The expression, in parentheses when it binds more loosely than its place asks for. */
static void append_operand(struct buffer *buffer, const struct expr *expr, enum precedence least)
{
    bool is_loose = expr_precedence(expr) < least;

    if (is_loose)
        buffer_append_byte(buffer, '(');
    expr_append_text(buffer, expr);
    if (is_loose)
        buffer_append_byte(buffer, ')');
}

static bool can_stand_bare(struct slice name)
{
    if (name.data[0] >= '0' && name.data[0] <= '9')
        return false;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.data[i];
        bool is_word_byte = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                            (byte >= '0' && byte <= '9') || byte == '_' || byte >= 0x80;
        if (!is_word_byte)
            return false;
    }
    struct foreign_character strange;
    size_t at, size;
    if (foreign_character_find(name, &strange, &at, &size))
        return false;
    /* Also the words that could be names: they could not stand bare everywhere. */
    return keyword_find(name) == NULL;
}

static void append_in_quotes(struct buffer *buffer, struct slice text, uint8_t quote)
{
    buffer_append_byte(buffer, quote);
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == quote)
            buffer_append_byte(buffer, quote);
        buffer_append_byte(buffer, text.data[i]);
    }
    buffer_append_byte(buffer, quote);
}

void name_append_text(struct buffer *buffer, struct slice name)
{
    if (can_stand_bare(name))
        buffer_append(buffer, name.data, name.size);
    else
        append_in_quotes(buffer, name, '`');
}

static void append_names(struct buffer *buffer, struct name_list names)
{
    buffer_append_byte(buffer, '(');
    for (uint32_t i = 0; i < names.count; i++) {
        if (i > 0)
            buffer_append_text(buffer, ", ");
        name_append_text(buffer, names.items[i].text);
    }
    buffer_append_byte(buffer, ')');
}

static void append_exprs(struct buffer *buffer, struct expr_list list)
{
    for (uint32_t i = 0; i < list.count; i++) {
        if (i > 0)
            buffer_append_text(buffer, ", ");
        expr_append_text(buffer, list.items[i]);
    }
}

/* In single quotes, which make a string wherever they stand; double quotes could make a name. */
static void append_literal(struct buffer *buffer, const struct value *value)
{
    if (!value->is_null && value->type == SSQL_TYPE_STRING)
        append_in_quotes(buffer, value->string, '\'');
    else
        value_append_literal(buffer, value);
}

static void append_column(struct buffer *buffer, struct name table, struct name column)
{
    if (table.text.size > 0) {
        name_append_text(buffer, table.text);
        buffer_append_byte(buffer, '.');
    }
    name_append_text(buffer, column.text);
}

static void append_parameter(struct buffer *buffer, uint32_t index, struct slice name)
{
    if (name.size > 0)
        buffer_printf(buffer, ":%.*s", SLICE_PRINT(name));
    else
        buffer_printf(buffer, "?%u", index);
}

static void append_unary(struct buffer *buffer, enum unary_operator operator, const struct expr * operand)
{
    /* Two signs without a blank begin a comment. */
    static const char *const words[] = {[UNARY_NOT] = "not ", [UNARY_NEGATE] = "- ", [UNARY_PLUS] = "+ "};

    buffer_append_text(buffer, words[operator]);
    append_operand(buffer, operand, operator== UNARY_NOT ? PRECEDENCE_NOT : PRECEDENCE_SIGN);
}

static void append_binary(struct buffer *buffer, enum binary_operator operator, const struct expr * left,
                          const struct expr *right)
{
    enum precedence precedence = binary_operators[operator].precedence;
    bool is_distinct = operator== BINARY_DISTINCT || operator== BINARY_NOT_DISTINCT;

    append_operand(buffer, left, precedence);
    buffer_append_text(buffer, binary_operators[operator].text);
    append_operand(buffer, right, is_distinct ? PRECEDENCE_SUM : precedence + 1);
}

static void append_predicate_start(struct buffer *buffer, const struct expr *operand, bool is_negated, const char *word)
{
    append_operand(buffer, operand, PRECEDENCE_EQUALITY);
    buffer_append_text(buffer, is_negated ? " not " : " ");
    buffer_append_text(buffer, word);
}

static void append_is(struct buffer *buffer, const struct expr *operand, enum is_test test, bool is_negated)
{
    static const char *const words[] = {[IS_NULL] = "null", [IS_TRUE] = "true", [IS_FALSE] = "false"};

    append_operand(buffer, operand, PRECEDENCE_EQUALITY);
    buffer_append_text(buffer, is_negated ? " is not " : " is ");
    buffer_append_text(buffer, words[test]);
}

static void append_like(struct buffer *buffer, const struct expr *expr)
{
    append_predicate_start(buffer, expr->like.operand, expr->like.is_negated, "like ");
    append_operand(buffer, expr->like.pattern, PRECEDENCE_SUM);
    if (expr->like.escape != NULL) {
        buffer_append_text(buffer, " escape ");
        append_operand(buffer, expr->like.escape, PRECEDENCE_SUM);
    }
}

static void append_between(struct buffer *buffer, const struct expr *expr)
{
    append_predicate_start(buffer, expr->between.operand, expr->between.is_negated, "between ");
    append_operand(buffer, expr->between.low, PRECEDENCE_SUM);
    buffer_append_text(buffer, " and ");
    append_operand(buffer, expr->between.high, PRECEDENCE_SUM);
}

static void append_case(struct buffer *buffer, const struct expr *expr)
{
    buffer_append_text(buffer, "case ");
    if (expr->case_when.operand != NULL) {
        expr_append_text(buffer, expr->case_when.operand);
        buffer_append_byte(buffer, ' ');
    }
    for (uint32_t i = 0; i < expr->case_when.branch_count; i++) {
        buffer_append_text(buffer, "when ");
        expr_append_text(buffer, expr->case_when.branches[i].when);
        buffer_append_text(buffer, " then ");
        expr_append_text(buffer, expr->case_when.branches[i].then);
        buffer_append_byte(buffer, ' ');
    }
    if (expr->case_when.otherwise != NULL) {
        buffer_append_text(buffer, "else ");
        expr_append_text(buffer, expr->case_when.otherwise);
        buffer_append_byte(buffer, ' ');
    }
    buffer_append_text(buffer, "end");
}

static void append_function(struct buffer *buffer, const struct expr *expr)
{
    name_append_text(buffer, expr->function.name.text);
    buffer_append_byte(buffer, '(');
    if (expr->function.is_star)
        buffer_append_byte(buffer, '*');
    if (expr->function.is_distinct)
        buffer_append_text(buffer, "distinct ");
    append_exprs(buffer, expr->function.arguments);
    buffer_append_byte(buffer, ')');
}

void expr_append_text(struct buffer *buffer, const struct expr *expr)
{
    switch (expr->kind) {
    case EXPR_LITERAL: append_literal(buffer, &expr->literal); return;
    case EXPR_COLUMN: append_column(buffer, expr->column.table, expr->column.column); return;
    case EXPR_PARAMETER: append_parameter(buffer, expr->parameter.index, expr->parameter.name); return;
    case EXPR_DEFAULT: buffer_append_text(buffer, "default"); return;
    case EXPR_UNARY: append_unary(buffer, expr->unary.operator, expr->unary.operand); return;
    case EXPR_BINARY: append_binary(buffer, expr->binary.operator, expr->binary.left, expr->binary.right); return;
    case EXPR_BETWEEN: append_between(buffer, expr); return;
    case EXPR_IN:
        append_predicate_start(buffer, expr->in.operand, expr->in.is_negated, "in (");
        append_exprs(buffer, expr->in.items);
        buffer_append_byte(buffer, ')');
        return;
    case EXPR_LIKE: append_like(buffer, expr); return;
    case EXPR_IS: append_is(buffer, expr->is.operand, expr->is.test, expr->is.is_negated); return;
    case EXPR_CASE: append_case(buffer, expr); return;
    case EXPR_CAST:
        buffer_append_text(buffer, "cast(");
        expr_append_text(buffer, expr->cast.operand);
        buffer_printf(buffer, " as %s)", type_name(expr->cast.type.type));
        return;
    case EXPR_FUNCTION:;
    }
    append_function(buffer, expr);
}

static void append_clause(struct buffer *buffer, const char *words, const struct expr *expr)
{
    if (expr == NULL)
        return;
    buffer_append_text(buffer, words);
    expr_append_text(buffer, expr);
}

static void append_select_item(struct buffer *buffer, const struct select_item *item)
{
    switch (item->kind) {
    case SELECT_ITEM_STAR: buffer_append_byte(buffer, '*'); return;
    case SELECT_ITEM_TABLE_STAR:
        name_append_text(buffer, item->table.text);
        buffer_append_text(buffer, ".*");
        return;
    case SELECT_ITEM_EXPR:;
    }
    expr_append_text(buffer, item->expr);
    if (item->alias.text.size > 0) {
        buffer_append_text(buffer, " as ");
        name_append_text(buffer, item->alias.text);
    }
}

static void append_select(struct buffer *buffer, const struct select *select)
{
    buffer_append_text(buffer, select->is_distinct ? "select distinct " : "select ");
    for (uint32_t i = 0; i < select->item_count; i++) {
        if (i > 0)
            buffer_append_text(buffer, ", ");
        append_select_item(buffer, &select->items[i]);
    }
    if (select->from != NULL) {
        buffer_append_text(buffer, " from ");
        name_append_text(buffer, select->from->table.text);
        if (select->from->alias.text.size > 0) {
            buffer_append_text(buffer, " as ");
            name_append_text(buffer, select->from->alias.text);
        }
    }
    append_clause(buffer, " where ", select->where);
    if (select->group_by.count > 0) {
        buffer_append_text(buffer, " group by ");
        append_exprs(buffer, select->group_by);
    }
    append_clause(buffer, " having ", select->having);
}

static void append_rows(struct buffer *buffer, struct row_list rows)
{
    buffer_append_text(buffer, "values ");
    for (uint32_t i = 0; i < rows.count; i++) {
        buffer_append_text(buffer, i > 0 ? ", (" : "(");
        append_exprs(buffer, rows.items[i].values);
        buffer_append_byte(buffer, ')');
    }
}

static void append_order(struct buffer *buffer, const struct query *query)
{
    for (uint32_t i = 0; i < query->order_by_count; i++) {
        const struct order_item *item = &query->order_by[i];
        buffer_append_text(buffer, i > 0 ? ", " : " order by ");
        expr_append_text(buffer, item->expr);
        if (item->is_descending)
            buffer_append_text(buffer, " desc");
        if (item->nulls != NULLS_DEFAULT)
            buffer_append_text(buffer, item->nulls == NULLS_FIRST ? " nulls first" : " nulls last");
    }
}

void query_append_text(struct buffer *buffer, const struct query *query)
{
    if (query->kind == QUERY_VALUES)
        append_rows(buffer, query->rows);
    else
        append_select(buffer, &query->select);
    append_order(buffer, query);
    append_clause(buffer, " limit ", query->limit);
    append_clause(buffer, " offset ", query->offset);
}

static void append_insert(struct buffer *buffer, const struct insert *insert)
{
    buffer_append_text(buffer, insert->is_upsert ? "upsert into " : "insert into ");
    name_append_text(buffer, insert->table.text);
    buffer_append_byte(buffer, ' ');
    if (insert->has_columns) {
        append_names(buffer, insert->columns);
        buffer_append_byte(buffer, ' ');
    }
    if (insert->source == INSERT_ROWS)
        append_rows(buffer, insert->rows);
    else if (insert->source == INSERT_QUERY)
        query_append_text(buffer, insert->query);
    else
        buffer_append_text(buffer, "default values");
    if (!insert->is_conflict_ignored)
        return;
    buffer_append_text(buffer, " on conflict ");
    if (insert->conflict_columns.count > 0) {
        append_names(buffer, insert->conflict_columns);
        buffer_append_byte(buffer, ' ');
    }
    buffer_append_text(buffer, "do nothing");
}

static void append_update(struct buffer *buffer, const struct update *update)
{
    buffer_append_text(buffer, "update ");
    name_append_text(buffer, update->table.text);
    buffer_append_text(buffer, " set ");
    append_exprs(buffer, update->values);
    for (uint32_t i = 0; i < update->assignment_count; i++) {
        if (i > 0)
            buffer_append_text(buffer, ", ");
        name_append_text(buffer, update->assignments[i].column.text);
        buffer_append_text(buffer, " = ");
        expr_append_text(buffer, update->assignments[i].value);
    }
    append_clause(buffer, " where ", update->where);
}

static void append_delete(struct buffer *buffer, const struct delete *delete)
{
    buffer_append_text(buffer, "delete from ");
    name_append_text(buffer, delete->table.text);
    append_clause(buffer, " where ", delete->where);
}

static void append_copy_place(struct buffer *buffer, const struct copy *copy)
{
    struct value path = value_string(copy->place.path);

    if (copy->place.is_stream)
        buffer_append_text(buffer, copy->is_from ? "stdin" : "stdout");
    else
        value_append_literal(buffer, &path);
}

static void append_options(struct buffer *buffer, const struct copy_option *options, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        buffer_append_text(buffer, i == 0 ? " (" : ", ");
        buffer_append(buffer, options[i].name.text.data, options[i].name.text.size);
        buffer_append_byte(buffer, ' ');
        expr_append_text(buffer, options[i].value);
    }
    if (count > 0)
        buffer_append_byte(buffer, ')');
}

static void append_copy(struct buffer *buffer, const struct copy *copy)
{
    buffer_append_text(buffer, "copy ");
    if (copy->query != NULL) {
        buffer_append_byte(buffer, '(');
        query_append_text(buffer, copy->query);
        buffer_append_byte(buffer, ')');
    } else {
        name_append_text(buffer, copy->table.text);
    }
    if (copy->columns.count > 0) {
        buffer_append_byte(buffer, ' ');
        append_names(buffer, copy->columns);
    }
    buffer_append_text(buffer, copy->is_from ? " from " : " to ");
    append_copy_place(buffer, copy);
    append_options(buffer, copy->options, copy->option_count);
}

static void append_backup(struct buffer *buffer, const struct backup *backup)
{
    struct value path = value_string(backup->path);

    buffer_append_text(buffer, "backup to ");
    value_append_literal(buffer, &path);
    append_options(buffer, backup->options, backup->option_count);
}

static void append_column_definition(struct buffer *buffer, const struct column_definition *column)
{
    name_append_text(buffer, column->name.text);
    buffer_printf(buffer, " %s", type_name(column->type.type));
    if (column->is_not_null)
        buffer_append_text(buffer, " not null");
    if (column->default_value != NULL) {
        buffer_append_text(buffer, " default ");
        append_operand(buffer, column->default_value, PRECEDENCE_SUM);
    }
}

static void append_create_table(struct buffer *buffer, const struct create_table *table)
{
    buffer_append_text(buffer, table->if_not_exists ? "create table if not exists " : "create table ");
    name_append_text(buffer, table->table.text);
    buffer_append_text(buffer, " (");
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (i > 0)
            buffer_append_text(buffer, ", ");
        append_column_definition(buffer, &table->columns[i]);
    }
    if (table->primary_key.count > 0) {
        buffer_append_text(buffer, ", primary key ");
        append_names(buffer, table->primary_key);
    }
    buffer_append_byte(buffer, ')');
}

void statement_append_text(struct buffer *buffer, const struct statement *statement)
{
    switch (statement->kind) {
    case STATEMENT_QUERY: query_append_text(buffer, statement->query); return;
    case STATEMENT_INSERT: append_insert(buffer, statement->insert); return;
    case STATEMENT_UPDATE: append_update(buffer, statement->update); return;
    case STATEMENT_DELETE: append_delete(buffer, statement->delete); return;
    case STATEMENT_COPY: append_copy(buffer, statement->copy); return;
    case STATEMENT_BACKUP: append_backup(buffer, statement->backup); return;
    case STATEMENT_CREATE_TABLE: append_create_table(buffer, statement->create_table); return;
    case STATEMENT_DROP_TABLE:
        buffer_append_text(buffer, statement->drop_table->if_exists ? "drop table if exists " : "drop table ");
        name_append_text(buffer, statement->drop_table->table.text);
        return;
    case STATEMENT_BEGIN: buffer_append_text(buffer, "begin"); return;
    case STATEMENT_COMMIT: buffer_append_text(buffer, "commit"); return;
    case STATEMENT_ROLLBACK: buffer_append_text(buffer, "rollback"); return;
    case STATEMENT_SHOW_TABLES: buffer_append_text(buffer, "show tables"); return;
    case STATEMENT_DESCRIBE:
        buffer_append_text(buffer, "describe ");
        name_append_text(buffer, statement->describe->table.text);
        return;
    case STATEMENT_EXPLAIN:;
    }
    buffer_append_text(buffer, statement->is_analyze ? "explain analyze " : "explain ");
    statement_append_text(buffer, statement->explained);
}
