/* opened_database.h - a database that a command of the program, such as `ssql info`, works on. */
#ifndef SHELL_OPENED_DATABASE_H
#define SHELL_OPENED_DATABASE_H

#include <ssql.h>

struct opened_database {
    ssql_options *options;
    ssql_db *db;
    ssql_conn *connection;
};

/* Opens it with the option `on` (readonly, must_exist) switched on. Returns the code; the options, if they are not
 * NULL, say what is wrong. opened_database_close follows in either case. */
int opened_database_open(struct opened_database *opened, const char *path, const char *on);

/* Returns the code of closing the database. */
int opened_database_close(struct opened_database *opened);

#endif
