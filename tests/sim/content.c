/* Tables, keys and rows. Every row says of itself which it is, so that a wrong byte cannot pass. */
#include <stdio.h>
#include <string.h>

#include "base/key_codec.h"
#include "simulation.h"

/* Slot 0 and 3: an int key. 1: a string. 2: a string with zero bytes, and an int. The last two columns are a number and
 * a payload; column 1 is unused text where the key needs only one column. */
void content_layout(int slot, struct table_layout *layout)
{
    *layout = (struct table_layout){.column_count = CONTENT_COLUMNS, .key_count = slot == 2 ? 2 : 1};
    layout->types[0] = slot == 1 || slot == 2 ? SSQL_TYPE_STRING : SSQL_TYPE_INT;
    layout->types[1] = slot == 2 ? SSQL_TYPE_INT : SSQL_TYPE_BOOL;
    layout->types[2] = SSQL_TYPE_INT;
    layout->types[3] = SSQL_TYPE_STRING;
    layout->key_columns[1] = 1;
}

static void make_key(int slot, int key, struct content *content)
{
    static const char *const groups[] = {"", "a", "ab", "b"};

    if (slot == 1) {
        int size = snprintf(content->text, sizeof content->text, "%s%04d%s", key % 3 == 0 ? "common prefix " : "k", key,
                            key % 5 == 0 ? " and a longer end" : "");
        content->values[0] = value_string(slice_make(content->text, (size_t)size));
    } else if (slot == 2) {
        size_t size = strlen(groups[key % 4]);
        memcpy(content->text, groups[key % 4], size);
        content->text[size++] = '\0';
        content->values[0] = value_string(slice_make(content->text, size));
        content->values[1] = value_int(key - KEYS / 2);
    } else {
        content->values[0] = value_int((int64_t)(key - KEYS / 2) * 1000003);
    }
}

static size_t payload_size(uint32_t number)
{
    return number % CONTENT_CLASSES == CONTENT_LARGE ? 600 + number % 400 : number % 29;
}

static void make_payload(uint32_t number, char *payload)
{
    uint64_t state = number;

    for (size_t i = 0; i < payload_size(number); i += 8) {
        uint64_t word = random_next(&state);
        memcpy(payload + i, &word, 8);
    }
}

void content_make(int slot, int key, uint32_t number, struct content *content)
{
    struct buffer bytes = {0};

    content->values[1] = value_bool(number % 2 == 0);
    make_key(slot, key, content);
    key_encode(&bytes, content->values, slot == 2 ? 2 : 1);
    memcpy(content->key, bytes.data, bytes.size);
    content->key_size = bytes.size;
    buffer_clear(&bytes);
    content->values[2] = value_int(number);
    make_payload(number, content->payload);
    content->values[3] = number % CONTENT_CLASSES == CONTENT_NULL
                             ? value_null(SSQL_TYPE_STRING)
                             : value_string(slice_make(content->payload, payload_size(number)));
}

static bool is_same(const struct value *left, const struct value *right)
{
    return left->is_null == right->is_null && (left->is_null || value_compare(left, right) == 0);
}

/* The key's number, -1: no such key. */
static int find_key(int slot, const struct value *values)
{
    struct content content;

    for (int key = 0; key < KEYS; key++) {
        make_key(slot, key, &content);
        if (is_same(&content.values[0], &values[0]) && (slot != 2 || is_same(&content.values[1], &values[1])))
            return key;
    }
    return -1;
}

uint32_t content_check(const struct simulation *simulation, int slot, const struct value *values, int *key)
{
    struct content content;

    *key = find_key(slot, values);
    if (*key < 0)
        simulation_fail(simulation, "slot %d has a row with a key that was never written", slot);
    uint32_t number = values[2].is_null ? 0 : (uint32_t)values[2].integer;
    content_make(slot, *key, number, &content);
    for (int i = 0; i < CONTENT_COLUMNS; i++)
        if (!is_same(&content.values[i], &values[i]))
            simulation_fail(simulation, "slot %d, key %d: column %d is not what was written as row %u", slot, *key, i,
                            number);
    return number;
}

static const uint16_t all_columns[] = {0, 1, 2, 3};

static void check_batch(const struct simulation *simulation, int slot, const struct batch *batch, bool descending,
                        struct buffer *before, uint32_t rows[KEYS])
{
    for (uint32_t i = 0; i < batch->selected_count; i++) {
        struct value values[CONTENT_COLUMNS];
        struct content content;
        int key;
        for (int column = 0; column < CONTENT_COLUMNS; column++)
            values[column] = vector_value(&batch->columns[column], batch_row(batch, i));
        uint32_t number = content_check(simulation, slot, values, &key);
        if (rows[key] != 0)
            simulation_fail(simulation, "slot %d, key %d: a scan shows it twice", slot, key);
        rows[key] = number;
        content_make(slot, key, number, &content);
        struct slice encoded = slice_make(content.key, content.key_size);
        int order = before->size == 0 ? 0 : slice_compare(buffer_slice(before), encoded);
        if (before->size != 0 && (descending ? order <= 0 : order >= 0))
            simulation_fail(simulation, "slot %d, key %d: a scan is out of order", slot, key);
        buffer_reset(before);
        buffer_append(before, encoded.data, encoded.size);
    }
}

bool content_scan(const struct simulation *simulation, struct transaction *transaction, int slot, uint32_t table_id,
                  bool descending, uint32_t rows[KEYS], struct ssql_error *error)
{
    const struct scan_request request = {
        .columns = all_columns, .column_count = CONTENT_COLUMNS, .in_key_order = true, .descending = descending};
    struct table *table = transaction_table(transaction, table_id);
    struct buffer before = {0};
    struct scan *scan = NULL;
    struct batch batch;
    bool is_done;

    memset(rows, 0, KEYS * sizeof *rows);
    if (table == NULL)
        simulation_fail(simulation, "slot %d: its table has disappeared", slot);
    is_done = scan_open(transaction, table, &request, &scan, error);
    while (is_done) {
        is_done = scan_next(scan, &batch, error);
        if (!is_done || batch.row_count == 0)
            break;
        check_batch(simulation, slot, &batch, descending, &before, rows);
    }
    scan_close(scan);
    buffer_clear(&before);
    return is_done;
}

bool content_get(const struct simulation *simulation, struct transaction *transaction, int slot, uint32_t table_id,
                 int key, uint32_t *number, struct ssql_error *error)
{
    struct table *table = transaction_table(transaction, table_id);
    struct content content;
    struct value values[CONTENT_COLUMNS];
    struct row_pin *pin;
    bool found = false;
    int found_key;

    if (table == NULL)
        simulation_fail(simulation, "slot %d: its table has disappeared", slot);
    *number = 0;
    content_make(slot, key, 0, &content);
    if (!row_pin_create(&pin, error))
        return false;
    bool is_done = transaction_get(transaction, table, slice_make(content.key, content.key_size), all_columns,
                                   CONTENT_COLUMNS, pin, values, &found, error);
    if (is_done && found) {
        *number = content_check(simulation, slot, values, &found_key);
        if (found_key != key)
            simulation_fail(simulation, "slot %d: get of key %d gives key %d", slot, key, found_key);
    }
    row_pin_destroy(pin);
    return is_done;
}
