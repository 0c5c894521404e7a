#include "storage/memtable.h"

#include <assert.h>
#include <stdlib.h>

#include "storage/filter.h"
#include "storage/memtable_filter.h"
#include "storage/memtable_tree.h"

#define LOAD(field) atomic_load_explicit(&(field), memory_order_acquire)

enum { CACHE_LINE_SIZE = 64 };

struct memtable {
    const struct row_format *format;
    _Atomic(uint32_t) reference_count;
    struct tree tree;
    struct memtable_arena arena;
    _Atomic(uint64_t) version_count, lowest_sequence, highest_sequence;
    _Atomic(uint64_t) highest_word; /* no key begins with a greater one: ascending keys are known to be new by it */
    _Atomic(struct memtable_filter *) filter; /* NULL: few keys yet, or all in order */
    uint64_t filter_due;                      /* the writer's: so many versions, and the filter grows */
    uint64_t expected_keys;                   /* the writer's: what the first filter has room for */
};

bool memtable_create(const struct row_format *format, struct memtable **memtable, struct ssql_error *error)
{
    struct memtable *made = calloc(1, sizeof *made);

    *memtable = NULL;
    if (made == NULL)
        return error_no_memory(error);
    made->format = format;
    atomic_init(&made->reference_count, 1);
    atomic_init(&made->lowest_sequence, UINT64_MAX);
    made->filter_due = memtable_filter_capacity(NULL);
    if (!tree_init(&made->tree, format->key_is_int, &made->arena)) {
        free(made);
        return error_no_memory(error);
    }
    *memtable = made;
    return true;
}

void memtable_expect(struct memtable *memtable, uint64_t key_count)
{
    memtable->expected_keys = key_count;
}

void memtable_retain(struct memtable *memtable)
{
    atomic_fetch_add_explicit(&memtable->reference_count, 1, memory_order_relaxed);
}

void memtable_release(struct memtable *memtable)
{
    if (memtable == NULL || atomic_fetch_sub_explicit(&memtable->reference_count, 1, memory_order_acq_rel) != 1)
        return;
    memtable_arena_clear(&memtable->arena);
    free(memtable);
}

static size_t version_size(const struct version *version)
{
    uint32_t row_size = version->row_size == TOMBSTONE_ROW_SIZE ? 0 : version->row_size;

    return sizeof *version + version->key_size + row_size;
}

static struct version *version_make(struct memtable *memtable, struct slice key, struct slice row, uint64_t sequence)
{
    assert(key.size <= KEY_SIZE_MOST && row.size <= ROW_SIZE_MOST);
    size_t row_size = row.data == NULL ? 0 : row.size;
    struct version *version = memtable_arena_alloc(&memtable->arena, sizeof *version + key.size + row_size);
    if (version == NULL)
        return NULL;
    version->older = NULL;
    version->sequence = sequence;
    version->key_size = (uint32_t)key.size;
    version->row_size = row.data == NULL ? TOMBSTONE_ROW_SIZE : (uint32_t)row.size;
    if (key.size > 0)
        memcpy(version->bytes, key.data, key.size);
    if (row_size > 0)
        memcpy(version->bytes + key.size, row.data, row_size);
    return version;
}

/* True: the key is above every other. Beside the writer: of those that the caller's snapshot sees. */
static bool is_above_all(const struct memtable *memtable, const struct probe *probe)
{
    return probe->words[0] > LOAD(memtable->highest_word);
}

/* There is one writer, so a load and a store make an update. */
static void count_version(struct memtable *memtable, uint64_t sequence, const struct probe *probe)
{
    if (is_above_all(memtable, probe))
        atomic_store_explicit(&memtable->highest_word, probe->words[0], memory_order_release);
    atomic_store_explicit(&memtable->version_count, memtable_version_count(memtable) + 1, memory_order_relaxed);
    if (sequence < memtable_lowest_sequence(memtable))
        atomic_store_explicit(&memtable->lowest_sequence, sequence, memory_order_relaxed);
    if (sequence > memtable_highest_sequence(memtable))
        atomic_store_explicit(&memtable->highest_sequence, sequence, memory_order_relaxed);
}

/* A filter that cannot grow gets less sharp, no worse. */
static void grow_filter(struct memtable *memtable)
{
    struct memtable_filter *old = LOAD(memtable->filter);
    uint64_t count = memtable_version_count(memtable);
    uint64_t room = count > memtable->expected_keys ? count : memtable->expected_keys;
    struct memtable_filter *grown = memtable_filter_grow(old, &memtable->tree, room, &memtable->arena);

    if (grown != NULL)
        atomic_store_explicit(&memtable->filter, grown, memory_order_release);
    memtable->filter_due = grown != NULL ? grown->key_capacity : memtable->filter_due * 2;
}

/* Keys that only ascend need no filter: each is known to be new by the one before it. */
static void announce_key(struct memtable *memtable, struct slice key, bool is_above)
{
    struct memtable_filter *filter = LOAD(memtable->filter);

    if (filter == NULL && is_above)
        return;
    if (memtable_version_count(memtable) >= memtable->filter_due) {
        grow_filter(memtable);
        filter = LOAD(memtable->filter);
    }
    if (filter != NULL)
        memtable_filter_add(filter, filter_hash(key));
}

bool memtable_put(struct memtable *memtable, struct slice key, struct slice row, uint64_t sequence,
                  struct ssql_error *error)
{
    struct version *version = version_make(memtable, key, row, sequence);
    struct probe probe;

    if (version == NULL)
        return error_no_memory(error);
    assert(!memtable->format->key_is_int || key.size == 8);
    probe_init(&probe, version_key(version));
    bool is_above = is_above_all(memtable, &probe);
    /* Counted first, so that whoever sees the version also sees limits that hold for it. */
    count_version(memtable, sequence, &probe);
    announce_key(memtable, key, is_above);
    _Atomic(const struct version *) *entry;
    bool is_inserted = tree_insert(&memtable->tree, &probe, version, &memtable->arena, &entry);
    if (entry != NULL) {
        version->older = LOAD(*entry);
        assert(version->older->sequence <= sequence);
        atomic_store_explicit(entry, version, memory_order_release);
        return true;
    }
    if (is_inserted)
        return true;
    atomic_store_explicit(&memtable->version_count, memtable_version_count(memtable) - 1, memory_order_relaxed);
    memtable_arena_take_back(&memtable->arena, version, version_size(version));
    return error_no_memory(error);
}

void memtable_undo(struct memtable *memtable, struct slice key, uint64_t sequence)
{
    struct probe probe;

    probe_init(&probe, key);
    _Atomic(const struct version *) *entry = tree_find_entry(&memtable->tree, &probe);
    assert(entry != NULL);
    const struct version *version = LOAD(*entry);
    assert(version->sequence == sequence);
    if (version->older != NULL)
        atomic_store_explicit(entry, version->older, memory_order_release);
    else
        tree_remove(&memtable->tree, &probe);
    atomic_store_explicit(&memtable->version_count, memtable_version_count(memtable) - 1, memory_order_relaxed);
    /* Its bytes stay: an inner node may name it as the least key below a child. */
}

static void version_show(const struct version *version, struct memtable_version *out)
{
    out->key = version_key(version);
    out->row = version->row_size == TOMBSTONE_ROW_SIZE
                   ? slice_make(NULL, 0)
                   : slice_make(version->bytes + version->key_size, version->row_size);
    out->sequence = version->sequence;
}

static const struct version *find_visible(const struct version *version, uint64_t snapshot)
{
    while (version != NULL && version->sequence > snapshot)
        version = version->older;
    return version;
}

/* The key's newest version, or NULL. */
static const struct version *find_newest(const struct memtable *memtable, struct slice key)
{
    struct probe probe;

    probe_init(&probe, key);
    if (is_above_all(memtable, &probe))
        return NULL;
    for (;;) {
        uint32_t node_version;
        bool equal;
        const struct node *leaf = &tree_find_leaf(&memtable->tree, &probe, &node_version)->node;
        uint32_t i = node_lower_bound(leaf, &probe, 0, LOAD(leaf->count), memtable->tree.key_is_int, &equal);
        const struct version *newest = equal ? LOAD(leaf->records[i]) : NULL;
        if (node_is_unchanged(leaf, node_version))
            return newest;
    }
}

static bool key_is_above_all(const struct memtable *memtable, struct slice key)
{
    struct probe probe;

    probe_init(&probe, key);
    return is_above_all(memtable, &probe);
}

bool memtable_may_contain(const struct memtable *memtable, struct slice key, uint64_t key_hash)
{
    const struct memtable_filter *filter = LOAD(memtable->filter);

    if (key_is_above_all(memtable, key))
        return false;
    return filter == NULL || memtable_filter_may_contain(filter, key_hash);
}

void memtable_prefetch(const struct memtable *memtable, struct slice key, uint64_t key_hash)
{
    const struct memtable_filter *filter = LOAD(memtable->filter);

    if (filter != NULL && !key_is_above_all(memtable, key))
        memtable_filter_prefetch(filter, key_hash);
}

bool memtable_get(const struct memtable *memtable, struct slice key, uint64_t snapshot,
                  struct memtable_version *version)
{
    const struct version *found = find_visible(find_newest(memtable, key), snapshot);

    if (found == NULL)
        return false;
    version_show(found, version);
    return true;
}

uint64_t memtable_newest_sequence(const struct memtable *memtable, struct slice key)
{
    const struct version *newest = find_newest(memtable, key);

    return newest == NULL ? 0 : newest->sequence;
}

bool memtable_range_changed(const struct memtable *memtable, struct slice low, bool low_exclusive, struct slice high,
                            bool high_exclusive, uint64_t snapshot)
{
    struct memtable_iterator iterator;

    if (memtable_highest_sequence(memtable) <= snapshot)
        return false;
    memtable_iterator_init(&iterator, memtable, UINT64_MAX, false);
    memtable_iterator_seek(&iterator, low);
    if (iterator.is_valid && low_exclusive && low.data != NULL && slice_equal(iterator.current.key, low))
        memtable_iterator_next(&iterator);
    for (; iterator.is_valid; memtable_iterator_next(&iterator)) {
        if (high.data != NULL && slice_compare(iterator.current.key, high) >= (high_exclusive ? 0 : 1))
            return false;
        if (iterator.current.sequence > snapshot)
            return true;
    }
    return false;
}

size_t memtable_memory_bytes(const struct memtable *memtable)
{
    return sizeof *memtable + atomic_load_explicit(&memtable->arena.used_bytes, memory_order_relaxed);
}

uint64_t memtable_version_count(const struct memtable *memtable)
{
    return atomic_load_explicit(&memtable->version_count, memory_order_relaxed);
}

uint64_t memtable_lowest_sequence(const struct memtable *memtable)
{
    return atomic_load_explicit(&memtable->lowest_sequence, memory_order_relaxed);
}

uint64_t memtable_highest_sequence(const struct memtable *memtable)
{
    return atomic_load_explicit(&memtable->highest_sequence, memory_order_relaxed);
}

/* ---- walking ---- */

void memtable_iterator_init(struct memtable_iterator *iterator, const struct memtable *memtable, uint64_t snapshot,
                            bool all_versions)
{
    iterator->memtable = memtable;
    iterator->snapshot = snapshot;
    iterator->all_versions = all_versions;
    iterator->is_valid = false;
    iterator->record_count = iterator->record_index = 0;
    iterator->older = iterator->next_leaf = NULL;
}

/* Copies the leaf's entries from `from` on, and where the next leaf is. */
static void copy_leaf(struct memtable_iterator *iterator, const struct leaf *leaf, uint32_t from)
{
    uint32_t count = LOAD(leaf->node.count);

    iterator->record_index = iterator->record_count = 0;
    iterator->older = NULL;
    for (uint32_t i = from; i < count; i++) {
        const struct version *record = LOAD(leaf->node.records[i]);
        __builtin_prefetch(record); /* the walk comes to it soon, and to its row */
        __builtin_prefetch((const uint8_t *)record + CACHE_LINE_SIZE);
        iterator->records[iterator->record_count++] = record;
    }
    iterator->next_leaf = LOAD(leaf->next);
}

static void fetch_leaf(struct memtable_iterator *iterator, const struct leaf *leaf)
{
    uint32_t version;

    do {
        version = node_begin_read(&leaf->node);
        copy_leaf(iterator, leaf, 0);
    } while (!node_is_unchanged(&leaf->node, version));
}

static void show(struct memtable_iterator *iterator, const struct version *version)
{
    version_show(version, &iterator->current);
    iterator->older = version->older;
    iterator->is_valid = true;
}

void memtable_iterator_next(struct memtable_iterator *iterator)
{
    if (iterator->all_versions && iterator->older != NULL) {
        show(iterator, iterator->older);
        return;
    }
    for (;;) {
        while (iterator->record_index < iterator->record_count) {
            const struct version *visible =
                find_visible(iterator->records[iterator->record_index++], iterator->snapshot);
            if (visible != NULL) {
                show(iterator, visible);
                return;
            }
        }
        if (iterator->next_leaf == NULL)
            break;
        fetch_leaf(iterator, iterator->next_leaf);
    }
    iterator->is_valid = false;
}

void memtable_iterator_seek(struct memtable_iterator *iterator, struct slice key)
{
    const struct tree *tree = &iterator->memtable->tree;
    struct probe probe;
    uint32_t version;
    const struct leaf *leaf;
    bool equal;

    if (key.data == NULL) {
        fetch_leaf(iterator, tree->first_leaf);
    } else {
        probe_init(&probe, key);
        do {
            leaf = tree_find_leaf(tree, &probe, &version);
            copy_leaf(iterator, leaf,
                      node_lower_bound(&leaf->node, &probe, 0, LOAD(leaf->node.count), tree->key_is_int, &equal));
        } while (!node_is_unchanged(&leaf->node, version));
    }
    memtable_iterator_next(iterator);
}

/* The last key of the leaf that ends the tree, or false when undo has emptied that leaf. */
static bool find_last_record(const struct tree *tree, const struct version **last)
{
    for (;;) {
        uint32_t version, leaf_count;
        const struct leaf *leaf = tree_find_last_leaf(tree, &version);
        leaf_count = LOAD(leaf->node.count);
        if (leaf_count > 0)
            *last = LOAD(leaf->node.records[leaf_count - 1]);
        if (node_is_unchanged(&leaf->node, version))
            return leaf_count > 0;
    }
}

uint32_t memtable_sample_keys(const struct memtable *memtable, struct slice keys[MEMTABLE_SAMPLES_MOST])
{
    return tree_sample_keys(&memtable->tree, keys);
}

struct slice memtable_last_key(const struct memtable *memtable)
{
    const struct version *last = NULL;

    if (!find_last_record(&memtable->tree, &last)) {
        /* Only a write set, which no other thread reads, has empty leaves. */
        for (const struct leaf *leaf = memtable->tree.first_leaf; leaf != NULL; leaf = LOAD(leaf->next))
            if (LOAD(leaf->node.count) > 0)
                last = LOAD(leaf->node.records[LOAD(leaf->node.count) - 1]);
    }
    return last == NULL ? slice_make(NULL, 0) : version_key(last);
}
