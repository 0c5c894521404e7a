/* Every allocation that planning a statement asks for fails once, then again all from there on, those out of the plan's
 * arena among them: no plan comes of it, but SSQL_NO_MEMORY (or the mistake that the statement has), and the next one
 * is planned. Statements run with failing allocations in tests/unit/api/allocation_statements.c; here stand those that
 * differ for the planner only. */
#include <stdbool.h>

#include "api/failing_arena.h"
#include "plan/fixture.h"

static const char *const STATEMENTS[] = {
    /* parameters, typed and not, in the places that give them a type */
    "select ?1, :name, id + ?2, ?2 == score, coalesce(?3, ?3, id), ?4 is null from users where id > ? limit ? offset ?",
    "select ?, ?, ?, ?, ?, ?, ?, ?, ? == id from users",
    "select case ?1 when id then ?2 else name end, ?3 between 1 and 2.5, ?4 in (1, ?5), name like ?6 from users",
    "insert into users values (?, ?, ?, ?, ?), (?, ?, ?, ?, default)",
    "update users set name = ?, age = default where active and not ? and id in (?, 3)",
    "delete from users where id between ? and ?",
    "select name from users order by name limit ? offset ?",
    "select sum(?), avg(null), max(null), min(?), count(null), group_concat(?, ?), group_concat(null, null) from users",
    /* nulls that get a type */
    "select null + id, coalesce(null, name), case when active then null else name end, nullif(null, id) from users",
    "values (null, 1), (2.5, null) order by column1 + 1, null limit null offset null",
    "values (null) order by column1 + 1",
    "insert into notes (stars) select null from users",
    "insert into notes values (null, null)",
    /* calls, casts and constants */
    "select cast(id as string), cast(null as int), typeof(null), typeof(id), length('a'), 'a' == 'b', 1 + 2.5 from "
    "users",
    "select floor(id), round(score, 2), least(id, score, 3), concat(name, 'x'), substr(name, 1, 2), ifnull(name, 'x')"
    " from users",
    "select not active, -id, +id, active is not true, name is distinct from 'x', id is null, null is null from users",
    "select (id + 1) between 1 and 3, (id + 1) not between 1 and 3, case id + 1 when 1 then 2 when 3 then 4 end"
    " from users",
    /* conditions that a key range, zones or nothing come of */
    "select a from pairs where a == 1 and b > 'x' and c is null and not (c == 2) order by b desc",
    "select a from pairs where a == 1 and b like 'x%' and c in (1, 2, 3)",
    "select a from pairs where a == 1 and b like 'x%' escape '!'",
    "select a from pairs where a >= 1 and a < 5 and b like '%x'",
    "select id from users where active and not active and id is not null and 18 <= age and false",
    "select id from users where id == 1 or id == 2",
    "select min(id) from users",
    "select max(id) from users where id < 7",
    /* queries */
    "select u.*, u.id as x, name, 1 as one from users as u where active order by x desc, upper(name) limit 1 offset 2",
    "select distinct name, age % 2 from users order by 2, name nulls last",
    "select age / 10 as decade, count(*), sum(score), avg(age), min(name), max(name), count(distinct name),"
    " group_concat(name, ';'), sum(id), avg(id) from users group by decade having count(*) > 1 order by decade",
    "select count(*) from users group by 'all'",
    "select 1 as one, count(*) where 1 == 2 group by one",
    /* writes */
    "insert into pairs (c, b, a) select id, name, age from users on conflict (a, b) do nothing",
    "upsert into users (id) values (1), (2)",
    "insert into users default values",
    "update users set id = id + 1, score = age where name is null",
    "update notes set 'text', 5",
    "update pairs set 1, 'x', 2.5 where a == 1 and b == 'x'",
    "delete from pairs where c > 1",
    /* tables */
    "create table t { a int default 1 + 1, b string not null default upper('x'), c bool, primary key (c, a) }",
    "create table if not exists users { a int }",
    "drop table users",
    "drop table if exists nothing",
    "show tables",
    "describe users",
    "describe pairs",
    /* looking */
    "explain select name, count(*) from users where id > 1 or active group by name order by 2 limit 3",
    "explain update pairs set c = c + 1 where a == 1 and b == 'x'",
    "explain analyze delete from users where id == ?",
    /* copy and backup */
    "copy users to 'file.csv' (header false, delimiter ';', null 'NULL')",
    "copy users (id, name) to stdout (format insert)",
    "copy (select id, name from users order by id) to 'file.json'",
    "copy notes to 'file.tsv'",
    "copy users from 'file.csv.gz' (skip 1, on_conflict ignore, rejects 'bad', max_rejects 5, batch_rows 10)",
    "copy pairs (b, a) from '-' (format jsonl)",
    "copy made (a, b) from 'made.csv' (create true, header false, primary 'a, b', load false)",
    "copy made from stdin (create true)",
    "backup to 'elsewhere' (incremental true, copy false)",
    "begin",
    "commit",
    "rollback",
};

/* The message is made of memory too. */
static const char *const MISTAKES[] = {
    "select naem, id + from_nowhere from users",
    "select length(id, name) from users",
    "select sum(name) from users",
    "select coalesce(id, name) from users",
    "select least(null, id, name) from users",
    "select name from users group by age",
    "select ?1 == 1, concat(?1) from users",
    "values (?1), (length(?1))",
    "insert into users values (1)",
    "insert into users select * from pairs",
    "create table t { a int default 'x' }",
    "copy users from 'file.csv' (delimiter ';;')",
    "copy users (id, naem) to stdout",
    "copy users from stdin (primary 'id')",
    "backup to 'elsewhere' (incremental 1)",
};

/* What planning gave: the plan's text, or an error. */
struct outcome {
    enum ssql_code code;
    char text[4096];
};

static struct outcome plan_once(const char *text, long failing, bool for_ever, bool *has_failed)
{
    struct outcome outcome = {.code = SSQL_OK};
    struct ssql_error error;
    struct statement *statement = NULL;
    struct plan *plan = NULL;
    struct arena arena;
    size_t consumed;

    arena_init(&arena);
    error_clear(&error);
    if (!parse_statement(parser, text, strlen(text), &arena, &statement, &consumed, &error))
        fail_msg("%s: %s", text, error.message);
    memory_start_failing(failing, for_ever);
    bool is_planned = plan_statement(statement, schema, NULL, NULL, &plan, &error);
    *has_failed = memory_has_failed();
    memory_stop_failing();
    arena_clear(&arena);
    if (is_planned) {
        struct buffer found = {0};
        plan_append_text(&found, plan);
        assert_true(found.size < sizeof outcome.text);
        memcpy(outcome.text, found.data, found.size);
        buffer_clear(&found);
    } else {
        assert_null(plan);
        outcome.code = error.code;
        snprintf(outcome.text, sizeof outcome.text, "%s", error.message);
    }
    plan_destroy(plan);
    return outcome;
}

static void fail_each_allocation_of(const char *text, bool for_ever, bool is_right)
{
    const long never = -1;
    bool has_failed = true;
    long n = 0;
    struct outcome expected = plan_once(text, never, for_ever, &has_failed);

    if ((expected.code == SSQL_OK) != is_right)
        fail_msg("%s: %s", text, expected.text);
    for (has_failed = true; has_failed; n++) {
        struct outcome found = plan_once(text, n, for_ever, &has_failed);
        bool is_as_expected = found.code == expected.code && strcmp(found.text, expected.text) == 0;
        if (has_failed && is_right ? found.code != SSQL_NO_MEMORY : found.code != SSQL_NO_MEMORY && !is_as_expected)
            fail_msg("%s: allocation %ld: %s", text, n, found.text);
    }
    assert_true(n > 1);
    plan_once(text, never, for_ever, &has_failed);
}

static void fail_each_allocation(bool for_ever)
{
    for (size_t i = 0; i < sizeof STATEMENTS / sizeof *STATEMENTS; i++)
        fail_each_allocation_of(STATEMENTS[i], for_ever, true);
    for (size_t i = 0; i < sizeof MISTAKES / sizeof *MISTAKES; i++)
        fail_each_allocation_of(MISTAKES[i], for_ever, false);
}

static void one_failure_leaves_no_plan(void **state)
{
    (void)state;
    fail_each_allocation(false);
}

static void failures_to_the_end_leave_no_plan(void **state)
{
    (void)state;
    fail_each_allocation(true);
}

static void an_error_need_not_be_kept(void **state)
{
    struct arena arena;
    struct statement *statement;
    struct plan *plan;
    size_t consumed;
    static const char text[] = "select nothing from users";

    (void)state;
    arena_init(&arena);
    assert_true(parse_statement(parser, text, strlen(text), &arena, &statement, &consumed, NULL));
    assert_false(plan_statement(statement, schema, NULL, NULL, &plan, NULL));
    assert_null(plan);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_failure_leaves_no_plan),
        cmocka_unit_test(failures_to_the_end_leave_no_plan),
        cmocka_unit_test(an_error_need_not_be_kept),
    };

    return cmocka_run_group_tests(tests, make_schema, drop_schema);
}
