/* A manifest whose checksums are right and that says what is not so: a check compares all that is said twice, whatever
 * its callback does, and whatever a writer does beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "storage/backup_mark.h"
#include "storage/check_internal.h"
#include "support/backup_fixture.h"

static struct volume *database; /* closed */

static struct volume *copy_of(struct volume *volume)
{
    struct volume *copy;

    assert_true(volume_memory_crash(volume, UINT64_MAX, &copy, NULL));
    return copy;
}

/* Two tables, the first with files at level 0 and below it. */
static int make_closed_database(void **state)
{
    struct engine_options options = fixture_options(true), roomy = fixture_options(false);
    struct volume *volume = fixture_volume(), *copy;

    (void)state;
    struct engine *engine = fixture_open(volume, &options);
    assert_int_equal(fixture_create_table(engine), FIRST_TABLE);
    assert_int_equal(fixture_create_table(engine), SECOND_TABLE);
    write_some(engine, 0);
    assert_true(engine_flush(engine, NULL) && engine_compact(engine, NULL));
    copy = copy_of(volume);
    fixture_close(engine);
    roomy.level0_files = 100;
    engine = fixture_open(copy, &roomy);
    for (int64_t i = 0; i < 3; i++) {
        assert_int_equal(fixture_put_one(engine, FIRST_TABLE, i, i), SSQL_OK);
        assert_true(engine_flush(engine, NULL));
    }
    volume = copy_of(copy);
    fixture_close(engine);
    engine = fixture_open(volume, &roomy);
    assert_int_equal(fixture_put_one(engine, SECOND_TABLE, 1, 1), SSQL_OK);
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

/* ---- changing what the manifest says ---- */

static void store(struct volume *volume, struct slice bytes)
{
    struct buffer before = {0};
    uint64_t version;

    assert_int_equal(register_read(volume, "manifest", &before, &version, NULL), VOLUME_OK);
    assert_int_equal(register_swap(volume, "manifest", &version, bytes, NULL), VOLUME_OK);
    buffer_clear(&before);
}

typedef void change(struct manifest *manifest);

static struct volume *database_that_says(change *make)
{
    struct volume *volume = copy_of(database);
    struct manifest *manifest;
    struct buffer bytes = {0};

    assert_true(manifest_load(volume, &manifest, NULL));
    make(manifest);
    fixture_encode_manifest(manifest, &bytes);
    store(volume, buffer_slice(&bytes));
    buffer_clear(&bytes);
    manifest_destroy(manifest);
    return volume;
}

static struct {
    char texts[8192];
    unsigned damages, findings;
    unsigned stop_at; /* that finding ends the check; 0: none */
} found;

static bool note(void *context, const struct check_finding *finding)
{
    size_t used = strlen(found.texts);

    (void)context;
    found.findings++;
    found.damages += finding->kind == CHECK_DAMAGE;
    if (finding->kind == CHECK_DAMAGE)
        snprintf(found.texts + used, sizeof found.texts - used, "%s: %s\n", finding->file, finding->text);
    return found.findings != found.stop_at;
}

static bool check(struct volume *volume, unsigned stop_at, struct ssql_error *error)
{
    struct check_progress progress;

    memset(&found, 0, sizeof found);
    found.stop_at = stop_at;
    return volume_check(volume, note, NULL, &progress, error);
}

static void expect(change *make, const char *text)
{
    struct volume *volume = database_that_says(make);
    struct ssql_error error = {0};

    assert_true(check(volume, 0, &error));
    if (strstr(found.texts, text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", found.texts, text);
    /* Whoever has heard enough is heard. */
    for (unsigned n = found.findings; n > 0; n--) {
        assert_false(check(volume, n, &error));
        assert_int_equal(error.code, SSQL_INTERRUPTED);
        assert_int_equal(found.findings, n);
    }
    assert_false(check(volume, 1, NULL));
    volume_close(volume);
}

static void say_the_truth(struct manifest *manifest)
{
    assert_int_equal(manifest->table_count, 2);
    assert_int_equal(manifest->tables[0].files[0].level, 0);
    assert_int_equal(manifest->tables[0].files[1].level, 0);
    assert_true(manifest->tables[0].file_count > 3);
    assert_true(manifest->tables[1].file_count > 0);
}

static void what_is_so_is_no_damage(void **state)
{
    struct volume *volume = database_that_says(say_the_truth);

    (void)state;
    assert_true(check(volume, 0, NULL));
    if (found.damages != 0)
        fail_msg("%s", found.texts);
    volume_close(volume);
}

/* ---- what it says of files ---- */

static struct sstable_info *first_file(struct manifest *manifest)
{
    return &manifest->tables[0].files[0].info;
}

static struct sstable_info *last_file(struct manifest *manifest)
{
    return &manifest->tables[0].files[manifest->tables[0].file_count - 1].info;
}

static void lower_first_key(struct manifest *manifest)
{
    first_file(manifest)->first_key.data[0]--;
}

static void raise_last_key(struct manifest *manifest)
{
    last_file(manifest)->last_key.data[0]++;
}

static void lower_lowest_sequence(struct manifest *manifest)
{
    first_file(manifest)->lowest_sequence--;
}

static void raise_highest_sequence(struct manifest *manifest)
{
    first_file(manifest)->highest_sequence++;
}

static void lower_epoch(struct manifest *manifest)
{
    manifest->header.epoch = 0;
    manifest->run_count = 0;
}

static void lower_file_number(struct manifest *manifest)
{
    manifest->header.next_file_number = 1;
}

static void lower_last_sequence(struct manifest *manifest)
{
    manifest->header.last_sequence = 1;
}

static void exchange_newest_files(struct manifest *manifest)
{
    struct manifest_file *files = manifest->tables[0].files, first = files[0];

    files[0] = files[1];
    files[1] = first;
}

static void name_a_file_twice(struct manifest *manifest)
{
    strcpy(manifest->tables[0].files[1].info.name, first_file(manifest)->name);
}

static void exchange_files_of_tables(struct manifest *manifest)
{
    struct manifest_table *second = &manifest->tables[1];
    struct sstable_info first = *first_file(manifest);

    for (uint32_t i = 1; i < second->file_count; i++)
        sstable_info_clear(&second->files[i].info);
    second->file_count = 1;
    *first_file(manifest) = second->files[0].info;
    second->files[0].info = first;
}

static void files_that_are_not_as_it_says_are_found(void **state)
{
    (void)state;
    expect(lower_first_key, "its first or last key is not what the manifest says");
    expect(raise_last_key, "its first or last key is not what the manifest says");
    expect(lower_lowest_sequence, "its sequence numbers are not what the manifest says");
    expect(raise_highest_sequence, "its sequence numbers are not what the manifest says");
    expect(lower_epoch, "its name has a number that the manifest has not given yet");
    expect(lower_file_number, "its name has a number that the manifest has not given yet");
    expect(lower_last_sequence, "it holds later commits than the manifest knows of");
    expect(exchange_newest_files, "it is newer than the file before it in level 0");
    expect(name_a_file_twice, "the manifest names it twice");
    expect(exchange_files_of_tables, "a file with the name of another's");
}

/* A file may have any name; one that no table gives is not of the table. */
static void a_file_with_a_name_that_is_never_given_is_found(void **state)
{
    static const char odd[] = "tables/17/sst-odd";
    struct volume *volume = copy_of(database);
    const struct table_layout layout = fixture_layout();
    const struct sstable_writer_options options = {.block_rows = 8, .block_bytes = 1 << 16, .filter_bits = 10};
    struct manifest *manifest;
    struct row_format *format;
    struct sstable_writer *writer;
    struct value values[FIXTURE_COLUMNS];
    char text[FIXTURE_TEXT_SIZE];
    struct buffer row = {0}, key = {0}, bytes = {0};

    (void)state;
    assert_true(manifest_load(volume, &manifest, NULL));
    assert_true(row_format_create(&layout, &format, NULL));
    fixture_row(1, 1, text, values);
    assert_true(row_encode(format, values, &row, NULL) && row_encode_key(format, values, &key, NULL));
    assert_true(sstable_writer_create(volume, odd, format, &options, &writer, NULL));
    assert_true(sstable_writer_add(writer, buffer_slice(&key), buffer_slice(&row), 1, NULL));
    struct manifest_table *table = &manifest->tables[1];
    for (uint32_t i = 0; i < table->file_count; i++)
        sstable_info_clear(&table->files[i].info);
    table->file_count = 1;
    assert_true(sstable_writer_finish(writer, &table->files[0].info, NULL));
    fixture_encode_manifest(manifest, &bytes);
    store(volume, buffer_slice(&bytes));
    assert_true(check(volume, 0, NULL));
    assert_non_null(strstr(found.texts, "a file with the name of another's"));
    buffer_clear(&bytes);
    buffer_clear(&row);
    buffer_clear(&key);
    row_format_destroy(format);
    manifest_destroy(manifest);
    volume_close(volume);
}

/* ---- what it says of tables and of the log ---- */

static void write_less_than_there_is(struct manifest *manifest)
{
    manifest->tables[0].written = (struct written_bytes){0};
}

static void flush_more_than_all(struct manifest *manifest)
{
    manifest->tables[0].written.flushed = manifest->header.written.flushed + 1;
}

static void merge_more_than_all(struct manifest *manifest)
{
    manifest->tables[0].written.compacted = manifest->header.written.compacted + 1;
}

static void numbers_of_bytes_that_contradict_each_other_are_found(void **state)
{
    (void)state;
    expect(write_less_than_there_is, "more bytes than were ever written");
    expect(flush_more_than_all, "more bytes were written to the table than to all tables");
    expect(merge_more_than_all, "more bytes were written to the table than to all tables");
}

/* The runs of the log, in place of its own. */
static struct wal_run said_runs[2];
static uint32_t said_run_count;

static void say_runs(struct manifest *manifest)
{
    free(manifest->runs);
    manifest->runs = calloc(3, sizeof *manifest->runs);
    assert_non_null(manifest->runs);
    memcpy(manifest->runs, said_runs, sizeof said_runs);
    manifest->run_count = said_run_count;
    manifest->header.epoch = 50;
}

static void runs_that_contradict_each_other_are_found(void **state)
{
    static const struct wal_run cases[][2] = {
        {{.epoch = 40, .first_segment = 3}, {.epoch = 41, .first_segment = 9}},
        {{.epoch = 41, .first_segment = 3, .has_end = true, .end_segment = 4}, {.epoch = 41, .first_segment = 9}},
        {{.epoch = 40, .first_segment = 3, .has_end = true, .end_segment = 9}, {.epoch = 41, .first_segment = 9}},
        {{.epoch = 51, .first_segment = 3}},
        {{.epoch = 40, .first_segment = 3, .has_end = true, .end_segment = 2}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memcpy(said_runs, cases[i], sizeof said_runs);
        said_run_count = cases[i][1].epoch == 0 ? 1 : 2;
        expect(say_runs, "the runs of the log contradict each other");
    }
}

/* ---- registers that hold something else ---- */

static void check_register(struct slice value, enum ssql_code code, const char *text)
{
    struct volume *volume = copy_of(database);
    struct ssql_error error = {0};

    store(volume, value);
    bool is_done = check(volume, 0, &error);
    assert_int_equal(is_done, code == SSQL_OK);
    assert_int_equal(error.code, code);
    if (strstr(is_done ? found.texts : error.message, text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", is_done ? found.texts : error.message, text);
    volume_close(volume);
}

static void a_register_that_holds_no_manifest_is_refused_or_damaged(void **state)
{
    struct volume *volume = copy_of(database);
    struct buffer bytes = {0};
    struct object_writer *writer;
    uint64_t version;

    (void)state;
    check_register(slice_of("nothing like it"), SSQL_CANNOT_OPEN, "is not an ssql database");
    assert_int_equal(register_read(volume, "manifest", &bytes, &version, NULL), VOLUME_OK);
    store_u32le(bytes.data + MANIFEST_VERSION_OFFSET, MANIFEST_VERSION + 1);
    check_register(buffer_slice(&bytes), SSQL_CANNOT_OPEN, "newer");
    check_register(slice_of("nothing like it, but as long as the head of one"), SSQL_CANNOT_OPEN, "is not an ssql");
    /* It names an object, which is damaged. */
    assert_int_equal(object_create(database, "tables/manifest-odd", 0, &writer, NULL), VOLUME_OK);
    assert_int_equal(object_append(writer, slice_of("odd"), NULL), VOLUME_OK);
    assert_int_equal(object_finish(writer, NULL), VOLUME_OK);
    buffer_reset(&bytes);
    buffer_append(&bytes, MANIFEST_MAGIC, MANIFEST_MAGIC_SIZE);
    buffer_append_u32le(&bytes, MANIFEST_VERSION);
    buffer_append_u32le(&bytes, MANIFEST_REFERENCE);
    buffer_append_u64le(&bytes, 0);
    buffer_append_u64le(&bytes, 3);
    buffer_append_u32le(&bytes, 19);
    buffer_append_text(&bytes, "tables/manifest-odd");
    store_u64le(
        bytes.data + MANIFEST_CHECKSUM_OFFSET,
        XXH3_64bits_withSeed(bytes.data + MANIFEST_HEADER_SIZE, bytes.size - MANIFEST_HEADER_SIZE, MANIFEST_REFERENCE));
    check_register(buffer_slice(&bytes), SSQL_OK, "is not an ssql database");
    assert_int_equal(object_delete(database, "tables/manifest-odd", NULL), VOLUME_OK);
    buffer_clear(&bytes);
    volume_close(volume);
}

/* The mark of a backup, of which every field is looked at. */
static void a_mark_that_makes_no_sense_is_found(void **state)
{
    enum { MARK_SIZE = 88, CHECKSUM_OFFSET = 80 };
    struct backup_mark mark = {0}, loaded;
    struct volume *volume = fixture_volume();
    struct buffer good = {0};
    struct ssql_error error = {0};
    uint64_t version;

    (void)state;
    assert_true(backup_mark_store(volume, &mark, NULL));
    assert_int_equal(register_read(volume, BACKUP_MARK_NAME, &good, &version, NULL), VOLUME_OK);
    assert_int_equal(good.size, MARK_SIZE);
    for (size_t i = 0; i < MARK_SIZE + 2; i++) {
        uint8_t bytes[MARK_SIZE + 1] = {0};
        size_t size = i < MARK_SIZE ? MARK_SIZE : i == MARK_SIZE ? MARK_SIZE + 1 : 15;
        memcpy(bytes, good.data, MARK_SIZE);
        if (i < MARK_SIZE)
            bytes[i] ^= i == 8 ? 1 : 64; /* version 0 */
        if (i < CHECKSUM_OFFSET)
            store_u64le(bytes + CHECKSUM_OFFSET, XXH3_64bits(bytes, CHECKSUM_OFFSET));
        assert_int_equal(register_swap(volume, BACKUP_MARK_NAME, &version, slice_make(bytes, size), NULL), VOLUME_OK);
        bool is_loaded = backup_mark_load(volume, &loaded, &error);
        assert_int_equal(is_loaded, i >= 16 && i < CHECKSUM_OFFSET);
        if (!is_loaded)
            assert_int_equal(error.code, i > 8 && i < 12 ? SSQL_CANNOT_OPEN : SSQL_CORRUPT);
    }
    struct manifest_header header = {.epoch = 3};
    loaded = (struct backup_mark){.version = 1, .current = {.epoch = 2}, .next = {.epoch = 3}};
    assert_true(backup_mark_covers(&loaded, &header));
    header.database_id[0] = 1; /* another database of that epoch */
    assert_false(backup_mark_covers(&loaded, &header));
    buffer_clear(&good);
    volume_close(volume);
}

/* ---- names and reasons ---- */

static void names_end_in_an_epoch_and_a_number(void **state)
{
    static const struct {
        const char *name;
        bool is_good;
    } cases[] = {
        {"tables/16/sst-3-25", true}, {"wal/3-25", true},  {"3-25", true},     {"tables/16/sst-3-25.part", true},
        {"wal/3-25x", false},         {"wal/3-", false},   {"wal/3-x", false}, {"wal/3", false},
        {"wal/3:25", false},          {"wal/none", false}, {"wal/", false},    {"", false}};
    uint64_t epoch, number;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        epoch = number = 0;
        assert_int_equal(check_name_numbers(cases[i].name, &epoch, &number), cases[i].is_good);
        if (cases[i].is_good)
            assert_true(epoch == 3 && number == 25);
    }
}

static char last_text[ERROR_MESSAGE_SIZE + 64];
static int64_t last_offset;

static bool keep_text(void *context, const struct check_finding *finding)
{
    (void)context;
    snprintf(last_text, sizeof last_text, "%s", finding->text);
    last_offset = finding->offset;
    return true;
}

static void places_and_reasons_are_taken_from_messages(void **state)
{
    static const struct {
        const char *message, *place, *text;
        int64_t offset;
    } cases[] = {
        {"file \"x\" is damaged at offset 25: bad", "", "at offset 25: bad", 25},
        {"file \"x\" is damaged at offset 25: bad", "block 4", "block 4 at offset 25: bad", 25},
        {"file \"x\" is damaged: bad", "block 4", "block 4: bad", -1},
        {"file \"x\" is damaged: bad", "", "bad", -1},
        {"file \"x\" is damaged at offset 25", "", "at offset 25: what stands here makes no sense", 25},
        {"file \"x\" is damaged, or gone", "", "file \"x\" is damaged, or gone", -1},
        {"nothing is there", "", "nothing is there", -1},
    };
    struct check_progress progress = {0};
    struct ssql_error own = {0}, fault = {0};
    struct check state_of_check = {.report = keep_text, .progress = &progress, .error = &own};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        error_set(&fault, SSQL_CORRUPT, NO_SPAN, "%s", cases[i].message);
        assert_true(check_find_fault(&state_of_check, "x", 0, cases[i].place, &fault));
        assert_string_equal(last_text, cases[i].text);
        assert_int_equal(last_offset, cases[i].offset);
    }
    error_set(&fault, SSQL_TOO_MANY_OPEN, NO_SPAN, "too many files are open");
    assert_false(check_find_fault(&state_of_check, "x", 0, "", &fault));
    assert_int_equal(own.code, SSQL_TOO_MANY_OPEN);
}

/* ---- beside a writer ---- */

static struct engine *writer_engine;
static uint64_t calls_left;
static bool is_writing, is_restless;

/* All files of the first table are replaced, and the log goes on. */
static void write_beside(void *context)
{
    (void)context;
    if (is_writing || (!is_restless && calls_left-- != 1))
        return;
    is_writing = true;
    assert_int_equal(fixture_put_one(writer_engine, FIRST_TABLE, 77, 77), SSQL_OK);
    assert_true(engine_flush(writer_engine, NULL));
    assert_true(engine_compact(writer_engine, NULL));
    assert_int_equal(fixture_put_one(writer_engine, SECOND_TABLE, 78, 78), SSQL_OK);
    is_writing = false;
}

static void a_writer_may_replace_everything_at_any_moment(void **state)
{
    struct engine_options options = fixture_options(true);
    struct ssql_error error;

    (void)state;
    is_restless = false;
    for (uint64_t n = 1;; n++) {
        struct volume *volume;
        assert_true(volume_faulty_create(copy_of(database), &volume, NULL));
        writer_engine = fixture_open(volume, &options);
        volume_faulty_set(volume, &(struct fault_plan){.before = write_beside});
        calls_left = n;
        assert_true(check(volume, 0, &error));
        if (found.damages != 0)
            fail_msg("operation %u: %s", (unsigned)n, found.texts);
        bool has_come = calls_left > UINT64_MAX / 2;
        volume_faulty_set(volume, &(struct fault_plan){0});
        fixture_close(writer_engine);
        if (!has_come)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_so_is_no_damage),
        cmocka_unit_test(files_that_are_not_as_it_says_are_found),
        cmocka_unit_test(a_file_with_a_name_that_is_never_given_is_found),
        cmocka_unit_test(numbers_of_bytes_that_contradict_each_other_are_found),
        cmocka_unit_test(runs_that_contradict_each_other_are_found),
        cmocka_unit_test(a_register_that_holds_no_manifest_is_refused_or_damaged),
        cmocka_unit_test(a_mark_that_makes_no_sense_is_found),
        cmocka_unit_test(names_end_in_an_epoch_and_a_number),
        cmocka_unit_test(places_and_reasons_are_taken_from_messages),
        cmocka_unit_test(a_writer_may_replace_everything_at_any_moment),
    };

    return cmocka_run_group_tests(tests, make_closed_database, drop_database);
}
