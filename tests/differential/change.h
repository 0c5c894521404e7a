/* change.h - random changes of rows.
 * Rows of a `values` list stand on lines of their own: a failing case is made smaller by leaving lines out. */
#ifndef DIFFERENTIAL_CHANGE_H
#define DIFFERENTIAL_CHANGE_H

#include "schema.h"
#include "text.h"

void add_insert(struct random *random, const struct schema *schema, struct text *text);
void add_upsert(struct random *random, const struct schema *schema, struct text *text);
void add_insert_select(struct random *random, const struct schema *schema, struct text *text);
void add_update(struct random *random, const struct schema *schema, struct text *text);
void add_delete(struct random *random, const struct schema *schema, struct text *text);

#endif
