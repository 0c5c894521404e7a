#include "plan/key_range.h"

#include <assert.h>

#include "base/utf8.h"
#include "plan/bound_make.h"

void conjuncts_init(struct conjuncts *conjuncts, struct bound_expr *condition)
{
    conjuncts->single = condition;
    conjuncts->items = condition != NULL && condition->kind == BOUND_AND ? condition->arguments : &conjuncts->single;
    conjuncts->count = condition == NULL ? 0 : condition->kind == BOUND_AND ? condition->argument_count : 1;
}

/* ---- comparisons ---- */

enum { COMPARISONS_PER_CONJUNCT = 2 }; /* at most: `in`, `like` */

static void add(struct comparison_list *list, struct comparison comparison)
{
    list->items[list->count++] = comparison;
}

static bool zone_operator_of(enum scalar_function function, bool is_turned, enum zone_operator *operator)
{
    switch ((int)function) {
    case FUNCTION_EQUAL: *operator= ZONE_EQUAL; return true;
    case FUNCTION_LESS: *operator= is_turned ? ZONE_GREATER : ZONE_LESS; return true;
    case FUNCTION_LESS_EQUAL: *operator= is_turned ? ZONE_GREATER_EQUAL : ZONE_LESS_EQUAL; return true;
    case FUNCTION_GREATER: *operator= is_turned ? ZONE_LESS : ZONE_GREATER; return true;
    case FUNCTION_GREATER_EQUAL: *operator= is_turned ? ZONE_LESS_EQUAL : ZONE_GREATER_EQUAL; return true;
    default: return false;
    }
}

/* A value that fails is worked out before the first row only where that row would have met it too: as the first part.
 */
static bool is_value(const struct bound_expr *expr, uint32_t conjunct)
{
    return bound_is_row_free(expr) && (!expr->can_fail || conjunct == 0);
}

static void add_two_sided(struct comparison_list *list, const struct bound_expr *call, uint32_t conjunct)
{
    struct bound_expr *left = call->arguments[0], *right = call->arguments[1];
    bool is_turned = left->kind != BOUND_COLUMN;
    struct bound_expr *column = is_turned ? right : left, *value = is_turned ? left : right;
    enum zone_operator operator;

    if (column->kind == BOUND_COLUMN && is_value(value, conjunct) &&
        zone_operator_of(call->function, is_turned, &operator))
        add(list, (struct comparison){column->column, operator, value, conjunct, true});
}

/* A bool that is a condition by itself, or behind a `not`; or something else. */
static bool add_flag(struct arena *arena, struct comparison_list *list, const struct bound_expr *expr, bool flag,
                     uint32_t conjunct)
{
    if (expr->kind != BOUND_COLUMN)
        return true;
    struct bound_expr *value = bound_make_constant(arena, value_bool(flag), expr->span);
    add(list, (struct comparison){expr->column, ZONE_EQUAL, value, conjunct, true});
    return value != NULL;
}

static void add_null_test(struct comparison_list *list, const struct bound_expr *expr, enum zone_operator operator,
                          uint32_t conjunct)
{
    if (expr->kind == BOUND_COLUMN)
        add(list, (struct comparison){expr->column, operator, NULL, conjunct, true});
}

/* `column in (constants)` lies between the least and the greatest of them. */
static void add_in(struct comparison_list *list, const struct bound_expr *in, uint32_t conjunct)
{
    struct bound_expr *least = in->arguments[1], *greatest = in->arguments[1];

    if (in->arguments[0]->kind != BOUND_COLUMN)
        return;
    for (uint32_t i = 1; i < in->argument_count; i++) {
        struct bound_expr *item = in->arguments[i];
        if (!bound_is_constant(item) || bound_is_null(item))
            return;
        if (value_compare(&item->constant, &least->constant) < 0)
            least = item;
        if (value_compare(&item->constant, &greatest->constant) > 0)
            greatest = item;
    }
    uint32_t column = in->arguments[0]->column;
    add(list, (struct comparison){column, ZONE_GREATER_EQUAL, least, conjunct, false});
    add(list, (struct comparison){column, ZONE_LESS_EQUAL, greatest, conjunct, false});
}

static uint32_t decode_last(const uint8_t *bytes, size_t size)
{
    static const uint8_t LEAD_MASKS[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code_point = bytes[0] & LEAD_MASKS[size];

    for (size_t i = 1; i < size; i++)
        code_point = code_point << 6 | (bytes[i] & 0x3F);
    return code_point;
}

/* The least string above everything that begins with `prefix`: its last character raised by one, those that are the
 * highest of all left out. An empty one: there is none. */
static struct slice string_after_prefix(struct arena *arena, struct slice prefix)
{
    size_t size = prefix.size;

    while (size > 0) {
        size_t begin = size - 1;
        while (begin > 0 && (prefix.data[begin] & 0xC0) == 0x80)
            begin--;
        assert(size - begin <= 4); /* UTF-8 */
        uint32_t next = decode_last(prefix.data + begin, size - begin) + 1;
        if (next == 0xD800)
            next = 0xE000; /* surrogates are no characters */
        uint8_t encoded[4];
        size_t encoded_size = next > 0x10FFFF ? 0 : utf8_encode(next, encoded);
        if (encoded_size > 0) {
            uint8_t *bytes = arena_alloc(arena, begin + encoded_size);
            if (bytes == NULL)
                return slice_make(NULL, 0);
            memcpy(bytes, prefix.data, begin);
            memcpy(bytes + begin, encoded, encoded_size);
            return slice_make(bytes, begin + encoded_size);
        }
        size = begin;
    }
    return slice_make(NULL, 0);
}

/* `column like 'ab%'` lies from 'ab' to before 'ac'. */
static bool add_like(struct arena *arena, struct comparison_list *list, const struct bound_expr *like,
                     uint32_t conjunct)
{
    const struct bound_expr *column = like->arguments[0], *pattern = like->arguments[1];
    size_t size = 0;

    if (like->argument_count != 2 || column->kind != BOUND_COLUMN || !bound_is_constant(pattern))
        return true;
    assert(!bound_is_null(pattern)); /* a column like null is folded */
    struct slice text = pattern->constant.string;
    while (size < text.size && text.data[size] != '%' && text.data[size] != '_')
        size++;
    if (size == 0)
        return true;
    struct slice prefix = slice_make(text.data, size);
    struct slice after = string_after_prefix(arena, prefix);
    struct bound_expr *low = bound_make_constant(arena, value_string(prefix), pattern->span);
    struct bound_expr *high = bound_make_constant(arena, value_string(after), pattern->span);
    if (low == NULL || high == NULL)
        return false;
    add(list, (struct comparison){column->column, ZONE_GREATER_EQUAL, low, conjunct, false});
    if (after.size > 0)
        add(list, (struct comparison){column->column, ZONE_LESS, high, conjunct, false});
    return true;
}

static bool add_call(struct arena *arena, struct comparison_list *list, const struct bound_expr *call,
                     uint32_t conjunct)
{
    const struct bound_expr *first = call->arguments[0];

    switch ((int)call->function) {
    case FUNCTION_LIKE: return add_like(arena, list, call, conjunct);
    case FUNCTION_NOT: return add_flag(arena, list, first, false, conjunct);
    case FUNCTION_IS_NULL: add_null_test(list, first, ZONE_IS_NULL, conjunct); break;
    case FUNCTION_IS_NOT_NULL: add_null_test(list, first, ZONE_IS_NOT_NULL, conjunct); break;
    default:
        if (call->argument_count == 2)
            add_two_sided(list, call, conjunct);
    }
    return true;
}

bool comparisons_collect(struct arena *arena, const struct conjuncts *conjuncts, struct comparison_list *list)
{
    list->items = arena_alloc_array(arena, (size_t)conjuncts->count * COMPARISONS_PER_CONJUNCT, sizeof *list->items);
    if (list->items == NULL)
        return false;
    for (uint32_t i = 0; i < conjuncts->count; i++) {
        const struct bound_expr *conjunct = conjuncts->items[i];
        if (conjunct->kind == BOUND_IN)
            add_in(list, conjunct, i);
        else if (conjunct->kind == BOUND_CALL ? !add_call(arena, list, conjunct, i)
                                              : !add_flag(arena, list, conjunct, true, i))
            return false;
    }
    return true;
}

/* ---- ranges ---- */

static const struct comparison *find(const struct comparison_list *list, uint32_t column, enum zone_operator first,
                                     enum zone_operator second)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (list->items[i].column == column && (list->items[i].operator== first || list->items[i].operator== second))
            return &list->items[i];
    return NULL;
}

/* Floats stay in the filter, which decides for itself about zeros and what is no number. */
static void mark(const struct table_schema *table, const struct comparison *comparison, bool *implied)
{
    if (comparison->is_whole && table->columns[comparison->column].type != SSQL_TYPE_FLOAT)
        implied[comparison->conjunct] = true;
}

static bool set_bound(struct arena *arena, struct bound_expr *const *fixed, uint32_t fixed_count,
                      const struct comparison *last, struct key_bound *bound)
{
    bound->count = fixed_count + (last == NULL ? 0 : 1);
    bound->is_exclusive = last != NULL && (last->operator== ZONE_GREATER || last->operator== ZONE_LESS);
    if (bound->count == 0)
        return true;
    bound->parts = arena_alloc_array(arena, bound->count, sizeof *bound->parts);
    if (bound->parts == NULL)
        return false;
    memcpy(bound->parts, fixed, fixed_count * sizeof *fixed);
    if (last != NULL)
        bound->parts[fixed_count] = last->value;
    return true;
}

bool key_range_find(struct arena *arena, const struct table_schema *table, const struct comparison_list *comparisons,
                    bool *implied, struct key_range *range)
{
    struct bound_expr *fixed[KEY_COLUMNS_MOST];
    const struct comparison *low = NULL, *high = NULL, *equal;
    uint32_t count = 0;

    while (count < table->key_count &&
           (equal = find(comparisons, table->key_columns[count], ZONE_EQUAL, ZONE_EQUAL)) != NULL) {
        fixed[count++] = equal->value;
        mark(table, equal, implied);
    }
    if (count < table->key_count) {
        low = find(comparisons, table->key_columns[count], ZONE_GREATER, ZONE_GREATER_EQUAL);
        high = find(comparisons, table->key_columns[count], ZONE_LESS, ZONE_LESS_EQUAL);
    }
    if (low != NULL)
        mark(table, low, implied);
    if (high != NULL)
        mark(table, high, implied);
    range->fixed_count = count;
    return set_bound(arena, fixed, count, low, &range->low) && set_bound(arena, fixed, count, high, &range->high);
}
