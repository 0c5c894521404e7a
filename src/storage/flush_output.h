/* flush_output.h - rows in key order on their way into one or more files of a table: what flushes and spills write.
 * Life: init, add rows, finish or abandon, clear. One thread. */
#ifndef SSQL_STORAGE_FLUSH_OUTPUT_H
#define SSQL_STORAGE_FLUSH_OUTPUT_H

#include "storage/sstable_writer.h"
#include "storage/table.h"

struct flush_output {
    struct engine *engine;
    struct table *table;
    struct sstable_writer *writer; /* of the file begun last, or NULL */
    uint64_t expected_rows;
    struct sstable_info *infos; /* finished files */
    uint32_t info_count, info_capacity;
    uint32_t rows_since_step;
    uint64_t last_step_ns; /* for engine_give_way */
};

void flush_output_init(struct flush_output *output, struct table *table, uint64_t expected_rows);

/* Adds a row (row.data NULL: a tombstone), which stays as it is until the output is finished. `may_cut`: the key
 * differs from the one before, so that a file that is large enough may end there. */
MUST_CHECK bool flush_output_add(struct flush_output *output, struct slice key, struct slice row, uint64_t sequence,
                                 bool may_cut, struct ssql_error *error);
MUST_CHECK bool flush_output_finish(struct flush_output *output, struct ssql_error *error);

/* Deletes everything that was written, unless a manifest of unknown outcome might name it. */
void flush_output_abandon(struct flush_output *output);
/* Frees the infos; the files stay. */
void flush_output_clear(struct flush_output *output);

#endif
