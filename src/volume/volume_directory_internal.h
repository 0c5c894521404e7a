/* volume_directory_internal.h - shared by the files of the directory volume: its state, paths and system errors. */
#ifndef SSQL_VOLUME_VOLUME_DIRECTORY_INTERNAL_H
#define SSQL_VOLUME_VOLUME_DIRECTORY_INTERNAL_H

#include <pthread.h>

#include "volume/volume_directory.h"
#include "volume/volume_internal.h"

#define DIRECTORY_LOCK_NAME     "lock"
#define DIRECTORY_ROOT_REGISTER "manifest" /* its presence makes a directory a database */
#define DIRECTORY_MARK_REGISTER "backup"   /* without the root: a backup that was not finished */
#define DIRECTORY_ASIDE_SUFFIX  ".next"    /* a register's next value, until it is renamed */
#define DIRECTORY_PART_SUFFIX   ".part"    /* an object that is being written */

enum {
    DIRECTORY_WRITE_SIZE = 1 << 20, /* bytes that an object's writer gathers for one write */
    DIRECTORY_LEAF_SIZE = VOLUME_NAME_SIZE + 8,
};

struct volume_directory {
    struct volume base;
    char *path;
    bool is_read_only;
    bool has_made_root; /* the directory was not there before */
    pthread_mutex_t register_mutex; /* held while a register is compared and replaced; taken before `mutex` */
    pthread_mutex_t mutex;          /* guards what follows, and the making of directories */
    int directory_fd;               /* -1 while the directory does not exist */
    int lock_fd;                    /* -1 while the lock is not held */
    char **durable_names;           /* subdirectories whose own entries are known to be on disk */
    size_t durable_count;
    size_t durable_capacity;
};

static inline struct volume_directory *directory_of(struct volume *volume)
{
    return (struct volume_directory *)volume;
}

/* ---- volume_directory.c ---- */

/* What `number` (an errno) means for a call that wrote, or only read. Message: `cannot <doing> "<path>/<name>":
 * <text>`; `name` may be NULL. */
enum volume_status directory_fail_writing(const struct volume_directory *directory, struct ssql_error *error,
                                          int number, const char *doing, const char *name);
enum volume_status directory_fail_reading(const struct volume_directory *directory, struct ssql_error *error,
                                          int number, const char *doing, const char *name);
/* The call may or may not have taken effect. */
enum volume_status directory_fail_unknown(const struct volume_directory *directory, struct ssql_error *error,
                                          int number, const char *doing, const char *name);
enum volume_status directory_fail_corrupt(const struct volume_directory *directory, struct ssql_error *error,
                                          const char *name, const char *what);

/* Makes the directory if it is not there, and takes the lock if it is not held: comes before every write. */
enum volume_status directory_prepare_write(struct volume_directory *directory, struct ssql_error *error);

/* Opens the directory that holds `name`, and says where its last part begins; makes it, durably, when told to.
 * The caller closes `*parent_fd`. A volume that does not exist yet is VOLUME_NOT_FOUND. */
enum volume_status directory_open_parent(struct volume_directory *directory, const char *name, bool make,
                                         int *parent_fd, const char **leaf, struct ssql_error *error);

/* Opens an existing file for reading (or for both, with O_RDWR). */
enum volume_status directory_open_file(struct volume_directory *directory, const char *name, int flags, int *fd,
                                       struct ssql_error *error);

/* Deletes a file; that it is not there is no failure. */
enum volume_status directory_delete(struct volume *volume, const char *name, struct ssql_error *error);

/* All of the bytes, whatever interrupts. 0 or an errno; the file's bytes in the range are undefined after a failure. */
int directory_write_all(int fd, const uint8_t *data, size_t size, uint64_t offset);
/* Reads until `size` or the file's end. 0 or an errno. */
int directory_read_all(int fd, uint8_t *data, size_t size, uint64_t offset, size_t *got);
/* Renames without replacing what is there (EEXIST). 0 or an errno. */
int directory_rename_new(int parent_fd, const char *from, int to_parent_fd, const char *to);

/* ---- volume_directory_lock.c ---- */

/* Takes the writer's lock; directory->directory_fd is open, the mutex is held or not needed yet. */
enum volume_status directory_lock(struct volume_directory *directory, struct ssql_error *error);

/* ---- operations, one file each ---- */

enum volume_status directory_object_create(struct volume *volume, const char *name, uint64_t expected_size,
                                           struct object_writer **writer, struct ssql_error *error);
enum volume_status directory_object_append(struct object_writer *writer, struct slice bytes, struct ssql_error *error);
enum volume_status directory_object_finish(struct object_writer *writer, struct ssql_error *error);
void directory_object_abandon(struct object_writer *writer);
enum volume_status directory_object_open(struct volume *volume, const char *name, uint64_t size, struct object **object,
                                         struct ssql_error *error);
enum volume_status directory_object_read(struct object *object, const struct object_range *ranges, size_t count,
                                         struct ssql_error *error);
void directory_object_close(struct object *object);
enum volume_status directory_object_link(struct volume *from, const char *name, uint64_t size, struct volume *to,
                                         bool *is_linked, struct ssql_error *error);

enum volume_status directory_log_create(struct volume *volume, const char *name, uint64_t preallocated,
                                        const char *recycle, struct volume_log **log, struct ssql_error *error);
enum volume_status directory_log_append(struct volume_log *log, struct slice bytes, struct ssql_error *error);
enum volume_status directory_log_sync(struct volume_log *log, struct ssql_error *error);
uint64_t directory_log_size(const struct volume_log *log);
void directory_log_close(struct volume_log *log);
enum volume_status directory_log_open_reader(struct volume *volume, const char *name, struct log_reader **reader,
                                             struct ssql_error *error);
enum volume_status directory_log_read(struct log_reader *reader, uint64_t offset, uint8_t *data, size_t size,
                                      size_t *got, struct ssql_error *error);
void directory_log_close_reader(struct log_reader *reader);
enum volume_status directory_log_seal(struct volume *volume, const char *name, uint64_t size, struct ssql_error *error);

enum volume_status directory_register_read(struct volume *volume, const char *name, struct buffer *value,
                                           uint64_t *version, struct ssql_error *error);
enum volume_status directory_register_swap(struct volume *volume, const char *name, uint64_t *version,
                                           struct slice value, struct ssql_error *error);

enum volume_status directory_scratch_create(struct volume *volume, struct scratch **scratch, struct ssql_error *error);
enum volume_status directory_scratch_append(struct scratch *scratch, struct slice bytes, struct ssql_error *error);
uint64_t directory_scratch_size(const struct scratch *scratch);
enum volume_status directory_scratch_read(struct scratch *scratch, uint64_t offset, uint8_t *data, size_t size,
                                          struct ssql_error *error);
void directory_scratch_close(struct scratch *scratch);

#endif
