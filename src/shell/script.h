/* script.h - running whole scripts: a file, standard input, a text of the command line. */
#ifndef SHELL_SCRIPT_H
#define SHELL_SCRIPT_H

#include "shell/session.h"

enum { SCRIPT_DEPTH_MOST = 32 }; /* of .read within .read */

/* All return false when something failed, which is reported. */

/* `path` of .read is relative to the script that is being read; "-" is standard input. A script that is not there is an
 * error at `source`; with `source` NULL it is one of the command line, and the status is STATUS_NO_START. */
bool script_run_file(struct session *session, const char *path, const struct source *source);

bool script_run_text(struct session *session, const char *text);

#endif
