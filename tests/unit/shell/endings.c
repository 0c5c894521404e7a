/* How the program ends, and what it leaves: signals that find files unfinished, a statement that takes its own away, no
 * memory; and alarms that come late. Each end is that of a child, which tells how it came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/failing_memory.h"
#include "shell/cell_text.h"
#include "shell/check_command.h"
#include "shell/highlight.h"
#include "shell/interrupt.h"
#include "shell/session.h"
#include "shell/text_buffer.h"
#include "shell/timeout.h"
#include "shell/unfinished_file.h"
#include "support/file_tree.h"

/* ---- ends of a child (--wrap=raise,--wrap=_exit), as its status ---- */

enum { CAME_BACK = 50, BY_SIGNAL = 100 };

void __gcov_dump(void) __attribute__((weak));
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);
int __wrap_raise(int signal_number);

/* Also where branches are counted, what they came to is written. */
void __wrap__exit(int status)
{
    memory_stop_failing();
    if (__gcov_dump != NULL)
        __gcov_dump();
    __real__exit(status);
}

int __wrap_raise(int signal_number)
{
    _exit(BY_SIGNAL + signal_number);
}

/* Calls the function in a child; how that ends. */
static int end_of(void (*function)(void))
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        function();
        _exit(CAME_BACK);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* A signal to this thread, which has it before the next line. */
static void receive(int signal_number)
{
    pthread_kill(pthread_self(), signal_number);
}

static char folder[64], path[96];

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/ssql-endings-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/file", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove_tree(folder);
    return 0;
}

/* ---- signals ---- */

static char others[9][96];

static void make_files(void)
{
    put_file(path, "half");
    for (int i = 0; i < 9; i++) {
        snprintf(others[i], sizeof others[i], "%s/%d", folder, i);
        put_file(others[i], "whole");
    }
}

static void end_with_an_unfinished_file(void)
{
    unfinished_file_guard(path);
    unfinished_file_guard(others[0]);
    unfinished_file_forget(others[0]);
    unfinished_file_forget(NULL);
    receive(SIGTERM);
}

static void end_with_many_unfinished_files(void)
{
    for (int i = 0; i < 9; i++)
        unfinished_file_guard(others[i]);
    receive(SIGHUP);
}

static void a_signal_removes_what_is_unfinished(void **state)
{
    (void)state;
    make_files();
    assert_int_equal(end_of(end_with_an_unfinished_file), BY_SIGNAL + SIGTERM);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(others[0], F_OK), 0);
    assert_int_equal(end_of(end_with_many_unfinished_files), BY_SIGNAL + SIGHUP);
    for (int i = 0; i < 9; i++) /* there is room for eight names */
        assert_int_equal(access(others[i], F_OK), i < 8 ? -1 : 0);
}

static void ignore_a_signal(void)
{
    signal(SIGHUP, SIG_IGN);
    unfinished_file_guard(path);
    receive(SIGHUP);
}

static void a_signal_that_is_ignored_stays_ignored(void **state)
{
    (void)state;
    make_files();
    assert_int_equal(end_of(ignore_a_signal), CAME_BACK);
    assert_int_equal(access(path, F_OK), 0);
}

/* In the midst of a statement. */
static ssql_conn *connect_to_memory(ssql_db **db)
{
    ssql_conn *connection;

    if (ssql_open(":memory:", db) != SSQL_OK || ssql_connect(*db, &connection) != SSQL_OK)
        _exit(1);
    return connection;
}

static void begin_statement(void)
{
    ssql_db *db;

    unfinished_statement_begin(connect_to_memory(&db));
}

static void end_a_statement_that_nobody_disturbs(void)
{
    begin_statement();
    unfinished_statement_end();
}

static void end_with_the_statement(void)
{
    begin_statement();
    receive(SIGTERM);
    if (interrupt_is_pending())
        unfinished_statement_end();
}

static void end_by_the_second_signal(void)
{
    begin_statement();
    receive(SIGTERM);
    if (interrupt_is_pending())
        receive(SIGHUP);
}

static void end_when_time_is_up(void)
{
    begin_statement();
    receive(SIGTERM);
    receive(SIGALRM);
}

static void a_signal_lets_a_statement_take_its_file_away(void **state)
{
    (void)state;
    assert_int_equal(end_of(end_a_statement_that_nobody_disturbs), CAME_BACK);
    assert_int_equal(end_of(end_with_the_statement), BY_SIGNAL + SIGTERM);
    assert_int_equal(end_of(end_by_the_second_signal), BY_SIGNAL + SIGHUP);
    assert_int_equal(end_of(end_when_time_is_up), BY_SIGNAL + SIGTERM);
}

static void a_late_alarm_interrupts_nobody(void **state)
{
    static const char *const wrong[] = {"", "x", "1x", "-1", "nan", "1e300"};
    ssql_db *db;
    ssql_conn *connection = connect_to_memory(&db);
    double seconds = 7;

    (void)state;
    timeout_start(connection, 0); /* none */
    assert_false(timeout_stop());
    timeout_start(connection, 1000);
    assert_false(timeout_stop());
    receive(SIGALRM);
    timeout_start(connection, 1e-9);
    while (!timeout_stop())
        timeout_start(connection, 1e-9);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(timeout_read(wrong[i], &seconds));
    assert_true(seconds == 7);
    assert_true(timeout_read("1.5", &seconds));
    assert_true(seconds == 1.5);
    ssql_disconnect(connection);
    assert_int_equal(ssql_close(db), SSQL_OK);
}

static void ctrl_c_is_remembered_where_nothing_runs(void **state)
{
    (void)state;
    interrupt_install();
    receive(SIGINT);
    assert_true(interrupt_take());
    assert_false(interrupt_is_pending());
    signal(SIGINT, SIG_DFL);
}

/* As when Ctrl-C comes while a session checks a database. */
static void a_check_that_is_interrupted_is_no_success(void **state)
{
    struct output output = {.file = open("/dev/null", O_WRONLY)};
    struct progress_line progress = {.is_on = false};
    static const char made[] = "create table t { id int }";
    ssql_db *db;
    ssql_conn *connection;

    (void)state;
    assert_int_equal(ssql_open(path, &db), SSQL_OK);
    assert_int_equal(ssql_connect(db, &connection), SSQL_OK);
    assert_int_equal(ssql_exec(connection, made, strlen(made)), SSQL_OK);
    ssql_disconnect(connection);
    assert_int_equal(ssql_close(db), SSQL_OK);
    interrupt_note();
    assert_int_equal(check_database(path, &output, &progress), STATUS_FAILED);
    assert_true(interrupt_take());
    assert_int_equal(check_database(path, &output, &progress), STATUS_DONE);
    close(output.file);
    text_clear(&output.text);
}

/* ---- memory ---- */

static void add_text_without_memory(void)
{
    struct text_buffer text = {0};

    memory_start_failing(0, true);
    text_add_string(&text, "a");
}

static void show_a_row_without_memory(void)
{
    static const char query[] = "select 'a text'";
    ssql_db *db;
    ssql_conn *connection = connect_to_memory(&db);
    ssql_stmt *statement;

    if (ssql_prepare(connection, query, strlen(query), &statement, NULL) != SSQL_OK || ssql_step(statement) != SSQL_ROW)
        _exit(1);
    memory_start_failing(0, true);
    (void)cell_text(statement, 0, NULL);
}

static void without_memory_the_program_ends_with_status_2(void **state)
{
    (void)state;
    free(must_reallocate(NULL, 0)); /* nothing is something */
    assert_int_equal(end_of(add_text_without_memory), 2);
    assert_int_equal(end_of(show_a_row_without_memory), 2); /* a text is never shown as a null */
}

static void without_memory_a_text_has_no_colours(void **state)
{
    static const char text[] = "select 1";
    uint8_t styles[sizeof text];

    (void)state;
    memory_start_failing(0, true);
    highlight(text, strlen(text), SIZE_MAX, 0, strlen(text), styles);
    memory_stop_failing();
    for (size_t i = 0; i < strlen(text); i++)
        assert_int_equal(styles[i], STYLE_PLAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_signal_removes_what_is_unfinished, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_signal_that_is_ignored_stays_ignored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_signal_lets_a_statement_take_its_file_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_late_alarm_interrupts_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_check_that_is_interrupted_is_no_success, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ctrl_c_is_remembered_where_nothing_runs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_memory_the_program_ends_with_status_2, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_memory_a_text_has_no_colours, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
