/* test_message.h - messages between the processes of `ssql test`: numbers and texts one after the other, behind their
 * length, on a pipe or a pair of sockets. Both ends are the same program, so the order of bytes is its own; what comes
 * in is checked all the same, for the other end may have died in the middle. */
#ifndef SHELL_TEST_MESSAGE_H
#define SHELL_TEST_MESSAGE_H

#include <stdint.h>

#include "shell/text_buffer.h"

enum { MESSAGE_BYTES_MOST = 1 << 30 };

void message_put_number(struct text_buffer *message, uint64_t number);
void message_put_text(struct text_buffer *message, const char *text, size_t size);

/* What is left to be read of a message, or of a row of them. `failed` stays true once something was missing. */
struct message_reader {
    const char *at, *end;
    bool failed;
};

uint64_t message_take_number(struct message_reader *reader);
/* A copy, terminated; empty when it was missing. Its size goes to `size`, which may be NULL. */
char *message_take_text(struct message_reader *reader, size_t *size);
/* The message that a stream's bytes begin with, if it is whole; these bytes are passed over. */
bool message_take_frame(struct message_reader *stream, struct message_reader *message);

/* Writes length and message. False with errno. */
bool message_send(int file, const struct text_buffer *message);
/* Reads one into `message`, in place of what it holds. False at the end of the stream, and with errno. */
bool message_receive(int file, struct text_buffer *message);

#endif
