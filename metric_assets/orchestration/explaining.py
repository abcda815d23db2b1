"""Failing ranges of one run, explained: a few, so that a check stays short.

Belongs here: which of them, and where the explanation goes. Does not belong here: an explanation
(operations/explain).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from metric_assets.audit.history import History
from metric_assets.audit.source_check import SourceVerdict
from metric_assets.catalog.model import Pair
from metric_assets.errors import MetricAssetsError
from metric_assets.explanation import Explanation
from metric_assets.operations.dry_run import Recorded
from metric_assets.operations.explain import Explainer
from metric_assets.operations.listener import Listener
from metric_assets.operations.records import HistoryEvidence
from metric_assets.ranges import IdRange
from metric_assets.reconcile import Verdict
from metric_assets.settings import Settings
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.postgres import Postgres

#: Ranges that one step explains of each check, those with most to say first.
MOST_RANGES = 3


class Explaining:
    """Explains what fails of one step, with its open stores; what it cannot is told and left."""

    def __init__(
        self,
        settings: Settings,
        stores: tuple[Postgres, ClickHouse],
        recorded: Recorded,
        listener: Listener,
    ) -> None:
        self._listener = listener
        self._evidence = HistoryEvidence(History(stores[1], settings))
        self._explainer = Explainer(settings, *stores, recorded, self._evidence)

    def explained(
        self, verdicts: Sequence[SourceVerdict | Verdict]
    ) -> list[SourceVerdict | Verdict]:
        """The verdicts in their order, the gravest that fail with an explanation.

        Legacy is explained only where the counter is known to equal its source.
        """
        source = [one for one in verdicts if isinstance(one, SourceVerdict)]
        wrong = {(one.pair, one.ids) for one in source if not one.passed}
        digests = {(one.pair, one.ids): one.load_result.digest for one in source if one.passed}
        legacy = [
            one
            for one in verdicts
            if isinstance(one, Verdict) and not one.passed and (one.pair, one.ids) not in wrong
        ]
        failing = [one for one in source if not one.passed]
        gravest = sorted(failing, key=lambda one: (not one.severe, -_size(one)))[:MOST_RANGES]
        worst = sorted(legacy, key=lambda one: -one.offending)[:MOST_RANGES]
        found: dict[int, SourceVerdict | Verdict] = {}
        for one in gravest:
            why = self._explain(one.pair, one.ids, legacy=False, digest=None)
            found[id(one)] = replace(one, explanation=why)
        for broken in worst:
            place = (broken.pair, broken.ids)
            why = self._explain(*place, legacy=True, digest=digests.get(place))
            found[id(broken)] = replace(broken, explanation=why)
        if self._evidence.failure:
            self._listener.remarked([self._evidence.failure])
        return [found.get(id(one), one) for one in verdicts]

    def _explain(
        self, pair: Pair, ids: IdRange, *, legacy: bool, digest: int | None
    ) -> Explanation | None:
        """Why a check of a range fails; None, and the reason told, if it cannot be looked at."""
        try:
            if not legacy:
                return self._explainer.source(pair, ids)[1]
            if digest is not None:
                return self._explainer.legacy(pair, ids, digest)
            explained = self._explainer.explain(pair, ids)
        except MetricAssetsError as error:
            # The verdict stands without it.
            self._listener.remarked([f"{pair.key}/{ids.key} could not be explained: {error}"])
            return None
        return explained.legacy


def _size(verdict: SourceVerdict) -> int:
    result = verdict.load_result
    return result.inserted + result.removed + result.live.drift
