"""Results on a real terminal: first and last rows of long ones, the pager, progress, and what is left alone where somebody
reads from a pipe."""

import os
import re
import stat
import time
import unittest

import pexpect

from shell import PROGRAM, ShellTest

# A pager that keeps what it was given, and ends as it is told.
KEEPING = "sh -c 'cat > kept'"


class Screen(ShellTest):
    def setUp(self):
        super().setUp()
        for name in ("PAGER", "SSQL_PAGER", "LESS"):
            self.environment.pop(name, None)
        rows = ", ".join("(%d, 'name %d')" % (i, i) for i in range(3000))
        self.check("db", text="create table t (id int primary, name string); insert into t values " + rows + ";")

    def open(self, *arguments, rows=24, columns=80, **environment):
        shell = pexpect.spawn(PROGRAM, list(arguments), cwd=self.folder, env=dict(self.environment, **environment),
                              encoding="utf-8", dimensions=(rows, columns), timeout=60)
        shell.delaybeforesend = 0.01
        self.addCleanup(shell.close, force=True)
        return shell

    def show(self, *arguments, status=0, **how):
        """All that a run wrote to a terminal, without colours."""
        shell = self.open(*arguments, **how)
        shell.expect(pexpect.EOF)
        shell.close()
        self.assertEqual((shell.exitstatus, shell.signalstatus), (status, None), shell.before)
        return re.sub(r"\x1b\[\d*(;\d+)*m", "", shell.before).replace("\r\n", "\n")

    def program(self, text):
        self.write("pager", "#!/bin/sh\n" + text)
        os.chmod(self.path("pager"), stat.S_IRWXU)
        return self.path("pager")

    # ---- first and last rows ----

    def test_a_long_result_is_shown_by_its_first_and_last_rows(self):
        out = self.show("db", "select * from t", rows=60).splitlines()
        self.assertEqual(len(out), 3 + 20 + 1 + 20 + 1)
        self.assertEqual([line.split()[1] for line in (out[3], out[22], out[24], out[43])], ["0", "19", "2980", "2999"])
        self.assertIn("… 2,960 rows …", out[23])
        self.assertEqual({len(line) for line in out}, {len(out[0])})

    def test_rows_chooses_how_many(self):
        out = self.show("--column", "db", ".rows 5", "select id from t", rows=60)
        self.assertEqual(out, "id\n----\n   0\n   1\n   2\n… 2,995 rows …\n2998\n2999\n")
        self.assertEqual(self.show("--table", "--no-header", "db", ".rows 3", "select id from t where id < 4", rows=60),
                         "+---+\n| 0 |\n| 1 |\n… 1 row …\n| 3 |\n+---+\n")

    def test_all_rows_on_demand_and_where_all_fit(self):
        self.assertEqual(len(self.show("--pager", "never", "db", ".rows all", "select * from t").splitlines()), 3004)
        self.assertNotIn("…", self.show("db", "select * from t where id < 40", rows=60))

    def test_nothing_is_left_out_for_programs(self):
        self.assertEqual(len(self.show("--batch", "--box", "db", "select * from t").splitlines()), 3004)
        self.assertEqual(len(self.run_shell("--box", "db", "select * from t").out.splitlines()), 3004)
        self.show("--box", "db", ".once out", "select * from t")
        self.assertEqual(len(self.read("out").splitlines()), 3004)
        self.assertEqual(len(self.show("--csv", "--pager", "never", "db", "select * from t").splitlines()), 3001)

    def test_the_prompt_says_how_many_there_were(self):
        shell = self.open("db", "--pager", "never", rows=60)
        shell.expect_exact("ssql> ")
        shell.send("select * from t;\r")
        shell.expect_exact("3,000 rows, 40 of them shown; .rows all shows all")
        shell.expect_exact("ssql> ")
        shell.send(".rows all\rselect * from t where id < 50;\r")
        shell.expect_exact("50 rows\r\n")

    # ---- the pager ----

    def test_a_result_that_fits_stays_on_the_terminal(self):
        out = self.show("db", "select * from t where id < 3", SSQL_PAGER=KEEPING)
        self.assertEqual(len(out.splitlines()), 7)
        self.assertFalse(os.path.exists(self.path("kept")))

    def test_what_has_too_many_lines_or_columns_goes_to_the_pager(self):
        self.assertEqual(self.show("db", ".rows all", "select * from t", SSQL_PAGER=KEEPING), "")
        self.assertEqual(len(self.read("kept").splitlines()), 3004)
        self.assertEqual(self.show("db", "select 'wide wide wide wide' as a", columns=20, SSQL_PAGER=KEEPING), "")
        self.assertEqual(len(self.read("kept").splitlines()), 5)
        self.assertEqual(len(self.show("db", "select 'wide wide wide' as a", columns=20, SSQL_PAGER=KEEPING).splitlines()), 5)

    def test_help_goes_to_the_pager_too(self):
        self.assertEqual(self.show("-c", ".help", SSQL_PAGER=KEEPING), "")
        self.assertIn(".tables", self.read("kept"))
        self.assertIn(".timer", self.show("-c", ".help timer", SSQL_PAGER=KEEPING))

    def test_less_is_the_default_and_quitting_it_ends_the_statement(self):
        shell = self.open("db", ".rows all", "select * from t", "select 'next' as a")
        shell.expect_exact("name 15")
        shell.send("q")
        shell.expect_exact("│ next │")
        shell.expect(pexpect.EOF)
        shell.close()
        self.assertEqual(shell.exitstatus, 0)
        self.assertNotIn("name 2999", shell.before)

    def test_a_pager_that_has_read_enough_is_no_error(self):
        out = self.show("--list", "db", "select * from t", "select 1 as a", SSQL_PAGER="head -n 2")
        self.assertEqual(out, "id|name\n0|name 0\na\n1\n")

    def test_the_environment_and_the_option_choose_it(self):
        for how in ({"PAGER": KEEPING}, {"PAGER": "nothing", "SSQL_PAGER": KEEPING}):
            self.show("db", "select * from t", **how)
            os.remove(self.path("kept"))
        self.show("--pager", KEEPING, "db", "select * from t", SSQL_PAGER="nothing")
        os.remove(self.path("kept"))
        for never in (["--pager", "never"], ["--batch"], ["--safe"]):
            self.show(*never, "db", "select * from t", SSQL_PAGER=KEEPING)
            self.assertFalse(os.path.exists(self.path("kept")))
        self.show("db", ".pager " + KEEPING, "select * from t")
        os.remove(self.path("kept"))
        self.show("db", ".pager never", "select * from t", SSQL_PAGER=KEEPING)
        self.show("db", "select * from t", SSQL_PAGER=KEEPING, TERM="dumb")
        self.show("db", "select * from t", SSQL_PAGER="")
        self.assertFalse(os.path.exists(self.path("kept")))

    def test_a_pager_that_does_not_exist_is_told_of_once(self):
        out = self.show("--list", "db", "select * from t where id < 30", "select * from t where id < 31", SSQL_PAGER="no-such-pager -x")
        self.assertEqual(out.count("error: "), 1)
        self.assertIn('the pager "no-such-pager -x" does not exist\n', out)
        self.assertEqual(out.count("\n29|name 29\n"), 2)

    def test_a_pager_that_dies_is_told_of_once_and_the_result_is_all_there(self):
        for text in ("exit 3\n", "kill -9 $$\n", "head -c 1000 >/dev/null; exit 1\n"):
            with self.subTest(text):
                out = self.show("--list", "db", "select * from t", "select * from t where id < 40", SSQL_PAGER=self.program(text))
                self.assertEqual(out.count("error: "), 1)
                self.assertEqual(len(re.findall(r"(?m)^\d+\|name \d+$", out)), 3040)

    def test_a_pager_that_dies_late_ends_the_statement(self):
        out = self.show("--list", "db", "select repeat(name, 100) as a from t", "select 'next' as a",
                        SSQL_PAGER=self.program("head -c 1500000 >/dev/null; exit 1\n"))
        self.assertIn("too long to be repeated\n", out)
        self.assertEqual(out.count("error: "), 1)
        self.assertTrue(out.endswith("a\nnext\n"), out[-100:])

    def test_ctrl_c_in_the_pager_leaves_the_shell_alive(self):
        shell = self.open("db")
        shell.expect_exact("ssql> ")
        shell.send(".rows all\r")
        shell.expect_exact("ssql> ")
        shell.send("select * from t;\r")
        shell.expect_exact("name 15")
        shell.send("\x03")
        time.sleep(0.3)
        shell.send("q")
        shell.expect(r"[\d,]+ rows( so far: the pager was quit)?\r\n|error:.*57014")
        shell.expect_exact("ssql> ")
        shell.send("select 'alive' as a;\r")
        shell.expect_exact("│ alive │")

    def test_a_failed_statement_shows_its_rows_before_the_error(self):
        out = self.show("--list", "db", "select 10 / (2000 - id) as a from t", status=1, SSQL_PAGER=self.program("cat > kept\n"))
        self.assertNotIn("division by zero", self.read("kept"))
        self.assertIn("division by zero", out)

    # ---- the rest of a terminal ----

    def test_a_terminal_of_width_one(self):
        out = self.show("--pager", "never", "db", "select id from t where id == 7", columns=1, rows=2)
        self.assertIn("7", out)

    def test_control_characters_do_not_reach_it(self):
        for mode in ("box", "table", "column", "markdown", "line", "list", "html", "csv", "tsv", "json", "jsonl"):
            with self.subTest(mode):
                out = self.show("-m", mode, "--color", "never", "-c", r"""values ("a\u{1b}]0;x\u{7}b");""")
                self.assertNotIn("\x1b", out)
                self.assertNotIn("\x07", out)

    def test_json_on_a_terminal_escapes_what_steers_it(self):
        text = "é日😀\\u{202e}\\u{9b}\\u{2028}\\u{7f}z"
        self.assertEqual(self.show("--jsonl", "-c", "select concat(\"%s\", '') as a" % text),
                         '{"a":"é日😀\\\\u202e\\\\u009b\\\\u2028\\\\u007fz"}\n'.replace("\\\\", "\\"))
        self.assertEqual(self.show("--csv", "--no-header", "-c", "select concat(\"%s\", '')" % text),
                         "é日😀\\u{202e}\\u{9b}\\u{2028}␡z\n")

    def test_the_gap_stands_in_the_middle_of_wide_columns(self):
        out = self.show("--column", "db", ".rows 2", "select repeat('x', 30) as a from t", rows=60)
        self.assertEqual(out.splitlines()[3].strip(), "… 2,998 rows …")
        self.assertTrue(out.splitlines()[3].startswith(" " * 8), out)

    def test_commands_that_take_no_time_show_no_progress(self):
        self.write("rows.csv", "id,name\n" + "".join("%d,name\n" % i for i in range(5000, 45000)))
        self.assertEqual(self.show("import", "-q", "db", "t", "rows.csv"), "")
        self.assertRegex(self.show("backup", "db", "copy"), r"\Aok: \d+ files, .*\n\Z")
        self.write("more.csv", "id,name\n" + "".join("%d,name\n" % i for i in range(50000, 90000)))
        self.assertEqual(self.show("import", "db", "t", "more.csv"), "40,000 rows loaded\n")
        self.assertRegex(self.show("compact", "db"), r"\Aok: [\d,]+ bytes of tables, [\d,]+ before\n\Z")

    def test_progress_is_shown_after_a_second_and_taken_away(self):
        doubled = "".join("insert into t select id + %d, name from t;" % (3000 * 2 ** power) for power in range(4))
        self.check("db", text=doubled)
        slow = ("select count(*) from t where replace(replace(replace(repeat(name, 30), 'a', 'bbbb'), 'b', 'aaaa'), 'aaaa', 'c') "
                "like '%c%e%c%e%f%' or id >= 0")
        out = self.show("--no-header", "--list", "db", slow)
        if "\x1b[K" in out: # a machine may be quick enough to need no second
            self.assertRegex(out, r"^(\r[a-z]+(, \d+ s| [\d,]+( of [\d,]+)? rows(, \d+ %)?(, [\d,]+ rows a second)?(, .* left)?)\x1b\[K)+\r\x1b\[K48000\n$")
        self.assertRegex(out, "48000\n$")
        out = self.show("--no-header", "--list", "--pager", "never", "db", slow, columns=40)
        for line in re.findall(r"\r([^\r]+)\x1b\[K", out): # what has no room is left out, the line is never wrapped
            self.assertLess(len(line), 40)
            self.assertRegex(line, r"^reading( |, |$)[^a-z]*( rows)?[^a-z]*( s( left)?)?$")
        self.assertEqual(self.show("--batch", "--list", "--no-header", "db", slow), "48000\n")


if __name__ == "__main__":
    unittest.main()
