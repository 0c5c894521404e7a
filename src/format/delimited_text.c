#include "format/delimited_text.h"

#include "format/escaped_text.h"
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
static size_t read_escape(const uint8_t *at, const uint8_t *end, uint8_t **to)
{
    static const char letters[] = "tnr\\", bytes[] = "\t\n\r\\";

    if (end - at < 2)
        return 0;
    if (at[1] == 'x') {
        if (end - at < 4 || hex_digit(at[2]) < 0 || hex_digit(at[3]) < 0)
            return 0;
        *(*to)++ = (uint8_t)(hex_digit(at[2]) << 4 | hex_digit(at[3]));
        return 4;
    }
    const char *letter = memchr(letters, at[1], sizeof letters - 1);
    if (letter == NULL)
        return 0;
    *(*to)++ = (uint8_t)bytes[letter - letters];
    return 2;
}

size_t tsv_unescape(struct slice escaped, uint8_t *to, const uint8_t **fault)
{
    return text_unescape(escaped, read_escape, to, fault);
}
