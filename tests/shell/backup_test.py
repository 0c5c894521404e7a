"""`ssql backup`, .backup and the statement: what they make, say and refuse."""

import os
import unittest

from shell import ShellTest

ROWS = "insert into users values " + ", ".join(f"({i}, 'name {i * i}')" for i in range(4000))
COUNT = "select count(*) from users"


class Backup(ShellTest):
    def make(self, name="db"):
        """Rows in files, and one that is only in the log."""
        self.check(name, "create table users { id int primary, name string }", ROWS)
        self.check("--set", "memtable_size=4k", name, ROWS.replace("insert", "upsert"))
        self.check(name, "insert into users values (100000, 'last')")

    def count(self, name):
        result = self.run_shell("--no-header", name, COUNT)
        self.assertEqual((result.err, result.status), ("", 0))
        return int(result.out)

    def test_a_backup_is_a_database_of_its_own(self):
        self.make()
        result = self.run_shell("backup", "--verify", "db", "copy")
        self.assertRegex(result.out, r"\Aok: [\d,]+ files, [\d,]+ bytes: .*\d+ written\nok: 1 table, \d+ files, \d+ bytes checked\n\Z")
        self.assertEqual((result.err, result.status), ("", 0))
        self.check("db", "delete from users where id > 10")
        self.assertEqual(self.count("copy"), 4001)
        self.check("copy", "insert into users values (-1, 'new')")
        self.assertEqual((self.count("copy"), self.count("db")), (4002, 11))
        self.check("check", "copy", out=self.run_shell("check", "copy").out)

    def test_an_incremental_backup_brings_what_is_new(self):
        self.make()
        self.run_shell("backup", "--copy", "db", "copy")
        self.check("db", "insert into users values (100001, 'later')")
        result = self.run_shell("backup", "--incremental", "--verify", "db", "copy")
        self.assertRegex(result.out, r"\Aok: .* kept\nok: ")
        self.assertEqual(self.count("copy"), 4002)

    def test_the_writer_goes_on_beside_it(self):
        self.make()
        writer = self.start("--batch", "--no-header", "db")
        writer.stdin.write(b"begin; insert into users values (200000, 'a'); commit; insert into users values (200001, 'b'); select 7;\n")
        writer.stdin.flush()
        self.assertEqual(writer.stdout.readline(), b"7\n")
        result = self.run_shell("backup", "--verify", "db", "copy")
        self.assertEqual((result.err, result.status), ("", 0))
        out, err = writer.communicate(b"insert into users values (200002, 'c'); select 8;\n", timeout=60)
        self.assertEqual((out, err, writer.returncode), (b"8\n", b"", 0))
        self.assertEqual(self.count("copy"), 4003)

    def test_what_is_refused(self):
        self.make()
        self.check("other", "create table t { i int }")
        os.mkdir(self.path("full"))
        self.write("full/letter", "dear")
        self.check_error("backup", "db", "other", says="there is a database", status=2)
        self.check_error("backup", "--incremental", "db", "other", says="is no backup", status=2)
        self.check_error("backup", "db", "full", says="holds other files", status=2)
        self.assertEqual(self.read("full/letter"), "dear")
        self.check_error("backup", "nowhere", "copy", says="there is no database", status=2)
        self.check_error("backup", "db", says="expected a database and a directory", status=2)
        self.check_error("backup", "db", "a", "b", says="too many arguments", status=2)
        self.check_error("backup", "--incremental=1", "db", "a", says="unknown option", status=2)
        self.check_error("backup", ":memory:", "a", says="in memory", status=2)
        self.run_shell("backup", "db", "copy")
        self.check("copy", "delete from users where id == 1")
        self.check_error("backup", "--incremental", "db", "copy", says="written to since", status=2)
        self.assertEqual(self.count("copy"), 4000)

    def test_damage_is_not_copied(self):
        self.make()
        folder = self.path("db/tables/16")
        with open(os.path.join(folder, sorted(os.listdir(folder))[0]), "r+b") as file:
            file.seek(100)
            byte = file.read(1)[0]
            file.seek(100)
            file.write(bytes([byte ^ 4]))
        self.check_error("backup", "--copy", "db", "copy", says="is damaged at offset 16", status=3)
        self.assertFalse(os.path.exists(self.path("copy")))
        result = self.run_shell("backup", "--verify", "db", "copy")
        self.assertIn("damaged: 1 finding\n", result.out)
        self.assertEqual(result.status, 3)

    def test_what_was_not_finished_is_refused_and_made_again(self):
        self.make()
        self.run_shell("backup", "db", "copy")
        os.remove(self.path("copy/manifest"))
        self.check_error("copy", "select 1", says="a backup that was not finished", status=2)
        self.check_error("check", "copy", says="a backup that was not finished", status=2)
        self.run_shell("backup", "--verify", "db", "copy")
        self.assertEqual(self.count("copy"), 4001)

    def test_the_dot_command(self):
        text = "create table users { id int }; insert into users values (1), (2);\n.backup --verify copy\n.backup copy\n"
        result = self.run_shell("--no-bail", text=text)
        self.assertRegex(result.out, r"\Aok: 3 files, [\d,]+ bytes: 3 written\nok: 1 table, \d+ files, \d+ bytes checked\n\Z")
        self.assertIn("there is a database", result.err)
        self.assertEqual(self.count("copy"), 2)
        self.check_error("--safe", "db", "-c", ".backup other", says="not allowed with --safe")
        self.check_error("-c", ".backup --verifi x", says="unknown option")

    def test_files_may_be_forbidden(self):
        self.check_error("--set", "allow_files=off", "-c", "backup to 'copy'", says="backup may not use files here")


if __name__ == "__main__":
    unittest.main()
