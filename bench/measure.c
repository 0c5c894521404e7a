#include "measure.h"

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* What the process gave to write calls, 0 where the system does not tell. */
static uint64_t written_bytes(const char *process)
{
    char path[64], line[128];
    uint64_t bytes = 0;

    snprintf(path, sizeof path, "/proc/%s/io", process);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "wchar: %" SCNu64, &bytes) == 1)
            break;
    fclose(file);
    return bytes;
}

double clock_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct usage usage_now(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (struct usage){clock_seconds(), seconds(usage.ru_utime) + seconds(usage.ru_stime), written_bytes("self"),
                          peak_memory_bytes()};
}

struct usage usage_since(struct usage from)
{
    struct usage now = usage_now();

    now.wall_s -= from.wall_s;
    now.cpu_s -= from.cpu_s;
    now.written_bytes -= from.written_bytes;
    return now;
}

static uint64_t total_bytes;

static int add_size(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)path;
    (void)walk;
    if (kind == FTW_F)
        total_bytes += (uint64_t)status->st_size;
    return 0;
}

uint64_t directory_bytes(const char *path)
{
    total_bytes = 0;
    nftw(path, add_size, 16, FTW_PHYS);
    return total_bytes;
}

bool directory_make(const char *path)
{
    if (mkdir(path, 0777) == 0)
        return true;
    fprintf(stderr, "ssql-bench: %s: %s\n", path, strerror(errno));
    return false;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void directory_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

uint64_t peak_memory_bytes(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss * 1024;
}

bool program_run(char *const arguments[], const char *input, struct usage *usage)
{
    siginfo_t ended;
    struct rusage resources;
    char process[16];
    int status;

    usage->wall_s = clock_seconds();
    pid_t child = fork();
    if (child == 0) {
        if (freopen(input, "r", stdin) == NULL || freopen("/dev/null", "w", stdout) == NULL)
            _exit(127);
        execvp(arguments[0], arguments);
        _exit(127);
    }
    if (child < 0 || waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT) != 0)
        return false;
    usage->wall_s = clock_seconds() - usage->wall_s;
    snprintf(process, sizeof process, "%d", (int)child);
    usage->written_bytes = written_bytes(process); /* before the last trace of the process is gone */
    if (wait4(child, &status, 0, &resources) != child)
        return false;
    usage->cpu_s = seconds(resources.ru_utime) + seconds(resources.ru_stime);
    usage->peak_memory_bytes = (uint64_t)resources.ru_maxrss * 1024;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    fprintf(stderr, "ssql-bench: %s failed\n", arguments[0]);
    return false;
}

void report_cost(const struct job *job, const char *workload, uint64_t operations, struct usage cost,
                 struct answer answer, const char *extra)
{
    printf("{\"workload\":\"%s\",\"engine\":\"%s\",\"round\":%d,\"operations\":%" PRIu64
           ",\"seconds\":%.6f,\"per_second\":%.1f,\"cpu_seconds\":%.4f,\"written_bytes\":%" PRIu64
           ",\"peak_memory_bytes\":%" PRIu64 ",\"rows\":%" PRIu64 ",\"sum\":%" PRId64 "%s}\n",
           workload, job->engine->name, job->round, operations, cost.wall_s,
           cost.wall_s > 0 ? (double)operations / cost.wall_s : 0, cost.cpu_s, cost.written_bytes,
           cost.peak_memory_bytes, answer.rows, answer.sum, extra);
    fflush(stdout);
}

void report(const struct job *job, const char *workload, uint64_t operations, struct usage from, struct answer answer,
            const char *extra)
{
    report_cost(job, workload, operations, usage_since(from), answer, extra);
}
