#include "storage/column_encoder.h"

#include <assert.h>
#include <stdlib.h>

#include <lz4.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "storage/bit_packing.h"

enum {
    BLOCK_SIZE_MOST = LZ4_MAX_INPUT_SIZE, /* bytes of a block, unpacked */
    COMPRESSION_TRIAL_LEAST = 256,        /* bytes: fewer are not worth a stream */
    COMPRESSION_WAIT = 7,                 /* blocks without a trial after one that failed */
    DICTIONARY_PROBE_ROWS = 256,          /* after which a dictionary of nearly all rows is given up */
    DICTIONARY_PROBE_ITEMS = 240,
};

bool block_encoder_create(uint32_t column_count, bool compress, struct block_encoder **encoder,
                          struct ssql_error *error)
{
    struct block_encoder *made = calloc(1, sizeof *made);

    *encoder = NULL;
    if (made == NULL)
        return error_no_memory(error);
    made->compression_waits = calloc(column_count, 1);
    if (made->compression_waits == NULL) {
        free(made);
        return error_no_memory(error);
    }
    made->column_count = column_count;
    made->compress = compress;
    *encoder = made;
    return true;
}

void block_encoder_destroy(struct block_encoder *encoder)
{
    if (encoder == NULL)
        return;
    buffer_clear(&encoder->plain);
    buffer_clear(&encoder->streams);
    free(encoder->compression_waits);
    free(encoder);
}

/* Zeroed space for a part, on an 8-byte boundary; NULL when out of memory, or when the block would be too large
 * unpacked. `*offset` is where it begins. */
static uint8_t *add_part(struct block_encoder *encoder, size_t size, uint32_t *offset)
{
    size_t padded = (size + 7) & ~(size_t)7;

    *offset = (uint32_t)encoder->plain.size;
    encoder->too_large |= encoder->plain.size + encoder->unpacked_streams_size + padded > BLOCK_SIZE_MOST;
    uint8_t *part = encoder->too_large ? NULL : buffer_reserve(&encoder->plain, padded);
    if (part == NULL)
        return NULL;
    memset(part, 0, padded);
    encoder->plain.size += padded;
    return part;
}

static void add_packed(struct block_encoder *encoder, const int64_t *values, uint32_t count, int64_t base,
                       uint32_t width, uint32_t *offset)
{
    *offset = 0;
    if (width == 0)
        return;
    uint8_t *part = add_part(encoder, packed_size(count, width), offset);
    if (part != NULL)
        pack_values(values, count, base, width, part);
}

static void add_bitmap(struct block_encoder *encoder, const uint8_t *bytes, uint32_t *offset)
{
    uint8_t *part = add_part(encoder, bitmap_size(encoder->row_count), offset);

    if (part != NULL)
        bitmap_pack(bytes, encoder->row_count, part);
}

void block_encoder_begin(struct block_encoder *encoder, uint32_t row_count)
{
    assert(row_count >= 1 && row_count <= BATCH_CAPACITY);
    uint32_t offset;

    buffer_reset(&encoder->plain);
    buffer_reset(&encoder->streams);
    encoder->unpacked_streams_size = 0;
    encoder->too_large = false;
    encoder->row_count = row_count;
    uint8_t *head = add_part(encoder, BLOCK_HEADER_SIZE + (size_t)encoder->column_count * BLOCK_COLUMN_SIZE, &offset);
    struct block_header header = {.row_count = row_count, .column_count = encoder->column_count};
    if (head != NULL)
        block_header_store(&header, head);
}

void block_encoder_add_sequences(struct block_encoder *encoder, const uint64_t *sequences)
{
    struct block_header header;
    uint64_t least = UINT64_MAX, greatest = 0;

    if (sequences == NULL || encoder->plain.failed)
        return;
    for (uint32_t i = 0; i < encoder->row_count; i++) {
        encoder->numbers[i] = (int64_t)sequences[i];
        least = sequences[i] < least ? sequences[i] : least;
        greatest = sequences[i] > greatest ? sequences[i] : greatest;
    }
    bool known = block_header_load(&header, encoder->plain.data);
    assert(known);
    (void)known;
    header.sequence = least;
    if (greatest != least) {
        header.flags |= BLOCK_HAS_SEQUENCES;
        header.sequence_width = (uint8_t)packing_width(greatest - least);
        add_packed(encoder, encoder->numbers, encoder->row_count, (int64_t)least, header.sequence_width,
                   &header.sequences_offset);
    }
    if (!encoder->plain.failed)
        block_header_store(&header, encoder->plain.data);
}

void block_encoder_add_tombstones(struct block_encoder *encoder, const uint8_t *tombstones)
{
    struct block_header header;

    if (tombstones == NULL || encoder->plain.failed || memchr(tombstones, 1, encoder->row_count) == NULL)
        return;
    bool known = block_header_load(&header, encoder->plain.data);
    assert(known);
    (void)known;
    header.flags |= BLOCK_HAS_TOMBSTONES;
    add_bitmap(encoder, tombstones, &header.tombstones_offset);
    if (!encoder->plain.failed)
        block_header_store(&header, encoder->plain.data);
}

/* ---- numbers ---- */

static void summarize_ints(const int64_t *values, const uint8_t *skipped, uint32_t count, int64_t *minimum,
                           int64_t *maximum)
{
    int64_t least = INT64_MAX, greatest = INT64_MIN;

    if (skipped == NULL) {
        for (uint32_t i = 0; i < count; i++) {
            least = values[i] < least ? values[i] : least;
            greatest = values[i] > greatest ? values[i] : greatest;
        }
    } else {
        for (uint32_t i = 0; i < count; i++) {
            least = !skipped[i] && values[i] < least ? values[i] : least;
            greatest = !skipped[i] && values[i] > greatest ? values[i] : greatest;
        }
    }
    *minimum = least;
    *maximum = greatest;
}

static void encode_ints(struct block_encoder *encoder, const struct column_input *input, struct column_entry *entry,
                        struct column_summary *summary)
{
    const int64_t *values = input->integers;
    int64_t minimum = 0, maximum = 0;

    if (summary->has_values)
        summarize_ints(values, input->skipped, encoder->row_count, &minimum, &maximum);
    summary->minimum = value_int(minimum);
    summary->maximum = value_int(maximum);
    entry->encoding = minimum == maximum ? COLUMN_CONSTANT : COLUMN_PACKED;
    entry->base = (uint64_t)minimum;
    entry->width = (uint8_t)packing_width((uint64_t)maximum - (uint64_t)minimum);
    if (input->skipped != NULL) {
        for (uint32_t i = 0; i < encoder->row_count; i++)
            encoder->numbers[i] = input->skipped[i] ? minimum : values[i];
        values = encoder->numbers;
    }
    add_packed(encoder, values, encoder->row_count, minimum, entry->width, &entry->data_offset);
}

static uint64_t float_bits(double real)
{
    uint64_t bits;

    memcpy(&bits, &real, sizeof bits);
    return bits;
}

static bool is_skipped(const struct column_input *input, uint32_t row)
{
    return input->skipped != NULL && input->skipped[row];
}

static void encode_floats(struct block_encoder *encoder, const struct column_input *input, struct column_entry *entry,
                          struct column_summary *summary)
{
    bool is_first = true, is_constant = true;

    summary->minimum = summary->maximum = value_float(0);
    for (uint32_t i = 0; i < encoder->row_count; i++) {
        if (is_skipped(input, i))
            continue;
        struct value value = value_float(input->reals[i]);
        if (is_first) {
            summary->minimum = summary->maximum = value;
            entry->base = float_bits(value.real);
            is_first = false;
            continue;
        }
        is_constant = is_constant && float_bits(value.real) == entry->base;
        if (value_compare(&value, &summary->minimum) < 0)
            summary->minimum = value;
        if (value_compare(&value, &summary->maximum) > 0)
            summary->maximum = value;
    }
    if (is_constant) {
        entry->encoding = COLUMN_CONSTANT;
        return;
    }
    entry->encoding = COLUMN_PLAIN_FLOATS;
    entry->base = 0;
    uint8_t *part = add_part(encoder, (size_t)encoder->row_count * 8, &entry->data_offset);
    for (uint32_t i = 0; part != NULL && i < encoder->row_count; i++)
        if (!is_skipped(input, i))
            store_u64le(part + 8 * (size_t)i, float_bits(input->reals[i]));
}

static void encode_bools(struct block_encoder *encoder, const struct column_input *input, struct column_entry *entry,
                         struct column_summary *summary)
{
    uint32_t true_count = 0, false_count = 0;

    for (uint32_t i = 0; i < encoder->row_count; i++) {
        bool skipped = is_skipped(input, i);
        true_count += !skipped && input->booleans[i] != 0;
        false_count += !skipped && input->booleans[i] == 0;
    }
    summary->minimum = value_bool(false_count == 0 && true_count > 0);
    summary->maximum = value_bool(true_count > 0);
    if (true_count == 0 || false_count == 0) {
        entry->encoding = COLUMN_CONSTANT;
        entry->base = true_count > 0;
        return;
    }
    entry->encoding = COLUMN_BITS;
    uint8_t *part = add_part(encoder, bitmap_size(encoder->row_count), &entry->data_offset);
    for (uint32_t i = 0; part != NULL && i < encoder->row_count; i++)
        if (!is_skipped(input, i) && input->booleans[i] != 0)
            part[i / 8] |= (uint8_t)(1u << (i % 8));
}

/* ---- strings ---- */

/* Collects the distinct strings into encoder->items, their numbers into encoder->codes. False: nearly every row has
 * another, so that a dictionary cannot pay. */
static bool build_dictionary(struct block_encoder *encoder, const struct column_input *input)
{
    const uint32_t mask = sizeof encoder->slots / sizeof *encoder->slots - 1;

    memset(encoder->slots, 0, sizeof encoder->slots);
    encoder->item_count = 0;
    for (uint32_t i = 0; i < encoder->row_count; i++) {
        encoder->codes[i] = 0;
        if (is_skipped(input, i))
            continue;
        struct slice string = input->strings[i];
        uint32_t slot = (uint32_t)XXH3_64bits(string.data, string.size) & mask;
        while (encoder->slots[slot] != 0 && !slice_equal(encoder->items[encoder->slots[slot] - 1], string))
            slot = (slot + 1) & mask;
        if (encoder->slots[slot] == 0) {
            encoder->items[encoder->item_count++] = string;
            encoder->slots[slot] = (uint16_t)encoder->item_count;
        }
        encoder->codes[i] = (uint16_t)(encoder->slots[slot] - 1);
        if (i == DICTIONARY_PROBE_ROWS && encoder->item_count > DICTIONARY_PROBE_ITEMS)
            return false;
    }
    return true;
}

/* How a list of strings would be stored one after the other: their sizes, relative to the shortest. */
struct string_layout {
    uint32_t shortest;
    uint32_t width; /* of the ends */
    size_t bytes_size;
};

/* Sizes are those of `strings` less `prefix` bytes; skipped ones take nothing but the shortest size. */
static struct string_layout lay_out_strings(const struct slice *strings, const uint8_t *skipped, uint32_t count,
                                            size_t prefix)
{
    struct string_layout layout = {.shortest = UINT32_MAX};

    for (uint32_t i = 0; i < count; i++)
        if ((skipped == NULL || !skipped[i]) && strings[i].size - prefix < layout.shortest)
            layout.shortest = (uint32_t)(strings[i].size - prefix);
    if (layout.shortest == UINT32_MAX || skipped != NULL)
        layout.shortest = 0; /* a skipped row takes no bytes at all */
    for (uint32_t i = 0; i < count; i++)
        layout.bytes_size += skipped != NULL && skipped[i] ? 0 : strings[i].size - prefix;
    layout.width = packing_width(layout.bytes_size - (size_t)count * layout.shortest);
    return layout;
}

/* The bytes of a column's strings: plain, or as a stream when a trial saves an eighth. The last part of a column. */
static void add_bytes(struct block_encoder *encoder, uint32_t column, struct column_entry *entry, uint32_t begin)
{
    struct buffer *plain = &encoder->plain;
    uint32_t size = entry->bytes_size;

    assert(size <= LZ4_MAX_INPUT_SIZE);
    if (!encoder->compress || size < COMPRESSION_TRIAL_LEAST)
        return;
    if (encoder->compression_waits[column] > 0) {
        encoder->compression_waits[column]--;
        return;
    }
    int most = (int)(size - size / 8) - 4;
    uint8_t *stream = buffer_reserve(&encoder->streams, 4 + (size_t)most);
    if (stream == NULL)
        return;
    int stored = LZ4_compress_default((const char *)plain->data + begin, (char *)stream + 4, (int)size, most);
    if (stored <= 0) {
        encoder->compression_waits[column] = COMPRESSION_WAIT;
        return;
    }
    store_u32le(stream, (uint32_t)stored);
    encoder->streams.size += 4 + (size_t)stored;
    plain->size = begin;
    entry->flags |= COLUMN_IS_COMPRESSED;
    /* Counted from the end of the plain part, which block_encoder_finish adds. */
    entry->bytes_offset = (uint32_t)encoder->unpacked_streams_size;
    encoder->unpacked_streams_size += ((size_t)size + 7) & ~(size_t)7;
}

/* Copies the strings' bytes from `prefix` on behind the prefix itself. */
static void add_strings(struct block_encoder *encoder, uint32_t column, struct column_entry *entry,
                        const struct slice *strings, const uint8_t *skipped, uint32_t count, struct slice prefix,
                        const struct string_layout *layout)
{
    entry->bytes_size = (uint32_t)(prefix.size + layout->bytes_size);
    uint8_t *part = add_part(encoder, prefix.size + layout->bytes_size, &entry->bytes_offset);
    if (part == NULL)
        return;
    if (prefix.size > 0)
        memcpy(part, prefix.data, prefix.size);
    part += prefix.size;
    for (uint32_t i = 0; i < count; i++) {
        size_t size = skipped != NULL && skipped[i] ? 0 : strings[i].size - prefix.size;
        if (size > 0)
            memcpy(part, strings[i].data + prefix.size, size);
        part += size;
    }
    add_bytes(encoder, column, entry, entry->bytes_offset);
}

/* Packs where each string ends, less what the shortest size says already. */
static void add_ends(struct block_encoder *encoder, const struct slice *strings, const uint8_t *skipped, uint32_t count,
                     size_t prefix, const struct string_layout *layout, uint32_t *offset)
{
    int64_t end = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (skipped == NULL || !skipped[i])
            end += (int64_t)(strings[i].size - prefix - layout->shortest);
        encoder->numbers[i] = end;
    }
    add_packed(encoder, encoder->numbers, count, 0, layout->width, offset);
}

static uint64_t string_base(uint32_t shortest, size_t count)
{
    return shortest | (uint64_t)count << 32;
}

static void encode_dictionary(struct block_encoder *encoder, uint32_t column, const struct string_layout *layout,
                              uint32_t code_width, struct column_entry *entry)
{
    entry->encoding = COLUMN_DICTIONARY;
    entry->width = (uint8_t)code_width;
    entry->end_width = (uint8_t)layout->width;
    entry->base = string_base(layout->shortest, encoder->item_count);
    for (uint32_t i = 0; i < encoder->row_count; i++)
        encoder->numbers[i] = encoder->codes[i];
    add_packed(encoder, encoder->numbers, encoder->row_count, 0, code_width, &entry->data_offset);
    add_ends(encoder, encoder->items, NULL, encoder->item_count, 0, layout, &entry->ends_offset);
    add_strings(encoder, column, entry, encoder->items, NULL, encoder->item_count, slice_make(NULL, 0), layout);
}

/* The bytes that all strings begin with, when leaving them out saves at least an eighth; else nothing, because whole
 * strings need not be put together again. */
static struct slice choose_prefix(const struct column_input *input, uint32_t count)
{
    struct slice prefix = {0};
    size_t total = 0;
    bool is_first = true;

    for (uint32_t i = 0; i < count; i++) {
        if (is_skipped(input, i))
            continue;
        struct slice string = input->strings[i];
        total += string.size;
        if (is_first) {
            prefix = slice_make(string.data, string.size < COLUMN_PREFIX_MOST ? string.size : COLUMN_PREFIX_MOST);
            is_first = false;
        }
        if (prefix.size > string.size)
            prefix.size = string.size;
        if (prefix.size > 0 && memcmp(prefix.data, string.data, prefix.size) != 0) {
            size_t common = 0;
            while (prefix.data[common] == string.data[common])
                common++;
            prefix.size = common;
        }
    }
    if (prefix.size * (count - 1) * 8 < total)
        prefix.size = 0;
    return prefix;
}

static void summarize_strings(const struct slice *strings, const uint8_t *skipped, uint32_t count,
                              struct column_summary *summary)
{
    bool is_first = true;

    summary->minimum = summary->maximum = value_string(slice_make(NULL, 0));
    for (uint32_t i = 0; i < count; i++) {
        if (skipped != NULL && skipped[i])
            continue;
        if (is_first || slice_compare(strings[i], summary->minimum.string) < 0)
            summary->minimum.string = strings[i];
        if (is_first || slice_compare(strings[i], summary->maximum.string) > 0)
            summary->maximum.string = strings[i];
        is_first = false;
    }
}

static void encode_strings(struct block_encoder *encoder, uint32_t column, const struct column_input *input,
                           struct column_entry *entry, struct column_summary *summary)
{
    uint32_t count = encoder->row_count;
    bool has_dictionary = build_dictionary(encoder, input);

    if (has_dictionary)
        summarize_strings(encoder->items, NULL, encoder->item_count, summary);
    else
        summarize_strings(input->strings, input->skipped, count, summary);
    if (has_dictionary && encoder->item_count <= 1) {
        struct string_layout alone = lay_out_strings(encoder->items, NULL, encoder->item_count, 0);
        entry->encoding = COLUMN_CONSTANT;
        add_strings(encoder, column, entry, encoder->items, NULL, encoder->item_count, slice_make(NULL, 0), &alone);
        return;
    }
    struct slice prefix = choose_prefix(input, count);
    struct string_layout plain = lay_out_strings(input->strings, input->skipped, count, prefix.size);
    if (has_dictionary) {
        struct string_layout items = lay_out_strings(encoder->items, NULL, encoder->item_count, 0);
        uint32_t code_width = packing_width(encoder->item_count - 1);
        size_t dictionary_size = packed_size(count, code_width) + packed_size(encoder->item_count, items.width);
        if (dictionary_size + items.bytes_size <= packed_size(count, plain.width) + prefix.size + plain.bytes_size) {
            encode_dictionary(encoder, column, &items, code_width, entry);
            return;
        }
    }
    entry->encoding = COLUMN_PLAIN_STRINGS;
    entry->width = (uint8_t)plain.width;
    entry->base = string_base(plain.shortest, prefix.size);
    add_ends(encoder, input->strings, input->skipped, count, prefix.size, &plain, &entry->data_offset);
    add_strings(encoder, column, entry, input->strings, input->skipped, count, prefix, &plain);
}

void block_encoder_add_column(struct block_encoder *encoder, uint32_t column, const struct column_input *input,
                              struct column_summary *summary)
{
    struct column_entry entry = {0};

    assert(column < encoder->column_count);
    *summary = (struct column_summary){.minimum = value_null(input->type), .maximum = value_null(input->type)};
    if (encoder->plain.failed || encoder->too_large)
        return;
    summary->has_values = input->skipped == NULL || memchr(input->skipped, 0, encoder->row_count) != NULL;
    summary->has_nulls = input->nulls != NULL;
    if (summary->has_nulls)
        add_bitmap(encoder, input->nulls, &entry.nulls_offset);
    switch (input->type) {
    case SSQL_TYPE_INT: encode_ints(encoder, input, &entry, summary); break;
    case SSQL_TYPE_FLOAT: encode_floats(encoder, input, &entry, summary); break;
    case SSQL_TYPE_BOOL: encode_bools(encoder, input, &entry, summary); break;
    default: assert(input->type == SSQL_TYPE_STRING); encode_strings(encoder, column, input, &entry, summary);
    }
    if (!encoder->plain.failed)
        column_entry_store(&entry, encoder->plain.data + BLOCK_HEADER_SIZE + (size_t)column * BLOCK_COLUMN_SIZE);
}

/* Compressed columns learn where their bytes will lie once they are unpacked. */
static void place_streams(struct block_encoder *encoder, uint32_t plain_size)
{
    for (uint32_t i = 0; i < encoder->column_count; i++) {
        uint8_t *at = encoder->plain.data + BLOCK_HEADER_SIZE + (size_t)i * BLOCK_COLUMN_SIZE;
        struct column_entry entry;
        column_entry_load(&entry, at);
        if ((entry.flags & COLUMN_IS_COMPRESSED) == 0)
            continue;
        entry.bytes_offset += plain_size;
        column_entry_store(&entry, at);
    }
}

bool block_encoder_finish(struct block_encoder *encoder, uint64_t identity, uint64_t offset, struct slice *stored,
                          uint32_t *unpacked_size, struct ssql_error *error)
{
    struct block_header header;
    struct buffer *plain = &encoder->plain;
    size_t plain_size = plain->size;

    if (encoder->too_large)
        return error_set(error, SSQL_TOO_LARGE, NO_SPAN, "a block of %u rows takes more than %d bytes",
                         encoder->row_count, BLOCK_SIZE_MOST);
    buffer_append(plain, encoder->streams.data, encoder->streams.size);
    if (plain->failed || encoder->streams.failed)
        return error_no_memory(error);
    bool known = block_header_load(&header, plain->data);
    assert(known);
    (void)known;
    header.plain_size = (uint32_t)plain_size;
    header.unpacked_size = (uint32_t)(plain_size + encoder->unpacked_streams_size);
    block_header_store(&header, plain->data);
    place_streams(encoder, header.plain_size);
    store_u64le(plain->data, sstable_checksum(slice_make(plain->data + 8, plain->size - 8), identity, offset));
    *stored = buffer_slice(plain);
    *unpacked_size = header.unpacked_size;
    return true;
}
