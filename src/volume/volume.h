/* volume.h - where bytes live: the only seam through which ssql touches files.
 * A volume holds three kinds of thing and no more: objects (written once, immutable), logs (append-only, one owner) and
 * registers (small, replaced by compare-and-swap). Besides: scratch space, which dies with the process.
 * Implementations: volume_directory.h, volume_memory.h, volume_faulty.h. Design: docs/architecture.md, "The volume".
 *
 * Names are paths of at most VOLUME_NAME_SIZE - 1 bytes of [a-z0-9._-] with single '/' between parts, for example
 * "tables/7/sst-1-12"; no part begins with '.'. Objects and logs have at least one '/' in their names, registers none.
 * A name is never used twice. A name that is none, as damage may bring, is VOLUME_CORRUPT. No rule of correctness above
 * the volume rests on listing, renaming or times. Threads: every function may be called from any thread; a writer, a
 * log or a scratch handle is used by one thread at a time, except where said. */
#ifndef SSQL_VOLUME_VOLUME_H
#define SSQL_VOLUME_VOLUME_H

#include "base/buffer.h"

enum { VOLUME_NAME_SIZE = 96 };

/* All that can happen. With anything but VOLUME_OK the call's `error` is filled (message names the object). */
enum volume_status {
    VOLUME_OK = 0,
    VOLUME_NOT_FOUND,   /* SSQL_CANNOT_OPEN in error->code */
    VOLUME_EXISTS,      /* SSQL_INTERNAL */
    VOLUME_CONFLICT,    /* SSQL_INTERNAL: a register's version is not the expected one */
    VOLUME_FENCED,      /* SSQL_LOCKED: a newer epoch owns the log or the volume */
    VOLUME_UNKNOWN,     /* SSQL_UNKNOWN_OUTCOME: may or may not have happened */
    VOLUME_UNAVAILABLE, /* SSQL_IO, SSQL_TOO_MANY_OPEN, SSQL_LOCKED, SSQL_READ_ONLY, SSQL_NO_MEMORY: did not happen */
    VOLUME_NO_SPACE,    /* SSQL_DISK_FULL: did not happen */
    VOLUME_CORRUPT,     /* SSQL_CORRUPT */
};

struct volume;
struct object_writer;
struct object;
struct volume_log;
struct scratch;

/* One wanted piece of an object. */
struct object_range {
    uint64_t offset;
    uint8_t *data; /* where it goes */
    size_t size;
};

/* ---- objects: written once in large pieces, durable and visible once finished, then immutable ---- */

/* `expected_size` (0: not known) lets the volume reserve space. */
MUST_CHECK enum volume_status object_create(struct volume *volume, const char *name, uint64_t expected_size,
                                            struct object_writer **writer, struct ssql_error *error);
MUST_CHECK enum volume_status object_append(struct object_writer *writer, struct slice bytes, struct ssql_error *error);
/* Makes the object durable (contents and name) and visible. Frees the writer, whatever the outcome; after a failure the
 * object is not there (or, VOLUME_UNKNOWN, may be: its name must then not be used again). */
MUST_CHECK enum volume_status object_finish(struct object_writer *writer, struct ssql_error *error);
/* Drops what was written; accepts NULL. */
void object_abandon(struct object_writer *writer);

/* `size` is what the manifest says; another size on the volume is VOLUME_CORRUPT. */
MUST_CHECK enum volume_status object_open(struct volume *volume, const char *name, uint64_t size,
                                          struct object **object, struct ssql_error *error);
/* Fills all ranges or fails; a piece that ends before its size is VOLUME_CORRUPT. Any thread. */
MUST_CHECK enum volume_status object_read(struct object *object, const struct object_range *ranges, size_t count,
                                          struct ssql_error *error);
const char *object_name(const struct object *object);
/* Accepts NULL. An object that is deleted while open stays readable until closed. */
void object_close(struct object *object);
/* An object that is not there is no failure. Needs not be durable when it returns. */
MUST_CHECK enum volume_status object_delete(struct volume *volume, const char *name, struct ssql_error *error);
/* Makes an object of `from` one of `to` as well, durably and under the same name, without copying its bytes. `*is_linked`
 * is false, with VOLUME_OK, where that is not possible: the two do not lie together, or `from` no longer has it. Fails
 * with VOLUME_EXISTS, and with VOLUME_CORRUPT when it has another size than `size`; then nothing was made. */
MUST_CHECK enum volume_status object_link(struct volume *from, const char *name, uint64_t size, struct volume *to,
                                          bool *is_linked, struct ssql_error *error);

/* ---- logs: append-only; what was not synced may be lost in a crash, as may any part of it ---- */

/* Creates a log whose blocks exist on the device up to `preallocated` bytes (they read as anything), so that a sync
 * within them costs one data sync. `recycle` (NULL or the name of a closed log that is no longer needed) may give its
 * blocks: whatever the outcome, it is gone afterwards, or left for clean-up where it cannot be deleted. The name is
 * durable when this returns. */
MUST_CHECK enum volume_status log_create(struct volume *volume, const char *name, uint64_t preallocated,
                                         const char *recycle, struct volume_log **log, struct ssql_error *error);
/* Appends at the log's end; readable at once, durable after log_sync. After a failure the log's end is unchanged, and
 * bytes beyond it are undefined. */
MUST_CHECK enum volume_status log_append(struct volume_log *log, struct slice bytes, struct ssql_error *error);
/* Every append that returned before this call is durable when it returns VOLUME_OK. May run in one thread while another
 * appends. After a failure nothing about the unsynced appends is known, now or later. */
MUST_CHECK enum volume_status log_sync(struct volume_log *log, struct ssql_error *error);
/* The log's end. Any thread. */
uint64_t log_size(const struct volume_log *log);
/* Does not sync. What was preallocated and not used is given back. Accepts NULL. */
void log_close(struct volume_log *log);

/* Reads [offset, offset + size) of a log, open elsewhere or not; `*got` is smaller where the log's file ends. */
struct log_reader;
MUST_CHECK enum volume_status log_open_reader(struct volume *volume, const char *name, struct log_reader **reader,
                                              struct ssql_error *error);
MUST_CHECK enum volume_status log_read(struct log_reader *reader, uint64_t offset, uint8_t *data, size_t size,
                                       size_t *got, struct ssql_error *error);
void log_close_reader(struct log_reader *reader);
/* Makes the first `size` bytes durable, as they are read now, of a log whose writer is gone: whoever builds on what it
 * read there calls this first. Also right when the writer's own sync had failed. */
MUST_CHECK enum volume_status log_seal(struct volume *volume, const char *name, uint64_t size,
                                       struct ssql_error *error);
/* A log that is not there is no failure. */
MUST_CHECK enum volume_status log_delete(struct volume *volume, const char *name, struct ssql_error *error);

/* ---- registers: a small value with a version, replaced only by compare-and-swap; durable when swapped ---- */

enum { REGISTER_LARGEST = 1 << 20 }; /* bytes of a value; larger is SSQL_TOO_LARGE */

/* Version 0 and an empty value: never written. The value is appended to `value`. */
MUST_CHECK enum volume_status register_read(struct volume *volume, const char *name, struct buffer *value,
                                            uint64_t *version, struct ssql_error *error);
/* Replaces the value when the version still is `*version`, and stores the new one there. VOLUME_CONFLICT: it was
 * another. VOLUME_UNKNOWN: read again to learn. */
MUST_CHECK enum volume_status register_swap(struct volume *volume, const char *name, uint64_t *version,
                                            struct slice value, struct ssql_error *error);

/* ---- scratch: temporary space for spilling; nothing of it outlives the handle or the process ---- */

MUST_CHECK enum volume_status scratch_create(struct volume *volume, struct scratch **scratch, struct ssql_error *error);
MUST_CHECK enum volume_status scratch_append(struct scratch *scratch, struct slice bytes, struct ssql_error *error);
uint64_t scratch_size(const struct scratch *scratch);
/* All of [offset, offset + size), or a failure. Several threads may read. */
MUST_CHECK enum volume_status scratch_read(struct scratch *scratch, uint64_t offset, uint8_t *data, size_t size,
                                           struct ssql_error *error);
void scratch_close(struct scratch *scratch);

/* ---- the volume itself ---- */

/* Calls `visit` for every object and log there is, to find what no manifest names any more (`ssql info`, clean-up after
 * a crash), also half-written objects: whoever deletes by it does so while no object is being written. No rule of
 * correctness may rest on it. `visit` returns false to stop; it may delete what it is shown. */
MUST_CHECK enum volume_status volume_list(struct volume *volume,
                                          bool (*visit)(void *context, const char *name, uint64_t size), void *context,
                                          struct ssql_error *error);

/* Whether this handle may write (it holds the writer's lock). */
bool volume_is_writable(const struct volume *volume);

/* Where it is, for messages: "mydb", ":memory:". */
const char *volume_path(const struct volume *volume);

/* Gives back the lock. Everything opened on it is closed before. Accepts NULL. */
void volume_close(struct volume *volume);

#endif
