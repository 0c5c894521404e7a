/* database.h - a folder per test and the databases in it, for tests by cmocka. Every failure ends the test. */
#ifndef FAULT_DATABASE_H
#define FAULT_DATABASE_H

#include <ssql.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PATH_SIZE = 4096, ROWS = 3000, TREE_PATHS = 256 };

/* ---- files ---- */

extern char folder[64]; /* of the test that runs */
int make_folder(void **state);
int remove_folder(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

/* Valid for three more calls. */
const char *in_folder(const char *name);
/* To be freed. */
uint8_t *read_file(const char *path, size_t *size);
void write_file(const char *path, const void *bytes, size_t size);

/* All files of a tree but the lock, and one number that stands for their names and contents: set by hash_tree. */
extern struct seen_tree {
    char paths[TREE_PATHS][256];
    size_t count;
    uint64_t hash;
} tree;
uint64_t hash_tree(const char *path);

/* ---- databases ---- */

struct opened {
    ssql_db *db;
    ssql_conn *conn;
    int code;
    char message[600], hint[300];
};

/* Options come as name, value, …, NULL. */
struct opened open_with(const char *path, ...);
int close_it(struct opened *opened);
/* Runs statements; keeps code and message. */
int run(struct opened *opened, const char *text);
void must_run(struct opened *opened, const char *text);
int insert(struct opened *opened, int64_t id);
/* Number of rows when all of them are right; -1 with code and message when reading fails. */
int64_t count_rows(struct opened *opened);
/* An empty table. */
struct opened create(const char *path);
/* "db" in the folder: two thirds of the rows in a table's file, the rest in the log alone; closed cleanly, or as a
 * killed process leaves it. */
const char *make_database(bool is_clean);

void assert_clear_error(const struct opened *opened, int code);
/* Opening fails, in the same words for writers and readers, and changes nothing. */
void assert_refused(const char *path, int code, const char *words);

#endif
