/* What an aggregate is made of, at its own interfaces: numbered keys, groups found by the codes
 * of a dictionary or by a constant, joined strings; full budgets, and allocations that fail one after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/failing_arena.h"
#include "exec/aggregate_groups.h"
#include "exec/aggregate_state.h"

/* ---- keys ---- */

static void keys_of_equal_hash_are_told_apart(void **state)
{
    const struct slice keys[] = {slice_of("one"), slice_of("two"), slice_of("three")};
    const uint64_t hashes[] = {7, 7, 7};
    struct hash_table table = {0};
    uint32_t numbers[3];

    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(hash_table_find(&table, 7, keys[i]), HASH_NOT_FOUND);
        assert_true(hash_table_add(&table, 7, keys[i], NULL));
        assert_int_equal(hash_table_find(&table, 7, keys[i]), i);
    }
    assert_int_equal(hash_table_find(&table, 7, slice_of("four")), HASH_NOT_FOUND);
    hash_table_find_all(&table, hashes, keys, 3, numbers);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(numbers[i], i);
    hash_table_clear(&table);
}

/* ---- groups ---- */

enum { ENTRIES = 40, ROWS = 200, GROUPS_KEPT = 16 /* whatever the budget says */ };

static char texts[ENTRIES][12];
static struct slice entries[ENTRIES];
static uint16_t codes[ROWS];

/* Row i has entry i % 40. */
static struct vector dictionary(void)
{
    for (int i = 0; i < ENTRIES; i++)
        entries[i] = slice_make(texts[i], (size_t)snprintf(texts[i], sizeof texts[i], "entry %d", i));
    for (uint32_t i = 0; i < ROWS; i++)
        codes[i] = (uint16_t)(i % ENTRIES);
    return (struct vector){.type = SSQL_TYPE_STRING,
                           .kind = VECTOR_DICTIONARY,
                           .strings = entries,
                           .codes = codes,
                           .dictionary_count = ENTRIES};
}

struct grouping {
    struct memory_budget budget;
    struct operator_memory memory;
    struct aggregate_groups groups;
    uint32_t numbers[ROWS];
    uint64_t hashes[ROWS];
};

static void start_grouping(struct grouping *grouping, const enum ssql_type *type, size_t limit_bytes)
{
    *grouping = (struct grouping){.budget.limit_bytes = limit_bytes};
    operator_memory_init(&grouping->memory, &grouping->budget);
    aggregate_groups_init(&grouping->groups, type, 1, 100, &grouping->memory);
}

static bool find_groups(struct grouping *grouping, const struct vector *keys, uint32_t count, struct ssql_error *error)
{
    return aggregate_groups_find(&grouping->groups, keys, (struct selection){NULL, count}, grouping->numbers,
                                 grouping->hashes, error);
}

static void end_grouping(struct grouping *grouping)
{
    aggregate_groups_clear(&grouping->groups);
    operator_memory_release(&grouping->memory);
    assert_int_equal(atomic_load(&grouping->budget.used_bytes), 0);
}

static void entries_beyond_the_budget_are_told_by_their_hashes(void **state)
{
    static const enum ssql_type type = SSQL_TYPE_STRING;
    struct vector key = dictionary();
    struct grouping grouping;
    struct value value;

    (void)state;
    start_grouping(&grouping, &type, 0);
    assert_true(find_groups(&grouping, &key, ROWS, NULL));
    for (uint32_t i = 0; i < ROWS; i++) {
        uint32_t entry = i % ENTRIES;
        assert_int_equal(grouping.numbers[i], entry < GROUPS_KEPT ? entry : HASH_NOT_FOUND);
        assert_int_equal(grouping.hashes[i], grouping.hashes[entry]);
        assert_true(entry == 0 || grouping.hashes[i] != grouping.hashes[entry - 1]);
    }
    for (uint32_t i = 0; i < GROUPS_KEPT; i++) {
        aggregate_groups_keys(&grouping.groups, i, &value);
        assert_true(slice_equal(value.string, entries[i]));
    }
    end_grouping(&grouping);
}

static void the_last_bytes_of_a_budget_are_granted_group_by_group(void **state)
{
    static const enum ssql_type type = SSQL_TYPE_INT;
    enum { LIMIT = 64 << 10, LEFT = 6 << 10 };
    int64_t integers[ENTRIES];
    struct vector key = {.type = SSQL_TYPE_INT, .kind = VECTOR_FLAT, .integers = integers};
    struct grouping grouping;

    (void)state;
    for (int i = 0; i < ENTRIES; i++)
        integers[i] = i;
    start_grouping(&grouping, &type, LIMIT);
    memory_budget_force(&grouping.budget, LIMIT - LEFT); /* what others have */
    assert_true(find_groups(&grouping, &key, ENTRIES, NULL));
    assert_int_equal(grouping.groups.group_count, LEFT / (HASH_INT_COST + 100));
    assert_true(grouping.groups.group_count > GROUPS_KEPT && grouping.groups.is_full);
    assert_true(atomic_load(&grouping.budget.used_bytes) <= LIMIT);
    memory_budget_release(&grouping.budget, LIMIT - LEFT);
    end_grouping(&grouping);
}

static bool group_by(const struct vector *key, struct ssql_error *error)
{
    struct grouping grouping;

    start_grouping(&grouping, &key->type, 1 << 20);
    bool is_done = find_groups(&grouping, key, ROWS, error);
    if (is_done)
        assert_int_equal(grouping.groups.group_count, key->kind == VECTOR_CONSTANT ? 1 : ENTRIES);
    end_grouping(&grouping);
    return is_done;
}

static void groups_survive_any_failed_allocation(void **state)
{
    static const int64_t five = 5;
    const struct slice text = slice_of("five");
    const struct vector keys[] = {dictionary(),
                                  {.type = SSQL_TYPE_INT, .kind = VECTOR_CONSTANT, .integers = &five},
                                  {.type = SSQL_TYPE_STRING, .kind = VECTOR_CONSTANT, .strings = &text}};

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        bool is_done = false;
        for (long n = 0; !is_done; n++) {
            struct ssql_error error = {0};
            memory_start_failing(n, false);
            is_done = group_by(&keys[i], &error);
            memory_stop_failing();
            assert_int_equal(error.code, is_done ? SSQL_OK : SSQL_NO_MEMORY);
            assert_true(n < 100 && (is_done ? n > 1 : n >= 0));
        }
    }
}

/* ---- joined strings ---- */

static void joined_strings_end_at_the_limit_of_a_string(void **state)
{
    const struct bound_expr argument = {.type = SSQL_TYPE_STRING};
    const struct bound_aggregate aggregate = {
        .function = AGGREGATE_GROUP_CONCAT, .type = SSQL_TYPE_STRING, .argument = (struct bound_expr *)&argument};
    struct memory_budget budget = {.limit_bytes = (size_t)1 << 30};
    struct operator_memory memory;
    struct aggregate_states states;
    struct ssql_error error = {0};
    uint8_t *bytes = calloc(1, STRING_RESULT_MOST);
    struct value large = value_string(slice_make(bytes, STRING_RESULT_MOST)), result;
    struct value small = value_string(slice_of("x"));

    (void)state;
    assert_non_null(bytes);
    operator_memory_init(&memory, &budget);
    aggregate_states_init(&states, &aggregate, &memory);
    assert_true(aggregate_states_resize(&states, 2, NULL));
    assert_true(aggregate_states_add(&states, 0, &large, NULL));
    assert_false(aggregate_states_add(&states, 0, &small, &error));
    assert_int_equal(error.code, SSQL_TOO_LARGE);
    budget.limit_bytes = STRING_RESULT_MOST; /* all of that is taken */
    assert_false(aggregate_states_add(&states, 1, &small, &error));
    assert_int_equal(error.code, SSQL_NO_MEMORY);
    assert_string_equal(error.message,
                        "the strings of this aggregate need more than the memory limit leaves to a statement");
    assert_true(aggregate_states_result(&states, 0, &result, NULL));
    assert_int_equal(result.string.size, STRING_RESULT_MOST);
    aggregate_states_clear(&states);
    operator_memory_release(&memory);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_equal_hash_are_told_apart),
        cmocka_unit_test(entries_beyond_the_budget_are_told_by_their_hashes),
        cmocka_unit_test(the_last_bytes_of_a_budget_are_granted_group_by_group),
        cmocka_unit_test(groups_survive_any_failed_allocation),
        cmocka_unit_test(joined_strings_end_at_the_limit_of_a_string),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
