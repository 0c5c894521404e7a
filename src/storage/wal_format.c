#include "storage/wal_format.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"

static const char segment_magic[] = "ssqlwal\n";

void wal_segment_name(uint64_t epoch, uint64_t number, char name[WAL_NAME_SIZE])
{
    snprintf(name, WAL_NAME_SIZE, "wal/%" PRIu64 "-%" PRIu64, epoch, number);
}

static uint64_t place_seed(struct wal_place place)
{
    uint8_t bytes[24];

    store_u64le(bytes, place.epoch);
    store_u64le(bytes + 8, place.segment);
    store_u64le(bytes + 16, place.offset);
    return XXH3_64bits(bytes, sizeof bytes);
}

static uint64_t segment_header_checksum(const uint8_t *bytes, uint64_t epoch, uint64_t number)
{
    return XXH3_64bits_withSeed(bytes, 56, place_seed((struct wal_place){epoch, number, 0}));
}

void wal_encode_segment_header(const struct wal_segment_header *header, uint8_t bytes[WAL_SEGMENT_HEADER_SIZE])
{
    memcpy(bytes, segment_magic, 8);
    store_u32le(bytes + 8, WAL_FORMAT);
    store_u32le(bytes + 12, 0);
    store_u64le(bytes + 16, header->epoch);
    store_u64le(bytes + 24, header->number);
    store_u64le(bytes + 32, header->previous_end);
    store_u64le(bytes + 40, header->previous_sequence);
    store_u64le(bytes + 48, 0);
    store_u64le(bytes + 56, segment_header_checksum(bytes, header->epoch, header->number));
}

enum wal_header_state wal_decode_segment_header(const uint8_t bytes[WAL_SEGMENT_HEADER_SIZE], uint64_t epoch,
                                                uint64_t number, struct wal_segment_header *header)
{
    if (memcmp(bytes, segment_magic, 8) != 0)
        return WAL_HEADER_INVALID;
    if (load_u32le(bytes + 8) > WAL_FORMAT)
        return WAL_HEADER_NEWER;
    header->epoch = load_u64le(bytes + 16);
    header->number = load_u64le(bytes + 24);
    header->previous_end = load_u64le(bytes + 32);
    header->previous_sequence = load_u64le(bytes + 40);
    if (load_u32le(bytes + 8) != WAL_FORMAT || load_u32le(bytes + 12) != 0 || load_u64le(bytes + 48) != 0 ||
        header->epoch != epoch || header->number != number ||
        load_u64le(bytes + 56) != segment_header_checksum(bytes, epoch, number))
        return WAL_HEADER_INVALID;
    return WAL_HEADER_VALID;
}

uint64_t wal_payload_checksum(const struct slice *parts, size_t part_count, struct wal_place place)
{
    if (part_count == 1)
        return XXH3_64bits_withSeed(parts[0].data, parts[0].size, place_seed(place));
    XXH3_state_t state;
    XXH3_INITSTATE(&state);
    XXH_errorcode is_reset = XXH3_64bits_reset_withSeed(&state, place_seed(place));
    assert(is_reset == XXH_OK);
    (void)is_reset;
    for (size_t i = 0; i < part_count; i++)
        XXH3_64bits_update(&state, parts[i].data, parts[i].size);
    return XXH3_64bits_digest(&state);
}

static uint32_t record_header_checksum(const uint8_t *bytes, struct wal_place place)
{
    return (uint32_t)XXH3_64bits_withSeed(bytes + 4, WAL_RECORD_HEADER_SIZE - 4, place_seed(place));
}

void wal_encode_record_header(const struct wal_record_header *header, struct wal_place place,
                              uint8_t bytes[WAL_RECORD_HEADER_SIZE])
{
    memset(bytes, 0, WAL_RECORD_HEADER_SIZE);
    bytes[4] = (uint8_t)header->kind;
    store_u32le(bytes + 8, header->payload_size);
    store_u32le(bytes + 12, header->sequence_count);
    store_u64le(bytes + 16, header->first_sequence);
    store_u64le(bytes + 24, place.epoch);
    store_u32le(bytes + 32, (uint32_t)place.segment);
    store_u32le(bytes + 36, header->durable_offset);
    store_u64le(bytes + 40, header->payload_checksum);
    store_u32le(bytes, record_header_checksum(bytes, place));
}

/* The cheap tests come first: a search for records looks at every eighth byte. */
bool wal_decode_record_header(const uint8_t bytes[WAL_RECORD_HEADER_SIZE], struct wal_place place,
                              struct wal_record_header *header)
{
    if (load_u64le(bytes + 24) != place.epoch || load_u32le(bytes + 32) != (uint32_t)place.segment)
        return false;
    if (load_u32le(bytes) != record_header_checksum(bytes, place))
        return false;
    if ((bytes[4] != WAL_RECORD_TRANSACTION && bytes[4] != WAL_RECORD_CLOSE) || bytes[5] != 0 || bytes[6] != 0 ||
        bytes[7] != 0)
        return false;
    header->kind = (enum wal_record_kind)bytes[4];
    header->payload_size = load_u32le(bytes + 8);
    header->sequence_count = load_u32le(bytes + 12);
    header->first_sequence = load_u64le(bytes + 16);
    header->durable_offset = load_u32le(bytes + 36);
    header->payload_checksum = load_u64le(bytes + 40);
    if (header->payload_size > WAL_RECORD_LARGEST || header->durable_offset > place.offset)
        return false;
    if (header->kind == WAL_RECORD_CLOSE)
        return header->payload_size == 0 && header->sequence_count == 0;
    return header->sequence_count > 0 && header->first_sequence > 0 &&
           header->first_sequence <= UINT64_MAX - header->sequence_count;
}
