"""Dot commands and the options beside them: what each changes, what it refuses, help, start-up files, safe mode, timeouts."""

import os
import re
import subprocess
import unittest

from shell import PROGRAM, ShellTest

TABLE = "create table t (id int primary, name string);"
# Takes far longer than the timeouts of the tests, on any machine.
SLOW = ("select count(distinct replace(upper(concat(name, cast(id as string), name)), 'A', 'xyz')) as n, "
        "max(replace(replace(concat(name, name, name, name, name), 'a', 'bbbb'), 'b', 'aaaa')) as m from t "
        "where replace(replace(concat(name, name, name, name), 'ab', 'xyxyxy'), 'xy', 'abab') like '%a%b%a%b%c%d%e%' or id >= 0;")


class Settings(ShellTest):
    def test_mode_takes_options(self):
        self.check("-c", ".mode csv --no-header --null NIL --separator ;\nselect 1 as a, null as b;", out="1;NIL\n")
        self.check("-c", ".mode insert films\nselect 1 as a;", out="insert into films (a) values (1);\n")
        self.check_error("-c", ".mode csv films\nselect 1;", says="unexpected films")
        self.check_error("-c", ".mode csv --null\nselect 1;", says="a text is missing after --null")

    def test_a_mode_that_is_refused_changes_nothing(self):
        result = self.run_shell("--no-bail", "-c", ".mode json --nul x\nselect 1 as a;")
        self.assertEqual((result.out, result.status), ("a\n1\n", 1))

    def test_width_fixes_columns_and_wraps(self):
        self.check("--no-header", "--table", "-c", ".width 3 -5\nvalues ('abcde', 'x');",
                   out="+-----+-------+\n| abc |     x |\n| de  |       |\n+-----+-------+\n")
        self.check("--no-header", "--table", "-c", ".width 3\n.width\nvalues ('abcde');", out="+-------+\n| abcde |\n+-------+\n")
        self.check_error("-c", ".width wide", says="a number from -1000 to 1000")

    def test_rows_leaves_nothing_out_where_no_terminal_is(self):
        result = self.run_shell("--box", "-c", ".rows 2\nvalues (1), (2), (3), (4);")
        self.assertEqual(len(result.out.splitlines()), 8)
        self.check_error("-c", ".rows 1", says="a number from 2 to 10000")

    def test_show_tells_every_setting(self):
        out = self.run_shell("--timeout", "2.5", "db", ".show").out
        for line in ("database   db", "mode       tsv", "rows       40", "timeout    2.5 s", "safe       off", "output     standard output"):
            self.assertIn(line + "\n", out)

    def test_a_setting_that_is_not_understood_is_an_error(self):
        for command in (".timer maybe", ".color pink", ".timeout soon", ".timeout -1", ".timeout nan", ".rows many", ".exit 256"):
            with self.subTest(command):
                self.check_error("-c", command, says="not ")

    def test_progress_wants_a_terminal(self):
        self.check_error("-c", ".progress on", says="no terminal")
        self.check("-c", ".progress off\n.print done", out="done\n")

    def test_open_and_close(self):
        self.check("a", TABLE)
        self.check("-c", ".open -r a\n.tables\n.close\n.tables\n.open a\n" + "insert into t values (1, 'x');", out="t\n")
        self.check_error("-c", ".open -r a\ninsert into t values (2, 'x');", says="[25006]")
        self.check_error("-s", "readonly=on", "a", ".close\n.open -r a\n.close\n.open a\ninsert into t values (2, 'x');", says="[25006]")
        self.check_error("a", "begin; insert into t values (2, 'x')", ".close", says="a transaction is open")
        self.check_error("-c", ".open -r", says="expected one database")
        self.check_error("a", ".open no/such/place/db", says="[")

    def test_cd_moves_files_but_not_the_database(self):
        os.mkdir(self.path("inner"))
        result = self.run_shell("--no-header", "db", "-c", TABLE + "\n.cd inner\n.once out\nselect 1;\n"
                                "insert into t values (1, 'a');\n.check")
        self.assertRegex(result.out, r"^ok: 1 table, ")
        self.assertEqual((self.read("inner/out"), os.listdir(self.path("inner"))), ("1\n", ["out"]))
        self.check("--no-header", "db", "select name from t", out="a\n")
        self.check_error("-c", ".cd nowhere", says="No such file")

    def test_shell_runs_a_program_after_what_came_before(self):
        self.check("--no-header", "-c", "select 1;\n.shell echo 2\nselect 3;", out="1\n2\n3\n")
        self.check_error("-c", ".shell exit 3", says="it ended with status 3")

    def test_describe_indexes_and_patterns(self):
        self.check("db", "create table pair (a int, b string, primary key (a, b)); create table bare (x int)")
        self.check("db", ".indexes", out="pair primary key (a, b)\n")
        self.assertIn("primary 2", self.run_shell("db", ".describe pair").out)
        self.check_error("db", ".describe nothing", says="[42P01]")

    def test_timer_and_stats_tell_on_standard_error(self):
        self.check("db", TABLE + "insert into t values (1, 'a'), (2, 'b');")
        result = self.run_shell("--no-header", "-t", "db", ".stats on", "select id from t;", "insert into t values (3, 'c');")
        self.assertEqual(result.out, "1\n2\n")
        self.assertRegex(result.err, r"time: [\d.]+ s, user [\d.]+ s, system [\d.]+ s; 2 rows, [\d,]+ a second; [\d,]+ bytes read\n")
        self.assertRegex(result.err, r"last_sequence +\+1\n")
        self.run_shell("compact", "db")
        self.assertRegex(self.run_shell("-t", "db", "select * from t").err, r"; [1-9][\d,]* bytes read\n$")
        self.assertRegex(self.run_shell("db", ".stats now").out, r"(?m)^durable_sequence +\d+$")

    def test_explain_shows_the_plan_and_runs_the_statement(self):
        result = self.run_shell("--no-header", "--var", "i=2", "-c", TABLE + "\n.explain on\ninsert into t values (2, 'b');\n"
                                "select name from t where id == :i;\nshow tables;")
        self.assertEqual((result.out, result.status), ("b\nt\n", 0))
        self.assertRegex(result.err, r"insert into t.*\n(.*\n)*.*lookup t \(key id == ")
        self.assertNotIn("error", result.err)


class Timeout(ShellTest):
    def setUp(self):
        super().setUp()
        rows = ", ".join("(%d, '%s')" % (i, "ab" * 20) for i in range(1000))
        doubled = "".join("insert into t select id + %d, name from t;" % (1000 * 2 ** power) for power in range(7))
        self.check("db", text=TABLE + "insert into t values " + rows + ";" + doubled)

    def test_a_slow_statement_is_ended_and_is_an_error_of_its_own(self):
        self.check_error("--timeout", "0.05", "db", SLOW, says="it took longer than it may [57014]")
        result = self.run_shell("--no-header", "--no-bail", "db", ".timeout 0.05", SLOW, ".timeout 0", "select 7;")
        self.assertEqual((result.out, result.status), ("7\n", 1))

    def test_a_quick_one_is_not(self):
        self.check("--no-header", "--timeout", "100", "db", "select count(*) from t;", out="128000\n")

    def test_a_change_that_is_ended_changes_nothing(self):
        slow = "update t set name = substr(replace(replace(repeat(concat(name, cast(id as string)), 20), 'ab', 'xyxyxy'), 'xy', 'cd'), 1, 9)"
        self.check_error("--timeout", "0.05", "db", slow, says="[57014]")
        self.check("--no-header", "db", "select count(*) from t where length(name) == 40;", out="128000\n")

    def test_what_is_no_time_is_refused(self):
        self.check_error("--timeout", "soon", says="a number of seconds, not soon", status=2)


class Safe(ShellTest):
    def setUp(self):
        super().setUp()
        self.check("db", TABLE + "insert into t values (1, 'a'), (2, 'b');")

    def test_files_and_programs_are_refused(self):
        self.write("s.ssql", "select 1;")
        for command in (".read s.ssql", ".output f", ".once f", ".once |cat", ".shell ls", ".cd /", ".open other", ".pager cat -n",
                        ".set allow_files on"):
            with self.subTest(command):
                self.check_error("--safe", "db", command, says="not allowed with --safe")
        self.assertEqual(sorted(os.listdir(self.folder)), ["db", "s.ssql"])

    def test_statements_that_destroy_are_refused(self):
        for statement in ("drop table t", "delete table t", "delete from t", "update t set name = 'x'", "DELETE /* where */ FROM t",
                          "update t set name = 'where'", "explain analyze delete from t", "copy t to 'where'",
                          "update t set id = (1 + case when true then 1 end)"):
            with self.subTest(statement):
                self.check_error("--safe", "db", statement, says="[42501]")
        self.check("--no-header", "db", "select count(*), max(name) from t", out="2\tb\n")

    def test_what_has_a_condition_runs(self):
        self.check("--safe", "--no-header", "db", "delete from t where id == 1; update t set name = 'c' where true; select * from t",
                   out="2\tc\n")

    def test_it_cannot_be_left(self):
        self.check_error("--no-bail", "--safe", "db", ".safe off", says="cannot be left")
        result = self.run_shell("--no-bail", "db", ".safe on", ".safe off", "drop table t")
        self.assertEqual(result.err.count("error: "), 2)
        self.check("db", ".tables", out="t\n")

    def test_scripts_of_the_command_line_are_trusted(self):
        self.write("s.ssql", "select count(*) from t;")
        self.check("--safe", "--no-header", "db", "-f", "s.ssql", out="2\n")


class StartFiles(ShellTest):
    def setUp(self):
        super().setUp()
        os.makedirs(self.path("config/ssql"))
        self.environment["XDG_CONFIG_HOME"] = self.path("config")
        self.write("config/ssql/init.ssql", ".print from the start\n.mode csv\n")

    def test_the_own_file_is_for_the_prompt_alone(self):
        self.check("-c", "select 1 as a, 2 as b", out="a\tb\n1\t2\n")
        self.assertIn("from the start\n", self.run_shell("--interactive", "-q", text="select 1 as a, 2 as b;\n").out)
        self.assertNotIn("from the start", self.run_shell("--interactive", "-q", "-X", text="").out)

    def test_an_error_in_it_is_told_and_passed_over(self):
        self.write("config/ssql/init.ssql", "select 1;\nselct;\n")
        result = self.run_shell("--interactive", "-q", text="select 'still' as a;\n")
        self.assertRegex(result.err, r"init\.ssql:2:1: error: ")
        self.assertIn("still", result.out)
        self.assertEqual(result.status, 0)

    def test_a_file_of_init_runs_before_all_and_counts(self):
        self.write("mine", ".mode json\ncreate table made (id int);\n")
        self.check("--init", "mine", "-c", "select * from made", out="[]\n")
        self.write("mine", "selct;\n")
        self.check_error("-i", "mine", "-c", "select 1", says="mine:1:1: error: ")
        self.check_error("-i", "absent", "-c", "select 1", says="No such file", status=2)


class Help(ShellTest):
    def test_every_command_has_help(self):
        names = re.findall(r"(?m)^(\.[a-z]+)", self.run_shell("-c", ".help").out.split("\n\n")[0])
        self.assertGreater(len(names), 35)
        self.assertEqual(names, sorted(names))
        for name in names:
            self.assertIn(name, self.run_shell("-c", ".help " + name).out)

    def test_statements_are_explained_with_syntax_example_and_page(self):
        for topic in ("select", "insert", "create table", "begin", "explain"):
            with self.subTest(topic):
                out = self.run_shell("-c", ".help " + topic).out
                self.assertIn(topic + " ", out)
                self.assertIn('More: docs/language.md, "', out)
                self.assertEqual(self.run_shell("help", *topic.split()).out, out)
        self.assertIn("Example:\nselect name from users", self.run_shell("--help", "select").out)
        self.assertIn("Example:\nselect name from users", self.run_shell("db", "--csv", "-h", "select").out)
        self.assertEqual(self.run_shell("-h", "create", "table").out, self.run_shell("help", "create", "table").out)
        self.assertTrue(self.run_shell("db", "-h").out.startswith("usage: ssql "))
        self.check_error("db", "-h", "selct", says='did you mean "select"?', status=2)

    def test_what_is_unknown_gets_a_suggestion(self):
        self.check_error("help", "selct", says='did you mean "select"?', status=2)
        self.check_error("-c", ".help .tabels", says='did you mean ".tables"?')
        self.check_error("tset", "x", says='did you mean "test"?', status=2)

    def test_commands_explain_themselves(self):
        for name in ("test", "check", "info", "compact"):
            self.assertIn("usage: ssql " + name, self.run_shell("help", name).out)


class Commands(ShellTest):
    def test_a_statement_in_the_place_of_the_database_is_told_so(self):
        for text in ("select 1", "insert into t values 1", "SHOW TABLES"):
            self.check_error(text, says="it reads like a statement", status=2)
        self.assertEqual(os.listdir(self.folder), [])

    def test_info_tells_levels(self):
        self.check("db", TABLE + "insert into t values (1, 'a'), (2, 'b');")
        out = self.run_shell("info", "--levels", "db").out
        self.assertRegex(out, r"\nt: 2 rows \(about\)\n  level +files +rows +size\n  memory ")
        self.run_shell("compact", "db")
        figures = r"  written: [\d.]+ (?:Ki)?B flushed, [\d.]+ (?:Ki)?B compacted\n" \
                  r"  write amplification 2.00\n  space amplification at most 1\.00\n"
        for out in self.run_shell("info", "--levels", "db").out, self.run_shell("db", ".info").out:
            self.assertEqual(len(re.findall(figures, out)), 2)
            self.assertRegex(out, r"\nall tables, and the catalog's\n  logged: [\d.]+ (Ki)?B\n  written: ")
        self.check_error("info", "--level", "db", says="unknown option --level", status=2)
        self.check_error("info", "--level", "db", says="did you mean --levels?", status=2)
        self.check_error("check", "--all", "db", says="hint: ssql check DB", status=2)
        self.check_error("compact", "-x", "db", says="hint: ssql compact DB [TABLE]", status=2)
        self.check_error("info", "db", "other", says="expected one database", status=2)

    def test_compact_makes_one_level(self):
        for i in range(6):
            self.check("db", "create table if not exists t (id int primary, name string); insert into t values (%d, '%s')" % (i, "x" * 500))
        result = self.run_shell("compact", "db")
        self.assertRegex(result.out, r"^ok: [\d,]+ bytes of tables, [\d,]+ before\n$")
        self.assertRegex(self.run_shell("info", "db").out, r"\nt +6 +0 .*  L\d: 1\n")
        self.check_error("compact", "nothing", says="no database", status=2)
        self.check_error("compact", "db", "u", says='unknown table "u" [42P01]')
        self.check("db", "insert into t values (100, 'x'); create table other (id int); insert into other values (1)")
        self.assertEqual(self.run_shell("compact", "db", "t").status, 0)
        self.check_error("compact", "db", "t", "other", says="expected a database", status=2)
        self.assertFalse(os.path.exists(self.path("nothing")))

    def test_a_full_disk_under_what_they_write_is_an_error(self):
        self.check("db", TABLE + "insert into t values (1, 'a');")
        for arguments in (["help"], ["help", "select"], ["info", "db"], ["check", "db"], ["compact", "db"], ["--version"], ["db", ".info"],
                          ["db", ".check"], ["db", ".help"], ["db", ".show"], ["db", ".tables"], ["db", ".print x"]):
            with self.subTest(arguments), open("/dev/full", "w") as full:
                done = subprocess.run([PROGRAM, *arguments], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                                      stdout=full, stderr=subprocess.PIPE, timeout=60)
                self.assertEqual(done.returncode, 1)
                self.assertEqual(done.stderr.decode(), "error: cannot write to standard output: No space left on device\n")

    def test_check_within_a_session_gives_the_status(self):
        self.check("db", TABLE + "insert into t values (1, 'a');")
        self.assertRegex(self.run_shell("db", ".check").out, r"^ok: 1 table, \d+ files, \d+ bytes checked\n$")
        self.check_error("-c", ".check", says="in memory has no files")


if __name__ == "__main__":
    unittest.main()
