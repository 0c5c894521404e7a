/* like: `%` stands for any text, `_` for one character, everything else for itself; an escape character takes the
 * meaning from the one after it. The pattern is taken apart once: the segments between `%`. The first is anchored at
 * the text's start, the last at its end, those between are searched for from left to right, each at its leftmost place:
 * there is nothing to go back to, so the time is that of the searches (memmem, or text times segment where a segment
 * holds `_`). */
#include "exec/kernel.h"

enum pattern_item_kind { ITEM_BYTE, ITEM_ANY_CHARACTER, ITEM_ANY_TEXT };

struct pattern {
    const uint8_t *bytes; /* item by item; 0 for those that are not ITEM_BYTE */
    const uint8_t *kinds;
    uint32_t count;
    bool is_exact;       /* no ITEM_ANY_TEXT */
    uint32_t first_end;  /* items before the first ITEM_ANY_TEXT */
    uint32_t last_begin; /* item after the last one */
};

struct segment {
    const uint8_t *bytes, *kinds;
    uint32_t count;
};

static struct segment segment_of(const struct pattern *pattern, uint32_t begin, uint32_t end)
{
    return (struct segment){pattern->bytes + begin, pattern->kinds + begin, end - begin};
}

static bool has_any_character(struct segment segment)
{
    return memchr(segment.kinds, ITEM_ANY_CHARACTER, segment.count) != NULL;
}

static size_t next_character(struct slice text, size_t at)
{
    do
        at++;
    while (at < text.size && (text.data[at] & 0xC0) == 0x80);
    return at;
}

static size_t previous_character(struct slice text, size_t at)
{
    do
        at--;
    while (at > 0 && (text.data[at] & 0xC0) == 0x80);
    return at;
}

/* Whether the segment stands at *at; moves *at behind it. */
static bool match_forward(struct segment segment, struct slice text, size_t *at)
{
    size_t position = *at;

    for (uint32_t i = 0; i < segment.count; i++) {
        if (position >= text.size)
            return false;
        if (segment.kinds[i] == ITEM_ANY_CHARACTER)
            position = next_character(text, position);
        else if (text.data[position++] != segment.bytes[i])
            return false;
    }
    *at = position;
    return true;
}

/* Whether the segment ends at the text's end; *begin is then where it begins. */
static bool match_backward(struct segment segment, struct slice text, size_t *begin)
{
    size_t position = text.size;

    for (uint32_t i = segment.count; i > 0; i--) {
        if (position == 0)
            return false;
        if (segment.kinds[i - 1] == ITEM_ANY_CHARACTER)
            position = previous_character(text, position);
        else if (text.data[--position] != segment.bytes[i - 1])
            return false;
    }
    *begin = position;
    return true;
}

/* Finds the segment at or after *at; moves *at behind its leftmost place. */
static bool search_segment(struct segment segment, struct slice text, size_t *at)
{
    if (segment.count == 0)
        return true;
    if (*at >= text.size)
        return false;
    if (!has_any_character(segment)) {
        const uint8_t *found = memmem(text.data + *at, text.size - *at, segment.bytes, segment.count);
        if (found == NULL)
            return false;
        *at = (size_t)(found - text.data) + segment.count;
        return true;
    }
    for (size_t start = *at; start < text.size; start = next_character(text, start)) {
        size_t end = start;
        if (match_forward(segment, text, &end)) {
            *at = end;
            return true;
        }
    }
    return false;
}

static bool pattern_matches(const struct pattern *pattern, struct slice text)
{
    size_t at = 0, end;

    if (!match_forward(segment_of(pattern, 0, pattern->first_end), text, &at))
        return false;
    if (pattern->is_exact)
        return at == text.size;
    if (!match_backward(segment_of(pattern, pattern->last_begin, pattern->count), text, &end) || end < at)
        return false;
    text.size = end;
    /* Between the two anchored segments: each ends with a `%`, the last of which stands before last_begin. */
    for (uint32_t begin = pattern->first_end; begin < pattern->last_begin;) {
        uint32_t stop = begin;
        while (pattern->kinds[stop] != ITEM_ANY_TEXT)
            stop++;
        if (!search_segment(segment_of(pattern, begin, stop), text, &at))
            return false;
        begin = stop + 1;
    }
    return true;
}

/* The two arrays of items. A multi-byte escape is compared as bytes: UTF-8 needs no more. */
static bool parse_items(struct slice source, struct slice escape, struct pattern *pattern, uint8_t *bytes,
                        uint8_t *kinds, struct ssql_span span, struct ssql_error *error)
{
    uint32_t count = 0;

    for (size_t i = 0; i < source.size; i++) {
        bool is_escape =
            escape.size > 0 && source.size - i >= escape.size && memcmp(source.data + i, escape.data, escape.size) == 0;
        if (is_escape) {
            i += escape.size;
            if (i >= source.size)
                return error_set(error, SSQL_BAD_VALUE, span, "the pattern of like ends with its escape character");
        }
        uint8_t byte = source.data[i];
        bool is_wild = !is_escape && (byte == '%' || byte == '_');
        kinds[count] = !is_wild ? ITEM_BYTE : byte == '%' ? ITEM_ANY_TEXT : ITEM_ANY_CHARACTER;
        bytes[count++] = is_wild ? 0 : byte;
    }
    pattern->count = count;
    return true;
}

static bool pattern_compile(struct kernel_call *call, struct slice source, struct slice escape, struct pattern *pattern,
                            struct ssql_error *error)
{
    uint8_t *bytes, *kinds;

    if (!string_heap_alloc(call->heap, source.size + 1, call->span, &bytes, error) ||
        !string_heap_alloc(call->heap, source.size + 1, call->span, &kinds, error))
        return false;
    if (!parse_items(source, escape, pattern, bytes, kinds, call->span, error))
        return false;
    pattern->bytes = bytes;
    pattern->kinds = kinds;
    pattern->first_end = 0;
    while (pattern->first_end < pattern->count && kinds[pattern->first_end] != ITEM_ANY_TEXT)
        pattern->first_end++;
    pattern->is_exact = pattern->first_end == pattern->count;
    pattern->last_begin = pattern->count;
    while (pattern->last_begin > 0 && kinds[pattern->last_begin - 1] != ITEM_ANY_TEXT)
        pattern->last_begin--;
    return true;
}

static bool check_escape(struct slice escape, struct ssql_span span, struct ssql_error *error)
{
    size_t characters = 0;

    for (size_t i = 0; i < escape.size; i++)
        characters += (escape.data[i] & 0xC0) != 0x80;
    if (characters == 1)
        return true;
    return error_set(error, SSQL_BAD_VALUE, span, "the escape of like must be one character, not \"%.*s\"",
                     SLICE_PRINT(escape));
}

bool kernel_like(struct kernel_call *call, struct ssql_error *error)
{
    uint8_t *result = call->result;
    struct pattern pattern = {0};
    struct slice compiled = {0}, compiled_escape = {0};
    bool has_pattern = false;

    for (uint32_t i = 0; i < call->selection.count; i++) {
        uint32_t row = selection_row(call->selection, i);
        if (kernel_row_is_null(call, row))
            continue;
        struct slice source = vector_string(&call->arguments[1], row), escape = {0};
        if (call->argument_count == 3) {
            escape = vector_string(&call->arguments[2], row);
            if (!check_escape(escape, call->span, error))
                return false;
        }
        if (!has_pattern || !slice_equal(source, compiled) || !slice_equal(escape, compiled_escape)) {
            if (!pattern_compile(call, source, escape, &pattern, error))
                return false;
            compiled = source;
            compiled_escape = escape;
            has_pattern = true;
        }
        result[row] = pattern_matches(&pattern, vector_string(&call->arguments[0], row));
    }
    return true;
}
