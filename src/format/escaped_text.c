#include "format/escaped_text.h"

size_t text_unescape(struct slice escaped, size_t (*read_escape)(const uint8_t *at, const uint8_t *end, uint8_t **to),
                     uint8_t *to, const uint8_t **fault)
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
        size = read_escape(at, end, &to);
        if (size == 0) {
            *fault = at;
            break;
        }
        at += size;
    }
    return (size_t)(to - begin);
}
