/* ssql_check on a catalog whose rows have right checksums and contradict each other all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/system_rows.h"
#include "volume/volume_directory.h"

#include <ssql.h> /* behind the library's own headers, whose enumerators it repeats as macros */

static char root[64], path[80];

static int remove_one(const char *file, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(file);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(root, "/tmp/ssql-check-catalog-XXXXXX");
    if (mkdtemp(root) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/db", root);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A database whose catalog has these rows. */
static void write_database(const struct rows *rows)
{
    const struct volume_directory_options how = {0};
    struct engine_options options = fixture_options(false);
    struct volume *volume;

    assert_true(volume_directory_open(path, &how, &volume, NULL));
    struct engine *engine = fixture_open(volume, &options);
    struct transaction *transaction = fixture_begin(engine, TRANSACTION_WRITE);
    put(transaction, SYSTEM_TABLE_TABLES, rows->table);
    for (uint32_t i = 0; i < rows->column_count; i++)
        put(transaction, SYSTEM_TABLE_COLUMNS, rows->columns[i]);
    assert_int_equal(fixture_commit(transaction), SSQL_OK);
    fixture_close(engine);
}

struct seen {
    unsigned damages;
    char text[512];
};

static int note(void *context, const ssql_finding *finding)
{
    struct seen *seen = context;

    if (ssql_finding_kind(finding) == SSQL_FINDING_DAMAGE) {
        seen->damages++;
        snprintf(seen->text, sizeof seen->text, "%s", ssql_finding_text(finding));
    }
    return 0;
}

static void assert_one_damage(const char *part)
{
    struct seen seen = {0};

    assert_int_equal(ssql_check(path, NULL, note, &seen), SSQL_CORRUPT);
    assert_int_equal(seen.damages, 1);
    assert_non_null(strstr(seen.text, part));
}

static void columns_that_are_missing_are_damage(void **state)
{
    struct rows rows = good_rows();

    (void)state;
    rows.column_count = 2;
    write_database(&rows);
    assert_one_damage("columns of a table are missing");
}

static void a_catalog_that_cannot_be_read_yet_is_told(void **state)
{
    struct rows rows = good_rows();

    (void)state;
    rows.table[TABLES_VERSION] = value_int(CATALOG_VERSION + 1);
    write_database(&rows);
    assert_one_damage("newer ssql");
}

static void a_table_that_storage_lacks_is_damage(void **state)
{
    struct rows rows = good_rows();

    (void)state;
    write_database(&rows);
    assert_one_damage("storage has no such table");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(columns_that_are_missing_are_damage),
        TEST(a_catalog_that_cannot_be_read_yet_is_told),
        TEST(a_table_that_storage_lacks_is_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
