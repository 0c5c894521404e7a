#include "shell/test_schedule.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shell/interrupt.h"

/* One file on its way, in a process of its own. */
struct test_job {
    pid_t process; /* 0: the place is free */
    const char *path;
    char *directory;
    int output; /* read end: counts, then the report */
    struct text_buffer text;
    struct timespec deadline;
    bool timed_out;
};

struct running {
    const struct test_schedule *schedule;
    struct test_outcome *outcome;
    struct test_job jobs[JOBS_MOST];
};

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static char *make_directory(void)
{
    const char *parent = getenv("TMPDIR");
    struct text_buffer path = {0};

    text_format(&path, "%s/ssql-test-XXXXXX", parent != NULL && *parent != '\0' ? parent : "/tmp");
    if (mkdtemp(path.data) == NULL) {
        fprintf(stderr, "ssql test: %s: %s\n", path.data, strerror(errno));
        text_clear(&path);
    }
    return path.data;
}

/* The child: runs the file, writes its counts and its report to the pipe. */
static _Noreturn void run_in_child(const struct test_schedule *schedule, const struct test_job *job, int to)
{
    struct test_options options = schedule->options;
    struct test_counts counts = {0};
    struct text_buffer report = {0};

    signal(SIGINT, SIG_DFL);
    options.directory = job->directory;
    bool done = test_run_file(job->path, &options, &counts, &report);
    FILE *file = fdopen(to, "wb");
    if (file == NULL)
        _exit(2);
    fprintf(file, "%u %u %u\n%s", counts.passed, counts.failed, counts.skipped, text_string(&report));
    if (fclose(file) != 0)
        _exit(2);
    text_clear(&report);
    exit(!done ? 2 : counts.failed > 0 ? 1 : 0); /* not _exit: a leak checker looks now */
}

static bool start(const struct running *running, struct test_job *job, const char *path)
{
    int ends[2];

    *job = (struct test_job){.path = path, .directory = make_directory()};
    if (job->directory == NULL)
        return false;
    if (pipe2(ends, O_CLOEXEC) != 0 || (fflush(NULL), job->process = fork()) < 0) {
        fprintf(stderr, "ssql test: %s\n", strerror(errno));
        rmdir(job->directory);
        free(job->directory);
        job->process = 0;
        return false;
    }
    if (job->process == 0) {
        close(ends[0]);
        run_in_child(running->schedule, job, ends[1]);
    }
    close(ends[1]);
    job->output = ends[0];
    clock_gettime(CLOCK_MONOTONIC, &job->deadline);
    job->deadline.tv_sec += running->schedule->timeout_s;
    return true;
}

/* Adds up the counts of a finished file and prints its report. */
static void finish(struct running *running, struct test_job *job)
{
    struct test_counts counts = {0};
    int status = 0, read_size = 0;
    pid_t reaped;

    while ((reaped = waitpid(job->process, &status, 0)) < 0 && errno == EINTR)
        ;
    close(job->output);
    const char *text = text_string(&job->text);
    bool counted = sscanf(text, "%u %u %u\n%n", &counts.passed, &counts.failed, &counts.skipped, &read_size) == 3;
    if (reaped == job->process && WIFSIGNALED(status)) {
        if (running->outcome->is_interrupted)
            printf("interrupted %s\n", job->path);
        else if (job->timed_out)
            printf("FAILED %s: no end after %u s\n", job->path, running->schedule->timeout_s);
        else
            printf("FAILED %s: killed by signal %d (%s)\n", job->path, WTERMSIG(status), strsignal(WTERMSIG(status)));
        counts = (struct test_counts){.failed = 1};
    } else if (WEXITSTATUS(status) > 1 && WEXITSTATUS(status) != 2) {
        printf("FAILED %s: ended with status %d\n", job->path, WEXITSTATUS(status)); /* a sanitizer found something */
        counts.failed += counts.failed == 0;
    } else if (!counted || WEXITSTATUS(status) == 2) {
        running->outcome->could_not_run = true;
        counts.failed += counts.failed == 0;
    }
    fputs(counted ? text + read_size : "", stdout);
    running->outcome->total.passed += counts.passed;
    running->outcome->total.failed += counts.failed;
    running->outcome->total.skipped += counts.skipped;
    if (running->schedule->keep && counts.failed > 0)
        printf("kept: %s\n", job->directory);
    else
        nftw(job->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(job->directory);
    text_clear(&job->text);
    job->process = 0;
}

static int milliseconds_left(const struct test_job *job)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    long left = (job->deadline.tv_sec - now.tv_sec) * 1000 + (job->deadline.tv_nsec - now.tv_nsec) / 1000000;
    return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

/* Waits until some job says something, ends, or is out of time; takes it in. */
static void wait_for_one(struct running *running)
{
    struct pollfd polls[JOBS_MOST];
    struct test_job *jobs[JOBS_MOST];
    nfds_t count = 0;
    int wait_ms = 60000;

    for (unsigned i = 0; i < running->schedule->job_count; i++) {
        struct test_job *job = &running->jobs[i];
        if (job->process == 0)
            continue;
        int left = milliseconds_left(job);
        if (left == 0 && !job->timed_out) {
            job->timed_out = true;
            kill(job->process, SIGKILL);
        }
        if (!job->timed_out && left < wait_ms)
            wait_ms = left + 1;
        jobs[count] = job;
        polls[count++] = (struct pollfd){.fd = job->output, .events = POLLIN};
    }
    if (count == 0 || poll(polls, count, wait_ms) <= 0)
        return;
    for (nfds_t i = 0; i < count; i++) {
        if (polls[i].revents == 0)
            continue;
        ssize_t got = read(polls[i].fd, text_reserve(&jobs[i]->text, 4096), 4096);
        if (got > 0) {
            jobs[i]->text.size += (size_t)got;
            jobs[i]->text.data[jobs[i]->text.size] = '\0';
        } else if (got == 0 || errno != EINTR) {
            finish(running, jobs[i]);
        }
    }
}

/* Ctrl-C: ends the children; they are reaped, and their directories removed, as if they had ended by themselves. */
static void take_interrupt(struct running *running)
{
    if (!interrupt_take())
        return;
    running->outcome->is_interrupted = true;
    for (unsigned i = 0; i < running->schedule->job_count; i++)
        if (running->jobs[i].process != 0)
            kill(running->jobs[i].process, SIGKILL);
}

static bool any_runs(const struct running *running)
{
    for (unsigned i = 0; i < running->schedule->job_count; i++)
        if (running->jobs[i].process != 0)
            return true;
    return false;
}

void test_schedule_run(const struct test_schedule *schedule, char *const *paths, size_t path_count,
                       struct test_outcome *outcome)
{
    struct running *running = must_allocate(sizeof *running);
    size_t next = 0;

    running->schedule = schedule;
    running->outcome = outcome;
    interrupt_install();
    while (next < path_count || any_runs(running)) {
        take_interrupt(running);
        if (outcome->is_interrupted)
            next = path_count;
        for (unsigned i = 0; i < schedule->job_count && next < path_count; i++)
            if (running->jobs[i].process == 0 && !start(running, &running->jobs[i], paths[next++]))
                outcome->could_not_run = true;
        wait_for_one(running);
    }
    free(running);
}
