#include "storage/table_layout.h"

bool table_layout_is_valid(const struct table_layout *layout)
{
    if (layout->column_count == 0 || layout->column_count > COLUMNS_MOST || layout->key_count == 0 ||
        layout->key_count > KEY_COLUMNS_MOST)
        return false;
    for (uint32_t i = 0; i < layout->column_count; i++) {
        if (layout->types[i] < SSQL_TYPE_INT || layout->types[i] > SSQL_TYPE_FLOAT)
            return false;
    }
    for (uint32_t i = 0; i < layout->key_count; i++) {
        if (layout->key_columns[i] >= layout->column_count)
            return false;
        for (uint32_t j = 0; j < i; j++) {
            if (layout->key_columns[i] == layout->key_columns[j])
                return false;
        }
    }
    return true;
}
