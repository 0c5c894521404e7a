#include "base/nearest.h"

enum { NEAREST_LENGTH_LIMIT = 64 }; /* longer names get no suggestion: the work stays bounded */

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

static size_t minimum(size_t left, size_t right)
{
    return left < right ? left : right;
}

/* Damerau-Levenshtein distance in its restricted form (a swap of neighbours is one edit), three rows at a time. */
static size_t edit_distance(struct slice left, struct slice right)
{
    size_t rows[3][NEAREST_LENGTH_LIMIT + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];

    for (size_t j = 0; j <= right.size; j++)
        above[j] = j;
    for (size_t i = 1; i <= left.size; i++) {
        uint8_t a = lower(left.data[i - 1]);
        row[0] = i;
        for (size_t j = 1; j <= right.size; j++) {
            uint8_t b = lower(right.data[j - 1]);
            row[j] = minimum(minimum(above[j], row[j - 1]) + 1, above[j - 1] + (a != b));
            if (i > 1 && j > 1 && a == lower(right.data[j - 2]) && b == lower(left.data[i - 2]))
                row[j] = minimum(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[right.size];
}

struct nearest nearest_start(struct slice wrong)
{
    return (struct nearest){.wrong = wrong, .distance = SIZE_MAX, .limit = wrong.size < 6 ? 1 : wrong.size / 3};
}

void nearest_consider(struct nearest *nearest, struct slice name)
{
    size_t longer = name.size > nearest->wrong.size ? name.size : nearest->wrong.size;
    size_t shorter = minimum(name.size, nearest->wrong.size);

    if (longer > NEAREST_LENGTH_LIMIT || shorter == 0 || longer - shorter > nearest->limit)
        return;
    size_t distance = edit_distance(nearest->wrong, name);
    /* A name of which every letter would change is no slip of the hand. */
    if (distance > nearest->limit || distance >= longer || distance >= nearest->distance)
        return;
    nearest->distance = distance;
    nearest->best = name;
}
