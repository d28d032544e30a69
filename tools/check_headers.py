#!/usr/bin/env python3
"""Fails where a header of src/ does not compile alone, or has no guard of its own name."""
import concurrent.futures
import re
import subprocess

from tap import ROOT, finish, read, tracked


def compile_alone(path):
    result = subprocess.run(
        ["gcc", "-std=c11", "-D_GNU_SOURCE", "-Isrc", "-fsyntax-only", "-Wall", "-Wextra",
         "-x", "c", "-include", path, "/dev/null"],
        cwd=ROOT, capture_output=True, text=True, check=False)
    return path, result


def main():
    headers = tracked("src/*.h")
    alone = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path, result in pool.map(compile_alone, headers):
            if result.returncode != 0 or result.stderr:
                first = (result.stderr.splitlines() or ["no reason given"])
                alone.append(f"{path}: {first[0]}")
    guards = [path for path in headers
              if not re.search(r"^#ifndef (SW_\w+_H)\n#define \1$", read(path), re.M)]
    finish({"every header compiles alone": alone, "every header has a guard SW_..._H": guards})


main()
