/* copy_streams.h - what stdin and stdout mean in copy statements of the shell: its own standard input, unless that is
 * where the statements come from, and the place where results go. */
#ifndef SHELL_COPY_STREAMS_H
#define SHELL_COPY_STREAMS_H

#include "shell/session.h"

/* For the connection that the session has just opened. */
void copy_streams_connect(struct session *session);

#endif
