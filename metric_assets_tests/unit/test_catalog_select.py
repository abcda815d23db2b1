from __future__ import annotations

import pytest

from metric_assets.catalog import CATALOG
from metric_assets.errors import UnknownKeyError

pytestmark = pytest.mark.unit

TAG = ["Tag/Hidden", "Tag/Follower"]
COLLECTION = ["Collection/Follower", "Collection/Contributor", "Collection/Item"]


def keys(*selection: str) -> list[str]:
    """The keys a selection means."""
    return [pair.key for pair in CATALOG.select(selection)]


def test_nothing_selects_everything() -> None:
    """Without a name every pair is meant, in catalog order."""
    assert keys() == list(CATALOG.pairs)
    assert len(set(keys())) == len(CATALOG.pairs)


def test_an_entity_selects_its_pairs() -> None:
    """All pairs of the entity, and no others."""
    assert keys("Tag") == TAG
    assert keys("Collection") == COLLECTION


def test_a_pair_selects_itself() -> None:
    """One key, one pair."""
    assert keys("Tag/Follower") == ["Tag/Follower"]


def test_the_order_is_the_catalogs() -> None:
    """However names are ordered or repeated, pairs come once and in catalog order."""
    assert keys("Tag/Follower", "Tag/Hidden", "Collection", "Tag", "Collection/Item") == [
        *COLLECTION,
        *TAG,
    ]


@pytest.mark.promise(
    "Refused, with what was probably meant.", when="an unknown pair", area="settings"
)
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Tag/Folower", "did you mean Tag/Follower"),
        ("Tags", "did you mean Tag"),
        ("Collection/Items", "did you mean Collection/Item"),
        ("tag/follower", "did you mean"),
        ("~~~~~~", "`metric-assets list` prints every key"),
        ("", "`metric-assets list` prints every key"),
    ],
)
def test_an_unknown_name_is_refused_with_a_hint(name: str, hint: str) -> None:
    """The message begins with the name and points at what was meant, or at the list."""
    with pytest.raises(UnknownKeyError) as refusal:
        CATALOG.select(["Tag", name])
    assert str(refusal.value).startswith(f"{name}: not an entity or an entity/metric pair")
    assert hint in str(refusal.value)


def test_a_half_key_is_unknown() -> None:
    """A slash with nothing behind it names no pair."""
    with pytest.raises(UnknownKeyError):
        CATALOG.select(["Tag/"])


def test_look_ups_agree() -> None:
    """Every pair has the scan that lists it; an entity's pairs are those of its scans."""
    assert all(pair in CATALOG.scan[pair.key].pairs for pair in CATALOG.pairs.values())
    assert [pair.key for pair in CATALOG.pairs_of("Tag")] == TAG
    assert [scan.name for scan in CATALOG.scans_of("Collection")] == [
        "collection/contributors",
        "collection/items",
    ]
    assert {scan.entity for scan in CATALOG.scans} <= set(CATALOG.entity)
