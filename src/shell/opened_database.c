#include "shell/opened_database.h"

#include <stddef.h>

int opened_database_open(struct opened_database *opened, const char *path, const char *on)
{
    *opened = (struct opened_database){.options = NULL};
    int code = ssql_options_new(&opened->options);
    if (code != SSQL_OK)
        return code;
    ssql_options_set(opened->options, on, "on");
    code = ssql_open_with(path, opened->options, &opened->db);
    return code != SSQL_OK ? code : ssql_connect(opened->db, &opened->connection);
}

int opened_database_close(struct opened_database *opened)
{
    ssql_disconnect(opened->connection);
    int code = ssql_close(opened->db);
    ssql_options_free(opened->options);
    return code;
}
