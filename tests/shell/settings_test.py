"""Dot commands and options where nobody sits at a prompt: every setting said and shown, values that are refused, databases opened
and closed, programs that end in odd ways, standard streams that are missing or full."""

import os
import resource
import signal
import subprocess
import unittest

from shell import PROGRAM, Result, ShellTest

TABLE = "create table t (id int primary, name string);"


def lines(*commands):
    return "\n".join(commands) + "\n"


class Settings(ShellTest):
    def test_a_switch_says_how_it_is(self):
        for name in ("timer", "echo", "bail", "header", "stats", "explain", "progress", "safe"):
            with self.subTest(name):
                result = self.run_shell("-c", lines(".%s" % name))
                self.assertRegex(result.err, r"\A%s: (on|off)\n\Z" % name)
                self.check_error("-c", ".%s maybe" % name, says="on or off, not maybe")
        self.check("-c", lines(".timer on", ".timer", ".timer off", ".timer"), err="timer: on\ntimer: off\n")
        self.check("-c", lines(".safe off", ".safe on", ".safe on", ".safe"), err="safe: on\n")

    def test_a_number_is_whole_and_within_its_bounds(self):
        for number in ("''", "1x", "1", "10001", "99999999999999999999", "-99999999999999999999"):
            with self.subTest(number):
                self.check_error("-c", ".rows " + number, says="a number from 2 to 10000, not ")
        self.check("-c", lines(".rows", ".rows 7", ".rows", ".rows all", ".rows"), err="rows: 40\nrows: 7\nrows: all\n")

    def test_more_widths_than_there_can_be(self):
        self.check_error("-c", ".width" + " 1" * 65, says="too many widths")
        self.check("--no-header", "--table", "-c", ".width" + " 3" * 64 + "\nvalues ('a');", out="+-----+\n| a   |\n+-----+\n")
        self.check_error("-c", ".tables" + " t" * 200, says="too much after .tables")

    def test_texts_are_taken_as_they_are_and_given_back(self):
        self.check("--no-header", "-c", lines(".null NIL", "select null;", ".null", "select null;", ".mode csv", ".separator '; '",
                                              "values (1, 2);", ".separator", "values (1, 2);"), out="NIL\n\\N\n1; 2\n1,2\n")
        self.check("-c", lines('.print "two  blanks" it', ".print", ".print x;"), out='"two  blanks" it\n\nx;\n')

    def test_quotes_hold_words_together(self):
        self.check("--no-header", "-c", lines(".null 'a b", "select null;", '.null "it\'s"x', "select null;", ".mode csv\t--null\tz ", "select null;"),
                   out="a b\nit'sx\nz\n")

    def test_modes_are_said_and_listed(self):
        self.check("-c", lines(".mode", ".mode csv --header", ".mode"), err="mode: tsv\nmode: csv\n")
        self.check_error("-c", ".mode jsno", says="unknown mode jsno")
        self.check_error("-c", ".mode csv -x", says="unexpected -x")
        self.check_error("-c", ".mode insert --x", says="unexpected --x")

    def test_variables_are_shown_and_replaced(self):
        self.check("-c", lines(".var", ".var a 1", ".var b 'x y'", ".var a 2", ".var", ".var b"), err="a = 2\nb = 'x y'\nb = 'x y'\n")
        self.check_error("-c", ".var c", says="no such variable: c")
        self.check_error("-c", ".var a-b 1", says="a parameter cannot be called a-b")
        self.check_error("-c", "select ?", says="parameter ?1 has no value")
        self.check_error("-c", "select :a", says="parameter :a has no value")

    def test_timeouts_are_said(self):
        self.check("-c", lines(".timeout", ".timeout 2.5", ".timeout", ".timeout 0", ".timeout"), err="timeout: none\ntimeout: 2.5 s\ntimeout: none\n")
        for text in ("''", "1x", "-1", "1e300"):
            self.check_error("-c", ".timeout " + text, says="a number of seconds, not ")

    def test_pagers_and_colours_are_said(self):
        self.check("-c", lines(".pager never", ".pager", ".pager off", ".pager", ".pager cat", ".pager", ".pager 'more -x'", ".pager", ".pager auto", ".pager on"),
                   err="pager: never\npager: never\npager: never\npager: more -x\n")
        self.environment["SSQL_PAGER"] = "mine"
        self.check("-c", lines(".pager", ".pager more -y", ".pager"), err="pager: mine\npager: more -y\n")
        self.check("-c", lines(".color", ".color always", ".color", ".color off", ".color", ".color on", ".color", ".color never", ".color auto", ".color"),
                   err="color: off\ncolor: on\ncolor: off\ncolor: on\ncolor: off\n")
        self.check_error("-c", ".color pink", says="auto, always or never, not pink")

    def test_show_tells_what_was_changed(self):
        out = self.run_shell("-c", lines(".null N", ".separator ;", ".width 3 -4", ".rows all", ".pager never", ".timeout 0", ".output |cat",
                                         ".timer on", ".stats on", ".show")).out
        for line in ('null       "N"', 'separator  ";"', "width      3 -4", "rows       all", "pager      never", "timeout    none",
                     "output     a program", "timer      on", "stats      on"):
            self.assertIn(line + "\n", out)
        self.run_shell("-c", lines(".output results", ".show"))
        self.assertIn("output     results\n", self.read("results"))
        out = self.run_shell("-c", ".show").out
        for line in ("null       the mode's", "width      by the rows"):
            self.assertIn(line + "\n", out)

    def test_options_for_the_next_database(self):
        listed = self.run_shell("-c", ".set").err.splitlines()
        self.assertIn("readonly", listed)
        self.check("-c", lines(".set sync normal", ".set sync"), err="sync = normal\n")
        self.check_error("-c", ".set sync maybe", says="option sync is full, normal or off")
        self.check_error("-c", ".set nothing", says="unknown option nothing")
        self.check_error("--safe", "-c", ".set sync off", says=".set is not allowed with --safe")

    def test_readonly_is_any_word_for_on(self):
        self.check("db", TABLE)
        for i, (word, is_refused) in enumerate((("on", True), ("true", True), ("yes", True), ("1", True), ("off", False), ("no", False), ("0", False))):
            with self.subTest(word):
                result = self.run_shell("-c", lines(".set readonly " + word, ".open db", "insert into t values (%d, 'x');" % i))
                self.assertEqual((result.status, "[25006]" in result.err), (int(is_refused), is_refused))

    def test_echo_prints_commands_too(self):
        self.check("-e", "--no-header", "-c", lines(".print a", "select 1;"), out=".print a\na\nselect 1;\n1\n")


class Names(ShellTest):
    def test_a_command_that_is_none(self):
        self.check_error("-c", ".", says="unknown command .")
        self.check_error("-c", "\\z", says="unknown command \\z")
        self.check("-c", ".tables;")
        self.check("-c", ".show ;", out=self.run_shell("-c", ".show").out)

    def test_help_on_commands_by_any_name(self):
        for topic in (".mode", "mode", "\\copy", "\\x", "tables", ".tab"):
            with self.subTest(topic):
                self.assertRegex(self.run_shell("-c", ".help " + topic).out, r"(?m)^[.\\]\w+ ")
        self.check_error("-c", ".help tab", says="no help on tab")
        self.assertIn("jsonl", self.run_shell("-c", ".help modes").out)
        self.assertIn("Ctrl-R", self.run_shell("-c", ".help keys").out)
        self.assertIn("division by zero", self.run_shell("-c", ".help 22012").out)


class Copies(ShellTest):
    """As psql has it."""

    def setUp(self):
        super().setUp()
        self.check("db", "create table t (id int primary, name string); insert into t values (1, 'a'), (2, 'b')")

    def test_a_file_needs_no_quotes(self):
        self.check("db", "\\copy t to x.csv")
        self.assertEqual(self.read("x.csv"), "id,name\n1,a\n2,b\n")
        self.check("db", "create table u (id int primary, name string)", "\\copy u from x.csv;")
        self.check("--no-header", "db", "select count(*) from u", out="2\n")
        self.check("db", "\\copy t(name) TO it's.tsv (header false) ;")
        self.assertEqual(self.read("it's.tsv"), "a\nb\n")

    def test_a_query_may_hold_from_and_to(self):
        self.check("db", "\\copy (select name from t where (id) == 2) to\tx.json")
        self.assertEqual(self.read("x.json"), '[{"name":"b"}]\n')

    def test_quotes_and_streams_stay_what_they_are(self):
        self.check("db", "\\copy t to 'a b.csv' (format csv)")
        self.check("db", '\\copy t to "c.csv"')
        self.assertEqual(self.read("a b.csv"), self.read("c.csv"))
        self.check("db", "\\copy t to stdout (format csv)", out="id,name\n1,a\n2,b\n")
        self.check("db", "\\copy t from STDIN", text="id,name\n3,c\n")
        self.check("--no-header", "db", "select count(*) from t", out="3\n")

    def test_what_is_no_copy_is_told_so(self):
        for command in ("\\copy t", "\\copy t to", "\\copy t ) to", "\\copy ;", "\\copy (t to x.csv"):
            with self.subTest(command):
                self.check_error("db", command, says="[42601]")
        self.check_error("--safe", "db", "\\copy t to x.csv", says="copy with a file is not allowed with --safe")
        self.assertEqual(os.listdir(self.folder), ["db"])


class Databases(ShellTest):
    def damage(self, name):
        self.check(name, TABLE + "insert into t values (1, 'a');")
        for file in os.listdir(self.path(name)):
            path = self.path(os.path.join(name, file))
            if os.path.isfile(path) and os.path.getsize(path) > 0:
                with open(path, "r+b") as bytes_:
                    bytes_.write(b"\xff" * min(64, os.path.getsize(path)))

    def test_a_database_that_is_open_is_not_opened_again(self):
        self.check_error("db", ".open db", says="this database is open: db")
        self.check("-c", lines(".open :memory:", ".open :memory:"))
        self.check("-c", ".open new")
        self.check_error("-c", ".open db other", says="expected one database")
        self.check("--safe", "-c", ".open :memory:")

    def test_readonly_holds_for_one_opening(self):
        self.check("db", TABLE)
        self.check_error("-c", lines(".open --readonly db", "insert into t values (1, 'x');"), says="[25006]")
        self.check("-c", lines(".open -r db", ".close", ".open db", "insert into t values (1, 'x');", ".set readonly"), err="readonly\n")
        self.check_error("-r", "db", ".close", "create table u (id int)", ".open db", "insert into t values (2, 'x')", says="[25006]")

    def test_a_damaged_one_gives_the_status_of_damage(self):
        self.damage("bad")
        self.assertEqual(self.run_shell("-c", ".open bad").status, 3)
        result = self.run_shell("--no-bail", "-c", ".open bad", "-c", ".open no/such/place", "-c", "select 1")
        self.assertEqual((result.status, result.err.count("error: ")), (3, 2))

    def test_a_check_without_files_fails(self):
        result = self.run_shell("db", TABLE, ".shell rm -r db", ".check")
        self.assertIn("[3D000]", result.err)
        self.assertEqual(result.status, 1)

    def test_names_that_no_table_has(self):
        self.check("db", TABLE + "create table `a b` (x int, y int, primary key (x, y)); create table bare (x int)")
        self.check_error("db", ".tables x*", says="no table is called x*")
        self.check("db", ".tables a*", out="a b\n")
        self.check("db", ".indexes", out="`a b` primary key (x, y)\nt primary key (id)\n")
        self.check("-c", ".tables")

    def test_a_script_in_the_place_of_a_database(self):
        self.write("s.ssql", "select 1;")
        self.check_error("s.ssql", "-c", "select 1", says="", status=2)
        self.check_error("-r", "nothing", "-c", "select 1", says="nothing", status=2)
        self.check_error("--must-exist", "nothing", "-c", "select 1", says="[3D000]", status=2)
        self.check_error("-c", ".open s.ssql", says="s.ssql")

    def test_who_is_locked_out_gets_a_way_out(self):
        holder = self.start("db")
        holder.stdin.write((TABLE + "\n.print ready\n").encode())
        holder.stdin.flush()
        self.assertEqual(holder.stdout.readline(), b"ready\n")
        self.assertIn("hint: open it with --readonly, or close the other program", self.run_shell("db", "-c", "select 1").err)
        self.assertIn("hint: open it with .open -r, or close the other program", self.run_shell("-c", ".open db").err)
        self.assertIn("hint: close the other program, or wait until it ends", self.run_shell("import", "db", "t", "f.csv").err)
        holder.communicate(b"")


class Programs(ShellTest):
    def test_programs_that_end_badly(self):
        self.check_error("-c", ".shell kill -9 $$", says="the program failed: it was ended by signal 9")
        self.check_error("-c", ".shell exit 7", says="the program failed: it ended with status 7")
        self.assertEqual(self.run_shell("-c", ".shell kill -INT $$", "-c", "select 1").status, 130)
        self.assertEqual(self.run_shell("-c", ".shell exit 130", "-c", "select 1").status, 130)
        self.check_error("-c", ".output |exit 3\nselect 1;\n.output", says="cannot write the results: the program failed")

    def test_places_that_are_none(self):
        self.check_error("-c", ".cd ''", says="cannot go to ")
        del self.environment["HOME"]
        self.check_error("-c", ".cd", says="there is no home folder")
        self.environment["HOME"] = self.folder
        self.check("-c", lines(".cd /", ".cd", ".shell pwd"), out=os.path.realpath(self.folder) + "\n")
        self.check_error("-c", ".output nowhere/file", says="cannot write to nowhere/file: No such file or directory")


class FullDisks(ShellTest):
    FULL = "No space left on device"

    def test_results_that_cannot_be_written(self):
        for commands in ((".once /dev/full", "select 1;"), (".output /dev/full", "select 1;"), (".output /dev/full", ".print x", "select 2;")):
            with self.subTest(commands):
                result = self.run_shell("-c", lines(*commands))
                self.assertIn(self.FULL, result.err)
                self.assertEqual((result.status, result.err.count("error: ")), (1, 1))
        for arguments in (["-c", "select 1"], ["-c", ".print x"]):
            with self.subTest(arguments):
                self.check_error("-o", "/dev/full", *arguments, says=self.FULL)

    def test_rows_of_a_copy_that_cannot_be_written(self):
        self.check("db", text=TABLE + "insert into t values " + ", ".join("(%d, '%s')" % (i, "x" * 100) for i in range(2000)) + ";")
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "db", "copy t to stdout"], cwd=self.folder, env=self.environment, stdout=full, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual((done.returncode, self.FULL in done.stderr.decode()), (1, True))
        self.check("--no-header", "db", ".output |true", "select * from t", "select 1", ".output", "select 2", out="2\n")

    def test_damage_that_a_query_meets_has_a_status(self):
        self.check("db", text=TABLE + "insert into t values " + ", ".join("(%d, 'name %d')" % (i, i * 7919) for i in range(3000)) + ";")
        self.run_shell("compact", "db")
        largest = max((os.path.join(base, name) for base, _, names in os.walk(self.path("db/tables")) for name in names), key=os.path.getsize)
        with open(largest, "r+b") as file:
            file.seek(os.path.getsize(largest) // 3)
            file.write(b"\xff" * 512)
        result = self.run_shell("db", "select * from t")
        self.assertEqual(result.status, 3)
        self.assertIn("error: ", result.err)


class Scripts(ShellTest):
    def test_scripts_read_each_other_from_their_own_folders(self):
        os.makedirs(self.path("a/b"))
        self.write("a/one.ssql", ".read b/two.ssql\n")
        self.write("a/b/two.ssql", ".read %s\n" % self.path("three.ssql"))
        self.write("three.ssql", ".print three\n")
        self.check("-f", "a/one.ssql", out="three\n")
        self.check(text=".read three.ssql\n", out="three\n")
        self.check_error("-f", "a", says="cannot read a: Is a directory", status=2)
        self.write("loop.ssql", ".read loop.ssql\n")
        self.check_error("-f", "loop.ssql", says="scripts read each other more than")

    def test_input_that_cannot_be_read(self):
        directory = os.open(self.folder, os.O_RDONLY)
        try:
            for arguments, says in ((["db"], "cannot read standard input: Is a directory"),
                                    (["db", TABLE, "copy t from stdin"], "cannot read standard input: Is a directory")):
                done = Result(subprocess.run([PROGRAM, *arguments], cwd=self.folder, env=self.environment, stdin=directory, capture_output=True, timeout=60))
                self.assertIn(says, done.err)
                self.assertEqual(done.status, 1)
        finally:
            os.close(directory)

    def test_a_start_file_and_what_comes_of_it(self):
        self.write("begun.ssql", "begin;\n")
        self.check_error("-1", "-i", "begun.ssql", "-c", "select 1", says="[25001]")
        self.check_error("-i", "begun.ssql", "-c", "select 1", says="the input ended within a transaction", out="1\n1\n")
        self.write("wrong.ssql", "selct;\n")
        result = self.run_shell("--no-bail", "-i", "wrong.ssql", "--no-header", "-c", "select 1")
        self.assertEqual((result.out, result.status), ("1\n", 1))
        self.write("leaving.ssql", ".exit 4\n")
        self.assertEqual(self.run_shell("-i", "leaving.ssql", "-c", "select 1").status, 4)

    def test_the_own_start_file_is_looked_for_at_home(self):
        os.makedirs(self.path(".config/ssql"))
        self.write(".config/ssql/init.ssql", ".print own\n")
        for changes, is_read in (({}, True), ({"XDG_CONFIG_HOME": "relative"}, True), ({"XDG_CONFIG_HOME": ""}, True), ({"HOME": ""}, False),
                                 ({"HOME": None}, False), ({"XDG_CONFIG_HOME": "/nowhere"}, False)):
            environment = self.environment
            self.environment = {name: value for name, value in dict(environment, **changes).items() if value is not None}
            if "XDG_CONFIG_HOME" not in changes:
                self.environment.pop("XDG_CONFIG_HOME", None)
            self.assertEqual("own\n" in self.run_shell("--interactive", "-q", text="").out, is_read, changes)
            self.environment = environment
        self.environment.pop("XDG_CONFIG_HOME", None)
        self.write(".config/ssql/init.ssql", ".exit\n")
        self.write("other.ssql", ".print other\n")
        self.check("--interactive", "-q", "-i", "other.ssql", text=".print prompt\n")
        os.mkdir(self.path("bad"))
        self.write("bad/manifest", "nonsense")
        self.write(".config/ssql/init.ssql", ".open bad\n")
        self.assertEqual(self.run_shell("--interactive", "-q", text="").status, self.run_shell("-c", ".open bad").status)

    def test_comments_that_do_not_end(self):
        for text, line in (("/* x", 1), ("select 1;\n /* x\n y", 2), ("select 1;\n\n-- z\n'x", 4)):
            self.assertIn("error: unfinished statement that began at line %d" % line, self.run_shell("--no-bail", text=text).err)

    def test_explain_leaves_errors_to_the_statement(self):
        for statement in ("selct 1;", "-- nothing\n;", "select 1 +;", "select :a;"):
            with self.subTest(statement):
                self.assertLessEqual(self.run_shell("-c", ".explain on\n" + statement).err.count("error: "), 1)
        result = self.run_shell("--var", "a=1", "--no-header", "-c", ".explain on\nvalues (:a); show tables; begin; commit;")
        self.assertEqual((result.out, result.status), ("1\n", 0))

    def test_the_time_of_a_change_that_fails(self):
        result = self.run_shell("--no-bail", "-t", "-c", lines(TABLE, "insert into t values (1, 'a');", "insert into t values (1, 'a');"))
        self.assertEqual((result.err.count("time: "), result.err.count("[23505]")), (3, 1))
        self.check_error("--timeout", "1e-7", "-c", "select count(*) from (values (1)) as t", says="[")

    def test_what_a_statement_costs(self):
        result = self.run_shell("-t", "-c", lines(".stats on", TABLE, "insert into t values (1, 'a');", "select * from t where id == 2;",
                                                  "delete from t;", "selct;"))
        self.assertRegex(result.err, r"; 0 rows; \d+ bytes read\n")
        self.assertRegex(result.err, r"; 1 row, [\d,]+ a second; ")
        self.assertEqual(len(result.err.split("error: ")), 2)
        result = self.run_shell("-c", lines(".stats on", TABLE, ".timer off"))
        self.assertNotIn("time: ", result.err)


class CommandLine(ShellTest):
    def test_texts_are_utf_8_in_any_locale(self):
        for name in ("C", "POSIX", "nothing"):
            self.environment["LC_ALL"] = name
            self.check("--no-header", "--box", "-c", "select 'é日' as a", out="┌─────┐\n│ é日 │\n└─────┘\n")

    def test_paths_are_no_commands(self):
        self.check_error("./improt", "x", says="", status=1)
        os.mkdir(self.path("dmup"))
        self.check_error("dmup", "x", says="")
        self.check("my db", TABLE)
        self.check("my db", ".tables", out="t\n")
        self.check("no statement", ".tables")
        self.check("  ", ".tables")
        self.check_error("hlep", "select", says='did you mean "help"?', status=2)

    def test_help_asks_for_itself(self):
        for arguments in (["help", "-h"], ["help", "--help"], ["-h"], ["help"]):
            self.assertTrue(self.run_shell(*arguments).out.startswith("usage: ssql "))
        self.assertEqual(self.run_shell("help", "-h", "select").out, self.run_shell("help", "select").out)

    def test_options_that_are_not_understood(self):
        for arguments, says in ((["-v", "=1"], "expected NAME=VALUE, not =1"), (["-v", "a"], "expected NAME=VALUE, not a"),
                                (["--set", "sync"], "expected NAME=VALUE, not sync"), (["-v", "a-b=1"], "no parameter can be called so: a-b=1"),
                                (["--timeout", "x"], "--timeout takes a number of seconds, not x"), (["--color", "x"], "--color takes auto, always or never"),
                                (["-m", "jsno"], "unknown mode jsno"), (["--mode"], "--mode needs a value"), (["-m"], "--mode needs a value"),
                                (["--csv=1"], "--csv takes no value"), (["-Z"], "unknown option -Z"), (["-qZ"], "unknown option -qZ"),
                                (["-csv"], "unknown option -csv"), (["-cvs"], "unknown option -cvs"), (["-mnone"], "unknown mode none"),
                                (["--append"], "--append goes with --output FILE"), (["--nothing-near"], "unknown option --nothing-near")):
            with self.subTest(arguments):
                self.check_error(*arguments, says=says, status=2)
        self.check_error("-jsno", says="unknown option -jsno", status=2)
        self.check_error("-markdwon", says="unknown option -markdwon", status=2)
        for letters in ("-tvs", "-zson", "-mjsno"):
            self.assertEqual(self.run_shell(letters).status, 2)
        self.check("-mmarkdown", "-c", "select 1 as a", out=self.run_shell("--markdown", "-c", "select 1 as a").out)

    def test_letters_stand_together_and_values_behind_them(self):
        self.check("-qecselect 1", out="select 1\n\n1\n1\n")
        self.check("-mcsv", "--", "db", "select 1 as a", out="a\n1\n")
        self.check("-Xq", "-m", "csv", "-", status=2, err="error: - stands for standard input, which is no database\nhint: -f - runs what stands there\n")
        self.check("--no-header", "--header", "--nullvalue", "N", "-c", "select null as a", out="a\nN\n")
        self.check("--separator=;", "--csv", "-c", "values (1, 2)", out=self.run_shell("--csv", "-c", ".separator ;\nvalues (1, 2)").out)
        self.check("--bail", "--no-bail", "--batch", "--no-header", "--color", "auto", "--pager", "cat", "-c", "select 1", out="1\n")

    def test_standard_streams_that_are_closed(self):
        for closed in ((0,), (0, 1), (0, 1, 2), (2,)):
            def close(numbers=closed):
                for number in numbers:
                    os.close(number)
            done = subprocess.run([PROGRAM, "db", "-c", "create table if not exists t (id int primary)", "-c", ".print x"], cwd=self.folder,
                                  env=self.environment, preexec_fn=close, capture_output=True, timeout=60)
            self.assertEqual(done.stdout, b"" if 1 in closed else b"x\n")
        self.check("db", ".tables", out="t\n")

    def test_one_transaction_whose_results_cannot_be_written_is_rolled_back(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "-1", "db", TABLE, "select 1"], cwd=self.folder, env=self.environment, stdout=full,
                                  stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.check("db", ".tables")

        for statement in (".print x", ".exit 3"):
            with open("/dev/full", "w") as full:
                done = subprocess.run([PROGRAM, "-1", "db", TABLE, statement], cwd=self.folder, env=self.environment, stdout=full,
                                      stderr=subprocess.PIPE, timeout=60)
            self.assertEqual(done.returncode, 3 if statement == ".exit 3" else 1)
            self.check("db", ".tables")

    def test_a_limit_of_files_is_told(self):
        done = subprocess.run([PROGRAM, "-c", ".output |cat", "-c", "select 1"], cwd=self.folder, env=self.environment, capture_output=True, timeout=60,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8)))
        self.assertIn(done.returncode, (0, 1, 2))


class Interrupts(ShellTest):
    def test_ctrl_c_while_rows_are_waited_for(self):
        self.check("db", TABLE)
        process = self.start("db", "-c", ".shell echo >&2", "-c", "copy t from stdin")
        process.stdin.write(b"id,name\n1,a\n")
        process.stdin.flush()
        process.stderr.readline()
        while not self.sleeps(process.pid):
            pass
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        self.assertEqual(process.returncode, 130)
        process.communicate()
        self.check("--no-header", "db", "select count(*) from t", out="0\n")

    def sleeps(self, process):
        """Whether it waits for standard input, with everything before read."""
        with open("/proc/%d/syscall" % process) as file:
            return file.read().split()[:2] == ["0", "0x0"]


if __name__ == "__main__":
    unittest.main()
