/* tree.h - the files of a directory, kept in memory and written out again. Every failure ends the program. */
#ifndef FAULT_TREE_H
#define FAULT_TREE_H

#include <stddef.h>
#include <stdint.h>

enum { TREE_FILES_MOST = 4096 };

struct file {
    char *path; /* within the directory */
    uint8_t *bytes;
    size_t size;
};

struct tree {
    struct file files[TREE_FILES_MOST]; /* in the order of their paths */
    size_t count;
    size_t bytes; /* of all */
};

void tree_read(const char *directory, struct tree *tree);
void tree_clear(struct tree *tree);

/* NULL when there is no such file. */
const struct file *tree_find(const struct tree *tree, const char *path);

/* Makes a directory of the tree's files, of which one (`other`) has these bytes, or is missing (NULL). Files of tables,
 * which nobody changes, are linked from the directory that the tree was read from. */
void tree_link(const struct tree *tree, const char *from, const char *directory, const struct file *other,
               const uint8_t *bytes, size_t size);

void tree_remove(const char *directory);

#endif
