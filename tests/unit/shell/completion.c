/* What Tab offers at places of dot commands and statements; the prompt; dot commands as they are found. */
#include "fixture.h"

#include <sys/stat.h>

#include "shell/completion.h"
#include "shell/dot_commands.h"
#include "shell/help.h"
#include "shell/prompt.h"

static struct session session;
static char folder[] = "/tmp/ssql-completion-XXXXXX";
static const char *const files[] = {"films.csv", "it's.csv", "b\\s.csv", ".hidden", "dangling", "inner"};

static void run(const char *text)
{
    assert_int_equal(ssql_exec(session.connection, text, strlen(text)), SSQL_OK);
}

static int start(void **state)
{
    (void)state;
    session_start(&session);
    run("create table films (title string, year int); create table actors (title string)");
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return 1;
    for (size_t i = 0; i < 4; i++)
        fclose(fopen(files[i], "w"));
    return symlink("nowhere", "dangling") != 0 || mkdir("inner", 0700) != 0;
}

static int end(void **state)
{
    (void)state;
    session_close(&session, true);
    for (size_t i = 0; i < 5; i++)
        unlink(files[i]);
    return rmdir("inner") != 0 || chdir("/") != 0 || rmdir(folder) != 0;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The words that stand in the place of what was typed before the bar in `text`, sorted, with blanks between them. */
static void check(const char *text, const char *expected)
{
    struct completion completion = {.session = &session};
    struct text_buffer typed = {0}, seen = {0};
    size_t at = strcspn(text, "|");
    const char *list[256];

    text_add(&typed, text, at);
    text_add_string(&typed, text + at + (text[at] == '|'));
    const struct edit_words *words = completion_find_words(&completion, typed.data, typed.size, at);
    assert_true(words->count < 256 && words->begin <= at);
    for (size_t i = 0; i < words->count; i++)
        list[i] = words->items[i].text;
    qsort(list, words->count, sizeof *list, by_name);
    for (size_t i = 0; i < words->count; i++)
        text_format(&seen, "%s%s", i > 0 ? " " : "", list[i]);
    must_be(&seen, expected);
    completion_clear(&completion);
    text_clear(&typed);
}

static void arguments_are_offered_by_command(void **state)
{
    (void)state;
    check(".timer o|", "off on");
    check(".color |", "always auto never");
    check(".mode js|", "json jsonl");
    check(".schema f|", "films");
    check(".set memory_|", "memory_limit");
    check(".help ke|", "keys");
    check(".help .wat|", ".watch");
    check(".help rollb|", "rollback");
    check(".print f|", "");
    check(".nothing f|", "");
    check(".t f|", ""); /* several commands begin so */
}

static void commands_are_offered_with_psqls_names(void **state)
{
    (void)state;
    check(".wid|", ".width");
    check("  .wid|", ".width");
    check("\\t|", "\\timing");
    check("\\d|", "\\d \\di \\dt");
    check(" | .mode", "");
    check("|  .mode", "");
    check(".mode\tmark|", "markdown");
    check(".mode\nmark|", "markdown");
}

static void files_are_offered_where_they_are(void **state)
{
    (void)state;
    check(".read f|", "films.csv");
    check(".read |", "b\\s.csv dangling films.csv inner/ it's.csv");
    check(".read .h|", ".hidden");
    check(".read inner/|", "");
    check(".read nowhere/x|", "");
}

static void copies_and_backups_name_files(void **state)
{
    (void)state;
    check("copy films from 'f|", "films.csv");
    check("copy films to \"f|", "films.csv");
    check("copy films from 'x' (rejects 'f|", "films.csv");
    check("backup to 'inn|", "inner/");
    check("copy films from '|", "dangling films.csv inner/"); /* not what the quotes cannot hold */
    check("copy films from \"i|", "inner/ it's.csv");
    check("select 1; copy /* from */ films from 'f|", "films.csv");
    check("copy films from 'x'; select 'f|", "");
    check("select a from 'f|", "");
    check("copy films from /*'f|", "");
    check("copy films (a 'f|", "");
}

static void a_safe_session_names_no_files(void **state)
{
    (void)state;
    session.is_safe = true;
    check("copy films from 'f|", "");
    session.is_safe = false;
}

static void a_word_is_offered_once(void **state)
{
    (void)state;
    check("select tit| from films, actors", "title");
    check("sel|", "select");
}

/* ---- the prompt ---- */

static void check_prompt(const char *pattern, const char *path, const char *expected)
{
    char *before = session.path;

    session.prompt = (char *)(uintptr_t)pattern;
    session.path = (char *)(uintptr_t)path;
    char *prompt = prompt_make(&session);
    session.path = before;
    session.prompt = NULL;
    assert_string_equal(prompt, expected);
    free(prompt);
}

static void a_prompt_names_the_database(void **state)
{
    (void)state;
    check_prompt(NULL, "db", "ssql> ");
    check_prompt("%d> ", "db", "db> ");
    check_prompt("%d", "/a/b/db//", "db");
    check_prompt("%d", "/", "");
    check_prompt("%d", "a\033b",
                 "a\xE2\x90\x9B"
                 "b");
    check_prompt("100%%%t", "db", "100%");
    check_prompt("", "db", "");
}

static void a_prompt_shows_the_transaction(void **state)
{
    (void)state;
    run("begin");
    check_prompt("%t", "db", "*");
    assert_int_equal(ssql_exec(session.connection, "select nothing", 14), SSQL_UNKNOWN_COLUMN);
    check_prompt("%t", "db", "!");
    run("rollback");
    check_prompt("%t", "db", "");
}

static void a_pattern_is_checked(void **state)
{
    (void)state;
    assert_int_equal(prompt_check("%d%t%% "), '\0');
    assert_int_equal(prompt_check("a%x"), 'x');
    assert_int_equal(prompt_check("a%"), ' ');
}

/* ---- dot commands ---- */

static void commands_are_found_by_beginnings(void **state)
{
    (void)state;
    assert_string_equal(dot_command_find(".wa")->name, ".watch");
    assert_string_equal(dot_command_find("\\dt")->name, ".tables");
    assert_null(dot_command_find(".ti"));
    assert_null(dot_command_find("."));
    assert_null(dot_command_find(""));
    assert_string_equal(dot_command_argument(".rea"), "file");
    assert_string_equal(dot_command_argument("."), "");
}

static void every_name_of_help_is_one_topic(void **state)
{
    const char *name;

    (void)state;
    for (int i = 0; (name = help_name(i)) != NULL; i++) {
        struct text_buffer text = {0};
        assert_true(help_add(&text, name));
        text_clear(&text);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_are_offered_by_command),
        cmocka_unit_test(commands_are_offered_with_psqls_names),
        cmocka_unit_test(files_are_offered_where_they_are),
        cmocka_unit_test(copies_and_backups_name_files),
        cmocka_unit_test(a_safe_session_names_no_files),
        cmocka_unit_test(a_word_is_offered_once),
        cmocka_unit_test(a_prompt_names_the_database),
        cmocka_unit_test(a_prompt_shows_the_transaction),
        cmocka_unit_test(a_pattern_is_checked),
        cmocka_unit_test(commands_are_found_by_beginnings),
        cmocka_unit_test(every_name_of_help_is_one_topic),
    };

    return cmocka_run_group_tests(tests, start, end);
}
