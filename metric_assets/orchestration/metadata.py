"""What people see: metadata of assets, materializations and check results.

Belongs here: the translation of rows, receipts and verdicts into Dagster's metadata. Does not
belong here: a decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from functools import cache
from typing import Any

import dagster as dg

from metric_assets import sql
from metric_assets.catalog.model import Pair, Scan
from metric_assets.events import Bounds, event_schema
from metric_assets.load_result import Receipt
from metric_assets.ranges import IdRange
from metric_assets.reconcile import Verdict
from metric_assets.settings import Settings
from metric_assets.source_check import SourceVerdict, cause
from metric_assets.source_state import Loaded, Position


def asset_metadata(scan: Scan, pair: Pair, settings: Settings) -> dict[str, Any]:
    """What is known of a pair before it is ever materialized."""
    file = sql.path(scan.name)
    return {
        "dagster/table_name": settings.target_table,
        "dagster/column_schema": _column_schema(pair, settings),
        "dagster/code_references": dg.CodeReferencesMetadataValue(
            code_references=[
                dg.LocalFileCodeReference(
                    file_path=str(file), line_number=1, label=f"sql/{scan.name}.sql"
                )
            ]
        ),
        "scan": f"sql/{scan.name}.sql",
        "reads": ", ".join(scan.sources),
        "legacy": pair.legacy.column,
        "rule": pair.legacy.rule.value,
        **({"known_gap": pair.legacy.gap} if pair.legacy.gap else {}),
        **({"range_cost": scan.cost} if scan.cost else {}),
    }


def receipt_metadata(receipt: Receipt, columns: Mapping[str, str]) -> dict[str, Any]:
    """A receipt as metadata of its partition; numbers become plots over partitions.

    ``columns`` are the target's, with the types that its server tells: what the UI shows of them.
    """
    return {
        "dagster/column_schema": dg.TableSchema(
            [dg.TableColumn(name, kind) for name, kind in columns.items()]
        ),
        "dagster/partition_row_count": receipt.events,
        "rows_read": receipt.rows_read,
        "wanted": receipt.wanted,
        "present_before": receipt.present,
        "inserted": receipt.inserted,
        "removed": receipt.removed,
        "unchanged": receipt.unchanged,
        "rejected": receipt.rejected,
        "events_after": receipt.events,
        "sum_after": receipt.total,
        "seconds": receipt.seconds,
        **{f"seconds_{phase}": seconds for phase, seconds in receipt.phases.items()},
        "cutoff": receipt.cutoff.isoformat(),
        "mode": receipt.mode,
        "source": receipt.source,
        **({"source_may_lack": "; ".join(receipt.incomplete)} if receipt.incomplete else {}),
        "source_snapshot": receipt.snapshot,
        "source_system": receipt.system,
        "code_version": receipt.code_version,
        **({"cleaned_up": ", ".join(receipt.cleaned_up)} if receipt.cleaned_up else {}),
        **live_metadata(receipt),
    }


def receipt_sentence(receipt: Receipt) -> str:
    """A load result in words, for the run's log."""
    where = f"{receipt.pair}/{receipt.ids.key}"
    live = receipt.live
    told = ""
    if live.withdrawn or live.overlap:
        told = f"; withdrawn {live.withdrawn}, overlap {live.overlap} by live events"
    if receipt.drifts:
        told += f"; live drift: {live.live_missing} missing, {live.live_phantom} phantom"
    if receipt.inserted == receipt.removed == 0:
        return f"{where}: nothing to do, {receipt.unchanged} events are as the source says{told}"
    return (
        f"{where}: inserted {receipt.inserted}, removed {receipt.removed},"
        f" unchanged {receipt.unchanged}; {receipt.events} events now, sum {receipt.total}{told}"
    )


def live_metadata(receipt: Receipt) -> dict[str, Any]:
    """What live events meant for a range; the hours of live drift as a table."""
    live = receipt.live
    hours = [
        dg.TableRecord(
            {"hour": hour.hour.isoformat(), "missing": hour.missing, "phantom": hour.phantom}
        )
        for hour in live.drift_hours
    ]
    schema = dg.TableSchema(
        [
            dg.TableColumn("hour", "string", description="its start, UTC"),
            dg.TableColumn("missing", "int", description="counter units that live events lack"),
            dg.TableColumn("phantom", "int", description="counter units they have too many"),
        ]
    )
    return {
        "withdrawn": live.withdrawn,
        "overlap": live.overlap,
        "unsettled": live.unsettled,
        "unsettled_width": live.unsettled_width,
        "moved": live.moved,
        "live_missing": live.live_missing,
        "live_phantom": live.live_phantom,
        "gone_untold": live.gone_untold,
        "orphaned": live.orphaned,
        "stream": receipt.stream.value,
        **({"provisional": True} if receipt.provisional else {}),
        **({"source_instant": receipt.instant.isoformat()} if receipt.instant else {}),
        **({"drift_hours": dg.MetadataValue.table(hours, schema)} if hours else {}),
    }


def source_metadata(verdict: SourceVerdict) -> dict[str, Any]:
    """A source check as metadata of its result: what is missing and surplus first."""
    receipt = verdict.receipt
    missing, surplus = (receipt.inserted, receipt.removed) if receipt.differs else (0, 0)
    return {
        "missing": missing,
        "surplus": surplus,
        "wanted": receipt.wanted,
        "present": receipt.present,
        **live_metadata(receipt),
        "word": verdict.word.value,
        "by": "dry run" if receipt.dry_run else "materialization",
        "cutoff": receipt.cutoff.isoformat(),
        "source": receipt.source,
        **({"source_may_lack": "; ".join(receipt.incomplete)} if receipt.incomplete else {}),
        **({"cause": cause(receipt)} if not verdict.passed else {}),
        **({"cure": verdict.cure} if verdict.cure else {}),
        **({"refused": receipt.refused} if receipt.refused else {}),
    }


def loaded_of(metadata: Mapping[str, dg.MetadataValue[Any]]) -> Loaded:
    """What a materialization recorded with this metadata was made from."""
    found = (metadata.get(name) for name in ("source_snapshot", "source_system", "cutoff"))
    snapshot, system, cutoff = (str(value.value) if value is not None else "" for value in found)
    # Materializations that recorded no cutoff were made by hand: any cutoff may follow.
    earliest = datetime.min.replace(tzinfo=timezone.utc)
    return Loaded(
        Position(snapshot, system), datetime.fromisoformat(cutoff) if cutoff else earliest
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
        "rule": verdict.rule.value,
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
