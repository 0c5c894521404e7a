#include "suite.h"

const struct suite suites[] = {
    {"sequential", suite_sequential, NULL, false},
    {"random", suite_random, NULL, false},
    {"durable", suite_durable, NULL, false},
    {"latency", suite_latency, NULL, false},
    {"recover", suite_recover, NULL, false},
    {"compaction", suite_compaction, NULL, false},
    {"threads", suite_threads, NULL, false},
    {"shell", suite_shell, suite_shell_prepare, false},
    {"import", suite_import, suite_import_prepare, false},
    {"large", suite_large, NULL, true},
};
const size_t suite_count = sizeof suites / sizeof suites[0];
