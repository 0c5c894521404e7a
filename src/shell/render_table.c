/* The modes box, table, column and markdown: columns under each other. Widths come from the rows that are shown of a
 * long result, or from the first rows (LOOKAHEAD_ROWS, or as many as LOOKAHEAD_BYTES hold) when all are; a later cell
 * that is wider is wrapped. */
#include <stdlib.h>
#include <string.h>

#include "shell/cell_text.h"
#include "shell/display_width.h"
#include "shell/head_tail.h"
#include "shell/render.h"

enum { LOOKAHEAD_ROWS = 1000, LOOKAHEAD_BYTES = 1 << 20, WIDEST_COLUMN = 200 };

/* The strings that frames are made of; NULL for a rule that a mode does not have. */
struct frame {
    const char *top[3], *middle[3], *bottom[3]; /* left end, crossing, right end */
    const char *horizontal;
    const char *line[3]; /* left end, between two cells, right end of a line of cells */
    size_t padding;      /* columns of `horizontal` beside the width of a cell */
    bool wraps;
    bool marks_numbers; /* a colon in the middle rule */
    bool escapes_bars;
};

static const struct frame box_frame = {.top = {"┌", "┬", "┐"},
                                       .middle = {"├", "┼", "┤"},
                                       .bottom = {"└", "┴", "┘"},
                                       .horizontal = "─",
                                       .line = {"│ ", " │ ", " │"},
                                       .padding = 2,
                                       .wraps = true};
static const struct frame table_frame = {.top = {"+", "+", "+"},
                                         .middle = {"+", "+", "+"},
                                         .bottom = {"+", "+", "+"},
                                         .horizontal = "-",
                                         .line = {"| ", " | ", " |"},
                                         .padding = 2,
                                         .wraps = true};
static const struct frame column_frame = {
    .middle = {"", "  ", ""}, .horizontal = "-", .line = {"", "  ", ""}, .wraps = true};
static const struct frame markdown_frame = {.middle = {"|", "|", "|"},
                                            .horizontal = "-",
                                            .line = {"| ", " | ", " |"},
                                            .padding = 2,
                                            .marks_numbers = true,
                                            .escapes_bars = true};

struct table_state {
    const struct frame *frame;
    struct head_tail rows; /* that wait */
    size_t *widths;
    bool *is_right;
    struct shown_row header;
    bool is_open; /* the widths are settled, the head is written */
};

/* Adds a text as it shall be seen: in markdown a | is escaped as well. */
static struct cell add_shown(const struct table_state *state, struct text_buffer *to, const char *text, size_t size)
{
    struct cell cell = {.begin = to->size};

    if (state->frame->escapes_bars) {
        for (const char *bar; (bar = memchr(text, '|', size)) != NULL;) {
            display_escape(to, text, (size_t)(bar - text));
            text_add_string(to, "\\|");
            size -= (size_t)(bar - text) + 1;
            text = bar + 1;
        }
    }
    display_escape(to, text, size);
    cell.size = to->size - cell.begin;
    cell.width = cell.size == 0 ? 0 : display_width(to->data + cell.begin, cell.size);
    return cell;
}

/* A string that reads like the null is put into quotes. */
static struct cell add_value(struct renderer *renderer, struct text_buffer *to, ssql_stmt *statement, int i)
{
    struct table_state *state = renderer->state;
    size_t size;
    const char *text = cell_text(statement, i, &size);

    if (text == NULL) {
        struct cell cell = add_shown(state, to, renderer->null_text, strlen(renderer->null_text));
        cell.is_null = true;
        return cell;
    }
    if (ssql_column_type(statement, i) != SSQL_TYPE_STRING || !renderer_reads_like_null(renderer, text, size))
        return add_shown(state, to, text, size);
    text_reset(&renderer->scratch);
    text_format(&renderer->scratch, "\"%s\"", renderer->null_text);
    return add_shown(state, to, renderer->scratch.data, renderer->scratch.size);
}

/* ---- widths ---- */

static size_t widest_cell(const struct renderer *renderer, size_t column)
{
    const struct table_state *state = renderer->state;
    size_t widest = renderer->settings->header ? state->header.cells[column].width : 1;

    for (size_t row = 0; row < head_tail_kept(&state->rows); row++) {
        size_t width = head_tail_row(&state->rows, row)->cells[column].width;
        widest = width > widest ? width : widest;
    }
    return widest;
}

/* Rows that were not seen yet may be wider: ids have more digits. */
static size_t with_room(size_t width)
{
    return width + width / 2 + 2;
}

/* `is_all`: no row comes behind those that wait. */
static void settle_widths(struct renderer *renderer, bool is_all)
{
    const struct render_settings *settings = renderer->settings;
    struct table_state *state = renderer->state;
    size_t narrowest = state->frame->marks_numbers ? 3 : 1;

    for (int i = 0; i < renderer->column_count; i++) {
        int wanted = i < settings->width_count ? settings->widths[i] : 0;
        size_t width = wanted != 0 ? (size_t)abs(wanted) : widest_cell(renderer, (size_t)i);
        if (wanted == 0 && !is_all)
            width = with_room(width);
        if (wanted == 0 && state->frame->wraps && width > WIDEST_COLUMN)
            width = WIDEST_COLUMN;
        state->widths[i] = width < narrowest ? narrowest : width;
        state->is_right[i] = wanted < 0 || state->is_right[i];
    }
}

/* ---- lines ---- */

static void add_rule(struct renderer *renderer, const char *const ends[3])
{
    struct table_state *state = renderer->state;
    struct output *output = renderer->output;

    if (ends[0] == NULL)
        return;
    for (int i = 0; i < renderer->column_count; i++) {
        bool marks_right = state->frame->marks_numbers && state->is_right[i];
        output_add_string(output, i == 0 ? ends[0] : ends[1]);
        output_repeat(output, state->frame->horizontal, state->widths[i] + state->frame->padding - marks_right);
        output_add_string(output, marks_right ? ":" : "");
    }
    output_add_string(output, ends[2]);
    output_add_char(output, '\n');
}

/* Bytes of `text` that fit into `width` columns, at least one cluster; *used is set to their columns. */
static size_t fitting(const char *text, size_t size, size_t width, size_t *used)
{
    size_t at = 0;

    *used = 0;
    while (at < size) {
        unsigned columns;
        size_t step = display_cluster(text + at, size - at, &columns);
        if (*used + columns > width && at > 0)
            break;
        at += step;
        *used += columns;
    }
    return at;
}

/* Writes the next part of a cell, at most as wide as its column, and takes it away from the cell. */
static void add_cell(struct renderer *renderer, const char *text, struct cell *cell, int i, bool is_header)
{
    struct table_state *state = renderer->state;
    struct output *output = renderer->output;
    size_t used = cell->width, size = cell->size;

    if (cell->width > state->widths[i] && state->frame->wraps)
        size = fitting(text + cell->begin, cell->size, state->widths[i], &used);
    size_t padding = used < state->widths[i] ? state->widths[i] - used : 0;
    bool is_right = state->is_right[i] && !is_header;
    bool is_dim = cell->is_null && renderer->is_coloured, is_bold = is_header && renderer->is_coloured;
    bool is_at_edge = i + 1 == renderer->column_count && state->frame->line[2][0] == '\0';
    if (is_right)
        output_repeat(output, " ", padding);
    output_add_string(output, is_dim ? "\033[2m" : is_bold ? "\033[1m" : "");
    output_add(output, text + cell->begin, size);
    output_add_string(output, is_dim || is_bold ? "\033[0m" : "");
    if (!is_right && !is_at_edge)
        output_repeat(output, " ", padding);
    cell->begin += size;
    cell->size -= size;
    cell->width -= used < cell->width ? used : cell->width;
}

/* As many lines as the row's widest cells need. */
static void add_row(struct renderer *renderer, struct shown_row *row, bool is_header)
{
    const struct frame *frame = ((struct table_state *)renderer->state)->frame;
    bool is_left = true;

    while (is_left) {
        is_left = false;
        for (int i = 0; i < renderer->column_count; i++) {
            output_add_string(renderer->output, frame->line[i > 0]);
            add_cell(renderer, text_string(&row->text), &row->cells[i], i, is_header);
            is_left = is_left || row->cells[i].size > 0;
        }
        output_add_string(renderer->output, frame->line[2]);
        output_add_char(renderer->output, '\n');
    }
}

/* Says within the frame how many rows are not shown. */
static void add_gap(struct renderer *renderer, int64_t count)
{
    struct table_state *state = renderer->state;
    struct output *output = renderer->output;
    struct text_buffer text = {0};
    size_t inner = 0;

    for (int i = 0; i < renderer->column_count; i++)
        inner += state->widths[i] + (i > 0 ? display_width(state->frame->line[1], strlen(state->frame->line[1])) : 0);
    text_add_string(&text, "… ");
    text_add_count(&text, count);
    text_add_string(&text, count == 1 ? " row …" : " rows …");
    size_t width = display_width(text.data, text.size);
    if (width <= inner) {
        output_add_string(output, state->frame->line[0]);
        output_repeat(output, " ", (inner - width) / 2);
    }
    output_add_string(output, renderer->is_coloured ? "\033[2m" : "");
    output_add(output, text.data, text.size);
    output_add_string(output, renderer->is_coloured ? "\033[0m" : "");
    if (width <= inner && state->frame->line[2][0] != '\0') {
        output_repeat(output, " ", inner - width - (inner - width) / 2);
        output_add_string(output, state->frame->line[2]);
    }
    output_add_char(output, '\n');
    text_clear(&text);
}

/* Writes the rows that wait, after the head when these are the first. */
static void write_waiting(struct renderer *renderer, bool is_all)
{
    struct table_state *state = renderer->state;
    int64_t left_out = head_tail_left_out(&state->rows);

    if (!state->is_open) {
        settle_widths(renderer, is_all);
        add_rule(renderer, state->frame->top);
        if (renderer->settings->header) {
            add_row(renderer, &state->header, true);
            add_rule(renderer, state->frame->middle);
        }
        state->is_open = true;
    }
    for (size_t row = 0; row < head_tail_kept(&state->rows); row++) {
        if (left_out > 0 && row == state->rows.head_most)
            add_gap(renderer, left_out);
        add_row(renderer, head_tail_row(&state->rows, row), false);
    }
    head_tail_reset(&state->rows);
}

static void table_row(struct renderer *renderer, ssql_stmt *statement)
{
    struct table_state *state = renderer->state;
    struct shown_row *row = head_tail_add(&state->rows);

    for (int i = 0; i < renderer->column_count; i++)
        row->cells[i] = add_value(renderer, &row->text, statement, i);
    head_tail_added(&state->rows, row);
    if (renderer->row_limit == 0 &&
        (state->is_open || state->rows.count == LOOKAHEAD_ROWS || state->rows.bytes >= LOOKAHEAD_BYTES))
        write_waiting(renderer, false);
}

static void begin(struct renderer *renderer, ssql_stmt *statement, const struct frame *frame)
{
    size_t columns = (size_t)renderer->column_count, limit = (size_t)renderer->row_limit;
    struct table_state *state = must_allocate(sizeof *state);

    state->frame = frame;
    if (limit > 0)
        head_tail_init(&state->rows, columns, limit - limit / 2, limit / 2);
    else
        head_tail_init(&state->rows, columns, LOOKAHEAD_ROWS, 0);
    state->widths = must_allocate(columns * sizeof *state->widths);
    state->is_right = must_allocate(columns * sizeof *state->is_right);
    state->header.cells = must_allocate(columns * sizeof *state->header.cells);
    for (int i = 0; i < renderer->column_count; i++) {
        const char *name = ssql_column_name(statement, i);
        int type = ssql_column_type(statement, i);
        state->is_right[i] = type == SSQL_TYPE_INT || type == SSQL_TYPE_FLOAT;
        state->header.cells[i] = add_shown(state, &state->header.text, name, strlen(name));
    }
    renderer->state = state;
}

static void box_begin(struct renderer *renderer, ssql_stmt *statement)
{
    begin(renderer, statement, &box_frame);
}

static void plain_begin(struct renderer *renderer, ssql_stmt *statement)
{
    begin(renderer, statement, &table_frame);
}

static void column_begin(struct renderer *renderer, ssql_stmt *statement)
{
    begin(renderer, statement, &column_frame);
}

static void markdown_begin(struct renderer *renderer, ssql_stmt *statement)
{
    begin(renderer, statement, &markdown_frame);
}

/* After a failure the frame stays open. */
static void table_end(struct renderer *renderer, bool failed)
{
    struct table_state *state = renderer->state;

    if (!failed || head_tail_kept(&state->rows) > 0)
        write_waiting(renderer, true);
    if (!failed)
        add_rule(renderer, state->frame->bottom);
    head_tail_clear(&state->rows);
    text_clear(&state->header.text);
    free(state->header.cells);
    free(state->widths);
    free(state->is_right);
    free(state);
    renderer->state = NULL;
}

const struct render_type render_box = {.name = "box",
                                       .null_text = "null",
                                       .description = "a frame of lines; the default on a terminal",
                                       .shortens = true,
                                       .begin = box_begin,
                                       .row = table_row,
                                       .end = table_end};
const struct render_type render_table = {.name = "table",
                                         .null_text = "null",
                                         .description = "a frame of ASCII characters",
                                         .shortens = true,
                                         .begin = plain_begin,
                                         .row = table_row,
                                         .end = table_end};
const struct render_type render_column = {.name = "column",
                                          .null_text = "null",
                                          .description = "columns without a frame",
                                          .shortens = true,
                                          .begin = column_begin,
                                          .row = table_row,
                                          .end = table_end};
const struct render_type render_markdown = {.name = "markdown",
                                            .null_text = "null",
                                            .description = "a Markdown table",
                                            .begin = markdown_begin,
                                            .row = table_row,
                                            .end = table_end};
