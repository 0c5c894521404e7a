"""copy in the shell: standard input and output, files, and what refuses them."""

import os
import signal
import subprocess
import time
import unittest

from shell import PROGRAM, ShellTest

ROWS = "id,name\n1,a\n2,\n3,\"\"\n"


def wait_until(holds):
    end = time.monotonic() + 30
    while not holds():
        if time.monotonic() > end:
            raise AssertionError("it does not come about")
        time.sleep(0.01)


class Copy(ShellTest):
    def test_a_signal_that_ends_the_shell_leaves_no_part_of_a_file(self):
        """Rows come through pipes that stay open: the statements are in their midst."""
        self.check("db", "create table t { id int primary, name string }")
        self.write("bad", "old\n")
        self.write("first.csv", "id,name\n1,one\nx,y\n")
        os.mkfifo(self.path("pipe.csv"))
        before = sorted(os.listdir(self.folder))
        for number in (signal.SIGTERM, signal.SIGHUP):
            for arguments in (["import", "--rejects", "bad", "db", "t", "pipe.csv"],
                              ["import", "--rejects", "bad", "db", "t", "first.csv", "pipe.csv"],
                              ["db", "copy t from 'pipe.csv' (rejects 'bad')"]):
                process = self.start(*arguments)
                with open(self.path("pipe.csv"), "wb", buffering=0) as pipe:
                    pipe.write(b"id,name\n" + b"2,two\nno number,y\n" * 10000)
                    wait_until(lambda: any(name.endswith(".part") for name in os.listdir(self.folder)))
                    process.send_signal(number)
                    process.communicate(timeout=30)
                self.assertEqual(process.returncode, -number)
                self.assertEqual((sorted(os.listdir(self.folder)), self.read("bad")), (before, "old\n"), arguments)
        self.check("--no-header", "db", "select count(*) from t", out="0\n")

    def test_standard_input_gives_rows(self):
        self.check("db", "copy t from stdin (create true, primary 'id')", text=ROWS)
        self.check("db", "select * from t", out="id\tname\n1\ta\n2\t\\N\n3\t\n")
        self.check("db", "copy t from '-' (on_conflict ignore)", text=ROWS + "4,d\n")
        self.check("--no-header", "db", "select count(*) from t", out="4\n")

    def test_rejected_records_never_replace_what_is_read(self):
        self.write("t.csv", ROWS + "x,y\n")
        os.symlink("t.csv", self.path("link.csv"))
        self.check("db", "create table t { id int primary, name string }")
        for name in ("t.csv", "./t.csv", "link.csv"):
            self.check_error("db", "copy t from 't.csv' (rejects '%s')" % name, says="rejected records cannot be written to it [22023]")
        self.assertEqual(self.read("t.csv"), ROWS + "x,y\n")

    def test_results_go_to_standard_output_in_their_order(self):
        self.check("db", "copy t from stdin (create true)", text=ROWS)
        self.check("--no-header", "db", "select 'before'", "copy t to stdout", "select 'behind'",
                   out="before\n" + ROWS + "behind\n")
        self.check("-o", "out.csv", "db", "copy t to stdout")
        self.assertEqual(self.read("out.csv"), ROWS)

    def test_out_of_one_database_into_another(self):
        self.check("a", "copy t from stdin (create true)", text=ROWS)
        rows = self.run_shell("a", "copy t to stdout (format jsonl)").out
        self.check("b", "copy t from stdin (format jsonl, create true)", text=rows)
        self.check("b", "copy t to stdout", out=ROWS)
        statements = self.run_shell("a", "copy t to stdout (format insert)").out
        self.check("b", text="delete from t;" + statements)
        self.check("b", "copy t to stdout", out=ROWS)

    def test_statements_and_rows_do_not_share_standard_input(self):
        self.check_error("db", text="create table t { id int };\ncopy t from stdin;\nid\n1\n",
                         says="standard input holds the statements")
        self.write("script.ssql", "copy t from stdin;")
        self.check_error("db", text=".read script.ssql\n", says="standard input holds the statements")
        self.check("db", "-f", "script.ssql", text="id\n1\n")
        self.check("--no-header", "db", "select id from t", out="1\n")

    def test_an_error_names_the_line_of_the_input(self):
        self.check_error("db", "create table t { id int }", "copy t from stdin", text="id\n1\nx\n",
                         says="stdin:3:1: column \"id\": \"x\" is not an int")
        self.check("--no-header", "db", "select count(*) from t", out="0\n")

    def test_a_file_that_cannot_be_written(self):
        self.check("db", "copy t from stdin (create true)", text=ROWS)
        self.check_error("db", "copy t to '/dev/full'", says="No space left")
        self.check_error("db", "copy t to 'no/file.csv'", says="No such file")

    def test_safe_mode_leaves_files_alone(self):
        self.write("rows.csv", ROWS)
        self.check_error("--safe", "db", "create table t { id int, name string }", "copy t from 'rows.csv'",
                         says="[42501]")
        self.check("--safe", "db", "copy t from stdin", text=ROWS)
        self.check("--safe", "db", "copy t to stdout", out=ROWS)

    def test_control_c_ends_the_wait_for_rows(self):
        process = self.start("db", "create table t { id int }", "copy t from stdin")
        process.stdin.write(b"id\n1\n")
        process.stdin.flush()
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        self.assertIn(b"interrupted [57014]", err)
        self.assertEqual(process.returncode, 130)
        self.check("--no-header", "db", "select count(*) from t", out="0\n")

    def test_control_c_ends_the_wait_for_the_other_end_of_a_pipe(self):
        self.check("db", "copy t from stdin (create true)", text=ROWS)
        self.write("rows.csv", ROWS)
        os.mkfifo(self.path("pipe"))
        for command in (("db", "copy t to 'pipe'"), ("db", "copy t from 'pipe'"), ("import", "db", "t", "pipe"),
                        ("db", "copy t from 'rows.csv' (rejects 'pipe')"), ("export", "db", "t", "pipe")):
            with self.subTest(command):
                process = self.start(*command)
                time.sleep(0.5)
                process.send_signal(signal.SIGINT)
                _, err = process.communicate(timeout=20)
                self.assertIn(b"interrupted [57014]", err)
                self.assertEqual(process.returncode, 130)
        self.check("--no-header", "db", "select count(*) from t", out="%d\n" % ROWS.count("\n", ROWS.index("\n") + 1))

    def test_rejected_records_that_do_not_fit_on_the_disk(self):
        """Half of them never take the place of the file that was there."""
        self.check("db", "create table t { id int primary }")
        self.write("rows.csv", "id\n" + "no number\n" * 20000)
        self.write("bad", "before\n")
        done = subprocess.run(["bash", "-c", "ulimit -f 100; trap '' XFSZ; exec \"$0\" db \"$1\"", PROGRAM,
                               "copy t from 'rows.csv' (rejects 'bad')"],
                              cwd=self.folder, env=self.environment, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b'cannot write "bad"', done.stderr)
        self.assertEqual(self.read("bad"), "before\n")
        self.assertEqual([name for name in os.listdir(self.folder) if name.endswith(".part")], [])

    def test_explain_analyze_of_a_write_is_a_write(self):
        result = self.run_shell("--no-header", "db", "create table t { id int primary }",
                                "explain analyze insert into t values (1), (2)", "select count(*) from t")
        self.assertRegex(result.out, r"\Ainsert into t \[2 rows, [0-9.]+ ms\]\n  values .*\ntotal: 2 rows, [0-9.]+ ms\n2\n\Z")


if __name__ == "__main__":
    unittest.main()
