"""The shape of an error: place, message, code, the line at fault, a mark under the whole token, a hint. Two forms: one for files,
which editors understand, and one for everything else."""

import unittest

from shell import ShellTest

TABLE = "create table users { id int primary, name string };\n"
UNKNOWN = 'unknown column "naem" in users [42703]'
HINT = 'hint: did you mean "name"?\n'


class ErrorReport(ShellTest):
    def setUp(self):
        super().setUp()
        self.check("db", TABLE)

    def report(self, text):
        """What a script that holds this text says."""
        self.write("a.ssql", text)
        return self.run_shell("--no-bail", "--no-header", "-q", "db", "-f", "a.ssql").err

    def marked(self, text):
        """The line at fault and the mark below it, as they are shown."""
        lines = self.report(text).splitlines()
        return lines[1], lines[2]

    def test_from_a_file_and_from_elsewhere(self):
        shown = "  select naem from users;\n         ^~~~\n" + HINT
        self.assertEqual(self.report("select naem from users;\n"), "a.ssql:1:8: error: " + UNKNOWN + "\n" + shown)
        for arguments, text in ((["db"], "select naem from users;\n"), (["-c", "select naem from users;", "db"], "")):
            self.assertEqual(self.run_shell(*arguments, text=text).err, "error: " + UNKNOWN + ", line 1, column 8\n" + shown)

    def test_the_place_counts_code_points_from_the_beginning_of_the_line(self):
        for text, place in (("select '世界', naem from users;", "1:14"), ("select '\U0001F468\u200d\U0001F469\u200d\U0001F467', naem from users;", "1:17"),
                            ("select\tid,\tnaem from users;", "1:12"), ("\n\n  select\n\n  naem from users;", "5:3"),
                            ("select 1; select naem from users;", "1:18"), ("select 1;\r\nselect id,\r\n naem from users;\r\n", "3:2"),
                            ("-- é\nselect 'é' as `é`, naem from users;", "2:20"), ("/* a\n b */ select naem from users;", "2:14")):
            with self.subTest(text):
                self.assertTrue(self.report(text).startswith("a.ssql:" + place + ": error: " + UNKNOWN), self.report(text))

    def test_the_mark_stands_below_the_token_as_a_terminal_shows_it(self):
        for text in ("select '世界', naem from users;", "select '\U0001F468\u200d\U0001F469\u200d\U0001F467', naem from users;",
                     "select '\U0001F1EB\U0001F1F7e\u0301', naem from users;"):
            line, mark = self.marked(text)
            before = line[:line.index("naem")]
            columns = len(before.replace("世界", "1234").replace("\U0001F468\u200d\U0001F469\u200d\U0001F467", "12")
                          .replace("\U0001F1EB\U0001F1F7", "12").replace("e\u0301", "e"))
            self.assertEqual(mark, " " * columns + "^~~~", line)
        self.assertEqual(self.marked("select\tid,\tnaem\tfrom users;"),
                         ("  select  id,     naem    from users;", "                  ^~~~"))
        self.assertEqual(self.marked("select '\x1b[31m', naem from users;"), ("  select '␛[31m', naem from users;", "                  ^~~~"))

    def test_the_mark_is_as_wide_as_the_token_but_never_beyond_its_line(self):
        self.assertEqual(self.marked("select 'a' 'one\ntwo';"), ("  select 'a' 'one", "             ^~~~"))
        self.assertEqual(self.marked("select nosuch('one\ntwo');")[1], "         ^~~~~~")
        self.assertEqual(self.marked("select name + 1 from users;")[1], "              ^")
        self.assertEqual(self.marked("select `世界` from users;")[1], "         ^~~~~~")

    def test_the_end(self):
        self.assertEqual(self.marked("select id from users where;"), ("  select id from users where;", "                            ^"))
        self.assertEqual(self.marked("select id from users where\n\n  ;"), ("    ;", "    ^"))
        self.assertEqual(self.marked("select id from users where"), ("  select id from users where", "                       ^~~~~"))
        self.assertEqual(self.marked("select 1 +\n-- nothing\n"), ("  select 1 +", "           ^"))

    def test_a_long_line_is_shown_round_the_mark(self):
        ids = ", ".join(["id"] * 60)
        for text in ("select %s, naem, %s from users;" % (ids, ids), "select '%s', naem, %s from users;" % ("é" * 100, ids),
                     "select '%s', naem from users;" % ("世" * 100), "select naem, %s from users;" % ids,
                     "select '%s' as a, naem from users;" % ("x" * 100000)):
            line, mark = self.marked(text)
            with self.subTest(text[:20]):
                self.assertLess(len(line) + line.count("世"), 100)
                self.assertIn("naem", line)
                self.assertEqual(mark.strip(), "^~~~")
                if "世" not in line:
                    self.assertEqual(mark.index("^"), line.index("naem"))
                self.assertEqual(line.startswith("  ..."), not text.startswith("select naem"))

    def test_a_statement_that_the_end_of_the_input_cuts_off_is_told_by_its_beginning(self):
        shown = 'unfinished statement that began at line 4, expected ")" [42601]'
        self.assertEqual(self.report("select 1;\n\n-- a comment\nselect (1\n\n"),
                         "a.ssql:4:9: error: " + shown + '\n  select (1\n          ^\nhint: a "(" is still open\n')
        self.assertEqual(self.run_shell(text="\n/* one\n*/\nselect\n(1").err.splitlines()[0], "error: " + shown + ", line 5, column 2")
        self.assertIn("unfinished statement that began at line 1, expected an expression", self.run_shell("-c", "select 1 +").err)
        # with its end there, or wrong in itself, a statement is not unfinished
        self.assertIn('unexpected end of the statement, expected ")"', self.report("select (1;"))
        self.assertIn('syntax error at "selct"', self.report("selct 1"))

    def test_a_position_is_left_out_where_there_is_none(self):
        self.assertEqual(self.report("\n commit;"), 'a.ssql:2: error: no transaction is open [25P01]\nhint: begin one with "begin"\n')
        self.assertEqual(self.run_shell("-c", "commit").err, 'error: no transaction is open [25P01]\nhint: begin one with "begin"\n')

    def test_dot_commands_have_the_same_shape(self):
        self.assertEqual(self.report("select 1;\n.tabels\n"),
                         'a.ssql:2:1: error: unknown command .tabels\n  .tabels\n  ^~~~~~~\nhint: did you mean ".tables"?\n')
        self.assertEqual(self.report("select 1;\n  .mode jsno\n").splitlines()[0].split(":")[:3], ["a.ssql", "2", "3"])

    def test_a_byte_order_mark_is_no_error_at_the_beginning_and_one_elsewhere(self):
        self.assertEqual(self.report("\ufeffselect naem from users;").splitlines()[0], "a.ssql:1:8: error: " + UNKNOWN)
        self.assertIn("unexpected invisible character U+FEFF [42601]", self.report("select 1;\nselect\ufeff 2;"))


if __name__ == "__main__":
    unittest.main()
