from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from metric_assets.catalog import CATALOG
from metric_assets.catalog.model import Entity, Live, LiveKey, Pair
from metric_assets.catalog.scan import Scan
from metric_assets_tests.conventions.files import HOW_TO, PACKAGE, ROOT, SQL, name_of

pytestmark = pytest.mark.conventions

PINNED = Path(__file__).with_name("pinned_keys.txt")


def test_the_set_of_keys_is_pinned() -> None:
    """A key that comes or goes is declared in pinned_keys.txt, never an accident.

    Keys are the two strings stored in ClickHouse: a renamed one would orphan its events.
    """
    pinned = set(PINNED.read_text(encoding="utf-8").split())
    gone, new = sorted(pinned - set(CATALOG.pairs)), sorted(set(CATALOG.pairs) - pinned)
    assert not gone, f"no longer in the catalog: {gone}; remove them from {name_of(PINNED)}"
    assert not new, f"new in the catalog: {new}; add them to {name_of(PINNED)}; {HOW_TO}"


def test_every_module_of_an_entity_is_listed() -> None:
    """A module of rows that metric_assets/catalog/__init__.py forgets would load nothing."""
    listed = set(CATALOG.entities)
    for file in sorted((PACKAGE / "catalog").glob("*.py")):
        entity = getattr(import_module(f"metric_assets.catalog.{file.stem}"), "ENTITY", None)
        assert entity is None or entity in listed, (
            f"{name_of(file)} is not listed in metric_assets/catalog/__init__.py; {HOW_TO}"
        )


@pytest.mark.parametrize("part", ["schema", "data", "formula"])
@pytest.mark.parametrize("entity", CATALOG.entities, ids=lambda entity: entity.name)
def test_every_entity_is_in_the_demo(entity: Entity, part: str) -> None:
    """Its tables, its rows and its totals; legacy and live parts follow from the rows."""
    folder = SQL / "demo" / entity.folder
    found = [*folder.glob(f"{part}.sql"), *folder.glob(f"{part}/*.sql")]
    assert found, f"no {name_of(folder)}/{part}.sql or {part}/*.sql; {HOW_TO}"


def test_the_demo_has_no_other_entities() -> None:
    """A folder that belongs to no entity was left behind."""
    folders = {folder.name for folder in (SQL / "demo").iterdir()}
    assert folders == {"shared", *(entity.folder for entity in CATALOG.entities)}


@pytest.mark.parametrize("scan", CATALOG.scans, ids=lambda scan: scan.name)
def test_every_scan_has_known_answers(scan: Scan) -> None:
    """Rows and the events they must give, worked out by hand, of a pair at least."""
    answers = ROOT / "metric_assets_tests" / "integration" / "test_known_answers.py"
    text = answers.read_text(encoding="utf-8")
    known = [pair for pair in scan.pairs if f'"{pair.key}"' in text]
    assert known, f"{name_of(answers)} has no case of a pair of {scan.name}; {HOW_TO}"


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
    """The reason is whole sentences, for a reader of docs/reference/catalog.md."""
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
