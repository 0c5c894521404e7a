/* test_database.h - the database of a test file, in the weather that was asked for: closed and opened between
 * statements, killed and recovered, read by a follower. The answers are the same in any weather; where they are not, a
 * test fails. The database itself lives in a process of its own (test_host.h). */
#ifndef SHELL_TEST_DATABASE_H
#define SHELL_TEST_DATABASE_H

#include "shell/test_engine.h"

struct test_weather {
    bool is_small;     /* tiny memtables, blocks and files; rows are written to files every few statements */
    bool is_reopening; /* closed and opened between statements outside transactions */
    bool is_crashing;  /* killed at random moments, then recovered and compared with one that was not */
    bool is_followed;  /* a second, read-only handle must give the same answers */
    uint64_t seed;     /* of the crashes */
};

struct test_database;

/* Databases are made in `directory`, which exists and is empty; nothing is opened before the first statement.
 * `close_there`: a descriptor that the processes of the database must not hold. */
struct test_database *test_database_create(const struct test_engine *engine, const struct test_weather *weather,
                                           const char *directory, int close_there);
/* Ends every process. What was open is lost. */
void test_database_destroy(struct test_database *database);

/* The others return false when the database cannot be gone on with, or has lost or invented something: one sentence is
 * in `complaint`. */

/* Runs a statement; `answer` begins with its first three members set. Its lines are masked. */
bool test_database_run(struct test_database *database, const struct test_request *request, struct test_answer *answer,
                       struct text_buffer *complaint);
/* Closes it; the next statement finds a new, empty one. */
bool test_database_fresh(struct test_database *database, struct text_buffer *complaint);
/* Closes it, as the end of a program does; the next statement opens it again. */
bool test_database_close(struct test_database *database, struct text_buffer *complaint);
/* Kills the process that holds it, and recovers. Transactions that were open are lost, everything else is there. */
bool test_database_crash(struct test_database *database, struct text_buffer *complaint);

/* Sets a database option, from the next opening on. False, with the engine's words, when it knows no such. */
bool test_database_set_option(struct test_database *database, const char *name, size_t name_size, const char *value,
                              struct text_buffer *complaint);

#endif
