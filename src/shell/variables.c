#include "shell/variables.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "shell/text_buffer.h"

const struct variable *variables_find(const struct variables *variables, const char *name)
{
    for (size_t i = 0; i < variables->count; i++)
        if (strcmp(variables->list[i].name, name) == 0)
            return &variables->list[i];
    return NULL;
}

/* As in :name, or a number for one that has none. */
static bool is_name(const char *name, size_t size)
{
    bool is_number = size > 0, is_word = size > 0 && (*name < '0' || *name > '9');

    for (size_t i = 0; i < size; i++) {
        bool is_digit = name[i] >= '0' && name[i] <= '9';
        is_number = is_number && is_digit;
        is_word = is_word && (is_digit || name[i] == '_' || (name[i] >= 'a' && name[i] <= 'z') ||
                              (name[i] >= 'A' && name[i] <= 'Z') || (unsigned char)name[i] >= 0x80);
    }
    return is_number || is_word;
}

bool variables_set(struct variables *variables, const char *name, size_t name_size, const char *literal)
{
    if (name_size > 0 && (*name == ':' || *name == '$')) {
        name++;
        name_size--;
    }
    if (!is_name(name, name_size))
        return false;
    for (size_t i = 0; i < variables->count; i++) {
        struct variable *variable = &variables->list[i];
        if (strlen(variable->name) == name_size && memcmp(variable->name, name, name_size) == 0) {
            free(variable->literal);
            variable->literal = must_copy(literal, strlen(literal));
            return true;
        }
    }
    variables->list = must_reallocate(variables->list, (variables->count + 1) * sizeof *variables->list);
    variables->list[variables->count++] =
        (struct variable){must_copy(name, name_size), must_copy(literal, strlen(literal))};
    return true;
}

void variables_clear(struct variables *variables)
{
    for (size_t i = 0; i < variables->count; i++) {
        free(variables->list[i].name);
        free(variables->list[i].literal);
    }
    free(variables->list);
    *variables = (struct variables){0};
}

static bool is_int(const char *literal, int64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoll(literal, &end, 10);
    return (*literal == '-' || (*literal >= '0' && *literal <= '9')) && *end == '\0' && errno == 0;
}

static bool is_float(const char *literal, double *value)
{
    char *end;

    /* Without a point or an exponent it is an int, and one that does not fit is no float instead. */
    if (strspn(literal, "+-.0123456789eE") != strlen(literal) || strpbrk(literal, ".eE") == NULL)
        return false;
    errno = 0;
    *value = strtod(literal, &end);
    return end != literal && *end == '\0' && (errno == 0 || *value == 0.0);
}

/* Adds what a \ in double quotes stands for, and returns the bytes behind the \ that say so: 0 when that is nothing
 * that SSQL knows, and the \ means itself. */
static size_t add_escaped(struct text_buffer *to, const char *text, size_t size)
{
    static const char letters[] = "nrt\"\\", meanings[] = "\n\r\t\"\\";
    const char *letter = memchr(letters, text[0], strlen(letters));
    unsigned long code_point = 0;
    size_t digits = size > 2 && text[0] == 'u' && text[1] == '{' ? strspn(text + 2, "0123456789abcdefABCDEF") : 0;

    if (letter != NULL) {
        text_add_char(to, meanings[letter - letters]);
        return 1;
    }
    if (digits >= 1 && digits <= 6 && digits + 2 < size && text[2 + digits] == '}')
        code_point = strtoul(text + 2, NULL, 16);
    if (code_point == 0 || code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF))
        return 0;
    text_add_code_point(to, (uint32_t)code_point);
    return digits + 3;
}

/* Takes the quotes off, and what double quotes and the doubling of quotes mean within. */
static int bind_quoted(ssql_stmt *statement, int index, const char *literal, size_t size)
{
    struct text_buffer text = {0};
    char quote = literal[0];

    for (size_t i = 1; i + 1 < size; i++) {
        size_t escape = quote == '"' && literal[i] == '\\' ? add_escaped(&text, literal + i + 1, size - i - 2) : 0;
        i += escape;
        if (escape > 0)
            continue;
        text_add_char(&text, literal[i]);
        if (literal[i] == quote && literal[i + 1] == quote && i + 2 < size)
            i++;
    }
    int result = ssql_bind_string(statement, index, text_string(&text), text.size);
    text_clear(&text);
    return result;
}

int variable_bind(ssql_stmt *statement, int index, const char *literal)
{
    size_t size = strlen(literal);
    int type = ssql_parameter_type(statement, index);
    bool is_quoted = size >= 2 && (literal[0] == '"' || literal[0] == '\'') && literal[size - 1] == literal[0];
    int64_t number;
    double real;

    if (is_quoted)
        return bind_quoted(statement, index, literal, size);
    if (strcmp(literal, "null") == 0)
        return ssql_bind_null(statement, index);
    if (type == SSQL_TYPE_STRING)
        return ssql_bind_string(statement, index, literal, size);
    if (strcmp(literal, "true") == 0 || strcmp(literal, "false") == 0)
        return ssql_bind_bool(statement, index, literal[0] == 't');
    if (is_int(literal, &number))
        return ssql_bind_int(statement, index, number);
    if (is_float(literal, &real))
        return ssql_bind_float(statement, index, real);
    return ssql_bind_string(statement, index, literal, size);
}
