#include "shell/suggestion.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

enum { LONGEST_NAME = 40 };

static unsigned least(unsigned left, unsigned right)
{
    return left < right ? left : right;
}

/* Edit distance with swapped neighbours, without case. Names are at most LONGEST_NAME bytes. */
static unsigned distance(const char *left, const char *right)
{
    unsigned rows[LONGEST_NAME + 1][LONGEST_NAME + 1];
    size_t left_size = strlen(left), right_size = strlen(right);

    for (size_t i = 0; i <= left_size; i++) {
        for (size_t j = 0; j <= right_size; j++) {
            if (i == 0 || j == 0) {
                rows[i][j] = (unsigned)(i + j);
                continue;
            }
            int a = tolower((unsigned char)left[i - 1]), b = tolower((unsigned char)right[j - 1]);
            rows[i][j] = least(rows[i - 1][j - 1] + (a != b), least(rows[i - 1][j], rows[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a != b && a == tolower((unsigned char)right[j - 2]) &&
                b == tolower((unsigned char)left[i - 2]))
                rows[i][j] = least(rows[i][j], rows[i - 2][j - 2] + 1);
        }
    }
    return rows[left_size][right_size];
}

const char *suggestion_find(const char *typed, suggestion_name *name_at)
{
    size_t size = strlen(typed);
    unsigned best = size <= 3 ? 1 : size <= 6 ? 2 : 3; /* the farthest that is still near */
    const char *nearest = NULL, *name;

    if (size > LONGEST_NAME)
        return NULL;
    for (int i = 0; (name = name_at(i)) != NULL; i++) {
        if (strlen(name) > LONGEST_NAME)
            continue;
        unsigned found = distance(typed, name);
        if (found < best || (found == best && nearest == NULL)) {
            best = found;
            nearest = name;
        }
    }
    return nearest;
}
