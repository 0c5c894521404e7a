/* Words are asked for at every byte of many statements, finished, unfinished and wrong: each word goes on with what was
 * typed, in any case and with quotes or without, kinds fit the place, and no word comes twice. */
#include <ctype.h>
#include <stdbool.h>

#include "api/fixture.h"

static const char *const TEXTS[] = {
    "select f.title as t, year y, f.`title`, count(distinct year) from films as f join actors a on f.id == a.actor_id"
    " where f.year is distinct from 3 and title like 'x' group by title having count(*) > 1 order by t, 2 limit 1 + 1"
    " offset 2",
    "select id from (select id from films where year in (select born from actors where born > (1 + 2))) as x order by "
    "id",
    "select id from films, actors f where exists (select born from actors) union select cast(id as int) from films",
    "select cast(year as string), case when id then 1 else title end, coalesce(year, (id), 2) from films f",
    "insert into films (id, title, year) values (1, 'x', (2)), (default, null, 3) on conflict (id) do nothing "
    "returning id",
    "insert into films select id, title, year from films on conflict (id) do update set title = 'a', year = id",
    "upsert into `odd name` (`select`, `a b`) values (1, 'b')",
    "update films set title = upper(title), year = (year + 1), id = 2 where id == 1 returning title",
    "update films set 1, 'a', 2 where id == 3",
    "delete from films where id not in (1, 2) and title is not null",
    "create table x { id int primary, name string not null default 'a', t int references films (id) on delete set null"
    " on update cascade, primary key (id, name) }",
    "create table if not exists y (a int, b string (20), c float default (1 + 2), primary key (a));",
    "create index i on films (title, year); create view v as select id from films",
    "create unique index if not exists j on films (title)",
    "drop table if exists films; drop table films (id); drop index if exists i; drop view v",
    "alter table films add column x int; alter table films rename column title to t; alter table films drop column "
    "year",
    "describe films; explain analyze select id from films; explain update films set year = 1; show tables",
    "explain insert into films (id) values (1); explain delete from films; explain copy films to stdout",
    "copy films (id, title) from 'f.csv' (format csv, header true); copy (select id from films) to stdout (format "
    "json)",
    "begin transaction; savepoint a; release savepoint a; rollback to savepoint a; commit work",
    "select id from films natural join actors using (id) where films.id == actors.actor_id or films.titel > 2",
    "values (1, 'a'), (2, cast('b' as string)) order by 1; backup to 'b' (incremental true)",
    "selct titel form films wher yaer == 1 ordr by titel",
    "select * form films whre id = 1 gruop by id; insrt into films vales (1)",
    "upate films set titel = 'x'; delte form films; crate table t { id int }",
    "select ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((id))))))))))))))))))))))))))",
    "select )))) from films where } and ( id",
    "select -- a comment\n id /* another */ from `films` where 'text' == \"title\" and `odd",
    "select x.id, y.a, films., .id from films x, `odd name` y where `odd name`.`select` > 1 and y.`a b` == 'a",
    "with a as (select id from films) select 1 from a; select id, from films; select , from; select",
    "select \xC3\xA9, id from films where t\xC3\xA9 == 1 \\ ? :name $x ?3 ~ @",
    "select id from films order by id asc nulls last, year desc nulls first; truncate table films",
};

enum { TEXT_COUNT = sizeof TEXTS / sizeof TEXTS[0], WORDS_MOST = 1000, WORD_SIZE = 100 };

struct offer {
    char words[WORDS_MOST][WORD_SIZE];
    const char *text; /* where they are asked for */
    size_t at;
    int count;
    int limit; /* ends the listing behind so many */
};

static int note_word(void *context, int kind, const char *word, const char *detail)
{
    struct offer *offer = context;

    assert_true(kind >= SSQL_WORD_KEYWORD && kind <= SSQL_WORD_ALIAS);
    assert_non_null(detail);
    if (offer->count == WORDS_MOST || strlen(word) >= WORD_SIZE)
        fail_msg("%s at %zu: too many words, or a long one: %s", offer->text, offer->at, word);
    for (int i = 0; i < offer->count; i++)
        if (strcmp(offer->words[i], word) == 0)
            fail_msg("%s at %zu: %s comes twice", offer->text, offer->at, word);
    strcpy(offer->words[offer->count++], word);
    return offer->count == offer->limit;
}

static bool is_quote(char byte)
{
    return byte == '`' || byte == '"';
}

/* Whether the word begins with what was typed; quotes before either do not count. */
static bool goes_on(const char *word, const char *typed, size_t size)
{
    if (size > 0 && is_quote(*typed)) {
        typed++;
        size--;
    }
    if (is_quote(*word))
        word++;
    for (size_t i = 0; i < size; i++)
        if (tolower((unsigned char)word[i]) != tolower((unsigned char)typed[i]))
            return false;
    return true;
}

static void check_place(ssql_conn *conn, struct offer *offer)
{
    size_t length = strlen(offer->text), begin = 0;

    offer->count = 0;
    assert_int_equal(ssql_complete_at(conn, offer->text, length, offer->at, &begin, note_word, offer), SSQL_OK);
    assert_true(begin <= offer->at);
    for (int i = 0; i < offer->count; i++)
        if (!goes_on(offer->words[i], offer->text + begin, offer->at - begin))
            fail_msg("%s at %zu: %s", offer->text, offer->at, offer->words[i]);
}

static struct fixture fixture;

static int open_database(void **state)
{
    (void)state;
    fixture_open(&fixture);
    must_exec(fixture.conn, "create table films { id int primary, title string, year int };"
                            "create table actors { actor_id int primary, born int };"
                            "create table `odd name` { `select` int, `a b` string };");
    return 0;
}

static int close_database(void **state)
{
    (void)state;
    fixture_close(&fixture);
    return 0;
}

static void words_go_on_with_what_was_typed(void **state)
{
    static struct offer offer;
    long words = 0;

    (void)state;
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        offer = (struct offer){.text = TEXTS[i], .limit = WORDS_MOST};
        for (offer.at = 0; offer.at <= strlen(offer.text); offer.at++) {
            check_place(fixture.conn, &offer);
            words += offer.count;
        }
    }
    assert_true(words > 10000);
}

/* What follows the place may be missing: at the end of each beginning of a statement there are words too. */
static void a_statement_may_end_anywhere(void **state)
{
    static struct offer offer;
    char text[1000];

    (void)state;
    for (size_t i = 0; i < TEXT_COUNT; i++)
        for (size_t size = 0; size <= strlen(TEXTS[i]); size++) {
            snprintf(text, sizeof text, "%.*s", (int)size, TEXTS[i]);
            offer = (struct offer){.text = text, .at = size, .limit = WORDS_MOST};
            check_place(fixture.conn, &offer);
        }
}

static void the_listing_ends_when_told_to(void **state)
{
    static struct offer offer;

    (void)state;
    for (int limit = 1; limit <= 5; limit++) {
        offer = (struct offer){.text = "select ", .at = 7, .limit = limit};
        check_place(fixture.conn, &offer);
        assert_int_equal(offer.count, limit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_go_on_with_what_was_typed),
        cmocka_unit_test(a_statement_may_end_anywhere),
        cmocka_unit_test(the_listing_ends_when_told_to),
    };

    return cmocka_run_group_tests(tests, open_database, close_database);
}
