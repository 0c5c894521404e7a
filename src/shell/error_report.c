#include "shell/error_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shell/display_width.h"

enum {
    COLUMNS_DEFAULT = 100, /* where no terminal says how many there are */
    COLUMNS_LEAST = 20,
    COLUMN_BYTES = 16, /* more of a line, per column, is not looked at: a line may be a whole database */
    TAB_COLUMNS = 8,
    INDENT = 2,
    DOTS = 3,
};

static bool is_inside_character(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

static int64_t count_characters(const char *text, size_t size)
{
    int64_t count = 0;

    for (size_t i = 0; i < size; i++)
        count += !is_inside_character(text[i]);
    return count;
}

/* The line at fault and the bytes of it to be marked. */
struct marked_line {
    const char *text;
    size_t size;
    size_t begin, end;
};

static size_t skip_characters(const char *text, size_t size, size_t at, int64_t count)
{
    while (at < size && count > 0) {
        at++;
        while (at < size && is_inside_character(text[at]))
            at++;
        count--;
    }
    return at;
}

static bool find_line(const struct source *source, const struct error_report *report, struct marked_line *line)
{
    size_t from = source->begin, begin;

    for (int64_t i = 1; i < report->line; i++) {
        const char *end = memchr(source->text + from, '\n', source->known_size - from);
        if (end == NULL)
            return false;
        from = (size_t)(end - source->text) + 1;
    }
    begin = report->line == 1 ? 0 : from;
    /* Blank lines may stand between the beginning of the text and the statement. */
    for (size_t i = from; i > begin; i--)
        if (source->text[i - 1] == '\n')
            begin = i;
    const char *end = memchr(source->text + from, '\n', source->known_size - from);
    line->text = source->text + begin;
    line->size = (end == NULL ? source->known_size : (size_t)(end - source->text)) - begin;
    if (line->size > 0 && line->text[line->size - 1] == '\r')
        line->size--;
    line->begin = skip_characters(line->text, line->size, from - begin, report->column - 1);
    line->end = skip_characters(line->text, line->size, line->begin, report->length < 1 ? 1 : report->length);
    return true;
}

/* Adds a piece of the line as it is seen from `column` on; returns the column behind it. */
static size_t add_piece(struct text_buffer *to, const char *text, size_t size, size_t column)
{
    for (size_t at = 0; at < size;) {
        const char *tab = memchr(text + at, '\t', size - at);
        size_t part = tab == NULL ? size - at : (size_t)(tab - text) - at, old_size = to->size;
        display_escape(to, text + at, part);
        if (to->size > old_size)
            column += display_width(to->data + old_size, to->size - old_size);
        at += part;
        if (tab == NULL)
            break;
        do
            text_add_char(to, ' ');
        while (++column % TAB_COLUMNS != 0);
        at++;
    }
    return column;
}

/* Drops what is too far from the mark ever to be seen; sets what of that was before it, and behind it. */
static void drop_far(struct marked_line *line, size_t columns, bool *cut_left, bool *cut_right)
{
    size_t most = columns * COLUMN_BYTES;

    *cut_right = line->size - line->begin > most;
    if (*cut_right) {
        line->size = line->begin + most;
        while (line->size > line->begin && is_inside_character(line->text[line->size]))
            line->size--;
        if (line->end > line->size)
            line->end = line->size;
    }
    *cut_left = line->begin > most;
    if (*cut_left) {
        size_t drop = line->begin - most;
        while (drop < line->begin && is_inside_character(line->text[drop]))
            drop++;
        *line = (struct marked_line){line->text + drop, line->size - drop, line->begin - drop, line->end - drop};
    }
}

/* Bytes of `text` that take at most `columns`; they are counted down. */
static size_t fitting_bytes(const char *text, size_t size, size_t *columns)
{
    size_t at = 0;

    while (at < size) {
        unsigned width;
        size_t step = display_cluster(text + at, size - at, &width);
        if (width > *columns)
            break;
        *columns -= width;
        at += step;
    }
    return at;
}

/* Cuts a line as it is seen to `columns`, so that the beginning of its mark stays within them. */
static void cut_window(struct marked_line *line, size_t columns, bool *cut_left, bool *cut_right)
{
    size_t before = display_width(line->text, line->begin), room = columns;

    if (!*cut_left && !*cut_right && display_width(line->text, line->size) <= columns)
        return;
    if (before > columns * 3 / 4) {
        size_t dropped = before - columns / 2;
        size_t bytes = fitting_bytes(line->text, line->begin, &dropped);
        *line = (struct marked_line){line->text + bytes, line->size - bytes, line->begin - bytes, line->end - bytes};
        *cut_left = true;
    }
    if (*cut_left)
        room -= DOTS;
    if (display_width(line->text, line->size) > room)
        *cut_right = true;
    if (*cut_right) {
        room -= DOTS;
        line->size = fitting_bytes(line->text, line->size, &room);
    }
    if (line->end > line->size)
        line->end = line->size;
}

static void add_marked_line(struct text_buffer *to, struct marked_line *line, const struct error_report *report)
{
    size_t columns = report->columns == 0 ? COLUMNS_DEFAULT : report->columns;
    struct text_buffer shown = {0};
    bool cut_left, cut_right;

    columns = (columns < COLUMNS_LEAST ? COLUMNS_LEAST : columns) - INDENT - 1; /* the mark may stand behind the line */
    drop_far(line, columns, &cut_left, &cut_right);
    size_t from = add_piece(&shown, line->text, line->begin, 0), begin = shown.size;
    size_t behind = add_piece(&shown, line->text + line->begin, line->end - line->begin, from), end = shown.size;
    add_piece(&shown, line->text + line->end, line->size - line->end, behind);
    struct marked_line seen = {text_string(&shown), shown.size, begin, end};
    cut_window(&seen, columns, &cut_left, &cut_right);
    size_t mark = display_width(seen.text + seen.begin, seen.end - seen.begin);
    text_format(to, "%*s%s", INDENT, "", cut_left ? "..." : "");
    text_add(to, seen.text, seen.size);
    text_format(to, "%s\n%*s%s^", cut_right ? "..." : "",
                (int)(INDENT + (cut_left ? DOTS : 0) + display_width(seen.text, seen.begin)), "",
                report->is_coloured ? "\033[1;31m" : "");
    for (size_t i = 1; i < mark; i++)
        text_add_char(to, '~');
    text_add_string(to, report->is_coloured ? "\033[0m\n" : "\n");
    text_clear(&shown);
}

/* Line and column of the error in the file or text that the statement is part of. */
static void find_place(const struct source *source, const struct error_report *report, int64_t *line, int64_t *column)
{
    const char *last_end = source->begin == 0 ? NULL : memrchr(source->text, '\n', source->begin);
    size_t line_begin = last_end == NULL ? 0 : (size_t)(last_end - source->text) + 1;

    *line = source->line + report->line - 1;
    for (size_t i = 0; i < line_begin; i++)
        *line += source->text[i] == '\n';
    *column = report->column;
    if (report->line == 1)
        *column += count_characters(source->text + line_begin, source->begin - line_begin) +
                   (line_begin == 0 ? source->column : 0);
}

void error_report_write(struct text_buffer *to, const struct error_report *report, const struct source *source)
{
    const char *label = report->is_coloured ? "\033[1;31merror:\033[0m" : "error:";
    bool has_place = source != NULL && report->line > 0;
    int64_t line = 0, column = 0;
    struct marked_line marked;

    if (has_place)
        find_place(source, report, &line, &column);
    if (source != NULL && source->file != NULL) {
        display_escape(to, source->file, strlen(source->file));
        if (has_place)
            text_format(to, ":%" PRId64 ":%" PRId64 ": ", line, column);
        else
            text_format(to, ":%" PRId64 ": ", source->line);
    }
    text_format(to, "%s ", label);
    display_escape(to, report->message, strlen(report->message));
    if (report->sqlstate != NULL)
        text_format(to, " [%s]", report->sqlstate);
    if (has_place && source->file == NULL)
        text_format(to, ", line %" PRId64 ", column %" PRId64, line, column);
    text_add_char(to, '\n');
    if (has_place && find_line(source, report, &marked))
        add_marked_line(to, &marked, report);
    if (report->hint != NULL && *report->hint != '\0') {
        text_add_string(to, "hint: ");
        display_escape(to, report->hint, strlen(report->hint));
        text_add_char(to, '\n');
    }
}

void error_print(const char *what, const char *about)
{
    struct text_buffer text = {0};

    text_add_string(&text, "error: ");
    display_escape(&text, what, strlen(what));
    display_escape(&text, about, strlen(about));
    fprintf(stderr, "%s\n", text.data);
    text_clear(&text);
}
