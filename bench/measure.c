#include "measure.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static uint64_t written_bytes(void)
{
    FILE *file = fopen("/proc/self/io", "r");
    char line[128];
    uint64_t bytes = 0;

    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "wchar: %" SCNu64, &bytes) == 1)
            break;
    fclose(file);
    return bytes;
}

struct usage usage_now(void)
{
    struct rusage usage;
    struct timespec now;

    getrusage(RUSAGE_SELF, &usage);
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct usage){(double)now.tv_sec + (double)now.tv_nsec / 1e9,
                          seconds(usage.ru_utime) + seconds(usage.ru_stime), written_bytes()};
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

void report(const char *workload, const char *engine, int round, uint64_t operations, struct usage from,
            struct answer answer, const char *extra)
{
    struct usage to = usage_now();
    double wall = to.wall_s - from.wall_s;

    printf("{\"workload\":\"%s\",\"engine\":\"%s\",\"round\":%d,\"operations\":%" PRIu64
           ",\"seconds\":%.6f,\"per_second\":%.1f,\"cpu_seconds\":%.4f,\"written_bytes\":%" PRIu64
           ",\"peak_memory_bytes\":%" PRIu64 ",\"rows\":%" PRIu64 ",\"sum\":%" PRId64 "%s}\n",
           workload, engine, round, operations, wall, (double)operations / wall, to.cpu_s - from.cpu_s,
           to.written_bytes - from.written_bytes, peak_memory_bytes(), answer.rows, answer.sum, extra);
    fflush(stdout);
}
