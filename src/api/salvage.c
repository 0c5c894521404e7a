/* ssql_salvage: storage's salvage, then a catalog that fits what was kept. What was lost is told at the end, when the
 * names of tables are known. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_internal.h"
#include "catalog/catalog_check.h"
#include "catalog/catalog_repair.h"
#include "storage/manifest.h"
#include "storage/salvage.h"
#include "volume/volume_directory.h"

enum { PATH_SIZE = 4096 };

struct kept_finding {
    enum salvage_kind kind;
    uint32_t table_id;
    char file[VOLUME_NAME_SIZE];
    char text[ERROR_MESSAGE_SIZE + 160];
    bool has_older;
    struct buffer after, before; /* empty: none */
};

struct salvaging {
    const char *path;
    ssql_check_report *report;
    void *context;
    struct check_progress progress; /* as findings tell it */
    uint64_t row_count;
    struct kept_finding *findings;
    size_t finding_count, finding_capacity;
    bool is_out_of_memory, was_stopped;
};

static bool keep(struct salvaging *salvaging, enum salvage_kind kind, const char *file, uint32_t table_id,
                 const char *text)
{
    if (salvaging->finding_count == salvaging->finding_capacity) {
        size_t capacity = salvaging->finding_capacity == 0 ? 16 : salvaging->finding_capacity * 2;
        struct kept_finding *findings = realloc(salvaging->findings, capacity * sizeof *findings);
        if (findings == NULL) {
            salvaging->is_out_of_memory = true;
            return false;
        }
        salvaging->findings = findings;
        salvaging->finding_capacity = capacity;
    }
    struct kept_finding *finding = &salvaging->findings[salvaging->finding_count++];
    *finding = (struct kept_finding){.kind = kind, .table_id = table_id};
    snprintf(finding->file, sizeof finding->file, "%s", file);
    snprintf(finding->text, sizeof finding->text, "%s", text);
    salvaging->progress.damage_count += kind == SALVAGE_LOST;
    salvaging->progress.notice_count += kind == SALVAGE_NOTICE;
    return true;
}

static bool tell(struct salvaging *salvaging, int kind, const char *file, const char *table, const char *text)
{
    char path[PATH_SIZE];
    struct ssql_finding finding = {.kind = kind,
                                   .offset = -1,
                                   .file = path,
                                   .table = table,
                                   .text = text,
                                   .progress = &salvaging->progress,
                                   .row_count = salvaging->row_count};

    snprintf(path, sizeof path, "%s%s%s", salvaging->path, *file == '\0' ? "" : "/", file);
    salvaging->was_stopped = salvaging->report != NULL && salvaging->report(salvaging->context, &finding) != 0;
    return !salvaging->was_stopped;
}

static bool note_finding(void *context, const struct salvage_finding *finding)
{
    struct salvaging *salvaging = context;

    salvaging->progress.file_count = finding->progress->file_count;
    salvaging->progress.byte_count = finding->progress->byte_count;
    salvaging->progress.byte_total = finding->progress->byte_total;
    salvaging->row_count = finding->progress->row_count;
    if (finding->kind == SALVAGE_PROGRESS)
        return tell(salvaging, SSQL_FINDING_PROGRESS, finding->file, NULL, "");
    if (!keep(salvaging, finding->kind, finding->file, finding->table_id, finding->text))
        return false;
    struct kept_finding *kept = &salvaging->findings[salvaging->finding_count - 1];
    kept->has_older = finding->has_older;
    buffer_append(&kept->after, finding->after.data, finding->after.size);
    buffer_append(&kept->before, finding->before.data, finding->before.size);
    salvaging->is_out_of_memory = kept->after.failed || kept->before.failed;
    return !salvaging->is_out_of_memory;
}

static void note_loss(void *context, uint32_t table_id, const char *text)
{
    keep(context, SALVAGE_LOST, "", table_id, text);
}

/* ---- the new database ---- */

static bool open_new(const char *path, struct volume **to, struct ssql_error *error)
{
    struct manifest *manifest;

    if (!volume_directory_open(path, &(struct volume_directory_options){0}, to, error))
        return false;
    bool is_new = manifest_load(*to, &manifest, error);
    if (is_new && manifest->version > 0)
        is_new = error_set(error, SSQL_CANNOT_OPEN, NO_SPAN, "there is a database in \"%s\" already", path);
    manifest_destroy(manifest);
    if (is_new)
        return true;
    volume_close(*to);
    *to = NULL;
    return false;
}

static bool write_new(struct salvaging *salvaging, struct volume *to, struct ssql_error *error)
{
    const struct volume_directory_options how = {.read_only = true, .must_exist = true, .takes_headless = true};
    struct salvage_progress progress;
    struct volume *from;

    if (!volume_directory_open(salvaging->path, &how, &from, error))
        return false;
    bool is_done = volume_salvage(from, to, note_finding, salvaging, &progress, error);
    volume_close(from);
    if (is_done)
        salvaging->row_count = progress.row_count;
    return is_done;
}

static const char *table_name(const struct schema *schema, uint32_t id, char *space, size_t size)
{
    for (uint32_t i = 0; i < schema_table_count(schema); i++) {
        const struct table_schema *table = schema_table(schema, i);
        if (table->id == id) {
            snprintf(space, size, "%.*s", SLICE_PRINT(table->name));
            return space;
        }
    }
    return NULL;
}

static struct slice bound_of(const struct buffer *key)
{
    return key->size == 0 ? (struct slice){0} : buffer_slice(key);
}

/* How many rows are left where newer versions of them may have been lost. */
static bool count_older(struct salvaging *salvaging, struct engine *engine, struct ssql_error *error)
{
    for (size_t i = 0; i < salvaging->finding_count; i++) {
        struct kept_finding *finding = &salvaging->findings[i];
        size_t size = strlen(finding->text);
        uint64_t count;
        if (!finding->has_older)
            continue;
        if (!salvage_count_rows(engine, finding->table_id, bound_of(&finding->after), bound_of(&finding->before),
                                &count, error))
            return false;
        if (count > 0)
            snprintf(finding->text + size, sizeof finding->text - size,
                     "; up to %" PRIu64 " row%s there may be older than their last version", count,
                     count == 1 ? "" : "s");
    }
    return true;
}

static bool tell_all(struct salvaging *salvaging, const struct schema *schema)
{
    char name[NAME_SIZE_MOST + 1];

    salvaging->progress.table_count = schema_table_count(schema);
    for (size_t i = 0; i < salvaging->finding_count; i++) {
        const struct kept_finding *finding = &salvaging->findings[i];
        int kind = finding->kind == SALVAGE_LOST ? SSQL_FINDING_DAMAGE : SSQL_FINDING_NOTICE;
        if (!tell(salvaging, kind, finding->file, table_name(schema, finding->table_id, name, sizeof name),
                  finding->text))
            return false;
    }
    return tell(salvaging, SSQL_FINDING_PROGRESS, "", NULL, "");
}

static bool repair_new(struct salvaging *salvaging, const struct ssql_options *options, const char *path,
                       struct ssql_error *error)
{
    struct volume *volume;
    struct engine *engine = NULL;
    struct schema *schema = NULL;

    bool is_done =
        volume_directory_open(path, &(struct volume_directory_options){.must_exist = true}, &volume, error) &&
        engine_open(volume, &options->engine, &engine, error) && catalog_repair(engine, note_loss, salvaging, error) &&
        count_older(salvaging, engine, error) && catalog_check_read(engine, &schema, error);
    is_done = is_done && tell_all(salvaging, schema);
    schema_release(schema);
    return engine_close(engine, is_done ? error : NULL) && is_done;
}

static bool salvage(struct salvaging *salvaging, const struct ssql_options *options, const char *new_path,
                    struct ssql_error *error)
{
    struct volume *to;

    if (!open_new(new_path, &to, error))
        return false;
    bool is_done = write_new(salvaging, to, error);
    if (!is_done)
        volume_directory_discard(to);
    volume_close(to);
    if (is_done && repair_new(salvaging, options, new_path, error))
        return true;
    /* Without its catalog it must not be taken for a whole one. */
    if (is_done && !volume_directory_delete(new_path))
        error_hint(error, "what is in the new database is not whole: delete it");
    return false;
}

static void forget_findings(struct salvaging *salvaging)
{
    for (size_t i = 0; i < salvaging->finding_count; i++) {
        buffer_clear(&salvaging->findings[i].after);
        buffer_clear(&salvaging->findings[i].before);
    }
    free(salvaging->findings);
}

int ssql_salvage(const char *path, const char *new_path, ssql_options *options, ssql_check_report *report,
                 void *context)
{
    struct ssql_options defaults;
    struct salvaging salvaging = {.path = path, .report = report, .context = context};

    if (options == NULL) {
        options_init(&defaults);
        options = &defaults;
    }
    error_clear(&options->error);
    bool is_done = salvage(&salvaging, options, new_path, &options->error);
    if (salvaging.was_stopped)
        error_set(&options->error, SSQL_INTERRUPTED, NO_SPAN, "the salvage was stopped");
    if (salvaging.is_out_of_memory)
        error_no_memory(&options->error);
    forget_findings(&salvaging);
    if (!is_done || salvaging.is_out_of_memory)
        return (int)options->error.code;
    error_clear(&options->error);
    if (salvaging.progress.damage_count == 0)
        return SSQL_OK;
    error_set(&options->error, SSQL_CORRUPT, NO_SPAN, "parts of \"%s\" are lost", path);
    return SSQL_CORRUPT;
}
