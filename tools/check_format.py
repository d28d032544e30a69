#!/usr/bin/env python3
"""Fails where clang-format would change a file. 'check_format.py --fix' lets it."""
import re
import subprocess
import sys

from tap import ROOT, finish, tracked


def main():
    files = tracked("*.c", "*.h")
    if "--fix" in sys.argv[1:]:
        subprocess.run(["clang-format", "-i", *files], cwd=ROOT, check=True)
        return
    complaints = []
    if files:
        result = subprocess.run(["clang-format", "--dry-run", *files], cwd=ROOT,
                                capture_output=True, text=True, check=False)
        complaints = re.findall(r"^(.*?:\d+):\d+: (?:warning|error):.*$", result.stderr, re.M)
        if result.returncode != 0 and not complaints:
            complaints = result.stderr.splitlines()[:5]
    finish({"clang-format has nothing to change (tools/check_format.py --fix)":
            sorted(set(complaints))})


main()
