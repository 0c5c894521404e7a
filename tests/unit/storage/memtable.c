/* The memtable against a sorted array, with versions, undo, and readers beside the writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <pthread.h>
#include <stdatomic.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/key_codec.h"
#include "storage/memtable.h"

static struct row_format *int_format, *string_format;

static int make_formats(void **state)
{
    static const struct table_layout ints = {
        .column_count = 1, .key_count = 1, .types = {SSQL_TYPE_INT}, .key_columns = {0}};
    static const struct table_layout strings = {
        .column_count = 1, .key_count = 1, .types = {SSQL_TYPE_STRING}, .key_columns = {0}};

    (void)state;
    return row_format_create(&ints, &int_format, NULL) && row_format_create(&strings, &string_format, NULL) ? 0 : -1;
}

static int drop_formats(void **state)
{
    (void)state;
    row_format_destroy(int_format);
    row_format_destroy(string_format);
    memtable_pool_trim();
    return 0;
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545F4914F6CDD1Du;
}

/* ---- the model: entries sorted by key, each with its versions, oldest first ---- */

enum { MODEL_KEYS = 3000, MODEL_VERSIONS = 8, MODEL_KEY_SIZE = 40 };

struct model_entry {
    uint8_t key[MODEL_KEY_SIZE];
    size_t key_size;
    uint64_t sequences[MODEL_VERSIONS];
    bool tombstones[MODEL_VERSIONS];
    uint32_t version_count;
};

struct model {
    struct model_entry *entries;
    uint32_t count;
};

static struct slice entry_key(const struct model_entry *entry)
{
    return slice_make(entry->key, entry->key_size);
}

static uint32_t model_lower_bound(const struct model *model, struct slice key)
{
    uint32_t low = 0, high = model->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (slice_compare(entry_key(&model->entries[middle]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct model_entry *model_find(const struct model *model, struct slice key)
{
    uint32_t i = model_lower_bound(model, key);

    if (i == model->count || !slice_equal(entry_key(&model->entries[i]), key))
        return NULL;
    return &model->entries[i];
}

static struct model_entry *model_make_entry(struct model *model, struct slice key)
{
    struct model_entry *entry = model_find(model, key);

    if (entry != NULL)
        return entry;
    assert_true(model->count < MODEL_KEYS);
    uint32_t i = model_lower_bound(model, key);
    memmove(model->entries + i + 1, model->entries + i, (model->count - i) * sizeof *entry);
    entry = &model->entries[i];
    memset(entry, 0, sizeof *entry);
    memcpy(entry->key, key.data, key.size);
    entry->key_size = key.size;
    model->count++;
    return entry;
}

static void model_undo(struct model *model, struct model_entry *entry)
{
    if (--entry->version_count > 0)
        return;
    size_t i = (size_t)(entry - model->entries);
    memmove(entry, entry + 1, (model->count - i - 1) * sizeof *entry);
    model->count--;
}

/* Keys of a few shapes: ints, strings with long common beginnings, strings with zero bytes and prefixes of each other.
 */
static struct slice make_key(uint64_t random, int shape, uint8_t bytes[MODEL_KEY_SIZE])
{
    uint32_t number = (uint32_t)(random >> 32) % 2000;

    switch (shape) {
    case 0: key_encode_int((int64_t)number * (number % 2 == 0 ? 1 : -1), bytes); return slice_make(bytes, 8);
    case 1: return slice_make(bytes, (size_t)snprintf((char *)bytes, MODEL_KEY_SIZE, "user%08u", number));
    case 2:
        return slice_make(bytes, (size_t)snprintf((char *)bytes, MODEL_KEY_SIZE, "%s-%u",
                                                  number % 3 == 0 ? "a" : "the same long beginning", number));
    default:
        memset(bytes, number % 5 == 0 ? 0xFF : 0, MODEL_KEY_SIZE);
        bytes[number % 11] = (uint8_t)(number % 7);
        return slice_make(bytes, number % MODEL_KEY_SIZE);
    }
}

static void check_walk(const struct memtable *memtable, const struct model *model, struct slice from, uint64_t snapshot,
                       bool all_versions)
{
    struct memtable_iterator iterator;
    uint32_t i = from.data == NULL ? 0 : model_lower_bound(model, from);

    memtable_iterator_init(&iterator, memtable, snapshot, all_versions);
    memtable_iterator_seek(&iterator, from);
    for (; i < model->count; i++) {
        const struct model_entry *entry = &model->entries[i];
        for (uint32_t v = entry->version_count; v-- > 0;) {
            if (entry->sequences[v] > snapshot)
                continue;
            assert_true(iterator.is_valid);
            assert_true(slice_equal(iterator.current.key, entry_key(entry)));
            assert_int_equal(iterator.current.sequence, entry->sequences[v]);
            assert_int_equal(iterator.current.row.data == NULL, entry->tombstones[v]);
            if (!entry->tombstones[v])
                assert_int_equal(load_u64le(iterator.current.row.data), entry->sequences[v]);
            memtable_iterator_next(&iterator);
            if (!all_versions)
                break;
        }
    }
    assert_false(iterator.is_valid);
}

static void check_get(const struct memtable *memtable, const struct model *model, struct slice key, uint64_t snapshot)
{
    const struct model_entry *entry = model_find(model, key);
    struct memtable_version version;
    uint32_t v = entry == NULL ? 0 : entry->version_count;

    assert_int_equal(memtable_newest_sequence(memtable, key), v == 0 ? 0 : entry->sequences[v - 1]);
    while (v > 0 && entry->sequences[v - 1] > snapshot)
        v--;
    assert_int_equal(memtable_get(memtable, key, snapshot, &version), v > 0);
    if (v > 0)
        assert_int_equal(version.sequence, entry->sequences[v - 1]);
}

static void check_range_changed(const struct memtable *memtable, const struct model *model, struct slice low,
                                struct slice high, uint64_t snapshot, uint32_t bounds)
{
    bool expected = false;

    for (uint32_t i = 0; i < model->count; i++) {
        const struct model_entry *entry = &model->entries[i];
        int from = slice_compare(entry_key(entry), low), to = slice_compare(entry_key(entry), high);
        if ((from > 0 || (from == 0 && (bounds & 1) == 0)) && (to < 0 || (to == 0 && (bounds & 2) == 0)))
            expected = expected || entry->sequences[entry->version_count - 1] > snapshot;
    }
    assert_int_equal(memtable_range_changed(memtable, low, (bounds & 1) != 0, high, (bounds & 2) != 0, snapshot),
                     expected);
}

static void run_against_model(const struct row_format *format, int shape, uint64_t seed)
{
    struct model model = {.entries = calloc(MODEL_KEYS, sizeof(struct model_entry))};
    struct memtable *memtable;
    uint8_t bytes[MODEL_KEY_SIZE], others[MODEL_KEY_SIZE], row[8];
    uint64_t sequence = 0, versions = 0;

    assert_non_null(model.entries);
    assert_true(memtable_create(format, &memtable, NULL));
    for (int step = 0; step < 6000; step++) {
        uint64_t random = next_random(&seed);
        struct slice key = make_key(random, shape, bytes);
        struct slice other = make_key(next_random(&seed), shape, others);
        uint64_t snapshot = sequence == 0 ? 0 : random % (sequence + 1);
        struct model_entry *entry = model_find(&model, key);
        if (random % 8 == 0 && entry != NULL) {
            memtable_undo(memtable, key, entry->sequences[entry->version_count - 1]);
            model_undo(&model, entry);
            versions--;
        } else if (entry == NULL || entry->version_count < MODEL_VERSIONS) {
            bool tombstone = random % 16 == 1;
            store_u64le(row, ++sequence);
            assert_true(
                memtable_put(memtable, key, tombstone ? slice_make(NULL, 0) : slice_make(row, 8), sequence, NULL));
            entry = model_make_entry(&model, key);
            entry->tombstones[entry->version_count] = tombstone;
            entry->sequences[entry->version_count++] = sequence;
            versions++;
        }
        check_get(memtable, &model, other, snapshot);
        if (step % 400 == 0 || step == 5999) {
            check_walk(memtable, &model, slice_make(NULL, 0), UINT64_MAX, true);
            check_walk(memtable, &model, other, snapshot, (step & 1) != 0);
            check_range_changed(memtable, &model, key, other, snapshot, (uint32_t)(random >> 8) % 4);
            struct slice last = memtable_last_key(memtable);
            assert_true(slice_equal(last, entry_key(&model.entries[model.count - 1])));
        }
    }
    assert_int_equal(memtable_version_count(memtable), versions);
    assert_int_equal(memtable_highest_sequence(memtable), sequence);
    memtable_release(memtable);
    free(model.entries);
}

static void random_operations_on_int_keys_match_a_sorted_array(void **state)
{
    (void)state;
    run_against_model(int_format, 0, 0xA1);
}

static void random_operations_on_string_keys_match_a_sorted_array(void **state)
{
    (void)state;
    for (int shape = 1; shape <= 3; shape++)
        run_against_model(string_format, shape, 0xB0 + (uint64_t)shape);
}

static void ascending_descending_and_scattered_keys_are_all_found(void **state)
{
    enum { KEYS = 40000 };
    uint8_t key[8];
    struct memtable_version version;

    (void)state;
    for (int order = 0; order < 3; order++) {
        struct memtable *memtable;
        assert_true(memtable_create(int_format, &memtable, NULL));
        for (int64_t i = 0; i < KEYS; i++) {
            key_encode_int(order == 0 ? i : order == 1 ? -i : i * 7919 % KEYS, key);
            assert_true(memtable_put(memtable, slice_make(key, 8), slice_make("x", 1), (uint64_t)i + 1, NULL));
        }
        for (int64_t i = 0; i < KEYS; i++) {
            key_encode_int(order == 1 ? -i : i, key);
            assert_true(memtable_get(memtable, slice_make(key, 8), UINT64_MAX, &version));
        }
        key_encode_int(KEYS, key);
        assert_false(memtable_get(memtable, slice_make(key, 8), UINT64_MAX, &version));
        memtable_release(memtable);
    }
}

static void a_seek_key_of_another_size_than_an_int_finds_its_place(void **state)
{
    struct memtable *memtable;
    struct memtable_iterator iterator;
    uint8_t key[9] = {0};

    (void)state;
    assert_true(memtable_create(int_format, &memtable, NULL));
    for (int64_t i = 1; i <= 3; i++) {
        key_encode_int(i << 8, key);
        assert_true(memtable_put(memtable, slice_make(key, 8), slice_make("x", 1), (uint64_t)i, NULL));
    }
    key_encode_int(2 << 8, key);
    memtable_iterator_init(&iterator, memtable, UINT64_MAX, false);
    memtable_iterator_seek(&iterator, slice_make(key, 7)); /* a prefix of the key: before it */
    assert_true(iterator.is_valid);
    assert_int_equal(iterator.current.sequence, 2);
    memtable_iterator_seek(&iterator, slice_make(key, 9)); /* the key and a zero byte: after it */
    assert_true(iterator.is_valid);
    assert_int_equal(iterator.current.sequence, 3);
    memtable_release(memtable);
}

static void a_small_write_set_costs_little_and_large_rows_fit(void **state)
{
    struct memtable *memtable;
    struct memtable_version version;
    uint8_t *large = calloc(1, 5 << 20);

    (void)state;
    assert_non_null(large);
    assert_true(memtable_create(string_format, &memtable, NULL));
    assert_true(memtable_put(memtable, slice_of("a"), slice_make(large, 100), 1, NULL));
    assert_true(memtable_memory_bytes(memtable) <= 4096);
    assert_true(memtable_put(memtable, slice_of("b"), slice_make(large, 5 << 20), 2, NULL));
    assert_true(memtable_put(memtable, slice_of("c"), slice_make(large, 0), 3, NULL));
    assert_true(memtable_get(memtable, slice_of("b"), 3, &version));
    assert_int_equal(version.row.size, 5 << 20);
    assert_true(memtable_get(memtable, slice_of("c"), 3, &version));
    assert_non_null(version.row.data); /* an empty row is no tombstone */
    assert_true(memtable_memory_bytes(memtable) < 6 << 20);
    memtable_release(memtable);
    free(large);
}

static void an_empty_memtable_has_nothing(void **state)
{
    struct memtable *memtable;
    struct memtable_iterator iterator;

    (void)state;
    assert_true(memtable_create(string_format, &memtable, NULL));
    memtable_iterator_init(&iterator, memtable, UINT64_MAX, true);
    memtable_iterator_seek(&iterator, slice_make(NULL, 0));
    assert_false(iterator.is_valid);
    assert_null(memtable_last_key(memtable).data);
    assert_true(memtable_lowest_sequence(memtable) == UINT64_MAX);
    assert_int_equal(memtable_highest_sequence(memtable), 0);
    assert_true(memtable_put(memtable, slice_of("a"), slice_of("row"), 1, NULL));
    memtable_undo(memtable, slice_of("a"), 1);
    assert_null(memtable_last_key(memtable).data);
    memtable_release(memtable);
}

/* ---- readers beside the writer ---- */

enum { SHARED_KEYS = 20000 };

struct shared {
    struct memtable *memtable;
    bool strings;
    _Atomic(uint32_t) written;
    _Atomic(uint32_t) faults;
};

static struct slice shared_key(const struct shared *shared, uint32_t i, uint8_t bytes[32])
{
    uint32_t scattered = (uint32_t)((uint64_t)i * 7919 % SHARED_KEYS);

    if (shared->strings)
        return slice_make(bytes, (size_t)snprintf((char *)bytes, 32, "user%08u", scattered));
    key_encode_int(scattered, bytes);
    return slice_make(bytes, 8);
}

static void *read_all_the_while(void *context)
{
    struct shared *shared = context;
    uint64_t seed = 77;
    uint32_t written;

    do {
        uint8_t bytes[32];
        struct memtable_version version;
        written = atomic_load(&shared->written);
        if (written == 0)
            continue;
        uint32_t i = (uint32_t)(next_random(&seed) % written);
        if (!memtable_get(shared->memtable, shared_key(shared, i, bytes), UINT64_MAX, &version) ||
            load_u64le(version.row.data) != i)
            atomic_fetch_add(&shared->faults, 1);
        if (seed % 512 == 0) {
            struct memtable_iterator iterator;
            uint32_t met = 0;
            memtable_iterator_init(&iterator, shared->memtable, written, false);
            for (memtable_iterator_seek(&iterator, slice_make(NULL, 0)); iterator.is_valid;
                 memtable_iterator_next(&iterator))
                met++;
            if (met != written)
                atomic_fetch_add(&shared->faults, 1);
        }
    } while (written < SHARED_KEYS);
    return NULL;
}

static void a_reader_beside_the_writer_misses_nothing_that_was_put(void **state)
{
    (void)state;
    for (int strings = 0; strings < 2; strings++) {
        struct shared shared = {.strings = strings != 0};
        pthread_t readers[2];
        assert_true(memtable_create(strings ? string_format : int_format, &shared.memtable, NULL));
        for (int i = 0; i < 2; i++)
            assert_int_equal(pthread_create(&readers[i], NULL, read_all_the_while, &shared), 0);
        for (uint32_t i = 0; i < SHARED_KEYS; i++) {
            uint8_t bytes[32], row[8];
            store_u64le(row, i);
            assert_true(memtable_put(shared.memtable, shared_key(&shared, i, bytes), slice_make(row, 8), i + 1, NULL));
            atomic_store(&shared.written, i + 1);
        }
        for (int i = 0; i < 2; i++)
            pthread_join(readers[i], NULL);
        assert_int_equal(shared.faults, 0);
        memtable_release(shared.memtable);
    }
}

/* Keys 0 to count - 1, put in a scattered order; the gaps between samples are alike within a small factor. */
static void check_samples(uint32_t count)
{
    struct slice keys[MEMTABLE_SAMPLES_MOST];
    uint8_t bytes[INT_KEY_SIZE];
    struct memtable *memtable;
    uint64_t last = 0;

    assert_true(memtable_create(int_format, &memtable, NULL));
    for (uint64_t i = 0; i < count; i++) {
        store_u64be(bytes, i * 7919 % count);
        assert_true(memtable_put(memtable, slice_make(bytes, sizeof bytes), slice_make(bytes, 4), i + 1, NULL));
    }
    uint32_t sample_count = memtable_sample_keys(memtable, keys);
    assert_true(sample_count <= MEMTABLE_SAMPLES_MOST);
    assert_true(sample_count >= (count < 100 ? count : 40));
    for (uint32_t i = 0; i < sample_count; i++) {
        uint64_t key = load_u64be(keys[i].data);
        assert_true(key < count && (i == 0 || key > last));
        assert_true(key - last <= 8 * (uint64_t)count / sample_count + 1);
        last = key;
    }
    memtable_release(memtable);
}

static void samples_are_spread_over_all_keys(void **state)
{
    static const uint32_t counts[] = {1, 2, 50, 64, 65, 600, 5000, 40000, 200001};

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        check_samples(counts[i]);
}

static void an_empty_memtable_has_no_samples(void **state)
{
    struct slice keys[MEMTABLE_SAMPLES_MOST];
    struct memtable *memtable;

    (void)state;
    assert_true(memtable_create(int_format, &memtable, NULL));
    assert_int_equal(memtable_sample_keys(memtable, keys), 0);
    memtable_release(memtable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_memtable_has_nothing),
        cmocka_unit_test(random_operations_on_int_keys_match_a_sorted_array),
        cmocka_unit_test(random_operations_on_string_keys_match_a_sorted_array),
        cmocka_unit_test(ascending_descending_and_scattered_keys_are_all_found),
        cmocka_unit_test(a_seek_key_of_another_size_than_an_int_finds_its_place),
        cmocka_unit_test(a_small_write_set_costs_little_and_large_rows_fit),
        cmocka_unit_test(samples_are_spread_over_all_keys),
        cmocka_unit_test(an_empty_memtable_has_no_samples),
        cmocka_unit_test(a_reader_beside_the_writer_misses_nothing_that_was_put),
    };

    return cmocka_run_group_tests(tests, make_formats, drop_formats);
}
