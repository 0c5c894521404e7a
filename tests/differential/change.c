#include "change.h"

#include <stddef.h>

#include "expression.h"

/* ---- inserting ---- */

/* Never a null key: SQLite would make one up. Nor null where it is forbidden, in an upsert: SQLite's puts the default
 * there. */
static void add_value(struct random *random, const struct table *table, int i, bool is_upsert, struct text *text)
{
    const struct column *column = &table->columns[i];
    int null_percent = !column->is_not_null ? 15 : is_upsert ? 0 : 1;

    if (column->is_key)
        add_key_value(random, table, column, text);
    else if (random_percent(random, null_percent))
        text_add(text, "null");
    else
        add_literal(random, column->type, text);
}

/* Which columns an insert names: all by not naming any, or some, in any order. */
static int choose_columns(struct random *random, const struct table *table, int chosen[COLUMNS_MOST])
{
    int count = 0;

    for (int i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        if (!column->is_key && random_percent(random, 30) && (column->has_default || !column->is_not_null))
            continue;
        int place = random_below(random, count + 1);
        for (int j = count; j > place; j--)
            chosen[j] = chosen[j - 1];
        chosen[place] = i;
        count++;
    }
    return count;
}

static int add_target(struct random *random, const struct table *table, int chosen[COLUMNS_MOST], struct text *text)
{
    int count = random_percent(random, 30) ? choose_columns(random, table, chosen) : 0;

    text_add(text, "into %s", table->name);
    if (count > 0) {
        for (int i = 0; i < count; i++)
            text_add(text, "%s%s", i > 0 ? ", " : " (", table->columns[chosen[i]].name);
        text_add(text, ")");
        return count;
    }
    for (int i = 0; i < table->column_count; i++)
        chosen[i] = i;
    return table->column_count;
}

static void add_rows(struct random *random, const struct table *table, bool is_upsert, struct text *text)
{
    int chosen[COLUMNS_MOST];
    int count = add_target(random, table, chosen, text);
    int rows = random_percent(random, 20) ? 20 + random_below(random, 30) : 1 + random_below(random, 3);

    text_add(text, " values");
    for (int row = 0; row < rows; row++) {
        text_add(text, "%s\n(", row > 0 ? "," : "");
        for (int i = 0; i < count; i++) {
            text_add(text, "%s", i > 0 ? ", " : "");
            add_value(random, table, chosen[i], is_upsert, text);
        }
        text_add(text, ")");
    }
}

void add_insert(struct random *random, const struct schema *schema, struct text *text)
{
    const struct table *table = schema_pick(random, schema);

    text_add(text, "insert ");
    add_rows(random, table, false, text);
    if (random_percent(random, 30) && table->key_count > 0)
        text_add(text, "\non conflict do nothing");
}

void add_upsert(struct random *random, const struct schema *schema, struct text *text)
{
    const struct table *table = schema_pick_keyed(random, schema);

    if (table == NULL) {
        add_insert(random, schema, text);
        return;
    }
    text_add_apart(text, "upsert ", "replace ");
    add_rows(random, table, true, text);
}

/* Values stay small, whatever is computed from them again and again. */
static void add_small(struct random *random, const struct table *source, enum column_type type, int depth,
                      struct text *text)
{
    switch (type) {
    case COLUMN_INT:
        text_add(text, "(");
        add_expression(random, source, COLUMN_INT, depth, text);
        text_add(text, ") %% 1000");
        return;
    case COLUMN_STRING:
        text_add(text, "substr(");
        add_expression(random, source, COLUMN_STRING, depth, text);
        text_add(text, ", 1, 12)");
        return;
    case COLUMN_BOOL: add_expression(random, source, COLUMN_BOOL, depth, text); return;
    case COLUMN_FLOAT: add_expression(random, source, COLUMN_FLOAT, 0, text); return;
    case COLUMN_TYPES: return;
    }
}

/* Keys are shifted in a ring: two rows never meet in one place, so that it does not matter which one comes first. */
static void add_shifted(struct random *random, const struct table *table, int shifted, struct text *text)
{
    int ring = table->key_count == 1 ? KEY_RANGE : 30;

    text_add(text, "insert into %s select ", table->name);
    for (int i = 0; i < table->column_count; i++) {
        text_add(text, "%s", i > 0 ? ", " : "");
        if (i == shifted)
            text_add(text, "(%s + %d) %% %d", table->columns[i].name, random_below(random, ring), ring);
        else if (table->columns[i].is_key || table->columns[i].is_not_null)
            text_add(text, "%s", table->columns[i].name);
        else
            add_small(random, table, table->columns[i].type, 2, text);
    }
    text_add(text, " from %s", table->name);
    add_where(random, table, 100, text);
    text_add(text, random_percent(random, 80) ? " on conflict do nothing" : "");
}

/* Any table's rows, into one without a key. */
static void add_gathered(struct random *random, const struct table *target, const struct table *source,
                         struct text *text)
{
    text_add(text, "insert into %s select ", target->name);
    for (int i = 0; i < target->column_count; i++) {
        text_add(text, "%s", i > 0 ? ", " : "");
        add_small(random, source, target->columns[i].type, 2, text);
    }
    text_add(text, " from %s", source->name);
    add_where(random, source, 100, text);
}

void add_insert_select(struct random *random, const struct schema *schema, struct text *text)
{
    const struct table *table = schema_pick(random, schema), *source = schema_pick_keyed(random, schema);

    if (table->key_count == 0 && source != NULL) {
        add_gathered(random, table, source, text);
        return;
    }
    for (int i = 0; i < table->key_count; i++) {
        if (table->columns[table->keys[i]].type == COLUMN_INT) {
            add_shifted(random, table, table->keys[i], text);
            return;
        }
    }
    add_insert(random, schema, text);
}

/* ---- updating and deleting ---- */

/* One row gets another key: of several, SQLite asks for uniqueness after each row, SSQL after the statement. */
static void add_move(struct random *random, const struct table *table, struct text *text)
{
    const struct column *key = &table->columns[table->keys[0]];

    text_add(text, "update %s set %s = ", table->name, key->name);
    add_key_value(random, table, key, text);
    text_add(text, " where %s == ", key->name);
    add_key_value(random, table, key, text);
}

void add_update(struct random *random, const struct schema *schema, struct text *text)
{
    const struct table *table = schema_pick(random, schema);
    int assigned = 0;

    if (table->key_count == 1 && random_percent(random, 15)) {
        add_move(random, table, text);
        return;
    }
    text_add(text, "update %s set ", table->name);
    for (int i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        if (column->is_key || random_percent(random, 50))
            continue;
        text_add(text, "%s%s = ", assigned++ > 0 ? ", " : "", column->name);
        if (!column->is_not_null && random_percent(random, 10))
            text_add(text, "null");
        else
            add_small(random, table, column->type, 3, text);
    }
    if (assigned == 0) /* as it was */
        text_add(text, "%s = %s", table->columns[0].name, table->columns[0].name);
    add_where(random, table, 90, text);
}

void add_delete(struct random *random, const struct schema *schema, struct text *text)
{
    const struct table *table = schema_pick(random, schema);

    text_add(text, "delete from %s", table->name);
    if (random_percent(random, 3))
        return;
    text_add(text, " where ");
    if (random_percent(random, 60))
        add_key_condition(random, table, text);
    else
        add_expression(random, table, COLUMN_BOOL, 2, text);
}
