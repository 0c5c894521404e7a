/* spill_rows.h - records in spill files: written one after the other, read back from the first to the last. A record is
 * a u32 length and its bytes. */
#ifndef SSQL_EXEC_SPILL_ROWS_H
#define SSQL_EXEC_SPILL_ROWS_H

#include "storage/engine.h"

enum { SPILL_BUFFER_SIZE = 32 << 10 };

/* Zeroed memory is a writer without records; the file is made with the first full buffer. */
struct spill_writer {
    struct spill_file *file;
    struct buffer buffer;
    uint64_t record_count;
};

MUST_CHECK bool spill_writer_add(struct spill_writer *writer, struct engine *engine, struct slice record,
                                 struct ssql_error *error);
/* Writes what is buffered and gives the file away (NULL: no record was added); the writer is empty again. */
MUST_CHECK bool spill_writer_finish(struct spill_writer *writer, struct engine *engine, struct spill_file **file,
                                    struct ssql_error *error);
void spill_writer_clear(struct spill_writer *writer);

struct spill_reader {
    struct spill_file *file; /* owned */
    uint64_t offset;         /* of the next bytes to read */
    struct buffer buffer;
    size_t position; /* in the buffer */
};

/* Takes over the file. */
void spill_reader_init(struct spill_reader *reader, struct spill_file *file);
/* The next record, valid until the following call; data NULL at the end. */
MUST_CHECK bool spill_reader_next(struct spill_reader *reader, struct slice *record, struct ssql_error *error);
void spill_reader_clear(struct spill_reader *reader);

/* The error for a record that does not decode; returns false. */
bool spill_fail_corrupt(struct ssql_error *error);

#endif
