/* measure.h - what a statement cost: time, rows, and what the database counted meanwhile (.timer, .stats). */
#ifndef SHELL_MEASURE_H
#define SHELL_MEASURE_H

#include <ssql.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <time.h>

#include "shell/text_buffer.h"

enum { MEASURED_MOST = 64 }; /* numbers of the database */

struct measure {
    struct timespec begin;
    struct rusage usage;
    double wall, user, system; /* seconds, once it is stopped */
    int64_t numbers[MEASURED_MOST];
};

void measure_start(struct measure *measure, ssql_db *db);

/* The time that passes from here on, such as that of somebody who looks at the result, does not count. */
void measure_stop(struct measure *measure);

/* Once it is stopped. Adds a line: wall time, processor time, rows and rows a second, bytes read. */
void measure_add_times(struct text_buffer *to, const struct measure *measure, ssql_db *db, int64_t row_count);

/* Adds a line for each number of the database that the statement changed; with `measure` NULL, for each as it is. */
void measure_add_numbers(struct text_buffer *to, const struct measure *measure, ssql_db *db);

#endif
