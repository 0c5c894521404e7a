/* check_internal.h - the state of one check, shared by check.c (manifest, files), check_log.c and check_stray.c (what
 * nothing names). */
#ifndef SSQL_STORAGE_CHECK_INTERNAL_H
#define SSQL_STORAGE_CHECK_INTERNAL_H

#include "storage/block_cache.h"
#include "storage/check.h"
#include "storage/manifest.h"

#define MANIFEST_NAME "manifest"

struct check {
    struct volume *volume;
    struct block_cache *cache; /* readers want one; the check reads past it */
    check_report *report;
    void *context;
    struct check_progress *progress;
    struct ssql_error *error; /* why the check cannot go on */
    struct manifest *manifest;
    struct wal_recovery log; /* the segments that count */
    struct buffer checked;   /* names of files that need no second look, each terminated */
    bool is_behind;          /* a writer has replaced a file: the newer manifest is to be checked too */
};

/* Reports one thing, and returns whether to go on; if not, check->error is set. `offset` -1: none. */
bool check_find(struct check *check, enum check_kind kind, const char *file, int64_t offset, uint32_t table_id,
                const char *text);
/* The same of a failure: its place and its reason are taken from the message. `place` ("block 4", or "") goes first.
 * One that is no property of the file (out of memory) ends the check. */
bool check_find_fault(struct check *check, const char *file, uint32_t table_id, const char *place,
                      const struct ssql_error *fault);

/* check_log.c: reads the runs that the manifest names. */
bool check_log(struct check *check);

/* check_stray.c: what the manifest does not name, and whether there is a newer one than it. Loads it anew. */
bool check_stray_files(struct check *check);

/* Loads the newest manifest. `*is_there` is false when it is damaged, which is reported. */
bool check_load_manifest(struct check *check, bool *is_there);

/* The epoch and the counter that end a name: `…epoch-number`, perhaps with the suffix of an unfinished file. */
bool check_name_numbers(const char *name, uint64_t *epoch, uint64_t *number);

/* Whether the newest manifest is another than the one that is being checked. */
bool check_manifest_changed(struct check *check);

#endif
