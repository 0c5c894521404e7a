#include "parser/syntax_error.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/utf8.h"
#include "parser/foreign_syntax.h"
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

    assert(keyword != NULL); /* all words of the grammar are */
    return keyword->is_reserved;
}

static const char *const expression_starts[] = {
    "an integer", "a number", "a string", "a parameter", "a quoted name", "a name", "(",    "-",     "+",
    "!",          "not",      "case",     "cast",        "exists",        "null",   "true", "false", NULL};

static const char *const operators[] = {"+",  "-",    "*",       "/",   "%",  "==", "=",   "!=", "<>",
                                        "<",  "<=",   ">",       ">=",  "&&", "||", "and", "or", "is",
                                        "in", "like", "between", "not", ".",  "(",  NULL};

/* Words that can follow an expression or a list: where what they follow is missing, nobody meant them as a name. */
static const char *const followers[] = {"from", "where", "group", "having", "order", "limit", "and",    "or",
                                        "as",   "when",  "then",  "else",   "end",   "set",   "values", NULL};

/* What may be left out almost always, and is not worth a word then. */
static const char *const minor_words[] = {"with", "all", "distinct", "recursive", "returning", NULL};

/* Words that begin statements and cannot be names. */
static const char *const statement_starts[] = {"select", "insert", "update", "delete", "create",
                                               "drop",   "alter",  "with",   NULL};

static const char *const end_of_statement = "the end of the statement";

/* ---- what was expected ---- */

/* The name of an option may be one of the grammar's words, too. */
static bool expects_option(const struct expectation *expected)
{
    return expects(expected, "a name") && !expects(expected, "a quoted name") && expects(expected, "create");
}

/* The value of an option is a literal or a word. */
static bool expects_option_value(const struct expectation *expected)
{
    return expects(expected, "a name") && !expects(expected, "case") && expects(expected, "an integer") &&
           expects(expected, "insert");
}

/* A type is a word that is neither quoted nor one of the grammar's. */
static bool expects_type(const struct expectation *expected)
{
    return expects(expected, "a name") && !expects(expected, "a quoted name") && !expects_option(expected);
}

/* Whether the text's next token would be the first of an operand. */
static bool begins_operand(int token)
{
    switch (token) {
    case TOKEN_IDENTIFIER:
    case TOKEN_QUOTED:
    case TOKEN_STRING:
    case TOKEN_INTEGER:
    case TOKEN_FLOAT:
    case TOKEN_PARAMETER:
    case TOKEN_OPEN:
    case TOKEN_NULL:
    case TOKEN_TRUE:
    case TOKEN_FALSE: return true;
    default: return false;
    }
}

/* Which tokens of a long list are shown. */
struct shown {
    const char *items[SHOWN_EXPECTED_LIMIT + 1];
    size_t count; /* SHOWN_EXPECTED_LIMIT + 1: too many */
};

static void show(struct shown *shown, const char *item)
{
    if (shown->count <= SHOWN_EXPECTED_LIMIT)
        shown->items[shown->count++] = item;
}

/* Adds the classes: an expression is one thing, however it may begin, and so is a name, which many words can be. */
static void show_classes(const struct expectation *expected, int wrong_kind, struct shown *shown)
{
    bool literal = expects(expected, "an integer"), expression = literal && expects(expected, "case");
    bool operand_ended = !expression && expects(expected, "+") && expects(expected, "*");

    if (expression)
        show(shown, "an expression");
    else if (expects_option(expected))
        show(shown, "an option");
    else if (expects_option_value(expected))
        show(shown, "a value");
    else if (expects_type(expected))
        show(shown, "a type");
    else if (expects(expected, "a name") && !(expects(expected, "as") && expects(expected, end_of_statement)))
        show(shown, literal ? "a name or a value" : "a name");
    else if (literal)
        show(shown, "a value");
    if (operand_ended && begins_operand(wrong_kind))
        show(shown, "an operator");
}

/* Whether a token is left out of the list, because a class holds it or because it hardly ever helps. */
static bool is_implied(const struct expectation *expected, const char *token)
{
    bool expression = expects(expected, "an integer"), operand_ended = !expression && expects(expected, "+");

    if (strcmp(token, "a name") == 0 || strcmp(token, "a quoted name") == 0 || strcmp(token, end_of_statement) == 0 ||
        is_one_of(token, minor_words) || expects_option(expected) || expects_option_value(expected) ||
        (expression && is_one_of(token, expression_starts)) || (operand_ended && is_one_of(token, operators)))
        return true;
    if (is_word(token) && expects(expected, "a name") && !is_reserved(token))
        return true;
    return strcmp(token, "default") == 0 && expects(expected, "values");
}

/* All tokens, or only those that end or go on with a list. */
static void show_tokens(const struct expectation *expected, bool is_cut, struct shown *shown)
{
    static const char *const ends[] = {")", "}", ",", NULL};

    for (size_t i = 0; i < expected->count; i++)
        if (!is_implied(expected, expected->names[i]) && (!is_cut || is_one_of(expected->names[i], ends)))
            show(shown, expected->names[i]);
    if (expects(expected, end_of_statement))
        show(shown, end_of_statement);
}

/* The few things worth naming. A long list is cut to its classes and to what could end there. */
static void choose_shown(const struct expectation *expected, int wrong_kind, bool may_cut, struct shown *shown)
{
    *shown = (struct shown){.count = 0};
    show_classes(expected, wrong_kind, shown);
    show_tokens(expected, false, shown);
    if (shown->count <= SHOWN_EXPECTED_LIMIT || !may_cut)
        return;
    *shown = (struct shown){.count = 0};
    show_classes(expected, wrong_kind, shown);
    show_tokens(expected, true, shown);
}

/* Appends ", expected a, b or c" when there is little to say. */
static void describe_expected(const struct expectation *expected, int wrong_kind, bool may_cut,
                              char text[EXPECTED_TEXT_SIZE])
{
    struct shown shown;
    size_t used = 0;

    choose_shown(expected, wrong_kind, may_cut, &shown);
    text[0] = '\0';
    if (shown.count > SHOWN_EXPECTED_LIMIT)
        return;
    for (size_t i = 0; i < shown.count; i++) {
        bool is_class = strchr(shown.items[i], ' ') != NULL;
        const char *separator = i == 0 ? ", expected " : i + 1 < shown.count ? ", " : " or ";
        used += (size_t)snprintf(text + used, EXPECTED_TEXT_SIZE - used, is_class ? "%s%s" : "%s\"%s\"", separator,
                                 shown.items[i]);
    }
}

/* The expected words that are at most `limit` edits from a wrong one. */
static struct nearest nearest_words(const struct expectation *expected, struct slice wrong, size_t limit,
                                    bool takes_beginnings)
{
    bool name = expects(expected, "a name") && !expects_type(expected);
    struct nearest nearest = nearest_start(wrong);

    nearest.takes_beginnings = takes_beginnings;
    if (nearest.limit > limit)
        nearest.limit = limit;
    for (size_t i = 0; i < expected->count; i++)
        if (is_word(expected->names[i]) && !(name && !is_reserved(expected->names[i])))
            nearest_consider(&nearest, slice_of(expected->names[i]));
    return nearest;
}

/* Tokens that end a table or an expression: a bare alias may follow. */
static bool may_precede_alias(int token)
{
    return (begins_operand(token) && token != TOKEN_OPEN) || token == TOKEN_CLOSE || token == TOKEN_END;
}

static bool is_bare_word(const struct parser *parser, const struct seen_token *token)
{
    return token->kind == TOKEN_IDENTIFIER && parser->scan_begin[token->span.begin] != '`';
}

static bool is_adjacent(const struct seen_token *left, const struct seen_token *right)
{
    return left->span.end == right->span.begin;
}

/* ---- one mistake ---- */

struct mistake {
    struct parser *parser;
    struct expectation expected;
    const struct seen_token *wrong, *before; /* the latest tokens */
    struct slice text;                       /* of the wrong token */
    const struct keyword *keyword;           /* that it is; or NULL */
    struct nearest near_words;               /* expected ones that are near it */
    struct syntax_context context;
    bool is_foreign;
    struct foreign_syntax foreign;
};

/* Blames a token before the one at which the grammar stopped. */
static bool blame(const struct mistake *mistake, struct ssql_span span)
{
    struct slice text = parser_text(mistake->parser, span);

    parser_fail(mistake->parser, SSQL_SYNTAX, span, "syntax error at \"%.*s\"", SLICE_PRINT(text));
    return true;
}

/* 'it's me': what follows the second quote is taken for an alias, or for nothing at all. */
static bool report_quote_within(const struct mistake *mistake)
{
    const struct seen_token *seen = mistake->parser->seen;

    for (int i = 0; i < 2; i++) {
        if (!is_bare_word(mistake->parser, &seen[i]) || seen[i + 1].kind != TOKEN_STRING ||
            !is_adjacent(&seen[i + 1], &seen[i]))
            continue;
        blame(mistake, seen[i].span);
        error_hint(mistake->parser->error, "a quote within '...' is written twice: 'it''s'");
        return true;
    }
    return false;
}

static bool report_foreign(const struct mistake *mistake)
{
    const struct foreign_syntax *foreign = &mistake->foreign;

    if (!mistake->is_foreign || !foreign->is_certain || foreign->span.begin == mistake->wrong->span.begin)
        return false;
    blame(mistake, foreign->span);
    error_hint(mistake->parser->error, "%s", foreign->hint);
    return true;
}

/* In `from users wher id == 1` the grammar takes `wher` for an alias and stops at `id`: points at the alias instead. */
static bool report_mistyped_alias(const struct mistake *mistake)
{
    const struct seen_token *alias = mistake->before;

    if (!is_bare_word(mistake->parser, alias) || !may_precede_alias(mistake->parser->seen[2].kind))
        return false;
    struct nearest meant = nearest_words(&mistake->expected, parser_text(mistake->parser, alias->span), 1, false);
    if (meant.best.data == NULL)
        return false;
    blame(mistake, alias->span);
    return nearest_hint(&meant, mistake->parser->error);
}

/* ---- hints at the token itself: each adds one and returns true, or finds nothing to say ---- */

PRINTF_LIKE(2, 3) static bool hint(const struct mistake *mistake, const char *format, ...)
{
    char text[ERROR_HINT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    error_hint(mistake->parser->error, "%s", text);
    return true;
}

static bool hint_at_prefixed_string(const struct mistake *mistake)
{
    if (mistake->wrong->kind != TOKEN_STRING || mistake->before->kind != TOKEN_IDENTIFIER ||
        !is_adjacent(mistake->before, mistake->wrong))
        return false;
    return hint(mistake, "no letter stands before a quote; \"...\" knows escapes such as \\n");
}

static bool hint_at_certain_foreign(const struct mistake *mistake)
{
    if (!mistake->is_foreign || !mistake->foreign.is_certain)
        return false;
    return hint(mistake, "%s", mistake->foreign.hint);
}

static bool hint_at_possible_foreign(const struct mistake *mistake)
{
    if (!mistake->is_foreign)
        return false;
    return hint(mistake, "%s", mistake->foreign.hint);
}

static bool hint_at_near_word(const struct mistake *mistake)
{
    return nearest_hint(&mistake->near_words, mistake->parser->error);
}

static bool is_follower(const struct mistake *mistake)
{
    return mistake->keyword != NULL && is_one_of(mistake->keyword->text, followers);
}

static bool hint_at_comma(const struct mistake *mistake)
{
    int wrong = mistake->wrong->kind, before = mistake->before->kind;

    bool wants_name = expects(&mistake->expected, "a name") && !expects(&mistake->expected, "case");
    bool is_in_brackets = mistake->context.open.begin < mistake->context.open.end;

    /* In a list of names that is still open a word of the language is a name of somebody's choice. */
    if (before == TOKEN_COMMA &&
        (wrong == TOKEN_CLOSE || wrong == TOKEN_CLOSE_BRACE || wrong == TOKEN_COMMA || wrong == TOKEN_END_OF_TEXT ||
         (is_follower(mistake) && !(wants_name && is_in_brackets))))
        return hint(mistake, "the comma before it is one too many");
    if (wrong == TOKEN_COMMA && (before == TOKEN_OPEN || before == TOKEN_OPEN_BRACE || before == TOKEN_SELECT))
        return hint(mistake, "the comma is one too many");
    return false;
}

/* Of a clause that begins with two words. */
static const char *second_word(const char *clause)
{
    return strcmp(clause, "group") == 0 || strcmp(clause, "order") == 0 ? " by" : "";
}

static bool hint_at_order_of_clauses(const struct mistake *mistake)
{
    if (!is_follower(mistake) || expects(&mistake->expected, "case"))
        return false;
    const char *word = mistake->keyword->text;
    const char *later = syntax_context_later_clause(&mistake->context, word);
    if (later != NULL)
        return hint(mistake, "\"%s%s\" stands before \"%s%s\"", word, second_word(word), later, second_word(later));
    if (syntax_context_has_clause(&mistake->context, word) && strcmp(word, "where") == 0)
        return hint(mistake, "there is a \"where\" before: \"and\" joins two conditions");
    if (syntax_context_has_clause(&mistake->context, word))
        return hint(mistake, "there is a \"%s\" before", word);
    return false;
}

static bool hint_at_missing_semicolon(const struct mistake *mistake)
{
    if (mistake->keyword == NULL || !expects(&mistake->expected, end_of_statement) ||
        !is_one_of(mistake->keyword->text, statement_starts))
        return false;
    return hint(mistake, "is a \";\" missing before it?");
}

static bool hint_at_missing_part(const struct mistake *mistake)
{
    int wrong = mistake->wrong->kind, before = mistake->before->kind;

    if (before == TOKEN_SELECT && wrong == TOKEN_FROM)
        return hint(mistake, "\"select *\" takes all columns");
    if ((before == TOKEN_FROM || before == TOKEN_INTO || before == TOKEN_UPDATE) &&
        (wrong == TOKEN_WHERE || wrong == TOKEN_SET || wrong == TOKEN_VALUES || wrong == TOKEN_HAVING))
        return hint(mistake, "the name of the table is missing before it");
    if (before == TOKEN_STAR && wrong == TOKEN_IDENTIFIER && expects(&mistake->expected, "from"))
        return hint(mistake, "is \"from\" missing before it?");
    return false;
}

static bool hint_at_bracket(const struct mistake *mistake)
{
    const struct syntax_context *context = &mistake->context;
    bool is_open = context->open.begin < context->open.end;
    int wrong = mistake->wrong->kind;

    if ((wrong == TOKEN_CLOSE || wrong == TOKEN_CLOSE_BRACE) && !is_open)
        return hint(mistake, "there is no \"%s\" before that it could close", wrong == TOKEN_CLOSE ? "(" : "{");
    if (wrong == TOKEN_END_OF_TEXT && is_open && (expects(&mistake->expected, ")") || expects(&mistake->expected, "}")))
        return hint(mistake, "a \"%c\" is still open", context->text.data[context->open.begin]);
    return false;
}

static bool hint_at_keyword_as_name(const struct mistake *mistake)
{
    if (mistake->before->kind == TOKEN_PRIMARY && mistake->wrong->kind == TOKEN_IDENTIFIER)
        return hint(mistake, "\"primary\" is a reserved word; as a name it needs backquotes: `primary`");
    if (mistake->keyword == NULL || !mistake->keyword->is_reserved || !expects(&mistake->expected, "a name") ||
        expects_type(&mistake->expected) || expects_option_value(&mistake->expected) ||
        expects(&mistake->expected, "as"))
        return false;
    bool is_follower_of_nothing = expects(&mistake->expected, "case") && is_one_of(mistake->keyword->text, followers) &&
                                  !(mistake->before->kind == TOKEN_SELECT || mistake->before->kind == TOKEN_BY);
    if (is_follower_of_nothing)
        return false;
    const char *word = mistake->keyword->text;
    return hint(mistake, "\"%s\" is a reserved word; as a name it needs backquotes: `%s`", word, word);
}

static bool hint_at_value_as_name(const struct mistake *mistake)
{
    if (!expects(&mistake->expected, "a quoted name") || expects(&mistake->expected, "an integer") ||
        expects(&mistake->expected, "as"))
        return false;
    if (mistake->wrong->kind == TOKEN_STRING)
        return hint(mistake, "'...' is a string; a name is written bare, or in backquotes: `name`");
    if (mistake->wrong->kind == TOKEN_PARAMETER)
        return hint(mistake, "a parameter stands for a value, not for a name");
    return false;
}

/* `my-table` and `t.u.v`. */
static bool hint_at_sign_in_name(const struct mistake *mistake)
{
    const struct keyword *before = keyword_find(parser_text(mistake->parser, mistake->before->span));
    bool is_name = mistake->before->kind == TOKEN_IDENTIFIER || (before != NULL && !before->is_reserved);

    if (!is_name || !is_adjacent(mistake->before, mistake->wrong))
        return false;
    if (mistake->wrong->kind == TOKEN_DOT)
        return hint(mistake, "there are no schemas: a table is named alone, a column alone or as table.column");
    if (mistake->wrong->kind == TOKEN_MINUS)
        return hint(mistake, "a name with other signs than letters, digits and _ needs backquotes: `a-b`");
    return false;
}

static bool hint_at_assignment(const struct mistake *mistake)
{
    if (mistake->wrong->kind != TOKEN_EQUAL || !expects(&mistake->expected, "="))
        return false;
    return hint(mistake, "did you mean \"=\"?");
}

static bool hint_at_missing_comma(const struct mistake *mistake)
{
    if (!expects(&mistake->expected, ",") || !begins_operand(mistake->wrong->kind))
        return false;
    bool may_be_where = expects(&mistake->expected, "where") && syntax_context_has_clause(&mistake->context, "from");
    return hint(mistake, may_be_where ? "is a comma or \"where\" missing before it?" : "is a comma missing before it?");
}

static bool hint_at_type(const struct mistake *mistake)
{
    if (!expects_type(&mistake->expected))
        return false;
    return hint(mistake, "the types are int, string, bool and float");
}

static bool hint_at_option(const struct mistake *mistake)
{
    if (!expects_option(&mistake->expected) && !expects_option_value(&mistake->expected))
        return false;
    return hint(mistake, "options are names with their values: (header true, skip 2)");
}

static bool hint_at_beginning(const struct mistake *mistake)
{
    if (mistake->wrong->kind == TOKEN_END_OF_TEXT || mistake->context.wrong > 0)
        return false;
    return hint(mistake, "a statement begins with a word such as select, insert, update, delete or create");
}

/* The first that has something to say wins. */
static bool (*const hints[])(const struct mistake *mistake) = {
    hint_at_prefixed_string,
    hint_at_certain_foreign,
    hint_at_near_word,
    hint_at_possible_foreign,
    hint_at_comma,
    hint_at_order_of_clauses,
    hint_at_missing_semicolon,
    hint_at_missing_part,
    hint_at_bracket,
    hint_at_keyword_as_name,
    hint_at_value_as_name,
    hint_at_sign_in_name,
    hint_at_assignment,
    hint_at_missing_comma,
    hint_at_type,
    hint_at_option,
    hint_at_beginning,
};

/* ---- the message ---- */

/* The first line of a token, or as much of it as a message can bear. */
static int shown_size(struct slice token)
{
    const uint8_t *line_end = memchr(token.data, '\n', token.size);

    if (line_end != NULL)
        token.size = (size_t)(line_end - token.data);
    if (token.size > SHOWN_TOKEN_SIZE)
        token.size = utf8_valid_prefix(slice_make(token.data, SHOWN_TOKEN_SIZE));
    return (int)token.size;
}

static void report_end(const struct mistake *mistake, const char *expected)
{
    struct parser *parser = mistake->parser;
    struct ssql_span span = mistake->before->span;

    if (parser->is_ended)
        span = (struct ssql_span){parser->scan_size, parser->scan_size + 1};
    parser_fail(parser, SSQL_SYNTAX, span, "unexpected end of the statement%s", expected);
}

static void report_token(const struct mistake *mistake, const char *expected)
{
    int size = shown_size(mistake->text), kind = mistake->wrong->kind;
    bool is_quoted = kind == TOKEN_QUOTED || kind == TOKEN_STRING;
    const char *quote = is_quoted ? "" : "\"";

    parser_fail(mistake->parser, SSQL_SYNTAX, mistake->wrong->span, "syntax error at %s%.*s%s%s%s", quote, size,
                (const char *)mistake->text.data, (size_t)size < mistake->text.size ? "..." : "", quote, expected);
}

/* A keyword that is written right is seldom a slip. */
static void find_near_words(struct mistake *mistake)
{
    if (mistake->keyword != NULL)
        mistake->near_words = nearest_words(&mistake->expected, mistake->text, 1, true);
    else if (is_bare_word(mistake->parser, mistake->wrong))
        mistake->near_words = nearest_words(&mistake->expected, mistake->text, SIZE_MAX, true);
}

void syntax_error_report(struct parser *parser, struct ssql_span span, const char *const *names, size_t count)
{
    struct mistake mistake = {
        .parser = parser, .expected = {names, count}, .wrong = &parser->seen[0], .before = &parser->seen[1]};
    char expected_text[EXPECTED_TEXT_SIZE];

    assert(!parser->has_failed); /* after a failure the grammar is given the token at which it says nothing */
    mistake.text = parser_text(parser, span);
    syntax_context_find(&mistake.context, parser, span.begin);
    mistake.is_foreign = foreign_syntax_find(&mistake.context, &mistake.foreign);
    mistake.keyword = mistake.wrong->kind == TOKEN_END_OF_TEXT ? NULL : keyword_find(mistake.text);
    if (report_quote_within(&mistake) || report_foreign(&mistake) || report_mistyped_alias(&mistake))
        return;
    find_near_words(&mistake);
    /* What was cut off could be what a wrong word stands for. */
    bool may_cut = !is_bare_word(parser, mistake.wrong) && mistake.near_words.best.data == NULL &&
                   !(mistake.is_foreign && mistake.foreign.is_certain);
    describe_expected(&mistake.expected, mistake.wrong->kind, may_cut, expected_text);
    if (mistake.wrong->kind == TOKEN_END_OF_TEXT)
        report_end(&mistake, expected_text);
    else
        report_token(&mistake, expected_text);
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (hints[i](&mistake))
            return;
}
