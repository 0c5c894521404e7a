"""The prompt on a real terminal: editing of several lines, history, completion, Ctrl-C in each state."""

import os
import stat
import time
import unittest

import pexpect

from shell import PROGRAM, ShellTest

UP, DOWN, LEFT, CTRL_A, CTRL_C, CTRL_D, CTRL_E, CTRL_L, ALT_ENTER = "\x1b[A", "\x1b[B", "\x1b[D", "\x01", "\x03", "\x04", "\x05", "\x0c", "\x1b\r"


class Terminal(ShellTest):
    def setUp(self):
        super().setUp()
        self.environment["NO_COLOR"] = "1" # what is typed comes back as it is; colours are looked at in terminal_screen_test.py
        self.shells = []

    def tearDown(self):
        for shell in self.shells:
            shell.close(force=True)
        super().tearDown()

    def open(self, *arguments, prompt="ssql> "):
        shell = pexpect.spawn(PROGRAM, list(arguments), cwd=self.folder, env=self.environment, encoding="utf-8",
                              dimensions=(24, 80), timeout=15)
        shell.delaybeforesend = 0.01
        self.shells.append(shell)
        shell.expect_exact(prompt)
        return shell

    def leave(self, shell, status=0):
        shell.send(CTRL_D)
        shell.expect(pexpect.EOF)
        shell.close()
        self.assertEqual(shell.exitstatus, status)

    def ask(self, shell, text, *answers, prompt="ssql> "):
        shell.send(text)
        for answer in answers:
            shell.expect_exact(answer)
        # A new prompt, not the same one painted again: the terminal was given back for the statement.
        shell.expect_exact(prompt if prompt == "...> " else "\x1b[?2004h\r\x1b[J" + prompt)

    def history(self):
        with open(self.path("state/ssql/history"), encoding="utf-8") as file:
            return file.read()

    def test_enter_runs_only_a_complete_statement(self):
        shell = self.open("-q")
        shell.send("select\r")
        shell.expect_exact("...> ")
        shell.send("'a;b' as x\r")
        shell.expect_exact("...> ")
        self.ask(shell, ";\r", "│ a;b │")
        self.ask(shell, "select 1 as a; select 2 as b;\r", "│ 1 │", "│ 2 │")
        self.leave(shell)

    def test_a_result_stands_below_the_statement(self):
        shell = self.open("-q")
        for statement in ("select 1 as a;\r", "select 1\r as a;\r", ".print ┌\r"):
            shell.send(statement)
            shell.expect_exact("\x1b[?2004l") # the text was accepted
            shell.expect_exact("┌")
            self.assertRegex(shell.before, r"\A[\r]*\n\Z")
            shell.expect_exact("\x1b[?2004h\r\x1b[Jssql> ")
        self.leave(shell)

    def test_up_moves_within_the_text_then_through_the_history(self):
        shell = self.open("-q")
        self.ask(shell, "select 'first' as a;\r", "│ first │")
        shell.send("select 'x'" + ALT_ENTER + "as b;")
        self.ask(shell, UP + CTRL_A + "  " + CTRL_E + "\x7f\x7fyz'\r", "│ yz │")
        self.ask(shell, UP + UP + UP + UP + "\r", "│ first │")
        self.leave(shell)

    def test_history_is_kept_across_runs_by_whole_statements(self):
        shell = self.open("-q")
        self.ask(shell, "select\r\t'日本' as a;\r", "│ 日本 │")
        self.ask(shell, " select 'secret' as a;\r", "│ secret │")
        self.leave(shell)
        self.assertNotIn("secret", self.history())
        self.assertEqual(stat.S_IMODE(os.stat(self.path("state/ssql/history")).st_mode), 0o600)
        again = self.open("-q")
        self.ask(again, UP + "\r", "│ 日本 │")
        self.leave(again)

    def test_a_crash_loses_no_history(self):
        shell = self.open("-q")
        self.ask(shell, "select 'kept' as a;\r", "│ kept │")
        shell.kill(9)
        self.assertRegex(self.history(), r"\A#[0-9]+\nselect 'kept' as a;\n\Z")

    def test_completion_goes_by_context(self):
        shell = self.open("-q")
        self.ask(shell, "create table films (title string, year int); create table actors (born int);\r")
        self.ask(shell, "ins\tin\tfil\tvalues ('Stalker', 1979);\r")
        self.ask(shell, "sel\tti\tfrom fi\t;\r", "│ Stalker │")
        self.ask(shell, "select upp\ttitle) as a from films;\r", "│ STALKER │")
        self.ask(shell, ".mo\tma\t\r")
        self.ask(shell, "select ye\tfrom films;\r", "| 1979 |")
        self.write("long_name.ssql", "select 'read' as a;")
        self.ask(shell, ".read long\t\r", "read")
        self.leave(shell)

    def test_several_matches_are_listed_below_the_text(self):
        shell = self.open("-q")
        self.ask(shell, "create table alpha (a int); create table album (a int);\r")
        shell.send("select a from al\t\t")
        shell.expect_exact("album")
        shell.expect_exact("alpha")
        shell.expect_exact("select a from al")
        self.ask(shell, "p\t;\r")
        self.leave(shell)

    def test_ctrl_c_drops_the_text(self):
        shell = self.open("-q")
        shell.send("select 'nev")
        shell.expect_exact("select 'nev")
        shell.send("\rer'")
        shell.expect_exact("er'")
        self.ask(shell, CTRL_C, "^C")
        self.ask(shell, "select 'next' as a;\r", "│ next │")
        self.leave(shell)

    def test_ctrl_c_without_a_text_says_how_to_leave(self):
        shell = self.open()
        self.ask(shell, CTRL_C, "Ctrl-D")
        self.leave(shell)

    def test_ctrl_c_stops_the_running_statement(self):
        shell = self.open("-q", "db")
        self.ask(shell, "create table t (id int primary key, a string);\r")
        self.ask(shell, "insert into t values " + ", ".join("(%d, '%s')" % (i, "ab" * 20) for i in range(100)) + ";\r")
        for power in range(10):
            self.ask(shell, "insert into t select id + %d, a from t;\r" % (100 * 2 ** power))
        shell.send("select count(distinct replace(upper(concat(a, cast(id as string), a)), 'A', 'xyz')) as n, "
                   "max(replace(replace(concat(a, a, a, a, a), 'a', 'bbbb'), 'b', 'aaaa')) as m from t "
                   "where replace(replace(concat(a, a, a, a), 'ab', 'xyxyxy'), 'xy', 'abab') like '%a%b%a%b%c%d%e%';\r")
        time.sleep(0.05)
        shell.send(CTRL_C)
        shell.expect_exact("[57014]")
        shell.expect_exact("ssql> ")
        self.ask(shell, "select 'alive' as a;\r", "│ alive │")
        self.leave(shell)

    def test_the_prompt_shows_the_transaction(self):
        shell = self.open("db")
        self.ask(shell, "begin;\r", "ok", prompt="ssql*> ")
        self.ask(shell, "create table t (a int);\r", "ok", prompt="ssql*> ")
        self.ask(shell, "insert into t values (1), (2);\r", "2 rows", prompt="ssql*> ")
        self.ask(shell, "selct;\r", 'did you mean "select"?', prompt="ssql!> ")
        self.ask(shell, "rollback;\r", "ok")
        self.ask(shell, ".tables\r")
        self.leave(shell)

    def test_a_new_database_is_announced_and_errors_are_no_failure(self):
        shell = self.open("db", prompt="new database: db")
        shell.expect_exact("ssql> ")
        self.ask(shell, "selct;\r", "error:")
        self.leave(shell)
        shell = self.open("-q")
        shell.send(".exit 5\r")
        shell.expect(pexpect.EOF)
        shell.close()
        self.assertEqual(shell.exitstatus, 5)

    def test_editing_counts_wide_characters_and_long_lines(self):
        shell = self.open("-q")
        self.ask(shell, "select '日本" + LEFT + "x' as a, '" + "y" * 150 + "' as b;" + CTRL_A + CTRL_L + CTRL_E + "\r", prompt="...> ")
        self.ask(shell, CTRL_C, "^C")
        self.ask(shell, "select '日本" + LEFT + "x" + CTRL_E + "' as a;\r", "│ 日x本 │")
        self.leave(shell)

    def test_colour_is_off_when_asked(self):
        shell = self.open("-q")
        shell.send("select null as a;\r")
        shell.expect_exact("│ null │")
        self.leave(shell)


if __name__ == "__main__":
    unittest.main()
