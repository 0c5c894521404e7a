/* Opening, closing and options. */
#include <sys/stat.h>
#include <unistd.h>

#include "api/fixture.h"

static void make_directory(char path[32])
{
    strcpy(path, "/tmp/ssql-api-XXXXXX");
    assert_non_null(mkdtemp(path));
}

static void remove_directory(const char *path)
{
    char command[64];

    snprintf(command, sizeof command, "rm -r %s", path);
    assert_int_equal(system(command), 0);
}

static void a_memory_database_opens_and_closes(void **state)
{
    ssql_db *db = NULL;

    (void)state;
    assert_int_equal(ssql_open(":memory:", &db), SSQL_OK);
    assert_non_null(db);
    assert_false(ssql_db_is_read_only(db));
    assert_int_equal(ssql_close(db), SSQL_OK);
}

static void null_may_be_closed_and_freed(void **state)
{
    (void)state;
    assert_int_equal(ssql_close(NULL), SSQL_OK);
    ssql_disconnect(NULL);
    ssql_finalize(NULL);
    ssql_reset(NULL);
    ssql_options_free(NULL);
    ssql_tables_free(NULL);
    ssql_splitter_free(NULL);
}

static void two_memory_databases_know_nothing_of_each_other(void **state)
{
    struct fixture one, two;

    (void)state;
    fixture_open(&one);
    fixture_open(&two);
    must_exec(one.conn, "create table t { id int primary }");
    assert_int_equal(exec(two.conn, "select * from t"), SSQL_UNKNOWN_TABLE);
    fixture_close(&one);
    fixture_close(&two);
}

static void a_connection_keeps_a_closed_database_alive(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    assert_int_equal(ssql_close(fixture.db), SSQL_OK);
    must_exec(fixture.conn, "create table t { id int primary }; insert into t values 1");
    assert_int_equal(query_int(fixture.conn, "select count(*) from t"), 1);
    ssql_disconnect(fixture.conn);
}

static void what_was_committed_is_there_after_reopening(void **state)
{
    struct fixture fixture;
    char path[32];

    (void)state;
    make_directory(path);
    assert_int_equal(ssql_open(path, &fixture.db), SSQL_OK);
    assert_int_equal(ssql_connect(fixture.db, &fixture.conn), SSQL_OK);
    must_exec(fixture.conn, "create table t { id int primary, s string }; insert into t values (1, 'a'), (2, 'b')");
    fixture_close(&fixture);

    assert_int_equal(ssql_open(path, &fixture.db), SSQL_OK);
    assert_int_equal(ssql_connect(fixture.db, &fixture.conn), SSQL_OK);
    assert_int_equal(query_int(fixture.conn, "select count(*) from t"), 2);
    assert_int_equal(query_int(fixture.conn, "select id from t where s == 'b'"), 2);
    fixture_close(&fixture);
    remove_directory(path);
}

static void a_directory_is_open_for_writing_once(void **state)
{
    ssql_options *options = NULL;
    ssql_db *db = NULL, *second = NULL;
    ssql_conn *conn = NULL;
    char path[32];

    (void)state;
    make_directory(path);
    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    assert_int_equal(ssql_open(path, &db), SSQL_OK);
    assert_int_equal(ssql_connect(db, &conn), SSQL_OK);
    must_exec(conn, "create table t { id int primary }");
    assert_int_equal(ssql_open_with(path, options, &second), SSQL_LOCKED);
    assert_null(second);
    assert_non_null(strstr(ssql_options_errmsg(options), "open"));
    ssql_disconnect(conn);
    assert_int_equal(ssql_close(db), SSQL_OK);
    assert_int_equal(ssql_open_with(path, options, &second), SSQL_OK);
    assert_string_equal(ssql_options_errmsg(options), "");
    assert_int_equal(ssql_close(second), SSQL_OK);
    ssql_options_free(options);
    remove_directory(path);
}

static void a_read_only_database_reads_beside_the_writer_and_refuses_to_write(void **state)
{
    ssql_options *options = NULL;
    struct fixture writer, reader;
    char path[32];

    (void)state;
    make_directory(path);
    assert_int_equal(ssql_open(path, &writer.db), SSQL_OK);
    assert_int_equal(ssql_connect(writer.db, &writer.conn), SSQL_OK);
    must_exec(writer.conn, "create table t { id int primary }; insert into t values 7");

    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "readonly", "on"), SSQL_OK);
    assert_int_equal(ssql_open_with(path, options, &reader.db), SSQL_OK);
    assert_int_equal(ssql_connect(reader.db, &reader.conn), SSQL_OK);
    assert_true(ssql_db_is_read_only(reader.db));
    assert_int_equal(query_int(reader.conn, "select id from t"), 7);
    assert_int_equal(exec(reader.conn, "insert into t values 8"), SSQL_READ_ONLY);
    must_exec(reader.conn, "begin");
    assert_int_equal(query_int(reader.conn, "select count(*) from t"), 1);
    assert_int_equal(exec(reader.conn, "insert into t values 8"), SSQL_READ_ONLY);
    assert_string_equal(ssql_errmsg(reader.conn), "the database is open read-only");
    must_exec(reader.conn, "commit");
    fixture_close(&reader);
    fixture_close(&writer);
    ssql_options_free(options);
    remove_directory(path);
}

static void a_database_that_must_exist_and_does_not_is_an_error(void **state)
{
    ssql_options *options = NULL;
    ssql_db *db = NULL;

    (void)state;
    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "must_exist", "on"), SSQL_OK);
    assert_int_equal(ssql_open_with("/tmp/ssql-api-nowhere", options, &db), SSQL_CANNOT_OPEN);
    assert_null(db);
    assert_string_not_equal(ssql_options_errmsg(options), "");
    ssql_options_free(options);
}

static void a_path_that_is_a_file_is_an_error(void **state)
{
    char path[] = "/tmp/ssql-api-XXXXXX";
    int file = mkstemp(path);
    ssql_db *db = NULL;

    (void)state;
    assert_true(file >= 0);
    close(file);
    assert_int_equal(ssql_open(path, &db), SSQL_CANNOT_OPEN);
    assert_null(db);
    unlink(path);
}

static void nothing_is_on_disk_before_the_first_write(void **state)
{
    struct fixture fixture;
    char path[48];

    (void)state;
    make_directory(path);
    strcat(path, "/db");
    assert_int_equal(ssql_open(path, &fixture.db), SSQL_OK);
    assert_int_equal(ssql_connect(fixture.db, &fixture.conn), SSQL_OK);
    assert_int_equal(query_int(fixture.conn, "select 1"), 1);
    fixture_close(&fixture);
    assert_int_not_equal(access(path, F_OK), 0);
    path[strlen(path) - 3] = '\0';
    remove_directory(path);
}

/* ---- options ---- */

static int set_option(const char *name, const char *value, char *message, char *hint)
{
    ssql_options *options = NULL;

    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    int code = ssql_options_set(options, name, value);
    if (message != NULL)
        strcpy(message, ssql_options_errmsg(options));
    if (hint != NULL)
        strcpy(hint, ssql_options_errhint(options));
    ssql_options_free(options);
    return code;
}

static void sizes_have_units(void **state)
{
    (void)state;
    static const char *const good[] = {"268435456", "256MiB", "256 MiB", "256M", "256000kB", "1GiB", "1GB", "1G"};
    static const char *const bad[] = {"", "MiB", "-1", "256 monkeys", "1e9", "99999999999999999999", "17000000GiB",
                                      "1"};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(set_option("memory_limit", good[i], NULL, NULL), SSQL_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(set_option("memory_limit", bad[i], NULL, NULL), SSQL_BAD_OPTION);
}

static void every_option_takes_what_it_documents(void **state)
{
    static const char *const values[][2] = {
        {"memory_limit", "64MiB"},  {"sync", "normal"},     {"sync", "off"},           {"sync", "full"},
        {"readonly", "on"},         {"must_exist", "off"},  {"compress", "off"},       {"background", "off"},
        {"memtable_size", "16KiB"}, {"memtable_size", "0"}, {"sstable_size", "64KiB"}, {"wal_segment_size", "1MiB"},
        {"block_rows", "64"},       {"level0_files", "2"},     {"threads", "2"},          {"threads", "0"},
        {"morsel_rows", "64"},      {"morsel_rows", "0"},      {"block_size", "512"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_int_equal(set_option(values[i][0], values[i][1], NULL, NULL), SSQL_OK);
    for (int i = 0; ssql_option_name(i) != NULL; i++)
        assert_int_equal(set_option(ssql_option_name(i), "nonsense", NULL, NULL), SSQL_BAD_OPTION);
    assert_null(ssql_option_name(-1));
}

static void an_unknown_option_is_answered_with_the_nearest(void **state)
{
    char message[600], hint[300];

    (void)state;
    assert_int_equal(set_option("memory_limt", "1MiB", message, hint), SSQL_BAD_OPTION);
    assert_string_equal(message, "unknown option \"memory_limt\"");
    assert_string_equal(hint, "did you mean \"memory_limit\"?");
    assert_int_equal(set_option("sync", "fast", message, NULL), SSQL_BAD_OPTION);
    assert_string_equal(message, "option sync is full, normal or off, not \"fast\"");
}

static void an_option_that_failed_changes_nothing(void **state)
{
    ssql_options *options = NULL;
    ssql_db *db = NULL;

    (void)state;
    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "sync", "fast"), SSQL_BAD_OPTION);
    assert_int_equal(ssql_open_with(":memory:", options, &db), SSQL_OK);
    assert_string_equal(ssql_options_errmsg(options), "");
    assert_int_equal(ssql_close(db), SSQL_OK);
    ssql_options_free(options);
}

static void a_memory_database_cannot_be_read_only(void **state)
{
    ssql_options *options = NULL;
    ssql_db *db = NULL;

    (void)state;
    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "readonly", "on"), SSQL_OK);
    assert_int_equal(ssql_open_with(":memory:", options, &db), SSQL_BAD_OPTION);
    ssql_options_free(options);
}

static void statistics_have_names(void **state)
{
    struct fixture fixture;
    int64_t before = 0, after = 0, value = 1;

    (void)state;
    fixture_open(&fixture);
    assert_int_equal(ssql_stat(fixture.db, "last_sequence", &before), SSQL_OK);
    must_exec(fixture.conn, "create table t { id int primary }; insert into t values 1");
    assert_int_equal(ssql_stat(fixture.db, "last_sequence", &after), SSQL_OK);
    assert_true(after > before);
    for (int i = 0; ssql_stat_name(i) != NULL; i++)
        assert_int_equal(ssql_stat(fixture.db, ssql_stat_name(i), &value), SSQL_OK);
    assert_int_equal(ssql_stat(fixture.db, "luck", &value), SSQL_BAD_OPTION);
    assert_int_equal(value, 0);
    fixture_close(&fixture);
}

static void the_versions_of_header_and_library_are_one(void **state)
{
    (void)state;
    assert_string_equal(ssql_version(), SSQL_VERSION);
    assert_int_equal(ssql_version_number(), SSQL_VERSION_NUMBER);
    assert_true(ssql_format_version() >= 1);
}

static void codes_have_texts_and_states(void **state)
{
    (void)state;
    assert_string_equal(ssql_code_text(SSQL_OK), "no error");
    assert_string_equal(ssql_code_sqlstate(SSQL_OK), "00000");
    assert_string_equal(ssql_code_sqlstate(SSQL_DUPLICATE_KEY), "23505");
    assert_string_equal(ssql_code_sqlstate(SSQL_ROW), "00000");
    assert_string_equal(ssql_code_text(9999), "unknown error");
    assert_string_equal(ssql_code_sqlstate(-1), "XX000");
    for (int code = 0; code <= SSQL_NOT_ALLOWED; code++)
        assert_string_not_equal(ssql_code_text(code), "unknown error");
    assert_string_equal(ssql_type_name(SSQL_TYPE_FLOAT), "float");
    assert_null(ssql_type_name(5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_memory_database_opens_and_closes),
        cmocka_unit_test(null_may_be_closed_and_freed),
        cmocka_unit_test(two_memory_databases_know_nothing_of_each_other),
        cmocka_unit_test(a_connection_keeps_a_closed_database_alive),
        cmocka_unit_test(what_was_committed_is_there_after_reopening),
        cmocka_unit_test(a_directory_is_open_for_writing_once),
        cmocka_unit_test(a_read_only_database_reads_beside_the_writer_and_refuses_to_write),
        cmocka_unit_test(a_database_that_must_exist_and_does_not_is_an_error),
        cmocka_unit_test(a_path_that_is_a_file_is_an_error),
        cmocka_unit_test(nothing_is_on_disk_before_the_first_write),
        cmocka_unit_test(sizes_have_units),
        cmocka_unit_test(every_option_takes_what_it_documents),
        cmocka_unit_test(an_unknown_option_is_answered_with_the_nearest),
        cmocka_unit_test(an_option_that_failed_changes_nothing),
        cmocka_unit_test(a_memory_database_cannot_be_read_only),
        cmocka_unit_test(statistics_have_names),
        cmocka_unit_test(the_versions_of_header_and_library_are_one),
        cmocka_unit_test(codes_have_texts_and_states),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
