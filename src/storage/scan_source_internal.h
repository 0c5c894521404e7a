/* scan_source_internal.h - what the files of scan_source share. */
#ifndef SSQL_STORAGE_SCAN_SOURCE_INTERNAL_H
#define SSQL_STORAGE_SCAN_SOURCE_INTERNAL_H

#include "storage/scan_source.h"

/* Room for BATCH_CAPACITY items where there is none yet; it stays until source_clear. */
MUST_CHECK bool source_reserve(void **array, size_t item_size, struct ssql_error *error);

#endif
