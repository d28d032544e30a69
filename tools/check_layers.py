#!/usr/bin/env python3
"""Fails on an include that points upward, or on a library outside its fence. Reads src/LAYERS."""
import re

from tap import finish, read, tracked

# Third-party libraries by the headers that betray them.
HEADERS = {
    "cjson": r"(cjson/)?cJSON.*\.h",
    "sqlite": r"sqlite3.*\.h",
    "libwebsockets": r"libwebsockets.*",
    "libuv": r"uv(/.*)?\.h",
}


def read_layers():
    """{folder: (may include, may know)} in order, lowest first."""
    layers = {}
    for line in read("src/LAYERS").splitlines():
        row = re.match(r"([a-z]+):([^|]*)(?:\|(.*))?$", line)
        if row:
            may = row.group(2).split()
            above = [name for name in may if name not in layers]
            if above:
                raise SystemExit(f"src/LAYERS: {row.group(1)} lists {above}, not below it")
            layers[row.group(1)] = (may, (row.group(3) or "").split())
    return layers


def folder_of(path):
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else "main"


def check_uthash(path, where, findings):
    """uthash belongs in .c files, or in a header that no other folder includes."""
    header = path.removeprefix("src/")
    for other in tracked("src/*.c", "src/*.h"):
        if folder_of(other) != folder_of(path) and f'#include "{header}"' in read(other):
            findings["third-party libraries stay in their fences"].append(
                f"{where}: uthash.h, and {other} includes this header")


def check_file(path, layers, findings):
    folder = folder_of(path)
    if folder not in layers:
        findings["folders stand in src/LAYERS"].append(f"{path}: folder {folder} has no row")
        return
    may, knows = layers[folder]
    for number, line in enumerate(read(path).splitlines(), 1):
        include = re.match(r'\s*#\s*include\s*([<"])([^">]+)[">]', line)
        if not include:
            continue
        quote, header = include.groups()
        where = f"{path}:{number}"
        if quote == '"':
            target = header.split("/")[0] if "/" in header else "main"
            if "/" not in header and folder != "main":
                findings["our includes name their folder"].append(f"{where}: {header}")
            elif target in layers and target != folder and target not in may:
                findings["no include points upward"].append(f"{where}: {folder} includes {header}")
            elif target not in layers:
                findings["our includes name their folder"].append(f"{where}: {header}")
            continue
        for library, pattern in HEADERS.items():
            if re.fullmatch(pattern, header) and library not in knows:
                findings["third-party libraries stay in their fences"].append(
                    f"{where}: {folder} includes <{header}>")
        if header == "uthash.h" and path.endswith(".h"):
            check_uthash(path, where, findings)


def main():
    layers = read_layers()
    findings = {
        "folders stand in src/LAYERS": [],
        "our includes name their folder": [],
        "no include points upward": [],
        "third-party libraries stay in their fences": [],
    }
    for path in tracked("src/*.c", "src/*.h", "src/*.inc"):
        check_file(path, layers, findings)
    finish(findings)


main()
