/* The benchmark: engines in turn, round after round, each suite in a process and a directory of its own.
 * One JSON line per measurement goes to standard output; bench/table turns the lines into medians and ratios. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"
#include "suite.h"

static const struct engine *const engines[] = {
    &engine_ssql,    &engine_sqlite, &engine_sqlite_large_wal,
#ifdef WITH_ROCKSDB
    &engine_rocksdb,
#endif
#ifdef WITH_LEVELDB
    &engine_leveldb,
#endif
#ifdef WITH_LMDB
    &engine_lmdb,
#endif
};

static const char usage[] =
    "usage: ssql-bench [--rows N] [--rounds N] [--suites A,B] [--engines A,B] [--data friendly|unfriendly]\n"
    "                  [--memory MIB] [--large-rows N] [--directory DIR] [--ssql-shell PATH] [--sqlite-shell PATH]\n";

/* Without a list, all are chosen that need not be asked for by name. */
static bool is_chosen(const char *list, const char *name, bool by_request)
{
    size_t size = strlen(name);

    if (list == NULL)
        return !by_request;
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, size) == 0 && (at[size] == '\0' || at[size] == ','))
            return true;
    }
    return false;
}

static bool run_apart(const struct suite *suite, const struct job *job)
{
    int status;

    directory_remove(job->settings.directory);
    if (!directory_make(job->settings.directory))
        return false;
    pid_t child = fork();
    if (child == 0) {
        bool done = suite->run(job);
        fflush(NULL);
        _exit(done ? 0 : 1);
    }
    bool done = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    directory_remove(job->settings.directory);
    if (!done)
        fprintf(stderr, "ssql-bench: %s failed in suite %s\n", job->engine->name, suite->name);
    return done;
}

/* All chosen engines in turn, with what they share prepared before. */
static bool run_suite(const struct suite *suite, struct job *job, const char *chosen_engines)
{
    directory_remove(job->shared);
    bool is_prepared = directory_make(job->shared) && (suite->prepare == NULL || suite->prepare(job));
    bool done = is_prepared;

    for (size_t e = 0; is_prepared && e < sizeof engines / sizeof engines[0]; e++) {
        job->engine = engines[e];
        if (is_chosen(chosen_engines, engines[e]->name, engines[e]->by_request))
            done = run_apart(suite, job) && done;
    }
    directory_remove(job->shared);
    return done;
}

/* The shell that was built beside this program. */
static void find_own_shell(char *path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", path, size - 1);

    path[length < 0 ? 0 : length] = '\0';
    char *slash = strrchr(path, '/');
    snprintf(slash == NULL ? path : slash + 1, size - (slash == NULL ? 0 : (size_t)(slash + 1 - path)), "ssql");
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"rows", required_argument, NULL, 'n'},       {"rounds", required_argument, NULL, 'r'},
        {"suites", required_argument, NULL, 's'},     {"engines", required_argument, NULL, 'e'},
        {"data", required_argument, NULL, 'd'},       {"memory", required_argument, NULL, 'm'},
        {"large-rows", required_argument, NULL, 'l'}, {"directory", required_argument, NULL, 'D'},
        {"ssql-shell", required_argument, NULL, 'S'}, {"sqlite-shell", required_argument, NULL, 'Q'},
        {NULL, 0, NULL, 0},
    };
    char directory[4096], shared[4096], own_shell[4096];
    struct job job = {.rows = 2000000, .settings = {.directory = directory, .memory_bytes = (size_t)256 << 20},
                      .shared = shared, .ssql_shell = own_shell, .sqlite_shell = "sqlite3"};
    const char *chosen_suites = NULL, *chosen_engines = NULL, *parent = "/tmp";
    int rounds = 5, option;

    find_own_shell(own_shell, sizeof own_shell);
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'n': job.rows = strtoull(optarg, NULL, 10); break;
        case 'r': rounds = atoi(optarg); break;
        case 's': chosen_suites = optarg; break;
        case 'e': chosen_engines = optarg; break;
        case 'd': job.data = strcmp(optarg, "unfriendly") == 0 ? DATA_UNFRIENDLY : DATA_FRIENDLY; break;
        case 'm': job.settings.memory_bytes = (size_t)strtoull(optarg, NULL, 10) << 20; break;
        case 'l': job.large_rows = strtoull(optarg, NULL, 10); break;
        case 'D': parent = optarg; break;
        case 'S': job.ssql_shell = optarg; break;
        case 'Q': job.sqlite_shell = optarg; break;
        default: fputs(usage, stderr); return 2;
        }
    }
    if (job.rows < 1000 || job.settings.memory_bytes == 0 || optind < argc) {
        fputs(usage, stderr);
        return 2;
    }
    snprintf(directory, sizeof directory, "%s/ssql-bench.%d", parent, (int)getpid());
    snprintf(shared, sizeof shared, "%s/ssql-bench.%d.shared", parent, (int)getpid());
    bool done = true;
    for (job.round = 1; job.round <= rounds; job.round++)
        for (size_t s = 0; s < suite_count; s++)
            if (is_chosen(chosen_suites, suites[s].name, suites[s].by_request))
                done = run_suite(&suites[s], &job, chosen_engines) && done;
    return done ? 0 : 1;
}
