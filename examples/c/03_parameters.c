/* 03_parameters.c - one statement, many values: never put values into the text of a statement. */
#include <inttypes.h>
#include <ssql.h>
#include <stdio.h>
#include <string.h>

static int prepare(ssql_conn *conn, const char *text, ssql_stmt **stmt)
{
    return ssql_prepare(conn, text, strlen(text), stmt, NULL);
}

/* Parameters count from 1; a `?` is the next one. */
static int insert_all(ssql_conn *conn)
{
    static const char *const names[] = {"ann", "o'neill", "robert\"); delete from users; --"};
    ssql_stmt *stmt = NULL;
    int code = prepare(conn, "insert into users values (?, ?)", &stmt);

    for (int i = 0; code == SSQL_OK && i < 3; i++) {
        code = ssql_bind_int(stmt, 1, i + 1);
        if (code == SSQL_OK)
            code = ssql_bind_string(stmt, 2, names[i], strlen(names[i]));
        if (code == SSQL_OK && ssql_step(stmt) != SSQL_DONE)
            code = ssql_errcode(conn);
    }
    ssql_finalize(stmt);
    return code;
}

/* Named ones are found by their name. They keep their values from run to run. */
static int find(ssql_conn *conn, int64_t first)
{
    ssql_stmt *stmt = NULL;
    int code = prepare(conn, "select id, name from users where id >= :first order by id limit :count", &stmt);

    if (code == SSQL_OK)
        code = ssql_bind_int(stmt, ssql_bind_index(stmt, "first"), first);
    if (code == SSQL_OK)
        code = ssql_bind_int(stmt, ssql_bind_index(stmt, "count"), 2);
    if (code == SSQL_OK) {
        while ((code = ssql_step(stmt)) == SSQL_ROW)
            printf("%" PRId64 " %s\n", ssql_column_int(stmt, 0), ssql_column_string(stmt, 1, NULL));
        code = code == SSQL_DONE ? SSQL_OK : code;
    }

    /* A value of another type than the place asks for is refused. */
    if (code == SSQL_OK && ssql_bind_string(stmt, 1, "two", 3) != SSQL_OK)
        printf("refused: %s\n", ssql_errmsg(conn));
    ssql_finalize(stmt);
    return code;
}

int main(void)
{
    static const char setup[] = "create table users { id int primary, name string }";
    ssql_db *db = NULL;
    ssql_conn *conn = NULL;
    int failed = ssql_open(":memory:", &db) != SSQL_OK || ssql_connect(db, &conn) != SSQL_OK;

    if (!failed &&
        (ssql_exec(conn, setup, strlen(setup)) != SSQL_OK || insert_all(conn) != SSQL_OK || find(conn, 2) != SSQL_OK)) {
        fprintf(stderr, "error: %s\n", ssql_errmsg(conn));
        failed = 1;
    }
    ssql_disconnect(conn);
    ssql_close(db);
    return failed;
}
