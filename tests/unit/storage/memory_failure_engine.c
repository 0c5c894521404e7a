/* Memory, random bytes and threads that cannot be had while a database is opened, checked, salvaged, backed up, or its
 * manifest is changed: the n-th allocation fails, or all from there on, n = 0, 1, 2 … until none does. The call says
 * so, gives everything back (the address sanitizer looks), and nothing that was committed is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "storage/check.h"
#include "storage/failing_process.h"
#include "storage/manifest.h"
#include "storage/memory_work.h"
#include "storage/salvage.h"
#include "storage/wal_format.h"
#include "support/backup_fixture.h"

static struct volume *database; /* closed, as a killed process left it */
static struct content whole, found;

/* Everything small: a log of a few commits passes the memtables' budget. */
static struct engine_options small_options(void)
{
    struct engine_options options = fixture_options(true);

    options.memory_limit_bytes = 48 << 10;
    options.memtable_bytes = 4 << 10;
    return options;
}

static struct volume *copy_of(struct volume *volume)
{
    struct volume *copy;

    assert_true(volume_memory_crash(volume, UINT64_MAX, &copy, NULL));
    return copy;
}

static void put_some(struct engine *engine, int64_t first, int64_t count)
{
    for (int64_t i = first; i < first + count; i++) {
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        fixture_put(transaction, FIRST_TABLE, i % 50, i);
        fixture_put(transaction, SECOND_TABLE, i, i);
        if (i % 7 == 3)
            fixture_delete(transaction, FIRST_TABLE, (i * 3) % 50);
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
    }
}

static void drop_table(struct engine *engine, uint32_t table_id)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    assert_true(transaction_drop_table(transaction, table_id, NULL));
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

/* Files, and a log with commits, a creation and a drop. */
static int make_small_database(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(true), roomy = fixture_options(false);
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &options);

    assert_int_equal(fixture_create_table(engine), FIRST_TABLE);
    assert_int_equal(fixture_create_table(engine), SECOND_TABLE);
    put_some(engine, 0, 60);
    assert_true(engine_flush(engine, NULL));
    put_some(engine, 60, 20);
    struct volume *copy = copy_of(volume);
    fixture_close(engine);
    engine = fixture_open(copy, &roomy);
    put_some(engine, 80, 40);
    uint32_t other = fixture_create_table(engine);
    assert_int_equal(fixture_put_one(engine, other, 1, 1), SSQL_OK);
    drop_table(engine, other);
    read_content(engine, &whole);
    database = copy_of(copy);
    fixture_close(engine);
    return 0;
}

static int drop_small_database(void **state)
{
    (void)state;
    volume_close(database);
    return 0;
}

/* ---- one piece of work, again and again ---- */

static void fail_each_allocation(const struct work *work)
{
    fail_each_allocation_of(work, 4, 20);
}

/* ---- opening ---- */

static struct volume *volume; /* of the engine */
static struct engine *engine; /* NULL: none is open */
static struct engine_options options;
static long mutexes_before;

static void prepare_copy(void)
{
    mutexes_before = atomic_load(&mutex_count);
    volume = copy_of(database);
}

static bool open_engine(struct ssql_error *error)
{
    return engine_open(volume, &options, &engine, error);
}

/* Mutexes that were made are destroyed, and no others. */
static void verify_engine(bool is_done)
{
    if (is_done) {
        read_content(engine, &found);
        assert_same(&found, &whole);
        fixture_close(engine);
    }
    assert_int_equal(atomic_load(&mutex_count), mutexes_before);
}

static void an_opening_replays_everything_or_fails(void **state)
{
    (void)state;
    options = fixture_options(false);
    fail_each_allocation(&(struct work){prepare_copy, open_engine, verify_engine});
}

static void an_opening_that_has_to_flush_replays_everything_or_fails(void **state)
{
    (void)state;
    options = small_options();
    fail_each_allocation(&(struct work){prepare_copy, open_engine, verify_engine});
}

/* ---- checking ---- */

static bool go_on_unless_damaged(void *context, const struct check_finding *finding)
{
    (void)context;
    if (finding->kind == CHECK_DAMAGE)
        fail_msg("%s: %s", finding->file, finding->text);
    return true;
}

static bool check(struct ssql_error *error)
{
    struct check_progress progress;

    return volume_check(database, go_on_unless_damaged, NULL, &progress, error);
}

static void a_check_never_takes_a_lack_of_memory_for_damage(void **state)
{
    (void)state;
    fail_each_allocation(&(struct work){.run = check});
}

static bool list_tables(struct ssql_error *error)
{
    struct buffer ids = {0};
    bool is_listed = engine_table_ids(engine, &ids, error);

    if (is_listed) {
        uint32_t expected[] = {FIRST_TABLE, SECOND_TABLE};
        assert_int_equal(ids.size, sizeof expected);
        assert_memory_equal(ids.data, expected, sizeof expected);
    }
    buffer_clear(&ids);
    return is_listed;
}

static void tables_are_listed_or_memory_is_missing(void **state)
{
    bool is_listed = false;

    (void)state;
    options = fixture_options(false);
    prepare_copy();
    assert_true(open_engine(NULL));
    for (long n = 0; !is_listed; n++) {
        struct ssql_error error = {0};
        memory_start_failing(n, true);
        is_listed = list_tables(&error);
        memory_stop_failing();
        assert_int_equal(error.code, is_listed ? SSQL_OK : SSQL_NO_MEMORY);
    }
    verify_engine(true);
}

/* ---- salvaging ---- */

static struct volume *from, *to;

static bool go_on_salvaging(void *context, const struct salvage_finding *finding)
{
    (void)context;
    (void)finding;
    return true;
}

static void prepare_salvage(void)
{
    to = fixture_volume();
}

static bool salvage(struct ssql_error *error)
{
    struct salvage_progress progress;

    return volume_salvage(from, to, go_on_salvaging, NULL, &progress, error);
}

static bool has_manifest(struct volume *place)
{
    struct manifest *manifest;

    assert_true(manifest_load(place, &manifest, NULL));
    bool is_there = manifest->version != 0;
    manifest_destroy(manifest);
    return is_there;
}

/* All rows, or no database. */
static void verify_salvaged(bool is_done)
{
    assert_int_equal(has_manifest(to), is_done);
    if (!is_done) {
        volume_close(to);
        return;
    }
    read_backup(to, &found);
    assert_same(&found, &whole);
}

static void a_salvage_saves_everything_or_fails(void **state)
{
    (void)state;
    from = database;
    fail_each_allocation(&(struct work){prepare_salvage, salvage, verify_salvaged});
}

/* Without a manifest, rows of files that were merged may come back; the newest of each is there. */
static void verify_found(bool is_done)
{
    assert_int_equal(has_manifest(to), is_done);
    if (is_done) {
        read_backup(to, &found);
        assert_int_equal(found.counts[1], whole.counts[1]);
        assert_memory_equal(found.pairs[1], whole.pairs[1], whole.counts[1] * sizeof whole.pairs[1][0]);
    } else {
        volume_close(to);
    }
}

static void a_salvage_without_a_manifest_finds_everything_or_fails(void **state)
{
    (void)state;
    from = copy_of(database);
    assert_true(volume_memory_damage(from, "manifest", 30, 1));
    fail_each_allocation(&(struct work){prepare_salvage, salvage, verify_found});
    volume_close(from);
}

/* What is left is a database, and all rows of it were written once: the key of the second table is its number. */
static void verify_rest(bool is_done)
{
    assert_int_equal(has_manifest(to), is_done);
    if (!is_done) {
        volume_close(to);
        return;
    }
    assert_healthy(to);
    read_backup(to, &found);
    assert_in_range(found.counts[1], 60, whole.counts[1] - 1);
    for (size_t i = 0; i < found.counts[1]; i++)
        assert_int_equal(found.pairs[1][i].key, found.pairs[1][i].number);
}

/* Changes a byte of each segment of the log, in the middle of its records. */
static unsigned damage_log(struct volume *place)
{
    unsigned count = 0;

    for (uint64_t epoch = 1; epoch < 8; epoch++) {
        for (uint64_t number = 1; number < 16; number++) {
            char name[WAL_NAME_SIZE];
            wal_segment_name(epoch, number, name);
            count += volume_memory_damage(place, name, 1500, 1);
        }
    }
    return count;
}

/* A log that is damaged in the middle is read record by record. */
static void a_salvage_of_a_damaged_log_finds_the_rest_or_fails(void **state)
{
    (void)state;
    from = copy_of(database);
    assert_true(damage_log(from) > 0);
    fail_each_allocation(&(struct work){prepare_salvage, salvage, verify_rest});
    volume_close(from);
}

/* ---- backing up ---- */

static const struct backup_options linking = {0}, copying = {.must_copy = true}, renewing = {.is_incremental = true};
static const struct backup_options *how;
static struct volume *backup_before; /* what a backup begins with: NULL: nothing */
static struct cancellation cancellation;
static struct progress progress;

static int keep_going(void *context, const char *what, int64_t done, int64_t total)
{
    (void)context;
    assert_string_equal(what, "backing up");
    assert_in_range(done, 0, total);
    return 0;
}

static void prepare_backup(void)
{
    to = backup_before == NULL ? fixture_volume() : copy_of(backup_before);
    progress = (struct progress){.report = keep_going};
    cancellation = (struct cancellation){.progress = &progress};
}

static bool back_up(struct ssql_error *error)
{
    struct backup_result result;

    return engine_backup_to(engine, to, how, how == &copying ? NULL : &cancellation, &result, error);
}

/* A backup of now, the one before, or none. What was written for nothing is met by the next one. */
static void verify_backup(bool is_done)
{
    static struct content before;

    if (!is_done && backup_before == NULL) {
        assert_false(has_manifest(to));
        assert_true(back_up(NULL));
    }
    read_backup(to, &found);
    if (is_done || backup_before == NULL) {
        assert_same(&found, &whole);
        return;
    }
    read_backup(copy_of(backup_before), &before);
    assert_true(is_same(&found, &before) || is_same(&found, &whole));
}

static void open_for_backups(bool is_small)
{
    options = is_small ? small_options() : fixture_options(false);
    prepare_copy();
    assert_true(open_engine(NULL));
}

static void a_backup_is_whole_or_none(void **state)
{
    (void)state;
    backup_before = NULL;
    for (int i = 0; i < 2; i++) {
        open_for_backups(i == 1);
        how = &linking;
        fail_each_allocation(&(struct work){prepare_backup, back_up, verify_backup});
        how = &copying;
        fail_each_allocation(&(struct work){prepare_backup, back_up, verify_backup});
        verify_engine(true);
    }
}

static void a_backup_is_renewed_or_stays_as_it_was(void **state)
{
    static struct content was;

    (void)state;
    was = whole;
    open_for_backups(true);
    how = &copying;
    backup_before = NULL;
    prepare_backup();
    assert_true(back_up(NULL));
    backup_before = to;
    put_some(engine, 200, 20);
    read_content(engine, &whole);
    how = &renewing;
    fail_each_allocation(&(struct work){prepare_backup, back_up, verify_backup});
    volume_close(backup_before);
    verify_engine(true);
    whole = was;
}

/* ---- changing the manifest ---- */

/* Flushed, merged, and a transaction that is too large for memory, which makes a table. */
static bool change_much(struct ssql_error *error)
{
    struct table_layout layout = fixture_layout();
    struct transaction *transaction = NULL;
    uint32_t table_id;

    if (!engine_flush(engine, error) || !engine_compact(engine, error) ||
        !transaction_create(engine, &transaction, error))
        return false;
    bool is_done = transaction_begin(transaction, TRANSACTION_WRITE, COMMIT_DURABLE, error) &&
                   transaction_create_table(transaction, &layout, &table_id, error) &&
                   transaction_drop_table(transaction, SECOND_TABLE, error);
    for (int64_t i = 0; i < 200 && is_done; i++) {
        struct value values[FIXTURE_COLUMNS];
        char text[FIXTURE_TEXT_SIZE];
        fixture_row(i, i, text, values);
        is_done = transaction_put(transaction, transaction_table(transaction, FIRST_TABLE), values, error) &&
                  transaction_put(transaction, transaction_table(transaction, table_id), values, error);
    }
    is_done = is_done && transaction_commit(transaction, error);
    transaction_destroy(transaction);
    return is_done;
}

static void prepare_engine(void)
{
    prepare_copy();
    assert_true(open_engine(NULL));
}

/* What a crash now leaves is the database with all of the transaction, or with none of it. */
static void verify_changes(bool is_done)
{
    struct engine_options roomy = fixture_options(false);
    struct volume *after = copy_of(volume);

    if (is_done)
        fixture_close(engine);
    else
        (void)engine_close(engine, NULL);
    engine = fixture_open(after, &roomy);
    read_content(engine, &found);
    if (is_done || !is_same(&found, &whole)) {
        assert_int_equal(found.counts[0], 200);
        assert_int_equal(found.counts[1], 0);
        for (size_t i = 0; i < found.counts[0]; i++)
            assert_int_equal(found.pairs[0][i].key, found.pairs[0][i].number);
    }
    fixture_close(engine);
}

static void changes_of_files_and_tables_happen_or_not(void **state)
{
    (void)state;
    options = small_options();
    fail_each_allocation(&(struct work){prepare_engine, change_much, verify_changes});
}

/* ---- random bytes, threads ---- */

static void without_random_bytes_no_database_is_made(void **state)
{
    struct ssql_error error = {0};

    (void)state;
    options = fixture_options(false);
    process_fault.has_no_entropy = true;
    assert_false(engine_open(fixture_volume(), &options, &engine, &error));
    assert_int_equal(error.code, SSQL_IO);
    from = database;
    prepare_salvage();
    error = (struct ssql_error){0};
    assert_false(salvage(&error));
    assert_int_equal(error.code, SSQL_IO);
    verify_salvaged(false);
    /* What is there needs none, but a backup of it does. */
    open_for_backups(false);
    backup_before = NULL;
    how = &linking;
    prepare_backup();
    error = (struct ssql_error){0};
    assert_false(back_up(&error));
    assert_int_equal(error.code, SSQL_IO);
    process_fault.has_no_entropy = false;
    verify_backup(false);
    verify_engine(true);
}

/* With sync=normal, without the thread that syncs later, a commit is durable when it returns. */
static void without_a_thread_commits_are_synced_at_once(void **state)
{
    struct engine_options roomy = fixture_options(false);
    struct volume *after;

    (void)state;
    options = fixture_options(false);
    options.sync = SYNC_NORMAL;
    prepare_engine();
    process_fault.has_no_threads = true;
    assert_int_equal(fixture_put_one(engine, SECOND_TABLE, 7777, 1), SSQL_OK);
    process_fault.has_no_threads = false;
    assert_true(volume_memory_crash(volume, 0, &after, NULL));
    fixture_close(engine);
    engine = fixture_open(after, &roomy);
    assert_int_equal(fixture_get_one(engine, SECOND_TABLE, 7777), 1);
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_opening_replays_everything_or_fails),
        cmocka_unit_test(an_opening_that_has_to_flush_replays_everything_or_fails),
        cmocka_unit_test(a_check_never_takes_a_lack_of_memory_for_damage),
        cmocka_unit_test(tables_are_listed_or_memory_is_missing),
        cmocka_unit_test(a_salvage_saves_everything_or_fails),
        cmocka_unit_test(a_salvage_without_a_manifest_finds_everything_or_fails),
        cmocka_unit_test(a_salvage_of_a_damaged_log_finds_the_rest_or_fails),
        cmocka_unit_test(a_backup_is_whole_or_none),
        cmocka_unit_test(a_backup_is_renewed_or_stays_as_it_was),
        cmocka_unit_test(changes_of_files_and_tables_happen_or_not),
        cmocka_unit_test(without_random_bytes_no_database_is_made),
        cmocka_unit_test(without_a_thread_commits_are_synced_at_once),
    };

    return cmocka_run_group_tests(tests, make_small_database, drop_small_database);
}
