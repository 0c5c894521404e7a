/* option_sets.c - the same random statements with many sets of options: the answers are the same, also the messages of
 * failures, also when the database is closed and opened in between.
 *   option_sets [SEED [STATEMENTS]]      seed 0: from the clock; databases go to $TMPDIR */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "script.h"

enum { OPTIONS_MOST = 8 };

struct option_set {
    const char *name;
    bool in_directory;
    int reopen_every;     /* statements; 0: never */
    bool leaves_files_be; /* the statements' checkpoints and compactions are left out */
    struct {
        const char *name, *value;
    } options[OPTIONS_MOST];
};

/* The first gives the answers that all others must give. */
static const struct option_set sets[] = {
    {"defaults, in memory", false, 0, true, {{NULL, NULL}}},
    {"defaults, in a directory", true, 0, false, {{NULL, NULL}}},
    {"opened again after every 50 statements", true, 50, true, {{"sync", "off"}}},
    {"opened again after every 7 statements", true, 7, false, {{"sync", "off"}, {"memtable_size", "8KiB"}}},
    {"blocks of 16 rows", false, 0, false, {{"block_rows", "16"}}},
    {"blocks of 17 rows, without compression", false, 0, false, {{"block_rows", "17"}, {"compress", "off"}}},
    {"memtables of 4 KiB", false, 0, false, {{"memtable_size", "4KiB"}}},
    {"memtables of 4 KiB, files of 4 KiB", false, 0, false, {{"memtable_size", "4KiB"}, {"sstable_size", "4KiB"}}},
    {"compaction from 2 files on", false, 0, false, {{"memtable_size", "8KiB"}, {"level0_files", "2"}}},
    {"compaction from 100 files on", false, 0, true, {{"memtable_size", "4KiB"}, {"level0_files", "100"}}},
    {"no background threads", false, 0, false, {{"background", "off"}, {"memtable_size", "4KiB"}}},
    {"no background threads, in a directory",
     true,
     100,
     false,
     {{"background", "off"}, {"memtable_size", "4KiB"}, {"level0_files", "2"}, {"sync", "off"}}},
    {"1 MiB of memory", true, 0, false, {{"memory_limit", "1MiB"}, {"sync", "off"}}},
    {"2 MiB of memory, small blocks",
     false,
     0,
     false,
     {{"memory_limit", "2MiB"}, {"block_rows", "16"}, {"memtable_size", "4KiB"}, {"sstable_size", "8KiB"}}},
    {"one thread", false, 0, false, {{"threads", "1"}, {"memtable_size", "8KiB"}}},
    {"4 threads, a row at a time", false, 0, false, {{"threads", "4"}, {"morsel_rows", "1"}}},
    {"7 threads, 10 rows at a time, small files",
     false,
     0,
     false,
     {{"threads", "7"}, {"morsel_rows", "10"}, {"memtable_size", "4KiB"}, {"block_rows", "16"}}},
    {"sync normal, small segments of the log", true, 200, false, {{"sync", "normal"}, {"wal_segment_size", "64KiB"}}},
    {"plans shared from the first statement on", false, 0, false, {{"plan_sharing", "always"}}},
    {"plans never shared, compression off, small files",
     true,
     300,
     false,
     {{"plan_sharing", "off"}, {"compress", "off"}, {"memtable_size", "8KiB"}, {"sync", "off"}}},
    {"everything small",
     true,
     33,
     false,
     {{"memory_limit", "1MiB"},
      {"memtable_size", "4KiB"},
      {"sstable_size", "4KiB"},
      {"wal_segment_size", "64KiB"},
      {"block_rows", "16"},
      {"level0_files", "2"},
      {"morsel_rows", "1"},
      {"sync", "off"}}},
};
enum { SET_COUNT = sizeof sets / sizeof sets[0] };

/* ---- the databases ---- */

static char folder[4096];

static void path_of(int set, char path[sizeof folder + 16])
{
    if (sets[set].in_directory)
        snprintf(path, sizeof folder + 16, "%s/%d", folder, set);
    else
        snprintf(path, sizeof folder + 16, ":memory:");
}

static ssql_conn *open_set(int set)
{
    char path[sizeof folder + 16];
    ssql_options *options;
    ssql_db *db;
    ssql_conn *connection;

    path_of(set, path);
    if (ssql_options_new(&options) != SSQL_OK)
        give_up("out of memory");
    for (int i = 0; i < OPTIONS_MOST && sets[set].options[i].name != NULL; i++)
        if (ssql_options_set(options, sets[set].options[i].name, sets[set].options[i].value) != SSQL_OK)
            give_up(ssql_options_errmsg(options));
    if (ssql_open_with(path, options, &db) != SSQL_OK)
        give_up(ssql_options_errmsg(options));
    ssql_options_free(options);
    if (ssql_connect(db, &connection) != SSQL_OK || ssql_close(db) != SSQL_OK)
        give_up("cannot connect");
    return connection;
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)status;
    (void)flag;
    (void)place;
    return remove(path);
}

static void remove_folder(void)
{
    enum { OPEN_FOLDERS = 16 };

    if (nftw(folder, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) != 0)
        give_up("cannot remove its databases");
}

static void make_folder(void)
{
    const char *parent = getenv("TMPDIR");

    snprintf(folder, sizeof folder, "%s/option-sets-XXXXXX", parent == NULL ? "/tmp" : parent);
    if (mkdtemp(folder) == NULL)
        give_up("cannot make a directory");
}

/* ---- comparing ---- */

/* One statement of the stream; the connection may be another one afterwards. */
static void run_line(int set, const struct script_line *line, ssql_conn *connection, struct answer *answer)
{
    if (line->shape != SHAPE_STIR) {
        answer_of_ssql(connection, line->ssql, answer);
        if (line->shape == SHAPE_ROWS)
            answer_sort(answer);
    } else if (!sets[set].leaves_files_be &&
               (strcmp(line->ssql, "compact") == 0 ? ssql_compact : ssql_checkpoint)(connection) != SSQL_OK) {
        give_up(ssql_errmsg(connection));
    }
}

/* Which of several rows an `insert … select` complains of depends on the order in which it reads, which is not
 * promised: of these failures the kind is compared, of others the message. */
static bool is_same(const struct answer *left, const struct answer *right, const struct script_line *line)
{
    bool is_order_free = strncmp(line->ssql, "insert", 6) == 0 && strstr(line->ssql, " select ") != NULL;

    return answers_agree(left, right, line->shape) && strcmp(left->state, right->state) == 0 &&
           (is_order_free || strcmp(left->message, right->message) == 0);
}

/* `wanted` has an answer for every statement, or none yet (set 0), which then are given. */
static bool run_set(int set, const struct script *script, const bool *in_transaction, struct answer *wanted)
{
    ssql_conn *connection = open_set(set);
    bool same = true;

    for (size_t i = 0; i < script->count && same; i++) {
        struct answer answer = {0};
        run_line(set, &script->lines[i], connection, &answer);
        if (set == 0) {
            wanted[i] = answer;
            continue;
        }
        same = is_same(&wanted[i], &answer, &script->lines[i]);
        if (!same) {
            printf("statement %zu: other answers with these options: %s\n    %s;\n", i + 1, sets[set].name,
                   script->lines[i].ssql);
            answer_print("first", &wanted[i], &answer);
            answer_print("these", &answer, &wanted[i]);
        }
        answer_clear(&answer);
        if (sets[set].reopen_every > 0 && (i + 1) % (size_t)sets[set].reopen_every == 0 && !in_transaction[i]) {
            ssql_disconnect(connection);
            connection = open_set(set);
        }
    }
    ssql_disconnect(connection);
    return same;
}

static void make_script(uint64_t seed, size_t count, struct script *script, bool *in_transaction)
{
    static struct statement statement; /* large */
    struct generator generator;

    generator_start(&generator, seed);
    for (size_t i = 0; i < count; i++) {
        generator_next(&generator, &statement);
        script_add(script, &statement);
        in_transaction[i] = statement.is_in_transaction;
    }
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    size_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000;
    struct script script = {0};
    bool *in_transaction = calloc(count + 1, sizeof *in_transaction), same = true;
    struct answer *wanted = calloc(count + 1, sizeof *wanted);

    if (in_transaction == NULL || wanted == NULL)
        give_up("out of memory");
    if (seed == 0)
        seed = (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    make_folder();
    make_script(seed, count, &script, in_transaction);
    for (int set = 0; set < SET_COUNT && same; set++)
        same = run_set(set, &script, in_transaction, wanted);
    remove_folder();
    if (same)
        printf("%zu statements give the same answers with %d sets of options\n", count, SET_COUNT);
    for (size_t i = 0; i < count; i++)
        answer_clear(&wanted[i]);
    script_clear(&script);
    free(wanted);
    free(in_transaction);
    return same ? 0 : 1;
}
