/* reader.h - takes statements and dot commands one after the other from a stream or a text. A statement is handed out
 * as soon as its `;` is there; a dot command stands on a line of its own, where no statement is open. */
#ifndef SHELL_READER_H
#define SHELL_READER_H

#include <ssql.h>
#include <stdbool.h>
#include <sys/types.h>

#include "shell/source.h"
#include "shell/text_buffer.h"

/* What the library takes; more is not even gathered. */
enum { STATEMENT_BYTES_MOST = 256 << 20 };

/* Reads as read(2) does. */
typedef ssize_t reader_function(void *context, char *bytes, size_t capacity);

struct reader {
    int file;                  /* -1: `function` is read, or the text is all there is */
    reader_function *function; /* NULL: none */
    void *context;
    const char *name;                    /* for messages, or NULL */
    void (*before_waiting)(void *owner); /* NULL, or called when the stream has nothing to read at the moment */
    void *owner;
    struct text_buffer text;
    size_t line_begin; /* of the line that holds `begin`; its first bytes may be dropped when it is very long */
    size_t begin;      /* what was not handed out yet */
    size_t looked;     /* the splitter has looked at the bytes between `begin` and here */
    int64_t line;      /* of line_begin */
    int64_t column;    /* code points of that line that were dropped */
    bool is_at_end;
    bool has_begun;
    ssql_splitter *splitter;
};

enum reader_item {
    READER_STATEMENT,  /* source: the statement with its `;`, blanks and comments before it */
    READER_COMMAND,    /* source: the line without its end */
    READER_UNFINISHED, /* the input ends in a string, name or comment; source: from where the statement began */
    READER_END,
    READER_INTERRUPTED, /* a signal arrived while waiting: call again to go on */
    READER_TOO_LONG,    /* a statement has no end within STATEMENT_BYTES_MOST; source: its first line. Read no more */
    READER_FAILED,      /* reading failed: errno */
};

/* Both false, with nothing to clear, when there is no memory. `text` is copied; the stream stays the caller's. */
bool reader_init_stream(struct reader *reader, int file, const char *name);
bool reader_init_function(struct reader *reader, reader_function *function, void *context, const char *name);
bool reader_init_text(struct reader *reader, const char *text, size_t size, const char *name);
void reader_clear(struct reader *reader);

/* `source` is valid until the next call. */
enum reader_item reader_next(struct reader *reader, struct source *source);

/* Opens a script. -1 with errno; a directory is EISDIR. */
int reader_open_file(const char *path);

#endif
