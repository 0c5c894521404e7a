/* 09_copy.c - rows from a file, rows to a file: make a table of CSV on standard input, write a query's rows as JSON.
 *     ./09_copy < films.csv */
#include <ssql.h>
#include <stdio.h>
#include <string.h>

static int give(void *context, char *bytes, size_t capacity, size_t *size)
{
    *size = fread(bytes, 1, capacity, context);
    return ferror(context);
}

static int take(void *context, const char *bytes, size_t size)
{
    return fwrite(bytes, 1, size, context) < size;
}

static int run(ssql_conn *conn, const char *text)
{
    int code = ssql_exec(conn, text, strlen(text));

    if (code != SSQL_OK)
        printf("error: %s\n", ssql_errmsg(conn));
    return code;
}

int main(void)
{
    ssql_db *db = NULL;
    ssql_conn *conn = NULL;
    int64_t rejected = 0;

    if (ssql_open(":memory:", &db) != SSQL_OK || ssql_connect(db, &conn) != SSQL_OK) {
        ssql_close(db);
        return 1;
    }
    ssql_set_copy_input(conn, give, stdin, "films.csv");
    ssql_set_copy_output(conn, take, stdout, NULL);

    int code = run(conn, "copy film from stdin (format csv, create true, primary 'id', max_rejects 1)");
    if (code == SSQL_OK) {
        ssql_copy_stat(conn, "rejected", &rejected);
        printf("%s\n%d rows, %d left out\n", ssql_copy_created_table(conn), (int)ssql_changes(conn), (int)rejected);
        code = run(conn, "copy (select title, year from film where year < 1930 order by year) to stdout (format json)");
        printf("\n");
    }
    if (code == SSQL_OK) /* an error says where, and leaves the table as it was */
        run(conn, "create table other { id int primary, year int }; copy other from '/dev/null' (header false);"
                  "copy film to '/no/such/folder/films.csv'");
    ssql_disconnect(conn);
    ssql_close(db);
    return code != SSQL_OK;
}
