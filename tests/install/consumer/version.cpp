#include <ssql.h>

#include <cstring>

int main()
{
    return std::strcmp(ssql_version(), SSQL_VERSION) == 0 && ssql_version_number() == SSQL_VERSION_NUMBER ? 0 : 1;
}
