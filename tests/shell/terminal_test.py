"""The prompt on a real terminal: editing of several lines, history, completion, Ctrl-C in each state, pastes."""

import os
import stat
import time
import unittest

import pexpect

from shell import PROGRAM
from terminal import ALT_ENTER, CTRL_A, CTRL_C, CTRL_D, CTRL_E, CTRL_L, LEFT, UP, TerminalTest


class Editing(TerminalTest):
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

    def test_tables_are_listed_with_rows_and_size(self):
        shell = self.open("db")
        self.ask(shell, "create table t (a int); insert into t values (1), (2);\r", "2 rows")
        self.ask(shell, ".tables\r", "2 rows, 0 B in files")
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


class Keys(TerminalTest):
    def test_the_prompt_of_further_lines_shows_what_is_open(self):
        shell = self.open("-q")
        shell.send("select 'a\r")
        shell.expect_exact("\r\n '..> ")
        shell.send("b', /* c\r")
        shell.expect_exact("\r\n *..> ")
        shell.send("*/ `d\r")
        shell.expect_exact("\r\n `..> ")
        self.ask(shell, CTRL_C, "^C")
        self.ask(shell, "begin;\r", prompt="ssql*> ")
        shell.send("select '\r")
        shell.expect_exact("\r\n  '..> ")
        self.ask(shell, CTRL_C, "^C", prompt="ssql*> ")
        self.ask(shell, "rollback;\r")
        self.leave(shell)

    def test_a_prompt_of_the_users_own(self):
        shell = self.open("-q", "./db")
        self.ask(shell, ".prompt '%d%t 100%%> '\r", prompt="db 100%> ")
        self.ask(shell, "begin;\r", prompt="db* 100%> ")
        self.ask(shell, ".prompt %x\r", "no such sign in a prompt: %x", prompt="db* 100%> ")
        self.ask(shell, ".prompt\r", prompt="ssql*> ")
        self.ask(shell, "commit;\r")
        self.leave(shell)

    def test_three_times_ctrl_c_leaves(self):
        shell = self.open("db")
        self.ask(shell, "create table t (id int primary);\r")
        self.ask(shell, CTRL_C, "Ctrl-D")
        shell.send("select 1")
        shell.expect_exact("select 1")
        self.ask(shell, CTRL_C, "^C")
        shell.send(CTRL_C)
        shell.expect(pexpect.EOF)
        shell.close()
        self.assertEqual(shell.exitstatus, 130)
        self.check("-r", "db", "select count(*) as n from t", out="n\n0\n")

    def test_ctrl_c_now_and_then_does_not_leave(self):
        shell = self.open()
        for _ in range(4):
            self.ask(shell, CTRL_C, "Ctrl-D")
            time.sleep(1.05)
        self.leave(shell)

    def test_a_paste_is_one_text(self):
        shell = self.open("-q")
        lines = ["create table p (id int primary, a string);"]
        lines += ["insert into p values (%d, 'row %d');" % (i, i) for i in range(998)]
        lines += ["select count(*) as n from p;"]
        begin = time.monotonic()
        shell.send("\x1b[200~" + "\r".join(lines) + "\x1b[201~")
        shell.expect_exact("select count(*) as n from p;")
        self.assertLess(time.monotonic() - begin, 5)
        begin = time.monotonic()
        shell.send("\x7f;") # a key costs no more than in a short text
        shell.expect_exact("select count(*) as n from p;")
        self.assertLess(time.monotonic() - begin, 1)
        self.ask(shell, "\r", "│ 998 │")
        self.ask(shell, UP + " " + "\r", "23505", "│ 998 │")
        self.leave(shell)

    def test_a_paste_that_is_not_marked_runs_line_by_line(self):
        shell = self.open("-q")
        shell.send("create table p (id int primary);\r" + "".join("insert into p values (%d);\r" % i for i in range(300)))
        self.ask(shell, "select count(*) as n from p;\r", "│ 300 │")
        self.leave(shell)

    def test_ctrl_z_and_back(self):
        shell = pexpect.spawn("bash", ["--norc", "-i"], cwd=self.folder, env=dict(self.environment, PS1="bash> "), encoding="utf-8", timeout=15)
        self.shells.append(shell)
        shell.expect_exact("bash> ")
        shell.send(PROGRAM + " -q\r")
        shell.expect_exact("ssql> ")
        shell.send("select 'still")
        shell.expect_exact("still")
        shell.send("\x1a")
        shell.expect_exact("Stopped")
        shell.expect_exact("bash> ")
        shell.send("stty -a | grep -c -- -icanon; echo done\r")
        shell.expect_exact("0\r\ndone")
        shell.send("fg\r")
        shell.expect_exact("select 'still")
        shell.send(" here' as a;\r")
        shell.expect_exact("│ still here │")
        shell.expect_exact("ssql> ")
        shell.send(CTRL_D)
        shell.expect_exact("bash> ")


if __name__ == "__main__":
    unittest.main()
