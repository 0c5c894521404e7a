/* The benchmark: engines in turn, round after round, each suite in a process and a directory of its own.
 * One JSON line per measurement goes to standard output; bench/table turns the lines into medians and ratios. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"
#include "workload.h"

static const struct engine *const engines[] = {
    &engine_ssql, &engine_sqlite,
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
    "                  [--memory MIB] [--large-wal] [--directory DIR]\n";

static bool is_listed(const char *list, const char *name)
{
    size_t size = strlen(name);

    if (list == NULL)
        return true;
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
    if (mkdir(job->settings.directory, 0777) != 0) {
        fprintf(stderr, "ssql-bench: %s: %s\n", job->settings.directory, strerror(errno));
        return false;
    }
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

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"rows", required_argument, NULL, 'n'},    {"rounds", required_argument, NULL, 'r'},
        {"suites", required_argument, NULL, 's'},  {"engines", required_argument, NULL, 'e'},
        {"data", required_argument, NULL, 'd'},    {"memory", required_argument, NULL, 'm'},
        {"large-wal", no_argument, NULL, 'w'},     {"directory", required_argument, NULL, 'D'},
        {NULL, 0, NULL, 0},
    };
    struct job job = {.rows = 2000000, .settings = {.memory_bytes = (size_t)256 << 20, .threads = 1}};
    const char *chosen_suites = NULL, *chosen_engines = NULL, *parent = "/tmp";
    char directory[4096];
    int rounds = 5, option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'n': job.rows = strtoull(optarg, NULL, 10); break;
        case 'r': rounds = atoi(optarg); break;
        case 's': chosen_suites = optarg; break;
        case 'e': chosen_engines = optarg; break;
        case 'd': job.data = strcmp(optarg, "unfriendly") == 0 ? DATA_UNFRIENDLY : DATA_FRIENDLY; break;
        case 'm': job.settings.memory_bytes = (size_t)strtoull(optarg, NULL, 10) << 20; break;
        case 'w': job.settings.large_wal = true; break;
        case 'D': parent = optarg; break;
        default: fputs(usage, stderr); return 2;
        }
    }
    if (job.rows < 1000 || optind < argc) {
        fputs(usage, stderr);
        return 2;
    }
    snprintf(directory, sizeof directory, "%s/ssql-bench.%d", parent, (int)getpid());
    job.settings.directory = directory;
    bool done = true;
    for (job.round = 1; job.round <= rounds; job.round++)
        for (size_t s = 0; s < suite_count; s++)
            for (size_t e = 0; e < sizeof engines / sizeof engines[0]; e++) {
                job.engine = engines[e];
                if (is_listed(chosen_suites, suites[s].name) && is_listed(chosen_engines, engines[e]->name))
                    done = run_apart(&suites[s], &job) && done;
            }
    return done ? 0 : 1;
}
