/* Backups, checks and salvages in threads of their own while others write: each backup holds a prefix of what every
 * writer committed, and nothing of it disturbs the rest. Run under the thread sanitizer too. */
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

enum { WRITERS = 3, BACKUPS = 3, BATCHES_MOST = 2000, BATCH_ROWS = 5, PATH_SIZE = 96 };

static char root[64];
static ssql_db *db;
static atomic_bool is_over;
static atomic_long committed[WRITERS]; /* batches that a writer knows to be there */

static void make_path(char path[PATH_SIZE], const char *name, int number)
{
    snprintf(path, PATH_SIZE, "%s/%s%d", root, name, number);
}

static ssql_options *make_options(void)
{
    ssql_options *options;

    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "memtable_size", "32KiB"), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "sstable_size", "32KiB"), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "wal_segment_size", "64KiB"), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "sync", "off"), SSQL_OK);
    return options;
}

/* ---- writers ---- */

static void *write_batches(void *argument)
{
    int writer = (int)(intptr_t)argument;
    ssql_conn *conn;
    char text[400];

    assert_int_equal(ssql_connect(db, &conn), SSQL_OK);
    for (long batch = 0; !atomic_load(&is_over) && batch < BATCHES_MOST; batch++) {
        usleep(300);
        size_t size = (size_t)snprintf(text, sizeof text, "insert into t values ");
        for (int i = 0; i < BATCH_ROWS; i++)
            size += (size_t)snprintf(text + size, sizeof text - size, "%s(%d, %ld, 'some text')", i > 0 ? ", " : "",
                                     writer, batch * BATCH_ROWS + i);
        must_exec(conn, text);
        atomic_store(&committed[writer], batch + 1);
    }
    ssql_disconnect(conn);
    return NULL;
}

/* Of each writer the first batches, whole, and at least `least`. */
static void assert_prefix(const char *path, const long least[WRITERS])
{
    struct fixture fixture;
    char text[160];

    assert_int_equal(ssql_open(path, &fixture.db), SSQL_OK);
    assert_int_equal(ssql_connect(fixture.db, &fixture.conn), SSQL_OK);
    for (int writer = 0; writer < WRITERS; writer++) {
        snprintf(text, sizeof text, "select count(*) from t where writer == %d", writer);
        int64_t count = query_int(fixture.conn, text);
        assert_int_equal(count % BATCH_ROWS, 0);
        assert_true(count / BATCH_ROWS >= least[writer]);
        snprintf(text, sizeof text, "select coalesce(max(number), -1) from t where writer == %d", writer);
        assert_int_equal(query_int(fixture.conn, text), count - 1);
    }
    fixture_close(&fixture);
}

/* ---- the others ---- */

static void *back_up(void *argument)
{
    static const int flags[] = {0, SSQL_BACKUP_COPY, SSQL_BACKUP_INCREMENTAL};
    int first = (int)(intptr_t)argument;
    ssql_conn *conn;
    char path[PATH_SIZE], salvaged[PATH_SIZE];
    long least[WRITERS];

    assert_int_equal(ssql_connect(db, &conn), SSQL_OK);
    for (int i = 0; i < BACKUPS; i++) {
        make_path(path, "backup", first + i / 3);
        make_path(salvaged, "salvaged", first + i);
        for (int writer = 0; writer < WRITERS; writer++)
            least[writer] = atomic_load(&committed[writer]);
        if (ssql_backup(conn, path, i == 0 ? flags[first / 100 - 1] : flags[2]) != SSQL_OK)
            fail_msg("%s", ssql_errmsg(conn));
        assert_int_equal(ssql_check(path, NULL, NULL, NULL), SSQL_OK);
        assert_int_equal(ssql_salvage(path, salvaged, NULL, NULL, NULL), SSQL_OK);
        assert_prefix(salvaged, least);
    }
    make_path(path, "backup", first);
    assert_prefix(path, (const long[WRITERS]){0});
    ssql_disconnect(conn);
    return NULL;
}

static void *check_it(void *argument)
{
    char path[PATH_SIZE];

    (void)argument;
    make_path(path, "db", 0);
    while (!atomic_load(&is_over)) {
        usleep(5000);
        int code = ssql_check(path, NULL, NULL, NULL);
        /* Writers may change it faster than it can be looked at. */
        if (code != SSQL_OK && code != SSQL_IO)
            fail_msg("a check beside writers: %s", ssql_code_text(code));
    }
    return NULL;
}

static void backups_checks_and_salvages_run_beside_writers(void **state)
{
    ssql_options *options = make_options();
    pthread_t writers[WRITERS], others[2], checker;
    struct fixture setup;
    char path[PATH_SIZE];

    (void)state;
    make_path(path, "db", 0);
    if (ssql_open_with(path, options, &db) != SSQL_OK)
        fail_msg("%s", ssql_options_errmsg(options));
    ssql_options_free(options);
    setup.db = db;
    assert_int_equal(ssql_connect(db, &setup.conn), SSQL_OK);
    must_exec(setup.conn, "create table t { writer int, number int, what string, primary key (writer, number) }");
    ssql_disconnect(setup.conn);
    for (intptr_t i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, write_batches, (void *)i), 0);
    for (intptr_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&others[i], NULL, back_up, (void *)(100 * (i + 1))), 0);
    assert_int_equal(pthread_create(&checker, NULL, check_it, NULL), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(others[i], NULL), 0);
    atomic_store(&is_over, true);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_join(writers[i], NULL), 0);
    assert_int_equal(pthread_join(checker, NULL), 0);
    assert_int_equal(ssql_close(db), SSQL_OK);
    assert_int_equal(ssql_check(path, NULL, NULL, NULL), SSQL_OK);
}

static int make_root(void **state)
{
    (void)state;
    strcpy(root, "/tmp/ssql_beside_XXXXXX");
    return mkdtemp(root) == NULL ? -1 : 0;
}

static int remove_root(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(backups_checks_and_salvages_run_beside_writers, make_root, remove_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
