/* copy from: loads the records of a file into a table, batch by batch, within the statement's transaction. */
#include <inttypes.h>

#include "exec/copy_load.h"

bool copy_fail_at(const struct copy_load *load, const struct record_place *place, struct ssql_error *error)
{
    error->span = NO_SPAN;
    record_place_prefix(load->input.name, place, error);
    return false;
}

bool copy_fail_reading(const struct copy_load *load, struct ssql_error *error)
{
    switch (error->code) {
    case SSQL_NO_MEMORY:
    case SSQL_IO:
    case SSQL_CORRUPT:
    case SSQL_DISK_FULL:
    case SSQL_MISUSE:
    case SSQL_INTERRUPTED: return false;
    default: return copy_fail_at(load, &record_reader_fault(load->reader)->place, error);
    }
}

bool copy_open_reader(struct copy_load *load, struct ssql_error *error)
{
    const struct copy_plan *plan = load->plan;
    struct record_reader_options options = {.format = plan->format,
                                            .has_header = plan->has_header && !copy_is_json(load),
                                            .may_repeat_names = plan->table == NULL, /* they are made distinct */
                                            .delimiter = plan->delimiter,
                                            .null_text = plan->null_text,
                                            .skip_lines = plan->skip_lines};

    if (!options.has_header && (plan->table != NULL || plan->new_names != NULL))
        options.expected_count = plan->column_count;
    record_reader_destroy(load->reader);
    load->reader = NULL;
    if (!record_reader_create(&options, copy_input_source(&load->input), &load->reader, error))
        return false;
    if (!record_reader_begin(load->reader, error))
        return copy_fail_reading(load, error);
    return true;
}

static bool copy_from_create(struct operator* self, struct ssql_error *error)
{
    struct copy_load *load = (struct copy_load *)self;
    const struct copy_plan *plan = self->node->copy;

    load->plan = plan;
    if (plan->table == NULL)
        return true;
    load->default_values = operator_alloc(self, plan->table->visible_count, sizeof *load->default_values);
    if (load->default_values == NULL)
        return error_no_memory(error);
    return expression_create(&self->runtime->environment, plan->defaults, plan->table->visible_count,
                             &load->default_program, error);
}

static bool copy_from_open(struct operator* self, struct ssql_error *error)
{
    struct copy_load *load = (struct copy_load *)self;
    struct execution_context *context = &self->runtime->context;

    load->environment = context->copy;
    load->schema = load->plan->table;
    copy_environment_begin(load->environment);
    if (load->plan->batch_rows > 0 && load->environment->commit == NULL) {
        error_set(error, SSQL_IN_TRANSACTION, NO_SPAN, "copy with batch_rows commits, which a transaction forbids");
        return error_hint(error, "leave out batch_rows, or run it outside of begin and commit");
    }
    bool is_twice = load->schema == NULL && !load->plan->makes_only;
    if (!copy_input_open(&load->input, context, load->plan->path, is_twice, error))
        return copy_blame(load->plan->path_span, error);
    return copy_rejects_open(load, error);
}

static bool start(struct copy_load *load, struct ssql_error *error)
{
    struct operator* self = & load->base;

    if (load->schema == NULL && !copy_create_table(load, error))
        return false;
    progress_begin(self->runtime->context.cancellation->progress, "loading", (int64_t)load->input.size);
    return operator_find_table(self, load->schema, &load->table, error) && copy_open_reader(load, error) &&
           copy_columns_init(load, error) &&
           /* What names JSON has is told by its records, which have places for messages. */
           (copy_is_json(load) || (copy_columns_map(load, NULL, error) && copy_columns_check(load, error)));
}

static bool load_records(struct copy_load *load, struct ssql_error *error)
{
    struct cancellation *cancellation = load->base.runtime->context.cancellation;
    struct record_batch batch;

    for (;;) {
        if (!cancellation_check(cancellation, error))
            return false;
        enum record_status outcome = record_reader_next(load->reader, &batch, error);
        if (outcome == RECORDS_END)
            return true;
        if (outcome == RECORDS_FAILED)
            return copy_fail_reading(load, error);
        if (outcome == RECORDS_REJECTED) {
            copy_fail_reading(load, error);
            if (!copy_rejects_take(load, &record_reader_fault(load->reader)->record, error))
                return false;
        } else if (!copy_columns_map(load, &batch, error) || !copy_rows_load(load, &batch, error)) {
            return false;
        }
    }
}

/* What batch_rows has put beyond undoing. */
static void tell_committed(const struct copy_load *load, struct ssql_error *error)
{
    if (load->committed > 0)
        error_hint(error, "%" PRIu64 " rows were committed before", load->committed);
}

static bool copy_from_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct copy_load *load = (struct copy_load *)self;

    batch_end(batch);
    if (load->plan->makes_only ? copy_create_table(load, error)
                               : start(load, error) && load_records(load, error) && copy_rejects_finish(load, error))
        return true;
    tell_committed(load, error);
    if (load->committed == 0)
        buffer_reset(&load->environment->created_table); /* it is gone with the statement */
    return false;
}

static void copy_from_close(struct operator* self)
{
    struct copy_load *load = (struct copy_load *)self;

    record_reader_destroy(load->reader);
    load->reader = NULL;
    copy_input_close(&load->input);
    copy_rejects_close(load);
    schema_release(load->created_schema);
    load->created_schema = NULL;
    load->schema = NULL;
    load->columns = NULL;
    load->mapped_count = 0;
    load->uncommitted = load->committed = 0;
    arena_clear(&load->arena);
}

const struct operator_type copy_from_operator = {.name = "copy from",
                                                 .size = sizeof(struct copy_load),
                                                 .create = copy_from_create,
                                                 .open = copy_from_open,
                                                 .next = copy_from_next,
                                                 .close = copy_from_close};
