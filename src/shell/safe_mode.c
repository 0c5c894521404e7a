#include "shell/safe_mode.h"

#include "shell/statement_text.h"

/* Whether a word stands in the statement outside of all parentheses and quotes, from `at` on. */
static bool has_word(const char *text, size_t size, size_t at, const char *keyword)
{
    struct word word;
    size_t depth = 0;

    while (next_word(text, size, &at, &word)) {
        if (word.is_quoted)
            continue;
        if (*word.text == '(')
            depth++;
        else if (*word.text == ')' && depth > 0)
            depth--;
        else if (depth == 0 && word_is(&word, keyword))
            return true;
    }
    return false;
}

/* Whether a copy names neither a source nor a target but the shell's own streams. */
static bool copies_streams(const char *text, size_t size, size_t at)
{
    struct word word;
    size_t depth = 0, streams = 0;

    while (next_word(text, size, &at, &word)) {
        if (!word.is_quoted && *word.text == '(')
            depth++;
        else if (!word.is_quoted && *word.text == ')' && depth > 0)
            depth--;
        if (depth > 0 || (!word_is(&word, "from") && !word_is(&word, "to")))
            continue;
        if (!next_word(text, size, &at, &word) || (!word_is(&word, "stdin") && !word_is(&word, "stdout")))
            return false;
        streams++;
    }
    return streams > 0;
}

static bool refuse(const char **why, const char **hint, const char *sentence, const char *advice)
{
    *why = sentence;
    *hint = advice;
    return false;
}

bool safe_mode_allows(const char *text, size_t size, const char **why, const char **hint)
{
    static const char condition[] = "where true means all rows";
    struct word word;
    size_t at = 0;

    if (!next_word(text, size, &at, &word))
        return true;
    while (word_is(&word, "explain") || word_is(&word, "analyze"))
        if (!next_word(text, size, &at, &word))
            return true;
    if (word_is(&word, "drop") || (word_is(&word, "alter") && has_word(text, size, at, "drop")))
        return refuse(why, hint, "drop is not allowed with --safe", "");
    if (word_is(&word, "truncate"))
        return refuse(why, hint, "truncate is not allowed with --safe", "");
    if (word_is(&word, "update") && !has_word(text, size, at, "where"))
        return refuse(why, hint, "update without where is not allowed with --safe", condition);
    if (word_is(&word, "backup"))
        return refuse(why, hint, "backup is not allowed with --safe: it writes files", "");
    if (word_is(&word, "copy") && !copies_streams(text, size, at))
        return refuse(why, hint, "copy with a file is not allowed with --safe", "stdin and stdout are");
    if (!word_is(&word, "delete"))
        return true;
    if (next_word(text, size, &at, &word) && word_is(&word, "table"))
        return refuse(why, hint, "delete table is not allowed with --safe", "");
    if (!has_word(text, size, at, "where"))
        return refuse(why, hint, "delete without where is not allowed with --safe", condition);
    return true;
}
