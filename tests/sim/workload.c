/* Transactions and background steps, one after the other in an order that the seed decides, and what each must see. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler.h"
#include "simulation.h"

enum { LIVES = 3, STEPS = 240, CREATED_AS = 1 };

_Noreturn void simulation_fail(const struct simulation *simulation, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fprintf(stderr, "seed %llu: ", (unsigned long long)simulation->seed);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\nrepeat it: sim --seed %llu\n", (unsigned long long)simulation->seed);
    va_end(arguments);
    exit(1);
}

static uint64_t below(struct simulation *simulation, uint64_t limit)
{
    return random_below(&simulation->random, limit);
}

void simulation_say(const struct simulation *simulation, const char *format, ...)
{
    va_list arguments;

    if (!simulation->is_verbose)
        return;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

/* ---- faults ---- */

static void set_plan(struct simulation *simulation, struct fault_plan plan)
{
    plan.before = crash_before_operation;
    plan.context = simulation;
    volume_faulty_set(simulation->faulty, &plan);
}

static void set_faults(struct simulation *simulation)
{
    static const enum volume_status statuses[] = {VOLUME_UNAVAILABLE, VOLUME_NO_SPACE, VOLUME_UNKNOWN};
    struct fault_plan plan = {.fail_at = 1 + below(simulation, 40),
                              .keep_failing = below(simulation, 2) == 0,
                              .status = statuses[below(simulation, 3)],
                              .torn = below(simulation, 2) == 0,
                              .seed = random_next(&simulation->random)};

    simulation->is_faulty = simulation->had_faults = true;
    simulation->fault_count++;
    simulation_say(simulation, "faults: status %d from operation %llu", (int)plan.status,
                   (unsigned long long)plan.fail_at);
    set_plan(simulation, plan);
}

static void end_faults(struct simulation *simulation)
{
    simulation->is_faulty = false;
    set_plan(simulation, (struct fault_plan){0});
}

void simulation_allow(struct simulation *simulation, const char *doing, const struct ssql_error *error)
{
    bool is_lasting = error->code == SSQL_UNKNOWN_OUTCOME || error->code == SSQL_LOCKED;
    /* Another thread may have met the fault, and tells later. */
    bool is_late = simulation->options.background || simulation->backup.is_over;

    simulation_say(simulation, "%s: %s", doing, error->message);
    if (error->code == SSQL_OK || error->code == SSQL_INTERNAL || error->code == SSQL_CORRUPT ||
        error->message[0] == '\0')
        simulation_fail(simulation, "%s: no good error: %d %s", doing, (int)error->code, error->message);
    if (!simulation->is_faulty && !(simulation->had_faults && (is_lasting || is_late)))
        simulation_fail(simulation, "%s fails without a fault: %s", doing, error->message);
}

/* ---- history ---- */

static const struct state *newest(const struct simulation *simulation)
{
    return &simulation->history.states[simulation->history.count - 1];
}

static size_t state_at(const struct simulation *simulation, uint64_t sequence)
{
    size_t index = simulation->history.count - 1;

    while (index > 0 && simulation->history.sequences[index] > sequence)
        index--;
    return index;
}

static void acknowledge(struct simulation *simulation, size_t *bound)
{
    *bound = simulation->history.count - 1 - simulation->history.is_in_doubt;
    if (simulation->history.written < *bound)
        simulation->history.written = *bound;
}

/* ---- opening and closing ---- */

static void open_engine(struct simulation *simulation)
{
    static const enum sync_mode syncs[6] = {SYNC_FULL, SYNC_FULL, SYNC_FULL, SYNC_NORMAL, SYNC_NORMAL, SYNC_OFF};
    struct ssql_error error = {0};

    crash_random_options(&simulation->random, &simulation->options);
    simulation->options.sync = syncs[below(simulation, 6)];
    simulation->options.background = below(simulation, 2) == 0;
    if (!volume_faulty_create(simulation->store, &simulation->faulty, &error))
        simulation_fail(simulation, "out of memory");
    simulation->is_faulty = simulation->had_faults = false;
    set_plan(simulation, (struct fault_plan){0});
    if (!engine_open(simulation->faulty, &simulation->options, &simulation->engine, &error))
        simulation_fail(simulation, "the database does not open: %s", error.message);
    simulation_say(simulation, "open: memory %zu, memtable %zu, sync %d, background %d",
                   simulation->options.memory_limit_bytes, simulation->options.memtable_bytes,
                   (int)simulation->options.sync, (int)simulation->options.background);
}

/* The history begins anew with what was found. */
static void begin_history(struct simulation *simulation, const struct state *found)
{
    struct history *history = &simulation->history;

    backup_forget(simulation);
    history->states[0] = *found;
    history->sequences[0] = 0;
    history->count = 1;
    history->durable = history->written = 0;
    history->is_in_doubt = false;
}

/* Opens what is in the store and goes on from there. */
static void open_and_look(struct simulation *simulation, struct bounds bounds)
{
    struct state found;

    open_engine(simulation);
    crash_read_back(simulation, simulation->engine, bounds.written, bounds.highest, &found);
    simulation_say(simulation, "  state %zu",
                   crash_find_state(simulation, &found, bounds.written, bounds.highest, "opening again"));
    begin_history(simulation, &found);
}

static void end_transactions(struct simulation *simulation)
{
    for (int i = 0; i < TRANSACTIONS; i++) {
        transaction_destroy(simulation->open[i].transaction);
        simulation->open[i].transaction = NULL;
    }
}

static void close_engine(struct simulation *simulation)
{
    struct ssql_error error = {0};

    end_transactions(simulation);
    (void)backup_finish(simulation);
    if (engine_close(simulation->engine, &error))
        acknowledge(simulation, &simulation->history.durable);
    else
        simulation_allow(simulation, "close", &error);
    simulation->engine = NULL;
    simulation->reopen_count++;
}

static void reopen(struct simulation *simulation)
{
    simulation_say(simulation, "reopen");
    close_engine(simulation);
    const struct history *history = &simulation->history;
    open_and_look(simulation, (struct bounds){history->durable, history->written, history->count - 1});
}

/* The world ends for good; what is left is the next one. */
static void crash_and_go_on(struct simulation *simulation)
{
    struct history *history = &simulation->history;
    bool is_kill = below(simulation, 3) == 0;
    struct volume *copy =
        store_crash(simulation, simulation->store, is_kill ? UINT64_MAX : random_next(&simulation->random) / 2);
    struct bounds bounds = {history->durable, is_kill ? history->written : history->durable, history->count - 1};
    struct ssql_error ignored;

    simulation_say(simulation, "crash");
    end_transactions(simulation);
    set_plan(simulation, (struct fault_plan){0});
    volume_faulty_set(simulation->faulty, &(struct fault_plan){0});
    (void)backup_finish(simulation);
    if (!engine_close(simulation->engine, &ignored))
        simulation_say(simulation, "  close: %s", ignored.message);
    store_destroy(simulation->store);
    simulation->store = copy;
    /* What came after the crash, in the world that has ended, does not count. */
    history->durable = bounds.durable;
    history->written = bounds.written;
    open_and_look(simulation, bounds);
}

/* A lasting failure is answered by opening again. */
static bool has_failed(struct simulation *simulation, const struct ssql_error *error)
{
    if (error->code != SSQL_UNKNOWN_OUTCOME && error->code != SSQL_LOCKED)
        return false;
    end_faults(simulation);
    reopen(simulation);
    return true;
}

/* ---- transactions ---- */

static void begin(struct simulation *simulation, struct open_transaction *open)
{
    struct ssql_error error = {0};

    *open = (struct open_transaction){.kind = below(simulation, 4) == 0 ? TRANSACTION_READ : TRANSACTION_WRITE,
                                      .wait = below(simulation, 4) == 0 ? COMMIT_DEFERRED : COMMIT_DURABLE};
    if (!transaction_create(simulation->engine, &open->transaction, &error))
        simulation_fail(simulation, "out of memory");
    if (!transaction_begin(open->transaction, open->kind, open->wait, &error)) {
        transaction_destroy(open->transaction);
        open->transaction = NULL;
        simulation_allow(simulation, "begin", &error);
        has_failed(simulation, &error);
        return;
    }
    open->base = state_at(simulation, transaction_snapshot(open->transaction));
    open->now = open->marked = simulation->history.states[open->base];
    if (open->base < simulation->history.durable && open->wait == COMMIT_DURABLE)
        simulation_fail(simulation, "a transaction does not see state %zu, only state %zu", simulation->history.durable,
                        open->base);
    simulation_say(simulation, "begin %td: kind %d, state %zu", open - simulation->open, (int)open->kind, open->base);
}

/* False: the operation failed, and the transaction is over. */
static bool check(struct simulation *simulation, struct open_transaction *open, bool is_done, const char *doing,
                  const struct ssql_error *error)
{
    if (is_done)
        return true;
    simulation_allow(simulation, doing, error);
    transaction_destroy(open->transaction);
    open->transaction = NULL;
    has_failed(simulation, error);
    return false;
}

static void expect_rows(const struct simulation *simulation, const struct open_transaction *open, int slot,
                        const uint32_t *rows, const uint32_t *expected)
{
    for (int key = 0; key < KEYS; key++)
        if (rows[key] != expected[key])
            simulation_fail(simulation, "transaction %td (state %zu): slot %d, key %d: row %u instead of %u",
                            open - simulation->open, open->base, slot, key, rows[key], expected[key]);
}

static bool scan(struct simulation *simulation, struct open_transaction *open, int slot)
{
    uint32_t rows[KEYS];
    struct ssql_error error = {0};
    /* A table that this statement has created shows nothing yet. */
    static const uint32_t nothing[KEYS];
    bool is_new = open->marked.table_id[slot] != open->now.table_id[slot];

    simulation_say(simulation, "  scan %td: slot %d", open - simulation->open, slot);
    memset(open->read[slot], true, sizeof open->read[slot]);
    bool is_done = content_scan(simulation, open->transaction, slot, open->now.table_id[slot],
                                below(simulation, 2) == 0, rows, &error);
    if (is_done)
        expect_rows(simulation, open, slot, rows, is_new ? nothing : open->marked.rows[slot]);
    return check(simulation, open, is_done, "scan", &error);
}

static bool get(struct simulation *simulation, struct open_transaction *open, int slot, int key)
{
    uint32_t number = 0, expected = open->now.rows[slot][key];
    struct ssql_error error = {0};
    bool is_done = content_get(simulation, open->transaction, slot, open->now.table_id[slot], key, &number, &error);
    simulation_say(simulation, "  get %td: slot %d, key %d", open - simulation->open, slot, key);
    open->read[slot][key] |= !open->wrote[slot][key]; /* its own write, which may be taken back, depends on nothing */
    if (is_done && number != expected)
        simulation_fail(simulation, "transaction %td (state %zu): slot %d, get of key %d: row %u instead of %u",
                        open - simulation->open, open->base, slot, key, number, expected);
    return check(simulation, open, is_done, "get", &error);
}

static uint32_t fresh_row(struct simulation *simulation, bool is_large)
{
    uint32_t number = simulation->next_row += CONTENT_CLASSES;
    uint64_t class = below(simulation, 12);

    if (is_large)
        return number + CONTENT_LARGE;
    return number + (class == 0 ? CONTENT_LARGE : class < 4 ? CONTENT_NULL : CONTENT_PLAIN);
}

static bool put(struct simulation *simulation, struct open_transaction *open, int slot, int key, uint32_t number)
{
    struct content content;
    struct ssql_error error = {0};
    struct table *table = transaction_table(open->transaction, open->now.table_id[slot]);
    simulation_say(simulation, "  put %td: slot %d, key %d", open - simulation->open, slot, key);
    content_make(slot, key, number, &content);
    bool is_done = transaction_put(open->transaction, table, content.values, &error);
    if (is_done)
        open->now.rows[slot][key] = number;
    open->wrote[slot][key] = true;
    return check(simulation, open, is_done, "put", &error);
}

static bool insert(struct simulation *simulation, struct open_transaction *open, int slot, int key, uint32_t number)
{
    struct content content;
    struct ssql_error error = {0};
    struct table *table = transaction_table(open->transaction, open->now.table_id[slot]);
    simulation_say(simulation, "  insert %td: slot %d, key %d", open - simulation->open, slot, key);
    content_make(slot, key, number, &content);
    enum write_outcome outcome = transaction_insert(open->transaction, table, content.values, &error);
    if (outcome != WRITE_FAILED && (outcome == WRITE_DUPLICATE) != (open->now.rows[slot][key] != 0))
        simulation_fail(simulation, "transaction %td (state %zu): slot %d, insert of key %d: %s",
                        open - simulation->open, open->base, slot, key,
                        outcome == WRITE_DUPLICATE ? "duplicate of nothing" : "a second row");
    if (outcome == WRITE_DONE) {
        open->now.rows[slot][key] = number;
        open->wrote[slot][key] = true;
    } else {
        open->read[slot][key] |= !open->wrote[slot][key];
    }
    return check(simulation, open, outcome != WRITE_FAILED, "insert", &error);
}

static bool delete_key(struct simulation *simulation, struct open_transaction *open, int slot, int key)
{
    struct content content;
    struct ssql_error error = {0};
    struct table *table = transaction_table(open->transaction, open->now.table_id[slot]);
    simulation_say(simulation, "  delete %td: slot %d, key %d", open - simulation->open, slot, key);
    content_make(slot, key, 0, &content);
    bool is_done = transaction_delete(open->transaction, table, slice_make(content.key, content.key_size), &error);
    open->now.rows[slot][key] = 0;
    open->wrote[slot][key] = true;
    return check(simulation, open, is_done, "delete", &error);
}

static bool create(struct simulation *simulation, struct open_transaction *open, int slot)
{
    struct table_layout layout;
    struct ssql_error error = {0};
    uint32_t id = CREATED_AS;
    bool is_done;

    content_layout(slot, &layout);
    if (slot == 0)
        is_done = transaction_create_table_as(open->transaction, CREATED_AS, &layout, &error);
    else
        is_done = transaction_create_table(open->transaction, &layout, &id, &error);
    if (is_done) {
        open->now.table_id[slot] = id;
        memset(open->now.rows[slot], 0, sizeof open->now.rows[slot]);
        open->changed_table[slot] = true;
        simulation_say(simulation, "create %td: slot %d is table %u", open - simulation->open, slot, id);
    }
    return check(simulation, open, is_done, "create", &error);
}

static bool drop(struct simulation *simulation, struct open_transaction *open, int slot)
{
    struct ssql_error error = {0};
    bool is_done = transaction_drop_table(open->transaction, open->now.table_id[slot], &error);

    if (is_done) {
        simulation_say(simulation, "drop %td: table %u", open - simulation->open, open->now.table_id[slot]);
        open->now.table_id[slot] = 0;
        memset(open->now.rows[slot], 0, sizeof open->now.rows[slot]);
        open->changed_table[slot] = true;
    }
    return check(simulation, open, is_done, "drop", &error);
}

/* Many large rows: more than a transaction may keep in memory. */
static bool put_many(struct simulation *simulation, struct open_transaction *open, int slot)
{
    uint64_t count = 10 + below(simulation, 100);

    simulation_say(simulation, "bulk %td: slot %d, %llu rows", open - simulation->open, slot,
                   (unsigned long long)count);
    for (uint64_t i = 0; i < count; i++) {
        int key = (int)below(simulation, KEYS);
        bool is_done = below(simulation, 8) == 0 ? delete_key(simulation, open, slot, key)
                                                 : put(simulation, open, slot, key, fresh_row(simulation, true));
        if (!is_done)
            return false;
    }
    simulation->spill_count++;
    return true;
}

/* The engine knows no names: two transactions could each give the slot a table. */
static bool may_create(const struct simulation *simulation, const struct open_transaction *open, int slot)
{
    if (slot == 0)
        return !open->changed_table[0];
    for (int i = 0; i < TRANSACTIONS; i++)
        if (&simulation->open[i] != open && simulation->open[i].transaction != NULL &&
            simulation->open[i].changed_table[slot])
            return false;
    return newest(simulation)->table_id[slot] == simulation->history.states[open->base].table_id[slot];
}

static bool write_once(struct simulation *simulation, struct open_transaction *open)
{
    int slot = (int)below(simulation, SLOTS), key = (int)below(simulation, KEYS);

    if (open->now.table_id[slot] == 0)
        return !may_create(simulation, open, slot) || create(simulation, open, slot);
    switch (below(simulation, 24)) {
    case 0: return slot == 0 || below(simulation, 4) != 0 || drop(simulation, open, slot);
    case 1: return below(simulation, 2) != 0 || put_many(simulation, open, slot);
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 7: return delete_key(simulation, open, slot, key);
    case 8:
    case 9:
    case 10:
    case 11:
    case 12:
    case 13:
    case 14: return insert(simulation, open, slot, key, fresh_row(simulation, false));
    default: return put(simulation, open, slot, key, fresh_row(simulation, false));
    }
}

static bool read_once(struct simulation *simulation, struct open_transaction *open)
{
    int slot = (int)below(simulation, SLOTS);

    if (open->now.table_id[slot] == 0)
        return true;
    return below(simulation, 3) == 0 ? scan(simulation, open, slot)
                                     : get(simulation, open, slot, (int)below(simulation, KEYS));
}

/* One statement: some reads and writes, which may be taken back as a whole. */
static void run_statement(struct simulation *simulation, struct open_transaction *open)
{
    uint64_t mark = transaction_mark(open->transaction), count = 1 + below(simulation, 6);
    struct state before = open->now;
    bool changed_before[SLOTS], wrote_before[SLOTS][KEYS];

    memcpy(changed_before, open->changed_table, sizeof changed_before);
    memcpy(wrote_before, open->wrote, sizeof wrote_before);
    open->marked = open->now;
    for (uint64_t i = 0; i < count; i++) {
        bool is_write = open->kind == TRANSACTION_WRITE && below(simulation, 3) != 0;
        if (!(is_write ? write_once(simulation, open) : read_once(simulation, open)))
            return;
    }
    if (below(simulation, 6) == 0) {
        transaction_undo_to(open->transaction, mark);
        open->now = before;
        memcpy(open->changed_table, changed_before, sizeof changed_before);
        memcpy(open->wrote, wrote_before, sizeof wrote_before);
        open->changed_table[0] |= before.table_id[0] == 0; /* its number is not free again in this transaction */
        simulation_say(simulation, "undo %td", open - simulation->open);
    }
}

/* ---- the end of a transaction ---- */

/* The newest state with the transaction's writes over it. */
static void merge_writes(const struct simulation *simulation, const struct open_transaction *open, struct state *merged)
{
    const struct state *base = &simulation->history.states[open->base];

    *merged = *newest(simulation);
    for (int slot = 0; slot < SLOTS; slot++) {
        if (open->now.table_id[slot] != base->table_id[slot]) {
            merged->table_id[slot] = open->now.table_id[slot];
            memcpy(merged->rows[slot], open->now.rows[slot], sizeof merged->rows[slot]);
            continue;
        }
        for (int key = 0; key < KEYS; key++)
            if (open->wrote[slot][key])
                merged->rows[slot][key] = open->now.rows[slot][key];
    }
}

/* A commit must not succeed over changes of what it read. */
static void check_reads(const struct simulation *simulation, const struct open_transaction *open)
{
    const struct state *base = &simulation->history.states[open->base], *now = newest(simulation);

    for (int slot = 0; slot < SLOTS; slot++) {
        if (open->changed_table[slot] || base->table_id[slot] == 0)
            continue;
        for (int key = 0; key < KEYS; key++)
            if ((open->read[slot][key] || open->wrote[slot][key]) && base->rows[slot][key] != now->rows[slot][key])
                simulation_fail(simulation,
                                "transaction %td committed, but slot %d, key %d has changed since its snapshot",
                                open - simulation->open, slot, key);
    }
}

static void commit(struct simulation *simulation, struct open_transaction *open)
{
    struct history *history = &simulation->history;
    struct ssql_error error = {0};
    struct engine_statistics statistics;
    bool has_writes = transaction_has_writes(open->transaction);
    struct state merged;

    if (!has_writes) {
        if (!transaction_commit(open->transaction, &error))
            simulation_fail(simulation, "a commit without writes fails: %s", error.message);
        transaction_destroy(open->transaction);
        open->transaction = NULL;
        return;
    }
    merge_writes(simulation, open, &merged);
    /* From now on it may be there. */
    history->states[history->count] = merged;
    history->sequences[history->count++] = UINT64_MAX;
    bool is_done = transaction_commit(open->transaction, &error);
    if (is_done) {
        engine_read_statistics(simulation->engine, &statistics);
        history->sequences[history->count - 1] = statistics.last_sequence;
        history->count--;
        check_reads(simulation, open);
        history->count++;
        if (open->wait == COMMIT_DURABLE)
            acknowledge(simulation, simulation->options.sync == SYNC_FULL ? &history->durable : &history->written);
        simulation->commit_count++;
        simulation_say(simulation, "commit %td: state %zu", open - simulation->open, history->count - 1);
    } else if (error.code == SSQL_CONFLICT) {
        history->count--;
        simulation->conflict_count++;
        simulation_say(simulation, "conflict %td", open - simulation->open);
    } else {
        if (error.code == SSQL_UNKNOWN_OUTCOME)
            history->is_in_doubt = true;
        else
            history->count--;
        simulation_allow(simulation, "commit", &error);
    }
    transaction_destroy(open->transaction);
    open->transaction = NULL;
    if (!is_done)
        has_failed(simulation, &error);
}

/* ---- steps ---- */

static void step_transaction(struct simulation *simulation)
{
    struct open_transaction *open = &simulation->open[below(simulation, TRANSACTIONS)];

    if (open->transaction == NULL) {
        begin(simulation, open);
        return;
    }
    switch (below(simulation, 12)) {
    case 0:
    case 1:
    case 2: commit(simulation, open); break;
    case 3:
        if (below(simulation, 3) == 0) {
            transaction_destroy(open->transaction);
            open->transaction = NULL;
        }
        break;
    default: run_statement(simulation, open); break;
    }
}

static void step_engine(struct simulation *simulation, const char *doing,
                        bool (*work)(struct engine *engine, struct ssql_error *error))
{
    struct ssql_error error = {0};

    simulation_say(simulation, "%s", doing);
    if (work(simulation->engine, &error))
        return;
    simulation_allow(simulation, doing, &error);
    has_failed(simulation, &error);
}

static void step_sync(struct simulation *simulation)
{
    struct ssql_error error = {0};

    simulation_say(simulation, "sync");
    if (engine_sync(simulation->engine, &error)) {
        acknowledge(simulation, &simulation->history.durable);
        return;
    }
    simulation_allow(simulation, "sync", &error);
    has_failed(simulation, &error);
}

/* Time passes. With sync=normal a commit is durable 100 ms after it has returned. */
static void step_pass(struct simulation *simulation)
{
    uint64_t milliseconds = below(simulation, 300);
    struct history *history = &simulation->history;

    simulation_say(simulation, "%llu ms pass", (unsigned long long)milliseconds);
    scheduler_pass(milliseconds);
    if (simulation->options.sync != SYNC_NORMAL || milliseconds < 100 || simulation->had_faults)
        return;
    history->durable = history->written;
    crash_here(simulation);
}

/* A reader beside the writer sees what was written, and no half of anything. */
static void step_reader(struct simulation *simulation)
{
    const struct history *history = &simulation->history;
    struct ssql_error error = {0};
    struct engine_options options;
    struct engine *reader;
    struct state found;

    crash_random_options(&simulation->random, &options);
    if (!engine_open(store_open_to_read(simulation, simulation->store), &options, &reader, &error))
        simulation_fail(simulation, "a reader cannot open the database: %s", error.message);
    crash_read_back(simulation, reader, history->written, history->count - 1, &found);
    simulation_say(simulation, "a reader sees state %zu",
                   crash_find_state(simulation, &found, history->written, history->count - 1, "opening to read"));
    simulation->reader_count++;
    engine_close(reader, NULL);
}

static void step_backup(struct simulation *simulation)
{
    if (backup_step(simulation))
        return;
    end_faults(simulation);
    reopen(simulation);
}

static void step(struct simulation *simulation)
{
    switch (below(simulation, 64)) {
    case 0:
    case 1:
    case 2: step_engine(simulation, "flush", engine_flush); break;
    case 3: step_engine(simulation, "wait until idle", engine_wait_idle); break;
    case 4: step_engine(simulation, "compact", engine_compact); break;
    case 5:
    case 6: step_sync(simulation); break;
    case 7:
        if (below(simulation, 3) > 0)
            reopen(simulation);
        break;
    case 8:
        if (!simulation->is_faulty && below(simulation, 2) == 0)
            set_faults(simulation);
        break;
    case 9:
    case 10: step_pass(simulation); break;
    case 11:
        if (below(simulation, 3) == 0)
            step_reader(simulation);
        break;
    case 12: step_backup(simulation); break;
    default: step_transaction(simulation); break;
    }
    if (simulation->is_faulty && below(simulation, 6) == 0)
        end_faults(simulation);
    if (simulation->history.count > STATES_MOST - 8)
        reopen(simulation);
}

void simulation_run(struct simulation *simulation, uint64_t seed, bool is_verbose)
{
    struct state nothing = {0};

    simulation->seed = seed;
    simulation->random = seed;
    simulation->crash_random = seed ^ 0x5DEECE66Du;
    simulation->is_verbose = is_verbose;
    simulation->next_row = 0;
    memset(simulation->open, 0, sizeof simulation->open);
    simulation->backup = (struct sim_backup){.state = NO_STATE};
    scheduler_start(seed);
    simulation->store = store_create(simulation);
    begin_history(simulation, &nothing);
    open_engine(simulation);
    for (int life = 0; life < LIVES; life++) {
        for (int i = 0; i < STEPS; i++)
            step(simulation);
        end_faults(simulation);
        crash_and_go_on(simulation);
    }
    reopen(simulation);
    close_engine(simulation);
    backup_forget(simulation);
    store_destroy(simulation->store);
    scheduler_stop();
    simulation->switch_count += scheduler_switches();
}
