#include "base/type.h"

#include <assert.h>

const char *type_name(enum ssql_type type)
{
    static const char *const names[] = {
        [SSQL_TYPE_NULL] = "null", [SSQL_TYPE_INT] = "int",     [SSQL_TYPE_STRING] = "string",
        [SSQL_TYPE_BOOL] = "bool", [SSQL_TYPE_FLOAT] = "float",
    };

    assert(type < sizeof names / sizeof names[0]);
    return names[type];
}
