"""Checks: a result a range against legacy, and one honest badge a pair.

Belongs here: how verdicts reach Dagster. Does not belong here: how they are found (audit). The
preview API of partitioned checks is used in this module only; pyproject.toml pins Dagster for it.
"""

import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence

import dagster as dg
from dagster import AssetCheckEvaluation
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

from metric_assets.audit import Judgment, check_legacy
from metric_assets.catalog import ENTITIES, Pair, Store, pairs_of
from metric_assets.errors import MetricAssetsError
from metric_assets.orchestration.assets import asset_key, source_key
from metric_assets.orchestration.interruptions import one_interruption
from metric_assets.orchestration.metadata import verdict_metadata
from metric_assets.orchestration.partitions import build_partitions
from metric_assets.orchestration.resources import (
    ClickHouseResource,
    Listener,
    PostgresResource,
    open_target,
)
from metric_assets.orchestration.retries import step_error
from metric_assets.orchestration.storage import keep_connections
from metric_assets.ranges import IdRange
from metric_assets.reconcile import Verdict
from metric_assets.settings import Settings

MATCHES_LEGACY = "matches_legacy"
RECONCILED = "reconciled"
#: Metadata of a failed step: what is wrong with which pair.
PAIRS_METADATA = "pairs"
#: Materialization records fetched at once.
_RECORDS = 500


def checks_name(entity: str) -> str:
    """The step that checks an entity's pairs."""
    return f"{entity}_checks"


def build_entity_checks(entity: str, settings: Settings) -> dg.AssetChecksDefinition:
    """Both checks of every pair of an entity, in one step with one query a store and span."""
    pairs = pairs_of(entity)
    legacy = source_key(Store.POSTGRES, ENTITIES[entity].legacy_table)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        specs = [
            dg.AssetCheckSpec(
                MATCHES_LEGACY,
                asset=asset_key(pair),
                partitions_def=build_partitions(entity, settings),
                additional_deps=[legacy],
                description=f"Sums of events against {pair.legacy.column}, entity by entity;"
                f" rule: {pair.legacy.rule.value}.",
            )
            for pair in pairs
        ]
    specs += [
        dg.AssetCheckSpec(
            RECONCILED,
            asset=asset_key(pair),
            description="Every materialized range has been checked, and none fails.",
        )
        for pair in pairs
    ]

    @dg.multi_asset_check(name=checks_name(entity), specs=specs, can_subset=True)
    def check_entity(
        context: dg.AssetCheckExecutionContext,
        postgres: PostgresResource,
        clickhouse: ClickHouseResource,
        listener: dg.ResourceParam[Listener],
    ) -> Iterator[AssetCheckEvaluation | dg.Output[None]]:
        run = _CheckRun(context.op_execution_context, pairs, settings, listener)
        yield from run.execute(context.selected_asset_check_keys, postgres, clickhouse)

    return check_entity


class _CheckRun:
    """One execution of an entity's checks: over the run's partitions, or all materialized ones."""

    def __init__(
        self,
        context: dg.OpExecutionContext,
        pairs: Sequence[Pair],
        settings: Settings,
        listener: Listener,
    ) -> None:
        self.context = context
        self.instance = context.instance
        self.settings = settings
        self.listener = listener
        self.pairs = pairs
        #: Why there is no verdict, by pair: the ranges of each reason.
        self.unread: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._targets: dict[str, dict[str, AssetCheckEvaluationTargetMaterializationData]] = {}

    def execute(
        self,
        selected: set[dg.AssetCheckKey],
        postgres: PostgresResource,
        clickhouse: ClickHouseResource,
    ) -> Iterator[AssetCheckEvaluation | dg.Output[None]]:
        """An evaluation a pair and range, then one a pair.

        What cannot be compared fails the step at its end, after the results of everything else.
        """
        keep_connections(self.instance)
        partitioned = [pair for pair in self.pairs if _check_key(pair, MATCHES_LEGACY) in selected]
        broken: MetricAssetsError | None = None
        judgments: list[tuple[Pair, IdRange, Judgment]] = []
        try:
            self._judge(partitioned, postgres, clickhouse, judgments)
        except MetricAssetsError as error:
            broken = error
        for pair, ids, judgment in judgments:
            if isinstance(judgment, Verdict):
                yield self._evaluation(pair, ids, judgment)
            else:
                self.unread[pair.key][str(judgment)].append(ids.key)
        if broken is not None:
            raise step_error(broken, self.context, self.listener) from broken
        for pair in partitioned:
            if pair.key not in self.unread:
                yield dg.Output(None, _output(pair, MATCHES_LEGACY))
        for pair in self.pairs:
            if _check_key(pair, RECONCILED) in selected and pair.key not in self.unread:
                yield self._summary(pair)
                yield dg.Output(None, _output(pair, RECONCILED))
        if self.unread:
            raise self._failure()

    def _failure(self) -> dg.Failure:
        """Each reason once, with the pairs that it is about."""
        reasons = dict.fromkeys(reason for found in self.unread.values() for reason in found)
        by_pair = {key: "; ".join(found) for key, found in self.unread.items()}
        return dg.Failure(
            "; ".join(reasons),
            metadata={PAIRS_METADATA: dg.MetadataValue.json(by_pair)},
            allow_retries=False,
        )

    def _judge(
        self,
        pairs: Sequence[Pair],
        postgres: PostgresResource,
        clickhouse: ClickHouseResource,
        judgments: list[tuple[Pair, IdRange, Judgment]],
    ) -> None:
        """Fills ``judgments``; those found before an error count."""
        # Pairs are mostly materialized over the same ranges: one walk for all that share them.
        together: dict[tuple[str, ...], list[Pair]] = {}
        for pair in pairs:
            together.setdefault(self._keys(pair), []).append(pair)
        with (
            one_interruption(),
            postgres.open(self.settings) as source,
            clickhouse.open(self.settings) as server,
        ):
            target = open_target(server, self.settings)
            for keys, group in together.items():
                if keys:
                    ranges = [IdRange.parse(key) for key in keys]
                    judgments.extend(check_legacy(group, ranges, source, target))

    def _keys(self, pair: Pair) -> tuple[str, ...]:
        """Partitions of the run; without any, those that were ever materialized."""
        materialized = self.instance.get_materialized_partitions(asset_key(pair))
        grid = [ids.key for ids in self.settings.grid_of(pair.entity)]
        if self.context.has_partition_key or self.context.has_partition_key_range:
            chosen = set(self.context.partition_keys)
            return tuple(key for key in grid if key in chosen and key in materialized)
        return tuple(key for key in grid if key in materialized)

    def _evaluation(self, pair: Pair, ids: IdRange, verdict: Verdict) -> AssetCheckEvaluation:
        return AssetCheckEvaluation(
            asset_key=asset_key(pair),
            check_name=MATCHES_LEGACY,
            partition=ids.key,
            passed=verdict.passed,
            severity=dg.AssetCheckSeverity.ERROR,
            blocking=False,
            description=verdict.sentence(ids.key),
            metadata=verdict_metadata(verdict),
            target_materialization_data=self._target(pair, ids.key),
        )

    def _target(self, pair: Pair, key: str) -> AssetCheckEvaluationTargetMaterializationData | None:
        """The materialization that was checked: without it the UI counts the check as missing."""
        if pair.key not in self._targets:
            self._targets[pair.key] = self._latest(pair)
        return self._targets[pair.key].get(key)

    def _latest(self, pair: Pair) -> dict[str, AssetCheckEvaluationTargetMaterializationData]:
        key = asset_key(pair)
        newest = self.instance.event_log_storage.get_latest_storage_id_by_partition(
            key, dg.DagsterEventType.ASSET_MATERIALIZATION
        )
        found: dict[str, AssetCheckEvaluationTargetMaterializationData] = {}
        ids = sorted(newest.values())
        for first in range(0, len(ids), _RECORDS):
            records = self.instance.fetch_materializations(
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

    def _summary(self, pair: Pair) -> AssetCheckEvaluation:
        check = _check_key(pair, MATCHES_LEGACY)
        storage = self.instance.event_log_storage
        materialized = self.instance.get_materialized_partitions(asset_key(pair))
        infos = [
            info
            for info in storage.get_asset_check_partition_info([check])
            if info.partition_key in materialized and info.is_current
        ]
        failed = sorted(
            info.partition_key
            for info in infos
            if info.latest_execution_status.value == "FAILED" and info.partition_key
        )
        unchecked = len(materialized) - len(infos)
        passed = not failed and not unchecked
        return AssetCheckEvaluation(
            asset_key=asset_key(pair),
            check_name=RECONCILED,
            passed=passed,
            severity=dg.AssetCheckSeverity.ERROR,
            blocking=False,
            description=(
                f"{pair.key}: {len(infos)} of {len(materialized)} materialized ranges checked,"
                f" {len(failed)} fail{': ' + ', '.join(failed[:10]) if failed else ''}"
            ),
            metadata={
                "materialized_ranges": len(materialized),
                "checked_ranges": len(infos),
                "unchecked_ranges": unchecked,
                "failed_ranges": ", ".join(failed) or "none",
            },
        )


def _check_key(pair: Pair, name: str) -> dg.AssetCheckKey:
    return dg.AssetCheckKey(asset_key(pair), name)


def _output(pair: Pair, name: str) -> str:
    return f"{asset_key(pair).to_python_identifier()}_{name}"
