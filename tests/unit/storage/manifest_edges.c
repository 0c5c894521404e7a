/* Manifests at the very edge of what is allowed, behind right checksums: the last value that is read, the first that is
 * damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "storage/manifest.h"
#include "support/engine_fixture.h"

/* What a manifest with one table and two files is made of. */
struct parts {
    uint32_t next_table_id, ids[2];
    uint32_t column_count, key_count;
    uint8_t levels[2];
    const char *firsts[2], *lasts[2];
    const char *name;
    uint64_t row_count, tombstone_count, lowest, highest;
    size_t key_size; /* of the first file's last key, unless 0 */
    uint8_t has_end; /* of the run, if it is not 0 or 1 */
};

static const struct parts usual = {.next_table_id = 18,
                                   .ids = {16, 17},
                                   .column_count = 3,
                                   .key_count = 1,
                                   .levels = {1, 1},
                                   .firsts = {"a", "c"},
                                   .lasts = {"b", "d"},
                                   .name = "tables/16/sst-1-1",
                                   .row_count = 5,
                                   .tombstone_count = 1,
                                   .lowest = 3,
                                   .highest = 9};

enum { RUN_HAS_END_OFFSET = MANIFEST_HEADER_SIZE + MANIFEST_ID_SIZE + 8 + 8 + 4 + 8 + 8 + 8 + 16 + 4 + 16 };

static void add_file(struct buffer *bytes, const struct parts *parts, int number)
{
    struct sstable_info info = {.size = 100,
                                .row_count = parts->row_count,
                                .tombstone_count = parts->tombstone_count,
                                .lowest_sequence = parts->lowest,
                                .highest_sequence = parts->highest};

    if (strlen(parts->name) < sizeof info.name)
        strcpy(info.name, parts->name);
    buffer_append_text(&info.first_key, parts->firsts[number]);
    if (parts->key_size == 0 || number == 1)
        buffer_append_text(&info.last_key, parts->lasts[number]);
    else
        for (size_t i = 0; i < parts->key_size; i++)
            buffer_append_byte(&info.last_key, 'b');
    manifest_add_file(bytes, parts->levels[number], &info);
    sstable_info_clear(&info);
}

static bool is_read(const struct parts *parts)
{
    const struct manifest_header header = {.next_table_id = parts->next_table_id};
    const struct wal_run run = {.epoch = 1, .first_segment = 1, .has_end = true, .end_segment = 2, .end_sequence = 7};
    struct table_layout *layout = calloc(1, sizeof *layout);
    struct buffer bytes = {0};
    struct manifest *manifest = NULL;
    struct ssql_error error = {0};

    assert_non_null(layout);
    layout->column_count = parts->column_count;
    layout->key_count = parts->key_count;
    memset(layout->types, SSQL_TYPE_INT, sizeof layout->types);
    for (uint16_t i = 0; i < KEY_COLUMNS_MOST; i++)
        layout->key_columns[i] = i;
    manifest_begin(&bytes, &header, &run, 1, 2);
    if (parts->has_end != 0)
        bytes.data[RUN_HAS_END_OFFSET] = parts->has_end;
    for (int table = 0; table < 2; table++) {
        manifest_add_table(&bytes, parts->ids[table], 1, 2, (struct written_bytes){0}, layout, table == 0 ? 2 : 0);
        for (int number = 0; table == 0 && number < 2; number++)
            add_file(&bytes, parts, number);
    }
    manifest_seal(&bytes);
    assert_false(bytes.failed);
    uint8_t *exact = malloc(bytes.size); /* so that the address sanitizer sees a step beyond */
    assert_non_null(exact);
    memcpy(exact, bytes.data, bytes.size);
    bool done = manifest_decode(slice_make(exact, bytes.size), "m", &manifest, &error);
    if (done) {
        assert_string_equal(manifest->tables[0].files[0].info.name, parts->name);
        assert_int_equal(manifest->tables[0].file_count, 2);
        assert_true(manifest->runs[0].has_end);
        assert_int_equal(manifest->runs[0].end_sequence, 7);
        assert_true(manifest_names(manifest, parts->name));
        assert_false(manifest_names(manifest, "tables/16/sst-1-2"));
    } else {
        assert_int_equal(error.code, SSQL_CORRUPT);
        assert_null(manifest);
    }
    manifest_destroy(manifest);
    buffer_clear(&bytes);
    free(exact);
    free(layout);
    return done;
}

static void counts_of_columns_and_keys_have_limits(void **state)
{
    (void)state;
    static const struct {
        uint32_t column_count, key_count;
        bool is_right;
    } cases[] = {{COLUMNS_MOST, KEY_COLUMNS_MOST, true}, {1, 1, true}, {COLUMNS_MOST, 0, false}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parts parts = usual;
        parts.column_count = cases[i].column_count;
        parts.key_count = cases[i].key_count;
        assert_int_equal(is_read(&parts), cases[i].is_right);
    }
}

static void numbers_of_tables_ascend_below_the_next(void **state)
{
    (void)state;
    static const struct {
        uint32_t first, second, next;
        bool is_right;
    } cases[] = {{16, 17, 18, true},  {16, 17, 17, false}, {17, 17, 18, false},
                 {17, 16, 18, false}, {0, 1, 18, false},   {1, 2, 3, true}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parts parts = usual;
        parts.ids[0] = cases[i].first;
        parts.ids[1] = cases[i].second;
        parts.next_table_id = cases[i].next;
        assert_int_equal(is_read(&parts), cases[i].is_right);
    }
}

static void names_are_made_of_few_letters(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool is_right;
    } cases[] = {{"az09._-/", true}, {"a`", false}, {"a{", false},  {"a:", false}, {"a,", false},
                 {"A", false},       {"", false},   {"a b", false}, {"a^", false}};
    char name[VOLUME_NAME_SIZE + 1];
    struct parts parts = usual;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        parts.name = cases[i].name;
        assert_int_equal(is_read(&parts), cases[i].is_right);
    }
    for (size_t size = 1; size < SSTABLE_NAME_SIZE; size++) {
        memset(name, 'n', size);
        name[size] = '\0';
        parts.name = name;
        assert_true(is_read(&parts));
    }
}

static void keys_of_files_have_a_limit(void **state)
{
    (void)state;
    struct parts parts = usual;

    parts.key_size = KEY_SIZE_MOST;
    assert_true(is_read(&parts));
    parts.key_size++;
    assert_false(is_read(&parts));
}

static void files_are_plausible(void **state)
{
    (void)state;
    static const struct {
        uint8_t levels[2];
        const char *firsts[2], *lasts[2];
        uint64_t row_count, tombstone_count, lowest, highest;
        bool is_right;
    } cases[] = {
        {{1, 1}, {"a", "c"}, {"b", "d"}, 5, 5, 3, 3, true},
        {{1, 1}, {"a", "c"}, {"b", "d"}, 5, 6, 3, 3, false},
        {{1, 1}, {"a", "c"}, {"b", "d"}, 5, 0, 4, 3, false},
        {{1, 1}, {"a", "c"}, {"b", "d"}, 0, 0, 3, 3, false},
        {{1, 1}, {"a", "b"}, {"a", "b"}, 1, 0, 0, 0, true},
        {{1, 1}, {"b", "c"}, {"a", "d"}, 1, 0, 0, 0, false},
        {{1, 1}, {"a", "b"}, {"b", "c"}, 1, 0, 0, 0, false}, /* they share a key */
        {{0, 0}, {"a", "b"}, {"b", "c"}, 1, 0, 0, 0, true},
        {{0, 0}, {"c", "a"}, {"d", "b"}, 1, 0, 0, 0, true},
        {{1, 1}, {"c", "a"}, {"d", "b"}, 1, 0, 0, 0, false},
        {{1, 0}, {"a", "c"}, {"b", "d"}, 1, 0, 0, 0, false},
        {{0, 1}, {"c", "a"}, {"d", "b"}, 1, 0, 0, 0, true},
        {{1, 2}, {"c", "a"}, {"d", "d"}, 1, 0, 0, 0, true},
        {{LEVELS - 1, LEVELS - 1}, {"a", "c"}, {"b", "d"}, 1, 0, 0, 0, true},
        {{1, LEVELS}, {"a", "c"}, {"b", "d"}, 1, 0, 0, 0, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parts parts = usual;
        memcpy(parts.levels, cases[i].levels, sizeof parts.levels);
        memcpy(parts.firsts, cases[i].firsts, sizeof parts.firsts);
        memcpy(parts.lasts, cases[i].lasts, sizeof parts.lasts);
        parts.row_count = cases[i].row_count;
        parts.tombstone_count = cases[i].tombstone_count;
        parts.lowest = cases[i].lowest;
        parts.highest = cases[i].highest;
        if (is_read(&parts) != cases[i].is_right)
            fail_msg("case %zu", i);
    }
}

static void a_run_has_an_end_or_not(void **state)
{
    (void)state;
    struct parts parts = usual;

    parts.has_end = 1;
    assert_true(is_read(&parts));
    parts.has_end = 2;
    assert_false(is_read(&parts));
}

/* The value of the register may have so many bytes, and one more goes by way of an object. */
static void a_manifest_that_just_fits_needs_no_object(void **state)
{
    (void)state;
    uint8_t *bytes = calloc(1, REGISTER_LARGEST + 1);

    assert_non_null(bytes);
    for (size_t more = 0; more <= 1; more++) {
        struct volume *volume = fixture_volume();
        struct ssql_error error;
        uint64_t version = 0;
        bool used_object;
        assert_int_equal(manifest_store(volume, slice_make(bytes, REGISTER_LARGEST + more), "tables/manifest-1-1",
                                        &version, &used_object, &error),
                         VOLUME_OK);
        assert_int_equal(used_object, more);
        assert_int_equal(version, 1);
        volume_close(volume);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_of_columns_and_keys_have_limits),
        cmocka_unit_test(numbers_of_tables_ascend_below_the_next),
        cmocka_unit_test(names_are_made_of_few_letters),
        cmocka_unit_test(keys_of_files_have_a_limit),
        cmocka_unit_test(files_are_plausible),
        cmocka_unit_test(a_run_has_an_end_or_not),
        cmocka_unit_test(a_manifest_that_just_fits_needs_no_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
