/* kill_test.c - a process that is killed at any moment loses nothing that it acknowledged, and leaves nothing half
 * done.
 *
 * A child process works on a database with one or four writers and reports every acknowledged transaction over a pipe;
 * the parent kills it, opens the database and compares, then the next child goes on with the same database. What
 * transaction number n of writer w does is a function of the seed, w and n alone, so the parent knows all that must be
 * there: the rows of writer w are those after its first N transactions, N being the number of the acknowledged ones, or
 * one more (one was on its way, and is there whole).
 *
 *     kill_test [SEED [ROUNDS]] */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <ssql.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    WRITERS = 4,
    SLOTS = 4096,    /* rows that a writer has at most */
    EXTRAS = 4,      /* tables that a writer makes and drops */
    BULK_ROWS = 40,  /* of the transaction that writes many */
    PART_ROWS = 512, /* of a statement of the one that writes all */
    ROUNDS = 24,
    FILLER_MOST = 300,
    ATTEMPTS = 1000, /* of a transaction that others get in the way of */
};

/* What the database holds of one writer. */
struct picture {
    uint32_t rows[SLOTS]; /* the number of the transaction that wrote the row; 0: there is none */
    int64_t written;      /* table `totals`: rows that transactions over two tables wrote … */
    int64_t last;         /* … and the last of these; 0: the writer has no row there */
    bool extras[EXTRAS];
};

struct round {
    int threads;
    bool small;    /* tiny memtables, files and segments: flushes and compactions all the time */
    bool deferred; /* acknowledged by ssql_sync, several at once */
    const char *sync;
    long life_us;
};

static const char *database_path;
static uint64_t seed;

/* ---- the one source of randomness ---- */

static uint64_t mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static uint64_t draw(int writer, uint32_t number, uint32_t what)
{
    return mix(mix(mix(seed + (uint64_t)writer) + number) + what);
}

/* ---- what a transaction does ---- */

enum transaction_kind { INSERT_ONE, INSERT_MANY, TWO_TABLES, UPDATE_SOME, DELETE_SOME, REWRITE_ALL, TOGGLE_TABLE };

struct transaction {
    enum transaction_kind kind;
    int writer;
    uint32_t number;
    uint32_t first, last; /* slots, inclusive */
    int extra;            /* TOGGLE_TABLE: which */
};

static struct transaction transaction_of(int writer, uint32_t number)
{
    static const enum transaction_kind kinds[16] = {
        INSERT_ONE, INSERT_ONE, INSERT_ONE, INSERT_ONE,  INSERT_ONE,  INSERT_ONE,  INSERT_MANY, INSERT_MANY,
        TWO_TABLES, TWO_TABLES, TWO_TABLES, UPDATE_SOME, UPDATE_SOME, UPDATE_SOME, DELETE_SOME, DELETE_SOME};
    struct transaction t = {.writer = writer, .number = number};
    uint32_t span;

    t.kind = kinds[draw(writer, number, 1) % 16];
    if (draw(writer, number, 0) % 64 == 0)
        t.kind = TOGGLE_TABLE;
    if (draw(writer, number, 0) % 256 == 1)
        t.kind = REWRITE_ALL;
    t.first = t.kind == REWRITE_ALL ? 0 : (uint32_t)(draw(writer, number, 2) % SLOTS);
    span = t.kind == REWRITE_ALL                            ? SLOTS
           : t.kind == INSERT_MANY                          ? BULK_ROWS
           : t.kind == UPDATE_SOME || t.kind == DELETE_SOME ? 8
                                                            : 1;
    t.last = t.first + span - 1 < SLOTS ? t.first + span - 1 : SLOTS - 1;
    t.extra = (int)(draw(writer, number, 3) % EXTRAS);
    return t;
}

static void picture_apply(struct picture *picture, const struct transaction *t)
{
    for (uint32_t slot = t->first; slot <= t->last && t->kind != TOGGLE_TABLE; slot++) {
        if (t->kind == UPDATE_SOME && picture->rows[slot] == 0)
            continue;
        picture->rows[slot] = t->kind == DELETE_SOME ? 0 : t->number;
    }
    if (t->kind == TWO_TABLES) {
        picture->written++;
        picture->last = t->number;
    }
    if (t->kind == TOGGLE_TABLE)
        picture->extras[t->extra] = !picture->extras[t->extra];
}

/* A text that only this transaction of this writer would write there. */
static size_t filler_of(int writer, uint32_t number, char text[FILLER_MOST + 1])
{
    uint64_t state = draw(writer, number, 4);
    size_t length = state % FILLER_MOST;

    for (size_t i = 0; i < length; i++) {
        state = mix(state);
        text[i] = (char)('a' + state % 26);
    }
    text[length] = '\0';
    return length;
}

/* ---- the child: works until it is killed ---- */

struct writer {
    ssql_db *db;
    int pipe;
    int number;
    uint32_t done; /* transactions so far */
    bool deferred;
    struct picture picture; /* so that it knows whether an extra table is there */
};

struct acknowledgement {
    uint32_t writer, number;
};

static void child_fails(ssql_conn *conn, const char *text)
{
    fprintf(stderr, "kill_test: \"%s\": %s [%s]\n", text, ssql_errmsg(conn), ssql_sqlstate(conn));
    _exit(3);
}

static int run(ssql_conn *conn, const char *text)
{
    int code = ssql_exec(conn, text, strlen(text));

    if (code != SSQL_OK && code != SSQL_CONFLICT)
        child_fails(conn, text);
    return code;
}

static void append_rows(char *text, size_t size, const struct transaction *t)
{
    char filler[FILLER_MOST + 1];
    size_t used = (size_t)snprintf(text, size, "upsert into events values ");

    filler_of(t->writer, t->number, filler);
    for (uint32_t slot = t->first; slot <= t->last; slot++)
        used += (size_t)snprintf(text + used, size - used, "%s(%d, %" PRIu32 ", %" PRIu32 ", '%s')",
                                 slot == t->first ? "" : ", ", t->writer, slot, t->number, filler);
}

static int run_two_tables(ssql_conn *conn, const struct transaction *t, bool is_first, char *text, size_t size)
{
    char second[160];
    int code;

    if (is_first)
        snprintf(second, sizeof second, "insert into totals values (%d, 1, %" PRIu32 ")", t->writer, t->number);
    else
        snprintf(second, sizeof second,
                 "update totals set written = written + 1, last = %" PRIu32 " where writer == %d", t->number,
                 t->writer);
    append_rows(text, size, t);
    code = run(conn, "begin");
    if (code == SSQL_OK)
        code = run(conn, text);
    if (code == SSQL_OK)
        code = run(conn, second);
    if (code == SSQL_OK)
        code = run(conn, "commit");
    if (code != SSQL_OK && ssql_in_transaction(conn))
        (void)run(conn, "rollback");
    return code;
}

/* With a small memory limit it does not fit into memory, and has no record in the log. */
static int rewrite_all(ssql_conn *conn, const struct transaction *t, char *text, size_t size)
{
    int code = run(conn, "begin");

    for (uint32_t first = t->first; first <= t->last && code == SSQL_OK; first += PART_ROWS) {
        struct transaction part = *t;
        part.first = first;
        part.last = first + PART_ROWS - 1;
        append_rows(text, size, &part);
        code = run(conn, text);
    }
    if (code == SSQL_OK)
        code = run(conn, "commit");
    if (code != SSQL_OK && ssql_in_transaction(conn))
        (void)run(conn, "rollback");
    return code;
}

static int run_transaction(ssql_conn *conn, const struct transaction *t, const struct picture *before)
{
    static _Thread_local char text[(FILLER_MOST + 64) * PART_ROWS];
    char filler[FILLER_MOST + 1];

    switch (t->kind) {
    case INSERT_ONE:
    case INSERT_MANY: append_rows(text, sizeof text, t); break;
    case TWO_TABLES: return run_two_tables(conn, t, before->last == 0, text, sizeof text);
    case REWRITE_ALL: return rewrite_all(conn, t, text, sizeof text);
    case UPDATE_SOME:
        filler_of(t->writer, t->number, filler);
        snprintf(text, sizeof text,
                 "update events set number = %" PRIu32 ", filler = '%s' where writer == %d and slot >= %" PRIu32
                 " and slot <= %" PRIu32,
                 t->number, filler, t->writer, t->first, t->last);
        break;
    case DELETE_SOME:
        snprintf(text, sizeof text,
                 "delete from events where writer == %d and slot >= %" PRIu32 " and slot <= %" PRIu32, t->writer,
                 t->first, t->last);
        break;
    case TOGGLE_TABLE:
        if (before->extras[t->extra])
            snprintf(text, sizeof text, "drop table extra_%d_%d", t->writer, t->extra);
        else
            snprintf(text, sizeof text,
                     "begin; create table extra_%d_%d (id int primary key, what string);"
                     "insert into extra_%d_%d values (1, 'one'), (2, 'two'); commit",
                     t->writer, t->extra, t->writer, t->extra);
        break;
    }
    int code = run(conn, text);
    if (code != SSQL_OK && ssql_in_transaction(conn))
        (void)run(conn, "rollback");
    return code;
}

static void acknowledge(const struct writer *writer)
{
    struct acknowledgement done = {(uint32_t)writer->number, writer->done};

    if (write(writer->pipe, &done, sizeof done) != (ssize_t)sizeof done)
        _exit(4);
}

static void *writer_main(void *argument)
{
    struct writer *writer = argument;
    ssql_conn *conn = NULL;

    if (ssql_connect(writer->db, &conn) != SSQL_OK)
        _exit(5);
    ssql_defer_sync(conn, writer->deferred);
    for (;;) {
        struct transaction t = transaction_of(writer->number, writer->done + 1);
        int attempt = 0;
        while (run_transaction(conn, &t, &writer->picture) != SSQL_OK)
            if (++attempt == ATTEMPTS)
                child_fails(conn, "a transaction that never gets through");
        picture_apply(&writer->picture, &t);
        writer->done++;
        if (!writer->deferred) {
            acknowledge(writer);
        } else if (writer->done % 8 == 0) {
            if (ssql_sync(conn) != SSQL_OK)
                child_fails(conn, "sync");
            acknowledge(writer);
        }
    }
    return NULL;
}

static ssql_db *open_database(const struct round *round, bool read_only)
{
    ssql_options *options = NULL;
    ssql_db *db = NULL;
    bool set = ssql_options_new(&options) == SSQL_OK && ssql_options_set(options, "sync", round->sync) == SSQL_OK &&
               ssql_options_set(options, "readonly", read_only ? "on" : "off") == SSQL_OK;

    if (set && round->small)
        set = ssql_options_set(options, "memory_limit", "8MiB") == SSQL_OK &&
              ssql_options_set(options, "memtable_size", "64KiB") == SSQL_OK &&
              ssql_options_set(options, "sstable_size", "128KiB") == SSQL_OK &&
              ssql_options_set(options, "wal_segment_size", "64KiB") == SSQL_OK &&
              ssql_options_set(options, "level0_files", "2") == SSQL_OK;
    if (!set || ssql_open_with(database_path, options, &db) != SSQL_OK)
        fprintf(stderr, "kill_test: cannot open: %s\n", options == NULL ? "no memory" : ssql_options_errmsg(options));
    ssql_options_free(options);
    return db;
}

static void child_main(const struct round *round, int pipe, const uint32_t done[WRITERS],
                       const struct picture pictures[WRITERS])
{
    static struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    ssql_db *db = open_database(round, false);

    if (db == NULL)
        _exit(6);
    for (int i = 0; i < round->threads; i++) {
        writers[i] = (struct writer){.db = db, .pipe = pipe, .number = i, .done = done[i], .deferred = round->deferred};
        writers[i].picture = pictures[i];
        if (pthread_create(&threads[i], NULL, writer_main, &writers[i]) != 0)
            _exit(7);
    }
    for (;;)
        pause();
}

/* ---- the parent: kills and compares ---- */

/* Lets a child work for a while and kills it. `acknowledged` goes on from what was there before. */
static bool run_child(const struct round *round, uint32_t acknowledged[WRITERS], const struct picture pictures[WRITERS])
{
    struct timespec life = {round->life_us / 1000000, round->life_us % 1000000 * 1000};
    struct acknowledgement done;
    int ends[2], status;
    bool in_order = true;

    if (pipe(ends) != 0)
        return false;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        child_main(round, ends[1], acknowledged, pictures);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return false;
    }
    /* The pipe holds what is acknowledged until the end; a child that fills it waits, and is killed waiting. */
    while (nanosleep(&life, &life) != 0 && errno == EINTR)
        continue;
    kill(child, SIGKILL);
    while (read(ends[0], &done, sizeof done) == (ssize_t)sizeof done) {
        in_order = in_order && done.writer < WRITERS && done.number > acknowledged[done.writer];
        if (in_order)
            acknowledged[done.writer] = done.number;
    }
    close(ends[0]);
    if (waitpid(child, &status, 0) != child)
        return false;
    if (!WIFSIGNALED(status))
        fprintf(stderr, "kill_test: the child ended by itself, with status %d\n", WEXITSTATUS(status));
    return in_order && WIFSIGNALED(status);
}

static bool parent_fails(ssql_conn *conn, const char *text)
{
    fprintf(stderr, "kill_test: \"%s\": %s [%s]\n", text, ssql_errmsg(conn), ssql_sqlstate(conn));
    return false;
}

static bool read_event(ssql_stmt *stmt, struct picture pictures[WRITERS])
{
    int64_t writer = ssql_column_int(stmt, 0), slot = ssql_column_int(stmt, 1), number = ssql_column_int(stmt, 2);
    char wanted[FILLER_MOST + 1];
    size_t length = 0;
    const char *filler = ssql_column_string(stmt, 3, &length);

    if (writer < 0 || writer >= WRITERS || slot < 0 || slot >= SLOTS || number <= 0 || number > UINT32_MAX ||
        pictures[writer].rows[slot] != 0) {
        fprintf(stderr, "kill_test: a row that nobody wrote, or twice: %" PRId64 ", %" PRId64 ", %" PRId64 "\n", writer,
                slot, number);
        return false;
    }
    if (filler_of((int)writer, (uint32_t)number, wanted) != length || filler == NULL ||
        memcmp(filler, wanted, length) != 0) {
        fprintf(stderr, "kill_test: row %" PRId64 ", %" PRId64 " has another text\n", writer, slot);
        return false;
    }
    pictures[writer].rows[slot] = (uint32_t)number;
    return true;
}

static bool read_total(ssql_stmt *stmt, struct picture pictures[WRITERS])
{
    int64_t writer = ssql_column_int(stmt, 0);

    if (writer < 0 || writer >= WRITERS)
        return false;
    pictures[writer].written = ssql_column_int(stmt, 1);
    pictures[writer].last = ssql_column_int(stmt, 2);
    return true;
}

static bool read_all(ssql_conn *conn, const char *text, bool (*take)(ssql_stmt *, struct picture[WRITERS]),
                     struct picture pictures[WRITERS])
{
    ssql_stmt *stmt = NULL;
    bool taken = true;
    int code = ssql_prepare(conn, text, strlen(text), &stmt, NULL);

    if (code == SSQL_OK)
        while (taken && (code = ssql_step(stmt)) == SSQL_ROW)
            taken = take(stmt, pictures);
    bool well = taken && code == SSQL_DONE;
    if (taken && !well)
        parent_fails(conn, text);
    ssql_finalize(stmt);
    return well;
}

/* An extra table is there with both rows, or not at all. */
static bool read_extra(ssql_conn *conn, int writer, int extra, bool *is_there)
{
    char text[80];
    ssql_stmt *stmt = NULL;

    snprintf(text, sizeof text, "select count(*) from extra_%d_%d", writer, extra);
    int code = ssql_prepare(conn, text, strlen(text), &stmt, NULL);
    *is_there = code == SSQL_OK;
    if (code == SSQL_UNKNOWN_TABLE)
        return true;
    if (code == SSQL_OK)
        code = ssql_step(stmt);
    bool well = code == SSQL_ROW && ssql_column_int(stmt, 0) == 2;
    ssql_finalize(stmt);
    return well || parent_fails(conn, text);
}

static bool read_pictures(const struct round *round, bool read_only, struct picture pictures[WRITERS])
{
    ssql_db *db = open_database(round, read_only);
    ssql_conn *conn = NULL;
    bool well = db != NULL && ssql_connect(db, &conn) == SSQL_OK;

    memset(pictures, 0, WRITERS * sizeof *pictures);
    well = well && read_all(conn, "select writer, slot, number, filler from events", read_event, pictures) &&
           read_all(conn, "select writer, written, last from totals", read_total, pictures);
    for (int writer = 0; writer < WRITERS && well; writer++)
        for (int extra = 0; extra < EXTRAS && well; extra++)
            well = read_extra(conn, writer, extra, &pictures[writer].extras[extra]);
    ssql_disconnect(conn);
    int code = ssql_close(db);
    if (well && code != SSQL_OK)
        fprintf(stderr, "kill_test: closing gives %s\n", ssql_code_text(code));
    return well && code == SSQL_OK;
}

static bool picture_equal(const struct picture *left, const struct picture *right)
{
    return memcmp(left->rows, right->rows, sizeof left->rows) == 0 && left->written == right->written &&
           left->last == right->last && memcmp(left->extras, right->extras, sizeof left->extras) == 0;
}

static void tell_difference(int writer, uint32_t acknowledged, const struct picture *wanted,
                            const struct picture *found)
{
    int shown = 0;

    fprintf(stderr,
            "kill_test: writer %d is not as after %" PRIu32 " transactions, nor as after the next: totals %" PRId64
            "/%" PRId64 ", wanted %" PRId64 "/%" PRId64 "\n",
            writer, acknowledged, found->written, found->last, wanted->written, wanted->last);
    for (int slot = 0; slot < SLOTS; slot++)
        if (wanted->rows[slot] != found->rows[slot] && shown++ < 10)
            fprintf(stderr, "  slot %d: %" PRIu32 ", wanted %" PRIu32 "\n", slot, found->rows[slot],
                    wanted->rows[slot]);
    for (int extra = 0; extra < EXTRAS; extra++)
        if (wanted->extras[extra] != found->extras[extra])
            fprintf(stderr, "  extra table %d %s\n", extra, found->extras[extra] ? "is there" : "is missing");
}

/* Brings `known` from `before` to what is found, if that is a state the writer may be in. With deferred syncs any
 * number of transactions that were not acknowledged may be there, in order. */
static bool follow(int writer, uint32_t *before, uint32_t acknowledged, uint32_t ahead, struct picture *known,
                   const struct picture *found)
{
    static struct picture wanted;

    for (uint32_t number = *before + 1; number <= acknowledged; number++) {
        struct transaction t = transaction_of(writer, number);
        picture_apply(known, &t);
    }
    wanted = *known;
    *before = acknowledged;
    for (uint32_t more = 0; !picture_equal(known, found); more++) {
        if (more == ahead) {
            tell_difference(writer, acknowledged, &wanted, found);
            return false;
        }
        struct transaction t = transaction_of(writer, ++*before);
        picture_apply(known, &t);
    }
    return true;
}

static bool run_round(const struct round *round, uint32_t done[WRITERS], struct picture known[WRITERS])
{
    static struct picture found[WRITERS];
    uint32_t acknowledged[WRITERS];
    bool read_only = draw(9, done[0], (uint32_t)round->life_us) % 2 == 0;

    memcpy(acknowledged, done, sizeof acknowledged);
    if (!run_child(round, acknowledged, known) || !read_pictures(round, read_only, found))
        return false;
    for (int i = 0; i < WRITERS; i++)
        if (!follow(i, &done[i], acknowledged[i], round->deferred ? 8 : 1, &known[i], &found[i]))
            return false;
    return true;
}

static bool set_up(void)
{
    static const char text[] =
        "create table events (writer int, slot int, number int, filler string, primary key (writer, slot));"
        "create table totals (writer int primary key, written int, last int)";
    struct round plain = {.sync = "full"};
    ssql_db *db = open_database(&plain, false);
    ssql_conn *conn = NULL;
    bool well = db != NULL && ssql_connect(db, &conn) == SSQL_OK &&
                (ssql_exec(conn, text, strlen(text)) == SSQL_OK || parent_fails(conn, text));

    ssql_disconnect(conn);
    return ssql_close(db) == SSQL_OK && well;
}

static struct round round_of(uint32_t number)
{
    static const char *const syncs[] = {"full", "full", "normal", "off"};
    struct round round = {.threads = number % 4 < 2 ? 1 : WRITERS,
                          .small = number % 2 == 1,
                          .deferred = draw(8, number, 0) % 4 == 0,
                          .sync = syncs[draw(8, number, 1) % 4]};

    /* Some die while they still recover. */
    round.life_us = (long)(draw(8, number, 2) % (draw(8, number, 3) % 5 == 0 ? 20000 : 500000));
    return round;
}

int main(int argc, char **argv)
{
    static struct picture known[WRITERS];
    uint32_t done[WRITERS] = {0};
    char folder[] = "/tmp/ssql-kill-XXXXXX", path[64], command[96];
    uint32_t rounds = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : ROUNDS, number = 0;

    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)time(NULL) * 1000003u + (uint64_t)getpid();
    printf("seed %" PRIu64 "\n", seed);
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/db", folder);
    database_path = path;
    bool well = set_up();
    for (; well && number < rounds; number++) {
        struct round round = round_of(number);
        well = run_round(&round, done, known);
        printf("round %" PRIu32 ": %d writers%s%s, sync=%s, %ld ms: %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32
               " transactions%s\n",
               number, round.threads, round.small ? ", small" : "", round.deferred ? ", deferred" : "", round.sync,
               round.life_us / 1000, done[0], done[1], done[2], done[3], well ? "" : ": FAILED");
    }
    if (!well) {
        fprintf(stderr, "kill_test: failed with seed %" PRIu64 "; the database is in %s\n", seed, path);
        return 1;
    }
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? 0 : 1;
}
