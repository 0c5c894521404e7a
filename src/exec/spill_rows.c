#include "exec/spill_rows.h"

#include "base/bytes.h"

enum { RECORD_HEADER_SIZE = 4 };

static bool flush(struct spill_writer *writer, struct engine *engine, struct ssql_error *error)
{
    if (writer->buffer.size == 0)
        return true;
    if (writer->file == NULL && !spill_create(engine, &writer->file, error))
        return false;
    if (!spill_append(writer->file, buffer_slice(&writer->buffer), error))
        return false;
    buffer_reset(&writer->buffer);
    return true;
}

bool spill_writer_add(struct spill_writer *writer, struct engine *engine, struct slice record, struct ssql_error *error)
{
    buffer_append_u32le(&writer->buffer, (uint32_t)record.size);
    buffer_append(&writer->buffer, record.data, record.size);
    if (writer->buffer.failed)
        return error_no_memory(error);
    writer->record_count++;
    return writer->buffer.size < SPILL_BUFFER_SIZE || flush(writer, engine, error);
}

bool spill_writer_finish(struct spill_writer *writer, struct engine *engine, struct spill_file **file,
                         struct ssql_error *error)
{
    *file = NULL;
    if (!flush(writer, engine, error))
        return false;
    *file = writer->file;
    writer->file = NULL;
    spill_writer_clear(writer);
    return true;
}

void spill_writer_clear(struct spill_writer *writer)
{
    spill_close(writer->file);
    buffer_clear(&writer->buffer);
    *writer = (struct spill_writer){0};
}

void spill_reader_init(struct spill_reader *reader, struct spill_file *file)
{
    *reader = (struct spill_reader){.file = file};
}

void spill_reader_clear(struct spill_reader *reader)
{
    spill_close(reader->file);
    buffer_clear(&reader->buffer);
    *reader = (struct spill_reader){0};
}

bool spill_fail_corrupt(struct ssql_error *error)
{
    return error_set(error, SSQL_CORRUPT, NO_SPAN, "a temporary file does not hold what was written to it");
}

/* At least `wanted` unread bytes in the buffer, unless the file ends before: then *is_short. */
static bool fill(struct spill_reader *reader, size_t wanted, bool *is_short, struct ssql_error *error)
{
    size_t unread = reader->buffer.size - reader->position;

    *is_short = false;
    if (unread >= wanted)
        return true;
    uint64_t left = spill_size(reader->file) - reader->offset;
    *is_short = left < wanted - unread;
    if (*is_short)
        return true;
    if (unread > 0)
        memmove(reader->buffer.data, reader->buffer.data + reader->position, unread);
    reader->buffer.size = unread;
    reader->position = 0;
    size_t size = wanted - unread < SPILL_BUFFER_SIZE ? SPILL_BUFFER_SIZE : wanted - unread;
    if (size > left)
        size = (size_t)left;
    uint8_t *to = buffer_reserve(&reader->buffer, size);
    if (to == NULL)
        return error_no_memory(error);
    if (!spill_read(reader->file, reader->offset, to, size, error))
        return false;
    reader->buffer.size += size;
    reader->offset += size;
    return true;
}

bool spill_reader_next(struct spill_reader *reader, struct slice *record, struct ssql_error *error)
{
    bool is_short;

    *record = slice_make(NULL, 0);
    if (reader->file == NULL)
        return true;
    if (!fill(reader, RECORD_HEADER_SIZE, &is_short, error))
        return false;
    if (is_short) {
        uint64_t left = spill_size(reader->file) - reader->offset + (reader->buffer.size - reader->position);
        if (left > 0)
            return spill_fail_corrupt(error);
        return true;
    }
    size_t size = load_u32le(reader->buffer.data + reader->position);
    if (!fill(reader, RECORD_HEADER_SIZE + size, &is_short, error))
        return false;
    if (is_short)
        return spill_fail_corrupt(error);
    *record = slice_make(reader->buffer.data + reader->position + RECORD_HEADER_SIZE, size);
    reader->position += RECORD_HEADER_SIZE + size;
    return true;
}
