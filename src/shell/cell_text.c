#include "shell/cell_text.h"

#include "shell/text_buffer.h"

const char *cell_text(ssql_stmt *statement, int i, size_t *size)
{
    const char *text = ssql_column_text(statement, i, size);

    if (text == NULL && ssql_column_is_null(statement, i) == 0)
        end_without_memory();
    return text;
}
