/* transaction_record.h - what one transaction did, as the payload of one WAL record.
 *
 *   version u8 = 1, then operations up to the record's end, each beginning with its kind u8:
 *     1 table    id u32: the table of the rows and keys that follow
 *     2 put      row size u32, the row (row_format.h); its key is found in it
 *     3 delete   key size u32, the key
 *     4 create   id u32, column count u32, types u8 each, key count u32, key columns u16 each
 *     5 drop     id u32
 *
 * Sequences: a record with a sequence count of 1 gives all its operations that one, and no key occurs twice in it.
 * Otherwise the count is that of its operations of kinds 2 to 5, and they take the sequences in order. History: version
 * 1 (ssql 0.1) first. */
#ifndef SSQL_STORAGE_TRANSACTION_RECORD_H
#define SSQL_STORAGE_TRANSACTION_RECORD_H

#include "storage/row_format.h"

enum {
    TRANSACTION_RECORD_VERSION = 1,
    RECORD_TABLE = 1,
    RECORD_PUT = 2,
    RECORD_DELETE = 3,
    RECORD_CREATE = 4,
    RECORD_DROP = 5,
};

/* ---- writing; failures are kept in the buffer ---- */

void transaction_record_begin(struct buffer *record);
void transaction_record_table(struct buffer *record, uint32_t table_id);
void transaction_record_delete(struct buffer *record, struct slice key);
void transaction_record_create(struct buffer *record, uint32_t table_id, const struct table_layout *layout);
void transaction_record_drop(struct buffer *record, uint32_t table_id);
/* Encodes the row right into the record; on failure the record is as it was. `*row_offset`: where the row begins. */
MUST_CHECK bool transaction_record_put(struct buffer *record, const struct row_format *format,
                                       const struct value *values, size_t *row_offset, struct ssql_error *error);

/* ---- reading ---- */

struct record_operation {
    uint8_t kind; /* never RECORD_TABLE */
    uint32_t table_id;
    struct slice bytes;          /* row or key, within the record */
    struct table_layout *layout; /* RECORD_CREATE: the reader's, until the next call */
};

struct operation_reader {
    struct slice record;
    size_t offset;
    uint32_t table_id; /* of the last RECORD_TABLE; 0: none yet */
    struct table_layout layout;
};

/* False: no record of a known version. */
bool operation_reader_init(struct operation_reader *reader, struct slice record);

enum record_step { RECORD_STEP_OPERATION, RECORD_STEP_END, RECORD_STEP_DAMAGED };
/* Checks lengths, kinds and layouts; that rows and keys fit their tables is the caller's to check. */
enum record_step operation_reader_next(struct operation_reader *reader, struct record_operation *operation);

#endif
