#include "shell/column_types.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shell/statement_text.h"
#include "shell/transfer_options.h"

struct typed_column {
    char *name;
    int type;
};

/* Ints are floats, too; everything is a string. */
static int wider(int left, int right)
{
    if (left == right)
        return left;
    bool is_number =
        (left == SSQL_TYPE_INT || left == SSQL_TYPE_FLOAT) && (right == SSQL_TYPE_INT || right == SSQL_TYPE_FLOAT);
    return is_number ? SSQL_TYPE_FLOAT : SSQL_TYPE_STRING;
}

static void add_column(struct column_types *types, const char *name, int type)
{
    for (size_t i = 0; i < types->count; i++)
        if (strcasecmp(types->columns[i].name, name) == 0) {
            types->columns[i].type = wider(types->columns[i].type, type);
            return;
        }
    types->columns = must_reallocate(types->columns, (types->count + 1) * sizeof *types->columns);
    types->columns[types->count++] = (struct typed_column){must_copy(name, strlen(name)), type};
}

bool column_types_add(struct column_types *types, ssql_conn *connection, const char *table)
{
    ssql_tables *tables;

    if (ssql_tables_new(connection, &tables) != SSQL_OK)
        return false;
    for (int i = 0; i < ssql_tables_count(tables); i++) {
        if (strcmp(ssql_tables_name(tables, i), table) != 0)
            continue;
        for (int column = 0; column < ssql_tables_column_count(tables, i); column++)
            add_column(types, ssql_tables_column_name(tables, i, column), ssql_tables_column_type(tables, i, column));
    }
    ssql_tables_free(tables);
    return true;
}

static const char *type_name(int type)
{
    switch (type) {
    case SSQL_TYPE_INT: return "int";
    case SSQL_TYPE_BOOL: return "bool";
    case SSQL_TYPE_FLOAT: return "float";
    default: return "string";
    }
}

void column_types_define(const struct column_types *types, struct text_buffer *to, const char *table,
                         const char *primary)
{
    text_add_string(to, "create table ");
    add_name(to, table);
    for (size_t i = 0; i < types->count; i++) {
        text_add_string(to, i == 0 ? " (" : ", ");
        add_name(to, types->columns[i].name);
        text_format(to, " %s", type_name(types->columns[i].type));
    }
    if (primary != NULL) {
        text_add_string(to, ", primary key");
        transfer_columns_add(to, primary);
    }
    text_add_char(to, ')');
}

void column_types_clear(struct column_types *types)
{
    for (size_t i = 0; i < types->count; i++)
        free(types->columns[i].name);
    free(types->columns);
    *types = (struct column_types){0};
}
