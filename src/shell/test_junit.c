#include <inttypes.h>
#include <string.h>

#include "shell/test_report.h"
#include "shell/test_text.h"

/* XML has no place for most control characters, for U+FFFE, U+FFFF, and for what is no UTF-8, not even escaped. */
static bool is_xml(const char *text, size_t size)
{
    if (size == 1)
        return (unsigned char)*text >= 0x20 && *text != 0x7F;
    return size > 1 && (size != 3 || (memcmp(text, "\xEF\xBF\xBE", 3) != 0 && memcmp(text, "\xEF\xBF\xBF", 3) != 0));
}

/* A terminal's colours are left out altogether. In an attribute, a reader would make blanks of bare line ends. */
static void add_escaped(struct text_buffer *to, const char *text, bool is_attribute)
{
    const char *end = text + strlen(text);
    size_t size;

    for (; text < end; text += size == 0 ? 1 : size) {
        size = text_character_size(text, (size_t)(end - text));
        if (text[0] == '\033' && text[1] == '[') {
            size = 2 + strcspn(text + 2, "m");
            size += text[size] == 'm';
            continue;
        }
        switch (*text) {
        case '&': text_add_string(to, "&amp;"); break;
        case '<': text_add_string(to, "&lt;"); break;
        case '>': text_add_string(to, "&gt;"); break;
        case '"': text_add_string(to, "&quot;"); break;
        case '\t':
        case '\n':
            if (is_attribute)
                text_format(to, "&#%d;", *text);
            else
                text_add_char(to, *text);
            break;
        default: text_add(to, is_xml(text, size) ? text : "?", is_xml(text, size) ? size : 1); break;
        }
    }
}

static void add_case(struct text_buffer *to, const char *path, const struct test_case *shown)
{
    text_add_string(to, "    <testcase classname=\"");
    add_escaped(to, path, true);
    text_add_string(to, "\" name=\"");
    add_escaped(to, shown->name[0] == '\0' ? path : shown->name, true);
    text_format(to, "\" time=\"%.6f\" file=\"", shown->seconds);
    add_escaped(to, path, true);
    text_format(to, "\" line=\"%" PRIu64 "\"", shown->line);
    if (shown->status == TEST_PASSED) {
        text_add_string(to, "/>\n");
        return;
    }
    text_add_string(to, ">\n      ");
    if (shown->status == TEST_SKIPPED) {
        text_add_string(to, "<skipped message=\"");
        add_escaped(to, shown->text, true);
        text_add_string(to, "\"/>\n");
    } else {
        text_add_string(to, "<failure message=\"not as expected\">");
        add_escaped(to, shown->text, false);
        text_add_string(to, "</failure>\n");
    }
    text_add_string(to, "    </testcase>\n");
}

static void add_counts(struct text_buffer *to, const unsigned *counts, double seconds)
{
    text_format(to, " tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"%u\" time=\"%.6f\">\n",
                counts[TEST_PASSED] + counts[TEST_FAILED] + counts[TEST_SKIPPED], counts[TEST_FAILED],
                counts[TEST_SKIPPED], seconds);
}

static void count_cases(const struct test_result *result, unsigned *counts)
{
    for (int status = 0; status < 3; status++)
        counts[status] += test_result_count(result, (enum test_status)status);
}

static void add_file(struct text_buffer *to, const struct test_result *result)
{
    unsigned counts[3] = {0};

    count_cases(result, counts);
    text_add_string(to, "  <testsuite name=\"");
    add_escaped(to, result->path, true);
    text_add_string(to, "\"");
    add_counts(to, counts, result->seconds);
    for (size_t i = 0; i < result->case_count; i++)
        add_case(to, result->path, &result->cases[i]);
    text_add_string(to, "  </testsuite>\n");
}

bool test_junit_write(const char *path, const struct test_result *results, size_t count)
{
    struct text_buffer text = {0};
    unsigned counts[3] = {0};
    double seconds = 0;

    for (size_t i = 0; i < count; i++) {
        count_cases(&results[i], counts);
        seconds += results[i].seconds;
    }
    text_add_string(&text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"ssql test\"");
    add_counts(&text, counts, seconds);
    for (size_t i = 0; i < count; i++)
        add_file(&text, &results[i]);
    text_add_string(&text, "</testsuites>\n");
    bool done = test_text_replace(path, &text);
    text_clear(&text);
    return done;
}
