#include "exec/spill_partitions.h"

#include <stdlib.h>

void spill_partitions_init(struct spill_partitions *partitions, struct engine *engine)
{
    *partitions = (struct spill_partitions){.engine = engine};
}

void spill_partitions_clear(struct spill_partitions *partitions)
{
    for (uint32_t i = 0; i < PARTITION_COUNT; i++)
        spill_writer_clear(&partitions->writers[i]);
    while (partitions->parts != NULL) {
        struct spilled_part *part = partitions->parts;
        partitions->parts = part->next;
        spill_close(part->file);
        free(part);
    }
    partitions->has_records = false;
}

bool spill_partitions_add(struct spill_partitions *partitions, uint64_t hash, struct slice record,
                          struct ssql_error *error)
{
    partitions->has_records = true;
    /* The tables look at the low and the high bits: here it is others, so that a part is no slice of a table. */
    return spill_writer_add(&partitions->writers[hash >> 24 & (PARTITION_COUNT - 1)], partitions->engine, record,
                            error);
}

bool spill_partitions_finish(struct spill_partitions *partitions, uint32_t level, struct ssql_error *error)
{
    for (uint32_t i = 0; i < PARTITION_COUNT && partitions->has_records; i++) {
        struct spill_file *file;
        if (!spill_writer_finish(&partitions->writers[i], partitions->engine, &file, error))
            return false;
        if (file == NULL)
            continue;
        struct spilled_part *part = malloc(sizeof *part);
        if (part == NULL) {
            spill_close(file);
            return error_no_memory(error);
        }
        *part = (struct spilled_part){.next = partitions->parts, .file = file, .level = level};
        partitions->parts = part;
    }
    partitions->has_records = false;
    return true;
}

bool spill_partitions_take(struct spill_partitions *partitions, struct spill_reader *reader, uint32_t *level)
{
    struct spilled_part *part = partitions->parts;

    if (part == NULL)
        return false;
    partitions->parts = part->next;
    spill_reader_init(reader, part->file);
    *level = part->level;
    free(part);
    return true;
}
