#include "shell/highlight.h"

#include <ssql.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "shell/text_buffer.h"

const char style_end[] = "\033[0m";

const char *style_sequence(uint8_t style)
{
    static const char *const sequences[] = {
        [STYLE_PLAIN] = "",          [STYLE_KEYWORD] = "\033[1;34m", [STYLE_NAME] = "\033[36m",
        [STYLE_STRING] = "\033[32m", [STYLE_NUMBER] = "\033[36m",    [STYLE_PARAMETER] = "\033[35m",
        [STYLE_COMMENT] = "\033[2m", [STYLE_COMMAND] = "\033[1;35m", [STYLE_WRONG] = "\033[1;31m",
        [STYLE_MATCH] = "\033[1;7m",
    };

    return sequences[style];
}

char style_sign(uint8_t style)
{
    if (style == STYLE_STRING)
        return '\'';
    if (style == STYLE_NAME)
        return '`';
    return style == STYLE_COMMENT ? '*' : '.';
}

/* The styles being set, and the brackets that are open. */
struct painting {
    const char *text;
    size_t base; /* of the statement, from which the tokens count */
    size_t begin, end;
    uint8_t *styles;
    size_t cursor;
    size_t *open; /* offsets of brackets */
    size_t open_count, open_capacity;
};

static void set_style(struct painting *painting, size_t begin, size_t end, enum text_style style)
{
    size_t from = begin > painting->begin ? begin : painting->begin;
    size_t to = end < painting->end ? end : painting->end;

    if (from < to)
        memset(painting->styles + (from - painting->begin), (int)style, to - from);
}

static char partner_of(char closing)
{
    return closing == ')' ? '(' : '{';
}

static bool is_at_cursor(const struct painting *painting, size_t bracket)
{
    return bracket == painting->cursor;
}

static void take_bracket(struct painting *painting, size_t at)
{
    char byte = painting->text[at];

    if (byte == '(' || byte == '{') {
        if (painting->open_count == painting->open_capacity) {
            painting->open_capacity = painting->open_capacity == 0 ? 16 : painting->open_capacity * 2;
            painting->open = must_reallocate(painting->open, painting->open_capacity * sizeof *painting->open);
        }
        painting->open[painting->open_count++] = at;
        set_style(painting, at, at + 1, STYLE_WRONG); /* until its partner comes */
    } else if (byte == ')' || byte == '}') {
        if (painting->open_count == 0 || painting->text[painting->open[painting->open_count - 1]] != partner_of(byte)) {
            set_style(painting, at, at + 1, STYLE_WRONG);
            return;
        }
        size_t partner = painting->open[--painting->open_count];
        bool is_shown = is_at_cursor(painting, at) || is_at_cursor(painting, partner);
        enum text_style style = is_shown ? STYLE_MATCH : STYLE_PLAIN;
        set_style(painting, at, at + 1, style);
        set_style(painting, partner, partner + 1, style);
    }
}

/* Of what is not ended only the mark that opens it is wrong: the rest may still become what it looks like. */
static void take_open(struct painting *painting, size_t begin, size_t end)
{
    char first = painting->text[begin];
    size_t mark = first == '/' ? 2 : 1;

    set_style(painting, begin, end, first == '/' ? STYLE_COMMENT : first == '`' ? STYLE_NAME : STYLE_STRING);
    set_style(painting, begin, begin + mark < end ? begin + mark : end, STYLE_WRONG);
}

static int take_token(void *context, int kind, size_t begin, size_t end)
{
    static const enum text_style styles[] = {
        [SSQL_TOKEN_KEYWORD] = STYLE_KEYWORD,     [SSQL_TOKEN_NAME] = STYLE_NAME,
        [SSQL_TOKEN_STRING] = STYLE_STRING,       [SSQL_TOKEN_NUMBER] = STYLE_NUMBER,
        [SSQL_TOKEN_PARAMETER] = STYLE_PARAMETER, [SSQL_TOKEN_COMMENT] = STYLE_COMMENT,
        [SSQL_TOKEN_WRONG] = STYLE_WRONG,
    };
    struct painting *painting = context;

    begin += painting->base;
    end += painting->base;
    if (kind == SSQL_TOKEN_SIGN)
        take_bracket(painting, begin);
    else if (kind == SSQL_TOKEN_OPEN)
        take_open(painting, begin, end);
    else if (kind != SSQL_TOKEN_NAME || painting->text[begin] == '`') /* a name that needs no quotes is plain */
        set_style(painting, begin, end, styles[kind]);
    return 0;
}

static void paint_statement(struct painting *painting, size_t begin, size_t end)
{
    if (end <= painting->begin)
        return;
    painting->base = begin;
    painting->open_count = 0;
    /* without memory there are no colours */
    (void)ssql_tokenize(painting->text + begin, end - begin, take_token, painting);
}

/* The bracket that the cursor is on, or behind. */
static size_t bracket_at(const char *text, size_t size, size_t cursor)
{
    static const char brackets[] = "(){}";

    if (cursor < size && memchr(brackets, text[cursor], 4) != NULL)
        return cursor;
    if (cursor > 0 && cursor <= size && memchr(brackets, text[cursor - 1], 4) != NULL)
        return cursor - 1;
    return SIZE_MAX;
}

void highlight(const char *text, size_t size, size_t cursor, size_t begin, size_t end, uint8_t *styles)
{
    struct painting painting = {
        .text = text, .begin = begin, .end = end, .styles = styles, .cursor = bracket_at(text, size, cursor)};
    size_t first = 0, at = 0, statement_end;
    ssql_splitter *splitter;

    memset(styles, STYLE_PLAIN, end - begin);
    while (first < size && strchr(" \t\n", text[first]) != NULL)
        first++;
    if (first < size && (text[first] == '.' || text[first] == '\\')) {
        size_t name_end = first;
        while (name_end < size && strchr(" \t\n", text[name_end]) == NULL)
            name_end++;
        set_style(&painting, first, name_end, STYLE_COMMAND);
        return;
    }
    if (ssql_splitter_new(&splitter) != SSQL_OK)
        return;
    while (at < end && ssql_splitter_find(splitter, text + at, size - at, &statement_end) != 0) {
        paint_statement(&painting, at, at + statement_end);
        at += statement_end;
        ssql_splitter_reset(splitter);
    }
    if (at < end)
        paint_statement(&painting, at, size);
    ssql_splitter_free(splitter);
    free(painting.open);
}
