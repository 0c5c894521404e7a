/* planner_internal.h - inside the room: operators for what the binder has made. Everything is in the arena; NULL when
 * memory is out. */
#ifndef SSQL_PLAN_PLANNER_INTERNAL_H
#define SSQL_PLAN_PLANNER_INTERNAL_H

#include "plan/access_path.h"
#include "plan/binder.h"

/* Its output is the select list. */
struct plan_node *plan_query(struct arena *arena, const struct bound_query *query);

struct plan_node *plan_insert(struct arena *arena, const struct bound_insert *insert);
struct plan_node *plan_update(struct arena *arena, const struct bound_update *update);
struct plan_node *plan_delete(struct arena *arena, const struct bound_delete *delete);

/* NULL: see binder->error; without an error, memory is out. */
struct plan_node *plan_copy(struct binder *binder, const struct copy *copy);
struct plan_node *plan_backup(struct binder *binder, const struct backup *backup);

/* show tables, describe: rows of constants. */
struct plan_node *plan_show_tables(struct arena *arena, const struct schema *schema);
struct plan_node *plan_describe(struct arena *arena, const struct table_schema *table);
/* A row per line of the text of a plan. */
struct plan_node *plan_explain(struct arena *arena, const struct plan_node *explained);
/* The same of a plan that is run, with what that took. */
struct plan_node *plan_analyze(struct arena *arena, struct plan_node *explained);

#endif
