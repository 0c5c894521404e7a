/* The user's files as copy statements use them. */
#include "api/api_internal.h"
#include "volume/plain_file.h"

static bool open_file(const char *path, struct cancellation *cancellation, void **file, struct ssql_error *error)
{
    struct plain_file_reader *reader = NULL;
    bool is_open = plain_file_open(path, cancellation, &reader, error);

    *file = reader;
    return is_open;
}

static struct byte_source source_of(void *file)
{
    return plain_file_source(file);
}

static uint64_t size_of(void *file)
{
    return plain_file_size(file);
}

static bool can_rewind(void *file)
{
    return plain_file_can_rewind(file);
}

static bool rewind_file(void *file, struct ssql_error *error)
{
    return plain_file_rewind(file, error);
}

static bool is_at(void *file, const char *path)
{
    return plain_file_is_at(file, path);
}

static void close_file(void *file)
{
    plain_file_close(file);
}

static bool create_file(const char *path, struct cancellation *cancellation, void **file, struct ssql_error *error)
{
    struct plain_file_writer *writer = NULL;
    bool is_made = plain_file_create(path, cancellation, &writer, error);

    *file = writer;
    return is_made;
}

static struct byte_sink sink_of(void *file)
{
    return plain_file_sink(file);
}

static bool finish_file(void *file, struct ssql_error *error)
{
    return plain_file_finish(file, error);
}

static void abandon_file(void *file)
{
    plain_file_abandon(file);
}

const struct copy_files plain_copy_files = {.open = open_file,
                                            .source = source_of,
                                            .size = size_of,
                                            .can_rewind = can_rewind,
                                            .rewind = rewind_file,
                                            .is_at = is_at,
                                            .close = close_file,
                                            .create = create_file,
                                            .sink = sink_of,
                                            .finish = finish_file,
                                            .abandon = abandon_file};
