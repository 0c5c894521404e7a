/* backup_plan.h - what a backup statement is to do. Part of a plan; immutable. */
#ifndef SSQL_PLAN_BACKUP_PLAN_H
#define SSQL_PLAN_BACKUP_PLAN_H

#include <stdbool.h>

struct backup_plan {
    const char *path;
    bool is_incremental;
    bool must_copy;
};

/* Of its one row, all ints: files, linked, copied, written, kept, bytes. */
enum { BACKUP_COLUMNS = 6 };

#endif
