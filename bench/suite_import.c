/* A file of CSV into both shells: `ssql import` against the `.import` of `sqlite3`, into a table that is there. In the
 * order of the keys, and in another. What is measured is the whole process. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "measure.h"
#include "suite.h"

enum { PATH_SIZE = 4200, ARGUMENTS = 16, SEED = 11 };

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
static void print_rows(FILE *out, const struct job *job, const struct file *file)
{
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
        FILE *out = fopen(path, "w");
        if (out != NULL)
            print_rows(out, job, &files[i]);
        bool failed = out == NULL || ferror(out) != 0;
        if ((out != NULL && fclose(out) != 0) || failed) {
            fprintf(stderr, "ssql-bench: %s: %s\n", path, strerror(errno));
            return false;
        }
    }
    return true;
}

struct command {
    char database[PATH_SIZE], pragmas[256], import[PATH_SIZE];
    char *arguments[ARGUMENTS];
};

static void command_for_ssql(const struct job *job, const char *path, struct command *command)
{
    char *arguments[] = {
        (char *)(uintptr_t)job->ssql_shell, "import", "-q", command->database, "events", command->import, NULL};

    snprintf(command->database, sizeof command->database, "%s/events.ssql", job->settings.directory);
    snprintf(command->import, sizeof command->import, "%s", path);
    memcpy(command->arguments, arguments, sizeof arguments);
}

static void command_for_sqlite(const struct job *job, const char *path, struct command *command)
{
    char *arguments[] = {(char *)(uintptr_t)job->sqlite_shell,
                         "-bail",
                         "-cmd",
                         command->pragmas,
                         "-cmd",
                         ".mode csv",
                         command->database,
                         command->import,
                         NULL};

    snprintf(command->database, sizeof command->database, "%s/events.sqlite", job->settings.directory);
    snprintf(command->import, sizeof command->import, ".import --skip 1 '%.4096s' events", path);
    snprintf(command->pragmas, sizeof command->pragmas,
             "pragma journal_mode=wal; pragma synchronous=full; pragma cache_size=-%zu; pragma mmap_size=1073741824",
             job->settings.memory_bytes / 1024);
    memcpy(command->arguments, arguments, sizeof arguments);
}

/* Opens and closes the database: the table is there then. With an answer, asks for it too. */
static bool visit_database(const struct job *job, struct answer *answer)
{
    struct database *database;
    struct session *session;

    return open_both(job, &database, &session) && (answer == NULL || job->engine->group_kind(session, answer)) &&
           close_both(job, database, session);
}

static bool measure_import(const struct job *job, const struct file *file)
{
    struct job own = *job;
    struct command command;
    struct answer answer = {0, 0};
    struct usage cost;
    char directory[PATH_SIZE], path[PATH_SIZE];

    snprintf(directory, sizeof directory, "%s/%s", job->settings.directory, file->name);
    own.settings.directory = directory;
    own.settings.durability = DURABILITY_FULL;
    if (!directory_make(directory) || !visit_database(&own, NULL))
        return false;
    file_path(job, file, path);
    (job->engine == &engine_ssql ? command_for_ssql : command_for_sqlite)(&own, path, &command);
    if (!program_run(command.arguments, "/dev/null", &cost) || !visit_database(&own, &answer))
        return false;
    report_cost(job, file->name, job->rows, cost, answer, "");
    return true;
}

bool suite_import(const struct job *job)
{
    if (job->engine != &engine_ssql && job->engine != &engine_sqlite)
        return true;
    for (size_t i = 0; i < FILES; i++)
        if (!measure_import(job, &files[i]))
            return false;
    return true;
}
