"""Each entity's grid against the ids that exist at its cutoff.

Belongs here: whether ids, partitions, grid and the target's entityId fit together. Does not belong
here: writing a grid (`metric-assets ranges --sync`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from metric_assets.audit import coverage
from metric_assets.audit.coverage import Coverage
from metric_assets.doctor.findings import FAILED, REMARK, Finding, Report, guarded
from metric_assets.settings import CUTOFF, TARGET_TABLE, Settings
from metric_assets.stores.postgres import Postgres
from metric_assets.stores.target import ClickHouseTarget

#: Partitions up to which Dagster's UI stays quick.
MANY = 400


def examine(
    store: Postgres, settings: Settings, known: dict[str, Coverage], report: Report
) -> Iterator[Finding]:
    """Look at the ids of every entity that has a cutoff; fills ``known``."""
    for entity in settings.catalog.entity:
        if settings.known_cutoff(entity) is not None:
            yield from guarded(f"{entity}: ids", _examine(entity, store, settings, known, report))


def _examine(
    entity: str, store: Postgres, settings: Settings, known: dict[str, Coverage], report: Report
) -> Iterator[Finding]:
    (found,) = coverage.examine(settings, store, [entity], report)
    known[entity] = found
    yield judge(found, default=entity not in settings.grids)


def judge(found: Coverage, *, default: bool) -> Finding:
    """What an entity's ids made before the cutoff mean for its grid."""
    grid = found.grid
    subject = f"{found.entity}: ids"
    origin = "the catalog's default" if default else "as set"
    cut = f"{len(grid):,} ranges of {grid.size:,} ids, {origin}"
    if found.highest is None:
        return Finding(
            subject, f"no entity before the cutoff; {cut}", f"Check {CUTOFF} and the source", REMARK
        )
    text = f"highest id {found.highest:,} at the cutoff; {cut}"
    if not found.covered:
        return Finding(subject, f"{found.summary}; {text}", found.advice, FAILED)
    if len(grid) > MANY:
        return Finding(
            subject,
            text,
            f"More than {MANY} partitions make Dagster slow: before the first backfill, choose a"
            " larger size in ranges.json",
            REMARK,
        )
    needed = found.highest // grid.size + 1
    if needed * 2 < len(grid):
        sync = f"`metric-assets ranges {found.entity} --sync`"
        return Finding(
            subject, f"{text}; ids lie in {needed:,} of them", f"{sync} trims it", REMARK
        )
    return Finding(subject, text)


def examine_target(
    target: ClickHouseTarget, table: str, known: Mapping[str, Coverage]
) -> Iterator[Finding]:
    """Ids made before the cutoff that entityId cannot hold: their ranges will be refused."""
    kind = target.layout.columns["entityId"]
    lowest, highest = target.layout.bounds.entity_id
    for entity, found in known.items():
        ends = [id for id in (found.lowest, found.highest) if id is not None]
        beyond = [id for id in ends if not lowest <= id <= highest]
        if beyond:
            yield Finding(
                f"{entity}: ids the target cannot hold",
                f"{' and '.join(f'{id:,}' for id in beyond)}: entityId of {table} is {kind}, which"
                f" holds {lowest:,} to {highest:,}; the ranges of ids beyond are refused",
                f"Load into a table whose entityId is Int64 ({TARGET_TABLE}), or give these"
                " entities other ids at the source",
                FAILED,
            )
