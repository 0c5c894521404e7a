/* query.h - random queries of one table or of none. */
#ifndef DIFFERENTIAL_QUERY_H
#define DIFFERENTIAL_QUERY_H

#include "schema.h"
#include "text.h"

/* Returns whether the query orders its rows wholly. */
bool add_query(struct random *random, const struct schema *schema, struct text *text);

#endif
