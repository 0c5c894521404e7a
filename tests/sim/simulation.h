/* simulation.h - one simulated life of a database on the memory volume: transactions that interleave, background work
 * as steps, faults, and crashes before any operation of the volume. Everything follows from one seed.
 *
 *   main.c      seeds, time limit, the self-test with planted bugs
 *   workload.c  transactions and background steps, and what each must see
 *   crash.c     crash copies, recovery, and the comparison with what may be there
 *   content.c   tables, keys and rows, and reading them back
 *   backup.c    backups while the rest goes on
 *   scheduler.h threads whose turns, and whose time, follow from the seed
 *   plant.c     the planted bugs
 *
 * The oracle: the committed transactions form a list of states. What a power cut leaves is one of them, no older than
 * the last that was acknowledged; what a killed process leaves is no older than the last that was written. */
#ifndef SSQL_SIM_SIMULATION_H
#define SSQL_SIM_SIMULATION_H

#include <pthread.h>

#include "storage/scan.h"
#include "volume/volume_faulty.h"
#include "volume/volume_memory.h"

enum { SLOTS = 4, KEYS = 40, TRANSACTIONS = 3, STATES_MOST = 1024, CONTENT_COLUMNS = 4 };

/* What a database holds: per slot a table's id (0: none) and per key the row's number (0: absent). */
struct state {
    uint32_t table_id[SLOTS];
    uint32_t rows[SLOTS][KEYS];
};

struct history {
    struct state states[STATES_MOST];
    uint64_t sequences[STATES_MOST]; /* last sequence of the commit that made it */
    size_t count;
    size_t durable;   /* a power cut leaves this one or a later one */
    size_t written;   /* the same for a killed process */
    bool is_in_doubt; /* of the last one nobody knows whether it is there */
};

/* An open transaction and what it must see. */
struct open_transaction {
    struct transaction *transaction; /* NULL: free */
    enum transaction_kind kind;
    enum commit_wait wait;
    size_t base;         /* state of its snapshot */
    struct state now;    /* with its own writes */
    struct state marked; /* with those before the current statement */
    bool wrote[SLOTS][KEYS], read[SLOTS][KEYS];
    bool changed_table[SLOTS];
};

/* States that may be found: at least `durable` after a power cut, `written` in the copy at hand. */
struct bounds {
    size_t durable, written, highest;
};

enum { NO_STATE = -1 };

/* The backup, which is renewed, and the thread that makes it. */
struct sim_backup {
    struct volume *store; /* NULL: there is none */
    struct volume *place; /* the faulty one round it, while one is being made */
    long state;           /* that the finished backup holds; NO_STATE: there is none */
    size_t lowest;        /* the one being made holds this state or a later one */
    pthread_t thread;
    bool is_running, is_over, is_done;
    struct ssql_error error;
};

struct simulation {
    uint64_t seed;
    uint64_t random;       /* of the workload */
    uint64_t crash_random; /* of the crashes */
    struct volume *store;  /* memory; outlives the engines on it */
    struct volume *faulty; /* the engine's */
    struct engine *engine;
    struct engine_options options;
    struct history history;
    struct open_transaction open[TRANSACTIONS];
    uint32_t next_row;
    bool is_faulty;  /* a plan is in force */
    bool had_faults; /* since the engine was opened */
    bool is_verbose;
    struct sim_backup backup;
    uint64_t switch_count, backup_count, reader_count;
    uint64_t crash_count, commit_count, conflict_count, spill_count, fault_count, reopen_count;
};

/* SplitMix64. */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static inline uint64_t random_below(uint64_t *state, uint64_t limit)
{
    return random_next(state) % limit;
}

/* Prints what went wrong and the command that repeats it; ends the process with status 1. */
_Noreturn void simulation_fail(const struct simulation *simulation, const char *format, ...) PRINTF_LIKE(2, 3);

/* ---- content.c ---- */

struct content {
    struct value values[CONTENT_COLUMNS];
    char text[64];
    char payload[1024];
    uint8_t key[128];
    size_t key_size;
};
void content_layout(int slot, struct table_layout *layout);
/* The row of a key; `number` 0: its key only. */
void content_make(int slot, int key, uint32_t number, struct content *content);
/* Checks a row that was read; its number. */
uint32_t content_check(const struct simulation *simulation, int slot, const struct value *values, int *key);
enum { CONTENT_PLAIN, CONTENT_LARGE, CONTENT_NULL, CONTENT_CLASSES }; /* number % CONTENT_CLASSES */

/* Reads one table by a scan, forwards or backwards. False with an error of the volume. */
MUST_CHECK bool content_scan(const struct simulation *simulation, struct transaction *transaction, int slot,
                             uint32_t table_id, bool descending, uint32_t rows[KEYS], struct ssql_error *error);
MUST_CHECK bool content_get(const struct simulation *simulation, struct transaction *transaction, int slot,
                            uint32_t table_id, int key, uint32_t *number, struct ssql_error *error);

/* ---- crash.c ---- */

MUST_CHECK struct volume *store_create(const struct simulation *simulation);
/* A copy of the store as a crash leaves it. */
/* A handle that may only read a store, which stays open. */
MUST_CHECK struct volume *store_open_to_read(const struct simulation *simulation, struct volume *store);
struct volume *store_crash(const struct simulation *simulation, struct volume *store, uint64_t seed);
void store_destroy(struct volume *store);

/* Recovers a copy and compares; ends the process when it is wrong. Index of the state found. Takes over `copy`.
 * `depth`: how many more crashes may come during the recovery. */
size_t crash_verify(struct simulation *simulation, struct volume *copy, struct bounds bounds, int depth);
/* Reads everything the engine holds. */
void crash_read_back(const struct simulation *simulation, struct engine *engine, size_t lowest, size_t highest,
                     struct state *found);
size_t crash_find_state(const struct simulation *simulation, const struct state *found, size_t lowest, size_t highest,
                        const char *after);
/* Looks at what a crash at this moment leaves. */
void crash_here(struct simulation *simulation);
/* The hook of fault_plan: now and then lets the world end here and looks at what is left. */
void crash_before_operation(void *context);
/* The same for the place of a backup: what a crash leaves there is the new one, the one before, or none. */
void crash_before_backup_operation(void *context);
/* Looks at the backup as a crash leaves it; `state` comes back, or NO_STATE when it does not open. */
void crash_read_backup(struct simulation *simulation, uint64_t seed, long *state);
void crash_random_options(uint64_t *random, struct engine_options *options);

/* ---- workload.c ---- */

/* A failure is allowed while faults are planned, and for ever when the engine says so. */
void simulation_allow(struct simulation *simulation, const char *doing, const struct ssql_error *error);
void simulation_say(const struct simulation *simulation, const char *format, ...) PRINTF_LIKE(2, 3);
/* A whole life; everything is freed at its end. */
void simulation_run(struct simulation *simulation, uint64_t seed, bool is_verbose);

/* ---- backup.c ---- */

/* Starts a backup, or looks at one that came to its end. False: the engine has failed, and is to be opened again. */
bool backup_step(struct simulation *simulation);
/* Waits for one that is being made. */
bool backup_finish(struct simulation *simulation);
void backup_forget(struct simulation *simulation);

/* ---- plant.c ---- */

/* Whether a planted bug loses this waking of a thread. */
bool plant_loses_wakeup(void);

extern const char *const plant_names[];
/* Switches a planted bug on; false: there is none of that name. */
bool plant_switch_on(const char *name);
/* What a planted bug does to a crash copy. */
void plant_crash(struct volume *copy);

#endif
