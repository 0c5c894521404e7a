/* The numbers of ssql.h, which are macros there, against those of the rooms below, which are enumerators of the same
 * names: they are kept under other names before the macros hide them. */
#include "base/error.h"
#include "base/type.h"

#define EACH_CODE(each)                                                                                                \
    each(OK, "no error") each(INTERNAL, "internal error") each(SYNTAX, "syntax error") each(                           \
        UNKNOWN_TABLE, "unknown table") each(UNKNOWN_COLUMN, "unknown column") each(UNKNOWN_FUNCTION,                  \
                                                                                    "unknown function")                \
        each(TABLE_EXISTS, "table exists") each(COLUMN_EXISTS, "column named twice") each(                             \
            AMBIGUOUS, "ambiguous name") each(TYPE_MISMATCH, "type mismatch") each(BAD_GROUPING, "bad grouping")       \
            each(NOT_SUPPORTED, "not supported yet") each(OUT_OF_RANGE, "number out of range") each(                   \
                DIVISION_BY_ZERO, "division by zero") each(BAD_VALUE, "bad value") each(BAD_ENCODING, "invalid UTF-8") \
                each(DUPLICATE_KEY, "duplicate key") each(NOT_NULL, "null in a column that is not null")               \
                    each(CONFLICT, "conflict with another transaction") each(NO_TRANSACTION, "no transaction is open") \
                        each(IN_TRANSACTION, "a transaction is already open") each(READ_ONLY, "read-only")             \
                            each(INTERRUPTED, "interrupted") each(NO_MEMORY, "out of memory")                          \
                                each(DISK_FULL, "disk full") each(LOCKED, "database is open elsewhere")                \
                                    each(IO, "input/output error") each(CORRUPT, "damaged file")                       \
                                        each(TOO_LARGE, "too large") each(CANNOT_OPEN, "cannot open the database")     \
                                            each(MISUSE, "call not allowed now")                                       \
                                                each(UNKNOWN_PARAMETER, "unknown parameter")                           \
                                                    each(UNKNOWN_OUTCOME, "outcome unknown")                           \
                                                        each(VALUE_COUNT, "wrong number of values")                    \
                                                            each(UNKNOWN_TYPE, "unknown type")                         \
                                                                each(TOO_MANY_OPEN, "too many open files")             \
                                                                    each(BAD_OPTION, "bad option")                         \
                                                                    each(NOT_ALLOWED, "not allowed")

#define KEEP_CODE(name, text) INNER_##name = SSQL_##name,
enum { EACH_CODE(KEEP_CODE) INNER_CODE_END };

enum {
    INNER_TYPE_NULL = SSQL_TYPE_NULL,
    INNER_TYPE_INT = SSQL_TYPE_INT,
    INNER_TYPE_STRING = SSQL_TYPE_STRING,
    INNER_TYPE_BOOL = SSQL_TYPE_BOOL,
    INNER_TYPE_FLOAT = SSQL_TYPE_FLOAT,
};

#include <ssql.h>

#define ASSERT_CODE(name, text) _Static_assert((int)INNER_##name == SSQL_##name, "ssql.h and error.h differ");
EACH_CODE(ASSERT_CODE)
_Static_assert((int)INNER_TYPE_NULL == SSQL_TYPE_NULL && (int)INNER_TYPE_INT == SSQL_TYPE_INT &&
                   (int)INNER_TYPE_STRING == SSQL_TYPE_STRING && (int)INNER_TYPE_BOOL == SSQL_TYPE_BOOL &&
                   (int)INNER_TYPE_FLOAT == SSQL_TYPE_FLOAT,
               "ssql.h and type.h differ");

const char *ssql_code_text(int code)
{
    switch (code) {
#define TEXT_OF_CODE(name, text)                                                                                       \
    case SSQL_##name: return text;
        EACH_CODE(TEXT_OF_CODE)
    case SSQL_ROW: return "a row";
    case SSQL_DONE: return "done";
    default: return "unknown error";
    }
}

const char *ssql_code_sqlstate(int code)
{
    if (code == SSQL_ROW || code == SSQL_DONE)
        return "00000";
    if (code < INNER_OK || code >= INNER_CODE_END)
        return "XX000";
    return error_sqlstate((enum ssql_code)code);
}

const char *ssql_type_name(int type)
{
    return type < SSQL_TYPE_NULL || type > SSQL_TYPE_FLOAT ? NULL : type_name((enum ssql_type)type);
}
