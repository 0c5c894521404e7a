/* ssql_check: what its findings say, and how it ends. */
#include "fixture.h"

#include <unistd.h>

static char path[64];

static int make_database(void **state)
{
    ssql_db *db;
    ssql_conn *conn;

    (void)state;
    strcpy(path, "/tmp/ssql_api_check_XXXXXX");
    assert_non_null(mkdtemp(path));
    assert_int_equal(ssql_open(path, &db), SSQL_OK);
    assert_int_equal(ssql_connect(db, &conn), SSQL_OK);
    must_exec(conn, "create table users { id int primary, name string }; insert into users values (1, 'one')");
    assert_int_equal(ssql_checkpoint(conn), SSQL_OK);
    ssql_disconnect(conn);
    return ssql_close(db);
}

static int remove_database(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    return system(command);
}

static void damage_users(void)
{
    char command[256];

    /* One byte of the first block of the first table of a user. */
    snprintf(
        command, sizeof command,
        "for f in %s/tables/16/sst-*; do printf '\\377\\376' | dd of=$f bs=1 seek=100 conv=notrunc 2>/dev/null; done",
        path);
    assert_int_equal(system(command), 0);
}

struct seen {
    int damages, progresses, stop_at;
    char file[256], table[64], text[256];
    int64_t offset, tables, bytes, total;
};

static int note(void *context, const ssql_finding *finding)
{
    struct seen *seen = context;
    int64_t ignored;

    if (ssql_finding_kind(finding) == SSQL_FINDING_DAMAGE) {
        seen->damages++;
        snprintf(seen->file, sizeof seen->file, "%s", ssql_finding_file(finding));
        snprintf(seen->text, sizeof seen->text, "%s", ssql_finding_text(finding));
        snprintf(seen->table, sizeof seen->table, "%s",
                 ssql_finding_table(finding) == NULL ? "" : ssql_finding_table(finding));
        seen->offset = ssql_finding_offset(finding);
    }
    seen->progresses += ssql_finding_kind(finding) == SSQL_FINDING_PROGRESS;
    assert_int_equal(ssql_finding_stat(finding, "tables", &seen->tables), SSQL_OK);
    assert_int_equal(ssql_finding_stat(finding, "bytes", &seen->bytes), SSQL_OK);
    assert_int_equal(ssql_finding_stat(finding, "bytes_total", &seen->total), SSQL_OK);
    assert_int_equal(ssql_finding_stat(finding, "sheep", &ignored), SSQL_BAD_OPTION);
    return seen->stop_at != 0 && seen->progresses >= seen->stop_at;
}

static void a_whole_database_is_ok(void **state)
{
    struct seen seen = {0};

    (void)state;
    assert_int_equal(ssql_check(path, NULL, note, &seen), SSQL_OK);
    assert_int_equal(seen.damages, 0);
    assert_true(seen.progresses >= 3);
    assert_int_equal(seen.tables, 1);
    assert_true(seen.bytes > 0);
    assert_int_equal(seen.bytes, seen.total);
    assert_int_equal(ssql_check(path, NULL, NULL, NULL), SSQL_OK);
}

static void a_database_that_is_open_can_be_checked(void **state)
{
    ssql_db *db;

    (void)state;
    assert_int_equal(ssql_open(path, &db), SSQL_OK);
    assert_int_equal(ssql_check(path, NULL, NULL, NULL), SSQL_OK);
    assert_int_equal(ssql_close(db), SSQL_OK);
}

static void damage_names_file_place_and_table(void **state)
{
    struct seen seen = {0};

    (void)state;
    damage_users();
    assert_int_equal(ssql_check(path, NULL, note, &seen), SSQL_CORRUPT);
    assert_int_equal(seen.damages, 1);
    assert_int_equal(strncmp(seen.file, path, strlen(path)), 0);
    assert_non_null(strstr(seen.file, "/tables/16/sst-"));
    assert_string_equal(seen.table, "users");
    assert_int_equal(seen.offset, 16);
    assert_string_equal(seen.text, "block 0 at offset 16: the checksum of a block is wrong");
    assert_int_equal(ssql_check(path, NULL, NULL, NULL), SSQL_CORRUPT);
}

static void a_callback_ends_it(void **state)
{
    struct seen seen = {0};
    ssql_options *options;

    (void)state;
    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    for (seen.stop_at = 1; seen.stop_at < 4; seen.stop_at++) {
        seen.progresses = 0;
        assert_int_equal(ssql_check(path, options, note, &seen), SSQL_INTERRUPTED);
        assert_string_not_equal(ssql_options_errmsg(options), "");
        assert_int_equal(seen.progresses, seen.stop_at);
    }
    ssql_options_free(options);
}

static void what_is_no_database_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(ssql_check("/nonexistent/db", NULL, NULL, NULL), SSQL_CANNOT_OPEN);
    assert_int_equal(ssql_check(":memory:", NULL, NULL, NULL), SSQL_BAD_OPTION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_whole_database_is_ok, make_database, remove_database),
        cmocka_unit_test_setup_teardown(a_database_that_is_open_can_be_checked, make_database, remove_database),
        cmocka_unit_test_setup_teardown(damage_names_file_place_and_table, make_database, remove_database),
        cmocka_unit_test_setup_teardown(a_callback_ends_it, make_database, remove_database),
        cmocka_unit_test(what_is_no_database_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
