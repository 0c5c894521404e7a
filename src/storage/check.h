/* check.h - reads every byte of a database that counts, and compares everything that is said twice: the manifest, the
 * tables' files (checksums and places, order of keys within and between files, zone maps, filters, counts, sequences),
 * the log's records, and what lies beside them. It works on the volume, without an engine, so that a database that
 * cannot be opened is examined too; it writes nothing and takes no lock. Beside a writer it checks what the manifest
 * named when the check began, and what replaced that meanwhile. One thread; memory of a few MiB. */
#ifndef SSQL_STORAGE_CHECK_H
#define SSQL_STORAGE_CHECK_H

#include "storage/engine.h"

enum check_kind {
    CHECK_DAMAGE,   /* something is not what it was when it was written */
    CHECK_NOTICE,   /* worth knowing, and no damage: a file that nothing names */
    CHECK_PROGRESS, /* nothing was found; one more file was read */
};

/* So far. */
struct check_progress {
    uint32_t table_count; /* of users */
    uint64_t file_count;  /* read: the manifest, sstables, segments of the log */
    uint64_t byte_count, byte_total;
    uint64_t damage_count, notice_count;
};

/* Borrowed by the callback. */
struct check_finding {
    enum check_kind kind;
    char file[VOLUME_NAME_SIZE];        /* within the volume; empty: none */
    int64_t offset;                     /* in the file; -1: not known */
    uint32_t table_id;                  /* 0: none */
    char text[ERROR_MESSAGE_SIZE + 64]; /* "block 4 at offset 81920: the checksum of a block is wrong" */
    const struct check_progress *progress;
};

/* Returns false to stop. */
typedef bool check_report(void *context, const struct check_finding *finding);

/* Checks the database on a volume (borrowed; it may be read-only). True when it was read to the end, whatever was
 * found: `progress->damage_count` tells. Fails with SSQL_CANNOT_OPEN (no ssql database, or of a newer format),
 * SSQL_NO_MEMORY, SSQL_TOO_MANY_OPEN, SSQL_INTERRUPTED (the callback said so). What cannot be read is damage. */
MUST_CHECK bool volume_check(struct volume *volume, check_report *report, void *context,
                             struct check_progress *progress, struct ssql_error *error);

/* Ids of the tables of users that an engine has now, ascending, as uint32_t in `ids`. */
MUST_CHECK bool engine_table_ids(struct engine *engine, struct buffer *ids, struct ssql_error *error);

#endif
