/* spill_partitions.h - rows that a hash table has no room for, divided by hash into files: rows with the same key are
 * in the same one. Each file is worked off later on its own, with another seed, which may divide it again. */
#ifndef SSQL_EXEC_SPILL_PARTITIONS_H
#define SSQL_EXEC_SPILL_PARTITIONS_H

#include "exec/spill_rows.h"

enum { PARTITION_COUNT = 16 };

/* A file that waits to be worked off. */
struct spilled_part {
    struct spilled_part *next;
    struct spill_file *file;
    uint32_t level; /* how often its rows were divided: the seed of the next hash */
};

struct spill_partitions {
    struct engine *engine;
    struct spill_writer writers[PARTITION_COUNT];
    bool has_records;           /* in the writers */
    struct spilled_part *parts; /* waiting; the deepest first, so that few files exist at a time */
};

void spill_partitions_init(struct spill_partitions *partitions, struct engine *engine);
void spill_partitions_clear(struct spill_partitions *partitions);

MUST_CHECK bool spill_partitions_add(struct spill_partitions *partitions, uint64_t hash, struct slice record,
                                     struct ssql_error *error);
/* What the writers hold becomes waiting parts of `level`. */
MUST_CHECK bool spill_partitions_finish(struct spill_partitions *partitions, uint32_t level, struct ssql_error *error);
/* The next waiting part; false: none. The reader owns the file. */
bool spill_partitions_take(struct spill_partitions *partitions, struct spill_reader *reader, uint32_t *level);

#endif
