#include "parser/foreign_word.h"

#include "parser/ast.h"

struct foreign_word {
    const char *word, *hint;
};

static const char no_times[] = "there are no dates and times: keep them as string ('2026-01-31') or as int (seconds)";
static const char no_random[] = "there are no random values: the program gives them as parameters";
static const char no_numbering[] =
    "rows get no numbers by themselves: give the key, or make a table without a primary key";
static const char no_decimals[] = "the types are int, string, bool and float: keep exact decimals as int (cents)";
static const char no_bytes[] = "the types are int, string, bool and float: keep bytes as a string of hex digits";
static const char no_json[] = "the types are int, string, bool and float: keep JSON as string";
static const char no_patterns[] = "there are no regular expressions: \"like\" matches with % and _";
static const char list_tables[] = "\"show tables\" lists the tables, \"describe t\" the columns of t";
static const char one_rank[] = "there are no window functions; \"order by\" and \"limit\" take the first rows";

static const struct foreign_word functions[] = {
    {"now", no_times},
    {"getdate", no_times},
    {"sysdate", no_times},
    {"curdate", no_times},
    {"curtime", no_times},
    {"date", no_times},
    {"time", no_times},
    {"datetime", no_times},
    {"julianday", no_times},
    {"strftime", no_times},
    {"date_format", no_times},
    {"date_trunc", no_times},
    {"date_part", no_times},
    {"datediff", no_times},
    {"dateadd", no_times},
    {"extract", no_times},
    {"year", no_times},
    {"month", no_times},
    {"day", no_times},
    {"to_date", no_times},
    {"to_timestamp", no_times},
    {"unixepoch", no_times},
    {"unix_timestamp", no_times},
    {"from_unixtime", no_times},
    {"rand", no_random},
    {"random", no_random},
    {"uuid", no_random},
    {"newid", no_random},
    {"gen_random_uuid", no_random},
    {"last_insert_id", no_numbering},
    {"last_insert_rowid", no_numbering},
    {"nextval", no_numbering},
    {"scope_identity", no_numbering},
    {"row_number", one_rank},
    {"rank", one_rank},
    {"dense_rank", one_rank},
    {"lag", one_rank},
    {"lead", one_rank},
    {"len", "did you mean \"length\"?"},
    {"datalength", "did you mean \"length\"?"},
    {"ucase", "did you mean \"upper\"?"},
    {"toupper", "did you mean \"upper\"?"},
    {"lcase", "did you mean \"lower\"?"},
    {"tolower", "did you mean \"lower\"?"},
    {"average", "did you mean \"avg\"?"},
    {"mean", "did you mean \"avg\"?"},
    {"total", "did you mean \"sum\"?"},
    {"isnull", "ifnull(a, b) is b where a is null; \"a is null\" tests for it"},
    {"nvl", "ifnull(a, b) is b where a is null"},
    {"if", "\"case when a then b else c end\" chooses between two values"},
    {"iif", "\"case when a then b else c end\" chooses between two values"},
    {"decode", "\"case a when 1 then 'one' else 'many' end\" chooses by a value"},
    {"convert", "\"cast(a as int)\" converts"},
    {"try_cast", "\"cast(a as int)\" converts, and fails where it cannot"},
    {"to_char", "\"cast(a as string)\" converts"},
    {"to_number", "\"cast(a as int)\" and \"cast(a as float)\" convert"},
    {"str", "\"cast(a as string)\" converts"},
    {"format", "concat(a, b) joins strings, \"cast(a as string)\" converts to one"},
    {"printf", "concat(a, b) joins strings, \"cast(a as string)\" converts to one"},
    {"concat_ws", "concat(a, ', ', b) joins strings"},
    {"charindex", "instr(text, part) is the place of a part, or 0"},
    {"position", "instr(text, part) is the place of a part, or 0"},
    {"strpos", "instr(text, part) is the place of a part, or 0"},
    {"locate", "instr(text, part) is the place of a part, or 0"},
    {"mid", "did you mean \"substr\"?"},
    {"substring_index", "substr(text, 1, instr(text, part) - 1) is what stands before a part"},
    {"split_part", "substr(text, 1, instr(text, part) - 1) is what stands before a part"},
    {"string_agg", "did you mean \"group_concat\"?"},
    {"array_agg", "did you mean \"group_concat\"?"},
    {"listagg", "did you mean \"group_concat\"?"},
    {"mod", "the remainder is a % b"},
    {"div", "\"/\" of two ints gives an int"},
    {"trunc", "\"cast(a as int)\" cuts off what is behind the point"},
    {"truncate", "\"cast(a as int)\" cuts off what is behind the point"},
    {"top", "\"limit 10\" at the end of the query takes the first 10 rows"},
    {"any_value", "min(a) is one of the values"},
    {"first", "min(a) is the least value; \"order by\" and \"limit 1\" take the first row"},
    {"regexp_like", no_patterns},
    {"regexp_matches", no_patterns},
    {"regexp_replace", no_patterns},
    {"json_extract", no_json},
    {"hex", no_bytes},
    {"unhex", no_bytes},
    {"version", "\"ssql --version\" says it, and ssql_version() in a program"},
};

static const struct foreign_word types[] = {
    {"date", no_times},
    {"time", no_times},
    {"datetime", no_times},
    {"datetime2", no_times},
    {"timestamp", no_times},
    {"timestamptz", no_times},
    {"interval", no_times},
    {"year", no_times},
    {"serial", no_numbering},
    {"bigserial", no_numbering},
    {"smallserial", no_numbering},
    {"identity", no_numbering},
    {"decimal", no_decimals},
    {"dec", no_decimals},
    {"numeric", no_decimals},
    {"money", no_decimals},
    {"number", "the types are int, string, bool and float: numbers are int, or float with a point"},
    {"blob", no_bytes},
    {"bytea", no_bytes},
    {"binary", no_bytes},
    {"varbinary", no_bytes},
    {"json", no_json},
    {"jsonb", no_json},
    {"xml", no_json},
    {"uuid", "did you mean \"string\"?"},
    {"enum", "did you mean \"string\"?"},
    {"tinyint", "did you mean \"int\"?"},
    {"mediumint", "did you mean \"int\"?"},
    {"int2", "did you mean \"int\"?"},
    {"int4", "did you mean \"int\"?"},
    {"int8", "did you mean \"int\"?"},
    {"int16", "did you mean \"int\"?"},
    {"int32", "did you mean \"int\"?"},
    {"int64", "did you mean \"int\"?"},
    {"long", "did you mean \"int\"?"},
    {"short", "did you mean \"int\"?"},
    {"byte", "did you mean \"int\"?"},
    {"uint", "did you mean \"int\"? It has a sign, and 64 bits"},
    {"unsigned", "did you mean \"int\"? It has a sign, and 64 bits"},
    {"bit", "did you mean \"bool\"?"},
    {"logical", "did you mean \"bool\"?"},
    {"float4", "did you mean \"float\"?"},
    {"float8", "did you mean \"float\"?"},
    {"float32", "did you mean \"float\"?"},
    {"float64", "did you mean \"float\"?"},
    {"nvarchar", "did you mean \"string\"?"},
    {"varchar2", "did you mean \"string\"?"},
    {"nchar", "did you mean \"string\"?"},
    {"ntext", "did you mean \"string\"?"},
    {"tinytext", "did you mean \"string\"?"},
    {"mediumtext", "did you mean \"string\"?"},
    {"longtext", "did you mean \"string\"?"},
    {"clob", "did you mean \"string\"?"},
    {"str", "did you mean \"string\"?"},
    {"character", "did you mean \"string\"?"},
};

static const struct foreign_word columns[] = {
    {"rownum", "\"limit 10\" at the end of the query takes the first 10 rows"},
    {"rowid", "rows have no number that can be seen: the primary key tells them apart"},
    {"oid", "rows have no number that can be seen: the primary key tells them apart"},
    {"ctid", "rows have no number that can be seen: the primary key tells them apart"},
    {"_id", "rows have no number that can be seen: the primary key tells them apart"},
    {"current_timestamp", no_times},
    {"current_date", no_times},
    {"current_time", no_times},
    {"localtime", no_times},
    {"sysdate", no_times},
    {"now", no_times},
    {"today", no_times},
    {"current_user", "there are no users"},
    {"session_user", "there are no users"},
    {"none", "did you mean \"null\"?"},
    {"nil", "did you mean \"null\"?"},
    {"undefined", "did you mean \"null\"?"},
    {"yes", "did you mean \"true\"?"},
    {"no", "did you mean \"false\"?"},
    {"nan", "there is no such number: \"null\" is the value that is not known"},
    {"infinity", "there is no such number: \"null\" is the value that is not known"},
};

static const struct foreign_word tables[] = {
    {"dual", "a select needs no from: \"select 1\""},
    {"sqlite_master", list_tables},
    {"sqlite_schema", list_tables},
    {"information_schema", list_tables},
    {"pg_tables", list_tables},
    {"pg_class", list_tables},
    {"pg_catalog", list_tables},
    {"sys", list_tables},
    {"duckdb_tables", list_tables},
    {"user_tables", list_tables},
    {"all_tables", list_tables},
    {"generate_series", "there are no functions that make rows: \"values (1), (2)\" is a query"},
    {"unnest", "there are no functions that make rows: \"values (1), (2)\" is a query"},
};

static const char *find_hint(const struct foreign_word *words, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++)
        if (name_equal(name, slice_of(words[i].word)))
            return words[i].hint;
    return NULL;
}

const char *foreign_function_hint(struct slice name)
{
    return find_hint(functions, sizeof functions / sizeof functions[0], name);
}

const char *foreign_type_hint(struct slice name)
{
    return find_hint(types, sizeof types / sizeof types[0], name);
}

const char *foreign_column_hint(struct slice name)
{
    return find_hint(columns, sizeof columns / sizeof columns[0], name);
}

const char *foreign_table_hint(struct slice name)
{
    return find_hint(tables, sizeof tables / sizeof tables[0], name);
}

/* ---- characters ---- */

static const char straight_quotes[] = "write straight quotes: 'text', or `name`";
static const char plain_minus[] = "did you mean the minus sign -?";
static const char not_seen[] = "it cannot be seen: delete it, or type a blank";

/* Ranges of code points that word processors, web pages and other keyboards put where a sign of ours is meant. */
static const struct {
    uint32_t first, last;
    bool is_visible;
    const char *hint;
} strange_characters[] = {
    {0x80, 0x9F, false, not_seen},
    {0xA0, 0xA0, false, not_seen},
    {0xAB, 0xAB, true, straight_quotes},
    {0xAD, 0xAD, false, not_seen},
    {0xB4, 0xB4, true, straight_quotes},
    {0xBB, 0xBB, true, straight_quotes},
    {0xD7, 0xD7, true, "did you mean \"*\"?"},
    {0xF7, 0xF7, true, "did you mean \"/\"?"},
    {0x2000, 0x200B, false, not_seen}, /* not the joiners, which some scripts need in words */
    {0x200E, 0x200F, false, not_seen},
    {0x2010, 0x2015, true, plain_minus},
    {0x2018, 0x201F, true, straight_quotes},
    {0x2026, 0x2026, true, NULL},
    {0x2028, 0x202F, false, not_seen},
    {0x2032, 0x2033, true, straight_quotes},
    {0x2039, 0x203A, true, straight_quotes},
    {0x2044, 0x2044, true, "did you mean \"/\"?"},
    {0x205F, 0x2060, false, not_seen},
    {0x2190, 0x21FF, true, NULL},
    {0x2212, 0x2212, true, plain_minus},
    {0x2215, 0x2215, true, "did you mean \"/\"?"},
    {0x2217, 0x2217, true, "did you mean \"*\"?"},
    {0x2227, 0x2227, true, "did you mean \"and\"?"},
    {0x2228, 0x2228, true, "did you mean \"or\"?"},
    {0x2260, 0x2260, true, "did you mean \"!=\"?"},
    {0x2264, 0x2264, true, "did you mean \"<=\"?"},
    {0x2265, 0x2265, true, "did you mean \">=\"?"},
    {0x3000, 0x3000, false, not_seen},
    {0x3001, 0x3001, true, "did you mean \",\"?"},
    {0x3002, 0x3002, true, "did you mean \";\"?"},
    {0x300C, 0x300F, true, straight_quotes},
    {0xFEFF, 0xFEFF, false, not_seen},
    {0xFF01, 0xFF01, true, "did you mean \"!\"?"},
    {0xFF02, 0xFF02, true, straight_quotes},
    {0xFF05, 0xFF05, true, "did you mean \"%\"?"},
    {0xFF07, 0xFF07, true, straight_quotes},
    {0xFF08, 0xFF08, true, "did you mean \"(\"?"},
    {0xFF09, 0xFF09, true, "did you mean \")\"?"},
    {0xFF0A, 0xFF0A, true, "did you mean \"*\"?"},
    {0xFF0B, 0xFF0B, true, "did you mean \"+\"?"},
    {0xFF0C, 0xFF0C, true, "did you mean \",\"?"},
    {0xFF0D, 0xFF0D, true, plain_minus},
    {0xFF0E, 0xFF0E, true, "did you mean \".\"?"},
    {0xFF0F, 0xFF0F, true, "did you mean \"/\"?"},
    {0xFF1A, 0xFF1A, true, "did you mean \":\"?"},
    {0xFF1B, 0xFF1B, true, "did you mean \";\"?"},
    {0xFF1C, 0xFF1C, true, "did you mean \"<\"?"},
    {0xFF1D, 0xFF1D, true, "did you mean \"=\"?"},
    {0xFF1E, 0xFF1E, true, "did you mean \">\"?"},
    {0xFF1F, 0xFF1F, true, "did you mean \"?\"?"},
    {0xFF40, 0xFF40, true, straight_quotes},
    {0xFF5B, 0xFF5B, true, "did you mean \"{\"?"},
    {0xFF5D, 0xFF5D, true, "did you mean \"}\"?"},
    {0xFFFC, 0xFFFD, true, NULL},
};

enum { STRANGE_COUNT = sizeof strange_characters / sizeof strange_characters[0] };

static bool find_strange(uint32_t code_point, struct foreign_character *found)
{
    for (size_t i = 0; i < STRANGE_COUNT && strange_characters[i].first <= code_point; i++) {
        if (code_point > strange_characters[i].last)
            continue;
        *found = (struct foreign_character){code_point, strange_characters[i].is_visible, strange_characters[i].hint};
        return true;
    }
    return false;
}

/* The character at the beginning of UTF-8; of bytes that are none, the first alone. */
static uint32_t decode(struct slice text, size_t *size)
{
    static const uint8_t kept_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint8_t first = text.data[0];
    uint32_t code_point;

    *size = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (*size == 1 || *size > text.size) {
        *size = 1;
        return first < 0x80 ? first : 0xFFFD;
    }
    code_point = first & kept_bits[*size];
    for (size_t i = 1; i < *size; i++)
        code_point = code_point << 6 | (text.data[i] & 0x3F);
    return code_point;
}

bool foreign_character_find(struct slice word, struct foreign_character *found, size_t *at, size_t *size)
{
    for (*at = 0; *at < word.size; *at += *size)
        if (find_strange(decode(slice_make(word.data + *at, word.size - *at), size), found))
            return true;
    return false;
}

const char *foreign_sign_hint(char sign, char behind)
{
    switch (sign) {
    case '&': return "did you mean \"&&\"?";
    case '|': return "did you mean \"||\"?";
    case '#': return "a comment begins with --";
    case '^': return "power(a, b) raises to a power";
    case '~': return "there are no operators on bits, and no regular expressions";
    case '[': return "a name that needs quotes is written `name`; there are no arrays";
    case ']': return "a name that needs quotes is written `name`; there are no arrays";
    case '@': return "a parameter is ?, ?1, :name or $name";
    case '$': return "a parameter is ?, ?1, :name or $name; a string is written 'text'";
    case '\\': return "in the shell, a command with a backslash is a line of its own";
    case ':':
        return behind == ':'   ? "\"cast(a as int)\" converts"
               : behind == '=' ? "did you mean \"=\"?"
                               : "a parameter is :name, without a blank";
    default: return NULL;
    }
}
