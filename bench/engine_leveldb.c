#include <leveldb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "kv_query.h"

struct database {
    leveldb_t *db;
    leveldb_options_t *options;
    leveldb_cache_t *cache;
    leveldb_filterpolicy_t *filter;
    leveldb_writeoptions_t *write;
    leveldb_readoptions_t *read;
};

struct session {
    struct database *database;
    leveldb_writebatch_t *batch;
    bool in_batch;
};

static const char *version(void)
{
    static char text[16];

    snprintf(text, sizeof text, "%d.%d", leveldb_major_version(), leveldb_minor_version());
    return text;
}

static bool complain(char *message)
{
    if (message == NULL)
        return true;
    fprintf(stderr, "leveldb: %s\n", message);
    leveldb_free(message);
    return false;
}

static bool open_database(const struct settings *settings, struct database **out)
{
    struct database *database = calloc(1, sizeof *database);
    char path[4096], *message = NULL;

    *out = database;
    snprintf(path, sizeof path, "%s/events.leveldb", settings->directory);
    database->cache = leveldb_cache_create_lru(settings->memory_bytes);
    database->filter = leveldb_filterpolicy_create_bloom(10);
    database->options = leveldb_options_create();
    leveldb_options_set_create_if_missing(database->options, 1);
    leveldb_options_set_compression(database->options, leveldb_snappy_compression);
    leveldb_options_set_write_buffer_size(database->options, 64 << 20);
    leveldb_options_set_max_file_size(database->options, 32 << 20);
    leveldb_options_set_cache(database->options, database->cache);
    leveldb_options_set_filter_policy(database->options, database->filter);
    database->db = leveldb_open(database->options, path, &message);
    database->write = leveldb_writeoptions_create();
    leveldb_writeoptions_set_sync(database->write, settings->durability == DURABILITY_FULL);
    database->read = leveldb_readoptions_create();
    return complain(message);
}

static bool close_database(struct database *database)
{
    leveldb_close(database->db);
    leveldb_options_destroy(database->options);
    leveldb_writeoptions_destroy(database->write);
    leveldb_readoptions_destroy(database->read);
    leveldb_cache_destroy(database->cache);
    leveldb_filterpolicy_destroy(database->filter);
    free(database);
    return true;
}

static bool session_open(struct database *database, struct session **out)
{
    *out = calloc(1, sizeof **out);
    (*out)->database = database;
    (*out)->batch = leveldb_writebatch_create();
    return true;
}

static void session_close(struct session *session)
{
    leveldb_writebatch_destroy(session->batch);
    free(session);
}

static bool begin(struct session *session)
{
    session->in_batch = true;
    return true;
}

static bool commit(struct session *session)
{
    char *message = NULL;

    session->in_batch = false;
    leveldb_write(session->database->db, session->database->write, session->batch, &message);
    leveldb_writebatch_clear(session->batch);
    return complain(message);
}

static bool put(struct session *session, const struct event *event)
{
    uint8_t key[8], row[PACKED_SIZE_MOST];
    size_t size = row_pack(event, row);
    char *message = NULL;

    key_pack(event->id, key);
    if (session->in_batch)
        leveldb_writebatch_put(session->batch, (char *)key, 8, (char *)row, size);
    else
        leveldb_put(session->database->db, session->database->write, (char *)key, 8, (char *)row, size, &message);
    return complain(message);
}

static bool get(struct session *session, int64_t id, bool *found, struct event *event)
{
    uint8_t key[8];
    char *message = NULL;
    size_t size;

    key_pack(id, key);
    char *row = leveldb_get(session->database->db, session->database->read, (char *)key, 8, &size, &message);
    *found = row != NULL;
    if (row == NULL)
        return complain(message);
    bool done = row_unpack((const uint8_t *)row, size, event);
    event->id = id;
    leveldb_free(row);
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

static bool erase(struct session *session, int64_t id)
{
    uint8_t key[8];
    char *message = NULL;

    key_pack(id, key);
    if (session->in_batch)
        leveldb_writebatch_delete(session->batch, (char *)key, 8);
    else
        leveldb_delete(session->database->db, session->database->write, (char *)key, 8, &message);
    return complain(message);
}

static bool range(struct session *session, int64_t low, uint32_t count, struct answer *answer)
{
    leveldb_iterator_t *i = leveldb_create_iterator(session->database->db, session->database->read);
    uint8_t key[8];
    struct event event;
    size_t size;

    key_pack(low, key);
    for (leveldb_iter_seek(i, (char *)key, 8); leveldb_iter_valid(i) && count > 0; leveldb_iter_next(i), count--) {
        const char *row = leveldb_iter_value(i, &size);
        if (!row_unpack((const uint8_t *)row, size, &event))
            return false;
        answer->rows++;
        answer->sum += event.amount_is_null ? 0 : event.amount;
    }
    leveldb_iter_destroy(i);
    return true;
}

static bool walk(struct session *session, kv_visit *visit, void *context)
{
    leveldb_iterator_t *i = leveldb_create_iterator(session->database->db, session->database->read);
    bool done = true;

    for (leveldb_iter_seek_to_first(i); leveldb_iter_valid(i) && done; leveldb_iter_next(i)) {
        size_t key_size, size;
        const uint8_t *key = (const uint8_t *)leveldb_iter_key(i, &key_size);
        const uint8_t *row = (const uint8_t *)leveldb_iter_value(i, &size);
        done = visit(context, key_unpack(key), row, size);
    }
    leveldb_iter_destroy(i);
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

static bool compact(struct database *database)
{
    leveldb_compact_range(database->db, NULL, 0, NULL, 0);
    return true;
}

const struct engine engine_leveldb = {
    .name = "leveldb", .version = version,
    .open = open_database, .close = close_database, .session_open = session_open, .session_close = session_close,
    .begin = begin, .commit = commit, .insert = put, .update = update, .erase = erase, .get = get, .range = range,
    .filter = filter, .group_kind = group_kind, .group_user = group_user, .compact = compact, .shares_writes = true,
};
