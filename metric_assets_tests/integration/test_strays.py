"""Rows of the target that belong to nothing: found with one statement, removed only below the cutoff."""

from __future__ import annotations

from pathlib import Path

import pytest

from metric_assets.audit.strays import Stray, find_strays, remove_stray
from metric_assets.errors import RemovalRefusedError
from metric_assets.plan import Mode
from metric_assets.ranges import Grid
from metric_assets.settings import Settings
from metric_assets_tests.integration.platforms import CUTOFF, TARGET, Platform, stores_of

pytestmark = pytest.mark.integration

#: Ten tags in ranges from 0 on and a cell apart below 0; other entities have their usual grids.
GRIDS = {"Tag": Grid(10, 20, (-20,))}
ROWS = f"""
INSERT INTO {TARGET} VALUES
    ('Tag', 5, 1, 'Follower', 1, '2024-01-01 00:00:00'),
    ('Tag', -15, 1, 'Follower', 1, '2024-01-01 00:00:00'),
    ('Tag', 20, 1, 'Follower', 1, '2024-01-01 00:00:00'),
    ('Tag', 99, 2, 'Follower', 1, '2024-01-02 00:00:00'),
    ('Tag', -1, 2, 'Follower', 1, '2024-01-02 00:00:00'),
    ('Tag', 5, 2, 'Nothing', 1, '2024-01-02 00:00:00'),
    ('Nobody', 5, 2, 'Follower', 1, '2024-01-02 00:00:00'),
    ('Nobody', 6, 2, 'Follower', 3, '2024-01-02 00:00:00'),
    ('Tag', 99, 2, 'Follower', 1, '2025-11-01 00:00:00'),
    ('Nobody', 5, 2, 'Follower', 1, '2025-11-01 00:00:00')
"""
#: Worked out by hand: 20, 99 and -1 lie in no range, -15 in the cell apart.
FOUND = {
    ("Tag", "Follower", True, 3, -1, 99),
    ("Tag", "Nothing", False, 1, 5, 5),
    ("Nobody", "Follower", False, 2, 5, 6),
}


@pytest.fixture
def settings(platform: Platform, tmp_path: Path) -> Settings:
    """A target with rows of every kind."""
    platform.command(ROWS)
    return Settings(home=tmp_path, target_table=TARGET, cutoff=CUTOFF, grids=GRIDS)


def strays(platform: Platform, settings: Settings, mode: Mode = Mode.REPLACE) -> list[Stray]:
    """What belongs to nothing."""
    return find_strays(stores_of(platform).clickhouse, settings, mode)


def facts(found: list[Stray]) -> set[tuple[str, str, bool, int, int, int]]:
    """Kinds of strays."""
    return {(s.entity, s.metric, s.outside, s.events, s.lowest, s.highest) for s in found}


def remove(platform: Platform, settings: Settings, mode: Mode) -> list[str]:
    """Remove every kind."""
    through = stores_of(platform)
    return [
        remove_stray(stray, through.clickhouse, through.postgres, settings, mode)
        for stray in strays(platform, settings, mode)
    ]


def test_rows_of_nothing_are_found(platform: Platform, settings: Settings) -> None:
    """Unknown entity types and metrics, and ids in no range; events after the cutoff are none of
    ours, whatever they are called.
    """
    found = strays(platform, settings)
    assert facts(found) == FOUND
    said = {stray.sentence for stray in found}
    assert (
        "Tag/Nothing: 1 row of id 5 below the cutoff belong to nothing: no pair of Tag has this"
        " metric" in said
    )
    only = find_strays(stores_of(platform).clickhouse, settings, Mode.REPLACE, ["Tag"])
    assert {stray.entity for stray in only} == {"Tag"}


@pytest.mark.promise(
    "Found, and removed exactly.",
    when="rows of the target that belong to no pair or range",
    area="counter",
)
def test_they_are_deleted_exactly(platform: Platform, settings: Settings) -> None:
    """What belongs to pairs and what lies after the cutoff stays."""
    remove(platform, settings, Mode.REPLACE)
    assert strays(platform, settings) == []
    assert [(event[0], event[4][:4]) for event in platform.events()] == [
        (-15, "2024"), (5, "2024"), (5, "2025"), (99, "2025"),
    ]  # fmt: skip


def test_they_are_compensated_where_nothing_is_deleted(
    platform: Platform, settings: Settings
) -> None:
    """Each gets its negation at its own time, once: a second removal writes nothing."""
    before = len(platform.events())
    remove(platform, settings, Mode.APPEND)
    assert len(platform.events()) == before + 6
    assert platform.query(
        f"SELECT sum(metricValue) FROM {TARGET} WHERE createdAt < '2025-10-01'"
    ) == [(2,)]
    assert strays(platform, settings, Mode.APPEND) == []
    remove(platform, settings, Mode.APPEND)
    assert len(platform.events()) == before + 6


@pytest.mark.promise(
    "Left: they need ranges.", when="such rows of entities that exist", area="counter"
)
def test_ids_of_entities_that_exist_are_left(platform: Platform, settings: Settings) -> None:
    """They need ranges, not a removal: another machine may have loaded them into a larger grid."""
    platform.add("Tag", id=99, createdAt="2024-01-01")
    said = remove(platform, settings, Mode.REPLACE)
    assert facts(strays(platform, settings)) == {("Tag", "Follower", True, 1, 99, 99)}
    assert any("run `metric-assets ranges Tag --sync`" in text for text in said)


def test_many_rows_of_one_kind_are_refused(platform: Platform, settings: Settings) -> None:
    """1,000 rows may go, 1,001 may not without a word; with the guard off they may."""
    platform.command(
        f"INSERT INTO {TARGET} SELECT 'Nobody', number, 1, 'Follower', 1, '2024-01-01 00:00:00'"
        " FROM numbers(999)"
    )
    through = stores_of(platform)
    (stray,) = [one for one in strays(platform, settings) if one.entity == "Nobody"]
    with pytest.raises(
        RemovalRefusedError, match=r"1,001 rows .* METRIC_ASSETS_MAX_REMOVED_SHARE=1"
    ):
        remove_stray(stray, through.clickhouse, through.postgres, settings, Mode.REPLACE)
    assert stray in strays(platform, settings)
    free = settings.model_copy(update={"max_removed_share": 1.0})
    remove_stray(stray, through.clickhouse, through.postgres, free, Mode.REPLACE)
    assert stray not in strays(platform, settings)
