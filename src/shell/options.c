#include "shell/options.h"

#include <stdlib.h>
#include <string.h>

#include "shell/suggestion.h"
#include "shell/timeout.h"
#include "shell/variables.h"

enum option_id {
    OPTION_COMMAND,
    OPTION_FILE,
    OPTION_MODE,
    OPTION_INIT,
    OPTION_NO_INIT,
    OPTION_MODE_NAMED, /* --csv and its like */
    OPTION_OUTPUT,
    OPTION_APPEND,
    OPTION_HEADER,
    OPTION_NO_HEADER,
    OPTION_NULL,
    OPTION_SEPARATOR,
    OPTION_READONLY,
    OPTION_MUST_EXIST,
    OPTION_SET,
    OPTION_VAR,
    OPTION_SINGLE_TRANSACTION,
    OPTION_BAIL,
    OPTION_NO_BAIL,
    OPTION_ECHO,
    OPTION_TIMER,
    OPTION_QUIET,
    OPTION_BATCH,
    OPTION_INTERACTIVE,
    OPTION_TIMEOUT,
    OPTION_COLOR,
    OPTION_PAGER,
    OPTION_SAFE,
    OPTION_HELP,
    OPTION_VERSION,
};

struct option_row {
    const char *name; /* with dashes */
    char letter;      /* or 0 */
    enum option_id id;
    const char *value;       /* what it takes, or NULL */
    const char *description; /* NULL: not listed by itself */
};

static const struct option_row table[] = {
    {"--command", 'c', OPTION_COMMAND, "TEXT", "run statements and dot commands; repeatable, in order with -f"},
    {"--file", 'f', OPTION_FILE, "FILE", "run a script; - is standard input"},
    {"--init", 'i', OPTION_INIT, "FILE", "run FILE first, besides the start-up file"},
    {"--no-init", 'X', OPTION_NO_INIT, NULL, "do not run the start-up file"},
    {"--mode", 'm', OPTION_MODE, "MODE", "how results are written (default: box on a terminal, else tsv)"},
    {"--box", 0, OPTION_MODE_NAMED, NULL, NULL},
    {"--table", 0, OPTION_MODE_NAMED, NULL, NULL},
    {"--column", 0, OPTION_MODE_NAMED, NULL, NULL},
    {"--csv", 0, OPTION_MODE_NAMED, NULL, NULL},
    {"--tsv", 0, OPTION_MODE_NAMED, NULL, NULL},
    {"--json", 0, OPTION_MODE_NAMED, NULL, NULL},
    {"--jsonl", 0, OPTION_MODE_NAMED, NULL, NULL},
    {"--markdown", 0, OPTION_MODE_NAMED, NULL, NULL},
    {"--line", 0, OPTION_MODE_NAMED, NULL, NULL},
    {"--html", 0, OPTION_MODE_NAMED, NULL, NULL},
    {"--list", 0, OPTION_MODE_NAMED, NULL, NULL},
    {"--insert", 0, OPTION_MODE_NAMED, NULL, NULL},
    {"--quote", 0, OPTION_MODE_NAMED, NULL, NULL},
    {"--off", 0, OPTION_MODE_NAMED, NULL, NULL},
    {"--output", 'o', OPTION_OUTPUT, "FILE", "results to FILE, which takes its place when all went well"},
    {"--append", 0, OPTION_APPEND, NULL, "add to the file of --output instead"},
    {"--header", 0, OPTION_HEADER, NULL, "names of columns above results (default)"},
    {"--no-header", 0, OPTION_NO_HEADER, NULL, "none"},
    {"--null", 0, OPTION_NULL, "TEXT", "what is written for null"},
    {"--nullvalue", 0, OPTION_NULL, "TEXT", NULL},
    {"--separator", 0, OPTION_SEPARATOR, "TEXT", "what stands between values in the modes csv, tsv and list"},
    {"--readonly", 'r', OPTION_READONLY, NULL, "open beside a writer, change nothing"},
    {"--must-exist", 0, OPTION_MUST_EXIST, NULL, "do not make a new database"},
    {"--set", 's', OPTION_SET, "NAME=VALUE", "an option of the database, such as sync=normal"},
    {"--var", 'v', OPTION_VAR, "NAME=VALUE", "a value for the parameter :NAME"},
    {"--single-transaction", '1', OPTION_SINGLE_TRANSACTION, NULL, "all of the input is one transaction"},
    {"--bail", 0, OPTION_BAIL, NULL, "stop at the first error (default unless interactive)"},
    {"--no-bail", 0, OPTION_NO_BAIL, NULL, "go on after errors; the exit status tells of them"},
    {"--echo", 'e', OPTION_ECHO, NULL, "print statements before they run"},
    {"--timer", 't', OPTION_TIMER, NULL, "say how long each statement took"},
    {"--quiet", 'q', OPTION_QUIET, NULL, "no notices"},
    {"--timeout", 0, OPTION_TIMEOUT, "SECONDS", "end a statement that takes longer"},
    {"--batch", 0, OPTION_BATCH, NULL, "no prompt, colour, pager, progress; nothing left out"},
    {"--interactive", 0, OPTION_INTERACTIVE, NULL, "a prompt, whatever standard input is"},
    {"--color", 0, OPTION_COLOR, "WHEN", "auto, always or never"},
    {"--pager", 0, OPTION_PAGER, "WHEN", "auto, never, or the program for long results"},
    {"--safe", 0, OPTION_SAFE, NULL, "no files, no programs, no drop; update and delete need where"},
    {"--help", 'h', OPTION_HELP, NULL, "this text; with a topic behind it, help on that"},
    {"--version", 'V', OPTION_VERSION, NULL, "version, libraries, format of the files"},
};
enum { OPTION_COUNT = sizeof table / sizeof table[0], LINE_MOST = 95 };

const char *option_name(int i)
{
    return i < OPTION_COUNT ? table[i].name : NULL;
}

bool options_list(int i, struct listed_option *option)
{
    if (i >= OPTION_COUNT)
        return false;
    *option = (struct listed_option){table[i].name, table[i].letter, table[i].value, false, table[i].description};
    return true;
}

static const char *mode_name(int i)
{
    const struct render_type *type = render_mode(i);

    return type == NULL ? NULL : type->name;
}

void options_describe(struct text_buffer *to)
{
    for (const struct option_row *row = table; row < table + OPTION_COUNT; row++) {
        struct text_buffer left = {0};
        if (row->description == NULL)
            continue;
        text_format(&left, row->letter != 0 ? "  -%c, " : "      ", row->letter);
        text_format(&left, "%s %s", row->name, row->value == NULL ? "" : row->value);
        text_format(to, "%-30s %s\n", left.data, row->description);
        text_clear(&left);
        if (row->id == OPTION_MODE) {
            size_t begin = to->size;
            text_add_string(to, "      --MODE                   the same:");
            for (int i = 0; mode_name(i) != NULL; i++) {
                if (to->size - begin + strlen(mode_name(i)) > LINE_MOST) {
                    text_format(to, "\n%30s", "");
                    begin = to->size - 30;
                }
                text_format(to, " %s", mode_name(i));
            }
            text_add_char(to, '\n');
        }
    }
}

/* ---- reading ---- */

struct option_reader {
    struct options *options;
    struct text_buffer *message, *hint;
};

static bool complain(struct option_reader *reader, const char *what, const char *about)
{
    text_format(reader->message, "%s%s", what, about);
    return false;
}

static bool suggest(struct option_reader *reader, const char *typed, suggestion_name *names)
{
    (void)suggestion_hint(reader->hint, typed, names, "");
    return false;
}

static void add_run(struct options *options, enum run_kind kind, const char *text)
{
    options->runs = must_reallocate(options->runs, (options->run_count + 1) * sizeof *options->runs);
    options->runs[options->run_count++] = (struct run){kind, text};
}

static bool add_setting(struct option_reader *reader, struct setting **list, size_t *count, const char *text)
{
    const char *equals = strchr(text, '=');

    if (equals == NULL || equals == text)
        return complain(reader, "expected NAME=VALUE, not ", text);
    *list = must_reallocate(*list, (*count + 1) * sizeof **list);
    (*list)[(*count)++] = (struct setting){text, (size_t)(equals - text), equals + 1};
    return true;
}

static bool add_variable(struct option_reader *reader, const char *text)
{
    struct options *options = reader->options;
    struct variables probe = {0};

    if (!add_setting(reader, &options->variables, &options->variable_count, text))
        return false;
    const struct setting *added = &options->variables[options->variable_count - 1];
    bool is_name = variables_set(&probe, added->name, added->name_size, added->value);
    variables_clear(&probe);
    if (!is_name)
        return complain(reader, "no parameter can be called so: ", text);
    return true;
}

static bool set_mode(struct option_reader *reader, const char *name)
{
    reader->options->mode = render_mode_find(name);
    if (reader->options->mode != NULL)
        return true;
    suggest(reader, name, mode_name);
    return complain(reader, "unknown mode ", name);
}

static bool set_color(struct option_reader *reader, const char *when)
{
    if (strcmp(when, "auto") == 0)
        reader->options->color = COLOR_AUTO;
    else if (strcmp(when, "always") == 0)
        reader->options->color = COLOR_ALWAYS;
    else if (strcmp(when, "never") == 0)
        reader->options->color = COLOR_NEVER;
    else
        return complain(reader, "--color takes auto, always or never, not ", when);
    return true;
}

static bool apply(struct option_reader *reader, const struct option_row *row, const char *value)
{
    struct options *options = reader->options;

    switch (row->id) {
    case OPTION_COMMAND: add_run(options, RUN_TEXT, value); break;
    case OPTION_FILE: add_run(options, RUN_FILE, value); break;
    case OPTION_MODE: return set_mode(reader, value);
    case OPTION_MODE_NAMED: return set_mode(reader, row->name + 2);
    case OPTION_INIT: options->init_path = value; break;
    case OPTION_NO_INIT: options->has_no_init = true; break;
    case OPTION_OUTPUT: options->output_path = value; break;
    case OPTION_APPEND: options->appends = true; break;
    case OPTION_HEADER: options->has_no_header = false; break;
    case OPTION_NO_HEADER: options->has_no_header = true; break;
    case OPTION_NULL: options->null_text = value; break;
    case OPTION_SEPARATOR: options->separator = value; break;
    case OPTION_READONLY: options->readonly = true; break;
    case OPTION_MUST_EXIST: options->must_exist = true; break;
    case OPTION_SET: return add_setting(reader, &options->settings, &options->setting_count, value);
    case OPTION_VAR: return add_variable(reader, value);
    case OPTION_SINGLE_TRANSACTION: options->single_transaction = true; break;
    case OPTION_BAIL: options->bail = CHOICE_YES; break;
    case OPTION_NO_BAIL: options->bail = CHOICE_NO; break;
    case OPTION_ECHO: options->echo = true; break;
    case OPTION_TIMER: options->timer = true; break;
    case OPTION_QUIET: options->quiet = true; break;
    case OPTION_BATCH: options->interactive = CHOICE_NO; break;
    case OPTION_INTERACTIVE: options->interactive = CHOICE_YES; break;
    case OPTION_TIMEOUT:
        if (!timeout_read(value, &options->timeout))
            return complain(reader, "--timeout takes a number of seconds, not ", value);
        break;
    case OPTION_PAGER: options->pager = value; break;
    case OPTION_SAFE: options->is_safe = true; break;
    case OPTION_COLOR: return set_color(reader, value);
    case OPTION_HELP: options->help = true; break;
    case OPTION_VERSION: options->version = true; break;
    }
    return true;
}

static const struct option_row *find_long(const char *name, size_t size)
{
    for (const struct option_row *row = table; row < table + OPTION_COUNT; row++)
        if (strlen(row->name) == size && memcmp(row->name, name, size) == 0)
            return row;
    return NULL;
}

static const struct option_row *find_letter(char letter)
{
    for (const struct option_row *row = table; row < table + OPTION_COUNT; row++)
        if (row->letter == letter)
            return row;
    return NULL;
}

static bool read_long(struct option_reader *reader, const char *argument, const char **next)
{
    size_t size = strcspn(argument, "=");
    const struct option_row *row = find_long(argument, size);
    const char *value;

    if (row == NULL) {
        char *name = must_copy(argument, size);
        complain(reader, "unknown option ", name);
        suggest(reader, name, option_name);
        free(name);
        return false;
    }
    const char *wrong = option_take_value(argument, row->value != NULL, next, &value);
    return wrong == NULL ? apply(reader, row, value) : complain(reader, row->name, wrong);
}

static bool complain_of_letter(struct option_reader *reader, const char *argument)
{
    struct text_buffer name = {0};

    complain(reader, "unknown option ", argument);
    text_format(&name, "-%s", argument);
    if (find_long(name.data, name.size) != NULL)
        text_format(reader->hint, "did you mean %s?", name.data);
    else
        suggest(reader, name.data, option_name);
    text_clear(&name);
    return false;
}

/* True for -csv and its like: a long name with a dash too few. */
static bool is_long_name(const char *argument)
{
    for (const struct option_row *row = table; row < table + OPTION_COUNT; row++)
        if (strcmp(row->name + 1, argument) == 0)
            return true;
    return false;
}

/* -cvs is more likely meant as --csv than as -c vs: a letter and its value that together are nearly a mode. */
static bool is_nearly_mode(const char *argument)
{
    const struct option_row *row = find_letter(argument[1]);
    const char *mode = suggestion_find(argument + 1, mode_name);

    if (mode == NULL || row == NULL || row->value == NULL || mode[0] != argument[1])
        return false;
    return row->id != OPTION_MODE || render_mode_find(argument + 2) == NULL;
}

/* -x, -xy, -c TEXT, -cTEXT. */
static bool read_letters(struct option_reader *reader, const char *argument, const char **next)
{
    if (is_long_name(argument) || is_nearly_mode(argument))
        return complain_of_letter(reader, argument);
    for (const char *letter = argument + 1; *letter != '\0'; letter++) {
        const struct option_row *row = find_letter(*letter);
        if (row == NULL)
            return complain_of_letter(reader, argument);
        if (row->value == NULL) {
            (void)apply(reader, row, NULL); /* only a value can be wrong */
            continue;
        }
        const char *value = letter[1] != '\0' ? letter + 1 : *next;
        if (value == NULL)
            return complain(reader, row->name, " needs a value");
        if (letter[1] == '\0')
            *next = NULL;
        return apply(reader, row, value);
    }
    return true;
}

static void add_positional(struct options *options, const char *argument)
{
    if (options->help)
        text_format(&options->help_topic, "%s%s", options->help_topic.size > 0 ? " " : "", argument);
    else if (options->path == NULL)
        options->path = argument;
    else
        add_run(options, RUN_TEXT, argument);
}

bool options_read(struct options *options, int argc, char **argv, int first, struct text_buffer *message,
                  struct text_buffer *hint)
{
    struct option_reader reader = {options, message, hint};
    bool is_ended = false;

    *options = (struct options){0};
    for (int i = first; i < argc; i++) {
        const char *argument = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL, *given = next;
        bool done = true;
        if (is_ended || argument[0] != '-' || argument[1] == '\0')
            add_positional(options, argument);
        else if (strcmp(argument, "--") == 0)
            is_ended = true;
        else if (argument[1] == '-')
            done = read_long(&reader, argument, &next);
        else
            done = read_letters(&reader, argument, &next);
        if (!done)
            return false;
        i += next != given;
    }
    if (options->appends && options->output_path == NULL)
        return complain(&reader, "--append goes with --output FILE", "");
    return true;
}

void options_clear(struct options *options)
{
    text_clear(&options->help_topic);
    free(options->runs);
    free(options->settings);
    free(options->variables);
}
