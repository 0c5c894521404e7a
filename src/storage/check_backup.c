/* What a check asks of a database that is a backup: its mark, and whether the manifest is one that the mark knows. */
#include "storage/backup_mark.h"
#include "storage/check_internal.h"

/* Whoever opens a backup and writes to it raises the epoch above those of the mark. Up to there the manifest is one
 * that a backup wrote, and of those only the last one counts. */
static bool is_outdated(const struct backup_mark *mark, const struct manifest_header *header)
{
    uint64_t newest = mark->next.epoch > mark->current.epoch ? mark->next.epoch : mark->current.epoch;

    return mark->version != 0 && header->epoch <= newest && !backup_mark_covers(mark, header);
}

bool check_backup_mark(struct check *check)
{
    struct ssql_error fault = {0};
    struct backup_mark mark;

    check->is_backup = backup_mark_load(check->volume, &mark, &fault) && mark.version != 0;
    if (fault.code == SSQL_CANNOT_OPEN) {
        *check->error = fault;
        return false;
    }
    if (fault.code != SSQL_OK)
        return check_find_fault(check, BACKUP_MARK_NAME, 0, "", &fault);
    check->is_backup = check->is_backup && backup_mark_covers(&mark, &check->manifest->header);
    return !is_outdated(&mark, &check->manifest->header) ||
           check_find(check, CHECK_DAMAGE, MANIFEST_NAME, -1, 0, "it is not the one that the last backup wrote");
}
