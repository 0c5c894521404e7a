#include "exec/sort_merge.h"

#include <stdlib.h>

#include "base/bytes.h"

struct run {
    struct spill_reader reader;
    struct slice record, key; /* at the head of the run; record.data NULL: at its end */
};

struct sort_merge {
    uint32_t run_count, heap_count;
    struct run *runs;
    struct run **heap; /* least key first */
    bool has_started;  /* the top's record was handed out */
};

bool sort_record_split(struct slice record, struct slice *key, struct slice *payload)
{
    if (record.size < 8)
        return false;
    size_t key_size = load_u32le(record.data), payload_size = load_u32le(record.data + 4);
    if (record.size - 8 < key_size || record.size - 8 - key_size != payload_size)
        return false;
    *key = slice_make(record.data + 8, key_size);
    *payload = slice_make(record.data + 8 + key_size, payload_size);
    return true;
}

static bool advance(struct run *run, struct ssql_error *error)
{
    struct slice payload;

    if (!spill_reader_next(&run->reader, &run->record, error))
        return false;
    if (run->record.data == NULL || sort_record_split(run->record, &run->key, &payload))
        return true;
    return spill_fail_corrupt(error);
}

static void sift_down(struct sort_merge *merge, uint32_t root)
{
    struct run *run = merge->heap[root];

    for (;;) {
        uint32_t child = 2 * root + 1;
        if (child >= merge->heap_count)
            break;
        if (child + 1 < merge->heap_count && slice_compare(merge->heap[child + 1]->key, merge->heap[child]->key) < 0)
            child++;
        if (slice_compare(run->key, merge->heap[child]->key) <= 0)
            break;
        merge->heap[root] = merge->heap[child];
        root = child;
    }
    merge->heap[root] = run;
}

bool sort_merge_create(struct spill_file **files, uint32_t count, struct sort_merge **out, struct ssql_error *error)
{
    struct sort_merge *merge = calloc(1, sizeof *merge);
    struct run *runs = calloc(count, sizeof *runs);
    struct run **heap = calloc(count, sizeof(struct run *));

    *out = NULL;
    if (merge == NULL || runs == NULL || heap == NULL) {
        for (uint32_t i = 0; i < count; i++)
            spill_close(files[i]);
        free(merge);
        free(runs);
        free(heap);
        return error_no_memory(error);
    }
    *merge = (struct sort_merge){.run_count = count, .runs = runs, .heap = heap};
    for (uint32_t i = 0; i < count; i++)
        spill_reader_init(&runs[i].reader, files[i]);
    for (uint32_t i = 0; i < count; i++) {
        if (!advance(&runs[i], error)) {
            sort_merge_destroy(merge);
            return false;
        }
        if (runs[i].record.data != NULL)
            heap[merge->heap_count++] = &runs[i];
    }
    for (uint32_t i = merge->heap_count / 2; i > 0; i--)
        sift_down(merge, i - 1);
    *out = merge;
    return true;
}

void sort_merge_destroy(struct sort_merge *merge)
{
    if (merge == NULL)
        return;
    for (uint32_t i = 0; i < merge->run_count; i++)
        spill_reader_clear(&merge->runs[i].reader);
    free(merge->runs);
    free(merge->heap);
    free(merge);
}

bool sort_merge_next(struct sort_merge *merge, struct slice *record, struct ssql_error *error)
{
    *record = slice_make(NULL, 0);
    if (merge->has_started && merge->heap_count > 0) {
        struct run *top = merge->heap[0];
        if (!advance(top, error))
            return false;
        if (top->record.data == NULL)
            merge->heap[0] = merge->heap[--merge->heap_count];
        if (merge->heap_count > 0)
            sift_down(merge, 0);
    }
    merge->has_started = true;
    if (merge->heap_count > 0)
        *record = merge->heap[0]->record;
    return true;
}
