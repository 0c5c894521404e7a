#include <assert.h>

#include "base/nearest.h"
#include "exec/copy_load.h"

/* ---- room and defaults ---- */

static bool evaluate_defaults(struct copy_load *load, struct ssql_error *error)
{
    const struct batch one_row = {.row_count = 1, .selected_count = 1};

    if (load->default_program == NULL)
        return true;
    if (!expression_evaluate(load->default_program, &one_row, load->default_values, error))
        return false;
    for (uint32_t i = 0; i < load->schema->visible_count; i++)
        load->columns[i].default_value = vector_value(&load->default_values[i], 0);
    return true;
}

bool copy_columns_init(struct copy_load *load, struct ssql_error *error)
{
    const struct table_schema *schema = load->schema;

    load->columns = arena_alloc_array(&load->arena, schema->visible_count, sizeof *load->columns);
    load->values = arena_alloc_array(&load->arena, schema->column_count, sizeof *load->values);
    if (load->columns == NULL || load->values == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < schema->visible_count; i++) {
        load->columns[i].place = COPY_NO_COLUMN;
        load->columns[i].default_value = value_null(schema->columns[i].type);
    }
    return evaluate_defaults(load, error);
}

static bool reserve_items(struct copy_load *load, uint32_t column, struct ssql_error *error)
{
    struct copy_column *target = &load->columns[column];
    size_t item_size = vector_item_size(load->schema->columns[column].type);

    target->items = arena_alloc_array(&load->arena, RECORD_BATCH_MOST, item_size);
    target->nulls = arena_alloc(&load->arena, RECORD_BATCH_MOST);
    if (arena_failed(&load->arena))
        return error_no_memory(error);
    return true;
}

/* ---- by name ---- */

/* Whether the list of columns, if there is one, has the column. */
static bool is_listed(const struct copy_load *load, uint32_t column)
{
    if (!load->plan->has_columns)
        return true;
    for (uint32_t i = 0; i < load->plan->column_count; i++)
        if (load->plan->columns[i] == column)
            return true;
    return false;
}

/* In the header, or where the first record has a member of that name. */
static struct record_place name_place(const struct copy_load *load, const struct record_batch *batch, uint32_t place)
{
    const struct record_place *in_header = record_reader_name_place(load->reader, place);

    if (in_header != NULL)
        return *in_header;
    uint32_t row = 0;
    while (record_field(batch, row, place)->kind == FIELD_ABSENT)
        row++;
    assert(row < batch->count); /* the name is known since it was met in one of these */
    return record_reader_field_place(load->reader, batch, row, place);
}

/* A header of one name in which another delimiter stands; '\0': it is not so. */
static char other_delimiter(const struct copy_load *load, struct slice name)
{
    static const char usual[] = {';', '\t', '|', ','};

    if (copy_is_json(load) || record_reader_column_count(load->reader) != 1)
        return '\0';
    for (size_t i = 0; i < sizeof usual; i++)
        if (name.size > 0 && memchr(name.data, usual[i], name.size) != NULL)
            return usual[i];
    return '\0';
}

static bool fail_unknown(const struct copy_load *load, struct slice name, struct ssql_error *error)
{
    struct nearest nearest = nearest_start(name);
    char delimiter = other_delimiter(load, name);

    if (name.size == 0 && copy_is_json(load))
        return error_set(error, SSQL_UNKNOWN_COLUMN, NO_SPAN, "a name is empty");
    if (name.size == 0) {
        error_set(error, SSQL_UNKNOWN_COLUMN, NO_SPAN, "the header has no name here");
        return error_hint(error, "if the first line holds no names: header false");
    }
    error_set(error, SSQL_UNKNOWN_COLUMN, NO_SPAN, "unknown column \"%.*s\" in %.*s", SLICE_PRINT(name),
              SLICE_PRINT(load->schema->name));
    for (uint32_t i = 0; i < load->schema->visible_count; i++)
        nearest_consider(&nearest, load->schema->columns[i].name);
    if (nearest.best.data != NULL)
        error_hint(error, "did you mean \"%.*s\"?", SLICE_PRINT(nearest.best));
    else if (delimiter == '\t')
        error_hint(error, "if tabs stand between the fields: format tsv");
    else if (delimiter != '\0')
        error_hint(error, "if '%c' stands between the fields: delimiter '%c'", delimiter, delimiter);
    else if (!copy_is_json(load))
        error_hint(error, "if the first line holds no names: header false");
    return false;
}

/* Position of the table's column that the name means. */
static bool find_named(const struct copy_load *load, struct slice name, uint32_t *column, struct ssql_error *error)
{
    int found = table_schema_find_column(load->schema, name);

    if (found < 0)
        return fail_unknown(load, name, error);
    *column = (uint32_t)found;
    if (!is_listed(load, *column))
        return error_set(error, SSQL_UNKNOWN_COLUMN, NO_SPAN, "column \"%.*s\" is not in the list of columns",
                         SLICE_PRINT(name));
    if (load->columns[*column].place != COPY_NO_COLUMN)
        return error_set(error, SSQL_COLUMN_EXISTS, NO_SPAN, "column \"%.*s\" is there twice", SLICE_PRINT(name));
    return true;
}

static bool map_name(struct copy_load *load, const struct record_batch *batch, uint32_t place, struct ssql_error *error)
{
    uint32_t column = 0;

    if (!find_named(load, record_reader_column_name(load->reader, place), &column, error)) {
        struct record_place at = name_place(load, batch, place);
        return copy_fail_at(load, &at, error);
    }
    load->columns[column].place = (int32_t)place;
    return reserve_items(load, column, error);
}

/* ---- by place ---- */

static bool map_place(struct copy_load *load, uint32_t place, struct ssql_error *error)
{
    uint32_t column = load->plan->table == NULL ? place : load->plan->columns[place];

    load->columns[column].place = (int32_t)place;
    return reserve_items(load, column, error);
}

static bool check_count(const struct copy_load *load, uint32_t count, struct ssql_error *error)
{
    uint32_t wanted = load->plan->table == NULL ? load->schema->visible_count : load->plan->column_count;

    if (count <= wanted)
        return true;
    return error_set(error, SSQL_VALUE_COUNT, NO_SPAN, "%s: %u fields, but %u column%s of %.*s %s wanted",
                     load->input.name, count, wanted, wanted == 1 ? "" : "s", SLICE_PRINT(load->schema->name),
                     wanted == 1 ? "is" : "are");
}

/* A table that was made after the file has its columns in the file's order, under names that may have been changed. */
static bool goes_by_name(const struct copy_load *load)
{
    return load->plan->table != NULL && record_reader_has_names(load->reader);
}

bool copy_columns_map(struct copy_load *load, const struct record_batch *batch, struct ssql_error *error)
{
    uint32_t count = record_reader_column_count(load->reader);

    if (count == load->mapped_count)
        return true;
    if (!goes_by_name(load) && !check_count(load, count, error))
        return false;
    for (; load->mapped_count < count; load->mapped_count++)
        if (goes_by_name(load) ? !map_name(load, batch, load->mapped_count, error)
                               : !map_place(load, load->mapped_count, error))
            return false;
    return true;
}

bool copy_columns_check(const struct copy_load *load, struct ssql_error *error)
{
    if (load->mapped_count == 0) /* a file without anything lacks nothing */
        return true;
    for (uint32_t i = 0; i < load->schema->visible_count; i++) {
        const struct column_schema *column = &load->schema->columns[i];
        if (load->columns[i].place != COPY_NO_COLUMN || !column->is_not_null || !load->columns[i].default_value.is_null)
            continue;
        return error_set(error, SSQL_NOT_NULL, NO_SPAN,
                         "%s: column \"%.*s\" of table \"%.*s\" must not be null, and the file does not have it",
                         load->input.name, SLICE_PRINT(column->name), SLICE_PRINT(load->schema->name));
    }
    return true;
}
