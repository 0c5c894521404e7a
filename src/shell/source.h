/* source.h - a statement or dot command together with the place where it stands, for messages. Borrows all texts. */
#ifndef SHELL_SOURCE_H
#define SHELL_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source {
    const char *file;  /* name for messages; NULL: standard input, -c or the prompt */
    const char *text;  /* from the beginning of the statement's line, or a later point of it, to what is known */
    size_t known_size; /* bytes of it */
    size_t begin;      /* offset of the statement */
    size_t size;       /* bytes of the statement */
    int64_t line;      /* of the first byte of `text`, from 1 */
    int64_t column;    /* code points of that line before `text` */
    bool is_cut_off;   /* the input ended before a `;` */
};

#endif
