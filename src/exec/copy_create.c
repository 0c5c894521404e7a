/* A table made after a file: the file is read once for the narrowest type of each column. */
#include <assert.h>

#include "base/nearest.h"
#include "exec/copy_load.h"
#include "format/column_names.h"
#include "format/type_guess.h"

static bool guess_types(struct copy_load *load, struct type_guess *guess, struct ssql_error *error)
{
    struct cancellation *cancellation = load->base.runtime->context.cancellation;
    struct record_batch batch;
    struct ssql_error ignored;

    for (;;) {
        if (!cancellation_check(cancellation, error))
            return false;
        enum record_status outcome = record_reader_next(load->reader, &batch, &ignored);
        if (outcome == RECORDS_END)
            return true;
        /* If a rejected one may be left out is seen when the rows are loaded. */
        if (outcome == RECORDS_FAILED || (outcome == RECORDS_REJECTED && load->plan->rejects_most == 0)) {
            *error = ignored;
            return copy_fail_reading(load, error);
        }
        if (outcome == RECORDS_READ && !type_guess_add(guess, &batch, error))
            return false;
    }
}

static bool name_columns(struct copy_load *load, uint32_t count, struct slice **names, struct ssql_error *error)
{
    struct slice *headers = NULL;

    *names = NULL;
    if (load->plan->new_names != NULL) {
        headers = arena_alloc_array(&load->arena, count, sizeof *headers);
        if (headers == NULL)
            return error_no_memory(error);
        memcpy(headers, load->plan->new_names, count * sizeof *headers); /* the reader has seen to the count */
    } else if (record_reader_has_names(load->reader)) {
        headers = arena_alloc_array(&load->arena, count, sizeof *headers);
        if (headers == NULL)
            return error_no_memory(error);
        for (uint32_t i = 0; i < count; i++)
            headers[i] = record_reader_column_name(load->reader, i);
    }
    return column_names_make(headers, count, &load->arena, names, error);
}

static bool find_key_column(const struct copy_load *load, const struct column_schema *columns, uint32_t count,
                            struct slice name, uint16_t *position, struct ssql_error *error)
{
    struct nearest nearest = nearest_start(name);

    for (uint32_t i = 0; i < count; i++) {
        if (columns[i].name.size == name.size && slice_equal(columns[i].name, name)) {
            *position = (uint16_t)i;
            return true;
        }
        nearest_consider(&nearest, columns[i].name);
    }
    error_set(error, SSQL_UNKNOWN_COLUMN, NO_SPAN, "%s: unknown column \"%.*s\" in option primary", load->input.name,
              SLICE_PRINT(name));
    if (nearest.best.data != NULL)
        error_hint(error, "did you mean \"%.*s\"?", SLICE_PRINT(nearest.best));
    return false;
}

static bool choose_key(struct copy_load *load, struct column_schema *columns, struct table_definition *definition,
                       struct ssql_error *error)
{
    const struct copy_plan *plan = load->plan;
    uint16_t *key_columns = arena_alloc_array(&load->arena, plan->key_count, sizeof *key_columns);

    if (key_columns == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < plan->key_count; i++) {
        if (!find_key_column(load, columns, definition->column_count, plan->key_names[i], &key_columns[i], error))
            return false;
        if (columns[key_columns[i]].is_key)
            return error_set(error, SSQL_COLUMN_EXISTS, NO_SPAN, "column \"%.*s\" is in the primary key twice",
                             SLICE_PRINT(plan->key_names[i]));
        columns[key_columns[i]].is_key = columns[key_columns[i]].is_not_null = true;
    }
    definition->key_count = plan->key_count;
    definition->key_columns = key_columns;
    return true;
}

static bool define_table(struct copy_load *load, const struct type_guess *guess, struct table_definition *definition,
                         struct ssql_error *error)
{
    uint32_t count = record_reader_column_count(load->reader);
    struct slice *names;

    if (count == 0)
        return error_set(error, SSQL_BAD_VALUE, NO_SPAN, "%s: there are no columns to make a table of",
                         load->input.name);
    if (count >= COLUMNS_MOST) /* one is left for a row number */
        return error_set(error, SSQL_TOO_LARGE, NO_SPAN, "%s: a table has at most %d columns, the file has %u",
                         load->input.name, COLUMNS_MOST - 1, count);
    struct column_schema *columns = arena_alloc_array(&load->arena, count, sizeof *columns);
    if (columns == NULL)
        return error_no_memory(error);
    if (!name_columns(load, count, &names, error))
        return false;
    for (uint32_t i = 0; i < count; i++)
        columns[i] = (struct column_schema){.name = names[i], .type = type_guess_type(guess, i)};
    *definition = (struct table_definition){.name = load->plan->table_name, .column_count = count, .columns = columns};
    return choose_key(load, columns, definition, error);
}

/* `create table t (a int, b string, primary key (a))`, to be shown. */
static bool tell_definition(struct copy_load *load, const struct table_definition *definition, struct ssql_error *error)
{
    struct buffer *text = &load->environment->created_table;

    buffer_append_text(text, "create table ");
    load->plan->append_name(text, definition->name);
    for (uint32_t i = 0; i < definition->column_count; i++) {
        buffer_append_text(text, i == 0 ? " (" : ", ");
        load->plan->append_name(text, definition->columns[i].name);
        buffer_printf(text, " %s", type_name(definition->columns[i].type));
    }
    for (uint32_t i = 0; i < definition->key_count; i++) {
        buffer_append_text(text, i == 0 ? ", primary key (" : ", ");
        load->plan->append_name(text, definition->columns[definition->key_columns[i]].name);
    }
    buffer_append_text(text, definition->key_count > 0 ? "))" : ")");
    buffer_append_byte(text, '\0');
    if (text->failed)
        return error_no_memory(error);
    return true;
}

static bool make_table(struct copy_load *load, const struct table_definition *definition, struct ssql_error *error)
{
    struct execution_context *context = &load->base.runtime->context;
    struct schema *schema;

    if (!catalog_create_table(context->catalog, context->transaction, definition, error)) {
        error->span = load->plan->table_span;
        return false;
    }
    bool is_seen = catalog_view_schema(context->catalog, context->transaction, &schema, error);
    assert(is_seen); /* it is the one that was made just now */
    (void)is_seen;
    schema_retain(schema);
    load->created_schema = schema;
    load->schema = schema_find_table(schema, definition->name);
    assert(load->schema != NULL);
    return true;
}

bool copy_create_table(struct copy_load *load, struct ssql_error *error)
{
    struct table_definition definition;
    struct type_guess *guess = NULL;

    progress_begin(load->base.runtime->context.cancellation->progress, "examining", (int64_t)load->input.size);
    bool done = copy_open_reader(load, error) && type_guess_create(load->plan->format, &guess, error) &&
                guess_types(load, guess, error) && define_table(load, guess, &definition, error) &&
                make_table(load, &definition, error) && tell_definition(load, &definition, error);
    type_guess_destroy(guess);
    return done && (load->plan->makes_only || copy_input_rewind(&load->input, error));
}
