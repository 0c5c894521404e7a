#include "shell/word_list.h"

#include <string.h>

#include "shell/display_width.h"

enum { GAP = 2, ROWS_MOST = 30 };

static char lower(char byte)
{
    return (char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

size_t word_list_shared(const struct edit_words *words)
{
    const char *first = words->items[0].text;
    size_t shared = strlen(first);

    for (size_t i = 1; i < words->count; i++) {
        const char *text = words->items[i].text;
        size_t same = 0;
        while (same < shared && text[same] != '\0' && lower(text[same]) == lower(first[same]))
            same++;
        shared = same;
    }
    while (shared > 0 && ((unsigned char)first[shared] & 0xC0) == 0x80) /* whole characters only */
        shared--;
    return shared;
}

static size_t width_of(const char *text)
{
    struct text_buffer shown = {0};

    display_escape(&shown, text, strlen(text));
    size_t width = display_width(text_string(&shown), shown.size);
    text_clear(&shown);
    return width;
}

/* Adds as much of the text as `columns` hold, and blanks up to there if it is to be padded. */
static void add_fitting(struct text_buffer *to, const char *text, size_t columns, bool is_padded)
{
    struct text_buffer shown = {0};
    size_t at = 0, used = 0;
    unsigned width;

    display_escape(&shown, text, strlen(text));
    while (at < shown.size) {
        size_t step = display_cluster(shown.data + at, shown.size - at, &width);
        if (used + width > columns)
            break;
        used += width;
        at += step;
    }
    text_add(to, text_string(&shown), at);
    for (; is_padded && used < columns; used++)
        text_add_char(to, ' ');
    text_clear(&shown);
}

static void add_rest(struct text_buffer *to, size_t count, unsigned columns)
{
    struct text_buffer rest = {0};

    text_format(&rest, "… %zu more", count);
    add_fitting(to, rest.data, columns, false);
    text_add_string(to, "\r\n");
    text_clear(&rest);
}

/* One word a line, with what there is to say about it. */
static void write_lines(struct text_buffer *to, const struct edit_words *words, size_t width, size_t rows,
                        unsigned columns, bool is_coloured)
{
    size_t shown = words->count <= rows ? words->count : rows - 1;

    for (size_t i = 0; i < shown; i++) {
        bool has_room = width + GAP < columns && *words->items[i].detail != '\0';
        add_fitting(to, words->items[i].text, has_room ? width + GAP : columns, has_room);
        if (has_room) {
            text_add_string(to, is_coloured ? "\033[2m" : "");
            add_fitting(to, words->items[i].detail, columns - width - GAP, false);
            text_add_string(to, is_coloured ? "\033[0m" : "");
        }
        text_add_string(to, "\r\n");
    }
    if (shown < words->count)
        add_rest(to, words->count - shown, columns);
}

/* Words alone, in columns that are read downwards. */
static void write_grid(struct text_buffer *to, const struct edit_words *words, size_t width, size_t rows,
                       unsigned columns)
{
    size_t across = columns / (width + GAP) > 0 ? columns / (width + GAP) : 1;
    size_t down = (words->count + across - 1) / across;
    size_t shown = words->count;

    if (down > rows) {
        down = rows > 1 ? rows - 1 : 1;
        shown = down * across;
    }
    for (size_t row = 0; row < down; row++) {
        for (size_t i = row; i < shown; i += down) {
            bool is_last = i + down >= shown;
            add_fitting(to, words->items[i].text, is_last ? columns : width + GAP, !is_last);
        }
        text_add_string(to, "\r\n");
    }
    if (shown < words->count)
        add_rest(to, words->count - shown, columns);
}

void word_list_write(struct text_buffer *to, const struct edit_words *words, unsigned rows, unsigned columns,
                     bool is_coloured)
{
    size_t width = 0, rows_most = rows > 4 ? rows - 3 : 1;
    bool has_details = false;

    for (size_t i = 0; i < words->count; i++) {
        size_t word_width = width_of(words->items[i].text);
        width = word_width > width ? word_width : width;
        has_details = has_details || *words->items[i].detail != '\0';
    }
    if (rows_most > ROWS_MOST)
        rows_most = ROWS_MOST;
    if (has_details)
        write_lines(to, words, width, rows_most, columns, is_coloured);
    else
        write_grid(to, words, width, rows_most, columns);
}
