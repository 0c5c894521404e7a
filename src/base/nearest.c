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

/* Beginnings rank behind every slip, those that leave less to be typed before others. */
enum { SHORTEST_BEGINNING = 3, BEGINNING_SCORE = 2 * NEAREST_LENGTH_LIMIT };

struct nearest nearest_start(struct slice wrong)
{
    size_t limit = wrong.size <= 5 ? 1 : wrong.size <= 8 ? 2 : 3;

    return (struct nearest){.wrong = wrong, .score = SIZE_MAX, .limit = limit, .takes_beginnings = true};
}

static bool is_beginning(struct slice beginning, struct slice name)
{
    if (beginning.size < SHORTEST_BEGINNING || beginning.size >= name.size)
        return false;
    for (size_t i = 0; i < beginning.size; i++)
        if (lower(beginning.data[i]) != lower(name.data[i]))
            return false;
    return true;
}

/* SIZE_MAX: the name is not near. */
static size_t score_of(const struct nearest *nearest, struct slice name)
{
    struct slice wrong = nearest->wrong;
    size_t longer = name.size > wrong.size ? name.size : wrong.size;
    size_t shorter = minimum(name.size, wrong.size);

    if (longer > NEAREST_LENGTH_LIMIT || shorter == 0 || slice_equal(name, wrong))
        return SIZE_MAX;
    size_t distance = longer - shorter > nearest->limit ? SIZE_MAX : edit_distance(wrong, name);
    /* A name of which every letter would change is no slip of the hand. */
    if (distance <= nearest->limit && distance < longer)
        return 2 * distance + (lower(wrong.data[0]) != lower(name.data[0]));
    if (nearest->takes_beginnings && is_beginning(wrong, name))
        return BEGINNING_SCORE + name.size;
    return SIZE_MAX;
}

void nearest_consider(struct nearest *nearest, struct slice name)
{
    size_t score = score_of(nearest, name);

    if (score == SIZE_MAX || score > nearest->score)
        return;
    if (score < nearest->score) {
        nearest->score = score;
        nearest->best = name;
        nearest->second = slice_make(NULL, 0);
    } else if (nearest->second.data == NULL && !slice_equal(nearest->best, name)) {
        nearest->second = name;
    }
}

bool nearest_hint(const struct nearest *nearest, struct ssql_error *error)
{
    if (nearest->best.data == NULL)
        return false;
    if (nearest->second.data == NULL)
        error_hint(error, "did you mean \"%.*s\"?", SLICE_PRINT(nearest->best));
    else
        error_hint(error, "did you mean \"%.*s\" or \"%.*s\"?", SLICE_PRINT(nearest->best),
                   SLICE_PRINT(nearest->second));
    return true;
}
