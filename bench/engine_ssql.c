#include <ssql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "sql_text.h"

struct database {
    ssql_db *db;
};

struct session {
    ssql_conn *connection;
    ssql_stmt *statements[STATEMENTS];
};

static bool complain(ssql_conn *connection)
{
    fprintf(stderr, "ssql: %s\n", ssql_errmsg(connection));
    return false;
}

/* An eighth of the memory is the most that memtables may take together with those that are being written. */
static bool keep_runs(const struct settings *settings, ssql_options *options)
{
    char memtable[32];

    snprintf(memtable, sizeof memtable, "%zu", settings->memory_bytes / 8);
    return ssql_options_set(options, "level0_files", "64") == SSQL_OK &&
           ssql_options_set(options, "memtable_size", memtable) == SSQL_OK;
}

static bool open_database(const struct settings *settings, struct database **out)
{
    struct database *database = calloc(1, sizeof *database);
    ssql_options *options = NULL;
    char path[4096], memory[32], threads[16];

    *out = database;
    snprintf(path, sizeof path, "%s/events.ssql", settings->directory);
    snprintf(memory, sizeof memory, "%zu", settings->memory_bytes);
    snprintf(threads, sizeof threads, "%u", settings->threads == 0 ? 1 : settings->threads);
    if (ssql_options_new(&options) != SSQL_OK || ssql_options_set(options, "memory_limit", memory) != SSQL_OK ||
        ssql_options_set(options, "sync", settings->durability == DURABILITY_FULL ? "full" : "normal") != SSQL_OK ||
        ssql_options_set(options, "threads", threads) != SSQL_OK ||
        (settings->keep_runs && !keep_runs(settings, options)) ||
        ssql_open_with(path, options, &database->db) != SSQL_OK) {
        fprintf(stderr, "ssql: cannot open %s\n", path);
        return false;
    }
    ssql_options_free(options);
    ssql_conn *connection;
    if (ssql_connect(database->db, &connection) != SSQL_OK)
        return false;
    const char *text = "create table if not exists events { id int primary, user string, kind string, amount int, ok bool }";
    bool done = ssql_exec(connection, text, strlen(text)) == SSQL_OK || complain(connection);
    ssql_disconnect(connection);
    return done;
}

static bool close_database(struct database *database)
{
    bool done = ssql_close(database->db) == SSQL_OK;

    free(database);
    return done;
}

static bool session_open(struct database *database, struct session **out)
{
    struct session *session = calloc(1, sizeof *session);

    *out = session;
    if (ssql_connect(database->db, &session->connection) != SSQL_OK)
        return false;
    for (int i = 0; i < STATEMENTS; i++)
        if (ssql_prepare(session->connection, sql_texts[i], strlen(sql_texts[i]), &session->statements[i], NULL) != SSQL_OK)
            return complain(session->connection);
    return true;
}

static void session_close(struct session *session)
{
    for (int i = 0; i < STATEMENTS; i++)
        ssql_finalize(session->statements[i]);
    ssql_disconnect(session->connection);
    free(session);
}

static bool run(struct session *session, enum sql_statement statement)
{
    int status = ssql_step(session->statements[statement]);

    if (status != SSQL_DONE)
        return complain(session->connection);
    ssql_reset(session->statements[statement]);
    return true;
}

static bool begin(struct session *session)
{
    return run(session, BEGIN);
}

static bool commit(struct session *session)
{
    return run(session, COMMIT);
}

static bool insert(struct session *session, const struct event *event)
{
    ssql_stmt *s = session->statements[INSERT];

    ssql_bind_int(s, 1, event->id);
    ssql_bind_string(s, 2, event->user, event->user_size);
    ssql_bind_string(s, 3, kind_names[event->kind], strlen(kind_names[event->kind]));
    if (event->amount_is_null)
        ssql_bind_null(s, 4);
    else
        ssql_bind_int(s, 4, event->amount);
    ssql_bind_bool(s, 5, event->ok);
    return run(session, INSERT);
}

static bool update(struct session *session, int64_t id, int64_t amount)
{
    ssql_bind_int(session->statements[UPDATE], 1, id);
    ssql_bind_int(session->statements[UPDATE], 2, amount);
    return run(session, UPDATE);
}

static bool erase(struct session *session, int64_t id)
{
    ssql_bind_int(session->statements[DELETE], 1, id);
    return run(session, DELETE);
}

static void read_event(ssql_stmt *s, struct event *event)
{
    size_t size;

    event->id = ssql_column_int(s, 0);
    const char *user = ssql_column_string(s, 1, &event->user_size);
    memcpy(event->user, user, event->user_size);
    (void)ssql_column_string(s, 2, &size);
    event->amount_is_null = ssql_column_is_null(s, 3);
    event->amount = ssql_column_int(s, 3);
    event->ok = ssql_column_bool(s, 4);
}

static bool get(struct session *session, int64_t id, bool *found, struct event *event)
{
    ssql_stmt *s = session->statements[GET];

    ssql_bind_int(s, 1, id);
    int status = ssql_step(s);
    *found = status == SSQL_ROW;
    if (*found)
        read_event(s, event);
    else if (status != SSQL_DONE)
        return complain(session->connection);
    ssql_reset(s);
    return true;
}

static bool range(struct session *session, int64_t low, uint32_t count, struct answer *answer)
{
    ssql_stmt *s = session->statements[RANGE];
    struct event event;
    int status;

    ssql_bind_int(s, 1, low);
    ssql_bind_int(s, 2, count);
    while ((status = ssql_step(s)) == SSQL_ROW) {
        read_event(s, &event);
        answer->rows++;
        answer->sum += event.amount;
    }
    if (status != SSQL_DONE)
        return complain(session->connection);
    ssql_reset(s);
    return true;
}

/* Folds rows of (a, b): in order, or summed up. */
static bool fold(struct session *session, enum sql_statement statement, bool ordered, int first, struct answer *answer)
{
    ssql_stmt *s = session->statements[statement];
    int status;

    while ((status = ssql_step(s)) == SSQL_ROW) {
        int64_t item = ssql_column_int(s, first) * 31 + ssql_column_int(s, first + 1);
        answer->rows++;
        answer->sum = ordered ? answer_mix(answer->sum, item) : answer->sum + item;
    }
    if (status != SSQL_DONE)
        return complain(session->connection);
    ssql_reset(s);
    return true;
}

static bool filter(struct session *session, struct answer *answer)
{
    return fold(session, FILTER, false, 0, answer);
}

static bool group_kind(struct session *session, struct answer *answer)
{
    return fold(session, GROUP_KIND, false, 1, answer);
}

static bool group_user(struct session *session, struct answer *answer)
{
    return fold(session, GROUP_USER, false, 1, answer);
}

static bool top(struct session *session, struct answer *answer)
{
    return fold(session, TOP, true, 0, answer);
}

static bool sort(struct session *session, struct answer *answer)
{
    return fold(session, SORT, true, 0, answer);
}

static bool group_many(struct session *session, int64_t groups, struct answer *answer)
{
    ssql_bind_int(session->statements[GROUP_MANY], 1, groups);
    return fold(session, GROUP_MANY, false, 1, answer);
}

static bool compact(struct database *database)
{
    ssql_conn *connection;

    if (ssql_connect(database->db, &connection) != SSQL_OK)
        return false;
    bool done = ssql_compact(connection) == SSQL_OK || complain(connection);
    ssql_disconnect(connection);
    return done;
}

static bool flush(struct database *database)
{
    ssql_conn *connection;

    if (ssql_connect(database->db, &connection) != SSQL_OK)
        return false;
    bool done = ssql_checkpoint(connection) == SSQL_OK || complain(connection);
    ssql_disconnect(connection);
    return done;
}

static bool count_runs(struct database *database, uint64_t *count)
{
    ssql_conn *connection;
    ssql_tables *tables = NULL;
    int64_t files = 0;

    if (ssql_connect(database->db, &connection) != SSQL_OK)
        return false;
    bool done = (ssql_tables_new(connection, &tables) == SSQL_OK || complain(connection)) &&
                ssql_tables_stat(tables, 0, "level0_files", &files) == SSQL_OK;
    ssql_tables_free(tables);
    ssql_disconnect(connection);
    *count = (uint64_t)files;
    return done;
}

const struct engine engine_ssql = {
    .name = "ssql", .version = ssql_version,
    .open = open_database, .close = close_database, .session_open = session_open, .session_close = session_close,
    .begin = begin, .commit = commit, .insert = insert, .update = update, .erase = erase, .get = get, .range = range,
    .filter = filter, .group_kind = group_kind, .group_user = group_user, .top = top, .sort = sort,
    .group_many = group_many, .compact = compact, .flush = flush, .count_runs = count_runs, .shares_writes = true,
};
