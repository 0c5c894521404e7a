/* zone.h - the conditions on one column that zone maps can answer: "column <operator> constant". */
#ifndef SSQL_BASE_ZONE_H
#define SSQL_BASE_ZONE_H

enum zone_operator {
    ZONE_EQUAL,
    ZONE_LESS,
    ZONE_LESS_EQUAL,
    ZONE_GREATER,
    ZONE_GREATER_EQUAL,
    ZONE_IS_NULL,
    ZONE_IS_NOT_NULL
};

#endif
