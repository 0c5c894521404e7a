"""The examples of the documents: every ```console block of a page is run, in order and in one folder, and must answer as printed.

A line that begins with "$ " is a command, "> " goes on with it; what follows is its output on both streams, and [N] its exit
status when that is not 0. The tutorial has besides an installation of its own, and a compiler; SSQL_CFLAGS are the flags that
programs need beside a library that was built with sanitizers."""

import os
import re
import shutil
import subprocess
import unittest

from shell import PROGRAM, ShellTest

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
BUILD = os.path.dirname(PROGRAM)


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
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("bin"))
        self.environment["PATH"] = self.path("bin") + ":" + self.environment["PATH"]
        self.work = self.path("work")
        os.mkdir(self.work)

    def check_page(self, name, least):
        with open(os.path.join(ROOT, name), encoding="utf-8") as page:
            found = list(examples(page.read()))
        self.assertGreater(len(found), least)
        for command, answer in found:
            with self.subTest(command):
                done = subprocess.run(["sh", "-c", command], cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                status = "[%d]\n" % done.returncode if done.returncode != 0 else ""
                self.assertEqual(done.stdout.decode() + status, answer)

    def use_program(self):
        os.symlink(PROGRAM, self.path("bin/ssql"))

    def test_every_example_of_the_shell_answers_as_printed(self):
        self.use_program()
        self.check_page("docs/shell.md", 10)

    def test_every_example_of_files_answers_as_printed(self):
        self.use_program()
        self.check_page("docs/files.md", 8)

    def test_every_example_of_backup_answers_as_printed(self):
        self.use_program()
        self.check_page("docs/backup.md", 8)

    def test_every_example_of_golden_tests_answers_as_printed(self):
        self.use_program()
        self.environment.pop("CI", None)
        self.check_page("docs/golden-tests.md", 8)

    def test_every_example_of_the_readme_answers_as_printed(self):
        self.use_program()
        self.check_page("README.md", 3)

    def test_no_other_page_has_examples_that_do_not_run(self):
        pages = {name for name in os.listdir(os.path.join(ROOT, "docs")) if name.endswith(".md")}
        with_examples = set()
        for name in pages:
            with open(os.path.join(ROOT, "docs", name), encoding="utf-8") as page:
                if re.search(r"(?m)^```console$", page.read()):
                    with_examples.add(name)
        with open(__file__, encoding="utf-8") as tests:
            tested = set(re.findall(r'check_page\("docs/([a-z-]+\.md)"', tests.read()))
        self.assertEqual(with_examples, tested)

    def use_installation(self, local):
        """What is going to be installed into `local` is found there, and a compiler that takes no warning."""
        with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as cache:
            libraries = re.search(r"(?m)^CMAKE_INSTALL_LIBDIR:PATH=(.*)$", cache.read()).group(1)
        self.environment["PATH"] = local + "/bin:" + self.environment["PATH"]
        self.environment["LD_LIBRARY_PATH"] = os.path.join(local, libraries)
        self.environment["PKG_CONFIG_PATH"] = os.path.join(local, libraries, "pkgconfig")
        with open(self.path("bin/cc"), "w", encoding="utf-8") as compiler:
            compiler.write('#!/bin/sh\nexec %s %s -Werror "$@"\n' % (os.environ.get("CC", "/usr/bin/cc"), os.environ.get("SSQL_CFLAGS", "")))
        os.chmod(self.path("bin/cc"), 0o755)

    @unittest.skipIf(shutil.which("cmake") is None or shutil.which("pkg-config") is None, "cmake and pkg-config are needed")
    def test_every_example_of_the_tutorial_answers_as_printed(self):
        self.environment.pop("CI", None)
        os.mkdir(os.path.join(self.work, "build"))
        os.symlink(BUILD, os.path.join(self.work, "build/release"))
        self.use_installation(os.path.join(self.work, "local"))
        self.check_page("docs/tutorial.md", 20)

    @unittest.skipIf(shutil.which("cmake") is None or shutil.which("pkg-config") is None, "cmake and pkg-config are needed")
    def test_the_program_of_the_readme_runs_as_printed(self):
        local = self.path("local")
        subprocess.run(["cmake", "--install", BUILD, "--prefix", local], stdout=subprocess.DEVNULL, check=True)
        self.use_installation(local)
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as page:
            text = page.read()
        program = re.search(r"(?ms)^```c\n(.*?)^```$", text).group(1)
        build, prints = re.search(r"`(cc app\.c [^`]*)`.*?\bprints `([^`]*)`", text, re.S).groups()
        with open(os.path.join(self.work, "app.c"), "w", encoding="utf-8") as file:
            file.write(program)
        ask = "ssql my.db \"create table users { id int primary, name string }; insert into users values (1, 'bob')\""
        for command, answer in ((ask, ""), (build + " -o app", ""), ("./app", prints + "\n")):
            done = subprocess.run(["sh", "-c", command], cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.assertEqual((done.stdout, done.returncode), (answer, 0), command)


if __name__ == "__main__":
    unittest.main()
