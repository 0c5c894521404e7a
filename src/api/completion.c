#include <assert.h>

#include "api/api_internal.h"
#include "parser/completion.h"
#include "plan/candidates.h"

static_assert(SSQL_WORD_KEYWORD == (int)CANDIDATE_KEYWORD && SSQL_WORD_TABLE == (int)CANDIDATE_TABLE &&
                  SSQL_WORD_COLUMN == (int)CANDIDATE_COLUMN && SSQL_WORD_FUNCTION == (int)CANDIDATE_FUNCTION &&
                  SSQL_WORD_TYPE == (int)CANDIDATE_TYPE && SSQL_WORD_ALIAS == (int)CANDIDATE_ALIAS,
              "the numbers of ssql.h are those of plan/candidates.h");

static bool find_candidates(struct ssql_conn *conn, const struct completion *completion, struct arena *arena,
                            struct candidates *candidates)
{
    struct session_look look;
    bool done = session_look(conn->session, &look, &conn->error);

    if (done && !candidates_find(completion, look.schema, arena, candidates))
        done = error_no_memory(&conn->error);
    session_end_look(conn->session, &look);
    return done;
}

int ssql_complete_at(ssql_conn *conn, const char *text, size_t length, size_t at, size_t *begin,
                     ssql_word_report *report, void *context)
{
    struct completion completion;
    struct candidates candidates = {0};
    struct arena arena;

    *begin = at;
    connection_begin_call(conn);
    arena_init(&arena);
    bool done = completion_find(text, length, at < length ? at : length, &arena, &completion, &conn->error);
    if (done && !completion.is_closed) {
        done = find_candidates(conn, &completion, &arena, &candidates);
        *begin = completion.statement_begin + completion.word.begin;
    }
    for (uint32_t i = 0; done && i < candidates.count; i++)
        if (report(context, (int)candidates.items[i].kind, candidates.items[i].text, candidates.items[i].detail) != 0)
            break;
    arena_clear(&arena);
    return done ? SSQL_OK : connection_fail(conn, NULL, 0);
}
