#!/usr/bin/env python3
"""What a row costs in the parser and the main folds, in instructions, against bench/instructions.json.

  check_instructions.py PROGRAM            compare
  check_instructions.py --renew PROGRAM    write what is counted now

PROGRAM is build/release/bench/instructions. callgrind counts; time plays no part, so the figures are the
same on a busy machine. They do depend on the compiler and on the loops that the processor gets: others
than those of the file are counted and printed, not judged.
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

from tap import ROOT, finish

FIGURES = os.path.join(ROOT, "bench", "instructions.json")
TOLERANCE = 0.08


def machine():
    """The compiler's name and major version, and which loops run."""
    version = subprocess.run(["gcc", "-dumpversion"], capture_output=True, text=True, check=True).stdout
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        flags = set(re.search(r"^flags\s*:(.*)$", file.read() + "\nflags :", re.M).group(1).split())
    wide = {"avx2", "fma", "bmi1", "popcnt"} <= flags
    return f"gcc {version.strip().split('.')[0]}, {'AVX2' if wide else 'plain'}"


def count(program):
    """{work: instructions a row}"""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        result = subprocess.run(
            ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}", "--toggle-collect=gate",
             "--dump-after=gate", program], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise RuntimeError(result.stderr[-500:] or f"{program} ended with {result.returncode}")
        works = [line.split("\t") for line in result.stdout.splitlines()]
        counts = {}
        for number, (rows, name) in enumerate(works, 1):
            with open(glob.glob(f"{out}.{number}")[0], encoding="utf-8") as file:
                counts[name] = round(int(re.search(r"^totals: (\d+)", file.read(), re.M).group(1)) / int(rows), 2)
        return counts


def compare(counts, known):
    """A sentence for each work that costs more, or so much less that the gate would be a wide one."""
    complaints = []
    for name in sorted(set(counts) | set(known)):
        now, before = counts.get(name), known.get(name)
        if now is None or before is None:
            complaints.append(f"{name}: {'not counted any more' if now is None else 'no figure is committed'}")
        elif abs(now - before) > TOLERANCE * before:
            complaints.append(f"{name}: {now} instructions a row, {before} committed ({100 * (now / before - 1):+.0f} %)")
    if complaints:
        complaints.append("if that is meant: tools/check_instructions.py --renew build/release/bench/instructions, "
                          "and commit bench/instructions.json with the reason")
    return complaints


def main():
    renew = "--renew" in sys.argv
    program = os.path.abspath(sys.argv[-1])
    try:
        counts = count(program)
    except (OSError, RuntimeError) as error:
        finish({"instructions are counted": [str(error)]})
        return
    here = machine()
    if renew:
        with open(FIGURES, "w", encoding="utf-8") as file:
            json.dump({"machine": here, "instructions_per_row": counts}, file, indent=4)
            file.write("\n")
    with open(FIGURES, encoding="utf-8") as file:
        known = json.load(file)
    for name, value in counts.items():
        print(f"# {value:8.2f} {name}")
    if known["machine"] != here:
        print(f"# not judged: the figures are of {known['machine']}, this is {here}")
        finish({"instructions a row are counted": []})
        return
    finish({"no work costs more instructions a row": compare(counts, known["instructions_per_row"])})


main()
