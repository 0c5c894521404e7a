#include "shell/commands.h"

#include <string.h>

#include "shell/dot_commands.h"

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

bool command_help(struct command_line *line)
{
    struct output *output = session_results(line->session);
    struct text_buffer text = {0};
    const char *topic = line->count > 0 ? line->arguments[0] : NULL;
    const struct dot_command *command;

    if (topic == NULL) {
        for (int i = 0; (command = dot_command_at(i)) != NULL; i++)
            text_format(&text, "%-11s%-21s%s\n", command->name, command->arguments, command->description);
    } else if (strcmp(topic, "mode") == 0) {
        print_modes(output);
    } else if (strcmp(topic, "keys") == 0) {
        output_add_string(output, keys_text);
    } else {
        text_format(&text, "%s%s", *topic == '.' || *topic == '\\' ? "" : ".", topic);
        command = dot_command_find(text_string(&text));
        text_reset(&text);
        if (command == NULL) {
            text_clear(&text);
            return command_fail(line, ".help lists all", "no help on ", topic);
        }
        text_format(&text, "%-11s%-21s%s\n%s", command->name, command->arguments, command->description,
                    command->help == NULL ? "" : command->help);
    }
    output_add(output, text_string(&text), text.size);
    text_clear(&text);
    session_flush(line->session);
    return true;
}
