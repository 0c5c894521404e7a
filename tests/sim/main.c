/* sim [--seed N] [--seconds N] [--verbose] [--plant NAME] [--self-test]
 * Without --seed it runs seed after seed, from 1 or from --first N on, for the given time (default 5 seconds). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "simulation.h"

/* A planted bug is found within 10 seconds; sanitizers make every step several times slower. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { PLANT_SECONDS = 100 };
#else
enum { PLANT_SECONDS = 10 };
#endif

struct arguments {
    uint64_t seed, first;
    double seconds;
    bool has_seed, is_verbose, is_self_test;
};

static double cpu_of(int whose)
{
    struct rusage usage;

    if (getrusage(whose, &usage) != 0)
        return 0;
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Seconds of the processor, this process's and its ended children's: a busy machine finds no less. */
static double now_seconds(void)
{
    return cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN);
}

/* Each seed runs in a process of its own: it begins with the same memory whether it comes first or last, which
 * memtables notice by where their nodes fall into cache lines, and an assertion that fails is reported with its seed.
 */
static void run_seed(struct simulation *simulation, uint64_t seed, bool is_verbose)
{
    int status = 0;

    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        simulation_run(simulation, seed, is_verbose);
        exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("sim");
        exit(2);
    }
    if (WIFSIGNALED(status))
        fprintf(stderr, "seed %llu: signal %d\nrepeat it: sim --seed %llu\n", (unsigned long long)seed,
                WTERMSIG(status), (unsigned long long)seed);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        exit(1);
}

static void run_for(const struct arguments *arguments)
{
    /* Shared with the processes of the seeds, for its counters. */
    struct simulation *simulation =
        mmap(NULL, sizeof *simulation, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    double begin = now_seconds(), took;
    uint64_t seed = arguments->has_seed ? arguments->seed : arguments->first, runs = 0;

    if (simulation == MAP_FAILED) {
        perror("sim");
        exit(2);
    }
    do {
        run_seed(simulation, seed++, arguments->is_verbose);
        runs++;
        took = now_seconds() - begin;
    } while (!arguments->has_seed && took < arguments->seconds);
    printf(
        "simulator: %llu runs, %llu crashes (%.0f a second of one core), %llu commits, %llu conflicts, %llu bulk "
        "writes, %llu fault plans, %llu reopenings, %llu backups, %llu readers, %llu switches between threads, %.1f s: "
        "all states right\n",
        (unsigned long long)runs, (unsigned long long)simulation->crash_count, (double)simulation->crash_count / took,
        (unsigned long long)simulation->commit_count, (unsigned long long)simulation->conflict_count,
        (unsigned long long)simulation->spill_count, (unsigned long long)simulation->fault_count,
        (unsigned long long)simulation->reopen_count, (unsigned long long)simulation->backup_count,
        (unsigned long long)simulation->reader_count, (unsigned long long)simulation->switch_count, took);
    munmap(simulation, sizeof *simulation);
}

/* Runs with one bug in a process of its own; whether it was found. */
static bool finds_plant(const char *name)
{
    double begin = now_seconds();
    int status = 0;

    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        const struct arguments arguments = {.first = 1, .seconds = PLANT_SECONDS};
        if (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL ||
            !plant_switch_on(name))
            _exit(0);
        run_for(&arguments);
        exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    bool is_found = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    printf("planted %-22s %s after %.2f s\n", name, is_found ? "found" : "NOT FOUND", now_seconds() - begin);
    return is_found;
}

static int self_test(void)
{
    int missed = 0;

    for (size_t i = 0; plant_names[i] != NULL; i++)
        missed += !finds_plant(plant_names[i]);
    return missed == 0 ? 0 : 1;
}

static int usage(void)
{
    fputs("usage: sim [--seed N | --first N] [--seconds N] [--verbose] [--plant NAME] [--self-test]\n", stderr);
    return 2;
}

static bool parse(int count, char **words, struct arguments *arguments)
{
    for (int i = 1; i < count; i++) {
        const char *value = i + 1 < count ? words[i + 1] : NULL;
        if (strcmp(words[i], "--verbose") == 0) {
            arguments->is_verbose = true;
            continue;
        }
        if (strcmp(words[i], "--self-test") == 0) {
            arguments->is_self_test = true;
            continue;
        }
        if (value == NULL)
            return false;
        if (strcmp(words[i], "--seed") == 0) {
            arguments->has_seed = true;
            arguments->seed = strtoull(value, NULL, 10);
        } else if (strcmp(words[i], "--first") == 0) {
            arguments->first = strtoull(value, NULL, 10);
        } else if (strcmp(words[i], "--seconds") == 0) {
            arguments->seconds = strtod(value, NULL);
        } else if (strcmp(words[i], "--plant") != 0 || !plant_switch_on(value)) {
            return false;
        }
        i++;
    }
    return true;
}

int main(int argument_count, char **argument_words)
{
    struct arguments arguments = {.first = 1, .seconds = 5};

    if (!parse(argument_count, argument_words, &arguments))
        return usage();
    if (arguments.is_self_test)
        return self_test();
    run_for(&arguments);
    return 0;
}
