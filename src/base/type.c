#include "base/type.h"

const char *type_name(enum ssql_type type)
{
    switch (type) {
    case SSQL_TYPE_NULL: return "null";
    case SSQL_TYPE_INT: return "int";
    case SSQL_TYPE_STRING: return "string";
    case SSQL_TYPE_BOOL: return "bool";
    case SSQL_TYPE_FLOAT: return "float";
    }
    return "?";
}
