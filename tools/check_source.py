#!/usr/bin/env python3
"""The rules of the source that a program can check, each one line of TAP:
banned calls, length of functions and files, words that mark something unfinished, white space.

A function over the hard length is accepted when the comment above it says 'Long: ' and why
(a table, or a loop body that is clearer in one piece).
"""
import re

from tap import finish, read, tracked

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 700
# A test tells a story from its beginning to its end: half as much again.
TEST_FACTOR = 1.5
LINE_COLUMNS_MAX = 100

# Calls that src/ does without; src/base may wrap some of them.
BANNED = {
    "strcpy": "use the checked copies of base",
    "strcat": "use a buffer of base",
    "sprintf": "use snprintf",
    "vsprintf": "use vsnprintf",
    "gets": "has no limit",
    "strtok": "keeps hidden state",
    "atoi": "hides errors",
    "atol": "hides errors",
    "atof": "hides errors",
    "alloca": "the stack has no limit check",
    "sleep": "wait for the event instead",
    "usleep": "wait for the event instead",
    "time": "use the clock of base",
    "rand": "use the random numbers of base",
    "srand": "use the random numbers of base",
    "assert": "use sw_assert, which holds in a release too",
}
UNFINISHED_ANYWHERE = re.compile(r"\b(" + "TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b")
UNFINISHED_IN_SRC = re.compile(r"\b(placeholder|stub(bed)?|not (yet )?implemented)\b", re.I)
CODE = ("*.c", "*.h", "*.inc", "*.mjs", "*.js", "*.css", "*.html", "*.py", "*.cmake",
        "CMakeLists.txt", "dev", ".ci/run", "*.sh")


def without_comments(text):
    """The C text with comments and literals blanked, line numbers kept."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found.group(0)), text)


def check_banned(path, text, complaints):
    if path.startswith("src/base/"):
        return
    call = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        for found in call.finditer(line):
            complaints.append(f"{path}:{number}: {found.group(1)}(): {BANNED[found.group(1)]}")


def allowed(path, limit):
    return int(limit * TEST_FACTOR) if path.startswith("tests/") else limit


def check_functions(path, text, complaints):
    """The layout puts a function's braces, and nothing else, at column 0."""
    lines = text.splitlines()
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
            while start > 1 and re.match(r"[\w\s*]", lines[start - 2]) and lines[start - 2].strip():
                start -= 1
        elif line.startswith("}") and start is not None:
            length = number - start + 1
            above = "\n".join(lines[max(0, start - 8):start - 1])
            limit = allowed(path, FUNCTION_LINES_MAX)
            if length > limit and "Long: " not in above:
                complaints.append(f"{path}:{start}: {length} lines, {limit} at most")
            start = None


def check_white_space(path, text, complaints):
    for number, line in enumerate(text.split("\n"), 1):
        if "\t" in line:
            complaints.append(f"{path}:{number}: tab")
        if line.rstrip() != line:
            complaints.append(f"{path}:{number}: white space at the end of the line")
    if text and not text.endswith("\n"):
        complaints.append(f"{path}: no line end at the end of the file")


def main():
    findings = {
        "no banned call": [],
        f"no function over {FUNCTION_LINES_MAX} lines": [],
        f"no file over {FILE_LINES_MAX} lines": [],
        f"no line of C over {LINE_COLUMNS_MAX} columns": [],
        "no word that marks something unfinished": [],
        "no tab, no white space at a line's end": [],
    }
    banned, functions, files, columns, words, spaces = findings.values()
    for path in tracked(*CODE):
        if "/vendor/" in path or path.startswith("tests/fuzz/corpus/"):
            continue
        text = read(path)
        is_c = path.endswith((".c", ".h", ".inc"))
        if is_c and path.startswith("src/"):
            check_banned(path, text, banned)
        if is_c:
            check_functions(path, text, functions)
            columns.extend(f"{path}:{number}: {len(line)} columns"
                           for number, line in enumerate(text.splitlines(), 1)
                           if len(line) > LINE_COLUMNS_MAX)
        if text.count("\n") > allowed(path, FILE_LINES_MAX):
            files.append(f"{path}: {text.count(chr(10))} lines")
        for number, line in enumerate(text.splitlines(), 1):
            if UNFINISHED_ANYWHERE.search(line) or (
                    path.startswith("src/") and UNFINISHED_IN_SRC.search(line)):
                words.append(f"{path}:{number}: {line.strip()[:80]}")
        check_white_space(path, text, spaces)
    finish(findings)


main()
