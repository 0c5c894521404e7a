"""`ssql backup`, `check`, `salvage`, `info`, `compact`, `completion`, and the output modes, one of their calls failing each time."""

import unittest

from failing_calls import FailingCallsTest

SCRIPT = "create table t { id int primary, name string default 'x' }; insert into t values (1, 'Ada'), (2, null);"
MODES = ["box", "csv", "tsv", "json", "jsonl", "markdown", "line", "html", "insert", "quote", "list"]


class Tools(FailingCallsTest):
    def setUp(self):
        super().setUp()
        self.check("db", text=SCRIPT)
        self.assertEqual(self.run_shell("compact", "db").status, 0)
        self.assertEqual(self.run_shell("backup", "db", "copy").status, 0)

    def test_backup(self):
        self.sweep("backup", "--verify", "db", "new")

    def test_renewing_a_backup(self):
        self.sweep("backup", "--incremental", "db", "copy")

    def test_check(self):
        self.sweep("check", "db")

    def test_salvage(self):
        self.sweep("salvage", "db", "new")

    def test_info(self):
        self.sweep("info", "--levels", "db")

    def test_compact(self):
        self.sweep("compact", "db", "t")

    def test_completion(self):
        self.sweep("completion", "zsh")

    def test_dot_commands(self):
        self.sweep("db", ".backup --verify new", ".check", ".info", ".schema t", ".dump", ".tables")

    def test_result_files(self):
        self.sweep("-o", "results", "db", "select * from t", ".once |cat >&2", "select 1", ".once other", "select 2")

    def test_modes(self):
        """A value is never shown as null when there was no memory for it."""
        script = "".join(".mode %s\nselect id, name, 'text' as other from t where id = 1;\n" % mode for mode in MODES)
        for way, result in self.sweep("db", text=script):
            self.assertNotIn("null", result.out, str(way))


if __name__ == "__main__":
    unittest.main()
