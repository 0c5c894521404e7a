/* directory_fixture.h - a directory volume at a path of its own, for tests that look at its files and let system calls
 * fail. Included once in a program, behind cmocka.h. */
#ifndef SSQL_TESTS_UNIT_VOLUME_DIRECTORY_FIXTURE_H
#define SSQL_TESTS_UNIT_VOLUME_DIRECTORY_FIXTURE_H

#include <stdio.h>
#include <string.h>

#include "support/file_tree.h"
#include "volume/failing_system.h"
#include "volume/volume_directory.h"

static char parent[64], path[96];
static struct ssql_error error;
static const struct volume_directory_options for_writing = {0};
static const struct volume_directory_options for_reading = {.read_only = true};

static inline int set_up(void **state)
{
    (void)state;
    error_clear(&error);
    strcpy(parent, "/tmp/ssql-volume-XXXXXX");
    if (mkdtemp(parent) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/db", parent);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    system_recover();
    remove_tree(parent);
    return 0;
}

static inline struct volume *open_with(const struct volume_directory_options *options)
{
    struct volume *volume = NULL;

    if (!volume_directory_open(path, options, &volume, &error))
        assert_null(volume);
    return volume;
}

static inline void write_object(struct volume *volume, const char *name)
{
    struct object_writer *writer;

    assert_int_equal(object_create(volume, name, 0, &writer, &error), VOLUME_OK);
    assert_int_equal(object_append(writer, slice_of("hello"), &error), VOLUME_OK);
    assert_int_equal(object_finish(writer, &error), VOLUME_OK);
}

/* An open database with a manifest and one object of five bytes. */
static inline struct volume *make_database(void)
{
    struct volume *volume = open_with(&for_writing);
    uint64_t version = 0;

    assert_non_null(volume);
    assert_int_equal(register_swap(volume, "manifest", &version, slice_of("value"), &error), VOLUME_OK);
    write_object(volume, "tables/1/a");
    return volume;
}

static inline const char *inside(const char *name)
{
    static char file[512];

    snprintf(file, sizeof file, "%s/%s", path, name);
    return file;
}

static inline void make_file(const char *name, const char *text)
{
    put_file(inside(name), text);
}

static inline bool exists(const char *name)
{
    return access(inside(name), F_OK) == 0;
}

static inline void assert_error(enum ssql_code code, const char *part)
{
    assert_int_equal(error.code, code);
    assert_non_null(strstr(error.message, part));
}

#endif
