#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine.h"
#include "kv_query.h"

struct database {
    MDB_env *environment;
    MDB_dbi dbi;
};

struct session {
    struct database *database;
    MDB_txn *reading; /* renewed for each read */
    MDB_txn *writing;
    MDB_cursor *cursor;
};

static const char *version(void)
{
    return mdb_version(NULL, NULL, NULL);
}

static bool check(int status)
{
    if (status == MDB_SUCCESS)
        return true;
    fprintf(stderr, "lmdb: %s\n", mdb_strerror(status));
    return false;
}

static bool open_database(const struct settings *settings, struct database **out)
{
    struct database *database = calloc(1, sizeof *database);
    unsigned flags = MDB_NORDAHEAD | MDB_NOTLS | (settings->durability == DURABILITY_FULL ? 0 : MDB_NOSYNC);
    char path[4096];
    MDB_txn *transaction;

    *out = database;
    snprintf(path, sizeof path, "%s/events.lmdb", settings->directory);
    (void)mkdir(path, 0777);
    return check(mdb_env_create(&database->environment)) &&
           check(mdb_env_set_mapsize(database->environment, (size_t)16 << 30)) &&
           check(mdb_env_open(database->environment, path, flags, 0666)) &&
           check(mdb_txn_begin(database->environment, NULL, 0, &transaction)) &&
           check(mdb_dbi_open(transaction, NULL, 0, &database->dbi)) && check(mdb_txn_commit(transaction));
}

static bool close_database(struct database *database)
{
    mdb_env_close(database->environment);
    free(database);
    return true;
}

static bool session_open(struct database *database, struct session **out)
{
    struct session *session = calloc(1, sizeof *session);

    *out = session;
    session->database = database;
    if (!check(mdb_txn_begin(database->environment, NULL, MDB_RDONLY, &session->reading)) ||
        !check(mdb_cursor_open(session->reading, database->dbi, &session->cursor)))
        return false;
    mdb_txn_reset(session->reading);
    return true;
}

static void session_close(struct session *session)
{
    mdb_cursor_close(session->cursor);
    mdb_txn_abort(session->reading);
    free(session);
}

static bool begin(struct session *session)
{
    return check(mdb_txn_begin(session->database->environment, NULL, 0, &session->writing));
}

static bool commit(struct session *session)
{
    MDB_txn *writing = session->writing;

    session->writing = NULL;
    return check(mdb_txn_commit(writing));
}

/* Runs one write, in a transaction of its own when none is open. */
static bool write_one(struct session *session, int64_t id, uint8_t *row, size_t size)
{
    bool alone = session->writing == NULL;
    uint8_t key_bytes[8];
    MDB_val key = {8, key_bytes}, value = {size, row};

    key_pack(id, key_bytes);
    if (alone && !begin(session))
        return false;
    int status = row != NULL ? mdb_put(session->writing, session->database->dbi, &key, &value, 0)
                             : mdb_del(session->writing, session->database->dbi, &key, NULL);
    if (!check(status == MDB_NOTFOUND ? MDB_SUCCESS : status))
        return false;
    return !alone || commit(session);
}

static bool put(struct session *session, const struct event *event)
{
    uint8_t row[PACKED_SIZE_MOST];

    return write_one(session, event->id, row, row_pack(event, row));
}

static bool erase(struct session *session, int64_t id)
{
    return write_one(session, id, NULL, 0);
}

static bool get(struct session *session, int64_t id, bool *found, struct event *event)
{
    MDB_txn *transaction = session->writing;
    uint8_t key_bytes[8];
    MDB_val key = {8, key_bytes}, value;

    key_pack(id, key_bytes);
    if (transaction == NULL) {
        if (!check(mdb_txn_renew(session->reading)))
            return false;
        transaction = session->reading;
    }
    int status = mdb_get(transaction, session->database->dbi, &key, &value);
    *found = status == MDB_SUCCESS;
    bool done = *found ? row_unpack(value.mv_data, value.mv_size, event) : check(status == MDB_NOTFOUND ? 0 : status);
    event->id = id;
    if (transaction == session->reading)
        mdb_txn_reset(session->reading);
    return done;
}

static bool update(struct session *session, int64_t id, int64_t amount)
{
    struct event event;
    bool found;

    if (!get(session, id, &found, &event))
        return false;
    event.amount = amount;
    event.amount_is_null = false;
    return !found || put(session, &event);
}

static bool range(struct session *session, int64_t low, uint32_t count, struct answer *answer)
{
    uint8_t key_bytes[8];
    MDB_val key = {8, key_bytes}, value;
    struct event event;

    key_pack(low, key_bytes);
    if (!check(mdb_txn_renew(session->reading)) || !check(mdb_cursor_renew(session->reading, session->cursor)))
        return false;
    int status = mdb_cursor_get(session->cursor, &key, &value, MDB_SET_RANGE);
    for (; status == MDB_SUCCESS && count > 0; count--) {
        if (!row_unpack(value.mv_data, value.mv_size, &event))
            return false;
        answer->rows++;
        answer->sum += event.amount_is_null ? 0 : event.amount;
        status = mdb_cursor_get(session->cursor, &key, &value, MDB_NEXT);
    }
    mdb_txn_reset(session->reading);
    return true;
}

static bool walk(struct session *session, kv_visit *visit, void *context)
{
    MDB_val key, value;
    bool done = true;

    if (!check(mdb_txn_renew(session->reading)) || !check(mdb_cursor_renew(session->reading, session->cursor)))
        return false;
    int status = mdb_cursor_get(session->cursor, &key, &value, MDB_FIRST);
    for (; status == MDB_SUCCESS && done; status = mdb_cursor_get(session->cursor, &key, &value, MDB_NEXT))
        done = visit(context, key_unpack(key.mv_data), value.mv_data, value.mv_size);
    mdb_txn_reset(session->reading);
    return done;
}

static bool filter(struct session *session, struct answer *answer)
{
    return kv_run(KV_FILTER, walk, session, answer);
}

static bool group_kind(struct session *session, struct answer *answer)
{
    return kv_run(KV_GROUP_KIND, walk, session, answer);
}

static bool group_user(struct session *session, struct answer *answer)
{
    return kv_run(KV_GROUP_USER, walk, session, answer);
}

const struct engine engine_lmdb = {
    .name = "lmdb", .version = version,
    .open = open_database, .close = close_database, .session_open = session_open, .session_close = session_close,
    .begin = begin, .commit = commit, .insert = put, .update = update, .erase = erase, .get = get, .range = range,
    .filter = filter, .group_kind = group_kind, .group_user = group_user, .shares_writes = true,
};
