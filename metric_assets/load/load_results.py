"""What a load result says: of the reading, of the plan, of entities that are gone, of the code."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from metric_assets.catalog.model import Pair
from metric_assets.catalog.scan import Scan
from metric_assets.load.attempt import Outcome
from metric_assets.load.reading import Filled
from metric_assets.load.second_look import Existing
from metric_assets.plan import Summary


def plan_facts(
    filled: Filled, outcome: Outcome, metric: str, orphans: Mapping[str, int]
) -> dict[str, Any]:
    """What a load result says of the first plan, and of the scope afterwards: of what was compared,
    and of what agreed by its fingerprints.
    """
    plan, after = outcome.first.of(metric), outcome.after[metric]
    agreed = filled.agreed.get(metric, Summary())
    adjustments, up, down = filled.adjusted.get(metric, (0, 0, 0))
    figures = outcome.judged[metric].figures
    return {
        "wanted": plan.wanted + filled.settled.get(metric, 0) + adjustments,
        "present": plan.present + agreed.events,
        "inserted": plan.inserted,
        "removed": plan.removed,
        "unchanged": plan.unchanged + agreed.events,
        "events": after.events + agreed.events,
        "total": after.total + agreed.total,
        "live": replace(
            figures,
            withdrawn=figures.withdrawn + up,
            overlap=figures.overlap + down,
            orphaned=orphans.get(metric, 0),
        ),
    }


def digest_of(filled: Filled, outcome: Outcome, metric: str, *, dry_run: bool) -> int:
    """The hash of what the target holds of a metric by now."""
    held = outcome.before if dry_run else outcome.after
    return held[metric].hash_with(filled.agreed.get(metric, Summary()))


def read_facts(filled: Filled) -> dict[str, Any]:
    """What a load result says of the reading."""
    return {
        "rejected": filled.rejected,
        "snapshot": filled.snapshot,
        "source": filled.state.sentence,
        "system": filled.state.position.system,
        "instant": filled.horizon.instant,
    }


def orphaned(entity: str, outcome: Outcome, existing: Existing | None) -> dict[str, int]:
    """By metric: what is gone untold of entities that the source no longer has."""
    ids = {one for found in outcome.gone.values() for one in found}
    if not ids or existing is None:
        return {}
    alive = existing(entity, sorted(ids))
    return {
        metric: sum(gone for one, gone in found.items() if one not in alive)
        for metric, found in outcome.gone.items()
    }


def code_version(scan: Scan, pair: Pair) -> str:
    """Changes whenever the text of the scan or the row of the pair does."""
    # Polars shortens long lists in the text of an expression unless told not to.
    with pl.Config(fmt_table_cell_list_len=-1):
        row = f"{pair.key} {pair.where} {pair.value}"
    return hashlib.sha256(f"{scan.text.text}\n{row}".encode()).hexdigest()[:12]
