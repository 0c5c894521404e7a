"""What the tests of the prompt share: the shell on a pseudo-terminal, fed with keys."""

import pexpect

from shell import PROGRAM, ShellTest

UP, DOWN, LEFT, CTRL_A, CTRL_C, CTRL_D, CTRL_E, CTRL_L, ALT_ENTER = "\x1b[A", "\x1b[B", "\x1b[D", "\x01", "\x03", "\x04", "\x05", "\x0c", "\x1b\r"


class TerminalTest(ShellTest):
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
