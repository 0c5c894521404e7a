/* main.c - the program ssql: takes the command line apart, sets a session up, runs what is asked for and gives the exit
 * status. docs/shell.md describes it from outside. */
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utf8proc.h>
#include <zlib.h>
#include <zstd.h>

#include "shell/backup_command.h"
#include "shell/check_command.h"
#include "shell/compact_command.h"
#include "shell/completion_command.h"
#include "shell/dump_command.h"
#include "shell/edit.h"
#include "shell/error_report.h"
#include "shell/export_command.h"
#include "shell/help.h"
#include "shell/import_command.h"
#include "shell/info_command.h"
#include "shell/interactive.h"
#include "shell/interrupt.h"
#include "shell/options.h"
#include "shell/output.h"
#include "shell/program_command.h"
#include "shell/salvage_command.h"
#include "shell/script.h"
#include "shell/session.h"
#include "shell/statement_text.h"
#include "shell/suggestion.h"
#include "shell/test_command.h"
#include "shell/test_options.h"

static int help_command(int argc, char **argv);

/* A standard stream that is closed would lend its number to the next file that is opened: results would be written into
 * the database. It is opened in the direction in which it is not used. */
static bool open_standard_streams(void)
{
    for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++)
        if (fcntl(file, F_GETFD) < 0 && open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY) != file)
            return false;
    return true;
}

/* Texts are UTF-8 whatever the locale says. */
static void set_locale(void)
{
    setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C.UTF-8");
}

static const struct program_command commands[] = {
    {"test", "[OPTION]... [PATH]...", "run golden tests", test_command, test_options_list},
    {"import", "DB TABLE FILE...", "load the records of files into a table", import_command, import_options_list},
    {"export", "DB TABLE|QUERY [FILE]", "write rows to a file", export_command, export_options_list},
    {"dump", "DB [PATTERN]...", "write the script that makes tables and rows again", dump_command, dump_options_list},
    {"backup", "[OPTION]... DB DEST", "make a copy of a database, which may be in use", backup_command,
     backup_options_list},
    {"check", "DB", "read every byte of a database and say what is damaged", check_command, NULL},
    {"salvage", "DB NEWDB", "write what is left of a damaged database into a new one", salvage_command, NULL},
    {"info", "[--levels] DB", "tables of a database: rows, files, sizes", info_command, info_options_list},
    {"compact", "DB [TABLE]", "merge the files of a database, or of one table", compact_command, NULL},
    {"completion", "bash|zsh|fish", "completion for a shell, to be sourced by it", completion_command, NULL},
    {"help", "[TOPIC]", "this text, or more about a statement, command or error", help_command, NULL},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

const struct program_command *program_command_at(int i)
{
    return i < COMMAND_COUNT ? &commands[i] : NULL;
}

static const struct program_command *find_command(const char *name)
{
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static const char *command_name(int i)
{
    return i < COMMAND_COUNT ? commands[i].name : NULL;
}

static int complain(const char *message, const char *hint)
{
    error_print(message, "");
    if (*hint != '\0')
        fprintf(stderr, "hint: %s\n", hint);
    else
        fputs("hint: ssql --help tells what there is\n", stderr);
    return STATUS_NO_START;
}

static int print_help(void)
{
    struct text_buffer text = {0};

    text_add_string(&text,
                    "usage: ssql [OPTION]... [DB [STATEMENT]...]\n"
                    "       ssql COMMAND ...\n\n"
                    "Runs statements, -c and -f in their order, else what stands on standard input, else asks at\n"
                    "a prompt. DB is a directory, made at the first write; none: a database in memory.\n\n");
    options_describe(&text);
    text_add_string(&text, "\nCommands:\n");
    for (int i = 0; i < COMMAND_COUNT; i++)
        text_format(&text, "  %-11s%-22s %s\n", commands[i].name, commands[i].arguments, commands[i].description);
    text_add_string(&text, "\nExit status: 0 all done, 1 a statement failed, 2 could not start, 3 damage found in a\n"
                           "database, 130 interrupted. At the prompt, .help tells of the dot commands.\n");
    fwrite(text.data, 1, text.size, stdout);
    text_clear(&text);
    return output_flush_stdout() ? STATUS_DONE : STATUS_FAILED;
}

static int explain_command(const struct program_command *command)
{
    char help[] = "--help", *name = must_copy(command->name, strlen(command->name));
    char *arguments[] = {name, help, NULL};
    int status = command->run(2, arguments);

    free(name);
    return status;
}

/* One of the commands explains itself; else it is a topic of .help. */
static int print_topic(const char *topic)
{
    struct text_buffer text = {0}, hint = {0};
    const struct program_command *command = find_command(topic);
    int status;

    if (command != NULL)
        return explain_command(command);
    if (help_add(&text, topic)) {
        fwrite(text.data, 1, text.size, stdout);
        status = output_flush_stdout() ? STATUS_DONE : STATUS_FAILED;
    } else {
        text_format(&text, "no help on %s", topic);
        (void)suggestion_hint(&hint, topic, help_name, "\"");
        status = complain(text.data, text_string(&hint));
    }
    text_clear(&hint);
    text_clear(&text);
    return status;
}

/* Words in a row are one topic: create table. */
static int help_command(int argc, char **argv)
{
    struct text_buffer topic = {0};

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") != 0 && strcmp(argv[i], "-h") != 0)
            text_format(&topic, "%s%s", topic.size > 0 ? " " : "", argv[i]);
    int status = topic.size == 0 ? print_help() : print_topic(topic.data);
    text_clear(&topic);
    return status;
}

static int print_version(void)
{
    printf("ssql %s\nfile format: %d\nline editing: %s\nUnicode: utf8proc %s\ncompression: lz4 %s, zlib %s, zstd %s\n"
           "checksums: xxHash %s\nlicence: %s\n",
           ssql_version(), ssql_format_version(), edit_library(), utf8proc_version(), SSQL_LZ4_VERSION, zlibVersion(),
           ZSTD_versionString(), SSQL_XXHASH_VERSION, edit_licence());
    return output_flush_stdout() ? STATUS_DONE : STATUS_FAILED;
}

/* A first word that is no database, but nearly a command, or one that has come too late. */
static const char *mistyped_command(const struct options *options)
{
    struct stat status;

    if (options->path == NULL || stat(options->path, &status) == 0 || strpbrk(options->path, "./") != NULL)
        return NULL;
    if (find_command(options->path) != NULL)
        return options->path;
    return suggestion_find(options->path, command_name);
}

/* What stands behind the database is no statement. */
static bool has_odd_statement(const struct options *options)
{
    return options->run_count > 0 && options->runs[0].kind == RUN_TEXT &&
           strpbrk(options->runs[0].text, " ;\n") == NULL;
}

static int complain_of_command(const char *typed, const char *meant)
{
    struct text_buffer message = {0}, hint = {0};

    if (find_command(typed) != NULL) {
        text_format(&message, "\"%s\" is a command, which stands first", typed);
        text_format(&hint, "write: ssql %s ..., and its options behind it", typed);
    } else {
        text_format(&message, "unknown command \"%s\"", typed);
        text_format(&hint, "did you mean \"%s\"?", meant);
    }
    int status = complain(message.data, hint.data);
    text_clear(&message);
    text_clear(&hint);
    return status;
}

/* A statement where the database should stand. */
static bool reads_like_statement(const struct options *options)
{
    struct word word;
    struct stat status;
    size_t at = 0;

    if (options->path == NULL || strchr(options->path, ' ') == NULL || stat(options->path, &status) == 0 ||
        !next_word(options->path, strlen(options->path), &at, &word))
        return false;
    for (const struct help_topic *topic = help_topics; topic->name != NULL; topic++)
        if (strcspn(topic->name, " ") == word.size && strncasecmp(topic->name, word.text, word.size) == 0)
            return true;
    return false;
}

static bool wants_prompt(const struct options *options)
{
    if (options->run_count > 0)
        return false;
    if (options->interactive != CHOICE_DEFAULT)
        return options->interactive == CHOICE_YES;
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static char *copy_or_null(const char *text)
{
    return text == NULL ? NULL : must_copy(text, strlen(text));
}

/* False with a message on standard error. */
static bool set_database_options(struct session *session, const struct options *options)
{
    bool done = true;

    if (options->readonly)
        (void)session_set_option(session, "readonly", "on"); /* a switch is never refused */
    if (options->is_safe)
        session_make_safe(session);
    if (options->must_exist)
        session_set_switch(session, "must_exist", true);
    for (size_t i = 0; done && i < options->setting_count; i++) {
        char *name = must_copy(options->settings[i].name, options->settings[i].name_size);
        done = session_set_option(session, name, options->settings[i].value);
        free(name);
    }
    if (!done)
        complain(ssql_options_errmsg(session->options), ssql_options_errhint(session->options));
    return done;
}

static void set_pager(struct pager_settings *settings, const char *wanted)
{
    settings->is_off = wanted != NULL && strcmp(wanted, "never") == 0;
    settings->command =
        settings->is_off || (wanted != NULL && strcmp(wanted, "auto") == 0) ? NULL : copy_or_null(wanted);
}

static void set_up(struct session *session, const struct options *options)
{
    bool is_terminal = isatty(STDOUT_FILENO) && options->output_path == NULL;

    session->is_batch = options->interactive == CHOICE_NO;
    session->is_interactive = wants_prompt(options);
    session->stops_at_error = options->bail == CHOICE_DEFAULT ? !session->is_interactive : options->bail == CHOICE_YES;
    session->echoes = options->echo;
    session->times = options->timer;
    session->is_quiet = options->quiet;
    session->timeout = options->timeout;
    session->progress.is_on = !session->is_batch && progress_is_possible();
    session_choose_colours(session, options->color);
    set_pager(&session->pager, options->pager);
    session->render.type = options->mode != NULL ? options->mode : is_terminal ? &render_box : &render_tsv;
    session->render.header = !options->has_no_header;
    session->render.null_text = copy_or_null(options->null_text);
    session->render.separator = copy_or_null(options->separator);
    for (size_t i = 0; i < options->variable_count; i++)
        variables_set(&session->variables, options->variables[i].name, options->variables[i].name_size,
                      options->variables[i].value);
}

/* What the user wants at every start: a script of dot commands and statements. */
static char *start_file(void)
{
    const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    struct text_buffer path = {0};

    if (folder != NULL && *folder == '/')
        text_format(&path, "%s/ssql/init.ssql", folder);
    else if (home != NULL && *home != '\0')
        text_format(&path, "%s/.config/ssql/init.ssql", home);
    if (path.data != NULL && access(path.data, F_OK) != 0)
        text_clear(&path);
    return path.data;
}

/* An error in the user's own start-up file is reported and passed over; one in the file of --init counts. */
static bool run_start_files(struct session *session, const struct options *options)
{
    char *own = session->is_interactive && !options->has_no_init ? start_file() : NULL;

    if (own != NULL && !script_run_file(session, own, NULL) && session->status != STATUS_DAMAGED &&
        !session->has_chosen_status)
        session->status = STATUS_DONE;
    free(own);
    return options->init_path == NULL || session->is_leaving || script_run_file(session, options->init_path, NULL) ||
           !session->stops_at_error;
}

static bool run_all(struct session *session, const struct options *options)
{
    bool done = true;

    if (options->run_count == 0)
        return session->is_interactive ? interactive_run(session) : script_run_file(session, "-", NULL);
    for (size_t i = 0; i < options->run_count && !session->is_leaving && (done || !session->stops_at_error); i++) {
        const struct run *run = &options->runs[i];
        bool run_done =
            run->kind == RUN_TEXT ? script_run_text(session, run->text) : script_run_file(session, run->text, NULL);
        done = done && run_done;
    }
    return done;
}

/* Runs everything in one transaction, which is rolled back when something failed. */
static void run_as_asked(struct session *session, const struct options *options)
{
    if (!run_start_files(session, options) || session->is_leaving)
        return;
    if (!options->single_transaction) {
        run_all(session, options);
        if (!session->is_interactive && session->status == STATUS_DONE && !session->is_leaving &&
            ssql_in_transaction(session->connection) != 0)
            session_report_text(session, NULL, "end it with commit",
                                "the input ended within a transaction, which is rolled back");
        return;
    }
    if (!script_run_text(session, "begin;"))
        return;
    session->is_one_transaction = true;
    bool done = run_all(session, options) && session->status == STATUS_DONE && session->standard.error == 0;
    session->is_one_transaction = false;
    if (ssql_in_transaction(session->connection) == 0)
        return; /* a failure ended it */
    session->is_leaving = false;
    script_run_text(session, done ? "commit;" : "rollback;");
    session->is_leaving = true;
}

/* Unlike SIG_IGN, a handler is not inherited by the programs of .once and .output. */
static void pass_over_signal(int signal_number)
{
    (void)signal_number;
}

/* A reader that went away is told of as every program does: by the signal. */
static _Noreturn void end_by_closed_pipe(void)
{
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
    _exit(128 + SIGPIPE);
}

static int run_session(const struct options *options)
{
    struct session session;

    session_init(&session);
    set_up(&session, options);
    interrupt_install();
    signal(SIGPIPE, pass_over_signal);
    if (!set_database_options(&session, options)) {
        session.status = STATUS_NO_START;
    } else if (options->output_path != NULL &&
               !output_open_file(&session.other, options->output_path, options->appends)) {
        session_report_text(&session, NULL, NULL, "cannot write to %s: %s", options->output_path, strerror(errno));
        session.status = STATUS_NO_START;
    } else if (session_open(&session, options->path == NULL ? ":memory:" : options->path)) {
        run_as_asked(&session, options);
    }
    session_close(&session, session.status == STATUS_DONE);
    if (session.standard.error == EPIPE)
        end_by_closed_pipe();
    return session.status;
}

int main(int argc, char **argv)
{
    struct text_buffer message = {0}, hint = {0};
    struct options options;
    const char *meant = NULL;
    int status;

    if (!open_standard_streams())
        return STATUS_NO_START;
    set_locale();
    const struct program_command *command = argc > 1 ? find_command(argv[1]) : NULL;
    if (command != NULL)
        return command->run(argc - 1, argv + 1);
    if (!options_read(&options, argc, argv, 1, &message, &hint)) {
        meant = options.path == argv[1] ? mistyped_command(&options) : NULL; /* whose option it may be */
        status = meant != NULL ? complain_of_command(options.path, meant) : complain(message.data, text_string(&hint));
    } else if (options.help) {
        status = options.help_topic.size == 0 ? print_help() : print_topic(options.help_topic.data);
    } else if (options.version) {
        status = print_version();
    } else if (has_odd_statement(&options) && (meant = mistyped_command(&options)) != NULL) {
        status = complain_of_command(options.path, meant);
    } else if (options.path != NULL && strcmp(options.path, "-") == 0) {
        status = complain("- stands for standard input, which is no database", "-f - runs what stands there");
    } else if (reads_like_statement(&options)) {
        text_format(&message, "no database is called \"%s\": it reads like a statement", options.path);
        status = complain(message.data, "did you mean -c? A statement stands behind the database, or behind -c");
    } else {
        status = run_session(&options);
    }
    text_clear(&message);
    text_clear(&hint);
    options_clear(&options);
    return status;
}
