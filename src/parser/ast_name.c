#include "base/nearest.h"
#include "base/utf8.h"
#include "parser/ast_make.h"
#include "parser/completion.h"
#include "parser/foreign_word.h"
#include "parser/parser_internal.h"

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

bool name_equal(struct slice left, struct slice right)
{
    if (left.size != right.size)
        return false;
    for (size_t i = 0; i < left.size; i++)
        if (lower(left.data[i]) != lower(right.data[i]))
            return false;
    return true;
}

struct name name_make(struct parser *parser, struct ssql_span span, struct slice text)
{
    if (text.size == 0)
        parser_defer(parser, SSQL_SYNTAX, span, "a name must not be empty");
    return (struct name){text, span};
}

struct name name_make_bare(struct parser *parser, struct ssql_span span)
{
    return (struct name){parser_text(parser, span), span};
}

struct conditional_name *conditional_name_make(struct parser *parser, struct name name, bool is_conditional)
{
    struct conditional_name *made = arena_alloc(parser->arena, sizeof *made);

    if (made != NULL)
        *made = (struct conditional_name){name, is_conditional};
    return made;
}

struct name_list names_append(struct parser *parser, struct name_list list, struct name name)
{
    list.items = list_grow(parser->arena, list.items, list.count, sizeof *list.items);
    if (list.items == NULL)
        return (struct name_list){0};
    list.items[list.count++] = name;
    return list;
}

/* The spellings of a type that people know; the first of each type is ours. */
static const struct {
    const char *text;
    enum ssql_type type;
    bool takes_length;
} type_spellings[] = {
    {"int", SSQL_TYPE_INT, false},       {"integer", SSQL_TYPE_INT, false},   {"bigint", SSQL_TYPE_INT, false},
    {"smallint", SSQL_TYPE_INT, false},  {"string", SSQL_TYPE_STRING, false}, {"text", SSQL_TYPE_STRING, false},
    {"varchar", SSQL_TYPE_STRING, true}, {"char", SSQL_TYPE_STRING, true},    {"bool", SSQL_TYPE_BOOL, false},
    {"boolean", SSQL_TYPE_BOOL, false},  {"float", SSQL_TYPE_FLOAT, false},   {"real", SSQL_TYPE_FLOAT, false},
    {"double", SSQL_TYPE_FLOAT, false},
};

enum { TYPE_SPELLING_COUNT = sizeof type_spellings / sizeof type_spellings[0], SHOWN_SIZE = 60 };

const char *type_spelling(size_t i)
{
    return i < TYPE_SPELLING_COUNT ? type_spellings[i].text : NULL;
}

static int shown_size(struct slice text)
{
    return (int)(text.size <= SHOWN_SIZE ? text.size : utf8_valid_prefix(slice_make(text.data, SHOWN_SIZE)));
}

static void refuse_type(struct parser *parser, struct ssql_span span, struct slice word)
{
    struct nearest nearest = nearest_start(word);

    for (size_t i = 0; i < TYPE_SPELLING_COUNT; i++)
        nearest_consider(&nearest, slice_of(type_spellings[i].text));
    parser_defer(parser, SSQL_UNKNOWN_TYPE, span, "unknown type \"%.*s\"", shown_size(word), (const char *)word.data);
    const char *foreign = foreign_type_hint(word);
    if (foreign != NULL)
        parser_defer_hint(parser, span, "%s", foreign);
    else if (nearest.best.data != NULL)
        parser_defer_hint(parser, span, "did you mean \"%.*s\"?", SLICE_PRINT(nearest.best));
    else
        parser_defer_hint(parser, span, "the types are int, string, bool and float");
}

struct type_name type_name_make(struct parser *parser, struct ssql_span span, struct slice word,
                                const struct ssql_span *length_span)
{
    for (size_t i = 0; i < TYPE_SPELLING_COUNT; i++) {
        if (!name_equal(word, slice_of(type_spellings[i].text)))
            continue;
        if (length_span != NULL && !type_spellings[i].takes_length)
            parser_defer(parser, SSQL_SYNTAX, *length_span, "the type \"%s\" takes no length", type_spellings[i].text);
        return (struct type_name){type_spellings[i].type, span};
    }
    refuse_type(parser, (struct ssql_span){span.begin, span.begin + (uint32_t)word.size}, word);
    return (struct type_name){SSQL_TYPE_NULL, span};
}

struct type_name type_name_make_precision(struct parser *parser, struct ssql_span span, struct slice word)
{
    if (!name_equal(word, slice_of("double")))
        refuse_type(parser, span, parser_text(parser, span));
    return (struct type_name){SSQL_TYPE_FLOAT, span};
}
