/* Copies whose files and streams fail, or are others when they are read again: each is an error that says so, no table
 * is made or changed, and a file keeps what it had. The linker leads system calls, and what the storage gives, here
 * (--wrap). */
#include <locale.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/engine.h"
#include "storage/transaction.h"
#include "support/file_tree.h"
#include "volume/failing_system.h"

#include "api/copy_stream.h" /* behind the library's own headers, whose enumerators ssql.h repeats as macros */

/* ---- what fails besides system calls ---- */

bool __real_spill_read(struct spill_file *file, uint64_t offset, uint8_t *data, size_t size, struct ssql_error *error);
bool __wrap_spill_read(struct spill_file *file, uint64_t offset, uint8_t *data, size_t size, struct ssql_error *error);
bool __real_table_take_row_numbers(struct transaction *transaction, struct table *table, uint64_t count, int64_t *first,
                                   struct ssql_error *error);
bool __wrap_table_take_row_numbers(struct transaction *transaction, struct table *table, uint64_t count, int64_t *first,
                                   struct ssql_error *error);
locale_t __real_newlocale(int mask, const char *name, locale_t base);
locale_t __wrap_newlocale(int mask, const char *name, locale_t base);

static bool spill_fails, row_numbers_fail, locale_fails;

bool __wrap_spill_read(struct spill_file *file, uint64_t offset, uint8_t *data, size_t size, struct ssql_error *error)
{
    if (spill_fails)
        return error_set(error, SSQL_IO, NO_SPAN, "cannot read a temporary file");
    return __real_spill_read(file, offset, data, size, error);
}

bool __wrap_table_take_row_numbers(struct transaction *transaction, struct table *table, uint64_t count, int64_t *first,
                                   struct ssql_error *error)
{
    if (row_numbers_fail)
        return error_set(error, SSQL_OUT_OF_RANGE, NO_SPAN, "the table has used up its row numbers");
    return __real_table_take_row_numbers(transaction, table, count, first, error);
}

locale_t __wrap_newlocale(int mask, const char *name, locale_t base)
{
    return locale_fails ? (locale_t)0 : __real_newlocale(mask, name, base);
}

/* ---- the database, and a folder ---- */

static char folder[64], input_path[100], output_path[100];
static struct fixture fixture;

static int open_all(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/ssql-copy-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(input_path, sizeof input_path, "%s/in.csv", folder);
    snprintf(output_path, sizeof output_path, "%s/out.csv", folder);
    fixture_open_alone(&fixture);
    must_exec(fixture.conn, "create table users { id int primary, name string, score float };"
                            "create table loose { id int };"
                            "insert into users values (1, 'ann', 1.5), (2, 'bob', null)");
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    system_recover();
    spill_fails = row_numbers_fail = locale_fails = false;
    fixture_close(&fixture);
    remove_tree(folder);
    return 0;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_holds(const char *path, const char *wanted)
{
    char text[200] = "";
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(text, wanted);
}

/* A statement with the path in the place of its %s. */
static int exec_with(const char *format, const char *path)
{
    char text[300];

    snprintf(text, sizeof text, format, path);
    return exec(fixture.conn, text);
}

static void assert_is_missing(const char *table)
{
    char text[100];

    snprintf(text, sizeof text, "select * from %s", table);
    assert_int_equal(exec(fixture.conn, text), SSQL_UNKNOWN_TABLE);
}

/* ---- tables made after a file, which is read twice ---- */

static const char *next_text;

static void change_input(void)
{
    write_file(input_path, next_text);
}

static void a_file_that_has_more_columns_the_second_time_is_refused(void **state)
{
    static const char *const texts[][3] = {
        {"a,b\n1,2\n", "a,b,c\n1,2,3\n", "in.csv: 3 fields, but 2 columns of made are wanted"},
        {"a\n1\n", "a,b\n1,2\n", "in.csv: 2 fields, but 1 column of made is wanted"}};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_file(input_path, texts[i][0]);
        next_text = texts[i][1];
        system_fail((struct system_fault){
            .calls = BIT(CALL_LSEEK), .after = 1, .number = CALL_GOES_ON, .meanwhile = change_input});
        assert_int_equal(exec_with("copy made from '%s' (create true)", input_path), SSQL_VALUE_COUNT);
        assert_true(system_recover());
        assert_non_null(strstr(ssql_errmsg(fixture.conn), texts[i][2]));
        assert_is_missing("made");
    }
}

static void a_file_that_cannot_be_read_again_makes_no_table(void **state)
{
    (void)state;
    write_file(input_path, "a,b\n1,2\n");
    system_fail((struct system_fault){.calls = BIT(CALL_LSEEK), .after = 1, .number = EIO});
    assert_int_equal(exec_with("copy made from '%s' (create true)", input_path), SSQL_IO);
    assert_true(system_recover());
    assert_is_missing("made");
}

/* What gives its bytes only once is put aside. */
static void what_is_put_aside_is_read_again_or_not(void **state)
{
    (void)state;
    write_file(input_path, "a,b\n1,2\n");
    for (int i = 0; i < 2; i++) {
        spill_fails = i == 0;
        system_fail_once(CALL_LSEEK, ESPIPE); /* so it is no file that can be read again */
        int code = exec_with("copy made from '%s' (create true)", input_path);
        assert_true(system_recover());
        assert_int_equal(code, spill_fails ? SSQL_IO : SSQL_OK);
        if (spill_fails)
            assert_is_missing("made");
    }
    assert_int_equal(query_int(fixture.conn, "select sum(a * 10 + b) from made"), 12);
}

static void of_nothing_with_names_a_table_is_made(void **state)
{
    (void)state;
    assert_int_equal(copy_text(fixture.conn, "copy made (a, b) from stdin (create true, header false)", ""), SSQL_OK);
    assert_int_equal(query_int(fixture.conn, "select count(*) from made where a is null and b is null"), 0);
}

static void a_file_of_too_many_columns_makes_no_table(void **state)
{
    char text[8000];
    size_t size = 0;

    (void)state;
    for (int i = 0; i < 1024; i++)
        size += (size_t)sprintf(text + size, "%sc%d", i == 0 ? "" : ",", i);
    assert_int_equal(copy_text(fixture.conn, "copy made from stdin (create true)", text), SSQL_TOO_LARGE);
    assert_string_equal(ssql_errmsg(fixture.conn), "text: a table has at most 1023 columns, the file has 1024");
    assert_is_missing("made");
}

/* ---- streams ---- */

static int give_too_much(void *context, char *bytes, size_t capacity, size_t *size)
{
    (void)context;
    memset(bytes, 'x', capacity);
    *size = capacity + 1;
    return 0;
}

static void a_stream_that_gives_more_than_it_may_is_misuse(void **state)
{
    (void)state;
    ssql_set_copy_input(fixture.conn, give_too_much, NULL, "the wire");
    assert_int_equal(exec(fixture.conn, "copy users from stdin"), SSQL_MISUSE);
    assert_string_equal(ssql_errmsg(fixture.conn), "the wire gave more bytes than there was room for");
}

static void a_stream_fails_before_all_rows_are_written(void **state)
{
    struct stream stream = stream_of(fixture.conn, "", 0);

    (void)state;
    stream.fails_after = 0;
    ssql_set_copy_output(fixture.conn, write_stream, &stream, "the wire");
    assert_int_equal(exec(fixture.conn, "copy (select id, repeat('x', 1000000) from users) to stdout"), SSQL_IO);
    assert_string_equal(ssql_errmsg(fixture.conn), "writing the wire failed");
    free(stream.bytes);
}

/* ---- files that are written ---- */

static void a_file_that_cannot_take_its_place_leaves_what_was_there(void **state)
{
    (void)state;
    write_file(output_path, "before\n");
    system_fail_once(CALL_RENAMEAT, EIO);
    assert_int_equal(exec_with("copy users to '%s'", output_path), SSQL_IO);
    assert_true(system_recover());
    assert_holds(output_path, "before\n");
    assert_int_equal(exec_with("copy users to '%s'", output_path), SSQL_OK);
    assert_holds(output_path, "id,name,score\n1,ann,1.5\n2,bob,\n");
}

static void rejects_that_cannot_take_their_place_fail_the_copy(void **state)
{
    char text[300];

    (void)state;
    write_file(input_path, "id,name\n3,carl\nx,y\n");
    write_file(output_path, "before\n");
    snprintf(text, sizeof text, "copy users from '%s' (max_rejects 5, rejects '%s')", input_path, output_path);
    system_fail_always(CALL_RENAMEAT, EIO);
    assert_int_equal(exec(fixture.conn, text), SSQL_IO);
    assert_true(system_recover());
    assert_holds(output_path, "before\n");
    assert_int_equal(query_int(fixture.conn, "select count(*) from users"), 2);
    assert_int_equal(exec(fixture.conn, text), SSQL_OK);
    assert_int_equal(query_int(fixture.conn, "select count(*) from users"), 3);
}

/* ---- rows ---- */

static void a_table_without_row_numbers_left_takes_no_row(void **state)
{
    (void)state;
    row_numbers_fail = true;
    assert_int_equal(exec(fixture.conn, "insert into loose values (1)"), SSQL_OUT_OF_RANGE);
    assert_int_equal(exec(fixture.conn, "insert into loose select id from users"), SSQL_OUT_OF_RANGE);
    assert_int_equal(copy_text(fixture.conn, "copy loose from stdin", "id\n1\n"), SSQL_OUT_OF_RANGE);
    row_numbers_fail = false;
    assert_int_equal(query_int(fixture.conn, "select count(*) from loose"), 0);
    must_exec(fixture.conn, "insert into loose values (1)");
}

static void floats_that_cannot_be_read_are_no_bad_floats(void **state)
{
    static const char record[] = "id,score\n3,1.00000000000000000000000000000000000000000001e-5\n";

    (void)state;
    locale_fails = true;
    assert_int_equal(exec(fixture.conn, "select cast(concat(name, '1.5') as float) from users"), SSQL_BAD_VALUE);
    assert_int_equal(exec(fixture.conn, "select cast(concat('1.', cast(id as string)) as float) from users"),
                     SSQL_NO_MEMORY);
    assert_int_equal(copy_text(fixture.conn, "copy users from stdin (max_rejects 5)", record), SSQL_NO_MEMORY);
    locale_fails = false;
    assert_int_equal(query_int(fixture.conn, "select count(*) from users"), 2);
    assert_int_equal(copy_text(fixture.conn, "copy users from stdin (max_rejects 5)", record), SSQL_OK);
}

/* Somebody drops the table before the first of the records is committed, one by one. */
static ssql_conn *other;

static int drop_and_give(void *context, char *bytes, size_t capacity, size_t *size)
{
    int *count = context;

    assert_true(capacity > 20);
    if (*count == 0)
        must_exec(other, "drop table users");
    *size = *count < 10 ? (size_t)sprintf(bytes, "%d,name,1\n", *count + 10) : 0;
    ++*count;
    return 0;
}

static void a_table_that_goes_while_it_is_loaded_ends_the_copy(void **state)
{
    int count = 0;

    (void)state;
    assert_int_equal(ssql_connect(fixture.db, &other), SSQL_OK);
    ssql_set_copy_input(fixture.conn, drop_and_give, &count, NULL);
    int code = exec(fixture.conn, "copy users from stdin (header false, batch_rows 1)");
    assert_int_equal(code, SSQL_CONFLICT);
    assert_is_missing("users");
    ssql_disconnect(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
        TEST(a_file_that_has_more_columns_the_second_time_is_refused),
        TEST(a_file_that_cannot_be_read_again_makes_no_table),
        TEST(what_is_put_aside_is_read_again_or_not),
        TEST(of_nothing_with_names_a_table_is_made),
        TEST(a_file_of_too_many_columns_makes_no_table),
        TEST(a_stream_that_gives_more_than_it_may_is_misuse),
        TEST(a_stream_fails_before_all_rows_are_written),
        TEST(a_file_that_cannot_take_its_place_leaves_what_was_there),
        TEST(rejects_that_cannot_take_their_place_fail_the_copy),
        TEST(a_table_without_row_numbers_left_takes_no_row),
        TEST(floats_that_cannot_be_read_are_no_bad_floats),
        TEST(a_table_that_goes_while_it_is_loaded_ends_the_copy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
