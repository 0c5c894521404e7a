#include "parser/foreign_syntax.h"

#include <string.h>

/* One line per form; the first that fits wins. A form is a row of tokens with blanks between, as syntax_context.h reads
 * them: every sign by itself. The wrong token is one of them.
 *   ^      before the first: they begin the statement
 *   word.. before all: the statement begins with this word
 *   *      any token
 *   '      any quoted token
 *   \*     a star
 *   !      before a token: this one is to blame, not the one at which the grammar stopped */
static const struct {
    const char *form, *hint;
} forms[] = {
    /* statements */
    {"^ show databases", "a database is what was opened; \"show tables\" lists its tables"},
    {"^ show schemas", "a database is what was opened; \"show tables\" lists its tables"},
    {"^ show columns", "\"describe t\" lists the columns of t"},
    {"^ show fields", "\"describe t\" lists the columns of t"},
    {"^ show create", "\"describe t\" lists the columns of t; in the shell, .schema t prints the statement"},
    {"^ show *", "\"show tables\" lists the tables, \"describe t\" the columns of t"},
    {"^ use", "there is one database, the one that was opened; in the shell, .open opens another"},
    {"^ attach", "there is one database, the one that was opened; in the shell, .open opens another"},
    {"^ detach", "there is one database, the one that was opened; in the shell, .open opens another"},
    {"^ create database", "opening a path at which there is nothing makes a database; a table is made in it at once"},
    {"^ create schema", "there are no schemas: tables are made in the database at once"},
    {"^ drop database", "a database is a directory: close it and remove that"},
    {"^ drop schema", "there are no schemas; \"drop table\" drops one table"},
    {"^ create user", "there are no users: who may read the directory may read the database"},
    {"^ create role", "there are no users: who may read the directory may read the database"},
    {"^ grant", "there are no users: who may read the directory may read the database"},
    {"^ revoke", "there are no users: who may read the directory may read the database"},
    {"^ create temp", "there are no temporary tables; a table in the database \":memory:\" is gone when it is closed"},
    {"^ create temporary",
     "there are no temporary tables; a table in the database \":memory:\" is gone when it is closed"},
    {"^ create virtual", "there are no virtual tables"},
    {"^ create or", "there is no \"or replace\"; \"drop table if exists t\" removes the old one first"},
    {"^ create procedure", "there are no procedures, functions or triggers: programs call the library"},
    {"^ create function", "there are no procedures, functions or triggers: programs call the library"},
    {"^ create trigger", "there are no procedures, functions or triggers: programs call the library"},
    {"^ create sequence", "there are no sequences: give the key, or make a table without a primary key"},
    {"^ create extension", "there are no extensions: everything is built in"},
    {"^ create type", "the types are int, string, bool and float"},
    {"^ create domain", "the types are int, string, bool and float"},
    {"create table * like", "the columns have to be written out; \"describe t\" lists those of t"},
    {"create table * { }", "a table has at least one column"},
    {"create table * ( )", "a table has at least one column"},
    {"create.. , index (", "there are no indexes yet; rows are kept in the order of their primary key"},
    {"create.. , key (", "did you mean \"primary key\"? There are no other indexes yet"},
    {"primary key asc", "leave it out: keys are kept in ascending order"},
    {"primary key desc", "leave it out: keys are kept in ascending order, and read in both"},
    {"( max )", "leave the length out: strings have any length"},
    {"enum ( '", "the types are int, string, bool and float: keep it as string"},
    {"drop table * ,", "a statement drops one table"},
    {"drop table * cascade", "leave it out: nothing hangs on a table"},
    {"drop table * restrict", "leave it out: nothing hangs on a table"},
    {"^ truncate", "\"delete from t\" without where deletes all rows"},
    {"^ replace", "\"upsert into t values ...\" inserts a row or replaces the one with its key"},
    {"^ merge", "\"upsert into t values ...\" inserts a row or replaces the one with its key"},
    {"^ insert or replace", "\"upsert into t values ...\" inserts a row or replaces the one with its key"},
    {"^ insert or", "\"insert into t values ... on conflict do nothing\" leaves out rows whose key is there already"},
    {"^ insert ignore",
     "\"insert into t values ... on conflict do nothing\" leaves out rows whose key is there already"},
    {"on duplicate", "\"upsert into t values ...\" replaces the row with the same key; "
                     "\"on conflict do nothing\" keeps it"},
    {"^ insert into * set", "the columns are named before the values: insert into t (a, b) values (1, 2)"},
    {"^ update or", "there is no \"or\" here: an update that would double a key fails, and changes nothing"},
    {"update.. set * .", "a column that is set is named without its table"},
    {"insert.. , (", "one row stands bare, several in parentheses: values (1, 2), (3, 4)"},
    {"default +", "\"default\" is a whole value: nothing can be made of it"},
    {"default -", "\"default\" is a whole value: nothing can be made of it"},
    {"default \\*", "\"default\" is a whole value: nothing can be made of it"},
    {"default /", "\"default\" is a whole value: nothing can be made of it"},
    {"insert.. +", "expressions stand in parentheses: values (1, 2 + 3)"},
    {"insert.. -", "expressions stand in parentheses: values (1, 2 - 3)"},
    {"insert.. \\*", "expressions stand in parentheses: values (1, 2 * 3)"},
    {"insert.. /", "expressions stand in parentheses: values (1, 2 / 3)"},
    {"update.. set default", "\"default\" goes with a name: set a = default"},
    {"update.. set (", "each column is set by itself: set a = 1, b = 2"},
    {"^ update * as", "a table that is written to has no other name"},
    {"^ delete from * as", "a table that is written to has no other name"},
    {"update.. limit", "an update takes its rows by \"where\" alone"},
    {"update.. order", "an update takes its rows by \"where\" alone"},
    {"delete.. limit", "a delete takes its rows by \"where\" alone"},
    {"delete.. order", "a delete takes its rows by \"where\" alone"},
    {"^ delete * where", "did you mean \"delete from\"?"},
    {"update.. from", "an update sees one table only"},
    {"delete.. using", "a delete sees one table only"},
    {"^ delete \\*", "delete removes whole rows: \"delete from t where ...\""},
    {"select.. into", "\"insert into t select ...\" puts the rows into a table"},
    {"^ start", "\"begin\" starts a transaction"},
    {"^ begin *", "\"begin\" takes nothing more: every transaction is serialisable, and readers wait for nobody"},
    {"^ end", "\"commit\" ends a transaction"},
    {"^ abort", "\"rollback\" undoes a transaction"},
    {"^ set", "the language has no settings; a database takes options when it is opened (in the shell, .set)"},
    {"^ pragma", "the language has no settings; a database takes options when it is opened (in the shell, .set)"},
    {"^ vacuum", "there is no need for it: space is given back in the background"},
    {"^ optimize", "there is no need for it: space is given back in the background"},
    {"^ reindex", "there is no need for it"},
    {"^ analyze", "there is no need for it"},
    {"^ checkpoint", "there is no need for it: what was committed is durable"},
    {"^ lock", "nothing has to be locked: \"begin\" ... \"commit\" sees one state of all tables"},
    {"^ unlock", "nothing has to be locked: \"begin\" ... \"commit\" sees one state of all tables"},
    {"^ call", "there are no procedures: programs call the library"},
    {"^ exec", "there are no procedures: programs call the library"},
    {"^ execute", "there are no procedures: programs call the library"},
    {"^ declare", "there are no variables; a parameter is ?, ?1, :name or $name"},
    {"^ go", "a statement ends with \";\""},
    {"^ print", "\"select 'text'\" shows a value"},
    {"^ help", "in the shell, .help lists the commands"},
    {"^ exit", "in the shell, .exit leaves"},
    {"^ quit", "in the shell, .quit leaves"},
    {"^ .", "a command with a dot is the shell's, in a line of its own"},
    {"^ explain extended", "\"explain\" stands before the statement without more"},
    {"^ explain query", "\"explain\" stands before the statement without more"},
    {"^ explain *", "\"explain\" shows how a query, insert, update, delete or copy runs"},
    {"^ from", "a query begins with its select list: \"select * from t\""},
    {"^ summarize", "\"describe t\" lists the columns of t"},
    /* queries */
    {"select !top *", "\"limit 10\" at the end of the query takes the first 10 rows"},
    {"distinct on", "\"distinct\" looks at the whole row; \"group by\" makes one row of several"},
    {"distinct \\*", "count(*) counts rows, count(distinct a) the different values of a"},
    {"limit * ,", "the count comes first: \"limit 10 offset 5\""},
    {"limit all", "without \"limit\" all rows come"},
    {"!fetch first", "\"limit 10\" takes the first 10 rows"},
    {"!fetch next", "\"limit 10\" takes the first 10 rows"},
    {"!for update", "leave it out: a transaction whose rows were changed by others fails when it commits"},
    {"with ( nolock", "leave it out: readers wait for nobody"},
    {"!minus select", "did you mean \"except\"?"},
    {"!qualify *", "there are no window functions"},
    {"!over (", "there are no window functions; \"group by\" makes one row of several"},
    {"!indexed by", "leave it out: ssql finds the way"},
    {"!exclude (", "name the columns that you want"},
    {"select.. \\* !replace (", "name the columns that you want"},
    {"!orderby *", "did you mean \"order by\"?"},
    {"!groupby *", "did you mean \"group by\"?"},
    {"!ascending", "did you mean \"asc\"?"},
    {"!descending", "did you mean \"desc\"?"},
    /* operators */
    {"= = =", "did you mean \"==\"?"},
    {"! = =", "did you mean \"!=\"?"},
    {"< = >", "\"is not distinct from\" compares so that null equals null"},
    {"= <", "did you mean \"<=\"?"},
    {"= >", "did you mean \">=\"?"},
    {"< <", "there are no operators on bits"},
    {"> >", "there are no operators on bits"},
    {"- >", "there are no JSON operators"},
    {"+ =", "write the column once more: set n = n + 1"},
    {"- =", "write the column once more: set n = n - 1"},
    {"+ +", "write the column once more: set n = n + 1"},
    {"/ /", "a comment begins with --"},
    {"? * : *", "\"case when a then b else c end\" chooses between two values"},
    {"!div *", "\"/\" of two ints gives an int"},
    {"!mod *", "the remainder is a % b"},
    {"!xor *", "two bools differ when a != b"},
    {"!isnull", "did you mean \"is null\"?"},
    {"!notnull", "did you mean \"is not null\"?"},
    {"not null", "did you mean \"is not null\"?"},
    {"is not *", "\"is\" tests for null, true and false; \"!=\" compares values"},
    {"is *", "\"is\" tests for null, true and false; \"==\" compares values"},
    {"!ilike *", "lower(a) like 'text%' takes no notice of case"},
    {"!rlike *", "\"like\" matches with % and _; there are no regular expressions"},
    {"!regexp *", "\"like\" matches with % and _; there are no regular expressions"},
    {"!similar to", "\"like\" matches with % and _; there are no regular expressions"},
    {"!glob *", "did you mean \"like\"? It matches with % and _"},
    {"!match *", "did you mean \"like\"? It matches with % and _"},
    {"interval '", "there are no dates and times: keep them as string ('2026-01-31') or as int (seconds)"},
    {"timestamp '", "there are no dates and times: keep them as string ('2026-01-31') or as int (seconds)"},
    {"date '", "there are no dates and times: keep them as string ('2026-01-31') or as int (seconds)"},
    {"time '", "there are no dates and times: keep them as string ('2026-01-31') or as int (seconds)"},
    {"!elseif *", "\"case\" goes on with another \"when\""},
    {"!elsif *", "\"case\" goes on with another \"when\""},
    /* columns and tables that are made */
    {"auto_increment", "rows get no numbers by themselves: give the key, or make a table without a primary key"},
    {"autoincrement", "rows get no numbers by themselves: give the key, or make a table without a primary key"},
    {"identity", "rows get no numbers by themselves: give the key, or make a table without a primary key"},
    {"generated", "rows get no numbers by themselves: give the key, or make a table without a primary key"},
    {"unsigned", "leave it out: an int is signed, 64 bits"},
    {"zerofill", "leave it out: an int is signed, 64 bits"},
    {"collate", "leave it out: strings compare by code point"},
    {"character set", "leave it out: strings are UTF-8"},
    {"charset", "leave it out: strings are UTF-8"},
    {"comment '", "a comment is written -- so"},
    {"engine", "leave it out: there is one storage engine"},
    {"without rowid", "leave it out: rows are kept in the order of their primary key"},
    {"create.. strict", "leave it out: every column keeps to its type"},
    {"timestamp with", "there are no dates and times: keep them as string ('2026-01-31') or as int (seconds)"},
    {"decimal ( * ,", "the types are int, string, bool and float"},
    {"numeric ( * ,", "the types are int, string, bool and float"},
    {"number ( * ,", "the types are int, string, bool and float"},
    {"!constraint * primary key (", "a constraint has no name: leave \"constraint\" and its name out"},
    {"!constraint * unique (", "a constraint has no name: leave \"constraint\" and its name out"},
    {"!constraint * foreign key (", "a constraint has no name: leave \"constraint\" and its name out"},
    {"!constraint * check (", "a constraint has no name: leave \"constraint\" and its name out"},
};

enum { FORM_COUNT = sizeof forms / sizeof forms[0] };

/* A form while it is compared. */
struct form_reader {
    const char *at;
    struct slice token; /* without its mark */
    bool is_blamed;
};

static bool next_token(struct form_reader *reader)
{
    reader->at += strspn(reader->at, " ");
    reader->is_blamed = reader->at[0] == '!' && reader->at[1] != ' ';
    reader->at += reader->is_blamed;
    reader->token = slice_make(reader->at, strcspn(reader->at, " "));
    reader->at += reader->token.size;
    return reader->token.size > 0;
}

static bool token_fits(const struct syntax_context *context, size_t place, struct slice wanted)
{
    const struct rough_token *token = &context->tokens[place];

    if (slice_equal(wanted, slice_of("*")))
        return true;
    if (slice_equal(wanted, slice_of("'")))
        return token->kind == ROUGH_QUOTED;
    if (slice_equal(wanted, slice_of("\\*")))
        wanted = slice_of("*");
    return name_equal(rough_text(context, token), wanted);
}

/* Compares a form with the tokens from `place` on, which is not behind the wrong one: that has to be among them. */
static bool form_fits(const struct syntax_context *context, const char *form, size_t place,
                      struct foreign_syntax *found)
{
    struct form_reader reader = {.at = form};

    found->span = context->tokens[context->wrong < context->count ? context->wrong : 0].span;
    found->is_certain = false;
    for (; next_token(&reader); place++) {
        if (place >= context->count || !token_fits(context, place, reader.token))
            return false;
        if (reader.is_blamed)
            found->span = context->tokens[place].span;
        if (reader.is_blamed || (place == context->wrong && !slice_equal(reader.token, slice_of("*"))))
            found->is_certain = true;
    }
    return context->wrong < place;
}

/* Takes the conditions on the statement's beginning off a form; false: they are not met. */
static bool take_beginning(const struct syntax_context *context, const char **form, size_t *last_place)
{
    const char *dots = strstr(*form, ".. ");

    *last_place = context->wrong;
    if ((*form)[0] == '^') {
        *form += 1;
        *last_place = 0;
        return context->has_beginning;
    }
    if (dots == NULL)
        return true;
    struct slice first = slice_make(*form, (size_t)(dots - *form));
    *form = dots + 2;
    return name_equal(rough_text(context, &context->first), first);
}

bool foreign_syntax_find(const struct syntax_context *context, struct foreign_syntax *found)
{
    for (size_t i = 0; i < FORM_COUNT; i++) {
        const char *form = forms[i].form;
        size_t last_place;
        if (!take_beginning(context, &form, &last_place))
            continue;
        for (size_t place = 0; place <= last_place && place < context->count; place++) {
            if (!form_fits(context, form, place, found))
                continue;
            found->hint = forms[i].hint;
            return true;
        }
    }
    return false;
}
