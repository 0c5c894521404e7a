/* 02_query.c - read rows: prepare, step, look at the columns. */
#include <inttypes.h>
#include <ssql.h>
#include <stdio.h>
#include <string.h>

static const char setup[] =
    "create table users { id int primary, name string, active bool, score float };"
    "insert into users values (1, 'ann', true, 2.5), (2, null, false, null), (3, 'bob', true, 1);";

static int print_active(ssql_conn *conn)
{
    static const char query[] = "select id, name, score from users where active == true order by id";
    ssql_stmt *stmt = NULL;
    int code = ssql_prepare(conn, query, strlen(query), &stmt, NULL);

    if (code != SSQL_OK)
        return code;
    /* The columns are known before the statement runs. */
    for (int i = 0; i < ssql_column_count(stmt); i++)
        printf("%s%s %s", i == 0 ? "" : ", ", ssql_column_name(stmt, i), ssql_type_name(ssql_column_type(stmt, i)));
    printf("\n");

    /* Values belong to the statement and live until the next step. */
    while ((code = ssql_step(stmt)) == SSQL_ROW)
        printf("%" PRId64 " %s %.1f\n", ssql_column_int(stmt, 0), ssql_column_string(stmt, 1, NULL),
               ssql_column_float(stmt, 2));
    ssql_finalize(stmt);
    return code == SSQL_DONE ? SSQL_OK : code;
}

/* A null is told from an empty string by ssql_column_is_null; ssql_column_text gives any value as text. */
static int print_all(ssql_conn *conn)
{
    static const char query[] = "select * from users";
    ssql_stmt *stmt = NULL;
    int code = ssql_prepare(conn, query, strlen(query), &stmt, NULL);

    if (code != SSQL_OK)
        return code;
    while ((code = ssql_step(stmt)) == SSQL_ROW)
        for (int i = 0; i < ssql_column_count(stmt); i++)
            printf("%s%s", ssql_column_is_null(stmt, i) ? "null" : ssql_column_text(stmt, i, NULL),
                   i + 1 < ssql_column_count(stmt) ? " | " : "\n");
    ssql_finalize(stmt);
    return code == SSQL_DONE ? SSQL_OK : code;
}

int main(void)
{
    ssql_db *db = NULL;
    ssql_conn *conn = NULL;
    int failed = ssql_open(":memory:", &db) != SSQL_OK || ssql_connect(db, &conn) != SSQL_OK;

    if (!failed && (ssql_exec(conn, setup, strlen(setup)) != SSQL_OK || print_active(conn) != SSQL_OK ||
                    print_all(conn) != SSQL_OK)) {
        fprintf(stderr, "error: %s\n", ssql_errmsg(conn));
        failed = 1;
    }
    ssql_disconnect(conn);
    ssql_close(db);
    return failed;
}
