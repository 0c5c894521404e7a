/* The laws of copy: what was written out reads back as the same table, whatever is in it; and any bytes are loaded or
 * refused as a whole. Random, from fixed seeds. */
#include <stdbool.h>

#include "api/copy_stream.h"

/* ---- random tables ---- */

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static const char *random_text(uint64_t *seed)
{
    static const char *const pieces[] = {"",
                                         "a",
                                         "\"",
                                         "\"\"",
                                         ",",
                                         ";",
                                         "\n",
                                         "\r\n",
                                         "\t",
                                         "\\",
                                         "\\N",
                                         "null",
                                         "NULL",
                                         " ",
                                         "'",
                                         "ä",
                                         "\xF0\x9F\x8C\xB2",
                                         "007",
                                         "true",
                                         "1e5",
                                         "\x01",
                                         "\x7F",
                                         "{}",
                                         "[1]",
                                         "\xEF\xBB\xBF",
                                         "#",
                                         "-",
                                         "\\t",
                                         "\r"};
    static char text[256];
    size_t size = 0;

    for (uint64_t count = next_random(seed) % 5; count > 0; count--) {
        const char *piece = pieces[next_random(seed) % (sizeof pieces / sizeof pieces[0])];
        memcpy(text + size, piece, strlen(piece));
        size += strlen(piece);
    }
    text[size] = '\0';
    return text;
}

static double random_float(uint64_t *seed)
{
    static const double special[] = {0.0, -0.0, 1.0, 0.1, 1e308, -1e308, 5e-324, 1e22, 123456789012345678.0, 1e-7};
    union {
        uint64_t bits;
        double real;
    } any = {.bits = next_random(seed)};

    if (any.bits % 3 == 0)
        return special[any.bits / 3 % (sizeof special / sizeof special[0])];
    any.bits = next_random(seed);
    return any.real; /* infinities and nan too */
}

static int64_t random_int(uint64_t *seed)
{
    static const int64_t special[] = {0, 1, -1, INT64_MAX, INT64_MIN, 9007199254740993};
    uint64_t any = next_random(seed);

    return any % 2 == 0 ? special[any / 2 % (sizeof special / sizeof special[0])] : (int64_t)any;
}

static void fill_table(ssql_conn *conn, uint64_t *seed)
{
    ssql_stmt *stmt = must_prepare(conn, "insert into law values (?, ?, ?, ?, ?)");

    for (int64_t id = 0; id < 60; id++) {
        const char *text = random_text(seed);
        ssql_clear_bindings(stmt);
        assert_int_equal(ssql_bind_int(stmt, 1, id), SSQL_OK);
        if (next_random(seed) % 4 > 0)
            assert_int_equal(ssql_bind_string(stmt, 2, text, strlen(text)), SSQL_OK);
        if (next_random(seed) % 4 > 0)
            assert_int_equal(ssql_bind_float(stmt, 3, random_float(seed)), SSQL_OK);
        if (next_random(seed) % 4 > 0)
            assert_int_equal(ssql_bind_bool(stmt, 4, (int)(next_random(seed) % 2)), SSQL_OK);
        if (next_random(seed) % 4 > 0)
            assert_int_equal(ssql_bind_int(stmt, 5, random_int(seed)), SSQL_OK);
        assert_int_equal(ssql_step(stmt), SSQL_DONE);
    }
    ssql_finalize(stmt);
}

static void assert_same_rows(ssql_conn *conn, const char *left_text, const char *right_text, uint64_t seed)
{
    ssql_stmt *left = must_prepare(conn, left_text), *right = must_prepare(conn, right_text);
    int code;

    while ((code = ssql_step(left)) == SSQL_ROW) {
        assert_int_equal(ssql_step(right), SSQL_ROW);
        for (int i = 0; i < ssql_column_count(left); i++) {
            size_t left_size = 0, right_size = 0;
            const char *a = ssql_column_text(left, i, &left_size), *b = ssql_column_text(right, i, &right_size);
            if ((a == NULL) != (b == NULL) || left_size != right_size || (a != NULL && memcmp(a, b, left_size) != 0))
                fail_msg("seed %llu: \"%s\" has become \"%s\"", (unsigned long long)seed, a == NULL ? "null" : a,
                         b == NULL ? "null" : b);
        }
    }
    assert_int_equal(code, SSQL_DONE);
    assert_int_equal(ssql_step(right), SSQL_DONE);
    ssql_finalize(left);
    ssql_finalize(right);
}

static void out_and_in_again_is_the_same_table(void **state)
{
    static const char *const options[] = {
        "format csv",  "format csv, header false", "format csv, delimiter ';', null '-'",
        "format tsv",  "format tsv, header false", "format json",
        "format jsonl"};
    struct fixture *fixture = *state;

    must_exec(fixture->conn, "create table law { id int primary, s string, f float, b bool, n int };"
                             "create table back { id int primary, s string, f float, b bool, n int }");
    for (uint64_t round = 1; round <= 20; round++) {
        uint64_t seed = round * 0x9E3779B97F4A7C15u;
        fill_table(fixture->conn, &seed);
        for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
            struct stream stream = stream_of(fixture->conn, "", 0);
            char text[128];
            ssql_set_copy_output(fixture->conn, write_stream, &stream, NULL);
            ssql_set_copy_input(fixture->conn, read_stream, &stream, options[i]);
            snprintf(text, sizeof text, "copy law to stdout (%s)", options[i]);
            must_exec(fixture->conn, text);
            snprintf(text, sizeof text, "copy back from stdin (%s)", options[i]);
            must_exec(fixture->conn, text);
            assert_same_rows(fixture->conn, "select * from law", "select * from back", round);
            must_exec(fixture->conn, "delete from back");
            free(stream.bytes);
        }
        must_exec(fixture->conn, "delete from law");
    }
}

/* A text that may be a file of some format, more or less. */
static size_t random_file(uint64_t *seed, char *text, size_t capacity)
{
    static const char *const pieces[] = {"id,name,score\n",
                                         "id\tname\n",
                                         "{\"id\": ",
                                         "\"name\": ",
                                         "}",
                                         "{",
                                         "[",
                                         "]",
                                         ",",
                                         "\n",
                                         "\r\n",
                                         "\r",
                                         "\"",
                                         "\"\"",
                                         "1",
                                         "2",
                                         "77",
                                         "-5",
                                         "9223372036854775807",
                                         "9223372036854775808",
                                         "1.5",
                                         "1e400",
                                         "true",
                                         "null",
                                         "ann",
                                         "\\N",
                                         "\\",
                                         "\t",
                                         ";",
                                         " ",
                                         "\xEF\xBB\xBF",
                                         "\xC3\xA4",
                                         "\xC3",
                                         "\xFF",
                                         "\x00",
                                         "\"id\"",
                                         ":",
                                         "#"};
    size_t size = 0;

    for (uint64_t count = next_random(seed) % 40; count > 0; count--) {
        uint64_t any = next_random(seed) % (sizeof pieces / sizeof pieces[0]);
        const char *piece = pieces[count % 8 == 0 ? 9 : any];
        size_t length = piece[0] == '\0' ? 1 : strlen(piece);
        if (size + length > capacity)
            break;
        memcpy(text + size, piece, length);
        size += length;
    }
    return size;
}

static void any_text_is_loaded_or_refused_as_a_whole(void **state)
{
    static const char *const options[] = {"format csv",
                                          "format csv, header false, max_rejects 3",
                                          "format tsv, on_conflict ignore",
                                          "format json, on_conflict replace",
                                          "format jsonl, max_rejects 100",
                                          "format csv, skip 1, delimiter ';', null 'ann', max_rejects 1",
                                          "format csv, batch_rows 1, max_rejects 1"};
    struct fixture *fixture = *state;
    int loaded = 0, refused = 0;

    for (uint64_t round = 1; round <= 3000; round++) {
        uint64_t seed = round * 0x2545F4914F6CDD1Du;
        char text[1024], statement[200], message[600];
        struct stream stream = stream_of(fixture->conn, text, random_file(&seed, text, sizeof text));
        bool creates = next_random(&seed) % 3 == 0;
        const char *option = options[next_random(&seed) % (sizeof options / sizeof options[0])];
        int64_t before = query_int(fixture->conn, "select count(*) from users");
        stream.step = 1 + next_random(&seed) % 50;
        ssql_set_copy_input(fixture->conn, read_stream, &stream, "text");
        snprintf(statement, sizeof statement, "copy %s from stdin (%s%s)", creates ? "made" : "users", option,
                 creates ? ", create true" : "");
        int code = exec(fixture->conn, statement);
        snprintf(message, sizeof message, "%s", ssql_errmsg(fixture->conn));
        int64_t after = query_int(fixture->conn, "select count(*) from users");
        if (code == SSQL_OK) {
            loaded++;
            assert_true(creates || after <= before + count_of(fixture->conn, "rows"));
        } else {
            refused++;
            if (message[0] == '\0' || (strstr(option, "batch_rows") == NULL && after != before))
                fail_msg("round %d: %s: %s", (int)round, statement, message);
        }
        exec(fixture->conn, "drop table if exists made; delete from users where id > 3 || id < 1");
        free(stream.bytes);
    }
    assert_true(loaded > 100 && refused > 100);
}

/* Statements are read by the language itself. */
static void insert_statements_are_a_script_that_makes_the_same_table(void **state)
{
    struct fixture *fixture = *state;

    must_exec(fixture->conn, "create table law { id int primary, s string, f float, b bool, n int };"
                             "create table back { id int primary, s string, f float, b bool, n int }");
    for (uint64_t round = 1; round <= 20; round++) {
        struct stream stream = stream_of(fixture->conn, "", 0);
        uint64_t seed = round * 0xD1B54A32D192ED03u;
        fill_table(fixture->conn, &seed);
        ssql_set_copy_output(fixture->conn, write_stream, &stream, NULL);
        must_exec(fixture->conn,
                  "copy law to stdout (format insert); upsert into back select * from law; delete from law");
        if (ssql_exec(fixture->conn, stream.bytes, stream.size) != SSQL_OK)
            fail_msg("%s", ssql_errmsg(fixture->conn));
        assert_same_rows(fixture->conn, "select * from back", "select * from law", round);
        must_exec(fixture->conn, "delete from back; delete from law");
        free(stream.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_USERS(out_and_in_again_is_the_same_table),
        TEST_WITH_USERS(insert_statements_are_a_script_that_makes_the_same_table),
        TEST_WITH_USERS(any_text_is_loaded_or_refused_as_a_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
