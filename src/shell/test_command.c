#include "shell/test_command.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/test_discover.h"
#include "shell/test_options.h"
#include "shell/test_report.h"
#include "shell/test_update.h"

/* A run of the command: what was found, and what came of it. */
struct command {
    struct test_command_line line;
    struct test_paths files;
    struct test_report report;
    struct test_result *results; /* of all files that ended */
    size_t result_count;
    int output_failure; /* standard output takes no more: an errno */
    bool could_not_run; /* some file, or a part of it; or something beside the files */
};

static void flush_output(struct command *command)
{
    if (command->output_failure != 0 || fflush(stdout) == 0)
        return;
    command->output_failure = errno;
    if (errno != EPIPE)
        fprintf(stderr, "error: cannot write to standard output: %s\n", strerror(errno));
}

static void complain(struct command *command, const struct text_buffer *complaint)
{
    flush_output(command);
    fputs(text_string(complaint), stderr);
    command->could_not_run = true;
}

/* Cases whose new answers could not be put in place have failed: they differ still. */
static void write_changes(struct command *command, struct test_result *result, const bool *accepted)
{
    struct text_buffer complaint = {0};

    if (test_update_write(result, accepted, &complaint)) {
        test_report_remark(&command->report, "updated ", result->path);
    } else {
        complain(command, &complaint);
        test_update_refuse(result, accepted);
    }
    text_clear(&complaint);
}

/* A file that did not come to its end has nothing that could be relied on. */
static bool may_change(const struct test_result *result)
{
    return result->change_count > 0 && result->is_whole && result->complaint.size == 0;
}

/* Called with each file that has ended. A review waits until all have: the terminal is needed for it alone. */
static bool take_result(void *context, struct test_result *result, const char *kept)
{
    struct command *command = context;
    bool is_reviewing = command->line.schedule.options.update == UPDATE_REVIEW;

    command->results = must_reallocate(command->results, (command->result_count + 1) * sizeof *command->results);
    command->results[command->result_count++] = *result;
    command->could_not_run = command->could_not_run || result->complaint.size > 0;
    if (!is_reviewing && may_change(result))
        write_changes(command, result, NULL);
    if (!is_reviewing)
        test_report_file(&command->report, result);
    if (kept != NULL)
        test_report_remark(&command->report, "kept: ", kept);
    flush_output(command);
    return command->output_failure == 0;
}

/* An interrupted run asks nothing more. */
static void review(struct command *command, bool is_complete)
{
    struct test_review review = {.has_ended = !is_complete};

    for (size_t i = 0; i < command->result_count; i++) {
        struct test_result *result = &command->results[i];
        bool *accepted = must_allocate((result->change_count + 1) * sizeof *accepted);
        if (may_change(result) && test_review_file(&review, result, accepted) > 0)
            write_changes(command, result, accepted);
        test_report_file(&command->report, result);
        free(accepted);
    }
}

static void find_files(struct command *command, int argc, char **argv)
{
    bool all_found = true;

    for (int i = command->line.first_path; i < argc; i++)
        all_found = test_paths_find(&command->files, argv[i]) && all_found;
    if (command->line.first_path >= argc)
        all_found = test_paths_find(&command->files, ".");
    command->could_not_run = !all_found;
}

static void tell_course(struct command *command)
{
    const struct test_weather *weather = &command->line.schedule.options.weather;
    struct text_buffer course = {0};

    if (weather->is_crashing)
        text_format(&course, "seed of the crashes: %" PRIu64, weather->seed);
    if (command->line.is_shuffled)
        text_format(&course, "%sseed of the order: %" PRIu64, course.size > 0 ? ", " : "", command->line.shuffle_seed);
    test_report_begin(&command->report, course.data);
    text_clear(&course);
}

static void write_junit(struct command *command)
{
    struct text_buffer complaint = {0};

    if (command->line.junit_path == NULL ||
        test_junit_write(command->line.junit_path, command->results, command->result_count))
        return;
    text_format(&complaint, "error: --junit: %s: %s\n", command->line.junit_path, strerror(errno));
    complain(command, &complaint);
    text_clear(&complaint);
}

/* The end is that of any program which the signal ends, but everything has been put away. */
static void end_by_signal(int signal_number)
{
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* Runs what was found, prints the sum, and returns the exit status. */
static int run_found(struct command *command)
{
    const unsigned *counts = command->report.counts;
    bool had_files = command->files.count > 0, is_complete;

    if (command->line.shard_count > 0)
        test_paths_keep_shard(&command->files, command->line.shard_part, command->line.shard_count);
    if (command->line.is_shuffled)
        test_paths_shuffle(&command->files, command->line.shuffle_seed);
    if (!had_files)
        fputs("error: no test found\n", stderr);
    tell_course(command);
    is_complete = test_schedule_run(&command->line.schedule, command->files.paths, command->files.count);
    if (command->line.schedule.options.update == UPDATE_REVIEW)
        review(command, is_complete);
    write_junit(command);
    test_report_end(&command->report, command->results, command->result_count);
    flush_output(command);
    if (command->output_failure == EPIPE) /* nobody reads what would be told */
        end_by_signal(SIGPIPE);
    if (test_schedule_signal() != 0)
        end_by_signal(test_schedule_signal());
    if (!is_complete && command->output_failure == 0)
        return 130;
    bool is_empty = counts[TEST_PASSED] + counts[TEST_FAILED] + counts[TEST_SKIPPED] == 0;
    if (is_empty && had_files && command->files.count == 0 && !command->could_not_run)
        return 0; /* all files are in other shards */
    if (is_empty && had_files && !command->could_not_run)
        fputs("error: no test found: the files hold no statement, or the filter lets none pass\n", stderr);
    if (command->output_failure != 0 || command->could_not_run || is_empty)
        return 2;
    return counts[TEST_FAILED] > 0 ? 1 : 0;
}

int test_command(int argc, char **argv)
{
    struct command command = {0};
    int status = test_options_read(&command.line, argc, argv);

    if (status < 0) {
        signal(SIGPIPE, SIG_IGN);
        command.line.schedule.take = take_result;
        command.line.schedule.context = &command;
        command.report.is_tap = command.line.is_tap;
        command.report.slowest_shown = command.line.slowest_shown;
        if (command.line.is_tap)
            command.line.schedule.options.coloured = false;
        command.report.coloured = command.line.schedule.options.coloured;
        find_files(&command, argc, argv);
        status = run_found(&command);
    }
    for (size_t i = 0; i < command.result_count; i++)
        test_result_clear(&command.results[i]);
    free(command.results);
    test_paths_clear(&command.files);
    test_options_clear(&command.line);
    return status;
}
