/* drop table: hands the table to the catalog. */
#include "exec/operator.h"

static bool drop_table_next(struct operator* self, struct batch *batch, struct ssql_error *error)
{
    struct operator_runtime *runtime = self->runtime;

    batch_end(batch);
    return catalog_drop_table(runtime->context.catalog, runtime->context.transaction, self->node->drop_table.table,
                              error);
}

const struct operator_type drop_table_operator = {
    .name = "drop table", .size = sizeof(struct operator), .next = drop_table_next};
