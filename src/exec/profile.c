#include "exec/profile.h"

#include <inttypes.h>

#include "exec/operator.h"
#include "plan/plan_text.h"

void profile_append_time(struct buffer *buffer, uint64_t time_ns)
{
    double ms = (double)time_ns / 1e6;
    int digits = ms < 1 ? 3 : ms < 10 ? 2 : ms < 100 ? 1 : 0;

    /* printf would write the decimal point of the host program's locale. */
    uint64_t scale = 1;
    for (int i = 0; i < digits; i++)
        scale *= 10;
    uint64_t rounded = (uint64_t)(ms * (double)scale + 0.5);
    buffer_printf(buffer, "%" PRIu64, rounded / scale);
    if (digits > 0)
        buffer_printf(buffer, ".%0*" PRIu64, digits, rounded % scale);
    buffer_append_text(buffer, " ms");
}

static void append_count(struct buffer *buffer, const char *separator, uint64_t count, const char *what)
{
    buffer_printf(buffer, "%s%" PRIu64 " %s%s", separator, count, what, count == 1 ? "" : "s");
}

static void append_counts(struct buffer *buffer, const struct operator* operator)
{
    const struct operator_profile *profile = operator->profile;

    append_count(buffer, " [", profile->rows, "row");
    buffer_append_text(buffer, ", ");
    profile_append_time(buffer, profile->time_ns);
    if (operator->node->kind == PLAN_SCAN) {
        append_count(buffer, ", ", profile->scan.blocks_read, "block");
        buffer_append_text(buffer, " read");
        append_count(buffer, ", ", profile->scan.blocks_skipped, "block");
        buffer_append_text(buffer, " skipped");
    }
    if (operator->node->kind == PLAN_LOOKUP) {
        append_count(buffer, ", ", profile->lookup.files, "file");
        append_count(buffer, " in range, ", profile->lookup.files_ruled_out, "file");
        buffer_append_text(buffer, " ruled out by filter");
    }
    buffer_append_byte(buffer, ']');
}

void profile_append_text(struct buffer *buffer, const struct operator* operator, uint32_t level)
{
    for (; operator!= NULL; level++) {
        plan_node_append_line(buffer, operator->node, level);
        append_counts(buffer, operator);
        buffer_append_byte(buffer, '\n');
        operator= plan_node_tells_child(operator->node) ? operator->child->child : operator->child;
    }
}
