from __future__ import annotations

from pathlib import Path

import pytest

from metric_assets.catalog import ENTITIES, PAIRS, SCANS

pytestmark = pytest.mark.conventions

PINNED = Path(__file__).with_name("pinned_keys.txt")


def test_the_set_of_keys_is_pinned() -> None:
    """A key that comes or goes is declared in pinned_keys.txt, never an accident.

    Keys are the two strings stored in ClickHouse: a renamed one would orphan its events.
    """
    pinned = PINNED.read_text(encoding="utf-8").split()
    assert {
        "missing": sorted(set(pinned) - set(PAIRS)),
        "more": sorted(set(PAIRS) - set(pinned)),
    } == {
        "missing": [],
        "more": [],
    }


def test_the_pin_is_sorted_and_whole() -> None:
    """78 keys, sorted, once each, so that a change is a line of a diff."""
    pinned = PINNED.read_text(encoding="utf-8").split()
    assert len(pinned) == 78
    assert pinned == sorted(set(pinned))


def test_every_entity_has_pairs() -> None:
    """No entity without a pair, no pair of an unknown entity."""
    assert {pair.entity for pair in PAIRS.values()} == set(ENTITIES)


def test_a_scan_is_one_row() -> None:
    """Two rows that read the same statement would read it twice."""
    names = [scan.name for scan in SCANS]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=lambda entity: entity.name)
def test_default_grids_stay_in_the_low_hundreds(entity: object) -> None:
    """Sizes are round and ranges few enough for the UI, at production size."""
    grid = entity.grid  # type: ignore[attr-defined]
    assert len(grid) <= 400
    assert int(str(grid.size).rstrip("0")) < 100


def test_descriptions_differ() -> None:
    """Two pairs of one entity are never described by the same words."""
    for entity in ENTITIES:
        texts = [pair.description for pair in PAIRS.values() if pair.entity == entity]
        assert len(texts) == len(set(texts))
