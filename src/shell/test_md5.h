/* test_md5.h - MD5 as RFC 1321 says, for the hashes in sqllogictest files. It protects nothing. */
#ifndef SHELL_TEST_MD5_H
#define SHELL_TEST_MD5_H

#include <stddef.h>
#include <stdint.h>

struct md5 {
    uint32_t state[4];
    uint64_t size; /* bytes so far */
    uint8_t block[64];
};

enum { MD5_TEXT_SIZE = 33 };

void md5_init(struct md5 *md5);
void md5_add(struct md5 *md5, const void *bytes, size_t size);
/* Ends it, and writes 32 hexadecimal digits and a terminator. */
void md5_finish(struct md5 *md5, char text[MD5_TEXT_SIZE]);

#endif
