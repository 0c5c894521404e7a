#include "storage/memtable_tree.h"

#include <assert.h>
#include <sched.h>

#include "base/bytes.h"

enum { TREE_HEIGHT_MOST = 24, SPINS_BEFORE_YIELD = 64 };

#define LOAD(field)         atomic_load_explicit(&(field), memory_order_acquire)
#define STORE(field, value) atomic_store_explicit(&(field), (value), memory_order_release)

/* The 8 bytes of the key from `from` on, big-endian, zero-padded. */
static uint64_t key_word(struct slice key, size_t from)
{
    uint8_t bytes[8] = {0};

    if (key.size >= from + 8)
        return load_u64be(key.data + from);
    if (key.size > from)
        memcpy(bytes, key.data + from, key.size - from);
    return load_u64be(bytes);
}

void probe_init(struct probe *probe, struct slice key)
{
    probe->key = key;
    probe->words[0] = key_word(key, 0);
    probe->words[1] = key.size <= 8 ? 0 : key_word(key, 8);
}

static struct leaf *node_as_leaf(struct node *node)
{
    assert(node->is_leaf);
    return (struct leaf *)node;
}

static struct inner *node_as_inner(struct node *node)
{
    assert(!node->is_leaf);
    return (struct inner *)node;
}

/* ---- searching ---- */

/* Order of the probe's first bytes against the prefix that all keys of the node share. */
static int compare_prefix(const struct node *node, const struct probe *probe, uint32_t prefix_size)
{
    for (uint32_t i = 0; i < NODE_PREFIX_MOST / 8 && prefix_size > 8 * i; i++) {
        uint32_t bytes = prefix_size - 8 * i < 8 ? prefix_size - 8 * i : 8;
        uint64_t mask = UINT64_MAX << (64 - 8 * bytes);
        uint64_t left = probe->words[i] & mask, right = LOAD(node->prefix[i]) & mask;
        if (left != right)
            return left < right ? -1 : 1;
    }
    return 0;
}

/* First entry of [first, end) whose head is >= `head`: a binary search without branches that could be mispredicted. */
static uint32_t find_head(const struct node *node, uint64_t head, uint32_t first, uint32_t end)
{
    uint32_t base = first, left = end - first;

    if (left == 0)
        return first;
    while (left > 1) {
        uint32_t half = left / 2;
        base = LOAD(node->heads[base + half - 1]) < head ? base + half : base;
        left -= half;
    }
    return base + (LOAD(node->heads[base]) < head);
}

/* Order of the probe against entry i, whose head is the probe's. */
static int compare_whole(const struct node *node, const struct probe *probe, uint32_t i, bool key_is_int)
{
    if (key_is_int)
        return (probe->key.size > 8) - (probe->key.size < 8);
    return slice_compare(probe->key, version_key(LOAD(node->records[i])));
}

uint32_t node_lower_bound(const struct node *node, const struct probe *probe, uint32_t first, uint32_t count,
                          bool key_is_int, bool *equal)
{
    uint64_t head = probe->words[0];

    *equal = false;
    if (!key_is_int) {
        uint32_t prefix_size = LOAD(node->prefix_size);
        int order = compare_prefix(node, probe, prefix_size);
        if (order != 0)
            return order < 0 ? first : count;
        head = key_word(probe->key, prefix_size);
    }
    uint32_t low = find_head(node, head, first, count);
    if (low == count || LOAD(node->heads[low]) != head)
        return low;
    uint32_t high = low + 1; /* the first entry known to be >= the probe, once its head is another */
    while (high < count && LOAD(node->heads[high]) == head)
        high++;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_whole(node, probe, middle, key_is_int);
        if (order == 0) {
            *equal = true;
            return middle;
        }
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t node_begin_read(const struct node *node)
{
    for (uint32_t spins = 1;; spins++) {
        uint32_t version = LOAD(node->version);
        if ((version & 1) == 0)
            return version;
        if (spins % SPINS_BEFORE_YIELD == 0)
            sched_yield(); /* the writer may have lost its processor */
    }
}

/* Number of the child below which the key belongs. */
static uint32_t find_child(const struct node *node, const struct probe *probe, bool key_is_int)
{
    bool equal;
    uint32_t i = node_lower_bound(node, probe, 1, LOAD(node->count), key_is_int, &equal);

    return equal ? i : i - 1;
}

/* Fetches all heads of a node at once: a search would meet their cache lines one after the other. */
static void prefetch_heads(const struct node *node)
{
    for (size_t offset = 0; offset < offsetof(struct node, records); offset += 64)
        __builtin_prefetch((const uint8_t *)node + offset);
}

/* One try to come down to the probe's leaf (NULL: the last one); NULL when the writer came between. */
static struct leaf *try_find_leaf(const struct tree *tree, const struct probe *probe, uint32_t *version)
{
    struct node *node = LOAD(tree->root);

    *version = node_begin_read(node);
    if (LOAD(tree->root) != node)
        return NULL;
    while (!node->is_leaf) {
        uint32_t i = probe == NULL ? LOAD(node->count) - 1 : find_child(node, probe, tree->key_is_int);
        struct node *child = LOAD(node_as_inner(node)->children[i]);
        prefetch_heads(child);
        if (!node_is_unchanged(node, *version))
            return NULL;
        uint32_t child_version = node_begin_read(child);
        if (!node_is_unchanged(node, *version))
            return NULL;
        node = child;
        *version = child_version;
    }
    return node_as_leaf(node);
}

struct leaf *tree_find_leaf(const struct tree *tree, const struct probe *probe, uint32_t *version)
{
    for (;;) {
        struct leaf *leaf = try_find_leaf(tree, probe, version);
        if (leaf != NULL)
            return leaf;
    }
}

struct leaf *tree_find_last_leaf(const struct tree *tree, uint32_t *version)
{
    return tree_find_leaf(tree, NULL, version);
}

/* ---- the writer ---- */

/* The writer's way from the root to a leaf. */
struct path {
    struct node *nodes[TREE_HEIGHT_MOST];
    uint32_t children[TREE_HEIGHT_MOST]; /* number of the child taken; in the leaf: the key's place */
    uint32_t height;
    bool found; /* the key is there */
};

static void path_find(const struct tree *tree, const struct probe *probe, struct path *path)
{
    struct node *node = LOAD(tree->root);

    for (path->height = 0;; path->height++) {
        assert(path->height < TREE_HEIGHT_MOST);
        path->nodes[path->height] = node;
        if (node->is_leaf)
            break;
        uint32_t child = find_child(node, probe, tree->key_is_int);
        path->children[path->height] = child;
        node = LOAD(node_as_inner(node)->children[child]);
        prefetch_heads(node);
    }
    path->children[path->height] = node_lower_bound(node, probe, 0, LOAD(node->count), tree->key_is_int, &path->found);
    path->height++;
}

static void node_lock(struct node *node)
{
    atomic_store_explicit(&node->version, LOAD(node->version) + 1, memory_order_relaxed);
}

static void node_unlock(struct node *node)
{
    STORE(node->version, LOAD(node->version) + 1);
}

static struct node *node_make(struct memtable_arena *arena, bool is_leaf)
{
    size_t size = is_leaf ? sizeof(struct leaf) : sizeof(struct inner);
    struct node *node = memtable_arena_alloc(arena, size);

    if (node == NULL)
        return NULL;
    memset(node, 0, offsetof(struct node, heads));
    node->is_leaf = is_leaf;
    if (is_leaf)
        STORE(node_as_leaf(node)->next, NULL);
    return node;
}

static uint32_t first_record(const struct node *node)
{
    return node->is_leaf ? 0 : 1;
}

static uint32_t common_prefix(struct slice left, struct slice right, uint32_t most)
{
    uint32_t i = 0;

    while (i < most && i < left.size && i < right.size && left.data[i] == right.data[i])
        i++;
    return i;
}

/* Sets the prefix to `size` bytes of `key` and works out all heads anew. */
static void set_prefix(struct node *node, struct slice key, uint32_t size)
{
    STORE(node->prefix[0], key_word(key, 0));
    STORE(node->prefix[1], key_word(key, 8));
    STORE(node->prefix_size, size);
    for (uint32_t i = first_record(node); i < LOAD(node->count); i++)
        STORE(node->heads[i], key_word(version_key(LOAD(node->records[i])), size));
}

/* The prefix is that of the first and the last key, for those between lie between. `neighbour` (may be NULL) stands for
 * the keys that are expected when there is only one. */
static void choose_prefix(const struct tree *tree, struct node *node, const struct version *neighbour)
{
    uint32_t first = first_record(node), count = LOAD(node->count);

    if (tree->key_is_int || count <= first)
        return;
    struct slice low = version_key(LOAD(node->records[first]));
    struct slice high = version_key(LOAD(node->records[count - 1]));
    if (count - first == 1) {
        assert(neighbour != NULL); /* only a leaf that was begun at the tree's end has one key */
        high = version_key(neighbour);
    }
    set_prefix(node, low, common_prefix(low, high, NODE_PREFIX_MOST));
}

/* Makes room in the prefix for a key that does not share all of it. */
static void admit_key(const struct tree *tree, struct node *node, const struct probe *probe)
{
    uint32_t prefix_size = LOAD(node->prefix_size);
    uint8_t prefix[NODE_PREFIX_MOST];

    if (tree->key_is_int || prefix_size == 0)
        return;
    store_u64be(prefix, LOAD(node->prefix[0]));
    store_u64be(prefix + 8, LOAD(node->prefix[1]));
    uint32_t common = common_prefix(slice_make(prefix, prefix_size), probe->key, prefix_size);
    if (common < prefix_size)
        set_prefix(node, slice_make(prefix, prefix_size), common);
}

static uint64_t head_in(const struct tree *tree, const struct node *node, const struct probe *probe)
{
    return tree->key_is_int ? probe->words[0] : key_word(probe->key, LOAD(node->prefix_size));
}

/* Puts a record (inner: with its child) at place i of a locked node that has room. */
static void node_put(const struct tree *tree, struct node *node, uint32_t i, const struct probe *probe,
                     const struct version *record, struct node *child)
{
    uint32_t count = LOAD(node->count);

    admit_key(tree, node, probe);
    for (uint32_t k = count; k > i; k--) {
        STORE(node->heads[k], LOAD(node->heads[k - 1]));
        STORE(node->records[k], LOAD(node->records[k - 1]));
        if (!node->is_leaf)
            STORE(node_as_inner(node)->children[k], LOAD(node_as_inner(node)->children[k - 1]));
    }
    STORE(node->heads[i], head_in(tree, node, probe));
    STORE(node->records[i], record);
    if (!node->is_leaf)
        STORE(node_as_inner(node)->children[i], child);
    STORE(node->count, count + 1);
}

/* Moves the entries from `from` on to the new node. The left one keeps its heads. */
static void move_entries(struct node *left, struct node *right, uint32_t from)
{
    uint32_t count = LOAD(left->count);

    for (uint32_t i = from; i < count; i++) {
        STORE(right->heads[i - from], LOAD(left->heads[i]));
        STORE(right->records[i - from], LOAD(left->records[i]));
        if (!left->is_leaf)
            STORE(node_as_inner(right)->children[i - from], LOAD(node_as_inner(left)->children[i]));
    }
    STORE(right->count, count - from);
    STORE(left->count, from);
}

/* What a split hands up to the parent: the right node, and a record of the least key below it. */
struct split {
    struct node *right;
    const struct version *least;
};

/* Splits a full, locked node and puts the entry at place i of what was one node. A node that grows at its end, in the
 * last place of the tree, stays full: ascending keys leave no half-empty nodes behind. */
static struct split node_split(struct tree *tree, struct node *left, struct node *right, uint32_t i, bool is_last,
                               const struct probe *probe, const struct version *record, struct node *child)
{
    bool at_end = is_last && i == MEMTABLE_NODE_KEYS;
    uint32_t from = at_end ? MEMTABLE_NODE_KEYS : MEMTABLE_NODE_KEYS / 2;
    struct split split = {.right = right};

    move_entries(left, right, from);
    if (at_end) {
        split.least = record;
        STORE(right->count, 1);
        STORE(right->records[0], record);
        STORE(right->heads[0], head_in(tree, right, probe));
        if (!right->is_leaf)
            STORE(node_as_inner(right)->children[0], child);
    } else {
        split.least = LOAD(right->records[0]);
        STORE(right->prefix[0], LOAD(left->prefix[0]));
        STORE(right->prefix[1], LOAD(left->prefix[1]));
        STORE(right->prefix_size, LOAD(left->prefix_size));
        node_put(tree, i <= from ? left : right, i <= from ? i : i - from, probe, record, child);
        choose_prefix(tree, left, NULL);
    }
    choose_prefix(tree, right, right->is_leaf ? LOAD(left->records[from - 1]) : NULL);
    if (!right->is_leaf)
        STORE(right->records[0], NULL); /* its key is the parent's now */
    if (left->is_leaf) {
        STORE(node_as_leaf(right)->next, LOAD(node_as_leaf(left)->next));
        STORE(node_as_leaf(left)->next, node_as_leaf(right));
        if (tree->last_leaf == node_as_leaf(left))
            tree->last_leaf = node_as_leaf(right);
    }
    return split;
}

/* Puts a root above two halves. Readers that still hold the old root see that the root is another. */
static void grow_root(struct tree *tree, struct node *root, struct node *left, const struct split *split)
{
    struct probe probe;

    STORE(node_as_inner(root)->children[0], left);
    STORE(root->heads[0], 0);
    STORE(root->records[0], NULL);
    STORE(root->count, 1);
    probe_init(&probe, version_key(split->least));
    node_put(tree, root, 1, &probe, split->least, split->right);
    STORE(tree->root, root);
}

/* Inserts at the end of `path`, whose last `full` nodes are full; `fresh` holds as many nodes, the leaf's first, and
 * one more when the root is full too. */
static void insert_splitting(struct tree *tree, const struct path *path, uint32_t full, struct node **fresh,
                             const struct probe *probe, const struct version *record)
{
    uint32_t top = full == path->height ? 0 : path->height - full - 1; /* the highest node that changes */
    bool is_last = path->nodes[path->height - 1] == &tree->last_leaf->node;
    struct split split = {.right = NULL, .least = record};
    struct probe least = *probe;

    for (uint32_t level = top; level < path->height; level++)
        node_lock(path->nodes[level]);
    for (uint32_t k = 0; k < full; k++) {
        uint32_t level = path->height - 1 - k;
        uint32_t place = path->children[level] + (k == 0 ? 0 : 1);
        split = node_split(tree, path->nodes[level], fresh[k], place, is_last, &least, split.least, split.right);
        probe_init(&least, version_key(split.least));
    }
    if (full == path->height)
        grow_root(tree, fresh[full], path->nodes[0], &split);
    else
        node_put(tree, path->nodes[top], path->children[top] + (full == 0 ? 0 : 1), &least, split.least, split.right);
    for (uint32_t level = path->height; level-- > top;)
        node_unlock(path->nodes[level]);
}

/* Ascending keys: an entry after the last of all. Nothing moves, so readers see the leaf before or after without a
 * version. */
static bool try_append(struct tree *tree, const struct probe *probe, const struct version *record)
{
    struct node *leaf = &tree->last_leaf->node;
    uint32_t count = LOAD(leaf->count);
    bool equal;

    if (count == 0 || count == MEMTABLE_NODE_KEYS ||
        (!tree->key_is_int && compare_prefix(leaf, probe, LOAD(leaf->prefix_size)) != 0) ||
        node_lower_bound(leaf, probe, count - 1, count, tree->key_is_int, &equal) != count)
        return false;
    STORE(leaf->heads[count], head_in(tree, leaf, probe));
    STORE(leaf->records[count], record);
    STORE(leaf->count, count + 1);
    return true;
}

static _Atomic(const struct version *) *path_entry(const struct path *path)
{
    return path->found ? &path->nodes[path->height - 1]->records[path->children[path->height - 1]] : NULL;
}

bool tree_insert(struct tree *tree, const struct probe *probe, const struct version *record,
                 struct memtable_arena *arena, _Atomic(const struct version *) **entry)
{
    struct node *fresh[TREE_HEIGHT_MOST + 1];
    struct path path;
    uint32_t full = 0;

    *entry = NULL;
    if (try_append(tree, probe, record))
        return true;
    path_find(tree, probe, &path);
    *entry = path_entry(&path);
    if (path.found)
        return false;
    while (full < path.height && LOAD(path.nodes[path.height - 1 - full]->count) == MEMTABLE_NODE_KEYS)
        full++;
    uint32_t wanted = full == path.height ? full + 1 : full;
    for (uint32_t i = 0; i < wanted; i++)
        if ((fresh[i] = node_make(arena, i == 0)) == NULL)
            return false;
    insert_splitting(tree, &path, full, fresh, probe, record);
    return true;
}

_Atomic(const struct version *) *tree_find_entry(const struct tree *tree, const struct probe *probe)
{
    struct path path;

    path_find(tree, probe, &path);
    return path_entry(&path);
}

void tree_remove(struct tree *tree, const struct probe *probe)
{
    struct path path;

    path_find(tree, probe, &path);
    assert(path.found);
    struct node *leaf = path.nodes[path.height - 1];
    uint32_t count = LOAD(leaf->count);
    node_lock(leaf);
    for (uint32_t i = path.children[path.height - 1]; i + 1 < count; i++) {
        STORE(leaf->heads[i], LOAD(leaf->heads[i + 1]));
        STORE(leaf->records[i], LOAD(leaf->records[i + 1]));
    }
    STORE(leaf->count, count - 1);
    node_unlock(leaf);
}

bool tree_init(struct tree *tree, bool key_is_int, struct memtable_arena *arena)
{
    struct node *leaf = node_make(arena, true);

    if (leaf == NULL)
        return false;
    tree->key_is_int = key_is_int;
    tree->first_leaf = tree->last_leaf = node_as_leaf(leaf);
    STORE(tree->root, leaf);
    return true;
}
