#include "volume/volume_faulty.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "volume/volume_internal.h"

struct volume_faulty {
    struct volume base;
    struct volume *inner;
    pthread_mutex_t mutex;
    pthread_cond_t plan_changed;
    struct fault_plan plan;
    uint64_t plan_number;
    uint64_t operation_count;
    uint64_t used_bytes;
};

struct faulty_writer {
    struct object_writer base;
    struct volume_faulty *faulty;
    struct object_writer *inner;
    char name[VOLUME_NAME_SIZE];
    bool failed;
};

struct faulty_object {
    struct object base;
    struct volume_faulty *faulty;
    struct object *inner;
};

struct faulty_log {
    struct volume_log base;
    struct volume_faulty *faulty;
    struct volume_log *inner;
    char name[VOLUME_NAME_SIZE];
    uint64_t preallocated;
    _Atomic uint64_t size; /* without what a torn append left */
    atomic_bool failed;
};

struct faulty_reader {
    struct log_reader base;
    struct volume_faulty *faulty;
    struct log_reader *inner;
    char name[VOLUME_NAME_SIZE];
};

struct faulty_scratch {
    struct scratch base;
    struct volume_faulty *faulty;
    struct scratch *inner;
};

static struct volume_faulty *faulty_of(struct volume *volume)
{
    return (struct volume_faulty *)volume;
}

/* ---- what shall happen to an operation ---- */

struct verdict {
    enum volume_status status; /* VOLUME_OK: nothing goes wrong */
    bool is_done;              /* it fails, but has happened */
    bool is_torn;
    uint64_t random;
};

static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 33) * 0xFF51AFD7ED558CCDu;
    z = (z ^ z >> 33) * 0xC4CEB9FE1A85EC53u;
    return z ^ z >> 33;
}

/* Until the plan's delay is over, or another plan comes. */
static void wait_as_planned(struct volume_faulty *faulty)
{
    uint64_t number = faulty->plan_number;
    bool is_frozen = faulty->plan.freeze;
    struct timespec until;

    while (is_frozen && faulty->plan_number == number)
        pthread_cond_wait(&faulty->plan_changed, &faulty->mutex);
    if (faulty->plan_number != number || faulty->plan.delay_us == 0)
        return;
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t nanoseconds = (uint64_t)until.tv_nsec + faulty->plan.delay_us % 1000000 * 1000;
    until.tv_sec += (time_t)(faulty->plan.delay_us / 1000000 + nanoseconds / 1000000000);
    until.tv_nsec = (long)(nanoseconds % 1000000000);
    while (faulty->plan_number == number && pthread_cond_timedwait(&faulty->plan_changed, &faulty->mutex, &until) == 0)
        ;
}

static struct verdict judge_locked(struct volume_faulty *faulty, uint64_t bytes)
{
    struct verdict verdict = {.status = VOLUME_OK};

    wait_as_planned(faulty);
    const struct fault_plan *plan = &faulty->plan;
    uint64_t number = ++faulty->operation_count;
    verdict.random = mix(plan->seed + number * 0x9E3779B97F4A7C15u);
    if (plan->fail_at != 0 && (number == plan->fail_at || (plan->keep_failing && number > plan->fail_at))) {
        verdict.status = plan->status;
        verdict.is_torn = plan->torn;
        verdict.is_done = plan->status == VOLUME_UNKNOWN && (verdict.random & 1) != 0;
    } else if (plan->capacity != 0 && bytes > 0 && faulty->used_bytes + bytes > plan->capacity) {
        verdict.status = VOLUME_NO_SPACE;
    } else {
        faulty->used_bytes += bytes;
    }
    return verdict;
}

static struct verdict judge(struct volume_faulty *faulty, uint64_t bytes)
{
    pthread_mutex_lock(&faulty->mutex);
    void (*before)(void *context) = faulty->plan.before;
    void *context = faulty->plan.context;
    pthread_mutex_unlock(&faulty->mutex);
    if (before != NULL)
        before(context);
    pthread_mutex_lock(&faulty->mutex);
    struct verdict verdict = judge_locked(faulty, bytes);
    pthread_mutex_unlock(&faulty->mutex);
    return verdict;
}

static enum volume_status fail(enum volume_status status, const char *doing, const char *name, struct ssql_error *error)
{
    return volume_fail(error, status, SSQL_IO, "cannot %s \"%s\": a fault was planned here", doing, name);
}

/* For an operation that happened although its caller must not know. */
static enum volume_status fail_done(struct verdict verdict, enum volume_status inner, const char *doing,
                                    const char *name, struct ssql_error *error)
{
    (void)inner;
    return fail(verdict.status, doing, name, error);
}

/* ---- objects ---- */

static enum volume_status faulty_object_create(struct volume *volume, const char *name, uint64_t expected_size,
                                               struct object_writer **out, struct ssql_error *error)
{
    struct volume_faulty *faulty = faulty_of(volume);
    struct verdict verdict = judge(faulty, 0);

    if (verdict.status != VOLUME_OK)
        return fail(verdict.status, "create", name, error);
    struct faulty_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return volume_no_memory(error);
    enum volume_status status = object_create(faulty->inner, name, expected_size, &writer->inner, error);
    if (status != VOLUME_OK) {
        free(writer);
        return status;
    }
    writer->base.operations = volume->operations;
    writer->faulty = faulty;
    volume_copy_name(writer->name, name);
    *out = &writer->base;
    return VOLUME_OK;
}

static enum volume_status faulty_object_append(struct object_writer *base, struct slice bytes, struct ssql_error *error)
{
    struct faulty_writer *writer = (struct faulty_writer *)base;
    struct verdict verdict = judge(writer->faulty, bytes.size);

    if (verdict.status == VOLUME_OK)
        return object_append(writer->inner, bytes, error);
    /* Half an object never becomes visible, so how much of it was written makes no difference. */
    writer->failed = true;
    return fail(verdict.status, "write", writer->name, error);
}

static enum volume_status faulty_object_finish(struct object_writer *base, struct ssql_error *error)
{
    struct faulty_writer *writer = (struct faulty_writer *)base;
    struct verdict verdict = judge(writer->faulty, 0);
    enum volume_status status;

    if (writer->failed && verdict.status == VOLUME_OK)
        verdict.status = VOLUME_UNAVAILABLE;
    if (verdict.status == VOLUME_OK) {
        status = object_finish(writer->inner, error);
    } else if (verdict.is_done && !writer->failed) {
        status = fail_done(verdict, object_finish(writer->inner, error), "finish", writer->name, error);
    } else {
        object_abandon(writer->inner);
        status = fail(verdict.status, "finish", writer->name, error);
    }
    free(writer);
    return status;
}

static void faulty_object_abandon(struct object_writer *base)
{
    struct faulty_writer *writer = (struct faulty_writer *)base;

    object_abandon(writer->inner);
    free(writer);
}

static enum volume_status faulty_object_open(struct volume *volume, const char *name, uint64_t size,
                                             struct object **out, struct ssql_error *error)
{
    struct volume_faulty *faulty = faulty_of(volume);
    struct verdict verdict = judge(faulty, 0);

    if (verdict.status != VOLUME_OK)
        return fail(verdict.status, "open", name, error);
    struct faulty_object *object = calloc(1, sizeof *object);
    if (object == NULL)
        return volume_no_memory(error);
    enum volume_status status = object_open(faulty->inner, name, size, &object->inner, error);
    if (status != VOLUME_OK) {
        free(object);
        return status;
    }
    object->base.operations = volume->operations;
    volume_copy_name(object->base.name, name);
    object->faulty = faulty;
    *out = &object->base;
    return VOLUME_OK;
}

static enum volume_status faulty_object_read(struct object *base, const struct object_range *ranges, size_t count,
                                             struct ssql_error *error)
{
    struct faulty_object *object = (struct faulty_object *)base;
    struct verdict verdict = judge(object->faulty, 0);

    return verdict.status != VOLUME_OK ? fail(verdict.status, "read", base->name, error)
                                       : object_read(object->inner, ranges, count, error);
}

static void faulty_object_close(struct object *base)
{
    struct faulty_object *object = (struct faulty_object *)base;

    object_close(object->inner);
    free(object);
}

static enum volume_status faulty_object_delete(struct volume *volume, const char *name, struct ssql_error *error)
{
    struct volume_faulty *faulty = faulty_of(volume);
    struct verdict verdict = judge(faulty, 0);

    if (verdict.status == VOLUME_OK)
        return object_delete(faulty->inner, name, error);
    if (verdict.is_done)
        return fail_done(verdict, object_delete(faulty->inner, name, error), "delete", name, error);
    return fail(verdict.status, "delete", name, error);
}

static enum volume_status faulty_object_link(struct volume *from, const char *name, uint64_t size, struct volume *to,
                                             bool *is_linked, struct ssql_error *error)
{
    struct volume_faulty *faulty = faulty_of(to);
    struct volume *inner = from->operations == to->operations ? faulty_of(from)->inner : from;
    struct verdict verdict = judge(faulty, 0);

    if (verdict.status == VOLUME_OK)
        return object_link(inner, name, size, faulty->inner, is_linked, error);
    if (verdict.is_done)
        return fail_done(verdict, object_link(inner, name, size, faulty->inner, is_linked, error), "link", name, error);
    return fail(verdict.status, "link", name, error);
}

/* ---- logs ---- */

static enum volume_status faulty_log_create(struct volume *volume, const char *name, uint64_t preallocated,
                                            const char *recycle, struct volume_log **out, struct ssql_error *error)
{
    struct volume_faulty *faulty = faulty_of(volume);
    struct verdict verdict = judge(faulty, recycle == NULL ? preallocated : 0);

    if (verdict.status != VOLUME_OK && !verdict.is_done)
        return fail(verdict.status, "create", name, error);
    struct faulty_log *log = calloc(1, sizeof *log);
    if (log == NULL)
        return volume_no_memory(error);
    enum volume_status status = log_create(faulty->inner, name, preallocated, recycle, &log->inner, error);
    if (verdict.is_done) {
        log_close(log->inner);
        free(log);
        return fail_done(verdict, status, "create", name, error);
    }
    if (status != VOLUME_OK) {
        free(log);
        return status;
    }
    log->base.operations = volume->operations;
    log->faulty = faulty;
    log->preallocated = preallocated;
    volume_copy_name(log->name, name);
    *out = &log->base;
    return VOLUME_OK;
}

/* Bytes of an append that lie beyond what was preallocated. */
static uint64_t new_bytes(const struct faulty_log *log, size_t size)
{
    uint64_t end = atomic_load(&log->size) + size;
    uint64_t from = atomic_load(&log->size) > log->preallocated ? atomic_load(&log->size) : log->preallocated;

    return end > from ? end - from : 0;
}

/* What a failing append leaves in the file: nothing, a part, or all of it, which its caller must not count on. */
static enum volume_status fail_append(struct faulty_log *log, struct verdict verdict, struct slice bytes,
                                      struct ssql_error *error)
{
    size_t left = 0;

    if (verdict.is_done)
        left = bytes.size;
    else if (verdict.is_torn && bytes.size > 1)
        left = 1 + verdict.random % (bytes.size - 1);
    if (left > 0) {
        enum volume_status inner = log_append(log->inner, slice_make(bytes.data, left), error);
        (void)inner;
    }
    if (left > 0 || verdict.status == VOLUME_UNKNOWN)
        atomic_store(&log->failed, true);
    return fail(verdict.status, "write", log->name, error);
}

static enum volume_status faulty_log_append(struct volume_log *base, struct slice bytes, struct ssql_error *error)
{
    struct faulty_log *log = (struct faulty_log *)base;
    struct verdict verdict = judge(log->faulty, new_bytes(log, bytes.size));

    if (atomic_load(&log->failed))
        return fail(VOLUME_UNKNOWN, "write", log->name, error);
    if (verdict.status != VOLUME_OK)
        return fail_append(log, verdict, bytes, error);
    enum volume_status status = log_append(log->inner, bytes, error);
    if (status == VOLUME_OK)
        atomic_fetch_add(&log->size, bytes.size);
    return status;
}

static enum volume_status faulty_log_sync(struct volume_log *base, struct ssql_error *error)
{
    struct faulty_log *log = (struct faulty_log *)base;
    struct verdict verdict = judge(log->faulty, 0);

    if (atomic_load(&log->failed))
        return fail(VOLUME_UNKNOWN, "sync", log->name, error);
    if (verdict.status == VOLUME_OK)
        return log_sync(log->inner, error);
    if (verdict.is_done) {
        enum volume_status inner = log_sync(log->inner, error);
        (void)inner;
    }
    atomic_store(&log->failed, true);
    return fail(verdict.status, "sync", log->name, error);
}

static uint64_t faulty_log_size(const struct volume_log *base)
{
    return atomic_load(&((const struct faulty_log *)base)->size);
}

static void faulty_log_close(struct volume_log *base)
{
    struct faulty_log *log = (struct faulty_log *)base;

    log_close(log->inner);
    free(log);
}

static enum volume_status faulty_log_open_reader(struct volume *volume, const char *name, struct log_reader **out,
                                                 struct ssql_error *error)
{
    struct volume_faulty *faulty = faulty_of(volume);
    struct verdict verdict = judge(faulty, 0);

    if (verdict.status != VOLUME_OK)
        return fail(verdict.status, "open", name, error);
    struct faulty_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return volume_no_memory(error);
    enum volume_status status = log_open_reader(faulty->inner, name, &reader->inner, error);
    if (status != VOLUME_OK) {
        free(reader);
        return status;
    }
    reader->base.operations = volume->operations;
    reader->faulty = faulty;
    volume_copy_name(reader->name, name);
    *out = &reader->base;
    return VOLUME_OK;
}

static enum volume_status faulty_log_read(struct log_reader *base, uint64_t offset, uint8_t *data, size_t size,
                                          size_t *got, struct ssql_error *error)
{
    struct faulty_reader *reader = (struct faulty_reader *)base;
    struct verdict verdict = judge(reader->faulty, 0);

    return verdict.status != VOLUME_OK ? fail(verdict.status, "read", reader->name, error)
                                       : log_read(reader->inner, offset, data, size, got, error);
}

static void faulty_log_close_reader(struct log_reader *base)
{
    struct faulty_reader *reader = (struct faulty_reader *)base;

    log_close_reader(reader->inner);
    free(reader);
}

static enum volume_status faulty_log_seal(struct volume *volume, const char *name, uint64_t size,
                                          struct ssql_error *error)
{
    struct volume_faulty *faulty = faulty_of(volume);
    struct verdict verdict = judge(faulty, 0);

    if (verdict.status == VOLUME_OK)
        return log_seal(faulty->inner, name, size, error);
    if (verdict.is_done)
        return fail_done(verdict, log_seal(faulty->inner, name, size, error), "sync", name, error);
    return fail(verdict.status, "sync", name, error);
}

static enum volume_status faulty_log_delete(struct volume *volume, const char *name, struct ssql_error *error)
{
    struct volume_faulty *faulty = faulty_of(volume);
    struct verdict verdict = judge(faulty, 0);

    if (verdict.status == VOLUME_OK)
        return log_delete(faulty->inner, name, error);
    if (verdict.is_done)
        return fail_done(verdict, log_delete(faulty->inner, name, error), "delete", name, error);
    return fail(verdict.status, "delete", name, error);
}

/* ---- registers ---- */

static enum volume_status faulty_register_read(struct volume *volume, const char *name, struct buffer *value,
                                               uint64_t *version, struct ssql_error *error)
{
    struct volume_faulty *faulty = faulty_of(volume);
    struct verdict verdict = judge(faulty, 0);

    return verdict.status != VOLUME_OK ? fail(verdict.status, "read", name, error)
                                       : register_read(faulty->inner, name, value, version, error);
}

static enum volume_status faulty_register_swap(struct volume *volume, const char *name, uint64_t *version,
                                               struct slice value, struct ssql_error *error)
{
    struct volume_faulty *faulty = faulty_of(volume);
    struct verdict verdict = judge(faulty, value.size);
    uint64_t expected = *version;

    if (verdict.status == VOLUME_OK)
        return register_swap(faulty->inner, name, version, value, error);
    if (verdict.is_done)
        return fail_done(verdict, register_swap(faulty->inner, name, &expected, value, error), "replace", name, error);
    return fail(verdict.status, "replace", name, error);
}

/* ---- scratch ---- */

static enum volume_status faulty_scratch_create(struct volume *volume, struct scratch **out, struct ssql_error *error)
{
    struct volume_faulty *faulty = faulty_of(volume);
    struct verdict verdict = judge(faulty, 0);

    if (verdict.status != VOLUME_OK)
        return fail(verdict.status, "create", "temporary file", error);
    struct faulty_scratch *scratch = calloc(1, sizeof *scratch);
    if (scratch == NULL)
        return volume_no_memory(error);
    enum volume_status status = scratch_create(faulty->inner, &scratch->inner, error);
    if (status != VOLUME_OK) {
        free(scratch);
        return status;
    }
    scratch->base.operations = volume->operations;
    scratch->faulty = faulty;
    *out = &scratch->base;
    return VOLUME_OK;
}

static enum volume_status faulty_scratch_append(struct scratch *base, struct slice bytes, struct ssql_error *error)
{
    struct faulty_scratch *scratch = (struct faulty_scratch *)base;
    struct verdict verdict = judge(scratch->faulty, bytes.size);

    return verdict.status != VOLUME_OK ? fail(verdict.status, "write", "temporary file", error)
                                       : scratch_append(scratch->inner, bytes, error);
}

static uint64_t faulty_scratch_size(const struct scratch *base)
{
    return scratch_size(((const struct faulty_scratch *)base)->inner);
}

static enum volume_status faulty_scratch_read(struct scratch *base, uint64_t offset, uint8_t *data, size_t size,
                                              struct ssql_error *error)
{
    struct faulty_scratch *scratch = (struct faulty_scratch *)base;
    struct verdict verdict = judge(scratch->faulty, 0);

    return verdict.status != VOLUME_OK ? fail(verdict.status, "read", "temporary file", error)
                                       : scratch_read(scratch->inner, offset, data, size, error);
}

static void faulty_scratch_close(struct scratch *base)
{
    struct faulty_scratch *scratch = (struct faulty_scratch *)base;

    scratch_close(scratch->inner);
    free(scratch);
}

/* ---- the volume itself ---- */

static enum volume_status faulty_list(struct volume *volume,
                                      bool (*visit)(void *context, const char *name, uint64_t size), void *context,
                                      struct ssql_error *error)
{
    struct volume_faulty *faulty = faulty_of(volume);
    struct verdict verdict = judge(faulty, 0);

    return verdict.status != VOLUME_OK ? fail(verdict.status, "list", volume_path(volume), error)
                                       : volume_list(faulty->inner, visit, context, error);
}

static bool faulty_is_writable(const struct volume *volume)
{
    return volume_is_writable(((const struct volume_faulty *)volume)->inner);
}

static const char *faulty_path(const struct volume *volume)
{
    return volume_path(((const struct volume_faulty *)volume)->inner);
}

static void faulty_close(struct volume *volume)
{
    struct volume_faulty *faulty = faulty_of(volume);

    volume_close(faulty->inner);
    pthread_cond_destroy(&faulty->plan_changed);
    pthread_mutex_destroy(&faulty->mutex);
    free(faulty);
}

static const struct volume_operations faulty_operations = {
    .object_create = faulty_object_create,
    .object_append = faulty_object_append,
    .object_finish = faulty_object_finish,
    .object_abandon = faulty_object_abandon,
    .object_open = faulty_object_open,
    .object_read = faulty_object_read,
    .object_close = faulty_object_close,
    .object_delete = faulty_object_delete,
    .object_link = faulty_object_link,
    .log_create = faulty_log_create,
    .log_append = faulty_log_append,
    .log_sync = faulty_log_sync,
    .log_size = faulty_log_size,
    .log_close = faulty_log_close,
    .log_open_reader = faulty_log_open_reader,
    .log_read = faulty_log_read,
    .log_close_reader = faulty_log_close_reader,
    .log_seal = faulty_log_seal,
    .log_delete = faulty_log_delete,
    .register_read = faulty_register_read,
    .register_swap = faulty_register_swap,
    .scratch_create = faulty_scratch_create,
    .scratch_append = faulty_scratch_append,
    .scratch_size = faulty_scratch_size,
    .scratch_read = faulty_scratch_read,
    .scratch_close = faulty_scratch_close,
    .list = faulty_list,
    .is_writable = faulty_is_writable,
    .path = faulty_path,
    .close = faulty_close,
};

static void init_locks(struct volume_faulty *faulty)
{
    pthread_condattr_t attributes;

    /* None of these can fail with valid attributes. */
    int failed = pthread_condattr_init(&attributes) | pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    failed |= pthread_cond_init(&faulty->plan_changed, &attributes) | pthread_mutex_init(&faulty->mutex, NULL);
    assert(failed == 0);
    pthread_condattr_destroy(&attributes);
}

bool volume_faulty_create(struct volume *inner, struct volume **volume, struct ssql_error *error)
{
    struct volume_faulty *faulty = calloc(1, sizeof *faulty);

    *volume = NULL;
    if (faulty == NULL)
        return error_no_memory(error);
    init_locks(faulty);
    faulty->base.operations = &faulty_operations;
    faulty->inner = inner;
    *volume = &faulty->base;
    return true;
}

void volume_faulty_set(struct volume *volume, const struct fault_plan *plan)
{
    struct volume_faulty *faulty = faulty_of(volume);

    pthread_mutex_lock(&faulty->mutex);
    faulty->plan = *plan;
    faulty->plan_number++;
    faulty->operation_count = 0;
    faulty->used_bytes = 0;
    pthread_cond_broadcast(&faulty->plan_changed);
    pthread_mutex_unlock(&faulty->mutex);
}

uint64_t volume_faulty_count(const struct volume *volume)
{
    struct volume_faulty *faulty = (struct volume_faulty *)volume;

    pthread_mutex_lock(&faulty->mutex);
    uint64_t count = faulty->operation_count;
    pthread_mutex_unlock(&faulty->mutex);
    return count;
}

struct volume *volume_faulty_inner(struct volume *volume)
{
    return faulty_of(volume)->inner;
}
