#include <string.h>

#include "engine.h"

void key_pack(int64_t id, uint8_t key[8])
{
    uint64_t ordered = __builtin_bswap64((uint64_t)id ^ (uint64_t)1 << 63);

    memcpy(key, &ordered, 8);
}

int64_t key_unpack(const uint8_t key[8])
{
    uint64_t ordered;

    memcpy(&ordered, key, 8);
    return (int64_t)(__builtin_bswap64(ordered) ^ (uint64_t)1 << 63);
}

/* amount i32, flags u8 (ok, null), kind size u8, user size u8, kind, user */
size_t row_pack(const struct event *event, uint8_t *bytes)
{
    int32_t amount = (int32_t)event->amount;
    size_t kind_size = strlen(kind_names[event->kind]);

    memcpy(bytes, &amount, 4);
    bytes[4] = (uint8_t)(event->ok | event->amount_is_null << 1);
    bytes[5] = (uint8_t)kind_size;
    bytes[6] = (uint8_t)event->user_size;
    memcpy(bytes + 7, kind_names[event->kind], kind_size);
    memcpy(bytes + 7 + kind_size, event->user, event->user_size);
    return 7 + kind_size + event->user_size;
}

bool row_unpack(const uint8_t *bytes, size_t size, struct event *event)
{
    int32_t amount;

    if (size < 7 || size != 7u + bytes[5] + bytes[6])
        return false;
    memcpy(&amount, bytes, 4);
    event->amount = amount;
    event->ok = bytes[4] & 1;
    event->amount_is_null = bytes[4] >> 1 & 1;
    event->kind = 0;
    while (event->kind < KIND_COUNT - 1 && (strlen(kind_names[event->kind]) != bytes[5] ||
                                            memcmp(kind_names[event->kind], bytes + 7, bytes[5]) != 0))
        event->kind++;
    event->user_size = bytes[6];
    memcpy(event->user, bytes + 7 + bytes[5], event->user_size);
    event->user[event->user_size] = '\0';
    return true;
}
