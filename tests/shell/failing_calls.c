/* failing_calls.c - a library that is loaded before the C library (LD_PRELOAD) and lets one call of the program fail:
 * an allocation, or a call of the system. Which call is said by the way on which the program comes to it, its call
 * stack, so that it is the same in every run, whatever threads and processes do. tests/shell/failing_calls.py, which
 * this serves, says how it is used.
 * Environment: FAILING_CALLS_LOG, a file to which lines are added. Without FAILING_CALL, each call that comes on a new
 * way is a line there: name, way, the page offset of the place of the call, and the stack, innermost first, as
 * addresses of the program's file. FAILING_CALL=WAY:OFFSET:ERRNO:ONCE lets the calls on this way fail, the first of
 * each process or all; the first failure adds the line "failed NAME". Programs that this one starts are left in peace.
 * Threads: any. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { FRAMES_MOST = 64, WAYS_MOST = 1 << 16, PAGE_MASK = 0xFFF };

static struct {
    bool is_ready;
    const char *log;
    uint64_t way; /* the failing one; 0: ways are written down */
    uintptr_t offset;
    int error;
    bool once;
    atomic_bool has_failed, ends_with_program;
    uintptr_t begin, end, base; /* of the program's code; where its file's address 0 is */
    _Atomic uint64_t seen[WAYS_MOST];
} calls;

static _Thread_local bool is_inside; /* what is called from here is no call of the program */

static int find_program(struct dl_phdr_info *module, size_t size, void *context)
{
    (void)size;
    (void)context;
    calls.base = module->dlpi_addr;
    for (int i = 0; i < module->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &module->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || (part->p_flags & PF_X) == 0)
            continue;
        calls.begin = module->dlpi_addr + part->p_vaddr;
        calls.end = calls.begin + part->p_memsz;
    }
    return 1; /* the first is the program */
}

__attribute__((constructor)) static void begin(void)
{
    const char *failing = getenv("FAILING_CALL");
    void *frames[4];
    int once = 0;

    calls.log = getenv("FAILING_CALLS_LOG");
    unsetenv("LD_PRELOAD");
    if (calls.log == NULL)
        return;
    dl_iterate_phdr(find_program, NULL);
    (void)backtrace(frames, 4); /* loads what it wants once for all */
    if (failing != NULL)
        (void)sscanf(failing, "%" SCNx64 ":%" SCNxPTR ":%d:%d", &calls.way, &calls.offset, &calls.error, &once);
    calls.once = once != 0;
    calls.is_ready = true;
}

static void add_to_log(const char *line, size_t size)
{
    int file = open(calls.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    if (file >= 0) {
        (void)!write(file, line, size);
        close(file);
    }
}

/* Whether the way has not been seen before; a full set says no. */
static bool is_new(uint64_t way)
{
    for (size_t i = 0; i < WAYS_MOST; i++) {
        _Atomic uint64_t *place = &calls.seen[(way + i) % WAYS_MOST];
        uint64_t there = 0;
        if (atomic_compare_exchange_strong(place, &there, way))
            return true;
        if (there == way)
            return false;
    }
    return false;
}

static void write_down(const char *name, uint64_t way, uintptr_t offset, const uintptr_t *stack, int count)
{
    char line[128 + FRAMES_MOST * 12];
    int size = snprintf(line, sizeof line, "%s %" PRIx64 " %" PRIxPTR, name, way, offset);

    for (int i = 0; i < count; i++)
        size += snprintf(line + size, sizeof line - (size_t)size, " %" PRIxPTR, stack[i]);
    line[size++] = '\n';
    add_to_log(line, (size_t)size);
}

/* The frames of the program; returns their number. */
static int walk(uintptr_t *stack, uint64_t *way)
{
    void *frames[FRAMES_MOST];
    int count = backtrace(frames, FRAMES_MOST), kept = 0;

    *way = 0xCBF29CE484222325u;
    for (int i = 0; i < count; i++) {
        uintptr_t at = (uintptr_t)frames[i];
        if (at < calls.begin || at >= calls.end)
            continue;
        stack[kept++] = at - calls.base;
        *way = (*way ^ (at - calls.base)) * 0x100000001B3u;
    }
    return kept;
}

static void stop(void)
{
    calls.is_ready = false;
}

/* What runs at the program's end behind its own functions, such as the writing of counters, is let through. A function
 * for the end that is named by the program's first call, and not before, is called before those of the libraries. */
static void stop_at_end(const void *caller)
{
    bool is_program = (uintptr_t)caller >= calls.begin && (uintptr_t)caller < calls.end;

    if (is_program && !atomic_exchange(&calls.ends_with_program, true))
        atexit(stop);
}

static bool fails(const char *name, const void *caller)
{
    uintptr_t stack[FRAMES_MOST], offset = (uintptr_t)caller & PAGE_MASK;
    uint64_t way;
    bool failing = false;

    if (!calls.is_ready || is_inside)
        return false;
    is_inside = true;
    stop_at_end(caller);
    is_inside = false;
    if ((calls.way != 0 && offset != calls.offset) || (calls.once && atomic_load(&calls.has_failed)))
        return false;
    int kept_error = errno;
    is_inside = true;
    int count = walk(stack, &way);
    for (const char *at = name; *at != '\0'; at++)
        way = (way ^ (uint64_t)*at) * 0x100000001B3u;
    if (calls.way == 0) {
        if (count > 0 && is_new(way))
            write_down(name, way, offset, stack, count);
    } else if (way == calls.way) {
        char line[64];
        int size = snprintf(line, sizeof line, "failed %s\n", name);
        failing = true;
        if (!atomic_exchange(&calls.has_failed, true))
            add_to_log(line, (size_t)size);
    }
    is_inside = false;
    errno = failing ? calls.error : kept_error;
    return failing;
}

#define FAILS(name) fails(name, __builtin_return_address(0))

/* ---- memory: dlsym itself may allocate, so these have their other names in the C library ---- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    return FAILS("malloc") ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return FAILS("calloc") ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return FAILS("realloc") ? NULL : __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return FAILS("aligned_alloc") ? NULL : __libc_memalign(alignment, size);
}

/* ---- the system ---- */

/* A function of the C library with `failed` as its result when it fails; `names` are its arguments alone. */
#define CALL(type, name, failed, arguments, names)                                                                     \
    type name arguments                                                                                                \
    {                                                                                                                  \
        static type(*_Atomic real) arguments;                                                                          \
        if (real == NULL)                                                                                              \
            real = __extension__(type(*) arguments) dlsym(RTLD_NEXT, #name);                                           \
        return FAILS(#name) ? failed : real names;                                                                     \
    }

CALL(ssize_t, read, -1, (int file, void *to, size_t size), (file, to, size))
CALL(ssize_t, write, -1, (int file, const void *from, size_t size), (file, from, size))
CALL(ssize_t, send, -1, (int file, const void *from, size_t size, int flags), (file, from, size, flags))
CALL(int, stat, -1, (const char *path, struct stat *status), (path, status))
CALL(int, lstat, -1, (const char *path, struct stat *status), (path, status))
CALL(int, fstat, -1, (int file, struct stat *status), (file, status))
CALL(int, access, -1, (const char *path, int mode), (path, mode))
CALL(int, fchmod, -1, (int file, mode_t mode), (file, mode))
CALL(int, fsync, -1, (int file), (file))
CALL(int, ftruncate, -1, (int file, off_t size), (file, size))
CALL(int, dup, -1, (int file), (file))
CALL(int, flock, -1, (int file, int operation), (file, operation))
CALL(int, system, -1, (const char *command), (command))
CALL(int, pipe2, -1, (int ends[2], int flags), (ends, flags))
CALL(int, socketpair, -1, (int domain, int type, int protocol, int ends[2]), (domain, type, protocol, ends))
CALL(int, poll, -1, (struct pollfd * files, nfds_t count, int wait_ms), (files, count, wait_ms))
CALL(int, rename, -1, (const char *from, const char *to), (from, to))
CALL(int, unlink, -1, (const char *path), (path))
CALL(int, rmdir, -1, (const char *path), (path))
CALL(int, mkdir, -1, (const char *path, mode_t mode), (path, mode))
CALL(int, chdir, -1, (const char *path), (path))
CALL(char *, getcwd, NULL, (char *to, size_t size), (to, size))
CALL(char *, realpath, NULL, (const char *path, char *to), (path, to))
CALL(char *, mkdtemp, NULL, (char *path), (path))
CALL(int, mkostemp, -1, (char *path, int flags), (path, flags))
CALL(int, mkostemps, -1, (char *path, int ending, int flags), (path, ending, flags))
CALL(pid_t, fork, -1, (void), ())
CALL(pid_t, waitpid, -1, (pid_t process, int *status, int options), (process, status, options))
CALL(int, waitid, -1, (idtype_t kind, id_t process, siginfo_t *to, int options), (kind, process, to, options))
CALL(ssize_t, getrandom, -1, (void *to, size_t size, unsigned flags), (to, size, flags))
CALL(long, sysconf, -1, (int name), (name))
CALL(DIR *, opendir, NULL, (const char *path), (path))
CALL(int, scandir, -1,
     (const char *path, struct dirent ***to, int (*choose)(const struct dirent *),
      int (*compare)(const struct dirent **, const struct dirent **)),
     (path, to, choose, compare))
CALL(int, tcgetattr, -1, (int file, struct termios *to), (file, to))
CALL(int, tcsetattr, -1, (int file, int when, const struct termios *from), (file, when, from))
CALL(FILE *, fopen, NULL, (const char *path, const char *mode), (path, mode))
CALL(FILE *, fdopen, NULL, (int file, const char *mode), (file, mode))
CALL(FILE *, popen, NULL, (const char *command, const char *mode), (command, mode))
CALL(int, pclose, -1, (FILE * stream), (stream))
CALL(int, fflush, EOF, (FILE * stream), (stream))
CALL(int, fclose, EOF, (FILE * stream), (stream))
CALL(int, ferror, 1, (FILE * stream), (stream))
CALL(int, fputs, EOF, (const char *text, FILE *stream), (text, stream))
CALL(size_t, fwrite, 0, (const void *from, size_t size, size_t count, FILE *stream), (from, size, count, stream))
CALL(size_t, fread, 0, (void *to, size_t size, size_t count, FILE *stream), (to, size, count, stream))
CALL(char *, fgets, NULL, (char *to, int size, FILE *stream), (to, size, stream))

int open(const char *path, int flags, ...)
{
    static int (*_Atomic real)(const char *, int, ...);
    va_list arguments;

    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (real == NULL)
        real = __extension__(int (*)(const char *, int, ...)) dlsym(RTLD_NEXT, "open");
    return FAILS("open") ? -1 : real(path, flags, mode);
}
