/* Files and logs that the manifest does not name. Most are left over and no harm; some tell that the manifest is older
 * than it should be. The mark of a backup tells the same. */
#include <stdio.h>

#include "storage/backup_mark.h"
#include "storage/check_internal.h"
#include "storage/wal.h"

enum { ATTEMPTS_BESIDE_BACKUP = 20 };

struct stray_files {
    struct check *check;
    struct backup_mark mark;
    struct buffer names; /* each terminated */
};

/* ---- the mark of a backup ---- */

/* Whoever opens a backup and writes to it raises the epoch above those of the mark. Up to there the manifest is one
 * that a backup wrote, and of those only the last one counts. */
static bool is_outdated(const struct backup_mark *mark, const struct manifest_header *header)
{
    uint64_t newest = mark->next.epoch > mark->current.epoch ? mark->next.epoch : mark->current.epoch;

    return mark->version != 0 && header->epoch <= newest && !backup_mark_covers(mark, header);
}

static bool fail_to_load(struct check *check, const struct ssql_error *fault)
{
    if (fault->code != SSQL_CANNOT_OPEN)
        return check_find_fault(check, BACKUP_MARK_NAME, 0, "", fault);
    *check->error = *fault;
    return false;
}

/* Loads the mark and the newest manifest. Beside a backup at work they fit when the mark has not changed meanwhile. */
static bool load_both(struct check *check, struct backup_mark *mark, bool *is_there)
{
    struct backup_mark after;
    struct ssql_error fault;

    for (int attempt = 0; attempt < ATTEMPTS_BESIDE_BACKUP; attempt++) {
        bool is_loaded = backup_mark_load(check->volume, mark, &fault);
        if (!check_load_manifest(check, is_there))
            return false;
        if (!is_loaded)
            return fail_to_load(check, &fault);
        if (!backup_mark_load(check->volume, &after, &fault))
            return fail_to_load(check, &fault);
        if (after.version == mark->version)
            return true;
    }
    return error_set(check->error, SSQL_IO, NO_SPAN, "the backup changed %d times while it was being checked",
                     ATTEMPTS_BESIDE_BACKUP);
}

static bool check_mark(struct check *check, const struct backup_mark *mark)
{
    return !is_outdated(mark, &check->manifest->header) ||
           check_find(check, CHECK_DAMAGE, MANIFEST_NAME, -1, 0, "it is not the one that the last backup wrote");
}

/* ---- which names are stray ---- */

static bool is_log(const char *name)
{
    return strncmp(name, "wal/", 4) == 0;
}

static bool is_of_the_log(const struct check *check, const char *name)
{
    uint64_t epoch, number;

    if (!check_name_numbers(name, &epoch, &number))
        return false;
    for (uint32_t i = 0; i < check->manifest->run_count; i++) {
        const struct wal_run *run = &check->manifest->runs[i];
        if (run->epoch == epoch && number >= run->first_segment && (!run->has_end || number <= run->end_segment))
            return true;
    }
    return false;
}

static bool is_stray(const struct check *check, const char *name)
{
    if (strncmp(name, "tables/", 7) == 0)
        return !manifest_names(check->manifest, name);
    return is_log(name) && !is_of_the_log(check, name);
}

static bool note_stray(void *context, const char *name, uint64_t size)
{
    struct stray_files *stray = context;

    (void)size;
    if (is_stray(stray->check, name))
        buffer_append(&stray->names, name, strlen(name) + 1);
    return !stray->names.failed;
}

/* ---- what they tell ---- */

static bool end_at_record(void *context, const struct wal_record *record, struct ssql_error *error)
{
    (void)record;
    *(bool *)context = true;
    return error_set(error, SSQL_INTERRUPTED, NO_SPAN, "one record is enough");
}

/* A log is there before the manifest names it, and takes no record before that: one without is what a crash between
 * the two leaves, also when its header has not come to the disk. False: check->error is set. */
static bool has_record(struct check *check, uint64_t epoch, uint64_t number, bool *has_any)
{
    const struct wal_run run = {.epoch = epoch, .first_segment = number};
    struct wal_recovery found = {0};
    struct ssql_error fault = {0};

    *has_any = false;
    bool is_read = wal_recover(check->volume, &run, 1, false, end_at_record, has_any, &found, &fault);
    *has_any = *has_any || (!is_read && found.segment_count > 0);
    wal_recovery_clear(&found);
    if (fault.code != SSQL_NO_MEMORY && fault.code != SSQL_TOO_MANY_OPEN)
        return true;
    *check->error = fault;
    return false;
}

/* Every opening enters its epoch in the manifest before it makes a file or commits. Only a backup that has begun to
 * renew one brings files first. */
static bool find_newer(const struct stray_files *stray, const char *name, bool *is_newer)
{
    struct check *check = stray->check;
    uint64_t epoch, number;

    *is_newer = check_name_numbers(name, &epoch, &number) && epoch > check->manifest->header.epoch;
    if (!*is_newer)
        return true;
    if (is_log(name)) {
        bool is_read = has_record(check, epoch, number, is_newer);
        *is_newer = *is_newer && !check_manifest_changed(check); /* an opening has named it meanwhile */
        return is_read;
    }
    *is_newer = !backup_mark_covers(&stray->mark, &check->manifest->header);
    return true;
}

static bool report_stray(const struct stray_files *stray, const char *name)
{
    bool is_newer;

    if (!find_newer(stray, name, &is_newer))
        return false;
    if (is_newer)
        return check_find(stray->check, CHECK_DAMAGE, MANIFEST_NAME, -1, 0,
                          "it is older than files that are there: a later opening than it knows of made them");
    return check_find(stray->check, CHECK_NOTICE, name, -1, 0,
                      "nothing names it: it is left over, or a writer at work is using it");
}

/* Listed first, then compared with the newest manifest: what a writer makes meanwhile is not listed, or named there. */
bool check_stray_files(struct check *check)
{
    struct stray_files stray = {.check = check};
    struct ssql_error fault;
    bool goes_on = true, is_there = true;

    enum volume_status status = volume_list(check->volume, note_stray, &stray, &fault);
    if (stray.names.failed)
        goes_on = error_no_memory(check->error);
    else if (status != VOLUME_OK)
        goes_on = check_find_fault(check, "", 0, "", &fault);
    goes_on = goes_on && load_both(check, &stray.mark, &is_there);
    if (goes_on && is_there)
        goes_on = check_mark(check, &stray.mark);
    for (size_t i = 0; goes_on && is_there && i < stray.names.size;
         i += strlen((const char *)stray.names.data + i) + 1) {
        const char *name = (const char *)stray.names.data + i;
        if (is_stray(check, name))
            goes_on = report_stray(&stray, name);
    }
    buffer_clear(&stray.names);
    return goes_on;
}
