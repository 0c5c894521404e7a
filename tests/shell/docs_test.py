"""The examples of docs/shell.md and docs/golden-tests.md: every ```console block is run, in order and in one folder, and must answer as printed.

A line that begins with "$ " is a command, "> " goes on with it; what follows is its output on both streams, and [N] its exit
status when that is not 0."""

import os
import re
import subprocess
import unittest

from shell import PROGRAM, ShellTest

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs")


def examples(text):
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.S | re.M):
        command, answer = None, ""
        for line in block.splitlines():
            if line.startswith("$ "):
                if command is not None:
                    yield command, answer
                command, answer = line[2:], ""
            elif line.startswith("> ") or line == ">":
                command += "\n" + line[2:]
            else:
                answer += line + "\n"
        yield command, answer


class Page(ShellTest):
    def check_page(self, name, least):
        os.mkdir(self.path("bin"))
        os.symlink(PROGRAM, self.path("bin/ssql"))
        self.environment["PATH"] = self.path("bin") + ":" + self.environment["PATH"]
        with open(os.path.join(DOCS, name), encoding="utf-8") as page:
            found = list(examples(page.read()))
        self.assertGreater(len(found), least)
        for command, answer in found:
            with self.subTest(command):
                done = subprocess.run(["sh", "-c", command], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                status = "[%d]\n" % done.returncode if done.returncode != 0 else ""
                self.assertEqual(done.stdout.decode() + status, answer)

    def test_every_example_of_the_shell_answers_as_printed(self):
        self.check_page("shell.md", 10)

    def test_every_example_of_golden_tests_answers_as_printed(self):
        self.environment.pop("CI", None)
        self.check_page("golden-tests.md", 8)


if __name__ == "__main__":
    unittest.main()
