"""SQLite as the judge, over the socket: random tables, filters, brushes and outputs, each answer held
against SQL on the same rows. SW_SEED=N repeats a run. Floats are multiples of 1/64, so that sums and
bins are exact and equality means equality."""
import asyncio
import os
import random
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from live_server import Server, Session  # noqa: E402

TABLES = 8
CASES = 100
GROUPS_SENT_MAX = 10_000
SEED = int(os.environ.get("SW_SEED", "0"), 0) or time.time_ns() % (1 << 32)
WORDS = ["fig", "figs", "apple", "Äpfel", "pear", "a,b", 'say "hi"', "x y", "ZZ", "line\nbreak", "100%"]
TYPES = {"a": "INTEGER", "f": "REAL", "s": "TEXT", "d": "TEXT"}
PREDICATES = [
    "a > {i}", "a BETWEEN {i} AND {j}", "f <= {h}", "f IS NULL", "a IS NOT NULL AND f > {h}",
    "s IN ('fig', 'pear', 'ZZ')", "s NOT IN ('fig', 'apple')", "s LIKE 'f%'", "s LIKE '%E%'",
    "a % 3 = 1", "a / 2 > {i}", "length(s) = 4", "a + f < {i}", "NOT (a < {i})", "a = f * 2",
    "CASE WHEN a > 0 THEN f ELSE {i} END > {h}", "coalesce(f, a) > {i}", "d >= '2024-06-01'",
    "upper(s) = 'FIG' OR a IN ({i}, {j})", "abs(a) < {j}", "s || 'x' = 'figx'", "a <> {i}",
]


def make_rows(chance, count):
    def maybe(value):
        return None if chance.random() < 0.1 else value
    span = chance.choice([5, 100, 100_000])
    words = chance.sample(WORDS, chance.randint(1, len(WORDS)))
    return [(maybe(chance.randint(-span, span)), maybe(chance.randint(-640, 640) / 64),
             maybe(chance.choice(words)),
             maybe(f"2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"))
            for _ in range(count)]


def as_csv(rows):
    def cell(value):
        text = "" if value is None else str(value)
        return '"' + text.replace('"', '""') + '"' if isinstance(value, str) else text
    lines = [",".join(cell(value) for value in row) for row in rows]
    return ("a,f,s,d\n" + "\n".join(lines) + "\n").encode()


class Judge:
    def __init__(self, rows):
        self.db = sqlite3.connect(":memory:")
        self.db.execute("CREATE TABLE t (" + ", ".join(f"{c} {t}" for c, t in TYPES.items()) + ")")
        self.db.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)

    def ask(self, sql):
        return self.db.execute(sql).fetchall()

    def histogram(self, column, low, high, bins, where):
        at = f"min(CAST(({column} - {low}) * ({bins}.0 / {high - low}) AS INTEGER), {bins - 1})"
        found = dict(self.ask(f"SELECT {at}, count(*) FROM t WHERE ({where}) AND {column} "
                              f"BETWEEN {low} AND {high} GROUP BY 1"))
        counts = [found.get(i, 0) for i in range(bins)]
        (nulls, below, above), = self.ask(
            f"SELECT count(*) FILTER (WHERE {column} IS NULL), count(*) FILTER (WHERE {column} < {low}),"
            f" count(*) FILTER (WHERE {column} > {high}) FROM t WHERE ({where})")
        return counts, nulls, below, above


class JudgeTest(unittest.TestCase):
    def predicate(self, chance):
        low, high = sorted(chance.randint(-60, 60) for _ in range(2))
        return chance.choice(PREDICATES).format(i=low, j=high, h=chance.randint(-320, 320) / 64)

    async def histogram(self, session, judge, chance, where, common):
        column = chance.choice("af")
        low = chance.randint(-8, 4)
        high = low + chance.choice([4, 8, 16, 64])
        bins = chance.choice([1, 4, 16, 64])
        value = await session.output("o", kind="histogram", x=column, bins=bins, domain=[low, high], **common)
        data = value["data"]
        got = (data["count"], data["nulls"], data["below"], data["above"])
        self.assertEqual(got, judge.histogram(column, low, high, bins, where))

    async def groups(self, session, judge, chance, where, common):
        by = chance.choice([["s"], ["d"], ["s", "d"], ["a"], ["d", "a"]])
        measures = {
            "n": {"fn": "count"}, "nf": {"fn": "count", "column": "f"}, "sum": {"fn": "sum", "column": "f"},
            "mean": {"fn": "mean", "column": "a"}, "min": {"fn": "min", "column": "f"},
            "max": {"fn": "max", "column": "a"}}
        value = await session.output("o", kind="groupby", by=by, measures=measures, limit=GROUPS_SENT_MAX, **common)
        data = value["data"]
        keys = zip(*(data["keys"][column] for column in by))
        values = zip(*(data["measures"][name] for name in measures))
        got = dict(zip(keys, values))
        names = ", ".join(by)
        rows = judge.ask(f"SELECT {names}, count(*), count(f), sum(f), avg(a), min(f), max(a) "
                         f"FROM t WHERE {where} GROUP BY {names}")
        wanted = {row[:len(by)]: row[len(by):] for row in rows}
        self.assertEqual(data["groups"], len(wanted))
        self.assertEqual(len(got), min(len(wanted), GROUPS_SENT_MAX))
        self.assertLessEqual(got.keys(), wanted.keys())
        for key in got:
            for mine, theirs in zip(got[key], wanted[key]):
                if theirs is None or mine is None:
                    self.assertEqual(mine, theirs, key)
                else:
                    self.assertAlmostEqual(mine, theirs, 9, key)

    async def value(self, session, judge, chance, where, common):
        measures = {"n": {"fn": "count"}, "sum": {"fn": "sum", "column": "f"},
                    "min": {"fn": "min", "column": "a"}, "max": {"fn": "max", "column": "f"}}
        value = await session.output("o", kind="value", measures=measures, **common)
        wanted, = judge.ask(f"SELECT count(*), sum(f), min(a), max(f) FROM t WHERE {where}")
        self.assertEqual(tuple(value["data"]["measures"][name] for name in measures), wanted)
        self.assertEqual(value["rows"], wanted[0])

    async def page(self, session, judge, chance, where, common):
        sort = chance.sample("afsd", chance.randint(0, 3))
        desc = [chance.random() < 0.5 for _ in sort]
        offset = chance.choice([0, 0, 7, 500])
        answer = await session.call("table.page", {
            "table": common["table"], "offset": offset, "limit": 50, "where": where,
            "sort": [{"column": c, "desc": d} for c, d in zip(sort, desc)]})
        order = "".join(f"({c} IS NULL), {c}{' DESC' if d else ''}, " for c, d in zip(sort, desc))
        rows = judge.ask(f"SELECT rowid - 1, a, f, s, d FROM t WHERE {where} "
                         f"ORDER BY {order} rowid LIMIT 50 OFFSET {offset}")
        (total,), = judge.ask(f"SELECT count(*) FROM t WHERE {where}")
        self.assertEqual(answer["rows"], total)
        self.assertEqual(list(zip(answer["row_ids"], *answer["data"])), rows)

    async def brush(self, session, judge, chance, where, common):
        """A selection whose inputs move: the values after each move, not after a definition."""
        await session.call("select.define", {"select": "b", "table": common["table"], "clauses": [
            {"column": "a", "between": "$low_high", "ends": "[)"}, {"column": "s", "in": "$words"}]})
        await session.output("o", kind="value", select="b", measures={"n": {"fn": "count"}}, **common)
        for _ in range(3):
            low, high = sorted(chance.randint(-90, 90) for _ in range(2))
            words = chance.sample(WORDS, chance.randint(0, 4))
            await session.set({"low_high": [low, high], "words": words})
            marks = ", ".join("'" + word.replace("'", "''") + "'" for word in words)
            (wanted,), = judge.ask(f"SELECT count(*) FROM t WHERE ({where}) AND a >= {low} AND a < {high} "
                                   f"AND s IN ({marks})")
            self.assertEqual(session.values["o"]["data"]["measures"]["n"], wanted, (low, high, words))
        await session.set({"low_high": None, "words": None})

    async def play(self, server, chance, number):
        rows = make_rows(chance, chance.choice([1, 300, 5000, 70_000]))
        judge = Judge(rows)
        session = await Session.open(server)
        await session.upload("t", as_csv(rows), {"a": "int", "f": "float", "s": "string", "d": "date"})
        for case in range(CASES):
            where = self.predicate(chance) if chance.random() < 0.7 else "a = a OR a IS NULL"
            check = chance.choice([self.histogram, self.groups, self.value, self.page, self.brush])
            with self.subTest(seed=SEED, table=number, rows=len(rows), case=case, where=where, kind=check.__name__):
                await check(session, judge, chance, where, {"table": "t", "where": where})
        await session.close()


def make_test(number):
    def test(self):
        with Server() as server:
            asyncio.run(self.play(server, random.Random(SEED * 1000 + number), number))
    return test


for index in range(TABLES):
    setattr(JudgeTest, f"test_table_{index}_answers_as_sqlite_does_seed_{SEED}", make_test(index))

if __name__ == "__main__":
    unittest.main()
