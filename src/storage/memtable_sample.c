/* Keys that divide a memtable into parts of roughly equal size, read off the upper levels of its tree: far fewer nodes
 * than a walk would touch. */
#include <stdlib.h>

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
        for (uint32_t i = 0; i < entries->count && i < MEMTABLE_NODE_KEYS; i++) {
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
    uint32_t entry_count; /* of all nodes */
};

static void count_entries(struct level *level)
{
    level->entry_count = 0;
    for (uint32_t i = 0; i < level->node_count; i++)
        level->entry_count += LOAD(level->nodes[i]->count);
}

/* A child that a writer has added since the entries were counted may find no room: a sample less. */
static void go_down(struct level *level)
{
    struct level below = {.node_count = 0};
    struct node_entries entries;

    for (uint32_t i = 0; i < level->node_count; i++) {
        read_entries(level->nodes[i], &entries);
        for (uint32_t k = 0; k < entries.count && below.node_count < MEMTABLE_SAMPLES_MOST; k++)
            below.nodes[below.node_count++] = entries.children[k];
    }
    *level = below;
    count_entries(level);
}

uint32_t tree_sample_keys(const struct tree *tree, struct slice keys[MEMTABLE_SAMPLES_MOST])
{
    struct level level = {.nodes = {LOAD(tree->root)}, .node_count = 1};
    struct node_entries entries;
    uint32_t key_count = 0, passed = 0;

    count_entries(&level);
    while (level.entry_count <= MEMTABLE_SAMPLES_MOST && !level.nodes[0]->is_leaf)
        go_down(&level);
    uint32_t stride = level.entry_count / MEMTABLE_SAMPLES_MOST + 1;
    for (uint32_t i = 0; i < level.node_count; i++) {
        read_entries(level.nodes[i], &entries);
        for (uint32_t k = 0; k < entries.count; k++) {
            bool is_wanted = ++passed % stride == 0 && entries.records[k] != NULL;
            if (is_wanted && key_count < MEMTABLE_SAMPLES_MOST)
                keys[key_count++] = version_key(entries.records[k]);
        }
    }
    return key_count;
}
