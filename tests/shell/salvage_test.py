"""`ssql salvage`: what is kept of a damaged database, what is said to be lost, and its status."""

import glob
import os
import shutil
import unittest

from shell import ShellTest

ROWS = "insert into users values " + ", ".join(f"({i}, 'name {i * i}')" for i in range(4000))


class Salvage(ShellTest):
    def make(self, name="db"):
        """Two tables in files, one of them without a primary key, and a row that is only in the log."""
        self.check(name, "create table users { id int primary, name string not null default 'nobody' }", ROWS,
                   "create table notes { text string }", "insert into notes values ('a'), ('b')")
        settings = ["--set", "memtable_size=4k"]
        self.check(*settings, name, ROWS.replace("insert", "upsert"))
        self.check(name, "insert into users values (100000, 'last')")

    def flip(self, path, offset):
        with open(path, "r+b") as file:
            file.seek(offset, os.SEEK_END if offset < 0 else os.SEEK_SET)
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 4]))

    def files(self, table):
        found = sorted(glob.glob(self.path(f"db/tables/{table}/sst-*")))
        self.assertTrue(found)
        return found

    def test_rows_that_may_be_older_are_counted(self):
        self.check("db", "create table users { id int primary, name string }", ROWS)
        self.run_shell("compact", "db")
        self.check("--set", "memtable_size=4k", "db", "upsert into users select id, 'later' from users where id % 2 == 0")
        self.check("--set", "memtable_size=4k", "db", "insert into users values (100000, 'last')")
        old, new = sorted(self.files(16), key=lambda path: int(path.rsplit("-", 1)[1]))[:2]
        shutil.copytree(self.path("db"), self.path("other"))
        self.flip(new, 100)
        result = self.run_shell("salvage", "db", "copy")
        self.assertEqual(result.status, 3)
        self.assertRegex(result.out, r"rows from the file's first before key 2048; up to 2048 rows there may be older ")
        # The older file has nothing below it: what is lost there leaves nothing older.
        self.flip(old.replace("/db/", "/other/"), 100)
        result = self.run_shell("salvage", "other", "copy2")
        self.assertEqual(result.status, 3)
        self.assertIn(" are lost: rows ", result.out)
        self.assertNotIn("older", result.out)

    def query(self, name, text):
        result = self.run_shell("--no-header", name, text)
        self.assertEqual((result.err, result.status), ("", 0))
        return result.out

    def test_a_whole_database_is_kept_as_it_is(self):
        self.make()
        result = self.run_shell("salvage", "db", "new")
        self.assertRegex(result.out, r"\Aok: 2 tables, [\d,]+ row versions, nothing lost\n\Z")
        self.assertEqual((result.err, result.status), ("", 0))
        for text in ("select * from users order by id", "select * from notes order by text", ".schema"):
            self.assertEqual(self.query("new", text), self.query("db", text))
        self.assertEqual(self.run_shell("check", "new").status, 0)

    def test_a_damaged_block_costs_its_rows_and_no_others(self):
        self.make()
        self.run_shell("compact", "db")
        path = self.files(16)[0]
        self.flip(path, 100)
        result = self.run_shell("salvage", "db", "new")
        self.assertEqual((result.err, result.status), ("", 3))
        self.assertIn(os.path.relpath(path, self.folder) + ": bytes 16 to ", result.out)
        self.assertRegex(result.out, r'rows from the file\'s first before key \d+ \(table "users"\)\n')
        self.assertRegex(result.out, r"kept: 2 tables, [\d,]+ row versions; lost: 2 findings\n\Z")
        first, count = map(int, self.query("new", "select min(id), count(*) from users").split())
        self.assertEqual(count, 4001 - first)
        self.assertEqual(self.query("new", "select * from users order by id"),
                         self.query_whole(first))
        self.assertEqual(self.query("new", "select * from notes order by text"), "a\nb\n")

    def query_whole(self, first):
        return "".join(f"{i}\tname {i * i}\n" for i in range(first, 4000)) + "100000\tlast\n"

    def test_lost_names_are_made_up(self):
        self.make()
        self.run_shell("compact", "db")
        for table in (1, 2):
            self.flip(self.files(table)[0], 100)
        result = self.run_shell("salvage", "db", "new")
        self.assertEqual((result.err, result.status), ("", 3))
        self.assertIn('the table\'s name is lost: it is called "salvaged_16"', result.out)
        self.assertEqual(self.query("new", "select count(*), min(c2) from salvaged_16"), "4001\tlast\n")
        self.assertEqual(self.query("new", "select c1 from salvaged_17 order by c1"), "a\nb\n")
        self.check("new", "insert into salvaged_16 values (-1, 'new')")

    def test_a_lost_name_leaves_the_columns_theirs(self):
        self.make()
        self.run_shell("compact", "db")
        self.flip(self.files(1)[0], 100)
        self.assertEqual(self.run_shell("salvage", "db", "new").status, 3)
        self.assertEqual(self.query("new", "select name from salvaged_16 where id == 3"), "name 9\n")

    def test_without_a_manifest_or_with_a_damaged_one(self):
        self.make()
        self.run_shell("compact", "db")
        shutil.copytree(self.path("db"), self.path("headless"))
        self.flip(self.path("db/manifest"), 60)
        os.remove(self.path("headless/manifest"))
        for name in ("db", "headless"):
            with self.subTest(name):
                result = self.run_shell("salvage", name, "new-" + name)
                self.assertIn("which files count is not known any more", result.out)
                self.assertEqual((result.err, result.status), ("", 3))
                self.assertEqual(self.query("new-" + name, "select * from users order by id"), self.query_whole(0))

    def test_what_is_refused(self):
        self.make()
        self.check_error("salvage", "db", "db", says="there is a database", status=2)
        os.mkdir(self.path("empty"))
        self.check_error("salvage", "nowhere", "new", says="there is no database", status=2)
        self.check_error("salvage", "db", says="expected a database and a path", status=2)
        self.check_error("salvage", "--hard", "db", "new", says="unknown option", status=2)
        self.assertFalse(os.path.exists(self.path("new")))


if __name__ == "__main__":
    unittest.main()
