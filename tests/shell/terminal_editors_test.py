"""The prompt with each line editor that can be built in: SSQL_EDIT says which (readline, libedit or none)."""

import os
import unittest

import pexpect

from shell import PROGRAM, ShellTest
from terminal import CTRL_C, CTRL_D, UP

EDITOR = os.environ["SSQL_EDIT"]


class Editor(ShellTest):
    def setUp(self):
        super().setUp()
        self.environment["NO_COLOR"] = "1"
        self.shell = pexpect.spawn(PROGRAM, ["db"], cwd=self.folder, env=self.environment, encoding="utf-8",
                                   dimensions=(24, 80), timeout=15)
        self.shell.expect_exact("new database: db")
        self.prompt()

    def tearDown(self):
        self.shell.close(force=True)
        super().tearDown()

    def prompt(self, text="ssql> "):
        self.shell.expect_exact(text)

    def ask(self, text, *answers, prompt="ssql> "):
        self.shell.send(text)
        for answer in answers:
            self.shell.expect_exact(answer)
        self.prompt(prompt)

    def leave(self):
        self.shell.send(CTRL_D)
        self.shell.expect(pexpect.EOF)
        self.shell.close()
        self.assertEqual(self.shell.exitstatus, 0)

    def test_the_program_says_which_editor_it_holds(self):
        version = self.run_shell("--version").out
        self.assertIn({"readline": "GNU readline", "libedit": "libedit", "none": "none"}[EDITOR], version)
        self.assertEqual("GPL" in version, EDITOR == "readline")
        self.leave()

    def test_a_statement_of_several_lines(self):
        self.shell.send("select\r")
        self.shell.expect_exact("...> ")
        self.shell.send("'a;b' as x\r")
        self.shell.expect_exact("...> ")
        self.ask(";\r", "│ a;b │")
        self.ask("selct;\r", "error: ")
        self.ask("begin;\r", "ok", prompt="ssql*> ")
        self.ask("rollback;\r", "ok")
        self.leave()

    def test_ctrl_c_drops_the_text(self):
        self.shell.send("select 'ne\r")
        self.shell.expect_exact("..> ")
        self.shell.send("ver")
        self.shell.expect_exact("ver")
        self.ask(CTRL_C)
        self.ask("select 'next' as a;\r", "│ next │")
        self.leave()

    def test_ctrl_c_without_a_text_says_how_to_leave(self):
        self.ask(CTRL_C, "Ctrl-D")
        self.leave()

    def test_another_program_edits_the_statement(self):
        self.write("editor", "#!/bin/sh\nprintf 'select\\n  41 +\\n  1 as a;\\n' > \"$1\"\n")
        os.chmod(self.path("editor"), 0o755)
        self.ask(".shell true\r")
        self.shell.close(force=True)
        self.environment["VISUAL"] = self.path("editor")
        self.shell = pexpect.spawn(PROGRAM, ["-q", "db"], cwd=self.folder, env=self.environment, encoding="utf-8",
                                   dimensions=(24, 80), timeout=15)
        self.prompt()
        self.shell.send(".edit\r")
        self.shell.expect_exact("1 as a;")
        if EDITOR != "none":
            self.shell.send("\r")
        self.shell.expect_exact("│ 42 │")
        self.prompt()
        self.leave()

    @unittest.skipIf(EDITOR == "none", "there is no history without a library")
    def test_history(self):
        self.ask("select 'first' as a;\r", "│ first │")
        self.ask("select 'second' as a;\r", "│ second │")
        self.ask(UP + UP + "\r", "│ first │")
        self.leave()

    @unittest.skipIf(EDITOR == "none", "there is no completion without a library")
    def test_completion(self):
        self.ask("create table films (title string); insert into films values ('Stalker');\r", "1 row")
        self.ask("sel\ttit\tfrom fil\t;\r", "│ Stalker │")
        self.ask("select uppe\ttitle) as a from films;\r", "│ STALKER │")
        self.ask(".mod\tlin\t\r")
        self.ask("select 1 as a;\r", "a = 1")
        self.leave()


if __name__ == "__main__":
    unittest.main()
