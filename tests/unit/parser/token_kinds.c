/* A text taken apart for whoever shows it: every byte that is no blank belongs to one piece, and each piece is of a
 * kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "parser/token_kind.h"

struct pieces {
    const char *text;
    struct buffer dump;
    size_t done;
    int left; /* visits until the visitor wants no more; 0: it wants all */
};

static int take_piece(void *context, int kind, size_t begin, size_t end)
{
    static const char letters[] = "?KNSIPsCOW"; /* by kind */
    struct pieces *pieces = context;

    assert_true(begin >= pieces->done && end > begin);
    pieces->done = end;
    buffer_append_byte(&pieces->dump, (uint8_t)letters[kind]);
    buffer_append_byte(&pieces->dump, '<');
    buffer_append(&pieces->dump, pieces->text + begin, end - begin);
    buffer_append_text(&pieces->dump, "> ");
    return --pieces->left == 0;
}

/* Keyword K, name N, string S, number I, parameter P, sign s, comment C, open O, wrong W. */
static void expect_first_pieces(const char *text, int count, const char *expected)
{
    struct pieces pieces = {.text = text, .left = count};
    struct ssql_error error = {0};

    assert_true(tokens_visit(text, strlen(text), take_piece, &pieces, &error));
    buffer_append_byte(&pieces.dump, '\0');
    assert_string_equal((const char *)pieces.dump.data, expected);
    buffer_clear(&pieces.dump);
}

static void expect_pieces(const char *text, const char *expected)
{
    expect_first_pieces(text, 0, expected);
}

static void every_token_has_a_kind(void **state)
{
    (void)state;
    expect_pieces(
        "SELECT a, `b`, 'c', \"d\", 1, 2.5, ?, :x from T; Zz _y",
        "K<SELECT> N<a> s<,> N<`b`> s<,> S<'c'> s<,> S<\"d\"> s<,> I<1> s<,> I<2.5> s<,> P<?> s<,> P<:x> K<from> "
        "N<T> s<;> N<Zz> N<_y> ");
    expect_pieces("zone and key", "N<zone> K<and> K<key> ");
    expect_pieces("(a) == {b} [ \x01\x7F", "s<(> N<a> s<)> s<==> s<{> N<b> s<}> W<[> W<\x01> W<\x7F> ");
    expect_pieces("", "");
    expect_pieces(" \t\r\n\v\f", "");
    expect_pieces(";;", "s<;> s<;> ");
}

static void comments_are_pieces(void **state)
{
    (void)state;
    expect_pieces("-- one\na /* x / y * z /* n */ **/ b -- two",
                  "C<-- one> N<a> C</* x / y * z /* n */ **/> N<b> C<-- two> ");
    expect_pieces("/* a */ /**/; -- c", "C</* a */> C</**/> s<;> C<-- c> ");
    expect_pieces("a - - b / c --", "N<a> s<-> s<-> N<b> s</> N<c> C<--> ");
}

static void what_is_open_goes_to_the_end(void **state)
{
    (void)state;
    expect_pieces("select 'its", "K<select> O<'its> ");
    expect_pieces("select a /* b; c", "K<select> N<a> O</* b; c> ");
    expect_pieces("`a", "O<`a> ");
    expect_pieces("a; \"b;", "N<a> s<;> O<\"b;> ");
}

static void a_visitor_may_have_enough(void **state)
{
    (void)state;
    expect_first_pieces("select a -- c\n; b", 1, "K<select> ");
    expect_first_pieces("select a -- c\n; b", 3, "K<select> N<a> C<-- c> ");
    expect_first_pieces("select a -- c\n; b", 4, "K<select> N<a> C<-- c> s<;> ");
    expect_first_pieces("/* a */ /* b */ c", 1, "C</* a */> ");
    expect_first_pieces("/* a */ b", 1, "C</* a */> ");
}

static void a_nul_byte_is_refused(void **state)
{
    struct pieces pieces = {.text = ""};
    struct ssql_error error = {0};

    (void)state;
    assert_false(tokens_visit("a\0b", 3, take_piece, &pieces, &error));
    assert_int_equal(error.code, SSQL_BAD_ENCODING);
    assert_int_equal(pieces.done, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_token_has_a_kind),       cmocka_unit_test(comments_are_pieces),
        cmocka_unit_test(what_is_open_goes_to_the_end), cmocka_unit_test(a_visitor_may_have_enough),
        cmocka_unit_test(a_nul_byte_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
