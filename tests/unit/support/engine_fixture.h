/* engine_fixture.h - an engine on a memory volume for tests of storage: small rows, one line per step. Every helper
 * asserts that its step went well; those that may fail return the error's code. */
#ifndef SSQL_TESTS_ENGINE_FIXTURE_H
#define SSQL_TESTS_ENGINE_FIXTURE_H

#include "storage/transaction.h"
#include "volume/volume_faulty.h"
#include "volume/volume_memory.h"

/* Tables of the fixture have a key (int), a number (int, may be null) and a text (string). */
enum { FIXTURE_COLUMNS = 3 };

struct table_layout fixture_layout(void);
/* Three values of a row; the text is made from the number and lives in `text`. */
enum { FIXTURE_TEXT_SIZE = 64 };
void fixture_row(int64_t key, int64_t number, char text[FIXTURE_TEXT_SIZE], struct value values[FIXTURE_COLUMNS]);

/* Default options, or with everything tiny, so that flushes, compactions and spills happen all the time. No threads. */
struct engine_options fixture_options(bool is_tiny);

struct volume *fixture_volume(void);
struct engine *fixture_open(struct volume *volume, const struct engine_options *options);
void fixture_close(struct engine *engine);
uint32_t fixture_table_objects(struct volume *volume); /* files of tables, of any */

struct manifest;
/* The bytes of the manifest as it is, whatever its fields say. */
void fixture_encode_manifest(const struct manifest *manifest, struct buffer *bytes);

struct transaction *fixture_begin(struct engine *engine, enum transaction_kind kind);
/* Commits and destroys; returns the error's code. */
enum ssql_code fixture_commit(struct transaction *transaction);
void fixture_rollback(struct transaction *transaction);

/* Creates a table in a transaction of its own. */
uint32_t fixture_create_table(struct engine *engine);

enum write_outcome fixture_insert(struct transaction *transaction, uint32_t table_id, int64_t key, int64_t number);
void fixture_put(struct transaction *transaction, uint32_t table_id, int64_t key, int64_t number);
void fixture_delete(struct transaction *transaction, uint32_t table_id, int64_t key);

/* The number of a key, checked against its text; -1 when there is no such key. */
int64_t fixture_get(struct transaction *transaction, uint32_t table_id, int64_t key);

/* The same in a transaction of its own. */
enum ssql_code fixture_put_one(struct engine *engine, uint32_t table_id, int64_t key, int64_t number);
int64_t fixture_get_one(struct engine *engine, uint32_t table_id, int64_t key);

/* Rows in key order in [low, high], at most `capacity`; each row's text is checked. */
struct fixture_pair {
    int64_t key, number;
};
size_t fixture_scan(struct transaction *transaction, uint32_t table_id, int64_t low, int64_t high,
                    struct fixture_pair *pairs, size_t capacity);
/* Number of rows, in a transaction of its own. */
size_t fixture_count(struct engine *engine, uint32_t table_id);

/* A small random generator, for tests that print their seed. */
uint64_t fixture_random(uint64_t *state);
/* From SSQL_TEST_SEED, or the clock; printed. */
uint64_t fixture_seed(void);
/* `usual`, times SSQL_TEST_LONG when that is set. */
unsigned fixture_rounds(unsigned usual);

#endif
