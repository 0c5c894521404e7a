/* volume_check finds whatever is done to a database's bytes and files, and nothing in a healthy one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/check.h"
#include "storage/manifest.h"
#include "support/engine_fixture.h"
#include "volume/volume_directory.h"

enum { FILES_MOST = 64, FIRST_TABLE = 16, SECOND_TABLE = 17 };

/* ---- a database taken apart into its files ---- */

struct stored {
    char name[VOLUME_NAME_SIZE];
    struct buffer bytes;
};

static struct stored stored[FILES_MOST];
static size_t stored_count;

static struct stored *add_stored(const char *name)
{
    assert_true(stored_count < FILES_MOST);
    struct stored *file = &stored[stored_count++];
    memset(file, 0, sizeof *file);
    snprintf(file->name, sizeof file->name, "%s", name);
    return file;
}

static struct stored *find_stored(const char *begin, size_t which)
{
    for (size_t i = 0; i < stored_count; i++)
        if (strncmp(stored[i].name, begin, strlen(begin)) == 0 && which-- == 0)
            return &stored[i];
    fail_msg("there is no file \"%s…\"", begin);
    return NULL;
}

static void drop_stored(void)
{
    while (stored_count > 0)
        buffer_clear(&stored[--stored_count].bytes);
}

static bool is_log(const char *name)
{
    return strncmp(name, "wal/", 4) == 0;
}

static bool take_apart(void *context, const char *name, uint64_t size)
{
    struct volume *volume = context;
    struct stored *file = add_stored(name);
    uint8_t *to = buffer_reserve(&file->bytes, size + 1);
    size_t got = size;

    assert_non_null(to);
    if (is_log(name)) {
        struct log_reader *reader;
        assert_int_equal(log_open_reader(volume, name, &reader, NULL), VOLUME_OK);
        assert_int_equal(log_read(reader, 0, to, size, &got, NULL), VOLUME_OK);
        log_close_reader(reader);
    } else {
        struct object *object;
        struct object_range range = {.data = to, .size = size};
        assert_int_equal(object_open(volume, name, size, &object, NULL), VOLUME_OK);
        assert_int_equal(object_read(object, &range, 1, NULL), VOLUME_OK);
        object_close(object);
    }
    assert_int_equal(got, size);
    file->bytes.size = size;
    return true;
}

static void put_object(struct volume *volume, const struct stored *file)
{
    struct object_writer *writer;

    assert_int_equal(object_create(volume, file->name, 0, &writer, NULL), VOLUME_OK);
    assert_int_equal(object_append(writer, buffer_slice(&file->bytes), NULL), VOLUME_OK);
    assert_int_equal(object_finish(writer, NULL), VOLUME_OK);
}

static void put_log(struct volume *volume, const struct stored *file)
{
    struct volume_log *log;

    assert_int_equal(log_create(volume, file->name, 0, NULL, &log, NULL), VOLUME_OK);
    assert_int_equal(log_append(log, buffer_slice(&file->bytes), NULL), VOLUME_OK);
    assert_int_equal(log_sync(log, NULL), VOLUME_OK);
    log_close(log);
}

/* A volume that holds the files as they are now; one without a name is left out. */
static struct volume *put_together(void)
{
    struct volume *volume = fixture_volume();

    for (size_t i = 0; i < stored_count; i++) {
        uint64_t version = 0;
        if (is_log(stored[i].name))
            put_log(volume, &stored[i]);
        else if (strchr(stored[i].name, '/') != NULL)
            put_object(volume, &stored[i]);
        else if (stored[i].name[0] != '\0')
            assert_int_equal(register_swap(volume, stored[i].name, &version, buffer_slice(&stored[i].bytes), NULL),
                             VOLUME_OK);
    }
    return volume;
}

/* ---- the database ---- */

static char path[64];

static struct volume *open_directory(bool is_read_only)
{
    struct volume_directory_options options = {.read_only = is_read_only};
    struct volume *volume;

    assert_true(volume_directory_open(path, &options, &volume, NULL));
    return volume;
}

static void fill(struct engine *engine, uint32_t table_id, int64_t from, int64_t to)
{
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);

    for (int64_t key = from; key < to; key++)
        fixture_put(transaction, table_id, key, key * 3);
    for (int64_t key = from + 2; key < to; key += 5)
        fixture_delete(transaction, table_id, key);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
}

/* Two tables with files in several levels, and rows that are only in the log, in records of odd sizes. */
static void fill_database(struct engine *engine)
{
    uint32_t first = fixture_create_table(engine), second = fixture_create_table(engine);

    assert_int_equal(first, FIRST_TABLE);
    assert_int_equal(second, SECOND_TABLE);
    fill(engine, first, 0, 20);
    fill(engine, second, 0, 20);
    assert_true(engine_compact(engine, NULL));
    fill(engine, first, 10, 30);
    assert_true(engine_flush(engine, NULL));
    for (int64_t key = 98; key < 104; key++)
        assert_int_equal(fixture_put_one(engine, key % 2 == 0 ? first : second, key, key * key), SSQL_OK);
}

static struct engine_options database_options(void)
{
    struct engine_options options = fixture_options(false);

    options.block_rows = 16;
    return options;
}

static void make_database(void)
{
    struct engine_options options = database_options();

    strcpy(path, "/tmp/ssql_check_XXXXXX");
    assert_non_null(mkdtemp(path));
    struct engine *engine = fixture_open(open_directory(false), &options);
    fill_database(engine);
    fixture_close(engine);
}

static int set_up(void **state)
{
    (void)state;
    make_database();
    struct volume *volume = open_directory(true);
    uint64_t version;
    assert_int_equal(volume_list(volume, take_apart, volume, NULL), VOLUME_OK);
    struct stored *manifest = add_stored("manifest");
    assert_int_equal(register_read(volume, "manifest", &manifest->bytes, &version, NULL), VOLUME_OK);
    volume_close(volume);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    drop_stored();
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    return system(command);
}

/* ---- checking ---- */

static struct {
    unsigned damages, notices;
    struct check_finding last; /* of either kind */
    struct check_progress progress;
} found;

static bool note(void *context, const struct check_finding *finding)
{
    (void)context;
    if (finding->kind == CHECK_PROGRESS)
        return true;
    found.damages += finding->kind == CHECK_DAMAGE;
    found.notices += finding->kind == CHECK_NOTICE;
    found.last = *finding;
    return true;
}

/* The volume's check: whether it was found to be damaged, or refused. Closes it. */
static bool is_found(struct volume *volume)
{
    struct ssql_error error = {0};

    memset(&found, 0, sizeof found);
    bool is_done = volume_check(volume, note, NULL, &found.progress, &error);
    volume_close(volume);
    if (is_done)
        assert_int_equal(found.damages, found.progress.damage_count);
    else
        assert_int_equal(error.code, SSQL_CANNOT_OPEN);
    return !is_done || found.damages > 0;
}

static void assert_found(const char *file, const char *text)
{
    assert_true(is_found(put_together()));
    assert_string_equal(found.last.file, file);
    if (strstr(found.last.text, text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", found.last.text, text);
}

static void assert_healthy(struct volume *volume)
{
    if (is_found(volume))
        fail_msg("%s: %s", found.last.file, found.last.text);
}

static void a_healthy_database_is_read_to_the_last_byte(void **state)
{
    uint64_t bytes = 0;

    (void)state;
    for (size_t i = 0; i < stored_count; i++)
        if (strcmp(stored[i].name, "manifest") != 0)
            bytes += stored[i].bytes.size;
    assert_healthy(put_together());
    assert_int_equal(found.notices, 0);
    assert_int_equal(found.progress.table_count, 2);
    assert_int_equal(found.progress.file_count, stored_count);
    assert_int_equal(found.progress.byte_count, bytes);
    assert_int_equal(found.progress.byte_total, bytes);
    assert_true(find_stored("wal/", 0)->bytes.size > 300);
    assert_healthy(open_directory(true));
}

static void a_flipped_bit_is_found_in_every_byte_of_every_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < stored_count; i++) {
        for (size_t offset = 0; offset < stored[i].bytes.size; offset++) {
            stored[i].bytes.data[offset] ^= (uint8_t)(1u << offset % 8);
            if (!is_found(put_together()))
                fail_msg("bit %zu of byte %zu of %s", offset % 8, offset, stored[i].name);
            stored[i].bytes.data[offset] ^= (uint8_t)(1u << offset % 8);
        }
    }
}

static void a_flipped_bit_is_found_in_every_byte_of_the_manifests_file(void **state)
{
    char name[128];
    int byte;

    (void)state;
    snprintf(name, sizeof name, "%s/manifest", path);
    FILE *file = fopen(name, "r+b");
    assert_non_null(file);
    setbuf(file, NULL);
    for (long offset = 0; fseek(file, offset, SEEK_SET) == 0 && (byte = fgetc(file)) != EOF; offset++) {
        for (int turn = 0; turn < 2; turn++) {
            assert_int_equal(fseek(file, offset, SEEK_SET), 0);
            assert_int_not_equal(fputc(turn == 0 ? byte ^ 1 << offset % 8 : byte, file), EOF);
            if (turn == 0 && !is_found(open_directory(true)))
                fail_msg("byte %ld of the manifest", offset);
        }
    }
    assert_int_equal(fclose(file), 0);
    assert_healthy(open_directory(true));
}

static void a_file_cut_off_anywhere_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < stored_count; i++) {
        size_t whole = stored[i].bytes.size;
        for (size_t size = 0; size < whole; size += 7) {
            stored[i].bytes.size = size;
            if (!is_found(put_together()))
                fail_msg("%s of %zu bytes", stored[i].name, size);
        }
        stored[i].bytes.size = whole;
    }
}

/* A manifest that says less was written than there is. */
static void numbers_that_contradict_each_other_are_found(void **state)
{
    (void)state;
    struct volume *volume = put_together();
    struct manifest *manifest;
    struct buffer bytes = {0};
    bool used_object;

    assert_true(manifest_load(volume, &manifest, NULL));
    manifest_begin(&bytes, &manifest->header, manifest->runs, manifest->run_count, manifest->table_count);
    for (uint32_t i = 0; i < manifest->table_count; i++) {
        const struct manifest_table *table = &manifest->tables[i];
        manifest_add_table(&bytes, table->id, table->created_sequence, table->flushed_sequence,
                           table->id == FIRST_TABLE ? (struct written_bytes){.compacted = 1} : table->written,
                           table->layout, table->file_count);
        for (uint32_t j = 0; j < table->file_count; j++)
            manifest_add_file(&bytes, table->files[j].level, &table->files[j].info);
    }
    manifest_seal(&bytes);
    assert_int_equal(
        manifest_store(volume, buffer_slice(&bytes), "tables/manifest-9-9", &manifest->version, &used_object, NULL),
        VOLUME_OK);
    buffer_clear(&bytes);
    manifest_destroy(manifest);
    assert_true(is_found(volume));
    assert_string_equal(found.last.file, "manifest");
    assert_int_equal(found.last.table_id, FIRST_TABLE);
    assert_non_null(strstr(found.last.text, "more bytes than were ever written"));
}

static void a_missing_file_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < stored_count; i++) {
        char first = stored[i].name[0];
        if (strcmp(stored[i].name, "manifest") == 0)
            continue;
        stored[i].name[0] = '\0';
        if (!is_found(put_together()))
            fail_msg("the file after the first letter: %s", stored[i].name + 1);
        stored[i].name[0] = first;
    }
    assert_healthy(put_together());
}

static void files_of_two_tables_that_were_exchanged_are_found(void **state)
{
    (void)state;
    struct stored *first = find_stored("tables/16/", 0), *second = find_stored("tables/17/", 0);
    struct buffer bytes = first->bytes;

    first->bytes = second->bytes;
    second->bytes = bytes;
    assert_true(is_found(put_together()));
    assert_true(found.damages >= 2);
    second->bytes = first->bytes;
    first->bytes = bytes;
}

static void a_damaged_block_is_named_with_its_place_and_table(void **state)
{
    (void)state;
    struct stored *file = find_stored("tables/16/", 0);

    file->bytes.data[100] ^= 1;
    assert_found(file->name, "block 0 at offset 16: the checksum of a block is wrong");
    assert_int_equal(found.last.offset, 16);
    assert_int_equal(found.last.table_id, FIRST_TABLE);
    assert_int_equal(found.damages, 1);
    file->bytes.data[100] ^= 1;
}

static void what_comes_after_damage_is_checked_too(void **state)
{
    (void)state;
    struct stored *first = find_stored("tables/16/", 0), *second = find_stored("tables/17/", 0);

    first->bytes.data[100] ^= 1;
    second->bytes.data[second->bytes.size - 1] ^= 1;
    find_stored("wal/", 0)->bytes.data[70] ^= 1;
    assert_true(is_found(put_together()));
    assert_int_equal(found.damages, 3);
    first->bytes.data[100] ^= 1;
    second->bytes.data[second->bytes.size - 1] ^= 1;
    find_stored("wal/", 0)->bytes.data[70] ^= 1;
}

/* The same names, written in another life of the database, of which this one was once a copy. */
static void files_of_another_copy_are_found(void **state)
{
    (void)state;
    struct engine_options options = database_options();
    struct volume *volume = fixture_volume(), *copy;
    struct engine *engine = fixture_open(volume, &options);
    uint32_t first = fixture_create_table(engine), second = fixture_create_table(engine);

    fill(engine, first, 100, 120);
    fill(engine, second, 100, 120);
    assert_true(engine_compact(engine, NULL));
    fill(engine, first, 110, 130);
    assert_true(engine_flush(engine, NULL));
    assert_true(volume_memory_crash(volume, UINT64_MAX, &copy, NULL));
    fixture_close(engine);
    struct stored *file = find_stored("tables/16/", 0);
    struct buffer bytes = file->bytes;
    size_t count = stored_count;
    file->bytes = (struct buffer){0};
    assert_int_equal(volume_list(copy, take_apart, copy, NULL), VOLUME_OK);
    volume_close(copy);
    bool is_there = false;
    while (stored_count > count) {
        struct stored *other = &stored[--stored_count];
        if (strcmp(other->name, file->name) == 0) {
            is_there = true;
            buffer_append(&file->bytes, other->bytes.data, other->bytes.size);
        }
        buffer_clear(&other->bytes);
    }
    assert_true(is_there);
    assert_true(is_found(put_together()));
    assert_string_equal(found.last.file, file->name);
    buffer_clear(&file->bytes);
    file->bytes = bytes;
}

static void an_older_manifest_is_found(void **state)
{
    (void)state;
    struct stored *later = add_stored("tables/16/sst-9-99");

    assert_found("manifest", "it is older than files that are there");
    /* An empty log is what an opening leaves that came no further. */
    snprintf(later->name, sizeof later->name, "wal/9-99");
    assert_healthy(put_together());
    assert_int_equal(found.notices, 1);
    stored_count--;
}

static void a_file_that_nothing_names_is_a_notice(void **state)
{
    (void)state;
    const char *names[] = {"tables/16/sst-1-9999", "tables/manifest-1-9999", "tables/16/sst-1-9999.part"};

    for (size_t i = 0; i < 3; i++) {
        add_stored(names[i]);
        assert_healthy(put_together());
        assert_int_equal(found.notices, 1);
        assert_string_equal(found.last.file, names[i]);
        stored_count--;
    }
}

static void a_database_of_a_killed_process_is_healthy(void **state)
{
    (void)state;
    for (int is_tiny = 0; is_tiny < 2; is_tiny++) {
        struct engine_options options = fixture_options(is_tiny);
        struct volume *volume = fixture_volume(), *after;
        struct engine *engine = fixture_open(volume, &options);
        fill_database(engine);
        for (uint64_t seed = 0; seed < 20; seed++) {
            assert_int_equal(fixture_put_one(engine, FIRST_TABLE, 1000 + (int64_t)seed, 1), SSQL_OK);
            assert_true(volume_memory_crash(volume, seed == 0 ? UINT64_MAX : seed, &after, NULL));
            assert_healthy(after);
        }
        fixture_close(engine);
    }
}

static void a_database_at_work_is_healthy(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(true);
    struct engine *engine = fixture_open(open_directory(false), &options);

    for (int64_t round = 0; round < 10; round++) {
        fill(engine, FIRST_TABLE, round * 50, round * 50 + 300);
        assert_healthy(open_directory(true));
    }
    assert_true(engine_compact(engine, NULL));
    assert_healthy(open_directory(true));
    fixture_close(engine);
    assert_healthy(open_directory(true));
}

/* Drops a file below the check, as a writer's compaction does. */
struct compacting {
    struct engine *engine;
    bool is_done;
};

static bool compact_once(void *context, const struct check_finding *finding)
{
    struct compacting *compacting = context;

    if (!compacting->is_done && finding->table_id == FIRST_TABLE) {
        compacting->is_done = true;
        assert_true(engine_compact(compacting->engine, NULL));
    }
    return note(NULL, finding);
}

static void a_writer_may_replace_files_meanwhile(void **state)
{
    (void)state;
    struct engine_options options = fixture_options(true);
    struct compacting compacting = {.engine = fixture_open(open_directory(false), &options)};

    fill(compacting.engine, FIRST_TABLE, 0, 2000);
    assert_true(engine_flush(compacting.engine, NULL));
    fill(compacting.engine, FIRST_TABLE, 0, 500);
    fill(compacting.engine, SECOND_TABLE, 0, 500);
    struct volume *volume = open_directory(true);
    struct ssql_error error;
    memset(&found, 0, sizeof found);
    assert_true(volume_check(volume, compact_once, &compacting, &found.progress, &error));
    assert_true(compacting.is_done);
    if (found.damages > 0)
        fail_msg("%s: %s", found.last.file, found.last.text);
    volume_close(volume);
    fixture_close(compacting.engine);
}

static bool stop(void *context, const struct check_finding *finding)
{
    (void)context;
    (void)finding;
    return false;
}

static void a_callback_can_stop_it(void **state)
{
    (void)state;
    struct volume *volume = put_together();
    struct check_progress progress;
    struct ssql_error error;

    assert_false(volume_check(volume, stop, NULL, &progress, &error));
    assert_int_equal(error.code, SSQL_INTERRUPTED);
    assert_int_equal(progress.damage_count, 0);
    volume_close(volume);
}

static void what_cannot_be_read_is_damage(void **state)
{
    (void)state;
    struct fault_plan plan = {.keep_failing = true, .status = VOLUME_UNAVAILABLE};
    struct volume *volume;

    for (plan.fail_at = 1;; plan.fail_at++) {
        assert_true(volume_faulty_create(put_together(), &volume, NULL));
        volume_faulty_set(volume, &plan);
        if (!is_found(volume))
            break;
        assert_true(plan.fail_at < 1000);
    }
    assert_true(plan.fail_at > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_healthy_database_is_read_to_the_last_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flipped_bit_is_found_in_every_byte_of_every_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flipped_bit_is_found_in_every_byte_of_the_manifests_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_cut_off_anywhere_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_that_contradict_each_other_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_file_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_of_two_tables_that_were_exchanged_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_block_is_named_with_its_place_and_table, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_comes_after_damage_is_checked_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_of_another_copy_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_older_manifest_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_nothing_names_is_a_notice, set_up, tear_down),
        cmocka_unit_test(a_database_of_a_killed_process_is_healthy),
        cmocka_unit_test_setup_teardown(a_database_at_work_is_healthy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_writer_may_replace_files_meanwhile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_callback_can_stop_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_damage, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
