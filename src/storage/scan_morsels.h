/* scan_morsels.h - a scan divided into morsels: key ranges one after the other, each of which is read by a scan of its
 * own, so that several threads can read one table. Every row of the whole is in exactly one morsel, whatever sources
 * hold its versions. How a table is divided depends on where its rows lie and on nothing else: not on the number of
 * threads, not on time. (Design: morsel-driven parallelism, Leis et al., 2014.)
 *
 * Life: create in the transaction's thread; then any thread opens and reads scans of it, each by one thread at a time;
 * destroy when all are closed and before the transaction ends. The transaction does nothing else while other threads
 * read. */
#ifndef SSQL_STORAGE_SCAN_MORSELS_H
#define SSQL_STORAGE_SCAN_MORSELS_H

#include "storage/scan.h"

struct scan_morsels;

/* Leaves *morsels NULL where there are too few rows to be worth it, and has done nothing then; else the range is noted
 * as read, as by scan_open. Of the request only the range and the order count. The bounds stay until destroy. */
MUST_CHECK bool scan_morsels_create(struct transaction *transaction, struct table *table,
                                    const struct scan_request *request, struct scan_morsels **morsels,
                                    struct ssql_error *error);
void scan_morsels_destroy(struct scan_morsels *morsels); /* accepts NULL */

/* At least 2. Morsels are numbered in the request's order: descending when it is. The first is a short one, for whoever
 * wants to see what rows there are before deciding how to go on. */
uint32_t scan_morsels_count(const struct scan_morsels *morsels);

/* A scan of the morsels [begin, end), for the request less its bounds. */
MUST_CHECK bool scan_open_morsels(const struct scan_morsels *morsels, uint32_t begin, uint32_t end,
                                  const struct scan_request *request, struct scan **scan, struct ssql_error *error);

#endif
