/* function_name.h - names and signatures of all functions, for completion. */
#ifndef SSQL_PLAN_FUNCTION_NAME_H
#define SSQL_PLAN_FUNCTION_NAME_H

#include <stdint.h>

/* The i-th function's name, from 0; scalar functions first, then aggregates that are none. NULL past the last. */
const char *function_name(uint32_t i);

/* What one of them takes, as its errors show it: "trim(string[, characters])". */
const char *function_signature(uint32_t i);

#endif
