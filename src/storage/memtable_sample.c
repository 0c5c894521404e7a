/* Keys that divide a memtable into parts of roughly equal size, read off the upper levels of its tree: far fewer nodes
 * than a walk would touch. */
#include <assert.h>

#include "storage/memtable_tree.h"

#define LOAD(field) atomic_load_explicit(&(field), memory_order_acquire)

/* A node's entries at one moment. */
struct node_entries {
    uint32_t count;
    const struct version *records[MEMTABLE_NODE_KEYS];
    struct node *children[MEMTABLE_NODE_KEYS]; /* inner nodes only */
};

static void read_entries(struct node *node, struct node_entries *entries)
{
    uint32_t version;

    do {
        version = node_begin_read(node);
        entries->count = LOAD(node->count);
        assert(entries->count <= MEMTABLE_NODE_KEYS);
        for (uint32_t i = 0; i < entries->count; i++) {
            entries->records[i] = LOAD(node->records[i]);
            if (!node->is_leaf)
                entries->children[i] = LOAD(((struct inner *)node)->children[i]);
        }
    } while (!node_is_unchanged(node, version));
}

/* The nodes of one level, in key order. */
struct level {
    struct node *nodes[MEMTABLE_SAMPLES_MOST];
    uint32_t node_count;
};

/* The children of inner nodes take their place; false when there is no room for all of them. */
static bool go_down(struct level *level)
{
    struct level below = {.node_count = 0};
    struct node_entries entries;

    for (uint32_t i = 0; i < level->node_count; i++) {
        read_entries(level->nodes[i], &entries);
        if (entries.count > MEMTABLE_SAMPLES_MOST - below.node_count)
            return false;
        for (uint32_t k = 0; k < entries.count; k++)
            below.nodes[below.node_count++] = entries.children[k];
    }
    *level = below;
    return true;
}

uint32_t tree_sample_keys(const struct tree *tree, struct slice keys[MEMTABLE_SAMPLES_MOST])
{
    struct level level = {.nodes = {LOAD(tree->root)}, .node_count = 1};
    struct node_entries entries;
    uint32_t key_count = 0;

    while (!level.nodes[0]->is_leaf && go_down(&level))
        ;
    uint32_t share = MEMTABLE_SAMPLES_MOST / level.node_count;
    for (uint32_t i = 0; i < level.node_count; i++) {
        read_entries(level.nodes[i], &entries);
        uint32_t wanted = entries.count < share ? entries.count : share;
        for (uint32_t k = 1; k <= wanted; k++) {
            const struct version *record = entries.records[k * entries.count / wanted - 1];
            if (record != NULL) /* the least key below the first child is not known */
                keys[key_count++] = version_key(record);
        }
    }
    return key_count;
}
