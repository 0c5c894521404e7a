/* Scans against a plain array: every path, over every mixture of sources. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "storage/scan_internal.h"
#include "storage/scan_morsels.h"
#include "support/table_model.h"

/* "amount < limit", or "kind == constant", as an executor would evaluate it. */
struct test_filter {
    bool on_kind;
    int64_t limit;
    struct slice kind;
    uint16_t selection[BATCH_CAPACITY];
};

static bool value_passes(const struct test_filter *filter, const struct value *value)
{
    if (value->is_null)
        return false;
    return filter->on_kind ? slice_equal(value->string, filter->kind) : value->integer < filter->limit;
}

static bool apply_filter(void *context, struct batch *batch, struct ssql_error *error)
{
    struct test_filter *filter = context;
    uint32_t count = 0;

    (void)error;
    for (uint32_t i = 0; i < batch->selected_count; i++) {
        uint32_t row = batch_row(batch, i);
        struct value value = vector_value(&batch->columns[0], row);
        filter->selection[count] = (uint16_t)row;
        count += value_passes(filter, &value);
    }
    batch->selection = filter->selection;
    batch->selected_count = count;
    return true;
}

/* One scan, checked row by row. */
struct trial {
    struct model *model;
    uint64_t snapshot;
    struct test_filter filter;
    struct scan_filter scan_filter;
    struct zone_predicate zone;
    struct scan_request request;
    uint16_t columns[MODEL_COLUMNS];
    uint32_t low_key, high_key; /* of the range: [low_key, high_key] by number */
    struct buffer low, high;
    const struct model_version *visible[MODEL_KEYS];
    bool seen[MODEL_KEYS];
    uint32_t seen_count;
    int64_t last_key;
};

static bool is_expected(const struct trial *trial, uint32_t key)
{
    const struct model_version *version = trial->visible[key];

    if (version == NULL || version->is_tombstone || key < trial->low_key || key > trial->high_key)
        return false;
    if (trial->request.filter == NULL)
        return true;
    struct value value = model_value(trial->model, version, trial->filter.on_kind ? COLUMN_KIND : COLUMN_AMOUNT);
    return value_passes(&trial->filter, &value);
}

static void choose_filter(struct trial *trial)
{
    struct model *model = trial->model;
    static const int64_t limits[] = {-1, 3, 30, 100, 500, 2000};

    trial->filter.on_kind = model_random(model, 3) == 0;
    trial->filter.limit = limits[model_random(model, 6)];
    trial->filter.kind = slice_of(model->options.key_kind == MODEL_INT_KEY ? "buy" : "k042");
    trial->scan_filter = (struct scan_filter){.context = &trial->filter, .apply = apply_filter};
    trial->request.filter = &trial->scan_filter;
    trial->columns[0] = trial->filter.on_kind ? COLUMN_KIND : COLUMN_AMOUNT;
    trial->request.filter_column_count = 1;
    if (model_random(model, 2) == 0)
        return;
    trial->zone.column = trial->columns[0];
    trial->zone.operator= trial->filter.on_kind ? ZONE_EQUAL : ZONE_LESS;
    trial->zone.constant = trial->filter.on_kind ? value_string(trial->filter.kind) : value_int(trial->filter.limit);
    trial->request.zones = &trial->zone;
    trial->request.zone_count = 1;
}

static void choose_range(struct trial *trial)
{
    struct model *model = trial->model;
    struct scan_request *request = &trial->request;

    trial->low_key = 0;
    trial->high_key = MODEL_KEYS - 1;
    if (model_random(model, 2) == 0) {
        uint32_t key = (uint32_t)model_random(model, MODEL_KEYS - 1);
        model_encode_key(model, key, &trial->low);
        request->low = buffer_slice(&trial->low);
        request->low_exclusive = model_random(model, 2);
        trial->low_key = key + request->low_exclusive;
    }
    if (model_random(model, 2) == 0) {
        uint32_t key = 1 + (uint32_t)model_random(model, MODEL_KEYS - 1);
        model_encode_key(model, key, &trial->high);
        request->high = buffer_slice(&trial->high);
        request->high_exclusive = model_random(model, 2);
        trial->high_key = key - request->high_exclusive;
    }
}

/* The filter's column first, the id last, others between; or no columns at all. */
static void choose_columns(struct trial *trial, bool only_count)
{
    uint32_t count = trial->request.filter_column_count;

    for (uint32_t column = 1; column < MODEL_COLUMNS && !only_count; column++)
        if (model_random(trial->model, 2) == 0 && (count == 0 || trial->columns[0] != column))
            trial->columns[count++] = (uint16_t)column;
    if (!only_count)
        trial->columns[count++] = COLUMN_ID;
    trial->request.columns = trial->columns;
    trial->request.column_count = count;
}

static void check_row(struct trial *trial, const struct batch *batch, uint32_t row)
{
    const struct model *model = trial->model;
    struct value id = vector_value(&batch->columns[batch->column_count - 1], row);
    uint32_t key = (uint32_t)((id.integer + 700) / 3);

    assert_true(key < MODEL_KEYS);
    assert_false(trial->seen[key]);
    assert_true(is_expected(trial, key));
    trial->seen[key] = true;
    trial->seen_count++;
    if (trial->request.in_key_order && trial->seen_count > 1)
        assert_true(trial->request.descending ? key < trial->last_key : key > trial->last_key);
    trial->last_key = key;
    const struct model_version *version = trial->visible[key];
    for (uint32_t i = 0; i < batch->column_count; i++) {
        struct value expected = model_value(model, version, trial->columns[i]);
        struct value found = vector_value(&batch->columns[i], row);
        assert_int_equal(value_compare(&expected, &found), 0);
    }
}

/* Reads to the end; sometimes the next scan gets the memory of this one. */
static uint32_t read_scan(struct trial *trial, struct scan *scan)
{
    struct batch batch;
    struct ssql_error error = {0};
    uint32_t counted = 0;

    for (;;) {
        assert_true(scan_next(scan, &batch, &error));
        if (batch.row_count == 0)
            break;
        assert_true(batch.selected_count > 0 && batch.selected_count <= batch.row_count);
        assert_true(batch.row_count <= BATCH_CAPACITY);
        counted += batch.selected_count;
        for (uint32_t i = 0; i < batch.selected_count && batch.column_count > 0; i++)
            check_row(trial, &batch, batch_row(&batch, i));
    }
    if (model_random(trial->model, 3) > 0)
        trial->request.spare = scan_rest(scan);
    else
        scan_close(scan);
    return counted;
}

static uint32_t read_whole(struct trial *trial)
{
    struct ssql_error error = {0};
    struct scan *scan;

    assert_true(scan_open_version(trial->model->version, &trial->model->own, trial->model->table->format,
                                  trial->snapshot, &trial->request, &scan, &error));
    if (model_random(trial->model, 2) == 0)
        scan_expect_rows(scan, model_random(trial->model, 200));
    return read_scan(trial, scan);
}

/* The same rows, in the same order where there is one, morsel after morsel; sometimes several by one scan. */
static uint32_t read_morsels(struct trial *trial, const struct scan_morsels *morsels)
{
    uint32_t counted = 0, end, morsel_count = scan_morsels_count(morsels);
    struct ssql_error error = {0};
    struct scan *scan;

    assert_true(morsel_count >= 2);
    for (uint32_t begin = 0; begin < morsel_count; begin = end) {
        end = begin + 1 + (uint32_t)model_random(trial->model, 3);
        end = end < morsel_count ? end : morsel_count;
        assert_true(scan_open_morsels(morsels, begin, end, &trial->request, &scan, &error));
        trial->request.spare = NULL;
        counted += read_scan(trial, scan);
    }
    return counted;
}

static void run_trial(struct trial *trial)
{
    const struct model *model = trial->model;
    struct ssql_error error = {0};
    struct scan_morsels *morsels;
    uint32_t expected = 0;

    model_find_all(trial->model, trial->snapshot, trial->visible);
    for (uint32_t key = 0; key < MODEL_KEYS; key++)
        expected += is_expected(trial, key);
    assert_true(scan_morsels_create_version(model->version, &model->own, model->table->format, trial->snapshot,
                                            &trial->request, 1 + model_random(trial->model, 100), &morsels, &error));
    if (morsels != NULL && model_random(trial->model, 2) == 0)
        assert_int_equal(read_morsels(trial, morsels), expected);
    else
        assert_int_equal(read_whole(trial), expected);
    scan_close(trial->request.spare);
    scan_morsels_destroy(morsels);
}

static void try_scan(struct model *model, bool has_filter, bool only_count)
{
    struct trial *trial = calloc(1, sizeof *trial);

    assert_non_null(trial);
    trial->model = model;
    trial->snapshot =
        model_random(model, 4) == 0 ? model->last_sequence : model_random(model, model->last_sequence + 2);
    if (has_filter)
        choose_filter(trial);
    choose_range(trial);
    choose_columns(trial, only_count && !has_filter);
    trial->request.in_key_order = model_random(model, 2);
    trial->request.descending = trial->request.in_key_order && model_random(model, 2);
    run_trial(trial);
    buffer_clear(&trial->low);
    buffer_clear(&trial->high);
    free(trial);
}

static uint64_t test_rounds(uint64_t usual)
{
    const char *rounds = getenv("SSQL_TEST_ROUNDS");

    return rounds == NULL ? usual : strtoull(rounds, NULL, 10);
}

/* Every mixture of sources comes up: the bits of the seed choose it. */
static void random_scans(bool has_filter, bool only_count)
{
    static const uint32_t block_rows[] = {1, 2, 7, 64, 1024};
    const char *one = getenv("SSQL_TEST_SEED");
    uint64_t first = one == NULL ? 1 : strtoull(one, NULL, 10);
    uint64_t end = one == NULL ? first + test_rounds(160) : first + 1;

    for (uint64_t seed = first; seed < end; seed++) {
        struct model model;
        struct model_options options = {.seed = seed, .key_kind = (enum model_key)(seed % 3)};
        printf("SSQL_TEST_SEED=%llu\n", (unsigned long long)seed);
        model.random = seed * 77 + 5;
        options.block_rows = block_rows[seed % 5];
        options.has_levels = model_random(&model, 4) != 0;
        options.has_level0 = model_random(&model, 3) != 0;
        options.has_memtables = model_random(&model, 3) != 0;
        options.has_spilled = model_random(&model, 2);
        options.has_own = model_random(&model, 3) == 0;
        options.is_disjoint = model_random(&model, 5) == 0;
        model_init(&model, &options);
        for (int i = 0; i < 25; i++)
            try_scan(&model, has_filter, only_count);
        model_clear(&model);
    }
}

static void scan_shows_what_the_snapshot_sees(void **state)
{
    (void)state;
    random_scans(false, false);
}

static void filtered_scan_shows_what_passes(void **state)
{
    (void)state;
    random_scans(true, false);
}

static void scan_without_columns_counts(void **state)
{
    (void)state;
    random_scans(false, true);
}

static void statistics_count_what_zone_maps_leave_out(void **state)
{
    struct model model;
    struct model_options options = {.seed = 3, .block_rows = 64, .has_levels = true, .is_disjoint = true};
    struct trial *trial = calloc(1, sizeof *trial);
    struct scan_statistics statistics;
    struct scan *scan;
    struct batch batch;
    struct ssql_error error = {0};

    (void)state;
    assert_non_null(trial);
    model_init(&model, &options);
    trial->model = &model;
    trial->filter.limit = -1;
    trial->scan_filter = (struct scan_filter){.context = &trial->filter, .apply = apply_filter};
    trial->zone = (struct zone_predicate){.column = COLUMN_AMOUNT, .operator= ZONE_LESS, .constant = value_int(-1)};
    trial->columns[0] = COLUMN_AMOUNT;
    trial->request = (struct scan_request){.columns = trial->columns,
                                           .column_count = 1,
                                           .filter_column_count = 1,
                                           .filter = &trial->scan_filter,
                                           .zones = &trial->zone,
                                           .zone_count = 1};
    assert_true(
        scan_open_version(model.version, &model.own, model.table->format, UINT64_MAX, &trial->request, &scan, &error));
    assert_true(scan_next(scan, &batch, &error));
    assert_int_equal(batch.row_count, 0);
    scan_read_statistics(scan, &statistics);
    assert_int_equal(statistics.blocks_read, 0);
    assert_true(statistics.blocks_skipped > 0);
    scan_close(scan);
    model_clear(&model);
    free(trial);
}

static void cancelled_scan_fails(void **state)
{
    struct model model;
    struct model_options options = {.seed = 5, .block_rows = 64, .has_levels = true, .has_memtables = true};
    struct cancellation cancellation = {.requested = 1};
    struct scan_request request = {.cancellation = &cancellation};
    struct scan *scan;
    struct batch batch;
    struct ssql_error error = {0};

    (void)state;
    model_init(&model, &options);
    assert_true(scan_open_version(model.version, &model.own, model.table->format, UINT64_MAX, &request, &scan, &error));
    assert_false(scan_next(scan, &batch, &error));
    assert_int_equal(error.code, SSQL_INTERRUPTED);
    scan_close(scan);
    model_clear(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scan_shows_what_the_snapshot_sees),
        cmocka_unit_test(filtered_scan_shows_what_passes),
        cmocka_unit_test(scan_without_columns_counts),
        cmocka_unit_test(statistics_count_what_zone_maps_leave_out),
        cmocka_unit_test(cancelled_scan_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
