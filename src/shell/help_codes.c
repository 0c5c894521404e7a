#include "shell/help_codes.h"

#include <string.h>
#include <strings.h>

/* In the order of the codes. Examples that are statements are run by tests/shell/help_codes_test.py, on a table
 * users { id int primary, name string not null, age int } with the row 1, 'bob', 30. */
static const struct help_code codes[] = {
    {"00000", "no error", "The call succeeded.", "This is the code of every success.", "Nothing.",
     "select 1;\nno error"},
    {"08007", "outcome unknown",
     "Writing or syncing the log failed, so that nobody can tell whether the last transactions are on the disk.",
     "The disk, or the way to it, has failed.",
     "Close the database, see to the disk, and open it again: then it is known which transactions are there.",
     "commit;\nerror: the write-ahead log failed: ... [08007]"},
    {"0A000", "not supported yet", "The statement is legal, but ssql cannot do it yet.",
     "It has been written for another database, or after the description of a later version.",
     "The mark stands under what is missing: write the statement without it.",
     "alter table users rename to people;\nerror: alter table is not supported yet [0A000]"},
    {"22003", "number out of range", "A number does not fit in its type: an int has 64 bits, a float about 15 digits.",
     "A sum or a product became too large, or more digits were written than an int has.",
     "Compute with floats, as in cast(a as float) * b; a limit must not be negative.",
     "select 9223372036854775807 + 1;\nerror: 9223372036854775807 + 1 does not fit in an int [22003]"},
    {"22012", "division by zero", "A number was divided by 0, or the remainder by 0 was asked for.",
     "A column holds 0 in one of the rows.", "Divide by nullif(b, 0), which makes the result null there.",
     "select age / 0 from users;\nerror: division by zero [22012]"},
    {"22021", "text that is no text", "The text is no valid UTF-8, or it holds a byte 0.",
     "A file in another encoding, such as Latin-1 or UTF-16, or one that is no text at all.",
     "Convert the file to UTF-8, for example with iconv.",
     "select \"\\u{0}\";\nerror: \\u{0} is no character that a string can hold [22021]"},
    {"22023", "bad option", "An option is not known, or it does not take such a value.",
     "A mistyped name, or a size without or with a wrong unit.", "In the shell, .set lists the options.",
     "ssql --set memory_limt=1GiB mydb\nerror: unknown option \"memory_limt\""},
    {"22P02", "bad value", "A text could not be converted: it is no value of the type asked for.",
     "cast met letters or blanks within a number, or a comma where a point belongs.",
     "Look at the value that the message shows; \"case when\" can leave such rows out.",
     "select cast('12x' as int);\nerror: \"12x\" is not an int [22P02]"},
    {"23502", "null where none may be", "A column that is \"not null\", or part of the primary key, would become null.",
     "The column was left out of an insert, and has no default.", "Give it a value, or define it with a default.",
     "insert into users (id) values (2);\nerror: column \"name\" of table \"users\" must not be null [23502]"},
    {"23505", "duplicate key", "There is a row with this primary key already, and no two may have the same.",
     "The same row was inserted twice, or an update gave two rows one key.",
     "Take another key; \"upsert into\" replaces the row, \"on conflict do nothing\" keeps the old one.",
     "insert into users values (1, 'al', 40);\nerror: table \"users\" already has a row with key id = 1 [23505]"},
    {"25001", "a transaction is open", "The statement cannot run within a transaction that is open.",
     "A second begin, because a commit was forgotten.", "End the transaction with commit or rollback first.",
     "begin; begin;\nerror: a transaction is already open [25001]"},
    {"25006", "read-only", "The database, or the transaction, may only be read.",
     "It was opened read-only, its directory cannot be written, or an earlier failure has closed it for writing.",
     "Open it for writing; after a failure of the disk, close it and open it again.",
     "ssql --readonly mydb \"delete from users\"\nerror: the database is open for reading only [25006]"},
    {"25P01", "no transaction is open", "There is nothing to commit or to roll back.",
     "The begin is missing, or the transaction was ended before.", "Write begin before the first statement.",
     "commit;\nerror: no transaction is open [25P01]"},
    {"3D000", "no such database", "At this path there is no database that could be opened.",
     "A mistyped path, or a file that is something else.",
     "Look at the path; a database is a directory. A script is run with -f.",
     "ssql --must-exist mydb\nerror: there is no database \"mydb\" [3D000]"},
    {"40001", "conflict", "Another transaction has changed what this one has read or written. Nothing of it is kept.",
     "Two programs have worked on the same rows at the same time.",
     "Run the whole transaction again, from begin on; most programs do that in a loop.",
     "commit;\nerror: the transaction conflicts with one that has committed since it began [40001]"},
    {"42501", "not allowed", "The statement would do something that this connection must not do.",
     "Files are out of bounds for statements, as with --safe, or for a program that has not allowed them.",
     "Let the program or the shell do it, or open the database with the option that allows it.",
     "ssql --safe mydb \"copy users to 'u.csv'\"\nerror: copy with a file is not allowed with --safe [42501]"},
    {"42601", "syntax error", "The statement cannot be read: the mark stands under the first word that does not fit.",
     "A mistyped word, a comma or bracket too many or too few, or a form that another database has.",
     "Read what was expected, and the hint; .help select shows how a statement is written.",
     "selct name from users;\nerror: syntax error at \"selct\" [42601]"},
    {"42701", "column named twice", "One column is named twice where it may stand once.",
     "A column was defined, listed or set twice.", "Leave one of them out, or give it another name.",
     "update users set age = 1, age = 2;\nerror: column \"age\" is set twice [42701]"},
    {"42702", "ambiguous name", "A name could mean more than one column.",
     "Two output columns, or columns of two tables, are called so.",
     "Give one of them another name with \"as\", or write the table before it: users.id.",
     "select id as a, age as a from users order by a;\nerror: several output columns are called \"a\" [42702]"},
    {"42703", "unknown column", "A name in the statement is no column of the table.",
     "A slip of the hand, another table than was meant, or a string without quotes.",
     "Look at the hint; \"describe t\" lists the columns, and a string is written 'so'.",
     "select naem from users;\nerror: unknown column \"naem\" in users [42703]"},
    {"42704", "unknown type",
     "The types are int, string, bool and float, and some names that other databases have for them.",
     "A slip of the hand, or a type of another database, such as datetime.",
     "Take one of the four; dates go into a string ('2026-01-31') or an int (seconds).",
     "create table t { at datetime };\nerror: unknown type \"datetime\" [42704]"},
    {"42803", "bad grouping", "A column stands beside an aggregate, or an aggregate where there are no groups yet.",
     "\"group by\" is missing, or \"where\" was written instead of \"having\".",
     "Name the column in group by, or take min(column); conditions on aggregates go into having.",
     "select name, count(*) from users;\n"
     "error: column \"name\" must appear in group by or in an aggregate [42803]"},
    {"42804", "types do not fit", "Two types were brought together that do not go together.",
     "A number in quotes, a string without, or a column of another type than was thought.",
     "Mend the quotes, or convert with cast(... as int); \"describe t\" tells the types.",
     "select * from users where id == 'one';\nerror: cannot compare int with string [42804]"},
    {"42883", "unknown function", "There is no such function, or none that takes such arguments.",
     "A slip of the hand, a function of another database, or a number where a string is taken.",
     "Look at the hint, which names a near function or shows what this one takes.",
     "select uper(name) from users;\nerror: unknown function \"uper\" [42883]"},
    {"42P01", "unknown table", "There is no such table, or it does not stand in from.",
     "A slip of the hand, or another database was opened than was thought.",
     "Look at the hint; \"show tables\" lists the tables.",
     "select * from user;\nerror: unknown table \"user\" [42P01]"},
    {"42P02", "unknown parameter", "The statement has no parameter of this name or number.",
     "A mistyped name, or a number beyond the last.", "Look at the names in the statement; numbers begin with 1.",
     "ssql_bind_int(stmt, 3, 7), after preparing select ?, ?;\nerror: there is no parameter 3: the statement has 2 "
     "[42P02]"},
    {"42P07", "table exists", "There is a table of this name already. Small and capital letters are the same.",
     "A script has been run twice.", "Drop the old one first, or write \"create table if not exists\".",
     "create table users { id int };\nerror: table \"users\" already exists [42P07]"},
    {"53000", "too many open files", "The system lets this process open no more files.",
     "A low limit, or a program that leaves files open.", "Raise the limit with ulimit -n.",
     "ulimit -n 8; ssql mydb\nerror: too many open files ... [53000]"},
    {"53100", "disk full", "There is no more space where the database lies. What was committed before is safe.",
     "The disk, or the quota, is full.", "Make room; then go on.",
     "insert into log values ...\nerror: ... no space left ... [53100]"},
    {"53200", "out of memory", "The system gave no memory, or the database's memory_limit was reached.",
     "A low limit, or a system that is short of memory.", "Raise memory_limit, or ask for fewer rows at a time.",
     "select ...\nerror: out of memory [53200]"},
    {"54000", "too large", "A limit was passed; the message names it.",
     "A very long statement, name, key or string, or an expression that is nested too deeply.",
     "Do it in smaller pieces.",
     "select length(repeat('ab', 99999999));\n"
     "error: a string of 199999998 bytes is beyond the limit of 67108864 [54000]"},
    {"55000", "not now", "A call was made that the state of its object does not allow.",
     "A program binds a value while a statement is running, or uses one that has ended.",
     "Reset the statement first; ssql.h says of every call what it needs.",
     "ssql_bind_int(stmt, 1, 7), after ssql_step gave a row\n"
     "error: a parameter cannot be changed while the statement is between its rows [55000]"},
    {"55006", "database is open elsewhere", "Another process has the database open for writing, and only one may.",
     "A shell or a program is still running; the message names it.",
     "Wait until it has ended, or open the database read-only with -r: readers need not wait.",
     "ssql mydb, while a shell has it open\nerror: database \"mydb\" is open in \"ssql\" (pid 4711) [55006]"},
    {"57014", "interrupted", "The statement was stopped, and has changed nothing.",
     "Ctrl-C, a timeout, or a program that called ssql_interrupt.", "Run it again, or give it more time.",
     "Ctrl-C, while a select runs\nerror: the statement was interrupted [57014]"},
    {"58030", "input/output error", "The system could not read or write a file.",
     "A failing disk, a directory that has gone, or rights that are missing.",
     "The message says which file, and what the system says; see to it and open the database again.",
     "select * from users;\nerror: ... Input/output error [58030]"},
    {"XX000", "internal error", "ssql has made a mistake of its own.", "A fault in the program, not in the statement.",
     "Please report it, with the statement and the tables.", "select ...\nerror: ... [XX000]"},
    {"XX001", "damage", "A file of the database is not as it was written. No wrong rows are shown.",
     "A failing disk, or something else has written to the file.",
     "\"ssql check DB\" lists what is damaged; restore it from a backup.",
     "select * from users;\nerror: ... checksum ... [XX001]"},
};

enum { CODE_COUNT = sizeof codes / sizeof codes[0] };

const struct help_code *help_code_find(const char *sqlstate)
{
    for (int i = 0; i < CODE_COUNT; i++)
        if (strcasecmp(codes[i].sqlstate, sqlstate) == 0)
            return &codes[i];
    return NULL;
}

const char *help_code_name(int i)
{
    return i < CODE_COUNT ? codes[i].sqlstate : NULL;
}

void help_code_add(struct text_buffer *to, const struct help_code *code)
{
    text_format(to, "%s  %s\n%s\n", code->sqlstate, code->name, code->meaning);
    text_format(to, "Mostly because: %s\nWhat to do: %s\nExample:\n", code->cause, code->remedy);
    for (const char *line = code->example; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        text_format(to, "  %.*s\n", (int)size, line);
        line += size + (line[size] == '\n');
    }
}
