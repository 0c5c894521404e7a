#include "support/salvage_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "storage/manifest.h"

struct salvage_heard salvaged;

static bool note(void *context, const struct salvage_finding *finding)
{
    size_t used = strlen(salvaged.texts);

    (void)context;
    salvaged.findings++;
    salvaged.losses += finding->kind == SALVAGE_LOST;
    salvaged.has_older |= finding->has_older;
    if (finding->kind != SALVAGE_PROGRESS)
        snprintf(salvaged.texts + used, sizeof salvaged.texts - used, "%s: %s\n", finding->file, finding->text);
    return salvaged.findings != salvaged.stop_at;
}

bool try_salvage(struct volume *from, struct volume *to, unsigned stop_at, struct ssql_error *error)
{
    struct salvage_progress progress;

    memset(&salvaged, 0, sizeof salvaged);
    salvaged.stop_at = stop_at;
    bool is_done = volume_salvage(from, to, note, NULL, &progress, error);
    salvaged.row_count = progress.row_count;
    return is_done;
}

void salvage(struct volume *from)
{
    struct volume *to = fixture_volume();
    struct ssql_error error = {0};

    if (!try_salvage(from, to, 0, &error))
        fail_msg("%s", error.message);
    assert_healthy(to);
    volume_close(to);
}

void assert_said(const char *text)
{
    if (strstr(salvaged.texts, text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", salvaged.texts, text);
}

void stop_everywhere(struct volume *from)
{
    struct ssql_error error = {0};

    salvage(from);
    for (unsigned n = salvaged.findings; n > 0; n--) {
        struct volume *to = fixture_volume();
        struct manifest *manifest;
        assert_false(try_salvage(from, to, n, n % 2 == 0 ? &error : NULL));
        assert_int_equal(salvaged.findings, n);
        assert_true(n % 2 == 1 || error.code == SSQL_INTERRUPTED);
        assert_true(manifest_load(to, &manifest, NULL));
        assert_int_equal(manifest->version, 0);
        manifest_destroy(manifest);
        volume_close(to);
    }
}

void put_object(struct volume *volume, const char *name, struct slice bytes)
{
    struct object_writer *writer;

    assert_int_equal(object_create(volume, name, 0, &writer, NULL), VOLUME_OK);
    assert_int_equal(object_append(writer, bytes, NULL), VOLUME_OK);
    assert_int_equal(object_finish(writer, NULL), VOLUME_OK);
}

void put_log(struct volume *volume, const char *name, struct slice bytes)
{
    struct volume_log *log;

    assert_int_equal(log_create(volume, name, 0, NULL, &log, NULL), VOLUME_OK);
    assert_int_equal(log_append(log, bytes, NULL), VOLUME_OK);
    assert_int_equal(log_sync(log, NULL), VOLUME_OK);
    log_close(log);
}

struct volume *copy_of(struct volume *volume)
{
    struct volume *copy;

    assert_true(volume_memory_crash(volume, UINT64_MAX, &copy, NULL));
    return copy;
}
