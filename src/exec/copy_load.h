/* copy_load.h - inside the room: what the parts of `copy ... from` share while one runs. The parts:
 *   operator_copy_from.c  the run: opening, reading batches, ending
 *   copy_columns.c        which column of the file is which of the table
 *   copy_rows.c           batches converted and written
 *   copy_create.c         a table made after the file
 *   copy_rejects.c        records that are left out
 * Everything of a run dies with it. One thread. */
#ifndef SSQL_EXEC_COPY_LOAD_H
#define SSQL_EXEC_COPY_LOAD_H

#include "exec/copy_stream.h"
#include "exec/operator_write.h"
#include "format/field_convert.h"
#include "format/record_reader.h"

enum { COPY_NO_COLUMN = -1 };

/* A column of the table as it is loaded. */
struct copy_column {
    int32_t place; /* column of the file, or COPY_NO_COLUMN: the default */
    struct value default_value;
    void *items; /* of the batch, as a flat vector has them; RECORD_BATCH_MOST */
    uint8_t *nulls;
    bool has_nulls;
    bool has_absent; /* some records of the batch may lack the field: these get the default */
};

struct copy_rejects {
    struct copy_output file;
    struct byte_sink sink;
    bool is_open;
    uint64_t count;
    bool is_kept[RECORD_BATCH_MOST]; /* of the batch: rows that do not fit */
    bool has_kept;
    struct ssql_error *errors; /* why; made when first needed */
};

struct copy_load {
    struct operator base;
    const struct copy_plan *plan;
    struct copy_environment *environment;
    struct expression *default_program; /* NULL: no table, or one without columns */
    struct vector *default_values;

    /* of the run */
    struct arena arena;
    struct copy_input input;
    struct record_reader *reader;
    const struct table_schema *schema; /* of the table */
    struct schema *created_schema;     /* retained; `schema` is in it */
    struct table *table;               /* in the transaction that is open now */
    struct copy_column *columns;       /* per visible column of the table */
    struct value *values;              /* a row of the table */
    uint32_t mapped_count;             /* columns of the file that are known to be some of the table's */
    bool checks_nulls;                 /* in this batch some not-null column may be null */
    uint64_t uncommitted;              /* rows since the last commit, with batch_rows */
    uint64_t committed;
    struct copy_rejects rejects;
};

static inline bool copy_is_json(const struct copy_load *load)
{
    return load->plan->format == RECORD_FORMAT_JSON || load->plan->format == RECORD_FORMAT_JSONL;
}

/* Puts the file's name and the place before the message; returns false. */
bool copy_fail_at(const struct copy_load *load, const struct record_place *place, struct ssql_error *error);
/* The same for what the reader complains of, if that has a place. */
bool copy_fail_reading(const struct copy_load *load, struct ssql_error *error);

/* A reader at the file's beginning that knows the names of its columns, if they have some. */
MUST_CHECK bool copy_open_reader(struct copy_load *load, struct ssql_error *error);

/* ---- copy_columns.c ---- */

/* Makes room for a row and evaluates defaults; the table is known. */
MUST_CHECK bool copy_columns_init(struct copy_load *load, struct ssql_error *error);
/* Finds columns of the file that came to be known since the last call. `batch` is the one that was read meanwhile, or
 * NULL when the header alone was. */
MUST_CHECK bool copy_columns_map(struct copy_load *load, const struct record_batch *batch, struct ssql_error *error);
/* Of a file with a header: those that it lacks may be missing. */
MUST_CHECK bool copy_columns_check(const struct copy_load *load, struct ssql_error *error);

/* ---- copy_rows.c ---- */

/* Converts the records and writes them; rejects what does not fit, or fails. */
MUST_CHECK bool copy_rows_load(struct copy_load *load, const struct record_batch *batch, struct ssql_error *error);

/* ---- copy_create.c ---- */

/* Reads the file once, makes the table; the file is at its beginning again. */
MUST_CHECK bool copy_create_table(struct copy_load *load, struct ssql_error *error);

/* ---- copy_rejects.c ---- */

MUST_CHECK bool copy_rejects_open(struct copy_load *load, struct ssql_error *error);
/* A record is left out for what `error` says, place and all, if that is a record's own fault and one more is allowed:
 * true, and the error is gone. */
MUST_CHECK bool copy_rejects_take(struct copy_load *load, const struct record *record, struct ssql_error *error);
/* Keeps an error for when the row's turn comes; the first of a row stays. */
MUST_CHECK bool copy_rejects_keep(struct copy_load *load, uint32_t row, struct ssql_error *error);
/* Puts the file in its place. */
MUST_CHECK bool copy_rejects_finish(struct copy_load *load, struct ssql_error *error);
void copy_rejects_close(struct copy_load *load);

#endif
