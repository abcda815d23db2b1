"""The source check of an entity's pairs without a materialization: dry runs of the ranges chosen.

Belongs here: which ranges a run compares with their source, and what their dry runs come to. Does
not belong here: a dry run (dry_run), or how its result reaches Dagster (evaluations).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace

import dagster as dg

from metric_assets.catalog.model import Pair
from metric_assets.catalog.scan import Scan
from metric_assets.connect import open_stores
from metric_assets.operations.dry_run import DryRuns, Piece
from metric_assets.orchestration.audit_budget import NEVER, budget, oldest_first
from metric_assets.orchestration.check_names import ALL, MATCHES_SOURCE, NONE, SOURCE_TAG
from metric_assets.orchestration.proofs import Proof, Proofs
from metric_assets.orchestration.run_log import LoggedListener
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.postgres import Postgres


class SourceAudit:
    """The source check of one run over an entity's pairs."""

    def __init__(
        self,
        context: dg.OpExecutionContext,
        entity: str,
        settings: Settings,
        listener: LoggedListener,
        proofs: Proofs,
    ) -> None:
        self._context = context
        self._entity = entity
        self._settings = settings
        self._listener = listener
        self._proofs = proofs

    def pieces(
        self, pairs: Sequence[Pair], done: Set[tuple[Pair, str]] = frozenset()
    ) -> list[Piece]:
        """What to compare: of the run's partitions, or of what its tag asks for, all that this very
        run has not evaluated yet, its materializations included; nor what is ``done``.
        """
        asked = self._context.run.tags.get(SOURCE_TAG, "")
        partitioned = self._context.has_partition_key or self._context.has_partition_key_range
        if asked == NONE and not partitioned:
            return []
        keys = [ids.key for ids in self._settings.grid_of(self._entity)]
        if partitioned:
            chosen = set(self._context.partition_keys)
            keys = [key for key in keys if key in chosen]
        materialized = {pair.key: self._proofs.materialized(pair) for pair in pairs}
        known = {pair.key: self._proofs.current(pair, MATCHES_SOURCE) for pair in pairs}
        units: dict[tuple[str, str], list[Pair]] = {}
        taken = 0
        scans = self._settings.catalog.scans_of(self._entity)
        for scan in scans:
            own = [pair for pair in pairs if pair in scan.pairs]
            for key in keys:
                loaded = [pair for pair in own if key in materialized[pair.key]]
                taken += bool(loaded)
                due = [
                    pair
                    for pair in loaded
                    if (pair, key) not in done and not self._is_done(known[pair.key].get(key))
                ]
                if due:
                    units[scan.name, key] = due
        if not partitioned and asked != ALL:
            ages = {unit: _age(unit[1], due, known) for unit, due in units.items()}
            most = budget(taken, self._settings.audit_days)
            units = {unit: units[unit] for unit in oldest_first(ages, most)}
        return _pieces(scans, units)

    def run(self, pieces: Sequence[Piece], source: Postgres, server: ClickHouse) -> DryRuns:
        """Dry-run them; what they come to is in the result."""
        runs = DryRuns(
            self._settings,
            lambda scan: open_stores(scan, source, server, self._settings, self._context.run_id),
            self._listener,
            self._proofs.loaded,
        )
        if not pieces:
            return runs
        steps = sum(len(piece.ranges) for piece in pieces)
        self._listener.expects(steps)
        self._listener.log.add([f"{self._entity}: {steps} ranges are compared with their source"])
        runs.walk(pieces)
        self._listener.log.add(f"{one.ids.key}: {one.error}" for one in runs.missed)
        self._listener.log.flush()
        return runs

    def _is_done(self, proof: Proof | None) -> bool:
        return proof is not None and proof.run == self._context.run_id


def _age(key: str, pairs: Iterable[Pair], known: dict[str, dict[str, Proof]]) -> int:
    """The oldest proof of a range among pairs; one that fails verifies nothing."""
    found = (known[pair.key].get(key) for pair in pairs)
    return min(NEVER if proof is None or not proof.passed else proof.age for proof in found)


def _pieces(scans: Sequence[Scan], units: dict[tuple[str, str], list[Pair]]) -> list[Piece]:
    """Ranges of a scan that concern the same pairs, together."""
    found: list[Piece] = []
    for scan in scans:
        together: dict[tuple[str, ...], Piece] = {}
        for (name, key), pairs in units.items():
            if name == scan.name:
                group = tuple(pair.key for pair in pairs)
                piece = together.setdefault(group, Piece(scan, tuple(pairs), ()))
                together[group] = replace(piece, ranges=(*piece.ranges, IdRange.parse(key)))
        found += together.values()
    return found
