"""`ssql dump`: parts of a database, patterns of names, one state of all tables."""

import re
import unittest

from transfer_test import Transfer


class Dump(Transfer):
    def test_parts(self):
        self.load("db", "create table ab (x int, primary key (x)); create table ac (y string default 'q' not null);"
                        "create table b (z bool); insert into ab values (1); insert into b values (true), (null);")
        self.check("dump", "--schema", "db", "a*", out="begin;\ncreate table ab (\n    x int primary key\n);\n"
                   "create table ac (\n    y string not null default 'q'\n);\ncommit;\n")
        self.check("dump", "--data", "db", "B", out="begin;\ninsert into b (z) values\n  (true),\n  (null);\ncommit;\n")
        self.check_error("dump", "db", "b", "x*", says="no table is called x*")
        self.check_error("dump", "none", says="there is no database", status=2)

    def test_one_state_of_all_tables_beside_a_writer(self):
        self.load("db", "create table a (x int); create table b (x int); insert into a values (100000); insert into b values (0);")
        writer = self.start("--batch", "db")
        move = b"begin; update a set x = x - 1 where true; update b set x = x + 1 where true; commit;\n"
        seen = set()
        for _ in range(8):
            writer.stdin.write(move * 100 + b"select 1 as ready;\n")
            writer.stdin.flush()
            dumped = self.run_shell("dump", "--data", "db").out
            a, b = re.findall(r"\((\d+)\)", dumped)
            self.assertEqual(int(a) + int(b), 100000)
            seen.add(a)
            self.assertEqual(writer.stdout.readline() + writer.stdout.readline(), b"ready\n1\n")
        writer.communicate(timeout=20)
        self.assertGreater(len(seen), 1)

    def test_patterns(self):
        names = ["a", "ab", "abc", "Xab", "ä", "äb"]
        self.load("db", "".join("create table `%s` (x int);" % name for name in names))
        for pattern, found in [("*", names), ("a*", ["a", "ab", "abc"]), ("?b", ["ab", "äb"]), ("*b", ["ab", "Xab", "äb"]), ("?", ["a", "ä"]),
                               ("xAB", ["Xab"]), ("*a*b*", ["ab", "abc", "Xab"]), ("**?c", ["abc"]), ("*b*b*", []), ("", [])]:
            with self.subTest(pattern):
                result = self.run_shell("dump", "--schema", "db", pattern)
                tables = [line.split()[2].strip("`") for line in result.out.splitlines() if line.startswith("create")]
                self.assertEqual((sorted(tables), result.status), (sorted(found), 0 if found else 1))

    def test_a_dump_that_is_cut_short_changes_nothing(self):
        self.people()
        script = self.run_shell("dump", "db").out
        result = self.run_shell("other", text=script[:-len("commit;\n")])
        self.assertEqual(result.status, 1)
        self.assertEqual(self.run_shell("other", ".tables").out, "")


if __name__ == "__main__":
    unittest.main()
