"""`.help 42703`: every code that ssql can give is explained, and the statements of the examples give what is printed."""

import os
import re
import unittest

from shell import ShellTest

HEADER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../include/ssql.h")
SETUP = ["create table users { id int primary, name string not null, age int };", "insert into users values (1, 'bob', 30);"]
STATEMENT = r"(select|insert|update|delete|create|drop|alter|begin|commit)\b.*;$"


def codes_of_header():
    with open(HEADER, encoding="utf-8") as file:
        return re.findall(r"(?m)^#define SSQL_\w+ +\d+ +/\* ([0-9A-Z]{5})\b", file.read())


class HelpCodes(ShellTest):
    def test_every_code_of_the_header_is_explained(self):
        codes = codes_of_header()
        self.assertGreater(len(codes), 30)
        for code in codes:
            with self.subTest(code):
                lines = self.run_shell("-c", ".help " + code).out.splitlines()
                self.assertTrue(lines[0].startswith(code + "  "), lines)
                self.assertTrue(lines[2].startswith("Mostly because: ") and lines[3].startswith("What to do: "), lines)
                self.assertEqual(lines[4], "Example:")
                self.assertIn(len(lines), (7, 8))
                self.assertTrue(lines[-1].startswith("  error: "), lines)

    def test_small_letters_and_the_command_line(self):
        self.assertEqual(self.run_shell("-c", ".help 42p01").out, self.run_shell("help", "42P01").out)

    def test_other_codes_are_not_known(self):
        self.check_error("-c", ".help 42704x", says='did you mean "42704"?')
        self.check_error("help", "99999", says="99999", status=2)

    def test_statements_of_the_examples_give_the_error_that_is_printed(self):
        run = 0
        for code in sorted(set(codes_of_header())):
            statement, answer = [line.strip() for line in self.run_shell("-c", ".help " + code).out.splitlines()[5:7]]
            if not re.match(STATEMENT, statement) or "..." in answer:
                continue
            if statement == "commit;" and code == "40001":
                continue
            with self.subTest(code):
                result = self.run_shell(":memory:", *SETUP, statement)
                self.assertEqual(result.err.splitlines()[0].split("], line")[0].rstrip("]"), answer.rstrip("]"))
                self.assertIn("[%s]" % code, result.err)
                run += 1
        self.assertGreater(run, 15)


if __name__ == "__main__":
    unittest.main()
