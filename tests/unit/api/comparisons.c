/* Every comparison, of every type, in every shape of operands (column or constant on either side), as a value and as a
 * filter, behind another filter and alone, over rows in memtables and in files: against one computed here row by row.
 */
#include <stdbool.h>

#include "api/fixture.h"

enum { ROWS = 2600, TYPES = 5, COLUMNS = 2 };

/* What a column holds in a row, as order numbers: two values compare as their numbers do. */
struct cell {
    bool is_null;
    int rank;
};

struct kind {
    const char *name;
    const char *texts[7]; /* literals in ascending order */
    int count;
};

/* The last type has many values, so that its blocks are no dictionaries. */
static const struct kind kinds[TYPES] = {
    {"int", {"-9223372036854775807", "-5", "0", "1", "4000000000"}, 5},
    {"float", {"-1e300", "-0.5", "0.0", "2.25", "1e17", "cast('nan' as float)"}, 6},
    {"bool", {"false", "true"}, 2},
    {"string", {"''", "'a'", "'aa'", "'b'", "'ä'"}, 5},
    {"string", {"'x0'", "'x1'", "'x2'", "'x3'", "'x4'", "'x5'", "'x6'"}, 7},
};
static const char *const operators[] = {"==", "!=", "<", "<=", ">", ">="};

static struct cell cell_of(int type, int column, int row)
{
    uint32_t number = (uint32_t)row * 2654435761u + (uint32_t)(type * 7 + column) * 40503u;

    number ^= number >> 15;
    return (struct cell){number % 11 == 0, (int)(number / 11 % (uint32_t)kinds[type].count)};
}

static bool holds(int comparison, int left, int right)
{
    const bool results[] = {left == right, left != right, left<right, left <= right, left> right, left >= right};

    return results[comparison];
}

/* 1 true, 0 false, -1 null */
static int expected_of(int comparison, struct cell left, struct cell right)
{
    return left.is_null || right.is_null ? -1 : holds(comparison, left.rank, right.rank);
}

static void fill(ssql_conn *conn)
{
    char text[1024];

    must_exec(conn, "create table shapes { id int primary, a0 int, b0 int, a1 float, b1 float, a2 bool, b2 bool, "
                    "a3 string, b3 string, a4 string, b4 string }; begin");
    for (int row = 0; row < ROWS; row++) {
        int size = snprintf(text, sizeof text, "insert into shapes values (%d", row);
        for (int i = 0; i < TYPES * COLUMNS; i++) {
            struct cell cell = cell_of(i / COLUMNS, i % COLUMNS, row);
            size += snprintf(text + size, sizeof text - (size_t)size, ", %s",
                             cell.is_null ? "null" : kinds[i / COLUMNS].texts[cell.rank]);
        }
        snprintf(text + size, sizeof text - (size_t)size, ")");
        must_exec(conn, text);
    }
    must_exec(conn, "commit");
}

/* One operand in the text of a query, and what it is in a row. */
struct operand {
    int type, column; /* column -1: the constant of this rank */
    int rank;
};

static void operand_text(const struct operand *operand, char *text, size_t size)
{
    if (operand->column < 0)
        snprintf(text, size, "%s", kinds[operand->type].texts[operand->rank]);
    else
        snprintf(text, size, "%c%d", "ab"[operand->column], operand -> type);
}

static struct cell operand_cell(const struct operand *operand, int row)
{
    return operand->column < 0 ? (struct cell){false, operand->rank} : cell_of(operand->type, operand->column, row);
}

/* Rows of which the filter before keeps one in three; the others count for nothing. */
static bool is_kept(int row, bool behind_filter)
{
    return !behind_filter || row % 3 == 1;
}

static void check_values(ssql_conn *conn, int comparison, const struct operand *sides, bool behind_filter)
{
    char left[40], right[40], text[200];

    operand_text(&sides[0], left, sizeof left);
    operand_text(&sides[1], right, sizeof right);
    snprintf(text, sizeof text, "select id, %s %s %s from shapes%s order by id", left, operators[comparison], right,
             behind_filter ? " where id % 3 == 1" : "");
    ssql_stmt *stmt = must_prepare(conn, text);
    for (int row = 0; row < ROWS; row++) {
        if (!is_kept(row, behind_filter))
            continue;
        assert_int_equal(ssql_step(stmt), SSQL_ROW);
        assert_int_equal(ssql_column_int(stmt, 0), row);
        int value = ssql_column_is_null(stmt, 1) ? -1 : ssql_column_bool(stmt, 1);
        if (value != expected_of(comparison, operand_cell(&sides[0], row), operand_cell(&sides[1], row)))
            fail_msg("%s: row %d is %d", text, row, value);
    }
    assert_int_equal(ssql_step(stmt), SSQL_DONE);
    ssql_finalize(stmt);
}

static void check_filter(ssql_conn *conn, int comparison, const struct operand *sides, bool behind_filter)
{
    char left[40], right[40], text[200];
    int64_t count = 0, sum = 0;

    operand_text(&sides[0], left, sizeof left);
    operand_text(&sides[1], right, sizeof right);
    snprintf(text, sizeof text, "select count(*), coalesce(sum(id), 0) from shapes where %s%s %s %s",
             behind_filter ? "id % 3 == 1 && " : "", left, operators[comparison], right);
    for (int row = 0; row < ROWS; row++) {
        bool is_there = is_kept(row, behind_filter) &&
                        expected_of(comparison, operand_cell(&sides[0], row), operand_cell(&sides[1], row)) == 1;
        count += is_there;
        sum += is_there ? row : 0;
    }
    ssql_stmt *stmt = must_prepare(conn, text);
    assert_int_equal(ssql_step(stmt), SSQL_ROW);
    if (ssql_column_int(stmt, 0) != count || ssql_column_int(stmt, 1) != sum)
        fail_msg("%s: %d rows, not %d", text, (int)ssql_column_int(stmt, 0), (int)count);
    ssql_finalize(stmt);
}

static void check_all_of(ssql_conn *conn, int type)
{
    struct operand column = {type, 0, 0}, other = {type, 1, 0};

    for (int comparison = 0; comparison < 6; comparison++)
        for (int behind_filter = 0; behind_filter < 2; behind_filter++) {
            struct operand columns[] = {column, other};
            check_values(conn, comparison, columns, behind_filter);
            check_filter(conn, comparison, columns, behind_filter);
            for (int rank = 0; rank < kinds[type].count; rank++) {
                struct operand right[] = {column, {type, -1, rank}}, left[] = {{type, -1, rank}, column};
                check_values(conn, comparison, right, behind_filter);
                check_filter(conn, comparison, right, behind_filter);
                check_values(conn, comparison, left, behind_filter);
                check_filter(conn, comparison, left, behind_filter);
            }
        }
}

static void comparisons_agree_with_plain_ones(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    fill(fixture.conn);
    for (int type = 0; type < TYPES; type++)
        check_all_of(fixture.conn, type);
    assert_int_equal(ssql_compact(fixture.conn), SSQL_OK);
    for (int type = 0; type < TYPES; type++)
        check_all_of(fixture.conn, type);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparisons_agree_with_plain_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
