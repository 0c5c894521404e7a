/* plan_text.h - plans as text for people: one line per node, each ended by a newline. */
#ifndef SSQL_PLAN_PLAN_TEXT_H
#define SSQL_PLAN_PLAN_TEXT_H

#include "plan/plan.h"

/* The node and those below it, indented by two spaces per level. Strings are escaped, so that a line stays one. */
void plan_node_append_text(struct buffer *buffer, const struct plan_node *node, uint32_t level);

/* The node alone, without a newline. */
void plan_node_append_line(struct buffer *buffer, const struct plan_node *node, uint32_t level);

/* Whether the node's line says what its child does, which then has none: the projection of an update. */
static inline bool plan_node_tells_child(const struct plan_node *node)
{
    return node->kind == PLAN_UPDATE;
}

#endif
