/* random_damage.c - whatever happens to a byte, a sector or a whole file of a closed database, its answers are the
 * right rows or an error; and a check finds the damage.
 *
 *     random_damage [SEED [DAMAGES [small|large [FIRST]]]]     seed 0: from the clock; default 1 and 300.
 *
 * `large`: a database of more than 100,000 rows in more than 50 files, and fewer questions about it. FIRST: the number
 * of the first damage, to repeat one that was told. Databases go to $TMPDIR.
 *
 * Each damage is tried in a process of its own: a crash or a hang is told with its seed and number. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "questions.h"
#include "tree.h"

enum { SECTOR = 512, PATIENCE_SECONDS = 60, STAGES = 3 };

/* ---- chance ---- */

static uint64_t random_state;

static uint64_t random_bits(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * UINT64_C(0x2545F4914F6CDD1D);
}

static size_t random_below(size_t below)
{
    return (size_t)((random_bits() >> 11) % below);
}

static void random_start(uint64_t seed, uint64_t number)
{
    random_state = (seed * UINT64_C(0x9E3779B97F4A7C15) + number * UINT64_C(0xD1B54A32D192ED03)) | 1;
    for (int i = 0; i < 8; i++)
        random_bits();
}

/* ---- the database ---- */

/* Small files of few rows, so that there are many of them. */
static const struct scale {
    const char *options[20];
    int rows; /* of the keys that a stage draws from */
    bool is_large;
} scales[] = {
    {.options = {"memtable_size", "32KiB", "sstable_size", "16KiB", "block_rows", "64", "level0_files", "2", "sync",
                 "off", "must_exist", "off", "wal_segment_size", "64KiB"},
     .rows = 2400},
    {.options = {"memtable_size", "256KiB", "sstable_size", "64KiB", "block_rows", "256", "level0_files", "2", "sync",
                 "off", "must_exist", "off", "wal_segment_size", "256KiB"},
     .rows = 240000,
     .is_large = true},
};

static const struct scale *scale = &scales[0];

static struct opened open_scaled(const char *path, const char *readonly)
{
    const char *options[20];
    size_t count = 0;

    for (; scale->options[count] != NULL; count++)
        options[count] = scale->options[count];
    options[count] = "readonly";
    options[count + 1] = readonly;
    options[count + 2] = NULL;
    return open_database(path, options);
}

/* One statement for some rows: upsert into TABLE values (…), (…), … */
struct upsert {
    const char *table;
    char text[12000];
    size_t size;
};

static void upsert_send(struct opened *opened, struct upsert *upsert)
{
    if (upsert->size > 0)
        execute_text(opened, upsert->text, upsert->size);
    upsert->size = 0;
}

__attribute__((format(printf, 3, 4))) static void upsert_add(struct opened *opened, struct upsert *upsert,
                                                             const char *format, ...)
{
    va_list arguments;

    if (upsert->size > sizeof upsert->text - 200)
        upsert_send(opened, upsert);
    upsert->size += (size_t)sprintf(upsert->text + upsert->size, upsert->size == 0 ? "upsert into %s values " : ", ",
                                    upsert->table);
    va_start(arguments, format);
    upsert->size += (size_t)vsnprintf(upsert->text + upsert->size, 150, format, arguments);
    va_end(arguments);
}

static void fill(struct opened *opened, int stage)
{
    static struct upsert people = {.table = "people"}, words = {.table = "words"}, visits = {.table = "visits"};

    execute(opened, "begin");
    for (int i = 0; i < scale->rows / STAGES; i++) {
        int id = (int)random_below((size_t)scale->rows), day = (int)random_below(60);
        upsert_add(opened, &people, "(%d, 'person %d of stage %d', %d, %d.25, %s)", id, id, stage,
                   (int)random_below(1000), day, day % 2 == 0 ? "true" : "null");
        upsert_add(opened, &words, "('%c%d', %d)", 'a' + id % 26, id % 700, stage);
        upsert_add(opened, &visits, "('town %d', %d, %d)", id % 20, day, stage * 1000 + i);
        if (i % 100 == 99) {
            upsert_send(opened, &people);
            upsert_send(opened, &words);
            upsert_send(opened, &visits);
            execute(opened, "commit; begin");
        }
    }
    execute(opened, "commit");
    execute(opened, "delete from people where id %% 7 == %d; delete from visits where day == %d", stage, stage);
}

/* The master is closed with rows in files of several levels and, of its last stage, in the log. */
static void make_master(const char *path, struct tree olds[STAGES - 1])
{
    for (int stage = 0; stage < STAGES; stage++) {
        struct opened opened = open_scaled(path, "off");
        if (opened.code != SSQL_OK)
            give_up(opened.message);
        if (stage == 0)
            execute(&opened, "create table people { id int primary, name string, n int, share float, open bool };"
                             "create table words { word string primary, stage int not null };"
                             "create table visits { town string, day int, guests int, primary key (town, day) }");
        fill(&opened, stage);
        close_database(&opened);
        if (stage + 1 < STAGES)
            tree_read(path, &olds[stage]);
    }
}

/* ---- questions ---- */

static struct questions questions;

static void add_points(int count)
{
    for (int i = 0; i < count; i++) {
        questions_add(&questions, "select * from people where id == %d", (int)random_below((size_t)scale->rows));
        questions_add(&questions, "select * from words where word == '%c%d'", 'a' + (int)random_below(26),
                      (int)random_below(700));
        questions_add(&questions, "select * from visits where town == 'town %d' and day == %d", (int)random_below(20),
                      (int)random_below(60));
    }
}

static void make_questions(void)
{
    if (!scale->is_large) {
        questions_add(&questions, "select * from people order by id");
        questions_add(&questions, "select * from words order by word");
        questions_add(&questions, "select * from visits order by town, day");
        questions_add(&questions, "select id, n from people where share > 50 order by id");
    }
    questions_add(&questions, "select count(*), sum(id), sum(n), min(name), max(share), count(open) from people");
    questions_add(&questions, "select count(*) from people where n < 20");
    questions_add(&questions, "select * from people where id between %d and %d", scale->rows / 2,
                  scale->rows / 2 + 500);
    questions_add(&questions, "select stage, count(*), min(word) from words group by stage order by stage");
    questions_add(&questions, "select count(*), sum(guests) from visits where town between 'town 11' and 'town 14'");
    add_points(scale->is_large ? 4 : 12);
}

/* ---- damages ---- */

enum damage_kind {
    BIT,
    BYTE,
    SECTOR_ZEROED,
    SECTOR_OTHER,
    CUT,
    SECTORS_SWAPPED,
    OTHER_FILE,
    OLDER_FILE,
    REMOVED,
    KINDS
};

static const char *const kind_names[KINDS] = {
    "a flipped bit",       "another byte", "a sector of zeros",   "a random sector", "cut off",
    "two sectors swapped", "another file", "an older copy of it", "removed"};

struct damage {
    enum damage_kind kind;
    const struct file *file;
    uint8_t *bytes; /* that the file has afterwards; NULL: none */
    size_t size;
    size_t place;
};

static size_t random_sector(size_t size)
{
    return random_below((size + SECTOR - 1) / SECTOR) * SECTOR;
}

static size_t sector_size(size_t place, size_t size)
{
    return size - place < SECTOR ? size - place : SECTOR;
}

static void swap_sectors(struct damage *damage)
{
    uint8_t held[SECTOR];
    size_t other = random_sector(damage->size);
    size_t size = sector_size(damage->place > other ? damage->place : other, damage->size);

    memcpy(held, damage->bytes + other, size);
    memmove(damage->bytes + other, damage->bytes + damage->place, size);
    memcpy(damage->bytes + damage->place, held, size);
}

static void replace_bytes(struct damage *damage, const struct file *by)
{
    damage->bytes = realloc(damage->bytes, by->size + 1);
    if (damage->bytes == NULL)
        give_up("out of memory");
    memcpy(damage->bytes, by->bytes, by->size);
    damage->size = by->size;
    damage->place = 0;
}

/* Every file is hit as often as any other half of the time, else by its size. The lock holds no data. */
static const struct file *pick_file(const struct tree *tree)
{
    const struct file *file;

    do {
        if (random_below(2) == 0) {
            file = &tree->files[random_below(tree->count)];
        } else {
            size_t place = random_below(tree->bytes), i = 0;
            while (place >= tree->files[i].size)
                place -= tree->files[i++].size;
            file = &tree->files[i];
        }
    } while (strcmp(file->path, "lock") == 0 || file->size == 0);
    return file;
}

static void spoil(struct damage *damage, const struct tree *master, const struct tree *olds)
{
    const struct file *old;

    switch (damage->kind) {
    case BIT: damage->bytes[damage->place] ^= (uint8_t)(1u << random_below(8)); return;
    case BYTE: damage->bytes[damage->place] = (uint8_t)random_bits(); return;
    case SECTOR_ZEROED:
        damage->place = random_sector(damage->size);
        memset(damage->bytes + damage->place, 0, sector_size(damage->place, damage->size));
        return;
    case SECTOR_OTHER:
        damage->place = random_sector(damage->size);
        for (size_t i = 0; i < sector_size(damage->place, damage->size); i++)
            damage->bytes[damage->place + i] = (uint8_t)random_bits();
        return;
    case CUT: damage->size = damage->place; return;
    case SECTORS_SWAPPED:
        damage->place = random_sector(damage->size);
        swap_sectors(damage);
        return;
    case OTHER_FILE: replace_bytes(damage, pick_file(master)); return;
    case OLDER_FILE:
        old = tree_find(&olds[random_below(STAGES - 1)], damage->file->path);
        if (old != NULL)
            replace_bytes(damage, old);
        return;
    case REMOVED:
        free(damage->bytes);
        damage->bytes = NULL;
        return;
    case KINDS: return;
    }
}

static struct damage make_damage(const struct tree *master, const struct tree *olds)
{
    struct damage damage = {.kind = (enum damage_kind)random_below(KINDS), .file = pick_file(master)};

    damage.size = damage.file->size;
    damage.place = random_below(damage.size);
    damage.bytes = malloc(damage.size + 1);
    if (damage.bytes == NULL)
        give_up("out of memory");
    memcpy(damage.bytes, damage.file->bytes, damage.size);
    spoil(&damage, master, olds);
    return damage;
}

static bool is_effective(const struct damage *damage)
{
    return damage->bytes == NULL || damage->size != damage->file->size ||
           memcmp(damage->bytes, damage->file->bytes, damage->size) != 0;
}

/* ---- one damage ---- */

/* Shared with the processes of the damages. */
struct totals {
    unsigned refused, failed,
        right; /* damaged databases: not opened; with some failed query; with right answers only */
    unsigned errors, answers;
};

static _Noreturn void complain(const struct damage *damage, const char *what, const char *more)
{
    printf("%s: %s at byte %zu: %s: %s\n", damage->file->path, kind_names[damage->kind], damage->place, what, more);
    fflush(stdout);
    _exit(1);
}

static void ask_everything(struct opened *opened, const struct damage *damage, struct totals *totals)
{
    unsigned errors = 0;

    for (size_t i = 0; i < questions.count; i++) {
        int code = question_ask(&questions.questions[i], opened->connection);
        if (code == -1)
            complain(damage, "other rows and no error", questions.questions[i].text);
        if (code != SSQL_DONE && !is_clear_error(code, ssql_errmsg(opened->connection)))
            complain(damage, "no clear error", ssql_errmsg(opened->connection));
        errors += code != SSQL_DONE;
    }
    totals->errors += errors;
    totals->answers += (unsigned)questions.count - errors;
    totals->failed += errors > 0;
    totals->right += errors == 0;
}

static void try_damage(const char *path, const struct damage *damage, const char *readonly, struct totals *totals)
{
    alarm(PATIENCE_SECONDS);
    int found = ssql_check(path, NULL, NULL, NULL);
    if (found == SSQL_OK)
        complain(damage, "the check finds nothing", "");
    struct opened opened = open_scaled(path, readonly);
    if (opened.code == SSQL_OK)
        ask_everything(&opened, damage, totals);
    else if (!is_clear_error(opened.code, opened.message))
        complain(damage, "not opened, without a clear error", opened.message);
    else
        totals->refused++;
    close_database(&opened);
}

static bool run_damage(const char *path, const struct damage *damage, struct totals *totals)
{
    const char *readonly = random_below(4) == 0 ? "off" : "on";
    int status = 0;

    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        try_damage(path, damage, readonly, totals);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        give_up("cannot run a process");
    if (WIFSIGNALED(status))
        printf("%s: %s at byte %zu: signal %d\n", damage->file->path, kind_names[damage->kind], damage->place,
               WTERMSIG(status));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- all ---- */

struct place {
    char folder[400], master[420], damaged[420];
};

static long long count_rows(const char *path)
{
    static const char *const texts[] = {"select count(*) from people", "select count(*) from words",
                                        "select count(*) from visits"};
    struct opened opened = open_scaled(path, "on");
    long long rows = 0;

    for (size_t i = 0; opened.code == SSQL_OK && i < 3; i++) {
        ssql_stmt *statement = NULL;
        if (ssql_prepare(opened.connection, texts[i], strlen(texts[i]), &statement, NULL) != SSQL_OK ||
            ssql_step(statement) != SSQL_ROW)
            give_up(ssql_errmsg(opened.connection));
        rows += ssql_column_int(statement, 0);
        ssql_finalize(statement);
    }
    close_database(&opened);
    return rows;
}

static bool run_all(const struct place *place, uint64_t seed, unsigned count, unsigned first, struct totals *totals)
{
    static struct tree master, olds[STAGES - 1]; /* large */
    unsigned done = 0, number = first;
    bool well = true;

    random_start(seed, 0);
    make_master(place->master, olds);
    make_questions();
    questions_learn(&questions, place->master, (const char *const[]){"readonly", "on", NULL});
    tree_read(place->master, &master);
    while (well && done < count) {
        random_start(seed, number);
        struct damage damage = make_damage(&master, olds);
        if (is_effective(&damage)) {
            tree_link(&master, place->master, place->damaged, damage.file, damage.bytes, damage.size);
            well = run_damage(place->damaged, &damage, totals);
            if (!well)
                printf("to repeat: random_damage %llu 1 %s %u\n", (unsigned long long)seed,
                       scale->is_large ? "large" : "small", number);
            tree_remove(place->damaged);
            done++;
        }
        free(damage.bytes);
        number++;
    }
    if (well)
        printf("%u damages of %zu files with %lld rows: %u refused, %u with failed queries, %u with right answers "
               "only; %u answers, "
               "%u errors\n",
               done, master.count, count_rows(place->master), totals->refused, totals->failed, totals->right,
               totals->answers, totals->errors);
    tree_clear(&master);
    for (int i = 0; i < STAGES - 1; i++)
        tree_clear(&olds[i]);
    questions_clear(&questions);
    return well;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 300;
    unsigned first = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 1;
    const char *parent = getenv("TMPDIR");
    struct place place;
    scale = &scales[argc > 3 && strcmp(argv[3], "large") == 0];
    struct totals *totals = mmap(NULL, sizeof *totals, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (totals == MAP_FAILED)
        give_up(strerror(errno));
    if (seed == 0)
        seed = (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)seed);
    if (snprintf(place.folder, sizeof place.folder, "%s/ssql-damage-XXXXXX", parent == NULL ? "/tmp" : parent) >=
            (int)sizeof place.folder ||
        mkdtemp(place.folder) == NULL)
        give_up("cannot make a directory");
    snprintf(place.master, sizeof place.master, "%s/master", place.folder);
    snprintf(place.damaged, sizeof place.damaged, "%s/damaged", place.folder);
    bool well = run_all(&place, seed, count, first, totals);
    tree_remove(place.folder);
    munmap(totals, sizeof *totals);
    return well ? 0 : 1;
}
