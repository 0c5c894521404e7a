/* completion_fish.c - the script for fish. */
#include <string.h>

#include "shell/completion_script.h"

static const char first_part[] = "# Completion of ssql for fish, made by `ssql completion fish`.\n"
                                 "\n"
                                 "# The command that was typed, if any.\n"
                                 "function __ssql_command\n"
                                 "    set -l words (commandline -opc)\n"
                                 "    test (count $words) -gt 1; or return\n"
                                 "    if contains -- $words[2] ";

static const char second_part[] =
    "\n"
    "        echo $words[2]\n"
    "    end\n"
    "end\n"
    "\n"
    "# Whether that is the command: with an argument, and as many others before the cursor.\n"
    "function __ssql_is --argument-names command position\n"
    "    test \"$(__ssql_command)\" = \"$command\"; or return 1\n"
    "    set -q position[1]; or return 0\n"
    "    set -l words (commandline -opc)\n"
    "    set -l first 2\n"
    "    test -n \"$command\"; and set first 3\n"
    "    set -l found 0\n"
    "    set -l is_value no\n"
    "    for word in $words[$first..-1]\n"
    "        if test $is_value = yes\n"
    "            set is_value no\n"
    "        else if contains -- $word (__ssql_valued \"$command\")\n"
    "            set is_value yes\n"
    "        else if not string match -q -- '-?*' $word\n"
    "            set found (math $found + 1)\n"
    "        end\n"
    "    end\n"
    "    test $found -eq $position\n"
    "end\n"
    "\n"
    "# The options whose value is the next word.\n"
    "function __ssql_valued --argument-names command\n"
    "    switch \"$command\"\n";

static void add_quoted(struct text_buffer *to, const char *text)
{
    text_add_char(to, '\'');
    for (; *text != '\0'; text++) {
        if (strchr("'\\", *text) != NULL)
            text_add_char(to, '\\');
        text_add_char(to, *text);
    }
    text_add_char(to, '\'');
}

static void add_place(struct text_buffer *to, const struct place *place)
{
    static const char *const actions[] = {[PLACE_ANYTHING] = "",
                                          [PLACE_FILE] = " -F",
                                          [PLACE_DIRECTORY] = " -a '(__fish_complete_directories)'",
                                          [PLACE_WORDS] = " -a "};

    text_add_string(to, actions[place->kind]);
    if (place->kind == PLACE_WORDS)
        add_quoted(to, text_string(&place->words));
}

static void add_options(struct text_buffer *to, const struct program_command *command)
{
    struct listed_option option;

    for (int i = 0; command_option(command, i, &option); i++) {
        text_format(to, "complete -c ssql -n '__ssql_is \"%s\"' -l %s", command_label(command), option.name + 2);
        if (option.letter != 0)
            text_format(to, " -s %c", option.letter);
        if (option.value != NULL && !option.is_value_optional) {
            struct place place;
            place_of_option(&place, &option);
            text_add_string(to, " -x");
            if (place.kind == PLACE_FILE)
                to->size--, text_add_char(to, 'r');
            add_place(to, &place);
            place_clear(&place);
        }
        text_add_string(to, " -d ");
        add_quoted(to, option.description == NULL ? "a short form" : option.description);
        text_add_char(to, '\n');
    }
}

/* An argument that repeats is offered wherever no other stands. */
static void add_arguments(struct text_buffer *to, const struct program_command *command)
{
    struct place place;
    bool repeats = false;

    for (int i = 0; !repeats && place_of_argument(&place, command, i); i++) {
        repeats = place.repeats;
        if (place.kind != PLACE_ANYTHING) {
            text_format(to, "complete -c ssql -n '__ssql_is \"%s\"", command_label(command));
            for (int before = 0; repeats && before < i; before++)
                text_format(to, "; and not __ssql_is \"%s\" %d", command_label(command), before);
            if (!repeats)
                text_format(to, " %d", i);
            text_add_char(to, '\'');
            add_place(to, &place);
            text_add_char(to, '\n');
        }
        place_clear(&place);
    }
}

void completion_fish_add(struct text_buffer *to)
{
    const struct program_command *command;
    int count = 0;

    while (program_command_at(count) != NULL)
        count++;
    text_add_string(to, first_part);
    add_command_names(to, " ");
    text_add_string(to, second_part);
    for (int i = 0; i <= count; i++) {
        text_format(to, "        case '%s'\n            printf '%%s\\n' ''", command_label(program_command_at(i)));
        struct text_buffer names = {0};
        add_option_names(&names, program_command_at(i), true, " ");
        text_format(to, "%s%s\n", names.size > 0 ? " " : "", text_string(&names));
        text_clear(&names);
    }
    text_add_string(to, "    end\nend\n\ncomplete -c ssql -f\n");
    for (int i = 0; (command = program_command_at(i)) != NULL; i++) {
        text_format(to, "complete -c ssql -n '__fish_is_first_token' -a %s -d ", command->name);
        add_quoted(to, command->description);
        text_add_char(to, '\n');
    }
    for (int i = 0; i <= count; i++) {
        add_options(to, program_command_at(i));
        add_arguments(to, program_command_at(i));
    }
}
