#include "session/shape_cache.h"

#include <assert.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "plan/planner.h"
#include "session/session.h"

enum {
    SHAPES_MOST = 16,
    MISSES_NOTED = 64,         /* a power of two */
    SHAPE_TEXT_MOST = 1 << 14, /* bytes; longer ones are rarely written again */
    SHAPE_WIDTH_MOST = 1000,
    ROWS_WORTH_A_PLAN = 16, /* a plan for one row costs less than trees for so many, even if it is used once */
};

struct shape_cache {
    struct shape *shapes[SHAPES_MOST]; /* the latest found is the first */
    uint32_t shape_count;
    struct statement_shape reading;
    struct buffer text;            /* of a shape that is made */
    uint64_t misses[MISSES_NOTED]; /* hashes of shapes that were seen once, each in the place that its low bits say */
};

/* ---- life ---- */

struct shape_cache *shape_cache_create(void)
{
    return calloc(1, sizeof(struct shape_cache));
}

static void forget_plan(struct shape *shape)
{
    execution_destroy(shape->execution);
    plan_destroy(shape->plan);
    shape->execution = NULL;
    shape->plan = NULL;
}

static void shape_destroy(struct shape *shape)
{
    forget_plan(shape);
    literal_rows_clear(&shape->rows);
    arena_clear(&shape->arena);
    free(shape->text);
    free(shape);
}

void shape_cache_destroy(struct shape_cache *cache)
{
    if (cache == NULL)
        return;
    for (uint32_t i = 0; i < cache->shape_count; i++)
        shape_destroy(cache->shapes[i]);
    statement_shape_clear(&cache->reading);
    buffer_clear(&cache->text);
    free(cache);
}

/* ---- finding ---- */

static bool begins_with(struct slice text, struct slice beginning)
{
    return text.size >= beginning.size && memcmp(text.data, beginning.data, beginning.size) == 0;
}

static struct slice head_of(const struct shape *shape)
{
    return slice_make(shape->text, shape->head_size);
}

/* The size of the head of an insert with which the text begins, if it is one of these; else 0. */
static size_t known_head(const struct shape_cache *cache, struct slice text)
{
    for (uint32_t i = 0; i < cache->shape_count; i++)
        if (cache->shapes[i]->has_rows && begins_with(text, head_of(cache->shapes[i])))
            return cache->shapes[i]->head_size;
    return 0;
}

static bool is_shape_of(const struct shape *shape, const struct statement_shape *reading)
{
    struct slice tail = slice_make(shape->text + shape->tail_begin, shape->text_size - shape->tail_begin);

    return shape->has_rows == reading->has_rows && shape->width == reading->rows.width &&
           slice_equal(head_of(shape), reading->head) && slice_equal(tail, reading->tail);
}

static void move_to_front(struct shape_cache *cache, uint32_t place)
{
    struct shape *shape = cache->shapes[place];

    memmove(cache->shapes + 1, cache->shapes, place * sizeof(struct shape *));
    cache->shapes[0] = shape;
}

static struct shape *find(struct shape_cache *cache)
{
    for (uint32_t i = 0; i < cache->shape_count; i++) {
        if (!is_shape_of(cache->shapes[i], &cache->reading))
            continue;
        if (i > 0)
            move_to_front(cache, i);
        return cache->shapes[0];
    }
    return NULL;
}

/* ---- learning ---- */

/* Whether it is worth a plan of its own: it was seen before, not long ago, or the plan serves many rows at once. */
static bool is_worth_a_plan(struct shape_cache *cache, enum plan_sharing sharing)
{
    const struct statement_shape *reading = &cache->reading;

    if (reading->head.size + reading->tail.size > SHAPE_TEXT_MOST || reading->rows.width > SHAPE_WIDTH_MOST)
        return false;
    if (sharing == PLANS_SHARED || reading->rows.row_count >= ROWS_WORTH_A_PLAN)
        return true;
    uint64_t hash = XXH3_64bits_withSeed(reading->head.data, reading->head.size, reading->rows.width);
    hash = XXH3_64bits_withSeed(reading->tail.data, reading->tail.size, hash);
    uint64_t *noted = &cache->misses[hash & (MISSES_NOTED - 1)];
    bool was_seen = *noted == hash;
    *noted = hash;
    return was_seen;
}

static struct shape *shape_create(struct shape_cache *cache)
{
    const struct statement_shape *reading = &cache->reading;
    struct shape *shape = calloc(1, sizeof *shape);

    buffer_reset(&cache->text);
    statement_shape_append_text(reading, &cache->text);
    if (shape == NULL || cache->text.failed || (shape->text = malloc(cache->text.size + 1)) == NULL) {
        free(shape);
        return NULL;
    }
    memcpy(shape->text, cache->text.data, cache->text.size);
    shape->text_size = cache->text.size;
    shape->head_size = reading->head.size;
    shape->tail_begin = cache->text.size - reading->tail.size;
    shape->has_rows = reading->has_rows;
    shape->width = reading->rows.width;
    return shape;
}

/* Finds room for one more: the one that was not wanted for longest goes. False: all are taken. */
static bool make_room(struct shape_cache *cache)
{
    if (cache->shape_count < SHAPES_MOST)
        return true;
    for (uint32_t i = cache->shape_count; i-- > 0;) {
        if (cache->shapes[i]->is_taken)
            continue;
        move_to_front(cache, i);
        shape_destroy(cache->shapes[0]);
        memmove(cache->shapes, cache->shapes + 1, --cache->shape_count * sizeof(struct shape *));
        return true;
    }
    return false;
}

static struct shape *enter(struct shape_cache *cache)
{
    struct shape *shape = make_room(cache) ? shape_create(cache) : NULL;

    if (shape != NULL) {
        cache->shapes[cache->shape_count++] = shape;
        move_to_front(cache, cache->shape_count - 1);
    }
    return shape;
}

/* At most one row comes out of it, so that it fails before the row or not at all. */
static bool is_lookup(const struct plan_node *node)
{
    while (node->kind == PLAN_PROJECT || node->kind == PLAN_FILTER || node->kind == PLAN_LIMIT)
        node = node->child;
    return node->kind == PLAN_LOOKUP;
}

/* Whether statements of the shape can share this plan of its text, whose parameters are the literals: their types are
 * known. */
static bool is_shared_plan(const struct shape *shape, const struct plan *plan)
{
    enum plan_kind kind = plan->root->kind;

    assert(plan->parameter_count == shape->width);
    for (uint32_t i = 0; i < plan->parameter_count; i++)
        if (plan->parameters[i].type == SSQL_TYPE_NULL)
            return false;
    if (shape->has_rows)
        return plan_takes_parameter_rows(plan);
    return kind == PLAN_UPDATE || kind == PLAN_DELETE || is_lookup(plan->root);
}

static bool copy_column_names(struct shape *shape)
{
    const struct plan *plan = shape->plan;
    uint32_t count = plan->returns_rows ? plan->root->column_count : 0;

    arena_reset(&shape->arena);
    shape->column_names = arena_alloc_array(&shape->arena, count + 1, sizeof *shape->column_names);
    for (uint32_t i = 0; shape->column_names != NULL && i < count; i++)
        shape->column_names[i] = (const char *)arena_copy(&shape->arena, plan->root->column_names[i]).data;
    return !arena_failed(&shape->arena);
}

/* Plans the shape's text. What goes wrong is told to nobody: the statement's own text tells it better. */
static void plan_shape(struct shape *shape, struct session *session, struct schema *schema)
{
    struct statement *tree = NULL;
    struct ssql_error ignored;
    size_t consumed;

    forget_plan(shape);
    shape->schema = schema_version(schema);
    arena_reset(&session->arena);
    if (!parse_statement(session->parser, shape->text, shape->text_size, &session->arena, &tree, &consumed, &ignored))
        return;
    assert(tree != NULL); /* its first word is there */
    if (!plan_statement(tree, schema, NULL, NULL, &shape->plan, &ignored))
        return;
    if (!is_shared_plan(shape, shape->plan) || !copy_column_names(shape))
        forget_plan(shape);
}

/* ---- is it still right? ---- */

/* Makes the plan fit the schema that the session sees. */
static bool fit_to_schema(struct shape *shape, struct session *session)
{
    uint64_t change = catalog_last_change(session->catalog);
    struct ssql_error ignored;
    struct session_look look;

    if (session->open == NULL && shape->schema_change == change && change != 0)
        return shape->plan != NULL;
    shape->schema_change = 0;
    bool is_seen = session_look(session, &look, &ignored);
    if (is_seen && schema_version(look.schema) != shape->schema)
        plan_shape(shape, session, look.schema);
    /* What a transaction of its own sees is what everybody sees, unless the change is not durable yet. */
    if (is_seen && look.work != NULL && transaction_snapshot(look.work->transaction) >= change)
        shape->schema_change = change;
    session_end_look(session, &look);
    return is_seen && shape->plan != NULL;
}

/* Gives the literals the types of the parameters, as the binder would. False: it would not. */
static bool fit_literals(struct shape *shape, struct literal_rows *rows)
{
    const struct plan_parameter *parameters = shape->plan->parameters;
    struct value *value = rows->values;

    for (uint32_t row = 0; row < rows->row_count; row++) {
        for (uint32_t i = 0; i < shape->width; i++, value++) {
            enum ssql_type wanted = parameters[i].type;
            if (value->type == wanted)
                continue;
            if (value->type == SSQL_TYPE_NULL)
                value->type = wanted;
            else if (value->type == SSQL_TYPE_INT && wanted == SSQL_TYPE_FLOAT)
                *value = value_float((double)value->integer);
            else
                return false;
        }
    }
    return true;
}

struct shape *shape_cache_take(struct shape_cache *cache, struct session *session, const char *text, size_t length,
                               size_t *consumed)
{
    struct statement_shape *reading = &cache->reading;
    size_t begin = statement_shape_begin(text, length);
    size_t head_size = known_head(cache, slice_make(text + begin, length - begin));

    if (!statement_shape_read(reading, text, length, begin, head_size) || reading->consumed > STATEMENT_SIZE_LIMIT)
        return NULL;
    struct shape *shape = find(cache);
    if (shape == NULL && is_worth_a_plan(cache, session->plan_sharing))
        shape = enter(cache);
    if (shape == NULL || shape->is_taken || !fit_to_schema(shape, session) || !fit_literals(shape, &reading->rows))
        return NULL;
    struct literal_rows rows = shape->rows;
    shape->rows = reading->rows;
    reading->rows = rows;
    shape->is_taken = true;
    *consumed = reading->consumed;
    return shape;
}

void shape_cache_give_back(struct shape *shape)
{
    assert(shape->is_taken);
    shape->is_taken = false;
    literal_rows_reset(&shape->rows);
}

void shape_move_strings(struct shape *shape, const char *text, size_t size, const char *copy)
{
    for (size_t i = 0; i < shape->rows.count; i++) {
        struct value *value = &shape->rows.values[i];
        if (value->type != SSQL_TYPE_STRING || value->is_null)
            continue;
        size_t offset = (size_t)((uintptr_t)value->string.data - (uintptr_t)text);
        if (offset < size)
            value->string.data = (const uint8_t *)copy + offset;
    }
}
