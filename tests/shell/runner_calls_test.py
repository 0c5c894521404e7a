"""`ssql test` when one of its calls fails: memory, files, processes."""

import errno
import os
import unittest

from failing_calls import FailingCallsTest

GOLDEN = """--@ test: rows
create table t { a int primary, b string };
--> ok
insert into t values (1, "x"), (2, null);
--> 2 rows
select * from t order by a;
--> a | b
--> 1 | x
--> 2 | null
"""


WRONG = GOLDEN.replace("--> 1 | x", "--> 1 | y")
SLT = """statement ok
create table t (a int primary key, b int)

statement count 2
insert into t values (1, 2), (3, 4)

query II rowsort label
select a, b from t
----
1
2
3
4
"""
BETWEEN = """--@ mask /[0-9]+/ N
--@ var low=1
--@ with memtable_size=32KiB
create table t { a int primary };
insert into t values (1), (2);
--@ connection 2
begin;
insert into t values (7);
commit;
--@ reopen
--@ sort
select * from t where a > :low;
--@ crash
select * from t;
select * from nothing;
--> error ...
--> ...
--@ fresh
create table t { a int primary };
--@ test: a query
--@ repeat 2
select 1 as a;
--> a
--> N
"""


class RunnerCalls(FailingCallsTest):
    """Nothing hangs, crashes or stays behind; a file passes or is told to have failed."""

    def setUp(self):
        super().setUp()
        self.environment.pop("CI", None)
        os.mkdir(self.path("tmp"))
        self.environment["TMPDIR"] = "tmp"

    def look(self, folder):
        return os.listdir(os.path.join(folder, "tmp"))

    def check_end(self, way, result):
        super().check_end(way, result)
        self.assertNotIn("no end after", result.out)
        if result.left != [] and "kept: " not in result.out:
            self.assertRegex(result.err, "out of memory|could not be removed")

    def test_a_file_that_passes(self):
        self.write("a.ssql", GOLDEN)
        self.sweep("test", "--color=never", "a.ssql")

    def test_a_folder_with_reports_of_failures(self):
        os.mkdir(self.path("tests"))
        self.write("tests/a.ssql", WRONG)
        self.write("tests/b.md", "```ssql\n" + GOLDEN + "```\n")
        self.write("tests/c.slt", SLT)
        self.sweep("test", "--tap", "--keep", "--junit=out.xml", "--slowest=1", "--shuffle=1", "--diff=diff -u", "tests")

    def test_answers_are_rewritten(self):
        self.write("a.ssql", WRONG)
        self.write("b.slt", SLT.replace("4\n", "5\n"))
        self.sweep("test", "--update", "a.ssql", "b.slt")

    def test_every_directive(self):
        self.write("a.ssql", BETWEEN)
        self.sweep("test", "a.ssql")

    def test_followers_and_small_files(self):
        self.write("a.ssql", BETWEEN)
        self.sweep("test", "--with=small", "--with=reopen", "--with=readonly-follower", "a.ssql")

    def test_crashes(self):
        self.write("a.ssql", BETWEEN)
        self.sweep("test", "--with=small", "--with=reopen", "--with=crash=1", "a.ssql")

    def test_an_interrupted_call_is_made_again(self):
        self.write("a.ssql", GOLDEN)
        interrupted = ("read", "write", "send", "waitpid", "waitid", "poll")
        for way, result in self.sweep("test", "a.ssql", calls=interrupted, errors=dict.fromkeys(interrupted, errno.EINTR)):
            with self.subTest(str(way)):
                self.assertEqual((result.out, result.err, result.status), ("1 passed, 0 failed\n", "", 0))

    def test_sqlite_beside(self):
        self.write("a.ssql", GOLDEN.replace("{ a int primary, b string }", "(a int primary key, b text)")
                   .replace('"x"', "'x'"))
        self.write("b.ssql", "--@ var a=1\n--@ connection 2\nselect :a as a;\n--> a\n--> 1\n")
        self.sweep("test", "--engine=sqlite", "a.ssql", "b.ssql")


if __name__ == "__main__":
    unittest.main()
