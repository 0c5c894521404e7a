#include "shell/test_result.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "shell/test_message.h"

enum piece { PIECE_CASE, PIECE_CHANGE, PIECE_END };

uint64_t test_digest(const char *bytes, size_t size)
{
    return XXH3_64bits(bytes, size);
}

static void put_string(struct text_buffer *message, const char *string)
{
    message_put_text(message, string, strlen(string));
}

static void send_and_clear(int to, struct text_buffer *message)
{
    (void)message_send(to, message);
    text_clear(message);
}

void test_result_send_case(int to, const struct test_case *done)
{
    struct text_buffer message = {0};

    message_put_number(&message, PIECE_CASE);
    message_put_number(&message, done->status);
    message_put_number(&message, done->line);
    message_put_number(&message, (uint64_t)(done->seconds * 1e6));
    put_string(&message, done->name);
    put_string(&message, done->text);
    send_and_clear(to, &message);
}

void test_result_send_change(int to, const struct test_change *change)
{
    struct text_buffer message = {0};

    message_put_number(&message, PIECE_CHANGE);
    message_put_number(&message, change->begin);
    message_put_number(&message, change->end);
    message_put_number(&message, change->line);
    message_put_number(&message, change->in_case);
    put_string(&message, change->text);
    put_string(&message, change->shown);
    send_and_clear(to, &message);
}

void test_result_send_end(int to, const char *complaint, uint64_t digest)
{
    struct text_buffer message = {0};

    message_put_number(&message, PIECE_END);
    message_put_number(&message, digest);
    put_string(&message, complaint);
    send_and_clear(to, &message);
}

static void read_case(struct test_result *result, struct message_reader *piece)
{
    result->cases = must_reallocate(result->cases, (result->case_count + 1) * sizeof *result->cases);
    struct test_case *read = &result->cases[result->case_count++];
    read->status = (enum test_status)message_take_number(piece);
    read->line = message_take_number(piece);
    read->seconds = (double)message_take_number(piece) / 1e6;
    read->name = message_take_text(piece, NULL);
    read->text = message_take_text(piece, NULL);
}

static void read_change(struct test_result *result, struct message_reader *piece)
{
    result->changes = must_reallocate(result->changes, (result->change_count + 1) * sizeof *result->changes);
    struct test_change *read = &result->changes[result->change_count++];
    read->begin = message_take_number(piece);
    read->end = message_take_number(piece);
    read->line = message_take_number(piece);
    read->in_case = message_take_number(piece);
    read->text = message_take_text(piece, NULL);
    read->shown = message_take_text(piece, NULL);
}

static void read_end(struct test_result *result, struct message_reader *piece)
{
    result->digest = message_take_number(piece);
    char *complaint = message_take_text(piece, NULL);
    text_add_string(&result->complaint, complaint);
    free(complaint);
    result->is_whole = !piece->failed;
}

void test_result_read(struct test_result *result, const struct text_buffer *sent)
{
    struct message_reader stream = {.at = sent->data, .end = sent->data + sent->size}, piece;

    while (sent->size > 0 && message_take_frame(&stream, &piece)) {
        switch ((enum piece)message_take_number(&piece)) {
        case PIECE_CASE: read_case(result, &piece); break;
        case PIECE_CHANGE: read_change(result, &piece); break;
        case PIECE_END: read_end(result, &piece); break;
        }
    }
}

void test_result_add_case(struct test_result *result, enum test_status status, const char *name, const char *text)
{
    result->cases = must_reallocate(result->cases, (result->case_count + 1) * sizeof *result->cases);
    result->cases[result->case_count++] = (struct test_case){
        .status = status, .name = must_copy(name, strlen(name)), .text = must_copy(text, strlen(text))};
}

void test_result_clear(struct test_result *result)
{
    for (size_t i = 0; i < result->case_count; i++) {
        free(result->cases[i].name);
        free(result->cases[i].text);
    }
    for (size_t i = 0; i < result->change_count; i++) {
        free(result->changes[i].text);
        free(result->changes[i].shown);
    }
    free(result->cases);
    free(result->changes);
    text_clear(&result->complaint);
    *result = (struct test_result){0};
}

unsigned test_result_count(const struct test_result *result, enum test_status status)
{
    unsigned count = 0;

    for (size_t i = 0; i < result->case_count; i++)
        count += result->cases[i].status == status;
    return count;
}
