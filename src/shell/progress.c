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

/* A line that is wrapped could not be taken away again. */
static size_t fitting(const struct text_buffer *text)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || text->size < size.ws_col)
        return text->size;
    return size.ws_col - 1u;
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

void progress_describe(struct text_buffer *to, const char *what, int64_t done, int64_t total, const char *unit,
                       double seconds)
{
    double rate = seconds > 0 ? (double)done / seconds : 0;

    if (done == 0) {
        text_format(to, "%s, ", what);
        add_duration(to, seconds);
        return;
    }
    text_format(to, "%s ", what);
    text_add_count(to, done);
    if (total > 0) {
        text_add_string(to, " of ");
        text_add_count(to, total);
    }
    text_add_string(to, unit);
    if (total > 0)
        text_format(to, ", %d %%", done >= total ? 100 : (int)((double)done * 100 / (double)total));
    text_add_string(to, ", ");
    text_add_count(to, (int64_t)rate);
    text_format(to, "%s a second", unit);
    if (total > done && rate > 0) {
        text_add_string(to, ", ");
        add_duration(to, (double)(total - done) / rate);
        text_add_string(to, " left");
    }
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
    progress_describe(&text, what, done, total, unit, time - line->part_begin);
    fprintf(stderr, "\r%.*s\033[K", (int)fitting(&text), text.data);
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
