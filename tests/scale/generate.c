/* generate.c - rows for scripts/scale, as .ssql text: every value is a function of the row's number, so that the
 * answers to queries are known without asking anybody.
 *
 *     generate ROWS [BATCH]      the table and its rows, BATCH of them in a statement
 *     generate ROWS answers      what queries over these rows answer, as NAME=VALUE lines
 *
 * Row number i of ROWS, from 0, in a scattered order (n * STEP modulo ROWS):
 *   id     i
 *   bucket i % 1000
 *   person "person-" and i % 100000, six digits
 *   amount i * 7 % 1000003
 *   note   text of 24 to 55 characters that does not compress well */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTE_LEAST = 24, NOTE_SPREAD = 32, BUCKETS = 1000, PERSONS = 100000, AMOUNTS = 1000003, SMALL_AMOUNT = 1000 };
static const uint64_t STEP = 6180339887; /* steps over a part of the rows that is never small */

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static uint64_t amount_of(uint64_t i)
{
    return i * 7 % AMOUNTS;
}

static void print_row(uint64_t i)
{
    char note[NOTE_LEAST + NOTE_SPREAD];
    uint64_t state = mix(i + 1);
    unsigned length = NOTE_LEAST + (unsigned)(state % NOTE_SPREAD);

    for (unsigned j = 0; j < length; j++) {
        if (j % 8 == 0)
            state = mix(state + j);
        note[j] = (char)('a' + (state >> (j % 8 * 8)) % 26);
    }
    printf("(%" PRIu64 ", %" PRIu64 ", 'person-%06" PRIu64 "', %" PRIu64 ", '%.*s')", i, i % BUCKETS, i % PERSONS,
           amount_of(i), (int)length, note);
}

static int print_answers(uint64_t rows)
{
    uint64_t sum = 0, small = 0, highest = 0, highest_id = 0, bucket_7 = 0;

    for (uint64_t i = 0; i < rows; i++) {
        uint64_t amount = amount_of(i);
        sum += amount;
        small += amount < SMALL_AMOUNT;
        if (amount >= highest) {
            highest = amount;
            highest_id = i;
        }
        bucket_7 += i % BUCKETS == 7 ? amount : 0;
    }
    printf("rows=%" PRIu64 "\nsum=%" PRIu64 "\nsmall=%" PRIu64 "\nhighest=%" PRIu64 "\nhighest_id=%" PRIu64
           "\nbucket_7=%" PRIu64 "\npersons=%" PRIu64 "\namounts=%" PRIu64 "\nmiddle=%" PRIu64
           "\nmiddle_amount=%" PRIu64 "\n",
           rows, sum, small, highest, highest_id, bucket_7, rows < PERSONS ? rows : (uint64_t)PERSONS,
           rows < AMOUNTS ? rows : (uint64_t)AMOUNTS, rows / 2, amount_of(rows / 2));
    return fflush(stdout) == 0 ? 0 : 1;
}

static bool have_common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a != 1;
}

static int print_rows(uint64_t rows, uint64_t batch)
{
    puts("create table events { id int primary, bucket int, person string, amount int, note string };");
    for (uint64_t n = 0; n < rows; n++) {
        fputs(n % batch == 0 ? "insert into events values\n" : ",\n", stdout);
        print_row(n * (STEP % rows) % rows);
        if (n % batch == batch - 1 || n == rows - 1)
            puts(";");
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}

int main(int argc, char **argv)
{
    uint64_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    bool answers = argc > 2 && strcmp(argv[2], "answers") == 0;
    uint64_t batch = argc > 2 && !answers ? strtoull(argv[2], NULL, 10) : 1000;

    if (rows == 0 || batch == 0 || rows > UINT32_MAX || have_common_divisor(STEP, rows)) {
        fprintf(stderr, "usage: generate ROWS [BATCH | answers]; ROWS has no divisor in common with %" PRIu64 "\n",
                STEP);
        return 2;
    }
    return answers ? print_answers(rows) : print_rows(rows, batch);
}
