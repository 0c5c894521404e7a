/* salvage_internal.h - the state of a salvage, shared by salvage.c (its order), salvage_file.c (one file) and
 * salvage_log.c. */
#ifndef SSQL_STORAGE_SALVAGE_INTERNAL_H
#define SSQL_STORAGE_SALVAGE_INTERNAL_H

#include "storage/manifest.h"
#include "storage/memtable.h"
#include "storage/salvage.h"

struct salvage_table {
    uint32_t id;
    struct table_layout layout;
    struct row_format *format;
    struct memtable *memtable;   /* what the log holds of it; NULL: nothing */
    uint64_t flushed_sequence;   /* records up to here are in files */
    bool is_dropped;             /* by a record of the log */
    struct manifest_file *files; /* of the new database */
    uint32_t file_count, file_capacity;
};

struct salvage_source {
    char name[VOLUME_NAME_SIZE];
    uint64_t size; /* as it is, whatever it should be */
};

struct salvage {
    struct volume *from, *to;
    salvage_report *report;
    void *context;
    struct salvage_progress *progress;
    struct ssql_error *error;
    struct manifest *manifest;      /* NULL: it is lost */
    struct salvage_source *sources; /* all that is there, by name */
    uint32_t source_count, source_capacity;
    struct salvage_table *tables;
    uint32_t table_count, table_capacity;
    uint64_t epoch, next_file_number, last_sequence;
};

/* ---- salvage.c ---- */

bool salvage_find(struct salvage *salvage, enum salvage_kind kind, const char *file, uint32_t table_id,
                  const char *format, ...) PRINTF_LIKE(5, 6);
/* A lack of memory or of descriptors: nothing that was read is to blame, and the salvage cannot go on. */
bool salvage_is_hindered(const struct ssql_error *fault);
/* Something that cannot be read is lost; but salvage->error, and false, where the salvage is hindered. */
bool salvage_find_fault(struct salvage *salvage, const char *file, uint32_t table_id, const struct ssql_error *fault);
/* Keys of a table between which versions are lost, of a file (`known`, NULL: not known) at a level. */
struct salvage_gap {
    const struct sstable_info *known;
    uint32_t level;
    struct slice after, before; /* no data: none */
};
/* A loss of rows, which may leave older ones. */
bool salvage_find_gap(struct salvage *salvage, const char *file, uint32_t table_id, const struct salvage_gap *gap,
                      const char *format, ...) PRINTF_LIKE(5, 6);
const struct salvage_source *salvage_source(const struct salvage *salvage, const char *name); /* NULL: not there */
struct salvage_table *salvage_table(struct salvage *salvage, uint32_t id);                    /* NULL: not known */
MUST_CHECK bool salvage_add_table(struct salvage *salvage, uint32_t id, const struct table_layout *layout,
                                  struct salvage_table **table);
/* Room for one more file, zeroed, not counted yet; NULL with salvage->error. */
struct manifest_file *salvage_reserve_file(struct salvage *salvage, struct salvage_table *table);
/* A name for it that no database gives. */
void salvage_new_name(struct salvage *salvage, uint32_t table_id, char name[SSTABLE_NAME_SIZE]);
/* Counts a file that was written, with at least one row. */
void salvage_count_file(struct salvage *salvage, struct salvage_table *table);

/* ---- salvage_file.c ---- */

/* Brings the good blocks of a file to the new database. `known` is what the manifest says of it, or NULL. */
MUST_CHECK bool salvage_file(struct salvage *salvage, struct salvage_table *table, const struct salvage_source *source,
                             uint32_t level, const struct sstable_info *known);
/* The layout that the index of a file gives; `*is_known` is false when it gives none. */
MUST_CHECK bool salvage_read_layout(struct salvage *salvage, const struct salvage_source *source, bool *is_known,
                                    struct table_layout *layout, uint64_t *highest_sequence);

/* ---- salvage_log.c ---- */

/* Reads the log into the tables' memtables. */
MUST_CHECK bool salvage_log(struct salvage *salvage);
/* Writes these to files. */
MUST_CHECK bool salvage_write_memtables(struct salvage *salvage);

#endif
