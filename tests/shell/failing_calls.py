"""A command is run again and again, and each time another of its calls fails: an allocation, or a call of the system.

A first run writes down on which ways - call stacks - the program comes to such calls (failing_calls.c, which is loaded
before the C library). Of the ways, those are chosen that the shell sees differently: of calls inside the library, one for
each place of the shell that calls it; allocations that end the program (must_reallocate) are the same everywhere, so
a few of them do. Then one run for each; it must end in an orderly way and say what was wrong."""

import bisect
import concurrent.futures
import errno
import os
import shutil
import subprocess

from shell import PROGRAM, Result, ShellTest

LIBRARY = os.path.abspath(os.environ["FAILING_CALLS"])
MEMORY = frozenset(("malloc", "calloc", "realloc", "aligned_alloc"))
ERRORS = {"poll": errno.EINTR, "fork": errno.EAGAIN, "pipe2": errno.EMFILE, "socketpair": errno.EMFILE, "popen": errno.EMFILE,
          "write": errno.ENOSPC, "fwrite": errno.ENOSPC, "fputs": errno.ENOSPC, "fflush": errno.ENOSPC, "fclose": errno.ENOSPC}


class Symbols:
    """The functions of the program, by address."""

    def __init__(self, program):
        listed = subprocess.run(["nm", "-n", "--defined-only", program], capture_output=True, check=True, text=True)
        lines = [line.split() for line in listed.stdout.splitlines()]
        found = [(int(line[0], 16), line[2]) for line in lines if len(line) == 3 and line[1] in "tTwW"]
        self.addresses = [address for address, _ in found]
        self.names = [name.split(".")[0] for _, name in found]

    def name(self, address):
        return self.names[max(0, bisect.bisect_right(self.addresses, address - 1) - 1)]


class Way:
    """One way to one call. `stack`: names of functions, innermost first, from the library's own on outwards."""

    def __init__(self, line, symbols):
        self.call, self.hash, self.offset, *addresses = line.split()
        addresses = [int(address, 16) for address in addresses]
        names = [symbols.name(address) for address in addresses]
        inner = next((i for i, name in enumerate(names) if name.startswith("ssql_")), 0)
        self.is_in_library = bool(names) and names[inner].startswith("ssql_")
        self.stack = names[inner:]
        self.ends_program = not self.is_in_library and "must_reallocate" in names
        # What the shell can tell apart: its own place, and what it asked the library for.
        self.place = (self.call if not self.is_in_library else "library", *addresses[inner + self.is_in_library:][:3])

    def __str__(self):
        return "%s in %s" % (self.call, " < ".join(self.stack))


class FailingCallsTest(ShellTest):
    SYMBOLS = Symbols(PROGRAM)
    TIMEOUT_S = 100
    MUST_ALLOCATIONS = 3  # of the allocations that end the program

    @classmethod
    def setUpClass(cls):
        cls.tried = set()  # places and errors of all sweeps of the class; each is tried once

    def run_with_library(self, folder, arguments, text, settings):
        environment = dict(self.environment, LD_PRELOAD=LIBRARY, FAILING_CALLS_LOG=folder + ".log", HOME=folder, **settings)
        return Result(subprocess.run([PROGRAM, *arguments], cwd=folder, env=environment, input=text.encode(),
                                     capture_output=True, timeout=self.TIMEOUT_S))

    def copy(self, prepared, name):
        """A folder for one run: as `prepared`."""
        folder = os.path.join(os.path.dirname(prepared), name)
        shutil.copytree(prepared, folder, symlinks=True)
        return folder

    def ways(self, prepared, arguments, text):
        """Every way to a call, of a run in which nothing fails."""
        folder = self.copy(prepared, "recorded")
        self.run_with_library(folder, arguments, text, {})
        with open(folder + ".log", encoding="ascii") as log:
            ways = [Way(line, self.SYMBOLS) for line in log]
        return [way for way in ways if "main" in way.stack]

    def choose(self, ways, calls, errors):
        """The ways that are tried, with the error of each."""
        chosen, ending = [], 0
        for way in ways:
            way.error = errno.ENOMEM if way.call in MEMORY else errors.get(way.call, errno.EIO)
            if (calls is None or way.call in calls) and (way.place, way.error) not in self.tried:
                self.tried.add((way.place, way.error))
                ending += way.ends_program
                if not way.ends_program or ending <= self.MUST_ALLOCATIONS:
                    chosen.append(way)
        # Inside the library, memory stands for all: what its calls do when they fail is tested where they are.
        return [way for way in chosen if not way.is_in_library or way.call in MEMORY]

    def look(self, folder):
        """What a test wants to know of the folder after each run; check_end finds it in result.left."""

    def check_end(self, way, result):
        """What a run in which something failed must be like; tests with more to say override it."""
        self.assertIn(result.status, (0, 1, 2))
        if result.status != 0:
            self.assertRegex(result.out + result.err, "error|out of memory|FAILED|not ok")

    def sweep(self, *arguments, text="", calls=None, once=True, errors=ERRORS):
        """Runs the command in copies of the test's folder, one of its calls failing: of `calls` (names), or any; the first
        such call of each process, or all. Returns (way, result) of the runs in which one did."""
        base = self.folder + "-calls"
        prepared = os.path.join(base, "prepared")
        os.mkdir(base)
        self.addCleanup(shutil.rmtree, base, ignore_errors=True)
        shutil.copytree(self.folder, prepared, symlinks=True)
        ways = self.ways(prepared, arguments, text)
        self.assertGreater(len(ways), 0, "no call was seen")
        chosen = self.choose(ways, calls, errors)

        def run(number):
            way = chosen[number]
            folder = self.copy(prepared, str(number))
            fault = "%s:%s:%d:%d" % (way.hash, way.offset, way.error, once)
            try:
                result = self.run_with_library(folder, arguments, text, {"FAILING_CALL": fault})
            except subprocess.TimeoutExpired as late:
                result = Result(subprocess.CompletedProcess(arguments, "no end", late.stdout or b"", late.stderr or b""))
            result.left = self.look(folder)
            failed = os.path.exists(folder + ".log")
            shutil.rmtree(folder, ignore_errors=True)
            return failed, way, result

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            done = [(way, result) for failed, way, result in pool.map(run, range(len(chosen))) if failed]
        for way, result in done:
            with self.subTest(str(way), out=result.out[-400:], err=result.err[-400:]):
                self.check_end(way, result)
        self.assertGreater(len(done) + 1, len(chosen) / 2, "most calls are to be the same in every run")
        return done
