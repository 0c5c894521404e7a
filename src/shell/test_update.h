/* test_update.h - expectations are rewritten, all that differ or those that somebody accepts. */
#ifndef SHELL_TEST_UPDATE_H
#define SHELL_TEST_UPDATE_H

#include "shell/test_result.h"

/* Puts the changes of a file in place: the file is written aside and renamed, and nothing else in it changes.
 * `accepted` says which (NULL: all). False, with a line in `complaint`, also when the file is not the one that was run.
 */
bool test_update_write(const struct test_result *result, const bool *accepted, struct text_buffer *complaint);

/* What could not be put in place: makes the cases of these changes failed ones, with what differs. */
void test_update_refuse(struct test_result *result, const bool *accepted);

struct test_review {
    bool takes_all; /* "a" was answered */
    bool has_ended; /* "q", or the end of input: nothing more is accepted */
};

/* Shows each change of a file and asks on the terminal. Fills accepted[0..change_count). What is not accepted makes its
 * case a failed one. Returns how many were accepted. */
size_t test_review_file(struct test_review *review, struct test_result *result, bool *accepted);

#endif
