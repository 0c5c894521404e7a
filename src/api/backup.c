/* ssql_backup, as the statement `backup to` does it, and what it is made of. */
#include <string.h>

#include "api/api_internal.h"

static bool check_flags(int flags, struct ssql_error *error)
{
    if ((flags & ~(SSQL_BACKUP_INCREMENTAL | SSQL_BACKUP_COPY)) != 0)
        return error_set(error, SSQL_BAD_OPTION, NO_SPAN, "a backup has no flags %d", flags);
    return true;
}

static bool make_backup(ssql_conn *conn, const char *path, int flags)
{
    struct session *session = conn->session;
    const struct backup_options options = {.is_incremental = (flags & SSQL_BACKUP_INCREMENTAL) != 0,
                                           .must_copy = (flags & SSQL_BACKUP_COPY) != 0};
    struct backup_result result;

    session_begin_work(session);
    if (!check_flags(flags, &conn->error) || !session_check_backup(session, &conn->error) ||
        !engine_backup(session->engine, path, &options, &session->cancellation, &result, &conn->error))
        return false;
    conn->backup = result;
    return true;
}

int ssql_backup(ssql_conn *conn, const char *path, int flags)
{
    connection_begin_call(conn);
    return make_backup(conn, path, flags) ? SSQL_OK : connection_fail(conn, NULL, 0);
}

int ssql_backup_stat(const ssql_conn *conn, const char *name, int64_t *value)
{
    const struct backup_result *result = &conn->backup;
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"files", result->file_count}, {"linked", result->linked_count},   {"copied", result->copied_count},
        {"kept", result->kept_count},  {"written", result->written_count}, {"bytes", result->byte_count},
    };

    *value = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(numbers[i].name, name) == 0) {
            *value = (int64_t)numbers[i].value;
            return SSQL_OK;
        }
    }
    return SSQL_BAD_OPTION;
}
