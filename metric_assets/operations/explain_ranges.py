"""Explanations of many ranges, with stores opened for them.

Belongs here: the walk, and what becomes of a range that cannot be planned. Does not belong here: an
explanation (explain).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from metric_assets.audit.history import History
from metric_assets.catalog.model import Pair
from metric_assets.connect import open_both
from metric_assets.errors import MetricAssetsError, UnavailableError
from metric_assets.operations.dry_run import Missed, Piece, Recorded
from metric_assets.operations.explain import Explained, Explainer
from metric_assets.operations.listener import Listener
from metric_assets.operations.records import HistoryEvidence
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings


def explain_ranges(
    pieces: Iterable[Piece],
    settings: Settings,
    listener: Listener,
    recorded: Recorded | None = None,
) -> Iterator[Explained | Missed]:
    """Explain every pair and range of some pieces; what cannot be planned is missed.

    The listener is told which range is being read, and what is not on record. Raises
    UnavailableError where a store does not answer: no other range could be read either.
    """
    with open_both(settings) as (postgres, clickhouse):
        evidence = HistoryEvidence(History(clickhouse, settings))
        explainer = Explainer(settings, postgres, clickhouse, recorded, evidence)
        for piece in pieces:
            for ids in piece.ranges:
                listener.began(piece.scan.name, ids)
                found = [_explained(explainer, pair, ids) for pair in piece.pairs]
                results = [one.verdict.load_result for one in found if isinstance(one, Explained)]
                if results:
                    listener.ended(results)
                yield from found
    if evidence.failure:
        listener.remarked([evidence.failure])


def _explained(explainer: Explainer, pair: Pair, ids: IdRange) -> Explained | Missed:
    try:
        return explainer.explain(pair, ids)
    except UnavailableError:
        raise
    except MetricAssetsError as error:
        return Missed((pair,), ids, error)
