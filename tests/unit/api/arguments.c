/* What calls answer that ask for what there is not: columns, parameters and tables beyond the last, names that nobody
 * has, statements whose connection is closed. */
#include <stdbool.h>
#include <string.h>

#include "api/fixture.h"

static void a_statement_without_its_connection_has_nothing(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    ssql_stmt *stmt = must_prepare(fixture.conn, "select ? + 1 as n");
    fixture_close(&fixture);
    assert_null(ssql_statement_connection(stmt));
    assert_int_equal(ssql_step(stmt), SSQL_MISUSE);
    ssql_reset(stmt);
    ssql_clear_bindings(stmt);
    assert_int_equal(ssql_bind_int(stmt, 1, 1), SSQL_MISUSE);
    assert_int_equal(ssql_statement_kind(stmt), 0);
    assert_false(ssql_is_read_only(stmt));
    assert_int_equal(ssql_parameter_count(stmt), 0);
    assert_null(ssql_parameter_name(stmt, 1));
    assert_int_equal(ssql_parameter_type(stmt, 1), SSQL_TYPE_NULL);
    assert_int_equal(ssql_bind_index(stmt, "n"), 0);
    assert_int_equal(ssql_column_count(stmt), 0);
    assert_null(ssql_column_name(stmt, 0));
    assert_int_equal(ssql_column_type(stmt, 0), SSQL_TYPE_NULL);
    assert_true(ssql_column_is_null(stmt, 0));
    assert_int_equal(ssql_column_int(stmt, 0), 0);
    assert_null(ssql_column_string(stmt, 0, NULL));
    ssql_finalize(stmt);
}

static void no_statement_is_no_mistake(void **state)
{
    (void)state;
    ssql_reset(NULL);
    ssql_clear_bindings(NULL);
    ssql_finalize(NULL);
    ssql_tables_free(NULL);
    ssql_disconnect(NULL);
    assert_int_equal(ssql_close(NULL), SSQL_OK);
}

static void columns_beyond_the_last_are_null(void **state)
{
    struct fixture *fixture = *state;
    ssql_stmt *stmt = must_prepare(fixture->conn, "select id, name from users where id = 1");
    static const int beyond[] = {-1, 2};

    assert_true(ssql_column_is_null(stmt, 0)); /* there is no row yet */
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_false(ssql_column_is_null(stmt, 0));
    for (int i = 0; i < 2; i++) {
        assert_null(ssql_column_name(stmt, beyond[i]));
        assert_int_equal(ssql_column_type(stmt, beyond[i]), SSQL_TYPE_NULL);
        assert_true(ssql_column_is_null(stmt, beyond[i]));
        assert_int_equal(ssql_column_int(stmt, beyond[i]), 0);
        assert_false(ssql_column_bool(stmt, beyond[i]));
        assert_null(ssql_column_text(stmt, beyond[i], NULL));
    }
    assert_int_equal(ssql_column_int(stmt, 1), 0); /* of another type */
    ssql_finalize(stmt);
}

/* By key a row is read beside the batches, by a condition in them: values of every type come out alike. */
static void values_of_every_type_come_out_of_every_kind_of_row(void **state)
{
    static const char *const texts[] = {
        "select id, name, active, score, null as n from users where id == 1",
        "select id, name, active, score, null as n from users where name == 'ann'",
        "select 1 as id, 'ann' as name, true as active, 1.5 as score, null as n",
    };
    struct fixture *fixture = *state;

    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
            ssql_stmt *stmt = must_prepare(fixture->conn, texts[i]);
            size_t length;
            assert_int_equal(ssql_step(stmt), SSQL_ROW);
            assert_int_equal(ssql_column_int(stmt, 0), 1);
            assert_true(ssql_column_float(stmt, 0) == 1.0);
            assert_string_equal(ssql_column_string(stmt, 1, &length), "ann");
            assert_int_equal(length, 3);
            assert_true(ssql_column_bool(stmt, 2));
            assert_true(ssql_column_float(stmt, 3) == 1.5);
            for (int column = 0; column < 5; column++)
                assert_int_equal(ssql_column_is_null(stmt, column), column == 4);
            assert_string_equal(ssql_column_text(stmt, 2, NULL), "true");
            assert_string_equal(ssql_column_text(stmt, 3, &length), "1.5");
            assert_null(ssql_column_text(stmt, 4, NULL));
            ssql_finalize(stmt);
        }
        assert_int_equal(ssql_checkpoint(fixture->conn), SSQL_OK); /* then from blocks of a file */
    }
    ssql_stmt *stmt = must_prepare(fixture->conn, "select name, score, active from users where id == 2");
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_true(ssql_column_is_null(stmt, 1));
    assert_false(ssql_column_bool(stmt, 2));
    ssql_finalize(stmt);
}

/* Another statement of the connection puts a result that is under way aside. */
static void values_that_were_put_aside_are_the_same(void **state)
{
    struct fixture *fixture = *state;
    ssql_stmt *stmt = must_prepare(fixture->conn, "select id, name, active, score, null as n from users order by id");

    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    must_exec(fixture->conn, "update users set name = 'eve', score = 9 where id > 0");
    assert_int_equal(ssql_column_int(stmt, 0), 1);
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_string_equal(ssql_column_string(stmt, 1, NULL), "bob");
    assert_true(ssql_column_is_null(stmt, 3));
    assert_true(ssql_column_is_null(stmt, 4));
    assert_false(ssql_column_bool(stmt, 2));
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    assert_true(ssql_column_is_null(stmt, 1));
    assert_true(ssql_column_bool(stmt, 2));
    assert_true(ssql_column_float(stmt, 3) == 3);
    assert_int_equal(ssql_step(stmt), SSQL_DONE);
    ssql_finalize(stmt);
}

static void statements_are_of_their_kinds(void **state)
{
    static const struct {
        const char *text;
        int kind;
        bool is_read_only;
    } cases[] = {
        {"select 1", SSQL_KIND_QUERY, true},
        {"select distinct name from users where id > 1 order by name limit 1", SSQL_KIND_QUERY, true},
        {"select count(*) as n from users", SSQL_KIND_QUERY, true},
        {"select * from users where id == 1", SSQL_KIND_QUERY, true},
        {"explain select * from users", SSQL_KIND_QUERY, true},
        {"explain analyze select * from users", SSQL_KIND_QUERY, true},
        {"insert into users (id) values (9)", SSQL_KIND_CHANGE, false},
        {"update users set id = 9", SSQL_KIND_CHANGE, false},
        {"delete from users", SSQL_KIND_CHANGE, false},
        {"copy users from stdin", SSQL_KIND_CHANGE, false},
        {"create table t { id int }", SSQL_KIND_SCHEMA, false},
        {"drop table users", SSQL_KIND_SCHEMA, false},
        {"begin", SSQL_KIND_TRANSACTION, true},
        {"commit", SSQL_KIND_TRANSACTION, true},
        {"rollback", SSQL_KIND_TRANSACTION, true},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ssql_stmt *stmt = must_prepare(fixture->conn, cases[i].text);
        if (ssql_statement_kind(stmt) != cases[i].kind)
            fail_msg("%s: kind %d", cases[i].text, ssql_statement_kind(stmt));
        if (cases[i].kind != SSQL_KIND_TRANSACTION)
            assert_int_equal(ssql_is_read_only(stmt) != 0, cases[i].is_read_only);
        ssql_finalize(stmt);
    }
}

static void parameters_beyond_the_last_have_no_name_and_no_type(void **state)
{
    struct fixture *fixture = *state;
    ssql_stmt *stmt = must_prepare(fixture->conn, "select * from users where id == :id and ? is null");

    assert_int_equal(ssql_parameter_count(stmt), 2);
    assert_string_equal(ssql_parameter_name(stmt, 1), "id");
    assert_int_equal(ssql_parameter_type(stmt, 1), SSQL_TYPE_INT);
    assert_int_equal(ssql_parameter_type(stmt, 2), SSQL_TYPE_NULL); /* of whatever type */
    static const int beyond[] = {-1, 0, 3};
    for (int i = 0; i < 3; i++) {
        assert_null(ssql_parameter_name(stmt, beyond[i]));
        assert_int_equal(ssql_parameter_type(stmt, beyond[i]), SSQL_TYPE_NULL);
        assert_int_not_equal(ssql_bind_int(stmt, beyond[i], 1), SSQL_OK);
    }
    assert_int_equal(ssql_bind_index(stmt, ":id"), 1);
    assert_int_equal(ssql_bind_index(stmt, "$id"), 1);
    assert_int_equal(ssql_bind_index(stmt, ":"), 0);
    assert_int_equal(ssql_bind_index(stmt, "name"), 0);
    ssql_finalize(stmt);
}

static void tables_beyond_the_last_have_nothing(void **state)
{
    struct fixture *fixture = *state;
    ssql_tables *tables;
    int64_t value = 7;
    static const char *const no_numbers[] = {"level",        "levelx_files", "level3", "level3x",
                                             "level7_files", "level0_sheep", "sheep"};
    static const char *const numbers[] = {"rows",         "memtable_rows", "bytes_flushed", "bytes_compacted",
                                          "bottom_bytes", "level0_files",  "level6_bytes",  "level0_rows"};

    assert_int_equal(ssql_tables_new(fixture->conn, &tables), SSQL_OK);
    assert_int_equal(ssql_tables_count(tables), 1);
    static const int places[][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 4}};
    for (int i = 0; i < 4; i++) {
        assert_null(ssql_tables_column_name(tables, places[i][0], places[i][1]));
        assert_int_equal(ssql_tables_column_type(tables, places[i][0], places[i][1]), SSQL_TYPE_NULL);
        assert_false(ssql_tables_column_is_key(tables, places[i][0], places[i][1]));
        assert_false(ssql_tables_column_is_not_null(tables, places[i][0], places[i][1]));
        assert_int_equal(ssql_tables_column_count(tables, places[i][0]), i < 2 ? 0 : 4);
        assert_int_equal(ssql_tables_name(tables, places[i][0]) != NULL, i >= 2);
    }
    assert_false(ssql_tables_column_is_not_null(tables, 0, 1));
    assert_true(ssql_tables_column_is_key(tables, 0, 0) && ssql_tables_column_is_not_null(tables, 0, 0));
    for (size_t i = 0; i < sizeof no_numbers / sizeof *no_numbers; i++)
        assert_int_equal(ssql_tables_stat(tables, 0, no_numbers[i], &value), SSQL_BAD_OPTION);
    assert_int_equal(value, 0);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_int_equal(ssql_tables_stat(tables, 0, numbers[i], &value), SSQL_OK);
    ssql_tables_free(tables);
    assert_int_equal(ssql_compact_table(fixture->conn, "USERS"), SSQL_OK);
    assert_int_equal(ssql_compact_table(fixture->conn, "user"), SSQL_UNKNOWN_TABLE);
    assert_string_equal(ssql_errmsg(fixture->conn), "unknown table \"user\"");
}

static void every_code_and_type_has_its_text(void **state)
{
    (void)state;
    for (int code = SSQL_OK; code <= SSQL_NOT_ALLOWED; code++) {
        assert_string_not_equal(ssql_code_text(code), "unknown error");
        assert_int_equal(strlen(ssql_code_sqlstate(code)), 5);
        if (code != SSQL_INTERNAL)
            assert_string_not_equal(ssql_code_sqlstate(code), "XX000");
    }
    assert_string_equal(ssql_code_text(SSQL_ROW), "a row");
    assert_string_equal(ssql_code_text(SSQL_DONE), "done");
    assert_string_equal(ssql_code_text(-1), "unknown error");
    assert_string_equal(ssql_code_text(99), "unknown error");
    assert_string_equal(ssql_code_sqlstate(SSQL_ROW), "00000");
    assert_string_equal(ssql_code_sqlstate(SSQL_DONE), "00000");
    assert_string_equal(ssql_code_sqlstate(-1), "XX000");
    assert_string_equal(ssql_code_sqlstate(99), "XX000");
    assert_string_equal(ssql_type_name(SSQL_TYPE_NULL), "null");
    assert_string_equal(ssql_type_name(SSQL_TYPE_BOOL), "bool");
    assert_string_equal(ssql_type_name(SSQL_TYPE_FLOAT), "float");
    assert_null(ssql_type_name(-1));
    assert_null(ssql_type_name(5));
}

static void statistics_are_found_by_their_names(void **state)
{
    struct fixture *fixture = *state;
    int64_t value;
    int count = 0;

    for (; ssql_stat_name(count) != NULL; count++)
        assert_int_equal(ssql_stat(fixture->db, ssql_stat_name(count), &value), SSQL_OK);
    assert_true(count > 10);
    assert_null(ssql_stat_name(-1));
    assert_int_equal(ssql_stat(fixture->db, "sheep", &value), SSQL_BAD_OPTION);
    assert_int_equal(ssql_copy_stat(fixture->conn, "sheep", &value), SSQL_BAD_OPTION);
    assert_int_equal(ssql_backup_stat(fixture->conn, "sheep", &value), SSQL_BAD_OPTION);
    assert_int_equal(ssql_backup_stat(fixture->conn, "bytes", &value), SSQL_OK);
    assert_int_equal(value, 0);
}

static void an_unknown_option_may_have_no_likeness(void **state)
{
    ssql_options *options;

    (void)state;
    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "zzzzzzzzzzzzzzzzzzzz", "1"), SSQL_BAD_OPTION);
    assert_string_equal(ssql_options_errmsg(options), "unknown option \"zzzzzzzzzzzzzzzzzzzz\"");
    assert_string_equal(ssql_options_errhint(options), "");
    ssql_options_free(options);
}

static void a_backup_wants_known_flags_and_no_transaction(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(ssql_backup(fixture->conn, "/tmp/ssql-no-backup", 64), SSQL_BAD_OPTION);
    assert_string_equal(ssql_errmsg(fixture->conn), "a backup has no flags 64");
    must_exec(fixture->conn, "begin");
    assert_int_equal(ssql_backup(fixture->conn, "/tmp/ssql-no-backup", 0), SSQL_IN_TRANSACTION);
    must_exec(fixture->conn, "rollback");
}

static void messages_are_there_with_errors_only(void **state)
{
    struct fixture *fixture = *state;
    int64_t line, column, length;

    assert_int_equal(exec(fixture->conn, "select * from user"), SSQL_UNKNOWN_TABLE);
    assert_string_not_equal(ssql_errhint(fixture->conn), "");
    must_exec(fixture->conn, "select 1");
    assert_string_equal(ssql_errmsg(fixture->conn), "");
    assert_string_equal(ssql_errhint(fixture->conn), "");
    assert_string_equal(ssql_sqlstate(fixture->conn), "00000");
    assert_false(ssql_errpos(fixture->conn, NULL, NULL, NULL));
    /* The length is that on the first line. */
    assert_int_equal(exec(fixture->conn, "select not (1 +\n 2)"), SSQL_TYPE_MISMATCH);
    assert_true(ssql_errpos(fixture->conn, &line, &column, &length));
    assert_int_equal(line, 1);
    assert_int_equal(length, 3); /* 1 + */
    /* What stands for no character is one all the same. */
    assert_int_equal(exec(fixture->conn, "select 1;\nselect \x80 + 1"), SSQL_BAD_ENCODING);
    assert_true(ssql_errpos(fixture->conn, &line, &column, &length));
    assert_int_equal(line, 2);
    assert_int_equal(column, 8);
    assert_int_equal(length, 1);
}

/* A header and a record that is none. */
static int read_wrong(void *context, char *bytes, size_t capacity, size_t *size)
{
    static const char text[] = "id,name\nx,y\n";
    bool *is_given = context;

    *size = *is_given ? 0 : sizeof text - 1;
    assert_true(*size <= capacity);
    memcpy(bytes, text, *size);
    *is_given = true;
    return 0;
}

/* Copies from a stream of that name; the message of the failure. */
static const char *copy_from(ssql_conn *conn, const char *name)
{
    bool is_given = false;

    ssql_set_copy_input(conn, read_wrong, &is_given, name);
    assert_int_equal(exec(conn, "copy users from stdin (format csv)"), SSQL_BAD_VALUE);
    return ssql_errmsg(conn);
}

/* A name of a stream that is too long is cut between characters. */
static void long_names_of_streams_are_cut(void **state)
{
    struct fixture *fixture = *state;
    char name[2000] = "";

    assert_non_null(strstr(copy_from(fixture->conn, NULL), "stdin"));
    for (int first = 0; first < 2; first++) {
        strcpy(name, first == 0 ? "" : "x");
        for (int i = 0; i < 600; i++)
            strcat(name, "\xC3\xA9");
        const char *cut = strchr(copy_from(fixture->conn, name), '\xC3');
        assert_non_null(cut);
        assert_int_equal(strspn(cut, "\xC3\xA9") % 2, 0);
    }
    memset(name, 0x80, 600); /* no character begins anywhere */
    assert_null(strchr(copy_from(fixture->conn, name), '\x80'));
    ssql_set_copy_output(fixture->conn, NULL, NULL, name);
    ssql_set_copy_output(fixture->conn, NULL, NULL, NULL);
}

static int count_and_stop(void *context, int kind, const char *word, const char *detail)
{
    (void)kind;
    (void)word;
    (void)detail;
    return ++*(int *)context == 3;
}

static void a_list_of_words_may_be_ended(void **state)
{
    struct fixture *fixture = *state;
    size_t begin;
    int count = 0;

    assert_int_equal(ssql_complete_at(fixture->conn, "", 0, 0, &begin, count_and_stop, &count), SSQL_OK);
    assert_int_equal(count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_statement_without_its_connection_has_nothing),
        cmocka_unit_test(no_statement_is_no_mistake),
        TEST_WITH_USERS(columns_beyond_the_last_are_null),
        TEST_WITH_USERS(values_of_every_type_come_out_of_every_kind_of_row),
        TEST_WITH_USERS(values_that_were_put_aside_are_the_same),
        TEST_WITH_USERS(statements_are_of_their_kinds),
        TEST_WITH_USERS(parameters_beyond_the_last_have_no_name_and_no_type),
        TEST_WITH_USERS(tables_beyond_the_last_have_nothing),
        cmocka_unit_test(every_code_and_type_has_its_text),
        TEST_WITH_USERS(statistics_are_found_by_their_names),
        cmocka_unit_test(an_unknown_option_may_have_no_likeness),
        TEST_WITH_USERS(a_backup_wants_known_flags_and_no_transaction),
        TEST_WITH_USERS(messages_are_there_with_errors_only),
        TEST_WITH_USERS(long_names_of_streams_are_cut),
        TEST_WITH_USERS(a_list_of_words_may_be_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
