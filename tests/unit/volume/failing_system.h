/* failing_system.h - system calls of the volume that fail on demand, for one test program: it defines what they are led
 * to (--wrap, cmake/library_tests.cmake), so it is included once in a program. What the test itself calls is led here,
 * too, which makes no difference while no fault is set. Syncs are counted and not carried out: no power is cut here.
 * One thread. */
#ifndef SSQL_TESTS_UNIT_VOLUME_FAILING_SYSTEM_H
#define SSQL_TESTS_UNIT_VOLUME_FAILING_SYSTEM_H

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum system_call {
    CALL_OPEN,
    CALL_OPENAT,
    CALL_CLOSE,
    CALL_READ,
    CALL_WRITE,
    CALL_PREAD,
    CALL_PWRITE,
    CALL_STAT,
    CALL_LSTAT,
    CALL_FSTAT,
    CALL_FSTATAT,
    CALL_ACCESS,
    CALL_FACCESSAT,
    CALL_UNLINKAT,
    CALL_RENAMEAT,
    CALL_RENAMEAT2,
    CALL_LINKAT,
    CALL_MKDIR,
    CALL_MKDIRAT,
    CALL_RMDIR,
    CALL_FSYNC,
    CALL_FDATASYNC,
    CALL_FTRUNCATE,
    CALL_FALLOCATE,
    CALL_SYNC_FILE_RANGE,
    CALL_FCNTL,
    CALL_FCHMOD,
    CALL_DUP,
    CALL_LSEEK,
    CALL_FDOPENDIR,
    CALL_READDIR,
    CALL_REALPATH,
    CALL_STRDUP,
    CALL_STRNDUP,
    CALL_MMAP,
    SYSTEM_CALLS
};

/* What happens instead of an error with that number. */
enum {
    CALL_ENDS = 0,     /* reading or writing does nothing, and says so */
    CALL_HALVES = -1,  /* reading or writing does half of what it is asked for */
    CALL_GOES_ON = -2, /* `meanwhile` is called, then all is as ever */
};

enum { SYSTEM_FAULTS_MOST = 4 };
#define EVERY_CALL UINT64_MAX
#define BIT(call)  (UINT64_C(1) << (call))

struct system_fault {
    uint64_t calls; /* bits of those that it strikes */
    long after;     /* so many of them still succeed */
    bool for_ever;
    int number;
    void (*meanwhile)(void); /* what somebody else does just before the call; NULL: nothing */
    bool has_struck;
};

static struct system_fault system_faults[SYSTEM_FAULTS_MOST];
static unsigned system_fault_count;

/* Besides those that are set already. */
static inline void system_fail(struct system_fault fault)
{
    assert(system_fault_count < SYSTEM_FAULTS_MOST);
    system_faults[system_fault_count++] = fault;
}

/* The next call of that kind fails. */
static inline void system_fail_once(enum system_call call, int number)
{
    system_fail((struct system_fault){.calls = BIT(call), .number = number});
}

static inline void system_fail_always(enum system_call call, int number)
{
    system_fail((struct system_fault){.calls = BIT(call), .number = number, .for_ever = true});
}

/* Nothing fails any more. Whether all the faults that were set have struck. */
static inline bool system_recover(void)
{
    bool have_struck = true;

    for (unsigned i = 0; i < system_fault_count; i++)
        have_struck = have_struck && system_faults[i].has_struck;
    system_fault_count = 0;
    return have_struck;
}

static const struct system_fault *fault_of(enum system_call call)
{
    for (unsigned i = 0; i < system_fault_count; i++) {
        struct system_fault *fault = &system_faults[i];
        if ((fault->calls & BIT(call)) == 0 || (fault->has_struck && !fault->for_ever))
            continue;
        if (fault->after-- > 0)
            continue;
        fault->has_struck = true;
        if (fault->meanwhile != NULL)
            fault->meanwhile();
        return fault->number == CALL_GOES_ON ? NULL : fault;
    }
    return NULL;
}

/* For calls that have no way of ending early: these two go on instead. */
static bool call_fails(enum system_call call)
{
    const struct system_fault *fault = fault_of(call);

    if (fault == NULL || fault->number <= 0)
        return false;
    errno = fault->number;
    return true;
}

/* For reading and writing: false, with the size to go on with, or what to answer. */
static bool transfer_fails(enum system_call call, size_t *size, ssize_t *answer)
{
    const struct system_fault *fault = fault_of(call);

    if (fault == NULL)
        return false;
    if (fault->number == CALL_HALVES) {
        *size = *size > 1 ? *size / 2 : *size;
        return false;
    }
    *answer = fault->number == CALL_ENDS ? 0 : -1;
    errno = fault->number;
    return true;
}

int __real_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, mode_t mode);
int __real_openat(int fd, const char *path, int flags, mode_t mode);
int __wrap_openat(int fd, const char *path, int flags, mode_t mode);
int __real_close(int fd);
int __wrap_close(int fd);
ssize_t __real_read(int fd, void *bytes, size_t size);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
ssize_t __real_pread(int fd, void *bytes, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *bytes, size_t size, off_t offset);
ssize_t __real_pwrite(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t offset);
int __real_stat(const char *path, struct stat *status);
int __wrap_stat(const char *path, struct stat *status);
int __real_lstat(const char *path, struct stat *status);
int __wrap_lstat(const char *path, struct stat *status);
int __real_fstat(int fd, struct stat *status);
int __wrap_fstat(int fd, struct stat *status);
int __real_fstatat(int fd, const char *path, struct stat *status, int flags);
int __wrap_fstatat(int fd, const char *path, struct stat *status, int flags);
int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);
int __real_faccessat(int fd, const char *path, int mode, int flags);
int __wrap_faccessat(int fd, const char *path, int mode, int flags);
int __real_unlinkat(int fd, const char *path, int flags);
int __wrap_unlinkat(int fd, const char *path, int flags);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __real_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags);
int __wrap_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags);
int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __real_mkdirat(int fd, const char *path, mode_t mode);
int __wrap_mkdirat(int fd, const char *path, mode_t mode);
int __real_rmdir(const char *path);
int __wrap_rmdir(const char *path);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __real_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size);
int __real_fallocate(int fd, int mode, off_t offset, off_t size);
int __wrap_fallocate(int fd, int mode, off_t offset, off_t size);
int __wrap_sync_file_range(int fd, off_t offset, off_t size, unsigned flags);
int __real_fcntl(int fd, int command, void *argument);
int __wrap_fcntl(int fd, int command, void *argument);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __real_dup(int fd);
int __wrap_dup(int fd);
off_t __real_lseek(int fd, off_t offset, int whence);
off_t __wrap_lseek(int fd, off_t offset, int whence);
DIR *__real_fdopendir(int fd);
DIR *__wrap_fdopendir(int fd);
struct dirent *__real_readdir(DIR *stream);
struct dirent *__wrap_readdir(DIR *stream);
char *__real_realpath(const char *path, char *resolved);
char *__wrap_realpath(const char *path, char *resolved);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
char *__wrap_strndup(const char *text, size_t size);
void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);

int __wrap_open(const char *path, int flags, mode_t mode)
{
    return call_fails(CALL_OPEN) ? -1 : __real_open(path, flags, mode);
}

int __wrap_openat(int fd, const char *path, int flags, mode_t mode)
{
    return call_fails(CALL_OPENAT) ? -1 : __real_openat(fd, path, flags, mode);
}

/* The descriptor is gone in either case. */
int __wrap_close(int fd)
{
    bool fails = call_fails(CALL_CLOSE);
    int number = errno, result = __real_close(fd);

    if (fails)
        errno = number;
    return fails ? -1 : result;
}

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
    ssize_t answer;

    return transfer_fails(CALL_READ, &size, &answer) ? answer : __real_read(fd, bytes, size);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    ssize_t answer;

    return transfer_fails(CALL_WRITE, &size, &answer) ? answer : __real_write(fd, bytes, size);
}

ssize_t __wrap_pread(int fd, void *bytes, size_t size, off_t offset)
{
    ssize_t answer;

    return transfer_fails(CALL_PREAD, &size, &answer) ? answer : __real_pread(fd, bytes, size, offset);
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    ssize_t answer;

    return transfer_fails(CALL_PWRITE, &size, &answer) ? answer : __real_pwrite(fd, bytes, size, offset);
}

int __wrap_stat(const char *path, struct stat *status)
{
    return call_fails(CALL_STAT) ? -1 : __real_stat(path, status);
}

int __wrap_lstat(const char *path, struct stat *status)
{
    return call_fails(CALL_LSTAT) ? -1 : __real_lstat(path, status);
}

int __wrap_fstat(int fd, struct stat *status)
{
    return call_fails(CALL_FSTAT) ? -1 : __real_fstat(fd, status);
}

int __wrap_fstatat(int fd, const char *path, struct stat *status, int flags)
{
    return call_fails(CALL_FSTATAT) ? -1 : __real_fstatat(fd, path, status, flags);
}

int __wrap_access(const char *path, int mode)
{
    return call_fails(CALL_ACCESS) ? -1 : __real_access(path, mode);
}

int __wrap_faccessat(int fd, const char *path, int mode, int flags)
{
    return call_fails(CALL_FACCESSAT) ? -1 : __real_faccessat(fd, path, mode, flags);
}

int __wrap_unlinkat(int fd, const char *path, int flags)
{
    return call_fails(CALL_UNLINKAT) ? -1 : __real_unlinkat(fd, path, flags);
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    return call_fails(CALL_RENAMEAT) ? -1 : __real_renameat(from_fd, from, to_fd, to);
}

int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    return call_fails(CALL_RENAMEAT2) ? -1 : __real_renameat2(from_fd, from, to_fd, to, flags);
}

int __wrap_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    return call_fails(CALL_LINKAT) ? -1 : __real_linkat(from_fd, from, to_fd, to, flags);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    return call_fails(CALL_MKDIR) ? -1 : __real_mkdir(path, mode);
}

int __wrap_mkdirat(int fd, const char *path, mode_t mode)
{
    return call_fails(CALL_MKDIRAT) ? -1 : __real_mkdirat(fd, path, mode);
}

int __wrap_rmdir(const char *path)
{
    return call_fails(CALL_RMDIR) ? -1 : __real_rmdir(path);
}

int __wrap_fsync(int fd)
{
    (void)fd;
    return call_fails(CALL_FSYNC) ? -1 : 0;
}

int __wrap_fdatasync(int fd)
{
    (void)fd;
    return call_fails(CALL_FDATASYNC) ? -1 : 0;
}

int __wrap_ftruncate(int fd, off_t size)
{
    return call_fails(CALL_FTRUNCATE) ? -1 : __real_ftruncate(fd, size);
}

int __wrap_fallocate(int fd, int mode, off_t offset, off_t size)
{
    return call_fails(CALL_FALLOCATE) ? -1 : __real_fallocate(fd, mode, offset, size);
}

int __wrap_sync_file_range(int fd, off_t offset, off_t size, unsigned flags)
{
    (void)fd, (void)offset, (void)size, (void)flags;
    return call_fails(CALL_SYNC_FILE_RANGE) ? -1 : 0;
}

int __wrap_fcntl(int fd, int command, void *argument)
{
    return call_fails(CALL_FCNTL) ? -1 : __real_fcntl(fd, command, argument);
}

int __wrap_fchmod(int fd, mode_t mode)
{
    return call_fails(CALL_FCHMOD) ? -1 : __real_fchmod(fd, mode);
}

int __wrap_dup(int fd)
{
    return call_fails(CALL_DUP) ? -1 : __real_dup(fd);
}

off_t __wrap_lseek(int fd, off_t offset, int whence)
{
    return call_fails(CALL_LSEEK) ? -1 : __real_lseek(fd, offset, whence);
}

DIR *__wrap_fdopendir(int fd)
{
    return call_fails(CALL_FDOPENDIR) ? NULL : __real_fdopendir(fd);
}

struct dirent *__wrap_readdir(DIR *stream)
{
    return call_fails(CALL_READDIR) ? NULL : __real_readdir(stream);
}

char *__wrap_realpath(const char *path, char *resolved)
{
    return call_fails(CALL_REALPATH) ? NULL : __real_realpath(path, resolved);
}

char *__wrap_strdup(const char *text)
{
    return call_fails(CALL_STRDUP) ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
    return call_fails(CALL_STRNDUP) ? NULL : __real_strndup(text, size);
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return call_fails(CALL_MMAP) ? MAP_FAILED : __real_mmap(at, size, protection, flags, fd, offset);
}

#endif
