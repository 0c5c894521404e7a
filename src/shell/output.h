/* output.h - where results go: standard output, a file or a program. Text is gathered and written in large pieces;
 * before each write the owner is asked whether what the text may depend on is durable. A write that failed is
 * remembered in `error`; what is added afterwards is dropped. */
#ifndef SHELL_OUTPUT_H
#define SHELL_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "shell/text_buffer.h"

struct output {
    int file; /* -1: none is open */
    bool is_terminal;
    bool is_held; /* nothing is written but by output_flush */
    struct text_buffer text;
    bool (*may_write)(void *owner); /* NULL: always */
    void *owner;
    int error;            /* errno of the first failure; EPIPE: nobody reads any more; ECANCELED: may_write said no */
    FILE *program;        /* when it goes to a program */
    char *path;           /* when it goes to a file */
    char *temporary_path; /* where the file is until all went well; NULL while it is written in place */
};

void output_add(struct output *output, const char *bytes, size_t size);
void output_add_string(struct output *output, const char *string);
void output_add_char(struct output *output, char byte);
void output_repeat(struct output *output, const char *string, size_t count);

/* Writes what was gathered. False when this or an earlier write failed. */
bool output_flush(struct output *output);

/* Open a file or a program for writing; `output` holds none before. A file is written beside its place and takes it in
 * output_close, unless it is appended to, is no ordinary file (a device, a pipe) or is standard output (- or a name of
 * it). Links stay links. False with errno, and nothing open. */
bool output_open_file(struct output *output, const char *path, bool append);
bool output_open_program(struct output *output, const char *command);

/* Flushes and closes; `keep` false: a file that is written aside is dropped. False with errno when something of it, or
 * the program, failed. Does nothing when none is open. */
bool output_close(struct output *output, bool keep);

/* What an errno of output_close says. */
const char *output_error_text(int error);

/* Flushes stdout of C, to which commands that open no session write. Says so on stderr when it cannot: then false. */
bool output_flush_stdout(void);

/* Writes a text there, which is not empty, and frees it. */
bool output_print(struct text_buffer *text);

#endif
