/* volume_directory.h - a volume that is a directory of the local file system: the default.
 *
 *   mydb/   lock       advisory lock (fcntl OFD); holds the writer's process id and program name, for messages
 *           manifest   a register, one file each: replaced by writing aside, syncing, renaming and syncing the
 * directory wal/…      logs tables/…   objects One writing process at a time; readers beside it. */
#ifndef SSQL_VOLUME_VOLUME_DIRECTORY_H
#define SSQL_VOLUME_VOLUME_DIRECTORY_H

#include "volume/volume.h"

struct volume_directory_options {
    bool read_only;  /* opens beside a writer; never creates or changes anything */
    bool must_exist; /* otherwise an absent or empty directory becomes a volume (parents are not created) */
    bool takes_headless;   /* with read_only: opens also what has files of a database and no manifest, or a damaged one */
    bool takes_unfinished; /* opens also what a backup that came to no end has left: see volume_directory_discard */
};

/* Fails with SSQL_LOCKED naming the holder ("database is open in \"app\" (pid 4711)", hint to open it read-only),
 * SSQL_CANNOT_OPEN (absent, a file, a directory that belongs to something else: it holds files but no manifest; each
 * with its own message and hint), SSQL_READ_ONLY (no permission to write), SSQL_IO. Whether the manifest's value is an
 * ssql database of a known format is for storage to say. Nothing is created on disk before the first write. */
MUST_CHECK bool volume_directory_open(const char *path, const struct volume_directory_options *options,
                                      struct volume **volume, struct ssql_error *error);

/* A directory is marked with the register "backup" before anything else is written there: as long as it has no
 * manifest, it is then refused as an unfinished backup.
 *
 * Deletes all that is in the directory, when it has no manifest, and the directory, if this handle made it. What cannot
 * be deleted stays, still marked. The handle is good for volume_close only, afterwards. */
void volume_directory_discard(struct volume *volume);

/* Deletes the database in a directory that no handle has open: first and durably its manifest, then, where memory and
 * permissions allow, all the rest. False when the manifest is still there, or may come back. */
bool volume_directory_delete(const char *path);

#endif
