"""Alerts: one message for many problems, the same not twice, a word when it is well again."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from metric_assets.operations.alerts import Problem, Seen, State, decide, dump, parse

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 1, 4, 17, tzinfo=timezone.utc)
DAY = timedelta(hours=24)


def differs(pair: str = "Tag/Follower", place: str = "0-9", missing: int = 3) -> Problem:
    """A range that lacks events."""
    return Problem(
        "matches_source",
        pair,
        "differs",
        place,
        missing,
        {"missing": missing, "surplus": 0},
        f"load drift: {missing} events missing",
        f"`metric-assets reconcile {pair} --repair` repairs it",
        f"/assets/{pair}?view=checks&checkDetail=matches_source",
    )


def titles(state: State, *steps: tuple[Seen, datetime]) -> list[str]:
    """What is told at each step, an empty string for nothing."""
    found = []
    for seen, now in steps:
        message, state = decide(state, seen, now, DAY)
        found.append(message.title if message else "")
    return found


def test_a_message_has_everything() -> None:
    """Pair, range, numbers, cause, the command to type next and a link: word by word."""
    message, _ = decide(
        {}, Seen((differs(),), source="reconcile_all (1a2b)"), NOW, DAY, "https://dagster.example"
    )
    assert message is not None
    assert message.title == "metric_assets: Tag/Follower: differs"
    assert message.body == (
        "Seen by reconcile_all (1a2b) at 2026-03-01 04:17 UTC.\n"
        "\n"
        "1. Tag/Follower in 0-9: differs (3 missing)\n"
        "   load drift: 3 events missing\n"
        "   Next: `metric-assets reconcile Tag/Follower --repair` repairs it\n"
        "   https://dagster.example/assets/Tag/Follower?view=checks&checkDetail=matches_source"
    )


def test_without_an_address_of_the_ui_there_is_no_link() -> None:
    """Nothing is guessed."""
    message, _ = decide({}, Seen((differs(),)), NOW, DAY)
    assert message is not None
    assert "/assets/" not in message.body


@pytest.mark.promise(
    "One message with the five largest differences; nothing more until the day after.",
    when="78 counters fail at once",
    area="operators",
)
def test_78_at_once_are_one_message() -> None:
    """78 pairs in 12 ranges each: the five largest by name, the others counted; told again neither
    an hour later nor by another run, but a day later.
    """
    problems = tuple(
        differs(f"Pair/P{pair:02}", f"{first}0-{first}9", missing=100 * pair + first)
        for pair in range(78)
        for first in range(12)
    )
    message, state = decide({}, Seen(problems), NOW, DAY)
    assert message is not None
    assert message.title == "metric_assets: 78 problems (78 differs)"
    heads = [line for line in message.body.splitlines() if line[:1].isdigit()]
    # The sum over the twelve ranges of the last pair: 12 times 7,700, and 0 to 11.
    assert heads[0] == (
        "1. Pair/P77 in 110-119, 100-109, 90-99 and 9 more: differs (92,466 missing)"
    )
    assert [head[3:11] for head in heads] == [f"Pair/P{pair}" for pair in (77, 76, 75, 74, 73)]
    assert "… and 73 more" in message.body
    assert len(message.body) < 2_000
    steps = [
        (Seen(problems, source="another"), NOW + timedelta(hours=1)),
        (Seen(problems[:7]), NOW + timedelta(hours=23)),
        (Seen(problems[:7]), NOW + timedelta(hours=24)),
    ]
    assert titles(state, *steps) == ["", "", "metric_assets: Pair/P00: differs"]


def test_what_follows_from_missing_events_is_not_told_beside_it() -> None:
    """Where events are missing legacy differs, too: one line; where only legacy differs, its own."""
    legacy = [
        Problem("matches_legacy", pair, "differs from legacy", "0-9")
        for pair in ("Tag/Follower", "Tag/Hidden")
    ]
    message, state = decide({}, Seen((*legacy, differs())), NOW, DAY)
    assert message is not None
    heads = [line for line in message.body.splitlines() if line[:1].isdigit()]
    assert heads == [
        "1. Tag/Follower in 0-9: differs (3 missing)",
        "2. Tag/Hidden in 0-9: differs from legacy",
    ]
    assert len(state) == 3


def test_other_numbers_are_no_news_and_another_word_is() -> None:
    """3 missing, then 4: the same problem. Live drift in its place: another."""
    drifts = Problem("matches_source", "Tag/Follower", "live drift", "0-9")
    hour = timedelta(hours=1)
    assert titles(
        {},
        (Seen((differs(missing=3),)), NOW),
        (Seen((differs(missing=4),)), NOW + hour),
        (Seen((drifts,)), NOW + 2 * hour),
    ) == [
        "metric_assets: Tag/Follower: differs",
        "",
        "metric_assets: Tag/Follower: live drift",
    ]


def test_another_range_is_news() -> None:
    """The audit that finds a second range of a pair tells it."""
    steps = [
        (Seen((differs(place="0-9"),)), NOW),
        (Seen((differs(place="10-19"),)), NOW + timedelta(hours=1)),
    ]
    assert titles({}, *steps) == ["metric_assets: Tag/Follower: differs"] * 2


@pytest.mark.promise(
    "A message says so, once; what was not looked at stays told.",
    when="a problem that was told is well again",
    area="operators",
)
def test_well_again() -> None:
    """Two fail, one is repaired: told as well again, the other counted; then the other; then peace."""
    first, second = differs(place="0-9"), differs("Tag/Hidden", "0-9")
    hour = timedelta(hours=1)
    _, state = decide({}, Seen((first, second)), NOW, DAY)
    message, state = decide(state, Seen((), frozenset({first.key})), NOW + hour, DAY)
    assert message is not None
    assert message.title == "metric_assets: well again (1), 1 others were told before"
    assert "Well again: matches_source Tag/Follower 0-9." in message.body
    assert titles(
        state,
        (Seen((), frozenset({first.key})), NOW + 2 * hour),
        (Seen((), frozenset({first.key, second.key})), NOW + 3 * hour),
        (Seen((), frozenset({first.key, second.key})), NOW + 4 * hour),
        (Seen((first,)), NOW + 5 * hour),
    ) == ["", "metric_assets: well again (1)", "", "metric_assets: Tag/Follower: differs"]


def test_all_well_from_the_start_is_no_message() -> None:
    """Nobody is told that what nobody was told of is well."""
    assert decide({}, Seen((), frozenset({"matches_source Tag/Follower 0-9"})), NOW, DAY) == (
        None,
        {},
    )


def test_what_is_seen_later_counts() -> None:
    """A repair within one command: the check after it decides, so that nothing is told."""
    problem = differs()
    before, after = Seen((problem,), source="a"), Seen((), frozenset({problem.key}), "b")
    assert before.then(after) == Seen((), frozenset({problem.key}), "a, b")
    assert after.then(before) == Seen((problem,), frozenset(), "b, a")


def test_the_state_survives_as_text() -> None:
    """What is written is read; what cannot be read is nothing told."""
    _, state = decide({}, Seen((differs(),)), NOW, DAY)
    assert parse(dump(state)) == state
    assert parse(None) == parse("") == parse("nonsense") == parse("[]") == parse('{"a": 1}') == {}


def test_what_is_never_seen_again_is_forgotten() -> None:
    """A pair that left the catalog is not kept beyond 90 days."""
    _, state = decide({}, Seen((differs("Old/Pair"),)), NOW, DAY)
    later = NOW + timedelta(days=91)
    _, state = decide(state, Seen((differs(),)), later, DAY)
    assert [key for key in state if "Old/Pair" in key] == []
    assert len(state) == 1
