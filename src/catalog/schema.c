#include "catalog/schema.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

/* One table of a picture: one block of memory, whose tail holds columns, key, names and defaults. */
struct schema_entry {
    atomic_uint references;
    struct table_schema table;
};

struct schema {
    atomic_uint references;
    uint64_t version;
    uint32_t table_count;
    struct schema_entry *entries[]; /* by name */
};

static uint8_t fold(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

int name_compare(struct slice left, struct slice right)
{
    size_t shorter = left.size < right.size ? left.size : right.size;

    for (size_t i = 0; i < shorter; i++) {
        int difference = (int)fold(left.data[i]) - (int)fold(right.data[i]);
        if (difference != 0)
            return difference;
    }
    return (left.size > right.size) - (left.size < right.size);
}

int table_schema_find_column(const struct table_schema *table, struct slice name)
{
    for (uint32_t i = 0; i < table->visible_count; i++)
        if (table->columns[i].name.size == name.size && name_compare(table->columns[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* ---- entries ---- */

static uint8_t *copy_text(uint8_t *to, struct slice from, struct slice *copy)
{
    if (from.size > 0)
        memcpy(to, from.data, from.size);
    *copy = slice_make(to, from.size);
    return to + from.size;
}

static size_t text_size(const struct table_schema *table)
{
    size_t size = table->name.size;

    for (uint32_t i = 0; i < table->column_count; i++)
        size += table->columns[i].name.size + table->columns[i].default_text.size;
    return size;
}

static struct schema_entry *entry_create(const struct table_schema *source)
{
    size_t columns_size = source->column_count * sizeof(struct column_schema);
    size_t key_size = source->key_count * sizeof(uint16_t);
    struct schema_entry *entry = malloc(sizeof *entry + columns_size + key_size + text_size(source));

    if (entry == NULL)
        return NULL;
    struct column_schema *columns = (struct column_schema *)(entry + 1);
    uint16_t *key_columns = (uint16_t *)(columns + source->column_count);
    uint8_t *text = (uint8_t *)(key_columns + source->key_count);

    atomic_init(&entry->references, 1);
    entry->table = *source;
    entry->table.columns = columns;
    entry->table.key_columns = key_columns;
    memcpy(key_columns, source->key_columns, key_size);
    text = copy_text(text, source->name, &entry->table.name);
    for (uint32_t i = 0; i < source->column_count; i++) {
        columns[i] = source->columns[i];
        text = copy_text(text, source->columns[i].name, &columns[i].name);
        text = copy_text(text, source->columns[i].default_text, &columns[i].default_text);
    }
    return entry;
}

static struct schema_entry *entry_retain(struct schema_entry *entry)
{
    atomic_fetch_add_explicit(&entry->references, 1, memory_order_relaxed);
    return entry;
}

static void entry_release(struct schema_entry *entry)
{
    if (entry != NULL && atomic_fetch_sub_explicit(&entry->references, 1, memory_order_acq_rel) == 1)
        free(entry);
}

/* ---- pictures ---- */

/* Numbers tell pictures apart; they are never compared across processes. */
static uint64_t next_version(void)
{
    static atomic_uint_least64_t last;

    return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

static struct schema *schema_make(uint32_t table_count)
{
    struct schema *schema = malloc(sizeof *schema + table_count * sizeof(struct schema_entry *));

    if (schema == NULL)
        return NULL;
    atomic_init(&schema->references, 1);
    schema->version = next_version();
    schema->table_count = 0;
    return schema;
}

static int compare_entries(const void *left, const void *right)
{
    const struct schema_entry *const *first = left, *const *second = right;

    return name_compare((*first)->table.name, (*second)->table.name);
}

bool schema_create(const struct table_schema *tables, uint32_t table_count, struct schema **schema,
                   struct ssql_error *error)
{
    struct schema *made = schema_make(table_count);

    *schema = NULL;
    if (made == NULL)
        return error_no_memory(error);
    for (uint32_t i = 0; i < table_count; i++) {
        struct schema_entry *entry = entry_create(&tables[i]);
        if (entry == NULL) {
            schema_release(made);
            return error_no_memory(error);
        }
        made->entries[made->table_count++] = entry;
    }
    if (table_count > 1)
        qsort(made->entries, table_count, sizeof made->entries[0], compare_entries);
    *schema = made;
    return true;
}

void schema_retain(struct schema *schema)
{
    atomic_fetch_add_explicit(&schema->references, 1, memory_order_relaxed);
}

void schema_release(struct schema *schema)
{
    if (schema == NULL || atomic_fetch_sub_explicit(&schema->references, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < schema->table_count; i++)
        entry_release(schema->entries[i]);
    free(schema);
}

uint64_t schema_version(const struct schema *schema)
{
    return schema->version;
}

uint32_t schema_table_count(const struct schema *schema)
{
    return schema->table_count;
}

const struct table_schema *schema_table(const struct schema *schema, uint32_t i)
{
    assert(i < schema->table_count);
    return &schema->entries[i]->table;
}

/* Position of the first table whose name is not before `name`. */
static uint32_t lower_bound(const struct schema *schema, struct slice name)
{
    uint32_t low = 0, high = schema->table_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (name_compare(schema->entries[middle]->table.name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct table_schema *schema_find_table(const struct schema *schema, struct slice name)
{
    uint32_t i = lower_bound(schema, name);

    if (i == schema->table_count || name_compare(schema->entries[i]->table.name, name) != 0)
        return NULL;
    return &schema->entries[i]->table;
}

static void add_entries(struct schema *to, const struct schema *from, uint32_t begin, uint32_t end)
{
    for (uint32_t i = begin; i < end; i++)
        to->entries[to->table_count++] = entry_retain(from->entries[i]);
}

bool schema_with_table(const struct schema *schema, const struct table_schema *table, struct schema **changed,
                       struct ssql_error *error)
{
    uint32_t place = lower_bound(schema, table->name);
    struct schema_entry *entry = entry_create(table);
    struct schema *made = entry == NULL ? NULL : schema_make(schema->table_count + 1);

    *changed = NULL;
    if (made == NULL) {
        entry_release(entry);
        return error_no_memory(error);
    }
    add_entries(made, schema, 0, place);
    made->entries[made->table_count++] = entry;
    add_entries(made, schema, place, schema->table_count);
    *changed = made;
    return true;
}

bool schema_without_table(const struct schema *schema, const struct table_schema *table, struct schema **changed,
                          struct ssql_error *error)
{
    uint32_t place = lower_bound(schema, table->name);
    struct schema *made = schema_make(schema->table_count);

    *changed = NULL;
    if (made == NULL)
        return error_no_memory(error);
    assert(place < schema->table_count && schema->entries[place]->table.id == table->id);
    add_entries(made, schema, 0, place);
    add_entries(made, schema, place + 1, schema->table_count);
    *changed = made;
    return true;
}
