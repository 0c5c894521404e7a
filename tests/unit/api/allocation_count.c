/* Compiled statements by key allocate nothing once they are warm. The linker leads malloc and its kin here (--wrap,
 * cmake/library_tests.cmake). */
#include "api/fixture.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static _Thread_local long allocations; /* flush and compaction, in their threads, allocate as they like */

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    allocations++;
    return __real_realloc(memory, size);
}

enum { ROWS = 200 };

struct statements {
    ssql_stmt *insert, *get, *update, *delete;
};

static void finish(ssql_stmt *stmt, int expected)
{
    assert_int_equal(ssql_step(stmt), expected);
    ssql_reset(stmt);
}

static void insert_rows(const struct statements *statements, int64_t first)
{
    for (int64_t id = first; id < first + ROWS; id++) {
        ssql_bind_int(statements->insert, 1, id);
        ssql_bind_string(statements->insert, 2, "a name of some length", 21);
        finish(statements->insert, SSQL_DONE);
    }
}

static void get_rows(const struct statements *statements, int64_t first)
{
    for (int64_t id = first; id < first + ROWS; id++) {
        size_t length;
        ssql_bind_int(statements->get, 1, id);
        assert_int_equal(ssql_step(statements->get), SSQL_ROW);
        assert_int_equal(ssql_column_int(statements->get, 0), id);
        assert_non_null(ssql_column_string(statements->get, 1, &length));
        ssql_reset(statements->get);
    }
}

static void update_rows(const struct statements *statements, int64_t first)
{
    for (int64_t id = first; id < first + ROWS; id++) {
        ssql_bind_int(statements->update, 1, id);
        ssql_bind_string(statements->update, 2, "another name", 12);
        finish(statements->update, SSQL_DONE);
    }
}

static void delete_rows(const struct statements *statements, int64_t first)
{
    for (int64_t id = first; id < first + ROWS; id++) {
        ssql_bind_int(statements->delete, 1, id);
        finish(statements->delete, SSQL_DONE);
    }
}

typedef void row_work(const struct statements *statements, int64_t first);

static long allocations_of(row_work *run, const struct statements *statements, int64_t first)
{
    long before = allocations;

    run(statements, first);
    return allocations - before;
}

/* In a transaction: all of one kind. */
static void run_rounds(ssql_conn *conn, const struct statements *statements, int64_t first, long counts[4])
{
    must_exec(conn, "begin");
    counts[0] = allocations_of(insert_rows, statements, first);
    counts[1] = allocations_of(get_rows, statements, first);
    counts[2] = allocations_of(update_rows, statements, first);
    counts[3] = allocations_of(delete_rows, statements, first);
    must_exec(conn, "commit");
}

static void warm_statements_by_key_allocate_nothing(void **state)
{
    struct fixture fixture;
    struct statements statements;
    long counts[4];

    (void)state;
    fixture_open(&fixture);
    must_exec(fixture.conn, "create table people { id int primary, name string }");
    statements.insert = must_prepare(fixture.conn, "insert into people values (?1, ?2)");
    statements.get = must_prepare(fixture.conn, "select id, name from people where id == ?1");
    statements.update = must_prepare(fixture.conn, "update people set name = ?2 where id == ?1");
    statements.delete = must_prepare(fixture.conn, "delete from people where id == ?1");
    run_rounds(fixture.conn, &statements, 0, counts);
    run_rounds(fixture.conn, &statements, ROWS, counts);
    for (int i = 0; i < 4; i++)
        assert_int_equal(counts[i], 0);

    /* Each a transaction by itself. */
    insert_rows(&statements, 2 * ROWS);
    get_rows(&statements, 2 * ROWS);
    update_rows(&statements, 2 * ROWS);
    assert_int_equal(allocations_of(get_rows, &statements, 2 * ROWS), 0);
    assert_int_equal(allocations_of(update_rows, &statements, 2 * ROWS), 0);
    assert_true(allocations > 0); /* they are counted */
    ssql_finalize(statements.insert);
    ssql_finalize(statements.get);
    ssql_finalize(statements.update);
    ssql_finalize(statements.delete);
    fixture_close(&fixture);
}

static void read_ranges(const struct statements *statements, int64_t first)
{
    for (int64_t id = first; id < first + ROWS; id += 10) {
        ssql_bind_int(statements->get, 1, id);
        ssql_bind_int(statements->get, 2, 10);
        for (int64_t i = id; i < id + 10; i++) {
            assert_int_equal(ssql_step(statements->get), SSQL_ROW);
            assert_int_equal(ssql_column_int(statements->get, 0), i);
        }
        assert_int_equal(ssql_step(statements->get), SSQL_DONE);
        ssql_reset(statements->get);
    }
}

/* In memory, and in a file. */
static void warm_queries_of_a_range_allocate_nothing(void **state)
{
    struct fixture fixture;
    struct statements statements;

    (void)state;
    fixture_open(&fixture);
    must_exec(fixture.conn, "create table people { id int primary, name string }");
    statements.insert = must_prepare(fixture.conn, "insert into people values (?1, ?2)");
    insert_rows(&statements, 0);
    insert_rows(&statements, ROWS);
    statements.get = must_prepare(fixture.conn, "select id, name from people where id >= ?1 order by id limit ?2");
    for (int i = 0; i < 2; i++) {
        read_ranges(&statements, 0);
        assert_int_equal(allocations_of(read_ranges, &statements, 0), 0);
        assert_int_equal(ssql_checkpoint(fixture.conn), SSQL_OK);
    }
    ssql_finalize(statements.insert);
    ssql_finalize(statements.get);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warm_statements_by_key_allocate_nothing),
        cmocka_unit_test(warm_queries_of_a_range_allocate_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
