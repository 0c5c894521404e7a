#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_internal.h"
#include "base/nearest.h"

/* ---- what values mean ---- */

static bool bad_value(const char *name, const char *value, const char *wanted, struct ssql_error *error)
{
    return error_set(error, SSQL_BAD_OPTION, NO_SPAN, "option %s is %s, not \"%s\"", name, wanted, value);
}

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit units[] = {
    {"", 1},          {"k", 1 << 10}, {"M", 1 << 20},  {"G", 1 << 30},     {"KiB", 1 << 10}, {"MiB", 1 << 20},
    {"GiB", 1 << 30}, {"kB", 1000},   {"MB", 1000000}, {"GB", 1000000000}, {"B", 1},         {"K", 1 << 10},
};

/* A number with a unit, within [least, most]. */
static bool parse_size(const char *name, const char *value, uint64_t least, uint64_t most, uint64_t *size,
                       struct ssql_error *error)
{
    char *end = NULL;

    if (!isdigit((unsigned char)value[0]))
        return bad_value(name, value, "a size such as 64MiB", error);
    errno = 0;
    unsigned long long number = strtoull(value, &end, 10);
    while (*end == ' ')
        end++;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(end, units[i].name) != 0)
            continue;
        if (errno == ERANGE || number > most / units[i].factor || number * units[i].factor < least)
            return error_set(error, SSQL_BAD_OPTION, NO_SPAN, "option %s is between %llu and %llu, not \"%s\"", name,
                             (unsigned long long)least, (unsigned long long)most, value);
        *size = number * units[i].factor;
        return true;
    }
    return bad_value(name, value, "a size such as 64MiB", error);
}

static bool parse_switch(const char *name, const char *value, bool *is_on, struct ssql_error *error)
{
    static const char *const on[] = {"on", "true", "yes", "1"};
    static const char *const off[] = {"off", "false", "no", "0"};

    for (size_t i = 0; i < 4; i++) {
        if (strcmp(value, on[i]) == 0 || strcmp(value, off[i]) == 0) {
            *is_on = strcmp(value, on[i]) == 0;
            return true;
        }
    }
    return bad_value(name, value, "on or off", error);
}

static bool parse_sync(const char *name, const char *value, enum sync_mode *mode, struct ssql_error *error)
{
    if (strcmp(value, "full") == 0)
        *mode = SYNC_FULL;
    else if (strcmp(value, "normal") == 0)
        *mode = SYNC_NORMAL;
    else if (strcmp(value, "off") == 0)
        *mode = SYNC_OFF;
    else
        return bad_value(name, value, "full, normal or off", error);
    return true;
}

/* ---- the options ---- */

enum {
    MEMORY_LIMIT_LEAST = 1 << 20,
    MEMTABLE_LEAST = 4 << 10,
    SSTABLE_LEAST = 4 << 10,
    WAL_SEGMENT_LEAST = 64 << 10,
    BLOCK_ROWS_LEAST = 16,
    BLOCK_SIZE_LEAST = 256,
    BLOCK_SIZE_MOST = 64 << 20,
    LEVEL0_FILES_LEAST = 2,
    LEVEL0_FILES_MOST = 100,
    MORSEL_ROWS_LEAST = 1,
};
static const uint64_t SIZE_MOST = (uint64_t)1 << 44;
static const uint64_t FILE_SIZE_MOST = (uint64_t)1 << 30;

static bool set_memory_limit(struct ssql_options *options, const char *name, const char *value)
{
    uint64_t size = 0;
    if (!parse_size(name, value, MEMORY_LIMIT_LEAST, SIZE_MOST, &size, &options->error))
        return false;
    options->engine.memory_limit_bytes = size;
    return true;
}

static bool set_memtable_size(struct ssql_options *options, const char *name, const char *value)
{
    uint64_t size = 0;
    if (strcmp(value, "0") != 0 && !parse_size(name, value, MEMTABLE_LEAST, SIZE_MOST, &size, &options->error))
        return false;
    options->engine.memtable_bytes = size;
    return true;
}

static bool set_sstable_size(struct ssql_options *options, const char *name, const char *value)
{
    uint64_t size = 0;
    if (!parse_size(name, value, SSTABLE_LEAST, FILE_SIZE_MOST, &size, &options->error))
        return false;
    options->engine.sstable_bytes = size;
    return true;
}

static bool set_wal_segment_size(struct ssql_options *options, const char *name, const char *value)
{
    return parse_size(name, value, WAL_SEGMENT_LEAST, FILE_SIZE_MOST, &options->engine.wal_segment_bytes,
                      &options->error);
}

static bool set_block_rows(struct ssql_options *options, const char *name, const char *value)
{
    uint64_t rows = 0;
    if (!parse_size(name, value, BLOCK_ROWS_LEAST, BATCH_CAPACITY, &rows, &options->error))
        return false;
    options->engine.block_rows = (uint32_t)rows;
    return true;
}

static bool set_block_size(struct ssql_options *options, const char *name, const char *value)
{
    uint64_t size = 0;
    if (!parse_size(name, value, BLOCK_SIZE_LEAST, BLOCK_SIZE_MOST, &size, &options->error))
        return false;
    options->engine.block_bytes = (uint32_t)size;
    return true;
}

static bool set_level0_files(struct ssql_options *options, const char *name, const char *value)
{
    uint64_t files = 0;
    if (!parse_size(name, value, LEVEL0_FILES_LEAST, LEVEL0_FILES_MOST, &files, &options->error))
        return false;
    options->engine.level0_files = (uint32_t)files;
    return true;
}

/* 0: one for each processor. */
static bool set_threads(struct ssql_options *options, const char *name, const char *value)
{
    uint64_t threads = 0;
    if (!parse_size(name, value, 0, WORKER_THREADS_MOST, &threads, &options->error))
        return false;
    options->engine.threads = (uint32_t)threads;
    return true;
}

static bool set_morsel_rows(struct ssql_options *options, const char *name, const char *value)
{
    uint64_t rows = 0;
    if (strcmp(value, "0") != 0 && !parse_size(name, value, MORSEL_ROWS_LEAST, FILE_SIZE_MOST, &rows, &options->error))
        return false;
    options->engine.morsel_rows = (uint32_t)rows;
    return true;
}

static bool set_sync(struct ssql_options *options, const char *name, const char *value)
{
    return parse_sync(name, value, &options->engine.sync, &options->error);
}

static bool set_compress(struct ssql_options *options, const char *name, const char *value)
{
    return parse_switch(name, value, &options->engine.compress, &options->error);
}

static bool set_background(struct ssql_options *options, const char *name, const char *value)
{
    return parse_switch(name, value, &options->engine.background, &options->error);
}

static bool set_readonly(struct ssql_options *options, const char *name, const char *value)
{
    return parse_switch(name, value, &options->read_only, &options->error);
}

static bool set_must_exist(struct ssql_options *options, const char *name, const char *value)
{
    return parse_switch(name, value, &options->must_exist, &options->error);
}

static bool set_allow_files(struct ssql_options *options, const char *name, const char *value)
{
    return parse_switch(name, value, &options->allows_files, &options->error);
}

static bool set_plan_sharing(struct ssql_options *options, const char *name, const char *value)
{
    static const char *const names[] = {
        [PLANS_SHARED_LATER] = "later", [PLANS_SHARED] = "always", [PLANS_NOT_SHARED] = "off"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(value, names[i]) == 0) {
            options->plan_sharing = (enum plan_sharing)i;
            return true;
        }
    }
    return bad_value(name, value, "later, always or off", &options->error);
}

static const struct option {
    const char *name;
    bool (*set)(struct ssql_options *options, const char *name, const char *value);
} all_options[] = {
    {"memory_limit", set_memory_limit},
    {"sync", set_sync},
    {"readonly", set_readonly},
    {"must_exist", set_must_exist},
    {"compress", set_compress},
    {"background", set_background},
    {"memtable_size", set_memtable_size},
    {"sstable_size", set_sstable_size},
    {"wal_segment_size", set_wal_segment_size},
    {"block_rows", set_block_rows},
    {"block_size", set_block_size},
    {"level0_files", set_level0_files},
    {"threads", set_threads},
    {"morsel_rows", set_morsel_rows},
    {"plan_sharing", set_plan_sharing},
    {"allow_files", set_allow_files},
};
static const int option_count = sizeof all_options / sizeof all_options[0];

/* ---- the calls ---- */

void options_init(struct ssql_options *options)
{
    *options = (struct ssql_options){.allows_files = true};
    engine_options_init(&options->engine);
    error_clear(&options->error);
}

int ssql_options_new(ssql_options **options)
{
    *options = malloc(sizeof **options);
    if (*options == NULL)
        return SSQL_NO_MEMORY;
    options_init(*options);
    return SSQL_OK;
}

void ssql_options_free(ssql_options *options)
{
    free(options);
}

static void fail_unknown(const char *name, struct ssql_error *error)
{
    struct nearest nearest = nearest_start(slice_of(name));

    error_set(error, SSQL_BAD_OPTION, NO_SPAN, "unknown option \"%s\"", name);
    for (int i = 0; i < option_count; i++)
        nearest_consider(&nearest, slice_of(all_options[i].name));
    if (nearest.best.data != NULL)
        error_hint(error, "did you mean \"%.*s\"?", SLICE_PRINT(nearest.best));
}

int ssql_options_set(ssql_options *options, const char *name, const char *value)
{
    error_clear(&options->error);
    for (int i = 0; i < option_count; i++) {
        if (strcmp(all_options[i].name, name) != 0)
            continue;
        all_options[i].set(options, name, value);
        return (int)options->error.code;
    }
    fail_unknown(name, &options->error);
    return (int)options->error.code;
}

const char *ssql_option_name(int i)
{
    return i < 0 || i >= option_count ? NULL : all_options[i].name;
}

const char *ssql_options_errmsg(const ssql_options *options)
{
    return options->error.message;
}

const char *ssql_options_errhint(const ssql_options *options)
{
    return options->error.hint;
}
