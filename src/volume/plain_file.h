/* plain_file.h - ordinary files of the user, outside any database: what is loaded from and saved to. A path may name a
 * regular file, a pipe or a device (/dev/stdin). Messages name the path. One thread at a time.
 * A pipe may have nobody at its other end: where a signal ends the wait and `cancellation` (NULL: never; it outlives
 * the file) asks to give up, opening, reading and writing fail with SSQL_INTERRUPTED; any other signal is waited
 * through. */
#ifndef SSQL_VOLUME_PLAIN_FILE_H
#define SSQL_VOLUME_PLAIN_FILE_H

#include "base/byte_stream.h"
#include "base/cancellation.h"

/* ---- reading ---- */

struct plain_file_reader;

/* Fails with SSQL_CANNOT_OPEN (absent, a directory, not ours to read), SSQL_TOO_MANY_OPEN, SSQL_NO_MEMORY or SSQL_IO.
 */
MUST_CHECK bool plain_file_open(const char *path, struct cancellation *cancellation, struct plain_file_reader **out,
                                struct ssql_error *error);
/* Accepts NULL. */
void plain_file_close(struct plain_file_reader *reader);

/* Reads on from where the last read ended; valid until plain_file_close. */
struct byte_source plain_file_source(struct plain_file_reader *reader);

/* Bytes of a regular file; 0 when there is no telling (a pipe). */
uint64_t plain_file_size(const struct plain_file_reader *reader);

/* Whether the bytes can be read a second time, and back to where it was opened. */
bool plain_file_can_rewind(const struct plain_file_reader *reader);
MUST_CHECK bool plain_file_rewind(struct plain_file_reader *reader, struct ssql_error *error);

/* Whether a path names the file that is open, which writing to it would destroy. */
bool plain_file_is_at(const struct plain_file_reader *reader, const char *path);

/* ---- writing ---- */

struct plain_file_writer;

/* A regular file (or none yet) is written aside, in the same directory, and takes the path's place, with the old file's
 * permissions, when plain_file_finish is called: until then the path is as it was. Pipes and devices are written in
 * place, and so is what the process has open, when the path names that (/dev/stdout, /dev/fd/3), whatever it is:
 * writing goes on where the descriptor stands. Fails with SSQL_CANNOT_OPEN (no such directory, is a directory),
 * SSQL_READ_ONLY (not permitted), SSQL_DISK_FULL, SSQL_TOO_MANY_OPEN, SSQL_NO_MEMORY or SSQL_IO. */
MUST_CHECK bool plain_file_create(const char *path, struct cancellation *cancellation, struct plain_file_writer **out,
                                  struct ssql_error *error);

/* Valid until plain_file_finish or plain_file_abandon. */
struct byte_sink plain_file_sink(struct plain_file_writer *writer);

/* Makes the bytes durable and puts the file in its place; frees the writer, also on failure (then the path is as it
 * was, unless only the last sync of its directory failed). */
MUST_CHECK bool plain_file_finish(struct plain_file_writer *writer, struct ssql_error *error);

/* Frees the writer and removes what was written aside. Accepts NULL. */
void plain_file_abandon(struct plain_file_writer *writer);

#endif
