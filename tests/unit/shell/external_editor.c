/* Texts in the user's own editor: which program that is, and everything that can come between it and the text. */
#include "fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "shell/external_editor.h"

static char folder[] = "/tmp/ssql-editor-XXXXXX";

static void write_program(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", text);
    fclose(file);
    assert_int_equal(chmod(name, 0700), 0);
}

static int start(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0 || mkdir("it's", 0700) != 0)
        return 1;
    write_program("vi", "echo from vi > \"$1\"");
    setenv("PATH", folder, 1);
    setenv("TMPDIR", folder, 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    unlink("vi");
    return rmdir("it's") != 0 || chdir("/") != 0 || rmdir(folder) != 0; /* nothing else is left */
}

/* What an editor makes of "text"; `expected` NULL: nothing, for a reason that begins so. */
static void check(const char *editor, const char *expected, const char *reason)
{
    struct text_buffer message = {0};

    setenv("VISUAL", editor, 1);
    char *edited = external_editor_run("text", &message);
    if (expected == NULL)
        assert_null(edited);
    else
        assert_string_equal(edited, expected);
    assert_memory_equal(text_string(&message), reason, strlen(reason) + (*reason == '\0'));
    free(edited);
    text_clear(&message);
}

static void the_text_comes_back_as_the_editor_left_it(void **state)
{
    (void)state;
    check("true", "text", "");
    check("echo more >>", "text\nmore", "");
    check("printf 'a \\t\\r\\n\\n' >", "a", "");
    check(":>", "", "");
    check("echo >", "", "");
}

static void an_editor_that_fails_is_told(void **state)
{
    (void)state;
    check("exit 3; :", NULL, "exit 3; : ended with status 3");
    check("kill -9 $$; :", NULL, "kill -9 $$; : was ended by signal 9");
}

static void a_text_that_is_none_is_told(void **state)
{
    (void)state;
    write_program("remove", "exec /bin/rm \"$1\"");
    check("./remove", NULL, "cannot read /tmp/");
    unlink("remove");
    check("printf 'a\\0b' >", NULL, "the text holds a NUL byte");
}

/* `visual`, `editor`: NULL is not set. */
static void check_choice(const char *visual, const char *editor, const char *expected)
{
    struct text_buffer message = {0};

    unsetenv("VISUAL");
    unsetenv("EDITOR");
    if (visual != NULL)
        setenv("VISUAL", visual, 1);
    if (editor != NULL)
        setenv("EDITOR", editor, 1);
    char *edited = external_editor_run("text", &message);
    assert_string_equal(edited, expected);
    free(edited);
}

static void the_environment_chooses_the_editor(void **state)
{
    (void)state;
    check_choice("echo visual >", "echo editor >", "visual");
    check_choice("", "echo editor >", "editor");
    check_choice(NULL, "echo editor >", "editor");
    check_choice(NULL, "", "from vi");
    check_choice(NULL, NULL, "from vi");
}

static void the_file_stands_in_the_folder_for_such_files(void **state)
{
    struct text_buffer path = {0};

    (void)state;
    text_format(&path, "%s/it's", folder);
    setenv("TMPDIR", path.data, 1);
    check("echo more >>", "text\nmore", "");
    setenv("TMPDIR", "/nowhere", 1);
    check("true", NULL, "cannot make a file in /nowhere: No such file or directory");
    setenv("TMPDIR", "relative", 1);
    check("true", "text", "");
    unsetenv("TMPDIR");
    check("true", "text", "");
    setenv("TMPDIR", folder, 1);
    text_clear(&path);
}

static void a_full_disk_is_told(void **state)
{
    struct rlimit before, none;
    struct text_buffer message = {0};

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 0; room <= 4; room += 2) { /* nothing, a part, all but the end of the line */
        none = (struct rlimit){.rlim_cur = room, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
        char *edited = external_editor_run("text", &message);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_null(edited);
        assert_memory_equal(text_string(&message), "cannot write /tmp/", strlen("cannot write /tmp/"));
        text_clear(&message);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_comes_back_as_the_editor_left_it),
        cmocka_unit_test(an_editor_that_fails_is_told),
        cmocka_unit_test(a_text_that_is_none_is_told),
        cmocka_unit_test(the_environment_chooses_the_editor),
        cmocka_unit_test(the_file_stands_in_the_folder_for_such_files),
        cmocka_unit_test(a_full_disk_is_told),
    };

    return cmocka_run_group_tests(tests, start, end);
}
