/* error.h - the one way in which a failure travels: filled where the fault is found, passed on untouched.
 * A function that can fail returns bool, is MUST_CHECK, and takes a `struct ssql_error *` last.
 * Filling an error allocates nothing, so that running out of memory can be reported too. */
#ifndef SSQL_BASE_ERROR_H
#define SSQL_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK                             __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_index) __attribute__((format(printf, format_index, first_index)))

/* The numbers are those of ssql.h (asserted equal there) and never change. */
enum ssql_code {
    SSQL_OK = 0,
    SSQL_INTERNAL = 1,           /* XX000 a fault of ssql itself */
    SSQL_SYNTAX = 2,             /* 42601 */
    SSQL_UNKNOWN_TABLE = 3,      /* 42P01 */
    SSQL_UNKNOWN_COLUMN = 4,     /* 42703 */
    SSQL_UNKNOWN_FUNCTION = 5,   /* 42883 also: no function takes these types */
    SSQL_TABLE_EXISTS = 6,       /* 42P07 */
    SSQL_COLUMN_EXISTS = 7,      /* 42701 a column named twice */
    SSQL_AMBIGUOUS = 8,          /* 42702 */
    SSQL_TYPE_MISMATCH = 9,      /* 42804 */
    SSQL_BAD_GROUPING = 10,      /* 42803 */
    SSQL_NOT_SUPPORTED = 11,     /* 0A000 legal, but not built yet */
    SSQL_OUT_OF_RANGE = 12,      /* 22003 overflow, in literals too */
    SSQL_DIVISION_BY_ZERO = 13,  /* 22012 */
    SSQL_BAD_VALUE = 14,         /* 22P02 a text that is no value of the type asked for */
    SSQL_BAD_ENCODING = 15,      /* 22021 invalid UTF-8, NUL bytes */
    SSQL_DUPLICATE_KEY = 16,     /* 23505 */
    SSQL_NOT_NULL = 17,          /* 23502 */
    SSQL_CONFLICT = 18,          /* 40001 retry the transaction */
    SSQL_NO_TRANSACTION = 19,    /* 25P01 */
    SSQL_IN_TRANSACTION = 20,    /* 25001 */
    SSQL_READ_ONLY = 21,         /* 25006 */
    SSQL_INTERRUPTED = 22,       /* 57014 */
    SSQL_NO_MEMORY = 23,         /* 53200 */
    SSQL_DISK_FULL = 24,         /* 53100 */
    SSQL_LOCKED = 25,            /* 55006 another process has the database */
    SSQL_IO = 26,                /* 58030 */
    SSQL_CORRUPT = 27,           /* XX001 damage found in a file */
    SSQL_TOO_LARGE = 28,         /* 54000 a named limit was passed */
    SSQL_CANNOT_OPEN = 29,       /* 3D000 absent, or not an ssql database */
    SSQL_MISUSE = 30,            /* 55000 a call that its object's state does not allow */
    SSQL_UNKNOWN_PARAMETER = 31, /* 42P02 */
    SSQL_UNKNOWN_OUTCOME = 32,   /* 08007 a log write or sync failed: reopen to learn what is there */
    SSQL_VALUE_COUNT = 33,       /* 42601 too few or too many values */
    SSQL_UNKNOWN_TYPE = 34,      /* 42704 */
    SSQL_TOO_MANY_OPEN = 35,     /* 53000 out of file descriptors */
    SSQL_BAD_OPTION = 36,        /* 22023 unknown option, or a value that it does not take */
    SSQL_NOT_ALLOWED = 37,       /* 42501 this database, or its user, must not do that */
};

/* Bytes [begin, end) of the statement's text; begin == end: no position. */
struct ssql_span {
    uint32_t begin;
    uint32_t end;
};

enum { ERROR_MESSAGE_SIZE = 512, ERROR_HINT_SIZE = 256 };

struct ssql_error {
    enum ssql_code code; /* SSQL_OK while nothing has failed */
    struct ssql_span span;
    char message[ERROR_MESSAGE_SIZE]; /* one sentence without a full stop; valid UTF-8; always terminated */
    char hint[ERROR_HINT_SIZE];       /* what to do, or empty */
};

#define NO_SPAN ((struct ssql_span){0, 0})

void error_clear(struct ssql_error *error);

/* Fills `error` (which may be NULL: then nothing is kept) and clears its hint. Returns false, so that a failing path is
 * one line. A message that does not fit is cut at a character's end. */
bool error_set(struct ssql_error *error, enum ssql_code code, struct ssql_span span, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Adds a hint to an error that error_set has just filled; returns false. */
bool error_hint(struct ssql_error *error, const char *format, ...) PRINTF_LIKE(2, 3);

/* The usual message for a failed allocation; returns false. */
bool error_no_memory(struct ssql_error *error);

/* The five characters of SQLSTATE that belong to a code; static. */
const char *error_sqlstate(enum ssql_code code);

#endif
