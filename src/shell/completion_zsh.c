/* completion_zsh.c - the script for zsh, which works read by `source` and as the file _ssql in a folder of fpath. */
#include <string.h>

#include "shell/completion_script.h"

static const char first_part[] = "#compdef ssql\n"
                                 "# Completion of ssql for zsh, made by `ssql completion zsh`.\n"
                                 "\n"
                                 "_ssql_first()\n"
                                 "{\n"
                                 "    local -a commands\n"
                                 "    commands=(\n";

static const char second_part[] = "    )\n"
                                  "    _describe -t commands command commands\n"
                                  "    _directories\n"
                                  "}\n"
                                  "\n"
                                  "_ssql()\n"
                                  "{\n"
                                  "    if ((CURRENT > 2)); then\n"
                                  "        case $words[2] in\n";

static const char last_part[] = "}\n"
                                "\n"
                                "if [[ $funcstack[1] == _ssql ]]; then\n"
                                "    _ssql \"$@\"\n"
                                "else\n"
                                "    compdef _ssql ssql\n"
                                "fi\n";

/* Adds a text of which `special` characters get a backslash, to stand within single quotes. */
static void add_quoted(struct text_buffer *to, const char *text, const char *special)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            text_add_string(to, "'\\''");
            continue;
        }
        if (strchr(special, *text) != NULL)
            text_add_char(to, '\\');
        text_add_char(to, *text);
    }
}

static void add_place(struct text_buffer *to, const struct place *place)
{
    static const char *const actions[] = {
        [PLACE_ANYTHING] = "", [PLACE_FILE] = "_files", [PLACE_DIRECTORY] = "_directories"};

    if (place->kind == PLACE_WORDS)
        text_format(to, place->goes_on ? "{compadd -S \"\" -- %s}" : "(%s)", text_string(&place->words));
    else
        text_add_string(to, actions[place->kind]);
}

/* One way to write the option: '*--mode=[how results are written]:MODE:(box table)'. */
static void add_option(struct text_buffer *to, const struct listed_option *option, const char *name, const char *joint)
{
    text_format(to, " \\\n            '*%s%s[", name, joint);
    add_quoted(to, option->description == NULL ? "a short form" : option->description, "[]\\");
    text_add_char(to, ']');
    if (option->value != NULL) {
        struct place place;
        place_of_option(&place, option);
        text_add_string(to, option->is_value_optional ? "::" : ":");
        add_quoted(to, option->value, ":\\");
        text_add_char(to, ':');
        add_place(to, &place);
        place_clear(&place);
    }
    text_add_char(to, '\'');
}

/* --mode box and --mode=box, -m box and -mbox; --update=new, but not --update new. */
static void add_options(struct text_buffer *to, const struct program_command *command)
{
    struct listed_option option;

    for (int i = 0; command_option(command, i, &option); i++) {
        bool takes_value = option.value != NULL && !option.is_value_optional;
        add_option(to, &option, option.name, option.value == NULL ? "" : takes_value ? "=" : "=-");
        if (option.letter != 0) {
            char letter[] = {'-', option.letter, '\0'};
            add_option(to, &option, letter, takes_value ? "+" : "");
        }
    }
}

static void add_arguments(struct text_buffer *to, const struct program_command *command)
{
    struct place place;
    bool repeats = false;

    for (int i = 0; !repeats && place_of_argument(&place, command, i); i++) {
        repeats = place.repeats;
        if (repeats)
            text_add_string(to, " \\\n            '*: :");
        else
            text_format(to, " \\\n            '%d: :", i + 1);
        if (command == NULL && i == 0)
            text_add_string(to, "_ssql_first");
        else
            add_place(to, &place);
        place_clear(&place);
        text_add_char(to, '\'');
    }
}

void completion_zsh_add(struct text_buffer *to)
{
    const struct program_command *command;

    text_add_string(to, first_part);
    for (int i = 0; (command = program_command_at(i)) != NULL; i++) {
        text_format(to, "        '%s:", command->name);
        add_quoted(to, command->description, "\\");
        text_add_string(to, "'\n");
    }
    text_add_string(to, second_part);
    for (int i = 0; (command = program_command_at(i)) != NULL; i++) {
        text_format(to, "        %s)\n            shift words\n            ((CURRENT--))\n            _arguments -s -S",
                    command->name);
        add_options(to, command);
        add_arguments(to, command);
        text_add_string(to, "\n            return\n            ;;\n");
    }
    text_add_string(to, "        esac\n    fi\n    _arguments -s -S");
    add_options(to, NULL);
    add_arguments(to, NULL);
    text_add_char(to, '\n');
    text_add_string(to, last_part);
}
