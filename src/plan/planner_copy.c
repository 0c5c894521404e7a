/* planner_copy.c - operators of copy. */
#include "plan/plan_node.h"
#include "plan/planner_internal.h"

static struct plan_node *plan_copy_from(struct binder *binder, const struct copy *copy)
{
    struct copy_plan *plan = bind_copy_from(binder, copy);
    struct plan_node *node = plan == NULL ? NULL : plan_node_make(binder->arena, PLAN_COPY_FROM);

    if (node != NULL)
        node->copy = plan;
    return node;
}

static struct plan_node *plan_copy_to(struct binder *binder, const struct copy *copy)
{
    struct copy_plan *plan;
    struct bound_query *query = bind_copy_to(binder, copy, &plan);
    struct plan_node *node =
        query == NULL ? NULL : plan_node_over(binder->arena, PLAN_COPY_TO, plan_query(binder->arena, query));

    if (node != NULL)
        node->copy = plan;
    return node;
}

struct plan_node *plan_copy(struct binder *binder, const struct copy *copy)
{
    return copy->is_from ? plan_copy_from(binder, copy) : plan_copy_to(binder, copy);
}
