#!/usr/bin/env python3
"""Prints how many branches the tests took, from the reports that gcovr wrote as JSON.

usage: report.py [--missed] REPORT [PATH]...
One line for each room of src/ and the total. With --missed, every line of the files under PATH that has a branch which was
never taken, with its text and the number of such branches. Exit status 1 when a room is below its mark: storage and volume
100 %, the others together 95 %.
"""
import collections
import json
import sys

WHOLE = ("src/storage", "src/volume")
MARK_OF_THE_REST = 95.0


def branches(file):
    for line in file["lines"]:
        taken = [branch["count"] for branch in line["branches"]]
        if taken:
            yield line["line_number"], taken


def print_missed(files, paths):
    for file in sorted(files, key=lambda file: file["file"]):
        name = file["file"]
        if not any(name.startswith(path) for path in paths):
            continue
        missed = [(number, taken.count(0)) for number, taken in branches(file) if 0 in taken]
        if not missed:
            continue
        text = open(name, encoding="utf-8").read().split("\n")
        print(f"{name}: {sum(count for _, count in missed)} of {sum(len(taken) for _, taken in branches(file))} not taken")
        for number, count in missed:
            print(f"{number:6} {count:2}  {text[number - 1].strip()}")


def main(arguments):
    missed_wanted = "--missed" in arguments
    arguments = [argument for argument in arguments if argument != "--missed"]
    files = json.load(open(arguments[0], encoding="utf-8"))["files"]
    if missed_wanted:
        print_missed(files, arguments[1:] or ["src/"])
        return 0
    rooms = collections.defaultdict(lambda: [0, 0])
    for file in files:
        room = "/".join(file["file"].split("/")[:2])
        for _, taken in branches(file):
            for name in (room, "the rest") if room not in WHOLE else (room,):
                rooms[name][0] += len(taken) - taken.count(0)
                rooms[name][1] += len(taken)
    low = False
    for name, (taken, total) in sorted(rooms.items()):
        mark = 100.0 if name in WHOLE else MARK_OF_THE_REST if name == "the rest" else 0.0
        share = 100.0 * taken / max(total, 1)
        low = low or share < mark
        print(f"{name:14} {taken:6} of {total:6} branches {share:6.1f} %" + (f"   below {mark:g} %" if share < mark else ""))
    return int(low)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
