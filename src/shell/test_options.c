#include "shell/test_options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "shell/error_report.h"
#include "shell/suggestion.h"

enum { DEFAULT_TIMEOUT_S = 60, TIMEOUT_MOST_S = 86400, SHARDS_MOST = 10000, SLOWEST_MOST = 100000 };

enum option_id {
    OPTION_UPDATE = 256,
    OPTION_REVIEW,
    OPTION_FILTER,
    OPTION_WITH,
    OPTION_ENGINE,
    OPTION_TIMEOUT,
    OPTION_SHUFFLE,
    OPTION_SHARD,
    OPTION_SLOWEST,
    OPTION_TAP,
    OPTION_JUNIT,
    OPTION_DIFF,
    OPTION_COLOR,
    OPTION_KEEP,
};

static const struct described_option {
    const char *name;
    int id;
    int has_argument;
    const char *shown, *description;
} described[] = {
    {"jobs", 'j', required_argument, "-j, --jobs N", "files at a time (default: one per core)"},
    {"update", OPTION_UPDATE, optional_argument, "--update[=new]",
     "rewrite answers that differ; new: write those that are missing"},
    {"review", OPTION_REVIEW, no_argument, "--review", "show each answer that differs and ask whether to take it"},
    {"filter", OPTION_FILTER, required_argument, "--filter GLOB", "only cases, or files, with such names"},
    {"with", OPTION_WITH, required_argument, "--with WEATHER",
     "small, reopen, crash[=SEED] or readonly-follower; repeatable"},
    {"engine", OPTION_ENGINE, required_argument, "--engine NAME", "ssql (default), or sqlite to compare with"},
    {"timeout", OPTION_TIMEOUT, required_argument, "--timeout S", "seconds for one file (default 60)"},
    {"shuffle", OPTION_SHUFFLE, optional_argument, "--shuffle[=SEED]", "files in a random order"},
    {"shard", OPTION_SHARD, required_argument, "--shard I/N", "only the I-th of N parts of the files"},
    {"slowest", OPTION_SLOWEST, required_argument, "--slowest N", "tell the N slowest files"},
    {"tap", OPTION_TAP, no_argument, "--tap", "tell the results as TAP"},
    {"junit", OPTION_JUNIT, required_argument, "--junit FILE", "write the results to a file as JUnit's XML"},
    {"diff", OPTION_DIFF, required_argument, "--diff CMD", "show differences by CMD EXPECTED ACTUAL"},
    {"color", OPTION_COLOR, required_argument, "--color WHEN", "auto, always or never"},
    {"keep", OPTION_KEEP, no_argument, "--keep", "leave the databases of failed files, and say where"},
    {"help", 'h', no_argument, "-h, --help", "this text"},
};
enum { OPTION_COUNT = sizeof described / sizeof described[0] };

static void print_usage(FILE *to)
{
    fputs("usage: ssql test [OPTION]... [PATH]...\n"
          "Runs golden test files: *.ssql, *.slt (sqllogictest), and the ```ssql blocks of *.md; a folder means all\n"
          "below it. Default: the current folder.\n",
          to);
    for (int i = 0; i < OPTION_COUNT; i++)
        fprintf(to, "  %-17s %s\n", described[i].shown, described[i].description);
    fputs("Exit status: 0 all passed, 1 some failed, 2 could not run, or nothing was found, 130 interrupted.\n", to);
}

static int complain(const char *what, const char *about)
{
    error_print(what, about);
    fputs("hint: ssql test --help tells all options\n", stderr);
    return 2;
}

static bool read_seed(const char *text, uint64_t *seed)
{
    char *end;

    errno = 0;
    *seed = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0;
}

static bool read_number(const char *text, unsigned most, unsigned *number)
{
    uint64_t value;
    bool is_read = read_seed(text, &value) && value >= 1 && value <= most;

    *number = is_read ? (unsigned)value : 0;
    return is_read;
}

/* Short enough to be typed. */
static uint64_t random_seed(void)
{
    uint32_t seed = 0;

    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        seed = (uint32_t)getpid();
    return seed;
}

/* A value that is none of those there are, with the nearest of them. */
static int complain_of_value(const char *what, const char *value, suggestion_name *name_at)
{
    struct text_buffer hint = {0};

    error_print(what, value);
    if (suggestion_hint(&hint, value, name_at, ""))
        fprintf(stderr, "hint: %s\n", hint.data);
    else
        fputs("hint: ssql test --help tells all options\n", stderr);
    text_clear(&hint);
    return 2;
}

/* ---- weathers and engines ---- */

static const char *weather_name(int i)
{
    static const char *const names[] = {"small", "reopen", "crash", "readonly-follower"};

    return i < 4 ? names[i] : NULL;
}

static const char *engine_name(int i)
{
    static const char *const names[] = {"ssql", "sqlite"};

    return i < 2 ? names[i] : NULL;
}

static const char *update_name(int i)
{
    return i == 0 ? "new" : NULL;
}

static const char *colour_name(int i)
{
    static const char *const names[] = {"auto", "always", "never"};

    return i < 3 ? names[i] : NULL;
}

static int set_weather(struct test_command_line *line, const char *name)
{
    struct test_weather *weather = &line->schedule.options.weather;

    if (strcmp(name, "small") == 0) {
        weather->is_small = true;
    } else if (strcmp(name, "reopen") == 0) {
        weather->is_reopening = true;
    } else if (strcmp(name, "readonly-follower") == 0) {
        weather->is_followed = true;
    } else if (strcmp(name, "crash") == 0) {
        weather->is_crashing = true;
        weather->seed = random_seed();
    } else if (strncmp(name, "crash=", 6) == 0) {
        weather->is_crashing = true;
        if (!read_seed(name + 6, &weather->seed))
            return complain("--with crash=SEED wants a number, not ", name + 6);
    } else if (strcmp(name, "server") == 0) {
        return complain("--with server needs `ssql serve`, which this version does not have", "");
    } else {
        return complain_of_value("--with takes small, reopen, crash[=SEED] or readonly-follower, not ", name,
                                 weather_name);
    }
    return -1;
}

static int set_engine(struct test_command_line *line, const char *name)
{
    static const struct test_engine *const engines[] = {&ssql_test_engine, &sqlite_test_engine};
    struct text_buffer complaint = {0};
    const struct test_engine *chosen = NULL;
    int status = -1;

    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++)
        if (strcmp(engines[i]->name, name) == 0)
            chosen = engines[i];
    if (chosen == NULL)
        return complain_of_value("--engine takes ssql or sqlite, not ", name, engine_name);
    line->schedule.options.engine = chosen;
    if (!chosen->is_there(&complaint)) {
        fprintf(stderr, "error: --engine=%s: %s\n", name, text_string(&complaint));
        status = 2;
    }
    text_clear(&complaint);
    return status;
}

static int set_update(struct test_command_line *line, const char *how)
{
    if (how != NULL && strcmp(how, "new") != 0)
        return complain_of_value("--update takes nothing or =new, not ", how, update_name);
    line->schedule.options.update = how == NULL ? UPDATE_ALL : UPDATE_NEW;
    return -1;
}

static int set_colour(struct test_command_line *line, const char *when)
{
    if (strcmp(when, "always") == 0 || strcmp(when, "never") == 0)
        line->schedule.options.coloured = when[0] == 'a';
    else if (strcmp(when, "auto") != 0)
        return complain_of_value("--color takes auto, always or never, not ", when, colour_name);
    return -1;
}

static int set_shard(struct test_command_line *line, const char *text)
{
    const char *slash = strchr(text, '/');
    char *part = must_copy(text, slash == NULL ? 0 : (size_t)(slash - text));
    bool is_read = slash != NULL && read_number(slash + 1, SHARDS_MOST, &line->shard_count) &&
                   read_number(part, line->shard_count, &line->shard_part);

    free(part);
    return is_read ? -1 : complain("--shard wants I/N with I from 1 to N, not ", text);
}

static int set_shuffle(struct test_command_line *line, const char *seed)
{
    line->is_shuffled = true;
    line->shuffle_seed = random_seed();
    return seed == NULL || read_seed(seed, &line->shuffle_seed) ? -1 : complain("--shuffle wants a number, not ", seed);
}

/* ---- the command line ---- */

static const char *option_name(int i)
{
    return i < OPTION_COUNT ? described[i].name : NULL;
}

/* Name and value stand in what is shown: "-j, --jobs N", "--update[=new]". */
bool test_options_list(int i, struct listed_option *option)
{
    static char names[OPTION_COUNT][32], values[OPTION_COUNT][32];

    if (i >= OPTION_COUNT)
        return false;
    const struct described_option *row = &described[i];
    const char *long_name = strstr(row->shown, "--");
    size_t size = strcspn(long_name, " [");
    snprintf(names[i], sizeof names[i], "%.*s", (int)size, long_name);
    if (row->has_argument != no_argument) {
        const char *value = long_name + size + (row->has_argument == optional_argument ? strlen("[=") : 1);
        snprintf(values[i], sizeof values[i], "%.*s", (int)strcspn(value, "]"), value);
    }
    *option = (struct listed_option){names[i], row->id < OPTION_UPDATE ? (char)row->id : '\0',
                                     row->has_argument == no_argument ? NULL : values[i],
                                     row->has_argument == optional_argument, row->description};
    return true;
}

/* The described option whose name is written out in `option`, or NULL. */
static const struct described_option *find_written(const char *option)
{
    size_t size = strcspn(option, "=");

    for (int i = 0; i < OPTION_COUNT && strncmp(option, "--", 2) == 0; i++)
        if (strlen(described[i].name) == size - 2 && memcmp(described[i].name, option + 2, size - 2) == 0)
            return &described[i];
    return NULL;
}

static int complain_of_long_option(const char *option)
{
    char *name = must_copy(option, strcspn(option, "="));
    const char *meant = suggestion_find(name + 2, option_name);

    error_print("unknown option ", name);
    if (meant != NULL)
        fprintf(stderr, "hint: did you mean --%s?\n", meant);
    else
        fputs("hint: ssql test --help tells all options\n", stderr);
    free(name);
    return 2;
}

/* `problem` is what getopt_long returned; `option` the word that it has read last, which tells of a letter nothing. */
static int complain_of_option(int problem, const char *option)
{
    const struct described_option *written = find_written(option);
    char letter[] = {(char)optopt, '\0'};

    if (problem == ':' && optopt < OPTION_UPDATE && written == NULL)
        return complain("a value is missing after -", letter);
    if (problem == ':')
        return complain("a value is missing after ", option);
    if (written != NULL && written->id == optopt)
        return complain("no value goes with --", written->name);
    return optopt == 0 ? complain_of_long_option(option) : complain("unknown option -", letter);
}

/* Returns -1 to go on, or an exit status. */
static int take_option(struct test_command_line *line, int option, const char *argument, const char *written)
{
    struct test_schedule *schedule = &line->schedule;

    switch (option) {
    case 'j':
        return read_number(argument, JOBS_MOST, &schedule->job_count)
                   ? -1
                   : complain("-j wants a number from 1 to 64, not ", argument);
    case OPTION_UPDATE: return set_update(line, argument);
    case OPTION_REVIEW: schedule->options.update = UPDATE_REVIEW; return -1;
    case OPTION_FILTER: schedule->options.filter = argument; return -1;
    case OPTION_WITH: return set_weather(line, argument);
    case OPTION_ENGINE: return set_engine(line, argument);
    case OPTION_TIMEOUT:
        return read_number(argument, TIMEOUT_MOST_S, &schedule->timeout_s)
                   ? -1
                   : complain("--timeout wants seconds, not ", argument);
    case OPTION_SHUFFLE: return set_shuffle(line, argument);
    case OPTION_SHARD: return set_shard(line, argument);
    case OPTION_SLOWEST:
        return read_number(argument, SLOWEST_MOST, &line->slowest_shown)
                   ? -1
                   : complain("--slowest wants a number, not ", argument);
    case OPTION_TAP: line->is_tap = true; return -1;
    case OPTION_JUNIT: line->junit_path = argument; return -1;
    case OPTION_DIFF: schedule->options.diff_command = argument; return -1;
    case OPTION_COLOR: return set_colour(line, argument);
    case OPTION_KEEP: schedule->keep = true; return -1;
    case 'h': print_usage(stdout); return 0;
    default: return complain_of_option(option, written);
    }
}

/* What does not go together. */
static int check_options(const struct test_command_line *line)
{
    const struct test_options *options = &line->schedule.options;
    const struct test_weather *weather = &options->weather;
    bool has_weather = weather->is_small || weather->is_reopening || weather->is_crashing || weather->is_followed;

    if (options->update != UPDATE_NOTHING && getenv("CI") != NULL)
        return complain(options->update == UPDATE_REVIEW ? "--review is refused while CI is set"
                                                         : "--update is refused while CI is set",
                        "");
    if (options->update == UPDATE_REVIEW && !isatty(STDIN_FILENO))
        return complain("--review asks, and standard input is no terminal", "");
    if (options->update == UPDATE_REVIEW && line->is_tap)
        return complain("--review asks on standard output: it does not go with --tap", "");
    if (options->engine != &ssql_test_engine && has_weather)
        return complain("the weathers are ssql's own: --with and --engine=sqlite do not go together", "");
    return -1;
}

static void write_repeat(struct test_command_line *line)
{
    const struct test_options *options = &line->schedule.options;
    struct text_buffer *text = &line->repeat;

    text_add_string(text, options->weather.is_small ? "--with small " : "");
    text_add_string(text, options->weather.is_reopening ? "--with reopen " : "");
    if (options->weather.is_crashing)
        text_format(text, "--with crash=%" PRIu64 " ", options->weather.seed);
    text_add_string(text, options->weather.is_followed ? "--with readonly-follower " : "");
    if (options->engine != &ssql_test_engine)
        text_format(text, "--engine=%s ", options->engine->name);
    line->schedule.options.repeat = text_string(text);
}

int test_options_read(struct test_command_line *line, int argc, char **argv)
{
    struct option options[OPTION_COUNT + 1] = {0};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int option, status = -1;

    for (int i = 0; i < OPTION_COUNT; i++)
        options[i] = (struct option){described[i].name, described[i].has_argument, NULL, described[i].id};
    line->schedule.timeout_s = DEFAULT_TIMEOUT_S;
    line->schedule.job_count = cores < 1 ? 1 : cores > JOBS_MOST ? JOBS_MOST : (unsigned)cores;
    line->schedule.options.engine = &ssql_test_engine;
    line->schedule.options.coloured = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
    optind = 0;
    opterr = 0;
    while (status < 0 && (option = getopt_long(argc, argv, ":j:h", options, NULL)) != -1)
        status = take_option(line, option, optarg, argv[optind - 1]);
    line->first_path = optind;
    if (status < 0)
        status = check_options(line);
    write_repeat(line);
    return status;
}

void test_options_clear(struct test_command_line *line)
{
    text_clear(&line->repeat);
}
