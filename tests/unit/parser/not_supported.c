/* Legal forms that are not built yet are parsed whole, then refused at their place; illegal ones are syntax errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "support/parsing.h"

static void refuse(void **state, const char *text, const char *at, const char *construct)
{
    char message[200];

    snprintf(message, sizeof message, "%s is not supported yet", construct);
    expect_error(state, text, SSQL_NOT_SUPPORTED, at, message, NULL);
}

static void joins_are_refused(void **state)
{
    refuse(state, "select * from a join b on a.x == b.x where c", "join", "join");
    refuse(state, "select * from a inner join b using (x, y)", "inner join", "inner join");
    refuse(state, "select * from a as p left outer join b q on true", "left outer join", "left join");
    refuse(state, "select * from a cross join b", "cross join", "cross join");
    refuse(state, "select * from a natural join b", "natural", "natural join");
    refuse(state, "select * from a right join b on true", "right join", "right join");
    refuse(state, "select * from a full join b on true", "full join", "full join");
    refuse(state, "select * from a, b c, d", ",", "a list of tables");
}

static void subqueries_are_refused(void **state)
{
    refuse(state, "select (select 1)", "(select 1)", "a subquery");
    refuse(state, "select 1 from t where a in (select b from u)", "(select b from u)", "a subquery");
    refuse(state, "select 1 from t where not exists (select 1)", "exists", "exists");
    refuse(state, "select * from (values (1)) as t", "(values (1))", "a subquery");
}

static void set_operations_and_with_are_refused(void **state)
{
    refuse(state, "select 1 union select 2 order by 1", "union", "union");
    refuse(state, "select 1 union all values (2)", "union all", "union all");
    refuse(state, "select 1 intersect select 2", "intersect", "intersect");
    refuse(state, "values (1) except select 2", "except", "except");
    refuse(state, "with a as (select 1), b (x) as (values (2)) select * from a", "with", "with");
    refuse(state, "with recursive a as (select 1) select * from a", "with recursive", "with recursive");
    refuse(state, "insert into t with a as (select 1) select * from a", "with", "with");
}

static void writing_forms_are_refused(void **state)
{
    refuse(state, "insert into t values (1) on conflict (a) do update set a = 1 where b", "on conflict (a) do update",
           "on conflict do update");
    refuse(state, "insert into t values (1) returning *", "returning", "returning");
    refuse(state, "update t set a = 1 where b returning a, b as c", "returning", "returning");
    refuse(state, "delete from t returning a", "returning", "returning");
}

static void schema_forms_are_refused(void **state)
{
    refuse(state, "create table t (a int unique)", "unique", "unique");
    refuse(state, "create table t (a int, unique (a))", "unique", "unique");
    refuse(state, "create table t (a int check (a > 0) not null)", "check", "check");
    refuse(state, "create table t (a int, check (a > 0))", "check", "check");
    refuse(state, "create table t (a int references u (b) on delete cascade on update set null)",
           "references u (b) on delete cascade on update set null", "references");
    refuse(state, "create table t (a int, foreign key (a) references u on delete no action)", "foreign key",
           "foreign key");
    refuse(state, "create table t as select 1", "as", "create table ... as");
    refuse(state, "create unique index if not exists i on t (a, b desc)", "create unique index", "create index");
    refuse(state, "drop index if exists i", "drop index", "drop index");
    refuse(state, "create view v (a) as select 1", "create view", "create view");
    refuse(state, "drop view v", "drop view", "drop view");
    refuse(state, "alter table t add column a int not null default 1", "alter table", "alter table");
    refuse(state, "alter table t add a int primary key", "alter table", "alter table");
    refuse(state, "alter table t drop a", "alter table", "alter table");
    refuse(state, "alter table t rename column a to b", "alter table", "alter table");
    refuse(state, "alter table t rename to u", "alter table", "alter table");
}

static void other_forms_are_refused(void **state)
{
    refuse(state, "savepoint s", "savepoint", "savepoint");
    refuse(state, "release savepoint s", "release", "release");
    refuse(state, "rollback to s", "rollback to", "rollback to");
    refuse(state, "rollback work to savepoint s", "rollback work to", "rollback to");
    refuse(state, "select count(*) filter (where a) from t", "filter", "filter");
}

static void the_leftmost_form_is_named(void **state)
{
    refuse(state, "select (select 1 union select 2) from a join b on true", "(select 1 union select 2)", "a subquery");
}

static void a_syntax_error_goes_first(void **state)
{
    expect_error(state, "select * from a join b on true wher", SSQL_SYNTAX, "wher", "syntax error at \"wher\"",
                 "did you mean \"where\"?");
    expect_error(state, "select * from a join b", SSQL_SYNTAX, "b",
                 "unexpected end of the statement, expected a name, \"as\", \"on\" or \"using\"", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_are_refused),
        cmocka_unit_test(subqueries_are_refused),
        cmocka_unit_test(set_operations_and_with_are_refused),
        cmocka_unit_test(writing_forms_are_refused),
        cmocka_unit_test(schema_forms_are_refused),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(the_leftmost_form_is_named),
        cmocka_unit_test(a_syntax_error_goes_first),
    };

    return cmocka_run_group_tests(tests, parsing_setup, parsing_teardown);
}
