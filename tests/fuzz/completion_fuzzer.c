/* completion_fuzzer.c - any bytes as what somebody is typing. The text is taken apart: its tokens come in their order,
 * do not overlap, and between them are blanks only. And it is completed at up to 32 of its places: every word is
 * written as the text demands, and begins with what was typed. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <ssql.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PLACES_MOST = 32, SIZE_MOST = 4096 };

static void expect(bool condition)
{
    if (!condition)
        abort();
}

struct passage {
    const char *text;
    size_t end; /* of the last token */
};

static void expect_blanks(const char *text, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        expect(text[i] == ' ' || (text[i] >= '\t' && text[i] <= '\r'));
}

static int check_token(void *context, int kind, size_t begin, size_t end)
{
    struct passage *passage = context;

    expect(kind >= SSQL_TOKEN_KEYWORD && kind <= SSQL_TOKEN_WRONG);
    expect(begin >= passage->end && end > begin);
    expect_blanks(passage->text, passage->end, begin);
    passage->end = end;
    return 0;
}

struct typed {
    const char *text;
    size_t size;
};

static char lower(char byte)
{
    return (char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

static int note_word(void *context, int kind, const char *word, const char *detail)
{
    (void)context;
    expect(kind >= SSQL_WORD_KEYWORD && kind <= SSQL_WORD_ALIAS && *word != '\0' && detail != NULL);
    return 0;
}

/* A bare word that was typed is what the offered word begins with, backquotes aside. */
static int check_word(void *context, int kind, const char *word, const char *detail)
{
    const struct typed *typed = context;
    const char *name = *word == '`' ? word + 1 : word;

    note_word(NULL, kind, word, detail);
    for (size_t i = 0; i < typed->size; i++)
        expect(lower(name[i]) == lower(typed->text[i]));
    return 0;
}

static void check_place(ssql_conn *conn, const char *text, size_t size, size_t at)
{
    struct typed typed = {0};
    size_t begin, again;

    expect(ssql_complete_at(conn, text, size, at, &begin, note_word, NULL) == SSQL_OK);
    expect(begin <= at);
    if (memchr(text + begin, '`', at - begin) != NULL)
        return; /* doubled ones stand for one */
    typed = (struct typed){text + begin, at - begin};
    expect(ssql_complete_at(conn, text, size, at, &again, check_word, &typed) == SSQL_OK && again == begin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char tables[] =
        "create table films (id int primary, title string, `a ``b` bool); create table t (a int)";
    const char *text = (const char *)data;
    struct passage passage = {.text = text};
    ssql_db *db;
    ssql_conn *conn = NULL;

    if (size > SIZE_MOST)
        return 0;
    int code = ssql_tokenize(text, size, check_token, &passage);
    expect(code == (size > 0 && memchr(text, '\0', size) != NULL ? SSQL_BAD_ENCODING : SSQL_OK));
    if (code == SSQL_OK)
        expect_blanks(text, passage.end, size);
    expect(ssql_open(":memory:", &db) == SSQL_OK && ssql_connect(db, &conn) == SSQL_OK);
    expect(ssql_exec(conn, tables, sizeof tables - 1) == SSQL_OK);
    for (size_t place = 0; place < PLACES_MOST; place++)
        check_place(conn, text, size, size * place / (PLACES_MOST - 1));
    ssql_disconnect(conn);
    ssql_close(db);
    return 0;
}
