/* kv_query.h - the queries as loops over packed rows, for engines that only know keys and values. */
#ifndef BENCH_KV_QUERY_H
#define BENCH_KV_QUERY_H

#include "engine.h"

/* Feed every row to one of these, then finish. Zeroed memory is the start. */
struct kv_query {
    uint64_t counts[KIND_COUNT];
    int64_t sums[KIND_COUNT];
    struct kv_group *groups; /* open addressing by user */
    size_t group_capacity, group_count;
};

void kv_filter_row(int64_t id, const uint8_t *row, size_t size, struct answer *answer);
void kv_group_kind_row(struct kv_query *query, const uint8_t *row, size_t size);
bool kv_group_user_row(struct kv_query *query, const uint8_t *row, size_t size);
void kv_group_kind_finish(struct kv_query *query, struct answer *answer);
void kv_group_user_finish(struct kv_query *query, struct answer *answer);

#endif
