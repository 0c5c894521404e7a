/* Salvage where the machine lacks something: memory, while keys are told and deletions are taken from the log, and
 * descriptors. That is no damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/failing_memory.h"
#include "storage/engine_internal.h"
#include "storage/memory_work.h"
#include "support/file_tree.h"
#include "support/salvage_fixture.h"
#include "volume/volume_directory.h"

/* ---- memory ---- */

static const struct table_layout text_layout = {
    .column_count = 2, .key_count = 2, .types = {SSQL_TYPE_STRING, SSQL_TYPE_INT}, .key_columns = {0, 1}};

static struct value *text_row(int64_t number)
{
    static struct value values[2];

    values[0] = value_string(slice_of("key"));
    values[1] = value_int(number);
    return values;
}

static void delete_text_row(struct transaction *transaction, struct table *table, int64_t number)
{
    struct buffer key = {0};

    assert_true(row_encode_key(table_row_format(table), text_row(number), &key, NULL));
    assert_true(transaction_delete(transaction, table, buffer_slice(&key), NULL));
    buffer_clear(&key);
}

static uint32_t make_text_table(struct engine *engine, int64_t count)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    uint32_t table_id;

    assert_true(transaction_create_table(transaction, &text_layout, &table_id, NULL));
    for (int64_t i = 0; i < count; i++)
        assert_true(transaction_put(transaction, transaction_table(transaction, table_id), text_row(i), NULL));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    return table_id;
}

static struct volume *from, *to;

/* A file with a gap in its middle; the log begins with deletions, and has a table that has no file. */
static void make_damaged(void)
{
    struct engine_options options = fixture_options(false);
    struct volume *volume = fixture_volume();
    struct engine *engine;

    options.block_rows = 20;
    engine = fixture_open(volume, &options);
    uint32_t table_id = make_text_table(engine, 100);
    assert_true(engine_flush(engine, NULL));
    const struct sstable_info *info = &engine->tables[0]->current->files[0][0]->info;
    assert_true(volume_memory_damage(volume, info->name, info->size / 3, 1));
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    struct table *table = transaction_table(transaction, table_id);
    delete_text_row(transaction, table, 1);
    delete_text_row(transaction, table, 2);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    make_text_table(engine, 3);
    from = copy_of(volume);
    fixture_close(engine);
}

static void prepare_salvage(void)
{
    to = fixture_volume();
}

static bool run_salvage(struct ssql_error *error)
{
    return try_salvage(from, to, 0, error);
}

static void verify_salvage(bool is_done)
{
    if (is_done) {
        assert_int_equal(salvaged.losses, 2); /* the gap, and how many rows that makes */
        assert_said("are lost: rows after key ");
        assert_in_range(salvaged.row_count, 3 + 60, 3 + 80);
        assert_healthy(to);
    }
    volume_close(to);
}

static void a_salvage_tells_what_is_lost_or_memory_is_missing(void **state)
{
    (void)state;
    make_damaged();
    fail_each_allocation_of(&(struct work){prepare_salvage, run_salvage, verify_salvage}, 4, 20);
    volume_close(from);
}

/* ---- descriptors ---- */

static struct rlimit usual;

/* From the first word on, no file can be opened any more. */
static bool take_descriptors(void *context, const struct salvage_finding *finding)
{
    int next = open("/dev/null", O_RDONLY);
    struct rlimit none = usual;

    assert_true(next >= 0);
    close(next);
    none.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    ++*(unsigned *)context;
    assert_int_equal(finding->kind, SALVAGE_PROGRESS);
    return true;
}

static void a_lack_of_descriptors_is_no_damage(void **state)
{
    char root[] = "/tmp/ssql-salvage-XXXXXX";
    struct engine_options options = fixture_options(false);
    struct salvage_progress progress;
    struct ssql_error error = {0};
    struct volume *volume;
    unsigned findings = 0;

    (void)state;
    assert_non_null(mkdtemp(root));
    assert_true(volume_directory_open(root, &(struct volume_directory_options){0}, &volume, NULL));
    struct engine *engine = fixture_open(volume, &options);
    for (int i = 0; i < 2; i++) {
        uint32_t table_id = fixture_create_table(engine);
        assert_int_equal(fixture_put_one(engine, table_id, 1, 1), SSQL_OK);
    }
    assert_true(engine_flush(engine, NULL));
    fixture_close(engine);
    assert_true(volume_directory_open(root, &(struct volume_directory_options){.read_only = true}, &from, NULL));
    to = fixture_volume();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    bool is_done = volume_salvage(from, to, take_descriptors, &findings, &progress, &error);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_false(is_done);
    assert_int_equal(error.code, SSQL_TOO_MANY_OPEN);
    assert_int_equal(findings, 1);
    assert_int_equal(progress.loss_count, 0);
    volume_close(to);
    salvage(from);
    assert_int_equal(salvaged.losses, 0);
    assert_int_equal(salvaged.row_count, 2);
    volume_close(from);
    remove_tree(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_salvage_tells_what_is_lost_or_memory_is_missing),
        cmocka_unit_test(a_lack_of_descriptors_is_no_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
