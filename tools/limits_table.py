#!/usr/bin/env python3
"""docs/limits.md from src/base/limits.h. Without an argument: fails where the page has drifted;
with --fix: writes it."""
import os
import re
import sys

from tap import ROOT, finish, read

PAGE = "docs/limits.md"
HEAD = """# Limits

Every limit of Spillway, from `src/base/limits.h` (this page is made by `tools/limits_table.py --fix`).
Over a limit the answer is error -32050, whose `data` names the limit, what was asked for, what is
allowed and how to get within it; a neighbour's session does not notice. Those with an option can be
set by whoever runs the server, see [operating.md](operating.md).
"""


def size(text):
    """The value as people write it."""
    text = text.strip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    shift = re.fullmatch(r"(\d+)[uUlL]*\s*<<\s*(\d+)", text)
    if shift:
        number, bits = int(shift.group(1)), int(shift.group(2))
        for unit, step in (("Gi", 30), ("Mi", 20), ("Ki", 10)):
            if bits >= step:
                return f"{number << (bits - step)} {unit}"
    plain = re.fullmatch(r"(\d+)[uUlL]*", text)
    return f"{int(plain.group(1)):,}" if plain else text


def page():
    lines = [HEAD]
    text = re.sub(r"\s*\n\s{10,}(?=[^\s#/])", " ", read("src/base/limits.h"))
    for line in text.splitlines():
        group = re.match(r"/\* -- (.*?) -+ \*/", line)
        limit = re.match(r"#define SW_(\w+)\s+(.*?)\s*/\*\s*(.*?)\s*\*/", line)
        if group:
            lines.append(f"\n## {group.group(1)[0].upper() + group.group(1)[1:]}\n\n| limit | value | what and why |\n"
                         "| --- | --- | --- |")
        elif limit:
            name, value, why = limit.groups()
            lines.append(f"| `{name}` | {size(value)} | {why} |")
    return "\n".join(lines) + "\n"


def main():
    wanted = page()
    if "--fix" in sys.argv[1:]:
        with open(os.path.join(ROOT, PAGE), "w", encoding="utf-8") as file:
            file.write(wanted)
        return
    is_same = os.path.exists(os.path.join(ROOT, PAGE)) and read(PAGE) == wanted
    finish({f"{PAGE} says what limits.h says":
            [] if is_same else ["run tools/limits_table.py --fix"]})


if __name__ == "__main__":
    main()
