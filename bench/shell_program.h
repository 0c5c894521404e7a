/* shell_program.h - the engines' own shells, measured as whole processes: files that are made for them, their command
 * lines with the settings that the engines' adaptors have too, and what a run takes. */
#ifndef BENCH_SHELL_PROGRAM_H
#define BENCH_SHELL_PROGRAM_H

#include <stdio.h>

#include "workload.h"

enum { PATH_SIZE = 4200, ARGUMENTS = 16 };

struct command {
    char database[PATH_SIZE];
    char settings[256];   /* ssql: memory_limit=…; sqlite: pragmas */
    char task[PATH_SIZE]; /* the suite's own */
    char *arguments[ARGUMENTS];
};

/* Makes a file by what `print` prints. False after printing why not. */
bool shell_write_file(const struct job *job, const char *path, const void *what,
                      void (*print)(FILE *file, const struct job *job, const void *what));

/* Runs the engine's shell on a database of its own in which the table is there, and reports what that took. `fill` sets
 * the arguments (database and settings are set); `input` is a file for standard input. */
bool shell_measure(const struct job *job, const char *name, uint64_t rows, enum durability durability, const void *what,
                   void (*fill)(const struct job *job, const void *what, struct command *command), const char *input);

#endif
