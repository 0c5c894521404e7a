/* import_script.h - a file of insert statements as a source of rows: run statement by statement in the transaction that
 * the caller has begun. Dot commands and the script's own begin and commit have no effect on that. */
#ifndef SHELL_IMPORT_SCRIPT_H
#define SHELL_IMPORT_SCRIPT_H

#include "shell/compressed_input.h"
#include "shell/transfer_command.h"

/* Adds the rows that its inserts changed to *rows. False when it failed, which is reported. */
bool import_script_run(struct transfer *transfer, struct compressed_input *input, int64_t *rows);

#endif
