/* backup_mark.h - the register "backup" of a database that is a backup: which database it is one of, and which states
 * of it a backup has written. By it an incremental backup knows that nobody else has written there. Little-endian.
 *
 *   offset  size  field
 *        0     8  magic            "ssqlbkup"
 *        8     4  version          1
 *       12     4  reserved         0, checked
 *       16    16  source id        of the database that is backed up
 *       32    16  database id  }   of the backup as it is; zero: there is none yet
 *       48     8  epoch        }
 *       56    16  database id  }   of the backup as it is to become; zero: not known yet
 *       72     8  epoch        }
 *       80     8  checksum         XXH3-64 of bytes 0..79
 *
 * Every backup gives a database id of its own, and whoever writes to a database raises its epoch: so id and epoch say
 * whether a manifest is one that a backup wrote. The mark is written before the manifest that it announces, and again
 * after it, without the state that is no more: so an older manifest in its place is seen.
 * History: version 1 (ssql 0.1) first. */
#ifndef SSQL_STORAGE_BACKUP_MARK_H
#define SSQL_STORAGE_BACKUP_MARK_H

#include "storage/manifest.h"

#define BACKUP_MARK_NAME "backup"

struct backup_state {
    uint8_t database_id[MANIFEST_ID_SIZE];
    uint64_t epoch;
};

struct backup_mark {
    uint64_t version; /* of the register; 0: there is no mark */
    uint8_t source_id[MANIFEST_ID_SIZE];
    struct backup_state current, next;
};

/* Without a mark, all is zero. Fails with SSQL_CORRUPT, SSQL_CANNOT_OPEN (a newer one), and as the volume says. */
MUST_CHECK bool backup_mark_load(struct volume *volume, struct backup_mark *mark, struct ssql_error *error);

/* Replaces the mark of mark->version, which becomes that of the new one. */
MUST_CHECK bool backup_mark_store(struct volume *volume, struct backup_mark *mark, struct ssql_error *error);

/* Whether a manifest is the one that the mark speaks of. */
bool backup_mark_covers(const struct backup_mark *mark, const struct manifest_header *header);

#endif
