#include "parser/keyword.h"

#include "base/bytes.h"
#include "parser/parser_internal.h"
#include "ssql_grammar.h"

const struct keyword keywords[] = {
    {"action", TOKEN_ACTION, false},
    {"add", TOKEN_ADD, false},
    {"all", TOKEN_ALL, true},
    {"alter", TOKEN_ALTER, true},
    {"analyze", TOKEN_ANALYZE, false},
    {"and", TOKEN_AND, true},
    {"as", TOKEN_AS, true},
    {"asc", TOKEN_ASC, false},
    {"backup", TOKEN_BACKUP, false},
    {"begin", TOKEN_BEGIN, false},
    {"between", TOKEN_BETWEEN, true},
    {"by", TOKEN_BY, false},
    {"cascade", TOKEN_CASCADE, false},
    {"case", TOKEN_CASE, true},
    {"cast", TOKEN_CAST, true},
    {"check", TOKEN_CHECK, true},
    {"column", TOKEN_COLUMN, false},
    {"commit", TOKEN_COMMIT, false},
    {"conflict", TOKEN_CONFLICT, false},
    {"copy", TOKEN_COPY, false},
    {"create", TOKEN_CREATE, true},
    {"cross", TOKEN_CROSS, true},
    {"default", TOKEN_DEFAULT, true},
    {"delete", TOKEN_DELETE, true},
    {"desc", TOKEN_DESC, false},
    {"describe", TOKEN_DESCRIBE, false},
    {"distinct", TOKEN_DISTINCT, true},
    {"do", TOKEN_DO, false},
    {"drop", TOKEN_DROP, true},
    {"else", TOKEN_ELSE, true},
    {"end", TOKEN_END, true},
    {"escape", TOKEN_ESCAPE, true},
    {"except", TOKEN_EXCEPT, true},
    {"exists", TOKEN_EXISTS, true},
    {"explain", TOKEN_EXPLAIN, false},
    {"false", TOKEN_FALSE, true},
    {"filter", TOKEN_FILTER, false},
    {"first", TOKEN_FIRST, false},
    {"foreign", TOKEN_FOREIGN, true},
    {"from", TOKEN_FROM, true},
    {"full", TOKEN_FULL, true},
    {"group", TOKEN_GROUP, true},
    {"having", TOKEN_HAVING, true},
    {"if", TOKEN_IF, false},
    {"in", TOKEN_IN, true},
    {"index", TOKEN_INDEX, false},
    {"inner", TOKEN_INNER, true},
    {"insert", TOKEN_INSERT, true},
    {"intersect", TOKEN_INTERSECT, true},
    {"into", TOKEN_INTO, true},
    {"is", TOKEN_IS, true},
    {"join", TOKEN_JOIN, true},
    {"key", TOKEN_KEY, false},
    {"last", TOKEN_LAST, false},
    {"left", TOKEN_LEFT, true},
    {"like", TOKEN_LIKE, true},
    {"limit", TOKEN_LIMIT, true},
    {"natural", TOKEN_NATURAL, true},
    {"no", TOKEN_NO, false},
    {"not", TOKEN_NOT, true},
    {"nothing", TOKEN_NOTHING, false},
    {"null", TOKEN_NULL, true},
    {"nulls", TOKEN_NULLS, false},
    {"offset", TOKEN_OFFSET, true},
    {"on", TOKEN_ON, true},
    {"or", TOKEN_OR, true},
    {"order", TOKEN_ORDER, true},
    {"outer", TOKEN_OUTER, true},
    {"precision", TOKEN_PRECISION, false},
    {"primary", TOKEN_PRIMARY, true},
    {"recursive", TOKEN_RECURSIVE, false},
    {"references", TOKEN_REFERENCES, true},
    {"release", TOKEN_RELEASE, false},
    {"rename", TOKEN_RENAME, false},
    {"restrict", TOKEN_RESTRICT, false},
    {"returning", TOKEN_RETURNING, true},
    {"right", TOKEN_RIGHT, true},
    {"rollback", TOKEN_ROLLBACK, false},
    {"savepoint", TOKEN_SAVEPOINT, false},
    {"select", TOKEN_SELECT, true},
    {"set", TOKEN_SET, true},
    {"show", TOKEN_SHOW, false},
    {"table", TOKEN_TABLE, true},
    {"tables", TOKEN_TABLES, false},
    {"then", TOKEN_THEN, true},
    {"to", TOKEN_TO, false},
    {"transaction", TOKEN_TRANSACTION, false},
    {"true", TOKEN_TRUE, true},
    {"union", TOKEN_UNION, true},
    {"unique", TOKEN_UNIQUE, true},
    {"update", TOKEN_UPDATE, true},
    {"upsert", TOKEN_UPSERT, false},
    {"using", TOKEN_USING, true},
    {"values", TOKEN_VALUES, true},
    {"view", TOKEN_VIEW, false},
    {"when", TOKEN_WHEN, true},
    {"where", TOKEN_WHERE, true},
    {"with", TOKEN_WITH, true},
    {"work", TOKEN_WORK, false},
};

const size_t keyword_count = sizeof keywords / sizeof keywords[0];

/* Sets the bit that tells lower from upper case in every byte. Of the bytes that words are made of, only letters turn
 * into letters by it. */
static const uint64_t lower_case_bits = 0x2020202020202020u;

enum { HEAD_SIZE = 8 };

static uint64_t word_head(const char *word, size_t size)
{
    uint64_t head = load_u64le(word);

    if (size < HEAD_SIZE)
        head &= (UINT64_C(1) << (size * 8)) - 1;
    return head | (size < HEAD_SIZE ? lower_case_bits & ((UINT64_C(1) << (size * 8)) - 1) : lower_case_bits);
}

static uint8_t head_slot(uint64_t head)
{
    return (uint8_t)((head * UINT64_C(0x9E3779B97F4A7C15)) >> 56);
}

void keyword_table_init(struct keyword_table *table)
{
    *table = (struct keyword_table){0};
    for (size_t i = 0; i < keyword_count; i++) {
        char word[HEAD_SIZE] = {0};
        size_t size = strlen(keywords[i].text);
        memcpy(word, keywords[i].text, size < HEAD_SIZE ? size : HEAD_SIZE);
        uint64_t head = word_head(word, size);
        uint8_t slot = head_slot(head);
        while (table->slots[slot] != 0)
            slot++;
        table->slots[slot] = (uint8_t)(i + 1);
        table->heads[slot] = head;
    }
}

static uint8_t lower(char byte)
{
    return (uint8_t)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

/* strcmp order of a word of any case and a keyword. */
static int compare_word(const char *word, size_t size, const char *keyword)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t left = lower(word[i]), right = (uint8_t)keyword[i];
        if (left != right)
            return left < right ? -1 : 1;
    }
    return keyword[size] == '\0' ? 0 : -1;
}

const struct keyword *keyword_table_find(const struct keyword_table *table, const char *word, size_t size)
{
    uint64_t head = word_head(word, size);

    for (uint8_t slot = head_slot(head); table->slots[slot] != 0; slot++) {
        const struct keyword *keyword = &keywords[table->slots[slot] - 1];
        if (table->heads[slot] == head && compare_word(word, size, keyword->text) == 0)
            return keyword;
    }
    return NULL;
}

const struct keyword *keyword_find(struct slice word)
{
    size_t low = 0, high = keyword_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare_word((const char *)word.data, word.size, keywords[middle].text);
        if (order == 0)
            return &keywords[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
