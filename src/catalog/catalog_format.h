/* catalog_format.h - how schemas are kept: rows of two system tables, written and read through the same transactions as
 * any others. Layout of version 1:
 *
 *   table 1, "tables": a row per table
 *     column  type    meaning
 *     0       string  key: name folded to lower case (ASCII)
 *     1       int     version of the row: 1
 *     2       int     id, as storage knows the table
 *     3       string  name as created
 *     4       int     number of columns, the hidden one included
 *     5       bool    the last column is a hidden row number and the only key column
 *
 *   table 2, "columns": a row per column
 *     0       int     key, first part: the table's id
 *     1       int     key, second part: position from 0
 *     2       string  name as created
 *     3       int     type, as in type.h
 *     4       bool    not null
 *     5       int     place in the primary key from 0; null: not a part of it
 *     6       string  SSQL text of the default; null: none
 *
 * A later version that has more to say raises the row's version and says it in further system tables; a row of a
 * version above CATALOG_VERSION is refused, not guessed at. History: version 1 (ssql 0.1) first. */
#ifndef SSQL_CATALOG_CATALOG_FORMAT_H
#define SSQL_CATALOG_CATALOG_FORMAT_H

enum { CATALOG_VERSION = 1 };

enum { SYSTEM_TABLE_TABLES = 1, SYSTEM_TABLE_COLUMNS = 2 };

enum tables_column {
    TABLES_KEY,
    TABLES_VERSION,
    TABLES_ID,
    TABLES_NAME,
    TABLES_COLUMN_COUNT,
    TABLES_HAS_HIDDEN_KEY,
    TABLES_COLUMNS, /* how many there are */
};

enum columns_column {
    COLUMNS_TABLE_ID,
    COLUMNS_POSITION,
    COLUMNS_NAME,
    COLUMNS_TYPE,
    COLUMNS_NOT_NULL,
    COLUMNS_KEY_PLACE,
    COLUMNS_DEFAULT,
    COLUMNS_COLUMNS, /* how many there are */
};

#endif
