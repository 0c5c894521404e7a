#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "storage/check.h"
#include "support/backup_fixture.h"

/* ---- what is in a database ---- */

void read_content(struct engine *engine, struct content *content)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);

    for (uint32_t i = 0; i < 2; i++) {
        content->counts[i] = 0;
        if (transaction_table(transaction, FIRST_TABLE + i) != NULL)
            content->counts[i] =
                fixture_scan(transaction, FIRST_TABLE + i, INT64_MIN, INT64_MAX, content->pairs[i], PAIRS_MOST);
        assert_true(content->counts[i] < PAIRS_MOST);
    }
    fixture_rollback(transaction);
}

void assert_same(const struct content *left, const struct content *right)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(left->counts[i], right->counts[i]);
        if (left->counts[i] > 0)
            assert_memory_equal(left->pairs[i], right->pairs[i], left->counts[i] * sizeof left->pairs[i][0]);
    }
}

bool is_same(const struct content *left, const struct content *right)
{
    for (int i = 0; i < 2; i++)
        if (left->counts[i] != right->counts[i] ||
            memcmp(left->pairs[i], right->pairs[i], left->counts[i] * sizeof left->pairs[i][0]) != 0)
            return false;
    return true;
}

static bool fail_on_damage(void *context, const struct check_finding *finding)
{
    (void)context;
    if (finding->kind != CHECK_PROGRESS)
        fail_msg("%s: %s", finding->file, finding->text);
    return true;
}

/* Every byte is as it should be, and nothing lies beside. */
void assert_healthy(struct volume *volume)
{
    struct check_progress progress;
    struct ssql_error error = {0};

    if (!volume_check(volume, fail_on_damage, NULL, &progress, &error))
        fail_msg("%s", error.message);
}

/* Takes over the volume. */
void read_backup(struct volume *volume, struct content *content)
{
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(volume, &options);

    read_content(engine, content);
    fixture_close(engine);
}

/* ---- a database with something of everything ---- */

void write_some(struct engine *engine, int64_t round)
{
    for (int64_t i = 0; i < 60; i++) {
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        fixture_put(transaction, FIRST_TABLE, (i * 7 + round * 31) % 400, round * 1000 + i);
        fixture_put(transaction, SECOND_TABLE, i % 50, round * 1000 + i);
        if (i % 5 == 0)
            fixture_delete(transaction, FIRST_TABLE, (i * 11 + round) % 400);
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
    }
}

/* Levels, level 0, memtables; one commit that was spilled. */
struct engine *make_database(struct volume *volume)
{
    struct engine_options options = fixture_options(true);
    struct engine *engine = fixture_open(volume, &options);

    assert_int_equal(fixture_create_table(engine), FIRST_TABLE);
    assert_int_equal(fixture_create_table(engine), SECOND_TABLE);
    for (int64_t round = 0; round < 4; round++)
        write_some(engine, round);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    for (int64_t i = 0; i < 1500; i++)
        fixture_put(transaction, FIRST_TABLE, 1000 + i, i);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    write_some(engine, 4);
    return engine;
}

bool try_backup(struct engine *engine, struct volume *to, const struct backup_options *options,
                struct ssql_error *error)
{
    struct backup_result result;

    *error = (struct ssql_error){0};
    return engine_backup_to(engine, to, options, NULL, &result, error);
}

struct backup_result make_backup(struct engine *engine, struct volume *to, const struct backup_options *options)
{
    struct backup_result result;
    struct ssql_error error = {0};

    if (!engine_backup_to(engine, to, options, NULL, &result, &error))
        fail_msg("%d: %s", (int)error.code, error.message);
    assert_int_equal(result.file_count,
                     result.linked_count + result.copied_count + result.written_count + result.kept_count);
    return result;
}
