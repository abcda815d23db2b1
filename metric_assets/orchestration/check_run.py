"""One execution of an entity's checks: what is compared, in which order, and what is yielded of it.

Belongs here: the order of the step. Does not belong here: how a verdict is found (audit,
source_audit) or written down (evaluations).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import dagster as dg
from dagster import AssetCheckEvaluation

from metric_assets.audit.headroom import held, inhabited
from metric_assets.audit.late_events import Patience
from metric_assets.audit.legacy_check import check_groups
from metric_assets.audit.source_check import SourceVerdict
from metric_assets.catalog.model import Pair
from metric_assets.connect import open_target
from metric_assets.errors import MetricAssetsError, UnavailableError
from metric_assets.live import LiveRules
from metric_assets.operations.dry_run import DryRuns
from metric_assets.operations.listener import Unread
from metric_assets.orchestration.badge import build_badge
from metric_assets.orchestration.check_names import (
    CHECKS,
    MATCHES_LEGACY,
    MATCHES_SOURCE,
    RECONCILED,
    check_key,
    output_name,
)
from metric_assets.orchestration.evaluations import Evaluations, failing_last
from metric_assets.orchestration.explaining import Explaining
from metric_assets.orchestration.interruptions import one_interruption
from metric_assets.orchestration.proofs import Proofs
from metric_assets.orchestration.recording import HistoryLog
from metric_assets.orchestration.resources import ClickHouseResource, PostgresResource, Shared
from metric_assets.orchestration.retries import step_error
from metric_assets.orchestration.run_log import LoggedListener
from metric_assets.orchestration.source_audit import SourceAudit
from metric_assets.orchestration.storage import keep_connections
from metric_assets.ranges import IdRange
from metric_assets.reconcile import Verdict
from metric_assets.settings import Settings
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.postgres import Postgres
from metric_assets.stores.totals import EventTotals


class CheckRun:
    """One execution of an entity's checks: over the run's partitions, over those ``wanted`` of each
    pair, or over all materialized ones.
    """

    def __init__(
        self,
        context: dg.OpExecutionContext,
        entity: str,
        settings: Settings,
        shared: Shared,
        wanted: Mapping[Pair, Sequence[str]] | None = None,
    ) -> None:
        self.context = context
        self.entity = entity
        self.wanted = wanted
        self.settings = settings
        self.listener = shared.listener
        self.pairs = settings.catalog.pairs_of(entity)
        self.proofs = Proofs(context.instance)
        self.told = LoggedListener(
            shared.listener, context.log.info, entity, lambda result: SourceVerdict(result).sentence
        )
        self.audit = SourceAudit(context, entity, settings, self.told, self.proofs)
        #: Why there is no verdict, by pair: the ranges of each reason.
        self.unread: dict[Pair, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self.verdicts: list[SourceVerdict | Verdict] = []
        self.looks = shared.looks.of(context.run_id)
        self.history = HistoryLog(context, settings, shared.listener)
        self.evaluations = Evaluations(self.history, shared.listener, self.proofs)
        self.unloaded: dict[str, list[str]] = {}

    def execute(
        self,
        selected: set[dg.AssetCheckKey],
        postgres: PostgresResource,
        clickhouse: ClickHouseResource,
    ) -> Iterator[AssetCheckEvaluation | dg.Output[None]]:
        """Evaluations a pair and range, those that fail last; then one a pair.

        What cannot be compared fails the step at its end, after the results of everything else.
        """
        keep_connections(self.context.instance)
        chosen = {
            name: [pair for pair in self.pairs if check_key(pair, name) in selected]
            for name in CHECKS
        }
        broken: MetricAssetsError | None = None
        try:
            with (
                one_interruption(),
                postgres.open(self.settings) as source,
                clickhouse.open(self.settings) as server,
            ):
                self._compare(chosen, source, server)
        except MetricAssetsError as error:
            broken = error
        with self.history.written(clickhouse):
            yield from self._results(chosen, broken)

    def _results(
        self, chosen: dict[str, list[Pair]], broken: MetricAssetsError | None
    ) -> Iterator[AssetCheckEvaluation | dg.Output[None]]:
        for verdict in failing_last(self.verdicts):
            yield self.evaluations.of(verdict)
        if broken is not None:
            raise step_error(broken, self.context, self.listener) from broken
        for name in (MATCHES_SOURCE, MATCHES_LEGACY):
            for pair in chosen[name]:
                if pair not in self.unread:
                    yield dg.Output(None, output_name(pair, name))
        for pair in chosen[RECONCILED]:
            if pair not in self.unread:
                unloaded = self.unloaded.get(pair.key, [])
                badge = build_badge(pair, unloaded, self.settings, self.proofs)
                yield self.evaluations.of(badge)
                yield dg.Output(None, output_name(pair, RECONCILED))
        if self.unread:
            raise self._failure()

    def _compare(self, chosen: dict[str, list[Pair]], source: Postgres, server: ClickHouse) -> None:
        """Fills ``verdicts``, ``unread`` and ``unloaded``; those found before an error count."""
        looked = self._look_again(chosen[MATCHES_SOURCE], source, server)
        self._find_unloaded(chosen[RECONCILED], source, server)
        pieces = self.audit.pieces(chosen[MATCHES_SOURCE], looked)
        runs = self.audit.run(pieces, source, server)
        try:
            self._check_legacy(chosen[MATCHES_LEGACY], source, server)
            runs.finish()
        finally:
            self._add_source_checks(runs)
        stores = (source, server)
        explaining = Explaining(self.settings, stores, self.proofs.loaded, self.listener)
        self.verdicts = explaining.explained(self.verdicts)

    def _look_again(
        self, pairs: Sequence[Pair], source: Postgres, server: ClickHouse
    ) -> set[tuple[Pair, str]]:
        """The second look at what this run has loaded, before anything is compared with it; the
        pairs and ranges whose results are final now.
        """
        target = open_target(server, self.settings, self.context.run_id)
        looked = self.looks.take(target, source, announce=self.told.announce)
        self.listener.looked(looked)
        self.verdicts += [
            SourceVerdict(result, looked=True) for result in looked if result.pair in pairs
        ]
        return {(result.pair, result.ids.key) for result in looked}

    def _add_source_checks(self, runs: DryRuns) -> None:
        self.verdicts += map(SourceVerdict, runs.settled)
        busy = [str(one.error) for one in runs.missed if one.busy]
        if busy:
            self.listener.remarked(busy)
        for one in runs.missed:
            if isinstance(one.error, UnavailableError):
                raise one.error
            for pair in () if one.busy else one.pairs:
                self.unread[pair][str(one.error)].append(one.ids.key)

    def _failure(self) -> dg.Failure:
        """Each reason once; the listener is told which pairs it is about."""
        by_pair = {pair: "; ".join(found) for pair, found in self.unread.items()}
        self.listener.failed(Unread(self.context.run_id, by_pair))
        reasons = dict.fromkeys(reason for found in self.unread.values() for reason in found)
        return dg.Failure("; ".join(reasons), allow_retries=False)

    def _check_legacy(self, pairs: Sequence[Pair], source: Postgres, server: ClickHouse) -> None:
        # Pairs are mostly materialized over the same ranges: one walk for all that share them.
        together: dict[tuple[str, ...], list[Pair]] = {}
        for pair in pairs:
            together.setdefault(self._keys(pair), []).append(pair)
        target = EventTotals(server, self.settings.target_table)
        rules = LiveRules(self.settings.live_lag, self.settings.clock_skew)
        patience = Patience(rules, told=self.told.announce)
        entity = self.settings.catalog.entity[self.entity]
        groups = [(group, [IdRange.parse(key) for key in keys]) for keys, group in together.items()]
        for pair, ids, judgment in check_groups(entity, groups, source, target, patience):
            if isinstance(judgment, Verdict):
                self.verdicts.append(judgment)
            else:
                self.unread[pair][str(judgment)].append(ids.key)

    def _keys(self, pair: Pair) -> tuple[str, ...]:
        """Partitions of the run; without any, those that were ever materialized."""
        materialized = self.proofs.materialized(pair)
        grid = [ids.key for ids in self.settings.grid_of(pair.entity)]
        if self.wanted is not None:
            keys = set(self.wanted.get(pair, ())) & materialized
            return tuple(key for key in grid if key in keys)
        if self.context.has_partition_key or self.context.has_partition_key_range:
            chosen = set(self.context.partition_keys)
            return tuple(key for key in grid if key in chosen and key in materialized)
        return tuple(key for key in grid if key in materialized)

    def _find_unloaded(self, pairs: Sequence[Pair], source: Postgres, server: ClickHouse) -> None:
        """Ranges of each pair that were never materialized and hold entities or rows."""
        grid = self.settings.grid_of(self.entity)
        open_cells = {}
        for pair in pairs:
            done = self.proofs.materialized(pair)
            open_cells[pair.key] = [ids for ids in grid if ids.key not in done]
        cells = {ids for found in open_cells.values() for ids in found}
        if not cells:
            return
        cutoff = self.settings.cutoff_of(self.entity)
        lived = inhabited(self.settings.catalog.entity[self.entity], cells, grid, cutoff, source)
        table = self.settings.target_table
        metrics = [pair.metric for pair in pairs]
        rows = held(self.entity, metrics, cells, grid, cutoff, server, table)
        for pair in pairs:
            needed = lived | rows.get(pair.metric, set())
            self.unloaded[pair.key] = [ids.key for ids in open_cells[pair.key] if ids in needed]
