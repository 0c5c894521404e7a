/* A file of CSV into both shells: `ssql import` against the `.import` of `sqlite3`, into a table that is there. In the
 * order of the keys, and in another. What is measured is the whole process. */
#include <stdio.h>
#include <string.h>

#include "shell_program.h"
#include "suite.h"

enum { SEED = 11 };

static const struct file {
    const char *name;
    bool is_shuffled;
} files[] = {{"import_csv", false}, {"import_csv_shuffled", true}};
enum { FILES = sizeof files / sizeof files[0] };

static void file_path(const struct job *job, const struct file *file, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%s.csv", job->shared, file->name);
}

/* Bools are digits, which both take. */
static void print_rows(FILE *out, const struct job *job, const void *what)
{
    const struct file *file = what;
    struct permutation order;
    struct event event;

    permutation_init(&order, job->rows, SEED);
    fputs("id,user,kind,amount,ok\n", out);
    for (uint64_t i = 0; i < job->rows; i++) {
        generate(job->data, file->is_shuffled ? permutation_at(&order, i) : i, &event);
        fprintf(out, "%lld,%s,%s,", (long long)event.id, event.user, kind_names[event.kind]);
        if (!event.amount_is_null)
            fprintf(out, "%lld", (long long)event.amount);
        fputs(event.ok ? ",1\n" : ",0\n", out);
    }
}

bool suite_import_prepare(const struct job *job)
{
    for (size_t i = 0; i < FILES; i++) {
        char path[PATH_SIZE];
        file_path(job, &files[i], path);
        if (!shell_write_file(job, path, &files[i], print_rows))
            return false;
    }
    return true;
}

static void fill_for_ssql(const struct job *job, const void *what, struct command *command)
{
    char *arguments[] = {
        (char *)(uintptr_t)job->ssql_shell, "import", "-q", command->database, "events", command->task, NULL};

    file_path(job, what, command->task);
    memcpy(command->arguments, arguments, sizeof arguments);
}

static void fill_for_sqlite(const struct job *job, const void *what, struct command *command)
{
    char path[PATH_SIZE];
    char *arguments[] = {(char *)(uintptr_t)job->sqlite_shell,
                         "-bail",
                         "-cmd",
                         command->settings,
                         "-cmd",
                         ".mode csv",
                         command->database,
                         command->task,
                         NULL};

    file_path(job, what, path);
    snprintf(command->task, sizeof command->task, ".import --skip 1 '%.4096s' events", path);
    memcpy(command->arguments, arguments, sizeof arguments);
}

bool suite_import(const struct job *job)
{
    if (job->engine != &engine_ssql && job->engine != &engine_sqlite)
        return true;
    for (size_t i = 0; i < FILES; i++)
        if (!shell_measure(job, files[i].name, job->rows, DURABILITY_FULL, &files[i],
                           job->engine == &engine_ssql ? fill_for_ssql : fill_for_sqlite, "/dev/null"))
            return false;
    return true;
}
