"""Rows of a report: what results of checks become in its charts and tables.

Belongs here: the arithmetic from rows of the history. Does not belong here: which of them are read
(report_data), or how they are shown (report_charts, report_page).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from metric_assets.audit.checks import MATCHES_LEGACY, MATCHES_SOURCE, RECONCILED
from metric_assets.audit.history import HistoryRow
from metric_assets.operations.summary import Summary
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings

#: Rows that a table shows.
MOST = 200
#: States of a range, the gravest first.
STATES = (
    "differs", "not loaded", "live drift", "legacy differs", "stream behind", "not verified",
    "proof too old", "equal",
)  # fmt: skip

Row = dict[str, Any]


def on_grid(rows: Sequence[HistoryRow], settings: Settings) -> list[HistoryRow]:
    """Without ranges that the grids of today do not have."""
    known = {row.entity_type for row in rows} & settings.catalog.entity.keys()
    grids = {entity: {ids.key for ids in settings.grid_of(entity)} for entity in known}
    return [
        row for row in rows if not row.range_key or row.range_key in grids.get(row.entity_type, ())
    ]


def concerns(pair: str, keys: set[str]) -> bool:
    """Whether a result is about one of the pairs, about their entity types, or about the target."""
    return not pair or pair in keys or any(key.startswith(f"{pair}/") for key in keys)


def cells_of(rows: Sequence[HistoryRow], most_days: float, now: datetime) -> Iterator[Row]:
    """A row a pair and range that there is any result of, or that was never loaded."""
    found: dict[tuple[str, int], dict[str, HistoryRow]] = {}
    for row in rows:
        if row.range_key:
            found.setdefault((row.pair, row.start), {})[row.check] = row
    for checked in found.values():
        source, legacy = checked.get(MATCHES_SOURCE), checked.get(MATCHES_LEGACY)
        one = source or legacy
        if one is not None:
            yield {
                "entity": one.entity_type,
                "metric": one.metric_type,
                "range": one.range_key,
                "start": one.start,
                "state": _state(source, legacy, most_days, now),
                "checked": one.at.isoformat(),
                "wanted": source.wanted if source else None,
                "missing": source.missing if source else None,
                "surplus": source.surplus if source else None,
                "live": f"{source.live_missing} missing, {source.live_phantom} too many"
                if source
                else "not checked",
                "legacy": _of_legacy(legacy),
            }
    for row in rows:
        if row.check == RECONCILED:
            for key in row.detail.get("unloaded", ()):
                yield _unloaded(row, key)


def _unloaded(row: HistoryRow, key: str) -> Row:
    return {
        "entity": row.entity_type,
        "metric": row.metric_type,
        "range": key,
        "start": IdRange.parse(key).start,
        "state": "not loaded",
        "checked": row.at.isoformat(),
        "wanted": None,
        "missing": None,
        "surplus": None,
        "live": "not checked",
        "legacy": "not checked",
    }


def _state(
    source: HistoryRow | None, legacy: HistoryRow | None, most_days: float, now: datetime
) -> str:
    if source is not None and not source.passed:
        return source.word
    if legacy is not None and not legacy.passed:
        return "legacy differs"
    if source is None:
        return "not verified"
    return "proof too old" if now - source.at > timedelta(days=most_days) else "equal"


def _of_legacy(row: HistoryRow | None) -> str:
    """The comparison with legacy in a few words."""
    if row is None:
        return "not checked"
    if not row.legacy_differing:
        return f"{row.legacy_entities:,} entities agree"
    share = "" if row.coverage is None else f", coverage {row.coverage:.4f}"
    return f"{row.legacy_differing:,} of {row.legacy_entities:,} entities differ{share}"


def coverage_of(rows: Sequence[Mapping[str, Any]], keys: set[str]) -> Iterator[Row]:
    """Shares of ranges verified, by pair and time."""
    for row in rows:
        if pair_of(row) in keys and row["coverage"] is not None:
            yield {
                "entity": row["entityType"],
                "metric": row["metricType"],
                "at": row["at"].isoformat(),
                "coverage": row["coverage"],
                "verdict": row["verdict"],
            }


def proofs_of(summary: Summary) -> Iterator[Row]:
    """The age of the oldest proof by pair."""
    for state in summary.pairs:
        if state.oldest_proof is not None:
            age = (summary.now - state.oldest_proof).total_seconds() / 86_400
            yield {"pair": state.pair.key, "days": round(age, 3)}


def drift_of(rows: Sequence[HistoryRow]) -> Iterator[Row]:
    """Live drift by hour and pair, of the newest results."""
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        for hour in row.hours if row.check == MATCHES_SOURCE else ():
            key = (hour["hour"], row.pair)
            known = found.setdefault(
                key, {"hour": hour["hour"], "pair": row.pair, "missing": 0, "phantom": 0}
            )
            known["missing"] += hour["missing"]
            known["phantom"] += hour["phantom"]
    yield from sorted(found.values(), key=lambda one: (one["hour"], one["pair"]))


def worst_of(rows: Sequence[HistoryRow]) -> list[Row]:
    """Entities that differ from legacy, the largest differences first, of what breaks its rule."""
    found = [
        {
            "pair": row.pair,
            "range": row.range_key,
            "entity": entity["entity_id"],
            "events": entity["events"],
            "legacy": entity["legacy"],
            "difference": entity["events"] - entity["legacy"],
        }
        for row in rows
        if row.check == MATCHES_LEGACY and not row.passed
        for entity in row.detail.get("worst", ())
    ]
    return sorted(found, key=lambda one: -abs(one["difference"]))[:MOST]


def failure_of(row: HistoryRow, failing: set[tuple[str, str]]) -> Row:
    """A result that did not pass; ``failing`` are checks and places that fail still."""
    return {
        "at": row.at.isoformat(),
        "place": row.place,
        "check": row.check,
        "verdict": row.verdict,
        "word": row.word,
        "still": (row.check, row.place) in failing,
        "cause": row.cause.removeprefix(f"{row.place}: "),
        "cure": row.cure,
    }


def change_of(row: Mapping[str, Any]) -> Row:
    """A result whose verdict is another than that of the one before."""
    key = IdRange(row["start"], row["stop"]).key if row["start"] < row["stop"] else ""
    return {
        "at": row["at"].isoformat(),
        "place": "/".join(part for part in (pair_of(row), key) if part),
        "check": row["check"],
        "before": row["before"],
        "verdict": row["verdict"],
        "word": row["word"],
        "by": f"{row['user']}@{row['host']}",
        "command": row["command"],
        "run": row["run"],
    }


def pair_of(row: Mapping[str, Any]) -> str:
    """The key of the pair; for what is no pair, the entity type or nothing."""
    return "/".join(part for part in (row["entityType"], row["metricType"]) if part)
