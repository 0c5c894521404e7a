#include "shell/suggestion.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LONGEST_NAME = 64, SHORTEST_BEGINNING = 3, BEGINNING_SCORE = 2 * LONGEST_NAME };

static size_t least(size_t left, size_t right)
{
    return left < right ? left : right;
}

/* Of ASCII alone: names are not in the user's language. */
static unsigned char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + ('a' - 'A')) : (unsigned char)byte;
}

/* Edit distance with swapped neighbours, without case. Names are at most LONGEST_NAME bytes. */
static size_t edit_distance(const char *left, const char *right)
{
    size_t rows[3][LONGEST_NAME + 1];
    size_t left_size = strlen(left), right_size = strlen(right);

    for (size_t i = 0; i <= left_size; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        for (size_t j = 0; j <= right_size; j++) {
            if (i == 0 || j == 0) {
                row[j] = i + j;
                continue;
            }
            unsigned char a = lower(left[i - 1]), b = lower(right[j - 1]);
            row[j] = least(above[j - 1] + (a != b), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a == lower(right[j - 2]) && b == lower(left[i - 2]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return rows[left_size % 3][right_size];
}

static bool is_beginning(const char *beginning, const char *name)
{
    size_t i = 0;

    while (beginning[i] != '\0' && lower(beginning[i]) == lower(name[i]))
        i++;
    return beginning[i] == '\0' && i >= SHORTEST_BEGINNING;
}

/* Less is nearer; SIZE_MAX is not near. */
static size_t score_of(const char *typed, const char *name)
{
    size_t typed_size = strlen(typed), name_size = strlen(name);
    size_t limit = typed_size <= 5 ? 1 : typed_size <= 8 ? 2 : 3;
    size_t longer = typed_size > name_size ? typed_size : name_size, shorter = least(typed_size, name_size);

    if (longer > LONGEST_NAME || shorter == 0 || strcmp(typed, name) == 0)
        return SIZE_MAX;
    size_t distance = edit_distance(typed, name);
    if (distance <= limit && distance < longer)
        return 2 * distance + (lower(typed[0]) != lower(name[0]));
    return is_beginning(typed, name) ? BEGINNING_SCORE + name_size : SIZE_MAX;
}

struct suggestion suggestion_find_all(const char *typed, suggestion_name *name_at)
{
    struct suggestion found = {NULL, NULL};
    size_t best = SIZE_MAX;
    const char *name;

    for (int i = 0; (name = name_at(i)) != NULL; i++) {
        size_t score = score_of(typed, name);
        if (score < best) {
            best = score;
            found = (struct suggestion){name, NULL};
        } else if (score == best && found.best != NULL && found.second == NULL && strcmp(found.best, name) != 0) {
            found.second = name;
        }
    }
    return found;
}

const char *suggestion_find(const char *typed, suggestion_name *name_at)
{
    return suggestion_find_all(typed, name_at).best;
}

bool suggestion_hint(struct text_buffer *to, const char *typed, suggestion_name *name_at, const char *quote)
{
    struct suggestion found = suggestion_find_all(typed, name_at);

    if (found.best == NULL)
        return false;
    text_format(to, "did you mean %s%s%s", quote, found.best, quote);
    if (found.second != NULL)
        text_format(to, " or %s%s%s", quote, found.second, quote);
    text_add_char(to, '?');
    return true;
}
