#include "format/delimited_text.h"

#include "format/letters.h"

size_t csv_unquote(struct slice quoted, uint8_t *to)
{
    const uint8_t *at = quoted.data, *end = quoted.data + quoted.size;
    uint8_t *begin = to;

    while (at < end) {
        const uint8_t *quote = memchr(at, '"', (size_t)(end - at));
        size_t size = (size_t)((quote == NULL ? end : quote + 1) - at);
        memcpy(to, at, size);
        to += size;
        at += size + (quote != NULL);
    }
    return (size_t)(to - begin);
}

/* Reads the escape at `at`; returns its size, 0 when there is none such. */
static size_t read_escape(const uint8_t *at, const uint8_t *end, uint8_t *byte)
{
    if (end - at < 2)
        return 0;
    switch (at[1]) {
    case 't': *byte = '\t'; return 2;
    case 'n': *byte = '\n'; return 2;
    case 'r': *byte = '\r'; return 2;
    case '\\': *byte = '\\'; return 2;
    case 'x':
        if (end - at < 4 || hex_digit(at[2]) < 0 || hex_digit(at[3]) < 0)
            return 0;
        *byte = (uint8_t)(hex_digit(at[2]) << 4 | hex_digit(at[3]));
        return 4;
    default: return 0;
    }
}

size_t tsv_unescape(struct slice escaped, uint8_t *to, const uint8_t **fault)
{
    const uint8_t *at = escaped.data, *end = escaped.data + escaped.size;
    uint8_t *begin = to;

    while (at < end) {
        const uint8_t *escape = memchr(at, '\\', (size_t)(end - at));
        size_t size = (size_t)((escape == NULL ? end : escape) - at);
        memcpy(to, at, size);
        to += size;
        at += size;
        if (escape == NULL)
            break;
        size = read_escape(at, end, to);
        if (size == 0) {
            *fault = at;
            break;
        }
        to++;
        at += size;
    }
    return (size_t)(to - begin);
}
