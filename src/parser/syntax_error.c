#include "parser/syntax_error.h"

#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/utf8.h"
#include "ssql_grammar.h"

enum {
    SHOWN_TOKEN_SIZE = 40,    /* bytes of the wrong token that a message repeats */
    SHOWN_EXPECTED_LIMIT = 4, /* longer lists of what was expected help nobody */
    EXPECTED_TEXT_SIZE = 200,
};

/* What could have stood at the wrong place. */
struct expectation {
    const char *const *names;
    size_t count;
};

static bool expects(const struct expectation *expected, const char *name)
{
    for (size_t i = 0; i < expected->count; i++)
        if (strcmp(expected->names[i], name) == 0)
            return true;
    return false;
}

static bool is_one_of(const char *name, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(name, *list) == 0)
            return true;
    return false;
}

static bool is_word(const char *name)
{
    return name[0] >= 'a' && name[0] <= 'z' && strchr(name, ' ') == NULL;
}

static bool is_reserved(const char *word)
{
    const struct keyword *keyword = keyword_find(slice_of(word));

    return keyword != NULL && keyword->is_reserved;
}

static const char *const expression_starts[] = {
    "an integer", "a number", "a string", "a parameter", "a quoted name", "a name", "(",    "-",     "+",
    "!",          "not",      "case",     "cast",        "exists",        "null",   "true", "false", NULL};

static const char *const operators[] = {"+",  "-",    "*",       "/",   "%",  "==", "=",   "!=", "<>",
                                        "<",  "<=",   ">",       ">=",  "&&", "||", "and", "or", "is",
                                        "in", "like", "between", "not", ".",  "(",  NULL};

/* Words that go on after an expression: where one is missing before them, nobody meant them as a name. */
static const char *const expression_followers[] = {"from", "where", "having", "and", "or", "as",
                                                   "when", "then",  "else",   "end", NULL};

static const char *const end_of_statement = "the end of the statement";

/* The few things worth naming: an expression is one thing, however it may begin; how an expression that is complete
 * could go on is not worth a word; a word that could be a name is one. */
static size_t choose_shown(const struct expectation *expected, const char **shown)
{
    bool expression = expects(expected, "an integer") && expects(expected, "case");
    bool operand_ended = !expression && expects(expected, "+") && expects(expected, "*");
    bool name = expects(expected, "a name");
    bool end = false;
    size_t count = 0;

    if (expression)
        shown[count++] = "an expression";
    for (size_t i = 0; i < expected->count && count <= SHOWN_EXPECTED_LIMIT; i++) {
        const char *candidate = expected->names[i];
        if ((expression && is_one_of(candidate, expression_starts)) ||
            (operand_ended && is_one_of(candidate, operators)))
            continue;
        if (name && (strcmp(candidate, "a quoted name") == 0 || (is_word(candidate) && !is_reserved(candidate))))
            continue;
        if (strcmp(candidate, end_of_statement) == 0)
            end = true;
        else
            shown[count++] = candidate;
    }
    if (end && count <= SHOWN_EXPECTED_LIMIT)
        shown[count++] = end_of_statement;
    return count;
}

/* Appends ", expected a, b or c" when there is little to say. */
static void describe_expected(const struct expectation *expected, char text[EXPECTED_TEXT_SIZE])
{
    const char *shown[SHOWN_EXPECTED_LIMIT + 1];
    size_t count = choose_shown(expected, shown);
    size_t used = 0;

    text[0] = '\0';
    if (count > SHOWN_EXPECTED_LIMIT)
        return;
    for (size_t i = 0; i < count; i++) {
        bool is_class = strchr(shown[i], ' ') != NULL;
        const char *separator = i == 0 ? ", expected " : i + 1 < count ? ", " : " or ";
        used += (size_t)snprintf(text + used, EXPECTED_TEXT_SIZE - used, is_class ? "%s%s" : "%s\"%s\"", separator,
                                 shown[i]);
    }
}

/* The expected word that is at most `limit` edits from a wrong one; data is NULL when there is none. */
static struct slice nearest_word(const struct expectation *expected, struct slice wrong, size_t limit)
{
    bool name = expects(expected, "a name");
    struct nearest nearest = nearest_start(wrong);

    if (nearest.limit > limit)
        nearest.limit = limit;
    for (size_t i = 0; i < expected->count; i++)
        if (is_word(expected->names[i]) && !(name && !is_reserved(expected->names[i])))
            nearest_consider(&nearest, slice_of(expected->names[i]));
    return nearest.best;
}

/* Tokens that end a table or an expression: a bare alias may follow. */
static bool may_precede_alias(int token)
{
    switch (token) {
    case TOKEN_IDENTIFIER:
    case TOKEN_QUOTED:
    case TOKEN_STRING:
    case TOKEN_INTEGER:
    case TOKEN_FLOAT:
    case TOKEN_PARAMETER:
    case TOKEN_CLOSE:
    case TOKEN_END:
    case TOKEN_NULL:
    case TOKEN_TRUE:
    case TOKEN_FALSE: return true;
    default: return false;
    }
}

static bool is_bare_word(const struct parser *parser, const struct seen_token *token)
{
    return token->kind == TOKEN_IDENTIFIER && parser->scan_begin[token->span.begin] != '`';
}

/* In `from users wher id == 1` the grammar takes `wher` for an alias and stops at `id`: points at the alias instead. */
static bool report_mistyped_alias(struct parser *parser, const struct expectation *expected)
{
    const struct seen_token *alias = &parser->seen[1];

    if (!is_bare_word(parser, alias) || !may_precede_alias(parser->seen[2].kind))
        return false;
    struct slice text = parser_text(parser, alias->span);
    struct slice meant = nearest_word(expected, text, 1);
    if (meant.data == NULL)
        return false;
    parser_fail(parser, SSQL_SYNTAX, alias->span, "syntax error at \"%.*s\"", SLICE_PRINT(text));
    error_hint(parser->error, "did you mean \"%.*s\"?", SLICE_PRINT(meant));
    return true;
}

/* The first line of a token, or as much of it as a message can bear. */
static int shown_size(struct slice token)
{
    const uint8_t *line_end = token.size == 0 ? NULL : memchr(token.data, '\n', token.size);

    if (line_end != NULL)
        token.size = (size_t)(line_end - token.data);
    if (token.size > SHOWN_TOKEN_SIZE)
        token.size = utf8_valid_prefix(slice_make(token.data, SHOWN_TOKEN_SIZE));
    return (int)token.size;
}

static void report_end(struct parser *parser, const char *expected)
{
    struct ssql_span span = parser->seen[1].span;

    if (parser->is_ended)
        span = (struct ssql_span){parser->scan_size, parser->scan_size + 1};
    parser_fail(parser, SSQL_SYNTAX, span, "unexpected end of the statement%s", expected);
}

/* A keyword stands where a name was expected. */
static void hint_at_keyword(struct parser *parser, const struct expectation *expected, const char *keyword)
{
    bool is_misplaced = expects(expected, "an integer") && is_one_of(keyword, expression_followers);

    if (is_misplaced && parser->seen[1].kind == TOKEN_COMMA)
        error_hint(parser->error, "the comma before it is one too many");
    else if (!is_misplaced)
        error_hint(parser->error, "\"%s\" is a reserved word; as a name it needs backquotes: `%s`", keyword, keyword);
}

void syntax_error_report(struct parser *parser, struct ssql_span span, const char *const *names, size_t count)
{
    struct expectation expected = {names, count};
    const struct seen_token *wrong = &parser->seen[0];
    struct slice text = parser_text(parser, span);
    char expected_text[EXPECTED_TEXT_SIZE];

    if (parser->has_failed || report_mistyped_alias(parser, &expected))
        return;
    describe_expected(&expected, expected_text);
    if (wrong->kind == TOKEN_END_OF_TEXT) {
        report_end(parser, expected_text);
        return;
    }
    int size = shown_size(text);
    const char *quote = wrong->kind == TOKEN_QUOTED || wrong->kind == TOKEN_STRING ? "" : "\"";
    parser_fail(parser, SSQL_SYNTAX, span, "syntax error at %s%.*s%s%s%s", quote, size, (const char *)text.data,
                (size_t)size < text.size ? "..." : "", quote, expected_text);

    const struct keyword *keyword = keyword_find(text);
    if (keyword == NULL && !is_bare_word(parser, wrong))
        return;
    struct slice meant = nearest_word(&expected, text, SIZE_MAX);
    if (meant.data != NULL)
        error_hint(parser->error, "did you mean \"%.*s\"?", SLICE_PRINT(meant));
    else if (keyword != NULL && expects(&expected, "a name"))
        hint_at_keyword(parser, &expected, keyword->text);
}
