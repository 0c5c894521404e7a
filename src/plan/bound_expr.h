/* bound_expr.h - an expression whose every name and type is known: what the binder makes of an expr, and the executor
 * compiles. Immutable; in the plan's arena. All conversions are explicit nodes; operands of one operator have one type.
 * A node may be part of several trees. Constants, parameters and columns may have SSQL_TYPE_NULL, and are null then; no
 * operand of a call has that type. */
#ifndef SSQL_PLAN_BOUND_EXPR_H
#define SSQL_PLAN_BOUND_EXPR_H

#include "base/arena.h"
#include "base/value.h"

/* Operators and scalar functions. The operand types select the kernel. */
enum scalar_function {
    /* int or float, both operands of one type; ints: overflow fails; division and remainder by zero fail for both.
     * Other float arithmetic never fails */
    FUNCTION_NEGATE,
    FUNCTION_ADD,
    FUNCTION_SUBTRACT,
    FUNCTION_MULTIPLY,
    FUNCTION_DIVIDE,
    FUNCTION_REMAINDER,
    /* any type, both of one type; result bool */
    FUNCTION_EQUAL,
    FUNCTION_NOT_EQUAL,
    FUNCTION_LESS,
    FUNCTION_LESS_EQUAL,
    FUNCTION_GREATER,
    FUNCTION_GREATER_EQUAL,
    FUNCTION_IS_DISTINCT,     /* never null */
    FUNCTION_IS_NOT_DISTINCT, /* never null */
    FUNCTION_NOT,
    FUNCTION_IS_NULL,     /* never null */
    FUNCTION_IS_NOT_NULL, /* never null */
    FUNCTION_LIKE,        /* text, pattern[, escape]; strings */
    FUNCTION_LENGTH,
    FUNCTION_UPPER, /* ASCII letters only, and so lower */
    FUNCTION_LOWER,
    FUNCTION_TRIM, /* text[, characters]; the next two as well */
    FUNCTION_LTRIM,
    FUNCTION_RTRIM,
    FUNCTION_SUBSTR,  /* text, start from 1 (negative: from the end)[, length]; code points */
    FUNCTION_REPLACE, /* text, from, to */
    FUNCTION_CONCAT,  /* strings, one or more; nulls are left out */
    FUNCTION_INSTR,   /* text, part: position from 1 in code points, 0: none */
    FUNCTION_ABS,
    FUNCTION_ROUND,    /* float[, int digits] -> float; int -> int */
    FUNCTION_FLOOR,    /* float -> float; of an int the binder leaves the int */
    FUNCTION_CEIL,     /* the same */
    FUNCTION_SIGN,     /* int -> int, float -> float: -1, 0 or 1 */
    FUNCTION_SQRT,     /* float -> float */
    FUNCTION_POWER,    /* two floats -> float */
    FUNCTION_LEAST,    /* of several arguments: null if any is */
    FUNCTION_GREATEST, /* the same */
    FUNCTION_NULLIF,
    FUNCTION_TYPEOF, /* the static type's name, "null" for a null */
    FUNCTION_STARTS_WITH,
    FUNCTION_ENDS_WITH,
    FUNCTION_CONTAINS,
    FUNCTION_REVERSE,
    FUNCTION_REPEAT,
};

enum bound_kind {
    BOUND_CONSTANT,  /* constant */
    BOUND_PARAMETER, /* parameter; value known at execution */
    BOUND_COLUMN,    /* column: position in the input batch */
    BOUND_CALL,      /* function over arguments */
    BOUND_AND,       /* as the next */
    BOUND_OR,   /* two or more arguments, flattened; three-valued; evaluated in order: a later one is evaluated only for
                 * rows that earlier ones left undecided (so `b != 0 && a / b > 1` never fails) */
    BOUND_CASE, /* arguments: condition, result, condition, result, …, [else]; only chosen results are evaluated */
    BOUND_COALESCE, /* arguments in order; later ones only where earlier are null */
    BOUND_IN,       /* arguments[0] in (arguments[1..]); SQL's null rules */
    BOUND_CAST,     /* arguments[0] to `type`; fails with SSQL_BAD_VALUE or SSQL_OUT_OF_RANGE */
};

struct bound_expr {
    enum bound_kind kind;
    enum ssql_type type;
    struct ssql_span span; /* in the statement's text, for errors at run time */
    bool can_be_null;
    bool can_fail;       /* evaluating it, operands included, may fail (overflow, division, cast, …) */
    uint32_t node_count; /* of the tree below, itself included; shared parts count wherever they stand */
    union {
        struct value constant;         /* BOUND_CONSTANT; string in the arena */
        uint32_t parameter;            /* BOUND_PARAMETER, from 0 */
        uint32_t column;               /* BOUND_COLUMN */
        enum scalar_function function; /* BOUND_CALL */
    };
    uint32_t argument_count;
    struct bound_expr **arguments;
};

enum aggregate_function {
    AGGREGATE_COUNT_ROWS,
    AGGREGATE_COUNT,
    AGGREGATE_SUM,
    AGGREGATE_AVG,
    AGGREGATE_MIN,
    AGGREGATE_MAX,
    AGGREGATE_GROUP_CONCAT, /* [separator]: a constant or parameter, "," by default */
};

struct bound_aggregate {
    enum aggregate_function function;
    enum ssql_type type; /* of the result */
    bool is_distinct;
    struct bound_expr *argument;  /* NULL for AGGREGATE_COUNT_ROWS */
    struct bound_expr *separator; /* AGGREGATE_GROUP_CONCAT or NULL */
    struct ssql_span span;
};

/* SSQL-like text of an expression, for explain; columns by the names given. */
void bound_expr_append_text(struct buffer *buffer, const struct bound_expr *expr, const struct slice *column_names);

#endif
