#include "storage/backup_mark.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"

enum {
    MARK_VERSION = 1,
    MARK_SOURCE_OFFSET = 16,
    MARK_CURRENT_OFFSET = 32,
    MARK_NEXT_OFFSET = 56,
    MARK_CHECKSUM_OFFSET = 80,
    MARK_SIZE = 88,
};

static const char mark_magic[] = "ssqlbkup";

static void load_state(struct backup_state *state, const uint8_t *from)
{
    memcpy(state->database_id, from, MANIFEST_ID_SIZE);
    state->epoch = load_u64le(from + MANIFEST_ID_SIZE);
}

static void store_state(const struct backup_state *state, uint8_t *to)
{
    memcpy(to, state->database_id, MANIFEST_ID_SIZE);
    store_u64le(to + MANIFEST_ID_SIZE, state->epoch);
}

static bool decode(struct slice bytes, const char *path, struct backup_mark *mark, struct ssql_error *error)
{
    bool is_mark = bytes.size >= 16 && memcmp(bytes.data, mark_magic, 8) == 0;

    if (is_mark && load_u32le(bytes.data + 8) > MARK_VERSION) {
        error_set(error, SSQL_CANNOT_OPEN, NO_SPAN, "\"%s/%s\" was written by a newer ssql", path, BACKUP_MARK_NAME);
        return error_hint(error, "use a newer version of ssql");
    }
    if (!is_mark || bytes.size != MARK_SIZE || load_u32le(bytes.data + 8) != MARK_VERSION ||
        load_u32le(bytes.data + 12) != 0 ||
        load_u64le(bytes.data + MARK_CHECKSUM_OFFSET) != XXH3_64bits(bytes.data, MARK_CHECKSUM_OFFSET))
        return error_set(error, SSQL_CORRUPT, NO_SPAN, "\"%s/%s\" is damaged", path, BACKUP_MARK_NAME);
    memcpy(mark->source_id, bytes.data + MARK_SOURCE_OFFSET, MANIFEST_ID_SIZE);
    load_state(&mark->current, bytes.data + MARK_CURRENT_OFFSET);
    load_state(&mark->next, bytes.data + MARK_NEXT_OFFSET);
    return true;
}

bool backup_mark_load(struct volume *volume, struct backup_mark *mark, struct ssql_error *error)
{
    struct buffer bytes = {0};
    uint64_t version;

    *mark = (struct backup_mark){0};
    bool is_loaded = register_read(volume, BACKUP_MARK_NAME, &bytes, &version, error) == VOLUME_OK &&
                     (version == 0 || decode(buffer_slice(&bytes), volume_path(volume), mark, error));
    if (is_loaded)
        mark->version = version;
    buffer_clear(&bytes);
    return is_loaded;
}

bool backup_mark_store(struct volume *volume, struct backup_mark *mark, struct ssql_error *error)
{
    uint8_t bytes[MARK_SIZE] = {0};

    memcpy(bytes, mark_magic, 8);
    store_u32le(bytes + 8, MARK_VERSION);
    memcpy(bytes + MARK_SOURCE_OFFSET, mark->source_id, MANIFEST_ID_SIZE);
    store_state(&mark->current, bytes + MARK_CURRENT_OFFSET);
    store_state(&mark->next, bytes + MARK_NEXT_OFFSET);
    store_u64le(bytes + MARK_CHECKSUM_OFFSET, XXH3_64bits(bytes, MARK_CHECKSUM_OFFSET));
    return register_swap(volume, BACKUP_MARK_NAME, &mark->version, slice_make(bytes, sizeof bytes), error) == VOLUME_OK;
}

static bool is_state(const struct backup_state *state, const struct manifest_header *header)
{
    return state->epoch == header->epoch && memcmp(state->database_id, header->database_id, MANIFEST_ID_SIZE) == 0;
}

bool backup_mark_covers(const struct backup_mark *mark, const struct manifest_header *header)
{
    return mark->version != 0 && (is_state(&mark->current, header) || is_state(&mark->next, header));
}
