#include "shell/paint.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "shell/display_width.h"
#include "shell/highlight.h"

void screen_size(unsigned *rows, unsigned *columns)
{
    struct winsize size;

    *rows = 24;
    *columns = 80;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        *rows = size.ws_row;
        *columns = size.ws_col;
    }
}

/* ---- rows ---- */

static void set_style(struct painter *painter, uint8_t style)
{
    if (!painter->is_coloured || style == painter->style)
        return;
    if (painter->style != STYLE_PLAIN)
        text_add_string(&painter->painted, style_end);
    text_add_string(&painter->painted, style_sequence(style));
    painter->style = style;
}

/* A row stands by itself: its colours begin and end in it. */
static void end_row(struct painter *painter, unsigned width)
{
    set_style(painter, STYLE_PLAIN);
    painter->rows[painter->row_count - 1].end = painter->painted.size;
    painter->rows[painter->row_count - 1].width = width;
}

static void begin_row(struct painter *painter)
{
    if (painter->row_count == painter->row_capacity) {
        painter->row_capacity = painter->row_capacity == 0 ? 8 : painter->row_capacity * 2;
        painter->rows = must_reallocate(painter->rows, painter->row_capacity * sizeof *painter->rows);
    }
    painter->rows[painter->row_count++] = (struct screen_row){painter->painted.size, painter->painted.size, 0};
}

/* Adds one cluster at `column`, on a new row when it does not fit; returns the column behind it. */
static unsigned add_cluster(struct painter *painter, const char *text, size_t size, unsigned column, unsigned columns,
                            uint8_t style)
{
    struct text_buffer shown = {0};

    display_escape(&shown, text, size);
    unsigned width = (unsigned)display_width(text_string(&shown), shown.size);
    if (column > 0 && column + width > columns) {
        end_row(painter, column);
        begin_row(painter);
        column = 0;
    }
    set_style(painter, style);
    text_add(&painter->painted, text_string(&shown), shown.size);
    text_clear(&shown);
    return column + width;
}

static unsigned add_plain(struct painter *painter, const char *text, unsigned columns)
{
    unsigned column = 0, width;

    for (size_t at = 0, size = strlen(text); at < size;) {
        size_t step = display_cluster(text + at, size - at, &width);
        column = add_cluster(painter, text + at, step, column, columns, STYLE_PLAIN);
        at += step;
    }
    return column;
}

/* The prompt of a further line, as wide as the first one's: `  ...> `, or what the line before left open: `  '..> `. */
static unsigned add_next_prompt(struct painter *painter, const char *first, uint8_t style, unsigned columns)
{
    char mark[] = "...> ";
    size_t size = strlen(mark), width = display_width(first, strlen(first));
    struct text_buffer prompt = {0};

    mark[0] = style_sign(style);
    for (size_t i = size; i < width; i++)
        text_add_char(&prompt, ' ');
    text_add_string(&prompt, mark + (width < size ? size - width : 0));
    unsigned column = add_plain(painter, text_string(&prompt), columns);
    text_clear(&prompt);
    return column;
}

/* ---- the part that is shown ---- */

/* The lines round the cursor that can be on the screen: at least one row each. */
static void find_window(const struct painted_text *text, unsigned rows, size_t *begin, size_t *end)
{
    size_t at = text->cursor;

    for (unsigned line = 0; at > 0; at--)
        if (text->text[at - 1] == '\n' && line++ == rows)
            break;
    *begin = at;
    at = text->cursor;
    for (unsigned line = 0; at < text->size; at++)
        if (text->text[at] == '\n' && line++ == rows)
            break;
    *end = at;
}

/* The styles of the bytes from `begin` to `end`. */
static const uint8_t *find_styles(struct painter *painter, const struct painted_text *text, size_t begin, size_t end)
{
    if (end - begin + 1 > painter->style_capacity) {
        painter->style_capacity = (end - begin + 1) * 2;
        painter->styles = must_reallocate(painter->styles, painter->style_capacity);
    }
    highlight(text->text, text->size, text->is_left ? SIZE_MAX : text->cursor, begin, end, painter->styles);
    return painter->styles;
}

/* Lays the prompt and the text out in rows; finds the place of the cursor. */
static void lay_out(struct painter *painter, const struct painted_text *text, unsigned screen_rows, unsigned columns,
                    size_t *cursor_row)
{
    size_t begin, end;
    unsigned column, width;

    find_window(text, screen_rows, &begin, &end);
    size_t styled = begin > 0 ? begin - 1 : 0; /* the line's end before the window says how its first line begins */
    const uint8_t *styles = find_styles(painter, text, styled, end);
    text_reset(&painter->painted);
    painter->row_count = 0;
    painter->style = STYLE_PLAIN;
    begin_row(painter);
    column = begin == 0 ? add_plain(painter, text->prompt, columns)
                        : add_next_prompt(painter, text->prompt, styles[0], columns);
    *cursor_row = 0;
    painter->cursor_column = 0;
    bool found = false;
    for (size_t at = begin;;) {
        if (!found && at >= text->cursor) {
            if (column >= columns) {
                end_row(painter, column);
                begin_row(painter);
                column = 0;
            }
            found = true;
            *cursor_row = painter->row_count - 1;
            painter->cursor_column = column;
        }
        if (at == end)
            break;
        uint8_t style = styles[at - styled];
        if (text->text[at] == '\n') {
            end_row(painter, column);
            begin_row(painter);
            column = add_next_prompt(painter, text->prompt, style, columns);
            at++;
            continue;
        }
        size_t step = display_cluster(text->text + at, end - at, &width);
        column = add_cluster(painter, text->text + at, step, column, columns, style);
        at += step;
    }
    end_row(painter, column);
}

/* ---- painting ---- */

void painter_paint(struct painter *painter, const struct painted_text *text, FILE *to)
{
    unsigned screen_rows, columns, row_above = painter->cursor_row;
    size_t cursor_row, first = 0;

    screen_size(&screen_rows, &columns);
    lay_out(painter, text, screen_rows, columns, &cursor_row);
    size_t count = painter->row_count;
    if (count > screen_rows) {
        first = cursor_row + 1 > screen_rows ? cursor_row + 1 - screen_rows : 0;
        count = count - first < screen_rows ? count - first : screen_rows;
    }
    if (row_above > 0)
        fprintf(to, "\033[%uA", row_above);
    fputs("\r\033[J", to);
    for (size_t i = first; i < first + count; i++) {
        if (i > first)
            fputs("\r\n", to);
        fwrite(text_string(&painter->painted) + painter->rows[i].begin, 1,
               painter->rows[i].end - painter->rows[i].begin, to);
    }
    if (first + count - 1 > cursor_row)
        fprintf(to, "\033[%zuA", first + count - 1 - cursor_row);
    fputc('\r', to);
    if (painter->cursor_column > 0)
        fprintf(to, "\033[%uC", painter->cursor_column);
    fflush(to);
    painter->first_row = first;
    painter->cursor_row = (unsigned)(cursor_row - first);
}

/* Most terminals wrap the rows that became too long; these cut them off. */
static bool terminal_cuts_rows(void)
{
    return getenv("XTERM_VERSION") != NULL || (getenv("STY") != NULL && getenv("TMUX") == NULL);
}

void painter_resize(struct painter *painter)
{
    unsigned screen_rows, columns, above = 0;

    if (painter->row_count == 0 || terminal_cuts_rows())
        return;
    screen_size(&screen_rows, &columns);
    for (unsigned i = 0; i < painter->cursor_row; i++) {
        unsigned width = painter->rows[painter->first_row + i].width;
        above += width <= columns ? 1 : (width + columns - 1) / columns;
    }
    above += painter->cursor_column / columns;
    painter->cursor_row = above < screen_rows ? above : screen_rows - 1;
}

void painter_forget(struct painter *painter)
{
    painter->cursor_row = 0;
    painter->row_count = 0;
}

void painter_clear(struct painter *painter)
{
    text_clear(&painter->painted);
    free(painter->rows);
    free(painter->styles);
    *painter = (struct painter){.is_coloured = painter->is_coloured};
}
