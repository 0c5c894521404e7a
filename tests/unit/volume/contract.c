/* What volume.h promises, asked of every implementation alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "volume/volume_directory.h"
#include "volume/volume_faulty.h"
#include "volume/volume_memory.h"

enum implementation { DIRECTORY, MEMORY, FAULTY_MEMORY };

static enum implementation implementation;
static struct volume *volume;
static struct ssql_error error;
static char parent[64];

static int set_up(void **state)
{
    const struct volume_directory_options options = {0};
    char path[96];

    (void)state;
    error_clear(&error);
    strcpy(parent, "/tmp/ssql-volume-XXXXXX");
    assert_non_null(mkdtemp(parent));
    snprintf(path, sizeof path, "%s/db", parent);
    if (implementation == DIRECTORY)
        return volume_directory_open(path, &options, &volume, &error) ? 0 : -1;
    if (!volume_memory_create(&volume, &error))
        return -1;
    return implementation == MEMORY || volume_faulty_create(volume, &volume, &error) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[256];

    (void)state;
    volume_close(volume);
    snprintf(command, sizeof command, "rm -rf '%s'", parent);
    return system(command) == 0 ? 0 : -1;
}

static void write_object(const char *name, const char *text)
{
    struct object_writer *writer;

    assert_int_equal(object_create(volume, name, 0, &writer, &error), VOLUME_OK);
    assert_int_equal(object_append(writer, slice_of(text), &error), VOLUME_OK);
    assert_int_equal(object_finish(writer, &error), VOLUME_OK);
}

static void an_object_reads_as_it_was_written(void **state)
{
    size_t size = 3 * 1024 * 1024 + 17;
    uint8_t *bytes = malloc(size), *back = malloc(size);
    struct object_writer *writer;
    struct object *object;

    (void)state;
    assert_non_null(bytes);
    assert_non_null(back);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 4099);
    assert_int_equal(object_create(volume, "tables/7/sst-1", size + 100000, &writer, &error), VOLUME_OK);
    for (size_t from = 0, piece = 1; from < size; from += piece, piece = piece * 3 + 1) {
        if (piece > size - from)
            piece = size - from;
        assert_int_equal(object_append(writer, slice_make(bytes + from, piece), &error), VOLUME_OK);
    }
    assert_int_equal(object_finish(writer, &error), VOLUME_OK);
    assert_int_equal(object_open(volume, "tables/7/sst-1", size, &object, &error), VOLUME_OK);
    assert_string_equal(object_name(object), "tables/7/sst-1");
    const struct object_range ranges[] = {{0, back, 1000}, {1000, back + 1000, size - 1000}, {5, back, 0}};
    assert_int_equal(object_read(object, ranges, 3, &error), VOLUME_OK);
    assert_memory_equal(bytes, back, size);
    const struct object_range beyond = {size - 10, back, 11};
    assert_int_equal(object_read(object, &beyond, 1, &error), VOLUME_CORRUPT);
    assert_int_equal(error.code, SSQL_CORRUPT);
    assert_non_null(strstr(error.message, "tables/7/sst-1"));
    const struct object_range behind = {size + 1, back, 1};
    assert_int_equal(object_read(object, &behind, 1, &error), VOLUME_CORRUPT);
    object_close(object);
    free(bytes);
    free(back);
}

static void an_unfinished_object_is_not_there(void **state)
{
    struct object_writer *writer;
    struct object *object;

    (void)state;
    assert_int_equal(object_create(volume, "tables/1/a", 0, &writer, &error), VOLUME_OK);
    assert_int_equal(object_append(writer, slice_of("half"), &error), VOLUME_OK);
    assert_int_equal(object_open(volume, "tables/1/a", 4, &object, &error), VOLUME_NOT_FOUND);
    object_abandon(writer);
    object_abandon(NULL);
    assert_int_equal(object_open(volume, "tables/1/a", 4, &object, &error), VOLUME_NOT_FOUND);
    assert_int_equal(error.code, SSQL_CANNOT_OPEN);
}

static void an_object_of_another_size_is_corrupt(void **state)
{
    struct object *object;

    (void)state;
    write_object("tables/1/a", "hello");
    assert_int_equal(object_open(volume, "tables/1/a", 6, &object, &error), VOLUME_CORRUPT);
    assert_int_equal(object_open(volume, "tables/1/a", 4, &object, &error), VOLUME_CORRUPT);
    assert_null(object);
}

static void a_name_is_not_used_twice(void **state)
{
    struct object_writer *writer;

    (void)state;
    write_object("tables/1/a", "hello");
    assert_int_equal(object_create(volume, "tables/1/a", 0, &writer, &error), VOLUME_EXISTS);
    assert_int_equal(error.code, SSQL_INTERNAL);
}

static void a_deleted_object_stays_readable_while_open(void **state)
{
    struct object *object;
    uint8_t bytes[5];
    const struct object_range range = {0, bytes, 5};

    (void)state;
    write_object("tables/1/a", "hello");
    assert_int_equal(object_open(volume, "tables/1/a", 5, &object, &error), VOLUME_OK);
    assert_int_equal(object_delete(volume, "tables/1/a", &error), VOLUME_OK);
    assert_int_equal(object_delete(volume, "tables/1/a", &error), VOLUME_OK);
    assert_int_equal(object_read(object, &range, 1, &error), VOLUME_OK);
    assert_memory_equal(bytes, "hello", 5);
    object_close(object);
    assert_int_equal(object_open(volume, "tables/1/a", 5, &object, &error), VOLUME_NOT_FOUND);
}

static void names_that_leave_the_volume_are_refused(void **state)
{
    char too_long[VOLUME_NAME_SIZE + 1] = "a/";
    const char *names[] = {"../a/b",     "tables/../../x", "/etc/passwd",  "a//b", "a/",  "",    "tables/A",
                           "tables/a b", "a/.b",           "no-directory", "a/{",  "a/:", "a/!", too_long};
    struct object *object;
    struct log_reader *reader;
    struct buffer value = {0};
    uint64_t version;

    (void)state;
    memset(too_long + 2, 'a', VOLUME_NAME_SIZE - 2);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(object_open(volume, names[i], 1, &object, &error), VOLUME_CORRUPT);
        assert_int_equal(log_open_reader(volume, names[i], &reader, &error), VOLUME_CORRUPT);
        assert_int_equal(object_delete(volume, names[i], &error), VOLUME_CORRUPT);
        assert_int_equal(log_delete(volume, names[i], &error), VOLUME_CORRUPT);
    }
    assert_int_equal(register_read(volume, "a/b", &value, &version, &error), VOLUME_CORRUPT);
    write_object("tables/_1/a-b.c", "hello");
}

static void what_is_no_log_and_no_object_is_not_found_as_one(void **state)
{
    struct object *object;

    (void)state;
    write_object("tables/1/a", "hello");
    assert_int_equal(log_seal(volume, "wal/1-1", 0, &error), VOLUME_NOT_FOUND);
    assert_int_equal(object_open(volume, "tables/1", 4096, &object, &error),
                     implementation == DIRECTORY ? VOLUME_CORRUPT : VOLUME_NOT_FOUND);
}

static void closing_nothing_is_no_mistake(void **state)
{
    (void)state;
    object_close(NULL);
    log_close(NULL);
    log_close_reader(NULL);
    scratch_close(NULL);
    volume_close(NULL);
}

static void objects_of_a_volume_in_memory_are_copied(void **state)
{
    bool is_linked = true;

    (void)state;
    write_object("tables/1/a", "hello");
    struct volume *memory;
    assert_true(volume_memory_create(&memory, &error));
    assert_int_equal(object_link(volume, "tables/1/a", 5, memory, &is_linked, &error), VOLUME_OK);
    assert_false(is_linked);
    assert_int_equal(object_link(volume, "a/", 5, memory, &is_linked, &error), VOLUME_CORRUPT);
    volume_close(memory);
}

static void a_log_is_readable_while_it_grows(void **state)
{
    struct volume_log *log;
    struct log_reader *reader;
    uint8_t bytes[64];
    size_t got;

    (void)state;
    assert_int_equal(log_create(volume, "wal/1-1", 100000, NULL, &log, &error), VOLUME_OK);
    assert_int_equal(log_size(log), 0);
    assert_int_equal(log_append(log, slice_of("first"), &error), VOLUME_OK);
    assert_int_equal(log_open_reader(volume, "wal/1-1", &reader, &error), VOLUME_OK);
    assert_int_equal(log_append(log, slice_of("second"), &error), VOLUME_OK);
    assert_int_equal(log_sync(log, &error), VOLUME_OK);
    assert_int_equal(log_size(log), 11);
    assert_int_equal(log_read(reader, 3, bytes, 8, &got, &error), VOLUME_OK);
    assert_int_equal(got, 8);
    assert_memory_equal(bytes, "stsecond", 8);
    log_close(log);
    assert_int_equal(log_read(reader, 3, bytes, 64, &got, &error), VOLUME_OK);
    assert_int_equal(got, 8); /* closing has given back the rest */
    assert_int_equal(log_seal(volume, "wal/1-1", 11, &error), VOLUME_OK);
    assert_int_equal(log_seal(volume, "wal/1-1", 12, &error), VOLUME_CORRUPT);
    log_close_reader(reader);
    assert_int_equal(log_delete(volume, "wal/1-1", &error), VOLUME_OK);
    assert_int_equal(log_delete(volume, "wal/1-1", &error), VOLUME_OK);
    assert_int_equal(log_open_reader(volume, "wal/1-1", &reader, &error), VOLUME_NOT_FOUND);
}

static void a_recycled_log_is_gone_and_the_new_one_begins_at_zero(void **state)
{
    struct volume_log *log;
    struct log_reader *reader;
    uint8_t bytes[8];
    size_t got;

    (void)state;
    assert_int_equal(log_create(volume, "wal/1-1", 4096, NULL, &log, &error), VOLUME_OK);
    assert_int_equal(log_append(log, slice_of("old bytes"), &error), VOLUME_OK);
    log_close(log);
    assert_int_equal(log_create(volume, "wal/1-2", 8192, "wal/1-1", &log, &error), VOLUME_OK);
    assert_int_equal(log_size(log), 0);
    assert_int_equal(log_append(log, slice_of("new"), &error), VOLUME_OK);
    assert_int_equal(log_open_reader(volume, "wal/1-1", &reader, &error), VOLUME_NOT_FOUND);
    assert_int_equal(log_open_reader(volume, "wal/1-2", &reader, &error), VOLUME_OK);
    assert_int_equal(log_read(reader, 0, bytes, 3, &got, &error), VOLUME_OK);
    assert_memory_equal(bytes, "new", 3);
    log_close_reader(reader);
    log_close(log);
    assert_int_equal(log_create(volume, "wal/1-3", 4096, "wal/1-1", &log, &error), VOLUME_OK); /* nothing to recycle */
    log_close(log);
    assert_int_equal(log_create(volume, "wal/1-3", 4096, NULL, &log, &error), VOLUME_EXISTS);
}

static void a_register_is_replaced_only_by_who_knows_its_version(void **state)
{
    struct buffer value = {0};
    uint64_t version = 77, other = 0;

    (void)state;
    assert_int_equal(register_read(volume, "manifest", &value, &version, &error), VOLUME_OK);
    assert_int_equal(version, 0);
    assert_int_equal(value.size, 0);
    assert_int_equal(register_swap(volume, "manifest", &version, slice_of("one"), &error), VOLUME_OK);
    assert_int_equal(version, 1);
    assert_int_equal(register_swap(volume, "manifest", &other, slice_of("two"), &error), VOLUME_CONFLICT);
    assert_int_equal(other, 0);
    assert_int_equal(register_swap(volume, "manifest", &version, slice_of("three"), &error), VOLUME_OK);
    buffer_append_text(&value, "<");
    assert_int_equal(register_read(volume, "manifest", &value, &other, &error), VOLUME_OK);
    assert_int_equal(other, version);
    assert_int_equal(value.size, 6);
    assert_memory_equal(value.data, "<three", 6);
    buffer_clear(&value);
}

static void a_register_takes_a_megabyte_and_no_more(void **state)
{
    uint8_t *bytes = calloc(1, REGISTER_LARGEST + 1);
    struct buffer value = {0};
    uint64_t version = 0;

    (void)state;
    assert_non_null(bytes);
    assert_int_equal(register_swap(volume, "manifest", &version, slice_make(bytes, REGISTER_LARGEST), &error),
                     VOLUME_OK);
    assert_int_equal(register_swap(volume, "manifest", &version, slice_make(bytes, REGISTER_LARGEST + 1), &error),
                     VOLUME_UNAVAILABLE);
    assert_int_equal(error.code, SSQL_TOO_LARGE);
    assert_int_equal(register_read(volume, "manifest", &value, &version, &error), VOLUME_OK);
    assert_int_equal(value.size, REGISTER_LARGEST);
    buffer_clear(&value);
    free(bytes);
}

static void scratch_reads_what_was_appended(void **state)
{
    struct scratch *scratch;
    uint8_t bytes[6];

    (void)state;
    assert_int_equal(scratch_create(volume, &scratch, &error), VOLUME_OK);
    assert_int_equal(scratch_append(scratch, slice_of("spill"), &error), VOLUME_OK);
    assert_int_equal(scratch_append(scratch, slice_of("ed"), &error), VOLUME_OK);
    assert_int_equal(scratch_size(scratch), 7);
    assert_int_equal(scratch_read(scratch, 1, bytes, 6, &error), VOLUME_OK);
    assert_memory_equal(bytes, "pilled", 6);
    assert_int_not_equal(scratch_read(scratch, 2, bytes, 6, &error), VOLUME_OK);
    scratch_close(scratch);
}

struct listed {
    size_t count;
    uint64_t bytes;
};

static bool count_and_delete(void *context, const char *name, uint64_t size)
{
    struct listed *listed = context;

    listed->count++;
    listed->bytes += size;
    return object_delete(volume, name, &error) == VOLUME_OK;
}

static void listing_shows_objects_and_logs_and_lets_them_be_deleted(void **state)
{
    struct listed listed = {0};
    struct volume_log *log;
    uint64_t version = 0;

    (void)state;
    assert_int_equal(volume_list(volume, count_and_delete, &listed, &error), VOLUME_OK);
    assert_int_equal(listed.count, 0);
    write_object("tables/1/a", "12345");
    write_object("tables/22/b", "123");
    assert_int_equal(log_create(volume, "wal/1-1", 0, NULL, &log, &error), VOLUME_OK);
    assert_int_equal(log_append(log, slice_of("12"), &error), VOLUME_OK);
    log_close(log);
    assert_int_equal(register_swap(volume, "manifest", &version, slice_of("m"), &error), VOLUME_OK);
    assert_int_equal(volume_list(volume, count_and_delete, &listed, &error), VOLUME_OK);
    assert_int_equal(listed.count, 3);
    assert_int_equal(listed.bytes, 10);
    assert_int_equal(volume_list(volume, count_and_delete, &listed, &error), VOLUME_OK);
    assert_int_equal(listed.count, 3);
}

int main(void)
{
    static const char *names[] = {"directory", "memory", "faulty"};
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(an_object_reads_as_it_was_written),
        TEST(an_unfinished_object_is_not_there),
        TEST(an_object_of_another_size_is_corrupt),
        TEST(a_name_is_not_used_twice),
        TEST(a_deleted_object_stays_readable_while_open),
        TEST(names_that_leave_the_volume_are_refused),
        TEST(what_is_no_log_and_no_object_is_not_found_as_one),
        TEST(closing_nothing_is_no_mistake),
        TEST(objects_of_a_volume_in_memory_are_copied),
        TEST(a_log_is_readable_while_it_grows),
        TEST(a_recycled_log_is_gone_and_the_new_one_begins_at_zero),
        TEST(a_register_is_replaced_only_by_who_knows_its_version),
        TEST(a_register_takes_a_megabyte_and_no_more),
        TEST(scratch_reads_what_was_appended),
        TEST(listing_shows_objects_and_logs_and_lets_them_be_deleted),
    };
    int failed = 0;

    for (implementation = DIRECTORY; implementation <= FAULTY_MEMORY; implementation++)
        failed += cmocka_run_group_tests_name(names[implementation], tests, NULL, NULL);
    return failed;
}
