"""What people see: metadata of assets, materializations and check results.

Belongs here: the translation of rows, load results and verdicts into Dagster's metadata. Does not
belong here: a decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from functools import cache
from typing import Any

import dagster as dg

from metric_assets.audit.source_check import SourceVerdict
from metric_assets.catalog.model import Pair
from metric_assets.catalog.scan import Scan
from metric_assets.events import Bounds, event_schema
from metric_assets.explanation import Explanation
from metric_assets.load_result import LoadResult
from metric_assets.orchestration.code_references import code_references
from metric_assets.ranges import IdRange
from metric_assets.reconcile import Verdict
from metric_assets.settings import Settings
from metric_assets.source_state import Loaded, Position


def asset_metadata(scan: Scan, pair: Pair, settings: Settings) -> dict[str, Any]:
    """What is known of a pair before it is ever materialized."""
    return {
        "dagster/table_name": settings.target_table,
        "dagster/column_schema": _column_schema(pair, settings),
        "dagster/code_references": code_references(scan, pair, settings.code_url),
        "scan": f"sql/{scan.name}.sql",
        "reads": ", ".join(scan.sources),
        "legacy": pair.legacy.column,
        "rule": pair.legacy.rule.value,
        **({"known_gap": pair.legacy.gap} if pair.legacy.gap else {}),
        **({"range_cost": scan.cost} if scan.cost else {}),
    }


def load_result_metadata(result: LoadResult, columns: Mapping[str, str]) -> dict[str, Any]:
    """A load result as metadata of its partition; numbers become plots over partitions.

    ``columns`` are the target's, with the types that its server tells: what the UI shows of them.
    """
    return {
        "dagster/column_schema": dg.TableSchema(
            [dg.TableColumn(name, kind) for name, kind in columns.items()]
        ),
        "dagster/partition_row_count": result.events,
        "rows_read": result.rows_read,
        "wanted": result.wanted,
        "present_before": result.present,
        "inserted": result.inserted,
        "removed": result.removed,
        "unchanged": result.unchanged,
        "rejected": result.rejected,
        "events_after": result.events,
        "sum_after": result.total,
        "seconds": result.seconds,
        **{f"seconds_{phase}": seconds for phase, seconds in result.phases.items()},
        "cutoff": result.cutoff.isoformat(),
        "mode": result.mode,
        "source": result.source,
        **({"source_may_lack": "; ".join(result.incomplete)} if result.incomplete else {}),
        "source_snapshot": result.snapshot,
        "source_system": result.system,
        "code_version": result.code_version,
        **({"cleaned_up": ", ".join(result.cleaned_up)} if result.cleaned_up else {}),
        **live_metadata(result),
    }


def load_result_sentence(result: LoadResult) -> str:
    """A load result in words, for the run's log."""
    live = result.live
    told = ""
    if live.withdrawn or live.overlap:
        told = f"; withdrawn {live.withdrawn}, overlap {live.overlap} by live events"
    if result.drifts:
        told += f"; live drift: {live.live_missing} missing, {live.live_phantom} phantom"
    if result.inserted == result.removed == 0:
        return (
            f"{result.place}: nothing to do, {result.unchanged} events are as the source says{told}"
        )
    return (
        f"{result.place}: inserted {result.inserted}, removed {result.removed},"
        f" unchanged {result.unchanged}; {result.events} events now, sum {result.total}{told}"
    )


def live_metadata(result: LoadResult) -> dict[str, Any]:
    """What live events meant for a range; the hours of live drift as a table."""
    figures = result.live.as_dict()
    hours = [dg.TableRecord(hour) for hour in figures.pop("drift_hours")]
    schema = dg.TableSchema(
        [
            dg.TableColumn("hour", "string", description="its start, UTC"),
            dg.TableColumn("missing", "int", description="counter units that live events lack"),
            dg.TableColumn("phantom", "int", description="counter units they have too many"),
        ]
    )
    return {
        **figures,
        "stream": result.stream.value,
        **({"provisional": True} if result.provisional else {}),
        **({"source_instant": result.instant.isoformat()} if result.instant else {}),
        **({"drift_hours": dg.MetadataValue.table(hours, schema)} if hours else {}),
    }


def source_metadata(verdict: SourceVerdict) -> dict[str, Any]:
    """A source check as metadata of its result: what is missing and surplus first."""
    result = verdict.load_result
    missing, surplus = (result.inserted, result.removed) if result.differs else (0, 0)
    return {
        "missing": missing,
        "surplus": surplus,
        "wanted": result.wanted,
        "present": result.present,
        **live_metadata(result),
        "word": verdict.word.value,
        "by": "dry run" if result.dry_run else "materialization",
        "cutoff": result.cutoff.isoformat(),
        "source": result.source,
        **({"source_may_lack": "; ".join(result.incomplete)} if result.incomplete else {}),
        **({"cause": verdict.cause} if not verdict.passed else {}),
        **explanation_metadata(verdict.explanation),
        **({"cure": verdict.cure} if verdict.cure else {}),
        **({"refused": result.refused} if result.refused else {}),
    }


def explanation_metadata(explanation: Explanation | None) -> dict[str, Any]:
    """Why a check fails: a row a cause, and rows of both sides."""
    if explanation is None or not explanation.findings:
        return {}
    causes = [
        dg.TableRecord(
            {
                "cause": one.cause.value,
                "missing": one.missing,
                "surplus": one.surplus,
                "entities": one.entities,
                "sure": one.sure,
                "why": one.sentence,
                "do": one.cure,
            }
        )
        for one in explanation.findings
    ]
    schema = dg.TableSchema(
        [
            dg.TableColumn("cause", "string", description="its code: docs/how-to/explain.md"),
            dg.TableColumn("missing", "int", description="rows that the target lacks"),
            dg.TableColumn("surplus", "int", description="rows that it holds beside"),
            dg.TableColumn("entities", "int"),
            dg.TableColumn("sure", "string", description="how sure that is"),
            dg.TableColumn("why", "string"),
            dg.TableColumn("do", "string", description="what cures it"),
        ]
    )
    samples = {one.cause.value: list(one.samples) for one in explanation.findings}
    return {
        "cause_codes": ", ".join(explanation.codes),
        "causes": dg.MetadataValue.table(causes, schema),
        "samples": dg.MetadataValue.json(samples),
    }


def loaded_of(metadata: Mapping[str, dg.MetadataValue[Any]]) -> Loaded:
    """What a materialization recorded with this metadata was made from."""
    names = ("source_snapshot", "source_system", "cutoff", "code_version")
    found = (metadata.get(name) for name in names)
    snapshot, system, cutoff, code = (str(one.value) if one is not None else "" for one in found)
    # Materializations that recorded no cutoff were made by hand: any cutoff may follow.
    earliest = datetime.min.replace(tzinfo=timezone.utc)
    return Loaded(
        Position(snapshot, system), datetime.fromisoformat(cutoff) if cutoff else earliest, code
    )


def verdict_metadata(verdict: Verdict) -> dict[str, Any]:
    """A verdict as metadata of its check result, the worst entities as a table."""
    rows = [
        dg.TableRecord(
            {
                "entityId": entity.entity_id,
                "events": entity.events,
                "legacy": entity.legacy,
                "difference": entity.difference,
            }
        )
        for entity in verdict.worst
    ]
    schema = dg.TableSchema(
        [
            dg.TableColumn("entityId", "int"),
            dg.TableColumn("events", "float"),
            dg.TableColumn("legacy", "float"),
            dg.TableColumn("difference", "float", description="events minus legacy"),
        ]
    )
    coverage = {} if verdict.coverage is None else {"coverage": verdict.coverage}
    return {
        **coverage,
        "missing": verdict.missing,
        "phantom": verdict.phantom,
        "entities": verdict.entities,
        "entities_that_differ": verdict.differing,
        "events_total": verdict.events,
        "legacy_total": verdict.legacy,
        "orphaned": verdict.orphaned,
        "rule": verdict.pair.legacy.rule.value,
        **({"cause": verdict.sentence} if not verdict.passed else {}),
        **({"cure": verdict.cure} if verdict.cure else {}),
        **explanation_metadata(verdict.explanation),
        **({"worst": dg.MetadataValue.table(rows, schema)} if rows else {}),
    }


def _column_schema(pair: Pair, settings: Settings) -> dg.TableSchema:
    """The Pandera schema of events. Nothing connects here, so the types are the target's, whatever
    they are; materializations tell them.
    """
    kind = f"as in {settings.target_table}"
    entity = dg.TableColumn("entityType", kind, description=f"Always {pair.entity}.")
    return dg.TableSchema([entity, *_event_columns(kind)])


@cache
def _event_columns(kind: str) -> tuple[dg.TableColumn, ...]:
    """What all pairs have in common."""
    anywhere = event_schema(IdRange(0, 2**31), datetime(9999, 1, 1, tzinfo=timezone.utc), Bounds())
    return tuple(
        dg.TableColumn(
            name,
            kind,
            description=column.description,
            constraints=dg.TableColumnConstraints(nullable=column.nullable),
        )
        for name, column in anywhere.columns.items()
    )
