/* sstable_fixture.h - small sstables in a memory volume that hold every type and every encoding, their bytes to be
 * changed, and checksums made right again behind the change. */
#ifndef SSQL_TESTS_SSTABLE_FIXTURE_H
#define SSQL_TESTS_SSTABLE_FIXTURE_H

#include "storage/sstable_format.h"
#include "storage/sstable_reader.h"
#include "volume/volume_memory.h"

#define FIXTURE_SSTABLE_NAME "tables/16/sst-1-1"

enum { FIXTURE_SSTABLE_ROWS = 48, FIXTURE_SSTABLE_COLUMNS_MOST = 16, FIXTURE_STRING_MOST = 160 };

enum sstable_shape {
    SSTABLE_MIXED,      /* a key of string and int; columns of every type and encoding; nulls, tombstones, sequences */
    SSTABLE_INT_KEY,    /* one int, dense, so that the filter is a bitmap; one sequence for all */
    SSTABLE_SPARSE_KEY, /* one int, far from the next, so that it is a bloom filter */
    SSTABLE_SPACED_KEY, /* one int, near enough for a bitmap at first, and then not */
    SSTABLE_CONSTANT_KEY, /* one string, the same in all rows: versions of one key */
    SSTABLE_REPEATED_KEY, /* one string, a few of them, each with many versions */
    SSTABLE_FLOAT_KEY,    /* a float and a string: keys that are compared by their bytes */
    SSTABLE_SHAPES
};

struct sstable_fixture {
    enum sstable_shape shape;
    struct volume *volume;
    struct block_cache *cache;
    struct row_format *format;
    struct sstable_info info; /* of the file, once it is written */
};

/* Volume, cache and format; no file yet. Asserts. */
void sstable_fixture_init(struct sstable_fixture *fixture, enum sstable_shape shape);
void sstable_fixture_clear(struct sstable_fixture *fixture);

/* Values of a row: strings live in `strings`. */
void sstable_fixture_row(const struct sstable_fixture *fixture, uint32_t row,
                         char strings[FIXTURE_SSTABLE_COLUMNS_MOST][FIXTURE_STRING_MOST],
                         struct value values[FIXTURE_SSTABLE_COLUMNS_MOST]);
bool sstable_fixture_is_tombstone(const struct sstable_fixture *fixture, uint32_t row);
uint64_t sstable_fixture_sequence(const struct sstable_fixture *fixture, uint32_t row);

/* Writes the file, row by row; false: as the writer says. Fills the info. */
MUST_CHECK bool sstable_fixture_write(struct sstable_fixture *fixture, struct ssql_error *error);

/* The file's bytes (malloc). */
uint8_t *sstable_fixture_bytes(const struct sstable_fixture *fixture);

/* Makes the checksums of a file right whose parts lie where they lie in `original`, whatever `changed` says. */
void sstable_fixture_mend(const struct sstable_fixture *fixture, const uint8_t *original, uint8_t *changed);

/* Puts bytes in the file's place, as many as it had. */
void sstable_fixture_replace(struct sstable_fixture *fixture, const uint8_t *bytes);

#endif
