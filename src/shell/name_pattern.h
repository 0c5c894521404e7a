/* name_pattern.h - names of tables by pattern: * stands for any characters, ? for one; without case. */
#ifndef SHELL_NAME_PATTERN_H
#define SHELL_NAME_PATTERN_H

#include <stdbool.h>

bool name_matches(const char *pattern, const char *name);

#endif
