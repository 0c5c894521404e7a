/* salvage_fixture.h - a salvage for tests, and what it said. The last one's report stays until the next. */
#ifndef SSQL_TESTS_SALVAGE_FIXTURE_H
#define SSQL_TESTS_SALVAGE_FIXTURE_H

#include "storage/salvage.h"
#include "support/backup_fixture.h"

struct salvage_heard {
    char texts[8192]; /* "file: text", a line each, without the progress */
    unsigned losses, findings;
    unsigned stop_at; /* that finding ends it; 0: none */
    bool has_older;   /* some loss may leave older rows */
    uint64_t row_count;
};
extern struct salvage_heard salvaged;

bool try_salvage(struct volume *from, struct volume *to, unsigned stop_at, struct ssql_error *error);
/* `from` stays; asserts that what it gives is healthy. */
void salvage(struct volume *from);
void assert_said(const char *text);
/* Whoever has heard enough ends it, at any finding; then there is no database. */
void stop_everywhere(struct volume *from);

/* Puts things into a volume. */
void put_object(struct volume *volume, const char *name, struct slice bytes);
void put_log(struct volume *volume, const char *name, struct slice bytes);
/* A copy of what is there, as a process leaves it that is killed. */
struct volume *copy_of(struct volume *volume);

#endif
