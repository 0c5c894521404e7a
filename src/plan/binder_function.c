#include "plan/binder.h"

#include "base/nearest.h"
#include "parser/foreign_word.h"
#include "plan/function_name.h"

/* What a parameter of a function takes. */
enum parameter_kind {
    TAKES_STRING,
    TAKES_INT,
    TAKES_FLOAT,  /* ints are widened */
    TAKES_NUMBER, /* int or float; all numbers of a call are brought to one type */
    TAKES_ANY,    /* all of a call are brought to one type */
};

enum result_kind { GIVES_STRING, GIVES_INT, GIVES_FLOAT, GIVES_BOOL, GIVES_SAME /* the type of the numbers, of any */ };

enum { PARAMETERS_MOST = 3, NO_MAXIMUM = UINT16_MAX };

struct function_rule {
    const char *name;
    enum scalar_function function;
    uint16_t least, most; /* arguments; beyond PARAMETERS_MOST they are like the last parameter */
    enum parameter_kind parameters[PARAMETERS_MOST];
    enum result_kind result;
    const char *signature;
};

/* One line per spelling. coalesce and its like are no calls, and are bound apart. */
static const struct function_rule RULES[] = {
    {"length", FUNCTION_LENGTH, 1, 1, {TAKES_STRING}, GIVES_INT, "length(string)"},
    {"char_length", FUNCTION_LENGTH, 1, 1, {TAKES_STRING}, GIVES_INT, "char_length(string)"},
    {"upper", FUNCTION_UPPER, 1, 1, {TAKES_STRING}, GIVES_STRING, "upper(string)"},
    {"lower", FUNCTION_LOWER, 1, 1, {TAKES_STRING}, GIVES_STRING, "lower(string)"},
    {"trim", FUNCTION_TRIM, 1, 2, {TAKES_STRING, TAKES_STRING}, GIVES_STRING, "trim(string[, characters])"},
    {"ltrim", FUNCTION_LTRIM, 1, 2, {TAKES_STRING, TAKES_STRING}, GIVES_STRING, "ltrim(string[, characters])"},
    {"rtrim", FUNCTION_RTRIM, 1, 2, {TAKES_STRING, TAKES_STRING}, GIVES_STRING, "rtrim(string[, characters])"},
    {"substr",
     FUNCTION_SUBSTR,
     2,
     3,
     {TAKES_STRING, TAKES_INT, TAKES_INT},
     GIVES_STRING,
     "substr(string, int start[, int length])"},
    {"substring",
     FUNCTION_SUBSTR,
     2,
     3,
     {TAKES_STRING, TAKES_INT, TAKES_INT},
     GIVES_STRING,
     "substring(string, int start[, int length])"},
    {"replace",
     FUNCTION_REPLACE,
     3,
     3,
     {TAKES_STRING, TAKES_STRING, TAKES_STRING},
     GIVES_STRING,
     "replace(string, string from, string to)"},
    {"concat",
     FUNCTION_CONCAT,
     1,
     NO_MAXIMUM,
     {TAKES_STRING, TAKES_STRING, TAKES_STRING},
     GIVES_STRING,
     "concat(string, ...)"},
    {"instr", FUNCTION_INSTR, 2, 2, {TAKES_STRING, TAKES_STRING}, GIVES_INT, "instr(string, string part)"},
    {"abs", FUNCTION_ABS, 1, 1, {TAKES_NUMBER}, GIVES_SAME, "abs(number)"},
    {"round", FUNCTION_ROUND, 1, 2, {TAKES_NUMBER, TAKES_INT}, GIVES_SAME, "round(number[, int digits])"},
    {"floor", FUNCTION_FLOOR, 1, 1, {TAKES_NUMBER}, GIVES_SAME, "floor(number)"},
    {"ceil", FUNCTION_CEIL, 1, 1, {TAKES_NUMBER}, GIVES_SAME, "ceil(number)"},
    {"ceiling", FUNCTION_CEIL, 1, 1, {TAKES_NUMBER}, GIVES_SAME, "ceiling(number)"},
    {"sign", FUNCTION_SIGN, 1, 1, {TAKES_NUMBER}, GIVES_SAME, "sign(number)"},
    {"sqrt", FUNCTION_SQRT, 1, 1, {TAKES_FLOAT}, GIVES_FLOAT, "sqrt(number)"},
    {"power", FUNCTION_POWER, 2, 2, {TAKES_FLOAT, TAKES_FLOAT}, GIVES_FLOAT, "power(number, number)"},
    {"pow", FUNCTION_POWER, 2, 2, {TAKES_FLOAT, TAKES_FLOAT}, GIVES_FLOAT, "pow(number, number)"},
    {"min", FUNCTION_LEAST, 2, NO_MAXIMUM, {TAKES_ANY, TAKES_ANY, TAKES_ANY}, GIVES_SAME, "min(value, value, ...)"},
    {"max", FUNCTION_GREATEST, 2, NO_MAXIMUM, {TAKES_ANY, TAKES_ANY, TAKES_ANY}, GIVES_SAME, "max(value, value, ...)"},
    {"least", FUNCTION_LEAST, 1, NO_MAXIMUM, {TAKES_ANY, TAKES_ANY, TAKES_ANY}, GIVES_SAME, "least(value, ...)"},
    {"greatest",
     FUNCTION_GREATEST,
     1,
     NO_MAXIMUM,
     {TAKES_ANY, TAKES_ANY, TAKES_ANY},
     GIVES_SAME,
     "greatest(value, ...)"},
    {"nullif", FUNCTION_NULLIF, 2, 2, {TAKES_ANY, TAKES_ANY}, GIVES_SAME, "nullif(value, value)"},
    {"typeof", FUNCTION_TYPEOF, 1, 1, {TAKES_ANY}, GIVES_STRING, "typeof(value)"},
    {"starts_with",
     FUNCTION_STARTS_WITH,
     2,
     2,
     {TAKES_STRING, TAKES_STRING},
     GIVES_BOOL,
     "starts_with(string, string part)"},
    {"ends_with", FUNCTION_ENDS_WITH, 2, 2, {TAKES_STRING, TAKES_STRING}, GIVES_BOOL, "ends_with(string, string part)"},
    {"contains", FUNCTION_CONTAINS, 2, 2, {TAKES_STRING, TAKES_STRING}, GIVES_BOOL, "contains(string, string part)"},
    {"reverse", FUNCTION_REVERSE, 1, 1, {TAKES_STRING}, GIVES_STRING, "reverse(string)"},
    {"repeat", FUNCTION_REPEAT, 2, 2, {TAKES_STRING, TAKES_INT}, GIVES_STRING, "repeat(string, int times)"},
};
enum { RULE_COUNT = sizeof RULES / sizeof RULES[0] };

struct aggregate_rule {
    const char *name;
    enum aggregate_function function;
    uint32_t most;
    const char *signature;
};

static const struct aggregate_rule AGGREGATES[] = {
    {"count", AGGREGATE_COUNT, 1, "count(*) or count(value)"},
    {"sum", AGGREGATE_SUM, 1, "sum(number)"},
    {"avg", AGGREGATE_AVG, 1, "avg(number)"},
    {"min", AGGREGATE_MIN, 1, "min(value)"},
    {"max", AGGREGATE_MAX, 1, "max(value)"},
    {"group_concat", AGGREGATE_GROUP_CONCAT, 2, "group_concat(string[, string separator])"},
};
enum { AGGREGATE_RULE_COUNT = sizeof AGGREGATES / sizeof AGGREGATES[0] };

/* ---- errors ---- */

/* "(int, string)" of the arguments given. */
static void append_types(struct buffer *buffer, struct bound_expr *const *arguments, uint32_t count)
{
    enum { SHOWN_MOST = 8 };

    buffer_append_byte(buffer, '(');
    for (uint32_t i = 0; i < count && i < SHOWN_MOST; i++)
        buffer_printf(buffer, "%s%s", i > 0 ? ", " : "", type_name(arguments[i]->type));
    buffer_append_text(buffer, count > SHOWN_MOST ? ", ...)" : ")");
}

static struct bound_expr *refuse_arguments(struct binder *binder, const struct expr *expr, const char *signature,
                                           struct bound_expr *const *arguments, uint32_t count)
{
    struct buffer types = {0};

    append_types(&types, arguments, count);
    if (types.failed)
        error_no_memory(binder->error);
    else if (count == 0)
        error_set(binder->error, SSQL_UNKNOWN_FUNCTION, binder_span(binder, expr->span), "%.*s needs an argument",
                  SLICE_PRINT(expr->function.name.text));
    else
        error_set(binder->error, SSQL_UNKNOWN_FUNCTION, binder_span(binder, expr->span), "%.*s does not take %.*s",
                  SLICE_PRINT(expr->function.name.text), SLICE_PRINT(buffer_slice(&types)));
    if (!types.failed)
        error_hint(binder->error, "it is %s", signature);
    buffer_clear(&types);
    return NULL;
}

static struct bound_expr *refuse_unknown(struct binder *binder, const struct name *name)
{
    struct nearest nearest = nearest_start(name->text);

    error_set(binder->error, SSQL_UNKNOWN_FUNCTION, binder_span(binder, name->span), "unknown function \"%.*s\"",
              SLICE_PRINT(name->text));
    for (uint32_t i = 0; i < RULE_COUNT; i++)
        nearest_consider(&nearest, slice_of(RULES[i].name));
    for (uint32_t i = 0; i < AGGREGATE_RULE_COUNT; i++)
        nearest_consider(&nearest, slice_of(AGGREGATES[i].name));
    nearest_consider(&nearest, slice_of("coalesce"));
    nearest_consider(&nearest, slice_of("ifnull"));
    const char *foreign = foreign_function_hint(name->text);
    if (foreign != NULL)
        error_hint(binder->error, "%s", foreign);
    else
        (void)nearest_hint(&nearest, binder->error);
    return NULL;
}

/* ---- scalar functions ---- */

static enum parameter_kind parameter_of(const struct function_rule *rule, uint32_t i)
{
    return rule->parameters[i < PARAMETERS_MOST ? i : PARAMETERS_MOST - 1];
}

/* The one type of all arguments that go together (numbers, or anything); NULL type when there are none, or only nulls.
 */
static bool find_shared_type(const struct function_rule *rule, struct bound_expr *const *arguments, uint32_t count,
                             enum ssql_type *shared)
{
    *shared = SSQL_TYPE_NULL;
    for (uint32_t i = 0; i < count; i++) {
        enum parameter_kind kind = parameter_of(rule, i);
        enum ssql_type type = arguments[i]->type;
        if (kind == TAKES_NUMBER && type != SSQL_TYPE_INT && type != SSQL_TYPE_FLOAT && type != SSQL_TYPE_NULL)
            return false;
        if ((kind == TAKES_NUMBER || kind == TAKES_ANY) && !common_type(*shared, type, shared))
            return false;
    }
    return true;
}

static enum ssql_type wanted_type(enum parameter_kind kind, enum ssql_type shared)
{
    static const enum ssql_type types[] = {
        [TAKES_STRING] = SSQL_TYPE_STRING, [TAKES_INT] = SSQL_TYPE_INT, [TAKES_FLOAT] = SSQL_TYPE_FLOAT};

    return kind == TAKES_NUMBER || kind == TAKES_ANY ? shared : types[kind];
}

static enum ssql_type result_type(enum result_kind kind, enum ssql_type shared)
{
    static const enum ssql_type types[] = {[GIVES_STRING] = SSQL_TYPE_STRING,
                                           [GIVES_INT] = SSQL_TYPE_INT,
                                           [GIVES_FLOAT] = SSQL_TYPE_FLOAT,
                                           [GIVES_BOOL] = SSQL_TYPE_BOOL};

    return kind == GIVES_SAME ? shared : types[kind];
}

static struct bound_expr *make_typeof(struct binder *binder, struct bound_expr *argument, struct ssql_span span)
{
    if (argument->type == SSQL_TYPE_NULL)
        return bound_make_constant(binder->arena, value_string(slice_of("null")), span);
    return bound_make_unary(binder->arena, FUNCTION_TYPEOF, SSQL_TYPE_STRING, argument, span);
}

/* Argument `i` has a type that does not fit. */
static struct bound_expr *refuse_type(struct binder *binder, const struct expr *expr, const struct function_rule *rule,
                                      uint32_t i, struct bound_expr *const *arguments, uint32_t count)
{
    refuse_arguments(binder, expr, rule->signature, arguments, count);
    if (parameter_of(rule, i) == TAKES_STRING)
        error_hint(binder->error, "it is %s; cast(... as string) converts", rule->signature);
    return NULL;
}

static struct bound_expr *bind_call(struct binder *binder, const struct expr *expr, const struct function_rule *rule,
                                    struct bound_expr **arguments, uint32_t count)
{
    struct ssql_span span = binder_span(binder, expr->span);
    enum ssql_type shared;

    if (count < rule->least || (rule->most != NO_MAXIMUM && count > rule->most))
        return refuse_arguments(binder, expr, rule->signature, arguments, count);
    if (!find_shared_type(rule, arguments, count, &shared)) {
        refuse_arguments(binder, expr, rule->signature, arguments, count);
        if (parameter_of(rule, 0) == TAKES_ANY)
            error_hint(binder->error, "it is %s, with values of one type", rule->signature);
        return NULL;
    }
    if (rule->function == FUNCTION_TYPEOF)
        return make_typeof(binder, arguments[0], span);
    if (rule->result == GIVES_SAME && shared == SSQL_TYPE_NULL)
        return bound_make_constant(binder->arena, value_null(SSQL_TYPE_NULL), span);
    for (uint32_t i = 0; i < count; i++)
        if (!coerce(binder, &arguments[i], wanted_type(parameter_of(rule, i), shared)))
            return refuse_type(binder, expr, rule, i, arguments, count);
    bool leaves_ints =
        (rule->function == FUNCTION_FLOOR || rule->function == FUNCTION_CEIL || rule->function == FUNCTION_ROUND) &&
        count == 1 && shared == SSQL_TYPE_INT;
    if (leaves_ints)
        return arguments[0];
    return bound_make_call(binder->arena, rule->function, result_type(rule->result, shared), arguments, count, span);
}

static struct bound_expr *bind_coalesce(struct binder *binder, const struct expr *expr, const char *signature,
                                        struct bound_expr **arguments, uint32_t count)
{
    struct ssql_span span = binder_span(binder, expr->span);
    enum ssql_type type = SSQL_TYPE_NULL;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++)
        if (!common_type(type, arguments[i]->type, &type))
            return refuse_arguments(binder, expr, signature, arguments, count);
    if (count == 0)
        return refuse_arguments(binder, expr, signature, arguments, count);
    if (type == SSQL_TYPE_NULL)
        return bound_make_constant(binder->arena, value_null(SSQL_TYPE_NULL), span);
    for (uint32_t i = 0; i < count; i++) {
        if (!coerce(binder, &arguments[i], type))
            return refuse_arguments(binder, expr, signature, arguments, count);
        if (arguments[i] == NULL)
            return NULL;
        if (bound_is_null(arguments[i]))
            continue;
        arguments[kept++] = arguments[i];
        if (!arguments[i]->can_be_null)
            break; /* the rest is never looked at */
    }
    if (kept == 0)
        return bound_make_constant(binder->arena, value_null(type), span);
    if (kept == 1)
        return arguments[0];
    return bound_make_list(binder->arena, BOUND_COALESCE, type, arguments, kept, span);
}

/* ---- aggregates ---- */

static struct bound_expr *refuse_aggregate(struct binder *binder, const struct expr *expr)
{
    if (binder->is_in_aggregate)
        error_set(binder->error, SSQL_BAD_GROUPING, expr->span, "an aggregate cannot stand inside another");
    else
        error_set(binder->error, SSQL_BAD_GROUPING, binder_span(binder, expr->span),
                  "the aggregate %.*s cannot stand in %s", SLICE_PRINT(expr->function.name.text),
                  clause_name(binder->clause));
    if (!binder->is_in_aggregate && binder->clause == CLAUSE_WHERE && binder->select != NULL)
        error_hint(binder->error, "having chooses among groups");
    return NULL;
}

/* Types the arguments of an aggregate; false: they do not fit. */
static bool type_aggregate(struct binder *binder, struct bound_aggregate *aggregate)
{
    struct bound_expr **argument = &aggregate->argument;
    enum ssql_type type = (*argument)->type == SSQL_TYPE_NULL ? SSQL_TYPE_INT : (*argument)->type;

    if (aggregate->function == AGGREGATE_GROUP_CONCAT) {
        aggregate->type = SSQL_TYPE_STRING;
        if (aggregate->separator != NULL && !coerce(binder, &aggregate->separator, SSQL_TYPE_STRING))
            return false;
        return coerce(binder, argument, SSQL_TYPE_STRING);
    }
    if ((*argument)->type == SSQL_TYPE_NULL)
        (void)coerce(binder, argument, type); /* what has no type takes any */
    aggregate->type = type;
    if (aggregate->function == AGGREGATE_MIN || aggregate->function == AGGREGATE_MAX)
        aggregate->is_distinct = false; /* changes nothing */
    else if (aggregate->function == AGGREGATE_COUNT)
        aggregate->type = SSQL_TYPE_INT;
    else if (aggregate->function == AGGREGATE_AVG)
        aggregate->type = SSQL_TYPE_FLOAT;
    bool wants_number = aggregate->function == AGGREGATE_SUM || aggregate->function == AGGREGATE_AVG;
    return !wants_number || type == SSQL_TYPE_INT || type == SSQL_TYPE_FLOAT;
}

static bool same_aggregate(const struct bound_aggregate *left, const struct bound_aggregate *right)
{
    return left->function == right->function && left->is_distinct == right->is_distinct &&
           bound_equal(left->argument, right->argument) && bound_equal(left->separator, right->separator);
}

static bool grow(struct binder *binder, struct aggregate_list *list)
{
    uint32_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
    struct bound_aggregate *items;

    if (list->count < list->capacity)
        return true;
    items = arena_alloc_array(binder->arena, capacity, sizeof *items);
    if (items == NULL)
        return false;
    if (list->count > 0)
        memcpy(items, list->items, list->count * sizeof *items);
    list->items = items;
    list->capacity = capacity;
    return true;
}

/* The column that stands for the aggregate; the same aggregate written twice is computed once. */
static struct bound_expr *collect(struct binder *binder, const struct bound_aggregate *aggregate)
{
    struct aggregate_list *list = binder->aggregates;
    bool can_be_null = aggregate->function != AGGREGATE_COUNT && aggregate->function != AGGREGATE_COUNT_ROWS;
    uint32_t i = 0;

    while (i < list->count && !same_aggregate(&list->items[i], aggregate))
        i++;
    if (i == AGGREGATES_MOST) {
        error_set(binder->error, SSQL_TOO_LARGE, aggregate->span, "a query has at most %d aggregates", AGGREGATES_MOST);
        return NULL;
    }
    if (i == list->count) {
        if (!grow(binder, list))
            return NULL;
        list->items[list->count++] = *aggregate;
    }
    return bound_make_column(binder->arena, AGGREGATE_COLUMN_BASE + i, aggregate->type, can_be_null, aggregate->span);
}

static struct bound_expr *refuse_count(struct binder *binder, const struct expr *expr,
                                       const struct aggregate_rule *rule)
{
    uint32_t count = expr->function.arguments.count;
    struct ssql_span span = binder_span(binder, expr->span);
    struct slice name = expr->function.name.text;

    if (expr->function.is_star)
        error_set(binder->error, SSQL_UNKNOWN_FUNCTION, span, "%.*s does not take *", SLICE_PRINT(name));
    else if (count == 0)
        error_set(binder->error, SSQL_UNKNOWN_FUNCTION, span, "%.*s needs an argument", SLICE_PRINT(name));
    else
        error_set(binder->error, SSQL_UNKNOWN_FUNCTION, span, "%.*s takes at most %u argument%s, not %u",
                  SLICE_PRINT(name), rule->most, rule->most == 1 ? "" : "s", count);
    error_hint(binder->error, "it is %s", rule->signature);
    return NULL;
}

static struct bound_expr *bind_aggregate(struct binder *binder, const struct expr *expr,
                                         const struct aggregate_rule *rule)
{
    const struct expr_list *written = &expr->function.arguments;
    struct bound_aggregate aggregate = {
        .function = rule->function, .is_distinct = expr->function.is_distinct, .span = binder_span(binder, expr->span)};
    struct bound_expr *arguments[2] = {NULL, NULL};
    uint32_t count = written->count;

    if (binder->aggregates == NULL || binder->is_in_aggregate)
        return refuse_aggregate(binder, expr);
    if (expr->function.is_star && rule->function == AGGREGATE_COUNT) {
        aggregate.function = AGGREGATE_COUNT_ROWS;
        aggregate.type = SSQL_TYPE_INT;
        return collect(binder, &aggregate);
    }
    if (expr->function.is_star || count == 0 || count > rule->most)
        return refuse_count(binder, expr, rule);
    binder->is_in_aggregate = true;
    for (uint32_t i = 0; i < count; i++)
        if ((arguments[i] = bind_expr(binder, written->items[i])) == NULL)
            break;
    binder->is_in_aggregate = false;
    if (arguments[count - 1] == NULL)
        return NULL;
    if (arguments[1] != NULL && !bound_is_row_free(arguments[1])) {
        error_set(binder->error, SSQL_NOT_SUPPORTED, arguments[1]->span,
                  "a separator that differs from row to row is not supported yet");
        return NULL;
    }
    aggregate.argument = arguments[0];
    aggregate.separator = arguments[1];
    if (!type_aggregate(binder, &aggregate)) {
        arguments[0] = aggregate.argument;
        return refuse_arguments(binder, expr, rule->signature, arguments, count);
    }
    if (aggregate.argument == NULL)
        return NULL;
    return collect(binder, &aggregate);
}

/* ---- all ---- */

/* min and max of one argument are aggregates, of several they are not. */
static const struct aggregate_rule *find_aggregate(const struct expr *expr)
{
    for (uint32_t i = 0; i < AGGREGATE_RULE_COUNT; i++) {
        const struct aggregate_rule *rule = &AGGREGATES[i];
        bool may_be_scalar = rule->function == AGGREGATE_MIN || rule->function == AGGREGATE_MAX;
        if (name_equal(expr->function.name.text, slice_of(rule->name)))
            return may_be_scalar && expr->function.arguments.count > 1 ? NULL : rule;
    }
    return NULL;
}

static const struct function_rule *find_rule(struct slice name)
{
    for (uint32_t i = 0; i < RULE_COUNT; i++)
        if (name_equal(name, slice_of(RULES[i].name)))
            return &RULES[i];
    return NULL;
}

struct bound_expr *bind_function(struct binder *binder, const struct expr *expr)
{
    const struct name *name = &expr->function.name;
    const struct expr_list *written = &expr->function.arguments;
    const struct aggregate_rule *aggregate = find_aggregate(expr);
    const struct function_rule *rule = find_rule(name->text);
    bool is_coalesce = name_equal(name->text, slice_of("coalesce"));
    bool is_ifnull = name_equal(name->text, slice_of("ifnull"));

    if (aggregate != NULL)
        return bind_aggregate(binder, expr, aggregate);
    if (rule == NULL && !is_coalesce && !is_ifnull)
        return refuse_unknown(binder, name);
    if (expr->function.is_distinct || expr->function.is_star) {
        error_set(binder->error, SSQL_SYNTAX, binder_span(binder, expr->span), "%s can only stand in an aggregate",
                  expr->function.is_star ? "*" : "distinct");
        return NULL;
    }
    struct bound_expr **arguments = arena_alloc_array(binder->arena, written->count, sizeof *arguments);
    if (arguments == NULL)
        return NULL;
    for (uint32_t i = 0; i < written->count; i++)
        if ((arguments[i] = bind_expr(binder, written->items[i])) == NULL)
            return NULL;
    if (is_ifnull && written->count != 2)
        return refuse_arguments(binder, expr, "ifnull(value, value), with values of one type", arguments,
                                written->count);
    if (rule == NULL)
        return bind_coalesce(binder, expr,
                             is_ifnull ? "ifnull(value, value), with values of one type"
                                       : "coalesce(value, ...), with values of one type",
                             arguments, written->count);
    return bind_call(binder, expr, rule, arguments, written->count);
}

/* ---- names, for completion ---- */

static bool is_scalar_name(const char *name)
{
    for (uint32_t i = 0; i < RULE_COUNT; i++)
        if (strcmp(RULES[i].name, name) == 0)
            return true;
    return false;
}

static const struct aggregate_rule *find_aggregate_rule(const char *name)
{
    for (uint32_t i = 0; i < AGGREGATE_RULE_COUNT; i++)
        if (strcmp(AGGREGATES[i].name, name) == 0)
            return &AGGREGATES[i];
    return NULL;
}

/* Bound apart from the tables above. */
static const struct {
    const char *name, *signature;
} BOUND_APART[] = {{"coalesce", "coalesce(value, ...)"}, {"ifnull", "ifnull(value, value)"}};
enum { APART_COUNT = sizeof BOUND_APART / sizeof BOUND_APART[0] };

const char *function_name(uint32_t i)
{
    if (i < RULE_COUNT)
        return RULES[i].name;
    i -= RULE_COUNT;
    if (i < APART_COUNT)
        return BOUND_APART[i].name;
    i -= APART_COUNT;
    for (uint32_t aggregate = 0; aggregate < AGGREGATE_RULE_COUNT; aggregate++)
        if (!is_scalar_name(AGGREGATES[aggregate].name) && i-- == 0)
            return AGGREGATES[aggregate].name;
    return NULL;
}

const char *function_signature(uint32_t i)
{
    const struct aggregate_rule *aggregate = find_aggregate_rule(function_name(i));

    if (aggregate != NULL)
        return aggregate->signature;
    return i < RULE_COUNT ? RULES[i].signature : BOUND_APART[i - RULE_COUNT].signature;
}
