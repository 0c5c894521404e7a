/* Every allocation of the library fails once, then again all from there on, while it works on a database in a
 * directory: opening it after a crash, statements, backups, checks, salvages, copies to and from files. Each call
 * answers with SSQL_NO_MEMORY or does its work; what was there stays, and when memory is back the same call succeeds.
 * Nothing leaks (the address sanitizer looks). */
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/failing_memory.h"
#include "api/fixture.h"

enum { ROWS = 300, ROWS_BEFORE = 200, PATH_SIZE = 128 };

static char root[PATH_SIZE - 32];
static ssql_options *writing, *reading;

static const char *path_of(const char *name)
{
    static char paths[4][PATH_SIZE];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, PATH_SIZE, "%s/%s", root, name);
    return path;
}

__attribute__((format(printf, 1, 2))) static void run_shell(const char *format, ...)
{
    char command[600];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    assert_int_equal(system(command), 0);
}

static void set_options(ssql_options **options, const char *readonly)
{
    static const char *const small[][2] = {{"background", "off"}, {"threads", "1"},      {"memtable_size", "32KiB"},
                                           {"block_rows", "16"},  {"level0_files", "2"}, {"sstable_size", "16KiB"},
                                           {"sync", "off"},       {"must_exist", "off"}, {"wal_segment_size", "64KiB"}};

    assert_int_equal(ssql_options_new(options), SSQL_OK);
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++)
        assert_int_equal(ssql_options_set(*options, small[i][0], small[i][1]), SSQL_OK);
    assert_int_equal(ssql_options_set(*options, "readonly", readonly), SSQL_OK);
}

static void open_at(struct fixture *fixture, const char *path, ssql_options *options)
{
    if (ssql_open_with(path, options, &fixture->db) != SSQL_OK)
        fail_msg("%s: %s", path, ssql_options_errmsg(options));
    assert_int_equal(ssql_connect(fixture->db, &fixture->conn), SSQL_OK);
}

static void put_rows(ssql_conn *conn, int from, int to)
{
    char text[200];

    must_exec(conn, "begin");
    for (int i = from; i < to; i++) {
        snprintf(text, sizeof text, "insert into t values (%d, 'the name of row %d', %d)", i, i * 7919, i % 10);
        must_exec(conn, text);
    }
    must_exec(conn, "commit");
}

/* Rows 0 to `count` - 1, and nothing else. */
static void assert_rows(ssql_conn *conn, int64_t count)
{
    assert_int_equal(query_int(conn, "select count(*) from t"), count);
    assert_int_equal(query_int(conn, "select sum(id) from t"), count * (count - 1) / 2);
    assert_int_equal(query_int(conn, "select count(*) from t where name like 'the name of row %'"), count);
}

/* Files at several levels, and the last rows in memory and the log only. */
static void make_database(const char *path, int count)
{
    struct fixture fixture;

    open_at(&fixture, path, writing);
    must_exec(fixture.conn, "create table t { id int primary, name string not null, n int }");
    for (int from = 0; from < count; from += 50) {
        put_rows(fixture.conn, from, from + 50);
        if (from + 50 < count)
            assert_int_equal(ssql_checkpoint(fixture.conn), SSQL_OK);
    }
    fixture_close(&fixture);
}

static int tell_damage(void *context, const ssql_finding *finding)
{
    (void)context;
    if (ssql_finding_kind(finding) == SSQL_FINDING_DAMAGE)
        print_error("%s: %s\n", ssql_finding_file(finding), ssql_finding_text(finding));
    return 0;
}

static void assert_healthy(const char *path)
{
    assert_int_equal(ssql_check(path, NULL, tell_damage, NULL), SSQL_OK);
}

static void assert_whole(const char *path, int64_t count)
{
    struct fixture fixture;

    assert_healthy(path);
    open_at(&fixture, path, reading);
    assert_rows(fixture.conn, count);
    fixture_close(&fixture);
}

/* Whether there is a database that opens. */
static bool opens(const char *path)
{
    ssql_db *db = NULL;
    int code = ssql_open_with(path, reading, &db);

    ssql_close(db);
    return code == SSQL_OK;
}

/* ---- one piece of work, again and again ---- */

static struct fixture source; /* open for backups and copies */

struct work {
    const char *name;
    void (*prepare)(void);
    int (*run)(void);
    int normally;             /* its answer when memory suffices */
    void (*verify)(int code); /* with all memory, after any answer */
};

static const struct work *current;

/* Every allocation fails once; where all fail from one on, every third of them begins it, which takes time enough. */
static void fail_each_allocation(const struct work *work, bool for_ever)
{
    bool has_failed = true;

    for (long n = 0; has_failed; n += for_ever ? 3 : 1) {
        work->prepare();
        memory_start_failing(n, for_ever);
        int code = work->run();
        has_failed = memory_has_failed();
        memory_stop_failing();
        if (code != work->normally && code != SSQL_NO_MEMORY && (code != SSQL_UNKNOWN_OUTCOME || !has_failed))
            fail_msg("%s, allocation %ld: %s: %s", work->name, n, ssql_code_text(code), ssql_options_errmsg(writing));
        if (code == SSQL_NO_MEMORY && !has_failed)
            fail_msg("%s, allocation %ld: there was memory", work->name, n);
        work->verify(code);
    }
}

static void run_work(const struct work *work)
{
    current = work;
    fail_each_allocation(work, false);
    fail_each_allocation(work, true);
}

static void nothing(void)
{
}

/* ---- backup ---- */

static int backup_flags;

static int back_up(void)
{
    return ssql_backup(source.conn, path_of("backup"), backup_flags);
}

static void remove_backup(void)
{
    run_shell("rm -rf '%s'", path_of("backup"));
}

/* A backup that failed is none, the source is unhurt, and the next attempt succeeds. */
static void verify_backup(int code)
{
    const char *path = path_of("backup");

    if (code == SSQL_NO_MEMORY) {
        assert_non_null(strstr(ssql_errmsg(source.conn), "memory"));
        assert_false(opens(path));
        assert_int_equal(ssql_backup(source.conn, path, backup_flags), SSQL_OK);
    }
    assert_whole(path, ROWS);
    assert_rows(source.conn, ROWS);
}

static void a_backup_without_memory_is_none(void **state)
{
    const struct work work = {"backup", remove_backup, back_up, SSQL_OK, verify_backup};

    (void)state;
    backup_flags = 0;
    run_work(&work);
    backup_flags = SSQL_BACKUP_COPY;
    run_work(&work);
}

static void restore_older_backup(void)
{
    remove_backup();
    run_shell("cp -r '%s' '%s'", path_of("older"), path_of("backup"));
}

static void verify_incremental(int code)
{
    const char *path = path_of("backup");

    if (code == SSQL_NO_MEMORY) {
        assert_whole(path, ROWS_BEFORE);
        assert_int_equal(ssql_backup(source.conn, path, backup_flags), SSQL_OK);
    }
    assert_whole(path, ROWS);
    assert_rows(source.conn, ROWS);
}

static void an_incremental_backup_without_memory_leaves_the_one_before(void **state)
{
    const struct work work = {"incremental backup", restore_older_backup, back_up, SSQL_OK, verify_incremental};

    (void)state;
    backup_flags = SSQL_BACKUP_INCREMENTAL;
    run_work(&work);
    backup_flags = SSQL_BACKUP_INCREMENTAL | SSQL_BACKUP_COPY;
    run_work(&work);
}

/* ---- check ---- */

static const char *checked;
static int damages;

static int count_damage(void *context, const ssql_finding *finding)
{
    (void)context;
    damages += ssql_finding_kind(finding) == SSQL_FINDING_DAMAGE;
    return 0;
}

static int check_it(void)
{
    damages = 0;
    return ssql_check(path_of(checked), reading, count_damage, NULL);
}

/* A lack of memory is never told as damage. */
static void verify_whole_check(int code)
{
    assert_int_equal(damages, 0);
    if (code == SSQL_NO_MEMORY)
        assert_non_null(strstr(ssql_options_errmsg(reading), "memory"));
    assert_int_equal(check_it(), SSQL_OK);
}

static void verify_damaged_check(int code)
{
    int all = damages;

    assert_int_equal(check_it(), SSQL_CORRUPT);
    assert_true(all <= damages);
    assert_true(code != SSQL_CORRUPT || all == damages);
}

static void a_check_without_memory_finds_no_damage_that_is_not_there(void **state)
{
    const struct work whole = {"check", nothing, check_it, SSQL_OK, verify_whole_check};
    const struct work damaged = {"check of damage", nothing, check_it, SSQL_CORRUPT, verify_damaged_check};

    (void)state;
    checked = "closed";
    run_work(&whole);
    checked = "damaged";
    run_work(&damaged);
}

/* ---- salvage ---- */

static const char *salvaged;
static int64_t salvaged_rows;

static int salvage_it(void)
{
    return ssql_salvage(path_of(salvaged), path_of("salvaged"), writing, NULL, NULL);
}

static void remove_salvaged(void)
{
    run_shell("rm -rf '%s'", path_of("salvaged"));
}

/* What was salvaged without memory does not look like a whole database. */
static void verify_salvage(int code)
{
    struct fixture fixture;

    if (code == SSQL_NO_MEMORY) {
        assert_non_null(strstr(ssql_options_errmsg(writing), "memory"));
        assert_false(opens(path_of("salvaged")));
        remove_salvaged();
        assert_int_equal(salvage_it(), current->normally);
    }
    assert_healthy(path_of("salvaged"));
    open_at(&fixture, path_of("salvaged"), reading);
    assert_int_equal(query_int(fixture.conn, "select count(*) from t"), salvaged_rows);
    fixture_close(&fixture);
}

static void learn_salvaged_rows(void)
{
    struct fixture fixture;

    remove_salvaged();
    salvage_it();
    open_at(&fixture, path_of("salvaged"), reading);
    salvaged_rows = query_int(fixture.conn, "select count(*) from t");
    fixture_close(&fixture);
    assert_true(salvaged_rows > ROWS / 2);
}

static void a_salvage_without_memory_is_none(void **state)
{
    const struct work whole = {"salvage", remove_salvaged, salvage_it, SSQL_OK, verify_salvage};
    const struct work damaged = {"salvage of damage", remove_salvaged, salvage_it, SSQL_CORRUPT, verify_salvage};

    (void)state;
    salvaged = "closed";
    learn_salvaged_rows();
    assert_int_equal(salvaged_rows, ROWS);
    run_work(&whole);
    salvaged = "damaged";
    learn_salvaged_rows();
    run_work(&damaged);
    salvaged = "headless";
    learn_salvaged_rows();
    run_work(&damaged);
}

/* ---- copy to and from files ---- */

static char copy_text[300];

static int copy_it(void)
{
    return exec(source.conn, copy_text);
}

/* A file that could not be written to its end does not take the name of a whole one. */
static void verify_copy_to(int code)
{
    if (code != SSQL_OK) {
        assert_int_equal(access(path_of("rows.csv"), F_OK), -1);
        assert_int_equal(copy_it(), SSQL_OK);
    }
    run_shell("test $(wc -l <'%s') = %d && rm '%s'", path_of("rows.csv"), ROWS + 1, path_of("rows.csv"));
    run_shell("test $(ls '%s' | wc -l) = 5", root);
}

static void verify_copy_from(int code)
{
    if (code == SSQL_UNKNOWN_OUTCOME) {
        /* Memory ran out while the log was being written: nothing more is written before the database is opened again.
         */
        assert_int_equal(copy_it(), SSQL_UNKNOWN_OUTCOME);
        ssql_disconnect(source.conn);
        ssql_close(source.db);
        open_at(&source, path_of("source"), writing);
        must_exec(source.conn, "delete from c");
    }
    if (code != SSQL_OK) {
        assert_int_equal(query_int(source.conn, "select count(*) from c"), 0);
        if (copy_it() != SSQL_OK)
            fail_msg("after %s: %s", ssql_code_text(code), ssql_errmsg(source.conn));
    }
    assert_int_equal(query_int(source.conn, "select sum(id) from c"), ROWS * (ROWS - 1) / 2);
    must_exec(source.conn, "delete from c");
}

static void a_copy_without_memory_changes_nothing(void **state)
{
    const struct work to = {"copy to", nothing, copy_it, SSQL_OK, verify_copy_to};
    const struct work from = {"copy from", nothing, copy_it, SSQL_OK, verify_copy_from};

    (void)state;
    snprintf(copy_text, sizeof copy_text, "copy t to '%s'", path_of("rows.csv"));
    remove_backup();
    remove_salvaged();
    run_work(&to);
    assert_int_equal(copy_it(), SSQL_OK);
    must_exec(source.conn, "create table c { id int primary, name string not null, n int }");
    snprintf(copy_text, sizeof copy_text, "copy c from '%s'", path_of("rows.csv"));
    run_work(&from);
    must_exec(source.conn, "drop table c");
    run_shell("rm '%s'", path_of("rows.csv"));
}

/* ---- a life: recovery, definitions, files ---- */

static int64_t lived_rows; /* that were acknowledged */

static void restore_crashed(void)
{
    lived_rows = ROWS;
    run_shell("rm -rf '%s' && cp -r '%s' '%s'", path_of("life"), path_of("closed"), path_of("life"));
}

static int live(void)
{
    static const char *const texts[] = {
        "create table u { a string primary, b int default 7 }",
        "insert into u (a) select name from t where id < 40",
        "insert into t values (1000, 'the name of row 1000', 0)",
        "drop table u",
    };
    struct fixture fixture = {0};
    int code = ssql_open_with(path_of("life"), writing, &fixture.db);

    if (code == SSQL_OK)
        code = ssql_connect(fixture.db, &fixture.conn);
    for (size_t i = 0; code == SSQL_OK && i < sizeof texts / sizeof texts[0]; i++) {
        code = exec(fixture.conn, texts[i]);
        lived_rows += code == SSQL_OK && i == 2;
    }
    if (code == SSQL_OK)
        code = ssql_checkpoint(fixture.conn);
    if (code == SSQL_OK)
        code = ssql_compact(fixture.conn);
    ssql_disconnect(fixture.conn);
    int closed = ssql_close(fixture.db);
    return code != SSQL_OK ? code : closed;
}

static void verify_life(int code)
{
    struct fixture fixture;

    assert_healthy(path_of("life"));
    open_at(&fixture, path_of("life"), writing);
    int64_t rows = query_int(fixture.conn, "select count(*) from t");
    assert_true(rows == lived_rows || (code == SSQL_UNKNOWN_OUTCOME && rows == lived_rows + 1));
    int there = exec(fixture.conn, "select count(*) from u");
    assert_true(there == SSQL_UNKNOWN_TABLE || (there == SSQL_OK && code != SSQL_OK));
    must_exec(fixture.conn, "insert into t values (2000, 'later', 0)");
    fixture_close(&fixture);
}

static void a_life_without_memory_loses_nothing(void **state)
{
    const struct work work = {"life", restore_crashed, live, SSQL_OK, verify_life};

    (void)state;
    run_work(&work);
}

/* ---- the databases ---- */

static int make_databases(void **state)
{
    const char *parent = getenv("TMPDIR");

    (void)state;
    snprintf(root, sizeof root, "%s/ssql-memory-XXXXXX",
             parent != NULL                         ? parent
             : access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm"
                                                    : "/tmp");
    if (mkdtemp(root) == NULL)
        return -1;
    set_options(&writing, "off");
    set_options(&reading, "on");
    make_database(path_of("closed"), ROWS);
    make_database(path_of("damaged"), ROWS);
    run_shell("f=$(ls -S '%s'/tables/16/sst-* | head -1) && printf '\\377\\376\\375' | "
              "dd of=$f bs=1 seek=700 conv=notrunc 2>/dev/null",
              path_of("damaged"));
    run_shell("cp -r '%s' '%s' && rm '%s'/manifest*", path_of("closed"), path_of("headless"), path_of("headless"));
    /* The source grows past its older backup, which is made on the way. */
    make_database(path_of("source"), ROWS_BEFORE);
    open_at(&source, path_of("source"), writing);
    assert_int_equal(ssql_backup(source.conn, path_of("older"), SSQL_BACKUP_COPY), SSQL_OK);
    put_rows(source.conn, ROWS_BEFORE, ROWS_BEFORE + 50);
    assert_int_equal(ssql_compact(source.conn), SSQL_OK);
    put_rows(source.conn, ROWS_BEFORE + 50, ROWS);
    return 0;
}

static int remove_databases(void **state)
{
    (void)state;
    fixture_close(&source);
    ssql_options_free(writing);
    ssql_options_free(reading);
    run_shell("rm -r '%s'", root);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backup_without_memory_is_none),
        cmocka_unit_test(an_incremental_backup_without_memory_leaves_the_one_before),
        cmocka_unit_test(a_check_without_memory_finds_no_damage_that_is_not_there),
        cmocka_unit_test(a_salvage_without_memory_is_none),
        cmocka_unit_test(a_copy_without_memory_changes_nothing),
        cmocka_unit_test(a_life_without_memory_loses_nothing),
    };

    if (getenv("SSQL_TEST_ONLY") != NULL)
        cmocka_set_test_filter(getenv("SSQL_TEST_ONLY"));
    return cmocka_run_group_tests(tests, make_databases, remove_databases);
}
