"""Rows of a catalog in words: expressions, and what the rules of comparison mean."""

from __future__ import annotations

import re

import polars as pl

from metric_assets.catalog.model import Rule

#: What each rule of comparison asks for.
RULES = {
    Rule.EXACT: (
        "Events and legacy are equal for every entity. Legacy recounts an entity only when"
        " something new happens to it, so after a deletion it can lie above until then: that"
        " staleness fails the check and is told apart by comparing with the source row by row."
    ),
    Rule.TOLERANCE: (
        "Each entity may differ by a share of its legacy value, given beside the rule."
    ),
    Rule.EVENTS_AT_LEAST_LEGACY: "Legacy is known to fall short: events must not lie below it.",
    Rule.LEGACY_AT_LEAST_EVENTS: "Legacy is known to count too much: events must not lie above it.",
    Rule.INFORMATIONAL: (
        "Legacy is frozen or wrong: differences are shown and never fail a check. Rows are held"
        " against the source instead."
    ),
}

_WORDS = (
    (r'col\("(\w+)"\)', r"`\1`"),
    (r"(`\w+`)\.not\(\)", r"not \1"),
    (r"\.is_in\(\[\[(.*?)\]\]\)", r" is one of \1"),
    (r"\) == \(", " is "),
    (r"\) & \(", " and "),
    (r"[\[\]()]", ""),
    (r'"', ""),
)


def words(expression: pl.Expr) -> str:
    """An expression of a row in words: ``reaction`` is Like."""
    # A list is cut short otherwise.
    with pl.Config(fmt_table_cell_list_len=-1):
        text = str(expression)
    for pattern, put in _WORDS:
        text = re.sub(pattern, put, text)
    return text
