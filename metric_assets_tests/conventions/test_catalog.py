from __future__ import annotations

from pathlib import Path

import pytest

from metric_assets.catalog import CATALOG
from metric_assets.catalog.model import Live, LiveKey, Pair

pytestmark = pytest.mark.conventions

PINNED = Path(__file__).with_name("pinned_keys.txt")


def test_the_set_of_keys_is_pinned() -> None:
    """A key that comes or goes is declared in pinned_keys.txt, never an accident.

    Keys are the two strings stored in ClickHouse: a renamed one would orphan its events.
    """
    pinned = PINNED.read_text(encoding="utf-8").split()
    assert {
        "missing": sorted(set(pinned) - set(CATALOG.pairs)),
        "more": sorted(set(CATALOG.pairs) - set(pinned)),
    } == {
        "missing": [],
        "more": [],
    }


def test_the_pin_is_sorted() -> None:
    """Sorted, each key once, so that a change is a line of a diff."""
    pinned = PINNED.read_text(encoding="utf-8").split()
    assert pinned == sorted(set(pinned))


def test_every_entity_has_pairs() -> None:
    """No entity without a pair, no pair of an unknown entity."""
    assert {pair.entity for pair in CATALOG.pairs.values()} == set(CATALOG.entity)


def test_a_scan_is_one_row() -> None:
    """Two rows that read the same statement would read it twice."""
    names = [scan.name for scan in CATALOG.scans]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("entity", CATALOG.entity.values(), ids=lambda entity: entity.name)
def test_default_grids_stay_in_the_low_hundreds(entity: object) -> None:
    """Sizes are round and ranges few enough for the UI, at production size."""
    grid = entity.grid  # type: ignore[attr-defined]
    assert len(grid) <= 400
    assert int(str(grid.size).rstrip("0")) < 100


def test_descriptions_differ() -> None:
    """Two pairs of one entity are never described by the same words."""
    for entity in CATALOG.entity:
        texts = [pair.description for pair in CATALOG.pairs.values() if pair.entity == entity]
        assert len(texts) == len(set(texts))


@pytest.mark.parametrize("pair", CATALOG.pairs.values(), ids=lambda pair: pair.key)
def test_every_pair_says_how_its_live_events_are_judged(pair: Pair) -> None:
    """The reason is whole sentences, for a reader of docs/catalog.md."""
    assert pair.live_reason.endswith(".")
    assert pair.live_reason == pair.live_reason.strip()


def test_live_events_that_mean_something_else_are_absorbed() -> None:
    """Of these the platform is known to write other events than rows of the scan."""
    absorbed = {key for key, pair in CATALOG.pairs.items() if pair.live is Live.ABSORB}
    thread = {"Article/Comment", "Bounty/Comment", "Image/Comment", "Post/Comment"}
    versions = {"ModelVersion/Collection", "ModelVersion/Favorite"}
    users = {"Model/ThumbsUp", "Model/ThumbsDown", "Model/Comment", "Model/Collection"}
    both = {f"{entity}/{name}" for entity in ("Model", "ModelVersion")
            for name in ("Download", "RatingCount")}  # fmt: skip
    assert absorbed == thread | versions | users | both


def test_only_earnings_have_no_user() -> None:
    """By entity only where the source names nobody; days only of tables that have a row a day."""
    by_entity = {key for key, pair in CATALOG.pairs.items() if pair.live_key is LiveKey.ENTITY}
    assert by_entity == {"Model/Earned", "ModelVersion/Earned"}
    daily = {
        name for scan in CATALOG.scans if scan.daily for name in (pair.key for pair in scan.pairs)
    }
    assert daily == by_entity | {"Model/Generation", "ModelVersion/Generation"}
    assert [key for key, pair in CATALOG.pairs.items() if pair.signed] == ["User/UserImageReaction"]
