#include "shell/test_run.h"

#include <string.h>

#include "shell/test_golden.h"
#include "shell/test_slt_run.h"
#include "shell/test_text.h"

/* Each file has crashes of its own, the same whatever runs beside it. */
static struct test_weather weather_of(const struct test_options *options, const char *path)
{
    struct test_weather weather = options->weather;

    weather.seed ^= test_digest(path, strlen(path));
    return weather;
}

static void run_text(struct test_run *run)
{
    const struct test_options *options = run->options;
    struct test_weather weather = weather_of(options, run->path);
    const char *newline = memchr(run->text->data, '\n', run->text->size);

    run->has_crlf = newline != NULL && newline > run->text->data && newline[-1] == '\r';
    run->database = test_database_create(options->engine, &weather, options->directory, options->to);
    if (path_has_ending(run->path, ".slt") || path_has_ending(run->path, ".test"))
        test_slt_run(run);
    else
        test_golden_run(run);
    test_database_destroy(run->database);
    variables_clear(&run->variables);
    text_clear(&run->told);
}

void test_run_file(const char *path, const struct test_options *options)
{
    struct text_buffer text = {0};
    struct test_run run = {.options = options, .path = path, .text = &text};

    if (test_text_read(&text, path, &run.complaint) && text.size > 0)
        run_text(&run);
    test_result_send_end(options->to, text_string(&run.complaint), test_digest(text_string(&text), text.size));
    text_clear(&run.complaint);
    text_clear(&text);
}
