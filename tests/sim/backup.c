/* Backups, each in a thread of its own, while transactions, flushes, compactions and crashes go on. What is finished
 * holds one state, no older than the newest when it began; and that state is durable in the database from then on. */
#include <string.h>

#include "storage/backup.h"
#include "simulation.h"

static void *make_backup(void *argument)
{
    struct simulation *simulation = argument;
    struct sim_backup *backup = &simulation->backup;
    const struct backup_options options = {.is_incremental = backup->state != NO_STATE, .must_copy = false};
    struct backup_result result;

    backup->is_done = engine_backup_to(simulation->engine, backup->place, &options, NULL, &result, &backup->error);
    backup->is_over = true;
    return NULL;
}

static void begin(struct simulation *simulation)
{
    struct sim_backup *backup = &simulation->backup;
    struct ssql_error error;

    simulation_say(simulation, "backup");
    if (backup->store == NULL)
        backup->store = store_create(simulation);
    if (!volume_faulty_create(backup->store, &backup->place, &error))
        simulation_fail(simulation, "out of memory");
    volume_faulty_set(backup->place,
                      &(struct fault_plan){.before = crash_before_backup_operation, .context = simulation});
    backup->lowest = simulation->history.count - 1 - simulation->history.is_in_doubt;
    backup->is_over = backup->is_done = false;
    backup->error = (struct ssql_error){0};
    if (pthread_create(&backup->thread, NULL, make_backup, simulation) != 0)
        simulation_fail(simulation, "no thread for a backup");
    backup->is_running = true;
}

/* What it holds now is there for good, here and in the database. */
static void look(struct simulation *simulation)
{
    struct sim_backup *backup = &simulation->backup;
    struct history *history = &simulation->history;
    long before = backup->state, state;

    backup->state = NO_STATE; /* the one before does not count any more */
    crash_read_backup(simulation, UINT64_MAX, &state);
    if (state == NO_STATE)
        simulation_fail(simulation, "a backup is finished and not there");
    simulation_say(simulation, "  the backup holds state %ld, before %ld", state, before);
    backup->state = state;
    simulation->backup_count++;
    /* It may be of any of the states that look alike. */
    while (state > 0 && memcmp(&history->states[state - 1], &history->states[state], sizeof *history->states) == 0)
        state--;
    if (history->durable < (size_t)state)
        history->durable = (size_t)state;
    if (history->written < history->durable)
        history->written = history->durable;
}

bool backup_finish(struct simulation *simulation)
{
    struct sim_backup *backup = &simulation->backup;

    if (!backup->is_running)
        return true;
    if (pthread_join(backup->thread, NULL) != 0)
        simulation_fail(simulation, "a backup's thread cannot be joined");
    backup->is_running = false;
    volume_close(backup->place);
    backup->place = NULL;
    if (backup->is_done)
        look(simulation);
    else
        simulation_allow(simulation, "backup", &backup->error);
    return backup->is_done || (backup->error.code != SSQL_UNKNOWN_OUTCOME && backup->error.code != SSQL_LOCKED);
}

bool backup_step(struct simulation *simulation)
{
    if (simulation->backup.is_running && !simulation->backup.is_over)
        return true;
    if (!backup_finish(simulation))
        return false;
    begin(simulation);
    return true;
}

void backup_forget(struct simulation *simulation)
{
    struct sim_backup *backup = &simulation->backup;

    if (backup->store != NULL)
        store_destroy(backup->store);
    *backup = (struct sim_backup){.state = NO_STATE};
}
