#include "statement.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
    char *at, *end;
};

struct table {
    const char *name;
    const char *const *ints; /* columns */
    const char *const *strings;
    int int_count, string_count;
    const char *key; /* orders rows wholly */
};

static const char *const item_ints[] = {"id", "a", "b"};
static const char *const item_strings[] = {"s", "w"};
static const char *const pair_ints[] = {"x", "n"};
static const char *const pair_strings[] = {"k"};

static const struct table tables[] = {
    {"items", item_ints, item_strings, 3, 2, "id"},
    {"pairs", pair_ints, pair_strings, 2, 1, "k, x"},
};

/* SQLite lets columns of a composite key be null unless they are declared otherwise. */
static const char *const setup[] = {
    "create table items (id integer primary key, a integer, b integer not null default 7, s text, w text default "
    "'none')",
    "create table pairs (k text not null, x integer not null, n integer, primary key (k, x))",
};

const char *statement_setup(int i)
{
    return (size_t)i < sizeof setup / sizeof setup[0] ? setup[i] : NULL;
}

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(text->at, (size_t)(text->end - text->at), format, arguments);
    va_end(arguments);
    assert(size >= 0 && size < text->end - text->at);
    text->at += size;
}

static const char *pick(struct random *random, const char *const *words, int count)
{
    return words[random_below(random, count)];
}

/* ---- values ---- */

/* Small numbers, so that no arithmetic below overflows: SQLite goes over to floats then, SSQL reports an error.
 * In parentheses when negative: two minus signs begin a comment. */
static void add_int_literal(struct random *random, struct text *text)
{
    int number = random_below(random, 10) < 8 ? random_below(random, 40) : random_below(random, 1000);

    add(text, random_percent(random, 20) ? "(-%d)" : "%d", number);
}

/* No upper and lower: SQLite's know ASCII only. No concatenation: `||` is "or" in SSQL, and SQLite has no concat yet.
 */
static void add_string_literal(struct random *random, struct text *text)
{
    static const char *const pieces[] = {"a", "b", "ab", "ba", " ", "é", "日", "😀", "_", "%", "''", "B"};
    int count = random_below(random, 5);

    add(text, "'");
    while (count-- > 0)
        add(text, "%s", pick(random, pieces, sizeof pieces / sizeof pieces[0]));
    add(text, "'");
}

static void add_bool(struct random *random, const struct table *table, int depth, struct text *text);
static void add_string(struct random *random, const struct table *table, int depth, struct text *text);

static void add_int(struct random *random, const struct table *table, int depth, struct text *text)
{
    int choice = random_below(random, depth <= 0 ? 3 : 12);

    if (choice == 0) {
        add_int_literal(random, text);
    } else if (choice <= 2) {
        add(text, "%s", pick(random, table->ints, table->int_count));
    } else if (choice <= 5) {
        static const char *const operators[] = {"+", "-", "*"};
        add(text, "(");
        add_int(random, table, depth - 1, text);
        add(text, " %s ", pick(random, operators, 3));
        add_int(random, table, depth - 1, text);
        add(text, ")");
    } else if (choice == 6) { /* divisors are never 0: SQLite gives null then, SSQL an error */
        add(text, "(");
        add_int(random, table, depth - 1, text);
        add(text, " %s %d)", random_percent(random, 50) ? "/" : "%", 1 + random_below(random, 9));
    } else if (choice == 7) {
        add(text, "length(");
        add_string(random, table, depth - 1, text);
        add(text, ")");
    } else if (choice == 8) {
        add(text, random_percent(random, 50) ? "coalesce(" : "nullif(");
        add_int(random, table, depth - 1, text);
        add(text, ", ");
        add_int(random, table, depth - 1, text);
        add(text, ")");
    } else if (choice == 9) {
        add(text, "case when ");
        add_bool(random, table, depth - 1, text);
        add(text, " then ");
        add_int(random, table, depth - 1, text);
        add(text, " else ");
        add_int(random, table, depth - 1, text);
        add(text, " end");
    } else if (choice == 10) {
        add(text, "instr(");
        add_string(random, table, depth - 1, text);
        add(text, ", ");
        add_string(random, table, depth - 1, text);
        add(text, ")");
    } else {
        add(text, random_percent(random, 50) ? "abs(" : "(- ");
        add_int(random, table, depth - 1, text);
        add(text, ")");
    }
}

static void add_string(struct random *random, const struct table *table, int depth, struct text *text)
{
    int choice = random_below(random, depth <= 0 ? 3 : 8);

    if (choice == 0) {
        add_string_literal(random, text);
    } else if (choice <= 2) {
        add(text, "%s", pick(random, table->strings, table->string_count));
    } else if (choice == 3) { /* from 1 on: what stands before the beginning is counted differently */
        add(text, "substr(");
        add_string(random, table, depth - 1, text);
        add(text, ", %d, %d)", 1 + random_below(random, 4), random_below(random, 5));
    } else if (choice == 4) {
        add(text, "replace(");
        add_string(random, table, depth - 1, text);
        add(text, ", 'a', ");
        add_string_literal(random, text);
        add(text, ")");
    } else if (choice == 5) {
        add(text, "coalesce(");
        add_string(random, table, depth - 1, text);
        add(text, ", ");
        add_string(random, table, depth - 1, text);
        add(text, ")");
    } else if (choice == 6) { /* the other way round SQLite takes any text for a number */
        add(text, "cast(");
        add_int(random, table, depth - 1, text);
        add(text, " as text)");
    } else {
        add(text, "trim(");
        add_string(random, table, depth - 1, text);
        add(text, ")");
    }
}

/* ---- conditions: never compared with numbers, though they are numbers in SQLite ---- */

static void add_comparison(struct random *random, const struct table *table, int depth, struct text *text)
{
    static const char *const operators[] = {
        "==", "!=", "<", "<=", ">", ">=", "=", "<>", "is distinct from", "is not distinct from"};
    bool of_strings = random_percent(random, 35);

    (of_strings ? add_string : add_int)(random, table, depth - 1, text);
    add(text, " %s ", pick(random, operators, sizeof operators / sizeof operators[0]));
    (of_strings ? add_string : add_int)(random, table, depth - 1, text);
}

static void add_key_condition(struct random *random, const struct table *table, struct text *text)
{
    int low = random_below(random, 300);

    if (table == &tables[0] && random_percent(random, 50))
        add(text, "id == %d", low);
    else if (table == &tables[0])
        add(text, "id between %d and %d", low, low + random_below(random, 40));
    else if (random_percent(random, 50))
        add(text, "k == 'k%d' and x >= %d", random_below(random, 8), random_below(random, 20));
    else
        add(text, "k > 'k%d'", random_below(random, 8));
}

static void add_in(struct random *random, const struct table *table, int depth, struct text *text)
{
    int count = 1 + random_below(random, 4);

    add_int(random, table, depth - 1, text);
    add(text, random_percent(random, 30) ? " not in (" : " in (");
    while (count-- > 0) {
        if (random_percent(random, 10))
            add(text, "null");
        else
            add_int_literal(random, text);
        add(text, count > 0 ? ", " : ")");
    }
}

static void add_bool(struct random *random, const struct table *table, int depth, struct text *text)
{
    int choice = random_below(random, depth <= 0 ? 4 : 10);

    add(text, "(");
    if (choice <= 2) {
        add_comparison(random, table, depth, text);
    } else if (choice == 3) {
        add_key_condition(random, table, text);
    } else if (choice == 4) {
        add_int(random, table, depth - 1, text);
        add(text, random_percent(random, 50) ? " is null" : " is not null");
    } else if (choice == 5) {
        add_in(random, table, depth, text);
    } else if (choice == 6) {
        add_string(random, table, depth - 1, text);
        add(text, random_percent(random, 20) ? " not like " : " like ");
        add_string_literal(random, text);
    } else if (choice == 7) {
        add(text, "not ");
        add_bool(random, table, depth - 1, text);
    } else { /* SQLite has no && */
        add_bool(random, table, depth - 1, text);
        add(text, random_percent(random, 50) ? " and " : " or ");
        add_bool(random, table, depth - 1, text);
    }
    add(text, ")");
}

static void add_where(struct random *random, const struct table *table, int percent, struct text *text)
{
    if (!random_percent(random, percent))
        return;
    add(text, " where ");
    if (random_percent(random, 25))
        add_key_condition(random, table, text);
    else
        add_bool(random, table, 3, text);
}

/* ---- queries ---- */

static void add_item(struct random *random, const struct table *table, struct text *text)
{
    int choice = random_below(random, 3);

    if (choice == 0)
        add_int(random, table, 3, text);
    else if (choice == 1)
        add_string(random, table, 3, text);
    else
        add_bool(random, table, 2, text);
}

static void add_direction(struct random *random, struct text *text)
{
    add(text, random_percent(random, 50) ? "" : random_percent(random, 70) ? " desc" : " asc");
    if (random_percent(random, 20))
        add(text, random_percent(random, 50) ? " nulls last" : " nulls first");
}

/* Output names are no names of columns: which of the two wins differs. */
static int add_items(struct random *random, const struct table *table, struct text *text)
{
    int count = 1 + random_below(random, 4);

    for (int i = 0; i < count; i++) {
        add(text, "%s", i > 0 ? ", " : "");
        add_item(random, table, text);
        add(text, " as c%d", i);
    }
    return count;
}

static void add_limit(struct random *random, struct text *text)
{
    if (!random_percent(random, 40))
        return;
    add(text, " limit %d", random_below(random, 30));
    if (random_percent(random, 50)) /* SQLite takes offset only after limit */
        add(text, " offset %d", random_below(random, 20));
}

static enum statement_shape make_select(struct random *random, struct text *text)
{
    const struct table *table = &tables[random_below(random, 2)];
    bool distinct = random_percent(random, 25), ordered = random_percent(random, 50);

    add(text, distinct ? "select distinct " : "select ");
    int count = add_items(random, table, text);
    add(text, " from %s", table->name);
    add_where(random, table, 80, text);
    if (!ordered)
        return SHAPE_ROWS;
    add(text, " order by ");
    for (int i = 0; distinct && i < count; i++) { /* all that is selected orders distinct rows wholly */
        add(text, "%sc%d", i > 0 ? ", " : "", i);
        add_direction(random, text);
    }
    if (!distinct) {
        add(text, "%s", pick(random, table->ints, table->int_count));
        add_direction(random, text);
        add(text, random_percent(random, 50) ? ", c0, %s" : ", %s", table->key);
    }
    add_limit(random, text);
    return SHAPE_ORDERED_ROWS;
}

/* No group_concat: the order within is not promised. Sums and averages of ints only: those of floats depend on the
 * order. */
static void add_aggregate(struct random *random, const struct table *table, struct text *text)
{
    static const char *const functions[] = {"count(",          "sum(",         "avg(", "min(", "max(",
                                            "count(distinct ", "sum(distinct "};
    int choice = random_below(random, 9);

    if (choice >= 7) {
        add(text, "count(*)");
        return;
    }
    add(text, "%s", functions[choice]);
    if ((choice == 0 || choice == 3 || choice == 4 || choice == 5) && random_percent(random, 40))
        add_string(random, table, 2, text);
    else
        add_int(random, table, 2, text);
    add(text, ")");
}

static void add_group_key(struct random *random, const struct table *table, struct text *text)
{
    int choice = random_below(random, 3);

    if (choice == 0)
        add(text, "%s", pick(random, table->ints, table->int_count));
    else if (choice == 1)
        add(text, "%s %% %d", pick(random, table->ints, table->int_count), 2 + random_below(random, 6));
    else
        add(text, "%s", pick(random, table->strings, table->string_count));
}

static enum statement_shape make_grouped(struct random *random, struct text *text)
{
    const struct table *table = &tables[random_below(random, 2)];
    char keys[2][64];
    int key_count = random_below(random, 3), aggregate_count = 1 + random_below(random, 3);
    bool ordered = random_percent(random, 40);

    add(text, "select ");
    for (int i = 0; i < key_count; i++) {
        struct text key = {keys[i], keys[i] + sizeof keys[i]};
        add_group_key(random, table, &key);
        add(text, "%s as g%d, ", keys[i], i);
    }
    for (int i = 0; i < aggregate_count; i++) {
        add_aggregate(random, table, text);
        add(text, "%s", i + 1 < aggregate_count ? ", " : "");
    }
    add(text, " from %s", table->name);
    add_where(random, table, 60, text);
    for (int i = 0; i < key_count; i++)
        add(text, "%s%s", i > 0 ? ", " : " group by ", keys[i]);
    if (key_count > 0 && random_percent(random, 30)) {
        add(text, " having ");
        add_aggregate(random, table, text);
        add(text, " is not null");
    }
    if (!ordered || key_count == 0)
        return SHAPE_ROWS;
    for (int i = 0; i < key_count; i++) {
        add(text, "%sg%d", i > 0 ? ", " : " order by ", i);
        add_direction(random, text);
    }
    add_limit(random, text);
    return SHAPE_ORDERED_ROWS;
}

/* ---- changes ---- */

static void add_value(struct random *random, bool is_string, bool can_be_null, struct text *text)
{
    if (can_be_null && random_percent(random, 15))
        add(text, "null");
    else if (is_string)
        add_string_literal(random, text);
    else
        add_int_literal(random, text);
}

/* Never a null key: SQLite would make one up. Nor null where it is forbidden, in an upsert: SQLite's puts the default
 * there. */
static void add_row(struct random *random, const struct table *table, bool is_upsert, struct text *text)
{
    if (table == &tables[0]) {
        add(text, "(%d, ", random_below(random, 400));
        add_value(random, false, true, text);
        add(text, ", ");
        add_value(random, false, !is_upsert && random_percent(random, 10), text);
        add(text, ", ");
        add_value(random, true, true, text);
        add(text, ", ");
        add_value(random, true, true, text);
    } else {
        add(text, "('k%d', %d, ", random_below(random, 10), random_below(random, 40));
        add_value(random, false, true, text);
    }
    add(text, ")");
}

static void make_insert(struct random *random, bool is_upsert, struct text *text)
{
    const struct table *table = &tables[random_below(random, 2)];
    int rows = random_percent(random, 20) ? 20 + random_below(random, 30) : 1 + random_below(random, 3);

    add(text, "into %s values ", table->name);
    for (int i = 0; i < rows; i++) {
        add(text, "%s", i > 0 ? ", " : "");
        add_row(random, table, is_upsert, text);
    }
}

static void make_insert_select(struct random *random, struct text *text)
{
    if (random_percent(random, 50)) {
        add(text, "insert into items (id, a, s) select id + %d, a, w from items", random_below(random, 500));
        add_where(random, &tables[0], 100, text);
    } else {
        add(text, "insert into pairs select k, x + %d, n from pairs", random_below(random, 60));
        add_where(random, &tables[1], 100, text);
    }
}

/* Values stay small, whatever is computed from them again and again. Keys stay: SQLite asks for uniqueness after each
 * row, SSQL after the statement. */
static void make_update(struct random *random, struct text *text)
{
    const struct table *table = &tables[random_below(random, 2)];
    const char *column = table == &tables[0] ? (random_percent(random, 50) ? "a" : "b") : "n";

    add(text, "update %s set %s = ", table->name, column);
    if (random_percent(random, 10)) {
        add(text, "null");
    } else {
        add(text, "(");
        add_int(random, table, 3, text);
        add(text, ") %% 1000");
    }
    if (table == &tables[0] && random_percent(random, 40)) {
        add(text, ", s = substr(");
        add_string(random, table, 2, text);
        add(text, ", 1, 12)");
    }
    add_where(random, table, 90, text);
}

static void make_delete(struct random *random, struct text *text)
{
    const struct table *table = &tables[random_below(random, 2)];

    add(text, "delete from %s where ", table->name);
    if (random_percent(random, 60))
        add_key_condition(random, table, text);
    else
        add_bool(random, table, 2, text);
}

static enum statement_shape make_transaction(struct random *random, bool *in_transaction, struct text *text)
{
    if (*in_transaction)
        add(text, random_percent(random, 60) ? "commit" : "rollback");
    else
        add(text, "begin");
    *in_transaction = !*in_transaction;
    return SHAPE_OTHER;
}

void statement_make(struct random *random, bool *in_transaction, struct statement *statement)
{
    struct text text = {statement->ssql, statement->ssql + sizeof statement->ssql};
    int choice = random_below(random, 100);

    statement->shape = SHAPE_CHANGE;
    if (choice < 40)
        statement->shape = make_select(random, &text);
    else if (choice < 60)
        statement->shape = make_grouped(random, &text);
    else if (choice < 75) {
        add(&text, "insert ");
        make_insert(random, false, &text);
        if (random_percent(random, 30))
            add(&text, " on conflict do nothing");
    } else if (choice < 80) {
        add(&text, "upsert ");
        make_insert(random, true, &text);
    } else if (choice < 82)
        make_insert_select(random, &text);
    else if (choice < 90)
        make_update(random, &text);
    else if (choice < 95)
        make_delete(random, &text);
    else
        statement->shape = make_transaction(random, in_transaction, &text);
    bool is_upsert = strncmp(statement->ssql, "upsert ", 7) == 0;
    snprintf(statement->sqlite, sizeof statement->sqlite, "%s%s", is_upsert ? "replace" : "",
             statement->ssql + (is_upsert ? 6 : 0));
}
