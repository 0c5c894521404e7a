/* golden_fuzzer.c - any bytes as a test file: a golden file, one of Markdown, or one of sqllogictest, as the first byte
 * says. What is found must stand in the file, in its order, and a file that is refused is refused with a line. */
#include <stdlib.h>
#include <string.h>

#include "shell/test_file.h"
#include "shell/test_slt.h"
#include "shell/test_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool condition)
{
    if (!condition)
        abort();
}

static void expect_line(const struct text_buffer *complaint)
{
    expect(complaint->size > 0 && complaint->data[complaint->size - 1] == '\n');
}

static void check_golden(const char *path, struct text_buffer text, struct text_buffer *complaint)
{
    struct test_file file = {.path = path, .text = text};
    size_t at = 0, line = 1;

    if (!test_file_parse(&file, complaint))
        expect_line(complaint);
    for (size_t i = 0; i < file.step_count; i++) {
        const struct test_step *step = &file.steps[i];
        expect(step->line >= line);
        line = step->line;
        if (step->kind != STEP_STATEMENT)
            continue;
        expect(step->begin >= at && step->end > step->begin && step->expected_begin >= step->end);
        expect(step->expected_end >= step->expected_begin && step->expected_end <= text.size);
        expect(step->has_expected == (step->expected_end > step->expected_begin));
        at = step->expected_end;
    }
    file.text = (struct text_buffer){0}; /* the caller's */
    test_file_clear(&file);
}

static void check_slt(struct text_buffer text, struct text_buffer *complaint)
{
    struct slt_file file = {.path = "x.slt", .text = &text};
    size_t at = 0;

    if (!slt_file_parse(&file, "ssql", complaint))
        expect_line(complaint);
    for (size_t i = 0; i < file.record_count; i++) {
        const struct slt_record *record = &file.records[i];
        if (record->kind == SLT_HALT || record->kind == SLT_THRESHOLD || record->end == record->begin)
            continue;
        expect(record->begin >= at && record->end > record->begin && record->expected_begin >= record->end);
        expect(record->expected_end >= record->expected_begin && record->expected_end <= text.size);
        at = record->expected_end;
    }
    slt_file_clear(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text_buffer text = {0}, complaint = {0};

    if (size == 0)
        return 0;
    text_add(&text, (const char *)data + 1, size - 1);
    if (!test_text_is_valid(&text, "x", &complaint))
        expect_line(&complaint);
    else if (data[0] % 3 == 0)
        check_golden("x.ssql", text, &complaint);
    else if (data[0] % 3 == 1)
        check_golden("x.md", text, &complaint);
    else
        check_slt(text, &complaint);
    text_clear(&text);
    text_clear(&complaint);
    return 0;
}
