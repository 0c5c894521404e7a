/* Write sets that grow too large. Each spill writes one or two generations of files per table: what was written before
 * the current statement's mark, and what came after it, so that the statement neither sees its own writes nor leaves
 * them behind when it is undone. A later generation hides the earlier ones. At the commit all files join their tables
 * at level 0 in one change of the manifest, each generation with a sequence of its own. */
#include <assert.h>
#include <stdlib.h>

#include "storage/flush_output.h"
#include "storage/transaction_internal.h"

enum {
    SPILL_SHARE = 4,            /* of the memtables' budget: what one transaction may keep */
    SPILL_LEAST_BYTES = 1 << 20 /* what one that is pressed by others may keep, at least */
};

bool participant_fill_memtable(struct transaction *transaction, struct participant *participant,
                               struct ssql_error *error)
{
    const struct write_set *set = &transaction->writes;
    uint32_t index = (uint32_t)(participant - transaction->participants);

    if (participant->write_count == 0)
        return true;
    if (participant->memtable == NULL && !memtable_create(participant->table->format, &participant->memtable, error))
        return false;
    size_t before = memtable_memory_bytes(participant->memtable);
    bool is_filled = true;
    while (is_filled && participant->memtable_through < set->count) {
        uint32_t number = participant->memtable_through + 1;
        const struct pending_write *write = write_set_at(set, number);
        if (write->participant == index && write->is_key)
            is_filled = memtable_put(participant->memtable, write_set_key(set, write), write_set_row(set, write),
                                     set->spilled_through + number, error);
        participant->memtable_through += is_filled;
    }
    transaction->memtable_bytes += memtable_memory_bytes(participant->memtable) - before;
    return is_filled;
}

/* ---- files of one participant ---- */

/* What a spill writes of one table, newest generation first. */
struct spill_parts {
    struct flush_output after, before; /* the current statement's mark */
    struct table_version *spilled;     /* the participant's files to be */
    uint64_t *through;
};

static bool write_before(struct participant *participant, uint64_t mark, struct flush_output *output,
                         struct ssql_error *error)
{
    struct memtable_iterator iterator;

    memtable_iterator_init(&iterator, participant->memtable, mark, false);
    memtable_iterator_seek(&iterator, (struct slice){0});
    for (; iterator.is_valid; memtable_iterator_next(&iterator)) {
        if (!flush_output_add(output, iterator.current.key, iterator.current.row, 0, true, error))
            return false;
    }
    return flush_output_finish(output, error);
}

static bool write_after(struct participant *participant, uint64_t mark, struct flush_output *output,
                        struct ssql_error *error)
{
    struct memtable_iterator iterator;

    memtable_iterator_init(&iterator, participant->memtable, UINT64_MAX, false);
    memtable_iterator_seek(&iterator, (struct slice){0});
    for (; iterator.is_valid; memtable_iterator_next(&iterator)) {
        if (iterator.current.sequence > mark &&
            !flush_output_add(output, iterator.current.key, iterator.current.row, 0, true, error))
            return false;
    }
    return flush_output_finish(output, error);
}

/* Keys that were written in their order need no memtable to be sorted: the writes after private sequence `after`, up to
 * `through`. */
static bool write_ordered(const struct transaction *transaction, const struct participant *participant, uint64_t after,
                          uint64_t through, struct flush_output *output, struct ssql_error *error)
{
    const struct write_set *set = &transaction->writes;
    uint32_t index = (uint32_t)(participant - transaction->participants);

    for (uint64_t sequence = after + 1; sequence <= through; sequence++) {
        const struct pending_write *write = write_set_at(set, (uint32_t)(sequence - set->spilled_through));
        if (write->participant == index && write->is_key &&
            !flush_output_add(output, write_set_key(set, write), write_set_row(set, write), 0, true, error))
            return false;
    }
    return flush_output_finish(output, error);
}

/* Opens the files of one output and appends them to the list. */
static bool append_output(struct participant *participant, struct flush_output *output, uint64_t base_sequence,
                          uint64_t through, struct spill_parts *parts, struct ssql_error *error)
{
    for (uint32_t i = 0; i < output->info_count; i++) {
        struct table_file *file;
        output->infos[i].base_sequence = base_sequence;
        if (!table_file_open(participant->table, &output->infos[i], &file, error))
            return false;
        parts->through[parts->spilled->file_count[0]] = through;
        table_version_add_file(parts->spilled, 0, file);
        table_file_release(file);
    }
    return true;
}

static bool list_files(struct transaction *transaction, struct participant *participant, struct spill_parts *parts,
                       struct ssql_error *error)
{
    const struct table_version *older = participant->spilled;
    uint32_t older_count = older == NULL ? 0 : older->file_count[0];
    uint32_t count = parts->after.info_count + parts->before.info_count + older_count;

    parts->spilled = table_version_allocate(0, count);
    parts->through = malloc((count + (size_t)1) * sizeof *parts->through);
    if (parts->spilled == NULL || parts->through == NULL)
        return error_no_memory(error);
    if (!append_output(participant, &parts->after, transaction->generation + 2,
                       write_set_sequence(&transaction->writes), parts, error) ||
        !append_output(participant, &parts->before, transaction->generation + 1, transaction->mark, parts, error))
        return false;
    for (uint32_t i = 0; i < older_count; i++) {
        parts->through[parts->spilled->file_count[0]] = participant->spilled_through[i];
        table_version_add_file(parts->spilled, 0, older->files[0][i]);
    }
    table_version_find_runs(parts->spilled);
    return true;
}

static bool write_parts(struct transaction *transaction, struct participant *participant, struct spill_parts *parts,
                        struct ssql_error *error)
{
    bool has_before = transaction->mark > transaction->writes.spilled_through;
    bool has_after = transaction->mark < write_set_sequence(&transaction->writes);

    flush_output_init(&parts->after, participant->table, participant->write_count);
    flush_output_init(&parts->before, participant->table, participant->write_count);
    if (participant->highest == HIGHEST_KNOWN && participant->is_ordered && participant->memtable == NULL) {
        uint64_t first = transaction->writes.spilled_through, last = write_set_sequence(&transaction->writes);
        uint64_t mark = has_before ? transaction->mark : first;
        return (!has_before || write_ordered(transaction, participant, first, mark, &parts->before, error)) &&
               (!has_after || write_ordered(transaction, participant, mark, last, &parts->after, error)) &&
               list_files(transaction, participant, parts, error);
    }
    return participant_fill_memtable(transaction, participant, error) &&
           (!has_before || write_before(participant, transaction->mark, &parts->before, error)) &&
           (!has_after || write_after(participant, transaction->mark, &parts->after, error)) &&
           list_files(transaction, participant, parts, error);
}

static void abandon_parts(struct spill_parts *parts)
{
    table_version_release(parts->spilled);
    free(parts->through);
    flush_output_abandon(&parts->after);
    flush_output_abandon(&parts->before);
}

/* The participant goes on with its files and without its memtable, which a scan may still hold. */
static void adopt_parts(struct participant *participant, struct spill_parts *parts)
{
    table_version_release(participant->spilled);
    free(participant->spilled_through);
    participant->spilled = parts->spilled;
    participant->spilled_through = parts->through;
    memtable_release(participant->memtable);
    participant->memtable = NULL;
    participant->memtable_through = 0;
    participant->write_count = 0;
    participant->highest = HIGHEST_NONE;
    flush_output_clear(&parts->after);
    flush_output_clear(&parts->before);
}

/* ---- the spill ---- */

static void count_bytes(struct transaction *transaction)
{
    size_t bytes = write_set_bytes(&transaction->writes) + transaction->memtable_bytes;

    atomic_fetch_add(&transaction->engine->write_set_bytes, bytes - transaction->counted_bytes);
    transaction->counted_bytes = bytes;
}

bool transaction_spill(struct transaction *transaction, struct ssql_error *error)
{
    uint32_t count = transaction->participant_count;
    struct spill_parts *parts = calloc(count + (size_t)1, sizeof *parts);

    if (parts == NULL)
        return error_no_memory(error);
    bool is_written =
        engine_check_writable(transaction->engine, error) && engine_claim_epoch(transaction->engine, error);
    for (uint32_t i = 0; is_written && i < count; i++) {
        if (transaction->participants[i].write_count > 0)
            is_written = write_parts(transaction, &transaction->participants[i], &parts[i], error);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!is_written)
            abandon_parts(&parts[i]);
        else if (transaction->participants[i].write_count > 0)
            adopt_parts(&transaction->participants[i], &parts[i]);
        transaction->participants[i].memtable_through = is_written ? 0 : transaction->participants[i].memtable_through;
    }
    free(parts);
    if (!is_written)
        return false;
    transaction->generation += 2;
    transaction->is_spilled = true;
    transaction->memtable_bytes = 0;
    write_set_forget_spilled(&transaction->writes);
    count_bytes(transaction);
    for (uint32_t i = 0; is_written && i < count; i++)
        is_written = participant_merge_spilled(&transaction->participants[i], transaction->mark, UINT32_MAX, error);
    return is_written;
}

bool transaction_spill_if_large(struct transaction *transaction, struct ssql_error *error)
{
    size_t bytes = write_set_bytes(&transaction->writes) + transaction->memtable_bytes;
    size_t budget = transaction->engine->memtable_budget_bytes;

    if (bytes < SPILL_LEAST_BYTES && bytes < budget / SPILL_SHARE)
        return true;
    count_bytes(transaction);
    bool is_pressed = atomic_load_explicit(&transaction->engine->write_set_bytes, memory_order_relaxed) > budget / 2;
    return (bytes < budget / SPILL_SHARE && !is_pressed) || transaction_spill(transaction, error);
}

void participant_undo_spilled(struct participant *participant, uint64_t mark)
{
    struct table_version *spilled = participant->spilled;
    uint32_t dropped = 0;

    if (spilled == NULL)
        return;
    while (dropped < spilled->file_count[0] && participant->spilled_through[dropped] > mark)
        dropped++;
    if (dropped == 0)
        return;
    for (uint32_t i = 0; i < dropped; i++) {
        atomic_store(&spilled->files[0][i]->obsolete, true);
        table_file_release(spilled->files[0][i]);
    }
    spilled->file_count[0] -= dropped;
    memmove(spilled->files[0], spilled->files[0] + dropped, spilled->file_count[0] * sizeof *spilled->files[0]);
    memmove(participant->spilled_through, participant->spilled_through + dropped,
            spilled->file_count[0] * sizeof *participant->spilled_through);
    table_version_find_key_range(spilled);
    table_version_find_runs(spilled);
}
