/* manifest.h - the manifest in memory, and its way to and from the volume (manifest_format.h draws the bytes).
 * Writing: begin, add each table and its files, seal, store. Reading: load, which checks everything that a later reader
 * would trust. */
#ifndef SSQL_STORAGE_MANIFEST_H
#define SSQL_STORAGE_MANIFEST_H

#include "storage/engine.h"
#include "storage/manifest_format.h"
#include "storage/sstable_writer.h"
#include "storage/wal.h"

struct manifest_file {
    uint8_t level;
    struct sstable_info info;
};

struct manifest_table {
    uint32_t id;
    uint64_t created_sequence;
    uint64_t flushed_sequence;
    struct written_bytes written;
    struct table_layout *layout;
    struct manifest_file *files;
    uint32_t file_count;
};

struct manifest_header {
    uint8_t database_id[MANIFEST_ID_SIZE];
    uint64_t epoch;
    uint64_t next_file_number;
    uint32_t next_table_id;
    uint64_t last_sequence;
    uint64_t catalog_sequence;
    uint64_t bytes_logged;
    struct written_bytes written;
};

struct manifest {
    uint64_t version;              /* of the register; 0: there is no manifest yet, all else is zero */
    char object[VOLUME_NAME_SIZE]; /* that holds it, or empty */
    struct manifest_header header;
    struct wal_run *runs;
    uint32_t run_count;
    struct manifest_table *tables;
    uint32_t table_count;
};

/* Reads the newest manifest. Fails with SSQL_CORRUPT naming the register or object, with SSQL_CANNOT_OPEN when it is no
 * ssql database or of a newer format, and as the volume says. */
MUST_CHECK bool manifest_load(struct volume *volume, struct manifest **manifest, struct ssql_error *error);
void manifest_destroy(struct manifest *manifest); /* accepts NULL */

/* Whether it names an object: a file of a table, or the one that holds the manifest itself. */
bool manifest_names(const struct manifest *manifest, const char *name);

/* From the bytes of a whole manifest; `name` is for messages. */
MUST_CHECK bool manifest_decode(struct slice bytes, const char *name, struct manifest **manifest,
                                struct ssql_error *error);

/* ---- writing: into an empty buffer, in this order; failures are kept in the buffer ---- */

void manifest_begin(struct buffer *bytes, const struct manifest_header *header, const struct wal_run *runs,
                    uint32_t run_count, uint32_t table_count);
void manifest_add_table(struct buffer *bytes, uint32_t id, uint64_t created_sequence, uint64_t flushed_sequence,
                        struct written_bytes written, const struct table_layout *layout, uint32_t file_count);
void manifest_add_file(struct buffer *bytes, uint8_t level, const struct sstable_info *info);
void manifest_seal(struct buffer *bytes);

/* Replaces the register's value, by way of an object named `object_name` when it is too large. `*version` is the
 * expected and becomes the new one; `*used_object` tells whether the object was needed. What happened is the returned
 * status: with VOLUME_UNKNOWN the swap may have been done (the object then stays). */
MUST_CHECK enum volume_status manifest_store(struct volume *volume, struct slice bytes, const char *object_name,
                                             uint64_t *version, bool *used_object, struct ssql_error *error);

#endif
