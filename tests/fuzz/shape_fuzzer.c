/* shape_fuzzer.c - any bytes as a statement whose shape is read at a glance (parser/statement_shape.h). Where the
 * glance finds a shape, the grammar must think the same of the shape's text and of the statement's: both are right, or
 * both wrong; they end at one place, are of one kind, and the literals of an insert are the very same. */
#include <stdlib.h>

#include "parser/parser.h"
#include "parser/statement_shape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WIDTH_MOST = 1000, ROWS_MOST = 1000 };

static void expect(bool condition)
{
    if (!condition)
        abort();
}

struct parsed {
    struct arena arena;
    struct statement *statement; /* NULL: it is wrong */
    size_t consumed;
};

static void parse(struct parser *parser, const char *text, size_t size, struct parsed *parsed)
{
    struct ssql_error error;

    arena_init(&parsed->arena);
    error_clear(&error);
    if (!parse_statement(parser, text, size, &parsed->arena, &parsed->statement, &parsed->consumed, &error))
        parsed->statement = NULL;
}

static void expect_same_value(const struct value *left, const struct value *right)
{
    struct buffer texts[2] = {{0}, {0}};

    expect(left->type == right->type && left->is_null == right->is_null);
    value_append_literal(&texts[0], left);
    value_append_literal(&texts[1], right);
    expect(slice_equal(buffer_slice(&texts[0]), buffer_slice(&texts[1])));
    buffer_clear(&texts[0]);
    buffer_clear(&texts[1]);
}

static void check_rows(const struct statement_shape *shape, const struct insert *insert)
{
    const struct literal_rows *rows = &shape->rows;

    expect(insert->source == INSERT_ROWS && insert->rows.count == rows->row_count);
    for (uint32_t row = 0; row < rows->row_count; row++) {
        const struct expr_list *values = &insert->rows.items[row].values;
        expect(values->count == rows->width);
        for (uint32_t i = 0; i < rows->width; i++) {
            expect(values->items[i]->kind == EXPR_LITERAL);
            expect_same_value(&values->items[i]->literal, &rows->values[(size_t)row * rows->width + i]);
        }
    }
}

static void check_shape(struct parser *parser, const struct statement_shape *shape, const char *text, size_t size)
{
    struct buffer shape_text = {0};
    struct parsed shared, own;

    expect(shape->consumed > 0 && shape->consumed <= size);
    expect(shape->rows.count == (size_t)shape->rows.row_count * shape->rows.width && shape->rows.count > 0);
    statement_shape_append_text(shape, &shape_text);
    parse(parser, (const char *)shape_text.data, shape_text.size, &shared);
    parse(parser, text, size, &own);
    expect((shared.statement == NULL) == (own.statement == NULL));
    expect(own.consumed == shape->consumed && shared.consumed == shape_text.size);
    if (own.statement != NULL) {
        expect(own.statement->kind == shared.statement->kind && own.statement->parameter_count == 0);
        expect(shared.statement->parameter_count == shape->rows.width);
        if (shape->has_rows)
            check_rows(shape, own.statement->insert);
    }
    buffer_clear(&shape_text);
    arena_clear(&shared.arena);
    arena_clear(&own.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct statement_shape shape = {0};
    struct parser *parser;
    struct ssql_error error;

    if (!parser_create(&parser, &error))
        return 0;
    size_t begin = statement_shape_begin(text, size);
    if (statement_shape_read(&shape, text, size, begin, 0) && shape.rows.width <= WIDTH_MOST &&
        shape.rows.row_count <= ROWS_MOST)
        check_shape(parser, &shape, text, size);
    statement_shape_clear(&shape);
    parser_destroy(parser);
    return 0;
}
