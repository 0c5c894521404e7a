/* backup: does all its work at the first pull, and hands out one row that says what the backup is made of. */
#include "exec/operator.h"
#include "exec/row_batch.h"
#include "storage/backup.h"

struct backup_state {
    struct operator base;
    struct row_batch rows;
    bool is_done;
};

static bool backup_create(struct operator* self, struct ssql_error *error)
{
    struct backup_state *state = (struct backup_state *)self;

    (void)error;
    row_batch_init(&state->rows, &self->runtime->environment.arena, self->node->column_types, self->node->column_count);
    return true;
}

static bool backup_open(struct operator* self, struct ssql_error *error)
{
    ((struct backup_state *)self)->is_done = false;
    if (self->runtime->context.copy->files != NULL)
        return true;
    error_set(error, SSQL_NOT_ALLOWED, NO_SPAN, "backup may not use files here");
    return error_hint(error, "the database was opened with allow_files off");
}

static bool backup_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct backup_state *state = (struct backup_state *)self;
    const struct backup_plan *plan = self->node->backup;
    const struct backup_options options = {.is_incremental = plan->is_incremental, .must_copy = plan->must_copy};
    struct backup_result result;

    batch_end(batch);
    if (state->is_done)
        return true;
    state->is_done = true;
    if (!row_batch_reserve(&state->rows, 1, error) ||
        !engine_backup(self->runtime->context.engine, plan->path, &options, self->runtime->context.cancellation,
                       &result, error))
        return false;
    const struct value row[BACKUP_COLUMNS] = {
        value_int((int64_t)result.file_count),   value_int((int64_t)result.linked_count),
        value_int((int64_t)result.copied_count), value_int((int64_t)result.written_count),
        value_int((int64_t)result.kept_count),   value_int((int64_t)result.byte_count),
    };
    row_batch_set_row(&state->rows, 0, row);
    row_batch_show(&state->rows, 1, batch);
    return true;
}

const struct operator_type backup_operator = {.name = "backup",
                                              .size = sizeof(struct backup_state),
                                              .create = backup_create,
                                              .open = backup_open,
                                              .next = backup_next};
