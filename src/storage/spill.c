/* Temporary space for operators: the volume's scratch space behind a handle of the engine. */
#include <stdlib.h>

#include "storage/engine_internal.h"

struct spill_file {
    struct engine *engine;
    struct scratch *scratch;
};

bool spill_create(struct engine *engine, struct spill_file **out, struct ssql_error *error)
{
    struct spill_file *file = calloc(1, sizeof *file);

    *out = NULL;
    if (file == NULL)
        return error_no_memory(error);
    file->engine = engine;
    if (scratch_create(engine_volume(engine), &file->scratch, error) != VOLUME_OK) {
        free(file);
        return false;
    }
    *out = file;
    return true;
}

bool spill_append(struct spill_file *file, struct slice bytes, struct ssql_error *error)
{
    if (scratch_append(file->scratch, bytes, error) != VOLUME_OK)
        return false;
    atomic_fetch_add_explicit(&file->engine->bytes_spilled, bytes.size, memory_order_relaxed);
    return true;
}

uint64_t spill_size(const struct spill_file *file)
{
    return scratch_size(file->scratch);
}

bool spill_read(struct spill_file *file, uint64_t offset, uint8_t *data, size_t size, struct ssql_error *error)
{
    return scratch_read(file->scratch, offset, data, size, error) == VOLUME_OK;
}

void spill_close(struct spill_file *file)
{
    if (file == NULL)
        return;
    scratch_close(file->scratch);
    free(file);
}
