/* damaged_database.c - every file of a database damaged in several ways, lost, or of a newer format: a clear error or
 * the right rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "database.h"

/* ---- newer formats ---- */

enum { REGISTER_HEADER = 40, REGISTER_CHECKED = 32 }; /* src/volume/volume_directory_register.c */

static void seal_register(uint8_t *file, size_t size)
{
    uint64_t seed = XXH3_64bits("manifest", 8);
    uint64_t head = XXH3_64bits_withSeed(file, REGISTER_CHECKED, seed);
    uint64_t sum = XXH3_64bits_withSeed(file + REGISTER_HEADER, size - REGISTER_HEADER, head);

    memcpy(file + REGISTER_CHECKED, &sum, sizeof sum);
}

static void change_version(const char *path, size_t offset)
{
    char manifest[PATH_SIZE];
    size_t size;

    snprintf(manifest, sizeof manifest, "%s/manifest", path);
    uint8_t *bytes = read_file(manifest, &size);
    assert_int_equal(bytes[offset], 1);
    bytes[offset] = 2;
    seal_register(bytes, size);
    write_file(manifest, bytes, size);
    free(bytes);
}

static void a_newer_format_is_refused_by_name(void **state)
{
    (void)state;
    const char *path = make_database(true);

    change_version(path, REGISTER_HEADER + 8);
    assert_refused(path, SSQL_CANNOT_OPEN, "format 2");
}

static void a_newer_register_is_refused_by_name(void **state)
{
    (void)state;
    const char *path = make_database(true);

    change_version(path, 8);
    assert_refused(path, SSQL_CANNOT_OPEN, "format 2");
}

/* ---- damage ---- */

struct damage {
    const char *what;
    int64_t offset; /* of the flipped byte, in parts of 64 of the file; -1: none */
    int64_t keep;   /* parts of 64 that are kept; -1: all but one byte */
    bool is_removed;
};

static void damage_file(const char *path, const uint8_t *bytes, size_t size, const struct damage *damage)
{
    uint8_t *copy = malloc(size + 1);

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    if (damage->is_removed) {
        assert_int_equal(unlink(path), 0);
    } else if (damage->offset >= 0) {
        size_t place = (size_t)damage->offset * (size - 1) / 63;
        copy[place] ^= 0x10;
        write_file(path, copy, size);
    } else {
        write_file(path, copy, damage->keep < 0 ? size - 1 : size * (size_t)damage->keep / 64);
    }
    free(copy);
}

/* Opens and reads everything. The right rows, or an error that names the file and changes nothing. */
static void assert_noticed(const char *database, const char *path, const struct damage *damage, bool may_be_torn)
{
    const char *name = strrchr(path, '/') + 1;
    uint64_t before = hash_tree(database);
    struct opened opened = open_with(database, "readonly", "on", NULL);
    int64_t count = opened.code == SSQL_OK ? count_rows(&opened) : -1;

    if (opened.db != NULL)
        close_it(&opened);
    assert_true(hash_tree(database) == before);
    if (count == ROWS || (may_be_torn && count == ROWS * 2 / 3))
        return;
    if (count >= 0)
        fail_msg("%s, %s: %lld rows and no error", path, damage->what, (long long)count);
    /* Format numbers are looked at before anything else, so damage there may look like a newer format. */
    bool may_be_newer = !damage->is_removed && strstr(opened.message, "format") != NULL;
    if (opened.code != SSQL_CORRUPT && !(may_be_newer && opened.code == SSQL_CANNOT_OPEN))
        fail_msg("%s, %s: code %d: %s", path, damage->what, opened.code, opened.message);
    if (strstr(opened.message, name) == NULL)
        fail_msg("%s, %s: not named in: %s", path, damage->what, opened.message);
}

static void damage_everything(bool is_clean)
{
    static struct damage damages[64 + 5];
    const char *database = make_database(is_clean);
    size_t damage_count = 0;

    for (int i = 0; i < 64; i++)
        damages[damage_count++] = (struct damage){.what = "a flipped bit", .offset = i, .keep = 64};
    damages[damage_count++] = (struct damage){.what = "empty", .offset = -1, .keep = 0};
    damages[damage_count++] = (struct damage){.what = "a part", .offset = -1, .keep = 7};
    damages[damage_count++] = (struct damage){.what = "half", .offset = -1, .keep = 32};
    damages[damage_count++] = (struct damage){.what = "a byte short", .offset = -1, .keep = -1};
    damages[damage_count++] = (struct damage){.what = "removed", .offset = -1, .is_removed = true};
    hash_tree(database);
    size_t file_count = tree.count;
    assert_true(file_count >= 2); /* the manifest, a table's file, … */
    for (size_t i = 0; i < file_count; i++) {
        char path[256];
        size_t size;
        snprintf(path, sizeof path, "%s", tree.paths[i]);
        bool is_log = strstr(path, "/wal/") != NULL;
        uint8_t *bytes = read_file(path, &size);
        for (size_t j = 0; j < damage_count; j++) {
            damage_file(path, bytes, size, &damages[j]);
            bool has_header = !damages[j].is_removed && damages[j].keep != 0;
            assert_noticed(database, path, &damages[j], is_log && !is_clean && has_header);
            write_file(path, bytes, size);
            hash_tree(database);
        }
        free(bytes);
    }
    struct opened opened = open_with(database, NULL);
    assert_int_equal(opened.code, SSQL_OK);
    assert_int_equal(count_rows(&opened), ROWS);
    assert_int_equal(close_it(&opened), SSQL_OK);
}

static void damage_of_a_closed_database_is_noticed(void **state)
{
    (void)state;
    damage_everything(true);
}

static void a_lost_manifest_does_not_make_room_for_a_new_database(void **state)
{
    (void)state;
    const char *path = make_database(true);
    char manifest[PATH_SIZE];

    snprintf(manifest, sizeof manifest, "%s/manifest", path);
    assert_int_equal(unlink(manifest), 0);
    assert_refused(path, SSQL_CORRUPT, "manifest");
}

/* Here damage at the log's end cannot be told from a torn tail: then its last transaction, whole, is missing. Not so
 * where the segment has lost its header. */
static void damage_of_a_killed_database_is_noticed(void **state)
{
    (void)state;
    damage_everything(false);
}

/* The database's one file whose path has `part`. */
static const char *find_file(const char *database, const char *part)
{
    static char path[256];

    hash_tree(database);
    path[0] = '\0';
    for (size_t i = 0; i < tree.count; i++) {
        if (strstr(tree.paths[i], part) == NULL)
            continue;
        assert_int_equal(path[0], '\0');
        snprintf(path, sizeof path, "%s", tree.paths[i]);
    }
    assert_int_not_equal(path[0], '\0');
    return path;
}

/* A segment of the second epoch of another database. */
static uint8_t *read_other_log(size_t *size)
{
    const char *path = in_folder("other");

    for (int64_t id = 0; id < 2; id++) {
        struct opened opened = id == 0 ? create(path) : open_with(path, NULL);
        assert_int_equal(insert(&opened, id), SSQL_OK);
        assert_int_equal(close_it(&opened), SSQL_OK);
    }
    return read_file(find_file(path, "/wal/2-"), size);
}

static void a_killed_database_misses_its_live_segment(void **state)
{
    (void)state;
    const char *database = make_database(false), *path = find_file(database, "/wal/");
    size_t size, other_size;
    uint8_t *bytes = read_file(path, &size), *other = read_other_log(&other_size);
    const char *name = strrchr(path = find_file(database, "/wal/"), '/') + 1;

    assert_int_equal(unlink(path), 0);
    assert_refused(database, SSQL_CORRUPT, name);
    write_file(path, "", 0);
    assert_refused(database, SSQL_CORRUPT, name);
    write_file(path, other, other_size);
    assert_refused(database, SSQL_CORRUPT, name);
    write_file(path, bytes, size);
    struct opened opened = open_with(database, NULL);
    assert_int_equal(opened.code, SSQL_OK);
    assert_int_equal(count_rows(&opened), ROWS);
    assert_int_equal(close_it(&opened), SSQL_OK);
    free(bytes);
    free(other);
}

/* A killed process that had written files and nothing to the log since it was opened. */
static void a_database_killed_before_its_first_record_opens_again(void **state)
{
    (void)state;
    const char *path = make_database(true);

    for (int round = 0; round < 3; round++) {
        pid_t child = fork();
        if (child == 0) {
            struct opened opened = open_with(path, "background", "off", NULL);
            assert_int_equal(ssql_checkpoint(opened.conn), SSQL_OK);
            _exit(0);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        struct opened opened = open_with(path, "readonly", "on", NULL);
        assert_int_equal(opened.code, SSQL_OK);
        assert_int_equal(count_rows(&opened), ROWS);
        assert_int_equal(close_it(&opened), SSQL_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_newer_format_is_refused_by_name),
        TEST(a_newer_register_is_refused_by_name),
        TEST(damage_of_a_closed_database_is_noticed),
        TEST(a_lost_manifest_does_not_make_room_for_a_new_database),
        TEST(damage_of_a_killed_database_is_noticed),
        TEST(a_killed_database_misses_its_live_segment),
        TEST(a_database_killed_before_its_first_record_opens_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
