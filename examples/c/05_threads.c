/* 05_threads.c - one database, a connection for each thread. */
#include <inttypes.h>
#include <pthread.h>
#include <ssql.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 50 };

/* Each statement is a transaction; when two threads change the same row, one of them is run again by itself. */
static void *count_up(void *argument)
{
    static const char text[] = "update counter set value = value + 1 where id == 1";
    ssql_conn *conn = NULL;
    ssql_stmt *stmt = NULL;

    if (ssql_connect(argument, &conn) != SSQL_OK)
        return NULL;
    if (ssql_prepare(conn, text, strlen(text), &stmt, NULL) == SSQL_OK)
        for (int i = 0; i < ROUNDS; i++)
            if (ssql_step(stmt) != SSQL_DONE)
                fprintf(stderr, "error: %s\n", ssql_errmsg(conn));
    ssql_finalize(stmt);
    ssql_disconnect(conn);
    return NULL;
}

static void print_counter(ssql_conn *conn)
{
    static const char query[] = "select value from counter";
    ssql_stmt *stmt = NULL;

    if (ssql_prepare(conn, query, strlen(query), &stmt, NULL) == SSQL_OK && ssql_step(stmt) == SSQL_ROW)
        printf("%" PRId64 "\n", ssql_column_int(stmt, 0));
    ssql_finalize(stmt);
}

int main(void)
{
    static const char setup[] = "create table counter { id int primary, value int }; insert into counter values 1, 0";
    pthread_t threads[THREADS];
    int started = 0;
    ssql_db *db = NULL;
    ssql_conn *conn = NULL;
    int failed = ssql_open(":memory:", &db) != SSQL_OK || ssql_connect(db, &conn) != SSQL_OK ||
                 ssql_exec(conn, setup, strlen(setup)) != SSQL_OK;

    while (!failed && started < THREADS && pthread_create(&threads[started], NULL, count_up, db) == 0)
        started++;
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (!failed)
        print_counter(conn);
    ssql_disconnect(conn);
    ssql_close(db);
    return failed;
}
