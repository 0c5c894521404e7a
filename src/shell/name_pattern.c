#include "shell/name_pattern.h"

#include <stddef.h>

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

/* Only the last * is ever tried again: an earlier one that took more could not help. */
bool name_matches(const char *pattern, const char *name)
{
    const char *star = NULL, *resume = name;

    while (*name != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            resume = name;
        } else if (*pattern == '?' || (*pattern != '\0' && lower(*pattern) == lower(*name))) {
            /* ? is a character of one to four bytes */
            do
                name++;
            while (*pattern == '?' && ((unsigned char)*name & 0xC0) == 0x80);
            pattern++;
        } else if (star != NULL) {
            pattern = star + 1;
            name = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}
