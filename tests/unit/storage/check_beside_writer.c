/* A check of a database to which somebody writes meanwhile, at each moment of the check: what the writer replaced is no
 * damage, what is damaged stays so, and when the database is never the same twice the check says that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include "storage/check_internal.h"
#include "storage/engine_internal.h"
#include "support/backup_fixture.h"

static struct volume *database; /* closed */
static struct engine_options options;

static struct volume *copy_of(struct volume *volume)
{
    struct volume *copy;

    assert_true(volume_memory_crash(volume, UINT64_MAX, &copy, NULL));
    return copy;
}

static struct engine_options small_segments(void)
{
    struct engine_options small = fixture_options(true);

    small.wal_segment_bytes = 4096;
    small.level0_files = 100;
    small.memtable_bytes = 128 << 10;
    return small;
}

/* Two tables with files, the second with two; behind them a log of many segments. */
static int make_closed_database(void **state)
{
    struct volume *volume = fixture_volume();

    (void)state;
    options = small_segments();
    struct engine *engine = fixture_open(volume, &options);
    assert_int_equal(fixture_create_table(engine), FIRST_TABLE);
    assert_int_equal(fixture_create_table(engine), SECOND_TABLE);
    assert_int_equal(fixture_put_one(engine, FIRST_TABLE, 1, 1), SSQL_OK);
    for (int64_t i = 0; i < 2; i++) {
        assert_int_equal(fixture_put_one(engine, SECOND_TABLE, i, i), SSQL_OK);
        assert_true(engine_flush(engine, NULL));
    }
    for (int64_t i = 0; i < 200; i++)
        assert_int_equal(fixture_put_one(engine, SECOND_TABLE, i, i), SSQL_OK);
    assert_true(wal_segments(engine->wal, NULL, 0) > 3);
    database = copy_of(volume);
    fixture_close(engine);
    return 0;
}

static int drop_database(void **state)
{
    (void)state;
    volume_close(database);
    return 0;
}

/* ---- a check, and what comes between its operations ---- */

static struct {
    unsigned damages, notices;
    struct check_finding first;
} found;

static bool note(void *context, const struct check_finding *finding)
{
    (void)context;
    if (finding->kind == CHECK_DAMAGE && found.damages++ == 0)
        found.first = *finding;
    found.notices += finding->kind == CHECK_NOTICE;
    return true;
}

static bool check(struct volume *volume, struct ssql_error *error)
{
    struct check_progress progress;

    memset(&found, 0, sizeof found);
    *error = (struct ssql_error){0};
    return volume_check(volume, note, NULL, &progress, error);
}

static struct {
    uint64_t number; /* of the check's operations so far */
    uint64_t at;     /* the writer acts before this one; 0: before each */
    bool is_acting;
    void (*act)(void);
} strike;

static void before_operation(void *context)
{
    (void)context;
    if (strike.is_acting || (strike.number++ != strike.at && strike.at != 0))
        return;
    strike.is_acting = true;
    strike.act();
    strike.is_acting = false;
}

/* `volume` is a faulty one. */
static bool check_with_strike(struct volume *volume, uint64_t at, void (*act)(void), struct ssql_error *error)
{
    strike.number = 1;
    strike.at = at;
    strike.act = act;
    volume_faulty_set(volume, &(struct fault_plan){.before = before_operation});
    bool is_done = check(volume, error);
    volume_faulty_set(volume, &(struct fault_plan){0});
    return is_done;
}

static struct volume *faulty_copy_of(struct volume *volume)
{
    struct volume *faulty;

    assert_true(volume_faulty_create(copy_of(volume), &faulty, NULL));
    return faulty;
}

/* ---- an engine that goes on ---- */

static struct engine *writer;
static int64_t next_key = 1000;

static void put(uint32_t table_id)
{
    assert_int_equal(fixture_put_one(writer, table_id, next_key, next_key), SSQL_OK);
    next_key++;
}

/* The log is not needed any more, and goes. */
static void flush_everything(void)
{
    put(FIRST_TABLE);
    assert_true(engine_flush(writer, NULL));
}

static void replace_first_table(void)
{
    put(FIRST_TABLE);
    assert_true(engine_flush(writer, NULL) && engine_compact(writer, NULL));
}

static void replace_second_table(void)
{
    put(SECOND_TABLE);
    assert_true(engine_flush(writer, NULL) && engine_compact_table(writer, SECOND_TABLE, NULL, NULL));
}

static void add_to_first_table(void)
{
    struct table *table = writer->tables[0];

    put(FIRST_TABLE);
    pthread_mutex_lock(&writer->commit_mutex);
    assert_true(engine_freeze_table(writer, table, NULL));
    pthread_mutex_unlock(&writer->commit_mutex);
    assert_true(engine_flush_frozen(writer, NULL));
}

/* Before each operation of a check in turn. `damage` is done to the volume before; NULL: nothing. */
static void strike_each_operation(void (*act)(void), void (*damage)(struct volume *volume), unsigned damages)
{
    uint64_t at;

    for (at = 1; at == 1 || strike.number > at - 1; at++) {
        struct volume *volume = faulty_copy_of(database);
        struct ssql_error error;
        writer = fixture_open(volume, &options);
        if (damage != NULL)
            damage(volume_faulty_inner(volume));
        if (!check_with_strike(volume, at, act, &error))
            fail_msg("operation %u: %s", (unsigned)at, error.message);
        if (found.damages != damages)
            fail_msg("operation %u: %u damages, %s: %s", (unsigned)at, found.damages, found.first.file,
                     found.first.text);
        (void)engine_close(writer, &error);
    }
    assert_true(at > 8);
}

static void files_and_segments_that_were_replaced_are_no_damage(void **state)
{
    (void)state;
    strike_each_operation(flush_everything, NULL, 0);
    strike_each_operation(replace_first_table, NULL, 0);
    strike_each_operation(replace_second_table, NULL, 0);
}

/* The last byte of the second table's last file: it cannot be opened. */
static char damaged_name[VOLUME_NAME_SIZE];

static void damage_a_file(struct volume *volume)
{
    struct manifest *manifest;

    assert_true(manifest_load(volume, &manifest, NULL));
    const struct manifest_table *table = &manifest->tables[1];
    const struct sstable_info *info = &table->files[table->file_count - 1].info;
    snprintf(damaged_name, sizeof damaged_name, "%s", info->name);
    assert_true(volume_memory_damage(volume, info->name, info->size - 1, 1));
    manifest_destroy(manifest);
}

static void a_damaged_file_is_found_while_the_manifest_changes(void **state)
{
    (void)state;
    strike_each_operation(add_to_first_table, damage_a_file, 1);
    assert_string_equal(found.first.file, damaged_name);
}

static void a_database_that_never_stays_the_same_cannot_be_checked(void **state)
{
    struct volume *volume = faulty_copy_of(database);
    struct ssql_error error;

    (void)state;
    writer = fixture_open(volume, &options);
    assert_false(check_with_strike(volume, 0, replace_first_table, &error));
    assert_int_equal(error.code, SSQL_IO);
    assert_non_null(strstr(error.message, "the database changed 20 times while it was being checked"));
    assert_int_equal(found.damages, 0);
    fixture_close(writer);
}

/* ---- a log whose damage is never the same ---- */

enum { CRUMB_STEP = 216, CRUMBS = 150 };

static const char log_name[] = "wal/1-1";
static struct volume *crumbling;
static uint64_t crumbles_at, crumbs_left;

/* A record before those that are damaged already. */
static void crumble(void)
{
    if (crumbs_left == 0)
        return;
    crumbs_left--;
    crumbles_at -= CRUMB_STEP;
    assert_true(volume_memory_damage(crumbling, log_name, crumbles_at, 1));
}

static void a_log_that_never_fails_the_same_way_is_read_until_it_does(void **state)
{
    struct engine_options roomy = fixture_options(false);
    struct volume *volume = fixture_volume();
    struct ssql_error error;

    (void)state;
    struct engine *engine = fixture_open(volume, &roomy);
    uint32_t table_id = fixture_create_table(engine);
    for (int64_t i = 0; i < 500; i++)
        assert_int_equal(fixture_put_one(engine, table_id, i, i), SSQL_OK);
    crumbles_at = wal_appended_position(engine->wal) - CRUMB_STEP;
    assert_true(crumbles_at > (CRUMBS + 1) * CRUMB_STEP);
    struct volume *faulty = faulty_copy_of(volume);
    fixture_close(engine);
    crumbling = volume_faulty_inner(faulty);
    crumbs_left = CRUMBS;
    assert_true(check_with_strike(faulty, 0, crumble, &error));
    assert_int_equal(crumbs_left, 0);
    assert_int_equal(found.damages, 1);
    assert_string_equal(found.first.file, log_name);
    assert_in_range(found.first.offset, crumbles_at - CRUMB_STEP, crumbles_at);
    volume_close(faulty);
}

/* ---- a backup that is renewed ---- */

static struct volume *renewed;

static void renew(void)
{
    make_backup(writer, renewed, &(struct backup_options){.is_incremental = true});
}

static void write_and_renew(void)
{
    put(FIRST_TABLE);
    renew();
}

static void a_backup_may_be_renewed_at_any_moment(void **state)
{
    struct volume *backup = fixture_volume();
    struct ssql_error error;
    uint64_t at;

    (void)state;
    writer = fixture_open(copy_of(database), &options);
    renewed = backup;
    renew();
    for (at = 1; at == 1 || strike.number > at - 1; at++) {
        renewed = faulty_copy_of(backup);
        assert_true(check_with_strike(renewed, at, write_and_renew, &error));
        if (found.damages != 0)
            fail_msg("operation %u: %s: %s", (unsigned)at, found.first.file, found.first.text);
        volume_close(renewed);
    }
    assert_true(at > 8);
    /* With nothing new in it: its files stay, its mark does not. */
    renewed = faulty_copy_of(backup);
    assert_true(engine_flush(writer, NULL));
    renew();
    assert_false(check_with_strike(renewed, 0, renew, &error));
    assert_int_equal(error.code, SSQL_IO);
    assert_non_null(strstr(error.message, "the backup changed 20 times while it was being checked"));
    volume_close(renewed);
    volume_close(backup);
    fixture_close(writer);
}

/* ---- an opening that has come to any point ---- */

/* The writer's thread stops before its operation `stops_at`, and goes on when the check is at its own one. */
static struct {
    pthread_t thread;
    pthread_t checker;
    struct volume *volume;
    uint64_t stops_at, number;
    bool has_ended;
    sem_t has_stopped, may_go_on;
} opening;

static void stop_or_strike(void *context)
{
    if (pthread_equal(pthread_self(), opening.checker)) {
        before_operation(context);
    } else if (opening.number++ == opening.stops_at) {
        assert_int_equal(sem_post(&opening.has_stopped), 0);
        assert_int_equal(sem_wait(&opening.may_go_on), 0);
    }
}

static void *open_and_write(void *context)
{
    (void)context;
    writer = fixture_open(opening.volume, &options);
    put(FIRST_TABLE);
    if (opening.number <= opening.stops_at) {
        opening.has_ended = true;
        assert_int_equal(sem_post(&opening.has_stopped), 0);
    }
    return NULL;
}

static void let_it_go_on(void)
{
    assert_int_equal(sem_post(&opening.may_go_on), 0);
    assert_int_equal(pthread_join(opening.thread, NULL), 0);
    opening.thread = opening.checker;
}

/* One table with one row, closed. */
static struct volume *make_small_database(void)
{
    struct volume *volume;

    writer = fixture_open(fixture_volume(), &options);
    assert_int_equal(fixture_create_table(writer), FIRST_TABLE);
    put(FIRST_TABLE);
    assert_true(engine_flush(writer, NULL));
    volume = copy_of(engine_volume(writer));
    fixture_close(writer);
    return volume;
}

/* Whether the opening came that far. `*has_struck`: the check came to operation `at`. */
static bool check_beside_opening(struct volume *small, uint64_t stops_at, uint64_t at, bool *has_struck)
{
    struct ssql_error error;

    opening.volume = faulty_copy_of(small);
    opening.stops_at = stops_at;
    opening.number = 1;
    opening.has_ended = false;
    opening.checker = pthread_self();
    strike.is_acting = false;
    strike.number = 1;
    strike.at = at;
    strike.act = let_it_go_on;
    volume_faulty_set(opening.volume, &(struct fault_plan){.before = stop_or_strike});
    assert_int_equal(pthread_create(&opening.thread, NULL, open_and_write, NULL), 0);
    assert_int_equal(sem_wait(&opening.has_stopped), 0);
    if (!opening.has_ended) {
        assert_true(check(opening.volume, &error));
        if (found.damages != 0)
            fail_msg("opening at %u, check at %u: %s: %s", (unsigned)stops_at, (unsigned)at, found.first.file,
                     found.first.text);
    }
    *has_struck = strike.number > at;
    if (!pthread_equal(opening.thread, opening.checker))
        let_it_go_on();
    while (sem_trywait(&opening.may_go_on) == 0)
        ;
    volume_faulty_set(opening.volume, &(struct fault_plan){0});
    fixture_close(writer);
    return !opening.has_ended;
}

static void an_opening_that_goes_on_meanwhile_is_no_damage(void **state)
{
    struct volume *small = make_small_database();
    bool has_stopped = true;

    (void)state;
    assert_int_equal(sem_init(&opening.has_stopped, 0, 0), 0);
    assert_int_equal(sem_init(&opening.may_go_on, 0, 0), 0);
    for (uint64_t stops_at = 1; has_stopped; stops_at++) {
        bool has_struck = true;
        for (uint64_t at = 1; has_struck && has_stopped; at++)
            has_stopped = check_beside_opening(small, stops_at, at, &has_struck);
    }
    sem_destroy(&opening.has_stopped);
    sem_destroy(&opening.may_go_on);
    volume_close(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_and_segments_that_were_replaced_are_no_damage),
        cmocka_unit_test(a_damaged_file_is_found_while_the_manifest_changes),
        cmocka_unit_test(a_database_that_never_stays_the_same_cannot_be_checked),
        cmocka_unit_test(a_log_that_never_fails_the_same_way_is_read_until_it_does),
        cmocka_unit_test(a_backup_may_be_renewed_at_any_moment),
        cmocka_unit_test(an_opening_that_goes_on_meanwhile_is_no_damage),
    };

    return cmocka_run_group_tests(tests, make_closed_database, drop_database);
}
