#include <math.h>

#include "parser/ast_make.h"
#include "parser/parser.h"
#include "parser/parser_internal.h"

/* A child is NULL where it could not be made: the statement has failed then, and nobody looks at its tree. */
static uint16_t deeper(uint16_t depth, const struct expr *expr)
{
    return expr != NULL && expr->depth > depth ? expr->depth : depth;
}

static uint16_t list_depth(struct expr_list list)
{
    uint16_t depth = 0;

    for (uint32_t i = 0; i < list.count; i++)
        depth = deeper(depth, list.items[i]);
    return depth;
}

/* A node above children of which the deepest has `depth` levels. */
static struct expr *make(struct parser *parser, enum expr_kind kind, struct ssql_span span, uint16_t depth)
{
    if (depth >= EXPRESSION_DEPTH_LIMIT) {
        parser_fail(parser, SSQL_TOO_LARGE, span, "the expression is nested more than %d levels deep",
                    EXPRESSION_DEPTH_LIMIT);
        return NULL;
    }
    struct expr *expr = arena_alloc(parser->arena, sizeof *expr);
    if (expr == NULL)
        return NULL;
    expr->kind = kind;
    expr->depth = (uint16_t)(depth + 1);
    expr->span = span;
    return expr;
}

static struct expr *make_literal(struct parser *parser, struct ssql_span span, struct value value)
{
    struct expr *expr = make(parser, EXPR_LITERAL, span, 0);

    if (expr != NULL)
        expr->literal = value;
    return expr;
}

struct expr *expr_make_integer(struct parser *parser, struct ssql_span span, uint64_t magnitude)
{
    if (magnitude <= INT64_MAX)
        return make_literal(parser, span, value_int((int64_t)magnitude));
    /* The only magnitude beyond the greatest int that the scanner lets pass needs a minus before it. A minus takes its
     * operand before the next number is read, so that one number at most is waiting for it. */
    if (parser->bare_minimum != NULL)
        parser_defer(parser, SSQL_OUT_OF_RANGE, parser->bare_minimum->span,
                     "the number 9223372036854775808 does not fit in an int (64 bits)");
    parser->bare_minimum = make_literal(parser, span, value_int(INT64_MIN));
    return parser->bare_minimum;
}

struct expr *expr_make_float(struct parser *parser, struct ssql_span span, const double *real)
{
    return make_literal(parser, span, value_float(*real));
}

struct expr *expr_make_string(struct parser *parser, struct ssql_span span, struct slice string, bool is_quoted_token)
{
    struct expr *expr = make_literal(parser, span, value_string(string));

    if (expr != NULL)
        expr->is_quoted_token = is_quoted_token;
    return expr;
}

struct expr *expr_make_bool(struct parser *parser, struct ssql_span span, bool boolean)
{
    return make_literal(parser, span, value_bool(boolean));
}

struct expr *expr_make_null(struct parser *parser, struct ssql_span span)
{
    return make_literal(parser, span, value_null(SSQL_TYPE_NULL));
}

struct expr *expr_make_default(struct parser *parser, struct ssql_span span)
{
    return make(parser, EXPR_DEFAULT, span, 0);
}

struct expr *expr_make_parameter(struct parser *parser, struct ssql_span span, uint32_t index)
{
    struct expr *expr = make(parser, EXPR_PARAMETER, span, 0);

    if (expr == NULL)
        return NULL;
    expr->parameter.index = index;
    expr->parameter.name = parser->parameter_names[index - 1];
    return expr;
}

struct expr *expr_make_column(struct parser *parser, struct ssql_span span, struct name table, struct name column)
{
    struct expr *expr = make(parser, EXPR_COLUMN, span, 0);

    if (expr == NULL)
        return NULL;
    expr->column.table = table;
    expr->column.column = column;
    return expr;
}

struct expr *expr_quoted_as_column(struct parser *parser, struct expr *expr)
{
    if (expr == NULL || !expr->is_quoted_token)
        return expr;
    return expr_make_column(parser, expr->span, (struct name){0}, name_make(parser, expr->span, expr->literal.string));
}

struct expr *expr_make_parenthesised(struct parser *parser, struct expr *inner)
{
    (void)parser;
    if (inner != NULL)
        inner->is_quoted_token = false;
    return inner;
}

/* A sign before a number belongs to the literal; false when this is no such case. */
static bool fold_sign(struct parser *parser, enum unary_operator operator, struct expr * operand)
{
    struct value *literal = &operand->literal;

    if (operator== UNARY_NOT || operand->kind != EXPR_LITERAL || literal->is_null)
        return false;
    if (operand == parser->bare_minimum) {
        if (operator!= UNARY_NEGATE)
            return false;
        parser->bare_minimum = NULL;
        return true;
    }
    if (literal->type == SSQL_TYPE_INT && (operator== UNARY_PLUS || literal->integer >= 0)) {
        literal->integer = operator== UNARY_PLUS ? literal->integer : - literal->integer;
        return true;
    }
    if (literal->type == SSQL_TYPE_FLOAT && (operator== UNARY_PLUS || !signbit(literal->real))) {
        literal->real = operator== UNARY_PLUS ? literal->real : - literal->real;
        return true;
    }
    return false;
}

struct expr *expr_make_unary(struct parser *parser, struct ssql_span span, enum unary_operator operator,
                             struct expr * operand)
{
    if (operand == NULL)
        return NULL;
    if (fold_sign(parser, operator, operand)) {
        operand->span = span;
        return operand;
    }
    struct expr *expr = make(parser, EXPR_UNARY, span, operand->depth);
    if (expr == NULL)
        return NULL;
    expr->unary.operator= operator;
    expr->unary.operand = operand;
    return expr;
}

struct expr *expr_make_binary(struct parser *parser, struct ssql_span span, enum binary_operator operator,
                              struct ssql_span operator_span, struct expr *left, struct expr *right)
{
    struct expr *expr = make(parser, EXPR_BINARY, span, deeper(deeper(0, left), right));
    if (expr == NULL)
        return NULL;
    expr->binary.operator= operator;
    expr->binary.left = left;
    expr->binary.right = right;
    expr->binary.operator_span = operator_span;
    return expr;
}

struct expr *expr_make_predicate(struct parser *parser, struct ssql_span span, enum binary_operator operator,
                                 struct ssql_span operator_span, struct expr *left, struct expr *right)
{
    return expr_make_binary(parser, span, operator, operator_span, expr_quoted_as_column(parser, left), right);
}

struct expr *expr_make_distinct(struct parser *parser, struct ssql_span span, bool is_negated,
                                struct ssql_span operator_span, struct expr *left, struct expr *right)
{
    return expr_make_predicate(parser, span, is_negated ? BINARY_NOT_DISTINCT : BINARY_DISTINCT, operator_span, left,
                               right);
}

struct expr *expr_make_is(struct parser *parser, struct ssql_span span, struct expr *operand, enum is_test test,
                          bool is_negated)
{
    operand = expr_quoted_as_column(parser, operand);
    struct expr *expr = make(parser, EXPR_IS, span, deeper(0, operand));
    if (expr == NULL)
        return NULL;
    expr->is.operand = operand;
    expr->is.test = test;
    expr->is.is_negated = is_negated;
    return expr;
}

struct expr *expr_make_between(struct parser *parser, struct ssql_span span, struct expr *operand, bool is_negated,
                               struct expr *low, struct expr *high)
{
    operand = expr_quoted_as_column(parser, operand);
    struct expr *expr = make(parser, EXPR_BETWEEN, span, deeper(deeper(deeper(0, operand), low), high));
    if (expr == NULL)
        return NULL;
    expr->between.operand = operand;
    expr->between.low = low;
    expr->between.high = high;
    expr->between.is_negated = is_negated;
    return expr;
}

struct expr *expr_make_like(struct parser *parser, struct ssql_span span, struct expr *operand, bool is_negated,
                            struct expr *pattern, struct expr *escape)
{
    operand = expr_quoted_as_column(parser, operand);
    struct expr *expr = make(parser, EXPR_LIKE, span, deeper(deeper(deeper(0, operand), pattern), escape));
    if (expr == NULL)
        return NULL;
    expr->like.operand = operand;
    expr->like.pattern = pattern;
    expr->like.escape = escape;
    expr->like.is_negated = is_negated;
    return expr;
}

struct expr *expr_make_in(struct parser *parser, struct ssql_span span, struct expr *operand, bool is_negated,
                          struct expr_list items)
{
    operand = expr_quoted_as_column(parser, operand);
    struct expr *expr = make(parser, EXPR_IN, span, deeper(list_depth(items), operand));
    if (expr == NULL)
        return NULL;
    expr->in.operand = operand;
    expr->in.items = items;
    expr->in.is_negated = is_negated;
    return expr;
}

struct case_branches case_branches_append(struct parser *parser, struct case_branches list, struct expr *when,
                                          struct expr *then)
{
    list.items = list_grow(parser->arena, list.items, list.count, sizeof *list.items);
    if (list.items == NULL)
        return (struct case_branches){0};
    list.items[list.count++] = (struct case_branch){when, then};
    list.depth = deeper(deeper(list.depth, when), then);
    return list;
}

struct expr *expr_make_case(struct parser *parser, struct ssql_span span, struct expr *operand,
                            struct case_branches branches, struct expr *otherwise)
{
    struct expr *expr = make(parser, EXPR_CASE, span, deeper(deeper(branches.depth, operand), otherwise));

    if (expr == NULL)
        return NULL;
    expr->case_when.operand = operand;
    expr->case_when.branches = branches.items;
    expr->case_when.branch_count = branches.count;
    expr->case_when.otherwise = otherwise;
    return expr;
}

struct expr *expr_make_cast(struct parser *parser, struct ssql_span span, struct expr *operand, struct type_name type)
{
    struct expr *expr = make(parser, EXPR_CAST, span, deeper(0, operand));
    if (expr == NULL)
        return NULL;
    expr->cast.operand = operand;
    expr->cast.type = type;
    return expr;
}

struct expr *expr_make_function(struct parser *parser, struct ssql_span span, struct name name, bool is_distinct,
                                struct expr_list arguments)
{
    struct expr *expr = make(parser, EXPR_FUNCTION, span, list_depth(arguments));

    if (expr == NULL)
        return NULL;
    expr->function.name = name;
    expr->function.arguments = arguments;
    expr->function.is_distinct = is_distinct;
    return expr;
}

struct expr *expr_make_function_star(struct parser *parser, struct ssql_span span, struct name name)
{
    struct expr *expr = expr_make_function(parser, span, name, false, (struct expr_list){0});

    if (expr != NULL)
        expr->function.is_star = true;
    return expr;
}

struct expr_list exprs_append(struct parser *parser, struct expr_list list, struct expr *expr)
{
    list.items = list_grow(parser->arena, list.items, list.count, sizeof *list.items);
    if (list.items == NULL)
        return (struct expr_list){0};
    list.items[list.count++] = expr;
    return list;
}
