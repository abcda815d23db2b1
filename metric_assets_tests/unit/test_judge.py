"""The rule over frames says what the rule key by key says.

Belongs here: judge and difference against histories.rule and the fakes' difference, which share
nothing with them. Does not belong here: whether the rule is right (test_histories), or the engine's
side of it (integration/test_engine_histories).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metric_assets.difference import counted, difference, summaries
from metric_assets.judge import Rule, Sides, adjusted, judge
from metric_assets.judged import drift_hours, figures, gone_entities
from metric_assets.live import Horizon, Judging
from metric_assets.plan import Mode
from metric_assets.rows import ROWS
from metric_assets_tests.fakes import signed_difference
from metric_assets_tests.histories import rule as plain

pytestmark = pytest.mark.unit

CUTOFF = datetime(2025, 10, 1, tzinfo=timezone.utc)
AT = CUTOFF - timedelta(milliseconds=1)
HOUR = timedelta(hours=1)
HORIZON = Horizon(
    instant=CUTOFF + 100 * HOUR,
    sure=CUTOFF + 99 * HOUR,
    until=CUTOFF + 101 * HOUR,
    recent=CUTOFF + 90 * HOUR,
)
METRICS = ("Ignored", "Likes", "Tips")

Row = tuple[int, int, int, datetime]
entities, users = st.integers(1, 2), st.integers(0, 2)
values = st.sampled_from([1, 1, -1, 2, 50, -50])


def rows(*instants: datetime) -> st.SearchStrategy[list[Row]]:
    """A few rows of entity, user, value and instant."""
    return st.lists(st.tuples(entities, users, values, st.sampled_from(instants)), max_size=6)


BELOW = (CUTOFF - 50 * HOUR, CUTOFF - 49 * HOUR, AT)
LIVE = (CUTOFF, *(CUTOFF + hours * HOUR for hours in (1, 95, 98.9, 99, 100.5, 101, 102)))


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, list[Row]], Rule, plain.Kind]:
    """Rows of every side, and how one metric is judged."""
    kind = plain.Kind(draw(st.booleans()), draw(st.booleans()), draw(st.booleans()))
    sides = {
        "before": draw(rows(*BELOW)),
        "after": draw(rows(*LIVE[:4])),
        "held": draw(rows(*BELOW)),
        "live": draw(rows(*LIVE)),
    }
    if draw(st.booleans()):
        sides["held"] = [*sides["before"], *sides["held"][:1]]
    loaded = draw(st.booleans()) and bool(sides["held"])
    metric = ("Likes",)
    judging = Judging(
        metric,
        HORIZON,
        signed=metric if kind.signed else (),
        absorbing=metric if kind.absorb else (),
        by_entity=metric if kind.by_entity else (),
        loaded=metric if loaded else (),
    )
    fresh = () if sides["held"] or loaded else metric
    return sides, Rule(METRICS, judging, fresh), kind


def frame(found: list[Row]) -> pl.DataFrame:
    """Rows of the second metric, between rows of the first, which has no say."""
    other = [(1, *row) for row in found[:1]]
    return pl.DataFrame([*other, *((2, *row) for row in found)], schema=ROWS, orient="row")


def keys(
    sides: dict[str, list[Row]], kind: plain.Kind, earlier: dict[tuple[int, int], int]
) -> list[plain.Key]:
    """The same rows as keys of the plain rule."""
    found: dict[tuple[int, int], plain.Key] = {}

    def of(entity: int, user: int) -> plain.Key:
        user = 0 if kind.by_entity else user
        return found.setdefault((entity, user), plain.Key(entity, user))

    for side, some in sides.items():
        for entity, user, value, at in some:
            key = of(entity, user)
            if side == "before":
                key.before += value
            elif side == "after":
                key.after += value
                key.recent |= at >= HORIZON.recent
            elif side == "held":
                key.held += value
                key.held_rows += 1
            elif at <= HORIZON.until:
                key.live.append((at, value))
    for (entity, user), value in earlier.items():
        of(entity, user).earlier = value
    return list(found.values())


@given(cases(), st.dictionaries(st.tuples(entities, users), values, max_size=2), st.booleans())
@settings(max_examples=400, deadline=None)
def test_frames_are_judged_as_keys_are(
    case: tuple[dict[str, list[Row]], Rule, plain.Kind],
    looked: dict[tuple[int, int], int],
    second: bool,
) -> None:
    """Adjustments, figures, and what has to be looked at again are those of the plain rule."""
    found, rule, kind = case
    earlier = {(e, 0 if kind.by_entity else u): v for (e, u), v in looked.items()} if second else {}
    sides = Sides(*(frame(found[name]) for name in ("before", "after", "held", "live")))
    if second:
        schema = {"metric": pl.UInt8, "entityId": pl.Int64, "user": pl.Int64, "present": pl.Int64}
        kept = [(2, *key, value) for key, value in earlier.items()]
        sides = replace(sides, earlier=pl.DataFrame(kept, schema=schema, orient="row"))
    expected = plain.judge(
        keys(found, kind, earlier),
        kind,
        HORIZON.sure,
        HORIZON.until,
        unloaded=bool(rule.fresh) or not rule.judging.loaded,
    )
    judged = judge(sides, rule)
    adjustments = {
        (row["entityId"], row["user"]): row["adjustment"]
        for row in judged.iter_rows(named=True)
        if row["adjustment"]
    }
    assert adjustments == expected.adjustments
    one = figures(judged, rule)["Likes"]
    live = one.figures
    assert (live.withdrawn, live.overlap) == (expected.withdrawn, expected.overlap)
    assert (live.unsettled, live.unsettled_width) == (expected.unsettled, expected.width)
    assert (live.moved, live.live_missing) == (expected.moved, expected.missing)
    assert (live.live_phantom, live.gone_untold) == (expected.phantom, expected.untold)
    assert one.changes == expected.changes
    assert one.largest == max((abs(one) for one in adjustments.values()), default=0)
    assert gone_entities(judged, rule, 10).get("Likes", {}) == expected.gone
    # Without an adjustment nothing is put beside the source's rows, and nothing taken out.
    staged = adjusted(judged, sides, rule, AT) if adjustments else sides.before
    staged = staged.filter(pl.col("metric") == 2)
    assert Counter(staged.select("entityId", "userId", "value", "createdAt").iter_rows()) == wanted(
        found, kind, expected.adjustments
    )


def wanted(
    sides: dict[str, list[Row]], kind: plain.Kind, adjustments: dict[tuple[int, int], int]
) -> Counter[Row]:
    """The source's rows with the adjustments beside them, by the plain rule."""
    total = Counter(sides["before"])
    for (entity, user), adjustment in adjustments.items():
        below, held = (
            [
                (row[1], row[3], row[2])
                for row in sides[side]
                if row[0] == entity and (kind.by_entity or row[1] == user)
            ]
            for side in ("before", "held")
        )
        for (who, at, value), copies in plain.adjustment_rows(
            adjustment, below, held, user, AT
        ).items():
            total[entity, who, value, at] += copies
    for entity in (1, 2) if adjustments else ():
        lies: Counter[plain.Row] = Counter()
        for (one, who, value, at), copies in total.items():
            if one == entity:
                lies[who, at, value] += copies
        plain.cancel_out(lies, AT)
        for row in [row for row in total if row[0] == entity]:
            del total[row]
        for (who, at, value), copies in lies.items():
            total[entity, who, value, at] = copies
    return +total


@given(rows(*BELOW[:2]), rows(*BELOW[:2]), st.sampled_from(Mode))
@settings(max_examples=300, deadline=None)
def test_the_difference_is_that_of_every_event(
    here: list[Row], there: list[Row], mode: Mode
) -> None:
    """Copies to add, take away and held are those of each event and its negation; nothing if in
    sync.
    """
    sides = (Counter(here), Counter(there))
    found = difference(frame(here), frame(there), mode).filter(pl.col("metric") == 2)
    expected = {}
    for entity, user, size, at in {(e, u, abs(v), at) for e, u, v, at in (*here, *there)}:
        both = [(side[entity, user, size, at], side[entity, user, -size, at]) for side in sides]
        change = signed_difference(both[0], both[1], size, mode)
        if change is not None:
            expected[entity, user, at, size] = (*change, *both[1])
    assert {row[1:5]: row[5:] for row in found.iter_rows()} == expected
    sums = counted(found, METRICS).get("Likes", (0, 0, 0))
    added = sum(change[0] + change[1] for change in expected.values())
    taken = sum(change[2] + change[3] for change in expected.values())
    assert sums == (added, taken, sum(change[4] for change in expected.values()))
    agree = summaries(frame(here), METRICS)["Likes"].agrees(
        summaries(frame(there), METRICS)["Likes"]
    )
    assert agree == (not expected)


def test_the_worst_hours_of_live_drift_are_told_in_their_order() -> None:
    """Two follows of different hours lack their events: the larger one is told if one is asked for."""
    sides = Sides(
        frame([]),
        frame([(1, 1, 1, CUTOFF + HOUR), (1, 2, 2, CUTOFF + 3 * HOUR)])[1:],
        frame([]),
        frame([]),
    )
    judging = Judging(("Likes",), HORIZON, loaded=("Likes",))
    judged = judge(sides, Rule(METRICS, judging))
    hours = drift_hours(judged, sides, Rule(METRICS, judging), 1)["Likes"]
    assert [(one.hour, one.missing, one.phantom) for one in hours] == [(CUTOFF + 3 * HOUR, 2, 0)]
    both = drift_hours(judged, sides, Rule(METRICS, judging), 5)["Likes"]
    assert [one.missing for one in both] == [1, 2]
