/* copy to: writes its child's rows out. A file takes its place when all of them are in it. */
#include "exec/copy_stream.h"
#include "exec/operator.h"
#include "format/record_writer.h"

struct copy_to_state {
    struct operator base;
    struct copy_output output;
    struct record_writer *writer;
};

static bool open_writer(struct copy_to_state *state, struct ssql_error *error)
{
    const struct plan_node *child = state->base.child->node;
    const struct copy_plan *plan = state->base.node->copy;
    struct record_writer_options options = {.format = plan->format,
                                            .has_header = plan->has_header,
                                            .delimiter = plan->delimiter,
                                            .null_text = plan->null_text,
                                            .table = plan->insert_table,
                                            .is_reserved = plan->is_reserved};

    return record_writer_create(&options, child->column_names, child->column_count, copy_output_sink(&state->output),
                                &state->writer, error);
}

static bool copy_to_open(struct operator* self, struct ssql_error *error)
{
    struct copy_to_state *state = (struct copy_to_state *)self;
    struct execution_context *context = &self->runtime->context;

    copy_environment_begin(context->copy);
    /* What leaves the database must not be forgotten by it. */
    if (!engine_is_read_only(context->engine) && !engine_sync(context->engine, error))
        return false;
    if (!copy_output_open(&state->output, context, self->node->copy->path, error))
        return copy_blame(self->node->copy->path_span, error);
    return open_writer(state, error);
}

static bool write_rows(struct copy_to_state *state, struct ssql_error *error)
{
    struct operator* self = & state->base;
    struct execution_context *context = &self->runtime->context;
    struct batch batch;

    for (;;) {
        if (!operator_next(self->child, &batch, error))
            return false;
        if (batch.row_count == 0)
            return true;
        if (!record_writer_write(state->writer, &batch, error))
            return false;
        self->runtime->changes += batch.selected_count;
        context->copy->rows = (int64_t)self->runtime->changes;
    }
}

static bool copy_to_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct copy_to_state *state = (struct copy_to_state *)self;

    batch_end(batch);
    if (!write_rows(state, error))
        return false;
    if (record_writer_finish(state->writer, error) && copy_output_finish(&state->output, error))
        return true;
    return copy_blame(self->node->copy->path_span, error);
}

static void copy_to_close(struct operator* self)
{
    struct copy_to_state *state = (struct copy_to_state *)self;

    record_writer_destroy(state->writer);
    state->writer = NULL;
    copy_output_close(&state->output);
}

const struct operator_type copy_to_operator = {.name = "copy to",
                                               .size = sizeof(struct copy_to_state),
                                               .open = copy_to_open,
                                               .next = copy_to_next,
                                               .close = copy_to_close};
