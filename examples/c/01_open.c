/* 01_open.c - open a database, run statements, close it.
 *     ./01_open [DIRECTORY]        without a directory the database is in memory */
#include <ssql.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : ":memory:";
    const char *script = "create table if not exists users { id int primary, name string, active bool };"
                         "upsert into users values (1, 'ann', true), (2, 'bob', false);";
    ssql_db *db = NULL;
    ssql_conn *conn = NULL;
    int status = 1;

    /* A database is shared by the whole program; each thread that works with it has a connection of its own. */
    int code = ssql_open(path, &db);
    if (code != SSQL_OK) {
        fprintf(stderr, "%s: %s\n", path, ssql_code_text(code));
        return 1;
    }
    if (ssql_connect(db, &conn) != SSQL_OK)
        goto done;

    /* Runs all statements of the text; each is a transaction by itself, durable when ssql_exec returns. */
    if (ssql_exec(conn, script, strlen(script)) != SSQL_OK) {
        fprintf(stderr, "error: %s\n", ssql_errmsg(conn));
        goto done;
    }
    printf("%d rows were written\n", (int)ssql_changes(conn));
    status = 0;
done:
    ssql_disconnect(conn);
    ssql_close(db);
    return status;
}
