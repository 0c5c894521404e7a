/* Looking up single keys, and asking what changed, against a plain array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/table_model.h"

static uint64_t newest_sequence(const struct model *model, uint32_t first, uint32_t last)
{
    uint64_t newest = 0;

    for (uint32_t i = 0; i < model->version_count; i++) {
        const struct model_version *version = &model->versions[i];
        if (version->key >= first && version->key <= last && version->sequence > newest)
            newest = version->sequence;
    }
    return newest;
}

static void check_found(const struct model *model, const struct model_version *expected, struct lookup_result *result)
{
    const struct row_format *format = model->table->format;
    struct column_buffer buffer = {0};
    struct ssql_error error = {0};

    assert_true(result->found);
    assert_int_equal(result->sequence, expected->sequence);
    assert_int_equal(result->is_tombstone, expected->is_tombstone);
    for (uint32_t column = 0; column < MODEL_COLUMNS && !expected->is_tombstone; column++) {
        struct value wanted = model_value(model, expected, column), found;
        if (result->in_memtable)
            found = row_value(format, result->row, column);
        else
            assert_true(block_value(&result->block, column, result->block_row, &buffer, &found, &error));
        assert_int_equal(value_compare(&wanted, &found), 0);
    }
    column_buffer_clear(&buffer);
}

static void try_lookup(struct model *model)
{
    uint64_t snapshot = model_random(model, model->last_sequence + 2);
    uint32_t key = (uint32_t)model_random(model, MODEL_KEYS);
    const struct model_version *expected = model_find(model, key, snapshot);
    struct lookup_result result;
    struct buffer bytes = {0};
    struct ssql_error error = {0};

    model_encode_key(model, key, &bytes);
    assert_true(version_lookup(model->version, model->table->format, buffer_slice(&bytes), snapshot, &result, &error));
    if (expected == NULL)
        assert_false(result.found);
    else
        check_found(model, expected, &result);
    block_release(&result.block);
    buffer_clear(&bytes);
}

static void try_key_changed(struct model *model)
{
    uint64_t snapshot = model_random(model, model->last_sequence + 2);
    uint32_t key = (uint32_t)model_random(model, MODEL_KEYS);
    struct buffer bytes = {0};
    struct ssql_error error = {0};
    bool changed;

    model_encode_key(model, key, &bytes);
    assert_true(version_key_changed(model->version, buffer_slice(&bytes), snapshot, &changed, &error));
    assert_int_equal(changed, newest_sequence(model, key, key) > snapshot);
    buffer_clear(&bytes);
}

static void try_range_changed(struct model *model)
{
    uint64_t snapshot = model_random(model, model->last_sequence + 2);
    uint32_t first = (uint32_t)model_random(model, MODEL_KEYS - 2);
    uint32_t last = first + (uint32_t)model_random(model, model_random(model, 2) ? 3 : MODEL_KEYS - first);
    bool low_exclusive = model_random(model, 2), high_exclusive = model_random(model, 2);
    struct buffer low = {0}, high = {0};
    struct ssql_error error = {0};
    bool changed, expected = false;

    model_encode_key(model, first, &low);
    model_encode_key(model, last, &high);
    if (first + low_exclusive + high_exclusive <= last)
        expected = newest_sequence(model, first + low_exclusive, last - high_exclusive) > snapshot;
    assert_true(version_range_changed(model->version, buffer_slice(&low), low_exclusive, buffer_slice(&high),
                                      high_exclusive, snapshot, &changed, &error));
    assert_int_equal(changed, expected);
    buffer_clear(&low);
    buffer_clear(&high);
}

static void random_tables(void (*try_one)(struct model *model))
{
    static const uint32_t block_rows[] = {1, 2, 7, 64, 1024};

    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct model model;
        const struct model_options options = {.seed = seed,
                                              .key_kind = (enum model_key)(seed % 3),
                                              .block_rows = block_rows[seed % 5],
                                              .has_levels = seed % 4 != 0,
                                              .has_level0 = seed % 3 != 0,
                                              .has_memtables = seed % 7 != 0,
                                              .has_spilled = seed % 2 != 0};
        printf("seed %llu\n", (unsigned long long)seed);
        model_init(&model, &options);
        for (int i = 0; i < 300; i++)
            try_one(&model);
        model_clear(&model);
    }
}

static void lookup_finds_the_newest_visible_version(void **state)
{
    (void)state;
    random_tables(try_lookup);
}

static void key_is_changed_when_a_version_is_above_the_snapshot(void **state)
{
    (void)state;
    random_tables(try_key_changed);
}

static void range_is_changed_when_a_version_within_is_above_the_snapshot(void **state)
{
    (void)state;
    random_tables(try_range_changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookup_finds_the_newest_visible_version),
        cmocka_unit_test(key_is_changed_when_a_version_is_above_the_snapshot),
        cmocka_unit_test(range_is_changed_when_a_version_within_is_above_the_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
