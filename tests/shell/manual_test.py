"""The manual pages: they render without a warning, ssql(7) holds all of docs/language.md, and what ssql(1), ssql-test(1),
docs/shell.md, --help and .help say of options, commands, modes and dot commands is the same."""

import os
import re
import shutil
import subprocess
import unittest

from shell import PROGRAM, ShellTest

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
PAGES = os.path.join(os.path.dirname(PROGRAM), "man")


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def plain(text):
    """Words with one blank between them, whatever the lines were."""
    return " ".join(text.split())


@unittest.skipIf(shutil.which("man") is None or shutil.which("scdoc") is None, "man and scdoc are needed")
class Pages(ShellTest):
    def render(self, page):
        environment = dict(self.environment, MANWIDTH="300", MAN_KEEP_FORMATTING="", MANROFFOPT="-rHY=0", LC_ALL="C.UTF-8")
        environment.pop("MAN_KEEP_FORMATTING")
        done = subprocess.run(["man", "--warnings", "-l", os.path.join(PAGES, page)], env=environment, capture_output=True,
                              text=True, timeout=60)
        self.assertEqual((done.stderr, done.returncode), ("", 0))
        return done.stdout

    def test_every_page_renders_without_a_warning(self):
        for page in ("ssql.1", "ssql-test.1", "libssql.3", "ssql.7"):
            with self.subTest(page):
                self.assertGreater(len(self.render(page).splitlines()), 80)

    def test_the_page_of_the_language_is_made_from_what_is_there_now(self):
        """An old page in the build would let all other tests pass."""
        awk = shutil.which("awk")
        made = subprocess.run([awk, "-f", os.path.join(ROOT, "cmake/language_page.awk"), os.path.join(ROOT, "docs/language.md")],
                              capture_output=True, text=True, check=True).stdout
        with open(os.path.join(PAGES, "ssql.7.scd"), encoding="utf-8") as file:
            self.assertEqual(file.read(), made)

    def test_the_page_of_the_language_has_every_section_and_every_block(self):
        page, source = self.render("ssql.7"), read("docs/language.md")
        for heading in re.findall(r"(?m)^## (.*)$", source):
            self.assertIn("\n" + heading.upper() + "\n", page)
        blocks = re.findall(r"(?ms)^```\w*\n(.*?)^```$", source)
        self.assertGreater(len(blocks), 20)
        lines = {line.strip() for line in page.splitlines()}
        for line in "".join(blocks).splitlines():
            self.assertIn(line.strip(), lines)

    def test_the_page_of_the_language_has_every_statement(self):
        page = self.render("ssql.7")
        topics = re.findall(r"(?m)^<!-- help: (.*) -->$", read("docs/language.md"))
        self.assertGreater(len(topics), 5)
        for topic in ", ".join(topics).split(", "):
            with self.subTest(topic):
                help_lines = self.run_shell("help", topic).out.splitlines()
                self.assertTrue(help_lines[0].startswith(topic), help_lines)
                self.assertIn(plain(help_lines[0]), plain(page))

    def test_no_markdown_is_left_in_the_page_of_the_language(self):
        text = re.sub(r"(?ms)^```.*?^```$", "", read("docs/language.md"))
        self.assertIn("](", text)
        page = self.render("ssql.7")
        for mark in ("](", "**", "<!--", "|---"):
            self.assertNotIn(mark, page)

    def test_every_row_of_a_table_is_in_the_page_of_the_language(self):
        page = plain(self.render("ssql.7"))
        for name in ("wal_segment", "on_conflict"):
            self.assertEqual(name in read("docs/language.md"), name in page)
        for row in re.findall(r"(?m)^\| *`([a-z_]+\([^`]*\))`", read("docs/language.md")):
            self.assertIn(row, page)

    def test_a_form_that_is_not_known_is_refused(self):
        for text in ("## A\n\n#### too deep\n", "## A\n\na `code without an end\n", "## A\n\n<b>bold</b>\n", "## A\n\na **bold\n"):
            self.write("page.md", text)
            done = subprocess.run(["awk", "-f", os.path.join(ROOT, "cmake/language_page.awk"), self.path("page.md")],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 1, text)
            self.assertIn("page.md:", done.stderr)


class Agreement(ShellTest):
    def help_of(self, *command):
        result = self.run_shell(*command, "--help")
        self.assertEqual((result.err, result.status), ("", 0))
        return result.out

    def commands(self):
        text = self.help_of().split("Commands:\n")[1].split("\n\n")[0]
        return re.findall(r"(?m)^  ([a-z]+) ", text)

    def options(self, *command):
        found = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", self.help_of(*command)))
        return found

    def options_of_page(self, name):
        """Those that head an entry: lines such as *-c*, *--command* _text_."""
        heads = re.findall(r"(?m)^\*-.*$", read(name))
        return {option for head in heads for option in re.findall(r"\*(--[a-z][a-z-]*)\*", head)}

    def test_options_of_the_program(self):
        listed = self.options()
        own = {option for name in self.commands() if name not in ("help", "test") for option in self.options(name)}
        page = self.options_of_page("man/ssql.1.scd")
        self.assertGreater(len(listed), 25)
        # names of modes have one entry, and other names that are taken stand nowhere
        modes = {"--" + mode for mode in re.search(r"--MODE +the same:((?: +\w+)+(?:\n {20,}.*)?)", self.help_of()).group(1).split()}
        self.assertEqual(listed - {"--levels"} - page - {"--append"}, set())
        self.assertEqual(page - listed - own - modes, set())
        text = read("man/ssql.1.scd")
        self.assertIn("*--append*", text)
        for mode in modes:
            self.assertIn("*%s*" % mode[2:], text)

    def test_letters_of_the_program(self):
        text = self.help_of().split("Commands:")[0]
        letters = {(letter, name) for letter, name in re.findall(r"(?m)^  (-\w), (--[a-z-]+)", text)}
        page = set(re.findall(r"(?m)\*(-\w)\*, \*(--[a-z-]+)\*", read("man/ssql.1.scd")))
        self.assertGreater(len(letters), 12)
        self.assertEqual(letters - page, set())

    def test_options_of_ssql_test(self):
        listed, page = self.options("test"), self.options_of_page("man/ssql-test.1.scd")
        self.assertGreater(len(listed), 12)
        self.assertEqual(listed, page)

    def test_options_of_the_other_commands_are_in_the_manual(self):
        described = set(re.findall(r"\*(--[a-z-]+)\*", read("man/ssql.1.scd")))
        for name in self.commands():
            if name not in ("test", "help"):
                with self.subTest(name):
                    self.assertEqual(self.options(name) - described, set())

    def test_functions_and_options_of_the_library(self):
        exported = set(read("tests/install/symbols.txt").split())
        page = read("man/libssql.3.scd")
        self.assertGreater(len(exported), 80)
        self.assertEqual(exported - set(re.findall(r"_(ssql_[a-z0-9_]*[a-z0-9])_(?![a-z])", page)), set())
        options = set(re.findall(r"[a-z0-9_]+", self.run_shell("-c", ".set").err))
        self.assertGreater(len(options), 10)
        self.assertEqual(options - set(re.findall(r"\*([a-z0-9_]+)\*", page)), set())

    def test_commands(self):
        synopsis, described = re.search(r"(?ms)^# SYNOPSIS(.*?)^# .*?^# COMMANDS(.*?)^# DURABILITY", read("man/ssql.1.scd")).groups()
        names = self.commands()
        self.assertEqual(re.findall(r"\*ssql ([a-z]+)\*", synopsis), names)
        self.assertEqual(sorted(re.findall(r"(?m)^\*([a-z]+)\*$", described)), sorted(names))
        shell = read("docs/shell.md")
        for name in names:
            self.assertIn("ssql " + name, shell)

    def test_every_option_that_a_page_mentions_is_known(self):
        known = set(re.findall(r"--[a-z][a-z-]*", self.run_shell("completion", "bash").out))
        others = re.compile(r"\bcmake\b|\bgrep\b|pkg-config|ldconfig|--jsno")
        for page in ("README.md", "docs/shell.md", "docs/golden-tests.md", "docs/tutorial.md", "docs/README.md", "docs/files.md",
                     "docs/language.md", "man/ssql.1.scd", "man/ssql-test.1.scd"):
            with self.subTest(page):
                lines = [line for line in read(page).splitlines() if not others.search(line)]
                named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", "\n".join(lines)))
                self.assertEqual(named - known, set())

    def test_dot_commands(self):
        listed = set(re.findall(r"(?m)^(\.[a-z]+) ", self.run_shell("-c", ".help").out))
        self.assertGreater(len(listed), 35)
        section = re.search(r"(?ms)^# DOT COMMANDS(.*?)^# ", read("man/ssql.1.scd")).group(1)
        self.assertEqual(set(re.findall(r"\*(\.[a-z]+)\*", section)), listed)
        section = re.search(r"(?ms)^## Dot commands(.*?)^`\.help TOPIC`", read("docs/shell.md")).group(1)
        self.assertEqual(set(re.findall(r"`(\.[a-z]+)", section)) - {".tab"}, listed)

    def test_dot_commands_are_in_the_modes_and_topics_of_help(self):
        for topic in ("modes", "keys"):
            self.assertGreater(len(self.run_shell("help", topic).out.splitlines()), 5)
        table = re.search(r"(?ms)^\| mode \| \|\n(.*?)\n\n", read("docs/shell.md")).group(1)
        described = {mode for row in table.splitlines()[1:] for mode in re.findall(r"`([a-z]+)`", row.split("|")[1])}
        listed = set(re.findall(r"(?m)^(\w+) ", self.run_shell("help", "modes").out))
        self.assertEqual(described, listed)


if __name__ == "__main__":
    unittest.main()
