/* Statements and dot commands out of streams that give their text in odd pieces, fail, or do not end. */
#include "fixture.h"

#include <errno.h>
#include <pthread.h>

#include "shell/reader.h"

/* A stream that gives its pieces one after the other; an empty one is a failure with `error`. */
struct pieces {
    const char *const *texts;
    size_t count, at;
    int error;
};

static ssize_t read_piece(void *context, char *bytes, size_t capacity)
{
    struct pieces *pieces = context;

    (void)capacity;
    if (pieces->at == pieces->count)
        return 0;
    const char *text = pieces->texts[pieces->at++];
    errno = pieces->error;
    if (*text == '\0')
        return -1;
    memcpy(bytes, text, strlen(text));
    return (ssize_t)strlen(text);
}

static const char letters[] = {
    [READER_STATEMENT] = 'S',   [READER_COMMAND] = 'C',  [READER_UNFINISHED] = 'U', [READER_END] = 'E',
    [READER_INTERRUPTED] = 'I', [READER_TOO_LONG] = 'L', [READER_FAILED] = 'F'};

/* What a reader gives, as letters with the texts behind them and their lines. */
static void check_items(struct reader *reader, const char *expected)
{
    struct text_buffer seen = {0};
    enum reader_item item = READER_STATEMENT;
    struct source source;

    while (item != READER_END && item != READER_FAILED) {
        item = reader_next(reader, &source);
        text_add_char(&seen, letters[item]);
        if (item == READER_STATEMENT || item == READER_COMMAND || item == READER_UNFINISHED)
            text_format(&seen, "%d(%.*s)%s", (int)source.line, (int)source.size, source.text + source.begin,
                        source.is_cut_off ? "!" : "");
    }
    reader_clear(reader);
    must_be(&seen, expected);
}

static void check_text(const char *text, const char *expected)
{
    struct reader reader;

    assert_true(reader_init_text(&reader, text, strlen(text), NULL));
    check_items(&reader, expected);
}

static void a_text_is_taken_apart(void **state)
{
    (void)state;
    check_text("", "E");
    check_text(" \t\r\n\f\v", "E");
    check_text("a; b;", "S1(a;)S1(b;)E");
    check_text("a;\n.b c \t\r\n d", "S1(a;)C2(.b c)S3(d\n)!E");
    check_text("\\d t", "C1(\\d t)E");
    check_text(".5;\n.;", "S1(.5;)C2(.;)E");
    check_text(".", "C1(.)E");
    check_text("-- only a comment\n.x", "C2(.x)E");
    check_text("\xEF\xBB\xBF"
               "a;",
               "S1(a;)E");
    check_text("\xEF\xBB", "S1(\xEF\xBB\n)!E");
}

static void a_text_that_ends_within_quotes_is_unfinished(void **state)
{
    (void)state;
    check_text("a;\n\n 'b", "S1(a;)U3('b\n)!E");
    check_text("a; /* b", "S1(a;)U1(/* b\n)!E");
    check_text("/*", "U1(/*\n)!E");
    check_text("select `b", "U1(select `b\n)!E");
}

static void pieces_may_end_anywhere(void **state)
{
    static const char *const texts[] = {"\xEF\xBB\xBF", "sel",  "ect 'a", ";'",    ";", "\n.re",
                                        "ad",           " x\n", "-",      "- c\n", "b"};
    struct pieces pieces = {texts, sizeof texts / sizeof texts[0], 0, 0};
    struct reader reader;

    (void)state;
    assert_true(reader_init_function(&reader, read_piece, &pieces, "f"));
    check_items(&reader, "S1(select 'a;';)C2(.read x)S4(b\n)!E");
}

static void a_point_may_begin_a_number_whose_digits_are_to_come(void **state)
{
    static const char *const texts[] = {".", "5;\n", ".", "-\n.", "\n"};
    struct pieces pieces = {texts, sizeof texts / sizeof texts[0], 0, 0};
    struct reader reader;

    (void)state;
    assert_true(reader_init_function(&reader, read_piece, &pieces, NULL));
    check_items(&reader, "S1(.5;)C2(.-)C3(.)E");
}

static void a_long_statement_behind_many_is_not_moved_too_early(void **state)
{
    struct text_buffer text = {0};
    struct reader reader;
    struct source source;
    FILE *file = tmpfile();

    (void)state;
    for (int i = 0; i < 30000; i++)
        text_add_string(&text, "ab; ");
    text_add_char(&text, '\'');
    for (int i = 0; i < 400000; i++)
        text_add_char(&text, 'x');
    text_add_string(&text, "';");
    assert_non_null(file);
    assert_int_equal(pwrite(fileno(file), text.data, text.size, 0), text.size);
    assert_true(reader_init_stream(&reader, fileno(file), NULL));
    for (int i = 0; i < 30000; i++)
        assert_int_equal(reader_next(&reader, &source), READER_STATEMENT);
    assert_int_equal(reader_next(&reader, &source), READER_STATEMENT);
    assert_int_equal(source.size, 400003);
    assert_int_equal(reader_next(&reader, &source), READER_END);
    reader_clear(&reader);
    fclose(file);
    text_clear(&text);
}

static void a_signal_interrupts_and_a_failure_ends(void **state)
{
    static const char *const texts[] = {"a;", "", "b;", ""};
    struct pieces pieces = {texts, 2, 0, EINTR};
    struct reader reader;

    (void)state;
    assert_true(reader_init_function(&reader, read_piece, &pieces, NULL));
    check_items(&reader, "S1(a;)IE");
    pieces = (struct pieces){texts, 4, 2, EIO};
    assert_true(reader_init_function(&reader, read_piece, &pieces, NULL));
    check_items(&reader, "S1(b;)F");
    assert_int_equal(errno, EIO);
}

/* `statement` has a character of two bytes, so that lines are cut at other places of it. */
static void check_long_line(const char *statement, int count)
{
    struct text_buffer text = {0};
    struct reader reader;
    struct source source;
    int ends[2];

    for (int i = 0; i < count; i++)
        text_add_string(&text, statement);
    assert_int_equal(pipe(ends), 0);
    FILE *writer = fdopen(ends[1], "w");
    assert_non_null(writer);
    assert_true(reader_init_stream(&reader, ends[0], NULL));
    pid_t process = fork();
    if (process == 0) {
        fwrite(text.data, 1, text.size, writer);
        fclose(writer);
        _exit(0);
    }
    fclose(writer);
    for (int i = 0; i < count; i++) {
        assert_int_equal(reader_next(&reader, &source), READER_STATEMENT);
        assert_int_equal(source.size, strlen(statement));
        size_t begin = source.begin;
        int64_t column = source.column;
        for (size_t at = 0; at < begin; at++)
            column += ((unsigned char)source.text[at] & 0xC0) != 0x80;
        assert_int_equal(column, i * (strlen(statement) - 1)); /* the place in the whole line is still known */
    }
    assert_true(reader.column > 0);
    assert_int_equal(reader_next(&reader, &source), READER_END);
    reader_clear(&reader);
    close(ends[0]);
    text_clear(&text);
}

static void long_lines_are_forgotten_but_for_their_end(void **state)
{
    (void)state;
    check_long_line("'é';", 60000);
    check_long_line("'é ';", 50000);
    check_long_line("'é  ';", 50000);
}

static int waits;

static void count_wait(void *owner)
{
    assert_ptr_equal(owner, &waits);
    waits++;
}

static void *write_later(void *context)
{
    int *file = context;

    while (waits == 0)
        usleep(100);
    assert_int_equal(write(*file, "a;", 2), 2);
    close(*file);
    return NULL;
}

static void somebody_is_told_before_it_waits(void **state)
{
    struct reader reader;
    struct source source;
    pthread_t thread;
    int ends[2];

    (void)state;
    waits = 0;
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    assert_true(reader_init_stream(&reader, ends[0], NULL));
    reader.before_waiting = count_wait;
    reader.owner = &waits;
    assert_int_equal(pthread_create(&thread, NULL, write_later, &ends[1]), 0);
    assert_int_equal(reader_next(&reader, &source), READER_STATEMENT);
    pthread_join(thread, NULL);
    assert_true(waits >= 1);
    assert_int_equal(reader_next(&reader, &source), READER_END);
    reader_clear(&reader);
    close(ends[0]);
}

/* Gives the same piece for ever. */
static ssize_t read_for_ever(void *context, char *bytes, size_t capacity)
{
    memset(bytes, *(const char *)context, capacity);
    return (ssize_t)capacity;
}

static void check_endless(const char *beginning, char byte, const char *first_line)
{
    struct reader reader;
    struct source source;

    assert_true(reader_init_function(&reader, read_for_ever, &byte, NULL));
    text_add_string(&reader.text, beginning);
    /* Nearly all of it is there: only the last pieces are looked at. */
    assert_int_equal(reader_next(&reader, &source), READER_TOO_LONG);
    assert_true(source.size == 4096 || source.size == strlen(first_line));
    assert_memory_equal(source.text + source.begin, first_line, strlen(first_line));
    reader_clear(&reader);
}

static void what_never_ends_is_too_long(void **state)
{
    (void)state;
    check_endless("select a\nfrom ", 'x', "select a");
    check_endless("/* ", 'y', "/* yyyyyyyy");
}

static void a_folder_is_no_script(void **state)
{
    (void)state;
    assert_int_equal(reader_open_file("/"), -1);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(reader_open_file("/nowhere/script"), -1);
    assert_int_equal(errno, ENOENT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_taken_apart),
        cmocka_unit_test(a_text_that_ends_within_quotes_is_unfinished),
        cmocka_unit_test(pieces_may_end_anywhere),
        cmocka_unit_test(a_point_may_begin_a_number_whose_digits_are_to_come),
        cmocka_unit_test(a_long_statement_behind_many_is_not_moved_too_early),
        cmocka_unit_test(a_signal_interrupts_and_a_failure_ends),
        cmocka_unit_test(long_lines_are_forgotten_but_for_their_end),
        cmocka_unit_test(somebody_is_told_before_it_waits),
        cmocka_unit_test(what_never_ends_is_too_long),
        cmocka_unit_test(a_folder_is_no_script),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
