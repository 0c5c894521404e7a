#include "shell/help.h"

#include <string.h>
#include <strings.h>

#include "shell/commands.h"
#include "shell/dot_commands.h"
#include "shell/help_codes.h"

static void add_modes(struct text_buffer *to)
{
    const struct render_type *type;

    for (int i = 0; (type = render_mode(i)) != NULL; i++)
        text_format(to, "%-10s %s\n", type->name, type->description);
}

static const char keys_text[] = "Enter       run the statement if it is complete, else begin a new line\n"
                                "Alt-Enter   begin a new line\n"
                                "Up, Down    move between the lines, and at the edges through the history\n"
                                "Ctrl-R      search the history\n"
                                "Tab         complete a keyword, table, column, function, command or file name\n"
                                "Ctrl-X Ctrl-E  change the text in VISUAL or EDITOR\n"
                                "Ctrl-L      clear the screen\n"
                                "Ctrl-C      stop the running statement, or drop the text; three times: leave\n"
                                "Ctrl-Z      stop the shell until fg\n"
                                "Ctrl-D      leave, when there is no text\n";

static void add_command(struct text_buffer *to, const struct dot_command *command)
{
    text_format(to, "%-11s%-21s%s\n", command->name, command->arguments, command->description);
}

void help_add_list(struct text_buffer *to)
{
    const struct dot_command *command;

    for (int i = 0; (command = dot_command_at(i)) != NULL; i++)
        add_command(to, command);
    text_add_string(to, "\n.help COMMAND tells more of one, .help STATEMENT of a statement:");
    for (const struct help_topic *topic = help_topics; topic->name != NULL; topic++)
        text_format(to, "%s %s", topic == help_topics ? "" : ",", topic->name);
    text_add_string(to, ".\n.help 42703 explains the code of an error.\n");
}

static bool add_dot_command(struct text_buffer *to, const char *topic)
{
    struct text_buffer name = {0};

    text_format(&name, "%s%s", *topic == '.' || *topic == '\\' ? "" : ".", topic);
    const struct dot_command *command = dot_command_find(name.data);
    bool is_whole = command != NULL && (*topic == '.' || *topic == '\\' || strcmp(command->name, name.data) == 0);
    text_clear(&name);
    if (!is_whole)
        return false;
    add_command(to, command);
    text_add_string(to, command->help == NULL ? "" : command->help);
    return true;
}

/* The topic's name, or its first word: "create" is all that can be created. */
static bool is_named(const struct help_topic *topic, const char *name)
{
    size_t size = strcspn(topic->name, " ");

    return strcasecmp(topic->name, name) == 0 || (strncasecmp(topic->name, name, size) == 0 && name[size] == '\0');
}

static bool add_statements(struct text_buffer *to, const char *name)
{
    const struct help_topic *last = NULL;

    for (const struct help_topic *topic = help_topics; topic->name != NULL; topic++) {
        if (!is_named(topic, name))
            continue;
        text_add_string(to, last == NULL ? "" : "\n");
        text_add_string(to, topic->syntax);
        if (*topic->example != '\0')
            text_format(to, "\nExample:\n%s", topic->example);
        last = topic;
    }
    if (last != NULL)
        text_format(to, "\nMore: docs/language.md, \"%s\"\n", last->heading);
    return last != NULL;
}

bool help_add(struct text_buffer *to, const char *topic)
{
    if (strcmp(topic, "modes") == 0) {
        add_modes(to);
        return true;
    }
    if (strcmp(topic, "keys") == 0) {
        text_add_string(to, keys_text);
        return true;
    }
    const struct help_code *code = help_code_find(topic);
    if (code != NULL) {
        help_code_add(to, code);
        return true;
    }
    /* explain is a statement and a command: both are told */
    size_t before = to->size;
    bool is_statement = add_statements(to, topic);
    if (is_statement)
        text_add_char(to, '\n');
    bool is_command = add_dot_command(to, topic);
    if (is_statement && !is_command)
        to->data[--to->size] = '\0';
    if (is_command && strcasecmp(topic, "mode") == 0)
        add_modes(to);
    return to->size > before;
}

const char *help_name(int i)
{
    int topics = 0, commands = 0;

    while (help_topics[topics].name != NULL)
        topics++;
    while (dot_command_name(commands) != NULL)
        commands++;
    if (i < topics)
        return help_topics[i].name;
    return i < topics + commands ? dot_command_name(i - topics) : help_code_name(i - topics - commands);
}

bool command_help(struct command_line *line)
{
    struct text_buffer text = {0};
    bool done = true;

    if (line->count == 0)
        help_add_list(&text);
    else if (!help_add(&text, line->count == 1 ? line->arguments[0] : line->rest))
        done = command_fail_unknown(line, "no help on ", line->rest, help_name, ".help lists what there is");
    if (done)
        return session_show(line->session, &text);
    text_clear(&text);
    return false;
}
