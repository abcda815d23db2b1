"""Reconciliations: where a difference comes from, and rows of the target that belong to nothing.

Belongs here: what is asked beside the checks themselves. Does not belong here: a check (audit,
source_check), or a repair (repair).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from metric_assets.audit.history_rows import strays_row
from metric_assets.audit.source_check import LEGACY_DRIFT, SourceVerdict
from metric_assets.audit.strays import Stray, find_strays
from metric_assets.catalog.model import Pair
from metric_assets.connect import open_both, open_target
from metric_assets.load_result import LoadResult
from metric_assets.operations.dry_run import Piece
from metric_assets.operations.history import record
from metric_assets.operations.pair_report import PairReport
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings


def unexplained(reports: Iterable[PairReport], settings: Settings) -> list[Piece]:
    """Ranges that break the rule of legacy and were not compared with their source."""
    pieces = []
    for report in reports:
        compared = {verdict.ids.key for verdict in report.source_verdicts}
        keys = [key for key in report.failing["legacy differs"] if key not in compared]
        if keys:
            ranges = tuple(map(IdRange.parse, keys))
            pieces.append(Piece(settings.catalog.scan[report.pair.key], (report.pair,), ranges))
    return pieces


def causes(reports: Iterable[PairReport], planned: Iterable[LoadResult]) -> list[str]:
    """Where each difference comes from: what the source check says of it.

    ``planned`` are load results of the ranges that are unexplained().
    """
    said = []
    for report in reports:
        verdicts = {verdict.ids.key: verdict for verdict in report.source_verdicts}
        said += [one.sentence for one in verdicts.values() if not one.passed]
        said += [
            _sentence(verdicts[key])
            for key in report.failing["legacy differs"]
            if key in verdicts and verdicts[key].passed
        ]
    return [*said, *(_sentence(SourceVerdict(result)) for result in planned)]


def _sentence(verdict: SourceVerdict) -> str:
    """What a range that breaks the rule of legacy suffers from."""
    if verdict.passed:
        return f"{verdict.load_result.place}: {LEGACY_DRIFT}"
    return verdict.sentence


def strays_of(
    pairs: Sequence[Pair] | None, settings: Settings, told: Callable[[str], object]
) -> list[Stray]:
    """Rows that belong to nothing, of the pairs' entity types; of any for None.

    That is the check of the whole target and goes into its history; ``told`` as of record().
    """
    entities = None if pairs is None else list(dict.fromkeys(pair.entity for pair in pairs))
    with open_both(settings) as (_, clickhouse):
        mode = open_target(clickhouse, settings).mode
        strays = find_strays(clickhouse, settings, mode, entities)
    if entities is None:
        record(lambda stamp: [strays_row(strays, stamp)], settings, told)
    return strays
