#include "format/column_names.h"

#include "base/utf8.h"
#include "format/letters.h"
#include "format/name_table.h"
#include "format/number_text.h"

static bool is_blank_or_control(uint8_t byte)
{
    return byte <= ' ' || byte == 0x7F;
}

/* The header's text without blanks around it and without control characters; at most COLUMN_NAME_MOST bytes. */
static size_t clean_name(struct slice header, uint8_t name[COLUMN_NAME_MOST])
{
    uint8_t *to = name;
    size_t size;

    while (header.size > 0 && is_blank_or_control(header.data[0]))
        header = slice_make(header.data + 1, header.size - 1);
    while (header.size > 0 && is_blank_or_control(header.data[header.size - 1]))
        header.size--;
    for (size_t i = 0; i < header.size; i += size) {
        struct slice rest = slice_make(header.data + i, header.size - i);
        size = utf8_offset(rest, 1);
        if (is_blank_or_control(rest.data[0]) && rest.data[0] != ' ')
            continue;
        if ((size_t)(to - name) + size > COLUMN_NAME_MOST)
            break;
        memcpy(to, rest.data, size);
        to += size;
    }
    return (size_t)(to - name);
}

static size_t append_number(uint8_t name[COLUMN_NAME_MOST], size_t size, uint32_t number)
{
    uint8_t digits[INT_TEXT_SIZE];
    size_t digit_count = number_format_int(number, digits);

    if (size > COLUMN_NAME_MOST - 1 - digit_count) /* at a character's end */
        size = utf8_valid_prefix(slice_make(name, COLUMN_NAME_MOST - 1 - digit_count));
    name[size++] = '_';
    memcpy(name + size, digits, digit_count);
    return size + digit_count;
}

/* Whether a name is among those made so far, in any case of its letters; if not, it is from now on. */
static bool take_name(struct name_table *made, struct slice name, bool *is_taken, struct ssql_error *error)
{
    uint8_t folded[COLUMN_NAME_MOST];

    for (size_t i = 0; i < name.size; i++)
        folded[i] = lower_letter(name.data[i]);
    struct slice text = slice_make(folded, name.size);
    *is_taken = name_table_find(made, text, 0) < made->count;
    return *is_taken || name_table_add(made, text, error);
}

/* The name of a column at `position`, distinct from all made before, in `name`; *size is its size. */
static bool make_name(struct name_table *made, struct slice header, uint32_t position, uint8_t name[COLUMN_NAME_MOST],
                      size_t *size, struct ssql_error *error)
{
    uint8_t plain[COLUMN_NAME_MOST];
    size_t plain_size = clean_name(header, plain);
    bool taken;

    if (plain_size == 0) {
        memcpy(plain, "column", 6);
        plain_size = append_number(plain, 6, position + 1);
    }
    memcpy(name, plain, plain_size);
    *size = plain_size;
    for (uint32_t number = 2;; number++) {
        if (!take_name(made, slice_make(name, *size), &taken, error))
            return false;
        if (!taken)
            return true;
        memcpy(name, plain, plain_size);
        *size = append_number(name, plain_size, number);
    }
}

static bool make_names(struct name_table *made, const struct slice *headers, uint32_t count, struct arena *arena,
                       struct slice *names, struct ssql_error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        uint8_t name[COLUMN_NAME_MOST];
        size_t size;
        if (!make_name(made, headers == NULL ? slice_make(NULL, 0) : headers[i], i, name, &size, error))
            return false;
        names[i] = arena_copy(arena, slice_make(name, size));
        if (names[i].data == NULL)
            return error_no_memory(error);
    }
    return true;
}

bool column_names_make(const struct slice *headers, uint32_t count, struct arena *arena, struct slice **names,
                       struct ssql_error *error)
{
    struct name_table made = {0};

    *names = arena_alloc_array(arena, count, sizeof **names);
    bool is_made = *names != NULL ? make_names(&made, headers, count, arena, *names, error) : error_no_memory(error);
    name_table_clear(&made);
    return is_made;
}
