#include "format/record.h"

#include <inttypes.h>

#include "format/letters.h"

static const char *const format_names[] = {[RECORD_FORMAT_CSV] = "csv",
                                           [RECORD_FORMAT_TSV] = "tsv",
                                           [RECORD_FORMAT_JSON] = "json",
                                           [RECORD_FORMAT_JSONL] = "jsonl",
                                           [RECORD_FORMAT_INSERT] = "insert"};

enum { FORMAT_COUNT = sizeof format_names / sizeof *format_names };

const char *record_format_name(enum record_format format)
{
    return format_names[format];
}

bool record_format_find(struct slice name, enum record_format *format)
{
    for (int i = 0; i < FORMAT_COUNT; i++) {
        if (is_word(name, format_names[i])) {
            *format = (enum record_format)i;
            return true;
        }
    }
    return false;
}

/* What stands behind the last dot of [path, end), and where that dot is. */
static struct slice path_ending(const char *path, const char *end, const char **dot)
{
    for (const char *at = end; at > path && at[-1] != '/'; at--) {
        if (at[-1] == '.') {
            *dot = at - 1;
            return slice_make(at, (size_t)(end - at));
        }
    }
    *dot = end;
    return slice_make(end, 0);
}

bool record_format_of_path(const char *path, enum record_format *format)
{
    static const struct {
        const char *ending;
        enum record_format format;
    } endings[] = {{"csv", RECORD_FORMAT_CSV},   {"tsv", RECORD_FORMAT_TSV},     {"tab", RECORD_FORMAT_TSV},
                   {"json", RECORD_FORMAT_JSON}, {"jsonl", RECORD_FORMAT_JSONL}, {"ndjson", RECORD_FORMAT_JSONL},
                   {"sql", RECORD_FORMAT_INSERT}};
    const char *dot;
    struct slice ending = path_ending(path, path + strlen(path), &dot);

    if (is_word(ending, "gz") || is_word(ending, "zst"))
        ending = path_ending(path, dot, &dot);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (is_word(ending, endings[i].ending)) {
            *format = endings[i].format;
            return true;
        }
    }
    return false;
}

/* An ASCII character that is no letter, digit, quote, backslash, line end, '+', '-' or '.'. */
static bool delimiter_is_legal(char delimiter)
{
    uint8_t byte = (uint8_t)delimiter;

    if (byte >= 0x7F || strchr("\"\\\n\r+-.", byte) != NULL) /* a NUL is found, too */
        return false;
    byte = lower_letter(byte);
    return (byte < '0' || byte > '9') && (byte < 'a' || byte > 'z');
}

/* It is \N, or holds no delimiter, quote, backslash, line end or NUL byte. */
static bool null_text_is_legal(struct slice text, char delimiter)
{
    if (slice_equal(text, slice_of("\\N")))
        return true;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == (uint8_t)delimiter || strchr("\"\\\n\r", text.data[i]) != NULL)
            return false;
    return true;
}

bool record_check_delimiters(char delimiter, struct slice null_text, struct ssql_error *error)
{
    if (!delimiter_is_legal(delimiter)) {
        error_set(error, SSQL_BAD_OPTION, NO_SPAN, "this character cannot be a delimiter");
        return error_hint(error,
                          "take an ASCII character that is no letter, digit, quote, backslash, line end, +, - or .");
    }
    if (!null_text_is_legal(null_text, delimiter))
        return error_set(error, SSQL_BAD_OPTION, NO_SPAN,
                         "the text of a null can be \\N, but else hold neither the delimiter nor a quote, a backslash "
                         "or a line end");
    return true;
}

void record_place_prefix(const char *name, const struct record_place *place, struct ssql_error *error)
{
    char message[ERROR_MESSAGE_SIZE], hint[ERROR_HINT_SIZE];

    memcpy(message, error->message, sizeof message);
    memcpy(hint, error->hint, sizeof hint);
    if (name == NULL || name[0] == '\0')
        error_set(error, error->code, error->span, "line %" PRIu64 ", column %" PRIu64 ": %s", place->line,
                  place->column, message);
    else
        error_set(error, error->code, error->span, "%s:%" PRIu64 ":%" PRIu64 ": %s", name, place->line, place->column,
                  message);
    memcpy(error->hint, hint, sizeof hint);
}
