#include "exec/operator_write.h"

#include <assert.h>

#include "base/key_codec.h"

bool row_check_not_null(const struct table_schema *table, const struct value *values, struct ssql_span span,
                        struct ssql_error *error)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct column_schema *column = &table->columns[i];
        if (column->is_not_null && values[i].is_null)
            return error_set(error, SSQL_NOT_NULL, span, "column \"%.*s\" of table \"%.*s\" must not be null",
                             SLICE_PRINT(column->name), SLICE_PRINT(table->name));
    }
    return true;
}

/* Keys can be long: the message shows each part up to here. */
enum { KEY_PART_SHOWN_MOST = 80 };

static void append_key_part(struct buffer *text, struct value value)
{
    assert(!value.is_null);
    if (value.type == SSQL_TYPE_STRING && value.string.size > KEY_PART_SHOWN_MOST) {
        value.string.size = KEY_PART_SHOWN_MOST;
        while (value.string.size > 0 && (value.string.data[value.string.size] & 0xC0) == 0x80)
            value.string.size--;
        value_append_literal(text, &value);
        buffer_append_text(text, "...");
        return;
    }
    value_append_literal(text, &value);
}

bool row_fail_duplicate(const struct table_schema *table, const struct value *values, struct ssql_span span,
                        struct ssql_error *error)
{
    struct buffer text = {0};

    for (uint32_t i = 0; i < table->key_count; i++) {
        uint16_t column = table->key_columns[i];
        if (i > 0)
            buffer_append_text(&text, ", ");
        buffer_append(&text, table->columns[column].name.data, table->columns[column].name.size);
        buffer_append_text(&text, " = ");
        append_key_part(&text, values[column]);
    }
    if (text.failed)
        error_no_memory(error);
    else
        error_set(error, SSQL_DUPLICATE_KEY, span, "table \"%.*s\" already has a row with key %.*s",
                  SLICE_PRINT(table->name), SLICE_PRINT(buffer_slice(&text)));
    buffer_clear(&text);
    return false;
}

bool row_fail_at(struct ssql_span span, struct ssql_error *error)
{
    if (error->code == SSQL_TOO_LARGE)
        error->span = span;
    return false;
}

bool row_encode_old_key(const struct table_schema *table, const uint16_t *positions, const struct batch *batch,
                        uint32_t row, struct buffer *key, struct ssql_error *error)
{
    struct value parts[KEY_COLUMNS_MOST];

    assert(table->key_count <= KEY_COLUMNS_MOST);
    for (uint32_t i = 0; i < table->key_count; i++)
        parts[i] = vector_value(&batch->columns[positions[i]], row);
    buffer_reset(key);
    key_encode(key, parts, table->key_count);
    /* An empty string is a key too: its slice must have an address. */
    if (buffer_reserve(key, 1) == NULL)
        return error_no_memory(error);
    return true;
}
