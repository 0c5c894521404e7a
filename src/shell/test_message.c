#include "shell/test_message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void message_put_number(struct text_buffer *message, uint64_t number)
{
    text_add(message, (const char *)&number, sizeof number);
}

void message_put_text(struct text_buffer *message, const char *text, size_t size)
{
    message_put_number(message, size);
    text_add(message, text, size);
}

static const char *take(struct message_reader *reader, uint64_t size)
{
    const char *at = reader->at;

    if (reader->failed || (uint64_t)(reader->end - reader->at) < size) {
        reader->failed = true;
        return NULL;
    }
    reader->at += size;
    return at;
}

uint64_t message_take_number(struct message_reader *reader)
{
    uint64_t number = 0;
    const char *at = take(reader, sizeof number);

    if (at != NULL)
        memcpy(&number, at, sizeof number);
    return number;
}

char *message_take_text(struct message_reader *reader, size_t *size)
{
    uint64_t wanted = message_take_number(reader);
    const char *at = take(reader, wanted);

    if (at == NULL)
        wanted = 0;
    if (size != NULL)
        *size = wanted;
    return must_copy(at, wanted);
}

bool message_take_frame(struct message_reader *stream, struct message_reader *message)
{
    struct message_reader ahead = *stream;
    uint64_t size = message_take_number(&ahead);
    const char *at = take(&ahead, size);

    if (at == NULL)
        return false;
    *message = (struct message_reader){.at = at, .end = at + size};
    stream->at = ahead.at;
    return true;
}

/* A peer that is gone is an error here, not a signal; a pipe is no socket, and wants write. */
static bool write_all(int file, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = send(file, bytes, size, MSG_NOSIGNAL);
        if (written < 0 && errno == ENOTSOCK)
            written = write(file, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

bool message_send(int file, const struct text_buffer *message)
{
    uint64_t size = message->size;

    return write_all(file, (const char *)&size, sizeof size) && write_all(file, message->data, message->size);
}

static bool read_all(int file, char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t got = read(file, bytes, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        bytes += got;
        size -= (size_t)got;
    }
    return true;
}

bool message_receive(int file, struct text_buffer *message)
{
    uint64_t size;

    errno = 0;
    text_reset(message);
    if (!read_all(file, (char *)&size, sizeof size) || size > MESSAGE_BYTES_MOST ||
        !read_all(file, text_reserve(message, size), size))
        return false;
    message->size = size;
    message->data[size] = '\0';
    return true;
}
