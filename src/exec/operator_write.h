/* operator_write.h - what insert, update and delete have in common: rows as values of a table's columns, and the errors
 * that name table, column and key. */
#ifndef SSQL_EXEC_OPERATOR_WRITE_H
#define SSQL_EXEC_OPERATOR_WRITE_H

#include "exec/operator.h"

/* Fails when a column that must not be null is, naming it. */
MUST_CHECK bool row_check_not_null(const struct table_schema *table, const struct value *values, struct ssql_span span,
                                   struct ssql_error *error);

/* `table "users" already has a row with key id = 1`; returns false. */
bool row_fail_duplicate(const struct table_schema *table, const struct value *values, struct ssql_span span,
                        struct ssql_error *error);

/* Gives an error of storage (a row that is too large) the statement's place when it has none; returns false. */
bool row_fail_at(struct ssql_span span, struct ssql_error *error);

/* The key of a row of `batch` whose key columns stand at these positions, encoded into `key`. */
MUST_CHECK bool row_encode_old_key(const struct table_schema *table, const uint16_t *positions,
                                   const struct batch *batch, uint32_t row, struct buffer *key,
                                   struct ssql_error *error);

#endif
