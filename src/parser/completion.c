#include "parser/completion.h"

#include "base/nearest.h"
#include "parser/parser.h"
#include "parser/statement_boundary.h"
#include "ssql_grammar.h"

/* The grammar's own word for a token that cannot be used. */
enum { TOKEN_WRONG = TOKEN_SSQL_GRAMMAR_error };

/* A token that the grammar refused: what it is taken for instead. */
struct repair {
    uint32_t index; /* of the token */
    int kind;       /* TOKEN_WRONG: it is passed over */
};

/* One run of the grammar over the tokens before the place. */
struct completion_parse {
    struct repair repairs[COMPLETION_REPAIRS_MOST];
    uint32_t repair_count;
    uint32_t next_index; /* of the token that is scanned next */
    bool has_begun;      /* the start token was handed out */
    int current;         /* the kind that was handed out last */
    struct ssql_span current_span;
    int previous;        /* the one before */
    bool is_at_place;    /* the last token was the one that fits nowhere */
    bool has_answer;     /* the grammar said what would fit there */
    bool has_new_repair; /* it refused a token: run it again */
    struct completion *out;
};

/* ---- tokens ---- */

static bool token_list_append(struct arena *arena, struct token_list *list, int kind, struct ssql_span span)
{
    list->items = list_grow(arena, list->items, list->count, sizeof *list->items);
    if (list->items == NULL)
        return false;
    list->items[list->count++] = (struct listed_token){kind, span};
    return true;
}

bool token_list_scan(struct parser *parser, const char *text, size_t size, struct arena *arena, struct token_list *out,
                     struct ssql_error *error)
{
    SSQL_GRAMMAR_STYPE value;
    struct ssql_error ignored = {0};

    *out = (struct token_list){0};
    if (!parser_start(parser, TOKEN_START_STATEMENT, text, 0, size, arena, error))
        return false;
    parser->error = &ignored;
    for (;;) {
        struct ssql_span span;
        int kind = scanner_next(&value, &span, parser->scanner);
        parser->has_failed = false;
        if (kind == TOKEN_END_OF_TEXT || arena_failed(arena))
            break;
        /* What is open at the end is one token, whatever the scanner makes of its bytes. */
        if (!token_list_append(arena, out, kind, span) || (kind == TOKEN_WRONG && span.end >= size))
            break;
    }
    parser->error = NULL;
    if (arena_failed(arena))
        return error_no_memory(error);
    return true;
}

/* ---- the grammar's answer ---- */

static const struct repair *find_repair(const struct completion_parse *parse, uint32_t index)
{
    for (uint32_t i = parse->repair_count; i > 0; i--)
        if (parse->repairs[i - 1].index == index)
            return &parse->repairs[i - 1];
    return NULL;
}

int completion_next_token(struct parser *parser, union SSQL_GRAMMAR_STYPE *value, struct ssql_span *span)
{
    struct completion_parse *parse = parser->completion;
    const struct repair *repair;
    int kind;

    if (!parse->has_begun) {
        parse->has_begun = true;
        *span = NO_SPAN;
        return parser->start_token;
    }
    do {
        kind = scanner_next(value, span, parser->scanner);
        parser->has_failed = false;
        repair = find_repair(parse, parse->next_index++);
        if (repair != NULL)
            kind = repair->kind;
    } while (kind == TOKEN_WRONG && !arena_failed(parser->arena));
    parse->is_at_place = kind == TOKEN_END_OF_TEXT;
    parse->previous = parse->current;
    parse->current = arena_failed(parser->arena) ? TOKEN_WRONG : parse->is_at_place ? TOKEN_PLACE : kind;
    parse->current_span = *span;
    return parse->current;
}

static bool is_word(const char *name)
{
    return name[0] >= 'a' && name[0] <= 'z' && strchr(name, ' ') == NULL;
}

/* A keyword fits where a name does, too, when it can be one. That says little about the keyword, but for these. */
static bool is_meant_after(int keyword, int previous)
{
    switch (keyword) {
    case TOKEN_IF: return previous == TOKEN_TABLE || previous == TOKEN_INDEX || previous == TOKEN_VIEW;
    case TOKEN_COLUMN: return previous == TOKEN_ADD || previous == TOKEN_DROP || previous == TOKEN_RENAME;
    case TOKEN_RECURSIVE: return previous == TOKEN_WITH;
    case TOKEN_SAVEPOINT: return previous == TOKEN_RELEASE || previous == TOKEN_TO;
    default: return false;
    }
}

static void note_answer(struct parser *parser, const char *const *names, size_t count)
{
    struct completion_parse *parse = parser->completion;
    struct completion *out = parse->out;
    const char **words = arena_alloc_array(parser->arena, count + 1, sizeof *words);

    if (words == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        out->expects_name = out->expects_name || strcmp(names[i], "a name") == 0;
        out->expects_expression = out->expects_expression || strcmp(names[i], "case") == 0;
    }
    for (size_t i = 0; i < count; i++) {
        const struct keyword *keyword = is_word(names[i]) ? keyword_find(slice_of(names[i])) : NULL;
        if (keyword != NULL &&
            (!out->expects_name || keyword->is_reserved || is_meant_after(keyword->token, parse->previous)))
            words[out->word_count++] = keyword->text;
    }
    out->words = words;
    parse->has_answer = true;
}

/* The keyword that a wrong word was probably meant to be, or TOKEN_WRONG. */
static int meant_keyword(struct slice word, const char *const *names, size_t count)
{
    struct nearest nearest = nearest_start(word);

    for (size_t i = 0; i < count; i++)
        if (is_word(names[i]))
            nearest_consider(&nearest, slice_of(names[i]));
    const struct keyword *keyword = nearest.best.data == NULL ? NULL : keyword_find(nearest.best);
    return keyword == NULL ? TOKEN_WRONG : keyword->token;
}

void completion_note_expected(struct parser *parser, const char *const *names, size_t count)
{
    struct completion_parse *parse = parser->completion;
    uint32_t index = parse->next_index - 1;

    if (parse->is_at_place) {
        note_answer(parser, names, count);
        return;
    }
    if (parse->repair_count == COMPLETION_REPAIRS_MOST)
        return;
    bool is_name = parse->current == TOKEN_IDENTIFIER;
    int kind = is_name ? meant_keyword(parser_text(parser, parse->current_span), names, count) : TOKEN_WRONG;
    parse->repairs[parse->repair_count++] = (struct repair){index, kind};
    parse->has_new_repair = true;
}

/* Runs the grammar over the tokens before the place, again after each token that it refuses. */
static bool ask_grammar(struct parser *parser, struct arena *arena, struct completion *out, struct ssql_error *error)
{
    struct completion_parse parse = {.out = out};
    struct ssql_error ignored = {0};

    do {
        if (!parser_start(parser, TOKEN_START_STATEMENT, out->statement, 0, out->word.begin, arena, error))
            return false;
        parser->is_ended = false;
        parser->error = &ignored;
        parser->completion = &parse;
        parse.has_begun = parse.has_new_repair = false;
        parse.next_index = 0;
        parse.current = parse.previous = TOKEN_START_STATEMENT;
        ssql_grammar_parse(parser);
        parser->completion = NULL;
        parser->error = NULL;
        if (arena_failed(arena))
            return error_no_memory(error);
    } while (parse.has_new_repair);
    out->is_known = parse.has_answer;
    for (uint32_t i = 0; i < parse.repair_count; i++)
        if (parse.repairs[i].kind != TOKEN_WRONG)
            out->before.items[parse.repairs[i].index].kind = parse.repairs[i].kind;
    return true;
}

/* ---- the place ---- */

/* Finds the statement that holds the place: [*begin, *end), its `;` not included. False: in a string or comment. */
static bool find_statement_at(const char *text, size_t length, size_t at, size_t *begin, size_t *end,
                              struct completion *out)
{
    struct statement_boundary boundary = {0};

    *begin = 0;
    while (statement_boundary_find(&boundary, text, at)) {
        *begin = boundary.offset;
        boundary = (struct statement_boundary){.offset = boundary.offset};
    }
    enum boundary_state state = boundary.state;
    size_t open_begin = boundary.open_begin;
    *end = statement_boundary_find(&boundary, text, length) ? boundary.offset - 1 : length;
    out->statement_begin = *begin;
    if (state == BOUNDARY_NAME) {
        out->is_quoted = true;
        out->word = (struct ssql_span){(uint32_t)(open_begin - *begin), (uint32_t)(at - *begin)};
    }
    return state == BOUNDARY_PLAIN || state == BOUNDARY_NAME;
}

static bool is_bare(const struct completion *out, const struct listed_token *token)
{
    return token->kind == TOKEN_IDENTIFIER
               ? out->statement[token->span.begin] != '`'
               : keyword_find(slice_make(out->statement + token->span.begin, token->span.end - token->span.begin)) !=
                     NULL;
}

/* The bare word that ends at the place is the one that is being written; anything else but a sign cannot go on. */
static void take_word(struct completion *out)
{
    struct token_list *before = &out->before;

    if (before->count == 0 || before->items[before->count - 1].span.end != out->word.end)
        return;
    const struct listed_token *last = &before->items[before->count - 1];
    if (is_bare(out, last)) {
        out->word.begin = last->span.begin;
        before->count--;
        return;
    }
    out->is_closed = last->kind == TOKEN_IDENTIFIER || last->kind == TOKEN_QUOTED || last->kind == TOKEN_STRING ||
                     last->kind == TOKEN_INTEGER || last->kind == TOKEN_FLOAT || last->kind == TOKEN_PARAMETER ||
                     last->kind == TOKEN_WRONG;
}

static void *without_zeros(char *copy, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        copy[i] = text[i];
    for (size_t i = 0; i < size; i++)
        if (copy[i] == '\0')
            copy[i] = ' ';
    return copy;
}

bool completion_find(const char *text, size_t length, size_t at, struct arena *arena, struct completion *out,
                     struct ssql_error *error)
{
    struct parser *parser = NULL;
    size_t begin, end;
    bool done = false;

    *out = (struct completion){.is_closed = true};
    if (!find_statement_at(text, length, at, &begin, &end, out) || end - begin > COMPLETION_SIZE_LIMIT)
        return true;
    char *copy = arena_alloc(arena, end - begin + 1);
    if (copy == NULL)
        return error_no_memory(error);
    out->statement = without_zeros(copy, text + begin, end - begin);
    out->is_closed = false;
    if (!out->is_quoted)
        out->word = (struct ssql_span){(uint32_t)(at - begin), (uint32_t)(at - begin)};
    if (!parser_create(&parser, error))
        return false;
    if (token_list_scan(parser, out->statement, out->is_quoted ? out->word.begin : out->word.end, arena, &out->before,
                        error) &&
        token_list_scan(parser, out->statement + (at - begin), end - at, arena, &out->after, error)) {
        if (!out->is_quoted)
            take_word(out);
        for (uint32_t i = 0; i < out->after.count; i++) {
            out->after.items[i].span.begin += (uint32_t)(at - begin);
            out->after.items[i].span.end += (uint32_t)(at - begin);
        }
        done = out->is_closed || ask_grammar(parser, arena, out, error);
    }
    parser_destroy(parser);
    return done;
}
