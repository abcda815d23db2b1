"""Progress where there is no terminal: plain lines, every so often, and one at the end."""

from __future__ import annotations

import pytest

from metric_assets.cli.meters import LineMeter

pytestmark = pytest.mark.unit


def test_a_line_every_ten_seconds_and_one_at_the_end() -> None:
    """Forty ranges of ten thousand rows, a second each: three lines on the way, one when done."""
    now = [0.0]
    lines: list[str] = []
    meter = LineMeter(lines.append, 40, seconds=10, clock=lambda: now[0])
    for done in range(1, 41):
        now[0] = float(done)
        meter.show(done, done * 10_000, f"tag/engaged {done}")
    assert lines == [
        "10 of 40 ranges (25 %), 100,000 rows, 10,000 rows/s, 10 s so far, about 30 s left;"
        " at tag/engaged 10",
        "20 of 40 ranges (50 %), 200,000 rows, 10,000 rows/s, 20 s so far, about 20 s left;"
        " at tag/engaged 20",
        "30 of 40 ranges (75 %), 300,000 rows, 10,000 rows/s, 30 s so far, about 10 s left;"
        " at tag/engaged 30",
        "40 of 40 ranges (100 %), 400,000 rows, 10,000 rows/s, 40 s so far",
    ]


def test_the_end_is_told_once() -> None:
    """What ends at once is one line, however often it is shown."""
    lines: list[str] = []
    meter = LineMeter(lines.append, 1, seconds=10, clock=lambda: 0.0)
    for _ in range(3):
        meter.show(1, 5, "tag/engaged 0-9")
    assert lines == ["1 of 1 ranges (100 %), 5 rows, 0 s so far"]


def test_rows_that_nobody_counts_are_not_told() -> None:
    """An explanation reads ranges of its own accord: a rate of 0 rows would say that it hangs."""
    lines: list[str] = []
    now = [0.0]
    meter = LineMeter(lines.append, 2, seconds=10, clock=lambda: now[0])
    now[0] = 20.0
    meter.show(1, 0, "tag/engaged 0-9")
    now[0] = 40.0
    meter.show(2, 0, "tag/engaged 10-19")
    assert lines == [
        "1 of 2 ranges (50 %), 20 s so far, about 20 s left; at tag/engaged 0-9",
        "2 of 2 ranges (100 %), 40 s so far",
    ]
