/* query_oracles.c - queries that must agree with themselves, over random tables and predicates:
 *   TLP    the rows for which p is true, false and null are together all rows, each once; so are their aggregates
 *   NoREC  as many rows pass `where p`, which ranges, zone maps and filters answer, as p is true for when it is a
 * column of the result; the same rows, in any order that is asked for, and as a group key    a row is found by its own
 * key query_oracles [SEED [PREDICATES]]      seed 0: from the clock. The seed is printed; the first fault ends the run.
 */
#include <inttypes.h>
#include <ssql.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../differential/random.h"
#include "../fuzz/sql_generator.h"

enum { CHOICES = 400, PREDICATES_PER_DATABASE = 150, ROWS = 300, QUERY_SIZE = 3 * SQL_TEXT_CAPACITY };

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "query_oracles: %s\n", what);
    exit(2);
}

/* ---- running ---- */

/* What a query gave; a failure has only a code. */
struct answer {
    int code;
    int64_t rows, number; /* the first value of the last row as an int */
    uint64_t sum;         /* of the rows' hashes, in any order */
};

static uint64_t hash_row(ssql_stmt *statement)
{
    uint64_t hash = 14695981039346656037u;

    for (int i = 0; i < ssql_column_count(statement); i++) {
        size_t size = 0;
        const char *text = ssql_column_text(statement, i, &size);
        for (size_t at = 0; text != NULL && at < size; at++)
            hash = (hash ^ (unsigned char)text[at]) * 1099511628211u;
        hash = (hash ^ (text == NULL ? 0x100 : 0x101)) * 1099511628211u;
    }
    return hash ^ hash >> 31;
}

static struct answer ask(ssql_conn *connection, const char *text)
{
    struct answer answer = {0};
    ssql_stmt *statement;

    answer.code = ssql_prepare(connection, text, strlen(text), &statement, NULL);
    while (answer.code == SSQL_OK || answer.code == SSQL_ROW) {
        answer.code = ssql_step(statement);
        if (answer.code != SSQL_ROW)
            break;
        answer.rows++;
        answer.number = ssql_column_int(statement, 0);
        answer.sum += hash_row(statement);
    }
    ssql_finalize(statement);
    return answer;
}

__attribute__((format(printf, 2, 3))) static struct answer askf(ssql_conn *connection, const char *format, ...)
{
    static char text[QUERY_SIZE];
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof text)
        give_up("a query is too long");
    return ask(connection, text);
}

/* ---- tables ---- */

static void set_option(ssql_options *options, const char *name, const char *value)
{
    if (ssql_options_set(options, name, value) != SSQL_OK)
        give_up(ssql_options_errmsg(options));
}

static ssql_conn *open_database(void)
{
    ssql_options *options;
    ssql_conn *connection;
    ssql_db *db;

    if (ssql_options_new(&options) != SSQL_OK)
        give_up("out of memory");
    set_option(options, "background", "off");
    set_option(options, "block_rows", "16");
    set_option(options, "memtable_size", "16KiB");
    if (ssql_open_with(":memory:", options, &db) != SSQL_OK)
        give_up(ssql_options_errmsg(options));
    ssql_options_free(options);
    if (ssql_connect(db, &connection) != SSQL_OK || ssql_close(db) != SSQL_OK)
        give_up("cannot connect");
    return connection;
}

static void must(ssql_conn *connection, const char *text)
{
    if (ssql_exec(connection, text, strlen(text)) != SSQL_OK)
        give_up(ssql_errmsg(connection));
}

static void refill(struct random *random, uint8_t *choices)
{
    for (unsigned i = 0; i < CHOICES; i++)
        choices[i] = (uint8_t)random_below(random, 256);
}

/* Some in files, some in memory, some deleted and some written over. Many keys come twice, which is no fault. */
static void fill(struct random *random, ssql_conn *connection, const struct generated_table *table)
{
    static struct sql_text text;
    uint8_t bytes[CHOICES];
    char create[300], condition[100];

    snprintf(create, sizeof create, "create table %s %s", table->name, table->definition);
    must(connection, create);
    for (int i = 0; i < ROWS; i++) {
        struct choices choices = {bytes, CHOICES, 0};
        struct sql_generator generator = {.choices = &choices, .table = table};
        refill(random, bytes);
        sql_text_clear(&text);
        sql_text_append(&text, random_percent(random, 70) ? "upsert into " : "insert into ");
        sql_text_append(&text, table->name);
        sql_text_append(&text, " values ");
        generate_row(&generator, &text);
        ssql_exec(connection, text.bytes, text.size);
        if (random_percent(random, 1) && ssql_checkpoint(connection) != SSQL_OK)
            give_up(ssql_errmsg(connection));
    }
    snprintf(condition, sizeof condition, "delete from %s where length(typeof(%s)) == %d", table->name,
             table->columns[random_below(random, (int)table->column_count)].name, 3 + random_below(random, 4));
    if (random_percent(random, 20))
        must(connection, condition);
}

/* More ints with a range, so that blocks and files differ in theirs. */
static void fill_range(struct random *random, ssql_conn *connection)
{
    char text[200];

    for (int i = 0; i < ROWS; i++) {
        int number = random_below(random, 1000);
        snprintf(text, sizeof text, "upsert into t values (%d, %d, %d.5, '%c%d', %s)", number, i, number / 3,
                 'a' + number % 26, number % 7, number % 2 == 0 ? "true" : "null");
        must(connection, text);
    }
    if (random_percent(random, 50) && ssql_compact(connection) != SSQL_OK)
        give_up(ssql_errmsg(connection));
}

/* ---- the oracles ---- */

struct oracle {
    ssql_conn *connection;
    const struct generated_table *table;
    const char *predicate;
    long checked;
};

static bool agree(const struct oracle *oracle, const char *what, struct answer left, struct answer right)
{
    if (left.code == right.code && left.rows == right.rows && left.sum == right.sum)
        return true;
    printf("%s, table %s, predicate\n    %s\n", what, oracle->table->name, oracle->predicate);
    printf("    left:  code %d, %" PRId64 " rows, sum %" PRIx64 "\n", left.code, left.rows, left.sum);
    printf("    right: code %d, %" PRId64 " rows, sum %" PRIx64 "\n", right.code, right.rows, right.sum);
    return false;
}

/* A predicate that fails for some row fails in each form, unless a form never meets the row: nothing is compared then.
 */
static bool check_partition(struct oracle *oracle, const char *p)
{
    const char *name = oracle->table->name;
    struct answer all = askf(oracle->connection, "select * from %s", name);
    struct answer is_true = askf(oracle->connection, "select * from %s where %s", name, p);
    struct answer is_false = askf(oracle->connection, "select * from %s where not (%s)", name, p);
    struct answer is_null = askf(oracle->connection, "select * from %s where (%s) is null", name, p);
    struct answer together = {.code = SSQL_DONE,
                              .rows = is_true.rows + is_false.rows + is_null.rows,
                              .sum = is_true.sum + is_false.sum + is_null.sum};

    if (is_true.code != SSQL_DONE || is_false.code != SSQL_DONE || is_null.code != SSQL_DONE)
        return true;
    return agree(oracle, "partition (all; the three parts)", all, together);
}

static bool check_projection(struct oracle *oracle, const char *p)
{
    const char *name = oracle->table->name;
    struct answer filtered = askf(oracle->connection, "select * from %s where %s", name, p);
    struct answer counted = askf(oracle->connection, "select count(*) from %s where %s", name, p);
    struct answer projected = askf(oracle->connection, "select count(case when %s then 1 end) from %s", p, name);
    struct answer sorted = askf(oracle->connection, "select * from %s where %s order by (%s), 2 desc, 1", name, p, p);
    struct answer negated = askf(oracle->connection, "select * from %s where not not (%s)", name, p);
    struct answer cased =
        askf(oracle->connection, "select * from %s where case when %s then true else false end", name, p);

    if (projected.code != SSQL_DONE) /* fails for some row, which the others need not meet */
        return true;
    oracle->checked++;
    struct answer number = {.code = counted.code, .rows = counted.number},
                  rows = {.code = filtered.code, .rows = filtered.rows};
    return agree(oracle, "count (where; case)", counted, projected) &&
           agree(oracle, "count (count; rows)", number, rows) &&
           agree(oracle, "order (unordered; ordered)", filtered, sorted) &&
           agree(oracle, "negation (p; not not p)", filtered, negated) &&
           agree(oracle, "case (p; case)", filtered, cased);
}

static bool check_groups(struct oracle *oracle, const char *p)
{
    const char *name = oracle->table->name;
    struct answer groups = askf(oracle->connection, "select (%s), count(*) from %s group by (%s)", p, name, p);
    struct answer distinct = askf(oracle->connection, "select distinct (%s) from %s", p, name);
    struct answer having =
        askf(oracle->connection, "select (%s) from %s group by (%s) having count(*) > 0", p, name, p);

    if (groups.code != SSQL_DONE)
        return true;
    groups.sum = distinct.sum;
    return agree(oracle, "groups (group by; distinct)", groups, distinct) &&
           agree(oracle, "groups (having; distinct)", having, distinct);
}

/* Also for the limit: it takes no other rows, and as many as there are. */
static bool check_limit(struct oracle *oracle, const char *p)
{
    const char *name = oracle->table->name;
    struct answer filtered = askf(oracle->connection, "select * from %s where %s", name, p);
    struct answer first = askf(oracle->connection, "select * from %s where %s order by 1 desc, 2 limit 7", name, p);
    struct answer rest = askf(oracle->connection, "select * from %s where %s order by 1 desc, 2 offset 7", name, p);
    struct answer together = {.code = first.code, .rows = first.rows + rest.rows, .sum = first.sum + rest.sum};

    return filtered.code != SSQL_DONE || agree(oracle, "limit (all; 7 and the rest)", filtered, together);
}

static bool check_predicate(struct random *random, struct oracle *oracle)
{
    static struct sql_text text;
    uint8_t bytes[CHOICES];
    struct choices choices = {bytes, CHOICES, 0};
    struct sql_generator generator = {
        .choices = &choices, .table = oracle->table, .without_parameters = true, .without_mistakes = true};

    /* A constant part that fails does so in where without any row, elsewhere only with one. */
    if (askf(oracle->connection, "select * from %s limit 1", oracle->table->name).rows == 0)
        return true;
    refill(random, bytes);
    sql_text_clear(&text);
    generate_expr(&generator, GENERATED_BOOL, 1 + (unsigned)random_below(random, 4), &text);
    oracle->predicate = text.bytes;
    return check_partition(oracle, text.bytes) && check_projection(oracle, text.bytes) &&
           check_groups(oracle, text.bytes) && check_limit(oracle, text.bytes);
}

static bool check_database(struct random *random, long predicates, long *checked)
{
    ssql_conn *connection = open_database();
    const struct generated_table *table;
    unsigned tables = 0;
    bool agrees = true;

    for (; (table = generated_table(tables)) != NULL; tables++)
        fill(random, connection, table);
    fill_range(random, connection);
    for (long i = 0; i < predicates && agrees; i++) {
        struct oracle oracle = {.connection = connection,
                                .table = generated_table((unsigned)random_below(random, (int)tables))};
        agrees = check_predicate(random, &oracle);
        *checked += oracle.checked;
    }
    ssql_disconnect(connection);
    return agrees;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    long predicates = argc > 2 ? strtol(argv[2], NULL, 10) : 600, checked = 0;

    if (seed == 0)
        seed = (uint64_t)time(NULL);
    printf("seed %" PRIu64 "\n", seed);
    fflush(stdout);
    struct random random = random_start(seed);
    for (long left = predicates; left > 0; left -= PREDICATES_PER_DATABASE)
        if (!check_database(&random, left < PREDICATES_PER_DATABASE ? left : PREDICATES_PER_DATABASE, &checked)) {
            printf("seed %" PRIu64 "\n", seed);
            return 1;
        }
    printf("%ld predicates, of which %ld failed for no row\n", predicates, checked);
    return 0;
}
