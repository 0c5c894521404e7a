#include "shell/reader.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    READ_PIECE_BYTES = 1 << 16,
    LINE_KEPT_BYTES = 1 << 12,  /* of a long line, before the statement, for messages */
    DROP_LEAST_BYTES = 1 << 16, /* bytes handed out that are worth moving the rest */
};

static bool init(struct reader *reader, int file, const char *name)
{
    *reader = (struct reader){.file = file, .name = name, .line = 1};
    return ssql_splitter_new(&reader->splitter) == SSQL_OK;
}

/* The last line gets an end, so that a quote before it is known to be the closing one. */
static void end_input(struct reader *reader)
{
    reader->is_at_end = true;
    if (reader->text.size > 0 && reader->text.data[reader->text.size - 1] != '\n')
        text_add_char(&reader->text, '\n');
}

bool reader_init_stream(struct reader *reader, int file, const char *name)
{
    return init(reader, file, name);
}

bool reader_init_function(struct reader *reader, reader_function *function, void *context, const char *name)
{
    if (!init(reader, -1, name))
        return false;
    reader->function = function;
    reader->context = context;
    return true;
}

bool reader_init_text(struct reader *reader, const char *text, size_t size, const char *name)
{
    if (!init(reader, -1, name))
        return false;
    text_add(&reader->text, text, size);
    end_input(reader);
    return true;
}

void reader_clear(struct reader *reader)
{
    ssql_splitter_free(reader->splitter);
    text_clear(&reader->text);
    reader->splitter = NULL;
}

int reader_open_file(const char *path)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file >= 0 && fstat(file, &status) == 0 && S_ISDIR(status.st_mode)) {
        close(file);
        errno = EISDIR;
        return -1;
    }
    return file;
}

/* Moves line_begin to the line that holds `begin`. */
static void follow_lines(struct reader *reader)
{
    const char *text = text_string(&reader->text);

    for (const char *end;
         reader->line_begin < reader->begin &&
         (end = memchr(text + reader->line_begin, '\n', reader->begin - reader->line_begin)) != NULL;) {
        reader->line_begin = (size_t)(end - text) + 1;
        reader->line++;
        reader->column = 0;
    }
}

/* Forgets what was handed out, but for the beginning of the current line. */
static void drop_done(struct reader *reader)
{
    struct text_buffer *text = &reader->text;

    follow_lines(reader);
    size_t keep = reader->line_begin;
    if (reader->begin - keep > LINE_KEPT_BYTES) {
        keep = reader->begin - LINE_KEPT_BYTES;
        while (((unsigned char)text->data[keep] & 0xC0) == 0x80 && keep < reader->begin)
            keep++;
    }
    if (keep < DROP_LEAST_BYTES || keep < text->size / 2)
        return;
    for (size_t i = reader->line_begin; i < keep; i++)
        reader->column += ((unsigned char)text->data[i] & 0xC0) != 0x80;
    text->size -= keep;
    memmove(text->data, text->data + keep, text->size + 1);
    reader->line_begin = 0;
    reader->begin -= keep;
    reader->looked -= keep;
}

enum fill_outcome { FILL_MORE, FILL_END, FILL_TOO_MUCH, FILL_INTERRUPTED, FILL_FAILED };

/* Reads more text. */
static enum fill_outcome fill(struct reader *reader)
{
    struct pollfd ready = {.fd = reader->file, .events = POLLIN};

    if (reader->is_at_end)
        return FILL_END;
    drop_done(reader);
    if (reader->text.size - reader->begin > STATEMENT_BYTES_MOST)
        return FILL_TOO_MUCH;
    if (reader->file >= 0 && reader->before_waiting != NULL && poll(&ready, 1, 0) == 0)
        reader->before_waiting(reader->owner);
    char *room = text_reserve(&reader->text, READ_PIECE_BYTES);
    ssize_t got = reader->function != NULL ? reader->function(reader->context, room, READ_PIECE_BYTES)
                                           : read(reader->file, room, READ_PIECE_BYTES);
    if (got < 0 && errno == EAGAIN) {
        poll(&ready, 1, -1);
        return FILL_MORE;
    }
    if (got < 0)
        return errno == EINTR ? FILL_INTERRUPTED : FILL_FAILED;
    reader->text.size += (size_t)got;
    reader->text.data[reader->text.size] = '\0';
    if (got > 0)
        return FILL_MORE;
    size_t size = reader->text.size;
    end_input(reader);
    return reader->text.size > size ? FILL_MORE : FILL_END;
}

/* What lies from `begin` to `end` is handed out, or passed over. */
static void take(struct reader *reader, size_t end, struct source *source)
{
    follow_lines(reader);
    *source = (struct source){.file = reader->name,
                              .text = text_string(&reader->text) + reader->line_begin,
                              .known_size = reader->text.size - reader->line_begin,
                              .begin = reader->begin - reader->line_begin,
                              .size = end - reader->begin,
                              .line = reader->line,
                              .column = reader->column};
    reader->begin = reader->looked = end;
    ssql_splitter_reset(reader->splitter);
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n' || byte == '\f' || byte == '\v';
}

/* Passes over blanks; true when a dot command begins there. */
static bool is_at_command(struct reader *reader)
{
    const char *text = text_string(&reader->text);

    while (reader->begin < reader->text.size && is_blank(text[reader->begin]))
        reader->begin++;
    reader->looked = reader->begin;
    if (reader->begin == reader->text.size || (text[reader->begin] != '.' && text[reader->begin] != '\\'))
        return false;
    /* .5 is the beginning of a number, not of a command */
    return !(reader->begin + 1 < reader->text.size && text[reader->begin + 1] >= '0' && text[reader->begin + 1] <= '9');
}

/* Looks at one more line; true when the end of a statement was found. */
static bool look(struct reader *reader, size_t *statement_end)
{
    const char *text = text_string(&reader->text);
    const char *line_end = memchr(text + reader->looked, '\n', reader->text.size - reader->looked);
    size_t limit = line_end == NULL ? reader->text.size : (size_t)(line_end - text) + 1;
    bool found = ssql_splitter_find(reader->splitter, text + reader->begin, limit - reader->begin, statement_end);

    *statement_end += reader->begin;
    reader->looked = limit;
    return found;
}

/* The input is at its end and holds no further `;`. */
static enum reader_item take_last(struct reader *reader, struct source *source)
{
    int state = ssql_splitter_state(reader->splitter);
    size_t begin = reader->begin + ssql_splitter_begin(reader->splitter);

    if (state == SSQL_TEXT_BLANK) {
        take(reader, reader->text.size, source);
        return READER_END;
    }
    /* While there is only an open comment, the splitter's beginning is the end of what it looked at. */
    while (begin < reader->text.size && is_blank(reader->text.data[begin]))
        begin++;
    if (state != SSQL_TEXT_STATEMENT && begin < reader->text.size)
        reader->begin = begin;
    take(reader, reader->text.size, source);
    source->is_cut_off = true;
    return state == SSQL_TEXT_STATEMENT ? READER_STATEMENT : READER_UNFINISHED;
}

/* The statement up to the end of its first line, or as much of it as messages show. */
static enum reader_item take_too_long(struct reader *reader, struct source *source)
{
    size_t skipped = ssql_splitter_begin(reader->splitter);

    if (skipped < STATEMENT_BYTES_MOST / 2) /* else it is one long comment */
        reader->begin += skipped;
    const char *begin = text_string(&reader->text) + reader->begin;
    const char *line_end = memchr(begin, '\n', LINE_KEPT_BYTES);
    take(reader, reader->begin + (line_end == NULL ? LINE_KEPT_BYTES : (size_t)(line_end - begin)), source);
    return READER_TOO_LONG;
}

static void skip_byte_order_mark(struct reader *reader)
{
    if (reader->has_begun || reader->text.size == 0)
        return;
    reader->has_begun = true;
    if (reader->text.size >= 3 && memcmp(reader->text.data, "\xEF\xBB\xBF", 3) == 0)
        reader->begin = reader->looked = reader->line_begin = 3;
}

/* The whole line of a command, or READER_END when more is needed. */
static enum reader_item take_command(struct reader *reader, struct source *source)
{
    const char *text = text_string(&reader->text);
    const char *line_end = memchr(text + reader->begin, '\n', reader->text.size - reader->begin);

    if (line_end == NULL) /* at the end of the input every line has its end */
        return READER_END;
    take(reader, (size_t)(line_end - text), source);
    while (is_blank(source->text[source->begin + source->size - 1]))
        source->size--;
    return READER_COMMAND;
}

enum reader_item reader_next(struct reader *reader, struct source *source)
{
    for (;;) {
        size_t end;
        skip_byte_order_mark(reader);
        if (ssql_splitter_state(reader->splitter) == SSQL_TEXT_BLANK && reader->looked == reader->begin &&
            is_at_command(reader)) {
            if (take_command(reader, source) == READER_COMMAND)
                return READER_COMMAND;
        } else if (reader->looked < reader->text.size) {
            if (look(reader, &end)) {
                take(reader, end, source);
                return READER_STATEMENT;
            }
            /* Comments before a dot command are no statement. */
            if (ssql_splitter_state(reader->splitter) == SSQL_TEXT_BLANK &&
                reader->text.data[reader->looked - 1] == '\n')
                take(reader, reader->looked, source);
            continue;
        }
        switch (fill(reader)) {
        case FILL_MORE: break;
        case FILL_END: assert(reader->looked == reader->text.size); return take_last(reader, source);
        case FILL_TOO_MUCH: return take_too_long(reader, source);
        case FILL_INTERRUPTED: return READER_INTERRUPTED;
        case FILL_FAILED: return READER_FAILED;
        }
    }
}
