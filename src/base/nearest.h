/* nearest.h - "did you mean ...?": the known name that a mistyped one is nearest to. */
#ifndef SSQL_BASE_NEAREST_H
#define SSQL_BASE_NEAREST_H

#include "base/slice.h"

/* The best candidate so far. Candidates are borrowed: they live until the answer has been used. */
struct nearest {
    struct slice wrong;
    struct slice best; /* data is NULL while none is near enough */
    size_t distance;   /* of `best` */
    size_t limit;      /* edits that are still a slip: a third of the length, at least 1 */
};

struct nearest nearest_start(struct slice wrong);

/* Considers one more name; of two that are equally near the earlier wins. A name that differs in nothing but case
 * counts as near, one that is longer than any name worth comparing is passed over. */
void nearest_consider(struct nearest *nearest, struct slice name);

#endif
