/* bad_database.c - paths that are no database, databases that are damaged, locked, newer or out of reach, and a system
 * that runs out of space or files: one clear error, nothing changed, and work goes on once the cause is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <ssql.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { PATH_SIZE = 4096, ROWS = 3000, NOBODY = 65534, ROOM = 2 << 20 };

static char folder[64]; /* of the test that runs */

/* ---- files ---- */

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/ssql-bad-XXXXXX");
    return mkdtemp(folder) == NULL || chmod(folder, 0755) != 0 ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    remove_tree(folder);
    return 0;
}

static const char *in_folder(const char *name)
{
    static char paths[4][PATH_SIZE];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, PATH_SIZE, "%s/%s", folder, name);
    return path;
}

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    struct stat status;

    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &status), 0);
    *size = (size_t)status.st_size;
    uint8_t *bytes = malloc(*size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static bool ends_with(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

/* All files of a tree but the lock, and one number that stands for their names and contents. */
static struct {
    char paths[256][256];
    size_t count;
    uint64_t hash;
} tree;

static int visit(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)walk;
    uint64_t hash = XXH3_64bits(path, strlen(path));
    if (ends_with(path, "/lock")) /* says who opened it last */
        return 0;
    if (kind == FTW_F) {
        size_t size;
        uint8_t *bytes = read_file(path, &size);
        hash = XXH3_64bits_withSeed(bytes, size, hash);
        free(bytes);
        if (tree.count < 256)
            snprintf(tree.paths[tree.count++], sizeof tree.paths[0], "%s", path);
    }
    tree.hash += hash; /* in whatever order they come */
    return 0;
}

static uint64_t hash_tree(const char *path)
{
    tree.count = 0;
    tree.hash = 0;
    assert_int_equal(nftw(path, visit, 16, FTW_PHYS), 0);
    return tree.hash;
}

/* ---- databases ---- */

struct opened {
    ssql_db *db;
    ssql_conn *conn;
    int code;
    char message[600], hint[300];
};

/* Options come as name, value, …, NULL. */
static struct opened open_with(const char *path, ...)
{
    struct opened opened = {0};
    ssql_options *options = NULL;
    va_list list;
    const char *name;

    assert_int_equal(ssql_options_new(&options), SSQL_OK);
    va_start(list, path);
    while ((name = va_arg(list, const char *)) != NULL)
        assert_int_equal(ssql_options_set(options, name, va_arg(list, const char *)), SSQL_OK);
    va_end(list);
    opened.code = ssql_open_with(path, options, &opened.db);
    snprintf(opened.message, sizeof opened.message, "%s", ssql_options_errmsg(options));
    snprintf(opened.hint, sizeof opened.hint, "%s", ssql_options_errhint(options));
    ssql_options_free(options);
    if (opened.code == SSQL_OK)
        assert_int_equal(ssql_connect(opened.db, &opened.conn), SSQL_OK);
    else
        assert_null(opened.db);
    return opened;
}

static int close_it(struct opened *opened)
{
    ssql_disconnect(opened->conn);
    return ssql_close(opened->db);
}

/* Runs statements; keeps code and message. */
static int run(struct opened *opened, const char *text)
{
    opened->code = ssql_exec(opened->conn, text, strlen(text));
    snprintf(opened->message, sizeof opened->message, "%s", ssql_errmsg(opened->conn));
    return opened->code;
}

static void must_run(struct opened *opened, const char *text)
{
    if (run(opened, text) != SSQL_OK)
        fail_msg("%s: %s", text, opened->message);
}

static int insert(struct opened *opened, int64_t id)
{
    char text[200];

    snprintf(text, sizeof text, "insert into t values (%lld, 'row number %lld, not compressible: %016llx')",
             (long long)id, (long long)id, (unsigned long long)XXH3_64bits(&id, sizeof id));
    return run(opened, text);
}

static void insert_rows(struct opened *opened, int64_t from, int64_t to)
{
    must_run(opened, "begin");
    for (int64_t id = from; id < to; id++)
        assert_int_equal(insert(opened, id), SSQL_OK);
    must_run(opened, "commit");
}

/* Number of rows when all of them are right; -1 with code and message when reading fails. */
static int64_t count_rows(struct opened *opened)
{
    static const char text[] = "select id, what from t order by id";
    ssql_stmt *stmt = NULL;
    int64_t count = 0;
    char wanted[40];

    opened->code = ssql_prepare(opened->conn, text, strlen(text), &stmt, NULL);
    if (opened->code == SSQL_OK)
        while ((opened->code = ssql_step(stmt)) == SSQL_ROW) {
            const char *what = ssql_column_string(stmt, 1, NULL);
            assert_int_equal(ssql_column_int(stmt, 0), count);
            snprintf(wanted, sizeof wanted, "row number %lld,", (long long)count++);
            assert_non_null(what);
            assert_memory_equal(what, wanted, strlen(wanted));
        }
    snprintf(opened->message, sizeof opened->message, "%s", ssql_errmsg(opened->conn));
    ssql_finalize(stmt);
    return opened->code == SSQL_DONE ? count : -1;
}

static struct opened create(const char *path)
{
    struct opened opened = open_with(path, "background", "off", NULL);

    assert_int_equal(opened.code, SSQL_OK);
    must_run(&opened, "create table t (id int primary key, what string)");
    return opened;
}

/* Two thirds of the rows in a table's file, the rest in the log alone; closed cleanly, or as a killed process leaves
 * it. */
static const char *make_database(bool is_clean)
{
    const char *path = in_folder("db");
    pid_t child = fork();

    if (child == 0) {
        struct opened opened = create(path);
        insert_rows(&opened, 0, ROWS * 2 / 3);
        assert_int_equal(ssql_checkpoint(opened.conn), SSQL_OK);
        insert_rows(&opened, ROWS * 2 / 3, ROWS);
        if (is_clean)
            close_it(&opened);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return path;
}

static void assert_clear_error(const struct opened *opened, int code)
{
    if (opened->code != code)
        fail_msg("code %d instead of %d: %s", opened->code, code, opened->message);
    assert_int_not_equal(opened->message[0], '\0');
    assert_null(strchr(opened->message, '\n'));
}

/* Opening fails, in the same words for writers and readers, and changes nothing. */
static void assert_refused(const char *path, int code, const char *words)
{
    uint64_t before = hash_tree(folder);

    for (int read_only = 0; read_only < 2; read_only++) {
        struct opened opened = open_with(path, "readonly", read_only ? "on" : "off", NULL);
        assert_clear_error(&opened, code);
        if (strstr(opened.message, words) == NULL)
            fail_msg("no \"%s\" in: %s", words, opened.message);
    }
    assert_true(hash_tree(folder) == before);
}

/* ---- paths that are no database ---- */

static void a_file_is_refused(void **state)
{
    (void)state;
    write_file(in_folder("notes.txt"), "remember the milk\n", 18);
    assert_refused(in_folder("notes.txt"), SSQL_CANNOT_OPEN, "notes.txt");
}

static void a_folder_of_something_else_is_refused(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_folder("photos"), 0755), 0);
    write_file(in_folder("photos/cat.jpg"), "cat", 3);
    assert_refused(in_folder("photos"), SSQL_CANNOT_OPEN, "photos");
}

static void a_manifest_of_something_else_is_refused(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_folder("other"), 0755), 0);
    write_file(in_folder("other/manifest"), "{ \"name\": \"some web application, and not a database\" }\n", 55);
    assert_refused(in_folder("other"), SSQL_CORRUPT, "manifest");
    assert_int_equal(access(in_folder("other/lock"), F_OK), -1);
}

static void a_folder_in_no_folder_is_refused(void **state)
{
    (void)state;
    struct opened opened = open_with(in_folder("no/such/db"), NULL);

    assert_clear_error(&opened, SSQL_CANNOT_OPEN);
    assert_int_equal(access(in_folder("no"), F_OK), -1);
}

static void a_link_to_nothing_is_refused(void **state)
{
    (void)state;
    const char *path = in_folder("link");

    assert_int_equal(symlink("nowhere", path), 0);
    struct opened opened = open_with(path, NULL);
    assert_clear_error(&opened, SSQL_CANNOT_OPEN);
}

static void an_empty_folder_is_a_new_database_unless_one_must_exist(void **state)
{
    (void)state;
    const char *path = in_folder("empty");

    assert_int_equal(mkdir(path, 0755), 0);
    uint64_t before = hash_tree(folder);
    struct opened opened = open_with(path, "must_exist", "on", NULL);
    assert_clear_error(&opened, SSQL_CANNOT_OPEN);
    opened = open_with(path, NULL);
    assert_int_equal(opened.code, SSQL_OK);
    assert_int_equal(close_it(&opened), SSQL_OK);
    assert_true(hash_tree(folder) == before);
    opened = create(path);
    assert_int_equal(close_it(&opened), SSQL_OK);
}

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

/* ---- out of reach ---- */

static void a_locked_database_names_who_has_it(void **state)
{
    (void)state;
    const char *path = make_database(true);
    int ready[2], done[2];
    char byte = 0, wanted[40];

    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(done), 0);
    pid_t child = fork();
    if (child == 0) {
        struct opened opened = open_with(path, NULL);
        close(done[1]);
        bool told = insert(&opened, ROWS) == SSQL_OK && write(ready[1], "", 1) == 1;
        _exit(told && read(done[0], &byte, 1) >= 0 ? 0 : 1);
    }
    close(done[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    uint64_t before = hash_tree(folder);
    struct opened opened = open_with(path, NULL);
    assert_clear_error(&opened, SSQL_LOCKED);
    snprintf(wanted, sizeof wanted, "(pid %d)", (int)child);
    assert_non_null(strstr(opened.message, wanted));
    assert_non_null(strstr(opened.message, "bad_datab"));
    assert_int_not_equal(opened.hint[0], '\0');
    /* Reading beside the writer is what the hint says. */
    opened = open_with(path, "readonly", "on", NULL);
    assert_int_equal(opened.code, SSQL_OK);
    assert_int_equal(count_rows(&opened), ROWS + 1);
    assert_int_equal(run(&opened, "delete from t"), SSQL_READ_ONLY);
    assert_int_equal(close_it(&opened), SSQL_OK);
    assert_true(hash_tree(folder) == before);
    close(done[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(ready[0]);
    close(ready[1]);
}

static void allow(const char *path, bool writing)
{
    hash_tree(path);
    for (size_t i = 0; i < tree.count; i++)
        assert_int_equal(chmod(tree.paths[i], writing ? 0644 : 0444), 0);
    assert_int_equal(chmod(path, writing ? 0755 : 0555), 0);
}

/* Runs in a process of its own: gives up root's right to write everywhere. */
static int use_without_permission(const char *path)
{
    if (getuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
        return 1;
    struct opened opened = open_with(path, NULL);
    if (opened.code == SSQL_OK) {
        insert(&opened, ROWS);
        ssql_disconnect(opened.conn);
        ssql_close(opened.db);
    }
    if (opened.code != SSQL_READ_ONLY || strstr(opened.message, "db") == NULL) {
        fprintf(stderr, "without permission: %d %s\n", opened.code, opened.message);
        return 2;
    }
    opened = open_with(path, "readonly", "on", NULL);
    if (opened.code != SSQL_OK || count_rows(&opened) != ROWS) {
        fprintf(stderr, "without permission, read-only: %d %s\n", opened.code, opened.message);
        return 3;
    }
    return close_it(&opened) == SSQL_OK ? 0 : 4;
}

static void a_database_without_permission_is_read_only(void **state)
{
    (void)state;
    const char *path = make_database(false);
    int status;

    allow(path, false);
    uint64_t before = hash_tree(path);
    pid_t child = fork();
    if (child == 0)
        _exit(use_without_permission(path));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(hash_tree(path) == before);
    allow(path, true);
}

/* ---- running out ---- */

/* Inserts until it fails; the number of rows that were acknowledged. */
static int64_t insert_until_failure(struct opened *opened, int64_t from)
{
    int64_t id = from;

    while (id < from + 1000000 && insert(opened, id) == SSQL_OK)
        id++;
    return id;
}

/* With the cause gone: everything acknowledged is there, here and after reopening, and more can be written. */
static void assert_goes_on(struct opened *opened, const char *path, int64_t rows)
{
    int64_t count = count_rows(opened);

    /* An outcome that is not known lets the engine refuse writes until it is opened again. */
    if (insert(opened, count) != SSQL_OK) {
        assert_int_equal(opened->code, SSQL_UNKNOWN_OUTCOME);
        close_it(opened);
        *opened = open_with(path, NULL);
        assert_int_equal(opened->code, SSQL_OK);
        count = count_rows(opened);
        assert_int_equal(insert(opened, count), SSQL_OK);
    }
    assert_in_range(count, rows, rows + 1);
    assert_int_equal(ssql_checkpoint(opened->conn), SSQL_OK);
    assert_int_equal(close_it(opened), SSQL_OK);
    *opened = open_with(path, NULL);
    assert_int_equal(opened->code, SSQL_OK);
    assert_int_equal(count_rows(opened), count + 1);
    assert_int_equal(close_it(opened), SSQL_OK);
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The log's segment may be there already when the limit meets it: then a write of it has failed, for good. */
static void files_that_may_not_grow_are_told(void **state)
{
    (void)state;
    const char *path = in_folder("db");
    struct opened opened =
        open_with(path, "wal_segment_size", "64KiB", "background", "off", "memtable_size", "64KiB", NULL);

    must_run(&opened, "create table t (id int primary key, what string)");
    signal(SIGXFSZ, SIG_IGN);
    limit_file_size(16 << 10);
    int64_t rows = insert_until_failure(&opened, 0);
    struct opened failed = opened;
    int64_t seen = count_rows(&opened);
    limit_file_size(RLIM_INFINITY);
    assert_clear_error(&failed, failed.code == SSQL_DISK_FULL ? SSQL_DISK_FULL : SSQL_UNKNOWN_OUTCOME);
    assert_int_equal(seen, rows);
    assert_goes_on(&opened, path, rows);
}

/* Only a root that is a mount point (not that of a chroot) can be kept apart from everybody else's. */
static bool mount_small_disk(const char *path)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mkdir(path, 0755) == 0 && mount("tmpfs", path, "tmpfs", 0, "size=8m") == 0;
}

static void fill_and_free_disk(void)
{
    char path[PATH_SIZE], ballast[PATH_SIZE], block[65536] = {0};

    snprintf(path, sizeof path, "%s/disk/db", folder);
    snprintf(ballast, sizeof ballast, "%s/disk/ballast", folder);
    int fd = open(ballast, O_WRONLY | O_CREAT | O_EXCL, 0644);
    assert_true(fd >= 0);
    off_t size = 0;
    for (ssize_t written; (written = write(fd, block, sizeof block)) > 0;)
        size += written;
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(ftruncate(fd, size - ROOM), 0);
    close(fd);
    struct opened opened = open_with(path, "wal_segment_size", "256KiB", "memtable_size", "128KiB", NULL);
    must_run(&opened, "create table t (id int primary key, what string)");
    int64_t rows = insert_until_failure(&opened, 0);
    assert_clear_error(&opened, SSQL_DISK_FULL);
    assert_true(rows > 0);
    assert_int_equal(count_rows(&opened), rows); /* reading goes on */
    assert_int_equal(insert(&opened, rows), SSQL_DISK_FULL);
    assert_int_equal(unlink(ballast), 0);
    assert_goes_on(&opened, path, rows);
}

static void a_full_disk_loses_nothing_and_goes_on_when_there_is_room(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (!mount_small_disk(in_folder("disk")))
            _exit(77);
        fill_and_free_disk();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        print_message("skipped: no right to mount a small disk\n");
        skip();
    }
    assert_int_equal(status, 0);
}

static void limit_open_files(rlim_t count)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = count;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void too_many_open_files_are_told_when_opening(void **state)
{
    (void)state;
    const char *path = make_database(false);
    struct rlimit before;
    struct opened opened;
    unsigned refused = 0;
    int64_t count = -1;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int first_free = dup(0);
    close(first_free);
    for (rlim_t room = 0; count != ROWS; room++) {
        assert_true(room < 64);
        limit_open_files((rlim_t)first_free + room);
        opened = open_with(path, "background", "off", NULL);
        count = opened.code == SSQL_OK ? count_rows(&opened) : -1;
        limit_open_files(before.rlim_cur);
        if (count < 0)
            assert_clear_error(&opened, SSQL_TOO_MANY_OPEN);
        if (opened.db != NULL)
            close_it(&opened);
        refused += count < 0;
    }
    assert_true(refused > 0);
    opened = open_with(path, NULL);
    assert_int_equal(count_rows(&opened), ROWS);
    assert_int_equal(close_it(&opened), SSQL_OK);
}

static void too_many_open_files_are_told_when_writing(void **state)
{
    (void)state;
    const char *path = in_folder("db");
    struct rlimit before;
    struct opened opened =
        open_with(path, "wal_segment_size", "64KiB", "background", "off", "memtable_size", "64KiB", NULL);

    must_run(&opened, "create table t (id int primary key, what string)");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int first_free = dup(0);
    close(first_free);
    limit_open_files((rlim_t)first_free);
    int64_t rows = insert_until_failure(&opened, 0);
    assert_clear_error(&opened, SSQL_TOO_MANY_OPEN);
    limit_open_files(before.rlim_cur);
    assert_goes_on(&opened, path, rows);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_refused),
        TEST(a_folder_of_something_else_is_refused),
        TEST(a_manifest_of_something_else_is_refused),
        TEST(a_folder_in_no_folder_is_refused),
        TEST(a_link_to_nothing_is_refused),
        TEST(an_empty_folder_is_a_new_database_unless_one_must_exist),
        TEST(a_newer_format_is_refused_by_name),
        TEST(a_newer_register_is_refused_by_name),
        TEST(damage_of_a_closed_database_is_noticed),
        TEST(a_lost_manifest_does_not_make_room_for_a_new_database),
        TEST(damage_of_a_killed_database_is_noticed),
        TEST(a_killed_database_misses_its_live_segment),
        TEST(a_database_killed_before_its_first_record_opens_again),
        TEST(a_locked_database_names_who_has_it),
        TEST(a_database_without_permission_is_read_only),
        TEST(files_that_may_not_grow_are_told),
        TEST(a_full_disk_loses_nothing_and_goes_on_when_there_is_room),
        TEST(too_many_open_files_are_told_when_opening),
        TEST(too_many_open_files_are_told_when_writing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
