"""`ssql check`: what it says of whole and of damaged databases, and its status."""

import glob
import os
import shutil
import signal
import unittest

from shell import ShellTest

# More than what a clean close leaves in the log, so that there are files.
ROWS = "insert into users values " + ", ".join(f"({i}, 'name {i * i}')" for i in range(4000))


class Check(ShellTest):
    def make(self, name="db"):
        """Two tables in files, and a row that is only in the log."""
        self.check(name, "create table users { id int primary, name string }", ROWS,
                   "create table orders { id int primary, user int }", "insert into orders values (1, 2), (2, 3)")
        settings = ["--set", "memtable_size=4k"]
        self.check(*settings, name, ROWS.replace("insert", "upsert"), "upsert into orders values (3, 4)")
        self.check(name, "insert into users values (100000, 'last')")

    def sstables(self):
        files = sorted(glob.glob(self.path("db/tables/16/sst-*")))
        self.assertTrue(files)
        return files

    def flip(self, path, offset):
        with open(path, "r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ 4]))

    def test_a_whole_database_is_ok(self):
        self.make()
        result = self.run_shell("check", "db")
        self.assertRegex(result.out, r"\Aok: 2 tables, \d+ files, \d+ bytes checked\n\Z")
        self.assertEqual((result.err, result.status), ("", 0))

    def test_a_damaged_block_is_named_with_its_table(self):
        self.make()
        path = self.sstables()[0]
        self.flip(path, 100)
        name = os.path.relpath(path, self.folder)
        self.check("check", "db", status=3, out=f'{name}: block 0 at offset 16: the checksum of a block is wrong (table "users")\n'
                                                "damaged: 1 finding\n")

    def test_a_missing_and_a_shortened_file_are_damage(self):
        self.make()
        path = self.sstables()[0]
        os.truncate(path, os.path.getsize(path) - 1)
        self.assertEqual(self.run_shell("check", "db").status, 3)
        os.remove(path)
        result = self.run_shell("check", "db")
        self.assertIn(os.path.relpath(path, self.folder) + ": ", result.out)
        self.assertTrue(result.out.endswith("damaged: 1 finding\n"), result.out)
        self.assertEqual((result.err, result.status), ("", 3))

    def test_a_damaged_manifest_is_reported(self):
        self.make()
        self.flip(self.path("db/manifest"), 60)
        result = self.run_shell("check", "db")
        self.assertRegex(result.out, r"\Adb/manifest: .*\ndamaged: 1 finding\n\Z")
        self.assertEqual((result.err, result.status), ("", 3))

    def test_any_flipped_bit_of_the_log_is_found(self):
        self.check("db", "create table t { id int primary, name string }", "insert into t values (1, 'one')")
        (path,) = glob.glob(self.path("db/wal/*"))
        for offset in range(0, os.path.getsize(path), 29):
            self.flip(path, offset)
            self.assertIn(self.run_shell("check", "db").status, (2, 3), offset)
            self.flip(path, offset)
        self.assertEqual(self.run_shell("check", "db").status, 0)

    def test_what_nothing_names_is_a_notice(self):
        self.make()
        shutil.copy(self.sstables()[0], self.path("db/tables/16/sst-1-9999"))
        result = self.run_shell("check", "db")
        self.assertRegex(result.out, r"\Adb/tables/16/sst-1-9999: notice: nothing names it.*\nok: .*\n\Z")
        self.assertEqual(result.status, 0)

    def test_a_database_in_use_and_one_of_a_killed_process_are_ok(self):
        process = self.start("db")
        process.stdin.write(b"create table t { id int primary };\n"
                            + b"".join(b"insert into t values (%d);\n" % i for i in range(500)) + b"select 1;\n")
        process.stdin.flush()
        process.stdout.readline()
        result = self.run_shell("check", "db")
        self.assertEqual((result.err, result.status), ("", 0), result.out)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        result = self.run_shell("check", "db")
        self.assertEqual((result.err, result.status), ("", 0), result.out)

    def contents(self):
        found = {}
        for path in glob.glob(self.path("db/**"), recursive=True):
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    found[path] = (os.stat(path).st_mtime_ns, file.read())
        return found

    def test_nothing_is_changed(self):
        self.make()
        before = self.contents()
        self.run_shell("check", "db")
        self.assertEqual(before, self.contents())

    def test_what_cannot_be_checked_is_an_error(self):
        self.check_error("check", "nothing", says="there is no database", status=2)
        self.check_error("check", ":memory:", says="a database in memory has no files", status=2)
        self.check_error("check", says="expected one database", status=2)
        self.check_error("check", "--all", "db", says="unknown option --all", status=2)
        self.write("file", "text")
        self.check_error("check", "file", says="is a file; a database is a directory", status=2)


if __name__ == "__main__":
    unittest.main()
