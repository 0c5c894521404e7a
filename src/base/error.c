#include "base/error.h"

#include <assert.h>
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

    assert(length >= 0); /* no wide characters are printed */
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
    static const char *const states[] = {
        [SSQL_OK] = "00000",
        [SSQL_INTERNAL] = "XX000",
        [SSQL_SYNTAX] = "42601",
        [SSQL_UNKNOWN_TABLE] = "42P01",
        [SSQL_UNKNOWN_COLUMN] = "42703",
        [SSQL_UNKNOWN_FUNCTION] = "42883",
        [SSQL_TABLE_EXISTS] = "42P07",
        [SSQL_COLUMN_EXISTS] = "42701",
        [SSQL_AMBIGUOUS] = "42702",
        [SSQL_TYPE_MISMATCH] = "42804",
        [SSQL_BAD_GROUPING] = "42803",
        [SSQL_NOT_SUPPORTED] = "0A000",
        [SSQL_OUT_OF_RANGE] = "22003",
        [SSQL_DIVISION_BY_ZERO] = "22012",
        [SSQL_BAD_VALUE] = "22P02",
        [SSQL_BAD_ENCODING] = "22021",
        [SSQL_DUPLICATE_KEY] = "23505",
        [SSQL_NOT_NULL] = "23502",
        [SSQL_CONFLICT] = "40001",
        [SSQL_NO_TRANSACTION] = "25P01",
        [SSQL_IN_TRANSACTION] = "25001",
        [SSQL_READ_ONLY] = "25006",
        [SSQL_INTERRUPTED] = "57014",
        [SSQL_NO_MEMORY] = "53200",
        [SSQL_DISK_FULL] = "53100",
        [SSQL_LOCKED] = "55006",
        [SSQL_IO] = "58030",
        [SSQL_CORRUPT] = "XX001",
        [SSQL_TOO_LARGE] = "54000",
        [SSQL_CANNOT_OPEN] = "3D000",
        [SSQL_MISUSE] = "55000",
        [SSQL_UNKNOWN_PARAMETER] = "42P02",
        [SSQL_UNKNOWN_OUTCOME] = "08007",
        [SSQL_VALUE_COUNT] = "42601",
        [SSQL_UNKNOWN_TYPE] = "42704",
        [SSQL_TOO_MANY_OPEN] = "53000",
        [SSQL_BAD_OPTION] = "22023",
        [SSQL_NOT_ALLOWED] = "42501",
    };

    assert(code < sizeof states / sizeof states[0] && states[code] != NULL);
    return states[code];
}
