#include "expression.h"

#include <stddef.h>

static const char *pick(struct random *random, const char *const *words, int count)
{
    return words[random_below(random, count)];
}

/* ---- values ---- */

/* In parentheses when negative: two minus signs begin a comment. */
static void add_int_literal(struct random *random, struct text *text)
{
    int number = random_below(random, 10) < 8 ? random_below(random, 40) : random_below(random, 1000);

    text_add(text, random_percent(random, 20) ? "(-%d)" : "%d", number);
}

static void add_string_literal(struct random *random, struct text *text)
{
    static const char *const pieces[] = {"a", "b", "ab", "ba", " ", "é", "日", "😀", "_", "%", "''", "B"};
    int count = random_below(random, 5);

    text_add(text, "'");
    while (count-- > 0)
        text_add(text, "%s", pick(random, pieces, sizeof pieces / sizeof pieces[0]));
    text_add(text, "'");
}

static void add_float_literal(struct random *random, struct text *text)
{
    static const char *const fractions[] = {"0", "25", "5", "75"};

    text_add(text, random_percent(random, 20) ? "(-%d.%s)" : "%d.%s", random_below(random, 60),
             pick(random, fractions, 4));
}

void add_literal(struct random *random, enum column_type type, struct text *text)
{
    switch (type) {
    case COLUMN_INT: add_int_literal(random, text); return;
    case COLUMN_STRING: add_string_literal(random, text); return;
    case COLUMN_BOOL: text_add(text, random_percent(random, 50) ? "true" : "false"); return;
    case COLUMN_FLOAT: add_float_literal(random, text); return;
    case COLUMN_TYPES: return;
    }
}

/* A column, or a literal where there is none. */
static void add_leaf(struct random *random, const struct table *table, enum column_type type, struct text *text)
{
    const struct column *column = table == NULL ? NULL : table_pick_column(table, type, random);

    if (column == NULL || random_percent(random, 30))
        add_literal(random, type, text);
    else
        text_add(text, "%s", column->name);
}

/* "open a separator b close", both of one type. */
static void add_two(struct random *random, const struct table *table, enum column_type type, int depth,
                    const char *const words[3], struct text *text)
{
    text_add(text, "%s", words[0]);
    add_expression(random, table, type, depth, text);
    text_add(text, "%s", words[1]);
    add_expression(random, table, type, depth, text);
    text_add(text, "%s", words[2]);
}

/* For every type: what chooses between values without looking at them closely. */
static void add_choice(struct random *random, const struct table *table, enum column_type type, int depth,
                       struct text *text)
{
    static const char *const forms[][3] = {
        {"coalesce(", ", ", ")"}, {"nullif(", ", ", ")"}, {"min(", ", ", ")"}, {"max(", ", ", ")"}};
    int choice = random_below(random, 6);

    if (choice < 4) {
        add_two(random, table, type, depth - 1, forms[choice], text);
        return;
    }
    if (choice == 4) {
        text_add(text, "case when ");
        add_expression(random, table, COLUMN_BOOL, depth - 1, text);
    } else {
        text_add(text, "case ");
        add_expression(random, table, COLUMN_INT, depth - 1, text);
        text_add(text, " when %d", random_below(random, 30));
    }
    text_add(text, " then ");
    add_expression(random, table, type, depth - 1, text);
    if (random_percent(random, 80)) {
        text_add(text, " else ");
        add_expression(random, table, type, depth - 1, text);
    }
    text_add(text, " end");
}

static void add_int(struct random *random, const struct table *table, int depth, struct text *text)
{
    static const char *const sums[][3] = {{"(", " + ", ")"}, {"(", " - ", ")"}};

    switch (random_below(random, 9)) {
    case 0:
    case 1: add_two(random, table, COLUMN_INT, depth - 1, sums[random_below(random, 2)], text); return;
    case 2: /* never a product of products */
        text_add(text, "(");
        add_leaf(random, table, COLUMN_INT, text);
        text_add(text, " * ");
        add_two(random, table, COLUMN_INT, 0, sums[random_below(random, 2)], text);
        text_add(text, ")");
        return;
    case 3: /* divisors are never 0: SQLite gives null then, SSQL an error */
        text_add(text, "(");
        add_expression(random, table, COLUMN_INT, depth - 1, text);
        text_add(text, " %s %d)", random_percent(random, 50) ? "/" : "%", 1 + random_below(random, 9));
        return;
    case 4:
        text_add(text, "length(");
        add_expression(random, table, COLUMN_STRING, depth - 1, text);
        text_add(text, ")");
        return;
    case 5: {
        static const char *const instr[] = {"instr(", ", ", ")"};
        add_two(random, table, COLUMN_STRING, depth - 1, instr, text);
        return;
    }
    case 6:
        text_add(text, "%s", random_percent(random, 50) ? "abs(" : "(- ");
        add_expression(random, table, COLUMN_INT, depth - 1, text);
        text_add(text, ")");
        return;
    case 7:
        text_add(text, "cast(");
        add_leaf(random, table, random_percent(random, 50) ? COLUMN_BOOL : COLUMN_FLOAT, text);
        text_add_apart(text, " as int)", " as integer)");
        return;
    default: add_choice(random, table, COLUMN_INT, depth, text);
    }
}

/* No text of a float or of a bool: they are written differently. No number of a text: SQLite takes any. */
static void add_string(struct random *random, const struct table *table, int depth, struct text *text)
{
    static const char *const functions[] = {"upper(", "lower(", "trim(", "ltrim(", "rtrim("};
    int choice = random_below(random, 7);

    if (choice == 0) { /* from 1 on: what stands before the beginning is counted differently */
        text_add(text, "substr(");
        add_expression(random, table, COLUMN_STRING, depth - 1, text);
        text_add(text, ", %d, %d)", 1 + random_below(random, 4), random_below(random, 5));
    } else if (choice == 1) {
        text_add(text, "replace(");
        add_expression(random, table, COLUMN_STRING, depth - 1, text);
        text_add(text, ", 'a', ");
        add_string_literal(random, text);
        text_add(text, ")");
    } else if (choice == 2) {
        text_add(text, "cast(");
        add_expression(random, table, COLUMN_INT, depth - 1, text);
        text_add_apart(text, " as string)", " as text)");
    } else if (choice == 3) { /* SQLite 3.40 has no concat, and `||` is "or" in SSQL */
        text_add_apart(text, "concat(", "(coalesce(");
        add_expression(random, table, COLUMN_STRING, depth - 1, text);
        text_add_apart(text, ", ", ", '') || coalesce(");
        add_expression(random, table, COLUMN_STRING, depth - 1, text);
        text_add_apart(text, ")", ", ''))");
    } else if (choice <= 5) {
        text_add(text, "%s", pick(random, functions, 5));
        add_expression(random, table, COLUMN_STRING, depth - 1, text);
        text_add(text, ")");
    } else {
        add_choice(random, table, COLUMN_STRING, depth, text);
    }
}

/* Multiplied and divided by powers of two only. */
static void add_float(struct random *random, const struct table *table, int depth, struct text *text)
{
    static const char *const sums[][3] = {{"(", " + ", ")"}, {"(", " - ", ")"}};
    static const char *const factors[] = {" * 2.0)", " / 4.0)", " * 2)", " * 0.5)"};

    switch (random_below(random, 6)) {
    case 0:
    case 1: add_two(random, table, COLUMN_FLOAT, depth - 1, sums[random_below(random, 2)], text); return;
    case 2:
        text_add(text, "(");
        add_expression(random, table, COLUMN_FLOAT, depth - 1, text);
        text_add(text, "%s", pick(random, factors, 4));
        return;
    case 3:
        text_add(text, "%s", random_percent(random, 30) ? "abs(" : random_percent(random, 50) ? "round(" : "(- ");
        add_expression(random, table, COLUMN_FLOAT, depth - 1, text);
        text_add(text, ")");
        return;
    case 4:
        text_add(text, "cast(");
        add_expression(random, table, COLUMN_INT, depth - 1, text);
        text_add_apart(text, " as float)", " as real)");
        return;
    default: add_choice(random, table, COLUMN_FLOAT, depth, text);
    }
}

/* ---- conditions: never compared with numbers, though they are numbers in SQLite ---- */

static void add_comparison(struct random *random, const struct table *table, int depth, struct text *text)
{
    static const char *const operators[] = {
        "==", "!=", "<", "<=", ">", ">=", "=", "<>", "is distinct from", "is not distinct from"};
    static const enum column_type types[] = {COLUMN_INT,    COLUMN_INT,  COLUMN_INT,  COLUMN_STRING,
                                             COLUMN_STRING, COLUMN_BOOL, COLUMN_FLOAT};
    enum column_type left = types[random_below(random, 7)], right = left;

    if (left == COLUMN_FLOAT && random_percent(random, 40)) /* widened */
        right = COLUMN_INT;
    add_expression(random, table, left, depth - 1, text);
    text_add(text, " %s ", pick(random, operators, sizeof operators / sizeof operators[0]));
    add_expression(random, table, right, depth - 1, text);
}

static void add_in(struct random *random, const struct table *table, int depth, struct text *text)
{
    enum column_type type = random_percent(random, 60) ? COLUMN_INT : COLUMN_STRING;
    int count = 1 + random_below(random, 4);

    add_expression(random, table, type, depth - 1, text);
    text_add(text, random_percent(random, 30) ? " not in (" : " in (");
    while (count-- > 0) {
        if (random_percent(random, 10))
            text_add(text, "null");
        else
            add_literal(random, type, text);
        text_add(text, count > 0 ? ", " : ")");
    }
}

static void add_between(struct random *random, const struct table *table, int depth, struct text *text)
{
    enum column_type type = random_percent(random, 60) ? COLUMN_INT : COLUMN_FLOAT;

    add_expression(random, table, type, depth - 1, text);
    text_add(text, random_percent(random, 20) ? " not between " : " between ");
    add_literal(random, type, text);
    text_add(text, " and ");
    add_expression(random, table, type, depth - 1, text);
}

static void add_text_test(struct random *random, const struct table *table, int depth, struct text *text)
{
    if (random_percent(random, 70)) {
        add_expression(random, table, COLUMN_STRING, depth - 1, text);
        text_add(text, random_percent(random, 20) ? " not like " : " like ");
        add_string_literal(random, text);
        if (random_percent(random, 20)) /* of a pattern that ends with it they think differently: it is not in any */
            text_add(text, " escape '!'");
        return;
    }
    text_add_apart(text, "contains(", "instr(");
    add_expression(random, table, COLUMN_STRING, depth - 1, text);
    text_add(text, ", ");
    add_string_literal(random, text);
    text_add_apart(text, ")", ") > 0");
}

static void add_test(struct random *random, const struct table *table, int depth, struct text *text)
{
    static const char *const tests[] = {" is true", " is false", " is not true", " is not false"};

    if (random_percent(random, 40)) {
        add_expression(random, table, COLUMN_BOOL, depth - 1, text);
        text_add(text, "%s", pick(random, tests, 4));
    } else {
        add_expression(random, table, (enum column_type)random_below(random, COLUMN_TYPES), depth - 1, text);
        text_add(text, random_percent(random, 50) ? " is null" : " is not null");
    }
}

static void add_connection(struct random *random, const struct table *table, int depth, struct text *text)
{
    bool is_own = random_percent(random, 50); /* SQLite has no && */

    add_expression(random, table, COLUMN_BOOL, depth - 1, text);
    if (random_percent(random, 50))
        text_add_apart(text, is_own ? " && " : " and ", " and ");
    else
        text_add_apart(text, is_own ? " || " : " or ", " or ");
    add_expression(random, table, COLUMN_BOOL, depth - 1, text);
}

static void add_bool(struct random *random, const struct table *table, int depth, struct text *text)
{
    int choice = random_below(random, 12);

    text_add(text, "(");
    if (choice <= 3) {
        add_comparison(random, table, depth, text);
    } else if (choice == 4) {
        add_test(random, table, depth, text);
    } else if (choice == 5) {
        add_in(random, table, depth, text);
    } else if (choice == 6) {
        add_between(random, table, depth, text);
    } else if (choice == 7) {
        add_text_test(random, table, depth, text);
    } else if (choice == 8) {
        text_add_apart(text, random_percent(random, 50) ? "not " : "!", "not ");
        add_bool(random, table, depth - 1, text);
    } else if (choice == 9) {
        add_choice(random, table, COLUMN_BOOL, depth, text);
    } else {
        add_connection(random, table, depth, text);
    }
    text_add(text, ")");
}

void add_expression(struct random *random, const struct table *table, enum column_type type, int depth,
                    struct text *text)
{
    if (depth <= 0 || random_percent(random, 25)) {
        add_leaf(random, table, type, text);
        return;
    }
    switch (type) {
    case COLUMN_INT: add_int(random, table, depth, text); return;
    case COLUMN_STRING: add_string(random, table, depth, text); return;
    case COLUMN_BOOL: add_bool(random, table, depth, text); return;
    case COLUMN_FLOAT: add_float(random, table, depth, text); return;
    case COLUMN_TYPES: return;
    }
}

/* ---- conditions on keys ---- */

void add_key_value(struct random *random, const struct table *table, const struct column *column, struct text *text)
{
    bool is_alone = table->key_count == 1;

    switch (column->type) {
    case COLUMN_INT: text_add(text, "%d", random_below(random, is_alone ? KEY_RANGE : 30)); return;
    case COLUMN_STRING: text_add(text, "'k%d'", random_below(random, is_alone ? 300 : 10)); return;
    case COLUMN_BOOL: text_add(text, random_percent(random, 50) ? "true" : "false"); return;
    case COLUMN_FLOAT: text_add(text, "%d.5", random_below(random, 20) - 5); return;
    case COLUMN_TYPES: return;
    }
}

/* One column of the key: equal, or in a range. */
static void add_key_part(struct random *random, const struct table *table, int i, bool is_equal, struct text *text)
{
    static const char *const operators[] = {"<", "<=", ">", ">="};
    const struct column *column = &table->columns[table->keys[i]];

    if (is_equal) {
        text_add(text, "%s == ", column->name);
        add_key_value(random, table, column, text);
    } else if (random_percent(random, 40)) {
        text_add(text, "%s between ", column->name);
        add_key_value(random, table, column, text);
        text_add(text, " and ");
        add_key_value(random, table, column, text);
    } else if (random_percent(random, 30)) {
        text_add(text, "%s in (", column->name);
        add_key_value(random, table, column, text);
        text_add(text, ", ");
        add_key_value(random, table, column, text);
        text_add(text, ")");
    } else {
        text_add(text, "%s %s ", column->name, pick(random, operators, 4));
        add_key_value(random, table, column, text);
    }
}

void add_key_condition(struct random *random, const struct table *table, struct text *text)
{
    if (table->key_count == 0) {
        add_expression(random, table, COLUMN_BOOL, 2, text);
        return;
    }
    int parts = 1 + random_below(random, table->key_count);
    for (int i = 0; i < parts; i++) {
        text_add(text, "%s", i > 0 ? " and " : "");
        add_key_part(random, table, i, i + 1 < parts || random_percent(random, 50), text);
    }
}

void add_where(struct random *random, const struct table *table, int percent, struct text *text)
{
    if (!random_percent(random, percent))
        return;
    text_add(text, " where ");
    if (random_percent(random, 25)) {
        add_key_condition(random, table, text);
    } else if (random_percent(random, 20)) {
        add_key_condition(random, table, text);
        text_add(text, " and ");
        add_expression(random, table, COLUMN_BOOL, 2, text);
    } else {
        add_expression(random, table, COLUMN_BOOL, 3, text);
    }
}
