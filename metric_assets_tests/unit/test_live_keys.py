from __future__ import annotations

from datetime import datetime, timedelta, timezone

import polars as pl
import pytest

from metric_assets.catalog import CATALOG
from metric_assets.catalog.model import LiveKey
from metric_assets.doctor.live_shares import Measured, judge, measure

pytestmark = pytest.mark.unit

CUTOFF = datetime(2025, 10, 1, tzinfo=timezone.utc)
BY_USER, BY_ENTITY = CATALOG.pairs["Tag/Follower"], CATALOG.pairs["Model/Earned"]
FINE = Measured(100, 1.0, 1.0, 1.0, 30, 0)


def rows(*keys: tuple[int, int, int]) -> pl.DataFrame:
    """Source rows: entity, user, days after the cutoff."""
    return pl.DataFrame(
        [(entity, user, CUTOFF + timedelta(days=days)) for entity, user, days in keys],
        schema={"entity": pl.Int64, "user": pl.Int64, "created": pl.Datetime("ms", "UTC")},
        orient="row",
    )


def events(*keys: tuple[int, int], both: bool = False, same: bool = False) -> pl.DataFrame:
    """Keys of live events."""
    return pl.DataFrame(
        [(entity, user, both, same) for entity, user in keys],
        schema={"entity": pl.Int64, "user": pl.Int64, "both": pl.Boolean, "same": pl.Boolean},
        orient="row",
    )


def test_keys_are_those_of_rows_from_the_cutoff_on() -> None:
    """Of three young keys one is found by user, two by entity; half of the live keys have a row."""
    source = rows((1, 1, 0), (1, 2, 3), (2, 1, 3), (1, 1, 5), (1, 9, -1))
    found = measure(source, events((1, 1), (1, 3), (1, 9), (3, 1)), CUTOFF)
    assert (found.keys, found.told) == (3, 0.5)
    assert found.by_user == pytest.approx(1 / 3)
    assert found.by_entity == pytest.approx(2 / 3)


def test_signs_are_counted() -> None:
    """Users with a +1 and a -1, and how many of them have both at the same time."""
    live = pl.concat([events((1, 1), both=True), events((1, 2), (1, 3), both=True, same=True)])
    found = measure(rows(), pl.concat([live, events((1, 4))]), CUTOFF)
    assert (found.pairs_of_signs, found.same_time, found.keys, found.by_user) == (3, 2, 0, 0.0)


@pytest.mark.parametrize(
    ("found", "subjects"),
    [
        (FINE, []),
        # The same entities, other users.
        (Measured(100, 0.1, 1.0, 0.1, 0, 0), ["Tag/Follower: live key"]),
        # Half of the events were lost: those that came name the source's users.
        (Measured(100, 0.1, 1.0, 1.0, 0, 0), []),
        # Nothing in common at all: another fault than the key.
        (Measured(100, 0.1, 0.2, 0.1, 0, 0), []),
        # Too few to say anything.
        (Measured(19, 0.1, 1.0, 0.1, 0, 0), []),
        # A -1 bears the time of its row.
        (Measured(0, 0.0, 0.0, 0.0, 20, 11), ["Tag/Follower: live dates"]),
        (Measured(0, 0.0, 0.0, 0.0, 20, 10), []),
        (Measured(0, 0.0, 0.0, 0.0, 19, 19), []),
    ],
)
def test_what_fits_worse_than_another_choice_is_remarked(
    found: Measured, subjects: list[str]
) -> None:
    """Nothing is said of samples that fit, are small, or fit nothing."""
    assert [finding.subject for finding in judge(BY_USER, found)] == subjects


@pytest.mark.parametrize(("by_user", "remarked"), [(0.9, True), (0.89, False), (0.0, False)])
def test_an_entity_key_where_users_agree_is_remarked(by_user: float, remarked: bool) -> None:
    """A finer key is advised if live events name the source's users."""
    assert BY_ENTITY.live_key is LiveKey.ENTITY
    found = list(judge(BY_ENTITY, Measured(100, by_user, 1.0, by_user, 0, 0)))
    assert bool(found) is remarked
    assert all("LiveKey.USER" in finding.advice for finding in found)
