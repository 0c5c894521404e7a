#include "shell/test_command.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shell/test_run.h"

enum { JOBS_MOST = 64, DEFAULT_TIMEOUT_S = 60 };

struct path_list {
    char **paths;
    size_t count;
};

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

struct schedule {
    struct test_options options;
    struct test_job jobs[JOBS_MOST];
    unsigned job_count;
    unsigned timeout_s;
    bool keep;
    struct test_counts total;
    bool could_not_run;
};

static const char usage_text[] =
    "usage: ssql test [OPTION]... PATH...\n"
    "Runs golden test files: *.ssql, and the ```ssql blocks of *.md; a folder means all below it.\n"
    "  -j N              files at a time (default: one per core)\n"
    "  --update[=new]    rewrite expectations that differ; new: write those that are missing\n"
    "  --filter GLOB     only cases (or files) with such names\n"
    "  --with WEATHER    small (tiny memtables and blocks), reopen (between statements); repeatable\n"
    "  --timeout S       seconds for one file (default 60)\n"
    "  --keep            leave the databases of failed files\n"
    "  --color WHEN      auto, always or never\n"
    "Exit status: 0 all passed, 1 some failed, 2 could not run, or nothing was found.\n";

/* ---- finding files ---- */

static bool has_ending(const char *name, const char *ending)
{
    size_t size = strlen(name), ending_size = strlen(ending);

    return size > ending_size && strcmp(name + size - ending_size, ending) == 0;
}

static void add_path(struct path_list *list, const char *path)
{
    list->paths = must_reallocate(list->paths, (list->count + 1) * sizeof *list->paths);
    list->paths[list->count++] = must_copy(path, strlen(path));
}

static int by_name(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

/* Adds the test files at or below a path, in the order of their names. */
static bool find_tests(struct path_list *list, const char *path, bool is_named)
{
    struct stat status;
    struct dirent **entries;

    if (stat(path, &status) != 0) {
        fprintf(stderr, "ssql test: %s: %s\n", path, strerror(errno));
        return false;
    }
    if (!S_ISDIR(status.st_mode)) {
        if (is_named || has_ending(path, ".ssql") || has_ending(path, ".md"))
            add_path(list, path);
        return true;
    }
    int count = scandir(path, &entries, NULL, by_name);
    bool done = count >= 0;
    for (int i = 0; i < count; i++) {
        struct text_buffer below = {0};
        text_format(&below, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            done = find_tests(list, below.data, false) && done;
        text_clear(&below);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return done;
}

/* ---- running ---- */

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
static _Noreturn void run_in_child(const struct schedule *schedule, const struct test_job *job, int to)
{
    struct test_options options = schedule->options;
    struct test_counts counts = {0};
    struct text_buffer report = {0};

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

static bool start(struct schedule *schedule, struct test_job *job, const char *path)
{
    int ends[2];

    *job = (struct test_job){.path = path, .directory = make_directory()};
    if (job->directory == NULL)
        return false;
    if (pipe2(ends, O_CLOEXEC) != 0 || (fflush(NULL), job->process = fork()) < 0) {
        fprintf(stderr, "ssql test: %s\n", strerror(errno));
        job->process = 0;
        return false;
    }
    if (job->process == 0) {
        close(ends[0]);
        run_in_child(schedule, job, ends[1]);
    }
    close(ends[1]);
    job->output = ends[0];
    clock_gettime(CLOCK_MONOTONIC, &job->deadline);
    job->deadline.tv_sec += schedule->timeout_s;
    return true;
}

/* Adds up the counts of a finished file and prints its report. */
static void finish(struct schedule *schedule, struct test_job *job)
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
        if (job->timed_out)
            printf("FAILED %s: no end after %u s\n", job->path, schedule->timeout_s);
        else
            printf("FAILED %s: killed by signal %d (%s)\n", job->path, WTERMSIG(status), strsignal(WTERMSIG(status)));
        counts = (struct test_counts){.failed = 1};
    } else if (WEXITSTATUS(status) > 1 && WEXITSTATUS(status) != 2) {
        printf("FAILED %s: ended with status %d\n", job->path, WEXITSTATUS(status)); /* a sanitizer found something */
        counts.failed += counts.failed == 0;
    } else if (!counted || WEXITSTATUS(status) == 2) {
        schedule->could_not_run = true;
        counts.failed += counts.failed == 0;
    }
    fputs(counted ? text + read_size : "", stdout);
    schedule->total.passed += counts.passed;
    schedule->total.failed += counts.failed;
    schedule->total.skipped += counts.skipped;
    if (schedule->keep && counts.failed > 0)
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
static void wait_for_one(struct schedule *schedule)
{
    struct pollfd polls[JOBS_MOST];
    struct test_job *jobs[JOBS_MOST];
    nfds_t count = 0;
    int wait_ms = 60000;

    for (unsigned i = 0; i < schedule->job_count; i++) {
        struct test_job *job = &schedule->jobs[i];
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
            finish(schedule, jobs[i]);
        }
    }
}

static bool is_running(const struct schedule *schedule)
{
    for (unsigned i = 0; i < schedule->job_count; i++)
        if (schedule->jobs[i].process != 0)
            return true;
    return false;
}

static void run_all(struct schedule *schedule, const struct path_list *list)
{
    size_t next = 0;

    while (next < list->count || is_running(schedule)) {
        for (unsigned i = 0; i < schedule->job_count && next < list->count; i++) {
            if (schedule->jobs[i].process != 0)
                continue;
            if (!start(schedule, &schedule->jobs[i], list->paths[next++]))
                schedule->could_not_run = true;
        }
        wait_for_one(schedule);
    }
}

/* ---- the command ---- */

static bool set_weather(struct schedule *schedule, const char *name)
{
    if (strcmp(name, "small") == 0)
        schedule->options.with_small = true;
    else if (strcmp(name, "reopen") == 0)
        schedule->options.with_reopen = true;
    else
        return false;
    return true;
}

static int complain(const char *what, const char *about)
{
    fprintf(stderr, "ssql test: %s%s\n%s", what, about, usage_text);
    return 2;
}

static bool read_number(const char *text, unsigned most, unsigned *number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    *number = (unsigned)value;
    return *text >= '0' && *text <= '9' && *end == '\0' && value >= 1 && value <= most;
}

/* Returns -1 to go on, or an exit status. */
static int read_options(struct schedule *schedule, int argc, char **argv)
{
    static const struct option long_options[] = {
        {"update", optional_argument, NULL, 'u'}, {"filter", required_argument, NULL, 'f'},
        {"with", required_argument, NULL, 'w'},   {"timeout", required_argument, NULL, 't'},
        {"keep", no_argument, NULL, 'k'},         {"color", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    int option;

    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "j:h", long_options, NULL)) != -1) {
        switch (option) {
        case 'j':
            if (!read_number(optarg, JOBS_MOST, &schedule->job_count))
                return complain("-j wants a number from 1 to 64, not ", optarg);
            break;
        case 'u':
            if (optarg != NULL && strcmp(optarg, "new") != 0)
                return complain("--update takes nothing or =new, not ", optarg);
            schedule->options.update = optarg == NULL ? UPDATE_ALL : UPDATE_NEW;
            break;
        case 'f': schedule->options.filter = optarg; break;
        case 'w':
            if (!set_weather(schedule, optarg))
                return complain("--with takes small or reopen, not ", optarg);
            break;
        case 't':
            if (!read_number(optarg, 86400, &schedule->timeout_s))
                return complain("--timeout wants seconds, not ", optarg);
            break;
        case 'k': schedule->keep = true; break;
        case 'c':
            if (strcmp(optarg, "auto") != 0)
                schedule->options.coloured = strcmp(optarg, "always") == 0;
            break;
        case 'h': fputs(usage_text, stdout); return 0;
        default: return complain("unknown option, or one without its value: ", argv[optind - 1]);
        }
    }
    if (optind >= argc)
        return complain("which files?", "");
    if (schedule->options.update != UPDATE_NOTHING && getenv("CI") != NULL)
        return complain("--update is refused while CI is set", "");
    return -1;
}

int test_command(int argc, char **argv)
{
    struct schedule *schedule = must_allocate(sizeof *schedule);
    struct path_list list = {0};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int status;

    schedule->timeout_s = DEFAULT_TIMEOUT_S;
    schedule->job_count = cores < 1 ? 1 : cores > JOBS_MOST ? JOBS_MOST : (unsigned)cores;
    schedule->options.coloured = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
    status = read_options(schedule, argc, argv);
    if (status < 0) {
        schedule->options.weather = schedule->options.with_small && schedule->options.with_reopen
                                        ? "--with small --with reopen "
                                    : schedule->options.with_small  ? "--with small "
                                    : schedule->options.with_reopen ? "--with reopen "
                                                                    : "";
        for (int i = optind; i < argc; i++)
            schedule->could_not_run = !find_tests(&list, argv[i], true) || schedule->could_not_run;
        if (list.count == 0)
            fputs("ssql test: no test found\n", stderr);
        run_all(schedule, &list);
        printf("%u passed, %u failed", schedule->total.passed, schedule->total.failed);
        if (schedule->total.skipped > 0)
            printf(", %u skipped", schedule->total.skipped);
        putchar('\n');
        bool found = schedule->total.passed + schedule->total.failed + schedule->total.skipped > 0;
        status = schedule->could_not_run || !found ? 2 : schedule->total.failed > 0 ? 1 : 0;
        if (fflush(stdout) != 0)
            status = 2;
    }
    for (size_t i = 0; i < list.count; i++)
        free(list.paths[i]);
    free(list.paths);
    free(schedule);
    return status;
}
