"""`ssql test` when one of its calls fails: memory, files, processes."""

import unittest

from failing_calls import FailingCallsTest

GOLDEN = """--@ test: rows
create table t { a int primary, b string };
--> ok
insert into t values (1, "x"), (2, null);
--> 2 rows
from t order by a;
--> a | b
--> 1 | x
--> 2 | null
"""


class RunnerCalls(FailingCallsTest):
    def setUp(self):
        super().setUp()
        self.environment.pop("CI", None)

    def test_a_file_that_passes(self):
        self.write("a.ssql", GOLDEN)
        self.sweep("test", "--color=never", "a.ssql")


if __name__ == "__main__":
    unittest.main()
