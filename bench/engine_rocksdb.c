#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "kv_query.h"

struct database {
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_cache_t *cache;
    rocksdb_writeoptions_t *write;
    rocksdb_readoptions_t *read;
};

struct session {
    struct database *database;
    rocksdb_writebatch_t *batch;
    bool in_batch;
};

static const char *version(void)
{
    return "7.8";
}

static bool complain(char *message)
{
    if (message == NULL)
        return true;
    fprintf(stderr, "rocksdb: %s\n", message);
    rocksdb_free(message);
    return false;
}

static bool open_database(const struct settings *settings, struct database **out)
{
    struct database *database = calloc(1, sizeof *database);
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    char path[4096], *message = NULL;

    *out = database;
    snprintf(path, sizeof path, "%s/events.rocksdb", settings->directory);
    database->cache = rocksdb_cache_create_lru(settings->memory_bytes);
    rocksdb_block_based_options_set_block_cache(table, database->cache);
    rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(10));
    rocksdb_block_based_options_set_format_version(table, 5);
    database->options = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(database->options, 1);
    rocksdb_options_set_compression(database->options, rocksdb_lz4_compression);
    rocksdb_options_set_write_buffer_size(database->options, 64 << 20);
    if (settings->keep_runs) {
        rocksdb_options_set_write_buffer_size(database->options, settings->memory_bytes / 8);
        rocksdb_options_set_disable_auto_compactions(database->options, 1);
    }
    rocksdb_options_set_max_write_buffer_number(database->options, 3);
    rocksdb_options_increase_parallelism(database->options, 2);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(database->options, 1);
    rocksdb_options_set_bytes_per_sync(database->options, 1 << 20);
    rocksdb_options_set_block_based_table_factory(database->options, table);
    database->db = rocksdb_open(database->options, path, &message);
    database->write = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(database->write, settings->durability == DURABILITY_FULL);
    database->read = rocksdb_readoptions_create();
    rocksdb_block_based_options_destroy(table);
    return complain(message);
}

static bool close_database(struct database *database)
{
    rocksdb_close(database->db);
    rocksdb_options_destroy(database->options);
    rocksdb_writeoptions_destroy(database->write);
    rocksdb_readoptions_destroy(database->read);
    rocksdb_cache_destroy(database->cache);
    free(database);
    return true;
}

static bool session_open(struct database *database, struct session **out)
{
    *out = calloc(1, sizeof **out);
    (*out)->database = database;
    (*out)->batch = rocksdb_writebatch_create();
    return true;
}

static void session_close(struct session *session)
{
    rocksdb_writebatch_destroy(session->batch);
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
    rocksdb_write(session->database->db, session->database->write, session->batch, &message);
    rocksdb_writebatch_clear(session->batch);
    return complain(message);
}

static bool put(struct session *session, const struct event *event)
{
    uint8_t key[8], row[PACKED_SIZE_MOST];
    size_t size = row_pack(event, row);
    char *message = NULL;

    key_pack(event->id, key);
    if (session->in_batch)
        rocksdb_writebatch_put(session->batch, (char *)key, 8, (char *)row, size);
    else
        rocksdb_put(session->database->db, session->database->write, (char *)key, 8, (char *)row, size, &message);
    return complain(message);
}

static bool get(struct session *session, int64_t id, bool *found, struct event *event)
{
    uint8_t key[8];
    char *message = NULL;
    size_t size;

    key_pack(id, key);
    rocksdb_pinnableslice_t *row =
        rocksdb_get_pinned(session->database->db, session->database->read, (char *)key, 8, &message);
    *found = row != NULL;
    if (row == NULL)
        return complain(message);
    const char *bytes = rocksdb_pinnableslice_value(row, &size);
    bool done = row_unpack((const uint8_t *)bytes, size, event);
    event->id = id;
    rocksdb_pinnableslice_destroy(row);
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
        rocksdb_writebatch_delete(session->batch, (char *)key, 8);
    else
        rocksdb_delete(session->database->db, session->database->write, (char *)key, 8, &message);
    return complain(message);
}

static bool range(struct session *session, int64_t low, uint32_t count, struct answer *answer)
{
    rocksdb_iterator_t *i = rocksdb_create_iterator(session->database->db, session->database->read);
    uint8_t key[8];
    struct event event;
    size_t size;

    key_pack(low, key);
    for (rocksdb_iter_seek(i, (char *)key, 8); rocksdb_iter_valid(i) && count > 0; rocksdb_iter_next(i), count--) {
        const char *row = rocksdb_iter_value(i, &size);
        if (!row_unpack((const uint8_t *)row, size, &event))
            return false;
        answer->rows++;
        answer->sum += event.amount_is_null ? 0 : event.amount;
    }
    rocksdb_iter_destroy(i);
    return true;
}

static bool walk(struct session *session, kv_visit *visit, void *context)
{
    rocksdb_iterator_t *i = rocksdb_create_iterator(session->database->db, session->database->read);
    bool done = true;

    for (rocksdb_iter_seek_to_first(i); rocksdb_iter_valid(i) && done; rocksdb_iter_next(i)) {
        size_t key_size, size;
        const uint8_t *key = (const uint8_t *)rocksdb_iter_key(i, &key_size);
        const uint8_t *row = (const uint8_t *)rocksdb_iter_value(i, &size);
        done = visit(context, key_unpack(key), row, size);
    }
    rocksdb_iter_destroy(i);
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

static bool flush(struct database *database)
{
    rocksdb_flushoptions_t *options = rocksdb_flushoptions_create();
    char *message = NULL;

    rocksdb_flush(database->db, options, &message);
    rocksdb_flushoptions_destroy(options);
    return complain(message);
}

static bool compact(struct database *database)
{
    bool done = flush(database);

    rocksdb_compact_range(database->db, NULL, 0, NULL, 0);
    return done;
}

static bool count_runs(struct database *database, uint64_t *count)
{
    char *text = rocksdb_property_value(database->db, "rocksdb.num-files-at-level0");

    *count = text == NULL ? 0 : strtoull(text, NULL, 10);
    rocksdb_free(text);
    return text != NULL;
}

const struct engine engine_rocksdb = {
    .name = "rocksdb", .version = version,
    .open = open_database, .close = close_database, .session_open = session_open, .session_close = session_close,
    .begin = begin, .commit = commit, .insert = put, .update = update, .erase = erase, .get = get, .range = range,
    .filter = filter, .group_kind = group_kind, .group_user = group_user,
    .compact = compact, .flush = flush, .count_runs = count_runs, .shares_writes = true,
};
