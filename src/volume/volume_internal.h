/* volume_internal.h - what every implementation of the volume shares: a table of operations, and handles that begin
 * with a pointer to it. An implementation embeds these structs as first member `base`. volume.c checks names and
 * whether the volume may be written before it calls an operation. */
#ifndef SSQL_VOLUME_VOLUME_INTERNAL_H
#define SSQL_VOLUME_VOLUME_INTERNAL_H

#include "volume/volume.h"

/* One per implementation; the contracts are those of volume.h. Handles passed in are never NULL. */
struct volume_operations {
    enum volume_status (*object_create)(struct volume *, const char *name, uint64_t expected_size,
                                        struct object_writer **, struct ssql_error *);
    enum volume_status (*object_append)(struct object_writer *, struct slice, struct ssql_error *);
    enum volume_status (*object_finish)(struct object_writer *, struct ssql_error *);
    void (*object_abandon)(struct object_writer *);
    enum volume_status (*object_open)(struct volume *, const char *name, uint64_t size, struct object **,
                                      struct ssql_error *);
    enum volume_status (*object_read)(struct object *, const struct object_range *, size_t count, struct ssql_error *);
    void (*object_close)(struct object *);
    enum volume_status (*object_delete)(struct volume *, const char *name, struct ssql_error *);
    /* Called on the volume `to`; NULL: it cannot. */
    enum volume_status (*object_link)(struct volume *from, const char *name, uint64_t size, struct volume *to,
                                      bool *is_linked, struct ssql_error *);

    enum volume_status (*log_create)(struct volume *, const char *name, uint64_t preallocated, const char *recycle,
                                     struct volume_log **, struct ssql_error *);
    enum volume_status (*log_append)(struct volume_log *, struct slice, struct ssql_error *);
    enum volume_status (*log_sync)(struct volume_log *, struct ssql_error *);
    uint64_t (*log_size)(const struct volume_log *);
    void (*log_close)(struct volume_log *);
    enum volume_status (*log_open_reader)(struct volume *, const char *name, struct log_reader **, struct ssql_error *);
    enum volume_status (*log_read)(struct log_reader *, uint64_t offset, uint8_t *data, size_t size, size_t *got,
                                   struct ssql_error *);
    void (*log_close_reader)(struct log_reader *);
    enum volume_status (*log_seal)(struct volume *, const char *name, uint64_t size, struct ssql_error *);
    enum volume_status (*log_delete)(struct volume *, const char *name, struct ssql_error *);

    enum volume_status (*register_read)(struct volume *, const char *name, struct buffer *value, uint64_t *version,
                                        struct ssql_error *);
    enum volume_status (*register_swap)(struct volume *, const char *name, uint64_t *version, struct slice value,
                                        struct ssql_error *);

    enum volume_status (*scratch_create)(struct volume *, struct scratch **, struct ssql_error *);
    enum volume_status (*scratch_append)(struct scratch *, struct slice, struct ssql_error *);
    uint64_t (*scratch_size)(const struct scratch *);
    enum volume_status (*scratch_read)(struct scratch *, uint64_t offset, uint8_t *data, size_t size,
                                       struct ssql_error *);
    void (*scratch_close)(struct scratch *);

    enum volume_status (*list)(struct volume *, bool (*visit)(void *context, const char *name, uint64_t size),
                               void *context, struct ssql_error *);
    bool (*is_writable)(const struct volume *);
    const char *(*path)(const struct volume *);
    void (*close)(struct volume *);
};

struct volume {
    const struct volume_operations *operations;
};

struct object_writer {
    const struct volume_operations *operations;
};

struct object {
    const struct volume_operations *operations;
    char name[VOLUME_NAME_SIZE];
};

struct volume_log {
    const struct volume_operations *operations;
};

struct log_reader {
    const struct volume_operations *operations;
};

struct scratch {
    const struct volume_operations *operations;
};

/* Fills `error` with the code that belongs to `status` and returns `status`. `code` says which of several for
 * VOLUME_UNAVAILABLE; else it is ignored. */
enum volume_status volume_fail(struct ssql_error *error, enum volume_status status, enum ssql_code code,
                               const char *format, ...) PRINTF_LIKE(4, 5);

/* VOLUME_UNAVAILABLE, SSQL_NO_MEMORY. */
enum volume_status volume_no_memory(struct ssql_error *error);

/* Copies a name that volume.c has checked. */
void volume_copy_name(char to[VOLUME_NAME_SIZE], const char *name);

#endif
