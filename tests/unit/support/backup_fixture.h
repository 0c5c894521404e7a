/* backup_fixture.h - a database with something of everything, and what is in it and in its backups. */
#ifndef SSQL_TESTS_BACKUP_FIXTURE_H
#define SSQL_TESTS_BACKUP_FIXTURE_H

#include "storage/backup.h"
#include "support/engine_fixture.h"

enum { PAIRS_MOST = 4096, FIRST_TABLE = 16, SECOND_TABLE = 17 };

struct content {
    size_t counts[2];
    struct fixture_pair pairs[2][PAIRS_MOST];
};

void read_content(struct engine *engine, struct content *content);
void assert_same(const struct content *left, const struct content *right);
bool is_same(const struct content *left, const struct content *right);
/* Every byte is as it should be, and nothing lies beside. */
void assert_healthy(struct volume *volume);
/* Takes over the volume. */
void read_backup(struct volume *volume, struct content *content);
void write_some(struct engine *engine, int64_t round);
/* Levels, level 0, memtables; one commit that was spilled. */
struct engine *make_database(struct volume *volume);
bool try_backup(struct engine *engine, struct volume *to, const struct backup_options *options,
                struct ssql_error *error);
/* Asserts that it goes well, and that its numbers add up. */
struct backup_result make_backup(struct engine *engine, struct volume *to, const struct backup_options *options);

#endif
