#include "api/api_internal.h"
#include "storage/manifest_format.h"

/* The project's version is given by the build, the header's stands in the header: they are one. */
_Static_assert(sizeof SSQL_VERSION == sizeof SSQL_VERSION_TEXT, "ssql.h is of another version than the project");

const char *ssql_version(void)
{
    return SSQL_VERSION_TEXT;
}

int ssql_version_number(void)
{
    return SSQL_VERSION_NUMBER;
}

/* The manifest names every other file, so its version stands for all of them. */
int ssql_format_version(void)
{
    return MANIFEST_VERSION;
}
