#include "shell/transfer_options.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shell/statement_text.h"
#include "shell/suggestion.h"

enum option_kind {
    KIND_FLAG,
    KIND_TEXT,
    KIND_NUMBER, /* digits */
    KIND_FORMAT,
    KIND_CONFLICT,
    KIND_DELIMITER,
};

struct option_row {
    const char *name;
    char letter; /* or 0 */
    int uses;
    enum option_kind kind;
    size_t place;      /* in struct transfer_options */
    const char *value; /* what it takes, or NULL */
    const char *description;
};

#define PLACE(member) offsetof(struct transfer_options, member)

static const struct option_row table[] = {
    {"--create", 0, TRANSFER_IMPORT, KIND_FLAG, PLACE(creates), NULL, "make TABLE after the file"},
    {"--primary", 0, TRANSFER_IMPORT, KIND_TEXT, PLACE(primary), "COLUMN", "its primary key; several: 'town, day'"},
    {"--format", 0, TRANSFER_IMPORT | TRANSFER_EXPORT, KIND_FORMAT, PLACE(format), "FORMAT",
     "csv, tsv, json, jsonl or insert; default: the file's ending, else csv"},
    {"--no-header", 0, TRANSFER_IMPORT | TRANSFER_EXPORT, KIND_FLAG, PLACE(has_no_header), NULL,
     "the first line does not name the columns"},
    {"--columns", 0, TRANSFER_IMPORT | TRANSFER_EXPORT, KIND_TEXT, PLACE(columns), "A,B",
     "only these columns of the table"},
    {"--delimiter", 0, TRANSFER_IMPORT | TRANSFER_EXPORT, KIND_DELIMITER, PLACE(delimiter), "C",
     "what stands between fields"},
    {"--null", 0, TRANSFER_IMPORT | TRANSFER_EXPORT, KIND_TEXT, PLACE(null_text), "TEXT", "what stands for null"},
    {"--skip", 0, TRANSFER_IMPORT, KIND_NUMBER, PLACE(skip), "N", "pass over the first N lines"},
    {"--on-conflict", 0, TRANSFER_IMPORT, KIND_CONFLICT, PLACE(on_conflict), "WHAT",
     "a row whose key is there: fail, ignore (keep the old one) or replace"},
    {"--rejects", 0, TRANSFER_IMPORT, KIND_TEXT, PLACE(rejects), "FILE",
     "leave out what does not fit, and put it here"},
    {"--max-rejects", 0, TRANSFER_IMPORT, KIND_NUMBER, PLACE(max_rejects), "N", "leave out no more than N records"},
    {"--batch-rows", 0, TRANSFER_IMPORT, KIND_NUMBER, PLACE(batch_rows), "N", "commit after every N rows"},
    {"--schema", 0, TRANSFER_DUMP, KIND_FLAG, PLACE(only_schema), NULL, "only the tables, without rows"},
    {"--data", 0, TRANSFER_DUMP, KIND_FLAG, PLACE(only_data), NULL, "only the rows"},
    {"--quiet", 'q', TRANSFER_IMPORT | TRANSFER_EXPORT, KIND_FLAG, PLACE(is_quiet), NULL, "do not say what was done"},
    {"--help", 'h', TRANSFER_IMPORT | TRANSFER_EXPORT | TRANSFER_DUMP, KIND_FLAG, PLACE(help), NULL, "this text"},
};
enum { ROW_COUNT = sizeof table / sizeof table[0] };

static const char *const formats[] = {"csv", "tsv", "json", "jsonl", "insert"};
enum { FORMAT_COUNT = sizeof formats / sizeof formats[0] };

struct option_reader {
    struct transfer_options *options;
    enum transfer_use use;
    struct text_buffer *message, *hint;
};

static bool complain(struct option_reader *reader, const char *what, const char *about)
{
    text_format(reader->message, "%s%s", what, about);
    return false;
}

/* ---- lists ---- */

static bool list(int use, int i, struct listed_option *option)
{
    for (const struct option_row *row = table; row < table + ROW_COUNT; row++) {
        if ((row->uses & use) == 0 || i-- != 0)
            continue;
        *option = (struct listed_option){
            .name = row->name, .letter = row->letter, .value = row->value, .description = row->description};
        return true;
    }
    return false;
}

bool import_options_list(int i, struct listed_option *option)
{
    return list(TRANSFER_IMPORT, i, option);
}

bool export_options_list(int i, struct listed_option *option)
{
    return list(TRANSFER_EXPORT, i, option);
}

bool dump_options_list(int i, struct listed_option *option)
{
    return list(TRANSFER_DUMP, i, option);
}

static const char *option_name(int use, int i)
{
    struct listed_option option;

    return list(use, i, &option) ? option.name : NULL;
}

static const char *import_option(int i)
{
    return option_name(TRANSFER_IMPORT, i);
}

static const char *export_option(int i)
{
    return option_name(TRANSFER_EXPORT, i);
}

static const char *dump_option(int i)
{
    return option_name(TRANSFER_DUMP, i);
}

static const char *format_name(int i)
{
    return i < FORMAT_COUNT ? formats[i] : NULL;
}

static bool complain_of_option(struct option_reader *reader, const char *name)
{
    suggestion_name *names = reader->use == TRANSFER_IMPORT   ? import_option
                             : reader->use == TRANSFER_EXPORT ? export_option
                                                              : dump_option;

    (void)suggestion_hint(reader->hint, name, names, "");
    return complain(reader, "unknown option ", name);
}

/* ---- values ---- */

static const char *find_format(const char *name)
{
    for (int i = 0; i < FORMAT_COUNT; i++)
        if (strcasecmp(formats[i], name) == 0)
            return formats[i];
    return NULL;
}

static bool check_text(struct option_reader *reader, const struct option_row *row, const char *value)
{
    if (*value == '\0' && row->place != PLACE(null_text))
        return complain(reader, row->name, " is empty");
    return true;
}

static bool read_format(struct option_reader *reader, const struct option_row *row, const char *value)
{
    (void)row;
    reader->options->format = find_format(value);
    if (reader->options->format != NULL)
        return true;
    if (!suggestion_hint(reader->hint, value, format_name, "\""))
        text_add_string(reader->hint, "formats are csv, tsv, json, jsonl and insert");
    return complain(reader, "unknown format ", value);
}

static bool check_number(struct option_reader *reader, const struct option_row *row, const char *value)
{
    enum { DIGITS_MOST = 18 };

    if (*value != '\0' && strspn(value, "0123456789") == strlen(value) && strlen(value) <= DIGITS_MOST)
        return true;
    text_format(reader->message, "%s takes a whole number, not \"%s\"", row->name, value);
    return false;
}

static bool check_conflict(struct option_reader *reader, const struct option_row *row, const char *value)
{
    if (strcmp(value, "fail") == 0 || strcmp(value, "ignore") == 0 || strcmp(value, "replace") == 0)
        return true;
    text_format(reader->message, "%s takes fail, ignore or replace, not %s", row->name, value);
    return false;
}

/* A tab is hard to type. */
static bool read_delimiter(struct option_reader *reader, const struct option_row *row, const char *value)
{
    if (strcmp(value, "\\t") == 0 || strcmp(value, "tab") == 0)
        reader->options->delimiter = "\t";
    else if (strlen(value) != 1 || (unsigned char)value[0] >= 0x80)
        text_format(reader->message, "%s takes one ASCII character (or tab), not %s", row->name, value);
    return reader->message->size == 0;
}

/* Puts the value, or true for a flag, where its row says; false when it is none that the option takes. */
static bool apply(struct option_reader *reader, const struct option_row *row, const char *value)
{
    static bool (*const checks[])(struct option_reader * reader, const struct option_row *row, const char *value) = {
        [KIND_TEXT] = check_text,         [KIND_NUMBER] = check_number,      [KIND_FORMAT] = read_format,
        [KIND_CONFLICT] = check_conflict, [KIND_DELIMITER] = read_delimiter,
    };
    char *place = (char *)reader->options + row->place;

    if (row->kind == KIND_FLAG) {
        *(bool *)(void *)place = true;
        return true;
    }
    *(const char **)(void *)place = value;
    return checks[row->kind](reader, row, value);
}

/* ---- words ---- */

static const struct option_row *find_row(enum transfer_use use, const char *word, size_t size)
{
    for (const struct option_row *row = table; row < table + ROW_COUNT; row++) {
        bool is_letter = row->letter != '\0' && size == 2 && word[1] == row->letter;
        bool is_name = strlen(row->name) == size && memcmp(row->name, word, size) == 0;
        if ((row->uses & (int)use) != 0 && (is_letter || is_name))
            return row;
    }
    return NULL;
}

static bool read_option(struct option_reader *reader, const char *word, const char **next)
{
    size_t size = strcspn(word, "=");
    const struct option_row *row = find_row(reader->use, word, size);
    const char *value;

    if (row == NULL) {
        char *name = must_copy(word, size);
        complain_of_option(reader, name);
        free(name);
        return false;
    }
    const char *wrong = option_take_value(word, row->value != NULL, next, &value);
    return wrong == NULL ? apply(reader, row, value) : complain(reader, row->name, wrong);
}

static bool check_together(struct option_reader *reader)
{
    const struct transfer_options *options = reader->options;
    bool is_script = options->format != NULL && strcmp(options->format, "insert") == 0;

    if (options->only_schema && options->only_data)
        return complain(reader, "--schema and --data leave nothing: give one of them", "");
    if (options->primary != NULL && !options->creates)
        return complain(reader, "--primary is for a table that is made: add --create", "");
    if (options->creates && options->columns != NULL && !options->has_no_header) {
        text_add_string(reader->hint, "--columns names them when the file does not: --no-header");
        return complain(reader, "with --create, the columns are those of the file", "");
    }
    if (is_script && options->creates)
        return complain(reader, "--create does not go with --format insert, whose statements make their tables", "");
    return true;
}

bool transfer_options_read(struct transfer_options *options, enum transfer_use use, char **words, int count,
                           struct text_buffer *message, struct text_buffer *hint)
{
    struct option_reader reader = {options, use, message, hint};
    bool is_ended = false;

    *options = (struct transfer_options){.arguments = must_allocate(((size_t)count + 1) * sizeof(char *))};
    for (int i = 0; i < count; i++) {
        const char *next = i + 1 < count ? words[i + 1] : NULL, *given = next;
        if (is_ended || words[i][0] != '-' || words[i][1] == '\0')
            options->arguments[options->argument_count++] = words[i];
        else if (strcmp(words[i], "--") == 0)
            is_ended = true;
        else if (!read_option(&reader, words[i], &next))
            return false;
        i += next != given;
    }
    options->arguments[options->argument_count] = NULL;
    return options->help || check_together(&reader);
}

void transfer_options_clear(struct transfer_options *options)
{
    free(options->arguments);
    options->arguments = NULL;
}

void transfer_options_describe(struct text_buffer *to, enum transfer_use use)
{
    for (const struct option_row *row = table; row < table + ROW_COUNT; row++) {
        struct text_buffer name = {0};
        if ((row->uses & (int)use) == 0)
            continue;
        if (row->letter != '\0')
            text_format(&name, "-%c, ", row->letter);
        text_format(&name, "%s%s%s", row->name, row->value == NULL ? "" : " ", row->value == NULL ? "" : row->value);
        text_format(to, "  %-20s  %s\n", name.data, row->description);
        text_clear(&name);
    }
}

/* ---- what they come to ---- */

static bool ends_with(const char *path, size_t size, const char *ending)
{
    size_t length = strlen(ending);

    return size > length && strncasecmp(path + size - length, ending, length) == 0;
}

const char *transfer_format(const struct transfer_options *options, const char *path)
{
    static const struct {
        const char *ending, *format;
    } endings[] = {{".csv", "csv"},     {".tsv", "tsv"},      {".tab", "tsv"},    {".json", "json"},
                   {".jsonl", "jsonl"}, {".ndjson", "jsonl"}, {".sql", "insert"}, {".ssql", "insert"}};

    if (options->format != NULL || path == NULL)
        return options->format != NULL ? options->format : "csv";
    size_t size = strlen(path);
    if (ends_with(path, size, ".gz"))
        size -= strlen(".gz");
    else if (ends_with(path, size, ".zst"))
        size -= strlen(".zst");
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (ends_with(path, size, endings[i].ending))
            return endings[i].format;
    return "csv";
}

void transfer_columns_add(struct text_buffer *statement, const char *columns)
{
    const char *separator = " (";

    for (const char *at = columns; at != NULL;) {
        struct text_buffer name = {0};
        const char *comma = strchr(at, ',');
        at += strspn(at, " ");
        size_t size = comma == NULL ? strlen(at) : comma > at ? (size_t)(comma - at) : 0;
        while (size > 0 && at[size - 1] == ' ')
            size--;
        text_add(&name, at, size);
        text_add_string(statement, separator);
        add_name(statement, text_string(&name));
        text_clear(&name);
        separator = ", ";
        at = comma == NULL ? NULL : comma + 1;
    }
    text_add_char(statement, ')');
}

void transfer_options_add(struct text_buffer *statement, const struct transfer_options *options, const char *format)
{
    text_format(statement, " (format %s", format);
    if (options->has_no_header)
        text_add_string(statement, ", header false");
    if (options->delimiter != NULL) {
        text_add_string(statement, ", delimiter ");
        add_string_literal(statement, options->delimiter, strlen(options->delimiter));
    }
    if (options->null_text != NULL) {
        text_add_string(statement, ", null ");
        add_string_literal(statement, options->null_text, strlen(options->null_text));
    }
}
