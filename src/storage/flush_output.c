#include "storage/flush_output.h"

#include <assert.h>
#include <stdlib.h>

#include "storage/engine_internal.h"

enum { ROWS_OF_A_STEP = 128 }; /* that take less than the time of one (engine_give_way) */

void flush_output_init(struct flush_output *output, struct table *table, uint64_t expected_rows)
{
    *output = (struct flush_output){.engine = table->engine, .table = table, .expected_rows = expected_rows};
}

static bool begin_file(struct flush_output *output, struct ssql_error *error)
{
    struct sstable_writer_options options = engine_writer_options(output->engine, output->expected_rows);
    char name[SSTABLE_NAME_SIZE];

    engine_new_file_name(output->engine, output->table->id, name);
    return sstable_writer_create(output->engine->volume, name, output->table->format, &options, &output->writer, error);
}

static bool end_file(struct flush_output *output, struct ssql_error *error)
{
    if (output->info_count == output->info_capacity) {
        uint32_t capacity = output->info_capacity == 0 ? 2 : output->info_capacity * 2;
        struct sstable_info *infos = realloc(output->infos, capacity * sizeof *infos);
        if (infos == NULL)
            return error_no_memory(error);
        output->infos = infos;
        output->info_capacity = capacity;
    }
    struct sstable_writer *writer = output->writer;
    struct sstable_info *info = &output->infos[output->info_count];

    *info = (struct sstable_info){0};
    output->writer = NULL;
    if (!sstable_writer_finish(writer, info, error)) {
        sstable_info_clear(info);
        return false;
    }
    assert(info->row_count > 0); /* a file is begun for its first row, and ended only if that went well */
    output->info_count++;
    return true;
}

bool flush_output_add(struct flush_output *output, struct slice key, struct slice row, uint64_t sequence, bool may_cut,
                      struct ssql_error *error)
{
    if (output->writer != NULL && may_cut &&
        sstable_writer_size(output->writer) >= output->engine->options.sstable_bytes && !end_file(output, error))
        return false;
    if (output->writer == NULL && !begin_file(output, error))
        return false;
    if (++output->rows_since_step >= ROWS_OF_A_STEP) {
        output->rows_since_step = 0;
        engine_give_way(output->engine, output->table, &output->last_step_ns);
    }
    return sstable_writer_add(output->writer, key, row, sequence, error);
}

bool flush_output_finish(struct flush_output *output, struct ssql_error *error)
{
    return output->writer == NULL || end_file(output, error);
}

void flush_output_abandon(struct flush_output *output)
{
    struct ssql_error ignored;

    sstable_writer_abandon(output->writer);
    output->writer = NULL;
    for (uint32_t i = 0; i < output->info_count && !atomic_load(&output->engine->has_failed); i++) {
        if (object_delete(output->engine->volume, output->infos[i].name, &ignored) != VOLUME_OK)
            continue; /* the clean-up after a crash meets it again */
    }
    flush_output_clear(output);
}

void flush_output_clear(struct flush_output *output)
{
    for (uint32_t i = 0; i < output->info_count; i++)
        sstable_info_clear(&output->infos[i]);
    free(output->infos);
    output->infos = NULL;
    output->info_count = output->info_capacity = 0;
}
