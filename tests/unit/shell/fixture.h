/* fixture.h - what the tests of the shell's parts share: texts to compare, a session on a database in memory, and a
 * terminal in the place of a standard stream. It stands for main.c, so it is included once in a program. */
#ifndef SSQL_TESTS_UNIT_SHELL_FIXTURE_H
#define SSQL_TESTS_UNIT_SHELL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "shell/program_command.h"
#include "shell/session.h"

const struct program_command *program_command_at(int i)
{
    (void)i;
    return NULL;
}

/* Compares what was gathered, and frees it. */
static inline void must_be(struct text_buffer *text, const char *expected)
{
    assert_string_equal(text_string(text), expected);
    text_clear(text);
}

static inline void session_start(struct session *session)
{
    session_init(session);
    session->is_batch = true;
    assert_true(session_open(session, ":memory:"));
}

/* A terminal of so many rows and columns that takes the place of a standard stream. */
struct terminal {
    int stream, kept, master;
};

static inline void terminal_resize(struct terminal *terminal, unsigned short rows, unsigned short columns)
{
    struct winsize size = {.ws_row = rows, .ws_col = columns};

    assert_int_equal(ioctl(terminal->master, TIOCSWINSZ, &size), 0);
}

static inline void terminal_open(struct terminal *terminal, int stream, unsigned short rows, unsigned short columns)
{
    terminal->stream = stream;
    terminal->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(terminal->master >= 0 && grantpt(terminal->master) == 0 && unlockpt(terminal->master) == 0);
    int screen = open(ptsname(terminal->master), O_RDWR | O_NOCTTY);
    assert_true(screen >= 0);
    terminal_resize(terminal, rows, columns);
    fflush(NULL);
    terminal->kept = dup(stream);
    assert_int_equal(dup2(screen, stream), stream);
    close(screen);
}

/* What was written to it since the last call, in `text`. */
static inline const char *terminal_read(struct terminal *terminal, struct text_buffer *text)
{
    ssize_t got;

    text_reset(text);
    while ((got = read(terminal->master, text_reserve(text, 4096), 4096)) > 0)
        text->size += (size_t)got;
    text_add(text, "", 0);
    return text_string(text);
}

static inline void terminal_close(struct terminal *terminal)
{
    fflush(NULL);
    dup2(terminal->kept, terminal->stream);
    close(terminal->kept);
    close(terminal->master);
}

#endif
