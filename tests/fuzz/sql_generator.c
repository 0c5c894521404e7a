#include "sql_generator.h"

#include <string.h>

#define COUNT_OF(array) ((unsigned)(sizeof(array) / sizeof(array)[0]))

static const struct generated_table tables[] = {
    {"t",
     "(id int primary key, a int, f float, s string, b bool)",
     {{"id", GENERATED_INT},
      {"a", GENERATED_INT},
      {"f", GENERATED_FLOAT},
      {"s", GENERATED_STRING},
      {"b", GENERATED_BOOL}},
     5},
    {"k",
     "(s string, n int, v float default 1.5, primary key (s, n))",
     {{"s", GENERATED_STRING}, {"n", GENERATED_INT}, {"v", GENERATED_FLOAT}},
     3},
    {"h", "(x int, y string, z bool)", {{"x", GENERATED_INT}, {"y", GENERATED_STRING}, {"z", GENERATED_BOOL}}, 3},
    {"g",
     "(f float primary key, b bool, c string not null default 'c')",
     {{"f", GENERATED_FLOAT}, {"b", GENERATED_BOOL}, {"c", GENERATED_STRING}},
     3},
    {"q",
     "(b bool, a int, s string, primary key (b, a))",
     {{"b", GENERATED_BOOL}, {"a", GENERATED_INT}, {"s", GENERATED_STRING}},
     3},
};

const struct generated_table *generated_table(unsigned i)
{
    return i < COUNT_OF(tables) ? &tables[i] : NULL;
}

unsigned choose(struct choices *choices, unsigned count)
{
    return choices->at < choices->size ? choices->data[choices->at++] % count : 0;
}

void sql_text_clear(struct sql_text *text)
{
    text->size = 0;
    text->bytes[0] = '\0';
}

void sql_text_append(struct sql_text *text, const char *part)
{
    size_t size = strlen(part);

    if (size >= SQL_TEXT_CAPACITY - text->size)
        return;
    memcpy(text->bytes + text->size, part, size + 1);
    text->size += size;
}

/* ---- helpers of the rules below ---- */

static unsigned pick(struct sql_generator *generator, unsigned count)
{
    return choose(generator->choices, count);
}

/* True once in `times`; false when the choices are used up. */
static bool seldom(struct sql_generator *generator, unsigned times)
{
    return pick(generator, times) == times - 1;
}

static void append_one_of(struct sql_generator *generator, const char *const *words, unsigned count,
                          struct sql_text *text)
{
    sql_text_append(text, words[pick(generator, count)]);
}

static enum generated_type pick_type(struct sql_generator *generator)
{
    return (enum generated_type)pick(generator, GENERATED_TYPES);
}

static void append_expr(struct sql_generator *generator, enum generated_type type, unsigned depth,
                        struct sql_text *text)
{
    generate_expr(generator, type, depth == 0 ? 0 : depth - 1, text);
}

/* `before`, an expression, `after`. */
static void append_around(struct sql_generator *generator, const char *before, enum generated_type type, unsigned depth,
                          const char *after, struct sql_text *text)
{
    sql_text_append(text, before);
    append_expr(generator, type, depth, text);
    sql_text_append(text, after);
}

/* ---- leaves ---- */

static const char *const int_literals[] = {
    "1",
    "0",
    "2",
    "3",
    "-1",
    "5",
    "7",
    "10",
    "-3",
    "63",
    "100",
    "-100",
    "1000000007",
    "9223372036854775807",
    "-9223372036854775808",
    "-9223372036854775807",
    "4611686018427387904",
    "9007199254740993",
    "2147483648",
    "-2147483649",
};
static const char *const float_literals[] = {
    "1.5",
    "0.0",
    "-0.0",
    "2.0",
    "0.5",
    "-2.5",
    "1e10",
    "1e308",
    "-1e308",
    "1e-320",
    "9007199254740992.0",
    "9223372036854775808.0",
    "-9223372036854775808.0",
    "(1e308 * 10)",
    "(-1e308 * 10)",
    "(1e308 * 10 - 1e308 * 10)",
    "0.1",
    "1e19",
    "7.0",
    "-1.0",
};
static const char *const string_literals[] = {
    "'a'",
    "''",
    "'b'",
    "'ab'",
    "'abc'",
    "'A'",
    "' '",
    "'é'",
    "'日本'",
    "'😀'",
    "\"e\\u{301}\"",
    "'%'",
    "'_'",
    "'a%'",
    "'%b%'",
    "'\\'",
    "'12'",
    "'1.5'",
    "'true'",
    "'x''y'",
    "\"a\\u{10FFFF}b\"",
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'",
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'",
    "'-9223372036854775808'",
};
static const char *const bool_literals[] = {"true", "false"};
static const char *const parameters[] = {"?", "?1", "?2", ":p", "$q"};
static const char *const type_names[GENERATED_TYPES] = {"int", "float", "string", "bool"};

static void append_literal(struct sql_generator *generator, enum generated_type type, struct sql_text *text)
{
    if (seldom(generator, 16)) {
        sql_text_append(text, "null");
        return;
    }
    switch (type) {
    case GENERATED_INT: append_one_of(generator, int_literals, COUNT_OF(int_literals), text); return;
    case GENERATED_FLOAT: append_one_of(generator, float_literals, COUNT_OF(float_literals), text); return;
    case GENERATED_STRING: append_one_of(generator, string_literals, COUNT_OF(string_literals), text); return;
    case GENERATED_BOOL: append_one_of(generator, bool_literals, COUNT_OF(bool_literals), text); return;
    case GENERATED_TYPES: break;
    }
}

/* A column of the type, from a place that the choices say onwards; a literal when there is none. */
static void append_column(struct sql_generator *generator, enum generated_type type, struct sql_text *text)
{
    const struct generated_table *table = generator->table;
    unsigned first = pick(generator, GENERATED_COLUMNS_MOST);

    for (unsigned i = 0; table != NULL && i < table->column_count; i++) {
        const struct generated_column *column = &table->columns[(first + i) % table->column_count];
        if (column->type == type) {
            sql_text_append(text, column->name);
            return;
        }
    }
    append_literal(generator, type, text);
}

static void append_leaf(struct sql_generator *generator, enum generated_type type, struct sql_text *text)
{
    unsigned kind = pick(generator, 16);

    if (kind == 15 && !generator->without_parameters)
        append_one_of(generator, parameters, COUNT_OF(parameters), text);
    else if (kind < 9)
        append_column(generator, type, text);
    else
        append_literal(generator, type, text);
}

/* ---- operators and functions ---- */

static void append_case(struct sql_generator *generator, enum generated_type type, unsigned depth,
                        struct sql_text *text)
{
    unsigned branches = 1 + pick(generator, 2);
    bool has_operand = seldom(generator, 3);
    enum generated_type operand = has_operand ? pick_type(generator) : GENERATED_BOOL;

    sql_text_append(text, "(case ");
    if (has_operand)
        append_expr(generator, operand, depth, text);
    for (unsigned i = 0; i < branches; i++) {
        append_around(generator, " when ", operand, depth, " then ", text);
        append_expr(generator, type, depth, text);
    }
    if (!seldom(generator, 3))
        append_around(generator, " else ", type, depth, "", text);
    sql_text_append(text, " end)");
}

static void append_call(struct sql_generator *generator, const char *name, enum generated_type type, unsigned arguments,
                        unsigned depth, struct sql_text *text)
{
    sql_text_append(text, name);
    for (unsigned i = 0; i < arguments; i++)
        append_around(generator, i == 0 ? "(" : ", ", type, depth, "", text);
    sql_text_append(text, ")");
}

/* What may stand for a value of any type. */
static void append_any(struct sql_generator *generator, enum generated_type type, unsigned depth, struct sql_text *text)
{
    switch (pick(generator, 6)) {
    case 0: append_case(generator, type, depth, text); return;
    case 1: append_call(generator, "coalesce", type, 2 + pick(generator, 2), depth, text); return;
    case 2: append_call(generator, "nullif", type, 2, depth, text); return;
    case 3: append_call(generator, "min", type, 2 + pick(generator, 2), depth, text); return;
    case 4: append_call(generator, "max", type, 2, depth, text); return;
    default:
        append_around(generator, "cast(", pick_type(generator), depth, " as ", text);
        sql_text_append(text, type_names[type]);
        sql_text_append(text, ")");
    }
}

static void append_number(struct sql_generator *generator, enum generated_type type, unsigned depth,
                          struct sql_text *text)
{
    static const char *const operators[] = {" + ", " - ", " * ", " / ", " % "};
    static const char *const functions[] = {"abs", "sign", "-", "+", "round", "floor", "ceil"};

    switch (pick(generator, 5)) {
    case 0:
    case 1:
        append_around(generator, "(", type, depth, "", text);
        append_one_of(generator, operators, COUNT_OF(operators), text);
        append_around(generator, "", type, depth, ")", text);
        return;
    case 2:
        append_one_of(generator, functions, COUNT_OF(functions), text);
        append_around(generator, "(", type, depth, ")", text);
        return;
    case 3:
        if (type == GENERATED_INT) {
            append_around(generator, "length(", GENERATED_STRING, depth, ")", text);
        } else {
            append_around(generator, "round(", GENERATED_FLOAT, depth, ", ", text);
            append_around(generator, "", GENERATED_INT, depth, ")", text);
        }
        return;
    default:
        if (type == GENERATED_INT)
            append_call(generator, "instr", GENERATED_STRING, 2, depth, text);
        else
            append_call(generator, "power", GENERATED_FLOAT, 2, depth, text);
    }
}

static void append_string(struct sql_generator *generator, unsigned depth, struct sql_text *text)
{
    static const char *const functions[] = {"upper", "lower", "trim", "ltrim", "rtrim", "reverse"};
    static const char *const times[] = {"3", "0", "-1", "17", "200"};

    switch (pick(generator, 7)) {
    case 0: append_call(generator, "concat", GENERATED_STRING, 1 + pick(generator, 3), depth, text); return;
    case 1:
        append_call(generator, functions[pick(generator, COUNT_OF(functions))], GENERATED_STRING, 1, depth, text);
        return;
    case 2: append_call(generator, "trim", GENERATED_STRING, 2, depth, text); return;
    case 3:
        append_around(generator, "substr(", GENERATED_STRING, depth, ", ", text);
        append_expr(generator, GENERATED_INT, depth, text);
        if (seldom(generator, 2))
            append_around(generator, ", ", GENERATED_INT, depth, "", text);
        sql_text_append(text, ")");
        return;
    case 4: append_call(generator, "replace", GENERATED_STRING, 3, depth, text); return;
    case 5: append_call(generator, "typeof", pick_type(generator), 1, depth, text); return;
    default:
        append_around(generator, "repeat(", GENERATED_STRING, depth, ", ", text);
        append_one_of(generator, times, COUNT_OF(times), text);
        sql_text_append(text, ")");
    }
}

static void append_comparison(struct sql_generator *generator, unsigned depth, struct sql_text *text)
{
    static const char *const operators[] = {
        " == ", " != ", " < ", " <= ", " > ", " >= ", " is distinct from ", " is not distinct from "};
    enum generated_type type = pick_type(generator);
    bool mixes = type <= GENERATED_FLOAT && seldom(generator, 4);

    append_around(generator, "(", type, depth, "", text);
    append_one_of(generator, operators, COUNT_OF(operators), text);
    append_around(generator, "", mixes ? GENERATED_FLOAT : type, depth, ")", text);
}

static void append_in(struct sql_generator *generator, unsigned depth, struct sql_text *text)
{
    enum generated_type type = pick_type(generator);
    unsigned items = 1 + pick(generator, 4);

    append_around(generator, "(", type, depth, seldom(generator, 3) ? " not in (" : " in (", text);
    for (unsigned i = 0; i < items; i++)
        append_around(generator, i == 0 ? "" : ", ", type, i == 0 ? depth : 0, "", text);
    sql_text_append(text, "))");
}

static void append_like(struct sql_generator *generator, unsigned depth, struct sql_text *text)
{
    append_around(generator, "(", GENERATED_STRING, depth, seldom(generator, 3) ? " not like " : " like ", text);
    append_expr(generator, GENERATED_STRING, depth, text);
    sql_text_append(text, seldom(generator, 6) ? " escape 'a')" : ")");
}

static void append_between(struct sql_generator *generator, unsigned depth, struct sql_text *text)
{
    enum generated_type type = pick_type(generator);

    append_around(generator, "(", type, depth, seldom(generator, 4) ? " not between " : " between ", text);
    append_around(generator, "", type, depth, " and ", text);
    append_around(generator, "", type, depth, ")", text);
}

static void append_bool(struct sql_generator *generator, unsigned depth, struct sql_text *text)
{
    static const char *const tests[] = {"starts_with", "ends_with", "contains"};

    switch (pick(generator, 12)) {
    case 0:
    case 1:
    case 2:
    case 3: append_comparison(generator, depth, text); return;
    case 4:
    case 5:
    case 6:
        append_around(generator, "(", GENERATED_BOOL, depth, seldom(generator, 2) ? " or " : " and ", text);
        append_around(generator, "", GENERATED_BOOL, depth, ")", text);
        return;
    case 7: append_around(generator, "(not ", GENERATED_BOOL, depth, ")", text); return;
    case 8: append_in(generator, depth, text); return;
    case 9: append_like(generator, depth, text); return;
    case 10: append_between(generator, depth, text); return;
    default:
        if (seldom(generator, 3))
            append_call(generator, tests[pick(generator, COUNT_OF(tests))], GENERATED_STRING, 2, depth, text);
        else
            append_around(generator, "(", pick_type(generator), depth,
                          seldom(generator, 2) ? " is not null)" : " is null)", text);
    }
}

void generate_expr(struct sql_generator *generator, enum generated_type type, unsigned depth, struct sql_text *text)
{
    if (!generator->without_mistakes && seldom(generator, 64))
        type = pick_type(generator);
    if (depth == 0 || generator->choices->at >= generator->choices->size) {
        append_leaf(generator, type, text);
        return;
    }
    unsigned kind = pick(generator, 8);
    if (kind < 2) {
        append_leaf(generator, type, text);
    } else if (kind == 2) {
        append_any(generator, type, depth, text);
    } else if (type == GENERATED_STRING) {
        append_string(generator, depth, text);
    } else if (type == GENERATED_BOOL) {
        append_bool(generator, depth, text);
    } else {
        append_number(generator, type, depth, text);
    }
}

/* ---- statements ---- */

enum { DEPTH = 4 };

static void append_where(struct sql_generator *generator, struct sql_text *text)
{
    if (!seldom(generator, 3))
        append_around(generator, " where ", GENERATED_BOOL, DEPTH, "", text);
}

static void append_aggregate(struct sql_generator *generator, struct sql_text *text)
{
    static const char *const functions[] = {"count(", "sum(", "avg(", "min(", "max(", "group_concat("};
    unsigned function = pick(generator, COUNT_OF(functions) + 1);
    enum generated_type type = pick_type(generator);

    if (function == COUNT_OF(functions)) {
        sql_text_append(text, "count(*)");
        return;
    }
    if (function == 5)
        type = GENERATED_STRING;
    else if ((function == 1 || function == 2) && type > GENERATED_FLOAT)
        type = GENERATED_INT;
    sql_text_append(text, functions[function]);
    if (seldom(generator, 4))
        sql_text_append(text, "distinct ");
    append_expr(generator, type, 3, text);
    sql_text_append(text, ")");
}

static void append_order(struct sql_generator *generator, unsigned items, struct sql_text *text)
{
    static const char *const positions[] = {"1", "2", "3", "4"};
    static const char *const directions[] = {"", " desc", " nulls last", " desc nulls first", " asc"};
    unsigned count = pick(generator, 3);

    for (unsigned i = 0; i < count; i++) {
        sql_text_append(text, i == 0 ? " order by " : ", ");
        if (seldom(generator, 2))
            append_one_of(generator, positions, items, text);
        else
            append_expr(generator, pick_type(generator), 2, text);
        append_one_of(generator, directions, COUNT_OF(directions), text);
    }
}

static void append_limit(struct sql_generator *generator, struct sql_text *text)
{
    static const char *const limits[] = {"1", "3", "0", "10", "null", "-1", "9223372036854775807", "?", "2 + 1", "1.5"};

    if (seldom(generator, 3)) {
        sql_text_append(text, " limit ");
        append_one_of(generator, limits, COUNT_OF(limits), text);
    }
    if (seldom(generator, 5)) {
        sql_text_append(text, " offset ");
        append_one_of(generator, limits, COUNT_OF(limits), text);
    }
}

static void append_grouped_select(struct sql_generator *generator, struct sql_text *text)
{
    struct sql_text groups;
    unsigned group_count = pick(generator, 3), aggregate_count = 1 + pick(generator, 2);

    sql_text_clear(&groups);
    for (unsigned i = 0; i < group_count; i++) {
        if (i > 0)
            sql_text_append(&groups, ", ");
        append_expr(generator, pick_type(generator), 2, &groups);
    }
    sql_text_append(text, "select ");
    for (unsigned i = 0; i < aggregate_count; i++) {
        if (i > 0)
            sql_text_append(text, ", ");
        append_aggregate(generator, text);
    }
    if (group_count > 0) {
        sql_text_append(text, ", ");
        sql_text_append(text, groups.bytes);
    }
    sql_text_append(text, " from ");
    sql_text_append(text, generator->table->name);
    append_where(generator, text);
    if (group_count > 0) {
        sql_text_append(text, " group by ");
        sql_text_append(text, groups.bytes);
    }
    if (seldom(generator, 3)) {
        sql_text_append(text, " having ");
        append_aggregate(generator, text);
        sql_text_append(text, seldom(generator, 2) ? " is null" : " is not null");
    }
    append_order(generator, aggregate_count, text);
    append_limit(generator, text);
}

static void append_plain_select(struct sql_generator *generator, struct sql_text *text)
{
    unsigned items = 1 + pick(generator, 3);

    sql_text_append(text, seldom(generator, 4) ? "select distinct " : "select ");
    for (unsigned i = 0; i < items; i++) {
        if (i > 0)
            sql_text_append(text, ", ");
        if (seldom(generator, 3))
            sql_text_append(text, generator->table == NULL ? "1 as one" : "*");
        else
            append_expr(generator, pick_type(generator), DEPTH, text);
    }
    if (generator->table != NULL) {
        sql_text_append(text, " from ");
        sql_text_append(text, generator->table->name);
    }
    append_where(generator, text);
    append_order(generator, items, text);
    append_limit(generator, text);
}

static void append_select(struct sql_generator *generator, struct sql_text *text)
{
    if (generator->table != NULL && seldom(generator, 3))
        append_grouped_select(generator, text);
    else
        append_plain_select(generator, text);
}

void generate_row(struct sql_generator *generator, struct sql_text *text)
{
    const struct generated_table *table = generator->table;

    for (unsigned i = 0; i < table->column_count; i++) {
        sql_text_append(text, i == 0 ? "(" : ", ");
        append_literal(generator, table->columns[i].type, text);
    }
    sql_text_append(text, ")");
}

static void append_values(struct sql_generator *generator, struct sql_text *text)
{
    const struct generated_table *table = generator->table;
    unsigned rows = 1 + pick(generator, 4);
    struct sql_generator constants = *generator;

    constants.table = NULL;
    sql_text_append(text, " values ");
    for (unsigned row = 0; row < rows; row++) {
        sql_text_append(text, row > 0 ? ", (" : "(");
        for (unsigned i = 0; i < table->column_count; i++) {
            if (i > 0)
                sql_text_append(text, ", ");
            if (seldom(generator, 16))
                sql_text_append(text, "default");
            else
                generate_expr(&constants, table->columns[i].type, 2, text);
        }
        sql_text_append(text, ")");
    }
}

static void append_insert_query(struct sql_generator *generator, struct sql_text *text)
{
    const struct generated_table *table = generator->table;
    struct sql_generator source = *generator;

    source.table = &tables[pick(generator, COUNT_OF(tables))];
    sql_text_append(text, " select ");
    for (unsigned i = 0; i < table->column_count; i++) {
        if (i > 0)
            sql_text_append(text, ", ");
        generate_expr(&source, table->columns[i].type, 2, text);
    }
    sql_text_append(text, " from ");
    sql_text_append(text, source.table->name);
    append_where(&source, text);
}

static void append_insert(struct sql_generator *generator, struct sql_text *text)
{
    bool is_upsert = seldom(generator, 3);

    sql_text_append(text, is_upsert ? "upsert into " : "insert into ");
    sql_text_append(text, generator->table->name);
    if (seldom(generator, 3))
        append_insert_query(generator, text);
    else
        append_values(generator, text);
    if (!is_upsert && seldom(generator, 4))
        sql_text_append(text, " on conflict do nothing");
}

static void append_update(struct sql_generator *generator, struct sql_text *text)
{
    const struct generated_table *table = generator->table;
    unsigned first = pick(generator, table->column_count), count = 1 + pick(generator, 2);

    sql_text_append(text, "update ");
    sql_text_append(text, table->name);
    sql_text_append(text, " set ");
    for (unsigned i = 0; i < count; i++) {
        const struct generated_column *column = &table->columns[(first + i) % table->column_count];
        if (i > 0)
            sql_text_append(text, ", ");
        sql_text_append(text, column->name);
        sql_text_append(text, " = ");
        if (seldom(generator, 10))
            sql_text_append(text, "default");
        else
            append_expr(generator, column->type, DEPTH, text);
    }
    append_where(generator, text);
}

static void append_other(struct sql_generator *generator, struct sql_text *text)
{
    static const char *const others[] = {
        "begin",
        "commit",
        "rollback",
        "begin",
        "commit",
        "show tables",
        "describe t",
        "create table u (id int primary key, s string)",
        "drop table u",
        "create table if not exists u { s string primary, }",
        "drop table if exists u",
        "insert into u values (1, 'a')",
        "select * from u",
        "select count(*) from u",
        "insert into h default values",
        "values (1, 'a'), (null, 'b') order by 2 limit 1",
        "savepoint s",
        "insert into h (y, x) values ('y', 1)",
        "update h set 1, 'x', true",
        "drop table h",
        "create table h (x int, y string, z bool)",
        "create table g (f float primary key, b bool, c string not null default 'c')",
        "drop table g",
        "begin; delete from t",
        "select from",
        "insert into t (id, id) values (1, 1)",
    };

    append_one_of(generator, others, COUNT_OF(others), text);
}

void generate_statement(struct sql_generator *generator, struct sql_text *text)
{
    unsigned kind = pick(generator, 32);

    generator->table = kind == 20 ? NULL : &tables[pick(generator, COUNT_OF(tables))];
    if (kind >= 30)
        sql_text_append(text, kind == 30 ? "explain " : "explain analyze ");
    if (kind < 8 || kind >= 30 || kind == 20) {
        append_select(generator, text);
    } else if (kind < 16) {
        append_insert(generator, text);
    } else if (kind < 20) {
        append_update(generator, text);
    } else if (kind < 23) {
        sql_text_append(text, "delete from ");
        sql_text_append(text, generator->table->name);
        append_around(generator, " where ", GENERATED_BOOL, DEPTH, "", text);
    } else {
        append_other(generator, text);
    }
    sql_text_append(text, ";\n");
}
