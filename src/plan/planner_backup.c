/* planner_backup.c - backup: the path and the options, and the one row that tells what it is made of. */
#include "base/nearest.h"
#include "plan/plan_node.h"
#include "plan/planner_internal.h"

static const struct {
    const char *name;
    size_t offset; /* of a bool in struct backup_plan */
} options[] = {
    {"incremental", offsetof(struct backup_plan, is_incremental)},
    {"copy", offsetof(struct backup_plan, must_copy)},
};

enum { OPTIONS = sizeof options / sizeof options[0] };

static bool refuse_option(struct binder *binder, const struct copy_option *option)
{
    error_set(binder->error, SSQL_BAD_OPTION, option->name.span, "backup has no option \"%.*s\"",
              SLICE_PRINT(option->name.text));
    return error_hint(binder->error, "options are incremental and copy, each true or false");
}

static bool take_option(struct binder *binder, const struct copy_option *option, struct backup_plan *plan,
                        bool *was_given)
{
    const struct value *value = option_value(option, SSQL_TYPE_BOOL);
    size_t i = 0;

    while (i < OPTIONS && !name_equal(option->name.text, slice_of(options[i].name)))
        i++;
    if (i == OPTIONS)
        return refuse_option(binder, option);
    if (was_given[i])
        return error_set(binder->error, SSQL_BAD_OPTION, option->name.span, "option %s is given twice",
                         options[i].name);
    if (value == NULL)
        return error_set(binder->error, SSQL_BAD_OPTION, option->value->span, "option %s is true or false",
                         options[i].name);
    was_given[i] = true;
    *(bool *)((char *)plan + options[i].offset) = value->boolean;
    return true;
}

static struct backup_plan *bind_backup(struct binder *binder, const struct backup *backup)
{
    struct backup_plan *plan = arena_alloc(binder->arena, sizeof *plan);
    bool was_given[OPTIONS] = {false};

    if (plan == NULL)
        return NULL;
    if (backup->path.size == 0) {
        error_set(binder->error, SSQL_BAD_VALUE, backup->span, "the path of the backup is empty");
        return NULL;
    }
    plan->path = (const char *)arena_copy(binder->arena, backup->path).data;
    for (uint32_t i = 0; i < backup->option_count; i++)
        if (!take_option(binder, &backup->options[i], plan, was_given))
            return NULL;
    return plan->path == NULL ? NULL : plan;
}

struct plan_node *plan_backup(struct binder *binder, const struct backup *backup)
{
    static const char *const columns[BACKUP_COLUMNS] = {"files", "linked", "copied", "written", "kept", "bytes"};
    struct backup_plan *plan = bind_backup(binder, backup);
    struct plan_node *node = plan == NULL ? NULL : plan_node_make(binder->arena, PLAN_BACKUP);
    enum ssql_type *types;
    struct slice *names;

    if (node == NULL || !plan_node_set_width(binder->arena, node, BACKUP_COLUMNS, &types, &names))
        return NULL;
    for (uint32_t i = 0; i < BACKUP_COLUMNS; i++) {
        types[i] = SSQL_TYPE_INT;
        names[i] = slice_of(columns[i]);
    }
    node->backup = plan;
    return node;
}
