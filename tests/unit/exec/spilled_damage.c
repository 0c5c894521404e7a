/* What comes back from a spill file is not what went there: one byte after the other is another one when it is read.
 * The statement then fails, as SSQL_CORRUPT when the bytes are no records of values, or has an answer that no one can
 * tell from a right one; it never reads beyond its bytes (the address sanitizer looks), and gives everything back. The
 * linker leads spill_read here (--wrap). */
#include "spilling_plans.h"

#include "exec/result_store.h"
#include "storage/engine.h"

bool __real_spill_read(struct spill_file *file, uint64_t offset, uint8_t *data, size_t size, struct ssql_error *error);
bool __wrap_spill_read(struct spill_file *file, uint64_t offset, uint8_t *data, size_t size, struct ssql_error *error);

static size_t damaged_at; /* byte of the first read that is damaged; SIZE_MAX: none */
static uint8_t damage;    /* what it is then */

bool __wrap_spill_read(struct spill_file *file, uint64_t offset, uint8_t *data, size_t size, struct ssql_error *error)
{
    if (!__real_spill_read(file, offset, data, size, error))
        return false;
    if (damaged_at < size) {
        data[damaged_at] = damage;
        damaged_at = SIZE_MAX;
    }
    return true;
}

enum { BYTES_DAMAGED = 120 }; /* the first records of a file */

/* How often a run ended as SSQL_CORRUPT. */
static unsigned damage_every_byte(bool (*run)(void *context, struct ssql_error *error), void *context)
{
    static const uint8_t bytes[] = {0, 2, 0xFF};
    unsigned corrupt = 0;

    for (size_t i = 0; i < BYTES_DAMAGED * sizeof bytes; i++) {
        struct ssql_error error = {0};
        damaged_at = i / sizeof bytes;
        damage = bytes[i % sizeof bytes];
        bool is_done = run(context, &error);
        assert_int_equal(damaged_at, SIZE_MAX); /* the byte was read */
        corrupt += !is_done && error.code == SSQL_CORRUPT;
        if (!is_done && error.code == SSQL_CORRUPT)
            assert_string_equal(error.message, "a temporary file does not hold what was written to it");
        assert_int_equal(atomic_load(&engine_work_budget(engine)->used_bytes), 0);
    }
    return corrupt;
}

static bool run_node(void *context, struct ssql_error *error)
{
    uint64_t mark = transaction_mark(transaction), row_count;
    bool is_done = run_plan(context, &row_count, error);

    transaction_undo_to(transaction, mark);
    return is_done;
}

static void a_damaged_sort_is_noticed(void **state)
{
    (void)state;
    assert_true(damage_every_byte(run_node, sort_node(project_node())) > BYTES_DAMAGED / 4);
}

static void a_damaged_distinct_is_noticed(void **state)
{
    (void)state;
    assert_true(damage_every_byte(run_node, distinct_node()) > BYTES_DAMAGED / 4);
}

/* Rows put aside because of their group, and values because they may have been seen. */
static void damaged_groups_are_noticed(void **state)
{
    struct plan_node *one_group = aggregate_node(), *no_sets = aggregate_node();

    (void)state;
    no_sets->column_count = 2;
    no_sets->aggregate.aggregate_count = 1;
    assert_true(damage_every_byte(run_node, no_sets) > BYTES_DAMAGED / 4);
    assert_true(damage_every_byte(run_node, aggregate_node()) > BYTES_DAMAGED / 4);
    one_group->aggregate.key_count = 0;
    one_group->column_count = 3;
    one_group->column_types = (enum ssql_type[]){SSQL_TYPE_INT, SSQL_TYPE_INT, SSQL_TYPE_STRING};
    assert_true(damage_every_byte(run_node, one_group) > BYTES_DAMAGED / 4);
}

static void a_damaged_update_is_noticed(void **state)
{
    (void)state;
    assert_true(damage_every_byte(run_node, update_node()) > BYTES_DAMAGED / 4);
}

static bool put_rows_aside(void *context, struct ssql_error *error)
{
    static const enum ssql_type types[] = {SSQL_TYPE_INT, SSQL_TYPE_STRING};
    static char bytes[100];
    const int64_t integers[] = {5};
    const struct slice strings[] = {slice_make(bytes, sizeof bytes)};
    struct vector vectors[] = {{.type = SSQL_TYPE_INT, .kind = VECTOR_CONSTANT, .integers = integers},
                               {.type = SSQL_TYPE_STRING, .kind = VECTOR_CONSTANT, .strings = strings}};
    struct batch batch = {.columns = vectors, .column_count = 2, .row_count = 100, .selected_count = 100};
    struct result_store *store = NULL;
    const struct value *values;
    bool has_row = true;

    (void)context;
    bool is_done = result_store_create(engine, types, 2, &store, error) && result_store_append(store, &batch, 0, error);
    while (is_done && has_row)
        is_done = result_store_next(store, &values, &has_row, error);
    result_store_destroy(store);
    return is_done;
}

static void damaged_rows_of_an_open_query_are_noticed(void **state)
{
    (void)state;
    assert_true(damage_every_byte(put_rows_aside, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TINY(a_damaged_sort_is_noticed),
        TINY(a_damaged_distinct_is_noticed),
        TINY(damaged_groups_are_noticed),
        TINY(a_damaged_update_is_noticed),
        TINY(damaged_rows_of_an_open_query_are_noticed),
    };

    return cmocka_run_group_tests_name("spilled damage", tests, NULL, NULL);
}
