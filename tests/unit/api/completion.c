/* What can be written at a place of a statement, and the tokens of a text. */
#include <stdbool.h>
#include <stdio.h>

#include "api/fixture.h"

/* ---- completion ---- */

struct offered {
    char words[8192]; /* " word word … " */
    char first[128];
    size_t size;
};

static int note_word(void *context, int kind, const char *word, const char *detail)
{
    struct offered *offered = context;

    assert_true(kind >= SSQL_WORD_KEYWORD && kind <= SSQL_WORD_ALIAS);
    assert_non_null(detail);
    if (offered->size == 0)
        snprintf(offered->first, sizeof offered->first, "%s", word);
    offered->size += (size_t)snprintf(offered->words + offered->size, sizeof offered->words - offered->size, "%s%s ",
                                      offered->size == 0 ? " " : "", word);
    return 0;
}

static ssql_db *db;
static ssql_conn *conn;

/* Completes at the `|` of the text. */
static struct offered complete(const char *text_with_place)
{
    struct offered offered = {{0}, {0}, 0};
    char text[1024];
    size_t at = strcspn(text_with_place, "|"), begin;

    snprintf(text, sizeof text, "%.*s%s", (int)at, text_with_place, text_with_place + at + 1);
    assert_int_equal(ssql_complete_at(conn, text, strlen(text), at, &begin, note_word, &offered), SSQL_OK);
    assert_true(begin <= at);
    return offered;
}

static bool has(const struct offered *offered, const char *word)
{
    char wanted[128];

    int size = snprintf(wanted, sizeof wanted, " %s ", word);
    assert_true(size > 0 && (size_t)size < sizeof wanted);
    return strstr(offered->words, wanted) != NULL;
}

/* At the place all of `words` are offered and none of `others`; both are lists divided by blanks. */
static void check(const char *text, const char *words, const char *others)
{
    struct offered offered = complete(text);
    char word[128];
    int size = 0;

    for (const char *at = words; sscanf(at, "%127s%n", word, &size) == 1; at += size)
        if (!has(&offered, word))
            fail_msg("%s: %s is not among:%s", text, word, offered.words);
    for (const char *at = others; sscanf(at, "%127s%n", word, &size) == 1; at += size)
        if (has(&offered, word))
            fail_msg("%s: %s should not be among:%s", text, word, offered.words);
}

static int open_database(void **state)
{
    static const char schema[] = "create table films (id int primary, title string, year int);"
                                 "create table actors (actor_id int primary, born int);"
                                 "create table `odd name` (`select` int, `a b` string);";

    (void)state;
    assert_int_equal(ssql_open(":memory:", &db), SSQL_OK);
    assert_int_equal(ssql_connect(db, &conn), SSQL_OK);
    assert_int_equal(ssql_exec(conn, schema, sizeof schema - 1), SSQL_OK);
    return 0;
}

static int close_database(void **state)
{
    (void)state;
    ssql_disconnect(conn);
    ssql_close(db);
    return 0;
}

static void a_statement_begins_with_a_keyword(void **state)
{
    (void)state;
    check("|", "select insert create drop begin values explain", "films title upper( from asc where");
    check("select 1; |", "select insert", "films title");
    check("s|", "select show", "insert");
    check("SEL|", "select", "set");
    check("explain |", "select insert", "create films");
}

static void only_words_of_the_grammar_follow(void **state)
{
    (void)state;
    check("insert |", "into", "values select films title");
    check("delete |", "from table", "where films");
    check("create |", "table index", "select films title int");
    check("select title from films order |", "by", "title films asc");
    check("select title from films where title is |", "null not true false distinct", "title films upper( asc");
    check("select title from films |", "where order group limit", "select values title upper(");
    check("select title |", "from where order as", "title upper( films");
    check("select title from films order by title |", "asc desc nulls limit", "where title");
}

static void before_from_columns_of_all_tables_stand(void **state)
{
    (void)state;
    check("select |", "title year born actor_id upper( count( distinct case not", "films from where begin first");
    check("select ti|", "title", "born");
    assert_string_equal(complete("select | from actors").first, "actor_id");
    check("select b| from actors", "born", "title");
}

static void after_from_only_columns_of_its_tables_stand(void **state)
{
    (void)state;
    check("select title from films where |", "title year id films upper( not", "born actor_id select");
    check("select title from films f where |", "title f", "born actor_id films");
    check("select title from films as f where f.|", "title year id", "born f upper( not select");
    check("select f.| from films f", "title year id", "born f");
    check("select id from films where title == 'x' and y|", "year", "born");
    check("select id from films group by |", "title", "born");
    check("select title as heading from films order by |", "heading title", "born");
    check("select title from films limit |", "", "title born films");
}

static void names_that_are_no_words_are_quoted(void **state)
{
    static const char odd[] =
        "create table odd (a9 int, Z_x int, `9a` int, `a:` int, `a-` int, `{` int, `[` int, `@` int,"
        " `a``b` int, \xC3\xA9t\xC3\xA9 int, `from` int, format int)";
    static const char gone[] = "drop table odd";

    (void)state;
    assert_int_equal(ssql_exec(conn, odd, sizeof odd - 1), SSQL_OK);
    check("select | from odd", "a9 Z_x `9a` `a:` `a-` `{` `[` `@` `a``b` \xC3\xA9t\xC3\xA9 `from` format", "a: from");
    check("select `a| from odd", "`a9` `a:` `a``b`", "a9");
    check("select \"odd\".| from \"odd\"", "a9 `9a`", "title");
    check("select x.| from \"odd\" x", "a9 `9a`", "title");
    assert_int_equal(ssql_exec(conn, gone, sizeof gone - 1), SSQL_OK);
}

static void nothing_is_offered_in_texts_and_comments(void **state)
{
    (void)state;
    check("select 'ti|", "", "title");
    check("select title from films -- or|", "", "order");
    check("select title /* fr|", "", "from");
}

/* Up to some dozens of mistakes the grammar goes on behind them; then all its words are offered. */
static void words_are_offered_behind_mistakes(void **state)
{
    char text[200] = "";

    (void)state;
    check("limit 1 ) |", "select show", "title");
    check("select title from films limit 1 |", "offset", "upper( title");
    check("( slect ) |", "title upper( case", "select show");
    check("insert into films (id, title, ) values |", "", "upper( title");
    for (int i = 0; i < 40; i++)
        strcat(text, ") ");
    check(strcat(text, "|"), "select offset", "title upper( films");
    strcpy(text + strlen(text) - 1, "of|");
    check(text, "offset", "select title");
}

static void tables_stand_where_tables_are_named(void **state)
{
    (void)state;
    check("select title from |", "films actors `odd name`", "title born select upper(");
    check("select title from films, |", "actors", "title");
    check("insert into |", "films actors", "title values");
    check("update |", "films actors", "title set");
    check("delete from |", "films", "title");
    check("drop table |", "films if", "title");
    check("drop table if exists |", "films", "if title");
    check("describe |", "films", "title");
    check("create table |", "if", "films title");
    check("copy |", "films actors", "title from");
    check("copy films (|", "title year", "born");
    check("copy films |", "from to", "title actors");
    check("copy (select | from films) to 'x'", "title upper(", "from");
}

static void columns_of_the_target_stand_where_it_is_written(void **state)
{
    (void)state;
    check("insert into films (|", "id title year", "born films upper(");
    check("insert into films (id, |", "title year", "id born");
    check("insert into films values (|", "null default upper(", "title films");
    check("update films set |", "title year id", "born films upper(");
    check("update films set title = |", "title year upper( null", "born");
    check("update films set title = 'x', y|", "year", "born");
    check("update films set title = 'x' where |", "title year", "born");
    check("insert into films (id) select | from actors", "born actor_id", "");
    assert_string_equal(complete("insert into films (id) select | from actors").first, "actor_id");
}

static void types_stand_behind_a_new_column(void **state)
{
    (void)state;
    check("create table t (a |", "int string bool float", "a title primary");
    check("create table t { a int, b |", "int string", "a title primary");
    check("create table t (a int |", "primary not null default", "int title");
    check("create table t (first int, second int, primary key (|", "first second", "int title");
    check("select cast(title as |", "int string", "title born");
    check("select cast(|", "title born", "int");
}

static void a_mistake_before_the_place_does_not_end_help(void **state)
{
    (void)state;
    check("selct ti| from films", "title", "insert select");
    check("select * form films where |", "title year", "born insert");
    check("select title, from films where |", "title year", "born");
    check("select ) title from |", "films actors", "title");
    check("select 'a' 'b' 7x @ from films where |", "title", "born");
    check("select title from nowhere where |", "title born", "films");
}

static void names_are_written_in_backquotes_where_they_need_them(void **state)
{
    struct offered offered;

    (void)state;
    offered = complete("select * from odd|");
    assert_string_equal(offered.words, " `odd name` ");
    offered = complete("select * from `o|");
    assert_string_equal(offered.words, " `odd name` ");
    check("select | from `odd name`", "`select`", "select");
    assert_string_equal(complete("select * from `odd name` where a|").first, "`a b`");
    offered = complete("select * from `f|");
    assert_string_equal(offered.words, " `films` ");
}

static void in_strings_and_comments_nothing_stands(void **state)
{
    static const char *const texts[] = {"select 'ti|",      "select \"ti|", "select -- ti|",
                                        "select /* ti| */", "select 12|",   "select 'a'|",
                                        "select `id`|",     "select :na|",  "select title.1|"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_string_equal(complete(texts[i]).words, "");
}

static void any_text_is_borne(void **state)
{
    static const char text[] = "select (((((( case when f.`ti /* '' */ \"x\" from films , where ; insert into t";
    char deep[60000];
    size_t begin;
    struct offered offered;

    (void)state;
    for (size_t at = 0; at < sizeof text; at++)
        for (size_t length = at; length < sizeof text; length++) {
            offered.size = 0;
            assert_int_equal(ssql_complete_at(conn, text, length, at, &begin, note_word, &offered), SSQL_OK);
        }
    memset(deep, '(', sizeof deep);
    memcpy(deep, "select ", 7);
    offered.size = 0;
    assert_int_equal(ssql_complete_at(conn, deep, sizeof deep, sizeof deep, &begin, note_word, &offered), SSQL_OK);
}

static void the_place_of_the_word_is_told(void **state)
{
    size_t begin = 0;
    struct offered offered = {{0}, {0}, 0};

    (void)state;
    assert_int_equal(ssql_complete_at(conn, "select 1; select ti", 19, 19, &begin, note_word, &offered), SSQL_OK);
    assert_int_equal(begin, 17);
    assert_int_equal(ssql_complete_at(conn, "select * from `od", 17, 17, &begin, note_word, &offered), SSQL_OK);
    assert_int_equal(begin, 14);
    assert_int_equal(ssql_complete_at(conn, "select * from `od` where 'a", 27, 17, &begin, note_word, &offered),
                     SSQL_OK);
    assert_int_equal(begin, 14);
}

/* ---- tokens ---- */

static int note_token(void *context, int kind, size_t begin, size_t end)
{
    char *to = context;

    sprintf(to + strlen(to), "%d:%zu-%zu ", kind, begin, end);
    return 0;
}

static const char *tokens(const char *text)
{
    static char found[1024];

    found[0] = '\0';
    assert_int_equal(ssql_tokenize(text, strlen(text), note_token, found), SSQL_OK);
    return found;
}

static void a_text_is_taken_apart(void **state)
{
    (void)state;
    assert_string_equal(tokens(""), "");
    assert_string_equal(tokens("select a1, 'x;' from `t`;"), "1:0-6 2:7-9 6:9-10 3:11-15 1:16-20 2:21-24 6:24-25 ");
    assert_string_equal(tokens("1.5 :p ?2 >= \"q\" @"), "4:0-3 5:4-6 5:7-9 6:10-12 3:13-16 9:17-18 ");
    assert_string_equal(tokens("a--b\nc /* d /* e */ */ f"), "2:0-1 7:1-4 2:5-6 7:7-22 2:23-24 ");
    assert_string_equal(tokens("-- only"), "7:0-7 ");
    assert_string_equal(tokens("a;;b; -- c"), "2:0-1 6:1-2 6:2-3 2:3-4 6:4-5 7:6-10 ");
    assert_string_equal(tokens("/*/ a */b"), "7:0-8 2:8-9 ");
}

static void what_is_open_goes_to_the_end(void **state)
{
    (void)state;
    assert_string_equal(tokens("select 'a; b"), "1:0-6 8:7-12 ");
    assert_string_equal(tokens("select \"a"), "1:0-6 8:7-9 ");
    assert_string_equal(tokens("select `a"), "1:0-6 8:7-9 ");
    assert_string_equal(tokens("select /* a"), "1:0-6 8:7-11 ");
    assert_string_equal(tokens("select 12ab \"\\q\" -"), "1:0-6 9:7-11 9:12-16 6:17-18 ");
}

static int stop(void *context, int kind, size_t begin, size_t end)
{
    (void)kind;
    (void)begin;
    (void)end;
    return ++*(int *)context == 2;
}

static void the_visitor_can_end_it(void **state)
{
    int count = 0;

    (void)state;
    assert_int_equal(ssql_tokenize("a b c d; e", 10, stop, &count), SSQL_OK);
    assert_int_equal(count, 2);
    assert_int_equal(ssql_tokenize("a\0b", 3, stop, &count), SSQL_BAD_ENCODING);
    assert_int_equal(count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_statement_begins_with_a_keyword),
        cmocka_unit_test(only_words_of_the_grammar_follow),
        cmocka_unit_test(before_from_columns_of_all_tables_stand),
        cmocka_unit_test(after_from_only_columns_of_its_tables_stand),
        cmocka_unit_test(names_that_are_no_words_are_quoted),
        cmocka_unit_test(nothing_is_offered_in_texts_and_comments),
        cmocka_unit_test(words_are_offered_behind_mistakes),
        cmocka_unit_test(tables_stand_where_tables_are_named),
        cmocka_unit_test(columns_of_the_target_stand_where_it_is_written),
        cmocka_unit_test(types_stand_behind_a_new_column),
        cmocka_unit_test(a_mistake_before_the_place_does_not_end_help),
        cmocka_unit_test(names_are_written_in_backquotes_where_they_need_them),
        cmocka_unit_test(in_strings_and_comments_nothing_stands),
        cmocka_unit_test(any_text_is_borne),
        cmocka_unit_test(the_place_of_the_word_is_told),
        cmocka_unit_test(a_text_is_taken_apart),
        cmocka_unit_test(what_is_open_goes_to_the_end),
        cmocka_unit_test(the_visitor_can_end_it),
    };

    return cmocka_run_group_tests(tests, open_database, close_database);
}
