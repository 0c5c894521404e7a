/* 07_script.c - run a script from standard input, statement by statement as they arrive, and print every result.
 *     ./07_script < queries.ssql */
#include <ssql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_rows(ssql_conn *conn, ssql_stmt *stmt)
{
    int columns = ssql_column_count(stmt);
    int code;

    while ((code = ssql_step(stmt)) == SSQL_ROW)
        for (int i = 0; i < columns; i++)
            printf("%s%s", ssql_column_is_null(stmt, i) ? "null" : ssql_column_text(stmt, i, NULL),
                   i + 1 < columns ? "\t" : "\n");
    if (code != SSQL_DONE)
        printf("error: %s\n", ssql_errmsg(conn));
    else if (ssql_statement_kind(stmt) == SSQL_KIND_CHANGE)
        printf("%d rows\n", (int)ssql_changes(conn));
}

static void run(ssql_conn *conn, const char *text, size_t length)
{
    ssql_stmt *stmt = NULL;

    if (ssql_prepare(conn, text, length, &stmt, NULL) != SSQL_OK)
        printf("error: %s\n", ssql_errmsg(conn));
    else if (stmt != NULL) /* blanks and comments are no statement */
        print_rows(conn, stmt);
    ssql_finalize(stmt);
}

/* Takes whole statements off the front of the text; returns how many bytes are left over. */
static size_t run_complete(ssql_conn *conn, ssql_splitter *splitter, char *text, size_t length)
{
    size_t end;

    while (ssql_splitter_find(splitter, text, length, &end)) {
        run(conn, text, end);
        length -= end;
        memmove(text, text + end, length);
        ssql_splitter_reset(splitter);
    }
    return length;
}

static int read_and_run(ssql_conn *conn, ssql_splitter *splitter)
{
    size_t capacity = 4096, length = 0;
    char *text = malloc(capacity);

    while (text != NULL && fgets(text + length, (int)(capacity - length), stdin) != NULL) {
        length = run_complete(conn, splitter, text, length + strlen(text + length));
        if (capacity - length < 1024) {
            char *larger = realloc(text, capacity * 2);
            if (larger == NULL)
                break;
            text = larger;
            capacity *= 2;
        }
    }
    if (text != NULL)
        run(conn, text, length); /* the `;` of the last statement may be missing */
    free(text);
    return 0;
}

int main(void)
{
    ssql_db *db = NULL;
    ssql_conn *conn = NULL;
    ssql_splitter *splitter = NULL;
    int status = 1;

    if (ssql_open(":memory:", &db) == SSQL_OK && ssql_connect(db, &conn) == SSQL_OK &&
        ssql_splitter_new(&splitter) == SSQL_OK)
        status = read_and_run(conn, splitter);
    ssql_splitter_free(splitter);
    ssql_disconnect(conn);
    ssql_close(db);
    return status;
}
