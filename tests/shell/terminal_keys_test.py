"""Keys and commands at the prompt that are less usual: searching, moving, completing within a text, signals while another program
has the terminal, terminals that can do little, commands that say what they did."""

import os
import signal
import time
import unittest

import pexpect

from shell import PROGRAM
from terminal import CTRL_A, CTRL_C, CTRL_D, DOWN, UP, TerminalTest

RIGHT, CTRL_R, EDIT_ELSEWHERE = "\x1b[C", "\x12", "\x18\x05"


class Keys(TerminalTest):
    def test_ctrl_r_searches_the_history(self):
        shell = self.open("-q")
        self.ask(shell, "select 'first' as a;\r", "│ first │")
        self.ask(shell, "select 'second' as a;\r", "│ second │")
        shell.send(CTRL_R + "fir")
        shell.expect_exact("(reverse-i-search)`fir': select 'first' as a;")
        self.ask(shell, "\r", "│ first │")
        self.leave(shell)

    def test_down_goes_back_through_lines_and_history(self):
        shell = self.open("-q")
        self.ask(shell, "select 'first' as a;\r", "│ first │")
        self.ask(shell, "select 'second'\r as a;\r", "│ second │")
        self.ask(shell, (UP + UP + DOWN) * 2 + "\r", "│ second │")
        self.leave(shell)

    def test_a_word_is_completed_before_what_follows(self):
        shell = self.open("-q")
        self.ask(shell, "sel 12 as a;" + CTRL_A + RIGHT * 3 + "\t\r", "│ 12 │")
        self.ask(shell, "sel13 as a;" + CTRL_A + RIGHT * 3 + "\t\r", "│ 13 │")
        self.ask(shell, "select upp('x') as a;" + CTRL_A + RIGHT * 10 + "\t\x1b[3~\r", "│ X │")
        self.leave(shell)

    def test_a_blank_text_is_no_statement(self):
        shell = self.open("-q")
        self.ask(shell, "  \r")
        self.ask(shell, "\\g\r", "no statement was typed yet")
        self.leave(shell)

    def test_a_narrow_prompt_has_narrow_lines(self):
        shell = self.open("-q")
        self.ask(shell, ".prompt >\r", prompt=">")
        shell.send("select 1\ras a")
        shell.expect_exact(" as a"[1:])
        self.ask(shell, ";\r", "│ 1 │", prompt=">")
        self.leave(shell)

    def test_an_editor_that_fails_leaves_the_text(self):
        self.write("editor", "#!/bin/sh\nexit 3\n")
        os.chmod(self.path("editor"), 0o755)
        self.environment["VISUAL"] = self.path("editor")
        shell = self.open("-q")
        shell.send("select 5" + EDIT_ELSEWHERE)
        shell.expect_exact("ended with status 3")
        self.ask(shell, " as a;\r", "│ 5 │")
        self.leave(shell)
        shell = self.open("-q", "--safe")
        shell.send("select 6" + EDIT_ELSEWHERE)
        shell.expect_exact("programs are not started in a safe session")
        self.ask(shell, " as a;\r", "│ 6 │")
        self.leave(shell)

    def test_signals_while_another_program_has_the_terminal(self):
        """The screen is resized, and the shell is to stop, while an editor runs: both is done when that has ended. Here the
        system lets nothing stop, as nobody could wake it."""
        shell = self.open("-q")
        self.environment["VISUAL"] = self.path("editor")
        self.leave(shell)
        shell = self.open("-q")
        self.write("editor", "#!/bin/sh\nkill -WINCH %d; kill -TSTP %d; echo 'select 8' > \"$1\"\n" % (shell.pid, shell.pid))
        os.chmod(self.path("editor"), 0o755)
        shell.send("select 7" + EDIT_ELSEWHERE)
        shell.expect_exact("select 8")
        self.ask(shell, " as a;\r", "│ 8 │")
        self.leave(shell)

    def test_ctrl_z_does_nothing_where_nobody_could_wake_the_shell(self):
        shell = pexpect.spawn(PROGRAM, ["-q"], cwd=self.folder, env=self.environment, encoding="utf-8", timeout=15,
                              preexec_fn=lambda: signal.signal(signal.SIGTSTP, signal.SIG_IGN))
        self.shells.append(shell)
        shell.expect_exact("ssql> ")
        shell.send("select 3")
        shell.expect_exact("select 3")
        shell.send("\x1a as a;\r")
        shell.expect_exact("│ 3 │")
        self.leave(shell)


class PlainTerminals(TerminalTest):
    def test_one_that_cannot_move_the_cursor(self):
        self.environment["TERM"] = "dumb"
        shell = pexpect.spawn(PROGRAM, ["-q", "--color", "always"], cwd=self.folder, env=self.environment, encoding="utf-8",
                              dimensions=(24, 80), timeout=15)
        self.shells.append(shell)
        shell.expect_exact("ssql> ")
        shell.send("create ")
        shell.expect_exact("create ")
        shell.setwinsize(30, 100)
        shell.send("\t")
        shell.expect_exact("table")
        shell.send(CTRL_C)
        shell.expect_exact("ssql> ")
        shell.send("select 4 as a;\r")
        shell.expect_exact("4")
        shell.expect_exact("ssql> ")
        shell.send(".watch 0.1\r")
        for _ in range(2):
            shell.expect_exact("every 0.1 s")
        self.assertNotIn("\x1b[2J", shell.before)
        shell.send(CTRL_C)
        shell.expect_exact("ssql> ")
        self.leave(shell)

    def test_one_without_a_name_or_a_size(self):
        self.environment.pop("TERM")
        for size in ((0, 0), (1, 80), (24, 0)):
            shell = pexpect.spawn(PROGRAM, ["-q"], cwd=self.folder, env=self.environment, encoding="utf-8", dimensions=size, timeout=15)
            self.shells.append(shell)
            shell.expect_exact("ssql> ")
            shell.send("select 4 as a;\r")
            shell.expect_exact("4 │")
            shell.expect_exact("ssql> ")
            self.leave(shell)

    def test_a_terminal_at_one_end_only(self):
        shell = pexpect.spawn("/bin/sh", ["-c", "%s --no-header -c 'select 1' | cat; echo .print two | %s; %s --no-header -o results -c 'select 3'" %
                                          (PROGRAM, PROGRAM, PROGRAM)], cwd=self.folder, env=self.environment, encoding="utf-8", timeout=15)
        self.shells.append(shell)
        shell.expect(pexpect.EOF)
        self.assertEqual(shell.before, "1\r\ntwo\r\n")
        self.assertEqual(self.read("results"), "3\n")
        shell = pexpect.spawn("/bin/sh", ["-c", "%s -q | cat" % PROGRAM], cwd=self.folder, env=self.environment, encoding="utf-8", timeout=15)
        self.shells.append(shell)
        shell.send("select 4;\n" + CTRL_D)
        shell.expect_exact("4")
        shell.expect(pexpect.EOF)


    def test_colours_want_a_terminal_that_has_them(self):
        self.environment.pop("NO_COLOR")
        for terminal in (None, "dumb", "xterm"):
            self.environment.pop("TERM", None)
            if terminal is not None:
                self.environment["TERM"] = terminal
            shell = pexpect.spawn(PROGRAM, ["-q", "-c", "select 1 as a"], cwd=self.folder, env=self.environment, encoding="utf-8", timeout=15)
            self.shells.append(shell)
            shell.expect(pexpect.EOF)
            self.assertEqual("\x1b[" in shell.before, terminal == "xterm")

    def test_a_pager_wants_keys(self):
        """It is not started where what comes in is no terminal."""
        self.environment["SSQL_PAGER"] = "wc -c"
        shell = pexpect.spawn("/bin/sh", ["-c", "echo .help | %s" % PROGRAM], cwd=self.folder, env=self.environment, encoding="utf-8",
                              dimensions=(10, 80), timeout=15)
        self.shells.append(shell)
        shell.expect_exact(".timer")
        shell.expect(pexpect.EOF)


class Commands(TerminalTest):
    def test_a_pager_that_was_quit_is_told(self):
        self.environment["SSQL_PAGER"] = "head -n 2"
        self.check("db", text="create table t (id int primary, name string); insert into t values " +
                   ", ".join("(%d, '%s')" % (i, "x" * 100) for i in range(3000)) + ";")
        shell = self.open("db")
        self.ask(shell, ".rows all\r.mode list\rselect * from t;\r", "rows so far: the pager was quit")
        self.leave(shell)

    def test_a_statement_that_failed_fails_again(self):
        shell = self.open("-q")
        self.ask(shell, "select nothing;\r", "[42703]")
        self.ask(shell, "\\g\r", "[42703]")
        self.leave(shell)

    def test_databases_that_are_opened_are_told(self):
        shell = self.open()
        self.ask(shell, ".open new\r", "new database: new is made at the first write")
        self.ask(shell, "create table t (a int);\r", "ok")
        self.ask(shell, ".close\r", "closed; now in memory: nothing is kept")
        self.ask(shell, ".open new\r.tables\r", "0 rows")
        self.ask(shell, ".open nowhere/db\r", "error: ")
        self.ask(shell, ".open :memory:\r.tables\r")
        self.leave(shell)

    def test_settings_of_a_terminal_are_told(self):
        shell = self.open()
        self.ask(shell, ".progress off\r.progress\r", "progress: off")
        self.ask(shell, ".progress on\r.progress\r", "progress: on")
        self.ask(shell, ".set sync normal\r", "holds for the next .open")
        self.ask(shell, "select :a;\r", "give it one with .var a VALUE")
        self.ask(shell, ".var a 7\rselect :a as a;\r", "│ 7 │")
        self.leave(shell)

    def test_history_of_a_few(self):
        shell = self.open("-q")
        self.ask(shell, ".history\r", "    1  ", ".history")
        self.ask(shell, "select 1 as a;\r.history 1\r", "    3  ", ".history 1")
        self.leave(shell)

    def test_programs_that_are_interrupted_leave_the_shell(self):
        shell = self.open("-q")
        self.ask(shell, ".shell kill -INT $$\r", "the program failed: ")
        self.ask(shell, ".shell exit 130\r", "it ended with status 130")
        self.ask(shell, "select 'alive' as a;\r", "│ alive │")
        self.leave(shell)

    def test_watch_wants_a_query_and_seconds(self):
        shell = self.open("-q", "db")
        self.ask(shell, "create table t (id int primary); insert into t values (0);\r")
        for text in ("select 1; selct;", ";", "begin;"):
            self.ask(shell, text + "\r", prompt="ssql*> " if text == "begin;" else "ssql> ")
            self.ask(shell, ".watch 1\r", "not a single query: " + text.split("\n")[0], prompt="ssql*> " if text == "begin;" else "ssql> ")
        self.ask(shell, "rollback;\r")
        self.ask(shell, "select count(*) as n from t;\r", "│ 1 │")
        for seconds in ("''", "x", "1x", "0.01", "100000"):
            self.ask(shell, ".watch %s\r" % seconds, "seconds from 0.1 to 86400, not ")
        self.leave(shell)

    def test_watch_ends_when_the_query_fails_or_nobody_reads(self):
        shell = self.open("-q", "db")
        self.ask(shell, "create table t (id int primary); insert into t values (0);\r")
        self.ask(shell, "select 1 / id as a from t;\r", "division by zero")
        self.ask(shell, ".watch 0.1\r", "division by zero")
        self.ask(shell, "select 'x' as a;\r", "│ x │")
        self.ask(shell, ".output |true\r")
        self.ask(shell, ".watch 0.1\r")
        self.ask(shell, ".output seen\r")
        shell.send(".watch 0.1\r")
        end = time.monotonic() + 15
        while not self.has_seen() and time.monotonic() < end:
            time.sleep(0.01)
        self.ask(shell, CTRL_C)
        self.ask(shell, ".output\r")
        self.assertGreaterEqual(self.read("seen").count("every 0.1 s"), 2)
        self.assertNotIn("\x1b", self.read("seen"))
        self.leave(shell)

    def has_seen(self):
        """Whether two rounds went to the file, which stands aside until it is whole."""
        names = [name for name in os.listdir(self.folder) if name.startswith("seen.")]
        return bool(names) and self.read(names[0]).count("every") >= 2


if __name__ == "__main__":
    unittest.main()
