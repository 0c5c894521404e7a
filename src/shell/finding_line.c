#include "shell/finding_line.h"

#include <string.h>

#include "shell/display_width.h"

int64_t finding_number(const ssql_finding *finding, const char *name)
{
    int64_t value;

    ssql_finding_stat(finding, name, &value);
    return value;
}

void finding_write_line(struct output *output, struct text_buffer *line)
{
    text_add_char(line, '\n');
    output_add(output, line->data, line->size);
    output_flush(output);
    text_clear(line);
}

void finding_write(struct output *output, const ssql_finding *finding)
{
    const char *file = ssql_finding_file(finding), *text = ssql_finding_text(finding);
    const char *table = ssql_finding_table(finding);
    struct text_buffer line = {0};

    display_escape(&line, file, strlen(file));
    text_add_string(&line, ssql_finding_kind(finding) == SSQL_FINDING_NOTICE ? ": notice: " : ": ");
    display_escape(&line, text, strlen(text));
    if (table != NULL) {
        text_add_string(&line, " (table \"");
        display_escape(&line, table, strlen(table));
        text_add_string(&line, "\")");
    }
    finding_write_line(output, &line);
}
