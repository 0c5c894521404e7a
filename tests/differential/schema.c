#include "schema.h"

#include <stdio.h>
#include <string.h>

/* A word that is reserved, one with a blank, one beyond ASCII: names go through everything unharmed. */
static void name_column(struct random *random, int i, struct column *column)
{
    static const struct {
        const char *begin, *end;
    } odd[] = {{"`order", "`"}, {"`a column ", "`"}, {"größe", ""}, {"`Select-", "`"}};
    static const char letters[COLUMN_TYPES] = {'i', 's', 'b', 'f'};

    if (random_percent(random, 8)) {
        int which = random_below(random, 4);
        snprintf(column->name, sizeof column->name, "%s%d%s", odd[which].begin, i, odd[which].end);
    } else {
        snprintf(column->name, sizeof column->name, "%c%d", letters[column->type], i);
    }
}

static void make_default(struct random *random, struct column *column)
{
    char *text = column->default_text;
    size_t size = sizeof column->default_text;

    column->has_default = true;
    switch (column->type) {
    case COLUMN_INT: snprintf(text, size, random_percent(random, 30) ? "(-%d)" : "%d", random_below(random, 50)); break;
    case COLUMN_STRING: snprintf(text, size, "'%s'", random_percent(random, 50) ? "none" : ""); break;
    case COLUMN_BOOL: snprintf(text, size, "%s", random_percent(random, 50) ? "true" : "false"); break;
    case COLUMN_FLOAT: snprintf(text, size, "%d.25", random_below(random, 50)); break;
    case COLUMN_TYPES: break;
    }
}

static enum column_type pick_type(struct random *random)
{
    static const enum column_type types[] = {COLUMN_INT,    COLUMN_INT,  COLUMN_INT,  COLUMN_STRING,
                                             COLUMN_STRING, COLUMN_BOOL, COLUMN_FLOAT};

    return types[random_below(random, 7)];
}

static void make_column(struct random *random, int i, struct column *column)
{
    memset(column, 0, sizeof *column);
    column->type = pick_type(random);
    name_column(random, i, column);
    column->is_not_null = random_percent(random, 15);
    if (random_percent(random, 25))
        make_default(random, column);
}

/* Columns of the key in any order, mostly one of ints or strings. */
static void make_key(struct random *random, struct table *table)
{
    int wanted = random_percent(random, 15) ? 0 : random_percent(random, 60) ? 1 : 2 + random_below(random, 2);

    table->key_count = 0;
    for (int tries = 0; tries < 20 && table->key_count < wanted; tries++) {
        int i = random_below(random, table->column_count);
        struct column *column = &table->columns[i];
        bool is_narrow = column->type == COLUMN_BOOL || column->type == COLUMN_FLOAT;
        if (column->is_key || (is_narrow && wanted == 1))
            continue;
        column->is_key = true;
        column->is_not_null = true; /* SQLite lets columns of a key be null unless they are declared otherwise */
        column->has_default = false;
        table->keys[table->key_count++] = i;
    }
}

void schema_renew(struct random *random, struct schema *schema, int i)
{
    struct table *table = &schema->tables[i];

    memset(table, 0, sizeof *table);
    snprintf(table->name, sizeof table->name, "t%d", i);
    table->column_count = 2 + random_below(random, COLUMNS_MOST - 1);
    for (int c = 0; c < table->column_count; c++)
        make_column(random, c, &table->columns[c]);
    make_key(random, table);
}

const struct table *schema_pick(struct random *random, const struct schema *schema)
{
    return &schema->tables[random_below(random, TABLES)];
}

const struct table *schema_pick_keyed(struct random *random, const struct schema *schema)
{
    int first = random_below(random, TABLES);

    for (int i = 0; i < TABLES; i++) {
        const struct table *table = &schema->tables[(first + i) % TABLES];
        if (table->key_count > 0)
            return table;
    }
    return NULL;
}

static void add_column(const struct table *table, int i, bool is_key_inline, struct random *random, struct text *text)
{
    static const char *const ssql[COLUMN_TYPES] = {"int", "string", "bool", "float"};
    static const char *const sqlite[COLUMN_TYPES] = {"integer", "text", "boolean", "real"};
    const struct column *column = &table->columns[i];
    bool is_own = random_percent(random, 50); /* the spelling that only SSQL has, or the standard one */

    text_add(text, "%s%s ", i > 0 ? ", " : "", column->name);
    text_add_apart(text, (is_own ? ssql : sqlite)[column->type], sqlite[column->type]);
    if (column->is_key && is_key_inline)
        text_add_apart(text, is_own ? " primary" : " primary key", " primary key");
    if (column->is_not_null)
        text_add(text, " not null");
    if (column->has_default)
        text_add(text, " default %s", column->default_text);
}

void table_add_create(const struct table *table, struct random *random, struct text *text)
{
    bool is_inline = table->key_count == 1 && random_percent(random, 60), is_braced = random_percent(random, 50);

    text_add(text, "create table %s ", table->name);
    text_add_apart(text, is_braced ? "{" : "(", "(");
    for (int i = 0; i < table->column_count; i++)
        add_column(table, i, is_inline, random, text);
    if (table->key_count > 0 && !is_inline) {
        text_add(text, ", primary key (");
        for (int i = 0; i < table->key_count; i++)
            text_add(text, "%s%s", i > 0 ? ", " : "", table->columns[table->keys[i]].name);
        text_add(text, ")");
    }
    text_add_apart(text, is_braced ? "}" : ")", ")");
}

const struct column *table_pick_column(const struct table *table, enum column_type type, struct random *random)
{
    int first = random_below(random, table->column_count);

    for (int i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[(first + i) % table->column_count];
        if (column->type == type)
            return column;
    }
    return NULL;
}
