#include "parser/statement_boundary.h"

#include <string.h>

/* What a byte can mean outside quotes and comments. Everything that is not listed is part of some token. */
enum byte_class { CLASS_TOKEN, CLASS_BLANK, CLASS_SPECIAL };

static const uint8_t byte_classes[256] = {
    [' '] = CLASS_BLANK,   ['\t'] = CLASS_BLANK,  ['\n'] = CLASS_BLANK,   ['\r'] = CLASS_BLANK,
    ['\v'] = CLASS_BLANK,  ['\f'] = CLASS_BLANK,  ['\''] = CLASS_SPECIAL, ['"'] = CLASS_SPECIAL,
    ['`'] = CLASS_SPECIAL, ['-'] = CLASS_SPECIAL, ['/'] = CLASS_SPECIAL,  [';'] = CLASS_SPECIAL,
};

static void note_token(struct statement_boundary *boundary)
{
    if (!boundary->has_token) {
        boundary->has_token = true;
        boundary->token_begin = boundary->offset;
    }
}

static void open(struct statement_boundary *boundary, enum boundary_state state, size_t size)
{
    boundary->state = state;
    boundary->open_begin = boundary->offset;
    boundary->offset += size;
}

/* Skips to the first byte outside quotes and comments that could end the statement or open something. */
static void skip_ordinary(struct statement_boundary *boundary, const char *text, size_t length)
{
    size_t i = boundary->offset;

    if (!boundary->has_token) {
        while (i < length && byte_classes[(uint8_t)text[i]] == CLASS_BLANK)
            i++;
        boundary->offset = i;
        if (i == length || byte_classes[(uint8_t)text[i]] != CLASS_TOKEN)
            return;
        note_token(boundary);
    }
    while (i < length && byte_classes[(uint8_t)text[i]] != CLASS_SPECIAL)
        i++;
    boundary->offset = i;
}

/* Takes one special byte. False: what it means depends on a byte that has not arrived. */
static bool take_special(struct statement_boundary *boundary, const char *text, size_t length)
{
    char byte = text[boundary->offset];

    if (byte == '-' || byte == '/') {
        if (boundary->offset + 1 == length)
            return false;
        char next = text[boundary->offset + 1];
        if (byte == '-' && next == '-') {
            open(boundary, BOUNDARY_LINE_COMMENT, 2);
        } else if (byte == '/' && next == '*') {
            open(boundary, BOUNDARY_COMMENT, 2);
            boundary->comment_depth = 1;
        } else {
            note_token(boundary);
            boundary->offset++;
        }
        return true;
    }
    note_token(boundary);
    open(boundary, byte == '\'' ? BOUNDARY_STRING : byte == '"' ? BOUNDARY_DOUBLE_QUOTED : BOUNDARY_NAME, 1);
    return true;
}

/* Skips to behind `closing`; a doubled quote closes and opens again, which comes to the same. */
static bool skip_until(struct statement_boundary *boundary, const char *text, size_t length, char closing)
{
    const char *found = memchr(text + boundary->offset, closing, length - boundary->offset);

    if (found == NULL) {
        boundary->offset = length;
        return false;
    }
    boundary->offset = (size_t)(found - text) + 1;
    boundary->state = BOUNDARY_PLAIN;
    return true;
}

static bool skip_string(struct statement_boundary *boundary, const char *text, size_t length)
{
    return skip_until(boundary, text, length, '\'');
}

static bool skip_name(struct statement_boundary *boundary, const char *text, size_t length)
{
    return skip_until(boundary, text, length, '`');
}

static bool skip_line_comment(struct statement_boundary *boundary, const char *text, size_t length)
{
    return skip_until(boundary, text, length, '\n');
}

static bool skip_double_quoted(struct statement_boundary *boundary, const char *text, size_t length)
{
    size_t i = boundary->offset;

    while (i < length && text[i] != '"') {
        if (text[i] == '\\') {
            if (i + 1 == length)
                break;
            i++;
        }
        i++;
    }
    boundary->offset = i;
    if (i == length || text[i] != '"')
        return false;
    boundary->offset++;
    boundary->state = BOUNDARY_PLAIN;
    return true;
}

static bool skip_comment(struct statement_boundary *boundary, const char *text, size_t length)
{
    size_t i = boundary->offset;

    while (i + 1 < length) {
        if (text[i] == '*' && text[i + 1] == '/') {
            i += 2;
            if (--boundary->comment_depth == 0) {
                boundary->offset = i;
                boundary->state = BOUNDARY_PLAIN;
                return true;
            }
        } else if (text[i] == '/' && text[i + 1] == '*') {
            i += 2;
            boundary->comment_depth++;
        } else {
            i++;
        }
    }
    boundary->offset = i;
    return false;
}

bool statement_boundary_find(struct statement_boundary *boundary, const char *text, size_t length)
{
    static bool (*const skippers[])(struct statement_boundary *, const char *,
                                    size_t) = {[BOUNDARY_STRING] = skip_string,
                                               [BOUNDARY_NAME] = skip_name,
                                               [BOUNDARY_DOUBLE_QUOTED] = skip_double_quoted,
                                               [BOUNDARY_LINE_COMMENT] = skip_line_comment,
                                               [BOUNDARY_COMMENT] = skip_comment};

    while (boundary->offset < length) {
        if (boundary->state != BOUNDARY_PLAIN) {
            if (!skippers[boundary->state](boundary, text, length))
                return false;
            continue;
        }
        skip_ordinary(boundary, text, length);
        if (boundary->offset == length)
            return false;
        if (text[boundary->offset] == ';') {
            boundary->offset++;
            return true;
        }
        if (!take_special(boundary, text, length))
            return false;
    }
    return false;
}

bool text_is_complete(const char *text, size_t length)
{
    struct statement_boundary boundary = {0};

    while (statement_boundary_find(&boundary, text, length))
        boundary = (struct statement_boundary){.offset = boundary.offset};
    if (boundary.has_token)
        return false;
    if (boundary.state == BOUNDARY_PLAIN)
        return boundary.offset == length;
    return boundary.state == BOUNDARY_LINE_COMMENT;
}
