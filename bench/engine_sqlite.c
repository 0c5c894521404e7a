#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "sql_text.h"

struct database {
    struct settings settings;
    bool large_wal;
    char path[4096];
};

struct session {
    sqlite3 *connection;
    sqlite3_stmt *statements[STATEMENTS];
};

static const char *version(void)
{
    return sqlite3_libversion();
}

static bool complain(sqlite3 *connection)
{
    fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(connection));
    return false;
}

static bool session_open(struct database *database, struct session **out)
{
    struct session *session = calloc(1, sizeof *session);
    char pragmas[512];

    *out = session;
    if (sqlite3_open(database->path, &session->connection) != SQLITE_OK)
        return complain(session->connection);
    snprintf(pragmas, sizeof pragmas,
             "pragma journal_mode=wal; pragma synchronous=%s; pragma cache_size=-%zu; pragma mmap_size=1073741824;"
             "pragma temp_store=memory; pragma busy_timeout=60000; pragma wal_autocheckpoint=%d",
             database->settings.durability == DURABILITY_FULL ? "full" : "normal",
             database->settings.memory_bytes / 1024, database->large_wal ? 50000 : 1000);
    if (sqlite3_exec(session->connection, pragmas, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(session->connection,
                     "create table if not exists events (id integer primary key, user text, kind text, amount integer, "
                     "ok integer)", NULL, NULL, NULL) != SQLITE_OK)
        return complain(session->connection);
    for (int i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(session->connection, i == BEGIN ? "begin immediate" : sql_texts[i], -1,
                               SQLITE_PREPARE_PERSISTENT, &session->statements[i], NULL) != SQLITE_OK)
            return complain(session->connection);
    return true;
}

static void session_close(struct session *session)
{
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(session->statements[i]);
    sqlite3_close(session->connection);
    free(session);
}

static bool open_database(const struct settings *settings, struct database **out)
{
    struct database *database = calloc(1, sizeof *database);

    database->settings = *settings;
    snprintf(database->path, sizeof database->path, "%s/events.sqlite", settings->directory);
    *out = database;
    return true;
}

static bool open_with_large_wal(const struct settings *settings, struct database **out)
{
    bool done = open_database(settings, out);

    (*out)->large_wal = true;
    return done;
}

static bool close_database(struct database *database)
{
    free(database);
    return true;
}

static bool run(struct session *session, enum sql_statement statement)
{
    int status = sqlite3_step(session->statements[statement]);

    sqlite3_reset(session->statements[statement]);
    return status == SQLITE_DONE || complain(session->connection);
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
    sqlite3_stmt *s = session->statements[INSERT];

    sqlite3_bind_int64(s, 1, event->id);
    sqlite3_bind_text(s, 2, event->user, (int)event->user_size, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, kind_names[event->kind], -1, SQLITE_STATIC);
    if (event->amount_is_null)
        sqlite3_bind_null(s, 4);
    else
        sqlite3_bind_int64(s, 4, event->amount);
    sqlite3_bind_int(s, 5, event->ok);
    return run(session, INSERT);
}

static bool update(struct session *session, int64_t id, int64_t amount)
{
    sqlite3_bind_int64(session->statements[UPDATE], 1, id);
    sqlite3_bind_int64(session->statements[UPDATE], 2, amount);
    return run(session, UPDATE);
}

static bool erase(struct session *session, int64_t id)
{
    sqlite3_bind_int64(session->statements[DELETE], 1, id);
    return run(session, DELETE);
}

static void read_event(sqlite3_stmt *s, struct event *event)
{
    event->id = sqlite3_column_int64(s, 0);
    event->user_size = (size_t)sqlite3_column_bytes(s, 1);
    memcpy(event->user, sqlite3_column_text(s, 1), event->user_size);
    (void)sqlite3_column_text(s, 2);
    event->amount_is_null = sqlite3_column_type(s, 3) == SQLITE_NULL;
    event->amount = sqlite3_column_int64(s, 3);
    event->ok = sqlite3_column_int(s, 4) != 0;
}

static bool get(struct session *session, int64_t id, bool *found, struct event *event)
{
    sqlite3_stmt *s = session->statements[GET];

    sqlite3_bind_int64(s, 1, id);
    int status = sqlite3_step(s);
    *found = status == SQLITE_ROW;
    if (*found)
        read_event(s, event);
    sqlite3_reset(s);
    return status == SQLITE_ROW || status == SQLITE_DONE || complain(session->connection);
}

static bool range(struct session *session, int64_t low, uint32_t count, struct answer *answer)
{
    sqlite3_stmt *s = session->statements[RANGE];
    struct event event;
    int status;

    sqlite3_bind_int64(s, 1, low);
    sqlite3_bind_int64(s, 2, count);
    while ((status = sqlite3_step(s)) == SQLITE_ROW) {
        read_event(s, &event);
        answer->rows++;
        answer->sum += event.amount;
    }
    sqlite3_reset(s);
    return status == SQLITE_DONE || complain(session->connection);
}

/* Folds rows of (a, b): in order, or summed up. */
static bool fold(struct session *session, enum sql_statement statement, bool ordered, int first, struct answer *answer)
{
    sqlite3_stmt *s = session->statements[statement];
    int status;

    while ((status = sqlite3_step(s)) == SQLITE_ROW) {
        int64_t item = sqlite3_column_int64(s, first) * 31 + sqlite3_column_int64(s, first + 1);
        answer->rows++;
        answer->sum = ordered ? answer_mix(answer->sum, item) : answer->sum + item;
    }
    sqlite3_reset(s);
    return status == SQLITE_DONE || complain(session->connection);
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
    sqlite3_bind_int64(session->statements[GROUP_MANY], 1, groups);
    return fold(session, GROUP_MANY, false, 1, answer);
}

static bool compact(struct database *database)
{
    struct session *session;
    bool done = session_open(database, &session) &&
                sqlite3_exec(session->connection, "pragma wal_checkpoint(truncate)", NULL, NULL, NULL) == SQLITE_OK;

    session_close(session);
    return done;
}

#define SQLITE_FUNCTIONS                                                                                               \
    .version = version, .close = close_database, .session_open = session_open, .session_close = session_close,         \
    .begin = begin, .commit = commit, .insert = insert, .update = update, .erase = erase, .get = get, .range = range,  \
    .filter = filter, .group_kind = group_kind, .group_user = group_user, .top = top, .sort = sort,                    \
    .group_many = group_many, .compact = compact, .shares_writes = true

const struct engine engine_sqlite = {.name = "sqlite", .open = open_database, SQLITE_FUNCTIONS};
const struct engine engine_sqlite_large_wal = {
    .name = "sqlite_large_wal", .open = open_with_large_wal, .by_request = true, SQLITE_FUNCTIONS};
