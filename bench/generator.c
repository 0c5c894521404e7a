#include "generator.h"

#include <math.h>
#include <string.h>

const char *const kind_names[KIND_COUNT] = {"click", "view", "purchase", "signup", "login", "logout", "search", "share"};

uint64_t mix64(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

int64_t generate_id(enum data_kind kind, uint64_t i)
{
    /* An odd multiplier is a bijection of 63-bit numbers, so sparse ids are distinct too. */
    return kind == DATA_FRIENDLY ? (int64_t)i : (int64_t)((i * 0x9E3779B97F4A7C15u + 12345) & INT64_MAX);
}

/* "user" and eight digits. By hand: printf would take longer than some of the engines for a row. */
static size_t put_user(char user[], uint64_t number)
{
    enum { PREFIX = 4, DIGITS = 8 };

    memcpy(user, "user", PREFIX);
    for (int i = PREFIX + DIGITS - 1; i >= PREFIX; i--, number /= 10)
        user[i] = (char)('0' + number % 10);
    user[PREFIX + DIGITS] = '\0';
    return PREFIX + DIGITS;
}

void generate(enum data_kind kind, uint64_t i, struct event *event)
{
    uint64_t random = mix64(i);

    event->id = generate_id(kind, i);
    event->kind = (uint32_t)(random % KIND_COUNT);
    event->amount = (int64_t)(mix64(random) % 1000000);
    event->amount_is_null = false;
    event->ok = (random >> 60 & 1) != 0;
    if (kind == DATA_FRIENDLY) {
        event->user_size = put_user(event->user, mix64(random + 1) % 100000);
        return;
    }
    event->amount_is_null = random >> 32 & 1 ? false : (random >> 33) % 5 == 0;
    event->user_size = 4 + mix64(random + 2) % (USER_SIZE_MOST - 3);
    for (size_t k = 0; k < event->user_size; k++)
        event->user[k] = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[mix64(random + k * 7919) & 63];
    event->user[event->user_size] = '\0';
}

/* A four-round Feistel network over the smallest even number of bits, walked until it falls in range. */
void permutation_init(struct permutation *permutation, uint64_t count, uint64_t seed)
{
    int bits = 2;

    while (((uint64_t)1 << bits) < count)
        bits += 2;
    permutation->count = count;
    permutation->half_bits = bits / 2;
    permutation->mask = ((uint64_t)1 << permutation->half_bits) - 1;
    for (int i = 0; i < 4; i++)
        permutation->keys[i] = mix64(seed + (uint64_t)i);
}

uint64_t permutation_at(const struct permutation *permutation, uint64_t i)
{
    do {
        uint64_t left = i >> permutation->half_bits, right = i & permutation->mask;
        for (int round = 0; round < 4; round++) {
            uint64_t next = left ^ (mix64(right ^ permutation->keys[round]) & permutation->mask);
            left = right;
            right = next;
        }
        i = left << permutation->half_bits | right;
    } while (i >= permutation->count);
    return i;
}

void zipf_init(struct zipf *zipf, uint64_t count, uint64_t seed)
{
    double zeta_two = 1 + pow(0.5, 0.99);

    *zipf = (struct zipf){.count = count, .theta = 0.99, .state = seed};
    for (uint64_t i = 1; i <= count; i++)
        zipf->zeta += 1 / pow((double)i, zipf->theta);
    zipf->alpha = 1 / (1 - zipf->theta);
    zipf->eta = (1 - pow(2.0 / (double)count, 1 - zipf->theta)) / (1 - zeta_two / zipf->zeta);
}

uint64_t zipf_next(struct zipf *zipf)
{
    double u = (double)(mix64(zipf->state++) >> 11) / (double)((uint64_t)1 << 53);
    double uz = u * zipf->zeta;
    uint64_t rank;

    if (uz < 1)
        rank = 0;
    else if (uz < 1 + pow(0.5, zipf->theta))
        rank = 1;
    else
        rank = (uint64_t)((double)zipf->count * pow(zipf->eta * u - zipf->eta + 1, zipf->alpha));
    if (rank >= zipf->count)
        rank = zipf->count - 1;
    return mix64(rank) % zipf->count; /* hot keys lie anywhere */
}
