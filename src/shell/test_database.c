#include "shell/test_database.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shell/test_host.h"
#include "shell/test_random.h"

enum {
    CHECKPOINT_EVERY = 3, /* statements, in the weather "small" */
    CRASH_ONE_IN = 3,     /* so many statements */
    DELAY_LEAST_US = 200,
    CHECKPOINT_MOST_US = 5000,
    JOURNAL_MOST = 100, /* longer transactions are left in peace: each crash runs them again */
};

/* A statement of the transaction that is open, to be run again after a crash has lost it. */
struct journal_entry {
    char *text;
    size_t size;
    struct variables variables;
};

struct test_database {
    const struct test_engine *engine;
    struct test_weather weather;
    const char *directory;
    int close_there;
    char *path;      /* of the current database */
    unsigned number; /* of the current database */
    struct variables options;
    struct test_host *host;     /* NULL: not open */
    struct test_host *follower; /* NULL: none so far */
    struct test_host *twin;     /* crashing: one in memory that is told the same and never killed */
    bool in_transaction;
    uint64_t statement_count;
    uint64_t random;
    struct journal_entry *journal;
    size_t journal_count;
    unsigned journal_connection;
    bool journal_is_mixed; /* several connections took part: it cannot be run again */
};

/* ---- life ---- */

static void name_path(struct test_database *database)
{
    struct text_buffer path = {0};

    text_format(&path, "%s/db%u", database->directory, database->number);
    free(database->path);
    database->path = path.data;
}

struct test_database *test_database_create(const struct test_engine *engine, const struct test_weather *weather,
                                           const char *directory, int close_there)
{
    struct test_database *database = must_allocate(sizeof *database);

    database->engine = engine;
    database->weather = *weather;
    database->directory = directory;
    database->close_there = close_there;
    database->random = weather->seed;
    name_path(database);
    return database;
}

static void forget_journal(struct test_database *database)
{
    for (size_t i = 0; i < database->journal_count; i++) {
        free(database->journal[i].text);
        variables_clear(&database->journal[i].variables);
    }
    database->journal_count = 0;
    database->journal_is_mixed = false;
}

void test_database_destroy(struct test_database *database)
{
    if (database == NULL)
        return;
    test_host_abandon(database->follower);
    test_host_abandon(database->twin);
    test_host_abandon(database->host);
    forget_journal(database);
    free(database->journal);
    variables_clear(&database->options);
    free(database->path);
    free(database);
}

static struct test_host *start(struct test_database *database, const char *path, const char *directory,
                               bool is_readonly, struct text_buffer *complaint)
{
    const struct test_settings settings = {.path = path,
                                           .directory = directory,
                                           .is_small = database->weather.is_small,
                                           .is_readonly = is_readonly,
                                           .chosen = &database->options};

    return test_host_start(database->engine, &settings, database->close_there, complaint);
}

/* The twin's files are not the host's. */
static struct test_host *start_twin(struct test_database *database, struct text_buffer *complaint)
{
    struct text_buffer directory = {0};
    struct test_host *twin = NULL;

    text_format(&directory, "%s/twin", database->directory);
    if (mkdir(directory.data, 0700) == 0 || errno == EEXIST)
        twin = start(database, ":memory:", directory.data, false, complaint);
    else
        text_format(complaint, "%s: %s", directory.data, strerror(errno));
    text_clear(&directory);
    return twin;
}

/* Both the host and, when there are crashes, its twin. */
static bool open_database(struct test_database *database, struct text_buffer *complaint)
{
    if (database->host == NULL)
        database->host = start(database, database->path, database->directory, false, complaint);
    if (database->host != NULL && database->weather.is_crashing && database->twin == NULL)
        database->twin = start_twin(database, complaint);
    return database->host != NULL && (database->twin != NULL || !database->weather.is_crashing);
}

/* Open transactions are gone from the host: the twin must lose them too. */
static bool lose_transactions(struct test_database *database, struct text_buffer *complaint)
{
    database->in_transaction = false;
    forget_journal(database);
    return database->twin == NULL || test_host_disconnect(database->twin, complaint);
}

static bool stop_follower(struct test_database *database, struct text_buffer *complaint)
{
    bool done = test_host_stop(database->follower, complaint);

    database->follower = NULL;
    return done;
}

bool test_database_close(struct test_database *database, struct text_buffer *complaint)
{
    bool followed = stop_follower(database, complaint);
    bool stopped = test_host_stop(database->host, complaint);

    database->host = NULL;
    return lose_transactions(database, complaint) && stopped && followed;
}

bool test_database_fresh(struct test_database *database, struct text_buffer *complaint)
{
    bool closed = test_database_close(database, complaint);
    bool stopped = test_host_stop(database->twin, complaint);

    database->twin = NULL;
    database->number++;
    name_path(database);
    return closed && stopped;
}

bool test_database_set_option(struct test_database *database, const char *name, size_t name_size, const char *value,
                              struct text_buffer *complaint)
{
    char *copy = must_copy(name, name_size);
    bool is_known = database->engine->knows_option(copy, value, complaint);

    if (is_known)
        variables_set(&database->options, name, name_size, value);
    free(copy);
    return is_known;
}

/* ---- crashes ---- */

static bool recover(struct test_database *database, struct text_buffer *complaint)
{
    test_host_kill(database->host);
    database->host = NULL;
    return open_database(database, complaint);
}

/* Nothing was going on that could not be told apart: what is there is what the twin holds. */
static bool compare_with_twin(struct test_database *database, struct text_buffer *complaint)
{
    uint64_t recovered, wanted;

    if (!test_host_digest(database->host, &recovered, complaint) ||
        !test_host_digest(database->twin, &wanted, complaint))
        return false;
    if (recovered != wanted)
        text_add_string(complaint, "after kill -9 and recovery the database does not hold what was acknowledged");
    return recovered == wanted;
}

bool test_database_crash(struct test_database *database, struct text_buffer *complaint)
{
    return stop_follower(database, complaint) && recover(database, complaint) &&
           lose_transactions(database, complaint) && (database->twin == NULL || compare_with_twin(database, complaint));
}

/* Lets some time pass, from none to `most_us`, and kills what is going on. */
static bool kill_soon(struct test_database *database, uint64_t most_us, struct text_buffer *complaint)
{
    uint64_t delay_us = random_below(&database->random, 4) == 0 ? 0 : random_below(&database->random, most_us);
    struct timespec wait = {.tv_sec = (time_t)(delay_us / 1000000), .tv_nsec = (long)(delay_us % 1000000) * 1000};

    nanosleep(&wait, NULL);
    return recover(database, complaint);
}

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Runs the statements of the transaction that the crash has ended once more; their answers are known. */
static bool run_journal(struct test_database *database, struct text_buffer *complaint)
{
    bool done = true;

    for (size_t i = 0; i < database->journal_count && done; i++) {
        struct test_answer answer = {0};
        const struct test_request request = {.connection = database->journal_connection,
                                             .text = database->journal[i].text,
                                             .size = database->journal[i].size,
                                             .variables = &database->journal[i].variables};
        done = test_host_run(database->host, &request, &answer, complaint);
        answer_clear(&answer);
    }
    return done;
}

static void note_in_journal(struct test_database *database, const struct test_request *request)
{
    size_t count = database->journal_count;

    if (count > 0 && database->journal_connection != request->connection)
        database->journal_is_mixed = true;
    database->journal_connection = request->connection;
    /* Room is doubled whenever the count reaches a power of two. */
    if ((count & (count - 1)) == 0)
        database->journal =
            must_reallocate(database->journal, (count == 0 ? 1 : count * 2) * sizeof *database->journal);
    struct journal_entry *entry = &database->journal[database->journal_count++];
    *entry = (struct journal_entry){.text = must_copy(request->text, request->size), .size = request->size};
    for (size_t i = 0; i < request->variables->count; i++)
        variables_set(&entry->variables, request->variables->list[i].name, strlen(request->variables->list[i].name),
                      request->variables->list[i].literal);
}

/* Sends the statement off and kills its process: before it can have begun, somewhere in the middle, or near its end. */
static bool kill_in_statement(struct test_database *database, const struct test_request *request, double usual_us,
                              struct text_buffer *complaint)
{
    return test_host_send(database->host, request, complaint) &&
           kill_soon(database, (uint64_t)(usual_us * 2) + DELAY_LEAST_US, complaint);
}

/* In the weather "small" rows go to files every few statements; that changes nothing, also when it is cut off. */
static bool write_files(struct test_database *database, struct text_buffer *complaint)
{
    if (!database->weather.is_crashing || random_below(&database->random, CRASH_ONE_IN) != 0)
        return test_host_checkpoint(database->host, complaint);
    return test_host_send_checkpoint(database->host, complaint) && kill_soon(database, CHECKPOINT_MOST_US, complaint) &&
           compare_with_twin(database, complaint);
}

/* The twin runs the statement; the host is killed in it, and recovered. What is there now must be what was committed
 * before, or after: then the answer was lost with the process, and the twin's is taken. Before: all of the transaction
 * is run again, and the host's own answer is the one. */
static bool run_with_crash(struct test_database *database, const struct test_request *request,
                           struct test_answer *answer, struct text_buffer *complaint)
{
    uint64_t before, after, recovered;
    double begin = now_us();

    if (!test_host_digest(database->twin, &before, complaint) ||
        !test_host_run(database->twin, request, answer, complaint))
        return false;
    double usual_us = now_us() - begin;
    if (!test_host_digest(database->twin, &after, complaint) ||
        !kill_in_statement(database, request, usual_us, complaint) ||
        !test_host_digest(database->host, &recovered, complaint))
        return false;
    if (recovered == before)
        return run_journal(database, complaint) && test_host_run(database->host, request, answer, complaint);
    if (recovered != after)
        text_add_string(complaint, "after kill -9 in this statement and recovery the database holds neither what was "
                                   "committed before it nor what it should have come to");
    return recovered == after;
}

/* ---- a statement ---- */

/* A backup takes its place once: it cannot be made again by a follower, or after a crash. */
static bool can_run_twice(const struct test_request *request)
{
    static const char word[] = "backup";

    return request->size < sizeof word - 1 || strncasecmp(request->text, word, sizeof word - 1) != 0;
}

static void mask(const struct test_request *request, struct test_answer *answer)
{
    if (request->mask != NULL)
        request->mask(request->mask_context, &answer->lines);
}

/* The follower opens anew for each answer: that is how it sees what was written since. */
static bool ask_follower(struct test_database *database, const struct test_request *request,
                         const struct test_answer *answer, struct text_buffer *complaint)
{
    struct test_answer second = {.style = answer->style, .sorted = answer->sorted, .types = answer->types};

    if (access(database->path, F_OK) != 0) /* nothing has been written yet */
        return true;
    bool done =
        database->follower != NULL
            ? test_host_reopen(database->follower, complaint)
            : (database->follower = start(database, database->path, database->directory, true, complaint)) != NULL;
    done = done && test_host_run(database->follower, request, &second, complaint);
    mask(request, &second);
    if (done && strcmp(text_string(&second.lines), text_string(&answer->lines)) != 0) {
        text_format(complaint, "a follower, which has the database open to read only, answers otherwise:\n%s",
                    text_string(&second.lines));
        done = false;
    }
    answer_clear(&second);
    return done;
}

static bool run_on_host(struct test_database *database, const struct test_request *request, struct test_answer *answer,
                        struct text_buffer *complaint)
{
    bool can_repeat = can_run_twice(request) && !database->journal_is_mixed &&
                      database->journal_count <= JOURNAL_MOST &&
                      (database->journal_count == 0 || database->journal_connection == request->connection);

    if (!database->weather.is_crashing)
        return test_host_run(database->host, request, answer, complaint);
    if (can_repeat && random_below(&database->random, CRASH_ONE_IN) == 0)
        return run_with_crash(database, request, answer, complaint);
    return test_host_run(database->twin, request, answer, complaint) &&
           test_host_run(database->host, request, answer, complaint);
}

static bool change_weather(struct test_database *database, struct text_buffer *complaint)
{
    if (database->in_transaction)
        return true;
    if (database->weather.is_reopening && database->host != NULL)
        return test_host_reopen(database->host, complaint) && lose_transactions(database, complaint);
    return true;
}

bool test_database_run(struct test_database *database, const struct test_request *request, struct test_answer *answer,
                       struct text_buffer *complaint)
{
    if (!change_weather(database, complaint) || !open_database(database, complaint) ||
        !run_on_host(database, request, answer, complaint))
        return false;
    mask(request, answer);
    database->in_transaction = answer->in_transaction;
    if (database->in_transaction && database->weather.is_crashing)
        note_in_journal(database, request);
    else
        forget_journal(database);
    if (database->in_transaction)
        return true;
    if (database->weather.is_small && ++database->statement_count % CHECKPOINT_EVERY == 0 &&
        !write_files(database, complaint))
        return false;
    return !database->weather.is_followed || !answer->is_query || answer->is_error || !can_run_twice(request) ||
           ask_follower(database, request, answer, complaint);
}
