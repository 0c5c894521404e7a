#include "plan/candidates.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "parser/completion_scope.h"
#include "plan/function_name.h"

struct listing {
    const struct completion *completion;
    const struct schema *schema;
    struct arena *arena;
    struct completion_scope scope;
    struct slice typed; /* without its backquote */
    struct candidates *out;
};

static uint8_t lower(uint8_t byte)
{
    return (uint8_t)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

static bool begins_with(struct slice name, struct slice typed)
{
    if (name.size < typed.size)
        return false;
    for (size_t i = 0; i < typed.size; i++)
        if (lower(name.data[i]) != lower(typed.data[i]))
            return false;
    return true;
}

static bool same_name(struct slice left, struct slice right)
{
    return left.size == right.size && begins_with(left, right);
}

/* The name that a word of the statement stands for. Doubled quotes stay: such a name is not found, which does no harm.
 */
static struct slice unquoted(struct slice written)
{
    bool is_quoted = written.size >= 2 && (written.data[0] == '`' || written.data[0] == '"');

    return is_quoted ? slice_make(written.data + 1, written.size - 2) : written;
}

/* ---- writing ---- */

static const char *keep(struct listing *listing, struct buffer *buffer)
{
    struct slice copy = {0};

    if (buffer->failed)
        listing->arena->failed = true;
    else
        copy = arena_copy(listing->arena, buffer_slice(buffer));
    buffer_clear(buffer);
    return copy.data == NULL ? "" : (const char *)copy.data;
}

static bool is_plain_byte(uint8_t byte, bool is_first)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' || byte >= 0x80 ||
           (!is_first && byte >= '0' && byte <= '9');
}

static bool needs_quotes(struct slice name)
{
    const struct keyword *keyword = keyword_find(name);

    for (size_t i = 0; i < name.size; i++)
        if (!is_plain_byte(name.data[i], i == 0))
            return true;
    return keyword != NULL && keyword->is_reserved;
}

static const char *written_name(struct listing *listing, struct slice name)
{
    struct buffer text = {0};

    if (!listing->completion->is_quoted && !needs_quotes(name))
        return (const char *)arena_copy(listing->arena, name).data;
    buffer_append_byte(&text, '`');
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == '`')
            buffer_append_byte(&text, '`');
        buffer_append_byte(&text, name.data[i]);
    }
    buffer_append_byte(&text, '`');
    return keep(listing, &text);
}

/* ---- the list ---- */

static void offer(struct listing *listing, enum candidate_kind kind, const char *text, const char *detail)
{
    struct candidates *out = listing->out;

    if (text == NULL || arena_failed(listing->arena))
        return;
    for (uint32_t i = 0; i < out->count; i++)
        if (out->items[i].kind == kind && strcmp(out->items[i].text, text) == 0)
            return;
    out->items = list_grow(listing->arena, out->items, out->count, sizeof *out->items);
    if (out->items != NULL)
        out->items[out->count++] = (struct candidate){kind, text, detail};
}

static void offer_name(struct listing *listing, enum candidate_kind kind, struct slice name, const char *detail)
{
    if (begins_with(name, listing->typed))
        offer(listing, kind, written_name(listing, name), detail);
}

static const char *column_detail(struct listing *listing, const struct table_schema *table,
                                 const struct column_schema *column)
{
    struct buffer text = {0};

    buffer_printf(&text, "%s of %.*s", type_name(column->type), SLICE_PRINT(table->name));
    return keep(listing, &text);
}

static bool is_listed(const struct listing *listing, struct slice name)
{
    for (uint32_t i = 0; i < listing->scope.named.count; i++)
        if (same_name(unquoted(listing->scope.named.items[i]), name))
            return true;
    return false;
}

static void offer_columns(struct listing *listing, const struct table_schema *table)
{
    bool skips_listed = listing->scope.place == PLACE_TARGET_COLUMN;

    for (uint32_t i = 0; table != NULL && i < table->visible_count; i++) {
        const struct column_schema *column = &table->columns[i];
        if (begins_with(column->name, listing->typed) && !(skips_listed && is_listed(listing, column->name)))
            offer_name(listing, CANDIDATE_COLUMN, column->name, column_detail(listing, table, column));
    }
}

static const struct table_schema *find_table(const struct listing *listing, struct slice written)
{
    return schema_find_table(listing->schema, unquoted(written));
}

/* Columns of the tables that the statement names; of all tables as long as it names none. */
static void offer_visible_columns(struct listing *listing)
{
    const struct completion_scope *scope = &listing->scope;
    bool is_any_known = false;

    for (uint32_t i = 0; i < scope->table_count; i++) {
        const struct table_schema *table = find_table(listing, scope->tables[i].name);
        offer_columns(listing, table);
        is_any_known = is_any_known || table != NULL;
    }
    if (scope->has_source && is_any_known)
        return;
    for (uint32_t i = 0; i < schema_table_count(listing->schema); i++)
        offer_columns(listing, schema_table(listing->schema, i));
}

/* What can stand before a `.` */
static void offer_qualifiers(struct listing *listing)
{
    for (uint32_t i = 0; i < listing->scope.table_count; i++) {
        const struct named_table *table = &listing->scope.tables[i];
        bool has_alias = table->alias.size > 0;
        struct buffer detail = {0};
        if (has_alias)
            buffer_printf(&detail, "alias of %.*s", SLICE_PRINT(table->name));
        else
            buffer_append_text(&detail, "table");
        offer_name(listing, CANDIDATE_ALIAS, unquoted(has_alias ? table->alias : table->name), keep(listing, &detail));
    }
}

static void offer_tables(struct listing *listing)
{
    for (uint32_t i = 0; i < schema_table_count(listing->schema); i++)
        offer_name(listing, CANDIDATE_TABLE, schema_table(listing->schema, i)->name, "table");
}

static void offer_functions(struct listing *listing)
{
    const char *name;

    for (uint32_t i = 0; !listing->completion->is_quoted && (name = function_name(i)) != NULL; i++) {
        struct buffer call = {0};
        if (!begins_with(slice_of(name), listing->typed))
            continue;
        buffer_printf(&call, "%s(", name);
        offer(listing, CANDIDATE_FUNCTION, keep(listing, &call), function_signature(i));
    }
}

static void offer_types(struct listing *listing)
{
    const char *name;

    for (uint32_t i = 0; (name = type_spelling(i)) != NULL; i++)
        if (begins_with(slice_of(name), listing->typed))
            offer(listing, CANDIDATE_TYPE, name, "type");
}

static void offer_listed(struct listing *listing, const char *detail)
{
    for (uint32_t i = 0; i < listing->scope.named.count; i++)
        offer_name(listing, CANDIDATE_COLUMN, unquoted(listing->scope.named.items[i]), detail);
}

/* The table, or alias, before the `.` */
static void offer_qualified(struct listing *listing)
{
    struct slice qualifier = unquoted(listing->scope.qualifier);
    const struct table_schema *table = NULL;

    for (uint32_t i = 0; i < listing->scope.table_count && table == NULL; i++)
        if (same_name(unquoted(listing->scope.tables[i].alias), qualifier))
            table = find_table(listing, listing->scope.tables[i].name);
    offer_columns(listing, table != NULL ? table : schema_find_table(listing->schema, qualifier));
}

static void offer_target_columns(struct listing *listing)
{
    if (listing->scope.table_count > 0)
        offer_columns(listing, find_table(listing, listing->scope.tables[0].name));
}

static void offer_names(struct listing *listing)
{
    const struct completion *completion = listing->completion;
    bool is_operand = !completion->is_known || completion->expects_expression;

    if (listing->scope.qualifier.size > 0) {
        offer_qualified(listing);
        return;
    }
    enum name_place place = listing->scope.place;
    if (place == PLACE_KEYWORD && completion->is_known && is_operand)
        place = PLACE_EXPRESSION; /* the grammar knows better: the word that begins the clause is mistyped */
    if (place == PLACE_TABLE) {
        offer_tables(listing);
    } else if (place == PLACE_EXPRESSION && is_operand) { /* else an alias could follow: anything at all */
        offer_listed(listing, "alias");
        offer_visible_columns(listing);
        offer_qualifiers(listing);
        offer_functions(listing);
    } else if (place == PLACE_CONSTANT && is_operand) {
        offer_functions(listing);
    } else if (place == PLACE_TARGET_COLUMN) {
        offer_target_columns(listing);
    } else if (place == PLACE_DEFINED_COLUMN) {
        offer_listed(listing, "column");
    } else if (place == PLACE_TYPE) {
        offer_types(listing);
    }
}

static void offer_keywords(struct listing *listing)
{
    const struct completion *completion = listing->completion;

    if (completion->is_quoted)
        return;
    for (size_t i = 0; i < completion->word_count; i++)
        if (begins_with(slice_of(completion->words[i]), listing->typed))
            offer(listing, CANDIDATE_KEYWORD, completion->words[i], "");
    for (size_t i = 0; !completion->is_known && i < keyword_count; i++)
        if (begins_with(slice_of(keywords[i].text), listing->typed))
            offer(listing, CANDIDATE_KEYWORD, keywords[i].text, "");
}

bool candidates_find(const struct completion *completion, const struct schema *schema, struct arena *arena,
                     struct candidates *out)
{
    struct listing listing = {.completion = completion, .schema = schema, .arena = arena, .out = out};
    uint32_t begin = completion->word.begin + completion->is_quoted;

    assert(!completion->is_closed);
    *out = (struct candidates){0};
    listing.typed = slice_make(completion->statement + begin, completion->word.end - begin);
    if (!completion_scope_find(completion, arena, &listing.scope))
        return false;
    if (!completion->is_known || completion->expects_name)
        offer_names(&listing);
    offer_keywords(&listing);
    return !arena_failed(arena);
}
