"""Runs the tests against every mutant (scripts/mutants): see README.md."""
import argparse
import glob
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from rewrite import rewrite

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(ROOT, 'tests/mutants')
WORK = os.path.join(ROOT, 'build/mutants')
TREE = os.path.join(WORK, 'tree')
GROUPS = {
    'recovery': ['recovery*'],
    'wal': ['wal*'],
    'manifest': ['manifest*'],
    'compaction': ['compaction*'],
    'flush': ['flush*'],
    'transaction': ['transaction_commit', 'transaction_record'],
}
LIMIT_PERCENT = 95
SIM_SEEDS = (1, 3)
CASE_SECONDS_MOST = 2.0     # a test that takes longer costs more than it finds
EFFORT_SECONDS = 6.0        # for one mutant, in each of the two builds
MEMORY_MOST_MB = 1500
EXCLUDED = ('unit_storage_interleaving',)  # stops at every instruction, and so knows how the compiler made the code
FILE_BYTES_MOST = 1 << 30


# ---- what there is to change ----

def source_files(words):
    words = words or list(GROUPS)
    paths = []
    for word in words:
        patterns = GROUPS.get(word, [word.removesuffix('.c')])
        found = sorted(p for each in patterns for p in glob.glob(f'{ROOT}/src/storage/{os.path.basename(each)}.c'))
        if not found:
            sys.exit(f'mutants: there is no file or group "{word}"')
        paths += [p for p in found if p not in paths]
    return paths


def read_accepted():
    """Equivalent mutants: file, function, kind and text, then the reason."""
    accepted = {}
    fields = []
    for number, line in enumerate(open(f'{HERE}/accepted.txt'), 1):
        line = line.rstrip('\n')
        if line.startswith('#') or not line:
            continue
        if line.startswith('    '):
            if not fields:
                sys.exit(f'mutants: accepted.txt:{number}: a reason without a mutant')
            for key in fields:
                accepted[key] = line.strip()
            last_was_reason = True
            continue
        if fields and fields[0] in accepted:
            fields = []
        match = re.fullmatch(r'(\S+) (\w+) (\w+)(?: #(\d+))?: (.*)', line)
        if match is None:
            sys.exit(f'mutants: accepted.txt:{number}: expected "FILE FUNCTION KIND: TEXT"')
        name, function, kind, copy, text = match.groups()
        fields.append((name, function, kind, text, int(copy or 1)))
    return accepted


def describe(mutant):
    copy = f' #{mutant.copy}' if mutant.copy > 1 else ''
    return f'{mutant.file} {mutant.function} {mutant.kind}{copy}: {mutant.text}'


# ---- the build ----

def update(path, text):
    """Writes a file when that changes it: what is as it was is not built again."""
    data = text.encode()
    if os.path.exists(path) and open(path, 'rb').read() == data:
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(data)


def copy_tree(rewritten):
    """A copy of the project in which the rewritten files stand in the place of the others."""
    wanted = set()
    for top in ('CMakeLists.txt', 'cmake', 'src', 'include', 'grammar', 'tests', 'examples', 'docs', 'scripts', 'man'):
        full = os.path.join(ROOT, top)
        if os.path.isfile(full):
            paths = [full]
        else:
            paths = [os.path.join(folder, name) for folder, _, names in os.walk(full) for name in names]
        for path in paths:
            relative = os.path.relpath(path, ROOT)
            wanted.add(relative)
            target = os.path.join(TREE, relative)
            if relative in rewritten:
                update(target, rewritten[relative])
                continue
            status = os.stat(path)
            if os.path.exists(target) and os.stat(target).st_mtime == status.st_mtime \
                    and os.stat(target).st_size == status.st_size:
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(path, target)
            if relative.endswith(('.c', '.h')):
                os.utime(target, (status.st_atime, status.st_mtime))
    wanted.add('src/base/mutant.c')
    update(os.path.join(TREE, 'src/base/mutant.c'), open(f'{HERE}/mutant.c').read())
    for folder, _, names in os.walk(TREE):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.relpath(path, TREE) not in wanted:
                os.remove(path)


def build(name, options, targets):
    folder = os.path.join(WORK, name)
    launcher = ['-DCMAKE_C_COMPILER_LAUNCHER=ccache'] if shutil.which('ccache') else []
    # A variable whose initialisation was dropped has always the same value: what depends on luck kills nothing.
    flags = f'-O1 -g1 -w -ftrivial-auto-var-init=pattern -I{HERE} -include {HERE}/mutant.h'
    commands = [['cmake', '-S', TREE, '-B', folder, '-G', 'Ninja', '-DCMAKE_BUILD_TYPE=Debug',
                 f'-DCMAKE_C_FLAGS_DEBUG={flags}', *options, *launcher],
                ['cmake', '--build', folder, '-j', '2', '--target', *targets]]
    for command in commands:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            sys.exit(f'mutants: the build failed\n{done.stdout[-4000:]}')
    return folder


# ---- tests ----

@dataclass
class Case:
    command: list
    name: str            # of the test in a program of cmocka, or empty
    label: str
    seconds: float = 0   # of the processor; an estimate until it has run
    reaches: bytes = b''
    is_steady: bool = True
    is_measured: bool = False
    plain: object = None # the same test without the sanitizers


def limits(cpu_seconds, is_sanitized):
    def apply():
        os.setsid()
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)  # stays over exec, but does not count for children
        whole = int(cpu_seconds) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES_MOST, FILE_BYTES_MOST))
        if not is_sanitized:  # a sanitizer reserves more addresses than there is memory, and has a limit of its own
            resource.setrlimit(resource.RLIMIT_AS, (2 * MEMORY_MOST_MB << 20, 2 * MEMORY_MOST_MB << 20))
    return apply


def kill_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run(case, mutant=None, seen=None, wall=600.0, cpu=60):
    """Exit status or negative signal, None when the time was over; and the seconds of the processor."""
    environment = {'PATH': os.environ['PATH'], 'HOME': os.environ.get('HOME', '/'),
                   'ASAN_OPTIONS': f'symbolize=0:hard_rss_limit_mb={MEMORY_MOST_MB}:allocator_may_return_null=1',
                   'UBSAN_OPTIONS': 'symbolize=0'}
    if case.name:
        environment['SSQL_MUTANT_CASE'] = case.name
    if mutant is not None:
        environment['SSQL_MUTANT'] = str(mutant)
    if seen is not None:
        environment['SSQL_MUTANT_SEEN'] = seen
    folder = tempfile.mkdtemp(prefix='ssql-mutant-', dir='/dev/shm' if os.path.isdir('/dev/shm') else None)
    environment['TMPDIR'] = folder
    process = subprocess.Popen(case.command, env=environment, cwd=folder,
                               preexec_fn=limits(cpu, case.plain is not None),
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    alarm = threading.Timer(wall, kill_group, (process,))
    alarm.start()
    _, status, usage = os.wait4(process.pid, 0)
    alarm.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    kill_group(process)
    shutil.rmtree(folder, ignore_errors=True)
    is_over = process.returncode in (-signal.SIGPROF, -signal.SIGXCPU, -signal.SIGKILL)
    return None if is_over else process.returncode, usage.ru_utime + usage.ru_stime


def find_cases(plain, units):
    cases = []
    for program in (f'{plain}/{unit}' for unit in units):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder)
        output = done.stdout.decode(errors='replace')
        if done.returncode != 0:
            print(f'mutants: left out, for it fails without a mutant: {os.path.basename(program)}\n{output[-500:]}')
            continue
        for name in re.findall(r'\[ RUN      \] (\w+)', output):
            cases.append(Case([program], name, f'{os.path.basename(program)} {name}'))
    for seed in SIM_SEEDS:
        cases.append(Case([f'{plain}/sim', '--seed', str(seed)], '', f'sim --seed {seed}'))
    return cases


def add_sanitized(cases, sanitized):
    """The same tests in the build with sanitizers: they notice what is not given back, or used after that."""
    return cases + [Case([f'{sanitized}/{os.path.basename(c.command[0])}'], c.name, f'{c.label} (sanitized)',
                         0.1 + 4 * c.seconds, c.reaches, c.is_steady, False, c) for c in cases if c.name]


def in_parallel(items, work, jobs):
    lock, items, failures = threading.Lock(), iter(items), []

    def go():
        while not failures:
            with lock:
                item = next(items, None)
            if item is None:
                return
            try:
                work(item)
            except BaseException as failure:
                failures.append(failure)
                return

    threads = [threading.Thread(target=go, daemon=True) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def measure(cases, mutant_count, jobs, most):
    """What each test reaches and how long it takes; it must succeed, twice. Where the two differ, threads take part, and
    a failure must come several times to be believed."""
    def work(case):
        seen, met = f'{WORK}/seen-{threading.get_ident()}', []
        case.is_measured = True
        for _ in range(2):
            with open(seen, 'wb') as file:
                file.truncate(mutant_count)
            status, case.seconds = run(case, seen=seen, cpu=most + 1)
            met.append(open(seen, 'rb').read())
            if status is None or case.seconds > most:
                case.seconds = max(case.seconds, most + 1)
                break
            if status != 0:
                print(f'mutants: left out, for it fails without a mutant ({status}): {case.label}')
                case.seconds = most + 1
                break
        case.is_steady = met[0] == met[-1]
        case.reaches = bytes(a | b for a, b in zip(met[0], met[-1]))
        os.remove(seen)

    in_parallel(cases, work, jobs)


def takes_part(case, most):
    """Measures a sanitized test when it is wanted for the first time."""
    if not case.is_measured:
        status, case.seconds = run(case)
        case.is_measured = True
        if status != 0:
            print(f'mutants: left out, for it fails without a mutant ({status}): {case.label}')
            case.seconds = most + 1
    return case.seconds <= most


def notices(case, mutant):
    status, _ = run(case, mutant.number, wall=15 + 40 * case.seconds, cpu=0.3 + 6 * case.seconds)
    return status != 0, status


def judge(mutant, cases, killers, most, effort):
    """Killed: a test fails, or does not end. Returns the verdict and the test."""
    reaching = [c for c in cases if c.reaches[mutant.number]]
    if not reaching:
        return 'not executed', ''
    # What is not given back, or a step beyond the end, is for the sanitizers to see.
    gives_back = mutant.kind == 'boundary' or (
        mutant.kind == 'drop' and re.search('free|release|destroy|clear|abandon|close|= NULL', mutant.text))

    def cost(case):
        seconds = (case.seconds + 0.005) / (1 + 8 * killers[mutant.function][case.label]
                                            + killers[mutant.file][case.label])
        return seconds * 100 if gives_back and case.plain is None else seconds

    spent = {False: 0.0, True: 0.0}
    for case in sorted(reaching, key=cost):
        is_sanitized = case.plain is not None
        if spent[is_sanitized] + case.seconds > effort or not takes_part(case, most):
            continue
        spent[is_sanitized] += case.seconds
        is_noticed, status = notices(case, mutant)
        if is_noticed and not case.is_steady:
            is_noticed = all(notices(case, mutant)[0] for _ in range(2))
        if is_noticed:
            killers[mutant.function][case.label] += 1
            killers[mutant.file][case.label] += 1
            return ('hangs' if status is None else 'killed'), case.label
    return 'survives', ''


# ---- the whole ----

def parse_arguments():
    parser = argparse.ArgumentParser(prog='mutants', add_help=True)
    parser.add_argument('words', nargs='*', metavar='FILE|GROUP')
    parser.add_argument('--again', action='store_true')
    parser.add_argument('--accepted', action='store_true')
    parser.add_argument('--list', action='store_true')
    parser.add_argument('--tests', default='')
    parser.add_argument('--plain', action='store_true')
    parser.add_argument('--effort', type=float, default=EFFORT_SECONDS)
    parser.add_argument('--most', type=float, default=CASE_SECONDS_MOST)
    parser.add_argument('--jobs', type=int, default=2)
    return parser.parse_args()


def rewrite_all(paths):
    arguments = [f'-I{ROOT}/src', f'-I{ROOT}/include', '-D_GNU_SOURCE', '-std=c11']
    rewritten, mutants = {}, []
    for path in paths:
        text, found = rewrite(path, os.path.relpath(path, f'{ROOT}/src'), arguments, len(mutants))
        rewritten[os.path.relpath(path, ROOT)] = text
        mutants += found
    return rewritten, mutants


def load_results():
    try:
        with open(f'{WORK}/results.json') as file:
            return {tuple(key): (verdict, by) for key, verdict, by in json.load(file)}
    except (OSError, ValueError):
        return {}


def save_results(results):
    with open(f'{WORK}/results.new', 'w') as file:
        json.dump([[list(key), *value] for key, value in results.items()], file, indent=0)
    os.replace(f'{WORK}/results.new', f'{WORK}/results.json')


def run_mutants(mutants, cases, results, jobs, most, effort):
    killers = defaultdict(Counter)
    for key, (verdict, by) in results.items():
        if by:
            killers[key[1]][by] += 1
            killers[key[0]][by] += 1
    lock, begin, done = threading.Lock(), time.monotonic(), [0]

    def work(mutant):
        verdict = judge(mutant, cases, killers, most, effort)
        with lock:
            results[mutant.key] = verdict
            done[0] += 1
            if done[0] % 25 == 0:
                save_results(results)
                print(f'\r{done[0]} of {len(mutants)} mutants, {time.monotonic() - begin:.0f} s', end='',
                      file=sys.stderr, flush=True)

    in_parallel(mutants, work, jobs)
    save_results(results)
    print(file=sys.stderr)


def report(mutants, results, accepted):
    by_file = defaultdict(Counter)
    survivors = []
    for mutant in mutants:
        verdict, by = results.get(mutant.key, ('not run', ''))
        is_killed = verdict in ('killed', 'hangs')
        is_accepted = mutant.key in accepted
        if is_accepted and is_killed:
            print(f'accepted.txt: killed all the same, by {by}: {describe(mutant)}')
        counts = by_file[mutant.file]
        counts['all'] += 1
        counts['killed' if is_killed else 'equivalent' if is_accepted else 'survivors'] += 1
        if not is_killed and not is_accepted:
            survivors.append((mutant, verdict))
    known = {m.key for m in mutants}
    files = {m.file for m in mutants}
    for key in accepted:
        if key[0] in files and key not in known:
            print(f'accepted.txt: there is no such mutant any more: {key[0]} {key[1]} {key[2]}: {key[3]}')
    print(f'{"file":32} {"mutants":>8} {"killed":>8} {"equivalent":>11} {"survivors":>10}')
    total = Counter()
    for name, counts in by_file.items():
        total += counts
        print(f'{name:32} {counts["all"]:8} {counts["killed"]:8} {counts["equivalent"]:11} {counts["survivors"]:10}')
    print(f'{"all":32} {total["all"]:8} {total["killed"]:8} {total["equivalent"]:11} {total["survivors"]:10}')
    for mutant, verdict in survivors:
        print(f'src/{mutant.file}:{mutant.line}: {verdict}: {describe(mutant)}')
    share = 100 * total['killed'] / max(1, total['all'] - total['equivalent'])
    print(f'mutants: {share:.1f} % killed of those that are not equivalent, '
          f'{100 * total["killed"] / max(1, total["all"]):.1f} % of all')
    return share >= LIMIT_PERCENT


def main():
    arguments = parse_arguments()
    sys.stdout.reconfigure(line_buffering=True)
    os.makedirs(WORK, exist_ok=True)
    accepted = read_accepted()
    rewritten, mutants = rewrite_all(source_files([]))
    wanted_files = {os.path.relpath(p, f'{ROOT}/src') for p in source_files(arguments.words)}
    wanted = [m for m in mutants if m.file in wanted_files]
    if arguments.list:
        for mutant in wanted:
            print(f'src/{mutant.file}:{mutant.line}: {describe(mutant)}')
        return
    copy_tree(rewritten)
    units = ['unit_storage_' + os.path.basename(p)[:-2] for p in sorted(glob.glob(f'{ROOT}/tests/unit/storage/*.c'))]
    units = [u for u in units if re.search(arguments.tests, u) and u not in EXCLUDED]
    plain = build('plain', [], units + ['sim'])
    if not arguments.plain:
        sanitized = build('sanitized', ['-DSSQL_SANITIZE=address,undefined'], units)
    cases = find_cases(plain, units)
    if not re.search(arguments.tests, 'sim'):
        cases = [c for c in cases if c.name]
    measure(cases, len(mutants), arguments.jobs, arguments.most)
    slow = [c for c in cases if c.seconds > arguments.most]
    cases = [c for c in cases if c.seconds <= arguments.most]
    print(f'mutants: {len(wanted)} mutants, {len(cases)} tests of {sum(c.seconds for c in cases):.1f} s altogether, '
          f'too slow: {", ".join(c.label for c in slow) or "none"}', file=sys.stderr)
    if not arguments.plain:
        cases = add_sanitized(cases, sanitized)
    results = load_results()
    known = {m.key for m in mutants}
    results = {key: value for key, value in results.items() if key in known}
    todo = [m for m in wanted if arguments.accepted or m.key not in accepted]
    if arguments.again:
        todo = [m for m in todo if results.get(m.key, ('',))[0] not in ('killed', 'hangs')]
    run_mutants(todo, cases, results, arguments.jobs, arguments.most, arguments.effort)
    sys.exit(0 if report(wanted, results, accepted) else 1)


if __name__ == '__main__':
    main()
