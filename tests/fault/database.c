#include "database.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

char folder[64];

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

int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/ssql-bad-XXXXXX");
    return mkdtemp(folder) == NULL || chmod(folder, 0755) != 0 ? -1 : 0;
}

int remove_folder(void **state)
{
    (void)state;
    remove_tree(folder);
    return 0;
}

const char *in_folder(const char *name)
{
    static char paths[4][PATH_SIZE];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, PATH_SIZE, "%s/%s", folder, name);
    return path;
}

uint8_t *read_file(const char *path, size_t *size)
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

void write_file(const char *path, const void *bytes, size_t size)
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

struct seen_tree tree;

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

uint64_t hash_tree(const char *path)
{
    tree.count = 0;
    tree.hash = 0;
    assert_int_equal(nftw(path, visit, 16, FTW_PHYS), 0);
    return tree.hash;
}

/* ---- databases ---- */

struct opened open_with(const char *path, ...)
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

int close_it(struct opened *opened)
{
    ssql_disconnect(opened->conn);
    return ssql_close(opened->db);
}

int run(struct opened *opened, const char *text)
{
    opened->code = ssql_exec(opened->conn, text, strlen(text));
    snprintf(opened->message, sizeof opened->message, "%s", ssql_errmsg(opened->conn));
    return opened->code;
}

void must_run(struct opened *opened, const char *text)
{
    if (run(opened, text) != SSQL_OK)
        fail_msg("%s: %s", text, opened->message);
}

int insert(struct opened *opened, int64_t id)
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

int64_t count_rows(struct opened *opened)
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

struct opened create(const char *path)
{
    struct opened opened = open_with(path, "background", "off", NULL);

    assert_int_equal(opened.code, SSQL_OK);
    must_run(&opened, "create table t (id int primary key, what string)");
    return opened;
}

const char *make_database(bool is_clean)
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

void assert_clear_error(const struct opened *opened, int code)
{
    if (opened->code != code)
        fail_msg("code %d instead of %d: %s", opened->code, code, opened->message);
    assert_int_not_equal(opened->message[0], '\0');
    assert_null(strchr(opened->message, '\n'));
}

void assert_refused(const char *path, int code, const char *words)
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
