"""Any grid: however an entity's ids are cut, the same events come out, and they are the right ones.

The oracle is ``formula_totals``: SQL of the demo that shares nothing with the scans. Belongs here:
grids over the seeded demo. Does not belong here: single rules (test_known_answers).
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from metric_assets.catalog import CATALOG
from metric_assets.catalog.scan import Scan, Store
from metric_assets.events import derive
from metric_assets.load.pipeline import materialize
from metric_assets.local.demo_plan import cutoff_of
from metric_assets.local.seed import formula_totals
from metric_assets.ranges import IdRange
from metric_assets.sql import load as load_statement
from metric_assets.stores.ports import Bind
from metric_assets_tests.integration.platforms import TARGET, OpenStores, Platform, stores_of

pytestmark = pytest.mark.integration

#: Beyond every id of the demo, those of deleted entities included.
STOP = 500_000
#: Where the demo has ids: from 0 up, and the two versions that the platform injects.
INHABITED = (IdRange(0, 4_000), IdRange(391_000, 392_000), IdRange(424_000, 425_000))
#: Ids read one by one, and seven by seven, in a stretch where the scan has most events.
SINGLE_IDS, SEVENS = 12, 84

#: Where a random grid cuts an entity's ids; most entities of the demo have fewer than a hundred.
CUTS = st.sets(st.integers(1, 60) | st.integers(1, 900), max_size=3)

Totals = dict[tuple[int, str], int]
SCAN_NAMES = {scan.name: scan for scan in CATALOG.scans}


@pytest.fixture(scope="module")
def open_both(demo: Platform) -> OpenStores:
    """The stores to the demo, with the mirror of ModelVersion made once."""
    found = stores_of(demo)
    found.mirror.refresh(found.postgres)
    return found


@pytest.fixture(scope="module")
def formulas(demo: Platform) -> dict[str, Totals]:
    """What the events before the cutoff add up to, by the demo's own formulas."""
    found = {}
    for entity in CATALOG.entity:
        frame = formula_totals(
            demo.postgres_url, demo.clickhouse_url, entity, until=cutoff_of(entity)
        )
        rows = frame.select("entityId", "metricType", "total").iter_rows()
        found[entity] = {(entity_id, metric): total for entity_id, metric, total in rows if total}
    return found


@pytest.fixture(scope="module")
def sources(demo: Platform) -> dict[str, Totals]:
    """What every counter must be: all events of the source, by the demo's own formulas."""
    found = {}
    for entity in CATALOG.entity:
        rows = formula_totals(demo.postgres_url, demo.clickhouse_url, entity).iter_rows()
        found[entity] = {(entity_id, metric): total for entity_id, metric, total in rows if total}
    return found


@pytest.fixture(scope="module")
def owners(demo: Platform) -> frozenset[int]:
    """Users that exist; ClickHouse tracks reactions to those of others, too."""
    return frozenset(id for (id,) in demo.rows('SELECT id FROM "User"'))


def read(scan: Scan, ids: IdRange, through: OpenStores) -> pl.DataFrame:
    """The events of all pairs of a scan in a range, straight from the source."""
    source = through.postgres if scan.store is Store.POSTGRES else through.clickhouse
    binds: dict[str, Bind] = {
        "start": ids.start,
        "stop": ids.stop,
        "until": cutoff_of(scan.entity),
    }
    if scan.dimensions:
        binds["versions"] = through.mirror.name
    with source.read(load_statement(scan.name), binds, "test_any_grid") as reading:
        frames = [derive(frame, scan.pairs) for frame in reading.frames() if frame.height]
    empty = pl.DataFrame(
        schema={
            "metricType": pl.String,
            "entityId": pl.Int64,
            "userId": pl.Int64,
            "metricValue": pl.Int64,
            "createdAt": pl.Datetime("ms", "UTC"),
        }
    )
    return pl.concat([empty, *(frame.cast(empty.schema) for frame in frames)])


def totals(events: pl.DataFrame, owners: frozenset[int]) -> Totals:
    """Sums by entity and metric, zeros left out, owners that are gone left out."""
    sums = events.group_by("entityId", "metricType").agg(pl.col("metricValue").sum())
    return {
        (entity_id, metric): total
        for entity_id, metric, total in sums.iter_rows()
        if total and not (metric == "UserImageReaction" and entity_id not in owners)
    }


def of_scan(formula: Totals, scan: Scan, ids: IdRange) -> Totals:
    """The part of an entity's formula that a scan answers for, in a range."""
    metrics = {pair.metric for pair in scan.pairs}
    return {
        (entity_id, metric): total
        for (entity_id, metric), total in formula.items()
        if metric in metrics and ids.start <= entity_id < ids.stop
    }


def cut(ids: IdRange, size: int) -> Iterator[IdRange]:
    """A range cut into ranges of a size; the last may be shorter."""
    for start in range(ids.start, ids.stop, size):
        yield IdRange(start, min(start + size, ids.stop))


def busiest(events: pl.DataFrame, width: int) -> IdRange:
    """A stretch of ids around the entity with the most events, so that borders cut through rows."""
    ids = events["entityId"]
    ids = ids.filter(ids >= 0)
    centre = int(ids.value_counts(sort=True)["entityId"][0])
    start = max(0, centre - width // 2)
    return IdRange(start, start + width)


def multiset(frames: Iterable[pl.DataFrame]) -> Counter[tuple[object, ...]]:
    """Events with their multiplicity, whatever their order."""
    return Counter(row for frame in frames for row in frame.iter_rows())


@pytest.mark.parametrize("name", SCAN_NAMES)
def test_every_grid_gives_the_events_of_one_read_and_they_sum_to_the_formula(
    name: str, open_both: OpenStores, formulas: dict[str, Totals], owners: frozenset[int]
) -> None:
    """Cells of 1, 7 and 1,000 ids and one of all: no event is lost or doubled at a border, and
    every entity's total is the formula's."""
    scan = SCAN_NAMES[name]
    everything = IdRange(0, STOP)
    at_once = read(scan, everything, open_both)
    wanted = of_scan(formulas[scan.entity], scan, everything)
    assert wanted, "the demo has events for every scan"
    assert totals(at_once, owners) == wanted
    grids = [(busiest(at_once, SINGLE_IDS), 1), (busiest(at_once, SEVENS), 7)]
    grids += [(ids, 1_000) for ids in INHABITED]
    for ids, size in grids:
        cells = [read(scan, cell, open_both) for cell in cut(ids, size)]
        here = at_once.filter(pl.col("entityId").is_between(ids.start, ids.stop, closed="left"))
        assert multiset(cells) == multiset([here]), f"cells of {size}"
        assert totals(pl.concat(cells), owners) == of_scan(wanted, scan, ids)


def test_no_event_lies_beyond_the_range_that_the_grids_cover(
    formulas: dict[str, Totals], demo: Platform
) -> None:
    """The ranges of these tests hold every id there is, in the formulas and among the entities."""
    ids = {id for formula in formulas.values() for id, _ in formula}
    for entity in CATALOG.entity.values():
        ids.update(id for (id,) in demo.rows(f'SELECT id FROM "{entity.table}"'))
    assert not [id for id in ids if not any(cell.start <= id < cell.stop for cell in INHABITED)]


@settings(
    max_examples=2,  # the first is one cell for all, the second a grid of several cells
    deadline=None,
    database=None,
    phases=[Phase.generate],  # a failure names its grid; to shrink it would take minutes
    suppress_health_check=list(HealthCheck),
)
@given(cuts=st.fixed_dictionaries(dict.fromkeys(CATALOG.entity, CUTS)))
def test_all_pairs_through_a_random_grid_sum_to_the_formula(
    demo: Platform, sources: dict[str, Totals], owners: frozenset[int], cuts: dict[str, set[int]]
) -> None:
    """Every pair materialized through any grid of the whole id space, with all that was withdrawn,
    toggled and topped up after the cutoff: backfilled and live events sum to what the source says,
    and not one live event has changed."""
    table = f"target_{uuid.uuid4().hex[:12]}"
    demo.command(f"CREATE TABLE {table} AS {TARGET}")
    demo.command(f"INSERT INTO {table} SELECT * FROM {TARGET}")
    through = stores_of(demo, table=table)
    live = demo.checksum(table=table)
    for entity in CATALOG.entity:
        borders = [0, *sorted(cuts[entity]), STOP]
        for scan in CATALOG.scans_of(entity):
            stores = through.stores(scan)
            for start, stop in pairwise(borders):
                ids = IdRange(start, stop)
                materialize(scan, scan.pairs, ids, cutoff_of(entity), stores)
    for entity, formula in sources.items():
        found = demo.query(
            "SELECT toInt64(entityId), toString(metricType), toInt64(sum(metricValue)) AS total"
            f" FROM {table} WHERE entityType = '{entity}' GROUP BY ALL HAVING total != 0"
        )
        here = {
            (id, metric): total
            for id, metric, total in found
            if not (metric == "UserImageReaction" and id not in owners)
        }
        assert here == formula, entity
    at_or_after = " OR ".join(
        f"(entityType = '{entity}' AND createdAt >="
        f" toDateTime64('{cutoff_of(entity):%Y-%m-%d %H:%M:%S.%f}', 6, 'UTC'))"
        for entity in CATALOG.entity
    )
    assert demo.checksum(at_or_after, table=table) == live
    demo.command(f"DROP TABLE {table} SYNC")
