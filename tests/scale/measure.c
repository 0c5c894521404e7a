/* measure.c - runs a command and writes "SECONDS PEAK_KIB STATUS" to a file: how long it took, the most memory it had,
 * and how it ended (128 and the signal's number when killed).
 *
 *     measure FILE MILLISECONDS COMMAND [ARGUMENT]...
 *
 * kills it after so many milliseconds; 0: never. Exits with 0 whatever became of the command. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t child;

static void kill_child(int signal_number)
{
    (void)signal_number;
    kill(child, SIGKILL);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int write_result(const char *path, double seconds, long peak_kib, int status)
{
    FILE *file = fopen(path, "w");

    if (file == NULL)
        return 2;
    fprintf(file, "%.3f %ld %d\n", seconds, peak_kib,
            WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    return fclose(file) == 0 ? 0 : 2;
}

int main(int argc, char **argv)
{
    struct rusage usage;
    int status;

    if (argc < 4) {
        fprintf(stderr, "usage: measure FILE MILLISECONDS COMMAND [ARGUMENT]...\n");
        return 2;
    }
    long milliseconds = strtol(argv[2], NULL, 10);
    double start = now();
    pid_t started = fork();
    if (started == 0) {
        execvp(argv[3], argv + 3);
        perror(argv[3]);
        _exit(127);
    }
    if (started < 0)
        return 2;
    child = started;
    if (milliseconds > 0) {
        struct itimerval timer = {.it_value = {milliseconds / 1000, milliseconds % 1000 * 1000}};
        struct sigaction action = {.sa_handler = kill_child, .sa_flags = SA_RESTART};
        sigaction(SIGALRM, &action, NULL);
        setitimer(ITIMER_REAL, &timer, NULL);
    }
    if (wait4(started, &status, 0, &usage) != started)
        return 2;
    return write_result(argv[1], now() - start, usage.ru_maxrss, status);
}
