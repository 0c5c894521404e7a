#include "shell/display_width.h"

#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

enum { VARIATION_SELECTOR_16 = 0xFE0F, REGIONAL_INDICATOR_A = 0x1F1E6, REGIONAL_INDICATOR_Z = 0x1F1FF };

static bool is_printable_ascii(char byte)
{
    return byte >= 0x20 && byte < 0x7F;
}

/* Bytes of the first code point; -1 stands for a byte that is not UTF-8. */
static size_t decode(const char *text, size_t size, utf8proc_int32_t *code_point)
{
    utf8proc_ssize_t used =
        utf8proc_iterate((const utf8proc_uint8_t *)text, size > 4 ? 4 : (utf8proc_ssize_t)size, code_point);

    if (used <= 0) {
        *code_point = -1;
        return 1;
    }
    return (size_t)used;
}

static bool is_regional_indicator(utf8proc_int32_t code_point)
{
    return code_point >= REGIONAL_INDICATOR_A && code_point <= REGIONAL_INDICATOR_Z;
}

size_t display_cluster(const char *text, size_t size, unsigned *width)
{
    utf8proc_int32_t previous, next, state = 0;

    *width = 1;
    if (is_printable_ascii(text[0]) && (size == 1 || is_printable_ascii(text[1])))
        return 1;
    size_t used = decode(text, size, &previous);
    if (previous < 0)
        return used;
    int widest = utf8proc_charwidth(previous); /* 0 to 2 */
    unsigned indicators = is_regional_indicator(previous);
    while (used < size) {
        size_t step = decode(text + used, size - used, &next);
        if (next < 0 || utf8proc_grapheme_break_stateful(previous, next, &state))
            break;
        indicators += is_regional_indicator(next);
        int columns = next == VARIATION_SELECTOR_16 || indicators == 2 ? 2 : utf8proc_charwidth(next);
        if (columns > widest)
            widest = columns;
        previous = next;
        used += step;
    }
    *width = (unsigned)widest;
    return used;
}

size_t display_width(const char *text, size_t size)
{
    size_t columns = 0;

    for (size_t at = 0; at < size;) {
        unsigned width;
        at += display_cluster(text + at, size - at, &width);
        columns += width;
    }
    return columns;
}

static bool is_reordering(utf8proc_int32_t code_point)
{
    return (code_point >= 0x202A && code_point <= 0x202E) || (code_point >= 0x2066 && code_point <= 0x2069) ||
           code_point == 0x200E || code_point == 0x200F || code_point == 0x061C;
}

/* Of what is no printable ASCII character. */
static bool is_control(utf8proc_int32_t code_point)
{
    return code_point < 0xA0 || code_point == 0x2028 || code_point == 0x2029;
}

bool display_is_plain(const char *text, size_t size)
{
    utf8proc_int32_t code_point;

    for (size_t at = 0; at < size;) {
        if (is_printable_ascii(text[at])) {
            at++;
            continue;
        }
        at += decode(text + at, size - at, &code_point);
        if (is_control(code_point) || is_reordering(code_point)) /* -1 is a control, too */
            return false;
    }
    return true;
}

static void add_code_point(struct text_buffer *to, utf8proc_int32_t code_point)
{
    char *bytes = text_reserve(to, 4);

    to->size += (size_t)utf8proc_encode_char(code_point, (utf8proc_uint8_t *)bytes);
    to->data[to->size] = '\0';
}

static void add_picture(struct text_buffer *to, utf8proc_int32_t code_point)
{
    if (code_point < 0)
        add_code_point(to, 0xFFFD);
    else if (code_point == '\n')
        add_code_point(to, 0x21B5);
    else if (code_point < 0x20)
        add_code_point(to, 0x2400 + code_point);
    else if (code_point == 0x7F)
        add_code_point(to, 0x2421);
    else
        text_format(to, "\\u{%x}", (unsigned)code_point);
}

void display_escape(struct text_buffer *to, const char *text, size_t size)
{
    utf8proc_int32_t code_point;

    for (size_t at = 0; at < size;) {
        size_t plain = at;
        while (plain < size && is_printable_ascii(text[plain]))
            plain++;
        text_add(to, text + at, plain - at);
        at = plain;
        if (at == size)
            break;
        size_t step = decode(text + at, size - at, &code_point);
        if (is_control(code_point) || is_reordering(code_point))
            add_picture(to, code_point);
        else
            text_add(to, text + at, step);
        at += step;
    }
}
