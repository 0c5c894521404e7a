#include "catalog/catalog.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "catalog/catalog_format.h"
#include "catalog/schema.h"
#include "catalog/system_tables.h"

/* When a picture holds: from the commit that last changed the system tables up to the next change.
 * SEQUENCE_ABSENT stands for a database that has no system tables yet. */
static const uint64_t SEQUENCE_ABSENT = UINT64_MAX;
/* Of a picture that was already old when it was read: it holds for one snapshot, nobody knows since when. */
static const uint64_t SEQUENCE_UNKNOWN = UINT64_MAX - 1;

struct catalog {
    struct engine *engine;
    pthread_mutex_t mutex;  /* guards the rest */
    struct schema *newest;  /* NULL: none was read yet */
    uint64_t newest_begins; /* sequence of the change that made it so */
};

struct catalog_view {
    struct catalog *catalog;
    struct schema *schema; /* committed picture; NULL: none yet */
    uint64_t begins;       /* as newest_begins */
    uint64_t snapshot;     /* for this one `schema` is known to be right, whatever `begins` says */
    /* Schema changes of an open transaction: told from later transactions by its snapshot and its having writes. */
    bool has_own_changes;
    const struct transaction *changing;
    uint64_t changing_snapshot;
    struct schema *own; /* with own changes; NULL: to be read again */
};

bool catalog_create(struct engine *engine, struct catalog **catalog, struct ssql_error *error)
{
    struct catalog *made = calloc(1, sizeof *made);

    *catalog = NULL;
    if (made == NULL)
        return error_no_memory(error);
    int failed = pthread_mutex_init(&made->mutex, NULL);
    assert(failed == 0); /* with default attributes it cannot fail */
    made->engine = engine;
    *catalog = made;
    return true;
}

void catalog_destroy(struct catalog *catalog)
{
    if (catalog == NULL)
        return;
    schema_release(catalog->newest);
    pthread_mutex_destroy(&catalog->mutex);
    free(catalog);
}

uint64_t catalog_last_change(struct catalog *catalog)
{
    return engine_last_commit(catalog->engine, SYSTEM_TABLE_TABLES);
}

bool catalog_view_create(struct catalog *catalog, struct catalog_view **view, struct ssql_error *error)
{
    *view = calloc(1, sizeof **view);
    if (*view == NULL)
        return error_no_memory(error);
    (*view)->catalog = catalog;
    return true;
}

static void drop_own_changes(struct catalog_view *view)
{
    schema_release(view->own);
    view->own = NULL;
    view->has_own_changes = false;
}

void catalog_view_destroy(struct catalog_view *view)
{
    if (view == NULL)
        return;
    drop_own_changes(view);
    schema_release(view->schema);
    free(view);
}

void catalog_view_forget(struct catalog_view *view)
{
    schema_release(view->own);
    view->own = NULL;
}

/* Takes over the reference. */
static void keep_picture(struct catalog_view *view, struct schema *schema, uint64_t begins, uint64_t snapshot)
{
    schema_release(view->schema);
    view->schema = schema;
    view->begins = begins;
    view->snapshot = snapshot;
}

static struct schema *find_shared(struct catalog *catalog, uint64_t begins)
{
    struct schema *found = NULL;

    pthread_mutex_lock(&catalog->mutex);
    if (catalog->newest != NULL && catalog->newest_begins == begins) {
        found = catalog->newest;
        schema_retain(found);
    }
    pthread_mutex_unlock(&catalog->mutex);
    return found;
}

static void share(struct catalog *catalog, struct schema *schema, uint64_t begins)
{
    struct schema *older = NULL;

    pthread_mutex_lock(&catalog->mutex);
    if (catalog->newest == NULL || catalog->newest_begins == SEQUENCE_ABSENT ||
        (begins != SEQUENCE_ABSENT && begins >= catalog->newest_begins)) {
        older = catalog->newest;
        schema_retain(schema);
        catalog->newest = schema;
        catalog->newest_begins = begins;
    }
    pthread_mutex_unlock(&catalog->mutex);
    schema_release(older);
}

/* The transaction's snapshot is taken after last_commit was raised by every commit in it. So when last_commit is not
 * above the snapshot, the snapshot shows the newest schema, whose life began with that commit. */
static bool read_committed(struct catalog_view *view, struct transaction *transaction, struct schema **schema,
                           struct ssql_error *error)
{
    uint64_t snapshot = transaction_snapshot(transaction);
    struct table *tables;

    if (!transaction_find_table(transaction, SYSTEM_TABLE_TABLES, &tables, error))
        return false;
    uint64_t begins = tables == NULL ? SEQUENCE_ABSENT : table_last_commit(tables);
    bool is_newest = begins == SEQUENCE_ABSENT || begins <= snapshot;
    struct schema *found = NULL;

    if (view->schema == NULL ||
        !((is_newest && view->begins == begins) || (!is_newest && view->snapshot == snapshot))) {
        if (is_newest)
            found = find_shared(view->catalog, begins);
        if (found == NULL) {
            if (!system_tables_read(transaction, &found, error))
                return false;
            if (is_newest)
                share(view->catalog, found, begins);
        }
        keep_picture(view, found, is_newest ? begins : SEQUENCE_UNKNOWN, snapshot);
    }
    view->snapshot = snapshot;
    *schema = view->schema;
    return true;
}

static bool is_changing(const struct catalog_view *view, const struct transaction *transaction)
{
    return view->has_own_changes && view->changing == transaction &&
           view->changing_snapshot == transaction_snapshot(transaction) && transaction_has_writes(transaction);
}

bool catalog_view_schema(struct catalog_view *view, struct transaction *transaction, struct schema **schema,
                         struct ssql_error *error)
{
    if (!is_changing(view, transaction)) {
        drop_own_changes(view);
        return read_committed(view, transaction, schema, error);
    }
    if (view->own == NULL && !system_tables_read(transaction, &view->own, error))
        return false;
    *schema = view->own;
    return true;
}

/* Takes over the reference. */
static void keep_own_changes(struct catalog_view *view, struct transaction *transaction, struct schema *changed)
{
    drop_own_changes(view);
    view->own = changed;
    view->has_own_changes = true;
    view->changing = transaction;
    view->changing_snapshot = transaction_snapshot(transaction);
}

/* ---- schema changes ---- */

static const struct column_schema HIDDEN_COLUMN = {
    .name = {.data = (const uint8_t *)HIDDEN_COLUMN_NAME, .size = sizeof HIDDEN_COLUMN_NAME - 1},
    .type = SSQL_TYPE_INT,
    .is_not_null = true,
    .is_key = true,
    .is_hidden = true,
};

/* The whole table as it will be, in arrays of the caller's. */
static struct table_schema complete_table(const struct table_definition *definition, struct column_schema *columns,
                                          uint16_t *key_columns)
{
    struct table_schema table = {
        .name = definition->name,
        .column_count = definition->column_count,
        .visible_count = definition->column_count,
        .columns = columns,
        .key_count = definition->key_count,
        .key_columns = key_columns,
        .has_hidden_key = definition->key_count == 0,
    };

    for (uint32_t i = 0; i < definition->column_count; i++) {
        columns[i] = definition->columns[i];
        columns[i].is_key = columns[i].is_hidden = false;
    }
    for (uint32_t i = 0; i < definition->key_count; i++) {
        key_columns[i] = definition->key_columns[i];
        columns[key_columns[i]].is_key = true;
        columns[key_columns[i]].is_not_null = true;
    }
    if (table.has_hidden_key) {
        key_columns[0] = (uint16_t)table.column_count;
        columns[table.column_count++] = HIDDEN_COLUMN;
        table.key_count = 1;
    }
    return table;
}

static void make_layout(const struct table_schema *table, struct table_layout *layout)
{
    *layout = (struct table_layout){.column_count = table->column_count, .key_count = table->key_count};
    for (uint32_t i = 0; i < table->column_count; i++)
        layout->types[i] = (uint8_t)table->columns[i].type;
    for (uint32_t i = 0; i < table->key_count; i++)
        layout->key_columns[i] = table->key_columns[i];
}

bool catalog_create_table(struct catalog_view *view, struct transaction *transaction,
                          const struct table_definition *definition, struct ssql_error *error)
{
    uint16_t key_columns[KEY_COLUMNS_MOST];
    struct table_layout layout;
    struct schema *schema, *changed;

    assert(definition->column_count >= 1 && definition->column_count < COLUMNS_MOST);
    assert(definition->key_count <= KEY_COLUMNS_MOST && definition->name.size <= NAME_SIZE_MOST);
    if (!catalog_view_schema(view, transaction, &schema, error))
        return false;
    if (schema_find_table(schema, definition->name) != NULL)
        return error_set(error, SSQL_TABLE_EXISTS, NO_SPAN, "table \"%.*s\" already exists",
                         SLICE_PRINT(definition->name));
    struct column_schema *columns = calloc(definition->column_count + 1, sizeof *columns);
    if (columns == NULL)
        return error_no_memory(error);
    struct table_schema table = complete_table(definition, columns, key_columns);
    make_layout(&table, &layout);
    bool is_done = transaction_create_table(transaction, &layout, &table.id, error) &&
                   system_tables_add(transaction, &table, error) && schema_with_table(schema, &table, &changed, error);
    if (is_done)
        keep_own_changes(view, transaction, changed);
    free(columns);
    return is_done;
}

bool catalog_drop_table(struct catalog_view *view, struct transaction *transaction, const struct table_schema *table,
                        struct ssql_error *error)
{
    struct schema *schema, *changed;

    if (!catalog_view_schema(view, transaction, &schema, error))
        return false;
    const struct table_schema *current = schema_find_table(schema, table->name);
    if (current == NULL || current->id != table->id)
        return error_set(error, SSQL_UNKNOWN_TABLE, NO_SPAN, "unknown table \"%.*s\"", SLICE_PRINT(table->name));
    if (!system_tables_remove(transaction, current, error) ||
        !transaction_drop_table(transaction, current->id, error) ||
        !schema_without_table(schema, current, &changed, error))
        return false;
    keep_own_changes(view, transaction, changed);
    return true;
}
