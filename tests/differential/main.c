/* main.c - runs the same random statements in SSQL and in SQLite, and compares rows, counts and failures.
 *   differential [SEED [STATEMENTS]]      seed 0: from the clock. The seed is printed; the first difference ends the
 *                                         run, and is printed with the fewest statements and rows that show it
 *   differential --self-test              plants a fault, and expects it to be found and made small */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer.h"
#include "script.h"

struct pair {
    ssql_conn *ssql;
    sqlite3 *sqlite;
    bool has_fault; /* planted: SSQL is asked for > instead of >= */
};

enum difference_kind { AGREE, ROWS_DIFFER, ONLY_SSQL_FAILS, ONLY_SQLITE_FAILS };

struct difference {
    enum difference_kind kind;
    char state[8]; /* of SSQL's failure */
};

/* ---- the two databases ---- */

static void set_option(ssql_options *options, const char *name, const char *value)
{
    if (ssql_options_set(options, name, value) != SSQL_OK)
        give_up(ssql_options_errmsg(options));
}

/* Small in everything, so that rows are in memtables and in files of several levels at the same time. */
static ssql_conn *open_ssql(void)
{
    ssql_options *options;
    ssql_db *db;
    ssql_conn *connection;

    if (ssql_options_new(&options) != SSQL_OK)
        give_up("out of memory");
    set_option(options, "memtable_size", "16KiB");
    set_option(options, "block_rows", "16");
    set_option(options, "sstable_size", "32KiB");
    set_option(options, "level0_files", "2");
    set_option(options, "threads", "3");
    set_option(options, "morsel_rows", "8");
    set_option(options, "plan_sharing", "always");
    if (ssql_open_with(":memory:", options, &db) != SSQL_OK)
        give_up(ssql_options_errmsg(options));
    ssql_options_free(options);
    if (ssql_connect(db, &connection) != SSQL_OK || ssql_close(db) != SSQL_OK)
        give_up("cannot connect");
    return connection;
}

static sqlite3 *open_sqlite(void)
{
    sqlite3 *db;

    if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
        sqlite3_exec(db, "pragma case_sensitive_like = on", NULL, NULL, NULL) != SQLITE_OK)
        give_up("cannot open SQLite");
    return db;
}

static struct pair pair_open(bool has_fault)
{
    return (struct pair){open_ssql(), open_sqlite(), has_fault};
}

static void pair_close(struct pair *pair)
{
    ssql_disconnect(pair->ssql);
    sqlite3_close(pair->sqlite);
}

/* ---- comparing ---- */

static void stir(ssql_conn *connection, const char *what)
{
    if ((strcmp(what, "compact") == 0 ? ssql_compact : ssql_checkpoint)(connection) != SSQL_OK)
        give_up(ssql_errmsg(connection));
}

static void ask_ssql(const struct pair *pair, const struct script_line *line, struct answer *answer)
{
    bool is_query = line->shape == SHAPE_ROWS || line->shape == SHAPE_ORDERED_ROWS;
    char *place = pair->has_fault && is_query ? strstr(line->ssql, " >= ") : NULL;

    if (place != NULL)
        place[2] = ' ';
    answer_of_ssql(pair->ssql, line->ssql, answer);
    if (place != NULL)
        place[2] = '=';
}

static struct difference compare(const struct answer *ssql, const struct answer *sqlite, enum statement_shape shape)
{
    struct difference difference = {AGREE, ""};

    if (answers_agree(ssql, sqlite, shape))
        return difference;
    difference.kind = ssql->failed ? ONLY_SSQL_FAILS : sqlite->failed ? ONLY_SQLITE_FAILS : ROWS_DIFFER;
    memcpy(difference.state, ssql->state, sizeof difference.state);
    return difference;
}

/* What SSQL made of a statement. */
struct outcome {
    bool failed;
    size_t rows;
};

/* Runs one statement in both. */
static struct difference run_line(const struct pair *pair, const struct script_line *line, bool is_told,
                                  struct outcome *outcome)
{
    struct answer ssql = {0}, sqlite = {0};
    struct difference difference = {AGREE, ""};

    *outcome = (struct outcome){0};
    if (line->shape == SHAPE_STIR) {
        stir(pair->ssql, line->ssql);
        return difference;
    }
    ask_ssql(pair, line, &ssql);
    answer_of_sqlite(pair->sqlite, line->sqlite, &sqlite);
    if (line->shape == SHAPE_ROWS) {
        answer_sort(&ssql);
        answer_sort(&sqlite);
    }
    difference = compare(&ssql, &sqlite, line->shape);
    *outcome = (struct outcome){ssql.failed, ssql.count};
    if (is_told) {
        answer_print("ssql", &ssql, &sqlite);
        answer_print("sqlite", &sqlite, &ssql);
    }
    answer_clear(&ssql);
    answer_clear(&sqlite);
    return difference;
}

/* ---- making a difference small ---- */

struct search {
    struct difference wanted;
    bool has_fault, is_told;
};

static bool is_same_difference(struct difference left, struct difference right)
{
    return left.kind == right.kind && strcmp(left.state, right.state) == 0;
}

/* Whether the script, in fresh databases, comes to a difference of the wanted kind. A statement left out may let later
 * ones fail in one language only, as with tables of other columns: that is another difference. */
static bool still_differs(void *context, const struct script *script)
{
    struct search *search = context;
    struct pair pair = pair_open(search->has_fault);
    struct difference difference = {AGREE, ""};
    struct outcome outcome;
    bool in_transaction = false;

    for (size_t i = 0; i < script->count && difference.kind == AGREE; i++) {
        const struct script_line *line = &script->lines[i];
        if (line->shape == SHAPE_STIR && in_transaction) /* its end was left out */
            continue;
        difference = run_line(&pair, line, search->is_told && i + 1 == script->count, &outcome);
        if (line->shape == SHAPE_OTHER && !outcome.failed)
            in_transaction = strcmp(line->ssql, "begin") == 0 || (in_transaction && strcmp(line->ssql, "commit") != 0 &&
                                                                  strcmp(line->ssql, "rollback") != 0);
    }
    pair_close(&pair);
    return is_same_difference(difference, search->wanted);
}

static void report(struct script *script, struct search *search)
{
    size_t count = script->count;

    if (!still_differs(search, script)) {
        printf("they differ in this statement, but not when all statements are run again:\n");
        printf("%s;\n", script->lines[script->count - 1].ssql);
        return;
    }
    size_t asked = script_minimise(script, still_differs, search);
    printf("they differ; of %zu statements these show it (%zu attempts):\n\n", count, asked);
    script_print(script);
    printf("\n");
    search->is_told = true;
    still_differs(search, script);
}

/* ---- a run ---- */

struct run {
    uint64_t seed;
    long count;
    bool has_fault;
    long failures;        /* in both */
    long rows;            /* that queries gave */
    struct script script; /* all that was run */
    struct difference difference;
};

/* Stops at the first difference. A query that fails in both is a fault of the generator, and hides what it was to show.
 */
static bool run(struct run *run)
{
    static struct statement statement; /* large */
    struct generator generator;
    struct pair pair = pair_open(run->has_fault);
    struct outcome outcome;
    bool is_query_bad = false;

    generator_start(&generator, run->seed);
    for (long i = 0; i < run->count && run->difference.kind == AGREE && !is_query_bad; i++) {
        generator_next(&generator, &statement);
        script_add(&run->script, &statement);
        const struct script_line *line = &run->script.lines[run->script.count - 1];
        run->difference = run_line(&pair, line, false, &outcome);
        run->failures += outcome.failed;
        run->rows += (long)outcome.rows;
        is_query_bad = outcome.failed && run->difference.kind == AGREE && statement.shape != SHAPE_CHANGE;
        if (is_query_bad)
            printf("it failed in both, statement %ld of seed %llu:\n    %s\n", i, (unsigned long long)run->seed,
                   statement.ssql);
    }
    pair_close(&pair);
    return run->difference.kind == AGREE && !is_query_bad;
}

static int compare_languages(uint64_t seed, long count)
{
    struct run one = {.seed = seed, .count = count};
    bool agree = run(&one);

    if (agree)
        printf("%ld statements and %ld rows agree, %ld statements failed in both\n", count, one.rows, one.failures);
    if (one.difference.kind != AGREE) {
        struct search search = {.wanted = one.difference};
        printf("statement %zu of seed %llu\n", one.script.count, (unsigned long long)seed);
        report(&one.script, &search);
    }
    script_clear(&one.script);
    return agree ? 0 : 1;
}

/* A table, a row and a query are enough to show the planted fault. */
static int test_minimiser(void)
{
    enum { SEEDS = 3, STATEMENTS_MOST = 4, ROWS_MOST = 2 };
    bool right = true;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct run one = {.seed = seed, .count = 5000, .has_fault = true};
        run(&one);
        struct search search = {.wanted = one.difference, .has_fault = true};
        size_t before = one.script.count;
        if (one.difference.kind == AGREE) {
            printf("seed %llu: the planted fault was not found\n", (unsigned long long)seed);
            right = false;
        } else {
            script_minimise(&one.script, still_differs, &search);
            size_t rows = script_row_count(&one.script);
            printf("seed %llu: found with statement %zu; %zu statements and %zu rows show it\n",
                   (unsigned long long)seed, before, one.script.count, rows);
            if (one.script.count > STATEMENTS_MOST || rows > ROWS_MOST || !still_differs(&search, &one.script)) {
                script_print(&one.script);
                right = false;
            }
        }
        script_clear(&one.script);
    }
    return right ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--self-test") == 0)
        return test_minimiser();
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    long count = argc > 2 ? strtol(argv[2], NULL, 10) : 4000;
    if (seed == 0)
        seed = (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    return compare_languages(seed, count);
}
