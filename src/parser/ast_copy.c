#include <assert.h>

#include "parser/ast_make.h"
#include "parser/parser_internal.h"

struct copy_place *copy_place_make(struct parser *parser, struct ssql_span span, struct slice path)
{
    struct copy_place *place = arena_alloc(parser->arena, sizeof *place);

    if (place != NULL)
        *place = (struct copy_place){.path = path, .span = span};
    return place;
}

struct copy_place *copy_place_make_stream(struct parser *parser, struct name word)
{
    struct copy_place *place = copy_place_make(parser, word.span, word.text);

    if (place != NULL)
        place->is_stream = true;
    return place;
}

struct copy_option *copy_option_make(struct parser *parser, struct name name, struct expr *value)
{
    struct copy_option *option = arena_alloc(parser->arena, sizeof *option);

    if (option == NULL || value == NULL)
        return NULL;
    if (value->kind == EXPR_PARAMETER)
        parser_defer(parser, SSQL_SYNTAX, value->span, "a parameter cannot stand in an option of copy");
    *option = (struct copy_option){name, value};
    return option;
}

struct copy_options copy_options_append(struct parser *parser, struct copy_options list, struct copy_option *option)
{
    struct copy_option *items = list_grow(parser->arena, list.items, list.count, sizeof *items);

    if (items == NULL || option == NULL)
        return (struct copy_options){0};
    items[list.count] = *option;
    return (struct copy_options){items, list.count + 1};
}

static struct copy *make(struct parser *parser, struct name table, struct name_list columns,
                         const struct copy_place *place, struct copy_options options, const char *stream)
{
    struct copy *copy = arena_alloc(parser->arena, sizeof *copy);

    if (copy == NULL)
        return NULL;
    assert(place != NULL); /* without memory for it the parse has ended at the token behind */
    if (place->is_stream && !name_equal(place->path, slice_of(stream))) {
        parser_defer(parser, SSQL_SYNTAX, place->span, "a path or %s is wanted here, not %.*s", stream,
                     SLICE_PRINT(place->path));
        parser_defer_hint(parser, place->span, "a path is a string: '%.*s'", SLICE_PRINT(place->path));
    }
    *copy = (struct copy){
        .table = table, .columns = columns, .place = *place, .options = options.items, .option_count = options.count};
    if (place->is_stream) /* in small letters, however it was written */
        copy->place.path = slice_of(stream);
    return copy;
}

struct copy *copy_make_from(struct parser *parser, struct name table, struct name_list columns,
                            const struct copy_place *place, struct copy_options options)
{
    struct copy *copy = make(parser, table, columns, place, options, "stdin");

    if (copy != NULL)
        copy->is_from = true;
    return copy;
}

struct copy *copy_make_to(struct parser *parser, struct name table, struct name_list columns, struct query *query,
                          const struct copy_place *place, struct copy_options options)
{
    struct copy *copy = make(parser, table, columns, place, options, "stdout");

    if (copy != NULL)
        copy->query = query;
    return copy;
}
