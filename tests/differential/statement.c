#include "statement.h"

#include "change.h"
#include "query.h"

void generator_start(struct generator *generator, uint64_t seed)
{
    *generator = (struct generator){.random = random_start(seed), .tables_to_make = TABLES, .table_to_make = -1};
}

static void make_table(struct generator *generator, int i, struct text *text)
{
    schema_renew(&generator->random, &generator->schema, i);
    table_add_create(&generator->schema.tables[i], &generator->random, text);
}

/* A statement follows that makes it anew, so that all others find all tables. */
static void drop_table(struct generator *generator, struct text *text)
{
    int i = random_below(&generator->random, TABLES);

    text_add_apart(text, random_percent(&generator->random, 50) ? "delete table " : "drop table ", "drop table ");
    text_add(text, "%s", generator->schema.tables[i].name);
    generator->table_to_make = i;
}

static void make_transaction(struct generator *generator, struct text *text)
{
    if (!generator->in_transaction) {
        text_add(text, "begin");
        generator->schema_before = generator->schema;
    } else if (random_percent(&generator->random, 60)) {
        text_add(text, "commit");
    } else {
        text_add(text, "rollback");
        generator->schema = generator->schema_before;
    }
    generator->in_transaction = !generator->in_transaction;
}

/* Files are written and merged between transactions. */
static bool make_stir(struct generator *generator, struct text *text)
{
    if (generator->in_transaction || !random_percent(&generator->random, 3))
        return false;
    text_add(text, random_percent(&generator->random, 10) ? "compact" : "checkpoint");
    return true;
}

static enum statement_shape make_any(struct generator *generator, struct text *text)
{
    struct random *random = &generator->random;
    const struct schema *schema = &generator->schema;
    int choice = random_below(random, 1000);

    if (choice < 600)
        return add_query(random, schema, text) ? SHAPE_ORDERED_ROWS : SHAPE_ROWS;
    if (choice < 947) {
        if (choice < 760)
            add_insert(random, schema, text);
        else if (choice < 815)
            add_upsert(random, schema, text);
        else if (choice < 835)
            add_insert_select(random, schema, text);
        else if (choice < 915)
            add_update(random, schema, text);
        else
            add_delete(random, schema, text);
        return SHAPE_CHANGE;
    }
    if (choice < 948)
        drop_table(generator, text);
    else
        make_transaction(generator, text);
    return SHAPE_OTHER;
}

void generator_next(struct generator *generator, struct statement *statement)
{
    struct text text = {{statement->ssql, statement->ssql + sizeof statement->ssql},
                        {statement->sqlite, statement->sqlite + sizeof statement->sqlite}};

    statement->shape = SHAPE_OTHER;
    statement->ssql[0] = statement->sqlite[0] = '\0';
    if (generator->tables_to_make > 0) {
        make_table(generator, TABLES - generator->tables_to_make, &text);
        generator->tables_to_make--;
    } else if (generator->table_to_make >= 0) {
        make_table(generator, generator->table_to_make, &text);
        generator->table_to_make = -1;
    } else if (make_stir(generator, &text)) {
        statement->shape = SHAPE_STIR;
    } else {
        statement->shape = make_any(generator, &text);
    }
    statement->is_in_transaction = generator->in_transaction;
}
