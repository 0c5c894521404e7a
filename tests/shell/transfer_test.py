"""`ssql import`, `export`, `dump` and their dot commands: the laws (what is written out reads back as the same), compressed
input, and what is said about input that is wrong."""

import gzip
import importlib.util
import os
import random
import shutil
import signal
import struct
import subprocess
import time
import unittest

from shell import PROGRAM, ShellTest

TRAPS = b'\xef\xbb\xbfid,name,note\r\n1,"",\r\n2,,"two\r\nlines"\r\n3,"say ""hi""",x,y\r\n4,last,end\r\n'
NAMES = ["a", "select", "Größe", "two words", "tick`s", 'quo"te', "it's", "1st", "värde", "日本", "end", "x_1"]
TEXTS = ["", " ", "null", "\\N", "NA", "a,b", 'say "hi"', "it's", "line\nend", "cr\rlf\r\n", "tab\there", "\\", "\\n", "ünï", "日本",
         "\U0001f600", "\x01\x1f\x7f", " blanks ", "true", "1", "-- no", "/* no */", ";", "'", '"', "\u2028", "{\"a\":[1]}"]
FLOATS = [0.0, -0.0, 0.1, 1e300, 5e-324, -1.7976931348623157e308, 1 / 3, 2.5, 1e15, 123456789.125]


def literal(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "cast('%r' as float)" % value
    if isinstance(value, int):
        return str(value) if value > -2**63 else "-9223372036854775807 - 1"
    if all(" " <= character != "\x7f" for character in value):
        return "'" + value.replace("'", "''") + "'"
    return '"' + "".join("\\u{%x}" % ord(c) if c < " " or c in '\x7f"\\' else c for c in value) + '"'


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


class RandomTable:
    """A table of any shape, from a seed."""

    def __init__(self, seed):
        choose = random.Random(seed)
        names = choose.sample(NAMES, choose.randint(1, 6))
        self.name = choose.choice(NAMES)
        self.columns = [(name, choose.choice(["int", "string", "float", "bool"])) for name in names]
        self.key = choose.sample(names, choose.randint(0, min(3, len(names))))
        self.choose = choose
        seen, self.rows = set(), []
        for _ in range(choose.choice([0, 1, 7, 40])):
            row = [self.value(kind, name in self.key) for name, kind in self.columns]
            key = tuple((v == 0 and "0") or v for (n, _), v in zip(self.columns, row) if n in self.key)
            if not self.key or key not in seen:
                seen.add(key)
                self.rows.append(row)

    def value(self, kind, is_key):
        choose = self.choose
        if not is_key and choose.random() < 0.2:
            return None
        if kind == "int":
            return choose.choice([0, 1, -1, 2**63 - 1, -2**63, choose.randint(-10**6, 10**6)])
        if kind == "float":
            return choose.choice(FLOATS + [choose.uniform(-1, 1), float(choose.randint(-99, 99))]
                                 + ([] if is_key else [float("inf"), float("-inf"), float("nan")]))
        if kind == "bool":
            return choose.random() < 0.5
        return choose.choice(TEXTS + [choose.choice(TEXTS) + choose.choice(TEXTS)])

    def create(self):
        columns = []
        for name, kind in self.columns:
            rest = ""
            if name not in self.key and self.choose.random() < 0.3 and kind == "string":
                rest = " default " + literal(self.choose.choice(TEXTS))
            elif name not in self.key and kind == "int" and self.choose.random() < 0.3:
                rest = " default 7"
            place = [column for column, _ in self.columns].index(name)
            if name not in self.key and all(row[place] is not None for row in self.rows) and self.choose.random() < 0.5:
                rest += " not null"
            columns.append("%s %s%s" % (quoted(name), kind, rest))
        if self.key:
            columns.append("primary key (" + ", ".join(quoted(name) for name in self.key) + ")")
        return "create table %s (%s);\n" % (quoted(self.name), ", ".join(columns))

    def insert(self):
        if not self.rows:
            return ""
        return "insert into %s values %s;\n" % (
            quoted(self.name), ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in self.rows))


class Transfer(ShellTest):
    def load(self, database, script):
        result = self.run_shell(database, text=script)
        self.assertEqual((result.err, result.status), ("", 0), script)

    def rows(self, database, query):
        result = self.run_shell("--jsonl", database, query)
        self.assertEqual((result.err, result.status), ("", 0), query)
        return result.out

    def people(self):
        self.load("db", "create table people { id int primary, name string };"
                        "insert into people values (1, 'Ada'), (2, null);")


class Laws(Transfer):
    def check_round_trip(self, seed, how):
        table = RandomTable(seed)
        with self.subTest(seed=seed, how=how):
            self.load("a", table.create() + table.insert())
            query = "select * from %s" % quoted(table.name)
            how(table)
            self.assertEqual(self.rows("a", query), self.rows("b", query))
            self.assertEqual(self.run_shell("a", ".schema").out, self.run_shell("b", ".schema").out)
            for folder in ("a", "b"):
                shutil.rmtree(self.path(folder), ignore_errors=True)

    def through_file(self, name, *options):
        def how(table):
            schema = self.run_shell("dump", "--schema", "a")
            self.assertEqual((schema.err, schema.status), ("", 0))
            self.load("b", schema.out)
            if not table.rows and name.endswith(".sql"):
                return  # a script without inserts
            result = self.run_shell("export", "-q", *options, "a", table.name, name)
            self.assertEqual((result.out, result.err, result.status), ("", "", 0))
            result = self.run_shell("import", *options, "b", table.name, name)
            self.assertEqual((result.out, result.status), ("", 0), result.err)
            count = len(table.rows)
            self.assertEqual(result.err, "%d row%s loaded\n" % (count, "" if count == 1 else "s"))
        return how

    def test_csv_reads_back(self):
        for seed in range(8):
            self.check_round_trip(seed, self.through_file("t.csv"))

    def test_compressed_rows_read_back(self):
        for seed, name in enumerate(("t.csv.gz", "t.csv.zst", "t.tsv.gz", "t.json.zst", "t.jsonl.gz", "t.jsonl.zst")):
            self.check_round_trip(seed + 70, self.through_file(name))

    def test_csv_with_other_signs_reads_back(self):
        for seed in range(12, 17):
            self.check_round_trip(seed, self.through_file("t.csv", "--delimiter", ";", "--null", "NA"))

    def test_tsv_reads_back(self):
        for seed in range(20, 26):
            self.check_round_trip(seed, self.through_file("t.tsv"))

    def test_json_reads_back(self):
        for seed in range(40, 46):
            self.check_round_trip(seed, self.through_file("t.json"))

    def test_jsonl_reads_back(self):
        for seed in range(60, 66):
            self.check_round_trip(seed, self.through_file("t.jsonl"))

    def test_inserts_read_back(self):
        for seed in range(80, 86):
            self.check_round_trip(seed, self.through_file("t.sql"))

    def dump(self, table):
        dumped = subprocess.run([PROGRAM, "dump", "a"], cwd=self.folder, env=self.environment, capture_output=True, timeout=60)
        self.assertEqual((dumped.stderr, dumped.returncode), (b"", 0))
        again = subprocess.run([PROGRAM, "b"], cwd=self.folder, env=self.environment, input=dumped.stdout, capture_output=True,
                               timeout=60)
        self.assertEqual((again.stdout, again.stderr, again.returncode), (b"", b"", 0))
        self.assertEqual(self.run_shell("dump", "b").out, dumped.stdout.decode())

    def test_a_dump_makes_an_equal_database(self):
        for seed in range(100, 112):
            self.check_round_trip(seed, self.dump)

    def test_a_dump_holds_no_control_characters(self):
        self.load("a", RandomTable(7).create() + 'create table c (t string, d string default "it\'s\\n\\\\ \\u{1}");'
                       'insert into c (t) values ("\\u{1}\\u{7f}\\n");')
        dumped = self.run_shell("dump", "a").out
        self.assertIn('"\\u{01}\\u{7f}\\n"', dumped)
        self.assertIn("d string default \"it's\\n\\\\ \\u{1}\"", dumped)
        self.assertFalse([c for c in dumped if (c < " " and c != "\n") or c == "\x7f"])


class Import(Transfer):
    def test_the_traps(self):
        self.write("traps.csv", TRAPS)
        self.load("db", "create table t { id int primary, name string, note string };")
        self.check_error("import", "db", "t", "traps.csv", says="error: traps.csv:5:")
        self.assertEqual(self.rows("db", "select count(*) as n from t"), '{"n":0}\n')
        result = self.run_shell("import", "--rejects", "bad.csv", "db", "t", "traps.csv")
        self.assertEqual((result.err, result.status), ("3 rows loaded, 1 rejected\n", 0))
        self.assertEqual(self.rows("db", "select * from t"),
                         '{"id":1,"name":"","note":null}\n{"id":2,"name":null,"note":"two\\r\\nlines"}\n'
                         '{"id":4,"name":"last","note":"end"}\n')
        self.assertIn('3,"say ""hi""",x,y', self.read("bad.csv"))
        self.assertIn("traps.csv:5", self.read("bad.csv"))

    def test_create_says_what_it_ran(self):
        self.write("t.csv", "n,code,share\n1,007,2.5\n2,012,\n")
        self.check("import", "--create", "--primary", "n", "db", "shop", "t.csv",
                   err="create table shop (n int, code string, share float, primary key (n));\n2 rows loaded\n")
        self.check("import", "--create", "--no-header", "--columns", "a, b,c", "--skip", "1", "db", "more", "t.csv",
                   err="create table more (a int, b string, c float);\n2 rows loaded\n")
        self.check_error("import", "--create", "db", "shop", "t.csv", says="hint: leave out --create to load into it")

    def test_create_from_a_pipe_and_from_compressed_files(self):
        text = b"n,code\n1,007\n"
        self.check("import", "--create", "db", "p", "-", text=text, err="create table p (n int, code string);\n1 row loaded\n")
        self.write("t.csv.gz", gzip.compress(text))
        self.check("import", "--create", "db", "g", "t.csv.gz", err="create table g (n int, code string);\n1 row loaded\n")

    def test_a_table_that_is_not_there(self):
        self.people()
        self.write("t.csv", "id\n1\n")
        self.check("import", "db", "other", "t.csv", status=1,
                   err='error: unknown table "other" [42P01]\nhint: --create makes the table after the file\n')
        self.check_error("import", "db", "poeple", "t.csv", says='hint: did you mean "people"? --create makes')
        self.check_error("import", "nodb", "t", "t.csv", says='there is no database "nodb"', status=2)
        self.assertFalse(os.path.exists(self.path("nodb")))

    def test_bad_command_lines(self):
        self.people()
        self.write("t.csv", "id\n1\n")
        for arguments, says in [
                (["import"], "expected a database"), (["import", "db", "people"], "something is missing"),
                (["import", "--creat", "db", "people", "t.csv"], "hint: did you mean --create?"),
                (["import", "--format", "jsn", "db", "people", "t.csv"], 'hint: did you mean "json"'),
                (["import", "--skip", "two", "db", "people", "t.csv"], '--skip takes a whole number, not "two"'),
                (["import", "--on-conflict", "skip", "db", "people", "t.csv"], "fail, ignore or replace, not skip"),
                (["import", "--delimiter", "ab", "db", "people", "t.csv"], "one ASCII character"),
                (["import", "--primary", "id", "db", "people", "t.csv"], "add --create"),
                (["import", "--rejects"], "--rejects needs a value"),
                (["import", "--create=yes", "db", "people", "t.csv"], "--create takes no value"),
                (["import", "db", "people", "no.csv"], "cannot read no.csv: No such file or directory"),
                (["import", "db", "people", "t.csv", "no.csv"], "cannot read no.csv"),
                (["import", "db", "people", "db"], "cannot read db: Is a directory"),
                (["export", "db", "people", "a", "b"], "too many arguments"),
                (["export", "--rows", "db", "people"], "unknown option --rows"),
                (["dump", "--schema", "--data", "db"], "give one of them"),
                (["dump", "--dat", "db"], "hint: did you mean --data?")]:
            with self.subTest(arguments):
                self.check_error(*arguments, says=says, status=2)
        self.assertEqual(self.rows("db", "select count(*) as n from people"), '{"n":2}\n')

    def test_several_files_are_one_transaction(self):
        self.people()
        self.write("a.csv", "id,name\n3,C\n")
        self.write("b.csv", "id,name\n4,D\n1,again\n")
        self.check("import", "db", "people", "a.csv", "b.csv", status=1,
                   err='error: b.csv:3:1: table "people" already has a row with key id = 1 [23505]\n')
        self.assertEqual(self.rows("db", "select count(*) as n from people"), '{"n":2}\n')
        self.check("import", "--rejects", "bad", "db", "people", "a.csv", "b.csv", err="2 rows loaded, 1 rejected\n")
        self.assertIn("1,again", self.read("bad"))
        self.assertEqual([name for name in os.listdir(self.folder) if "part" in name], [])

    def test_rejects_of_several_files_stand_in_one(self):
        self.people()
        self.write("a.csv", "id,name\nx,C\n")
        self.write("b.csv", "id,name\ny,D\n")
        self.check("import", "--rejects", "bad", "db", "people", "a.csv", "b.csv", err="0 rows loaded, 2 rejected\n")
        self.assertLess(self.read("bad").index("x,C"), self.read("bad").index("y,D"))
        os.remove(self.path("bad"))
        self.check_error("import", "--rejects", "bad", "--max-rejects", "1", "db", "people", "a.csv", "b.csv", says="b.csv:2:1")
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("bad")], [])
        self.write("c.csv", "id,name\nz,E\n7,G\nw,F\n")
        options = ("--rejects", "bad", "--max-rejects", "2")
        self.check_error("import", *options, "db", "people", "a.csv", "c.csv", says="c.csv:4:1")
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("bad")], [])
        self.check_error("import", *options, "--batch-rows", "1", "db", "people", "a.csv", "c.csv", says="c.csv:4:1")
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("bad")], ["bad"])
        self.assertLess(self.read("bad").index("x,C"), self.read("bad").index("z,E"))

    def test_rejects_never_replace_what_is_read(self):
        self.people()
        self.write("t.csv", "id,name\n3,C\n")
        os.link(self.path("t.csv"), self.path("link.csv"))
        for name in ("t.csv", "./t.csv", "link.csv"):
            self.check_error("import", "--rejects", name, "db", "people", "t.csv", says="rejected records cannot be written")
        self.assertEqual(self.read("t.csv"), "id,name\n3,C\n")

    def test_conflicts(self):
        self.people()
        self.write("t.csv", "id,name\n1,Grace\n3,C\n")
        self.check("import", "--on-conflict", "ignore", "db", "people", "t.csv", err="1 row loaded, 1 ignored\n")
        self.check("import", "--on-conflict=replace", "db", "people", "t.csv", err="2 rows loaded\n")
        self.assertIn('"name":"Grace"', self.rows("db", "select * from people where id == 1"))

    def test_batches_stay(self):
        self.people()
        self.write("t.csv", "id,name\n" + "".join("%d,n\n" % i for i in range(3, 13)) + "x,y\n")
        self.check_error("import", "--batch-rows", "4", "db", "people", "t.csv", says="t.csv:12:1")
        self.assertEqual(self.rows("db", "select count(*) as n from people"), '{"n":10}\n')

    def test_inserts_are_one_transaction(self):
        self.people()
        self.write("t.sql", "begin;\ninsert into people values (3, 'C');\ninsert into people values (1, 'again');\ncommit;\n")
        self.check_error("import", "db", "people", "t.sql", says="t.sql:3:")
        self.write("u.sql", "begin;\ninsert into people values (3, 'C'), (4, 'D');\ncommit;\n")
        self.check("import", "db", "people", "u.sql", err="2 rows loaded\n")
        self.write("v.sql", ".shell touch owned\n")
        self.check_error("import", "db", "people", "v.sql", says="v.sql:1:1: error: a dot command")
        self.assertFalse(os.path.exists(self.path("owned")))
        self.write("w.sql", "insert into people values (9, 'I');")
        self.check_error("import", "db", "other", "w.sql", says='table "other"')
        self.write("x.sql", "insert into people values (9, 'I'); insert into people values (10, 'unfinished")
        self.check_error("import", "db", "people", "x.sql", says="ends within a statement")
        self.check_error("import", "--on-conflict", "ignore", "db", "people", "w.sql", says="takes no option but --format")
        self.assertEqual(self.rows("db", "select count(*) as n from people"), '{"n":4}\n')
        self.write("w.sql.gz", gzip.compress(b"insert into people values (9, 'I');"))
        self.check("import", "db", "people", "w.sql.gz", err="1 row loaded\n")


class Bytes(Transfer):
    """Input of every kind: what it holds is loaded, or it is refused as a whole with one message."""

    TEXT = b"id,name\n" + b"".join(b"%d,name %d\n" % (i, i * 7919 % 1000) for i in range(10, 20000))

    def check_loaded(self, *files, text=b""):
        self.people()
        result = self.run_shell("import", "db", "people", *files, text=text)
        self.assertEqual((result.err, result.status), ("19,990 rows loaded\n", 0))
        self.assertEqual(self.rows("db", "select name from people where id == 19999"), '{"name":"name 81"}\n')

    def check_refused(self, data, says, name="t.csv", options=()):
        self.write(name, data)
        self.check_error("import", *options, "db", "people", name, says=says)
        self.assertEqual(self.rows("db", "select count(*) as n from people"), '{"n":2}\n')

    def test_gzip(self):
        self.write("t.csv.gz", gzip.compress(self.TEXT))
        self.check_loaded("t.csv.gz")

    def test_gzip_in_several_parts(self):
        self.write("t.csv", gzip.compress(self.TEXT[:1000]) + gzip.compress(b"") + gzip.compress(self.TEXT[1000:]))
        self.check_loaded("t.csv")

    def test_gzip_on_standard_input(self):
        self.check_loaded("-", text=gzip.compress(self.TEXT))

    def test_plain_on_standard_input(self):
        self.check_loaded("-", text=self.TEXT)

    @unittest.skipUnless(shutil.which("zstd"), "zstd is not installed")
    def test_zstd(self):
        compressed = subprocess.run(["zstd", "-qc"], input=self.TEXT, capture_output=True).stdout
        self.write("t.csv.zst", compressed)
        self.check_loaded("t.csv.zst")
        self.load("db", "delete from people where id > 2;")
        skipped = struct.pack("<II", 0x184D2A50, 3) + b"abc"
        parts = [subprocess.run(["zstd", "-qc"], input=part, capture_output=True).stdout
                 for part in (self.TEXT[:1000], self.TEXT[1000:])]
        self.write("parts", skipped + parts[0] + parts[1])
        self.check("import", "db", "people", "parts", err="19,990 rows loaded\n")
        self.load("db", "delete from people where id > 2;")
        for size in (5, len(compressed) // 2, len(compressed) - 1):
            self.check_refused(compressed[:size], "the compressed data ends too early")
        self.check_refused(compressed + b"rest", "the zstd data is damaged")

    def test_damaged_gzip(self):
        self.people()
        data = gzip.compress(self.TEXT)
        for size in (3, 9, len(data) // 2, len(data) - 9, len(data) - 1):
            self.check_refused(data[:size], "t.csv: the compressed data ends too early [58030]")
        self.check_refused(data + b"rest", "t.csv: the gzip data is damaged [58030]")
        self.check_refused(data[:-8] + b"\0" * 8, "t.csv: the gzip data is damaged [58030]")
        self.check_refused(gzip.compress(b"insert into people values (7, 'x');")[:-3], "ends too early", name="t.sql")

    def test_any_damage_of_compressed_files(self):
        """Either what was compressed, or nothing and one message: both formats carry checksums."""
        self.people()
        small = self.TEXT[:3000].rsplit(b"\n", 1)[0] + b"\n"
        compressed = [gzip.compress(small)]
        if shutil.which("zstd"):
            compressed.append(subprocess.run(["zstd", "-qc"], input=small, capture_output=True).stdout)
        for data in compressed:
            for seed in range(25):
                choose = random.Random(seed)
                damaged = bytearray(data)
                for _ in range(choose.randint(1, 3)):
                    damaged[choose.randrange(4, len(data))] ^= 1 << choose.randrange(8)
                self.write("t.csv", bytes(damaged))
                result = self.run_shell("import", "--on-conflict", "replace", "db", "people", "t.csv")
                with self.subTest(data[:2], seed=seed):
                    self.assertIn(result.status, (0, 1), result.err)
                    self.assertEqual(result.err.count("error: "), result.status, result.err)
                    if result.status == 0:
                        self.assertEqual(result.err, "%d rows loaded\n" % (small.count(b"\n") - 1))

    def test_byte_order_mark_and_line_ends(self):
        self.people()
        for text in (b"", b"id,name\n", b"\xef\xbb\xbf"):
            self.write("t.csv", text)
            self.check("import", "db", "people", "t.csv", err="0 rows loaded\n")
        for text in (b"\xef\xbb\xbfid,name\n3,C\n", b"id,name\r\n3,C\r\n", b"id,name\r3,C\r", b"id,name\n3,C"):
            self.write("t.csv", text)
            self.check("import", "db", "people", "t.csv", err="1 row loaded\n")
            self.load("db", "delete from people where id > 2;")

    def test_refused(self):
        self.people()
        for data, says in [(b"id,name\n3,a\0b\n", "t.csv:2:"), (b"id,name\n3,\xff\n", "t.csv:2:"), (b"id,name\n3\n", "t.csv:2:"),
                           (b"id,name\n3,a,b\n", "t.csv:2:"), (b'id,name\n3,"a\n', "t.csv:2:3"), (b'id,name\n3,"a"b\n', "t.csv:2:"),
                           (b"id,nme\n3,a\n", 'did you mean "name"'),
                           (b"id,name\n3,a\n\n9223372036854775808,b\n", "t.csv:4:1"),
                           (b"\x7fELF" + bytes(range(256)), "t.csv")]:
            with self.subTest(data):
                self.check_refused(data, says)
        for data in (b'[{"id":3,"name":"a"', b'[{"id":3,"name":"a"},', b"[" * 1000000, b'{"id":' + b"[" * 1000000, b'{"id":3}x'):
            with self.subTest(data[:20]):
                self.check_refused(data, "t.json:1:", name="t.json")

    def test_an_endless_line(self):
        """Two GB as a stream: one message, in bounded memory and without reading all of it."""
        self.people()
        for command in ("yes | tr -d '\\n' | head -c 2G", "(printf 'id,name\\n3,\"'; yes) | head -c 2G"):
            with self.subTest(command):
                script = "ulimit -v 4000000; %s | '%s' import db people -" % (command, PROGRAM)
                if "asan" in subprocess.run(["ldd", PROGRAM], capture_output=True).stdout.decode():
                    script = script.split("; ", 1)[1]
                done = subprocess.run(["bash", "-c", script], cwd=self.folder, env=self.environment, capture_output=True,
                                      timeout=120)
                self.assertEqual((done.stderr.count(b"error: "), done.returncode), (1, 1), done.stderr[:500])
                self.assertIn(b"a record is longer than 67108864 bytes", done.stderr)
                self.assertEqual(self.rows("db", "select count(*) as n from people"), '{"n":2}\n')

    def test_interrupted(self):
        self.people()
        process = self.start("import", "db", "people", "-")
        process.stdin.write(self.TEXT)
        process.stdin.flush()
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        self.assertEqual((out, process.returncode), (b"", 130))
        self.assertEqual(err.count(b"error: "), 1, err)
        self.assertEqual(self.rows("db", "select count(*) as n from people"), '{"n":2}\n')

    def test_killed(self):
        """All of the rows are there afterwards, or none of them."""
        self.write("t.csv", self.TEXT)
        counts = set()
        for delay in (0.005, 0.01, 0.02, 0.04, 0.08, 0.3):
            self.people()
            process = self.start("import", "db", "people", "t.csv")
            time.sleep(delay)
            process.kill()
            process.communicate(timeout=20)
            counts.add(self.rows("db", "select count(*) as n from people"))
            self.assertEqual(self.run_shell("check", "db").status, 0)
            shutil.rmtree(self.path("db"))
        self.assertLessEqual(counts, {'{"n":2}\n', '{"n":19992}\n'})

    def test_no_room_for_the_database(self):
        self.people()
        self.write("t.csv", self.TEXT)
        done = subprocess.run(["bash", "-c", "ulimit -f 100; trap '' XFSZ; exec '%s' import db people t.csv" % PROGRAM],
                              cwd=self.folder, env=self.environment, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertGreaterEqual(done.stderr.count(b"error: "), 1, done.stderr)
        self.assertNotIn(b"rows loaded", done.stderr)
        self.assertEqual(self.rows("db", "select count(*) as n from people"), '{"n":2}\n')


class Export(Transfer):
    def test_to_standard_output(self):
        self.people()
        self.check("export", "db", "people", out="id,name\n1,Ada\n2,\n")
        self.check("export", "--format", "tsv", "db", "people", "-", out="id\tname\n1\tAda\n2\t\\N\n")
        self.check("export", "--columns", "name", "--no-header", "--null", "none", "db", "people", out="Ada\nnone\n")

    def test_queries(self):
        self.people()
        self.check("export", "db", "select name from people where id == 1; -- the first", out="name\nAda\n")
        self.check("export", "db", "values (1) -- one", out="column1\n1\n")
        self.check_error("export", "db", "select nme from people", says='error: unknown column "nme" in people [42703], line 1, column 8')
        self.check_error("export", "db", "select 1; select 2", says="one query can be exported")
        self.check_error("export", "db", "insert into people values (3, 'C')", says="this is no query")
        self.check_error("export", "db", "select 1) to 'owned' (format csv); (select 2", says="error: ")
        self.check_error("export", "db", "select :x", says="parameter")
        self.check_error("export", "db", "poeple", says='did you mean "people"')
        self.assertFalse(os.path.exists(self.path("owned")))

    def test_a_file_takes_its_place_when_all_is_in_it(self):
        self.people()
        self.check("export", "db", "people", "t.jsonl", err="2 rows written to t.jsonl\n")
        self.assertEqual(self.read("t.jsonl"), '{"id":1,"name":"Ada"}\n{"id":2,"name":null}\n')
        self.check_error("export", "db", "select 1 / (id - 2) as x from people order by id", "t.jsonl", says="22012")
        self.assertEqual(self.read("t.jsonl"), '{"id":1,"name":"Ada"}\n{"id":2,"name":null}\n')
        self.assertEqual(sorted(os.listdir(self.folder)), ["db", "t.jsonl"])

    def test_a_table_made_after_several_files_fits_all_of_them(self):
        self.write("1.csv", "id,a,b\n1,2,true\n2,,false\n")
        self.write("2.csv.gz", gzip.compress(b"b,c,id,a\nx,9,7,2.5\n"))
        self.write("3.jsonl", '{"id":9,"d":null}\n')
        made = "create table t (id int, a float, b string, c int, d string"
        rows = '{"id":1,"a":2.0,"b":"true","c":null,"d":null}\n{"id":2,"a":null,"b":"false","c":null,"d":null}\n' \
               '{"id":7,"a":2.5,"b":"x","c":9,"d":null}\n{"id":9,"a":null,"b":null,"c":null,"d":null}\n'
        for options, end in (([], ")"), (["--primary", "id"], ", primary key (id))"), (["--batch-rows", "1"], ")")):
            self.check("import", "--create", *options, "db", "t", "1.csv", "2.csv.gz", "3.jsonl", err=made + end + ";\n4 rows loaded\n")
            self.assertEqual(self.rows("db", "select * from t order by id"), rows)
            self.check("--no-header", "db", "show tables", out="t\n")
            shutil.rmtree(self.path("db"))
        self.check("db", ".import --create 1.csv 2.csv.gz t", err=made.replace(", d string", "") + ");\n3 rows loaded\n")

    def test_a_table_is_made_after_all_files_or_not_at_all(self):
        self.write("1.csv", "id,a\n1,2\n")
        self.write("2.csv", 'id,a\n"2,3\n')
        for options in ([], ["--batch-rows", "1"]):
            self.check_error("import", "--create", *options, "db", "t", "1.csv", "2.csv", says="2.csv:2:1: the quote that begins here is not closed")
            self.check_error("import", "--create", *options, "--primary", "b", "db", "t", "1.csv", "1.csv", says='unknown column "b"')
            self.check_error("import", "--create", *options, "db", "t", "1.csv", "-", says="which cannot be done with -")
            self.check("db", "show tables", out="table\n")
        self.check("import", "-q", "--create", "db", "t", "1.csv")
        self.check_error("import", "--create", "db", "t", "1.csv", "1.csv", says='table "t" already exists [42P07]\nhint: leave out --create')
        self.assertEqual(self.rows("db", "select count(*) as n from t"), '{"n":1}\n')

    def test_batches_that_were_committed_outlive_a_kill(self):
        """What is there is whole batches from the beginning of the file, and the rest can be loaded behind it."""
        rows, batch = 60000, 500
        self.write("rows.csv", "id,name\n" + "".join("%d,name %d\n" % (i, i) for i in range(rows)))
        for pause in (0.05, 0.1, 0.2, 0.4, 0.8, 1.6):
            self.check("db", "create table t { id int primary, name string }")
            process = self.start("import", "--batch-rows", str(batch), "db", "t", "rows.csv")
            time.sleep(pause)
            process.kill()
            process.communicate()
            count, last = self.run_shell("--no-header", "db", "select count(*), coalesce(max(id), -1) from t").out.split()
            self.assertEqual((int(count) % batch, int(last)), (0, int(count) - 1))
            result = self.run_shell("import", "--on-conflict", "ignore", "db", "t", "rows.csv")
            self.assertEqual(result.status, 0, result.err)
            self.check("--no-header", "db", "select count(*), max(id) from t", out="%d\t%d\n" % (rows, rows - 1))
            self.assertEqual(self.run_shell("check", "db").status, 0)
            shutil.rmtree(self.path("db"))

    def test_a_file_is_compressed_when_its_name_says_so(self):
        rows = "id,name\n" + "".join("%d,name %d\n" % (i, i * i) for i in range(30000))
        self.write("rows.csv", rows)
        self.check("import", "-q", "--create", "--primary", "id", "db", "t", "rows.csv")
        for name in ("t.csv.gz", "t.CSV.GZ", "t.csv.zst"):
            self.check("export", "db", "t", name, err="30,000 rows written to %s\n" % name)
            self.assertLess(os.path.getsize(self.path(name)), len(rows) // 2)
        self.check("db", ".export t dot.csv.gz", err="30,000 rows written to dot.csv.gz\n")
        for name in ("t.csv.gz", "dot.csv.gz"):
            with gzip.open(self.path(name), "rt") as file:
                self.assertEqual(file.read(), rows)
        if shutil.which("zstd"):
            done = subprocess.run(["zstd", "-dqc", self.path("t.csv.zst")], capture_output=True)
            self.assertEqual(done.stdout.decode(), rows)
        self.check("export", "-q", "db", "select * from t where id < 0", "none.jsonl.gz")
        with gzip.open(self.path("none.jsonl.gz"), "rt") as file:
            self.assertEqual(file.read(), "")

    def test_a_compressed_file_takes_its_place_when_it_is_whole(self):
        self.people()
        for name in ("t.jsonl.gz", "t.jsonl.zst"):
            self.check("export", "-q", "db", "people", name)
            with open(self.path(name), "rb") as file:
                before = file.read()
            self.check_error("export", "db", "select 1 / (id - 2) as x from people order by id", name, says="22012")
            with open(self.path(name), "rb") as file:
                self.assertEqual(file.read(), before)
        self.assertEqual(sorted(os.listdir(self.folder)), ["db", "t.jsonl.gz", "t.jsonl.zst"])

    def test_where_nothing_can_be_written(self):
        self.people()
        self.check_error("export", "db", "people", "/dev/full", says="No space left")
        self.check_error("export", "db", "people", "none/t.csv", says="No such file or directory")
        for name in ("none/t.csv.gz", "none/t.csv.zst"):
            self.check_error("export", "db", "people", name, says="cannot write %s: No such file or directory [58030]" % name)
        for name in ("full.csv.gz", "full.csv.zst"):
            os.symlink("/dev/full", self.path(name))
            self.check_error("export", "db", "people", name, says="cannot write %s: No space left on device [53100]" % name)
            self.assertTrue(os.path.islink(self.path(name)))
        for command in ("export db people", "dump db"):
            done = subprocess.run("'%s' %s >/dev/full" % (PROGRAM, command), shell=True, cwd=self.folder, env=self.environment,
                                  capture_output=True)
            self.assertEqual((done.returncode, done.stderr.count(b"error: ")), (1, 1), done.stderr)
            self.assertRegex(done.stderr, b"cannot write .*: No space left")

    @unittest.skipIf(os.getuid() == 0, "root may write everywhere")
    def test_a_folder_that_must_not_be_written(self):
        self.people()
        os.mkdir(self.path("closed"), 0o500)
        self.check_error("export", "db", "people", "closed/t.csv", says="Permission denied")

    def test_beside_a_writer(self):
        self.people()
        writer = self.start("--batch", "db")
        writer.stdin.write(b"insert into people values (3, 'C');\nselect 1 as ready;\n")
        writer.stdin.flush()
        self.assertEqual(writer.stdout.readline(), b"ready\n")
        self.check("export", "db", "select count(*) as n from people", out="n\n3\n")
        self.assertIn("insert into people", self.run_shell("dump", "db").out)
        writer.communicate(timeout=20)


@unittest.skipUnless(importlib.util.find_spec("pexpect"), "python3-pexpect is not installed")
class Progress(Transfer):
    def test_on_a_terminal_after_a_second(self):
        import pexpect
        self.load("db", "create table t { id int primary, text string };")
        rows = "".join("%d,%s\n" % (i, "x" * 100) for i in range(40000))
        self.write("a.csv", "id,text\n" + rows)
        self.write("b.csv", "".join("%d,%s\n" % (i, "x" * 100) for i in range(40000, 80000)))
        command = "(cat a.csv; sleep 1.3; cat b.csv) | '%s' import db t -" % PROGRAM
        child = pexpect.spawn("sh", ["-c", command], cwd=self.folder, env=self.environment, timeout=30, dimensions=(24, 100))
        child.expect_exact("\rloading 4 MB, ")
        child.expect("MB a second\x1b\\[K")
        child.expect_exact("80,000 rows loaded")
        child.expect(pexpect.EOF)
        child.close()
        self.assertEqual(child.exitstatus, 0)

    def test_ctrl_c_at_the_prompt(self):
        import pexpect
        self.people()
        os.mkfifo(self.path("pipe"))
        child = pexpect.spawn(PROGRAM, ["-X", "db"], cwd=self.folder, env=self.environment, timeout=20, dimensions=(24, 100))
        child.expect_exact("ssql> ")
        child.send(".import pipe people\r")
        with open(self.path("pipe"), "wb") as pipe:
            pipe.write(Bytes.TEXT)
            pipe.flush()
            time.sleep(0.5)
            child.sendintr()
            child.expect_exact("57014")
            child.expect_exact("ssql> ")
        child.send("select count(*) + 40 as n from people;\r")
        child.expect_exact("42")
        os.mkfifo(self.path("pipe.sql"))
        child.send(".import pipe.sql people\r")
        with open(self.path("pipe.sql"), "wb") as pipe:
            pipe.write(b"insert into people values (90, 'x');\n")
            pipe.flush()
            time.sleep(0.5)
            child.sendintr()
            child.expect_exact("the import was interrupted")
            child.expect_exact("ssql> ")
        child.send("select count(*) + 50 as n from people;\r")
        child.expect_exact("52")
        child.send(".exit\r")
        child.expect(pexpect.EOF)
        child.close()
        self.assertEqual(child.exitstatus, 0)

    def test_a_batch_is_silent(self):
        self.load("db", "create table t { id int primary };")
        command = "(echo id; sleep 1.3; echo 1) | '%s' import db t -" % PROGRAM
        done = subprocess.run(["sh", "-c", command], cwd=self.folder, env=self.environment, capture_output=True)
        self.assertEqual((done.stdout, done.stderr, done.returncode), (b"", b"1 row loaded\n", 0))


class DotCommands(Transfer):
    def test_in_and_out(self):
        self.write("t.csv", "id,name\n1,Ada\n2,\n")
        self.check("db", ".import --create --primary id t.csv people", ".export people u.jsonl", ".export 'select 1 as one'",
                   ".dump --data p*", "create table more { id int primary, name string };", ".import u.jsonl more",
                   "select count(*) as n from more",
                   out="one\n1\nbegin;\ninsert into people (id, name) values\n  (1, 'Ada'),\n  (2, null);\ncommit;\nn\n2\n",
                   err="create table people (id int, name string, primary key (id));\n2 rows loaded\n2 rows written to u.jsonl\n"
                       "2 rows loaded\n")

    def test_in_a_transaction(self):
        self.people()
        self.write("t.csv", "id,name\n3,C\n")
        self.check("db", "begin", ".import t.csv people", ".dump --data", "rollback", "select count(*) as n from people",
                   out="begin;\ninsert into people (id, name) values\n  (1, 'Ada'),\n  (2, null),\n  (3, 'C');\ncommit;\nn\n2\n",
                   err="1 row loaded\n")

    def test_mistakes(self):
        self.people()
        self.write("t.csv", "id,name\nx,C\n")
        self.check_error("db", ".import t.csv people", says="t.csv:2:1")
        self.check_error("db", ".import t.csv", says="something is missing after .import")
        self.check_error("db", ".import no.csv people", says="cannot read no.csv")
        self.check_error("db", ".export people --formt csv", says="hint: did you mean --format?")
        self.check_error("db", ".dump nothing", says="no table is called nothing")
        self.check_error("db", text=".import - people\n", says="standard input holds the statements")
        for command in (".import t.csv people", ".export people u.csv", ".dump"):
            self.check_error("--safe", "db", command, says="is not allowed with --safe")


if __name__ == "__main__":
    unittest.main()
