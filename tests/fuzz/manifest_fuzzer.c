/* manifest_fuzzer.c - any bytes as a manifest. Magic, version and checksum are made right first, so that the checks
 * behind them are reached. What is accepted says nothing that its bytes do not: written again, it gives the same bytes.
 * Then a database is opened by it, whose files are not there or are something else. */
#include <assert.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "storage/manifest.h"
#include "volume/volume_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST = 1 << 16 };

static void mend(uint8_t *bytes, size_t size)
{
    memcpy(bytes, MANIFEST_MAGIC, MANIFEST_MAGIC_SIZE);
    store_u32le(bytes + MANIFEST_VERSION_OFFSET, MANIFEST_VERSION);
    store_u64le(bytes + MANIFEST_CHECKSUM_OFFSET,
                XXH3_64bits_withSeed(bytes + MANIFEST_HEADER_SIZE, size - MANIFEST_HEADER_SIZE,
                                     load_u32le(bytes + MANIFEST_KIND_OFFSET)));
}

/* A run without an end has any numbers there, and loses them. */
static bool ends_are_plain(const struct manifest *manifest)
{
    for (uint32_t i = 0; i < manifest->run_count; i++) {
        const struct wal_run *run = &manifest->runs[i];
        if (!run->has_end && (run->end_segment != 0 || run->end_offset != 0 || run->end_sequence != 0))
            return false;
    }
    return true;
}

static void write_again(const struct manifest *manifest, const uint8_t *bytes, size_t size)
{
    struct buffer again = {0};

    manifest_begin(&again, &manifest->header, manifest->runs, manifest->run_count, manifest->table_count);
    for (uint32_t i = 0; i < manifest->table_count; i++) {
        const struct manifest_table *table = &manifest->tables[i];
        manifest_add_table(&again, table->id, table->created_sequence, table->flushed_sequence, table->written,
                           table->layout, table->file_count);
        for (uint32_t j = 0; j < table->file_count; j++)
            manifest_add_file(&again, table->files[j].level, &table->files[j].info);
    }
    manifest_seal(&again);
    assert(again.failed || (again.size == size && memcmp(again.data, bytes, size) == 0));
    buffer_clear(&again);
}

static bool put_object(struct volume *volume, const char *name, struct slice bytes)
{
    struct object_writer *writer;

    if (object_create(volume, name, bytes.size, &writer, NULL) != VOLUME_OK)
        return false;
    if (object_append(writer, bytes, NULL) != VOLUME_OK) {
        object_abandon(writer);
        return false;
    }
    return object_finish(writer, NULL) == VOLUME_OK;
}

/* The manifest is its own object and table file too, so that references and files that are there are met. */
static void open_by(const uint8_t *bytes, size_t size)
{
    struct slice slice = slice_make(bytes, size);
    struct engine_options options;
    struct ssql_error error = {0};
    struct volume *volume;
    struct engine *engine;
    uint64_t version = 0;

    engine_options_init(&options);
    options.background = false;
    options.memory_limit_bytes = 1 << 20;
    if (!volume_memory_create(&volume, &error))
        return;
    if (register_swap(volume, "manifest", &version, slice, &error) != VOLUME_OK ||
        !put_object(volume, "tables/m", slice)) {
        volume_close(volume);
        return;
    }
    if (engine_open(volume, &options, &engine, &error))
        engine_close(engine, &error);
    else
        assert(error.code != SSQL_OK && error.message[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct manifest *manifest;
    struct ssql_error error = {0};

    if (size < MANIFEST_HEADER_SIZE || size > LARGEST)
        return 0;
    uint8_t *bytes = malloc(size);
    if (bytes == NULL)
        return 0;
    memcpy(bytes, data, size);
    mend(bytes, size);
    if (manifest_decode(slice_make(bytes, size), "fuzzed", &manifest, &error)) {
        if (ends_are_plain(manifest))
            write_again(manifest, bytes, size);
        manifest_destroy(manifest);
    } else {
        assert(error.code == SSQL_CORRUPT || error.code == SSQL_CANNOT_OPEN || error.code == SSQL_NO_MEMORY);
    }
    open_by(bytes, size);
    free(bytes);
    return 0;
}
