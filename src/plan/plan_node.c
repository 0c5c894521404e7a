#include "plan/plan_node.h"

struct plan_node *plan_node_make(struct arena *arena, enum plan_kind kind)
{
    struct plan_node *node = arena_alloc(arena, sizeof *node);

    if (node != NULL)
        node->kind = kind;
    return node;
}

struct plan_node *plan_node_over(struct arena *arena, enum plan_kind kind, struct plan_node *child)
{
    struct plan_node *node = child == NULL ? NULL : plan_node_make(arena, kind);

    if (node != NULL)
        node->child = child;
    return node;
}

struct plan_node *plan_node_passing(struct arena *arena, enum plan_kind kind, struct plan_node *child)
{
    struct plan_node *node = plan_node_over(arena, kind, child);

    if (node == NULL)
        return NULL;
    node->column_count = child->column_count;
    node->column_types = child->column_types;
    node->column_names = child->column_names;
    return node;
}

bool plan_node_set_width(struct arena *arena, struct plan_node *node, uint32_t column_count, enum ssql_type **types,
                         struct slice **names)
{
    *types = arena_alloc_array(arena, column_count, sizeof **types);
    *names = arena_alloc_array(arena, column_count, sizeof **names);
    if (*types == NULL || *names == NULL)
        return false;
    node->column_count = column_count;
    node->column_types = *types;
    node->column_names = *names;
    return true;
}

struct plan_node *plan_project(struct arena *arena, struct plan_node *child, struct bound_expr **items,
                               const struct slice *names, uint32_t item_count)
{
    struct plan_node *node = plan_node_over(arena, PLAN_PROJECT, child);
    enum ssql_type *types;
    struct slice *kept;

    if (node == NULL || !plan_node_set_width(arena, node, item_count, &types, &kept))
        return NULL;
    for (uint32_t i = 0; i < item_count; i++) {
        types[i] = items[i]->type;
        kept[i] = names[i];
    }
    node->project.items = items;
    return node;
}
