#include "kv_query.h"

#include <stdlib.h>
#include <string.h>

struct kv_state {
    struct answer *answer;
    uint64_t counts[KIND_COUNT];
    int64_t sums[KIND_COUNT];
    struct kv_group *groups; /* open addressing by user */
    size_t group_capacity, group_count;
};

struct kv_group {
    uint64_t count;
    int64_t sum;
    uint8_t size;
    char user[USER_SIZE_MOST];
};

static bool visit_filter(void *context, int64_t id, const uint8_t *row, size_t size)
{
    struct kv_state *state = context;
    int32_t amount;

    if (size < 7)
        return false;
    memcpy(&amount, row, 4);
    if (amount <= 900000 || (row[4] & 2) != 0 || row[5] != 5 || memcmp(row + 7, "click", 5) != 0)
        return true;
    state->answer->rows++;
    state->answer->sum += id * 31 + amount;
    return true;
}

/* The kinds differ in their first three letters taken together with their lengths. */
static uint32_t kind_of(const uint8_t *row)
{
    for (uint32_t kind = 0; kind < KIND_COUNT; kind++)
        if (memcmp(row + 7, kind_names[kind], row[5] < 3 ? row[5] : 3) == 0 && strlen(kind_names[kind]) == row[5])
            return kind;
    return 0;
}

static bool visit_kind(void *context, int64_t id, const uint8_t *row, size_t size)
{
    struct kv_state *state = context;
    int32_t amount;

    (void)id;
    if (size < 7)
        return false;
    memcpy(&amount, row, 4);
    uint32_t kind = kind_of(row);
    state->counts[kind]++;
    state->sums[kind] += (row[4] & 2) != 0 ? 0 : amount;
    return true;
}

static uint64_t hash_bytes(const uint8_t *bytes, size_t size)
{
    uint64_t hash = 0xCBF29CE484222325u;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001B3u;
    return hash ^ hash >> 29;
}

static struct kv_group *find_group(struct kv_state *query, const uint8_t *user, size_t size)
{
    size_t i = hash_bytes(user, size) & (query->group_capacity - 1);

    while (query->groups[i].count != 0 &&
           (query->groups[i].size != size || memcmp(query->groups[i].user, user, size) != 0))
        i = (i + 1) & (query->group_capacity - 1);
    return &query->groups[i];
}

static bool grow(struct kv_state *query)
{
    struct kv_state larger = *query;

    larger.group_capacity = query->group_capacity == 0 ? 1 << 16 : query->group_capacity * 2;
    larger.groups = calloc(larger.group_capacity, sizeof *larger.groups);
    if (larger.groups == NULL)
        return false;
    for (size_t i = 0; i < query->group_capacity; i++)
        if (query->groups[i].count != 0)
            *find_group(&larger, (const uint8_t *)query->groups[i].user, query->groups[i].size) = query->groups[i];
    free(query->groups);
    *query = larger;
    return true;
}

static bool visit_user(void *context, int64_t id, const uint8_t *row, size_t size)
{
    struct kv_state *query = context;
    int32_t amount;

    (void)id;
    if (size < 7)
        return false;
    if (query->group_count * 2 >= query->group_capacity && !grow(query))
        return false;
    const uint8_t *user = row + 7 + row[5];
    struct kv_group *group = find_group(query, user, row[6]);
    if (group->count == 0) {
        query->group_count++;
        group->size = row[6];
        memcpy(group->user, user, row[6]);
    }
    memcpy(&amount, row, 4);
    group->count++;
    group->sum += (row[4] & 2) != 0 ? 0 : amount;
    return true;
}

static void finish_kind(const struct kv_state *state)
{
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        state->answer->rows += state->counts[kind] != 0;
        state->answer->sum += (int64_t)state->counts[kind] * 31 + state->sums[kind];
    }
}

static void finish_user(struct kv_state *state)
{
    for (size_t i = 0; i < state->group_capacity; i++) {
        if (state->groups[i].count == 0)
            continue;
        state->answer->rows++;
        state->answer->sum += (int64_t)state->groups[i].count * 31 + state->groups[i].sum;
    }
    free(state->groups);
}

bool kv_run(enum kv_query query, kv_walk *walk, struct session *session, struct answer *answer)
{
    static kv_visit *const visits[] = {visit_filter, visit_kind, visit_user};
    struct kv_state state = {.answer = answer};
    bool done = walk(session, visits[query], &state);

    if (query == KV_GROUP_KIND)
        finish_kind(&state);
    else if (query == KV_GROUP_USER)
        finish_user(&state);
    return done;
}
