/* bound_expr_text.c - bound expressions as text for people: what explain prints. */
#include "plan/bound_expr.h"

/* From loose to tight; an operand that binds looser than its operator wants stands in parentheses. */
enum binding {
    BINDING_OR,
    BINDING_AND,
    BINDING_NOT,
    BINDING_COMPARE,
    BINDING_SUM,
    BINDING_PRODUCT,
    BINDING_SIGN,
    BINDING_ATOM
};

static const char *const FUNCTION_NAMES[] = {
    [FUNCTION_NEGATE] = "-",
    [FUNCTION_ADD] = "+",
    [FUNCTION_SUBTRACT] = "-",
    [FUNCTION_MULTIPLY] = "*",
    [FUNCTION_DIVIDE] = "/",
    [FUNCTION_REMAINDER] = "%",
    [FUNCTION_EQUAL] = "==",
    [FUNCTION_NOT_EQUAL] = "!=",
    [FUNCTION_LESS] = "<",
    [FUNCTION_LESS_EQUAL] = "<=",
    [FUNCTION_GREATER] = ">",
    [FUNCTION_GREATER_EQUAL] = ">=",
    [FUNCTION_IS_DISTINCT] = "is distinct from",
    [FUNCTION_IS_NOT_DISTINCT] = "is not distinct from",
    [FUNCTION_NOT] = "not ",
    [FUNCTION_IS_NULL] = " is null",
    [FUNCTION_IS_NOT_NULL] = " is not null",
    [FUNCTION_LIKE] = "like",
    [FUNCTION_LENGTH] = "length",
    [FUNCTION_UPPER] = "upper",
    [FUNCTION_LOWER] = "lower",
    [FUNCTION_TRIM] = "trim",
    [FUNCTION_LTRIM] = "ltrim",
    [FUNCTION_RTRIM] = "rtrim",
    [FUNCTION_SUBSTR] = "substr",
    [FUNCTION_REPLACE] = "replace",
    [FUNCTION_CONCAT] = "concat",
    [FUNCTION_INSTR] = "instr",
    [FUNCTION_ABS] = "abs",
    [FUNCTION_ROUND] = "round",
    [FUNCTION_FLOOR] = "floor",
    [FUNCTION_CEIL] = "ceil",
    [FUNCTION_SIGN] = "sign",
    [FUNCTION_SQRT] = "sqrt",
    [FUNCTION_POWER] = "power",
    [FUNCTION_LEAST] = "min",
    [FUNCTION_GREATEST] = "max",
    [FUNCTION_NULLIF] = "nullif",
    [FUNCTION_TYPEOF] = "typeof",
    [FUNCTION_STARTS_WITH] = "starts_with",
    [FUNCTION_ENDS_WITH] = "ends_with",
    [FUNCTION_CONTAINS] = "contains",
    [FUNCTION_REVERSE] = "reverse",
    [FUNCTION_REPEAT] = "repeat",
};

static enum binding binding_of_call(enum scalar_function function)
{
    switch (function) {
    case FUNCTION_NEGATE: return BINDING_SIGN;
    case FUNCTION_ADD:
    case FUNCTION_SUBTRACT: return BINDING_SUM;
    case FUNCTION_MULTIPLY:
    case FUNCTION_DIVIDE:
    case FUNCTION_REMAINDER: return BINDING_PRODUCT;
    case FUNCTION_EQUAL:
    case FUNCTION_NOT_EQUAL:
    case FUNCTION_LESS:
    case FUNCTION_LESS_EQUAL:
    case FUNCTION_GREATER:
    case FUNCTION_GREATER_EQUAL:
    case FUNCTION_IS_DISTINCT:
    case FUNCTION_IS_NOT_DISTINCT:
    case FUNCTION_IS_NULL:
    case FUNCTION_IS_NOT_NULL:
    case FUNCTION_LIKE: return BINDING_COMPARE;
    case FUNCTION_NOT: return BINDING_NOT;
    default: return BINDING_ATOM;
    }
}

static enum binding binding_of(const struct bound_expr *expr)
{
    static const enum binding bindings[] = {
        [BOUND_CONSTANT] = BINDING_ATOM, [BOUND_PARAMETER] = BINDING_ATOM, [BOUND_COLUMN] = BINDING_ATOM,
        [BOUND_AND] = BINDING_AND,       [BOUND_OR] = BINDING_OR,          [BOUND_CASE] = BINDING_ATOM,
        [BOUND_COALESCE] = BINDING_ATOM, [BOUND_IN] = BINDING_COMPARE,     [BOUND_CAST] = BINDING_ATOM,
    };

    return expr->kind == BOUND_CALL ? binding_of_call(expr->function) : bindings[expr->kind];
}

static void append(struct buffer *buffer, const struct bound_expr *expr, const struct slice *names,
                   enum binding wanted);

static void append_list(struct buffer *buffer, struct bound_expr *const *items, uint32_t count,
                        const struct slice *names, const char *separator, enum binding wanted)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_append_text(buffer, separator);
        append(buffer, items[i], names, wanted);
    }
}

static void append_operator(struct buffer *buffer, const struct bound_expr *call, const struct slice *names,
                            enum binding binding)
{
    append(buffer, call->arguments[0], names, binding == BINDING_COMPARE ? BINDING_SUM : binding);
    buffer_printf(buffer, " %s ", FUNCTION_NAMES[call->function]);
    append(buffer, call->arguments[1], names, binding + 1);
    if (call->argument_count > 2) {
        buffer_append_text(buffer, " escape ");
        append(buffer, call->arguments[2], names, binding + 1);
    }
}

static void append_call(struct buffer *buffer, const struct bound_expr *call, const struct slice *names)
{
    enum binding binding = binding_of_call(call->function);

    if (call->function == FUNCTION_IS_NULL || call->function == FUNCTION_IS_NOT_NULL) {
        append(buffer, call->arguments[0], names, BINDING_SUM);
        buffer_append_text(buffer, FUNCTION_NAMES[call->function]);
    } else if (call->function == FUNCTION_NOT || call->function == FUNCTION_NEGATE) {
        buffer_append_text(buffer, FUNCTION_NAMES[call->function]);
        append(buffer, call->arguments[0], names, call->function == FUNCTION_NOT ? BINDING_NOT : BINDING_ATOM);
    } else if (binding != BINDING_ATOM) {
        append_operator(buffer, call, names, binding);
    } else {
        buffer_printf(buffer, "%s(", FUNCTION_NAMES[call->function]);
        append_list(buffer, call->arguments, call->argument_count, names, ", ", BINDING_OR);
        buffer_append_byte(buffer, ')');
    }
}

static void append_case(struct buffer *buffer, const struct bound_expr *expr, const struct slice *names)
{
    uint32_t i = 0;

    buffer_append_text(buffer, "case");
    for (; i + 1 < expr->argument_count; i += 2) {
        buffer_append_text(buffer, " when ");
        append(buffer, expr->arguments[i], names, BINDING_OR);
        buffer_append_text(buffer, " then ");
        append(buffer, expr->arguments[i + 1], names, BINDING_OR);
    }
    if (i < expr->argument_count) {
        buffer_append_text(buffer, " else ");
        append(buffer, expr->arguments[i], names, BINDING_OR);
    }
    buffer_append_text(buffer, " end");
}

static void append_constant(struct buffer *buffer, const struct bound_expr *expr, const struct slice *names)
{
    (void)names;
    value_append_literal(buffer, &expr->constant);
}

static void append_parameter(struct buffer *buffer, const struct bound_expr *expr, const struct slice *names)
{
    (void)names;
    buffer_printf(buffer, "?%u", expr->parameter + 1);
}

static void append_column(struct buffer *buffer, const struct bound_expr *expr, const struct slice *names)
{
    buffer_append(buffer, names[expr->column].data, names[expr->column].size);
}

static void append_and(struct buffer *buffer, const struct bound_expr *expr, const struct slice *names)
{
    append_list(buffer, expr->arguments, expr->argument_count, names, " and ", BINDING_NOT);
}

static void append_or(struct buffer *buffer, const struct bound_expr *expr, const struct slice *names)
{
    append_list(buffer, expr->arguments, expr->argument_count, names, " or ", BINDING_AND);
}

static void append_coalesce(struct buffer *buffer, const struct bound_expr *expr, const struct slice *names)
{
    buffer_append_text(buffer, "coalesce(");
    append_list(buffer, expr->arguments, expr->argument_count, names, ", ", BINDING_OR);
    buffer_append_byte(buffer, ')');
}

static void append_in(struct buffer *buffer, const struct bound_expr *expr, const struct slice *names)
{
    append(buffer, expr->arguments[0], names, BINDING_SUM);
    buffer_append_text(buffer, " in (");
    append_list(buffer, expr->arguments + 1, expr->argument_count - 1, names, ", ", BINDING_OR);
    buffer_append_byte(buffer, ')');
}

static void append_cast(struct buffer *buffer, const struct bound_expr *expr, const struct slice *names)
{
    buffer_append_text(buffer, "cast(");
    append(buffer, expr->arguments[0], names, BINDING_OR);
    buffer_printf(buffer, " as %s)", type_name(expr->type));
}

static void (*const APPENDERS[])(struct buffer *buffer, const struct bound_expr *expr, const struct slice *names) = {
    [BOUND_CONSTANT] = append_constant,
    [BOUND_PARAMETER] = append_parameter,
    [BOUND_COLUMN] = append_column,
    [BOUND_CALL] = append_call,
    [BOUND_AND] = append_and,
    [BOUND_OR] = append_or,
    [BOUND_CASE] = append_case,
    [BOUND_COALESCE] = append_coalesce,
    [BOUND_IN] = append_in,
    [BOUND_CAST] = append_cast,
};

static void append(struct buffer *buffer, const struct bound_expr *expr, const struct slice *names, enum binding wanted)
{
    bool needs_parentheses = binding_of(expr) < wanted;

    if (needs_parentheses)
        buffer_append_byte(buffer, '(');
    APPENDERS[expr->kind](buffer, expr, names);
    if (needs_parentheses)
        buffer_append_byte(buffer, ')');
}

void bound_expr_append_text(struct buffer *buffer, const struct bound_expr *expr, const struct slice *column_names)
{
    append(buffer, expr, column_names, BINDING_OR);
}
