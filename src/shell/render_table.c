/* The modes box, table and markdown: columns under each other. Widths come from the first rows (LOOKAHEAD_ROWS, or as
 * many as LOOKAHEAD_BYTES hold); a later cell that is wider is wrapped. */
#include <stdlib.h>
#include <string.h>

#include "shell/display_width.h"
#include "shell/render.h"

enum { LOOKAHEAD_ROWS = 1000, LOOKAHEAD_BYTES = 1 << 20, WIDEST_COLUMN = 200 };

/* The strings that frames are made of; NULL for a line that a mode does not have. */
struct frame {
    const char *top[3], *middle[3], *bottom[3]; /* left end, crossing, right end */
    const char *horizontal, *vertical;
    bool wraps;
};

static const struct frame box_frame = {.top = {"┌", "┬", "┐"},
                                       .middle = {"├", "┼", "┤"},
                                       .bottom = {"└", "┴", "┘"},
                                       .horizontal = "─",
                                       .vertical = "│",
                                       .wraps = true};
static const struct frame table_frame = {.top = {"+", "+", "+"},
                                         .middle = {"+", "+", "+"},
                                         .bottom = {"+", "+", "+"},
                                         .horizontal = "-",
                                         .vertical = "|",
                                         .wraps = true};
static const struct frame markdown_frame = {.middle = {"|", "|", "|"}, .horizontal = "-", .vertical = "|"};

struct cell {
    size_t begin, size; /* in the cells' text */
    size_t width;
    bool is_null;
};

struct table_state {
    const struct frame *frame;
    struct text_buffer text; /* of the rows that wait */
    struct cell *cells;
    size_t waiting, capacity; /* rows */
    size_t *widths;
    bool *is_right;
    struct text_buffer header;
    struct cell *header_cells;
    bool is_open; /* the widths are settled, the head is written */
};

/* Adds a text as it shall be seen: in markdown a | is escaped as well. */
static struct cell add_shown(const struct table_state *state, struct text_buffer *to, const char *text, size_t size)
{
    struct cell cell = {.begin = to->size};

    if (state->frame != &markdown_frame) {
        display_escape(to, text, size);
    } else {
        for (const char *bar; (bar = memchr(text, '|', size)) != NULL;) {
            display_escape(to, text, (size_t)(bar - text));
            text_add_string(to, "\\|");
            size -= (size_t)(bar - text) + 1;
            text = bar + 1;
        }
        display_escape(to, text, size);
    }
    cell.size = to->size - cell.begin;
    cell.width = cell.size == 0 ? 0 : display_width(to->data + cell.begin, cell.size);
    return cell;
}

/* A text that reads like the null is put into quotes. */
static struct cell add_value(struct renderer *renderer, ssql_stmt *statement, int i)
{
    struct table_state *state = renderer->state;
    size_t size, null_size = strlen(renderer->null_text);
    const char *text = ssql_column_text(statement, i, &size);

    if (text == NULL) {
        struct cell cell = add_shown(state, &state->text, renderer->null_text, null_size);
        cell.is_null = true;
        return cell;
    }
    if (ssql_column_type(statement, i) == SSQL_TYPE_STRING && size == null_size && size > 0 &&
        memcmp(text, renderer->null_text, size) == 0) {
        text_reset(&renderer->scratch);
        text_format(&renderer->scratch, "\"%s\"", renderer->null_text);
        return add_shown(state, &state->text, renderer->scratch.data, renderer->scratch.size);
    }
    return add_shown(state, &state->text, text, size);
}

static void settle_widths(struct renderer *renderer)
{
    struct table_state *state = renderer->state;
    size_t columns = (size_t)renderer->column_count;

    for (size_t i = 0; i < columns; i++) {
        size_t widest = renderer->settings->header ? state->header_cells[i].width : 1;
        for (size_t row = 0; row < state->waiting; row++)
            if (state->cells[row * columns + i].width > widest)
                widest = state->cells[row * columns + i].width;
        if (state->frame->wraps && widest > WIDEST_COLUMN)
            widest = WIDEST_COLUMN;
        if (state->frame == &markdown_frame && widest < 3)
            widest = 3;
        state->widths[i] = widest < 1 ? 1 : widest;
    }
}

static void add_rule(struct renderer *renderer, const char *const ends[3])
{
    struct table_state *state = renderer->state;
    struct output *output = renderer->output;

    if (ends[0] == NULL)
        return;
    for (int i = 0; i < renderer->column_count; i++) {
        bool marks_right = state->frame == &markdown_frame && state->is_right[i];
        output_add_string(output, i == 0 ? ends[0] : ends[1]);
        output_repeat(output, state->frame->horizontal, state->widths[i] + (marks_right ? 1 : 2));
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

/* Writes one line of a row and takes what it wrote from the cells; true when something is left. */
static bool add_line(struct renderer *renderer, const char *text, struct cell *cells, bool is_header)
{
    struct table_state *state = renderer->state;
    struct output *output = renderer->output;
    bool is_left = false;

    for (int i = 0; i < renderer->column_count; i++) {
        struct cell *cell = &cells[i];
        size_t used = cell->width, size = cell->size;
        if (cell->width > state->widths[i] && state->frame->wraps)
            size = fitting(text + cell->begin, cell->size, state->widths[i], &used);
        size_t padding = used < state->widths[i] ? state->widths[i] - used : 0;
        bool is_right = state->is_right[i] && !is_header;
        bool is_dim = cell->is_null && renderer->is_coloured, is_bold = is_header && renderer->is_coloured;
        output_add_string(output, state->frame->vertical);
        output_repeat(output, " ", 1 + (is_right ? padding : 0));
        output_add_string(output, is_dim ? "\033[2m" : is_bold ? "\033[1m" : "");
        output_add(output, text + cell->begin, size);
        output_add_string(output, is_dim || is_bold ? "\033[0m" : "");
        output_repeat(output, " ", 1 + (is_right ? 0 : padding));
        cell->begin += size;
        cell->size -= size;
        cell->width -= used < cell->width ? used : cell->width;
        is_left = is_left || cell->size > 0;
    }
    output_add_string(output, state->frame->vertical);
    output_add_char(output, '\n');
    return is_left;
}

static void add_row(struct renderer *renderer, const struct text_buffer *text, struct cell *cells, bool is_header)
{
    while (add_line(renderer, text_string(text), cells, is_header))
        ;
}

/* Writes the rows that wait, after the head when these are the first. */
static void write_waiting(struct renderer *renderer)
{
    struct table_state *state = renderer->state;

    if (!state->is_open) {
        settle_widths(renderer);
        add_rule(renderer, state->frame->top);
        if (renderer->settings->header) {
            add_row(renderer, &state->header, state->header_cells, true);
            add_rule(renderer, state->frame->middle);
        }
        state->is_open = true;
    }
    for (size_t row = 0; row < state->waiting; row++)
        add_row(renderer, &state->text, state->cells + row * (size_t)renderer->column_count, false);
    state->waiting = 0;
    text_reset(&state->text);
}

static void table_row(struct renderer *renderer, ssql_stmt *statement)
{
    struct table_state *state = renderer->state;
    size_t columns = (size_t)renderer->column_count;

    if (state->waiting == state->capacity) {
        state->capacity = state->capacity == 0 ? 16 : state->capacity * 2;
        state->cells = must_reallocate(state->cells, state->capacity * columns * sizeof *state->cells);
    }
    for (int i = 0; i < renderer->column_count; i++)
        state->cells[state->waiting * columns + (size_t)i] = add_value(renderer, statement, i);
    state->waiting++;
    if (state->is_open || state->waiting == LOOKAHEAD_ROWS || state->text.size >= LOOKAHEAD_BYTES)
        write_waiting(renderer);
}

static void begin(struct renderer *renderer, ssql_stmt *statement, const struct frame *frame)
{
    size_t columns = (size_t)renderer->column_count;
    struct table_state *state = must_allocate(sizeof *state);

    state->frame = frame;
    state->widths = must_allocate(columns * sizeof *state->widths);
    state->is_right = must_allocate(columns * sizeof *state->is_right);
    state->header_cells = must_allocate(columns * sizeof *state->header_cells);
    for (int i = 0; i < renderer->column_count; i++) {
        const char *name = ssql_column_name(statement, i);
        int type = ssql_column_type(statement, i);
        state->is_right[i] = type == SSQL_TYPE_INT || type == SSQL_TYPE_FLOAT;
        state->header_cells[i] = add_shown(state, &state->header, name, strlen(name));
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

static void markdown_begin(struct renderer *renderer, ssql_stmt *statement)
{
    begin(renderer, statement, &markdown_frame);
}

/* After a failure the frame stays open. */
static void table_end(struct renderer *renderer, bool failed)
{
    struct table_state *state = renderer->state;

    if (!failed || state->waiting > 0 || state->is_open)
        write_waiting(renderer);
    if (!failed)
        add_rule(renderer, state->frame->bottom);
    text_clear(&state->text);
    text_clear(&state->header);
    free(state->cells);
    free(state->header_cells);
    free(state->widths);
    free(state->is_right);
    free(state);
    renderer->state = NULL;
}

const struct render_type render_box = {.name = "box",
                                       .null_text = "null",
                                       .description = "a frame of lines; the default on a terminal",
                                       .begin = box_begin,
                                       .row = table_row,
                                       .end = table_end};
const struct render_type render_table = {.name = "table",
                                         .null_text = "null",
                                         .description = "a frame of ASCII characters",
                                         .begin = plain_begin,
                                         .row = table_row,
                                         .end = table_end};
const struct render_type render_markdown = {.name = "markdown",
                                            .null_text = "null",
                                            .description = "a Markdown table",
                                            .begin = markdown_begin,
                                            .row = table_row,
                                            .end = table_end};
