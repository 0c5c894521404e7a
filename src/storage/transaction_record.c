#include "storage/transaction_record.h"

#include "base/bytes.h"
#include "storage/table_layout.h"

void transaction_record_begin(struct buffer *record)
{
    buffer_append_byte(record, TRANSACTION_RECORD_VERSION);
}

static void append_kind_and_number(struct buffer *record, uint8_t kind, uint32_t number)
{
    uint8_t bytes[5] = {kind};

    store_u32le(bytes + 1, number);
    buffer_append(record, bytes, sizeof bytes);
}

void transaction_record_table(struct buffer *record, uint32_t table_id)
{
    append_kind_and_number(record, RECORD_TABLE, table_id);
}

void transaction_record_delete(struct buffer *record, struct slice key)
{
    append_kind_and_number(record, RECORD_DELETE, (uint32_t)key.size);
    buffer_append(record, key.data, key.size);
}

void transaction_record_create(struct buffer *record, uint32_t table_id, const struct table_layout *layout)
{
    append_kind_and_number(record, RECORD_CREATE, table_id);
    buffer_append_u32le(record, layout->column_count);
    buffer_append(record, layout->types, layout->column_count);
    buffer_append_u32le(record, layout->key_count);
    for (uint32_t i = 0; i < layout->key_count; i++) {
        uint8_t number[2];
        store_u16le(number, layout->key_columns[i]);
        buffer_append(record, number, sizeof number);
    }
}

void transaction_record_drop(struct buffer *record, uint32_t table_id)
{
    append_kind_and_number(record, RECORD_DROP, table_id);
}

bool transaction_record_put(struct buffer *record, const struct row_format *format, const struct value *values,
                            size_t *row_offset, struct ssql_error *error)
{
    size_t before = record->size;

    append_kind_and_number(record, RECORD_PUT, 0);
    if (record->failed)
        return error_no_memory(error);
    if (!row_encode(format, values, record, error)) {
        record->size = before;
        return false;
    }
    *row_offset = before + 5;
    store_u32le(record->data + before + 1, (uint32_t)(record->size - *row_offset));
    return true;
}

bool operation_reader_init(struct operation_reader *reader, struct slice record)
{
    reader->record = record;
    reader->offset = 1;
    reader->table_id = 0;
    return record.size >= 1 && record.data[0] == TRANSACTION_RECORD_VERSION;
}

/* The next `size` bytes, or NULL when the record has fewer. */
static const uint8_t *take(struct operation_reader *reader, size_t size)
{
    if (reader->record.size - reader->offset < size)
        return NULL;
    const uint8_t *bytes = reader->record.data + reader->offset;
    reader->offset += size;
    return bytes;
}

static bool take_u32(struct operation_reader *reader, uint32_t *number)
{
    const uint8_t *bytes = take(reader, 4);

    if (bytes == NULL)
        return false;
    *number = load_u32le(bytes);
    return true;
}

static bool take_layout(struct operation_reader *reader, struct table_layout *layout)
{
    if (!take_u32(reader, &layout->column_count) || layout->column_count > COLUMNS_MOST)
        return false;
    const uint8_t *types = take(reader, layout->column_count);
    if (types == NULL)
        return false;
    memcpy(layout->types, types, layout->column_count);
    if (!take_u32(reader, &layout->key_count) || layout->key_count > KEY_COLUMNS_MOST)
        return false;
    const uint8_t *numbers = take(reader, 2 * (size_t)layout->key_count);
    if (numbers == NULL)
        return false;
    for (uint32_t i = 0; i < layout->key_count; i++)
        layout->key_columns[i] = load_u16le(numbers + 2 * (size_t)i);
    return table_layout_is_valid(layout);
}

/* Row or key of an operation on the table named last. */
static bool take_bytes(struct operation_reader *reader, struct record_operation *operation)
{
    uint32_t size;

    operation->table_id = reader->table_id;
    if (reader->table_id == 0 || !take_u32(reader, &size))
        return false;
    operation->bytes = slice_make(take(reader, size), size);
    return operation->bytes.data != NULL;
}

enum record_step operation_reader_next(struct operation_reader *reader, struct record_operation *operation)
{
    while (reader->offset < reader->record.size) {
        bool is_whole = false;

        operation->kind = reader->record.data[reader->offset++];
        operation->layout = &reader->layout;
        switch (operation->kind) {
        case RECORD_TABLE:
            if (!take_u32(reader, &reader->table_id))
                return RECORD_STEP_DAMAGED;
            continue;
        case RECORD_PUT:
        case RECORD_DELETE: is_whole = take_bytes(reader, operation); break;
        case RECORD_CREATE:
            is_whole = take_u32(reader, &operation->table_id) && take_layout(reader, &reader->layout);
            break;
        case RECORD_DROP: is_whole = take_u32(reader, &operation->table_id); break;
        default: break;
        }
        return is_whole && operation->table_id != 0 ? RECORD_STEP_OPERATION : RECORD_STEP_DAMAGED;
    }
    return RECORD_STEP_END;
}
