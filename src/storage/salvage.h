/* salvage.h - a new database of all that can still be proven good of a damaged one: blocks of files and records of the
 * log whose checksums are right and fit their place. Nothing is guessed, and nothing is invented.
 *
 * Every file is read from its beginning, block by block, without trusting its index or footer: a block says itself how
 * long it is, and its checksum is over its place. Behind one that is damaged the next is looked for byte by byte. The
 * good blocks become a file of the new database, at the same level and with the same sequences, so that the newest
 * version of a row wins and deleted rows stay deleted, as always. What the log holds beyond the files becomes files of
 * level 0. A lost block may have held a newer version, or the deletion, of a row that an older file still has: such
 * rows are there, and the report says where that may be.
 *
 * Without a manifest, all files that are there count, at level 0, and of the log what is newer than the files of its
 * table. One thread; memory: the largest file, and what the log holds. */
#ifndef SSQL_STORAGE_SALVAGE_H
#define SSQL_STORAGE_SALVAGE_H

#include "storage/engine.h"

enum salvage_kind {
    SALVAGE_LOST,     /* something that was there cannot be read any more */
    SALVAGE_NOTICE,   /* worth knowing; by itself no loss */
    SALVAGE_PROGRESS, /* nothing was found; one more file was read */
};

/* So far. */
struct salvage_progress {
    uint64_t file_count, byte_count, byte_total;
    uint64_t row_count; /* versions of rows of users that were kept, deletions not counted */
    uint64_t loss_count;
};

/* Borrowed by the callback. */
struct salvage_finding {
    enum salvage_kind kind;
    char file[VOLUME_NAME_SIZE]; /* within the old volume; empty: none */
    uint32_t table_id;           /* 0: none */
    char text[ERROR_MESSAGE_SIZE + 64];
    /* Rows of the table with keys in between, encoded, may be older than their last version: older files of the table
     * have keys there. No data: from the first key, to the last. */
    bool has_older;
    struct slice after, before;
    const struct salvage_progress *progress;
};

/* How many rows of a table of the new database lie between two keys, as findings give them. */
MUST_CHECK bool salvage_count_rows(struct engine *engine, uint32_t table_id, struct slice after, struct slice before,
                                   uint64_t *count, struct ssql_error *error);

/* Returns false to stop. */
typedef bool salvage_report(void *context, const struct salvage_finding *finding);

/* Reads `from` (borrowed, may be read-only) and writes to `to` (borrowed, empty and writable). True when all was read,
 * whatever was lost. Fails with SSQL_CANNOT_OPEN (there is nothing of a database), SSQL_NO_MEMORY, SSQL_INTERRUPTED
 * (the callback said so), and as writing fails: then `to` has no manifest. */
MUST_CHECK bool volume_salvage(struct volume *from, struct volume *to, salvage_report *report, void *context,
                               struct salvage_progress *progress, struct ssql_error *error);

#endif
