/* 08_durability.c - when is it safe? Every commit by itself, or many of them at one sync. */
#include <inttypes.h>
#include <ssql.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 1000 };

static int insert_rows(ssql_conn *conn)
{
    static const char text[] = "insert into events values (?, 'started')";
    ssql_stmt *stmt = NULL;
    int code = ssql_prepare(conn, text, strlen(text), &stmt, NULL);

    for (int i = 0; code == SSQL_OK && i < ROWS; i++) {
        code = ssql_bind_int(stmt, 1, i);
        if (code == SSQL_OK && ssql_step(stmt) != SSQL_DONE)
            code = ssql_errcode(conn);
    }
    ssql_finalize(stmt);
    return code;
}

int main(int argc, char **argv)
{
    static const char setup[] = "create table if not exists events { id int primary, what string }; delete from events";
    ssql_options *options = NULL;
    ssql_db *db = NULL;
    ssql_conn *conn = NULL;
    int64_t last = 0, durable = 0;
    int failed = 1;

    if (ssql_options_new(&options) != SSQL_OK)
        return 1;
    /* sync=full is the default: a commit returns when it survives a power cut. normal gives up the last 100 ms, off
     * leaves it to the system; a crash of the program loses nothing with any of them. */
    ssql_options_set(options, "sync", "full");
    ssql_options_set(options, "memory_limit", "64MiB");
    if (ssql_open_with(argc > 1 ? argv[1] : ":memory:", options, &db) != SSQL_OK) {
        fprintf(stderr, "error: %s\n", ssql_options_errmsg(options));
        goto done;
    }
    if (ssql_connect(db, &conn) != SSQL_OK || ssql_exec(conn, setup, strlen(setup)) != SSQL_OK)
        goto done;

    /* Run ahead of the sync: a thousand transactions, one wait. Nothing may leave the program before ssql_sync
     * returned, as if the rows were safe; a crash before it keeps the first so many of them. */
    ssql_defer_sync(conn, 1);
    if (insert_rows(conn) != SSQL_OK || ssql_sync(conn) != SSQL_OK) {
        fprintf(stderr, "error: %s\n", ssql_errmsg(conn));
        goto done;
    }
    ssql_defer_sync(conn, 0);
    ssql_stat(db, "last_sequence", &last);
    ssql_stat(db, "durable_sequence", &durable);
    printf("%d rows, %s\n", ROWS, durable >= last ? "all durable" : "not all durable");
    failed = 0;
done:
    ssql_disconnect(conn);
    ssql_close(db);
    ssql_options_free(options);
    return failed;
}
