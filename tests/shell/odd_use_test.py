"""Odd uses, hostile and clumsy ones: results that go to links, devices and to nobody, signals at the wrong moment, transactions
that are ended too early, habits of other shells. Each gets what is documented, or one clear error, and leaves nothing behind."""

import os
import signal
import subprocess
import time
import unittest

from shell import PROGRAM, ShellTest


class ResultFiles(ShellTest):
    def test_a_link_stays_a_link_and_its_file_gets_the_results(self):
        os.symlink("second", self.path("first"))
        os.symlink("file", self.path("second"))
        for number in "12": # the file is missing at first
            self.check("--no-header", "-o", "first", "-c", "select " + number)
            self.assertEqual(self.read("file"), number + "\n")
        self.assertTrue(os.path.islink(self.path("first")) and os.path.islink(self.path("second")))

    def test_links_that_go_round_in_circles_are_refused(self):
        os.symlink("circle", self.path("circle"))
        self.check("-o", "circle", "-c", "select 1", status=2,
                   err="error: cannot write to circle: Too many levels of symbolic links\n")

    def test_standard_output_by_any_name_is_written_not_replaced(self):
        for name in ("-", "/proc/self/fd/1", "/dev/fd/1"):
            with open(self.path("results"), "wb") as file:
                subprocess.run([PROGRAM, "--no-header", "-o", name, "-c", "select 1", "-c", ".print two"], cwd=self.folder,
                               stdout=file, check=True, timeout=60)
            self.assertEqual(self.read("results"), "1\ntwo\n", name)
        self.check("--no-header", text=".output /dev/fd/1\nselect 1;\n.output\nselect 2;\n", out="1\n2\n")
        self.assertEqual(os.listdir(self.folder), ["results"])

    def test_a_device_that_is_an_ordinary_file_is_not_replaced(self):
        with open(self.path("errors"), "wb") as file:
            subprocess.run([PROGRAM, "--no-header", "-o", "/dev/fd/2", "-c", "select 1"], cwd=self.folder, stderr=file,
                           stdout=subprocess.DEVNULL, check=True, timeout=60)
        self.assertEqual(self.read("errors"), "1\n")

    def test_a_file_beside_standard_output_is_another(self):
        """Also where standard output is closed."""
        for out in (">results", ">&-"):
            self.write("other", "old\n")
            done = subprocess.run(["sh", "-c", "exec \"$0\" --no-header -o other -c 'select 1' " + out, PROGRAM], cwd=self.folder,
                                  env=self.environment, stderr=subprocess.PIPE, timeout=60)
            self.assertEqual((done.returncode, done.stderr, self.read("other")), (0, b"", "1\n"))

    def test_an_empty_name_is_no_file(self):
        self.check("-o", "", "-c", "select 1", status=2, err="error: cannot write to : No such file or directory\n")
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_signal_that_ends_the_shell_leaves_no_half_file(self):
        self.write("results", "old\n")
        for number in (signal.SIGTERM, signal.SIGHUP):
            process = self.start("-o", "results", "-c", "select 1", "-c", ".shell echo >&2; sleep 10")
            process.stderr.readline()
            process.send_signal(number)
            process.communicate(timeout=30)
            self.assertEqual(process.returncode, -number)
            self.assertEqual((os.listdir(self.folder), self.read("results")), (["results"], "old\n"))

    def test_a_program_that_fails_ends_the_script(self):
        self.write("s.ssql", "select 1;\n.once |exit 3\n\n  select 2;\nselect 3;\n")
        self.check("--no-header", "-f", "s.ssql", out="1\n", status=1,
                   err="s.ssql:4:3: error: cannot write the result: the program failed\n    select 2;\n    ^~~~~~~~~\n")

    def test_once_does_not_replace_a_file_by_half_a_result(self):
        self.write("rows", "old\n")
        self.write("s.ssql", ".once rows\nselect 2 where 1 / 0 == 1;\n")
        self.assertEqual(self.run_shell("-f", "s.ssql").status, 1)
        self.assertEqual((sorted(os.listdir(self.folder)), self.read("rows")), (["rows", "s.ssql"], "old\n"))

    def test_a_pipe_to_no_program_is_refused(self):
        for command in (".output |", ".once |  "):
            self.check_error("-c", command, says="a program is missing after |")


class Transactions(ShellTest):
    def test_one_transaction_cannot_be_ended_by_its_input(self):
        for statement in ("commit", "rollback", "begin"):
            result = self.run_shell("-1", "db", "-c", "create table t { id int primary }", "-c", statement, "-c", "select nothing")
            self.assertEqual((result.status, result.out), (1, ""))
            self.assertIn("error: with --single-transaction the whole input is one transaction", result.err)
            self.check("db", "-c", ".tables")

    def test_the_end_of_it_may_be_said_in_no_file_either(self):
        self.write("s.ssql", "create table t { id int primary };\n\n-- now\n  commit;\n")
        result = self.run_shell("-1", "db", "-f", "s.ssql")
        self.assertIn("s.ssql:4:3: error: with --single-transaction", result.err)
        self.check("db", "-c", ".tables")


class Interrupts(ShellTest):
    def interrupt(self, *arguments, text=b""):
        process = self.start(*arguments, start_new_session=True)
        process.stdin.write(text)
        process.stdin.flush()
        process.stderr.readline() if ".shell" in " ".join(arguments) else time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
        return process.returncode, out, err

    def test_a_program_that_is_interrupted_ends_a_script_with_130(self):
        self.assertEqual(self.interrupt("-c", ".shell echo >&2; sleep 10", "-c", "select 1"), (130, b"", b""))

    def test_an_open_string_is_no_error_of_who_interrupts(self):
        self.assertEqual(self.interrupt("--no-header", text=b"select 1;\nselect 'abc"), (130, b"1\n", b""))


class Commands(ShellTest):
    def test_a_semicolon_out_of_habit_is_passed_over(self):
        self.check("-c", ".mode csv ;", "-c", "select 1 as a;", "-c", ".timeout 5;", "-c", ".header off;", "-c", "select 2", out="a\n1\n2\n")

    def test_a_semicolon_that_is_meant_stays(self):
        self.check("-c", ".mode csv", "-c", ".separator ;", "-c", "select 1 as a, 2 as b", "-c", ".print x;", out="a;b\n1;2\nx;\n")

    def test_a_beginning_of_several_commands_lists_them(self):
        self.check_error("-c", ".ti", says="several commands begin with .ti, line 1, column 1\n")
        self.assertIn("hint: .timeout, .timer\n", self.run_shell("-c", ".ti").err)

    def test_a_hint_ends_without_a_blank(self):
        self.assertIn("hint: .close stands alone\n", self.run_shell("-c", ".close x").err)

    def test_errors_of_commands_in_files_have_line_and_column(self):
        self.write("s.ssql", "select 1;\n  .read nothing.ssql\n")
        self.check("--no-header", "-f", "s.ssql", out="1\n", status=1,
                   err="s.ssql:2:3: error: cannot read nothing.ssql: No such file or directory\n    .read nothing.ssql\n    ^~~~~~~~~~~~~~~~~~\n")
        self.write("s.ssql", ".open s.ssql\n")
        self.assertTrue(self.run_shell("-f", "s.ssql").err.startswith('s.ssql:1:1: error: "s.ssql" is a file'))

    def test_a_nul_byte_in_a_command_cuts_nothing_off_silently(self):
        self.check_error(text=b".print a\0b\n", says="the command holds a NUL byte")

    def test_insert_takes_one_name_that_is_one(self):
        for command in (".mode insert ''", ".mode insert a b"):
            self.check_error("-c", command, says="insert takes the name of one table")

    def test_a_parameter_has_a_name_that_statements_can_say(self):
        self.check_error("-c", ".var 1x 2", says="a parameter cannot be called 1x")
        self.check_error("--var", "a-b=2", says="no parameter can be called so: a-b=2", status=2)
        self.check("--no-header", "--var", "1=one", "--var", "größe=two", "-c", "select ?, :größe", out="one\ttwo\n")

    def test_a_quoted_value_means_what_it_means_in_a_statement(self):
        self.check("--no-header", "--json", "--var", r'a="x\ty\u{1F600}\"\\"', "--var", r"b='x\t''y'", "-c", "select :a as a, :b as b",
                   out='[{"a":"x\\ty😀\\"\\\\","b":"x\\\\t\'y"}]\n')

    def test_set_shows_what_was_chosen(self):
        self.check("--set", "sync=normal", "-c", ".set sync", "-c", ".set threads", err="sync = normal\nthreads\n")
        self.assertIn('unknown option snyc, line 1, column 1\n', self.run_shell("-c", ".set snyc").err)
        self.assertIn('hint: did you mean "sync"?\n', self.run_shell("-c", ".set snyc").err)

    def test_a_home_without_a_name_is_none(self):
        self.environment["HOME"] = ""
        self.check_error("-c", ".cd", says="there is no home folder")


class CommandLine(ShellTest):
    def test_standard_input_is_no_database(self):
        self.check("-", text="create table t { id int primary };", status=2,
                   err="error: - stands for standard input, which is no database\nhint: -f - runs what stands there\n")

    def test_an_option_of_a_mistyped_command_points_at_the_command(self):
        self.check("-q", "import", "db", "t", "f.csv", status=2,
                   err='error: "import" is a command, which stands first\n'
                       'hint: write: ssql import ..., and its options behind it\n')
        self.check("improt", "--create", "db", "t", "f.csv", status=2, err='error: unknown command "improt"\nhint: did you mean "import"?\n')

    def test_control_characters_of_a_command_line_do_not_reach_the_terminal(self):
        for arguments in (["--\033[31m"], ["test", "--\033[31m"], ["help", "\033[31m"], ["-m", "\033[31m"], ["check", "--\033[31m"]):
            result = self.run_shell(*arguments)
            self.assertNotIn("\033", result.err)
            self.assertIn("␛[31m", result.err)
        self.write("\033[31m.ssql", "selec")
        self.assertTrue(self.run_shell("-f", "\033[31m.ssql").err.startswith("␛[31m.ssql:1:1: error: "))

    def test_characters_that_steer_terminals_are_escaped_in_statements(self):
        self.check("--no-header", "--quote", "--var", "a=\u009b31m\u202e\u2028é", "-c", "select :a", out='"\\u{9b}31m\\u{202e}\\u{2028}é"\n')
        self.check("--insert", "--var", "a=\u009b", "-c", "select :a as a", out='insert into result (a) values ("\\u{9b}");\n')

    def test_the_status_of_a_start_file_that_leaves_is_kept(self):
        os.makedirs(self.path(".config/ssql"))
        self.write(".config/ssql/init.ssql", "selec;\n.exit 7\n")
        self.environment.pop("XDG_CONFIG_HOME", None)
        self.assertEqual(self.run_shell("--interactive", text="select 1;\n").status, 7)


class History(ShellTest):
    def test_a_pipe_in_the_place_of_the_history_is_passed_over(self):
        os.makedirs(self.path("state/ssql"))
        os.mkfifo(self.path("state/ssql/history"))
        result = self.run_shell("--interactive", text=".print here\n")
        self.assertIn("here\n", result.out)
        self.assertIn("history is not kept: ", result.err)


if __name__ == "__main__":
    unittest.main()
