/* fixture.h - statements planned against a small schema: what comes out as text, or which error, where. */
#ifndef TESTS_UNIT_PLAN_FIXTURE_H
#define TESTS_UNIT_PLAN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/schema.h"
#include "parser/parser.h"
#include "plan/planner.h"

#define NAMED(text)                                                                                                    \
    {                                                                                                                  \
        .data = (const uint8_t *)(text), .size = sizeof(text) - 1                                                      \
    }

static struct column_schema USERS_COLUMNS[] = {
    {.name = NAMED("id"), .type = SSQL_TYPE_INT, .is_not_null = true, .is_key = true},
    {.name = NAMED("name"), .type = SSQL_TYPE_STRING},
    {.name = NAMED("active"), .type = SSQL_TYPE_BOOL},
    {.name = NAMED("score"), .type = SSQL_TYPE_FLOAT},
    {.name = NAMED("age"), .type = SSQL_TYPE_INT, .is_not_null = true, .default_text = NAMED("18")},
};
static struct column_schema PAIRS_COLUMNS[] = {
    {.name = NAMED("a"), .type = SSQL_TYPE_INT, .is_not_null = true, .is_key = true},
    {.name = NAMED("b"), .type = SSQL_TYPE_STRING, .is_not_null = true, .is_key = true},
    {.name = NAMED("c"), .type = SSQL_TYPE_FLOAT},
};
static struct column_schema NOTES_COLUMNS[] = {
    {.name = NAMED("text"), .type = SSQL_TYPE_STRING},
    {.name = NAMED("stars"), .type = SSQL_TYPE_INT},
    {.name = NAMED(HIDDEN_COLUMN_NAME), .type = SSQL_TYPE_INT, .is_not_null = true, .is_key = true, .is_hidden = true},
};
static const uint16_t USERS_KEY[] = {0};
static const uint16_t PAIRS_KEY[] = {0, 1};
static const uint16_t NOTES_KEY[] = {2};

static struct schema *schema;
static struct parser *parser;

static inline int make_schema(void **state)
{
    const struct table_schema tables[] = {
        {.id = 16,
         .name = NAMED("users"),
         .column_count = 5,
         .visible_count = 5,
         .columns = USERS_COLUMNS,
         .key_count = 1,
         .key_columns = USERS_KEY},
        {.id = 17,
         .name = NAMED("Pairs"),
         .column_count = 3,
         .visible_count = 3,
         .columns = PAIRS_COLUMNS,
         .key_count = 2,
         .key_columns = PAIRS_KEY},
        {.id = 18,
         .name = NAMED("notes"),
         .column_count = 3,
         .visible_count = 2,
         .columns = NOTES_COLUMNS,
         .key_count = 1,
         .key_columns = NOTES_KEY,
         .has_hidden_key = true},
    };

    (void)state;
    return schema_create(tables, 3, &schema, NULL) && parser_create(&parser, NULL) ? 0 : -1;
}

static inline int drop_schema(void **state)
{
    (void)state;
    schema_release(schema);
    parser_destroy(parser);
    return 0;
}

/* NULL: see error. */
static inline struct plan *plan_typed(const char *text, const enum ssql_type *types, struct ssql_error *error)
{
    struct arena arena;
    struct statement *statement = NULL;
    struct plan *plan = NULL;
    size_t consumed;

    arena_init(&arena);
    error_clear(error);
    if (parse_statement(parser, text, strlen(text), &arena, &statement, &consumed, error))
        (void)!plan_statement(statement, schema, types, NULL, &plan, error);
    arena_clear(&arena);
    return plan;
}

static inline struct plan *plan_text(const char *text)
{
    struct ssql_error error;
    struct plan *plan = plan_typed(text, NULL, &error);

    if (plan == NULL)
        fail_msg("%s: %s", text, error.message);
    return plan;
}

/* The lines of the plan, without the newline at the end. */
static inline void expect_plan(const char *text, const char *wanted)
{
    struct plan *plan = plan_text(text);
    struct buffer found = {0};

    plan_append_text(&found, plan);
    buffer_append_byte(&found, 0);
    assert_false(found.failed);
    found.data[found.size - 2] = 0;
    assert_string_equal((const char *)found.data, wanted);
    buffer_clear(&found);
    plan_destroy(plan);
}

/* `place` is the text at fault, `hint` may be empty. */
static inline void expect_error(const char *text, enum ssql_code code, const char *place, const char *message,
                                const char *hint)
{
    struct ssql_error error;
    struct plan *plan = plan_typed(text, NULL, &error);

    if (plan != NULL)
        fail_msg("%s: was planned", text);
    assert_string_equal(error.message, message);
    assert_string_equal(error.hint, hint);
    assert_int_equal(error.code, code);
    char found[256] = "";
    assert_true(error.span.begin <= error.span.end && error.span.end <= strlen(text));
    snprintf(found, sizeof found, "%.*s", (int)(error.span.end - error.span.begin), text + error.span.begin);
    assert_string_equal(found, place);
}

/* The only expression of a select without from, as explain prints it. */
static inline void expect_expr(const char *expr, const char *wanted)
{
    char text[512], lines[512];

    snprintf(text, sizeof text, "select %s from users", expr);
    struct plan *plan = plan_text(text);
    struct buffer found = {0};
    const struct plan_node *node = plan->root;
    assert_int_equal(node->column_count, 1);
    if (node->kind == PLAN_PROJECT)
        bound_expr_append_text(&found, node->project.items[0], node->child->column_names);
    snprintf(lines, sizeof lines, "%.*s", SLICE_PRINT(buffer_slice(&found)));
    assert_string_equal(lines, wanted);
    buffer_clear(&found);
    plan_destroy(plan);
}

static inline void expect_type(const char *expr, enum ssql_type wanted)
{
    char text[512];

    snprintf(text, sizeof text, "select %s from users", expr);
    struct plan *plan = plan_text(text);
    assert_string_equal(type_name(plan->root->column_types[0]), type_name(wanted));
    plan_destroy(plan);
}

#endif
