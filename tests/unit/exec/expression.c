/* Expressions over vectors: every value is that of a simple evaluator that goes row by row, for random expressions,
 * random vectors (flat, constant, dictionary, with and without nulls) and random selections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include <math.h>

#include "exec/expression.h"
#include "exec/expression_filter.h"
#include "plan_builder.h"

enum { ROWS = 300, COLUMNS = 8, PARAMETERS = 2 };

static uint64_t random_state;

static uint32_t random_below(uint32_t bound)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % bound;
}

/* ---- the simple evaluator ---- */

struct outcome {
    enum ssql_code code; /* SSQL_OK: value */
    struct value value;
};

static struct outcome naive(const struct bound_expr *expr, const struct batch *batch, const struct value *parameters,
                            uint32_t row);

static struct outcome ok(struct value value)
{
    return (struct outcome){SSQL_OK, value};
}

static struct outcome failure(enum ssql_code code)
{
    return (struct outcome){.code = code};
}

static bool naive_like(struct slice text, struct slice pattern)
{
    if (pattern.size == 0)
        return text.size == 0;
    struct slice rest = slice_make(pattern.data + 1, pattern.size - 1);
    if (pattern.data[0] == '%') {
        for (size_t i = 0; i <= text.size; i++)
            if (naive_like(slice_make(text.data + i, text.size - i), rest))
                return true;
        return false;
    }
    if (text.size == 0)
        return false;
    size_t size = 1;
    if (pattern.data[0] == '_')
        while (size < text.size && (text.data[size] & 0xC0) == 0x80)
            size++;
    else if (pattern.data[0] != text.data[0])
        return false;
    return naive_like(slice_make(text.data + size, text.size - size), rest);
}

static struct outcome naive_int(enum scalar_function function, int64_t left, int64_t right)
{
    int64_t result = 0;
    bool overflows = false;

    switch ((int)function) {
    case FUNCTION_ADD: overflows = __builtin_add_overflow(left, right, &result); break;
    case FUNCTION_SUBTRACT: overflows = __builtin_sub_overflow(left, right, &result); break;
    case FUNCTION_MULTIPLY: overflows = __builtin_mul_overflow(left, right, &result); break;
    default:
        if (right == 0)
            return failure(SSQL_DIVISION_BY_ZERO);
        if (right == -1) {
            overflows = function == FUNCTION_DIVIDE && left == INT64_MIN;
            result = function == FUNCTION_REMAINDER || overflows ? 0 : -left;
        } else {
            result = function == FUNCTION_DIVIDE ? left / right : left % right;
        }
    }
    return overflows ? failure(SSQL_OUT_OF_RANGE) : ok(value_int(result));
}

static struct outcome naive_float(enum scalar_function function, double left, double right)
{
    bool is_division = function == FUNCTION_DIVIDE;
    double result = left / right;

    switch ((int)function) {
    case FUNCTION_ADD: result = left + right; break;
    case FUNCTION_SUBTRACT: result = left - right; break;
    case FUNCTION_MULTIPLY: result = left * right; break;
    }
    if (is_division && right == 0)
        return failure(SSQL_DIVISION_BY_ZERO);
    if (isfinite(left) && isfinite(right) && !isfinite(result))
        return failure(SSQL_OUT_OF_RANGE);
    return ok(value_float(result));
}

static bool naive_compare(enum scalar_function function, int order)
{
    switch ((int)function) {
    case FUNCTION_EQUAL: return order == 0;
    case FUNCTION_NOT_EQUAL: return order != 0;
    case FUNCTION_LESS: return order < 0;
    case FUNCTION_LESS_EQUAL: return order <= 0;
    case FUNCTION_GREATER: return order > 0;
    }
    return order >= 0;
}

static struct outcome naive_strict(const struct bound_expr *expr, const struct value *arguments)
{
    const struct value *left = &arguments[0], *right = &arguments[1];

    switch ((int)expr->function) {
    case FUNCTION_NEGATE:
        if (left->type == SSQL_TYPE_FLOAT)
            return ok(value_float(-left->real));
        return left->integer == INT64_MIN ? failure(SSQL_OUT_OF_RANGE) : ok(value_int(-left->integer));
    case FUNCTION_ADD:
    case FUNCTION_SUBTRACT:
    case FUNCTION_MULTIPLY:
    case FUNCTION_DIVIDE:
    case FUNCTION_REMAINDER:
        return left->type == SSQL_TYPE_INT ? naive_int(expr->function, left->integer, right->integer)
                                           : naive_float(expr->function, left->real, right->real);
    case FUNCTION_NOT: return ok(value_bool(!left->boolean));
    case FUNCTION_LIKE: return ok(value_bool(naive_like(left->string, right->string)));
    case FUNCTION_LEAST: return ok(value_compare(right, left) < 0 ? *right : *left);
    case FUNCTION_GREATEST: return ok(value_compare(right, left) > 0 ? *right : *left);
    case FUNCTION_LENGTH: {
        int64_t length = 0;
        for (size_t i = 0; i < left->string.size; i++)
            length += (left->string.data[i] & 0xC0) != 0x80;
        return ok(value_int(length));
    }
    case FUNCTION_UPPER: {
        uint8_t *bytes = arena_alloc(&build_arena, left->string.size + 1);
        for (size_t i = 0; i < left->string.size; i++) {
            uint8_t byte = left->string.data[i];
            bytes[i] = byte >= 'a' && byte <= 'z' ? (uint8_t)(byte - 32) : byte;
        }
        return ok(value_string(slice_make(bytes, left->string.size)));
    }
    }
    return ok(value_bool(naive_compare(expr->function, value_compare(left, right))));
}

static struct outcome naive_call(const struct bound_expr *expr, const struct batch *batch,
                                 const struct value *parameters, uint32_t row)
{
    struct value arguments[4];
    bool has_null = false;

    for (uint32_t i = 0; i < expr->argument_count; i++) {
        struct outcome outcome = naive(expr->arguments[i], batch, parameters, row);
        if (outcome.code != SSQL_OK)
            return outcome;
        arguments[i] = outcome.value;
        has_null |= outcome.value.is_null;
    }
    switch ((int)expr->function) {
    case FUNCTION_IS_NULL: return ok(value_bool(arguments[0].is_null));
    case FUNCTION_IS_NOT_NULL: return ok(value_bool(!arguments[0].is_null));
    case FUNCTION_IS_DISTINCT: return ok(value_bool(value_compare(&arguments[0], &arguments[1]) != 0));
    case FUNCTION_IS_NOT_DISTINCT: return ok(value_bool(value_compare(&arguments[0], &arguments[1]) == 0));
    case FUNCTION_NULLIF:
        if (!has_null && value_compare(&arguments[0], &arguments[1]) == 0)
            return ok(value_null(expr->type));
        return ok(arguments[0]);
    case FUNCTION_CONCAT: {
        struct buffer text = {0};
        for (uint32_t i = 0; i < expr->argument_count; i++)
            if (!arguments[i].is_null)
                buffer_append(&text, arguments[i].string.data, arguments[i].string.size);
        struct slice copy = arena_copy(&build_arena, buffer_slice(&text));
        buffer_clear(&text);
        return ok(value_string(copy));
    }
    }
    return has_null ? ok(value_null(expr->type)) : naive_strict(expr, arguments);
}

static struct outcome naive_cast(const struct bound_expr *expr, struct outcome source)
{
    struct value *value = &source.value;

    if (source.code != SSQL_OK || value->type == expr->type)
        return source;
    if (value->is_null)
        return ok(value_null(expr->type));
    if (expr->type == SSQL_TYPE_STRING) {
        struct buffer text = {0};
        value_append_text(&text, value);
        struct slice copy = arena_copy(&build_arena, buffer_slice(&text));
        buffer_clear(&text);
        return ok(value_string(copy));
    }
    if (expr->type == SSQL_TYPE_FLOAT)
        return ok(value_float((double)value->integer));
    if (value->type == SSQL_TYPE_BOOL)
        return ok(value_int(value->boolean));
    if (value->type == SSQL_TYPE_STRING) {
        char text[64], *end;
        snprintf(text, sizeof text, "%.*s", SLICE_PRINT(value->string));
        long long parsed = strtoll(text, &end, 10);
        return end == text || *end != '\0' ? failure(SSQL_BAD_VALUE) : ok(value_int(parsed));
    }
    if (!(value->real < 9223372036854775808.0 && value->real >= -9223372036854775808.0))
        return failure(SSQL_OUT_OF_RANGE);
    return ok(value_int((int64_t)value->real));
}

static struct outcome naive(const struct bound_expr *expr, const struct batch *batch, const struct value *parameters,
                            uint32_t row)
{
    bool is_unknown = false;

    switch (expr->kind) {
    case BOUND_CONSTANT: return ok(expr->constant);
    case BOUND_PARAMETER: return ok(parameters[expr->parameter]);
    case BOUND_COLUMN: return ok(vector_value(&batch->columns[expr->column], row));
    case BOUND_CALL: return naive_call(expr, batch, parameters, row);
    case BOUND_CAST: return naive_cast(expr, naive(expr->arguments[0], batch, parameters, row));
    case BOUND_AND:
    case BOUND_OR:
        for (uint32_t i = 0; i < expr->argument_count; i++) {
            struct outcome outcome = naive(expr->arguments[i], batch, parameters, row);
            if (outcome.code != SSQL_OK)
                return outcome;
            is_unknown |= outcome.value.is_null;
            if (!outcome.value.is_null && outcome.value.boolean == (expr->kind == BOUND_OR))
                return outcome;
        }
        return ok(is_unknown ? value_null(SSQL_TYPE_BOOL) : value_bool(expr->kind == BOUND_AND));
    case BOUND_CASE:
        for (uint32_t i = 0; i + 1 < expr->argument_count; i += 2) {
            struct outcome outcome = naive(expr->arguments[i], batch, parameters, row);
            if (outcome.code != SSQL_OK)
                return outcome;
            if (!outcome.value.is_null && outcome.value.boolean)
                return naive(expr->arguments[i + 1], batch, parameters, row);
        }
        if (expr->argument_count % 2 == 1)
            return naive(expr->arguments[expr->argument_count - 1], batch, parameters, row);
        return ok(value_null(expr->type));
    case BOUND_COALESCE:
        for (uint32_t i = 0; i < expr->argument_count; i++) {
            struct outcome outcome = naive(expr->arguments[i], batch, parameters, row);
            if (outcome.code != SSQL_OK || !outcome.value.is_null)
                return outcome;
        }
        return ok(value_null(expr->type));
    case BOUND_IN: {
        struct outcome left = naive(expr->arguments[0], batch, parameters, row);
        bool found = false;
        if (left.code != SSQL_OK)
            return left;
        for (uint32_t i = 1; i < expr->argument_count; i++) {
            struct outcome item = naive(expr->arguments[i], batch, parameters, row);
            if (item.code != SSQL_OK)
                return item;
            is_unknown |= item.value.is_null;
            found |= !left.value.is_null && !item.value.is_null && value_compare(&left.value, &item.value) == 0;
        }
        if (found)
            return ok(value_bool(true));
        return ok(is_unknown || left.value.is_null ? value_null(SSQL_TYPE_BOOL) : value_bool(false));
    }
    }
    return failure(SSQL_INTERNAL);
}

/* ---- random expressions ---- */

static const enum ssql_type COLUMN_TYPES[COLUMNS] = {SSQL_TYPE_INT,  SSQL_TYPE_INT,    SSQL_TYPE_FLOAT,
                                                     SSQL_TYPE_BOOL, SSQL_TYPE_STRING, SSQL_TYPE_STRING,
                                                     SSQL_TYPE_BOOL, SSQL_TYPE_FLOAT};
static const enum ssql_type PARAMETER_TYPES[PARAMETERS] = {SSQL_TYPE_INT, SSQL_TYPE_STRING};

static struct value random_value(enum ssql_type type)
{
    static const char *const TEXTS[] = {"", "a", "ab", "%b%", "a_", "h\xC3\xA9llo", "_%_", "12", "-7", "Zz", "b%a"};
    static const int64_t INTS[] = {0, 1, -1, 2, 3, 7, INT64_MAX, INT64_MIN, 1000, -5};
    static const double REALS[] = {0, -0.0, 1.5, -2.25, 1e300, 3};

    if (random_below(8) == 0)
        return value_null(type);
    switch (type) {
    case SSQL_TYPE_NULL: break;
    case SSQL_TYPE_INT: return value_int(random_below(4) == 0 ? INTS[random_below(10)] : random_below(20));
    case SSQL_TYPE_FLOAT: return value_float(REALS[random_below(6)]);
    case SSQL_TYPE_BOOL: return value_bool(random_below(2));
    case SSQL_TYPE_STRING: return value_string(slice_of(TEXTS[random_below(11)]));
    }
    return value_null(type);
}

static struct bound_expr *random_expr(enum ssql_type type, uint32_t depth);

static struct bound_expr *random_leaf(enum ssql_type type)
{
    uint32_t first = random_below(COLUMNS);

    if (random_below(4) == 0)
        return build_constant(random_value(type));
    if (random_below(6) == 0)
        for (uint32_t i = 0; i < PARAMETERS; i++)
            if (PARAMETER_TYPES[i] == type)
                return build_parameter(i, type);
    for (uint32_t i = 0; i < COLUMNS; i++)
        if (COLUMN_TYPES[(first + i) % COLUMNS] == type)
            return build_column((first + i) % COLUMNS, type);
    return build_constant(random_value(type));
}

static enum ssql_type random_type(void)
{
    static const enum ssql_type TYPES[] = {SSQL_TYPE_INT, SSQL_TYPE_FLOAT, SSQL_TYPE_BOOL, SSQL_TYPE_STRING};

    return TYPES[random_below(4)];
}

static struct bound_expr *random_bool(uint32_t depth)
{
    enum ssql_type type = random_type();

    switch (random_below(8)) {
    case 0:
    case 1:
        return build_binary(FUNCTION_EQUAL + random_below(8), SSQL_TYPE_BOOL, random_expr(type, depth),
                            random_expr(type, depth));
    case 2: return build_unary(FUNCTION_NOT, SSQL_TYPE_BOOL, random_expr(SSQL_TYPE_BOOL, depth));
    case 3: return build_unary(FUNCTION_IS_NULL + random_below(2), SSQL_TYPE_BOOL, random_expr(type, depth));
    case 4:
        return build_binary(FUNCTION_LIKE, SSQL_TYPE_BOOL, random_expr(SSQL_TYPE_STRING, depth),
                            random_expr(SSQL_TYPE_STRING, depth));
    case 5:
        return build_expr(
            BOUND_IN, SSQL_TYPE_BOOL, 4,
            BUILD_LIST(random_expr(type, depth), random_leaf(type), random_leaf(type), random_expr(type, depth)));
    }
    return build_expr(random_below(2) == 0 ? BOUND_AND : BOUND_OR, SSQL_TYPE_BOOL, 3,
                      BUILD_LIST(random_expr(SSQL_TYPE_BOOL, depth), random_expr(SSQL_TYPE_BOOL, depth),
                                 random_expr(SSQL_TYPE_BOOL, depth)));
}

static struct bound_expr *random_expr(enum ssql_type type, uint32_t depth)
{
    if (depth == 0 || random_below(6) == 0)
        return random_leaf(type);
    depth--;
    switch (random_below(7)) {
    case 0:
        return build_expr(BOUND_CASE, type, 5,
                          BUILD_LIST(random_expr(SSQL_TYPE_BOOL, depth), random_expr(type, depth),
                                     random_expr(SSQL_TYPE_BOOL, depth), random_expr(type, depth),
                                     random_expr(type, depth)));
    case 1:
        return build_expr(BOUND_CASE, type, 2,
                          BUILD_LIST(random_expr(SSQL_TYPE_BOOL, depth), random_expr(type, depth)));
    case 2: return build_expr(BOUND_COALESCE, type, 2, BUILD_LIST(random_expr(type, depth), random_expr(type, depth)));
    case 3:
        return build_binary(random_below(3) == 0   ? FUNCTION_NULLIF
                            : random_below(2) == 0 ? FUNCTION_LEAST
                                                   : FUNCTION_GREATEST,
                            type, random_expr(type, depth), random_expr(type, depth));
    }
    switch (type) {
    case SSQL_TYPE_NULL: break;
    case SSQL_TYPE_BOOL: return random_bool(depth);
    case SSQL_TYPE_FLOAT:
        if (random_below(4) == 0)
            return build_expr(BOUND_CAST, type, 1, BUILD_LIST(random_expr(SSQL_TYPE_INT, depth)));
        return build_binary(FUNCTION_ADD + random_below(4), type, random_expr(type, depth), random_expr(type, depth));
    case SSQL_TYPE_INT:
        switch (random_below(10)) {
        case 0: return build_unary(FUNCTION_LENGTH, type, random_expr(SSQL_TYPE_STRING, depth));
        case 1: return build_expr(BOUND_CAST, type, 1, BUILD_LIST(random_expr(random_type(), depth)));
        case 2: return build_unary(FUNCTION_NEGATE, type, random_expr(type, depth));
        }
        return build_binary(FUNCTION_ADD + random_below(5), type, random_expr(type, depth), random_expr(type, depth));
    case SSQL_TYPE_STRING:
        switch (random_below(4)) {
        case 0: return build_expr(BOUND_CAST, type, 1, BUILD_LIST(random_expr(random_type(), depth)));
        case 1: return build_unary(FUNCTION_UPPER, type, random_expr(type, depth));
        }
        return build_call_of(FUNCTION_CONCAT, type, 2, BUILD_LIST(random_expr(type, depth), random_expr(type, depth)));
    }
    return random_leaf(type);
}

/* ---- random vectors ---- */

static void fill_flat(struct vector *vector, enum ssql_type type)
{
    void *items = arena_alloc_array(&build_arena, ROWS, sizeof(struct slice));
    uint8_t *nulls = arena_alloc(&build_arena, ROWS);
    bool may_be_null = random_below(3) > 0;

    *vector = (struct vector){.type = type, .kind = VECTOR_FLAT, .nulls = may_be_null ? nulls : NULL};
    vector->integers = items;
    for (uint32_t row = 0; row < ROWS; row++) {
        struct value value = random_value(type);
        while (value.is_null && !may_be_null)
            value = random_value(type);
        nulls[row] = value.is_null;
        if (value.is_null)
            continue; /* a null string's slice stays NULL: reading it would be seen */
        switch (type) {
        case SSQL_TYPE_NULL: break;
        case SSQL_TYPE_INT: ((int64_t *)items)[row] = value.integer; break;
        case SSQL_TYPE_FLOAT: ((double *)items)[row] = value.real; break;
        case SSQL_TYPE_BOOL: ((uint8_t *)items)[row] = value.boolean; break;
        case SSQL_TYPE_STRING: ((struct slice *)items)[row] = value.string; break;
        }
    }
    if (random_below(8) == 0)
        vector->kind = VECTOR_CONSTANT;
}

static void fill_dictionary(struct vector *vector)
{
    static const struct slice ENTRIES[] = {{(const uint8_t *)"ab", 2},
                                           {(const uint8_t *)"12", 2},
                                           {(const uint8_t *)"nobody", 6}, /* no row has this code */
                                           {(const uint8_t *)"h\xC3\xA9llo", 6}};
    static const uint16_t CODES[] = {0, 1, 3};
    uint16_t *codes = arena_alloc_array(&build_arena, ROWS, sizeof *codes);
    uint8_t *nulls = arena_alloc(&build_arena, ROWS);

    for (uint32_t row = 0; row < ROWS; row++) {
        codes[row] = CODES[random_below(3)];
        nulls[row] = random_below(5) == 0;
    }
    *vector = (struct vector){.type = SSQL_TYPE_STRING,
                              .kind = VECTOR_DICTIONARY,
                              .strings = ENTRIES,
                              .codes = codes,
                              .dictionary_count = 4,
                              .nulls = random_below(2) ? nulls : NULL};
}

static void fill_batch(struct batch *batch)
{
    static uint16_t selection[ROWS];
    uint32_t share = random_below(4), count = 0;

    batch->columns = arena_alloc_array(&build_arena, COLUMNS, sizeof *batch->columns);
    for (uint32_t i = 0; i < COLUMNS; i++)
        fill_flat(&batch->columns[i], COLUMN_TYPES[i]);
    fill_dictionary(&batch->columns[5]);
    batch->column_count = COLUMNS;
    batch->row_count = ROWS;
    for (uint32_t row = 0; row < ROWS; row++)
        if (random_below(4) < share)
            selection[count++] = (uint16_t)row;
    batch->selection = share == 0 ? NULL : selection;
    batch->selected_count = share == 0 ? ROWS : count;
}

/* ---- the tests ---- */

static const struct slice COLUMN_NAMES[COLUMNS] = {
    {(const uint8_t *)"i0", 2}, {(const uint8_t *)"i1", 2}, {(const uint8_t *)"f2", 2}, {(const uint8_t *)"b3", 2},
    {(const uint8_t *)"s4", 2}, {(const uint8_t *)"d5", 2}, {(const uint8_t *)"b6", 2}, {(const uint8_t *)"f7", 2}};

static void check_value(const struct bound_expr *expr, struct value expected, struct value found, uint32_t row,
                        uint64_t seed)
{
    if (expected.is_null == found.is_null && (expected.is_null || value_compare(&expected, &found) == 0))
        return;
    struct buffer text = {0};
    value_append_literal(&text, &expected);
    buffer_append_text(&text, " expected, found ");
    value_append_literal(&text, &found);
    buffer_append_text(&text, " in ");
    bound_expr_append_text(&text, expr, COLUMN_NAMES);
    buffer_append_byte(&text, 0);
    fail_msg("seed %llu, row %u: %s", (unsigned long long)seed, row, (char *)text.data);
}

static void check_expression(uint64_t seed)
{
    struct expression_environment environment = {0};
    struct expression *expression;
    struct batch batch = {0};
    struct vector output;
    struct ssql_error error = {0};
    bool may_fail[64] = {false}, any = false;

    random_state = seed;
    struct value parameters[PARAMETERS] = {random_value(SSQL_TYPE_INT), random_value(SSQL_TYPE_STRING)};
    struct bound_expr *expr = random_expr(random_type(), 4);
    assert_true(expression_create(&environment, &expr, 1, &expression, NULL));
    expression_environment_start(&environment, parameters);
    for (uint32_t round = 0; round < 2; round++) {
        fill_batch(&batch);
        any = false;
        memset(may_fail, 0, sizeof may_fail);
        for (uint32_t i = 0; i < batch.selected_count; i++) {
            enum ssql_code code = naive(expr, &batch, parameters, batch_row(&batch, i)).code;
            may_fail[code] = true;
            any |= code != SSQL_OK;
        }
        bool done = expression_evaluate(expression, &batch, &output, &error);
        if (done == any || (!done && !may_fail[error.code]))
            fail_msg("seed %llu: %s (%s)", (unsigned long long)seed, done ? "a failure was missed" : "failed",
                     error.message);
        for (uint32_t i = 0; i < batch.selected_count && done; i++) {
            uint32_t row = batch_row(&batch, i);
            check_value(expr, naive(expr, &batch, parameters, row).value, vector_value(&output, row), row, seed);
        }
    }
    expression_environment_clear(&environment);
    arena_reset(&build_arena);
}

static uint64_t first_seed(void)
{
    const char *given = getenv("SSQL_TEST_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL) * 100000;

    printf("first seed %llu\n", (unsigned long long)seed);
    return seed;
}

static void random_expressions_have_the_values_of_a_simple_evaluator(void **state)
{
    uint64_t seed = first_seed();

    (void)state;
    /* x in (…, a dictionary that is null here, x): once answered null. */
    check_expression(179526370000610);
    for (uint32_t i = 0; i < 1500; i++)
        check_expression(seed + i);
}

static void a_filter_keeps_the_rows_for_which_its_condition_is_true(void **state)
{
    uint64_t seed = first_seed();

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        struct expression_environment environment = {0};
        struct expression_filter *filter;
        struct batch batch = {0}, scanned;
        struct ssql_error error = {0};
        random_state = seed + i;
        struct value parameters[PARAMETERS] = {random_value(SSQL_TYPE_INT), random_value(SSQL_TYPE_STRING)};
        struct bound_expr *first = random_bool(2), *second = random_bool(2);
        struct bound_expr *condition = build_expr(BOUND_AND, SSQL_TYPE_BOOL, 2, BUILD_LIST(first, second));
        assert_true(expression_filter_create(&environment, condition, &filter, NULL));
        expression_environment_start(&environment, parameters);
        fill_batch(&batch);
        scanned = batch;
        uint16_t expected[ROWS];
        uint32_t count = 0;
        bool fails = false;
        for (uint32_t k = 0; k < batch.selected_count; k++) {
            uint32_t row = batch_row(&batch, k);
            struct outcome left = naive(first, &batch, parameters, row);
            bool goes_on = left.code == SSQL_OK && !left.value.is_null && left.value.boolean;
            struct outcome right = goes_on ? naive(second, &batch, parameters, row) : left;
            fails |= left.code != SSQL_OK || right.code != SSQL_OK;
            if (goes_on && right.code == SSQL_OK && !right.value.is_null && right.value.boolean)
                expected[count++] = (uint16_t)row;
        }
        uint64_t at = seed + i;
        const struct scan_filter *scan_filter = expression_filter_as_scan_filter(filter);
        assert_true(scan_filter->apply(scan_filter->context, &scanned, &error));
        bool rest = expression_filter_apply_rest(filter, &scanned, &error);
        if (expression_filter_apply(filter, &batch, &error) == fails || rest == fails)
            fail_msg("seed %llu: %s", (unsigned long long)at, fails ? "a failure was missed" : error.message);
        for (uint32_t k = 0; k < count && !fails; k++)
            if (batch_row(&batch, k) != expected[k])
                fail_msg("seed %llu: row %u", (unsigned long long)at, expected[k]);
        if (!fails && (batch.selected_count != count || scanned.selected_count != count))
            fail_msg("seed %llu: %u rows, %u wanted", (unsigned long long)at, batch.selected_count, count);
        expression_environment_clear(&environment);
        arena_reset(&build_arena);
    }
}

static int free_arena(void **state)
{
    (void)state;
    arena_clear(&build_arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_expressions_have_the_values_of_a_simple_evaluator),
        cmocka_unit_test(a_filter_keeps_the_rows_for_which_its_condition_is_true),
    };
    return cmocka_run_group_tests_name("expression", tests, NULL, free_arena);
}
