"""The few lines that each check needs: files of the tree, and findings as TAP."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def tracked(*patterns):
    """Paths in the tree, tracked or new but not ignored, relative to the root, sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return sorted(path for path in set(listed.split("\0")) - {""}
                  if os.path.isfile(os.path.join(ROOT, path)))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def finish(findings):
    """findings: {what is checked: [complaint, ...]}. Prints TAP and exits."""
    print(f"1..{len(findings)}")
    for number, (name, complaints) in enumerate(findings.items(), 1):
        for complaint in complaints:
            print(f"# {complaint}")
        print(f"{'not ok' if complaints else 'ok'} {number} - {name}")
    sys.exit(1 if any(findings.values()) else 0)
