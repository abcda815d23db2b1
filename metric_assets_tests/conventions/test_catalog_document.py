from __future__ import annotations

import re

import polars as pl
import pytest

from metric_assets.catalog import CATALOG
from metric_assets.catalog.document import document
from metric_assets.catalog.words import words
from metric_assets_tests.conventions.files import ROOT, name_of

pytestmark = pytest.mark.conventions

PAGE = ROOT / "docs" / "reference" / "catalog.md"


def test_the_page_is_what_the_rows_say() -> None:
    """docs/reference/catalog.md is current; its first lines name the command that writes it again."""
    assert PAGE.read_text(encoding="utf-8") == document(), (
        f"write it again: python -m metric_assets.catalog.document > {name_of(PAGE)}"
    )


def test_every_link_resolves() -> None:
    """Links lead to files of the repository, and every scan is linked."""
    links = set(re.findall(r"\]\(([^)]+)\)", PAGE.read_text(encoding="utf-8")))
    assert [link for link in sorted(links) if not (PAGE.parent / link).is_file()] == []
    assert links == {f"../../sql/{scan.name}.sql" for scan in CATALOG.scans} | {
        "../explanation/counter.md"
    }


def test_every_row_is_there_once() -> None:
    """A line a pair, a heading an entity."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert [sum(line.startswith(f"| `{key}` |") for line in lines) for key in CATALOG.pairs] == [
        1
    ] * len(CATALOG.pairs)
    assert [line for line in lines if line.startswith("## ")][2:] == [
        f"## {e}" for e in CATALOG.entity
    ]


def test_tables_are_whole() -> None:
    """Every line of a table has as many cells as its head."""
    head = 0
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        if cells and head:
            assert cells == head, line
        head = cells


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (pl.col("reaction") == "Like", "`reaction` is Like"),
        (~pl.col("bookmark"), "not `bookmark`"),
        (~pl.col("a") & pl.col("b"), "not `a` and `b`"),
        (pl.col("r").is_in(["A", "B", "C", "D"]), "`r` is one of A, B, C, D"),
        (pl.col("amount"), "`amount`"),
    ],
)
def test_expressions_are_put_in_words(expression: pl.Expr, said: str) -> None:
    """What a row counts can be read without knowing Polars, and no list is cut short."""
    assert words(expression) == said
