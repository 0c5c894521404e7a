"""The shell without a terminal: what is run, in which order, what is written where, and the exit status."""

import os
import signal
import subprocess
import time
import unittest

from shell import PROGRAM, ShellTest

TABLE = "create table t { id int primary, name string };\n"


class WhatRuns(ShellTest):
    def test_statements_c_and_f_run_in_their_order(self):
        self.write("two.ssql", "select 2;")
        self.check("-q", "--no-header", "-c", "select 1", "-f", "two.ssql", ":memory:", "select 3", out="1\n2\n3\n")

    def test_standard_input_is_run_and_its_last_statement_needs_no_end(self):
        self.check("--no-header", text="select 1;\nselect 2", out="1\n2\n")
        self.check("--no-header", text="select 'a'", out="a\n")
        self.check("--no-header", "-f", "-", text="select 1;", out="1\n")

    def test_a_statement_of_a_pipe_that_stays_open_is_answered(self):
        process = self.start("--no-header", "db")
        process.stdin.write((TABLE + "insert into t values (1, 'a'); select name from t;").encode())
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b"a\n")
        process.stdin.write(b"select 2;\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b"2\n")
        process.communicate()
        self.assertEqual(process.returncode, 0)

    def test_what_was_answered_survives_kill(self):
        process = self.start("--no-header", "db")
        process.stdin.write((TABLE + "insert into t values (1, 'a'); select count(*) from t;\n").encode())
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b"1\n")
        process.kill()
        process.communicate()
        self.check("--no-header", "db", "select name from t", out="a\n")

    def test_an_idle_pipe_does_not_leave_its_statements_undurable(self):
        process = self.start("db")
        process.stdin.write((TABLE + "insert into t values (1, 'a');\n").encode())
        process.stdin.flush()
        deadline = time.monotonic() + 20
        rows = ""
        while rows != "1\n" and time.monotonic() < deadline:
            rows = self.run_shell("-r", "--no-header", "db", "select count(*) from t").out
        process.kill()
        process.communicate()
        self.check("--no-header", "db", "select name from t", out="a\n")

    def test_a_byte_order_mark_and_line_ends_of_windows_are_no_matter(self):
        self.check("--no-header", text=b"\xef\xbb\xbfselect 1;\r\n.print x\r\nselect 2;\r\n", out="1\nx\n2\n")

    def test_dot_commands_stand_where_no_statement_is_open(self):
        self.check("--no-header", "-c", "-- a comment\n.mode csv\nselect 1,\n.5;\n/* another */\n.print done",
                   out="1,0.5\ndone\n")

    def test_scripts_read_scripts_beside_them(self):
        os.mkdir(self.path("sub"))
        self.write("sub/a.ssql", ".read b.ssql\nselect 2;")
        self.write("sub/b.ssql", "select 1;")
        self.check("--no-header", "-f", "sub/a.ssql", out="1\n2\n")

    def test_a_script_that_reads_itself_ends(self):
        self.write("a.ssql", ".read a.ssql\n")
        self.check_error("-f", "a.ssql", says="more than 32 deep")

    def test_nothing_is_made_on_disk_before_the_first_write(self):
        self.check("db", "select 1", out="1\n1\n")
        self.assertFalse(os.path.exists(self.path("db")))


class Failing(ShellTest):
    def test_the_first_error_stops(self):
        self.check_error("--no-header", text="select 1; selct; select 2;", says="selct", out="1\n")

    def test_no_bail_goes_on_and_remembers(self):
        self.check_error("--no-header", "--no-bail", text="select 1; selct; select 2;", says="selct", out="1\n2\n")
        self.check_error("--no-header", "--no-bail", "-c", ".nothing", "-c", "select 2", says=".nothing", out="2\n")

    def test_a_file_gives_place_and_line(self):
        self.write("demo.ssql", TABLE + "  select naem from t;")
        self.check("-f", "demo.ssql", status=1, err='demo.ssql:2:10: error: unknown column "naem" in t [42703]\n'
                                                    "    select naem from t;\n"
                                                    "           ^~~~\n"
                                                    'hint: did you mean "name"?\n')

    def test_the_command_line_gives_place_behind_the_message(self):
        self.check("-c", TABLE + "select 1;\nselect naem from t", status=1, out="1\n1\n",
                   err='error: unknown column "naem" in t [42703], line 3, column 8\n'
                       "  select naem from t\n"
                       "         ^~~~\n"
                       'hint: did you mean "name"?\n')

    def test_the_mark_stands_under_the_token_after_tabs_and_wide_characters(self):
        result = self.run_shell("-c", "select\t'日本', x1;")
        lines = result.err.splitlines()
        self.assertEqual(lines[1], "  select  '日本', x1;")
        self.assertEqual(lines[2], " " * (2 + 8 + 6 + 2) + "^~")

    def test_the_window_of_a_long_line_holds_the_token(self):
        result = self.run_shell("-c", "select length('%s') + naem + length('%s')" % ("x" * 5000, "y" * 5000))
        lines = result.err.splitlines()
        self.assertLess(len(lines[1]), 120)
        at = lines[2].index("^")
        self.assertEqual(lines[1][at:at + 4], "naem")

    def test_a_single_transaction_is_all_or_nothing(self):
        self.check("-1", "db", text=TABLE + "insert into t values (1, 'a');")
        self.check_error("-1", "db", text="insert into t values (2, 'b'); insert into t values (1, 'c');",
                         says="[23505]")
        self.check_error("-1", "--no-bail", "db", text="insert into t values (1, 'c'); insert into t values (2, 'b');",
                         says="[23505]")
        self.check("--no-header", "db", "select name from t", out="a\n")

    def test_an_input_that_ends_within_a_transaction_is_an_error(self):
        self.check("db", TABLE)
        self.check_error("db", text="begin; insert into t values (1, 'a');", says="ended within a transaction")
        self.check("--no-header", "db", "select count(*) from t", out="0\n")

    def test_an_int_that_does_not_fit_is_no_float(self):
        self.check_error("-v", "n=9223372036854775808", ":memory:", "select 1 + :n", says="[42804]")

    def test_where_no_database_can_be_made_nothing_starts(self):
        self.check_error("no/such/db", "select 1", says="there is no directory", status=2)

    def test_exit_statuses(self):
        self.assertEqual(self.run_shell("-c", ".exit 7", "-c", "select 1").status, 7)
        self.assertEqual(self.run_shell("--no-bail", "-c", "selct", "-c", ".exit").status, 1)
        self.assertEqual(self.run_shell("-c", ".quit", "-c", "select 1").out, "")

    def test_an_interrupted_batch_ends_with_130(self):
        process = self.start(":memory:")
        process.stdin.write(b"select 1;\n")
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate()
        self.assertEqual(process.returncode, 130)

    def test_a_closed_output_pipe_ends_quietly_by_its_signal(self):
        process = self.start("db")
        process.stdin.write((TABLE + "insert into t values (1, 'a'); select 1;\n").encode())
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        process.stdin.write(b"select 2;\nselect 3;\n")
        process.stdin.close()
        error = process.stderr.read()
        process.stderr.close()
        self.assertEqual((error, process.wait()), (b"", -signal.SIGPIPE))
        self.check("--no-header", "db", "select count(*) from t", out="1\n")

    def test_closed_standard_streams_do_not_reach_the_database(self):
        for closed, status in ((">&-", 1), ("2>&-", 0), ("<&-", 0)):
            with self.subTest(closed):
                done = subprocess.run(["sh", "-c", '"$0" "$@" ' + closed, PROGRAM, "db" + closed[0], TABLE + "insert into t values (1, 'a');"
                                       "select 'must not be written there' from t;"], cwd=self.folder, capture_output=True)
                self.assertEqual(done.returncode, status)
                self.check("--no-header", "db" + closed[0], "select name from t", out="a\n")

    def test_a_full_disk_under_the_results_is_an_error(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PROGRAM, "-c", "select 1"], cwd=self.folder, stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"No space left", done.stderr)


class Settings(ShellTest):
    def test_variables_are_typed_by_their_place(self):
        self.check("--no-header", "-v", "id=7", ":memory:", "select :id + 1", "select upper(:id)", out="8\n7\n")
        self.check("--no-header", "-v", "a='x'' y'", "-v", "b=null", "-v", "c=true", ":memory:",
                   "select :a; select :b is null; select not :c", out="x' y\ntrue\nfalse\n")

    def test_a_variable_is_never_text_of_the_statement(self):
        self.check("--no-header", "-v", "a=1); drop table t", ":memory:", "select length(:a)", out="16\n")

    def test_a_parameter_without_value_is_an_error(self):
        self.check_error(":memory:", "select :id", says="parameter :id has no value [42P02]")

    def test_database_options(self):
        self.check_error("-s", "snyc=off", "db", "select 1", says="snyc", status=2)
        self.check("-s", "sync=off", "--no-header", "db", "select 1", out="1\n")
        self.check_error("--must-exist", "db", "select 1", says="no database", status=2)
        self.assertFalse(os.path.exists(self.path("db")))

    def test_readonly_refuses_a_write_and_opens_beside_a_writer(self):
        self.check("db", TABLE)
        self.check_error("-r", "db", "insert into t values (1, 'a')", says="[25006]")
        writer = self.start("db")
        writer.stdin.write(b"insert into t values (1, 'a'); select 1;\n")
        writer.stdin.flush()
        writer.stdout.readline()
        refused = 'error: database "db" is open in "ssql" (pid %d) [55006]\nhint: %%s\n' % writer.pid
        for arguments, hint in ((["db", "select 1"], "open it with --readonly, or close the other program"),
                                (["import", "db", "t", "-"], "close the other program, or wait until it ends"),
                                (["compact", "db"], "close the other program, or wait until it ends")):
            self.check(*arguments, err=refused % hint, status=2)
        self.check_error("-c", ".open db", says="hint: open it with .open -r, or close the other program")
        self.check("-r", "--no-header", "db", "begin; select 1; commit", out="1\n")
        writer.communicate()

    def test_echo_and_timer(self):
        self.check("--no-header", "-e", "-c", "select 1;", out="select 1;\n1\n")
        result = self.run_shell("--no-header", "-t", "-c", "select 1;")
        self.assertEqual(result.out, "1\n")
        self.assertRegex(result.err, r"^time: \d+\.\d+ s, user .* system .*\n$")

    def test_open_takes_another_database(self):
        self.check("a", TABLE + "insert into t values (1, 'a');")
        self.check("--no-header", "b", text=TABLE + "insert into t values (1, 'b');\nselect name from t;\n.open a\n"
                   "select name from t;\n", out="b\na\n")

    def test_set_holds_for_the_next_open(self):
        self.check("a", TABLE)
        self.check_error("--no-header", text=".set readonly on\n.open a\ninsert into t values (1, 'a');", says="[25006]")

    def test_unique_beginnings_of_commands_do(self):
        self.check("--no-header", "-c", ".pri hello", out="hello\n")
        self.check_error("-c", ".e 1", says="several commands begin with .e")
        self.check_error("-c", ".tabels", says='did you mean ".tables"?')

    def test_tables_and_schema(self):
        script = "create table `odd name` (a int not null, b string default 'x', primary key (a, b)); " + TABLE
        self.check("db", script)
        self.check("db", ".tables", out="odd name\nt\n")
        self.check("db", ".tables t*", out="t\n")
        schema = self.run_shell("db", ".schema").out
        self.assertIn("create table `odd name` (\n    a int", schema)
        self.check("copy", schema)
        self.check("copy", ".schema", out=schema)

    def test_info_counts_rows_and_files(self):
        self.check("db", TABLE + "insert into t values (1, 'a'), (2, 'b');")
        out = self.run_shell("info", "db").out
        self.assertRegex(out, r"\nt +2 ")
        self.check_error("info", "nothing", says="no database", status=2)

    def test_version_names_libraries_and_format(self):
        out = self.run_shell("--version").out
        for part in ("ssql 0.", "file format: ", "line editing: ", "utf8proc", "licence: "):
            self.assertIn(part, out)


class Output(ShellTest):
    def test_a_result_file_takes_its_place_when_all_went_well(self):
        self.write("out", "old")
        self.check("--no-header", "-o", "out", "-c", "select 1", "-c", "select 2")
        self.assertEqual(self.read("out"), "1\n2\n")
        self.check("--no-header", "-o", "out", "--append", "-c", "select 3")
        self.assertEqual(self.read("out"), "1\n2\n3\n")

    def test_a_result_file_stays_as_it_was_after_an_error(self):
        self.write("out", "old")
        self.check_error("-o", "out", "-c", "select 1; selct", says="selct")
        self.assertEqual(self.read("out"), "old")
        self.assertEqual(os.listdir(self.folder), ["out"])

    def test_once_and_output_go_to_files_and_programs(self):
        self.check("--no-header", "-c", ".once a\nselect 1;\nselect 2;\n.output b\nselect 3;\nselect 4;\n.output\n"
                   "select 5;\n.once |tr 6 7\nselect 6;", out="2\n5\n7\n")
        self.assertEqual((self.read("a"), self.read("b")), ("1\n", "3\n4\n"))

    def test_a_file_that_cannot_be_written_is_an_error(self):
        self.check_error("-o", "no/such", "-c", "select 1", says="No such file", status=2)
        self.check_error("-c", ".once no/such", says="No such file")

    def test_a_program_that_fails_is_an_error(self):
        self.check_error("-c", ".once |cat >/dev/null; exit 3\nselect 1;", says="the program failed")
        self.check_error("-c", ".output |cat >/dev/null; exit 3\nselect 1;", says="the program failed")

    def test_memory_does_not_grow_with_the_result(self):
        self.check("db", text=TABLE + "".join("insert into t values %s;\n" % ", ".join(
            "(%d, '%s')" % (i, "x" * 1000) for i in range(begin, begin + 1000)) for begin in range(0, 40000, 1000)))
        peaks = []
        for limit in (2000, 40000):
            process = subprocess.Popen([PROGRAM, "--box", "-s", "memory_limit=16MiB", "db", "select * from t limit %d" % limit],
                                       cwd=self.folder, stdout=subprocess.DEVNULL)
            peaks.append(os.wait4(process.pid, 0)[2].ru_maxrss)
            process.returncode = 0
        self.assertLess(peaks[1] - peaks[0], 24 * 1024)


if __name__ == "__main__":
    unittest.main()
