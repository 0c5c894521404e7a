/* manifest_format.h - the manifest, version 1: the value of the register "manifest", the single root of a database.
 * Little-endian; no padding.
 *
 *   offset  size  field
 *        0     8  magic          "ssqlmani"
 *        8     4  version        1
 *       12     4  kind           1 whole: the body follows; 2 reference: the body stands in an object
 *       16     8  checksum       XXH3-64 of every byte after this field, seeded with the kind
 *       24        body
 *
 * Body of a reference: object size u64, name (text). The object holds a whole manifest, header and all.
 *
 * Body of a whole manifest:
 *   database id         16 bytes  random, given when the database was made
 *   epoch               u64       of the last process that wrote; part of the names of all that it made
 *   next file number    u64
 *   next table id       u32
 *   last sequence       u64       no file holds a later one, nor does any commit that has no WAL record
 *   catalog sequence    u64       tables created and dropped by commits up to here are entered below, or left out
 *   bytes logged        u64       ever, when this was written
 *   bytes flushed       u64       ever written to files of tables, also of those that are gone: by flushes and spilled
 *                                 commits, …
 *   bytes compacted     u64       … and by compactions
 *   run count           u32       then per run of the WAL: epoch u64, first segment u64, has end u8 (0 or 1), end segment u64,
 *                                 end offset u64, end sequence u64
 *   table count         u32       then per table, ids ascending:
 *     id                u32
 *     created sequence  u64
 *     flushed sequence  u64       this table's WAL records up to here are in its files
 *     bytes flushed     u64       ever written to its files, as above
 *     bytes compacted   u64
 *     column count      u32       then per column its type u8
 *     key count         u32       then per key column its number u16
 *     file count        u32       then per file, by level and as the level orders them:
 *       level           u8        level 0: newest first; others: ascending keys, disjoint
 *       name            text
 *       size, rows, tombstones, lowest sequence, highest sequence, base sequence    u64 each
 *       first key, last key       bytes
 * Text and bytes: length u32, then as many bytes.
 *
 * A version above MANIFEST_VERSION is refused by name; what is damaged is SSQL_CORRUPT.
 * History: version 1 (ssql 0.1) first. */
#ifndef SSQL_STORAGE_MANIFEST_FORMAT_H
#define SSQL_STORAGE_MANIFEST_FORMAT_H

#define MANIFEST_MAGIC "ssqlmani"

enum {
    MANIFEST_VERSION = 1,
    MANIFEST_MAGIC_SIZE = 8,
    MANIFEST_HEADER_SIZE = 24,
    MANIFEST_VERSION_OFFSET = 8,
    MANIFEST_KIND_OFFSET = 12,
    MANIFEST_CHECKSUM_OFFSET = 16,
    MANIFEST_WHOLE = 1,
    MANIFEST_REFERENCE = 2,
    MANIFEST_ID_SIZE = 16,
};

#endif
