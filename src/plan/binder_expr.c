#include "plan/binder.h"

#include <assert.h>
#include <inttypes.h>

/* An operand that is written once may be wanted several times (between, case): no more than this in a statement, or
 * nesting would make a small text a huge plan. */
enum { REPEATED_NODES_MOST = 1000000 };

static struct bound_expr *constant_null(struct binder *binder, enum ssql_type type, struct ssql_span span)
{
    return bound_make_constant(binder->arena, value_null(type), span);
}

static bool check_repeats(struct binder *binder, const struct bound_expr *operand, uint32_t times,
                          struct ssql_span span)
{
    if (operand->node_count == 1 || times < 2)
        return true;
    binder->repeated_nodes += (uint64_t)operand->node_count * (times - 1);
    if (binder->repeated_nodes <= REPEATED_NODES_MOST)
        return true;
    return error_set(binder->error, SSQL_TOO_LARGE, span, "the expression grows beyond %d nodes", REPEATED_NODES_MOST);
}

/* The function of an operator, but for `and` and `or`, which are none; the symbol of one that takes numbers. */
static const struct operator_rule {
    enum scalar_function function;
    const char *symbol;
} OPERATORS[] = {
    [BINARY_EQUAL] = {FUNCTION_EQUAL, NULL},
    [BINARY_NOT_EQUAL] = {FUNCTION_NOT_EQUAL, NULL},
    [BINARY_LESS] = {FUNCTION_LESS, NULL},
    [BINARY_LESS_EQUAL] = {FUNCTION_LESS_EQUAL, NULL},
    [BINARY_GREATER] = {FUNCTION_GREATER, NULL},
    [BINARY_GREATER_EQUAL] = {FUNCTION_GREATER_EQUAL, NULL},
    [BINARY_DISTINCT] = {FUNCTION_IS_DISTINCT, NULL},
    [BINARY_NOT_DISTINCT] = {FUNCTION_IS_NOT_DISTINCT, NULL},
    [BINARY_ADD] = {FUNCTION_ADD, "+"},
    [BINARY_SUBTRACT] = {FUNCTION_SUBTRACT, "-"},
    [BINARY_MULTIPLY] = {FUNCTION_MULTIPLY, "*"},
    [BINARY_DIVIDE] = {FUNCTION_DIVIDE, "/"},
    [BINARY_REMAINDER] = {FUNCTION_REMAINDER, "%"},
};

/* ---- leaves ---- */

static struct bound_expr *bind_literal(struct binder *binder, const struct expr *expr)
{
    struct value value = expr->literal;

    if (value.type == SSQL_TYPE_STRING) {
        value.string = arena_copy(binder->arena, value.string);
        if (value.string.data == NULL)
            return NULL;
    }
    return bound_make_constant(binder->arena, value, binder_span(binder, expr->span));
}

/* ---- conditions ---- */

static struct bound_expr *to_condition(struct binder *binder, struct bound_expr *bound)
{
    if (bound == NULL || coerce(binder, &bound, SSQL_TYPE_BOOL))
        return bound;
    error_set(binder->error, SSQL_TYPE_MISMATCH, bound->span, "a condition must be bool, but this is %s",
              type_name(bound->type));
    error_hint(binder->error, "compare it with something, as in a == %s",
               bound->type == SSQL_TYPE_STRING ? "'text'" : "1");
    return NULL;
}

struct bound_expr *bind_condition(struct binder *binder, const struct expr *expr)
{
    return to_condition(binder, bind_expr(binder, expr));
}

static struct bound_expr *bind_not(struct binder *binder, const struct expr *expr)
{
    struct bound_expr *operand = bind_expr(binder, expr->unary.operand);
    uint32_t begin = expr->span.begin;

    if (operand == NULL)
        return NULL;
    operand = to_condition(binder, operand);
    assert(binder->is_without_spans || (begin > 0 && begin < binder->text.size));
    if (operand == NULL && !binder->is_without_spans && binder->text.data[begin] == '!' &&
        binder->text.data[begin - 1] == '=')
        error_hint(binder->error, "did you mean \"!=\"?");
    return bound_make_unary(binder->arena, FUNCTION_NOT, SSQL_TYPE_BOOL, operand, binder_span(binder, expr->span));
}

static uint32_t chain_length(const struct expr *expr, enum binary_operator operator)
{
    uint32_t length = 1;

    for (; expr->kind == EXPR_BINARY && expr->binary.operator== operator; expr = expr->binary.left)
        length++;
    return length;
}

/* What somebody may have meant by `parts[i]`, which is no condition. */
static void hint_at_part(struct binder *binder, enum binary_operator operator, const struct expr * const * parts,
                         uint32_t i, enum ssql_type type)
{
    if (operator== BINARY_AND && binder->clause == CLAUSE_SET)
        error_hint(binder->error, "a comma stands between two assignments, not \"and\"");
    else if (operator== BINARY_OR && i> 0 && parts[i]->kind == EXPR_LITERAL)
        error_hint(binder->error, "one of several values is written so: a in (1, 2)");
    else if (operator== BINARY_OR && type == SSQL_TYPE_STRING)
        error_hint(binder->error, "|| is \"or\"; concat(a, b) joins strings");
}

/* `a or b or c` leans to the left: its parts are bound in the order of the text, as one list. */
static struct bound_expr *bind_logic(struct binder *binder, const struct expr *expr)
{
    enum binary_operator operator= expr->binary.operator;
    uint32_t count = chain_length(expr, operator);
    const struct expr **parts = arena_alloc_array(binder->arena, count, sizeof *parts);
    struct bound_expr **conditions = arena_alloc_array(binder->arena, count, sizeof *conditions);
    const struct expr *rest = expr;

    if (parts == NULL || conditions == NULL)
        return NULL;
    for (uint32_t i = count - 1; i > 0; i--) {
        parts[i] = rest->binary.right;
        rest = rest->binary.left;
    }
    parts[0] = rest;
    for (uint32_t i = 0; i < count; i++) {
        conditions[i] = bind_expr(binder, parts[i]);
        if (conditions[i] == NULL)
            return NULL;
        enum ssql_type type = conditions[i]->type;
        conditions[i] = to_condition(binder, conditions[i]);
        if (conditions[i] == NULL) {
            hint_at_part(binder, operator, parts, i, type);
            return NULL;
        }
    }
    return bound_make_logic(binder->arena, operator== BINARY_AND ? BOUND_AND : BOUND_OR, conditions, count,
                            binder_span(binder, expr->span));
}

/* ---- comparisons ---- */

static struct bound_expr *refuse_comparison(struct binder *binder, enum ssql_type left, enum ssql_type right,
                                            struct ssql_span span)
{
    error_set(binder->error, SSQL_TYPE_MISMATCH, binder_span(binder, span), "cannot compare %s with %s",
              type_name(left), type_name(right));
    if (left != SSQL_TYPE_BOOL && right != SSQL_TYPE_BOOL)
        error_hint(binder->error, "cast(... as %s) converts", type_name(left));
    else
        error_hint(binder->error, "a bool is compared with true or false");
    return NULL;
}

/* `span` is the comparison's, `place` where an error of types points. */
static struct bound_expr *compare(struct binder *binder, enum scalar_function function, struct bound_expr *left,
                                  struct bound_expr *right, struct ssql_span span, struct ssql_span place)
{
    struct bound_expr *operands[2] = {left, right};
    enum ssql_type type;

    if (left == NULL || right == NULL)
        return NULL;
    if (!common_type(left->type, right->type, &type))
        return refuse_comparison(binder, left->type, right->type, place);
    if (type == SSQL_TYPE_NULL && function == FUNCTION_IS_DISTINCT)
        return bound_make_constant(binder->arena, value_bool(false), span);
    if (type == SSQL_TYPE_NULL && function == FUNCTION_IS_NOT_DISTINCT)
        return bound_make_constant(binder->arena, value_bool(true), span);
    if (type == SSQL_TYPE_NULL)
        return constant_null(binder, SSQL_TYPE_BOOL, span);
    if (!coerce_both(binder, operands, type))
        return refuse_comparison(binder, operands[0]->type, operands[1]->type, place);
    return bound_make_call(binder->arena, function, SSQL_TYPE_BOOL, operands, 2, span);
}

static struct bound_expr *bind_comparison(struct binder *binder, const struct expr *expr)
{
    struct bound_expr *left = bind_expr(binder, expr->binary.left);
    struct bound_expr *right = left == NULL ? NULL : bind_expr(binder, expr->binary.right);

    return compare(binder, OPERATORS[expr->binary.operator].function, left, right, binder_span(binder, expr->span),
                   expr->binary.operator_span);
}

static struct bound_expr *negate_if(struct binder *binder, bool is_negated, struct bound_expr *condition,
                                    struct ssql_span span)
{
    if (!is_negated)
        return condition;
    return bound_make_unary(binder->arena, FUNCTION_NOT, SSQL_TYPE_BOOL, condition, span);
}

static struct bound_expr *bind_between(struct binder *binder, const struct expr *expr)
{
    struct ssql_span span = binder_span(binder, expr->span);
    bool is_negated = expr->between.is_negated;
    struct bound_expr *operand = bind_expr(binder, expr->between.operand);
    struct bound_expr *low = operand == NULL ? NULL : bind_expr(binder, expr->between.low);
    struct bound_expr *high = low == NULL ? NULL : bind_expr(binder, expr->between.high);
    enum ssql_type low_type, type;

    if (high == NULL || !check_repeats(binder, operand, 2, span))
        return NULL;
    /* One type for all three, so that an untyped operand gets the same from both ends. */
    if (common_type(operand->type, low->type, &low_type) && common_type(low_type, high->type, &type) &&
        !coerce(binder, &operand, type))
        return refuse_comparison(binder, operand->type, type, expr->span);
    struct bound_expr *parts[2] = {
        compare(binder, is_negated ? FUNCTION_LESS : FUNCTION_GREATER_EQUAL, operand, low, span,
                expr->between.low->span),
        NULL,
    };
    if (parts[0] == NULL)
        return NULL;
    parts[1] = compare(binder, is_negated ? FUNCTION_GREATER : FUNCTION_LESS_EQUAL, operand, high, span,
                       expr->between.high->span);
    return bound_make_logic(binder->arena, is_negated ? BOUND_OR : BOUND_AND, parts, 2, span);
}

static struct bound_expr *bind_in(struct binder *binder, const struct expr *expr)
{
    struct ssql_span span = binder_span(binder, expr->span);
    uint32_t count = expr->in.items.count + 1;
    struct bound_expr **arguments = arena_alloc_array(binder->arena, count, sizeof *arguments);
    enum ssql_type type = SSQL_TYPE_NULL;

    if (arguments == NULL)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        const struct expr *item = i == 0 ? expr->in.operand : expr->in.items.items[i - 1];
        enum ssql_type so_far = type;
        arguments[i] = bind_expr(binder, item);
        if (arguments[i] == NULL)
            return NULL;
        if (!common_type(so_far, arguments[i]->type, &type))
            return refuse_comparison(binder, so_far, arguments[i]->type, item->span);
    }
    if (type == SSQL_TYPE_NULL)
        return constant_null(binder, SSQL_TYPE_BOOL, span);
    for (uint32_t i = 0; i < count; i++)
        if (!coerce(binder, &arguments[i], type))
            return refuse_comparison(binder, arguments[i]->type, type, expr->span);
    struct bound_expr *result =
        count == 2 ? bound_make_binary(binder->arena, FUNCTION_EQUAL, SSQL_TYPE_BOOL, arguments[0], arguments[1], span)
                   : bound_make_list(binder->arena, BOUND_IN, SSQL_TYPE_BOOL, arguments, count, span);
    return negate_if(binder, expr->in.is_negated, result, span);
}

static struct bound_expr *bind_like(struct binder *binder, const struct expr *expr)
{
    const struct expr *written[3] = {expr->like.operand, expr->like.pattern, expr->like.escape};
    struct ssql_span span = binder_span(binder, expr->span);
    uint32_t count = expr->like.escape == NULL ? 2 : 3;
    struct bound_expr *arguments[3];

    for (uint32_t i = 0; i < count; i++) {
        arguments[i] = bind_expr(binder, written[i]);
        if (arguments[i] == NULL)
            return NULL;
        if (!coerce(binder, &arguments[i], SSQL_TYPE_STRING)) {
            error_set(binder->error, SSQL_TYPE_MISMATCH, arguments[i]->span, "like compares strings, but this is %s",
                      type_name(arguments[i]->type));
            error_hint(binder->error, "cast(... as string) converts");
            return NULL;
        }
    }
    struct bound_expr *result = bound_make_call(binder->arena, FUNCTION_LIKE, SSQL_TYPE_BOOL, arguments, count, span);
    return negate_if(binder, expr->like.is_negated, result, span);
}

static struct bound_expr *bind_is(struct binder *binder, const struct expr *expr)
{
    struct ssql_span span = binder_span(binder, expr->span);
    bool is_negated = expr->is.is_negated;

    if (expr->is.test == IS_NULL) {
        struct bound_expr *operand = bind_expr(binder, expr->is.operand);
        if (operand != NULL && operand->type == SSQL_TYPE_NULL)
            return bound_make_constant(binder->arena, value_bool(!is_negated), span);
        return bound_make_unary(binder->arena, is_negated ? FUNCTION_IS_NOT_NULL : FUNCTION_IS_NULL, SSQL_TYPE_BOOL,
                                operand, span);
    }
    struct bound_expr *condition = bind_condition(binder, expr->is.operand);
    struct bound_expr *wanted = bound_make_constant(binder->arena, value_bool(expr->is.test == IS_TRUE), span);
    return bound_make_binary(binder->arena, is_negated ? FUNCTION_IS_DISTINCT : FUNCTION_IS_NOT_DISTINCT,
                             SSQL_TYPE_BOOL, condition, wanted, span);
}

/* ---- arithmetic ---- */

static bool is_number(enum ssql_type type)
{
    return type == SSQL_TYPE_INT || type == SSQL_TYPE_FLOAT || type == SSQL_TYPE_NULL;
}

static struct bound_expr *refuse_arithmetic(struct binder *binder, const struct expr *expr, enum ssql_type left,
                                            enum ssql_type right)
{
    bool has_string = left == SSQL_TYPE_STRING || right == SSQL_TYPE_STRING;

    error_set(binder->error, SSQL_TYPE_MISMATCH, binder_span(binder, expr->binary.operator_span),
              "%s takes numbers, not %s and %s", OPERATORS[expr->binary.operator].symbol, type_name(left),
              type_name(right));
    if (has_string && expr->binary.operator== BINARY_ADD)
        error_hint(binder->error, "concat(a, b) joins strings");
    else if (has_string)
        error_hint(binder->error, "cast(... as int) and cast(... as float) convert a string to a number");
    return NULL;
}

static struct bound_expr *bind_arithmetic(struct binder *binder, const struct expr *expr)
{
    struct ssql_span span = binder_span(binder, expr->span);
    struct bound_expr *operands[2] = {bind_expr(binder, expr->binary.left), NULL};
    enum ssql_type type;

    if (operands[0] == NULL || (operands[1] = bind_expr(binder, expr->binary.right)) == NULL)
        return NULL;
    if (!is_number(operands[0]->type) || !is_number(operands[1]->type))
        return refuse_arithmetic(binder, expr, operands[0]->type, operands[1]->type);
    (void)common_type(operands[0]->type, operands[1]->type, &type); /* numbers have one */
    if (type == SSQL_TYPE_NULL)
        return constant_null(binder, SSQL_TYPE_NULL, span);
    if (!coerce_both(binder, operands, type))
        return refuse_arithmetic(binder, expr, operands[0]->type, operands[1]->type);
    return bound_make_call(binder->arena, OPERATORS[expr->binary.operator].function, type, operands, 2, span);
}

static struct bound_expr *bind_negate(struct binder *binder, const struct expr *expr)
{
    struct ssql_span span = binder_span(binder, expr->span);
    struct bound_expr *operand = bind_expr(binder, expr->unary.operand);

    if (operand == NULL)
        return NULL;
    if (!is_number(operand->type)) {
        error_set(binder->error, SSQL_TYPE_MISMATCH, span, "- takes a number, not %s", type_name(operand->type));
        return NULL;
    }
    if (operand->type == SSQL_TYPE_NULL)
        return constant_null(binder, SSQL_TYPE_NULL, span);
    return bound_make_unary(binder->arena, FUNCTION_NEGATE, operand->type, operand, span);
}

static struct bound_expr *bind_unary(struct binder *binder, const struct expr *expr)
{
    if (expr->unary.operator== UNARY_NEGATE)
        return bind_negate(binder, expr);
    if (expr->unary.operator== UNARY_NOT)
        return bind_not(binder, expr);
    return bind_expr(binder, expr->unary.operand); /* + */
}

static struct bound_expr *bind_binary(struct binder *binder, const struct expr *expr)
{
    if (expr->binary.operator== BINARY_OR || expr->binary.operator== BINARY_AND)
        return bind_logic(binder, expr);
    return OPERATORS[expr->binary.operator].symbol == NULL ? bind_comparison(binder, expr)
                                                           : bind_arithmetic(binder, expr);
}

/* ---- case, cast ---- */

/* Arguments of BOUND_CASE: condition, result, …, [else]. The type of all results is worked out on the way. */
struct case_binding {
    struct bound_expr **arguments;
    uint32_t count;
    enum ssql_type type;
};

static bool add_result(struct binder *binder, struct case_binding *binding, const struct expr *written)
{
    struct bound_expr *result = bind_expr(binder, written);
    enum ssql_type so_far = binding->type;

    if (result == NULL)
        return false;
    if (!common_type(so_far, result->type, &binding->type)) {
        error_set(binder->error, SSQL_TYPE_MISMATCH, result->span,
                  "the results of a case have one type: %s here, %s before", type_name(result->type),
                  type_name(so_far));
        return error_hint(binder->error, "cast(... as %s) converts",
                          type_name(result->type == SSQL_TYPE_STRING ? SSQL_TYPE_STRING : so_far));
    }
    binding->arguments[binding->count++] = result;
    return true;
}

/* `case x when ...` compares: all whens are brought to one type with x first, so that x is the same in all. */
static bool bind_whens(struct binder *binder, const struct expr *expr, struct bound_expr **conditions)
{
    struct ssql_span span = binder_span(binder, expr->span);
    uint32_t count = expr->case_when.branch_count;
    enum ssql_type type, so_far;

    if (expr->case_when.operand == NULL) {
        for (uint32_t i = 0; i < count; i++)
            if ((conditions[i] = bind_condition(binder, expr->case_when.branches[i].when)) == NULL)
                return false;
        return true;
    }
    struct bound_expr *operand = bind_expr(binder, expr->case_when.operand);
    if (operand == NULL || !check_repeats(binder, operand, count, span))
        return false;
    type = operand->type;
    for (uint32_t i = 0; i < count; i++) {
        conditions[i] = bind_expr(binder, expr->case_when.branches[i].when);
        if (conditions[i] == NULL)
            return false;
        so_far = type;
        if (!common_type(so_far, conditions[i]->type, &type))
            return refuse_comparison(binder, so_far, conditions[i]->type, expr->case_when.branches[i].when->span);
    }
    if (type != SSQL_TYPE_NULL && !coerce(binder, &operand, type))
        return refuse_comparison(binder, operand->type, type, expr->span);
    for (uint32_t i = 0; i < count; i++) {
        conditions[i] = compare(binder, FUNCTION_EQUAL, operand, conditions[i], conditions[i]->span,
                                expr->case_when.branches[i].when->span);
        if (conditions[i] == NULL)
            return false;
    }
    return true;
}

/* Branches that are never taken are left out; one that is always taken ends the list. */
static struct bound_expr *make_case(struct binder *binder, const struct case_binding *binding, struct ssql_span span)
{
    struct bound_expr **arguments = binding->arguments;
    uint32_t kept = 0, i = 0;

    for (; i + 1 < binding->count; i += 2) {
        if (bound_is_false(arguments[i]) || bound_is_null(arguments[i]))
            continue;
        if (bound_is_true(arguments[i])) {
            arguments[kept++] = arguments[i + 1];
            i = binding->count;
            break;
        }
        arguments[kept] = arguments[i];
        arguments[kept + 1] = arguments[i + 1];
        kept += 2;
    }
    if (i < binding->count)
        arguments[kept++] = arguments[i];
    if (kept == 0)
        return constant_null(binder, binding->type, span);
    if (kept == 1)
        return arguments[0];
    return bound_make_list(binder->arena, BOUND_CASE, binding->type, arguments, kept, span);
}

static struct bound_expr *bind_case(struct binder *binder, const struct expr *expr)
{
    struct ssql_span span = binder_span(binder, expr->span);
    uint32_t branch_count = expr->case_when.branch_count;
    struct bound_expr **conditions = arena_alloc_array(binder->arena, branch_count, sizeof *conditions);
    struct case_binding binding = {
        .arguments = arena_alloc_array(binder->arena, (size_t)branch_count * 2 + 1, sizeof(struct bound_expr *))};

    if (conditions == NULL || binding.arguments == NULL || !bind_whens(binder, expr, conditions))
        return NULL;
    for (uint32_t i = 0; i < branch_count; i++) {
        binding.arguments[binding.count++] = conditions[i];
        if (!add_result(binder, &binding, expr->case_when.branches[i].then))
            return NULL;
    }
    if (expr->case_when.otherwise != NULL && !add_result(binder, &binding, expr->case_when.otherwise))
        return NULL;
    if (binding.type == SSQL_TYPE_NULL)
        return constant_null(binder, SSQL_TYPE_NULL, span);
    for (uint32_t i = 1; i < binding.count + 1; i += 2) {
        struct bound_expr **result = &binding.arguments[i < binding.count ? i : binding.count - 1];
        if (!coerce(binder, result, binding.type)) {
            error_set(binder->error, SSQL_TYPE_MISMATCH, span, "the results of a case have one type");
            return NULL;
        }
        if (*result == NULL)
            return NULL;
    }
    return make_case(binder, &binding, span);
}

static bool is_castable(enum ssql_type from, enum ssql_type to)
{
    if ((from == SSQL_TYPE_BOOL && to == SSQL_TYPE_FLOAT) || (from == SSQL_TYPE_FLOAT && to == SSQL_TYPE_BOOL))
        return false;
    return true;
}

static struct bound_expr *bind_cast(struct binder *binder, const struct expr *expr)
{
    struct bound_expr *operand = bind_expr(binder, expr->cast.operand);

    if (operand == NULL)
        return NULL;
    if (!is_castable(operand->type, expr->cast.type.type)) {
        error_set(binder->error, SSQL_TYPE_MISMATCH, binder_span(binder, expr->span), "cannot cast %s to %s",
                  type_name(operand->type), type_name(expr->cast.type.type));
        return NULL;
    }
    if (operand->type == SSQL_TYPE_NULL)
        return constant_null(binder, expr->cast.type.type, operand->span);
    return bound_make_cast(binder->arena, operand, expr->cast.type.type, binder_span(binder, expr->span));
}

/* ---- all kinds ---- */

static struct bound_expr *refuse_default(struct binder *binder, const struct expr *expr)
{
    error_set(binder->error, SSQL_SYNTAX, binder_span(binder, expr->span),
              "default can only be the whole value of a column");
    return NULL;
}

struct bound_expr *bind_expr(struct binder *binder, const struct expr *expr)
{
    static struct bound_expr *(*const binders[])(struct binder *, const struct expr *) = {
        [EXPR_LITERAL] = bind_literal,     [EXPR_COLUMN] = bind_column,
        [EXPR_PARAMETER] = bind_parameter, [EXPR_DEFAULT] = refuse_default,
        [EXPR_UNARY] = bind_unary,         [EXPR_BINARY] = bind_binary,
        [EXPR_BETWEEN] = bind_between,     [EXPR_IN] = bind_in,
        [EXPR_LIKE] = bind_like,           [EXPR_IS] = bind_is,
        [EXPR_CASE] = bind_case,           [EXPR_CAST] = bind_cast,
        [EXPR_FUNCTION] = bind_function,
    };

    return binders[expr->kind](binder, expr);
}

static bool is_numeral(struct slice text)
{
    size_t digits = 0;

    for (size_t i = 0; i < text.size; i++) {
        bool is_digit = text.data[i] >= '0' && text.data[i] <= '9';
        digits += is_digit;
        if (!is_digit && text.data[i] != '.' && !(i == 0 && text.data[i] == '-'))
            return false;
    }
    return digits > 0 && text.size < 40;
}

/* How the value could be written, or converted, so that it fits the column. */
static void hint_at_value(struct binder *binder, const struct bound_expr *bound, const struct column_schema *column)
{
    bool is_constant = bound->kind == BOUND_CONSTANT && !bound->constant.is_null;

    if (binder->is_without_spans)
        return;
    if (column->type == SSQL_TYPE_BOOL)
        error_hint(binder->error, "the values of a bool are true and false");
    else if (is_constant && column->type == SSQL_TYPE_STRING && bound->type != SSQL_TYPE_BOOL)
        error_hint(binder->error, "use 'single quotes' for a string");
    else if (is_constant && bound->type == SSQL_TYPE_STRING && is_numeral(bound->constant.string))
        error_hint(binder->error, "a number is written without quotes: %.*s", SLICE_PRINT(bound->constant.string));
    else if (column->type == SSQL_TYPE_STRING || (!is_constant && bound->type == SSQL_TYPE_STRING))
        error_hint(binder->error, "cast(... as %s) converts", type_name(column->type));
    else if (column->type == SSQL_TYPE_INT && bound->type == SSQL_TYPE_FLOAT)
        error_hint(binder->error, "cast(... as int) cuts off what is behind the point");
}

struct bound_expr *bind_column_value(struct binder *binder, const struct expr *expr, const struct column_schema *column)
{
    struct bound_expr *bound = bind_expr(binder, expr);

    if (bound == NULL || coerce(binder, &bound, column->type))
        return bound;
    error_set(binder->error, SSQL_TYPE_MISMATCH, bound->span, "column \"%.*s\" is %s, but the value is %s",
              SLICE_PRINT(column->name), type_name(column->type), type_name(bound->type));
    hint_at_value(binder, bound, column);
    return NULL;
}
