/* Every field of a manifest is changed behind right checksums: it is refused, or says what its bytes say. Storing one
 * fails at every step; what refers to an object is followed or refused. */
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

#define OBJECT_NAME "tables/manifest-4-99"

static const struct wal_run runs[] = {
    {.epoch = 3, .first_segment = 7, .has_end = true, .end_segment = 8, .end_offset = 999, .end_sequence = 41},
    {.epoch = 4, .first_segment = 9},
};

static void add_file(struct buffer *bytes, uint8_t level, int number, const char *first, const char *last)
{
    struct sstable_info info = {
        .size = 1000, .row_count = 5, .tombstone_count = 1, .lowest_sequence = 2, .highest_sequence = 9};

    snprintf(info.name, sizeof info.name, "tables/16/sst-4-%d", number);
    buffer_append_text(&info.first_key, first);
    buffer_append_text(&info.last_key, last);
    manifest_add_file(bytes, level, &info);
    sstable_info_clear(&info);
}

/* Two tables; the first has files at three levels. */
static void encode(struct buffer *bytes)
{
    const struct manifest_header header = {.database_id = "0123456789abcde",
                                           .epoch = 4,
                                           .next_file_number = 100,
                                           .next_table_id = 18,
                                           .last_sequence = 50};
    struct table_layout layout = fixture_layout();

    buffer_reset(bytes);
    manifest_begin(bytes, &header, runs, 2, 2);
    manifest_add_table(bytes, 16, 12, 40, (struct written_bytes){20000, 5000}, &layout, 4);
    add_file(bytes, 0, 1, "b", "x");
    add_file(bytes, 1, 2, "a", "c");
    add_file(bytes, 1, 3, "d", "e");
    add_file(bytes, 2, 4, "a", "z");
    manifest_add_table(bytes, 17, 13, 41, (struct written_bytes){0}, &layout, 0);
    manifest_seal(bytes);
    assert_false(bytes->failed);
}

static void seal_again(uint8_t *bytes, size_t size)
{
    store_u64le(bytes + MANIFEST_CHECKSUM_OFFSET,
                XXH3_64bits_withSeed(bytes + MANIFEST_HEADER_SIZE, size - MANIFEST_HEADER_SIZE,
                                     load_u32le(bytes + MANIFEST_KIND_OFFSET)));
}

/* ---- fields ---- */

/* Written again, it gives the same bytes, but for the ends of runs that have none. */
static void assert_says(const struct manifest *manifest, const struct buffer *bytes)
{
    struct buffer again = {0};

    manifest_begin(&again, &manifest->header, manifest->runs, manifest->run_count, manifest->table_count);
    for (uint32_t i = 0; i < manifest->table_count; i++) {
        const struct manifest_table *table = &manifest->tables[i];
        manifest_add_table(&again, table->id, table->created_sequence, table->flushed_sequence, table->written,
                           table->layout, table->file_count);
        for (uint32_t j = 0; j < table->file_count; j++)
            manifest_add_file(&again, table->files[j].level, &table->files[j].info);
    }
    manifest_seal(&again);
    assert_int_equal(again.size, bytes->size);
    for (uint32_t i = 0; i < manifest->run_count; i++)
        if (!manifest->runs[i].has_end)
            goto done;
    assert_memory_equal(again.data, bytes->data, bytes->size);
done:
    buffer_clear(&again);
}

static bool decode(const struct buffer *bytes)
{
    struct manifest *manifest;
    struct ssql_error error = {0};

    if (manifest_decode(buffer_slice(bytes), "name", &manifest, &error)) {
        assert_says(manifest, bytes);
        manifest_destroy(manifest);
        return true;
    }
    assert_true(error.code == SSQL_CORRUPT || error.code == SSQL_CANNOT_OPEN);
    assert_non_null(strstr(error.message, "\"name\""));
    return false;
}

static void every_changed_field_is_refused_or_said(void **state)
{
    struct buffer good = {0}, changed = {0};
    unsigned refused = 0, accepted = 0;

    (void)state;
    encode(&good);
    assert_true(decode(&good));
    for (size_t i = MANIFEST_VERSION_OFFSET; i < good.size; i++) {
        const uint8_t before = good.data[i];
        const uint8_t others[] = {0, (uint8_t)(before + 1), (uint8_t)(before - 1), before ^ 0x80, 255, 'A', '-'};
        for (size_t j = 0; j < sizeof others; j++) {
            buffer_reset(&changed);
            buffer_append(&changed, good.data, good.size);
            changed.data[i] = others[j];
            if (i < MANIFEST_CHECKSUM_OFFSET || i >= MANIFEST_HEADER_SIZE)
                seal_again(changed.data, changed.size);
            bool is_accepted = decode(&changed);
            accepted += is_accepted;
            refused += !is_accepted;
        }
    }
    assert_true(refused > 500 && accepted > 500);
    buffer_clear(&good);
    buffer_clear(&changed);
}

static void a_manifest_cut_off_anywhere_is_refused(void **state)
{
    struct buffer bytes = {0};

    (void)state;
    encode(&bytes);
    for (size_t size = bytes.size; size-- > 0;) {
        bytes.size = size;
        if (size >= MANIFEST_HEADER_SIZE)
            seal_again(bytes.data, size);
        assert_false(decode(&bytes));
    }
    buffer_clear(&bytes);
}

static void a_key_longer_than_any_is_refused(void **state)
{
    const struct manifest_header header = {.next_table_id = 17};
    struct table_layout layout = fixture_layout();
    struct sstable_info info = {.name = "tables/16/sst-4-1", .size = 1000, .row_count = 5};
    struct buffer bytes = {0};
    static char text[KEY_SIZE_MOST + 2];

    (void)state;
    memset(text, 'k', KEY_SIZE_MOST + 1);
    buffer_append_text(&info.first_key, text);
    buffer_append_text(&info.last_key, text);
    for (uint32_t size = KEY_SIZE_MOST; size <= KEY_SIZE_MOST + 1; size++) {
        info.first_key.size = info.last_key.size = size;
        buffer_reset(&bytes);
        manifest_begin(&bytes, &header, NULL, 0, 1);
        manifest_add_table(&bytes, 16, 0, 0, (struct written_bytes){0}, &layout, 1);
        manifest_add_file(&bytes, 1, &info);
        manifest_seal(&bytes);
        assert_int_equal(decode(&bytes), size == KEY_SIZE_MOST);
    }
    sstable_info_clear(&info);
    buffer_clear(&bytes);
}

/* ---- references ---- */

/* A manifest that is too large for the register: one with many runs. */
static void encode_large(struct buffer *bytes)
{
    enum { RUNS = 40000 };
    const struct manifest_header header = {.database_id = "0123456789abcde", .epoch = 4, .next_table_id = 18};
    struct wal_run *many = calloc(RUNS, sizeof *many);

    assert_non_null(many);
    buffer_reset(bytes);
    manifest_begin(bytes, &header, many, RUNS, 0);
    manifest_seal(bytes);
    assert_true(!bytes->failed && bytes->size > REGISTER_LARGEST);
    free(many);
}

static enum volume_status store(struct volume *volume, const struct buffer *bytes, struct ssql_error *error)
{
    uint64_t version = 0;
    bool used_object;

    return manifest_store(volume, buffer_slice(bytes), OBJECT_NAME, &version, &used_object, error);
}

/* 0 runs: there is no manifest. */
static uint32_t count_runs(struct volume *volume)
{
    struct manifest *manifest;
    struct ssql_error error;

    assert_true(manifest_load(volume, &manifest, &error));
    uint32_t count = manifest->run_count;
    assert_true(count == 0 || manifest_names(manifest, OBJECT_NAME));
    assert_false(manifest_names(manifest, "tables/16/sst-1-1"));
    manifest_destroy(manifest);
    return count;
}

/* A step whose outcome is not known did not happen, as long as it is not the last one. */
static void every_step_of_storing_fails_in_turn(void **state)
{
    static const enum volume_status statuses[] = {VOLUME_UNKNOWN, VOLUME_NO_SPACE, VOLUME_UNAVAILABLE};
    struct buffer bytes = {0};
    bool is_stored = false;
    uint64_t n;

    (void)state;
    encode_large(&bytes);
    for (n = 1; !is_stored; n++) {
        for (size_t i = 0; i < 6 && !is_stored; i++) {
            struct volume *volume;
            struct ssql_error error = {0};
            assert_true(volume_faulty_create(fixture_volume(), &volume, NULL));
            volume_faulty_set(volume, &(struct fault_plan){.fail_at = n, .status = statuses[i % 3], .seed = n + i});
            enum volume_status status = store(volume, &bytes, i < 3 ? &error : NULL);
            volume_faulty_set(volume, &(struct fault_plan){0});
            is_stored = status == VOLUME_OK;
            if (is_stored)
                assert_int_equal(count_runs(volume), 40000);
            else if (status != VOLUME_UNKNOWN)
                assert_int_equal(count_runs(volume), 0);
            else
                assert_int_equal(n, 4); /* create, append, finish, swap */
            volume_close(volume);
        }
    }
    assert_int_equal(n, 6);
    buffer_clear(&bytes);
}

static void every_read_of_an_object_fails_in_turn(void **state)
{
    struct volume *volume;
    struct buffer bytes = {0};
    struct manifest *manifest;
    uint64_t n;

    (void)state;
    assert_true(volume_faulty_create(fixture_volume(), &volume, NULL));
    encode_large(&bytes);
    assert_int_equal(store(volume, &bytes, NULL), VOLUME_OK);
    for (n = 1;; n++) {
        struct ssql_error error = {0};
        volume_faulty_set(volume, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        if (manifest_load(volume, &manifest, &error))
            break;
        assert_int_equal(error.code, SSQL_IO);
        assert_null(manifest);
    }
    assert_int_equal(n, 4); /* register, object, its bytes */
    manifest_destroy(manifest);
    volume_close(volume);
    buffer_clear(&bytes);
}

/* The register's reference, with any bytes behind its header. */
static void expect_refused_reference(const struct buffer *body, const char *text)
{
    struct volume *volume = fixture_volume();
    struct buffer bytes = {0};
    struct manifest *manifest;
    struct ssql_error error = {0};
    uint64_t version = 0;

    buffer_append(&bytes, MANIFEST_MAGIC, MANIFEST_MAGIC_SIZE);
    buffer_append_u32le(&bytes, MANIFEST_VERSION);
    buffer_append_u32le(&bytes, MANIFEST_REFERENCE);
    buffer_append_u64le(&bytes, 0);
    buffer_append(&bytes, body->data, body->size);
    seal_again(bytes.data, bytes.size);
    assert_int_equal(register_swap(volume, "manifest", &version, buffer_slice(&bytes), NULL), VOLUME_OK);
    assert_false(manifest_load(volume, &manifest, &error));
    assert_int_equal(error.code, SSQL_CORRUPT);
    if (strstr(error.message, text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.message, text);
    buffer_clear(&bytes);
    volume_close(volume);
}

static void a_reference_that_makes_no_sense_is_refused(void **state)
{
    static const struct {
        uint64_t size;
        const char *name, *behind, *text;
    } cases[] = {
        {100, "tables/manifest-1-1", "", "is missing"},
        {100, "tables/manifest-1-1", "more", "is damaged at offset"},
        {UINT64_MAX, "tables/manifest-1-1", "", "is damaged at offset"},
        {100, "", "", "is damaged at offset"},
        {100, "tables/Manifest", "", "is damaged at offset"},
        {100, "a-name-that-is-longer-than-any-may-be-0123456789-0123456789-0123456789-0123456789-0123456789-012", "",
         "is damaged at offset"},
    };
    struct buffer body = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer_reset(&body);
        buffer_append_u64le(&body, cases[i].size);
        buffer_append_u32le(&body, (uint32_t)strlen(cases[i].name));
        buffer_append_text(&body, cases[i].name);
        buffer_append_text(&body, cases[i].behind);
        expect_refused_reference(&body, cases[i].text);
    }
    for (size_t size = body.size; size-- > 0;) {
        body.size = size;
        expect_refused_reference(&body, "is damaged at offset");
    }
    buffer_clear(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_changed_field_is_refused_or_said),
        cmocka_unit_test(a_manifest_cut_off_anywhere_is_refused),
        cmocka_unit_test(a_key_longer_than_any_is_refused),
        cmocka_unit_test(every_step_of_storing_fails_in_turn),
        cmocka_unit_test(every_read_of_an_object_fails_in_turn),
        cmocka_unit_test(a_reference_that_makes_no_sense_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
