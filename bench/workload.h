/* workload.h - what suites are made of: loads, reads, queries and changes of one engine's database, each measured and
 * reported by one line. All return false after printing what went wrong. */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include "generator.h"
#include "job.h"

enum { BATCH = 1000 }; /* rows of a transaction */

uint64_t at_most(uint64_t count, uint64_t most);

/* Inserts rows [first, end) in the order of the permutation (NULL: as generated), in transactions of BATCH. */
bool load(const struct job *job, struct session *session, const struct permutation *order, uint64_t first,
          uint64_t end);

bool open_both(const struct job *job, struct database **database, struct session **session);
bool close_both(const struct job *job, struct database *database, struct session *session);

bool measure_load(const struct job *job, struct session *session, const char *name, const struct permutation *order);

/* Point reads: among `keys` rows, or of absent ids. */
bool measure_gets(const struct job *job, struct session *session, const char *name, uint64_t keys, bool missing);
bool measure_ranges(const struct job *job, struct session *session);

/* A query, once unmeasured and then `times` times; nothing when the engine does not have it. */
typedef bool query_function(struct session *session, struct answer *answer);
bool measure_query(const struct job *job, struct session *session, const char *name, query_function *query, int times);

bool measure_updates(const struct job *job, struct session *session);
bool measure_deletes(const struct job *job, struct session *session);
bool measure_mixed(const struct job *job, struct session *session, const char *name, unsigned write_percent);
bool measure_compaction(const struct job *job, struct database *database);

/* Closes, and tells what the closed database takes on disk. */
bool measure_close(const struct job *job, struct database *database, struct session *session, const char *name);

/* Opens, reads one row, closes; the closing is not measured. */
bool measure_open(const struct job *job, const char *name);

#endif
