/* key_codec.h - values as bytes whose memcmp order is the values' order: what memtables, files and filters compare.
 *   int      8 bytes, big-endian, sign bit flipped
 *   float    8 bytes, big-endian; negative: all bits flipped, else sign bit flipped; -0.0 as 0.0, one NaN, above +inf
 *   bool     1 byte
 *   string   as the last part of a key: its bytes. Elsewhere: each 0x00 as 0x00 0xFF, then 0x00 0x01 as the end
 * A key of several parts is their concatenation. Parts are never null. Source: the well-known order-preserving tuple
 * encodings (FoundationDB's tuple layer). */
#ifndef SSQL_BASE_KEY_CODEC_H
#define SSQL_BASE_KEY_CODEC_H

#include "base/value.h"

/* Appends the key of `count` values; none is null. A failure is kept in buffer->failed. */
void key_encode(struct buffer *buffer, const struct value *parts, uint32_t count);

/* Splits a key into `count` parts of the given types. Strings are copied to `scratch` only when they hold an escape,
 * else they point into `key`; they live as long as both. False: these bytes are no such key. */
MUST_CHECK bool key_decode(struct slice key, const enum ssql_type *types, uint32_t count, struct value *parts,
                           struct buffer *scratch);

/* The key of a single int, without a buffer. */
enum { INT_KEY_SIZE = 8 };
void key_encode_int(int64_t integer, uint8_t key[INT_KEY_SIZE]);

#endif
