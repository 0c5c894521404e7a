/* Crashes: copies of the store as a power cut or a killed process leaves them, recovered and compared. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler.h"
#include "simulation.h"
#include "storage/manifest.h"
#include "volume/volume_internal.h"

/* ---- stores: memory volumes that outlive the engine which closes them ---- */

static struct volume_operations kept_operations;
static void (*real_close)(struct volume *volume);

static void keep_open(struct volume *volume)
{
    (void)volume;
}

static struct volume *keep(struct volume *volume)
{
    kept_operations = *volume->operations;
    if (kept_operations.close != keep_open)
        real_close = kept_operations.close;
    kept_operations.close = keep_open;
    volume->operations = &kept_operations;
    return volume;
}

struct volume *store_create(const struct simulation *simulation)
{
    struct volume *volume;
    struct ssql_error error;

    if (!volume_memory_create(&volume, &error))
        simulation_fail(simulation, "out of memory");
    volume_memory_keep_deleted(volume);
    return keep(volume);
}

static struct volume_operations reading_operations;

static bool is_not_writable(const struct volume *volume)
{
    (void)volume;
    return false;
}

struct volume *store_open_to_read(const struct simulation *simulation, struct volume *store)
{
    struct volume *volume;
    struct ssql_error error;

    if (!volume_faulty_create(store, &volume, &error))
        simulation_fail(simulation, "out of memory");
    reading_operations = *volume->operations;
    reading_operations.is_writable = is_not_writable;
    volume->operations = &reading_operations;
    return volume;
}

struct volume *store_crash(const struct simulation *simulation, struct volume *store, uint64_t seed)
{
    struct volume *copy;
    struct ssql_error error;

    if (!volume_memory_crash(store, seed, &copy, &error))
        simulation_fail(simulation, "out of memory");
    keep(copy);
    if (seed != UINT64_MAX)
        plant_crash(copy);
    return copy;
}

void store_destroy(struct volume *store)
{
    if (store != NULL)
        real_close(store);
}

void crash_random_options(uint64_t *random, struct engine_options *options)
{
    static const size_t memory_limits[] = {1, 256 << 10, 512 << 10, 2 << 20};
    static const size_t memtable_sizes[] = {0, 1, 4096, 16384, 65536};
    static const uint32_t block_rows[] = {1, 3, 8, 1024};

    engine_options_init(options);
    options->memory_limit_bytes = memory_limits[random_below(random, 4)];
    options->memtable_bytes = memtable_sizes[random_below(random, 5)];
    options->block_rows = block_rows[random_below(random, 4)];
    options->sstable_bytes = random_below(random, 2) == 0 ? 4096 : 32768;
    options->level0_files = 1 + (uint32_t)random_below(random, 4);
    options->wal_segment_bytes = random_below(random, 2) == 0 ? 4096 : 32768;
    options->compress = random_below(random, 2) == 0;
    options->background = false;
}

/* ---- reading back ---- */

static void read_table(const struct simulation *simulation, struct transaction *transaction, int slot, uint32_t id,
                       uint32_t rows[KEYS])
{
    uint32_t backwards[KEYS];
    struct ssql_error error = {0};

    if (!content_scan(simulation, transaction, slot, id, false, rows, &error) ||
        !content_scan(simulation, transaction, slot, id, true, backwards, &error))
        simulation_fail(simulation, "slot %d cannot be read back: %s", slot, error.message);
    if (memcmp(rows, backwards, KEYS * sizeof *rows) != 0)
        simulation_fail(simulation, "slot %d: forwards and backwards differ", slot);
    for (int key = 0; key < KEYS; key++) {
        uint32_t number;
        if (!content_get(simulation, transaction, slot, id, key, &number, &error))
            simulation_fail(simulation, "slot %d cannot be read back: %s", slot, error.message);
        if (number != rows[key])
            simulation_fail(simulation, "slot %d, key %d: a scan gives row %u, a get row %u", slot, key, rows[key],
                            number);
    }
}

/* Looks for every table that a slot ever had in these states, and somewhat before. */
static void read_slot(const struct simulation *simulation, struct transaction *transaction, int slot, size_t lowest,
                      size_t highest, struct state *found)
{
    uint32_t last = 0;

    for (size_t i = lowest < 8 ? 0 : lowest - 8; i <= highest; i++) {
        uint32_t id = simulation->history.states[i].table_id[slot];
        if (id == 0 || id == last || id == found->table_id[slot])
            continue;
        last = id;
        if (transaction_table(transaction, id) == NULL)
            continue;
        if (found->table_id[slot] != 0)
            simulation_fail(simulation, "slot %d: tables %u and %u are both there", slot, found->table_id[slot], id);
        found->table_id[slot] = id;
        read_table(simulation, transaction, slot, id, found->rows[slot]);
    }
}

void crash_read_back(const struct simulation *simulation, struct engine *engine, size_t lowest, size_t highest,
                     struct state *found)
{
    struct transaction *transaction;
    struct ssql_error error = {0};

    memset(found, 0, sizeof *found);
    if (!transaction_create(engine, &transaction, &error) ||
        !transaction_begin(transaction, TRANSACTION_READ, COMMIT_DURABLE, &error))
        simulation_fail(simulation, "no transaction begins: %s", error.message);
    for (int slot = 0; slot < SLOTS; slot++)
        read_slot(simulation, transaction, slot, lowest, highest, found);
    transaction_destroy(transaction);
}

static void explain(const struct simulation *simulation, const struct state *found, size_t index)
{
    const struct state *state = &simulation->history.states[index];

    for (int slot = 0; slot < SLOTS; slot++) {
        if (state->table_id[slot] != found->table_id[slot])
            fprintf(stderr, "  slot %d: table %u, in state %zu %u\n", slot, found->table_id[slot], index,
                    state->table_id[slot]);
        for (int key = 0; key < KEYS; key++)
            if (state->rows[slot][key] != found->rows[slot][key])
                fprintf(stderr, "  slot %d, key %d: row %u, in state %zu %u\n", slot, key, found->rows[slot][key],
                        index, state->rows[slot][key]);
    }
}

size_t crash_find_state(const struct simulation *simulation, const struct state *found, size_t lowest, size_t highest,
                        const char *after)
{
    for (size_t i = highest + 1; i-- > lowest;)
        if (memcmp(&simulation->history.states[i], found, sizeof *found) == 0)
            return i;
    explain(simulation, found, lowest);
    for (size_t i = lowest; i-- > 0;)
        if (memcmp(&simulation->history.states[i], found, sizeof *found) == 0)
            simulation_fail(simulation, "after %s: state %zu, but %zu was acknowledged", after, i, lowest);
    simulation_fail(simulation, "after %s: what is read back is none of the states %zu to %zu", after, lowest, highest);
}

/* ---- crash and recovery ---- */

/* Crashes during a recovery. */
struct second_crash {
    struct simulation *simulation;
    struct volume *store;
    struct bounds bounds;
    uint64_t share; /* one operation in so many */
    int depth;
};

static uint64_t crash_seed(struct simulation *simulation)
{
    switch (random_below(&simulation->crash_random, 4)) {
    case 0: return 0;
    case 1: return UINT64_MAX;
    default: return 1 + random_next(&simulation->crash_random) / 2;
    }
}

static void crash_now(struct simulation *simulation, struct volume *store, struct bounds bounds, int depth)
{
    uint64_t seed = crash_seed(simulation);

    if (seed != UINT64_MAX)
        bounds.written = bounds.durable;
    crash_verify(simulation, store_crash(simulation, store, seed), bounds, depth);
}

static void crash_again(void *context)
{
    struct second_crash *second = context;
    struct simulation *simulation = second->simulation;

    if (random_below(&simulation->crash_random, second->share) != 0)
        return;
    crash_now(simulation, second->store, second->bounds, second->depth - 1);
}

static struct engine *open_copy(struct simulation *simulation, struct second_crash *second)
{
    struct fault_plan plan = {.before = second->depth > 0 ? crash_again : NULL, .context = second};
    struct ssql_error error = {0};
    struct engine_options options;
    struct volume *faulty;
    struct engine *engine;

    crash_random_options(&simulation->crash_random, &options);
    if (!volume_faulty_create(second->store, &faulty, &error))
        simulation_fail(simulation, "out of memory");
    volume_faulty_set(faulty, &plan);
    if (!engine_open(faulty, &options, &engine, &error))
        simulation_fail(simulation, "after a crash the database does not open: %s", error.message);
    return engine;
}

size_t crash_verify(struct simulation *simulation, struct volume *copy, struct bounds bounds, int depth)
{
    struct second_crash second = {
        .simulation = simulation, .store = copy, .bounds = bounds, .share = 12, .depth = depth};
    struct ssql_error error = {0};
    struct state found;

    simulation->crash_count++;
    struct engine *engine = open_copy(simulation, &second);
    crash_read_back(simulation, engine, bounds.written, bounds.highest, &found);
    size_t index = crash_find_state(simulation, &found, bounds.written, bounds.highest, "a crash");
    /* What has been seen stays, whatever comes. */
    second.bounds = (struct bounds){index, index, index};
    switch (random_below(&simulation->crash_random, 4)) {
    case 0:
        if (!engine_compact(engine, &error))
            simulation_fail(simulation, "after a crash, compacting: %s", error.message);
        crash_read_back(simulation, engine, index, index, &found);
        crash_find_state(simulation, &found, index, index, "a crash and a compaction");
        break;
    case 1:
        if (!engine_flush(engine, &error))
            simulation_fail(simulation, "after a crash, flushing: %s", error.message);
        break;
    default: break;
    }
    if (!engine_close(engine, &error))
        simulation_fail(simulation, "after a crash, closing: %s", error.message);
    if (depth > 0 && random_below(&simulation->crash_random, 4) == 0)
        crash_now(simulation, copy, second.bounds, 0);
    store_destroy(copy);
    return index;
}

void crash_here(struct simulation *simulation)
{
    const struct history *history = &simulation->history;

    crash_now(simulation, simulation->store, (struct bounds){history->durable, history->written, history->count - 1},
              1);
}

void crash_before_operation(void *context)
{
    struct simulation *simulation = context;

    scheduler_slow_operation();
    if (random_below(&simulation->crash_random, 60) == 0)
        crash_here(simulation);
}

/* ---- backups ---- */

static bool is_database(const struct simulation *simulation, struct volume *volume)
{
    struct manifest *manifest;
    struct ssql_error error = {0};

    if (!manifest_load(volume, &manifest, &error))
        simulation_fail(simulation, "the manifest of a backup cannot be read: %s", error.message);
    bool is_there = manifest->version != 0;
    manifest_destroy(manifest);
    return is_there;
}

/* The state before, or one that the new backup may hold. */
static long find_backup_state(struct simulation *simulation, struct engine *engine)
{
    const struct sim_backup *backup = &simulation->backup;
    size_t highest = simulation->history.count - 1, lowest = backup->lowest;
    struct state found;

    if (backup->state != NO_STATE && (size_t)backup->state < lowest)
        lowest = (size_t)backup->state;
    crash_read_back(simulation, engine, lowest, highest, &found);
    if (backup->state != NO_STATE && memcmp(&simulation->history.states[backup->state], &found, sizeof found) == 0)
        return backup->state;
    return (long)crash_find_state(simulation, &found, backup->lowest, highest, "opening a backup");
}

void crash_read_backup(struct simulation *simulation, uint64_t seed, long *state)
{
    struct volume *copy = store_crash(simulation, simulation->backup.store, seed);
    struct ssql_error error = {0};
    struct engine_options options;
    struct engine *engine;

    *state = NO_STATE;
    if (is_database(simulation, copy)) {
        crash_random_options(&simulation->crash_random, &options);
        if (!engine_open(copy, &options, &engine, &error))
            simulation_fail(simulation, "a backup does not open: %s", error.message);
        *state = find_backup_state(simulation, engine);
        engine_close(engine, NULL);
    } else if (simulation->backup.state != NO_STATE) {
        simulation_fail(simulation, "the backup of state %ld is gone", simulation->backup.state);
    }
    store_destroy(copy);
}

void crash_before_backup_operation(void *context)
{
    struct simulation *simulation = context;
    long state;

    scheduler_slow_operation();
    if (random_below(&simulation->crash_random, 40) != 0)
        return;
    crash_read_backup(simulation, crash_seed(simulation), &state);
    simulation->crash_count++;
}
