#!/usr/bin/env python3
"""Runs test programs, a few at a time, and counts what they report.

    run_tests.py --tally FILE --label NAME --kind KIND --jobs N --timeout SECONDS -- PROGRAM...

Each PROGRAM is one argument, split like a shell would. KIND says how its output counts:
    tap     ok / not ok lines against the plan
    node    a node:test file; node's own closing counts
    python  a unittest file
    exit    the exit status alone
A crash, a time-out, a plan that is not met and a program that ran nothing are failures; so is a
skipped test. What failed is printed with its output. One line 'passed failed label' is added to
the tally file.
"""
import argparse
import concurrent.futures
import os
import re
import shlex
import signal
import subprocess
import sys
import time

# Debian's own interpreter has Debian's python packages.
DEBIAN_PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else "python3"

ENVIRONMENT = {
    "CMOCKA_MESSAGE_OUTPUT": "TAP",
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1:suppressions=tools/tsan.supp",
}


def command_of(kind, program):
    words = shlex.split(program)
    if kind == "node":
        return ["node", "--test-reporter=tap", *words]
    if kind == "python":
        return [DEBIAN_PYTHON, "-m", "unittest", "-v", *words]
    return words


def run(kind, program, timeout):
    """Returns (output, exit status or None after a time-out, seconds)."""
    started = time.monotonic()
    process = subprocess.Popen(
        command_of(kind, program), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True, env={**os.environ, **ENVIRONMENT})
    try:
        output, _ = process.communicate(timeout=timeout)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        status = None
    return output.decode("utf-8", "replace"), status, time.monotonic() - started


def count_tap(output):
    """(passed, failed, complete): cmocka prints one plan per group, so the plans add up."""
    planned = passed = failed = 0
    for line in output.splitlines():
        plan = re.match(r"1\.\.(\d+)\s*$", line)
        if plan:
            planned += int(plan.group(1))
        elif re.match(r"ok\b", line):
            if re.search(r"# *SKIP", line, re.I):
                failed += 1
            else:
                passed += 1
        elif re.match(r"not ok\b", line):
            failed += 1
    return passed, failed, planned > 0 and passed + failed == planned


def count_node(output):
    def closing(word):
        found = re.findall(rf"^# {word} (\d+)$", output, re.M)
        return int(found[-1]) if found else 0
    bad = closing("fail") + closing("cancelled") + closing("skipped") + closing("todo")
    return closing("pass"), bad, closing("tests") > 0


def count_python(output):
    passed = len(re.findall(r"\.\.\. ok$", output, re.M))
    bad = len(re.findall(r"\.\.\. (?:FAIL|ERROR|skipped.*|unexpected success)$", output, re.M))
    return passed, bad, bool(re.search(r"^Ran [1-9]\d* tests?", output, re.M))


def judge(kind, output, status):
    """(passed, failed, what went wrong beyond single tests)"""
    if kind == "exit":
        return (1, 0, "") if status == 0 else (0, 1, f"exit status {status}")
    counters = {"tap": count_tap, "node": count_node, "python": count_python}
    passed, failed, complete = counters[kind](output)
    if status is None:
        return passed, failed + 1, "timed out"
    if status < 0:
        return passed, failed + 1, f"killed by {signal.Signals(-status).name}"
    if passed + failed == 0:
        return passed, 1, f"ran no test (exit status {status})"
    if not complete:
        return passed, failed + 1, f"stopped before its end (exit status {status})"
    if status != 0 and failed == 0:
        return passed, 1, f"exit status {status} though every test passed"
    return passed, failed, ""


def report(program, output, passed, failed, trouble, seconds):
    mark = "ok  " if failed == 0 else "FAIL"
    words = program.split(" ")
    name = words[1] if words[0] == "python3" and len(words) > 1 else words[0]
    print(f"  {mark} {name:<56} {passed:>5} passed {failed:>3} failed "
          f"{seconds:7.1f} s" + (f"  {trouble}" if trouble else ""))
    if failed > 0:
        lines = output.splitlines()
        if len(lines) > 400:
            lines = lines[:150] + [f"... {len(lines) - 400} lines left out ..."] + lines[-250:]
        print("\n".join("    | " + line for line in lines))
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tally", required=True)
    parser.add_argument("--label", required=True)
    parser.add_argument("--kind", choices=["tap", "node", "python", "exit"], required=True)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("programs", nargs="+")
    options = parser.parse_args()

    print(f"{options.label}:")
    total_passed = total_failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = {pool.submit(run, options.kind, program, options.timeout): program
                for program in options.programs}
        for job in concurrent.futures.as_completed(jobs):
            output, status, seconds = job.result()
            passed, failed, trouble = judge(options.kind, output, status)
            report(jobs[job], output, passed, failed, trouble, seconds)
            total_passed += passed
            total_failed += failed
    with open(options.tally, "a", encoding="utf-8") as tally:
        tally.write(f"{total_passed} {total_failed} {options.label}\n")
    return 1 if total_failed else 0


if __name__ == "__main__":
    sys.exit(main())
