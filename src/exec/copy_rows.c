/* Batches of records converted column by column, then written row by row in their order: an error, or a rejected
 * record, comes behind what stands before it in the file. */
#include <assert.h>

#include "exec/copy_load.h"

/* ---- converting ---- */

static bool keep_fault(struct copy_load *load, const struct record_batch *batch, uint32_t row, uint32_t place,
                       struct ssql_error *error)
{
    struct record_place at = record_reader_field_place(load->reader, batch, row, place);

    copy_fail_at(load, &at, error);
    return copy_rejects_keep(load, row, error);
}

static bool convert_column(struct copy_load *load, const struct record_batch *batch, uint32_t column,
                           struct ssql_error *error)
{
    struct copy_column *target = &load->columns[column];
    const struct column_schema *schema = &load->schema->columns[column];
    uint32_t place = (uint32_t)target->place, failed_row = 0;

    target->has_nulls = false;
    for (uint32_t first = 0; first < batch->count; first = failed_row + 1) {
        bool any_null = false;
        bool done = field_convert_column(batch, place, first, schema->type, schema->name, target->items, target->nulls,
                                         &any_null, &failed_row, error);
        target->has_nulls |= any_null;
        if (done)
            return true;
        if (error->code == SSQL_NO_MEMORY || !keep_fault(load, batch, failed_row, place, error))
            return false;
    }
    return true;
}

/* Records of JSON need not have every member. */
static void mark_absent(struct copy_load *load, const struct record_batch *batch, uint32_t column)
{
    struct copy_column *target = &load->columns[column];
    uint32_t place = (uint32_t)target->place;

    target->has_absent = false;
    if (!copy_is_json(load) || target->default_value.is_null)
        return;
    for (uint32_t row = 0; row < batch->count && !target->has_absent; row++)
        target->has_absent = record_field(batch, row, place)->kind == FIELD_ABSENT;
}

static bool convert_batch(struct copy_load *load, const struct record_batch *batch, struct ssql_error *error)
{
    const struct table_schema *schema = load->schema;

    if (load->rejects.has_kept)
        memset(load->rejects.is_kept, 0, sizeof load->rejects.is_kept);
    load->rejects.has_kept = load->checks_nulls = false;
    for (uint32_t i = 0; i < schema->visible_count; i++) {
        struct copy_column *column = &load->columns[i];
        bool may_be_null = column->default_value.is_null;
        if (column->place != COPY_NO_COLUMN) {
            if (!convert_column(load, batch, i, error))
                return false;
            mark_absent(load, batch, i);
            may_be_null = column->has_nulls;
        }
        load->checks_nulls |= may_be_null && schema->columns[i].is_not_null;
    }
    return true;
}

/* ---- rows ---- */

static struct value item_value(const struct copy_column *column, enum ssql_type type, uint32_t row)
{
    if (column->has_nulls && column->nulls[row])
        return value_null(type);
    switch ((int)type) {
    case SSQL_TYPE_INT: return value_int(((const int64_t *)column->items)[row]);
    case SSQL_TYPE_FLOAT: return value_float(((const double *)column->items)[row]);
    case SSQL_TYPE_BOOL: return value_bool(((const uint8_t *)column->items)[row] != 0);
    }
    assert(type == SSQL_TYPE_STRING);
    return value_string(((const struct slice *)column->items)[row]);
}

static void fill_values(struct copy_load *load, const struct record_batch *batch, uint32_t row)
{
    const struct table_schema *schema = load->schema;

    for (uint32_t i = 0; i < schema->visible_count; i++) {
        const struct copy_column *column = &load->columns[i];
        if (column->place == COPY_NO_COLUMN ||
            (column->has_absent && record_field(batch, row, (uint32_t)column->place)->kind == FIELD_ABSENT))
            load->values[i] = column->default_value;
        else
            load->values[i] = item_value(column, schema->columns[i].type, row);
    }
}

/* A fault of the record as a whole stands where the record begins. */
static bool reject_record(struct copy_load *load, const struct record *record, struct ssql_error *error)
{
    const struct record_place at = record_reader_record_place(load->reader, record);

    copy_fail_at(load, &at, error);
    return copy_rejects_take(load, record, error);
}

static void count_row(struct copy_load *load)
{
    load->base.runtime->changes++;
    load->environment->rows++;
    load->uncommitted++;
}

/* A null that must not be stands where its field does, if the file has it. */
static bool reject_null(struct copy_load *load, const struct record_batch *batch, uint32_t row,
                        struct ssql_error *error)
{
    uint32_t i = 0;

    while (!load->schema->columns[i].is_not_null || !load->values[i].is_null)
        i++;
    assert(i < load->schema->visible_count);
    int32_t place = load->columns[i].place;
    if (place == COPY_NO_COLUMN || record_field(batch, row, (uint32_t)place)->kind == FIELD_ABSENT)
        return reject_record(load, &batch->records[row], error);
    struct record_place at = record_reader_field_place(load->reader, batch, row, (uint32_t)place);
    copy_fail_at(load, &at, error);
    return copy_rejects_take(load, &batch->records[row], error);
}

static bool write_row(struct copy_load *load, const struct record_batch *batch, uint32_t row, struct ssql_error *error)
{
    struct transaction *transaction = load->base.runtime->context.transaction;
    const struct record *record = &batch->records[row];

    if (load->checks_nulls && !row_check_not_null(load->schema, load->values, NO_SPAN, error))
        return reject_null(load, batch, row, error);
    if (load->plan->conflict == COPY_CONFLICT_REPLACE) {
        if (!transaction_put(transaction, load->table, load->values, error))
            return error->code == SSQL_TOO_LARGE && reject_record(load, record, error);
        count_row(load);
        return true;
    }
    enum write_outcome outcome = transaction_insert(transaction, load->table, load->values, error);
    if (outcome == WRITE_DONE) {
        count_row(load);
        return true;
    }
    if (outcome == WRITE_DUPLICATE && load->plan->conflict == COPY_CONFLICT_IGNORE) {
        load->environment->ignored++;
        return true;
    }
    if (outcome == WRITE_DUPLICATE) {
        row_fail_duplicate(load->schema, load->values, NO_SPAN, error);
        return reject_record(load, record, error);
    }
    return error->code == SSQL_TOO_LARGE && reject_record(load, record, error);
}

static bool commit_if_due(struct copy_load *load, struct ssql_error *error)
{
    struct copy_environment *environment = load->environment;

    if (load->plan->batch_rows == 0 || load->uncommitted < load->plan->batch_rows)
        return true;
    if (!environment->commit(environment->commit_context, error))
        return false;
    load->committed += load->uncommitted;
    load->uncommitted = 0;
    return operator_find_table(&load->base, load->schema, &load->table, error);
}

/* Numbers for the rows of a table without primary key, those that turn out rejected included. */
static bool take_row_numbers(struct copy_load *load, uint32_t count, int64_t *first, struct ssql_error *error)
{
    *first = 0;
    return !load->schema->has_hidden_key ||
           table_take_row_numbers(load->base.runtime->context.transaction, load->table, count, first, error);
}

bool copy_rows_load(struct copy_load *load, const struct record_batch *batch, struct ssql_error *error)
{
    const struct table_schema *schema = load->schema;
    int64_t number;

    if (!convert_batch(load, batch, error) || !take_row_numbers(load, batch->count, &number, error))
        return false;
    for (uint32_t row = 0; row < batch->count; row++) {
        if (load->rejects.has_kept && load->rejects.is_kept[row]) {
            *error = load->rejects.errors[row];
            if (!copy_rejects_take(load, &batch->records[row], error))
                return false;
            continue;
        }
        fill_values(load, batch, row);
        if (schema->has_hidden_key)
            load->values[schema->column_count - 1] = value_int(number + row);
        if (!write_row(load, batch, row, error) || !commit_if_due(load, error))
            return false;
    }
    return true;
}
