/* isolation [--transactions N] [--seed N]: threads append to lists and read them through the public API, each in
 * transactions of several statements; then the history is checked (history.h). First the checker itself is tested with
 * histories that are known to be wrong. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ssql.h>

#include "history.h"

enum { THREADS = 8, ACTIVE_LISTS = 6, TRANSACTIONS_PER_LIST = 40, TEXT_SIZE = 200 };

struct run {
    ssql_db *db;
    uint64_t seed;
    uint32_t transactions; /* wanted, of all threads */
    atomic_uint begun;
    atomic_uint next_value;
};

struct worker {
    struct run *run;
    uint32_t number;
    uint64_t random;
    struct history_transaction *history;
    uint32_t count, conflicts;
};

static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static _Noreturn void fail(const struct run *run, const char *what, const char *why)
{
    fprintf(stderr, "isolation: seed %llu: %s: %s\n", (unsigned long long)run->seed, what, why);
    exit(1);
}

/* ---- the checker's own test ---- */

static const char *check_known(struct history_transaction *transactions, size_t count)
{
    size_t culprit;

    return history_check(transactions, count, 2, 8, &culprit);
}

static void test_checker(const struct run *run)
{
    static const uint32_t one[] = {1}, one_two[] = {1, 2}, two_one[] = {2, 1};
    /* Both read the other's list empty and append to their own: write skew. */
    struct history_transaction skew[] = {
        {.thread = 0, .is_committed = true, .count = 2, .operations = {{.list = 1}, {true, 0, 1, 0, NULL}}},
        {.thread = 1, .is_committed = true, .count = 2, .operations = {{.list = 0}, {true, 1, 2, 0, NULL}}},
        {.thread = 2,
         .is_committed = true,
         .count = 2,
         .operations = {{false, 0, 0, 1, one}, {false, 1, 0, 1, one_two + 1}}},
    };
    /* The second has read before the first appended, and overwrites: an update is lost. */
    struct history_transaction lost[] = {
        {.thread = 0, .is_committed = true, .count = 2, .operations = {{.list = 0}, {true, 0, 1, 0, NULL}}},
        {.thread = 1, .is_committed = true, .count = 2, .operations = {{.list = 0}, {true, 0, 2, 0, NULL}}},
        {.thread = 2, .is_committed = true, .count = 1, .operations = {{false, 0, 0, 2, two_one}}},
    };
    struct history_transaction dirty[] = {
        {.thread = 0, .is_committed = false, .count = 1, .operations = {{true, 0, 1, 0, NULL}}},
        {.thread = 1, .is_committed = true, .count = 1, .operations = {{false, 0, 0, 1, one}}},
    };
    struct history_transaction good[] = {
        {.thread = 0, .is_committed = true, .count = 2, .operations = {{.list = 0}, {true, 0, 1, 0, NULL}}},
        {.thread = 1, .is_committed = true, .count = 2, .operations = {{false, 0, 0, 1, one}, {true, 0, 2, 0, NULL}}},
        {.thread = 2, .is_committed = true, .count = 1, .operations = {{false, 0, 0, 2, one_two}}},
    };

    if (check_known(skew, 3) == NULL || check_known(lost, 3) == NULL || check_known(dirty, 2) == NULL)
        fail(run, "the checker", "it does not find a known anomaly");
    if (check_known(good, 3) != NULL)
        fail(run, "the checker", "it finds fault with a serial history");
}

/* ---- statements ---- */

static bool execute(const struct run *run, ssql_conn *connection, const char *text)
{
    int code = ssql_exec(connection, text, strlen(text));

    if (code == SSQL_CONFLICT)
        return false;
    if (code != SSQL_OK)
        fail(run, text, ssql_errmsg(connection));
    return true;
}

/* "1,2,3" as numbers, which the caller frees. */
static uint32_t *parse_list(const char *text, size_t length, uint32_t *count)
{
    uint32_t *values = malloc(LIST_MOST * sizeof *values);
    uint32_t value = 0;

    *count = 0;
    if (values == NULL)
        abort();
    for (size_t i = 0; i <= length; i++) {
        if (i < length && text[i] != ',') {
            value = value * 10 + (uint32_t)(text[i] - '0');
        } else if (length > 0 && *count < LIST_MOST) {
            values[(*count)++] = value;
            value = 0;
        }
    }
    return values;
}

static bool read_list(const struct run *run, ssql_conn *connection, uint32_t list, struct operation *operation)
{
    char text[TEXT_SIZE];
    ssql_stmt *statement = NULL;
    size_t length = 0;

    int size = snprintf(text, sizeof text, "select items from lists where id == %u;", list);
    if (ssql_prepare(connection, text, (size_t)size, &statement, NULL) != SSQL_OK)
        fail(run, text, ssql_errmsg(connection));
    int code = ssql_step(statement);
    if (code != SSQL_ROW && code != SSQL_DONE && code != SSQL_CONFLICT)
        fail(run, text, ssql_errmsg(connection));
    *operation = (struct operation){.list = list};
    if (code == SSQL_ROW) {
        const char *items = ssql_column_string(statement, 0, &length);
        operation->read = parse_list(items, length, &operation->count);
    }
    ssql_finalize(statement);
    return code != SSQL_CONFLICT;
}

/* Appends without looking where the row is known to be there: then only the engine's own reads protect it. */
static bool append(struct run *run, ssql_conn *connection, uint32_t list, struct operation *operation)
{
    char text[TEXT_SIZE];
    uint32_t value = atomic_fetch_add(&run->next_value, 1);

    *operation = (struct operation){.is_append = true, .list = list, .value = value};
    snprintf(text, sizeof text, "update lists set items = concat(items, \",%u\") where id == %u;", value, list);
    if (!execute(run, connection, text))
        return false;
    if (ssql_changes(connection) > 0)
        return true;
    snprintf(text, sizeof text, "insert into lists values %u, \"%u\";", list, value);
    return execute(run, connection, text);
}

/* ---- transactions ---- */

static void run_transaction(struct worker *worker, ssql_conn *connection, uint32_t number)
{
    struct run *run = worker->run;
    struct history_transaction *transaction = &worker->history[worker->count++];
    uint32_t wanted = 1 + (uint32_t)(random_next(&worker->random) % OPERATIONS_MOST);
    bool goes_on = execute(run, connection, "begin;");

    *transaction = (struct history_transaction){.thread = worker->number};
    while (goes_on && transaction->count < wanted) {
        uint32_t list = number / TRANSACTIONS_PER_LIST + (uint32_t)(random_next(&worker->random) % ACTIVE_LISTS);
        struct operation *operation = &transaction->operations[transaction->count++];
        goes_on = random_next(&worker->random) % 2 == 0 ? append(run, connection, list, operation)
                                                        : read_list(run, connection, list, operation);
        if (random_next(&worker->random) % 2 == 0)
            sched_yield(); /* so that transactions overlap even on few processors */
    }
    if (goes_on && random_next(&worker->random) % 20 == 0) {
        goes_on = execute(run, connection, "rollback;");
        return;
    }
    transaction->is_committed = goes_on && execute(run, connection, "commit;");
    if (transaction->is_committed)
        return;
    worker->conflicts++;
    (void)ssql_exec(connection, "rollback;", 9); /* ended already, or not: both are right */
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct run *run = worker->run;
    ssql_conn *connection;

    if (ssql_connect(run->db, &connection) != SSQL_OK)
        fail(run, "connect", "it failed");
    for (;;) {
        uint32_t number = atomic_fetch_add(&run->begun, 1);
        if (number >= run->transactions)
            break;
        run_transaction(worker, connection, number);
    }
    ssql_disconnect(connection);
    return NULL;
}

/* One more transaction that reads every list as it is at the end. */
static void read_end(struct run *run, struct history_transaction *history, size_t *count, uint32_t lists)
{
    ssql_conn *connection;

    if (ssql_connect(run->db, &connection) != SSQL_OK)
        fail(run, "connect", "it failed");
    for (uint32_t list = 0; list < lists; list++) {
        struct history_transaction *transaction = &history[(*count)++];
        *transaction = (struct history_transaction){.thread = THREADS, .is_committed = true, .count = 1};
        if (!read_list(run, connection, list, &transaction->operations[0]))
            fail(run, "reading the end", "a conflict");
    }
    ssql_disconnect(connection);
}

static void free_reads(struct history_transaction *history, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < history[i].count; j++)
            free((void *)history[i].operations[j].read);
}

static void run_all(struct run *run)
{
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    uint32_t lists = run->transactions / TRANSACTIONS_PER_LIST + ACTIVE_LISTS + 1, conflicts = 0;
    size_t count = 0, committed = 0, culprit;
    struct history_transaction *history = calloc(run->transactions + lists, sizeof *history);

    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.run = run, .number = i, .random = run->seed + i * 7919u};
        workers[i].history = calloc(run->transactions + 1, sizeof *workers[i].history);
        if (workers[i].history == NULL || history == NULL || pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
            fail(run, "starting threads", "it failed");
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        memcpy(history + count, workers[i].history, workers[i].count * sizeof *history);
        count += workers[i].count;
        conflicts += workers[i].conflicts;
        free(workers[i].history);
    }
    read_end(run, history, &count, lists);
    for (size_t i = 0; i < count; i++)
        committed += history[i].is_committed;
    const char *fault = history_check(history, count, lists, atomic_load(&run->next_value), &culprit);
    if (fault != NULL)
        fail(run, "the history is not serialisable", fault);
    printf("isolation: %zu transactions by %d threads, %zu committed, %u conflicts: serialisable (seed %llu)\n", count,
           THREADS, committed, conflicts, (unsigned long long)run->seed);
    free_reads(history, count);
    free(history);
}

int main(int argument_count, char **arguments)
{
    struct run run = {.seed = (uint64_t)time(NULL), .transactions = 4000};
    ssql_options *options;
    ssql_conn *connection;

    for (int i = 1; i + 1 < argument_count; i += 2) {
        if (strcmp(arguments[i], "--transactions") == 0)
            run.transactions = (uint32_t)strtoul(arguments[i + 1], NULL, 10);
        else if (strcmp(arguments[i], "--seed") == 0)
            run.seed = strtoull(arguments[i + 1], NULL, 10);
    }
    test_checker(&run);
    /* Tiny memtables: flushes and compactions go on all the time. */
    if (ssql_options_new(&options) != SSQL_OK || ssql_options_set(options, "memtable_size", "64KiB") != SSQL_OK ||
        ssql_open_with(":memory:", options, &run.db) != SSQL_OK || ssql_connect(run.db, &connection) != SSQL_OK)
        fail(&run, "open", "it failed");
    ssql_options_free(options);
    if (!execute(&run, connection, "create table lists { id int primary, items string };"))
        fail(&run, "create table", "a conflict");
    ssql_disconnect(connection);
    run_all(&run);
    return ssql_close(run.db) == SSQL_OK ? 0 : 1;
}
