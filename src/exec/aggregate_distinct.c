#include "exec/aggregate_distinct.h"

enum { KEYS_LEAST = 16 }; /* kept whatever the budget says, so that every round gets on */

void distinct_set_init(struct distinct_set *set, struct engine *engine, struct memory_budget *budget)
{
    *set = (struct distinct_set){0};
    operator_memory_init(&set->memory, budget);
    spill_partitions_init(&set->partitions, engine);
}

void distinct_set_clear(struct distinct_set *set)
{
    hash_table_clear(&set->table);
    operator_memory_release(&set->memory);
    spill_reader_clear(&set->reader);
    spill_partitions_clear(&set->partitions);
    set->is_reading = false;
    set->level = 0;
}

static bool take_memory(struct distinct_set *set, size_t size)
{
    if (set->partitions.has_records)
        return false; /* full already: what is not in the table goes to the parts */
    if (operator_memory_take(&set->memory, hash_table_cost(size)))
        return true;
    if (set->table.key_count >= KEYS_LEAST)
        return false;
    operator_memory_force(&set->memory, hash_table_cost(size));
    return true;
}

enum distinct_outcome distinct_set_add(struct distinct_set *set, struct slice bytes, struct ssql_error *error)
{
    uint64_t hash = hash_bytes(bytes, set->level);

    if (hash_table_find(&set->table, hash, bytes) != HASH_NOT_FOUND)
        return DISTINCT_SEEN;
    if (!take_memory(set, bytes.size))
        return spill_partitions_add(&set->partitions, hash, bytes, error) ? DISTINCT_LATER : DISTINCT_FAILED;
    return hash_table_add(&set->table, hash, bytes, error) ? DISTINCT_NEW : DISTINCT_FAILED;
}

/* Ends a round and begins the next part, with an empty table. */
static bool begin_part(struct distinct_set *set, bool *found, struct ssql_error *error)
{
    spill_reader_clear(&set->reader);
    hash_table_clear(&set->table);
    operator_memory_release(&set->memory);
    if (!spill_partitions_finish(&set->partitions, set->level + 1, error))
        return false;
    *found = spill_partitions_take(&set->partitions, &set->reader, &set->level);
    set->is_reading = *found;
    return true;
}

bool distinct_set_next_later(struct distinct_set *set, struct slice *bytes, struct ssql_error *error)
{
    for (;;) {
        if (set->is_reading) {
            if (!spill_reader_next(&set->reader, bytes, error))
                return false;
            if (bytes->data != NULL) {
                enum distinct_outcome outcome = distinct_set_add(set, *bytes, error);
                if (outcome == DISTINCT_NEW || outcome == DISTINCT_FAILED)
                    return outcome == DISTINCT_NEW;
                continue;
            }
        }
        bool found;
        if (!begin_part(set, &found, error))
            return false;
        if (!found) {
            *bytes = slice_make(NULL, 0);
            return true;
        }
    }
}
