/* test_options.h - the command line of `ssql test`: one table, from which it is read and explained. */
#ifndef SHELL_TEST_OPTIONS_H
#define SHELL_TEST_OPTIONS_H

#include "shell/option_list.h"
#include "shell/test_schedule.h"

struct test_command_line {
    struct test_schedule schedule;
    struct text_buffer repeat; /* options that repeat a failure */
    const char *junit_path;    /* NULL: none */
    bool is_tap;
    bool is_shuffled;
    uint64_t shuffle_seed;
    unsigned shard_part, shard_count; /* 0: no shards */
    unsigned slowest_shown;
    int first_path; /* index in argv */
};

/* Fills it with what argv says. Returns -1 to go on, or an exit status when the command ends here: it was explained, or
 * the message was printed. */
int test_options_read(struct test_command_line *line, int argc, char **argv);
void test_options_clear(struct test_command_line *line);

/* The options, with what they take: an option_list. */
bool test_options_list(int i, struct listed_option *option);

#endif
