#include "shell/head_tail.h"

#include <assert.h>
#include <stdlib.h>

void head_tail_init(struct head_tail *kept, size_t columns, size_t head_most, size_t tail_most)
{
    *kept = (struct head_tail){.columns = columns, .head_most = head_most, .tail_most = tail_most};
}

/* Where the row with this number, from 0, is kept. */
static size_t place_of(const struct head_tail *kept, uint64_t number)
{
    if (number < kept->head_most)
        return (size_t)number;
    assert(kept->tail_most > 0);
    return kept->head_most + (size_t)((number - kept->head_most) % kept->tail_most);
}

struct shown_row *head_tail_add(struct head_tail *kept)
{
    size_t place = place_of(kept, (uint64_t)kept->count);

    if (place == kept->allocated) {
        kept->rows = must_reallocate(kept->rows, (kept->allocated + 1) * sizeof *kept->rows);
        kept->rows[kept->allocated++] = (struct shown_row){.cells = must_allocate(kept->columns * sizeof(struct cell))};
    }
    struct shown_row *row = &kept->rows[place];
    if ((uint64_t)kept->count >= kept->head_most + kept->tail_most)
        kept->bytes -= row->text.size;
    text_reset(&row->text);
    kept->count++;
    return row;
}

void head_tail_added(struct head_tail *kept, const struct shown_row *row)
{
    kept->bytes += row->text.size;
}

size_t head_tail_kept(const struct head_tail *kept)
{
    size_t most = kept->head_most + kept->tail_most;

    return kept->count < (int64_t)most ? (size_t)kept->count : most;
}

struct shown_row *head_tail_row(const struct head_tail *kept, size_t i)
{
    uint64_t number = i < kept->head_most ? i : (uint64_t)kept->count - (head_tail_kept(kept) - i);

    return &kept->rows[place_of(kept, number)];
}

int64_t head_tail_left_out(const struct head_tail *kept)
{
    return kept->count - (int64_t)head_tail_kept(kept);
}

void head_tail_reset(struct head_tail *kept)
{
    kept->count = 0;
    kept->bytes = 0;
}

void head_tail_clear(struct head_tail *kept)
{
    for (size_t i = 0; i < kept->allocated; i++) {
        text_clear(&kept->rows[i].text);
        free(kept->rows[i].cells);
    }
    free(kept->rows);
    *kept = (struct head_tail){0};
}
