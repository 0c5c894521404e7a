/* The threads of an engine, and how writers wait for them. Flushes and compactions that fail are tried again with a
 * growing pause; the last error is kept. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "storage/engine_internal.h"

enum {
    PAUSE_FIRST_MS = 50,
    PAUSE_LONGEST_MS = 5000,
    DROPPED_LOOK_MS = 500,    /* dropped tables are looked at again that often while a snapshot needs them */
    LEVEL0_SLOW_HALVES = 3,   /* times half of options.level0_files: writers begin to slow down … */
    LEVEL0_STOP_HALVES = 4,   /* … and stop */
    SLOWEST_NS_PER_BYTE = 40, /* what slowing down costs just before the stop */
    DEBT_SLEEP_NS = 1000000,  /* shorter sleeps take longer than asked for anyway */
    DEBT_LONGEST_NS = 20000000,
    STEP_NS = 100000, /* of background work, before others may have the processor */
};

static struct timespec after_ms(uint32_t milliseconds)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += milliseconds / 1000;
    at.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

static uint32_t longer_pause(uint32_t pause_ms)
{
    if (pause_ms == 0)
        return PAUSE_FIRST_MS;
    return pause_ms * 2 < PAUSE_LONGEST_MS ? pause_ms * 2 : PAUSE_LONGEST_MS;
}

/* ---- flush ---- */

static void *flush_loop(void *argument)
{
    struct engine *engine = argument;
    uint32_t pause_ms = 0;

    pthread_mutex_lock(&engine->background_mutex);
    while (!atomic_load(&engine->is_closing)) {
        if (engine->frozen_first == NULL || (pause_ms > 0 && atomic_load(&engine->has_failed))) {
            pthread_cond_wait(&engine->flush_wanted, &engine->background_mutex);
            continue;
        }
        struct timespec until = after_ms(pause_ms);
        while (pause_ms > 0 && !engine->flush_is_urgent && !atomic_load(&engine->is_closing)) {
            if (pthread_cond_timedwait(&engine->flush_wanted, &engine->background_mutex, &until) == ETIMEDOUT)
                break;
        }
        if (atomic_load(&engine->is_closing))
            break;
        struct ssql_error ignored; /* kept by engine_flush_frozen */
        pthread_mutex_unlock(&engine->background_mutex);
        bool is_done = engine_flush_frozen(engine, &ignored);
        pthread_mutex_lock(&engine->background_mutex);
        pause_ms = is_done ? 0 : longer_pause(pause_ms);
    }
    pthread_mutex_unlock(&engine->background_mutex);
    return NULL;
}

/* ---- compaction ---- */

/* The table whose need is greatest, retained; NULL when none is due. */
static struct table *most_urgent(struct engine *engine, enum compaction_purpose purpose)
{
    uint32_t count;
    struct table **tables = engine_copy_tables(engine, &count);
    struct table *chosen = NULL;
    double highest = 1;

    for (uint32_t i = 0; i < count; i++) {
        if (atomic_load(&tables[i]->dropped_sequence) != UINT64_MAX)
            continue;
        double urgency = compaction_urgency(tables[i], purpose);
        if (urgency >= highest) {
            highest = urgency;
            chosen = tables[i];
        }
    }
    if (chosen != NULL)
        table_retain(chosen);
    engine_release_tables(tables, count);
    return chosen;
}

static void lock_compactors(struct engine *engine, enum compaction_purpose purpose)
{
    for (uint32_t i = 0; i < COMPACT_PURPOSES; i++)
        if (purpose == COMPACT_EVERYTHING || purpose == engine->compactors[i].purpose)
            pthread_mutex_lock(&engine->compactors[i].mutex);
}

static void unlock_compactors(struct engine *engine, enum compaction_purpose purpose)
{
    for (uint32_t i = COMPACT_PURPOSES; i-- > 0;)
        if (purpose == COMPACT_EVERYTHING || purpose == engine->compactors[i].purpose)
            pthread_mutex_unlock(&engine->compactors[i].mutex);
}

/* After a compaction: others may have become possible. */
static void note_compaction(struct engine *engine)
{
    atomic_fetch_add(&engine->compactions, 1);
    pthread_mutex_lock(&engine->background_mutex);
    engine_want_compaction(engine);
    pthread_cond_broadcast(&engine->progress);
    pthread_mutex_unlock(&engine->background_mutex);
}

/* One compaction of a table; *did_some tells whether there was anything to do. `cancellation` may be NULL. */
static bool compact_once(struct engine *engine, struct table *table, enum compaction_purpose purpose,
                         struct cancellation *cancellation, bool *did_some, struct ssql_error *error)
{
    struct compaction *compaction = NULL;

    *did_some = false;
    lock_compactors(engine, purpose);
    bool is_done = engine_check_writable(engine, error) && engine_claim_epoch(engine, error) &&
                   compaction_pick(table, purpose, &compaction, error);
    if (is_done && compaction != NULL) {
        compaction_watch(compaction, cancellation);
        is_done = compaction_run(compaction, error);
        *did_some = is_done;
    }
    unlock_compactors(engine, purpose);
    if (*did_some)
        note_compaction(engine);
    return is_done;
}

static bool compact_urgent(struct engine *engine, enum compaction_purpose purpose, struct ssql_error *error)
{
    struct table *table;
    bool is_done = true, did_some = true;

    while (is_done && did_some && !atomic_load(&engine->is_closing) && (table = most_urgent(engine, purpose)) != NULL) {
        is_done = compact_once(engine, table, purpose, NULL, &did_some, error);
        table_release(table);
    }
    return is_done;
}

static bool compact_fully(struct engine *engine, struct table *table, struct cancellation *cancellation,
                          struct ssql_error *error)
{
    bool did_some = atomic_load(&table->dropped_sequence) == UINT64_MAX, is_done = true;

    while (is_done && did_some)
        is_done = compact_once(engine, table, COMPACT_EVERYTHING, cancellation, &did_some, error);
    return is_done;
}

/* Rows in the files of the tables, as one merge of each reads them. */
static int64_t count_file_rows(struct table *const *tables, uint32_t count)
{
    int64_t rows = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct table_version *version = table_acquire_version(tables[i]);
        for (uint32_t level = 0; level < LEVELS; level++)
            for (uint32_t j = 0; j < version->file_count[level]; j++)
                rows += (int64_t)version->files[level][j]->info.row_count;
        table_version_release(version);
    }
    return rows;
}

/* `table_id` EVERY_TABLE: all. */
static bool compact_tables(struct engine *engine, uint32_t table_id, struct cancellation *cancellation,
                           struct ssql_error *error)
{
    uint32_t count, first = 0;
    struct table **tables = engine_copy_tables(engine, &count);
    bool is_done = true;

    if (tables == NULL)
        return error_no_memory(error);
    uint32_t end = count;
    while (table_id != EVERY_TABLE && first < end && tables[first]->id != table_id)
        first++;
    if (table_id != EVERY_TABLE && first < end)
        end = first + 1;
    if (cancellation != NULL)
        progress_begin(cancellation->progress, "compacting", count_file_rows(tables + first, end - first));
    for (uint32_t i = first; i < end && is_done; i++)
        is_done = compact_fully(engine, tables[i], cancellation, error);
    engine_release_tables(tables, count);
    return is_done;
}

bool engine_compact_table(struct engine *engine, uint32_t table_id, struct cancellation *cancellation,
                          struct ssql_error *error)
{
    return engine_flush(engine, error) && compact_tables(engine, table_id, cancellation, error);
}

bool engine_compact_due(struct engine *engine, bool everything, struct ssql_error *error)
{
    if (everything)
        return compact_tables(engine, EVERY_TABLE, NULL, error);
    return compact_urgent(engine, COMPACT_RUNS, error) && compact_urgent(engine, COMPACT_DOWN, error);
}

void engine_want_compaction(struct engine *engine)
{
    for (uint32_t i = 0; i < COMPACT_PURPOSES; i++)
        engine->compactors[i].is_wanted = true;
    pthread_cond_broadcast(&engine->compaction_wanted);
}

/* Waits until there is something to do; false when the engine closes. Under background_mutex. */
static bool wait_for_compaction(struct compactor *compactor, uint32_t pause_ms)
{
    struct engine *engine = compactor->engine;
    bool collects = compactor->purpose == COMPACT_DOWN;

    while (!atomic_load(&engine->is_closing)) {
        struct timespec until = after_ms(pause_ms > 0 ? pause_ms : DROPPED_LOOK_MS);
        if (pause_ms == 0 && compactor->is_wanted)
            return true;
        if (pause_ms == 0 && (!collects || engine->dropped_waiting == 0))
            pthread_cond_wait(&engine->compaction_wanted, &engine->background_mutex);
        else if (pthread_cond_timedwait(&engine->compaction_wanted, &engine->background_mutex, &until) == ETIMEDOUT)
            return true;
    }
    return false;
}

static void *compaction_loop(void *argument)
{
    struct compactor *compactor = argument;
    struct engine *engine = compactor->engine;
    uint32_t pause_ms = 0;

    pthread_mutex_lock(&engine->background_mutex);
    while (wait_for_compaction(compactor, pause_ms)) {
        struct ssql_error error = {0};
        compactor->is_wanted = false;
        compactor->is_running = true;
        pthread_mutex_unlock(&engine->background_mutex);
        if (compactor->purpose == COMPACT_DOWN)
            engine_collect_dropped(engine);
        bool is_done = compact_urgent(engine, compactor->purpose, &error) || error.code == SSQL_INTERRUPTED;
        pthread_mutex_lock(&engine->background_mutex);
        compactor->is_running = false;
        compactor->error = error;
        if (is_done)
            error_clear(&compactor->error);
        pause_ms = is_done ? 0 : longer_pause(pause_ms);
        pthread_cond_broadcast(&engine->progress);
    }
    pthread_mutex_unlock(&engine->background_mutex);
    return NULL;
}

/* Under background_mutex: whether compactions are due or running, and none of them has failed. */
static bool is_compacting(const struct engine *engine)
{
    bool is_busy = false;

    for (uint32_t i = 0; i < COMPACT_PURPOSES; i++) {
        const struct compactor *compactor = &engine->compactors[i];
        if (compactor->error.code != SSQL_OK)
            return false;
        is_busy |= compactor->is_wanted || compactor->is_running;
    }
    return is_busy;
}

/* Under background_mutex: the failure of the last attempt to flush or compact, or NULL. */
static const struct ssql_error *background_failure(const struct engine *engine)
{
    if (engine->flush_error.code != SSQL_OK)
        return &engine->flush_error;
    for (uint32_t i = 0; i < COMPACT_PURPOSES; i++)
        if (engine->compactors[i].error.code != SSQL_OK)
            return &engine->compactors[i].error;
    return NULL;
}

/* ---- life ---- */

static void join_threads(struct engine *engine, uint32_t compactor_count)
{
    pthread_mutex_lock(&engine->background_mutex);
    atomic_store(&engine->is_closing, true);
    pthread_cond_broadcast(&engine->flush_wanted);
    pthread_cond_broadcast(&engine->compaction_wanted);
    pthread_cond_broadcast(&engine->progress);
    pthread_mutex_unlock(&engine->background_mutex);
    pthread_join(engine->flush_thread, NULL);
    for (uint32_t i = 0; i < compactor_count; i++)
        pthread_join(engine->compactors[i].thread, NULL);
}

static bool start_threads(struct engine *engine, struct ssql_error *error)
{
    if (pthread_create(&engine->flush_thread, NULL, flush_loop, engine) != 0)
        return error_set(error, SSQL_NO_MEMORY, NO_SPAN, "no thread could be started for flushing");
    for (uint32_t i = 0; i < COMPACT_PURPOSES; i++) {
        if (pthread_create(&engine->compactors[i].thread, NULL, compaction_loop, &engine->compactors[i]) == 0)
            continue;
        join_threads(engine, i);
        return error_set(error, SSQL_NO_MEMORY, NO_SPAN, "no thread could be started for compaction");
    }
    engine->has_threads = true;
    return true;
}

bool engine_start_background(struct engine *engine, struct ssql_error *error)
{
    sigset_t all, before;

    /* Signals are for the program's own threads. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool done = start_threads(engine, error);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return done;
}

void engine_stop_background(struct engine *engine)
{
    if (engine->has_threads)
        join_threads(engine, COMPACT_PURPOSES);
    atomic_store(&engine->is_closing, true);
    engine->has_threads = false;
}

void engine_wake_background(struct engine *engine)
{
    pthread_mutex_lock(&engine->background_mutex);
    if (engine->frozen_first != NULL)
        pthread_cond_signal(&engine->flush_wanted);
    engine_want_compaction(engine);
    pthread_mutex_unlock(&engine->background_mutex);
}

/* Whether a compactor was asked for anything since this was called last. */
static bool take_wish(struct engine *engine)
{
    bool is_wanted = false;

    pthread_mutex_lock(&engine->background_mutex);
    for (uint32_t i = 0; i < COMPACT_PURPOSES; i++) {
        is_wanted |= engine->compactors[i].is_wanted;
        engine->compactors[i].is_wanted = false;
    }
    pthread_mutex_unlock(&engine->background_mutex);
    return is_wanted;
}

void engine_work_inline(struct engine *engine)
{
    struct compactor *down = &engine->compactors[COMPACT_DOWN];
    struct ssql_error error = {0};

    pthread_mutex_lock(&engine->background_mutex);
    bool has_frozen = engine->frozen_first != NULL;
    pthread_mutex_unlock(&engine->background_mutex);
    if (has_frozen && !engine_flush_frozen(engine, &error))
        return;
    if (!take_wish(engine))
        return;
    engine_collect_dropped(engine);
    bool is_done = engine_compact_due(engine, false, &error);
    (void)take_wish(engine);
    pthread_mutex_lock(&engine->background_mutex);
    down->error = error;
    down->is_wanted = !is_done;
    if (is_done)
        error_clear(&down->error);
    pthread_mutex_unlock(&engine->background_mutex);
}

/* ---- waiting for it ---- */

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static size_t memtable_bytes(struct engine *engine)
{
    return atomic_load_explicit(&engine->frozen_bytes, memory_order_relaxed) +
           atomic_load_explicit(&engine->active_bytes, memory_order_relaxed);
}

/* Active memtables alone never fill the budget: engine_freeze_due sees to it. */
static bool is_full(struct engine *engine)
{
    return atomic_load(&engine->frozen_bytes) > 0 && memtable_bytes(engine) >= engine->memtable_budget_bytes;
}

/* Waits until flushes have made room, or one more of them has failed. */
static bool wait_for_room(struct engine *engine, struct ssql_error *error)
{
    bool has_room = true;

    pthread_mutex_lock(&engine->background_mutex);
    /* One that is under way began before the cause of an earlier failure was gone, perhaps: it does not count. */
    uint64_t wanted = engine->flush_attempts + 1 + engine->flush_is_running;
    while (is_full(engine) && !atomic_load(&engine->is_closing)) {
        /* After a lasting failure nothing is flushed any more: no progress would wake anybody. */
        const struct ssql_error *cause = atomic_load(&engine->has_failed) ? &engine->failure : &engine->flush_error;
        if ((engine->flush_attempts >= wanted || cause == &engine->failure) && cause->code != SSQL_OK) {
            has_room = false;
            if (error != NULL)
                *error = *cause;
            break;
        }
        engine->flush_is_urgent = true;
        pthread_cond_signal(&engine->flush_wanted);
        pthread_cond_wait(&engine->progress, &engine->background_mutex);
    }
    pthread_mutex_unlock(&engine->background_mutex);
    return has_room;
}

/* Waits while a table has too many overlapping files and there is hope that they get fewer. */
static void wait_for_compaction_of(struct engine *engine, const struct table *table)
{
    uint32_t stop = engine->options.level0_files * LEVEL0_STOP_HALVES / 2;

    pthread_mutex_lock(&engine->background_mutex);
    while (atomic_load(&table->level0_count) >= stop && is_compacting(engine) && !atomic_load(&engine->is_closing) &&
           !atomic_load(&engine->has_failed))
        pthread_cond_wait(&engine->progress, &engine->background_mutex);
    pthread_mutex_unlock(&engine->background_mutex);
}

static double share(double value, double from, double to)
{
    if (value <= from)
        return 0;
    return value >= to ? 1 : (value - from) / (to - from);
}

/* 0: no backlog; 1: just before the stop. */
static double pressure(struct engine *engine, const struct table *table)
{
    double budget = (double)engine->memtable_budget_bytes, half = engine->options.level0_files / 2.0;
    double memory = share((double)memtable_bytes(engine), budget / 2, budget);
    double level0 = table == NULL ? 0
                                  : share(atomic_load_explicit(&table->level0_count, memory_order_relaxed),
                                          half * LEVEL0_SLOW_HALVES, half * LEVEL0_STOP_HALVES);

    return memory > level0 ? memory : level0;
}

/* Sleeps are gathered until they are long enough to be kept. */
static void slow_down(struct engine *engine, double how_much, size_t bytes)
{
    uint64_t cost = (uint64_t)((double)bytes * how_much * SLOWEST_NS_PER_BYTE);
    uint64_t debt = atomic_fetch_add(&engine->slowdown_debt_ns, cost) + cost;

    if (debt < DEBT_SLEEP_NS || !atomic_compare_exchange_strong(&engine->slowdown_debt_ns, &debt, 0))
        return;
    struct timespec pause = {.tv_nsec = (long)(debt < DEBT_LONGEST_NS ? debt : DEBT_LONGEST_NS)};
    nanosleep(&pause, NULL);
}

void engine_give_way(struct engine *engine, const struct table *table, uint64_t *last_ns)
{
    uint64_t now = now_ns();

    if (!engine->has_threads || now < *last_ns + STEP_NS)
        return;
    if (pressure(engine, table) == 0)
        sched_yield();
    *last_ns = now_ns();
}

bool engine_admit(struct engine *engine, const struct table *table, size_t bytes, struct ssql_error *error)
{
    double how_much = pressure(engine, table);

    if (how_much == 0)
        return true;
    if (!engine->has_threads)
        return !is_full(engine) || engine_flush_frozen(engine, error);
    uint64_t began = now_ns();
    slow_down(engine, how_much, bytes);
    bool has_room = !is_full(engine) || wait_for_room(engine, error);
    if (has_room && table != NULL)
        wait_for_compaction_of(engine, table);
    atomic_fetch_add(&engine->stalls_us, (now_ns() - began) / 1000);
    return has_room;
}

bool engine_wait_idle(struct engine *engine, struct ssql_error *error)
{
    bool is_idle = true;

    if (!engine->has_threads) {
        if (engine->is_read_only)
            return true;
        return engine_flush_frozen(engine, error) && engine_compact_due(engine, false, error);
    }
    pthread_mutex_lock(&engine->background_mutex);
    for (;;) {
        const struct ssql_error *failed = background_failure(engine);
        if (failed != NULL) {
            is_idle = false;
            if (error != NULL)
                *error = *failed;
            break;
        }
        if (engine->frozen_first == NULL && !engine->flush_is_running && !is_compacting(engine))
            break;
        pthread_cond_wait(&engine->progress, &engine->background_mutex);
    }
    pthread_mutex_unlock(&engine->background_mutex);
    return is_idle;
}
