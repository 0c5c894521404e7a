/* Records that are left out: counted and, when a file was named for them, written there as they stand in the input,
 * each behind a line that says why. */
#include <stdlib.h>

#include "exec/copy_load.h"

bool copy_rejects_open(struct copy_load *load, struct ssql_error *error)
{
    struct copy_rejects *rejects = &load->rejects;

    rejects->count = 0;
    if (load->plan->rejects_path == NULL)
        return true;
    /* It would take the place of its own source. */
    if (copy_input_is_at(&load->input, load->plan->rejects_path)) {
        error_set(error, SSQL_BAD_OPTION, NO_SPAN, "\"%s\" is read: rejected records cannot be written to it",
                  load->plan->rejects_path);
        error_hint(error, "the option rejects names a file of its own");
        return copy_blame(load->plan->rejects_span, error);
    }
    if (!copy_output_open(&rejects->file, &load->base.runtime->context, load->plan->rejects_path, error))
        return copy_blame(load->plan->rejects_span, error);
    rejects->is_open = true;
    return true;
}

static bool is_allowed(const struct copy_load *load, const struct ssql_error *error)
{
    if (load->rejects.count >= load->plan->rejects_most)
        return false;
    switch (error->code) {
    case SSQL_NO_MEMORY:
    case SSQL_IO:
    case SSQL_CORRUPT:
    case SSQL_DISK_FULL:
    case SSQL_INTERRUPTED:
    case SSQL_INTERNAL:
    case SSQL_CONFLICT:
    case SSQL_READ_ONLY:
    case SSQL_UNKNOWN_OUTCOME: return false;
    default: return true;
    }
}

static bool write_record(struct copy_load *load, const struct record *record, const struct ssql_error *why,
                         struct ssql_error *error)
{
    struct byte_sink sink = copy_output_sink(&load->rejects.file);
    const struct slice parts[] = {slice_of("# "), slice_of(why->message), slice_of("\n"), record_raw(record),
                                  slice_of("\n")};
    int64_t bytes = load->environment->bytes;
    bool done = true;

    for (size_t i = 0; done && i < sizeof parts / sizeof parts[0]; i++)
        done = byte_sink_write(&sink, parts[i], error);
    load->environment->bytes = bytes; /* of the input alone */
    return done;
}

static bool count_and_write(struct copy_load *load, const struct record *record, const struct ssql_error *why,
                            struct ssql_error *error)
{
    load->rejects.count++;
    load->environment->rejected = (int64_t)load->rejects.count;
    return !load->rejects.is_open || write_record(load, record, why, error);
}

bool copy_rejects_take(struct copy_load *load, const struct record *record, struct ssql_error *error)
{
    struct ssql_error why;

    if (!is_allowed(load, error))
        return false;
    why = *error;
    error_clear(error);
    return count_and_write(load, record, &why, error);
}

bool copy_rejects_keep(struct copy_load *load, uint32_t row, struct ssql_error *error)
{
    struct copy_rejects *rejects = &load->rejects;

    if (rejects->errors == NULL)
        rejects->errors = malloc(RECORD_BATCH_MOST * sizeof *rejects->errors);
    if (rejects->errors == NULL)
        return error_no_memory(error);
    if (!rejects->is_kept[row])
        rejects->errors[row] = *error;
    rejects->is_kept[row] = rejects->has_kept = true;
    error_clear(error);
    return true;
}

bool copy_rejects_finish(struct copy_load *load, struct ssql_error *error)
{
    if (!load->rejects.is_open)
        return true;
    load->rejects.is_open = false;
    return copy_output_finish(&load->rejects.file, error);
}

/* What was rejected before a failure is still worth reading, but not half of it because a disk is full. */
void copy_rejects_close(struct copy_load *load)
{
    struct ssql_error ignored;

    if (load->rejects.is_open && load->rejects.count > 0 && !load->rejects.file.has_failed)
        (void)!copy_rejects_finish(load, &ignored);
    copy_output_close(&load->rejects.file);
    load->rejects.is_open = false;
    free(load->rejects.errors);
    load->rejects.errors = NULL;
}
