/* The parameters of a statement: their values as bound, and as the plan wants them. */
#include <assert.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "session/statement.h"
#include "session/statement_internal.h"

/* ---- life ---- */

bool prepared_create_parameters(struct prepared *prepared, const struct plan *plan, struct ssql_error *error)
{
    struct arena *arena = &prepared->parameter_arena;
    uint32_t count = plan->parameter_count;

    if (count == 0)
        return true;
    prepared->parameters = arena_alloc_array(arena, count, sizeof *prepared->parameters);
    prepared->values = arena_alloc_array(arena, count, sizeof *prepared->values);
    for (uint32_t i = 0; !arena_failed(arena) && i < count; i++) {
        prepared->parameters[i].name = (const char *)arena_copy(arena, plan->parameters[i].name).data;
        prepared->parameters[i].is_open = plan->parameters[i].type == SSQL_TYPE_NULL;
        prepared->parameters[i].given = value_null(SSQL_TYPE_NULL);
    }
    if (arena_failed(arena))
        return error_no_memory(error);
    prepared->parameter_count = count;
    return true;
}

void prepared_forget_parameters(struct prepared *prepared)
{
    for (uint32_t i = 0; i < prepared->parameter_count; i++)
        free(prepared->parameters[i].bytes);
    prepared->parameter_count = 0;
    arena_reset(&prepared->parameter_arena);
}

/* ---- what the plan sees ---- */

/* The value that the plan sees: an int is widened where a float is wanted, nothing else is converted. */
static bool fit_value(const struct prepared *prepared, uint32_t i, struct value given, struct value *fitting,
                      struct ssql_error *error)
{
    enum ssql_type wanted = prepared->plan->parameters[i].type;
    const char *name = prepared->parameters[i].name;

    assert(given.is_null || wanted != SSQL_TYPE_NULL); /* an open one was planned with the type of its value */
    *fitting = given;
    if (given.is_null)
        *fitting = value_null(wanted);
    else if (wanted == SSQL_TYPE_FLOAT && given.type == SSQL_TYPE_INT)
        *fitting = value_float((double)given.integer);
    else if (wanted != given.type)
        return error_set(error, SSQL_TYPE_MISMATCH, NO_SPAN, "parameter %u%s%s%s is %s, but %s is wanted", i + 1,
                         name[0] == '\0' ? "" : " (:", name, name[0] == '\0' ? "" : ")", type_name(given.type),
                         type_name(wanted));
    return true;
}

bool prepared_fit_values(struct prepared *prepared, struct ssql_error *error)
{
    for (uint32_t i = 0; i < prepared->parameter_count; i++)
        prepared->parameters[i].wanted = prepared->plan->parameters[i].type;
    for (uint32_t i = 0; i < prepared->parameter_count; i++)
        if (!fit_value(prepared, i, prepared->parameters[i].given, &prepared->values[i], error))
            return false;
    return true;
}

/* ---- binding ---- */

static bool check_text(const struct prepared *prepared, uint32_t index, struct slice text, struct ssql_error *error)
{
    const char *name = prepared->parameters[index - 1].name;
    size_t valid = utf8_valid_prefix(text);
    const uint8_t *nul = text.size == 0 ? NULL : memchr(text.data, 0, text.size);

    if (valid == text.size && nul == NULL)
        return true;
    return error_set(error, SSQL_BAD_ENCODING, NO_SPAN, "parameter %u%s%s%s %s at byte %zu", index,
                     name[0] == '\0' ? "" : " (:", name, name[0] == '\0' ? "" : ")",
                     nul == NULL ? "is not valid UTF-8" : "holds a NUL byte",
                     nul == NULL ? valid : (size_t)(nul - text.data));
}

/* Copies the bytes into the parameter's own memory, which only grows. */
static bool keep_bytes(struct bound_parameter *parameter, struct slice text, struct ssql_error *error)
{
    if (text.size > parameter->capacity) {
        uint8_t *bytes = malloc(text.size);
        if (bytes == NULL)
            return error_no_memory(error);
        free(parameter->bytes);
        parameter->bytes = bytes;
        parameter->capacity = text.size;
    }
    if (text.size > 0)
        memcpy(parameter->bytes, text.data, text.size);
    return true;
}

/* Member by member: a struct that has just been written in parts is slow to read as a whole. */
static inline void copy_value(struct value *to, const struct value *from)
{
    to->type = from->type;
    to->is_null = from->is_null;
    if (from->type == SSQL_TYPE_INT)
        to->integer = from->integer;
    else if (from->type == SSQL_TYPE_STRING)
        to->string = from->string;
    else if (from->type == SSQL_TYPE_FLOAT)
        to->real = from->real;
    else if (from->type == SSQL_TYPE_BOOL)
        to->boolean = from->boolean;
}

static void set_parameter(struct prepared *prepared, uint32_t index, const struct value *given,
                          const struct value *fitting)
{
    copy_value(&prepared->parameters[index - 1].given, given);
    copy_value(&prepared->values[index - 1], fitting);
}

static bool bind_string(struct prepared *prepared, uint32_t index, struct slice text, struct ssql_error *error)
{
    struct bound_parameter *parameter = &prepared->parameters[index - 1];

    if (!check_text(prepared, index, text, error) || !keep_bytes(parameter, text, error))
        return false;
    struct value kept = value_string(slice_make(parameter->bytes, text.size));
    set_parameter(prepared, index, &kept, &kept);
    return true;
}

/* A value of another type than the plan has: a null, an int where a float is wanted, any where the type is open. */
static bool bind_other(struct prepared *prepared, uint32_t index, const struct value *value, struct ssql_error *error)
{
    const struct bound_parameter *parameter = &prepared->parameters[index - 1];
    bool is_retyped = parameter->is_open && !value->is_null;
    struct value fitting = *value;

    if (!is_retyped && !fit_value(prepared, index - 1, *value, &fitting, error))
        return false;
    if (is_retyped && value->type == SSQL_TYPE_STRING) {
        if (!bind_string(prepared, index, value->string, error))
            return false;
    } else {
        set_parameter(prepared, index, value, &fitting);
    }
    prepared->wants_new_plan |= is_retyped;
    return true;
}

/* There is no such parameter, or the statement is between its rows. */
static bool refuse_bind(const struct prepared *prepared, uint32_t index, struct ssql_error *error)
{
    if (index == 0 || index > prepared->parameter_count)
        return error_set(error, SSQL_UNKNOWN_PARAMETER, NO_SPAN, "there is no parameter %u: the statement has %u",
                         index, prepared->parameter_count);
    assert(prepared->run == RUN_ROWS);
    error_set(error, SSQL_MISUSE, NO_SPAN, "a parameter cannot be changed while the statement is between its rows");
    return error_hint(error, "reset the statement first");
}

bool prepared_bind(struct prepared *prepared, uint32_t index, const struct value *value, struct ssql_error *error)
{
    if (index - 1 >= prepared->parameter_count || prepared->run == RUN_ROWS)
        return refuse_bind(prepared, index, error);

    if (value->is_null || value->type != prepared->parameters[index - 1].wanted)
        return bind_other(prepared, index, value, error);
    if (value->type == SSQL_TYPE_STRING)
        return bind_string(prepared, index, value->string, error);
    set_parameter(prepared, index, value, value);
    return true;
}

void prepared_clear_bindings(struct prepared *prepared)
{
    prepared_reset(prepared);
    for (uint32_t i = 0; i < prepared->parameter_count; i++) {
        prepared->parameters[i].given = value_null(SSQL_TYPE_NULL);
        prepared->values[i] = value_null(prepared->plan->parameters[i].type);
    }
}
