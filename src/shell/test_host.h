/* test_host.h - a process that holds the database of a test, so that it can be killed as a crash would kill it, and
 * what it wrote be recovered by the next. The process of the test file asks, one request at a time; it never touches
 * the library's handles itself. A host ends with its parent: by the end of their connection, and where the system can
 * say so by a signal. */
#ifndef SHELL_TEST_HOST_H
#define SHELL_TEST_HOST_H

#include "shell/test_engine.h"

struct test_host;

/* Opens the database in a new process. NULL, with one sentence in `complaint`, when that fails.
 * `close_there`: a descriptor of the caller that the host must not hold; -1: none. */
struct test_host *test_host_start(const struct test_engine *engine, const struct test_settings *settings,
                                  int close_there, struct text_buffer *complaint);

/* These return false when the host died or failed, and say how in `complaint`; it can then only be killed. */
bool test_host_run(struct test_host *host, const struct test_request *request, struct test_answer *answer,
                   struct text_buffer *complaint);
bool test_host_disconnect(struct test_host *host, struct text_buffer *complaint);
bool test_host_checkpoint(struct test_host *host, struct text_buffer *complaint);
bool test_host_digest(struct test_host *host, uint64_t *digest, struct text_buffer *complaint);
/* Closes the database and opens it again with the settings it was started with. */
bool test_host_reopen(struct test_host *host, struct text_buffer *complaint);

/* Sends a statement off without waiting for its answer: for test_host_kill soon after. */
bool test_host_send(struct test_host *host, const struct test_request *request, struct text_buffer *complaint);

/* The same for a checkpoint. */
bool test_host_send_checkpoint(struct test_host *host, struct text_buffer *complaint);

/* Closes the database and ends the process; frees `host`, which may be NULL. */
bool test_host_stop(struct test_host *host, struct text_buffer *complaint);
/* The same by SIGKILL: nothing is closed. */
void test_host_kill(struct test_host *host);
/* Ends it as the end of the one who asks does: what was open is lost. NULL is nothing. */
void test_host_abandon(struct test_host *host);

#endif
