/* What another thread may do between any two instructions of code that takes no lock: each of them is tried. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/atomic_raise.h"
#include "base/bytes.h"
#include "storage/engine_internal.h"
#include "storage/memtable.h"
#include "storage/transaction.h"
#include "support/engine_fixture.h"
#include "support/single_step.h"

static int skip_where_impossible(void **state)
{
    (void)state;
    if (!single_step_is_possible())
        skip();
    return 0;
}

/* ---- a reader of a memtable, and its writer ---- */

enum {
    MANY_KEYS = 300, /* there before the reader comes: a root and leaves */
    FEW_KEYS = 50,   /* one leaf */
    KEY_GAP = 1 << 20,
    INTRUDERS = 66,   /* keys that come between: leaf and parent change for certain */
    WALKED_KEYS = 10, /* are enough */
};

enum question { GET, NEWEST, SEEK, WALK, LAST_KEY, SAMPLES };

struct reading {
    struct memtable *memtable;
    enum question question;
    uint64_t key_count;
    uint64_t wanted;   /* key */
    uint64_t intruder; /* the next key that the writer puts, in the leaf where `wanted` is */
    bool was_good;
};

static void put_number(struct memtable *memtable, uint64_t number)
{
    uint8_t key[8];

    store_u64be(key, number);
    assert_true(memtable_put(memtable, slice_make(key, 8), slice_make(key, 8), 1, NULL));
}

static void write_beside(void *context)
{
    struct reading *reading = context;

    for (int i = 0; i < INTRUDERS; i++)
        put_number(reading->memtable, reading->intruder++);
}

static bool is_number(struct slice key, uint64_t number)
{
    return key.size == 8 && load_u64be(key.data) == number;
}

/* A walk meets the keys that were there before, from `wanted` on. */
static bool walk_is_good(const struct reading *reading, struct slice from)
{
    struct memtable_iterator iterator;
    uint64_t met = 0;

    memtable_iterator_init(&iterator, reading->memtable, UINT64_MAX, false);
    memtable_iterator_seek(&iterator, from);
    for (; iterator.is_valid && met < WALKED_KEYS; memtable_iterator_next(&iterator))
        met += is_number(iterator.current.key, reading->wanted + met * KEY_GAP);
    return met == WALKED_KEYS;
}

static bool samples_are_good(const struct reading *reading)
{
    struct slice keys[MEMTABLE_SAMPLES_MOST];
    uint32_t count = memtable_sample_keys(reading->memtable, keys);

    for (uint32_t i = 1; i < count; i++)
        if (slice_compare(keys[i - 1], keys[i]) >= 0)
            return false;
    return count > FEW_KEYS / 4; /* half of a leaf that has just been split */
}

static void read_once(void *context)
{
    struct reading *reading = context;
    struct memtable_version version;
    uint8_t bytes[8] = {0};
    struct slice key = slice_make(bytes, 8);

    store_u64be(bytes, reading->wanted);
    switch (reading->question) {
    case GET:
        reading->was_good =
            memtable_get(reading->memtable, key, 1, &version) && is_number(version.row, reading->wanted);
        break;
    case NEWEST: reading->was_good = memtable_newest_sequence(reading->memtable, key) == 1; break;
    case SEEK: reading->was_good = walk_is_good(reading, key); break;
    case WALK: reading->was_good = walk_is_good(reading, (struct slice){0}); break;
    case LAST_KEY: reading->was_good = is_number(memtable_last_key(reading->memtable), reading->wanted); break;
    case SAMPLES: reading->was_good = samples_are_good(reading); break;
    }
}

static void reading_init(struct reading *reading, const struct row_format *format, enum question question)
{
    bool is_small = question == SEEK || question == WALK || question == SAMPLES;

    *reading = (struct reading){.question = question, .key_count = is_small ? FEW_KEYS : MANY_KEYS};
    assert_true(memtable_create(format, &reading->memtable, NULL));
    for (uint64_t i = 1; i <= reading->key_count; i++)
        put_number(reading->memtable, i * KEY_GAP);
    reading->wanted = (is_small ? 1 : reading->key_count) * KEY_GAP;
    reading->intruder = reading->wanted - KEY_GAP + 1;
}

/* Every `stride`-th instruction. */
static void read_beside_a_writer(const struct table_layout *layout, enum question question, uint64_t stride)
{
    struct row_format *format;
    uint64_t step = 1, tries = 0;
    bool came;

    assert_true(row_format_create(layout, &format, NULL));
    do {
        struct reading reading;
        reading_init(&reading, format, question);
        came = run_with_intrusion(read_once, write_beside, &reading, step);
        if (!reading.was_good)
            fail_msg("question %d is answered wrongly when rows come after instruction %llu", (int)question,
                     (unsigned long long)step);
        assert_int_equal(memtable_version_count(reading.memtable), reading.key_count + (came ? INTRUDERS : 0));
        memtable_release(reading.memtable);
        step += stride;
        tries++;
    } while (came);
    assert_true(tries > 5);
    row_format_destroy(format);
}

static const struct table_layout int_layout = {
    .column_count = 1, .key_count = 1, .types = {SSQL_TYPE_INT}, .key_columns = {0}};
static const struct table_layout string_layout = {
    .column_count = 1, .key_count = 1, .types = {SSQL_TYPE_STRING}, .key_columns = {0}};

static void a_writer_does_not_disturb_a_look_up(void **state)
{
    (void)state;
    read_beside_a_writer(&int_layout, GET, 97);
    read_beside_a_writer(&string_layout, GET, 113);
    read_beside_a_writer(&int_layout, NEWEST, 101);
}

static void a_writer_does_not_disturb_a_walk(void **state)
{
    (void)state;
    read_beside_a_writer(&int_layout, SEEK, 97);
    read_beside_a_writer(&int_layout, WALK, 97);
}

static void a_writer_does_not_hide_the_last_key(void **state)
{
    (void)state;
    read_beside_a_writer(&int_layout, LAST_KEY, 6);
}

static void a_writer_does_not_disturb_samples(void **state)
{
    (void)state;
    read_beside_a_writer(&int_layout, SAMPLES, 307);
}

/* ---- numbers that only rise ---- */

struct raising {
    atomic_uint_least64_t number;
    atomic_int_least64_t signed_number;
    int64_t intruding;
};

static void raise_to_ten(void *context)
{
    struct raising *raising = context;

    atomic_raise_unsigned(&raising->number, 10);
    atomic_raise_signed(&raising->signed_number, 10);
}

static void raise_otherwise(void *context)
{
    struct raising *raising = context;

    atomic_raise_unsigned(&raising->number, (uint64_t)raising->intruding);
    atomic_raise_signed(&raising->signed_number, raising->intruding);
}

static void a_number_is_raised_to_the_highest_that_was_wanted(void **state)
{
    (void)state;
    for (int64_t intruding = 5; intruding <= 20; intruding += 15) {
        struct raising raising;
        uint64_t step = 1;
        bool came;
        do {
            raising = (struct raising){.intruding = intruding};
            came = run_with_intrusion(raise_to_ten, raise_otherwise, &raising, step++);
            assert_int_equal(atomic_load(&raising.number), came && intruding > 10 ? intruding : 10);
            assert_int_equal(atomic_load(&raising.signed_number), came && intruding > 10 ? intruding : 10);
        } while (came);
        assert_true(step > 10);
    }
}

/* ---- snapshots, and who removes what they do not need ---- */

struct snapshots {
    struct snapshot_registry registry;
    struct snapshot_slot slot;
    atomic_uint_least64_t newest;
    uint64_t taken, oldest;
};

static void take_snapshot(void *context)
{
    struct snapshots *snapshots = context;

    snapshots->taken = snapshot_acquire(&snapshots->registry, &snapshots->slot, &snapshots->newest);
}

static void commit_and_ask_for_the_oldest(void *context)
{
    struct snapshots *snapshots = context;

    atomic_store(&snapshots->newest, 8);
    snapshots->oldest = snapshot_oldest(&snapshots->registry, 8);
}

static void no_snapshot_slips_below_what_was_called_the_oldest(void **state)
{
    uint64_t step = 1, old_ones = 0, new_ones = 0;
    bool came;

    (void)state;
    do {
        struct snapshots snapshots = {.oldest = 0};
        atomic_init(&snapshots.newest, 7);
        snapshot_registry_init(&snapshots.registry);
        snapshot_registry_add(&snapshots.registry, &snapshots.slot);
        came = run_with_intrusion(take_snapshot, commit_and_ask_for_the_oldest, &snapshots, step++);
        assert_true(snapshots.taken == 7 || snapshots.taken == 8);
        assert_true(snapshots.taken >= snapshots.oldest);
        old_ones += came && snapshots.taken == 7;
        new_ones += came && snapshots.taken == 8;
        snapshot_release(&snapshots.slot);
        snapshot_registry_remove(&snapshots.registry, &snapshots.slot);
        snapshot_registry_clear(&snapshots.registry);
    } while (came);
    assert_true(old_ones > 0 && new_ones > 0);
}

/* ---- row numbers ---- */

struct numbering {
    struct transaction *transaction;
    struct table *table;
    int64_t first, intruder;
};

static void take_numbers(void *context)
{
    struct numbering *numbering = context;
    struct ssql_error error;

    assert_true(table_take_row_numbers(numbering->transaction, numbering->table, 10, &numbering->first, &error));
}

/* As another thread's table_take_row_numbers, which may not wait here for the table's lock. */
static void take_some_between(void *context)
{
    struct numbering *numbering = context;

    numbering->intruder = atomic_fetch_add(&numbering->table->next_row_number, 3);
}

static void row_numbers_are_handed_out_once(void **state)
{
    struct engine_options options = fixture_options(false);
    struct engine *engine = fixture_open(fixture_volume(), &options);
    uint32_t table_id = fixture_create_table(engine);
    struct numbering numbering = {.transaction = fixture_begin(engine, TRANSACTION_WRITE)};
    uint64_t step = 1;
    bool came;

    (void)state;
    fixture_put(numbering.transaction, table_id, 1, 1);
    numbering.table = transaction_table(numbering.transaction, table_id);
    take_numbers(&numbering); /* from here on the first number is known */
    do {
        int64_t before = atomic_load(&numbering.table->next_row_number);
        came = run_with_intrusion(take_numbers, take_some_between, &numbering, step++);
        assert_true(numbering.first >= before);
        assert_int_equal(atomic_load(&numbering.table->next_row_number), before + (came ? 13 : 10));
        if (came)
            assert_true(numbering.intruder + 3 <= numbering.first || numbering.first + 10 <= numbering.intruder);
    } while (came);
    fixture_rollback(numbering.transaction);
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_writer_does_not_disturb_a_look_up, skip_where_impossible),
        cmocka_unit_test_setup(a_writer_does_not_disturb_a_walk, skip_where_impossible),
        cmocka_unit_test_setup(a_writer_does_not_hide_the_last_key, skip_where_impossible),
        cmocka_unit_test_setup(a_writer_does_not_disturb_samples, skip_where_impossible),
        cmocka_unit_test_setup(a_number_is_raised_to_the_highest_that_was_wanted, skip_where_impossible),
        cmocka_unit_test_setup(no_snapshot_slips_below_what_was_called_the_oldest, skip_where_impossible),
        cmocka_unit_test_setup(row_numbers_are_handed_out_once, skip_where_impossible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
