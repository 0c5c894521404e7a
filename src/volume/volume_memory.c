#include "volume/volume_memory_internal.h"

#include <assert.h>
#include <stdlib.h>

struct memory_writer {
    struct object_writer base;
    struct volume_memory *memory;
    char name[VOLUME_NAME_SIZE];
    struct buffer bytes;
};

struct memory_object {
    struct object base;
    struct volume_memory *memory;
    struct memory_file *file;
};

/* A log's owner and its readers alike. */
struct memory_log {
    struct volume_log base;
    struct volume_memory *memory;
    struct memory_file *file;
};

struct memory_log_reader {
    struct log_reader base;
    struct volume_memory *memory;
    struct memory_file *file;
};

struct memory_scratch {
    struct scratch base;
    pthread_mutex_t mutex; /* appending moves the bytes under the readers */
    struct buffer bytes;
};

static void init_mutex(pthread_mutex_t *mutex)
{
    int failed = pthread_mutex_init(mutex, NULL);

    assert(failed == 0); /* with default attributes it cannot fail */
}

/* ---- stored things ---- */

struct memory_file *memory_find(struct volume_memory *memory, const char *name)
{
    for (size_t i = 0; i < memory->file_count; i++)
        if (memory->files[i]->is_linked && strcmp(memory->files[i]->name, name) == 0)
            return memory->files[i];
    return NULL;
}

struct memory_file *memory_add(struct volume_memory *memory, enum memory_kind kind, const char *name)
{
    if (memory->file_count == memory->file_capacity) {
        size_t capacity = memory->file_capacity == 0 ? 16 : memory->file_capacity * 2;
        struct memory_file **files = realloc(memory->files, capacity * sizeof(struct memory_file *));
        if (files == NULL)
            return NULL;
        memory->files = files;
        memory->file_capacity = capacity;
    }
    struct memory_file *file = calloc(1, sizeof *file);
    if (file == NULL)
        return NULL;
    file->kind = kind;
    file->reference_count = 1;
    file->is_linked = true;
    volume_copy_name(file->name, name);
    memory->files[memory->file_count++] = file;
    return file;
}

void memory_release(struct memory_file *file)
{
    if (--file->reference_count > 0)
        return;
    buffer_clear(&file->bytes);
    buffer_clear(&file->stale);
    free(file);
}

static void remove_at(struct volume_memory *memory, size_t i)
{
    struct memory_file *file = memory->files[i];

    memory->files[i] = memory->files[--memory->file_count];
    memory_release(file);
}

void memory_unlink(struct volume_memory *memory, struct memory_file *file)
{
    file->is_linked = false;
    if (memory->keeps_deleted)
        return;
    size_t i = 0;
    while (memory->files[i] != file)
        i++; /* it is there: a linked file is listed */
    remove_at(memory, i);
}

void memory_forget_deleted(struct volume_memory *memory)
{
    for (size_t i = memory->file_count; i-- > 0;)
        if (!memory->files[i]->is_linked)
            remove_at(memory, i);
}

static enum volume_status fail_absent(struct ssql_error *error, const char *name)
{
    return volume_fail(error, VOLUME_NOT_FOUND, SSQL_CANNOT_OPEN, "there is no \":memory:/%s\"", name);
}

static enum volume_status fail_existing(struct ssql_error *error, const char *name)
{
    return volume_fail(error, VOLUME_EXISTS, SSQL_INTERNAL, "\":memory:/%s\" is there already", name);
}

/* ---- objects ---- */

static enum volume_status memory_object_create(struct volume *volume, const char *name, uint64_t expected_size,
                                               struct object_writer **out, struct ssql_error *error)
{
    struct volume_memory *memory = memory_of(volume);

    (void)expected_size;
    pthread_mutex_lock(&memory->mutex);
    bool exists = memory_find(memory, name) != NULL;
    pthread_mutex_unlock(&memory->mutex);
    if (exists)
        return fail_existing(error, name);
    struct memory_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return volume_no_memory(error);
    writer->base.operations = volume->operations;
    writer->memory = memory;
    volume_copy_name(writer->name, name);
    *out = &writer->base;
    return VOLUME_OK;
}

static enum volume_status memory_object_append(struct object_writer *base, struct slice bytes, struct ssql_error *error)
{
    struct memory_writer *writer = (struct memory_writer *)base;

    buffer_append(&writer->bytes, bytes.data, bytes.size);
    return writer->bytes.failed ? volume_no_memory(error) : VOLUME_OK;
}

static void memory_object_abandon(struct object_writer *base)
{
    struct memory_writer *writer = (struct memory_writer *)base;

    buffer_clear(&writer->bytes);
    free(writer);
}

/* Growing has left up to as much again unused: an object stays for long. */
static void trim(struct buffer *bytes)
{
    uint8_t *data = bytes->size == 0 ? NULL : realloc(bytes->data, bytes->size);

    if (data != NULL) {
        bytes->data = data;
        bytes->capacity = bytes->size;
    }
}

static enum volume_status memory_object_finish(struct object_writer *base, struct ssql_error *error)
{
    struct memory_writer *writer = (struct memory_writer *)base;
    struct volume_memory *memory = writer->memory;
    enum volume_status status = VOLUME_OK;

    pthread_mutex_lock(&memory->mutex);
    if (writer->bytes.failed) {
        status = volume_no_memory(error);
    } else if (memory_find(memory, writer->name) != NULL) {
        status = fail_existing(error, writer->name);
    } else {
        memory_forget_deleted(memory);
        struct memory_file *file = memory_add(memory, MEMORY_OBJECT, writer->name);
        if (file == NULL) {
            status = volume_no_memory(error);
        } else {
            trim(&writer->bytes);
            file->bytes = writer->bytes;
            writer->bytes = (struct buffer){0};
        }
    }
    pthread_mutex_unlock(&memory->mutex);
    memory_object_abandon(base);
    return status;
}

/* A linked file of that kind with one more reference, or a failure. */
static enum volume_status reference(struct volume_memory *memory, enum memory_kind kind, const char *name,
                                    struct memory_file **out, struct ssql_error *error)
{
    pthread_mutex_lock(&memory->mutex);
    struct memory_file *file = memory_find(memory, name);
    if (file != NULL && file->kind != kind)
        file = NULL;
    if (file != NULL)
        file->reference_count++;
    pthread_mutex_unlock(&memory->mutex);
    *out = file;
    return file != NULL ? VOLUME_OK : fail_absent(error, name);
}

static void release(struct volume_memory *memory, struct memory_file *file)
{
    pthread_mutex_lock(&memory->mutex);
    memory_release(file);
    pthread_mutex_unlock(&memory->mutex);
}

static enum volume_status memory_object_open(struct volume *volume, const char *name, uint64_t size,
                                             struct object **out, struct ssql_error *error)
{
    struct volume_memory *memory = memory_of(volume);
    struct memory_file *file;
    enum volume_status status = reference(memory, MEMORY_OBJECT, name, &file, error);

    if (status != VOLUME_OK)
        return status;
    struct memory_object *object = NULL;
    if (file->bytes.size != size)
        status = volume_fail(error, VOLUME_CORRUPT, SSQL_CORRUPT,
                             "\":memory:/%s\" is damaged: it has %zu bytes instead of %llu", name, file->bytes.size,
                             (unsigned long long)size);
    else if ((object = calloc(1, sizeof *object)) == NULL)
        status = volume_no_memory(error);
    if (status != VOLUME_OK) {
        release(memory, file);
        return status;
    }
    object->base.operations = volume->operations;
    volume_copy_name(object->base.name, name);
    object->memory = memory;
    object->file = file;
    *out = &object->base;
    return VOLUME_OK;
}

static enum volume_status memory_object_read(struct object *base, const struct object_range *ranges, size_t count,
                                             struct ssql_error *error)
{
    struct memory_object *object = (struct memory_object *)base;
    struct slice bytes = buffer_slice(&object->file->bytes);

    for (size_t i = 0; i < count; i++) {
        if (ranges[i].offset > bytes.size || ranges[i].size > bytes.size - ranges[i].offset)
            return volume_fail(error, VOLUME_CORRUPT, SSQL_CORRUPT,
                               "\":memory:/%s\" is damaged: it ends before offset %llu", base->name,
                               (unsigned long long)(ranges[i].offset + ranges[i].size));
        if (ranges[i].size > 0)
            memcpy(ranges[i].data, bytes.data + ranges[i].offset, ranges[i].size);
    }
    return VOLUME_OK;
}

static void memory_object_close(struct object *base)
{
    struct memory_object *object = (struct memory_object *)base;

    release(object->memory, object->file);
    free(object);
}

static enum volume_status memory_delete(struct volume *volume, const char *name, struct ssql_error *error)
{
    struct volume_memory *memory = memory_of(volume);

    (void)error;
    pthread_mutex_lock(&memory->mutex);
    struct memory_file *file = memory_find(memory, name);
    if (file != NULL)
        memory_unlink(memory, file);
    pthread_mutex_unlock(&memory->mutex);
    return VOLUME_OK;
}

/* ---- logs ---- */

/* The old log's bytes become what the new one's blocks hold before it is written. */
static void take_over(struct volume_memory *memory, const char *recycle, struct memory_file *file)
{
    struct memory_file *old = memory_find(memory, recycle);

    if (old == NULL || old->kind != MEMORY_LOG)
        return;
    if (old->reference_count == 1) {
        file->stale = old->bytes;
        old->bytes = (struct buffer){0};
    }
    old->is_linked = false; /* durably so: the new name is */
}

static enum volume_status memory_log_create(struct volume *volume, const char *name, uint64_t preallocated,
                                            const char *recycle, struct volume_log **out, struct ssql_error *error)
{
    struct volume_memory *memory = memory_of(volume);
    struct memory_log *log = calloc(1, sizeof *log);
    enum volume_status status = VOLUME_OK;

    if (log == NULL)
        return volume_no_memory(error);
    pthread_mutex_lock(&memory->mutex);
    if (memory_find(memory, name) != NULL)
        status = fail_existing(error, name);
    else if ((log->file = memory_add(memory, MEMORY_LOG, name)) == NULL)
        status = volume_no_memory(error);
    if (status == VOLUME_OK) {
        if (recycle != NULL)
            take_over(memory, recycle, log->file);
        memory_forget_deleted(memory);
        log->file->preallocated = preallocated;
        log->file->reference_count++;
    }
    pthread_mutex_unlock(&memory->mutex);
    if (status != VOLUME_OK) {
        free(log);
        return status;
    }
    log->base.operations = volume->operations;
    log->memory = memory;
    *out = &log->base;
    return VOLUME_OK;
}

static enum volume_status memory_log_append(struct volume_log *base, struct slice bytes, struct ssql_error *error)
{
    struct memory_log *log = (struct memory_log *)base;

    pthread_mutex_lock(&log->memory->mutex);
    buffer_append(&log->file->bytes, bytes.data, bytes.size);
    bool failed = log->file->bytes.failed;
    log->file->bytes.failed = false;
    pthread_mutex_unlock(&log->memory->mutex);
    return failed ? volume_no_memory(error) : VOLUME_OK;
}

static enum volume_status memory_log_sync(struct volume_log *base, struct ssql_error *error)
{
    struct memory_log *log = (struct memory_log *)base;

    (void)error;
    pthread_mutex_lock(&log->memory->mutex);
    log->file->synced_size = log->file->bytes.size;
    if (log->file->synced_size >= log->file->stale.size)
        buffer_clear(&log->file->stale);
    pthread_mutex_unlock(&log->memory->mutex);
    return VOLUME_OK;
}

static uint64_t memory_log_size(const struct volume_log *base)
{
    const struct memory_log *log = (const struct memory_log *)base;

    pthread_mutex_lock(&log->memory->mutex);
    uint64_t size = log->file->bytes.size;
    pthread_mutex_unlock(&log->memory->mutex);
    return size;
}

static void memory_log_close(struct volume_log *base)
{
    struct memory_log *log = (struct memory_log *)base;

    release(log->memory, log->file);
    free(log);
}

static enum volume_status memory_log_open_reader(struct volume *volume, const char *name, struct log_reader **out,
                                                 struct ssql_error *error)
{
    struct volume_memory *memory = memory_of(volume);
    struct memory_log_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL)
        return volume_no_memory(error);
    enum volume_status status = reference(memory, MEMORY_LOG, name, &reader->file, error);
    if (status != VOLUME_OK) {
        free(reader);
        return status;
    }
    reader->base.operations = volume->operations;
    reader->memory = memory;
    *out = &reader->base;
    return VOLUME_OK;
}

/* What the file would show: appended bytes, then what its blocks held before. */
static enum volume_status memory_log_read(struct log_reader *base, uint64_t offset, uint8_t *data, size_t size,
                                          size_t *got, struct ssql_error *error)
{
    struct memory_log_reader *reader = (struct memory_log_reader *)base;
    const struct memory_file *file = reader->file;

    (void)error;
    pthread_mutex_lock(&reader->memory->mutex);
    const struct buffer *sources[] = {&file->bytes, &file->stale};
    for (int i = 0; i < 2 && *got < size; i++) {
        uint64_t from = offset + *got;
        if (from >= sources[i]->size)
            continue;
        size_t piece = sources[i]->size - from < size - *got ? sources[i]->size - (size_t)from : size - *got;
        memcpy(data + *got, sources[i]->data + from, piece);
        *got += piece;
    }
    pthread_mutex_unlock(&reader->memory->mutex);
    return VOLUME_OK;
}

static void memory_log_close_reader(struct log_reader *base)
{
    struct memory_log_reader *reader = (struct memory_log_reader *)base;

    release(reader->memory, reader->file);
    free(reader);
}

static enum volume_status memory_log_seal(struct volume *volume, const char *name, uint64_t size,
                                          struct ssql_error *error)
{
    struct volume_memory *memory = memory_of(volume);
    struct memory_file *file;
    enum volume_status status = reference(memory, MEMORY_LOG, name, &file, error);

    if (status != VOLUME_OK)
        return status;
    pthread_mutex_lock(&memory->mutex);
    if (file->bytes.size < size)
        status = volume_fail(error, VOLUME_CORRUPT, SSQL_CORRUPT,
                             "\":memory:/%s\" is damaged: it ends before its last record", name);
    else if (file->synced_size < size)
        file->synced_size = size;
    memory_release(file);
    pthread_mutex_unlock(&memory->mutex);
    return status;
}

/* ---- registers ---- */

static enum volume_status memory_register_read(struct volume *volume, const char *name, struct buffer *value,
                                               uint64_t *version, struct ssql_error *error)
{
    struct volume_memory *memory = memory_of(volume);
    enum volume_status status = VOLUME_OK;

    pthread_mutex_lock(&memory->mutex);
    const struct memory_file *file = memory_find(memory, name);
    if (file != NULL && file->is_damaged) {
        status = volume_fail(error, VOLUME_CORRUPT, SSQL_CORRUPT, "\":memory:/%s\" is damaged", name);
    } else if (file != NULL) {
        buffer_append(value, file->bytes.data, file->bytes.size);
        *version = file->version;
        if (value->failed)
            status = volume_no_memory(error);
    }
    pthread_mutex_unlock(&memory->mutex);
    return status;
}

static enum volume_status swap_locked(struct volume_memory *memory, const char *name, uint64_t *version,
                                      struct slice value, struct ssql_error *error)
{
    struct memory_file *file = memory_find(memory, name);
    uint64_t current = file == NULL ? 0 : file->version;
    struct buffer bytes = {0};

    if (file != NULL && file->is_damaged)
        return volume_fail(error, VOLUME_CORRUPT, SSQL_CORRUPT, "\":memory:/%s\" is damaged", name);
    if (current != *version)
        return volume_fail(error, VOLUME_CONFLICT, SSQL_INTERNAL, "\":memory:/%s\" has version %llu instead of %llu",
                           name, (unsigned long long)current, (unsigned long long)*version);
    buffer_append(&bytes, value.data, value.size);
    if (bytes.failed || (file == NULL && (file = memory_add(memory, MEMORY_REGISTER, name)) == NULL)) {
        buffer_clear(&bytes);
        return volume_no_memory(error);
    }
    buffer_clear(&file->bytes);
    file->bytes = bytes;
    file->version = ++*version;
    memory_forget_deleted(memory);
    return VOLUME_OK;
}

static enum volume_status memory_register_swap(struct volume *volume, const char *name, uint64_t *version,
                                               struct slice value, struct ssql_error *error)
{
    struct volume_memory *memory = memory_of(volume);

    pthread_mutex_lock(&memory->mutex);
    enum volume_status status = swap_locked(memory, name, version, value, error);
    pthread_mutex_unlock(&memory->mutex);
    return status;
}

/* ---- scratch ---- */

static enum volume_status memory_scratch_create(struct volume *volume, struct scratch **out, struct ssql_error *error)
{
    struct memory_scratch *scratch = calloc(1, sizeof *scratch);

    if (scratch == NULL)
        return volume_no_memory(error);
    init_mutex(&scratch->mutex);
    scratch->base.operations = volume->operations;
    *out = &scratch->base;
    return VOLUME_OK;
}

static enum volume_status memory_scratch_append(struct scratch *base, struct slice bytes, struct ssql_error *error)
{
    struct memory_scratch *scratch = (struct memory_scratch *)base;

    pthread_mutex_lock(&scratch->mutex);
    buffer_append(&scratch->bytes, bytes.data, bytes.size);
    bool failed = scratch->bytes.failed;
    scratch->bytes.failed = false;
    pthread_mutex_unlock(&scratch->mutex);
    return failed ? volume_no_memory(error) : VOLUME_OK;
}

static uint64_t memory_scratch_size(const struct scratch *base)
{
    struct memory_scratch *scratch = (struct memory_scratch *)base;

    pthread_mutex_lock(&scratch->mutex);
    uint64_t size = scratch->bytes.size;
    pthread_mutex_unlock(&scratch->mutex);
    return size;
}

static enum volume_status memory_scratch_read(struct scratch *base, uint64_t offset, uint8_t *data, size_t size,
                                              struct ssql_error *error)
{
    struct memory_scratch *scratch = (struct memory_scratch *)base;

    pthread_mutex_lock(&scratch->mutex);
    bool is_inside = offset <= scratch->bytes.size && size <= scratch->bytes.size - offset;
    if (is_inside && size > 0)
        memcpy(data, scratch->bytes.data + offset, size);
    pthread_mutex_unlock(&scratch->mutex);
    return is_inside ? VOLUME_OK
                     : volume_fail(error, VOLUME_UNAVAILABLE, SSQL_IO, "cannot read temporary memory beyond its end");
}

static void memory_scratch_close(struct scratch *base)
{
    struct memory_scratch *scratch = (struct memory_scratch *)base;

    pthread_mutex_destroy(&scratch->mutex);
    buffer_clear(&scratch->bytes);
    free(scratch);
}

/* ---- the volume itself ---- */

struct listed_name {
    char name[VOLUME_NAME_SIZE];
    uint64_t size;
};

/* A copy, since the visitor may call back. */
static enum volume_status memory_list(struct volume *volume,
                                      bool (*visit)(void *context, const char *name, uint64_t size), void *context,
                                      struct ssql_error *error)
{
    struct volume_memory *memory = memory_of(volume);
    size_t count = 0;

    pthread_mutex_lock(&memory->mutex);
    struct listed_name *names = calloc(memory->file_count + 1, sizeof *names);
    for (size_t i = 0; names != NULL && i < memory->file_count; i++) {
        const struct memory_file *file = memory->files[i];
        if (!file->is_linked || file->kind == MEMORY_REGISTER)
            continue;
        memcpy(names[count].name, file->name, VOLUME_NAME_SIZE);
        names[count++].size = file->bytes.size;
    }
    pthread_mutex_unlock(&memory->mutex);
    if (names == NULL)
        return volume_no_memory(error);
    for (size_t i = 0; i < count && visit(context, names[i].name, names[i].size); i++)
        ;
    free(names);
    return VOLUME_OK;
}

static bool memory_is_writable(const struct volume *volume)
{
    (void)volume;
    return true;
}

static const char *memory_path(const struct volume *volume)
{
    (void)volume;
    return ":memory:";
}

static void memory_close(struct volume *volume)
{
    struct volume_memory *memory = memory_of(volume);

    while (memory->file_count > 0)
        remove_at(memory, memory->file_count - 1);
    free(memory->files);
    pthread_mutex_destroy(&memory->mutex);
    free(memory);
}

static const struct volume_operations memory_operations = {
    .object_create = memory_object_create,
    .object_append = memory_object_append,
    .object_finish = memory_object_finish,
    .object_abandon = memory_object_abandon,
    .object_open = memory_object_open,
    .object_read = memory_object_read,
    .object_close = memory_object_close,
    .object_delete = memory_delete,
    .log_create = memory_log_create,
    .log_append = memory_log_append,
    .log_sync = memory_log_sync,
    .log_size = memory_log_size,
    .log_close = memory_log_close,
    .log_open_reader = memory_log_open_reader,
    .log_read = memory_log_read,
    .log_close_reader = memory_log_close_reader,
    .log_seal = memory_log_seal,
    .log_delete = memory_delete,
    .register_read = memory_register_read,
    .register_swap = memory_register_swap,
    .scratch_create = memory_scratch_create,
    .scratch_append = memory_scratch_append,
    .scratch_size = memory_scratch_size,
    .scratch_read = memory_scratch_read,
    .scratch_close = memory_scratch_close,
    .list = memory_list,
    .is_writable = memory_is_writable,
    .path = memory_path,
    .close = memory_close,
};

bool volume_memory_create(struct volume **volume, struct ssql_error *error)
{
    struct volume_memory *memory = calloc(1, sizeof *memory);

    *volume = NULL;
    if (memory == NULL)
        return error_no_memory(error);
    init_mutex(&memory->mutex);
    memory->base.operations = &memory_operations;
    *volume = &memory->base;
    return true;
}
