/* parsing.h - what tests of the parser share: a parser with an arena, and checks that say in one line what a text
 * gives. */
#ifndef SSQL_TESTS_PARSING_H
#define SSQL_TESTS_PARSING_H

#include "parser/parser.h"

struct parsing {
    struct parser *parser;
    struct arena arena;
    struct ssql_error error;
    size_t consumed; /* by the last parse */
};

/* For cmocka_run_group_tests: *state is a struct parsing. */
int parsing_setup(void **state);
int parsing_teardown(void **state);

/* The first statement of the text, which must parse; valid until the next call. */
const struct statement *parse(void **state, const char *text);

/* The first select item's expression of "select " + text. */
const struct expr *parse_item(void **state, const char *text);

/* The text parses, and is written as `canonical`, which parses to an equal tree. */
void expect_text(void **state, const char *text, const char *canonical);

/* The text is refused at the bytes `at` with this message and hint. `at` is NULL when the error has no place. */
void expect_error(void **state, const char *text, enum ssql_code code, const char *at, const char *message,
                  const char *hint);

/* The bytes of a span of the text. */
struct slice span_text(const char *text, struct ssql_span span);

#endif
