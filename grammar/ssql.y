/* ssql.y - the grammar of SSQL (docs/language.md). An action is one call of a maker (src/parser/ast_make.h) and never looks
 * at the catalog. A legal form that is not built yet is parsed whole, then refused by parser_refuse at its span.
 *
 * A double-quoted token is a name where the rules say `name`. Where an expression may stand it is read as a string, which
 * the makers of select items, `order by`, `group by` and predicates turn into a column when it is their whole operand. */
%define api.pure full
%define api.prefix {ssql_grammar_}
%define api.token.prefix {TOKEN_}
%define api.value.type union
%define api.location.type {struct ssql_span}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param {struct parser *parser}

%code requires {
#include "parser/ast_make.h"
}

%code provides {
/* The token that the grammar asks for next (src/parser/parser.c). */
int ssql_grammar_lex(SSQL_GRAMMAR_STYPE *value, struct ssql_span *span, struct parser *parser);
int scanner_next(SSQL_GRAMMAR_STYPE *value, struct ssql_span *span, void *scanner);
}

%code {
#include "parser/completion.h"
#include "parser/parser_internal.h"
#include "parser/syntax_error.h"

/* An empty rule stands where the token before it ends. */
#define YYLLOC_DEFAULT(current, right, count)                                                                          \
    ((current).begin = (count) ? YYRHSLOC(right, 1).begin : YYRHSLOC(right, 0).end,                                    \
     (current).end = YYRHSLOC(right, count).end)

/* The parser's stacks grow in the statement's arena, so that running out of memory and nesting too deeply are told apart.
 * A depth that stays as it was ends the parse. */
#define YYMAXDEPTH PARSER_STACK_LIMIT
#define yyoverflow(message, states, states_size, values, values_size, spans, spans_size, depth)                        \
    (*(states) = parser_move_stack(parser, *(states), (size_t)(states_size)),                                          \
     *(values) = parser_move_stack(parser, *(values), (size_t)(values_size)),                                          \
     *(spans) = parser_move_stack(parser, *(spans), (size_t)(spans_size)),                                             \
     *(depth) = parser_deepen(parser, *(depth)))

/* Every other error is reported where it is found. */
static void yyerror(const struct ssql_span *span, struct parser *parser, const char *message)
{
    (void)message;
    parser_fail(parser, SSQL_NO_MEMORY, *span, "out of memory");
}
}

/* The first token of every text says what is to be parsed. */
%token START_STATEMENT START_EXPRESSION
%token END_OF_TEXT 0 "the end of the statement"

/* Fits nowhere: it stands where somebody asks which tokens would (src/parser/completion.c). */
%token PLACE "a place"

%token <struct slice> IDENTIFIER "a name"
%token <struct slice> QUOTED "a quoted name"
%token <struct slice> STRING "a string"
%token <uint64_t> INTEGER "an integer"
%token <double> FLOAT "a number"
%token <uint32_t> PARAMETER "a parameter"

%token
  EQUAL "=="  ASSIGN "="  NOT_EQUAL "!="  LESS_GREATER "<>"
  LESS "<"  LESS_EQUAL "<="  GREATER ">"  GREATER_EQUAL ">="
  AND_AND "&&"  OR_OR "||"  EXCLAMATION "!"
  PLUS "+"  MINUS "-"  STAR "*"  SLASH "/"  PERCENT "%"
  OPEN "("  CLOSE ")"  OPEN_BRACE "{"  CLOSE_BRACE "}"  COMMA ","  DOT "."

%token
  ACTION "action"  ADD "add"  ALL "all"  ALTER "alter"  ANALYZE "analyze"  AND "and"  AS "as"  ASC "asc"
  BACKUP "backup"  BEGIN "begin"  BETWEEN "between"  BY "by"  CASCADE "cascade"  CASE "case"  CAST "cast"  CHECK "check"
  COLUMN "column"  COMMIT "commit"  CONFLICT "conflict"  COPY "copy"  CREATE "create"  CROSS "cross"  DEFAULT "default"
  DELETE "delete"  DESC "desc"  DESCRIBE "describe"  DISTINCT "distinct"  DO "do"  DROP "drop"  ELSE "else"
  END "end"  ESCAPE "escape"  EXCEPT "except"  EXISTS "exists"  EXPLAIN "explain"  FALSE "false"
  FILTER "filter"  FIRST "first"  FOREIGN "foreign"  FROM "from"  FULL "full"  GROUP "group"
  HAVING "having"  IF "if"  IN "in"  INDEX "index"  INNER "inner"  INSERT "insert"  INTERSECT "intersect"
  INTO "into"  IS "is"  JOIN "join"  KEY "key"  LAST "last"  LEFT "left"  LIKE "like"  LIMIT "limit"
  NATURAL "natural"  NO "no"  NOT "not"  NOTHING "nothing"  NULL "null"  NULLS "nulls"  OFFSET "offset"
  ON "on"  OR "or"  ORDER "order"  OUTER "outer"  PRECISION "precision"  PRIMARY "primary"
  RECURSIVE "recursive"  REFERENCES "references"  RELEASE "release"  RENAME "rename"  RESTRICT "restrict"
  RETURNING "returning"  RIGHT "right"  ROLLBACK "rollback"  SAVEPOINT "savepoint"  SELECT "select"
  SET "set"  SHOW "show"  TABLE "table"  TABLES "tables"  THEN "then"  TO "to"  TRANSACTION "transaction"
  TRUE "true"  UNION "union"  UNIQUE "unique"  UPDATE "update"  UPSERT "upsert"  USING "using"
  VALUES "values"  VIEW "view"  WHEN "when"  WHERE "where"  WITH "with"  WORK "work"

/* Loosest first. Predicates associate to the left; relations bind tighter than equality, as in C. */
%left "or" "||"
%left "and" "&&"
%right "not"
%left "==" "=" "!=" "<>" "is" "in" "like" "between"
%left "<" "<=" ">" ">="
%left "+" "-"
%left "*" "/" "%"
%precedence UNARY

%type <struct statement *> statement explainable
%type <struct query *> query insert_query set_operation query_term insert_set_operation
%type <struct select *> select_core
%type <struct order_list> order_clause order_items
%type <struct order_item> order_item
%type <enum nulls_order> nulls
%type <struct conditional_name *> old_name new_name
%type <bool> descending distinct not_between not_in not_like is_not
%type <enum is_test> is_test
%type <struct select_items> select_items
%type <struct select_item *> select_item
%type <struct table_reference *> from_clause table_sources table_source
%type <struct name> word name word_or_quoted optional_alias bare_alias
%type <struct name_list> names optional_names
%type <struct expr *> expr operand where_clause having_clause limit_clause offset_clause case_operand case_else default_or_expr
%type <struct expr *> signed_number plain_literal function_call
%type <struct expr_list> exprs group_clause insert_values literals
%type <struct case_branches> case_branches
%type <struct row_list> rows insert_rows
%type <struct insert *> insert insert_target insert_body
%type <struct conflict_clause *> conflict_clause
%type <struct update *> update update_set
%type <struct assignments> assignments
%type <struct delete *> delete
%type <struct copy *> copy
%type <struct backup *> backup
%type <struct copy_place *> copy_place
%type <struct copy_options> copy_options copy_option_list
%type <struct copy_option *> copy_option
%type <struct name> copy_option_name
%type <struct expr *> copy_value
%type <struct create_table *> create_table
%type <struct table_draft *> table_elements table_body
%type <struct table_element *> table_element
%type <struct column_draft *> column_definition added_column
%type <struct column_constraint> column_constraint
%type <struct type_name> type

%%

input:
    START_STATEMENT statement               { parser->statement = statement_finish(parser, @2, $2); }
  | START_EXPRESSION expr                   { parser->expression = $2; }
  ;

statement:
    explainable
  | create_table                            { $$ = statement_make_create_table(parser, $1); }
  | "drop" "table" old_name                 { $$ = statement_make_drop_table(parser, $3); }
  | "delete" "table" old_name               { $$ = statement_make_drop_table(parser, $3); }
  | "begin" optional_work                   { $$ = statement_make(parser, STATEMENT_BEGIN); }
  | "commit" optional_work                  { $$ = statement_make(parser, STATEMENT_COMMIT); }
  | "rollback" optional_work                { $$ = statement_make(parser, STATEMENT_ROLLBACK); }
  | backup                                  { $$ = statement_make_backup(parser, $1); }
  | "show" "tables"                         { $$ = statement_make(parser, STATEMENT_SHOW_TABLES); }
  | "describe" name                         { $$ = statement_make_describe(parser, $2); }
  | "explain" explainable                   { $$ = statement_make_explain(parser, @2, $2, false); }
  | "explain" "analyze" explainable         { $$ = statement_make_explain(parser, @3, $3, true); }
  | refused_statement                       { $$ = NULL; }
  ;

explainable:
    query                                   { $$ = statement_make_query(parser, $1); }
  | insert                                  { $$ = statement_make_insert(parser, $1); }
  | update                                  { $$ = statement_make_update(parser, $1); }
  | delete                                  { $$ = statement_make_delete(parser, $1); }
  | copy                                    { $$ = statement_make_copy(parser, $1); }
  ;

optional_work: %empty | "transaction" | "work";

old_name:
    name                                    { $$ = conditional_name_make(parser, $1, false); }
  | "if" "exists" name                      { $$ = conditional_name_make(parser, $3, true); }
  ;

new_name:
    name                                    { $$ = conditional_name_make(parser, $1, false); }
  | "if" "not" "exists" name                { $$ = conditional_name_make(parser, $4, true); }
  ;

/* Statements that are not built yet. */

refused_statement:
    "savepoint" name                        { parser_refuse(parser, @1, "savepoint"); }
  | "release" word_or_quoted                { parser_refuse(parser, @1, "release"); }
  | "release" "savepoint" name              { parser_refuse(parser, @1, "release"); }
  | "rollback" optional_work "to" word_or_quoted   { parser_refuse(parser, span_join(@1, @3), "rollback to"); }
  | "rollback" optional_work "to" "savepoint" name { parser_refuse(parser, span_join(@1, @3), "rollback to"); }
  | "create" optional_unique "index" new_name "on" name "(" index_columns ")"
                                            { parser_refuse(parser, span_join(@1, @3), "create index"); }
  | "drop" "index" old_name           { parser_refuse(parser, span_join(@1, @2), "drop index"); }
  | "create" "view" new_name optional_names "as" query
                                            { parser_refuse(parser, span_join(@1, @2), "create view"); }
  | "drop" "view" old_name            { parser_refuse(parser, span_join(@1, @2), "drop view"); }
  | "create" "table" new_name "as" query    { parser_refuse(parser, @4, "create table ... as"); }
  | "alter" "table" name table_change       { parser_refuse(parser, span_join(@1, @2), "alter table"); }
  ;

optional_unique: %empty | "unique";

index_columns: index_column | index_columns "," index_column;
index_column:  name descending;

table_change:
    "add" added_column
  | "drop" word_or_quoted
  | "drop" "column" name
  | "rename" "to" name
  | "rename" word_or_quoted "to" name
  | "rename" "column" name "to" name
  ;

added_column:
    word_or_quoted type                     { $$ = column_make(parser, @$, $1, $2); }
  | "column" name type                      { $$ = column_make(parser, @$, $2, $3); }
  | added_column column_constraint          { $$ = column_constrain(parser, $1, $2); }
  ;

/* Names. A word is a name that is written bare or in backquotes. */

name: word | QUOTED                         { $$ = name_make(parser, @1, $1); };

word:
    IDENTIFIER                              { $$ = name_make(parser, @1, $1); }
  | unreserved                              { $$ = name_make_bare(parser, @1); }
  | unreserved_elsewhere                    { $$ = name_make_bare(parser, @1); }
  ;

/* Where a name may be left out, or one of the words of unreserved_elsewhere may stand before it. */
word_or_quoted:
    IDENTIFIER                              { $$ = name_make(parser, @1, $1); }
  | QUOTED                                  { $$ = name_make(parser, @1, $1); }
  | unreserved                              { $$ = name_make_bare(parser, @1); }
  ;

names:
    name                                    { $$ = names_append(parser, (struct name_list){0}, $1); }
  | names "," name                          { $$ = names_append(parser, $1, $3); }
  ;

optional_names:
    %empty                                  { $$ = (struct name_list){0}; }
  | "(" names ")"                           { $$ = $2; }
  ;

optional_alias:
    %empty                                  { $$ = (struct name){0}; }
  | bare_alias
  | "as" name                               { $$ = $2; }
  ;

bare_alias: word_or_quoted;

/* Queries */

query:
    set_operation order_clause limit_clause offset_clause
                                            { $$ = query_finish(parser, @$, $1, $2, $3, $4); }
  | with_clause set_operation order_clause limit_clause offset_clause
                                            { $$ = query_finish(parser, @$, $2, $3, $4, $5); }
  ;

/* In an insert, `values` introduces the rows to insert instead. */
insert_query:
    insert_set_operation order_clause limit_clause offset_clause
                                            { $$ = query_finish(parser, @$, $1, $2, $3, $4); }
  | with_clause set_operation order_clause limit_clause offset_clause
                                            { $$ = query_finish(parser, @$, $2, $3, $4, $5); }
  ;

set_operation:
    query_term
  | set_operation set_operator query_term
  ;

insert_set_operation:
    select_core                             { $$ = query_make_select(parser, @$, $1); }
  | insert_set_operation set_operator query_term
  ;

set_operator:
    "union"                                 { parser_refuse(parser, @1, "union"); }
  | "union" "all"                           { parser_refuse(parser, @$, "union all"); }
  | "union" "distinct"                      { parser_refuse(parser, @$, "union distinct"); }
  | "intersect"                             { parser_refuse(parser, @1, "intersect"); }
  | "except"                                { parser_refuse(parser, @1, "except"); }
  ;

query_term:
    select_core                             { $$ = query_make_select(parser, @$, $1); }
  | "values" rows                           { $$ = query_make_values(parser, @$, $2); }
  ;

with_clause:
    "with" common_tables                    { parser_refuse(parser, @1, "with"); }
  | "with" "recursive" common_tables        { parser_refuse(parser, span_join(@1, @2), "with recursive"); }
  ;

common_tables: common_table | common_tables "," common_table;
common_table:  name optional_names "as" "(" query ")";

order_clause:
    %empty                                  { $$ = (struct order_list){0}; }
  | "order" "by" order_items                { $$ = $3; }
  ;

order_items:
    order_item                              { $$ = order_items_append(parser, (struct order_list){0}, $1); }
  | order_items "," order_item              { $$ = order_items_append(parser, $1, $3); }
  ;

order_item: expr descending nulls           { $$ = order_item_make(parser, @$, $1, $2, $3); };

descending: %empty { $$ = false; } | "asc" { $$ = false; } | "desc" { $$ = true; };

nulls:
    %empty                                  { $$ = NULLS_DEFAULT; }
  | "nulls" "first"                         { $$ = NULLS_FIRST; }
  | "nulls" "last"                          { $$ = NULLS_LAST; }
  ;

limit_clause:  %empty { $$ = NULL; } | "limit" expr  { $$ = $2; };
offset_clause: %empty { $$ = NULL; } | "offset" expr { $$ = $2; };

rows:
    "(" exprs ")"                           { $$ = rows_append(parser, (struct row_list){0}, @$, $2); }
  | rows "," "(" exprs ")"                  { $$ = rows_append(parser, $1, span_join(@3, @5), $4); }
  ;

select_core:
    "select" distinct select_items from_clause where_clause group_clause having_clause
                                            { $$ = select_make(parser, $2, $3, $4, $5, $6, $7); }
  ;

distinct: %empty { $$ = false; } | "all" { $$ = false; } | "distinct" { $$ = true; };

select_items:
    select_item                             { $$ = select_items_append(parser, (struct select_items){0}, $1); }
  | select_items "," select_item            { $$ = select_items_append(parser, $1, $3); }
  ;

select_item:
    expr optional_alias                     { $$ = select_item_make(parser, @1, @$, $1, $2); }
  | "*"                                     { $$ = select_item_make_star(parser, @$); }
  | word "." "*"                            { $$ = select_item_make_table_star(parser, @$, $1); }
  | QUOTED "." "*"                          { $$ = select_item_make_table_star(parser, @$, name_make(parser, @1, $1)); }
  ;

from_clause:
    %empty                                  { $$ = NULL; }
  | "from" table_sources                    { $$ = $2; }
  ;

table_sources:
    table_source
  | table_sources "," table_source          { parser_refuse(parser, @2, "a list of tables"); }
  | table_sources join table_source join_condition
  | table_sources cross_join table_source
  ;

table_source:
    name optional_alias                     { $$ = table_reference_make(parser, @$, $1, $2); }
  | "(" query ")" optional_alias            { $$ = NULL; parser_refuse(parser, span_join(@1, @3), "a subquery"); }
  ;

join:
    "join"                                  { parser_refuse(parser, @$, "join"); }
  | "inner" "join"                          { parser_refuse(parser, @$, "inner join"); }
  | "left" optional_outer "join"            { parser_refuse(parser, @$, "left join"); }
  | "right" optional_outer "join"           { parser_refuse(parser, @$, "right join"); }
  | "full" optional_outer "join"            { parser_refuse(parser, @$, "full join"); }
  ;

cross_join:
    "cross" "join"                          { parser_refuse(parser, @$, "cross join"); }
  | "natural" natural_join                  { parser_refuse(parser, @1, "natural join"); }
  ;

natural_join: "join" | "inner" "join" | "left" optional_outer "join";

optional_outer: %empty | "outer";

join_condition: "on" expr | "using" "(" names ")";

where_clause:  %empty { $$ = NULL; } | "where" expr  { $$ = $2; };
having_clause: %empty { $$ = NULL; } | "having" expr { $$ = $2; };

group_clause:
    %empty                                  { $$ = (struct expr_list){0}; }
  | "group" "by" exprs                      { $$ = group_make(parser, $3); }
  ;

/* Writing */

insert:
    "insert" "into" insert_body conflict_clause returning
                                            { $$ = insert_finish($3, false, $4); }
  | "upsert" "into" insert_body returning   { $$ = insert_finish($3, true, NULL); }
  ;

insert_target:
    name                                    { $$ = insert_make(parser, $1, false, (struct name_list){0}); }
  | name "(" names ")"                      { $$ = insert_make(parser, $1, true, $3); }
  ;

insert_body:
    insert_target "values" insert_rows      { $$ = insert_set_rows($1, $3); }
  | insert_target "values" literals         { $$ = insert_set_literals(parser, $1, @3, $3); }
  | insert_target "default" "values"        { $$ = insert_set_default_values($1); }
  | insert_target insert_query              { $$ = insert_set_query($1, $2); }
  ;

insert_rows:
    "(" insert_values ")"                   { $$ = rows_append(parser, (struct row_list){0}, @$, $2); }
  | insert_rows "," "(" insert_values ")"   { $$ = rows_append(parser, $1, span_join(@3, @5), $4); }
  ;

insert_values:
    expr                                    { $$ = exprs_append(parser, (struct expr_list){0}, $1); }
  | "default"                               { $$ = exprs_append(parser, (struct expr_list){0}, expr_make_default(parser, @1)); }
  | insert_values "," expr                  { $$ = exprs_append(parser, $1, $3); }
  | insert_values "," "default"             { $$ = exprs_append(parser, $1, expr_make_default(parser, @3)); }
  ;

default_or_expr:
    expr
  | "default"                               { $$ = expr_make_default(parser, @1); }
  ;

/* Values as they stand in the original grammar's lists: without parentheses or operators. Written out, as the lists
 * above: a script consists of little else, and a rule between costs a step for each value. */
literals:
    plain_literal                           { $$ = exprs_append(parser, (struct expr_list){0}, $1); }
  | signed_number                           { $$ = exprs_append(parser, (struct expr_list){0}, $1); }
  | literals "," plain_literal              { $$ = exprs_append(parser, $1, $3); }
  | literals "," signed_number              { $$ = exprs_append(parser, $1, $3); }
  ;

conflict_clause:
    %empty                                  { $$ = NULL; }
  | "on" "conflict" optional_names "do" "nothing"
                                            { $$ = conflict_clause_make(parser, @$, $3); }
  | "on" "conflict" optional_names "do" "update" "set" assignments where_clause
                                            { $$ = NULL; parser_refuse(parser, span_join(@1, @5), "on conflict do update"); }
  ;

returning: %empty | "returning" select_items { parser_refuse(parser, @1, "returning"); };

update:
    "update" name "set" update_set where_clause returning
                                            { $$ = update_finish($4, $2, @4, $5); }
  ;

update_set:
    assignments                             { $$ = update_make_assignments(parser, $1); }
  | literals                                { $$ = update_make_positional(parser, $1); }
  ;

assignments:
    name "=" default_or_expr                { $$ = assignments_append(parser, (struct assignments){0}, $1, $3); }
  | assignments "," name "=" default_or_expr { $$ = assignments_append(parser, $1, $3, $5); }
  ;

delete: "delete" "from" name where_clause returning { $$ = delete_make(parser, $3, $4); };

/* Files. The words of the options are words of no other rule, and so can be names: the binder knows them. */

copy:
    "copy" name optional_names "from" copy_place copy_options
                                            { $$ = copy_make_from(parser, $2, $3, $5, $6); }
  | "copy" name optional_names "to" copy_place copy_options
                                            { $$ = copy_make_to(parser, $2, $3, NULL, $5, $6); }
  | "copy" "(" query ")" "to" copy_place copy_options
                                            { $$ = copy_make_to(parser, (struct name){0}, (struct name_list){0}, $3, $6, $7); }
  ;

copy_place:
    STRING                                  { $$ = copy_place_make(parser, @1, $1); }
  | QUOTED                                  { $$ = copy_place_make(parser, @1, $1); }
  | word                                    { $$ = copy_place_make_stream(parser, $1); }
  ;

copy_options:
    %empty                                  { $$ = (struct copy_options){0}; }
  | "(" copy_option_list ")"                { $$ = $2; }
  ;

copy_option_list:
    copy_option                             { $$ = copy_options_append(parser, (struct copy_options){0}, $1); }
  | copy_option_list "," copy_option        { $$ = copy_options_append(parser, $1, $3); }
  ;

copy_option: copy_option_name copy_value    { $$ = copy_option_make(parser, $1, $2); };

copy_option_name:
    word
  | "null"                                  { $$ = name_make_bare(parser, @1); }
  | "create"                                { $$ = name_make_bare(parser, @1); }
  | "primary"                               { $$ = name_make_bare(parser, @1); }
  ;

copy_value:
    plain_literal
  | signed_number
  | word                                    { $$ = expr_make_string(parser, @1, $1.text, false); }
  | "insert"                                { $$ = expr_make_string(parser, @1, parser_text(parser, @1), false); }
  ;

/* The options' words are the binder's, as those of copy. */
backup:
    "backup" "to" STRING copy_options       { $$ = backup_make(parser, @3, $3, $4); }
  | "backup" "to" QUOTED copy_options       { $$ = backup_make(parser, @3, $3, $4); }
  ;

/* Schema */

create_table: "create" "table" new_name table_body { $$ = create_table_finish(parser, $4, $3); };

table_body:
    "{" table_elements optional_comma "}"   { $$ = $2; }
  | "(" table_elements optional_comma ")"   { $$ = $2; }
  ;

optional_comma: %empty | ",";

table_elements:
    table_element                           { $$ = table_draft_append(parser, table_draft_make(parser), $1); }
  | table_elements "," table_element        { $$ = table_draft_append(parser, $1, $3); }
  ;

table_element:
    column_definition                       { $$ = table_element_make_column(parser, $1); }
  | "primary" "key" "(" names ")"           { $$ = table_element_make_primary_key(parser, @$, $4); }
  | "unique" "(" names ")"                  { $$ = NULL; parser_refuse(parser, @1, "unique"); }
  | "check" "(" expr ")"                    { $$ = NULL; parser_refuse(parser, @1, "check"); }
  | "foreign" "key" "(" names ")" reference { $$ = NULL; parser_refuse(parser, span_join(@1, @2), "foreign key"); }
  ;

column_definition:
    name type                               { $$ = column_make(parser, @$, $1, $2); }
  | column_definition column_constraint     { $$ = column_constrain(parser, $1, $2); }
  ;

column_constraint:
    "primary"                               { $$ = column_constraint_make(COLUMN_PRIMARY, @$, NULL); }
  | "primary" "key"                         { $$ = column_constraint_make(COLUMN_PRIMARY, @$, NULL); }
  | "not" "null"                            { $$ = column_constraint_make(COLUMN_NOT_NULL, @$, NULL); }
  | "null"                                  { $$ = column_constraint_make(COLUMN_NULL, @$, NULL); }
  | "default" operand                       { $$ = column_constraint_make(COLUMN_DEFAULT, @$, $2); }
  | "unique"                                { $$ = column_constraint_refuse(parser, @1, "unique"); }
  | "check" "(" expr ")"                    { $$ = column_constraint_refuse(parser, @1, "check"); }
  | reference                               { $$ = column_constraint_refuse(parser, @1, "references"); }
  ;

reference: "references" name optional_names reference_actions;

reference_actions: %empty | reference_actions "on" reference_event reference_action;
reference_event:   "delete" | "update";
reference_action:  "cascade" | "restrict" | "no" "action" | "set" "null" | "set" "default";

type:
    IDENTIFIER                              { $$ = type_name_make(parser, @$, $1, NULL); }
  | IDENTIFIER "(" INTEGER ")"              { $$ = type_name_make(parser, @$, $1, &@3); }
  | IDENTIFIER "precision"                  { $$ = type_name_make_precision(parser, @$, $1); }
  ;

/* Expressions */

exprs:
    expr                                    { $$ = exprs_append(parser, (struct expr_list){0}, $1); }
  | exprs "," expr                          { $$ = exprs_append(parser, $1, $3); }
  ;

expr:
    operand
  | expr "or" expr                          { $$ = expr_make_binary(parser, @$, BINARY_OR, @2, $1, $3); }
  | expr "||" expr                          { $$ = expr_make_binary(parser, @$, BINARY_OR, @2, $1, $3); }
  | expr "and" expr                         { $$ = expr_make_binary(parser, @$, BINARY_AND, @2, $1, $3); }
  | expr "&&" expr                          { $$ = expr_make_binary(parser, @$, BINARY_AND, @2, $1, $3); }
  | "not" expr                              { $$ = expr_make_unary(parser, @$, UNARY_NOT, $2); }
  | expr "==" expr                          { $$ = expr_make_predicate(parser, @$, BINARY_EQUAL, @2, $1, $3); }
  | expr "=" expr                           { $$ = expr_make_predicate(parser, @$, BINARY_EQUAL, @2, $1, $3); }
  | expr "!=" expr                          { $$ = expr_make_predicate(parser, @$, BINARY_NOT_EQUAL, @2, $1, $3); }
  | expr "<>" expr                          { $$ = expr_make_predicate(parser, @$, BINARY_NOT_EQUAL, @2, $1, $3); }
  | expr "<" expr                           { $$ = expr_make_predicate(parser, @$, BINARY_LESS, @2, $1, $3); }
  | expr "<=" expr                          { $$ = expr_make_predicate(parser, @$, BINARY_LESS_EQUAL, @2, $1, $3); }
  | expr ">" expr                           { $$ = expr_make_predicate(parser, @$, BINARY_GREATER, @2, $1, $3); }
  | expr ">=" expr                          { $$ = expr_make_predicate(parser, @$, BINARY_GREATER_EQUAL, @2, $1, $3); }
  | expr "is" is_not "distinct" "from" operand
                                            { $$ = expr_make_distinct(parser, @$, $3, span_join(@2, @5), $1, $6); }
  | expr "is" is_not is_test                { $$ = expr_make_is(parser, @$, $1, $4, $3); }
  | expr not_between operand "and" operand %prec "between"
                                            { $$ = expr_make_between(parser, @$, $1, $2, $3, $5); }
  | expr not_like operand %prec "like"      { $$ = expr_make_like(parser, @$, $1, $2, $3, NULL); }
  | expr not_like operand "escape" operand %prec "like"
                                            { $$ = expr_make_like(parser, @$, $1, $2, $3, $5); }
  | expr not_in "(" exprs ")"               { $$ = expr_make_in(parser, @$, $1, $2, $4); }
  | expr not_in "(" query ")"               { $$ = NULL; parser_refuse(parser, span_join(@3, @5), "a subquery"); }
  ;

is_not:      %empty { $$ = false; } | "not" { $$ = true; };
not_between: "between" { $$ = false; } | "not" "between" { $$ = true; };
not_like:    "like" { $$ = false; } | "not" "like" { $$ = true; };
not_in:      "in" { $$ = false; } | "not" "in" { $$ = true; };

is_test:     "null" { $$ = IS_NULL; } | "true" { $$ = IS_TRUE; } | "false" { $$ = IS_FALSE; };

operand:
    plain_literal
  | INTEGER                                 { $$ = expr_make_integer(parser, @1, $1); }
  | FLOAT                                   { $$ = expr_make_float(parser, @1, &$1); }
  | word                                    { $$ = expr_make_column(parser, @$, (struct name){0}, $1); }
  | word "." name                           { $$ = expr_make_column(parser, @$, $1, $3); }
  | QUOTED "." name                         { $$ = expr_make_column(parser, @$, name_make(parser, @1, $1), $3); }
  | "(" expr ")"                            { $$ = expr_make_parenthesised(parser, $2); }
  | "-" operand %prec UNARY                 { $$ = expr_make_unary(parser, @$, UNARY_NEGATE, $2); }
  | "+" operand %prec UNARY                 { $$ = expr_make_unary(parser, @$, UNARY_PLUS, $2); }
  | "!" operand %prec UNARY                 { $$ = expr_make_unary(parser, @$, UNARY_NOT, $2); }
  | operand "+" operand                     { $$ = expr_make_binary(parser, @$, BINARY_ADD, @2, $1, $3); }
  | operand "-" operand                     { $$ = expr_make_binary(parser, @$, BINARY_SUBTRACT, @2, $1, $3); }
  | operand "*" operand                     { $$ = expr_make_binary(parser, @$, BINARY_MULTIPLY, @2, $1, $3); }
  | operand "/" operand                     { $$ = expr_make_binary(parser, @$, BINARY_DIVIDE, @2, $1, $3); }
  | operand "%" operand                     { $$ = expr_make_binary(parser, @$, BINARY_REMAINDER, @2, $1, $3); }
  | "case" case_operand case_branches case_else "end"
                                            { $$ = expr_make_case(parser, @$, $2, $3, $4); }
  | "cast" "(" expr "as" type ")"           { $$ = expr_make_cast(parser, @$, $3, $5); }
  | function_call
  | function_call "filter" "(" "where" expr ")"
                                            { $$ = $1; parser_refuse(parser, @2, "filter"); }
  | "(" query ")"                           { $$ = NULL; parser_refuse(parser, @$, "a subquery"); }
  | "exists" "(" query ")"                  { $$ = NULL; parser_refuse(parser, @1, "exists"); }
  ;

function_call:
    word "(" ")"                            { $$ = expr_make_function(parser, @$, $1, false, (struct expr_list){0}); }
  | word "(" exprs ")"                      { $$ = expr_make_function(parser, @$, $1, false, $3); }
  | word "(" "distinct" exprs ")"           { $$ = expr_make_function(parser, @$, $1, true, $4); }
  | word "(" "all" exprs ")"                { $$ = expr_make_function(parser, @$, $1, false, $4); }
  | word "(" "*" ")"                        { $$ = expr_make_function_star(parser, @$, $1); }
  ;

case_operand: %empty { $$ = NULL; } | expr { $$ = $1; };
case_else:    %empty { $$ = NULL; } | "else" expr { $$ = $2; };

case_branches:
    "when" expr "then" expr                 { $$ = case_branches_append(parser, (struct case_branches){0}, $2, $4); }
  | case_branches "when" expr "then" expr   { $$ = case_branches_append(parser, $1, $3, $5); }
  ;

signed_number:
    INTEGER                                 { $$ = expr_make_integer(parser, @1, $1); }
  | FLOAT                                   { $$ = expr_make_float(parser, @1, &$1); }
  | "-" signed_number                       { $$ = expr_make_unary(parser, @$, UNARY_NEGATE, $2); }
  | "+" signed_number                       { $$ = expr_make_unary(parser, @$, UNARY_PLUS, $2); }
  ;

plain_literal:
    STRING                                  { $$ = expr_make_string(parser, @1, $1, false); }
  | QUOTED                                  { $$ = expr_make_string(parser, @1, $1, true); }
  | "true"                                  { $$ = expr_make_bool(parser, @1, true); }
  | "false"                                 { $$ = expr_make_bool(parser, @1, false); }
  | "null"                                  { $$ = expr_make_null(parser, @1); }
  | PARAMETER                               { $$ = expr_make_parameter(parser, @1, $1); }
  ;

/* Words of the grammar that can be names everywhere; src/parser/keyword.c marks all others, but for those of the next rule,
 * as reserved. */
unreserved:
    "action" | "add" | "analyze" | "asc" | "backup" | "begin" | "by" | "cascade" | "commit" | "conflict" | "copy" | "desc"
  | "describe" | "do" | "explain" | "first" | "if" | "index" | "key" | "last" | "no" | "nothing" | "nulls"
  | "precision" | "recursive" | "release" | "rename" | "restrict" | "rollback" | "show" | "tables"
  | "transaction" | "upsert" | "view" | "work"
  ;

/* These can be names too, but not where a name may be left out before them. */
unreserved_elsewhere: "column" | "filter" | "savepoint" | "to";

%%

/* The tokens that could stand where the wrong one does, by their names. */
static int yyreport_syntax_error(const yypcontext_t *context, struct parser *parser)
{
    yysymbol_kind_t expected[YYNTOKENS];
    const char *names[YYNTOKENS];
    int count = yypcontext_expected_tokens(context, expected, YYNTOKENS);

    if (count < 0)
        return 2; /* how this parser is told that memory ran out */
    for (int i = 0; i < count; i++)
        names[i] = yysymbol_name(expected[i]);
    if (parser->completion != NULL)
        completion_note_expected(parser, names, (size_t)count);
    else
        syntax_error_report(parser, *yypcontext_location(context), names, (size_t)count);
    return 0;
}
