"""What helps at the prompt: completion, history across runs, the commands about what is typed, the start file."""

import os
import unittest

import pexpect

from terminal import CTRL_A, CTRL_C, CTRL_E, UP, TerminalTest


class Completion(TerminalTest):
    def test_tables_named_later_come_first(self):
        shell = self.open("-q")
        self.ask(shell, "create table films (title string, length int); create table actors (born int, born2 int); select born from actors;\r")
        shell.send("select  from films;" + CTRL_A + "\x1bf ")
        shell.send("\t")
        shell.expect(r"title +string of films\s+length +int of films\s+born +int of actors\s+born2")
        self.ask(shell, CTRL_C, "^C")
        self.leave(shell)

    def test_functions_are_listed_with_what_they_take(self):
        shell = self.open("-q")
        shell.send("select sub\t\t")
        shell.expect_exact("substr(string, int start[, int length])")
        self.ask(shell, CTRL_C, "^C")
        self.leave(shell)

    def test_what_is_used_often_comes_first(self):
        shell = self.open("-q")
        self.ask(shell, "create table t (alpha int, beta int);\r")
        shell.send("select a\t" + CTRL_C)
        shell.expect_exact("^C")
        for _ in range(2):
            self.ask(shell, "select beta from t;\r")
        shell.send("select  from t;" + CTRL_A + "\x1bf \t")
        shell.expect(r"beta +int of t\s+alpha +int of t")
        self.ask(shell, CTRL_C, "^C")
        self.leave(shell)

    def test_dot_commands_and_their_arguments(self):
        shell = self.open()
        self.ask(shell, "create table films (title string);\r")
        self.ask(shell, ".mode mark\t\r.mode\r", "mode: markdown")
        self.ask(shell, ".timer of\t\r.timer\r", "timer: off")
        self.ask(shell, ".schema fi\t\r", "create table films")
        self.ask(shell, ".set wal_se\t16MiB\r", "holds for the next .open")
        self.ask(shell, ".color nev\t\r.color\r", "color: off")
        self.ask(shell, ".help roll\t\r", "rollback;")
        self.leave(shell)

    def test_names_of_files_in_copy_statements(self):
        os.mkdir(self.path("rows"))
        self.write("rows/films.csv", "title\nStalker\n")
        self.write("rows/it's.csv", "")
        shell = self.open("-q")
        self.ask(shell, "create table films (title string);\r")
        self.ask(shell, "copy films from 'ro\tfi\t (format csv);\r")
        self.ask(shell, "select * from films; copy films to \"rows/c\x7fnew.csv\"; -- from\r", "│ Stalker │")
        self.ask(shell, "copy films from 'rows/n\t; select count(*) as n from films;\r", "│ 2 │")
        self.ask(shell, "select 'ro\t' as a;\r", "│ ro │")
        self.leave(shell)
        self.assertEqual(sorted(os.listdir(self.path("rows"))), ["films.csv", "it's.csv", "new.csv"])

    def test_names_that_need_backquotes(self):
        shell = self.open("-q")
        self.ask(shell, "create table `my films` (`a b` int); insert into `my films` values (7);\r")
        self.ask(shell, "select * from `my\t;\r", "│   7 │")
        self.ask(shell, "select a\x1b[D\x1b[C" + CTRL_E + " from `my films`;" + CTRL_C, "^C")
        self.leave(shell)


class History(TerminalTest):
    def test_two_shells_do_not_overwrite_each_other(self):
        one, two = self.open("-q"), self.open("-q")
        for i in range(3):
            self.ask(one, "select 'one%d' as a;\r" % i)
            self.ask(two, "select 'two%d' as a;\r" % i)
        self.leave(one)
        self.leave(two)
        texts = [line for line in self.history().splitlines() if not line.startswith("#")]
        self.assertEqual(texts, ["select '%s%d' as a;" % (who, i) for i in range(3) for who in ("one", "two")])

    def test_text_that_was_dropped_is_kept(self):
        shell = self.open("-q")
        shell.send("select 'dropped' as a;")
        shell.expect_exact("as a;")
        self.ask(shell, CTRL_C, "^C")
        self.ask(shell, UP + "\r", "│ dropped │")
        self.leave(shell)

    def test_history_is_listed_with_times(self):
        self.environment["TZ"] = "UTC"
        os.makedirs(self.path("state/ssql"))
        self.write("state/ssql/history", "select 'no time';\n#86400\nselect\\n  'a\\\\b';\n#x\n\\#1\n#99999\n")
        shell = self.open("-q")
        shell.send(".history 5\r")
        shell.expect_exact("\r\n    1                    select 'no time';\r\n    2  1970-01-02 00:00  select\r\n")
        shell.expect_exact("                           'a\\b';\r\n    3                    #x\r\n    4                    #1\r\n")
        shell.expect_exact("ssql> ")
        self.ask(shell, ".history 0\r", "error: ")
        self.leave(shell)

    def test_without_a_place_for_history_work_goes_on(self):
        for changes, says in (({"HOME": None, "XDG_STATE_HOME": None}, "history is not kept: neither HOME nor XDG_STATE_HOME is set"),
                              ({"HOME": "/dev/null", "XDG_STATE_HOME": None}, "history is not kept: cannot write /dev/null/.local/state/ssql/history: Not a directory"),
                              ({"XDG_STATE_HOME": "/proc"}, "history is not kept: cannot write /proc/ssql/history: ")):
            for name, value in changes.items():
                self.environment.pop(name, None)
                if value is not None:
                    self.environment[name] = value
            shell = self.open(prompt=says)
            shell.expect_exact("ssql> ")
            self.ask(shell, "select 'kept' as a;\r", "│ kept │")
            self.ask(shell, UP + "\r", "│ kept │")
            self.leave(shell)


class Commands(TerminalTest):
    def write_editor(self, text):
        self.write("editor", "#!/bin/sh\n" + text)
        os.chmod(self.path("editor"), 0o755)
        self.environment["EDITOR"] = self.path("editor")
        self.environment.pop("VISUAL", None)

    def test_edit_changes_the_last_statement(self):
        self.write_editor("sed -i 's/before/after/' \"$1\"\n")
        shell = self.open("-q")
        self.ask(shell, "select 'before' as a;\r", "│ before │")
        self.ask(shell, ".edit\r")
        shell.expect_exact("select 'after' as a;")
        self.ask(shell, "\r", "│ after │")
        shell.send("select 'before' as b;" + "\x18\x05")
        shell.expect_exact("select 'after' as b;")
        self.ask(shell, "\r", "│ after │")
        self.leave(shell)

    def test_an_editor_that_fails_changes_nothing(self):
        self.write_editor("exit 3\n")
        shell = self.open("-q")
        self.ask(shell, ".edit\r", "ended with status 3")
        self.environment["EDITOR"] = "/nowhere/editor"
        self.leave(shell)
        shell = self.open("-q", "--safe")
        self.ask(shell, ".edit\r", "error: ")
        self.leave(shell)

    def test_watch_repeats_a_query_until_ctrl_c(self):
        shell = self.open("-q", "db")
        self.ask(shell, ".watch\r", "no statement was typed yet")
        self.ask(shell, "create table t (id int primary);\r")
        self.ask(shell, ".watch 1\r", "cannot be repeated: table \"t\" already exists")
        self.ask(shell, "select 'x'; select 'y';\r")
        self.ask(shell, ".watch 1\r", "not a single query")
        self.ask(shell, "select count(*) as seen from t;\r", "│    0 │")
        self.ask(shell, ".watch 0\r", "seconds from 0.1")
        shell.send(".watch 0.2\r")
        for _ in range(3):
            shell.expect_exact("every 0.2 s; Ctrl-C ends it")
            shell.expect_exact("│ seen │")
        self.ask(shell, CTRL_C)
        self.ask(shell, "select 'alive' as a;\r", "│ alive │")
        self.leave(shell)

    def test_habits_of_psql(self):
        shell = self.open("--pager", "never")
        self.ask(shell, "create table t (a int, b int); insert into t values (1, 2);\r")
        self.ask(shell, "\\d t\r", "create table t")
        self.ask(shell, "\\dt\r", "rows, 0 B in files")
        self.ask(shell, "\\x\r", "mode: line")
        self.ask(shell, "select * from t;\r", "a = 1")
        self.ask(shell, "\\x\r", "mode: box")
        self.ask(shell, "\\g\r", "│ 1 │ 2 │")
        self.ask(shell, "\\timing\r", "timer: off")
        self.ask(shell, "\\?\r", ".help")
        self.write("more.ssql", "select 'more' as a;")
        self.ask(shell, "\\i more.ssql\r", "│ more │")
        self.ask(shell, "\\o out.txt\r")
        self.ask(shell, "select 'there' as a;\r")
        self.ask(shell, "\\o\r")
        self.assertIn("there", self.read("out.txt"))
        shell.send("\\q\r")
        shell.expect(pexpect.EOF)

    def test_commands_that_need_a_prompt_say_so(self):
        for command in (".edit", ".history", ".watch", "\\g"):
            self.check_error(text=command + "\n", says="there is no prompt here")
        self.check(text=".prompt x\nselect 1 as a;\n", out="a\n1\n")

    def test_the_start_file_is_read(self):
        os.makedirs(self.path("config/ssql"))
        self.environment["XDG_CONFIG_HOME"] = self.path("config")
        self.write("config/ssql/init.ssql", ".prompt 'mine> '\nselct 1;\n.mode line\n")
        shell = self.open("-q", prompt="init.ssql:2:1: error: ")
        shell.expect_exact("mine> ")
        self.ask(shell, "select 5 as a;\r", "a = 5", prompt="mine> ")
        self.leave(shell)
        shell = self.open("-q", "-X")
        self.leave(shell)


if __name__ == "__main__":
    unittest.main()
