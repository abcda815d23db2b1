"""What Dagster is told of a range that was put back.

Belongs here: the events, as values. Does not belong here: when they are recorded (undo_run).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster import AssetCheckEvaluation

from metric_assets.audit.source_check import SourceWord
from metric_assets.catalog.model import Pair
from metric_assets.changes import ChangedRange
from metric_assets.load.undo import Undone
from metric_assets.orchestration.check_names import MATCHES_SOURCE, asset_key
from metric_assets.orchestration.proofs import Proofs
from metric_assets.stores.repairs import NO_CUTOFF

#: Metadata of everything that is recorded of an undo: the run that was undone.
UNDOES = "undoes"
#: What a materialization says of its source, which an undo does not change.
_SOURCE = ("source_snapshot", "source_system", "source")


def being_undone(
    pair: Pair, changed: ChangedRange, by: str, proofs: Proofs
) -> AssetCheckEvaluation:
    """The failed check of a range that is about to be written to."""
    sentence = f"{changed.place}: run {changed.run} is being undone by {by}"
    return _evaluation(pair, changed, sentence, {}, proofs)


def undone_check(pair: Pair, undone: Undone, by: str, proofs: Proofs) -> AssetCheckEvaluation:
    """The failed check of a range that was put back."""
    changed = undone.changed
    sentence = (
        f"{changed.place}: run {changed.run} was undone by {by}; `metric-assets backfill"
        f" {pair.key} --range {changed.ids.key}` loads it again"
    )
    metadata = {**_figures(undone), "word": SourceWord.DIFFERS.value}
    return _evaluation(pair, changed, sentence, metadata, proofs)


def undone_event(
    pair: Pair, undone: Undone, by: str, proofs: Proofs
) -> dg.AssetMaterialization | dg.AssetObservation:
    """What the range counts as from now on: loaded with the cutoff of before, or never."""
    changed = undone.changed
    if changed.previous is None:
        return dg.AssetObservation(
            asset_key(pair),
            partition=changed.ids.key,
            description=f"Undone by {by}: it counts as never loaded",
            metadata=_figures(undone),
        )
    known = changed.previous > NO_CUTOFF
    return dg.AssetMaterialization(
        asset_key(pair),
        partition=changed.ids.key,
        description=f"Undone by {by}: as it was before run {changed.run}",
        metadata={
            **_figures(undone),
            **_source(pair, changed, proofs),
            **({"cutoff": changed.previous.isoformat()} if known else {}),
        },
    )


def undoes(record: dg.EventLogRecord) -> str:
    """The run that a record says was undone; empty if it says nothing of the kind."""
    found = record.asset_materialization or record.asset_observation
    value = found.metadata.get(UNDOES) if found is not None else None
    return str(value.value) if value is not None else ""


def _figures(undone: Undone) -> dict[str, Any]:
    rows = undone.plan.rows
    return {
        UNDOES: undone.changed.run,
        "missing": rows.gone,
        "surplus": rows.inserted - rows.compensated,
        "inserted": rows.inserted,
        "removed": rows.removed,
        "dagster/partition_row_count": rows.wanted,
    }


def _source(pair: Pair, changed: ChangedRange, proofs: Proofs) -> dict[str, str]:
    """What the last materialization was made from: none that is older may remove rows."""
    record = proofs.last_record(pair, changed.ids.key)
    made = record.asset_materialization if record else None
    found = made.metadata if made else {}
    return {name: str(found[name].value) for name in _SOURCE if name in found}


def _evaluation(
    pair: Pair,
    changed: ChangedRange,
    sentence: str,
    metadata: Mapping[str, Any],
    proofs: Proofs,
) -> AssetCheckEvaluation:
    return AssetCheckEvaluation(
        asset_key=asset_key(pair),
        check_name=MATCHES_SOURCE,
        partition=changed.ids.key,
        passed=False,
        severity=dg.AssetCheckSeverity.ERROR,
        blocking=False,
        description=sentence,
        metadata={"by": "undo", UNDOES: changed.run, **metadata},
        target_materialization_data=proofs.target(pair, changed.ids.key),
    )
