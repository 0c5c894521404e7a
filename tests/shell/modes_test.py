"""The output modes: every byte of a small result with all that is difficult in it."""

import csv
import io
import json
import subprocess
import unittest

from shell import PROGRAM, ShellTest

HARD = r"""select 1 as id, concat("a\tb\n\"c\",\\|", '') as text, 2.5 as number, true as yes, null as nothing, '' as empty;"""


class Modes(ShellTest):
    def show(self, mode, statement=HARD, *options):
        result = self.run_shell("--mode", mode, *options, ":memory:", statement)
        self.assertEqual((result.err, result.status), ("", 0))
        return result.out

    def test_box(self):
        self.assertEqual(self.show("box", "select 7 as id, '日本' as name"),
                         "┌────┬──────┐\n│ id │ name │\n├────┼──────┤\n│  7 │ 日本 │\n└────┴──────┘\n")

    def test_table_without_header(self):
        self.assertEqual(self.show("table", "select 7 as id, 'x' as name", "--no-header"), "+---+---+\n| 7 | x |\n+---+---+\n")

    def test_widths_count_grapheme_clusters(self):
        for text in ("👨‍👩‍👧", "🇩🇪", "❤️", "é", "👍🏽", "한글"):
            with self.subTest(text):
                rows = self.show("box", "select '%s' as a" % text).splitlines()
                columns = 4 if text == "한글" else 1 if text == "é" else 2
                self.assertEqual(rows[0], "┌" + "─" * (columns + 2) + "┐")

    def test_control_characters_are_pictures_in_frames(self):
        out = self.show("box", r"""select concat("a\u{1b}[31mb\nc\u{202e}d", '') as a""")
        self.assertIn("│ a␛[31mb↵c\\u{202e}d │", out)

    def test_a_text_that_reads_like_null_is_quoted_in_frames(self):
        out = self.show("table", "select null as a, 'null' as b", "--no-header")
        self.assertIn('| null | "null" |', out)

    def test_cells_wider_than_200_columns_are_wrapped(self):
        out = self.show("box", "select '" + "x" * 450 + "' as a", "--no-header").splitlines()
        self.assertEqual([line.count("x") for line in out], [0, 200, 200, 50, 0])
        self.assertEqual({len(line) for line in out}, {204})

    def test_csv_comes_back_and_tells_null_from_empty(self):
        out = self.show("csv")
        self.assertEqual(out.split("\n", 1)[0], "id,text,number,yes,nothing,empty")
        self.assertEqual(list(csv.reader(io.StringIO(out)))[1][1], 'a\tb\n"c",\\|')
        self.assertTrue(out.endswith(',2.5,true,,""\n'))

    def test_csv_quotes_what_could_be_taken_for_something_else(self):
        for text, shown in (("a", "a"), ("", '""'), (r"\"", '""""'), (r"a\nb", '"a\nb"'), (r"a\rb", '"a\rb"'), ("a,b", '"a,b"'), (" a", '" a"'),
                            ("a ", '"a "'), ("-", '"-"'), ("+", "+"), ("--", "--")):
            result = subprocess.run([PROGRAM, "--csv", "--no-header", "--null", "-", "-c", 'select concat("%s", \'\')' % text],
                                    cwd=self.folder, env=self.environment, capture_output=True, check=True, timeout=60)
            self.assertEqual(result.stdout.decode(), shown + "\n")

    def test_tsv_is_one_escaped_line_a_row(self):
        self.assertEqual(self.show("tsv"), 'id\ttext\tnumber\tyes\tnothing\tempty\n1\ta\\tb\\n"c",\\\\|\t2.5\ttrue\t\\N\t\n')

    def test_json_is_exact(self):
        out = self.show("json", HARD + "select 9007199254740993 as i;")
        first, second = out.split("]\n")[:2]
        self.assertEqual(json.loads(first + "]"), [{"id": 1, "text": 'a\tb\n"c",\\|', "number": 2.5, "yes": True, "nothing": None, "empty": ""}])
        self.assertEqual(json.loads(second + "]"), [{"i": 9007199254740993}])
        self.assertEqual(self.show("json", "create table t (a int); select a from t"), "[]\n")

    def test_json_of_what_json_has_no_sign_for(self):
        out = self.show("json", r"""select cast('inf' as float) as i, cast('nan' as float) as n, 1.5 as f, concat("\r\u{1}\u{7f}", '') as t""")
        self.assertEqual(out, '[{"i":null,"n":null,"f":1.5,"t":"\\r\\u0001\\u007f"}]\n')
        self.assertEqual(self.show("json", "values (1), (2)"), '[{"column1":1},\n{"column1":2}]\n')

    def test_jsonl_is_one_object_a_line(self):
        self.assertEqual(self.show("jsonl", "values (1, 'a'), (2, null)").count("\n"), 2)

    def test_column_is_a_table_without_a_frame(self):
        self.assertEqual(self.show("column", "values (1, 'one', null), (200, '', 'x')"),
                         "column1  column2  column3\n-------  -------  -------\n      1  one      null\n    200           x\n")

    def test_html_escapes_and_tells_null_from_text(self):
        out = self.show("html", r"""select 1 as id, concat("<a & 'b'>\n\"", '') as `x<y`, null as n, 'null' as t""")
        self.assertEqual(out, '<table>\n<tr><th>id</th><th>x&lt;y</th><th>n</th><th>t</th></tr>\n<tr><td class="number">1</td>'
                         "<td>&lt;a &amp; &#39;b&#39;&gt;<br>&quot;</td><td class=\"null\">null</td><td>null</td></tr>\n</table>\n")

    def test_headers_are_left_out(self):
        for mode, out in (("html", '<table>\n<tr><td class="number">1.5</td><td>x</td></tr>\n</table>\n'), ("line", "1.5\nx\n"),
                          ("insert", "insert into result values (1.5, 'x');\n"), ("quote", "1.5,'x'\n"), ("markdown", "| 1.5 | x   |\n")):
            self.assertEqual(self.show(mode, "select 1.5 as a, 'x' as b", "--no-header"), out)

    def test_quote_and_insert_write_literals_that_come_back(self):
        statement = r"""select 'it''s' as s, concat("a\nb", '') as c, -9223372036854775807 - 1 as i, 0.1 as f,
            cast('inf' as float) as x, true as b, null as n"""
        out = self.show("quote", statement)
        self.assertEqual(out, "'s','c','i','f','x','b','n'\n'it''s',\"a\\nb\",-9223372036854775808,0.1,"
                         "cast('inf' as float),true,null\n")
        again = self.show("quote", "values (%s)" % out.split("\n")[1])
        self.assertEqual(again.split("\n")[1], out.split("\n")[1])

    def test_markdown(self):
        self.assertEqual(self.show("markdown", "select 1 as id, 'a|b' as name"), "| id  | name |\n|----:|------|\n|   1 | a\\|b |\n")

    def test_line(self):
        self.assertEqual(self.show("line", "values (1), (2)"), "column1 = 1\n\ncolumn1 = 2\n")
        self.assertEqual(self.show("line", "select 1 as id, null as name"), "  id = 1\nname = null\n")

    def test_a_text_that_reads_like_null_is_quoted_where_nothing_else_tells(self):
        self.assertEqual(self.show("line", "select null as a, 'null' as b"), 'a = null\nb = "null"\n')
        self.assertIn('null  "null"', self.show("column", "select null as a, 'null' as b"))

    def test_list_and_separator(self):
        self.assertEqual(self.show("list", "select 1 as a, 'b' as b"), "a|b\n1|b\n")
        self.assertEqual(self.show("list", "select 1 as a, 'b' as b", "--separator", "; ", "--no-header"), "1; b\n")

    def test_insert_makes_the_rows_again(self):
        make = "create table `odd name` (id int primary key, `select` string, f float, b bool);"
        rows = r"""insert into `odd name` values (1, "it's\n\"\\\u{1}", 2.5, true), (-9223372036854775808, null, -0.1, false);"""
        statements = self.show("insert", make + rows + "select * from `odd name`;")
        self.assertTrue(statements.startswith("insert into `odd name` (id, `select`, f, b) values ("))
        again = self.show("insert", make + statements + "select * from `odd name`;")
        self.assertEqual(again, statements)

    def test_off_writes_nothing(self):
        self.assertEqual(self.show("off"), "")

    def test_null_text_is_chosen(self):
        self.assertEqual(self.show("csv", "select null as a, '-' as b", "--null", "-", "--no-header"), '-,"-"\n')

    def test_a_short_option_and_a_beginning_name_a_mode(self):
        self.check("--csv", "--no-header", ":memory:", "select 1, 2", out="1,2\n")
        self.check("--no-header", "-c", ".mode cs\nselect 1, 2;", out="1,2\n")

    def test_results_of_a_failed_statement_stay_open(self):
        """Rows may have gone out before it fails; nobody shall take a part for the whole."""
        make = "create table t (id int primary key); insert into t values " + ", ".join("(%d)" % i for i in range(9000)) + ";"
        for mode, begin, end in (("html", "<table>", "</table>"), ("box", "┌", "└"), ("json", "[", "]")):
            result = self.run_shell("--mode", mode, text=make + "select 10 / (id - 8500) as x from t;")
            self.assertTrue(result.out.startswith(begin), result.out[:100])
            self.assertNotIn(end, result.out)
            self.assertIn("division by zero", result.err)
            self.assertEqual(result.status, 1)
            none = self.run_shell("--mode", mode, text=make + "select 10 / id as x from t;").out
            self.assertNotIn(end, none)

    def test_wide_cells_behind_the_first_thousand_rows(self):
        """Widths are settled by then: frames wrap such a cell, Markdown cannot."""
        rows = ", ".join("(%d, 'x')" % i for i in range(1100)) + ", (1100, '%s')" % ("y" * 20)
        make = "create table t (id int primary, s string); insert into t values " + rows + ";"
        out = self.run_shell("--mode", "table", ":memory:", text=make + "select s from t order by id;").out.splitlines()
        self.assertEqual({len(line) for line in out}, {len(out[0])})
        self.assertEqual("".join(line.strip("| ") for line in out if "y" in line), "y" * 20)
        self.assertIn("| " + "y" * 20 + " |\n", self.run_shell("--mode", "markdown", ":memory:", text=make + "select s from t order by id;").out)
        long = "create table u (id int primary, s string); insert into u values %s;" % ", ".join("(%d, repeat('z', 40000))" % i for i in range(40))
        out = self.run_shell("--mode", "column", "--no-header", ":memory:", text=long + "select s from u;").out
        self.assertEqual(out.count("z"), 40 * 40000)

    def test_a_character_wider_than_its_column_stands_alone(self):
        self.assertEqual(self.run_shell("--mode", "table", "--no-header", "-c", ".width 1", "-c", "select '日本' as a").out,
                         "+---+\n| 日 |\n| 本 |\n+---+\n")

    def test_colours_mark_headers_and_nulls(self):
        self.assertEqual(self.run_shell("--color=always", "--mode", "column", "-c", "select null as a, 1.5 as f").out,
                         "\033[1ma\033[0m     \033[1mf\033[0m\n----  ---\n\033[2mnull\033[0m  1.5\n")

    def test_a_mode_is_named_by_a_beginning_that_only_it_has(self):
        self.check_error("-c", ".mode j", says="j")
        self.check_error("-c", ".mode ''", says="mode")

    def test_an_array_of_a_failed_statement_stays_open(self):
        result = self.run_shell("--json", text="create table t (id int primary key);"
                                + "insert into t values (1), (0); select 10 / (id - 1) as x from t order by id;")
        self.assertEqual(result.status, 1)
        self.assertNotIn("]", result.out)


if __name__ == "__main__":
    unittest.main()
