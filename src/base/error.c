#include "base/error.h"

#include <stdio.h>
#include <string.h>

void error_clear(struct ssql_error *error)
{
    if (error == NULL)
        return;
    error->code = SSQL_OK;
    error->span = NO_SPAN;
    error->message[0] = '\0';
    error->hint[0] = '\0';
}

/* Formats into text[size]; a text that is cut ends in "..." after a whole character. */
static void format_cut(char *text, size_t size, const char *format, va_list arguments)
{
    int length = vsnprintf(text, size, format, arguments);

    if (length < 0) {
        text[0] = '\0';
        return;
    }
    if ((size_t)length < size)
        return;
    size_t end = size - 4;
    while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80)
        end--;
    memcpy(text + end, "...", 4);
}

bool error_set(struct ssql_error *error, enum ssql_code code, struct ssql_span span, const char *format, ...)
{
    va_list arguments;

    if (error == NULL)
        return false;
    error->code = code;
    error->span = span;
    error->hint[0] = '\0';
    va_start(arguments, format);
    format_cut(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return false;
}

bool error_hint(struct ssql_error *error, const char *format, ...)
{
    va_list arguments;

    if (error == NULL)
        return false;
    va_start(arguments, format);
    format_cut(error->hint, sizeof error->hint, format, arguments);
    va_end(arguments);
    return false;
}

bool error_no_memory(struct ssql_error *error)
{
    return error_set(error, SSQL_NO_MEMORY, NO_SPAN, "out of memory");
}

const char *error_sqlstate(enum ssql_code code)
{
    switch (code) {
    case SSQL_OK: return "00000";
    case SSQL_INTERNAL: return "XX000";
    case SSQL_SYNTAX: return "42601";
    case SSQL_UNKNOWN_TABLE: return "42P01";
    case SSQL_UNKNOWN_COLUMN: return "42703";
    case SSQL_UNKNOWN_FUNCTION: return "42883";
    case SSQL_TABLE_EXISTS: return "42P07";
    case SSQL_COLUMN_EXISTS: return "42701";
    case SSQL_AMBIGUOUS: return "42702";
    case SSQL_TYPE_MISMATCH: return "42804";
    case SSQL_BAD_GROUPING: return "42803";
    case SSQL_NOT_SUPPORTED: return "0A000";
    case SSQL_OUT_OF_RANGE: return "22003";
    case SSQL_DIVISION_BY_ZERO: return "22012";
    case SSQL_BAD_VALUE: return "22P02";
    case SSQL_BAD_ENCODING: return "22021";
    case SSQL_DUPLICATE_KEY: return "23505";
    case SSQL_NOT_NULL: return "23502";
    case SSQL_CONFLICT: return "40001";
    case SSQL_NO_TRANSACTION: return "25P01";
    case SSQL_IN_TRANSACTION: return "25001";
    case SSQL_READ_ONLY: return "25006";
    case SSQL_INTERRUPTED: return "57014";
    case SSQL_NO_MEMORY: return "53200";
    case SSQL_DISK_FULL: return "53100";
    case SSQL_LOCKED: return "55006";
    case SSQL_IO: return "58030";
    case SSQL_CORRUPT: return "XX001";
    case SSQL_TOO_LARGE: return "54000";
    case SSQL_CANNOT_OPEN: return "3D000";
    case SSQL_MISUSE: return "55000";
    case SSQL_UNKNOWN_PARAMETER: return "42P02";
    case SSQL_UNKNOWN_OUTCOME: return "08007";
    case SSQL_VALUE_COUNT: return "42601";
    case SSQL_UNKNOWN_TYPE: return "42704";
    case SSQL_TOO_MANY_OPEN: return "53000";
    case SSQL_BAD_OPTION: return "22023";
    case SSQL_NOT_ALLOWED: return "42501";
    }
    return "XX000";
}
