"""Explanations: why the counters of a pair and range differ from their source, or from legacy.

Belongs here: gathering what the hypotheses look at, from a dry run, the target and what is on
record. Does not belong here: the hypotheses (audit/explain), or how an answer is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from metric_assets.audit.entity_ids import existing
from metric_assets.audit.explain.answer import explain
from metric_assets.audit.explain.case import Case, Evidence, LiveBegin, NoEvidence
from metric_assets.audit.explain.legacy import explain_legacy
from metric_assets.audit.explain.units import difference
from metric_assets.audit.source_check import SourceVerdict
from metric_assets.catalog.model import Pair, Rule
from metric_assets.connect import open_stores
from metric_assets.examined import Around, Examined
from metric_assets.explanation import Explanation
from metric_assets.live import LiveRules
from metric_assets.load.loading import Stores
from metric_assets.load.pipeline import Planned, materialize
from metric_assets.load_result import LoadResult
from metric_assets.operations.dry_run import Recorded
from metric_assets.operations.explain_legacy import Sides, legacy_case
from metric_assets.operations.pair_report import code
from metric_assets.plan import RemovalGuard
from metric_assets.ranges import IdRange
from metric_assets.rows import last_before
from metric_assets.settings import Settings
from metric_assets.source_state import Loaded
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.postgres import Postgres
from metric_assets.stores.totals import EventTotals

#: Rows of all sides that are read of a range; of more, whole entities are taken as a sample.
MOST_ROWS = 400_000


@dataclass(frozen=True)
class Explained:
    """A pair and range: the verdict of its source check, and why it is so; likewise of legacy.

    ``legacy`` is None where the source check fails: legacy is compared with a counter that is
    wrong. ``allowed`` says that the pair's rule lets it differ from legacy.
    """

    verdict: SourceVerdict
    source: Explanation
    legacy: Explanation | None = None
    allowed: bool = False

    @property
    def in_sync(self) -> bool:
        """Whether nothing differs, but for what the rule allows."""
        legacy = self.legacy is None or self.allowed or not self.legacy.findings
        return self.verdict.passed and legacy

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "pair": self.verdict.pair.key,
            "ids": self.verdict.ids.key,
            "in_sync": self.in_sync,
            "word": code(self.verdict.word.value),
            "sentence": self.verdict.sentence,
            "source": self.source.as_dict(),
            "legacy": self.legacy.as_dict() if self.legacy else None,
            "legacy_allowed": self.allowed,
        }


@dataclass
class _Seen:
    """What a dry run showed while its stage was there."""

    examined: Examined
    wanted_digest: int
    coarse: bool
    recent: datetime | None


class Explainer:
    """Explains ranges, with open stores.

    ``recorded`` gives what was recorded when pairs were last loaded (None: nobody knows),
    ``evidence`` what was last verified. At most about ``most_rows`` rows of a range are read.
    """

    most_rows = MOST_ROWS

    def __init__(
        self,
        settings: Settings,
        postgres: Postgres,
        clickhouse: ClickHouse,
        recorded: Recorded | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        self._settings = settings
        self._postgres = postgres
        self._clickhouse = clickhouse
        self._recorded = recorded
        self._evidence = evidence or NoEvidence()
        self._totals = EventTotals(clickhouse, settings.target_table)
        self._stores: tuple[str, Stores] | None = None

    def explain(self, pair: Pair, ids: IdRange) -> Explained:
        """Why a range differs from its source; if it does not, why it differs from legacy."""
        verdict, source = self.source(pair, ids)
        if not verdict.passed:
            return Explained(verdict, source)
        legacy = self.legacy(pair, ids, verdict.load_result.digest)
        allowed = pair.legacy.rule is Rule.INFORMATIONAL
        return Explained(verdict, source, legacy, allowed)

    def source(self, pair: Pair, ids: IdRange) -> tuple[SourceVerdict, Explanation]:
        """The source check of a range, by a dry run, and why it fails if it does."""
        loaded = self._recorded([pair], ids) if self._recorded else {}
        result, seen = self._plan(pair, ids, loaded)
        if seen is None:
            return SourceVerdict(result), Explanation(pair.key, ids.key)
        explanation = explain(self._case(result, seen, loaded.get(pair.metric)))
        return SourceVerdict(result, explanation=explanation), explanation

    def _plan(
        self, pair: Pair, ids: IdRange, loaded: Mapping[str, Loaded]
    ) -> tuple[LoadResult, _Seen | None]:
        """A dry run, and what its stage showed of the rows where it found something."""
        settings = self._settings
        seen: list[_Seen] = []

        def examine(planned: Planned) -> None:
            plan = planned.outcome.first.of(pair.metric)
            if plan.empty and not planned.outcome.judged[pair.metric].figures.drift:
                return
            judging = planned.judging
            seen.append(
                _Seen(
                    planned.stage.examine(pair.metric, self.most_rows),
                    planned.digest(pair.metric),
                    planned.stage.coarse,
                    judging.horizon.recent if judging else None,
                )
            )

        (result,) = materialize(
            settings.catalog.scan[pair.key],
            [pair],
            ids,
            settings.cutoff_of(pair.entity),
            self._open(pair),
            guard=RemovalGuard(settings.max_removed_share, settings.max_replica_lag),
            loaded=lambda: loaded,
            live=LiveRules(settings.live_lag, settings.clock_skew),
            dry_run=True,
            examine=examine,
        )
        return result, seen[0] if seen else None

    def _open(self, pair: Pair) -> Stores:
        """The stores of a pair's scan, kept while the same scan is asked for."""
        scan = self._settings.catalog.scan[pair.key]
        if self._stores is None or self._stores[0] != scan.name:
            stores = open_stores(scan, self._postgres, self._clickhouse, self._settings, "explain")
            self._stores = scan.name, stores
        return self._stores[1]

    def _case(self, result: LoadResult, seen: _Seen, loaded: Loaded | None) -> Case:
        pair, ids, cutoff = result.pair, result.ids, result.cutoff
        entities, rows, _ = self._totals.around(pair, ids, cutoff, cutoff)
        first = self._totals.first_live(pair.entity, cutoff)
        return Case(
            result,
            seen.examined,
            seen.wanted_digest,
            last_before(cutoff, coarse=seen.coarse),
            verified=self._evidence.last_verified(pair, ids),
            loaded=loaded is not None or self._recorded is None,
            loaded_cutoff=loaded.cutoff if loaded else None,
            same_scan=loaded is None or loaded.code_version in {"", result.code_version},
            gone=self._gone(pair, seen.examined),
            around=Around(entities, rows),
            begin=LiveBegin(first.get(pair.metric), min(first.values(), default=None)),
            recent=seen.recent,
            held_from=lambda since: self._totals.around(pair, ids, cutoff, since)[2],
        )

    def _gone(self, pair: Pair, seen: Examined) -> frozenset[int]:
        """Entities with surplus rows that the source no longer has."""
        surplus = difference(seen.wanted, seen.held).filter(~pl.col("missing"))
        ids = surplus["entityId"].unique().sort().to_list()
        entity = self._settings.catalog.entity[pair.entity]
        return frozenset(set(ids) - existing(entity, ids, self._postgres)) if ids else frozenset()

    def legacy(self, pair: Pair, ids: IdRange, digest: int | None = None) -> Explanation:
        """Why the legacy counters of a range differ from the counter, which equals its source;
        ``digest`` is that of what the target holds.
        """
        stores = Sides(self._settings, self._postgres, self._totals, self._evidence)
        return explain_legacy(legacy_case(stores, pair, ids, digest))
