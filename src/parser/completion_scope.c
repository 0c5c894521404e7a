#include "parser/completion_scope.h"

#include "ssql_grammar.h"

enum { LEVELS_MOST = 64 }; /* parentheses within parentheses; deeper ones count as the last */

/* The part of a query, or of another statement, that a token stands in. */
enum clause {
    CLAUSE_START,
    CLAUSE_SELECT,  /* the select list */
    CLAUSE_FROM,    /* names of tables */
    CLAUSE_FILTER,  /* where, having, on, group by */
    CLAUSE_ORDER,   /* order by: aliases of the select list count, too */
    CLAUSE_LIMIT,   /* limit, offset */
    CLAUSE_TARGET,  /* the table to be written to, after into and update */
    CLAUSE_VALUES,  /* rows to be inserted */
    CLAUSE_SET,     /* a column to be set */
    CLAUSE_ASSIGN,  /* what it is set to */
    CLAUSE_TABLE,   /* one table, as in drop and describe */
    CLAUSE_NEW,     /* a new name */
    CLAUSE_COLUMNS, /* columns of the target, in parentheses */
    CLAUSE_DEFINE,  /* definitions of columns */
    CLAUSE_DEFINED, /* names or expressions within these */
    CLAUSE_CAST,    /* the parentheses of cast */
    CLAUSE_OTHER,
};

/* An open parenthesis. */
struct level {
    enum clause clause;
    uint32_t query;
    uint32_t position; /* tokens since the last comma, or the parenthesis */
};

struct walk {
    const struct completion *completion;
    struct arena *arena;
    struct level levels[LEVELS_MOST];
    uint32_t depth;          /* of the innermost */
    uint32_t excess;         /* parentheses that are open beyond LEVELS_MOST */
    uint32_t *query_parents; /* by query; the outermost ones are their own */
    uint32_t query_count;
    struct named_table *tables;
    uint32_t table_count;
    bool wants_alias;    /* an alias of the last table may follow */
    int first, previous; /* kinds of tokens; first: of the statement */
    struct name_items aliases, defined, listed;
    bool is_before; /* the token stands before the place */
};

static struct slice text_of(const struct walk *walk, const struct listed_token *token)
{
    return slice_make(walk->completion->statement + token->span.begin, token->span.end - token->span.begin);
}

static bool is_name(const struct walk *walk, const struct listed_token *token)
{
    if (token->kind == TOKEN_IDENTIFIER || token->kind == TOKEN_QUOTED)
        return true;
    const struct keyword *keyword = keyword_find(text_of(walk, token));
    return keyword != NULL && !keyword->is_reserved;
}

static void add_item(struct walk *walk, struct name_items *list, struct slice text)
{
    list->items = list_grow(walk->arena, list->items, list->count, sizeof *list->items);
    if (list->items != NULL)
        list->items[list->count++] = text;
}

static void add_table(struct walk *walk, struct slice name, uint32_t query)
{
    walk->tables = list_grow(walk->arena, walk->tables, walk->table_count, sizeof *walk->tables);
    if (walk->tables == NULL)
        return;
    walk->tables[walk->table_count++] = (struct named_table){.name = name, .query = query};
    walk->wants_alias = true;
}

static uint32_t add_query(struct walk *walk, uint32_t parent)
{
    walk->query_parents = list_grow(walk->arena, walk->query_parents, walk->query_count, sizeof *walk->query_parents);
    if (walk->query_parents == NULL)
        return 0;
    walk->query_parents[walk->query_count] = parent;
    return walk->query_count++;
}

/* A query sees the tables of those round it; one that stands in no parentheses sees no other's. */
static void begin_query(struct walk *walk)
{
    struct level *level = &walk->levels[walk->depth];

    level->query = add_query(walk, walk->depth == 0 ? walk->query_count : walk->levels[walk->depth - 1].query);
}

/* What the parentheses that open here hold. */
static enum clause clause_within(const struct walk *walk, const struct level *outer)
{
    if (walk->previous == TOKEN_CAST)
        return CLAUSE_CAST;
    switch (outer->clause) {
    case CLAUSE_TARGET: return CLAUSE_COLUMNS;
    case CLAUSE_NEW: return CLAUSE_DEFINE;
    case CLAUSE_DEFINE: return CLAUSE_DEFINED;
    case CLAUSE_TABLE: return walk->first == TOKEN_DROP ? CLAUSE_OTHER : CLAUSE_COLUMNS;
    case CLAUSE_OTHER: return walk->previous == TOKEN_CONFLICT ? CLAUSE_COLUMNS : CLAUSE_FILTER;
    case CLAUSE_LIMIT:
    case CLAUSE_VALUES: return outer->clause;
    case CLAUSE_SELECT:
    case CLAUSE_FROM:
    case CLAUSE_FILTER:
    case CLAUSE_ORDER:
    case CLAUSE_SET:
    case CLAUSE_ASSIGN:
    case CLAUSE_COLUMNS:
    case CLAUSE_DEFINED:
    case CLAUSE_CAST:
    case CLAUSE_START:;
    }
    return CLAUSE_FILTER;
}

static void open_level(struct walk *walk)
{
    const struct level *outer = &walk->levels[walk->depth];
    struct level inner = {.clause = clause_within(walk, outer), .query = outer->query};

    if (walk->depth + 1 == LEVELS_MOST) {
        walk->excess++;
        return;
    }
    if (walk->is_before && inner.clause == CLAUSE_COLUMNS)
        walk->listed.count = 0;
    walk->levels[++walk->depth] = inner;
}

static void close_level(struct walk *walk)
{
    if (walk->excess > 0)
        walk->excess--;
    else if (walk->depth > 0)
        walk->depth--;
    if (walk->depth == 0 && walk->levels[0].clause == CLAUSE_TARGET)
        walk->levels[0].clause = CLAUSE_OTHER; /* behind the list of columns */
}

/* The clause that a word of the grammar begins; false: it begins none. */
static bool clause_of_word(const struct walk *walk, int kind, enum clause *clause)
{
    switch (kind) {
    case TOKEN_SELECT: *clause = CLAUSE_SELECT; return true;
    case TOKEN_FROM:
        if (walk->levels[walk->depth].clause == CLAUSE_FILTER && walk->previous == TOKEN_DISTINCT)
            return false; /* is distinct from */
        *clause = CLAUSE_FROM;
        return true;
    case TOKEN_JOIN: *clause = CLAUSE_FROM; return true;
    case TOKEN_WHERE:
    case TOKEN_HAVING:
    case TOKEN_GROUP: *clause = CLAUSE_FILTER; return true;
    case TOKEN_ON:
        *clause = walk->first == TOKEN_CREATE   ? CLAUSE_TABLE
                  : walk->first == TOKEN_INSERT ? CLAUSE_OTHER
                                                : CLAUSE_FILTER;
        return walk->levels[walk->depth].clause != CLAUSE_DEFINE;
    case TOKEN_ORDER: *clause = CLAUSE_ORDER; return true;
    case TOKEN_LIMIT:
    case TOKEN_OFFSET: *clause = CLAUSE_LIMIT; return true;
    case TOKEN_INTO: *clause = CLAUSE_TARGET; return true;
    case TOKEN_UPDATE:
        *clause = walk->previous == TOKEN_START_STATEMENT || walk->previous == TOKEN_EXPLAIN ||
                          walk->previous == TOKEN_ANALYZE
                      ? CLAUSE_TARGET
                      : CLAUSE_OTHER;
        return walk->levels[walk->depth].clause != CLAUSE_DEFINE;
    case TOKEN_VALUES: *clause = CLAUSE_VALUES; return true;
    case TOKEN_SET: *clause = CLAUSE_SET; return walk->levels[walk->depth].clause != CLAUSE_DEFINE;
    case TOKEN_RETURNING: *clause = CLAUSE_SELECT; return true;
    case TOKEN_COPY: *clause = CLAUSE_TABLE; return walk->previous == TOKEN_START_STATEMENT;
    case TOKEN_DESCRIBE: *clause = CLAUSE_TABLE; return walk->previous == TOKEN_START_STATEMENT;
    case TOKEN_REFERENCES: *clause = CLAUSE_DEFINE; return true;
    case TOKEN_TABLE:
    case TOKEN_VIEW:
    case TOKEN_INDEX: *clause = walk->first == TOKEN_CREATE ? CLAUSE_NEW : CLAUSE_TABLE; return true;
    case TOKEN_USING: *clause = CLAUSE_OTHER; return true;
    default: return false;
    }
}

/* A name, where names of tables and columns are gathered. */
static void note_name(struct walk *walk, const struct listed_token *token)
{
    struct level *level = &walk->levels[walk->depth];
    bool is_bare_alias = walk->wants_alias && (token->kind == TOKEN_IDENTIFIER || walk->previous == TOKEN_AS);

    if (is_bare_alias) { /* of the last table */
        walk->tables[walk->table_count - 1].alias = text_of(walk, token);
        walk->wants_alias = false;
        return;
    }
    walk->wants_alias = false;
    switch (level->clause) {
    case CLAUSE_FROM:
        if (walk->previous == TOKEN_FROM || walk->previous == TOKEN_JOIN || walk->previous == TOKEN_COMMA)
            add_table(walk, text_of(walk, token), level->query);
        break;
    case CLAUSE_TARGET:
    case CLAUSE_TABLE:
        if (walk->previous == TOKEN_INTO || walk->previous == TOKEN_UPDATE || walk->previous == TOKEN_TABLE ||
            walk->previous == TOKEN_ON || walk->previous == TOKEN_COPY)
            add_table(walk, text_of(walk, token), level->query);
        walk->wants_alias = false;
        break;
    case CLAUSE_SELECT:
        if (walk->previous == TOKEN_AS)
            add_item(walk, &walk->aliases, text_of(walk, token));
        break;
    case CLAUSE_DEFINE:
        if (level->position == 0)
            add_item(walk, &walk->defined, text_of(walk, token));
        break;
    case CLAUSE_COLUMNS:
        if (walk->is_before)
            add_item(walk, &walk->listed, text_of(walk, token));
        break;
    case CLAUSE_START:
    case CLAUSE_FILTER:
    case CLAUSE_ORDER:
    case CLAUSE_LIMIT:
    case CLAUSE_VALUES:
    case CLAUSE_SET:
    case CLAUSE_ASSIGN:
    case CLAUSE_NEW:
    case CLAUSE_DEFINED:
    case CLAUSE_CAST:
    case CLAUSE_OTHER:;
    }
}

static void note_sign(struct walk *walk, int kind)
{
    struct level *level = &walk->levels[walk->depth];

    if (kind == TOKEN_ASSIGN && level->clause == CLAUSE_SET)
        level->clause = CLAUSE_ASSIGN;
    else if (kind == TOKEN_COMMA && level->clause == CLAUSE_ASSIGN)
        level->clause = CLAUSE_SET;
}

static void take_token(struct walk *walk, const struct listed_token *token)
{
    enum clause clause;

    if (token->kind == TOKEN_OPEN || token->kind == TOKEN_OPEN_BRACE) {
        open_level(walk);
    } else if (token->kind == TOKEN_CLOSE || token->kind == TOKEN_CLOSE_BRACE) {
        close_level(walk);
        walk->levels[walk->depth].position++;
        walk->wants_alias = false;
    } else {
        if (walk->first == TOKEN_START_STATEMENT || walk->first == TOKEN_EXPLAIN)
            walk->first = token->kind;
        if (token->kind == TOKEN_SELECT)
            begin_query(walk);
        if (clause_of_word(walk, token->kind, &clause)) {
            walk->levels[walk->depth].clause = clause;
            walk->wants_alias = false;
        } else if (is_name(walk, token)) {
            note_name(walk, token);
        } else {
            walk->wants_alias = walk->wants_alias && token->kind == TOKEN_AS;
            note_sign(walk, token->kind);
        }
        struct level *level = &walk->levels[walk->depth];
        level->position = token->kind == TOKEN_COMMA ? 0 : level->position + 1;
    }
    walk->previous = token->kind;
}

static bool begins_source(int previous)
{
    return previous == TOKEN_FROM || previous == TOKEN_JOIN || previous == TOKEN_COMMA;
}

/* Where `if exists` and its like may stand between a word and the name. */
static bool begins_name(const struct walk *walk)
{
    int previous = walk->previous;

    return previous == TOKEN_INTO || previous == TOKEN_UPDATE || previous == TOKEN_TABLE || previous == TOKEN_VIEW ||
           previous == TOKEN_INDEX || previous == TOKEN_EXISTS || previous == TOKEN_DESCRIBE || previous == TOKEN_ON ||
           previous == TOKEN_COPY;
}

static enum name_place place_of(const struct walk *walk)
{
    const struct level *level = &walk->levels[walk->depth];

    if (walk->previous == TOKEN_REFERENCES)
        return PLACE_TABLE;
    switch (level->clause) {
    case CLAUSE_START: return PLACE_KEYWORD;
    case CLAUSE_SELECT: return walk->previous == TOKEN_AS ? PLACE_NEW_NAME : PLACE_EXPRESSION;
    case CLAUSE_FROM: return begins_source(walk->previous) ? PLACE_TABLE : PLACE_NEW_NAME;
    case CLAUSE_FILTER:
    case CLAUSE_ORDER:
    case CLAUSE_ASSIGN: return PLACE_EXPRESSION;
    case CLAUSE_LIMIT:
    case CLAUSE_VALUES: return PLACE_CONSTANT;
    case CLAUSE_TARGET:
    case CLAUSE_TABLE: return begins_name(walk) ? PLACE_TABLE : PLACE_KEYWORD;
    case CLAUSE_NEW: return PLACE_NEW_NAME;
    case CLAUSE_SET:
    case CLAUSE_COLUMNS: return PLACE_TARGET_COLUMN;
    case CLAUSE_DEFINE: return level->position == 1 ? PLACE_TYPE : PLACE_NEW_NAME;
    case CLAUSE_DEFINED: return PLACE_DEFINED_COLUMN;
    case CLAUSE_CAST: return walk->previous == TOKEN_AS ? PLACE_TYPE : PLACE_EXPRESSION;
    case CLAUSE_OTHER:;
    }
    return PLACE_KEYWORD;
}

static bool sees(const struct walk *walk, uint32_t from, uint32_t query)
{
    while (from != query && walk->query_parents[from] != from)
        from = walk->query_parents[from];
    return from == query;
}

/* Keeps the tables that a query sees: its own and those of the queries round it. */
static void keep_visible(struct walk *walk, uint32_t query)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < walk->table_count; i++)
        if (sees(walk, query, walk->tables[i].query))
            walk->tables[kept++] = walk->tables[i];
    walk->table_count = kept;
}

bool completion_scope_find(const struct completion *completion, struct arena *arena, struct completion_scope *out)
{
    struct walk walk = {.completion = completion,
                        .arena = arena,
                        .first = TOKEN_START_STATEMENT,
                        .previous = TOKEN_START_STATEMENT,
                        .is_before = true};
    const struct token_list *before = &completion->before, *after = &completion->after;

    *out = (struct completion_scope){0};
    add_query(&walk, 0);
    for (uint32_t i = 0; i < before->count && !arena_failed(arena); i++)
        take_token(&walk, &before->items[i]);
    if (arena_failed(arena))
        return false;
    out->place = place_of(&walk);
    if (walk.previous == TOKEN_DOT && before->count >= 2) {
        out->qualifier = text_of(&walk, &before->items[before->count - 2]);
        out->place = PLACE_EXPRESSION;
    }
    const struct level *level = &walk.levels[walk.depth];
    uint32_t query = level->query;
    for (uint32_t i = 0; i < walk.table_count; i++)
        out->has_source = out->has_source || walk.tables[i].query == query;
    out->named = out->place == PLACE_DEFINED_COLUMN  ? walk.defined
                 : out->place == PLACE_TARGET_COLUMN ? walk.listed
                 : level->clause == CLAUSE_ORDER     ? walk.aliases
                                                     : (struct name_items){0};
    walk.is_before = false;
    walk.wants_alias = false;
    for (uint32_t i = 0; i < after->count && !arena_failed(arena); i++)
        take_token(&walk, &after->items[i]);
    if (arena_failed(arena))
        return false;
    keep_visible(&walk, query);
    out->tables = walk.tables;
    out->table_count = walk.table_count;
    return true;
}
