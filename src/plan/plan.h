/* plan.h - a statement as it will run: a tree of plan nodes over bound expressions, with everything that has to be
 * known to run it again and again with other parameters. Immutable once made; owns its arena. Made by planner.h, run by
 * exec.
 *
 * A node's output is a row of `column_count` typed columns; a BOUND_COLUMN of a node's expression is a position in its
 * child's output (in its own scanned columns for PLAN_SCAN and PLAN_LOOKUP). */
#ifndef SSQL_PLAN_PLAN_H
#define SSQL_PLAN_PLAN_H

#include "base/zone.h"
#include "catalog/catalog.h"
#include "plan/backup_plan.h"
#include "plan/bound_expr.h"
#include "plan/copy_plan.h"

enum plan_kind {
    PLAN_VALUES, /* rows of expressions without columns; also one row without columns for a select without from */
    PLAN_SCAN,   /* rows of a table in a key range */
    PLAN_LOOKUP, /* at most one row of a table, by its whole key */
    PLAN_FILTER,
    PLAN_PROJECT,
    PLAN_AGGREGATE, /* output: group keys, then aggregates */
    PLAN_DISTINCT,
    PLAN_SORT, /* with row_limit: only the first so many are kept */
    PLAN_LIMIT,
    PLAN_INSERT,
    PLAN_UPDATE,
    PLAN_DELETE,
    PLAN_COPY_FROM,
    PLAN_COPY_TO, /* writes its child's rows out */
    PLAN_BACKUP,  /* one row that tells what it is made of */
    PLAN_CREATE_TABLE,
    PLAN_DROP_TABLE,
    PLAN_ANALYZE, /* runs its child to the end and tells how that went: a column of text */
    PLAN_BEGIN,
    PLAN_COMMIT,
    PLAN_ROLLBACK, /* for the session; no node of exec */
    PLAN_NOTHING,  /* create table if not exists of one that is there */
};

/* One end of a key range: the first `count` key columns compared with expressions without columns. A null among them:
 * no row. */
struct key_bound {
    uint32_t count;            /* 0: open */
    struct bound_expr **parts; /* of the key columns' types */
    bool is_exclusive;         /* of all keys that begin with these parts */
};

struct zone_condition { /* becomes a zone_predicate once its constant is known; a null constant: no row */
    uint16_t column;    /* table column */
    enum zone_operator operator;
    struct bound_expr *constant;
};

struct sort_key {
    uint32_t column; /* of the child's output */
    bool is_descending;
    bool nulls_last;
};

enum insert_mode { INSERT_NEW, INSERT_OR_REPLACE /* upsert */, INSERT_OR_NOTHING /* on conflict do nothing */ };

struct create_table_plan {
    struct table_definition definition;
    struct ssql_span name_span;
    struct bound_expr **defaults; /* those that are computed: they are tried before the table is made */
    uint32_t default_count;
};

struct plan_node {
    enum plan_kind kind;
    struct plan_node *child; /* NULL for leaves */
    uint32_t column_count;
    const enum ssql_type *column_types;
    const struct slice *column_names; /* for explain and results */
    union {
        struct {
            uint32_t row_count;
            struct bound_expr **items; /* row by row, row_count * column_count */
        } values;
        struct {
            const struct table_schema *table; /* of the schema that the plan retains */
            const uint16_t *columns; /* table columns of the output; the first filter_column_count are the filter's */
            uint32_t filter_column_count;
            struct bound_expr *filter;  /* over the output columns; NULL: none. May fail */
            struct key_bound low, high; /* PLAN_LOOKUP: low holds the whole key */
            const struct zone_condition *zones;
            uint32_t zone_count;
            bool in_key_order, is_descending;
        } scan; /* PLAN_SCAN, PLAN_LOOKUP */
        struct {
            struct bound_expr *condition;
        } filter;
        struct {
            struct bound_expr **items;
        } project;
        struct {
            uint32_t key_count;
            struct bound_expr **keys; /* over the child's columns; 0 keys: exactly one row comes out */
            uint32_t aggregate_count;
            const struct bound_aggregate *aggregates;
        } aggregate;
        struct {
            uint32_t key_count;
            const struct sort_key *keys;
            struct bound_expr *row_limit; /* NULL: all; an int without columns: limit + offset */
        } sort;
        struct {
            struct bound_expr *limit, *offset;
        } limit; /* NULL: none; ints without columns, must not be negative */
        struct {
            const struct table_schema *table;
            enum insert_mode mode;
            const struct ssql_span *row_spans; /* of each row of a values child, or of the query; or NULL */
        } insert;                              /* the child gives every visible column, in table order, of its type */
        struct {
            const struct table_schema *table;
            bool changes_key;
            const int32_t *new_values; /* per table column: position in the child's output of its new value */
            const uint16_t *old_key;   /* per key column: position in the child's output of its old value */
        } update;
        struct {
            const struct table_schema *table;
            const uint16_t *key;          /* per key column: position in the child's output */
        } remove;                         /* PLAN_DELETE */
        const struct copy_plan *copy;     /* PLAN_COPY_FROM, PLAN_COPY_TO */
        const struct backup_plan *backup; /* PLAN_BACKUP */
        struct create_table_plan create_table;
        struct {
            const struct table_schema *table;
        } drop_table;
    };
};

struct plan_parameter {
    struct slice name;   /* without ':' or '$'; empty for '?' */
    enum ssql_type type; /* that the statement asks for; SSQL_TYPE_NULL: not known, plan again with the value's type */
};

struct plan {
    struct arena arena;
    struct schema *schema; /* retained */
    struct plan_node *root;
    bool returns_rows; /* then the result's columns are the root's */
    bool is_read_only;
    bool changes_schema;
    bool begin_is_read_only;
    uint32_t parameter_count;
    struct plan_parameter *parameters;
};

void plan_destroy(struct plan *plan); /* accepts NULL */

/* Forgets all but the memory, for another plan (planner.h). No execution of it is left. */
void plan_empty(struct plan *plan);

/* What running the plan does: the kind of its root, or of what `explain analyze` runs. */
static inline enum plan_kind plan_effect(const struct plan *plan)
{
    return plan->root->kind == PLAN_ANALYZE ? plan->root->child->kind : plan->root->kind;
}

/* The tree as `explain` prints it: one line per node, indented by two spaces. */
void plan_append_text(struct buffer *buffer, const struct plan *plan);

#endif
