#include "shell/measure.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* Less than the clock tells apart; a time of 0 has a rate, too. */
static const double SHORTEST_SECONDS = 1e-9;

static void read_numbers(ssql_db *db, int64_t *numbers)
{
    for (int i = 0; ssql_stat_name(i) != NULL; i++) {
        assert(i < MEASURED_MOST);
        ssql_stat(db, ssql_stat_name(i), &numbers[i]);
    }
}

void measure_start(struct measure *measure, ssql_db *db)
{
    memset(measure, 0, sizeof *measure);
    read_numbers(db, measure->numbers);
    getrusage(RUSAGE_SELF, &measure->usage);
    clock_gettime(CLOCK_MONOTONIC, &measure->begin);
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* How much a number that the database has has grown. */
static int64_t growth(const struct measure *measure, ssql_db *db, const char *name)
{
    int64_t now = 0;
    int i = 0;

    while (strcmp(ssql_stat_name(i), name) != 0)
        i++;
    ssql_stat(db, name, &now);
    return now - measure->numbers[i];
}

void measure_stop(struct measure *measure)
{
    struct timespec now;
    struct rusage usage;

    clock_gettime(CLOCK_MONOTONIC, &now);
    getrusage(RUSAGE_SELF, &usage);
    measure->wall = (double)(now.tv_sec - measure->begin.tv_sec) + (double)(now.tv_nsec - measure->begin.tv_nsec) / 1e9;
    measure->user = seconds_of(usage.ru_utime) - seconds_of(measure->usage.ru_utime);
    measure->system = seconds_of(usage.ru_stime) - seconds_of(measure->usage.ru_stime);
}

void measure_add_times(struct text_buffer *to, const struct measure *measure, ssql_db *db, int64_t row_count)
{
    text_format(to, "time: %.6f s, user %.6f s, system %.6f s; ", measure->wall, measure->user, measure->system);
    text_add_count(to, row_count);
    text_add_string(to, row_count == 1 ? " row" : " rows");
    if (row_count > 0) {
        text_add_string(to, ", ");
        text_add_count(to, (int64_t)((double)row_count / (measure->wall + SHORTEST_SECONDS)));
        text_add_string(to, " a second");
    }
    text_add_string(to, "; ");
    text_add_count(to, growth(measure, db, "bytes_read"));
    text_add_string(to, " bytes read\n");
}

void measure_add_numbers(struct text_buffer *to, const struct measure *measure, ssql_db *db)
{
    static const struct measure nothing = {.numbers = {0}};
    int64_t numbers[MEASURED_MOST] = {0};

    read_numbers(db, numbers);
    for (int i = 0; ssql_stat_name(i) != NULL; i++) {
        int64_t before = (measure == NULL ? &nothing : measure)->numbers[i];
        if (measure != NULL && numbers[i] == before)
            continue;
        text_format(to, "%-20s ", ssql_stat_name(i));
        if (measure != NULL && numbers[i] > before)
            text_add_char(to, '+');
        text_add_count(to, numbers[i] - before);
        text_add_char(to, '\n');
    }
}
