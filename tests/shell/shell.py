"""What the tests of the shell share: running the program in an empty folder of its own."""

import os
import shutil
import subprocess
import tempfile
import unittest

PROGRAM = os.path.abspath(os.environ["SSQL"])


class Result:
    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout.decode("utf-8", "replace")
        self.err = done.stderr.decode("utf-8", "replace")


class ShellTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="ssql-shell-")
        self.environment = dict(os.environ, HOME=self.folder, XDG_STATE_HOME=self.folder + "/state", TERM="xterm", LC_ALL="C.UTF-8")
        self.environment.pop("NO_COLOR", None)

    def tearDown(self):
        for base, folders, _ in os.walk(self.folder):
            for name in folders:
                os.chmod(os.path.join(base, name), 0o700)
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        data = text if isinstance(text, bytes) else text.encode()
        with open(self.path(name), "wb") as file:
            file.write(data)
        return name

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def start(self, *arguments, **how):
        return subprocess.Popen([PROGRAM, *arguments], cwd=self.folder, env=self.environment, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)

    def run_shell(self, *arguments, text=""):
        data = text if isinstance(text, bytes) else text.encode()
        return Result(subprocess.run([PROGRAM, *arguments], cwd=self.folder, env=self.environment, input=data,
                                     capture_output=True, timeout=60))

    def check(self, *arguments, text="", out="", err="", status=0):
        """The whole of both streams and the status."""
        result = self.run_shell(*arguments, text=text)
        self.assertEqual((result.out, result.err, result.status), (out, err, status))

    def check_error(self, *arguments, text="", says, status=1, out=""):
        """One error whose message holds `says`; nothing but `out` on standard output."""
        result = self.run_shell(*arguments, text=text)
        self.assertIn(says, result.err)
        self.assertEqual(result.err.count("error: "), 1, result.err)
        self.assertEqual((result.out, result.status), (out, status), result.err)
