/* memtable_tree.h - the B+tree of a memtable: 64 keys a node, in each node the keys' heads (the 8 bytes after the
 * prefix that all keys of the node share), so that a search rarely looks at a key itself.
 *
 * Threads: one writer; readers need no lock. A node's version is odd while the writer moves its entries; a reader reads
 * the version, then fields, then the version again, and starts over when it changed. Every field that a reader may meet
 * is atomic: loads acquire and stores release, so that a field's new value is never seen without the odd version before
 * it. (Design: Leis et al., "Optimistic Lock Coupling", 2019.) Nodes and records are never freed before the tree. */
#ifndef SSQL_STORAGE_MEMTABLE_TREE_H
#define SSQL_STORAGE_MEMTABLE_TREE_H

#include "storage/memtable.h"
#include "storage/memtable_arena.h"

/* One version of a row, with its key. Never changed once it is in the tree. */
struct version {
    const struct version *older;
    uint64_t sequence;
    uint32_t row_size; /* TOMBSTONE_ROW_SIZE: a tombstone */
    uint32_t key_size;
    uint8_t bytes[]; /* key, row */
};
#define TOMBSTONE_ROW_SIZE UINT32_MAX

static inline struct slice version_key(const struct version *version)
{
    return slice_make(version->bytes, version->key_size);
}

typedef _Atomic(uint64_t) atomic_word;
typedef _Atomic(uint32_t) atomic_half;

enum { NODE_PREFIX_MOST = 16 }; /* bytes of the shared prefix that are left out of the heads */

struct node {
    atomic_half version;
    atomic_half count;       /* leaf: keys; inner: children */
    atomic_half prefix_size; /* 0 for int keys */
    bool is_leaf;
    atomic_word prefix[NODE_PREFIX_MOST / 8]; /* big-endian, bytes from prefix_size on undefined */
    atomic_word heads[MEMTABLE_NODE_KEYS];
    _Atomic(const struct version *) records[MEMTABLE_NODE_KEYS]; /* leaf: the keys' newest versions; inner: of the least
                                                                    key below child i, some version (child 0: NULL) */
};

struct leaf {
    struct node node;
    _Atomic(struct leaf *) next;
};

struct inner {
    struct node node;
    _Atomic(struct node *) children[MEMTABLE_NODE_KEYS];
};

struct tree {
    _Atomic(struct node *) root;
    struct leaf *first_leaf; /* stays what it is */
    struct leaf *last_leaf;  /* the writer's */
    bool key_is_int;
};

/* A key made ready for searching. */
struct probe {
    struct slice key;
    uint64_t words[NODE_PREFIX_MOST / 8]; /* its first 16 bytes, big-endian, zero-padded */
};
void probe_init(struct probe *probe, struct slice key);

/* False when out of memory. */
MUST_CHECK bool tree_init(struct tree *tree, bool key_is_int, struct memtable_arena *arena);

/* Readers: the leaf in which the key belongs, and its version at that time. */
struct leaf *tree_find_leaf(const struct tree *tree, const struct probe *probe, uint32_t *version);

/* Readers: the leaf of the greatest keys. */
struct leaf *tree_find_last_leaf(const struct tree *tree, uint32_t *version);

/* First entry >= the key among [first, count) of a node; *equal tells whether it is the key. Beside a writer the answer
 * means nothing before node_is_unchanged has said so. */
uint32_t node_lower_bound(const struct node *node, const struct probe *probe, uint32_t first, uint32_t count,
                          bool key_is_int, bool *equal);

/* A node's version, once it is even. */
uint32_t node_begin_read(const struct node *node);

static inline bool node_is_unchanged(const struct node *node, uint32_t version)
{
    return atomic_load_explicit(&node->version, memory_order_relaxed) == version;
}

/* Readers: as memtable_sample_keys. */
uint32_t tree_sample_keys(const struct tree *tree, struct slice keys[MEMTABLE_SAMPLES_MOST]);

/* Writer: the key's entry, or NULL when there is none. */
_Atomic(const struct version *) *tree_find_entry(const struct tree *tree, const struct probe *probe);

/* Writer: adds a key. When it is there already the tree stays as it is, and *entry, else NULL, is its entry. False when
 * it was not added: then without an entry memory ran out, and the tree is as it was. */
MUST_CHECK bool tree_insert(struct tree *tree, const struct probe *probe, const struct version *record,
                            struct memtable_arena *arena, _Atomic(const struct version *) **entry);

/* Writer: takes a key out that is there. Leaves may become empty. Only while no other thread reads. */
void tree_remove(struct tree *tree, const struct probe *probe);

#endif
