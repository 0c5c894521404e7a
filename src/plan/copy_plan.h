/* copy_plan.h - what a copy statement is to do: where rows come from or go to, in which format, and what becomes of
 * those that do not fit. Part of a plan; immutable. */
#ifndef SSQL_PLAN_COPY_PLAN_H
#define SSQL_PLAN_COPY_PLAN_H

#include "catalog/catalog.h"
#include "format/record.h"
#include "plan/bound_expr.h"

enum copy_conflict { COPY_CONFLICT_FAIL, COPY_CONFLICT_IGNORE, COPY_CONFLICT_REPLACE };

struct copy_plan {
    const char *path; /* NULL: the connection's stream */
    struct ssql_span path_span;
    enum record_format format;
    bool has_header;        /* CSV, TSV */
    char delimiter;         /* '\0': the format's own */
    struct slice null_text; /* data NULL: the format's own */

    /* to */
    struct slice insert_table;              /* that insert statements name */
    bool (*is_reserved)(struct slice name); /* for these: a word that is no name without quotes */

    /* from */
    const struct table_schema *table; /* NULL: it is made, with the file's columns */
    struct slice table_name;
    struct ssql_span table_span;
    bool has_columns;              /* only some columns, or columns in another order, are loaded: */
    uint32_t column_count;         /* of the list; else of the table's visible ones */
    const uint16_t *columns;       /* positions in the table */
    const struct slice *new_names; /* of a table that is made; NULL: the file says */
    struct bound_expr **defaults;  /* of every visible column of the table */
    void (*append_name)(struct buffer *buffer, struct slice name); /* with quotes where needed */
    bool makes_only;                                               /* the table is made, and stays empty */
    uint32_t key_count;                                            /* primary key of a table that is made */
    const struct slice *key_names;
    uint64_t skip_lines;
    enum copy_conflict conflict;
    const char *rejects_path; /* NULL: rejected records are only counted */
    struct ssql_span rejects_span;
    uint64_t rejects_most; /* records that may be rejected */
    uint64_t batch_rows;   /* rows after which is committed; 0: all is one transaction */
};

#endif
