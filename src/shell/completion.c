#include "shell/completion.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "shell/dot_commands.h"
#include "shell/statement_text.h"

/* The word that is being typed. */
struct place {
    struct completion *completion;
    const char *typed;
    size_t size;
};

void completion_clear(struct completion *completion)
{
    for (size_t i = 0; i < completion->count; i++)
        free(completion->words[i]);
    free(completion->words);
    completion->words = NULL;
    completion->count = 0;
}

static void offer(struct place *place, const char *word)
{
    struct completion *completion = place->completion;

    if (strncasecmp(word, place->typed, place->size) != 0)
        return;
    for (size_t i = 0; i < completion->count; i++)
        if (strcmp(completion->words[i], word) == 0)
            return;
    completion->words = must_reallocate(completion->words, (completion->count + 1) * sizeof *completion->words);
    completion->words[completion->count++] = must_copy(word, strlen(word));
}

static void offer_name(struct place *place, const char *name)
{
    struct text_buffer written = {0};

    add_name(&written, name);
    offer(place, written.data);
    text_clear(&written);
}

static void offer_tables(struct place *place, const ssql_tables *tables)
{
    for (int i = 0; i < ssql_tables_count(tables); i++)
        offer_name(place, ssql_tables_name(tables, i));
}

static void offer_columns(struct place *place, const ssql_tables *tables, int table)
{
    for (int i = 0; i < ssql_tables_column_count(tables, table); i++)
        offer_name(place, ssql_tables_column_name(tables, table, i));
}

static bool word_is_name(const struct word *word, const char *name)
{
    struct text_buffer written = {0};

    add_name(&written, name);
    bool same =
        (word->size == written.size && strncasecmp(word->text, written.data, word->size) == 0) ||
        (word->is_quoted && word->size == strlen(name) + 2 && strncasecmp(word->text + 1, name, strlen(name)) == 0);
    text_clear(&written);
    return same;
}

/* Columns of the tables that the statement names, anywhere; of all tables when it names none. */
static void offer_columns_of_statement(struct place *place, const ssql_tables *tables, const char *text, size_t size)
{
    bool is_any_named = false;

    for (int pass = 0; pass < 2 && !is_any_named; pass++) {
        for (int i = 0; i < ssql_tables_count(tables); i++) {
            struct word word;
            size_t at = 0;
            bool is_named = pass == 1;
            while (!is_named && next_word(text, size, &at, &word))
                is_named = word.is_name && word_is_name(&word, ssql_tables_name(tables, i));
            if (is_named)
                offer_columns(place, tables, i);
            is_any_named = is_any_named || is_named;
        }
    }
}

static void offer_keywords(struct place *place)
{
    const char *word;

    for (int i = 0; (word = ssql_keyword(i)) != NULL; i++)
        offer(place, word);
}

static void offer_functions(struct place *place)
{
    const char *name;

    for (int i = 0; (name = ssql_function_name(i)) != NULL; i++) {
        struct text_buffer call = {0};
        text_format(&call, "%s(", name);
        offer(place, call.data);
        text_clear(&call);
    }
}

static const char *const first_words[] = {"select",   "insert", "upsert",   "update",  "delete",
                                          "create",   "drop",   "values",   "begin",   "commit",
                                          "rollback", "show",   "describe", "explain", NULL};

/* Words after which few can stand. */
static const struct {
    const char *word, *next[3];
} followers[] = {
    {"insert", {"into"}},    {"upsert", {"into"}}, {"delete", {"from", "table"}},
    {"create", {"table"}},   {"drop", {"table"}},  {"show", {"tables"}},
    {"group", {"by"}},       {"order", {"by"}},    {"primary", {"key"}},
    {"is", {"null", "not"}},
};

/* True when the words that can follow are known and were offered. */
static bool offer_followers(struct place *place, const struct word *previous)
{
    for (size_t i = 0; i < sizeof followers / sizeof followers[0]; i++) {
        if (!word_is(previous, followers[i].word))
            continue;
        for (const char *const *next = followers[i].next; next < followers[i].next + 3 && *next != NULL; next++)
            offer(place, *next);
        return true;
    }
    return false;
}

static bool asks_for_table(const struct word *word)
{
    static const char *const words[] = {"from", "into", "update", "table", "describe", "join", "exists"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (word_is(word, words[i]))
            return true;
    return false;
}

/* The statement that holds the cursor: from the last `;` before `begin` to the next one. */
static void complete_statement(struct place *place, const char *text, size_t begin, size_t size)
{
    struct word word, previous = {0};
    size_t at = 0, statement = 0;
    ssql_tables *tables;
    bool is_first = true;

    while (next_word(text, begin, &at, &word)) {
        previous = word;
        is_first = false;
        if (!word.is_quoted && word.size == 1 && *word.text == ';') {
            statement = at;
            is_first = true;
        }
    }
    if (ssql_tables_new(place->completion->session->connection, &tables) != SSQL_OK)
        tables = NULL;
    if (is_first || word_is(&previous, "explain")) {
        for (const char *const *first = first_words; *first != NULL; first++)
            offer(place, *first);
    } else if (offer_followers(place, &previous)) {
        /* nothing else can stand there */
    } else if (asks_for_table(&previous)) {
        if (tables != NULL)
            offer_tables(place, tables);
        if (word_is(&previous, "table"))
            offer(place, "if");
    } else {
        if (tables != NULL)
            offer_columns_of_statement(place, tables, text + statement, size - statement);
        offer_functions(place);
        offer_keywords(place);
    }
    ssql_tables_free(tables);
}

/* Names in the folder that the typed path leads to. */
static void complete_file(struct place *place)
{
    char *typed = must_copy(place->typed, place->size);
    char *slash = strrchr(typed, '/');
    size_t folder_size = slash == NULL ? 0 : (size_t)(slash - typed) + 1;
    char *folder = must_copy(typed, folder_size);
    DIR *directory = opendir(folder_size == 0 ? "." : folder);

    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        struct text_buffer path = {0};
        struct stat status;
        if (entry->d_name[0] == '.' && typed[folder_size] != '.')
            continue;
        text_format(&path, "%s%s", folder, entry->d_name);
        if (stat(path.data, &status) == 0 && S_ISDIR(status.st_mode))
            text_add_char(&path, '/');
        if (strncmp(path.data, typed, place->size) == 0)
            offer(place, path.data);
        text_clear(&path);
    }
    if (directory != NULL)
        closedir(directory);
    free(folder);
    free(typed);
}

static void complete_command(struct place *place, const char *text, size_t begin)
{
    size_t name_begin = strspn(text, " \t\n"), name_size = strcspn(text + name_begin, " \t\n");

    if (begin <= name_begin) {
        for (int i = 0; dot_command_name(i) != NULL; i++)
            offer(place, dot_command_name(i));
        return;
    }
    char *name = must_copy(text + name_begin, name_size);
    const char *argument = dot_command_argument(name);
    if (strcmp(argument, "file") == 0) {
        complete_file(place);
    } else if (strcmp(argument, "switch") == 0) {
        offer(place, "on");
        offer(place, "off");
    } else if (strcmp(argument, "mode") == 0) {
        for (int i = 0; render_mode(i) != NULL; i++)
            offer(place, render_mode(i)->name);
    } else if (strcmp(argument, "option") == 0) {
        for (int i = 0; ssql_option_name(i) != NULL; i++)
            offer(place, ssql_option_name(i));
    } else if (strcmp(argument, "command") == 0) {
        for (int i = 0; dot_command_name(i) != NULL; i++)
            offer(place, dot_command_name(i));
        offer(place, "mode");
        offer(place, "keys");
    } else if (strcmp(argument, "table") == 0) {
        ssql_tables *tables;
        if (ssql_tables_new(place->completion->session->connection, &tables) == SSQL_OK) {
            for (int i = 0; i < ssql_tables_count(tables); i++)
                offer(place, ssql_tables_name(tables, i));
            ssql_tables_free(tables);
        }
    }
    free(name);
}

static void find_words(struct completion *completion, const char *text, size_t begin, size_t end)
{
    struct place place = {completion, text + begin, end - begin};
    size_t first = strspn(text, " \t\n");

    completion_clear(completion);
    if (text[first] == '.' || text[first] == '\\')
        complete_command(&place, text, begin);
    else
        complete_statement(&place, text, begin, strlen(text));
}

char *completion_word(void *owner, const char *text, size_t begin, size_t end, int i)
{
    struct completion *completion = owner;

    if (i == 0)
        find_words(completion, text, begin, end);
    return i >= 0 && (size_t)i < completion->count ? must_copy(completion->words[i], strlen(completion->words[i]))
                                                   : NULL;
}
