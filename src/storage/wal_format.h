/* wal_format.h - the bytes of the write-ahead log, version 1. Little-endian; offsets within a segment from its first
 * byte.
 *
 * A segment is a header, then records, each on an 8-byte boundary with zeros between. What follows the last record may
 * be anything: zeros, or what another segment left in the same blocks.
 *
 * Every checksum is seeded with its place: place(epoch, segment, offset) = XXH3-64 of these three as 8 bytes each.
 * Bytes that another segment left, or that stand elsewhere than they were written, fail it.
 *
 * Segment header
 *   offset  size  field
 *        0     8  magic              "ssqlwal\n"
 *        8     4  format             1
 *       12     4  reserved           0, checked
 *       16     8  epoch
 *       24     8  number             of the segment, consecutive
 *       32     8  previous_end       where the last record of segment number - 1 ends; all of it was durable before
 *                                    this header was written. 0: the first segment of its epoch
 *       40     8  previous_sequence  last sequence in this epoch's earlier segments; 0: none
 *       48     8  reserved           0, checked
 *       56     8  checksum           XXH3-64 of bytes 0..55, place (epoch, number, 0)
 *
 * Record
 *        0     4  header_checksum    low 32 bits of the XXH3-64 of bytes 4..47, place of the record's first byte
 *        4     1  kind               1 transaction, 2 clean close (no payload, no sequences; last in its epoch)
 *        5     3  reserved           0, checked
 *        8     4  payload_size       0..2^30
 *       12     4  sequence_count     1.. (0 in a clean close)
 *       16     8  first_sequence     greater than every earlier one (in a clean close: the last one there is)
 *       24     8  epoch
 *       32     4  segment            low 32 bits of its number
 *       36     4  durable_offset     the segment was durable up to here when this record was written
 *       40     8  payload_checksum   XXH3-64 of the payload, place of the record's first byte
 *       48     n  payload
 *
 * Torn or damaged. After a power cut, any part of what was not synced may be missing, also in front of what is there.
 * So a record that fails its checks is a torn tail, unless something shows that it once was durable:
 *   - a record behind it, in the same segment, whose header is valid and whose durable_offset is greater than its
 * offset;
 *   - the header of a later segment of the epoch;
 *   - the run's end, where the manifest knows it.
 * Then it is damage. So is the first segment of a run that the manifest names, absent or without a valid header: it was
 * durable before the run was named. What was synced last, with nothing written after it and no clean close, cannot be
 * told from a torn tail by any log. History: version 1 (ssql 0.1) first. */
#ifndef SSQL_STORAGE_WAL_FORMAT_H
#define SSQL_STORAGE_WAL_FORMAT_H

#include <stdbool.h>

#include "base/slice.h"
#include "storage/wal.h"

enum {
    WAL_FORMAT = 1,
    WAL_SEGMENT_HEADER_SIZE = 64,
    WAL_RECORD_HEADER_SIZE = 48,
    WAL_ALIGNMENT = 8,
};

enum wal_record_kind { WAL_RECORD_TRANSACTION = 1, WAL_RECORD_CLOSE = 2 };

struct wal_place {
    uint64_t epoch;
    uint64_t segment;
    uint64_t offset;
};

struct wal_segment_header {
    uint64_t epoch;
    uint64_t number;
    uint64_t previous_end;
    uint64_t previous_sequence;
};

struct wal_record_header {
    enum wal_record_kind kind;
    uint32_t payload_size;
    uint32_t sequence_count;
    uint32_t durable_offset;
    uint64_t first_sequence;
    uint64_t payload_checksum;
};

/* Bytes that a record takes in the segment, with the zeros after it. */
static inline uint64_t wal_record_size(uint64_t payload_size)
{
    return (WAL_RECORD_HEADER_SIZE + payload_size + WAL_ALIGNMENT - 1) & ~(uint64_t)(WAL_ALIGNMENT - 1);
}

void wal_encode_segment_header(const struct wal_segment_header *header, uint8_t bytes[WAL_SEGMENT_HEADER_SIZE]);

enum wal_header_state { WAL_HEADER_VALID, WAL_HEADER_INVALID, WAL_HEADER_NEWER };

/* Whether these bytes are the header of segment `number` of `epoch`. */
enum wal_header_state wal_decode_segment_header(const uint8_t bytes[WAL_SEGMENT_HEADER_SIZE], uint64_t epoch,
                                                uint64_t number, struct wal_segment_header *header);

uint64_t wal_payload_checksum(const struct slice *parts, size_t part_count, struct wal_place place);

void wal_encode_record_header(const struct wal_record_header *header, struct wal_place place,
                              uint8_t bytes[WAL_RECORD_HEADER_SIZE]);
/* False: there is no record header of that place. Its payload is not looked at. */
bool wal_decode_record_header(const uint8_t bytes[WAL_RECORD_HEADER_SIZE], struct wal_place place,
                              struct wal_record_header *header);

#endif
