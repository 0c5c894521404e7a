/* Salvage keeps every row whose block or record is whole, invents none, and says of everything else that it is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/check.h"
#include "storage/salvage.h"
#include "support/engine_fixture.h"

enum { TABLES = 3, FIRST_TABLE = 16, PAIRS_MOST = 4096, NAMES_MOST = 128, BLOCK_ROWS = 8 };

/* ---- a database of three tables ---- */

struct content {
    size_t counts[TABLES];
    struct fixture_pair pairs[TABLES][PAIRS_MOST];
};

static struct content whole, found;
static struct volume *database; /* closed */

static void read_content(struct engine *engine, struct content *content)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_READ);

    for (uint32_t i = 0; i < TABLES; i++) {
        content->counts[i] = 0;
        if (transaction_table(transaction, FIRST_TABLE + i) != NULL)
            content->counts[i] =
                fixture_scan(transaction, FIRST_TABLE + i, INT64_MIN, INT64_MAX, content->pairs[i], PAIRS_MOST);
        assert_true(content->counts[i] < PAIRS_MOST);
    }
    fixture_rollback(transaction);
}

static bool is_whole(void)
{
    for (int i = 0; i < TABLES; i++)
        if (found.counts[i] != whole.counts[i] ||
            memcmp(found.pairs[i], whole.pairs[i], whole.counts[i] * sizeof whole.pairs[i][0]) != 0)
            return false;
    return true;
}

/* The number of a row tells in which round it was written, and so its key. */
static void write_round(struct engine *engine, int64_t round)
{
    for (int64_t i = 0; i < 60; i++) {
        struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
        fixture_put(transaction, FIRST_TABLE, (i * 7 + round * 31) % 400, round * 1000 + i);
        fixture_put(transaction, FIRST_TABLE + 1, i % 50, round * 1000 + i);
        fixture_delete(transaction, FIRST_TABLE, (i * 11 + round) % 400);
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
    }
}

static bool was_written(uint32_t table, const struct fixture_pair *pair)
{
    int64_t round = pair->number / 1000, i = pair->number % 1000;

    if (table == 2)
        return pair->key >= 0 && pair->key < 1500 && pair->number == pair->key * 3;
    return round < 6 && i < 60 && pair->key == (table == 0 ? (i * 7 + round * 31) % 400 : i % 50);
}

/* Levels, level 0, a spilled commit, and rows that only the log has. */
static int make_database(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(true);
    struct volume *volume = fixture_volume();
    struct engine *engine = fixture_open(volume, &options);
    struct ssql_error error;

    for (uint32_t i = 0; i < TABLES; i++)
        assert_int_equal(fixture_create_table(engine), FIRST_TABLE + i);
    for (int64_t round = 0; round < 5; round++)
        write_round(engine, round);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    for (int64_t i = 0; i < 1500; i++)
        fixture_put(transaction, FIRST_TABLE + 2, i, i * 3);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    assert_true(engine_flush(engine, &error));
    for (int64_t i = 0; i < 8; i++) {
        transaction = fixture_begin(engine, TRANSACTION_WRITE);
        fixture_put(transaction, FIRST_TABLE, (i * 7 + 5 * 31) % 400, 5000 + i);
        assert_int_equal(fixture_commit(transaction), SSQL_OK);
    }
    read_content(engine, &whole);
    assert_true(volume_memory_crash(volume, UINT64_MAX, &database, &error));
    fixture_close(engine);
    return 0;
}

static int drop_database(void **state)
{
    (void)state;
    volume_close(database);
    return 0;
}

static struct volume *copy_database(void)
{
    struct volume *copy;
    struct ssql_error error;

    assert_true(volume_memory_crash(database, UINT64_MAX, &copy, &error));
    return copy;
}

struct names {
    char names[NAMES_MOST][VOLUME_NAME_SIZE];
    uint64_t sizes[NAMES_MOST];
    size_t count;
};

static bool note_name(void *context, const char *name, uint64_t size)
{
    struct names *names = context;

    assert_true(names->count < NAMES_MOST);
    snprintf(names->names[names->count], VOLUME_NAME_SIZE, "%s", name);
    names->sizes[names->count++] = size;
    return true;
}

static struct names names_of(struct volume *volume)
{
    struct names names = {.count = 0};
    struct ssql_error error;

    assert_int_equal(volume_list(volume, note_name, &names, &error), VOLUME_OK);
    return names;
}

/* ---- salvaging ---- */

struct losses {
    char texts[4096];
    unsigned count;
};

static bool note_loss(void *context, const struct salvage_finding *finding)
{
    struct losses *losses = context;

    if (finding->kind == SALVAGE_LOST) {
        size_t used = strlen(losses->texts);
        assert_true(strlen(finding->text) > 5);
        snprintf(losses->texts + used, sizeof losses->texts - used, "%s: %s\n", finding->file, finding->text);
        losses->count++;
    }
    return true;
}

static bool fail_on_damage(void *context, const struct check_finding *finding)
{
    (void)context;
    if (finding->kind == CHECK_DAMAGE)
        fail_msg("%s: %s", finding->file, finding->text);
    return true;
}

/* Takes the damaged volume over; what the new database has is in `found`. */
static void salvage(struct volume *from, struct losses *losses)
{
    struct engine_options options = fixture_options(false);
    struct volume *to = fixture_volume();
    struct salvage_progress progress;
    struct check_progress checked;
    struct ssql_error error = {0};

    *losses = (struct losses){0};
    if (!volume_salvage(from, to, note_loss, losses, &progress, &error))
        fail_msg("%s", error.message);
    volume_close(from);
    assert_int_equal(progress.loss_count, losses->count);
    assert_true(volume_check(to, fail_on_damage, NULL, &checked, &error));
    struct engine *engine = fixture_open(to, &options);
    read_content(engine, &found);
    fixture_close(engine);
    for (uint32_t table = 0; table < TABLES; table++)
        for (size_t i = 0; i < found.counts[table]; i++)
            assert_true(was_written(table, &found.pairs[table][i]));
}

static void a_whole_database_is_kept_as_it_is(void **state)
{
    struct losses losses;

    (void)state;
    salvage(copy_database(), &losses);
    assert_string_equal(losses.texts, "");
    assert_true(is_whole());
}

/* The table's only versions are in this file, one for each key: what is missing is one block. */
static void a_damaged_block_costs_its_rows(void **state)
{
    struct names names = names_of(database);
    struct losses losses;
    unsigned damaged = 0;

    (void)state;
    for (size_t i = 0; i < names.count; i++) {
        if (strncmp(names.names[i], "tables/18/", 10) != 0)
            continue;
        struct volume *volume = copy_database();
        assert_true(volume_memory_damage(volume, names.names[i], 16 + 60, 0x40));
        salvage(volume, &losses);
        damaged++;
        assert_memory_equal(found.counts, whole.counts, 2 * sizeof found.counts[0]);
        assert_true(found.counts[2] < whole.counts[2] && found.counts[2] + BLOCK_ROWS * 8 >= whole.counts[2]);
        size_t first = 0;
        while (first < found.counts[2] && found.pairs[2][first].key == whole.pairs[2][first].key)
            first++;
        size_t missing = whole.counts[2] - found.counts[2];
        assert_memory_equal(&found.pairs[2][first], &whole.pairs[2][first + missing],
                            (found.counts[2] - first) * sizeof found.pairs[2][0]);
        char before[64];
        snprintf(before, sizeof before, "before key %lld", (long long)whole.pairs[2][first + missing].key);
        assert_int_equal(losses.count, 2); /* where, and how many */
        assert_true(strstr(losses.texts, before) != NULL || strstr(losses.texts, "to its last") != NULL);
        assert_non_null(strstr(losses.texts, names.names[i]));
    }
    assert_true(damaged > 0);
}

/* Footer and index only help to find blocks. */
static void a_damaged_end_costs_nothing(void **state)
{
    struct names names = names_of(database);
    struct losses losses;

    (void)state;
    for (size_t i = 0; i < names.count; i++) {
        if (strncmp(names.names[i], "tables/", 7) != 0)
            continue;
        struct volume *volume = copy_database();
        assert_true(volume_memory_damage(volume, names.names[i], names.sizes[i] - 20, 1));
        assert_true(volume_memory_damage(volume, names.names[i], names.sizes[i] - 140, 1));
        salvage(volume, &losses);
        assert_string_equal(losses.texts, "");
        assert_true(is_whole());
    }
}

static void a_missing_file_is_reported(void **state)
{
    struct names names = names_of(database);
    struct losses losses;
    struct ssql_error error;

    (void)state;
    for (size_t i = 0; i < names.count; i++) {
        if (strncmp(names.names[i], "tables/18/", 10) != 0)
            continue;
        struct volume *volume = copy_database();
        assert_int_equal(object_delete(volume, names.names[i], &error), VOLUME_OK);
        salvage(volume, &losses);
        assert_int_equal(losses.count, 1);
        assert_non_null(strstr(losses.texts, "missing"));
        assert_true(found.counts[2] < whole.counts[2]);
        assert_memory_equal(found.counts, whole.counts, 2 * sizeof found.counts[0]);
    }
}

/* Records behind the damaged one are whole by themselves. */
static void a_damaged_record_of_the_log_costs_its_commit(void **state)
{
    struct names names = names_of(database);
    unsigned with_loss = 0;

    (void)state;
    for (size_t i = 0; i < names.count; i++) {
        for (uint64_t offset = 64; offset < names.sizes[i] && strncmp(names.names[i], "wal/", 4) == 0; offset += 96) {
            struct volume *volume = copy_database();
            struct losses losses;
            assert_true(volume_memory_damage(volume, names.names[i], offset, 0x80));
            salvage(volume, &losses);
            size_t kept = 0;
            for (size_t j = 0; j < found.counts[0]; j++)
                kept += found.pairs[0][j].number >= 5000;
            assert_true(is_whole() || losses.count > 0 || kept >= 7);
            with_loss += losses.count > 0;
        }
    }
    assert_true(with_loss > 0);
}

static void without_a_manifest_all_files_count(void **state)
{
    struct losses losses;
    struct volume *volume = copy_database();

    (void)state;
    assert_true(volume_memory_damage(volume, "manifest", 40, 1));
    salvage(volume, &losses);
    assert_true(losses.count >= 1);
    assert_non_null(strstr(losses.texts, "which files count is not known"));
    for (size_t i = 0; i < whole.counts[1]; i++)
        assert_int_equal(found.pairs[1][i].key, whole.pairs[1][i].key);
}

static void nothing_of_a_database_is_told(void **state)
{
    struct volume *from = fixture_volume(), *to = fixture_volume();
    struct salvage_progress progress;
    struct losses losses = {0};
    struct ssql_error error = {0};

    (void)state;
    assert_false(volume_salvage(from, to, note_loss, &losses, &progress, &error));
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
    volume_close(from);
    volume_close(to);
}

/* What cannot be written is no database; what cannot be read is a loss. */
static void every_operation_fails_in_turn(void **state)
{
    struct ssql_error error;
    bool is_done = false;

    (void)state;
    for (uint64_t n = 1; !is_done; n++) {
        struct volume *from = copy_database(), *to;
        struct salvage_progress progress;
        struct losses losses = {0};
        assert_true(volume_faulty_create(fixture_volume(), &to, &error));
        volume_faulty_set(to, &(struct fault_plan){.fail_at = n, .keep_failing = true, .status = VOLUME_NO_SPACE});
        error = (struct ssql_error){0};
        is_done = volume_salvage(from, to, note_loss, &losses, &progress, &error);
        volume_faulty_set(to, &(struct fault_plan){0});
        struct buffer manifest = {0};
        uint64_t version;
        assert_int_equal(register_read(to, "manifest", &manifest, &version, &error), VOLUME_OK);
        assert_int_equal(version != 0, is_done);
        buffer_clear(&manifest);
        volume_close(from);
        volume_close(to);
    }
    is_done = false;
    for (uint64_t n = 1; !is_done; n++) {
        struct volume *from;
        assert_true(volume_faulty_create(copy_database(), &from, &error));
        volume_faulty_set(from, &(struct fault_plan){.fail_at = n, .status = VOLUME_UNAVAILABLE});
        struct losses losses = {0};
        struct salvage_progress progress;
        struct volume *to = fixture_volume();
        bool is_salvaged = volume_salvage(from, to, note_loss, &losses, &progress, &error);
        is_done = volume_faulty_count(from) < n;
        assert_int_equal(is_done, is_salvaged && losses.count == 0);
        volume_close(from);
        volume_close(to);
    }
}

static bool stop(void *context, const struct salvage_finding *finding)
{
    (void)context;
    (void)finding;
    return false;
}

static void a_salvage_can_be_stopped(void **state)
{
    struct volume *from = copy_database(), *to = fixture_volume();
    struct salvage_progress progress;
    struct ssql_error error = {0};

    (void)state;
    assert_false(volume_salvage(from, to, stop, NULL, &progress, &error));
    assert_int_equal(error.code, SSQL_INTERRUPTED);
    volume_close(from);
    volume_close(to);
}

/* Any damage: nothing invented, and nothing missing or old without a word. */
static void random_damage_never_passes_silently(void **state)
{
    uint64_t random = fixture_seed();
    struct names names = names_of(database);

    (void)state;
    for (unsigned round = 0; round < fixture_rounds(200); round++) {
        struct volume *volume = copy_database();
        struct losses losses;
        bool hits_log = false;
        for (uint64_t i = 1 + fixture_random(&random) % 3; i > 0; i--) {
            size_t which = fixture_random(&random) % names.count;
            const char *name = names.names[which];
            uint64_t at = fixture_random(&random) % names.sizes[which];
            hits_log |= strncmp(name, "wal/", 4) == 0;
            /* Some damage meets what other damage has cut off. */
            if (fixture_random(&random) % 4 != 0) {
                if (!volume_memory_damage(volume, name, at, (uint8_t)(1 + fixture_random(&random) % 255)))
                    continue;
            } else if (!volume_memory_truncate(volume, name, at)) {
                continue;
            }
        }
        salvage(volume, &losses);
        /* The end of the log that was synced last cannot be told from one that was torn. */
        if (!is_whole() && losses.count == 0 && !hits_log)
            fail_msg("round %u: rows are missing, and nothing was said", round);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_database_is_kept_as_it_is),
        cmocka_unit_test(a_damaged_block_costs_its_rows),
        cmocka_unit_test(a_damaged_end_costs_nothing),
        cmocka_unit_test(a_missing_file_is_reported),
        cmocka_unit_test(a_damaged_record_of_the_log_costs_its_commit),
        cmocka_unit_test(without_a_manifest_all_files_count),
        cmocka_unit_test(nothing_of_a_database_is_told),
        cmocka_unit_test(every_operation_fails_in_turn),
        cmocka_unit_test(a_salvage_can_be_stopped),
        cmocka_unit_test(random_damage_never_passes_silently),
    };

    return cmocka_run_group_tests(tests, make_database, drop_database);
}
