/* The same without the processor's wide registers. */
#define SSQL_NO_SIMD
#include "byte_mask.c"
