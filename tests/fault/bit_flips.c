/* bit_flips.c - each bit of a small closed database flipped in turn: the right rows or a clear error, and the check
 * finds it.
 *
 *     bit_flips [STEP [FIRST]]      every STEP-th bit from bit FIRST on; default 1 and 0. The database goes to $TMPDIR
 *
 * Bits are tried by the thousand in processes of their own: a crash or a hang is told with its bit. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "questions.h"
#include "tree.h"

enum { BITS_PER_PROCESS = 1000, PATIENCE_SECONDS = 300 };

static const char *const writing[] = {"background", "off", "sync", "off", "wal_segment_size", "64KiB", NULL};
static const char *const reading[] = {"readonly", "on", "threads", "1", NULL};

/* Shared with the processes of the bits. */
struct totals {
    uint64_t tried, refused, errors, answers;
    uint64_t now; /* the bit that is being tried */
};

static char folder[400], path[420];
static struct tree tree;
static struct questions questions;
static struct totals *totals;

/* Two tables: rows in files of two levels, with deletions, and in the log. */
static void make_database(void)
{
    static const char *const texts[] = {
        "create table t { id int primary, name string, n float, open bool };"
        "create table u { word string, day int, primary key (word, day) }",
        "insert into t values (1, 'one', 1.5, true), (2, 'two', null, false), (3, null, 3, null), (4, 'four', 4, true);"
        "insert into u values ('a', 1), ('a', 2), ('b', 1)",
        "upsert into t values (2, 'zwei', 2.5, true), (5, 'five', 0, false); delete from t where id == 3;"
        "delete from u where word == 'b'",
        "insert into t values (6, 'in the log', 6, null); insert into u values ('c', 3)"};
    struct opened opened = open_database(path, writing);

    if (opened.code != SSQL_OK)
        give_up(opened.message);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        execute_text(&opened, texts[i], strlen(texts[i]));
        if ((i == 1 && ssql_compact(opened.connection) != SSQL_OK) ||
            (i == 2 && ssql_checkpoint(opened.connection) != SSQL_OK))
            give_up(ssql_errmsg(opened.connection));
    }
    close_database(&opened);
}

static void make_questions(void)
{
    questions_add(&questions, "select * from t order by id");
    questions_add(&questions, "select * from u order by word, day");
    questions_add(&questions, "select count(*), sum(n), min(name) from t where id > 1");
    questions_add(&questions, "select name from t where id == 2");
    questions_add(&questions, "select name from t where id == 3");
    questions_add(&questions, "select * from u where word == 'a' and day == 2");
}

/* ---- one bit ---- */

static _Noreturn void complain(const struct file *file, uint64_t bit, const char *what, const char *more)
{
    printf("%s: bit %u of byte %llu: %s: %s\n", file->path, (unsigned)(bit % 8), (unsigned long long)(bit / 8), what,
           more);
    fflush(stdout);
    _exit(1);
}

static void flip(int fd, const struct file *file, uint64_t bit, bool is_flipped)
{
    uint8_t byte = file->bytes[bit / 8];

    if (is_flipped)
        byte ^= (uint8_t)(1u << bit % 8);
    if (pwrite(fd, &byte, 1, (off_t)(bit / 8)) != 1)
        give_up(strerror(errno));
}

static void ask_everything(struct opened *opened, const struct file *file, uint64_t bit)
{
    for (size_t i = 0; i < questions.count; i++) {
        int code = question_ask(&questions.questions[i], opened->connection);
        if (code == -1)
            complain(file, bit, "other rows and no error", questions.questions[i].text);
        if (code != SSQL_DONE && !is_clear_error(code, ssql_errmsg(opened->connection)))
            complain(file, bit, "no clear error", ssql_errmsg(opened->connection));
        totals->errors += code != SSQL_DONE;
        totals->answers += code == SSQL_DONE;
    }
}

static void try_bit(const struct file *file, uint64_t bit)
{
    int found = ssql_check(path, NULL, NULL, NULL);
    struct opened opened = open_database(path, reading);

    if (found == SSQL_OK)
        complain(file, bit, "the check finds nothing", "");
    if (opened.code == SSQL_OK)
        ask_everything(&opened, file, bit);
    else if (!is_clear_error(opened.code, opened.message))
        complain(file, bit, "not opened, without a clear error", opened.message);
    else
        totals->refused++;
    totals->tried++;
    close_database(&opened);
}

/* ---- all of them ---- */

static void try_bits(const struct file *file, uint64_t from, uint64_t to, uint64_t step)
{
    char name[900];

    snprintf(name, sizeof name, "%s/%s", path, file->path);
    int fd = open(name, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        give_up(name);
    alarm(PATIENCE_SECONDS);
    for (uint64_t bit = from; bit < to; bit += step) {
        totals->now = bit;
        flip(fd, file, bit, true);
        try_bit(file, bit);
        flip(fd, file, bit, false);
    }
    close(fd);
}

static bool run_process(const struct file *file, uint64_t from, uint64_t to, uint64_t step)
{
    int status = 0;

    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        try_bits(file, from, to, step);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        give_up("cannot run a process");
    if (WIFSIGNALED(status))
        printf("%s: bit %llu: signal %d\n", file->path, (unsigned long long)totals->now, WTERMSIG(status));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* `begin` is the first bit of the file to be tried; where the next file's begins comes back. The lock holds no data. */
static bool run_file(const struct file *file, uint64_t *begin, uint64_t step)
{
    uint64_t end = strcmp(file->path, "lock") == 0 ? 0 : (uint64_t)file->size * 8;

    while (*begin < end) {
        uint64_t to = *begin + BITS_PER_PROCESS * step < end ? *begin + BITS_PER_PROCESS * step : end;
        if (!run_process(file, *begin, to, step))
            return false;
        *begin += (to - *begin + step - 1) / step * step;
    }
    *begin -= end;
    return true;
}

static bool run_all(uint64_t step, uint64_t first)
{
    bool well = true;

    make_database();
    make_questions();
    questions_learn(&questions, path, reading);
    tree_read(path, &tree);
    for (size_t i = 0; i < tree.count && well; i++)
        well = run_file(&tree.files[i], &first, step);
    if (well)
        printf("%llu flipped bits of %zu bytes in %zu files: %llu refused, %llu right answers, %llu errors\n",
               (unsigned long long)totals->tried, tree.bytes, tree.count, (unsigned long long)totals->refused,
               (unsigned long long)totals->answers, (unsigned long long)totals->errors);
    tree_clear(&tree);
    questions_clear(&questions);
    return well;
}

int main(int argc, char **argv)
{
    uint64_t step = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, first = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    const char *parent = getenv("TMPDIR");

    totals = mmap(NULL, sizeof *totals, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (totals == MAP_FAILED)
        give_up(strerror(errno));
    if (step == 0)
        step = 1;
    if (snprintf(folder, sizeof folder, "%s/ssql-bits-XXXXXX", parent == NULL ? "/tmp" : parent) >=
            (int)sizeof folder ||
        mkdtemp(folder) == NULL)
        give_up("cannot make a directory");
    snprintf(path, sizeof path, "%s/db", folder);
    bool well = run_all(step, first);
    tree_remove(folder);
    munmap(totals, sizeof *totals);
    return well ? 0 : 1;
}
