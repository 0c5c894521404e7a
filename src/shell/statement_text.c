#include "shell/statement_text.h"

#include <ssql.h>
#include <string.h>
#include <strings.h>

#include "shell/display_width.h"

static bool is_word_byte(char byte, bool first)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' || (unsigned char)byte >= 0x80 ||
           (!first && byte >= '0' && byte <= '9');
}

static bool is_keyword(const char *name)
{
    const char *keyword;

    for (int i = 0; (keyword = ssql_keyword(i)) != NULL; i++)
        if (strcasecmp(keyword, name) == 0)
            return true;
    return false;
}

static bool is_bare_name(const char *name)
{
    for (const char *byte = name; *byte != '\0'; byte++)
        if (!is_word_byte(*byte, byte == name) || (unsigned char)*byte >= 0x80)
            return false;
    return *name != '\0' && !is_keyword(name);
}

void add_name(struct text_buffer *to, const char *name)
{
    if (is_bare_name(name)) {
        text_add_string(to, name);
        return;
    }
    text_add_char(to, '`');
    for (; *name != '\0'; name++) {
        if (*name == '`')
            text_add_char(to, '`');
        text_add_char(to, *name);
    }
    text_add_char(to, '`');
}

/* Adds the character of more than a byte at `text`, as \u{202e} when it would reorder or steer a terminal; returns its
 * bytes. */
static size_t add_character(struct text_buffer *to, const char *text, size_t size)
{
    size_t behind = 1;

    while (behind < size && ((unsigned char)text[behind] & 0xC0) == 0x80)
        behind++;
    if (display_is_plain(text, behind))
        text_add(to, text, behind);
    else
        display_escape(to, text, behind);
    return behind;
}

/* '...' knows only the doubled quote; "..." knows escapes, and is used where they are needed. */
void add_string_literal(struct text_buffer *to, const char *text, size_t size)
{
    bool escaped = !display_is_plain(text, size);

    text_add_char(to, escaped ? '"' : '\'');
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (!escaped && byte == '\'')
            text_add_string(to, "''");
        else if (escaped && (byte == '"' || byte == '\\'))
            text_format(to, "\\%c", byte);
        else if (byte == '\n')
            text_add_string(to, "\\n");
        else if (byte == '\t')
            text_add_string(to, "\\t");
        else if (byte == '\r')
            text_add_string(to, "\\r");
        else if (byte < 0x20 || byte == 0x7F)
            text_format(to, "\\u{%x}", byte);
        else if (escaped && byte >= 0x80)
            i += add_character(to, text + i, size - i) - 1;
        else
            text_add_char(to, (char)byte);
    }
    text_add_char(to, escaped ? '"' : '\'');
}

static size_t skip_comment(const char *text, size_t size, size_t at)
{
    unsigned depth = 0;

    while (at + 1 < size) {
        if (text[at] == '/' && text[at + 1] == '*') {
            depth++;
            at += 2;
        } else if (text[at] == '*' && text[at + 1] == '/') {
            at += 2;
            if (--depth == 0)
                return at;
        } else {
            at++;
        }
    }
    return size;
}

static size_t skip_blank(const char *text, size_t size, size_t at)
{
    while (at < size) {
        if (strchr(" \t\n\r\f\v", text[at]) != NULL) {
            at++;
        } else if (at + 1 < size && text[at] == '-' && text[at + 1] == '-') {
            const char *end = memchr(text + at, '\n', size - at);
            at = end == NULL ? size : (size_t)(end - text);
        } else if (at + 1 < size && text[at] == '/' && text[at + 1] == '*') {
            at = skip_comment(text, size, at);
        } else {
            break;
        }
    }
    return at;
}

static size_t skip_quoted(const char *text, size_t size, size_t at)
{
    char quote = text[at++];

    while (at < size) {
        if (quote == '"' && text[at] == '\\' && at + 1 < size)
            at += 2;
        else if (text[at++] == quote) {
            if (at == size || text[at] != quote)
                return at;
            at++;
        }
    }
    return size;
}

bool next_word(const char *text, size_t size, size_t *at, struct word *word)
{
    size_t begin = skip_blank(text, size, *at), end = begin;

    *word = (struct word){0};
    *at = begin;
    if (begin >= size)
        return false;
    char first = text[begin];
    if (first == '"' || first == '\'' || first == '`') {
        end = skip_quoted(text, size, begin);
        word->is_quoted = true;
        word->is_name = first != '\'';
    } else {
        word->is_name = is_word_byte(first, true);
        while (end < size && is_word_byte(text[end], false))
            end++;
        if (end == begin)
            end++;
    }
    word->text = text + begin;
    word->size = end - begin;
    *at = end;
    return true;
}

bool word_is(const struct word *word, const char *keyword)
{
    return !word->is_quoted && word->size == strlen(keyword) && strncasecmp(word->text, keyword, word->size) == 0;
}

bool add_table_read(struct text_buffer *to, const char *text, size_t size)
{
    struct word word;
    size_t at = 0;

    while (next_word(text, size, &at, &word)) {
        if (!word_is(&word, "from") || !next_word(text, size, &at, &word))
            continue;
        if (!word.is_name)
            return false;
        text_add(to, word.text, word.size);
        return true;
    }
    return false;
}
