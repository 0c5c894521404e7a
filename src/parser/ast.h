/* ast.h - a statement as it was written: names not looked up, types not checked. Standard spellings and ours give the
 * same tree. Everything lives in the arena that was given to parse_statement, and no part is changed once it is built.
 * Spans are byte offsets into the text given to parse_statement, which `statement.text` repeats: the statement's own
 * copy, into which names and strings point. The depth of a tree is at most EXPRESSION_DEPTH_LIMIT (parser.h), so that
 * walkers may recurse. Lists are arrays; an empty list is NULL with count 0. */
#ifndef SSQL_PARSER_AST_H
#define SSQL_PARSER_AST_H

#include "base/error.h"
#include "base/slice.h"
#include "base/type.h"
#include "base/value.h"

/* A name, without its quotes. text.size == 0: there is none. Case is kept; names compare without it (name_equal). */
struct name {
    struct slice text;
    struct ssql_span span;
};

struct name_list {
    struct name *items;
    uint32_t count;
};

/* A type as written, already resolved: `integer` is int, `varchar(20)` is string. */
struct type_name {
    enum ssql_type type;
    struct ssql_span span;
};

struct expr;

struct expr_list {
    struct expr **items;
    uint32_t count;
};

enum expr_kind {
    EXPR_LITERAL,
    EXPR_COLUMN,
    EXPR_PARAMETER,
    EXPR_DEFAULT, /* the word `default`: only a value of an insert's row or the new value of an assignment */
    EXPR_UNARY,
    EXPR_BINARY,
    EXPR_BETWEEN,
    EXPR_IN,
    EXPR_LIKE,
    EXPR_IS,
    EXPR_CASE,
    EXPR_CAST,
    EXPR_FUNCTION,
};

enum unary_operator { UNARY_NEGATE, UNARY_PLUS, UNARY_NOT }; /* both `not` and `!` */

enum binary_operator {
    BINARY_OR,
    BINARY_AND,
    BINARY_EQUAL,
    BINARY_NOT_EQUAL,
    BINARY_LESS,
    BINARY_LESS_EQUAL,
    BINARY_GREATER,
    BINARY_GREATER_EQUAL,
    BINARY_DISTINCT,     /* is distinct from */
    BINARY_NOT_DISTINCT, /* is not distinct from */
    BINARY_ADD,
    BINARY_SUBTRACT,
    BINARY_MULTIPLY,
    BINARY_DIVIDE,
    BINARY_REMAINDER,
};

enum is_test { IS_NULL, IS_TRUE, IS_FALSE };

struct case_branch {
    struct expr *when; /* a condition, or a value when the case has an operand */
    struct expr *then;
};

struct expr {
    enum expr_kind kind;
    uint16_t depth;        /* 1 for a leaf */
    bool is_quoted_token;  /* parser's own: a literal that is one double-quoted token, and so may yet turn out a name */
    struct ssql_span span; /* without parentheses round the whole */
    union {
        struct value literal; /* EXPR_LITERAL; a minus before a number belongs to it */
        struct {
            struct name table; /* empty when not written */
            struct name column;
        } column; /* EXPR_COLUMN */
        struct {
            uint32_t index;    /* from 1, as bound */
            struct slice name; /* without its sign; empty for `?` and `?1` */
        } parameter;           /* EXPR_PARAMETER */
        struct {
            enum unary_operator operator;
            struct expr *operand;
        } unary; /* EXPR_UNARY */
        struct {
            enum binary_operator operator;
            struct expr *left, *right;
            struct ssql_span operator_span;
        } binary; /* EXPR_BINARY */
        struct {
            struct expr *operand, *low, *high;
            bool is_negated;
        } between; /* EXPR_BETWEEN */
        struct {
            struct expr *operand;
            struct expr_list items;
            bool is_negated;
        } in; /* EXPR_IN */
        struct {
            struct expr *operand, *pattern;
            struct expr *escape; /* NULL when not written */
            bool is_negated;
        } like; /* EXPR_LIKE */
        struct {
            struct expr *operand;
            enum is_test test;
            bool is_negated;
        } is; /* EXPR_IS */
        struct {
            struct expr *operand; /* NULL: each `when` is a condition */
            struct case_branch *branches;
            uint32_t branch_count;
            struct expr *otherwise; /* NULL: null */
        } case_when;                /* EXPR_CASE */
        struct {
            struct expr *operand;
            struct type_name type;
        } cast; /* EXPR_CAST */
        struct {
            struct name name;
            struct expr_list arguments;
            bool is_distinct; /* count(distinct x) */
            bool is_star;     /* count(*): no arguments */
        } function;           /* EXPR_FUNCTION */
    };
};

enum select_item_kind { SELECT_ITEM_EXPR, SELECT_ITEM_STAR, SELECT_ITEM_TABLE_STAR };

struct select_item {
    enum select_item_kind kind;
    struct ssql_span span;
    struct expr *expr;  /* SELECT_ITEM_EXPR */
    struct name alias;  /* SELECT_ITEM_EXPR: the name after `as`; empty when not written */
    struct slice title; /* SELECT_ITEM_EXPR: the output column's name: alias, name of a plain column, or the item's
                         * source text in which each run of blanks and comments is one space */
    struct name table;  /* SELECT_ITEM_TABLE_STAR */
};

struct table_reference {
    struct name table;
    struct name alias; /* empty when not written */
    struct ssql_span span;
};

enum nulls_order { NULLS_DEFAULT, NULLS_FIRST, NULLS_LAST };

struct order_item {
    struct expr *expr; /* an expression, an output name or a column number (an int literal) */
    bool is_descending;
    enum nulls_order nulls;
    struct ssql_span span;
};

struct select {
    bool is_distinct;
    struct select_item *items;
    uint32_t item_count;
    struct table_reference *from; /* NULL: one row of no columns */
    struct expr *where;           /* NULL when not written; likewise below */
    struct expr_list group_by;
    struct expr *having;
};

/* Rows of expressions; the parser does not compare their lengths. */
struct row {
    struct expr_list values;
    struct ssql_span span;
};

struct row_list {
    struct row *items;
    uint32_t count;
};

enum query_kind { QUERY_SELECT, QUERY_VALUES };

struct query {
    enum query_kind kind;
    struct ssql_span span;
    struct select select; /* QUERY_SELECT */
    struct row_list rows; /* QUERY_VALUES, at least one */
    struct order_item *order_by;
    uint32_t order_by_count;
    struct expr *limit;  /* NULL when not written */
    struct expr *offset; /* NULL when not written */
};

enum insert_source { INSERT_ROWS, INSERT_QUERY, INSERT_DEFAULT_VALUES };

struct insert {
    bool is_upsert;
    struct name table;
    bool has_columns;         /* a column list was written; else all columns in their order */
    struct name_list columns; /* as named in the statement, duplicates not refused yet */
    enum insert_source source;
    struct row_list rows;              /* INSERT_ROWS; `values 1, "bob"` is one row */
    struct query *query;               /* INSERT_QUERY */
    bool is_conflict_ignored;          /* on conflict do nothing */
    struct name_list conflict_columns; /* on conflict (a, b) do nothing; empty when not written */
    struct ssql_span conflict_span;    /* of the whole clause */
};

struct assignment {
    struct name column;
    struct expr *value;
};

struct update {
    struct name table;
    bool is_positional;        /* set 1, "al", false: one literal for every column */
    struct expr_list values;   /* positional */
    struct ssql_span set_span; /* of all that follows the word `set` */
    struct assignment *assignments;
    uint32_t assignment_count;
    struct expr *where; /* NULL when not written */
};

struct delete
{
    struct name table;
    struct expr *where; /* NULL when not written */
};

/* Where rows come from or go to: a file's path as written, or a stream of the connection. */
struct copy_place {
    bool is_stream; /* `stdin` or `stdout`, in the direction that fits; a path "-" is for the binder */
    struct slice path;
    struct ssql_span span;
};

struct copy_option {
    struct name name;
    struct expr *value; /* a literal; a bare word is a string */
};

struct copy {
    bool is_from;
    struct name table;        /* empty: `query` */
    struct name_list columns; /* empty when not written */
    struct query *query;      /* only to */
    struct copy_place place;
    struct copy_option *options; /* names not looked up, duplicates not refused yet */
    uint32_t option_count;
};

struct backup {
    struct slice path;
    struct ssql_span span;       /* of the path */
    struct copy_option *options; /* as those of copy */
    uint32_t option_count;
};

struct column_definition {
    struct name name;
    struct type_name type;
    bool is_not_null;           /* `not null` was written; a primary key's columns are not null anyhow */
    struct expr *default_value; /* NULL when not written */
    struct ssql_span span;
};

struct create_table {
    struct name table;
    bool if_not_exists;
    struct column_definition *columns;
    uint32_t column_count;
    struct name_list primary_key; /* of the column marked `primary`, or of the constraint `primary key (a, b)`; may be
                                   * empty, may name columns that do not exist or one twice */
};

struct drop_table {
    struct name table;
    bool if_exists;
};

struct describe {
    struct name table;
};

enum statement_kind {
    STATEMENT_QUERY,
    STATEMENT_INSERT,
    STATEMENT_UPDATE,
    STATEMENT_DELETE,
    STATEMENT_COPY,
    STATEMENT_BACKUP,
    STATEMENT_CREATE_TABLE,
    STATEMENT_DROP_TABLE,
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_SHOW_TABLES,
    STATEMENT_DESCRIBE,
    STATEMENT_EXPLAIN,
};

struct statement {
    enum statement_kind kind;
    bool is_analyze;               /* STATEMENT_EXPLAIN: the statement is run, and what that took is told */
    struct ssql_span span;         /* first to last token, without the `;` */
    struct slice text;             /* what was parsed, with what came before the statement: spans point into it */
    uint32_t parameter_count;      /* highest index used */
    struct slice *parameter_names; /* [parameter_count]: name of index i + 1, empty when it has none */
    union {
        struct query *query;               /* STATEMENT_QUERY */
        struct insert *insert;             /* STATEMENT_INSERT */
        struct update *update;             /* STATEMENT_UPDATE */
        struct delete *delete;             /* STATEMENT_DELETE */
        struct copy *copy;                 /* STATEMENT_COPY */
        struct backup *backup;             /* STATEMENT_BACKUP */
        struct create_table *create_table; /* STATEMENT_CREATE_TABLE */
        struct drop_table *drop_table;     /* STATEMENT_DROP_TABLE */
        struct describe *describe;         /* STATEMENT_DESCRIBE */
        struct statement *explained;       /* STATEMENT_EXPLAIN: a query, insert, update, delete or copy, without
                                            * text and parameters of its own */
    };
};

/* Same spelling but for ASCII case. */
bool name_equal(struct slice left, struct slice right);

#endif
