"""Bad input: each kind gets one clear error and the right exit status, and changes nothing."""

import os
import pathlib
import subprocess
import unittest

from shell import PROGRAM, ShellTest

TABLE = "create table t { id int primary, name string, must int not null };\n"


class BadCommandLine(ShellTest):
    def test_unknown_options_modes_and_commands_get_a_suggestion(self):
        for arguments, says in ((["-csv"], "did you mean --csv?"), (["--jsno"], "did you mean --json?"),
                                (["--mode", "jsno"], "did you mean json?"), (["tset", "a.ssql"], 'did you mean "test"?'),
                                (["--color", "red"], "auto, always or never"), (["-c"], "needs a value"),
                                (["-tsv"], "did you mean --tsv?"), (["--haeder"], "did you mean --header?"),
                                (["--modee", "csv"], "did you mean --mode?"), (["--mode", "tsx"], "did you mean tsv?"),
                                (["--set", "memory_limt=1GiB"], 'did you mean "memory_limit"?'), (["--set", "x"], "NAME=VALUE"),
                                (["chekc", "db"], 'did you mean "check"?'), (["inof", "db"], 'did you mean "info"?'),
                                (["info", "--lvels", "db"], "did you mean --levels?"), (["test", "--updaet"], "did you mean --update?"),
                                (["help", "selct"], 'did you mean "select"?'), (["help", "42704x"], 'did you mean "42704"?'),
                                (["-cvs"], "unknown option -cvs\nhint: did you mean --csv?"), (["-of"], "did you mean --off?"),
                                (["-isnert"], "did you mean --insert?"), (["-z"], "unknown option -z"), (["--nothing-like-it"], "unknown option --nothing-like-it"),
                                (["--csv=yes"], "takes no value"), (["--append"], "--output"), (["-v", "x"], "NAME=VALUE")):
            with self.subTest(arguments):
                self.check_error(*arguments, says=says, status=2)
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_value_may_be_glued_to_its_letter(self):
        self.check("-mcsv", "-cselect 1 as a", out="a\n1\n")
        self.check("-mmarkdown", "-cselect 1 as a", out="| a   |\n|----:|\n|   1 |\n")
        self.check_error("-cselec", says='syntax error at "selec"')

    def test_unknown_dot_commands_and_arguments_get_a_suggestion(self):
        for command, says in ((".tabels", 'did you mean ".tables"?'), (".mode jsno", "json"), (".set memory_limt 1", "memory_limit"),
                              (".help tabels", 'did you mean ".tables"?'), (".nothinglikeit", ".help lists the commands"),
                              (".timer maybe", "on or off"), (".open", "something is missing"), (".quit 1 2 3", "too much")):
            with self.subTest(command):
                self.check_error("-c", command, says=says)

    def test_a_script_that_does_not_exist(self):
        self.check_error("-f", "none.ssql", says="none.ssql: No such file", status=2)
        self.check_error("-f", ".", says="Is a directory", status=2)
        self.check_error("-c", ".read none.ssql", says="none.ssql: No such file", status=1)


class BadText(ShellTest):
    def test_statements(self):
        self.check("db", TABLE + "insert into t values 1, 'a', 2;")
        for statement, says in (
                ("select 1 from usrs", "[42P01]"), ("select naem from t", "[42703]"), ("select lenght(name) from t", "[42883]"),
                ("selct 1", 'did you mean "select"?'), ("select name + 1 from t", "[42804]"),
                ("select 9223372036854775808", "[22003]"), ("select 9223372036854775807 + 1", "[22003]"),
                ("insert into t values 1, 'b', 2", "[23505]"), ("insert into t values 2, 'b'", "[42601]"),
                ("insert into t values 2, 'b', 2, 2", "[42601]"), ("insert into t values 2, 'b', null", "[23502]"),
                ("select 'abc", "unfinished statement that began at line 1"),
                ("select /* abc", "unfinished statement that began at line 1"),
                ("select 1 +", "[42601]"), (b"select 'a\xff'", "[22021]"), (b"select 'a\x00'", "[22021]"),
                ("select " + "(" * 100000 + "1" + ")" * 100000, "[54000]")):
            with self.subTest(statement[:40]):
                self.check_error("db", text=statement, says=says)
        self.check("--no-header", "db", "select * from t", out="1\ta\t2\n")

    def pour(self, command, *arguments):
        """What the shell says to the output of a command that is too large to be kept here."""
        done = subprocess.run("%s | '%s' %s" % (command, PROGRAM, " ".join(arguments)), shell=True, cwd=self.folder, env=self.environment,
                              capture_output=True, timeout=150)
        return done.returncode, done.stderr.decode(), done.stdout.decode()

    def test_a_statement_without_an_end_is_not_gathered_without_end(self):
        """It is refused when it is too long, not when the input ends; what follows is not run."""
        endless = "(echo 'select 1;'; echo; printf \"select '\"; tr '\\0' x </dev/zero)"
        for arguments in (["--no-header"], ["--no-header", "--no-bail"]):
            status, err, out = self.pour(endless, *arguments)
            self.assertEqual((status, out), (1, "1\n"))
            self.assertTrue(err.startswith("error: the statement is longer than 268435456 bytes [54000], line 3, column 1\n  select 'xxx"), err[:200])
            self.assertLess(len(err), 500)

    def test_a_record_without_an_end(self):
        self.check("db", "create table t { id int primary, name string }")
        for head, name in (("id,name\\n1,", "t.csv"), ("{\"id\":1,\"name\":\"", "t.jsonl")):
            endless = "(printf '%s'; tr '\\0' x </dev/zero)" % head
            status, err, _ = self.pour(endless, "import", "--format", name[2:], "db", "t", "-")
            self.assertEqual((status, err.count("\n")), (1, 1), err[:300])
            self.assertIn("a record is longer than 67108864 bytes [54000]", err)
        self.check("--no-header", "db", "select count(*) from t", out="0\n")

    def test_an_unfinished_statement_names_its_line(self):
        self.write("a.ssql", "select 1;\n\n-- here\nselect 'abc;\n\n")
        result = self.run_shell("-f", "a.ssql")
        self.assertTrue(result.err.startswith("a.ssql:4:1: error: unfinished statement that began at line 4 "), result.err)
        self.assertEqual((result.out, result.status), ("1\n1\n", 1))

    def test_a_line_of_20_mb_is_read_and_its_error_placed(self):
        text = "select length('" + "x" * 20_000_000 + "');select 1 + 'a';"
        result = self.run_shell("--no-header", text=text)
        self.assertEqual((result.status, result.out), (1, "20000000\n"))
        self.assertIn("line 1, column %d" % (text.index(" + 'a'") + 2), result.err)
        self.assertLess(len(result.err), 1000)

    def test_control_characters_in_messages_are_shown_not_sent(self):
        result = self.run_shell("-c", "select \x1b[31m1")
        self.assertNotIn("\x1b", result.err)


class BadDatabase(ShellTest):
    def test_a_file(self):
        self.write("script.ssql", "select 1;")
        result = self.run_shell("script.ssql", "select 1")
        self.assertEqual((result.out, result.status), ("", 2))
        self.assertIn("-f", result.err)

    def test_a_folder_that_belongs_to_something_else(self):
        pathlib.Path(self.path("other")).mkdir()
        self.write("other/file", "x")
        self.check_error("other", "create table t (a int)", says="no ssql database", status=2)
        self.assertEqual(os.listdir(self.path("other")), ["file"])

    def test_an_empty_folder_becomes_a_database(self):
        pathlib.Path(self.path("empty")).mkdir()
        self.check("empty", "create table t (a int)")
        self.check("empty", ".tables", out="t\n")

    def test_a_newer_format_and_a_damaged_manifest(self):
        self.check("db", TABLE)
        manifest = pathlib.Path(self.path("db/manifest"))
        files = [manifest] if manifest.is_file() else sorted(path for path in manifest.rglob("*") if path.is_file())
        for file in files:
            data = bytearray(file.read_bytes())
            data[len(data) // 2] ^= 0x40
            file.write_bytes(data)
        result = self.run_shell("db", "select 1")
        self.assertEqual(result.out, "")
        self.assertEqual(result.err.count("error: "), 1, result.err)
        self.assertEqual(result.status, 3, result.err)

    @unittest.skipIf(os.geteuid() == 0, "the superuser may write everywhere")
    def test_a_folder_that_is_read_only(self):
        self.check("db", TABLE)
        os.chmod(self.path("db"), 0o500)
        self.check_error("db", "insert into t values 1, 'a', 2", says="[25006]", status=2)
        self.check("-r", "--no-header", "db", "select count(*) from t", out="0\n")


class FullDisk(ShellTest):
    """/dev/full takes nothing: each way to write there gets one error."""

    def check_one_error(self, *arguments, stdout=None):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run([PROGRAM, *arguments], cwd=self.folder, env=self.environment, stdout=stdout or full,
                                    stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual((result.returncode, result.stderr.count("error: cannot write"), len(result.stderr.splitlines())),
                         (1, 1, 1), result.stderr)

    def test_results(self):
        self.check_one_error("-c", "select 1")
        self.check_one_error("-o", "/dev/full", "-c", "select 1", stdout=subprocess.DEVNULL)

    def test_commands_without_a_session(self):
        self.check("db", "create table t { id int }")
        for arguments in (["--help"], ["--version"], ["help"], ["info", "--help"], ["info", "db"]):
            with self.subTest(arguments):
                self.check_one_error(*arguments)


if __name__ == "__main__":
    unittest.main()
