#include "shell/completion_script.h"

#include <ssql.h>
#include <stdlib.h>
#include <string.h>

#include "shell/help.h"
#include "shell/options.h"
#include "shell/render.h"

/* Values that are one of a few words, by the name of the option: it means the same wherever it is taken. Where others
 * are taken besides, these are what most people want. */
static const struct {
    const char *option, *words;
} choices[] = {
    {"--color", "auto always never"},
    {"--pager", "auto never"},
    {"--with", "small reopen crash readonly-follower"},
    {"--engine", "ssql sqlite"},
    {"--update", "new"},
    {"--format", "csv tsv json jsonl insert"},
    {"--on-conflict", "fail ignore replace"},
};

void place_clear(struct place *place)
{
    text_clear(&place->words);
    *place = (struct place){0};
}

static void add_word(struct text_buffer *to, const char *word, size_t size)
{
    if (to->size > 0)
        text_add_char(to, ' ');
    text_add(to, word, size);
}

static void add_modes(struct text_buffer *to)
{
    for (int i = 0; render_mode(i) != NULL; i++)
        add_word(to, render_mode(i)->name, strlen(render_mode(i)->name));
}

static void add_database_options(struct text_buffer *to)
{
    for (int i = 0; ssql_option_name(i) != NULL; i++) {
        add_word(to, ssql_option_name(i), strlen(ssql_option_name(i)));
        text_add_char(to, '=');
    }
}

static bool has_word(const struct text_buffer *words, const char *word, size_t size)
{
    const char *at = text_string(words);

    while (*at != '\0') {
        size_t length = strcspn(at, " ");
        if (length == size && memcmp(at, word, size) == 0)
            return true;
        at += length;
        at += *at == ' ';
    }
    return false;
}

/* "create table" is two words, of which one may be there already. A backslash would want quotes, other in each shell.
 */
static void add_topic(struct text_buffer *to, const char *topic)
{
    while (*topic != '\0' && *topic != '\\') {
        size_t size = strcspn(topic, " ");
        if (!has_word(to, topic, size))
            add_word(to, topic, size);
        topic += size;
        topic += *topic == ' ';
    }
}

static void add_topics(struct text_buffer *to)
{
    for (int i = 0; program_command_at(i) != NULL; i++)
        add_topic(to, program_command_at(i)->name);
    for (int i = 0; help_name(i) != NULL; i++)
        add_topic(to, help_name(i));
    add_topic(to, "modes keys");
}

void place_of_option(struct place *place, const struct listed_option *option)
{
    *place = (struct place){0};
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        if (strcmp(choices[i].option, option->name) == 0) {
            place->kind = PLACE_WORDS;
            text_add_string(&place->words, choices[i].words);
            return;
        }
    }
    if (strcmp(option->value, "FILE") == 0) {
        place->kind = PLACE_FILE;
    } else if (strcmp(option->value, "MODE") == 0) {
        place->kind = PLACE_WORDS;
        add_modes(&place->words);
    } else if (strcmp(option->name, "--set") == 0) {
        place->kind = PLACE_WORDS;
        place->goes_on = true;
        add_database_options(&place->words);
    }
}

/* A word of "[--levels] DB [TABLE]..." without its brackets and dots. */
static void read_argument(struct place *place, const char *word, size_t size)
{
    *place = (struct place){0};
    if (size > 3 && memcmp(word + size - 3, "...", 3) == 0) {
        place->repeats = true;
        size -= 3;
    }
    if (word[0] == '[') {
        word++;
        size -= 2;
    }
    char *name = must_copy(word, size);
    if (strcmp(name, "DB") == 0 || strcmp(name, "NEWDB") == 0 || strcmp(name, "DEST") == 0) {
        place->kind = PLACE_DIRECTORY;
    } else if (strcmp(name, "FILE") == 0 || strcmp(name, "PATH") == 0) {
        place->kind = PLACE_FILE;
    } else if (strcmp(name, "TOPIC") == 0) {
        place->kind = PLACE_WORDS;
        place->repeats = true;
        add_topics(&place->words);
    } else if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz|")] == '\0') {
        place->kind = PLACE_WORDS;
        for (char *bar = name; (bar = strchr(bar, '|')) != NULL;)
            *bar = ' ';
        text_add_string(&place->words, name);
    }
    free(name);
}

bool place_of_argument(struct place *place, const struct program_command *command, int i)
{
    const char *at = command == NULL ? "[DB] [STATEMENT]..." : command->arguments;

    *place = (struct place){0};
    for (at += strspn(at, " "); *at != '\0'; at += strspn(at, " ")) {
        size_t size = strcspn(at, " ");
        bool is_option = strncmp(at, "[OPTION]", 8) == 0 || strncmp(at, "[-", 2) == 0;
        if (!is_option && i-- == 0) {
            read_argument(place, at, size);
            return true;
        }
        at += size;
    }
    return false;
}

static bool help_alone(int i, struct listed_option *option)
{
    *option = (struct listed_option){"--help", 'h', NULL, false, "what the command does"};
    return i == 0;
}

bool command_option(const struct program_command *command, int i, struct listed_option *option)
{
    if (command == NULL)
        return options_list(i, option);
    return command->options == NULL ? help_alone(i, option) : command->options(i, option);
}

static void add_name(struct text_buffer *to, const char *separator, const char *name)
{
    text_format(to, "%s%s", to->size > 0 ? separator : "", name);
}

void add_option_names(struct text_buffer *to, const struct program_command *command, bool takes_value,
                      const char *separator)
{
    struct listed_option option;
    struct text_buffer names = {0};

    for (int i = 0; command_option(command, i, &option); i++) {
        if (takes_value && (option.value == NULL || option.is_value_optional))
            continue;
        add_name(&names, separator, option.name);
        if (takes_value && option.letter != 0) {
            char letter[] = {'-', option.letter, '\0'};
            add_name(&names, separator, letter);
        }
    }
    text_add_string(to, text_string(&names));
    text_clear(&names);
}

void add_command_names(struct text_buffer *to, const char *separator)
{
    for (int i = 0; program_command_at(i) != NULL; i++)
        text_format(to, "%s%s", i > 0 ? separator : "", program_command_at(i)->name);
}

const char *command_label(const struct program_command *command)
{
    return command == NULL ? "" : command->name;
}
