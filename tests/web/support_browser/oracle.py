"""Answers SQL over a CSV file with SQLite, for the browser tests.

Standard input: {"csv": path, "types": {column: "INTEGER" | "REAL" | "TEXT"}, "queries": [[sql, parameters], ...]}.
Standard output: a list with the rows of each query. The table is called t; empty fields are NULL.
Its column "row" counts the rows of the file from 0.
"""
import csv
import json
import sqlite3
import sys

CONVERT = {"INTEGER": int, "REAL": float, "TEXT": str}


def main():
    task = json.load(sys.stdin)
    db = sqlite3.connect(":memory:")
    with open(task["csv"], newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        names = next(reader)
        kinds = [CONVERT[task["types"][name]] for name in names]
        columns = ", ".join(f'"{name}" {task["types"][name]}' for name in names)
        db.execute(f'CREATE TABLE t ("row" INTEGER, {columns})')
        places = ", ".join("?" * (len(names) + 1))
        rows = (
            [number, *(None if field == "" else kind(field) for kind, field in zip(kinds, row))]
            for number, row in enumerate(reader)
        )
        db.executemany(f"INSERT INTO t VALUES ({places})", rows)
    answers = [db.execute(sql, parameters).fetchall() for sql, parameters in task["queries"]]
    json.dump(answers, sys.stdout)


main()
