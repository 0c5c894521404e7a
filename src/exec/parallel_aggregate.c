#include "exec/parallel_aggregate.h"

#include <pthread.h>
#include <stdlib.h>

#include "exec/aggregate_partial.h"

enum {
    PARTIALS_PER_THREAD = 4, /* so many morsels a thread may be ahead of the slowest */
    /* Each has 1/32 of what an operator may take, however many there are: whether a morsel has too many groups must not
     * depend on the number of threads. */
    PARTIAL_SHARE = 32,
};

/* What one thread has for itself. */
struct aggregate_worker {
    struct expression_environment environment;
    struct scan_reader reader;
    struct expression *inputs;
    struct vector *vectors;
    uint32_t *numbers;
    uint64_t *hashes;
};

enum slot_state {
    SLOT_FREE,
    SLOT_BUSY,     /* a thread is at its morsel */
    SLOT_DONE,     /* to be merged */
    SLOT_GIVEN_UP, /* too many groups, or no longer wanted */
    SLOT_FAILED,
};

/* One morsel on its way. */
struct aggregate_slot {
    enum slot_state state; /* under the mutex; the rest is the thread's while it is SLOT_BUSY */
    struct aggregate_partial partial;
    struct ssql_error error;
};

struct parallel_aggregate {
    const struct aggregate_input *input;
    struct operator* scan;
    uint32_t thread_count, worker_count, slot_count;
    struct aggregate_worker *workers; /* worker_count of thread_count are made */
    struct aggregate_slot *slots;     /* of the run; morsel i has slot i % slot_count */
    struct cancellation helping;      /* of the threads that help: the statement's */

    /* of the run; under the mutex, but for `stop`, which is changed under it */
    pthread_mutex_t mutex;
    pthread_cond_t has_moved;
    uint32_t next;    /* morsel that nobody works at yet */
    uint32_t merged;  /* morsels before it are merged */
    atomic_uint stop; /* morsels from here on are not wanted */
    struct aggregate_groups *groups;
    struct aggregate_states *states;
    struct operator_memory *memory;
    bool has_failed;
    struct ssql_error error; /* with has_failed */
};

bool parallel_aggregate_is_possible(const struct plan_node *node)
{
    for (uint32_t i = 0; i < node->aggregate.aggregate_count; i++)
        if (!aggregate_can_merge(&node->aggregate.aggregates[i]))
            return false;
    return true;
}

/* ---- life ---- */

bool parallel_aggregate_create(const struct aggregate_input *input, struct operator* scan,
                               struct parallel_aggregate **out, struct ssql_error *error)
{
    struct parallel_aggregate *aggregate = calloc(1, sizeof *aggregate);

    *out = aggregate;
    if (aggregate == NULL)
        return error_no_memory(error);
    aggregate->input = input;
    aggregate->scan = scan;
    pthread_mutex_init(&aggregate->mutex, NULL);
    pthread_cond_init(&aggregate->has_moved, NULL);
    return true;
}

void parallel_aggregate_destroy(struct parallel_aggregate *aggregate)
{
    if (aggregate == NULL)
        return;
    for (uint32_t i = 0; i < aggregate->worker_count; i++)
        expression_environment_clear(&aggregate->workers[i].environment);
    free(aggregate->workers);
    pthread_cond_destroy(&aggregate->has_moved);
    pthread_mutex_destroy(&aggregate->mutex);
    free(aggregate);
}

static bool add_worker(struct parallel_aggregate *aggregate, struct ssql_error *error)
{
    struct aggregate_worker *worker = &aggregate->workers[aggregate->worker_count];
    struct arena *arena = &worker->environment.arena;

    aggregate->worker_count++;
    worker->vectors = arena_alloc_array(arena, aggregate->input->count, sizeof *worker->vectors);
    worker->numbers = arena_alloc_array(arena, BATCH_CAPACITY, sizeof *worker->numbers);
    worker->hashes = arena_alloc_array(arena, BATCH_CAPACITY, sizeof *worker->hashes);
    if (!arena_failed(arena) &&
        scan_reader_create(&worker->reader, &worker->environment, aggregate->scan->node, error) &&
        expression_create(&worker->environment, aggregate->input->exprs, aggregate->input->count, &worker->inputs,
                          error))
        return true;
    aggregate->worker_count--;
    expression_environment_clear(&worker->environment);
    *worker = (struct aggregate_worker){0};
    return error_no_memory(error);
}

static bool make_workers(struct parallel_aggregate *aggregate, struct ssql_error *error)
{
    if (aggregate->workers == NULL) {
        aggregate->thread_count = worker_pool_thread_count(engine_workers(aggregate->scan->runtime->context.engine));
        aggregate->workers = calloc(aggregate->thread_count, sizeof *aggregate->workers);
        if (aggregate->workers == NULL)
            return error_no_memory(error);
    }
    while (aggregate->worker_count < aggregate->thread_count)
        if (!add_worker(aggregate, error))
            return false;
    return true;
}

static bool make_slots(struct parallel_aggregate *aggregate, struct ssql_error *error)
{
    struct memory_budget *budget = engine_work_budget(aggregate->scan->runtime->context.engine);

    aggregate->slot_count = aggregate->thread_count * PARTIALS_PER_THREAD;
    aggregate->slots = calloc(aggregate->slot_count, sizeof *aggregate->slots);
    if (aggregate->slots == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < aggregate->slot_count; i++)
        if (!aggregate_partial_init(&aggregate->slots[i].partial, aggregate->input, budget, PARTIAL_SHARE, error))
            return false;
    return true;
}

/* ---- one morsel ---- */

/* *is_whole: false when it was given up. */
static bool feed_morsel(struct parallel_aggregate *aggregate, struct aggregate_worker *worker,
                        struct aggregate_partial *partial, uint32_t morsel, bool *is_whole, struct ssql_error *error)
{
    const struct aggregate_groups *groups = &partial->groups;
    struct batch batch;

    *is_whole = false;
    if (!scan_reader_open_morsels(&worker->reader, scan_operator_morsels(aggregate->scan), morsel, morsel + 1,
                                  scan_operator_request(aggregate->scan), error))
        return false;
    while (atomic_load_explicit(&aggregate->stop, memory_order_relaxed) > morsel) {
        if (!scan_reader_next(&worker->reader, &batch, error))
            return false;
        *is_whole = batch.row_count == 0;
        if (*is_whole)
            return true;
        if (!expression_evaluate(worker->inputs, &batch, worker->vectors, error) ||
            !aggregate_partial_feed(partial, worker->vectors, batch_selection(&batch), worker->numbers, worker->hashes,
                                    error))
            return false;
        if (groups->is_full || groups->group_count > PARALLEL_GROUPS_MOST)
            return true;
    }
    return true;
}

static enum slot_state read_morsel(struct parallel_aggregate *aggregate, struct aggregate_worker *worker,
                                   struct aggregate_slot *slot, uint32_t morsel)
{
    bool is_whole;

    aggregate_partial_start(&slot->partial);
    bool is_done = feed_morsel(aggregate, worker, &slot->partial, morsel, &is_whole, &slot->error);
    scan_reader_close(&worker->reader);
    if (!is_done)
        return SLOT_FAILED;
    return is_whole ? SLOT_DONE : SLOT_GIVEN_UP;
}

/* ---- all of them; under the mutex ---- */

static void fail(struct parallel_aggregate *aggregate, const struct ssql_error *error)
{
    aggregate->has_failed = true;
    aggregate->error = *error;
}

/* The next morsel's part becomes part of the whole; false: it does not, and none that comes later. */
static bool merge_slot(struct parallel_aggregate *aggregate, struct aggregate_slot *slot)
{
    bool has_room = false;

    if (slot->state == SLOT_FAILED)
        fail(aggregate, &slot->error);
    else if (slot->state == SLOT_DONE && !aggregate_partial_merge(&slot->partial, aggregate->groups, aggregate->states,
                                                                  aggregate->memory, &has_room, &slot->error)) {
        fail(aggregate, &slot->error);
        has_room = false;
    }
    return has_room;
}

static void merge_finished(struct parallel_aggregate *aggregate)
{
    while (aggregate->merged < aggregate->next && aggregate->merged < atomic_load(&aggregate->stop)) {
        struct aggregate_slot *slot = &aggregate->slots[aggregate->merged % aggregate->slot_count];
        if (slot->state == SLOT_BUSY)
            return;
        if (!merge_slot(aggregate, slot)) {
            atomic_store(&aggregate->stop, aggregate->merged);
            return;
        }
        slot->state = SLOT_FREE;
        aggregate->merged++;
        if (aggregate->groups->group_count > PARALLEL_GROUPS_MOST)
            atomic_store(&aggregate->stop, aggregate->merged);
    }
}

/* The slot of the next morsel, or NULL when there is none. */
static struct aggregate_slot *take_morsel(struct parallel_aggregate *aggregate, uint32_t *morsel)
{
    struct aggregate_slot *slot;

    while (aggregate->next < atomic_load(&aggregate->stop) &&
           aggregate->next - aggregate->merged == aggregate->slot_count)
        pthread_cond_wait(&aggregate->has_moved, &aggregate->mutex);
    if (aggregate->next >= atomic_load(&aggregate->stop))
        return NULL;
    *morsel = aggregate->next++;
    slot = &aggregate->slots[*morsel % aggregate->slot_count];
    slot->state = SLOT_BUSY;
    return slot;
}

static void work(void *context, uint32_t worker_index)
{
    struct parallel_aggregate *aggregate = context;
    struct aggregate_slot *slot;
    uint32_t morsel;

    pthread_mutex_lock(&aggregate->mutex);
    while ((slot = take_morsel(aggregate, &morsel)) != NULL) {
        pthread_mutex_unlock(&aggregate->mutex);
        enum slot_state state = read_morsel(aggregate, &aggregate->workers[worker_index], slot, morsel);
        pthread_mutex_lock(&aggregate->mutex);
        slot->state = state;
        merge_finished(aggregate);
        pthread_cond_broadcast(&aggregate->has_moved);
    }
    pthread_mutex_unlock(&aggregate->mutex);
}

/* ---- a run ---- */

static bool run(struct parallel_aggregate *aggregate, struct ssql_error *error)
{
    const struct execution_context *context = &aggregate->scan->runtime->context;

    if (!make_workers(aggregate, error) || !make_slots(aggregate, error))
        return false;
    aggregate->helping = (struct cancellation){.outer = context->cancellation};
    for (uint32_t i = 0; i < aggregate->worker_count; i++) {
        expression_environment_start(&aggregate->workers[i].environment, context->parameters);
        scan_reader_start(&aggregate->workers[i].reader, i == 0 ? context->cancellation : &aggregate->helping);
    }
    worker_pool_run(engine_workers(context->engine), aggregate->thread_count, work, aggregate);
    for (uint32_t i = 0; i < aggregate->worker_count; i++) {
        scan_reader_clear(&aggregate->workers[i].reader);
        scan_operator_count(aggregate->scan, &aggregate->workers[i].reader);
        expression_environment_finish(&aggregate->workers[i].environment);
    }
    if (aggregate->has_failed)
        *error = aggregate->error;
    return !aggregate->has_failed;
}

bool parallel_aggregate_run(struct parallel_aggregate *aggregate, uint32_t begin, uint32_t end,
                            struct aggregate_groups *groups, struct aggregate_states *states,
                            struct operator_memory *memory, uint32_t *next, struct ssql_error *error)
{
    aggregate->next = aggregate->merged = begin;
    atomic_store(&aggregate->stop, end);
    aggregate->groups = groups;
    aggregate->states = states;
    aggregate->memory = memory;
    aggregate->has_failed = false;
    bool is_done = run(aggregate, error);
    for (uint32_t i = 0; aggregate->slots != NULL && i < aggregate->slot_count; i++)
        aggregate_partial_clear(&aggregate->slots[i].partial);
    free(aggregate->slots);
    aggregate->slots = NULL;
    *next = aggregate->merged;
    return is_done;
}
