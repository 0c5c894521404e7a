/* kv_query.h - the queries as loops over packed rows, for engines that only know keys and values. */
#ifndef BENCH_KV_QUERY_H
#define BENCH_KV_QUERY_H

#include "engine.h"

enum kv_query { KV_FILTER, KV_GROUP_KIND, KV_GROUP_USER };

/* What an engine calls for each of its rows; false ends the walk. */
typedef bool kv_visit(void *context, int64_t id, const uint8_t *row, size_t size);

/* Walks all rows of a session's database; false after a failure, and when a visit ended it. */
typedef bool kv_walk(struct session *session, kv_visit *visit, void *context);

bool kv_run(enum kv_query query, kv_walk *walk, struct session *session, struct answer *answer);

#endif
