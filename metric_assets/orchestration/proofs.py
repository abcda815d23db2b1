"""What Dagster's storage knows of an entity's pairs: materializations and results of their checks.

Belongs here: asking the storage. Does not belong here: what follows from the answers (badge,
source_audit).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import dagster as dg
from dagster import AssetCheckEvaluation

from metric_assets.catalog.model import Pair
from metric_assets.orchestration.check_names import asset_key, check_key
from metric_assets.orchestration.dagster_private import (
    AssetCheckEvaluationTargetMaterializationData,
    AssetCheckExecutionRecordStatus,
    PartitionKeyFilter,
)
from metric_assets.orchestration.metadata import loaded_of
from metric_assets.ranges import IdRange
from metric_assets.source_state import Loaded

#: Records fetched at once.
_RECORDS = 500
_EVALUATED = {
    AssetCheckExecutionRecordStatus.SUCCEEDED: True,
    AssetCheckExecutionRecordStatus.FAILED: False,
}


@dataclass(frozen=True)
class Proof:
    """The last result of a check of a range, about its last materialization.

    ``age`` orders proofs: the lower, the older. ``run`` evaluated it.
    """

    passed: bool
    age: int
    run: str


class Proofs:
    """The storage of an instance, asked by pair."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._targets: dict[str, dict[str, AssetCheckEvaluationTargetMaterializationData]] = {}

    def materialized(self, pair: Pair) -> set[str]:
        """Keys of the ranges that are loaded: those materialized, and not undone since to what they
        were before they were ever loaded.
        """
        storage, key = self._instance.event_log_storage, asset_key(pair)
        made = storage.get_latest_storage_id_by_partition(
            key, dg.DagsterEventType.ASSET_MATERIALIZATION
        )
        undone = storage.get_latest_storage_id_by_partition(
            key, dg.DagsterEventType.ASSET_OBSERVATION
        )
        return {name for name, made_at in made.items() if made_at > undone.get(name, -1)}

    def loaded(self, pairs: Iterable[Pair], ids: IdRange) -> dict[str, Loaded]:
        """What was recorded when the pairs of a range were last loaded, by metric."""
        found: dict[str, Loaded] = {}
        for pair in pairs:
            record = self.last_record(pair, ids.key)
            if record is not None and record.asset_materialization is not None:
                found[pair.metric] = loaded_of(record.asset_materialization.metadata)
        return found

    def last_record(self, pair: Pair, key: str) -> dg.EventLogRecord | None:
        """The last materialization of a range, or the observation that it was undone to what it was
        before it was ever loaded.
        """
        wanted = dg.AssetRecordsFilter(asset_key=asset_key(pair), asset_partitions=[key])
        records = [
            *self._instance.fetch_materializations(wanted, limit=1).records,
            *self._instance.fetch_observations(wanted, limit=1).records,
        ]
        return max(records, key=lambda record: record.storage_id, default=None)

    def current(self, pair: Pair, name: str, keys: Iterable[str] | None = None) -> dict[str, Proof]:
        """Ranges whose last evaluation is about their last materialization.

        A range that a run was going to check and did not is not among them.
        """
        infos = self._instance.event_log_storage.get_asset_check_partition_info(
            [check_key(pair, name)], partition_keys=None if keys is None else list(keys)
        )
        return {
            info.partition_key: Proof(
                _EVALUATED[info.latest_execution_status],
                info.latest_check_event_storage_id,
                info.latest_planned_run_id,
            )
            for info in infos
            if info.partition_key is not None
            and info.latest_execution_status in _EVALUATED
            and info.latest_materialization_storage_id is not None
            and info.is_current
        }

    def evaluated_at(self, pair: Pair, name: str, key: str) -> datetime | None:
        """When a range was last evaluated, UTC."""
        records = self._instance.event_log_storage.get_asset_check_execution_history(
            check_key(pair, name),
            limit=1,
            status=set(_EVALUATED),
            partition_filter=PartitionKeyFilter(key=key),
        )
        event = records[0].event if records else None
        return datetime.fromtimestamp(event.timestamp, timezone.utc) if event else None

    def last_figures(self, pair: Pair, name: str, key: str) -> Mapping[str, Any]:
        """Metadata of the last evaluation of a range, as plain values."""
        records = self._instance.event_log_storage.get_asset_check_execution_history(
            check_key(pair, name),
            limit=1,
            status=set(_EVALUATED),
            partition_filter=PartitionKeyFilter(key=key),
        )
        found = _evaluation(records[0].event) if records else None
        return {label: value.value for label, value in found.metadata.items()} if found else {}

    def figures(self, pair: Pair, name: str, keys: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Metadata of the last evaluation of each of ``keys`` that failed it, as plain values."""
        wanted = set(keys)
        found: dict[str, Mapping[str, Any]] = {}
        cursor: int | None = None
        while wanted - found.keys():
            records = self._instance.event_log_storage.get_asset_check_execution_history(
                check_key(pair, name),
                limit=_RECORDS,
                cursor=cursor,
                status={AssetCheckExecutionRecordStatus.FAILED},
            )
            for record in records:
                evaluation = _evaluation(record.event)
                if evaluation is not None and evaluation.partition in wanted - found.keys():
                    found[evaluation.partition] = {
                        label: value.value for label, value in evaluation.metadata.items()
                    }
            if len(records) < _RECORDS:
                break
            cursor = records[-1].id
        return found

    def target(self, pair: Pair, key: str) -> AssetCheckEvaluationTargetMaterializationData | None:
        """The materialization that is checked: without it the UI counts the check as missing."""
        if pair.key not in self._targets:
            self._targets[pair.key] = self._latest(pair)
        return self._targets[pair.key].get(key)

    def _latest(self, pair: Pair) -> dict[str, AssetCheckEvaluationTargetMaterializationData]:
        key = asset_key(pair)
        newest = self._instance.event_log_storage.get_latest_storage_id_by_partition(
            key, dg.DagsterEventType.ASSET_MATERIALIZATION
        )
        found: dict[str, AssetCheckEvaluationTargetMaterializationData] = {}
        ids = sorted(newest.values())
        for first in range(0, len(ids), _RECORDS):
            records = self._instance.fetch_materializations(
                dg.AssetRecordsFilter(asset_key=key, storage_ids=ids[first : first + _RECORDS]),
                limit=_RECORDS,
            ).records
            for record in records:
                if record.partition_key is not None:
                    found[record.partition_key] = AssetCheckEvaluationTargetMaterializationData(
                        storage_id=record.storage_id,
                        run_id=record.run_id,
                        timestamp=record.timestamp,
                    )
        return found


def _evaluation(event: Any) -> AssetCheckEvaluation | None:
    """The check result of a stored event."""
    data = event.dagster_event.event_specific_data if event and event.dagster_event else None
    return data if isinstance(data, AssetCheckEvaluation) else None
