#include "shell/schema.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "shell/cell_text.h"
#include "shell/statement_text.h"

enum { KEY_COLUMNS_MOST = 64 };

/* The columns of `describe`. */
enum { DESCRIBE_COLUMN, DESCRIBE_TYPE, DESCRIBE_KEY, DESCRIBE_NULL, DESCRIBE_DEFAULT };

/* Those of a key of several, in its order. */
struct key_columns {
    char *names[KEY_COLUMNS_MOST];
    size_t count;
};

/* What add_default has written of an expression. */
struct expression_text {
    struct text_buffer *to;
    const char *text;
    size_t written;
};

static bool has_control_character(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
            return true;
    return false;
}

/* A '...' that holds control characters is written anew, with escapes for them. */
static int add_token(void *context, int kind, size_t begin, size_t end)
{
    struct expression_text *expression = context;
    struct text_buffer plain = {0};
    const char *text = expression->text;

    if (kind != SSQL_TOKEN_STRING || text[begin] != '\'' || !has_control_character(text + begin, end - begin))
        return 0;
    for (size_t i = begin + 1; i + 1 < end; i += text[i] == '\'' ? 2 : 1)
        text_add_char(&plain, text[i]);
    text_add(expression->to, text + expression->written, begin - expression->written);
    add_string_literal(expression->to, text_string(&plain), plain.size);
    expression->written = end;
    text_clear(&plain);
    return 0;
}

/* When the tokens cannot be told, for want of memory, the text stays as it is. */
static void add_default(struct text_buffer *to, const char *text)
{
    struct expression_text expression = {.to = to, .text = text};

    text_add_string(to, " default ");
    (void)ssql_tokenize(text, strlen(text), add_token, &expression);
    text_add_string(to, text + expression.written);
}

/* "primary 2" is the second column of a key of several. */
static void add_key_column(struct key_columns *key, const char *part, const char *name)
{
    size_t place = strtoul(part + strlen("primary "), NULL, 10);

    assert(place >= 1 && place <= KEY_COLUMNS_MOST);
    key->names[place - 1] = must_copy(name, strlen(name));
    key->count++;
}

static void add_column(struct text_buffer *text, ssql_stmt *row, bool is_first, struct key_columns *key)
{
    const char *name = cell_text(row, DESCRIBE_COLUMN, NULL), *part = cell_text(row, DESCRIBE_KEY, NULL);
    const char *otherwise = cell_text(row, DESCRIBE_DEFAULT, NULL);

    text_add_string(text, is_first ? "\n    " : ",\n    ");
    add_name(text, name);
    text_format(text, " %s", cell_text(row, DESCRIBE_TYPE, NULL));
    if (part == NULL)
        text_add_string(text, ssql_column_bool(row, DESCRIBE_NULL) ? "" : " not null");
    else if (strcmp(part, "primary") == 0)
        text_add_string(text, " primary key");
    else
        add_key_column(key, part, name);
    if (otherwise != NULL)
        add_default(text, otherwise);
}

static void add_key(struct text_buffer *text, const struct key_columns *key)
{
    for (size_t i = 0; i < key->count; i++) {
        text_add_string(text, i == 0 ? ",\n    primary key (" : ", ");
        add_name(text, key->names[i]);
    }
    text_add_string(text, key->count > 0 ? ")" : "");
}

bool schema_print(struct session *session, const char *table, const struct source *source)
{
    struct text_buffer describe = {0}, text = {0};
    struct key_columns key = {0};
    ssql_stmt *statement;
    bool is_first = true;

    text_add_string(&describe, "describe ");
    add_name(&describe, table);
    int result = ssql_prepare(session->connection, describe.data, describe.size, &statement, NULL);
    text_add_string(&text, "create table ");
    add_name(&text, table);
    text_add_string(&text, " (");
    while (result == SSQL_OK || result == SSQL_ROW) {
        result = ssql_step(statement);
        if (result == SSQL_ROW) {
            add_column(&text, statement, is_first, &key);
            is_first = false;
        }
    }
    if (result == SSQL_DONE) {
        add_key(&text, &key);
        text_add_string(&text, "\n);\n");
        output_add(session_results(session), text.data, text.size);
    } else {
        session_report_connection(session, source);
    }
    ssql_finalize(statement);
    for (size_t i = 0; i < KEY_COLUMNS_MOST; i++)
        free(key.names[i]);
    text_clear(&describe);
    text_clear(&text);
    return result == SSQL_DONE;
}
