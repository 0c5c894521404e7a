"""What `ssql import`, `export` and `dump` refuse, in words that say why, and odd input that they take; each as a command of the
program, or of a session where that makes a difference."""

import os
import signal
import subprocess
import threading
import time
import unittest

from shell import PROGRAM, ShellTest


class Transfers(ShellTest):
    def setUp(self):
        super().setUp()
        self.check("db", text="create table people { id int primary, name string };"
                   "insert into people values (1, 'Ada'), (2, null);")
        self.write("t.csv", "id,name\n3,C\n")
        self.write("t.sql", "insert into people values (3, 'C');")

    def count(self, query="select count(*) from people"):
        return int(self.run_shell("--no-header", "db", query).out)

    def give(self, pipe, text):
        """Writes into a named pipe, which is made, while a command reads from it."""
        os.mkfifo(self.path(pipe))

        def write():
            with open(self.path(pipe), "wb") as file:
                file.write(text.encode())
        thread = threading.Thread(target=write, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 20)


class Options(Transfers):
    def test_values_that_an_option_does_not_take(self):
        for option, value, says in [("--skip", "", '--skip takes a whole number, not ""'), ("--skip", "1" * 19, "takes a whole number"),
                                    ("--delimiter", "", "takes one ASCII character (or tab), not "), ("--delimiter", "é", "not é"),
                                    ("--delimiter", "€", "not €"), ("--delimiter", "\udce9", "takes one ASCII character"), ("--format", "xml", "hint: formats are csv, tsv, json, jsonl and insert"),
                                    ("--rejects", "", "--rejects is empty"), ("--on-conflict", "", "--on-conflict takes fail, ignore or replace, not ")]:
            with self.subTest(option, value=value):
                self.check_error("import", option, value, "db", "people", "t.csv", says=says, status=2)

    def test_options_that_do_not_go_together(self):
        for options, says in [(["--create", "--columns", "a"], "with --create, the columns are those of the file"),
                              (["--create", "--format", "insert"], "--create does not go with --format insert")]:
            self.check_error("import", *options, "db", "new", "t.csv", says=says, status=2)
        self.check("import", "-q", "--create", "--columns", "a,b", "--no-header", "--skip", "1", "db", "new", "t.csv")
        self.check("import", "-q", "--format", "csv", "--create", "db", "newer", "t.csv")

    def test_delimiters_and_nulls(self):
        self.write("t.tab", "id\tname\n3\tC\n")
        self.write("tabs", "id\tname\n4\t\n")
        self.check("import", "-q", "db", "people", "t.tab")
        for name, value in (("tab", 4), ("\\t", 5)):
            self.write("tabs", "id\tname\n%d\t\n" % value)
            self.check("import", "-q", "--delimiter", name, "--null", "", "db", "people", "tabs")
        self.check("export", "--no-header", "--delimiter", "tab", "db", "select name, id from people where id > 2 order by id",
                   out="C\t3\n\t4\n\t5\n")

    def test_words_behind_two_dashes_are_no_options(self):
        self.write("--help", "id,name\n3,C\n")
        self.check("import", "-q", "db", "--", "people", "--help")
        self.assertEqual(self.count(), 3)

    def test_help_stands_before_all(self):
        for command in ("import", "export", "dump"):
            for word in ("-h", "--help"):
                result = self.run_shell(command, word)
                self.assertIn("usage: ssql " + command, result.out)
                self.assertEqual((result.err, result.status), ("", 0))
            self.assertIn("--help", self.run_shell("-c", ".%s --help" % command).out)
            with open("/dev/full", "w") as full:
                done = subprocess.run([PROGRAM, command, "-h"], stdout=full, stderr=subprocess.PIPE, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (1, b"error: cannot write to standard output: No space left on device\n"))

    def test_too_many_words_after_a_dot_command(self):
        self.check_error("db", ".export people a b", says="too much after .export")
        self.check_error("db", ".export", says="something is missing after .export")

    def test_columns_are_named_with_blanks_and_all(self):
        self.check("export", "--columns", " name , id ", "db", "people", out="name,id\nAda,1\n,2\n")
        for columns in ("name,", ",name", "name,,id", " "):
            self.assertEqual(self.run_shell("export", "--columns", columns, "db", "people").status, 1)


class Import(Transfers):
    def test_standard_input_is_read_once(self):
        self.check_error("import", "db", "people", "-", "-", says="standard input can be read only once")

    def test_a_standard_input_that_cannot_be_read(self):
        for arguments, says in ((["db", "copy people from stdin"], "cannot read standard input: Is a directory"),
                                (["import", "db", "people", "-"], "cannot read -: Is a directory"),
                                (["import", "--format", "insert", "db", "people", "-"], "cannot read -: Is a directory")):
            folder = os.open(self.folder, os.O_RDONLY)
            done = subprocess.run([PROGRAM, *arguments], cwd=self.folder, env=self.environment, stdin=folder, capture_output=True, timeout=60)
            os.close(folder)
            self.assertIn(says, done.stderr.decode())
            self.assertNotEqual(done.returncode, 0)

    def test_a_standard_input_that_is_a_file(self):
        """It is read from where it stands; there may be nothing."""
        self.write("rows.csv", "passed over\nid,name\n20,x\n")
        self.write("empty.csv", "")
        for name, start, says in (("rows.csv", 12, b"1 row loaded\n"), ("empty.csv", 0, b"0 rows loaded\n"), ("rows.csv", 28, b"0 rows loaded\n")):
            with open(self.path(name), "rb", buffering=0) as file:
                file.seek(start)
                done = subprocess.run([PROGRAM, "import", "db", "people", "-"], cwd=self.folder, env=self.environment, stdin=file,
                                      capture_output=True, timeout=60)
            self.assertEqual((done.stderr, done.returncode), (says, 0))

    def test_a_standard_input_that_does_not_wait(self):
        """As another program may leave it: reading goes on when there is something."""
        for arguments in (["import", "-q", "db", "people", "-"], ["db", "copy people from stdin"]):
            end, other = os.pipe()
            os.set_blocking(end, False)
            process = subprocess.Popen([PROGRAM, *arguments], cwd=self.folder, env=self.environment, stdin=end, stderr=subprocess.PIPE)
            os.close(end)
            time.sleep(0.2)
            os.write(other, b"id,name\n%d,x\n" % (10 + len(arguments)))
            os.close(other)
            self.assertEqual((process.communicate(timeout=20)[1], process.returncode), (b"", 0))
        self.assertEqual(self.count(), 4)

    def test_a_file_whose_name_is_no_text(self):
        name = os.fsdecode(b"\xff\xfe.csv")
        os.rename(self.path("t.csv"), self.path(name))
        self.check("import", "-q", "db", "people", name)
        self.assertEqual(self.count(), 3)

    def test_files_of_inserts_take_no_options(self):
        for option in (["--rejects", "bad"], ["--max-rejects", "1"], ["--on-conflict", "fail"], ["--batch-rows", "1"], ["--skip", "1"],
                       ["--columns", "id"], ["--create"]):
            self.check_error("import", *option, "db", "people", "t.sql", says="a file of inserts takes no option but --format: t.sql")
        self.assertEqual(self.count(), 2)

    def test_what_a_file_of_inserts_may_hold(self):
        self.write("u.sql", "-- only a comment;\n;begin;\nupsert into people values (1, 'A'), (7, 'B');\n"
                   "update people set name = 'C' where id = 7;\ncommit;\n-- the end")
        self.check("import", "db", "people", "u.sql", err="2 rows loaded\n")
        self.assertEqual(self.count("select count(*) from people where name = 'C'"), 1)
        self.write("v.sql", "insert into people values (8, 'D');\nrollback;\n")
        self.check_error("import", "db", "people", "v.sql", says="v.sql:2:1: error: an import cannot be rolled back by its own file")
        self.assertEqual(self.count("select count(*) from people where id = 8"), 0)

    def test_in_a_transaction(self):
        self.write("4.csv", "id,name\n4,D\n")
        self.check_error("db", "begin", ".import t.sql people", says="a file of inserts is a transaction by itself, and one is open")
        self.check_error("db", "begin", ".import --batch-rows 1 t.csv people", says="hint: leave out --batch-rows, or commit first")
        self.check("db", "begin", ".import t.csv 4.csv people", ".import --create t.csv 4.csv other", "rollback",
                   err="2 rows loaded\ncreate table other (id int, name string);\n2 rows loaded\n")
        self.assertEqual(self.count(), 2)
        self.check("db", "show tables", out="table\npeople\n")

    def test_rejects_that_cannot_be_written(self):
        self.write("bad.csv", "id,name\nx,C\n")
        self.check_error("import", "--rejects", "none/bad", "db", "people", "bad.csv", "t.csv",
                         says="cannot write none/bad: No such file or directory")
        os.symlink("/dev/full", self.path("full"))
        self.check_error("import", "--rejects", "full", "db", "people", "bad.csv", "t.csv", says="cannot write full: No space left on device")
        self.assertEqual(self.count(), 2)
        self.assertEqual([name for name in os.listdir(self.folder) if ".part" in name], [])

    def test_rejects_beside_other_files(self):
        """A file with another name, on this file system or another, is no file that is read."""
        self.write("old", "before\n")
        others = ["old"] + (["/dev/shm/" + os.path.basename(self.folder)] if os.path.isdir("/dev/shm") else [])
        for name in others:
            with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
                file.write("before\n")
            self.check("import", "-q", "--on-conflict", "replace", "--rejects", name, "db", "people", "t.csv")
            os.remove(os.path.join(self.folder, name))
        self.give("pipe", "id,name\nx,y\n5,E\n")
        self.check("import", "--rejects", "bad", "db", "people", "pipe", err="1 row loaded, 1 rejected\n")
        self.assertIn("x,y", self.read("bad"))

    def test_batches_whose_first_file_fails_leave_no_rejects(self):
        self.write("bad.csv", "id,nothing\n3,C\n")
        self.check_error("import", "--rejects", "bad", "--batch-rows", "1", "db", "people", "bad.csv", "t.csv", says="nothing")
        self.assertEqual(sorted(os.listdir(self.folder)), ["bad", "bad.csv", "db", "t.csv", "t.sql"])
        self.assertEqual(self.read("bad"), "")

    def test_a_table_of_several_files_cannot_come_from_pipes(self):
        os.mkfifo(self.path("pipe"))
        self.check_error("import", "--create", "db", "new", "t.csv", "pipe", says="which cannot be done with pipe")

    def test_tables_of_several_files_have_types_for_all_values(self):
        self.write("1.csv", "a,b,c,d\n1,true,1.5,2\n")
        self.write("2.csv", "a,b,c,d\ntrue,false,x,2.5\n")
        self.check("import", "--create", "--rejects", "bad", "db", "new", "1.csv", "2.csv",
                   err="create table new (a string, b bool, c string, d float);\n2 rows loaded\n")
        self.check("import", "--create", "--max-rejects", "0", "db", "newer", "2.csv", "1.csv",
                   err="create table newer (a string, b bool, c string, d float);\n2 rows loaded\n")

    def test_ctrl_c_while_inserts_are_awaited(self):
        os.mkfifo(self.path("pipe.sql"))
        process = self.start("import", "db", "people", "pipe.sql")
        with open(self.path("pipe.sql"), "wb", buffering=0) as pipe:
            pipe.write(b"insert into people values (9, 'x');\n")
            time.sleep(0.4)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=20)
        self.assertEqual((err, process.returncode), (b"error: the import was interrupted [57014]\n", 130))
        self.assertEqual(self.count(), 2)

    def test_ctrl_c_between_statements(self):
        """The first statement reads on while the signal comes; the next is not begun."""
        self.write("long.sql", "insert into people values (9, 'x');\n" * 40000)
        process = self.start("import", "--format", "insert", "db", "people", "-")
        process.stdin.write(b"update people set name = 'y' where true;\n" * 30000)
        process.send_signal(signal.SIGINT)
        try:
            _, err = process.communicate(timeout=20)
        except BrokenPipeError:
            err = process.stderr.read()
            process.wait()
        self.assertIn(b"interrupted [57014]", err)
        self.assertEqual(process.returncode, 130)


class Export(Transfers):
    def test_what_is_no_query(self):
        self.check_error("export", "db", "", says="a name must not be empty")
        self.check_error("export", "db", "/* nothing */", says="unknown table")
        self.check_error("export", "db", "'people'", says="unknown table")
        self.check_error("export", "db", "delete from people where true", says="this is no query")
        self.check_error("export", "db", "with", says="error: ")
        self.check_error("export", "db", "select 1; nonsense", says="one query can be exported, not several")
        self.check_error("export", "--columns", "id", "db", "select * from people", says="--columns is for tables")
        self.check("export", "db", "select 1 as a; ", out="a\n1\n")

    def test_full_disks_have_their_code(self):
        rows = "select concat('row ', cast(id as string)) as a, id * 7919 % 10007 as b from numbers"
        values = ",".join("(%d)" % i for i in range(30000))
        self.check("db", "create table numbers { id int primary }", text="")
        self.check("db", text="insert into numbers values " + values + ";")
        for name in ("t.csv.gz", "t.csv.zst"):
            done = subprocess.run(["bash", "-c", "ulimit -f 8; trap '' XFSZ; exec \"$0\" export db \"$1\" " + name, PROGRAM, rows],
                                  cwd=self.folder, env=self.environment, capture_output=True, timeout=60)
            self.assertEqual((done.stderr.decode(), done.returncode), ("error: cannot write %s: File too large [53100]\n" % name, 1))
            self.assertFalse(os.path.exists(self.path(name)))
        self.check_error("export", "db", rows, "/dev/full", says="[53100]")
        for command in (["export", "db", rows], ["db", "copy numbers to stdout"], ["dump", "db"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([PROGRAM, *command], cwd=self.folder, env=self.environment, stdout=full, stderr=subprocess.PIPE,
                                      timeout=60)
            self.assertEqual((done.returncode, done.stderr.count(b"error: ")), (1, 1), done.stderr)
            self.assertIn(b"No space left on device", done.stderr)

    def test_a_folder_in_the_place_of_a_compressed_file(self):
        os.mkdir(self.path("t.gz"))
        self.check_error("export", "db", "people", "t.gz", says="cannot write t.gz: Is a directory [58030]")

    def test_short_names_have_no_ending(self):
        for name in (".gz", ".zst", "a.c", "t"):
            self.check("export", "-q", "db", "people", name)
            self.assertEqual(self.read(name), "id,name\n1,Ada\n2,\n")

    def test_a_reader_that_has_enough(self):
        self.check("db", text="insert into people values " + ",".join("(%d, '%s')" % (i, "x" * 50) for i in range(3, 20000)) + ";")
        for command in (["export", "db", "people"], ["dump", "db"], ["db", ".dump"], ["db", ".export people"]):
            with self.start(*command) as process:
                process.stdout.read(10)
                process.stdout.close()
                self.assertLessEqual(process.stderr.read().count(b"error: "), 1)


class Dump(Transfers):
    def test_a_full_disk_ends_it(self):
        self.check("db", text="".join("create table t%d_%s { a int, b string };" % (i, "x" * 100) for i in range(600)))
        for options in ([], ["--schema"], ["--data"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([PROGRAM, "dump", *options, "db"], cwd=self.folder, env=self.environment, stdout=full,
                                      stderr=subprocess.PIPE, timeout=60)
            self.assertEqual((done.returncode, done.stderr.count(b"error: ")), (1, 1), done.stderr)

    def test_defaults_with_odd_characters_stand_in_one_line(self):
        self.check("db", text="create table d { a string default 'tab\there', b string default 'it''s', c int default 1 + 1,"
                   " d string default 'de\x7fl', e string default concat('a', 'b'), f string not null };")
        self.check("db", ".schema d", out='create table d (\n    a string default "tab\\there",\n    b string default \'it\'\'s\',\n'
                   '    c int default 1 + 1,\n    d string default "de\\u{7f}l",\n    e string default concat(\'a\', \'b\'),\n'
                   '    f string not null\n);\n')

    def test_keys_of_several_columns_keep_their_order(self):
        self.check("db", text="create table k { a int, b int, c int, primary key (c, a) };")
        self.check("db", ".schema k", out="create table k (\n    a int,\n    b int,\n    c int,\n    primary key (c, a)\n);\n")


if __name__ == "__main__":
    unittest.main()
