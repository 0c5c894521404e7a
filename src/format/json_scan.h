/* json_scan.h - the tokens of JSON (RFC 8259), one value at a time, out of bytes that may end too early. Nothing here
 * recurses: a value that is nested a million deep costs its first RECORD_DEPTH_MOST levels. */
#ifndef SSQL_FORMAT_JSON_SCAN_H
#define SSQL_FORMAT_JSON_SCAN_H

#include "base/arena.h"
#include "format/record.h"

/* Where a scan is. A function that returns false leaves it somewhere behind what was right; then either `is_short` is
 * set (the bytes end within a token, and more may come) or `fault` is. */
struct json_cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool is_whole; /* nothing comes behind `end` */
    bool is_short;
    const uint8_t *fault; /* where; `error` says what */
    struct ssql_error *error;
    struct arena *texts; /* for strings with escapes */
};

/* Notes a fault and returns false. */
bool json_fail(struct json_cursor *cursor, const uint8_t *at, enum ssql_code code, const char *text);

/* Passes over blanks; false at the end of the bytes (is_short is set, or there is no more: no fault). */
bool json_pass_blanks(struct json_cursor *cursor);

/* The same where something must follow: at the end of the file that is a fault. */
bool json_expect_more(struct json_cursor *cursor);

/* A string at its quote. Its text is in place or in `texts`, valid UTF-8, without NUL. */
MUST_CHECK bool json_read_string(struct json_cursor *cursor, struct slice *text);

/* The value at the cursor (no blank) as a field. An object or array is passed over whole and is FIELD_NESTED. */
MUST_CHECK bool json_read_value(struct json_cursor *cursor, struct field *field);

/* Passes over the value at the cursor (no blank), looking at nothing but its syntax. */
MUST_CHECK bool json_pass_value(struct json_cursor *cursor);

#endif
