/* statement_fuzzer.c - statements against a live database in memory, through ssql.h alone.
 * The first byte of an input says how small the database's parts are, and what the rest is: a text of statements as it
 * stands, or choices for sql_generator.h, from which up to STATEMENTS_MOST statements are written.
 *
 * After every statement: a failure has left all tables as they were, and told a whole error; values are of their
 * columns' types and valid UTF-8; a query answers the same when it runs again; and one that stays open between its rows
 * gives in the end what it would have given at its first step. */
#include <ssql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql_generator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    STATEMENTS_MOST = 40,
    ROWS_MOST = 3000, /* of all tables: an input that goes beyond ends there */
    TEXT_INPUT = 1,   /* bits of the first byte */
    TINY_BLOCKS = 2,
    TINY_MEMTABLES = 4,
    FLUSHES = 8, /* after every statement */
    KEEPS_OPEN = 16,
    SHARES_PLANS = 32, /* also those of statements that come once */
};

struct answer {
    int code;
    uint64_t rows, sum; /* the sum of the rows' hashes: their order may differ */
    uint64_t hash;      /* in their order */
};

struct machine {
    ssql_conn *connection;
    unsigned ways;
    uint64_t tables; /* a checksum of all tables */
    uint64_t rows;   /* in all tables */
    ssql_stmt *open; /* stands between two rows */
    struct answer open_so_far, open_expected;
    char statement[120]; /* the beginning of the one that runs, for the message */
};

static void expect_at(bool condition, const struct machine *machine, const char *what, int line)
{
    if (condition)
        return;
    fprintf(stderr, "statement_fuzzer.c:%d: not so: %s\n    after: %s\n    error: %s\n", line, what, machine->statement,
            ssql_errmsg(machine->connection));
    abort();
}
#define EXPECT(condition) expect_at(condition, machine, #condition, __LINE__)

/* ---- looking at values and errors ---- */

static uint64_t mix(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 1099511628211u;
    return hash ^ hash >> 29;
}

static bool is_utf8(const char *text, size_t size)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + size;

    while (at < end) {
        unsigned more = *at < 0x80                  ? 0
                        : *at >= 0xC2 && *at < 0xE0 ? 1
                        : *at >= 0xE0 && *at < 0xF0 ? 2
                        : *at >= 0xF0 && *at < 0xF5 ? 3
                                                    : 9;
        uint32_t character = more == 0 ? *at : more < 4 ? *at & (0x3Fu >> more) : 0;
        if (more == 9 || *at == 0 || (size_t)(end - at) <= more)
            return false;
        for (unsigned i = 1; i <= more; i++) {
            if ((at[i] & 0xC0) != 0x80)
                return false;
            character = character << 6 | (at[i] & 0x3F);
        }
        if ((more == 2 && (character < 0x800 || (character >= 0xD800 && character < 0xE000))) ||
            (more == 3 && (character < 0x10000 || character > 0x10FFFF)))
            return false;
        at += more + 1;
    }
    return true;
}

static void check_error(const struct machine *machine, int code, const char *text, size_t length)
{
    const char *message = ssql_errmsg(machine->connection), *hint = ssql_errhint(machine->connection);
    int64_t line, column, span, lines = 1;

    EXPECT(code == ssql_errcode(machine->connection) && code != SSQL_OK && code < SSQL_ROW);
    EXPECT(code != SSQL_INTERNAL && code != SSQL_CORRUPT && code != SSQL_IO && code != SSQL_UNKNOWN_OUTCOME);
    EXPECT(code != SSQL_CONFLICT); /* nobody else is there */
    EXPECT(message[0] != '\0' && is_utf8(message, strlen(message)) && is_utf8(hint, strlen(hint)));
    EXPECT(strcmp(ssql_sqlstate(machine->connection), ssql_code_sqlstate(code)) == 0);
    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    if (ssql_errpos(machine->connection, &line, &column, &span))
        EXPECT(line >= 1 && line <= lines && column >= 1 && span >= 1 && (uint64_t)(column + span) <= length + 2);
    else
        EXPECT(line == 0 && column == 0 && span == 0);
}

static uint64_t hash_value(const struct machine *machine, ssql_stmt *statement, int i, uint64_t hash)
{
    size_t size = 0;
    int64_t number = ssql_column_int(statement, i);
    double real = ssql_column_float(statement, i);
    int type = ssql_column_type(statement, i), truth = ssql_column_bool(statement, i);
    const char *string = ssql_column_string(statement, i, &size);

    EXPECT(type >= SSQL_TYPE_NULL && type <= SSQL_TYPE_FLOAT);
    if (ssql_column_is_null(statement, i)) {
        EXPECT(number == 0 && truth == 0 && string == NULL);
        return mix(hash, "null", 4);
    }
    EXPECT(type != SSQL_TYPE_NULL);
    EXPECT((string != NULL) == (type == SSQL_TYPE_STRING));
    if (string != NULL) {
        EXPECT(is_utf8(string, size) && string[size] == '\0');
        return mix(hash, string, size) + size;
    }
    EXPECT(ssql_column_text(statement, i, &size) != NULL && size > 0);
    hash = mix(hash, &number, sizeof number);
    hash = mix(hash, &truth, sizeof truth);
    return real != real ? mix(hash, "nan", 3) : mix(hash, &real, sizeof real);
}

/* Takes one step; adds the row, if there is one, to the answer. */
/* The lines of explain analyze hold times. */
static bool tells_times(const ssql_stmt *statement)
{
    return ssql_column_count(statement) == 1 && strcmp(ssql_column_name(statement, 0), "plan") == 0;
}

static bool step(const struct machine *machine, ssql_stmt *statement, struct answer *answer)
{
    uint64_t hash = 14695981039346656037u;
    int code = ssql_step(statement);

    answer->code = code;
    if (code != SSQL_ROW)
        return false;
    for (int i = 0; i < ssql_column_count(statement) && !tells_times(statement); i++) {
        EXPECT(ssql_column_name(statement, i) != NULL);
        hash = hash_value(machine, statement, i, hash);
    }
    answer->rows++;
    answer->sum += hash;
    answer->hash = mix(answer->hash, &hash, sizeof hash);
    return true;
}

static struct answer run(const struct machine *machine, ssql_stmt *statement)
{
    struct answer answer = {0};

    while (step(machine, statement, &answer))
        ;
    return answer;
}

/* ---- the state of all tables ---- */

static uint64_t checksum_table(struct machine *machine, const char *name)
{
    char text[400];
    ssql_stmt *statement;
    int size = snprintf(text, sizeof text, "select * from `%s`", name);

    EXPECT(size > 0 && (size_t)size < sizeof text);
    EXPECT(ssql_prepare(machine->connection, text, (size_t)size, &statement, NULL) == SSQL_OK);
    struct answer answer = run(machine, statement);
    EXPECT(answer.code == SSQL_DONE);
    ssql_finalize(statement);
    machine->rows += answer.rows;
    return mix(answer.sum, name, strlen(name)) + answer.rows;
}

static uint64_t checksum_tables(struct machine *machine)
{
    ssql_tables *tables;
    uint64_t sum = 0;

    machine->rows = 0;
    EXPECT(ssql_tables_new(machine->connection, &tables) == SSQL_OK);
    for (int i = 0; i < ssql_tables_count(tables); i++)
        if (strchr(ssql_tables_name(tables, i), '`') == NULL)
            sum = mix(sum, "table", 5) + checksum_table(machine, ssql_tables_name(tables, i));
    ssql_tables_free(tables);
    return sum;
}

/* ---- the query that stays open ---- */

static void check_open_end(struct machine *machine)
{
    struct answer *expected = &machine->open_expected, *got = &machine->open_so_far;

    if (got->code == SSQL_MISUSE) /* its transaction has ended */
        return;
    EXPECT(got->code == expected->code);
    EXPECT(got->code != SSQL_DONE || (got->rows == expected->rows && got->sum == expected->sum));
}

static void step_open(struct machine *machine)
{
    if (machine->open == NULL || step(machine, machine->open, &machine->open_so_far))
        return;
    check_open_end(machine);
    ssql_finalize(machine->open);
    machine->open = NULL;
}

/* Takes the statement when it is a query with a first row. */
static bool keep_open(struct machine *machine, ssql_stmt *statement, const struct answer *expected)
{
    if ((machine->ways & KEEPS_OPEN) == 0 || machine->open != NULL || expected->rows == 0 ||
        ssql_statement_kind(statement) != SSQL_KIND_QUERY)
        return false;
    machine->open = statement;
    machine->open_expected = *expected;
    machine->open_so_far = (struct answer){0};
    step_open(machine);
    return true;
}

/* ---- statements ---- */

static void bind(const struct machine *machine, ssql_stmt *statement)
{
    static const int64_t ints[] = {1, 0, -1, 3, INT64_MAX, INT64_MIN};

    for (int i = 1; i <= ssql_parameter_count(statement); i++) {
        int type = ssql_parameter_type(statement, i), code = SSQL_OK;
        EXPECT(ssql_parameter_name(statement, i) != NULL);
        if (i % 5 == 4 || type == SSQL_TYPE_NULL)
            code = ssql_bind_null(statement, i);
        else if (type == SSQL_TYPE_INT)
            code = ssql_bind_int(statement, i, ints[i % 6]);
        else if (type == SSQL_TYPE_FLOAT)
            code = ssql_bind_float(statement, i, (double)ints[i % 6] / 2);
        else if (type == SSQL_TYPE_BOOL)
            code = ssql_bind_bool(statement, i, i % 2);
        else
            code = ssql_bind_string(statement, i, "ab", 2);
        EXPECT(code == SSQL_OK);
    }
}

static void run_statement(struct machine *machine, ssql_stmt *statement, const char *text, size_t length)
{
    int kind = ssql_statement_kind(statement), in_transaction = ssql_in_transaction(machine->connection);

    bind(machine, statement);
    struct answer answer = run(machine, statement);
    if (answer.code != SSQL_DONE) {
        check_error(machine, answer.code, text, length);
        if (kind != SSQL_KIND_TRANSACTION)
            EXPECT(ssql_in_transaction(machine->connection) == (in_transaction ? 2 : 0));
    }
    uint64_t tables = checksum_tables(machine);
    if (answer.code != SSQL_DONE || ssql_is_read_only(statement)) {
        /* A copy that commits as it goes keeps what came before its error. */
        if (kind != SSQL_KIND_TRANSACTION && strcasestr(machine->statement, "batch_rows") == NULL)
            EXPECT(tables == machine->tables);
    }
    machine->tables = tables;
    if (kind == SSQL_KIND_QUERY) {
        struct answer again = run(machine, statement);
        EXPECT(again.code == answer.code);
        EXPECT(again.code != SSQL_DONE || (again.hash == answer.hash && again.rows == answer.rows));
    }
    if (!keep_open(machine, statement, &answer))
        ssql_finalize(statement);
}

static void note_statement(struct machine *machine, const char *text, size_t length)
{
    size_t size = length < sizeof machine->statement ? length : sizeof machine->statement - 1;

    memcpy(machine->statement, text, size);
    machine->statement[size] = '\0';
}

static void run_text(struct machine *machine, const char *text, size_t length)
{
    for (int i = 0; i < STATEMENTS_MOST && length > 0 && machine->rows <= ROWS_MOST; i++) {
        ssql_stmt *statement = NULL;
        const char *tail = text;
        note_statement(machine, text, length);
        int code = ssql_prepare(machine->connection, text, length, &statement, &tail);
        EXPECT(tail > text && tail <= text + length);
        if (code != SSQL_OK) {
            EXPECT(statement == NULL);
            check_error(machine, code, text, length);
            EXPECT(checksum_tables(machine) == machine->tables);
        } else if (statement != NULL) {
            run_statement(machine, statement, text, length);
        }
        if ((machine->ways & FLUSHES) != 0)
            EXPECT(ssql_checkpoint(machine->connection) == SSQL_OK && checksum_tables(machine) == machine->tables);
        step_open(machine);
        length -= (size_t)(tail - text);
        text = tail;
    }
}

static void run_choices(struct machine *machine, const uint8_t *data, size_t size)
{
    static struct sql_text text; /* large */
    struct choices choices = {data, size, 0};

    for (int i = 0; i < STATEMENTS_MOST && choices.at < size && machine->rows <= ROWS_MOST; i++) {
        struct sql_generator generator = {.choices = &choices};
        sql_text_clear(&text);
        generate_statement(&generator, &text);
        if (getenv("SHOW_STATEMENTS") != NULL)
            fputs(text.bytes, stderr);
        run_text(machine, text.bytes, text.size);
    }
}

/* ---- the database ---- */

static const char *const seeds[] = {
    "insert into t values (1, 1, 1.5, 'a', true), (2, null, null, null, null), (3, 9223372036854775807, 1e308, '', "
    "false)",
    "insert into t values (-5, 0, -0.0, 'é', true), (9223372036854775807, -9223372036854775808, 0.0, 'abc', null), (7, "
    "7, 7.0, 'a%', false)",
    "insert into k values ('a', 1, 1.5), ('a', 2, null), ('', 0, -1.0), ('b', -1, 1e10)",
    "insert into h values (1, 'a', true), (1, 'a', true), (null, null, null), (3, 'b', false)",
    "insert into g values (0.0, true, 'x'), (1.5, null, 'y'), (-1e308, false, 'z')",
    "insert into q values (true, 1, 'a'), (false, 1, null), (true, -1, 'b')",
};

static void expect_exec(struct machine *machine, const char *text)
{
    note_statement(machine, text, strlen(text));
    EXPECT(ssql_exec(machine->connection, text, strlen(text)) == SSQL_OK);
}

static void fill(struct machine *machine)
{
    char text[300];
    const struct generated_table *table;

    for (unsigned i = 0; (table = generated_table(i)) != NULL; i++) {
        snprintf(text, sizeof text, "create table %s %s", table->name, table->definition);
        expect_exec(machine, text);
    }
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++)
        expect_exec(machine, seeds[i]);
}

static void set_option(ssql_options *options, const char *name, const char *value)
{
    if (ssql_options_set(options, name, value) != SSQL_OK)
        abort();
}

/* What copy reads from stdin: some records that fit some of the tables. */
static int give_records(void *context, char *bytes, size_t capacity, size_t *size)
{
    static const char records[] = "id,a\n101,x\n102,\n1,\"two\nlines\"\nx,y\n";
    bool *is_given = context;

    *size = *is_given || capacity < sizeof records - 1 ? 0 : sizeof records - 1;
    memcpy(bytes, records, *size);
    *is_given = !*is_given;
    return 0;
}

static int take_bytes(void *context, const char *bytes, size_t size)
{
    *(uint64_t *)context = mix(*(uint64_t *)context, bytes, size);
    return 0;
}

static ssql_conn *open_database(unsigned ways)
{
    ssql_options *options;
    ssql_conn *connection;
    ssql_db *db;

    if (ssql_options_new(&options) != SSQL_OK)
        abort();
    set_option(options, "allow_files", "off");
    set_option(options, "background", "off");
    set_option(options, "memory_limit", "8MiB");
    if ((ways & TINY_BLOCKS) != 0)
        set_option(options, "block_rows", "16");
    if ((ways & TINY_MEMTABLES) != 0)
        set_option(options, "memtable_size", "4KiB");
    if ((ways & SHARES_PLANS) != 0)
        set_option(options, "plan_sharing", "always");
    if (ssql_open_with(":memory:", options, &db) != SSQL_OK || ssql_connect(db, &connection) != SSQL_OK ||
        ssql_close(db) != SSQL_OK)
        abort();
    ssql_options_free(options);
    return connection;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct machine state = {.ways = size > 0 ? data[0] : 0}, *machine = &state;

    if (size < 2)
        return 0;
    machine->connection = open_database(machine->ways);
    bool is_given = false;
    uint64_t written = 0;
    ssql_set_copy_input(machine->connection, give_records, &is_given, NULL);
    ssql_set_copy_output(machine->connection, take_bytes, &written, NULL);
    fill(machine);
    machine->tables = checksum_tables(machine);
    if ((machine->ways & TEXT_INPUT) != 0)
        run_text(machine, (const char *)data + 1, size - 1);
    else
        run_choices(machine, data + 1, size - 1);
    while (machine->open != NULL)
        step_open(machine);
    ssql_disconnect(machine->connection);
    return 0;
}
