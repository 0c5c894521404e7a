/* ssql.h - ssql, an embeddable relational database: everything that a program may use of the library.
 *
 *     ssql_db *db;  ssql_conn *conn;  ssql_stmt *stmt;
 *     ssql_open("app.db", &db);
 *     ssql_connect(db, &conn);
 *     ssql_prepare(conn, text, strlen(text), &stmt, NULL);      select name from users where id == :id
 *     ssql_bind_int(stmt, 1, 7);
 *     while (ssql_step(stmt) == SSQL_ROW)
 *         puts(ssql_column_string(stmt, 0, NULL));
 *     ssql_finalize(stmt);  ssql_disconnect(conn);  ssql_close(db);
 *
 * Rules that hold throughout, and are not repeated below:
 *   Results    A function that returns int and can fail returns SSQL_OK (0) or one of the error numbers below. Pointers
 *              that a function hands out through an argument are NULL after a failure.
 *   Errors     What went wrong in a call on a connection or on one of its statements is kept in the connection until
 *              the next call that can fail: ssql_errmsg and its companions tell it. ssql_reset, ssql_finalize and all
 *              functions that only look leave it as it is.
 *   Threads    A database is shared by any threads. A connection, with its statements, is used by one thread at a time
 *              (not always the same). Only ssql_interrupt may come from another thread, or from a signal handler.
 *              There is no global state: two databases know nothing of each other.
 *   Text       is UTF-8 without NUL bytes and goes in with its length in bytes; it need not be terminated. Text that
 *              comes out is terminated as well. Names of statements' objects compare without case (ASCII).
 *   NULL       Functions that free or end something accept NULL and do nothing. Others must not be given NULL, unless
 *              they say so.
 *   Processes  One process at a time writes to a database; others may open it with the option readonly. After fork()
 *              the child must not use a handle of the parent, not even to close it.
 *   Failing    The library never prints, exits, installs signal handlers or aborts on bad input; running out of
 *              memory is an error like any other.
 *   Growing    Numbers and signatures do not change; later versions add functions, options and error numbers: treat
 *              an unknown number as an error. Functions without a "Since" line are there since 0.1.
 */
#ifndef SSQL_H
#define SSQL_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define SSQL_API __attribute__((visibility("default")))
#else
#define SSQL_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define SSQL_VERSION        "0.1.0"
#define SSQL_VERSION_NUMBER 1000 /* major * 1,000,000 + minor * 1,000 + patch */

/* ---- results ---- */

#define SSQL_OK   0
#define SSQL_ROW  100 /* ssql_step: a row is there to be read */
#define SSQL_DONE 101 /* ssql_step: the statement has run to its end */

/* Errors, each with its SQLSTATE. */
#define SSQL_INTERNAL          1  /* XX000 a fault of ssql itself */
#define SSQL_SYNTAX            2  /* 42601 */
#define SSQL_UNKNOWN_TABLE     3  /* 42P01 */
#define SSQL_UNKNOWN_COLUMN    4  /* 42703 */
#define SSQL_UNKNOWN_FUNCTION  5  /* 42883 also: no function takes these types */
#define SSQL_TABLE_EXISTS      6  /* 42P07 */
#define SSQL_COLUMN_EXISTS     7  /* 42701 a column named twice */
#define SSQL_AMBIGUOUS         8  /* 42702 */
#define SSQL_TYPE_MISMATCH     9  /* 42804 */
#define SSQL_BAD_GROUPING      10 /* 42803 */
#define SSQL_NOT_SUPPORTED     11 /* 0A000 legal, but not built yet */
#define SSQL_OUT_OF_RANGE      12 /* 22003 overflow, in literals too */
#define SSQL_DIVISION_BY_ZERO  13 /* 22012 */
#define SSQL_BAD_VALUE         14 /* 22P02 a text that is no value of the type asked for */
#define SSQL_BAD_ENCODING      15 /* 22021 invalid UTF-8, NUL bytes */
#define SSQL_DUPLICATE_KEY     16 /* 23505 */
#define SSQL_NOT_NULL          17 /* 23502 */
#define SSQL_CONFLICT          18 /* 40001 another transaction got in the way: run this one again */
#define SSQL_NO_TRANSACTION    19 /* 25P01 commit or rollback without begin */
#define SSQL_IN_TRANSACTION    20 /* 25001 begin inside a transaction */
#define SSQL_READ_ONLY         21 /* 25006 */
#define SSQL_INTERRUPTED       22 /* 57014 */
#define SSQL_NO_MEMORY         23 /* 53200 */
#define SSQL_DISK_FULL         24 /* 53100 */
#define SSQL_LOCKED            25 /* 55006 the database is open elsewhere */
#define SSQL_IO                26 /* 58030 */
#define SSQL_CORRUPT           27 /* XX001 damage found in a file */
#define SSQL_TOO_LARGE         28 /* 54000 a limit was passed; the message names it */
#define SSQL_CANNOT_OPEN       29 /* 3D000 absent, or not an ssql database */
#define SSQL_MISUSE            30 /* 55000 a call that its object's state does not allow */
#define SSQL_UNKNOWN_PARAMETER 31 /* 42P02 */
#define SSQL_UNKNOWN_OUTCOME   32 /* 08007 a log write or sync failed: reopen the database to learn what is there */
#define SSQL_VALUE_COUNT       33 /* 42601 too few or too many values */
#define SSQL_UNKNOWN_TYPE      34 /* 42704 */
#define SSQL_TOO_MANY_OPEN     35 /* 53000 out of file descriptors */
#define SSQL_BAD_OPTION        36 /* 22023 unknown option, or a value that it does not take */
#define SSQL_NOT_ALLOWED       37 /* 42501 this database, or its user, must not do that */

/* ---- types of columns and parameters ---- */

#define SSQL_TYPE_NULL   0 /* of a bare `null`, and of a parameter that may be of any type */
#define SSQL_TYPE_INT    1
#define SSQL_TYPE_STRING 2
#define SSQL_TYPE_BOOL   3
#define SSQL_TYPE_FLOAT  4

/* "null", "int", "string", "bool", "float"; NULL for another number. */
SSQL_API const char *ssql_type_name(int type);

/* ---- handles ---- */

typedef struct ssql_db ssql_db;             /* an open database */
typedef struct ssql_conn ssql_conn;         /* a connection: one transaction at a time, one error record */
typedef struct ssql_stmt ssql_stmt;         /* a prepared statement of a connection */
typedef struct ssql_options ssql_options;   /* how to open a database */
typedef struct ssql_tables ssql_tables;     /* what tables there are, at one moment */
typedef struct ssql_finding ssql_finding;   /* what a check met: lives during the callback */
typedef struct ssql_splitter ssql_splitter; /* finds the ends of statements in a text that grows */

/* ---- opening and closing ---- */

/* Opens the database at a path: a directory, made at the first write when it is not there; ":memory:" is a database of
 * its own in memory, gone when closed. The handle is freed with ssql_close.
 * Fails with SSQL_CANNOT_OPEN (the path is something else, or of a newer format), SSQL_LOCKED (another handle, in this
 * process or another, writes to it), SSQL_CORRUPT, SSQL_IO, SSQL_NO_MEMORY …; there is no handle then: who wants the
 * message uses ssql_open_with. */
SSQL_API int ssql_open(const char *path, ssql_db **db);

/* The same with options (NULL: defaults), which may be used again or freed afterwards. After a failure
 * ssql_options_errmsg and ssql_options_errhint say more: who holds the lock, which file is damaged and where. */
SSQL_API int ssql_open_with(const char *path, ssql_options *options, ssql_db **db);

/* Gives the handle back. With the last connection gone too, the database is closed: background work ends, the log is
 * marked as complete. Returns the outcome of that, or SSQL_OK while connections live (the last ssql_disconnect then
 * closes the database). Every acknowledged transaction is safe whatever this returns. */
SSQL_API int ssql_close(ssql_db *db);

/* Fails with SSQL_NO_MEMORY only. Freed with ssql_options_free. */
SSQL_API int ssql_options_new(ssql_options **options);

/* Sets an option by name. Sizes are bytes, or a number with k, M, G, kB, MB, GB, KiB, MiB, GiB; switches are on or off.
 *     memory_limit      256MiB   all memory for rows on their way: memtables, block cache, work space; the rest derives
 *     sync              full     full: a commit returns when it is durable. normal: when it is written, durable within
 *                                100 ms. off: durable when the system likes. A process crash loses nothing with any
 *     readonly          off      open beside a writer; nothing on disk changes
 *     must_exist        off      do not make a new database
 *     compress          on       compress strings in files
 *     background        on       flush and compact in threads; off: within the calls of the writers (for tests)
 *     memtable_size     0        largest memtable; 0: derived from memory_limit
 *     sstable_size      64MiB    largest file of a table
 *     wal_segment_size  64MiB    largest file of the log
 *     block_rows        1024     most rows of a block
 *     block_size        256KiB   a block ends with the row that reaches this size, not yet encoded
 *     level0_files      4        overlapping files that start a compaction
 *     threads           0        most threads of one query (up to 64), taken for large scans and aggregates; 0: one for
 *                                each processor, at most 8; 1: the caller's alone. All queries of the handle share them
 *     morsel_rows       0        rows that such a thread takes at a time; 0: as many as are good (for tests)
 *     plan_sharing      later    or always, off: statements that differ only in their literals share a plan, from the
 *                                second one of a connection on
 *     allow_files       on       copy may read and write files; off: only its stdin and stdout (ssql_set_copy_input)
 * Fails with SSQL_BAD_OPTION (a hint names the nearest option) and changes nothing then. */
SSQL_API int ssql_options_set(ssql_options *options, const char *name, const char *value);

/* Name of the i-th option, from 0; NULL past the last. Static. */
SSQL_API const char *ssql_option_name(int i);

/* Message and hint of the last ssql_options_set or ssql_open_with with these options; "" when it went well. Valid until
 * the next such call. */
SSQL_API const char *ssql_options_errmsg(const ssql_options *options);
SSQL_API const char *ssql_options_errhint(const ssql_options *options);
SSQL_API void ssql_options_free(ssql_options *options);

/* ---- connections ---- */

/* A new connection, which keeps the database open. Fails with SSQL_NO_MEMORY only. */
SSQL_API int ssql_connect(ssql_db *db, ssql_conn **conn);

/* Rolls back an open transaction and frees the connection. Statements that were not finalized can afterwards be given
 * to ssql_finalize, and nothing else. */
SSQL_API void ssql_disconnect(ssql_conn *conn);

/* The database of a connection. */
SSQL_API ssql_db *ssql_connection_db(ssql_conn *conn);

/* Runs the statements of a text one after the other, up to the first error; rows are read and dropped. What ran before
 * the error stays done (each statement is a transaction, unless the text says begin). Positions count from the
 * beginning of the text. */
SSQL_API int ssql_exec(ssql_conn *conn, const char *text, size_t length);

/* 0: no transaction is open (each statement is one by itself); 1: `begin` was run; 2: the same, and the last
 * statement in it failed: the transaction goes on without that statement's effects. */
SSQL_API int ssql_in_transaction(const ssql_conn *conn);

/* Rows inserted, updated, deleted or copied by the last statement of SSQL_KIND_CHANGE that succeeded. */
SSQL_API int64_t ssql_changes(const ssql_conn *conn);

/* Asks the statement that the connection is running to give up: it fails with SSQL_INTERRUPTED within some
 * milliseconds and changes nothing. A statement that starts later is not concerned. Any thread, also a signal handler;
 * the connection must live. */
SSQL_API void ssql_interrupt(ssql_conn *conn);

/* How far a long statement is. `what` is a word for what is being done ("reading", "loading", "writing"), `done` and
 * `total` count rows or bytes; total is 0 when it is not known, and may be an estimate. Returns 0 to go on; another
 * number ends the statement with SSQL_INTERRUPTED. Must not use the connection but for ssql_copy_stat. */
typedef int ssql_progress_report(void *context, const char *what, int64_t done, int64_t total);

/* Has `report` called about every 100 ms while a statement of the connection runs, in the thread that runs it; NULL:
 * never, as before the first call. Takes effect with the next statement. */
SSQL_API void ssql_set_progress(ssql_conn *conn, ssql_progress_report *report, void *context);

/* Run ahead of the sync: while `on` is not 0, commits of this connection return when they are in the log's memory, and
 * its queries see them. They become durable in order, at the next ssql_sync or soon after; a crash keeps a prefix of
 * them. Meant for scripts: nothing that depends on such a commit should leave the process before ssql_sync returned
 * SSQL_OK. Takes effect with the next transaction. */
SSQL_API void ssql_defer_sync(ssql_conn *conn, int on);

/* Returns when every commit that has returned is durable. Fails with SSQL_UNKNOWN_OUTCOME when the log failed. */
SSQL_API int ssql_sync(ssql_conn *conn);

/* ---- what went wrong ---- */

/* Of the last call on the connection that can fail: SSQL_OK, "" and "00000" when it went well. Texts are valid until
 * the next such call. The message is one sentence without a full stop; the hint says what to do, or is "". */
SSQL_API int ssql_errcode(const ssql_conn *conn);
SSQL_API const char *ssql_errmsg(const ssql_conn *conn);
SSQL_API const char *ssql_errhint(const ssql_conn *conn);
SSQL_API const char *ssql_sqlstate(const ssql_conn *conn);

/* Where in the text that was given to ssql_exec or ssql_prepare: line and column from 1, column and length in code
 * points (a length that runs over the line's end is cut there; at least 1). Returns 1, or 0 when the error has no
 * position; the numbers are 0 then. Each pointer may be NULL. */
SSQL_API int ssql_errpos(const ssql_conn *conn, int64_t *line, int64_t *column, int64_t *length);

/* For a number alone: a short text such as "duplicate key", and the SQLSTATE. Static; never NULL. */
SSQL_API const char *ssql_code_text(int code);
SSQL_API const char *ssql_code_sqlstate(int code);

/* ---- statements ---- */

/* Prepares the first statement of a text. *stmt is NULL, with SSQL_OK, when the text holds none (blanks, comments).
 * `tail` (may be NULL) is set to what follows the statement's `;`, also after a failure, so that a loop reaches every
 * statement of a text. The text is copied; its plan is kept until the schema changes and then made anew by itself at
 * the next step. Freed with ssql_finalize. */
SSQL_API int ssql_prepare(ssql_conn *conn, const char *text, size_t length, ssql_stmt **stmt, const char **tail);

/* Runs the statement up to its next row: SSQL_ROW, SSQL_DONE at its end, or an error. A statement that returns no rows
 * does all its work in one step. After SSQL_DONE or an error the next step runs it anew.
 * Outside a transaction each run is one by itself; a run that changes rows is repeated by itself when another
 * transaction got in the way, and fails with SSQL_CONFLICT only when that happens again and again (`copy ... from` at
 * once: what it read may be gone). A query that is
 * between its first and last row sees the state at its first step. Within a transaction, `commit` and `rollback` end
 * such queries: their next step fails with SSQL_MISUSE. */
SSQL_API int ssql_step(ssql_stmt *stmt);

/* Ends the run, if one is going; parameters keep their values. */
SSQL_API void ssql_reset(ssql_stmt *stmt);

/* Frees the statement. */
SSQL_API void ssql_finalize(ssql_stmt *stmt);

/* The connection; NULL once that is gone. */
SSQL_API ssql_conn *ssql_statement_connection(const ssql_stmt *stmt);

#define SSQL_KIND_QUERY       1 /* returns rows, changes nothing */
#define SSQL_KIND_CHANGE      2 /* insert, upsert, update, delete, copy: ssql_changes counts rows. Returns rows
                                 * (of text) only when it is explained and analyzed */
#define SSQL_KIND_SCHEMA      3 /* create, drop … */
#define SSQL_KIND_TRANSACTION 4 /* begin, commit, rollback */

/* What the statement is: one of the numbers above. */
SSQL_API int ssql_statement_kind(const ssql_stmt *stmt);

/* 1 when running it changes nothing in the database, else 0. */
SSQL_API int ssql_is_read_only(const ssql_stmt *stmt);

/* ---- parameters: ?, ?1, :name, $name ---- */

SSQL_API int ssql_parameter_count(const ssql_stmt *stmt);

/* Name of a parameter, counted from 1, without its sign; "" for one without name; NULL when there is no such parameter.
 * Valid until ssql_finalize. */
SSQL_API const char *ssql_parameter_name(const ssql_stmt *stmt, int index);

/* The type that its place asks for; SSQL_TYPE_NULL: any, or not known before a value is bound. */
SSQL_API int ssql_parameter_type(const ssql_stmt *stmt, int index);

/* Index of a named parameter (with or without ':' or '$'), or 0. */
SSQL_API int ssql_bind_index(const ssql_stmt *stmt, const char *name);

/* Give parameter `index`, counted from 1, a value for the runs that follow; before the first time it is null. Strings
 * are copied; a NULL text binds null. Fail with SSQL_UNKNOWN_PARAMETER, SSQL_TYPE_MISMATCH (an int is taken for a
 * float, nothing else is converted), SSQL_BAD_ENCODING, SSQL_NO_MEMORY, or SSQL_MISUSE while a run is going (ssql_reset
 * ends it); the parameter keeps its value then. */
SSQL_API int ssql_bind_int(ssql_stmt *stmt, int index, int64_t value);
SSQL_API int ssql_bind_float(ssql_stmt *stmt, int index, double value);
SSQL_API int ssql_bind_bool(ssql_stmt *stmt, int index, int value);
SSQL_API int ssql_bind_string(ssql_stmt *stmt, int index, const char *text, size_t length);
SSQL_API int ssql_bind_null(ssql_stmt *stmt, int index);

/* Makes all parameters null. Ends the run, if one is going. */
SSQL_API void ssql_clear_bindings(ssql_stmt *stmt);

/* ---- columns of the result, counted from 0 ---- */

/* 0 for a statement that returns no rows. A step that meets a changed schema may change number, names and types. */
SSQL_API int ssql_column_count(const ssql_stmt *stmt);

/* NULL when there is no such column. Valid until the next step or ssql_finalize. */
SSQL_API const char *ssql_column_name(const ssql_stmt *stmt, int i);

/* The type of the column, known before the statement runs; its values are of that type or null. */
SSQL_API int ssql_column_type(const ssql_stmt *stmt, int i);

/* ---- values of the current row: after SSQL_ROW, until the next call of ssql_step, ssql_reset or ssql_finalize.
 * For a null, without a current row or such a column, and for another type, they give 0, 0.0 or NULL. ---- */

SSQL_API int ssql_column_is_null(const ssql_stmt *stmt, int i); /* 1 also without a current row or such a column */
SSQL_API int64_t ssql_column_int(const ssql_stmt *stmt, int i);
SSQL_API double ssql_column_float(const ssql_stmt *stmt, int i); /* of an int column too */
SSQL_API int ssql_column_bool(const ssql_stmt *stmt, int i);     /* 1 or 0 */

/* The bytes of a string, terminated; `length` (may be NULL) is set to their number. Valid as long as the row. NULL also
 * when there was no memory for it: then ssql_errcode is SSQL_NO_MEMORY. */
SSQL_API const char *ssql_column_string(ssql_stmt *stmt, int i, size_t *length);

/* The same for a value of any type, written as SSQL writes it: 1, 2.5, true; a string bare. A float's text is the
 * shortest that reads back to the same number. */
SSQL_API const char *ssql_column_text(ssql_stmt *stmt, int i, size_t *length);

/* ---- texts that hold statements ---- */

/* 1 when the text can be run as it stands: it is blank, or a `;` (not in quotes, comments) ends its last statement. */
SSQL_API int ssql_complete(const char *text, size_t length);

/* For reading statements from a stream, each byte looked at once. Fails with SSQL_NO_MEMORY only. */
SSQL_API int ssql_splitter_new(ssql_splitter **splitter);

/* Goes on in `text`: the same text as in the call before, perhaps grown at its end (and elsewhere in memory). Returns 1
 * when the `;` of the first statement was found, and sets *end behind it: take these bytes away and call
 * ssql_splitter_reset. Returns 0 when more text is needed; *end is the text's length then. */
SSQL_API int ssql_splitter_find(ssql_splitter *splitter, const char *text, size_t length, size_t *end);

#define SSQL_TEXT_BLANK      0 /* nothing but blanks and comments so far */
#define SSQL_TEXT_STATEMENT  1 /* in a statement, outside quotes and comments */
#define SSQL_TEXT_IN_STRING  2 /* a '...' or "..." is open */
#define SSQL_TEXT_IN_NAME    3 /* a `...` is open */
#define SSQL_TEXT_IN_COMMENT 4 /* a bracketed comment is open */

/* What the text that was looked at so far ends in. */
SSQL_API int ssql_splitter_state(const ssql_splitter *splitter);

/* Offset of the statement's first byte that is neither blank nor comment; the length looked at while there is none. */
SSQL_API size_t ssql_splitter_begin(const ssql_splitter *splitter);

/* Ready for the next statement, or another text. */
SSQL_API void ssql_splitter_reset(ssql_splitter *splitter);
SSQL_API void ssql_splitter_free(ssql_splitter *splitter);

/* The i-th keyword (names of types are among them) and the i-th function's name, from 0: lower case, static; NULL past
 * the last. For completion and colouring. */
SSQL_API const char *ssql_keyword(int i);
SSQL_API const char *ssql_function_name(int i);

#define SSQL_TOKEN_KEYWORD   1 /* a word of the grammar, also where it is used as a name */
#define SSQL_TOKEN_NAME      2 /* any other word, or a name in backquotes */
#define SSQL_TOKEN_STRING    3 /* in quotes of either kind: "..." can be a name as well */
#define SSQL_TOKEN_NUMBER    4
#define SSQL_TOKEN_PARAMETER 5
#define SSQL_TOKEN_SIGN      6 /* an operator, a bracket, a comma, a `;` */
#define SSQL_TOKEN_COMMENT   7
#define SSQL_TOKEN_OPEN      8 /* a string, quoted name or comment that is not ended: goes to the end of the text */
#define SSQL_TOKEN_WRONG     9 /* bytes that are no token */

/* Called for each token, [begin, end) of the text, in their order. Returns 0 to go on; another number ends the call. */
typedef int ssql_token_report(void *context, int kind, size_t begin, size_t end);

/* Takes a text apart, statements and what is between them, as running it would. Any thread. Fails with SSQL_NO_MEMORY,
 * or SSQL_BAD_ENCODING (a NUL byte). */
SSQL_API int ssql_tokenize(const char *text, size_t length, ssql_token_report *report, void *context);

#define SSQL_WORD_KEYWORD  1
#define SSQL_WORD_TABLE    2
#define SSQL_WORD_COLUMN   3
#define SSQL_WORD_FUNCTION 4 /* with its opening parenthesis */
#define SSQL_WORD_TYPE     5
#define SSQL_WORD_ALIAS    6 /* a table's alias, or the name of a table before a `.` */

/* Called for each word that can stand at the place, the likeliest first: as it is to be written, and what there is to
 * say about it ("int of films", "trim(string[, characters])", ""). Returns 0 to go on; another number ends the call. */
typedef int ssql_word_report(void *context, int kind, const char *word, const char *detail);

/* What can be written at offset `at` of a text that holds statements, finished or not: by the grammar, and by the tables
 * that the connection sees. The words replace the bytes from *begin to `at`: what was typed of a word so far. In
 * strings and comments there are none. Fails with SSQL_NO_MEMORY, or when the tables cannot be read. */
SSQL_API int ssql_complete_at(ssql_conn *conn, const char *text, size_t length, size_t at, size_t *begin,
                              ssql_word_report *report, void *context);

/* ---- copy: many rows in from a file, out to a file ----
 * The statement `copy` (docs/language.md) names a file, or `stdin` and `stdout`. What these are, a connection is told
 * here: the library never touches the process's own streams. */

/* Gives the next bytes: at most `capacity` of them to `bytes`, their number to *size, 0 at the end. Returns 0; another
 * number fails the statement with SSQL_IO and the message of ssql_copy_fail. Called in the thread that runs the
 * statement; must not use the connection but for ssql_copy_stat and ssql_copy_fail. */
typedef int ssql_copy_read(void *context, char *bytes, size_t capacity, size_t *size);

/* Takes bytes, all of them. Otherwise as above. */
typedef int ssql_copy_write(void *context, const char *bytes, size_t size);

/* What `stdin` and `stdout` mean in copy statements of the connection, until the next such call; NULL: they are refused
 * with SSQL_MISUSE, as they are before the first call. `name` (copied; NULL: "stdin", "stdout") is what errors call it:
 * a path, when the program opened a file. */
SSQL_API void ssql_set_copy_input(ssql_conn *conn, ssql_copy_read *read, void *context, const char *name);
SSQL_API void ssql_set_copy_output(ssql_conn *conn, ssql_copy_write *write, void *context, const char *name);

/* For the functions above, before they return another number than 0: the message of the error that the statement then
 * fails with. Copied. */
SSQL_API void ssql_copy_fail(ssql_conn *conn, const char *message);

/* A number about the connection's copy statement that is running or ran last, also from its callbacks. Names: rows (in
 * or out), rejected (records that were left out with max_rejects), ignored (rows whose key was there, with on_conflict
 * ignore), bytes (read or written). Fails with SSQL_BAD_OPTION for another name; *value is 0 then. */
SSQL_API int ssql_copy_stat(const ssql_conn *conn, const char *name, int64_t *value);

/* The `create table` that the last copy statement ran for its option `create`, or "". Valid until the next one runs. */
SSQL_API const char *ssql_copy_created_table(const ssql_conn *conn);

/* ---- backup: a copy of an open database, while its writers go on ---- */

#define SSQL_BACKUP_INCREMENTAL 1 /* a backup of this database that is there becomes one of now: only what is new is
                                   * brought there. Without one, one is made */
#define SSQL_BACKUP_COPY        2 /* every file is copied, also where a link would do */

/* Makes a backup of the connection's database in the directory `path`: a database of its own that holds every commit up
 * to one moment during the call, and nothing of a later one. The directory is new or empty, or holds what an earlier
 * backup left unfinished; with SSQL_BACKUP_INCREMENTAL, or a backup that nobody has written to. `flags` are those above,
 * added up, or 0. The same as the statement `backup to`.
 * Files that never change are linked into the backup where both lie on one file system, else copied and checked. The
 * connection's progress is reported as "backing up", in bytes; ssql_interrupt ends it.
 * Fails with SSQL_IN_TRANSACTION, SSQL_CANNOT_OPEN (the directory is taken, or no backup of this database), SSQL_CORRUPT
 * (a file that had to be copied is damaged), SSQL_LOCKED, SSQL_DISK_FULL, SSQL_IO, SSQL_INTERRUPTED: then nothing is left
 * behind, and a backup that was there is as it was. With SSQL_UNKNOWN_OUTCOME the backup is whole or not there. */
SSQL_API int ssql_backup(ssql_conn *conn, const char *path, int flags);

/* A number about the last ssql_backup of the connection that succeeded. Names: files (all of the backup's), linked, copied,
 * kept (that were there before), written (made of what was not in any file yet), bytes (of all files). Fails with
 * SSQL_BAD_OPTION for another name; *value is 0 then. */
SSQL_API int ssql_backup_stat(const ssql_conn *conn, const char *name, int64_t *value);

/* ---- looking at the database ---- */

/* The tables that the connection sees now, its own transaction included. Freed with ssql_tables_free; independent of
 * the connection. Fails with SSQL_NO_MEMORY, SSQL_IO, SSQL_CORRUPT. */
SSQL_API int ssql_tables_new(ssql_conn *conn, ssql_tables **tables);
SSQL_API int ssql_tables_count(const ssql_tables *tables);

/* Table i, from 0, in the order of their names, and its columns. NULL, 0 when there is no such. Valid until freed. */
SSQL_API const char *ssql_tables_name(const ssql_tables *tables, int i);
SSQL_API int ssql_tables_column_count(const ssql_tables *tables, int i);
SSQL_API const char *ssql_tables_column_name(const ssql_tables *tables, int i, int column);
SSQL_API int ssql_tables_column_type(const ssql_tables *tables, int i, int column);
SSQL_API int ssql_tables_column_is_key(const ssql_tables *tables, int i, int column);
SSQL_API int ssql_tables_column_is_not_null(const ssql_tables *tables, int i, int column);

/* A number about table i. Names: rows (an estimate), memtable_rows; bytes_flushed and bytes_compacted, ever written to its
 * files; bottom_bytes, of the lowest level that has files (if that is level 0, of the largest of them); and of each level,
 * 0 to ssql_level_count() - 1: level0_files, level0_bytes, level0_rows … Fails with SSQL_BAD_OPTION for another name or table; *value is 0 then. */
SSQL_API int ssql_tables_stat(const ssql_tables *tables, int i, const char *name, int64_t *value);
SSQL_API void ssql_tables_free(ssql_tables *tables);
SSQL_API int ssql_level_count(void);

/* A number about the database as it is now. Names: last_sequence, durable_sequence, wal_bytes, wal_segments, wal_syncs,
 * memtables (that hold rows), memtable_bytes, cache_bytes, work_bytes, flushes, compactions, bytes_logged,
 * bytes_flushed, bytes_compacted, bytes_spilled, stall_microseconds, cache_hits, cache_misses, bytes_read (of blocks that
 * were not in the cache), filter_hits (files that their filter ruled out when a key was sought), filter_misses (that had
 * to be read). Bytes logged, flushed and compacted are counted since the database was made, other things since it was
 * opened. Fails with SSQL_BAD_OPTION for another name; *value is 0 then. Any thread. */
SSQL_API int ssql_stat(ssql_db *db, const char *name, int64_t *value);

/* The i-th of these names, from 0; NULL past the last. Static. */
SSQL_API const char *ssql_stat_name(int i);

/* 1 when the database was opened readonly. Any thread. */
SSQL_API int ssql_db_is_read_only(ssql_db *db);

/* ---- looking for damage ---- */

#define SSQL_FINDING_DAMAGE   1 /* bytes or files that are not what was written */
#define SSQL_FINDING_NOTICE   2 /* no damage: a file that nothing names */
#define SSQL_FINDING_PROGRESS 3 /* nothing was found: one more file was read, or all is done (the last call) */

/* Called for each thing that a check meets, in the thread that called it. Returns 0 to go on; another number ends the
 * check with SSQL_INTERRUPTED. The finding and its texts are valid until it returns. */
typedef int ssql_check_report(void *context, const ssql_finding *finding);

/* Reads every byte of the database at a path, open or not, here or elsewhere: checksums and places, order of keys, zone
 * maps, filters, counts, sequence numbers, the log, the catalog. Changes nothing and takes no lock. Beside a writer it
 * checks what was there when it began, and what replaced that meanwhile. `options` (NULL: defaults) limit memory and
 * keep the message, as with ssql_open_with; `report` may be NULL.
 * SSQL_OK: read to the end, and whole. SSQL_CORRUPT: damage was found, each reported. Anything else: it could not be
 * checked: SSQL_CANNOT_OPEN (absent, not a database, of a newer format), SSQL_BAD_OPTION (":memory:"), SSQL_NO_MEMORY,
 * SSQL_TOO_MANY_OPEN, SSQL_IO (writers changed it too fast). A file that cannot be read is damage. Any thread. */
SSQL_API int ssql_check(const char *path, ssql_options *options, ssql_check_report *report, void *context);

/* Writes all that can still be proven good of a damaged database, which nobody writes to meanwhile, into a new one at
 * `new_path`, a directory that is new or empty: every block and every record of the log whose checksum is right and in
 * place. The newest version of a row that is left wins, deleted rows stay deleted; where something newer may have been
 * lost the finding says so. Names that are lost are made up. Findings of SSQL_FINDING_DAMAGE tell what is lost, at the
 * end, in order; those of SSQL_FINDING_PROGRESS come while files are read. `options` (may be NULL) open the new database;
 * their message tells about a failure. Returns SSQL_OK when nothing was lost, SSQL_CORRUPT when something was: the new
 * database is there in both cases. Else it is not: SSQL_CANNOT_OPEN (there is nothing of a database, or one at
 * `new_path`), SSQL_INTERRUPTED (the report returned another number than 0), SSQL_DISK_FULL, SSQL_IO, SSQL_NO_MEMORY. */
SSQL_API int ssql_salvage(const char *path, const char *new_path, ssql_options *options, ssql_check_report *report,
                          void *context);

/* One of the kinds above. */
SSQL_API int ssql_finding_kind(const ssql_finding *finding);

/* Path of the file, or of the database when it is about none. */
SSQL_API const char *ssql_finding_file(const ssql_finding *finding);

/* Where in the file; -1 when that is not known. */
SSQL_API int64_t ssql_finding_offset(const ssql_finding *finding);

/* Name of the table that is concerned; NULL: none, one of the catalog's own, or its name could not be read. */
SSQL_API const char *ssql_finding_table(const ssql_finding *finding);

/* What was found, in one sentence with its place in the file; "" for progress. */
SSQL_API const char *ssql_finding_text(const ssql_finding *finding);

/* A number so far. Names: tables, files, bytes (that were read), bytes_total, damages, notices,
 * rows (kept by a salvage; versions of rows). Fails with SSQL_BAD_OPTION for another name; *value is 0 then. */
SSQL_API int ssql_finding_stat(const ssql_finding *finding, const char *name, int64_t *value);

/* ---- steering the work in the background. Of the whole database; not needed in normal use. ---- */

/* Writes all rows that are only in memory and the log to the tables' files. */
SSQL_API int ssql_checkpoint(ssql_conn *conn);

/* Merges each table into one level: smallest files, fastest reads; reads and writes all data. The connection's progress
 * is reported as "compacting", in rows; ssql_interrupt ends it, each table merged or as it was. */
SSQL_API int ssql_compact(ssql_conn *conn);

/* The same for one table. Fails with SSQL_UNKNOWN_TABLE. */
SSQL_API int ssql_compact_table(ssql_conn *conn, const char *table);

/* Waits until no flush and no compaction is due. */
SSQL_API int ssql_wait_idle(ssql_conn *conn);

/* ---- the library itself ---- */

SSQL_API const char *ssql_version(void); /* "0.1.0": compare with SSQL_VERSION */
SSQL_API int ssql_version_number(void);  /* compare with SSQL_VERSION_NUMBER */
SSQL_API int ssql_format_version(void);  /* of the files that it writes; it reads all up to this */

#ifdef __cplusplus
}
#endif

#endif
