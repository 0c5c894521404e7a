#include <assert.h>
#include <stdlib.h>

#include "api/api_internal.h"
#include "parser/keyword.h"
#include "parser/statement_boundary.h"
#include "parser/token_kind.h"
#include "plan/function_name.h"

struct ssql_splitter {
    struct statement_boundary boundary;
};

int ssql_complete(const char *text, size_t length)
{
    return text_is_complete(text, length);
}

int ssql_splitter_new(ssql_splitter **splitter)
{
    *splitter = calloc(1, sizeof **splitter);
    return *splitter == NULL ? SSQL_NO_MEMORY : SSQL_OK;
}

int ssql_splitter_find(ssql_splitter *splitter, const char *text, size_t length, size_t *end)
{
    bool found = statement_boundary_find(&splitter->boundary, text, length);

    *end = found ? splitter->boundary.offset : length;
    return found;
}

int ssql_splitter_state(const ssql_splitter *splitter)
{
    static const int open_states[] = {[BOUNDARY_PLAIN] = SSQL_TEXT_BLANK,
                                      [BOUNDARY_STRING] = SSQL_TEXT_IN_STRING,
                                      [BOUNDARY_DOUBLE_QUOTED] = SSQL_TEXT_IN_STRING,
                                      [BOUNDARY_NAME] = SSQL_TEXT_IN_NAME,
                                      [BOUNDARY_LINE_COMMENT] = SSQL_TEXT_BLANK,
                                      [BOUNDARY_COMMENT] = SSQL_TEXT_IN_COMMENT};
    int open_state = open_states[splitter->boundary.state];

    if (open_state != SSQL_TEXT_BLANK)
        return open_state;
    return splitter->boundary.has_token ? SSQL_TEXT_STATEMENT : SSQL_TEXT_BLANK;
}

size_t ssql_splitter_begin(const ssql_splitter *splitter)
{
    return splitter->boundary.has_token ? splitter->boundary.token_begin : splitter->boundary.offset;
}

void ssql_splitter_reset(ssql_splitter *splitter)
{
    splitter->boundary = (struct statement_boundary){.state = BOUNDARY_PLAIN};
}

void ssql_splitter_free(ssql_splitter *splitter)
{
    free(splitter);
}

const char *ssql_keyword(int i)
{
    return i < 0 || (size_t)i >= keyword_count ? NULL : keywords[i].text;
}

const char *ssql_function_name(int i)
{
    return i < 0 ? NULL : function_name((uint32_t)i);
}

static_assert(SSQL_TOKEN_KEYWORD == (int)KIND_KEYWORD && SSQL_TOKEN_NAME == (int)KIND_NAME &&
                  SSQL_TOKEN_STRING == (int)KIND_STRING && SSQL_TOKEN_NUMBER == (int)KIND_NUMBER &&
                  SSQL_TOKEN_PARAMETER == (int)KIND_PARAMETER && SSQL_TOKEN_SIGN == (int)KIND_SIGN &&
                  SSQL_TOKEN_COMMENT == (int)KIND_COMMENT && SSQL_TOKEN_OPEN == (int)KIND_OPEN &&
                  SSQL_TOKEN_WRONG == (int)KIND_WRONG,
              "the numbers of ssql.h are those of parser/token_kind.h");

int ssql_tokenize(const char *text, size_t length, ssql_token_report *report, void *context)
{
    struct ssql_error error = {0};

    return tokens_visit(text, length, report, context, &error) ? SSQL_OK : (int)error.code;
}
