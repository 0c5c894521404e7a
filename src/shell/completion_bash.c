/* completion_bash.c - the script for bash. It needs nothing but bash: = and : part words there, so that --mode=box
 * comes as three. */
#include <string.h>

#include "shell/completion_script.h"

static const char first_part[] =
    "# Completion of ssql for bash, made by `ssql completion bash`.\n"
    "\n"
    "_ssql_words()\n"
    "{\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$current\")\n"
    "}\n"
    "\n"
    "# Which argument it is that is being typed, from 0: options and their values do not count.\n"
    "_ssql_position()\n"
    "{\n"
    "    local i\n"
    "    position=0\n"
    "    for ((i = first; i < COMP_CWORD; i++)); do\n"
    "        if [[ ${COMP_WORDS[i]} == = ]]; then\n"
    "            ((i++))\n"
    "        elif [[ \" $valued \" == *\" ${COMP_WORDS[i]} \"* ]]; then\n"
    "            [[ ${COMP_WORDS[i + 1]} == = ]] || ((i++))\n"
    "        elif [[ ${COMP_WORDS[i]} != -?* ]]; then\n"
    "            ((position++))\n"
    "        fi\n"
    "    done\n"
    "}\n"
    "\n"
    "_ssql()\n"
    "{\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local command='' options valued first=1 position\n"
    "    COMPREPLY=()\n"
    "    if [[ $current == = ]]; then\n"
    "        current='' previous+='='\n"
    "    elif [[ $previous == = ]]; then\n"
    "        previous=${COMP_WORDS[COMP_CWORD - 2]}'='\n"
    "    fi\n"
    "    [[ $previous != *= || $previous == -* ]] || return 0\n"
    "    if ((COMP_CWORD > 1)); then\n"
    "        case ${COMP_WORDS[1]} in\n"
    "        ";

static const char last_part[] = "    esac\n"
                                "    return 0\n"
                                "}\n"
                                "complete -F _ssql ssql\n";

static void add_options(struct text_buffer *to, const struct program_command *command)
{
    text_format(to, "    %s)\n        options='", command == NULL ? "*" : command->name);
    add_option_names(to, command, false, " ");
    text_add_string(to, "'\n        valued='");
    add_option_names(to, command, true, " ");
    text_add_string(to, "'\n        ;;\n");
}

static void add_place(struct text_buffer *to, const struct place *place)
{
    static const char *const actions[] = {
        [PLACE_ANYTHING] = "", [PLACE_FILE] = " compopt -o default", [PLACE_DIRECTORY] = " compopt -o dirnames"};

    if (place->kind == PLACE_WORDS)
        text_format(to, "%s _ssql_words '%s'", place->goes_on ? " compopt -o nospace;" : "",
                    text_string(&place->words));
    else
        text_add_string(to, actions[place->kind]);
}

static void add_values(struct text_buffer *to, const struct program_command *command)
{
    struct listed_option option;
    struct place place;

    for (int i = 0; command_option(command, i, &option); i++) {
        if (option.value == NULL)
            continue;
        text_format(to, "    '%s %s='", command_label(command), option.name);
        if (!option.is_value_optional)
            text_format(to, " | '%s %s'", command_label(command), option.name);
        if (option.letter != 0)
            text_format(to, " | '%s -%c'", command_label(command), option.letter);
        text_add_string(to, ")");
        place_of_option(&place, &option);
        add_place(to, &place);
        text_add_string(to, place.kind == PLACE_ANYTHING ? " return 0 ;;\n" : "; return 0 ;;\n");
        place_clear(&place);
    }
}

static void add_arguments(struct text_buffer *to, const struct program_command *command)
{
    struct place place;
    bool repeats = false;

    for (int i = 0; !repeats && place_of_argument(&place, command, i); i++) {
        repeats = place.repeats;
        if (repeats)
            text_format(to, "    '%s '*)", command_label(command));
        else
            text_format(to, "    '%s %d')", command_label(command), i);
        add_place(to, &place);
        place_clear(&place);
        text_add_string(to, " ;;\n");
    }
}

void completion_bash_add(struct text_buffer *to)
{
    const struct program_command *command;
    int count = 0;

    while (program_command_at(count) != NULL)
        count++;
    text_add_string(to, first_part);
    add_command_names(to, " | ");
    text_add_string(to, ") command=${COMP_WORDS[1]} first=2 ;;\n        esac\n    fi\n    case $command in\n");
    for (int i = 0; i <= count; i++)
        add_options(to, program_command_at(i));
    text_add_string(to, "    esac\n    case \"$command $previous\" in\n");
    for (int i = 0; i <= count; i++)
        add_values(to, program_command_at(i));
    text_add_string(
        to, "    esac\n    if [[ $current == -* ]]; then\n        _ssql_words \"$options\"\n        return 0\n    fi\n"
            "    _ssql_position\n"
            "    if ((COMP_CWORD == 1)); then\n"
            "        compopt -o filenames -o plusdirs\n        _ssql_words '");
    add_command_names(to, " ");
    text_add_string(to, "'\n        return 0\n    fi\n    case \"$command $position\" in\n");
    for (int i = 0; (command = program_command_at(i)) != NULL; i++)
        add_arguments(to, command);
    add_arguments(to, NULL);
    text_add_string(to, last_part);
}
