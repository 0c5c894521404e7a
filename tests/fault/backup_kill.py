"""`ssql backup` killed with SIGKILL at random moments: the place of the backup never opens as whole unless it is, the
database is unhurt, and the next backup to the same place succeeds.

    backup_kill.py [SEED [KILLS]]      default: from the clock, and 40. The program is $SSQL; databases go to $TMPDIR
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

SSQL = os.environ.get("SSQL", "ssql")
ROWS = 6000
KINDS = (["--copy"], [], ["--incremental"], ["--incremental", "--copy"])


class Failed(Exception):
    """Something is not as promised."""


def ssql(*words, text=""):
    return subprocess.run([SSQL, *words], input=text, capture_output=True, text=True, timeout=120, check=False)


def must(*words, text=""):
    result = ssql(*words, text=text)
    if result.returncode != 0:
        raise Failed(f"{' '.join(words[:3])}: status {result.returncode}: {result.stderr or result.stdout}")
    return result.stdout


def write_round(path, number):
    """Every row of the table says which round wrote it, so that a state of the database is one number."""
    rows = ", ".join(f"({i}, {number}, 'row {i} of round {number}')" for i in range(ROWS))
    must("--set", "memtable_size=128k", "--set", "sstable_size=64k", path,
         text=f"begin; upsert into t values {rows}; commit;")


def state_of(path):
    """The round whose rows are there, all of them and no others; None: it does not open, and says why."""
    question = "select count(*), min(round), max(round), sum(id), count(text) from t"
    result = ssql("--readonly", "--no-header", "--mode", "csv", path, question)
    if result.returncode != 0:
        if "Traceback" in result.stderr or not result.stderr.strip():
            raise Failed(f"{path} does not open, and no reason is given")
        return None
    count, least, most, total, texts = result.stdout.strip().split(",")
    if (count, total, texts) != (str(ROWS), str(ROWS * (ROWS - 1) // 2), str(ROWS)) or least != most:
        raise Failed(f"{path} opens and is not whole: {result.stdout.strip()}")
    return int(least)


def kill_one(kind, database, target, moment):
    """Starts a backup and kills it after so many seconds. Whether it came to its end before."""
    process = subprocess.Popen([SSQL, "backup", *kind, database, target], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        process.kill()
    return process.wait() == 0


def duration(database, target):
    begin = time.monotonic()
    must("backup", "--copy", database, target)
    took = time.monotonic() - begin
    shutil.rmtree(target)
    return took


def check_round(number, kind, before, database, target, is_done):
    """`before` is the state of the backup before, or None."""
    found = state_of(target)
    allowed = (number,) if is_done else (number, before)
    if found not in allowed:
        raise Failed(f"the backup is state {found}, and not one of {allowed}")
    if found is not None:
        must("check", target)
    if state_of(database) != number:
        raise Failed("the database has changed")
    must("check", database)
    must("backup", *kind, "--verify", database, target) if found is None or "--incremental" in kind else None
    if state_of(target) != number:
        raise Failed("the backup after it is not whole")
    return found


def run(seed, kills, folder):
    chance = random.Random(seed)
    database, target = os.path.join(folder, "db"), os.path.join(folder, "backup")
    outcomes = {"none": 0, "before": 0, "whole": 0}
    must(database, "create table t { id int primary, round int, text string }")
    write_round(database, 1)
    number, took = 1, duration(database, target)
    for kill in range(kills):
        kind = KINDS[kill % len(KINDS)]
        before = None
        if "--incremental" in kind and chance.random() < 0.8:
            must("backup", "--incremental", database, target)
            before = number
            number += 1
            write_round(database, number)
        is_done = kill_one(kind, database, target, chance.random() * took * 1.3)
        found = check_round(number, kind, before, database, target, is_done)
        outcomes["none" if found is None else "whole" if found == number else "before"] += 1
        shutil.rmtree(target, ignore_errors=True)
    print(f"{kills} kills of a backup: {outcomes['none']} left none, {outcomes['before']} the one before, "
          f"{outcomes['whole']} a whole one; the database unhurt")


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else time.time_ns() % 10**9
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    folder = tempfile.mkdtemp(prefix="ssql-backup-kill-")
    print(f"seed {seed}", flush=True)
    try:
        run(seed, kills, folder)
    except Failed as failure:
        print(f"{failure}\nseed {seed}; the databases are in {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
