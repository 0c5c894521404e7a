/* compaction_internal.h - what the files of compaction share:
 *   compaction_pick.c    which files to merge next, and into which level
 *   compaction.c         the merge of their rows: what is kept, and with which sequence
 *   compaction_output.c  kept rows as columns, blocks and files */
#ifndef SSQL_STORAGE_COMPACTION_INTERNAL_H
#define SSQL_STORAGE_COMPACTION_INTERNAL_H

#include "storage/scan_source.h"

struct compaction {
    struct table *table;
    struct table_version *version; /* pinned; the inputs are of it */
    struct table_file **inputs;    /* level 0 first, by level, then in key order */
    uint8_t *input_levels;
    uint32_t *input_runs; /* of level 0: inputs of one run are read one after the other */
    uint32_t input_count;
    uint32_t output_level;
    bool is_move;    /* the inputs are disjoint and meet nothing in the output level */
    bool is_private; /* the inputs are a transaction's own: the newest version of a key is kept, without a sequence */
    struct cancellation *cancellation; /* NULL: nobody waits. It is told of each row that is read */
    uint64_t oldest_snapshot;
    /* Versions up to here are the oldest of their keys wherever these may be: they are written with sequence 0, and
     * tombstones among them vanish. At most oldest_snapshot. */
    uint64_t settled_sequence;
};

/* Room for `count` inputs; what there is of it is given back by compaction_free_inputs, also after a failure. */
MUST_CHECK bool compaction_make_room(struct compaction *compaction, uint32_t count, struct ssql_error *error);
void compaction_free_inputs(struct compaction *compaction);

/* Takes the files of runs [begin, end) for inputs, each run by its number. */
void compaction_add_runs(struct compaction *compaction, const struct file_run *runs, uint32_t begin, uint32_t end);

/* Gives the inputs free for other compactions; accepts NULL. */
void compaction_destroy(struct compaction *compaction);

/* ---- output ---- */

struct output_column {
    enum ssql_type type;
    bool has_nulls;
    void *items; /* BATCH_CAPACITY */
    uint8_t *nulls;
    /* Strings: their bytes, copied, for their chunks may go before the block is written; and where each is among them.
     */
    uint8_t *bytes;
    size_t byte_count, byte_capacity;
    size_t *offsets;
    uint32_t *sizes;
};

/* A row on its way out. */
struct output_row {
    uint16_t source;
    uint16_t row;
    bool is_tombstone;
    bool begins_key; /* its key is not that of the row before it */
    uint64_t sequence;
};

struct compaction_output {
    struct engine *engine;
    struct table *table;
    struct sstable_writer_options options;
    uint64_t file_bytes; /* a file is ended beyond that size */
    struct scan_source *sources;
    uint32_t source_count;

    /* rows of the block being filled: those before `gathered` have their columns already */
    struct output_row rows[BATCH_CAPACITY];
    uint32_t row_count, gathered;
    size_t block_bytes; /* of the gathered rows, unencoded */
    uint32_t row_bytes[BATCH_CAPACITY];
    struct output_column *columns;
    uint32_t *group_start; /* as in merged_rows */
    uint16_t group_row[BATCH_CAPACITY], group_place[BATCH_CAPACITY];

    struct sstable_writer *writer;
    char name[SSTABLE_NAME_SIZE]; /* of the file being written */
    struct sstable_info *files;
    uint32_t file_count, file_capacity;
};

MUST_CHECK bool output_init(struct compaction_output *output, const struct compaction *compaction,
                            struct scan_source *sources, uint32_t source_count, uint64_t row_estimate,
                            uint64_t byte_estimate, struct ssql_error *error);
/* Reads the columns of rows that were added since the last call: before their chunks go. */
MUST_CHECK bool output_gather(struct compaction_output *output, struct ssql_error *error);
/* Writes the gathered rows when they fill a block, or whatever there is with `all`. */
MUST_CHECK bool output_write(struct compaction_output *output, bool all, struct ssql_error *error);
/* Ends the last file. */
MUST_CHECK bool output_finish(struct compaction_output *output, struct ssql_error *error);
/* Deletes the finished files: nobody knows them. */
void output_delete_files(struct compaction_output *output);
/* Abandons a file that is being written, frees everything. Also for a zeroed one. */
void output_clear(struct compaction_output *output);

#endif
