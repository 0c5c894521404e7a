#include "shell/dot_commands.h"

#include <stdlib.h>
#include <string.h>

#include "shell/backup_command.h"
#include "shell/commands.h"

/* In the order of their names. */
static const struct dot_command commands[] = {
    {".backup", "[OPTION...] DEST", "make a copy of the database in a directory",
     "--incremental renews a backup of it, --copy makes no links, --verify reads the backup afterwards.\n", 1,
     ARGUMENTS_MOST, "file", command_backup},
    {".bail", "[on|off]", "stop at the first error", NULL, 0, 1, "switch", command_bail},
    {".cd", "[FOLDER]", "go to a folder; none: the home folder", NULL, 0, 1, "file", command_cd},
    {".check", "", "read every byte of the database and say what is damaged", NULL, 0, 0, "", command_check},
    {".close", "", "close the database; then one in memory is open", NULL, 0, 0, "", command_close},
    {".color", "[auto|always|never]", "colours in results and messages", NULL, 0, 1, "=auto always never",
     command_color},
    {".describe", "TABLE", "the columns of a table", NULL, 1, 1, "table", command_describe},
    {".dump", "[PATTERN...]", "the script that makes tables and their rows again",
     "* and ? in a PATTERN stand for any characters. --schema leaves out the rows, --data the tables.\n", 0,
     ARGUMENTS_MOST, "table", command_dump},
    {".echo", "[on|off]", "print statements before they run", NULL, 0, 1, "switch", command_echo},
    {".edit", "", "change the last statement in VISUAL or EDITOR",
     "The text then stands at the prompt. Ctrl-X Ctrl-E does the same with what is being typed.\n", 0, 0, "",
     command_edit},
    {".exit", "[STATUS]", "leave, with an exit status", NULL, 0, 1, "", command_exit},
    {".explain", "[on|off]", "show how each statement is going to be run",
     "The plan goes to standard error, before the statement runs.\n", 0, 1, "switch", command_explain},
    {".export", "TABLE|'QUERY' [FILE]", "write rows to a file, or to the results",
     "The format is that of the file's ending, or of --format; .export --help lists the options.\n", 1, ARGUMENTS_MOST,
     "table", command_export},
    {".header", "[on|off]", "names of columns above results", NULL, 0, 1, "switch", command_header},
    {".help", "[TOPIC]", "this list, or more about a command, statement or error code",
     "Topics are dot commands (.mode), statements (select), error codes (42703), modes and keys.\n", 0, ARGUMENTS_MOST,
     "command", command_help},
    {".history", "[N]", "the last N statements that were typed, 20 without N", NULL, 0, 1, "", command_history},
    {".import", "FILE... TABLE", "load the records of a file",
     "The format is that of the file's ending, or of --format; .import --help lists the options.\n", 1, ARGUMENTS_MOST,
     "file", command_import},
    {".indexes", "[PATTERN]", "the keys of tables; * and ? stand for any characters", NULL, 0, 1, "table",
     command_indexes},
    {".info", "", "tables, files, levels and sizes of the database", NULL, 0, 0, "", command_info},
    {".mode", "[MODE [OPTION...]]", "how results are written",
     "Options are --header, --no-header, --null TEXT and --separator TEXT; insert takes the name of a table.\n"
     "",
     0, ARGUMENTS_MOST, "mode", command_mode},
    {".null", "[TEXT]", "what is written for null; none: the mode's own", NULL, 0, 1, "", command_null},
    {".once", "FILE or |PROGRAM", "send the next result to a file or a program", NULL, 1, ARGUMENTS_MOST, "file",
     command_once},
    {".open", "[-r] DB", "close the database and open another; -r: only to read", NULL, 1, 2, "file", command_open},
    {".output", "[FILE or |PROGRAM]", "send results to a file or a program; none: back to standard output", NULL, 0,
     ARGUMENTS_MOST, "file", command_output},
    {".pager", "[auto|never|PROGRAM]", "the program in which results are shown that do not fit the terminal",
     "auto takes SSQL_PAGER, else PAGER, else less. Quitting the program ends the statement.\n", 0, ARGUMENTS_MOST, "",
     command_pager},
    {".print", "[TEXT]", "write a line to the results", NULL, 0, ARGUMENTS_MOST, "", command_print},
    {".progress", "[on|off]", "say on a terminal how far a long statement is", NULL, 0, 1, "switch", command_progress},
    {".prompt", "[TEXT]", "the text before what is typed; none: the usual one",
     "In it %d is the name of the database, %t the state of the transaction (* in one, ! when a statement in it\n"
     "failed), %% a percent sign. The usual one is \"ssql%t> \".\n",
     0, 1, "", command_prompt},
    {".quit", "", "leave", NULL, 0, 0, "", command_exit},
    {".read", "FILE", "run a script; its name is relative to the script that says .read", NULL, 1, 1, "file",
     command_read},
    {".rows", "[N|all]", "how many rows of a long result a terminal shows",
     "The first half of them and the last; all rows are counted. Only frames (box, table, column) leave rows out.\n", 0,
     1, "", command_rows},
    {".safe", "[on]", "no files, no programs, no drop; update and delete need where",
     "It cannot be switched off again.\n", 0, 1, "", command_safe},
    {".schema", "[PATTERN]", "statements that make the tables; * and ? stand for any characters", NULL, 0, 1, "table",
     command_schema},
    {".separator", "[TEXT]", "what stands between values in the modes csv, tsv, list and quote", NULL, 0, 1, "",
     command_separator},
    {".set", "[NAME [VALUE]]", "an option for the next .open, or those there are with what was chosen", NULL, 0, 2,
     "option", command_set},
    {".shell", "PROGRAM", "run a program", NULL, 1, ARGUMENTS_MOST, "file", command_shell},
    {".show", "", "how everything is set", NULL, 0, 0, "", command_show},
    {".stats", "[on|off|now]", "what the database counted during each statement, or since it was opened", NULL, 0, 1,
     "=on off now", command_stats},
    {".tables", "[PATTERN]", "names of the tables", NULL, 0, 1, "table", command_tables},
    {".timeout", "[SECONDS]", "end a statement that takes longer; 0: never", NULL, 0, 1, "", command_timeout},
    {".timer", "[on|off]", "say how long each statement took", NULL, 0, 1, "switch", command_timer},
    {".var", "[NAME [VALUE]]", "give the parameter :NAME a value, or show values", NULL, 0, ARGUMENTS_MOST, "",
     command_var},
    {".watch", "[SECONDS]", "run the last query again and again; Ctrl-C ends it", "Every 2 seconds without a number.\n",
     0, 1, "", command_watch},
    {".width", "[N...]", "columns for each column of a frame",
     "0: by the rows; negative: to the right; none: all by the rows. What is wider is wrapped.\n", 0, ARGUMENTS_MOST,
     "", command_width},
    {"\\copy", "TABLE from|to FILE...", "the statement copy", NULL, 1, ARGUMENTS_MOST, "table", command_copy},
    {"\\g", "", "run the last statement again", NULL, 0, 0, "", command_run_again},
    {"\\x", "", "change between the modes line and box", NULL, 0, 0, "", command_expanded},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

/* What people who come from elsewhere type. */
static const struct {
    const char *alias, *name;
} aliases[] = {{"\\d", ".schema"},     {"\\dt", ".tables"},     {"\\di", ".indexes"},   {"\\q", ".quit"},
               {"\\?", ".help"},       {"\\i", ".read"},        {"\\o", ".output"},     {"\\e", ".edit"},
               {"\\timing", ".timer"}, {".headers", ".header"}, {".nullvalue", ".null"}};
enum { ALIAS_COUNT = sizeof aliases / sizeof aliases[0] };

const struct dot_command *dot_command_at(int i)
{
    return i < COMMAND_COUNT ? &commands[i] : NULL;
}

const char *dot_command_name(int i)
{
    return i < COMMAND_COUNT ? commands[i].name : NULL;
}

const char *dot_command_alias(int i, const char **name)
{
    if (i >= ALIAS_COUNT)
        return NULL;
    *name = aliases[i].name;
    return aliases[i].alias;
}

/* By name, alias or a beginning that only one command has (`several` is set when more have it). */
static const struct dot_command *find_command(const char *name, bool *several)
{
    const struct dot_command *found = NULL;
    size_t size = strlen(name);

    *several = false;
    for (int i = 0; i < ALIAS_COUNT; i++)
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

const struct dot_command *dot_command_find(const char *name)
{
    bool several;

    return find_command(name, &several);
}

const char *dot_command_argument(const char *name)
{
    bool several;
    const struct dot_command *command = find_command(name, &several);

    return command == NULL ? "" : command->completion;
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

static bool run_command(struct command_line *line, const struct dot_command *command)
{
    struct text_buffer hint = {0}, words = {0};
    char *word = NULL;
    bool done = false;

    line->name = command->name;
    command_drop_semicolon(command, line->rest);
    text_add_string(&words, line->rest);
    text_add_char(&words, '\0');
    for (char *at = words.data; line->count < ARGUMENTS_MOST && (word = take_word(&at)) != NULL;)
        line->arguments[line->count++] = word;
    text_format(&hint, "%s%s%s", command->name, *command->arguments == '\0' ? " stands alone" : " ",
                command->arguments);
    if (line->count < command->least)
        command_fail(line, hint.data, "something is missing after ", command->name);
    else if (line->count > command->most)
        command_fail(line, hint.data, "too much after ", command->name);
    else
        done = command->run(line);
    text_clear(&words);
    text_clear(&hint);
    return done;
}

/* .stats, .tables and .timeout begin with what was typed. */
static void hint_at_several(struct text_buffer *hint, const char *name)
{
    size_t size = strlen(name);

    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strncmp(commands[i].name, name, size) == 0)
            text_format(hint, "%s%s", hint->size > 0 ? ", " : "", commands[i].name);
}

bool dot_command_run(struct session *session, const struct source *source)
{
    char *text = must_copy(source->text + source->begin, source->size);
    size_t name_size = strcspn(text, " \t");
    char *rest = text + name_size + strspn(text + name_size, " \t");
    char *name = must_copy(text, name_size);
    bool several, done;

    if (session->echoes) {
        output_add_string(session_results(session), text);
        output_add_char(session_results(session), '\n');
    }
    /* a ; out of habit */
    if (name_size > 1 && name[name_size - 1] == ';')
        name[name_size - 1] = '\0';
    struct command_line line = {.session = session, .source = source, .rest = rest};
    const struct dot_command *command = find_command(name, &several);
    if (memchr(source->text + source->begin, '\0', source->size) != NULL)
        done = command_fail(&line, NULL, "the command holds a NUL byte", "");
    else if (command != NULL)
        done = run_command(&line, command);
    else if (several) {
        struct text_buffer hint = {0};
        hint_at_several(&hint, name);
        done = command_fail(&line, hint.data, "several commands begin with ", name);
        text_clear(&hint);
    } else
        done = command_fail_unknown(&line, "unknown command ", name, dot_command_name, ".help lists the commands");
    free(name);
    free(text);
    return done;
}
