/* shape_cache.h - the plans of a session's latest statements, by shape (parser/statement_shape.h): a statement that
 * differs from one before it only in its literals runs with that one's plan, its literals being the parameters.
 *
 * It is never more than a short cut. What has not been seen before, what another statement of the session is just
 * using, and what fails in a place of its text, goes the way of every statement, from the text. So results and errors
 * are the same with it and without. Life: create, destroy; no statement of the session is left then. Threads: the
 * session's. */
#ifndef SSQL_SESSION_SHAPE_CACHE_H
#define SSQL_SESSION_SHAPE_CACHE_H

#include "exec/execution.h"
#include "parser/statement_shape.h"

struct session;
struct shape_cache;

/* A shape with its plan. */
struct shape {
    char *text; /* the statement with `?` for literals */
    size_t text_size;
    size_t head_size, tail_begin; /* of the text: where head and tail of the shape are */
    bool has_rows;
    uint32_t width;              /* literals, of a row */
    struct plan *plan;           /* NULL: there is no use in a shared one */
    uint64_t schema;             /* version of the schema for which that was found */
    struct execution *execution; /* of the plan; NULL before its first run */
    const char **column_names;   /* of the result, terminated; in the arena */
    struct arena arena;
    uint64_t schema_change;   /* catalog_last_change for which the plan is known to be right; 0: none */
    bool is_taken;            /* by a statement, which has what follows */
    struct literal_rows rows; /* its literals, of the parameters' types */
};

/* NULL when out of memory. */
struct shape_cache *shape_cache_create(void);
void shape_cache_destroy(struct shape_cache *cache); /* accepts NULL */

/* The shape of the first statement of a text, with its literals, to be given back; *consumed is what they take of the
 * text, into which strings point. NULL: the statement has to go the usual way. */
struct shape *shape_cache_take(struct shape_cache *cache, struct session *session, const char *text, size_t length,
                               size_t *consumed);
void shape_cache_give_back(struct shape *shape);

/* Moves the strings among the literals that point into [text, text + size) to a copy of these bytes. */
void shape_move_strings(struct shape *shape, const char *text, size_t size, const char *copy);

#endif
