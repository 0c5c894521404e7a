/* test_result.h - what became of one test file: its cases, and the expectations that an update would change. The
 * process of the file sends it piece by piece, so that a crash or a hang leaves what was found before. */
#ifndef SHELL_TEST_RESULT_H
#define SHELL_TEST_RESULT_H

#include <stdint.h>

#include "shell/text_buffer.h"

enum { CASE_TEXT_BYTES_MOST = 1 << 20 }; /* of what is told about one case */

enum test_status { TEST_PASSED, TEST_FAILED, TEST_SKIPPED };

struct test_case {
    enum test_status status;
    char *name; /* "": what stands before the first */
    uint64_t line;
    double seconds;
    char *text; /* of a failure: what differs; of a skip: why */
};

/* An expectation that is not, or no longer, right. */
struct test_change {
    uint64_t begin, end; /* these bytes of the file make way for: */
    char *text;
    uint64_t line;    /* of its statement */
    uint64_t in_case; /* index of its case */
    char *shown;      /* statement and difference, for somebody to decide */
};

struct test_result {
    const char *path; /* borrowed */
    struct test_case *cases;
    size_t case_count;
    struct test_change *changes; /* in the file's order */
    size_t change_count;
    struct text_buffer complaint; /* why it, or the rest of it, could not be run: whole lines */
    uint64_t digest;              /* of the file's bytes, as they were read */
    double seconds;
    bool is_whole; /* the process came to its end */
};

/* The digest of a file's bytes. */
uint64_t test_digest(const char *bytes, size_t size);

/* Sent by the file's process. Nobody can be told when the other end is gone. */
void test_result_send_case(int to, const struct test_case *done);
void test_result_send_change(int to, const struct test_change *change);
/* Why it could not be run ("": it could), and the digest; nothing follows. */
void test_result_send_end(int to, const char *complaint, uint64_t digest);

/* Adds up what was sent, as far as it came. */
void test_result_read(struct test_result *result, const struct text_buffer *sent);
void test_result_add_case(struct test_result *result, enum test_status status, const char *name, const char *text);
void test_result_clear(struct test_result *result);

unsigned test_result_count(const struct test_result *result, enum test_status status);

#endif
