/* Scans that meet a failure: an allocation, an operation of the volume, the filter, or somebody who wants them to end.
 * The n-th of them fails, n = 1, 2, 3 … until none does. Each time the scan says why, everything is given back (the
 * address sanitizer looks), and the same scan shows the same rows once the cause is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "api/failing_memory.h"
#include "storage/bit_packing.h"
#include "storage/scan_internal.h"
#include "storage/scan_morsels.h"
#include "storage/sstable_internal.h"
#include "support/table_model.h"

enum cause { MEMORY, VOLUME, FILTER, END, CAUSES };

static const enum ssql_code codes[CAUSES] = {
    [MEMORY] = SSQL_NO_MEMORY, [VOLUME] = SSQL_IO, [FILTER] = SSQL_NO_MEMORY, [END] = SSQL_INTERRUPTED};

/* "amount < limit"; the call after `calls_left` more fails, unless negative. */
struct failing_filter {
    int64_t limit;
    long calls_left;
    bool has_failed;
    uint16_t selection[BATCH_CAPACITY];
};

static bool apply_filter(void *context, struct batch *batch, struct ssql_error *error)
{
    struct failing_filter *filter = context;
    uint32_t count = 0;

    if (filter->calls_left >= 0 && filter->calls_left-- == 0) {
        filter->has_failed = true;
        return error_no_memory(error);
    }
    for (uint32_t i = 0; i < batch->selected_count; i++) {
        uint32_t row = batch_row(batch, i);
        struct value value = vector_value(&batch->columns[0], row);
        filter->selection[count] = (uint16_t)row;
        count += !value.is_null && value.integer < filter->limit;
    }
    batch->selection = filter->selection;
    batch->selected_count = count;
    return true;
}

/* Wants the scan to end at the look after `looks_left` more, unless negative. */
struct impatience {
    struct progress progress;
    long looks_left;
    bool has_ended;
};

static int look(void *context, const char *what, int64_t done, int64_t total)
{
    struct impatience *impatience = context;

    assert_non_null(what);
    assert_true(done >= 0 && total >= 0);
    impatience->progress.next_report_ns = 0; /* ask at every look */
    if (impatience->looks_left < 0 || impatience->looks_left-- > 0)
        return 0;
    impatience->has_ended = true;
    return 1;
}

/* What a scan shows. */
struct sum {
    uint64_t rows, ids, prices;
};

/* One kind of scan over one model. */
struct trial {
    struct model *model;
    struct own_writes own;
    struct scan_request request;
    bool by_morsels, begins_small;
    struct failing_filter filter;
    struct scan_filter scan_filter;
    struct impatience impatience;
    struct cancellation cancellation;
    struct buffer low, high;
};

static bool read_rows(struct scan *scan, struct sum *sum, struct ssql_error *error)
{
    struct batch batch;

    for (;;) {
        if (!scan_next(scan, &batch, error))
            return false;
        if (batch.row_count == 0)
            return true;
        sum->rows += batch.selected_count;
        for (uint32_t i = 0; i < batch.selected_count && batch.column_count > 0; i++) {
            uint32_t row = batch_row(&batch, i);
            struct value price = vector_value(&batch.columns[2], row);
            sum->ids += (uint64_t)vector_value(&batch.columns[1], row).integer;
            sum->prices += price.is_null ? 1 : (uint64_t)(price.real * 2);
            sum->prices += vector_value(&batch.columns[3], row).string.size;
        }
    }
}

static bool scan_whole(struct trial *trial, struct sum *sum, struct ssql_error *error)
{
    const struct model *model = trial->model;
    struct scan *scan;

    if (!scan_open_version(model->version, &trial->own, model->table->format, model->last_sequence, &trial->request,
                           &scan, error))
        return false;
    if (trial->begins_small)
        scan_expect_rows(scan, 3);
    bool is_done = read_rows(scan, sum, error);
    scan_close(scan);
    return is_done;
}

static bool scan_by_morsels(struct trial *trial, struct sum *sum, struct ssql_error *error)
{
    const struct model *model = trial->model;
    struct scan_morsels *morsels;
    bool is_done = true;

    if (!scan_morsels_create_version(model->version, &trial->own, model->table->format, model->last_sequence,
                                     &trial->request, 8, &morsels, error))
        return false;
    assert_non_null(morsels);
    for (uint32_t i = 0; is_done && i < scan_morsels_count(morsels); i += 9) {
        uint32_t end = i + 9 < scan_morsels_count(morsels) ? i + 9 : scan_morsels_count(morsels);
        struct scan *scan;
        is_done = scan_open_morsels(morsels, i, end, &trial->request, &scan, error);
        if (!is_done)
            break;
        is_done = read_rows(scan, sum, error);
        scan_close(scan);
    }
    scan_morsels_destroy(morsels);
    return is_done;
}

static bool run(struct trial *trial, struct sum *sum, struct ssql_error *error)
{
    *sum = (struct sum){0};
    return trial->by_morsels ? scan_by_morsels(trial, sum, error) : scan_whole(trial, sum, error);
}

static void begin_failing(struct trial *trial, enum cause cause, long after)
{
    struct fault_plan plan = {.status = VOLUME_UNAVAILABLE};

    if (cause == VOLUME)
        plan.fail_at = (uint64_t)after + 1;
    model_set_faults(trial->model, &plan);
    trial->filter.calls_left = cause == FILTER ? after : -1;
    trial->filter.has_failed = trial->impatience.has_ended = false;
    trial->impatience.looks_left = cause == END ? after : -1;
    progress_start(&trial->impatience.progress);
    trial->impatience.progress.next_report_ns = 0;
    if (cause == MEMORY)
        memory_start_failing(after, false);
}

/* Whether anything did fail. */
static bool end_failing(struct trial *trial, enum cause cause, long after)
{
    bool has_failed = false;

    memory_stop_failing();
    switch (cause) {
    case MEMORY: has_failed = memory_has_failed(); break;
    case VOLUME: has_failed = volume_faulty_count(trial->model->engine.volume) > (uint64_t)after; break;
    case FILTER: has_failed = trial->filter.has_failed; break;
    case END: has_failed = trial->impatience.has_ended; break;
    case CAUSES: break;
    }
    trial->filter.calls_left = trial->impatience.looks_left = -1;
    progress_start(&trial->impatience.progress);
    model_set_faults(trial->model, &(struct fault_plan){0});
    return has_failed;
}

static void assert_same_sum(const struct sum *left, const struct sum *right)
{
    assert_int_equal(left->rows, right->rows);
    assert_int_equal(left->ids, right->ids);
    assert_int_equal(left->prices, right->prices);
}

/* Returns how often the cause can arise. Once it fails a scan the scan fails; some failures it can do without. */
static uint32_t fail_each(struct trial *trial, enum cause cause, const struct sum *expected)
{
    struct sum sum;
    uint32_t failures = 0;

    for (long after = 0;; after++) {
        struct ssql_error error = {0};
        begin_failing(trial, cause, after);
        bool is_done = run(trial, &sum, &error);
        bool has_failed = end_failing(trial, cause, after);
        assert_true(is_done || has_failed);
        if (is_done) {
            assert_same_sum(&sum, expected);
            if (!has_failed)
                return failures;
            assert_int_equal(cause, MEMORY); /* the cache does without it */
            continue;
        }
        assert_int_equal(error.code, codes[cause]);
        failures++;
        if (after % 16 == 0) {
            assert_true(run(trial, &sum, &error));
            assert_same_sum(&sum, expected);
        }
    }
}

/* ---- the kinds of scans ---- */

enum kind {
    IN_ORDER,
    DESCENDING,
    FEW_PASS,
    MANY_PASS,
    ORDERED_FILTER,
    IN_RANGE,
    ONLY_COUNT,
    MORSELS,
    FILE_MORSELS, /* the transaction has written files and nothing since */
    KINDS
};

static void trial_init(struct trial *trial, struct model *model, enum kind kind)
{
    /* The filter's column is the first: amount, id, price, note, ok, kind. */
    static const uint16_t columns[] = {COLUMN_AMOUNT, COLUMN_ID, COLUMN_PRICE, COLUMN_NOTE, COLUMN_OK, COLUMN_KIND};

    *trial = (struct trial){.model = model, .by_morsels = kind == MORSELS || kind == FILE_MORSELS, .own = model->own};
    if (kind == FILE_MORSELS)
        trial->own.memtable = NULL;
    trial->filter.calls_left = trial->impatience.looks_left = -1;
    trial->impatience.progress = (struct progress){.report = look, .context = &trial->impatience};
    progress_start(&trial->impatience.progress);
    trial->cancellation.progress = &trial->impatience.progress;
    trial->request = (struct scan_request){.columns = columns,
                                           .column_count = kind == ONLY_COUNT ? 0 : 6,
                                           .cancellation = &trial->cancellation,
                                           .in_key_order = kind == IN_ORDER || kind == DESCENDING ||
                                                           kind == ORDERED_FILTER || kind == IN_RANGE,
                                           .descending = kind == DESCENDING};
    if (kind == FEW_PASS || kind == MANY_PASS || kind == ORDERED_FILTER) {
        trial->filter.limit = kind == FEW_PASS ? 30 : 700;
        trial->scan_filter = (struct scan_filter){.context = &trial->filter, .apply = apply_filter};
        trial->request.filter = &trial->scan_filter;
        trial->request.filter_column_count = 1;
    }
    if (kind != IN_RANGE)
        return;
    model_encode_key(model, 100, &trial->low);
    model_encode_key(model, 411, &trial->high);
    trial->request.low = buffer_slice(&trial->low);
    trial->request.high = buffer_slice(&trial->high);
    trial->request.low_exclusive = trial->request.high_exclusive = true;
}

static void trial_clear(struct trial *trial)
{
    buffer_clear(&trial->low);
    buffer_clear(&trial->high);
}

static const struct model_options everything = {.seed = 11,
                                                .block_rows = 64,
                                                .has_levels = true,
                                                .has_level0 = true,
                                                .has_memtables = true,
                                                .has_spilled = true,
                                                .has_own = true,
                                                .has_twins = true};

/* Blocks that overlap nothing, of which the first rows are handed out before the others. */
static void fail_begun_scan(enum cause cause)
{
    const struct model_options options = {
        .seed = 4, .key_kind = MODEL_STRING_KEY, .block_rows = 1024, .has_levels = true, .is_disjoint = true};
    struct model model;
    struct trial trial;
    struct sum expected;
    struct ssql_error error = {0};

    model_init(&model, &options);
    trial_init(&trial, &model, IN_ORDER);
    trial.begins_small = true;
    assert_true(run(&trial, &expected, &error));
    (void)fail_each(&trial, cause, &expected);
    trial_clear(&trial);
    model_clear(&model);
}

static void fail_scans(enum cause cause)
{
    uint32_t failures[KINDS] = {0};

    for (int key_kind = 0; key_kind < 3; key_kind++) {
        struct model_options options = everything;
        struct model model;
        options.key_kind = (enum model_key)key_kind;
        options.cache_bytes = key_kind == MODEL_STRING_KEY ? 16 << 10 : 0; /* blocks are read again and again */
        model_init(&model, &options);
        for (int kind = 0; kind < KINDS; kind++) {
            struct trial trial;
            struct sum expected;
            struct ssql_error error = {0};
            trial_init(&trial, &model, (enum kind)kind);
            assert_true(run(&trial, &expected, &error));
            assert_true(expected.rows > 0);
            failures[kind] += fail_each(&trial, cause, &expected);
            trial_clear(&trial);
        }
        model_clear(&model);
    }
    fail_begun_scan(cause);
    for (int kind = 0; kind < KINDS; kind++)
        if (cause != FILTER || kind == FEW_PASS || kind == MANY_PASS || kind == ORDERED_FILTER)
            assert_true(failures[kind] > 3);
}

static void each_allocation_of_a_scan_may_fail(void **state)
{
    (void)state;
    fail_scans(MEMORY);
}

static void each_read_of_a_scan_may_fail(void **state)
{
    (void)state;
    fail_scans(VOLUME);
}

static void each_call_of_a_filter_may_fail(void **state)
{
    (void)state;
    fail_scans(FILTER);
}

static void a_scan_may_be_ended_at_each_look(void **state)
{
    (void)state;
    fail_scans(END);
}

/* ---- blocks that contradict themselves ---- */

/* Makes a column's codes or ends of strings absurd in a block that has passed all checks of its structure; a second
 * call takes that back. */
static void invert_strings(struct block *block, uint32_t column)
{
    uint8_t *bytes = (uint8_t *)(uintptr_t)block->bytes;
    struct column_entry entry;

    column_entry_load(&entry, bytes + BLOCK_HEADER_SIZE + (size_t)column * BLOCK_COLUMN_SIZE);
    for (size_t i = 0; i < packed_size(block->row_count, entry.width); i++)
        bytes[entry.data_offset + i] ^= 0xFF;
}

/* Scans, looks up, and asks for changes; adds the failures up. */
static uint32_t ask_everything(struct trial *trial, const struct sum *expected)
{
    const struct model *model = trial->model;
    struct ssql_error error = {0};
    struct sum sum;
    uint32_t failures = 0;

    if (!run(trial, &sum, &error)) {
        assert_int_equal(error.code, SSQL_CORRUPT);
        failures++;
    } else if (trial->request.column_count == 0) {
        assert_int_equal(sum.rows, expected->rows);
    }
    for (uint32_t key = 0; key < MODEL_KEYS; key += 5) {
        struct lookup_result result;
        struct buffer bytes = {0}, high = {0};
        bool changed;
        model_encode_key(model, key, &bytes);
        model_encode_key(model, key + 3, &high);
        for (int question = 0; question < 3; question++) {
            bool is_answered;
            error = (struct ssql_error){0};
            if (question == 0) {
                is_answered = version_lookup(model->version, model->table->format, buffer_slice(&bytes),
                                             model->last_sequence / 2, &result, &error);
                block_release(&result.block);
            } else if (question == 1) {
                is_answered = version_key_changed(model->version, buffer_slice(&bytes), 1, &changed, &error);
            } else {
                is_answered = version_range_changed(model->version, buffer_slice(&bytes), true, buffer_slice(&high),
                                                    true, 1, &changed, &error);
            }
            assert_true(is_answered || error.code == SSQL_CORRUPT);
            failures += !is_answered;
        }
        buffer_clear(&bytes);
        buffer_clear(&high);
    }
    return failures;
}

static uint32_t contradict_block(struct trial *trial, struct table_file *file, uint32_t index, uint32_t column,
                                 const struct sum *expected)
{
    struct block block;
    struct ssql_error error = {0};

    assert_true(sstable_read_block(file->sstable, index, &block, NULL, &error));
    invert_strings(&block, column);
    uint32_t failures = ask_everything(trial, expected);
    invert_strings(&block, column);
    block_release(&block);
    return failures;
}

static void strings_that_contradict_themselves_are_damage(void **state)
{
    static const enum kind kinds[] = {IN_ORDER, DESCENDING, FEW_PASS, MANY_PASS, IN_RANGE};
    struct model_options options = everything;
    struct table_file *files[64];
    struct model model;
    uint32_t failures = 0, turn = 0;

    (void)state;
    options.key_kind = MODEL_STRING_KEY;
    model_init(&model, &options);
    uint32_t file_count = model_files(&model, files, 64);
    for (uint32_t i = 0; i < file_count; i++) {
        for (uint32_t block = 0; block < sstable_block_count(files[i]->sstable); block++) {
            for (uint32_t column = COLUMN_KIND; column <= COLUMN_NOTE; column += COLUMN_NOTE - COLUMN_KIND) {
                struct trial trial;
                struct sum expected, sum;
                struct ssql_error error = {0};
                trial_init(&trial, &model, kinds[turn++ % (sizeof kinds / sizeof kinds[0])]);
                assert_true(run(&trial, &expected, &error));
                failures += contradict_block(&trial, files[i], block, column, &expected);
                assert_true(run(&trial, &sum, &error));
                assert_same_sum(&sum, &expected);
                trial_clear(&trial);
            }
        }
    }
    assert_true(failures > 20);
    model_clear(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_of_a_scan_may_fail),
        cmocka_unit_test(each_read_of_a_scan_may_fail),
        cmocka_unit_test(each_call_of_a_filter_may_fail),
        cmocka_unit_test(a_scan_may_be_ended_at_each_look),
        cmocka_unit_test(strings_that_contradict_themselves_are_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
