#include "query.h"

#include <stdio.h>

#include "expression.h"

enum { KEY_TEXT = 80 };

static enum column_type pick_type(struct random *random)
{
    return (enum column_type)random_below(random, COLUMN_TYPES);
}

static void add_direction(struct random *random, struct text *text)
{
    text_add(text, random_percent(random, 50) ? "" : random_percent(random, 70) ? " desc" : " asc");
    if (random_percent(random, 20))
        text_add(text, random_percent(random, 50) ? " nulls last" : " nulls first");
}

static void add_limit(struct random *random, struct text *text)
{
    if (!random_percent(random, 40))
        return;
    text_add(text, " limit %d", random_below(random, 30));
    if (random_percent(random, 50)) /* SQLite takes offset only after limit */
        text_add(text, " offset %d", random_below(random, 20));
}

/* Output names are no names of columns: which of the two wins differs. */
static int add_items(struct random *random, const struct table *table, struct text *text)
{
    int count = 1 + random_below(random, 4);

    for (int i = 0; i < count; i++) {
        text_add(text, "%s", i > 0 ? ", " : "");
        add_expression(random, table, pick_type(random), 3, text);
        text_add(text, " as c%d", i);
    }
    return count;
}

/* Ends an order by: its key orders rows wholly; rows without one that are alike in every column are the same row. */
static void add_tie_break(const struct table *table, struct random *random, struct text *text)
{
    int count = table->key_count > 0 ? table->key_count : table->column_count;

    for (int i = 0; i < count; i++) {
        text_add(text, "%s%s", i > 0 ? ", " : "", table->columns[table->key_count > 0 ? table->keys[i] : i].name);
        add_direction(random, text);
    }
}

static void add_order(struct random *random, const struct table *table, bool is_distinct, int count, struct text *text)
{
    text_add(text, " order by ");
    for (int i = 0; is_distinct && i < count; i++) { /* all that is selected orders distinct rows wholly */
        text_add(text, "%sc%d", i > 0 ? ", " : "", i);
        add_direction(random, text);
    }
    if (is_distinct)
        return;
    if (random_percent(random, 70)) {
        if (random_percent(random, 40))
            text_add(text, "c0");
        else
            text_add(text, "%s", table->columns[random_below(random, table->column_count)].name);
        add_direction(random, text);
        text_add(text, ", ");
    }
    add_tie_break(table, random, text);
}

static bool add_select(struct random *random, const struct table *table, struct text *text)
{
    bool is_distinct = random_percent(random, 25), is_ordered = random_percent(random, 50);
    int count = 1;

    text_add(text, is_distinct ? "select distinct " : "select ");
    if (!is_distinct && random_percent(random, 20))
        text_add(text, "*, %s as c0", table->columns[0].name);
    else
        count = add_items(random, table, text);
    text_add(text, " from %s", table->name);
    add_where(random, table, 80, text);
    if (!is_ordered)
        return false;
    add_order(random, table, is_distinct, count, text);
    add_limit(random, text);
    return true;
}

/* No group_concat: the order within is not promised. */
static void add_aggregate(struct random *random, const struct table *table, struct text *text)
{
    static const char *const any[] = {"count(", "min(", "max(", "count(distinct "};
    static const char *const numeric[] = {"sum(", "avg(", "sum(distinct "};

    if (random_percent(random, 20)) {
        text_add(text, "count(*)");
    } else if (random_percent(random, 50)) {
        text_add(text, "%s", any[random_below(random, 4)]);
        add_expression(random, table, pick_type(random), 2, text);
        text_add(text, ")");
    } else {
        text_add(text, "%s", numeric[random_below(random, 3)]);
        add_expression(random, table, random_percent(random, 70) ? COLUMN_INT : COLUMN_FLOAT, 2, text);
        text_add(text, ")");
    }
}

static void make_group_key(struct random *random, const struct table *table, char key[KEY_TEXT])
{
    const struct column *column = &table->columns[random_below(random, table->column_count)];

    if (column->type == COLUMN_INT && random_percent(random, 50))
        snprintf(key, KEY_TEXT, "%s %% %d", column->name, 2 + random_below(random, 6));
    else if (column->type == COLUMN_STRING && random_percent(random, 30))
        snprintf(key, KEY_TEXT, "length(%s)", column->name);
    else
        snprintf(key, KEY_TEXT, "%s", column->name);
}

static bool add_grouped(struct random *random, const struct table *table, struct text *text)
{
    char keys[2][KEY_TEXT];
    int key_count = random_below(random, 3), aggregate_count = 1 + random_below(random, 3);

    text_add(text, "select ");
    for (int i = 0; i < key_count; i++) {
        make_group_key(random, table, keys[i]);
        text_add(text, "%s as g%d, ", keys[i], i);
    }
    for (int i = 0; i < aggregate_count; i++) {
        add_aggregate(random, table, text);
        text_add(text, "%s", i + 1 < aggregate_count ? ", " : "");
    }
    text_add(text, " from %s", table->name);
    add_where(random, table, 60, text);
    for (int i = 0; i < key_count; i++)
        text_add(text, "%s%s", i > 0 ? ", " : " group by ", keys[i]);
    if (key_count > 0 && random_percent(random, 30)) {
        text_add(text, " having ");
        add_aggregate(random, table, text);
        text_add(text, random_percent(random, 50) ? " is not null" : " is null");
    }
    if (key_count == 0 || random_percent(random, 60))
        return false;
    for (int i = 0; i < key_count; i++) {
        text_add(text, "%sg%d", i > 0 ? ", " : " order by ", i);
        add_direction(random, text);
    }
    add_limit(random, text);
    return true;
}

static void add_values(struct random *random, struct text *text)
{
    int rows = 1 + random_below(random, 4), columns = 1 + random_below(random, 3);
    enum column_type types[3];

    for (int i = 0; i < columns; i++)
        types[i] = pick_type(random);
    text_add(text, "values ");
    for (int row = 0; row < rows; row++) {
        text_add(text, "%s(", row > 0 ? ", " : "");
        for (int i = 0; i < columns; i++) {
            text_add(text, "%s", i > 0 ? ", " : "");
            add_expression(random, NULL, types[i], 2, text);
        }
        text_add(text, ")");
    }
}

bool add_query(struct random *random, const struct schema *schema, struct text *text)
{
    int choice = random_below(random, 100);

    if (choice < 3) {
        add_values(random, text);
        return false;
    }
    if (choice < 6) {
        text_add(text, "select ");
        add_items(random, NULL, text);
        return false;
    }
    const struct table *table = schema_pick(random, schema);
    return choice < 65 ? add_select(random, table, text) : add_grouped(random, table, text);
}
