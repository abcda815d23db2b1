"""What a check came to, as a row of the history.

Belongs here: which figure goes into which column. Does not belong here: a verdict (source_check,
reconcile, badge), or the table (history).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from metric_assets.actor import Actor
from metric_assets.audit import checks
from metric_assets.audit.coverage import Coverage
from metric_assets.audit.history import HistoryRow
from metric_assets.audit.source_check import SourceVerdict, SourceWord
from metric_assets.audit.strays import REMOVES, Stray
from metric_assets.badge import Badge
from metric_assets.catalog.model import Pair
from metric_assets.ranges import IdRange
from metric_assets.reconcile import Verdict


@dataclass(frozen=True)
class Stamp:
    """When (UTC), of which target table and by whom checks were evaluated."""

    at: datetime
    target: str
    actor: Actor

    def row(self, check: str, origin: str, verdict: str, **columns: Any) -> HistoryRow:
        """A row of it; what is not given is nothing."""
        nothing: dict[str, Any] = {"entity_type": "", "metric_type": "", "start": 0, "stop": 0}
        return HistoryRow(
            at=self.at,
            target=self.target,
            check=check,
            origin=origin,
            verdict=verdict,
            **{**nothing, **asdict(self.actor), **columns},
        )


def row_of(evaluated: SourceVerdict | Verdict | Badge, stamp: Stamp) -> HistoryRow:
    """The row of a check of a pair."""
    match evaluated:
        case SourceVerdict():
            return _source_row(evaluated, stamp)
        case Verdict():
            return _legacy_row(evaluated, stamp)
        case Badge():
            return _badge_row(evaluated, stamp)


def undone_row(  # noqa: PLR0913 - what was undone, and what is missing now
    pair: Pair, ids: IdRange, sentence: str, missing: int, surplus: int, stamp: Stamp
) -> HistoryRow:
    """The row of a range that is put back: it no longer holds what its source says."""
    return stamp.row(
        checks.MATCHES_SOURCE,
        checks.UNDO,
        checks.FAILED,
        entity_type=pair.entity,
        metric_type=pair.metric,
        start=ids.start,
        stop=ids.stop,
        word=SourceWord.DIFFERS.value,
        missing=missing,
        surplus=surplus,
        cause=sentence,
        cure=f"`metric-assets backfill {pair.key} --range {ids.key}` loads it again",
    )


def grid_rows(found: Sequence[Coverage], stamp: Stamp) -> list[HistoryRow]:
    """The rows of the check for ids in no partition, one an entity type."""
    return [
        stamp.row(
            checks.BEYOND_GRID,
            checks.AUDIT,
            _verdict(one.covered),
            entity_type=one.entity,
            missing=one.count,
            word="equal" if one.covered else "ids in no partition",
            cause=f"{one.entity}: {one.summary or 'every id lies in a partition'}",
            cure=one.advice,
        )
        for one in found
    ]


def strays_row(strays: Sequence[Stray], stamp: Stamp) -> HistoryRow:
    """The row of the check for rows of the target that belong to no pair or no range."""
    said = "; ".join(stray.sentence for stray in strays)
    return stamp.row(
        checks.BELONGS,
        checks.AUDIT,
        _verdict(not strays),
        surplus=sum(stray.events for stray in strays),
        word="rows of no pair" if strays else "equal",
        cause=said or "every row belongs to a pair and range",
        cure=REMOVES if strays else "",
        details=json.dumps({"strays": [asdict(stray) for stray in strays]} if strays else {}),
    )


def _source_row(verdict: SourceVerdict, stamp: Stamp) -> HistoryRow:
    result = verdict.load_result
    live = result.live.as_dict()
    hours = live.pop("drift_hours")
    del live["unsettled_width"]
    missing, surplus = (result.inserted, result.removed) if result.differs else (0, 0)
    written = {"inserted": result.inserted, "removed": result.removed}
    return stamp.row(
        checks.MATCHES_SOURCE,
        _origin(verdict),
        _verdict(verdict.passed, warns=not verdict.severe),
        **_place(verdict),
        **live,
        word=verdict.word.value,
        wanted=result.wanted,
        present=result.present,
        missing=missing,
        surplus=surplus,
        drift_hours=json.dumps(hours),
        coverage=1 - missing / result.wanted if result.wanted else None,
        cause=verdict.sentence if verdict.passed else verdict.cause,
        cure=verdict.cure,
        details=json.dumps({} if result.dry_run else written),
        events=result.events,
        total=result.total,
        digest=result.digest,
        cutoff=result.cutoff,
        instant=result.instant,
    )


def _legacy_row(verdict: Verdict, stamp: Stamp) -> HistoryRow:
    worst = [asdict(entity) for entity in verdict.worst]
    return stamp.row(
        checks.MATCHES_LEGACY,
        checks.AUDIT,
        _verdict(verdict.passed),
        **_place(verdict),
        word=("equal" if not verdict.differing else "allowed") if verdict.passed else "differs",
        legacy_events=verdict.events,
        legacy_total=verdict.legacy,
        legacy_missing=verdict.missing,
        legacy_phantom=verdict.phantom,
        legacy_entities=verdict.entities,
        legacy_differing=verdict.differing,
        orphaned=round(verdict.orphaned),
        coverage=verdict.coverage,
        cause=verdict.sentence,
        cure=verdict.cure,
        details=json.dumps({"worst": worst} if worst else {}),
    )


def _badge_row(badge: Badge, stamp: Stamp) -> HistoryRow:
    lists = {name: keys for name, keys in badge.lists.items() if keys}
    ranges = {"grid": badge.grid, "materialized": badge.materialized, "verified": badge.verified}
    return stamp.row(
        checks.RECONCILED,
        checks.SUMMARY,
        _verdict(badge.passed),
        entity_type=badge.pair.entity,
        metric_type=badge.pair.metric,
        **badge.figures,
        word=badge.word,
        coverage=badge.verified_share,
        oldest_proof_days=badge.oldest_days,
        cause=badge.sentence,
        cure=badge.cure,
        details=json.dumps({**ranges, **lists}),
    )


def _place(verdict: SourceVerdict | Verdict) -> dict[str, Any]:
    return {
        "entity_type": verdict.pair.entity,
        "metric_type": verdict.pair.metric,
        "start": verdict.ids.start,
        "stop": verdict.ids.stop,
    }


def _origin(verdict: SourceVerdict) -> str:
    if verdict.load_result.dry_run:
        return checks.AUDIT
    return checks.SECOND_LOOK if verdict.looked else checks.LOAD


def _verdict(passed: bool, *, warns: bool = False) -> str:
    if passed:
        return checks.PASSED
    return checks.WARNED if warns else checks.FAILED
