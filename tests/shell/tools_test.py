"""`ssql backup`, `check`, `salvage`, `info`, `compact` and `completion` from outside: help, statuses, full disks, closed pipes, and their
dot commands where there are such. What they do to a database stands in the tests that are called like them."""

import glob
import os
import shutil
import signal
import subprocess
import unittest

from shell import PROGRAM, ShellTest

ROWS = "insert into t values " + ", ".join("(%d, 'name %d')" % (i, i * i) for i in range(4000))
FULL = "error: cannot write to standard output: No space left on device\n"


class Tools(ShellTest):
    def make(self):
        self.check("db", "create table t { id int primary, name string }", ROWS)
        self.assertEqual(self.run_shell("compact", "db").status, 0)

    def damage(self):
        """One byte of a file of the table."""
        path = sorted(glob.glob(self.path("db/tables/16/sst-*")))[0]
        with open(path, "r+b") as file:
            file.seek(100)
            byte = file.read(1)[0]
            file.seek(100)
            file.write(bytes([byte ^ 4]))

    def on_full_disk(self, *arguments):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, *arguments], cwd=self.folder, env=self.environment, stdout=full, stderr=subprocess.PIPE,
                                  timeout=60)
        return done.returncode, done.stderr.decode()

    def test_each_explains_itself(self):
        for command in ("backup", "check", "salvage", "info", "compact", "completion"):
            for word in ("-h", "--help"):
                result = self.run_shell(command, word)
                self.assertIn("usage: ssql " + command, result.out)
                self.assertEqual((result.err, result.status), ("", 0))
            self.assertEqual(self.on_full_disk(command, "-h"), (1, FULL))
        self.assertEqual(self.run_shell("-c", ".backup --copy --", "-c", "select 1").status, 1)
        self.assertIn("usage: .backup", self.run_shell("-c", ".backup --help").out)
        self.assertIn("usage: .backup", self.run_shell("-c", ".backup -h").out)

    def test_too_few_words_and_too_many(self):
        for command, few, many in (("check", [], ["a", "b"]), ("salvage", [], ["a", "b", "c"]), ("compact", [], ["a", "b", "c"]),
                                   ("info", [], ["a", "b"]), ("completion", [], ["bash", "zsh"]), ("backup", ["a"], ["a", "b", "c"])):
            for words in (few, many):
                result = self.run_shell(command, *words)
                self.assertRegex(result.err, r"\Aerror: (expected|too many arguments).*\nhint: ssql " + command)
                self.assertEqual((result.out, result.status), ("", 2))
            self.check_error(command, "--what", says="unknown option --what", status=2)
        self.check_error("completion", "zhs", says='hint: did you mean "zsh"?', status=2)
        self.check_error("completion", "powershell", says="hint: ssql completion bash|zsh|fish", status=2)
        self.check_error("-c", ".backup --copy", says="expected one directory for the backup")
        self.check_error("-c", ".backup a b", says="expected one directory for the backup")

    def test_full_disks(self):
        self.make()
        self.assertEqual(self.on_full_disk("backup", "db", "copy"), (1, FULL))
        self.assertEqual(self.on_full_disk("backup", "--verify", "db", "copy2"), (1, FULL))
        self.assertEqual(self.on_full_disk("salvage", "db", "new"), (1, FULL))
        self.assertEqual(self.on_full_disk("db", ".backup --verify copy3"), (1, FULL))
        self.assertEqual(self.on_full_disk("completion", "bash"), (1, FULL))
        file = sorted(glob.glob(self.path("db/tables/16/sst-*")))[0]
        shutil.copy(file, self.path("db/tables/16/sst-1-9999"))
        self.assertEqual(self.on_full_disk("check", "db"), (1, FULL))  # a notice, and no damage
        os.remove(self.path("db/tables/16/sst-1-9999"))
        self.damage()
        self.assertEqual(self.on_full_disk("check", "db"), (3, FULL))
        self.assertEqual(self.on_full_disk("salvage", "db", "new2"), (1, FULL))

    def test_a_disk_that_is_full_after_the_first_line(self):
        self.check("db", "create table t { id int primary }", "insert into t values (1)")
        first = self.run_shell("backup", "db", "other").out
        self.write("out", "x" * (64 * 1024 - len(first)))
        done = subprocess.run(["bash", "-c", "ulimit -f 64; trap '' XFSZ; exec \"$0\" backup --verify db copy >> out", PROGRAM],
                              cwd=self.folder, env=self.environment, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (1, b"error: cannot write to standard output: File too large\n"))
        self.assertIn("ok: ", self.read("out"))

    def test_a_backup_whose_name_begins_with_a_dash(self):
        self.make()
        self.assertEqual(self.run_shell("backup", "db", "--", "-copy").status, 0)
        self.assertEqual(self.run_shell("check", "./-copy").status, 0)
        self.assertRegex(self.run_shell("db", ".backup two").out, r"\Aok: \d+ files, [\d,]+ bytes: ")
        self.check_error("backup", "-", "new", says="there is no database", status=2)

    def test_a_disk_that_is_full_at_the_last_line_of_a_salvage(self):
        """What is lost has been said, and the status says it, too."""
        self.make()
        self.damage()
        result = self.run_shell("salvage", "db", "new")
        self.assertEqual(result.status, 3)
        blocks = 20000
        with open(self.path("out"), "wb") as file:
            file.truncate(blocks * 1024 - len(result.out) + 1)
        done = subprocess.run(["bash", "-c", "ulimit -f %d; trap '' XFSZ; exec \"$0\" salvage db new2 >> out" % blocks, PROGRAM],
                              cwd=self.folder, env=self.environment, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (3, b"error: cannot write to standard output: File too large\n"))
        self.assertEqual(self.run_shell("check", "new2").status, 0)

    def test_no_room_for_what_they_make(self):
        self.make()
        for command in (["backup", "--copy", "db", "new"], ["salvage", "db", "new"]):
            done = subprocess.run(["bash", "-c", "ulimit -f 4; trap '' XFSZ; exec \"$0\" \"$@\"", PROGRAM, *command],
                                  cwd=self.folder, env=self.environment, capture_output=True, timeout=60)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(done.stderr.decode(), r"\Aerror: .*File too large \[53100\]")

    def test_a_database_that_is_open_elsewhere(self):
        self.make()
        writer = self.start("--batch", "db")
        writer.stdin.write(b"insert into t values (-1, 'a'); select 7;\n")
        writer.stdin.flush()
        writer.stdout.readline()
        self.check_error("compact", "db", says="[55006]\nhint: close the other program, or wait until it ends", status=2)
        writer.communicate(timeout=20)
        self.assertEqual(self.run_shell("backup", "db", "copy").status, 0)
        with self.start("--batch", "copy") as reader:
            reader.stdin.write(b"select 7;\n")
            reader.stdin.flush()
            reader.stdout.readline()
            self.check_error("backup", "--incremental", "db", "copy", says="[55006]", status=2)

    def test_a_damaged_manifest(self):
        self.make()
        with open(self.path("db/manifest"), "r+b") as file:
            file.seek(60)
            file.write(b"\xff\xfe\xfd")
        for command in (["info", "db"], ["compact", "db"], ["backup", "db", "new"]):
            self.check_error(*command, says="[XX001]", status=3)

    def test_damage_met_in_compacting(self):
        self.make()
        self.damage()
        self.check("db", "upsert into t values (1, 'new')")
        self.check_error("compact", "db", says="[XX001]", status=3)

    def test_verifying_within_a_session_gives_the_status(self):
        self.make()
        self.damage()
        result = self.run_shell("db", ".backup --verify copy", "select 1 as one")
        self.assertRegex(result.out, r"\Aok: .*\ncopy/tables.*\ndamaged: 1 finding\n\Z")
        self.assertEqual((result.err, result.status), ("", 3))

    def test_a_small_database_has_one_of_each(self):
        self.check("db", "create table t { id int primary }", "insert into t values (1)")
        result = self.run_shell("salvage", "db", "new")
        self.assertRegex(result.out, r"\Aok: 1 table, 1 row version, nothing lost\n")
        self.check("empty", "create table t { id int primary }", "drop table t")
        self.assertIn("tables        0\n", self.run_shell("info", "empty").out)

    def test_names_wider_than_their_column(self):
        name = "a_table_with_a_name_longer_than_its_column"
        self.check("db", "create table %s { id int primary }" % name)
        self.assertIn("\n%s            0 " % name, self.run_shell("info", "db").out)

    def test_several_levels_are_listed(self):
        """A large table at the bottom, and small files that wait above it for many others."""
        self.make()
        later = "upsert into t select id, '%s' from t where id %% 2 == 0" % ("x" * 100)  # so much is flushed at the end
        self.check("--set", "level0_files=100", "db", later)
        out = self.run_shell("info", "db").out
        self.assertRegex(out, r"L0: \d+, L\d: \d+\n")

    def test_ctrl_c_ends_them_with_130(self):
        self.make()
        for command in (["salvage", "db", "new"], ["backup", "--copy", "db", "copy"], ["compact", "db"]):
            for _ in range(20):
                process = self.start(*command, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=20)
                self.assertIn(process.returncode, (0, 2, 130, -signal.SIGINT), (out, err))
                if process.returncode == 130:
                    self.assertIn(b" [57014]", err)
                for name in ("new", "copy"):
                    subprocess.run(["rm", "-rf", self.path(name)], check=True)


if __name__ == "__main__":
    unittest.main()
