/* create table: hands the definition to the catalog. */
#include "exec/operator.h"

static bool create_table_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct operator_runtime *runtime = self->runtime;

    batch_end(batch);
    if (catalog_create_table(runtime->context.catalog, runtime->context.transaction,
                             &self->node->create_table.definition, error))
        return true;
    if (error != NULL && error->span.begin == error->span.end)
        error->span = self->node->create_table.name_span;
    return false;
}

const struct operator_type create_table_operator = {
    .name = "create table", .size = sizeof(struct operator), .next = create_table_next};
