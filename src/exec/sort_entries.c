/* Quicksort over entries with key heads (median of three; insertion sort at the end; heapsort when a pivot misleads too
 * often, as in Musser's introsort). Keys end in a sequence number, so no two are equal and no stability is asked for.
 */
#include "base/bytes.h"
#include "exec/sort_rows.h"

enum { INSERTION_MOST = 16 };

struct slice sort_record_key(const uint8_t *record)
{
    return slice_make(record + 8, load_u32le(record));
}

static bool is_less(const struct sort_entry *left, const struct sort_entry *right)
{
    if (left->head != right->head)
        return left->head < right->head;
    return slice_compare(sort_record_key(left->record), sort_record_key(right->record)) < 0;
}

static void swap(struct sort_entry *left, struct sort_entry *right)
{
    struct sort_entry entry = *left;

    *left = *right;
    *right = entry;
}

static void insertion_sort(struct sort_entry *entries, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct sort_entry entry = entries[i];
        uint32_t at = i;
        for (; at > 0 && is_less(&entry, &entries[at - 1]); at--)
            entries[at] = entries[at - 1];
        entries[at] = entry;
    }
}

static void sift_down(struct sort_entry *entries, uint32_t root, uint32_t count)
{
    for (;;) {
        uint32_t largest = root;
        for (uint32_t child = 2 * root + 1; child <= 2 * root + 2 && child < count; child++)
            if (is_less(&entries[largest], &entries[child]))
                largest = child;
        if (largest == root)
            return;
        swap(&entries[root], &entries[largest]);
        root = largest;
    }
}

static void heap_sort(struct sort_entry *entries, uint32_t count)
{
    for (uint32_t i = count / 2; i > 0; i--)
        sift_down(entries, i - 1, count);
    for (uint32_t end = count; end > 1; end--) {
        swap(&entries[0], &entries[end - 1]);
        sift_down(entries, 0, end - 1);
    }
}

/* Puts the median of first, middle and last in the middle and returns it. */
static struct sort_entry choose_pivot(struct sort_entry *entries, uint32_t count)
{
    struct sort_entry *middle = &entries[count / 2], *last = &entries[count - 1];

    if (is_less(middle, &entries[0]))
        swap(middle, &entries[0]);
    if (is_less(last, middle)) {
        swap(last, middle);
        if (is_less(middle, &entries[0]))
            swap(middle, &entries[0]);
    }
    return *middle;
}

static void quick_sort(struct sort_entry *entries, uint32_t count, uint32_t depth_left)
{
    while (count > INSERTION_MOST) {
        if (depth_left-- == 0) {
            heap_sort(entries, count);
            return;
        }
        struct sort_entry pivot = choose_pivot(entries, count);
        uint32_t low = 0, high = count - 1;
        for (;;) {
            while (is_less(&entries[low], &pivot))
                low++;
            while (is_less(&pivot, &entries[high]))
                high--;
            if (low >= high)
                break;
            swap(&entries[low++], &entries[high--]);
        }
        /* [0, high] <= pivot <= [high + 1, count): the smaller side by a call, the other by the loop. */
        uint32_t left_count = high + 1;
        if (left_count < count - left_count) {
            quick_sort(entries, left_count, depth_left);
            entries += left_count;
            count -= left_count;
        } else {
            quick_sort(entries + left_count, count - left_count, depth_left);
            count = left_count;
        }
    }
    insertion_sort(entries, count);
}

void sort_entries(struct sort_entry *entries, uint32_t count)
{
    uint32_t depth = 2;

    for (uint32_t i = count; i > 1; i /= 2)
        depth += 2;
    quick_sort(entries, count, depth);
}
