/* Scripts through the two shells, `ssql < file` against `sqlite3 < file`, and their cold start. The text is the same for
 * both and is made once a round; the table is there before. What is measured is the whole process. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "shell_program.h"
#include "suite.h"

enum { SCRIPT_ROWS_MOST = 500000, AUTOCOMMIT_ROWS_MOST = 50000, STARTS = 30 };

struct script {
    const char *name;
    uint64_t rows_most, statement_rows;
    bool transactions; /* of BATCH rows; otherwise each statement commits */
    enum durability durability;
};

static const struct script scripts[] = {
    {"script_transactions", SCRIPT_ROWS_MOST, 1, true, DURABILITY_LAZY},
    {"script_multi_row", SCRIPT_ROWS_MOST, BATCH, false, DURABILITY_LAZY},
    {"script_autocommit", AUTOCOMMIT_ROWS_MOST, 1, false, DURABILITY_FULL},
};
enum { SCRIPTS = sizeof scripts / sizeof scripts[0] };

static void script_path(const struct job *job, const struct script *script, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%s.sql", job->shared, script->name);
}

static void print_row(FILE *file, const struct event *event)
{
    fprintf(file, "(%lld, '%s', '%s', ", (long long)event->id, event->user, kind_names[event->kind]);
    if (event->amount_is_null)
        fputs("null", file);
    else
        fprintf(file, "%lld", (long long)event->amount);
    fputs(event->ok ? ", true)" : ", false)", file);
}

static void print_script(FILE *file, const struct job *job, const void *what)
{
    const struct script *script = what;
    uint64_t count = at_most(job->rows, script->rows_most);
    struct event event;

    for (uint64_t i = 0; i < count; i++) {
        if (script->transactions && i % BATCH == 0)
            fputs("begin;\n", file);
        fputs(i % script->statement_rows == 0 ? "insert into events values " : ", ", file);
        generate(job->data, i, &event);
        print_row(file, &event);
        if (i % script->statement_rows == script->statement_rows - 1 || i + 1 == count)
            fputs(";\n", file);
        if (script->transactions && (i % BATCH == BATCH - 1 || i + 1 == count))
            fputs("commit;\n", file);
    }
}

bool suite_shell_prepare(const struct job *job)
{
    for (size_t i = 0; i < SCRIPTS; i++) {
        char path[PATH_SIZE];
        script_path(job, &scripts[i], path);
        if (!shell_write_file(job, path, &scripts[i], print_script))
            return false;
    }
    return true;
}

static void fill_for_ssql(const struct job *job, const void *what, struct command *command)
{
    bool full = job->settings.durability == DURABILITY_FULL;
    char *arguments[] = {(char *)(uintptr_t)job->ssql_shell,        "--set",           command->settings, "--set",
                         full ? "sync=full" : "sync=normal", command->database, NULL};

    (void)what;
    memcpy(command->arguments, arguments, sizeof arguments);
}

static void fill_for_sqlite(const struct job *job, const void *what, struct command *command)
{
    char *arguments[] = {(char *)(uintptr_t)job->sqlite_shell, "-bail", "-cmd", command->settings, command->database, NULL};

    (void)what;
    memcpy(command->arguments, arguments, sizeof arguments);
}

static bool measure_script(const struct job *job, const struct script *script)
{
    char path[PATH_SIZE];

    script_path(job, script, path);
    return shell_measure(job, script->name, at_most(job->rows, script->rows_most), script->durability, script,
                         job->engine == &engine_ssql ? fill_for_ssql : fill_for_sqlite, path);
}

static int compare_costs(const void *left, const void *right)
{
    double a = ((const struct usage *)left)->wall_s, b = ((const struct usage *)right)->wall_s;

    return (a > b) - (a < b);
}

/* The median of some starts that each run one statement. */
static bool measure_start(const struct job *job)
{
    char *ssql[] = {(char *)(uintptr_t)job->ssql_shell, "-c", "select 1", NULL};
    char *sqlite[] = {(char *)(uintptr_t)job->sqlite_shell, ":memory:", "select 1", NULL};
    struct usage costs[STARTS];

    for (int i = 0; i < STARTS; i++)
        if (!program_run(job->engine == &engine_ssql ? ssql : sqlite, "/dev/null", &costs[i]))
            return false;
    qsort(costs, STARTS, sizeof costs[0], compare_costs);
    report_cost(job, "cold_start", 1, costs[STARTS / 2], (struct answer){0, 0}, "");
    return true;
}

bool suite_shell(const struct job *job)
{
    if (job->engine != &engine_ssql && job->engine != &engine_sqlite)
        return true;
    for (size_t i = 0; i < SCRIPTS; i++)
        if (!measure_script(job, &scripts[i]))
            return false;
    return measure_start(job);
}
