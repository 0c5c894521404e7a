#include "shell/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const double SHOWN_AFTER_SECONDS = 1, SHOWN_EVERY_SECONDS = 0.2;

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

bool progress_is_possible(void)
{
    const char *terminal = getenv("TERM");

    return isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

/* Columns of the terminal that a line may take: one that is wrapped could not be taken away again. */
static size_t room(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 ? SIZE_MAX : size.ws_col - 1u;
}

void progress_begin(struct progress_line *line)
{
    line->begin = line->is_on ? now() : 0;
    line->part_begin = line->begin;
    line->part[0] = '\0';
    line->last = 0;
    line->is_paused = false;
}

static void add_duration(struct text_buffer *to, double seconds)
{
    long whole = (long)(seconds + 0.5);

    if (whole >= 3600)
        text_format(to, "%ld h %ld min", whole / 3600, whole / 60 % 60);
    else if (whole >= 60)
        text_format(to, "%ld min %ld s", whole / 60, whole % 60);
    else
        text_format(to, "%ld s", whole);
}

/* What is left out of a line that has little room. */
enum detail { DETAIL_ALL, DETAIL_NO_RATE, DETAIL_NO_NUMBERS, DETAIL_COUNT };

struct progress_state {
    const char *what, *unit;
    int64_t done, total;
    double seconds;
};

static void describe(struct text_buffer *to, const struct progress_state *state, enum detail detail)
{
    double rate = state->seconds > 0 ? (double)state->done / state->seconds : 0;
    bool has_numbers = state->total == 0 || detail < DETAIL_NO_NUMBERS;

    text_add_string(to, state->what);
    if (state->done == 0) {
        text_add_string(to, ", ");
        add_duration(to, state->seconds);
        return;
    }
    if (has_numbers) {
        text_add_char(to, ' ');
        text_add_count(to, state->done);
    }
    if (has_numbers && state->total > 0) {
        text_add_string(to, " of ");
        text_add_count(to, state->total);
    }
    if (has_numbers)
        text_add_string(to, state->unit);
    if (state->total > 0)
        text_format(to, "%s %d %%", has_numbers ? "," : "",
                    state->done >= state->total ? 100 : (int)((double)state->done * 100 / (double)state->total));
    if (detail == DETAIL_ALL) {
        text_add_string(to, ", ");
        text_add_count(to, (int64_t)rate);
        text_format(to, "%s a second", state->unit);
    }
    if (state->total > state->done && rate > 0) {
        text_add_string(to, ", ");
        add_duration(to, (double)(state->total - state->done) / rate);
        text_add_string(to, " left");
    }
}

/* As much as there is room for; a line is cut when even the shortest has none. */
static void describe_within(struct text_buffer *to, const struct progress_state *state, size_t columns)
{
    for (int detail = DETAIL_ALL; detail < DETAIL_COUNT; detail++) {
        text_reset(to);
        describe(to, state, (enum detail)detail);
        if (to->size <= columns)
            return;
    }
    for (to->size = columns; to->size > 0 && strchr(", ", to->data[to->size - 1]) != NULL;)
        to->size--;
}

/* The rate of one part, such as sorting, has nothing to do with that of reading before it. */
static void begin_part(struct progress_line *line, const char *what, double time)
{
    if (strncmp(line->part, what, sizeof line->part - 1) == 0)
        return;
    if (line->part[0] != '\0')
        line->part_begin = time;
    snprintf(line->part, sizeof line->part, "%s", what);
}

void progress_show(struct progress_line *line, const char *what, int64_t done, int64_t total, const char *unit)
{
    double time = line->is_on ? now() : 0;
    struct text_buffer text = {0};

    if (line->is_on)
        begin_part(line, what, time);
    if (!line->is_on || line->is_paused || time - line->begin < SHOWN_AFTER_SECONDS ||
        time - line->last < SHOWN_EVERY_SECONDS)
        return;
    line->last = time;
    line->is_visible = true;
    const struct progress_state state = {what, unit, done, total, time - line->part_begin};
    describe_within(&text, &state, room());
    fprintf(stderr, "\r%.*s\033[K", (int)text.size, text_string(&text));
    fflush(stderr);
    text_clear(&text);
}

void progress_show_report(struct progress_line *line, const char *what, int64_t done, int64_t total)
{
    static const char *const in_bytes[] = {"loading", "examining", "backing up"};
    static const int64_t megabyte = 1000000;

    for (size_t i = 0; i < sizeof in_bytes / sizeof in_bytes[0]; i++)
        if (strcmp(what, in_bytes[i]) == 0) {
            progress_show(line, what, done / megabyte, total / megabyte, " MB");
            return;
        }
    progress_show(line, what, done, total, " rows");
}

void progress_hide(struct progress_line *line)
{
    if (!line->is_visible)
        return;
    line->is_visible = false;
    fputs("\r\033[K", stderr);
    fflush(stderr);
}
