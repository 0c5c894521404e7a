/* test_discover.h - which files are tests: those that are named, and in folders all that are called like one. */
#ifndef SHELL_TEST_DISCOVER_H
#define SHELL_TEST_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct test_paths {
    char **paths;
    size_t count;
};

/* Adds a file, or those below a folder (*.ssql, *.slt, *.md) in the order of their names. Says what cannot be read on
 * stderr and returns false then; the others are found all the same. */
bool test_paths_find(struct test_paths *list, const char *path);
void test_paths_clear(struct test_paths *list);

void test_paths_shuffle(struct test_paths *list, uint64_t seed);
/* Keeps part `part` of `count`, from 1: a file's path decides to which it belongs, whatever other files there are. */
void test_paths_keep_shard(struct test_paths *list, unsigned part, unsigned count);

#endif
