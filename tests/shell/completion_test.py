"""`ssql completion`: the script for bash in a real bash, and what it offers against what the program says of itself; those
for zsh and fish where these are installed."""

import os
import re
import shutil
import subprocess
import unittest

from shell import PROGRAM, ShellTest

# compopt speaks only while bash completes: here it is printed what would have been asked of it.
BASH = r"""
compopt() { echo "compopt $*"; }
source <("$1" completion bash)
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_ssql
printf '%s\n' "${COMPREPLY[@]}"
"""


class Completion(ShellTest):
    def script(self, shell):
        result = self.run_shell("completion", shell)
        self.assertEqual((result.err, result.status), ("", 0))
        return result.out

    def offers(self, *words):
        """What bash offers behind `ssql WORDS`, of which the last is being typed."""
        done = subprocess.run(["bash", "-c", BASH, "bash", PROGRAM, "ssql", *words], cwd=self.folder, env=self.environment,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((done.stderr, done.returncode), ("", 0))
        return done.stdout.split("\n")[:-1]

    def options_of(self, *command):
        """The long options that --help of a command lists."""
        text = self.run_shell(*command, "--help").out
        return set(re.findall(r"(?m)^(?:  -\w,|     ?)? +(--[a-z][a-z-]+)|^usage:.*?\[(--[a-z]+)\]", text))

    def commands(self):
        text = self.run_shell("--help").out.split("Commands:\n")[1].split("\n\n")[0]
        found = re.findall(r"(?m)^  ([a-z]+) ", text)
        self.assertGreater(len(found), 5)
        return found

    def test_bash_takes_the_script(self):
        done = subprocess.run(["bash", "-c", 'source <("$1" completion bash) && complete -p ssql', "bash", PROGRAM],
                              capture_output=True, text=True, env=self.environment)
        self.assertEqual((done.stdout, done.stderr), ("complete -F _ssql ssql\n", ""))

    def test_bash_the_first_word_is_a_command_or_a_database(self):
        self.assertEqual(self.offers(""), ["compopt -o filenames -o plusdirs", *self.commands()])
        self.assertEqual(self.offers("chec")[1:], ["check"])

    def test_bash_offers_every_option_that_help_lists(self):
        for command in [()] + [(name,) for name in self.commands() if name != "help"]:
            with self.subTest(command):
                listed = {name for pair in self.options_of(*command) for name in pair if name}
                offered = set(self.offers(*command, "--"))
                self.assertGreaterEqual(offered, listed - {"--MODE"})
                self.assertIn("--help", offered)
                self.assertTrue(all(word.startswith("--") for word in offered), offered)
        self.assertGreater(len(self.offers("--")), 40)
        self.assertEqual(self.offers("test", "--sh"), ["--shuffle", "--shard"])

    def test_every_option_that_bash_offers_is_known(self):
        for command in [()] + [(name,) for name in self.commands() if name != "help"]:
            for option in self.offers(*command, "--"):
                with self.subTest(command=command, option=option):
                    result = self.run_shell(*command, option, *(["--help"] if option != "--help" else []))
                    self.assertNotIn("unknown option", result.err)

    def test_every_mode_that_bash_offers_is_known(self):
        for typed in ((), ("-m",), ("--mode",), ("--mode", "="), ("x.db", "--mode", "=")):
            with self.subTest(typed):
                modes = self.offers(*typed, "") if typed else [word[2:] for word in self.offers("--") if word == "--jsonl"]
                self.assertIn("jsonl", modes)
                for mode in modes:
                    self.assertEqual(self.run_shell("--mode", mode, "-c", "select 1;").status, 0, mode)
        self.assertEqual(self.offers("--mode", "=", "js"), ["json", "jsonl"])
        self.assertEqual(self.offers("--mode", "=")[:2], ["box", "table"])

    def test_every_database_option_that_bash_offers_is_known(self):
        nospace, *names = self.offers("--set", "")
        self.assertEqual(nospace, "compopt -o nospace")
        listed = re.findall(r"[a-z0-9_]+", self.run_shell("-c", ".set").err)
        self.assertEqual(sorted(names), sorted(name + "=" for name in listed))
        self.assertEqual(self.offers("--set", "sync", "=", ""), [""])

    def test_bash_words_that_only_some_values_have_are_taken(self):
        for option, accepts in (("--color", ("-c", "select 1;")), ("--pager", ("-c", "select 1;"))):
            for word in self.offers(option, ""):
                self.assertEqual(self.run_shell(option, word, *accepts).status, 0, (option, word))
        self.write("a.ssql", "select 1;\n--> ...\n")
        self.write("b.ssql", "select 1 as a;\n--> a\n--> 1\n")
        for option, words in (("--with", self.offers("test", "--with", "")), ("--color", self.offers("test", "--color", ""))):
            self.assertGreater(len(words), 2)
            for word in words:
                self.assertEqual(self.run_shell("test", option, word, "b.ssql").status, 0, (option, word))
        for option in ("--format", "--on-conflict"):
            words = self.offers("import", option, "")
            self.assertGreater(len(words), 2)
            for word in words:
                self.assertEqual(self.run_shell("import", option, word, "--help").status, 0, (option, word))
            self.assertEqual(self.run_shell("import", option, "nonsense", "--help").status, 2)
        self.assertEqual(self.offers("export", "--format", "=", "js"), ["json", "jsonl"])
        self.assertEqual(self.offers("test", "--update", "="), ["new"])
        self.assertEqual(self.offers("test", "--update", ""), ["compopt -o default", ""])

    def test_bash_files_and_databases_stand_at_their_places(self):
        files, folders, nothing = ["compopt -o default", ""], ["compopt -o dirnames", ""], [""]
        self.assertEqual(self.offers("--file", ""), files)
        self.assertEqual(self.offers("-o", "res"), files)
        self.assertEqual(self.offers("--init", "=", "x"), files)
        self.assertEqual(self.offers("test", ""), files)
        self.assertEqual(self.offers("test", "--junit", "r"), files)
        self.assertEqual(self.offers("test", "-j", "4", "a.ssql", "b"), files)
        self.assertEqual(self.offers("check", ""), folders)
        self.assertEqual(self.offers("info", "--levels", ""), folders)
        self.assertEqual(self.offers("compact", "x.db", ""), nothing)
        self.assertEqual(self.offers("--mode", "box", ""), folders)
        self.assertEqual(self.offers("--mode", "=", "box", ""), folders)
        self.assertEqual(self.offers("--csv", "x.db", "sel"), nothing)
        self.assertEqual(self.offers("-c", ""), nothing)
        self.assertEqual(self.offers("import", "--create", ""), folders)
        self.assertEqual(self.offers("import", "x.db", ""), nothing)
        self.assertEqual(self.offers("import", "--primary", "id", "x.db", "t", "a.csv", ""), files)
        self.assertEqual(self.offers("import", "--rejects", ""), files)
        self.assertEqual(self.offers("export", "x.db", "t", ""), files)
        self.assertEqual(self.offers("dump", "--data", ""), folders)
        self.assertEqual(self.offers("completion", ""), ["bash", "zsh", "fish"])

    def test_bash_offers_topics_of_which_there_is_help(self):
        topics = self.offers("help", "")
        for wanted in ("create", "select", ".mode", "42703", "modes", "keys", "test"):
            self.assertIn(wanted, topics)
        self.assertEqual(len(topics), len(set(topics)))
        for topic in ("select", ".mode", "42703", "keys", "test", "create"):
            self.assertEqual(self.run_shell("help", topic).status, 0, topic)

    def complete_on_a_terminal(self, program, arguments, prepare, cases):
        """Types into the other shell; each case is what is typed and what must then stand there."""
        try:
            import pexpect
        except ImportError:
            self.skipTest("python3-pexpect is not installed")
        os.makedirs(self.path("my films.db"))
        self.write("load me.sql", "select 1;\n")
        os.mkdir(self.path("bin"))
        os.symlink(PROGRAM, self.path("bin/ssql"))
        environment = dict(self.environment, PATH=self.path("bin") + ":" + self.environment["PATH"], PS1="> ", TERM="dumb",
                           INPUTRC="/dev/null")
        shell = pexpect.spawn(program, arguments, cwd=self.folder, env=environment, encoding="utf-8", timeout=20,
                              dimensions=(24, 200))
        try:
            shell.sendline("PS1='REA''DY> '; " + prepare)
            shell.expect("READY> ")
            for typed, becomes in cases:
                shell.send(typed)
                shell.expect_exact(becomes)
                # not Ctrl-C: it may meet the other shell while it still writes
                shell.sendcontrol("u")
                shell.sendline("")
                shell.expect("READY> ")
        finally:
            shell.close(force=True)

    def test_bash_completes_in_a_terminal(self):
        self.complete_on_a_terminal(
            "bash", ["--norc", "--noprofile"], "bind 'set enable-bracketed-paste off'; source <(ssql completion bash)",
            (("ssql my\t", "ssql my\\ films.db/"), ("ssql -f lo\t", "ssql -f load\\ me.sql "),
             ("ssql --mode=mark\t", "ssql --mode=markdown "), ("ssql che\t", "ssql check "),
             ("ssql --set memo\t", "ssql --set memory_limit="), ("ssql check m\t", "ssql check my\\ films.db/")))

    @unittest.skipIf(shutil.which("zsh") is None, "zsh is not installed")
    def test_zsh_completes_in_a_terminal(self):
        self.complete_on_a_terminal(
            "zsh", ["-f"], "unset zle_bracketed_paste; autoload -U compinit; compinit -u -D; source <(ssql completion zsh)",
            (("ssql my\t", "ssql my\\ films.db/"), ("ssql -f lo\t", "ssql -f load\\ me.sql "),
             ("ssql --mode=mark\t", "ssql --mode=markdown "), ("ssql --mode mark\t", "ssql --mode markdown "),
             ("ssql che\t", "ssql check "), ("ssql --set memo\t", "ssql --set memory_limit="),
             ("ssql check m\t", "ssql check my\\ films.db/"), ("ssql test --update=\t", "ssql test --update=new "),
             ("ssql test lo\t", "ssql test load\\ me.sql "), ("ssql completion z\t", "ssql completion zsh ")))

    def test_bash_script_has_no_fault_that_shellcheck_finds(self):
        self.write("ssql.bash", self.script("bash"))
        self.assertEqual(subprocess.run(["bash", "-n", self.path("ssql.bash")]).returncode, 0)
        if shutil.which("shellcheck") is None:
            self.skipTest("shellcheck is not installed")
        done = subprocess.run(["shellcheck", "-s", "bash", self.path("ssql.bash")], capture_output=True, text=True)
        self.assertEqual((done.stdout, done.returncode), ("", 0))

    @unittest.skipIf(shutil.which("zsh") is None, "zsh is not installed")
    def test_zsh_takes_the_script(self):
        self.write("_ssql", self.script("zsh"))
        done = subprocess.run(["zsh", "-f", "-c", "autoload -U compinit && compinit -u -D && source ./_ssql && echo $_comps[ssql]"],
                              cwd=self.folder, env=self.environment, capture_output=True, text=True)
        self.assertEqual((done.stdout, done.stderr), ("_ssql\n", ""))

    @unittest.skipIf(shutil.which("fish") is None, "fish is not installed")
    def test_fish_completes(self):
        script = self.write("ssql.fish", self.script("fish"))
        os.mkdir(self.path("x.db"))
        self.write("run.sql", "select 1;\n")

        def offers(line):
            done = subprocess.run(["fish", "--no-config", "-c", "source %s; complete -C '%s'" % (script, line)], cwd=self.folder,
                                  env=self.environment, capture_output=True, text=True)
            self.assertEqual((done.stderr, done.returncode), ("", 0))
            return [found.split("\t")[0] for found in done.stdout.splitlines()]

        self.assertEqual(offers("ssql chec"), ["check"])
        self.assertEqual(offers("ssql --mode mark"), ["markdown"])
        self.assertEqual(offers("ssql test --wi"), ["--with"])
        self.assertIn("x.db/", offers("ssql x"))
        self.assertEqual(offers("ssql check x"), ["x.db/"])
        self.assertEqual(offers("ssql compact x.db x"), [])
        self.assertEqual(offers("ssql test r"), ["run.sql"])
        self.assertEqual(offers("ssql -f ru"), ["run.sql"])
        self.assertEqual(sorted(offers("ssql completion ")), ["bash", "fish", "zsh"])

    def test_bad_command_lines(self):
        self.check_error("completion", says="expected one shell", status=2)
        self.check_error("completion", "bahs", says='did you mean "bash"?', status=2)
        self.check_error("completion", "--hlep", says="unknown option", status=2)
        self.check_error("completion", "bash", "zsh", says="expected one shell", status=2)
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "completion", "bash"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("error: ", done.stderr)


if __name__ == "__main__":
    unittest.main()
