/* Copy statements through the API: streams of the program, counts, failures, deaths, progress. */
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/copy_stream.h"

/* ---- streams ---- */

static void a_stream_is_loaded_whatever_the_pieces_it_comes_in(void **state)
{
    static const char text[] = "id,name\n10,\"x\ny\"\n11,\n12,z\n";
    struct fixture *fixture = *state;

    for (size_t step = 1; step <= sizeof text; step++) {
        struct stream stream = stream_of(fixture->conn, text, sizeof text - 1);
        stream.step = step;
        ssql_set_copy_input(fixture->conn, read_stream, &stream, NULL);
        must_exec(fixture->conn, "copy users from stdin");
        assert_int_equal(ssql_changes(fixture->conn), 3);
        assert_int_equal(count_of(fixture->conn, "rows"), 3);
        assert_int_equal(count_of(fixture->conn, "bytes"), sizeof text - 1);
        assert_true(stream.rows_seen <= 3);
        assert_int_equal(query_int(fixture->conn, "select count(*) from users where id >= 10 && name == 'x\ny'"), 1);
        must_exec(fixture->conn, "delete from users where id >= 10");
        free(stream.bytes);
    }
}

static void rows_go_to_a_stream(void **state)
{
    static const char wanted[] = "id,name,active,score\n1,ann,true,1.5\n2,bob,false,\n3,,true,3.0\n";
    struct fixture *fixture = *state;
    struct stream stream = stream_of(fixture->conn, "", 0);

    ssql_set_copy_output(fixture->conn, write_stream, &stream, NULL);
    must_exec(fixture->conn, "copy users to stdout");
    assert_int_equal(ssql_changes(fixture->conn), 3);
    assert_int_equal(stream.size, sizeof wanted - 1);
    assert_memory_equal(stream.bytes, wanted, stream.size);
    assert_int_equal(count_of(fixture->conn, "bytes"), stream.size);
    stream.size = 0;
    must_exec(fixture->conn, "copy (select name from users where false) to '-' (format json)");
    assert_int_equal(ssql_changes(fixture->conn), 0);
    assert_memory_equal(stream.bytes, "[]", 2);
    free(stream.bytes);
}

static void a_failing_stream_fails_the_statement_with_its_own_words(void **state)
{
    struct fixture *fixture = *state;

    for (long n = 0; n < 4; n++) {
        struct stream stream = stream_of(fixture->conn, "id\n10\n11\n", 9);
        stream.step = 3;
        stream.fails_after = n;
        ssql_set_copy_input(fixture->conn, read_stream, &stream, "the wire");
        assert_int_equal(exec(fixture->conn, "copy users from stdin"), SSQL_IO);
        assert_string_equal(ssql_errmsg(fixture->conn), "reading the wire failed");
        stream.position = 0;
        stream.fails_after = n;
        stream.failure = "the wire is cut";
        assert_int_equal(exec(fixture->conn, "copy users from stdin"), SSQL_IO);
        assert_string_equal(ssql_errmsg(fixture->conn), "the wire is cut");
        assert_int_equal(query_int(fixture->conn, "select count(*) from users"), 3);
        free(stream.bytes);
    }

    struct stream out = stream_of(fixture->conn, "", 0);
    out.fails_after = 0;
    out.failure = "the tape is full";
    ssql_set_copy_output(fixture->conn, write_stream, &out, NULL);
    assert_int_equal(exec(fixture->conn, "copy users to stdout"), SSQL_IO);
    assert_string_equal(ssql_errmsg(fixture->conn), "the tape is full");
    free(out.bytes);
}

static void without_streams_and_files_there_is_nothing_to_copy(void **state)
{
    struct fixture fixture = {.db = NULL};
    ssql_options *options = NULL;
    int64_t value;

    (void)state;
    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "allow_files", "off"), SSQL_OK);
    assert_int_equal(ssql_open_with(":memory:", options, &fixture.db), SSQL_OK);
    ssql_options_free(options);
    assert_int_equal(ssql_connect(fixture.db, &fixture.conn), SSQL_OK);
    must_exec(fixture.conn, "create table t { id int }");
    assert_int_equal(exec(fixture.conn, "copy t from '/etc/passwd' (header false)"), SSQL_NOT_ALLOWED);
    assert_string_equal(ssql_sqlstate(fixture.conn), "42501");
    assert_int_equal(exec(fixture.conn, "copy t to 'never_written'"), SSQL_NOT_ALLOWED);
    assert_int_equal(access("never_written", F_OK), -1);
    assert_int_equal(copy_text(fixture.conn, "copy t from stdin (rejects 'never_written')", "id\n1\n"),
                     SSQL_NOT_ALLOWED);
    assert_int_equal(exec(fixture.conn, "copy t from stdin"), SSQL_MISUSE);
    assert_int_equal(exec(fixture.conn, "copy t to stdout"), SSQL_MISUSE);
    assert_int_equal(copy_text(fixture.conn, "copy t from stdin", "id\n1\n"), SSQL_OK);
    assert_int_equal(ssql_copy_stat(fixture.conn, "sheep", &value), SSQL_BAD_OPTION);
    fixture_close(&fixture);
}

/* ---- what is loaded ---- */

static void the_file_that_other_programs_stumble_over(void **state)
{
    static const char good[] = "\xEF\xBB\xBFid,name,active\r\n10,\"a \"\"q\"\"\",\r\n11,,true\r\n12,\"\",\r\n"
                               "13,\"two\r\nlines\",false\r\n";
    static const char bad[] = "\xEF\xBB\xBFid,name\r\n20,x\r\n21,\"two\r\nlines\"\r\n22,y,z\r\n23,w\r\n";
    struct fixture *fixture = *state;

    assert_int_equal(copy_text(fixture->conn, "copy users from stdin", good), SSQL_OK);
    assert_int_equal(query_int(fixture->conn, "select id from users where name == 'a \"q\"'"), 10);
    assert_int_equal(query_int(fixture->conn, "select id from users where id > 9 && name is null"), 11);
    assert_int_equal(query_int(fixture->conn, "select id from users where name == ''"), 12);
    assert_int_equal(query_int(fixture->conn, "select id from users where name == \"two\\r\\nlines\""), 13);

    assert_int_equal(copy_text(fixture->conn, "copy users from stdin", bad), SSQL_VALUE_COUNT);
    assert_string_equal(ssql_errmsg(fixture->conn), "text:5:6: the record has 3 fields instead of 2");
    assert_int_equal(query_int(fixture->conn, "select count(*) from users where id >= 20"), 0);
    assert_int_equal(copy_text(fixture->conn, "copy users from stdin (max_rejects 1)", bad), SSQL_OK);
    assert_int_equal(count_of(fixture->conn, "rows"), 3);
    assert_int_equal(count_of(fixture->conn, "rejected"), 1);
}

static void a_table_is_made_after_a_stream_too(void **state)
{
    struct fixture *fixture = *state;

    assert_string_equal(ssql_copy_created_table(fixture->conn), "");
    assert_int_equal(
        copy_text(fixture->conn, "copy made from stdin (create true, primary 'n')", "n,select\n1,a\n2,b\n"), SSQL_OK);
    assert_string_equal(ssql_copy_created_table(fixture->conn),
                        "create table made (n int, `select` string, primary key (n))");
    assert_int_equal(query_int(fixture->conn, "select sum(n) from made"), 3);
    must_exec(fixture->conn, "drop table made");
    assert_int_equal(copy_text(fixture->conn, "copy made from stdin (create true, primary 'n')", "n\n1\n1\n"),
                     SSQL_DUPLICATE_KEY);
    assert_string_equal(ssql_copy_created_table(fixture->conn), "");
    assert_int_equal(copy_text(fixture->conn, "copy users from stdin (on_conflict ignore)", "id\n1\n2\n30\n"), SSQL_OK);
    assert_int_equal(count_of(fixture->conn, "ignored"), 2);
    assert_int_equal(count_of(fixture->conn, "rows"), 1);
    must_exec(fixture->conn, "copy users to '/dev/null'");
    assert_string_equal(ssql_copy_created_table(fixture->conn), "");
}

static void a_prepared_copy_runs_again(void **state)
{
    struct fixture *fixture = *state;
    ssql_stmt *stmt = must_prepare(fixture->conn, "copy users (id) from stdin (header false)");

    assert_int_equal(ssql_statement_kind(stmt), SSQL_KIND_CHANGE);
    assert_int_equal(ssql_is_read_only(stmt), 0);
    assert_int_equal(ssql_column_count(stmt), 0);
    for (int i = 0; i < 3; i++) {
        char text[32];
        snprintf(text, sizeof text, "%d\n%d\n", 10 + 2 * i, 11 + 2 * i);
        struct stream stream = stream_of(fixture->conn, text, strlen(text));
        ssql_set_copy_input(fixture->conn, read_stream, &stream, NULL);
        assert_int_equal(ssql_step(stmt), SSQL_DONE);
        assert_int_equal(ssql_changes(fixture->conn), 2);
        stream.position = 0; /* the keys are there now */
        assert_int_equal(ssql_step(stmt), SSQL_DUPLICATE_KEY);
        free(stream.bytes);
    }
    ssql_finalize(stmt);
    assert_int_equal(query_int(fixture->conn, "select count(*) from users"), 9);
}

static void two_connections_that_load_the_same_keys_conflict(void **state)
{
    struct fixture *fixture = *state;
    ssql_conn *other = NULL;

    assert_int_equal(ssql_connect(fixture->db, &other), SSQL_OK);
    must_exec(fixture->conn, "begin");
    assert_int_equal(copy_text(fixture->conn, "copy users from stdin", "id\n50\n"), SSQL_OK);
    assert_int_equal(copy_text(other, "copy users from stdin", "id\n50\n"), SSQL_OK);
    assert_int_equal(exec(fixture->conn, "commit"), SSQL_CONFLICT);
    ssql_disconnect(other);
}

/* ---- large files in little memory ---- */

struct generator {
    int64_t next, count;
    char line[64];
    size_t size, position; /* of the line, and what of it was given */
};

static int generate(void *context, char *bytes, size_t capacity, size_t *size)
{
    struct generator *generator = context;

    for (*size = 0; *size < capacity; bytes[(*size)++] = generator->line[generator->position++]) {
        if (generator->position < generator->size)
            continue;
        if (generator->next == generator->count)
            break;
        generator->size = (size_t)snprintf(generator->line, sizeof generator->line, "%lld,name of number %lld\n",
                                           (long long)generator->next, (long long)generator->next);
        generator->next++;
        generator->position = 0;
    }
    return 0;
}

static void open_small(struct fixture *fixture)
{
    ssql_options *options = NULL;

    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "memory_limit", "1MiB"), SSQL_OK);
    assert_int_equal(ssql_open_with(":memory:", options, &fixture->db), SSQL_OK);
    ssql_options_free(options);
    assert_int_equal(ssql_connect(fixture->db, &fixture->conn), SSQL_OK);
}

static void a_file_larger_than_memory_is_one_transaction(void **state)
{
    enum { ROWS = 60000 };
    struct fixture fixture;
    struct generator generator = {.count = ROWS};

    (void)state;
    open_small(&fixture);
    ssql_set_copy_input(fixture.conn, generate, &generator, NULL);
    must_exec(fixture.conn, "copy t (id, name) from stdin (create true, header false, primary 'id')");
    assert_int_equal(query_int(fixture.conn, "select count(*) from t"), ROWS);
    assert_int_equal(query_int(fixture.conn, "select id from t where name == 'name of number 41234'"), 41234);
    generator = (struct generator){.next = ROWS, .count = 2 * ROWS};
    must_exec(fixture.conn, "begin");
    must_exec(fixture.conn, "copy t from stdin (header false)");
    assert_int_equal(query_int(fixture.conn, "select count(*) from t"), 2 * ROWS);
    must_exec(fixture.conn, "rollback");
    assert_int_equal(query_int(fixture.conn, "select count(*) from t"), ROWS);
    generator = (struct generator){.next = ROWS, .count = 2 * ROWS};
    must_exec(fixture.conn, "copy t from stdin (header false, batch_rows 1000)");
    assert_int_equal(query_int(fixture.conn, "select count(*) from t"), 2 * ROWS);
    fixture_close(&fixture);
}

/* ---- killed in the middle ---- */

/* The process dies when so many rows have been handed to the library. */
static int generate_and_die(void *context, char *bytes, size_t capacity, size_t *size)
{
    struct generator *generator = context;

    if (generator->next >= generator->count)
        kill(getpid(), SIGKILL);
    return generate(context, bytes, capacity, size);
}

static void open_directory(struct fixture *fixture, const char *path)
{
    ssql_options *options = NULL;

    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "memory_limit", "1MiB"), SSQL_OK);
    assert_int_equal(ssql_open_with(path, options, &fixture->db), SSQL_OK);
    ssql_options_free(options);
    assert_int_equal(ssql_connect(fixture->db, &fixture->conn), SSQL_OK);
}

static void die_in(const char *path, const char *statement, int64_t after_rows)
{
    pid_t process = fork();
    int status;

    if (process == 0) {
        struct generator generator = {.count = after_rows};
        struct fixture fixture;
        open_directory(&fixture, path);
        ssql_set_copy_input(fixture.conn, generate_and_die, &generator, NULL);
        (void)exec(fixture.conn, statement);
        _exit(1);
    }
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_load_that_is_killed_leaves_nothing(void **state)
{
    char path[] = "/tmp/ssql-copy-XXXXXX", command[64];
    struct fixture fixture;

    (void)state;
    assert_non_null(mkdtemp(path));
    open_directory(&fixture, path);
    must_exec(fixture.conn, "create table b { id int primary, name string }");
    fixture_close(&fixture);
    for (int64_t rows = 1000; rows <= 100000; rows *= 10) {
        die_in(path, "copy t (id, name) from stdin (create true, header false, primary 'id')", rows);
        assert_int_equal(ssql_check(path, NULL, NULL, NULL), SSQL_OK);
        open_directory(&fixture, path);
        assert_int_equal(exec(fixture.conn, "select * from t"), SSQL_UNKNOWN_TABLE);
        must_exec(fixture.conn, "delete from b");
        fixture_close(&fixture);

        die_in(path, "copy b from stdin (header false, batch_rows 700)", rows);
        open_directory(&fixture, path);
        int64_t count = query_int(fixture.conn, "select count(*) from b");
        assert_true(count % 700 == 0 && count <= rows);
        assert_int_equal(query_int(fixture.conn, "select coalesce(max(id), -1) + 1 from b"), count);
        fixture_close(&fixture);
    }
    assert_int_equal(ssql_check(path, NULL, NULL, NULL), SSQL_OK);
    snprintf(command, sizeof command, "rm -r %s", path);
    assert_int_equal(system(command), 0);
}

/* ---- progress ---- */

struct watch {
    long calls, refused_at; /* -1: never */
    int64_t done, total;
    char what[16];
};

static int report(void *context, const char *what, int64_t done, int64_t total)
{
    struct watch *watch = context;

    snprintf(watch->what, sizeof watch->what, "%s", what);
    if (watch->done > done)
        fail_msg("%s goes back from %lld to %lld", what, (long long)watch->done, (long long)done);
    watch->done = done;
    watch->total = total;
    return watch->calls++ == watch->refused_at;
}

/* A line at a time, with a pause now and then. */
static int read_slowly(void *context, char *bytes, size_t capacity, size_t *size)
{
    struct generator *generator = context;

    (void)capacity;
    if (generator->next % 500 == 0)
        usleep(20000);
    *size = generator->next >= generator->count
                ? 0
                : (size_t)snprintf(bytes, 64, "%lld,x\n", (long long)generator->next++ + 100);
    return 0;
}

static void long_statements_tell_how_far_they_are(void **state)
{
    struct fixture *fixture = *state;
    struct generator generator = {.count = 10000};
    struct watch watch = {.refused_at = -1};

    ssql_set_progress(fixture->conn, report, &watch);
    ssql_set_copy_input(fixture->conn, read_slowly, &generator, NULL);
    must_exec(fixture->conn, "copy users (id, name) from stdin (header false)");
    assert_true(watch.calls >= 1 && watch.calls <= 100);
    assert_string_equal(watch.what, "loading");
    assert_true(watch.done > 0);
    assert_int_equal(watch.total, 0);

    generator = (struct generator){.next = 10000, .count = 20000};
    watch = (struct watch){.refused_at = 0};
    assert_int_equal(exec(fixture->conn, "copy users (id, name) from stdin (header false)"), SSQL_INTERRUPTED);
    assert_int_equal(watch.calls, 1);
    assert_int_equal(query_int(fixture->conn, "select count(*) from users"), 10003);

    ssql_set_progress(fixture->conn, NULL, NULL);
    must_exec(fixture->conn, "copy users to '/dev/null'");
    assert_int_equal(watch.calls, 1);
}

static int write_slowly(void *context, const char *bytes, size_t size)
{
    (void)bytes;
    usleep((useconds_t)(size / 4));
    *(size_t *)context += size;
    return 0;
}

static void a_query_counts_the_rows_that_it_has_read(void **state)
{
    enum { ROWS = 60000 };
    struct fixture *fixture = *state;
    struct generator generator = {.next = 4, .count = ROWS};
    struct watch watch = {.refused_at = -1};
    size_t size = 0;

    ssql_set_copy_input(fixture->conn, generate, &generator, NULL);
    must_exec(fixture->conn, "copy users (id, name) from stdin (header false)");
    ssql_set_progress(fixture->conn, report, &watch);
    ssql_set_copy_output(fixture->conn, write_slowly, &size, NULL);
    must_exec(fixture->conn, "copy users to stdout");
    assert_true(watch.calls > 0);
    assert_string_equal(watch.what, "reading");
    assert_true(watch.done > 0 && watch.done <= ROWS);
    assert_true(watch.total > ROWS / 2 && watch.total < ROWS * 2);
    assert_true(size > ROWS);
}

/* In a snapshot the table is still there, though nobody knows any more how many rows to expect. */
static void a_query_of_a_table_that_is_dropped_meanwhile_goes_on(void **state)
{
    struct fixture *fixture = *state;
    struct watch watch = {.refused_at = -1};
    ssql_conn *other;

    assert_int_equal(ssql_connect(fixture->db, &other), SSQL_OK);
    ssql_set_progress(fixture->conn, report, &watch);
    must_exec(fixture->conn, "begin");
    assert_int_equal(query_int(fixture->conn, "select count(*) from users"), 3);
    must_exec(other, "drop table users");
    assert_int_equal(query_int(fixture->conn, "select count(*) from users"), 3);
    must_exec(fixture->conn, "commit");
    assert_int_equal(exec(fixture->conn, "select count(*) from users"), SSQL_UNKNOWN_TABLE);
    ssql_disconnect(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_USERS(a_stream_is_loaded_whatever_the_pieces_it_comes_in),
        TEST_WITH_USERS(rows_go_to_a_stream),
        TEST_WITH_USERS(a_failing_stream_fails_the_statement_with_its_own_words),
        cmocka_unit_test(without_streams_and_files_there_is_nothing_to_copy),
        TEST_WITH_USERS(the_file_that_other_programs_stumble_over),
        TEST_WITH_USERS(a_table_is_made_after_a_stream_too),
        TEST_WITH_USERS(a_prepared_copy_runs_again),
        TEST_WITH_USERS(two_connections_that_load_the_same_keys_conflict),
        cmocka_unit_test(a_file_larger_than_memory_is_one_transaction),
        cmocka_unit_test(a_load_that_is_killed_leaves_nothing),
        TEST_WITH_USERS(long_statements_tell_how_far_they_are),
        TEST_WITH_USERS(a_query_counts_the_rows_that_it_has_read),
        TEST_WITH_USERS(a_query_of_a_table_that_is_dropped_meanwhile_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
