/* shape_fuzzer.c - any bytes as a statement whose shape is read at a glance (parser/statement_shape.h). Where the
 * glance finds a shape, the grammar must think the same of the shape's text and of the statement's: both are right, or
 * both wrong; they end at one place, are of one kind, and the literals of an insert are the very same. That goes, too,
 * for a statement that begins with the head of another insert. */
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

/* The size of the head of an insert that a statement before this one could have: the text up to its first `values`, if
 * rows could stand there; else 0. */
static size_t find_known_head(const char *text, size_t size, size_t begin)
{
    static const char word[] = "values", rows[] = "(1)";
    struct statement_shape shape = {0};
    struct buffer other = {0};
    size_t end = begin, head_size = 0;

    while (end + strlen(word) <= size && memcmp(text + end, word, strlen(word)) != 0)
        end++;
    if (end + strlen(word) > size)
        return 0;
    end += strlen(word);
    buffer_append(&other, text, end);
    buffer_append_text(&other, rows);
    if (statement_shape_read(&shape, (const char *)other.data, other.size, begin, 0) && shape.has_rows &&
        shape.head.size == end - begin)
        head_size = shape.head.size;
    statement_shape_clear(&shape);
    buffer_clear(&other);
    return head_size;
}

static void check(struct parser *parser, struct statement_shape *shape, const char *text, size_t size, size_t head_size)
{
    if (statement_shape_read(shape, text, size, statement_shape_begin(text, size), head_size) &&
        shape->rows.width <= WIDTH_MOST && shape->rows.row_count <= ROWS_MOST)
        check_shape(parser, shape, text, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct statement_shape shape = {0};
    struct parser *parser;
    struct ssql_error error;

    if (!parser_create(&parser, &error))
        return 0;
    check(parser, &shape, text, size, 0);
    size_t head_size = find_known_head(text, size, statement_shape_begin(text, size));
    if (head_size > 0)
        check(parser, &shape, text, size, head_size);
    statement_shape_clear(&shape);
    parser_destroy(parser);
    return 0;
}
