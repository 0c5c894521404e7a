/* 06_errors.c - what an error tells: code, message, hint, SQLSTATE, and the place in the text. */
#include <inttypes.h>
#include <ssql.h>
#include <stdio.h>
#include <string.h>

static void report(ssql_conn *conn)
{
    int64_t line, column, length;

    printf("error: %s [%s]", ssql_errmsg(conn), ssql_sqlstate(conn));
    if (ssql_errpos(conn, &line, &column, &length))
        printf(", line %" PRId64 ", column %" PRId64 ", %" PRId64 " characters", line, column, length);
    printf("\n");
    if (ssql_errhint(conn)[0] != '\0')
        printf("hint: %s\n", ssql_errhint(conn));
}

static void try_statement(ssql_conn *conn, const char *text)
{
    if (ssql_exec(conn, text, strlen(text)) != SSQL_OK)
        report(conn);
}

int main(void)
{
    ssql_options *options = NULL;
    ssql_db *db = NULL;
    ssql_conn *conn = NULL;

    if (ssql_options_new(&options) != SSQL_OK)
        return 1;
    /* Before there is a connection, the options tell what went wrong. */
    if (ssql_options_set(options, "memory_limt", "64MiB") != SSQL_OK)
        printf("error: %s; %s\n", ssql_options_errmsg(options), ssql_options_errhint(options));
    if (ssql_open_with(":memory:", options, &db) != SSQL_OK) {
        printf("error: %s\n", ssql_options_errmsg(options));
        ssql_options_free(options);
        return 1;
    }
    ssql_options_free(options);

    if (ssql_connect(db, &conn) == SSQL_OK) {
        try_statement(conn, "create table users { id int primary, name string }; insert into users values 1, 'ann'");
        try_statement(conn, "select naem\nfrom users");
        try_statement(conn, "select name\nfrom usres");
        try_statement(conn, "insert into users values (2, 'bob'), (1, 'eve')");
        try_statement(conn, "select 1 / 0");
    }
    ssql_disconnect(conn);
    ssql_close(db);
    return 0;
}
