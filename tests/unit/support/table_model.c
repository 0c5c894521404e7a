#include "support/table_model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/key_codec.h"
#include "storage/sstable_internal.h"
#include "volume/volume_memory.h"

static void must(bool done, const struct ssql_error *error)
{
    if (done)
        return;
    fprintf(stderr, "the model cannot be built: %s\n", error->message);
    abort();
}

uint64_t model_random(struct model *model, uint64_t below)
{
    model->random ^= model->random << 13;
    model->random ^= model->random >> 7;
    model->random ^= model->random << 17;
    return (model->random >> 11) % below;
}

/* ---- rows ---- */

static const char *const kinds[] = {"click", "view", "buy", "", "a rather longer kind of event"};

static int64_t key_number(uint32_t key)
{
    return (int64_t)key * 3 - 700;
}

static void key_name(enum model_key kind, uint32_t key, char name[32])
{
    if (kind == MODEL_STRING_KEY)
        snprintf(name, 32, "user%05u", key / 2 * 2);
    else
        snprintf(name, 32, "k%03u", key / 8);
    if (kind == MODEL_STRING_KEY && key % 2 == 1)
        strcat(name, "x");
}

struct value model_value(const struct model *model, const struct model_version *version, uint32_t column)
{
    static char notes[2][32];
    static uint32_t turn;
    uint32_t payload = version->payload;

    turn ^= 1;
    switch (column) {
    case COLUMN_ID: return value_int(key_number(version->key));
    case COLUMN_KIND:
        if (model->options.key_kind == MODEL_INT_KEY)
            return value_string(slice_of(kinds[payload % 5]));
        key_name(model->options.key_kind, version->key, notes[turn]);
        return value_string(slice_of(notes[turn]));
    case COLUMN_AMOUNT: return payload % 7 == 0 ? value_null(SSQL_TYPE_INT) : value_int(payload % 1000);
    case COLUMN_OK: return value_bool(payload & 1);
    case COLUMN_PRICE: return payload % 11 == 0 ? value_null(SSQL_TYPE_FLOAT) : value_float(payload * 0.5);
    case COLUMN_NOTE:
        snprintf(notes[turn], sizeof notes[turn], "note %u", payload);
        return value_string(slice_of(notes[turn]));
    }
    return value_null(SSQL_TYPE_NULL);
}

static void encode_row(const struct model *model, const struct model_version *version, struct buffer *buffer)
{
    struct value values[MODEL_COLUMNS];
    struct ssql_error error = {0};
    char note[32];

    for (uint32_t i = 0; i < MODEL_COLUMNS; i++)
        values[i] = model_value(model, version, i);
    snprintf(note, sizeof note, "note %u", version->payload); /* the other strings took the turns */
    values[COLUMN_NOTE] = value_string(slice_of(note));
    values[COLUMN_KIND] = model_value(model, version, COLUMN_KIND);
    must(row_encode(model->table->format, values, buffer, &error), &error);
}

void model_encode_key(const struct model *model, uint32_t key, struct buffer *buffer)
{
    char name[32];
    struct value parts[2];
    uint32_t count = 1;

    switch (model->options.key_kind) {
    case MODEL_INT_KEY: parts[0] = value_int(key_number(key)); break;
    case MODEL_STRING_KEY:
        key_name(MODEL_STRING_KEY, key, name);
        parts[0] = value_string(slice_of(name));
        break;
    case MODEL_COMPOSITE_KEY:
        key_name(MODEL_COMPOSITE_KEY, key, name);
        parts[0] = value_string(slice_of(name));
        parts[1] = value_int(key_number(key));
        count = 2;
        break;
    }
    key_encode(buffer, parts, count);
}

static void make_layout(enum model_key kind, struct table_layout *layout)
{
    static const uint8_t types[] = {SSQL_TYPE_INT,  SSQL_TYPE_STRING, SSQL_TYPE_INT,
                                    SSQL_TYPE_BOOL, SSQL_TYPE_FLOAT,  SSQL_TYPE_STRING};

    memset(layout, 0, sizeof *layout);
    layout->column_count = MODEL_COLUMNS;
    memcpy(layout->types, types, sizeof types);
    layout->key_count = kind == MODEL_COMPOSITE_KEY ? 2 : 1;
    layout->key_columns[0] = kind == MODEL_INT_KEY ? COLUMN_ID : COLUMN_KIND;
    layout->key_columns[1] = COLUMN_ID;
}

/* ---- versions ---- */

static struct model_version *add_version(struct model *model, uint32_t key, uint64_t sequence)
{
    if (model->version_count == model->version_capacity) {
        model->version_capacity = model->version_capacity == 0 ? 1024 : 2 * model->version_capacity;
        model->versions = realloc(model->versions, model->version_capacity * sizeof *model->versions);
        assert(model->versions != NULL);
    }
    struct model_version *version = &model->versions[model->version_count++];
    *version = (struct model_version){.key = key,
                                      .sequence = sequence,
                                      .is_tombstone = model_random(model, 5) == 0,
                                      .payload = (uint32_t)model_random(model, 100000)};
    return version;
}

/* Whether `version` is seen and hides `best` (or NULL). With one sequence the one added first counts. */
static bool is_better(const struct model *model, const struct model_version *version, uint64_t snapshot,
                      const struct model_version *best)
{
    if (version->is_own ? version->sequence > model->own.memtable_snapshot : version->sequence > snapshot)
        return false;
    return best == NULL || (version->is_own && !best->is_own) ||
           (version->is_own == best->is_own && version->sequence > best->sequence);
}

const struct model_version *model_find(const struct model *model, uint32_t key, uint64_t snapshot)
{
    const struct model_version *best = NULL;

    for (uint32_t i = 0; i < model->version_count; i++)
        if (model->versions[i].key == key && is_better(model, &model->versions[i], snapshot, best))
            best = &model->versions[i];
    return best;
}

void model_find_all(const struct model *model, uint64_t snapshot, const struct model_version *found[MODEL_KEYS])
{
    for (uint32_t key = 0; key < MODEL_KEYS; key++)
        found[key] = NULL;
    for (uint32_t i = 0; i < model->version_count; i++) {
        const struct model_version *version = &model->versions[i];
        if (is_better(model, version, snapshot, found[version->key]))
            found[version->key] = version;
    }
}

static void put(struct model *model, struct memtable *memtable, const struct model_version *version)
{
    struct buffer key = {0}, row = {0};
    struct ssql_error error = {0};

    model_encode_key(model, version->key, &key);
    if (!version->is_tombstone)
        encode_row(model, version, &row);
    must(memtable_put(memtable, buffer_slice(&key), version->is_tombstone ? slice_make(NULL, 0) : buffer_slice(&row),
                      version->sequence, &error),
         &error);
    buffer_clear(&key);
    buffer_clear(&row);
}

/* ---- sources ---- */

/* A memtable holds every version that is put into it, so files are written from one. */
static struct memtable *make_memtable(struct model *model)
{
    struct memtable *memtable;
    struct ssql_error error = {0};

    must(memtable_create(model->table->format, &memtable, &error), &error);
    return memtable;
}

static void end_file(struct model *model, struct sstable_writer *writer, uint64_t base_sequence,
                     struct table_file **file)
{
    struct sstable_info info = {0};
    struct ssql_error error = {0};

    must(sstable_writer_finish(writer, &info, &error), &error);
    info.base_sequence = base_sequence;
    must(table_file_open(model->table, &info, file, &error), &error);
    sstable_info_clear(&info);
}

/* Writes a memtable to files of at most `rows_most` rows (never between versions of a key); `has_sequences` false: all
 * 0. */
static uint32_t write_files(struct model *model, struct memtable *memtable, uint32_t rows_most, bool has_sequences,
                            uint64_t base_sequence, struct table_file **files)
{
    const struct sstable_writer_options options = {.block_rows = model->options.block_rows,
                                                   .block_bytes = 1 << 20,
                                                   .filter_bits = model_random(model, 4) == 0 ? 0 : 10,
                                                   .expected_rows = memtable_version_count(memtable),
                                                   .compress = model_random(model, 2)};
    struct memtable_iterator iterator;
    struct sstable_writer *writer = NULL;
    struct buffer last = {0};
    struct ssql_error error = {0};
    uint32_t count = 0, rows = 0;

    memtable_iterator_init(&iterator, memtable, UINT64_MAX, has_sequences && base_sequence == 0);
    for (memtable_iterator_seek(&iterator, slice_make(NULL, 0)); iterator.is_valid; memtable_iterator_next(&iterator)) {
        struct slice key = iterator.current.key;
        if (writer != NULL && rows >= rows_most && !slice_equal(key, buffer_slice(&last))) {
            end_file(model, writer, base_sequence, &files[count++]);
            writer = NULL;
        }
        if (writer == NULL) {
            char name[SSTABLE_NAME_SIZE];
            snprintf(name, sizeof name, "tables/1/sst-1-%llu", (unsigned long long)++model->file_number);
            must(sstable_writer_create(model->engine.volume, name, model->table->format, &options, &writer, &error),
                 &error);
            rows = 0;
        }
        must(sstable_writer_add(writer, key, iterator.current.row, has_sequences ? iterator.current.sequence : 0,
                                &error),
             &error);
        rows++;
        buffer_reset(&last);
        buffer_append(&last, key.data, key.size);
    }
    if (writer != NULL)
        end_file(model, writer, base_sequence, &files[count++]);
    buffer_clear(&last);
    return count;
}

/* Random versions with rising sequences. Keys come from all, or from the n-th part when sources are to be disjoint. */
static void fill(struct model *model, struct memtable *memtable, uint32_t count, uint32_t part)
{
    uint32_t first = 0, keys = MODEL_KEYS;

    if (model->options.is_disjoint) {
        keys = MODEL_KEYS / 12;
        first = part % 12 * keys;
    } else if (model_random(model, 2) == 0) { /* a narrower range, so that some blocks stand alone */
        keys = 20 + (uint32_t)model_random(model, MODEL_KEYS / 2);
        first = (uint32_t)model_random(model, MODEL_KEYS - keys);
    }
    uint32_t hot = first + (uint32_t)model_random(model, keys); /* a key with many versions */
    for (uint32_t i = 0; i < count; i++) {
        uint32_t key = model_random(model, 12) == 0 ? hot : first + (uint32_t)model_random(model, keys);
        put(model, memtable, add_version(model, key, ++model->last_sequence));
    }
}

enum { SOURCES_MOST = 200 };

struct sources {
    struct memtable *memtables[4];
    uint32_t memtable_count;
    struct table_file *files[LEVELS][SOURCES_MOST];
    uint32_t file_count[LEVELS];
};

/* Levels 2 (all of sequence 0, one version per key) and 1. */
static void make_levels(struct model *model, struct sources *sources)
{
    struct memtable *memtable = make_memtable(model);

    for (uint32_t key = 0; key < MODEL_KEYS; key++) {
        if (model_random(model, 3) == 0 || (model->options.is_disjoint && key >= MODEL_KEYS / 12))
            continue;
        struct model_version *version = add_version(model, key, 0);
        version->is_tombstone = false;
        struct model_version stored = *version;
        stored.sequence = 1;
        put(model, memtable, &stored);
    }
    sources->file_count[2] = write_files(model, memtable, 150, false, 0, sources->files[2]);
    memtable_release(memtable);
    memtable = make_memtable(model);
    fill(model, memtable, 300, 1);
    sources->file_count[1] = write_files(model, memtable, 90, true, 0, sources->files[1]);
    memtable_release(memtable);
}

static void make_level0(struct model *model, struct sources *sources)
{
    uint32_t count = 1 + (uint32_t)model_random(model, 3);

    for (uint32_t i = 0; i < count; i++) {
        struct memtable *memtable = make_memtable(model);
        fill(model, memtable, 30 + (uint32_t)model_random(model, 200), 2 + i);
        /* Newest first: each goes before those that are there. */
        memmove(sources->files[0] + 1, sources->files[0], sources->file_count[0] * sizeof(struct table_file *));
        sources->file_count[0] += write_files(model, memtable, UINT32_MAX, true, 0, sources->files[0]);
        memtable_release(memtable);
    }
    if (model->options.has_twins) {
        memmove(sources->files[0] + 1, sources->files[0], sources->file_count[0] * sizeof(struct table_file *));
        table_file_retain(sources->files[0][0]);
        sources->file_count[0]++;
    }
}

/* A commit that went to files while the newest memtable was taking writes: newer than some of them, older than others.
 */
static void make_spilled(struct model *model, struct sources *sources)
{
    struct memtable *memtable = make_memtable(model);
    uint64_t sequence = ++model->last_sequence;

    for (uint32_t key = 0; key < MODEL_KEYS; key++) {
        if (model_random(model, 5) != 0 || (model->options.is_disjoint && key / (MODEL_KEYS / 12) != 11))
            continue;
        struct model_version stored = *add_version(model, key, sequence);
        stored.sequence = 1 + model_random(model, 9);
        put(model, memtable, &stored);
    }
    memmove(sources->files[0] + 1, sources->files[0], sources->file_count[0] * sizeof(struct table_file *));
    sources->file_count[0] += write_files(model, memtable, UINT32_MAX, true, sequence, sources->files[0]);
    memtable_release(memtable);
}

static void make_memtables(struct model *model, struct sources *sources)
{
    uint32_t count = 1 + (uint32_t)model_random(model, 2);

    for (uint32_t i = 0; i < count; i++) {
        struct memtable *memtable = make_memtable(model);
        memmove(sources->memtables + 1, sources->memtables, sources->memtable_count * sizeof(struct memtable *));
        sources->memtables[0] = memtable;
        sources->memtable_count++;
        fill(model, memtable, 20 + (uint32_t)model_random(model, 300), 6 + i);
        if (model->options.has_spilled && i == 0) {
            make_spilled(model, sources);
            fill(model, memtable, 60, 6 + i);
        }
    }
}

static void make_own(struct model *model)
{
    struct memtable *memtable = make_memtable(model);

    for (uint32_t key = 0; key < MODEL_KEYS; key++) {
        if (model_random(model, 20) != 0)
            continue;
        struct model_version *version = add_version(model, key, 1);
        version->is_own = true;
        put(model, memtable, version);
    }
    (void)write_files(model, memtable, UINT32_MAX, false, 0, &model->own_file);
    memtable_release(memtable);
    model->own_memtable = make_memtable(model);
    for (uint64_t sequence = 2; sequence < 40; sequence++) {
        struct model_version *version = add_version(model, (uint32_t)model_random(model, MODEL_KEYS), sequence);
        version->is_own = true;
        put(model, model->own_memtable, version);
    }
    model->own.memtable = model->own_memtable;
    model->own.memtable_snapshot = 2 + model_random(model, 40);
    model->own.files = &model->own_file;
    model->own.file_count = model->own_file != NULL;
}

static void make_version(struct model *model, struct sources *sources)
{
    uint32_t file_count = 0;

    for (uint32_t level = 0; level < LEVELS; level++)
        file_count += sources->file_count[level];
    struct table_version *version = table_version_allocate(sources->memtable_count + 1, file_count + 1);
    assert(version != NULL);
    for (uint32_t i = 0; i < sources->memtable_count; i++) {
        table_version_add_memtable(version, sources->memtables[i]);
        memtable_release(sources->memtables[i]);
    }
    for (uint32_t level = 0; level < LEVELS; level++) {
        for (uint32_t i = 0; i < sources->file_count[level]; i++) {
            table_version_add_file(version, level, sources->files[level][i]);
            table_file_release(sources->files[level][i]);
        }
    }
    table_version_find_runs(version);
    model->version = version;
}

/* ---- life ---- */

void model_init(struct model *model, const struct model_options *options)
{
    struct table_layout *layout = malloc(sizeof *layout);
    struct sources *sources = calloc(1, sizeof *sources);
    struct ssql_error error = {0};

    assert(layout != NULL && sources != NULL);
    memset(model, 0, sizeof *model);
    model->options = *options;
    model->random = options->seed * 0x9E3779B97F4A7C15u + 1;
    struct volume *memory;
    must(volume_memory_create(&memory, &error), &error);
    must(volume_faulty_create(memory, &model->engine.volume, &error), &error);
    must(block_cache_create(options->cache_bytes > 0 ? options->cache_bytes : 1 << 20, &model->engine.cache, &error),
         &error);
    make_layout(options->key_kind, layout);
    must(table_create(&model->engine, 1, layout, 0, &model->table, &error), &error);
    free(layout);
    if (options->has_levels)
        make_levels(model, sources);
    if (options->has_level0)
        make_level0(model, sources);
    if (options->has_memtables)
        make_memtables(model, sources);
    if (options->has_own)
        make_own(model);
    make_version(model, sources);
    free(sources);
}

void model_clear(struct model *model)
{
    memtable_release(model->own_memtable);
    if (model->own_file != NULL)
        table_file_release(model->own_file);
    table_version_release(model->version);
    table_release(model->table);
    block_cache_destroy(model->engine.cache);
    volume_close(model->engine.volume);
    free(model->versions);
}

uint32_t model_files(const struct model *model, struct table_file **files, uint32_t capacity)
{
    uint32_t count = 0;

    for (uint32_t level = 0; level < LEVELS; level++)
        for (uint32_t i = 0; i < model->version->file_count[level] && count < capacity; i++)
            files[count++] = model->version->files[level][i];
    if (model->own_file != NULL && count < capacity)
        files[count++] = model->own_file;
    return count;
}

void model_set_faults(struct model *model, const struct fault_plan *plan)
{
    struct table_file *files[SOURCES_MOST];
    uint32_t count = model_files(model, files, SOURCES_MOST);

    for (uint32_t i = 0; i < count; i++)
        block_cache_forget_file(model->engine.cache, files[i]->sstable->cache_file);
    volume_faulty_set(model->engine.volume, plan);
}
