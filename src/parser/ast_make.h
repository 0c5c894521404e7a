/* ast_make.h - the makers: one call per action of the grammar. Everything is made in the arena of the statement.
 * A maker accepts NULL children and then returns NULL: something failed before, which parse_statement reports.
 * Faults of a well-formed statement (a type that does not exist) are deferred, so that a wrong syntax goes first. */
#ifndef SSQL_PARSER_AST_MAKE_H
#define SSQL_PARSER_AST_MAKE_H

#include "parser/ast.h"

struct parser;

/* Lists and pairs that the grammar hands from rule to rule. */
struct select_items {
    struct select_item *items;
    uint32_t count;
};

struct order_list {
    struct order_item *items;
    uint32_t count;
};

struct case_branches {
    struct case_branch *items;
    uint32_t count;
    uint16_t depth; /* of the deepest part */
};

struct assignments {
    struct assignment *items;
    uint32_t count;
};

struct conditional_name {
    struct name name;
    bool is_conditional; /* `if exists` or `if not exists` stood before it */
};

struct conflict_clause {
    struct name_list columns;
    struct ssql_span span;
};

struct copy_options {
    struct copy_option *items;
    uint32_t count;
};

enum column_constraint_kind { COLUMN_NO_CONSTRAINT, COLUMN_PRIMARY, COLUMN_NOT_NULL, COLUMN_NULL, COLUMN_DEFAULT };

struct column_constraint {
    enum column_constraint_kind kind;
    struct ssql_span span;
    struct expr *value; /* COLUMN_DEFAULT */
};

/* A column being defined, with what has to be known of it until the table is complete. */
struct column_draft {
    struct column_definition definition;
    bool is_primary, is_null, has_default;
    struct ssql_span primary_span;
};

struct table_element {
    struct column_draft *column; /* or: */
    struct name_list primary_key;
    struct ssql_span span;
};

/* A table being defined. */
struct table_draft {
    struct create_table table;
    bool has_primary_key;
};

/* ast_name.c */
struct name name_make(struct parser *parser, struct ssql_span span, struct slice text);
struct name name_make_bare(struct parser *parser, struct ssql_span span);
struct conditional_name *conditional_name_make(struct parser *parser, struct name name, bool is_conditional);
struct name_list names_append(struct parser *parser, struct name_list list, struct name name);
struct type_name type_name_make(struct parser *parser, struct ssql_span span, struct slice word,
                                const struct ssql_span *length_span);
struct type_name type_name_make_precision(struct parser *parser, struct ssql_span span, struct slice word);

/* ast_expr.c */
struct expr *expr_make_integer(struct parser *parser, struct ssql_span span, uint64_t magnitude);
struct expr *expr_make_float(struct parser *parser, struct ssql_span span, const double *real);
struct expr *expr_make_string(struct parser *parser, struct ssql_span span, struct slice string, bool is_quoted_token);
struct expr *expr_make_bool(struct parser *parser, struct ssql_span span, bool boolean);
struct expr *expr_make_null(struct parser *parser, struct ssql_span span);
struct expr *expr_make_default(struct parser *parser, struct ssql_span span);
struct expr *expr_make_parameter(struct parser *parser, struct ssql_span span, uint32_t index);
struct expr *expr_make_column(struct parser *parser, struct ssql_span span, struct name table, struct name column);
struct expr *expr_make_parenthesised(struct parser *parser, struct expr *inner);
struct expr *expr_make_unary(struct parser *parser, struct ssql_span span, enum unary_operator operator,
                             struct expr * operand);
struct expr *expr_make_binary(struct parser *parser, struct ssql_span span, enum binary_operator operator,
                              struct ssql_span operator_span, struct expr *left, struct expr *right);

/* The same for comparisons, whose left operand may be a double-quoted column. */
struct expr *expr_make_predicate(struct parser *parser, struct ssql_span span, enum binary_operator operator,
                                 struct ssql_span operator_span, struct expr *left, struct expr *right);
struct expr *expr_make_distinct(struct parser *parser, struct ssql_span span, bool is_negated,
                                struct ssql_span operator_span, struct expr *left, struct expr *right);
struct expr *expr_make_is(struct parser *parser, struct ssql_span span, struct expr *operand, enum is_test test,
                          bool is_negated);
struct expr *expr_make_between(struct parser *parser, struct ssql_span span, struct expr *operand, bool is_negated,
                               struct expr *low, struct expr *high);
struct expr *expr_make_like(struct parser *parser, struct ssql_span span, struct expr *operand, bool is_negated,
                            struct expr *pattern, struct expr *escape);
struct expr *expr_make_in(struct parser *parser, struct ssql_span span, struct expr *operand, bool is_negated,
                          struct expr_list items);
struct case_branches case_branches_append(struct parser *parser, struct case_branches list, struct expr *when,
                                          struct expr *then);
struct expr *expr_make_case(struct parser *parser, struct ssql_span span, struct expr *operand,
                            struct case_branches branches, struct expr *otherwise);
struct expr *expr_make_cast(struct parser *parser, struct ssql_span span, struct expr *operand, struct type_name type);
struct expr *expr_make_function(struct parser *parser, struct ssql_span span, struct name name, bool is_distinct,
                                struct expr_list arguments);
struct expr *expr_make_function_star(struct parser *parser, struct ssql_span span, struct name name);
struct expr_list exprs_append(struct parser *parser, struct expr_list list, struct expr *expr);

/* The column that a double-quoted token is where a name may stand; every other expression unchanged. */
struct expr *expr_quoted_as_column(struct parser *parser, struct expr *expr);

/* ast_query.c */
struct query *query_make_select(struct parser *parser, struct ssql_span span, struct select *select);
struct query *query_make_values(struct parser *parser, struct ssql_span span, struct row_list rows);
struct query *query_finish(struct parser *parser, struct ssql_span span, struct query *query,
                           struct order_list order_by, struct expr *limit, struct expr *offset);
struct row_list rows_append(struct parser *parser, struct row_list list, struct ssql_span span,
                            struct expr_list values);
struct order_item order_item_make(struct parser *parser, struct ssql_span span, struct expr *expr, bool is_descending,
                                  enum nulls_order nulls);
struct order_list order_items_append(struct parser *parser, struct order_list list, struct order_item item);
struct select *select_make(struct parser *parser, bool is_distinct, struct select_items items,
                           struct table_reference *from, struct expr *where, struct expr_list group_by,
                           struct expr *having);
struct select_item *select_item_make(struct parser *parser, struct ssql_span expr_span, struct ssql_span span,
                                     struct expr *expr, struct name alias);
struct select_item *select_item_make_star(struct parser *parser, struct ssql_span span);
struct select_item *select_item_make_table_star(struct parser *parser, struct ssql_span span, struct name table);
struct select_items select_items_append(struct parser *parser, struct select_items list, struct select_item *item);
struct table_reference *table_reference_make(struct parser *parser, struct ssql_span span, struct name table,
                                             struct name alias);
struct expr_list group_make(struct parser *parser, struct expr_list list);

/* ast_change.c: insert, update, delete */
struct insert *insert_make(struct parser *parser, struct name table, bool has_columns, struct name_list columns);
struct insert *insert_set_rows(struct insert *insert, struct row_list rows);
struct insert *insert_set_literals(struct parser *parser, struct insert *insert, struct ssql_span span,
                                   struct expr_list literals);
struct insert *insert_set_default_values(struct insert *insert);
struct insert *insert_set_query(struct insert *insert, struct query *query);
struct conflict_clause *conflict_clause_make(struct parser *parser, struct ssql_span span, struct name_list columns);
struct insert *insert_finish(struct insert *insert, bool is_upsert, const struct conflict_clause *conflict);
struct assignments assignments_append(struct parser *parser, struct assignments list, struct name column,
                                      struct expr *value);
struct update *update_make_assignments(struct parser *parser, struct assignments assignments);
struct update *update_make_positional(struct parser *parser, struct expr_list values);
struct update *update_finish(struct update *update, struct name table, struct ssql_span set_span, struct expr *where);
struct delete *delete_make(struct parser *parser, struct name table, struct expr *where);

/* ast_copy.c */
struct copy_place *copy_place_make(struct parser *parser, struct ssql_span span, struct slice path);
struct copy_place *copy_place_make_stream(struct parser *parser, struct name word);
struct copy_option *copy_option_make(struct parser *parser, struct name name, struct expr *value);
struct copy_options copy_options_append(struct parser *parser, struct copy_options list, struct copy_option *option);
struct copy *copy_make_from(struct parser *parser, struct name table, struct name_list columns,
                            const struct copy_place *place, struct copy_options options);
/* `query` NULL: the table. */
struct copy *copy_make_to(struct parser *parser, struct name table, struct name_list columns, struct query *query,
                          const struct copy_place *place, struct copy_options options);

/* ast_backup.c */
struct backup *backup_make(struct parser *parser, struct ssql_span span, struct slice path,
                           struct copy_options options);

/* ast_schema.c */
struct column_draft *column_make(struct parser *parser, struct ssql_span span, struct name name, struct type_name type);
struct column_constraint column_constraint_make(enum column_constraint_kind kind, struct ssql_span span,
                                                struct expr *value);
struct column_constraint column_constraint_refuse(struct parser *parser, struct ssql_span span, const char *construct);
struct column_draft *column_constrain(struct parser *parser, struct column_draft *column,
                                      struct column_constraint constraint);
struct table_element *table_element_make_column(struct parser *parser, struct column_draft *column);
struct table_element *table_element_make_primary_key(struct parser *parser, struct ssql_span span,
                                                     struct name_list names);
struct table_draft *table_draft_make(struct parser *parser);
struct table_draft *table_draft_append(struct parser *parser, struct table_draft *draft, struct table_element *element);
struct create_table *create_table_finish(struct parser *parser, struct table_draft *draft,
                                         const struct conditional_name *name);

/* ast_statement.c */
struct statement *statement_make(struct parser *parser, enum statement_kind kind);
struct statement *statement_make_query(struct parser *parser, struct query *query);
struct statement *statement_make_insert(struct parser *parser, struct insert *insert);
struct statement *statement_make_update(struct parser *parser, struct update *update);
struct statement *statement_make_delete(struct parser *parser, struct delete *delete);
struct statement *statement_make_copy(struct parser *parser, struct copy *copy);
struct statement *statement_make_backup(struct parser *parser, struct backup *backup);
struct statement *statement_make_create_table(struct parser *parser, struct create_table *create_table);
struct statement *statement_make_drop_table(struct parser *parser, const struct conditional_name *table);
struct statement *statement_make_describe(struct parser *parser, struct name table);
struct statement *statement_make_explain(struct parser *parser, struct ssql_span span, struct statement *explained,
                                         bool is_analyze);

/* Gives the outermost statement its place, text and parameters. */
struct statement *statement_finish(struct parser *parser, struct ssql_span span, struct statement *statement);

#endif
