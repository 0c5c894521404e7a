#include "exec/parallel_scan.h"

#include <assert.h>
#include <stdlib.h>

#include "exec/row_columns.h"

enum { MORSELS_PER_THREAD = 8 }; /* of a wave: at its end threads wait for the slowest for about half a morsel */

/* What one thread has for itself. */
struct scan_worker {
    struct expression_environment environment;
    struct scan_reader reader;
    struct operator_memory memory;
};

/* What came of one morsel. */
struct morsel_result {
    struct row_columns rows;
    bool is_refused; /* the budget had no room for its rows */
    bool has_failed; /* after its rows: the error */
    struct ssql_error error;
};

struct parallel_scan {
    const struct plan_node *node;
    struct execution_context context; /* of the run */
    uint32_t thread_count, worker_count;
    struct scan_worker *workers;   /* made when first needed; worker_count of them are ready */
    struct morsel_result *results; /* of the run; MORSELS_PER_THREAD for each thread */
    struct vector *vectors;        /* of the batch handed out */

    /* the wave */
    const struct scan_morsels *morsels;
    const struct scan_request *request;
    uint32_t begin, count;
    atomic_uint next;   /* result that nobody works at yet */
    atomic_uint failed; /* the first result that has failed: later ones are not needed */
    uint32_t taken;     /* results handed out whole */
    uint32_t position;  /* in the next one */
};

/* ---- life ---- */

bool parallel_scan_create(const struct plan_node *node, struct parallel_scan **out, struct ssql_error *error)
{
    struct parallel_scan *scan = calloc(1, sizeof *scan);

    *out = scan;
    if (scan == NULL)
        return error_no_memory(error);
    scan->node = node;
    return true;
}

void parallel_scan_destroy(struct parallel_scan *scan)
{
    if (scan == NULL)
        return;
    for (uint32_t i = 0; i < scan->worker_count; i++)
        expression_environment_clear(&scan->workers[i].environment);
    free(scan->workers);
    free(scan->results);
    free(scan->vectors);
    free(scan);
}

static bool add_worker(struct parallel_scan *scan, struct ssql_error *error)
{
    struct scan_worker *worker = &scan->workers[scan->worker_count];

    if (!scan_reader_create(&worker->reader, &worker->environment, scan->node, error)) {
        expression_environment_clear(&worker->environment);
        return false;
    }
    scan->worker_count++;
    return true;
}

static void start_worker(struct parallel_scan *scan, struct scan_worker *worker)
{
    expression_environment_start(&worker->environment, scan->context.parameters);
    scan_reader_start(&worker->reader, scan->context.cancellation);
    operator_memory_init(&worker->memory, engine_work_budget(scan->context.engine));
    /* Together they take what one operator may take. */
    worker->memory.most_bytes /= scan->thread_count;
    worker->memory.floor_bytes /= scan->thread_count;
}

static bool make_workers(struct parallel_scan *scan, struct ssql_error *error)
{
    if (scan->workers == NULL) {
        scan->thread_count = worker_pool_thread_count(engine_workers(scan->context.engine));
        scan->workers = calloc(scan->thread_count, sizeof *scan->workers);
        if (scan->workers == NULL)
            return error_no_memory(error);
    }
    if (scan->vectors == NULL) {
        scan->vectors = calloc(scan->node->column_count + 1, sizeof *scan->vectors);
        if (scan->vectors == NULL)
            return error_no_memory(error);
    }
    while (scan->worker_count < scan->thread_count) {
        if (!add_worker(scan, error))
            return false;
        start_worker(scan, &scan->workers[scan->worker_count - 1]);
    }
    return true;
}

void parallel_scan_start(struct parallel_scan *scan, const struct execution_context *context)
{
    scan->context = *context;
    scan->count = scan->taken = scan->position = 0;
    for (uint32_t i = 0; i < scan->worker_count; i++)
        start_worker(scan, &scan->workers[i]);
}

/* ---- a wave ---- */

static uint32_t most_results(const struct parallel_scan *scan)
{
    return scan->thread_count * MORSELS_PER_THREAD;
}

static void clear_results(struct parallel_scan *scan)
{
    for (uint32_t i = 0; scan->results != NULL && i < most_results(scan); i++)
        row_columns_clear(&scan->results[i].rows);
    for (uint32_t i = 0; i < scan->worker_count; i++)
        operator_memory_release(&scan->workers[i].memory);
}

static bool prepare_results(struct parallel_scan *scan, uint32_t count, struct ssql_error *error)
{
    clear_results(scan);
    if (scan->results == NULL) {
        scan->results = calloc(most_results(scan), sizeof *scan->results);
        if (scan->results == NULL)
            return error_no_memory(error);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct morsel_result *result = &scan->results[i];
        result->is_refused = result->has_failed = false;
        if (!row_columns_init(&result->rows, scan->node->column_types, scan->node->column_count, error))
            return false;
    }
    return true;
}

static bool collect(struct scan_worker *worker, struct morsel_result *result, struct ssql_error *error)
{
    struct batch batch;

    for (;;) {
        if (!scan_reader_next(&worker->reader, &batch, error))
            return false;
        if (batch.row_count == 0)
            return true;
        switch (row_columns_append(&result->rows, &batch, &worker->memory, error)) {
        case ROWS_ADDED: break;
        case ROWS_REFUSED: result->is_refused = true; return true;
        case ROWS_FAILED: return false;
        }
    }
}

static void note_failure(struct parallel_scan *scan, uint32_t index)
{
    uint32_t first = atomic_load(&scan->failed);

    while (index < first && !atomic_compare_exchange_weak(&scan->failed, &first, index))
        ;
}

static void read_morsels(void *context, uint32_t worker_index)
{
    struct parallel_scan *scan = context;
    struct scan_worker *worker = &scan->workers[worker_index];

    for (;;) {
        uint32_t index = atomic_fetch_add(&scan->next, 1), morsel = scan->begin + index;
        if (index >= scan->count || index > atomic_load(&scan->failed))
            return;
        struct morsel_result *result = &scan->results[index];
        result->has_failed = !scan_reader_open_morsels(&worker->reader, scan->morsels, morsel, morsel + 1,
                                                       scan->request, &result->error) ||
                             !collect(worker, result, &result->error);
        scan_reader_close(&worker->reader);
        if (result->has_failed)
            note_failure(scan, index);
    }
}

void parallel_scan_stop(struct parallel_scan *scan)
{
    clear_results(scan);
    for (uint32_t i = 0; i < scan->worker_count; i++) {
        scan_reader_clear(&scan->workers[i].reader);
        expression_environment_finish(&scan->workers[i].environment);
    }
    free(scan->results);
    scan->results = NULL;
    scan->count = scan->taken = 0;
}

bool parallel_scan_read(struct parallel_scan *scan, const struct scan_morsels *morsels,
                        const struct scan_request *request, uint32_t begin, uint32_t end, uint32_t *next,
                        struct ssql_error *error)
{
    uint32_t count = end - begin;

    assert(scan->taken == scan->count && begin < end);
    scan->count = scan->taken = scan->position = 0;
    if (!make_workers(scan, error))
        return false;
    count = count < most_results(scan) ? count : most_results(scan);
    if (!prepare_results(scan, count, error))
        return false;
    scan->morsels = morsels;
    scan->request = request;
    scan->begin = begin;
    scan->count = count;
    atomic_store(&scan->next, 0);
    atomic_store(&scan->failed, UINT32_MAX);
    worker_pool_run(engine_workers(scan->context.engine), scan->thread_count, read_morsels, scan);
    *next = begin + scan->count;
    return true;
}

enum parallel_take parallel_scan_take(struct parallel_scan *scan, struct batch *batch, uint32_t *morsel,
                                      struct ssql_error *error)
{
    for (; scan->taken < scan->count; scan->taken++, scan->position = 0) {
        struct morsel_result *result = &scan->results[scan->taken];
        uint32_t left = result->rows.row_count - scan->position;
        if (result->is_refused) {
            *morsel = scan->begin + scan->taken++;
            scan->position = 0;
            return TAKE_REREAD;
        }
        if (left > 0) {
            uint32_t count = left < BATCH_CAPACITY ? left : BATCH_CAPACITY;
            row_columns_show(&result->rows, scan->position, count, scan->vectors, batch);
            scan->position += count;
            return TAKE_ROWS;
        }
        if (result->has_failed) {
            if (error != NULL)
                *error = result->error;
            return TAKE_FAILED;
        }
    }
    return TAKE_END;
}

void parallel_scan_statistics(const struct parallel_scan *scan, struct scan_statistics *sum)
{
    for (uint32_t i = 0; i < scan->worker_count; i++)
        scan_statistics_add(sum, &scan->workers[i].reader.statistics);
}
