"""Undo on an engine: the target holds, row by row, what it held before the run.

Belongs here: a run and its undoing, on every layout, and what stands in the way. Does not belong
here: what Dagster records of it (test_undo_recorded).
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone
from typing import Any

import pytest

from metric_assets.errors import RecordError, UndoError
from metric_assets.load.undo import Undo, Undone
from metric_assets_tests.integration.platforms import TARGET, Event, OpenStores, Platform, stores_of
from metric_assets_tests.integration.platforms import load as load_pairs
from metric_assets_tests.integration.test_repair import (
    LAYOUTS,
    PAIRS,
    SCOPE,
    Loaded,
    delete_by_hand,
    double_by_hand,
    prepare,
)

pytestmark = pytest.mark.integration

CUTOFF = datetime(2025, 10, 1, tzinfo=timezone.utc)
MODES = ["auto", "append"]
#: Two pairs of one scan: each has 1,200 events.
CHOSEN = PAIRS[:2]
LIKES = "(entityType = 'Image' AND metricType = 'ReactionLike' AND entityId < 1000)"


def stores(made: Loaded, run: str, mode: str = "auto") -> OpenStores:
    """Stores that record changes of a run."""
    return stores_of(made.platform, table=made.table, mode=mode, run=run)


def load(made: Loaded, run: str, mode: str = "auto", **options: Any) -> None:
    """Load all pairs of the scope as a run."""
    through = stores(made, run, mode)
    load_pairs(
        made.platform, PAIRS, cutoff=CUTOFF, through=through, max_removed_share=1.0, **options
    )


def undo(
    made: Loaded, run: str, by: str, mode: str = "auto", *, force: bool = False, dry: bool = False
) -> list[Undone]:
    """Undo a run, as another run."""
    through = stores(made, by, mode)
    repairs = through.target.repairs
    assert repairs is not None
    work = Undo(through.target, through.postgres, force)
    found = repairs.ranges(run)
    return [work.plan(one) if dry else work.run(one) for one in found]


def exact(made: Loaded) -> Counter[Event]:
    """Every row of the target."""
    return Counter(made.platform.events(table=made.table))


def nets(made: Loaded) -> Counter[Event]:
    """Copies of each event less the copies of its negation."""
    found: Counter[Event] = Counter()
    for (entity, user, metric, value, at), copies in exact(made).items():
        found[entity, user, metric, abs(value), at] += copies if value >= 0 else -copies
    return Counter({event: copies for event, copies in found.items() if copies})


def state(made: Loaded, mode: str) -> Counter[Event]:
    """What has to come back: every row, or where nothing is deleted what all rows are worth."""
    return nets(made) if mode == "append" or not made.platform.deletes else exact(made)


@pytest.fixture(params=[0, 50_000], ids=["engine", "memory"])
def made(platform: Platform, request: pytest.FixtureRequest) -> Loaded:
    """Sources and bystanders; nothing is loaded."""
    platform.memory_rows = request.param
    return prepare(platform)


def damage(made: Loaded) -> None:
    """Rows are lost and doubled, and the source loses some."""
    delete_by_hand(made, 700)
    double_by_hand(made, 500)
    made.platform.run('DELETE FROM "ImageReaction" WHERE id BETWEEN 3001 AND 3010')


@pytest.mark.promise(
    "The target holds, row by row, what it held before the run.",
    when="a run is undone after a repair or a first load",
    area="undo",
)
@pytest.mark.parametrize("mode", MODES)
def test_a_repair_and_a_first_load_are_undone(made: Loaded, mode: str) -> None:
    """In their order, backwards; an undo is undone as well."""
    empty = state(made, mode)
    load(made, "first", mode)
    full = state(made, mode)
    damage(made)
    damaged = state(made, mode)
    load(made, "second", mode)
    repaired = state(made, mode)

    plans = undo(made, "second", "", mode, dry=True)
    assert state(made, mode) == repaired
    done = undo(made, "second", "third", mode)
    assert [one.plan for one in done] == [one.plan for one in plans]
    assert state(made, mode) == damaged
    undo(made, "third", "fourth", mode)
    assert state(made, mode) == repaired
    assert all(one.plan.empty for one in undo(made, "third", "fifth", mode))
    undo(made, "second", "sixth", mode)
    assert state(made, mode) == damaged
    undo(made, "first", "seventh", mode)
    assert state(made, mode) == empty
    undo(made, "seventh", "eighth", mode)
    assert state(made, mode) == damaged
    assert full != damaged
    made.check_bystanders()
    assert not [name for name in made.tables() if name.startswith(f"{TARGET}__")]


@pytest.mark.parametrize("mode", MODES)
def test_what_others_wrote_is_refused(made: Loaded, mode: str) -> None:
    """Rows that were added to a scope that a run filled, or exchanged in it, or a key that a repair
    changed and somebody changed again: nothing is undone, unless it is forced.
    """
    empty = state(made, mode)
    load(made, "first", mode)
    double_by_hand(made, 5)
    with pytest.raises(UndoError, match="somebody else wrote"):
        undo(made, "first", "second", mode)
    load(made, "third", mode)
    with pytest.raises(UndoError, match="undo later runs first: third"):
        undo(made, "first", "second", mode)
    delete_by_hand(made, 10)
    damaged = state(made, mode)
    load(made, "fourth", mode)
    repaired = state(made, mode)
    made.platform.command(
        f"INSERT INTO {made.table} SELECT * FROM {made.table} WHERE {SCOPE} ORDER BY userId LIMIT 2"
    )
    with pytest.raises(UndoError, match=r"1 keys or more hold what neither run fourth"):
        undo(made, "fourth", "fifth", mode)
    undo(made, "fourth", "fifth", mode, force=True)
    assert state(made, mode) == damaged
    undo(made, "fifth", "sixth", mode)
    assert state(made, mode) != repaired
    undo(made, "fourth", "seventh", mode, force=True)
    undo(made, "third", "eighth", mode)
    undo(made, "first", "ninth", mode, force=True)
    assert state(made, mode) == empty


def test_rows_exchanged_in_a_scope_are_noticed(made: Loaded) -> None:
    """As many rows as were loaded, one of them another: somebody else wrote."""
    load(made, "first")
    delete_by_hand(made, 1)
    made.platform.command(
        f"INSERT INTO {made.table} VALUES ('Image', 5, 1, 'ReactionDislike', 1, '2023-01-01')"
    )
    with pytest.raises(UndoError, match="somebody else wrote"):
        undo(made, "first", "second")


def test_an_undo_is_refused_once_a_later_load_changed_the_range(made: Loaded) -> None:
    """The later run is named; once it is undone, the earlier one can be."""
    empty = state(made, "auto")
    load(made, "first")
    damage(made)
    load(made, "second")
    with pytest.raises(UndoError, match=r"undo later runs first: second \(somebody on here"):
        undo(made, "first", "third")
    undo(made, "second", "third")
    undo(made, "first", "fourth")
    assert state(made, "auto") == empty
    made.check_bystanders()


@pytest.mark.parametrize(
    "layout",
    [
        "the customer's, by month",
        "ours with a deduplication log",
        "whole seconds",
        "more columns, all with defaults",
    ],
)
def test_every_layout_is_put_back(platform: Platform, layout: str) -> None:
    """Repairs and first loads of tables as customers have them; times keep what they had."""
    platform.create(f"CREATE TABLE other {LAYOUTS[layout]}")
    made = prepare(platform, "other")
    empty = state(made, "auto")
    load(made, "first")
    damage(made)
    damaged = state(made, "auto")
    load(made, "second")
    undo(made, "second", "third")
    assert state(made, "auto") == damaged
    undo(made, "first", "fourth")
    assert state(made, "auto") == empty


def test_nothing_is_recorded_where_nothing_changes(made: Loaded) -> None:
    """Dry runs, empty plans and refused ones leave no record."""
    load(made, "first", dry_run=True)
    assert "metricRepairs" not in made.tables()
    load(made, "first")
    count = "SELECT count(), uniqExact(run) FROM metricRepairs"
    # A row a metric that the load put in: all went into an empty scope. The target holds rows of
    # others as well: of other pairs, and at or after the cutoff.
    recorded = made.platform.query("SELECT metricType FROM metricRepairs ORDER BY metricType")
    assert recorded == made.platform.query(
        f"SELECT DISTINCT metricType FROM {made.table} WHERE entityType = 'Image'"
        " AND metricType LIKE 'Reaction%'"
        " AND createdAt < '2025-10-01 00:00:00' ORDER BY metricType"
    )
    metrics = len(recorded)
    assert metrics > 1
    assert made.platform.query(count) == [(metrics, 1)]
    load(made, "second")
    assert made.platform.query(count) == [(metrics, 1)]


@pytest.fixture
def follows(platform: Platform) -> Platform:
    """A tag that two users follow, before anything is loaded."""
    for user in (5, 6):
        platform.add("TagEngagement", tagId=1, userId=user, type="Follow", createdAt="2024-02-02")
    return platform


def test_one_row_that_a_repair_put_in_is_taken_out(follows: Platform) -> None:
    """What was there before the repair, and nothing else."""
    load_pairs(follows, "Tag/Follower", through=stores_of(follows, run="first"))
    follows.command(f"DELETE FROM {TARGET} WHERE userId = 6")
    before = follows.standing()
    load_pairs(follows, "Tag/Follower", through=stores_of(follows, run="second"))
    assert len(follows.standing()) == 2
    through = stores_of(follows, run="third")
    assert through.target.repairs is not None
    for changed in through.target.repairs.ranges("second"):
        Undo(through.target, through.postgres).run(changed)
    assert follows.standing() == before


@pytest.mark.promise(
    "Refused, with what to grant; the target is untouched.",
    when="what is about to change cannot be written down",
    area="undo",
)
def test_what_cannot_be_written_down_is_not_done(follows: Platform) -> None:
    """Somebody has made another table of the name: the load says so and writes nothing."""
    follows.command("CREATE TABLE metricRepairs (x Int8) ENGINE = MergeTree ORDER BY x")
    with pytest.raises(RecordError, match=r"metricRepairs, so nothing was changed: .* Grant"):
        load_pairs(follows, "Tag/Follower")
    assert follows.events() == []
