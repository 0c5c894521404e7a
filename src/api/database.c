#include <stdlib.h>
#include <string.h>

#include "api/api_internal.h"
#include "volume/volume_directory.h"
#include "volume/volume_memory.h"

static const char MEMORY_PATH[] = ":memory:";

static bool open_volume(const char *path, struct ssql_options *options, struct volume **volume)
{
    struct volume_directory_options how = {.read_only = options->read_only, .must_exist = options->must_exist};

    *volume = NULL;
    if (strcmp(path, MEMORY_PATH) != 0)
        return volume_directory_open(path, &how, volume, &options->error);
    if (options->read_only)
        return error_set(&options->error, SSQL_BAD_OPTION, NO_SPAN,
                         "a database in memory cannot be opened read-only: there is nothing to read");
    return volume_memory_create(volume, &options->error);
}

static bool open_engine(const char *path, struct ssql_options *options, struct ssql_db *db)
{
    struct volume *volume = NULL;

    return open_volume(path, options, &volume) && engine_open(volume, &options->engine, &db->engine, &options->error) &&
           catalog_create(db->engine, &db->catalog, &options->error);
}

static int database_close(struct ssql_db *db)
{
    struct ssql_error error = {.code = SSQL_OK};

    catalog_destroy(db->catalog);
    bool done = engine_close(db->engine, &error);
    free(db);
    return done ? SSQL_OK : (int)error.code;
}

int ssql_open_with(const char *path, ssql_options *options, ssql_db **db)
{
    struct ssql_options defaults;
    struct ssql_db *opened = calloc(1, sizeof *opened);

    *db = NULL;
    if (options == NULL) {
        options_init(&defaults);
        options = &defaults;
    }
    error_clear(&options->error);
    if (opened == NULL) {
        error_no_memory(&options->error);
        return SSQL_NO_MEMORY;
    }
    atomic_init(&opened->references, 1);
    opened->plan_sharing = options->plan_sharing;
    opened->allows_files = options->allows_files;
    if (!open_engine(path, options, opened)) {
        database_close(opened);
        return (int)options->error.code;
    }
    error_clear(&options->error); /* of what went well when it was tried again */
    *db = opened;
    return SSQL_OK;
}

int ssql_open(const char *path, ssql_db **db)
{
    return ssql_open_with(path, NULL, db);
}

void database_retain(struct ssql_db *db)
{
    atomic_fetch_add_explicit(&db->references, 1, memory_order_relaxed);
}

int database_release(struct ssql_db *db)
{
    if (atomic_fetch_sub_explicit(&db->references, 1, memory_order_acq_rel) > 1)
        return SSQL_OK;
    return database_close(db);
}

int ssql_close(ssql_db *db)
{
    return db == NULL ? SSQL_OK : database_release(db);
}

int ssql_db_is_read_only(ssql_db *db)
{
    return engine_is_read_only(db->engine);
}

/* ---- statistics ---- */

struct statistic {
    const char *name;
    size_t offset; /* of a uint64_t, or a size_t, in struct engine_statistics */
};

_Static_assert(sizeof(size_t) == sizeof(uint64_t), "statistics are read as 64-bit numbers");

#define STATISTIC(name, member)                                                                                        \
    {                                                                                                                  \
        name, offsetof(struct engine_statistics, member)                                                               \
    }
static const struct statistic statistics[] = {
    STATISTIC("last_sequence", last_sequence),
    STATISTIC("durable_sequence", durable_sequence),
    STATISTIC("wal_bytes", wal_bytes),
    STATISTIC("wal_segments", wal_segments),
    STATISTIC("wal_syncs", wal_syncs),
    STATISTIC("memtables", memtables),
    STATISTIC("memtable_bytes", memtable_bytes),
    STATISTIC("cache_bytes", cache_bytes),
    STATISTIC("work_bytes", work_bytes),
    STATISTIC("flushes", flushes),
    STATISTIC("compactions", compactions),
    STATISTIC("bytes_logged", bytes_logged),
    STATISTIC("bytes_flushed", written.flushed),
    STATISTIC("bytes_compacted", written.compacted),
    STATISTIC("bytes_spilled", bytes_spilled),
    STATISTIC("stall_microseconds", stalls_us),
    STATISTIC("cache_hits", cache_hits),
    STATISTIC("cache_misses", cache_misses),
    STATISTIC("filter_hits", filter_hits),
    STATISTIC("filter_misses", filter_misses),
    STATISTIC("bytes_read", bytes_read),
};
static const int statistic_count = sizeof statistics / sizeof statistics[0];

int ssql_stat(ssql_db *db, const char *name, int64_t *value)
{
    struct engine_statistics now;
    uint64_t number;

    *value = 0;
    for (int i = 0; i < statistic_count; i++) {
        if (strcmp(statistics[i].name, name) != 0)
            continue;
        engine_read_statistics(db->engine, &now);
        memcpy(&number, (const char *)&now + statistics[i].offset, sizeof number);
        *value = number > INT64_MAX ? INT64_MAX : (int64_t)number; /* some of them were read from the disk */
        return SSQL_OK;
    }
    return SSQL_BAD_OPTION;
}

const char *ssql_stat_name(int i)
{
    return i < 0 || i >= statistic_count ? NULL : statistics[i].name;
}
