/* copy: options looked up and checked, columns bound. */
#include <assert.h>

#include "base/nearest.h"
#include "parser/ast_text.h"
#include "parser/keyword.h"
#include "plan/binder.h"

/* ---- values of options ---- */

static bool bad_value(struct binder *binder, const struct copy_option *option, const char *wanted)
{
    return error_set(binder->error, SSQL_BAD_OPTION, option->value->span, "option %.*s is %s",
                     SLICE_PRINT(option->name.text), wanted);
}

/* The same for one of a few words, with the nearest. */
static bool bad_word(struct binder *binder, const struct copy_option *option, const char *wanted, struct slice text,
                     const char *const *words)
{
    struct nearest nearest = nearest_start(text);

    bad_value(binder, option, wanted);
    for (; *words != NULL; words++)
        nearest_consider(&nearest, slice_of(*words));
    nearest_hint(&nearest, binder->error);
    return false;
}

const struct value *option_value(const struct copy_option *option, enum ssql_type type)
{
    const struct value *value = &option->value->literal;

    assert(option->value->kind == EXPR_LITERAL);
    return value->type == type ? value : NULL;
}

static bool take_bool(struct binder *binder, const struct copy_option *option, bool *taken)
{
    const struct value *value = option_value(option, SSQL_TYPE_BOOL);

    if (value == NULL)
        return bad_value(binder, option, "true or false");
    *taken = value->boolean;
    return true;
}

static bool take_count(struct binder *binder, const struct copy_option *option, uint64_t *taken)
{
    const struct value *value = option_value(option, SSQL_TYPE_INT);

    if (value == NULL || value->integer < 0)
        return bad_value(binder, option, "a number, 0 or more");
    *taken = (uint64_t)value->integer;
    return true;
}

static bool take_text(struct binder *binder, const struct copy_option *option, const char *wanted, struct slice *taken)
{
    const struct value *value = option_value(option, SSQL_TYPE_STRING);

    if (value == NULL)
        return bad_value(binder, option, wanted);
    *taken = arena_copy(binder->arena, value->string);
    return taken->data != NULL;
}

/* ---- the options ---- */

static bool set_format(struct binder *binder, const struct copy_option *option, struct copy_plan *plan)
{
    static const char WANTED[] = "csv, tsv, json, jsonl or insert";
    static const char *const words[] = {"csv", "tsv", "json", "jsonl", "insert", NULL};
    struct slice text = {.data = NULL};

    if (!take_text(binder, option, WANTED, &text))
        return false;
    if (!record_format_find(text, &plan->format))
        return bad_word(binder, option, WANTED, text, words);
    return true;
}

static bool set_header(struct binder *binder, const struct copy_option *option, struct copy_plan *plan)
{
    return take_bool(binder, option, &plan->has_header);
}

static bool set_delimiter(struct binder *binder, const struct copy_option *option, struct copy_plan *plan)
{
    static const char WANTED[] = "one ASCII character, other than a quote, a line end or NUL";
    struct slice text = {.data = NULL};

    if (!take_text(binder, option, WANTED, &text))
        return false;
    if (text.size != 1 || strchr("\"\r\n", text.data[0]) != NULL)
        return bad_value(binder, option, WANTED);
    plan->delimiter = (char)text.data[0];
    return true;
}

static bool set_null(struct binder *binder, const struct copy_option *option, struct copy_plan *plan)
{
    return take_text(binder, option, "a text", &plan->null_text);
}

static bool set_skip(struct binder *binder, const struct copy_option *option, struct copy_plan *plan)
{
    return take_count(binder, option, &plan->skip_lines);
}

/* Looked at first, by itself: it says whether there is a table to bind. */
static bool set_create(struct binder *binder, const struct copy_option *option, struct copy_plan *plan)
{
    bool creates = false;

    (void)plan;
    return take_bool(binder, option, &creates);
}

static bool set_load(struct binder *binder, const struct copy_option *option, struct copy_plan *plan)
{
    bool loads = false;

    if (!take_bool(binder, option, &loads))
        return false;
    plan->makes_only = !loads;
    return true;
}

static struct slice trim(struct slice text)
{
    while (text.size > 0 && text.data[0] == ' ') {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && text.data[text.size - 1] == ' ')
        text.size--;
    return text;
}

/* `id`, or `town, day`. */
static bool set_primary(struct binder *binder, const struct copy_option *option, struct copy_plan *plan)
{
    static const char WANTED[] = "a column's name, or several with commas between";
    struct slice text = {.data = NULL}, *names = arena_alloc_array(binder->arena, KEY_COLUMNS_MOST, sizeof *names);

    if (names == NULL || !take_text(binder, option, WANTED, &text))
        return false;
    for (;;) {
        const uint8_t *comma = text.size == 0 ? NULL : memchr(text.data, ',', text.size);
        size_t size = comma == NULL ? text.size : (size_t)(comma - text.data);
        struct slice name = trim(slice_make(text.data, size));
        if (name.size == 0)
            return bad_value(binder, option, WANTED);
        if (plan->key_count == KEY_COLUMNS_MOST)
            return error_set(binder->error, SSQL_TOO_LARGE, option->value->span, "a primary key has at most %d columns",
                             KEY_COLUMNS_MOST);
        names[plan->key_count++] = name;
        if (comma == NULL)
            break;
        text = slice_make(comma + 1, text.size - size - 1);
    }
    plan->key_names = names;
    return true;
}

static bool set_on_conflict(struct binder *binder, const struct copy_option *option, struct copy_plan *plan)
{
    static const char WANTED[] = "fail, ignore or replace";
    static const char *const words[] = {"fail", "ignore", "replace", NULL};
    struct slice text = {.data = NULL};

    if (!take_text(binder, option, WANTED, &text))
        return false;
    if (name_equal(text, slice_of("fail")))
        plan->conflict = COPY_CONFLICT_FAIL;
    else if (name_equal(text, slice_of("ignore")))
        plan->conflict = COPY_CONFLICT_IGNORE;
    else if (name_equal(text, slice_of("replace")))
        plan->conflict = COPY_CONFLICT_REPLACE;
    else
        return bad_word(binder, option, WANTED, text, words);
    return true;
}

static bool set_rejects(struct binder *binder, const struct copy_option *option, struct copy_plan *plan)
{
    struct slice path = {.data = NULL};

    if (!take_text(binder, option, "the path of a file", &path))
        return false;
    if (path.size == 0 || slice_equal(path, slice_of("-")))
        return bad_value(binder, option, "the path of a file");
    plan->rejects_path = (const char *)path.data;
    plan->rejects_span = option->value->span;
    return true;
}

static bool set_max_rejects(struct binder *binder, const struct copy_option *option, struct copy_plan *plan)
{
    return take_count(binder, option, &plan->rejects_most);
}

static bool set_batch_rows(struct binder *binder, const struct copy_option *option, struct copy_plan *plan)
{
    return take_count(binder, option, &plan->batch_rows);
}

enum option_use {
    OPTION_ANY,       /* every format */
    OPTION_LINES,     /* formats in which a record is a line */
    OPTION_DELIMITED, /* CSV and TSV */
};

static const struct option_rule {
    const char *name;
    bool (*set)(struct binder *binder, const struct copy_option *option, struct copy_plan *plan);
    bool only_from;
    enum option_use use;
} option_rules[] = {
    {"format", set_format, false, OPTION_ANY},
    {"header", set_header, false, OPTION_DELIMITED},
    {"delimiter", set_delimiter, false, OPTION_DELIMITED},
    {"null", set_null, false, OPTION_DELIMITED},
    {"skip", set_skip, true, OPTION_LINES},
    {"create", set_create, true, OPTION_ANY},
    {"primary", set_primary, true, OPTION_ANY},
    {"load", set_load, true, OPTION_ANY},
    {"on_conflict", set_on_conflict, true, OPTION_ANY},
    {"rejects", set_rejects, true, OPTION_ANY},
    {"max_rejects", set_max_rejects, true, OPTION_ANY},
    {"batch_rows", set_batch_rows, true, OPTION_ANY},
};
enum { OPTION_RULE_COUNT = sizeof option_rules / sizeof option_rules[0] };

static const struct option_rule *find_rule(struct binder *binder, const struct copy *copy,
                                           const struct copy_option *option)
{
    struct nearest nearest = nearest_start(option->name.text);

    for (size_t i = 0; i < OPTION_RULE_COUNT; i++) {
        const struct option_rule *rule = &option_rules[i];
        if (rule->only_from && !copy->is_from && name_equal(option->name.text, slice_of(rule->name))) {
            error_set(binder->error, SSQL_BAD_OPTION, option->name.span, "option %s is for copy ... from only",
                      rule->name);
            return NULL;
        }
        if (name_equal(option->name.text, slice_of(rule->name)))
            return rule;
        if (copy->is_from || !rule->only_from)
            nearest_consider(&nearest, slice_of(rule->name));
    }
    error_set(binder->error, SSQL_BAD_OPTION, option->name.span, "unknown option \"%.*s\" of copy",
              SLICE_PRINT(option->name.text));
    if (nearest.best.data != NULL)
        error_hint(binder->error, "did you mean \"%.*s\"?", SLICE_PRINT(nearest.best));
    return NULL;
}

static const struct copy_option *find_option(const struct copy *copy, const char *name)
{
    for (uint32_t i = 0; i < copy->option_count; i++)
        if (name_equal(copy->options[i].name.text, slice_of(name)))
            return &copy->options[i];
    return NULL;
}

static bool format_takes(enum record_format format, enum option_use use)
{
    bool is_delimited = format == RECORD_FORMAT_CSV || format == RECORD_FORMAT_TSV;

    return use == OPTION_ANY || is_delimited || (use == OPTION_LINES && format == RECORD_FORMAT_JSONL);
}

/* What is found wrong with a value is told at its place. */
static bool blame(struct binder *binder, const struct copy_option *option)
{
    assert(option != NULL); /* the usual ones fit each other */
    binder->error->span = option->value->span;
    return false;
}

/* Once delimiter, null and format are known: whether fields can be told apart with them. */
static bool check_delimiters(struct binder *binder, const struct copy *copy, const struct copy_plan *plan)
{
    char usual = plan->format == RECORD_FORMAT_TSV ? '\t' : ',';
    char delimiter = plan->delimiter == '\0' ? usual : plan->delimiter;

    if (!format_takes(plan->format, OPTION_DELIMITED))
        return true;
    if (!record_check_delimiters(delimiter, slice_make(NULL, 0), binder->error))
        return blame(binder, find_option(copy, "delimiter"));
    if (!record_check_delimiters(delimiter, plan->null_text, binder->error))
        return blame(binder, find_option(copy, "null"));
    return true;
}

static bool bind_options(struct binder *binder, const struct copy *copy, struct copy_plan *plan)
{
    const struct copy_option *given[OPTION_RULE_COUNT] = {NULL};

    for (uint32_t i = 0; i < copy->option_count; i++) {
        const struct copy_option *option = &copy->options[i];
        const struct option_rule *rule = find_rule(binder, copy, option);
        if (rule == NULL)
            return false;
        if (given[rule - option_rules] != NULL)
            return error_set(binder->error, SSQL_BAD_OPTION, option->name.span, "option %s is given twice", rule->name);
        given[rule - option_rules] = option;
        if (!rule->set(binder, option, plan))
            return false;
    }
    /* Once the format is known. */
    for (size_t i = 0; i < OPTION_RULE_COUNT; i++)
        if (given[i] != NULL && !format_takes(plan->format, option_rules[i].use))
            return error_set(binder->error, SSQL_BAD_OPTION, given[i]->name.span, "format %s has no option %s",
                             record_format_name(plan->format), option_rules[i].name);
    return check_delimiters(binder, copy, plan);
}

/* ---- places ---- */

static bool bind_place(struct binder *binder, const struct copy *copy, struct copy_plan *plan)
{
    struct slice path = copy->place.path;

    plan->format = RECORD_FORMAT_CSV;
    plan->path_span = copy->place.span;
    if (copy->place.is_stream || slice_equal(path, slice_of("-")))
        return true;
    if (path.size == 0)
        return error_set(binder->error, SSQL_BAD_OPTION, copy->place.span, "the path of a file is empty");
    plan->path = (const char *)arena_copy(binder->arena, path).data;
    if (plan->path == NULL)
        return false;
    (void)record_format_of_path(plan->path, &plan->format);
    return true;
}

static bool bind_common(struct binder *binder, const struct copy *copy, struct copy_plan *plan)
{
    plan->has_header = true;
    plan->rejects_most = 0;
    return bind_place(binder, copy, plan) && bind_options(binder, copy, plan);
}

/* ---- from ---- */

static bool wants_create(const struct copy *copy)
{
    const struct copy_option *option = find_option(copy, "create");

    return option != NULL && option->value->literal.boolean; /* bound before: a bool */
}

/* Options that say how a table is made want one to be made. */
static bool check_made(struct binder *binder, const struct copy *copy)
{
    static const char *const names[] = {"primary", "load"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct copy_option *option = find_option(copy, names[i]);
        if (option == NULL || wants_create(copy))
            continue;
        error_set(binder->error, SSQL_BAD_OPTION, option->name.span, "option %s is for a table that is made", names[i]);
        return error_hint(binder->error, "add the option create true");
    }
    return true;
}

static bool check_from(struct binder *binder, const struct copy *copy, struct copy_plan *plan)
{

    if (plan->format == RECORD_FORMAT_INSERT) {
        error_set(binder->error, SSQL_BAD_OPTION, copy->place.span, "insert statements are not read by copy");
        return error_hint(binder->error, "run the file as a script");
    }
    if (!check_made(binder, copy))
        return false;
    /* A file for rejected records says that there may be some. */
    if (plan->rejects_path != NULL && find_option(copy, "max_rejects") == NULL)
        plan->rejects_most = UINT64_MAX;
    return true;
}

static bool bind_new_table(struct binder *binder, const struct copy *copy, struct copy_plan *plan)
{
    struct slice *names;

    if (schema_find_table(binder->schema, copy->table.text) != NULL) {
        error_set(binder->error, SSQL_TABLE_EXISTS, copy->table.span, "table \"%.*s\" already exists",
                  SLICE_PRINT(copy->table.text));
        return error_hint(binder->error, "leave out the option create to load into it");
    }
    if (copy->table.text.size > NAME_SIZE_MOST)
        return error_set(binder->error, SSQL_TOO_LARGE, copy->table.span,
                         "the name of a table has at most %d bytes, this one %zu", NAME_SIZE_MOST,
                         copy->table.text.size);
    plan->table_span = copy->table.span;
    if (!plan->has_columns)
        return true;
    if (!format_takes(plan->format, OPTION_DELIMITED) || plan->has_header) {
        error_set(binder->error, SSQL_BAD_OPTION, copy->columns.items[0].span,
                  "the columns of a table that is made are those of the file");
        return error_hint(binder->error, "a list names them when the file does not: header false");
    }
    names = arena_alloc_array(binder->arena, copy->columns.count, sizeof *names);
    if (names == NULL)
        return false;
    for (uint32_t i = 0; i < copy->columns.count; i++) {
        names[i] = arena_copy(binder->arena, copy->columns.items[i].text);
        for (uint32_t before = 0; before < i; before++)
            if (name_equal(names[before], names[i]))
                return error_set(binder->error, SSQL_COLUMN_EXISTS, copy->columns.items[i].span,
                                 "column \"%.*s\" is named twice", SLICE_PRINT(names[i]));
    }
    plan->new_names = names;
    plan->column_count = copy->columns.count;
    return true;
}

/* The columns of the list, or all. */
static uint16_t *bind_columns(struct binder *binder, const struct copy *copy, const struct table_schema *table,
                              uint32_t *count)
{
    *count = copy->columns.count > 0 ? copy->columns.count : table->visible_count;
    uint16_t *columns = arena_alloc_array(binder->arena, *count, sizeof *columns);
    bool *seen = arena_alloc_array(binder->arena, table->visible_count, sizeof *seen);

    if (columns == NULL || seen == NULL)
        return NULL;
    for (uint32_t i = 0; i < *count; i++) {
        int column = copy->columns.count > 0 ? bind_column_name(binder, table, &copy->columns.items[i]) : (int)i;
        if (column < 0)
            return NULL;
        if (seen[column]) {
            error_set(binder->error, SSQL_COLUMN_EXISTS, copy->columns.items[i].span, "column \"%.*s\" is named twice",
                      SLICE_PRINT(copy->columns.items[i].text));
            return NULL;
        }
        seen[column] = true;
        columns[i] = (uint16_t)column;
    }
    return columns;
}

static bool bind_target(struct binder *binder, const struct copy *copy, struct copy_plan *plan)
{
    const struct table_schema *table = bind_table(binder, &copy->table);

    if (table == NULL) {
        if (strncmp(binder->error->hint, "did you", strlen("did you")) != 0)
            error_hint(binder->error, "the option create true makes it");
        return false;
    }
    plan->table = table;
    plan->columns = bind_columns(binder, copy, table, &plan->column_count);
    plan->defaults = arena_alloc_array(binder->arena, table->visible_count, sizeof *plan->defaults);
    if (plan->columns == NULL || plan->defaults == NULL)
        return false;
    for (uint32_t i = 0; i < table->visible_count; i++)
        if ((plan->defaults[i] = bind_stored_default(binder, &table->columns[i])) == NULL)
            return false;
    return true;
}

struct copy_plan *bind_copy_from(struct binder *binder, const struct copy *copy)
{
    struct copy_plan *plan = arena_alloc(binder->arena, sizeof *plan);

    if (plan == NULL || !bind_common(binder, copy, plan) || !check_from(binder, copy, plan))
        return NULL;
    plan->append_name = name_append_text;
    plan->table_name = arena_copy(binder->arena, copy->table.text);
    plan->has_columns = copy->columns.count > 0;
    if (plan->table_name.data == NULL)
        return NULL;
    return (wants_create(copy) ? bind_new_table(binder, copy, plan) : bind_target(binder, copy, plan)) ? plan : NULL;
}

/* ---- to ---- */

static bool is_reserved_word(struct slice name)
{
    const struct keyword *keyword = keyword_find(name);

    return keyword != NULL && keyword->is_reserved;
}

/* `select a, b from t order by key` */
static struct query *make_query(struct binder *binder, const struct copy *copy)
{
    const struct table_schema *table = bind_table(binder, &copy->table);
    struct arena *arena = binder->arena;
    uint32_t count;

    if (table == NULL)
        return NULL;
    uint16_t *columns = bind_columns(binder, copy, table, &count);
    uint32_t key_count = table->has_hidden_key ? 0 : table->key_count;
    struct query *query = arena_alloc(arena, sizeof *query);
    struct select_item *items = arena_alloc_array(arena, count, sizeof *items);
    struct expr *exprs = arena_alloc_array(arena, count + key_count, sizeof *exprs);
    struct order_item *order = arena_alloc_array(arena, key_count, sizeof *order);
    struct table_reference *from = arena_alloc(arena, sizeof *from);

    if (columns == NULL || query == NULL || items == NULL || exprs == NULL || order == NULL || from == NULL)
        return NULL;
    for (uint32_t i = 0; i < count + key_count; i++) {
        uint16_t column = i < count ? columns[i] : table->key_columns[i - count];
        exprs[i] = (struct expr){.kind = EXPR_COLUMN, .depth = 1, .column.column.text = table->columns[column].name};
        if (i < count)
            items[i] =
                (struct select_item){.kind = SELECT_ITEM_EXPR, .expr = &exprs[i], .title = table->columns[column].name};
        else
            order[i - count] = (struct order_item){.expr = &exprs[i]};
    }
    *from = (struct table_reference){.table = copy->table, .span = copy->table.span};
    *query = (struct query){.kind = QUERY_SELECT,
                            .select = {.items = items, .item_count = count, .from = from},
                            .order_by = order,
                            .order_by_count = key_count};
    return query;
}

struct bound_query *bind_copy_to(struct binder *binder, const struct copy *copy, struct copy_plan **out)
{
    struct copy_plan *plan = arena_alloc(binder->arena, sizeof *plan);
    const struct query *query = copy->query;

    *out = plan;
    if (plan == NULL || !bind_common(binder, copy, plan))
        return NULL;
    plan->is_reserved = is_reserved_word;
    plan->insert_table = copy->query == NULL ? arena_copy(binder->arena, copy->table.text) : slice_of("result");
    if (plan->insert_table.data == NULL || (query == NULL && (query = make_query(binder, copy)) == NULL))
        return NULL;
    return bind_query(binder, query);
}
