#include "exec/copy_stream.h"

static bool refuse_files(struct ssql_error *error)
{
    error_set(error, SSQL_NOT_ALLOWED, NO_SPAN, "copy may not use files here");
    return error_hint(error, "the database was opened with allow_files off; stdin and stdout remain");
}

static bool refuse_stream(const char *stream, const char *call, struct ssql_error *error)
{
    error_set(error, SSQL_MISUSE, NO_SPAN, "this connection has no %s", stream);
    return error_hint(error, "name a file, or tell the connection what %s is: %s", stream, call);
}

/* What the program said before its function failed, or that it did. */
static bool fail_stream(struct copy_environment *environment, const char *name, const char *what,
                        struct ssql_error *error)
{
    if (environment->failure[0] != '\0')
        return error_set(error, SSQL_IO, NO_SPAN, "%s", environment->failure);
    return error_set(error, SSQL_IO, NO_SPAN, "%s %s failed", what, name);
}

bool copy_blame(struct ssql_span span, struct ssql_error *error)
{
    if (error->code != SSQL_NO_MEMORY && error->code != SSQL_INTERRUPTED)
        error->span = span;
    return false;
}

/* ---- input ---- */

bool copy_input_open(struct copy_input *input, const struct execution_context *context, const char *path, bool is_twice,
                     struct ssql_error *error)
{
    struct copy_environment *environment = context->copy;

    *input = (struct copy_input){.environment = environment,
                                 .engine = context->engine,
                                 .cancellation = context->cancellation,
                                 .name = path,
                                 .is_kept = is_twice};
    environment->failure[0] = '\0';
    if (path == NULL) {
        input->name = environment->input_name;
        if (environment->read == NULL)
            return refuse_stream("stdin", "ssql_set_copy_input", error);
        return true;
    }
    if (environment->files == NULL)
        return refuse_files(error);
    if (!environment->files->open(path, context->cancellation, &input->file, error))
        return false;
    input->size = environment->files->size(input->file);
    input->is_kept = is_twice && !environment->files->can_rewind(input->file);
    return true;
}

static bool read_first(struct copy_input *input, uint8_t *bytes, size_t capacity, size_t *size,
                       struct ssql_error *error)
{
    struct copy_environment *environment = input->environment;

    if (input->file != NULL) {
        struct byte_source source = environment->files->source(input->file);
        return byte_source_read(&source, bytes, capacity, size, error);
    }
    if (environment->read(environment->read_context, (char *)bytes, capacity, size) != 0) {
        if (!cancellation_check(input->cancellation, error))
            return false;
        return fail_stream(environment, input->name, "reading", error);
    }
    if (*size > capacity)
        return error_set(error, SSQL_MISUSE, NO_SPAN, "%s gave more bytes than there was room for", input->name);
    return true;
}

static bool put_aside(struct copy_input *input, struct slice bytes, struct ssql_error *error)
{
    if (input->aside == NULL && !spill_create(input->engine, &input->aside, error))
        return false;
    return spill_append(input->aside, bytes, error);
}

static bool read_again(struct copy_input *input, uint8_t *bytes, size_t capacity, size_t *size,
                       struct ssql_error *error)
{
    uint64_t left = input->aside == NULL ? 0 : spill_size(input->aside) - input->position;

    *size = left < capacity ? (size_t)left : capacity;
    if (*size > 0 && !spill_read(input->aside, input->position, bytes, *size, error))
        return false;
    input->position += *size;
    return true;
}

static bool input_read(void *context, uint8_t *bytes, size_t capacity, size_t *size, struct ssql_error *error)
{
    struct copy_input *input = context;
    bool is_aside = input->is_kept && input->is_second;

    *size = 0;
    if (!cancellation_check(input->cancellation, error))
        return false;
    if (is_aside ? !read_again(input, bytes, capacity, size, error) : !read_first(input, bytes, capacity, size, error))
        return false;
    if (input->is_kept && !input->is_second && *size > 0 && !put_aside(input, slice_make(bytes, *size), error))
        return false;
    input->environment->bytes += (int64_t)*size;
    if (input->cancellation->progress != NULL)
        input->cancellation->progress->done = input->environment->bytes;
    return true;
}

struct byte_source copy_input_source(struct copy_input *input)
{
    return (struct byte_source){.read = input_read, .context = input};
}

bool copy_input_rewind(struct copy_input *input, struct ssql_error *error)
{
    input->environment->bytes = 0;
    input->is_second = true;
    input->position = 0;
    if (input->is_kept) {
        input->size = input->aside == NULL ? 0 : spill_size(input->aside);
        return true;
    }
    return input->environment->files->rewind(input->file, error);
}

bool copy_input_is_at(const struct copy_input *input, const char *path)
{
    return input->file != NULL && input->environment->files->is_at(input->file, path);
}

void copy_input_close(struct copy_input *input)
{
    if (input->file != NULL)
        input->environment->files->close(input->file);
    spill_close(input->aside);
    input->file = NULL;
    input->aside = NULL;
}

/* ---- output ---- */

bool copy_output_open(struct copy_output *output, const struct execution_context *context, const char *path,
                      struct ssql_error *error)
{
    struct copy_environment *environment = context->copy;

    *output = (struct copy_output){.environment = environment, .name = path};
    environment->failure[0] = '\0';
    if (path == NULL) {
        output->name = environment->output_name;
        if (environment->write == NULL)
            return refuse_stream("stdout", "ssql_set_copy_output", error);
        return true;
    }
    if (environment->files == NULL)
        return refuse_files(error);
    return environment->files->create(path, context->cancellation, &output->file, error);
}

static bool output_write(void *context, struct slice bytes, struct ssql_error *error)
{
    struct copy_output *output = context;
    struct copy_environment *environment = output->environment;

    if (output->file != NULL) {
        struct byte_sink sink = environment->files->sink(output->file);
        if (!byte_sink_write(&sink, bytes, error)) {
            output->has_failed = true;
            return false;
        }
    } else if (environment->write(environment->write_context, (const char *)bytes.data, bytes.size) != 0) {
        return fail_stream(environment, output->name, "writing", error);
    }
    environment->bytes += (int64_t)bytes.size;
    return true;
}

struct byte_sink copy_output_sink(struct copy_output *output)
{
    return (struct byte_sink){.write = output_write, .context = output};
}

bool copy_output_finish(struct copy_output *output, struct ssql_error *error)
{
    void *file = output->file;

    output->file = NULL;
    return file == NULL || output->environment->files->finish(file, error);
}

void copy_output_close(struct copy_output *output)
{
    if (output->file != NULL)
        output->environment->files->abandon(output->file);
    output->file = NULL;
}
