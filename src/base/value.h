/* value.h - one typed value. A string's bytes are somebody else's; whoever hands out a value says for how long. */
#ifndef SSQL_BASE_VALUE_H
#define SSQL_BASE_VALUE_H

#include "base/buffer.h"
#include "base/slice.h"
#include "base/type.h"

struct value {
    enum ssql_type type; /* also of a null, where it is known; SSQL_TYPE_NULL is always null */
    bool is_null;
    union {
        int64_t integer;
        double real;
        bool boolean;
        struct slice string;
    };
};

static inline struct value value_null(enum ssql_type type)
{
    return (struct value){.type = type, .is_null = true};
}

static inline struct value value_int(int64_t integer)
{
    return (struct value){.type = SSQL_TYPE_INT, .integer = integer};
}

static inline struct value value_float(double real)
{
    return (struct value){.type = SSQL_TYPE_FLOAT, .real = real};
}

static inline struct value value_bool(bool boolean)
{
    return (struct value){.type = SSQL_TYPE_BOOL, .boolean = boolean};
}

static inline struct value value_string(struct slice string)
{
    return (struct value){.type = SSQL_TYPE_STRING, .string = string};
}

/* The order of `order by`, group by and keys: null first, then false < true, numbers, strings by bytes.
 * -0.0 equals 0.0; NaN equals itself and is greater than every number. Both of one type (or null). */
int value_compare(const struct value *left, const struct value *right);

/* Equal in the order above; equal values hash alike. */
uint64_t value_hash(const struct value *value, uint64_t seed);

/* Appends the value as SSQL text writes it: 1, 2.5, true, null, "bob" (quoted and escaped). Reads back to the same
 * value; a float always has a '.', an 'e', or is inf, -inf or nan. */
void value_append_literal(struct buffer *buffer, const struct value *value);

/* The same without quotes and escapes for strings. */
void value_append_text(struct buffer *buffer, const struct value *value);

/* Shortest text that reads back to the same double (always with '.' or 'e'); `text` has room for FLOAT_TEXT_SIZE. */
enum { FLOAT_TEXT_SIZE = 32 };
size_t float_format(double real, char *text);

/* The double nearest to a number written with digits, '.' and 'e', whatever decimal point the host program's locale
 * has; infinite when it is too large. Fails with SSQL_NO_MEMORY. */
MUST_CHECK bool float_parse(const char *text, double *real, struct ssql_error *error);

#endif
