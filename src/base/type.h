/* type.h - the types of SSQL. The numbers are those of ssql.h and of the files: they never change. */
#ifndef SSQL_BASE_TYPE_H
#define SSQL_BASE_TYPE_H

enum ssql_type {
    SSQL_TYPE_NULL = 0, /* the type of a bare `null`: belongs to every other */
    SSQL_TYPE_INT = 1,
    SSQL_TYPE_STRING = 2,
    SSQL_TYPE_BOOL = 3,
    SSQL_TYPE_FLOAT = 4,
};

/* "null", "int", "string", "bool", "float" */
const char *type_name(enum ssql_type type);

#endif
