/* kernel.h - the inner loops of expressions: small functions over plain arrays of one type.
 *
 * A kernel writes result[row] for every selected row and touches no other. Strict kernels (null when any argument is)
 * get the null mask of their arguments combined already; rows that are null there are skipped wherever computing them
 * could fail or read a string. A kernel may add nulls of its own. Failures carry the span of the call, and happen for
 * selected rows only. Threads: none of their own. */
#ifndef SSQL_EXEC_KERNEL_H
#define SSQL_EXEC_KERNEL_H

#include "base/arena.h"
#include "base/batch.h"
#include "plan/bound_expr.h"

/* Longest string that an expression may make, in bytes. */
#define STRING_RESULT_MOST ((size_t)64 << 20)
/* Most bytes of strings that one evaluation of a program may make, over all rows of its batch. */
#define STRING_HEAP_MOST ((size_t)64 << 20)

/* Marks a function whose constant arguments choose among its loops: every caller gets a copy of its own, without the
 * choice. A build that counts branches defines it as nothing, or each copy would count the branches that its constants
 * rule out. */
#ifndef SPECIALISED
#define SPECIALISED inline __attribute__((always_inline))
#endif

/* Rows of a batch, ascending; rows NULL: all of [0, count). */
struct selection {
    const uint16_t *rows;
    uint32_t count;
};

static inline struct selection batch_selection(const struct batch *batch)
{
    return (struct selection){batch->selection, batch->selected_count};
}

static inline uint32_t selection_row(struct selection selection, uint32_t i)
{
    return selection.rows == NULL ? i : selection.rows[i];
}

/* One more than the highest selected row. */
static inline uint32_t selection_bound(struct selection selection)
{
    if (selection.count == 0)
        return 0;
    return selection_row(selection, selection.count - 1) + 1;
}

/* Where the strings of one evaluation live; reset before the next. */
struct string_heap {
    struct arena arena;
    size_t used_bytes;
    bool is_full; /* STRING_HEAP_MOST was passed: fewer rows at a time would do */
};

/* Room for a string of `size` bytes. SSQL_TOO_LARGE beyond the limits above, SSQL_NO_MEMORY. */
MUST_CHECK bool string_heap_alloc(struct string_heap *heap, size_t size, struct ssql_span span, uint8_t **bytes,
                                  struct ssql_error *error);

struct in_list;

struct kernel_call {
    const struct vector *arguments; /* argument_count of them; all rows of the selection are valid in each */
    uint32_t argument_count;
    struct selection selection;
    void *result;   /* items by row: int64_t, double, uint8_t or struct slice */
    uint8_t *nulls; /* by row; meaningful while has_nulls */
    bool has_nulls;
    enum ssql_type result_type;
    struct string_heap *heap;
    const struct in_list *in_list; /* BOUND_IN only */
    struct ssql_span span;
};

typedef bool kernel_function(struct kernel_call *call, struct ssql_error *error);

struct kernel {
    kernel_function *run;
    bool is_strict; /* null when any argument is null; else it looks at nulls itself */
    bool can_fail;  /* on some values; running out of memory not counted */
};

/* The kernel of a call whose first argument has the given type. */
struct kernel kernel_find(enum scalar_function function, enum ssql_type type, uint32_t argument_count);
struct kernel kernel_find_cast(enum ssql_type from, enum ssql_type to);

/* By room; each sets kernel->run, or leaves it NULL when the function is not its own. */
void kernel_find_arithmetic(enum scalar_function function, enum ssql_type type, struct kernel *kernel);
void kernel_find_number(enum scalar_function function, enum ssql_type type, uint32_t argument_count,
                        struct kernel *kernel);
void kernel_find_compare(enum scalar_function function, enum ssql_type type, struct kernel *kernel);
void kernel_find_logic(enum scalar_function function, enum ssql_type type, struct kernel *kernel);
void kernel_find_string(enum scalar_function function, uint32_t argument_count, struct kernel *kernel);

bool kernel_in(struct kernel_call *call, struct ssql_error *error);
bool kernel_like(struct kernel_call *call, struct ssql_error *error);

/* ---- one item, for loops that are not hot ---- */

static inline uint32_t vector_item(const struct vector *vector, uint32_t row)
{
    return vector->kind == VECTOR_CONSTANT ? 0 : row;
}

static inline struct slice vector_string(const struct vector *vector, uint32_t row)
{
    if (vector->kind == VECTOR_CONSTANT)
        return vector->strings[0];
    return vector->strings[vector->kind == VECTOR_DICTIONARY ? vector->codes[row] : row];
}

static inline bool vector_is_null(const struct vector *vector, uint32_t row)
{
    return vector->type == SSQL_TYPE_NULL || (vector->nulls != NULL && vector->nulls[vector_item(vector, row)]);
}

static inline bool kernel_row_is_null(const struct kernel_call *call, uint32_t row)
{
    return call->has_nulls && call->nulls[row];
}

/* Marks a row null; the mask is cleared up to the selection's end when this is the first. */
void kernel_set_null(struct kernel_call *call, uint32_t row);

/* ---- selections ---- */

/* Rows for which the comparison holds (null: it does not), written to `rows`, which may be selection.rows itself.
 * Operands of one type. Returns how many. */
uint32_t kernel_select_compare(enum scalar_function comparison, const struct vector *left, const struct vector *right,
                               struct selection selection, uint16_t *rows);
/* Rows that are true (or, with `wanted` false, the others: false or null). */
uint32_t kernel_select_true(const struct vector *condition, bool wanted, struct selection selection, uint16_t *rows);
uint32_t kernel_select_null(const struct vector *vector, bool wanted, struct selection selection, uint16_t *rows);

/* One conjunct or disjunct joins the result so far: result[row] = result[row] and/or value[row] in three-valued logic
 * (`is_first`: just value[row]). Rows that stay undecided go to `rows`; returns how many. */
uint32_t kernel_decide(bool is_or, bool is_first, const struct vector *value, struct selection selection,
                       uint8_t *result, uint8_t *nulls, uint16_t *rows);

/* result[to] = source[row], which is not null. */
void kernel_copy_item(const struct vector *source, uint32_t row, enum ssql_type type, void *result, uint32_t to);

/* result[row] = source[row], nulls too. Of some rows. */
void kernel_copy(const struct vector *source, enum ssql_type type, struct selection selection, void *result,
                 uint8_t *nulls);

/* Fails a call of `+`, or of a function's name: its finite operands have no finite result. */
bool kernel_fail_float(const struct kernel_call *call, const char *function, double left, double right,
                       struct ssql_error *error);

/* ---- lists of `in` ---- */

/* The constants of a list, sorted. The other items are looked at row by row. */
struct in_list {
    struct value *values;
    uint32_t value_count;
    uint32_t constant_count; /* of the call's list arguments: the first so many are in `values` or null */
    bool has_null;
};
void in_list_sort(struct in_list *list);

#endif
