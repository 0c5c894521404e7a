#include "shell/option_list.h"

#include <stddef.h>
#include <string.h>

const char *option_take_value(const char *word, bool takes_one, const char **next, const char **value)
{
    const char *equals = strchr(word, '=');

    *value = equals == NULL ? NULL : equals + 1;
    if (!takes_one)
        return equals == NULL ? NULL : " takes no value";
    if (equals != NULL)
        return NULL;
    *value = *next;
    *next = NULL;
    return *value == NULL ? " needs a value" : NULL;
}
