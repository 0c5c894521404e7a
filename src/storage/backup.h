/* backup.h - a copy of an open database, made while its writers go on.
 *
 * What it holds: every commit up to one moment, nothing of any later one. At that moment, under the commit lock, the
 * version of every table is pinned: its files, which never change, and its memtables, which are read at that moment's
 * sequence. The files are linked into the backup, or copied and checked; what only the memtables hold is written to
 * files of the backup's own. So the backup needs no log.
 *
 * When it counts: the backup's manifest is written last, when all that it names is durable. A directory without one is
 * refused as an unfinished backup (the register "backup", its mark, is the first thing that is written there: see
 * backup_mark.h). Threads: any; several backups of an engine may run, each to a place of its own.
 * Design: docs/backup.md. */
#ifndef SSQL_STORAGE_BACKUP_H
#define SSQL_STORAGE_BACKUP_H

#include "base/cancellation.h"
#include "storage/engine.h"

struct backup_options {
    /* Where there is a backup of this database that nobody has written to, files that it has are kept, and it becomes
     * one of now; where there is none, one is made. Otherwise a place that holds a database is refused. */
    bool is_incremental;
    bool must_copy; /* nothing is linked: the backup shares no block of the disk with the database */
};

/* What a backup is made of. */
struct backup_result {
    uint64_t file_count; /* all of them, the following together */
    uint64_t linked_count, copied_count, written_count;
    uint64_t kept_count; /* that were in the backup already */
    uint64_t byte_count; /* of all files */
    uint64_t sequence;   /* of the last commit in it */
};

/* Backs up to a directory, which is made, or is empty, or holds an unfinished backup; see also is_incremental.
 * `cancellation` may be NULL; what is being done is "backing up", in bytes. Fails with SSQL_CANNOT_OPEN (the place is
 * taken), SSQL_CORRUPT (a file that had to be copied is damaged: its place is in the message), SSQL_INTERRUPTED,
 * SSQL_DISK_FULL, SSQL_IO, and with SSQL_UNKNOWN_OUTCOME when the last step may or may not have happened. But for that,
 * a failure leaves nothing behind, and a backup that was there as it was. */
MUST_CHECK bool engine_backup(struct engine *engine, const char *path, const struct backup_options *options,
                              struct cancellation *cancellation, struct backup_result *result,
                              struct ssql_error *error);

/* The same to an open volume, which stays the caller's. After a failure it may still hold the mark. */
MUST_CHECK bool engine_backup_to(struct engine *engine, struct volume *to, const struct backup_options *options,
                                 struct cancellation *cancellation, struct backup_result *result,
                                 struct ssql_error *error);

#endif
