// Assertions of a build that measures coverage: the condition is compiled but takes no part in the program, so that only the
// branches that an input can take are counted. scripts/coverage puts this directory before the system's headers.
#undef assert
#define assert(condition) ((void)sizeof(condition))
#ifndef static_assert
#define static_assert _Static_assert
#endif
