/* safe_mode.h - what --safe refuses: files, programs, and statements that destroy more than somebody may have meant. */
#ifndef SHELL_SAFE_MODE_H
#define SHELL_SAFE_MODE_H

#include <stdbool.h>
#include <stddef.h>

/* False when a statement must not run; *why (a sentence) and *hint say more then. Static texts. */
bool safe_mode_allows(const char *text, size_t size, const char **why, const char **hint);

#endif
