#include "history.h"

#include <stdlib.h>
#include <string.h>

#define NOBODY SIZE_MAX

struct edge {
    size_t to;
    size_t next; /* index + 1; 0: none */
};

struct checker {
    const struct history_transaction *transactions;
    size_t count;
    size_t *writers;               /* by value: who appended it */
    uint32_t *list_of;             /* by value */
    const struct operation **last; /* by list: its longest read */
    size_t *first_edge;            /* by transaction: index + 1 */
    struct edge *edges;
    size_t edge_count, edge_capacity;
    const char *fault;
    size_t culprit;
};

static void fail(struct checker *checker, const char *fault, size_t culprit)
{
    if (checker->fault == NULL) {
        checker->fault = fault;
        checker->culprit = culprit;
    }
}

static void *get_memory(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);

    if (memory == NULL)
        abort();
    return memory;
}

static void add_edge(struct checker *checker, size_t from, size_t to)
{
    if (from == to || from == NOBODY || to == NOBODY)
        return;
    if (checker->edge_count == checker->edge_capacity) {
        checker->edge_capacity = checker->edge_capacity == 0 ? 1024 : 2 * checker->edge_capacity;
        checker->edges = realloc(checker->edges, checker->edge_capacity * sizeof *checker->edges);
        if (checker->edges == NULL)
            abort();
    }
    checker->edges[checker->edge_count] = (struct edge){.to = to, .next = checker->first_edge[from]};
    checker->first_edge[from] = ++checker->edge_count;
}

/* ---- what the lists say ---- */

static void note_writers(struct checker *checker, uint32_t values)
{
    for (uint32_t i = 0; i < values; i++)
        checker->writers[i] = NOBODY;
    for (size_t i = 0; i < checker->count; i++) {
        const struct history_transaction *transaction = &checker->transactions[i];
        for (uint32_t j = 0; j < transaction->count; j++) {
            const struct operation *operation = &transaction->operations[j];
            if (!operation->is_append)
                continue;
            checker->writers[operation->value] = i;
            checker->list_of[operation->value] = operation->list;
        }
    }
}

static bool is_prefix(const struct operation *shorter, const struct operation *longer)
{
    return shorter->count <= longer->count &&
           (shorter->count == 0 || memcmp(shorter->read, longer->read, shorter->count * sizeof(uint32_t)) == 0);
}

static void note_read(struct checker *checker, size_t index, const struct operation *operation, uint32_t values)
{
    const struct operation **last = &checker->last[operation->list];

    for (uint32_t i = 0; i < operation->count; i++) {
        uint32_t value = operation->read[i];
        if (value >= values || checker->writers[value] == NOBODY || checker->list_of[value] != operation->list)
            fail(checker, "a value was read that nobody appended there", index);
        else if (!checker->transactions[checker->writers[value]].is_committed)
            fail(checker, "a value of a transaction that did not commit was read (G1a)", index);
    }
    if (*last == NULL || operation->count > (*last)->count) {
        if (*last != NULL && !is_prefix(*last, operation))
            fail(checker, "two reads of a list contradict each other", index);
        *last = operation;
    } else if (!is_prefix(operation, *last)) {
        fail(checker, "two reads of a list contradict each other", index);
    }
}

/* Own appends are behind what was read: what others appended ends before them. */
static uint32_t foreign_count(const struct checker *checker, size_t index, const struct operation *operation)
{
    uint32_t count = operation->count;

    while (count > 0 && checker->writers[operation->read[count - 1]] == index)
        count--;
    return count;
}

static void add_edges_of_read(struct checker *checker, size_t index, const struct operation *operation)
{
    const struct operation *last = checker->last[operation->list];
    uint32_t count = foreign_count(checker, index, operation), next = count;

    if (count > 0)
        add_edge(checker, checker->writers[operation->read[count - 1]], index);
    while (next < last->count && checker->writers[last->read[next]] == index)
        next++;
    if (next < last->count)
        add_edge(checker, index, checker->writers[last->read[next]]);
}

static void add_edges(struct checker *checker, uint32_t lists)
{
    for (uint32_t list = 0; list < lists; list++) {
        const struct operation *last = checker->last[list];
        for (uint32_t i = 1; last != NULL && i < last->count; i++)
            add_edge(checker, checker->writers[last->read[i - 1]], checker->writers[last->read[i]]);
    }
    size_t before[256];
    for (size_t i = 0; i < 256; i++)
        before[i] = NOBODY;
    for (size_t i = 0; i < checker->count; i++) {
        const struct history_transaction *transaction = &checker->transactions[i];
        if (!transaction->is_committed)
            continue;
        add_edge(checker, before[transaction->thread % 256], i);
        before[transaction->thread % 256] = i;
        for (uint32_t j = 0; j < transaction->count; j++)
            if (!transaction->operations[j].is_append)
                add_edges_of_read(checker, i, &transaction->operations[j]);
    }
}

/* ---- circles: transactions without an unexplained predecessor are taken away until none is left ---- */

static void find_circle(struct checker *checker)
{
    size_t *incoming = get_memory(checker->count, sizeof *incoming);
    size_t *free_ones = get_memory(checker->count, sizeof *free_ones);
    size_t free_count = 0, taken = 0;

    for (size_t i = 0; i < checker->edge_count; i++)
        incoming[checker->edges[i].to]++;
    for (size_t i = 0; i < checker->count; i++)
        if (incoming[i] == 0)
            free_ones[free_count++] = i;
    while (taken < free_count) {
        size_t from = free_ones[taken++];
        for (size_t edge = checker->first_edge[from]; edge != 0; edge = checker->edges[edge - 1].next)
            if (--incoming[checker->edges[edge - 1].to] == 0)
                free_ones[free_count++] = checker->edges[edge - 1].to;
    }
    for (size_t i = 0; i < checker->count && taken < checker->count; i++)
        if (incoming[i] != 0)
            fail(checker, "no serial order explains what was read: a circle", i);
    free(incoming);
    free(free_ones);
}

const char *history_check(const struct history_transaction *transactions, size_t count, uint32_t lists, uint32_t values,
                          size_t *culprit)
{
    struct checker checker = {.transactions = transactions, .count = count};

    checker.writers = get_memory(values, sizeof *checker.writers);
    checker.list_of = get_memory(values, sizeof *checker.list_of);
    checker.last = get_memory(lists, sizeof(const struct operation *));
    checker.first_edge = get_memory(count, sizeof *checker.first_edge);
    note_writers(&checker, values);
    for (size_t i = 0; i < count; i++)
        for (uint32_t j = 0; transactions[i].is_committed && j < transactions[i].count; j++)
            if (!transactions[i].operations[j].is_append)
                note_read(&checker, i, &transactions[i].operations[j], values);
    if (checker.fault == NULL) {
        add_edges(&checker, lists);
        find_circle(&checker);
    }
    free(checker.writers);
    free(checker.list_of);
    free(checker.last);
    free(checker.first_edge);
    free(checker.edges);
    *culprit = checker.culprit;
    return checker.fault;
}
