/* analyze: runs the plan below it to its end, drops its rows, and gives the lines of `explain analyze`. */
#include <assert.h>
#include <inttypes.h>

#include "base/progress.h"
#include "exec/operator.h"
#include "exec/row_batch.h"

struct analyze_state {
    struct operator base;
    struct buffer text;
    size_t position; /* in the text: of the next line */
    bool has_run;
    uint64_t opened_ns, spilled_bytes; /* at open: the clock, and what the database had spilled */
    struct row_batch lines;
};

static bool analyze_create(struct operator* self, struct ssql_error *error)
{
    struct analyze_state *state = (struct analyze_state *)self;

    (void)error;
    row_batch_init(&state->lines, &self->runtime->environment.arena, self->node->column_types,
                   self->node->column_count);
    return true;
}

static uint64_t spilled_bytes(struct operator* self)
{
    struct engine_statistics statistics;

    engine_read_statistics(self->runtime->context.engine, &statistics);
    return statistics.bytes_spilled;
}

/* The child is open already: its own profile has the time of that. */
static bool analyze_open(struct operator* self, struct ssql_error *error)
{
    struct analyze_state *state = (struct analyze_state *)self;

    (void)error;
    buffer_reset(&state->text);
    state->position = 0;
    state->has_run = false;
    state->opened_ns = clock_now_ns() - self->child->profile->time_ns;
    state->spilled_bytes = spilled_bytes(self);
    return true;
}

static void append_size(struct buffer *buffer, uint64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;
    uint64_t tenths = bytes * 10;

    for (; tenths >= 10240; unit++)
        tenths = (tenths + 512) / 1024;
    if (unit == 0)
        buffer_printf(buffer, "%" PRIu64 " %s", bytes, units[0]);
    else
        buffer_printf(buffer, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, units[unit]);
}

static bool run_child(struct analyze_state *state, struct ssql_error *error)
{
    struct operator* self = & state->base;
    struct operator* child = self->child;
    struct batch batch;

    do {
        if (!operator_next(child, &batch, error))
            return false;
    } while (batch.row_count > 0);
    operator_close(child); /* what is counted until then is in the profiles now */
    if (operator_is_write(child))
        child->profile->rows = self->runtime->changes;
    profile_append_text(&state->text, child, 0);
    uint64_t rows = child->profile->rows;
    buffer_printf(&state->text, "total: %" PRIu64 " row%s, ", rows, rows == 1 ? "" : "s");
    profile_append_time(&state->text, clock_now_ns() - state->opened_ns);
    uint64_t spilled = spilled_bytes(self) - state->spilled_bytes;
    if (spilled > 0) {
        buffer_append_text(&state->text, ", ");
        append_size(&state->text, spilled);
        buffer_append_text(&state->text, " spilled");
    }
    buffer_append_byte(&state->text, '\n');
    if (state->text.failed)
        return error_no_memory(error);
    return true;
}

/* All lines that are left: a plan has fewer operators than a batch has rows. */
static bool show_lines(struct analyze_state *state, struct batch *batch, struct ssql_error *error)
{
    uint32_t count = 0;

    if (!row_batch_reserve(&state->lines, BATCH_CAPACITY, error))
        return false;
    for (; state->position < state->text.size; count++) {
        assert(count < BATCH_CAPACITY);
        const uint8_t *begin = state->text.data + state->position;
        const uint8_t *end = memchr(begin, '\n', state->text.size - state->position);
        struct value line = value_string(slice_make(begin, (size_t)(end - begin)));
        row_batch_set(&state->lines, 0, count, &line);
        state->position = (size_t)(end + 1 - state->text.data);
    }
    if (count > 0)
        row_batch_show(&state->lines, count, batch);
    return true;
}

static bool analyze_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct analyze_state *state = (struct analyze_state *)self;

    batch_end(batch);
    if (!state->has_run && !run_child(state, error))
        return false;
    state->has_run = true;
    return show_lines(state, batch, error);
}

static void analyze_destroy(struct operator* self)
{
    struct analyze_state *state = (struct analyze_state *)self;

    buffer_clear(&state->text);
    row_batch_clear(&state->lines);
}

const struct operator_type analyze_operator = {.name = "analyze",
                                               .size = sizeof(struct analyze_state),
                                               .create = analyze_create,
                                               .open = analyze_open,
                                               .next = analyze_next,
                                               .destroy = analyze_destroy};
