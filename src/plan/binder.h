/* binder.h - inside the room: names and types of one statement are looked up and checked. What could not be bound is
 * NULL (or false), with the error in binder->error; where no error was set, memory is out. Everything made is in
 * binder->arena; nothing points into the statement's tree or text afterwards. */
#ifndef SSQL_PLAN_BINDER_H
#define SSQL_PLAN_BINDER_H

#include "parser/ast.h"
#include "plan/bound_make.h"
#include "plan/plan.h"

struct parser;

/* Where in the statement an expression stands: says what it may use, and how errors name the place. */
enum clause {
    CLAUSE_SELECT,
    CLAUSE_WHERE,
    CLAUSE_GROUP_BY,
    CLAUSE_HAVING,
    CLAUSE_ORDER_BY,
    CLAUSE_LIMIT,
    CLAUSE_VALUES,
    CLAUSE_SET,
    CLAUSE_DEFAULT,
};

/* What is known of a parameter. Its type comes from the first place that asks for one. A place before that has seen it
 * without a type: then the statement is bound once more, with the types that were found. */
struct parameter_state {
    enum ssql_type type;
    uint32_t untyped_uses; /* places that had to do without its type */
};

struct aggregate_list {
    struct bound_aggregate *items;
    uint32_t count, capacity;
};

struct binder {
    struct arena *arena;
    const struct schema *schema;
    struct slice text; /* of the statement, which spans point into */
    struct ssql_error *error;
    struct parameter_state *parameters;
    uint32_t parameter_count;
    struct parser *parser; /* made when a stored default is wanted; NULL before */

    /* the scope of names */
    const struct table_schema *table; /* NULL: no columns */
    struct slice table_name;          /* by which columns may be qualified */
    enum clause clause;
    const struct select *outputs; /* having, order by: an unknown column may be one of its output names; else NULL */
    struct aggregate_list *aggregates; /* where aggregates are collected; NULL: none are allowed */
    const struct select *select;       /* of the query that is bound, for hints only; or NULL */
    bool is_in_aggregate;
    bool is_without_spans;   /* stored text is bound, which the statement does not show */
    uint64_t repeated_nodes; /* of operands that are written once and wanted several times */
};

/* ---- binder.c: names, types, parameters ---- */

const char *clause_name(enum clause clause);
struct ssql_span binder_span(const struct binder *binder, struct ssql_span span);

/* NULL with an error that names near tables. */
const struct table_schema *bind_table(struct binder *binder, const struct name *name);
/* Opens the scope of a table; the name is what qualifies its columns. */
void binder_enter(struct binder *binder, const struct table_schema *table, struct slice name);
/* Position of a visible column of the table; -1 with an error that names near ones. */
int bind_column_name(struct binder *binder, const struct table_schema *table, const struct name *name);
/* Whether the table before a dot (or none, when its text is empty) is the one in scope; else an error. */
bool bind_qualifier(struct binder *binder, const struct name *table);
/* Adds a hint that lists the columns of a table if they are few, else one that says how to list them. `before` is text
 * to be put before, ending with "; ", or empty. */
void binder_hint_columns(struct binder *binder, const struct table_schema *table, const char *before);
/* A column reference within an expression. */
struct bound_expr *bind_column(struct binder *binder, const struct expr *expr);

struct bound_expr *bind_parameter(struct binder *binder, const struct expr *expr);

/* The type to which both can be brought: the same, a null's partner, float for int and float. False: there is none. */
bool common_type(enum ssql_type left, enum ssql_type right, enum ssql_type *common);
/* Brings an expression to a type that common_type allows: gives nulls and parameters their type, widens ints. False: it
 * has another type (no error is set), as a parameter that has got one since it was bound; it is given that. */
bool coerce(struct binder *binder, struct bound_expr **expr, enum ssql_type type);
bool coerce_both(struct binder *binder, struct bound_expr **exprs, enum ssql_type type);

/* A constant expression stored as text, brought to the type. */
struct bound_expr *bind_stored_default(struct binder *binder, const struct column_schema *column);
void binder_clear(struct binder *binder); /* frees the parser */

/* ---- binder_expr.c ---- */

struct bound_expr *bind_expr(struct binder *binder, const struct expr *expr);
/* The same for a condition: bool, with an error otherwise. */
struct bound_expr *bind_condition(struct binder *binder, const struct expr *expr);
/* The same for a value that a column gets: brought to its type, with an error that names the column. */
struct bound_expr *bind_column_value(struct binder *binder, const struct expr *expr,
                                     const struct column_schema *column);

/* ---- binder_function.c ---- */

struct bound_expr *bind_function(struct binder *binder, const struct expr *expr);

/* While a select list is bound, aggregate i is a column of this number; see binder_query.c. */
enum { AGGREGATE_COLUMN_BASE = 1 << 30 };

/* ---- binder_query.c ---- */

enum source_kind { SOURCE_NOTHING /* one row without columns */, SOURCE_TABLE, SOURCE_VALUES };

enum { RESULT_COLUMNS_MOST = 4096, SORT_KEYS_MOST = 1024, GROUP_KEYS_MOST = 1024, AGGREGATES_MOST = 4096 };
#define NO_OUTPUT UINT32_MAX

struct bound_order {
    struct bound_expr *expr; /* NULL when `output` says it */
    uint32_t output;         /* position in the select list, or NO_OUTPUT */
    bool is_descending, nulls_last;
};

/* A query with all names bound. Columns are those of the source; when grouped, those of items, having and order are the
 * keys, followed by the aggregates. */
struct bound_query {
    enum source_kind source;
    const struct table_schema *table; /* SOURCE_TABLE, and SOURCE_VALUES: made for the scope of names */
    uint32_t row_count;               /* SOURCE_VALUES */
    struct bound_expr **row_items;
    struct bound_expr *where; /* NULL: none, likewise below */
    bool is_grouped;
    uint32_t key_count;
    struct bound_expr **keys;
    struct aggregate_list aggregates;
    struct bound_expr *having;
    bool is_distinct;
    uint32_t item_count;
    struct bound_expr **items;
    struct slice *item_names;
    uint32_t order_count;
    struct bound_order *order;
    struct bound_expr *limit, *offset;
};

struct bound_query *bind_query(struct binder *binder, const struct query *query);

/* ---- binder_write.c ---- */

struct bound_insert {
    const struct table_schema *table;
    enum insert_mode mode;
    uint32_t row_count; /* of values: one item for every visible column each */
    struct bound_expr **items;
    struct ssql_span *row_spans;    /* of each row of values; else of the query, or the table */
    struct bound_query *query;      /* NULL: values */
    struct bound_expr **projection; /* of a query: every visible column, over the query's columns */
};

struct bound_update {
    const struct table_schema *table;
    struct bound_expr **new_values; /* per column of the table; NULL: stays */
    struct bound_expr *where;       /* NULL: every row */
};

struct bound_delete {
    const struct table_schema *table;
    struct bound_expr *where;
};

struct bound_insert *bind_insert(struct binder *binder, const struct insert *insert);
struct bound_update *bind_update(struct binder *binder, const struct update *update);
struct bound_delete *bind_delete(struct binder *binder, const struct delete *delete);

/* ---- binder_copy.c ---- */

/* The value of an option of copy or backup; NULL when it is of another type. */
const struct value *option_value(const struct copy_option *option, enum ssql_type type);

struct copy_plan *bind_copy_from(struct binder *binder, const struct copy *copy);
/* What is written out, and how. */
struct bound_query *bind_copy_to(struct binder *binder, const struct copy *copy, struct copy_plan **plan);

/* ---- binder_schema.c ---- */

/* False with an error; *exists: the table is there already and that is all right. */
bool bind_create_table(struct binder *binder, const struct create_table *create, struct create_table_plan *made,
                       bool *exists);

#endif
