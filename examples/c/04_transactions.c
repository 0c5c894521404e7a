/* 04_transactions.c - several statements as one: all of it or nothing. */
#include <inttypes.h>
#include <ssql.h>
#include <stdio.h>
#include <string.h>

static int exec(ssql_conn *conn, const char *text)
{
    return ssql_exec(conn, text, strlen(text));
}

static int64_t balance(ssql_conn *conn, const char *query)
{
    ssql_stmt *stmt = NULL;
    int64_t amount = -1;

    if (ssql_prepare(conn, query, strlen(query), &stmt, NULL) == SSQL_OK && ssql_step(stmt) == SSQL_ROW)
        amount = ssql_column_int(stmt, 0);
    ssql_finalize(stmt);
    return amount;
}

/* Nobody waits for locks: when another transaction changed what this one read, commit fails with SSQL_CONFLICT and
 * nothing has happened. The answer is to run the transaction again. */
static int transfer(ssql_conn *conn, ssql_conn *other)
{
    int code = SSQL_CONFLICT;

    for (int try = 1; code == SSQL_CONFLICT && try <= 5; try++) {
        if ((code = exec(conn, "begin; update account set amount = amount - 30 where id == 1;"
                               "update account set amount = amount + 30 where id == 2")) != SSQL_OK) {
            exec(conn, "rollback");
            return code;
        }
        /* Somebody else comes in between, the first time. */
        if (try == 1)
            exec(other, "update account set amount = amount + 1 where id == 1");
        code = exec(conn, "commit");
        printf("try %d: %s\n", try, ssql_code_text(code));
    }
    return code;
}

int main(void)
{
    ssql_db *db = NULL;
    ssql_conn *conn = NULL, *other = NULL;
    int failed = ssql_open(":memory:", &db) != SSQL_OK || ssql_connect(db, &conn) != SSQL_OK ||
                 ssql_connect(db, &other) != SSQL_OK;

    if (!failed && exec(conn, "create table account { id int primary, amount int not null };"
                              "insert into account values (1, 100), (2, 0)") == SSQL_OK) {
        failed = transfer(conn, other) != SSQL_OK;
        printf("%" PRId64 " and %" PRId64 "\n", balance(conn, "select amount from account where id == 1"),
               balance(conn, "select amount from account where id == 2"));

        /* A statement that fails leaves the transaction open, without its own effects; rollback drops the rest. */
        exec(conn, "begin; delete from account where id == 2");
        if (exec(conn, "insert into account values (3, null)") != SSQL_OK)
            printf("%s\n", ssql_code_text(ssql_errcode(conn)));
        exec(conn, "rollback");
        printf("%" PRId64 " accounts\n", balance(conn, "select count(*) from account"));
    }
    ssql_disconnect(conn);
    ssql_disconnect(other);
    ssql_close(db);
    return failed;
}
