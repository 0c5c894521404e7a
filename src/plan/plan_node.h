/* plan_node.h - making the nodes of a plan. All is in the arena; NULL children give NULL. */
#ifndef SSQL_PLAN_PLAN_NODE_H
#define SSQL_PLAN_PLAN_NODE_H

#include "plan/plan.h"

/* A node without columns yet. */
struct plan_node *plan_node_make(struct arena *arena, enum plan_kind kind);

/* A node over a child. */
struct plan_node *plan_node_over(struct arena *arena, enum plan_kind kind, struct plan_node *child);

/* Whose output is its child's. */
struct plan_node *plan_node_passing(struct arena *arena, enum plan_kind kind, struct plan_node *child);

/* Room for the node's columns, to be filled; false when memory is out. */
MUST_CHECK bool plan_node_set_width(struct arena *arena, struct plan_node *node, uint32_t column_count,
                                    enum ssql_type **types, struct slice **names);

/* PLAN_PROJECT; the arrays are kept. */
struct plan_node *plan_project(struct arena *arena, struct plan_node *child, struct bound_expr **items,
                               const struct slice *names, uint32_t item_count);

#endif
