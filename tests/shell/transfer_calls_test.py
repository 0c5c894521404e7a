"""`ssql import`, `export`, `dump` and what else reads and writes files, one of their calls failing each time: an allocation,
or a call of the system. Each run ends with a message, or did what it should."""

import gzip
import unittest

from failing_calls import FailingCallsTest

PEOPLE = ("create table people { id int primary, name string default 'nobody' };"
          "create table pairs { a int, b int, note string, primary key (a, b) };"
          "insert into people values (1, 'Ada'), (2, null); insert into pairs values (1, 2, \"x\\ny\");")


class Import(FailingCallsTest):
    def check_end(self, way, result):
        if "session_tell" in way.stack and way.call == "fwrite":
            self.assertIn(result.status, (0, 1))  # where messages cannot be written, there are none
        else:
            super().check_end(way, result)

    def setUp(self):
        super().setUp()
        self.check("db", text=PEOPLE)
        self.write("3.csv", "id,name\n3,C\nx,D\n")
        self.write("4.csv.gz", gzip.compress(b"id,name\n4,E\n"))
        self.write("5.sql", "insert into people values (5, 'F');")

    def test_a_file(self):
        self.sweep("import", "--rejects", "bad", "db", "people", "3.csv")

    def test_several_files_make_a_table(self):
        self.sweep("import", "--create", "--rejects", "bad", "db", "new", "3.csv", "4.csv.gz")

    def test_a_file_of_inserts(self):
        self.sweep("import", "db", "people", "5.sql", "4.csv.gz")

    def test_batches(self):
        self.sweep("import", "--batch-rows", "1", "--rejects", "bad", "--max-rejects", "0", "db", "people", "4.csv.gz", "3.csv")

    def test_standard_input(self):
        self.sweep("import", "db", "people", "-", text="id,name\n6,G\n")


class Export(FailingCallsTest):
    def setUp(self):
        super().setUp()
        self.check("db", text=PEOPLE)

    def test_a_table(self):
        self.sweep("export", "db", "people", "new.csv")

    def test_a_query_as_gzip(self):
        self.sweep("export", "db", "select * from people", "new.csv.gz")

    def test_a_table_as_zstd(self):
        self.sweep("export", "db", "people", "new.csv.zst")

    def test_a_dump(self):
        self.sweep("dump", "db")


if __name__ == "__main__":
    unittest.main()
