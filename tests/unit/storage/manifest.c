/* The manifest: what was written is read back, and nothing else is ever believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "storage/manifest.h"
#include "support/engine_fixture.h"
#include "volume/volume_memory.h"

static const struct wal_run runs[] = {
    {.epoch = 3, .first_segment = 7, .has_end = true, .end_segment = 8, .end_offset = 999, .end_sequence = 41},
    {.epoch = 4, .first_segment = 9},
};

static struct sstable_info make_info(int number, const char *first, const char *last)
{
    struct sstable_info info = {.size = 1000, .row_count = 5, .tombstone_count = 1, .highest_sequence = 9};

    snprintf(info.name, sizeof info.name, "tables/16/sst-4-%d", number);
    buffer_append_text(&info.first_key, first);
    buffer_append_text(&info.last_key, last);
    return info;
}

static void add_file(struct buffer *bytes, uint8_t level, int number, const char *first, const char *last)
{
    struct sstable_info info = make_info(number, first, last);

    manifest_add_file(bytes, level, &info);
    sstable_info_clear(&info);
}

/* A manifest with one table of `file_count` files at level 1. */
static void encode(struct buffer *bytes, uint32_t file_count)
{
    struct manifest_header header = {.database_id = "0123456789abcde",
                                     .epoch = 4,
                                     .next_file_number = 100,
                                     .next_table_id = 17,
                                     .last_sequence = 50,
                                     .catalog_sequence = 12,
                                     .bytes_logged = 100000,
                                     .written = {.flushed = 30000, .compacted = 7000}};
    struct table_layout layout = fixture_layout();

    manifest_begin(bytes, &header, runs, 2, 1);
    manifest_add_table(bytes, 16, 12, 40, (struct written_bytes){20000, 5000}, &layout, file_count);
    for (uint32_t i = 0; i < file_count; i++) {
        char first[16], last[16];
        snprintf(first, sizeof first, "a%08u", i * 2);
        snprintf(last, sizeof last, "a%08u", i * 2 + 1);
        add_file(bytes, 1, (int)i, first, last);
    }
    manifest_seal(bytes);
    assert_false(bytes->failed);
}

static void a_manifest_reads_back_as_written(void **state)
{
    (void)state;
    struct buffer bytes = {0};
    struct manifest *manifest;
    struct ssql_error error;

    encode(&bytes, 2);
    assert_true(manifest_decode(buffer_slice(&bytes), "m", &manifest, &error));
    assert_string_equal((const char *)manifest->header.database_id, "0123456789abcde");
    assert_int_equal(manifest->header.epoch, 4);
    assert_int_equal(manifest->header.last_sequence, 50);
    assert_int_equal(manifest->header.bytes_logged, 100000);
    assert_int_equal(manifest->header.written.flushed, 30000);
    assert_int_equal(manifest->header.written.compacted, 7000);
    assert_int_equal(manifest->run_count, 2);
    assert_int_equal(manifest->runs[0].end_offset, 999);
    assert_false(manifest->runs[1].has_end);
    assert_int_equal(manifest->table_count, 1);
    assert_int_equal(manifest->tables[0].flushed_sequence, 40);
    assert_int_equal(manifest->tables[0].written.flushed, 20000);
    assert_int_equal(manifest->tables[0].written.compacted, 5000);
    assert_int_equal(manifest->tables[0].layout->column_count, 3);
    assert_int_equal(manifest->tables[0].file_count, 2);
    assert_string_equal(manifest->tables[0].files[1].info.name, "tables/16/sst-4-1");
    assert_int_equal(manifest->tables[0].files[1].info.highest_sequence, 9);
    assert_memory_equal(manifest->tables[0].files[1].info.last_key.data, "a00000003", 9);
    manifest_destroy(manifest);
    buffer_clear(&bytes);
}

static void every_flipped_byte_is_an_error(void **state)
{
    (void)state;
    struct buffer bytes = {0};
    struct manifest *manifest;

    encode(&bytes, 2);
    for (size_t i = 0; i < bytes.size; i++) {
        struct ssql_error error = {0};
        bytes.data[i] ^= 0x40;
        assert_false(manifest_decode(buffer_slice(&bytes), "m", &manifest, &error));
        assert_true(error.code == SSQL_CORRUPT || error.code == SSQL_CANNOT_OPEN);
        bytes.data[i] ^= 0x40;
    }
    buffer_clear(&bytes);
}

static void reseal(struct buffer *bytes)
{
    store_u64le(bytes->data + MANIFEST_CHECKSUM_OFFSET,
                XXH3_64bits_withSeed(bytes->data + MANIFEST_HEADER_SIZE, bytes->size - MANIFEST_HEADER_SIZE,
                                     load_u32le(bytes->data + MANIFEST_KIND_OFFSET)));
}

/* Whatever a wrong program may have sealed: an error, or a manifest whose every field is within its limits. */
static void bytes_with_a_right_checksum_are_not_trusted_either(void **state)
{
    (void)state;
    struct buffer bytes = {0};
    struct manifest *manifest;
    struct ssql_error error;
    uint64_t random = fixture_seed();

    encode(&bytes, 2);
    for (unsigned round = 0; round < fixture_rounds(20000); round++) {
        size_t at = MANIFEST_HEADER_SIZE + fixture_random(&random) % (bytes.size - MANIFEST_HEADER_SIZE);
        size_t whole = bytes.size;
        uint8_t before = bytes.data[at];
        bytes.data[at] = (uint8_t)fixture_random(&random);
        if (round % 4 == 0)
            bytes.size = at;
        reseal(&bytes);
        if (manifest_decode(buffer_slice(&bytes), "m", &manifest, &error))
            manifest_destroy(manifest);
        bytes.size = whole;
        bytes.data[at] = before;
    }
    buffer_clear(&bytes);
}

static void files_of_a_level_that_overlap_are_refused(void **state)
{
    (void)state;
    struct manifest_header header = {.next_table_id = 17};
    struct table_layout layout = fixture_layout();
    struct manifest *manifest;
    struct ssql_error error;

    for (uint8_t level = 0; level < 2; level++) {
        struct buffer bytes = {0};
        manifest_begin(&bytes, &header, NULL, 0, 1);
        manifest_add_table(&bytes, 16, 0, 0, (struct written_bytes){0}, &layout, 2);
        add_file(&bytes, level, 1, "a", "m");
        add_file(&bytes, level, 2, "m", "z");
        manifest_seal(&bytes);
        bool is_read = manifest_decode(buffer_slice(&bytes), "m", &manifest, &error);
        assert_int_equal(is_read, level == 0);
        manifest_destroy(manifest);
        buffer_clear(&bytes);
    }
}

static void a_newer_format_is_named(void **state)
{
    (void)state;
    struct buffer bytes = {0};
    struct manifest *manifest;
    struct ssql_error error;

    encode(&bytes, 1);
    store_u32le(bytes.data + MANIFEST_VERSION_OFFSET, 9);
    assert_false(manifest_decode(buffer_slice(&bytes), "m", &manifest, &error));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
    assert_non_null(strstr(error.message, "was written by a newer ssql (format 9; this one reads up to 1)"));
    buffer_clear(&bytes);
}

static void something_else_is_not_a_database(void **state)
{
    (void)state;
    struct manifest *manifest;
    struct ssql_error error;

    assert_false(manifest_decode(slice_of("hello, I am a file of another program"), "m", &manifest, &error));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
    assert_false(manifest_decode(slice_of("x"), "m", &manifest, &error));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
}

static void a_small_manifest_is_stored_in_the_register_a_large_one_in_an_object(void **state)
{
    (void)state;
    static const uint32_t file_counts[] = {1, 20000};
    struct volume *volume = fixture_volume();
    struct manifest *manifest;
    struct ssql_error error;
    uint64_t version = 0;

    assert_true(manifest_load(volume, &manifest, &error));
    assert_int_equal(manifest->version, 0);
    manifest_destroy(manifest);
    for (int i = 0; i < 2; i++) {
        struct buffer bytes = {0};
        bool used_object;
        encode(&bytes, file_counts[i]);
        assert_int_equal(
            manifest_store(volume, buffer_slice(&bytes), "tables/manifest-1-1", &version, &used_object, &error),
            VOLUME_OK);
        assert_int_equal(used_object, i);
        assert_true(manifest_load(volume, &manifest, &error));
        assert_int_equal(manifest->version, version);
        assert_string_equal(manifest->object, i == 0 ? "" : "tables/manifest-1-1");
        assert_int_equal(manifest->tables[0].file_count, file_counts[i]);
        manifest_destroy(manifest);
        buffer_clear(&bytes);
    }
    assert_true(volume_memory_damage(volume, "tables/manifest-1-1", 5000, 1));
    assert_false(manifest_load(volume, &manifest, &error));
    assert_int_equal(error.code, SSQL_CORRUPT);
    assert_non_null(strstr(error.message, "tables/manifest-1-1"));
    volume_close(volume);
}

static void the_bytes_of_version_1_are_these(void **state)
{
    (void)state;
    /* An empty database, as the first release wrote it. */
    static const uint8_t golden[] = {
        's', 's', 'q', 'l', 'm', 'a', 'n', 'i',                                /* magic */
        1,   0,   0,   0,                                                      /* version */
        1,   0,   0,   0,                                                      /* whole */
        0,   0,   0,   0,   0,   0,   0,   0,                                  /* checksum, filled in below */
        1,   2,   3,   4,   5,   6,   7,   8,   9, 10, 11, 12, 13, 14, 15, 16, /* database id */
        2,   0,   0,   0,   0,   0,   0,   0,                                  /* epoch */
        3,   0,   0,   0,   0,   0,   0,   0,                                  /* next file number */
        16,  0,   0,   0,                                                      /* next table id */
        5,   0,   0,   0,   0,   0,   0,   0,                                  /* last sequence */
        6,   0,   0,   0,   0,   0,   0,   0,                                  /* catalog sequence */
        7,   0,   0,   0,   0,   0,   0,   0,                                  /* bytes logged, */
        8,   0,   0,   0,   0,   0,   0,   0,                                  /*   flushed */
        9,   0,   0,   0,   0,   0,   0,   0,                                  /*   and compacted */
        1,   0,   0,   0,                                                      /* one run */
        2,   0,   0,   0,   0,   0,   0,   0,                                  /*   epoch */
        1,   0,   0,   0,   0,   0,   0,   0,                                  /*   first segment */
        0,                                                                     /*   its end is not known */
        0,   0,   0,   0,   0,   0,   0,   0,   0, 0,  0,  0,  0,  0,  0,  0,  0, 0, 0, 0, 0, 0, 0, 0, /*   end */
        0,   0,   0,   0,                                                                              /* no table */
    };
    struct manifest_header header = {.database_id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
                                     .epoch = 2,
                                     .next_file_number = 3,
                                     .next_table_id = 16,
                                     .last_sequence = 5,
                                     .catalog_sequence = 6,
                                     .bytes_logged = 7,
                                     .written = {.flushed = 8, .compacted = 9}};
    struct wal_run run = {.epoch = 2, .first_segment = 1};
    struct buffer bytes = {0};

    manifest_begin(&bytes, &header, &run, 1, 0);
    assert_int_equal(bytes.size, sizeof golden);
    assert_memory_equal(bytes.data, golden, sizeof golden);
    manifest_seal(&bytes);
    assert_int_equal(load_u64le(bytes.data + MANIFEST_CHECKSUM_OFFSET), 0x3e59e900c7ca83bb);
    buffer_clear(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manifest_reads_back_as_written),
        cmocka_unit_test(every_flipped_byte_is_an_error),
        cmocka_unit_test(bytes_with_a_right_checksum_are_not_trusted_either),
        cmocka_unit_test(files_of_a_level_that_overlap_are_refused),
        cmocka_unit_test(a_newer_format_is_named),
        cmocka_unit_test(something_else_is_not_a_database),
        cmocka_unit_test(a_small_manifest_is_stored_in_the_register_a_large_one_in_an_object),
        cmocka_unit_test(the_bytes_of_version_1_are_these),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
