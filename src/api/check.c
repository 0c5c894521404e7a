/* ssql_check: the volume's check, with the names of tables, and the catalog's. The database is opened beside whoever
 * writes to it for the names alone, so that one that cannot be opened is checked as well. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_internal.h"
#include "catalog/catalog_check.h"
#include "storage/check.h"
#include "volume/volume_directory.h"

_Static_assert((int)CHECK_DAMAGE + 1 == SSQL_FINDING_DAMAGE && (int)CHECK_NOTICE + 1 == SSQL_FINDING_NOTICE &&
                   (int)CHECK_PROGRESS + 1 == SSQL_FINDING_PROGRESS,
               "the kinds of check.h are those of ssql.h less 1");

enum { PATH_SIZE = 4096, OPENING_ATTEMPTS = 20 };

struct checking {
    const char *path;
    struct schema *schema; /* NULL when the catalog cannot be read */
    ssql_check_report *report;
    void *context;
    struct check_progress *progress;
    bool was_stopped;
};

static const char *table_name(const struct checking *checking, uint32_t id, char *space, size_t size)
{
    if (id == 0)
        return NULL;
    for (uint32_t i = 0; checking->schema != NULL && i < schema_table_count(checking->schema); i++) {
        const struct table_schema *table = schema_table(checking->schema, i);
        if (table->id == id) {
            snprintf(space, size, "%.*s", SLICE_PRINT(table->name));
            return space;
        }
    }
    return NULL;
}

static bool pass_on(struct checking *checking, int kind, const char *file, int64_t offset, uint32_t table_id,
                    const char *text)
{
    char path[PATH_SIZE], name[NAME_SIZE_MOST + 1];
    struct ssql_finding finding = {.kind = kind, .offset = offset, .file = path, .text = text};

    snprintf(path, sizeof path, "%s%s%s", checking->path, *file == '\0' ? "" : "/", file);
    finding.table = table_name(checking, table_id, name, sizeof name);
    finding.progress = checking->progress;
    checking->was_stopped = checking->report != NULL && checking->report(checking->context, &finding) != 0;
    return !checking->was_stopped;
}

static bool pass_on_finding(void *context, const struct check_finding *finding)
{
    return pass_on(context, (int)finding->kind + 1, finding->file, finding->offset, finding->table_id, finding->text);
}

static bool pass_on_damage(struct checking *checking, uint32_t table_id, const char *text)
{
    checking->progress->damage_count++;
    return pass_on(checking, SSQL_FINDING_DAMAGE, "", -1, table_id, text);
}

static bool pass_on_contradiction(void *context, uint32_t table_id, const char *text)
{
    return pass_on_damage(context, table_id, text);
}

static bool is_about_the_data(const struct ssql_error *error)
{
    return error->code == SSQL_CORRUPT || error->code == SSQL_IO || error->code == SSQL_CANNOT_OPEN;
}

static bool open_volume(const char *path, struct volume **volume, struct ssql_error *error)
{
    const struct volume_directory_options how = {.read_only = true, .must_exist = true};

    return volume_directory_open(path, &how, volume, error);
}

static bool try_to_open(struct checking *checking, const struct ssql_options *options, struct engine **engine,
                        struct ssql_error *fault)
{
    struct volume *volume;

    error_clear(fault);
    *engine = NULL;
    if (!open_volume(checking->path, &volume, fault) || !engine_open(volume, &options->engine, engine, fault) ||
        !catalog_check_read(*engine, &checking->schema, fault))
        return false;
    error_clear(fault); /* of what went well when it was tried again */
    return true;
}

/* Opens the engine and reads the catalog; what hinders it is in `fault`. Beside a busy writer the log grows between two
 * looks: damage is what stays the same. */
static struct engine *open_for_names(struct checking *checking, const struct ssql_options *options,
                                     struct ssql_error *fault)
{
    struct ssql_error before = {.code = SSQL_OK};
    struct engine *engine;

    for (int attempt = 1; !try_to_open(checking, options, &engine, fault); attempt++) {
        if (!is_about_the_data(fault) || strcmp(fault->message, before.message) == 0)
            break;
        before = *fault;
        engine_close(engine, NULL);
        engine = NULL;
        if (attempt == OPENING_ATTEMPTS) {
            error_set(fault, SSQL_IO, NO_SPAN, "the database changed %d times while it was being opened", attempt);
            break;
        }
    }
    return engine;
}

/* The catalog, when all that it is made of could be read. Damage that hinders opening counts also when it was found
 * nowhere else. */
static bool check_catalog(struct checking *checking, struct engine *engine, const struct ssql_error *fault,
                          struct ssql_error *error)
{
    if (is_about_the_data(fault) && checking->progress->damage_count > 0)
        return true;
    if (fault->code == SSQL_CORRUPT || fault->code == SSQL_CANNOT_OPEN)
        return pass_on_damage(checking, 0, fault->message);
    if (fault->code != SSQL_OK) {
        *error = *fault;
        return false;
    }
    checking->progress->table_count = schema_table_count(checking->schema);
    return catalog_check_tables(engine, checking->schema, pass_on_contradiction, checking, error);
}

/* The volume is whole, and yet it could not be opened: beside a writer that may have passed meanwhile. */
static void open_again(struct checking *checking, const struct ssql_options *options, struct engine **engine,
                       struct ssql_error *fault)
{
    const struct ssql_error before = *fault;

    if (!is_about_the_data(fault) || checking->progress->damage_count > 0)
        return;
    engine_close(*engine, NULL);
    *engine = open_for_names(checking, options, fault);
    if (is_about_the_data(fault) && strcmp(fault->message, before.message) != 0)
        error_set(fault, SSQL_IO, NO_SPAN, "the database changes too fast to be opened beside its writer");
}

static bool check_everything(struct checking *checking, const struct ssql_options *options, struct ssql_error *error)
{
    struct ssql_error fault = {.code = SSQL_OK};
    struct volume *volume = NULL;

    if (!open_volume(checking->path, &volume, error)) {
        if (error->code != SSQL_CORRUPT)
            return false;
        return pass_on_damage(checking, 0, error->message); /* not even the root is there */
    }
    struct engine *engine = open_for_names(checking, options, &fault);
    bool is_done = volume_check(volume, pass_on_finding, checking, checking->progress, error);
    if (is_done)
        open_again(checking, options, &engine, &fault);
    is_done = is_done && check_catalog(checking, engine, &fault, error);
    schema_release(checking->schema);
    checking->schema = NULL;
    engine_close(engine, NULL); /* a reader has nothing to lose */
    volume_close(volume);
    return is_done;
}

int ssql_check(const char *path, ssql_options *options, ssql_check_report *report, void *context)
{
    struct ssql_options defaults;
    struct check_progress progress = {0};
    struct checking checking = {.path = path, .report = report, .context = context, .progress = &progress};

    if (options == NULL) {
        options_init(&defaults);
        options = &defaults;
    }
    error_clear(&options->error);
    if (strcmp(path, ":memory:") == 0) {
        error_set(&options->error, SSQL_BAD_OPTION, NO_SPAN, "a database in memory has no files to check");
        return SSQL_BAD_OPTION;
    }
    bool is_done = check_everything(&checking, options, &options->error) &&
                   pass_on(&checking, SSQL_FINDING_PROGRESS, "", -1, 0, "");
    if (checking.was_stopped)
        error_set(&options->error, SSQL_INTERRUPTED, NO_SPAN, "the check was stopped");
    if (!is_done)
        return (int)options->error.code;
    error_clear(&options->error);
    if (progress.damage_count == 0)
        return SSQL_OK;
    error_set(&options->error, SSQL_CORRUPT, NO_SPAN, "\"%s\" is damaged", path);
    return SSQL_CORRUPT;
}

/* ---- findings ---- */

int ssql_finding_kind(const ssql_finding *finding)
{
    return finding->kind;
}

const char *ssql_finding_file(const ssql_finding *finding)
{
    return finding->file;
}

int64_t ssql_finding_offset(const ssql_finding *finding)
{
    return finding->offset;
}

const char *ssql_finding_table(const ssql_finding *finding)
{
    return finding->table;
}

const char *ssql_finding_text(const ssql_finding *finding)
{
    return finding->text;
}

int ssql_finding_stat(const ssql_finding *finding, const char *name, int64_t *value)
{
    const struct check_progress *progress = finding->progress;
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"tables", progress->table_count},     {"files", progress->file_count},     {"bytes", progress->byte_count},
        {"bytes_total", progress->byte_total}, {"damages", progress->damage_count}, {"notices", progress->notice_count},
        {"rows", finding->row_count},
    };

    *value = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(numbers[i].name, name) == 0) {
            *value = (int64_t)numbers[i].value;
            return SSQL_OK;
        }
    }
    return SSQL_BAD_OPTION;
}
