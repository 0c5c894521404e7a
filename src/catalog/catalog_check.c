#include "catalog/catalog_check.h"

#include "catalog/system_tables.h"
#include "storage/check.h"

bool catalog_check_read(struct engine *engine, struct schema **schema, struct ssql_error *error)
{
    struct transaction *transaction = NULL;

    *schema = NULL;
    bool is_read =
        transaction_create_reading(engine, &transaction, error) && system_tables_read(transaction, schema, error);
    transaction_destroy(transaction);
    return is_read;
}

/* What is wrong with a table's layout, or NULL. */
static const char *compare_layout(const struct table_schema *table, const struct table_layout *layout)
{
    if (layout->column_count != table->column_count)
        return "the catalog gives it another number of columns than its files have";
    for (uint32_t i = 0; i < table->column_count; i++)
        if (layout->types[i] != table->columns[i].type)
            return "the catalog gives a column another type than its files have";
    if (layout->key_count != table->key_count)
        return "the catalog gives it another primary key than its files have";
    for (uint32_t i = 0; i < table->key_count; i++)
        if (layout->key_columns[i] != table->key_columns[i])
            return "the catalog gives it another primary key than its files have";
    return NULL;
}

static bool is_known(const struct schema *schema, uint32_t id)
{
    for (uint32_t i = 0; i < schema_table_count(schema); i++)
        if (schema_table(schema, i)->id == id)
            return true;
    return false;
}

static bool check_schemas(struct transaction *transaction, const struct schema *schema, catalog_report *report,
                          void *context, struct ssql_error *error)
{
    struct table *stored;

    for (uint32_t i = 0; i < schema_table_count(schema); i++) {
        const struct table_schema *table = schema_table(schema, i);
        if (!transaction_find_table(transaction, table->id, &stored, error))
            return false;
        const char *fault = stored == NULL ? "the catalog names it, and storage has no such table"
                                           : compare_layout(table, &table_row_format(stored)->layout);
        if (fault != NULL && !report(context, table->id, fault))
            return false;
    }
    return true;
}

static bool check_ids(const struct schema *schema, struct slice ids, catalog_report *report, void *context)
{
    for (size_t i = 0; i < ids.size; i += sizeof(uint32_t)) {
        uint32_t id;
        memcpy(&id, ids.data + i, sizeof id);
        if (!is_known(schema, id) && !report(context, id, "storage has the table, and the catalog does not name it"))
            return false;
    }
    return true;
}

bool catalog_check_tables(struct engine *engine, const struct schema *schema, catalog_report *report, void *context,
                          struct ssql_error *error)
{
    struct transaction *transaction = NULL;
    struct buffer ids = {0};

    bool goes_on = transaction_create_reading(engine, &transaction, error) && engine_table_ids(engine, &ids, error) &&
                   check_schemas(transaction, schema, report, context, error) &&
                   check_ids(schema, buffer_slice(&ids), report, context);
    buffer_clear(&ids);
    transaction_destroy(transaction);
    return goes_on;
}
