/* backup_internal.h - the state of one backup, shared by backup.c (its order) and backup_files.c (what it is made of).
 */
#ifndef SSQL_STORAGE_BACKUP_INTERNAL_H
#define SSQL_STORAGE_BACKUP_INTERNAL_H

#include "storage/backup.h"
#include "storage/backup_mark.h"
#include "storage/engine_internal.h"

/* A table as it was at the backup's moment, and its files in the backup. */
struct backup_table {
    struct table *table;           /* retained */
    struct table_version *version; /* pinned */
    uint64_t created_sequence;
    struct manifest_file *files; /* by level, and in a level as the manifest orders them */
    uint32_t file_count, file_capacity;
};

struct backup {
    struct engine *engine;
    struct volume *to;
    const struct backup_options *options;
    struct cancellation *cancellation;
    struct backup_result *result;
    struct manifest *before; /* of the backup that is there; its version 0: none */
    struct backup_mark mark;

    /* the moment */
    struct manifest_header header;
    struct backup_table *tables; /* ids ascending */
    uint32_t table_count;

    struct block_cache *cache; /* readers of what is in the backup want one */
    uint8_t *piece;            /* for copying */
    bool is_begun;             /* the place is marked, and what it holds besides is ours */
    bool is_in_doubt;          /* the manifest may name what was written: nothing is deleted any more */
};

/* backup_files.c: brings the files of one table to the backup, and fills its list. */
MUST_CHECK bool backup_table_files(struct backup *backup, struct backup_table *table, struct ssql_error *error);

enum { BACKUP_PIECE_SIZE = 1 << 20 };

#endif
