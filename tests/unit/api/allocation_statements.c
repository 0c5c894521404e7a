/* Every allocation that a statement asks for fails once, then again all from there on, those out of its arena among
 * them: the statement says that memory ran out, or does what it does with memory enough, whole. What a failed statement
 * wrote is taken back, and the same connection runs the next one. The linker leads malloc and its kin, and what takes
 * from an arena, here (--wrap). */
#include <stdbool.h>

#include "api/failing_arena.h"
#include "api/fixture.h"

/* ---- what is run ---- */

static const char SETUP[] =
    "create table t { id int primary, name string, amount float, flag bool, size int not null default 7 };"
    "create table pairs { a int, b string, c float default 0.5, primary key (a, b) };"
    "create table notes { text string, stars int };"
    "create table empty { id int primary, text string };"
    "insert into t values (1, 'one', 1.5, true, 1), (2, 'two', null, false, 2), (3, null, 3, null, 3),"
    " (4, 'vier', -4.25, true, 4), (5, 'fünf', 0, false, 5), (6, 'one', 6, true, 6);"
    "insert into pairs values (1, 'x', 1), (1, 'y', 2), (2, 'x', 3), (3, 'zz', null);"
    "insert into notes values ('first', 1), ('second', 2), (null, null)";

static const char *const STATEMENTS[] = {
    /* expressions */
    "select 1 + 2 * 3 - 4 / 2 % 5, -id, - -id, +id from t",
    "select amount + id, amount - 1.5, id * amount, amount / 2, amount % 2, -amount from t",
    "select name == 'one', name != 'two', name < 'p', name <= 'one' from t",
    "select id between 2 and 4, id not between amount and 5, name in ('one', 'two'), id not in (1, 2, id) from t",
    "select name like 'o%', name not like '_w%', name like 'a!%' escape '!', name like name, 'x' like name from t",
    "select case id when 1 then 'a' when 2 then name else 'c' end, case when flag then 1 when not flag then 2.5 end"
    " from t",
    "select coalesce(amount, id, 0.5), coalesce(id, size), ifnull(name, 'none'), nullif(id, 3), coalesce(null, name, "
    "'a') from t",
    "select cast(id as string), cast(amount as int), cast('12' as int), cast(flag as int), cast(id as float),"
    " cast(amount as string), cast(flag as string), cast('1e3' as float), cast('true' as bool) from t",
    "select amount is null, name is not null, flag == true, flag != false, id is distinct from size, name is not "
    "distinct from null from t",
    "select flag and id > 2 or not flag and id < 9, flag && true or false, !flag, null and flag, flag or true from t",
    "select length(name), upper(name), lower(name), trim(concat('  ', name)), trim(name, 'o'), ltrim(name, 'o'), "
    "rtrim(name, 'e'),"
    " substr(name, 2), substring(name, 1, 2), replace(name, 'o', 'oo'), concat(name, 'x', name), instr(name, 'n') from "
    "t",
    "select abs(amount), round(amount, 1), floor(amount), ceil(amount), sign(id), sqrt(abs(id)), power(id, 2),"
    " min(id, size, 3), max(name, 'p'), least(1), greatest(amount, id), typeof(name) from t",
    "select starts_with(name, 'o'), ends_with(name, 'e'), contains(name, 'n'), reverse(name), repeat(name, 3) from t",
    "select 'it''s', 'tab\\t\\u{e9}', 1e3, 2.5, true, null",
    /* queries */
    "select * from t",
    "select u.*, u.id as x, `name` from t as u",
    "select distinct name from t order by name nulls last",
    "select distinct flag, size % 2 from t order by 1, 2 desc nulls first limit 3 offset 1",
    "select id from t where id == 3",
    "select id from t where id > 1 and id <= 4 and flag order by id desc",
    "select id from t where 2 <= id and 5 > id and name >= 'a' and amount > 0 and size < 100",
    "select id from t where id in (1, 3, 5) and not (flag is null)",
    "select id from t where id between 2 and 3 or name like 'f%'",
    "select * from pairs where a == 1 and b > 'x'",
    "select * from pairs where a == 1 and b like 'x%' order by a, b",
    "select * from pairs where a == 2 and b == 'x'",
    "select * from pairs where a > 1 order by a desc, b limit 1",
    "select * from pairs where b like 'z%' and c is null",
    "select id, name from t order by amount desc nulls first, name, id limit 2 + 1 offset 1",
    "select name as n, amount * 2 as twice from t order by twice, upper(n)",
    "select stars, text from notes order by stars desc",
    "select * from t where false",
    "select * from empty where id > 7 limit 0",
    "values (1, 'a', 2.5), (2, null, 3), (3, 'c', null) order by 1 desc limit 2",
    "select count(*), count(name), count(distinct name), sum(size), avg(amount), min(name), max(amount) from t",
    "select sum(distinct size), group_concat(name, ', '), group_concat(distinct name), sum(amount) from t",
    "select name, count(*) as n from t group by name having n > 0 and max(id) < 100 order by n desc, name",
    "select flag, size % 2 as odd, sum(id), group_concat(name) from t group by flag, size % 2 order by 1, 2",
    "select id / 2, min(flag), max(name) from t where size > 1 group by 1 order by count(*), 1 limit 2",
    "select count(*) from empty",
    "select distinct a, b from pairs order by b, a",
    "select min(id), max(id) from t",
    /* writes */
    "insert into t values (10, 'ten', 10.5, true, 10), (11, default, null, false, default)",
    "insert into t (size, id) values (1 + 1, 20), (length('abc'), 21)",
    "insert into t (id, name) select a * 100 + length(b), b from pairs where b != 'x' order by a",
    "insert into t values (1, 'again', 0, true, 1), (30, 'new', 0, true, 1) on conflict do nothing",
    "insert into pairs values (1, 'x', 9) on conflict (a, b) do nothing",
    "insert into notes default values",
    "insert into notes select name, id from t where flag",
    "insert into notes values 'a', 1",
    "upsert into t values (1, 'eins', 1, true, 1), (40, 'vierzig', null, null, 4)",
    "update t set name = upper(name), amount = coalesce(amount, 0) + 1 where id < 4",
    "update t set size = default, flag = not flag",
    "update t set id = id + 100 where id % 2 == 0",
    "update pairs set b = concat(b, '!'), a = a + 1",
    "update notes set 'text', 3 where stars == 1",
    "delete from t where id == 2",
    "delete from t where name like 'o%' or amount is null",
    "delete from pairs",
    "delete from notes where stars > 1",
    "insert into t select id + 1000, name, amount, flag, size from t; delete from t where id > 1002; update t set id ="
    " id * 2 where id > 1000",
    /* tables */
    "create table made (a integer not null default -1, b varchar(20) null, c double precision default 1 + 0.5,"
    " d boolean default (1 == 1), e text primary key); insert into made (e) values ('x'); select * from made",
    "create table if not exists t { id int primary }",
    "create table plain { a int, b string default upper('x') }; insert into plain (a) values (1); select * from plain",
    "drop table notes",
    "delete table if exists nothing",
    "show tables",
    "describe t",
    "describe pairs",
    "explain select name, count(*) from t where id > 2 and name like 'a%' group by name order by 2 limit 3",
    "explain select distinct a + 1 from pairs where a == 1 and b between 'a' and 'z' order by 1 offset 2",
    "explain update t set name = 'x', size = default where id == 3",
    "explain delete from pairs where a in (1, 2)",
    "explain insert into notes select name, id from t on conflict do nothing",
    "explain upsert into t values (1, 'x', null, true, 3)",
    "explain copy t (id, name) to stdout (format csv)",
    "explain copy t from stdin (format csv, max_rejects 3)",
    "explain copy made from stdin (format csv, create true, primary 'id', load false)",
    /* copy in and out */
    "copy t to stdout",
    "copy t (id, name) to stdout (format csv, header false, null 'NULL')",
    "copy (select id, amount, flag from t where id < 5 order by id) to stdout (format jsonl)",
    "copy pairs to stdout (format tsv)",
    "copy t to stdout (format insert)",
    "copy (select null as a, 'x' as b) to stdout (format insert)",
    "copy empty from stdin (format csv)",
    "copy empty from stdin (format csv, max_rejects 5, on_conflict replace)",
    "copy empty (text, id) from stdin (format csv, header true, max_rejects 3, on_conflict ignore)",
    "copy loaded from stdin (format csv, create true, primary 'id'); select * from loaded",
    "copy loaded from stdin (format csv, create true); select * from loaded",
    "copy loaded from stdin (format csv, create true, primary 'id', load false); describe loaded",
    "copy empty from stdin (format csv, on_conflict ignore)",
    "copy empty from stdin (format csv, skip 1, header false, delimiter ',', null 'two')",
    "copy empty from stdin (format json)",
    "copy empty from stdin (format jsonl)",
    "copy empty (id, text) from stdin (format jsonl, on_conflict replace)",
    "copy loaded from stdin (format jsonl, create true); select * from loaded",
    "copy t to stdout (format json)",
    "copy notes (text, stars) from stdin (format csv, header false, skip 2, max_rejects 9)",
};

/* The message is made out of memory too. */
static const char *const MISTAKES[] = {
    "insert into empty values (1, 'a'), (2, 'b'), (1, 'c')",
    "insert into empty values (1, 'a'), (2, cast(cast(1 / 0 as int) as string))",
    "update t set id = 3 where id == 4",
    "update t set size = null",
    "insert into t (name) values ('no key')",
    "select 1 / (id - 3) from t",
    "select 9223372036854775807 + id from t",
    "select cast(name as int) from t",
    "selct 1",
    "select * form t",
    "select nam from t",
    "select u.id from t",
    "select * from tt",
    "select lenght(name) from t",
    "select length(id) from t",
    "select 'a' + 1 from t",
    "select name from t group by id",
    "select count(count(*)) from t",
    "select id from t where count(*) > 1",
    "insert into t values (1, 2)",
    "insert into t (id, nme) values (1, 'x')",
    "insert into t (id, id) values (1, 1)",
    "insert into t values (1, 'a', 'b', true, 1)",
    "insert into t (id) select name from t",
    "update t set nme = 1",
    "create table t { id int primary }",
    "create table x { id int primary, id string }",
    "create table x { id integr }",
    "create table x { id int primary, a int default 'a' }",
    "create table x { a int, primary key (b) }",
    "drop table tt",
    "describe tt",
    "select (1, from t",
    "select 'open",
    "select a -- comment\n frm `t` where x = = 1",
    "values (1, 2), (3)",
    "values (1), ('a')",
    "select id from t limit 'a'",
    "select id from t order by 9",
    "select * from t join pairs on a == id",
    "select case id when 'a' then 1 end from t",
    "select case when id then 1 end from t",
    "select id in (1, 'a') from t",
    "select t.id.x from t",
    "select cast(id as date) from t",
    "copy empty (text, id) from stdin (format csv, primary 'id')",
    "copy other from stdin (format csv)",
    "select id from t limit -1",
    "select id, name from t group by id having name == 'x'",
    "select distinct id from t order by name",
    "select * from t where sum(id) > 1",
    "select sum(*), count(distinct *) from t",
    "select sum(name) from t",
    "select group_concat(name, name) from t",
    "select abs(id, 1, 2, 3, 4, 5, 6, 7, 8, 9) from t",
    "select ifnull(1, 2, 3)",
    "select name between 1 and 2 from t",
    "select id like 'x' from t",
    "select not id from t",
    "select -name from t",
    "select id == '12' from t where flag == 'x'",
    "insert into t (name, id) values (1, 'x')",
    "insert into t values (1, 'a', 1, true, 1, 2)",
    "insert into pairs values (1, 'x', 1) on conflict (a) do nothing",
    "insert into t select * from pairs",
    "update t set 1, 2",
    "update t set id = 'x'",
    "update t set id = 1, id = 2",
    "create table x { id int primary, id2 int primary }",
    "create table x { a int, primary key (a, a) }",
    "create table x { a int not null null }",
    "create table `` { a int }",
    "copy tt from stdin (format csv)",
    "copy t (idd) to stdout",
    "copy t from stdin (formt csv)",
    "copy t from stdin (format xml)",
    "copy t from stdin (format csv, max_rejects 'x')",
    "alter table t add column x int",
    "create index i on t (name)",
};

/* Words are asked for at the `|`. */
static const char *const PLACES[] = {
    "sel|",
    "select na|, t.id as n from t join pairs as u on t.id == u.a order by n",
    "select t.| from t, pairs where a in (select b from notes where stars > 1)",
    "select cast(id as |) from t",
    "select id from t where id in (select | from pairs) group by id having id > 1 order by id limit 5",
    "select id as x, name y from t order by |",
    "insert into t (id, |) values (1, 'x')",
    "insert into t (id) values (|",
    "update t set name = 'x', | where id == 1",
    "update t set name = |",
    "create table x { a int, b |",
    "create table x { a int, b string, primary key (|",
    "drop table |",
    "describe `|",
    "copy t (id, |) to stdout",
    "explain delete from | where id == 3",
    "selct * form t wher |",
    "select 1; select n| from t; begin",
};

enum {
    PLACE_COUNT = sizeof PLACES / sizeof PLACES[0],
    STATEMENT_COUNT = sizeof STATEMENTS / sizeof STATEMENTS[0],
    MISTAKE_COUNT = sizeof MISTAKES / sizeof MISTAKES[0],
    RESULT_SIZE = 40000,
};

static const char INPUT[] = "id,text\n1,one\n2,\"t\"\"wo\"\n3,\n5,\"fünf\nlines\"\n";
static const char JSON_INPUT[] = "[{\"id\": 1, \"text\": \"o\\u00e9\\n\"}, {\"text\": \"\\ud83d\\ude00\", \"id\": 2},\n"
                                 " {\"id\": 3, \"text\": null}]\n";
static const char LINES_INPUT[] = "{\"id\": 1, \"text\": \"one\"}\n\n{\"text\": \"zwei\", \"id\": 2}\r\n{\"id\": 3}\n";
static const char INPUT_TO_REJECT[] = "id,text\n1,one\n2,two\n2,zwei\nx,y\n3,\n4,a,b\n,none\n";

/* All that a statement gave: its columns and its bytes for copy. */
struct result {
    int code;
    char bytes[RESULT_SIZE];
    size_t size;
    const char *input; /* what of it was not read */
};

static int give_input(void *context, char *bytes, size_t capacity, size_t *size)
{
    struct result *result = context;
    size_t left = strlen(result->input);

    *size = left < capacity ? left : capacity;
    memcpy(bytes, result->input, *size);
    result->input += *size;
    return 0;
}

static int take_output(void *context, const char *bytes, size_t size)
{
    struct result *result = context;

    assert_true(result->size + size < sizeof result->bytes);
    memcpy(result->bytes + result->size, bytes, size);
    result->size += size;
    return 0;
}

/* Whether all columns could be told as text. */
static bool take_row(ssql_conn *conn, ssql_stmt *stmt, struct result *result)
{
    for (int i = 0; i < ssql_column_count(stmt); i++) {
        size_t size = 0;
        const char *text = ssql_column_text(stmt, i, &size);
        if (text == NULL && ssql_errcode(conn) != SSQL_OK)
            return false;
        take_output(result, text == NULL ? "\x01" : text, text == NULL ? 1 : size);
        take_output(result, "|", 1);
    }
    take_output(result, "\n", 1);
    return true;
}

static int take_word(void *context, int kind, const char *word, const char *detail)
{
    char text[200];
    int size = snprintf(text, sizeof text, "%d %s %s\n", kind, word, detail);

    assert_true(size > 0 && (size_t)size < sizeof text);
    return take_output(context, text, (size_t)size);
}

/* Takes the words for the `|` of the text. */
static void run_completion(ssql_conn *conn, const char *text, struct result *result)
{
    size_t at = strcspn(text, "|"), begin = 0;
    char bytes[300];

    snprintf(bytes, sizeof bytes, "%.*s%s", (int)at, text, text + at + 1);
    result->size = 0;
    result->code = ssql_complete_at(conn, bytes, strlen(bytes), at, &begin, take_word, result);
    assert_true(result->code != SSQL_OK || begin <= at);
}

/* Runs all statements of the text, up to the first that fails; or takes the words for its `|`. */
static void run(ssql_conn *conn, const char *text, struct result *result)
{
    const char *rest = text;

    if (strchr(text, '|') != NULL) {
        run_completion(conn, text, result);
        return;
    }
    result->size = 0;
    result->input = strstr(text, "max_rejects") != NULL ? INPUT_TO_REJECT
                    : strstr(text, "jsonl") != NULL     ? LINES_INPUT
                    : strstr(text, "json") != NULL      ? JSON_INPUT
                                                        : INPUT;
    ssql_set_copy_input(conn, give_input, result, NULL);
    ssql_set_copy_output(conn, take_output, result, NULL);
    do {
        ssql_stmt *stmt = NULL;
        result->code = ssql_prepare(conn, rest, strlen(rest), &stmt, &rest);
        if (result->code != SSQL_OK || stmt == NULL)
            break;
        while ((result->code = ssql_step(stmt)) == SSQL_ROW && take_row(conn, stmt, result))
            ;
        result->code = result->code == SSQL_DONE ? SSQL_OK : ssql_errcode(conn);
        ssql_finalize(stmt);
    } while (result->code == SSQL_OK && *rest != '\0');
}

/* A time may differ from run to run, and nothing else. */
static void expect_same(const char *text, const struct result *result, const struct result *expected)
{
    if (result->code != expected->code)
        fail_msg("%s: %s, not %s", text, ssql_code_text(result->code), ssql_code_text(expected->code));
    if (expected->code == SSQL_OK &&
        (result->size != expected->size || memcmp(result->bytes, expected->bytes, result->size) != 0))
        fail_msg("%s: gives\n%.*sand not\n%.*s", text, (int)result->size, result->bytes, (int)expected->size,
                 expected->bytes);
}

/* The statement with the n-th allocation failing, in a transaction that is rolled back; false when none was left. */
static bool run_failing(ssql_conn *conn, const char *text, long n, bool for_ever, const struct result *expected)
{
    struct result result;

    must_exec(conn, "begin");
    memory_start_failing(n, for_ever);
    run(conn, text, &result);
    bool has_failed = memory_has_failed();
    memory_stop_failing();
    if (result.code != SSQL_NO_MEMORY)
        expect_same(text, &result, expected);
    else if (!has_failed)
        fail_msg("%s: out of memory, and no allocation failed", text);
    if (ssql_in_transaction(conn) != 0)
        must_exec(conn, "rollback");
    return has_failed;
}

static void fail_each_allocation_of(ssql_conn *conn, const char *text, bool is_right, bool for_ever)
{
    struct result expected;
    long n = 0;

    must_exec(conn, "begin");
    run(conn, text, &expected);
    if ((expected.code == SSQL_OK) != is_right || expected.code == SSQL_NO_MEMORY)
        fail_msg("%s: %s: %s", text, ssql_code_text(expected.code), ssql_errmsg(conn));
    must_exec(conn, "rollback");
    while (run_failing(conn, text, n, for_ever, &expected))
        n++;
    if (n == 0)
        fail_msg("%s: asks for no memory", text);
}

static void fail_each_allocation(const char *plan_sharing, bool for_ever)
{
    ssql_options *options = NULL;
    struct fixture fixture;

    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "background", "off"), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "threads", "1"), SSQL_OK);
    assert_int_equal(ssql_options_set(options, "plan_sharing", plan_sharing), SSQL_OK);
    assert_int_equal(ssql_open_with(":memory:", options, &fixture.db), SSQL_OK);
    ssql_options_free(options);
    assert_int_equal(ssql_connect(fixture.db, &fixture.conn), SSQL_OK);
    must_exec(fixture.conn, SETUP);
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        fail_each_allocation_of(fixture.conn, STATEMENTS[i], true, for_ever);
    for (size_t i = 0; i < PLACE_COUNT; i++)
        fail_each_allocation_of(fixture.conn, PLACES[i], true, for_ever);
    for (size_t i = 0; i < MISTAKE_COUNT; i++)
        fail_each_allocation_of(fixture.conn, MISTAKES[i], false, for_ever);
    assert_int_equal(query_int(fixture.conn, "select count(*) from t"), 6);
    assert_int_equal(query_int(fixture.conn, "select count(*) from empty"), 0);
    fixture_close(&fixture);
}

static void one_failure_is_an_error_and_no_more(void **state)
{
    (void)state;
    fail_each_allocation("off", false);
}

static void failures_to_the_end_are_an_error_and_no_more(void **state)
{
    (void)state;
    fail_each_allocation("off", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_failure_is_an_error_and_no_more),
        cmocka_unit_test(failures_to_the_end_are_an_error_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
