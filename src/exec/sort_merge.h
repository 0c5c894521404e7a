/* sort_merge.h - k sorted runs read as one: a binary heap of readers, the least record on top. */
#ifndef SSQL_EXEC_SORT_MERGE_H
#define SSQL_EXEC_SORT_MERGE_H

#include "exec/spill_rows.h"

struct sort_merge;

/* Takes over the files, also when it fails. */
MUST_CHECK bool sort_merge_create(struct spill_file **files, uint32_t count, struct sort_merge **merge,
                                  struct ssql_error *error);
void sort_merge_destroy(struct sort_merge *merge); /* accepts NULL */
/* The next record (sort_rows.h), valid until the following call; data NULL at the end. */
MUST_CHECK bool sort_merge_next(struct sort_merge *merge, struct slice *record, struct ssql_error *error);

/* Key and payload of a record that came from a file; false: it is none. */
MUST_CHECK bool sort_record_split(struct slice record, struct slice *key, struct slice *payload);

#endif
