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
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "shell/interrupt.h"
#include "shell/test_run.h"

/* One file on its way, in a process group of its own: that of its databases, and of a program that shows differences.
 */
struct test_job {
    pid_t process; /* 0: the place is free */
    const char *path;
    char *directory;
    int output; /* read end of the results */
    struct text_buffer sent;
    struct timespec begin;
    bool timed_out;
};

/* A signal handler can be given its object in no other way. */
static volatile sig_atomic_t ending_signal;

struct running {
    const struct test_schedule *schedule;
    struct test_job jobs[JOBS_MOST];
    bool is_interrupted; /* what runs has been ended */
};

enum { WAIT_MOST_MS = 500 }; /* a signal that comes just before a wait is seen after it */

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void remove_directory(const char *path)
{
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "warning: %s could not be removed: %s\n", path, strerror(errno));
}

static char *make_directory(struct text_buffer *complaint)
{
    const char *parent = getenv("TMPDIR");
    struct text_buffer path = {0};

    text_format(&path, "%s/ssql-test-XXXXXX", parent != NULL && *parent != '\0' ? parent : "/tmp");
    if (mkdtemp(path.data) == NULL) {
        text_format(complaint, "%s: error: %s\n", path.data, strerror(errno));
        text_clear(&path);
        return NULL;
    }
    char *whole = realpath(path.data, NULL); /* the processes of databases work there, not where this one does */
    if (whole == NULL) {
        text_format(complaint, "%s: error: %s\n", path.data, strerror(errno));
        rmdir(path.data);
    }
    text_clear(&path);
    return whole;
}

static _Noreturn void run_in_child(const struct test_schedule *schedule, const struct test_job *job, int to)
{
    struct test_options options = schedule->options;

    setpgid(0, 0);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    options.directory = job->directory;
    options.to = to;
    test_run_file(job->path, &options);
    close(to);
    exit(0); /* not _exit: a leak checker looks now */
}

/* Ends the children; they are reaped, and their directories removed, as if they had ended by themselves. */
static void interrupt_all(struct running *running)
{
    running->is_interrupted = true;
    for (unsigned i = 0; i < running->schedule->job_count; i++)
        if (running->jobs[i].process != 0)
            kill(-running->jobs[i].process, SIGKILL);
}

static void give(struct running *running, struct test_result *result, const char *kept)
{
    if (!running->schedule->take(running->schedule->context, result, kept))
        interrupt_all(running);
}

/* The file cannot even be begun with. */
static void give_up(struct running *running, const char *path, const struct text_buffer *complaint)
{
    struct test_result result = {.path = path};

    text_add_string(&result.complaint, text_string(complaint));
    test_result_add_case(&result, TEST_FAILED, "could not be run", text_string(complaint));
    give(running, &result, NULL);
}

static void start(struct running *running, struct test_job *job, const char *path)
{
    struct text_buffer complaint = {0};
    int ends[2] = {-1, -1};

    *job = (struct test_job){.path = path, .directory = make_directory(&complaint)};
    if (job->directory != NULL && (pipe2(ends, O_CLOEXEC) != 0 || (fflush(NULL), job->process = fork()) < 0)) {
        text_format(&complaint, "%s: error: no process for it: %s\n", path, strerror(errno));
        close(ends[0]);
        close(ends[1]);
        rmdir(job->directory);
        free(job->directory);
        job->directory = NULL;
        job->process = 0;
    }
    if (job->directory == NULL) {
        give_up(running, path, &complaint);
        text_clear(&complaint);
        return;
    }
    if (job->process == 0) {
        close(ends[0]);
        run_in_child(running->schedule, job, ends[1]);
    }
    setpgid(job->process, job->process); /* whoever of the two comes first */
    close(ends[1]);
    job->output = ends[0];
    clock_gettime(CLOCK_MONOTONIC, &job->begin);
}

static double seconds_since(const struct timespec *begin)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

/* How a process that did not come to its end ended; nothing for one that did. */
static void describe_end(const struct test_job *job, int status, unsigned timeout_s, struct text_buffer *text)
{
    if (job->timed_out)
        text_format(text, "no end after %u s", timeout_s);
    else if (WIFSIGNALED(status))
        text_format(text, "killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0) /* a sanitizer found something */
        text_format(text, "ended with status %d", WEXITSTATUS(status));
}

static void finish(struct running *running, struct test_job *job)
{
    struct test_result result = {.path = job->path, .seconds = seconds_since(&job->begin)};
    struct text_buffer end = {0};
    siginfo_t information;
    int status = 0;

    /* It is left unreaped until the rest of its group is ended, so that the number is nobody else's. */
    while (waitid(P_PID, (id_t)job->process, &information, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        ;
    kill(-job->process, SIGKILL);
    while (waitpid(job->process, &status, 0) < 0 && errno == EINTR)
        ;
    close(job->output);
    job->process = 0;
    test_result_read(&result, &job->sent);
    describe_end(job, status, running->schedule->timeout_s, &end);
    if (end.size > 0)
        test_result_add_case(&result, TEST_FAILED, end.data, "");
    else if (!result.is_whole)
        test_result_add_case(&result, TEST_FAILED, "its results were cut off", "");
    if (result.complaint.size > 0)
        test_result_add_case(&result, TEST_FAILED, "could not be run", text_string(&result.complaint));
    bool is_kept = running->schedule->keep && test_result_count(&result, TEST_FAILED) > 0;
    if (!is_kept)
        remove_directory(job->directory);
    if (running->is_interrupted) {
        printf("interrupted %s\n", job->path);
        test_result_clear(&result);
    } else {
        give(running, &result, is_kept ? job->directory : NULL);
    }
    text_clear(&end);
    free(job->directory);
    text_clear(&job->sent);
}

static void take_output(struct running *running, struct test_job *job)
{
    enum { PIECE = 1 << 16 };
    ssize_t got = read(job->output, text_reserve(&job->sent, PIECE), PIECE);

    if (got > 0) {
        job->sent.size += (size_t)got;
        job->sent.data[job->sent.size] = '\0';
    } else if (got == 0 || errno != EINTR) {
        finish(running, job);
    }
}

/* Waits until some job says something, ends, or is out of time; takes it in. */
static void wait_for_one(struct running *running)
{
    struct pollfd polls[JOBS_MOST];
    struct test_job *jobs[JOBS_MOST];
    nfds_t count = 0;
    int wait_ms = WAIT_MOST_MS;

    for (unsigned i = 0; i < running->schedule->job_count; i++) {
        struct test_job *job = &running->jobs[i];
        if (job->process == 0)
            continue;
        double left_ms = ((double)running->schedule->timeout_s - seconds_since(&job->begin)) * 1000;
        if (left_ms <= 0 && !job->timed_out) {
            job->timed_out = true;
            kill(-job->process, SIGKILL);
        }
        if (!job->timed_out && left_ms < wait_ms)
            wait_ms = (int)left_ms + 1;
        jobs[count] = job;
        polls[count++] = (struct pollfd){.fd = job->output, .events = POLLIN};
    }
    if (count == 0 || poll(polls, count, wait_ms) <= 0)
        return;
    for (nfds_t i = 0; i < count; i++)
        if (polls[i].revents != 0)
            take_output(running, jobs[i]);
}

static bool any_runs(const struct running *running)
{
    for (unsigned i = 0; i < running->schedule->job_count; i++)
        if (running->jobs[i].process != 0)
            return true;
    return false;
}

static void take_signal(int signal_number)
{
    ending_signal = signal_number;
}

static void install_signals(void)
{
    struct sigaction action = {.sa_handler = take_signal};

    interrupt_install();
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

int test_schedule_signal(void)
{
    return ending_signal;
}

bool test_schedule_run(const struct test_schedule *schedule, char *const *paths, size_t path_count)
{
    struct running *running = must_allocate(sizeof *running);
    size_t next = 0;

    running->schedule = schedule;
    install_signals();
    while (next < path_count || any_runs(running)) {
        if (interrupt_take() || ending_signal != 0)
            interrupt_all(running);
        if (running->is_interrupted)
            next = path_count;
        for (unsigned i = 0; i < schedule->job_count && next < path_count; i++)
            if (running->jobs[i].process == 0)
                start(running, &running->jobs[i], paths[next++]);
        wait_for_one(running);
    }
    bool is_complete = !running->is_interrupted;
    free(running);
    return is_complete;
}
