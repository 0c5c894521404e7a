"""Sessions of the shell when one call fails, of memory or of the system: it is told, and the session goes on or ends in order."""

import errno
import os
import unittest

from failing_calls import FailingCallsTest

COMMANDS = """.open db
.tables
.tables t
.schema
.indexes
.describe t
.info
.check
.set
.set sync normal
.var a 1
select :a as a, * from t where id == :a;
.explain on
select * from t;
.explain off
.stats on
.timer on
insert into t values (7, 'x');
.stats now
.help select
.help selct
.print x
.output out
select 1;
.output
.once |cat
select 2;
.shell true
.cd .
.safe on
.safe off
select 1 +;
.close
"""


class PromptCalls(FailingCallsTest):
    def setUp(self):
        super().setUp()
        self.environment.pop("XDG_STATE_HOME") # HOME is each run's own
        self.check("db", "create table t (id int primary, name string); insert into t values (1, 'a')")

    def check_end(self, way, result):
        if "out of virtual memory" not in result.err: # the words of the library that edits lines, which ends the program
            super().check_end(way, result)

    def test_dot_commands_of_a_script(self):
        self.write("s.ssql", COMMANDS)
        self.sweep("--no-bail", "-f", "s.ssql")

    def test_a_session_at_the_prompt(self):
        os.makedirs(self.path(".local/state/ssql"))
        self.write(".local/state/ssql/history", "select 1;\n" * 9000)
        self.environment.update(EDITOR="true", TERM="dumb")
        text = "select 5 as a;\n.edit\n\n.history 2\nselect\n1;\n\\g\n\\x\n.prompt 'mine %d%t '\n.read nothing\n.open db\n.quit\n"
        self.sweep("--interactive", text=text)

    def test_signals_while_the_session_waits_or_writes(self):
        self.environment["EDITOR"] = "true"
        calls = ("read", "write", "poll", "waitpid")
        text = "select 5 as a;\n.edit\n\n.once |cat\nselect 6;\n"
        for arguments in (["--interactive"], []):
            for way, result in self.sweep(*arguments, text=text, calls=calls, errors=dict.fromkeys(calls, errno.EINTR)):
                with self.subTest(str(way)):
                    self.assertEqual(result.status, 0 if arguments else 1) # .edit wants a prompt
                    self.assertIn("5\n", result.out)
            self.doCleanups()

    def test_options_and_start_files(self):
        self.write("s.ssql", "select * from t;\n")
        self.sweep("-r", "--safe", "--must-exist", "-s", "sync=off", "-v", "a=1", "--csv", "--null", "N", "-1", "-o", "out", "-i", "s.ssql", "db",
                   "-f", "s.ssql", "-c", "select :a")

    def test_streams_of_copies(self):
        self.sweep("db", "copy t from stdin", "copy t to stdout", text="id,name\n2,b\n", calls=("read", "write", "malloc", "realloc", "calloc"))

    def test_what_the_program_says_of_itself(self):
        for arguments in (["--help"], ["help", "select"], ["--version"], ["help", "slect"], ["--nothing"], ["selct 1"]):
            with self.subTest(arguments):
                self.sweep(*arguments)
                self.doCleanups()


if __name__ == "__main__":
    unittest.main()
