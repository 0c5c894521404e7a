#include "exec/operator_key_range.h"

#include "base/key_codec.h"

static bool compile_parts(struct operator* owner, const struct key_bound *bound, struct expression ***parts,
                          struct ssql_error *error)
{
    *parts = operator_alloc(owner, bound->count, sizeof **parts);
    if (*parts == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < bound->count; i++) {
        enum bound_kind kind = bound->parts[i]->kind;
        if (kind == BOUND_CONSTANT || kind == BOUND_PARAMETER)
            continue;
        if (!expression_create(&owner->runtime->environment, &bound->parts[i], 1, &(*parts)[i], error))
            return false;
    }
    return true;
}

bool key_range_create(struct key_range *range, struct operator* owner, const struct table_schema *table,
                      const struct key_bound *low, const struct key_bound *high, struct ssql_error *error)
{
    *range = (struct key_range){.table = table, .low_bound = low, .high_bound = high};
    range->runtime = owner->runtime;
    range->parts = operator_alloc(owner, table->key_count + 1, sizeof *range->parts);
    if (range->parts == NULL)
        return error_no_memory(error);
    return compile_parts(owner, low, &range->low_parts, error) && compile_parts(owner, high, &range->high_parts, error);
}

void key_range_clear(struct key_range *range)
{
    buffer_clear(&range->low_bytes);
    buffer_clear(&range->high_bytes);
}

static bool evaluate_part(struct key_range *range, const struct bound_expr *part, struct expression *program,
                          struct value *value, struct ssql_error *error)
{
    if (part->kind == BOUND_CONSTANT)
        *value = part->constant;
    else if (part->kind == BOUND_PARAMETER)
        *value = range->runtime->context.parameters[part->parameter];
    else if (!expression_constant(program, value, error))
        return false;
    range->is_empty |= value->is_null;
    return true;
}

/* The encoded parts. When they are not the whole key a last part of type null, which adds no byte, makes the codec
 * write a string before it in its inner form, as all keys with this prefix have it. */
static bool encode_bound(struct key_range *range, const struct key_bound *bound, struct expression **programs,
                         struct buffer *bytes, struct ssql_error *error)
{
    uint32_t count = bound->count;

    buffer_reset(bytes);
    for (uint32_t i = 0; i < count; i++)
        if (!evaluate_part(range, bound->parts[i], programs[i], &range->parts[i], error))
            return false;
    if (range->is_empty)
        return true;
    if (count < range->table->key_count)
        range->parts[count++] = value_null(SSQL_TYPE_NULL);
    key_encode(bytes, range->parts, count);
    /* An empty string is a key too: its slice must not look open. */
    if (buffer_reserve(bytes, 1) == NULL)
        return error_no_memory(error);
    return true;
}

/* The least byte string above all that begin with these bytes; false: there is none. */
static bool make_successor(struct buffer *bytes)
{
    while (bytes->size > 0 && bytes->data[bytes->size - 1] == 0xFF)
        bytes->size--;
    if (bytes->size == 0)
        return false;
    bytes->data[bytes->size - 1]++;
    return true;
}

static bool evaluate_low(struct key_range *range, struct ssql_error *error)
{
    bool is_whole = range->low_bound->count == range->table->key_count;

    range->low = slice_make(NULL, 0);
    range->low_exclusive = false;
    if (range->low_bound->count == 0)
        return true;
    if (!encode_bound(range, range->low_bound, range->low_parts, &range->low_bytes, error))
        return false;
    if (range->is_empty)
        return true;
    if (range->low_bound->is_exclusive && is_whole)
        range->low_exclusive = true;
    else if (range->low_bound->is_exclusive && !make_successor(&range->low_bytes))
        range->is_empty = true;
    range->low = buffer_slice(&range->low_bytes);
    return true;
}

static bool evaluate_high(struct key_range *range, struct ssql_error *error)
{
    bool is_whole = range->high_bound->count == range->table->key_count;

    range->high = slice_make(NULL, 0);
    range->high_exclusive = false;
    if (range->high_bound->count == 0 || range->is_empty)
        return true;
    if (!encode_bound(range, range->high_bound, range->high_parts, &range->high_bytes, error))
        return false;
    if (range->is_empty)
        return true;
    if (range->high_bound->is_exclusive) {
        range->high_exclusive = true;
    } else if (!is_whole) {
        range->high_exclusive = true;
        if (!make_successor(&range->high_bytes))
            return true; /* open */
    }
    range->high = buffer_slice(&range->high_bytes);
    return true;
}

bool key_range_evaluate(struct key_range *range, struct ssql_error *error)
{
    range->is_empty = false;
    if (!evaluate_low(range, error) || !evaluate_high(range, error))
        return false;
    /* A scan may take for granted that its ends are in order. */
    if (!range->is_empty && range->low.data != NULL && range->high.data != NULL) {
        int order = slice_compare(range->low, range->high);
        range->is_empty = order > 0 || (order == 0 && (range->low_exclusive || range->high_exclusive));
    }
    return true;
}

bool key_range_evaluate_key(struct key_range *range, struct ssql_error *error)
{
    range->is_empty = false;
    return evaluate_low(range, error);
}
