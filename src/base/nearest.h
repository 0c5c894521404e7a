/* nearest.h - "did you mean ...?": the known names that a mistyped one is nearest to.
 *
 * The measure: how many letters were left out, added, mistaken or swapped with their neighbour, whatever their case. A
 * slip is 1 of them in a name of up to 5 letters, 2 in one of up to 8, 3 in longer ones; of names equally far, one with
 * the same first letter is nearer, for hands seldom slip there. A beginning of at least 3 letters is near too, though
 * farther than any slip ("desc" for "describe"). The shell has the same measure (src/shell/suggestion.c), which
 * tests/unit/base/nearest.c compares. */
#ifndef SSQL_BASE_NEAREST_H
#define SSQL_BASE_NEAREST_H

#include "base/error.h"
#include "base/slice.h"

/* The best candidates so far. They are borrowed: they live until the answer has been used. */
struct nearest {
    struct slice wrong;
    struct slice best;   /* data is NULL while none is near enough */
    struct slice second; /* another that is just as near; data is NULL when there is none */
    size_t score;        /* of `best`: less is nearer */
    size_t limit;        /* edits that are still a slip */
    bool takes_beginnings;
};

struct nearest nearest_start(struct slice wrong);

/* Considers one more name; of several that are equally near the two earliest are kept. The wrong name itself is never
 * kept, one that differs from it in case only is; a name longer than any worth comparing is passed over. */
void nearest_consider(struct nearest *nearest, struct slice name);

/* Adds the hint `did you mean "a"?`, or `did you mean "a" or "b"?`, to an error that has just been filled. False: no
 * name is near, and the error is as it was. */
bool nearest_hint(const struct nearest *nearest, struct ssql_error *error);

#endif
