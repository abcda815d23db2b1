"""``python -m metric_assets_tests.benchmarks.driver_child DRIVER QUESTION URL [SQL]``: one answer.

In a process of its own, because a driver may abort it. Prints one JSON document. Belongs here:
what is asked of each driver. Does not belong here: comparing answers (drivers).
"""

from __future__ import annotations

import decimal
import json
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import psycopg

from metric_assets_tests.benchmarks.driver_readers import READERS, Reader, end_sessions

#: Rows for about a minute, made as they are read, of which a few batches are.
ENDLESS = "SELECT 1 AS n, generate_series(1, 300000000::int8) AS m"
#: A row after three million others cannot be computed.
FAILING = "SELECT 1 / (3000000 - n) AS n FROM (SELECT generate_series(1, 5000000) AS n) AS s"
VALUES = {
    "int4": ("2147483647::int4", 2_147_483_647),
    "int8": ("9007199254740993::int8", 9_007_199_254_740_993),
    "timestamp, microseconds": (
        "timestamp '2023-01-02 03:04:05.678901'",
        datetime(2023, 1, 2, 3, 4, 5, 678_901),
    ),
    "numeric": ("1234567890123.000001::numeric", decimal.Decimal("1234567890123.000001")),
    "bool": ("true", True),
    "text": ("'añ€'::text", "añ€"),
    "enum": ("'Like'::\"ReviewReactions\"", "Like"),
    "NULL of int4": ("NULLIF(1, 1)", None),
    "NULL of timestamp": ("NULLIF(timestamp '2023-01-02', timestamp '2023-01-02')", None),
}


def speed(reader: Reader, _: str, text: str) -> dict[str, Any]:
    """Processor seconds of this process, wall clock, peak memory, and how rows arrive."""
    reader.begin({})
    idle, before, began = _peak(), processor(), time.perf_counter()
    first, rows, total = 0.0, [], 0
    for frame in reader.frames(text):
        first = first or time.perf_counter() - began
        rows.append(frame.height)
        total += _sum(frame)
    return {
        "cpu": processor() - before,
        "wall": time.perf_counter() - began,
        "first": first,
        "rows": sum(rows),
        "batches": len(rows),
        "largest": max(rows),
        "mib": _peak() - idle,
        "sum": total,
    }


def types(_: Reader, url: str, __: str) -> dict[str, Any]:
    """For each kind of value whether it arrives as what it is; a session each."""
    found = {}
    for name, (text, expected) in VALUES.items():
        reader = READERS[sys.argv[1]](url)
        reader.begin({})
        try:
            frame = pl.concat(list(reader.frames(f"SELECT {text} AS v")))
            value = frame["v"][0]
            right = value == expected and type(value) is type(expected)
            found[name] = "right" if right else f"{frame.schema['v']}: {value!r}"
        except Exception as error:
            found[name] = _said(error)["error"]
    return found


def cancel(reader: Reader, _: str, __: str) -> dict[str, Any]:
    """How long after cancel() of another thread a read in the middle of its rows ends."""
    reader.begin({})
    asked: list[float] = []

    def soon() -> None:
        asked.append(time.perf_counter())
        reader.cancel()

    rest = reader.frames(ENDLESS)
    next(rest)
    threading.Timer(0.3, soon).start()
    found = _ending(rest)
    return {**found, "after": time.perf_counter() - asked[0] if asked else None}


def waiting(reader: Reader, _: str, __: str) -> dict[str, Any]:
    """The same of a statement that has sent nothing yet, and whether other threads run meanwhile."""
    reader.begin({})
    ticks: list[float] = []
    asked: list[float] = []
    over = threading.Event()

    def soon() -> None:
        for _ in range(10):
            time.sleep(0.05)
            ticks.append(time.perf_counter())
        asked.append(time.perf_counter())
        reader.cancel()
        over.set()

    threading.Thread(target=soon, daemon=True).start()
    began = time.perf_counter()
    found = _ending(reader.frames("SELECT 1 AS n FROM (SELECT pg_sleep(10)) AS s"))
    ended = time.perf_counter()
    over.wait(15)
    free = sum(tick < ended for tick in ticks) == 10
    return {**found, "after": ended - asked[0], "others run": free, "took": ended - began}


def ended(reader: Reader, url: str, __: str) -> dict[str, Any]:
    """What a read gives whose session the server ends in the middle."""
    reader.begin({})
    rest = reader.frames(ENDLESS)
    next(rest)
    _terminate(url)
    return _ending(rest)


def begun(reader: Reader, url: str, __: str) -> dict[str, Any]:
    """What a read gives that begins on a session which the server has ended meanwhile."""
    reader.begin({})
    _terminate(url)
    time.sleep(0.5)
    return _ending(reader.frames("SELECT 1 AS n"))


def timeout(reader: Reader, _: str, __: str) -> dict[str, Any]:
    """What statement_timeout gives, in the middle of rows."""
    reader.begin({"statement_timeout": "1s"})
    return _ending(reader.frames(ENDLESS))


def error(reader: Reader, _: str, __: str) -> dict[str, Any]:
    """What a row gives that the server cannot compute, after others were sent."""
    reader.begin({})
    return _ending(reader.frames(FAILING))


def snapshot(reader: Reader, url: str, __: str) -> dict[str, Any]:
    """Whether a read sees what another statement of our transaction saw before it."""
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("CREATE TABLE IF NOT EXISTS moving AS SELECT 1 AS n")
        reader.begin({})
        before = reader.ask("SELECT count(*) FROM moving")
        other.execute("INSERT INTO moving VALUES (2)")
        after = pl.concat(list(reader.frames("SELECT n FROM moving"))).height
    return {"same": before == after}


QUESTIONS: dict[str, Callable[[Reader, str, str], dict[str, Any]]] = {
    one.__name__: one
    for one in (speed, types, cancel, waiting, ended, begun, timeout, error, snapshot)
}


def processor() -> float:
    """Seconds of a core that this process has taken, user and system, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak() -> float:
    """MiB; getrusage would begin with those of the process that started this one."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _sum(frame: pl.DataFrame) -> int:
    """Of the numbers, so that drivers that read other values are found out."""
    numbers = frame.select(pl.selectors.integer().cast(pl.Int64).sum())
    return sum(value or 0 for value in numbers.row(0)) if numbers.width else 0


def _ending(rest: Iterator[pl.DataFrame]) -> dict[str, Any]:
    """Rows until the end, and how it came; a minute at most."""
    rows, began = 0, time.perf_counter()
    try:
        for frame in rest:
            rows += frame.height
            if time.perf_counter() - began > 60:
                return {"error": "none within a minute", "rows": rows}
    except BaseException as error:
        return {**_said(error), "rows": rows, "seconds": time.perf_counter() - began}
    return {"error": "none: it ended as if complete", "rows": rows}


def _said(error: BaseException) -> dict[str, Any]:
    kind = f"{type(error).__module__}.{type(error).__name__}"
    lines = str(error).strip().splitlines() or [""]
    return {"error": f"{kind}: {lines[0][:160]}", "state": getattr(error, "sqlstate", None)}


def _terminate(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        end_sessions(other, "pg_terminate_backend")


def main() -> None:
    """Ask one question."""
    driver, question, url, *text = sys.argv[1:]
    found = QUESTIONS[question](READERS[driver](url), url, *(text or [""]))
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
