/* questions.h - what a database is asked, and the answers that it gave while it was whole. For programs that damage it;
 * failures of the program itself end it with status 2. */
#ifndef FAULT_QUESTIONS_H
#define FAULT_QUESTIONS_H

#include <ssql.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

_Noreturn void give_up(const char *what);

/* ---- an open database ---- */

struct opened {
    ssql_db *db;
    ssql_conn *connection;
    int code;
    char message[600];
};

/* Options come as name, value, …, NULL. */
struct opened open_database(const char *path, const char *const options[]);
void close_database(struct opened *opened);
__attribute__((format(printf, 2, 3))) void execute(struct opened *opened, const char *format, ...);
void execute_text(struct opened *opened, const char *text, size_t size);

/* ---- questions ---- */

struct question {
    char text[160];
    char **rows; /* the right answer */
    size_t count, capacity;
};

struct questions {
    struct question questions[64];
    size_t count;
};

__attribute__((format(printf, 2, 3))) void questions_add(struct questions *questions, const char *format, ...);
/* Asks a database that is whole, and keeps the answers. */
void questions_learn(struct questions *questions, const char *path, const char *const options[]);
void questions_clear(struct questions *questions);

/* SSQL_DONE: the right answer; -1: another one; else the code of an error. */
int question_ask(struct question *question, ssql_conn *connection);

/* Formats are looked at before anything else, so damage there may look like a newer format. */
bool is_clear_error(int code, const char *message);

#endif
