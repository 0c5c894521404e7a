#include "volume/volume_internal.h"

#include <stdio.h>

/* ---- errors ---- */

static enum ssql_code code_of(enum volume_status status, enum ssql_code unavailable)
{
    static const enum ssql_code codes[] = {
        [VOLUME_NOT_FOUND] = SSQL_CANNOT_OPEN,   [VOLUME_EXISTS] = SSQL_INTERNAL,
        [VOLUME_CONFLICT] = SSQL_INTERNAL,       [VOLUME_FENCED] = SSQL_LOCKED,
        [VOLUME_UNKNOWN] = SSQL_UNKNOWN_OUTCOME, [VOLUME_NO_SPACE] = SSQL_DISK_FULL,
        [VOLUME_CORRUPT] = SSQL_CORRUPT,
    };

    return status == VOLUME_UNAVAILABLE ? unavailable : codes[status];
}

enum volume_status volume_fail(struct ssql_error *error, enum volume_status status, enum ssql_code code,
                               const char *format, ...)
{
    char message[ERROR_MESSAGE_SIZE + 8]; /* longer, so that error_set sees that it must cut */
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    error_set(error, code_of(status, code), NO_SPAN, "%s", message);
    return status;
}

enum volume_status volume_no_memory(struct ssql_error *error)
{
    error_no_memory(error);
    return VOLUME_UNAVAILABLE;
}

/* ---- names ---- */

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

/* Names come from the manifest too, so from disk: one that climbs out of the volume must never reach the file system.
 */
static bool name_is_valid(const char *name, bool has_directory)
{
    size_t length = strnlen(name, VOLUME_NAME_SIZE);
    bool slash_seen = false;

    if (length == 0 || length >= VOLUME_NAME_SIZE || name[length - 1] == '/')
        return false;
    for (size_t i = 0; i < length; i++) {
        bool is_first = i == 0 || name[i - 1] == '/';
        if (is_first && (name[i] == '/' || name[i] == '.'))
            return false;
        if (name[i] == '/')
            slash_seen = true;
        else if (!is_name_character(name[i]))
            return false;
    }
    return slash_seen == has_directory;
}

void volume_copy_name(char to[VOLUME_NAME_SIZE], const char *name)
{
    size_t length = strnlen(name, VOLUME_NAME_SIZE - 1);

    memcpy(to, name, length);
    to[length] = '\0';
}

static enum volume_status check_name(const struct volume *volume, const char *name, bool has_directory,
                                     struct ssql_error *error)
{
    if (name_is_valid(name, has_directory))
        return VOLUME_OK;
    return volume_fail(error, VOLUME_CORRUPT, SSQL_CORRUPT, "\"%.*s\" is no name of a file in \"%s\"", VOLUME_NAME_SIZE,
                       name, volume_path(volume));
}

static enum volume_status check_write(const struct volume *volume, const char *name, bool has_directory,
                                      struct ssql_error *error)
{
    if (!volume_is_writable(volume))
        return volume_fail(error, VOLUME_UNAVAILABLE, SSQL_READ_ONLY, "database \"%s\" is open for reading only",
                           volume_path(volume));
    return check_name(volume, name, has_directory, error);
}

/* ---- objects ---- */

enum volume_status object_create(struct volume *volume, const char *name, uint64_t expected_size,
                                 struct object_writer **writer, struct ssql_error *error)
{
    *writer = NULL;
    enum volume_status status = check_write(volume, name, true, error);
    return status != VOLUME_OK ? status : volume->operations->object_create(volume, name, expected_size, writer, error);
}

enum volume_status object_append(struct object_writer *writer, struct slice bytes, struct ssql_error *error)
{
    return writer->operations->object_append(writer, bytes, error);
}

enum volume_status object_finish(struct object_writer *writer, struct ssql_error *error)
{
    return writer->operations->object_finish(writer, error);
}

void object_abandon(struct object_writer *writer)
{
    if (writer != NULL)
        writer->operations->object_abandon(writer);
}

enum volume_status object_open(struct volume *volume, const char *name, uint64_t size, struct object **object,
                               struct ssql_error *error)
{
    *object = NULL;
    enum volume_status status = check_name(volume, name, true, error);
    return status != VOLUME_OK ? status : volume->operations->object_open(volume, name, size, object, error);
}

enum volume_status object_read(struct object *object, const struct object_range *ranges, size_t count,
                               struct ssql_error *error)
{
    return object->operations->object_read(object, ranges, count, error);
}

const char *object_name(const struct object *object)
{
    return object->name;
}

void object_close(struct object *object)
{
    if (object != NULL)
        object->operations->object_close(object);
}

enum volume_status object_delete(struct volume *volume, const char *name, struct ssql_error *error)
{
    enum volume_status status = check_write(volume, name, true, error);
    return status != VOLUME_OK ? status : volume->operations->object_delete(volume, name, error);
}

enum volume_status object_link(struct volume *from, const char *name, uint64_t size, struct volume *to, bool *is_linked,
                               struct ssql_error *error)
{
    *is_linked = false;
    enum volume_status status = check_write(to, name, true, error);
    if (status != VOLUME_OK || to->operations->object_link == NULL)
        return status;
    return to->operations->object_link(from, name, size, to, is_linked, error);
}

/* ---- logs ---- */

enum volume_status log_create(struct volume *volume, const char *name, uint64_t preallocated, const char *recycle,
                              struct volume_log **log, struct ssql_error *error)
{
    *log = NULL;
    enum volume_status status = check_write(volume, name, true, error);
    if (status == VOLUME_OK && recycle != NULL)
        status = check_name(volume, recycle, true, error);
    return status != VOLUME_OK ? status
                               : volume->operations->log_create(volume, name, preallocated, recycle, log, error);
}

enum volume_status log_append(struct volume_log *log, struct slice bytes, struct ssql_error *error)
{
    return log->operations->log_append(log, bytes, error);
}

enum volume_status log_sync(struct volume_log *log, struct ssql_error *error)
{
    return log->operations->log_sync(log, error);
}

uint64_t log_size(const struct volume_log *log)
{
    return log->operations->log_size(log);
}

void log_close(struct volume_log *log)
{
    if (log != NULL)
        log->operations->log_close(log);
}

enum volume_status log_open_reader(struct volume *volume, const char *name, struct log_reader **reader,
                                   struct ssql_error *error)
{
    *reader = NULL;
    enum volume_status status = check_name(volume, name, true, error);
    return status != VOLUME_OK ? status : volume->operations->log_open_reader(volume, name, reader, error);
}

enum volume_status log_read(struct log_reader *reader, uint64_t offset, uint8_t *data, size_t size, size_t *got,
                            struct ssql_error *error)
{
    *got = 0;
    return reader->operations->log_read(reader, offset, data, size, got, error);
}

void log_close_reader(struct log_reader *reader)
{
    if (reader != NULL)
        reader->operations->log_close_reader(reader);
}

enum volume_status log_seal(struct volume *volume, const char *name, uint64_t size, struct ssql_error *error)
{
    enum volume_status status = check_write(volume, name, true, error);
    return status != VOLUME_OK ? status : volume->operations->log_seal(volume, name, size, error);
}

enum volume_status log_delete(struct volume *volume, const char *name, struct ssql_error *error)
{
    enum volume_status status = check_write(volume, name, true, error);
    return status != VOLUME_OK ? status : volume->operations->log_delete(volume, name, error);
}

/* ---- registers ---- */

enum volume_status register_read(struct volume *volume, const char *name, struct buffer *value, uint64_t *version,
                                 struct ssql_error *error)
{
    *version = 0;
    enum volume_status status = check_name(volume, name, false, error);
    return status != VOLUME_OK ? status : volume->operations->register_read(volume, name, value, version, error);
}

enum volume_status register_swap(struct volume *volume, const char *name, uint64_t *version, struct slice value,
                                 struct ssql_error *error)
{
    enum volume_status status = check_write(volume, name, false, error);
    if (status != VOLUME_OK)
        return status;
    if (value.size > REGISTER_LARGEST)
        return volume_fail(error, VOLUME_UNAVAILABLE, SSQL_TOO_LARGE,
                           "the value for \"%s\" has %zu bytes, more than %d", name, value.size, REGISTER_LARGEST);
    return volume->operations->register_swap(volume, name, version, value, error);
}

/* ---- scratch ---- */

enum volume_status scratch_create(struct volume *volume, struct scratch **scratch, struct ssql_error *error)
{
    *scratch = NULL;
    return volume->operations->scratch_create(volume, scratch, error);
}

enum volume_status scratch_append(struct scratch *scratch, struct slice bytes, struct ssql_error *error)
{
    return scratch->operations->scratch_append(scratch, bytes, error);
}

uint64_t scratch_size(const struct scratch *scratch)
{
    return scratch->operations->scratch_size(scratch);
}

enum volume_status scratch_read(struct scratch *scratch, uint64_t offset, uint8_t *data, size_t size,
                                struct ssql_error *error)
{
    return scratch->operations->scratch_read(scratch, offset, data, size, error);
}

void scratch_close(struct scratch *scratch)
{
    if (scratch != NULL)
        scratch->operations->scratch_close(scratch);
}

/* ---- the volume itself ---- */

enum volume_status volume_list(struct volume *volume, bool (*visit)(void *context, const char *name, uint64_t size),
                               void *context, struct ssql_error *error)
{
    return volume->operations->list(volume, visit, context, error);
}

bool volume_is_writable(const struct volume *volume)
{
    return volume->operations->is_writable(volume);
}

const char *volume_path(const struct volume *volume)
{
    return volume->operations->path(volume);
}

void volume_close(struct volume *volume)
{
    if (volume != NULL)
        volume->operations->close(volume);
}
