#include "format/name_table.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { FIRST_SLOT_COUNT = 64 };

void name_table_clear(struct name_table *table)
{
    free(table->names);
    free(table->slots);
    arena_clear(&table->arena);
    *table = (struct name_table){0};
}

/* The slot that holds the name, or the free one where it belongs. */
static uint32_t find_slot(const struct name_table *table, struct slice name)
{
    uint32_t mask = table->slot_count - 1;
    uint32_t slot = (uint32_t)XXH3_64bits(name.data, name.size) & mask;

    while (table->slots[slot] != 0 && !slice_equal(table->names[table->slots[slot] - 1], name))
        slot = (slot + 1) & mask;
    return slot;
}

uint32_t name_table_find(const struct name_table *table, struct slice name, uint32_t likely)
{
    if (likely < table->count && slice_equal(table->names[likely], name))
        return likely;
    if (table->slot_count == 0)
        return table->count;
    uint32_t position = table->slots[find_slot(table, name)];
    return position == 0 ? table->count : position - 1;
}

static void fill_slots(struct name_table *table)
{
    for (uint32_t i = 0; i < table->count; i++)
        table->slots[find_slot(table, table->names[i])] = i + 1;
}

/* At most half of the slots are taken. */
static bool grow(struct name_table *table, struct ssql_error *error)
{
    if (table->count * 2 < table->slot_count)
        return true;
    uint32_t slot_count = table->slot_count == 0 ? FIRST_SLOT_COUNT : table->slot_count * 2;
    struct slice *texts = realloc(table->names, slot_count / 2 * sizeof *texts);
    if (texts == NULL)
        return error_no_memory(error);
    table->names = texts;
    uint32_t *slots = calloc(slot_count, sizeof *slots);
    if (slots == NULL)
        return error_no_memory(error);
    free(table->slots);
    table->slots = slots;
    table->slot_count = slot_count;
    fill_slots(table);
    return true;
}

bool name_table_add(struct name_table *table, struct slice name, struct ssql_error *error)
{
    if (!grow(table, error))
        return false;
    struct slice copy = arena_copy(&table->arena, name);
    if (copy.data == NULL)
        return error_no_memory(error);
    table->slots[find_slot(table, name)] = table->count + 1;
    table->names[table->count++] = copy;
    return true;
}

void name_table_truncate(struct name_table *table, uint32_t count)
{
    if (count >= table->count)
        return;
    table->count = count;
    memset(table->slots, 0, table->slot_count * sizeof *table->slots);
    fill_slots(table);
}
