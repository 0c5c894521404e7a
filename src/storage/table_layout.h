/* table_layout.h - the checks that a layout read from a file has to pass before anything is built on it. */
#ifndef SSQL_STORAGE_TABLE_LAYOUT_H
#define SSQL_STORAGE_TABLE_LAYOUT_H

#include "storage/row_format.h"

/* Counts within their limits, known types, key columns that exist and differ. */
bool table_layout_is_valid(const struct table_layout *layout);

#endif
