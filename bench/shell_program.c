#include "shell_program.h"

#include <errno.h>
#include <string.h>

#include "measure.h"

bool shell_write_file(const struct job *job, const char *path, const void *what,
                      void (*print)(FILE *file, const struct job *job, const void *what))
{
    FILE *file = fopen(path, "w");

    if (file != NULL)
        print(file, job, what);
    bool failed = file == NULL || ferror(file) != 0;
    if ((file == NULL || fclose(file) == 0) && !failed)
        return true;
    fprintf(stderr, "ssql-bench: %s: %s\n", path, strerror(errno));
    return false;
}

static void set_database(const struct job *job, struct command *command)
{
    bool is_ssql = job->engine == &engine_ssql;

    snprintf(command->database, sizeof command->database, "%s/events.%s", job->settings.directory,
             is_ssql ? "ssql" : "sqlite");
    if (is_ssql)
        snprintf(command->settings, sizeof command->settings, "memory_limit=%zu", job->settings.memory_bytes);
    else
        snprintf(command->settings, sizeof command->settings,
                 "pragma journal_mode=wal; pragma synchronous=%s; pragma cache_size=-%zu; pragma mmap_size=1073741824",
                 job->settings.durability == DURABILITY_FULL ? "full" : "normal", job->settings.memory_bytes / 1024);
}

/* Opens and closes the database: the table is there then. With an answer, asks for it too. */
static bool visit_database(const struct job *job, struct answer *answer)
{
    struct database *database;
    struct session *session;

    return open_both(job, &database, &session) && (answer == NULL || job->engine->group_kind(session, answer)) &&
           close_both(job, database, session);
}

bool shell_measure(const struct job *job, const char *name, uint64_t rows, enum durability durability, const void *what,
                   void (*fill)(const struct job *job, const void *what, struct command *command), const char *input)
{
    struct job own = *job;
    struct command command;
    struct answer answer = {0, 0};
    struct usage cost;
    char directory[PATH_SIZE];

    snprintf(directory, sizeof directory, "%s/%s", job->settings.directory, name);
    own.settings.directory = directory;
    own.settings.durability = durability;
    if (!directory_make(directory) || !visit_database(&own, NULL))
        return false;
    set_database(&own, &command);
    fill(&own, what, &command);
    if (!program_run(command.arguments, input, &cost) || !visit_database(&own, &answer))
        return false;
    report_cost(job, name, rows, cost, answer, "");
    return true;
}
