/* volume_memory.h - a volume in memory: `:memory:` databases and tests. Keeps what was synced apart from what was not,
 * so that a test can crash it. */
#ifndef SSQL_VOLUME_VOLUME_MEMORY_H
#define SSQL_VOLUME_VOLUME_MEMORY_H

#include "volume/volume.h"

/* The bytes outlive the volume handle only through volume_memory_crash. Reserves no space for preallocated logs. */
MUST_CHECK bool volume_memory_create(struct volume **volume, struct ssql_error *error);

/* For tests: from now on keeps what is deleted, so that a crash may bring it back (a deletion is durable only with a
 * later log_create, object_finish or register_swap). */
void volume_memory_keep_deleted(struct volume *volume);

/* For tests: a second, independent volume holding what a power cut at this moment could leave: everything synced, and
 * of the rest any subset of 512-byte sectors, sizes and deleted names, chosen by `seed` (0: nothing of it; UINT64_MAX:
 * all of it, as after a killed process). A recycled log's unsynced sectors hold the old log's bytes. The first volume
 * stays as it is. */
MUST_CHECK bool volume_memory_crash(struct volume *volume, uint64_t seed, struct volume **after,
                                    struct ssql_error *error);

/* For tests: changes a byte, or cuts off the end, of a stored object, log or register (a register's value has no
 * checksum here: it is reported as VOLUME_CORRUPT once damaged). False: there is no such thing, or it is not that long.
 */
MUST_CHECK bool volume_memory_damage(struct volume *volume, const char *name, uint64_t offset, uint8_t xor_mask);
MUST_CHECK bool volume_memory_truncate(struct volume *volume, const char *name, uint64_t size);

#endif
