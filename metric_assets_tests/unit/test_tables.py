"""Tables of commands at every width: all columns, fewer, or records, and never a broken number."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from metric_assets.cli import backfill, reconcile, tables

pytestmark = pytest.mark.unit

#: The longest pair of the catalog, and counts that a large platform has.
LOADED = [
    ["BountyEntry/ReactionDislike", 400, 1_234_567_890, 987_654_321, 12_345, 1_000, 0,
     "at least", "live drift", "not judged"],
    ["Tag/Follower", 4, 34_321, 0, 0, 879, 12, "exact", "equal", "agrees"],
]  # fmt: skip
CHECKED = [
    ["BountyEntry/ReactionDislike", 400, 1_234_567_890, 987_654_321, 12_345, 0.990571, "at least",
     "stream behind", "not judged"],
]  # fmt: skip


def shown(
    columns: tuple[str, ...], rows: list[list[object]], drop: tuple[str, ...], width: int
) -> str:
    """What a terminal of so many columns shows."""
    console = Console(file=io.StringIO(), width=width, highlight=False)
    tables.show("2 pairs", columns, rows, drop=drop, console=console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.promise(
    "Fewer columns or a few lines a row; no number is broken.",
    when="the terminal is narrow",
    area="operators",
)
@pytest.mark.parametrize("width", [200, 120, 100, 80, 60, 40, 30])
@pytest.mark.parametrize(
    ("columns", "rows", "drop"),
    [
        (backfill.COLUMNS, LOADED, backfill.DROP),
        (reconcile.COLUMNS, CHECKED, reconcile.DROP),
    ],
    ids=["backfill", "reconcile"],
)
def test_nothing_is_broken(
    columns: tuple[str, ...], rows: list[list[object]], drop: tuple[str, ...], width: int
) -> None:
    """Each line fits, and every pair, state and number of the columns shown stands whole in it."""
    text = shown(columns, rows, drop, width)
    assert max(map(len, text.splitlines())) <= width
    named = re.search(r"Not shown in \d+ columns: (.*)\.", " ".join(text.split()))
    gone = named[1].split(", ") if named else []
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            if column not in gone:
                whole = tables.cell(value).plain
                assert re.search(rf"(?<![\d,.]){re.escape(whole)}(?![\d,.])", text), (column, whole)


def test_wide_terminals_show_everything() -> None:
    """All columns, and no remark on any that is not shown."""
    text = shown(backfill.COLUMNS, LOADED, backfill.DROP, 200)
    assert all(column in text for column in backfill.COLUMNS)
    assert "Not shown" not in text


def test_80_columns_keep_what_matters() -> None:
    """The pair, what was wanted and inserted, and whether it equals its source, side by side."""
    text = shown(backfill.COLUMNS, LOADED, backfill.DROP, 80)
    (head,) = (line for line in text.splitlines() if "pair" in line and "wanted" in line)
    assert {"pair", "wanted", "inserted", "source"} <= set(head.split())
    assert "Not shown in 80 columns: " in text


@pytest.mark.parametrize("width", [120, 80])
def test_prose_is_broken_and_the_rest_is_not(width: int) -> None:
    """A finding of doctor: sentences and addresses over several lines, the status whole, side by
    side.
    """
    console = Console(file=io.StringIO(), width=width, highlight=False)
    sentence = "not set; expected postgresql+psycopg2://user:password@host:port/database. " * 2
    rows = [["ClickHouse: connection to it", sentence, "Set the variable of it, please", "failed"]]
    columns = ("subject", "found", "what to do", "status")
    tables.show("doctor", columns, rows, prose=columns[:3], console=console)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    (first,) = (line for line in lines if "ClickHouse:" in line)
    assert first.rstrip().endswith("failed")
    assert "Not shown" not in console.file.getvalue()
