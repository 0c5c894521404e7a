#include "shell/test_command.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shell/suggestion.h"
#include "shell/test_schedule.h"

enum { DEFAULT_TIMEOUT_S = 60 };

struct path_list {
    char **paths;
    size_t count;
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
    "Exit status: 0 all passed, 1 some failed, 2 could not run, or nothing was found,\n"
    "130 interrupted.\n";

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

/* ---- the command ---- */

static bool set_weather(struct test_schedule *schedule, const char *name)
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

static const struct option long_options[] = {
    {"update", optional_argument, NULL, 'u'}, {"filter", required_argument, NULL, 'f'},
    {"with", required_argument, NULL, 'w'},   {"timeout", required_argument, NULL, 't'},
    {"keep", no_argument, NULL, 'k'},         {"color", required_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
};

static const char *option_name(int i)
{
    return long_options[i].name;
}

static int complain_of_option(const char *option)
{
    const char *meant = strncmp(option, "--", 2) == 0 ? suggestion_find(option + 2, option_name) : NULL;

    fprintf(stderr, "ssql test: unknown option, or one without its value: %s\n", option);
    if (meant != NULL)
        fprintf(stderr, "hint: did you mean --%s?\n", meant);
    else
        fputs(usage_text, stderr);
    return 2;
}

/* Returns -1 to go on, or an exit status. */
static int read_options(struct test_schedule *schedule, int argc, char **argv)
{
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
            if (strcmp(optarg, "always") == 0 || strcmp(optarg, "never") == 0)
                schedule->options.coloured = optarg[0] == 'a';
            else if (strcmp(optarg, "auto") != 0)
                return complain("--color takes auto, always or never, not ", optarg);
            break;
        case 'h': fputs(usage_text, stdout); return 0;
        default: return complain_of_option(argv[optind - 1]);
        }
    }
    if (optind >= argc)
        return complain("which files?", "");
    if (schedule->options.update != UPDATE_NOTHING && getenv("CI") != NULL)
        return complain("--update is refused while CI is set", "");
    return -1;
}

static const char *weather_text(const struct test_options *options)
{
    if (options->with_small && options->with_reopen)
        return "--with small --with reopen ";
    return options->with_small ? "--with small " : options->with_reopen ? "--with reopen " : "";
}

/* Runs what was found, prints the sum, and returns the exit status. */
static int run_found(const struct test_schedule *schedule, const struct path_list *list, bool could_not_find)
{
    struct test_outcome outcome = {.could_not_run = could_not_find};
    const struct test_counts *total = &outcome.total;

    if (list->count == 0)
        fputs("ssql test: no test found\n", stderr);
    test_schedule_run(schedule, list->paths, list->count, &outcome);
    printf("%u passed, %u failed", total->passed, total->failed);
    if (total->skipped > 0)
        printf(", %u skipped", total->skipped);
    putchar('\n');
    if (outcome.is_interrupted)
        return 130;
    if (fflush(stdout) != 0 || outcome.could_not_run || total->passed + total->failed + total->skipped == 0)
        return 2;
    return total->failed > 0 ? 1 : 0;
}

int test_command(int argc, char **argv)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct test_schedule schedule = {.timeout_s = DEFAULT_TIMEOUT_S};
    struct path_list list = {0};

    schedule.job_count = cores < 1 ? 1 : cores > JOBS_MOST ? JOBS_MOST : (unsigned)cores;
    schedule.options.coloured = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
    int status = read_options(&schedule, argc, argv);
    if (status < 0) {
        bool all_found = true;
        schedule.options.weather = weather_text(&schedule.options);
        for (int i = optind; i < argc; i++)
            all_found = find_tests(&list, argv[i], true) && all_found;
        status = run_found(&schedule, &list, !all_found);
    }
    for (size_t i = 0; i < list.count; i++)
        free(list.paths[i]);
    free(list.paths);
    return status;
}
