#include "shell/test_update.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell/test_text.h"

/* The file's text with the changes in place. */
static void put_together(const struct test_result *result, const bool *accepted, const struct text_buffer *text,
                         struct text_buffer *out)
{
    size_t at = 0;

    for (size_t i = 0; i < result->change_count; i++) {
        const struct test_change *change = &result->changes[i];
        bool is_in_place = change->begin >= at && change->end >= change->begin && change->end <= text->size;
        if ((accepted != NULL && !accepted[i]) || !is_in_place)
            continue;
        text_add(out, text->data + at, change->begin - at);
        text_add_string(out, change->text);
        at = change->end;
    }
    text_add(out, text_string(text) + at, text->size - at);
}

bool test_update_write(const struct test_result *result, const bool *accepted, struct text_buffer *complaint)
{
    struct text_buffer text = {0}, changed = {0};
    bool done = test_text_read(&text, result->path, complaint);

    if (done && test_digest(text_string(&text), text.size) != result->digest) {
        text_format(complaint, "%s: error: not updated: it has changed while it ran\n", result->path);
        done = false;
    }
    if (done) {
        put_together(result, accepted, &text, &changed);
        done = test_text_replace(result->path, &changed);
        if (!done)
            text_format(complaint, "%s: error: cannot be updated: %s\n", result->path, strerror(errno));
    }
    text_clear(&text);
    text_clear(&changed);
    return done;
}

static void fail_case(struct test_result *result, const struct test_change *change)
{
    struct text_buffer text = {0};

    if (change->in_case >= result->case_count) /* its case was cut off, and has failed by that */
        return;
    struct test_case *failed = &result->cases[change->in_case];
    text_format(&text, "%s%s", failed->status == TEST_FAILED ? failed->text : "", change->shown);
    free(failed->text);
    failed->text = text.data;
    failed->status = TEST_FAILED;
}

void test_update_refuse(struct test_result *result, const bool *accepted)
{
    for (size_t i = 0; i < result->change_count; i++)
        if (accepted == NULL || accepted[i])
            fail_case(result, &result->changes[i]);
}

/* ---- review ---- */

/* One of "ynaq"; the end of input is q. */
static char ask(void)
{
    char line[64];

    for (;;) {
        fputs("take the new answer? [y]es, [n]o, [a]ll that follow, [q]uit: ", stdout);
        fflush(stdout);
        if (fgets(line, sizeof line, stdin) == NULL) {
            putchar('\n');
            return 'q';
        }
        if (strcspn(line, "\n") == 1 && strchr("ynaq", line[0]) != NULL)
            return line[0];
    }
}

size_t test_review_file(struct test_review *review, struct test_result *result, bool *accepted)
{
    size_t count = 0;

    for (size_t i = 0; i < result->change_count; i++) {
        const struct test_change *change = &result->changes[i];
        if (!review->takes_all && !review->has_ended) {
            printf("\n%s", change->shown);
            char answer = ask();
            review->takes_all = answer == 'a';
            review->has_ended = answer == 'q';
            accepted[i] = answer == 'y' || answer == 'a';
        } else {
            accepted[i] = review->takes_all;
        }
        count += accepted[i];
        if (!accepted[i])
            fail_case(result, change);
    }
    return count;
}
