#include "exec/parallel_scan.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "exec/row_columns.h"

enum { SLOTS_PER_THREAD = 4 }; /* morsels that are being read, or were and are not taken yet */

/* What one thread has for itself. */
struct scan_worker {
    struct expression_environment environment;
    struct scan_reader reader;
};

enum slot_state {
    SLOT_FREE,
    SLOT_BUSY,   /* a thread is at its morsel */
    SLOT_DONE,   /* rows: all of its morsel's */
    SLOT_REREAD, /* what it has is of no use: the budget had no room for more, or it was interrupted */
    SLOT_FAILED, /* rows before the failure, and the error */
};

/* One morsel on its way. */
struct scan_slot {
    enum slot_state state;
    struct row_columns rows;
    struct operator_memory memory;
    struct ssql_error error;
};

struct parallel_scan {
    const struct plan_node *node;
    uint32_t thread_count, worker_count, slot_count;
    struct scan_worker *workers; /* worker_count of thread_count are made; kept from run to run */
    struct vector *vectors;      /* of the batch handed out; kept */

    /* of the run */
    struct worker_pool *pool; /* NULL: nothing runs */
    struct worker_job job;
    struct cancellation helping; /* of the threads that help: the statement's, or nobody wants more */
    const struct scan_morsels *morsels;
    const struct scan_request *request;
    struct scan_slot *slots; /* morsel i has slot i % slot_count */
    uint32_t position;       /* in the rows of the morsel whose turn it is */

    pthread_mutex_t
        mutex; /* guards the rest, and the slots' states; a busy slot is its thread's, a finished the caller's */
    pthread_cond_t has_moved;
    uint32_t turn; /* the morsel whose rows are being taken */
    uint32_t next; /* morsel that nobody works at yet */
    uint32_t end;
};

/* ---- life ---- */

bool parallel_scan_create(const struct plan_node *node, struct parallel_scan **out, struct ssql_error *error)
{
    struct parallel_scan *scan = calloc(1, sizeof *scan);

    *out = scan;
    if (scan == NULL)
        return error_no_memory(error);
    scan->node = node;
    pthread_mutex_init(&scan->mutex, NULL);
    pthread_cond_init(&scan->has_moved, NULL);
    return true;
}

void parallel_scan_destroy(struct parallel_scan *scan)
{
    if (scan == NULL)
        return;
    for (uint32_t i = 0; i < scan->worker_count; i++)
        expression_environment_clear(&scan->workers[i].environment);
    free(scan->workers);
    free(scan->vectors);
    pthread_cond_destroy(&scan->has_moved);
    pthread_mutex_destroy(&scan->mutex);
    free(scan);
}

static bool make_workers(struct parallel_scan *scan, struct ssql_error *error)
{
    if (scan->vectors == NULL)
        scan->vectors = calloc(scan->node->column_count + 1, sizeof *scan->vectors);
    if (scan->workers == NULL)
        scan->workers = calloc(scan->thread_count, sizeof *scan->workers);
    if (scan->vectors == NULL || scan->workers == NULL)
        return error_no_memory(error);
    for (; scan->worker_count < scan->thread_count; scan->worker_count++) {
        struct scan_worker *worker = &scan->workers[scan->worker_count];
        if (!scan_reader_create(&worker->reader, &worker->environment, scan->node, error)) {
            expression_environment_clear(&worker->environment);
            return false;
        }
    }
    return true;
}

static bool make_slots(struct parallel_scan *scan, struct memory_budget *budget, struct ssql_error *error)
{
    scan->slot_count = scan->thread_count * SLOTS_PER_THREAD;
    scan->slots = calloc(scan->slot_count, sizeof *scan->slots);
    if (scan->slots == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < scan->slot_count; i++) {
        struct scan_slot *slot = &scan->slots[i];
        operator_memory_init(&slot->memory, budget);
        /* Together they take what one operator may take. */
        slot->memory.most_bytes /= scan->slot_count;
        slot->memory.floor_bytes /= scan->slot_count;
        if (!row_columns_init(&slot->rows, scan->node->column_types, scan->node->column_count, error))
            return false;
    }
    return true;
}

static void empty_slot(struct scan_slot *slot)
{
    row_columns_reset(&slot->rows);
    slot->memory.used_bytes = row_columns_kept_bytes(&slot->rows);
}

/* ---- one morsel ---- */

static enum slot_state collect(struct scan_worker *worker, struct scan_slot *slot)
{
    struct batch batch;

    for (;;) {
        if (!scan_reader_next(&worker->reader, &batch, &slot->error))
            return SLOT_FAILED;
        if (batch.row_count == 0)
            return SLOT_DONE;
        enum row_columns_outcome outcome = row_columns_append(&slot->rows, &batch, &slot->memory, &slot->error);
        if (outcome != ROWS_ADDED)
            return outcome == ROWS_REFUSED ? SLOT_REREAD : SLOT_FAILED;
    }
}

/* Who interrupts may mean another statement of the connection: whoever takes the rows finds out. */
static enum slot_state read_morsel(struct parallel_scan *scan, struct scan_worker *worker, uint32_t morsel)
{
    struct scan_slot *slot = &scan->slots[morsel % scan->slot_count];
    enum slot_state state = SLOT_FAILED;

    empty_slot(slot);
    if (scan_reader_open_morsels(&worker->reader, scan->morsels, morsel, morsel + 1, scan->request, &slot->error))
        state = collect(worker, slot);
    scan_reader_close(&worker->reader);
    return state == SLOT_FAILED && slot->error.code == SSQL_INTERRUPTED ? SLOT_REREAD : state;
}

/* ---- all of them; under the mutex ---- */

static bool can_read_ahead(const struct parallel_scan *scan)
{
    return scan->next < scan->end && scan->next - scan->turn < scan->slot_count;
}

/* A failure is the last that is wanted. */
static void read_next(struct parallel_scan *scan, struct scan_worker *worker)
{
    uint32_t morsel = scan->next++;
    struct scan_slot *slot = &scan->slots[morsel % scan->slot_count];

    slot->state = SLOT_BUSY;
    pthread_mutex_unlock(&scan->mutex);
    enum slot_state state = read_morsel(scan, worker, morsel);
    pthread_mutex_lock(&scan->mutex);
    slot->state = state;
    if (state == SLOT_FAILED && scan->end > scan->next)
        scan->end = scan->next;
    pthread_cond_signal(&scan->has_moved);
}

static void help(void *context, uint32_t worker_index)
{
    struct parallel_scan *scan = context;

    pthread_mutex_lock(&scan->mutex);
    while (can_read_ahead(scan))
        read_next(scan, &scan->workers[worker_index]);
    pthread_mutex_unlock(&scan->mutex);
}

/* The slot of the morsel whose turn it is, once it is finished; NULL at the end. */
static struct scan_slot *wait_for_turn(struct parallel_scan *scan)
{
    struct scan_slot *slot = &scan->slots[scan->turn % scan->slot_count];

    pthread_mutex_lock(&scan->mutex);
    bool is_end = scan->turn == scan->end;
    while (!is_end && (slot->state == SLOT_FREE || slot->state == SLOT_BUSY)) {
        if (can_read_ahead(scan))
            read_next(scan, &scan->workers[0]);
        else
            pthread_cond_wait(&scan->has_moved, &scan->mutex);
    }
    pthread_mutex_unlock(&scan->mutex);
    return is_end ? NULL : slot;
}

static void end_turn(struct parallel_scan *scan, struct scan_slot *slot)
{
    pthread_mutex_lock(&scan->mutex);
    slot->state = SLOT_FREE;
    scan->turn++;
    bool has_work = can_read_ahead(scan);
    pthread_mutex_unlock(&scan->mutex);
    scan->position = 0;
    if (has_work)
        worker_job_offer(scan->pool, &scan->job);
}

/* ---- a run ---- */

bool parallel_scan_start(struct parallel_scan *scan, const struct execution_context *context,
                         const struct scan_morsels *morsels, const struct scan_request *request, uint32_t begin,
                         uint32_t end, struct ssql_error *error)
{
    scan->pool = engine_workers(context->engine);
    scan->thread_count = worker_pool_thread_count(scan->pool);
    worker_job_init(&scan->job, scan->thread_count, help, scan);
    scan->morsels = morsels;
    scan->request = request;
    scan->position = 0;
    scan->helping = (struct cancellation){.outer = context->cancellation};
    scan->turn = scan->next = begin;
    scan->end = end;
    if (!make_workers(scan, error) || !make_slots(scan, engine_work_budget(context->engine), error))
        return false;
    for (uint32_t i = 0; i < scan->worker_count; i++) {
        expression_environment_start(&scan->workers[i].environment, context->parameters);
        scan_reader_start(&scan->workers[i].reader, i == 0 ? context->cancellation : &scan->helping);
    }
    worker_job_offer(scan->pool, &scan->job);
    return true;
}

enum parallel_take parallel_scan_take(struct parallel_scan *scan, struct batch *batch, uint32_t *morsel,
                                      struct ssql_error *error)
{
    struct scan_slot *slot;

    while ((slot = wait_for_turn(scan)) != NULL) {
        uint32_t left = slot->rows.row_count - scan->position;
        if (slot->state == SLOT_REREAD) {
            *morsel = scan->turn;
            end_turn(scan, slot);
            return TAKE_REREAD;
        }
        if (left > 0) {
            uint32_t count = left < BATCH_CAPACITY ? left : BATCH_CAPACITY;
            row_columns_show(&slot->rows, scan->position, count, scan->vectors, batch);
            scan->position += count;
            return TAKE_ROWS;
        }
        if (slot->state == SLOT_FAILED) {
            *error = slot->error;
            return TAKE_FAILED;
        }
        end_turn(scan, slot);
    }
    return TAKE_END;
}

void parallel_scan_stop(struct parallel_scan *scan, struct scan_statistics *sum)
{
    assert(scan->pool != NULL);
    pthread_mutex_lock(&scan->mutex);
    scan->end = scan->next;
    pthread_mutex_unlock(&scan->mutex);
    atomic_store_explicit(&scan->helping.requested, 1, memory_order_relaxed); /* also in the midst of a morsel */
    worker_job_finish(scan->pool, &scan->job);
    worker_job_clear(&scan->job);
    scan->pool = NULL;
    for (uint32_t i = 0; i < scan->worker_count; i++) {
        scan_reader_clear(&scan->workers[i].reader);
        if (sum != NULL)
            scan_statistics_add(sum, &scan->workers[i].reader.statistics);
        expression_environment_finish(&scan->workers[i].environment);
    }
    for (uint32_t i = 0; scan->slots != NULL && i < scan->slot_count; i++) {
        row_columns_clear(&scan->slots[i].rows);
        operator_memory_release(&scan->slots[i].memory);
    }
    free(scan->slots);
    scan->slots = NULL;
}
