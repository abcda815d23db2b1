"""One execution of a scan's step: the loop over the partitions of a run.

Belongs here: the order of a run, and what of it Dagster is told. Does not belong here: how a
partition is materialized (pipeline).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from metric_assets.audit.source_check import SourceVerdict
from metric_assets.catalog.model import Pair
from metric_assets.catalog.scan import Scan
from metric_assets.connect import open_stores
from metric_assets.errors import MetricAssetsError, SettingsError
from metric_assets.live import LiveRules
from metric_assets.load.loading import Stores
from metric_assets.load.scan_load import ScanLoad
from metric_assets.load_result import LoadResult
from metric_assets.orchestration.check_names import HEAL_TAG, asset_key, checks_name
from metric_assets.orchestration.evaluations import Evaluations, failing_last, log_evaluation
from metric_assets.orchestration.interruptions import one_interruption
from metric_assets.orchestration.metadata import load_result_metadata, load_result_sentence
from metric_assets.orchestration.partitions import ranges_of
from metric_assets.orchestration.proofs import Proofs
from metric_assets.orchestration.recording import HistoryLog
from metric_assets.orchestration.resources import ClickHouseResource, PostgresResource, Shared
from metric_assets.orchestration.retries import step_error
from metric_assets.orchestration.run_log import LoggedListener
from metric_assets.orchestration.storage import keep_connections
from metric_assets.orchestration.tables import dimension_key
from metric_assets.ranges import IdRange
from metric_assets.settings import RANGES, Settings


class ScanRun:
    """One execution of a scan's step over the partitions of its run, or over those ``wanted`` of
    each pair, whose second look somebody else takes.
    """

    def __init__(
        self,
        context: dg.OpExecutionContext,
        scan: Scan,
        settings: Settings,
        shared: Shared,
        wanted: Mapping[Pair, Sequence[str]] | None = None,
    ) -> None:
        self.context = context
        self.scan = scan
        self.settings = settings
        self.listener = shared.listener
        self.wanted = wanted
        chosen = context.selected_asset_keys if wanted is None else set(map(asset_key, wanted))
        self.pairs = [pair for pair in scan.pairs if asset_key(pair) in chosen]
        self.done: list[LoadResult] = []
        #: What the second look of this step came to.
        self.looked: list[LoadResult] = []
        #: The target's columns and their types.
        self.columns: Mapping[str, str] = {}
        heal = context.run.tags.get(HEAL_TAG) == "true"
        self.live = LiveRules(settings.live_lag, settings.clock_skew, heal)
        self.looks = shared.looks.of(context.run_id)
        self.proofs = Proofs(context.instance)
        self.guard = shared.guards.of(context.run_id)
        self.history = HistoryLog(context, settings, shared.listener)
        self.evaluations = Evaluations(self.history, shared.listener, self.proofs)
        self.told = LoggedListener(
            shared.listener, context.log.info, scan.name, load_result_sentence
        )

    def execute(
        self,
        assets: dg.AssetExecutionContext,
        postgres: PostgresResource,
        clickhouse: ClickHouseResource,
    ) -> Iterator[dg.MaterializeResult[None]]:
        """Materialize partition after partition; what is finished is kept whatever follows."""
        keep_connections(self.context.instance)
        with one_interruption():
            self._load(postgres, clickhouse)
        for result in self.done:
            assets.add_asset_metadata(
                load_result_metadata(result, self.columns),
                asset_key(result.pair),
                result.ids.key,
            )
        with self.history.written(clickhouse):
            for pair in self.pairs:
                yield dg.MaterializeResult(asset_key=asset_key(pair))
                self._log_checks(pair)

    def load_again(self, postgres: PostgresResource, clickhouse: ClickHouseResource) -> None:
        """Load what is wanted outside of assets, whose runs know one stretch of partitions for all
        of them; what is finished is kept whatever follows.
        """
        with one_interruption():
            self._load(postgres, clickhouse)
        self._keep_finished()
        with self.history.written(clickhouse):
            for pair in self.pairs:
                self._log_checks(pair)

    def _log_checks(self, pair: Pair) -> None:
        """What a load verifies is a source check, for nothing; asked for once it is recorded.

        Where a second look is pending its result is logged after it. A failed run logs none: its
        second look has not been taken.
        """
        pending = self.looks.pending
        own = [
            SourceVerdict(result, looked=result in self.looked)
            for result in self.done
            if result.pair == pair and (result.pair, result.ids) not in pending
        ]
        for verdict in failing_last(own):
            log_evaluation(self.context, self.evaluations.of(verdict))

    def _load(self, postgres: PostgresResource, clickhouse: ClickHouseResource) -> None:
        try:
            work = self._work()
            self.settings.cutoff_of(self.scan.entity)
            self._refuse_another_size()
            with (
                postgres.open(self.settings) as source,
                clickhouse.open(self.settings) as server,
            ):
                stores = open_stores(self.scan, source, server, self.settings, self.context.run_id)
                self.columns = stores.target.columns
                for dimension in self.settings.catalog.dimensions_of(self.scan):
                    # The run has refreshed the copy; the UI should know.
                    self.context.log_event(dg.AssetMaterialization(dimension_key(dimension)))
                self.told.expects(len(work))
                load = self._scan_load(stores)
                load.over(work, self._began, self.told.read, self._ended)
                # In the order of the grid, whichever came first.
                self.done.sort(key=lambda result: result.ids.start)
                self._look_again(stores)
            self.told.log.flush()
        except MetricAssetsError as error:
            self._keep_finished()
            raise step_error(error, self.context, self.listener) from error
        except Exception as error:
            self._keep_finished()
            raise dg.Failure(
                f"{self.scan.entity}: {type(error).__name__}: {error}", allow_retries=False
            ) from error
        except BaseException:
            self._keep_finished()
            raise

    def _refuse_another_size(self) -> None:
        """Keys of another size say that the grid was changed under a live instance."""
        grid = self.settings.grid_of(self.scan.entity)
        for pair in self.pairs:
            for key in self.context.instance.get_materialized_partitions(asset_key(pair)):
                known = IdRange.parse(key)
                if grid.cell(known.start) != known:
                    raise SettingsError(
                        f"{pair.key}: was materialized in ranges like {key}, but the grid now cuts"
                        f" {grid.size} ids a range. A size never changes on a live instance:"
                        f" restore it in {RANGES} or {self.settings.ranges_file}, or wipe the"
                        " asset's history first"
                    )

    def _work(self) -> dict[IdRange, list[Pair]]:
        """The ranges to load, each with its pairs."""
        if self.wanted is None:
            keys = ranges_of(self.context.partition_keys, self.scan.entity)
            return dict.fromkeys(keys, self.pairs)
        work: dict[IdRange, list[Pair]] = {}
        for pair in self.pairs:
            for ids in ranges_of(self.wanted[pair], pair.key):
                work.setdefault(ids, []).append(pair)
        return dict(sorted(work.items()))

    def _scan_load(self, stores: Stores) -> ScanLoad:
        settings = self.settings
        return ScanLoad(
            self.scan,
            settings.cutoff_of(self.scan.entity),
            stores,
            self.guard,
            self.proofs.loaded,
            self.live,
            self.looks,
            settings.memory_rows,
            settings.parallel_ranges,
        )

    def _began(self, ids: IdRange) -> None:
        self.told.began(self.scan.name, ids)

    def _ended(self, load_results: list[LoadResult]) -> None:
        self.done += load_results
        self.told.ended(load_results)

    def _look_again(self, stores: Stores) -> None:
        """Where no step of this run checks the entity, which would do it for all scans at once."""
        checked = checks_name(self.scan.entity) in {
            node.name for node in self.context.job_def.nodes
        }
        if checked or self.wanted is not None:
            return

        self.looked = self.looks.take(stores.target, stores.locks, announce=self.told.announce)
        again = {(result.pair, result.ids): result for result in self.looked}
        self.done = [again.get((result.pair, result.ids), result) for result in self.done]
        self.told.looked(self.looked)

    def _keep_finished(self) -> None:
        """On success the results record the partitions; on failure nothing else would."""
        self.told.log.flush()
        for result in self.done:
            self.context.log_event(
                dg.AssetMaterialization(
                    asset_key=asset_key(result.pair),
                    partition=result.ids.key,
                    metadata=load_result_metadata(result, self.columns),
                )
            )
