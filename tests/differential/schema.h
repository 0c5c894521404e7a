/* schema.h - random tables: their columns, types, keys, defaults. */
#ifndef DIFFERENTIAL_SCHEMA_H
#define DIFFERENTIAL_SCHEMA_H

#include "random.h"
#include "text.h"

enum { TABLES = 4, COLUMNS_MOST = 8, KEYS_MOST = 3, KEY_RANGE = 700 };

enum column_type { COLUMN_INT, COLUMN_STRING, COLUMN_BOOL, COLUMN_FLOAT, COLUMN_TYPES };

struct column {
    char name[24]; /* as it is written, in backquotes where it needs them */
    enum column_type type;
    bool is_key, is_not_null, has_default;
    char default_text[40];
};

struct table {
    char name[24];
    struct column columns[COLUMNS_MOST];
    int column_count;
    int keys[KEYS_MOST]; /* columns of the primary key, in its order */
    int key_count;       /* 0: rows have no key */
};

/* All tables are there all the time; now and then one is dropped and made anew, with other columns. */
struct schema {
    struct table tables[TABLES];
};

/* Another table in the place of the i-th. */
void schema_renew(struct random *random, struct schema *schema, int i);

const struct table *schema_pick(struct random *random, const struct schema *schema);

/* One with a key; NULL when no table has one. */
const struct table *schema_pick_keyed(struct random *random, const struct schema *schema);

void table_add_create(const struct table *table, struct random *random, struct text *text);

/* A column of this type; NULL when the table has none. */
const struct column *table_pick_column(const struct table *table, enum column_type type, struct random *random);

#endif
