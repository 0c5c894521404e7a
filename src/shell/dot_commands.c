#include "shell/dot_commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shell/display_width.h"
#include "shell/schema.h"
#include "shell/script.h"
#include "shell/suggestion.h"

enum { ARGUMENTS_MOST = 3 };

/* A line taken apart: at most ARGUMENTS_MOST words, quotes taken off; `rest` is the line behind the command as it is.
 */
struct command_line {
    struct session *session;
    const struct source *source;
    char *rest;
    char *arguments[ARGUMENTS_MOST];
    int count;
};

struct dot_command {
    const char *name;
    const char *arguments;
    const char *description;
    int least, most; /* arguments */
    const char *completion;
    bool (*run)(struct command_line *line);
};

static bool fail(struct command_line *line, const char *hint, const char *what, const char *about)
{
    struct text_buffer message = {0};

    text_format(&message, "%s%s", what, about);
    struct error_report report = {
        .message = message.data, .hint = hint, .line = 1, .column = 1, .length = (int64_t)line->source->size};
    session_report(line->session, &report, line->source);
    text_clear(&message);
    return false;
}

static bool read_switch(struct command_line *line, bool *value)
{
    const char *word = line->arguments[0];

    if (strcmp(word, "on") == 0 || strcmp(word, "off") == 0) {
        *value = word[1] == 'n';
        return true;
    }
    return fail(line, NULL, "on or off, not ", word);
}

static bool run_switch(struct command_line *line, bool *value, const char *name)
{
    if (line->count > 0)
        return read_switch(line, value);
    session_note(line->session, "%s: %s", name, *value ? "on" : "off");
    return true;
}

static bool run_header(struct command_line *line)
{
    return run_switch(line, &line->session->render.header, "header");
}

static bool run_timer(struct command_line *line)
{
    return run_switch(line, &line->session->times, "timer");
}

static bool run_echo(struct command_line *line)
{
    return run_switch(line, &line->session->echoes, "echo");
}

static bool run_bail(struct command_line *line)
{
    return run_switch(line, &line->session->stops_at_error, "bail");
}

static bool run_exit(struct command_line *line)
{
    struct session *session = line->session;

    if (line->count > 0) {
        char *end;
        long status = strtol(line->arguments[0], &end, 10);
        if (*end != '\0' || end == line->arguments[0] || status < 0 || status > 255)
            return fail(line, NULL, "an exit status from 0 to 255, not ", line->arguments[0]);
        session->status = (int)status;
        session->has_chosen_status = true;
    }
    session->is_leaving = true;
    return true;
}

static bool run_print(struct command_line *line)
{
    struct output *output = session_results(line->session);

    output_add_string(output, line->rest);
    output_add_char(output, '\n');
    session_flush(line->session);
    return true;
}

static const char *mode_name(int i)
{
    const struct render_type *type = render_mode(i);

    return type == NULL ? NULL : type->name;
}

static void suggest(struct text_buffer *hint, const char *typed, suggestion_name *names, const char *otherwise)
{
    const char *nearest = suggestion_find(typed, names);

    if (nearest != NULL)
        text_format(hint, "did you mean \"%s\"?", nearest);
    else
        text_add_string(hint, otherwise);
}

static void set_text(char **text, const char *value)
{
    free(*text);
    *text = value == NULL ? NULL : must_copy(value, strlen(value));
}

static bool run_mode(struct command_line *line)
{
    struct session *session = line->session;

    if (line->count == 0) {
        session_note(session, "mode: %s", session->render.type->name);
        return true;
    }
    const struct render_type *type = render_mode_find(line->arguments[0]);
    if (type == NULL) {
        struct text_buffer hint = {0};
        suggest(&hint, line->arguments[0], mode_name, ".help mode lists them");
        fail(line, hint.data, "unknown mode ", line->arguments[0]);
        text_clear(&hint);
        return false;
    }
    if (line->count > 1 && type != &render_insert)
        return fail(line, "only the mode insert takes a name", "unexpected ", line->arguments[1]);
    session->render.type = type;
    set_text(&session->render.insert_table, line->count > 1 ? line->arguments[1] : NULL);
    return true;
}

static bool run_null(struct command_line *line)
{
    set_text(&line->session->render.null_text, line->count > 0 ? line->arguments[0] : NULL);
    return true;
}

static bool run_separator(struct command_line *line)
{
    set_text(&line->session->render.separator, line->count > 0 ? line->arguments[0] : NULL);
    return true;
}

/* Sends results elsewhere: "" back to standard output, |COMMAND to a program, else to a file. */
static bool redirect(struct command_line *line, const char *target, bool for_one_statement)
{
    struct session *session = line->session;

    session_flush(session);
    session->other_is_for_one_statement = false;
    if (!output_close(&session->other, true))
        return fail(line, NULL, "cannot write the results: ", output_error_text(errno));
    if (*target == '\0')
        return true;
    bool done = *target == '|' ? output_open_program(&session->other, target + 1)
                               : output_open_file(&session->other, target, false);
    if (!done) {
        struct text_buffer reason = {0};
        text_format(&reason, "%s: %s", target, strerror(errno));
        fail(line, NULL, "cannot write to ", reason.data);
        text_clear(&reason);
        return false;
    }
    session->other_is_for_one_statement = for_one_statement;
    return true;
}

static const char *target_of(struct command_line *line)
{
    return line->count == 0 ? "" : *line->rest == '|' ? line->rest : line->arguments[0];
}

static bool run_output(struct command_line *line)
{
    return redirect(line, target_of(line), false);
}

static bool run_once(struct command_line *line)
{
    return redirect(line, target_of(line), true);
}

static bool run_read(struct command_line *line)
{
    return script_run_file(line->session, line->arguments[0], line->source);
}

static bool run_open(struct command_line *line)
{
    struct session *session = line->session;
    int status = session->status;

    if (ssql_in_transaction(session->connection) != 0)
        return fail(line, "commit or roll it back first", "a transaction is open", "");
    if (strcmp(session->path, line->arguments[0]) == 0 && strcmp(session->path, ":memory:") != 0)
        return fail(line, NULL, "this database is open: ", session->path);
    if (!session_open(session, line->arguments[0])) {
        /* the session started long ago: it is a command that failed */
        session->status = status > STATUS_FAILED || session->status == STATUS_DAMAGED ? session->status : STATUS_FAILED;
        return false;
    }
    return true;
}

static bool run_var(struct command_line *line)
{
    struct session *session = line->session;
    struct variables *variables = &session->variables;

    if (line->count == 0) {
        for (size_t i = 0; i < variables->count; i++)
            session_note(session, "%s = %s", variables->list[i].name, variables->list[i].literal);
        return true;
    }
    const char *value = line->rest + strcspn(line->rest, " \t");
    value += strspn(value, " \t");
    if (line->count == 1) {
        const struct variable *variable = variables_find(variables, line->arguments[0]);
        if (variable == NULL)
            return fail(line, NULL, "no such variable: ", line->arguments[0]);
        session_note(session, "%s = %s", variable->name, variable->literal);
        return true;
    }
    if (!variables_set(variables, line->arguments[0], strlen(line->arguments[0]), value))
        return fail(line, NULL, "a variable needs a name", "");
    return true;
}

static bool run_set(struct command_line *line)
{
    struct session *session = line->session;

    if (line->count == 0) {
        for (int i = 0; ssql_option_name(i) != NULL; i++)
            session_note(session, "%s", ssql_option_name(i));
        return true;
    }
    if (line->count == 1)
        return fail(line, ".set NAME VALUE, then .open DB", "a value is missing for ", line->arguments[0]);
    if (ssql_options_set(session->options, line->arguments[0], line->arguments[1]) != SSQL_OK)
        return fail(line, ssql_options_errhint(session->options), ssql_options_errmsg(session->options), "");
    if (session->is_interactive)
        session_note(session, "holds for the next .open");
    return true;
}

/* ---- tables ---- */

/* * any text, ? any character; without case. */
static bool matches(const char *pattern, const char *name)
{
    for (; *pattern != '\0' && *pattern != '*'; pattern++, name++)
        if (*name == '\0' || (*pattern != '?' && (*pattern | 0x20) != (*name | 0x20)))
            return false;
    if (*pattern == '\0')
        return *name == '\0';
    for (;; name++) {
        if (matches(pattern + 1, name))
            return true;
        if (*name == '\0')
            return false;
    }
}

static void print_table_name(struct command_line *line, ssql_tables *tables, int i)
{
    struct output *output = session_results(line->session);
    const char *name = ssql_tables_name(tables, i);
    struct text_buffer shown = {0};

    display_escape(&shown, name, strlen(name));
    text_add_char(&shown, '\n');
    output_add(output, shown.data, shown.size);
    text_clear(&shown);
}

static bool for_each_table(struct command_line *line,
                           void (*print)(struct command_line *line, ssql_tables *tables, int i))
{
    struct session *session = line->session;
    const char *pattern = line->count > 0 ? line->arguments[0] : "*";
    ssql_tables *tables;
    bool is_found = false;

    if (ssql_tables_new(session->connection, &tables) != SSQL_OK) {
        session_report_connection(session, line->source);
        return false;
    }
    for (int i = 0; i < ssql_tables_count(tables); i++) {
        if (!matches(pattern, ssql_tables_name(tables, i)))
            continue;
        is_found = true;
        print(line, tables, i);
    }
    ssql_tables_free(tables);
    session_flush(session);
    return is_found || line->count == 0 || fail(line, NULL, "no table is called ", pattern);
}

static bool run_tables(struct command_line *line)
{
    return for_each_table(line, print_table_name);
}

static void print_schema(struct command_line *line, ssql_tables *tables, int i)
{
    schema_print(line->session, ssql_tables_name(tables, i), line->source);
}

static bool run_schema(struct command_line *line)
{
    return for_each_table(line, print_schema);
}

/* ---- the commands ---- */

static bool run_help(struct command_line *line);

static const struct dot_command commands[] = {
    {".bail", "[on|off]", "stop at the first error", 0, 1, "switch", run_bail},
    {".echo", "[on|off]", "print statements before they run", 0, 1, "switch", run_echo},
    {".exit", "[STATUS]", "leave, with an exit status", 0, 1, "", run_exit},
    {".header", "[on|off]", "names of columns above results", 0, 1, "switch", run_header},
    {".help", "[COMMAND|mode|keys]", "this list, or more about one of it", 0, 1, "command", run_help},
    {".mode", "[MODE [TABLE]]", "how results are written; TABLE is for the mode insert", 0, 2, "mode", run_mode},
    {".null", "[TEXT]", "what is written for null; none: the mode's own", 0, 1, "", run_null},
    {".once", "FILE or |PROGRAM", "send the next result to a file or a program", 1, ARGUMENTS_MOST, "file", run_once},
    {".open", "DB", "close the database and open another", 1, 1, "file", run_open},
    {".output", "[FILE or |PROGRAM]", "send results to a file or a program; none: back to standard output", 0,
     ARGUMENTS_MOST, "file", run_output},
    {".print", "[TEXT]", "write a line to the results", 0, ARGUMENTS_MOST, "", run_print},
    {".quit", "", "leave", 0, 0, "", run_exit},
    {".read", "FILE", "run a script; its name is relative to the script that says .read", 1, 1, "file", run_read},
    {".schema", "[PATTERN]", "statements that make the tables; * and ? stand for any characters", 0, 1, "table",
     run_schema},
    {".separator", "[TEXT]", "what stands between values in the modes csv, tsv and list", 0, 1, "", run_separator},
    {".set", "[NAME VALUE]", "an option for the next .open; none: their names", 0, 2, "option", run_set},
    {".tables", "[PATTERN]", "names of the tables", 0, 1, "table", run_tables},
    {".timer", "[on|off]", "say how long each statement took", 0, 1, "switch", run_timer},
    {".var", "[NAME [VALUE]]", "give the parameter :NAME a value, or show values", 0, ARGUMENTS_MOST, "", run_var},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

/* What people who come from elsewhere type. */
static const struct {
    const char *alias, *name;
} aliases[] = {{"\\d", ".schema"},     {"\\dt", ".tables"},     {"\\q", ".quit"},
               {"\\?", ".help"},       {"\\i", ".read"},        {"\\o", ".output"},
               {"\\timing", ".timer"}, {".headers", ".header"}, {".nullvalue", ".null"}};

const char *dot_command_name(int i)
{
    return i >= 0 && i < COMMAND_COUNT ? commands[i].name : NULL;
}

/* By name, alias or a beginning that only one command has (`several` is set when more have it). */
static const struct dot_command *find_command(const char *name, bool *several)
{
    const struct dot_command *found = NULL;
    size_t size = strlen(name);

    *several = false;
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (strcmp(aliases[i].alias, name) == 0)
            name = aliases[i].name, size = strlen(name);
    for (int i = 0; i < COMMAND_COUNT && size > 1; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            *several = false;
            return &commands[i];
        }
        if (strncmp(commands[i].name, name, size) != 0)
            continue;
        *several = found != NULL;
        found = &commands[i];
    }
    return *several ? NULL : found;
}

const char *dot_command_argument(const char *name)
{
    bool several;
    const struct dot_command *command = find_command(name, &several);

    return command == NULL ? "" : command->completion;
}

static void print_modes(struct output *output)
{
    const struct render_type *type;
    struct text_buffer text = {0};

    for (int i = 0; (type = render_mode(i)) != NULL; i++)
        text_format(&text, "%-10s %s\n", type->name, type->description);
    output_add(output, text.data, text.size);
    text_clear(&text);
}

static const char keys_text[] = "Enter       run the statement if it is complete, else begin a new line\n"
                                "Alt-Enter   begin a new line\n"
                                "Up, Down    move between the lines, and at the edges through the history\n"
                                "Ctrl-R      search the history\n"
                                "Tab         complete a keyword, table, column, command or file name\n"
                                "Ctrl-C      stop the running statement, or drop the text\n"
                                "Ctrl-D      leave, when there is no text\n";

static bool run_help(struct command_line *line)
{
    struct output *output = session_results(line->session);
    struct text_buffer text = {0};
    const char *topic = line->count > 0 ? line->arguments[0] : NULL;
    bool several;

    if (topic != NULL && strcmp(topic, "mode") == 0) {
        print_modes(output);
    } else if (topic != NULL && strcmp(topic, "keys") == 0) {
        output_add_string(output, keys_text);
    } else {
        text_format(&text, "%s%s", topic == NULL || *topic == '.' || *topic == '\\' ? "" : ".",
                    topic == NULL ? "" : topic);
        const struct dot_command *command = topic == NULL ? NULL : find_command(text_string(&text), &several);
        text_reset(&text);
        if (topic != NULL && command == NULL) {
            text_clear(&text);
            return fail(line, ".help lists all", "no help on ", topic);
        }
        for (const struct dot_command *each = commands; each < commands + COMMAND_COUNT; each++)
            if (command == NULL || command == each)
                text_format(&text, "%-11s%-21s%s\n", each->name, each->arguments, each->description);
        output_add(output, text.data, text.size);
    }
    text_clear(&text);
    session_flush(line->session);
    return true;
}

/* Takes the next word off; quotes hold blanks together. Works in place. */
static char *take_word(char **at)
{
    char *word = *at + strspn(*at, " \t"), *to = word;

    if (*word == '\0')
        return NULL;
    for (*at = word; **at != '\0' && **at != ' ' && **at != '\t';) {
        char quote = **at;
        if (quote != '"' && quote != '\'') {
            *to++ = *(*at)++;
            continue;
        }
        for ((*at)++; **at != '\0' && **at != quote;)
            *to++ = *(*at)++;
        *at += **at != '\0';
    }
    *at += **at != '\0';
    *to = '\0';
    return word;
}

static bool run_line(struct command_line *line, const char *name, char *rest)
{
    bool several;
    const struct dot_command *command = find_command(name, &several);
    struct text_buffer hint = {0}, words = {0};
    bool done = false;

    text_add_string(&words, rest);
    text_add_char(&words, '\0');
    if (command == NULL) {
        suggest(&hint, name, dot_command_name, ".help lists the commands");
        fail(line, several ? ".help lists the commands" : hint.data,
             several ? "several commands begin with " : "unknown command ", name);
    } else {
        char *at = words.data, *word = NULL;
        while (line->count < ARGUMENTS_MOST && (word = take_word(&at)) != NULL)
            line->arguments[line->count++] = word;
        bool is_more = line->count == ARGUMENTS_MOST && take_word(&at) != NULL;
        text_format(&hint, "%s %s", command->name, command->arguments);
        if (line->count < command->least)
            fail(line, hint.data, "something is missing after ", command->name);
        else if (line->count > command->most || (is_more && command->most < ARGUMENTS_MOST))
            fail(line, hint.data, "too much after ", command->name);
        else
            done = command->run(line);
    }
    text_clear(&words);
    text_clear(&hint);
    return done;
}

bool dot_command_run(struct session *session, const struct source *source)
{
    char *text = must_copy(source->text + source->begin, source->size);
    size_t name_size = strcspn(text, " \t");
    char *rest = text + name_size + strspn(text + name_size, " \t");
    char *name = must_copy(text, name_size);

    if (session->echoes) {
        output_add_string(session_results(session), text);
        output_add_char(session_results(session), '\n');
    }
    /* a ; out of habit */
    if (name_size > 1 && name[name_size - 1] == ';')
        name[name_size - 1] = '\0';
    struct command_line line = {.session = session, .source = source, .rest = rest};
    bool done = run_line(&line, name, rest);
    free(name);
    free(text);
    return done;
}
